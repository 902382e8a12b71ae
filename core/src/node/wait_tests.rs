//! Cases of what counts as replicated, for WAIT and min-replicas, and of what a replica may do by itself.

use alloc::format;
use alloc::vec;
use core::time::Duration;

use crate::port::ConnId;

use super::bench::Bench;

/// A data set without keys, its length first.
const EMPTY_DATA_SET: &[u8] = b"$18\r\nREDIS0009\xff\0\0\0\0\0\0\0\0";

/// A replica that is in step and has acknowledged everything.
fn attach_replica(bench: &mut Bench) -> ConnId {
    let replica = bench.connect();
    bench.run_on(replica, "REPLCONF capa eof capa psync2");
    bench.run_on(replica, "PSYNC ? -1");
    bench.pass(Duration::from_secs(6));
    acknowledge_all(bench, replica);
    replica
}

fn acknowledge(bench: &mut Bench, replica: ConnId, offset: u64) {
    bench.send(replica, format!("REPLCONF ACK {offset}\r\n").as_bytes());
}

fn acknowledge_all(bench: &mut Bench, replica: ConnId) {
    let offset = bench.node.history.offset();
    acknowledge(bench, replica, offset);
}

/// Makes the node take over the empty data set of another master at an offset, and be a master again.
fn lose_data_and_promote(bench: &mut Bench, offset: u64) {
    follow_empty_master(bench, offset);
    bench.run_on(bench.client, "REPLICAOF NO ONE");
}

/// Makes the node the replica of a master without data at an offset; returns the link.
fn follow_empty_master(bench: &mut Bench, offset: u64) -> ConnId {
    bench.run_on(bench.client, "REPLICAOF 127.0.0.1 7000");
    let (link, _) = bench.talk_to_psync();
    bench.send(link, format!("+FULLRESYNC {} {offset}\r\n", "c".repeat(40)).as_bytes());
    bench.send(link, EMPTY_DATA_SET);
    assert!(bench.node.follow.as_ref().is_some_and(super::follow::Follow::is_online), "the link is up");
    link
}

#[test]
fn who_has_written_nothing_waits_no_longer_than_for_a_replica_to_be_there() {
    let mut bench = Bench::new();
    let waiting = bench.connect();
    assert_eq!(bench.run_on(waiting, "WAIT 1 0"), "");
    let first = attach_replica(&mut bench);
    assert_eq!(bench.take_received(waiting), b":1\r\n", "one has got everything");
    bench.hang_up(first);
    assert_eq!(bench.run_on(waiting, "WAIT 1 0"), "");
    let again = bench.connect();
    bench.run_on(again, "REPLCONF capa eof capa psync2");
    let id = bench.node.history.id;
    bench.run_on(again, &format!("PSYNC {id} {}", bench.node.history.offset() + 1));
    assert_eq!(bench.take_received(waiting), b":1\r\n", "one goes on");
}

#[test]
fn only_a_replica_s_output_is_collected_and_only_where_the_directive_says_so() {
    for (value, is_collected) in [("no", false), ("yes", true)] {
        let mut bench = Bench::new();
        bench.run(&format!("CONFIG SET repl-disable-tcp-nodelay {value}"));
        let replica = attach_replica(&mut bench);
        let expected = if is_collected { vec![replica] } else { vec![] };
        assert_eq!(bench.collected, expected);
    }
}

#[test]
fn a_write_that_was_lost_with_its_data_is_on_no_replica() {
    let mut bench = Bench::new();
    let replica = attach_replica(&mut bench);
    let writer = bench.connect();
    bench.run_on(writer, "SET k v");
    acknowledge_all(&mut bench, replica);
    assert_eq!(bench.run_on(writer, "WAIT 1 0"), ":1 ");

    lose_data_and_promote(&mut bench, 100_000);
    attach_replica(&mut bench);
    assert_eq!(bench.run_on(writer, "GET k"), "$-1 ");
    assert_eq!(bench.run_on(writer, "WAIT 1 0"), ":0 ", "the replica is far beyond its offset, and has it not");
    let reader = bench.connect();
    assert_eq!(bench.run_on(reader, "GET k\r\nWAIT 1 0"), "$-1 :1 ", "who has lost nothing is told what is");

    let replica = attach_replica(&mut bench);
    bench.run_on(writer, "SET k w");
    assert_eq!(bench.run_on(writer, "WAIT 1 0"), "");
    acknowledge_all(&mut bench, replica);
    assert_eq!(alloc::string::String::from_utf8_lossy(&bench.take_received(writer)), ":1\r\n");
}

