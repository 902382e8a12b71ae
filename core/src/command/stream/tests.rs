use crate::command::bench::{Bench, check, check_replies};
use alloc::vec::Vec;

use crate::command::ExpiryRule;

/// What replicas are told is what redis-server 7.0.15 tells them.
#[test]
fn entries_are_fed_with_the_id_they_were_given() {
    let mut bench = Bench::new();
    check(
        &mut bench,
        &[
            ("XADD s 1-1 a 1", "$3 1-1 ", &["XADD s 1-1 a 1"]),
            ("XADD s * a 2", "$15 1000000000000-0 ", &["XADD s 1000000000000-0 a 2"]),
            ("XADD s * a 2", "$15 1000000000000-1 ", &["XADD s 1000000000000-1 a 2"]),
            ("XADD s 1000000000007-* a 2", "$15 1000000000007-0 ", &["XADD s 1000000000007-0 a 2"]),
            ("XADD s 1000000000007-* a 2", "$15 1000000000007-1 ", &["XADD s 1000000000007-1 a 2"]),
            ("XADD s * a 2", "$15 1000000000007-2 ", &["XADD s 1000000000007-2 a 2"]),
            ("XADD s 1000000000008 a 2", "$15 1000000000008-0 ", &["XADD s 1000000000008 a 2"]),
            ("XADD no NOMKSTREAM * a 2", "$-1 ", &[]),
            ("XLEN s", ":7 ", &[]),
            ("XRANGE s 1000000000007 1000000000007 COUNT 1", "*1 *2 $15 1000000000007-0 *2 $1 a $1 2 ", &[]),
            (
                "XREVRANGE s (1000000000007-1 2",
                "*3 *2 $15 1000000000007-0 *2 $1 a $1 2 *2 $15 1000000000000-1 *2 $1 a $1 2 *2 $15 1000000000000-0 *2 $1 a $1 2 ",
                &[],
            ),
            ("XDEL s 1-1 5-5 1-1", ":1 ", &["XDEL s 1-1 5-5 1-1"]),
            ("XDEL s 1-1", ":0 ", &[]),
        ],
    );
    bench.run("XDEL s 1000000000000-0");
    assert_eq!(bench.told(), ["xdel s"]);
}

#[test]
fn an_approximate_trim_is_fed_as_the_exact_one_that_it_came_to() {
    let mut bench = Bench::new();
    bench.config.stream_node_max_entries = 2;
    check(
        &mut bench,
        &[
            ("XADD s 1 a b", "$3 1-0 ", &["XADD s 1 a b"]),
            ("XADD s MAXLEN ~ 1 2 a b", "$3 2-0 ", &["XADD s MAXLEN = 2 2 a b"]),
            ("XADD s MAXLEN ~ 1 3 a b", "$3 3-0 ", &["XADD s MAXLEN = 1 3 a b"]),
            ("XADD s MINID ~ 3 LIMIT 9 4 a b", "$3 4-0 ", &["XADD s MINID = 3-0 LIMIT 9 4 a b"]),
            ("XADD s MAXLEN 2 5 a b", "$3 5-0 ", &["XADD s MAXLEN 2 5 a b"]),
            ("XDEL s 4", ":1 ", &["XDEL s 4"]),
            ("XTRIM s MINID ~ 5", ":0 ", &[]),
            ("XTRIM s MAXLEN ~ 0 LIMIT 0", ":1 ", &["XTRIM s MAXLEN = 0 LIMIT 0"]),
            ("XADD s MINID ~ 9 6 a b", "$3 6-0 ", &["XADD s MINID = 18446744073709551615-18446744073709551615 6 a b"]),
            ("XTRIM s MAXLEN = 0", ":0 ", &[]),
        ],
    );
    bench.run("XADD s MAXLEN 1 7 a b");
    assert_eq!(bench.told(), ["xadd s"]);
    bench.run("XADD s MAXLEN 1 8 a b");
    assert_eq!(bench.told(), ["xadd s", "xtrim s"]);
    // A master has decided already: what it says is exact, whatever limit it was given.
    bench.expiry = ExpiryRule::Ignore;
    assert_eq!(bench.run("XTRIM s MAXLEN = 0 LIMIT 1"), ":1 ");
}

