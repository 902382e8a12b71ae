//! How is one listpack entry laid out?
//!
//! An entry is a head (an encoding byte, for some encodings followed by more
//! of the integer or length), the string bytes if it is a string, and the
//! back-length: the size of head and string in groups of seven bits, which is
//! read from its end by whoever walks backward.
//!
//! | first byte  | meaning                                         |
//! |-------------|-------------------------------------------------|
//! | `0xxxxxxx`  | integer 0 to 127                                |
//! | `10xxxxxx`  | string of up to 63 bytes                        |
//! | `110xxxxx`  | 13-bit signed integer, high bits first          |
//! | `1110xxxx`  | string of up to 4095 bytes, length high first   |
//! | `F0`        | string, 32-bit little-endian length             |
//! | `F1` … `F4` | 16, 24, 32, 64-bit signed little-endian integer |
//! | `FF`        | the end of the listpack                         |

use alloc::vec::Vec;

use crate::codec::number::{i64_len, parse_i64, push_i64};

/// The longest head: encoding byte and 64-bit integer.
const HEAD_LEN_MAX: usize = 9;
/// The longest back-length, enough for 35 bits.
const BACK_LEN_MAX: usize = 5;

/// One element, borrowed from the bytes that hold it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry<'a> {
    /// An element stored as an integer; its value is its canonical decimal text.
    Int(i64),
    /// An element stored as bytes.
    Str(&'a [u8]),
}

impl Entry<'_> {
    /// Whether the element is the empty string.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Length of the element's text, in bytes.
    pub fn len(&self) -> usize {
        match *self {
            Entry::Int(value) => i64_len(value),
            Entry::Str(bytes) => bytes.len(),
        }
    }

    /// Appends the element's text to `out`.
    pub fn push_to(&self, out: &mut Vec<u8>) {
        match *self {
            Entry::Int(value) => push_i64(out, value),
            Entry::Str(bytes) => out.extend_from_slice(bytes),
        }
    }

    /// Whether the element's text is exactly `text`.
    pub fn eq_bytes(&self, text: &[u8]) -> bool {
        match *self {
            // The parser takes canonical text only, so equal values are equal texts.
            Entry::Int(value) => parse_i64(text) == Some(value),
            Entry::Str(bytes) => bytes == text,
        }
    }

    /// The element as an integer, if its text is a canonical one.
    pub fn to_i64(&self) -> Option<i64> {
        match *self {
            Entry::Int(value) => Some(value),
            Entry::Str(bytes) => parse_i64(bytes),
        }
    }
}

/// Size of head and string of the entry at the start of `rest`, in bytes.
///
/// `None` if the first byte is no encoding or the head is cut off. Whether
/// the string itself lies within `rest` is for the caller to check.
#[inline]
pub(super) fn body_len(rest: &[u8]) -> Option<usize> {
    Some(match *rest.first()? {
        0x00..=0x7F => 1,
        head @ 0x80..=0xBF => 1 + usize::from(head & 0x3F),
        0xC0..=0xDF => 2,
        0xE0..=0xEF => 2 + len_12_bit(rest.get(..2)?),
        0xF0 => len_32_bit(rest.get(..5)?).checked_add(5)?,
        0xF1 => 3,
        0xF2 => 4,
        0xF3 => 5,
        0xF4 => 9,
        0xF5..=0xFF => return None,
    })
}

/// Size of the back-length of an entry of `body_len` bytes.
///
/// The steps are those of Redis, which gives a value that would just fill its
/// groups (16383, 2097151, 268435455) one group more; 127 alone is exempt.
#[inline]
pub(super) const fn back_len(body_len: usize) -> usize {
    match body_len {
        0..=127 => 1,
        128..16_383 => 2,
        16_383..2_097_151 => 3,
        2_097_151..268_435_455 => 4,
        _ => 5,
    }
}

