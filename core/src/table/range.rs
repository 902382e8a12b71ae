//! Which stretch of hash space does a segment cover?
//!
//! A stretch is named by the bits that all of its hashes begin with. Stretches are halved and
//! joined, never moved, which is why a position in hash space keeps its meaning while the table
//! grows and shrinks around it.

/// The longest prefix that a segment can have, in bits. 2^30 segments are more keys than fit into
/// memory; it keeps a slot count within `usize` on 32-bit targets.
pub(super) const DEPTH_MAX: u32 = 30;

/// All hashes that begin with the same `depth` bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct HashRange {
    /// The lowest hash in the range: the prefix, followed by zeros.
    pub start: u64,
    /// The length of the prefix in bits, 0..=[`DEPTH_MAX`].
    pub depth: u32,
}

impl HashRange {
    pub(super) const WHOLE: Self = Self { start: 0, depth: 0 };

    /// Where the next range begins; 0 after the last one.
    pub(super) fn next_start(self) -> u64 {
        self.start.wrapping_add(self.span())
    }

    /// The width of the range; 0 stands for all of hash space.
    fn span(self) -> u64 {
        1u64.checked_shl(64 - self.depth).unwrap_or(0)
    }

    /// The upper of the two halves. The lower one is `self` with `depth + 1`.
    pub(super) fn upper_half(self) -> Self {
        let depth = self.depth + 1;
        Self { start: self.start | 1 << (64 - depth), depth }
    }

    /// The other half of the range that this one is a half of, or `None` if this is the whole.
    pub(super) fn buddy(self) -> Option<Self> {
        let start = self.start ^ self.span();
        (self.depth > 0).then_some(Self { start, depth: self.depth })
    }

    /// The range that this one and its buddy make up. The whole is its own parent.
    pub(super) fn parent(self) -> Self {
        let start = self.start & !self.span();
        Self { start, depth: self.depth.saturating_sub(1) }
    }

    pub(super) fn contains(self, hash: u64) -> bool {
        prefix_of(hash, self.depth) == prefix_of(self.start, self.depth)
    }
}

/// The first `depth` bits of a hash as a number. Two shifts, since a shift by 64 is not defined and
/// `depth` may be 0.
#[inline]
pub(super) fn prefix_of(hash: u64, depth: u32) -> usize {
    ((hash >> 1) >> (63 - depth)) as usize
}
