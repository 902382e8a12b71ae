//! What shape of number does a string have, by the rules of C's `strtod` and `strtold`?
//!
//! Redis reads scores and float increments with these, then refuses leading blanks and anything
//! left over. What passes here is ready for a converter, which need not, and must not, have syntax
//! of its own: a sign, digits of one radix, at most one point, an exponent with digits.

/// A string that is a number as a whole. NaN is none: Redis refuses it everywhere.
pub(super) enum FloatText<'a> {
    Infinity {
        negative: bool,
    },
    Decimal(Digits<'a>),
    /// With its `0x`; the exponent, of two and after a `p`, may be missing.
    Hexadecimal(Digits<'a>),
}

/// The text of a finite number, sign included.
pub(super) struct Digits<'a> {
    pub(super) text: &'a str,
    /// All digits are zero. Other text whose value rounds to zero has underflowed.
    pub(super) is_zero: bool,
    pub(super) has_exponent: bool,
}

/// The shape of `text`, or `None` if it is empty or not a number from its first byte to its last.
pub(super) fn scan(text: &[u8]) -> Option<FloatText<'_>> {
    let (negative, unsigned) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    if unsigned.eq_ignore_ascii_case(b"inf") || unsigned.eq_ignore_ascii_case(b"infinity") {
        return Some(FloatText::Infinity { negative });
    }
    match unsigned {
        [b'0', b'x' | b'X', digits @ ..] => {
            scan_digits(text, digits, u8::is_ascii_hexdigit, b'p').map(FloatText::Hexadecimal)
        }
        digits => scan_digits(text, digits, u8::is_ascii_digit, b'e').map(FloatText::Decimal),
    }
}

fn scan_digits<'a>(text: &'a [u8], digits: &[u8], is_digit: fn(&u8) -> bool, exponent_mark: u8) -> Option<Digits<'a>> {
    let mut any_digit = false;
    let mut is_zero = true;
    let mut point_seen = false;
    let mut has_exponent = false;
    for (index, byte) in digits.iter().enumerate() {
        if is_digit(byte) {
            any_digit = true;
            is_zero &= *byte == b'0';
        } else if *byte == b'.' && !point_seen {
            point_seen = true;
        } else if byte.eq_ignore_ascii_case(&exponent_mark) && is_exponent(&digits[index + 1..]) {
            has_exponent = true;
            break;
        } else {
            return None;
        }
    }
    let text = core::str::from_utf8(text).ok().filter(|_| any_digit)?;
    Some(Digits { text, is_zero, has_exponent })
}

fn is_exponent(text: &[u8]) -> bool {
    let digits = match text {
        [b'-' | b'+', digits @ ..] => digits,
        digits => digits,
    };
    !digits.is_empty() && digits.iter().all(u8::is_ascii_digit)
}
