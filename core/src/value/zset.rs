//! Sorted sets: members in the order of their scores.

use alloc::boxed::Box;

use super::{Remnant, Text};

/// Sorted sets: members in the order of their scores.
#[derive(Clone, Debug, Default)]
pub struct Zset(());

impl Zset {
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
        "listpack"
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

    /// Hands every member and its score to `visit`, in order.
    pub fn for_each<'a>(&'a self, _visit: impl FnMut(Text<'a>, f64)) {}
}