#[test]
fn a_write_outlives_a_promotion_of_the_node_that_has_it() {
    let mut bench = Bench::new();
    let writer = bench.connect();
    attach_replica(&mut bench);
    bench.run_on(writer, "SET k v");
    bench.run("REPLICAOF 127.0.0.1 7000");
    bench.run("REPLICAOF NO ONE");
    let replica = attach_replica(&mut bench);
    acknowledge_all(&mut bench, replica);
    assert_eq!(bench.run_on(writer, "WAIT 1 0"), ":1 ");
}

fn persist_all(bench: &mut Bench, replica: ConnId) {
    let offset = bench.node.history.offset();
    bench.send(replica, format!("REPLCONF ACK {offset} FACK {offset}\r\n").as_bytes());
}

#[test]
fn waitaof_is_answered_by_what_is_on_the_disks_of_replicas() {
    let mut bench = Bench::new();
    let (writer, replica) = (bench.connect(), attach_replica(&mut bench));
    attach_replica(&mut bench);
    bench.run_on(writer, "SET k v");
    let wrote = bench.node.history.offset();
    assert_eq!(bench.run_on(writer, "WAITAOF 0 1 500"), "", "nobody has told of a disk");
    acknowledge(&mut bench, replica, wrote);
    assert_eq!(bench.take_received(writer), b"", "memory is no disk");
    bench.send(replica, format!("REPLCONF ACK {wrote} FACK {}\r\n", wrote - 1).as_bytes());
    assert_eq!(bench.take_received(writer), b"", "one byte is missing");
    bench.send(replica, format!("replconf ack {wrote} fack {wrote}\r\n").as_bytes());
    assert_eq!(bench.take_received(writer), b"*2\r\n:0\r\n:1\r\n");
    assert!(bench.run("INFO replication").contains(&format!(",persisted_offset={wrote} ")));
    persist_all(&mut bench, replica);
    assert_eq!(bench.run_on(writer, "WAITAOF 0 2 500"), "");
    bench.pass(Duration::from_millis(500));
    assert_eq!(bench.take_received(writer), b"*2\r\n:0\r\n:1\r\n", "its time is over");
    persist_all(&mut bench, replica);
    assert_eq!(bench.run_on(writer, "MULTI\r\nWAITAOF 0 2 0\r\nEXEC"), "+OK +QUEUED *1 *2 :0 :1 ");
}

#[test]
fn a_write_that_was_lost_with_its_data_is_on_no_disk() {
    let mut bench = Bench::new();
    let replica = attach_replica(&mut bench);
    let writer = bench.connect();
    bench.run_on(writer, "SET k v");
    persist_all(&mut bench, replica);
    assert_eq!(bench.run_on(writer, "WAITAOF 0 1 0"), "*2 :0 :1 ");
    lose_data_and_promote(&mut bench, 100_000);
    let replica = attach_replica(&mut bench);
    persist_all(&mut bench, replica);
    assert_eq!(bench.run_on(writer, "WAITAOF 0 1 0"), "*2 :0 :0 ");
    assert_eq!(bench.run("GET k\r\nWAITAOF 0 1 0"), "$-1 *2 :0 :1 ", "who has lost nothing is told what is");
}

#[test]
fn one_who_waits_for_disks_is_told_when_the_node_becomes_a_replica() {
    let mut bench = Bench::new();
    attach_replica(&mut bench);
    let writer = bench.connect();
    bench.run_on(writer, "SET k v\r\nWAITAOF 0 1 0");
    bench.run("REPLICAOF 127.0.0.1 7000");
    assert!(bench.take_received(writer).starts_with(b"-UNBLOCKED "));
}

#[test]
fn waitaof_looks_at_its_arguments_in_the_order_of_redis() {
    let mut bench = Bench::new();
    let on_replica = "-ERR WAITAOF cannot be used with replica instances. Please also note that writes to replicas are just local \
                      and are not propagated. ";
    let cases = [
        ("0 0 0", "*2 :0 :0 "),
        ("1 0 0", "-ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled. "),
        ("2 x x", "-ERR value is out of range, value must between 0 and 1 "),
        ("-1 0 0", "-ERR value is out of range, value must between 0 and 1 "),
        ("x x x", "-ERR value is not an integer or out of range "),
        ("0 x x", "-ERR value is out of range, must be positive "),
        ("0 -1 0", "-ERR value is out of range, must be positive "),
        ("1 0 x", "-ERR timeout is not an integer or out of range "),
        ("1 0 -1", "-ERR timeout is negative "),
    ];
    for (arguments, expected) in cases {
        assert_eq!(bench.run(&format!("WAITAOF {arguments}")), expected, "{arguments}");
    }
    bench.run("REPLICAOF 127.0.0.1 7000");
    for arguments in ["0 0 0", "1 0 0"] {
        assert_eq!(bench.run(&format!("WAITAOF {arguments}")), on_replica, "{arguments}");
    }
    assert_eq!(bench.run("WAITAOF 2 0 0"), "-ERR value is out of range, value must between 0 and 1 ");
}

