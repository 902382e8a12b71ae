//! Which files make up an append-only file, and in which order?
//!
//! As in Redis 7.0: a *base* that holds a whole data set, *increments* that hold the commands since, and a *history* of files that are not needed any
//! more and wait to be removed. The manifest is a text of a line for each. It is replaced as a whole, so that the files that it names always belong
//! together.
//!
//! Two lines at the end, which Redis passes over as remarks, are ours: how long the base is, and a checksum of all that precedes it. One flipped bit
//! would make an increment part of the history, and nobody could tell a base from which the end is gone.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::{self, Write as _};

use crate::codec::crc64;
use crate::codec::number::{parse_i64, parse_u64};
use crate::codec::quoting::{quote_if_needed, split_arguments};

/// What the line with the checksum begins with. Sixteen hexadecimal digits follow.
const SUM: &[u8] = b"#SUM:";
/// What the line with the length of the base begins with. It follows in bytes.
const SIZE: &[u8] = b"#SIZE:";
const EDITED: &str = "The checksum does not match the lines before it: the file is damaged, or was edited; \
                      who edited it removes the line that begins with #SUM:";
/// Longest line, in bytes, its end included, as in Redis.
const LINE_BYTES_MAX: usize = 1024;

/// What a file of the manifest is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A whole data set.
    Base,
    /// Commands.
    Increment,
    /// Not needed any more.
    History,
}

impl Role {
    const ALL: [(Role, u8); 3] = [(Role::Base, b'b'), (Role::Increment, b'i'), (Role::History, b'h')];

    fn of_letter(text: &[u8]) -> Option<Role> {
        Role::ALL.iter().find(|(_, letter)| text == [*letter]).map(|(role, _)| *role)
    }

    fn letter(self) -> char {
        Role::ALL.iter().find(|(role, _)| *role == self).map_or('?', |(_, letter)| char::from(*letter))
    }
}

/// How a base holds its data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BaseForm {
    /// As an RDB file (`aof-use-rdb-preamble yes`).
    Rdb,
    /// As commands.
    Commands,
}

/// A file of the manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Without the directory.
    pub name: String,
    /// Counts the bases and the increments, from one on.
    pub sequence: i64,
}

/// What an append-only file consists of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manifest {
    /// The data set that the increments go on from; without one, they go on from nothing.
    pub base: Option<Part>,
    /// Its length in bytes, if we have written it. Then the increments are ours, too, and none of them is empty.
    pub base_bytes: Option<u64>,
    /// From the oldest to the newest.
    pub increments: Vec<Part>,
    /// What may be removed.
    pub history: Vec<Part>,
}

/// What is wrong with a manifest, and in which line, counted from one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManifestError {
    /// The line.
    pub line: usize,
    /// What is wrong, in the words of Redis.
    pub reason: &'static str,
}

impl fmt::Display for ManifestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (line {})", self.reason, self.line)
    }
}

impl Manifest {
    /// Reads a manifest.
    pub fn parse(text: &[u8]) -> Result<Manifest, ManifestError> {
        let mut manifest = Manifest::default();
        let mut count = 0;
        let mut sum = 0;
        for (index, line) in text.split_inclusive(|&byte| byte == b'\n').enumerate() {
            count = index + 1;
            let told = line.strip_prefix(SUM).map(<[u8]>::trim_ascii_end);
            if told.is_some_and(|told| told != format!("{sum:016x}").as_bytes()) {
                return Err(ManifestError { line: count, reason: EDITED });
            }
            sum = crc64::update(sum, line);
            manifest.take_in(line).map_err(|reason| ManifestError { line: count, reason })?;
        }
        if count == 0 {
            return Err(ManifestError { line: 1, reason: "Found an empty AOF manifest" });
        }
        Ok(manifest)
    }

