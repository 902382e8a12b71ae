//! The facts at the head of an RDB file: who wrote it, when, and at which position of which history.

use alloc::vec::Vec;

use crate::codec::number::parse_i64;
use crate::rdb::{opcode, push_string, push_string_int, version_written};
use crate::replication::{Position, ReplicationId, parse_offset};

/// What the auxiliary fields of a file tell that matters to us.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The position of the data (`repl-id`, `repl-offset`).
    pub position: Option<Position>,
    /// The database that the stream was about (`repl-stream-db`).
    pub stream_database: Option<u32>,
    /// The memory that the data took where the file was written, in bytes (`used-mem`).
    pub used_memory: Option<u64>,
    history: Option<ReplicationId>,
    offset: Option<u64>,
}

impl Facts {
    /// Takes in one auxiliary field. Unknown ones are ignored.
    pub(super) fn take_in(&mut self, name: &[u8], value: &[u8]) {
        match name {
            b"repl-id" => self.history = ReplicationId::parse(value),
            b"repl-offset" => self.offset = parse_offset(value),
            b"used-mem" => self.used_memory = parse_i64(value).and_then(|bytes| u64::try_from(bytes).ok()),
            b"repl-stream-db" => {
                self.stream_database = parse_i64(value).and_then(|database| u32::try_from(database).ok());
            }
            _ => return,
        }
        if let (Some(history), Some(offset)) = (self.history, self.offset) {
            self.position = Some(Position { history, offset });
        }
    }
}

/// What the head of a file says of the data.
#[derive(Clone, Copy, Debug)]
pub struct Head {
    /// Their position.
    pub position: Position,
    /// The database that the stream is about.
    pub stream_database: u32,
    /// When they are written.
    pub wall_seconds: i64,
    /// How much memory they take.
    pub used_memory: u64,
    /// Fields of hashes among them expire.
    pub has_field_expiries: bool,
    /// It is the base of an append-only file.
    pub is_aof_base: bool,
}

/// Appends the beginning of a file: signature and facts, as a Redis 7.0 writes them.
pub fn push_header(out: &mut Vec<u8>, head: &Head) {
    let version = version_written(head.has_field_expiries);
    out.extend_from_slice(b"REDIS00");
    out.extend_from_slice(&[b'0' + (version / 10) as u8, b'0' + (version % 10) as u8]);
    let mut fact = |name: &[u8], value: Result<&[u8], i64>| {
        out.push(opcode::AUX);
        push_string(out, name, false);
        match value {
            Ok(text) => push_string(out, text, false),
            Err(number) => push_string_int(out, number),
        }
    };
    let clamp = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    fact(b"redis-ver", Ok(b"7.0.15"));
    fact(b"redis-bits", Err(64));
    fact(b"ctime", Err(head.wall_seconds));
    fact(b"used-mem", Err(clamp(head.used_memory)));
    fact(b"repl-stream-db", Err(i64::from(head.stream_database)));
    fact(b"repl-id", Ok(head.position.history.as_bytes()));
    fact(b"repl-offset", Err(clamp(head.position.offset)));
    fact(b"aof-base", Err(i64::from(head.is_aof_base)));
}
