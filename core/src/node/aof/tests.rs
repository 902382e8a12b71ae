//! Cases of append-only files: what is in them, what comes back, and what is promised.

mod disks;
mod starts;

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;

use crate::config::{AppendFsync, Config, EnableDebug, Endpoint, MaxmemoryPolicy};
use crate::persistence::aof::Manifest;
use crate::port::{ConnId, DiskFailure, DiskOp, Mono, Now, Wall};

use super::super::bench::{Bench, Disk};

const MANIFEST: &str = "appendonlydir/appendonly.aof.manifest";
const FIRST_BASE: &str = "appendonlydir/appendonly.aof.1.base.rdb";
const FIRST_INCREMENT: &str = "appendonlydir/appendonly.aof.1.incr.aof";
const SECOND_INCREMENT: &str = "appendonlydir/appendonly.aof.2.incr.aof";

fn config() -> Config {
    Config { appendonly: true, save: Vec::new(), enable_debug_command: EnableDebug::Yes, ..Config::default() }
}

fn always() -> Config {
    Config { appendfsync: AppendFsync::Always, ..config() }
}

fn replica_config() -> Config {
    let master = Endpoint { host: "127.0.0.1".into(), port: 7000 };
    Config { replicaof: Some(master), replica_read_only: false, ..config() }
}

/// What starts from the files of another that has ended.
fn restart(bench: &Bench, seed: u64, config: Config) -> Bench {
    start_from(bench.disk.clone(), seed, config)
}

fn start_from(disk: Disk, seed: u64, config: Config) -> Bench {
    Bench::start(config, seed, disk, Now { mono: Mono(1_000_000), wall: Wall(1_700_000_100_000_000) })
}

fn digest(bench: &mut Bench) -> String {
    bench.run("DEBUG DIGEST")
}

fn manifest(bench: &Bench) -> String {
    Manifest::parse(&bench.disk[MANIFEST]).expect("it is sound").text()
}

fn field(bench: &mut Bench, section: &str, name: &str) -> String {
    let info = bench.run(&format!("INFO {section}"));
    let found = info.split(' ').find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    found.unwrap_or_else(|| panic!("{name} in {info}")).into()
}

/// A replica in step with a master that nobody sees: the link, on which it was sent this stream.
fn in_step(bench: &mut Bench, stream: &[u8]) -> ConnId {
    in_step_from(bench, 100, stream)
}

/// The same, of a master that had written so many bytes when it made the snapshot.
fn in_step_from(bench: &mut Bench, offset: u64, stream: &[u8]) -> ConnId {
    let (link, _) = bench.play_master();
    bench.send(link, format!("+FULLRESYNC {} {offset}\r\n$18\r\nREDIS0009", "a".repeat(40)).as_bytes());
    bench.send(link, b"\xff\0\0\0\0\0\0\0\0");
    bench.send(link, stream);
    link
}

const STREAM: &[u8] = b"*2\r\n$6\r\nSELECT\r\n$1\r\n3\r\n*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n";
const INCR: &[u8] = b"*2\r\n$4\r\nINCR\r\n$1\r\nn\r\n";

#[test]
fn what_was_written_comes_back() {
    let mut bench = Bench::with(config());
    assert_eq!(
        manifest(&bench),
        "file appendonly.aof.1.base.rdb seq 1 type b\nfile appendonly.aof.1.incr.aof seq 1 type i\n"
    );
    for line in
        ["SET k v", "SELECT 5", "RPUSH l a b", "MULTI", "INCR n", "INCR n", "EXEC", "SPOP nothing", "SETEX e 100 x"]
    {
        bench.run(line);
    }
    let digest_before = digest(&mut bench);
    let mut again = restart(&bench, 2, config());
    assert_eq!(digest(&mut again), digest_before);
    assert_eq!(again.run("SELECT 5\r\nGET n"), "+OK $1 2 ");
    again.run("SET more 1");
    let digest_before = digest(&mut again);
    let mut third = restart(&again, 3, config());
    assert_eq!(digest(&mut third), digest_before, "the file goes on where it was left");
}

