//! What is an archive of the wipe guard called?
//!
//! `<dbfilename>.pre-resync-<seconds since 1970>-<offset>.rdb`: by the name one sees whose data they were, when they were replaced and how far they had
//! come, and nodes that share a directory under different names of their snapshots leave each other's alone.

use core::fmt;

use crate::codec::number::parse_u64;

/// What every snapshot's name ends with.
const SUFFIX: &str = ".rdb";
/// What stands between the name of the snapshot and the numbers.
const MARK: &str = ".pre-resync-";

/// The name of an archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArchiveName<'a> {
    /// The node's `dbfilename`.
    pub dbfilename: &'a str,
    /// When it was written, in seconds since 1970.
    pub seconds: u64,
    /// Where the data stood.
    pub offset: u64,
}

impl<'a> ArchiveName<'a> {
    /// Reads what Display writes.
    #[must_use]
    pub fn parse(file: &'a str) -> Option<ArchiveName<'a>> {
        let (dbfilename, numbers) = file.strip_suffix(SUFFIX)?.rsplit_once(MARK)?;
        let (seconds, offset) = numbers.split_once('-')?;
        let number = |digits: &str| parse_u64(digits.as_bytes());
        Some(ArchiveName { dbfilename, seconds: number(seconds)?, offset: number(offset)? })
    }
}

impl fmt::Display for ArchiveName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{MARK}{}-{}{SUFFIX}", self.dbfilename, self.seconds, self.offset)
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn a_name_tells_whose_data_were_replaced_when_and_where() {
        for (dbfilename, text) in [
            ("dump.rdb", "dump.rdb.pre-resync-1764500000-48840.rdb"),
            ("dump", "dump.pre-resync-1764500000-48840.rdb"),
            ("a.pre-resync-1-2.rdb", "a.pre-resync-1-2.rdb.pre-resync-1764500000-48840.rdb"),
        ] {
            let name = ArchiveName { dbfilename, seconds: 1_764_500_000, offset: 48_840 };
            assert_eq!(name.to_string(), text);
            assert_eq!(ArchiveName::parse(text), Some(name));
        }
    }

    #[test]
    fn what_is_no_archive_is_none() {
        for file in [
            "dump.rdb",
            "pre-resync-notes.txt",
            "dump.pre-resync-1-2",
            "dump.pre-resync-1-.rdb",
            "a.pre-resync-1x-2.rdb",
            "",
        ] {
            assert_eq!(ArchiveName::parse(file), None, "{file}");
        }
    }
}
