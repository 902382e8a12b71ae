//! What is a replica sent for each command, to the word? One row per rule, the same for Redis 7.0 and for us.
//! Those on fields that expire are in [`propagation_fields`](super::propagation_fields), those of Valkey's in
//! [`propagation_valkey`](super::propagation_valkey).

use afterimage_tests::fake::FakeReplica;
use afterimage_tests::{Client, Options, Release, Server, wait_until};

use super::propagation_fields::ROWS as FIELD_ROWS;
use super::propagation_valkey::ROWS as VALKEY_ROWS;

/// One rule: what is said before, what is said, and what the stream carries for it.
///
/// A line that begins with `wait:` is said on a connection of its own and waits there. In the stream `<ms>` is any absolute time that is
/// near enough to now, and a SELECT is shown where it stands.
pub(crate) struct Row {
    claim: &'static str,
    given: &'static [&'static str],
    when: &'static [&'static str],
    then: &'static [&'static str],
}

pub(crate) const fn row(
    claim: &'static str,
    given: &'static [&'static str],
    when: &'static [&'static str],
    then: &'static [&'static str],
) -> Row {
    Row { claim, given, when, then }
}

const ROWS: &[Row] = &[
    // The rule of all rules.
    row("a write is fed as it was spelled", &[], &["SeT k v"], &["SeT k v"]),
    row("what changes nothing is not fed", &["set k v"], &["get k", "del missing", "setnx k w", "touch k"], &[]),
    row("an error is not fed", &["set k v"], &["lpush k v", "incr k"], &[]),
    row("another database is selected", &[], &["select 3", "set k v", "select 0"], &["SELECT 3", "set k v"]),
    row(
        "SELECT goes before MULTI",
        &[],
        &["select 3", "multi", "set a 1", "set b 2", "exec", "select 0"],
        &["SELECT 3", "MULTI", "set a 1", "set b 2", "EXEC"],
    ),
    row("one write of a block needs no frame", &[], &["multi", "set a 1", "get a", "exec"], &["set a 1"]),
    row("a block that changes nothing is not fed", &[], &["multi", "get a", "del a", "exec"], &[]),
    row(
        "a block that changes databases",
        &[],
        &["multi", "set a 1", "select 2", "set b 2", "exec", "select 0"],
        &["MULTI", "set a 1", "SELECT 2", "set b 2", "EXEC"],
    ),
    // Places become scores, and searches are carried out again.
    row(
        "GEOADD",
        &[],
        &["GEOADD g CH 13.361389 38.115556 Palermo 15.087269 37.502669 Catania"],
        &["zadd g CH 3479099956230698 Palermo 3479447370796909 Catania"],
    ),
    row("GEOADD that changes nothing", &["geoadd g 1 1 a"], &["geoadd g 1 1 a", "geoadd g nx 2 2 a"], &[]),
    row(
        "GEORADIUS alone",
        &["geoadd g 1 1 a"],
        &["georadius g 1 1 1 km", "geosearch g fromlonlat 1 1 byradius 1 m"],
        &[],
    ),
    row("GEORADIUS STORE", &["geoadd g 1 1 a"], &["georadius g 1 1 1 km STORE d"], &["georadius g 1 1 1 km STORE d"]),
    row(
        "GEORADIUSBYMEMBER STOREDIST",
        &["geoadd g 1 1 a"],
        &["georadiusbymember g a 1 km storedist d"],
        &["georadiusbymember g a 1 km storedist d"],
    ),
    row(
        "GEOSEARCHSTORE, also of nothing, but not into nothing",
        &["geoadd g 1 1 a"],
        &[
            "geosearchstore d g frommember a byradius 1 m",
            "geosearchstore d g fromlonlat 9 9 byradius 1 m",
            "geosearchstore d g fromlonlat 9 9 byradius 1 m",
        ],
        &["geosearchstore d g frommember a byradius 1 m", "geosearchstore d g fromlonlat 9 9 byradius 1 m"],
    ),
    // Expiries are absolute.
    row("SET EX", &[], &["set k v ex 1000"], &["SET k v PXAT <ms>"]),
    row("SET PX", &[], &["set k v px 1000000"], &["SET k v PXAT <ms>"]),
    row("SET EXAT", &[], &["set k v exat 4102444800"], &["SET k v PXAT 4102444800000"]),
    row("SET PXAT", &[], &["set k v pxat 4102444800000"], &["SET k v PXAT 4102444800000"]),
    row("SETEX", &[], &["setex k 1000 v"], &["SET k v PXAT <ms>"]),
    row("PSETEX", &[], &["psetex k 1000000 v"], &["SET k v PXAT <ms>"]),
    row("SET GET loses its GET", &["set k u"], &["set k v get"], &["set k v"]),
    row("SET NX GET loses its GET alone", &[], &["set k v nx get"], &["set k v nx"]),
    row("SET KEEPTTL stays", &["set k u ex 1000"], &["set k v keepttl"], &["set k v keepttl"]),
    row("a refused SET", &["set k u"], &["set k v nx", "set other v xx"], &[]),
    row("EXPIRE", &["set k v"], &["expire k 1000"], &["PEXPIREAT k <ms>"]),
    row("PEXPIRE", &["set k v"], &["pexpire k 1000000"], &["PEXPIREAT k <ms>"]),
    row("EXPIREAT", &["set k v"], &["expireat k 4102444800"], &["PEXPIREAT k 4102444800000"]),
    row("PEXPIREAT", &["set k v"], &["pexpireat k 4102444800000"], &["pexpireat k 4102444800000"]),
    row("an expiry in the past", &["set k v"], &["expire k -1"], &["DEL k"]),
    row(
        "an expiry in the past, freed lazily",
        &["config set lazyfree-lazy-expire yes", "set k v"],
        &["expire k -1"],
        &["UNLINK k"],
    ),
    row("an expiry whose condition fails", &["set k v"], &["expire k 1000 xx", "expire missing 1000"], &[]),
    row("PERSIST", &["set k v ex 1000"], &["persist k", "persist k"], &["persist k"]),
    row("GETEX without an option", &["set k v"], &["getex k"], &[]),
    row("GETEX EX", &["set k v"], &["getex k ex 1000"], &["PEXPIREAT k <ms>"]),
    row("GETEX PERSIST", &["set k v ex 1000"], &["getex k persist", "getex k persist"], &["PERSIST k"]),
    row("GETEX of the past", &["set k v"], &["getex k pxat 1"], &["DEL k"]),
    row(
        "a key found expired",
        &["debug set-active-expire 0", "set k v px 1", "debug sleep 0.01"],
        &["get k"],
        &["DEL k"],
    ),
    row(
        "a key found expired, freed lazily",
        &["config set lazyfree-lazy-expire yes", "debug set-active-expire 0", "set k v px 1", "debug sleep 0.01"],
        &["get k"],
        &["UNLINK k"],
    ),
    row(
        "a write to a key found expired",
        &["debug set-active-expire 0", "set k v px 1", "debug sleep 0.01"],
        &["append k w"],
        &["MULTI", "DEL k", "append k w", "EXEC"],
    ),
    row(
        "evicted",
        &["set k v", "config set maxmemory-policy allkeys-lru"],
        &["config set maxmemory 1", "get k"],
        &["DEL k"],
    ),
    row(
        "evicted, freed lazily",
        &["set k v", "config set lazyfree-lazy-eviction yes", "config set maxmemory-policy allkeys-lru"],
        &["config set maxmemory 1", "get k"],
        &["UNLINK k"],
    ),
    // Effects instead of requests.
    row("GETSET", &["set k u"], &["getset k v"], &["SET k v"]),
    row("GETDEL", &["set k u"], &["getdel k", "getdel k"], &["DEL k"]),
    row("INCRBYFLOAT", &["set k 1"], &["incrbyfloat k 0.5"], &["SET k 1.5 KEEPTTL"]),
    row("HINCRBYFLOAT", &["hset h f 1"], &["hincrbyfloat h f 0.5"], &["HSET h f 1.5"]),
    row("SPOP of one", &["sadd s m"], &["spop s"], &["SREM s m"]),
    row("SPOP of all", &["sadd s m n"], &["spop s 5"], &["DEL s"]),
    row("SPOP of some, which differ", &["sadd s m n"], &["srandmember s 0", "spop s 0"], &[]),
    row("SPOP of none", &[], &["spop s", "spop s 3"], &[]),
    row("LPOP with a count", &["rpush l a b c"], &["lpop l 2", "rpop l"], &["lpop l 2", "rpop l"]),
    row("ZPOPMIN", &["zadd z 1 a 2 b"], &["zpopmin z", "zpopmax z 1"], &["zpopmin z", "zpopmax z 1"]),
    row("LMPOP", &["rpush l a b c"], &["lmpop 2 none l left count 2"], &["LPOP l 2"]),
    row("LMPOP from the right", &["rpush l a b c"], &["lmpop 2 none l right"], &["RPOP l 1"]),
    row("ZMPOP", &["zadd z 1 a 2 b"], &["zmpop 2 none z max count 2"], &["ZPOPMAX z 2"]),
    row("BLPOP at once", &["rpush l a b"], &["blpop none l 0"], &["LPOP l"]),
    row("BRPOP at once", &["rpush l a b"], &["brpop none l 0"], &["RPOP l"]),
    row("BLPOP that waited", &[], &["wait:blpop l 0", "rpush l a"], &["rpush l a", "LPOP l"]),
    row("BLMPOP at once", &["rpush l a b"], &["blmpop 0 1 l left count 2"], &["LPOP l 2"]),
    row("BLMPOP that waited", &[], &["wait:blmpop 0 1 l right count 9", "rpush l a b"], &["rpush l a b", "RPOP l 2"]),
    row("BZPOPMIN at once", &["zadd z 1 a"], &["bzpopmin none z 0"], &["ZPOPMIN z"]),
    row("BZPOPMAX that waited", &[], &["wait:bzpopmax z 0", "zadd z 1 a"], &["zadd z 1 a", "ZPOPMAX z"]),
    row("BZMPOP at once", &["zadd z 1 a"], &["bzmpop 0 1 z min"], &["ZPOPMIN z 1"]),
    row("BLMOVE at once", &["rpush l a"], &["blmove l m left right 0"], &["LMOVE l m left right"]),
    row(
        "BLMOVE that waited",
        &[],
        &["wait:blmove l m left right 0", "rpush l a"],
        &["rpush l a", "LMOVE l m left right"],
    ),
    row("BRPOPLPUSH at once", &["rpush l a"], &["brpoplpush l m 0"], &["RPOPLPUSH l m"]),
    row("BRPOPLPUSH that waited", &[], &["wait:brpoplpush l m 0", "rpush l a"], &["rpush l a", "RPOPLPUSH l m"]),
    row(
        "a pop that waited is no part of the pusher's block",
        &[],
        &["wait:blpop l 0", "multi", "rpush l a", "set k v", "exec"],
        &["MULTI", "rpush l a", "set k v", "EXEC", "LPOP l"],
    ),
    row("HSETNX that sets nothing", &["hset h f v"], &["hsetnx h f w"], &[]),
    row("SADD of what is there", &["sadd s a"], &["sadd s a", "srem s missing"], &[]),
    row("ZADD that changes nothing", &["zadd z 1 a"], &["zadd z 1 a", "zadd z nx 2 a"], &[]),
    row(
        "RENAME, COPY, MOVE",
        &["set k v"],
        &["rename k l", "copy l m", "move m 2"],
        &["rename k l", "copy l m", "move m 2"],
    ),
    row("a result that is stored", &["sadd s a b", "sadd t b"], &["sinterstore d s t"], &["sinterstore d s t"]),
    row("an empty result where nothing was", &[], &["sinterstore d s t", "zunionstore d 1 z"], &[]),
    row("an empty result where something was", &["set d v"], &["sinterstore d s t"], &["sinterstore d s t"]),
    row("BITFIELD that writes", &[], &["bitfield k set u8 0 7", "bitfield k get u8 0"], &["bitfield k set u8 0 7"]),
    row("SETBIT, BITOP", &[], &["setbit k 3 1", "bitop not d k"], &["setbit k 3 1", "bitop not d k"]),
    // Streams.
    row("XADD with an id of its own", &[], &["xadd s 5-1 f v"], &["xadd s 5-1 f v"]),
    row("XADD with half an id", &["xadd s 5-1 f v"], &["xadd s 5-* f v"], &["xadd s 5-2 f v"]),
    row("XADD MAXLEN", &["xadd s 1 f v", "xadd s 2 f v"], &["xadd s maxlen 2 3 f v"], &["xadd s maxlen 2 3 f v"]),
    row("XADD MAXLEN ~", &["xadd s 1 f v"], &["xadd s maxlen ~ 1 2 f v"], &["xadd s maxlen = 2 2 f v"]),
    row("XTRIM", &["xadd s 1 f v", "xadd s 2 f v"], &["xtrim s maxlen 1", "xtrim s maxlen 1"], &["xtrim s maxlen 1"]),
    row("XTRIM ~ that trims nothing", &["xadd s 1 f v"], &["xtrim s maxlen ~ 1"], &[]),
    row(
        "XREADGROUP",
        &["xadd s 1-1 f v", "xgroup create s g 0"],
        &["xreadgroup group g c streams s >"],
        &["XCLAIM s g c 0 1-1 TIME <ms> RETRYCOUNT 1 FORCE JUSTID LASTID 1-1"],
    ),
    row(
        "XREADGROUP of two entries",
        &["xadd s 1-1 f v", "xadd s 2-1 f v", "xgroup create s g 0"],
        &["xreadgroup group g c streams s >"],
        &[
            "MULTI",
            "XCLAIM s g c 0 1-1 TIME <ms> RETRYCOUNT 1 FORCE JUSTID LASTID 1-1",
            "XCLAIM s g c 0 2-1 TIME <ms> RETRYCOUNT 1 FORCE JUSTID LASTID 2-1",
            "EXEC",
        ],
    ),
    row(
        "XREADGROUP NOACK",
        &["xadd s 1-1 f v", "xgroup create s g 0"],
        &["xreadgroup group g c noack streams s >"],
        &["MULTI", "XGROUP CREATECONSUMER s g c", "XGROUP SETID s g 1-1 ENTRIESREAD 1", "EXEC"],
    ),
    row(
        "XREADGROUP of nothing",
        &["xadd s 1-1 f v", "xgroup create s g $"],
        &["xreadgroup group g c streams s >"],
        &[],
    ),
    row(
        "XREADGROUP that waited",
        &["xgroup create s g $ mkstream"],
        &["wait:xreadgroup group g c block 0 streams s >", "xadd s 7-1 f v"],
        &["xadd s 7-1 f v", "XCLAIM s g c 0 7-1 TIME <ms> RETRYCOUNT 1 FORCE JUSTID LASTID 7-1"],
    ),
    row(
        "XCLAIM",
        &["xadd s 1-1 f v", "xgroup create s g 0", "xreadgroup group g c streams s >"],
        &["xclaim s g d 0 1-1"],
        &["XCLAIM s g d 0 1-1 TIME <ms> RETRYCOUNT 2 FORCE JUSTID LASTID 1-1"],
    ),
    row(
        "XAUTOCLAIM",
        &["xadd s 1-1 f v", "xgroup create s g 0", "xreadgroup group g c streams s >"],
        &["xautoclaim s g d 0 0"],
        &["XCLAIM s g d 0 1-1 TIME <ms> RETRYCOUNT 2 FORCE JUSTID LASTID 1-1"],
    ),
    row("XACK of nothing", &["xadd s 1-1 f v", "xgroup create s g 0"], &["xack s g 1-1"], &[]),
    row("GEOADD", &[], &["geoadd g 13.361389 38.115556 p"], &["zadd g 3479099956230698 p"]),
    row("GEOADD with options", &[], &["geoadd g nx ch 13.361389 38.115556 p"], &["zadd g nx ch 3479099956230698 p"]),
    row(
        "GEORADIUS STORE",
        &["geoadd g 13.361389 38.115556 p"],
        &["georadius g 15 37 200 km store d", "geosearchstore d g fromlonlat 15 37 byradius 200 km"],
        &["georadius g 15 37 200 km store d", "geosearchstore d g fromlonlat 15 37 byradius 200 km"],
    ),
    // The rest.
    row("PFADD that changes nothing", &["pfadd h a"], &["pfadd h a"], &[]),
    row("PFCOUNT that keeps its result", &["pfadd h a"], &["pfcount h", "pfcount h"], &["pfcount h"]),
    row("PFMERGE", &["pfadd h a"], &["pfmerge d h"], &["pfmerge d h"]),
    row("RESTORE", &["set k v"], &["restored: 0 l k"], &["restore l 0 <payload>"]),
    row("RESTORE with a time to live", &["set k v"], &["restored: 1000000 l k"], &["restore l <ms> <payload> ABSTTL"]),
    row(
        "SWAPDB, even of a database with itself",
        &["set k v"],
        &["SwapDB 0 1", "swapdb 2 2", "swapdb 0 16", "swapdb 1 0"],
        &["SwapDB 0 1", "swapdb 2 2", "swapdb 1 0"],
    ),
    row(
        "SORT, if it changes its destination",
        &["rpush l 2 1"],
        &["sort l", "sort missing store d", "Sort l Store d", "sort missing store d", "sort k by nosort get # store d"],
        &["Sort l Store d", "sort missing store d"],
    ),
    row("FLUSHALL and FLUSHDB of nothing", &[], &["flushdb", "flushall async"], &["flushdb", "flushall async"]),
    row("PUBLISH", &[], &["publish c m", "spublish c m"], &["publish c m", "spublish c m"]),
    row(
        "what is no data",
        &["set k v"],
        &["debug populate 3", "touch k", "object encoding k", "config set hz 10"],
        &[],
    ),
    row("DEBUG REPLICATE", &[], &["debug replicate set k v"], &["set k v"]),
    row("WAIT that waits", &["set k v"], &["wait 1 1"], &["REPLCONF GETACK *"]),
];

