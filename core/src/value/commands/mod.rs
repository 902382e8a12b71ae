//! Which commands make a value, where its key does not exist?
//!
//! An append-only file that does not begin with RDB (`aof-use-rdb-preamble no`) tells its data so. The commands are those by which Redis
//! 7.0 rewrites its file; for fields of hashes that expire, those of Redis 8.0.
//!
//! What commands cannot tell is lost here as it is there: when consumers were seen last, and how keys are encoded for reasons that lie in
//! their past.

mod stream;

use alloc::vec::Vec;

use crate::codec::double::push_17g;
use crate::resp::{push_array, push_bulk, push_command};

use super::{Hash, Text, Value};

/// Elements in one command at most, as in Redis: a reader holds one command in memory, and does nothing else while it carries it out.
const ELEMENTS_MAX: usize = 64;

/// Appends the commands that make a value.
pub fn push_value(out: &mut Vec<u8>, key: &[u8], value: &Value) {
    match value {
        Value::String(string) => push_command(out, [b"SET", key, &string.text()].into_iter()),
        Value::List(list) => {
            let mut elements = Elements::new(out, b"RPUSH", key, list.len(), 1);
            list.for_each(|element| push_text(elements.begin(), element));
        }
        Value::Set(set) => {
            let mut elements = Elements::new(out, b"SADD", key, set.len(), 1);
            set.for_each(|member| push_text(elements.begin(), member));
        }
        Value::Zset(zset) => {
            let mut elements = Elements::new(out, b"ZADD", key, zset.len(), 2);
            let mut digits = Vec::new();
            // A reader with a skip list is fastest from the greatest member down.
            for (member, score) in zset.iter_down(zset.len().saturating_sub(1)) {
                digits.clear();
                push_17g(&mut digits, score);
                let out = elements.begin();
                push_bulk(out, &digits);
                push_text(out, member);
            }
        }
        Value::Hash(hash) => push_hash(out, key, hash),
        Value::Stream(stream) => stream::push(out, key, stream),
    }
}

/// Appends the command that lets a key expire at a time, in milliseconds since the epoch.
pub fn push_expiry(out: &mut Vec<u8>, key: &[u8], at_ms: i64) {
    push_array(out, 3);
    push_bulk(out, b"PEXPIREAT");
    push_bulk(out, key);
    push_int(out, at_ms);
}

fn push_hash(out: &mut Vec<u8>, key: &[u8], hash: &Hash) {
    let mut elements = Elements::new(out, b"HMSET", key, hash.len(), 2);
    hash.for_each(|name, value| {
        let out = elements.begin();
        push_text(out, name);
        push_text(out, value);
    });
    if hash.first_expiry_ms().is_none() {
        return;
    }
    hash.for_each(|name, _| {
        let Some(at_ms) = name.with_bytes(|name| hash.expiry(name)) else { return };
        push_array(out, 6);
        push_bulk(out, b"HPEXPIREAT");
        push_bulk(out, key);
        push_int(out, at_ms);
        push_bulk(out, b"FIELDS");
        push_bulk(out, b"1");
        push_text(out, name);
    });
}

/// The elements of one collection, which go into as many commands as it takes.
struct Elements<'a> {
    out: &'a mut Vec<u8>,
    verb: &'static [u8],
    key: &'a [u8],
    /// How many are still to come.
    left: usize,
    /// Of how many arguments each is made.
    width: usize,
    /// How many the present command still has room for.
    room: usize,
}

impl<'a> Elements<'a> {
    fn new(out: &'a mut Vec<u8>, verb: &'static [u8], key: &'a [u8], len: usize, width: usize) -> Elements<'a> {
        Elements { out, verb, key, left: len, width, room: 0 }
    }

    /// Where the arguments of the next element go: into a new command, if the last one is full.
    fn begin(&mut self) -> &mut Vec<u8> {
        if self.room == 0 {
            self.room = self.left.min(ELEMENTS_MAX);
            push_array(self.out, 2 + self.room * self.width);
            push_bulk(self.out, self.verb);
            push_bulk(self.out, self.key);
        }
        self.room = self.room.saturating_sub(1);
        self.left = self.left.saturating_sub(1);
        self.out
    }
}

fn push_text(out: &mut Vec<u8>, text: Text<'_>) {
    text.with_bytes(|bytes| push_bulk(out, bytes));
}

fn push_int(out: &mut Vec<u8>, value: i64) {
    push_bulk(out, itoa::Buffer::new().format(value).as_bytes());
}