#[test]
fn a_delivery_is_fed_as_a_claim() {
    let mut bench = Bench::new();
    check(
        &mut bench,
        &[
            ("XADD s 1 a b", "$3 1-0 ", &["XADD s 1 a b"]),
            ("XADD s 2 a b", "$3 2-0 ", &["XADD s 2 a b"]),
            ("XADD s 3 a b", "$3 3-0 ", &["XADD s 3 a b"]),
            ("XGROUP CREATE s g 0", "+OK ", &["XGROUP CREATE s g 0"]),
            (
                "XREADGROUP GROUP g one COUNT 1 STREAMS s >",
                "*1 *2 $1 s *1 *2 $3 1-0 *2 $1 a $1 b ",
                &["XCLAIM s g one 0 1-0 TIME 1000000000000 RETRYCOUNT 1 FORCE JUSTID LASTID 1-0"],
            ),
            ("XREADGROUP GROUP g one STREAMS s 0", "*1 *2 $1 s *1 *2 $3 1-0 *2 $1 a $1 b ", &[]),
            (
                "XREADGROUP GROUP g two NOACK COUNT 1 STREAMS s >",
                "*1 *2 $1 s *1 *2 $3 2-0 *2 $1 a $1 b ",
                &["XGROUP CREATECONSUMER s g two", "XGROUP SETID s g 2-0 ENTRIESREAD 2"],
            ),
            (
                "XCLAIM s g two 0 1-0 9-9 JUSTID",
                "*1 $3 1-0 ",
                &["XCLAIM s g two 0 1-0 TIME 1000000000000 RETRYCOUNT 2 FORCE JUSTID LASTID 2-0"],
            ),
            ("XCLAIM s g three 5 1", "*0 ", &[]),
            ("XCLAIM s g two 0 9 LASTID 3", "*0 ", &["XGROUP SETID s g 3-0 ENTRIESREAD 2"]),
            (
                "XCLAIM s g three 0 3 FORCE TIME 5 RETRYCOUNT 7",
                "*1 *2 $3 3-0 *2 $1 a $1 b ",
                &["XCLAIM s g three 0 3 TIME 5 RETRYCOUNT 7 FORCE JUSTID LASTID 3-0"],
            ),
            ("XDEL s 1", ":1 ", &["XDEL s 1"]),
            (
                "XAUTOCLAIM s g four 0 - COUNT 1 JUSTID",
                "*3 $3 3-0 *0 *1 $3 1-0 ",
                &["XCLAIM s g two 0 1-0 TIME 1000000000000 RETRYCOUNT 2 FORCE JUSTID LASTID 3-0"],
            ),
            (
                "XAUTOCLAIM s g four 0 - COUNT 1",
                "*3 $3 0-0 *1 *2 $3 3-0 *2 $1 a $1 b *0 ",
                &["XCLAIM s g four 0 3-0 TIME 1000000000000 RETRYCOUNT 8 FORCE JUSTID LASTID 3-0"],
            ),
            ("XPENDING s g", "*4 :1 $3 3-0 $3 3-0 *1 *2 $4 four $1 1 ", &[]),
            ("XPENDING s g IDLE 0 - + 9 four", "*1 *4 $3 3-0 $4 four :0 :8 ", &[]),
            ("XPENDING s g - (3-0 9", "*0 ", &[]),
            ("XACK s g 3 1", ":1 ", &["XACK s g 3 1"]),
            ("XACK s g 3", ":0 ", &[]),
            ("XPENDING s g", "*4 :0 $-1 $-1 *-1 ", &[]),
        ],
    );
}

#[test]
fn a_consumer_is_met_when_there_is_something_for_it() {
    let mut bench = Bench::new();
    for line in ["XADD s 1 a b", "XGROUP CREATE s g $", "XCLAIM s g one 0 1", "XAUTOCLAIM s g one 0 0"] {
        bench.run(line);
    }
    assert_eq!(bench.run("XREADGROUP GROUP g one STREAMS s >"), "*-1 ");
    assert_eq!(bench.run("XINFO CONSUMERS s g"), "*0 ");
    bench.run("XREADGROUP GROUP g one STREAMS s 0");
    assert_eq!(bench.told(), ["xgroup-createconsumer s"]);
    assert!(bench.fed().is_empty());
    bench.now_ms += 30;
    assert_eq!(bench.run("XINFO CONSUMERS s g"), "*1 *6 $4 name $3 one $7 pending :0 $4 idle :30 ");
}

