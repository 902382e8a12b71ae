use alloc::vec;
use alloc::vec::Vec;

use super::super::bench::Bench;
use super::*;
use crate::replication::Position;

/// A second.
const SECOND: Duration = Duration::from_secs(1);
/// The name of the history that a target goes on under.
const NEW_ID: &str = "dddddddddddddddddddddddddddddddddddddddd";
/// What stands behind PSYNC and its arguments when it asks a replica to take over.
const FAILOVER_WORD: &str = "$8 FAILOVER ";

/// A replica that listens on `port`, is in step and has acknowledged everything.
fn attach_replica(bench: &mut Bench, port: u16) -> ConnId {
    let replica = bench.connect();
    bench.run_on(replica, &format!("REPLCONF listening-port {port} capa eof capa psync2"));
    bench.run_on(replica, "PSYNC ? -1");
    acknowledge_all(bench, replica);
    bench.take_received(replica);
    replica
}

fn acknowledge_all(bench: &mut Bench, replica: ConnId) {
    let offset = bench.node.history.offset();
    bench.send(replica, format!("REPLCONF ACK {offset}\r\n").as_bytes());
}

/// A master with a key, and replicas on ports from 7001 on, all of them in step.
fn bench_with_replicas(count: u16) -> (Bench, Vec<ConnId>) {
    let mut bench = Bench::new();
    bench.run("SET k v");
    let replicas: Vec<ConnId> = (1..=count).map(|number| attach_replica(&mut bench, 7000 + number)).collect();
    bench.run("SET k w");
    for &replica in &replicas {
        acknowledge_all(&mut bench, replica);
        bench.take_received(replica);
    }
    (bench, replicas)
}

/// The same, and the role is on its way to the first.
fn bench_in_progress() -> (Bench, ConnId) {
    let (mut bench, replicas) = bench_with_replicas(1);
    assert_eq!(bench.run("FAILOVER"), "+OK ");
    bench.pass(Duration::ZERO);
    assert_eq!(state(&mut bench), "failover-in-progress");
    (bench, replicas[0])
}

fn state(bench: &mut Bench) -> String {
    let info = bench.run("INFO replication");
    let (_, rest) = info.split_once("master_failover_state:").expect("there is such a line");
    rest.split_whitespace().next().unwrap_or_default().to_string()
}

fn heard(bench: &mut Bench, conn: ConnId) -> String {
    String::from_utf8_lossy(&bench.take_received(conn)).replace("\r\n", " ")
}

fn has_noted(bench: &Bench, line: &str) -> bool {
    bench.notes.iter().any(|note| note == line)
}

/// Answers the node's dial as a server that is asked for PSYNC does, byte by byte; returns the link and the request.
fn meet(bench: &mut Bench) -> (ConnId, String) {
    let link = bench.answer_dial(true);
    for line in ["+PONG\r\n", "+OK\r\n", "+OK\r\n", "+OK\r\n"] {
        bench.take_received(link);
        say(bench, link, line);
    }
    let mut request = heard(bench, link);
    // What its history goes on from it does not tell.
    if request.ends_with("INFO ") {
        say(bench, link, "-NOPERM no\r\n");
        request = heard(bench, link);
    }
    (link, request)
}

fn say(bench: &mut Bench, conn: ConnId, line: &str) {
    for byte in line.as_bytes() {
        bench.send(conn, &[*byte]);
    }
}

/// PSYNC of a node that stands where this one does, and what stands behind its arguments.
fn psync(bench: &Bench, more: &str) -> String {
    let Position { history, offset } = bench.node.history.position();
    let first = (offset + 1).to_string();
    let count = if more.is_empty() { 3 } else { 4 };
    format!("*{count} $5 PSYNC $40 {history} ${} {first} {more}", first.len())
}

