//! How does Redis keep a small collection in one allocation?
//!
//! A listpack is a header (total bytes as 32-bit, number of elements as 16-bit
//! little-endian, 65535 meaning "count them"), the entries, and an end mark. It
//! is the memory form and, byte for byte, the RDB and `DUMP` form of small
//! hashes, lists and sorted sets of Redis 7.0, so nothing is translated on the
//! way to a replica.
//!
//! The bytes are proved valid when they are taken in ([`Listpack::from_bytes`])
//! and stay so through every edit; reading therefore has no error path. A
//! [`Pos`] belongs to the listpack it came from and is good until the next edit
//! at or before it; using an outdated one is our own fault and may panic.

mod edit;
mod entry;
#[cfg(test)]
mod tests;
mod validate;

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::iter::FusedIterator;

use super::corrupt::Corrupt;
use super::number::parse_i64;
pub use entry::Entry;
pub(in crate::codec) use entry::int_le;
use entry::{decode, entry_len, entry_len_before};

/// Total bytes (32-bit) and number of elements (16-bit).
const HEADER_LEN: usize = 6;
/// The last byte.
const END: u8 = 0xFF;
/// The element count of a listpack with too many elements for its header.
const COUNT_UNKNOWN: u16 = u16::MAX;
/// The size beyond which a listpack is not grown, in bytes
/// (`LISTPACK_MAX_SAFETY_LIMIT` of Redis: 1 GiB).
pub const LISTPACK_BYTES_MAX: usize = 1 << 30;

/// A sequence of strings and integers in one block of bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listpack {
    /// Of the exact size: a listpack is 16 bytes and one allocation.
    bytes: Box<[u8]>,
}

/// The place of an element: its byte offset within the listpack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pos(usize);

impl Default for Listpack {
    fn default() -> Listpack {
        Listpack::new()
    }
}

impl Listpack {
    /// An empty listpack.
    pub fn new() -> Listpack {
        Listpack { bytes: Box::new([HEADER_LEN as u8 + 1, 0, 0, 0, 0, 0, END]) }
    }

    /// Takes bytes from outside after checking every one of them, in O(n).
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Listpack, Corrupt> {
        validate::validate(&bytes)?;
        Ok(Listpack { bytes: bytes.into_boxed_slice() })
    }

    /// The listpack as it is stored and sent.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The listpack as it is stored and sent, without a copy.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes.into_vec()
    }

    /// Size of the listpack, in bytes.
    pub fn byte_len(&self) -> usize {
        self.bytes.len()
    }

    /// Number of elements. O(1), or O(n) where the header does not know.
    ///
    /// Differs: Redis writes a count it had to find back into the header; here
    /// the header stays "unknown", which every reader accepts.
    pub fn len(&self) -> usize {
        match header_count(&self.bytes) {
            COUNT_UNKNOWN => self.iter().count(),
            count => usize::from(count),
        }
    }

    /// Whether there is no element.
    pub fn is_empty(&self) -> bool {
        self.end() == HEADER_LEN
    }

    /// Whether `extra_bytes` more stay within [`LISTPACK_BYTES_MAX`].
    pub fn would_fit(&self, extra_bytes: usize) -> bool {
        self.bytes.len().checked_add(extra_bytes).is_some_and(|total| total <= LISTPACK_BYTES_MAX)
    }

    /// The elements, from either end. Allocates nothing.
    pub fn iter(&self) -> Iter<'_> {
        Iter { bytes: &self.bytes, front: HEADER_LEN, back: self.end() }
    }

    /// The first element.
    pub fn first(&self) -> Option<Pos> {
        self.at(HEADER_LEN)
    }

    /// The last element.
    pub fn last(&self) -> Option<Pos> {
        self.before(self.end())
    }

    /// The element after `pos`.
    pub fn next(&self, pos: Pos) -> Option<Pos> {
        self.at(pos.0 + entry_len(&self.bytes, pos.0))
    }

    /// The element before `pos`.
    pub fn prev(&self, pos: Pos) -> Option<Pos> {
        self.before(pos.0)
    }

    /// The element at `pos`.
    pub fn get(&self, pos: Pos) -> Entry<'_> {
        decode(&self.bytes, pos.0)
    }

    /// The element of an index from 0, or from -1 for the last backward; `None`
    /// outside. Walks from the nearer end where the header knows the count.
    pub fn seek(&self, index: i64) -> Option<Pos> {
        let count = match header_count(&self.bytes) {
            COUNT_UNKNOWN => return self.walk(index),
            count => i64::from(count),
        };
        let from_start = if index < 0 { index + count } else { index };
        if !(0..count).contains(&from_start) {
            return None;
        }
        if from_start <= count / 2 { self.walk(from_start) } else { self.walk(from_start - count) }
    }

    /// The first element equal to `value` among `from` and every
    /// `skip + 1`-th element after it: with one skipped, the fields of a hash.
    pub fn find(&self, from: Pos, value: &[u8], skip: usize) -> Option<Pos> {
        let bytes = &self.bytes[..];
        let end = self.end();
        let int = parse_i64(value);
        let mut at = from.0;
        while at < end {
            let found = match decode(bytes, at) {
                Entry::Int(stored) => int == Some(stored),
                Entry::Str(stored) => stored == value,
            };
            if found {
                return Some(Pos(at));
            }
            at += entry_len(bytes, at);
            for _ in 0..skip {
                if at >= end {
                    return None;
                }
                at += entry_len(bytes, at);
            }
        }
        None
    }

    /// Offset of the end mark.
    fn end(&self) -> usize {
        self.bytes.len() - 1
    }

    fn at(&self, offset: usize) -> Option<Pos> {
        (offset < self.end()).then_some(Pos(offset))
    }

    fn before(&self, offset: usize) -> Option<Pos> {
        (offset > HEADER_LEN).then(|| Pos(offset - entry_len_before(&self.bytes, offset)))
    }

    /// Seeks one element at a time from the end that the sign names.
    fn walk(&self, index: i64) -> Option<Pos> {
        if index >= 0 {
            (0..index).try_fold(self.first()?, |pos, _| self.next(pos))
        } else {
            (index..-1).try_fold(self.last()?, |pos, _| self.prev(pos))
        }
    }
}

impl<'a> IntoIterator for &'a Listpack {
    type Item = Entry<'a>;
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

/// The elements of a listpack, from either end.
#[derive(Clone, Debug)]
pub struct Iter<'a> {
    bytes: &'a [u8],
    /// The next entry from the front.
    front: usize,
    /// The end of the next entry from the back.
    back: usize,
}

impl<'a> Iterator for Iter<'a> {
    type Item = Entry<'a>;

    #[inline]
    fn next(&mut self) -> Option<Entry<'a>> {
        if self.front >= self.back {
            return None;
        }
        let entry = decode(self.bytes, self.front);
        self.front += entry_len(self.bytes, self.front);
        Some(entry)
    }
}

impl DoubleEndedIterator for Iter<'_> {
    #[inline]
    fn next_back(&mut self) -> Option<Self::Item> {
        if self.front >= self.back {
            return None;
        }
        self.back -= entry_len_before(self.bytes, self.back);
        Some(decode(self.bytes, self.back))
    }
}

impl FusedIterator for Iter<'_> {}

/// The total size that the header claims.
fn header_bytes(bytes: &[u8]) -> u32 {
    u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
}

/// The number of elements that the header claims.
fn header_count(bytes: &[u8]) -> u16 {
    u16::from_le_bytes([bytes[4], bytes[5]])
}
