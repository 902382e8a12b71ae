//! What a node knows of its life before, and does about it.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;

use crate::config::{Config, Endpoint};
use crate::persistence::EvidenceRecord;
use crate::port::{Action, DiskFailure, DiskOp, DiskOutcome, Effects, Event, Now};

use super::bench::{Bench, Disk};
use super::guard_tests::{info, offer};
use super::{Environment, Node};

const HISTORY: &str = "8f9d6c1b0a7e4d3c2b1a09f8e7d6c5b4a3928170";
const OTHER: &str = "1111111111111111111111111111111111111111";
const FILE: &str = "dump.rdb.evidence";

fn endpoint(port: u16) -> Endpoint {
    Endpoint { host: "127.0.0.1".to_string(), port }
}

fn config(follows: Option<u16>) -> Config {
    Config { replicaof: follows.map(endpoint), ..Config::default() }
}

fn told(disk: &Disk) -> Option<EvidenceRecord> {
    disk.get(FILE).map(|bytes| EvidenceRecord::parse(bytes).expect("it is whole"))
}

/// The disk of a replica that has had 20 keys of its master.
fn disk_of_replica() -> Disk {
    let mut bench = Bench::with(config(Some(7000)));
    offer(&mut bench, HISTORY, 1000, 20);
    bench.pass(Duration::from_secs(2));
    let told = told(&bench.disk).expect("it is written within a second or two");
    assert_eq!((told.in_step_with, told.keys, told.position.offset), (Some(endpoint(7000)), 20, 1000));
    bench.disk
}

/// A master with data and a replica, and files for its next life if it `saves`.
fn master(saves: bool) -> Bench {
    let save = if saves { Config::default().save } else { Vec::new() };
    let mut bench = Bench::with(Config { save, ..config(None) });
    bench.run("MSET a 1 b 2");
    get_replica(&mut bench);
    bench.pass(Duration::from_secs(3));
    bench
}

/// A replica comes, and has everything.
fn get_replica(bench: &mut Bench) {
    let replica = bench.connect();
    for line in ["REPLCONF capa eof capa psync2", "CONFIG SET repl-diskless-sync-delay 0", "PSYNC ? -1"] {
        bench.run_on(replica, line);
    }
    bench.pass(Duration::from_secs(1));
    let offset = bench.node.history.offset();
    bench.run_on(replica, &format!("REPLCONF ACK {offset}"));
}

fn asks(bench: &mut Bench) -> String {
    let replica = bench.connect();
    bench.run_on(replica, "PSYNC ? -1")
}

#[test]
fn a_replica_that_comes_back_is_armed_against_the_master_that_it_had_and_no_other() {
    let disk = disk_of_replica();
    for (host, follows, keys) in
        [("127.0.0.1", 7000, ":20 "), ("LocalHost", 7000, ":20 "), ("127.0.0.1", 7001, ":0 "), ("db", 7000, ":0 ")]
    {
        let replicaof = Some(Endpoint { host: host.to_string(), port: follows });
        let mut bench = Bench::start(Config { replicaof, ..Config::default() }, 2, disk.clone(), Bench::new().now);
        assert_eq!(bench.run("DBSIZE"), ":20 ");
        let is_told = bench.notes.iter().any(|note| {
            note.contains(&format!(
                "not armed against {host}:{follows}: the master of the life before was 127.0.0.1:7000"
            ))
        });
        assert_eq!(is_told, keys == ":0 ", "{host}:{follows}");
        offer(&mut bench, OTHER, 0, 0);
        assert_eq!(bench.run("DBSIZE"), keys, "{host}:{follows}");
    }
}

#[test]
fn without_its_file_or_with_a_damaged_or_foreign_one_it_is_not_armed_and_says_so() {
    let whole = disk_of_replica();
    let mut torn = whole.clone();
    torn.get_mut(FILE).expect("it is there").truncate(40);
    let foreign = Disk::from_iter(whole.clone().into_iter().chain([(FILE.to_string(), b"* { }\n".to_vec())]));
    let mut none = whole.clone();
    none.remove(FILE);
    for (disk, says) in [(torn, Some("checksum")), (foreign, Some("does not begin with")), (none, None)] {
        let mut bench = Bench::start(config(Some(7000)), 2, disk, Bench::new().now);
        let note = bench.notes.iter().find(|note| note.contains("is passed over"));
        assert_eq!(note.is_some(), says.is_some());
        assert!(note.is_none_or(|note| says.is_some_and(|says| note.contains(says))), "{note:?}");
        assert!(bench.notes.iter().any(|note| note.contains("The wipe guard is not armed")), "{:?}", bench.notes);
        offer(&mut bench, OTHER, 0, 0);
        assert_eq!(bench.run("DBSIZE"), ":0 ");
    }
}