#[test]
fn what_cannot_be_handed_over_is_refused_in_redis_words() {
    let mut bench = Bench::new();
    for (line, error) in [
        ("FAILOVER ABORT", "ERR No failover in progress."),
        ("FAILOVER ABORT ABORT", "ERR syntax error"),
        ("FAILOVER ABORT TIMEOUT 100", "ERR syntax error"),
        ("FAILOVER TIMEOUT 100 ABORT", "ERR syntax error"),
        ("FAILOVER TIMEOUT", "ERR syntax error"),
        ("FAILOVER TIMEOUT x", "ERR value is not an integer or out of range"),
        ("FAILOVER TIMEOUT 0", "ERR FAILOVER timeout must be greater than 0"),
        ("FAILOVER TIMEOUT -1", "ERR FAILOVER timeout must be greater than 0"),
        ("FAILOVER TIMEOUT 1 TIMEOUT 1", "ERR syntax error"),
        ("FAILOVER TO h", "ERR syntax error"),
        ("FAILOVER TO h x", "ERR value is not an integer or out of range"),
        ("FAILOVER TO h 1 TO h 1", "ERR syntax error"),
        ("FAILOVER FORCE FORCE", "ERR syntax error"),
        ("FAILOVER", "ERR FAILOVER requires connected replicas."),
    ] {
        assert_eq!(bench.run(line), format!("-{error} "), "{line}");
    }
    attach_replica(&mut bench, 7001);
    for (line, error) in [
        ("FAILOVER FORCE", "ERR FAILOVER with force option requires both a timeout and target HOST and IP."),
        ("FAILOVER FORCE TIMEOUT 1", "ERR FAILOVER with force option requires both a timeout and target HOST and IP."),
        ("FAILOVER TO h 1 FORCE", "ERR FAILOVER with force option requires both a timeout and target HOST and IP."),
        ("FAILOVER TO localhost 7001", "ERR FAILOVER target HOST and PORT is not a replica."),
        ("FAILOVER TO 127.0.0.1 7002", "ERR FAILOVER target HOST and PORT is not a replica."),
        ("FAILOVER TO 127.0.0.1 -1", "ERR FAILOVER target HOST and PORT is not a replica."),
        ("FAILOVER TO 127.0.0.1 72537", "ERR FAILOVER target HOST and PORT is not a replica."),
    ] {
        assert_eq!(bench.run(line), format!("-{error} "), "{line}");
    }
    let waiting = bench.connect();
    bench.run("CONFIG SET repl-diskless-sync-delay 60");
    bench.run_on(waiting, "REPLCONF listening-port 7002 capa eof capa psync2\r\nREPLCONF ip-address 10.0.0.2");
    bench.run_on(waiting, "PSYNC ? -1");
    assert_eq!(bench.run("FAILOVER TO 10.0.0.2 7002"), "-ERR FAILOVER target replica is not online. ");
    assert_eq!(bench.run("FAILOVER TIMEOUT 1000"), "+OK ");
    assert_eq!(bench.run("FAILOVER"), "-ERR FAILOVER already in progress. ");
    assert_eq!(bench.run("FAILOVER TIMEOUT 0"), "-ERR FAILOVER timeout must be greater than 0 ");
    for line in ["REPLICAOF NO ONE", "REPLICAOF h x"] {
        assert_eq!(bench.run(line), "-ERR REPLICAOF not allowed while failing over. ");
    }
    assert_eq!(bench.run("FAILOVER ABORT"), "+OK ");
    bench.run("REPLICAOF 127.0.0.1 7000");
    assert_eq!(bench.run("FAILOVER FORCE"), "-ERR FAILOVER is not valid when server is a replica. ");
}

