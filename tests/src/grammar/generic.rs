//! What is said to keys of any type?

pub(super) const TEMPLATES: &[&str] = &[
    "(del|unlink|exists|touch) {key}...",
    "(type|persist) {key}",
    "(rename|renamenx) {key} {key}",
    "copy {key} {key} [db {db}] [replace]",
    "move {key} {db}",
    "object (encoding|nonsense) {key}",
    "keys {glob}",
    "select ({db}|16|x)",
    "(dbsize|randomkey extra|scan x|scan 0 count x|echo {value}|ping [{value}])",
];
