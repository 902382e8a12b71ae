//! What is a replica sent for each command that Valkey has brought? The rules are those of Valkey 9.

use super::propagation::{Row, row};

pub(crate) const ROWS: &[Row] = &[
    row("SET IFEQ", &["set k u"], &["set k v ifeq u"], &["set k v ifeq u"]),
    row(
        "SET IFEQ that compares in vain",
        &["set k u"],
        &["set k v ifeq x", "set k v ifeq x get", "set no v ifeq u"],
        &[],
    ),
    row("SET IFEQ loses its GET", &["set k u"], &["set k v get IFEQ u"], &["set k v IFEQ u"]),
    row("SET IFEQ KEEPTTL", &["set k u ex 1000"], &["set k v ifeq u keepttl get"], &["set k v ifeq u keepttl"]),
    row("SET IFEQ with a time", &["set k u"], &["set k v ifeq u ex 1000"], &["SET k v PXAT <ms>"]),
    row("SET IFEQ EXAT", &["set k u"], &["set k v ifeq u exat 4102444800 get"], &["SET k v PXAT 4102444800000"]),
    row("DELIFEQ", &["set k u"], &["delifeq k u"], &["DEL k"]),
    row("DELIFEQ in vain", &["set k u"], &["delifeq k x", "delifeq no u"], &[]),
    row(
        "MSETEX",
        &["set k u"],
        &["msetex 2 k v l w", "msetex 1 k w keepttl xx"],
        &["msetex 2 k v l w", "msetex 1 k w keepttl xx"],
    ),
    row("MSETEX in vain", &["set k u"], &["msetex 2 k v l w nx", "msetex 2 k v l w xx"], &[]),
    row("MSETEX with a time", &["set k u"], &["msetex 1 k v ex 1000"], &["msetex 1 k v PXAT <ms>"]),
    row("MSETEX PXAT", &[], &["msetex 2 k v l w PXAT 4102444800000"], &["msetex 2 k v l w PXAT 4102444800000"]),
    row(
        "BYPOLYGON",
        &["geoadd g 1 1 a"],
        &["geosearchstore d g bypolygon 3 0 0 0 2 2 0", "geosearch g bypolygon 3 0 0 0 2 2 2"],
        &["geosearchstore d g bypolygon 3 0 0 0 2 2 0"],
    ),
];
