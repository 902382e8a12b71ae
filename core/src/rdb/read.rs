//! Lengths and strings, read from bytes of which more may come.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::codec::corrupt::Corrupt;
use crate::codec::lzf;
use crate::codec::number::push_i64;

use super::string_encoding;

/// No string is longer: a longer length is a lie, and is not waited for.
const STRING_BYTES_MAX: u64 = 4 << 30;

/// What is wrong with RDB bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The file does not begin with `REDIS` and four digits, or `VALKEY` and three.
    WrongSignature,
    /// A version that is newer than what can be read.
    Version(u32),
    /// A length with reserved bits.
    Length,
    /// A string with an unknown encoding.
    StringEncoding(u8),
    /// Compressed data that does not unpack to the length it states.
    Compression,
    /// A value's encoding is damaged.
    Value(Corrupt),
    /// The same key twice in one database.
    DuplicateKey(Vec<u8>, u32),
    /// A node of a list that is neither one element nor a listpack.
    ListNode(u64),
    /// The same field twice in one hash.
    DuplicateField,
    /// A hash with fields that expire, as it was written before Redis 7.4's release.
    PreReleaseHash,
    /// The time of a field is none.
    FieldExpiry,
    /// A database that the configuration does not have.
    Database {
        /// Which.
        index: u64,
        /// How many there are.
        databases: u32,
    },
    /// A value type that is not known.
    ValueType(u8),
    /// A value of this module, which cannot be understood.
    Module(String),
    /// What this module keeps beside keys.
    ModuleAux(String),
    /// The same member twice in one set.
    DuplicateMember,
    /// The same member twice in one sorted set.
    DuplicateScoredMember,
    /// A score that is no number.
    NotANumber,
    /// Parts of a stream that do not fit together.
    Stream(&'static str),
    /// A library of functions that is none.
    Library(String),
    /// The checksum at the end differs.
    Checksum {
        /// What the file says.
        stated: u64,
        /// What its bytes amount to.
        computed: u64,
    },
    /// The bytes ended too early.
    Truncated,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::WrongSignature => f.write_str("Wrong signature trying to load DB from file"),
            Fault::Version(version) => write!(f, "Can't handle RDB format version {version}"),
            Fault::Length => f.write_str("Unknown length encoding"),
            Fault::StringEncoding(encoding) => write!(f, "Unknown RDB string encoding type {encoding}"),
            Fault::Compression => f.write_str("Invalid LZF compressed string"),
            Fault::Value(corrupt) => write!(f, "Corrupt value: {corrupt}"),
            Fault::DuplicateKey(key, database) => {
                write!(f, "RDB has duplicated key '{}' in DB {database}", key.escape_ascii())
            }
            Fault::ListNode(kind) => write!(f, "A list with a node of the unknown kind {kind}"),
            Fault::DuplicateField => f.write_str("Duplicate hash fields detected"),
            Fault::PreReleaseHash => f.write_str("Pre-release format of hashes with fields that expire not supported"),
            Fault::FieldExpiry => f.write_str("Hash with a field whose time is out of range or out of order"),
            Fault::Database { index, databases } => write!(
                f,
                "Data file was created with a Redis server configured to handle more than {databases} databases: it holds DB {index}, raise 'databases'"
            ),
            Fault::ValueType(value_type) => write!(f, "Unknown RDB encoding type {value_type}"),
            Fault::Module(name) => {
                write!(f, "The RDB file contains module data I can't load: no matching module type '{name}'")
            }
            Fault::ModuleAux(name) => {
                write!(f, "The RDB file contains AUX module data I can't load: no matching module '{name}'")
            }
            Fault::DuplicateMember => f.write_str("Duplicate set members detected"),
            Fault::DuplicateScoredMember => f.write_str("Duplicate zset fields detected"),
            Fault::NotANumber => f.write_str("Zset with NAN score detected"),
            Fault::Stream(why) => write!(f, "Corrupt stream: {why}"),
            Fault::Library(why) => write!(f, "Bad function library: {why}"),
            Fault::Checksum { stated, computed } => {
                write!(f, "Wrong RDB checksum expected: ({stated:016x}) but got ({computed:016x})")
            }
            Fault::Truncated => f.write_str("Unexpected EOF reading RDB file"),
        }
    }
}

/// Why a read did not succeed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadError {
    /// At least this many bytes in all are needed to go on; fewer were there.
    Incomplete(usize),
    /// The bytes are wrong.
    Fault(Fault),
}

impl From<Fault> for ReadError {
    fn from(fault: Fault) -> ReadError {
        ReadError::Fault(fault)
    }
}

/// A length, or the mark of a specially encoded string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// A plain length.
    Plain(u64),
    /// A string encoding follows.
    Encoded(u8),
}

