//! Requests off the wire: RESP arrays of bulk strings, and inline lines, parsed in place.
//!
//! A [`RequestParser`] is handed the bytes from the start of a request on. If they end too early it remembers how far it
//! came, so that a long request that arrives in many pieces is looked at once, not once per piece.

use alloc::vec::Vec;
use core::fmt;
use core::ops::Range;

use crate::codec::number::parse_i64;

use super::args::Args;

/// Longest inline request and longest length line, in bytes, as in Redis.
const INLINE_BYTES_MAX: usize = 64 * 1024;
/// Spans kept between requests; a request with more gives its memory back.
const SPANS_KEPT: usize = 1024;

/// Bounds on what a peer may send.
#[derive(Clone, Copy, Debug)]
pub struct RequestLimits {
    /// Longest bulk string in bytes (`proto-max-bulk-len`).
    pub bulk_bytes_max: u64,
    /// Most arguments.
    pub args_max: u64,
}

impl RequestLimits {
    /// What a peer may send before it has authenticated.
    pub const UNAUTHENTICATED: RequestLimits = RequestLimits { bulk_bytes_max: 16_384, args_max: 10 };
    /// What a master may send: what it has accepted itself. The bound on a whole request holds all the same.
    pub const FROM_MASTER: RequestLimits = RequestLimits { bulk_bytes_max: u64::MAX / 2, args_max: u64::MAX };
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parsed {
    /// A whole request of this many bytes; see [`RequestParser::args`]. It may have no arguments (an empty line).
    Complete(usize),
    /// The request is not complete yet.
    Incomplete,
    /// The peer does not speak the protocol: tell it, and hang up.
    Broken(ProtocolError),
}

/// A violation of the protocol, in Redis's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProtocolError {
    /// A line without end.
    InlineTooBig,
    /// A quote without its partner.
    UnbalancedQuotes,
    /// An array length without end of line.
    CountTooBig,
    /// An array length that is no number, or out of range.
    CountInvalid,
    /// Too many arguments before authentication.
    CountUnauthenticated,
    /// A bulk length without end of line.
    BulkLineTooBig,
    /// Something else where a bulk string must begin.
    NotABulk(u8),
    /// A bulk length that is no number, or out of range.
    BulkInvalid,
    /// Too long a string before authentication.
    BulkUnauthenticated,
    /// More than 4 GiB in one request.
    RequestTooBig,
}

impl fmt::Display for ProtocolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Protocol error: ")?;
        match self {
            ProtocolError::InlineTooBig => f.write_str("too big inline request"),
            ProtocolError::UnbalancedQuotes => f.write_str("unbalanced quotes in request"),
            ProtocolError::CountTooBig => f.write_str("too big mbulk count string"),
            ProtocolError::CountInvalid => f.write_str("invalid multibulk length"),
            ProtocolError::CountUnauthenticated => f.write_str("unauthenticated multibulk length"),
            ProtocolError::BulkLineTooBig => f.write_str("too big bulk count string"),
            ProtocolError::NotABulk(found) => write!(f, "expected '$', got '{}'", char::from(*found).escape_default()),
            ProtocolError::BulkInvalid => f.write_str("invalid bulk length"),
            ProtocolError::BulkUnauthenticated => f.write_str("unauthenticated bulk length"),
            ProtocolError::RequestTooBig => f.write_str("request of more than 4 GiB"),
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    /// Nothing of the request was understood yet.
    #[default]
    Start,
    /// Inside an array: this many bulk strings are missing.
    Bulks { missing: u32 },
}

/// The parser of one request at a time.
#[derive(Clone, Debug, Default)]
pub struct RequestParser {
    spans: Vec<Range<u32>>,
    stage: Stage,
    /// Bytes understood so far.
    at: usize,
    /// The unquoted arguments of an inline request, one after the other.
    inline: Vec<u8>,
    is_inline: bool,
    is_canonical: bool,
}

impl RequestParser {
    /// Makes ready for the next request.
    #[inline]
    pub fn reset(&mut self) {
        self.spans.clear();
        if self.spans.capacity() > SPANS_KEPT {
            self.spans.shrink_to(SPANS_KEPT);
        }
        self.stage = Stage::Start;
        self.at = 0;
        self.is_inline = false;
    }

