//! Which commands are measured, and what must be there before?

use serde::{Serialize, Serializer};

/// A command, as redis-benchmark sends it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Command {
    /// As the tables, and `--only`, name it.
    pub(crate) name: &'static str,
    /// What redis-benchmark is to send: one of its own tests, or words.
    pub(crate) request: Request,
    /// What there must be.
    pub(crate) given: Given,
    /// In how many pipelines, and with how many replicas, it is measured.
    pub(crate) breadth: Breadth,
    /// A thousandth part of the requests of a run at pipeline 16.
    pub(crate) kilo_requests: u64,
}

/// What is sent.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Request {
    /// A test of redis-benchmark, by its name for `-t`.
    Test(&'static str),
    /// These words.
    Words(&'static [&'static str]),
}

/// What a command finds.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Given {
    /// All keys of the key space with values.
    Keys,
    /// Nothing: it makes what it needs.
    Nothing,
    /// What as many requests of this test leave, with members from a range as large.
    After(&'static str, u64),
    /// A list of 600 values.
    List,
}

/// How broadly a command is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Breadth {
    /// In all pipelines, without and with replicas.
    Full,
    /// At pipeline 16, without replicas.
    One,
}

const fn one(name: &'static str, test: &'static str, given: Given, kilo_requests: u64) -> Command {
    Command { name, request: Request::Test(test), given, breadth: Breadth::One, kilo_requests }
}

const fn range(name: &'static str, words: &'static [&'static str], kilo_requests: u64) -> Command {
    Command { name, request: Request::Words(words), given: Given::List, breadth: Breadth::One, kilo_requests }
}

/// All that are measured.
pub(crate) static COMMANDS: &[Command] = &[
    Command {
        name: "GET",
        request: Request::Test("get"),
        given: Given::Keys,
        breadth: Breadth::Full,
        kilo_requests: 2_000,
    },
    Command {
        name: "SET",
        request: Request::Test("set"),
        given: Given::Keys,
        breadth: Breadth::Full,
        kilo_requests: 2_000,
    },
    one("INCR", "incr", Given::Nothing, 2_000),
    one("MSET (10 keys)", "mset", Given::Nothing, 300),
    one("LPUSH", "lpush", Given::Nothing, 2_000),
    one("RPUSH", "rpush", Given::Nothing, 2_000),
    one("LPOP", "lpop", Given::After("lpush", 2_000_000), 2_000),
    one("RPOP", "rpop", Given::After("lpush", 2_000_000), 2_000),
    one("SADD", "sadd", Given::Nothing, 2_000),
    one("SPOP", "spop", Given::After("sadd", 2_000_000), 1_000),
    one("HSET", "hset", Given::Nothing, 2_000),
    one("ZADD", "zadd", Given::Nothing, 1_000),
    one("ZPOPMIN", "zpopmin", Given::After("zadd", 1_000_000), 500),
    range("LRANGE_100", &["lrange", "mylist", "0", "99"], 300),
    range("LRANGE_300", &["lrange", "mylist", "0", "299"], 120),
    range("LRANGE_500", &["lrange", "mylist", "0", "499"], 80),
    range("LRANGE_600", &["lrange", "mylist", "0", "599"], 60),
];

impl Serialize for Command {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name)
    }
}
