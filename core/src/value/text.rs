//! An element of a collection, as bytes or as the integer that stands for them.

use alloc::vec::Vec;

use crate::codec::listpack::Entry as Packed;
use crate::codec::number::{i64_len, parse_i64, push_i64};
use crate::resp::Reply;

/// An element of a collection, borrowed from wherever it is kept: a field, a value, a member.
#[derive(Clone, Copy, Debug)]
pub enum Text<'a> {
    /// Bytes.
    Bytes(&'a [u8]),
    /// The digits of an integer.
    Int(i64),
}

impl<'a> From<Packed<'a>> for Text<'a> {
    fn from(entry: Packed<'a>) -> Text<'a> {
        match entry {
            Packed::Int(value) => Text::Int(value),
            Packed::Str(bytes) => Text::Bytes(bytes),
        }
    }
}

impl Text<'_> {
    /// Hands the bytes to `use_bytes`, digits spelled out.
    #[inline]
    pub fn with_bytes<R>(&self, use_bytes: impl FnOnce(&[u8]) -> R) -> R {
        match self {
            Text::Bytes(bytes) => use_bytes(bytes),
            Text::Int(value) => use_bytes(itoa::Buffer::new().format(*value).as_bytes()),
        }
    }

    /// True if the text is exactly these bytes.
    #[must_use]
    pub fn equals(&self, bytes: &[u8]) -> bool {
        match self {
            Text::Bytes(own) => *own == bytes,
            // Only canonical digits are kept as an integer.
            Text::Int(value) => parse_i64(bytes) == Some(*value),
        }
    }

    /// Length in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Text::Bytes(bytes) => bytes.len(),
            Text::Int(value) => i64_len(*value),
        }
    }

    /// True for the empty text.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The integer, if the text is one.
    #[must_use]
    pub fn to_i64(&self) -> Option<i64> {
        match self {
            Text::Bytes(bytes) => parse_i64(bytes),
            Text::Int(value) => Some(*value),
        }
    }

    /// Appends the bytes to `out`.
    pub fn push_to(&self, out: &mut Vec<u8>) {
        match self {
            Text::Bytes(bytes) => out.extend_from_slice(bytes),
            Text::Int(value) => push_i64(out, *value),
        }
    }

    /// Writes it as a bulk string.
    #[inline]
    pub fn reply_to(&self, reply: &mut Reply<'_>) {
        match self {
            Text::Bytes(bytes) => reply.bulk(bytes),
            Text::Int(value) => reply.bulk_int(*value),
        }
    }
}

/// Texts are equal if their bytes are, however they are stored.
impl PartialEq for Text<'_> {
    fn eq(&self, other: &Text<'_>) -> bool {
        match (self, other) {
            (Text::Int(left), Text::Int(right)) => left == right,
            _ => self.with_bytes(|left| other.with_bytes(|right| left == right)),
        }
    }
}
