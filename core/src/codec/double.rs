//! How are 64-bit floating-point numbers, such as the scores of sorted sets, read and written as
//! text?
//!
//! As Redis 7.0 does: read by the rules of C's `strtod` without leading blanks, leftovers and NaN,
//! and written by `%.17g`, which every reader takes back to the same number.

use super::float_text::{Digits, FloatText, scan};
use alloc::format;
use alloc::vec::Vec;
use core::fmt::Write;
use rustc_apfloat::Float;
use rustc_apfloat::ieee::Double;

/// Differs: longer hexadecimal numbers are refused, where Redis reads any number of digits. No
/// writer needs more than 22 bytes.
const HEX_TEXT_BYTES_MAX: usize = 4096;

/// Integers below this, which have at most 17 digits, are written by `%.17g` as integers.
const INTEGER_LIMIT: f64 = 1e17;

/// `{:.16e}` needs at most 24 bytes: a sign, 17 digits, a point, and an exponent like `e-324`.
const SCIENTIFIC_BYTES_MAX: usize = 24;

/// The number that `text` stands for, rounded to the nearest (ties to even).
///
/// Accepts decimal and hexadecimal numbers and infinities (`1`, `-.5e3`, `0x1p-3`, `+inf`,
/// `Infinity`). `None` for anything else, for NaN, and for a finite number that overflows, or is
/// not zero but rounds to it.
pub fn parse(text: &[u8]) -> Option<f64> {
    match scan(text)? {
        FloatText::Infinity { negative: false } => Some(f64::INFINITY),
        FloatText::Infinity { negative: true } => Some(f64::NEG_INFINITY),
        FloatText::Decimal(digits) => in_range(digits.text.parse().ok()?, digits.is_zero),
        FloatText::Hexadecimal(digits) => in_range(parse_hexadecimal(&digits)?, digits.is_zero),
    }
}

/// Appends `value` as C's `%.17g` prints it; infinities as `inf` and `-inf`.
pub fn push_17g(out: &mut Vec<u8>, value: f64) {
    if value.abs() < INTEGER_LIMIT && value as i64 as f64 == value && value.to_bits() != MINUS_ZERO {
        return super::number::push_i64(out, value as i64);
    }
    if !value.is_finite() {
        let text: &[u8] = match value {
            f64::INFINITY => b"inf",
            f64::NEG_INFINITY => b"-inf",
            // Differs: C also prints the sign of a NaN, which depends on the processor.
            _ => b"nan",
        };
        return out.extend_from_slice(text);
    }
    let mut scientific = Scientific::default();
    write!(scientific, "{value:.16e}").expect("the text is shorter than its buffer");
    scientific.push_general(out);
}

const MINUS_ZERO: u64 = 1 << 63;

fn in_range(value: f64, is_zero: bool) -> Option<f64> {
    (value.is_finite() && (value != 0.0 || is_zero)).then_some(value)
}

fn parse_hexadecimal(digits: &Digits<'_>) -> Option<f64> {
    if digits.text.len() > HEX_TEXT_BYTES_MAX {
        return None;
    }
    let value = if digits.has_exponent {
        digits.text.parse::<Double>()
    } else {
        format!("{}p0", digits.text).parse::<Double>()
    };
    Some(f64::from_bits(value.ok()?.to_bits() as u64))
}

/// The text of a number as `d.dddddddddddddddde±x`, to be laid out anew.
#[derive(Default)]
struct Scientific {
    bytes: [u8; SCIENTIFIC_BYTES_MAX],
    len: usize,
}

impl Write for Scientific {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        let end = self.len + text.len();
        let room = self.bytes.get_mut(self.len..end).ok_or(core::fmt::Error)?;
        room.copy_from_slice(text.as_bytes());
        self.len = end;
        Ok(())
    }
}

impl Scientific {
    /// Appends the number in the layout that `%g` picks for 17 digits: without an exponent if that
    /// is from -4 to 16, and always without trailing zeros.
    fn push_general(&self, out: &mut Vec<u8>) {
        let text = &self.bytes[..self.len];
        let (sign, unsigned) = match text {
            [b'-', unsigned @ ..] => (&text[..1], unsigned),
            unsigned => (&text[..0], unsigned),
        };
        let [first, b'.', rest @ ..] = unsigned else {
            unreachable!("a precision of 16 gives a point after the first digit");
        };
        let (fraction, exponent) = rest.split_at(16);
        let exponent = core::str::from_utf8(&exponent[1..]).ok();
        let exponent: i32 = exponent.and_then(|text| text.parse().ok()).expect("core writes a decimal exponent");

        let mut digits = [*first; 17];
        digits[1..].copy_from_slice(fraction);
        let kept = digits.iter().rposition(|digit| *digit != b'0').map_or(1, |last| last + 1);
        let digits = &digits[..kept];

        out.extend_from_slice(sign);
        match exponent {
            ..-4 | 17.. => push_with_exponent(out, digits, exponent),
            ..0 => {
                out.extend_from_slice(&b"0.000"[..1 + exponent.unsigned_abs() as usize]);
                out.extend_from_slice(digits);
            }
            _ => push_fixed(out, digits, exponent as usize + 1),
        }
    }
}

