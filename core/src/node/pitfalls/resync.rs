//! Data sets, backlogs and files on the way to going on: what is named when, what is kept until when.

use alloc::format;
use core::time::Duration;

use crate::config::Config;
use crate::port::ConnId;

use super::super::bench::Bench;
use super::{Fleet, request_of};

/// A change of the configuration.
type Configure = fn(&mut Config);
/// What a master answers, or does.
type Answer = fn(&mut Bench, ConnId);

/// How a master makes its data sets.
fn each_transfer() -> [(&'static str, Configure); 2] {
    fn is_slow(config: &mut Config) {
        config.repl_diskless_sync_delay = 3;
    }
    fn is_filed(config: &mut Config) {
        config.repl_diskless_sync = false;
    }
    [("over the socket after a delay", is_slow), ("by a file", is_filed)]
}

/// Pitfall 10.
#[test]
fn a_data_set_is_named_by_the_place_at_which_it_was_made() {
    for (how, configure) in each_transfer() {
        let mut fleet = Fleet::with(2, configure);
        fleet.write(0, &["INCR counter", "RPUSH list a"]);
        fleet.hosts[0].hold_disk();
        fleet.run(1, &format!("REPLICAOF 127.0.0.1 {}", super::fleet::port_of(0)));
        fleet.write(0, &["INCR counter", "RPUSH list requested"]);
        fleet.hold(0, 1);
        fleet.pass(Duration::from_secs(4));
        fleet.write(0, &["INCR counter", "RPUSH list made"]);
        fleet.hosts[0].release_disk();
        fleet.write(0, &["INCR counter", "RPUSH list sent"]);
        fleet.release(0, 1);
        fleet.assert_in_step(&[0, 1]);
        assert_eq!(fleet.run(1, "GET counter"), "$1 4 ", "{how}");
        fleet.cut(0, 1);
        fleet.write(0, &["INCR counter"]);
        fleet.pass(Duration::from_secs(2));
        assert_eq!(fleet.synced(0), (1, 1), "{how}");
        fleet.assert_in_step(&[0, 1]);
    }
}

/// Pitfall 11.
#[test]
fn replicas_that_share_a_snapshot_all_get_the_stream_from_where_it_was_made() {
    for (how, configure) in each_transfer() {
        let mut fleet = Fleet::with(4, configure);
        fleet.write(0, &["INCR counter"]);
        fleet.hosts[0].hold_disk();
        for host in 1..4 {
            // The first is there before the snapshot, the second joins it or comes in time for it, the third comes too late.
            fleet.run(host, &format!("REPLICAOF 127.0.0.1 {}", super::fleet::port_of(0)));
            fleet.write(0, &["INCR counter", "SELECT 3", "RPUSH list a", "SELECT 0"]);
            fleet.hold(0, host);
            fleet.pass(Duration::from_secs(2));
            fleet.write(0, &["INCR counter"]);
        }
        fleet.hosts[0].release_disk();
        for host in 1..4 {
            fleet.write(0, &["SELECT 3", "RPUSH list b", "SELECT 0", "INCR counter"]);
            fleet.release(0, host);
        }
        fleet.pass(Duration::from_secs(8));
        fleet.write(0, &["INCR counter"]);
        fleet.assert_in_step(&[0, 1, 2, 3]);
        assert_eq!(fleet.synced(0), (3, 0), "{how}");
    }
}

#[test]
fn a_file_is_sent_when_all_of_it_is_written_and_no_sooner() {
    let mut bench = Bench::new();
    bench.run("CONFIG SET repl-diskless-sync no");
    bench.hold_disk();
    let replica = bench.connect();
    bench.run_on(replica, "PSYNC ? -1");
    assert!(bench.release_disk_op(), "the file is created");
    assert!(bench.run("INFO replication").contains("state=wait_bgsave"));
    assert!(bench.release_disk_op(), "its contents are written");
    assert!(bench.run("INFO replication").contains("state=send_bulk"));
}

/// Pitfall 12.
#[test]
fn what_a_replica_has_is_kept_until_another_data_set_is_whole() {
    // In the answer to PSYNC, before the data, in them.
    for bytes in [40, 100, 140, 400] {
        let mut fleet = Fleet::of(5);
        fleet.follow(1, 0);
        fleet.follow(2, 1);
        fleet.follow(3, 0);
        fleet.write(0, &["RPUSH list a"]);
        for index in 0..50 {
            fleet.write(4, &[&format!("SET key:{index} of-another-master")]);
        }
        // Without a question before it.
        fleet.run(1, "CONFIG SET replica-wipe-guard allow");
        fleet.cut_after(4, 1, bytes);
        fleet.run(1, &format!("REPLICAOF 127.0.0.1 {}", super::fleet::port_of(4)));
        fleet.part(1, 4);
        assert_eq!(fleet.synced(4), (1, 0), "it was asked for everything");
        fleet.assert_in_step(&[0, 1, 2]);
        fleet.follow(1, 3);
        fleet.write(0, &["RPUSH list b"]);
        fleet.assert_in_step(&[0, 3, 1, 2]);
        assert_eq!((fleet.synced(3), fleet.synced(1)), ((0, 1), (1, 0)), "cut after {bytes} bytes");
    }
}

/// Pitfall 13. There are no elections here; whoever holds one asks INFO, ROLE, WAIT and the names of histories.
#[test]
fn an_offset_in_another_history_counts_nowhere() {
    let mut fleet = Fleet::with(3, |config| config.repl_diskless_sync = false);
    fleet.follow(1, 0);
    for _ in 0..20 {
        fleet.write(0, &["RPUSH list a-long-history-of-many-bytes"]);
    }
    let old = fleet.position(1);
    fleet.hosts[2].hold_disk();
    fleet.run(1, &format!("REPLICAOF 127.0.0.1 {}", super::fleet::port_of(2)));
    fleet.write(2, &["SET k v"]);
    assert!(fleet.position(2).offset < old.offset);
    assert!(fleet.run(2, "INFO replication").contains("state=wait_bgsave,offset=0,"));
    assert!(fleet.run(1, "INFO replication").contains("master_link_status:down"));
    assert!(fleet.run(1, "ROLE").ends_with(":-1 "));
    assert_eq!(fleet.position(1), old, "its data are those of the history that it names");
    fleet.part(1, 2);
    fleet.promote(1);
    assert_eq!(fleet.hosts[1].node.history.second, Some((old.history, old.offset + 1)));

    // A replica that acknowledges before it has our data means another history.
    let bench = &mut fleet.hosts[2];
    let replica = bench.connect();
    bench.run_on(replica, "PSYNC ? -1");
    bench.run("SET k w");
    bench.send(replica, b"REPLCONF ACK 1000000\r\n");
    bench.release_disk();
    assert_eq!(bench.run("WAIT 1 1"), "");
    bench.pass(Duration::from_millis(2));
    let client = bench.client;
    assert_eq!(bench.take_received(client), b":0\r\n", "it is online, and has not told that it has the write");
    let end = bench.node.history.offset();
    bench.send(replica, format!("REPLCONF ACK {end}\r\n").as_bytes());
    assert_eq!(bench.run("WAIT 1 1"), ":1 ");
}

/// Pitfall 14. There is no append-only file here; the file that a replica is restarted from names a place in the stream.
#[test]
fn a_restarted_replica_goes_on_from_the_place_of_its_file_whatever_was_in_the_stream() {
    let mut fleet = Fleet::of(2);
    fleet.follow(1, 0);
    fleet.write(0, &["INCR counter", "PUBLISH channel message"]);
    fleet.run(0, "WAIT 1 0");
    fleet.pass(Duration::from_secs(25));
    fleet.write(0, &["INCR counter"]);
    fleet.hosts[1].hold_disk();
    fleet.write(1, &["BGSAVE"]);
    fleet.write(0, &["PUBLISH channel message", "INCR counter", "MULTI", "INCR counter", "RPUSH list a", "EXEC"]);
    fleet.run(0, "WAIT 1 0");
    fleet.pass(Duration::from_secs(11));
    fleet.hosts[1].release_disk();
    fleet.write(0, &["INCR counter"]);
    fleet.restart(1, Some(0));
    assert_eq!(fleet.synced(0), (1, 1));
    fleet.assert_in_step(&[0, 1]);
    assert_eq!(fleet.run(1, "GET counter"), "$1 5 ");
}

/// Pitfall 15.
#[test]
fn a_demoted_master_counts_its_last_pings() {
    let mut bench = Bench::new();
    let replica = bench.connect();
    bench.run_on(replica, "PSYNC ? -1");
    bench.run("SET k v");
    let written = bench.node.history.offset();
    bench.pass(Duration::from_secs(35));
    let end = bench.node.history.position();
    assert_eq!(end.offset, written + 3 * 14, "three PINGs are part of the stream");
    bench.run("REPLICAOF 127.0.0.1 7000");
    let (_, asked) = bench.play_master();
    assert_eq!(asked, request_of(end));
    assert_eq!(bench.node.history.position(), end);

    // Whoever has a PING more than the promoted node was ahead of it: it starts over.
    let mut fleet = Fleet::of(3);
    fleet.chain();
    fleet.write(0, &["RPUSH list a"]);
    fleet.hold(0, 1);
    fleet.pass(Duration::from_secs(11));
    fleet.part(0, 1);
    fleet.promote(1);
    fleet.reconcile(0, 1);
    fleet.follow(0, 1);
    fleet.write(1, &["RPUSH list b"]);
    assert_eq!(fleet.synced(1).0, 2);
    fleet.assert_in_step(&[1, 0, 2]);
}

/// Pitfall 16.
#[test]
fn a_promoted_node_keeps_its_backlog_for_the_replicas_that_come_to_it() {
    let mut fleet = Fleet::with(3, |config| config.repl_backlog_ttl = 10);
    fleet.follow(1, 0);
    fleet.follow(2, 0);
    fleet.pass(Duration::from_secs(30));
    fleet.write(0, &["RPUSH list a"]);
    for host in [1, 2] {
        fleet.part(0, host);
    }
    fleet.promote(1);
    fleet.write(1, &["RPUSH list b"]);
    fleet.pass(Duration::from_secs(8));
    fleet.follow(2, 1);
    assert_eq!(fleet.synced(1), (0, 1), "it came within repl-backlog-ttl of the promotion");
    fleet.assert_in_step(&[1, 2]);
}

#[test]
fn a_master_to_which_no_replica_ever_came_keeps_its_backlog_no_longer_than_the_others() {
    let mut fleet = Fleet::with(2, |config| config.repl_backlog_ttl = 10);
    let has_backlog = |fleet: &Fleet| fleet.hosts[1].node.history.log.is_some();
    let begins: [fn(&mut Fleet); 2] = [|fleet| fleet.promote(1), |fleet| fleet.restart(1, None)];
    for begin in begins {
        fleet.follow(1, 0);
        fleet.write(0, &["INCR counter"]);
        fleet.write(1, &["SAVE"]);
        fleet.pass(Duration::from_secs(12));
        begin(&mut fleet);
        fleet.pass(Duration::from_secs(7));
        assert!(has_backlog(&fleet), "it may yet be asked for");
        fleet.pass(Duration::from_secs(4));
        assert!(!has_backlog(&fleet));
    }
}

/// Pitfall 17.
#[test]
fn a_replica_that_goes_on_from_its_file_can_be_continued_by_others() {
    let mut fleet = Fleet::of(3);
    fleet.follow(1, 0);
    fleet.follow(2, 0);
    fleet.write(0, &["RPUSH list a"]);
    fleet.write(1, &["SAVE"]);
    fleet.restart(1, Some(0));
    assert_eq!(fleet.synced(0), (2, 1));
    fleet.part(0, 2);
    fleet.write(0, &["RPUSH list b"]);
    fleet.part(0, 1);
    fleet.promote(1);
    fleet.write(1, &["RPUSH list c"]);
    fleet.follow(2, 1);
    assert_eq!(fleet.synced(1), (0, 1));
    fleet.assert_in_step(&[1, 2]);
}

/// Pitfall 18.
#[test]
fn a_master_that_cannot_answer_now_costs_no_data_set() {
    let answers: [(&str, Answer); 6] = [
        ("-LOADING", |bench, link| bench.send(link, b"-LOADING Redis is loading the dataset in memory\r\n")),
        ("-NOMASTERLINK", |bench, link| bench.send(link, b"-NOMASTERLINK Can't SYNC while not connected\r\n")),
        ("an end", |bench, link| bench.hang_up(link)),
        ("half an answer", |bench, link| {
            bench.send(link, b"+FULLRES");
            bench.hang_up(link);
        }),
        ("keepalives", |bench, link| {
            bench.send(link, b"\n\n");
            bench.hang_up(link);
        }),
        ("nothing", |bench, _| bench.pass(Duration::from_secs(62))),
    ];
    let mut bench = Bench::new();
    let replica = bench.connect();
    bench.run_on(replica, "PSYNC ? -1");
    bench.run("SET k v");
    let position = bench.node.history.position();
    bench.run("REPLICAOF 127.0.0.1 7000");
    for (name, answer) in answers {
        let (link, asked) = bench.play_master();
        assert_eq!(asked, request_of(position), "before {name}");
        answer(&mut bench, link);
        bench.pass(Duration::from_secs(2));
    }
    let (_, asked) = bench.play_master();
    assert_eq!(asked, request_of(position));
    assert_eq!(bench.run("GET k"), "$1 v ");

    let mut fleet = Fleet::of(3);
    fleet.chain();
    fleet.write(0, &["RPUSH list a"]);
    fleet.part(0, 1);
    fleet.cut(1, 2);
    fleet.pass(Duration::from_secs(5));
    fleet.write(0, &["RPUSH list b"]);
    fleet.join(0, 1);
    assert_eq!((fleet.synced(0), fleet.synced(1)), ((1, 1), (1, 1)));
    fleet.assert_in_step(&[0, 1, 2]);
}
