use core::time::Duration;

use super::super::super::bench::Bench;
use crate::config::Config;

/// The data whose digests a Redis 7.0.15 has told.
fn bench_with_known_data() -> Bench {
    let mut bench = Bench::new();
    for line in [
        "DEBUG POPULATE 3 p 10",
        "HSET h a 1 b 2 c hello",
        "SET s hello",
        "SET n 42",
        "SET e x PXAT 2000000000000",
        "SELECT 3",
        "HSET h2 field value",
        "SELECT 0",
    ] {
        assert!(bench.run(line).starts_with(['+', ':']), "{line}");
    }
    bench
}

#[test]
fn digests_are_those_of_redis() {
    let mut bench = bench_with_known_data();
    assert_eq!(bench.run("DEBUG DIGEST"), "+9dacba842c0a36a9f56628ccb4f0a3b5a72beec8 ");
    assert_eq!(
        bench.run("DEBUG DIGEST-VALUE h s n e nosuch"),
        "*5 +517fc86d414ba885f05ac6ee59e0b7bf497021a2 +36b23a1456b2dce2c3ed252c456761301dba8060 \
         +547a004a370bc71c2d611f010c52f2e7b64c77a4 +0745672cb1bf060476eedeb8a28f5ffe1ff5a2be \
         +0000000000000000000000000000000000000000 "
    );
    let mut empty = Bench::new();
    assert_eq!(empty.run("DEBUG DIGEST"), "+0000000000000000000000000000000000000000 ");
    empty.run("DEBUG POPULATE 3 p 10");
    assert_eq!(empty.run("DEBUG DIGEST"), "+eb31558ff90d6749c69f7457af1f54128c9e4816 ");
}

#[test]
fn the_digest_of_a_large_hash_is_that_of_a_compact_one() {
    let mut bench = Bench::new();
    bench.run("HSET h a 1 b 2 c hello");
    bench.run("CONFIG SET hash-max-listpack-entries 0");
    bench.run("HSET i a 1 b 2 c hello");
    assert_eq!(bench.run("OBJECT ENCODING i"), "$9 hashtable ");
    let digests = bench.run("DEBUG DIGEST-VALUE h i");
    let mut words = digests.split(' ').skip(1);
    assert_eq!(words.next(), words.next());
}

#[test]
fn reload_changes_neither_the_data_nor_the_position() {
    let mut bench = bench_with_known_data();
    let replica = bench.connect();
    bench.run_on(replica, "REPLCONF capa eof");
    bench.run_on(replica, "PSYNC ? -1");
    bench.run("SET more data");
    let (digest, role) = (bench.run("DEBUG DIGEST"), bench.run("ROLE"));
    assert_eq!(bench.run("DEBUG RELOAD"), "+OK ");
    assert_eq!((bench.run("DEBUG DIGEST"), bench.run("ROLE")), (digest, role));
    assert_eq!(bench.run("DBSIZE"), ":8 ");
}

#[test]
fn errors_have_the_words_of_redis() {
    let mut bench = Bench::new();
    for (line, answer) in [
        ("DEBUG FOO", "-ERR unknown subcommand or wrong number of arguments for 'FOO'. Try DEBUG HELP. "),
        ("DEBUG REPLICATE", "-ERR unknown subcommand or wrong number of arguments for 'REPLICATE'. Try DEBUG HELP. "),
        ("DEBUG OBJECT foo", "-ERR no such key "),
        ("DEBUG POPULATE 3 p -10", "-ERR value is out of range, must be positive "),
        ("DEBUG POPULATE x", "-ERR value is out of range, must be positive "),
        ("DEBUG POPULATE -1", "-ERR value is out of range, must be positive "),
    ] {
        assert_eq!(bench.run(line), answer, "{line}");
    }
    let mut strict = Bench::with(Config::default());
    assert!(strict.run("DEBUG DIGEST").starts_with("-ERR DEBUG command not allowed."));
    strict.node.allow_debug();
    assert!(strict.run("DEBUG DIGEST").starts_with('+'));
}

