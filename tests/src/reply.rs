//! What does a reply say, in RESP2 and RESP3?

/// One reply.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// `+OK`, and what RESP3 writes in one line: doubles, booleans, big numbers.
    Simple(String),
    /// `-ERR ...`, without the dash.
    Error(String),
    /// `:1`.
    Integer(i64),
    /// A bulk or verbatim string.
    Bulk(Vec<u8>),
    /// Any of the nulls.
    Nil,
    /// An array, set, push or flattened map.
    Array(Vec<Reply>),
}

/// Replies of servers under test nest a few levels; a deeper one is a defect, not a reason to overflow the stack.
const DEPTH_MAX: usize = 16;

impl Reply {
    /// Reads the reply at the front of `bytes`: the reply and its length, or `None` if it is incomplete.
    ///
    /// # Panics
    /// If it is no RESP.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<(Reply, usize)> {
        read_nested(bytes, 0)
    }

    /// The text of a simple or bulk string.
    ///
    /// # Panics
    /// If it is something else.
    #[must_use]
    #[track_caller]
    pub fn text(&self) -> String {
        match self {
            Reply::Simple(text) => text.clone(),
            Reply::Bulk(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            other => panic!("not a text: {other:?}"),
        }
    }

    /// The text of an error.
    ///
    /// # Panics
    /// If it is something else.
    #[must_use]
    #[track_caller]
    pub fn text_of_error(&self) -> String {
        match self {
            Reply::Error(text) => text.clone(),
            other => panic!("not an error: {other:?}"),
        }
    }

    /// The value of an integer.
    ///
    /// # Panics
    /// If it is something else.
    #[must_use]
    #[track_caller]
    pub fn integer(&self) -> i64 {
        match self {
            Reply::Integer(value) => *value,
            other => panic!("not an integer: {other:?}"),
        }
    }

    /// The elements of an array.
    ///
    /// # Panics
    /// If it is something else.
    #[must_use]
    #[track_caller]
    pub fn elements(self) -> Vec<Reply> {
        match self {
            Reply::Array(elements) => elements,
            other => panic!("not an array: {other:?}"),
        }
    }

    /// Whether it is `+OK`.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        matches!(self, Reply::Simple(text) if text == "OK")
    }
}

fn read_nested(bytes: &[u8], depth: usize) -> Option<(Reply, usize)> {
    assert!(depth < DEPTH_MAX, "a reply nests too deeply");
    let line_end = bytes.windows(2).position(|pair| pair == b"\r\n")?;
    let line = String::from_utf8_lossy(&bytes[1..line_end]).into_owned();
    let body = line_end + 2;
    let length = || line.parse::<i64>().unwrap_or_else(|_| panic!("no length: {line:?}"));
    Some(match bytes[0] {
        b'+' | b',' | b'#' | b'(' => (Reply::Simple(line), body),
        b'-' => (Reply::Error(line), body),
        b':' => (Reply::Integer(length()), body),
        b'_' => (Reply::Nil, body),
        b'$' | b'=' => return read_bulk(bytes, body, length()),
        b'*' | b'~' | b'>' => return read_elements(bytes, body, length(), depth),
        b'%' => return read_elements(bytes, body, length() * 2, depth),
        other => panic!("no RESP: {:?} {line:?}", char::from(other)),
    })
}

fn read_bulk(bytes: &[u8], body: usize, length: i64) -> Option<(Reply, usize)> {
    let Ok(length) = usize::try_from(length) else { return Some((Reply::Nil, body)) };
    let end = body + length + 2;
    let content = bytes.get(body..end)?;
    assert!(content.ends_with(b"\r\n"), "a bulk string does not end where it says");
    Some((Reply::Bulk(content[..length].to_vec()), end))
}

fn read_elements(bytes: &[u8], body: usize, count: i64, depth: usize) -> Option<(Reply, usize)> {
    if count < 0 {
        return Some((Reply::Nil, body));
    }
    let mut elements = Vec::new();
    let mut at = body;
    for _ in 0..count {
        let (element, length) = read_nested(&bytes[at..], depth + 1)?;
        elements.push(element);
        at += length;
    }
    Some((Reply::Array(elements), at))
}
