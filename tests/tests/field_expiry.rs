//! Do fields of hashes expire in the same way here and at a real server, whoever is master and however the data travel?

use std::thread;

use afterimage_tests::{Options, Release, Reply, Server, Workload, wait_until};

/// Writes `count` commands of a seed, in pipelines, of which few fail.
pub(crate) fn write(master: &Server, seed: u64, count: usize, is_spared: fn(&[Vec<u8>]) -> bool) {
    const BATCH: usize = 200;
    let (mut client, mut workload) = (master.client(), Workload::of_field_expiries(seed));
    let mut errors = 0;
    for _ in 0..count.div_ceil(BATCH) {
        let mut commands = workload.take(BATCH);
        commands.retain(|command| !is_spared(command));
        let replies = client.pipeline(&commands);
        errors += replies.iter().filter(|reply| matches!(reply, Reply::Error(_))).count();
    }
    assert!(errors < count / 4, "{errors} of {count} commands failed");
}

/// Every command can be replicated.
fn none(_: &[Vec<u8>]) -> bool {
    false
}

/// Redis 8.0 feeds HINCRBYFLOAT as HSET, by which its replicas, Redis or not, lose the field's time, which it keeps itself.
pub(crate) fn loses_times(command: &[Vec<u8>]) -> bool {
    command[0] == b"hincrbyfloat"
}

/// Full synchronisation while two clients write, then the stream: in the end both are equal, and so they are when all fields that expire soon
/// have gone.
fn synchronise(master: Options, replica: Options, is_spared: fn(&[Vec<u8>]) -> bool) {
    let master = master.with("repl-backlog-size", "64mb").start();
    let replica = replica.start();
    write(&master, 1, 2_000, is_spared);
    thread::scope(|scope| {
        scope.spawn(|| write(&master, 2, 8_000, is_spared));
        scope.spawn(|| write(&master, 3, 8_000, is_spared));
        replica.follow(master.port());
    });
    replica.wait_until_equal_to(&master);
    write(&master, 4, 4_000, is_spared);
    replica.wait_until_equal_to(&master);
    assert_eq!(master.count("stats", "sync_full"), 1);
    let sum = |server: &Server| {
        let keyspace = server.info("keyspace");
        keyspace.values().filter_map(|facts| facts.split_once("subexpiry=")?.1.parse::<u64>().ok()).sum::<u64>()
    };
    assert_eq!(sum(&replica), sum(&master));
}

#[test]
fn ours_equals_redis_8_as_its_replica() {
    if let Some(real) = Options::real(Release::Redis8) {
        synchronise(real, Options::ours(), loses_times);
    }
}

#[test]
fn redis_8_equals_ours_as_its_replica() {
    if let Some(real) = Options::real(Release::Redis8) {
        synchronise(Options::ours(), real, none);
    }
}

#[test]
fn ours_equals_ours_as_its_replica() {
    synchronise(Options::ours(), Options::ours(), none);
}

/// The digest of a Valkey does not tell of times as that of a Redis does: hashes are compared field by field.
#[test]
fn ours_equals_valkey_9_as_its_replica() {
    let Some(real) = Options::real(Release::Valkey9) else { return };
    let master = real.with("repl-backlog-size", "64mb").start();
    let replica = Options::ours().start();
    write(&master, 1, 2_000, none);
    thread::scope(|scope| {
        scope.spawn(|| write(&master, 2, 8_000, none));
        replica.follow(master.port());
    });
    write(&master, 3, 4_000, none);
    wait_until("the link to be up", || replica.is_linked());
    wait_until("the offsets to meet", || replica.offset() == master.offset());
    wait_until("the data to be equal", || contents(&replica) == contents(&master));
    assert_eq!(master.count("stats", "sync_full"), 1);
}