#[test]
fn a_rewrite_leaves_a_base_and_what_was_written_since_it_began() {
    let mut bench = Bench::with(config());
    bench.run("SET a 1");
    bench.hold_disk();
    assert_eq!(bench.run("BGREWRITEAOF"), "+Background append only file rewriting started ");
    assert_eq!(bench.run("BGREWRITEAOF"), "-ERR Background append only file rewriting already in progress ");
    bench.run("SET a 2");
    assert_eq!(field(&mut bench, "persistence", "aof_rewrite_in_progress"), "1");
    let digest_before = digest(&mut bench);
    // At each step the files hold everything that was handed to the disk before it.
    while bench.release_disk_op() {
        let mut again = restart(&bench, 2, config());
        assert!(["$1 1 ", "$1 2 "].contains(&again.run("GET a").as_str()));
    }
    bench.release_disk();
    assert_eq!(field(&mut bench, "persistence", "aof_rewrite_in_progress"), "0");
    let names: Vec<&str> = bench.disk.keys().map(String::as_str).collect();
    assert_eq!(names, ["appendonlydir/appendonly.aof.2.base.rdb", SECOND_INCREMENT, MANIFEST]);
    let mut again = restart(&bench, 3, config());
    assert_eq!(digest(&mut again), digest_before);
}

#[test]
fn a_base_may_be_commands() {
    let config = || Config { aof_use_rdb_preamble: false, ..config() };
    let mut bench = Bench::with(config());
    for line in ["SET a 1", "SELECT 3", "ZADD z 1.5 m", "XADD s 1-1 f v", "SETEX e 100 x"] {
        bench.run(line);
    }
    bench.run("BGREWRITEAOF");
    bench.run("SET b 2");
    let base = &bench.disk["appendonlydir/appendonly.aof.2.base.aof"];
    assert!(base.starts_with(b"#SUM:"), "nothing else would tell that it has rotted");
    assert!(base.windows(20).any(|some| some.starts_with(b"*2\r\n$6\r\nSELECT\r\n")));
    let digest_before = digest(&mut bench);
    let mut again = restart(&bench, 2, config());
    assert_eq!(digest(&mut again), digest_before);
    let mut damaged = bench.disk.clone();
    let base = damaged.get_mut("appendonlydir/appendonly.aof.2.base.aof").expect("it is there");
    base.truncate(base.len() - 3);
    assert!(start_from(damaged, 2, config()).node.is_loading(), "others go on from it");
}

#[test]
fn a_file_that_has_grown_is_rewritten_by_itself() {
    let mut bench = Bench::with(Config { auto_aof_rewrite_min_size: 10_000, ..config() });
    let rewrites = |bench: &mut Bench| field(bench, "persistence", "aof_rewrites").parse::<u32>().expect("a number");
    let first = rewrites(&mut bench);
    assert_eq!(first, 0, "what a start without files begins with is no rewrite");
    for _ in 0..40 {
        bench.run(&format!("SET k {}", "x".repeat(90)));
    }
    assert_eq!(rewrites(&mut bench), first);
    for _ in 0..40 {
        bench.run(&format!("SET k {}", "x".repeat(90)));
    }
    assert_eq!(rewrites(&mut bench), first + 1);
    assert!(bench.notes.iter().any(|note| note.starts_with("Starting automatic rewriting of AOF on ")));
    bench.run("CONFIG SET auto-aof-rewrite-percentage 0");
    for _ in 0..400 {
        bench.run(&format!("SET k {}", "x".repeat(90)));
    }
    assert_eq!(rewrites(&mut bench), first + 1);
}

