use crate::command::bench::{Bench, check, check_replies};
use crate::command::exec::ExpiryRule;

#[test]
fn fields_are_read_and_removed_and_with_the_last_one_the_key() {
    let mut bench = Bench::new();
    check(
        &mut bench,
        &[
            ("HSET h a 1 b 2", ":2 ", &["HSET h a 1 b 2"]),
            ("HGETDEL h FIELDS 3 a zz a", "*3 $1 1 $-1 $-1 ", &["HDEL h a zz a"]),
            ("HGETDEL h FIELDS 1 zz", "*1 $-1 ", &[]),
            ("HGETDEL none FIELDS 1 zz", "*1 $-1 ", &[]),
            ("HGETDEL h FIELDS 1 b", "*1 $1 2 ", &["HDEL h b"]),
        ],
    );
    assert_eq!(bench.told(), ["hdel h", "del h"]);
}

#[test]
fn fields_are_read_and_their_time_set_or_taken() {
    check(
        &mut Bench::new(),
        &[
            ("HSET h a 1 b 2", ":2 ", &["HSET h a 1 b 2"]),
            ("HGETEX h FIELDS 2 a zz", "*2 $1 1 $-1 ", &[]),
            ("HGETEX h PERSIST FIELDS 1 a", "*1 $1 1 ", &[]),
            ("HGETEX h EX 10 FIELDS 2 a zz", "*2 $1 1 $-1 ", &["HPEXPIREAT h 1000000010000 FIELDS 2 a zz"]),
            ("HPTTL h FIELDS 2 a b", "*2 :10000 :-1 ", &[]),
            ("HGETEX h PERSIST FIELDS 2 a b", "*2 $1 1 $1 2 ", &["HPERSIST h FIELDS 2 a b"]),
            ("HGETEX h PXAT 5 FIELDS 2 a a", "*2 $1 1 $-1 ", &["HDEL h a"]),
            ("HGETEX h EX 10 FIELDS 1 zz", "*1 $-1 ", &[]),
            ("HGETEX none EX 10 FIELDS 1 zz", "*1 $-1 ", &[]),
        ],
    );
}

#[test]
fn fields_are_set_with_a_time_under_conditions() {
    let mut bench = Bench::new();
    check(
        &mut bench,
        &[
            ("HSETEX h FXX FIELDS 1 a 1", ":0 ", &[]),
            ("HSETEX h FNX EX 10 FIELDS 2 a 1 b 2", ":1 ", &["HSETEX h FNX PXAT 1000000010000 FIELDS 2 a 1 b 2"]),
            ("HSETEX h FNX FIELDS 2 zz 1 b 2", ":0 ", &[]),
            ("HSETEX h FXX FIELDS 2 zz 1 b 2", ":0 ", &[]),
            ("HSETEX h KEEPTTL FIELDS 1 a 3", ":1 ", &["HSETEX h KEEPTTL FIELDS 1 a 3"]),
            ("HPTTL h FIELDS 2 a b", "*2 :10000 :10000 ", &[]),
            ("HSETEX h FXX FIELDS 1 a 4", ":1 ", &["HSETEX h FXX FIELDS 1 a 4"]),
            ("HPTTL h FIELDS 1 a", "*1 :-1 ", &[]),
            ("HSETEX h PXAT 2000000000000 FIELDS 1 a 4", ":1 ", &["HSETEX h PXAT 2000000000000 FIELDS 1 a 4"]),
            ("HSETEX h EXAT 1 FIELDS 2 a 4 new 5", ":1 ", &["HDEL h a", "HDEL h new"]),
        ],
    );
    assert_eq!(bench.told(), ["hset h", "hdel h"]);
    assert_eq!(bench.run("HSETEX h PX 0 FIELDS 1 b 4"), ":1 ");
    assert_eq!(bench.told(), ["hset h", "hdel h", "del h"]);
    bench.run("HSETEX h PX 10 FIELDS 1 b 4");
    assert_eq!(bench.told(), ["new h", "hset h", "hexpire h"]);
}