#[test]
fn a_replica_that_acknowledges_one_offset_for_ever_stops_counting() {
    let mut bench = Bench::new();
    for setting in ["min-replicas-to-write 1", "min-replicas-max-lag 3"] {
        assert_eq!(bench.run(&format!("CONFIG SET {setting}")), "+OK ");
    }
    let replica = attach_replica(&mut bench);
    bench.pass(Duration::from_secs(1));
    let stuck_at = bench.node.history.offset();
    let mut refused_after = None;
    for second in 0..8 {
        if bench.run("SET k v") != "+OK " {
            refused_after = Some(second);
            break;
        }
        acknowledge(&mut bench, replica, stuck_at);
        bench.pass(Duration::from_secs(1));
    }
    assert!(matches!(refused_after, Some(4..=5)), "{refused_after:?}: its heartbeat is fresh, its data are not");
    acknowledge_all(&mut bench, replica);
    bench.pass(Duration::from_secs(1));
    assert_eq!(bench.run("SET k v"), "+OK ");
}

#[test]
fn a_replica_that_is_silent_stops_counting_though_it_lacks_nothing() {
    let mut bench = Bench::new();
    for setting in ["min-replicas-to-write 1", "min-replicas-max-lag 3"] {
        bench.run(&format!("CONFIG SET {setting}"));
    }
    attach_replica(&mut bench);
    bench.pass(Duration::from_secs(1));
    assert_eq!(bench.run("PING"), "+PONG ");
    bench.pass(Duration::from_secs(5));
    assert_eq!(bench.run("SET k v"), "-NOREPLICAS Not enough good replicas to write. ");
}

#[test]
fn a_replica_counts_once_it_has_told_that_it_has_our_data() {
    let mut bench = Bench::new();
    for setting in ["min-replicas-to-write 1", "repl-diskless-sync no"] {
        bench.run(&format!("CONFIG SET {setting}"));
    }
    let replica = bench.connect();
    bench.run_on(replica, "PSYNC ? -1");
    bench.pass(Duration::from_secs(2));
    assert!(bench.run("INFO replication").contains("state=online"), "the whole file has left for it");
    assert_eq!(bench.run("SET k v"), "-NOREPLICAS Not enough good replicas to write. ");
    acknowledge_all(&mut bench, replica);
    assert_eq!(bench.run("SET k v"), "+OK ");
}

#[test]
fn a_replica_that_goes_stops_counting_at_once() {
    let mut bench = Bench::new();
    bench.run("CONFIG SET min-replicas-to-write 1");
    let replica = attach_replica(&mut bench);
    assert_eq!(bench.run("SET k v"), "+OK ");
    bench.hang_up(replica);
    assert_eq!(bench.run("SET k v"), "-NOREPLICAS Not enough good replicas to write. ");
}

#[test]
fn a_replica_keeps_to_its_own_maxmemory_only_if_it_is_told_to() {
    for (ignores, is_bounded) in [("yes", false), ("no", true)] {
        let mut bench = Bench::new();
        bench.run(&format!("CONFIG SET replica-ignore-maxmemory {ignores} maxmemory-policy allkeys-lru"));
        let link = follow_empty_master(&mut bench, 0);
        let limit = bench.node.used_memory() + 100_000;
        bench.run(&format!("CONFIG SET maxmemory {limit}"));
        for number in 0..1000 {
            let request = format!("*3\r\n$3\r\nSET\r\n$8\r\nkey:{number:04}\r\n$400\r\n{}\r\n", "x".repeat(400));
            bench.send(link, request.as_bytes());
        }
        assert_eq!(bench.run("DBSIZE") != ":1000 ", is_bounded, "{ignores}");
        assert_eq!(bench.node.keyspace.memory_bytes() < 150_000, is_bounded, "{ignores}");
        assert!(bench.node.history.offset() > 400_000, "the stream is applied whole in either case");
    }
}
