//! What is said to strings?

pub(super) const TEMPLATES: &[&str] = &[
    "set {string} {value} [nx|xx] [get] [ex {ttl}|px {ttl}|keepttl|ex 0|ex x]",
    "setnx {string} {value}",
    "setex {string} (0|{ttl}|x) {value}",
    "psetex {string} (-5|9999999) {value}",
    "get {key}",
    "mget {key}...",
    "mset ({string} {value})...",
    "msetnx ({string} {value})...",
    "getset {string} {value}",
    "getdel {string}",
    "getex {string} [persist|ex {ttl}|ex 0]",
    "append {string} {value}",
    "strlen {string}",
    "getrange {string} {index} {index}",
    "substr {string} {index} {index}",
    "setrange {string} ({offset}|-1|536870912) {value}",
    "(incr|decr) {string}",
    "(incrby|decrby) {string} {int}",
    "incrbyfloat {string} {float}",
    "lcs {string} {string} [len|idx] [minmatchlen {small}] [withmatchlen]",
];
