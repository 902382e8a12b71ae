//! What is said to sets?

pub(super) const TEMPLATES: &[&str] = &[
    "(sadd|srem) {set} ({value}|{small}|{field})...",
    "(scard|smembers) {set}",
    "sismember {set} {value}",
    "smismember {set} {value}...",
    "smove {set} {set} {value}",
    "(sinter|sunion|sdiff) {set}...",
    "(sinterstore|sunionstore|sdiffstore) {set} {set}...",
    "sintercard (1 {set}|2 {set} {set}) [limit {index}]",
    "(srandmember|spop) missing [{index}]",
];
