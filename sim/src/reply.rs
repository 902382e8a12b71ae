//! Is this a well-formed reply, and where does it end?
//!
//! A reader of RESP2 replies of its own, so that the engine's writer is not checked by the engine's reader.

/// A reply, as far as a client looks at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reply<'a> {
    /// `+OK`
    Status(&'a [u8]),
    /// `-ERR ...`
    Error(&'a [u8]),
    /// `:1`
    Integer(i64),
    /// `$3`: the text, or nil.
    Bulk(Option<&'a [u8]>),
    /// `*3`: how many elements, or nil. The elements are well-formed too.
    Array(Option<usize>),
}

impl std::fmt::Display for Reply<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Reply::Status(text) => write!(f, "+{}", text.escape_ascii()),
            Reply::Error(text) => write!(f, "-{}", text.escape_ascii()),
            Reply::Integer(number) => write!(f, ":{number}"),
            Reply::Bulk(None) | Reply::Array(None) => f.write_str("nil"),
            Reply::Bulk(Some(text)) => write!(f, "a text of {} bytes", text.len()),
            Reply::Array(Some(count)) => write!(f, "an array of {count}"),
        }
    }
}

/// Arrays within arrays; nothing that clients here send is answered by more: streams read in a block have six.
const DEPTH_MAX: u32 = 6;
/// The longest line.
const LINE_BYTES_MAX: usize = 4096;
/// The longest text and the longest array.
const LENGTH_MAX: i64 = 64 * 1024 * 1024;

/// Reads one reply at the front of `bytes`: the reply and its length, or `None` if it has not arrived whole.
///
/// # Errors
///
/// Says what is not RESP2 in it.
pub(crate) fn read_reply(bytes: &[u8]) -> Result<Option<(Reply<'_>, usize)>, String> {
    read_nested(bytes, DEPTH_MAX)
}

fn read_nested(bytes: &[u8], depth: u32) -> Result<Option<(Reply<'_>, usize)>, String> {
    let Some(end) = bytes.iter().take(LINE_BYTES_MAX).position(|byte| *byte == b'\r') else {
        return if bytes.len() < LINE_BYTES_MAX { Ok(None) } else { Err("a line without an end".into()) };
    };
    let Some(after) = bytes.get(end + 1) else {
        return Ok(None);
    };
    if *after != b'\n' || end == 0 {
        return Err(format!("a line that does not end in CRLF: {}", bytes[..end + 2].escape_ascii()));
    }
    let (line, used) = (&bytes[1..end], end + 2);
    let reply = match bytes[0] {
        b'+' => Reply::Status(line),
        b'-' => Reply::Error(line),
        b':' => Reply::Integer(number(line)?),
        b'$' => match number(line)? {
            -1 => Reply::Bulk(None),
            len @ 0..=LENGTH_MAX => return read_bulk(bytes, used, len as usize),
            len => return Err(format!("a text of length {len}")),
        },
        b'*' => match number(line)? {
            -1 => Reply::Array(None),
            count @ 0..=LENGTH_MAX if depth > 0 => {
                return read_array(bytes, used, count as usize, depth);
            }
            count => {
                return Err(format!("an array of length {count} at depth {}", DEPTH_MAX - depth));
            }
        },
        other => return Err(format!("a reply of type {}", other.escape_ascii())),
    };
    Ok(Some((reply, used)))
}

fn read_bulk(bytes: &[u8], start: usize, len: usize) -> Result<Option<(Reply<'_>, usize)>, String> {
    let end = start + len;
    match bytes.get(end..end + 2) {
        None => Ok(None),
        Some(b"\r\n") => Ok(Some((Reply::Bulk(Some(&bytes[start..end])), end + 2))),
        Some(other) => Err(format!("a text that ends in {}", other.escape_ascii())),
    }
}

fn read_array(bytes: &[u8], start: usize, count: usize, depth: u32) -> Result<Option<(Reply<'_>, usize)>, String> {
    let mut at = start;
    for _ in 0..count {
        match read_nested(&bytes[at..], depth - 1)? {
            Some((_, used)) => at += used,
            None => return Ok(None),
        }
    }
    Ok(Some((Reply::Array(Some(count)), at)))
}

fn number(line: &[u8]) -> Result<i64, String> {
    let text = std::str::from_utf8(line).ok();
    text.and_then(|text| text.parse().ok()).ok_or_else(|| format!("a number that is none: {}", line.escape_ascii()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_prefix_of_a_reply_is_unfinished_and_the_whole_is_read() {
        let whole = b"*3\r\n$3\r\na\r\n\r\n:-7\r\n*2\r\n+OK\r\n$-1\r\n";
        for end in 0..whole.len() {
            assert_eq!(read_reply(&whole[..end]), Ok(None), "{end}");
        }
        assert_eq!(read_reply(whole), Ok(Some((Reply::Array(Some(3)), whole.len()))));
    }

    #[test]
    fn what_is_not_resp_is_refused() {
        for bad in
            [&b"x\r\n"[..], b":\r\n", b":1x\r\n", b"$-2\r\n", b"$1\r\nabc", b"+a\rb", b"*99999999999\r\n", b"\r\n"]
        {
            assert!(read_reply(bad).is_err(), "{}", bad.escape_ascii());
        }
    }
}
