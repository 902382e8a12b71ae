//! Which keys show every way in which a value can be written?
//!
//! A row is a key, the oldest release that can make it, its encoding once a Redis 7.0 has loaded it, and the commands that make it. In them
//! `K` is the key, `m@1..9` stands for nine words, `*80` for eighty equal letters and `~80` for noise of that length; `1..9:` before a command
//! repeats it, with the number in place of each `%`.

use afterimage_tests::{Draw, Release, Reply, Server};

/// One key.
#[derive(Debug)]
pub(super) struct Shape {
    pub(super) key: &'static str,
    since: Release,
    pub(super) encoding: &'static str,
    commands: &'static [&'static str],
}

/// The database of the shapes, and another for a key or two.
pub(super) const DATABASE: u32 = 9;
pub(super) const OTHER_DATABASE: u32 = 3;

const fn shape(key: &'static str, since: Release, encoding: &'static str, commands: &'static [&'static str]) -> Shape {
    Shape { key, since, encoding, commands }
}

use Release::{Redis30, Redis50};

/// Rows whose scores every release prints alike, so that digests of all can be compared.
pub(super) const SHAPES: &[Shape] = &[
    shape("string:zero", Redis30, "int", &["set K 0"]),
    shape("string:8 bits", Redis30, "int", &["set K -128"]),
    shape("string:16 bits", Redis30, "int", &["set K -32768"]),
    shape("string:32 bits", Redis30, "int", &["set K 2147483647"]),
    shape("string:33 bits", Redis30, "int", &["set K 2147483648"]),
    shape("string:64 bits", Redis30, "int", &["set K -9223372036854775808"]),
    shape("string:65 bits", Redis30, "embstr", &["set K 9223372036854775808"]),
    shape("string:leading zero", Redis30, "embstr", &["set K 007"]),
    shape("string:empty", Redis30, "embstr", &["set K *0"]),
    shape("string:44", Redis30, "embstr", &["set K ~44"]),
    shape("string:45", Redis30, "raw", &["set K ~45"]),
    shape("string:appended", Redis30, "embstr", &["append K one", "append K two"]),
    shape("string:LZF", Redis30, "raw", &["set K *300"]),
    shape("string:14 bits", Redis30, "raw", &["set K ~16383"]),
    shape("string:15 bits", Redis30, "raw", &["set K ~16384"]),
    shape("string:sparse HyperLogLog", Redis30, "embstr", &["pfadd K a b c"]),
    shape("string:dense HyperLogLog", Redis30, "raw", &["pfadd K m@1..3000"]),
    shape("list:small", Redis30, "quicklist", &["rpush K a 1 -1 12 13 4095 4096 -70000 8388608 5000000000 *63 *64 *0"]),
    shape("list:many", Redis30, "quicklist", &["rpush K m@1..600"]),
    shape("list:nodes", Redis30, "quicklist", &["1..9: rpush K ~3000 %"]),
    shape("list:plain", Redis30, "quicklist", &["rpush K before ~9000 between ~20000 after"]),
    shape("list:plain and LZF", Redis30, "quicklist", &["rpush K *9000"]),
    shape("list:popped", Redis30, "quicklist", &["rpush K m@1..40", "1..30: lpop K", "1..5: lpush K ~200"]),
    shape("set:16 bits", Redis30, "intset", &["sadd K 3 -32768 32767 0 7"]),
    shape("set:32 bits", Redis30, "intset", &["sadd K 70000 -1 3"]),
    shape("set:64 bits", Redis30, "intset", &["sadd K 5000000000 -9223372036854775808 4"]),
    shape("set:words", Redis30, "hashtable", &["sadd K one 2 three ~70"]),
    shape("set:many integers", Redis30, "hashtable", &["sadd K @1..600"]),
    shape("set:many words", Redis30, "hashtable", &["sadd K m@1..300"]),
    shape("zset:small", Redis30, "listpack", &["zadd K 1 one -2.5 b 0 c inf d -inf e 70000 f 1 two 1e30 g"]),
    shape("zset:128", Redis30, "listpack", &["1..128: zadd K % m%"]),
    shape("zset:129", Redis30, "skiplist", &["1..129: zadd K % m%"]),
    shape("zset:long", Redis30, "skiplist", &["zadd K 0.5 ~65 -inf b inf c 3 d"]),
    shape("hash:small", Redis30, "listpack", &["hmset K one 1 two two negative -70000 *64 *64 empty *0 5 5"]),
    shape("hash:512", Redis30, "listpack", &["1..512: hset K f% %"]),
    shape("hash:513", Redis30, "hashtable", &["1..513: hset K f% %"]),
    shape("hash:long", Redis30, "hashtable", &["hmset K field ~65 n 12 *65 x"]),
    shape("stream:one", Redis50, "stream", &["xadd K 5-7 name value"]),
    shape("stream:nodes", Redis50, "stream", &["1..250: xadd K %-1 n % same field", "xadd K 900-5 other fields"]),
    shape("stream:other fields", Redis50, "stream", &["1..9: xadd K 7-% f% v% g -%"]),
    shape("stream:deleted", Redis50, "stream", &["1..30: xadd K %-0 n %", "xdel K 4-0 9-0 30-0", "xtrim K maxlen 20"]),
    shape("stream:emptied", Redis50, "stream", &["xadd K 3-3 a b", "xdel K 3-3"]),
    shape("stream:made", Redis50, "stream", &["xgroup create K g $ mkstream"]),
    shape(
        "stream:groups",
        Redis50,
        "stream",
        &[
            "1..20: xadd K %-% n %",
            "xgroup create K all 0",
            "xgroup create K some 7-0",
            "xgroup create K none $",
            "xreadgroup group all alice count 8 streams K >",
            "xreadgroup group all bob count 4 streams K >",
            "xreadgroup group some alice count 2 streams K >",
            "xreadgroup group some idle count 2 streams K 0",
            "xack K all 2-2 3-3 9-9",
            "xclaim K all carol 0 1-1 4-4 retrycount 70000",
            "xdel K 5-5",
        ],
    ),
    shape("expires:string", Redis30, "embstr", &["set K soon", "pexpireat K 4102444800123"]),
    shape("expires:hash", Redis30, "listpack", &["hset K f v", "expireat K 4102444800"]),
    shape("key \r\n\0\u{ff}", Redis30, "int", &["set K 1"]),
    shape("12345", Redis30, "int", &["set K 1"]),
];

