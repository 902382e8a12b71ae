//! What may come back for a command?

use crate::reply::Reply;

/// What fits as the reply to a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A status, `+OK` say.
    Status,
    /// A number.
    Integer,
    /// A text or nil.
    Bulk,
    /// An array.
    Array,
    /// An array, or the null of one.
    MaybeArray,
    /// A text, or either null.
    MaybeBulk,
    /// `+QUEUED`.
    Queued,
    /// An array of so many results.
    Results(u32),
    /// Whatever it is, the reader of a story sees it.
    Anything,
}

/// How errors begin that fit a command.
pub(crate) type Excuses = &'static [&'static str];

/// What a command expects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Expected {
    /// The name, for explanations.
    pub(crate) name: &'static str,
    /// The shape of its reply.
    pub(crate) shape: Shape,
    /// Errors that fit, beside those that fit any command.
    pub(crate) excuses: Excuses,
    /// True if a replica must refuse it.
    pub(crate) writes: bool,
}

impl Expected {
    /// What MULTI expects.
    pub(crate) const MULTI: Expected = Expected { name: "MULTI", shape: Shape::Status, excuses: &[], writes: false };

    /// What a plain SET expects.
    pub(crate) const SET: Expected = Expected { name: "SET", shape: Shape::Status, excuses: &[], writes: true };

    /// What is said in a story. WAIT and WAITAOF alone are known by their names.
    pub(crate) fn said(line: &str) -> Expected {
        let name = match line.split(' ').next() {
            Some("WAIT") => "WAIT",
            Some("WAITAOF") => "WAITAOF",
            _ => "a command of a story",
        };
        Expected { name, shape: Shape::Anything, excuses: &[], writes: false }
    }

    /// What a command in a block expects when it is queued.
    pub(crate) fn queued(self) -> Expected {
        Expected { shape: Shape::Queued, excuses: &[], ..self }
    }

    /// What EXEC expects of a block of `count` commands.
    pub(crate) fn exec(count: u32) -> Expected {
        Expected { name: "EXEC", shape: Shape::Results(count), excuses: &[], writes: true }
    }

    /// Whether a reply fits, whatever the role of who sent it.
    pub(crate) fn fits(&self, reply: &Reply<'_>) -> bool {
        match (self.shape, reply) {
            (Shape::Anything, _) => true,
            (_, Reply::Error(text)) => self.excuses(text),
            (Shape::Status, Reply::Status(text)) => *text == b"OK" || *text == b"PONG",
            (Shape::Queued, Reply::Status(text)) => *text == b"QUEUED",
            (Shape::Integer, Reply::Integer(_))
            | (Shape::Bulk, Reply::Bulk(_))
            | (Shape::MaybeBulk, Reply::Bulk(_) | Reply::Array(None))
            | (Shape::MaybeArray, Reply::Array(_))
            | (Shape::Array, Reply::Array(Some(_))) => true,
            (Shape::Results(count), Reply::Array(Some(results))) => count as usize == *results,
            _ => false,
        }
    }

    fn excuses(&self, text: &[u8]) -> bool {
        /// A node that is loading or has lost its master says so to any command.
        const ALWAYS: Excuses = &["LOADING ", "MASTERDOWN "];
        /// A replica, and a node that cannot save, has too few replicas or no memory, to one that writes.
        const TO_WRITES: Excuses = &["READONLY ", "MISCONF ", "NOREPLICAS ", "OOM "];
        let is_one_of = |excuses: Excuses| excuses.iter().any(|start| text.starts_with(start.as_bytes()));
        if matches!(self.shape, Shape::Results(_)) {
            // Whatever the reason, EXEC tells that the block is discarded.
            return is_one_of(&["EXECABORT "]);
        }
        // Without memory nothing is queued, whatever it is.
        let is_queued = self.shape == Shape::Queued && is_one_of(&["OOM "]);
        // Whoever watches a node by it is to find out.
        let is_ping = self.name == "PING" && is_one_of(&["MISCONF "]);
        is_one_of(ALWAYS) || is_one_of(self.excuses) || is_queued || is_ping || self.writes && is_one_of(TO_WRITES)
    }
}
