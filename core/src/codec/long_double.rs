//! What do INCRBYFLOAT and HINCRBYFLOAT calculate with?
//!
//! The 80-bit extended numbers of the x87, which C calls `long double` on the platforms that Redis
//! is measured by: a mantissa of 64 bits, so that 0.1 + 0.2 prints as 0.3. The arithmetic is
//! LLVM's, in integers, so that a result does not depend on the processor; reading and printing
//! follow Redis 7.0 (`string2ld`, `ld2string` with `LD_STR_HUMAN`).

use super::float_text::{Digits, FloatText, scan};
use alloc::format;
use alloc::vec::Vec;
use core::ops::Add;
use rustc_apfloat::ieee::{Double, X87DoubleExtended};
use rustc_apfloat::{Float, FloatConvert};

/// Redis copies the text into a buffer of 5 KiB, terminator included, and refuses what does not
/// fit.
const TEXT_BYTES_MAX: usize = 5 * 1024 - 1;

/// `%.17Lf`: the digits after the point, before trailing zeros are dropped.
const FRACTION_DIGITS: usize = 17;
const FRACTION_UNIT: u128 = 10u128.pow(FRACTION_DIGITS as u32);

/// How far the exponent field is above the power of two that the mantissa, as an integer, is
/// multiplied by.
const EXPONENT_BIAS: i32 = 16383 + 63;

/// A number of 64 significant bits and an exponent of 15.
#[derive(Clone, Copy, Debug)]
pub struct LongDouble(X87DoubleExtended);

impl LongDouble {
    /// The number that `text` stands for, rounded to the nearest (ties to even).
    ///
    /// Accepts decimal and hexadecimal numbers and infinities. `None` for anything else, for text
    /// of 5 KiB or more, for NaN, and for a finite number that overflows, or is not zero but rounds
    /// to it.
    pub fn parse(text: &[u8]) -> Option<Self> {
        if text.len() > TEXT_BYTES_MAX {
            return None;
        }
        match scan(text)? {
            FloatText::Infinity { negative } => {
                let infinity = X87DoubleExtended::INFINITY;
                Some(Self(if negative { -infinity } else { infinity }))
            }
            FloatText::Decimal(digits) => Self::in_range(digits.text, digits.is_zero),
            FloatText::Hexadecimal(Digits { text, is_zero, has_exponent: true }) => Self::in_range(text, is_zero),
            FloatText::Hexadecimal(digits) => Self::in_range(&format!("{}p0", digits.text), digits.is_zero),
        }
    }

    /// Neither infinite nor NaN. Redis refuses to store any other result.
    pub fn is_finite(self) -> bool {
        self.0.is_finite()
    }

    /// Not a number: what opposite infinities add up to.
    pub fn is_nan(self) -> bool {
        self.0.is_nan()
    }

    /// Appends the number in plain decimal notation with at most 17 digits after the point and no
    /// trailing zeros.
    ///
    /// At most 4934 bytes before the point, for the largest numbers. What rounds to zero is `0`,
    /// without a sign.
    pub fn push_human(self, out: &mut Vec<u8>) {
        let sign: &[u8] = if self.0.is_negative() { b"-" } else { b"" };
        if !self.0.is_finite() {
            let (sign, name): (_, &[u8]) = if self.0.is_nan() { (b"".as_slice(), b"nan") } else { (sign, b"inf") };
            out.extend_from_slice(sign);
            return out.extend_from_slice(name);
        }
        let bits = self.0.to_bits();
        let mantissa = bits as u64;
        let exponent_field = (bits >> 64) as i32 & 0x7fff;
        // Numbers below the normal range have an exponent field of 0 but count as if it were 1.
        let exponent = exponent_field.max(1) - EXPONENT_BIAS;
        if exponent >= 0 {
            out.extend_from_slice(sign);
            return push_shifted(out, mantissa, exponent.unsigned_abs());
        }
        let (whole, fraction) = split_at_point(mantissa, exponent.unsigned_abs());
        if (whole, fraction) != (0, 0) {
            out.extend_from_slice(sign);
        }
        super::number::push_u64(out, whole);
        push_fraction(out, fraction);
    }

    fn in_range(text: &str, is_zero: bool) -> Option<Self> {
        let value: X87DoubleExtended = text.parse().ok()?;
        (value.is_finite() && (is_zero || !value.is_zero())).then_some(Self(value))
    }
}

