//! Cases of a master that sends a snapshot by one connection and the stream by another.

use alloc::format;
use alloc::string::String;
use core::time::Duration;

use crate::port::ConnId;

use super::bench::Bench;
use super::replica::Phase;

const MAIN_INTRO: &str = "REPLCONF listening-port 7001 capa eof capa psync2 capa dual-channel";

/// A master of 5000 keys that sends snapshots without delay, by a connection of their own.
fn master(settings: &[&str]) -> Bench {
    let mut bench = Bench::new();
    let by_default = ["dual-channel-replication-enabled yes", "repl-diskless-sync-delay 0", "rdbcompression no"];
    for setting in by_default.iter().chain(settings) {
        assert_eq!(bench.run(&format!("CONFIG SET {setting}")), "+OK ");
    }
    bench.run("DEBUG POPULATE 5000 key 1000");
    bench
}

/// A replica's two connections: the main one, which was offered a snapshot, and the other, which has asked for it. A deaf one takes nothing of it.
fn ask(bench: &mut Bench, is_deaf: bool) -> (ConnId, ConnId) {
    let (main, snapshot) = (bench.connect(), bench.connect());
    bench.run_on(main, MAIN_INTRO);
    assert_eq!(bench.run_on(main, "PSYNC ? -1"), "+DUALCHANNELSYNC ");
    bench.run_on(snapshot, "REPLCONF capa eof rdb-only 1 rdb-channel 1 listening-port 7001 version 9.0.0");
    if is_deaf {
        bench.deaf.push(snapshot);
    }
    bench.send(snapshot, b"SYNC\r\n");
    (main, snapshot)
}

fn number(bench: &Bench, conn: ConnId) -> u64 {
    bench.node.connections.get(conn).expect("it is there").client_id
}

/// Ties the main connection to the snapshot and asks for the stream from an offset on.
fn tie(bench: &mut Bench, (main, snapshot): (ConnId, ConnId), offset: u64) -> String {
    let (number, history) = (number(bench, snapshot), bench.node.history.id);
    assert_eq!(bench.run_on(main, &format!("REPLCONF set-rdb-client-id {number}")), "+OK ");
    bench.run_on(main, &format!("PSYNC {history} {}", offset + 1))
}

fn phase(bench: &Bench, conn: ConnId) -> Option<Phase> {
    bench.node.connections.get(conn)?.replica().map(|side| side.phase)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).replace("\r\n", " ")
}

#[test]
fn the_stream_flows_while_the_snapshot_does() {
    let mut bench = master(&[]);
    bench.run("SELECT 3\r\nSET a 1");
    let (main, snapshot) = ask(&mut bench, true);
    let end = bench.node.history.offset();
    assert!(bench.run("INFO replication").contains(" connected_slaves:0 replicas_waiting_psync:1 "));
    assert_eq!(tie(&mut bench, (main, snapshot), end), format!("+CONTINUE {} ", bench.node.history.id));
    assert!(bench.run("INFO replication").contains(" replicas_waiting_psync:0 "));
    bench.run("SET a 2");
    assert_eq!(text(&bench.take_received(main)), "*2 $6 SELECT $1 3 *3 $3 SET $1 a $1 2 ");
    let info = bench.run("INFO replication");
    assert!(info.contains(
        "connected_slaves:1 slave0:ip=127.0.0.1,port=7001,state=bg_transfer,offset=0,lag=0,type=main-channel "
    ));
    let has_all = bench.node.history.offset();
    bench.send(main, format!("REPLCONF ACK {has_all}\r\n").as_bytes());
    let other = bench.connect();
    assert_eq!(bench.run_on(other, "ROLE"), format!("*3 $6 master :{has_all} *0 "));
    assert_eq!(bench.run("WAIT 1 1"), "");
    bench.pass(Duration::from_millis(2));
    assert_eq!(bench.take_received(bench.client), b":0\r\n", "it cannot have what it was not sent yet");

    bench.hear(snapshot);
    assert_eq!(bench.closed, [snapshot], "it was for the snapshot alone");
    let got = bench.take_received(snapshot);
    let first = format!("$ENDOFF:{end} {} 0 {}\r\n$EOF:", bench.node.history.id, 3);
    assert!(got.starts_with(first.as_bytes()), "{}", text(&got[..200]));
    assert!(matches!(phase(&bench, main), Some(Phase::Buffering { .. })));
    let end = bench.node.history.offset();
    bench.send(main, format!("REPLCONF ACK {end}\r\n").as_bytes());
    assert!(matches!(phase(&bench, main), Some(Phase::Online { .. })));
    assert!(bench.run("INFO replication").contains(&format!("state=online,offset={end},lag=0,type=replica ")));
    let stats = bench.run("INFO stats");
    assert!(stats.contains("sync_full:1 sync_partial_ok:1 sync_partial_err:0 "));
}

