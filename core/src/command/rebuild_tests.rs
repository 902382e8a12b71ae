//! Do the commands that tell a value make the same value again?

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::keyspace::SnapshotForm;
use crate::value::stream::Order;
use crate::value::{Stream, StreamId, Text, Value};

use super::bench::Bench;
use super::exec::ExpiryRule;

/// Everything that a bench holds, as commands.
fn commands_of(bench: &mut Bench) -> Vec<u8> {
    let id = bench.keyspace.begin_snapshot(Vec::new(), SnapshotForm::Commands);
    bench.keyspace.advance_snapshot(id, usize::MAX, usize::MAX);
    let (bytes, is_last) = bench.keyspace.take_snapshot_output(id);
    assert!(is_last);
    bench.keyspace.end_snapshot(id);
    bytes
}

/// What commands make, and how many there are. None may be refused.
fn made_by(bytes: &[u8]) -> (Bench, usize) {
    let mut bench = Bench::new();
    // A file is read as it was written, whatever has expired since.
    bench.expiry = ExpiryRule::Ignore;
    let select = b"*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n";
    let (mut rest, mut count) = (bytes.strip_prefix(select).expect("the database comes first"), 0);
    while !rest.is_empty() {
        let (reply, taken) = bench.run_first(rest);
        assert_ne!(reply[0], b'-', "{}: {}", rest[..taken].escape_ascii(), reply.escape_ascii());
        rest = &rest[taken..];
        count += 1;
    }
    (bench, count)
}

/// All that can be known of a key, its encoding aside.
fn facts(bench: &Bench, key: &str) -> Vec<String> {
    let place = bench.keyspace.locate(0, key.as_bytes()).unwrap_or_else(|| panic!("{key} is there"));
    let entry = bench.keyspace.entry(place);
    let text = |text: Text<'_>| text.with_bytes(|bytes| bytes.escape_ascii().to_string());
    let mut facts = Vec::new();
    match &entry.value {
        Value::String(string) => facts.push(string.text().escape_ascii().to_string()),
        Value::List(list) => list.for_each(|element| facts.push(text(element))),
        Value::Set(set) => set.for_each(|member| facts.push(text(member))),
        Value::Zset(zset) => {
            zset.for_each(|member, score| facts.push(format!("{} {:x}", text(member), score.to_bits())))
        }
        Value::Hash(hash) => hash.for_each(|name, value| {
            let at_ms = name.with_bytes(|name| hash.expiry(name));
            facts.push(format!("{} {} {at_ms:?}", text(name), text(value)));
        }),
        Value::Stream(stream) => stream_facts(&mut facts, stream),
    }
    if matches!(entry.value, Value::Set(_) | Value::Hash(_)) {
        facts.sort();
    }
    facts.push(format!("{} until {}", entry.value.type_name(), entry.expires_ms));
    facts
}

fn stream_facts(facts: &mut Vec<String>, stream: &Stream) {
    for entry in stream.entries(StreamId::MIN, StreamId::MAX, Order::Ascending) {
        let texts = entry.texts().map(|text| text.with_bytes(|bytes| bytes.escape_ascii().to_string()));
        facts.push(format!("{:?} {:?}", entry.id, texts.collect::<Vec<_>>()));
    }
    facts.push(format!("{:?}", stream.tally()));
    for (name, group) in stream.groups() {
        facts.push(format!("{} {:?} {:?}", name.escape_ascii(), group.last_id, group.entries_read));
        for consumer in group.consumers() {
            facts.push(format!("{}: {} pending", consumer.name.escape_ascii(), consumer.pending().len()));
        }
        for (id, pending) in group.pending() {
            let consumer = group.consumer(pending.consumer).name.escape_ascii();
            facts.push(format!("{id:?} {consumer} {} {}", pending.delivered_ms, pending.deliveries));
        }
    }
}

/// Runs requests, of which `1..9: ` before one repeats it with the number in place of each `%`; then lets what they made be made again.
#[track_caller]
fn assert_made_again(keys: &[&str], lines: &[&str]) -> usize {
    let mut bench = Bench::new();
    for line in lines {
        let (times, line) = line.split_once(": ").unwrap_or(("0..0", line));
        let (first, last) = times.split_once("..").expect("a range");
        for number in first.parse::<usize>().expect("a number")..=last.parse().expect("a number") {
            let reply = bench.run(&line.replace('%', &number.to_string()));
            assert!(!reply.starts_with('-'), "{line}: {reply}");
        }
    }
    let (again, count) = made_by(&commands_of(&mut bench));
    for key in keys {
        assert_eq!(facts(&again, key), facts(&bench, key));
    }
    assert_eq!(again.keyspace.total_len(), keys.len());
    count
}

#[test]
fn strings_are_made_again() {
    assert_made_again(
        &["a", "b", "c", "", "e"],
        &["SET a 12", "SET b \"\"", "SET c \"\\x00\\r\\n\\xff\"", "SET \"\" \"empty\"", "SET e 007 PXAT 4102444800123"],
    );
}

