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
    /// An array, or the null of one.
    MaybeArray,
    /// A text, or either null.
    MaybeBulk,
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
    /// The key may have another type, and the wait may be ended by a change of role.
    Waits,
    /// The key may be missing.
    Missing,
    /// Both keys may be one.
    Same,
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
            | (Shape::MaybeBulk, Reply::Bulk(_) | Reply::Array(None))
            | (Shape::MaybeArray, Reply::Array(_))
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
                    || starts(b"ERR value is not a valid float")
                    || starts(b"ERR hash value is not")
                    || starts(b"ERR increment or decrement would overflow")
            }
            Excuse::Waits => starts(b"WRONGTYPE ") || starts(b"UNBLOCKED "),
            Excuse::Missing => starts(b"ERR no such key"),
            Excuse::Same => starts(b"ERR source and destination objects are the same"),
        }
    }
}

fn read(name: &'static str, shape: Shape) -> Expected {
    Expected { name, shape, excuse: Excuse::Type, writes: false }
}

fn write(name: &'static str, shape: Shape, excuse: Excuse) -> Expected {
    Expected { name, shape, excuse, writes: true }
}

/// Writes commands.
#[derive(Debug)]
pub(crate) struct Workload {
    plan: ClientPlan,
    random: Random,
    key: Vec<u8>,
    value: Vec<u8>,
}

