use alloc::format;
use alloc::string::String;
use core::time::Duration;

use super::super::bench::Bench;
use crate::port::ConnId;

fn heard(bench: &mut Bench, conn: ConnId) -> String {
    String::from_utf8_lossy(&bench.take_received(conn)).replace("\r\n", " ")
}

/// A bench whose first client speaks RESP3 and tracks with these options, and another client.
fn tracking(options: &str) -> (Bench, ConnId) {
    let mut bench = Bench::new();
    let other = bench.connect();
    bench.run("HELLO 3");
    assert_eq!(bench.run(&format!("CLIENT TRACKING ON {options}")), "+OK ");
    (bench, other)
}

/// Runs requests of the first client (`a`) and of the other (`b`), and compares what the first one receives.
fn check(bench: &mut Bench, other: ConnId, cases: &[(char, &str, &str)]) {
    for (who, line, received) in cases {
        let client = bench.client;
        let text = match who {
            'a' => bench.run(line),
            _ => {
                bench.run_on(other, line);
                heard(bench, client)
            }
        };
        assert_eq!(text, *received, "{line}");
    }
}

#[test]
fn what_was_read_is_told_of_once_when_it_changes() {
    let (mut bench, other) = tracking("");
    check(
        &mut bench,
        other,
        &[
            ('b', "SET k 1", ""),
            ('a', "GET k", "$1 1 "),
            ('a', "GET none", "_ "),
            ('b', "SET k 2", ">2 $10 invalidate *1 $1 k "),
            ('b', "SET k 3", ""),
            ('b', "SET none 1", ">2 $10 invalidate *1 $4 none "),
            ('a', "MGET k none", "*2 $1 3 $1 1 "),
            ('a', "SET k 5", "+OK >2 $10 invalidate *1 $1 k "),
            ('a', "GET k", "$1 5 "),
            ('b', "FLUSHALL", ">2 $10 invalidate _ "),
            ('b', "SET k 1", ""),
            ('a', "GET k", "$1 1 "),
            ('a', "CLIENT TRACKING OFF", "+OK "),
            ('b', "SET k 2", ""),
        ],
    );
}

#[test]
fn a_key_that_expires_has_changed() {
    let (mut bench, other) = tracking("");
    bench.run_on(other, "SET k 1 PX 20");
    bench.run("GET k");
    bench.pass(Duration::from_millis(200));
    let client = bench.client;
    assert_eq!(heard(&mut bench, client), ">2 $10 invalidate *1 $1 k ");
}

#[test]
fn own_changes_are_not_told_with_noloop() {
    let (mut bench, other) = tracking("NOLOOP");
    check(
        &mut bench,
        other,
        &[
            ('a', "GET k", "_ "),
            ('a', "SET k 1", "+OK "),
            ('a', "GET k", "$1 1 "),
            ('b', "SET k 2", ">2 $10 invalidate *1 $1 k "),
        ],
    );
}

#[test]
fn caching_is_about_the_next_command_or_the_next_transaction() {
    let (mut bench, other) = tracking("OPTIN");
    check(
        &mut bench,
        other,
        &[
            ('a', "GET k", "_ "),
            ('b', "SET k 1", ""),
            ('a', "CLIENT CACHING YES", "+OK "),
            ('a', "GET k", "$1 1 "),
            ('a', "GET other", "_ "),
            ('b', "MSET k 2 other 2", ">2 $10 invalidate *1 $1 k "),
            ('a', "CLIENT CACHING YES", "+OK "),
            ('a', "MULTI", "+OK "),
            ('a', "GET k", "+QUEUED "),
            ('a', "EXEC", "*1 $1 2 "),
            ('b', "SET k 3", ">2 $10 invalidate *1 $1 k "),
            (
                'a',
                "CLIENT CACHING NO",
                "-ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode. ",
            ),
        ],
    );
    let (mut bench, other) = tracking("OPTOUT");
    check(
        &mut bench,
        other,
        &[
            ('a', "CLIENT CACHING NO", "+OK "),
            ('a', "GET k", "_ "),
            ('b', "SET k 1", ""),
            ('a', "GET k", "$1 1 "),
            ('b', "SET k 2", ">2 $10 invalidate *1 $1 k "),
        ],
    );
}

