use alloc::string::String;

use crate::command::bench::{Bench, check, check_beside_a_hash, check_replies};
use crate::command::exec::ExpiryRule;

/// A hash of three fields, of which `a` and `b` expire in ten milliseconds. Eleven have passed.
fn with_dead_fields() -> Bench {
    let mut bench = Bench::new();
    bench.run("HSET h a 1 b 2 c 3");
    assert_eq!(bench.run("HPEXPIRE h 10 FIELDS 2 a b"), "*2 :1 :1 ");
    bench.now_ms += 11;
    bench
}

#[test]
fn times_are_set_under_conditions_and_fed_in_absolute_time_for_the_fields_that_changed() {
    check(
        &mut Bench::new(),
        &[
            ("HSET h a 1 b 2 c 3", ":3 ", &["HSET h a 1 b 2 c 3"]),
            ("HEXPIRE h 100 FIELDS 3 a zz a", "*3 :1 :-2 :1 ", &["HPEXPIREAT h 1000000100000 FIELDS 2 a a"]),
            ("HEXPIRE h 100 NX FIELDS 2 a b", "*2 :0 :1 ", &["HPEXPIREAT h 1000000100000 NX FIELDS 1 b"]),
            ("HPEXPIRE h 7 xx fields 2 c a", "*2 :0 :1 ", &["HPEXPIREAT h 1000000000007 xx fields 1 a"]),
            ("HEXPIREAT h 1000000001 GT FIELDS 2 a c", "*2 :1 :0 ", &["HPEXPIREAT h 1000000001000 GT FIELDS 1 a"]),
            ("HPEXPIREAT h 1000000000900 LT FIELDS 1 a", "*1 :1 ", &["HPEXPIREAT h 1000000000900 LT FIELDS 1 a"]),
            ("HPEXPIREAT h 1000000000900 LT FIELDS 2 a c", "*2 :0 :1 ", &["HPEXPIREAT h 1000000000900 LT FIELDS 1 c"]),
            ("HPEXPIREAT h 1000000000900 GT FIELDS 1 a", "*1 :0 ", &[]),
            ("HEXPIRE none 1 FIELDS 2 a b", "*2 :-2 :-2 ", &[]),
            ("HPTTL h FIELDS 4 a b c zz", "*4 :900 :100000 :900 :-2 ", &[]),
            ("HTTL h FIELDS 2 a b", "*2 :1 :100 ", &[]),
            ("HEXPIRETIME h FIELDS 1 a", "*1 :1000000001 ", &[]),
            ("HPEXPIRETIME h FIELDS 1 a", "*1 :1000000000900 ", &[]),
            ("HPERSIST h FIELDS 3 a a zz", "*3 :1 :-1 :-2 ", &["HPERSIST h FIELDS 3 a a zz"]),
            ("HPERSIST h FIELDS 2 a zz", "*2 :-1 :-2 ", &[]),
            ("HTTL h FIELDS 1 a", "*1 :-1 ", &[]),
            ("HTTL none FIELDS 1 a", "*1 :-2 ", &[]),
            ("HPERSIST none FIELDS 1 a", "*1 :-2 ", &[]),
        ],
    );
}

#[test]
fn a_time_that_has_passed_removes_and_with_the_last_field_goes_the_key() {
    let mut bench = Bench::new();
    check(
        &mut bench,
        &[
            ("HSET h a 1 b 2", ":2 ", &["HSET h a 1 b 2"]),
            ("HEXPIRE h 0 XX FIELDS 1 a", "*1 :0 ", &[]),
            ("HEXPIRE h 0 FIELDS 3 a a zz", "*3 :2 :-2 :-2 ", &["HDEL h a"]),
            ("HPEXPIREAT h 1 FIELDS 1 b", "*1 :2 ", &["HDEL h b"]),
        ],
    );
    assert_eq!(bench.told(), ["hdel h", "del h"]);
    assert_eq!(bench.run("EXISTS h"), ":0 ");
}

