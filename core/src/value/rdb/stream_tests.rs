use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::codec::siphash::HashKey;
use crate::value::rdb::{Dialect, Limits, push_value, read_value, type_of};
use crate::value::stream::Order;

use super::*;

const RULES: BuildRules = BuildRules { limits: Limits::DEFAULT, order: HashKey::new(1, 2), dialect: Dialect::Redis };

/// DUMP of a stream of two nodes with one group, by redis-server 7.0.15 (`stream-node-max-entries 2`), without version and checksum: four
/// entries, of which 1-2 was deleted; the consumers `one` and `two` with one pending entry each, and `3` with none.
const FULL_70: &str = "1302100000000000000001000000000000000139390000001200010101010201846e616d650583616765\
04000102010001000183616e6e040701050103010001010183626f6204c12c020501ff10000000000000000200000000000000003c3c000000\
1300020100010101856f7468657206000102010001000181780204010001000101010201846e616d650582637903836167650409010801ff03\
02010101010204010772656164657273020081ffffffffffffffff0200000000000000010000000000000001e8030000000000000300000000\
000000020000000000000000504a710ba20100000103c003504a710ba201000000036f6e65504a710ba2010000010000000000000002000000\
00000000000374776f504a710ba20100000100000000000000010000000000000001";
/// The same entries in one node, by redis-server 8.0.
const FULL_80: &str = "15011000000000000000010000000000000001405c5c0000001f00030101010201846e616d65058361676504000102010001000183616e\
6e040701050103010001010183626f6204c12c02050100010101dfff020101856f74686572068178020601020101010001826379030901\
0501ff0302010101010204010772656164657273020081ffffffffffffffff0200000000000000010000000000000001e8030000000000\
00030000000000000002000000000000000028e1770ba20100000103c00328e1770ba2010000ffffffffffffffff00036f6e6528e1770b\
a201000028e1770ba201000001000000000000000200000000000000000374776f28e1770ba201000028e1770ba2010000010000000000\
0000010000000000000001";
/// By redis-server 6.2: an entry that is pending; the same with the entry deleted; two entries and a group behind a deleted one.
const PENDING_62: &str = "0f0110000000000000000100000000000000011d1d0000000a0001010001010181610200010201000100018162\
020401ff01010101016701010100000000000000010000000000000001417d610ba201000001010163417d610ba20100000100000000000000\
010000000000000001";
const EMPTIED_62: &str = "0f0000010101016701010100000000000000010000000000000001427d610ba201000001010163427d610ba201\
00000100000000000000010000000000000001";

fn bytes(hex: &str) -> Vec<u8> {
    let digit = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).expect("hexadecimal digits");
    (0..hex.len()).step_by(2).map(digit).collect()
}

fn read_all(payload: &[u8]) -> Result<Stream, ReadError> {
    let mut reader = Reader::new(payload);
    let kind = reader.byte()?;
    let Step::Begun(mut partial) = read_value(&mut reader, kind, &RULES)? else { panic!("streams come in parts") };
    loop {
        if let Some(value) = partial.advance(&mut reader, &RULES)? {
            assert_eq!(reader.position(), payload.len());
            let Value::Stream(stream) = value else { panic!("no stream") };
            return Ok(*stream);
        }
    }
}

fn stream_of(hex: &str) -> Stream {
    read_all(&bytes(hex)).expect("what a server has written")
}

fn write(stream: Stream) -> Vec<u8> {
    let value: Value = Box::new(stream).into();
    let mut out = alloc::vec![type_of(&value)];
    push_value(&mut out, &value, false);
    out
}

/// The entries as text.
fn shown(stream: &Stream) -> Vec<String> {
    let mut lines = Vec::new();
    stream.for_each_entry(|id, texts| {
        let mut line = format!("{}-{}", id.ms, id.seq);
        texts.for_each(|text| text.with_bytes(|text| line += &format!(" {}", text.escape_ascii())));
        lines.push(line);
    });
    lines
}

