use alloc::format;
use alloc::vec::Vec;

use crate::command::bench::{Bench, check};
use crate::value::Value;

// Replies and bytes were recorded from Redis 7.0.15.

/// The bytes at a key.
fn bytes(bench: &Bench, key: &str) -> Vec<u8> {
    let place = bench.keyspace.locate(0, key.as_bytes()).expect("the key is there");
    match &bench.keyspace.entry(place).value {
        Value::String(string) => string.text().into_owned(),
        other => panic!("not a string: {other:?}"),
    }
}

fn hex(bytes: &[u8]) -> alloc::string::String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn elements_are_counted_and_changes_are_fed() {
    check(
        &mut Bench::new(),
        &[
            ("PFADD a x y z", ":1 ", &["PFADD a x y z"]),
            ("PFADD a x", ":0 ", &[]),
            ("PFADD a", ":0 ", &[]),
            ("PFADD b", ":1 ", &["PFADD b"]),
            ("PFADD b", ":0 ", &[]),
            // The count that a string remembers is part of it.
            ("PFCOUNT a", ":3 ", &["PFCOUNT a"]),
            ("PFCOUNT a", ":3 ", &[]),
            ("PFCOUNT a b no", ":3 ", &[]),
            ("PFCOUNT no", ":0 ", &[]),
            ("PFMERGE m a b no", "+OK ", &["PFMERGE m a b no"]),
            ("PFMERGE m", "+OK ", &["PFMERGE m"]),
            ("PFMERGE n", "+OK ", &["PFMERGE n"]),
            ("PFCOUNT m", ":3 ", &["PFCOUNT m"]),
            ("PFDEBUG ENCODING a", "+sparse ", &[]),
            ("PFDEBUG DECODE b", "$7 Z:16384 ", &[]),
            ("PFDEBUG TODENSE a", ":1 ", &["PFDEBUG TODENSE a"]),
            ("PFDEBUG TODENSE a", ":0 ", &[]),
            ("PFDEBUG DECODE a", "-ERR HLL encoding is not sparse ", &[]),
            ("PFDEBUG FOO a", "-ERR Unknown PFDEBUG subcommand 'FOO' ", &[]),
            ("PFDEBUG FOO no", "-ERR The specified key does not exist ", &[]),
            ("STRLEN a", ":12304 ", &[]),
            ("PFMERGE b a", "+OK ", &["PFMERGE b a"]),
            ("PFDEBUG ENCODING b", "+dense ", &[]),
            ("PFSELFTEST", "+OK ", &[]),
        ],
    );
}

