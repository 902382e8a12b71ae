//! Cases of replicas that read their snapshots at different speeds: what does one cost the others?

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use crate::port::ConnId;

use super::bench::Bench;
use super::replica::{Phase, TransferId};

/// What a good replica reads in a second. The data set is three times as large.
const GOOD: u64 = 20_000_000;
/// Time passes in steps.
const STEP: Duration = Duration::from_millis(10);

/// A replica and what it reads in a second.
#[derive(Clone, Copy)]
struct Reader {
    conn: ConnId,
    bytes_per_second: u64,
}

fn master() -> Bench {
    let mut bench = Bench::new();
    for setting in ["repl-diskless-sync-delay 1", "rdbcompression no"] {
        assert_eq!(bench.run(&format!("CONFIG SET {setting}")), "+OK ");
    }
    bench.run("DEBUG POPULATE 6000 key 10000");
    bench
}

/// A replica that listens on this port asks for everything.
fn ask(bench: &mut Bench, port: u16, bytes_per_second: u64) -> Reader {
    let conn = bench.connect();
    bench.run_on(conn, &format!("REPLCONF listening-port {port} capa eof capa psync2"));
    bench.deaf.push(conn);
    bench.send(conn, b"PSYNC ? -1\r\n");
    Reader { conn, bytes_per_second }
}

fn phase(bench: &Bench, reader: Reader) -> Option<Phase> {
    bench.node.connections.get(reader.conn)?.replica().map(|side| side.phase)
}

fn transfer(bench: &Bench, reader: Reader) -> Option<TransferId> {
    match phase(bench, reader)? {
        Phase::Streaming { transfer, .. } => Some(transfer),
        _ => None,
    }
}

fn is_through(bench: &Bench, reader: Reader) -> bool {
    matches!(phase(bench, reader), Some(Phase::AwaitingAck { .. }))
}

/// Lets all read on for a step.
fn step(bench: &mut Bench, readers: &[Reader]) {
    for reader in readers {
        bench.take(reader.conn, (reader.bytes_per_second / 100) as usize);
    }
    bench.pass(STEP);
}

/// Lets all read until one is through: how long that takes.
fn read_until_through(bench: &mut Bench, readers: &[Reader], awaited: Reader) -> Duration {
    let mut time = Duration::ZERO;
    while !is_through(bench, awaited) {
        step(bench, readers);
        time += STEP;
        assert!(phase(bench, awaited).is_some(), "it was closed: {:?}", bench.notes.last());
        assert!(time < Duration::from_secs(600), "it takes for ever");
    }
    time
}

fn time_beside(others: &[u64]) -> (Duration, Bench, Vec<Reader>) {
    let mut bench = master();
    let good = ask(&mut bench, 7000, GOOD);
    let mut readers = alloc::vec![good];
    for (port, speed) in (7001..).zip(others) {
        readers.push(ask(&mut bench, port, *speed));
    }
    let time = read_until_through(&mut bench, &readers, good);
    (time, bench, readers)
}

fn left_behind(bench: &mut Bench) -> String {
    let info = bench.run("INFO stats");
    let found = info.split(' ').find_map(|line| line.strip_prefix("sync_left_behind:"));
    found.expect("the field is there").into()
}

#[test]
fn beside_any_other_reader_a_good_one_needs_at_most_twice_its_time_and_a_few_seconds() {
    let (alone, ..) = time_beside(&[]);
    assert!((3900..4200).contains(&alone.as_millis()), "{alone:?}: the delay and 3 s");
    for slow in [0, 16_000, 100_000, 800_000] {
        let (time, mut bench, readers) = time_beside(&[slow]);
        assert!(time <= alone * 2 + Duration::from_secs(4), "{slow}: {time:?}, {alone:?} alone");
        assert_eq!(bench.closed, [readers[1].conn], "{slow}");
        assert_eq!(left_behind(&mut bench), "1");
        let told = bench.notes.iter().find(|note| note.contains("holds up others")).expect("it is told of");
        assert!(told.contains("Replica 127.0.0.1:7001 has taken "), "{told}");
    }
    for middling in [GOOD / 10, GOOD / 4, GOOD / 3] {
        let (time, ..) = time_beside(&[middling]);
        assert!(time <= alone * 2 + Duration::from_secs(4), "{middling}: {time:?}, {alone:?} alone");
    }
    let several = [0, 16_000, 100_000, 800_000, GOOD / 4];
    let (time, bench, readers) = time_beside(&several);
    assert!(time <= alone * 2 + Duration::from_secs(4 + several.len() as u64), "{time:?} beside all of them");
    assert!(bench.closed.len() >= 4, "{:?}", bench.closed);
    assert!(!bench.closed.contains(&readers[0].conn));
}

