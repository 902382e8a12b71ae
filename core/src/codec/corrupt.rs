//! What is said of stored bytes that break their own format?
//!
//! Every reader of a compact encoding (listpack, ziplist, zipmap) answers with
//! [`Corrupt`]: where the first broken byte is and which rule it breaks. The
//! caller decides what that means: a refused `RESTORE`, a failed load, a
//! closed replication link.

use core::fmt;

/// Bytes that do not follow their format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Corrupt {
    /// Where the rule is broken, in bytes from the start of the encoding.
    pub offset: usize,
    /// The rule that is broken, for a log line.
    pub reason: &'static str,
}

impl Corrupt {
    pub(crate) const fn new(offset: usize, reason: &'static str) -> Corrupt {
        Corrupt { offset, reason }
    }
}

impl fmt::Display for Corrupt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.reason, self.offset)
    }
}

impl core::error::Error for Corrupt {}