#[test]
fn what_follows_the_snapshot_is_kept_until_the_main_connection_comes() {
    let mut bench = master(&["repl-backlog-size 16kb"]);
    let connections = ask(&mut bench, false);
    let end = bench.node.history.offset();
    assert!(matches!(phase(&bench, connections.1), Some(Phase::AwaitingMain { .. })), "all of it was sent");
    assert!(bench.run("INFO replication").contains(" replicas_waiting_psync:1 "));
    for _ in 0..200 {
        bench.run(&format!("SET k {}", "x".repeat(1000)));
    }
    assert!(tie(&mut bench, connections, end).starts_with("+CONTINUE "));
    assert_eq!(bench.closed, [connections.1]);
    let sent = bench.take_received(connections.0);
    let missing = bench.node.history.offset() - end;
    // What came with the answer was taken off above.
    assert!(
        sent.len() as u64 <= missing
            && matches!(phase(&bench, connections.0), Some(Phase::Buffering { sent }) if sent == end + missing)
    );

    let mut bench = master(&["repl-backlog-size 16kb"]);
    let (_, snapshot) = ask(&mut bench, false);
    bench.pass(Duration::from_secs(50));
    assert!(bench.closed.is_empty());
    bench.pass(Duration::from_secs(15));
    assert_eq!(bench.closed, [snapshot], "nobody has come for it");
}

#[test]
fn one_connection_ends_with_the_other() {
    for is_main_lost in [true, false] {
        let mut bench = master(&[]);
        let connections = ask(&mut bench, true);
        let end = bench.node.history.offset();
        tie(&mut bench, connections, end);
        let (lost, other) = if is_main_lost { connections } else { (connections.1, connections.0) };
        bench.hang_up(lost);
        assert_eq!(bench.closed, [other], "{is_main_lost}");
        assert!(bench.run("INFO replication").contains("connected_slaves:0 "));
        assert!(bench.node.transfers.count() == 0, "nobody receives it");
    }
}

#[test]
fn a_connection_that_was_to_be_sent_what_follows_a_lost_snapshot_is_not_taken_for_one_that_has_it() {
    let mut bench = master(&[]);
    let (main, snapshot) = ask(&mut bench, true);
    let number = number(&bench, snapshot);
    assert_eq!(bench.run_on(main, &format!("REPLCONF set-rdb-client-id {number}")), "+OK ");
    bench.hang_up(snapshot);
    assert_eq!(bench.closed, [main]);
}

#[test]
fn a_replica_that_has_its_snapshot_may_hang_up_on_that_side_first() {
    for is_tied_before in [true, false] {
        let mut bench = master(&["repl-backlog-size 16kb"]);
        let (main, snapshot) = ask(&mut bench, false);
        let (end, number) = (bench.node.history.offset(), number(&bench, snapshot));
        let (history, tie) = (bench.node.history.id, format!("REPLCONF set-rdb-client-id {number}"));
        if is_tied_before {
            bench.run_on(main, &tie);
        }
        bench.hang_up(snapshot);
        for _ in 0..200 {
            bench.run(&format!("SET k {}", "x".repeat(1000)));
        }
        if !is_tied_before {
            assert_eq!(bench.run_on(main, &tie), "+OK ");
        }
        assert_eq!(bench.run(&tie), format!("-ERR Unrecognized RDB client id {number} "), "it is taken");
        assert!(bench.run_on(main, &format!("PSYNC {history} {}", end + 1)).starts_with("+CONTINUE "));
        bench.send(main, format!("REPLCONF ACK {end}\r\n").as_bytes());
        assert!(matches!(phase(&bench, main), Some(Phase::Online { .. })));
    }
}