#[test]
fn a_replica_goes_on_from_the_place_that_its_file_tells() {
    let mut bench = Bench::with(replica_config());
    in_step(&mut bench, STREAM);
    let offset = 100 + STREAM.len() as u64;
    let mut again = restart(&bench, 2, replica_config());
    let (link, asked) = again.play_master();
    assert_eq!(asked, format!("{} {}", "a".repeat(40), offset + 1));
    again.send(link, &[b"+CONTINUE\r\n", INCR].concat());
    assert_eq!(again.run("SELECT 3\r\nGET k\r\nGET n"), "+OK $1 v $1 1 ", "in the database that the stream was about");
    let mut third = restart(&again, 3, replica_config());
    let (_, asked) = third.play_master();
    assert_eq!(asked, format!("{} {}", "a".repeat(40), offset + INCR.len() as u64 + 1));
}

#[test]
fn a_replica_goes_on_from_the_very_beginning_of_a_stream() {
    let without_file = || Config { appendonly: false, ..replica_config() };
    for config in [replica_config, without_file] {
        let mut bench = Bench::with(config());
        in_step_from(&mut bench, 0, b"");
        if !bench.node.config.appendonly {
            bench.run("SAVE");
        }
        let (_, asked) = restart(&bench, 2, config()).play_master();
        assert_eq!(asked, format!("{} 1", "a".repeat(40)));
    }
}

#[test]
fn a_master_without_replicas_has_no_history_to_go_on_with() {
    let config = || Config { appendonly: false, ..config() };
    let mut bench = Bench::with(config());
    bench.run("SET k 1");
    bench.run("SAVE");
    let mut again = restart(&bench, 2, config());
    assert_eq!(again.run("GET k"), "$1 1 ");
    assert_eq!(field(&mut again, "replication", "second_repl_offset"), "-1");
    assert_eq!(field(&mut again, "replication", "repl_backlog_active"), "0");
}

#[test]
fn what_was_written_into_a_replica_comes_back_and_does_not_move_its_place() {
    let mut bench = Bench::with(replica_config());
    let link = in_step(&mut bench, STREAM);
    for line in ["SET own 1", "SELECT 2", "MULTI", "SET own 2", "SET own 3", "EXEC"] {
        bench.run(line);
    }
    bench.send(link, INCR);
    let digest_before = digest(&mut bench);
    let mut again = restart(&bench, 2, replica_config());
    let (_, asked) = again.play_master();
    assert_eq!(asked, format!("{} {}", "a".repeat(40), 100 + STREAM.len() + INCR.len() + 1));
    assert_eq!(digest(&mut again), digest_before);
}

#[test]
fn a_promoted_node_s_file_knows_the_new_history() {
    let mut bench = Bench::with(replica_config());
    in_step(&mut bench, STREAM);
    bench.run("REPLICAOF NO ONE");
    bench.run("SET mine 1");
    let position = bench.node.history.position();
    let mut again = restart(&bench, 2, config());
    let second = again.node.history.second.expect("it knows where it comes from");
    assert_eq!(second, (position.history, position.offset + 1));
    assert_eq!(again.run("GET mine"), "$1 1 ");
}

#[test]
fn a_full_synchronisation_leaves_the_old_file_until_the_new_one_is_whole() {
    let mut bench = Bench::with(replica_config());
    bench.run("SET old 1");
    bench.run("CONFIG SET repl-diskless-load swapdb");
    bench.hold_disk();
    in_step(&mut bench, STREAM);
    assert_eq!(bench.run("SELECT 3\r\nGET k"), "+OK $1 v ");
    let mut seen = Vec::new();
    loop {
        let mut again = restart(&bench, 2, config());
        let state = (again.run("GET old"), again.run("SELECT 3\r\nGET k"));
        if seen.last() != Some(&state) {
            seen.push(state);
        }
        if !bench.release_disk_op() {
            break;
        }
    }
    let (old, new) = (("$1 1 ".to_string(), "+OK $-1 ".to_string()), ("$-1 ".to_string(), "+OK $1 v ".to_string()));
    assert!(seen.first() == Some(&old) && seen.last() == Some(&new), "{seen:?}");
    let between = ("$-1 ".to_string(), "+OK $-1 ".to_string());
    assert!(seen.iter().all(|state| [&old, &between, &new].contains(&state)), "{seen:?}");
}

