//! Can the checks fail? Each defect is switched on, and the check that it is for must bark; without it all is silent.
#![cfg(feature = "museum")]

use std::fs;
use std::path::{Path, PathBuf};

use afterimage_core::museum::{Defect, Defects};
use afterimage_sim::scenario::Scenario;
use afterimage_sim::{KeptPlan, Property, museum, replay, story};

/// The property that a story breaks on nodes with a defect, or without any.
fn broken(scenario: Scenario, defect: Option<&str>) -> Option<Property> {
    let defects: Vec<String> = defect.map(str::to_string).into_iter().collect();
    let story = scenario.tell(&defects).expect("the build knows it");
    story.violation.map(|violation| violation.property)
}

/// Defects whose check barks in a story that is about another one.
const SPOILERS: [(Scenario, &str); 10] = [
    // Neither has to do with a story.
    (Scenario::Wait, "checksum_not_verified"),
    (Scenario::MinReplicas, "checksum_not_verified"),
    (Scenario::Wait, "timer_rounds_down"),
    (Scenario::MinReplicas, "timer_rounds_down"),
    // It comes to light whenever a node is promoted, and in this story one is.
    (Scenario::Wait, "promotion_keeps_replid"),
    // A replica with data is given others.
    (Scenario::Wait, "flush_before_valid"),
    // A pause holds back the stream, of which these take what they have read for applied.
    (Scenario::MinReplicas, "proxy_on_read"),
    (Scenario::MinReplicas, "ack_on_read"),
    (Scenario::MinReplicas, "paused_replica_advances"),
    // It is another way not to know who keeps up.
    (Scenario::MinReplicas, "good_replicas_kept"),
];

#[test]
fn a_node_has_the_defects_it_was_given_and_no_other() {
    for chosen in Defect::ALL {
        let defects = Defects::default().with(*chosen);
        assert!(defects.iter().eq([*chosen]), "{chosen:?}");
    }
    assert_eq!(Defects::default().iter().count(), 0);
}

#[test]
fn each_story_ends_in_its_check_only_with_its_defect() {
    let cases = [
        (Scenario::Wait, "wait_across_histories", Property::WaitHolds),
        (Scenario::MinReplicas, "good_replica_is_heartbeat", Property::GateHolds),
    ];
    for (scenario, defect, property) in cases {
        assert_eq!(broken(scenario, Some(defect)), Some(property), "{defect}");
        assert_eq!(broken(scenario, None), None, "{scenario:?}");
        let spoils = |name: &str| SPOILERS.contains(&(scenario, name));
        for other in museum::names().into_iter().filter(|name| *name != defect && !spoils(name)) {
            assert_eq!(broken(scenario, Some(other)), None, "{scenario:?} with {other}");
        }
    }
}

fn kept_plans() -> Vec<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/plans");
    let entries = fs::read_dir(dir).expect("there are plans").map(|entry| entry.expect("it can be read").path());
    let mut plans: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|kind| kind == "json")).collect();
    plans.sort();
    plans
}

#[test]
fn each_kept_plan_breaks_what_it_names_with_its_defects_and_goes_as_it_went() {
    for path in kept_plans() {
        let text = fs::read_to_string(&path).expect("it can be read");
        let kept = KeptPlan::from_json(&text).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
        assert!(kept.breaks.is_some() && !kept.plan.defects.is_empty(), "{} names nothing", path.display());
        let (outcome, lines) = replay(kept.plan);
        let broken = outcome.violations.first().map(|violation| violation.signature());
        assert_eq!(broken, kept.breaks, "{}: {outcome}", path.display());
        let name = path.file_stem().expect("it has a name").to_string_lossy();
        insta::assert_snapshot!(name.into_owned(), story(&lines));
    }
}

#[test]
fn each_check_has_a_kept_plan_in_which_it_barks_first() {
    let broken: Vec<String> = kept_plans()
        .iter()
        .filter_map(|path| KeptPlan::from_json(&fs::read_to_string(path).ok()?).ok()?.breaks)
        .collect();
    for property in Property::ALL {
        let prefix = format!("{}/", property.name());
        assert!(broken.iter().any(|signature| signature.starts_with(&prefix)), "nothing breaks {}", property.name());
    }
}
