//! Replication: histories and positions, the shared log, and the decisions and dialogues of both sides.

mod ancestry;
mod decide;
mod dual_channel;
mod guard;
mod handshake;
mod history;
mod log;
mod position;
mod run;
mod timeline;

pub use ancestry::{ANCESTRY, Ancestor, Circle, Fate, Inquiry, Lineage, NoAnswer, Oneself, Question, format_path};
pub use decide::{Reason, Request, Standing, Verdict, decide};
pub use dual_channel::{AfterSnapshotLine, SnapshotEnd, SnapshotTalk};
pub use guard::{Class, Evidence, Offer, Suspect, classify};
pub(crate) use handshake::has_lost_its_master;
pub use handshake::{Handshake, HandshakeError, Introduction, Next, SyncAnswer};
pub use history::{ClientMark, History};
pub use log::Log;
pub use position::{Position, ReplicationId, parse_offset};
pub use run::Run;
pub use timeline::Timeline;