#[test]
fn nothing_is_kept_for_a_replica_that_does_not_come_or_comes_too_late() {
    for is_outrun in [true, false] {
        let mut bench = master(&["repl-backlog-size 16kb", "client-output-buffer-limit \"replica 100kb 0 0\""]);
        let (main, snapshot) = ask(&mut bench, false);
        let number = number(&bench, snapshot);
        bench.hang_up(snapshot);
        if is_outrun {
            for _ in 0..200 {
                bench.run(&format!("SET k {}", "x".repeat(1000)));
            }
        }
        bench.pass(Duration::from_secs(if is_outrun { 2 } else { 62 }));
        let tie = format!("REPLCONF set-rdb-client-id {number}");
        assert_eq!(bench.run_on(main, &tie), format!("-ERR Unrecognized RDB client id {number} "), "{is_outrun}");
    }
}

#[test]
fn a_snapshot_is_for_one_replica_and_for_its_own_place() {
    let mut bench = master(&[]);
    let connections = ask(&mut bench, true);
    let (end, number) = (bench.node.history.offset(), number(&bench, connections.1));
    let unknown = |number: u64| format!("-ERR Unrecognized RDB client id {number} ");
    assert_eq!(bench.run(&format!("REPLCONF set-rdb-client-id {}", number + 9)), unknown(number + 9));
    let of_client = bench.node.connections.get(bench.client).expect("it is there").client_id;
    assert_eq!(bench.run(&format!("REPLCONF set-rdb-client-id {of_client}")), unknown(of_client), "it is no snapshot");
    assert_eq!(tie(&mut bench, connections, end + 1), "+DUALCHANNELSYNC ", "there it does not end");
    assert!(tie(&mut bench, connections, end).starts_with("+CONTINUE "));
    assert_eq!(bench.run(&format!("REPLCONF set-rdb-client-id {number}")), unknown(number), "it is taken");
}

#[test]
fn whoever_does_not_know_how_or_where_it_is_not_wanted_is_sent_everything_by_one_connection() {
    let cases = [
        ("dual-channel-replication-enabled no", MAIN_INTRO, "PSYNC ? -1", "+FULLRESYNC "),
        ("repl-diskless-sync no", MAIN_INTRO, "PSYNC ? -1", "+FULLRESYNC "),
        ("hz 10", "REPLCONF capa eof capa psync2", "PSYNC ? -1", "+FULLRESYNC "),
        ("hz 10", "REPLCONF capa eof capa dual-channel rdb-only 1", "PSYNC ? -1", "+FULLRESYNC "),
        ("hz 10", MAIN_INTRO, "SYNC", "$EOF:"),
    ];
    for (setting, intro, ask, answer) in cases {
        let mut bench = master(&[setting]);
        let replica = bench.connect();
        bench.run_on(replica, intro);
        assert!(bench.run_on(replica, ask).starts_with(answer), "{setting} {intro} {ask}");
    }
}

#[test]
fn a_replica_that_does_not_take_the_stream_is_ended_with_its_snapshot() {
    let limits = ["repl-backlog-size 20kb", "client-output-buffer-limit \"replica 100kb 0 0\""];
    let mut bench = master(&limits);
    let connections = ask(&mut bench, true);
    let end = bench.node.history.offset();
    bench.run_on(connections.0, "PING");
    tie(&mut bench, connections, end);
    bench.deaf.push(connections.0);
    for _ in 0..150 {
        bench.run(&format!("SET k {}", "x".repeat(1000)));
    }
    assert!(bench.closed.contains(&connections.0) && bench.closed.contains(&connections.1));
    assert!(bench.notes.iter().any(|note| note.contains("was outrun by the stream")));
}

#[test]
fn one_that_takes_the_stream_keeps_up_however_long_its_snapshot_takes() {
    let limits = ["repl-backlog-size 20kb", "client-output-buffer-limit \"replica 2mb 0 0\""];
    let mut bench = master(&limits);
    let connections = ask(&mut bench, true);
    let end = bench.node.history.offset();
    tie(&mut bench, connections, end);
    for _ in 0..5000 {
        bench.run(&format!("SET k {}", "x".repeat(1000)));
        bench.take_received(connections.0);
    }
    assert!(bench.closed.is_empty(), "the stream waits on its side");
    assert!(bench.node.history.log.as_ref().is_some_and(|log| log.memory_bytes() < 200_000));
}
