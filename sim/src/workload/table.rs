//! Which commands does a client send? One row for each, with what may come back.
//!
//! A word in braces is drawn anew each time: `{s}` a key of strings and so on by [`KINDS`], `{any}` a key of any kind; what the others are,
//! `Hole` tells.

use std::sync::LazyLock;

use super::expected::{Excuses, Expected, Shape};

/// What keys are used for, by their first letter.
pub(super) const KINDS: &[(u8, &str)] = &[
    (b's', "strings"),
    (b'n', "numbers"),
    (b'b', "bitmaps"),
    (b'p', "HyperLogLogs"),
    (b'h', "hashes"),
    (b'l', "lists"),
    (b't', "sets"),
    (b'z', "sorted sets"),
    (b'x', "streams"),
];

/// A word that is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hole {
    /// A key of a kind.
    Key(u8),
    /// A key of any kind.
    AnyKey,
    /// A value of any length.
    Value,
    /// A value of a few bytes.
    Short,
    /// A field of a hash that holds text.
    Field,
    /// A field of a hash that holds a number.
    Counter,
    /// A member that is no number.
    Member,
    /// A number below 10.
    Digit,
    /// A number below 1000.
    Number,
    /// A bit.
    Bit,
    /// Milliseconds, mostly some thousand.
    Millis,
    /// The same in seconds, which may be none.
    Seconds,
    /// A database.
    Database,
    /// Long enough for others to push meanwhile, short enough for a client to come back: seconds, and milliseconds.
    WaitSeconds,
    WaitMillis,
    /// From 1 to 3 replicas.
    Replicas,
    /// From none to 2 of them.
    Few,
    /// Milliseconds, mostly some hundred.
    Patience,
}

const HOLES: &[(&str, Hole)] = &[
    ("any", Hole::AnyKey),
    ("value", Hole::Value),
    ("short", Hole::Short),
    ("field", Hole::Field),
    ("counter", Hole::Counter),
    ("member", Hole::Member),
    ("digit", Hole::Digit),
    ("number", Hole::Number),
    ("bit", Hole::Bit),
    ("millis", Hole::Millis),
    ("seconds", Hole::Seconds),
    ("db", Hole::Database),
    ("wait", Hole::WaitSeconds),
    ("wait-ms", Hole::WaitMillis),
    ("replicas", Hole::Replicas),
    ("few", Hole::Few),
    ("patience", Hole::Patience),
];

/// A row of a table.
pub(super) struct Row {
    /// How often it is drawn, beside the weights of the other rows.
    weight: u32,
    /// The request, word by word.
    words: &'static str,
    shape: Shape,
    excuses: Excuses,
    writes: bool,
}

const TYPE: Excuses = &["WRONGTYPE "];
const NUMBER: Excuses = &[
    "WRONGTYPE ",
    "ERR value is not an integer",
    "ERR value is not a valid float",
    "ERR hash value is not",
    "ERR increment or decrement would overflow",
];
/// The wait may be ended by a change of role.
const WAITS: Excuses = &["WRONGTYPE ", "UNBLOCKED "];
/// The node is no master, or is none any more.
const WAIT: Excuses = &["ERR WAIT cannot be used with replica instances", "UNBLOCKED "];
const UNSORTABLE: Excuses = &["WRONGTYPE ", "ERR One or more scores"];
const MISSING: Excuses = &["ERR no such key"];
const SAME: Excuses = &["ERR source and destination objects are the same"];
const HLL: Excuses = &["WRONGTYPE ", "INVALIDOBJ "];
/// The group may be missing, or the stream; a wait may end with either.
const GROUP: Excuses = &["WRONGTYPE ", "NOGROUP ", "UNBLOCKED "];
const GROUP_CREATED: Excuses = &["WRONGTYPE ", "BUSYGROUP "];
const PLACE: Excuses = &["WRONGTYPE ", "ERR no such key", "ERR index out of range"];

const fn read(weight: u32, words: &'static str, shape: Shape) -> Row {
    Row { weight, words, shape, excuses: TYPE, writes: false }
}

const fn write(weight: u32, words: &'static str, shape: Shape, excuses: Excuses) -> Row {
    Row { weight, words, shape, excuses, writes: true }
}

