use alloc::format;

use crate::resp::Proto;

use crate::command::bench::{Bench, Case, check_beside_a_hash};
use crate::command::exec::ExpiryRule;

// The cases were recorded from Redis 7.0.15.

#[test]
fn parts_are_read_and_written_as_in_redis() {
    check_beside_a_hash(PARTS);
}

#[test]
fn common_subsequences_are_found_as_in_redis() {
    check_beside_a_hash(COMMON_SUBSEQUENCES);
}

#[test]
fn lcs_with_idx_is_a_map_in_resp3() {
    let mut bench = Bench::new();
    bench.proto = Proto::Resp3;
    bench.run("MSET a xb b b");
    let expected = "%2 $7 matches *1 *2 *2 :1 :1 *2 :0 :0 $3 len :1 ";
    assert_eq!(bench.run("LCS a b IDX"), expected);
}

#[test]
fn a_large_string_is_read_in_parts() {
    let mut bench = Bench::new();
    bench.run(&format!("SET k {}", "0123456789".repeat(4_000)));
    let middle = "0123456789".repeat(2_000);
    assert_eq!(bench.run("GETRANGE k 10000 29999"), format!("$20000 {middle} "));
    assert_eq!(bench.run("GETRANGE k -3 -1"), "$3 789 ");
    assert_eq!(bench.run("GETRANGE k 39999 40000"), "$1 9 ");
    assert_eq!(bench.run("GETRANGE k 40000 40000"), "$0  ");
}

#[test]
fn the_limit_of_strings_holds_for_clients_but_not_for_the_master() {
    let mut bench = Bench::new();
    bench.config.proto_max_bulk_len = 10;
    let refusal = "-ERR string exceeds maximum allowed size (proto-max-bulk-len) ";
    bench.run("SET k 12345");
    assert_eq!(bench.run("APPEND k 67890"), ":10 ");
    assert_eq!(bench.run("APPEND k x"), refusal);
    assert_eq!(bench.run("SETRANGE k 9 xy"), refusal);
    assert_eq!(bench.run("SETRANGE k 9 x"), ":10 ");
    bench.expiry = ExpiryRule::Ignore;
    assert_eq!(bench.run("APPEND k x"), ":11 ");
    assert_eq!(bench.run("SETRANGE k 20 x"), ":21 ");
    assert_eq!(bench.run("SETRANGE k 4294967295 x"), refusal);
    assert_eq!(bench.run("STRLEN k"), ":21 ");
}

#[test]
fn a_string_that_was_written_into_is_raw() {
    let mut bench = Bench::new();
    for line in ["APPEND a x", "APPEND a y", "SETRANGE b 2 x"] {
        bench.run(line);
    }
    for key in ["a", "b"] {
        let place = bench.keyspace.locate(0, key.as_bytes()).expect("it was just set");
        assert_eq!(bench.keyspace.entry(place).value.encoding_name(), "raw");
    }
}

#[test]
fn lcs_refuses_a_table_past_the_limit() {
    let mut bench = Bench::new();
    bench.config.proto_max_bulk_len = 4 * 3 * 4;
    bench.run("MSET a xy b xyz c xyzu");
    assert_eq!(bench.run("LCS a b"), "$2 xy ");
    let refusal = "-ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len ";
    assert_eq!(bench.run("LCS a c"), refusal);
    assert_eq!(bench.run("LCS c a LEN"), refusal);
}