#[test]
fn a_history_that_was_refused_stays_so_over_a_restart_however_it_has_grown() {
    let mut bench = Bench::start(config(Some(7000)), 2, disk_of_replica(), Bench::new().now);
    offer(&mut bench, OTHER, 0, 0);
    bench.pass(Duration::from_secs(2));
    let mut bench = Bench::start(config(Some(7000)), 3, bench.disk, bench.now);
    offer(&mut bench, OTHER, 9000, 500);
    assert_eq!((bench.run("DBSIZE"), info(&mut bench, "wipe_guard_state")), (":20 ".into(), "quarantine".into()));
}

#[test]
fn what_was_accepted_is_accepted_over_a_restart() {
    let mut bench = Bench::start(config(Some(7000)), 2, disk_of_replica(), Bench::new().now);
    offer(&mut bench, OTHER, 0, 0);
    assert_eq!(bench.run("WIPEGUARD ACCEPT"), "+OK ");
    bench.pass(Duration::from_secs(2));
    let mut bench = Bench::start(config(Some(7000)), 3, bench.disk, bench.now);
    assert_eq!(bench.run("DBSIZE"), ":20 ", "it ended before anything came");
    offer(&mut bench, OTHER, 0, 0);
    assert_eq!(bench.run("DBSIZE"), ":0 ");
}

#[test]
fn who_keeps_nothing_writes_nothing() {
    let bench = master(false);
    assert_eq!(told(&bench.disk), None);
    let mut bench = Bench::with(config(None));
    bench.run("SET a 1");
    bench.pass(Duration::from_secs(5));
    assert_eq!(told(&bench.disk), None, "nor does a master that nobody follows");
}

#[test]
fn numbers_are_brought_up_to_date_once_a_minute_and_news_at_once() {
    let mut bench = master(true);
    let first = told(&bench.disk).expect("it has data and a replica");
    assert_eq!((first.keys, first.replicas, &first.in_step_with), (2, 1, &None));
    bench.run("SET c 3");
    bench.pass(Duration::from_secs(30));
    assert_eq!(told(&bench.disk), Some(first));
    bench.pass(Duration::from_secs(60));
    assert_eq!(told(&bench.disk).map(|told| told.keys), Some(3));
    bench.run("FLUSHALL");
    bench.pass(Duration::from_secs(2));
    assert_eq!(told(&bench.disk).map(|told| told.keys), Some(0), "it was emptied, not lost");
}

#[test]
fn a_file_that_cannot_be_written_costs_a_line_and_is_tried_again_after_a_minute() {
    let said = |bench: &Bench| bench.notes.iter().filter(|note| note.contains("cannot be written")).count();
    let mut bench = Bench::start(config(Some(7000)), 2, disk_of_replica(), Bench::new().now);
    bench.append_failure = Some(DiskFailure::NoSpace);
    bench.run("WIPEGUARD ACCEPT");
    bench.run("REPLICAOF NO ONE");
    bench.pass(Duration::from_secs(50));
    assert_eq!(said(&bench), 1);
    bench.append_failure = None;
    bench.pass(Duration::from_secs(15));
    assert_eq!(told(&bench.disk).and_then(|told| told.in_step_with), None, "nobody is followed any more");
}

#[test]
fn a_master_that_has_lost_its_data_lets_no_replica_in_for_a_while() {
    let mut disk = master(true).disk;
    disk.retain(|name, _| name == FILE);
    let now = Bench::new().now;
    let mut bench = Bench::start(config(None), 2, disk.clone(), now);
    assert!(bench.notes.iter().any(|note| note.contains("had 2 keys and 1 replicas")), "{:?}", bench.notes);
    assert!(asks(&mut bench).starts_with("-LOADING "));
    assert_eq!(
        (bench.run("SET k v"), info(&mut bench, "wipe_guard_protected_restart_seconds")),
        ("+OK ".into(), "60".into())
    );
    bench.pass(Duration::from_secs(59));
    assert!(asks(&mut bench).starts_with("-LOADING "));
    let crashed = bench.disk.clone();
    bench.pass(Duration::from_secs(2));
    assert!(asks(&mut bench).starts_with("+FULLRESYNC "));
    let mut again = Bench::start(config(None), 3, crashed, now);
    assert!(asks(&mut again).starts_with("-LOADING "), "another crash meanwhile changes nothing");

    let mut bench = Bench::start(config(None), 4, disk.clone(), now);
    assert_eq!(
        (bench.run("WIPEGUARD ACCEPT"), bench.run("WIPEGUARD ACCEPT").starts_with("-ERR")),
        ("+OK ".into(), true)
    );
    assert!(asks(&mut bench).starts_with("+FULLRESYNC "));
    let mut bench = Bench::start(Config { master_protected_restart: 0, ..config(None) }, 5, disk, now);
    assert!(asks(&mut bench).starts_with("+FULLRESYNC "), "it can be switched off");
}

