//! Which entries go when a stream is cut down?
//!
//! Whole nodes are dropped from the old end. What is left of the last of them is marked as deleted entry by entry, unless the cut may be
//! approximate.
//!
//! Source: the trimming of Redis 7.0.

use alloc::vec::Vec;

use crate::codec::listpack::Pos;

use super::{Stream, StreamId};

/// What is to be left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// So many entries.
    Len(u64),
    /// Entries from an id on.
    Id(StreamId),
}

/// How a stream is to be cut down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trim {
    /// What is to be left.
    pub bound: Bound,
    /// More may be left, if it saves work.
    pub is_approximate: bool,
    /// How many entries may go at once, if that is limited.
    pub entries_max: Option<u64>,
}

/// What goes next.
enum Step {
    /// Nothing any more.
    End,
    /// The first node, with so many entries that are alive.
    Node(u64),
    /// These entries of the first node, and then nothing any more.
    Entries(Vec<Pos>),
}

impl Stream {
    /// True if anything would go.
    #[must_use]
    pub fn would_trim(&self, trim: &Trim) -> bool {
        match self.next_step(trim, 0) {
            Step::End => false,
            Step::Node(_) => true,
            Step::Entries(entries) => !entries.is_empty(),
        }
    }

    /// Cuts it down; how many entries went.
    pub fn trim(&mut self, trim: &Trim) -> u64 {
        let mut gone = 0;
        loop {
            match self.next_step(trim, gone) {
                Step::End => break,
                Step::Node(live) => {
                    self.pop_first_node();
                    self.tally.len -= live;
                    gone += live;
                }
                Step::Entries(entries) => {
                    self.mark_deleted_in_first_node(&entries);
                    self.tally.len -= entries.len() as u64;
                    gone += entries.len() as u64;
                    break;
                }
            }
        }
        if gone > 0 {
            self.find_first_id();
        }
        gone
    }

    fn next_step(&self, trim: &Trim, gone: u64) -> Step {
        let len = self.tally.len;
        let Some((&master, node)) = self.nodes.first_key_value() else { return Step::End };
        if matches!(trim.bound, Bound::Len(len_max) if len <= len_max) {
            return Step::End;
        }
        let (live, _) = node.counts();
        if trim.entries_max.is_some_and(|entries_max| gone + live > entries_max) {
            return Step::End;
        }
        let view = node.view(master);
        let goes_wholly = match trim.bound {
            Bound::Len(len_max) => len - live >= len_max,
            Bound::Id(id) => view.last().is_none_or(|at| view.entry(at).id < id),
        };
        if goes_wholly {
            return Step::Node(live);
        }
        if trim.is_approximate {
            return Step::End;
        }
        let mut going = Vec::new();
        let mut at = view.first;
        while let Some(pos) = at {
            let entry = view.entry(pos);
            let stays = match trim.bound {
                Bound::Len(len_max) => len - going.len() as u64 <= len_max,
                Bound::Id(id) => entry.id >= id,
            };
            if stays {
                break;
            }
            if !entry.is_deleted {
                going.push(pos);
            }
            at = view.after(&entry);
        }
        Step::Entries(going)
    }
}
