//! Can the checks fail? Each defect is switched on, and the check that it is for must bark; without it all is silent.
#![cfg(feature = "museum")]

use afterimage_sim::scenario::Scenario;
use afterimage_sim::{Property, museum};

/// The property that a story breaks on nodes with a defect, or without any.
fn broken(scenario: Scenario, defect: Option<&str>) -> Option<Property> {
    let defects: Vec<String> = defect.map(str::to_string).into_iter().collect();
    let story = scenario.tell(&defects).expect("the build knows it");
    story.violation.map(|violation| violation.property)
}

/// True for a defect whose check barks in a story that is about another one.
fn spoils(scenario: Scenario, defect: &str) -> bool {
    // It comes to light whenever a node is promoted, and in this story one is.
    scenario == Scenario::Wait && defect == "promotion_keeps_replid"
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
        for other in museum::names().into_iter().filter(|name| *name != defect && !spoils(scenario, name)) {
            assert_eq!(broken(scenario, Some(other)), None, "{scenario:?} with {other}");
        }
    }
}
