//! What can happen at all in a small world?
//!
//! A master and two replicas, few writes, a cut, a crash, a promotion: all orders in which these can meet with what is under way, to the end, or to the first breach of a property by the
//! fewest steps. It is the engine and the checks of every other run; what differs is that nobody draws: each choice is made in each way.

mod acts;
mod engine;
mod index;
mod local;
mod oracle;
mod pieces;
mod search;
mod settle;
mod state;
mod terms;
mod trace;

pub use search::{End, Explored, Found, Progress, explore};
pub use terms::{Budget, Shape, Terms};
pub use trace::retrace;
