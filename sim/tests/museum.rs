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

/// Defects that a story meets, too, and that end it in their own check.
const MET: [(Scenario, &str); 4] = [
    // A replica with data is given others.
    (Scenario::Wait, "flush_before_valid"),
    // A pause holds back the stream, of which these take what they have read for applied.
    (Scenario::MinReplicas, "proxy_on_read"),
    (Scenario::MinReplicas, "ack_on_read"),
    (Scenario::MinReplicas, "paused_replica_advances"),
];

#[test]
fn each_story_ends_in_its_check_only_with_its_defect() {
    let cases = [
        (Scenario::Wait, "wait_across_histories", Property::WaitHolds),
        (Scenario::MinReplicas, "good_replica_is_heartbeat", Property::GateHolds),
    ];
    for (scenario, defect, property) in cases {
        assert_eq!(broken(scenario, Some(defect)), Some(property), "{defect}");
        assert_eq!(broken(scenario, None), None, "{scenario:?}");
        let is_met = |name: &str| MET.contains(&(scenario, name));
        for other in museum::names().into_iter().filter(|name| *name != defect && !is_met(name)) {
            assert_eq!(broken(scenario, Some(other)), None, "{scenario:?} with {other}");
        }
    }
}