/// Reads from a prefix of a stream. Nothing is consumed for good until the caller says so by [`Reader::position`].
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// Reads from the start of `bytes`.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { bytes, at: 0 }
    }

    /// How many bytes were read.
    #[must_use]
    pub fn position(&self) -> usize {
        self.at
    }

    /// The next `count` bytes.
    pub fn take(&mut self, count: u64) -> Result<&'a [u8], ReadError> {
        let end = usize::try_from(count)
            .ok()
            .filter(|_| count <= STRING_BYTES_MAX)
            .and_then(|count| self.at.checked_add(count));
        let end = end.ok_or(ReadError::Fault(Fault::Length))?;
        let taken = self.bytes.get(self.at..end).ok_or(ReadError::Incomplete(end))?;
        self.at = end;
        Ok(taken)
    }

    fn take_array<const N: usize>(&mut self) -> Result<[u8; N], ReadError> {
        let taken = self.take(N as u64)?;
        Ok(taken.try_into().expect("as many bytes were taken"))
    }

    /// One byte.
    pub fn byte(&mut self) -> Result<u8, ReadError> {
        Ok(self.take_array::<1>()?[0])
    }

    /// Four bytes, little-endian.
    pub fn u32_le(&mut self) -> Result<u32, ReadError> {
        self.take_array().map(u32::from_le_bytes)
    }

    /// Eight bytes, little-endian.
    pub fn u64_le(&mut self) -> Result<u64, ReadError> {
        self.take_array().map(u64::from_le_bytes)
    }

    /// A length that must be plain.
    pub fn length(&mut self) -> Result<u64, ReadError> {
        match self.length_or_encoding()? {
            Length::Plain(length) => Ok(length),
            Length::Encoded(_) => Err(Fault::Length.into()),
        }
    }

    /// A length, or what stands in its place.
    pub fn length_or_encoding(&mut self) -> Result<Length, ReadError> {
        let first = self.byte()?;
        Ok(match first >> 6 {
            0 => Length::Plain(u64::from(first & 0x3f)),
            1 => Length::Plain(u64::from(first & 0x3f) << 8 | u64::from(self.byte()?)),
            3 => Length::Encoded(first & 0x3f),
            _ if first == 0x80 => Length::Plain(u64::from(u32::from_be_bytes(self.take_array()?))),
            _ if first == 0x81 => Length::Plain(u64::from_be_bytes(self.take_array()?)),
            _ => return Err(Fault::Length.into()),
        })
    }

    /// A string in any encoding.
    pub fn string(&mut self) -> Result<Cow<'a, [u8]>, ReadError> {
        let encoding = match self.length_or_encoding()? {
            Length::Plain(length) => return self.take(length).map(Cow::Borrowed),
            Length::Encoded(encoding) => encoding,
        };
        let value = match encoding {
            string_encoding::INT8 => i64::from(i8::from_le_bytes(self.take_array()?)),
            string_encoding::INT16 => i64::from(i16::from_le_bytes(self.take_array()?)),
            string_encoding::INT32 => i64::from(i32::from_le_bytes(self.take_array()?)),
            string_encoding::LZF => return self.compressed(),
            other => return Err(Fault::StringEncoding(other).into()),
        };
        let mut digits = Vec::with_capacity(11);
        push_i64(&mut digits, value);
        Ok(Cow::Owned(digits))
    }

    /// Passes over a string, and finds whatever [`string`](Reader::string) would find wrong with it.
    pub fn pass_string(&mut self) -> Result<(), ReadError> {
        let mut ahead = self.clone();
        match ahead.length_or_encoding()? {
            Length::Plain(length) => drop(ahead.take(length)?),
            Length::Encoded(string_encoding::LZF) => {
                let (packed, len) = ahead.packed()?;
                if !lzf::is_sound(packed, len) {
                    return Err(Fault::Compression.into());
                }
            }
            Length::Encoded(_) => return self.string().map(drop),
        }
        *self = ahead;
        Ok(())
    }

    /// The bytes of a compressed string, and how many it has of its own.
    fn packed(&mut self) -> Result<(&'a [u8], usize), ReadError> {
        let packed_len = self.length()?;
        let len = usize::try_from(self.length()?).map_err(|_| Fault::Compression)?;
        Ok((self.take(packed_len)?, len))
    }

    fn compressed(&mut self) -> Result<Cow<'a, [u8]>, ReadError> {
        let (packed, len) = self.packed()?;
        let unpacked = lzf::decompress(packed, len).ok_or(Fault::Compression)?;
        Ok(Cow::Owned(unpacked))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{push_length, push_string, push_string_int};
    use super::*;

    #[test]
    fn lengths_at_every_edge_survive_the_round_trip() {
        let edges = [0, 1, 63, 64, 16_383, 16_384, 0xffff_ffff, 0x1_0000_0000, u64::MAX];
        for length in edges {
            let mut bytes = Vec::new();
            push_length(&mut bytes, length);
            let mut reader = Reader::new(&bytes);
            assert_eq!(reader.length(), Ok(length));
            assert_eq!(reader.position(), bytes.len());
            for cut in 0..bytes.len() {
                assert!(matches!(Reader::new(&bytes[..cut]).length(), Err(ReadError::Incomplete(_))));
            }
        }
    }

    #[test]
    fn strings_survive_the_round_trip_in_every_encoding() {
        let long = [b'x'; 5000];
        let cases: &[&[u8]] =
            &[b"", b"a", b"0", b"-1", b"127", b"128", b"32768", b"2147483647", b"2147483648", b"007", &long];
        for case in cases {
            for compress in [false, true] {
                let mut bytes = Vec::new();
                push_string(&mut bytes, case, compress);
                assert_eq!(Reader::new(&bytes).string().as_deref(), Ok(*case));
                let mut passing = Reader::new(&bytes);
                assert_eq!((passing.pass_string(), passing.position()), (Ok(()), bytes.len()));
                for cut in 0..bytes.len() {
                    assert!(matches!(Reader::new(&bytes[..cut]).string(), Err(ReadError::Incomplete(_))));
                    assert!(matches!(Reader::new(&bytes[..cut]).pass_string(), Err(ReadError::Incomplete(_))));
                }
            }
        }
        let mut bytes = Vec::new();
        push_string_int(&mut bytes, i64::MIN);
        assert_eq!(Reader::new(&bytes).string().as_deref(), Ok(b"-9223372036854775808".as_slice()));
    }

    #[test]
    fn a_string_of_2_to_the_63_bytes_is_refused_at_once() {
        for length in [(4 << 30) + 1, 1 << 63, u64::MAX] {
            let mut bytes = Vec::new();
            push_length(&mut bytes, length);
            assert_eq!(Reader::new(&bytes).string(), Err(ReadError::Fault(Fault::Length)));
        }
    }
}
