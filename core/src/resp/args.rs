//! The arguments of one request, borrowed from the bytes they arrived in.

use core::ops::{Index, Range};

/// A request's arguments: spans of one buffer. `args[0]` is the command's name.
#[derive(Clone, Copy, Debug)]
pub struct Args<'a> {
    buffer: &'a [u8],
    spans: &'a [Range<u32>],
}

impl<'a> Args<'a> {
    /// Arguments lying at `spans` of `buffer`. A span outside of the buffer reads as empty.
    #[must_use]
    pub fn new(buffer: &'a [u8], spans: &'a [Range<u32>]) -> Args<'a> {
        Args { buffer, spans }
    }

    /// How many there are, the command's name included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// True if there are none, not even a name.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// Argument `index`, or nothing past the last one.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&'a [u8]> {
        let span = self.spans.get(index)?;
        Some(self.buffer.get(span.start as usize..span.end as usize).unwrap_or_default())
    }

    /// The arguments from `from` on.
    pub fn iter_from(
        &self,
        from: usize,
    ) -> impl DoubleEndedIterator<Item = &'a [u8]> + ExactSizeIterator + Clone + use<'a> {
        let buffer = self.buffer;
        let spans = self.spans.get(from..).unwrap_or_default();
        spans.iter().map(move |span| buffer.get(span.start as usize..span.end as usize).unwrap_or_default())
    }

    /// All arguments, the name first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &'a [u8]> + ExactSizeIterator + Clone + use<'a> {
        self.iter_from(0)
    }

    /// The arguments from `from` on, as arguments.
    #[must_use]
    pub fn tail(&self, from: usize) -> Args<'a> {
        Args { buffer: self.buffer, spans: self.spans.get(from..).unwrap_or_default() }
    }
}

impl Index<usize> for Args<'_> {
    type Output = [u8];

    /// Argument `index`; empty past the last one, so that no arity mistake can panic.
    fn index(&self, index: usize) -> &[u8] {
        self.get(index).unwrap_or_default()
    }
}
