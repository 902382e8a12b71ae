//! Which segment covers a given hash?
//!
//! The directory is an array of segment numbers, indexed by the first `depth` bits of the hash. A
//! segment with a shorter prefix stands in several adjacent slots. When a segment with the longest
//! possible prefix is to be split, the directory must double; when the longest prefixes have gone,
//! it halves. Either is done by building the other array beside the one in use, a bounded piece
//! with every change of the table, so that no single change waits for a copy of megabytes.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::range::{DEPTH_MAX, HashRange, prefix_of};

/// Slots written per change of the table while the directory is being resized: some microseconds of
/// work.
pub(super) const RESIZE_SLOTS_PER_CHANGE: usize = 4096;

#[derive(Clone)]
pub(super) struct Directory {
    slots: Vec<u32>,
    depth: u32,
    /// What only a directory of several slots needs: most tables have a handful of entries, and one
    /// segment. There is one once there have been two segments.
    growth: Option<Box<Growth>>,
}

/// What decides when a directory is resized.
#[derive(Clone, Default)]
struct Growth {
    /// How many segments have a prefix of each length; `depth + 1` items.
    segments_by_depth: Vec<u32>,
    resize: Option<Resize>,
}

/// A directory of another depth under construction, valid up to where its slots end.
#[derive(Clone)]
struct Resize {
    slots: Vec<u32>,
    depth: u32,
}

impl Directory {
    pub(super) const fn new() -> Self {
        Self { slots: Vec::new(), depth: 0, growth: None }
    }

    /// The number of the segment that covers `hash`, or `None` if there are no segments.
    #[inline]
    pub(super) fn segment_at(&self, hash: u64) -> Option<u32> {
        self.slots.get(prefix_of(hash, self.depth)).copied()
    }

    /// Enters the first segment.
    pub(super) fn start(&mut self, number: u32) {
        *self = Self::new();
        self.slots.reserve_exact(1);
        self.slots.push(number);
    }

    /// The growth of a directory that has had more than one segment, or is about to.
    fn growth_mut(&mut self) -> &mut Growth {
        self.growth.get_or_insert_with(|| Box::new(Growth { segments_by_depth: alloc::vec![1], resize: None }))
    }

    /// Enters that the segment of `range` now has only the lower half, and segment `upper` the
    /// upper half. There must be [room](Self::make_room).
    pub(super) fn split(&mut self, range: HashRange, upper: u32) {
        let half = range.upper_half();
        let growth = self.growth_mut();
        if growth.resize.as_ref().is_some_and(|resize| resize.depth < half.depth) {
            // The directory was about to lose the bit that is now needed again.
            growth.resize = None;
        }
        growth.segments_by_depth[range.depth as usize] -= 1;
        growth.segments_by_depth[half.depth as usize] += 2;
        self.point(half, upper);
    }

    /// Enters that segment `number` now covers `parent`, both halves of it.
    pub(super) fn join(&mut self, parent: HashRange, number: u32) {
        let segments_by_depth = &mut self.growth_mut().segments_by_depth;
        segments_by_depth[parent.depth as usize] += 1;
        segments_by_depth[parent.depth as usize + 1] -= 2;
        self.point(parent, number);
        self.consider_halving();
    }

    /// Lets all slots of a range name segment `number`.
    pub(super) fn point(&mut self, range: HashRange, number: u32) {
        point_slots(&mut self.slots, self.depth, range, number);
        if let Some(resize) = self.growth.as_mut().and_then(|growth| growth.resize.as_mut()) {
            point_slots(&mut resize.slots, resize.depth, range, number);
        }
    }

    /// Says whether a segment with a prefix of `depth` bits can be split now, and if not, sees to
    /// it that it soon can.
    ///
    /// It never can when hashes agree in so many bits that the directory would have more slots than
    /// the table has entries: then a long segment is the lesser evil. Evenly spread hashes stay far
    /// below that.
    pub(super) fn make_room(&mut self, depth: u32, entries: usize) -> bool {
        if depth < self.depth {
            return true;
        }
        if self.depth == DEPTH_MAX || self.slots.len() > entries / 2 {
            return false;
        }
        let own_depth = self.depth;
        if self.growth_mut().resize.as_ref().is_none_or(|resize| resize.depth < own_depth) {
            self.start_resize(own_depth + 1);
        }
        depth < self.depth
    }

