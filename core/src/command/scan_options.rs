//! What did the client of SCAN or HSCAN ask for besides a position?
//!
//! Options may come in any order and repeatedly, the last one counting, as in Redis 7.0.

use crate::codec::number::parse_i64;
use crate::resp::Args;

use super::CommandError;
use super::exec::is_word;
use super::reply_error::{INVALID_CURSOR, NOT_AN_INTEGER, SYNTAX};

/// How many elements a step is asked for when the client does not say.
const COUNT_DEFAULT: usize = 10;

/// The options of one step of a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ScanOptions<'a> {
    /// The glob that names must match; none if all do.
    pub(super) pattern: Option<&'a [u8]>,
    /// About how many elements to visit, at least 1. A wish, not a size: the client may ask for any number.
    pub(super) count: usize,
    /// The type that values must have.
    pub(super) type_name: Option<&'a [u8]>,
    /// Only the names of fields are wanted.
    pub(super) without_values: bool,
}

/// What is scanned, since not every option is for everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scanned {
    /// The keys of a database, of a `TYPE` if told.
    Keys,
    /// The fields of a hash, with `NOVALUES` alone. Differs: Redis 7.0 does not know the word, 7.4 does.
    Fields,
    /// The members of a set or sorted set.
    Members,
}

/// The number that a client gives as its position.
///
/// Redis reads it with C's `strtoul`: a sign may lead, `-n` means 2^64 - n, and the empty string is 0.
/// Anything else but digits is refused, and so is a number of more than 64 bits.
pub(super) fn parse_cursor(arg: &[u8]) -> Result<u64, CommandError> {
    let (is_negative, digits) = match arg {
        [] => return Ok(0),
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    let cursor = parse_digits(digits).ok_or(INVALID_CURSOR)?;
    Ok(if is_negative { cursor.wrapping_neg() } else { cursor })
}

/// The options from argument `from` on.
pub(super) fn parse_options<'a>(
    args: Args<'a>,
    from: usize,
    scanned: Scanned,
) -> Result<ScanOptions<'a>, CommandError> {
    let mut options = ScanOptions { pattern: None, count: COUNT_DEFAULT, type_name: None, without_values: false };
    let mut words = args.iter_from(from);
    while let Some(word) = words.next() {
        if scanned == Scanned::Fields && is_word(word, "NOVALUES") {
            options.without_values = true;
            continue;
        }
        let Some(value) = words.next() else {
            return Err(SYNTAX);
        };
        if is_word(word, "COUNT") {
            options.count = parse_count(value)?;
        } else if is_word(word, "MATCH") {
            // A pattern that everything matches is no pattern: matching is not even tried.
            options.pattern = (value != b"*").then_some(value);
        } else if scanned == Scanned::Keys && is_word(word, "TYPE") {
            options.type_name = Some(value);
        } else {
            return Err(SYNTAX);
        }
    }
    Ok(options)
}

fn parse_count(arg: &[u8]) -> Result<usize, CommandError> {
    match parse_i64(arg).ok_or(NOT_AN_INTEGER)? {
        ..1 => Err(SYNTAX),
        count => Ok(usize::try_from(count).unwrap_or(usize::MAX)),
    }
}

/// A number in decimal, leading zeros allowed.
fn parse_digits(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0u64, |number, byte| {
        let digit = char::from(*byte).to_digit(10)?;
        number.checked_mul(10)?.checked_add(u64::from(digit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resp::{Parsed, RequestLimits, RequestParser};

    #[test]
    fn a_cursor_is_read_like_strtoul() {
        let cases: &[(&str, Option<u64>)] = &[
            ("0", Some(0)),
            ("", Some(0)),
            ("007", Some(7)),
            ("+1", Some(1)),
            ("-1", Some(u64::MAX)),
            ("18446744073709551615", Some(u64::MAX)),
            ("-18446744073709551615", Some(1)),
            ("18446744073709551616", None),
            (" 1", None),
            ("1 ", None),
            ("0x10", None),
            ("abc", None),
            ("-", None),
            ("+", None),
            ("--1", None),
        ];
        for (text, cursor) in cases {
            let expected = cursor.ok_or(INVALID_CURSOR);
            assert_eq!(parse_cursor(text.as_bytes()), expected, "{text:?}");
        }
    }

    /// Parses the options of a request line, of which the name is the first word.
    fn parsed(line: &str, scanned: Scanned, check: impl FnOnce(Result<ScanOptions<'_>, CommandError>)) {
        let bytes = alloc::format!("{line}\n").into_bytes();
        let limits = RequestLimits { bulk_bytes_max: 1 << 20, args_max: 100 };
        let mut parser = RequestParser::default();
        assert_eq!(parser.advance(&bytes, &limits), Parsed::Complete(bytes.len()));
        check(parse_options(parser.args(&bytes), 1, scanned));
    }

    #[test]
    fn options_come_in_any_order_and_the_last_one_counts() {
        parsed("x COUNT 5 match a* TYPE hash count 7 Match b*", Scanned::Keys, |options| {
            let expected =
                ScanOptions { pattern: Some(b"b*"), count: 7, type_name: Some(b"hash"), without_values: false };
            assert_eq!(options, Ok(expected));
        });
        parsed("x MATCH a MATCH *", Scanned::Keys, |options| {
            let expected = ScanOptions { pattern: None, count: 10, type_name: None, without_values: false };
            assert_eq!(options, Ok(expected));
        });
        parsed("x novalues MATCH a", Scanned::Fields, |options| {
            let expected = ScanOptions { pattern: Some(b"a"), count: 10, type_name: None, without_values: true };
            assert_eq!(options, Ok(expected));
        });
    }

    #[test]
    fn options_that_redis_refuses_are_refused_in_its_words() {
        let cases = [
            ("x count", SYNTAX),
            ("x foo", SYNTAX),
            ("x foo bar", SYNTAX),
            ("x match", SYNTAX),
            ("x count 0", SYNTAX),
            ("x count -5", SYNTAX),
            ("x count abc foo", NOT_AN_INTEGER),
            ("x count 99999999999999999999", NOT_AN_INTEGER),
            ("x type hash", SYNTAX),
            ("x novalues", SYNTAX),
            ("x novalues count 5", SYNTAX),
        ];
        for (line, error) in cases {
            parsed(line, Scanned::Members, |options| assert_eq!(options, Err(error), "{line}"));
        }
    }
}