/// What a row looks like on the stream: each command in a line, SELECT and MULTI included.
fn streamed(server: &Server, replica: &mut FakeReplica, row: &Row) -> Vec<String> {
    let mut client = server.client();
    assert!(client.line("flushall").is_ok());
    for line in row.given {
        let reply = say(&mut client, line);
        assert!(!reply.starts_with("Error"), "{}: {line}: {reply}", row.claim);
    }
    // A marker must not be data: rows evict.
    assert!(client.line("debug replicate set propagation:begin 1").is_ok());
    replica.read_raw_to_marker("propagation:begin");
    let mut waiting = Vec::new();
    for line in row.when {
        match line.strip_prefix("wait:") {
            Some(line) => {
                let mut other = server.client();
                other.send(&afterimage_tests::encode(&line.split_whitespace().collect::<Vec<_>>()));
                wait_until("a client to wait", || {
                    server.count("clients", "blocked_clients") == 1 + waiting.len() as u64
                });
                waiting.push(other);
            }
            None => drop(say(&mut client, line)),
        }
    }
    for mut other in waiting {
        drop(other.read());
    }
    assert!(client.line("debug replicate set propagation:end 1").is_ok());
    // After the end: what is dead already is expired at once.
    for directive in DIRECTIVES {
        assert!(client.line(&format!("config set {directive}")).is_ok(), "{directive}");
    }
    assert!(client.line("debug set-active-expire 1").is_ok());
    let commands = replica.read_raw_to_marker("propagation:end");
    commands.iter().map(|command| show(command)).collect()
}