const ENTRIES: [&str; 3] = ["1-1 name ann age 7", "2-0 other x", "2-1 name cy age 9"];

#[test]
fn a_stream_of_redis_7_0_comes_back_byte_for_byte() {
    let stream = stream_of(FULL_70);
    assert_eq!(shown(&stream), ENTRIES);
    let tally = stream.tally();
    assert_eq!((tally.len, tally.entries_added), (3, 4));
    assert_eq!((tally.first_id, tally.last_id), (StreamId::new(1, 1), StreamId::new(2, 1)));
    assert_eq!(tally.max_deleted_id, StreamId::new(1, 2));
    let group = stream.group(b"readers").expect("it is there");
    assert_eq!((group.last_id, group.entries_read), (StreamId::new(2, 0), None));
    let names: Vec<_> = group.consumers().map(|consumer| (&consumer.name[..], consumer.pending().len())).collect();
    assert_eq!(names, [(&b"3"[..], 0), (b"one", 1), (b"two", 1)]);
    let claimed = group.pending()[&StreamId::new(1, 1)];
    assert_eq!((claimed.delivered_ms, claimed.deliveries), (1000, 3));
    assert_eq!(*group.consumer(claimed.consumer).name, *b"two");
    assert_eq!(write(stream), bytes(FULL_70));
}

#[test]
fn a_stream_of_redis_8_is_read_without_what_7_0_does_not_know() {
    let stream = stream_of(FULL_80);
    assert_eq!(shown(&stream), ENTRIES);
    assert_eq!(stream.node_count(), 1);
    assert_eq!(stream.group(b"readers").map(|group| group.pending().len()), Some(2));
    let again = read_all(&write(stream)).expect("our own");
    assert_eq!(shown(&again), ENTRIES);
}

#[test]
fn counters_that_redis_6_2_did_not_keep_are_found_as_7_0_finds_them() {
    let pending = stream_of(PENDING_62);
    let group = pending.group(b"g").expect("it is there");
    assert_eq!((pending.tally().entries_added, group.entries_read), (1, Some(1)));
    assert_eq!(pending.tally().first_id, StreamId::new(1, 1));
    // Redis 7.0 tells the end of all ids as the first of an empty stream that it reads.
    let emptied = stream_of(EMPTIED_62);
    let group = emptied.group(b"g").expect("it is there");
    assert_eq!((emptied.tally().first_id, emptied.tally().last_id), (StreamId::MAX, StreamId::new(1, 1)));
    assert_eq!((emptied.tally().entries_added, group.entries_read), (0, Some(0)));
    assert_eq!(group.pending().len(), 1, "what is deleted stays pending");
}

#[test]
fn a_stream_that_comes_one_byte_at_a_time_is_read_without_losing_its_state() {
    for payload in [FULL_70, FULL_80, PENDING_62, EMPTIED_62].map(bytes) {
        let (mut consumed, mut partial, mut whole) = (1, None, None);
        for end in 1..=payload.len() {
            loop {
                let mut reader = Reader::new(&payload[consumed..end]);
                let outcome = match &mut partial {
                    None => read_value(&mut reader, payload[0], &RULES).map(|step| {
                        let Step::Begun(begun) = step else { panic!("streams come in parts") };
                        partial = Some(begun);
                        None
                    }),
                    Some(partial) => {
                        let before = format!("{partial:?}");
                        let outcome = super::super::Partial::advance(partial, &mut reader, &RULES);
                        assert!(outcome.is_ok() || format!("{partial:?}") == before);
                        outcome
                    }
                };
                match outcome {
                    Ok(value) => {
                        consumed += reader.position();
                        whole = value;
                        if whole.is_some() {
                            break;
                        }
                    }
                    Err(ReadError::Incomplete(_)) => break,
                    Err(ReadError::Fault(fault)) => panic!("{fault}"),
                }
            }
            assert_eq!(whole.is_some(), end == payload.len());
        }
        let Some(Value::Stream(stream)) = whole else { panic!("it was complete") };
        assert_eq!(shown(&stream), shown(&read_all(&payload).expect("read as a whole")));
    }
}

