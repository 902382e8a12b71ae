//! Lists: elements in the order in which they were put, as a chain of listpacks.

use alloc::boxed::Box;

use super::{Remnant, Text};

/// Lists: elements in the order in which they were put, as a chain of listpacks.
#[derive(Clone, Debug, Default)]
pub struct List(());

impl List {
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
        "quicklist"
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

    /// Hands every element to `visit`, from left to right.
    pub fn for_each<'a>(&'a self, _visit: impl FnMut(Text<'a>)) {}
}