fn push_with_exponent(out: &mut Vec<u8>, digits: &[u8], exponent: i32) {
    push_fixed(out, digits, 1);
    out.extend_from_slice(if exponent < 0 { b"e-" } else { b"e+" });
    let magnitude = exponent.unsigned_abs();
    if magnitude < 10 {
        out.push(b'0');
    }
    super::number::push_u64(out, magnitude.into());
}

/// Appends `digits` with a point after the first `whole`, of which the missing ones are zeros.
fn push_fixed(out: &mut Vec<u8>, digits: &[u8], whole: usize) {
    match digits.split_at_checked(whole) {
        Some((whole, fraction)) => {
            out.extend_from_slice(whole);
            if !fraction.is_empty() {
                out.push(b'.');
                out.extend_from_slice(fraction);
            }
        }
        None => {
            out.extend_from_slice(digits);
            out.resize(out.len() + whole - digits.len(), b'0');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;
    use proptest::prelude::*;

    fn printed(value: f64) -> String {
        let mut out = Vec::new();
        push_17g(&mut out, value);
        String::from_utf8(out).expect("numbers are ASCII")
    }

    #[test]
    fn strings_are_read_as_redis_reads_scores() {
        let max = f64::MAX;
        let cases: &[(&str, Option<f64>)] = &[
            ("0", Some(0.0)),
            ("1", Some(1.0)),
            ("+1", Some(1.0)),
            ("-1.5", Some(-1.5)),
            ("1.", Some(1.0)),
            (".5", Some(0.5)),
            ("00012", Some(12.0)),
            ("1e3", Some(1000.0)),
            ("1E+3", Some(1000.0)),
            ("1e-3", Some(0.001)),
            ("0e999999", Some(0.0)),
            ("1.7976931348623157e308", Some(max)),
            ("4.9406564584124654e-324", Some(5e-324)),
            ("9007199254740993", Some(9_007_199_254_740_992.0)),
            ("inf", Some(f64::INFINITY)),
            ("+INF", Some(f64::INFINITY)),
            ("-Infinity", Some(f64::NEG_INFINITY)),
            ("0x1p3", Some(8.0)),
            ("0X1.8P+1", Some(3.0)),
            ("-0x.8", Some(-0.5)),
            ("0xff", Some(255.0)),
            ("0x1.fffffffffffff8p0", Some(2.0)),
            ("0x1p-1074", Some(5e-324)),
            ("", None),
            (" 1", None),
            ("1 ", None),
            ("1x", None),
            ("1e", None),
            ("1e+", None),
            ("e3", None),
            (".", None),
            ("+", None),
            ("--1", None),
            ("+-1", None),
            ("1.2.3", None),
            ("infi", None),
            ("nan", None),
            ("-nan", None),
            ("nan(1)", None),
            ("0x", None),
            ("0x.", None),
            ("0x1p", None),
            ("0x1e+3", None),
            ("1e309", None),
            ("-1e309", None),
            ("1e-400", None),
            ("0x1p1024", None),
            ("0x1p-1080", None),
            ("1\u{661}", None),
            ("1_000", None),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text.as_bytes()), *expected, "{text:?}");
        }
        assert_eq!(parse(b"-0").map(f64::to_bits), Some(MINUS_ZERO));
        assert_eq!(parse(b"1\0"), None);
        assert_eq!(parse(b"1\xff"), None);
    }

    #[test]
    fn numbers_are_written_as_c_writes_them() {
        let cases: &[(f64, &str)] = &[
            (0.0, "0"),
            (-0.0, "-0"),
            (1.0, "1"),
            (-42.0, "-42"),
            (0.1, "0.10000000000000001"),
            (2.3, "2.2999999999999998"),
            (-1.5, "-1.5"),
            (100.25, "100.25"),
            (0.0001, "0.0001"),
            (0.00012, "0.00012"),
            (0.00001, "1.0000000000000001e-05"),
            (1e-7, "9.9999999999999995e-08"),
            (1e16, "10000000000000000"),
            (99999999999999984.0, "99999999999999984"),
            (1e17, "1e+17"),
            (-1e17, "-1e+17"),
            (1.2345678901234567e17, "1.2345678901234566e+17"),
            (1e21, "1e+21"),
            (1e100, "1e+100"),
            (f64::MAX, "1.7976931348623157e+308"),
            (5e-324, "4.9406564584124654e-324"),
            (-2.2250738585072014e-308, "-2.2250738585072014e-308"),
            (9007199254740993.0, "9007199254740992"),
            // Halfway between two 17-digit numbers: the even one.
            (1e15 + 0.25, "1000000000000000.2"),
            (1e15 + 0.75, "1000000000000000.8"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
            (f64::NAN, "nan"),
        ];
        for (value, expected) in cases {
            assert_eq!(printed(*value), *expected);
        }
    }

    proptest! {
        #[test]
        fn numbers_survive_being_written_and_read(bits: u64) {
            let value = f64::from_bits(bits);
            if !value.is_nan() {
                let text = printed(value);
                prop_assert_eq!(parse(text.as_bytes()).map(f64::to_bits), Some(bits), "{}", text);
            }
        }

        #[test]
        fn any_bytes_are_refused_or_read(
            bytes in prop::collection::vec(prop::sample::select(b"019abefxpinyt.+- ".as_slice()), 0..20),
        ) {
            parse(&bytes);
        }
    }
}
