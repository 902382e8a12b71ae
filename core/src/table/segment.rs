//! How does a segment keep its entries, and find one among them?
//!
//! The entries are a plain vector that grows in small steps, so that little of it lies idle. Beside
//! it stands one tag byte per entry, taken from the hash; a search compares eight tags at a time
//! and touches only entries whose tag agrees. A segment is one cache line, entries apart.

use alloc::vec::Vec;

use super::range::HashRange;

/// How many entries a segment holds before it is split.
///
/// Measured with a million entries of 64 bytes, 16-byte keys and SipHash-1-3, best of six runs on a
/// shared two-core machine where a miss in the cache costs some 100 ns. Bytes are resident bytes
/// per entry, everything included; the step is [`GROWTH_STEP`]. The map is Rust's
/// `std::collections::HashMap`.
///
/// ```text
/// split above, step   bytes   insert ns   hit ns   miss ns   remove ns
/// 16, 4                89.8         343      360        99         538
/// 24, 4                85.0         340      317        73         445
/// 32, 2                76.7         409      294        66         483
/// 32, 4                79.6         286      287        71         445
/// 32, 8                84.5         233      302        88         461
/// 48, 4                80.7         322      305       103         460
/// 64, 8                80.1         232      277       100         362
/// the map             136.5         283      253        46         253
/// ```
///
/// 32 is as large as fits one cache line, which a search for an absent key notices, and visits half
/// as much per step of a scan as 64.
pub(super) const SPLIT_ABOVE: usize = 32;

/// How many entries a segment and its buddy may hold together for them to be joined. A quarter of
/// [`SPLIT_ABOVE`], so that it takes many insertions to undo a join and many removals to undo a
/// split.
pub(super) const JOIN_UP_TO: usize = SPLIT_ABOVE / 4;

/// By how many entries a vector of entries grows, and how many it keeps spare when it shrinks.
const GROWTH_STEP: usize = 4;

const LOW_BIT_OF_EACH_BYTE: u64 = 0x0101_0101_0101_0101;

#[derive(Clone)]
#[repr(align(64))]
pub(super) struct Segment<T> {
    /// In order of arrival, save that a removal moves the last entry into the gap.
    entries: Vec<T>,
    /// Tags of the first [`SPLIT_ABOVE`] entries. Those beyond, in a segment that could not be
    /// split, have none and are always compared.
    tags: [u8; SPLIT_ABOVE],
    /// The upper half of [`HashRange::start`]; the lower is zero, as no prefix is that long.
    start_high: u32,
    depth: u8,
}

impl<T> Segment<T> {
    pub(super) fn new(range: HashRange) -> Self {
        let mut segment = Self { entries: Vec::new(), tags: [0; SPLIT_ABOVE], start_high: 0, depth: 0 };
        segment.set_range(range);
        segment
    }

    pub(super) fn range(&self) -> HashRange {
        HashRange { start: u64::from(self.start_high) << 32, depth: u32::from(self.depth) }
    }

    fn set_range(&mut self, range: HashRange) {
        self.start_high = (range.start >> 32) as u32;
        self.depth = range.depth as u8;
    }

