//! Cases of snapshots that cannot be written: who is told, who waits, and when all is well again.

use alloc::format;
use alloc::string::String;
use core::time::Duration;

use crate::port::{ConnId, DiskFailure};

use super::bench::Bench;
use super::replica::Phase;

/// A master that sends its snapshots by way of files and has save points; its disk is full.
fn master_with_full_disk() -> Bench {
    let mut bench = Bench::new();
    for setting in ["repl-diskless-sync no", "save \"3600 1000\""] {
        assert_eq!(bench.run(&format!("CONFIG SET {setting}")), "+OK ");
    }
    bench.run("SET k v");
    bench.append_failure = Some(DiskFailure::NoSpace);
    bench
}

fn ask(bench: &mut Bench, capabilities: &str) -> ConnId {
    let replica = bench.connect();
    bench.run_on(replica, &format!("REPLCONF {capabilities}"));
    bench.send(replica, b"PSYNC ? -1\r\n");
    replica
}

fn ask_for_file(bench: &mut Bench) -> ConnId {
    ask(bench, "capa psync2")
}

fn phase(bench: &Bench, replica: ConnId) -> Option<Phase> {
    bench.node.connections.get(replica)?.replica().map(|side| side.phase)
}

fn is_online(bench: &Bench, replica: ConnId) -> bool {
    matches!(phase(bench, replica), Some(Phase::Online { .. }))
}

fn field(bench: &mut Bench, name: &str) -> String {
    let info = bench.run("INFO persistence");
    let found = info.split(' ').find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    found.unwrap_or_else(|| panic!("{name} in {info}")).into()
}

fn files_begun(bench: &Bench) -> usize {
    bench.notes.iter().filter(|note| note.contains("Starting BGSAVE for SYNC with target: disk")).count()
}

#[test]
fn a_replica_that_asks_again_at_once_makes_no_storm_and_is_synchronised_soon_after_there_is_room() {
    let mut bench = master_with_full_disk();
    bench.run("CONFIG SET save \"\"");
    let mut replica = ask_for_file(&mut bench);
    assert_eq!(bench.closed, [replica], "it cannot have what it was promised");
    for _ in 0..600 {
        if bench.closed.contains(&replica) {
            replica = ask_for_file(&mut bench);
        }
        bench.pass(Duration::from_millis(100));
    }
    let begun = files_begun(&bench);
    assert!((6..=15).contains(&begun), "{begun} in a minute: 1, 2, 4, 8 and then 10 s apart, and at least half of it");
    let warnings =
        bench.notes.iter().filter(|note| note.contains("Write error saving DB on disk for replicas")).count();
    assert!((begun - 1..=begun).contains(&warnings), "one for each: {warnings} of {begun}");

    bench.append_failure = None;
    if bench.closed.contains(&replica) {
        replica = ask_for_file(&mut bench);
    }
    bench.pass(Duration::from_secs(10));
    assert!(is_online(&bench, replica));
    assert_eq!(field(&mut bench, "rdb_last_bgsave_status"), "ok");
    bench.append_failure = Some(DiskFailure::NoSpace);
    let before = files_begun(&bench);
    ask_for_file(&mut bench);
    ask_for_file(&mut bench);
    bench.pass(Duration::from_secs(1));
    assert_eq!(files_begun(&bench), before + 2, "after a success the first wait is short again");
}

#[test]
fn a_file_for_replicas_that_fails_is_a_failed_snapshot_and_writes_are_refused_until_one_succeeds() {
    let mut bench = master_with_full_disk();
    let replica = ask_for_file(&mut bench);
    assert_eq!(field(&mut bench, "rdb_last_bgsave_status"), "err");
    assert!(bench.run("SET k w").starts_with("-MISCONF "));
    assert!(bench.run("PING").starts_with("-MISCONF "));
    bench.run("CONFIG SET stop-writes-on-bgsave-error no");
    assert_eq!(bench.run("SET k w"), "+OK ");
    bench.run("CONFIG SET stop-writes-on-bgsave-error yes");

    bench.append_failure = None;
    assert_eq!(bench.closed, [replica]);
    let replica = ask_for_file(&mut bench);
    bench.pass(Duration::from_secs(1));
    assert!(is_online(&bench, replica));
    assert_eq!(field(&mut bench, "rdb_last_bgsave_status"), "ok");
    assert_eq!(bench.run("SET k x"), "+OK ");
}