#[test]
fn one_that_keeps_up_half_of_the_pace_is_not_left_behind() {
    for fair in [GOOD * 6 / 10, GOOD * 9 / 10, GOOD] {
        let (_, mut bench, readers) = time_beside(&[fair]);
        read_until_through(&mut bench, &readers, readers[1]);
        assert!(bench.closed.is_empty(), "{fair}");
    }
}

#[test]
fn one_that_was_left_behind_gets_its_snapshot_apart_from_the_good_ones_and_at_its_own_pace() {
    let (alone, ..) = time_beside(&[]);
    let (_, mut bench, readers) = time_beside(&[800_000]);
    let mut slow = readers[1];
    assert_eq!(bench.closed, [slow.conn]);
    // Both ask at once: it comes again, and so does a good one.
    slow = ask(&mut bench, 7001, 800_000);
    let good = ask(&mut bench, 7002, GOOD);
    let time = read_until_through(&mut bench, &[slow, good], good);
    assert!(time <= alone + Duration::from_secs(1), "{time:?}: nobody holds it up");
    assert!(transfer(&bench, slow).is_some(), "it is served beside it");
    let another = ask(&mut bench, 7003, GOOD);
    let time = read_until_through(&mut bench, &[slow, another], another);
    assert!(time <= alone + Duration::from_secs(1), "{time:?}");
    read_until_through(&mut bench, &[slow], slow);
    assert!(!bench.closed.contains(&slow.conn));
}

#[test]
fn slow_readers_that_hold_up_nobody_are_served_to_the_end() {
    for speeds in [&[400_000][..], &[300_000, 500_000]] {
        let mut bench = master();
        let readers: Vec<Reader> = (7000..).zip(speeds).map(|(port, speed)| ask(&mut bench, port, *speed)).collect();
        for reader in &readers {
            read_until_through(&mut bench, &readers, *reader);
        }
        assert!(bench.closed.is_empty());
    }
}

#[test]
fn a_slow_reader_beside_a_small_snapshot_holds_up_nobody() {
    let mut bench = master();
    bench.run("FLUSHALL");
    bench.run("DEBUG POPULATE 1500 key 10000");
    let (good, slow) = (ask(&mut bench, 7000, GOOD), ask(&mut bench, 7001, 0));
    let time = read_until_through(&mut bench, &[good, slow], good);
    assert!(time < Duration::from_secs(2), "{time:?}");
    assert_eq!(transfer(&bench, slow).map(|_| ()), Some(()), "it may take its time");
}

/// A reader that has a snapshot to itself; the next one has another.
fn ask_alone(bench: &mut Bench, port: u16, bytes_per_second: u64) -> Reader {
    let reader = ask(bench, port, bytes_per_second);
    while transfer(bench, reader).is_none() {
        bench.pass(STEP);
    }
    reader
}

#[test]
fn slow_snapshots_that_take_all_the_room_hold_up_a_good_replica_for_a_known_time() {
    let mut bench = master();
    let mut readers: Vec<Reader> = (7001..=7003).map(|port| ask_alone(&mut bench, port, 100_000)).collect();
    for count in 4..=8 {
        let next = ask(&mut bench, 7000 + count, 100_000);
        readers.push(next);
        let mut waited = Duration::ZERO;
        while transfer(&bench, next).is_none() {
            step(&mut bench, &readers);
            waited += STEP;
        }
        assert!(waited <= Duration::from_millis(11_100), "number {count} has waited for {waited:?}");
    }
    assert_eq!(bench.node.transfers.count(), 8);
    // They are all alike: nobody is to give way. Then one of them is slower.
    let good = ask(&mut bench, 7000, GOOD);
    readers.push(good);
    for _ in 0..3000 {
        step(&mut bench, &readers);
    }
    assert_eq!(phase(&bench, good), Some(Phase::Waiting));
    readers[4].bytes_per_second = 1000;
    let mut waited = Duration::ZERO;
    while transfer(&bench, good).is_none() {
        step(&mut bench, &readers);
        waited += STEP;
    }
    assert_eq!(bench.closed, [readers[4].conn]);
    assert!(bench.notes.iter().any(|note| note.contains("while others wait for room and another one goes at")));
}
