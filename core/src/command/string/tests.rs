use alloc::format;

use crate::keyspace::NO_EXPIRY;
use crate::resp::Proto;

use crate::command::bench::{Bench, Case, check_beside_a_hash};
use crate::command::exec::ExpiryRule;

// The cases were recorded from Redis 7.0.15.

#[test]
fn whole_strings_are_read_and_written_as_in_redis() {
    check_beside_a_hash(WHOLE_STRINGS);
}

#[test]
fn strings_are_compared_before_they_are_written_or_removed_as_in_valkey() {
    check_beside_a_hash(COMPARED);
}

#[test]
fn several_strings_are_stored_for_a_time_and_under_a_condition_as_in_valkey() {
    check_beside_a_hash(SEVERAL_UNTIL);
}

#[test]
fn getex_is_carried_out_and_fed_as_in_redis() {
    check_beside_a_hash(GETEX);
}

#[test]
fn several_keys_are_read_and_written_as_in_redis() {
    check_beside_a_hash(SEVERAL_KEYS);
}

fn expires_ms(bench: &Bench, key: &str) -> i64 {
    let place = bench.keyspace.locate(0, key.as_bytes()).expect("the key is there");
    bench.keyspace.entry(place).expires_ms
}

#[test]
fn a_lifetime_becomes_an_absolute_time_for_us_and_for_replicas() {
    let mut bench = Bench::new();
    let now_ms = bench.now_ms;
    let cases = [("SET k v EX 10 NX", 10_000), ("SET k v PX 10 XX", 10), ("SETEX k 3 v", 3_000), ("PSETEX k 3 v", 3)];
    for (line, lifetime_ms) in cases {
        assert_eq!(bench.run(line), "+OK ", "{line}");
        assert_eq!(expires_ms(&bench, "k"), now_ms + lifetime_ms, "{line}");
        assert_eq!(bench.fed(), [format!("SET k v PXAT {}", now_ms + lifetime_ms)], "{line}");
    }
    assert_eq!(bench.run("GETEX k EX 7"), "$1 v ");
    assert_eq!(expires_ms(&bench, "k"), now_ms + 7_000);
    assert_eq!(bench.fed(), [format!("PEXPIREAT k {}", now_ms + 7_000)]);
}

#[test]
fn every_overwriting_command_ends_the_expiry_but_for_keepttl() {
    let mut bench = Bench::new();
    let far_ms = bench.now_ms + 1_000;
    for line in ["SET k w", "SET k w XX GET", "GETSET k w", "MSET k w"] {
        bench.run("SET k v PX 1000");
        bench.run("SET k v2 KEEPTTL");
        assert_eq!(expires_ms(&bench, "k"), far_ms);
        bench.run(line);
        assert_eq!(expires_ms(&bench, "k"), NO_EXPIRY, "{line}");
    }
}

#[test]
fn the_last_possible_time_is_not_taken_for_never() {
    let mut bench = Bench::new();
    assert_eq!(bench.run("SET k v PXAT 9223372036854775807"), "+OK ");
    assert_eq!(expires_ms(&bench, "k"), NO_EXPIRY - 1);
}

#[test]
fn a_relative_time_past_the_end_of_time_is_refused() {
    let mut bench = Bench::new();
    let longest_ms = i64::MAX - bench.now_ms;
    assert_eq!(bench.run(&format!("SET k v PX {longest_ms}")), "+OK ");
    let refusal = "-ERR invalid expire time in 'set' command ";
    assert_eq!(bench.run(&format!("SET k v PX {}", longest_ms + 1)), refusal);
}

#[test]
fn a_replica_keeps_a_key_whose_time_getex_sets_in_the_past() {
    let mut bench = Bench::new();
    bench.expiry = ExpiryRule::Hide;
    bench.run("SET k v");
    assert_eq!(bench.run("GETEX k PXAT 5"), "$1 v ");
    assert_eq!(bench.fed(), ["PEXPIREAT k 5"]);
    assert_eq!(expires_ms(&bench, "k"), 5);
    assert_eq!(bench.run("GET k"), "$-1 ");
    assert_eq!(bench.run("SET k w NX"), "+OK ");
    assert_eq!(bench.run("GET k"), "$1 w ");
    assert_eq!(bench.keyspace.len(0), 1);
}