#[test]
fn with_always_no_reply_leaves_before_what_it_tells_is_synced() {
    let mut bench = Bench::with(always());
    let other = bench.connect();
    bench.hold_disk();
    assert_eq!(bench.run("GET k"), "$-1 ", "nothing is waited for");
    assert_eq!(bench.run("SET k v"), "");
    assert_eq!(bench.run_on(other, "GET k"), "", "who reads it waits, too");
    assert_eq!(bench.run("PING"), "", "in order");
    let mut has_synced = false;
    while bench.take_received(bench.client).is_empty() {
        has_synced |= matches!(bench.held_ops().next(), Some(DiskOp::Sync { file }) if file == FIRST_INCREMENT);
        assert!(bench.release_disk_op(), "it is answered at last");
    }
    assert!(has_synced);
    assert_eq!(bench.take_received(other), b"$1\r\nv\r\n");
    assert_eq!(bench.run("CONFIG SET appendfsync no"), "+OK ");
    assert_eq!(bench.run("SET k w"), "+OK ");
}

#[test]
fn a_reply_that_waits_for_the_disk_leaves_when_the_policy_is_relaxed_or_the_file_ended() {
    for relax in ["CONFIG SET appendfsync everysec", "CONFIG SET appendonly no"] {
        let mut bench = Bench::with(always());
        bench.hold_disk();
        assert_eq!(bench.run("SET k v"), "");
        assert_eq!(bench.run(relax), "+OK +OK ", "{relax}");
    }
}

#[test]
fn with_always_replicas_are_sent_what_is_synced() {
    let mut bench = Bench::with(always());
    let replica = bench.connect();
    bench.run("CONFIG SET repl-diskless-sync-delay 0");
    bench.run_on(replica, "REPLCONF capa eof capa psync2");
    bench.send(replica, b"PSYNC ? -1\r\n");
    bench.send(replica, b"REPLCONF ACK 0\r\n");
    bench.take_received(replica);
    bench.hold_disk();
    bench.run("SET k v");
    assert!(bench.take_received(replica).is_empty());
    bench.release_disk();
    let stream = bench.take_received(replica);
    assert!(stream.ends_with(b"SET\r\n$1\r\nk\r\n$1\r\nv\r\n"));
}

#[test]
fn everysec_syncs_once_a_second_and_waitaof_tells_when() {
    let mut bench = Bench::with(config());
    bench.pass(Duration::from_secs(2));
    bench.hold_disk();
    bench.run("SET k 1");
    bench.release_disk();
    bench.hold_disk();
    bench.run("SET k 2");
    assert!(bench.held_ops().all(|op| !matches!(op, DiskOp::Sync { .. })), "one is enough");
    assert_eq!(bench.run("WAITAOF 1 0 0"), "");
    bench.release_disk();
    bench.pass(Duration::from_millis(900));
    assert_eq!(bench.take_received(bench.client), b"");
    bench.pass(Duration::from_millis(200));
    assert_eq!(bench.take_received(bench.client), b"*2\r\n:1\r\n:0\r\n");
}