#[test]
fn a_master_that_has_its_data_or_was_flushed_lets_replicas_in_at_once() {
    let now = Bench::new().now;
    let mut saved = master(true);
    saved.run("SAVE");
    let mut flushed = master(true);
    flushed.run("FLUSHALL");
    flushed.pass(Duration::from_secs(2));
    flushed.disk.retain(|name, _| name == FILE);
    for disk in [saved.disk, flushed.disk] {
        let mut bench = Bench::start(config(None), 2, disk, now);
        assert!(asks(&mut bench).starts_with("+FULLRESYNC "));
    }
}

#[test]
fn a_master_with_next_to_nothing_of_what_it_had_lets_no_replica_in_either() {
    let mut bench = Bench::with(config(None));
    bench.run("SET first 1");
    bench.run("SAVE");
    (0..99).for_each(|key| drop(bench.run(&format!("SET k:{key} v"))));
    get_replica(&mut bench);
    bench.pass(Duration::from_secs(3));
    for (percent, is_held_off) in [(10, true), (1, false)] {
        let restarted = Config { replica_wipe_guard_shrunk_percent: percent, ..config(None) };
        let mut again = Bench::start(restarted, 2, bench.disk.clone(), bench.now);
        assert_eq!((again.run("DBSIZE"), asks(&mut again).starts_with("-LOADING ")), (":1 ".into(), is_held_off));
    }
}

#[test]
fn a_relay_that_has_lost_its_data_and_gets_none_from_its_master_lets_no_replica_in_for_a_while() {
    let mut relay = Bench::start(config(Some(7000)), 2, disk_of_replica(), Bench::new().now);
    let link = offer(&mut relay, HISTORY, 2000, 20);
    get_replica(&mut relay);
    relay.send(link, b"*1\r\n$4\r\nPING\r\n");
    relay.pass(Duration::from_secs(3));
    assert_eq!(told(&relay.disk).map(|told| (told.keys, told.replicas)), Some((20, 1)));
    let mut disk = relay.disk;
    disk.retain(|name, _| name == FILE);
    for (keys, answer) in [(0, "-LOADING "), (1, "-LOADING "), (20, "+FULLRESYNC ")] {
        let mut again = Bench::start(config(Some(7000)), 3, disk.clone(), relay.now);
        assert!(asks(&mut again).starts_with("-NOMASTERLINK"));
        offer(&mut again, OTHER, 0, keys);
        assert!(asks(&mut again).starts_with(answer), "{keys}");
        again.run("WIPEGUARD ACCEPT");
        assert!(asks(&mut again).starts_with("+FULLRESYNC "));
    }
}

#[test]
fn the_file_is_read_before_anything_else_and_the_master_is_dialled_after_that() {
    let mut effects = Effects::new();
    let mut node = Node::start(config(Some(7000)), Environment::default(), 1, Now::default(), &mut effects);
    let actions: Vec<Action> = effects.drain().collect();
    let disk = |action: &Action| match action {
        Action::Disk { ticket, op } => Some((*ticket, op.clone())),
        _ => None,
    };
    assert!(!actions.iter().any(|action| matches!(action, Action::Dial { .. })), "{actions:?}");
    let [(ticket, op)] = &actions.iter().filter_map(disk).collect::<Vec<_>>()[..] else { panic!("{actions:?}") };
    assert!(matches!(op, DiskOp::Read { file, .. } if file == FILE), "{op:?}");
    let outcome = DiskOutcome::Failed(DiskFailure::NotFound);
    node.handle(Event::Disk { ticket: *ticket, outcome }, Now::default(), &mut effects);
    assert!(effects.drain().any(|action| matches!(action, Action::Disk { op: DiskOp::List { .. }, .. })));
}
