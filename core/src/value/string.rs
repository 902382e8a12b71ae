//! Strings: the type that holds any bytes, and integers without spelling them out.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::ops::{Deref, Range};

use bytes::Bytes;

use crate::codec::number::{parse_i64, push_i64};
use crate::resp::Reply;

use super::footprint::allocated;

/// The longest string kept in place.
const SHORT_BYTES_MAX: usize = 22;
/// Strings from this size on are reference-counted, so that a reply shares them. The same bound as for replies.
const SHARED_BYTES_MIN: usize = 16 * 1024;
/// The longest string whose encoding is called `embstr`.
const EMBSTR_BYTES_MAX: usize = 44;

/// A string in the encoding that its content calls for.
#[derive(Clone, Debug)]
pub enum StringValue {
    /// The decimal digits of an integer.
    Int(i64),
    /// Up to 22 bytes in place.
    Short {
        /// How many of the bytes count.
        len: u8,
        /// The bytes.
        bytes: [u8; SHORT_BYTES_MAX],
    },
    /// One allocation of the exact size.
    Exact(Box<[u8]>),
    /// A string that came into being by being written into, of the exact size. `raw` whatever its size.
    Raw(Box<[u8]>),
    /// A string that was appended to or written into, with room to grow. `raw` whatever its size.
    Grown(Box<Vec<u8>>),
    /// A large string that replies share.
    Shared(Box<Bytes>),
}

impl From<Cow<'_, [u8]>> for StringValue {
    /// As [`StringValue::new`], but what is owned is not copied.
    fn from(bytes: Cow<'_, [u8]>) -> StringValue {
        match bytes {
            Cow::Owned(owned) if (SHORT_BYTES_MAX + 1..SHARED_BYTES_MIN).contains(&owned.len()) => {
                StringValue::Exact(owned.into_boxed_slice())
            }
            bytes => StringValue::new(&bytes),
        }
    }
}

impl StringValue {
    /// Copies `bytes` into the encoding that suits them: integers are recognised.
    #[inline]
    #[must_use]
    pub fn new(bytes: &[u8]) -> StringValue {
        // The longest integer has 20 characters.
        if bytes.len() <= 20
            && let Some(value) = parse_i64(bytes)
        {
            return StringValue::Int(value);
        }
        StringValue::from_text(bytes)
    }

    /// Copies `bytes` without looking for an integer.
    #[inline]
    #[must_use]
    pub fn from_text(bytes: &[u8]) -> StringValue {
        if bytes.len() <= SHORT_BYTES_MAX {
            let mut short = [0; SHORT_BYTES_MAX];
            short[..bytes.len()].copy_from_slice(bytes);
            return StringValue::Short { len: bytes.len() as u8, bytes: short };
        }
        if bytes.len() >= SHARED_BYTES_MIN {
            return StringValue::Shared(Box::new(Bytes::copy_from_slice(bytes)));
        }
        StringValue::Exact(bytes.into())
    }

    /// Takes over bytes that were written one by one: bitmaps, HyperLogLogs. The encoding is `raw`.
    #[must_use]
    pub fn raw(bytes: Vec<u8>) -> StringValue {
        StringValue::Raw(bytes.into_boxed_slice())
    }

    /// True if `bytes` can take the place of this string in the memory that it has, in the encoding that suits them.
    #[inline]
    #[must_use]
    pub fn fits_exactly(&self, bytes: &[u8]) -> bool {
        // A string of this encoding is longer than any integer.
        matches!(self, StringValue::Exact(held) if held.len() == bytes.len())
    }

    /// Puts `bytes` in the place of this string, in its own memory if they [fit](StringValue::fits_exactly).
    #[inline]
    pub fn overwrite(&mut self, bytes: &[u8]) {
        match self {
            StringValue::Exact(held) if held.len() == bytes.len() => held.copy_from_slice(bytes),
            other => *other = StringValue::new(bytes),
        }
    }