    pub(super) fn entries(&self) -> &[T] {
        &self.entries
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Entries that there is memory for.
    pub(super) fn capacity(&self) -> usize {
        self.entries.capacity()
    }

    pub(super) fn into_entries(self) -> Vec<T> {
        self.entries
    }

    pub(super) fn get(&self, index: usize) -> Option<&T> {
        self.entries.get(index)
    }

    pub(super) fn get_mut(&mut self, index: usize) -> Option<&mut T> {
        self.entries.get_mut(index)
    }

    /// The index of the entry that `eq` recognises, among those whose hash may be `hash`.
    #[inline]
    pub(super) fn locate(&self, hash: u64, mut eq: impl FnMut(&T) -> bool) -> Option<usize> {
        let wanted = u64::from(tag_of(hash)) * LOW_BIT_OF_EACH_BYTE;
        let (words, _) = self.tags.as_chunks::<8>();
        for (word_index, word) in words.iter().enumerate() {
            let mut hits = zero_bytes(u64::from_le_bytes(*word) ^ wanted);
            while hits != 0 {
                let index = word_index * 8 + hits.trailing_zeros() as usize / 8;
                // Tags behind the last entry are stale: `get` turns them away.
                if self.entries.get(index).is_some_and(&mut eq) {
                    return Some(index);
                }
                hits &= hits - 1;
            }
        }
        self.locate_untagged(eq)
    }

    fn locate_untagged(&self, eq: impl FnMut(&T) -> bool) -> Option<usize> {
        let untagged = self.entries.get(SPLIT_ABOVE..)?;
        untagged.iter().position(eq).map(|index| SPLIT_ABOVE + index)
    }

    /// Adds an entry behind the others and says where.
    pub(super) fn push(&mut self, hash: u64, value: T) -> usize {
        let index = self.entries.len();
        if index == self.entries.capacity() {
            // A segment that cannot be split may become long, and then doubles: steps would copy it
            // over and over.
            let step = if index < SPLIT_ABOVE { GROWTH_STEP } else { index };
            self.entries.reserve_exact(step);
        }
        if let Some(tag) = self.tags.get_mut(index) {
            *tag = tag_of(hash);
        }
        self.entries.push(value);
        index
    }

    /// Takes out an entry; the last one fills the gap.
    pub(super) fn remove(&mut self, index: usize, hash_of: impl Fn(&T) -> u64) -> Option<T> {
        let last = self.entries.len().checked_sub(1)?;
        if index > last {
            return None;
        }
        let removed = self.entries.swap_remove(index);
        if index < SPLIT_ABOVE && index < last {
            self.tags[index] = match self.tags.get(last) {
                Some(tag) => *tag,
                None => tag_of(hash_of(&self.entries[index])),
            };
        }
        let spare_max = if last < SPLIT_ABOVE { 2 * GROWTH_STEP } else { last };
        if self.entries.capacity() - last > spare_max {
            self.entries.shrink_to(last + GROWTH_STEP);
        }
        Some(removed)
    }

    /// Keeps the lower half of the range and returns a new segment with the upper one.
    pub(super) fn split_off(&mut self, hash_of: impl Fn(&T) -> u64) -> Self {
        let range = self.range();
        let mut upper = Self::new(range.upper_half());
        self.set_range(HashRange { depth: range.depth + 1, ..range });
        let entries = core::mem::take(&mut self.entries);
        let half = entries.len() / 2 + GROWTH_STEP;
        self.entries.reserve_exact(half);
        upper.entries.reserve_exact(half);
        for entry in entries {
            let hash = hash_of(&entry);
            let side = if upper.range().contains(hash) { &mut upper } else { &mut *self };
            side.push(hash, entry);
        }
        upper
    }

    /// Takes in the entries of its buddy and the buddy's range. Both together must have tags: at
    /// most [`JOIN_UP_TO`] entries.
    pub(super) fn join(&mut self, buddy: Self) {
        debug_assert!(self.len() + buddy.len() <= JOIN_UP_TO);
        self.set_range(self.range().parent());
        let tags = buddy.tags;
        self.entries.reserve_exact(buddy.entries.len());
        for (entry, tag) in buddy.entries.into_iter().zip(tags) {
            // The tag is the low byte of the hash, and nothing else of the hash is needed here.
            self.push(u64::from(tag), entry);
        }
    }
}

/// The byte that tells entries of one segment apart: the low end of the hash, while the segment is
/// chosen by the high end.
fn tag_of(hash: u64) -> u8 {
    hash as u8
}

/// Sets the top bit of each byte that is zero. A byte above a zero byte may be reported too: a hit
/// is a hint, the entry decides.
fn zero_bytes(word: u64) -> u64 {
    word.wrapping_sub(LOW_BIT_OF_EACH_BYTE) & !word & (LOW_BIT_OF_EACH_BYTE << 7)
}