impl From<f64> for LongDouble {
    /// The same number: every double is one.
    fn from(value: f64) -> LongDouble {
        LongDouble(Double::from_bits(value.to_bits().into()).convert(&mut false).value)
    }
}

impl Add for LongDouble {
    type Output = Self;

    /// The sum, rounded to the nearest (ties to even). Too large a sum is infinite; opposite
    /// infinities give NaN.
    fn add(self, other: Self) -> Self {
        Self((self.0 + other.0).value)
    }
}

/// `mantissa` / 2^`shift`, for a shift of at least 1: the whole part, and the rest in units of
/// 10^-17, rounded half to even.
fn split_at_point(mantissa: u64, shift: u32) -> (u64, u64) {
    let whole = mantissa.checked_shr(shift).unwrap_or(0);
    let rest = match shift {
        ..64 => mantissa & ((1 << shift) - 1),
        _ => mantissa,
    };
    // Below 2^64 * 10^17, which is less than 2^121; shifted by 122 or more, that is less than half
    // a unit.
    let scaled = u128::from(rest) * FRACTION_UNIT;
    if shift >= 122 {
        return (whole, 0);
    }
    let (units, left) = (scaled >> shift, scaled & ((1 << shift) - 1));
    let half = 1 << (shift - 1);
    let units = units + u128::from(left > half || (left == half && units & 1 == 1));
    if units == FRACTION_UNIT { (whole + 1, 0) } else { (whole, units as u64) }
}

/// Appends the point and the digits of `units` of 10^-17, up to the last that is not zero.
fn push_fraction(out: &mut Vec<u8>, units: u64) {
    if units == 0 {
        return;
    }
    out.push(b'.');
    let mut digits = [b'0'; FRACTION_DIGITS];
    let mut buffer = itoa::Buffer::new();
    let text = buffer.format(units).as_bytes();
    digits[FRACTION_DIGITS - text.len()..].copy_from_slice(text);
    let kept = digits.iter().rposition(|digit| *digit != b'0').map_or(0, |last| last + 1);
    out.extend_from_slice(&digits[..kept]);
}

