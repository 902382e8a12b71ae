use alloc::format;

use crate::command::bench::{Bench, check_replies};
use crate::resp::Proto;

#[test]
fn fields_are_set_and_read_as_in_redis() {
    check_replies(
        &mut Bench::new(),
        &[
            ("HSET h a 1 b two", ":2 "),
            ("HSET h a 1 c 3", ":1 "),
            ("HSET h a 9 a 10 a 11", ":0 "),
            ("HGET h a", "$2 11 "),
            ("HGET h none", "$-1 "),
            ("HGET nokey a", "$-1 "),
            ("HSET h a 1 b", "-ERR wrong number of arguments for 'hset' command "),
            ("HMSET h a 1 b", "-ERR wrong number of arguments for 'hmset' command "),
            (r#"HMSET h d "" "" e"#, "+OK "),
            ("HMSET h a 2 b 2", "+OK "),
            ("HGET h d", "$0  "),
            (r#"HGET h """#, "$1 e "),
            ("HSETNX h a 5", ":0 "),
            ("HSETNX h n 5", ":1 "),
            ("HSETNX fresh n 5", ":1 "),
            ("HMGET h a none b a", "*4 $1 2 $-1 $1 2 $1 2 "),
            ("HMGET nokey a b", "*2 $-1 $-1 "),
            ("HGETALL h", "*12 $1 a $1 2 $1 b $1 2 $1 c $1 3 $1 d $0  $0  $1 e $1 n $1 5 "),
            ("HGETALL nokey", "*0 "),
            ("HKEYS h", "*6 $1 a $1 b $1 c $1 d $0  $1 n "),
            ("HKEYS nokey", "*0 "),
            ("HVALS h", "*6 $1 2 $1 2 $1 3 $0  $1 e $1 5 "),
            ("HVALS nokey", "*0 "),
            ("HLEN h", ":6 "),
            ("HLEN nokey", ":0 "),
            ("HSTRLEN h a", ":1 "),
            ("HSTRLEN h d", ":0 "),
            ("HSTRLEN h none", ":0 "),
            ("HSTRLEN nokey a", ":0 "),
            ("HEXISTS h a", ":1 "),
            ("HEXISTS h none", ":0 "),
            ("HEXISTS nokey a", ":0 "),
        ],
    );
}

#[test]
fn removing_the_last_field_removes_the_key() {
    let mut bench = Bench::new();
    check_replies(
        &mut bench,
        &[
            ("HSET h a 2 b 2 c 3 d x n 5 \"\" e", ":6 "),
            ("HDEL h none", ":0 "),
            ("HDEL nokey a", ":0 "),
            ("HDEL h a a none b", ":2 "),
            ("HLEN h", ":4 "),
            (r#"HDEL h c d "" n"#, ":4 "),
            ("HLEN h", ":0 "),
            ("HSET h x 1", ":1 "),
            ("HDEL h x x y", ":1 "),
            ("HGETALL h", "*0 "),
        ],
    );
    assert_eq!(bench.keyspace.len(0), 0);
}

#[test]
fn integers_are_added_as_in_redis() {
    check_replies(
        &mut Bench::new(),
        &[
            ("HINCRBY n a 5", ":5 "),
            ("HINCRBY n a -7", ":-2 "),
            (
                r#"HSET n max 9223372036854775807 min -9223372036854775808 text 1x octal 007 space " 1" empty "" float 1.5"#,
                ":7 ",
            ),
            ("HINCRBY n max 1", "-ERR increment or decrement would overflow "),
            ("HINCRBY n max 0", ":9223372036854775807 "),
            ("HINCRBY n max -1", ":9223372036854775806 "),
            ("HINCRBY n min -1", "-ERR increment or decrement would overflow "),
            ("HINCRBY n text 1", "-ERR hash value is not an integer "),
            ("HINCRBY n octal 1", "-ERR hash value is not an integer "),
            ("HINCRBY n space 1", "-ERR hash value is not an integer "),
            ("HINCRBY n empty 1", "-ERR hash value is not an integer "),
            ("HINCRBY n float 1", "-ERR hash value is not an integer "),
            ("HINCRBY n a x", "-ERR value is not an integer or out of range "),
            ("HINCRBY n a 9223372036854775808", "-ERR value is not an integer or out of range "),
            (r#"HINCRBY n a " 1""#, "-ERR value is not an integer or out of range "),
            ("HINCRBY n fresh -9223372036854775808", ":-9223372036854775808 "),
        ],
    );
}

#[test]
fn floats_are_added_as_in_redis() {
    check_replies(
        &mut Bench::new(),
        &[
            ("HINCRBYFLOAT f a 0.1", "$3 0.1 "),
            ("HINCRBYFLOAT f a 0.2", "$3 0.3 "),
            ("HINCRBYFLOAT f a -0.3", "$1 0 "),
            ("HINCRBYFLOAT f a 5.0e3", "$4 5000 "),
            ("HINCRBYFLOAT f a -5000", "$1 0 "),
            ("HINCRBYFLOAT f i 1", "$1 1 "),
            ("HINCRBYFLOAT f i 2.50", "$3 3.5 "),
            (r#"HSET f int 10 text 1x space " 1" inf inf nan nan huge 1e4932 empty """#, ":7 "),
            ("HINCRBYFLOAT f int 0.5", "$4 10.5 "),
            ("HINCRBYFLOAT f text 1", "-ERR hash value is not a float "),
            ("HINCRBYFLOAT f space 1", "-ERR hash value is not a float "),
            ("HINCRBYFLOAT f empty 1", "-ERR hash value is not a float "),
            ("HINCRBYFLOAT f inf 1", "-ERR increment would produce NaN or Infinity "),
            ("HINCRBYFLOAT f nan 1", "-ERR hash value is not a float "),
            ("HINCRBYFLOAT f huge 1e4932", "-ERR increment would produce NaN or Infinity "),
            ("HINCRBYFLOAT f a x", "-ERR value is not a valid float "),
            (r#"HINCRBYFLOAT f a """#, "-ERR value is not a valid float "),
            ("HINCRBYFLOAT f a inf", "-ERR value is NaN or Infinity "),
            ("HINCRBYFLOAT f a -inf", "-ERR value is NaN or Infinity "),
            ("HINCRBYFLOAT f a nan", "-ERR value is not a valid float "),
            ("HINCRBYFLOAT f a 1e5000", "-ERR value is not a valid float "),
            ("HINCRBYFLOAT f hex 0x10", "$2 16 "),
        ],
    );
}

#[test]
fn a_key_of_another_type_is_refused_after_the_errors_that_redis_finds_first() {
    check_replies(
        &mut Bench::new(),
        &[
            ("SET s x", "+OK "),
            ("HSET s a 1", "-WRONGTYPE Operation against a key holding the wrong kind of value "),
            ("HMSET s a 1", "-WRONGTYPE Operation against a key holding the wrong kind of value "),
            ("HSETNX s a 1", "-WRONGTYPE Operation against a key holding the wrong kind of value "),
            ("HGET s a", "-WRONGTYPE Operation against a key holding the wrong kind of value "),
            ("HMGET s a b", "-WRONGTYPE Operation against a key holding the wrong kind of value "),
            ("HGETALL s", "-WRONGTYPE Operation against a key holding the wrong kind of value "),
            ("HDEL s a", "-WRONGTYPE Operation against a key holding the wrong kind of value "),
            ("HLEN s", "-WRONGTYPE Operation against a key holding the wrong kind of value "),
            ("HSTRLEN s a", "-WRONGTYPE Operation against a key holding the wrong kind of value "),
            ("HEXISTS s a", "-WRONGTYPE Operation against a key holding the wrong kind of value "),
            ("HKEYS s", "-WRONGTYPE Operation against a key holding the wrong kind of value "),
            ("HVALS s", "-WRONGTYPE Operation against a key holding the wrong kind of value "),
            ("HINCRBY s a 1", "-WRONGTYPE Operation against a key holding the wrong kind of value "),
            ("HINCRBY s a x", "-ERR value is not an integer or out of range "),
            ("HINCRBYFLOAT s a 1", "-WRONGTYPE Operation against a key holding the wrong kind of value "),
            ("HINCRBYFLOAT s a x", "-ERR value is not a valid float "),
            ("HINCRBYFLOAT s a inf", "-ERR value is NaN or Infinity "),
        ],
    );
}

#[test]
fn replies_take_the_shapes_of_resp3() {
    let mut bench = Bench::new();
    bench.proto = Proto::Resp3;
    check_replies(
        &mut bench,
        &[
            ("HSET p a 1 b 2 ab 3 12 4", ":4 "),
            ("HSET one f v", ":1 "),
            ("HGET p none", "_ "),
            ("HMGET p a none", "*2 $1 1 _ "),
            ("HGETALL p", "%4 $1 a $1 1 $1 b $1 2 $2 ab $1 3 $2 12 $1 4 "),
            ("HGETALL nokey", "%0 "),
            ("HKEYS nokey", "*0 "),
            ("HKEYS p", "*4 $1 a $1 b $2 ab $2 12 "),
            ("HVALS p", "*4 $1 1 $1 2 $1 3 $1 4 "),
            ("HINCRBYFLOAT one x 1.5", "$3 1.5 "),
            ("HEXISTS one x", ":1 "),
        ],
    );
}

#[test]
fn only_changes_are_fed_and_floats_as_their_result() {
    let cases: &[(&str, &[&str])] = &[
        ("HSET h a 1 b 2", &["HSET h a 1 b 2"]),
        ("HSET h a 1", &["HSET h a 1"]),
        ("HMSET h a 1 b 2", &["HMSET h a 1 b 2"]),
        ("HMSET h a 1 b", &[]),
        ("HSETNX h a 5", &[]),
        ("HSETNX h c 5", &["HSETNX h c 5"]),
        ("HGETALL h", &[]),
        ("HINCRBY h a 0", &["HINCRBY h a 0"]),
        ("HINCRBY h a x", &[]),
        ("HINCRBYFLOAT h a 1.50", &["HSET h a 2.5"]),
        ("HINCRBYFLOAT h a nan", &[]),
        ("HINCRBYFLOAT fresh f 3.0e3", &["HSET fresh f 3000"]),
        ("HDEL h none", &[]),
        ("HDEL nokey a", &[]),
        ("HDEL h none a b", &["HDEL h none a b"]),
        ("HDEL h c c", &["HDEL h c c"]),
    ];
    let mut bench = Bench::new();
    for (line, fed) in cases {
        bench.run(line);
        assert_eq!(bench.fed(), *fed, "{line}");
    }
}

#[test]
fn who_watches_a_key_is_told_of_changes_only() {
    let mut bench = Bench::new();
    bench.run("HSET h a 1 b x");
    bench.keyspace.observe(true);
    let quiet = ["HGET h a", "HSETNX h a 2", "HDEL h none", "HINCRBY h b 1", "HINCRBYFLOAT h b 1"];
    for line in quiet {
        bench.run(line);
        assert!(!bench.keyspace.has_touches(), "{line}");
    }
    for line in ["HSET h a 1", "HSETNX h c 2", "HINCRBY h a 1", "HINCRBYFLOAT h a 1", "HDEL h a"] {
        bench.run(line);
        assert!(!bench.keyspace.take_touches().is_empty(), "{line}");
    }
}

/// The encoding of the hash at `h`.
fn encoding(bench: &Bench) -> &'static str {
    let place = bench.keyspace.locate(0, b"h").expect("the key is there");
    bench.keyspace.entry(place).value.encoding_name()
}

#[test]
fn encodings_change_where_they_change_in_redis() {
    let (fits, long) = ("x".repeat(64), "x".repeat(65));
    let cases: &[(&[&str], &str)] = &[
        (&["HSET h f {fits}"], "listpack"),
        (&["HSET h f {long}"], "hashtable"),
        (&["HSET h {long} v"], "hashtable"),
        (&["HSET h f {long} f v"], "hashtable"),
        (&["HSET h f v", "HSETNX h f {long}"], "listpack"),
        (&["HSET h f v", "HSETNX h g {long}"], "hashtable"),
        (&["HSET h f v", "HINCRBY h {long} 1"], "hashtable"),
        (&["HSET h f 1", "HINCRBYFLOAT h f 1e70"], "hashtable"),
        (&["HSET h f v", "HINCRBYFLOAT h g 1e60"], "listpack"),
        (&["HSET h f {long} g v", "HDEL h f"], "hashtable"),
    ];
    for (lines, expected) in cases {
        let mut bench = Bench::new();
        for line in *lines {
            bench.run(&line.replace("{fits}", &fits).replace("{long}", &long));
        }
        assert_eq!(encoding(&bench), *expected, "{lines:?}");
    }
    let mut bench = Bench::new();
    bench.run(&format!("HSET h {}", "f v ".repeat(513)));
    assert_eq!(encoding(&bench), "listpack", "one field, named 513 times");
}

#[test]
fn a_hash_that_has_expired_is_begun_anew() {
    let mut bench = Bench::new();
    bench.run("HSET h old 1");
    let place = bench.keyspace.locate(0, b"h").expect("it was just set");
    bench.keyspace.set_expiry(place, bench.now_ms - 1);
    assert_eq!(bench.run("HSET h new 1"), ":1 ");
    assert_eq!(bench.fed(), ["DEL h", "HSET h new 1"]);
    assert_eq!(bench.run("HKEYS h"), "*1 $3 new ");
}

#[test]
fn a_change_keeps_the_expiry() {
    let mut bench = Bench::new();
    bench.run("HSET h a 1");
    let place = bench.keyspace.locate(0, b"h").expect("it was just set");
    let expires_ms = bench.now_ms + 1000;
    bench.keyspace.set_expiry(place, expires_ms);
    for line in ["HSET h b 1", "HINCRBY h a 1", "HINCRBYFLOAT h a 1", "HDEL h b"] {
        bench.run(line);
        let place = bench.keyspace.locate(0, b"h").expect("it is still there");
        assert_eq!(bench.keyspace.entry(place).expires_ms, expires_ms, "{line}");
    }
}

#[test]
fn events_of_hashes_come_in_redis_names_and_order() {
    let mut bench = Bench::new();
    for (line, told) in [
        ("HSET h f 1 g 2", &["new h", "hset h"][..]),
        ("HMSET h f 1", &["hset h"]),
        ("HSETNX h f 2", &[]),
        ("HSETNX h n 2", &["hset h"]),
        ("HINCRBY h n 2", &["hincrby h"]),
        ("HINCRBYFLOAT h n 1.5", &["hincrbyfloat h"]),
        ("HGET none f", &["keymiss none"]),
    ] {
        bench.run(line);
        assert_eq!(bench.told(), told, "{line}");
    }
}
