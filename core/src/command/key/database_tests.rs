use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::command::ExpiryRule;
use crate::command::bench::Bench;
use crate::resp::Proto;

/// The keys in a reply of bulk strings without blanks in them, from its `skip`th string on, in order.
fn strings(reply: &str, skip: usize) -> Vec<String> {
    let words = reply.split(' ').filter(|word| !word.starts_with(['*', '$']) && !word.is_empty());
    words.skip(skip).map(ToString::to_string).collect()
}

fn sorted(mut keys: Vec<String>) -> Vec<String> {
    keys.sort_unstable();
    keys
}

#[test]
fn keys_lists_what_matches_and_is_alive() {
    let mut bench = Bench::new();
    for key in ["one", "two", "three", "gone"] {
        bench.run(&format!("SET {key} 1"));
    }
    bench.run("PEXPIRE gone 10");
    bench.now_ms += 11;
    assert_eq!(sorted(strings(&bench.run("KEYS *"), 0)), ["one", "three", "two"]);
    assert!(bench.fed().is_empty(), "KEYS removes nothing");
    assert_eq!(sorted(strings(&bench.run("KEYS t*"), 0)), ["three", "two"]);
    assert_eq!(bench.run("KEYS x"), "*0 ");
    bench.expiry = ExpiryRule::Ignore;
    assert_eq!(strings(&bench.run("KEYS *"), 0).len(), 4);
}

#[test]
fn the_empty_key_is_listed() {
    let mut bench = Bench::new();
    bench.run("SET \"\" 1");
    for line in ["KEYS *", "KEYS \"\"", "RANDOMKEY"] {
        assert!(bench.run(line).ends_with("$0  "), "{line}");
    }
    assert_eq!(bench.run("SCAN 0 MATCH *"), "*2 $1 0 *1 $0  ");
}

#[test]
fn a_whole_scan_tells_each_key_once_in_steps_of_about_count() {
    let mut bench = Bench::new();
    for number in 0..3000 {
        bench.run(&format!("SET key:{number} 1"));
    }
    let (mut cursor, mut told, mut steps) = ("0".to_string(), BTreeSet::new(), 0);
    loop {
        let reply = strings(&bench.run(&format!("SCAN {cursor} COUNT 50")), 0);
        assert!(reply.len() <= 1 + 50 + 32, "no more than a segment beyond COUNT");
        for key in &reply[1..] {
            assert!(told.insert(key.clone()), "{key} twice");
        }
        cursor.clone_from(&reply[0]);
        steps += 1;
        if cursor == "0" {
            break;
        }
    }
    assert_eq!(told.len(), 3000);
    assert!((36..=60).contains(&steps), "{steps} steps");
}

#[test]
fn scan_removes_expired_keys_that_match_on_a_master_only() {
    for (rule, fed) in [(ExpiryRule::Remove, "DEL gone"), (ExpiryRule::Hide, "")] {
        let mut bench = Bench::new();
        for key in ["gone", "other", "stays"] {
            bench.run(&format!("SET {key} 1"));
        }
        bench.run("PEXPIRE gone 10");
        bench.run("PEXPIRE other 10");
        bench.now_ms += 11;
        bench.expiry = rule;
        assert_eq!(bench.run("SCAN 0 MATCH [gs]*"), "*2 $1 0 *1 $5 stays ");
        assert_eq!(bench.fed().concat(), fed);
        bench.expiry = ExpiryRule::Ignore;
        assert_eq!(strings(&bench.run("SCAN 0"), 1).len(), if fed.is_empty() { 3 } else { 2 });
    }
}

#[test]
fn scan_filters_by_type_in_any_case_and_refuses_a_bad_cursor() {
    let mut bench = Bench::new();
    bench.run("SET a 1");
    assert_eq!(bench.run("SCAN 0 TYPE STRING"), "*2 $1 0 *1 $1 a ");
    assert_eq!(bench.run("SCAN 0 TYPE hash"), "*2 $1 0 *0 ");
    assert_eq!(bench.run("SCAN x"), "-ERR invalid cursor ");
    assert_eq!(bench.run("SCAN 0 COUNT 0"), "-ERR syntax error ");
    assert_eq!(bench.run("SCAN 0 COUNT 9223372036854775807"), "*2 $1 0 *1 $1 a ");
    assert_eq!(bench.run("SCAN 18446744073709551615"), "*2 $1 0 *0 ");
}

