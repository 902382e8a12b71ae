//! What is said to bitmaps?

pub(super) const TEMPLATES: &[&str] = &[
    "setbit {bitmap} {offset} ({bit}|2)",
    "getbit {bitmap} {offset}",
    "bitcount {bitmap} [{index} {index} [bit|byte]]",
    "bitpos {bitmap} {bit} [{index} [{index} [bit|byte]]]",
    "bitop (and|or|xor|not) {bitmap} {bitmap}...",
    "bitfield {bitmap} ([overflow (wrap|sat|fail)] (get|incrby) (u8|i5|u63|i64|u64) {offset} [{small}])...",
    "bitfield_ro {bitmap} get (u8|i16) (#2|{offset})",
];
