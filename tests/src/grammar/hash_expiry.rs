//! What is said to hashes of which fields expire?
//!
//! Few pairs in one HSET: Redis 8.0 foresees as many new fields as there are pairs, though some may be the same.

pub(super) const TEMPLATES: &[&str] = &[
    "(hset|hmset) {hash} {field} {value} [{field} {value}]",
    "hset {hash} {field} {value} {field} {value}",
    "set {string} {value}",
    "(hexpire|hpexpire) {hash} ({ttl}|0|-1|x|9223372036854775807) [nx|xx|gt|lt] fields (1 {field}|2 {field} {field}|3 {field} {field} {field})",
    "hexpire {hash} {ttl} [nx|xx|gt|lt] fields (1 {field}|2 {field} {field}|5 {field} {field} {field} {field} {field})",
    "hexpireat {hash} (4102444800|4102444801|1|70368744177|70368744178) [nx|xx|gt|lt] fields (1 {field}|2 {field} {field})",
    "hpexpireat {hash} (4102444800000|4102444800001|1|70368744177663|70368744177664) [nx|xx|gt|lt] fields (1 {field}|2 {field} {field})",
    "(hexpire|hpexpireat) {hash} 4102444800000 [nx|xx|gt|lt|nonsense] (fields {small}|nonsense 1|1) {field}...",
    "(httl|hpttl|hexpiretime|hpexpiretime) {hash} fields (1 {field}|3 {field} {field} {field})",
    "(httl|hpttl|hexpiretime|hpexpiretime|hpersist|hgetdel|hgetex) {hash} (fields {small}|nonsense 1|1|fields {int}) {field}...",
    "hpersist {hash} fields (1 {field}|3 {field} {field} {field})",
    "hgetdel {hash} fields (1 {field}|3 {field} {field} {field})",
    "hgetex {hash} [(ex|px) ({ttl}|0|-1|x|9223372036854775807)|exat (4102444800|1)|pxat (4102444800000|1)|persist|keepttl] fields (1 {field}|3 {field} {field} {field})",
    "hsetex {hash} [fnx|fxx|nx] [(ex|px) {ttl}|exat (4102444800|1)|pxat (4102444800000|1)|keepttl|persist] fields (1 {field} {value}|2 {field} {value} {field} {value})",
    "hsetex {hash} [ex {ttl}|keepttl] [fnx|fxx] [px {ttl}|keepttl] [fnx] fields {small} ({field} {value})...",
    "hsetnx {hash} {field} {value}",
    "hget {hash} {field}",
    "hmget {hash} {field}...",
    "hdel {hash} {field}...",
    "(hlen|hgetall|hkeys|hvals) {hash}",
    "(hexists|hstrlen) {hash} {field}",
    "hincrby {hash} {field} {int}",
    "hincrbyfloat {hash} {field} {float}",
    "copy {hash} {hash} [replace]",
    "rename {hash} {hash}",
    "(del|persist) {hash}",
    "expire {hash} {ttl}",
];