#[test]
fn a_replica_tells_what_is_on_its_disk() {
    let mut bench = Bench::with(replica_config());
    let link = in_step(&mut bench, STREAM);
    bench.pass(Duration::from_secs(2));
    bench.take_received(link);
    bench.send(link, b"*2\r\n$4\r\nINCR\r\n$1\r\nn\r\n*3\r\n$8\r\nREPLCONF\r\n$6\r\nGETACK\r\n$1\r\n*\r\n");
    let received =
        |bench: &mut Bench| String::from_utf8(bench.take_received(link)).expect("ASCII").replace("\r\n", " ");
    let offset = 100 + STREAM.len() + INCR.len();
    let answer = received(&mut bench);
    assert!(answer.contains(&format!("ACK $3 {offset} $4 FACK $3 ")), "{answer}");
    bench.pass(Duration::from_secs(1));
    let answer = received(&mut bench);
    assert!(answer.contains(&format!("FACK $3 {}", offset + 37)), "{answer}");
}

#[test]
fn a_batch_that_is_under_way_when_a_sync_is_due_is_written_once() {
    let mut bench = Bench::with(config());
    bench.run("SET k 1");
    bench.hold_disk();
    bench.run("INCR k");
    bench.pass(Duration::from_secs(3));
    assert_eq!(
        bench.held_ops().count(),
        1,
        "a sync waits for what is being appended: {:?}",
        bench.held_ops().collect::<Vec<_>>()
    );
    bench.release_disk();
    bench.pass(Duration::from_secs(3));
    let told = field(&mut bench, "persistence", "aof_current_size").parse::<usize>().expect("a number");
    assert_eq!(told, bench.disk[FIRST_BASE].len() + bench.disk[FIRST_INCREMENT].len());
    let mut again = restart(&bench, 2, config());
    assert_eq!(again.run("GET k"), "$1 2 ");
}

#[test]
fn it_can_be_switched_on_and_off_while_running() {
    let mut bench = Bench::with(Config { appendonly: false, ..config() });
    bench.run("SET k 1");
    assert_eq!(bench.run("CONFIG SET appendonly yes"), "+OK ");
    bench.run("SET k 2");
    let mut again = restart(&bench, 2, config());
    assert_eq!(again.run("GET k"), "$1 2 ");
    assert_eq!(bench.run("CONFIG SET appendonly no"), "+OK ");
    bench.run("SET k 3");
    let mut again = restart(&bench, 2, config());
    assert_eq!(again.run("GET k"), "$1 2 ");
    assert_eq!(bench.run("CONFIG SET appendonly yes"), "+OK ");
    let mut again = restart(&bench, 2, config());
    assert_eq!(again.run("GET k"), "$1 3 ");
    assert_eq!(
        manifest(&bench),
        "file appendonly.aof.2.base.rdb seq 2 type b\nfile appendonly.aof.2.incr.aof seq 2 type i\n"
    );
}

#[test]
fn a_snapshot_from_before_the_log_has_another_name_than_what_the_file_begins_with() {
    let snapshots = || Config { appendonly: false, ..config() };
    let mut bench = Bench::with(Config { repl_backlog_ttl: 1, ..config() });
    bench.run("SET k 1");
    bench.run("CONFIG SET appendonly no");
    bench.pass(Duration::from_secs(2));
    assert_eq!(field(&mut bench, "replication", "repl_backlog_active"), "0");
    bench.run("SAVE");
    bench.run("SET k 2");
    bench.run("CONFIG SET appendonly yes");
    let begun = bench.node.history.position();
    let again = restart(&bench, 2, snapshots());
    let (before, _) = again.node.history.standing().second.expect("it goes on from what it has loaded");
    assert_ne!(before, begun.history);
}

#[test]
fn what_is_completed_goes_where_a_load_ends_however_far_the_next_increment_has_come() {
    let mut has_seen_both = [false; 2];
    for steps in 0..20 {
        let mut bench = Bench::with(config());
        bench.run("SET k 1");
        bench.hold_disk();
        bench.run("BGREWRITEAOF");
        bench.run("SET k 2");
        for _ in 0..steps {
            bench.release_disk_op();
        }
        bench.run("SET k 3");
        let offset = field(&mut bench, "replication", "master_repl_offset");
        bench.run("CONFIG SET appendonly no");
        bench.release_disk();
        has_seen_both[usize::from(bench.disk.contains_key(SECOND_INCREMENT))] = true;
        let mut again = restart(&bench, 2, config());
        assert_eq!(again.run("GET k"), "$1 3 ", "after {steps} steps");
        assert_eq!(
            field(&mut again, "replication", "second_repl_offset"),
            (offset.parse::<u64>().unwrap() + 1).to_string()
        );
    }
    assert_eq!(has_seen_both, [true; 2]);
}

