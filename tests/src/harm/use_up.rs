//! Can everything that a node holds be changed, element by element, until nothing is left of it?

use crate::inside::Inside;
use crate::reply::Reply;

use super::read::{Found, bytes};

/// Of long collections, as many elements are removed one by one, and the rest with the key.
const ONE_BY_ONE_MAX: usize = 100;

/// Uses up all keys; then the node is empty.
pub(super) fn everything(node: &mut Inside, keys: Vec<Found>) {
    for Found { database, key, kind } in keys {
        assert!(node.line(&format!("select {database}")).is_ok());
        let mut using = Using { node, key: &key };
        match kind.as_str() {
            "string" => using.string(),
            "list" => using.list(),
            "set" => using.set(),
            "zset" => using.zset(),
            "hash" => using.hash(),
            _ => using.stream(),
        }
        using.run("del K", &[]);
    }
    assert!(node.line("flushall").is_ok());
    assert_eq!(node.line("debug digest"), Reply::Simple("0".repeat(40)));
}

struct Using<'a> {
    node: &'a mut Inside,
    key: &'a [u8],
}

impl Using<'_> {
    /// A line in which `K` is the key, with more words behind. It may be refused: a number may be none, an id the last.
    fn run(&mut self, line: &str, more: &[&[u8]]) -> Reply {
        let words = line.split(' ').map(|word| if word == "K" { self.key } else { word.as_bytes() });
        let words: Vec<&[u8]> = words.chain(more.iter().copied()).collect();
        self.node.call(&words)
    }

    fn run_all(&mut self, lines: &[&str]) {
        for line in lines {
            self.run(line, &[]);
        }
    }

    /// What an array holds, as bytes.
    fn listed(&mut self, line: &str) -> Vec<Vec<u8>> {
        match self.run(line, &[]) {
            Reply::Array(elements) => elements.into_iter().map(bytes).collect(),
            _ => Vec::new(),
        }
    }

    fn string(&mut self) {
        self.run_all(&[
            "pfadd K element",
            "pfmerge K",
            "incr K",
            "incrbyfloat K 1.5",
            "append K tail",
            "setrange K 3 mid",
        ]);
        self.run_all(&["setbit K 77 1", "bitfield K incrby i16 3 100", "getex K persist", "getdel K"]);
    }

    fn list(&mut self) {
        self.run_all(&[
            "rpush K tail",
            "lpush K head",
            "lset K 1 other",
            "linsert K before other b",
            "linsert K after other a",
        ]);
        self.run_all(&["lrem K -1 other", "lmove K K left right", "rpoplpush K K", "ltrim K 1 -2", "lset K -1 z"]);
        let middle = self.listed("lrange K 0 -1");
        if let Some(element) = middle.get(middle.len() / 2) {
            self.run("lrem K 0", &[element]);
        }
        for _ in 0..ONE_BY_ONE_MAX {
            self.run_all(&["lpop K", "rpop K"]);
        }
        self.run_all(&["lpop K 100000"]);
    }

    fn set(&mut self) {
        self.run_all(&["sadd K word 1 99999999999", "smove K other word", "spop K", "srem K 1"]);
        for member in self.listed("smembers K").iter().take(ONE_BY_ONE_MAX) {
            assert_eq!(self.run("srem K", &[member]).integer(), 1);
        }
        self.run_all(&["spop K 100000"]);
    }

    fn zset(&mut self) {
        self.run_all(&[
            "zadd K 3 new",
            "zadd K gt 1 new",
            "zincrby K 2.5 new",
            "zpopmin K",
            "zpopmax K",
            "zremrangebyrank K 3 4",
        ]);
        for (index, member) in self.listed("zrange K 0 -1").iter().take(ONE_BY_ONE_MAX).enumerate() {
            if index % 2 == 0 {
                self.run("zincrby K 1", &[member]);
            }
            assert_eq!(self.run("zrem K", &[member]).integer(), 1);
        }
        self.run_all(&["zremrangebyscore K -inf (0", "zremrangebylex K - +", "zpopmin K 100000"]);
    }

    fn hash(&mut self) {
        self.run_all(&["hset K new value n 1", "hincrby K n 5", "hincrbyfloat K n 0.5", "hdel K new"]);
        for name in self.listed("hkeys K").iter().take(ONE_BY_ONE_MAX) {
            self.run("hincrby K", &[name, b"1"]);
            assert_eq!(self.run("hdel K", &[name]).integer(), 1);
        }
    }

    fn stream(&mut self) {
        self.run_all(&[
            "xadd K * field value",
            "xgroup create K fresh 0",
            "xreadgroup group fresh me count 3 streams K >",
        ]);
        let Reply::Array(groups) = self.run("xinfo groups K", &[]) else { return };
        for group in groups {
            let name = bytes(group.elements()[1].clone());
            self.run("xautoclaim K", &[&name, b"thief", b"0", b"0"]);
            self.run("xreadgroup group", &[&name, b"me", b"streams", self.key, b"0"]);
            self.run("xgroup setid K", &[&name, b"0"]);
            self.run("xgroup delconsumer K", &[&name, b"thief"]);
            self.run("xreadgroup group", &[&name, b"me", b"count", b"2", b"streams", self.key, b">"]);
            self.run("xgroup destroy K", &[&name]);
        }
        self.run_all(&["xtrim K maxlen ~ 50", "xtrim K minid 0-5"]);
        let Reply::Array(entries) = self.run("xrange K - + count 100", &[]) else { return };
        for entry in entries {
            let id = bytes(entry.elements()[0].clone());
            assert_eq!(self.run("xdel K", &[&id]).integer(), 1);
        }
        self.run_all(&["xtrim K maxlen 0", "xadd K * field value", "xsetid K 99999999999999-0"]);
    }
}