    fn take_in(&mut self, line: &[u8]) -> Result<(), &'static str> {
        const INVALID: &str = "Invalid AOF manifest file format";
        let Some(line) = line.strip_suffix(b"\n").filter(|line| line.len() < LINE_BYTES_MAX - 1) else {
            return Err("The AOF manifest file contains too long line");
        };
        if let Some(bytes) = line.strip_prefix(SIZE) {
            self.base_bytes = Some(parse_u64(bytes).ok_or(INVALID)?);
        }
        if line.starts_with(b"#") {
            return Ok(());
        }
        let words = split_arguments(line).map_err(|_| INVALID)?;
        if words.len() < 6 || !words.len().is_multiple_of(2) {
            return Err(INVALID);
        }
        let value_of = |name: &str| {
            let pair = words.chunks(2).find(|pair| pair[0].eq_ignore_ascii_case(name.as_bytes()));
            pair.map(|pair| pair[1].as_slice()).ok_or(INVALID)
        };
        let name = core::str::from_utf8(value_of("file")?).map_err(|_| INVALID)?;
        if name.is_empty() || name.contains('/') || name == ".." {
            return Err("File can't be a path, just a filename");
        }
        let sequence = parse_i64(value_of("seq")?).filter(|&sequence| sequence > 0).ok_or(INVALID)?;
        let part = Part { name: name.to_string(), sequence };
        match Role::of_letter(value_of("type")?).ok_or("Unknown AOF file type")? {
            Role::Base if self.base.is_some() => return Err("Found duplicate base file information"),
            Role::Base => self.base = Some(part),
            Role::History => self.history.push(part),
            Role::Increment if self.increments.last().is_some_and(|last| last.sequence >= sequence) => {
                return Err("Found a non-monotonic sequence number");
            }
            Role::Increment => self.increments.push(part),
        }
        Ok(())
    }

    /// The text of the manifest, with what is ours in it.
    #[must_use]
    pub fn sealed_text(&self) -> String {
        let mut text = self.text();
        if let Some(bytes) = self.base_bytes {
            let _ = writeln!(text, "#SIZE:{bytes}");
        }
        let sum = crc64::update(0, text.as_bytes());
        let _ = writeln!(text, "#SUM:{sum:016x}");
        text
    }

    /// The text of the manifest, as Redis writes it.
    #[must_use]
    pub fn text(&self) -> String {
        let parts = self.base.iter().map(|part| (part, Role::Base));
        let parts = parts.chain(self.history.iter().map(|part| (part, Role::History)));
        let parts = parts.chain(self.increments.iter().map(|part| (part, Role::Increment)));
        parts
            .map(|(part, role)| {
                format!("file {} seq {} type {}\n", quote_if_needed(&part.name), part.sequence, role.letter())
            })
            .collect()
    }

    /// The number of the base that would come next.
    #[must_use]
    pub fn next_base_sequence(&self) -> i64 {
        next_after(self.base.iter().chain(&self.history))
    }

    /// The number of the increment that would come next.
    #[must_use]
    pub fn next_increment_sequence(&self) -> i64 {
        next_after(self.increments.iter().chain(&self.history))
    }

    /// The manifest after a rewrite: a new base of so many bytes, of which the increments from `first_increment` on are the continuation. All else is history.
    #[must_use]
    pub fn after_rewrite(&self, base: Part, bytes: u64, first_increment: i64) -> Manifest {
        let (old, increments) = self.increments.iter().cloned().partition(|part| part.sequence < first_increment);
        let old: Vec<Part> = old;
        let history = self.history.iter().cloned().chain(self.base.clone()).chain(old).collect();
        Manifest { base: Some(base), base_bytes: Some(bytes), increments, history }
    }

    /// The parts that hold data, in the order in which they are to be loaded.
    pub fn loaded(&self) -> impl DoubleEndedIterator<Item = &Part> {
        self.base.iter().chain(&self.increments)
    }
}

impl Part {
    /// A base. `file` is `appendfilename`.
    #[must_use]
    pub fn base(file: &str, sequence: i64, form: BaseForm) -> Part {
        let ending = match form {
            BaseForm::Rdb => "rdb",
            BaseForm::Commands => "aof",
        };
        Part { name: format!("{file}.{sequence}.base.{ending}"), sequence }
    }

    /// An increment. `file` is `appendfilename`.
    #[must_use]
    pub fn increment(file: &str, sequence: i64) -> Part {
        Part { name: format!("{file}.{sequence}.incr.aof"), sequence }
    }
}

/// The number of the part that a file is, as its name tells; none if it is another file. `file` is `appendfilename`.
#[must_use]
pub fn number_of(name: &str, file: &str) -> Option<i64> {
    let (number, kind) = name.strip_prefix(file)?.strip_prefix('.')?.split_once('.')?;
    let is_part = matches!(kind, "base.rdb" | "base.aof" | "incr.aof");
    parse_i64(number.as_bytes()).filter(|number| is_part && *number > 0)
}

/// Files that are not needed any more count, too: their names may not be given again as long as they are there.
fn next_after<'a>(parts: impl Iterator<Item = &'a Part>) -> i64 {
    parts.map(|part| part.sequence).max().unwrap_or(0).saturating_add(1)
}

