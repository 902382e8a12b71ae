//! What is said to lists?

pub(super) const TEMPLATES: &[&str] = &[
    "(lpush|rpush|lpushx|rpushx) {list} {value}...",
    "(lpop|rpop) {list} [{index}]",
    "lrange {list} {index} {index}",
    "lindex {list} {index}",
    "linsert {list} (before|after) {value} {value}",
    "lset {list} {index} {value}",
    "lrem {list} {index} {value}",
    "ltrim {list} {index} {index}",
    "llen {list}",
    "lpos {list} {value} [rank {index}] [count {index}] [maxlen {small}]",
    "lmove {list} {list} (left|right) (left|right)",
    "rpoplpush {list} {list}",
    "lmpop (1 {list}|2 {list} {list}) (left|right) [count {small}]",
];
