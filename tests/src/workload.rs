//! What does a seeded client write?

use std::collections::VecDeque;

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

/// Draws from a seed, the same on every machine.
#[derive(Clone, Debug)]
pub struct Draw(ChaCha8Rng);

impl Draw {
    /// The draws of `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Draw {
        Draw(ChaCha8Rng::seed_from_u64(seed))
    }

    /// A number below `limit`. The bias of the remainder is far below what a workload can notice.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0.next_u64() % limit
    }

    /// One of `choices`.
    pub fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        let index = self.below(choices.len() as u64);
        &choices[usize::try_from(index).expect("an index")]
    }

    /// That many bytes.
    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        self.0.fill_bytes(&mut bytes);
        bytes
    }

    /// A command from a template: words, of which those in braces are drawn.
    pub fn fill(&mut self, template: &str) -> Vec<Vec<u8>> {
        template.split_whitespace().map(|word| self.word(word)).collect()
    }

    fn word(&mut self, word: &str) -> Vec<u8> {
        let text = match word {
            "{s}" => format!("string:{}", self.below(200)),
            "{n}" => format!("number:{}", self.below(50)),
            "{h}" => format!("hash:{}", self.below(40)),
            "{l}" => format!("list:{}", self.below(30)),
            "{t}" => format!("set:{}", self.below(30)),
            "{z}" => format!("zset:{}", self.below(30)),
            "{x}" => format!("stream:{}", self.below(20)),
            "{b}" => format!("bitmap:{}", self.below(10)),
            "{p}" => format!("hll:{}", self.below(10)),
            "{k}" => return self.key(),
            "{f}" => format!("field:{}", self.below(12)),
            "{F}" => format!("field:{}", self.below(600)),
            "{c}" => format!("counter:{}", self.below(4)),
            "{v}" => return self.value(),
            "{i}" => self.below(2_000).to_string(),
            "{-}" => format!("-{}", self.below(2_000)),
            "{d}" => (*self.pick(&["0.1", "3.25", "-1000", "1e-5", "2.5e3", "-0.3333", "17"])).to_owned(),
            // Scores that all versions print alike: newer ones tell the shortest digits that read as the same number.
            "{e}" => (*self.pick(&["0.5", "3.25", "-1000", "2500", "-0.125", "17"])).to_owned(),
            "{ttl}" => (100_000 + self.below(1_000_000)).to_string(),
            "{soon}" => (1 + self.below(1_500)).to_string(),
            "{far}" => (4_000_000_000_000 + self.below(1_000_000_000)).to_string(),
            "{db}" => self.below(4).to_string(),
            _ => word.to_owned(),
        };
        text.into_bytes()
    }

    fn key(&mut self) -> Vec<u8> {
        let kind = *self.pick(&["{s}", "{n}", "{h}", "{l}", "{t}", "{z}", "{x}", "{b}", "{p}"]);
        self.word(kind)
    }

    /// Numbers, words, text that compresses, and noise that does not.
    fn value(&mut self) -> Vec<u8> {
        match self.below(8) {
            0 => self.below(1_000_000_000).to_string().into_bytes(),
            1 => format!("-{}", self.below(100)).into_bytes(),
            2 => Vec::new(),
            3 => {
                let count = self.below(300);
                "after-image ".bytes().cycle().take(usize::try_from(count).expect("small")).collect()
            }
            4 => {
                let count = self.below(100);
                self.bytes(usize::try_from(count).expect("small"))
            }
            _ => format!("value:{}", self.below(100_000)).into_bytes(),
        }
    }
}

