//! Does our server answer, and feed its replicas, byte for byte as Redis 7.0 does?

use afterimage_tests::fake::{FakeReplica, Streamed};
use afterimage_tests::{Client, Draw, Options, Release, Reply, Server, Workload, encode};

/// Beside the writes of the workload: reads, options, errors. What is random or tells the time or the version is left out.
const REQUESTS: &[&str] = &[
    "get {k}",
    "get",
    "get {s} {s}",
    "set {s}",
    "set {s} {v} nx xx",
    "set {s} {v} ex 0",
    "set {s} {v} ex -1",
    "set {s} {v} px 9223372036854775807",
    "set {s} {v} ex notanumber",
    "set {s} {v} ex",
    "set {s} {v} keepttl ex 10",
    "set {s} {v} nx get",
    "set {k} {v} get",
    "set {s} {v} nonsense",
    "setex {s} 0 {v}",
    "setex {s} x {v}",
    "psetex {s} -5 {v}",
    "mget {k} {k} {k} missing",
    "mget",
    "mset {s} {v} {s}",
    "msetnx new:{i} {v} {s} {v}",
    "strlen {k}",
    "getrange {s} 0 10",
    "getrange {s} {-} {i}",
    "substr {s} -5 -1",
    "getrange {s} x 1",
    "setrange {s} -1 {v}",
    "setrange {s} 536870912 {v}",
    "setrange {k} 3 {v}",
    "append {h} {v}",
    "incr {k}",
    "incrby {n} 9223372036854775807",
    "decrby {n} -9223372036854775808",
    "incrby {n} 1.5",
    "incrbyfloat {k} {d}",
    "incrbyfloat {n} nan",
    "incrbyfloat {n} inf",
    "incrbyfloat {n} 1e400",
    "getex {s} ex 0",
    "getex {s} nonsense",
    "getdel {k}",
    "getset {k} {v}",
    "lcs {s} {s}",
    "lcs {s} {s} len",
    "lcs {s} {s} idx minmatchlen 2 withmatchlen",
    "lcs {s} {s} idx len",
    "lcs {h} {s}",
    "hget {k} {f}",
    "hmget {h} {f} {f} missing",
    "hset {h} {f}",
    "hset {h} {f} {v} {f}",
    "hset {s} {f} {v}",
    "hlen {k}",
    "hstrlen {h} {f}",
    "hexists {h} {f}",
    "hdel {k} {f} {f} {f}",
    "hincrby {h} {f} 1",
    "hincrby {h} {c} 9223372036854775807",
    "hincrby {h} {c} x",
    "hincrbyfloat {h} {f} {d}",
    "hincrbyfloat {h} {c} nan",
    "hrandfield missing",
    "hrandfield missing 3",
    "hrandfield {h} 0",
    "hrandfield {h} 1 nonsense",
    "hrandfield {h} 1 withvalues extra",
    "hrandfield {h} -9223372036854775808",
    "hrandfield {s}",
    "hgetall {h}",
    "hkeys {h}",
    "hvals {k}",
    "hscan {h} x",
    "hscan {h} 0 count 0",
    "hscan {h} 0 match",
    "hscan missing 0",
    "exists {k} {k} {k}",
    "type {k}",
    "touch {k} {k}",
    "ttl {k}",
    "pttl missing",
    "expiretime {k}",
    "pexpiretime {s}",
    "expire {k} 9223372036854775807",
    "expire {k} x",
    "expire {k} 100 nx",
    "expire {k} 200000 xx",
    "expire {k} 2000000 gt",
    "expire {k} 100000 lt",
    "expire {k} 100 nx xx",
    "expire {k} 100 gt lt",
    "expire {k} 100 nonsense",
    "pexpireat {k} -1",
    "expireat {k} 4102444800",
    "persist {k}",
    "rename missing {k}",
    "rename {s} {s}",
    "renamenx {s} {s}",
    "copy {s} {s}",
    "copy {k} {k} db 99",
    "copy {k} {k} db",
    "move {k} 99",
    "move {k} x",
    "move missing {db}",
    "object encoding {k}",
    "object refcount missing",
    "object freq {k}",
    "object nonsense {k}",
    "object",
    "keys string:1*",
    "keys *:[1-3]",
    "keys [^s]*",
    "dbsize",
    "scan x",
    "scan 0 type",
    "scan 0 count x",
    "select 16",
    "select x",
    "flushdb nonsense",
    "echo {v}",
    "echo",
    "ping",
    "ping {v}",
    "ping a b",
    "nonsense",
    "nonsense with {i} arguments {v}",
    "exec",
    "exec x",
    "zincrby {k} xx a",
    "discard",
    "watch {k}",
    "watch",
    "unwatch",
    "wait 0 0",
    "wait x 0",
    "wait 0 -1",
    "client nonsense",
    "client getname",
    "client setname name:{i}",
    "client id extra",
    "client reply nonsense",
    "command count extra",
    "config",
    "config nonsense",
    "config get maxmemory",
    "config set maxmemory",
    "config set nonsense 1",
    "config set replica-announce-port x",
    "debug",
    "replicaof",
    "replicaof no",
    "psync",
    "replconf listening-port",
    "hello 4",
    "hello x",
    "hello 2 nonsense",
    "auth password",
    "auth",
    "auth user wrong",
    "reset extra",
    "lastsave extra",
    "save extra",
    "bgsave nonsense",
    "shutdown nonsense",
    "time extra",
    "role extra",
];