#[test]
fn changes_under_a_prefix_are_told_together() {
    let (mut bench, other) = tracking("BCAST PREFIX foo PREFIX b NOLOOP");
    check(
        &mut bench,
        other,
        &[
            ('b', "SET x 1", ""),
            ('b', "MSET foo1 1 foo2 2 b3 1 x 1", ">2 $10 invalidate *1 $2 b3 >2 $10 invalidate *2 $4 foo1 $4 foo2 "),
            ('a', "SET foo1 1", "+OK "),
            ('b', "FLUSHDB", ">2 $10 invalidate _ "),
            (
                'a',
                "CLIENT TRACKING ON BCAST PREFIX fo",
                "-ERR Prefix 'fo' overlaps with an existing prefix 'foo'. Prefixes for a single client must not overlap. ",
            ),
            (
                'a',
                "CLIENT TRACKING ON BCAST PREFIX q PREFIX qq",
                "-ERR Prefix 'q' overlaps with another provided prefix 'qq'. Prefixes for a single client must not overlap. ",
            ),
            (
                'a',
                "CLIENT TRACKINGINFO",
                "%3 $5 flags ~3 $2 on $5 bcast $6 noloop $8 redirect :0 $8 prefixes *2 $1 b $3 foo ",
            ),
        ],
    );
    bench.hang_up(bench.client);
    assert_eq!((bench.node.tracking.clients(), bench.node.tracking.prefixes()), (0, 0));
}

#[test]
fn another_connection_may_be_told_instead_as_long_as_it_is_there() {
    let mut bench = Bench::new();
    let (other, ear) = (bench.connect(), bench.connect());
    bench.run_on(ear, "SUBSCRIBE __redis__:invalidate");
    assert_eq!(bench.run("CLIENT TRACKING ON REDIRECT 3"), "+OK ");
    bench.run("GET k");
    bench.run_on(other, "SET k 1");
    assert_eq!(heard(&mut bench, ear), "*3 $7 message $20 __redis__:invalidate *1 $1 k ");
    bench.run_on(other, "FLUSHALL");
    assert_eq!(heard(&mut bench, ear), "*3 $7 message $20 __redis__:invalidate $-1 ");
    assert!(bench.run_on(other, "CLIENT LIST").contains(" flags=t db=0 "));
    bench.run("HELLO 3");
    bench.run("GET k");
    bench.hang_up(ear);
    bench.run_on(other, "SET k 1");
    let client = bench.client;
    assert_eq!(heard(&mut bench, client), ">2 $21 tracking-redir-broken :3 ");
    assert_eq!(bench.run("CLIENT GETREDIR"), ":3 ");
    assert!(bench.run_on(other, "CLIENT LIST").contains(" flags=tR "));
    assert_eq!(bench.run("CLIENT TRACKING ON REDIRECT 99"), "-ERR The client ID you want redirect to does not exist ");
}

#[test]
fn a_key_gives_way_when_the_table_is_full_and_its_readers_are_told() {
    let (mut bench, other) = tracking("");
    bench.run("CONFIG SET tracking-table-max-keys 2");
    bench.run("MGET a b");
    assert_eq!(bench.run("GET c"), "_ >2 $10 invalidate *1 $1 a ");
    assert_eq!(bench.run("GET d"), "_ >2 $10 invalidate *1 $1 b ");
    assert_eq!((bench.node.tracking.keys(), bench.node.tracking.items()), (2, 2));
    let info = bench.run_on(other, "INFO stats");
    assert!(info.contains("tracking_total_keys:2 tracking_total_items:2 tracking_total_prefixes:0 "), "{info}");
}

#[test]
fn nothing_is_kept_for_those_who_are_gone() {
    let (mut bench, _) = tracking("");
    bench.run("MGET a b");
    bench.run("RESET");
    assert_eq!((bench.node.tracking.keys(), bench.node.tracking.items()), (0, 0));
    assert_eq!(bench.run("CLIENT TRACKINGINFO"), "*6 $5 flags *1 $3 off $8 redirect :-1 $8 prefixes *0 ");
}
