use alloc::format;
use alloc::string::String;
use core::time::Duration;

use super::super::bench::Bench;
use crate::port::ConnId;

fn heard(bench: &mut Bench, conn: ConnId) -> String {
    String::from_utf8_lossy(&bench.take_received(conn)).replace("\r\n", " ")
}

/// Runs requests one after the other and compares their replies.
fn check(bench: &mut Bench, cases: &[(&str, &str)]) {
    for (line, reply) in cases {
        assert_eq!(bench.run(line), *reply, "{line}");
    }
}

/// A node that follows a master, and the link to it.
fn replica() -> (Bench, ConnId) {
    let mut bench = Bench::new();
    bench.run("REPLICAOF 127.0.0.1 7000");
    let link = bench.answer_dial(true);
    for answer in ["+PONG", "+OK", "+OK", "+OK", "+CONTINUE 0123456789012345678901234567890123456789"] {
        bench.send(link, format!("{answer}\r\n").as_bytes());
    }
    (bench, link)
}

#[test]
fn subscriptions_are_counted_as_redis_counts_them() {
    check(
        &mut Bench::new(),
        &[
            ("SUBSCRIBE x y x", "*3 $9 subscribe $1 x :1 *3 $9 subscribe $1 y :2 *3 $9 subscribe $1 x :2 "),
            ("PSUBSCRIBE x*", "*3 $10 psubscribe $2 x* :3 "),
            ("SSUBSCRIBE s", "*3 $10 ssubscribe $1 s :1 "),
            ("UNSUBSCRIBE nothing", "*3 $11 unsubscribe $7 nothing :3 "),
            ("UNSUBSCRIBE", "*3 $11 unsubscribe $1 x :2 *3 $11 unsubscribe $1 y :1 "),
            ("UNSUBSCRIBE", "*3 $11 unsubscribe $-1 :1 "),
            ("PUNSUBSCRIBE", "*3 $12 punsubscribe $2 x* :0 "),
            ("SUNSUBSCRIBE s", "*3 $12 sunsubscribe $1 s :0 "),
            ("GET k", "$-1 "),
        ],
    );
}

#[test]
fn a_message_reaches_channels_before_patterns_and_each_in_order_of_subscription() {
    let mut bench = Bench::new();
    let (first, second) = (bench.connect(), bench.connect());
    bench.run_on(second, "PSUBSCRIBE n*");
    bench.run_on(second, "SUBSCRIBE news");
    bench.run_on(first, "SUBSCRIBE news");
    let line: alloc::vec::Vec<_> = bench.node.topics.listeners(super::Topic::Channel, b"news").collect();
    assert_eq!(line, [second, first]);
    assert_eq!(bench.run("PUBLISH news hi"), ":3 ");
    assert_eq!(heard(&mut bench, second), "*3 $7 message $4 news $2 hi *4 $8 pmessage $2 n* $4 news $2 hi ");
    assert_eq!(heard(&mut bench, first), "*3 $7 message $4 news $2 hi ");
    assert_eq!(bench.run("SPUBLISH news hi"), ":0 ");
}

#[test]
fn a_listener_in_resp2_may_do_little_and_in_resp3_anything() {
    let mut bench = Bench::new();
    let refused = |name: &str| {
        format!(
            "-ERR Can't execute '{name}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context "
        )
    };
    bench.run("SUBSCRIBE x");
    assert_eq!(bench.run("GET k"), refused("get"));
    assert_eq!(bench.run("CLIENT LIST"), refused("client|list"));
    check(
        &mut bench,
        &[
            ("PING", "*2 $4 pong $0  "),
            ("PING hi", "*2 $4 pong $2 hi "),
            ("RESET", "+RESET "),
            ("GET k", "$-1 "),
            ("PUBSUB CHANNELS", "*0 "),
        ],
    );
    bench.run("HELLO 3");
    check(
        &mut bench,
        &[
            ("SUBSCRIBE x", ">3 $9 subscribe $1 x :1 "),
            ("GET k", "_ "),
            ("PING", "+PONG "),
            ("PUBLISH x hi", ">3 $7 message $1 x $2 hi :1 "),
            ("UNSUBSCRIBE", ">3 $11 unsubscribe $1 x :0 "),
            ("UNSUBSCRIBE", ">3 $11 unsubscribe _ :0 "),
        ],
    );
}

