use crate::command::bench::{Bench, check};
use crate::resp::Proto;

// Replies were recorded from Redis 7.0.15.

#[test]
fn bits_are_set_and_told() {
    check(
        &mut Bench::new(),
        &[
            ("SETBIT b 7 1", ":0 ", &["SETBIT b 7 1"]),
            ("SETBIT b 7 1", ":1 ", &[]),
            ("SETBIT b 7 0", ":1 ", &["SETBIT b 7 0"]),
            ("SETBIT b 20 0", ":0 ", &["SETBIT b 20 0"]),
            ("SETBIT b 20 0", ":0 ", &[]),
            ("GETBIT b 7", ":0 ", &[]),
            ("GETBIT b 4000", ":0 ", &[]),
            ("GETBIT no 1", ":0 ", &[]),
            ("SETBIT b 1 2", "-ERR bit is not an integer or out of range ", &[]),
            ("SETBIT b x 1", "-ERR bit offset is not an integer or out of range ", &[]),
            ("SETBIT b -1 1", "-ERR bit offset is not an integer or out of range ", &[]),
            ("SETBIT b 4294967296 1", "-ERR bit offset is not an integer or out of range ", &[]),
            ("STRLEN b", ":3 ", &[]),
            ("SET i 12", "+OK ", &["SET i 12"]),
            ("SETBIT i 6 1", ":0 ", &["SETBIT i 6 1"]),
            ("OBJECT ENCODING i", "$3 raw ", &[]),
            ("GET i", "$2 32 ", &[]),
        ],
    );
}

#[test]
fn bits_are_counted_and_found() {
    check(
        &mut Bench::new(),
        &[
            ("SET s foobar", "+OK ", &["SET s foobar"]),
            ("BITCOUNT s", ":26 ", &[]),
            ("BITCOUNT s 1 1", ":6 ", &[]),
            ("BITCOUNT s 5 30 BIT", ":17 ", &[]),
            ("BITCOUNT s -2 -1 BYTE", ":7 ", &[]),
            ("BITCOUNT s -1 -2", ":0 ", &[]),
            ("BITCOUNT s 0", "-ERR syntax error ", &[]),
            ("BITCOUNT s 0 1 FOO", "-ERR syntax error ", &[]),
            ("BITCOUNT s x 1", "-ERR value is not an integer or out of range ", &[]),
            ("BITCOUNT no x 1", ":0 ", &[]),
            ("BITPOS s 1", ":1 ", &[]),
            ("BITPOS s 0 2", ":16 ", &[]),
            ("BITPOS s 1 7 15 BIT", ":9 ", &[]),
            ("BITPOS s 0 0 -1 BYTE", ":0 ", &[]),
            ("BITFIELD f SET u16 0 65535", "*1 :0 ", &["BITFIELD f SET u16 0 65535"]),
            ("BITPOS f 0", ":16 ", &[]),
            ("BITPOS f 0 0", ":16 ", &[]),
            ("BITPOS f 0 0 -1", ":-1 ", &[]),
            ("BITPOS f 0 3", ":-1 ", &[]),
            ("BITPOS f 1 5 2", ":-1 ", &[]),
            ("BITPOS no 0", ":0 ", &[]),
            ("BITPOS no 1", ":-1 ", &[]),
            ("BITPOS f 2", "-ERR The bit argument must be 1 or 0. ", &[]),
            ("BITPOS f x", "-ERR value is not an integer or out of range ", &[]),
            ("BITPOS f 0 x", "-ERR value is not an integer or out of range ", &[]),
            ("BITPOS f 0 0 1 FOO", "-ERR syntax error ", &[]),
            ("BITPOS f 0 0 1 BIT BIT", "-ERR syntax error ", &[]),
        ],
    );
}

#[test]
fn strings_are_combined() {
    check(
        &mut Bench::new(),
        &[
            ("SET a abc", "+OK ", &["SET a abc"]),
            ("SET b 0", "+OK ", &["SET b 0"]),
            ("BITOP AND d a b", ":3 ", &["BITOP AND d a b"]),
            ("BITCOUNT d", ":1 ", &[]),
            ("BITOP OR d a b no", ":3 ", &["BITOP OR d a b no"]),
            ("BITOP XOR d a a", ":3 ", &["BITOP XOR d a a"]),
            ("STRLEN d", ":3 ", &[]),
            ("BITOP NOT d b", ":1 ", &["BITOP NOT d b"]),
            ("BITOP NOT d a b", "-ERR BITOP NOT must be called with a single source key. ", &[]),
            ("BITOP NAND d a b", "-ERR syntax error ", &[]),
            ("BITOP OR d no", ":0 ", &["BITOP OR d no"]),
            ("EXISTS d", ":0 ", &[]),
            ("BITOP OR d no", ":0 ", &[]),
        ],
    );
}