/// What rows set, as it is by default.
const DIRECTIVES: &[&str] =
    &["maxmemory 0", "maxmemory-policy noeviction", "lazyfree-lazy-expire no", "lazyfree-lazy-eviction no"];

/// Says a line, of which `restored: TTL TO FROM` is one that needs bytes: RESTORE of what DUMP says.
fn say(client: &mut Client, line: &str) -> String {
    let Some(words) = line.strip_prefix("restored: ") else { return format!("{:?}", client.line(line)) };
    let [ttl, to, from] = words.split(' ').collect::<Vec<_>>()[..] else { panic!("three words in {line:?}") };
    let afterimage_tests::Reply::Bulk(payload) = client.line(&format!("dump {from}")) else { panic!("no {from}") };
    format!("{:?}", client.call(&[b"restore", to.as_bytes(), ttl.as_bytes(), &payload]))
}

/// A command in a line. Instants of these years are `<ms>`, what is not text is `<payload>`.
fn show(command: &[Vec<u8>]) -> String {
    const NEAR_MS: std::ops::Range<u64> = 1_600_000_000_000..4_000_000_000_000;
    let word = |word: &Vec<u8>| match std::str::from_utf8(word) {
        Ok(text) if text.parse().is_ok_and(|number| NEAR_MS.contains(&number)) => "<ms>".to_owned(),
        Ok(text) if !text.contains('\0') => text.to_owned(),
        _ => "<payload>".to_owned(),
    };
    command.iter().map(word).collect::<Vec<_>>().join(" ")
}