#[test]
fn lazy_expiry_is_told_as_unlink() {
    let mut bench = Bench::new();
    bench.config.lazyfree_lazy_expire = true;
    bench.run("SET k v");
    bench.run("GETEX k EXAT 1");
    assert_eq!(bench.fed(), ["UNLINK k"]);
    bench.run("SET k v");
    bench.run("GETDEL k");
    assert_eq!(bench.fed(), ["DEL k"]);
}

#[test]
fn a_missing_string_is_null_in_the_protocol_spoken() {
    let mut bench = Bench::new();
    bench.proto = Proto::Resp3;
    for line in ["GET k", "GETDEL k", "GETEX k", "SET k v XX", "SET k v XX GET"] {
        assert_eq!(bench.run(line), "_ ", "{line}");
    }
    assert_eq!(bench.run("MGET k"), "*1 _ ");
}

/// GET, SET and their kin, with options, expired keys and a key of another type.
const WHOLE_STRINGS: &[Case] = &[
    ("SET k v", "+OK ", &["SET k v"]),
    ("SET k w GET", "$1 v ", &["SET k w"]),
    ("SET k x GET NX", "$1 w ", &[]),
    ("SET k x NX", "$-1 ", &[]),
    ("SET k x nx get", "$1 w ", &[]),
    ("SET new x NX GET", "$-1 ", &["SET new x NX"]),
    ("SET new y xx", "+OK ", &["SET new y xx"]),
    ("SET new y XX KEEPTTL GET get", "$1 y ", &["SET new y XX KEEPTTL"]),
    ("SET none y XX", "$-1 ", &[]),
    ("SET none y XX GET", "$-1 ", &[]),
    ("SET k v NX XX", "-ERR syntax error ", &[]),
    ("SET k v NX NX", "$-1 ", &[]),
    ("SET k v XX XX keepttl keepttl", "+OK ", &["SET k v XX XX keepttl keepttl"]),
    ("SET k v EX", "-ERR syntax error ", &[]),
    ("SET k v EX 0", "-ERR invalid expire time in 'set' command ", &[]),
    ("SET k v EX -1", "-ERR invalid expire time in 'set' command ", &[]),
    ("SET k v EX abc", "-ERR value is not an integer or out of range ", &[]),
    ("SET k v EX abc PX 1", "-ERR syntax error ", &[]),
    ("SET k v EX 9223372036854775807", "-ERR invalid expire time in 'set' command ", &[]),
    ("SET k v PX 9223372036854775807", "-ERR invalid expire time in 'set' command ", &[]),
    ("SET k v EXAT 9223372036854776", "-ERR invalid expire time in 'set' command ", &[]),
    ("SET k v PXAT 0", "-ERR invalid expire time in 'set' command ", &[]),
    ("SET k v EXAT 99999999999", "+OK ", &["SET k v PXAT 99999999999000"]),
    ("SET k v EXAT 99999999999 EXAT 99999999998", "+OK ", &["SET k v PXAT 99999999998000"]),
    ("SET k v pxat 99999999999000", "+OK ", &["SET k v PXAT 99999999999000"]),
    ("SET k v PXAT 99999999999000 GET", "$1 v ", &["SET k v PXAT 99999999999000"]),
    ("SET k v GET PXAT 99999999999000 XX", "$1 v ", &["SET k v PXAT 99999999999000"]),
    ("SET k v GET EXAT 99999999999 XX", "$1 v ", &["SET k v PXAT 99999999999000"]),
    ("SET k v KEEPTTL EX 10", "-ERR syntax error ", &[]),
    ("SET k v EX 10 KEEPTTL", "-ERR syntax error ", &[]),
    ("SET k v EX 10 PX 10", "-ERR syntax error ", &[]),
    ("SET k v PERSIST", "-ERR syntax error ", &[]),
    ("SET k v FOO", "-ERR syntax error ", &[]),
    ("SET k v NX EX 0", "-ERR invalid expire time in 'set' command ", &[]),
    ("SET k v2 keepttl GET", "$1 v ", &["SET k v2 keepttl"]),
    ("SET k v3", "+OK ", &["SET k v3"]),
    ("SET past v EXAT 1", "+OK ", &["SET past v PXAT 1000"]),
    ("GET past", "$-1 ", &["DEL past"]),
    ("SET past v PXAT 1", "+OK ", &["SET past v PXAT 1"]),
    ("SET past v2", "+OK ", &["DEL past", "SET past v2"]),
    ("SET past v PXAT 1", "+OK ", &["SET past v PXAT 1"]),
    ("SET past v2 NX GET", "$-1 ", &["DEL past", "SET past v2 NX"]),
    ("SET past v PXAT 1", "+OK ", &["SET past v PXAT 1"]),
    ("SETNX past v3", ":1 ", &["DEL past", "SETNX past v3"]),
    ("SET h v GET", "-WRONGTYPE Operation against a key holding the wrong kind of value ", &[]),
    ("SET h v NX GET", "-WRONGTYPE Operation against a key holding the wrong kind of value ", &[]),
    ("SET h v EX 0 GET", "-ERR invalid expire time in 'set' command ", &[]),
    ("SET h v NX", "$-1 ", &[]),
    ("GET h", "-WRONGTYPE Operation against a key holding the wrong kind of value ", &[]),
    ("GETDEL h", "-WRONGTYPE Operation against a key holding the wrong kind of value ", &[]),
    ("GETSET h v", "-WRONGTYPE Operation against a key holding the wrong kind of value ", &[]),
    ("GETEX h", "-WRONGTYPE Operation against a key holding the wrong kind of value ", &[]),
    ("GETEX h EX 0", "-WRONGTYPE Operation against a key holding the wrong kind of value ", &[]),
    ("GETEX h EX 0 PX", "-ERR syntax error ", &[]),
    ("MGET h k none", "*3 $-1 $2 v3 $-1 ", &[]),
    ("SETNX h v", ":0 ", &[]),
    ("SETNX n 1", ":1 ", &["SETNX n 1"]),
    ("SETEX k 0 v", "-ERR invalid expire time in 'setex' command ", &[]),
    ("SETEX k abc v", "-ERR value is not an integer or out of range ", &[]),
    ("SETEX k -5 v", "-ERR invalid expire time in 'setex' command ", &[]),
    ("PSETEX k 0 v", "-ERR invalid expire time in 'psetex' command ", &[]),
    ("PSETEX k 9223372036854775807 v", "-ERR invalid expire time in 'psetex' command ", &[]),
    ("GETSET gs 1", "$-1 ", &["SET gs 1"]),
    ("GETSET gs 2", "$1 1 ", &["SET gs 2"]),
    ("GETDEL gs", "$1 2 ", &["DEL gs"]),
    ("GETDEL gs", "$-1 ", &[]),
    ("SET h v XX", "+OK ", &["SET h v XX"]),
    ("GET h", "$1 v ", &[]),
];

