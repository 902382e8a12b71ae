//! How often does a crash of the master cost the data, and what helps?
//!
//! The story of [`crate::scenario`]'s wipe, played over a grid of circumstances ([`Cell`]), many times in each. A run is a cell and a seed: all that is left to chance
//! comes from the seed alone ([`Draws`]), so that the same accidents happen in all cells. It is an ordinary plan ([`plan`]), played in the ordinary world, judged by what clients were told and what nodes have in the
//! end ([`Outcome`]), and counted ([`Report`]).

mod cell;
mod draws;
mod example;
mod grid;
mod judging;
mod reading;
mod risks;
mod staging;
mod statistics;
mod study;
mod table;

pub use cell::{Cell, Detector, FACTORS, Guard, Load, Persistence, Shape, Span};
pub use draws::Draws;
pub use example::Shown;
pub use grid::{Grid, Only, Preset};
pub use judging::{Outcome, play};
pub use risks::Given;
pub use staging::{DATA_KEYS, WRITES_PER_SECOND, plan};
pub use statistics::{Mean, Quantiles, Share};
pub use study::{Against, CellReport, Example, Kind, PolicyReport, Report, Stuck};
pub use table::LEGEND;

#[cfg(test)]
mod tests;
