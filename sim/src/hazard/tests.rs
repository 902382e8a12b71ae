//! Does the study find what is known to be so?

use super::*;
use crate::client::Acknowledged;
use crate::world::World;

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

/// What clients were told by the time of the crash, and when.
fn told_until_crash(name: &str, seed: u64) -> Vec<Acknowledged> {
    let cell: Cell = name.parse().expect("it is a cell");
    let Shown { plan, crash_at, .. } = Shown::of(&cell, seed, &[]);
    let mut world = World::new(plan);
    world.begin();
    while world.queue.next_at().is_some_and(|next| next < crash_at) && world.step() {}
    world.clients[staging::WRITER].acknowledged().to_vec()
}

/// Nodes with a guard write down what they have, in a small file; of that clients do not hear.
#[test]
fn clients_are_told_the_same_at_the_same_time_up_to_the_crash_whatever_comes_after_it() {
    for seed in 0..3 {
        let told = told_until_crash("rdb-60/0.1s/none/allow/star/writing", seed);
        for other in ["rdb-60/60s/none/default/star/writing", "rdb-60/1s/none/refuse/star/writing"] {
            assert!(told_until_crash(other, seed) == told, "{other}, seed {seed}");
        }
        assert!(told.len() > 600 && told_until_crash("off/1s/none/allow/star/writing", seed + 1) != told);
    }
}
