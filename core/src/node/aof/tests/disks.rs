//! Disks that fail, or are full: what is refused, what is written again, and what is kept.

use super::*;

#[test]
fn a_file_that_is_written_once_and_cannot_be_is_no_reason_to_refuse_writes() {
    let mut bench = Bench::new();
    bench.sync_failure = Some(DiskFailure::Other("Input/output error".into()));
    bench.run("BGREWRITEAOF");
    bench.pass(Duration::from_secs(1));
    assert_eq!(field(&mut bench, "persistence", "aof_last_write_status"), "err");
    assert_eq!(bench.run("SET k v\r\nPING"), "+OK +PONG ");
}

#[test]
fn a_full_disk_refuses_writes_until_there_is_room_and_nothing_is_lost() {
    let mut bench = Bench::with(config());
    bench.run("SET k 1");
    bench.append_failure = Some(DiskFailure::NoSpace);
    assert_eq!(bench.run("SET k 2"), "+OK ", "with everysec nothing was promised yet");
    let refused = "-MISCONF Errors writing to the AOF file: No space left on device ";
    assert_eq!(bench.run("SET k 3"), refused);
    assert_eq!(bench.run("PING"), refused);
    assert_eq!(bench.run("GET k"), "$1 2 ");
    assert_eq!(field(&mut bench, "persistence", "aof_last_write_status"), "err");
    // A part of it was written.
    bench.disk.get_mut(FIRST_INCREMENT).expect("it is there").extend_from_slice(b"#SUM:0123");
    bench.pass(Duration::from_secs(3));
    assert_eq!(bench.run("SET k 3"), refused);
    bench.append_failure = None;
    bench.pass(Duration::from_secs(1));
    assert_eq!(bench.run("SET k 4"), "+OK ");
    assert_eq!(field(&mut bench, "persistence", "aof_last_write_status"), "ok");
    let digest_before = digest(&mut bench);
    let mut again = restart(&bench, 2, config());
    assert_eq!((again.run("GET k"), digest(&mut again)), ("$1 4 ".into(), digest_before));
}

#[test]
fn however_long_a_disk_was_ill_writes_are_taken_again_some_seconds_after_it_is_well() {
    let mut bench = Bench::with(config());
    bench.sync_failure = Some(DiskFailure::Other("Input/output error".into()));
    bench.run("SET k 1");
    bench.pass(Duration::from_secs(600));
    assert!(bench.run("SET k 2").starts_with("-MISCONF "));
    bench.sync_failure = None;
    bench.pass(Duration::from_secs(6));
    assert_eq!(bench.run("SET k 2"), "+OK ");
    let mut again = restart(&bench, 2, config());
    assert_eq!(again.run("GET k"), "$1 2 ");
}

#[test]
fn after_a_sync_that_failed_everything_is_written_to_other_files_and_promises_are_kept() {
    let mut bench = Bench::with(always());
    bench.sync_failure = Some(DiskFailure::Other("Input/output error".into()));
    assert_eq!(bench.run("SET k 1"), "");
    let (reader, other) = (bench.connect(), bench.connect());
    assert_eq!(bench.run_on(other, "SET k 2"), "-MISCONF Errors writing to the AOF file: Input/output error ");
    assert_eq!(bench.run_on(reader, "GET k"), "$1 1 ", "reads go on, though what it tells is not on the disk");
    bench.pass(Duration::from_secs(5));
    assert!(bench.take_received(bench.client).is_empty());
    bench.sync_failure = None;
    bench.pass(Duration::from_secs(20));
    assert_eq!(bench.take_received(bench.client), b"+OK\r\n");
    assert_eq!(bench.run("SET k 3"), "+OK ");
    let mut again = restart(&bench, 2, config());
    assert_eq!(again.run("GET k"), "$1 3 ");
    assert!(
        !bench.disk.contains_key(FIRST_INCREMENT) && !bench.disk.contains_key(FIRST_BASE),
        "{:?}",
        bench.disk.keys()
    );
}

/// The next operation for the disk that is of this kind is met, all before it having been carried out.
fn release_until(bench: &mut Bench, is_meant: impl Fn(&DiskOp) -> bool) {
    while !bench.held_ops().next().is_some_and(&is_meant) {
        assert!(bench.release_disk_op(), "it is asked for at last");
    }
}