/// Appends `mantissa` * 2^`shift` in full. The shift is at most 16320: 512 words of 32 bits.
fn push_shifted(out: &mut Vec<u8>, mantissa: u64, shift: u32) {
    if shift <= 64 {
        let value = u128::from(mantissa) << shift;
        return out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
    }
    // Little end first.
    let mut words = alloc::vec![0u32; (shift / 32) as usize];
    let shifted = u128::from(mantissa) << (shift % 32);
    words.extend((0..3).map(|word| (shifted >> (32 * word)) as u32));

    // Nine digits at a time, the last first.
    const PIECE: u64 = 1_000_000_000;
    let mut pieces = Vec::new();
    while let Some(last) = words.iter().rposition(|word| *word != 0) {
        words.truncate(last + 1);
        let mut remainder = 0;
        for word in words.iter_mut().rev() {
            let value = remainder << 32 | u64::from(*word);
            *word = (value / PIECE) as u32;
            remainder = value % PIECE;
        }
        pieces.push(remainder);
    }
    let mut buffer = itoa::Buffer::new();
    for (index, piece) in pieces.iter().rev().enumerate() {
        let text = buffer.format(*piece).as_bytes();
        if index > 0 {
            out.resize(out.len() + 9 - text.len(), b'0');
        }
        out.extend_from_slice(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;
    use proptest::prelude::*;

    /// What INCRBYFLOAT would store for `value` and `increment`, or `None` where it gives an error.
    fn incremented(value: &str, increment: &str) -> Option<String> {
        let value = LongDouble::parse(value.as_bytes())?;
        let sum = value + LongDouble::parse(increment.as_bytes())?;
        sum.is_finite().then(|| printed(sum))
    }

    fn printed(value: LongDouble) -> String {
        let mut out = Vec::new();
        value.push_human(&mut out);
        String::from_utf8(out).expect("numbers are ASCII")
    }

    #[test]
    fn sums_are_those_of_redis() {
        // (value, increment, what redis-server 7.0 on x86-64 replies to INCRBYFLOAT)
        let cases = [
            ("0.1", "0.2", "0.3"),
            ("1.1", "2.2", "3.3"),
            ("10.5", "0.1", "10.6"),
            ("3.0e3", "0", "3000"),
            ("5.0e3", "2.0e2", "5200"),
            ("5.0e3", "200", "5200"),
            ("1e17", "1", "100000000000000001"),
            ("3", "1.1", "4.1"),
            ("-0", "0", "0"),
            ("-0.0", "-0.0", "0"),
            ("0.1", "-0.1", "0"),
            ("1", "-1.5", "-0.5"),
            ("1e-17", "0", "0.00000000000000001"),
            ("5e-18", "0", "0"),
            ("6e-18", "0", "0.00000000000000001"),
            ("-4e-18", "0", "0"),
            ("2.5e-17", "0", "0.00000000000000002"),
            ("3.5e-17", "0", "0.00000000000000004"),
            ("1e-16", "1", "1.0000000000000001"),
            ("1e20", "0.5", "100000000000000000000"),
            ("123456789012345678", "0.25", "123456789012345678.25"),
            ("18446744073709551615", "0", "18446744073709551615"),
            ("18446744073709551615", "1", "18446744073709551616"),
            ("18446744073709551616", "1", "18446744073709551616"),
            ("9007199254740993", "0.1", "9007199254740993.099609375"),
            ("1e30", "1", "1000000000000000000024696061952"),
            ("1e40", "0", "9999999999999999999783686092270256259072"),
            ("-1e25", "-1", "-10000000000000000000000000"),
            ("0.99999999999999999", "0", "0.99999999999999999"),
            ("0.999999999999999999", "0", "1"),
            ("1.23456789012345678901", "0", "1.23456789012345679"),
            ("0x1p3", "0", "8"),
            ("0x.8", "0x1p-3", "0.625"),
            ("-0xff", "0.5", "-254.5"),
            ("+1.5", ".5", "2"),
            ("1.", "1", "2"),
            ("1e-4950", "0", "0"),
            ("0e99999", "1", "1"),
            ("1e4000", "-1e4000", "0"),
        ];
        for (value, increment, expected) in cases {
            let sum = incremented(value, increment);
            assert_eq!(sum.as_deref(), Some(expected), "{value} + {increment}");
        }
    }

    #[test]
    fn what_redis_refuses_is_refused() {
        let cases = [
            "",
            " 1",
            "1 ",
            "1x",
            "1e",
            "0x",
            "0x1p",
            ".",
            "nan",
            "-nan",
            "2e4932",
            "1e4933",
            "-1e99999999999",
            "1e-4960",
            "1e-99999999999",
            "0x1p16384",
            "0x1p-16446",
        ];
        for text in cases {
            assert!(LongDouble::parse(text.as_bytes()).is_none(), "{text:?}");
        }
        // Infinities are read; it is the result that may not be one.
        for (value, increment) in [("inf", "1"), ("-Infinity", "0"), ("inf", "-inf"), ("1e4932", "1e4932")] {
            assert_eq!(incremented(value, increment), None, "{value} + {increment}");
        }
        let infinity = LongDouble::parse(b"-inf").expect("infinity is read");
        assert_eq!(printed(infinity), "-inf");
        let nan = infinity + LongDouble::parse(b"inf").expect("infinity is read");
        assert!(nan.is_nan());
        assert_eq!(printed(nan), "nan");
    }

    #[test]
    fn the_largest_numbers_are_written_in_full() {
        let text = printed(LongDouble::parse(b"1e4932").expect("it is in range"));
        assert_eq!(text.len(), 4933);
        assert!(text.starts_with("100000000000000000000601894938"));
        let power = printed(LongDouble::parse(b"0x1p200").expect("it is in range"));
        assert_eq!(power, "1606938044258990275541962092341162602522202993782792835301376");
    }

    #[test]
    fn length_is_bounded_as_in_redis() {
        let mut text = alloc::vec![b'0'; TEXT_BYTES_MAX];
        assert!(LongDouble::parse(&text).is_some());
        text.push(b'0');
        assert!(LongDouble::parse(&text).is_none());
    }

    proptest! {
        #[test]
        fn integers_of_64_bits_are_exact(value: i64) {
            let text = format!("{value}");
            prop_assert_eq!(incremented(&text, "0"), Some(text));
        }

        #[test]
        fn what_is_written_is_read_back_to_the_same_text(whole: u32, fraction: u64) {
            let text = incremented(&format!("{whole}.{fraction}"), "0").expect("it is in range");
            prop_assert_eq!(incremented(&text, "0"), Some(text));
        }

        #[test]
        fn any_bits_are_written_without_panic(bits: u128) {
            let text = printed(LongDouble(X87DoubleExtended::from_bits(bits & ((1 << 80) - 1))));
            prop_assert!(text.len() <= 4934);
        }
    }
}