#[test]
fn collections_are_made_again_by_commands_of_64_elements() {
    assert_eq!(assert_made_again(&["l"], &["1..640: RPUSH l %"]), 10);
    assert_eq!(assert_made_again(&["l"], &["RPUSH l \"\" 1 -5 \"\\x00\" 1"]), 1);
    assert_eq!(assert_made_again(&["s"], &["1..65: SADD s %"]), 2);
    assert_eq!(assert_made_again(&["s"], &["1..64: SADD s m%", "SADD s \"\""]), 2);
    assert_eq!(assert_made_again(&["s"], &["1..1000: SADD s m%"]), 16);
    assert_eq!(assert_made_again(&["h"], &["1..64: HSET h f% %"]), 1);
    assert_eq!(assert_made_again(&["h"], &["1..1000: HSET h f% %", "HSET h \"\" \"\""]), 16);
    assert_eq!(assert_made_again(&["z"], &["1..64: ZADD z % m%"]), 1);
    assert_eq!(assert_made_again(&["z"], &["1..300: ZADD z -0.% m%", "PEXPIREAT z 4102444800123"]), 6);
}

#[test]
fn scores_are_made_again_to_the_last_bit() {
    let scores = "0.1 a -0 b 5e-324 c -1e-310 d inf e -inf f 1.7976931348623157e308 g 3.3000000000000003 h 1e17 i \
                  9007199254740993 j 0 \"\"";
    assert_made_again(&["z"], &[&format!("ZADD z {scores}")]);
    assert_made_again(&["z"], &[&format!("ZADD z {scores}"), "1..200: ZADD z 0.% m%"]);
}

#[test]
fn times_of_keys_and_fields_are_made_again_though_they_have_come() {
    let lines = [
        "SET k v",
        "HSET h f v g v \"\" \"\" i 5",
        "1..200: HSET t f% %",
        "10..79: HPEXPIREAT t 41024448001% FIELDS 1 f%",
        "HPEXPIREAT h 4102444800123 FIELDS 2 f \"\"",
        "PEXPIREAT k 4102444800123",
        "PEXPIREAT h 4102444800124",
    ];
    // 1 and 1, then 1, 2 and 1, then 4 and 70.
    assert_eq!(assert_made_again(&["k", "h", "t"], &lines), 2 + 4 + 74);

    let mut bench = Bench::new();
    bench.now_ms = 1_000_000;
    for line in ["SET k v PX 5", "HSET h f v", "HPEXPIRE h 5 FIELDS 1 f"] {
        bench.run(line);
    }
    // The clock of who reads it is far ahead.
    let (again, _) = made_by(&commands_of(&mut bench));
    for key in ["k", "h"] {
        assert_eq!(facts(&again, key), facts(&bench, key));
    }
}

#[test]
fn streams_are_made_again_with_all_that_they_know() {
    let cases: &[&[&str]] = &[
        &["XADD x 5-7 name value"],
        &["XADD x 18446744073709551615-18446744073709551615 \"\" \"\""],
        &["1..250: XADD x %-1 n % same field", "XADD x 900-5 other fields", "PEXPIREAT x 4102444800123"],
        &["1..30: XADD x %-0 n %", "XDEL x 4-0 9-0 30-0", "XTRIM x MAXLEN 20"],
        // Nothing is left, or there never was anything.
        &["XADD x 3-3 a b", "XDEL x 3-3"],
        &["XADD x 0-1 a b", "XTRIM x MAXLEN 0"],
        &["XGROUP CREATE x g $ MKSTREAM"],
        &["XADD x 3-3 a b", "XSETID x 9-9 ENTRIESADDED 77 MAXDELETEDID 8-8"],
        // Set back behind what was deleted.
        &["XADD x 30-0 a b", "XADD x 40-0 a b", "XDEL x 40-0", "XSETID x 35-0"],
    ];
    for lines in cases {
        assert_made_again(&["x"], lines);
    }
}

#[test]
fn groups_are_made_again_with_their_consumers_and_what_is_pending() {
    let read = [
        "1..90: XADD x %-% n %",
        "XGROUP CREATE x all 0",
        "XGROUP CREATE x some 7-0 ENTRIESREAD 6",
        "XGROUP CREATE x \"\" $",
        "XGROUP CREATE x ahead 500-5",
        "XREADGROUP GROUP all alice COUNT 70 STREAMS x >",
        "XREADGROUP GROUP all \"\" COUNT 4 STREAMS x >",
        "XREADGROUP GROUP some alice COUNT 2 STREAMS x >",
        "XREADGROUP GROUP some idle COUNT 2 STREAMS x 0",
        "XGROUP CREATECONSUMER x ahead \"a b\"",
        "XACK x all 2-2 3-3 9-9",
        "XCLAIM x all carol 0 1-1 4-4 TIME 5 RETRYCOUNT 70000",
    ];
    let with = |more: &[&'static str]| assert_made_again(&["x"], &[&read, more].concat());
    let count = with(&[]);
    // What is pending and gone takes an XADD each, and an XDEL for all of it.
    assert_eq!(with(&["XDEL x 5-5"]), count - 1 + 1 + 1);
    assert_eq!(with(&["10..89: XDEL x %-%"]), count - 80 + 65 + 2);
    with(&["XDEL x 1-1 4-4 5-5 74-74"]);
    with(&["XTRIM x MAXLEN 20"]);
    with(&["XTRIM x MAXLEN 20", "XDEL x 71-71 73-73"]);
    with(&["XTRIM x MAXLEN 0"]);
    with(&["1..90: XDEL x %-%"]);
    with(&["XTRIM x MAXLEN 0", "XADD x 900-0 a b", "XADD x 950-0 a b", "XDEL x 950-0", "XSETID x 920-0"]);
    with(&["1..90: XDEL x %-%", "XSETID x 60-0", "XADD x 70-0 a b"]);
}
