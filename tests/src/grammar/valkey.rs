//! What is said to what only Valkey has: strings that are compared before they are written or removed, or stored together, and polygons?
//!
//! Scores are not told: Valkey 9 spells them otherwise. Of polygons with their middle at a pole it finds
//! something else each time, so no corners are on opposite sides of one.

pub(super) const TEMPLATES: &[&str] = &[
    "set {string} ({small}|a|b|get|ifeq)",
    "set {string} ({small}|a|b|get) ifeq ({small}|a|b|get|ifeq|01) [get] [ex {ttl}|keepttl|pxat {farms}]",
    "set {string} ({small}|a|b|get) [get] [ex {ttl}|keepttl] ifeq ({small}|a|b|get) [get|nx|xx|ifeq a|ex x|persist]",
    "set {key} a [nx|xx|get|ex 0|ifeq] ifeq [a|b|get] [get]",
    "(delifeq {string} ({small}|a|b|get)|delifeq {key} a)",
    "msetex (1 {string} {small}|2 {string} a {string} {small}|3 {string} 1 fresh:{small} 2 {string} 3) [nx|xx] [ex {ttl}|px 9999999|pxat {farms}|keepttl]",
    "msetex (0|1|2|x|-1) ({string} {small})... [nx|xx|get|ifeq a] [ex {ttl}|keepttl|ex 0|px x|persist] [nx|xx|ex {ttl}]",
    "(get {string}|ttl {string}|exists {string}|append {string} {small}|hset hash:0 f x)",
    "geoadd {map} (({lon} {lat} {place})...)...",
    "geoadd {map} (({lon} {lat} {place})...)...",
    "geoadd {map} 0 0 p:0 1 1 p:1 1 -1 p:2 -1 1 p:3 {edge} 85 p:4 {edge} {lat} p:5 0 84 p:6",
    "geosearch {map} bypolygon 3 (-60|0|1|13.361389|15.{small}|60) (-70|-3|0|1|15.{small}|37.502669|38.115556|70) (-60|0|1|13.361389|15.{small}|60) (-70|-3|0|1|15.{small}|37.502669|38.115556|70) (-60|0|1|13.361389|15.{small}|60) (-70|-3|0|1|15.{small}|37.502669|38.115556|70) [{order}] [count {small} [any]] [(withcoord|withdist|withhash)...]",
    "geosearch {map} bypolygon 4 (-60|0|1|13.361389|15.{small}|60) (-70|-3|0|1|15.{small}|37.502669|38.115556|70) (-60|0|1|13.361389|15.{small}|60) (-70|-3|0|1|15.{small}|37.502669|38.115556|70) (-60|0|1|13.361389|15.{small}|60) (-70|-3|0|1|15.{small}|37.502669|38.115556|70) (-60|0|1|13.361389|15.{small}|60) (-70|-3|0|1|15.{small}|37.502669|38.115556|70) [{order}] [count {small} [any]] [withdist]",
    "geosearch {map} bypolygon 5 (-60|0|1|13.361389|15.{small}|60) (-70|-3|0|1|15.{small}|37.502669|38.115556|70) (-60|0|1|13.361389|15.{small}|60) (-70|-3|0|1|15.{small}|37.502669|38.115556|70) (-60|0|1|13.361389|15.{small}|60) (-70|-3|0|1|15.{small}|37.502669|38.115556|70) (-60|0|1|13.361389|15.{small}|60) (-70|-3|0|1|15.{small}|37.502669|38.115556|70) (-60|0|1|13.361389|15.{small}|60) (-70|-3|0|1|15.{small}|37.502669|38.115556|70) [{order}] [withdist] [withcoord]",
    "geosearch {map} bypolygon 4 0 0 0 (1|2|30) (1|2|30) (1|2|30) (1|2|30) 0 [{order}] [withdist]",
    "geosearch {map} [{order}] [withdist] [fromlonlat 1 1|byradius {extent} {unit}|bybox 1 1 m|nonsense] bypolygon (3|2|4|x|-1|03|2147483648|9223372036854775808) (1|x) 2 3 (4|90) 5 0 [frommember {place}|fromlonlat {lon} {lat}|byradius {extent} {unit}|bybox 1 1 m|bypolygon 3 0 0 1 1 1 0]",
    "geosearch {map} (asc desc any|count 1) bypolygon [(3|x|2) [1 [2]]]",
    "georadius {map} {lon} {lat} 1 m bypolygon 3 0 0 1 1 1 0",
    "geosearchstore {kept} {map} bypolygon 3 (-60|0|1|13.361389|15.{small}|60) (-70|-3|0|1|15.{small}|37.502669|38.115556|70) (-60|0|1|13.361389|15.{small}|60) (-70|-3|0|1|15.{small}|37.502669|38.115556|70) (-60|0|1|13.361389|15.{small}|60) (-70|-3|0|1|15.{small}|37.502669|38.115556|70) [{order}] [count {small} [any]] [withdist]",
    "geosearchstore {dist} {map} bypolygon 4 (-60|0|1|13.361389|15.{small}|60) (-70|-3|0|1|15.{small}|37.502669|38.115556|70) (-60|0|1|13.361389|15.{small}|60) (-70|-3|0|1|15.{small}|37.502669|38.115556|70) (-60|0|1|13.361389|15.{small}|60) (-70|-3|0|1|15.{small}|37.502669|38.115556|70) (-60|0|1|13.361389|15.{small}|60) (-70|-3|0|1|15.{small}|37.502669|38.115556|70) storedist [{order}] [count {small}]",
    "(zrange {kept} 0 -1|zcard {kept}|zcard {dist}|del {dist})",
];