    /// Goes on with the request that starts at `buffer[0]`; earlier calls saw a prefix of the same bytes.
    pub fn advance(&mut self, buffer: &[u8], limits: &RequestLimits) -> Parsed {
        if u32::try_from(buffer.len()).is_err() && self.at > u32::MAX as usize / 2 {
            return Parsed::Broken(ProtocolError::RequestTooBig);
        }
        match self.step(buffer, limits) {
            Ok(parsed) => parsed,
            Err(error) => Parsed::Broken(error),
        }
    }

    /// The arguments of the complete request that `buffer` begins with.
    #[inline]
    #[must_use]
    pub fn args<'a>(&'a self, buffer: &'a [u8]) -> Args<'a> {
        Args::new(if self.is_inline { &self.inline } else { buffer }, &self.spans)
    }

    /// True if the complete request's bytes are exactly what [`push_command`](super::push_command) would write, so
    /// that they may be passed on as they are.
    #[inline]
    #[must_use]
    pub fn is_canonical(&self) -> bool {
        self.is_canonical && !self.is_inline
    }

    fn step(&mut self, buffer: &[u8], limits: &RequestLimits) -> Result<Parsed, ProtocolError> {
        if self.stage == Stage::Start {
            match buffer.first() {
                None => return Ok(Parsed::Incomplete),
                Some(b'*') => {}
                Some(_) => return self.inline(buffer),
            }
            let Some((count, after)) = length_line(buffer, 1, ProtocolError::CountTooBig, ProtocolError::CountInvalid)?
            else {
                return Ok(Parsed::Incomplete);
            };
            self.at = after;
            self.is_canonical = buffer[after - 1] == b'\n';
            if count <= 0 {
                return Ok(Parsed::Complete(after));
            }
            let missing = u32::try_from(count).ok().filter(|&n| n <= i32::MAX as u32);
            let missing = missing.ok_or(ProtocolError::CountInvalid)?;
            if u64::from(missing) > limits.args_max {
                return Err(ProtocolError::CountUnauthenticated);
            }
            self.stage = Stage::Bulks { missing };
        }
        self.bulks(buffer, limits)
    }

    fn bulks(&mut self, buffer: &[u8], limits: &RequestLimits) -> Result<Parsed, ProtocolError> {
        let Stage::Bulks { mut missing } = self.stage else { return Ok(Parsed::Incomplete) };
        while missing > 0 {
            match buffer.get(self.at) {
                None => break,
                Some(b'$') => {}
                Some(&other) => return Err(ProtocolError::NotABulk(other)),
            }
            let too_big = ProtocolError::BulkLineTooBig;
            let Some((len, after)) = length_line(buffer, self.at + 1, too_big, ProtocolError::BulkInvalid)? else {
                break;
            };
            let len = u64::try_from(len).map_err(|_| ProtocolError::BulkInvalid)?;
            if len > limits.bulk_bytes_max {
                let unauthenticated = limits.args_max == RequestLimits::UNAUTHENTICATED.args_max;
                return Err(if unauthenticated {
                    ProtocolError::BulkUnauthenticated
                } else {
                    ProtocolError::BulkInvalid
                });
            }
            let end = after as u64 + len;
            let span_end = u32::try_from(end).map_err(|_| ProtocolError::RequestTooBig)?;
            if (buffer.len() as u64) < end + 2 {
                break;
            }
            let end = end as usize;
            self.is_canonical &= buffer[after - 1] == b'\n' && &buffer[end..end + 2] == b"\r\n";
            self.spans.push(after as u32..span_end);
            self.at = end + 2;
            missing -= 1;
        }
        self.stage = Stage::Bulks { missing };
        Ok(if missing == 0 { Parsed::Complete(self.at) } else { Parsed::Incomplete })
    }

    fn inline(&mut self, buffer: &[u8]) -> Result<Parsed, ProtocolError> {
        let Some(end) = buffer.iter().take(INLINE_BYTES_MAX + 1).position(|&b| b == b'\n') else {
            if buffer.len() > INLINE_BYTES_MAX {
                return Err(ProtocolError::InlineTooBig);
            }
            return Ok(Parsed::Incomplete);
        };
        let line = buffer[..end].strip_suffix(b"\r").unwrap_or(&buffer[..end]);
        self.is_inline = true;
        self.inline.clear();
        split_words(line, &mut self.inline, &mut self.spans)?;
        Ok(Parsed::Complete(end + 1))
    }
}