#[test]
fn errors_come_in_the_order_of_redis_8() {
    let time = "-ERR invalid expire time in 'hexpire' command ";
    let fields = "-ERR Mandatory argument FIELDS is missing or not at the right position ";
    let count = "-ERR The `numfields` parameter must match the number of arguments ";
    let wrong_type = "-WRONGTYPE Operation against a key holding the wrong kind of value ";
    check_replies(
        &mut Bench::new(),
        &[
            ("SET s x", "+OK "),
            ("HSET h a 1", ":1 "),
            ("HEXPIRE s x foo 1 a", wrong_type),
            ("HEXPIRE h x foo 1 a", "-ERR value is not an integer or out of range "),
            ("HEXPIRE h -1 foo 1 a", "-ERR invalid expire time, must be >= 0 "),
            ("HEXPIRE h 9223372036854775807 foo 1 a", time),
            ("HEXPIRE h 70368744177 FIELDS 1 a", time),
            ("HPEXPIREAT h 70368744177663 FIELDS 1 a", "*1 :1 "),
            ("HPEXPIREAT h 70368744177664 FIELDS 1 a", "-ERR invalid expire time in 'hpexpireat' command "),
            ("HEXPIRE h 1 NX XX FIELDS 1 a", fields),
            ("HEXPIRE h 1 NX foo 0 a", fields),
            ("HEXPIRE h 1 FIELDS 0 a b", "-ERR Parameter `numFields` should be greater than 0 "),
            ("HEXPIRE h 1 FIELDS 2 a", count),
            ("HEXPIRE none 1 FIELDS 2 a", count),
            ("HTTL s foo x a", wrong_type),
            ("HTTL h foo x a", fields),
            ("HTTL h FIELDS x a", "-ERR Number of fields must be a positive integer "),
            ("HTTL none FIELDS 2 a", count),
            ("HPERSIST s FIELDS 1 a", wrong_type),
            ("HPERSIST h FIELDS 1 a b", count),
        ],
    );
}

#[test]
fn the_encoding_changes_as_soon_as_it_is_asked_for_and_nobody_is_told_of_that() {
    let mut bench = Bench::new();
    bench.run("HSET h a 1");
    bench.keyspace.observe(true);
    for (line, encoding) in [
        ("HPERSIST h FIELDS 1 a", "$8 listpack "),
        ("HTTL h FIELDS 1 a", "$8 listpack "),
        ("HEXPIRE h 1 FIELDS 1 zz", "$10 listpackex "),
    ] {
        bench.run(line);
        assert!(!bench.keyspace.has_touches(), "{line}");
        assert_eq!(bench.run("OBJECT ENCODING h"), encoding, "{line}");
    }
    bench.run("HEXPIRE h 1 FIELDS 1 a");
    assert!(bench.keyspace.has_touches());
}

#[test]
fn a_master_removes_dead_fields_that_are_asked_for_by_name_before_the_commands_own_effect() {
    let cases: [(&str, &str, &[&str]); 10] = [
        ("HGET h a", "$-1 ", &["HDEL h a"]),
        ("HMGET h a c b", "*3 $-1 $1 3 $-1 ", &["HDEL h a", "HDEL h b"]),
        ("HEXISTS h a", ":0 ", &["HDEL h a"]),
        ("HSTRLEN h b", ":0 ", &["HDEL h b"]),
        ("HSETNX h a 5", ":1 ", &["HDEL h a", "HSETNX h a 5"]),
        ("HINCRBY h a 5", ":5 ", &["HDEL h a", "HINCRBY h a 5"]),
        ("HINCRBYFLOAT h a 5.5", "$3 5.5 ", &["HDEL h a", "HSET h a 5.5"]),
        ("HRANDFIELD h 5", "*1 $1 c ", &["HDEL h a", "HDEL h b"]),
        ("HSET h a 5", ":0 ", &["HSET h a 5"]),
        ("HDEL h a c", ":2 ", &["HDEL h a c"]),
    ];
    for (line, reply, fed) in cases {
        let mut bench = with_dead_fields();
        assert_eq!(bench.run(line), reply, "{line}");
        let mut sorted = bench.fed();
        // What has the same time goes in the order of hashes.
        sorted.sort_by_key(|command| !command.starts_with("HDEL"));
        sorted[..fed.len() - usize::from(!fed[fed.len() - 1].starts_with("HDEL"))].sort();
        assert_eq!(sorted, fed, "{line}");
    }
}

#[test]
fn lists_of_a_hash_leave_dead_fields_out_and_alone() {
    let mut bench = with_dead_fields();
    check_replies(
        &mut bench,
        &[
            ("HGETALL h", "*2 $1 c $1 3 "),
            ("HKEYS h", "*1 $1 c "),
            ("HVALS h", "*1 $1 3 "),
            ("HSCAN h 0", "*2 $1 0 *2 $1 c $1 3 "),
            ("HTTL h FIELDS 3 a b c", "*3 :-2 :-2 :-1 "),
            ("HPERSIST h FIELDS 2 a c", "*2 :-2 :-1 "),
            ("HLEN h", ":3 "),
        ],
    );
    assert!(bench.fed().is_empty());
}

