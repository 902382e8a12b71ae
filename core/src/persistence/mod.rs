//! Persistence: a data set read back from RDB bytes, what a file says beside its keys, what files are called, and what a node writes down of itself.

pub mod aof;
mod archive;
mod evidence;
mod facts;
mod loader;
#[cfg(test)]
mod tests;

pub use archive::ArchiveName;
pub use evidence::{EVIDENCE_BYTES_MAX, EvidenceError, EvidenceRecord};
pub use facts::{Facts, Head, push_header};
pub use loader::{LoadError, LoadRules, Loaded, Loader, Progress, Remark};