#[test]
fn a_replica_in_step_takes_over_and_the_stream_goes_on() {
    let (mut bench, _) = bench_with_replicas(1);
    let (writer, popper, waiter) = (bench.connect(), bench.connect(), bench.connect());
    bench.run_on(popper, "BLPOP l 0");
    bench.run_on(waiter, "SET k w\r\nWAIT 2 0");
    let replica = bench.node.replicas[0];
    acknowledge_all(&mut bench, replica);
    let before = bench.node.history.position();
    assert_eq!(bench.run("FAILOVER TO 127.0.0.1 7001 TIMEOUT 5000"), "+OK ");
    assert_eq!(state(&mut bench), "waiting-for-sync");
    assert_eq!(bench.run_on(writer, "SET k x"), "");
    assert_eq!(bench.run("GET k"), "$1 w ");
    bench.pass(Duration::ZERO);

    for line in ["FAILOVER requested to 127.0.0.1:7001.", "Failover target 127.0.0.1:7001 is synced, failing over."] {
        assert!(has_noted(&bench, line), "{line}");
    }
    assert_eq!(state(&mut bench), "failover-in-progress");
    assert_eq!(bench.run("SET k x"), "-READONLY You can't write against a read only slave. ");
    assert_eq!(bench.run("REPLICAOF NO ONE"), "-ERR REPLICAOF not allowed while failing over. ");
    for conn in [popper, waiter] {
        assert!(heard(&mut bench, conn).ends_with(
            "-UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?) "
        ));
        assert!(bench.closed.contains(&conn));
    }
    let stranger = bench.connect();
    assert_eq!(bench.run_on(stranger, "PSYNC ? -1"), "-NOMASTERLINK Can't SYNC while failing over ");

    let (link, request) = meet(&mut bench);
    assert_eq!(request, psync(&bench, FAILOVER_WORD));
    assert_eq!(heard(&mut bench, writer), "", "it is held back until the target has answered");
    say(&mut bench, link, &format!("+CONTINUE {NEW_ID}\r\n"));
    assert_eq!(state(&mut bench), "no-failover");
    assert_eq!(heard(&mut bench, writer), "-READONLY You can't write against a read only slave. ");
    let standing = bench.node.history.standing();
    assert_eq!((bench.node.history.offset(), standing.history.as_str()), (before.offset, NEW_ID));
    assert_eq!(standing.second, Some((before.history, before.offset + 1)));
    say(&mut bench, link, "*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\ny\r\n");
    assert_eq!(bench.run("GET k"), "$1 y ");
    assert_eq!(bench.run("REPLICAOF 127.0.0.1 7001"), "+OK Already connected to specified master ");
}

#[test]
fn nobody_takes_over_before_it_has_acknowledged_everything() {
    let (mut bench, replicas) = bench_with_replicas(2);
    bench.run("SET k x");
    let end = bench.node.history.offset();
    bench.run("FAILOVER TO 127.0.0.1 7002");
    bench.pass(Duration::ZERO);
    acknowledge_all(&mut bench, replicas[0]);
    bench.send(replicas[1], format!("REPLCONF ACK {}\r\n", end - 1).as_bytes());
    bench.pass(SECOND);
    assert_eq!(state(&mut bench), "waiting-for-sync");
    acknowledge_all(&mut bench, replicas[1]);
    assert_eq!(state(&mut bench), "failover-in-progress");
    assert!(has_noted(&bench, "Failover target 127.0.0.1:7002 is synced, failing over."));
}

#[test]
fn whichever_replica_is_in_step_first_takes_over_if_none_was_named() {
    let (mut bench, replicas) = bench_with_replicas(2);
    let nameless = attach_replica(&mut bench, 0);
    bench.run("SET k x");
    bench.run("FAILOVER");
    bench.pass(Duration::ZERO);
    acknowledge_all(&mut bench, nameless);
    assert_eq!(state(&mut bench), "waiting-for-sync", "it cannot be dialled");
    acknowledge_all(&mut bench, replicas[1]);
    acknowledge_all(&mut bench, replicas[0]);
    assert!(has_noted(&bench, "FAILOVER requested to any replica."));
    assert!(has_noted(&bench, "Failover target 127.0.0.1:7002 is synced, failing over."));
    assert!(bench.run("ROLE").starts_with("*5 $5 slave $9 127.0.0.1 :7002 "));
}

