//! Cases of full synchronisations that compete, stall, come late or come to nothing.

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use crate::port::ConnId;

use super::Node;
use super::admission::Outrun;
use super::bench::Bench;
use super::replica::Phase;
use super::transfer::SyncProgress;

/// A master of 5000 keys that sends snapshots without delay; DEBUG is allowed.
fn master(settings: &[&str]) -> Bench {
    let mut bench = Bench::new();
    for setting in ["repl-diskless-sync-delay 0", "rdbcompression no"].iter().chain(settings) {
        assert_eq!(bench.run(&alloc::format!("CONFIG SET {setting}")), "+OK ");
    }
    bench.run("DEBUG POPULATE 5000 key 1000");
    bench
}

/// A replica that asks for everything. A deaf one takes nothing of it.
fn ask(bench: &mut Bench, is_deaf: bool) -> ConnId {
    let replica = bench.connect();
    bench.run_on(replica, "REPLCONF capa eof capa psync2");
    if is_deaf {
        bench.deaf.push(replica);
    }
    bench.send(replica, b"PSYNC ? -1\r\n");
    replica
}

/// Writes a value of this many bytes.
fn set(bench: &mut Bench, bytes: usize) {
    let request = alloc::format!("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n${bytes}\r\n{}\r\n", "x".repeat(bytes));
    bench.send(bench.client, request.as_bytes());
}

fn phase(node: &Node, replica: ConnId) -> Option<Phase> {
    node.connections.get(replica)?.replica().map(|side| side.phase)
}

fn notes_with(bench: &Bench, word: &str) -> Vec<String> {
    bench.notes.iter().filter(|note| note.contains(word)).cloned().collect()
}

#[test]
fn a_value_larger_than_the_limit_does_not_end_the_links() {
    let mut bench = master(&["repl-backlog-size 20kb", "client-output-buffer-limit \"replica 100kb 0 0\""]);
    let replica = ask(&mut bench, false);
    bench.send(replica, b"REPLCONF ACK 0\r\n");
    bench.deaf.push(replica);
    set(&mut bench, 300_000);
    bench.run("SET k small");
    assert!(bench.closed.is_empty(), "two of its size are allowed");
    set(&mut bench, 300_000);
    assert_eq!(bench.closed, [replica], "more is not");
}

#[test]
fn a_limit_that_is_lowered_ends_at_once_who_lags_beyond_it() {
    let of_output = |bytes: &str| alloc::format!("client-output-buffer-limit \"replica {bytes} 0 0\"");
    let cases = [
        (["repl-backlog-size 20kb".into(), of_output("10mb")], of_output("100kb")),
        (["repl-backlog-size 10mb".into(), of_output("100kb")], "repl-backlog-size 20kb".into()),
    ];
    for (wide, lowered) in cases {
        let mut bench = master(&wide.each_ref().map(String::as_str));
        let replica = ask(&mut bench, false);
        bench.send(replica, b"REPLCONF ACK 0\r\n");
        bench.deaf.push(replica);
        for _ in 0..200 {
            set(&mut bench, 1000);
        }
        assert!(bench.closed.is_empty(), "{lowered}");
        bench.run(&alloc::format!("CONFIG SET {lowered}"));
        assert_eq!(bench.closed, [replica], "{lowered}");
    }
}

#[test]
fn a_snapshot_is_not_outrun_by_what_is_made_of_it_ahead_but_by_what_is_kept_of_what_is_written_over() {
    for large in [0, 3_000_000] {
        let mut bench = master(&["repl-backlog-size 20kb", "client-output-buffer-limit \"replica 100kb 0 0\""]);
        set(&mut bench, large);
        let replica = ask(&mut bench, true);
        bench.run("SET l 1");
        bench.pass(Duration::from_secs(20));
        bench.run("SET l 2");
        assert!(bench.closed.is_empty(), "{large}: {:?}", bench.notes);
        let mut overwritten = 0;
        while bench.closed.is_empty() && overwritten < 2000 {
            bench.run(&alloc::format!("DEL key:{overwritten}"));
            overwritten += 1;
        }
        assert_eq!(bench.closed, [replica], "{large}");
    }
}

#[test]
fn a_full_synchronisation_that_is_outrun_says_what_it_takes_and_the_next_ones_come_later_and_later() {
    let mut bench = master(&["repl-backlog-size 20kb", "client-output-buffer-limit \"replica 100kb 0 0\""]);
    let mut waits = Vec::new();
    for attempt in 0..4 {
        let asked_at = bench.now.mono;
        let replica = ask(&mut bench, true);
        while phase(&bench.node, replica) == Some(Phase::Waiting) {
            bench.pass(Duration::from_millis(10));
        }
        waits.push(bench.now.mono.since(asked_at).as_millis());
        for _ in 0..60 {
            set(&mut bench, 2000);
        }
        assert_eq!(bench.closed.pop(), Some(replica), "attempt {attempt}");
    }
    let advice = notes_with(&bench, "CONFIG SET client-output-buffer-limit");
    assert_eq!(advice.len(), 4);
    assert!(
        advice[0].contains("of 5001 of its full synchronisation") || advice[0].contains("of 5000 of its"),
        "{advice:?}"
    );
    assert_eq!(waits[0], 0);
    for (wait, longest_ms) in waits.iter().skip(1).zip([1000, 2000, 4000]) {
        assert!((longest_ms / 2..=longest_ms + 20).contains(wait), "{waits:?}");
    }
    bench.run("CONFIG SET client-output-buffer-limit \"replica 0 0 0\"");
    let replica = ask(&mut bench, false);
    bench.pass(Duration::from_secs(9));
    bench.send(replica, b"REPLCONF ACK 0\r\n");
    assert!(matches!(phase(&bench.node, replica), Some(Phase::Online { .. })));
    let next = ask(&mut bench, true);
    assert!(
        matches!(phase(&bench.node, next), Some(Phase::Streaming { .. })),
        "one that came through ends the waiting"
    );
}