#[test]
fn subscriptions_and_messages_are_not_silenced_by_client_reply() {
    let mut bench = Bench::new();
    let other = bench.connect();
    assert_eq!(bench.run("CLIENT REPLY OFF"), "");
    assert_eq!(bench.run("SUBSCRIBE x"), "*3 $9 subscribe $1 x :1 ");
    bench.run_on(other, "PUBLISH x hi");
    let client = bench.client;
    assert_eq!(heard(&mut bench, client), "*3 $7 message $1 x $2 hi ");
    assert_eq!(bench.run("PING"), "");
}

#[test]
fn a_transaction_may_subscribe_but_not_to_shard_channels() {
    check(
        &mut Bench::new(),
        &[
            ("MULTI", "+OK "),
            ("SUBSCRIBE x", "+QUEUED "),
            ("SSUBSCRIBE s", "+QUEUED "),
            ("GET k", "+QUEUED "),
            ("EXEC", "*3 *3 $9 subscribe $1 x :1 -ERR SSUBSCRIBE isn't allowed for a DENY BLOCKING client $-1 "),
        ],
    );
}

#[test]
fn pubsub_tells_who_listens() {
    let mut bench = Bench::new();
    let other = bench.connect();
    bench.run_on(other, "SUBSCRIBE news nature");
    bench.run_on(other, "PSUBSCRIBE n*");
    bench.run_on(other, "SSUBSCRIBE shard");
    check(
        &mut bench,
        &[
            ("PUBSUB CHANNELS", "*2 $6 nature $4 news "),
            ("PUBSUB CHANNELS na*", "*1 $6 nature "),
            ("PUBSUB NUMSUB news none", "*4 $4 news :1 $4 none :0 "),
            ("PUBSUB NUMSUB", "*0 "),
            ("PUBSUB NUMPAT", ":1 "),
            ("PUBSUB SHARDCHANNELS", "*1 $5 shard "),
            ("PUBSUB SHARDNUMSUB shard", "*2 $5 shard :1 "),
            (
                "PUBSUB CHANNELS a b",
                "-ERR unknown subcommand or wrong number of arguments for 'CHANNELS'. Try PUBSUB HELP. ",
            ),
        ],
    );
    let info = bench.run("INFO stats");
    assert!(info.contains("pubsub_channels:2 pubsub_patterns:1 pubsubshard_channels:1 "), "{info}");
    assert!(bench.run("CLIENT LIST TYPE pubsub").contains(" flags=P db=0 sub=2 psub=1 ssub=1 "));
    assert_eq!(bench.run("CLIENT KILL TYPE pubsub"), ":1 ");
    check(&mut bench, &[("PUBSUB CHANNELS", "*0 "), ("PUBSUB NUMPAT", ":0 "), ("PUBSUB SHARDCHANNELS", "*0 ")]);
}

#[test]
fn a_listener_is_not_idle_however_long_it_is_silent() {
    let mut bench = Bench::new();
    let other = bench.connect();
    bench.run_on(other, "SUBSCRIBE x");
    bench.run("CONFIG SET timeout 2");
    bench.pass(Duration::from_secs(9));
    assert_eq!(bench.closed, [bench.client]);
}

#[test]
fn who_does_not_read_is_closed_at_the_limit_of_its_class() {
    let mut bench = Bench::new();
    let other = bench.connect();
    bench.run_on(other, "SUBSCRIBE x");
    bench.run("CONFIG SET client-output-buffer-limit \"pubsub 1000 0 0\"");
    bench.run(&format!("PUBLISH x {}", "v".repeat(900)));
    assert!(bench.closed.is_empty());
    assert_eq!(bench.run(&format!("PUBLISH x {}", "v".repeat(1000))), ":1 ");
    assert_eq!(bench.closed, [other]);
    assert_eq!(bench.run("PUBSUB NUMSUB x"), "*2 $1 x :0 ");
}

