//! Every log line of the engine, once: its level and its words.
//!
//! A driver prints them in Redis's form. The words are Redis's where tools and operators look for them.

use alloc::string::String;
use core::fmt;

use super::event::DialFailure;

/// How important a line is, as `loglevel` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// For debugging only.
    Debug,
    /// Many small things.
    Verbose,
    /// What an operator wants to see.
    Notice,
    /// What an operator must see.
    Warning,
}

/// Something worth a log line.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Note {
    /// Serving clients from now on.
    Ready,
    /// A dial to the master failed.
    MasterDialFailed {
        /// Why.
        failure: DialFailure,
    },
    /// Free text, for lines that carry no decision.
    Text {
        /// The level.
        level: Level,
        /// The line.
        text: String,
    },
}

impl Note {
    /// The level at which the line is logged.
    #[must_use]
    pub fn level(&self) -> Level {
        match self {
            Note::Ready => Level::Notice,
            Note::MasterDialFailed { .. } => Level::Warning,
            Note::Text { level, .. } => *level,
        }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Note::Ready => f.write_str("Ready to accept connections"),
            Note::MasterDialFailed { failure } => write!(f, "Error condition on socket for SYNC: {failure}"),
            Note::Text { text, .. } => f.write_str(text),
        }
    }
}