/// Replies that are sets: their order is each server's own once a hash has outgrown the compact encoding.
const UNORDERED: &[&[u8]] = &[b"keys", b"hgetall", b"hkeys", b"hvals"];

/// Replies that tell a time relative to now.
const TIMED: &[&[u8]] = &[b"ttl", b"pttl", b"expiretime", b"pexpiretime"];

/// Two servers that read their clocks one after the other.
const CLOCK_DIFFERENCE_MAX_MS: u64 = 5_000;

#[track_caller]
fn assert_same(seed: u64, command: &[Vec<u8>], ours: (Reply, Vec<u8>), real: (Reply, Vec<u8>)) {
    if ours.1 == real.1 {
        return;
    }
    let name = command[0].to_ascii_lowercase();
    let is_same = match (ours.0, real.0) {
        (Reply::Array(ours), Reply::Array(real)) if UNORDERED.contains(&name.as_slice()) => {
            sorted(ours) == sorted(real)
        }
        // The arrays within are those of HGETALL.
        (Reply::Array(ours), Reply::Array(real)) if name == b"exec" => {
            let shown = |reply| match reply {
                Reply::Array(elements) => sorted(elements),
                single => vec![format!("{single:?}")],
            };
            ours.len() == real.len() && ours.into_iter().map(shown).eq(real.into_iter().map(shown))
        }
        (Reply::Integer(ours), Reply::Integer(real)) if TIMED.contains(&name.as_slice()) => {
            ours > 0 && real > 0 && ours.abs_diff(real) <= CLOCK_DIFFERENCE_MAX_MS
        }
        _ => false,
    };
    let show = |bytes: &[u8]| bytes.escape_ascii().to_string();
    let words: Vec<String> = command.iter().map(|word| show(word)).collect();
    assert!(is_same, "seed {seed}: {words:?}\n ours: {}\nRedis: {}", show(&ours.1), show(&real.1));
}

fn sorted(elements: Vec<Reply>) -> Vec<String> {
    let mut texts: Vec<String> = elements.iter().map(|element| format!("{element:?}")).collect();
    texts.sort();
    texts
}

/// Writes and the requests above, in turn. A transaction is not interrupted.
fn requests(seed: u64, count: usize) -> Vec<Vec<Vec<u8>>> {
    let mut draw = Draw::new(seed);
    let mut requests = Vec::new();
    let mut is_in_transaction = false;
    for write in Workload::determined(seed).take(count) {
        match write[0].as_slice() {
            b"multi" => is_in_transaction = true,
            b"exec" | b"discard" => is_in_transaction = false,
            _ => {}
        }
        requests.push(write);
        if !is_in_transaction {
            let template = draw.pick(REQUESTS);
            requests.push(draw.fill(template));
        }
    }
    requests
}

/// Ours and Redis 7.0, empty.
fn start_both() -> Option<(Server, Server)> {
    let real = Options::real(Release::Redis7)?;
    let sides = (Options::ours().start(), real.start());
    // A wait that is over is noticed at the next tick.
    assert!(sides.0.line("config set hz 500").is_ok() && sides.1.line("config set hz 500").is_ok());
    Some(sides)
}

/// Sends the same to both in pipelines and compares each reply.
fn compare(seed: u64, (ours, real): (&mut Client, &mut Client), requests: &[Vec<Vec<u8>>]) {
    const BATCH: usize = 100;
    for batch in requests.chunks(BATCH) {
        let bytes: Vec<u8> = batch.iter().flat_map(|request| encode(request)).collect();
        ours.send(&bytes);
        real.send(&bytes);
        for request in batch {
            let replies = [&mut *ours, &mut *real].map(|client| client.try_read_raw());
            let [Ok(ours), Ok(real)] = replies else { panic!("seed {seed}: {request:?}: no reply: {replies:?}") };
            assert_same(seed, request, ours, real);
        }
    }
}

fn compare_random_requests(protocol: &str, seeds: std::ops::Range<u64>) {
    for seed in seeds {
        let Some((ours, real)) = start_both() else { return };
        let (mut ours, mut real) = (ours.client(), real.client());
        for client in [&mut ours, &mut real] {
            assert!(matches!(client.call(&["hello", protocol]), Reply::Array(_)));
        }
        compare(seed, (&mut ours, &mut real), &requests(seed, 4_000));
        assert_eq!(ours.line("debug digest"), real.line("debug digest"), "seed {seed}");
    }
}

