use alloc::format;
use alloc::string::String;
use core::time::Duration;

use super::super::bench::Bench;
use crate::port::ConnId;

#[test]
fn a_checker_finds_who_waits_too_long_or_for_what_is_there() {
    use super::LeftWaiting;
    use crate::port::{Mono, Now};

    let mut bench = Bench::new();
    bench.node.enable_audit();
    let [popper, writer] = [(); 2].map(|()| bench.connect());
    assert_eq!(bench.run_on(popper, "BLPOP k 2"), "");
    assert_eq!(bench.run_on(writer, "WAIT 1 5000"), "");
    let later = |seconds: u64, bench: &Bench| Now { mono: Mono(bench.now.mono.0 + seconds * 1_000_000), ..bench.now };
    assert_eq!(bench.node.left_waiting(later(1, &bench)), None);
    assert_eq!(bench.node.left_waiting(later(3, &bench)), Some(LeftWaiting::TooLong));
    bench.pass(Duration::from_secs(3));
    assert_eq!(bench.node.left_waiting(bench.now), None, "that one was told");
    assert_eq!(bench.node.left_waiting(later(3, &bench)), Some(LeftWaiting::TooLong), "and this one must be");
    bench.hang_up(writer);
    assert_eq!(bench.node.left_waiting(later(9, &bench)), None);
    bench.take_received(popper);

    assert_eq!(bench.run_on(popper, "BLPOP k 0"), "");
    bench.node.blocked.lines = super::Lines::default();
    bench.run("RPUSH k v");
    assert_eq!(bench.node.left_waiting(bench.now), Some(LeftWaiting::KeyIsThere));
}

/// What came on a connection since the last look, line ends as blanks.
fn heard(bench: &mut Bench, conn: ConnId) -> String {
    String::from_utf8_lossy(&bench.take_received(conn)).replace("\r\n", " ")
}

/// A bench and connections that have sent these, each answered by nothing yet. They are numbers 2, 3, ...
fn waiting<const N: usize>(lines: [&str; N]) -> (Bench, [ConnId; N]) {
    let mut bench = Bench::new();
    let conns = lines.map(|line| {
        let conn = bench.connect();
        assert_eq!(bench.run_on(conn, line), "", "{line}");
        conn
    });
    (bench, conns)
}

/// A replica that is in step: what comes on it from now on is the stream.
fn replica(bench: &mut Bench) -> ConnId {
    let conn = bench.connect();
    bench.run_on(conn, "REPLCONF capa eof capa psync2");
    bench.run_on(conn, "PSYNC ? -1");
    bench.pass(Duration::from_secs(6));
    bench.send(conn, b"REPLCONF ACK 0\r\n");
    bench.take_received(conn);
    conn
}

fn stream(bench: &mut Bench, replica: ConnId) -> String {
    let text = heard(bench, replica);
    let words = text.split(' ').filter(|word| !word.starts_with(['*', '$']) && !word.is_empty());
    words.collect::<alloc::vec::Vec<_>>().join(" ")
}

#[test]
fn those_who_wait_are_served_in_the_order_in_which_they_came() {
    let (mut bench, [first, second, third]) = waiting(["TAKE k 0", "TAKE k 0", "TAKE k 0"]);
    assert_eq!(bench.run("HSET k a 1 b 2"), ":2 ");
    assert_eq!(heard(&mut bench, first), "*2 $1 k $1 a ");
    assert_eq!(heard(&mut bench, second), "*2 $1 k $1 b ");
    assert_eq!(heard(&mut bench, third), "");
    assert_eq!(bench.run("EXISTS k"), ":0 ");
    assert!(bench.run("INFO clients").contains("blocked_clients:1 "));
}

#[test]
fn keys_are_served_in_the_order_in_which_a_transaction_filled_them() {
    let (mut bench, [both, other]) = waiting(["TAKE a b 0", "TAKE a 0"]);
    for line in ["MULTI", "HSET b x 1", "HSET a y 1", "EXEC"] {
        bench.run(line);
    }
    assert_eq!(
        heard(&mut bench, both),
        "*2 $1 b $1 x ",
        "the key that was filled first, not the one that was named first"
    );
    assert_eq!(heard(&mut bench, other), "*2 $1 a $1 y ");
}

#[test]
fn a_key_that_is_gone_at_the_end_of_a_transaction_serves_nobody() {
    let (mut bench, [conn]) = waiting(["TAKE k 0"]);
    for line in ["MULTI", "HSET k x 1", "DEL k", "EXEC"] {
        bench.run(line);
    }
    assert_eq!(heard(&mut bench, conn), "");
    bench.run("HSET k y 1");
    assert_eq!(heard(&mut bench, conn), "*2 $1 k $1 y ");
}

