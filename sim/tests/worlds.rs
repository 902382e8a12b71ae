//! Claims about whole worlds: determinism, and that the checks can be satisfied.

use afterimage_sim::crowd::Comparison;
use afterimage_sim::plan::{Broken, Crash, Fault, FaultPlan, Outside};
use afterimage_sim::scenario::Scenario;
use afterimage_sim::{Plan, World, replay, run_plan, run_seed};

#[test]
fn a_seed_gives_one_fingerprint_with_and_without_a_journal() {
    for seed in 0..10 {
        let outcome = run_seed(seed);
        assert_eq!(outcome, run_seed(seed));
        let (journaled, lines) = replay(Plan::draw(seed));
        assert_eq!(outcome, journaled);
        assert!(!lines.is_empty());
    }
}

#[test]
fn seeds_differ() {
    assert_ne!(run_seed(1).fingerprint, run_seed(2).fingerprint);
}

#[test]
fn worlds_in_turn_share_nothing() {
    let alone = run_seed(3);
    let mut one = World::new(Plan::draw(3));
    let mut other = World::new(Plan::draw(4));
    one.begin();
    other.begin();
    while one.step() | other.step() {}
    assert_eq!(one.outcome(), alone);
    assert_eq!(other.outcome(), run_seed(4));
}

#[test]
fn every_property_holds_in_a_world_without_faults() {
    for seed in 0..20 {
        let outcome = run_plan(Plan { faults: Vec::new(), orders: Vec::new(), ..Plan::draw(seed) });
        assert!(outcome.passed(), "{outcome}");
        assert!(outcome.compared > 0 && outcome.totals.messages() > 100, "{outcome}");
    }
}

#[test]
fn whoever_is_healed_gets_on_without_those_that_are_broken_for_ever() {
    for seed in 0..10 {
        for how in [Broken::Gone, Broken::Frozen, Broken::CutOff] {
            for host in [0, 1] {
                let outcome = run_plan(Plan { outside: vec![Outside { host, how }], ..Plan::draw(seed) });
                assert!(outcome.passed() && outcome.converged_after_us.is_some(), "{host} {how:?}: {outcome}");
            }
        }
    }
    let nobody = (0..).zip(&Plan::draw(1).hosts).map(|(host, _)| Outside { host, how: Broken::Gone }).collect();
    assert!(Plan { outside: nobody, ..Plan::draw(1) }.check().is_err());
}

#[test]
fn the_plan_alone_decides_the_run() {
    let plan = Plan::from_json(&Plan::draw(7).to_json()).expect("a plan reads its own text");
    assert_eq!(run_plan(plan), run_seed(7));
}

#[test]
fn taking_one_fault_away_leaves_the_plan_of_the_rest() {
    let mut plan = Plan::draw(11);
    plan.faults = vec![FaultPlan { at_us: 1, fault: Fault::Crash { host: 0, how: Crash::Power, down_us: 1000 } }];
    let outcome = run_plan(plan);
    assert_eq!(outcome.totals.crashes, 1);
}

#[test]
fn the_wipe_is_told_the_same_way_each_time() {
    let story = Scenario::Wipe.tell(&[]).expect("no defect is asked for");
    assert_eq!(Scenario::Wipe.tell(&[]).as_ref(), Ok(&story));
    assert!(story.text.contains("had 20 keys and has none now"), "{}", story.text);
}

#[test]
fn a_defect_that_the_build_does_not_know_is_refused() {
    let unknown = vec!["a_defect_that_nobody_had".to_string()];
    assert!(Scenario::Wait.tell(&unknown).is_err());
    assert!(Plan { defects: unknown, ..Plan::draw(1) }.check().is_err());
}

#[test]
fn two_hundred_replicas_cost_their_master_no_more_output_than_one_and_all_come_back_by_what_they_lack() {
    let comparison = Comparison::of(200);
    assert_eq!(comparison.complaint(), None, "{comparison}");
    let resyncs = comparison.crowd.outcome.resyncs;
    assert_eq!((resyncs.full, resyncs.partial), (200, 200), "{comparison}");
    assert!(comparison.crowd.snapshots <= 3, "{comparison}");
    let mut greedy = comparison;
    greedy.crowd.held_bytes += 200 * 1024;
    assert!(greedy.complaint().is_some(), "a kilobyte for each replica is seen");
}

/// What B hears of its dials to A, and when, in seconds.
fn dials_under(faults: &[(u64, Fault)]) -> Vec<(f64, String)> {
    const MILLISECOND: u64 = 1000;
    let faults = faults.iter().map(|(at_ms, fault)| FaultPlan { at_us: at_ms * MILLISECOND, fault: fault.clone() });
    let mut plan = Plan {
        faults: faults.collect(),
        orders: Vec::new(),
        clients: Vec::new(),
        disk: Default::default(),
        ..Plan::draw(0)
    };
    plan.hosts.truncate(2);
    let (outcome, lines) = replay(plan);
    assert!(outcome.passed(), "{outcome}");
    let heard = lines.iter().map(ToString::to_string).filter_map(|line| {
        let (at, what) = line.strip_prefix("t=")?.split_once("s  B -> A: ")?;
        Some((at.parse().expect("a number of seconds"), what.to_owned()))
    });
    heard.filter(|(at, _)| *at > 1.0).collect()
}

#[test]
fn who_dials_is_refused_where_a_process_is_gone_unheard_where_a_machine_is_and_connected_where_it_stands_still() {
    let crash = |how| Fault::Crash { host: 0, how, down_us: 3_000_000 };
    let killed = dials_under(&[(1000, crash(Crash::Process))]);
    assert!(killed.iter().any(|(at, what)| *at < 4.0 && what.contains("refused")), "{killed:?}");
    let without_power = [(1000, crash(Crash::Power)), (1001, Fault::Reset { a: 0, b: 1 })];
    let unheard = dials_under(&without_power);
    assert!(unheard.first().is_some_and(|(at, what)| *at >= 4.0 && what == "connected"), "{unheard:?}");
    let stopped = [(1000, Fault::Pause { host: 0, for_us: 3_000_000 }), (1500, Fault::Reset { a: 0, b: 1 })];
    let connected = dials_under(&stopped);
    assert!(connected.first().is_some_and(|(at, what)| *at < 4.0 && what == "connected"), "{connected:?}");
}

#[test]
fn who_waits_to_end_when_all_is_quiet_comes_back_before_that_is_called_convergence() {
    let plan = include_str!("plans/told_to_end_before_the_quiet_point.json");
    let (outcome, lines) = replay(Plan::from_json(plan).expect("it was written by the shrinker"));
    assert!(outcome.passed(), "{outcome}");
    let at = |what: &str| lines.iter().position(|line| line.to_string().contains(what));
    let came_back = at("A starts life 2");
    assert!(came_back.is_some() && came_back < at("converged"), "it has lost what it wrote last, and B holds it off");
    assert!(outcome.totals.accepted > 0);
}