/// Each as likely as every other; what should be more frequent stands in several shapes.
const WRITES: &[&str] = &[
    "set {s} {v}",
    "set {s} {v}",
    "set {n} {i}",
    "set {s} {v} ex {ttl}",
    "set {s} {v} px {soon}",
    "set {s} {v} pxat {far}",
    "set {s} {v} nx",
    "set {s} {v} xx keepttl",
    "set {s} {v} get",
    "setnx {s} {v}",
    "setex {s} {ttl} {v}",
    "psetex {s} {soon} {v}",
    "getset {s} {v}",
    "getdel {s}",
    "getex {s} ex {ttl}",
    "getex {s} persist",
    "append {s} {v}",
    "setrange {s} {i} {v}",
    "mset {s} {v} {s} {v}",
    "msetnx {s} {v} {s} {v}",
    "incr {n}",
    "decr {n}",
    "incrby {n} {i}",
    "decrby {n} {i}",
    "incrbyfloat {n} {d}",
    "hset {h} {f} {v} {f} {v}",
    "hset {h} {F} {v} {F} {v} {F} {v}",
    "hset {h} {F} {v}",
    "hmset {h} {f} {v} {c} {i}",
    "hsetnx {h} {f} {v}",
    "hincrby {h} {c} {i}",
    "hincrbyfloat {h} {c} {d}",
    "hdel {h} {f} {F}",
    "rpush {l} {v} {v} {i}",
    "lpush {l} {v}",
    "lpop {l}",
    "rpop {l} 3",
    "ltrim {l} 0 200",
    "lrem {l} -1 {v}",
    "lset {l} 0 {v}",
    "linsert {l} before {v} {v}",
    "lmove {l} {l} left right",
    "rpoplpush {l} {l}",
    "lmpop 2 {l} {l} left count 2",
    "blpop {l} {l} 0.01",
    "blmove {l} {l} right left 0.01",
    "sadd {t} {i} {i} {f}",
    "sadd {t} {i} {v}",
    "srem {t} {f} {i}",
    "spop {t}",
    "spop {t} 2",
    "smove {t} {t} {f}",
    "sinterstore {t} {t} {t}",
    "sunionstore {t} {t} {t}",
    "sdiffstore {t} {t} {t}",
    "zadd {z} {e} {f} {i} {F}",
    "zadd {z} gt {i} {f}",
    "zadd {z} incr {e} {f}",
    "zincrby {z} {e} {f}",
    "zrem {z} {f} {F}",
    "zpopmin {z}",
    "zpopmax {z} 2",
    "zmpop 2 {z} {z} min count 2",
    "bzpopmin {z} {z} 0.01",
    "zremrangebyrank {z} 0 1",
    "zremrangebyscore {z} -inf (1",
    "zunionstore {z} 2 {z} {t}",
    "zinterstore {z} 2 {z} {z} weights 2 {e}",
    "zdiffstore {z} 2 {z} {z}",
    "zrangestore {z} {z} 0 20",
    "xadd {x} * {f} {v}",
    "xadd {x} {i}-* {f} {v} {c} {i}",
    "xadd {x} {i}-1 {f} {v} {c} {i}",
    "xadd {x} maxlen ~ 10 * {f} {v}",
    "xadd {x} maxlen 20 {i}-1 {f} {v}",
    "xtrim {x} maxlen 15",
    "xdel {x} {i}-1",
    "xgroup create {x} group 0 mkstream",
    "xgroup createconsumer {x} group {f}",
    "xgroup delconsumer {x} group {f}",
    "xreadgroup group group {f} count 3 streams {x} >",
    "xreadgroup group group {f} noack streams {x} >",
    "xreadgroup group group {f} block 10 streams {x} >",
    "xack {x} group {i}-1",
    "xautoclaim {x} group {f} 0 0",
    "setbit {b} {i} 1",
    "bitop xor {b} {b} {b}",
    "bitfield {b} incrby i16 {i} 77",
    "pfadd {p} {f} {F}",
    "pfmerge {p} {p} {p}",
    "pfcount {p}",
    "del {k} {k}",
    "unlink {k}",
    "rename {k} {k}",
    "renamenx {k} {k}",
    "copy {k} {k} replace",
    "copy {k} {k} db {db}",
    "move {k} {db}",
    "swapdb {db} {db}",
    "sort {k} alpha limit 0 50 store {l}",
    "sort {l} by nosort get {s} get # store {l}",
    "expire {k} {ttl}",
    "pexpire {k} {soon}",
    "pexpireat {k} {far}",
    "expire {k} -1",
    "persist {k}",
    "select {db}",
    "get {s}",
    "hgetall {h}",
];

