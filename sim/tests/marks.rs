//! What of the engine do the first seeds come to? A mark that they do not reach any more shows here, or in what is said of it.
#![cfg(feature = "marks")]

use afterimage_sim::marks::{self, Coverage};
use afterimage_sim::{Plan, run_plan, run_seed};

const SEEDS: u64 = 300;
/// Of all marks so many percent are reached by these seeds.
const PERCENT_MIN: usize = 80;
const THREADS: u64 = 4;

fn coverage(seeds: u64) -> Coverage {
    let share = |index: u64| (index..seeds).step_by(THREADS as usize).map(|seed| (seed, run_seed(seed).marks));
    let mut coverage = Coverage::default();
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..THREADS).map(|index| scope.spawn(move || share(index).collect::<Vec<_>>())).collect();
        for worker in workers {
            let reached = worker.join().expect("a world does not panic");
            reached.into_iter().for_each(|(seed, reached)| coverage.add(seed, reached));
        }
    });
    coverage
}

/// What the documentation of a mark says of random seeds, if it does.
fn said_of_seeds(name: &str) -> Option<&'static str> {
    let description = marks::describe(name).expect("it is in the list");
    description.split_once("Random seeds: ").map(|(_, said)| said)
}

#[test]
fn the_first_seeds_come_to_every_mark_of_which_nothing_else_is_said() {
    let (names, never) = (marks::names(), coverage(SEEDS).never());
    let reached = names.len() - never.len();
    assert!(reached * 100 >= names.len() * PERCENT_MIN, "{reached} of {}", names.len());
    let lost: Vec<&str> = never.iter().copied().filter(|name| said_of_seeds(name).is_none()).collect();
    assert!(lost.is_empty(), "nobody comes to these any more, and their documentation does not say why: {lost:?}");
    let said_never = |name: &&str| said_of_seeds(name).is_some_and(|said| said.starts_with("never"));
    let found: Vec<&str> = names.into_iter().filter(said_never).filter(|name| !never.contains(name)).collect();
    assert!(found.is_empty(), "random seeds do come to these: {found:?}");
}

#[test]
fn every_mark_has_a_name_of_its_own_and_says_in_a_line_what_it_stands_for() {
    let mut names = marks::names();
    for name in &names {
        let is_plain = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        assert!(is_plain && name.contains('_'), "{name}: a word alone would be found in any binary");
        let description = marks::describe(name).expect("it is in the list");
        let first = description.lines().next().expect("it has a line").trim();
        assert!(first.ends_with('.') && first.len() > 20, "{name}: {first}");
        let said = said_of_seeds(name).unwrap_or("never");
        assert!(said.starts_with("never") || said.starts_with("rarely"), "{name}: {said}");
    }
    names.sort_unstable();
    let count = names.len();
    names.dedup();
    assert_eq!(names.len(), count);
}

/// What went before a crash is not forgotten with the node.
#[test]
fn a_run_has_what_all_lives_of_its_nodes_have_come_to() {
    let quiet = Plan { faults: Vec::new(), orders: Vec::new(), controller: None, ..Plan::draw(1) };
    let mut coverage = Coverage::default();
    coverage.add(1, run_plan(quiet.clone()).marks);
    let never = coverage.never();
    assert!(!never.contains(&"backlog_begun_for_replica") && never.contains(&"failover_forced"), "{never:?}");
    // All go at the end and come back with what their disks have: the links of before were those of other lives.
    let crash = |host| afterimage_sim::plan::FaultPlan {
        at_us: quiet.quiet_at_us - 1,
        fault: afterimage_sim::plan::Fault::Crash { host, how: afterimage_sim::plan::Crash::Power, down_us: 1 },
    };
    let crashed = Plan { faults: (0..quiet.hosts.len() as u16).map(crash).collect(), ..quiet };
    let mut with_crash = Coverage::default();
    with_crash.add(1, run_plan(crashed).marks);
    let forgotten: Vec<&str> = with_crash.never().into_iter().filter(|name| !never.contains(name)).collect();
    assert!(forgotten.is_empty(), "{forgotten:?}");
}
