//! What is said to hashes?

pub(super) const TEMPLATES: &[&str] = &[
    "(hset|hmset) {hash} ({field} {value})...",
    "hsetnx {hash} {field} {value}",
    "hget {hash} {field}",
    "hmget {hash} {field}...",
    "hdel {hash} {field}...",
    "(hlen|hgetall|hkeys|hvals) {hash}",
    "(hexists|hstrlen) {hash} {field}",
    "hincrby {hash} {field} {int}",
    "hincrbyfloat {hash} {field} {float}",
    "hrandfield missing [{index} [withvalues]]",
];