const fn plain(weight: u32, words: &'static str, shape: Shape) -> Row {
    Row { weight, words, shape, excuses: &[], writes: false }
}

use Shape::{Array, Bulk, Integer, MaybeArray, MaybeBulk, Status};

/// What is said about data.
const COMMANDS: &[Row] = &[
    write(120, "SET {s} {value}", Status, &[]),
    write(90, "INCR {n}", Integer, NUMBER),
    write(20, "INCRBYFLOAT {n} 0.1", Bulk, NUMBER),
    write(40, "APPEND {s} {short}", Integer, TYPE),
    write(10, "SETRANGE {s} 5 {short}", Integer, TYPE),
    write(25, "GETDEL {s}", Bulk, TYPE),
    write(10, "SET {s} {value} GET KEEPTTL", Bulk, TYPE),
    write(10, "MSETNX {s} {short} {s} {short}", Integer, &[]),
    read(50, "GET {s}", Bulk),
    write(20, "SETBIT {b} {number} {bit}", Integer, &["WRONGTYPE ", "ERR bit offset"]),
    write(10, "BITOP XOR {b} {b} {b}", Integer, TYPE),
    write(10, "BITFIELD {b} OVERFLOW SAT INCRBY u8 #{digit} 30", Array, TYPE),
    read(10, "BITCOUNT {b}", Integer),
    write(15, "PFADD {p} {number} {short}", Integer, HLL),
    write(5, "PFMERGE {p} {p} {p}", Status, HLL),
    // It keeps its result in the key: a replica must not.
    Row { weight: 10, words: "PFCOUNT {p}", shape: Integer, excuses: HLL, writes: false },
    write(60, "HSET {h} {field} {value}", Integer, TYPE),
    write(15, "HDEL {h} {field}", Integer, TYPE),
    write(25, "HINCRBY {h} {counter} 3", Integer, NUMBER),
    write(10, "HINCRBYFLOAT {h} {counter} -0.7", Bulk, NUMBER),
    read(25, "HGETALL {h}", Array),
    write(30, "RPUSH {l} {value} 1 two", Integer, TYPE),
    write(20, "LPUSH {l} {value}", Integer, TYPE),
    write(20, "LPOP {l}", Bulk, TYPE),
    write(10, "LTRIM {l} -20 -1", Status, TYPE),
    write(10, "LMOVE {l} {l} LEFT RIGHT", Bulk, TYPE),
    write(10, "LMPOP 2 {l} {l} RIGHT COUNT 2", MaybeArray, TYPE),
    write(5, "LINSERT {l} BEFORE two {short}", Integer, TYPE),
    write(5, "LSET {l} 1 {value}", Status, PLACE),
    write(5, "LREM {l} 1 two", Integer, TYPE),
    write(10, "BLPOP {l} {l} {wait}", MaybeArray, WAITS),
    write(10, "BLMOVE {l} {l} RIGHT LEFT {wait}", MaybeBulk, WAITS),
    write(5, "BLMPOP {wait} 2 {l} {l} LEFT COUNT 3", MaybeArray, WAITS),
    read(20, "LRANGE {l} 0 5", Array),
    write(15, "SADD {t} {digit} 7", Integer, TYPE),
    write(15, "SADD {t} {member} 7", Integer, TYPE),
    write(10, "SREM {t} {digit}", Integer, TYPE),
    write(10, "SPOP {t}", Bulk, TYPE),
    write(10, "SPOP {t} 3", Array, TYPE),
    write(10, "SMOVE {t} {t} {member}", Integer, TYPE),
    write(10, "SUNIONSTORE {t} {t} {t}", Integer, TYPE),
    read(10, "SMEMBERS {t}", Array),
    write(40, "ZADD {z} {number} {member} -0.5 low", Integer, TYPE),
    write(10, "ZINCRBY {z} 0.1 {member}", Bulk, TYPE),
    write(10, "ZPOPMIN {z}", Array, TYPE),
    write(5, "ZREMRANGEBYRANK {z} 3 4", Integer, TYPE),
    write(10, "BZPOPMAX {z} {wait}", MaybeArray, WAITS),
    write(5, "BZMPOP {wait} 2 {z} {z} MIN COUNT 2", MaybeArray, WAITS),
    write(10, "ZUNIONSTORE {z} 2 {z} {t}", Integer, TYPE),
    read(10, "ZRANGE {z} 0 -1 WITHSCORES", Array),
    write(8, "GEOADD {z} 13.361389 38.115556 {member} 15.087269 37.502669 {member}", Integer, TYPE),
    write(5, "GEOSEARCHSTORE {z} {z} FROMLONLAT 15 37 BYRADIUS 150 km", Integer, TYPE),
    write(30, "XADD {x} * {member} {value}", Bulk, TYPE),
    write(10, "XADD {x} MAXLEN ~ 20 * {member} {short}", Bulk, TYPE),
    write(5, "XTRIM {x} MAXLEN 10", Integer, TYPE),
    write(10, "XGROUP CREATE {x} g 0 MKSTREAM", Status, GROUP_CREATED),
    write(3, "XGROUP DELCONSUMER {x} g {member}", Integer, &["WRONGTYPE ", "NOGROUP ", "ERR The XGROUP subcommand"]),
    write(2, "XGROUP DESTROY {x} g", Integer, &["WRONGTYPE ", "ERR The XGROUP subcommand"]),
    write(15, "XREADGROUP GROUP g {member} COUNT 2 STREAMS {x} >", MaybeArray, GROUP),
    write(5, "XREADGROUP GROUP g {member} NOACK STREAMS {x} >", MaybeArray, GROUP),
    write(8, "XREADGROUP GROUP g {member} BLOCK {wait-ms} STREAMS {x} >", MaybeArray, GROUP),
    write(8, "XAUTOCLAIM {x} g {member} 0 0 COUNT 2", Array, GROUP),
    Row { weight: 5, words: "XREAD BLOCK {wait-ms} STREAMS {x} $", shape: MaybeArray, excuses: WAITS, writes: false },
    read(10, "XRANGE {x} - + COUNT 3", Array),
    write(60, "DEL {any}", Integer, &[]),
    write(20, "RENAME {s} {s}", Status, MISSING),
    write(10, "COPY {l} {l} REPLACE", Integer, SAME),
    write(5, "COPY {h} {h} DB {db}", Integer, SAME),
    write(5, "MOVE {any} {db}", Integer, SAME),
    write(3, "SWAPDB 0 1", Status, &[]),
    write(8, "SORT {t} STORE {l}", Integer, UNSORTABLE),
    write(4, "SORT {z} BY nosort DESC LIMIT 1 3 STORE {l}", Integer, TYPE),
    read(4, "SORT_RO {l} ALPHA GET #", Array),
    plain(18, "SELECT {db}", Status),
    plain(9, "PUBLISH channel {short}", Integer),
    plain(9, "PING", Status),
];