/// What keys are used for, by their first letter: strings, numbers, hashes, lists, sets, sorted sets.
const KINDS: [u8; 6] = [b's', b'n', b'h', b'l', b't', b'z'];
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
        match self.random.below(100) {
            0..=39 => self.on_string(out),
            40..=55 => self.on_hash(out),
            56..=69 => self.on_list(out),
            70..=77 => self.on_set(out),
            78..=86 => self.on_zset(out),
            _ => self.on_any(out),
        }
    }

    fn on_string(&mut self, out: &mut Vec<u8>) -> Expected {
        match self.random.below(40) {
            0..=13 => {
                self.pick_key(b's');
                self.pick_value();
                command(out, &[b"SET", &self.key, &self.value]);
                write("SET", Shape::Status, Excuse::None)
            }
            14..=23 => {
                self.pick_key(b'n');
                command(out, &[b"INCR", &self.key]);
                write("INCR", Shape::Integer, Excuse::Number)
            }
            24..=25 => {
                self.pick_key(b'n');
                command(out, &[b"INCRBYFLOAT", &self.key, b"0.1"]);
                write("INCRBYFLOAT", Shape::Bulk, Excuse::Number)
            }
            26..=30 => {
                self.pick_key(b's');
                self.pick_value();
                self.value.truncate(40);
                command(out, &[b"APPEND", &self.key, &self.value]);
                write("APPEND", Shape::Integer, Excuse::Type)
            }
            31..=33 => {
                self.pick_key(b's');
                command(out, &[b"GETDEL", &self.key]);
                write("GETDEL", Shape::Bulk, Excuse::Type)
            }
            _ => {
                self.pick_key(b's');
                command(out, &[b"GET", &self.key]);
                read("GET", Shape::Bulk)
            }
        }
    }

    fn on_hash(&mut self, out: &mut Vec<u8>) -> Expected {
        self.pick_key(b'h');
        let field = [b'f', b'0' + self.random.below(10) as u8];
        let counter = [b'c', b'0' + self.random.below(3) as u8];
        match self.random.below(16) {
            0..=6 => {
                self.pick_value();
                command(out, &[b"HSET", &self.key, &field, &self.value]);
                write("HSET", Shape::Integer, Excuse::Type)
            }
            7..=8 => {
                command(out, &[b"HDEL", &self.key, &field]);
                write("HDEL", Shape::Integer, Excuse::Type)
            }
            9..=11 => {
                command(out, &[b"HINCRBY", &self.key, &counter, b"3"]);
                write("HINCRBY", Shape::Integer, Excuse::Number)
            }
            12 => {
                command(out, &[b"HINCRBYFLOAT", &self.key, &counter, b"-0.7"]);
                write("HINCRBYFLOAT", Shape::Bulk, Excuse::Number)
            }
            _ => {
                command(out, &[b"HGETALL", &self.key]);
                read("HGETALL", Shape::Array)
            }
        }
    }

    fn on_list(&mut self, out: &mut Vec<u8>) -> Expected {
        /// Long enough for others to push meanwhile, short enough for a client to come back.
        const WAIT_SECONDS: &[u8] = b"0.05";
        self.pick_key(b'l');
        match self.random.below(14) {
            0..=2 => {
                self.pick_value();
                command(out, &[b"RPUSH", &self.key, &self.value, b"1", b"two"]);
                write("RPUSH", Shape::Integer, Excuse::Type)
            }
            3..=4 => {
                self.pick_value();
                command(out, &[b"LPUSH", &self.key, &self.value]);
                write("LPUSH", Shape::Integer, Excuse::Type)
            }
            5..=6 => {
                command(out, &[b"LPOP", &self.key]);
                write("LPOP", Shape::Bulk, Excuse::Type)
            }
            7 => {
                command(out, &[b"LTRIM", &self.key, b"-20", b"-1"]);
                write("LTRIM", Shape::Status, Excuse::Type)
            }
            8 => {
                let source = self.another_key(b'l');
                command(out, &[b"LMOVE", &source, &self.key, b"LEFT", b"RIGHT"]);
                write("LMOVE", Shape::Bulk, Excuse::Type)
            }
            9 => {
                let other = self.another_key(b'l');
                command(out, &[b"LMPOP", b"2", &other, &self.key, b"RIGHT", b"COUNT", b"2"]);
                write("LMPOP", Shape::MaybeArray, Excuse::Type)
            }
            10 => {
                let other = self.another_key(b'l');
                command(out, &[b"BLPOP", &other, &self.key, WAIT_SECONDS]);
                write("BLPOP", Shape::MaybeArray, Excuse::Waits)
            }
            11 => {
                let source = self.another_key(b'l');
                command(out, &[b"BLMOVE", &source, &self.key, b"RIGHT", b"LEFT", WAIT_SECONDS]);
                write("BLMOVE", Shape::MaybeBulk, Excuse::Waits)
            }
            _ => {
                command(out, &[b"LRANGE", &self.key, b"0", b"5"]);
                read("LRANGE", Shape::Array)
            }
        }
    }

    fn on_set(&mut self, out: &mut Vec<u8>) -> Expected {
        self.pick_key(b't');
        let number = [b'0' + self.random.below(10) as u8];
        let name = [b'm', number[0]];
        match self.random.below(8) {
            0..=2 => {
                let member: &[u8] = if self.random.chance(1, 2) { &number } else { &name };
                command(out, &[b"SADD", &self.key, member, b"7"]);
                write("SADD", Shape::Integer, Excuse::Type)
            }
            3 => {
                command(out, &[b"SREM", &self.key, &number]);
                write("SREM", Shape::Integer, Excuse::Type)
            }
            4 => {
                command(out, &[b"SPOP", &self.key]);
                write("SPOP", Shape::Bulk, Excuse::Type)
            }
            5 => {
                command(out, &[b"SPOP", &self.key, b"3"]);
                write("SPOP", Shape::Array, Excuse::Type)
            }
            6 => {
                let (one, other) = (self.another_key(b't'), self.another_key(b't'));
                command(out, &[b"SUNIONSTORE", &self.key, &one, &other]);
                write("SUNIONSTORE", Shape::Integer, Excuse::Type)
            }
            _ => {
                command(out, &[b"SMEMBERS", &self.key]);
                read("SMEMBERS", Shape::Array)
            }
        }
    }

    fn on_zset(&mut self, out: &mut Vec<u8>) -> Expected {
        self.pick_key(b'z');
        let member = [b'm', b'0' + self.random.below(10) as u8];
        let score = self.random.below(1000);
        let mut digits = itoa::Buffer::new();
        match self.random.below(9) {
            0..=3 => {
                command(out, &[b"ZADD", &self.key, digits.format(score).as_bytes(), &member, b"-0.5", b"low"]);
                write("ZADD", Shape::Integer, Excuse::Type)
            }
            4 => {
                command(out, &[b"ZINCRBY", &self.key, b"0.1", &member]);
                write("ZINCRBY", Shape::Bulk, Excuse::Type)
            }
            5 => {
                command(out, &[b"ZPOPMIN", &self.key]);
                write("ZPOPMIN", Shape::Array, Excuse::Type)
            }
            6 => {
                command(out, &[b"BZPOPMAX", &self.key, b"0.05"]);
                write("BZPOPMAX", Shape::MaybeArray, Excuse::Waits)
            }
            7 => {
                let (one, other) = (self.another_key(b'z'), self.another_key(b'z'));
                command(out, &[b"ZUNIONSTORE", &self.key, b"2", &one, &other]);
                write("ZUNIONSTORE", Shape::Integer, Excuse::Type)
            }
            _ => {
                command(out, &[b"ZRANGE", &self.key, b"0", b"-1", b"WITHSCORES"]);
                read("ZRANGE", Shape::Array)
            }
        }
    }

    fn on_any(&mut self, out: &mut Vec<u8>) -> Expected {
        match self.random.below(13) {
            0..=6 => {
                self.pick_any_key();
                command(out, &[b"DEL", &self.key]);
                write("DEL", Shape::Integer, Excuse::None)
            }
            7..=8 => {
                let source = self.another_key(b's');
                self.pick_key(b's');
                command(out, &[b"RENAME", &source, &self.key]);
                write("RENAME", Shape::Status, Excuse::Missing)
            }
            9 => {
                let source = self.another_key(b'l');
                self.pick_key(b'l');
                command(out, &[b"COPY", &source, &self.key, b"REPLACE"]);
                write("COPY", Shape::Integer, Excuse::Same)
            }
            10..=11 => {
                let database = [b'0' + self.random.below(2) as u8];
                command(out, &[b"SELECT", &database]);
                Expected { name: "SELECT", shape: Shape::Status, excuse: Excuse::None, writes: false }
            }
            _ => {
                command(out, &[b"PING"]);
                Expected { name: "PING", shape: Shape::Status, excuse: Excuse::None, writes: false }
            }
        }
    }

    fn expiry(&mut self, out: &mut Vec<u8>) -> Expected {
        let write = |name, shape| write(name, shape, Excuse::None);
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
        let kind = *self.random.pick(&KINDS).unwrap_or(&b's');
        self.pick_key(kind);
    }

    /// A key beside the one that was picked.
    fn another_key(&mut self, kind: u8) -> Vec<u8> {
        let kept = core::mem::take(&mut self.key);
        self.pick_key(kind);
        core::mem::replace(&mut self.key, kept)
    }

    fn pick_key(&mut self, kind: u8) {
        let crossed = self.random.chance(1, CROSSED_ONE_IN);
        let kind = if crossed { *self.random.pick(&KINDS).unwrap_or(&kind) } else { kind };
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
