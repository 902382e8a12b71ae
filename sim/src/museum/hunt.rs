//! Which seed finds a defect first, by which check, and at what cost?
//!
//! Seeds are run one after another from some first one on, with the defect in all nodes, until a property is broken. What was found is the defect's: without
//! any, the same seeds are silent.

use std::time::Duration;

use afterimage_core::museum::Defect;
use serde::Serialize;

use crate::check::Violation;
use crate::plan::Plan;
use crate::run_plan;

/// A search for a defect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hunt {
    /// What nodes do wrong.
    pub defect: Defect,
    /// The seed to begin with.
    pub first_seed: u64,
    /// Seeds after which it is given up.
    pub seeds_max: u64,
}

/// How a search ended.
#[derive(Clone, Debug, Serialize)]
pub struct Find {
    /// The property that was broken, and by whom; `None` if none was.
    pub violation: Option<Violation>,
    /// The last seed that was run: the one that has found it.
    pub seed: u64,
    /// Seeds that were run.
    pub seeds: u64,
    /// What that took of the processor.
    pub cpu: Duration,
}

impl Hunt {
    /// The plan of one of its seeds.
    #[must_use]
    pub fn plan(&self, seed: u64) -> Plan {
        Plan { defects: vec![self.defect.name().to_owned()], ..Plan::draw(seed) }
    }

    /// Runs seeds until one finds the defect.
    #[must_use]
    pub fn run(&self) -> Find {
        let begun = cpu_time::ThreadTime::now();
        let mut seed = self.first_seed;
        loop {
            let violation = run_plan(self.plan(seed)).violations.into_iter().next();
            let seeds = seed - self.first_seed + 1;
            if violation.is_some() || seeds >= self.seeds_max || seed == u64::MAX {
                return Find { violation, seed, seeds, cpu: begun.elapsed() };
            }
            seed += 1;
        }
    }
}
