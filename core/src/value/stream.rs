//! Streams: an append-only log of entries, and the groups of consumers that read it.

use alloc::boxed::Box;

use super::{Remnant, Text};

/// The id of an entry: milliseconds since the epoch, and a number among those of one millisecond.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId {
    /// Milliseconds.
    pub ms: u64,
    /// The number.
    pub seq: u64,
}

/// Streams: an append-only log of entries, and the groups of consumers that read it.
#[derive(Clone, Debug, Default)]
pub struct Stream(());

impl Stream {
    /// How many elements.
    #[must_use]
    pub fn len(&self) -> usize {
        0
    }

    /// True if there are none: the key must go.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        true
    }

    /// The encoding's name in OBJECT ENCODING.
    #[must_use]
    pub fn encoding_name(&self) -> &'static str {
        "stream"
    }

    /// Bytes of memory behind it.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        0
    }

    /// How many parts must be freed one by one if it is dropped.
    #[must_use]
    pub fn free_effort(&self) -> usize {
        1
    }

    /// Gives it up, to be freed a little at a time.
    #[must_use]
    pub fn dismantle(self) -> Option<Box<dyn Remnant>> {
        None
    }

    /// Hands every entry to `visit`: its id, and its field names and values by turns.
    pub fn for_each_entry<'a>(&'a self, _visit: impl FnMut(StreamId, &mut dyn Iterator<Item = Text<'a>>)) {}
}
