//! Do the checks stay silent about real servers, and do they bark when a byte of what those said is another one?
//!
//! A [`Capture`] is what real servers, their replicas and their clients said to each other, byte for byte and in one order. It is given to the checks that every simulated run has: the tree of histories, continuations and full
//! synchronisations, acknowledgements, WAIT. Nobody can look into a real server; its shadow (`shadow.rs`) stands for it, a node of ours that is sent what that was sent. What the server tells of itself (INFO, DEBUG DIGEST, its
//! acknowledgements) must be what its shadow has.
//!
//! Relaxed here, and nowhere in the checks: what a master wrote while it had no replica was heard by nobody, so that its place is taken from what it says; a backlog is expected to hold `repl-backlog-size` bytes and no more; what
//! was under way to a replica when that was told to leave its master it need not have read, and how much it has is taken from what it says next.

mod altered;
mod client;
mod feed;
mod format;
mod left;
mod link;
mod shadow;
mod told;
mod voice;
mod words;

use std::fmt;

use serde::Serialize;

use crate::check::Violation;
use crate::journal::Line;

pub use altered::{Alteration, Kind, Sweep, sweep};
pub use format::{Capture, Happening, Party, Record, Speaker};

/// What was looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Seen {
    /// Bytes that were said.
    pub bytes: u64,
    /// Full synchronisations.
    pub full: u64,
    /// Partial resynchronisations.
    pub partial: u64,
    /// Command boundaries of shadows.
    pub boundaries: u64,
    /// Those of them that another shadow had been at.
    pub compared: u64,
    /// Acknowledgements.
    pub acks: u64,
    /// Places that servers have told by INFO.
    pub claims: u64,
    /// Digests of their data that they told there.
    pub digests: u64,
    /// Places that they told of which nobody heard.
    pub unheard: u64,
    /// Answers of WAIT.
    pub waits: u64,
    /// Bytes of the stream that were under way to replicas which left, and never read them.
    pub unread: u64,
    /// Times at which all stood where their masters did.
    pub rests: u64,
}

/// What came of a capture.
#[derive(Clone, Debug, Serialize)]
pub struct Judged {
    /// What was broken, if anything was.
    pub violation: Option<Violation>,
    /// What was looked at, up to there.
    pub seen: Seen,
    /// What happened, if that was asked for.
    #[serde(skip)]
    pub lines: Vec<Line>,
}

impl fmt::Display for Judged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Seen { bytes, full, partial, boundaries, compared, acks, claims, digests, unheard, waits, unread, rests } =
            self.seen;
        match &self.violation {
            None => writeln!(f, "nothing was broken")?,
            Some(violation) => {
                let Violation { node, event, explanation, .. } = violation;
                writeln!(f, "broken: {} by {node} in record {event}: {explanation}", violation.signature())?;
            }
        }
        writeln!(f, "  {bytes} bytes said, {full} full synchronisations, {partial} partial ones")?;
        writeln!(f, "  {boundaries} command boundaries of shadows, {compared} of them compared with another's")?;
        writeln!(
            f,
            "  {acks} acknowledgements, {claims} places told and {digests} digests there, {unheard} of which nobody heard"
        )?;
        writeln!(f, "  {waits} answers of WAIT, {unread} bytes that were under way to who left, {rests} times at rest")
    }
}

/// Gives a capture to the checks.
#[must_use]
pub fn judge(capture: &Capture) -> Judged {
    feed::Feed::new(capture, false).run()
}

/// The same, with a journal.
#[must_use]
pub fn retell(capture: &Capture) -> Judged {
    feed::Feed::new(capture, true).run()
}
