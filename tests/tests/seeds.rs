//! Seeded simulations: a few hundred by default, exactly those that the environment names otherwise.
//!
//! `AFTERIMAGE_SEED=n` runs one seed, `AFTERIMAGE_SEEDS=a..b` a range. A failing seed says how to replay it.

use std::ops::Range;
use std::process::Command;

use afterimage_sim::scenario::Scenario;
use afterimage_sim::{Changes, Only, Outcome, Plan, replay, run_plan, run_seed};
use afterimage_tests::our_simulator;

/// Seeds that every test run covers.
const SEEDS_BY_DEFAULT: Range<u64> = 0..300;
/// Seeds that once found a defect.
const SEEDS_THAT_FOUND: [u64; 2] = [701_326, 704_229];
/// Seeds that did so when nothing but crashes was let happen.
const SEEDS_OF_CRASHES_THAT_FOUND: [u64; 1] = [3775];
/// Threads over which they are spread.
const THREADS_MAX: u64 = 8;

fn seeds() -> Range<u64> {
    let from_environment = |name: &str| std::env::var(name).ok();
    if let Some(seed) = from_environment("AFTERIMAGE_SEED") {
        let seed = seed.parse().unwrap_or_else(|_| panic!("AFTERIMAGE_SEED={seed}: a number is expected"));
        return seed..seed + 1;
    }
    let Some(text) = from_environment("AFTERIMAGE_SEEDS") else { return SEEDS_BY_DEFAULT };
    let range = text.split_once("..").and_then(|(from, to)| Some(from.parse().ok()?..to.parse().ok()?));
    range.unwrap_or_else(|| panic!("AFTERIMAGE_SEEDS={text}: a range such as 0..1000 is expected"))
}

/// Runs seeds on a few threads; the outcomes come in the seeds' order.
fn run_all(seeds: Range<u64>) -> Vec<Outcome> {
    let threads = std::thread::available_parallelism().map_or(1, |count| count.get() as u64).min(THREADS_MAX);
    let mut outcomes: Vec<Outcome> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|index| {
                let share = seeds.clone().skip(index as usize).step_by(threads as usize);
                scope.spawn(move || share.map(run_seed).collect::<Vec<_>>())
            })
            .collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("a world does not panic")).collect()
    });
    outcomes.sort_by_key(|outcome| outcome.seed);
    outcomes
}

fn check_properties(outcomes: &[Outcome]) {
    let failed: Vec<&Outcome> = outcomes.iter().filter(|outcome| !outcome.passed()).collect();
    for outcome in &failed {
        eprintln!("{outcome}\n  replay: cargo sim replay {}\n", outcome.seed);
    }
    let seeds: Vec<u64> = failed.iter().map(|outcome| outcome.seed).collect();
    assert!(failed.is_empty(), "seeds that broke a property: {seeds:?}");
}

#[test]
fn every_seed_keeps_every_property() {
    check_properties(&run_all(seeds()));
}

#[test]
fn seeds_that_once_found_a_defect_keep_every_property() {
    check_properties(&SEEDS_THAT_FOUND.map(run_seed));
    let crashes = Changes { only: Some(Only::Crashes), ..Changes::default() };
    check_properties(&SEEDS_OF_CRASHES_THAT_FOUND.map(|seed| run_plan(crashes.draw(seed))));
}

#[test]
fn the_seeds_meet_faults_and_both_kinds_of_synchronisation() {
    let outcomes = run_all(0..120);
    let sum = |count: fn(&Outcome) -> u64| outcomes.iter().map(count).sum::<u64>();
    assert!(sum(|outcome| outcome.totals.faults) > 100, "worlds without faults prove nothing");
    assert!(sum(|outcome| outcome.totals.crashes) > 10);
    assert!(sum(|outcome| outcome.resyncs.full) > 40);
    assert!(sum(|outcome| outcome.resyncs.partial) > 40);
    assert!(sum(|outcome| outcome.compared) > 10_000, "checks that compare nothing prove nothing");
    assert!(sum(|outcome| outcome.totals.takeovers) > 3);
    assert!(sum(|outcome| outcome.totals.waits) > 100);
    assert!(sum(|outcome| outcome.totals.gated_writes) > 100);
}

#[test]
fn a_seed_replays_to_the_same_fingerprint_with_and_without_a_journal() {
    for seed in [0, 7, 123_456_789, u64::MAX] {
        let outcome = run_seed(seed);
        let (replayed, lines) = replay(Plan::draw(seed));
        assert_eq!(replayed.fingerprint, outcome.fingerprint, "seed {seed}");
        assert_eq!(run_seed(seed).fingerprint, outcome.fingerprint, "seed {seed}");
        assert!(!lines.is_empty());
    }
}

#[test]
fn another_process_finds_the_same_fingerprint() {
    for seed in [7, 4711] {
        let output = Command::new(our_simulator()).args(["replay", &seed.to_string()]).output().expect("it runs");
        let text = String::from_utf8(output.stdout).expect("it prints text");
        let fingerprint = format!("fingerprint {:016x}: all properties held", run_seed(seed).fingerprint);
        assert_eq!(text.lines().last(), Some(fingerprint.as_str()), "seed {seed}");
    }
}

#[test]
fn the_persistence_off_wipe_happens_as_the_documentation_of_redis_tells_it() {
    insta::assert_snapshot!(told(Scenario::Wipe));
}

#[test]
fn each_class_of_what_a_master_comes_back_with_has_its_story() {
    for (name, scenario) in [
        ("empty", Scenario::GuardEmpty),
        ("accepted", Scenario::GuardAccepted),
        ("shrunk", Scenario::GuardShrunk),
        ("rollback", Scenario::GuardRollback),
        ("promoted", Scenario::GuardPromoted),
        ("flushed", Scenario::GuardFlushed),
        ("evidence", Scenario::GuardEvidence),
        ("protected", Scenario::GuardProtected),
    ] {
        insta::assert_snapshot!(format!("guard_{name}"), told(scenario));
    }
}

#[test]
fn wait_does_not_count_replicas_for_a_write_that_was_lost_with_its_data() {
    insta::assert_snapshot!(told(Scenario::Wait));
}

#[test]
fn a_replica_that_acknowledges_and_applies_nothing_does_not_keep_writes_going() {
    insta::assert_snapshot!(told(Scenario::MinReplicas));
}

/// A story in which nobody makes a mistake.
fn told(scenario: Scenario) -> String {
    let story = scenario.tell(&[]).expect("no defect is asked for");
    assert_eq!(story.violation, None);
    story.text
}