/// Size of the valid entry at `at` with its back-length, in bytes.
#[inline]
pub(super) fn entry_len(bytes: &[u8], at: usize) -> usize {
    let body = body_len(&bytes[at..]).expect("a listpack is validated when it is taken in");
    body + back_len(body)
}

/// Size of the valid entry that ends just before `end` with its back-length.
#[inline]
pub(super) fn entry_len_before(bytes: &[u8], end: usize) -> usize {
    let mut body = 0;
    let mut shift = 0;
    for &byte in bytes[..end].iter().rev().take(BACK_LEN_MAX) {
        body |= usize::from(byte & 0x7F) << shift;
        if byte & 0x80 == 0 {
            break;
        }
        shift += 7;
    }
    body + back_len(body)
}

/// The valid entry at `at`.
#[inline]
pub(super) fn decode(bytes: &[u8], at: usize) -> Entry<'_> {
    let rest = &bytes[at..];
    match rest[0] {
        head @ 0x00..=0x7F => Entry::Int(i64::from(head)),
        head @ 0x80..=0xBF => Entry::Str(&rest[1..1 + usize::from(head & 0x3F)]),
        0xC0..=0xDF => Entry::Int(int_13_bit(&rest[..2])),
        0xE0..=0xEF => Entry::Str(&rest[2..][..len_12_bit(&rest[..2])]),
        0xF0 => Entry::Str(&rest[5..][..len_32_bit(&rest[..5])]),
        0xF1 => Entry::Int(int_le(&rest[1..3])),
        0xF2 => Entry::Int(int_le(&rest[1..4])),
        0xF3 => Entry::Int(int_le(&rest[1..5])),
        0xF4 => Entry::Int(int_le(&rest[1..9])),
        0xF5..=0xFF => unreachable!("a listpack is validated when it is taken in"),
    }
}

fn len_12_bit(head: &[u8]) -> usize {
    usize::from(head[0] & 0x0F) << 8 | usize::from(head[1])
}

fn len_32_bit(head: &[u8]) -> usize {
    // An address space smaller than 32 bits is not supported; saturating there
    // makes the length too large for any buffer, which validation refuses.
    let len = u32::from_le_bytes([head[1], head[2], head[3], head[4]]);
    usize::try_from(len).unwrap_or(usize::MAX)
}

fn int_13_bit(head: &[u8]) -> i64 {
    let raw = u16::from_be_bytes([head[0] & 0x1F, head[1]]);
    // Bit 12 is the sign: move it to the top and let it smear on the way back.
    i64::from((raw << 3).cast_signed() >> 3)
}

/// A signed little-endian integer of one to eight bytes.
pub(in crate::codec) fn int_le(bytes: &[u8]) -> i64 {
    let mut raw = [0; 8];
    raw[8 - bytes.len()..].copy_from_slice(bytes);
    i64::from_le_bytes(raw) >> (64 - 8 * bytes.len())
}

/// An element in the form in which it is stored, ready to be copied in.
pub(super) struct Encoded<'a> {
    head: [u8; HEAD_LEN_MAX],
    head_len: usize,
    string: &'a [u8],
}

