//! What is said to SORT?
//!
//! No number out of range: Redis does not forget it, and refuses sorting by numbers from then on.

pub(super) const TEMPLATES: &[&str] = &[
    "rpush (seq:0|seq:1|{list}) ({small}|{float}|{value}|{field})...",
    "rpush (seq:2|seq:3|{list}) ({small}|{float})...",
    "zadd (rank:0|rank:1|{zset}) (({small}|-1.5|inf) ({small}|{field}))...",
    "sadd {set} ({small}|{field}|{float})...",
    "set {weight} ({small}|{float}|{field}|{value})",
    "set {weight} ({small}|-1.5|0x1p3|inf|nan)",
    "(hset|hdel) hash:0 {small} {float}",
    "(del|unlink) ({weight}|{list}|{set}|{zset}|seq:2|rank:0)",
    "sort (seq:0|seq:1|seq:2|seq:3) [by {by}] [get {get}]... [asc|desc] [alpha]",
    "sort (seq:0|seq:1|seq:2|seq:3) [limit {index} {index}] [asc|desc] [alpha] [get {get}]... [store {list}]",
    "sort (seq:0|seq:1|seq:2|seq:3) [by {by}] [limit {index} {index}] [asc|desc] [get {get}]... [store {list}]",
    "sort (rank:0|rank:1) [by {by}] [desc] [limit {index} {index}] [get {get}]... [store {list}]",
    "sort (rank:0|rank:1|seq:1) by nosort [asc|desc] [limit {index} {index}] [alpha] [get {get}]... [store {list}]",
    "sort {key} [by weight:*] [limit {index} {index}] [get {get}]... [asc|desc] [store {list}]",
    "sort ({list}|{set}|{zset}) [asc|desc] [alpha] [limit {index} {index}] [store {list}]",
    "sort ({set}|seq:2|rank:1) by nosort store {list}",
    "sort_ro ({set}|{list}|{zset}|seq:1) [by {by}] [get {get}]... [asc|desc] [alpha]",
    "sort_ro {list} [alpha] store {list}",
    "sort {list} ([by|get|limit 1|limit|store|nonsense])...",
    "object encoding ({zset}|{list}|rank:0)",
    "(lrange {list} 0 -1|type {key}|strlen {weight})",
];