#[test]
fn another_type_serves_nobody() {
    let (mut bench, [conn]) = waiting(["TAKE k 0"]);
    bench.run("SET k v");
    bench.run("APPEND k v");
    assert_eq!(heard(&mut bench, conn), "");
    assert_eq!(bench.run("GET k"), "$2 vv ");
}

#[test]
fn what_is_moved_to_a_key_serves_those_who_wait_for_it() {
    let (mut bench, [last, middle, first]) = waiting(["TAKE c 0", "TAKETO b c 0", "TAKETO a b 0"]);
    bench.run("HSET a x 1");
    assert_eq!(heard(&mut bench, first), "$1 x ");
    assert_eq!(heard(&mut bench, middle), "$1 x ");
    assert_eq!(heard(&mut bench, last), "*2 $1 c $1 x ");
    assert_eq!(bench.run("DBSIZE"), ":0 ");
}

#[test]
fn a_key_that_comes_with_its_database_serves_those_who_wait_for_it() {
    let (mut bench, [first, second, third]) = waiting(["BLPOP k 0", "BLPOP k j 0", "BLPOP string 0"]);
    for line in ["SELECT 1", "RPUSH k a b", "SET string v", "SELECT 0", "SWAPDB 1 0"] {
        bench.run(line);
    }
    assert_eq!(heard(&mut bench, first), "*2 $1 k $1 a ");
    assert_eq!(heard(&mut bench, second), "*2 $1 k $1 b ");
    assert_eq!(heard(&mut bench, third), "");
    assert_eq!(bench.run("KEYS *"), "*1 $6 string ");
}

#[test]
fn who_waits_for_a_group_learns_that_it_went_away_with_its_database() {
    for (there, answer) in [
        ("PING", "-UNBLOCKED the stream key no longer exists "),
        ("XADD s 1-1 a b", "-NOGROUP the consumer group this client was blocked on no longer exists "),
    ] {
        let mut bench = Bench::new();
        let conn = bench.connect();
        for line in ["SELECT 1", there, "SELECT 0", "XGROUP CREATE s g $ MKSTREAM"] {
            bench.run(line);
        }
        assert_eq!(bench.run_on(conn, "XREADGROUP GROUP g c BLOCK 0 STREAMS s >"), "");
        bench.run("SWAPDB 0 1");
        assert_eq!(heard(&mut bench, conn), answer);
    }
}

#[test]
fn an_error_while_served_ends_the_wait_and_counts_as_a_failure() {
    let (mut bench, [wrong, right]) = waiting(["TAKETO a b 0", "TAKE a 0"]);
    bench.run("SET b string");
    bench.run("HSET a x 1");
    assert!(heard(&mut bench, wrong).starts_with("-WRONGTYPE "));
    assert_eq!(heard(&mut bench, right), "*2 $1 a $1 x ");
    let stats = bench.run("INFO commandstats");
    assert!(stats.contains("cmdstat_taketo:calls=1,") && stats.contains("rejected_calls=0,failed_calls=1 "), "{stats}");
}

#[test]
fn a_key_that_comes_into_being_in_any_way_serves() {
    for line in ["RENAME other k", "COPY other k", "MULTI\nSELECT 1\nMOVE k 0\nEXEC"] {
        let (mut bench, [conn]) = waiting(["TAKE k 0"]);
        bench.run("HSET other x 1");
        bench.run("SELECT 1");
        bench.run("HSET k x 1");
        bench.run("SELECT 0");
        for part in line.split('\n') {
            bench.run(part);
        }
        assert_eq!(heard(&mut bench, conn), "*2 $1 k $1 x ", "{line}");
    }
}

#[test]
fn keys_of_another_database_are_other_keys() {
    let (mut bench, [conn]) = waiting(["TAKE k 0"]);
    bench.run("SELECT 1");
    bench.run("HSET k x 1");
    assert_eq!(heard(&mut bench, conn), "");
}

#[test]
fn the_push_is_propagated_first_and_then_the_pop_each_as_a_unit() {
    let (mut bench, [first, _second]) = waiting(["TAKE k 0", "TAKE k 0"]);
    let replica = replica(&mut bench);
    bench.run("HSET k a 1 b 2");
    assert_eq!(stream(&mut bench, replica), "SELECT 0 HSET k a 1 b 2 HDEL k a HDEL k b");
    assert_eq!(heard(&mut bench, first), "*2 $1 k $1 a ");
}