#[test]
fn randomkey_finds_a_living_key_and_ends_where_all_are_hidden() {
    let mut bench = Bench::new();
    assert_eq!(bench.run("RANDOMKEY"), "$-1 ");
    bench.proto = Proto::Resp3;
    assert_eq!(bench.run("RANDOMKEY"), "_ ");
    for number in 0..20 {
        bench.run(&format!("SET gone{number} 1"));
        bench.run(&format!("PEXPIRE gone{number} 10"));
    }
    bench.now_ms += 11;
    bench.expiry = ExpiryRule::Hide;
    assert!(bench.run("RANDOMKEY").contains("gone"));
    bench.expiry = ExpiryRule::Remove;
    bench.run("SET alive 1");
    assert_eq!(bench.run("RANDOMKEY"), "$5 alive ");
    bench.run("DEL alive");
    assert_eq!(bench.run("RANDOMKEY"), "_ ");
    assert_eq!(bench.run("DBSIZE"), ":0 ");
}

#[test]
fn flushes_are_fed_even_if_nothing_was_there() {
    let mut bench = Bench::new();
    for (line, reply) in [("FLUSHALL", "+OK "), ("flushdb ASYNC", "+OK "), ("FLUSHALL sync", "+OK ")] {
        assert_eq!(bench.run(line), reply);
        assert_eq!(bench.fed(), [line]);
    }
    for line in ["FLUSHALL x", "FLUSHDB ASYNC SYNC", "FLUSHDB SYNC SYNC"] {
        assert_eq!(bench.run(line), "-ERR syntax error ");
        assert!(bench.fed().is_empty());
    }
}

#[test]
fn flushdb_empties_one_database_and_flushall_every_one() {
    let mut bench = Bench::new();
    bench.run("SET a 1");
    bench.database = 5;
    bench.run("SET b 1");
    bench.run("FLUSHDB");
    assert_eq!(bench.run("DBSIZE"), ":0 ");
    bench.database = 0;
    assert_eq!(bench.run("DBSIZE"), ":1 ");
    bench.database = 5;
    bench.run("FLUSHALL");
    bench.database = 0;
    assert_eq!(bench.run("DBSIZE"), ":0 ");
}

#[test]
fn swapdb_lets_databases_change_places_with_all_that_is_in_them() {
    let mut bench = Bench::new();
    bench.run("SET a 1 PX 50");
    bench.run("SET b 1");
    bench.database = 5;
    bench.run("SET c 1");
    assert_eq!(bench.run("SwapDB 0 5"), "+OK ");
    assert_eq!(bench.fed(), ["SwapDB 0 5"]);
    assert_eq!(bench.run("DBSIZE"), ":2 ");
    assert_eq!(bench.run("PTTL a"), ":50 ");
    bench.now_ms += 51;
    assert_eq!(bench.run("EXISTS a b c"), ":1 ");
    assert_eq!(bench.fed(), ["DEL a"]);
    bench.database = 0;
    assert_eq!(bench.run("KEYS *"), "*1 $1 c ");
    assert_eq!(bench.run("SWAPDB 3 3"), "+OK ");
    assert_eq!(bench.fed(), ["SWAPDB 3 3"]);
    for (line, error) in [
        ("SWAPDB x y", "-ERR invalid first DB index "),
        ("SWAPDB 0 4294967296", "-ERR invalid second DB index "),
        ("SWAPDB 0 16", "-ERR DB index is out of range "),
        ("SWAPDB -1 0", "-ERR DB index is out of range "),
    ] {
        assert_eq!(bench.run(line), error);
        assert!(bench.fed().is_empty());
    }
}