#[test]
fn what_is_completed_tells_its_place_however_far_the_next_increment_has_come() {
    for steps in 0..20 {
        let mut bench = Bench::with(config());
        bench.run("SET k 1");
        bench.hold_disk();
        bench.run("BGREWRITEAOF");
        for _ in 0..steps {
            bench.release_disk_op();
        }
        bench.run("REPLICAOF 10.0.0.9 6379");
        bench.run("REPLICAOF NO ONE");
        bench.run("SET k 2");
        let position = bench.node.history.position();
        bench.run("CONFIG SET appendonly no");
        bench.release_disk();
        let mut again = restart(&bench, 2, config());
        assert_eq!(again.run("GET k"), "$1 2 ", "after {steps} steps");
        let second = again.node.history.standing().second;
        assert_eq!(second, Some((position.history, position.offset + 1)), "after {steps} steps");
    }
}

#[test]
fn a_file_that_was_asked_for_once_may_be_kept_while_it_is_written() {
    let mut bench = Bench::with(Config { appendonly: false, ..always() });
    bench.run("SET k 1");
    bench.hold_disk();
    bench.run("BGREWRITEAOF");
    bench.run("CONFIG SET appendonly yes");
    bench.run("SET k 2");
    bench.release_disk();
    assert_eq!(field(&mut bench, "persistence", "aof_rewrite_in_progress"), "0");
    assert_eq!(bench.run("SET k 3"), "+OK ");
    assert_eq!(restart(&bench, 2, always()).run("GET k"), "$1 3 ");
}

#[test]
fn a_shutdown_waits_for_the_file_and_does_not_happen_if_that_fails() {
    let mut bench = Bench::with(config());
    bench.pass(Duration::from_secs(2));
    bench.hold_disk();
    bench.run("SET k 1");
    bench.run("SHUTDOWN");
    assert!(!bench.notes.iter().any(|note| note.contains("ready to exit")));
    bench.release_disk();
    assert!(bench.notes.iter().any(|note| note.contains("ready to exit")));

    let mut bench = Bench::with(config());
    bench.append_failure = Some(DiskFailure::NoSpace);
    bench.run("SET k 1");
    let told = "-ERR Errors trying to SHUTDOWN. Check logs. ";
    assert_eq!(bench.run("SHUTDOWN"), told);
    bench.run("SHUTDOWN FORCE");
    assert!(bench.notes.iter().any(|note| note.contains("ready to exit")));
}

#[test]
fn heartbeats_do_not_put_off_the_end_of_a_node_whose_disk_is_slow() {
    let mut bench = Bench::with(Config { repl_ping_replica_period: 1, repl_diskless_sync_delay: 0, ..config() });
    let replica = bench.connect();
    bench.send(replica, b"PSYNC ? -1\r\n");
    bench.send(replica, b"REPLCONF ACK 0\r\n");
    bench.hold_disk();
    bench.run("SET k 1");
    bench.run("SHUTDOWN NOW");
    let has_ended = |bench: &Bench| bench.notes.iter().any(|note| note.contains("ready to exit"));
    for _ in 0..10 {
        bench.pass(Duration::from_secs(2));
        bench.release_disk_op();
    }
    assert!(String::from_utf8_lossy(&bench.take_received(replica)).contains("ping"), "there are some");
    assert!(has_ended(&bench));
    assert_eq!(restart(&bench, 2, config()).run("GET k"), "$1 1 ");
}
