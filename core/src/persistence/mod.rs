//! Persistence: a data set read back from RDB bytes, and what a file says beside its keys.

pub mod aof;
mod facts;
mod loader;
#[cfg(test)]
mod tests;

pub use facts::{Facts, Head, push_header};
pub use loader::{LoadError, LoadRules, Loaded, Loader, Progress, Remark};
