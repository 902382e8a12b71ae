//! What does a file with a plan hold?
//!
//! The plan, and beside it what is known of its run: how it fails, and by which hashes it went. A file that holds the plan alone is one, too.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeSeed, Error, IntoDeserializer, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::check::Violation;
use crate::plan::Plan;
use crate::prints::Recorded;
use crate::report::Outcome;
use crate::world::World;

/// A plan and what is known of its run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct KeptPlan {
    /// The signature of the failure to which it leads with its defects. Without them, and if there is none, it breaks nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub breaks: Option<String>,
    /// What it did when it was written.
    #[serde(skip_serializing_if = "Option::is_none")]
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
        let kept: KeptPlan = serde_json::from_str(text).map_err(|error| error.to_string())?;
        kept.plan.check()?;
        Ok(kept)
    }

    /// Reads a file, and leaves the defects out of its plan, for a build that has none.
    ///
    /// # Errors
    ///
    /// Likewise.
    pub fn from_json_without_defects(text: &str) -> Result<KeptPlan, String> {
        let mut kept: KeptPlan = serde_json::from_str(text).map_err(|error| error.to_string())?;
        kept.plan.defects.clear();
        kept.plan.check()?;
        Ok(kept)
    }
}

/// By hand, since what is derived for a plan within another thing neither refuses fields that nobody knows nor names lines.
impl<'de> Deserialize<'de> for KeptPlan {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<KeptPlan, D::Error> {
        deserializer.deserialize_map(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = KeptPlan;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a plan")
    }

    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<KeptPlan, A::Error> {
        let (mut breaks, mut recorded) = (None, None);
        let fields = OfPlan { fields, breaks: &mut breaks, recorded: &mut recorded };
        let plan = Plan::deserialize(MapAccessDeserializer::new(fields))?;
        Ok(KeptPlan { breaks: breaks.flatten(), recorded: recorded.flatten(), plan })
    }
}

/// The fields of a file that are the plan's; the others are put aside when they come by.
struct OfPlan<'a, A> {
    fields: A,
    breaks: &'a mut Option<Option<String>>,
    recorded: &'a mut Option<Option<Recorded>>,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for OfPlan<'_, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        while let Some(name) = self.fields.next_key::<String>()? {
            let is_first = match name.as_str() {
                "breaks" => self.breaks.replace(self.fields.next_value()?).is_none(),
                "recorded" => self.recorded.replace(self.fields.next_value()?).is_none(),
                _ => return seed.deserialize(name.into_deserializer()).map(Some),
            };
            if !is_first {
                return Err(A::Error::custom(format_args!("duplicate field `{name}`")));
            }
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.fields.next_value_seed(seed)
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
        let alone = KeptPlan::from_json(&kept.plan.to_json());
        assert_eq!(alone, Ok(KeptPlan { breaks: None, recorded: None, plan: kept.plan }));
    }

    #[test]
    fn a_field_that_neither_a_plan_nor_what_is_known_of_it_has_is_refused_by_its_name_and_line() {
        let text = KeptPlan::of(Plan::draw(3)).to_json();
        for known in ["\"version\"", "\"fingerprint\""] {
            let told = KeptPlan::from_json(&text.replacen(known, &format!("\"wibble\": 2, {known}"), 1));
            assert!(
                told.as_ref().is_err_and(|told| told.contains("`wibble`") && told.contains(" at line ")),
                "{told:?}"
            );
        }
        let told = KeptPlan::from_json(&text.replacen("\"version\"", "\"recorded\": null, \"version\"", 1));
        assert!(told.as_ref().is_err_and(|told| told.contains("duplicate field `recorded`")), "{told:?}");
        let told = KeptPlan::from_json("[]");
        assert!(told.as_ref().is_err_and(|told| told.contains("expected a plan")), "{told:?}");
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
