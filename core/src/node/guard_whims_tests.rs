//! What a Sentinel's whims, and time, do to a replica in quarantine.

use alloc::format;
use core::time::Duration;

use crate::config::{DisklessLoad, GuardPolicies};

use super::bench::Bench;
use super::guard_tests::{OFFSET, OTHER, THIRD, archives, bereft, data_set_of, offer, send_data_set, state};

/// A replica in quarantine, and a Sentinel.
fn held_off() -> Bench {
    let mut bench = bereft(GuardPolicies::DEFAULT, DisklessLoad::Disabled);
    bench.run("CLIENT SETNAME sentinel-0123abcd-cmd");
    offer(&mut bench, OTHER, 0, 0);
    assert_eq!(state(&mut bench), "quarantine");
    bench.dialled.clear();
    bench
}

#[test]
fn a_sentinel_that_names_the_same_master_otherwise_ends_no_quarantine() {
    let mut bench = held_off();
    bench.run("REPLICAOF localhost 7000");
    for offset in [0, 5000] {
        offer(&mut bench, OTHER, offset, 0);
        assert_eq!((bench.run("DBSIZE"), state(&mut bench)), (":20 ".into(), "quarantine".into()));
        bench.pass(Duration::from_secs(15));
    }
    assert_eq!(archives(&bench.disk).len(), 0);
}

#[test]
fn a_sentinel_that_names_the_same_master_again_says_nothing_new() {
    let mut bench = held_off();
    assert_eq!(bench.run("REPLICAOF 127.0.0.1 7000"), "+OK Already connected to specified master ");
    assert_eq!(state(&mut bench), "quarantine");
}

#[test]
fn whom_a_sentinel_has_promoted_is_followed_behind_an_archive() {
    let mut bench = held_off();
    bench.run("REPLICAOF 127.0.0.1 7001");
    offer(&mut bench, THIRD, OFFSET + 5000, 0);
    assert_eq!((bench.run("DBSIZE"), state(&mut bench)), (":0 ".into(), "armed".into()));
    assert_eq!(archives(&bench.disk).len(), 1);
}

#[test]
fn the_archive_that_was_written_last_is_kept_though_the_clock_was_set_back() {
    let mut bench = bereft(GuardPolicies::DEFAULT, DisklessLoad::Disabled);
    for round in 1..=4_u64 {
        if round == 4 {
            bench.now.wall.0 -= 3_600_000_000;
        }
        let link = offer(&mut bench, &format!("{round}").repeat(40), OFFSET - round, 20);
        bench.hang_up(link);
        bench.pass(Duration::from_secs(1));
    }
    let kept = archives(&bench.disk);
    assert!(kept.len() == 3 && kept.iter().any(|name| name.ends_with("-997.rdb")), "{kept:?}");
}

#[test]
fn what_has_expired_to_the_last_key_is_not_worth_a_quarantine() {
    let mut bench = Bench::new();
    bench.run("REPLICAOF 127.0.0.1 7000");
    let (link, _) = bench.play_master();
    let data = data_set_of(&["SET a 1 EX 100", "SET b 1 EX 20"]);
    send_data_set(&mut bench, link, super::guard_tests::HISTORY, OFFSET, &data);
    bench.hang_up(link);
    bench.pass(Duration::from_secs(30));
    offer(&mut bench, OTHER, 0, 0);
    assert_eq!((bench.run("DBSIZE"), state(&mut bench)), (":2 ".into(), "quarantine".into()), "one lives");
    for _ in 0..4 {
        bench.pass(Duration::from_secs(15));
        offer(&mut bench, OTHER, 0, 0);
    }
    assert_eq!(state(&mut bench), "quarantine", "90 s are over");
    bench.pass(Duration::from_secs(15));
    offer(&mut bench, OTHER, 0, 0);
    assert_eq!((bench.run("DBSIZE"), state(&mut bench)), (":0 ".into(), "armed".into()));
    assert_eq!(archives(&bench.disk).len(), 1, "our clock may be wrong");
}