/// About fields of hashes that expire, understood from Redis 8.0 and Valkey 9 on.
const FIELD_EXPIRIES: &[&str] = &[
    "hset {h} {f} {v} {f} {v}",
    "hset {h} {F} {v} {F} {v} {F} {v}",
    "hset {h} {c} {i}",
    "hincrby {h} {c} {i}",
    "hincrbyfloat {h} {c} {d}",
    "hsetnx {h} {f} {v}",
    "hdel {h} {f} {F}",
    "hget {h} {f}",
    "hmget {h} {f} {f} {c}",
    "hexpire {h} {ttl} fields 3 {f} {f} {c}",
    "hexpire {h} {ttl} fields 3 {F} {F} {F}",
    "hpexpire {h} {soon} fields 2 {f} {F}",
    "hpexpire {h} {soon} nx fields 2 {f} {c}",
    "hpexpireat {h} {far} gt fields 2 {f} {c}",
    "hexpire {h} {ttl} lt fields 2 {f} {F}",
    "hexpire {h} 0 fields 2 {f} {F}",
    "hpersist {h} fields 2 {f} {c}",
    "hgetdel {h} fields 2 {f} {F}",
    "hgetex {h} px {soon} fields 2 {f} {c}",
    "hgetex {h} ex {ttl} fields 2 {f} {F}",
    "hgetex {h} persist fields 2 {f} {c}",
    "hgetex {h} exat 1 fields 1 {f}",
    "hsetex {h} px {soon} fields 2 {f} {v} {F} {v}",
    "hsetex {h} fxx ex {ttl} fields 1 {f} {v}",
    "hsetex {h} fnx pxat {far} fields 1 {F} {v}",
    "hsetex {h} keepttl fields 2 {f} {v} {c} {i}",
    "hsetex {h} exat 1 fields 1 {f} {v}",
    "hsetex {h} fields 1 {f} {v}",
    "copy {h} {h} replace",
    "rename {h} {h}",
    "move {h} {db}",
    "del {h}",
    "pexpire {h} {soon}",
    "expire {h} {ttl}",
    "select {db}",
    "hgetall {h}",
];

/// An endless stream of commands over every type, expiries, several databases and transactions.
#[derive(Clone, Debug)]
pub struct Workload {
    draw: Draw,
    pending: VecDeque<Vec<Vec<u8>>>,
    is_lasting: bool,
    is_determined: bool,
    has_flushes: bool,
    writes: &'static [&'static str],
}

impl Workload {
    /// With keys that expire while it runs.
    #[must_use]
    pub fn new(seed: u64) -> Workload {
        Workload {
            draw: Draw::new(seed),
            pending: VecDeque::new(),
            is_lasting: false,
            is_determined: false,
            has_flushes: true,
            writes: WRITES,
        }
    }

    /// About fields of hashes that expire, and nothing else.
    #[must_use]
    pub fn of_field_expiries(seed: u64) -> Workload {
        Workload { writes: FIELD_EXPIRIES, ..Workload::new(seed) }
    }

    /// With expiries too, but none that comes soon: what it wrote can be compared later.
    #[must_use]
    pub fn lasting(seed: u64) -> Workload {
        Workload { is_lasting: true, ..Workload::new(seed) }
    }

    /// As [`Workload::lasting`], without what is drawn at random: two servers do the same.
    #[must_use]
    pub fn determined(seed: u64) -> Workload {
        Workload { is_determined: true, ..Workload::lasting(seed) }
    }

    /// The same without FLUSHDB. Redis 8.0 empties a database beside its other work and has its master's link wait meanwhile; when
    /// the link is lost just then, it forgets its place.
    #[must_use]
    pub fn without_flushes(self) -> Workload {
        Workload { has_flushes: false, ..self }
    }

    /// The next `count` commands. A transaction is not cut, so that there may be a few more.
    pub fn take(&mut self, count: usize) -> Vec<Vec<Vec<u8>>> {
        let mut commands = Vec::with_capacity(count);
        while commands.len() < count || !self.pending.is_empty() {
            commands.push(self.next_command());
        }
        commands
    }

    fn next_command(&mut self) -> Vec<Vec<u8>> {
        if let Some(command) = self.pending.pop_front() {
            return command;
        }
        match self.draw.below(400) {
            0..10 => self.begin_transaction(),
            10 if self.has_flushes => self.draw.fill("flushdb"),
            _ => self.write(),
        }
    }

    fn write(&mut self) -> Vec<Vec<u8>> {
        loop {
            let template = self.draw.pick(self.writes);
            let passes_soon = self.is_lasting && template.contains("{soon}");
            let is_random = self.is_determined && (template.starts_with("spop") || template.contains(" * "));
            // Waits take their time: one in ten of those drawn is enough.
            let is_spared = (template.ends_with(" 0.01") || template.contains("block")) && self.draw.below(10) > 0;
            if !passes_soon && !is_random && !is_spared {
                return self.draw.fill(template);
            }
        }
    }

    fn begin_transaction(&mut self) -> Vec<Vec<u8>> {
        for _ in 0..self.draw.below(6) {
            let command = self.write();
            self.pending.push_back(command);
        }
        let end = if self.draw.below(8) == 0 { "discard" } else { "exec" };
        self.pending.push_back(self.draw.fill(end));
        self.draw.fill("multi")
    }
}
