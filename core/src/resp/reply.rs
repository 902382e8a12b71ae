//! Replies, written straight into a connection's queue in the protocol version it speaks.

use bytes::Bytes;

use crate::codec::double;
use crate::codec::long_double::LongDouble;
use crate::codec::number::{push_i64, push_u64};

use super::encode::push_bulk;
use super::output::{Output, SHARE_BYTES_MIN};

/// The protocol version of a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Proto {
    /// RESP2, what a connection starts with.
    #[default]
    Resp2,
    /// RESP3, after `HELLO 3`.
    Resp3,
}

/// Where a handler writes its reply. A muted one (the master link, `CLIENT REPLY OFF`) swallows everything.
#[derive(Debug)]
pub struct Reply<'a> {
    out: Option<&'a mut Output>,
    proto: Proto,
}

impl<'a> Reply<'a> {
    /// Replies go to `out`.
    #[inline]
    pub fn new(out: &'a mut Output, proto: Proto) -> Reply<'a> {
        Reply { out: Some(out), proto }
    }

    /// Replies go nowhere.
    #[must_use]
    pub fn muted() -> Reply<'static> {
        Reply { out: None, proto: Proto::Resp2 }
    }

    /// The protocol spoken.
    #[must_use]
    pub fn proto(&self) -> Proto {
        self.proto
    }

    /// True if nobody listens.
    #[must_use]
    pub fn is_muted(&self) -> bool {
        self.out.is_none()
    }

    /// Appends bytes that are RESP already.
    #[inline]
    pub fn raw(&mut self, bytes: &[u8]) {
        if let Some(out) = &mut self.out {
            out.tail().extend_from_slice(bytes);
        }
    }

    /// `+OK`.
    #[inline]
    pub fn ok(&mut self) {
        self.raw(b"+OK\r\n");
    }

    /// A simple string. The text must hold no line end.
    pub fn simple(&mut self, text: &str) {
        self.line(b'+', text.as_bytes());
    }

    /// An error. Each char stands for one byte; line ends become spaces.
    pub fn error(&mut self, text: &str) {
        let Some(out) = &mut self.out else { return };
        let tail = out.tail();
        tail.push(b'-');
        let bytes = text.chars().map(|char| u8::try_from(char).unwrap_or(b'?'));
        tail.extend(bytes.map(|byte| if byte == b'\r' || byte == b'\n' { b' ' } else { byte }));
        tail.extend_from_slice(b"\r\n");
    }

    /// An integer.
    #[inline]
    pub fn int(&mut self, value: i64) {
        let Some(out) = &mut self.out else { return };
        let tail = out.tail();
        tail.push(b':');
        push_i64(tail, value);
        tail.extend_from_slice(b"\r\n");
    }

    /// A count as an integer.
    #[inline]
    pub fn count(&mut self, value: usize) {
        self.int(i64::try_from(value).unwrap_or(i64::MAX));
    }

    /// A bulk string, copied.
    #[inline]
    pub fn bulk(&mut self, bytes: &[u8]) {
        if let Some(out) = &mut self.out {
            push_bulk(out.tail(), bytes);
        }
    }

    /// A bulk string, by reference if it is large.
    pub fn bulk_shared(&mut self, bytes: &Bytes) {
        let Some(out) = &mut self.out else { return };
        if bytes.len() < SHARE_BYTES_MIN {
            push_bulk(out.tail(), bytes);
            return;
        }
        let tail = out.tail();
        tail.push(b'$');
        push_u64(tail, bytes.len() as u64);
        tail.extend_from_slice(b"\r\n");
        out.push_shared(bytes.clone());
        out.tail().extend_from_slice(b"\r\n");
    }

    /// A bulk string holding an integer's digits.
    pub fn bulk_int(&mut self, value: i64) {
        let mut buffer = itoa::Buffer::new();
        self.bulk(buffer.format(value).as_bytes());
    }

    /// The null of a missing string.
    #[inline]
    pub fn null(&mut self) {
        match self.proto {
            Proto::Resp2 => self.raw(b"$-1\r\n"),
            Proto::Resp3 => self.raw(b"_\r\n"),
        }
    }

    /// The null of a missing array.
    pub fn null_array(&mut self) {
        match self.proto {
            Proto::Resp2 => self.raw(b"*-1\r\n"),
            Proto::Resp3 => self.raw(b"_\r\n"),
        }
    }

    /// The header of an array of `len` elements.
    pub fn array(&mut self, len: usize) {
        self.header(b'*', len);
    }

    /// The header of a map of `len` pairs: in RESP2 an array of twice as many elements.
    pub fn map(&mut self, len: usize) {
        match self.proto {
            Proto::Resp2 => self.header(b'*', len.saturating_mul(2)),
            Proto::Resp3 => self.header(b'%', len),
        }
    }

    /// The header of a set: in RESP2 an array.
    pub fn set(&mut self, len: usize) {
        match self.proto {
            Proto::Resp2 => self.header(b'*', len),
            Proto::Resp3 => self.header(b'~', len),
        }
    }

    /// The header of an out-of-band push: in RESP2 an array.
    pub fn push(&mut self, len: usize) {
        match self.proto {
            Proto::Resp2 => self.header(b'*', len),
            Proto::Resp3 => self.header(b'>', len),
        }
    }

    /// A truth value: in RESP2 an integer.
    pub fn boolean(&mut self, value: bool) {
        match (self.proto, value) {
            (Proto::Resp2, _) => self.int(i64::from(value)),
            (Proto::Resp3, true) => self.raw(b"#t\r\n"),
            (Proto::Resp3, false) => self.raw(b"#f\r\n"),
        }
    }

    /// A double: in RESP2 a bulk string. Printed with 17 significant digits, as Redis 7.0 does.
    pub fn double(&mut self, value: f64) {
        let mut text = alloc::vec::Vec::with_capacity(24);
        double::push_17g(&mut text, value);
        match self.proto {
            Proto::Resp2 => self.bulk(&text),
            Proto::Resp3 => self.line(b',', &text),
        }
    }

    /// A double as [`Reply::double`], but printed for people: without an exponent, with at most 17 digits behind the point.
    pub fn human_double(&mut self, value: f64) {
        let mut text = alloc::vec::Vec::with_capacity(24);
        LongDouble::from(value).push_human(&mut text);
        match self.proto {
            Proto::Resp2 => self.bulk(&text),
            Proto::Resp3 => self.line(b',', &text),
        }
    }

    /// Text for people: in RESP3 a verbatim string, in RESP2 a bulk string.
    pub fn verbatim(&mut self, text: &[u8]) {
        let Some(out) = &mut self.out else { return };
        let tail = out.tail();
        match self.proto {
            Proto::Resp2 => push_bulk(tail, text),
            Proto::Resp3 => {
                tail.push(b'=');
                push_u64(tail, text.len() as u64 + 4);
                tail.extend_from_slice(b"\r\ntxt:");
                tail.extend_from_slice(text);
                tail.extend_from_slice(b"\r\n");
            }
        }
    }

    fn header(&mut self, kind: u8, len: usize) {
        let Some(out) = &mut self.out else { return };
        let tail = out.tail();
        tail.push(kind);
        push_u64(tail, len as u64);
        tail.extend_from_slice(b"\r\n");
    }

    fn line(&mut self, kind: u8, text: &[u8]) {
        let Some(out) = &mut self.out else { return };
        let tail = out.tail();
        tail.push(kind);
        tail.extend_from_slice(text);
        tail.extend_from_slice(b"\r\n");
    }
}