#[test]
fn a_target_that_never_catches_up_ends_it_and_nothing_is_lost() {
    let mut bench = Bench::new();
    bench.run("CONFIG SET repl-ping-replica-period 1");
    let replica = attach_replica(&mut bench, 7001);
    bench.run("SET gone x PX 500\r\nSET k x");
    let before = bench.node.history.position();
    bench.run("FAILOVER TIMEOUT 3000");
    let writer = bench.connect();
    assert_eq!(bench.run_on(writer, "APPEND k y"), "");
    for _ in 0..29 {
        bench.pass(Duration::from_millis(100));
        bench.send(replica, b"REPLCONF ACK 1\r\n");
    }
    assert_eq!(state(&mut bench), "waiting-for-sync");
    assert_eq!(bench.node.history.position(), before, "no PING, no expiry, no GETACK");
    bench.take_received(replica);
    bench.pass(Duration::from_millis(200));
    assert!(has_noted(&bench, "FAILOVER to any replica aborted: Replica never caught up before timeout"));
    assert_eq!((state(&mut bench).as_str(), heard(&mut bench, writer).as_str()), ("no-failover", ":2 "));
    assert_eq!(bench.run("GET k"), "$2 xy ");
    assert_eq!(bench.node.history.id, before.history);
    assert_eq!(bench.node.timers.due(Timer::Failover), None);
    bench.pass(SECOND);
    let stream = heard(&mut bench, replica);
    assert!(stream.contains("ping") && stream.contains("gone"), "{stream}");
}

#[test]
fn by_force_it_goes_on_when_the_time_is_over_and_follows_with_everything() {
    let (mut bench, _) = bench_with_replicas(1);
    bench.run("SET k x");
    bench.run("FAILOVER TO 127.0.0.1 7001 FORCE TIMEOUT 2000");
    bench.pass(Duration::from_millis(1999));
    assert_eq!(state(&mut bench), "waiting-for-sync");
    bench.pass(Duration::from_millis(1));
    assert_eq!(state(&mut bench), "failover-in-progress");
    assert!(has_noted(&bench, "FAILOVER to 127.0.0.1:7001 time out exceeded, failing over."));
    let (link, request) = meet(&mut bench);
    assert_eq!(request, psync(&bench, FAILOVER_WORD));
    say(&mut bench, link, &format!("+FULLRESYNC {NEW_ID} 40\r\n$18\r\nREDIS0009\u{1}"));
    assert_eq!(state(&mut bench), "no-failover");
    assert_eq!(bench.run("FAILOVER ABORT"), "-ERR No failover in progress. ");
}

#[test]
fn by_force_it_need_not_wait_for_a_target_that_is_in_step() {
    let (mut bench, _) = bench_with_replicas(1);
    bench.run("FAILOVER TIMEOUT 2000 FORCE TO 127.0.0.1 7001");
    bench.pass(Duration::ZERO);
    assert!(has_noted(&bench, "Failover target 127.0.0.1:7001 is synced, failing over."));
    let (link, _) = meet(&mut bench);
    say(&mut bench, link, &format!("+FULLRESYNC {NEW_ID} 40\r\n"));
    assert!(has_noted(&bench, "FAILOVER to 127.0.0.1:7001 aborted: Failover target rejected psync request"));
}

#[test]
fn abort_lets_writes_go_on_while_it_waits() {
    let (mut bench, _) = bench_with_replicas(1);
    bench.run("SET k x");
    let before = bench.node.history.position();
    bench.run("FAILOVER TO 127.0.0.1 7001 TIMEOUT 9000");
    bench.pass(SECOND);
    let writer = bench.connect();
    assert_eq!(bench.run_on(writer, "APPEND k y"), "");
    assert_eq!(bench.run("CLIENT UNPAUSE"), "+OK ");
    assert_eq!(heard(&mut bench, writer), "", "that is another pause");
    assert_eq!(bench.run("FAILOVER ABORT"), "+OK ");
    assert_eq!(heard(&mut bench, writer), ":2 ");
    assert!(has_noted(&bench, "FAILOVER to 127.0.0.1:7001 aborted: Failover manually aborted"));
    assert_eq!((bench.node.history.id, bench.node.replicas.len()), (before.history, 1));
}

