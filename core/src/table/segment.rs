//! How does a segment keep its entries, and find one among them?
//!
//! The entries live in blocks of four, all of one size, so that little of a segment lies idle and
//! what one table gives back to the allocator fits the next. Beside them stands one tag byte per
//! entry, taken from the hash; a search compares eight tags at a time and touches only entries
//! whose tag agrees. A segment is two cache lines, entries apart.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::range::HashRange;

/// How many entries a segment holds before it is split.
///
/// Measured with a million entries of 64 bytes, best of six runs on a shared two-core machine, with
/// the allocator of the server. Bytes are resident bytes per entry, everything included; the map is
/// Rust's `std::collections::HashMap`.
///
/// ```text
/// split above, block   bytes   insert ns   hit ns   miss ns   remove ns
/// 16, 4                 83.9         136       75        31         225
/// 24, 4                 77.6         128       71        30         235
/// 32, 2                 77.5         142       71        33         210
/// 32, 4                 73.4         113       72        30         199
/// 32, 8                 79.7         101       66        31         205
/// 40, 4                 75.5          93       69        32         180
/// 48, 4                 75.5         102       69        35         182
/// 64, 8                 73.4          78       70        41         159
/// the map              178.3         100       96        22         107
/// ```
///
/// 32 fits two cache lines, and a step of a scan visits half as much as with 64. Entries in one
/// vector for each segment, grown by four, took 86 bytes: what a vector leaves behind when it grows
/// fits no other while all the segments of a table are about equally full.
pub(super) const SPLIT_ABOVE: usize = 32;

/// How many entries a segment and its buddy may hold together for them to be joined. A quarter of
/// [`SPLIT_ABOVE`], so that it takes many insertions to undo a join and many removals to undo a
/// split.
pub(super) const JOIN_UP_TO: usize = SPLIT_ABOVE / 4;

/// Entries in a block.
const BLOCK: usize = 4;

const LOW_BIT_OF_EACH_BYTE: u64 = 0x0101_0101_0101_0101;

#[derive(Clone)]
#[repr(align(64))]
pub(super) struct Segment<T> {
    /// Tags of the first [`SPLIT_ABOVE`] entries.
    tags: [u8; SPLIT_ABOVE],
    /// The first [`SPLIT_ABOVE`] entries, in order of arrival, save that a removal moves the last
    /// entry into the gap. Places behind the last entry hold a default. A block is there if it
    /// holds an entry.
    blocks: [Option<Box<[T; BLOCK]>>; SPLIT_ABOVE / BLOCK],
    /// The entries beyond, in a segment that could not be split. They have no tags and are always
    /// compared.
    untagged: Vec<T>,
    /// The upper half of [`HashRange::start`]; the lower is zero, as no prefix is that long.
    start_high: u32,
    depth: u8,
    /// Entries in the blocks.
    tagged: u8,
}

impl<T> Segment<T> {
    pub(super) fn new(range: HashRange) -> Self {
        let mut segment = Self {
            tags: [0; SPLIT_ABOVE],
            blocks: [const { None }; SPLIT_ABOVE / BLOCK],
            untagged: Vec::new(),
            start_high: 0,
            depth: 0,
            tagged: 0,
        };
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

    pub(super) fn entries(&self) -> impl Iterator<Item = &T> {
        self.blocks.iter().flatten().flat_map(|block| &**block).take(self.tagged.into()).chain(&self.untagged)
    }

    pub(super) fn into_entries(self) -> impl Iterator<Item = T> {
        self.blocks.into_iter().flatten().flat_map(|block| *block).take(self.tagged.into()).chain(self.untagged)
    }

    pub(super) fn len(&self) -> usize {
        usize::from(self.tagged) + self.untagged.len()
    }

    /// Entries that there is memory for.
    pub(super) fn capacity(&self) -> usize {
        usize::from(self.tagged).next_multiple_of(BLOCK) + self.untagged.capacity()
    }

    #[inline]
    pub(super) fn get(&self, index: usize) -> Option<&T> {
        if index < usize::from(self.tagged) {
            self.blocks.get(index / BLOCK)?.as_ref().map(|block| &block[index % BLOCK])
        } else {
            self.untagged.get(index.checked_sub(SPLIT_ABOVE)?)
        }
    }

    #[inline]
    pub(super) fn get_mut(&mut self, index: usize) -> Option<&mut T> {
        if index < usize::from(self.tagged) {
            self.blocks.get_mut(index / BLOCK)?.as_mut().map(|block| &mut block[index % BLOCK])
        } else {
            self.untagged.get_mut(index.checked_sub(SPLIT_ABOVE)?)
        }
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
                if self.get(index).is_some_and(&mut eq) {
                    return Some(index);
                }
                hits &= hits - 1;
            }
        }
        self.untagged.iter().position(eq).map(|index| SPLIT_ABOVE + index)
    }
}

impl<T: Default> Segment<T> {
    /// Adds an entry behind the others and says where.
    pub(super) fn push(&mut self, hash: u64, value: T) -> usize {
        let index = self.len();
        if index >= SPLIT_ABOVE {
            self.untagged.push(value);
            return index;
        }
        self.tags[index] = tag_of(hash);
        let block = self.blocks[index / BLOCK].get_or_insert_default();
        block[index % BLOCK] = value;
        self.tagged += 1;
        index
    }

    /// Takes out the entry behind all others, with its tag, if it has one.
    fn pop(&mut self) -> Option<(T, Option<u8>)> {
        if let Some(value) = self.untagged.pop() {
            if self.untagged.capacity() > 4 * self.untagged.len() {
                self.untagged.shrink_to(2 * self.untagged.len());
            }
            return Some((value, None));
        }
        let last = usize::from(self.tagged.checked_sub(1)?);
        self.tagged -= 1;
        let block = &mut self.blocks[last / BLOCK];
        let value = core::mem::take(&mut block.as_mut()?[last % BLOCK]);
        if last.is_multiple_of(BLOCK) {
            *block = None;
        }
        Some((value, Some(self.tags[last])))
    }

    /// Takes out an entry; the last one fills the gap.
    pub(super) fn remove(&mut self, index: usize, hash_of: impl Fn(&T) -> u64) -> Option<T> {
        if index >= self.len() {
            return None;
        }
        let (last, tag) = self.pop()?;
        if index == self.len() {
            return Some(last);
        }
        if let Some(place) = self.tags.get_mut(index) {
            *place = tag.unwrap_or_else(|| tag_of(hash_of(&last)));
        }
        Some(core::mem::replace(self.get_mut(index)?, last))
    }

    /// Keeps the lower half of the range and returns a new segment with the upper one.
    pub(super) fn split_off(&mut self, hash_of: impl Fn(&T) -> u64) -> Self {
        let range = self.range();
        let mut upper = Self::new(range.upper_half());
        self.set_range(HashRange { depth: range.depth + 1, ..range });
        let mut index = 0;
        while let Some(entry) = self.get(index) {
            let hash = hash_of(entry);
            if upper.range().contains(hash) {
                let entry = self.remove(index, &hash_of).expect("it is there");
                upper.push(hash, entry);
            } else {
                index += 1;
            }
        }
        upper
    }

    /// Takes in the entries of its buddy and the buddy's range. Both together must have tags: at
    /// most [`JOIN_UP_TO`] entries.
    pub(super) fn join(&mut self, buddy: Self) {
        debug_assert!(self.len() + buddy.len() <= JOIN_UP_TO);
        self.set_range(self.range().parent());
        let tags = buddy.tags;
        for (entry, tag) in buddy.into_entries().zip(tags) {
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
