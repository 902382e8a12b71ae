//! An append-only run of bytes in blocks, read by cursors.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

/// Bytes in a block. Large enough that a system call takes few slices, small enough that little is held beyond the limits.
pub(super) const BLOCK_BYTES: usize = 32 * 1024;

/// Bytes `[start, end)` of a sequence that only grows at its end and is only forgotten at its beginning.
///
/// Whoever reads keeps a position of his own: any number of readers cost nothing and copy nothing.
#[derive(Clone, Debug, Default)]
pub struct Run {
    /// All but the last one are full.
    blocks: VecDeque<Vec<u8>>,
    /// The position of the first block's first byte.
    base: u64,
    /// A block that was forgotten and waits to be used again.
    spare: Option<Vec<u8>>,
}

impl Run {
    /// An empty run whose next byte has position `start`.
    #[must_use]
    pub fn starting_at(start: u64) -> Run {
        Run { blocks: VecDeque::new(), base: start, spare: None }
    }

    /// The position of the first byte that is still held.
    #[must_use]
    pub fn start(&self) -> u64 {
        self.base
    }

    /// The position after the last byte.
    #[inline]
    #[must_use]
    pub fn end(&self) -> u64 {
        match self.blocks.back() {
            Some(last) => self.base + ((self.blocks.len() - 1) * BLOCK_BYTES + last.len()) as u64,
            None => self.base,
        }
    }

    /// Memory held in bytes.
    #[must_use]
    pub fn memory_bytes(&self) -> u64 {
        ((self.blocks.len() + usize::from(self.spare.is_some())) * BLOCK_BYTES) as u64
    }

    /// Adds bytes at the end.
    pub fn append(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let room = self.blocks.back().map_or(0, |last| BLOCK_BYTES - last.len());
            if room == 0 {
                let block = self.spare.take().unwrap_or_else(|| Vec::with_capacity(BLOCK_BYTES));
                self.blocks.push_back(block);
                continue;
            }
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            if let Some(last) = self.blocks.back_mut() {
                last.extend_from_slice(now);
            }
            bytes = later;
        }
    }

    /// Takes back what was added behind `end`.
    #[cfg(feature = "museum")]
    pub(super) fn take_back(&mut self, end: u64) {
        while let Some(last) = self.blocks.pop_back() {
            let start = self.end();
            let keep = end.saturating_sub(start) as usize;
            if keep > 0 || self.blocks.is_empty() {
                self.blocks.push_back(last);
                if let Some(last) = self.blocks.back_mut() {
                    last.truncate(keep);
                }
                return;
            }
        }
    }

    /// Forgets whole blocks that end at or before `position`.
    pub fn forget_before(&mut self, position: u64) {
        while self.base + BLOCK_BYTES as u64 <= position && self.blocks.front().is_some_and(|b| b.len() == BLOCK_BYTES)
        {
            let Some(mut block) = self.blocks.pop_front() else { return };
            self.base += BLOCK_BYTES as u64;
            block.clear();
            self.spare = Some(block);
        }
    }

    /// Fills `slices` with the bytes from `position` on; returns how many were filled.
    pub fn gather<'a>(&'a self, position: u64, slices: &mut [&'a [u8]]) -> usize {
        let Some(skip) = position.checked_sub(self.base) else { return 0 };
        let first = usize::try_from(skip / BLOCK_BYTES as u64).unwrap_or(usize::MAX);
        let mut offset = (skip % BLOCK_BYTES as u64) as usize;
        let mut filled = 0;
        for (slot, block) in slices.iter_mut().zip(self.blocks.iter().skip(first)) {
            let rest = block.get(offset..).unwrap_or_default();
            offset = 0;
            if rest.is_empty() {
                break;
            }
            *slot = rest;
            filled += 1;
        }
        filled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_all(run: &Run, from: u64) -> Vec<u8> {
        let mut slices = [&[][..]; 64];
        let filled = run.gather(from, &mut slices);
        slices[..filled].concat()
    }

    #[test]
    fn every_position_that_is_held_reads_to_the_end() {
        let mut run = Run::starting_at(100);
        let all: Vec<u8> = (0..BLOCK_BYTES * 3 + 17).map(|i| (i % 251) as u8).collect();
        for piece in all.chunks(1000) {
            run.append(piece);
        }
        assert_eq!((run.start(), run.end()), (100, 100 + all.len() as u64));
        for at in [0, 1, BLOCK_BYTES - 1, BLOCK_BYTES, BLOCK_BYTES + 1, 3 * BLOCK_BYTES, all.len() - 1, all.len()] {
            assert_eq!(read_all(&run, 100 + at as u64), all[at..]);
        }
    }

    #[test]
    fn only_whole_blocks_before_the_position_are_forgotten() {
        let mut run = Run::starting_at(0);
        run.append(&[7; BLOCK_BYTES * 2 + 1]);
        run.forget_before(BLOCK_BYTES as u64 - 1);
        assert_eq!(run.start(), 0);
        run.forget_before(BLOCK_BYTES as u64);
        assert_eq!(run.start(), BLOCK_BYTES as u64);
        run.forget_before(u64::MAX);
        assert_eq!(run.start(), 2 * BLOCK_BYTES as u64);
        assert_eq!(run.end(), 2 * BLOCK_BYTES as u64 + 1);
        assert_eq!(read_all(&run, run.start()), [7]);
        assert_eq!(run.gather(0, &mut [&[][..]; 4]), 0);
    }

    #[test]
    fn a_full_last_block_that_is_forgotten_leaves_the_end_where_it_was() {
        let mut run = Run::starting_at(5);
        run.append(&[1; BLOCK_BYTES]);
        let end = run.end();
        run.forget_before(end);
        assert_eq!((run.start(), run.end()), (end, end));
        run.append(b"x");
        assert_eq!(run.end(), end + 1);
    }
}
