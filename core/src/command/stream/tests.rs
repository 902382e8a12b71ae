use alloc::vec::Vec;

use crate::codec::siphash::HashKey;
use crate::command::bench::{Bench, check};
use crate::keyspace::NO_EXPIRY;
use crate::rdb::Reader;
use crate::value::rdb::{BuildRules, Step, push_value, read_value, type_of};
use crate::value::{Limits, Value};

#[test]
fn entries_are_added_read_and_removed() {
    let mut bench = Bench::new();
    check(
        &mut bench,
        &[
            ("XADD x 1-1 f a", "$3 1-1 ", &["XADD x 1-1 f a"]),
            ("XADD x 2-* f b", "$3 2-0 ", &["XADD x 2-0 f b"]),
            (
                "XADD x 1-5 f c",
                "-ERR The ID specified in XADD is equal or smaller than the target stream top item ",
                &[],
            ),
            ("XADD no NOMKSTREAM 1-1 f a", "$-1 ", &[]),
            ("XLEN x", ":2 ", &[]),
            ("XRANGE x - +", "*2 *2 $3 1-1 *2 $1 f $1 a *2 $3 2-0 *2 $1 f $1 b ", &[]),
            ("XREVRANGE x + - COUNT 1", "*1 *2 $3 2-0 *2 $1 f $1 b ", &[]),
            ("XRANGE x (1-1 +", "*1 *2 $3 2-0 *2 $1 f $1 b ", &[]),
            ("XREAD COUNT 1 STREAMS x 0", "*1 *2 $1 x *1 *2 $3 1-1 *2 $1 f $1 a ", &[]),
            ("XDEL x 1-1 9-9", ":1 ", &["XDEL x 1-1 9-9"]),
            ("XTRIM x MAXLEN 0", ":1 ", &["XTRIM x MAXLEN 0"]),
            ("XLEN x", ":0 ", &[]),
            ("EXISTS x", ":1 ", &[]),
        ],
    );
    bench.run("SET s 1");
    for line in ["XADD s * f v", "XLEN s", "XRANGE s - +", "XREAD STREAMS s 0"] {
        assert!(bench.run(line).starts_with("-WRONGTYPE"), "{line}");
    }
}

#[test]
fn groups_hand_out_entries_and_are_fed_by_their_effects() {
    let mut bench = Bench::new();
    bench.run("XADD x 1-1 f a");
    bench.run("XADD x 2-1 f b");
    assert_eq!(bench.run("XGROUP CREATE x g 0"), "+OK ");
    assert_eq!(bench.fed(), ["XGROUP CREATE x g 0"]);
    assert_eq!(bench.run("XGROUP CREATE x g 0"), "-BUSYGROUP Consumer Group name already exists ");
    assert_eq!(bench.run("XREADGROUP GROUP g c COUNT 1 STREAMS x >"), "*1 *2 $1 x *1 *2 $3 1-1 *2 $1 f $1 a ");
    let now_ms = bench.now_ms;
    assert_eq!(bench.fed(), [alloc::format!("XCLAIM x g c 0 1-1 TIME {now_ms} RETRYCOUNT 1 FORCE JUSTID LASTID 1-1")]);
    assert_eq!(bench.run("XPENDING x g"), "*4 :1 $3 1-1 $3 1-1 *1 *2 $1 c $1 1 ");
    assert_eq!(bench.run("XCLAIM x g d 0 1-1 JUSTID"), "*1 $3 1-1 ");
    assert_eq!(bench.run("XACK x g 1-1 2-1"), ":1 ");
    assert_eq!(bench.fed(), ["XACK x g 1-1 2-1"]);
    assert_eq!(bench.run("XREADGROUP GROUP no c STREAMS x >").split(' ').next(), Some("-NOGROUP"));
    bench.run("XREADGROUP GROUP g c NOACK STREAMS x >");
    assert_eq!(bench.fed(), ["XGROUP SETID x g 2-1 ENTRIESREAD 2"]);
    bench.run("XREADGROUP GROUP g c BLOCK 10 STREAMS x >");
    let block = bench.block.take().expect("it waits");
    assert_eq!((block.type_name, block.timeout_ms, block.wakes_on_removal), ("stream", Some(10), true));
}

/// A stream of many nodes with gaps, and two groups.
fn stream_with_groups() -> (Bench, Value) {
    let mut bench = Bench::new();
    for number in 1..=250 {
        bench.run(&alloc::format!("XADD x {number}-1 name value{number} count {number}"));
    }
    bench.run("XADD x 300-0 other fields here now");
    bench.run("XDEL x 3-1 100-1 101-1");
    bench.run("XGROUP CREATE x g 0");
    bench.run("XGROUP CREATE x empty 5-1 ENTRIESREAD 4");
    bench.run("XREADGROUP GROUP g one COUNT 5 STREAMS x >");
    bench.run("XREADGROUP GROUP g two COUNT 3 STREAMS x >");
    let place = bench.keyspace.locate(0, b"x").expect("it was added to");
    let value = bench.keyspace.entry(place).value.clone();
    (bench, value)
}

fn read(payload: &[u8]) -> Option<Value> {
    let rules = BuildRules { limits: Limits::DEFAULT, order: HashKey::new(1, 2) };
    let mut reader = Reader::new(payload);
    let value_type = reader.byte().ok()?;
    match read_value(&mut reader, value_type, &rules).ok()? {
        Step::Whole(value) => value,
        Step::Begun(mut partial) => loop {
            if let Some(value) = partial.advance(&mut reader, &rules).ok()? {
                return Some(value);
            }
        },
    }
}

fn write(value: &Value) -> Vec<u8> {
    let mut payload = alloc::vec![type_of(value)];
    push_value(&mut payload, value, false);
    payload
}

#[test]
fn a_stream_comes_back_from_rdb_with_its_groups() {
    let (mut bench, value) = stream_with_groups();
    let payload = write(&value);
    let again = read(&payload).expect("what was written is sound");
    assert_eq!(write(&again), payload);
    bench.keyspace.put(0, b"y", again, NO_EXPIRY, 0);
    for line in ["XRANGE x - +", "XPENDING x g", "XINFO STREAM x FULL COUNT 0", "XINFO GROUPS x"] {
        assert_eq!(bench.run(&line.replace(" x", " y")), bench.run(line), "{line}");
    }
}

#[test]
fn no_cut_and_no_flipped_byte_of_a_stream_panics() {
    let (_, value) = stream_with_groups();
    let payload = write(&value);
    for at in (0..payload.len()).step_by(7) {
        assert!(read(&payload[..at]).is_none(), "cut at {at}");
        for flip in [0x01, 0x80, 0xff] {
            let mut broken = payload.clone();
            broken[at] ^= flip;
            if let Some(value) = read(&broken) {
                write(&value);
            }
        }
    }
}
