//! Many texts in one buffer, and the numbers that they spell.

use alloc::vec::Vec;
use core::ops::Index;

use crate::codec::double;
use crate::value::Text;

/// Texts one after the other.
#[derive(Debug, Default)]
pub(super) struct Texts {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Texts {
    pub(super) fn push(&mut self, text: Text<'_>) {
        text.push_to(&mut self.bytes);
        self.ends.push(self.bytes.len());
    }

    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }
}

impl Index<usize> for Texts {
    type Output = [u8];

    /// Text `index`; empty past the last one.
    fn index(&self, index: usize) -> &[u8] {
        let start = index.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        let end = self.ends.get(index).copied().unwrap_or(start);
        self.bytes.get(start..end).unwrap_or_default()
    }
}

/// The number that a text spells, read as Redis reads it here: by `strtod`, which passes over leading blanks and ends at a zero byte, and
/// with no refusal of the empty text. None if anything is left over, for NaN, and for what no double stands for without loss of range.
pub(super) fn parse_score(text: &[u8]) -> Option<f64> {
    let shown = text.iter().position(|byte| *byte == 0).unwrap_or(text.len());
    let text = &text[..shown];
    if text.is_empty() {
        return Some(0.0);
    }
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | 0x0b | 0x0c | b'\r');
    let first = text.iter().position(|byte| !is_blank(byte))?;
    // Decimal digits never spell one of the smallest numbers exactly: C tells of that as of an overflow.
    let is_hexadecimal = text.iter().any(|byte| byte.eq_ignore_ascii_case(&b'x'));
    double::parse(&text[first..]).filter(|value| is_hexadecimal || !value.is_subnormal())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_c_reads_them() {
        let cases: &[(&[u8], Option<f64>)] = &[
            (b"", Some(0.0)),
            (b"\0abc", Some(0.0)),
            (b" ", None),
            (b" \t1", Some(1.0)),
            (b"1 ", None),
            (b"1\0abc", Some(1.0)),
            (b"0x10", Some(16.0)),
            (b"-inf", Some(f64::NEG_INFINITY)),
            (b"nan", None),
            (b"1e309", None),
            (b"1e-309", None),
            (b"0x1p-1074", Some(f64::from_bits(1))),
            (b"abc", None),
        ];
        for (text, number) in cases {
            assert_eq!(parse_score(text), *number, "{}", text.escape_ascii());
        }
    }

    #[test]
    fn texts_come_back_one_by_one_and_past_the_end_none() {
        let mut texts = Texts::default();
        for text in [Text::Bytes(b"a"), Text::Bytes(b""), Text::Int(-7)] {
            texts.push(text);
        }
        assert_eq!([&texts[0], &texts[1], &texts[2], &texts[3]], [&b"a"[..], b"", b"-7", b""]);
    }
}
