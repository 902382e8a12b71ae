use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::codec::siphash::HashKey;
use crate::keyspace::{Keyspace, NO_EXPIRY};
use crate::port::{Level, Wall};
use crate::rdb::{Dialect, Fault, opcode, push_string, value_type};
use crate::value::Limits;
use crate::value::rdb::BuildRules;

use super::*;

const ORDER: HashKey = HashKey::new(1, 2);
const RULES: LoadRules = LoadRules {
    build: BuildRules { limits: Limits::DEFAULT, order: ORDER, dialect: Dialect::Redis },
    drop_expired_before_ms: None,
    verify_checksum: true,
    wall: Wall(1_700_000_000_000_000),
    counts_frequency: false,
};

fn loader() -> Loader {
    Loader::new(Keyspace::new(16, ORDER), RULES)
}

fn text(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    push_string(&mut out, bytes, false);
    out
}

/// A file of version 10 with these items, without a checksum.
fn file(items: &[&[u8]]) -> Vec<u8> {
    [b"REDIS0010", &items.concat()[..], &[opcode::EOF, 0, 0, 0, 0, 0, 0, 0, 0]].concat()
}

/// An item of each kind that leaves something behind.
fn mixed() -> Vec<u8> {
    file(&[
        &[&[opcode::AUX], &text(b"%note")[..], &text(b"read me")].concat(),
        &[opcode::SELECTDB, 3, opcode::RESIZEDB, 2, 1],
        &[&[opcode::EXPIRETIME_MS], &[0xff; 8][..], &[value_type::STRING], &text(b"k"), &text(b"v")].concat(),
        &[&[value_type::SET], &text(b"set")[..], &[2], &text(b"a"), &text(b"b")].concat(),
        &[&[value_type::LIST], &text(b"empty")[..], &[0]].concat(),
    ])
}

#[test]
fn a_file_that_comes_one_byte_at_a_time_means_what_it_means_as_a_whole() {
    let bytes = mixed();
    let (mut whole, mut slow) = (loader(), loader());
    assert_eq!(whole.feed(&bytes), Ok(Progress::Complete { unread: 0 }));
    for (at, byte) in bytes.iter().enumerate() {
        let is_last = at + 1 == bytes.len();
        let progress = slow.feed(&[*byte]);
        assert_eq!(progress, Ok(if is_last { Progress::Complete { unread: 0 } } else { Progress::More }), "{at}");
    }
    let remarks = whole.take_remarks();
    let lines: Vec<(Level, String)> = remarks.iter().map(|remark| (remark.level(), format!("{remark}"))).collect();
    assert_eq!(
        lines,
        [
            (Level::Notice, "RDB '%note': read me".into()),
            (Level::Warning, "rdbLoadObject skipping empty key: empty".into()),
            (Level::Warning, "RDB file was saved with checksum disabled: no check performed.".into()),
        ]
    );
    assert_eq!(slow.take_remarks(), remarks);
    assert_eq!(slow.consumed(), bytes.len() as u64);
    for loader in [whole, slow] {
        let loaded = loader.finish().expect("it is complete");
        assert_eq!((loaded.keys, loaded.empty_keys), (2, 1));
        let place = loaded.keyspace.locate(3, b"k").expect("it is there");
        assert_eq!(loaded.keyspace.entry(place).expires_ms, NO_EXPIRY, "-1 says that there is no expiry");
        assert!(loaded.keyspace.locate(3, b"set").is_some());
    }
}

#[test]
fn a_file_that_ends_anywhere_is_refused_where_its_last_item_began() {
    let bytes = mixed();
    for cut in 0..bytes.len() {
        let mut loader = loader();
        assert_eq!(loader.feed(&bytes[..cut]), Ok(Progress::More), "{cut}");
        let consumed = loader.consumed();
        let error = loader.finish().expect_err("it is not complete");
        assert_eq!((error.fault, error.position), (Fault::Truncated, consumed));
        assert!(consumed <= cut as u64);
    }
}

#[test]
fn errors_name_their_place_and_the_key_they_belong_to() {
    let twice = [&[value_type::SET], &text(b"letters")[..], &[2], &text(b"a"), &text(b"a")].concat();
    let unknown = [&[199_u8], &text(b"what")[..]].concat();
    for (items, line) in [
        (twice.as_slice(), "Duplicate set members detected (at byte 21, key 'letters')"),
        (&unknown, "Unknown RDB encoding type 199 (at byte 9, key 'what')"),
        (
            &[opcode::SELECTDB, 16],
            "Data file was created with a Redis server configured to handle more than 16 databases: it holds DB 16, raise 'databases' (at byte 9)",
        ),
    ] {
        let error = loader().feed(&file(&[items])).expect_err("it is broken");
        assert_eq!(format!("{error}"), line);
    }
}

#[test]
fn only_the_first_empty_keys_are_named_and_all_are_counted() {
    let empty: Vec<Vec<u8>> =
        (0..25).map(|number| [&[1], &text(format!("{number}").as_bytes())[..], &[0]].concat()).collect();
    let mut loader = loader();
    loader.feed(&file(&empty.iter().map(Vec::as_slice).collect::<Vec<_>>())).expect("it is whole");
    let named = loader.take_remarks().iter().filter(|remark| matches!(remark, Remark::EmptyKey(_))).count();
    assert_eq!((named, loader.finish().expect("it is whole").empty_keys), (10, 25));
}
