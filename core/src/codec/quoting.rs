//! How is a line of configuration taken apart into arguments, and how is an argument written so that it comes
//! back whole?
//!
//! The rules are those of Redis's `sdssplitargs`: white space separates, double quotes know `\n \r \t \b \a`,
//! `\xHH` and any escaped byte, single quotes know only `\'`, and a closing quote must end its argument.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write;

/// A quote was opened and not closed, or closed in the middle of an argument.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct UnbalancedQuotes;

/// The arguments of `line`.
pub(crate) fn split_arguments(line: &[u8]) -> Result<Vec<Vec<u8>>, UnbalancedQuotes> {
    let mut rest = line;
    let mut arguments = Vec::new();
    loop {
        rest = skip_space(rest);
        if rest.is_empty() {
            return Ok(arguments);
        }
        let mut argument = Vec::new();
        rest = take_argument(rest, &mut argument)?;
        arguments.push(argument);
    }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c)
}

fn skip_space(text: &[u8]) -> &[u8] {
    let start = text.iter().position(|byte| !is_space(*byte));
    start.map_or(&[], |start| &text[start..])
}

/// `text` without white space at its ends.
pub(crate) fn trim(text: &[u8]) -> &[u8] {
    let text = skip_space(text);
    let end = text.iter().rposition(|byte| !is_space(*byte));
    end.map_or(&[], |end| &text[..=end])
}

fn take_argument<'a>(text: &'a [u8], argument: &mut Vec<u8>) -> Result<&'a [u8], UnbalancedQuotes> {
    let mut rest = text;
    while let [byte, tail @ ..] = rest {
        match byte {
            b'"' => return ends_argument(take_double_quoted(tail, argument)?),
            b'\'' => return ends_argument(take_single_quoted(tail, argument)?),
            byte if is_space(*byte) => return Ok(tail),
            byte => argument.push(*byte),
        }
        rest = tail;
    }
    Ok(rest)
}

fn ends_argument(rest: &[u8]) -> Result<&[u8], UnbalancedQuotes> {
    match rest.first() {
        Some(byte) if !is_space(*byte) => Err(UnbalancedQuotes),
        _ => Ok(rest),
    }
}

fn take_double_quoted<'a>(text: &'a [u8], argument: &mut Vec<u8>) -> Result<&'a [u8], UnbalancedQuotes> {
    let mut rest = text;
    loop {
        let (byte, tail) = match rest {
            [b'"', tail @ ..] => return Ok(tail),
            [b'\\', b'x', high, low, tail @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                (hex_value(*high) << 4 | hex_value(*low), tail)
            }
            [b'\\', escaped, tail @ ..] => (unescape(*escaped), tail),
            [byte, tail @ ..] => (*byte, tail),
            [] => return Err(UnbalancedQuotes),
        };
        argument.push(byte);
        rest = tail;
    }
}

fn take_single_quoted<'a>(text: &'a [u8], argument: &mut Vec<u8>) -> Result<&'a [u8], UnbalancedQuotes> {
    let mut rest = text;
    loop {
        let (byte, tail) = match rest {
            [b'\'', tail @ ..] => return Ok(tail),
            [b'\\', b'\'', tail @ ..] => (b'\'', tail),
            [byte, tail @ ..] => (*byte, tail),
            [] => return Err(UnbalancedQuotes),
        };
        argument.push(byte);
        rest = tail;
    }
}

fn hex_value(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => (digit | 0x20) - b'a' + 10,
    }
}

fn unescape(byte: u8) -> u8 {
    match byte {
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'b' => 0x08,
        b'a' => 0x07,
        other => other,
    }
}

/// `bytes` in double quotes, printable, such that [`split_arguments`] gives them back.
pub(crate) fn quote(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().saturating_add(2));
    out.push('"');
    for byte in bytes {
        match byte {
            b'"' | b'\\' => out.extend(['\\', char::from(*byte)]),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            0x20..=0x7e => out.push(char::from(*byte)),
            byte => write!(out, "\\x{byte:02x}").expect("a String takes every write"),
        }
    }
    out.push('"');
    out
}

/// `text` as it is if it is a plain word, in quotes otherwise.
pub(crate) fn quote_if_needed(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\'' | b'\\');
    if !text.is_empty() && text.bytes().all(is_plain) { String::from(text) } else { quote(text.as_bytes()) }
}