#[test]
fn abort_makes_it_a_master_again_under_a_new_name_while_the_target_is_asked() {
    let (mut bench, replica) = bench_in_progress();
    let before = bench.node.history.position();
    let writer = bench.connect();
    let link = bench.answer_dial(true);
    assert_eq!(bench.run_on(writer, "APPEND k y"), "-READONLY You can't write against a read only slave. ");
    assert_eq!(bench.run("FAILOVER ABORT"), "+OK ");
    assert!(bench.closed.contains(&link) && bench.closed.contains(&replica));
    assert_eq!(bench.run_on(writer, "APPEND k y"), ":2 ");
    assert_eq!(bench.node.history.standing().second, Some((before.history, before.offset + 1)));
    assert!(bench.node.config.replicaof.is_none());
    let back = bench.connect();
    bench.run_on(back, "REPLCONF capa eof capa psync2");
    let request = format!("PSYNC {} {}", before.history, before.offset + 1);
    assert!(bench.run_on(back, &request).starts_with("+CONTINUE "));
}

#[test]
fn a_target_that_refuses_leaves_the_master_what_it_was() {
    for answer in [
        "-ERR PSYNC FAILOVER replid must match my replid.",
        "-LOADING Redis is loading the dataset in memory",
        "-NOMASTERLINK Can't SYNC while not connected with my master",
        "-NOPERM this user has no permissions to run the 'psync' command",
        "+WHAT",
        "+CONTINUE",
        "+FULLRESYNC dddddddddddddddddddddddddddddddddddddddd 9",
    ] {
        let (mut bench, replicas) = bench_with_replicas(1);
        bench.run("FAILOVER");
        let writer = bench.connect();
        assert_eq!(bench.run_on(writer, "APPEND k x"), "");
        bench.pass(Duration::ZERO);
        let before = bench.node.history.position();
        let (link, _) = meet(&mut bench);
        say(&mut bench, link, &format!("{answer}\r\n"));
        assert!(has_noted(&bench, "FAILOVER to 127.0.0.1:7001 aborted: Failover target rejected psync request"));
        assert!(bench.closed.contains(&link) && bench.closed.contains(&replicas[0]), "{answer}");
        assert_eq!((state(&mut bench).as_str(), heard(&mut bench, writer).as_str()), ("no-failover", ":2 "));
        assert_eq!(bench.node.history.standing().second, Some((before.history, before.offset + 1)));
        bench.pass(SECOND * 5);
        assert!(bench.dialled.is_empty(), "{answer}: it follows nobody");
    }
}

#[test]
fn a_target_that_cannot_be_reached_is_dialled_again() {
    let (mut bench, _) = bench_in_progress();
    for _ in 0..5 {
        bench.answer_dial(false);
        bench.pass(SECOND * 2);
        assert_eq!(bench.dialled.len(), 1);
        let link = bench.answer_dial(true);
        bench.hang_up(link);
        bench.pass(SECOND * 2);
    }
    assert_eq!(state(&mut bench), "failover-in-progress");
    let (link, request) = meet(&mut bench);
    assert_eq!(request, psync(&bench, FAILOVER_WORD));
    say(&mut bench, link, &format!("+CONTINUE {NEW_ID}\r\n"));
    assert_eq!(state(&mut bench), "no-failover");
}

#[test]
fn a_target_that_has_obeyed_and_could_not_say_so_is_followed() {
    for (answer, state_after) in [
        (format!("+CONTINUE {NEW_ID}"), "no-failover slave"),
        (format!("+FULLRESYNC {NEW_ID} 0"), "no-failover master"),
        ("-NOMASTERLINK Can't SYNC while not connected with my master".to_string(), "no-failover master"),
        ("-ERR what is PSYNC".to_string(), "no-failover master"),
    ] {
        let (mut bench, _) = bench_in_progress();
        let (link, _) = meet(&mut bench);
        bench.hang_up(link);
        bench.pass(SECOND * 2);
        let (link, request) = meet(&mut bench);
        assert_eq!(request, psync(&bench, FAILOVER_WORD), "perhaps it was never asked");
        say(&mut bench, link, "-ERR PSYNC FAILOVER can't be sent to a master.\r\n");
        bench.pass(SECOND * 2);
        let (link, request) = meet(&mut bench);
        assert_eq!(request, psync(&bench, ""));
        say(&mut bench, link, &format!("{answer}\r\n"));
        let role = if bench.node.follow.is_some() { "slave" } else { "master" };
        assert_eq!(format!("{} {role}", state(&mut bench)), state_after, "{answer}");
    }
}