/// Reads digits from `from` up to a line end: the number, and the index after the line end. Nothing if the line is not
/// complete yet.
#[inline]
fn length_line(
    buffer: &[u8],
    from: usize,
    too_big: ProtocolError,
    invalid: ProtocolError,
) -> Result<Option<(i64, usize)>, ProtocolError> {
    // Most lengths have one or two digits: a plain loop beats a search.
    let mut at = from;
    let mut value: i64 = 0;
    while let Some(digit) = buffer.get(at).map(|b| b.wrapping_sub(b'0')).filter(|&d| d < 10 && at - from < 9) {
        value = value * 10 + i64::from(digit);
        at += 1;
    }
    if buffer.get(at) == Some(&b'\r') && at > from && (buffer[from] != b'0' || at == from + 1) {
        return Ok((at + 1 < buffer.len()).then_some((value, at + 2)));
    }
    let rest = buffer.get(from..).unwrap_or_default();
    let Some(len) = rest.iter().take(INLINE_BYTES_MAX + 1).position(|&b| b == b'\r') else {
        return if rest.len() > INLINE_BYTES_MAX { Err(too_big) } else { Ok(None) };
    };
    let value = parse_i64(&rest[..len]).ok_or(invalid)?;
    Ok((len + 1 < rest.len()).then_some((value, from + len + 2)))
}

/// Splits a line as a shell of few words would: blanks separate, double quotes with escapes, single quotes.
fn split_words(line: &[u8], text: &mut Vec<u8>, spans: &mut Vec<Range<u32>>) -> Result<(), ProtocolError> {
    let mut rest = line;
    loop {
        rest = rest.trim_ascii_start();
        if rest.is_empty() {
            return Ok(());
        }
        let start = text.len() as u32;
        rest = take_word(rest, text)?;
        spans.push(start..text.len() as u32);
    }
}

/// Appends one word, unquoted, and returns what follows it.
fn take_word<'a>(mut rest: &'a [u8], text: &mut Vec<u8>) -> Result<&'a [u8], ProtocolError> {
    while let [first, after @ ..] = rest {
        match first {
            b'"' => return take_quoted(after, b'"', text),
            b'\'' => return take_quoted(after, b'\'', text),
            blank if blank.is_ascii_whitespace() || *blank == 0 => return Ok(after),
            plain => text.push(*plain),
        }
        rest = after;
    }
    Ok(rest)
}

/// Appends what stands before the closing `quote`, which a blank or the line's end must follow.
fn take_quoted<'a>(mut rest: &'a [u8], quote: u8, text: &mut Vec<u8>) -> Result<&'a [u8], ProtocolError> {
    loop {
        rest = match rest {
            [] => return Err(ProtocolError::UnbalancedQuotes),
            [b'\\', b'x', high, low, after @ ..]
                if quote == b'"' && high.is_ascii_hexdigit() && low.is_ascii_hexdigit() =>
            {
                text.push(hex_digit(*high) << 4 | hex_digit(*low));
                after
            }
            [b'\\', escaped, after @ ..] if quote == b'"' => {
                text.push(match escaped {
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    b'b' => 8,
                    b'a' => 7,
                    other => *other,
                });
                after
            }
            [b'\\', b'\'', after @ ..] if quote == b'\'' => {
                text.push(b'\'');
                after
            }
            [first, after @ ..] if *first == quote => {
                return match after.first() {
                    Some(next) if !next.is_ascii_whitespace() => Err(ProtocolError::UnbalancedQuotes),
                    _ => Ok(after),
                };
            }
            [plain, after @ ..] => {
                text.push(*plain);
                after
            }
        }
    }
}

