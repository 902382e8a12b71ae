//! Can everything that a node holds be read, by every command of its type, and do the answers agree with one another?

use crate::inside::Inside;
use crate::reply::Reply;

/// A key, and where it is.
pub(super) struct Found {
    pub(super) database: u32,
    pub(super) key: Vec<u8>,
    pub(super) kind: String,
}

/// Of long collections, as many elements are asked for one by one.
const ONE_BY_ONE_MAX: usize = 100;
/// LCS takes the product of both lengths.
const LCS_BYTES_MAX: usize = 500;

/// Reads all keys of all databases.
pub(super) fn everything(node: &mut Inside) -> Vec<Found> {
    let mut found = Vec::new();
    for database in 0..16 {
        assert!(node.line(&format!("select {database}")).is_ok());
        let keys = node.line("keys *").elements();
        for key in keys {
            let key = bytes(key);
            let kind = node.call(&[b"type", key.as_slice()]).text();
            if kind != "none" {
                one(node, &key, &kind);
                found.push(Found { database, key, kind });
            }
        }
    }
    assert!(node.line("select 0").is_ok());
    found
}

/// A key through all its commands.
struct Reading<'a> {
    node: &'a mut Inside,
    key: &'a [u8],
}

fn one(node: &mut Inside, key: &[u8], kind: &str) {
    let mut reading = Reading { node, key };
    for line in
        ["ttl K", "object encoding K", "memory usage K samples 0", "debug digest-value K", "dump K", "debug object K"]
    {
        reading.ask(line);
    }
    match kind {
        "string" => reading.string(),
        "list" => reading.list(),
        "set" => reading.set(),
        "zset" => reading.zset(),
        "hash" => reading.hash(),
        "stream" => reading.stream(),
        other => panic!("an unknown type: {other}"),
    }
}

