use alloc::format;
use alloc::string::String;
use core::time::Duration;

use super::super::bench::Bench;
use super::*;
use crate::config::Config;
use crate::port::{ConnId, DiskFailure};

fn heard(bench: &mut Bench, conn: ConnId) -> String {
    String::from_utf8_lossy(&bench.take_received(conn)).replace("\r\n", " ")
}

#[test]
fn a_pause_of_writes_lets_reads_pass_and_holds_writes_in_their_order() {
    let mut bench = Bench::new();
    let (first, second) = (bench.connect(), bench.connect());
    assert_eq!(bench.run("CLIENT PAUSE 1000 WRITE"), "+OK ");
    assert_eq!(bench.run_on(second, "APPEND k 2\r\nGET k"), "");
    assert_eq!(bench.run_on(first, "APPEND k 1"), "");
    assert_eq!(bench.run_on(first, "PING"), "", "it waits behind the write");
    assert_eq!(bench.run("GET k"), "$-1 ");
    assert!(
        bench.run("CLIENT LIST ID 2").contains(" flags=b ") && bench.run("INFO clients").contains("blocked_clients:2 ")
    );
    bench.pass(Duration::from_millis(999));
    assert_eq!(heard(&mut bench, second), "");
    bench.pass(Duration::from_millis(1));
    assert_eq!(heard(&mut bench, second), ":1 $1 2 ");
    assert_eq!(heard(&mut bench, first), ":2 +PONG ");
    assert!(bench.run("INFO commandstats").contains("cmdstat_append:calls=2,"));
}

#[test]
fn a_pause_of_everything_holds_even_the_command_that_would_end_it() {
    let mut bench = Bench::new();
    bench.run("CLIENT PAUSE 1000");
    assert_eq!(bench.run("CLIENT UNPAUSE"), "");
    let other = bench.connect();
    assert_eq!(
        bench.run_on(other, "NOSUCH"),
        "-ERR unknown command 'NOSUCH', with args beginning with:  ",
        "gates come first"
    );
    assert_eq!(bench.run_on(other, "PING"), "");
    bench.pass(Duration::from_secs(1));
    assert_eq!(heard(&mut bench, other), "+PONG ");
    let client = bench.client;
    assert_eq!(heard(&mut bench, client), "+OK ");
}

#[test]
fn unpause_lets_go_at_once_and_a_second_pause_only_prolongs() {
    let mut bench = Bench::new();
    let other = bench.connect();
    bench.run("CLIENT PAUSE 5000 WRITE");
    bench.run("CLIENT PAUSE 1 WRITE");
    assert_eq!(bench.run_on(other, "SET k v"), "");
    bench.pass(Duration::from_secs(2));
    assert_eq!(heard(&mut bench, other), "");
    assert_eq!(bench.run("CLIENT UNPAUSE"), "+OK ");
    assert_eq!(heard(&mut bench, other), "+OK ");
    assert_eq!(bench.run("SET k v"), "+OK ");
    assert_eq!(bench.node.timers.due(Timer::Pause), None);
}

#[test]
fn exec_with_a_write_waits_as_a_whole_and_one_without_does_not() {
    let mut bench = Bench::new();
    let (writer, reader) = (bench.connect(), bench.connect());
    bench.run_on(writer, "MULTI\r\nGET k\r\nSET k v");
    bench.run_on(reader, "MULTI\r\nGET k");
    bench.run("CLIENT PAUSE 1000 WRITE");
    assert_eq!(bench.run_on(writer, "EXEC"), "");
    assert_eq!(bench.run_on(reader, "EXEC"), "*1 $-1 ");
    bench.pass(Duration::from_secs(1));
    assert_eq!(heard(&mut bench, writer), "*2 $-1 +OK ");
}

