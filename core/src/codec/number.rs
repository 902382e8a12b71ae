//! Which byte strings are integers, and how is an integer written?
//!
//! Redis takes a string for an integer only if writing that integer gives the same string back
//! (`string2ll`): no plus sign, no leading zero, no `-0`, no space. Values that pass can be stored
//! as integers without losing anything. This runs for nearly every command.

use alloc::vec::Vec;

/// As many decimal digits as always fit in 63 bits, so that no step needs an overflow check.
const DIGITS_SAFE: usize = 18;

/// The signed integer that `text` is the canonical form of.
#[inline]
pub fn parse_i64(text: &[u8]) -> Option<i64> {
    match text {
        [b'-', digits @ ..] => match parse_u64(digits)? {
            0 => None,
            magnitude => 0i64.checked_sub_unsigned(magnitude),
        },
        digits => i64::try_from(parse_u64(digits)?).ok(),
    }
}

/// The unsigned integer that `text` is the canonical form of.
#[inline]
pub fn parse_u64(text: &[u8]) -> Option<u64> {
    match text {
        [] => None,
        [b'0'] => Some(0),
        [b'0', ..] => None,
        _ => {
            let (safe, rest) = text.split_at(text.len().min(DIGITS_SAFE));
            let mut value = 0;
            for byte in safe {
                value = value * 10 + digit(*byte)?;
            }
            // At most two digits are left to a number that fits; the first that does not fit ends
            // the loop.
            for byte in rest {
                value = value.checked_mul(10)?.checked_add(digit(*byte)?)?;
            }
            Some(value)
        }
    }
}

/// Appends `value` in decimal.
#[inline]
pub fn push_i64(out: &mut Vec<u8>, value: i64) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// Appends `value` in decimal.
#[inline]
pub fn push_u64(out: &mut Vec<u8>, value: u64) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// How many bytes [`push_i64`] would append, sign included.
#[inline]
pub fn i64_len(value: i64) -> usize {
    let digits = value.unsigned_abs().checked_ilog10().unwrap_or(0) as usize + 1;
    digits + usize::from(value < 0)
}

#[inline]
fn digit(byte: u8) -> Option<u64> {
    let value = byte.wrapping_sub(b'0');
    (value <= 9).then_some(u64::from(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_the_canonical_form_is_an_integer() {
        let cases: &[(&[u8], Option<i64>)] = &[
            (b"0", Some(0)),
            (b"7", Some(7)),
            (b"-1", Some(-1)),
            (b"123456789012345678", Some(123_456_789_012_345_678)),
            (b"1234567890123456789", Some(1_234_567_890_123_456_789)),
            (b"9223372036854775807", Some(i64::MAX)),
            (b"-9223372036854775808", Some(i64::MIN)),
            (b"9223372036854775808", None),
            (b"-9223372036854775809", None),
            (b"18446744073709551616", None),
            (b"99999999999999999999", None),
            (b"100000000000000000000000000000", None),
            (b"", None),
            (b"-", None),
            (b"+1", None),
            (b"-0", None),
            (b"00", None),
            (b"01", None),
            (b"-01", None),
            (b"--1", None),
            (b" 1", None),
            (b"1 ", None),
            (b"1.0", None),
            (b"1e3", None),
            (b"0x1", None),
            (b"1:", None),
            (b"1/", None),
            (b"123456789012345678x", None),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_i64(text), *expected, "{:?}", text.escape_ascii());
        }
    }

    #[test]
    fn unsigned_integers_reach_to_64_bits() {
        let cases: &[(&[u8], Option<u64>)] = &[
            (b"18446744073709551615", Some(u64::MAX)),
            (b"18446744073709551616", None),
            (b"-1", None),
            (b"0", Some(0)),
            (b"", None),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_u64(text), *expected, "{:?}", text.escape_ascii());
        }
    }

    #[test]
    fn lengths_hold_at_every_power_of_ten() {
        let mut out = Vec::new();
        let powers = (0..19).map(|power| 10i64.pow(power));
        for value in powers.flat_map(|power| [power, power - 1, -power]).chain([i64::MIN, i64::MAX]) {
            out.clear();
            push_i64(&mut out, value);
            assert_eq!(out.len(), i64_len(value), "{value}");
        }
    }

    proptest! {
        #[test]
        fn integers_survive_being_written_and_read(signed: i64, unsigned: u64) {
            let mut out = Vec::new();
            push_i64(&mut out, signed);
            prop_assert_eq!(parse_i64(&out), Some(signed));
            out.clear();
            push_u64(&mut out, unsigned);
            prop_assert_eq!(parse_u64(&out), Some(unsigned));
        }
    }
}
