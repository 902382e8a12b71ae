//! How does somebody look at a run?
//!
//! On a page: one file of HTML with lanes of nodes over time, what they sent each other, faults, and what is known of each node at each instant. A camera in the
//! world gathers what is shown ([`Film`]), columns carry it, and the scripts beside this file draw it. Everything that all kinds of page share lies in this folder, what is
//! special to pages about a run in `run`, and to those about many runs in `study`.

mod camera;
mod columns;
mod film;
mod page;
mod study;

pub(crate) use camera::Camera;
pub use camera::EVENTS_MAX;
pub use film::Film;
pub use study::{Films, STUDY_BYTES_MAX};

use std::ops::RangeInclusive;

use crate::plan::Plan;
use crate::prints::Recorded;
use crate::queue::Micros;
use crate::report::Outcome;
use crate::world::World;

/// A run, what it did, and what there is to see of it.
#[derive(Debug)]
pub struct Filmed {
    /// What came of it.
    pub outcome: Outcome,
    /// Its hashes.
    pub recorded: Recorded,
    /// What happened in the window of time; or why that is not for a page.
    pub film: Result<Film, String>,
}

/// Runs a plan to its end, and keeps for a page what happens from one time to another.
#[must_use]
pub fn film(plan: Plan, window: RangeInclusive<Micros>) -> Filmed {
    let mut world = World::new(plan);
    world.keep_prints();
    world.place_camera(window);
    world.begin();
    while world.step() {}
    let (outcome, film) = (world.outcome(), world.take_film());
    Filmed { outcome, recorded: world.take_prints(), film }
}

#[cfg(test)]
mod tests;
