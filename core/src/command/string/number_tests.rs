use crate::command::bench::{Bench, Case, check_beside_a_hash};

// The cases were recorded from Redis 7.0.15.

#[test]
fn numbers_are_counted_as_in_redis() {
    check_beside_a_hash(NUMBERS);
}

#[test]
fn counting_keeps_the_expiry() {
    let mut bench = Bench::new();
    bench.run("SET k 5 PXAT 99999999999000");
    for line in ["INCR k", "DECRBY k 3", "INCRBYFLOAT k 1.5"] {
        bench.run(line);
        let place = bench.keyspace.locate(0, b"k").expect("it has not expired");
        assert_eq!(bench.keyspace.entry(place).expires_ms, 99_999_999_999_000, "{line}");
    }
}

#[test]
fn an_integer_is_kept_as_one_and_a_sum_of_fractions_as_text() {
    let mut bench = Bench::new();
    let cases = [("INCRBYFLOAT k 3", "embstr"), ("INCR k", "int"), ("APPEND k 0", "raw"), ("DECR k", "int")];
    for (line, encoding) in cases {
        bench.run(line);
        let place = bench.keyspace.locate(0, b"k").expect("it was just set");
        assert_eq!(bench.keyspace.entry(place).value.encoding_name(), encoding, "{line}");
    }
}

/// Integers at their limits, what is no number, and sums with fractions.
const NUMBERS: &[Case] = &[
    ("INCR n", ":1 ", &["INCR n"]),
    ("DECR n", ":0 ", &["DECR n"]),
    ("INCRBY n 9223372036854775807", ":9223372036854775807 ", &["INCRBY n 9223372036854775807"]),
    ("INCR n", "-ERR increment or decrement would overflow ", &[]),
    ("DECRBY n -1", "-ERR increment or decrement would overflow ", &[]),
    ("DECRBY n -9223372036854775808", "-ERR decrement would overflow ", &[]),
    ("INCRBY n -9223372036854775808", ":-1 ", &["INCRBY n -9223372036854775808"]),
    ("DECRBY n 9223372036854775807", ":-9223372036854775808 ", &["DECRBY n 9223372036854775807"]),
    ("DECR n", "-ERR increment or decrement would overflow ", &[]),
    ("INCRBY n +1", "-ERR value is not an integer or out of range ", &[]),
    ("INCRBY n \" 1\"", "-ERR value is not an integer or out of range ", &[]),
    ("INCRBY n 01", "-ERR value is not an integer or out of range ", &[]),
    ("INCRBY n 1.0", "-ERR value is not an integer or out of range ", &[]),
    ("INCRBY n \"\"", "-ERR value is not an integer or out of range ", &[]),
    ("SET n 010", "+OK ", &["SET n 010"]),
    ("INCR n", "-ERR value is not an integer or out of range ", &[]),
    ("SET n \"\"", "+OK ", &["SET n "]),
    ("INCR n", "-ERR value is not an integer or out of range ", &[]),
    ("SET n abc", "+OK ", &["SET n abc"]),
    ("INCRBY n x", "-ERR value is not an integer or out of range ", &[]),
    ("INCR h", "-WRONGTYPE Operation against a key holding the wrong kind of value ", &[]),
    ("INCRBY h x", "-ERR value is not an integer or out of range ", &[]),
    ("INCRBYFLOAT h x", "-WRONGTYPE Operation against a key holding the wrong kind of value ", &[]),
    ("SET e 5 PXAT 99999999999000", "+OK ", &["SET e 5 PXAT 99999999999000"]),
    ("INCR e", ":6 ", &["INCR e"]),
    ("INCRBYFLOAT e 1.5", "$3 7.5 ", &["SET e 7.5 KEEPTTL"]),
    ("INCRBYFLOAT e -6.5", "$1 1 ", &["SET e 1 KEEPTTL"]),
    ("INCRBYFLOAT e 1", "$1 2 ", &["SET e 2 KEEPTTL"]),
    ("INCR e", ":3 ", &["INCR e"]),
    ("INCRBYFLOAT f 0.1", "$3 0.1 ", &["SET f 0.1 KEEPTTL"]),
    ("INCRBYFLOAT f 0.2", "$3 0.3 ", &["SET f 0.3 KEEPTTL"]),
    ("INCRBYFLOAT f 5.0e3", "$22 5000.29999999999999982 ", &["SET f 5000.29999999999999982 KEEPTTL"]),
    ("INCRBYFLOAT f abc", "-ERR value is not a valid float ", &[]),
    ("INCRBYFLOAT f nan", "-ERR value is not a valid float ", &[]),
    ("INCRBYFLOAT f inf", "-ERR increment would produce NaN or Infinity ", &[]),
    ("INCRBYFLOAT f -inf", "-ERR increment would produce NaN or Infinity ", &[]),
    ("INCRBYFLOAT f \" 1\"", "-ERR value is not a valid float ", &[]),
    ("INCRBYFLOAT f \"\"", "-ERR value is not a valid float ", &[]),
    ("SET s abc", "+OK ", &["SET s abc"]),
    ("INCRBYFLOAT s 1", "-ERR value is not a valid float ", &[]),
    ("INCRBYFLOAT s x", "-ERR value is not a valid float ", &[]),
    ("SET s inf", "+OK ", &["SET s inf"]),
    ("INCRBYFLOAT s -inf", "-ERR increment would produce NaN or Infinity ", &[]),
    ("SET s 3.0e3", "+OK ", &["SET s 3.0e3"]),
    ("INCRBYFLOAT s 200", "$4 3200 ", &["SET s 3200 KEEPTTL"]),
    ("INCRBYFLOAT s 1e-18", "$4 3200 ", &["SET s 3200 KEEPTTL"]),
    ("incrbyfloat s 1e17", "$18 100000000000003200 ", &["SET s 100000000000003200 KEEPTTL"]),
    ("SET big 10", "+OK ", &["SET big 10"]),
    ("APPEND big 0", ":3 ", &["APPEND big 0"]),
    ("INCR big", ":101 ", &["INCR big"]),
    ("SET past 5 PXAT 1", "+OK ", &["SET past 5 PXAT 1"]),
    ("INCR past", ":1 ", &["DEL past", "INCR past"]),
    ("SET past 5 PXAT 1", "+OK ", &["SET past 5 PXAT 1"]),
    ("INCRBYFLOAT past 2", "$1 2 ", &["DEL past", "SET past 2 KEEPTTL"]),
    ("SET past 5 PXAT 1", "+OK ", &["SET past 5 PXAT 1"]),
    ("INCRBY past x", "-ERR value is not an integer or out of range ", &[]),
];
