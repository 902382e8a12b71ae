//! What is said to sorted sets of places?
//!
//! Distances that are kept go to keys of their own, `dist:N`: their last bit depends on the C library and the processor of the server.

pub(super) const TEMPLATES: &[&str] = &[
    "geoadd {map} (({lon} {lat} {place})...)...",
    "geoadd {map} (({lon} {lat} {place})...)...",
    "geoadd {map} (({lon} {lat} {place})...)...",
    "geoadd {map} ch (({lon} {lat} {place})... ({lon} {lat} {place})...)...",
    "geoadd {map} [nx|xx|gt] [ch|nx|incr] ({lon} {lat} {place})...",
    "geoadd {map} [nx|xx] [ch] ({lon} {lat}|{lon} {lat} {place} {lon}|nx ch xx)",
    "(geopos|geohash) {map} [{place}...]",
    "geodist {map} {place} {place} [{unit}]",
    "geodist {map} {place} {place} {unit} surplus",
    "(georadius|georadius_ro) {map} {lon} {lat} {extent} {unit} [(withcoord|withdist|withhash|{order})...]",
    "(georadius|georadius_ro) {map} {lon} {lat} {extent} {unit} [withdist] [{order}] [count {small} [any]] [withhash]",
    "(georadiusbymember|georadiusbymember_ro) {map} {place} {extent} {unit} [(withcoord|withdist|withhash|{order})...]",
    "(georadiusbymember|georadiusbymember_ro) {map} {place} {extent} {unit} [withdist] [{order}] [count {small} [any]]",
    "(georadius {map} {lon} {lat}|georadiusbymember {map} {place}) {extent} {unit} [{order}] [count {small} [any]] store {kept} [withdist]",
    "(georadius {map} {lon} {lat}|georadiusbymember {map} {place}) {extent} {unit} [count {small}] [store {kept}] storedist {dist} [{order}]",
    "(georadius_ro {map} {lon} {lat}|georadiusbymember_ro {map} {place}) {extent} {unit} (store|storedist) {kept}",
    "geosearch {map} (frommember {place}|fromlonlat {lon} {lat}) byradius {extent} {unit} [{order}] [count {small} [any]] [(withcoord|withdist|withhash)...]",
    "geosearch {map} (frommember {place}|fromlonlat {lon} {lat}) bybox {extent} {extent} {unit} [{order}] [count {small} [any]] [(withcoord|withdist|withhash)...]",
    "geosearch {map} fromlonlat {edge} {lat} bybox {extent} {extent} {unit} [{order}] [count {small}] withdist withcoord",
    "geosearch {map} byradius {extent} {unit} withdist frommember {place} count {small} {order}",
    "geosearch {map} ((frommember {place}|fromlonlat {lon} {lat})|(byradius {extent} {unit}|bybox {extent} {extent} {unit})|{order}|count {small}|any|withdist|storedist|store {kept}|nonsense) ((frommember {place}|fromlonlat {lon} {lat})|(byradius {extent} {unit}|bybox {extent} {extent} {unit})) ((byradius {extent} {unit}|bybox {extent} {extent} {unit})|(frommember {place}|fromlonlat {lon} {lat})|{order}|withhash) [(byradius {extent} {unit}|bybox {extent} {extent} {unit})|(frommember {place}|fromlonlat {lon} {lat})|any]",
    "geosearchstore {kept} {map} (frommember {place}|fromlonlat {lon} {lat}) (byradius {extent} {unit}|bybox {extent} {extent} {unit}) [{order}] [count {small} [any]] [withdist|withcoord|withhash]",
    "geosearchstore {dist} {map} (frommember {place}|fromlonlat {lon} {lat}) (byradius {extent} {unit}|bybox {extent} {extent} {unit}) storedist [{order}] [count {small} [any]]",
    "geosearchstore {geo} {map} fromlonlat {lon} {lat} byradius {extent} {unit}",
    "(zadd {map} {score} {place}|zrem {map} {place}|zrange {map} 0 -1 withscores)",
    "(zrange {kept} 0 -1 withscores|zrange {dist} 0 -1 withscores|zcard {kept}|del {dist}|object encoding {dist})",
    "(set string:0 x|rpush list:0 x|zscore {map} {place}|georadius {map} {lon} {lat} {extent} {unit} count x any)",
];
