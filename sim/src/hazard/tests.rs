//! Does the study find what is known to be so?

use super::*;

fn outcomes(name: &str, seeds: std::ops::Range<u64>) -> Vec<Outcome> {
    let cell: Cell = name.parse().expect("it is a cell");
    seeds.map(|seed| play(&cell, seed, &[])).collect()
}

/// Some of each: with these seeds the process crashes, and the machine.
const SEEDS: std::ops::Range<u64> = 0..8;

#[test]
fn without_persistence_and_without_guard_everything_is_lost_every_time() {
    assert!(SEEDS.map(Draws::of).any(|draws| draws.is_of_machine), "a machine crashes, too");
    for name in ["off/0.1s/none/allow/star/idle", "off/0.1s/none/allow/chain/writing"] {
        for outcome in outcomes(name, SEEDS) {
            assert!(outcome.is_total && outcome.wiped_replicas == 2, "{name}: {outcome:?}");
            assert_eq!(outcome.unrecoverable, outcome.lost_writes, "{name}: {outcome:?}");
            assert_eq!(outcome.broken, None);
        }
    }
}

#[test]
fn without_persistence_and_with_the_guard_the_data_are_still_there() {
    for name in ["off/0.1s/none/default/star/idle", "no-volume/1s/none/default/star/writing"] {
        for outcome in outcomes(name, SEEDS) {
            assert!(!outcome.is_total && outcome.is_master_empty && outcome.is_recoverable(), "{name}: {outcome:?}");
            assert_eq!((outcome.held_off > 0, outcome.falsely_held_off, outcome.broken), (true, 0, None));
        }
    }
}

#[test]
fn what_is_synced_before_it_is_acknowledged_is_never_lost() {
    for name in ["aof-always/0.1s/none/allow/star/writing", "aof-always/10s/none/default/chain/idle"] {
        for outcome in outcomes(name, SEEDS) {
            assert_eq!(
                (outcome.lost_writes, outcome.wiped_replicas, outcome.held_off),
                (0, 0, 0),
                "{name}: {outcome:?}"
            );
            assert!(!outcome.is_total && !outcome.is_partial && !outcome.is_never_resumed);
            assert_eq!(outcome.broken, None);
        }
    }
}

#[test]
fn a_promoted_replica_has_the_data_whatever_the_old_master_comes_back_with() {
    for outcome in outcomes("off/60s/5s+1s/allow/star/writing", SEEDS) {
        assert!(outcome.has_taken_over && !outcome.is_total && !outcome.is_master_empty, "{outcome:?}");
        assert!(
            !outcome.is_never_resumed && outcome.without_writes_us.is_some_and(|us| us < 20_000_000),
            "{outcome:?}"
        );
    }
}
