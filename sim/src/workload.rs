//! Which commands does a client send, and what may come back?
//!
//! Commands over a small key space and two databases, chosen so that keys are often written, expire, change their type
//! and disappear. For each the writer notes which replies fit.

use afterimage_core::codec::random::Random;

use crate::plan::ClientPlan;
use crate::reply::Reply;

/// What fits as the reply to a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A status, `+OK` say.
    Status,
    /// A number.
    Integer,
    /// A text or nil.
    Bulk,
    /// An array.
    Array,
    /// `+QUEUED`.
    Queued,
    /// An array of so many results.
    Results(u32),
}

/// Errors that fit as well, by what the command does with its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Excuse {
    /// None of its own.
    None,
    /// The key may have another type.
    Type,
    /// The key may have another type, or no number in it.
    Number,
    /// The key may be missing.
    Missing,
    /// An earlier command of the block may have been refused.
    Block,
}

/// What a command expects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Expected {
    /// The name, for explanations.
    pub(crate) name: &'static str,
    /// The shape of its reply.
    pub(crate) shape: Shape,
    /// Errors that fit.
    pub(crate) excuse: Excuse,
    /// True if a replica must refuse it.
    pub(crate) writes: bool,
}

impl Expected {
    /// Whether a reply fits, whatever the role of who sent it.
    pub(crate) fn fits(&self, reply: &Reply<'_>) -> bool {
        match (self.shape, reply) {
            (_, Reply::Error(text)) => self.excuses(text),
            (Shape::Status, Reply::Status(text)) => *text == b"OK" || *text == b"PONG",
            (Shape::Queued, Reply::Status(text)) => *text == b"QUEUED",
            (Shape::Integer, Reply::Integer(_))
            | (Shape::Bulk, Reply::Bulk(_))
            | (Shape::Array, Reply::Array(Some(_))) => true,
            (Shape::Results(count), Reply::Array(Some(results))) => count as usize == *results,
            _ => false,
        }
    }

    fn excuses(&self, text: &[u8]) -> bool {
        /// A node that is loading, has lost its master, cannot save or has too few replicas says so to any command.
        const ALWAYS: [&[u8]; 4] = [b"LOADING ", b"MASTERDOWN ", b"MISCONF ", b"NOREPLICAS "];
        let starts = |with: &[u8]| text.starts_with(with);
        if self.excuse == Excuse::Block {
            // Whatever the reason, EXEC tells that the block is discarded.
            return starts(b"EXECABORT ");
        }
        if ALWAYS.into_iter().any(starts) || self.writes && starts(b"READONLY ") {
            return true;
        }
        match self.excuse {
            Excuse::None | Excuse::Block => false,
            Excuse::Type => starts(b"WRONGTYPE "),
            Excuse::Number => {
                starts(b"WRONGTYPE ")
                    || starts(b"ERR value is not an integer")
                    || starts(b"ERR hash value is not an integer")
                    || starts(b"ERR increment or decrement would overflow")
            }
            Excuse::Missing => starts(b"ERR no such key"),
        }
    }
}

/// Writes commands.
#[derive(Debug)]
pub(crate) struct Workload {
    plan: ClientPlan,
    random: Random,
    key: Vec<u8>,
    value: Vec<u8>,
}

/// One key in so many is used as if it had another type.
const CROSSED_ONE_IN: u32 = 40;

impl Workload {
    /// The workload of one client.
    pub(crate) fn new(plan: ClientPlan, random: Random) -> Workload {
        Workload { plan, random, key: Vec::new(), value: Vec::new() }
    }

    /// Time to the next burst.
    pub(crate) fn think(&mut self) -> u64 {
        self.random.exponential(self.plan.think_us) + 1
    }

    /// How many commands the next burst has.
    pub(crate) fn burst(&mut self) -> u32 {
        self.random.range(1..=u64::from(self.plan.pipeline.max(1))) as u32
    }

    /// Writes the next command, or MULTI block, and says what is expected for each.
    pub(crate) fn next(&mut self, out: &mut Vec<u8>, expected: &mut impl FnMut(Expected)) {
        if self.plan.multi_one_in > 0 && self.random.chance(1, self.plan.multi_one_in) {
            let count = self.random.range(1..=5) as u32;
            command(out, &[b"MULTI"]);
            expected(Expected { name: "MULTI", shape: Shape::Status, excuse: Excuse::None, writes: false });
            for _ in 0..count {
                let queued = self.single(out);
                expected(Expected { shape: Shape::Queued, excuse: Excuse::None, ..queued });
            }
            command(out, &[b"EXEC"]);
            expected(Expected { name: "EXEC", shape: Shape::Results(count), excuse: Excuse::Block, writes: true });
            return;
        }
        let single = self.single(out);
        expected(single);
    }