/// Parts read and written, inside and outside of the string.
const PARTS: &[Case] = &[
    ("APPEND a 12", ":2 ", &["APPEND a 12"]),
    ("INCR a", ":13 ", &["INCR a"]),
    ("APPEND a \"\"", ":2 ", &["APPEND a "]),
    ("APPEND a 34", ":4 ", &["APPEND a 34"]),
    ("APPEND e \"\"", ":0 ", &["APPEND e "]),
    ("STRLEN a", ":4 ", &[]),
    ("STRLEN none", ":0 ", &[]),
    ("GET a", "$4 1334 ", &[]),
    ("GETRANGE a 0 -1", "$4 1334 ", &[]),
    ("GETRANGE a 1 2", "$2 33 ", &[]),
    ("GETRANGE a -3 -2", "$2 33 ", &[]),
    ("GETRANGE a -2 -3", "$0  ", &[]),
    ("GETRANGE a 3 1", "$0  ", &[]),
    ("GETRANGE a 0 100", "$4 1334 ", &[]),
    ("GETRANGE a -100 0", "$1 1 ", &[]),
    ("GETRANGE a -100 -99", "$1 1 ", &[]),
    ("GETRANGE a -99 -100", "$0  ", &[]),
    ("GETRANGE a -100 -100", "$1 1 ", &[]),
    ("GETRANGE a 4 4", "$0  ", &[]),
    ("GETRANGE a 5 9", "$0  ", &[]),
    ("GETRANGE a 0 9223372036854775807", "$4 1334 ", &[]),
    ("GETRANGE a -9223372036854775808 -9223372036854775808", "$1 1 ", &[]),
    ("GETRANGE a 9223372036854775807 9223372036854775807", "$0  ", &[]),
    ("GETRANGE a x 1", "-ERR value is not an integer or out of range ", &[]),
    ("GETRANGE a 1 x", "-ERR value is not an integer or out of range ", &[]),
    ("GETRANGE none 0 -1", "$0  ", &[]),
    ("GETRANGE none x 1", "-ERR value is not an integer or out of range ", &[]),
    ("SUBSTR a 1 2", "$2 33 ", &[]),
    ("GETRANGE e 0 -1", "$0  ", &[]),
    ("SET i 12345", "+OK ", &["SET i 12345"]),
    ("GETRANGE i 1 3", "$3 234 ", &[]),
    ("STRLEN i", ":5 ", &[]),
    ("SETRANGE i 1 xx", ":5 ", &["SETRANGE i 1 xx"]),
    ("GET i", "$5 1xx45 ", &[]),
    ("SETRANGE i 7 y", ":8 ", &["SETRANGE i 7 y"]),
    ("GET i", "$8 1xx45\0\0y ", &[]),
    ("SETRANGE i 3 \"\"", ":8 ", &[]),
    ("SETRANGE none 3 \"\"", ":0 ", &[]),
    ("SETRANGE none 3 abc", ":6 ", &["SETRANGE none 3 abc"]),
    ("GET none", "$6 \0\0\0abc ", &[]),
    ("SETRANGE none -1 abc", "-ERR offset is out of range ", &[]),
    ("SETRANGE none x abc", "-ERR value is not an integer or out of range ", &[]),
    ("SETRANGE none 536870912 a", "-ERR string exceeds maximum allowed size (proto-max-bulk-len) ", &[]),
    ("SETRANGE none 9223372036854775807 a", "-ERR string exceeds maximum allowed size (proto-max-bulk-len) ", &[]),
    ("SETRANGE none 9223372036854775807 \"\"", ":6 ", &[]),
    ("SETRANGE new 536870912 \"\"", ":0 ", &[]),
    ("SETRANGE new 536870912 a", "-ERR string exceeds maximum allowed size (proto-max-bulk-len) ", &[]),
    ("SETRANGE new 536870911 \"\"", ":0 ", &[]),
    ("APPEND h x", "-WRONGTYPE Operation against a key holding the wrong kind of value ", &[]),
    ("STRLEN h", "-WRONGTYPE Operation against a key holding the wrong kind of value ", &[]),
    ("GETRANGE h 0 1", "-WRONGTYPE Operation against a key holding the wrong kind of value ", &[]),
    ("SETRANGE h 0 \"\"", "-WRONGTYPE Operation against a key holding the wrong kind of value ", &[]),
    ("SETRANGE h 0 x", "-WRONGTYPE Operation against a key holding the wrong kind of value ", &[]),
    ("SETRANGE h 999999999999 x", "-WRONGTYPE Operation against a key holding the wrong kind of value ", &[]),
    ("SET t 12 PXAT 99999999999000", "+OK ", &["SET t 12 PXAT 99999999999000"]),
    ("APPEND t 3", ":3 ", &["APPEND t 3"]),
    ("SETRANGE t 0 x", ":3 ", &["SETRANGE t 0 x"]),
    ("SET past 5 PXAT 1", "+OK ", &["SET past 5 PXAT 1"]),
    ("APPEND past 2", ":1 ", &["DEL past", "APPEND past 2"]),
    ("SET past 5 PXAT 1", "+OK ", &["SET past 5 PXAT 1"]),
    ("SETRANGE past 1 \"\"", ":0 ", &["DEL past"]),
    ("SET past 5 PXAT 1", "+OK ", &["SET past 5 PXAT 1"]),
    ("STRLEN past", ":0 ", &["DEL past"]),
];

