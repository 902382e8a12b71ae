//! What is said to streams?

pub(super) const TEMPLATES: &[&str] = &[
    "xadd {stream} [nomkstream] [maxlen [=] {small}] {id} ({field} {value})...",
    "xlen {stream}",
    "(xrange {stream} (-|{id}) (+|{id})|xrevrange {stream} + -) [count {index}]",
    "xdel {stream} {id}...",
    "xtrim {stream} (maxlen|minid) [=] {small}",
    "xsetid {stream} {id}",
    "xread [count {index}] streams {stream} {id}",
    "xgroup (create|setid) {stream} g:1 ({id}|$) [mkstream]",
    "xgroup (createconsumer|delconsumer) {stream} g:1 {field}",
    "xgroup destroy {stream} g:1",
    "xreadgroup group g:1 {field} [count {index}] [noack] streams {stream} (>|{id})",
    "xack {stream} g:1 {id}...",
    "xpending {stream} g:1",
];
