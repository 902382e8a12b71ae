use alloc::vec::Vec;

use crate::codec::siphash::HashKey;
use crate::command::bench::Bench;
use crate::keyspace::NO_EXPIRY;
use crate::rdb::{Dialect, Reader};
use crate::value::rdb::{BuildRules, Step, push_value, read_value, type_of};
use crate::value::{Limits, Value, commands};

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
    let rules = BuildRules { limits: Limits::DEFAULT, order: HashKey::new(1, 2), dialect: Dialect::Redis };
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
                commands::push_value(&mut Vec::new(), b"x", &value);
            }
        }
    }
}
