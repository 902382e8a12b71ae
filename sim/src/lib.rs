//! A deterministic world for Afterimage nodes: links, disks, clocks, faults, checkers, replay.
//!
//! A [`Plan`] says what a run is; [`World`] runs it; [`Outcome`] tells what came of it. [`run_seed`] does all three for
//! the plan that a seed draws:
//!
//! ```
//! let outcome = afterimage_sim::run_seed(1);
//! assert_eq!(outcome.fingerprint, afterimage_sim::run_seed(1).fingerprint);
//! ```
//!
//! Everything is decided by the plan: no clock, no thread, no environment and no random map is consulted.
#![forbid(unsafe_code)]

mod actors;
mod alone;
mod check;
mod client;
mod controller;
mod deeds;
mod determinism;
mod disk;
mod drive;
mod faults;
mod fingerprint;
mod host;
mod journal;
mod kept;
mod network;
mod operator;
mod prints;
mod queue;
mod quiet;
mod reply;
mod report;
mod streams;
mod wire;
mod workload;
mod world;

pub mod captured;
pub mod crowd;
pub mod explore;
pub mod hazard;
pub mod marks;
pub mod museum;
pub mod plan;
pub mod recording;
pub mod scenario;
pub mod shrink;
pub mod sweep;
pub mod viewer;
pub mod wide;
pub mod yardstick;

use std::ops::Range;

pub use check::{Fates, Losses, Property, ResyncTotals, Violation};
pub use determinism::{Divergence, run_twice};
pub use disk::DiskTrouble;
pub use fingerprint::{Fingerprint, hash_bytes};
pub use journal::{Clock, Line, Topic, host_name, story};
pub use kept::{KeptPlan, run_recorded};
pub use network::Ending;
pub use plan::{Changes, Only, Plan, Setting};
pub use prints::{Parting, Print, Prints, Recorded};
pub use queue::{MILLISECOND, Micros, SECOND};
pub use report::{Outcome, Totals};
pub use world::World;

/// Runs the plan of a seed to its end.
#[must_use]
pub fn run_seed(seed: u64) -> Outcome {
    World::new(Plan::draw(seed)).run()
}

/// Runs a plan to its end.
#[must_use]
pub fn run_plan(plan: Plan) -> Outcome {
    World::new(plan).run()
}

/// Runs a plan to its end and keeps a journal of it.
#[must_use]
pub fn replay(plan: Plan) -> (Outcome, Vec<Line>) {
    let Replayed { outcome, lines, .. } = replay_closely(plan, 0..0);
    (outcome, lines)
}

/// A run that was watched closely.
#[derive(Clone, Debug)]
pub struct Replayed {
    /// What came of it.
    pub outcome: Outcome,
    /// What happened.
    pub lines: Vec<Line>,
    /// Its hashes.
    pub recorded: Recorded,
}

/// Runs a plan to its end, keeps a journal that tells of each of these events, and the hashes of the run.
#[must_use]
pub fn replay_closely(plan: Plan, events: Range<u64>) -> Replayed {
    let mut world = World::new(plan);
    world.keep_journal();
    world.tell_events(events);
    world.keep_prints();
    world.begin();
    while world.step() {}
    Replayed { outcome: world.outcome(), lines: world.take_journal(), recorded: world.take_prints() }
}