#[test]
fn a_target_that_was_a_master_and_has_lost_its_own_since_is_not_waited_for() {
    let (mut bench, _) = bench_in_progress();
    let (link, _) = meet(&mut bench);
    say(&mut bench, link, "-ERR PSYNC FAILOVER can't be sent to a master.\r\n");
    bench.pass(SECOND * 2);
    let link = bench.answer_dial(true);
    say(&mut bench, link, "-LOADING Redis is loading the dataset in memory\r\n");
    assert_eq!(state(&mut bench), "failover-in-progress", "it may be a master when it has");
    bench.pass(SECOND * 2);
    let link = bench.answer_dial(true);
    say(&mut bench, link, "-MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.\r\n");
    assert_eq!(state(&mut bench), "no-failover");
    assert!(bench.node.follow.is_none());
}

#[test]
fn a_history_of_the_same_name_is_a_replica_and_not_followed_in_a_circle() {
    let (mut bench, _) = bench_in_progress();
    let id = bench.node.history.id;
    let (link, _) = meet(&mut bench);
    say(&mut bench, link, &format!("+CONTINUE {id}\r\n"));
    assert!(bench.node.follow.is_none());
}

#[test]
fn a_target_that_leaves_during_the_wait_is_waited_for_and_cannot_come_back() {
    let (mut bench, replicas) = bench_with_replicas(2);
    bench.run("SET k x");
    bench.run("FAILOVER TO 127.0.0.1 7001 TIMEOUT 3000");
    bench.pass(Duration::ZERO);
    bench.hang_up(replicas[0]);
    acknowledge_all(&mut bench, replicas[1]);
    bench.pass(SECOND);
    assert_eq!(state(&mut bench), "waiting-for-sync");
    let back = bench.connect();
    bench.run_on(back, "REPLCONF listening-port 7001 capa eof capa psync2");
    let position = bench.node.history.position();
    let request = format!("PSYNC {} {}", position.history, position.offset + 1);
    assert_eq!(bench.run_on(back, &request), "-NOMASTERLINK Can't SYNC while failing over ");
    bench.pass(SECOND * 2);
    assert!(has_noted(&bench, "FAILOVER to 127.0.0.1:7001 aborted: Replica never caught up before timeout"));
    assert_eq!(bench.run("SET k y"), "+OK ");
    assert!(bench.run_on(back, &request).starts_with("+CONTINUE "));
}

#[test]
fn a_transaction_that_fails_over_is_done_first() {
    let (mut bench, replicas) = bench_with_replicas(1);
    bench.run("MULTI\r\nFAILOVER\r\nSET k x");
    assert_eq!(bench.run("EXEC"), "*2 +OK +OK ");
    bench.pass(Duration::ZERO);
    assert_eq!(state(&mut bench), "waiting-for-sync");
    acknowledge_all(&mut bench, replicas[0]);
    assert_eq!(state(&mut bench), "failover-in-progress");
    assert_eq!(bench.run("MULTI\r\nFAILOVER ABORT\r\nDBSIZE\r\nEXEC\r\nSET k y"), "+OK +QUEUED +QUEUED *2 +OK :1 +OK ");
}

