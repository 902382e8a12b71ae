//! What did a real server do, step by step?
//!
//! `afterimage-server --record` writes down every call that is made of a node, with its time, and all that the node learns of its process
//! ([`afterimage_core::recording`] has the format). Here the files of a recording are found (`segments`) and read (`files`), up to its end or to what is damaged or
//! missing (`stop`); the calls are made again of the same core (`player`), which is handed what its environment answered then (`environment`), and are told
//! as lines (`telling`).
//!
//! A recording that has lost its beginning cannot be run, but told.

mod environment;
mod files;
mod player;
mod segments;
mod stop;
mod telling;
#[cfg(test)]
mod tests;

pub use files::{Part, Recording};
pub use player::{Divergence, Effect, Player, Reason};
pub use stop::{LeftOut, Missing, Stop};
pub use telling::{Teller, Totals};