#[test]
fn groups_are_made_and_removed_in_redis_words() {
    let mut bench = Bench::new();
    bench.run("SET str x");
    check(
        &mut bench,
        &[
            ("XGROUP CREATE s g $ MKSTREAM ENTRIESREAD 4", "+OK ", &["XGROUP CREATE s g $ MKSTREAM ENTRIESREAD 4"]),
            ("XGROUP CREATE s g $", "-BUSYGROUP Consumer Group name already exists ", &[]),
            ("XGROUP CREATE s h - ", "-ERR Invalid stream ID specified as stream command argument ", &[]),
            ("XGROUP CREATE s h 0 ENTRIESREAD -2", "-ERR value for ENTRIESREAD must be positive or -1 ", &[]),
            (
                "XGROUP SETID s g 0 MKSTREAM",
                "-ERR unknown subcommand or wrong number of arguments for 'SETID'. Try XGROUP HELP. ",
                &[],
            ),
            ("XGROUP SETID s no 0", "-NOGROUP No such consumer group 'no' for key name 's' ", &[]),
            ("XGROUP CREATE str g 0", "-WRONGTYPE Operation against a key holding the wrong kind of value ", &[]),
            ("XGROUP CREATECONSUMER s g one", ":1 ", &["XGROUP CREATECONSUMER s g one"]),
            ("XGROUP CREATECONSUMER s g one", ":0 ", &[]),
            ("XGROUP DELCONSUMER s g one", ":0 ", &["XGROUP DELCONSUMER s g one"]),
            ("XGROUP DELCONSUMER s g one", ":0 ", &[]),
            ("XGROUP SETID s g 5 ENTRIESREAD 6", "+OK ", &["XGROUP SETID s g 5 ENTRIESREAD 6"]),
            ("XGROUP DESTROY s g", ":1 ", &["XGROUP DESTROY s g"]),
            ("XGROUP DESTROY s g", ":0 ", &[]),
        ],
    );
    for (line, event) in [
        ("XGROUP CREATE s g 0", "xgroup-create s"),
        ("XGROUP SETID s g 1", "xgroup-setid s"),
        ("XGROUP CREATECONSUMER s g one", "xgroup-createconsumer s"),
        ("XGROUP DELCONSUMER s g one", "xgroup-delconsumer s"),
        ("XSETID s 7", "xsetid s"),
        ("XGROUP DESTROY s g", "xgroup-destroy s"),
    ] {
        bench.run(line);
        assert_eq!(bench.told(), [event], "{line}");
    }
}

#[test]
fn errors_come_in_redis_words_and_order() {
    let mut bench = Bench::new();
    bench.run("SET str x");
    bench.run("XADD s 5-5 a b");
    check_replies(
        &mut bench,
        &[
            ("XADD str 0-0 a b", "-ERR The ID specified in XADD must be greater than 0-0 "),
            ("XADD str 1-0 a b", "-WRONGTYPE Operation against a key holding the wrong kind of value "),
            ("XADD str 1-0 a b c", "-ERR wrong number of arguments for 'xadd' command "),
            ("XADD s 5-5 a b", "-ERR The ID specified in XADD is equal or smaller than the target stream top item "),
            (
                "XADD s MAXLEN 1 MINID 1 * a b",
                "-ERR syntax error, MAXLEN and MINID options at the same time are not compatible ",
            ),
            ("XADD s LIMIT 1 * a b", "-ERR syntax error, LIMIT cannot be used without specifying a trimming strategy "),
            ("XADD s MAXLEN 1 LIMIT 1 * a b", "-ERR syntax error, LIMIT cannot be used without the special ~ option "),
            ("XTRIM s MAXLEN -1", "-ERR The MAXLEN argument must be >= 0. "),
            ("XTRIM s LIMIT 0", "-ERR syntax error, XTRIM must be called with a trimming strategy "),
            ("XSETID no 1", "-ERR no such key "),
            ("XSETID s 5-4", "-ERR The ID specified in XSETID is smaller than the target stream top item "),
            (
                "XSETID s 6 ENTRIESADDED 0",
                "-ERR The entries_added specified in XSETID is smaller than the target stream length ",
            ),
            (
                "XSETID s 6 MAXDELETEDID 7",
                "-ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id ",
            ),
            ("XRANGE s (18446744073709551615-18446744073709551615 +", "-ERR invalid start ID for the interval "),
            ("XRANGE s - (0-0", "-ERR invalid end ID for the interval "),
            ("XRANGE s - + COUNT 0", "*-1 "),
            ("XRANGE no - + COUNT 0", "*0 "),
            (
                "XREAD STREAMS s t 0",
                "-ERR Unbalanced XREAD list of streams: for each stream key an ID or '$' must be specified. ",
            ),
            (
                "XREADGROUP GROUP g one STREAMS s >",
                "-NOGROUP No such key 's' or consumer group 'g' in XREADGROUP with GROUP option ",
            ),
            ("XREADGROUP COUNT 1 NOACK STREAMS s >", "-ERR Missing GROUP option for XREADGROUP "),
            ("XREAD BLOCK -1 STREAMS s 0", "-ERR timeout is negative "),
            ("XPENDING s g", "-NOGROUP No such key 's' or consumer group 'g' "),
            ("XPENDING s g - +", "-ERR syntax error "),
            ("XCLAIM s g one 0 1 FOO", "-NOGROUP No such key 's' or consumer group 'g' "),
            ("XAUTOCLAIM no g one 0 0 COUNT 0", "-ERR COUNT must be > 0 "),
            ("XINFO STREAM no FOO", "-ERR no such key "),
            (
                "XINFO STREAM s FOO",
                "-ERR unknown subcommand or wrong number of arguments for 'STREAM'. Try XINFO HELP. ",
            ),
        ],
    );
    bench.run("XADD s 18446744073709551615-18446744073709551615 a b");
    assert_eq!(
        bench.run("XADD s * a b"),
        "-ERR The stream has exhausted the last possible ID, unable to add more items "
    );
}

