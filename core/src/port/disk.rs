//! The disk as data: operations out, outcomes in.
//!
//! Files live in one directory (`dir`), or in directories right within it. What was not synced may be lost in a crash, wholly, from some byte on, or
//! in blocks; a name that was given, changed or taken away is so for good only after [`DiskOp::SyncDirectory`].
//!
//! Operations on one file are carried out in the order in which they were asked for, and so are all on files of the node's own directory, and all
//! on files of directories within it. Between those two there is no order, so that neither waits for the other: who needs one, as for a
//! [`DiskOp::Rename`] from the one to the other, or for the name of a directory that was created, waits for the answer of the first before it
//! asks for the second. [`DiskOp::EnterDirectory`] has its place among both.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use bytes::Bytes;

/// Names one disk operation in its answer. Never reused within an incarnation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// A file's name within the node's directory, or, after the name of a directory and a `/`, within that one.
pub type FileName = String;

/// A disk operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DiskOp {
    /// Create the file, or empty it if it exists.
    Create {
        /// Which file.
        file: FileName,
    },
    /// Add bytes at the end of a file that was created before.
    Append {
        /// Which file.
        file: FileName,
        /// What to add.
        bytes: Bytes,
    },
    /// Make the file's contents lasting.
    Sync {
        /// Which file.
        file: FileName,
    },
    /// Give a file another name, replacing what had it.
    Rename {
        /// The old name.
        from: FileName,
        /// The new name.
        to: FileName,
    },
    /// Make the names in a directory lasting.
    SyncDirectory {
        /// Which one; empty for the node's own.
        directory: FileName,
    },
    /// Create a directory within the node's own, unless it is there.
    CreateDirectory {
        /// Its name.
        directory: FileName,
    },
    /// Cut a file that is longer.
    Truncate {
        /// Which file.
        file: FileName,
        /// In bytes, how much is left of it.
        len: u64,
    },
    /// Write what a file holds from `from` on once more, where it is. Pages that a sync has failed to bring to the disk pass for clean afterwards: only so
    /// does the next one try them again.
    WriteAgain {
        /// Which file.
        file: FileName,
        /// In bytes, from the start.
        from: u64,
    },
    /// Remove a file. Removing what is not there is [`DiskFailure::NotFound`].
    Remove {
        /// Which file.
        file: FileName,
    },
    /// Read up to `len` bytes from `offset`; fewer come at the end of the file, none past it.
    Read {
        /// Which file.
        file: FileName,
        /// In bytes, from the start.
        offset: u64,
        /// In bytes.
        len: u32,
    },
    /// The names, without the directory, and sizes of all files in a directory, sorted by name. It may not be there: [`DiskFailure::NotFound`].
    List {
        /// Within the node's own directory; empty for that itself.
        directory: FileName,
    },
    /// Make `path`, if it does not begin with `/` as seen from the present directory, the directory of all operations after this one.
    /// Answered with [`DiskOutcome::Entered`].
    EnterDirectory {
        /// The new directory.
        path: String,
    },
    /// Read the configuration file, which may lie elsewhere.
    ReadConfig,
    /// Replace the configuration file, atomically and lastingly.
    ReplaceConfig {
        /// What it is to hold.
        text: Bytes,
    },
}

/// The directory of a file, empty for the node's own, and the file's name within it.
#[must_use]
pub fn split_name(name: &str) -> (&str, &str) {
    name.rsplit_once('/').unwrap_or(("", name))
}

/// Operations of one lane are carried out in the order in which they were asked for; those of the other may overtake them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// What is about files of the node's own directory, and all that is about no file.
    Outer,
    /// What is about directories within it, and files there.
    Inner,
}

impl Lane {
    /// Both of them.
    pub const BOTH: [Lane; 2] = [Lane::Outer, Lane::Inner];

    /// The lane of a file.
    #[must_use]
    pub fn of_file(name: &str) -> Lane {
        if name.contains('/') { Lane::Inner } else { Lane::Outer }
    }
}

impl DiskOp {
    /// The lane that it belongs to. [`DiskOp::EnterDirectory`] has its place in both.
    #[must_use]
    pub fn lane(&self) -> Lane {
        match self {
            DiskOp::Create { file }
            | DiskOp::Append { file, .. }
            | DiskOp::Sync { file }
            | DiskOp::Truncate { file, .. }
            | DiskOp::WriteAgain { file, .. }
            | DiskOp::Remove { file }
            | DiskOp::Read { file, .. } => Lane::of_file(file),
            DiskOp::Rename { from, to } if Lane::of_file(from) == Lane::of_file(to) => Lane::of_file(to),
            DiskOp::Rename { .. } | DiskOp::CreateDirectory { .. } => Lane::Inner,
            DiskOp::SyncDirectory { directory } | DiskOp::List { directory } if directory.is_empty() => Lane::Outer,
            DiskOp::SyncDirectory { .. } | DiskOp::List { .. } => Lane::Inner,
            DiskOp::EnterDirectory { .. } | DiskOp::ReadConfig | DiskOp::ReplaceConfig { .. } => Lane::Outer,
        }
    }
}

/// How a disk operation ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DiskOutcome {
    /// Done; nothing to tell.
    Done,
    /// What was read.
    Bytes(Bytes),
    /// The files: name and size in bytes.
    Listed(Vec<(FileName, u64)>),
    /// The full name of the directory that was entered.
    Entered(String),
    /// It failed, and nothing, or for an append possibly a part, was done.
    Failed(DiskFailure),
}

/// Why a disk operation failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DiskFailure {
    /// There is no such file.
    NotFound,
    /// The disk is full.
    NoSpace,
    /// Anything else, in the operating system's words.
    Other(String),
}

impl fmt::Display for DiskFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DiskFailure::NotFound => f.write_str("No such file or directory"),
            DiskFailure::NoSpace => f.write_str("No space left on device"),
            DiskFailure::Other(reason) => f.write_str(reason),
        }
    }
}