#[test]
fn nothing_expires_while_paused_and_everything_due_at_its_end() {
    let mut bench = Bench::new();
    bench.run("SET k v PX 100");
    bench.run("CLIENT PAUSE 1000 WRITE");
    bench.pass(Duration::from_millis(500));
    assert_eq!(bench.run("GET k"), "$-1 ", "it is hidden");
    assert_eq!(bench.run("DBSIZE"), ":1 ");
    bench.pass(Duration::from_millis(520));
    assert_eq!(bench.run("DBSIZE"), ":0 ");
}

#[test]
fn one_that_is_held_back_cannot_be_unblocked_but_killed() {
    let mut bench = Bench::new();
    let other = bench.connect();
    bench.run("CLIENT PAUSE 1000 WRITE");
    bench.run_on(other, "SET k v");
    assert_eq!(bench.run("CLIENT UNBLOCK 2 ERROR"), ":0 ");
    assert_eq!(bench.run("CLIENT UNBLOCK 2"), ":0 ");
    assert_eq!(bench.run("CLIENT KILL ID 2"), ":1 ");
    bench.pass(Duration::from_secs(1));
    assert_eq!(bench.run("EXISTS k"), ":0 ");
}

#[test]
fn replicas_are_not_held_back_and_are_asked_when_the_pause_is_over() {
    let mut bench = Bench::new();
    let (replica, waiter) = (bench.connect(), bench.connect());
    bench.run_on(replica, "REPLCONF capa eof capa psync2");
    bench.run_on(replica, "PSYNC ? -1");
    bench.pass(Duration::from_secs(6));
    bench.send(replica, b"REPLCONF ACK 0\r\n");
    bench.run_on(waiter, "SET k v");
    bench.run("CLIENT PAUSE 1000 WRITE");
    bench.take_received(replica);
    assert_eq!(bench.run_on(waiter, "WAIT 1 0"), "");
    assert!(!heard(&mut bench, replica).contains("GETACK"));
    bench.pass(Duration::from_secs(1));
    assert!(heard(&mut bench, replica).contains("GETACK"));
    let end = bench.node.history.offset();
    bench.run("CLIENT PAUSE 1000");
    bench.send(replica, format!("REPLCONF ACK {end}\r\n").as_bytes());
    assert_eq!(heard(&mut bench, waiter), ":1 ");
}