/// Every field of a hash that is alive, with its value and time.
pub(crate) fn contents(server: &Server) -> Vec<String> {
    let mut client = server.client();
    let bytes = |reply: Reply| if let Reply::Bulk(bytes) = reply { bytes } else { panic!("a string, not {reply:?}") };
    let mut found = Vec::new();
    for database in 0..16 {
        assert!(client.line(&format!("select {database}")).is_ok());
        for key in client.line("keys *").elements().into_iter().map(bytes) {
            if client.call(&[b"type".as_slice(), &key]).text() != "hash" {
                continue;
            }
            let pairs: Vec<_> = client.call(&[b"hgetall".as_slice(), &key]).elements().into_iter().map(bytes).collect();
            for pair in pairs.chunks(2) {
                let time = client.call(&[b"hpexpiretime".as_slice(), &key, b"fields", b"1", &pair[0]]);
                let shown = |bytes: &[u8]| bytes.escape_ascii().to_string();
                found.push(format!("{database} {} {} {} {time:?}", shown(&key), shown(&pair[0]), shown(&pair[1])));
            }
        }
    }
    found.sort();
    found
}

/// A file of ours with such fields is read by Redis 8.0 and the other way round, and both say the same of it.
#[test]
fn files_are_read_by_the_other() {
    let Some(real) = Options::real(Release::Redis8) else { return };
    let sides = [(Options::ours(), real.clone()), (real, Options::ours())];
    for (writer, reader) in sides {
        let server = writer.start();
        let mut client = server.client();
        for line in [
            "hset small a 1 b 2 c 3",
            "hpexpireat small 4102444800000 fields 2 a b",
            "hpexpireat small 4102444700000 fields 1 c",
            "hset plain a 1",
            "hset persisted a 1",
            "hexpire persisted 100 fields 1 a",
            "hpersist persisted fields 1 a",
        ] {
            client.line(line);
        }
        for index in 0..2_000 {
            client.line(&format!("hset large f{index} {index}"));
            client.line(&format!("hpexpireat large {} fields 1 f{}", 4_102_444_800_000_u64 + index, index / 2 * 2));
        }
        let digest = server.digest();
        assert!(client.line("save").is_ok());
        let file = std::fs::read(server.options().rdb()).expect("the file is there");
        assert_eq!(&file[..9], b"REDIS0012");
        std::fs::copy(server.options().rdb(), reader.rdb()).expect("a file can be copied");
        let other = reader.start();
        assert_eq!(other.digest(), digest);
    }
}

#[test]
fn a_file_without_such_fields_is_redis_7s() {
    let server = Options::ours().start();
    let mut client = server.client();
    client.line("hsetex h ex 100 fields 1 a 1");
    client.line("hpersist h fields 1 a");
    assert!(client.line("save").is_ok());
    assert_eq!(&std::fs::read(server.options().rdb()).expect("the file is there")[..9], b"REDIS0010");
    assert_eq!(server.info("keyspace")["db0"], "keys=1,expires=0,avg_ttl=0");
}

/// Valkey counts versions of its own, and refuses those of Redis above 11: nothing is lost in silence.
#[test]
fn a_valkey_refuses_our_file_with_such_fields_and_we_read_its_own() {
    let Some(real) = Options::real(Release::Valkey9) else { return };
    let ours = Options::ours().start();
    let mut client = ours.client();
    client.line("hsetex h pxat 4102444800000 fields 1 a 1");
    assert!(client.line("save").is_ok());
    std::fs::copy(ours.options().rdb(), real.rdb()).expect("a file can be copied");
    assert!(real.clone().run_to_exit().log.contains("Can't handle RDB format version 12"));
    std::fs::remove_file(real.rdb()).expect("a file can be removed");

    let server = real.start();
    let mut client = server.client();
    client.line("hset h a 1 b 2");
    client.line("hpexpireat h 4102444800000 fields 1 a");
    let payload = client.call(&["dump", "h"]);
    assert!(client.line("save").is_ok());
    let again = Options::ours();
    std::fs::copy(server.options().rdb(), again.rdb()).expect("a file can be copied");
    let again = again.start();
    let mut client = again.client();
    let Reply::Bulk(payload) = payload else { panic!("a payload, not {payload:?}") };
    assert!(client.call(&[b"restore".as_slice(), b"r", b"0", &payload]).is_ok());
    for key in ["h", "r"] {
        let times = client.line(&format!("hpexpiretime {key} fields 2 a b"));
        assert_eq!(times, Reply::Array(vec![Reply::Integer(4_102_444_800_000), Reply::Integer(-1)]));
    }
}