#[test]
fn strings_that_are_none_are_refused_and_broken_ones_reported() {
    let mut bench = Bench::new();
    bench.run("PFADD a x");
    bench.run("PFADD b");
    bench.run("SETRANGE a 0 X");
    bench.run(r#"SETRANGE b 16 "\xff""#);
    bench.run("SET i 12");
    bench.run("RPUSH l x");
    let none = "-WRONGTYPE Key is not a valid HyperLogLog string value. ";
    for line in ["PFCOUNT a", "PFADD a x", "PFMERGE m a", "PFMERGE a", "PFADD i x", "PFCOUNT no i", "PFDEBUG DECODE i"]
    {
        assert_eq!(bench.run(line), none, "{line}");
    }
    for line in ["PFCOUNT b", "PFADD b x", "PFMERGE m b", "PFMERGE b", "PFDEBUG GETREG b", "PFDEBUG TODENSE b"] {
        assert_eq!(bench.run(line), "-INVALIDOBJ Corrupted HLL object detected ", "{line}");
        assert!(bench.fed().is_empty(), "{line}");
    }
    for line in ["PFADD l x", "PFCOUNT l", "PFMERGE l", "PFDEBUG ENCODING l"] {
        assert_eq!(bench.run(line), "-WRONGTYPE Operation against a key holding the wrong kind of value ", "{line}");
    }
}

#[test]
fn an_addition_that_meets_broken_registers_changes_nothing() {
    let mut bench = Bench::new();
    bench.run("PFADD b x");
    bench.run(r#"APPEND b "\xff\xff""#);
    bench.run(r#"SETRANGE b 16 "\x00\x00""#);
    let before = bytes(&bench, "b");
    let line: Vec<_> = (0..100).map(|number| format!("e:{number}")).collect();
    assert_eq!(bench.run(&format!("PFADD b {}", line.join(" "))), "-INVALIDOBJ Corrupted HLL object detected ");
    assert_eq!(bytes(&bench, "b"), before);
    assert!(bench.fed().is_empty() && bench.told().is_empty());
}

#[test]
fn events_are_those_of_redis() {
    let mut bench = Bench::new();
    let cases: &[(&str, &[&str])] = &[
        ("PFADD a x", &["new a", "pfadd a"]),
        ("PFADD a x", &[]),
        ("PFCOUNT a", &[]),
        ("PFCOUNT no", &["keymiss no"]),
        ("PFMERGE m a", &["keymiss m", "new m", "pfadd m"]),
        ("PFMERGE m a", &["pfadd m"]),
    ];
    for (line, told) in cases {
        bench.run(line);
        assert_eq!(bench.told(), *told, "{line}");
    }
}

#[test]
fn sparse_strings_have_the_bytes_of_redis() {
    let mut bench = Bench::new();
    bench.run("PFADD empty");
    assert_eq!(hex(&bytes(&bench, "empty")), "48594c4c0100000000000000000000807fff");
    bench.run("PFADD s a b c");
    assert_eq!(hex(&bytes(&bench, "s")), "48594c4c01000000000000000000008060f38050b1844bfb80425a");
    assert_eq!(bench.run("PFDEBUG DECODE s"), "$44 Z:8436 v:1,1 Z:4274 v:2,1 Z:3068 v:1,1 Z:603 ");
    bench.run("PFCOUNT s");
    assert_eq!(hex(&bytes(&bench, "s")), "48594c4c01000000030000000000000060f38050b1844bfb80425a");
}

#[test]
fn a_string_that_would_be_too_long_becomes_dense() {
    let mut bench = Bench::new();
    bench.config.hll_sparse_max_bytes = 40;
    for number in 0..7 {
        bench.run(&format!("PFADD s e:{number}"));
    }
    assert_eq!(
        hex(&bytes(&bench, "s")),
        "48594c4c01000000000000000000008040a2844e87804923804c5b844345804ef08045de804337"
    );
    bench.run("PFADD s e:7");
    let dense = bytes(&bench, "s");
    assert_eq!(dense.len(), 12_304);
    assert_eq!(hex(&dense[..16]), "48594c4c000000000000000000000080");
    let registers: Vec<(usize, u8)> = (0..).zip(dense[16..].iter().copied()).filter(|(_, byte)| *byte != 0).collect();
    let expected = [(122, 8), (2_913, 1), (3_791, 4), (4_668, 64), (7_042, 32), (7_671, 64), (10_541, 4), (11_669, 4)];
    assert_eq!(registers, expected);
}

#[test]
fn many_elements_leave_the_strings_of_redis() {
    let mut bench = Bench::new();
    let mut digest = |to: u32, from: u32| {
        for number in from..to {
            bench.run(&format!("PFADD d e:{number}"));
        }
        let bytes = bytes(&bench, "d");
        (bytes.len(), hex(&sha1_smol::Sha1::from(&bytes).digest().bytes()), bench.run("PFCOUNT d"))
    };
    let sparse = (1_880, "8485d1b33784e2af3c32f779b0c142e105983b18".into(), ":995 ".into());
    assert_eq!(digest(1_000, 0), sparse);
    let dense = (12_304, "0409e456e3d1e2d8c0dd7217869e2a689b549159".into(), ":2981 ".into());
    assert_eq!(digest(3_000, 1_000), dense);
}