#[test]
fn no_damage_to_one_byte_makes_reading_or_using_panic() {
    let payload = bytes(FULL_70);
    let mut taken = 0;
    for at in 1..payload.len() {
        for byte in 0..=255 {
            let mut damaged = payload.clone();
            damaged[at] = byte;
            let Ok(mut stream) = read_all_loosely(&damaged) else { continue };
            taken += 1;
            let backward = stream.entries(StreamId::MIN, StreamId::MAX, Order::Descending).count();
            assert_eq!((shown(&stream).len(), backward), (stream.len(), stream.len()));
            let ids: Vec<StreamId> =
                stream.entries(StreamId::MIN, StreamId::MAX, Order::Ascending).map(|entry| entry.id).collect();
            assert_eq!(stream.delete(&ids), ids.len());
            assert!(stream.is_empty() && stream.node_count() == 0);
        }
    }
    assert!(taken > 1000, "most bytes are data: {taken}");
    for cut in 0..payload.len() {
        assert!(matches!(read_all(&payload[..cut]), Err(ReadError::Incomplete(_))), "{cut}");
    }
}

/// As [`read_all`], of bytes that may hold more than the stream.
fn read_all_loosely(payload: &[u8]) -> Result<Stream, ReadError> {
    let mut reader = Reader::new(payload);
    let kind = reader.byte()?;
    let Step::Begun(mut partial) = read_value(&mut reader, kind, &RULES)? else { panic!("streams come in parts") };
    loop {
        if let Some(Value::Stream(stream)) = partial.advance(&mut reader, &RULES)? {
            return Ok(*stream);
        }
    }
}

#[test]
fn what_does_not_fit_together_is_refused() {
    let good = bytes(PENDING_62);
    let replaced = |from: &[u8], to: &[u8]| {
        let at = good.windows(from.len()).rposition(|window| window == from).expect("it is there");
        [&good[..at], to, &good[at + from.len()..]].concat()
    };
    let id = StreamId::new(1, 1).to_bytes();
    let other = StreamId::new(1, 2).to_bytes();
    let cases: &[(&str, Vec<u8>)] = &[
        ("a consumer's entry that is not the group's", replaced(&id, &other)),
        ("an entry is pending for no consumer", [&good[..good.len() - 17], b"\0"].concat()),
    ];
    for (fault, payload) in cases {
        assert_eq!(read_all(payload).expect_err(fault), Fault::Stream(fault).into());
    }
    // The last id of the stream, one below the entry.
    let node_end = good.iter().position(|byte| *byte == 0xff).expect("a listpack ends");
    let mut below = good.clone();
    below[node_end + 3] = 0;
    assert_eq!(read_all(&below).expect_err("too low"), Fault::Stream("an entry behind the last id").into());
    // What the master entry counts, an entry's flags, and the number of its elements.
    for (at, byte) in [(26, 2), (28, 1), (30, 2), (35, 1), (37, 0), (37, 3), (46, 5)] {
        let mut broken = good.clone();
        broken[at] = byte;
        assert!(matches!(read_all(&broken), Err(ReadError::Fault(Fault::Value(_)))), "{at}");
    }
}

#[test]
fn a_stream_that_claims_2_to_the_64_of_anything_takes_no_memory() {
    let mut payload = alloc::vec![value_type::STREAM_2];
    push_length(&mut payload, u64::MAX);
    assert!(matches!(read_all(&payload), Err(ReadError::Incomplete(_))));
    let mut payload = alloc::vec![value_type::STREAM_2, 0];
    for _ in 0..8 {
        push_length(&mut payload, 0);
    }
    push_length(&mut payload, u64::MAX);
    assert!(matches!(read_all(&payload), Err(ReadError::Incomplete(_))));
}