impl<'a> Encoded<'a> {
    /// Chooses the smallest encoding: an integer if the text is canonical.
    pub(super) fn new(value: &'a [u8]) -> Encoded<'a> {
        match parse_i64(value) {
            Some(int) => Encoded::int(int),
            None => Encoded::string(value),
        }
    }

    /// The encoding of an element: of bytes, the smallest.
    pub(super) fn of(element: Entry<'a>) -> Encoded<'a> {
        match element {
            Entry::Int(value) => Encoded::int(value),
            Entry::Str(bytes) => Encoded::new(bytes),
        }
    }

    fn int(value: i64) -> Encoded<'a> {
        let wide = value.to_le_bytes();
        let (first, tail_len) = match value {
            0..=0x7F => (wide[0], 0),
            -0x1000..=0xFFF => {
                let raw = [0xC0 | (wide[1] & 0x1F), wide[0]];
                return Encoded::with_head(&raw, &[]);
            }
            -0x8000..=0x7FFF => (0xF1, 2),
            -0x80_0000..=0x7F_FFFF => (0xF2, 3),
            -0x8000_0000..=0x7FFF_FFFF => (0xF3, 4),
            _ => (0xF4, 8),
        };
        let mut head = [first; HEAD_LEN_MAX];
        head[1..=tail_len].copy_from_slice(&wide[..tail_len]);
        Encoded::with_head(&head[..=tail_len], &[])
    }

    fn string(value: &'a [u8]) -> Encoded<'a> {
        let len = u32::try_from(value.len()).expect("callers ask would_fit before they add");
        let [b0, b1, b2, b3] = len.to_le_bytes();
        match len {
            0..=63 => Encoded::with_head(&[0x80 | b0], value),
            64..=4095 => Encoded::with_head(&[0xE0 | b1, b0], value),
            _ => Encoded::with_head(&[0xF0, b0, b1, b2, b3], value),
        }
    }

    fn with_head(bytes: &[u8], string: &'a [u8]) -> Encoded<'a> {
        let mut head = [0; HEAD_LEN_MAX];
        head[..bytes.len()].copy_from_slice(bytes);
        Encoded { head, head_len: bytes.len(), string }
    }

    fn body_len(&self) -> usize {
        self.head_len + self.string.len()
    }

    /// Size of the whole entry with its back-length, in bytes.
    pub(super) fn len(&self) -> usize {
        self.body_len() + back_len(self.body_len())
    }

    /// Fills `slot`, which is exactly [`Encoded::len`] bytes.
    pub(super) fn write_to(&self, slot: &mut [u8]) {
        let (head, rest) = slot.split_at_mut(self.head_len);
        let (string, back) = rest.split_at_mut(self.string.len());
        head.copy_from_slice(&self.head[..self.head_len]);
        string.copy_from_slice(self.string);
        write_back_len(self.body_len(), back);
    }
}

/// Fills `slot`, which is exactly `back_len(body_len)` bytes.
pub(super) fn write_back_len(body_len: usize, slot: &mut [u8]) {
    let mut rest = body_len;
    for byte in slot.iter_mut().rev() {
        *byte = (rest & 0x7F) as u8 | 0x80;
        rest >>= 7;
    }
    // The group that is written first is read last: it has no "more" bit.
    slot[0] &= 0x7F;
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn encoded(value: &[u8]) -> Vec<u8> {
        let entry = Encoded::new(value);
        let mut bytes = vec![0; entry.len()];
        entry.write_to(&mut bytes);
        bytes
    }

    fn encoded_int(value: i64) -> Vec<u8> {
        let mut text = Vec::new();
        push_i64(&mut text, value);
        encoded(&text)
    }

    #[test]
    fn integers_take_the_narrowest_encoding_at_every_boundary() {
        let cases: &[(i64, &[u8])] = &[
            (0, &[0x00, 1]),
            (127, &[0x7F, 1]),
            (128, &[0xC0, 0x80, 2]),
            (-1, &[0xDF, 0xFF, 2]),
            (4095, &[0xCF, 0xFF, 2]),
            (-4096, &[0xD0, 0x00, 2]),
            (4096, &[0xF1, 0x00, 0x10, 3]),
            (-4097, &[0xF1, 0xFF, 0xEF, 3]),
            (32767, &[0xF1, 0xFF, 0x7F, 3]),
            (-32768, &[0xF1, 0x00, 0x80, 3]),
            (32768, &[0xF2, 0x00, 0x80, 0x00, 4]),
            (-32769, &[0xF2, 0xFF, 0x7F, 0xFF, 4]),
            (8_388_607, &[0xF2, 0xFF, 0xFF, 0x7F, 4]),
            (-8_388_608, &[0xF2, 0x00, 0x00, 0x80, 4]),
            (8_388_608, &[0xF3, 0x00, 0x00, 0x80, 0x00, 5]),
            (-8_388_609, &[0xF3, 0xFF, 0xFF, 0x7F, 0xFF, 5]),
            (2_147_483_647, &[0xF3, 0xFF, 0xFF, 0xFF, 0x7F, 5]),
            (-2_147_483_648, &[0xF3, 0x00, 0x00, 0x00, 0x80, 5]),
            (2_147_483_648, &[0xF4, 0, 0, 0, 0x80, 0, 0, 0, 0, 9]),
            (i64::MIN, &[0xF4, 0, 0, 0, 0, 0, 0, 0, 0x80, 9]),
            (i64::MAX, &[0xF4, 255, 255, 255, 255, 255, 255, 255, 0x7F, 9]),
        ];
        for (value, bytes) in cases {
            assert_eq!(encoded_int(*value), *bytes, "{value}");
            assert_eq!(decode(bytes, 0), Entry::Int(*value));
            assert_eq!(entry_len(bytes, 0), bytes.len());
            assert_eq!(entry_len_before(bytes, bytes.len()), bytes.len());
        }
    }

    #[test]
    fn text_that_is_not_canonical_stays_a_string() {
        for text in ["", "-", "-0", "+1", "01", " 1", "1 ", "1.0", "0x1"] {
            assert_eq!(encoded(text.as_bytes())[0], 0x80 | text.len() as u8);
        }
        for text in ["9223372036854775808", "-9223372036854775809"] {
            assert_eq!(encoded(text.as_bytes())[0], 0x80 | text.len() as u8);
        }
    }

    #[test]
    fn strings_change_head_at_64_and_4096_bytes() {
        let cases: &[(usize, &[u8])] =
            &[(63, &[0xBF]), (64, &[0xE0, 64]), (4095, &[0xEF, 0xFF]), (4096, &[0xF0, 0x00, 0x10, 0x00, 0x00])];
        for (len, head) in cases {
            let text = vec![b'x'; *len];
            let bytes = encoded(&text);
            assert_eq!(&bytes[..head.len()], *head);
            assert_eq!(decode(&bytes, 0), Entry::Str(&text));
            assert_eq!(entry_len_before(&bytes, bytes.len()), bytes.len());
        }
    }

    #[test]
    fn back_lengths_follow_the_steps_of_redis() {
        let cases: &[(usize, &[u8])] = &[
            (1, &[1]),
            (127, &[0x7F]),
            (128, &[0x01, 0x80]),
            (16_382, &[0x7F, 0xFE]),
            (16_383, &[0x00, 0xFF, 0xFF]),
            (16_384, &[0x01, 0x80, 0x80]),
            (2_097_150, &[0x7F, 0xFF, 0xFE]),
            (2_097_151, &[0x00, 0xFF, 0xFF, 0xFF]),
            (268_435_454, &[0x7F, 0xFF, 0xFF, 0xFE]),
            (268_435_455, &[0x00, 0xFF, 0xFF, 0xFF, 0xFF]),
            (1 << 30, &[0x04, 0x80, 0x80, 0x80, 0x80]),
        ];
        for (body, bytes) in cases {
            let mut slot = vec![0; back_len(*body)];
            write_back_len(*body, &mut slot);
            assert_eq!(slot, *bytes, "{body}");
            assert_eq!(entry_len_before(&slot, slot.len()), body + slot.len(), "{body}");
        }
    }

    #[test]
    fn an_integer_equals_its_canonical_text_and_no_other() {
        assert!(Entry::Int(42).eq_bytes(b"42"));
        assert!(!Entry::Int(42).eq_bytes(b"042"));
        assert!(!Entry::Int(0).eq_bytes(b"-0"));
        assert_eq!(Entry::Int(i64::MIN).len(), 20);
        assert_eq!(Entry::Int(0).len(), 1);
        assert_eq!(Entry::Int(-10).len(), 3);
        assert_eq!(Entry::Str(b"7").to_i64(), Some(7));
        assert_eq!(Entry::Str(b"a").to_i64(), None);
    }
}