/// The name of the manifest. `file` is `appendfilename`.
#[must_use]
pub fn manifest_name(file: &str) -> String {
    [file, ".manifest"].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "file appendonly.aof.2.base.rdb seq 2 type b\n\
                        file appendonly.aof.1.base.rdb seq 1 type h\n\
                        file appendonly.aof.4.incr.aof seq 4 type i\n\
                        file appendonly.aof.5.incr.aof seq 5 type i\n";

    fn parse(text: &str) -> Result<Manifest, String> {
        Manifest::parse(text.as_bytes()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_manifest_of_redis_is_read_and_written_as_it_was() {
        let manifest = parse(TEXT).expect("it is sound");
        assert_eq!(manifest.text(), TEXT);
        let names: Vec<&str> = manifest.loaded().map(|part| part.name.as_str()).collect();
        assert_eq!(names, ["appendonly.aof.2.base.rdb", "appendonly.aof.4.incr.aof", "appendonly.aof.5.incr.aof"]);
        let spaced = "file \"my file.1.incr.aof\" seq 1 type i\n";
        assert_eq!(parse(spaced).expect("it is sound").text(), spaced);
        let other_order = "# a remark\ntype b seq 1 file x.1.base.aof future word\n";
        assert_eq!(parse(other_order).expect("it is sound").text(), "file x.1.base.aof seq 1 type b\n");
    }

    #[test]
    fn the_next_files_and_what_a_rewrite_leaves() {
        let manifest = parse(TEXT).expect("it is sound");
        let base = Part::base("appendonly.aof", manifest.next_base_sequence(), BaseForm::Commands);
        assert_eq!((base.name.as_str(), base.sequence), ("appendonly.aof.3.base.aof", 3));
        let increment = Part::increment("appendonly.aof", manifest.next_increment_sequence());
        assert_eq!((increment.name.as_str(), increment.sequence), ("appendonly.aof.6.incr.aof", 6));
        let after = manifest.after_rewrite(base, 9, 5);
        assert_eq!(
            after.text(),
            "file appendonly.aof.3.base.aof seq 3 type b\n\
             file appendonly.aof.1.base.rdb seq 1 type h\n\
             file appendonly.aof.2.base.rdb seq 2 type h\n\
             file appendonly.aof.4.incr.aof seq 4 type h\n\
             file appendonly.aof.5.incr.aof seq 5 type i\n"
        );
        let first = Manifest::default();
        assert_eq!(Part::base("a", first.next_base_sequence(), BaseForm::Rdb).name, "a.1.base.rdb");
        assert_eq!(Part::increment("a", first.next_increment_sequence()).name, "a.1.incr.aof");
    }

    #[test]
    fn no_flipped_bit_makes_another_manifest() {
        let sealed = parse(TEXT).expect("it is sound").sealed_text();
        assert_eq!(parse(&sealed).expect("it is sound").text(), TEXT);
        for (at, bit) in (0..sealed.len()).flat_map(|at| (0..8).map(move |bit| (at, bit))) {
            let mut bytes = sealed.clone().into_bytes();
            bytes[at] ^= 1 << bit;
            if let Ok(manifest) = Manifest::parse(&bytes) {
                assert_eq!(manifest.text(), TEXT, "bit {bit} of byte {at}");
            }
        }
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        let long = format!("file {} seq 1 type i\n", "x".repeat(LINE_BYTES_MAX));
        for (text, error) in [
            ("", "Found an empty AOF manifest (line 1)"),
            ("file a seq 1 type i", "The AOF manifest file contains too long line (line 1)"),
            (&long, "The AOF manifest file contains too long line (line 1)"),
            ("\n", "Invalid AOF manifest file format (line 1)"),
            ("file a seq 1 type i\nfile b seq\n", "Invalid AOF manifest file format (line 2)"),
            ("file a seq x type i\n", "Invalid AOF manifest file format (line 1)"),
            ("file a seq 0 type i\n", "Invalid AOF manifest file format (line 1)"),
            ("file \"a seq 1 type i\n", "Invalid AOF manifest file format (line 1)"),
            ("fil a seq 1 type i\n", "Invalid AOF manifest file format (line 1)"),
            ("file a/b seq 1 type i\n", "File can't be a path, just a filename (line 1)"),
            ("file .. seq 1 type i\n", "File can't be a path, just a filename (line 1)"),
            ("file a seq 1 type x\n", "Unknown AOF file type (line 1)"),
            ("file a seq 1 type b\nfile b seq 2 type b\n", "Found duplicate base file information (line 2)"),
            ("file a seq 2 type i\nfile b seq 2 type i\n", "Found a non-monotonic sequence number (line 2)"),
        ] {
            assert_eq!(parse(text).err().as_deref(), Some(error), "{text:?}");
        }
    }
}