#[test]
fn one_who_goes_on_waiting_keeps_his_place_and_says_nothing() {
    let (mut bench, [many, few, taker]) = waiting(["LOOK k 3", "LOOK k 2", "TAKE k 0"]);
    bench.run("HSET k a 1 b 2");
    assert_eq!(heard(&mut bench, many), "");
    assert_eq!(heard(&mut bench, few), ":2 ");
    assert_eq!(heard(&mut bench, taker), "*2 $1 k $1 a ");
    bench.run("HSET k c 1 d 2");
    assert_eq!(heard(&mut bench, many), ":3 ");
    let stats = bench.run("INFO commandstats");
    assert!(stats.contains("cmdstat_look:calls=2,"), "each counts once: {stats}");
    let stats = bench.run("INFO stats");
    assert!(stats.contains("keyspace_hits:0 keyspace_misses:2 "), "as it was found when they asked: {stats}");
}

#[test]
fn a_removal_wakes_those_alone_who_ask_for_it() {
    for removal in ["DEL k", "RENAME k other", "SET k v", "FLUSHALL", "FLUSHDB"] {
        let (mut bench, [told, untold]) = waiting(["LOOK k 3 REMOVAL", "LOOK k 3"]);
        bench.run("HSET k a 1");
        assert_eq!(heard(&mut bench, told), "");
        bench.run(removal);
        assert!(heard(&mut bench, told).starts_with(if removal == "SET k v" { "-WRONGTYPE" } else { "-UNBLOCKED it" }));
        assert_eq!(heard(&mut bench, untold), "", "{removal}");
    }
}

#[test]
fn a_key_that_expires_is_one_that_is_removed() {
    let (mut bench, [conn]) = waiting(["LOOK k 3 REMOVAL"]);
    bench.run("HSET k a 1");
    bench.run("PEXPIRE k 100");
    assert_eq!(heard(&mut bench, conn), "");
    bench.pass(Duration::from_millis(200));
    assert_eq!(heard(&mut bench, conn), "-UNBLOCKED it is gone ");
}

#[test]
fn a_key_that_is_named_twice_is_waited_for_once() {
    let (mut bench, [twice, once]) = waiting(["TAKE k k 0", "TAKE k 0"]);
    bench.run("HSET k a 1 b 1 c 1");
    assert_eq!(heard(&mut bench, twice), "*2 $1 k $1 a ");
    assert_eq!(heard(&mut bench, once), "*2 $1 k $1 b ");
    assert_eq!(bench.run("HLEN k"), ":1 ");
}

#[test]
fn one_transaction_serves_all_its_keys_after_it_has_ended() {
    let (mut bench, [first, second]) = waiting(["TAKE a 0", "TAKE b 0"]);
    let replica = replica(&mut bench);
    bench.send(bench.client, b"MULTI\r\nHSET b x 1\r\nHSET a y 1\r\nEXISTS a b\r\n");
    let client = bench.client;
    bench.take_received(client);
    assert_eq!(bench.run("EXEC"), "*3 :1 :1 :2 ");
    assert_eq!(stream(&mut bench, replica), "SELECT 0 MULTI HSET b x 1 HSET a y 1 EXEC HDEL b x HDEL a y");
    assert_eq!(heard(&mut bench, first), "*2 $1 a $1 y ");
    assert_eq!(heard(&mut bench, second), "*2 $1 b $1 x ");
}

#[test]
fn a_wait_that_is_in_vain_ends_with_the_null_of_an_array_in_time() {
    let (mut bench, [conn, long]) = waiting(["TAKETO k l 1500", "TAKE k 3000"]);
    assert!(bench.run("INFO clients").contains("clients_in_timeout_table:2 "));
    bench.pass(Duration::from_millis(1499));
    assert_eq!(heard(&mut bench, conn), "");
    bench.pass(Duration::from_millis(1));
    assert_eq!(heard(&mut bench, conn), "*-1 ");
    assert_eq!(heard(&mut bench, long), "");
    bench.pass(Duration::from_millis(1500));
    assert_eq!(heard(&mut bench, long), "*-1 ");
    assert_eq!(bench.run("HSET k a 1"), ":1 ");
    assert_eq!(heard(&mut bench, conn), "", "it waits no more");

    bench.run("DEL k");
    bench.run_on(conn, "HELLO 3");
    bench.run_on(conn, "TAKE k 100");
    bench.pass(Duration::from_millis(100));
    assert_eq!(heard(&mut bench, conn), "_ ");
}

#[test]
fn in_a_transaction_nothing_waits() {
    let mut bench = Bench::new();
    for line in ["MULTI", "TAKE k 0", "TAKETO k l 0"] {
        bench.run(line);
    }
    assert_eq!(bench.run("EXEC"), "*2 *-1 $-1 ");
    assert_eq!(bench.run("PING"), "+PONG ");
}

#[test]
fn requests_behind_the_one_that_waits_follow_in_their_order() {
    let (mut bench, [conn]) = waiting(["TAKE k 0\r\nPING\r\nTAKE k 0\r\nECHO end"]);
    bench.run("HSET k a 1");
    assert_eq!(heard(&mut bench, conn), "*2 $1 k $1 a +PONG ");
    bench.run_on(conn, "ECHO later");
    bench.run("HSET k b 1");
    assert_eq!(heard(&mut bench, conn), "*2 $1 k $1 b $3 end $5 later ");
}

