//! What is written between the commands of an append-only file, beside them?
//!
//! Lines that begin with `#`. Redis 7.0 passes over all of them; `redis-check-aof` understands `#TS:`. The others are ours:
//!
//! | line | says |
//! | --- | --- |
//! | `#TS:<seconds>` | the commands that follow were written in this second since the epoch (`aof-timestamp-enabled`) |
//! | `#POS:<id>:<offset>` | here the data are at this place of this history; each byte of a command that follows is a byte of its stream |
//! | `#OWN:<bytes>` | so many bytes that follow are commands of our own that belong to no history |
//! | `#SUM:<crc64>:<bytes>:<synced>` | a *seal*: the checksum of the rest of this line and of so many bytes that follow it; and the end of the last seal that was known to be on the disk with all before it when this was written |
//!
//! What was written without a seal was written by somebody else.

use alloc::vec::Vec;

use crate::codec::crc64;
use crate::codec::number::{parse_i64, parse_u64};
use crate::replication::{Position, ReplicationId, parse_offset};

/// Longest line in bytes, as in Redis.
pub(super) const LINE_BYTES_MAX: usize = 1024;

/// A line between commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// `#TS:`, in seconds since the epoch.
    Time(i64),
    /// `#POS:`.
    Position(Position),
    /// `#OWN:`, in bytes.
    Own(u64),
    /// `#SUM:`.
    Seal(Seal),
    /// Somebody else's.
    Foreign,
}

/// What a seal tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seal {
    /// CRC-64, as in RDB files, of what [`Seal::begin_sum`] covers and of what is sealed.
    pub crc: u64,
    /// How much is sealed.
    pub bytes: u64,
    /// Where the last seal ends that was on the disk, in bytes from the beginning of the file.
    pub synced: u64,
}

impl Seal {
    /// What the line begins with.
    pub(super) const PREFIX: &'static [u8] = b"#SUM:";

    /// The checksum of the line's own numbers.
    #[must_use]
    pub fn begin_sum(bytes: u64, synced: u64) -> u64 {
        [bytes, synced].iter().fold(0, |crc, number| crc64::update(crc, &number.to_le_bytes()))
    }

    /// A seal and what it seals: bytes that are written at once, while the last seal that is on the disk ends at `synced`.
    #[must_use]
    pub fn wrap(body: &[u8], synced: u64) -> Vec<u8> {
        let mut out = Vec::with_capacity(body.len() + 64);
        Seal::push(body, synced, &mut out);
        out
    }

    /// Appends the same.
    pub fn push(body: &[u8], synced: u64, out: &mut Vec<u8>) {
        let bytes = body.len() as u64;
        let crc = crc64::update(Seal::begin_sum(bytes, synced), body);
        Mark::Seal(Seal { crc, bytes, synced }).push(out);
        out.extend_from_slice(body);
    }
}

impl Mark {
    /// Reads a line, without its end.
    #[must_use]
    pub fn parse(line: &[u8]) -> Mark {
        Mark::known(line).unwrap_or(Mark::Foreign)
    }

    fn known(line: &[u8]) -> Option<Mark> {
        if let Some(seconds) = line.strip_prefix(b"#TS:") {
            return Some(Mark::Time(parse_i64(seconds)?));
        }
        if let Some(bytes) = line.strip_prefix(b"#OWN:") {
            return Some(Mark::Own(parse_u64(bytes)?));
        }
        if let Some(place) = line.strip_prefix(b"#POS:") {
            let (id, offset) = split(place)?;
            let (history, offset) = (ReplicationId::parse(id)?, parse_offset(offset)?);
            return Some(Mark::Position(Position { history, offset }));
        }
        let (crc, numbers) = split(line.strip_prefix(Seal::PREFIX)?)?;
        let (bytes, synced) = split(numbers)?;
        let digits = core::str::from_utf8(crc).ok().filter(|digits| digits.len() == 16)?;
        let crc = u64::from_str_radix(digits, 16).ok()?;
        Some(Mark::Seal(Seal { crc, bytes: parse_u64(bytes)?, synced: parse_u64(synced)? }))
    }

    /// Appends the line, with its end.
    pub fn push(self, out: &mut Vec<u8>) {
        let mut digits = itoa::Buffer::new();
        match self {
            Mark::Time(seconds) => push_line(out, &[b"#TS:", digits.format(seconds).as_bytes()]),
            Mark::Own(bytes) => push_line(out, &[b"#OWN:", digits.format(bytes).as_bytes()]),
            Mark::Position(Position { history, offset }) => {
                push_line(out, &[b"#POS:", history.as_bytes(), b":", digits.format(offset).as_bytes()]);
            }
            Mark::Seal(Seal { crc, bytes, synced }) => {
                let crc: [u8; 16] =
                    core::array::from_fn(|index| b"0123456789abcdef"[(crc >> (60 - 4 * index)) as usize & 15]);
                let mut others = itoa::Buffer::new();
                let (bytes, synced) = (digits.format(bytes).as_bytes(), others.format(synced).as_bytes());
                push_line(out, &[Seal::PREFIX, &crc, b":", bytes, b":", synced]);
            }
            Mark::Foreign => {}
        }
    }
}

fn push_line(out: &mut Vec<u8>, parts: &[&[u8]]) {
    for part in parts {
        out.extend_from_slice(part);
    }
    out.extend_from_slice(b"\r\n");
}

fn split(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = text.iter().position(|&byte| byte == b':')?;
    Some((&text[..colon], &text[colon + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_read_as_they_were_written() {
        let history = ReplicationId::new([b'a'; 40]);
        for (mark, line) in [
            (Mark::Time(1_700_000_000), "#TS:1700000000\r\n"),
            (Mark::Own(17), "#OWN:17\r\n"),
            (Mark::Position(Position { history, offset: 42 }), "#POS:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa:42\r\n"),
            (Mark::Seal(Seal { crc: 0x0123_4567_89ab_cdef, bytes: 9, synced: 7 }), "#SUM:0123456789abcdef:9:7\r\n"),
        ] {
            let mut out = Vec::new();
            mark.push(&mut out);
            assert_eq!(out, line.as_bytes());
            assert_eq!(Mark::parse(line.trim_end().as_bytes()), mark);
        }
    }

    #[test]
    fn what_is_not_ours_is_somebody_elses() {
        for line in
            ["#", "#TS:", "#TS:x", "#SUM:0123:9:7", "#SUM:0123456789abcdef:9", "#POS:aa:1", "#OWN:-1", "# a remark"]
        {
            assert_eq!(Mark::parse(line.as_bytes()), Mark::Foreign, "{line}");
        }
    }
}