/// Rows whose scores newer releases print in fewer digits, or whose sign some lose.
pub(super) const AWKWARD: &[Shape] = &[
    shape("awkward:small", Redis30, "listpack", &["zadd K 0.1 a -0.3333 b 1e-310 c 5e-324 d 1.7976931348623157e308 e"]),
    shape("awkward:large", Redis30, "skiplist", &["zadd K 0.1 ~65 5e-324 b -1e-310 c 3.3000000000000003 d"]),
];

/// A few small ones, for files that are kept.
pub(super) const SMALL: &[Shape] = &[
    shape("s8", Redis30, "int", &["set K -7"]),
    shape("s16", Redis30, "int", &["set K 300"]),
    shape("s32", Redis30, "int", &["set K 70000"]),
    shape("s64", Redis30, "int", &["set K 5000000000"]),
    shape("text", Redis30, "embstr", &["set K text"]),
    shape("lzf", Redis30, "raw", &["set K *99"]),
    shape("hll", Redis30, "embstr", &["pfadd K a b c"]),
    shape("list", Redis30, "quicklist", &["rpush K a 1 -1 4096 70000 5000000000 *64 b"]),
    shape("list2", Redis30, "quicklist", &["rpush K *70 a b c *30 *80"]),
    shape("set16", Redis30, "intset", &["sadd K 3 -5 7"]),
    shape("set32", Redis30, "intset", &["sadd K 70000 1"]),
    shape("set64", Redis30, "intset", &["sadd K 5000000000 1"]),
    shape("set", Redis30, "hashtable", &["sadd K a b 3 *20"]),
    shape("set2", Redis30, "hashtable", &["sadd K *70 a 3"]),
    shape("zset", Redis30, "listpack", &["zadd K 1 a -2.5 b inf c 0.1 d"]),
    shape("zset2", Redis30, "skiplist", &["zadd K 1 *65 -inf b 0.1 c"]),
    shape("hash", Redis30, "listpack", &["hmset K a 1 b two c *30"]),
    shape("hash2", Redis30, "hashtable", &["hmset K a *65 b 2"]),
    shape("soon", Redis30, "embstr", &["set K v", "pexpireat K 4102444800123"]),
    shape(
        "stream",
        Redis50,
        "stream",
        &[
            "1..7: xadd K 5-% n % m *9",
            "xadd K 9-0 other f",
            "xdel K 5-2",
            "xgroup create K g 0",
            "xgroup create K h $",
            "xreadgroup group g one count 3 streams K >",
            "xreadgroup group g two count 1 streams K >",
        ],
    ),
    shape("gone", Redis50, "stream", &["xadd K 3-3 a b", "xdel K 3-3"]),
];

