//! Persistence: a data set read back from RDB bytes, what a file says beside its keys, and what a node writes down of itself.

pub mod aof;
mod evidence;
mod facts;
mod loader;
#[cfg(test)]
mod tests;

pub use evidence::{EVIDENCE_BYTES_MAX, EvidenceError, EvidenceRecord};
pub use facts::{Facts, Head, push_header};
pub use loader::{LoadError, LoadRules, Loaded, Loader, Progress, Remark};