/// LCS in all forms.
const COMMON_SUBSEQUENCES: &[Case] = &[
    ("MSET k1 ohmytext k2 mynewtext", "+OK ", &["MSET k1 ohmytext k2 mynewtext"]),
    ("LCS k1 k2", "$6 mytext ", &[]),
    ("LCS k1 k2 LEN", ":6 ", &[]),
    ("LCS k1 k2 IDX", "*4 $7 matches *2 *2 *2 :4 :7 *2 :5 :8 *2 *2 :2 :3 *2 :0 :1 $3 len :6 ", &[]),
    ("LCS k1 k2 IDX MINMATCHLEN 4", "*4 $7 matches *1 *2 *2 :4 :7 *2 :5 :8 $3 len :6 ", &[]),
    ("LCS k1 k2 idx minmatchlen 4 withmatchlen", "*4 $7 matches *1 *3 *2 :4 :7 *2 :5 :8 :4 $3 len :6 ", &[]),
    ("LCS k1 k2 IDX WITHMATCHLEN", "*4 $7 matches *2 *3 *2 :4 :7 *2 :5 :8 :4 *3 *2 :2 :3 *2 :0 :1 :2 $3 len :6 ", &[]),
    (
        "LCS k1 k2 IDX MINMATCHLEN -5 WITHMATCHLEN",
        "*4 $7 matches *2 *3 *2 :4 :7 *2 :5 :8 :4 *3 *2 :2 :3 *2 :0 :1 :2 $3 len :6 ",
        &[],
    ),
    ("LCS k1 k2 IDX MINMATCHLEN 5", "*4 $7 matches *0 $3 len :6 ", &[]),
    ("LCS k1 k2 MINMATCHLEN 5", "$6 mytext ", &[]),
    ("LCS k1 k2 LEN IDX", "-ERR If you want both the length and indexes, please just use IDX. ", &[]),
    ("LCS k1 k2 LEN LEN", ":6 ", &[]),
    ("LCS k1 k2 MINMATCHLEN", "-ERR syntax error ", &[]),
    ("LCS k1 k2 MINMATCHLEN x", "-ERR value is not an integer or out of range ", &[]),
    ("LCS k1 k2 FOO", "-ERR syntax error ", &[]),
    ("LCS k1 missing", "$0  ", &[]),
    ("LCS missing k1 IDX", "*4 $7 matches *0 $3 len :0 ", &[]),
    ("LCS missing missing LEN", ":0 ", &[]),
    ("LCS h k1", "-ERR The specified keys must contain string values ", &[]),
    ("LCS k1 h FOO", "-ERR The specified keys must contain string values ", &[]),
    ("LCS k1 k1 IDX WITHMATCHLEN", "*4 $7 matches *1 *3 *2 :0 :7 *2 :0 :7 :8 $3 len :8 ", &[]),
    ("MSET k3 abcabcabxxabc k4 bcaabcbbacab", "+OK ", &["MSET k3 abcabcabxxabc k4 bcaabcbbacab"]),
    ("LCS k3 k4", "$8 bcabcbbc ", &[]),
    (
        "LCS k3 k4 IDX WITHMATCHLEN",
        "*4 $7 matches *5 *3 *2 :12 :12 *2 :9 :9 :1 *3 *2 :11 :11 *2 :7 :7 :1 *3 *2 :7 :7 *2 :6 :6 :1 *3 *2 :3 :5 *2 :3 :5 :3 *3 *2 :1 :2 *2 :0 :1 :2 $3 len :8 ",
        &[],
    ),
    ("LCS k4 k3", "$8 bcabcaab ", &[]),
    (
        "LCS k4 k3 IDX WITHMATCHLEN",
        "*4 $7 matches *4 *3 *2 :10 :11 *2 :10 :11 :2 *3 *2 :8 :8 *2 :6 :6 :1 *3 *2 :3 :5 *2 :3 :5 :3 *3 *2 :0 :1 *2 :1 :2 :2 $3 len :8 ",
        &[],
    ),
    ("MSET k5 1234567 k6 3571", "+OK ", &["MSET k5 1234567 k6 3571"]),
    (
        "LCS k5 k6 IDX",
        "*4 $7 matches *3 *2 *2 :6 :6 *2 :2 :2 *2 *2 :4 :4 *2 :1 :1 *2 *2 :2 :2 *2 :0 :0 $3 len :3 ",
        &[],
    ),
    ("SET past abc PXAT 1", "+OK ", &["SET past abc PXAT 1"]),
    ("LCS past past", "$0  ", &["DEL past"]),
    ("SET past abc PXAT 1", "+OK ", &["SET past abc PXAT 1"]),
    ("LCS k1 past LEN", ":0 ", &["DEL past"]),
    ("SETRANGE big1 20000 x", ":20001 ", &["SETRANGE big1 20000 x"]),
    ("SETRANGE big2 6709 x", ":6710 ", &["SETRANGE big2 6709 x"]),
    ("LCS big1 big2 LEN", "-ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len ", &[]),
];
