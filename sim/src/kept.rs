//! What does a file with a plan hold?
//!
//! The plan, and beside it what is known of its run: how it fails, and by which hashes it went. A file that holds the plan alone is one, too.

use serde::{Deserialize, Serialize};

use crate::check::Violation;
use crate::plan::Plan;
use crate::prints::Recorded;
use crate::report::Outcome;
use crate::world::World;

/// A plan and what is known of its run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeptPlan {
    /// The signature of the failure to which it leads with its defects. Without them, and if there is none, it breaks nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub breaks: Option<String>,
    /// What it did when it was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recorded: Option<Recorded>,
    /// The plan.
    #[serde(flatten)]
    pub plan: Plan,
}

impl KeptPlan {
    /// Runs a plan, and notes what it does.
    #[must_use]
    pub fn of(plan: Plan) -> KeptPlan {
        let (outcome, recorded) = run_recorded(plan.clone());
        let breaks = outcome.violations.first().map(Violation::signature);
        KeptPlan { breaks, recorded: Some(recorded), plan }
    }

    /// A plan of whose run nothing is known.
    #[must_use]
    pub fn untold(plan: Plan) -> KeptPlan {
        KeptPlan { breaks: None, recorded: None, plan }
    }

    /// The text of the file.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("a plan has only strings, numbers and lists") + "\n"
    }

    /// Reads a file.
    ///
    /// # Errors
    ///
    /// Says what is wrong with the text, as [`Plan::from_json`] does.
    pub fn from_json(text: &str) -> Result<KeptPlan, String> {
        let kept = KeptPlan::read(text)?;
        kept.plan.check()?;
        Ok(kept)
    }

    /// Reads a file, and leaves the defects out of its plan, for a build that has none.
    ///
    /// # Errors
    ///
    /// Likewise.
    pub fn from_json_without_defects(text: &str) -> Result<KeptPlan, String> {
        let mut kept = KeptPlan::read(text)?;
        kept.plan.defects.clear();
        kept.plan.check()?;
        Ok(kept)
    }

    fn read(text: &str) -> Result<KeptPlan, String> {
        // Its own error names the line, which one of the whole file does not.
        serde_json::from_str::<Plan>(text).map_err(|error| error.to_string())?;
        serde_json::from_str(text).map_err(|error| error.to_string())
    }
}

/// Runs a plan to its end and keeps its rolling hash at some of its events.
#[must_use]
pub fn run_recorded(plan: Plan) -> (Outcome, Recorded) {
    let mut world = World::new(plan);
    world.keep_prints();
    world.begin();
    while world.step() {}
    let outcome = world.outcome();
    (outcome, world.take_prints())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_with_and_without_what_is_known_of_it_is_read() {
        let kept = KeptPlan::of(Plan::draw(3));
        assert_eq!(KeptPlan::from_json(&kept.to_json()), Ok(kept.clone()));
        assert_eq!(Plan::from_json(&kept.to_json()).as_ref(), Ok(&kept.plan));
        let alone = KeptPlan::from_json(&kept.plan.to_json());
        assert_eq!(alone, Ok(KeptPlan { breaks: None, recorded: None, plan: kept.plan }));
    }

    #[test]
    fn what_was_recorded_tells_a_run_that_does_the_same_from_one_that_does_not() {
        let (outcome, recorded) = run_recorded(Plan::draw(3));
        assert_eq!((recorded.fingerprint.0, recorded.events), (outcome.fingerprint, outcome.events));
        assert_eq!(recorded.parting(&run_recorded(Plan::draw(3)).1), None);
        let mut other = Plan::draw(3);
        other.clients[0].commands -= 1;
        let parting = recorded.parting(&run_recorded(other).1).expect("one command is missing");
        assert!(parting.same_up_to > 100 && parting.same_up_to < parting.differ_by, "{parting:?}");
    }
}