#[test]
fn the_rest_of_a_pusher_s_requests_comes_before_those_of_the_served() {
    let (mut bench, [conn]) = waiting(["TAKE k 0\r\nGET s"]);
    bench.send(bench.client, b"HSET k a 1\r\nSET s v\r\n");
    assert_eq!(heard(&mut bench, conn), "*2 $1 k $1 a $1 v ");
}

#[test]
fn a_reply_that_is_to_be_skipped_is_that_of_the_wait() {
    let (mut bench, [conn]) = waiting(["CLIENT REPLY SKIP\r\nTAKE k 0\r\nPING"]);
    bench.run("HSET k a 1");
    assert_eq!(heard(&mut bench, conn), "+PONG ");
}

#[test]
fn one_who_has_gone_is_passed_over() {
    let (mut bench, [hung_up, killed, third]) = waiting(["TAKE k 0", "TAKE k 100", "TAKE k 0"]);
    bench.hang_up(hung_up);
    assert_eq!(bench.run("CLIENT KILL ID 3"), ":1 ");
    assert_eq!(bench.closed, [killed]);
    bench.pass(Duration::from_secs(1));
    bench.run("HSET k a 1");
    assert_eq!(heard(&mut bench, third), "*2 $1 k $1 a ");
    assert!(bench.run("INFO clients").contains("blocked_clients:0 "));
}

#[test]
fn client_unblock_ends_a_wait_as_a_timeout_or_with_an_error() {
    let (mut bench, [first, second, third]) = waiting(["TAKE k 0\r\nPING", "TAKE k 0", "WAIT 1 0"]);
    assert!(bench.run("CLIENT LIST ID 2").contains(" flags=b "));
    assert_eq!(bench.run("CLIENT UNBLOCK 2"), ":1 ");
    assert_eq!(heard(&mut bench, first), "*-1 +PONG ");
    assert_eq!(bench.run("CLIENT UNBLOCK 2"), ":0 ");
    assert_eq!(bench.run("CLIENT UNBLOCK 3 error"), ":1 ");
    assert_eq!(heard(&mut bench, second), "-UNBLOCKED client unblocked via CLIENT UNBLOCK ");
    assert_eq!(bench.run("CLIENT UNBLOCK 4 TIMEOUT"), ":1 ");
    assert_eq!(heard(&mut bench, third), ":0 ");
    assert!(bench.run("INFO errorstats").contains("errorstat_UNBLOCKED:count=1 "));
    let stats = bench.run("INFO commandstats");
    assert!(stats.contains("cmdstat_take:calls=2,") && stats.contains("failed_calls=2 "), "{stats}");
}

#[test]
fn those_who_wait_are_dismissed_when_the_node_follows_a_master() {
    let (mut bench, [key, replicas]) = waiting(["TAKE k 0\r\nPING", "WAIT 1 0"]);
    let text = "-UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?) ";
    assert_eq!(bench.run("REPLICAOF 127.0.0.1 7000"), "+OK ");
    for conn in [key, replicas] {
        assert_eq!(heard(&mut bench, conn), text);
        assert!(bench.closed.contains(&conn));
    }
    assert!(bench.run("INFO clients").contains("blocked_clients:0 "));
}

#[test]
fn a_key_that_the_master_s_stream_fills_serves_readers_of_a_replica() {
    let mut bench = Bench::new();
    bench.run("REPLICAOF 127.0.0.1 7000");
    let link = bench.answer_dial(true);
    let id = "0123456789012345678901234567890123456789";
    for answer in ["+PONG", "+OK", "+OK", "+OK", &format!("+CONTINUE {id}")] {
        bench.send(link, format!("{answer}\r\n").as_bytes());
    }
    let reader = bench.connect();
    assert_eq!(bench.run_on(reader, "LOOK k 2"), "");
    bench.send(link, b"*4\r\n$4\r\nHSET\r\n$1\r\nk\r\n$1\r\na\r\n$1\r\n1\r\n");
    assert_eq!(heard(&mut bench, reader), "");
    bench.send(link, b"*4\r\n$4\r\nHSET\r\n$1\r\nk\r\n$1\r\nb\r\n$1\r\n1\r\n");
    assert_eq!(heard(&mut bench, reader), ":2 ");
}

#[test]
fn nothing_is_observed_while_nobody_waits() {
    let (mut bench, [conn]) = waiting(["TAKE k 0"]);
    bench.run("HSET k a 1");
    heard(&mut bench, conn);
    bench.run("HSET k a 1");
    assert!(!bench.node.blocked.is_key_awaited() && !bench.node.keyspace.has_touches());
    assert!(!bench.node.blocked.has_business());
}
