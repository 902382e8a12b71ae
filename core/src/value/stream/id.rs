//! What is the id of an entry, and how is it spelled?

use crate::codec::number::parse_i64;

/// The longest text of an id that we write, in bytes: two numbers of 20 digits, and what parts them.
const ID_BYTES_MAX: usize = 41;
/// The longest text that can be an id, in bytes.
const TEXT_BYTES_MAX: usize = 127;

/// The id of an entry: milliseconds since the epoch, and a number among those of one millisecond.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId {
    /// Milliseconds.
    pub ms: u64,
    /// The number.
    pub seq: u64,
}

/// The text of an id, without an allocation.
#[derive(Clone, Copy, Debug)]
pub struct IdText {
    bytes: [u8; ID_BYTES_MAX],
    len: usize,
}

impl core::ops::Deref for IdText {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

/// What a client gave in the place of an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spelled {
    /// Milliseconds and a number.
    Whole(StreamId),
    /// Milliseconds alone.
    Millis(u64),
    /// Milliseconds, and a number that is to be found: `5-*`.
    AnySeq(u64),
}

impl StreamId {
    /// `0-0`, which no entry has.
    pub const MIN: StreamId = StreamId { ms: 0, seq: 0 };
    /// The last of all.
    pub const MAX: StreamId = StreamId { ms: u64::MAX, seq: u64::MAX };

    /// An id of two numbers.
    #[must_use]
    pub const fn new(ms: u64, seq: u64) -> StreamId {
        StreamId { ms, seq }
    }

    /// The one right after it; of the last, none.
    #[must_use]
    pub fn next(self) -> Option<StreamId> {
        match self.seq.checked_add(1) {
            Some(seq) => Some(StreamId { seq, ..self }),
            None => self.ms.checked_add(1).map(|ms| StreamId { ms, seq: 0 }),
        }
    }

    /// The one right before it; of the first, none.
    #[must_use]
    pub fn previous(self) -> Option<StreamId> {
        match self.seq.checked_sub(1) {
            Some(seq) => Some(StreamId { seq, ..self }),
            None => self.ms.checked_sub(1).map(|ms| StreamId { ms, seq: u64::MAX }),
        }
    }

    /// As it is in keys and in RDB: 16 bytes, the greater ones first.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 16] {
        let number = u128::from(self.ms) << 64 | u128::from(self.seq);
        number.to_be_bytes()
    }

    /// The reverse of [`StreamId::to_bytes`].
    #[must_use]
    pub fn from_bytes(bytes: [u8; 16]) -> StreamId {
        let number = u128::from_be_bytes(bytes);
        StreamId { ms: (number >> 64) as u64, seq: number as u64 }
    }

    /// Its text: `5-1`.
    #[must_use]
    pub fn text(self) -> IdText {
        let (mut ms, mut seq) = (itoa::Buffer::new(), itoa::Buffer::new());
        let (ms, seq) = (ms.format(self.ms).as_bytes(), seq.format(self.seq).as_bytes());
        let mut text = IdText { bytes: [b'-'; ID_BYTES_MAX], len: ms.len() + 1 + seq.len() };
        text.bytes[..ms.len()].copy_from_slice(ms);
        text.bytes[ms.len() + 1..text.len].copy_from_slice(seq);
        text
    }
}

impl Spelled {
    /// Reads an id; `None` if it is none.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Spelled> {
        if text.len() > TEXT_BYTES_MAX {
            return None;
        }
        // Redis looks at a C string.
        let text = text.split(|&byte| byte == 0).next().unwrap_or_default();
        let Some(dash) = text.iter().position(|&byte| byte == b'-') else {
            return parse_part(text).map(Spelled::Millis);
        };
        let ms = parse_part(&text[..dash])?;
        match &text[dash + 1..] {
            b"*" => Some(Spelled::AnySeq(ms)),
            seq => Some(Spelled::Whole(StreamId { ms, seq: parse_part(seq)? })),
        }
    }

    /// The id, with `missing_seq` in the place of a number that was not given.
    #[must_use]
    pub fn or_seq(self, missing_seq: u64) -> Option<StreamId> {
        match self {
            Spelled::Whole(id) => Some(id),
            Spelled::Millis(ms) => Some(StreamId { ms, seq: missing_seq }),
            Spelled::AnySeq(_) => None,
        }
    }
}

/// One of the two numbers. What is no canonical number is left to C's `strtoull` by Redis, which allows blanks, signs and leading zeros,
/// and lets negative numbers wrap around.
fn parse_part(text: &[u8]) -> Option<u64> {
    if let Some(number) = parse_i64(text) {
        return u64::try_from(number).ok();
    }
    let is_space = |byte: &u8| matches!(byte, b' ' | b'\t'..=b'\r');
    let start = text.iter().position(|byte| !is_space(byte))?;
    let (is_negative, digits) = match &text[start..] {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let add = |sum: u64, digit: &u8| sum.checked_mul(10)?.checked_add(u64::from(digit - b'0'));
    let number = digits.iter().try_fold(0, add)?;
    Some(if is_negative { number.wrapping_neg() } else { number })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_as_redis_reads_them() {
        let whole = |ms, seq| Some(Spelled::Whole(StreamId { ms, seq }));
        let cases: &[(&[u8], Option<Spelled>)] = &[
            (b"5", Some(Spelled::Millis(5))),
            (b"5-1", whole(5, 1)),
            (b"5-*", Some(Spelled::AnySeq(5))),
            (b"18446744073709551615-18446744073709551615", whole(u64::MAX, u64::MAX)),
            (b"18446744073709551616-0", None),
            (b"007-+1", whole(7, 1)),
            (b" 5-1", whole(5, 1)),
            (b"5 -1", None),
            (b"5--1", None),
            (b"5--01", whole(5, u64::MAX)),
            (b"5\0rubbish", Some(Spelled::Millis(5))),
            (b"-5", None),
            (b"5-", None),
            (b"-", None),
            (b"+", None),
            (b"*", None),
            (b"5-1-1", None),
            (b"", None),
            (&[b'1'; 128], None),
        ];
        for (text, expected) in cases {
            assert_eq!(Spelled::parse(text), *expected, "{}", text.escape_ascii());
        }
    }

    #[test]
    fn neighbours_reach_over_the_end_of_a_millisecond() {
        let (low, high) = (StreamId::new(4, u64::MAX), StreamId::new(5, 0));
        assert_eq!((low.next(), high.previous()), (Some(high), Some(low)));
        assert_eq!((StreamId::MAX.next(), StreamId::MIN.previous()), (None, None));
    }

    #[test]
    fn bytes_sort_as_ids_do() {
        let id = StreamId::new(1, 2);
        assert_eq!(StreamId::from_bytes(id.to_bytes()), id);
        assert!(id.to_bytes() < StreamId::new(1, 3).to_bytes());
        assert_eq!(*id.text(), *b"1-2");
        assert_eq!(*StreamId::MAX.text(), *b"18446744073709551615-18446744073709551615");
    }
}