#[test]
fn writes_do_not_stay_refused_when_there_is_room_and_nobody_asks_any_more() {
    let mut bench = master_with_full_disk();
    ask_for_file(&mut bench);
    bench.pass(Duration::from_secs(30));
    assert!(bench.run("SET k w").starts_with("-MISCONF "));
    let saves = bench.notes.iter().filter(|note| note.contains("Background saving started")).count();
    assert!((4..=6).contains(&saves), "{saves} in 30 s");
    bench.append_failure = None;
    bench.pass(Duration::from_secs(7));
    assert_eq!(bench.run("SET k w"), "+OK ");
    let replica = ask_for_file(&mut bench);
    assert!(is_online(&bench, replica), "who asks now need not wait for what went wrong before");
}

#[test]
fn a_file_for_replicas_does_not_make_up_for_a_snapshot_that_could_not_be_kept() {
    let mut bench = master_with_full_disk();
    bench.run("CONFIG SET save \"\"");
    bench.run("BGSAVE");
    assert_eq!(field(&mut bench, "rdb_last_bgsave_status"), "err");
    bench.append_failure = None;
    let replica = ask_for_file(&mut bench);
    assert!(is_online(&bench, replica));
    assert_eq!(field(&mut bench, "rdb_last_bgsave_status"), "err");
    bench.run("BGSAVE");
    assert_eq!(field(&mut bench, "rdb_last_bgsave_status"), "ok");
}

#[test]
fn who_needs_no_file_does_not_wait_for_the_disk() {
    let mut bench = master_with_full_disk();
    bench.run("CONFIG SET repl-diskless-sync yes");
    let old = ask_for_file(&mut bench);
    assert_eq!(bench.closed, [old]);
    let old = ask_for_file(&mut bench);
    assert_eq!(phase(&bench, old), Some(Phase::Waiting));
    let new = ask(&mut bench, "capa eof capa psync2");
    assert!(matches!(phase(&bench, new), Some(Phase::AwaitingAck { .. })));
    assert_eq!(phase(&bench, old), Some(Phase::Waiting));
}

#[test]
fn info_tells_of_a_snapshot_for_replicas_while_it_is_made() {
    for is_diskless in ["no", "yes"] {
        let mut bench = master_with_full_disk();
        bench.append_failure = None;
        for setting in [format!("repl-diskless-sync {is_diskless}"), "rdbcompression no".into()] {
            assert_eq!(bench.run(&format!("CONFIG SET {setting}")), "+OK ");
        }
        bench.run("DEBUG POPULATE 900 key 3000");
        bench.hold_disk();
        let replica = bench.connect();
        bench.run_on(replica, "REPLCONF capa eof");
        bench.deaf.push(replica);
        assert_eq!(field(&mut bench, "rdb_last_bgsave_time_sec"), "-1");
        bench.send(replica, b"PSYNC ? -1\r\n");
        bench.pass(Duration::from_secs(3));
        let fields = ["rdb_bgsave_in_progress", "rdb_current_bgsave_time_sec", "current_save_keys_total"];
        assert_eq!(fields.map(|name| field(&mut bench, name)), ["1", "3", "901"], "diskless: {is_diskless}");
        if is_diskless == "yes" {
            bench.hear(replica);
        }
        // A file counts until it is written, however long it is then read.
        bench.release_disk();
        assert_eq!(fields.map(|name| field(&mut bench, name)), ["0", "-1", "0"], "diskless: {is_diskless}");
        assert_eq!(field(&mut bench, "rdb_last_bgsave_time_sec"), "3");
    }
}