/// What depends on the string that is there, as in Valkey 9.1.
const COMPARED: &[Case] = &[
    ("SET k v IFEQ u", "$-1 ", &[]),
    ("SET k v IFEQ u GET", "$-1 ", &[]),
    ("SET k u", "+OK ", &["SET k u"]),
    ("SET k v IFEQ x", "$-1 ", &[]),
    ("SET k v IFEQ x GET", "$1 u ", &[]),
    ("SET k v ifeq u", "+OK ", &["SET k v ifeq u"]),
    ("SET k w IFEQ v GET", "$1 v ", &["SET k w IFEQ v"]),
    ("SET k 12 get IFEQ w KEEPTTL", "$1 w ", &["SET k 12 IFEQ w KEEPTTL"]),
    ("SET k x IFEQ 012", "$-1 ", &[]),
    ("SET k get IFEQ 12 PXAT 99999999999000", "+OK ", &["SET k get PXAT 99999999999000"]),
    ("SET k ifeq IFEQ get GET", "$3 get ", &["SET k ifeq IFEQ get"]),
    ("SET k get IFEQ ifeq GET", "$4 ifeq ", &["SET k get IFEQ ifeq"]),
    ("SET k u GET IFEQ get GET", "$3 get ", &["SET k u IFEQ get"]),
    ("SET k v NX IFEQ u", "-ERR syntax error ", &[]),
    ("SET k v IFEQ u XX", "-ERR syntax error ", &[]),
    ("SET k v IFEQ u IFEQ u", "-ERR syntax error ", &[]),
    ("SET k v IFEQ", "-ERR syntax error ", &[]),
    ("SET k v IFEQ x EX 0", "-ERR invalid expire time in 'set' command ", &[]),
    ("SET h v IFEQ u", "-WRONGTYPE Operation against a key holding the wrong kind of value ", &[]),
    ("SET h v IFEQ u GET", "-WRONGTYPE Operation against a key holding the wrong kind of value ", &[]),
    ("GETEX k IFEQ u", "-ERR syntax error ", &[]),
    ("DELIFEQ k x", ":0 ", &[]),
    ("DELIFEQ none x", ":0 ", &[]),
    ("DELIFEQ h x", "-WRONGTYPE Operation against a key holding the wrong kind of value ", &[]),
    ("DELIFEQ k u", ":1 ", &["DEL k"]),
    ("GET k", "$-1 ", &[]),
    ("SET past v PXAT 1", "+OK ", &["SET past v PXAT 1"]),
    ("DELIFEQ past v", ":0 ", &["DEL past"]),
    ("SET past v PXAT 1", "+OK ", &["SET past v PXAT 1"]),
    ("SET past w IFEQ v", "$-1 ", &["DEL past"]),
];