#[test]
fn the_last_field_that_dies_takes_the_key_with_it() {
    let mut bench = with_dead_fields();
    bench.run("HDEL h c");
    assert_eq!(bench.run("HMGET h a b"), "*2 $-1 $-1 ");
    assert_eq!(bench.fed(), ["HDEL h a", "HDEL h b"]);
    assert_eq!(bench.told(), ["hexpired h", "del h"]);
    assert_eq!(bench.run("EXISTS h"), ":0 ");
}

#[test]
fn a_replica_hides_dead_fields_from_clients_and_shows_them_to_its_master() {
    let mut bench = with_dead_fields();
    bench.expiry = ExpiryRule::Hide;
    check_replies(
        &mut bench,
        &[
            ("HGET h a", "$-1 "),
            ("HRANDFIELD h -2", "*2 $1 c $1 c "),
            ("HRANDFIELD h 9", "*1 $1 c "),
            ("HGETALL h", "*2 $1 c $1 3 "),
            ("HINCRBY h b 1", ":1 "),
            ("HLEN h", ":3 "),
        ],
    );
    bench.expiry = ExpiryRule::Ignore;
    check_replies(
        &mut bench,
        &[
            ("HGET h a", "$1 1 "),
            ("HINCRBY h a 1", ":2 "),
            ("HPEXPIREAT h 5 FIELDS 1 a", "*1 :1 "),
            ("HPEXPIREAT h 9223372036854775807 FIELDS 1 c", "*1 :1 "),
            ("HTTL h FIELDS 1 c", "*1 :9223371036854776 "),
            ("HDEL h a", ":1 "),
        ],
    );
}

#[test]
fn all_fields_of_a_hash_may_be_hidden() {
    let mut bench = with_dead_fields();
    bench.run("HDEL h c");
    bench.expiry = ExpiryRule::Hide;
    check_replies(
        &mut bench,
        &[
            ("HRANDFIELD h", "$-1 "),
            ("HRANDFIELD h 3", "*0 "),
            ("HRANDFIELD h -3", "*0 "),
            ("HGETALL h", "*0 "),
            ("HSETNX h a 1", ":1 "),
            ("EXISTS h", ":1 "),
        ],
    );
}

#[test]
fn numbers_keep_their_time_and_texts_lose_it() {
    check_beside_a_hash(&[
        ("HSET h a 1 b 1 c x", ":3 ", &["HSET h a 1 b 1 c x"]),
        ("HPEXPIRE h 500 FIELDS 3 a b c", "*3 :1 :1 :1 ", &["HPEXPIREAT h 1000000000500 FIELDS 3 a b c"]),
        ("HINCRBY h a 1", ":2 ", &["HINCRBY h a 1"]),
        ("HINCRBYFLOAT h b 0.5", "$3 1.5 ", &["HSET h b 1.5", "HPEXPIREAT h 1000000000500 FIELDS 1 b"]),
        ("HSET h c y", ":0 ", &["HSET h c y"]),
        ("HPTTL h FIELDS 3 a b c", "*3 :500 :500 :-1 ", &[]),
    ]);
}

#[test]
fn times_go_where_the_hash_goes() {
    let mut bench = Bench::new();
    check_replies(
        &mut bench,
        &[
            ("HSET h a 1 b 2", ":2 "),
            ("HPEXPIRE h 500 FIELDS 1 a", "*1 :1 "),
            ("COPY h copied", ":1 "),
            ("RENAME h renamed", "+OK "),
            ("MOVE renamed 1", ":1 "),
            ("HPTTL copied FIELDS 2 a b", "*2 :500 :-1 "),
        ],
    );
    let payload: String = bench.run("DUMP copied");
    assert!(payload.contains('\u{19}'), "{payload:?}");
    bench.database = 1;
    assert_eq!(bench.run("HPTTL renamed FIELDS 2 a b"), "*2 :500 :-1 ");
    assert_eq!((bench.keyspace.with_field_expiries(0), bench.keyspace.with_field_expiries(1)), (1, 1));
    bench.run("DEL renamed");
    assert_eq!(bench.keyspace.next_field_expiry_ms(), Some(1_000_000_000_500));
    bench.run("FLUSHALL");
    assert!(!bench.keyspace.has_field_expiries());
}
