//! What a node asks of its driver.

use alloc::string::String;
use alloc::vec::{Drain, Vec};
use core::time::Duration;

use super::disk::{DiskOp, Ticket};
use super::event::ConnId;
use super::note::{Level, Note};

/// One request to the driver. Exhaustive on purpose: a new action must break every driver until each has it.
#[derive(Clone, Debug)]
pub enum Action {
    /// The connection has bytes to send: call [`Node::gather`](crate::Node::gather) and
    /// [`Node::sent`](crate::Node::sent) until it has none. Emitted once; the next one comes only after the queue was
    /// seen empty.
    OutputReady(ConnId),
    /// Connect to `host`, a name or an address, and answer with [`Event::Dialled`](super::Event::Dialled) for `conn`.
    Dial {
        /// The id that the connection will have.
        conn: ConnId,
        /// A host name or a numeric address.
        host: String,
        /// A TCP port.
        port: u16,
    },
    /// Drop the connection at once, a dial under way included. Nothing that was not sent yet is sent. The id is free
    /// again and no `Closed` follows.
    Close(ConnId),
    /// Stop reading from the connection until [`Action::ResumeReading`]; bytes wait in the kernel's buffers.
    PauseReading(ConnId),
    /// Read again.
    ResumeReading(ConnId),
    /// Let the network collect small pieces of output into larger ones, at the price of time (no `TCP_NODELAY`). Until then it sends each at once.
    CollectOutput(ConnId),
    /// Carry out a disk operation and answer with [`Event::Disk`](super::Event::Disk). Operations on one file are
    /// carried out and answered in the order in which they were asked for.
    Disk {
        /// Names the operation in its answer.
        ticket: Ticket,
        /// What to do.
        op: DiskOp,
    },
    /// Listen for clients on these addresses and this port, and nowhere else, and answer with
    /// [`Event::Listening`](super::Event::Listening). If that cannot be, everything stays as it is, and the reason is logged.
    Listen {
        /// As in the directive `bind`.
        bind: Vec<String>,
        /// A TCP port; 0 for none.
        port: u16,
    },
    /// Something worth a log line.
    Note(Note),
    /// Stop the whole node for this long: nothing is read, written or answered (DEBUG SLEEP).
    Sleep(Duration),
    /// Give memory that is free back to the operating system (MEMORY PURGE).
    ReleaseMemory,
    /// The node has ended. No further call is needed; the driver sends what can still be sent at once and exits.
    Exit(ExitCode),
}

/// How the process ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitCode {
    /// An orderly end: status 0.
    Orderly,
    /// A failure that was logged: status 1.
    Failed,
}

/// The actions of one or more events, in order, in a buffer that the driver owns and reuses.
#[derive(Debug, Default)]
pub struct Effects {
    actions: Vec<Action>,
    /// Nobody reads lines of the log that carry no decision.
    is_terse: bool,
}

impl Effects {
    /// An empty buffer.
    #[must_use]
    pub fn new() -> Effects {
        Effects::default()
    }

    /// Whether lines of the log that carry no decision ([`Note::Text`]) are left out, as long as nobody reads them.
    pub fn set_terse(&mut self, is_terse: bool) {
        self.is_terse = is_terse;
    }

    /// Adds an action at the end.
    pub fn push(&mut self, action: Action) {
        self.actions.push(action);
    }

    /// Adds a log note at the end.
    pub fn note(&mut self, note: Note) {
        self.actions.push(Action::Note(note));
    }

    /// Adds a line of the log at the end, which is written only if somebody reads it.
    pub(crate) fn say(&mut self, level: Level, text: impl FnOnce() -> String) {
        if !self.is_terse {
            self.note(Note::Text { level, text: text() });
        }
    }

    /// Takes all actions, in order, and keeps the buffer's memory.
    pub fn drain(&mut self) -> Drain<'_, Action> {
        self.actions.drain(..)
    }

    /// All actions, in order.
    #[must_use]
    pub fn actions(&self) -> &[Action] {
        &self.actions
    }

    /// True if there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.actions.is_empty()
    }
}
