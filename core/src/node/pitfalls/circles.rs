//! Replicas that follow one another in a circle: they are told so, and by which names.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use crate::port::ConnId;

use super::super::bench::Bench;
use super::Fleet;
use super::fleet::port_of;

/// Long enough for links on which nothing comes to be given up, and for each node to ask the next some times.
const A_WHILE: Duration = Duration::from_secs(200);

/// Long enough for a link to be silent, and for a question to go around; far too short for a link to be given up.
const SOME_SECONDS: Duration = Duration::from_secs(5);

fn error_of(fleet: &mut Fleet, host: usize) -> String {
    let text = fleet.run(host, "INFO replication");
    let (_, rest) = text.split_once("master_link_error:").unwrap_or_default();
    let (error, _) = rest.split_once(" slave_priority:").unwrap_or_default();
    error.split(" master_path:").next().unwrap_or_default().into()
}

/// Hosts that follow one another by links that are all up, and the first the last.
fn circle_of(count: usize) -> Fleet {
    let mut fleet = Fleet::of(count);
    fleet.chain();
    fleet.write(0, &["SET k v"]);
    fleet.run(0, &format!("REPLICAOF 127.0.0.1 {}", port_of(count - 1)));
    fleet
}

fn assert_named_by_all(fleet: &mut Fleet) {
    let count = fleet.hosts.len();
    for host in 0..count {
        let names =
            (1..count).map(|step| format!("127.0.0.1:{}, which follows ", port_of((host + count - step) % count)));
        let line: String = names.collect();
        let expected = format!(
            "Cycle of replicas without a master: this node follows {line}this node. Make one of them a master by REPLICAOF NO ONE"
        );
        assert_eq!(error_of(fleet, host), expected, "host {host} of {count}");
    }
}

#[test]
fn a_circle_of_any_length_is_named_within_seconds_by_each_of_its_nodes_and_as_long_as_it_lasts() {
    for count in 2..=5 {
        let mut fleet = circle_of(count);
        let synced: Vec<(u64, u64)> = (0..count).map(|host| fleet.synced(host)).collect();
        fleet.pass(SOME_SECONDS);
        assert_named_by_all(&mut fleet);
        fleet.pass(A_WHILE);
        assert_named_by_all(&mut fleet);
        for (host, before) in synced.into_iter().enumerate() {
            assert_eq!(fleet.synced(host), before, "no link was given up");
            let told = fleet.run(host, "INFO replication");
            assert!(told.contains("master_link_status:down master_last_io_seconds_ago:-1 "), "{told}");
            assert!(told.contains("master_link_down_since_seconds:2"), "more than 200 seconds: {told}");
            assert!(fleet.run(host, "ROLE").contains(" connect :-1 "));
            let told = fleet.hosts[host].notes.iter().filter(|note| note.contains("Cycle of replicas")).count();
            assert_eq!(told, 1, "the log tells it once");
        }
        fleet.promote(1);
        fleet.pass(Duration::from_secs(10));
        fleet.write(1, &["SET k other"]);
        fleet.assert_in_step(&[1, 0]);
        let last = fleet.run(count - 1, "INFO replication");
        assert!(!last.contains("master_path") && !last.contains("master_link_error"), "{last}");
    }
}

#[test]
fn a_circle_of_links_that_were_given_up_is_named_by_each_of_its_nodes() {
    let mut fleet = circle_of(3);
    for (one, other) in [(0, 1), (1, 2), (2, 0)] {
        fleet.part(one, other);
    }
    fleet.pass(Duration::from_secs(1));
    for (one, other) in [(0, 1), (1, 2), (2, 0)] {
        fleet.reconcile(one, other);
    }
    fleet.pass(Duration::from_secs(10));
    assert_named_by_all(&mut fleet);
}

#[test]
fn a_circle_that_carries_no_questions_any_more_is_forgotten_within_seconds_and_found_again() {
    let mut fleet = circle_of(3);
    fleet.pass(SOME_SECONDS);
    assert_named_by_all(&mut fleet);
    fleet.hold(1, 0);
    fleet.pass(SOME_SECONDS);
    for host in 0..3 {
        let told = fleet.run(host, "INFO replication");
        assert!(told.contains("master_link_status:up") && !told.contains("Cycle"), "{told}");
        assert!(!told.contains("master_path"), "{told}");
    }
    fleet.release(1, 0);
    fleet.pass(SOME_SECONDS);
    assert_named_by_all(&mut fleet);
}

#[test]
fn a_circle_that_one_leaves_for_a_master_is_a_line_again_within_seconds() {
    let mut fleet = Fleet::of(4);
    for (host, master) in [(1, 0), (2, 1), (3, 1)] {
        fleet.follow(host, master);
    }
    // 1 and 2 follow each other, and 3 hangs on 1.
    fleet.run(1, &format!("REPLICAOF 127.0.0.1 {}", port_of(2)));
    fleet.pass(SOME_SECONDS);
    assert!(error_of(&mut fleet, 1).contains("Cycle") && error_of(&mut fleet, 2).contains("Cycle"));
    fleet.run(1, &format!("REPLICAOF 127.0.0.1 {}", port_of(0)));
    assert_eq!(error_of(&mut fleet, 1), "");
    fleet.pass(SOME_SECONDS);
    for host in 1..4 {
        let told = fleet.run(host, "INFO replication");
        assert!(told.contains("master_link_status:up") && !told.contains("Cycle"), "{host}: {told}");
    }
}