#[test]
fn dead_fields_are_missing_to_conditions_and_to_reads() {
    let mut bench = Bench::new();
    bench.run("HSETEX h PX 10 FIELDS 3 a 1 b 2 c 3");
    bench.run("HSET h d 4");
    bench.now_ms += 11;
    check(
        &mut bench,
        &[
            ("HSETEX h FXX FIELDS 1 a 1", ":0 ", &["HDEL h a"]),
            ("HSETEX h FNX FIELDS 1 b 1", ":1 ", &["HDEL h b", "HSETEX h FNX FIELDS 1 b 1"]),
            ("HGETEX h EX 10 FIELDS 2 c d", "*2 $-1 $1 4 ", &["HDEL h c", "HPEXPIREAT h 1000000010011 FIELDS 2 c d"]),
            ("HGETDEL h FIELDS 1 c", "*1 $-1 ", &[]),
            ("HLEN h", ":2 ", &[]),
        ],
    );
}

#[test]
fn a_replica_does_as_its_master_did() {
    let mut bench = Bench::new();
    bench.expiry = ExpiryRule::Ignore;
    check_replies(
        &mut bench,
        &[
            ("HSETEX h PXAT 5 FIELDS 1 a 1", ":1 "),
            ("HGETEX h PXAT 6 FIELDS 1 a", "*1 $1 1 "),
            ("HPEXPIRETIME h FIELDS 1 a", "*1 :6 "),
            ("HGETDEL h FIELDS 1 a", "*1 $1 1 "),
            ("EXISTS h", ":0 "),
        ],
    );
}

#[test]
fn errors_come_in_the_order_of_redis_8() {
    let wrong_type = "-WRONGTYPE Operation against a key holding the wrong kind of value ";
    let fields = "-ERR Mandatory argument FIELDS is missing or not at the right position ";
    let arity = "-ERR wrong number of arguments for 'hsetex' command ";
    let time = "-ERR Only one of EX, PX, EXAT, PXAT or KEEPTTL arguments can be specified ";
    let condition = "-ERR Only one of FXX or FNX arguments can be specified ";
    let count = "-ERR invalid number of fields ";
    check_replies(
        &mut Bench::new(),
        &[
            ("SET s x", "+OK "),
            ("HSET h a 1", ":1 "),
            ("HGETDEL s foo x a", wrong_type),
            ("HGETDEL h foo x a", fields),
            ("HGETEX s EX x foo 1 a", wrong_type),
            ("HGETEX h EX x foo 1 a", "-ERR value is not an integer or out of range "),
            ("HGETEX h EX 10 foo", "-ERR wrong number of arguments for 'hgetex' command "),
            ("HGETEX h EX 10 PX 10 FIELDS 1 a", fields),
            ("HGETEX h KEEPTTL FIELDS 1 a", fields),
            ("HGETEX h PERSIST FIELDS 1", "-ERR The `numfields` parameter must match the number of arguments "),
            ("HSETEX s EX x FIELDS 1 a 1", "-ERR value is not an integer or out of range "),
            ("HSETEX s FIELDS x a 1", count),
            ("HSETEX s FIELDS 1 a 1", wrong_type),
            ("HSETEX h FNX FXX foo 1 a", condition),
            ("HSETEX h EX 10 KEEPTTL foo", time),
            ("HSETEX h PERSIST FIELDS 1 a", "-ERR unknown argument: PERSIST "),
            ("HSETEX h FXX EX 10 FIELDS", arity),
            ("HSETEX h FXX EX 10 FIELDS x", arity),
            ("HSETEX h FIELDS 2 a 1", arity),
            ("HSETEX h FIELDS 2147483648 a 1", count),
            ("HSETEX h FIELDS 1 a 1 FXX", arity),
        ],
    );
}

#[test]
fn as_many_new_fields_as_pairs_are_foreseen() {
    let mut bench = Bench::new();
    bench.config.hash_max_listpack_entries = 2;
    bench.run("HSETEX h EX 10 FIELDS 3 a 1 a 2 a 3");
    assert_eq!(bench.run("OBJECT ENCODING h"), "$9 hashtable ");
    bench.run("HSETEX g EX 10 FIELDS 2 a 1 a 2");
    assert_eq!(bench.run("OBJECT ENCODING g"), "$10 listpackex ");
    for line in ["HSET f a 1 b 2", "HSETEX f PXAT 1 FIELDS 1 c 3", "HSETEX f PXAT 1 FIELDS 2 c 3 c 4"] {
        bench.run(line);
    }
    assert_eq!(bench.run("OBJECT ENCODING f"), "$9 hashtable ", "the third was there for a moment");
    bench.config.hash_max_listpack_entries = 3;
    bench.run("HSET e a 1 b 2");
    bench.run("HSETEX e PXAT 1 FIELDS 2 c 3 d 4");
    assert_eq!(bench.run("OBJECT ENCODING e"), "$10 listpackex ", "no more than three at any moment");
}