/// A library of functions.
pub(super) const LIBRARY: &str = "#!lua name=lib\nredis.register_function('f', function() return 1 end)";

/// What `release` can make of the table; all of it for ours.
pub(super) fn shapes_of(release: Option<Release>) -> impl Iterator<Item = &'static Shape> {
    SHAPES.iter().filter(move |shape| release.is_none_or(|release| shape.since <= release))
}

/// Makes all keys, the awkward ones included, and a library of functions where there are such.
pub(super) fn fill(server: &Server, release: Option<Release>) {
    fill_with(server, release, SHAPES);
    fill_with(server, release, AWKWARD);
}

/// Makes the keys of one table, and what belongs to no table.
pub(super) fn fill_with(server: &Server, release: Option<Release>, shapes: &[Shape]) {
    let mut client = server.client();
    let mut commands = vec![words(&format!("select {DATABASE}"))];
    let is_known = |shape: &&Shape| release.is_none_or(|release| shape.since <= release);
    commands.extend(shapes.iter().filter(is_known).flat_map(Shape::commands));
    commands.push(words(&format!("select {OTHER_DATABASE}")));
    commands.extend(["set other database", "del list", "rpush list of another"].map(words));
    if release.is_none_or(|release| release >= Release::Redis7) {
        commands.push(["function", "load", "replace", LIBRARY].map(|word| word.as_bytes().to_vec()).to_vec());
    }
    for (command, reply) in commands.iter().zip(client.pipeline(&commands)) {
        assert!(!matches!(reply, Reply::Error(_)), "{}: {reply:?}", command.concat().escape_ascii());
    }
}

impl Shape {
    /// The commands that make the key.
    fn commands(&self) -> Vec<Vec<Vec<u8>>> {
        let mut draw = Draw::new(self.key.len() as u64);
        let mut commands = Vec::new();
        for line in self.commands {
            let (times, line) = line.split_once(": ").unwrap_or(("", line));
            let times = if times.is_empty() { 0..=0 } else { range(times) };
            for number in times {
                let line = line.replace('%', &number.to_string());
                commands.push(line.split(' ').flat_map(|word| self.expand(word, &mut draw)).collect());
            }
        }
        commands
    }

    fn expand(&self, word: &str, draw: &mut Draw) -> Vec<Vec<u8>> {
        let length = |digits: &str| digits.parse::<usize>().expect("a length");
        if word == "K" {
            return vec![self.key.as_bytes().to_vec()];
        }
        if let Some(digits) = word.strip_prefix('*') {
            return vec![vec![b'x'; length(digits)]];
        }
        if let Some(digits) = word.strip_prefix('~') {
            return vec![draw.bytes(length(digits))];
        }
        match word.split_once('@') {
            Some((prefix, numbers)) => range(numbers).map(|number| format!("{prefix}{number}").into_bytes()).collect(),
            None => vec![word.as_bytes().to_vec()],
        }
    }
}

fn range(text: &str) -> std::ops::RangeInclusive<u64> {
    let (first, last) = text.split_once("..").expect("a range");
    first.parse().expect("a number")..=last.parse().expect("a number")
}

fn words(line: &str) -> Vec<Vec<u8>> {
    line.split(' ').map(|word| word.as_bytes().to_vec()).collect()
}