    /// Does a bounded piece of a resize under way. To be called once with every change of the
    /// table.
    #[inline]
    pub(super) fn advance(&mut self) {
        if self.growth.as_ref().is_some_and(|growth| growth.resize.is_some()) {
            self.advance_resize();
        }
    }

    /// Halves when no prefix needs the last bit nor the one before it. The second bit is what keeps
    /// a table that wavers at the limit from resizing to and fro.
    fn consider_halving(&mut self) {
        let growth = self.growth_mut();
        if growth.resize.is_none() && matches!(growth.segments_by_depth.as_slice(), [_, .., 0, 0]) {
            self.start_resize(self.depth - 1);
        }
    }

    fn start_resize(&mut self, depth: u32) {
        let slots = Vec::with_capacity(1 << depth);
        self.growth_mut().resize = Some(Resize { slots, depth });
        self.advance_resize();
    }

    #[cold]
    fn advance_resize(&mut self) {
        let Some(resize) = self.growth.as_mut().and_then(|growth| growth.resize.as_mut()) else {
            return;
        };
        let slots_total = 1usize << resize.depth;
        let end = slots_total.min(resize.slots.len() + RESIZE_SLOTS_PER_CHANGE);
        let old = &self.slots;
        if resize.depth > self.depth {
            resize.slots.extend((resize.slots.len()..end).map(|slot| old[slot / 2]));
        } else {
            resize.slots.extend((resize.slots.len()..end).map(|slot| old[slot * 2]));
        }
        if end == slots_total {
            self.finish_resize();
        }
    }

    fn finish_resize(&mut self) {
        let growth = self.growth_mut();
        if let Some(Resize { slots, depth }) = growth.resize.take() {
            growth.segments_by_depth.resize(depth as usize + 1, 0);
            self.slots = slots;
            self.depth = depth;
            self.consider_halving();
        }
    }

    pub(super) fn memory_usage(&self) -> usize {
        self.slots.capacity() * size_of::<u32>() + self.growth.as_ref().map_or(0, |growth| growth.memory_usage())
    }
}

impl Growth {
    fn memory_usage(&self) -> usize {
        let under_construction = self.resize.as_ref().map_or(0, |resize| resize.slots.capacity());
        size_of::<Self>() + (under_construction + self.segments_by_depth.capacity()) * size_of::<u32>()
    }
}

#[cfg(test)]
impl Directory {
    pub(super) fn depth(&self) -> u32 {
        self.depth
    }

    pub(super) fn is_resizing(&self) -> bool {
        self.growth.as_ref().is_some_and(|growth| growth.resize.is_some())
    }

    /// Compares what is kept with the prefix lengths of all segments.
    pub(super) fn check(&self, depths: impl Iterator<Item = u32>) {
        let Some(growth) = &self.growth else {
            assert!(depths.count() <= 1, "several segments, and nobody counts them");
            return;
        };
        let mut segments_by_depth = alloc::vec![0; growth.segments_by_depth.len()];
        depths.for_each(|depth| segments_by_depth[depth as usize] += 1);
        assert_eq!(segments_by_depth, growth.segments_by_depth);
        let Some(resize) = &growth.resize else { return };
        for (slot, number) in resize.slots.iter().enumerate() {
            let hash = (slot as u64) << (64 - resize.depth);
            assert_eq!(Some(*number), self.segment_at(hash));
        }
    }
}

/// Writes those slots of a range that exist already.
fn point_slots(slots: &mut [u32], depth: u32, range: HashRange, number: u32) {
    let first = prefix_of(range.start, depth).min(slots.len());
    let end = (prefix_of(range.start, depth) + (1 << (depth - range.depth))).min(slots.len());
    slots[first..end].fill(number);
}