/// What only reads.
const READS: &[Row] = &[
    read(10, "GET {s}", Bulk),
    read(5, "HGETALL {h}", Array),
    read(5, "LRANGE {l} 0 5", Array),
    read(5, "SMEMBERS {t}", Array),
    read(5, "ZRANGE {z} 0 -1 WITHSCORES", Array),
    plain(2, "SELECT {db}", Status),
];

/// Pops that wait until others push.
const POPS: &[Row] = &[
    write(4, "BLPOP {l} {l} {wait}", MaybeArray, WAITS),
    write(2, "BLMOVE {l} {l} RIGHT LEFT {wait}", MaybeBulk, WAITS),
    write(1, "BLMPOP {wait} 2 {l} {l} LEFT COUNT 3", MaybeArray, WAITS),
    write(2, "BZPOPMAX {z} {wait}", MaybeArray, WAITS),
];

/// What is said about times to live.
const EXPIRIES: &[Row] = &[
    write(10, "PERSIST {any}", Integer, &[]),
    write(10, "EXPIRE {any} {seconds}", Integer, &[]),
    write(10, "PEXPIRE {any} {millis}", Integer, &[]),
    write(10, "SET {s} {value} PX {millis}", Status, &[]),
    write(5, "GETEX {s} PX {millis}", Bulk, TYPE),
    write(10, "HPEXPIRE {h} {millis} FIELDS 2 {field} {counter}", Array, TYPE),
    write(3, "HPERSIST {h} FIELDS 1 {field}", Array, TYPE),
    write(5, "HSETEX {h} PX {millis} FIELDS 1 {field} {value}", Integer, TYPE),
    write(3, "HGETEX {h} PX {millis} FIELDS 1 {field}", Array, TYPE),
    write(3, "HGETDEL {h} FIELDS 1 {field}", Array, TYPE),
];