#[test]
fn a_replica_takes_over_from_its_own_master_alone() {
    let mut bench = Bench::new();
    attach_replica(&mut bench, 7001);
    let stranger = bench.connect();
    let Position { history, offset } = bench.node.history.position();
    let request = format!("PSYNC {history} {} failover", offset + 1);
    assert_eq!(bench.run_on(stranger, &request), "-ERR PSYNC FAILOVER can't be sent to a master. ");
    bench.run("REPLICAOF 127.0.0.1 7000");
    let (link, _) = meet(&mut bench);
    say(&mut bench, link, "+CONTINUE\r\n");
    for id in [NEW_ID, "?"] {
        let request = format!("PSYNC {id} 1 FAILOVER");
        assert_eq!(bench.run_on(stranger, &request), "-ERR PSYNC FAILOVER replid must match my replid. ");
    }
    assert_eq!(bench.run("SET k v"), "-READONLY You can't write against a read only slave. ");

    let master = bench.connect();
    bench.run_on(master, "REPLCONF listening-port 7000 capa eof capa psync2");
    let request = format!("PSYNC {} {} FAILOVER", history.to_string().to_uppercase(), offset + 1);
    let answer = bench.run_on(master, &request);
    let standing = bench.node.history.standing();
    assert_eq!(answer, format!("+CONTINUE {} ", standing.history));
    assert_eq!(standing.second, Some((history, offset + 1)));
    assert!(bench.closed.contains(&link) && bench.node.follow.is_none());
    assert!(has_noted(
        &bench,
        &format!("Failover request received for replid {}.", history.to_string().to_uppercase())
    ));
    assert!(bench.notes.iter().any(|note| note.starts_with("MASTER MODE enabled (failover request from 'id=")));
    assert_eq!(bench.run("SET k v"), "+OK ");
    assert!(heard(&mut bench, master).starts_with("*2 $6 SELECT $1 0 "), "the stream names its database anew");
}

#[test]
fn the_next_step_follows_from_the_state_the_replicas_and_the_time() {
    let endpoint = |port| Endpoint { host: "h".to_string(), port };
    let waiting = |target: Option<u16>, until: Option<u64>, is_forced| Failover::WaitingForSync {
        target: target.map(endpoint),
        until: until.map(Mono),
        is_forced,
    };
    let in_progress = Failover::InProgress { target: endpoint(1), may_lose_data: false, ask: Ask::TakeOver };
    for (failover, in_step, now, step) in [
        (waiting(None, None, false), vec![], 9, Step::Wait),
        (waiting(None, None, false), vec![2, 1], 9, Step::HandOver(endpoint(2))),
        (waiting(Some(1), None, false), vec![2, 3], 9, Step::Wait),
        (waiting(Some(1), None, false), vec![2, 1], 9, Step::HandOver(endpoint(1))),
        (waiting(None, Some(9), false), vec![1], 8, Step::HandOver(endpoint(1))),
        (waiting(None, Some(9), false), vec![1], 9, Step::GiveUp),
        (waiting(Some(1), Some(9), false), vec![1], 9, Step::GiveUp),
        (waiting(Some(1), Some(9), true), vec![1], 8, Step::HandOver(endpoint(1))),
        (waiting(Some(1), Some(9), true), vec![], 8, Step::Wait),
        (waiting(Some(1), Some(9), true), vec![], 9, Step::HandOverByForce(endpoint(1))),
        (in_progress, vec![1, 2], 99, Step::Wait),
    ] {
        assert_eq!(
            failover.next_step(in_step.iter().copied().map(endpoint), Mono(now)),
            step,
            "{failover:?} {in_step:?}"
        );
    }
}

#[test]
fn a_shutdown_that_waited_for_the_replicas_does_not_cut_into_the_taking_up_of_the_new_master() {
    let (mut bench, replicas) = bench_with_replicas(2);
    let asker = bench.connect();
    bench.run("SET k x");
    bench.run("CONFIG SET stop-writes-on-bgsave-error no");
    bench.append_failure = Some(crate::port::DiskFailure::NoSpace);
    assert_eq!(bench.run_on(asker, "SHUTDOWN SAVE"), "", "the replicas lack a write");
    assert_eq!(bench.run("FAILOVER TO 127.0.0.1 7001 TIMEOUT 100 FORCE"), "+OK ");
    bench.pass(SECOND / 5);
    let (link, _) = meet(&mut bench);
    say(&mut bench, link, &format!("+CONTINUE {NEW_ID}\r\n"));
    bench.pass(SECOND);
    assert!(bench.closed.contains(&replicas[1]), "nobody is left to wait for");
    assert!(has_noted(&bench, "Error trying to save the DB, can't exit."));
    bench.pass(SECOND * 2);
    let (link, _) = meet(&mut bench);
    say(&mut bench, link, &format!("+CONTINUE {NEW_ID}\r\n"));
    assert!(bench.run("INFO replication").contains("master_link_status:up "), "it follows its new master");
}
