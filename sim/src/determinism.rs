//! Does a plan do the same twice?
//!
//! It must, to the last bit. Where it does not, both runs are made once more side by side, and the first event after which they differ is told as each of them had it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::journal::Clock;
use crate::plan::Plan;
use crate::report::Outcome;
use crate::world::World;

/// Two runs that should have been one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Divergence {
    /// The first event after which they differ, counted from 1; zero if they did not when they were made once more.
    pub event: u64,
    /// What happened in the one, line by line.
    pub one: Vec<String>,
    /// What happened in the other.
    pub other: Vec<String>,
}

/// Runs a plan twice.
///
/// # Errors
///
/// Tells where the two runs part.
pub fn run_twice(plan: &Plan) -> Result<Outcome, Box<Divergence>> {
    compare_worlds(&mut || World::new(plan.clone()))
}

/// Runs two worlds that should be equal.
fn compare_worlds(make: &mut dyn FnMut() -> World) -> Result<Outcome, Box<Divergence>> {
    let (one, other) = (make().run(), make().run());
    if one == other { Ok(one) } else { Err(Box::new(first_difference(make))) }
}

fn first_difference(make: &mut dyn FnMut() -> World) -> Divergence {
    let mut worlds = [make(), make()];
    for world in &mut worlds {
        world.keep_journal();
        world.begin();
    }
    loop {
        let go_on = worlds.each_mut().map(World::step);
        let [one, other] = worlds.each_mut().map(|world| (world.print.value(), world.events(), told(world)));
        let is_same = go_on[0] == go_on[1] && (one.0, one.1) == (other.0, other.1);
        if is_same && go_on[0] {
            continue;
        }
        let event = if is_same { 0 } else { one.1.max(other.1) };
        return Divergence { event, one: one.2, other: other.2 };
    }
}

/// The last event of a world and what came of it.
fn told(world: &mut World) -> Vec<String> {
    let mut lines: Vec<String> = world.take_journal().iter().map(ToString::to_string).collect();
    lines.insert(0, format!("t={}  {}", Clock(world.now()), world.last_event()));
    lines.push(format!("fingerprint {:016x}", world.print.value()));
    lines
}

impl fmt::Display for Divergence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.event == 0 {
            return f.write_str("two runs differed, and did not when they were made once more side by side");
        }
        writeln!(f, "two runs differ from event {} on; in the one it was", self.event)?;
        self.one.iter().try_for_each(|line| writeln!(f, "    {line}"))?;
        writeln!(f, "in the other")?;
        self.other.iter().try_for_each(|line| writeln!(f, "    {line}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Fault, FaultPlan};
    use crate::queue::SECOND;

    #[test]
    fn a_plan_does_the_same_twice() {
        for seed in 0..5 {
            assert!(run_twice(&Plan::draw(seed)).is_ok(), "{seed}");
        }
    }

    #[test]
    fn a_world_that_hears_of_something_outside_its_plan_is_told_from_its_twin_at_the_first_event_that_differs() {
        // Every second world resets another connection than its twin.
        let mut made = 0;
        let mut make = || {
            made += 1;
            let mut plan = Plan::draw(7);
            plan.faults = vec![FaultPlan { at_us: 3 * SECOND, fault: Fault::Reset { a: 0, b: 1 + made % 2 } }];
            World::new(plan)
        };
        let divergence = compare_worlds(&mut make).expect_err("the twins differ");
        let text = divergence.to_string();
        assert!(divergence.event > 100 && text.contains("t=3.0") && divergence.one != divergence.other, "{text}");
    }
}