#[test]
fn what_is_published_is_fed_to_replicas_even_if_nobody_listens() {
    let mut bench = Bench::new();
    let replica = bench.connect();
    bench.run_on(replica, "REPLCONF capa eof capa psync2");
    bench.run_on(replica, "PSYNC ? -1");
    bench.pass(Duration::from_secs(6));
    bench.send(replica, b"REPLCONF ACK 0\r\n");
    heard(&mut bench, replica);
    bench.run("PUBLISH x hi");
    bench.run("SPUBLISH x hi");
    let stream = heard(&mut bench, replica);
    assert!(stream.ends_with("*3 $7 PUBLISH $1 x $2 hi *3 $8 SPUBLISH $1 x $2 hi "), "{stream}");
    for line in ["MULTI", "PUBLISH a b", "SET k v", "EXEC"] {
        bench.run(line);
    }
    let stream = heard(&mut bench, replica);
    assert_eq!(stream, "*1 $5 MULTI *3 $7 PUBLISH $1 a $1 b *3 $3 SET $1 k $1 v *1 $4 EXEC ");
}

#[test]
fn a_replica_passes_on_what_its_master_publishes_and_keeps_its_own_to_itself() {
    let (mut bench, link) = replica();
    bench.run("SUBSCRIBE x");
    let client = bench.client;
    bench.send(link, b"*3\r\n$7\r\nPUBLISH\r\n$1\r\nx\r\n$2\r\nhi\r\n");
    assert_eq!(heard(&mut bench, client), "*3 $7 message $1 x $2 hi ");
    let (before, other) = (bench.node.history.offset(), bench.connect());
    assert_eq!(bench.run_on(other, "PUBLISH x yo"), ":1 ");
    assert_eq!(heard(&mut bench, client), "*3 $7 message $1 x $2 yo ");
    assert_eq!(bench.node.history.offset(), before);
}

#[test]
fn keyspace_events_are_published_by_key_and_by_event_as_asked_for() {
    let mut bench = Bench::new();
    let other = bench.connect();
    bench.run_on(other, "PSUBSCRIBE __key*");
    for (classes, heard_of) in [
        ("K$", "*4 $8 pmessage $6 __key* $16 __keyspace@0__:k $3 set "),
        ("E$", "*4 $8 pmessage $6 __key* $18 __keyevent@0__:set $1 k "),
        ("Eg", ""),
        ("$", ""),
    ] {
        bench.run(&format!("CONFIG SET notify-keyspace-events {classes}"));
        bench.run("SET k v");
        assert_eq!(heard(&mut bench, other), heard_of, "{classes}");
    }
}

#[test]
fn an_expiry_is_published_when_it_happens_and_a_replica_publishes_what_it_applies() {
    let mut bench = Bench::new();
    let other = bench.connect();
    bench.run("CONFIG SET notify-keyspace-events Exg");
    bench.run("SELECT 2");
    bench.run("SET k v PX 20");
    bench.run_on(other, "SUBSCRIBE __keyevent@2__:expired");
    bench.pass(Duration::from_millis(100));
    assert_eq!(heard(&mut bench, other), "*3 $7 message $22 __keyevent@2__:expired $1 k ");

    let (mut bench, link) = replica();
    bench.run("CONFIG SET notify-keyspace-events E$");
    bench.run("SUBSCRIBE __keyevent@0__:set");
    bench.send(link, b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n");
    let client = bench.client;
    assert_eq!(heard(&mut bench, client), "*3 $7 message $18 __keyevent@0__:set $1 k ");
}

#[test]
fn a_pause_of_writes_holds_messages_back() {
    let mut bench = Bench::new();
    let other = bench.connect();
    bench.run_on(other, "SUBSCRIBE x");
    bench.run("CLIENT PAUSE 1000 WRITE");
    assert_eq!(bench.run("PUBLISH x hi"), "");
    assert_eq!(heard(&mut bench, other), "");
    bench.pass(Duration::from_secs(2));
    assert_eq!(heard(&mut bench, other), "*3 $7 message $1 x $2 hi ");
}
