//! Replication: histories and positions, the shared log, and the decisions and dialogues of both sides.

mod decide;
mod handshake;
mod history;
mod log;
mod run;

pub use decide::{Reason, Request, Standing, Verdict, decide};
pub use handshake::{Handshake, HandshakeError, Introduction, Next, SyncAnswer};
pub use history::{Position, ReplicationId};
pub use log::Log;
pub use run::Run;