/// Several strings, under a condition and with a time, as in Valkey 9.1.
const SEVERAL_UNTIL: &[Case] = &[
    ("MSETEX 2 a 1 b 2", ":1 ", &["MSETEX 2 a 1 b 2"]),
    ("MSETEX 2 b 3 new 4 NX", ":0 ", &[]),
    ("MSETEX 2 b 3 new 4 XX", ":0 ", &[]),
    ("MGET a b new", "*3 $1 1 $1 2 $-1 ", &[]),
    ("MSETEX 1 new 4 nx", ":1 ", &["MSETEX 1 new 4 nx"]),
    ("MSETEX 1 new 5 xx XX", ":1 ", &["MSETEX 1 new 5 xx XX"]),
    ("MSETEX 2 a 6 c 7 EXAT 99999999999", ":1 ", &["MSETEX 2 a 6 c 7 PXAT 99999999999000"]),
    ("MSETEX 1 a 7 XX EXAT 9 EXAT 99999999999", ":1 ", &["MSETEX 1 a 7 XX PXAT 99999999999000"]),
    ("MSETEX 1 a 8 KEEPTTL", ":1 ", &["MSETEX 1 a 8 KEEPTTL"]),
    ("PEXPIRETIME a", ":99999999999000 ", &[]),
    ("MSETEX 1 a 9", ":1 ", &["MSETEX 1 a 9"]),
    ("PEXPIRETIME a", ":-1 ", &[]),
    ("MSETEX 2 k v k w", ":1 ", &["MSETEX 2 k v k w"]),
    ("MGET k h", "*2 $1 w $-1 ", &[]),
    ("MSETEX 1 k v NX XX", "-ERR syntax error ", &[]),
    ("MSETEX 1 k v EX 9 KEEPTTL", "-ERR syntax error ", &[]),
    ("MSETEX 1 k v EX", "-ERR syntax error ", &[]),
    ("MSETEX 1 k v GET", "-ERR syntax error ", &[]),
    ("MSETEX 1 k v PERSIST", "-ERR syntax error ", &[]),
    ("MSETEX 1 k v IFEQ w", "-ERR syntax error ", &[]),
    ("MSETEX 3 k v", "-ERR syntax error ", &[]),
    ("MSETEX 1 k v l w", "-ERR syntax error ", &[]),
    ("MSETEX 2147483647 k v", "-ERR syntax error ", &[]),
    ("MSETEX 2147483648 k v", "-ERR invalid numkeys value or out of range ", &[]),
    ("MSETEX 0 k v", "-ERR invalid numkeys value or out of range ", &[]),
    ("MSETEX -1 k v", "-ERR invalid numkeys value or out of range ", &[]),
    ("MSETEX x k v", "-ERR invalid numkeys value or out of range ", &[]),
    ("MSETEX 1 k v EX 0", "-ERR invalid expire time in 'msetex' command ", &[]),
    ("MSETEX 1 h v", ":1 ", &["MSETEX 1 h v"]),
];

