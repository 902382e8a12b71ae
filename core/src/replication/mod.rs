//! Replication: histories and positions, the shared log, the master's side and the replica's side.

mod history;

pub use history::{Position, ReplicationId};
