//! What is said to hyperloglogs?

pub(super) const TEMPLATES: &[&str] = &["pfadd {hll} {value}...", "pfcount {hll}...", "pfmerge {hll} {hll}..."];