    fn single(&mut self, out: &mut Vec<u8>) -> Expected {
        let expire = self.plan.expire_one_in > 0 && self.random.chance(1, self.plan.expire_one_in);
        if expire {
            return self.expiry(out);
        }
        let read = |name, shape| Expected { name, shape, excuse: Excuse::Type, writes: false };
        let write = |name, shape, excuse| Expected { name, shape, excuse, writes: true };
        match self.random.below(100) {
            0..=24 => {
                self.pick_key(b's');
                self.pick_value();
                command(out, &[b"SET", &self.key, &self.value]);
                write("SET", Shape::Status, Excuse::None)
            }
            25..=44 => {
                self.pick_key(b'n');
                command(out, &[b"INCR", &self.key]);
                write("INCR", Shape::Integer, Excuse::Number)
            }
            45..=52 => {
                self.pick_key(b's');
                self.pick_value();
                self.value.truncate(40);
                command(out, &[b"APPEND", &self.key, &self.value]);
                write("APPEND", Shape::Integer, Excuse::Type)
            }
            53..=64 => {
                self.pick_key(b'h');
                self.pick_value();
                let field = [b'f', b'0' + self.random.below(10) as u8];
                command(out, &[b"HSET", &self.key, &field, &self.value]);
                write("HSET", Shape::Integer, Excuse::Type)
            }
            65..=68 => {
                self.pick_key(b'h');
                let field = [b'f', b'0' + self.random.below(10) as u8];
                command(out, &[b"HDEL", &self.key, &field]);
                write("HDEL", Shape::Integer, Excuse::Type)
            }
            69..=73 => {
                self.pick_key(b'h');
                let field = [b'c', b'0' + self.random.below(3) as u8];
                command(out, &[b"HINCRBY", &self.key, &field, b"3"]);
                write("HINCRBY", Shape::Integer, Excuse::Number)
            }
            74..=80 => {
                self.pick_any_key();
                command(out, &[b"DEL", &self.key]);
                write("DEL", Shape::Integer, Excuse::None)
            }
            81..=83 => {
                self.pick_key(b's');
                command(out, &[b"GETDEL", &self.key]);
                write("GETDEL", Shape::Bulk, Excuse::Type)
            }
            84..=85 => {
                self.pick_key(b's');
                self.value.clear();
                self.value.extend_from_slice(&self.key);
                self.pick_key(b's');
                command(out, &[b"RENAME", &self.value, &self.key]);
                write("RENAME", Shape::Status, Excuse::Missing)
            }
            86..=87 => {
                let database = [b'0' + self.random.below(2) as u8];
                command(out, &[b"SELECT", &database]);
                Expected { name: "SELECT", shape: Shape::Status, excuse: Excuse::None, writes: false }
            }
            88..=94 => {
                self.pick_key(b's');
                command(out, &[b"GET", &self.key]);
                read("GET", Shape::Bulk)
            }
            95..=98 => {
                self.pick_key(b'h');
                command(out, &[b"HGETALL", &self.key]);
                read("HGETALL", Shape::Array)
            }
            _ => {
                command(out, &[b"PING"]);
                Expected { name: "PING", shape: Shape::Status, excuse: Excuse::None, writes: false }
            }
        }
    }

    fn expiry(&mut self, out: &mut Vec<u8>) -> Expected {
        let write = |name, shape| Expected { name, shape, excuse: Excuse::None, writes: true };
        let millis = 1 + self.random.exponential(2_000);
        let mut digits = itoa::Buffer::new();
        match self.random.below(4) {
            0 => {
                self.pick_any_key();
                command(out, &[b"PERSIST", &self.key]);
                write("PERSIST", Shape::Integer)
            }
            1 => {
                self.pick_any_key();
                command(out, &[b"EXPIRE", &self.key, digits.format(millis / 1000).as_bytes()]);
                write("EXPIRE", Shape::Integer)
            }
            2 => {
                self.pick_any_key();
                command(out, &[b"PEXPIRE", &self.key, digits.format(millis).as_bytes()]);
                write("PEXPIRE", Shape::Integer)
            }
            _ => {
                self.pick_key(b's');
                self.pick_value();
                command(out, &[b"SET", &self.key, &self.value, b"PX", digits.format(millis).as_bytes()]);
                write("SET PX", Shape::Status)
            }
        }
    }

    fn pick_any_key(&mut self) {
        let kind = [b's', b'n', b'h'][self.random.below(3) as usize];
        self.pick_key(kind);
    }

    fn pick_key(&mut self, kind: u8) {
        let crossed = self.random.chance(1, CROSSED_ONE_IN);
        let kind = if crossed { [b's', b'n', b'h'][self.random.below(3) as usize] } else { kind };
        let number = self.random.below(u64::from(self.plan.keys.max(1)));
        self.key.clear();
        self.key.extend_from_slice(&[kind, b':']);
        self.key.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
    }

    fn pick_value(&mut self) {
        let big = self.plan.big_one_in > 0 && self.random.chance(1, self.plan.big_one_in);
        let len = if big { self.random.range(1000..=u64::from(self.plan.big_bytes_max)) } else { self.random.below(24) }
            as usize;
        let words = self.random.next_u64();
        self.value.clear();
        self.value.extend((0..len).map(|at| b'a' + ((words >> (at % 60)) & 15) as u8));
    }
}

/// Writes one command as an array of texts.
pub(crate) fn command(out: &mut Vec<u8>, parts: &[&[u8]]) {
    let mut digits = itoa::Buffer::new();
    out.push(b'*');
    out.extend_from_slice(digits.format(parts.len()).as_bytes());
    for part in parts {
        out.extend_from_slice(b"\r\n$");
        out.extend_from_slice(digits.format(part.len()).as_bytes());
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(part);
    }
    out.extend_from_slice(b"\r\n");
}
