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
mod check;
mod client;
mod controller;
mod deeds;
mod disk;
mod drive;
mod faults;
mod fingerprint;
mod host;
mod journal;
mod network;
mod operator;
mod queue;
mod quiet;
mod reply;
mod report;
mod streams;
mod wire;
mod workload;
mod world;

pub mod crowd;
pub mod museum;
pub mod plan;
pub mod scenario;
pub mod sweep;
pub mod yardstick;

pub use check::{Property, ResyncTotals, Violation};
pub use disk::DiskTrouble;
pub use fingerprint::{Fingerprint, hash_bytes};
pub use journal::{Clock, Line, Topic, host_name};
pub use network::Ending;
pub use plan::Plan;
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
    let mut world = World::new(plan);
    world.keep_journal();
    world.begin();
    while world.step() {}
    (world.outcome(), world.take_journal())
}