#[test]
fn populate_skips_keys_that_exist_and_pads_values() {
    let mut bench = Bench::new();
    bench.run("SET p:1 mine");
    assert_eq!(bench.run("DEBUG POPULATE 3 p 10"), "+OK ");
    assert_eq!(bench.run("MGET p:0 p:1 p:2 p:3"), "*4 $10 value:0\0\0\0 $4 mine $10 value:2\0\0\0 $-1 ");
    bench.run("DEBUG POPULATE 1");
    assert_eq!(bench.run("GET key:0"), "$7 value:0 ");
    bench.run("DEBUG POPULATE 1 short 2");
    assert_eq!(bench.run("GET short:0"), "$2 va ");
}

#[test]
fn object_has_the_form_of_redis() {
    let mut bench = Bench::new();
    bench.run("SET n 42");
    bench.pass(Duration::from_secs(3));
    let text = bench.run("DEBUG OBJECT n");
    assert!(text.starts_with("+Value at:0x0 refcount:2147483647 encoding:int serializedlength:2 lru:"), "{text}");
    assert!(text.ends_with(" lru_seconds_idle:3 "), "{text}");
}

#[test]
fn object_tells_the_nodes_of_a_list() {
    let mut bench = Bench::new();
    bench.run("CONFIG SET list-max-listpack-size 2 list-compress-depth 1");
    bench.run("RPUSH l a b c d e");
    let text = bench.run("DEBUG OBJECT l");
    let nodes = "ql_nodes:3 ql_avg_node:1.67 ql_listpack_max:2 ql_compressed:1 ql_uncompressed_size:36 ";
    assert!(text.ends_with(nodes), "{text}");
    bench.run("DEL l");
    bench.run("RPUSH l a");
    assert!(bench.run("DEBUG OBJECT l").contains(" ql_nodes:1 ql_avg_node:1.00 "));
}

#[test]
fn every_subcommand_is_explained() {
    for row in super::ROWS.iter().filter(|row| row.name != "help") {
        assert!(crate::command::is_explained("debug", &row.name.to_uppercase()), "{}", row.name);
    }
}

#[test]
fn while_the_clock_is_paused_idle_clients_stay() {
    let mut bench = Bench::new();
    bench.run("CONFIG SET timeout 1");
    let idle = bench.connect();
    assert_eq!(bench.run("DEBUG PAUSE-CRON 1"), "+OK ");
    bench.pass(Duration::from_secs(5));
    assert!(!bench.closed.contains(&idle));
    bench.run("DEBUG PAUSE-CRON 0");
    bench.pass(Duration::from_secs(5));
    assert!(bench.closed.contains(&idle));
}

#[test]
fn sleep_is_handed_to_the_driver() {
    let mut bench = Bench::new();
    for line in ["DEBUG SLEEP 0.25", "DEBUG SLEEP x", "DEBUG SLEEP -1", "DEBUG SLEEP inf", "DEBUG SLEEP 1e300"] {
        assert_eq!(bench.run(line), "+OK ", "{line}");
    }
    assert_eq!(bench.slept, Duration::from_millis(250));
}

#[test]
fn without_active_expiry_keys_stay_until_it_is_switched_on_again() {
    let mut bench = Bench::new();
    bench.run("SET key value PX 100");
    assert_eq!(bench.run("DEBUG SET-ACTIVE-EXPIRE 0"), "+OK ");
    bench.pass(Duration::from_secs(1));
    assert_eq!(bench.run("DBSIZE"), ":1 ");
    bench.run("DEBUG SET-ACTIVE-EXPIRE 1");
    bench.pass(Duration::from_secs(1));
    assert_eq!(bench.run("DBSIZE"), ":0 ");
}

#[test]
fn replicate_puts_the_words_into_the_stream_as_they_are() {
    let mut bench = Bench::new();
    let replica = bench.connect();
    bench.run_on(replica, "REPLCONF capa eof");
    bench.run_on(replica, "PSYNC ? -1");
    assert_eq!(bench.run("DEBUG REPLICATE flushall"), "+OK ");
    assert!(bench.run("INFO replication").contains(" master_repl_offset:18 "));
}

#[test]
fn change_repl_id_forgets_both_names() {
    let mut bench = Bench::new();
    let before = bench.node.history.id;
    assert_eq!(bench.run("DEBUG CHANGE-REPL-ID"), "+OK ");
    assert_ne!(bench.node.history.id, before);
    assert_eq!(bench.node.history.second, None);
}