impl Reading<'_> {
    /// A line in which `K` is the key; its reply, which is no error.
    #[track_caller]
    fn ask(&mut self, line: &str) -> Reply {
        self.ask_with(line, &[])
    }

    /// Likewise, with more words behind.
    #[track_caller]
    fn ask_with(&mut self, line: &str, more: &[&[u8]]) -> Reply {
        let words = line.split(' ').map(|word| if word == "K" { self.key } else { word.as_bytes() });
        let words: Vec<&[u8]> = words.chain(more.iter().copied()).collect();
        let reply = self.node.call(&words);
        assert!(!matches!(reply, Reply::Error(_)), "{line} {}: {reply:?}", self.key.escape_ascii());
        reply
    }

    #[track_caller]
    fn elements(&mut self, line: &str) -> Vec<Reply> {
        self.ask(line).elements()
    }

    /// A command and its counterpart from the other end tell the same.
    #[track_caller]
    fn assert_reversed(&mut self, forward: &str, backward: &str) {
        let forward = self.elements(forward);
        let mut other = self.elements(backward);
        other.reverse();
        assert!(forward == other, "{backward} is not the reverse");
    }

    fn len(&mut self, line: &str) -> usize {
        usize::try_from(self.ask(line).integer()).expect("a length")
    }

    fn string(&mut self) {
        let value = bytes(self.ask("get K"));
        assert_eq!(self.len("strlen K"), value.len());
        assert_eq!(bytes(self.ask("getrange K 0 -1")), value);
        for line in ["getrange K -5 -2", "bitcount K", "bitpos K 1", "getbit K 7", "bitfield_ro K get u8 0"] {
            self.ask(line);
        }
        if value.len() <= LCS_BYTES_MAX {
            assert_eq!(bytes(self.ask("lcs K K")), value);
        }
        // What is no HyperLogLog says so; what is one may change its form by being looked at.
        for line in ["pfdebug encoding", "pfdebug decode", "pfcount", "pfdebug getreg", "pfcount"] {
            let words = line.split(' ').map(str::as_bytes).chain([self.key]);
            self.node.call(&words.collect::<Vec<_>>());
        }
    }

    fn list(&mut self) {
        let all = self.elements("lrange K 0 -1");
        assert_eq!(self.len("llen K"), all.len());
        assert!(!all.is_empty(), "an empty list is no key");
        let count = all.len() as i64;
        for index in [0, 1, count / 2, count - 1] {
            let Some(expected) = usize::try_from(index).ok().and_then(|index| all.get(index)) else { continue };
            assert_eq!(&self.ask(&format!("lindex K {index}")), expected);
            assert_eq!(&self.ask(&format!("lindex K {}", index - count)), expected);
        }
        assert_eq!(self.elements("lrange K -3 -1"), all[all.len().saturating_sub(3)..]);
        let last = bytes(all[all.len() - 1].clone());
        let at = self.ask_with("lpos K", &[&last, b"rank", b"-1"]);
        assert_eq!(at.integer(), count - 1);
        self.ask_with("lpos K", &[&last, b"count", b"0"]);
    }

    fn set(&mut self) {
        let members = self.elements("smembers K");
        assert_eq!(self.len("scard K"), members.len());
        assert!(!members.is_empty(), "an empty set is no key");
        for member in members.iter().take(ONE_BY_ONE_MAX) {
            assert_eq!(self.ask_with("sismember K", &[&bytes(member.clone())]).integer(), 1);
        }
        assert_eq!(self.elements("sinter K K").len(), members.len());
        assert_eq!(self.elements("sunion K").len(), members.len());
        for line in ["sscan K 0 count 1000", "srandmember K -5", "srandmember K 3", "sdiff K K"] {
            self.ask(line);
        }
    }

    fn zset(&mut self) {
        let pairs = self.elements("zrange K 0 -1 withscores");
        assert_eq!(self.len("zcard K") * 2, pairs.len());
        assert!(!pairs.is_empty(), "an empty sorted set is no key");
        self.assert_reversed("zrange K 0 -1", "zrevrange K 0 -1");
        self.assert_reversed("zrangebyscore K -inf +inf", "zrevrangebyscore K +inf -inf");
        assert_eq!(self.len("zcount K -inf +inf") * 2, pairs.len());
        for (rank, pair) in pairs.chunks(2).enumerate().take(ONE_BY_ONE_MAX) {
            let member = bytes(pair[0].clone());
            assert_eq!(self.ask_with("zscore K", &[&member]), pair[1]);
            assert_eq!(self.ask_with("zrank K", &[&member]).integer(), rank as i64);
            assert_eq!(self.ask_with("zrevrank K", &[&member]).integer(), (pairs.len() / 2 - rank - 1) as i64);
        }
        let lines = ["zrangebylex K - +", "zrevrangebylex K + -", "zlexcount K - +", "zscan K 0 count 1000"];
        for line in lines.into_iter().chain(["zrandmember K -3 withscores", "zunion 2 K K withscores", "zinter 1 K"]) {
            self.ask(line);
        }
    }

    fn hash(&mut self) {
        let pairs = self.elements("hgetall K");
        assert_eq!(self.len("hlen K") * 2, pairs.len());
        assert!(!pairs.is_empty(), "an empty hash is no key");
        assert_eq!(self.elements("hkeys K").len() * 2, pairs.len());
        assert_eq!(self.elements("hvals K").len() * 2, pairs.len());
        for pair in pairs.chunks(2).take(ONE_BY_ONE_MAX) {
            let name = bytes(pair[0].clone());
            assert_eq!(self.ask_with("hget K", &[&name]), pair[1]);
            assert_eq!(self.ask_with("hexists K", &[&name]).integer(), 1);
            let length = self.ask_with("hstrlen K", &[&name]).integer();
            assert_eq!(length, bytes(pair[1].clone()).len() as i64);
        }
        for line in ["hscan K 0 count 1000", "hrandfield K -3 withvalues"] {
            self.ask(line);
        }
    }

    fn stream(&mut self) {
        let entries = self.elements("xrange K - +");
        assert_eq!(self.len("xlen K"), entries.len());
        self.assert_reversed("xrange K - +", "xrevrange K + -");
        for entry in entries.iter().take(ONE_BY_ONE_MAX) {
            let id = entry.clone().elements()[0].text();
            assert_eq!(self.elements(&format!("xrange K {id} {id}")), std::slice::from_ref(entry));
        }
        for line in ["xinfo stream K", "xinfo stream K full count 0", "xread count 3 streams K 0"] {
            self.ask(line);
        }
        for group in self.elements("xinfo groups K") {
            let name = bytes(group.elements()[1].clone());
            self.ask_with("xinfo consumers K", &[&name]);
            self.ask_with("xpending K", &[&name]);
            self.ask_with("xpending K", &[&name, b"-", b"+", b"1000"]);
        }
    }
}

pub(super) fn bytes(reply: Reply) -> Vec<u8> {
    match reply {
        Reply::Bulk(bytes) => bytes,
        Reply::Simple(text) => text.into_bytes(),
        other => panic!("no bytes: {other:?}"),
    }
}