#[test]
fn a_replica_in_a_circle_serves_nothing_stale_if_it_shall_not() {
    let mut fleet = circle_of(2);
    for host in 0..2 {
        fleet.write(host, &["CONFIG SET replica-serve-stale-data no"]);
    }
    assert_eq!(fleet.run(0, "GET k"), "$1 v ");
    fleet.pass(SOME_SECONDS);
    assert!(fleet.run(0, "GET k").starts_with("-MASTERDOWN"));
    fleet.promote(1);
    fleet.pass(SOME_SECONDS);
    assert_eq!(fleet.run(0, "GET k"), "$1 v ");
}

/// A replica of a master that is played by the test, and which has a replica of its own: the links to the two.
fn relay(answer: &str) -> (Bench, ConnId, ConnId) {
    let mut bench = Bench::new();
    let first = bench.connect();
    bench.run_on(first, "PSYNC ? -1");
    bench.hang_up(first);
    let id = bench.node.history.id;
    bench.run("REPLICAOF 10.0.0.9 7000");
    let (link, _) = bench.play_master();
    bench.send(link, format!("+CONTINUE {id}{answer}\r\n").as_bytes());
    let replica = bench.connect();
    bench.run_on(replica, "REPLCONF listening-port 7001 capa eof capa psync2 capa ancestry");
    let told = bench.run_on(replica, &format!("PSYNC {id} {}", bench.node.history.offset() + 1));
    assert_eq!(told, format!("+CONTINUE {id} ancestry "));
    bench.take_received(link);
    (bench, link, replica)
}

#[test]
fn questions_go_to_masters_that_know_them_and_to_no_others() {
    let asked = "REPLCONF $8 ancestry";
    for (answer, knows) in [("", false), (" ancestry", true)] {
        let (mut bench, link, replica) = relay(answer);
        assert_eq!(bench.run_on(replica, "REPLCONF ancestry other,@h:1"), "");
        bench.pass(Duration::from_secs(10));
        let said = String::from_utf8_lossy(&bench.take_received(link)).replace("\r\n", " ");
        let own = format!("{},@10.0.0.9:7000", bench.node.run_id);
        assert_eq!(said.contains(&own), knows, "its own: {said}");
        let passed_on = format!("other,{}@h:1,@10.0.0.9:7000", bench.node.run_id);
        assert_eq!(said.contains(&passed_on), knows, "what it was asked: {said}");
        assert_eq!(said.contains(asked), knows, "{said}");
        assert!(!bench.run("INFO replication").contains("Cycle"));
    }
}

#[test]
fn nobody_asks_who_has_a_stream_or_no_replica_that_could_pass_it_on() {
    let (mut bench, link, replica) = relay(" ancestry");
    for _ in 0..10 {
        bench.pass(Duration::from_secs(1));
        bench.send(link, b"*1\r\n$4\r\nping\r\n");
    }
    assert!(!String::from_utf8_lossy(&bench.take_received(link)).contains("ancestry"));
    bench.hang_up(replica);
    bench.pass(Duration::from_secs(10));
    assert!(!String::from_utf8_lossy(&bench.take_received(link)).contains("ancestry"));
}

#[test]
fn questions_do_not_pile_up_before_a_master_that_does_not_read() {
    let (mut bench, link, replica) = relay(" ancestry");
    bench.deaf.push(link);
    for _ in 0..5000 {
        bench.run_on(replica, "REPLCONF ancestry other,@some.host.of.an.ordinary.name:6379");
    }
    let waiting = bench.node.connections.get(link).map_or(0, |connection| connection.output.len());
    assert!((32 * 1024..128 * 1024).contains(&waiting), "{waiting}");
}

#[test]
fn a_replica_that_hangs_on_a_circle_is_told_of_it() {
    let mut fleet = Fleet::of(3);
    fleet.chain();
    fleet.run(0, &format!("REPLICAOF 127.0.0.1 {}", port_of(1)));
    let is_told_at_once =
        |fleet: &Fleet| fleet.hosts[1].notes.iter().any(|note| note.contains("is also the master of this node"));
    assert!(is_told_at_once(&fleet));
    fleet.pass(A_WHILE);
    let [zero, one] = [0, 1].map(|host| format!("127.0.0.1:{}", port_of(host)));
    let expected = format!(
        "Cycle of replicas without a master: this node follows {one}, which follows {zero}, which follows {one} again. Make one of them a master by REPLICAOF NO ONE"
    );
    assert_eq!(error_of(&mut fleet, 2), expected);
}

#[test]
fn a_master_whose_own_link_is_down_is_no_circle() {
    let mut fleet = Fleet::of(3);
    fleet.chain();
    fleet.part(0, 1);
    fleet.cut(1, 2);
    fleet.pass(A_WHILE);
    let told = error_of(&mut fleet, 2);
    assert!(told.contains("NOMASTERLINK") && !told.contains("Cycle"), "{told}");
    fleet.join(0, 1);
    fleet.write(0, &["SET k v"]);
    fleet.pass(Duration::from_secs(5));
    fleet.assert_in_step(&[0, 1, 2]);
}