/// What is asked after a write: who has it?
const QUESTIONS: &[Row] =
    &[Row { weight: 1, words: "WAIT {replicas} {patience}", shape: Integer, excuses: WAIT, writes: false }];

/// The same, of disks.
const DISK_QUESTIONS: &[Row] = &[Row {
    weight: 1,
    words: "WAITAOF {bit} {few} {patience}",
    shape: Array,
    excuses: &["ERR WAITAOF cannot be used ", "UNBLOCKED "],
    writes: false,
}];

/// A word of a request.
#[derive(Clone, Copy, Debug)]
pub(super) enum Word {
    /// As it is.
    Text(&'static str),
    /// Drawn.
    Hole(Hole),
    /// A drawn word behind a letter.
    Behind(&'static str, Hole),
}

/// A request that can be drawn.
pub(super) struct Request {
    /// Its words.
    pub(super) words: Vec<Word>,
    /// What may come back.
    pub(super) expected: Expected,
}

/// Requests, and where in the sum of all weights each begins.
pub(super) struct Requests {
    requests: Vec<Request>,
    begins: Vec<u32>,
    /// The sum of all weights.
    pub(super) weight: u32,
}

/// What is said about data.
pub(super) static REQUESTS: LazyLock<Requests> = LazyLock::new(|| Requests::of(COMMANDS));
/// What is said about times to live.
pub(super) static EXPIRY_REQUESTS: LazyLock<Requests> = LazyLock::new(|| Requests::of(EXPIRIES));
/// What only reads.
pub(super) static READ_REQUESTS: LazyLock<Requests> = LazyLock::new(|| Requests::of(READS));
/// What is popped when it comes.
pub(super) static POP_REQUESTS: LazyLock<Requests> = LazyLock::new(|| Requests::of(POPS));
/// What is asked after a write.
pub(super) static QUESTION_REQUESTS: LazyLock<Requests> = LazyLock::new(|| Requests::of(QUESTIONS));

/// What is asked of disks.
pub(super) static DISK_REQUESTS: LazyLock<Requests> = LazyLock::new(|| Requests::of(DISK_QUESTIONS));

impl Requests {
    fn of(rows: &'static [Row]) -> Requests {
        let mut all = Requests { requests: Vec::new(), begins: Vec::new(), weight: 0 };
        for Row { weight, words, shape, excuses, writes } in rows {
            let name = words.split(' ').next().unwrap_or_default();
            let expected = Expected { name, shape: *shape, excuses, writes: *writes, patience: None };
            all.requests.push(Request { words: words.split(' ').map(parse_word).collect(), expected });
            all.begins.push(all.weight);
            all.weight += weight;
        }
        all
    }

    /// The request at a place in the sum of all weights.
    pub(super) fn at(&self, place: u32) -> &Request {
        &self.requests[self.begins.partition_point(|begin| *begin <= place) - 1]
    }

    /// What may come back for a request that could have been drawn.
    pub(super) fn find(&self, words: &[&str]) -> Option<Expected> {
        let fits = |(word, text): (&Word, &&str)| match word {
            Word::Text(known) => known == text,
            Word::Hole(_) => true,
            Word::Behind(before, _) => text.starts_with(before),
        };
        let is_one =
            |request: &&Request| request.words.len() == words.len() && request.words.iter().zip(words).all(fits);
        self.requests.iter().find(is_one).map(|request| request.expected)
    }
}

fn parse_word(word: &'static str) -> Word {
    let Some((before, rest)) = word.split_once('{') else { return Word::Text(word) };
    let name = rest.strip_suffix('}').unwrap_or(rest);
    let named = HOLES.iter().find(|(known, _)| *known == name).map(|(_, hole)| *hole);
    let kind = KINDS.iter().find(|(kind, _)| [*kind] == name.as_bytes()).map(|(kind, _)| Hole::Key(*kind));
    let hole = named.or(kind).unwrap_or_else(|| panic!("no hole {name:?} in the table of requests"));
    if before.is_empty() { Word::Hole(hole) } else { Word::Behind(before, hole) }
}
