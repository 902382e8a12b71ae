//! What is said to hyperloglogs?
//!
//! The strings of `broken:N` are written into: runs of registers with the wrong length, counts that were never taken, encodings that there
//! are none of. They are told one element at a time: Redis keeps those before one that fails, and tells its replicas nothing of them.

pub(super) const TEMPLATES: &[&str] = &[
    "pfadd {hll} {value}...",
    "pfadd {hll} {element}...",
    "pfadd {hll} {element}... {element}... {element}... {element}...",
    "pfadd {hll}",
    "pfcount {hll}...",
    "pfcount {hll}",
    "pfmerge {hll} [{hll}...]",
    "pfmerge {hll} {hll} missing {hll}",
    "(strlen|getrange|object encoding) {hll} [0 200]",
    "pfdebug (decode|encoding|todense|nonsense) {hll} [surplus]",
    "(set {hll} {value}|del {hll}|rpush list:0 x|copy {hll} {hll} replace|set {hll} HYLL|set {hll} {int}|pfdebug getreg {hll})",
    "pfadd {hll} {element}... {value}",
    "copy {hll} {broken} replace",
    "(setrange {broken} {hllbyte} {noise}|append {broken} {noise}|setrange {broken} {small} {noise}|setbit {broken} {offset} {bit})",
    "(setrange {broken} 4 {noise}|setrange {broken} 16 {noise}|bitop or {broken} {broken} {hll}|del {broken})",
    "pfadd {broken} ({element}|{value})",
    "pfcount {broken} [{hll}...]",
    "pfmerge ({seen}|{broken}) [{hll}] {broken} [{hll}]",
    "pfdebug (decode|encoding|todense) {broken}",
    "(get|object encoding) {broken}",
];