#[test]
fn a_sync_of_the_old_increment_tells_nothing_of_the_new_one() {
    let mut bench = Bench::with(Config { appendfsync: AppendFsync::No, ..config() });
    bench.run("SET k 1");
    bench.hold_disk();
    bench.run("BGREWRITEAOF");
    // The old increment is synced as a step on the way to the new one. That it is to be synced anyhow comes in between.
    release_until(&mut bench, |op| matches!(op, DiskOp::Sync { file } if file == FIRST_INCREMENT));
    bench.run("CONFIG SET appendfsync always");
    release_until(&mut bench, |op| matches!(op, DiskOp::Append { file, .. } if file == SECOND_INCREMENT));
    assert_eq!(bench.run("SET k 2"), "");
    let mut has_synced = false;
    while bench.take_received(bench.client).is_empty() {
        has_synced |= matches!(bench.held_ops().next(), Some(DiskOp::Sync { file }) if file == SECOND_INCREMENT);
        assert!(bench.release_disk_op(), "it is answered at last");
    }
    assert!(has_synced);
}

#[test]
fn after_a_failed_sync_of_what_the_next_increment_goes_on_from_everything_is_written_to_other_files() {
    let mut bench = Bench::with(Config { appendfsync: AppendFsync::No, ..config() });
    bench.run("SET k 1");
    bench.hold_disk();
    bench.run("BGREWRITEAOF");
    release_until(&mut bench, |op| matches!(op, DiskOp::Sync { file } if file == FIRST_INCREMENT));
    bench.sync_failure = Some(DiskFailure::Other("Input/output error".into()));
    bench.release_disk_op();
    bench.sync_failure = None;
    bench.release_disk();
    bench.pass(Duration::from_secs(2));
    assert!(bench.notes.iter().any(|note| note.contains("Fail to fsync the AOF file")), "{:?}", bench.notes);
    assert!(!manifest(&bench).contains(" seq 1 "), "{}", manifest(&bench));
    assert_eq!(bench.run("GET k"), "$1 1 ");
}

#[test]
fn an_increment_that_may_be_named_is_not_made_again() {
    let mut bench = Bench::with(always());
    bench.run("SET k 1");
    bench.hold_disk();
    bench.run("BGREWRITEAOF");
    release_until(&mut bench, |op| matches!(op, DiskOp::Rename { to, .. } if to == MANIFEST));
    bench.release_disk_op();
    assert!(manifest(&bench).contains("2.incr.aof seq 2 type i"));
    let named = bench.disk[SECOND_INCREMENT].clone();
    bench.sync_failure = Some(DiskFailure::Other("Input/output error".into()));
    release_until(&mut bench, |op| matches!(op, DiskOp::SyncDirectory { .. }));
    bench.release_disk_op();
    bench.sync_failure = None;
    while !manifest(&bench).contains("3.incr.aof seq 3 type i") {
        assert_eq!(bench.disk.get(SECOND_INCREMENT), Some(&named));
        if !bench.release_disk_op() {
            bench.pass(Duration::from_secs(1));
        }
    }
    bench.release_disk();
    assert_eq!(bench.run("SET k 2"), "+OK ");
    assert_eq!(restart(&bench, 2, always()).run("GET k"), "$1 2 ");
}

#[test]
fn what_a_file_does_not_tell_to_be_on_the_disk_is_written_again_at_start() {
    let mut bench = Bench::with(always());
    bench.run("SET k 1");
    bench.run("SET k 2");
    let told = bench.disk[FIRST_INCREMENT].len() as u64;
    bench.run("SET k 3");
    let life = restart(&bench, 2, always());
    assert_eq!(life.written_again, [(FIRST_INCREMENT.to_string(), told)]);
    let written = bench.disk[FIRST_INCREMENT].len() as u64;
    bench.pass(Duration::from_secs(2));
    let life = restart(&bench, 2, always());
    assert_eq!(
        life.written_again,
        [(FIRST_INCREMENT.to_string(), written)],
        "at rest only the line that tells is left"
    );
}

#[test]
fn a_rewrite_that_cannot_be_written_leaves_what_was_there() {
    let mut bench = Bench::with(config());
    bench.run("SET k 1");
    bench.hold_disk();
    bench.run("BGREWRITEAOF");
    bench.append_failure = Some(DiskFailure::NoSpace);
    bench.release_disk();
    bench.append_failure = None;
    bench.pass(Duration::from_secs(3));
    assert_eq!(field(&mut bench, "persistence", "aof_last_bgrewrite_status"), "err");
    bench.run("SET k 2");
    let mut again = restart(&bench, 2, config());
    assert_eq!(again.run("GET k"), "$1 2 ");
    bench.run("BGREWRITEAOF");
    assert_eq!(field(&mut bench, "persistence", "aof_last_bgrewrite_status"), "ok");
    let mut again = restart(&bench, 2, config());
    assert_eq!(again.run("GET k"), "$1 2 ");
}