#[test]
fn replies_in_resp2_are_those_of_redis() {
    compare_random_requests("2", 0..4);
}

#[test]
fn replies_in_resp3_are_those_of_redis() {
    compare_random_requests("3", 10..14);
}

/// Every request of the table, once, in its order: a difference is found by name, not by luck.
#[test]
fn each_request_of_the_table_is_answered_as_redis_does() {
    let Some((ours, real)) = start_both() else { return };
    let mut differences = String::new();
    let mut draw = Draw::new(20);
    for request in REQUESTS.iter().map(|template| draw.fill(template)) {
        let (mut ours, mut real) = (ours.client(), real.client());
        let result = std::panic::catch_unwind(move || compare(20, (&mut ours, &mut real), &[request]));
        if let Err(cause) = result {
            differences += cause.downcast_ref::<String>().map_or("?", String::as_str);
            differences.push('\n');
        }
    }
    assert!(differences.is_empty(), "{differences}");
}

#[test]
fn transactions_fail_as_those_of_redis() {
    let Some((ours, real)) = start_both() else { return };
    let sessions: &[&[&str]] = &[
        &["multi", "nonsense", "set a 1", "exec", "get a"],
        &["multi", "set a", "exec"],
        &["multi", "multi", "set b 1", "exec"],
        &["multi", "watch b", "exec"],
        &["multi", "hset b f v", "incr b", "exec"],
        &["multi", "exec"],
        &["multi", "discard", "exec"],
        &["watch b", "set b 2", "multi", "set b 3", "exec", "get b"],
        &["watch b", "unwatch", "set b 2", "multi", "set b 3", "exec", "get b"],
        &["watch missing", "multi", "get missing", "exec"],
        &["watch expiring", "set expiring 1", "multi", "ping", "exec"],
        &["multi", "select 3", "set in-three 1", "exec", "get in-three", "select 0", "get in-three"],
        &["multi", "reset", "exec"],
        &["multi", "replicaof no one", "config get port_", "exec"],
        &["multi", "psync ? -1", "exec"],
    ];
    for session in sessions {
        let requests: Vec<Vec<Vec<u8>>> = session.iter().map(|line| Draw::new(0).fill(line)).collect();
        compare(30, (&mut ours.client(), &mut real.client()), &requests);
    }
}

/// What a replica of each is sent, for the same requests.
fn streamed(server: &Server, requests: &[Vec<Vec<u8>>]) -> Vec<Streamed> {
    let mut replica = FakeReplica::attach(server.port());
    let mut client = server.client();
    client.pipeline(requests);
    client.line("select 0");
    assert!(client.line("set the-end 1").is_ok());
    replica.read_to_marker("the-end")
}

/// Instants in milliseconds since 1970 may differ by as much as the clocks were read apart.
fn is_same_word(ours: &[u8], real: &[u8]) -> bool {
    let instant =
        |word: &[u8]| std::str::from_utf8(word).ok()?.parse::<u64>().ok().filter(|at| *at > 1_000_000_000_000);
    let differ_little = |ours: u64, real: u64| ours.abs_diff(real) <= CLOCK_DIFFERENCE_MAX_MS;
    ours == real || instant(ours).zip(instant(real)).is_some_and(|(ours, real)| differ_little(ours, real))
}

fn is_same_command(ours: &Streamed, real: &Streamed) -> bool {
    let is_frame = matches!(ours.1[0].to_ascii_lowercase().as_slice(), b"multi" | b"exec");
    let words = ours.1.iter().zip(&real.1).all(|(ours, real)| is_same_word(ours, real));
    (is_frame || ours.0 == real.0) && ours.1.len() == real.1.len() && words
}

/// A command and what stands around it.
fn show(stream: &[Streamed], index: usize) -> String {
    let shown = stream.iter().take(index + 5).skip(index.saturating_sub(3));
    let line = |(database, words): &Streamed| {
        let words: Vec<String> = words.iter().map(|word| word.escape_ascii().to_string()).collect();
        format!("{database}: {}", words.join(" "))
    };
    shown.map(line).collect::<Vec<_>>().join(" | ")
}

#[test]
fn replicas_are_fed_what_redis_feeds_them() {
    for seed in 40..43 {
        let Some((ours, real)) = start_both() else { return };
        let requests = requests(seed, 5_000);
        let (ours, real) = (streamed(&ours, &requests), streamed(&real, &requests));
        let is_same = |index: usize| ours.get(index).zip(real.get(index)).is_some_and(|(a, b)| is_same_command(a, b));
        if let Some(index) = (0..ours.len().max(real.len())).find(|&index| !is_same(index)) {
            panic!("seed {seed}, command {index}:\n ours: {}\nRedis: {}", show(&ours, index), show(&real, index));
        }
        assert!(ours.len() > 1_000, "the workload writes");
    }
}