    /// The bytes; digits are spelled out.
    #[must_use]
    pub fn text(&self) -> Cow<'_, [u8]> {
        match self.as_slice() {
            Some(bytes) => Cow::Borrowed(bytes),
            None => {
                let mut digits = Vec::with_capacity(20);
                self.push_to(&mut digits);
                Cow::Owned(digits)
            }
        }
    }

    /// The bytes, unless it is an integer.
    #[inline]
    #[must_use]
    pub fn as_slice(&self) -> Option<&[u8]> {
        match self {
            StringValue::Int(_) => None,
            StringValue::Short { len, bytes } => Some(bytes.get(..usize::from(*len)).unwrap_or_default()),
            StringValue::Exact(bytes) | StringValue::Raw(bytes) => Some(bytes),
            StringValue::Grown(bytes) => Some(bytes),
            StringValue::Shared(bytes) => Some(bytes),
        }
    }

    /// The integer, if the string is one.
    #[must_use]
    pub fn to_i64(&self) -> Option<i64> {
        match self {
            StringValue::Int(value) => Some(*value),
            other => parse_i64(other.as_slice()?),
        }
    }

    /// Length in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            StringValue::Int(value) => crate::codec::number::i64_len(*value),
            other => other.as_slice().map_or(0, <[u8]>::len),
        }
    }

    /// True for the empty string.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Appends the bytes to `out`.
    pub fn push_to(&self, out: &mut Vec<u8>) {
        match self {
            StringValue::Int(value) => push_i64(out, *value),
            other => out.extend_from_slice(other.as_slice().unwrap_or_default()),
        }
    }

    /// Writes it as a bulk string; large ones by reference.
    #[inline]
    pub fn reply_to(&self, reply: &mut Reply<'_>) {
        match self {
            StringValue::Int(value) => reply.bulk_int(*value),
            StringValue::Shared(bytes) => reply.bulk_shared(bytes),
            other => reply.bulk(other.as_slice().unwrap_or_default()),
        }
    }

    /// Writes the bytes of `span` as a bulk string, large ones by reference; an empty one for a span that is not within the string.
    pub fn reply_part_to(&self, reply: &mut Reply<'_>, span: Range<usize>) {
        match self {
            StringValue::Shared(bytes) if bytes.get(span.clone()).is_some() => reply.bulk_shared(&bytes.slice(span)),
            other => reply.bulk(other.text().get(span).unwrap_or_default()),
        }
    }

    /// The bytes in a growable buffer, for writing into them. From then on the encoding is `raw`.
    pub fn make_mut(&mut self) -> &mut Vec<u8> {
        if !matches!(self, StringValue::Grown(_)) {
            let bytes = match core::mem::replace(self, StringValue::Int(0)) {
                StringValue::Exact(bytes) | StringValue::Raw(bytes) => bytes.into_vec(),
                StringValue::Shared(bytes) => Vec::from(*bytes),
                other => other.text().into_owned(),
            };
            *self = StringValue::Grown(Box::new(bytes));
        }
        match self {
            StringValue::Grown(bytes) => bytes,
            _ => unreachable!("it was just made so"),
        }
    }

    /// Bytes of memory behind it.
    #[inline]
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        match self {
            StringValue::Int(_) | StringValue::Short { .. } => 0,
            StringValue::Exact(bytes) | StringValue::Raw(bytes) => allocated(bytes.len()),
            StringValue::Grown(bytes) => allocated(size_of::<Vec<u8>>()) + allocated(bytes.capacity()),
            // The bytes, the handle and the shared count.
            StringValue::Shared(bytes) => allocated(size_of::<Bytes>()) + allocated(bytes.len()) + allocated(24),
        }
    }

    /// The encoding's name in OBJECT ENCODING.
    #[must_use]
    pub fn encoding_name(&self) -> &'static str {
        match self {
            StringValue::Int(_) => "int",
            StringValue::Short { .. } => "embstr",
            StringValue::Exact(bytes) if bytes.deref().len() <= EMBSTR_BYTES_MAX => "embstr",
            _ => "raw",
        }
    }
}