#[test]
fn one_that_is_outrun_while_it_loads_is_advised_twice_what_was_not_enough() {
    let mut bench = master(&["repl-backlog-size 20kb"]);
    let mut limit = 100_000_u64;
    for attempt in 0..3 {
        bench.run(&alloc::format!("CONFIG SET client-output-buffer-limit \"replica {limit} 0 0\""));
        let replica = ask(&mut bench, false);
        while phase(&bench.node, replica) == Some(Phase::Waiting) {
            bench.pass(Duration::from_millis(10));
        }
        assert!(matches!(phase(&bench.node, replica), Some(Phase::AwaitingAck { .. })), "attempt {attempt}");
        while bench.closed.is_empty() {
            set(&mut bench, 2000);
        }
        assert_eq!(bench.closed.pop(), Some(replica));
        let told = notes_with(&bench, "before it had loaded its full synchronisation").pop().expect("it is told");
        let number = |before: &str| -> u64 {
            let rest = told.split(before).nth(1).expect("the words are there");
            rest.split(' ').next().and_then(|word| word.parse().ok()).expect("a number")
        };
        let (waited, advised) = (number("synchronisation: "), number("\"replica "));
        assert_eq!(number("limit of more than "), waited);
        assert!(waited > limit && advised == 2 * waited, "{told}");
        limit = advised;
    }
}

#[test]
fn what_is_advised_is_what_would_wait_when_all_is_sent_and_as_much_again() {
    // What was sent of how much, and what then would wait of 1000 bytes that do so far.
    let cases = [(None, 1000), (Some((1, 4)), 4000), (Some((3, 4)), 1333), (Some((1, u64::MAX)), u64::MAX)];
    for (progress, needed) in cases {
        let progress = progress.map(|(done, total)| SyncProgress { unit: "byte", done, total });
        let outrun = Outrun { replica: String::from("r"), lag_bytes: 1000, limit_bytes: 900, progress };
        let advised = alloc::format!("\"replica {} 0 0\"", u64::saturating_mul(needed, 2));
        assert!(alloc::format!("{outrun}").ends_with(&advised), "{outrun}");
    }
}

#[test]
fn the_fourth_snapshot_waits_for_room_and_those_who_wait_for_it_share_it() {
    let mut bench = master(&[]);
    let deaf: Vec<ConnId> = (0..3).map(|_| ask(&mut bench, true)).collect();
    let late = [ask(&mut bench, false), ask(&mut bench, false)];
    for replica in late {
        assert_eq!(phase(&bench.node, replica), Some(Phase::Waiting));
    }
    bench.hear(deaf[1]);
    let phases = late.map(|replica| phase(&bench.node, replica));
    assert!(matches!(phases[0], Some(Phase::AwaitingAck { .. })), "{phases:?}");
    assert_eq!(phases[0], phases[1]);
}

#[test]
fn a_replica_that_stalls_is_ended_where_others_wait_for_room_and_only_there() {
    let mut bench = master(&[]);
    let stalled: Vec<ConnId> = (0..3).map(|_| ask(&mut bench, true)).collect();
    bench.pass(Duration::from_secs(20));
    for replica in &stalled {
        assert!(matches!(phase(&bench.node, *replica), Some(Phase::Streaming { .. })), "it harms only itself");
    }
    let late = ask(&mut bench, false);
    assert_eq!(phase(&bench.node, late), Some(Phase::Waiting));
    bench.pass(Duration::from_secs(1));
    assert_eq!(bench.closed, stalled);
    let reached = phase(&bench.node, late);
    assert!(matches!(reached, Some(Phase::AwaitingAck { .. })), "{reached:?}");
    let told = notes_with(&bench, "has taken nothing of its snapshot for 21 seconds while others wait for room");
    assert_eq!(told.len(), 3, "{:?}", bench.notes);
}

#[test]
fn who_comes_late_joins_a_file_as_long_as_the_log_reaches_back_to_it() {
    let mut bench = master(&["repl-diskless-sync no", "repl-backlog-size 20kb"]);
    let first = ask(&mut bench, true);
    let Some(Phase::SendingFile { file, then, .. }) = phase(&bench.node, first) else { panic!("it is sent a file") };
    bench.run("SET after 1");
    let second = ask(&mut bench, false);
    assert!(matches!(phase(&bench.node, second), Some(Phase::Online { .. })), "a file is not acknowledged");
    let received = bench.take_received(second);
    let line = alloc::format!("+FULLRESYNC {} {then}\r\n$", bench.node.history.id);
    assert!(received.starts_with(line.as_bytes()), "it starts where the first one does");
    assert!(received.ends_with(b"$3\r\nSET\r\n$5\r\nafter\r\n$1\r\n1\r\n"), "and is sent what came since");
    bench.hear(first);
    assert_eq!(bench.disk.keys().count(), 0, "the file goes with its last receiver");

    let third = ask(&mut bench, true);
    let joined = phase(&bench.node, third).and_then(|phase| phase.file());
    assert!(joined.is_some() && joined != Some(file), "nobody joins what is gone");
}