#[test]
fn a_reader_waits_for_what_comes_after_what_was_there() {
    let mut bench = Bench::new();
    bench.run("XADD s 5-5 a b");
    bench.run("XREAD COUNT 2 BLOCK 30 STREAMS s t $ 0");
    let block = bench.block.take().expect("it waits");
    assert_eq!((block.timeout_ms, block.type_name, block.wakes_on_removal), (Some(30), "stream", false));
    let words: Vec<&[u8]> = block.request.iter().flatten().map(Vec::as_slice).collect();
    assert_eq!(words.join(&b' '), b"XREAD COUNT 2 BLOCK 30 STREAMS s t 5-5 0-0");
    assert_eq!(bench.run("XREAD STREAMS s t $ 0"), "*-1 ");
    assert!(bench.block.is_none());
    bench.run("XGROUP CREATE s g $");
    bench.run("XREADGROUP GROUP g one BLOCK 0 STREAMS s >");
    let block = bench.block.take().expect("it waits");
    assert_eq!((block.timeout_ms, block.wakes_on_removal), (None, true));
    assert!(block.request.is_none());
}

#[test]
fn maps_are_maps_in_resp3() {
    let mut bench = Bench::new();
    bench.proto = crate::resp::Proto::Resp3;
    bench.run("XADD s 1 a b");
    bench.run("XGROUP CREATE s g 0");
    check_replies(
        &mut bench,
        &[
            ("XREAD STREAMS s 0", "%1 $1 s *1 *2 $3 1-0 *2 $1 a $1 b "),
            ("XREAD STREAMS s $", "_ "),
            ("XRANGE s - +", "*1 *2 $3 1-0 *2 $1 a $1 b "),
            (
                "XINFO GROUPS s",
                "*1 %6 $4 name $1 g $9 consumers :0 $7 pending :0 $17 last-delivered-id $3 0-0 $12 entries-read _ $3 lag :1 ",
            ),
            (
                "XINFO STREAM s",
                "%10 $6 length :1 $15 radix-tree-keys :1 $16 radix-tree-nodes :2 $17 last-generated-id $3 1-0 $20 max-deleted-entry-id $3 0-0 $13 entries-added :1 $23 recorded-first-entry-id $3 1-0 $6 groups :1 $11 first-entry *2 $3 1-0 *2 $1 a $1 b $10 last-entry *2 $3 1-0 *2 $1 a $1 b ",
            ),
            (
                "XINFO STREAM s FULL COUNT 1",
                "%9 $6 length :1 $15 radix-tree-keys :1 $16 radix-tree-nodes :2 $17 last-generated-id $3 1-0 $20 max-deleted-entry-id $3 0-0 $13 entries-added :1 $23 recorded-first-entry-id $3 1-0 $7 entries *1 *2 $3 1-0 *2 $1 a $1 b $6 groups *1 %7 $4 name $1 g $17 last-delivered-id $3 0-0 $12 entries-read _ $3 lag :1 $9 pel-count :0 $7 pending *0 $9 consumers *0 ",
            ),
        ],
    );
}