fn check(server: &Server, name: &str, rows: &[Row]) {
    let mut replica = FakeReplica::attach(server.port());
    let mut differences = String::new();
    for row in rows {
        let found = streamed(server, &mut replica, row);
        if found != row.then {
            differences += &format!("{}: {:?}\n  {name}: {found:?}\n  table: {:?}\n", row.claim, row.when, row.then);
        }
    }
    assert!(differences.is_empty(), "{differences}");
}

#[test]
fn each_rule_holds_for_redis() {
    if let Some(real) = Options::real(Release::Redis7) {
        check(&real.start(), "Redis", ROWS);
    }
}

#[test]
fn each_rule_holds_for_us() {
    check(&Options::ours().start(), "ours", ROWS);
}

#[test]
fn each_rule_of_fields_that_expire_holds_for_redis_8() {
    if let Some(real) = Options::real(Release::Redis8) {
        check(&real.start(), "Redis", FIELD_ROWS);
    }
}

#[test]
fn each_rule_of_fields_that_expire_holds_for_us() {
    check(&Options::ours().start(), "ours", FIELD_ROWS);
}

#[test]
fn each_rule_of_what_valkey_brought_holds_for_valkey_9() {
    if let Some(real) = Options::real(Release::Valkey9) {
        check(&real.start(), "Valkey", VALKEY_ROWS);
    }
}

#[test]
fn each_rule_of_what_valkey_brought_holds_for_us() {
    check(&Options::ours().start(), "ours", VALKEY_ROWS);
}