fn hex_digit(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'f' => digit - b'a' + 10,
        _ => digit.wrapping_sub(b'A').wrapping_add(10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    const LIMITS: RequestLimits = RequestLimits { bulk_bytes_max: 512 << 20, args_max: u64::MAX };

    fn words(parser: &RequestParser, buffer: &[u8]) -> Vec<Vec<u8>> {
        parser.args(buffer).iter().map(<[u8]>::to_vec).collect()
    }

    fn parse(bytes: &[u8]) -> (Parsed, Vec<Vec<u8>>) {
        let mut parser = RequestParser::default();
        let parsed = parser.advance(bytes, &LIMITS);
        (parsed, words(&parser, bytes))
    }

    #[test]
    fn requests_parse_whole_and_one_byte_at_a_time_alike() {
        let cases: &[(&[u8], &[&[u8]])] = &[
            (b"*1\r\n$4\r\nPING\r\n", &[b"PING"]),
            (b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$0\r\n\r\n", &[b"SET", b"k", b""]),
            (b"*0\r\n", &[]),
            (b"*-1\r\n", &[]),
            (b"\r\n", &[]),
            (b"PING\r\n", &[b"PING"]),
            (b"PING\n", &[b"PING"]),
            (b"  set  a   b \r\n", &[b"set", b"a", b"b"]),
            (b"set \"a b\" \"\\x41\\n\\q\"\r\n", &[b"set", b"a b", b"A\nq"]),
            (b"set 'a\\'b' '\\n'\r\n", &[b"set", b"a'b", b"\\n"]),
        ];
        for (bytes, expected) in cases {
            let expected: Vec<Vec<u8>> = expected.iter().map(|w| w.to_vec()).collect();
            assert_eq!(parse(bytes), (Parsed::Complete(bytes.len()), expected.clone()), "{bytes:?}");
            let mut parser = RequestParser::default();
            for cut in 0..bytes.len() {
                assert_eq!(parser.advance(&bytes[..cut], &LIMITS), Parsed::Incomplete, "{bytes:?} cut at {cut}");
            }
            assert_eq!(parser.advance(bytes, &LIMITS), Parsed::Complete(bytes.len()));
            assert_eq!(words(&parser, bytes), expected);
        }
    }

    #[test]
    fn violations_are_named_as_redis_names_them() {
        let long_line = vec![b'1'; INLINE_BYTES_MAX + 2];
        let mut long_count = b"*".to_vec();
        long_count.extend_from_slice(&long_line);
        let cases: &[(&[u8], &str)] = &[
            (b"*x\r\n", "Protocol error: invalid multibulk length"),
            (b"*9223372036854775808\r\n", "Protocol error: invalid multibulk length"),
            (b"*2147483648\r\n", "Protocol error: invalid multibulk length"),
            (b"*1\r\n:1\r\n", "Protocol error: expected '$', got ':'"),
            (b"*1\r\n$-1\r\n", "Protocol error: invalid bulk length"),
            (b"*1\r\n$9223372036854775807\r\n", "Protocol error: invalid bulk length"),
            (b"*1\r\n$01\r\na\r\n", "Protocol error: invalid bulk length"),
            (b"get \"a\r\n", "Protocol error: unbalanced quotes in request"),
            (b"get \"a\"b\r\n", "Protocol error: unbalanced quotes in request"),
            (&long_line, "Protocol error: too big inline request"),
            (&long_count, "Protocol error: too big mbulk count string"),
        ];
        for (bytes, expected) in cases {
            let Parsed::Broken(error) = parse(bytes).0 else { panic!("accepted {bytes:?}") };
            assert_eq!(alloc::format!("{error}"), *expected);
        }
    }

    #[test]
    fn a_request_with_other_line_ends_is_accepted_but_not_passed_on_as_it_is() {
        let mut parser = RequestParser::default();
        assert_eq!(parser.advance(b"*1\r\n$4\r\nPINGxx", &LIMITS), Parsed::Complete(14));
        assert!(!parser.is_canonical());
        parser.reset();
        assert_eq!(parser.advance(b"*1\r\n$4\r\nPING\r\n", &LIMITS), Parsed::Complete(14));
        assert!(parser.is_canonical());
    }

    #[test]
    fn an_unknown_peer_may_not_send_much() {
        let limits = RequestLimits::UNAUTHENTICATED;
        let mut parser = RequestParser::default();
        let parsed = parser.advance(b"*11\r\n", &limits);
        assert_eq!(parsed, Parsed::Broken(ProtocolError::CountUnauthenticated));
        parser.reset();
        let parsed = parser.advance(b"*1\r\n$16385\r\n", &limits);
        assert_eq!(parsed, Parsed::Broken(ProtocolError::BulkUnauthenticated));
    }
}
