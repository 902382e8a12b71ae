//! Where do the segments live?
//!
//! In chunks, densely, each named by its number. A single vector would have to be copied whole to
//! grow; of chunks, only the first is ever copied. Density is what lets a random entry be drawn
//! evenly, and gives memory back when the table shrinks.

use alloc::vec::Vec;

use super::segment::Segment;

/// Segments in a chunk: 64 KiB, which an allocator hands out from its ordinary heap, and a list of
/// chunks that stays in the cache.
const CHUNK_SEGMENTS: usize = 512;

#[derive(Clone)]
pub(super) struct Arena<T> {
    /// All full but the last, and none empty.
    chunks: Vec<Vec<Segment<T>>>,
}

impl<T> Arena<T> {
    pub(super) const fn new() -> Self {
        Self { chunks: Vec::new() }
    }

    pub(super) fn len(&self) -> usize {
        match self.chunks.last() {
            Some(last) => (self.chunks.len() - 1) * CHUNK_SEGMENTS + last.len(),
            None => 0,
        }
    }

    #[inline]
    pub(super) fn get(&self, number: u32) -> Option<&Segment<T>> {
        let number = number as usize;
        self.chunks.get(number / CHUNK_SEGMENTS)?.get(number % CHUNK_SEGMENTS)
    }

    #[inline]
    pub(super) fn get_mut(&mut self, number: u32) -> Option<&mut Segment<T>> {
        let number = number as usize;
        self.chunks.get_mut(number / CHUNK_SEGMENTS)?.get_mut(number % CHUNK_SEGMENTS)
    }

    /// Adds a segment and returns its number. Prefixes are too short for there to be more than a
    /// `u32` can count.
    pub(super) fn push(&mut self, segment: Segment<T>) -> u32 {
        let number = self.len();
        if number.is_multiple_of(CHUNK_SEGMENTS) {
            // A small table starts with a small chunk; a table that has filled one will fill the
            // next.
            let capacity = if number == 0 { 1 } else { CHUNK_SEGMENTS };
            if number == 0 {
                self.chunks.reserve_exact(1);
            }
            self.chunks.push(Vec::with_capacity(capacity));
        }
        let last = self.chunks.len() - 1;
        self.chunks[last].push(segment);
        number as u32
    }

    /// Takes out the segment that has the highest number.
    pub(super) fn pop(&mut self) -> Option<Segment<T>> {
        let last = self.chunks.last_mut()?;
        let segment = last.pop();
        if last.is_empty() {
            self.chunks.pop();
        } else if self.chunks.len() == 1 {
            let first = &mut self.chunks[0];
            if first.capacity() > 2 * first.len() {
                first.shrink_to(first.len() + first.len() / 4);
            }
        }
        segment
    }

    /// Takes out a segment; the one with the highest number takes over its number.
    pub(super) fn swap_remove(&mut self, number: u32) -> Option<Segment<T>> {
        if number as usize >= self.len() {
            return None;
        }
        let last = self.pop()?;
        match self.get_mut(number) {
            Some(gap) => Some(core::mem::replace(gap, last)),
            None => Some(last),
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Segment<T>> {
        self.chunks.iter().flatten()
    }

    /// Bytes that the segments take, without their entries.
    pub(super) fn memory_usage(&self) -> usize {
        let segments: usize = match self.chunks.as_slice() {
            [] => 0,
            [first, rest @ ..] => first.capacity() + rest.len() * CHUNK_SEGMENTS,
        };
        segments * size_of::<Segment<T>>() + self.chunks.capacity() * size_of::<Vec<Segment<T>>>()
    }
}