#[test]
fn the_stream_of_a_master_is_held_back_and_with_it_the_offset() {
    let mut bench = Bench::new();
    bench.run("REPLICAOF 127.0.0.1 7000");
    let link = bench.answer_dial(true);
    for answer in ["+PONG", "+OK", "+OK", "+OK", "+CONTINUE 0123456789012345678901234567890123456789"] {
        bench.send(link, format!("{answer}\r\n").as_bytes());
    }
    let before = bench.node.history.offset();
    bench.run("CLIENT PAUSE 1000 WRITE");
    bench.send(link, b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\n1\r\n*3\r\n$3\r\nSET\r\n");
    bench.send(link, b"$1\r\nl\r\n$1\r\n2\r\n");
    assert_eq!((bench.run("EXISTS k l"), bench.node.history.offset()), (":0 ".into(), before));
    assert!(bench.run("CLIENT LIST TYPE master").contains(" flags=Mb "));
    bench.pass(Duration::from_secs(1));
    assert_eq!(bench.run("EXISTS k l"), ":2 ");
    assert_eq!(bench.node.history.offset(), before + 54);

    // A transaction of which the end comes after the pause has begun.
    bench.send(link, b"*1\r\n$5\r\nMULTI\r\n*2\r\n$3\r\nDEL\r\n$1\r\nk\r\n");
    bench.run("CLIENT PAUSE 1000 WRITE");
    bench.send(link, b"*1\r\n$4\r\nEXEC\r\n");
    assert_eq!(bench.run("EXISTS k l"), ":2 ");
    bench.pass(Duration::from_secs(1));
    assert_eq!(bench.run("EXISTS k l"), ":1 ");
}

#[test]
fn a_stream_that_is_held_back_is_kept_up_to_the_limit_of_any_client() {
    let mut bench = Bench::with(Config { client_query_buffer_limit: 1 << 20, ..Config::default() });
    bench.run("REPLICAOF 127.0.0.1 7000");
    let link = bench.answer_dial(true);
    for answer in ["+PONG", "+OK", "+OK", "+OK", "+CONTINUE 0123456789012345678901234567890123456789"] {
        bench.send(link, format!("{answer}\r\n").as_bytes());
    }
    bench.run("CLIENT PAUSE 1000 WRITE");
    bench.send(link, b"*2\r\n$3\r\nDEL\r\n$1\r\nk\r\n");
    bench.send(link, &[b'x'; (1 << 20) - 100]);
    assert!(bench.closed.is_empty());
    bench.send(link, &[b'x'; 100]);
    assert_eq!(bench.closed, [link]);
}

#[test]
fn a_shutdown_that_waits_for_replicas_holds_writes_until_it_is_given_up() {
    let mut bench = Bench::new();
    let (replica, asker, writer) = (bench.connect(), bench.connect(), bench.connect());
    bench.run_on(replica, "REPLCONF capa eof capa psync2");
    bench.run_on(replica, "PSYNC ? -1");
    bench.pass(Duration::from_secs(6));
    bench.send(replica, b"REPLCONF ACK 0\r\n");
    bench.run("SET k v");
    assert_eq!(bench.run_on(asker, "SHUTDOWN NOSAVE\r\nPING"), "");
    assert_eq!(bench.run_on(writer, "SET k w"), "");
    assert_eq!(bench.run("CLIENT UNPAUSE"), "+OK ", "that is another pause");
    assert_eq!(bench.run("SHUTDOWN ABORT"), "+OK ");
    assert_eq!(heard(&mut bench, writer), "+OK ");
    assert_eq!(heard(&mut bench, asker), "-ERR Errors trying to SHUTDOWN. Check logs. +PONG ");
}

#[test]
fn nothing_changes_beside_the_last_snapshot_unless_it_fails() {
    let mut bench = Bench::new();
    let (asker, writer) = (bench.connect(), bench.connect());
    bench.run("CONFIG SET stop-writes-on-bgsave-error no");
    bench.hold_disk();
    assert_eq!(bench.run_on(asker, "SHUTDOWN SAVE"), "");
    assert_eq!(bench.run_on(writer, "SET k v"), "", "who is told OK now would be told of a write that nobody has");
    bench.append_failure = Some(DiskFailure::NoSpace);
    bench.release_disk();
    assert_eq!(heard(&mut bench, asker), "-ERR Errors trying to SHUTDOWN. Check logs. ");
    assert_eq!(heard(&mut bench, writer), "+OK ");
}

#[test]
fn a_replica_that_writes_its_last_snapshot_takes_no_other_data_set_unless_it_fails() {
    let mut bench = Bench::new();
    let asker = bench.connect();
    bench.run("REPLICAOF 127.0.0.1 7000");
    let (link, _) = bench.play_master();
    bench.hold_disk();
    assert_eq!(bench.run_on(asker, "SHUTDOWN SAVE"), "");
    assert_eq!(bench.closed, [link]);
    bench.pass(Duration::from_secs(20));
    assert!(bench.dialled.is_empty());
    bench.append_failure = Some(DiskFailure::NoSpace);
    bench.release_disk();
    assert_eq!(bench.dialled.len(), 1);
}

#[test]
fn a_pause_is_as_wide_as_the_widest_of_its_reasons() {
    let mut pauses = Pauses::default();
    pauses.begin(PausedFor::Command, Scope::All, Some(Mono(10)));
    pauses.begin(PausedFor::Shutdown, Scope::Write, None);
    pauses.begin(PausedFor::Command, Scope::Write, Some(Mono(5)));
    assert_eq!((pauses.scope, pauses.next_end()), (Some(Scope::All), Some(Mono(10))));
    assert!(pauses.end(|reason, _| reason == PausedFor::Command));
    assert_eq!((pauses.scope, pauses.next_end()), (Some(Scope::Write), None));
    assert!(pauses.end(|reason, _| reason == PausedFor::Shutdown));
    assert!(!pauses.is_any());
}