/// GETEX, whose every effect is fed as another command.
const GETEX: &[Case] = &[
    ("SET g v", "+OK ", &["SET g v"]),
    ("GETEX g", "$1 v ", &[]),
    ("GETEX g PERSIST", "$1 v ", &[]),
    ("GETEX g EXAT 99999999999", "$1 v ", &["PEXPIREAT g 99999999999000"]),
    ("GETEX g PERSIST", "$1 v ", &["PERSIST g"]),
    ("GETEX g pxat 99999999999000", "$1 v ", &["PEXPIREAT g 99999999999000"]),
    ("GETEX g KEEPTTL", "-ERR syntax error ", &[]),
    ("GETEX g NX", "-ERR syntax error ", &[]),
    ("GETEX g GET", "-ERR syntax error ", &[]),
    ("GETEX g PERSIST EX 1", "-ERR syntax error ", &[]),
    ("GETEX g EX 1 PERSIST", "-ERR syntax error ", &[]),
    ("GETEX g EX", "-ERR syntax error ", &[]),
    ("GETEX g EX 0", "-ERR invalid expire time in 'getex' command ", &[]),
    ("GETEX g PX abc", "-ERR value is not an integer or out of range ", &[]),
    ("GETEX none EX 0", "$-1 ", &[]),
    ("GETEX none FOO", "-ERR syntax error ", &[]),
    ("GETEX g EXAT 1", "$1 v ", &["DEL g"]),
    ("GETEX g", "$-1 ", &[]),
    ("SET g v PXAT 99999999999000", "+OK ", &["SET g v PXAT 99999999999000"]),
    ("GETEX g PERSIST PERSIST", "$1 v ", &["PERSIST g"]),
];

/// Several keys at once.
const SEVERAL_KEYS: &[Case] = &[
    ("MSET a 1 b", "-ERR wrong number of arguments for 'mset' command ", &[]),
    ("MSET a 1 b 2 a 3", "+OK ", &["MSET a 1 b 2 a 3"]),
    ("MGET a b", "*2 $1 3 $1 2 ", &[]),
    ("MSETNX c 1 a 2", ":0 ", &[]),
    ("MSETNX c 1", ":1 ", &["MSETNX c 1"]),
    ("MSETNX d 1 d 2", ":1 ", &["MSETNX d 1 d 2"]),
    ("MGET d c", "*2 $1 2 $1 1 ", &[]),
    ("SET past v PXAT 1", "+OK ", &["SET past v PXAT 1"]),
    ("MSET past 1 q 2", "+OK ", &["DEL past", "MSET past 1 q 2"]),
    ("SET past v PXAT 1", "+OK ", &["SET past v PXAT 1"]),
    ("MSETNX past 1 q2 2", ":1 ", &["DEL past", "MSETNX past 1 q2 2"]),
    ("MSETNX x y z", "-ERR wrong number of arguments for 'msetnx' command ", &[]),
];

#[test]
fn events_of_strings_come_in_redis_names_and_order() {
    let mut bench = Bench::new();
    for (line, told) in [
        ("SET k 1", &["new k", "set k"][..]),
        ("SET k 2 EX 10", &["set k", "expire k"]),
        ("SET k 2 NX", &[]),
        ("SET other 2 GET", &["keymiss other", "new other", "set other"]),
        ("SETEX k 5 v", &["set k", "expire k"]),
        ("GETSET k 3", &["set k"]),
        ("GETEX k EX 10", &["expire k"]),
        ("GETEX k PERSIST", &["persist k"]),
        ("GETEX k", &[]),
        ("GETEX k PXAT 1", &["del k"]),
        ("MSET k 1 m 2", &["new k", "set k", "new m", "set m"]),
        ("MSETNX k 1 n 2", &[]),
        ("GETDEL m", &["del m"]),
        ("GETDEL m", &["keymiss m"]),
        ("SET k 9 IFEQ 0", &[]),
        ("SET k 9 IFEQ 1", &["set k"]),
        ("DELIFEQ n 2", &[]),
        ("SET n 2", &["new n", "set n"]),
        ("DELIFEQ n 2", &["del n"]),
        ("INCR k", &["incrby k"]),
        ("DECRBY k 2", &["incrby k"]),
        ("INCRBYFLOAT k 1.5", &["incrbyfloat k"]),
        ("APPEND k x", &["append k"]),
        ("SETRANGE k 1 x", &["setrange k"]),
        ("SETRANGE none 1 \"\"", &[]),
    ] {
        bench.run(line);
        assert_eq!(bench.told(), told, "{line}");
    }
}