#[test]
fn fields_of_any_width_are_read_and_written() {
    check(
        &mut Bench::new(),
        &[
            (
                "BITFIELD b SET u8 0 255 GET u4 0 INCRBY i8 0 1",
                "*3 :0 :15 :0 ",
                &["BITFIELD b SET u8 0 255 GET u4 0 INCRBY i8 0 1"],
            ),
            ("BITFIELD b GET u8 #0 GET i5 3", "*2 :0 :0 ", &[]),
            ("BITFIELD b SET u8 #3 7", "*1 :0 ", &["BITFIELD b SET u8 #3 7"]),
            ("STRLEN b", ":4 ", &[]),
            ("BITFIELD b SET u8 #3 7", "*1 :7 ", &[]),
            (
                "BITFIELD b OVERFLOW SAT INCRBY u8 #3 300 OVERFLOW FAIL INCRBY u8 #3 1 OVERFLOW WRAP INCRBY u8 #3 2",
                "*3 :255 $-1 :1 ",
                &["BITFIELD b OVERFLOW SAT INCRBY u8 #3 300 OVERFLOW FAIL INCRBY u8 #3 1 OVERFLOW WRAP INCRBY u8 #3 2"],
            ),
            ("BITFIELD b OVERFLOW FAIL INCRBY u8 #3 300", "*1 $-1 ", &[]),
            (
                "BITFIELD b OVERFLOW SAT SET i4 0 -9223372036854775808 GET i4 0",
                "*2 :0 :7 ",
                &["BITFIELD b OVERFLOW SAT SET i4 0 -9223372036854775808 GET i4 0"],
            ),
            (
                "BITFIELD b OVERFLOW SAT SET i4 0 -9223372036854775800 GET i4 0",
                "*2 :7 :-8 ",
                &["BITFIELD b OVERFLOW SAT SET i4 0 -9223372036854775800 GET i4 0"],
            ),
            (
                "BITFIELD b SET i64 3 -9223372036854775808 GET i64 3",
                "*2 :34359738368 :-9223372036854775808 ",
                &["BITFIELD b SET i64 3 -9223372036854775808 GET i64 3"],
            ),
            (
                "BITFIELD b OVERFLOW SAT INCRBY i64 3 -1 INCRBY i64 3 9223372036854775807 INCRBY i64 3 1",
                "*3 :-9223372036854775808 :-1 :0 ",
                &["BITFIELD b OVERFLOW SAT INCRBY i64 3 -1 INCRBY i64 3 9223372036854775807 INCRBY i64 3 1"],
            ),
            ("BITFIELD b", "*0 ", &[]),
            (
                "BITFIELD b GET u64 0",
                "-ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is. ",
                &[],
            ),
            (
                "BITFIELD b GET i65 0",
                "-ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is. ",
                &[],
            ),
            ("BITFIELD b GET u8 -1", "-ERR bit offset is not an integer or out of range ", &[]),
            ("BITFIELD b GET u8 #x", "-ERR bit offset is not an integer or out of range ", &[]),
            ("BITFIELD b OVERFLOW FOO", "-ERR Invalid OVERFLOW type specified ", &[]),
            ("BITFIELD b SET u8 0 x", "-ERR value is not an integer or out of range ", &[]),
            ("BITFIELD b GET u8", "-ERR syntax error ", &[]),
            ("BITFIELD no GET u8 0", "*1 :0 ", &[]),
            ("EXISTS no", ":0 ", &[]),
            ("BITFIELD_RO b GET u8 #3 GET u8 4000", "*2 :0 :0 ", &[]),
            ("BITFIELD_RO b SET u8 0 1", "-ERR BITFIELD_RO only supports the GET subcommand ", &[]),
            ("BITFIELD_RO b OVERFLOW SAT GET u8 0", "*1 :128 ", &[]),
        ],
    );
}

#[test]
fn a_field_that_fails_is_null() {
    let mut bench = Bench::new();
    bench.run("BITFIELD b SET u8 0 255");
    assert_eq!(bench.run("BITFIELD b OVERFLOW FAIL INCRBY u8 0 1 GET u8 0"), "*2 $-1 :255 ");
    assert!(bench.fed().is_empty());
    bench.proto = Proto::Resp3;
    assert_eq!(bench.run("BITFIELD b OVERFLOW FAIL INCRBY u8 0 1"), "*1 _ ");
}

#[test]
fn a_string_that_only_grew_is_fed() {
    let mut bench = Bench::new();
    assert_eq!(bench.run("BITFIELD b OVERFLOW FAIL INCRBY u2 0 9"), "*1 $-1 ");
    assert_eq!(bench.fed(), ["BITFIELD b OVERFLOW FAIL INCRBY u2 0 9"]);
    assert_eq!(bench.run("STRLEN b"), ":1 ");
}

#[test]
fn events_are_those_of_redis() {
    let mut bench = Bench::new();
    let cases: &[(&str, &[&str])] = &[
        ("SETBIT b 1 1", &["new b", "setbit b"]),
        ("SETBIT b 1 1", &[]),
        ("BITFIELD b SET u8 0 9", &["setbit b"]),
        ("BITFIELD b SET u8 0 9", &[]),
        ("BITFIELD b GET u8 0", &[]),
        ("BITOP NOT d b", &["new d", "set d"]),
        ("BITOP AND d no", &["keymiss no", "del d"]),
        ("BITOP AND d no", &["keymiss no"]),
        ("BITCOUNT no", &["keymiss no"]),
    ];
    for (line, told) in cases {
        bench.run(line);
        assert_eq!(bench.told(), *told, "{line}");
    }
}

#[test]
fn other_types_are_refused() {
    let mut bench = Bench::new();
    bench.run("RPUSH l x");
    for line in
        ["SETBIT l 0 1", "GETBIT l 0", "BITCOUNT l x y", "BITPOS l 0 x", "BITOP NOT d l", "BITFIELD l", "BITFIELD_RO l"]
    {
        assert!(bench.run(line).starts_with("-WRONGTYPE"), "{line}");
    }
}
