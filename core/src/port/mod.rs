//! What crosses the border of the engine: time, events in, actions out.
//!
//! Everything that enters a [`Node`](crate::Node) is an [`Event`], everything that leaves it is an [`Action`] or a byte
//! in a queue that the node owns. A driver (the tokio adapter, the simulator) carries both across and decides nothing.

mod action;
mod disk;
mod environment;
mod event;
mod note;
mod time;

pub use action::{Action, Effects, ExitCode};
pub use disk::{DiskFailure, DiskOp, DiskOutcome, FileName, Lane, Ticket, split_name};
pub use environment::{Environment, ProcessorTime, ProcessorTimes};
pub use event::{CloseCause, ConnId, DialFailure, Event, ListenFailure, Peer, Signal};
pub use note::{Level, Note};
pub use time::{Mono, Now, Wall};
