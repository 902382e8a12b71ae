//! An ordered sequence of members that knows ranks: sorted chunks, and a tree of their lengths.
//!
//! A place is found by halving over chunks and then within one; a rank is a sum in a Fenwick tree. An insertion moves at most one chunk,
//! and once in a few hundred insertions the list of chunks.

use alloc::vec::Vec;

/// A chunk that grows beyond this is halved.
const CHUNK_LEN_MAX: usize = 256;
/// Two neighbours that have no more than this together become one.
const CHUNK_LEN_MERGED: usize = 96;

/// A member in its place: its score, and where its name is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ranked {
    pub(super) score: f64,
    pub(super) id: u32,
}

/// All members in ascending order. What the order is, the callers say.
#[derive(Clone, Debug, Default)]
pub(super) struct Order {
    /// None of them is empty.
    chunks: Vec<Vec<Ranked>>,
    /// Sums of chunk lengths: node `i` (from 1) covers the lowest set bit of `i` chunks up to chunk `i - 1`.
    sums: Vec<u32>,
    len: usize,
}

impl Order {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Memory held, in bytes.
    pub(super) fn memory_bytes(&self) -> usize {
        // Chunks have room for a third more than they hold, on average.
        self.len * size_of::<Ranked>() / 3 * 4
            + self.chunks.capacity() * size_of::<Vec<Ranked>>()
            + self.sums.capacity() * size_of::<u32>()
    }

    /// How many members come first for which `is_before` holds; it must hold for none behind one for which it does not.
    pub(super) fn partition_point(&self, mut is_before: impl FnMut(&Ranked) -> bool) -> usize {
        let chunk = self.chunk_where(&mut is_before);
        match self.chunks.get(chunk) {
            Some(ranked) => self.rank_of_chunk(chunk) + ranked.partition_point(is_before),
            None => self.len,
        }
    }

    /// The first chunk whose last member is not before.
    fn chunk_where(&self, is_before: &mut impl FnMut(&Ranked) -> bool) -> usize {
        self.chunks.partition_point(|chunk| chunk.last().is_some_and(&mut *is_before))
    }

    /// Adds a member behind all for which `is_before` holds.
    pub(super) fn insert(&mut self, ranked: Ranked, mut is_before: impl FnMut(&Ranked) -> bool) {
        let chunk = self.chunk_where(&mut is_before).min(self.chunks.len().saturating_sub(1));
        let Some(members) = self.chunks.get_mut(chunk) else {
            self.chunks.push(Vec::from([ranked]));
            self.len = 1;
            self.rebuild_sums();
            return;
        };
        let at = members.partition_point(is_before);
        members.insert(at, ranked);
        self.len += 1;
        if members.len() > CHUNK_LEN_MAX {
            let behind = members.split_off(members.len() / 2);
            self.chunks.insert(chunk + 1, behind);
            self.rebuild_sums();
        } else {
            self.add_to_sums(chunk, 1);
        }
    }

    /// Removes the members of ranks `start..end`, each of which is shown to `visit`.
    pub(super) fn remove_range(&mut self, start: usize, end: usize, mut visit: impl FnMut(Ranked)) {
        let mut left = end.min(self.len).saturating_sub(start);
        while left > 0 {
            let Some((chunk, offset)) = self.locate(start) else { return };
            let members = &mut self.chunks[chunk];
            let here = (members.len() - offset).min(left);
            members.drain(offset..offset + here).for_each(&mut visit);
            self.len -= here;
            left -= here;
            self.tidy(chunk, here);
        }
    }

    /// Brings the sums up to date after `gone` members went from a chunk.
    fn tidy(&mut self, chunk: usize, gone: usize) {
        let len_of = |index: usize| self.chunks.get(index).map(Vec::len);
        let own = len_of(chunk).unwrap_or(0);
        let fits = |other: Option<usize>| other.is_some_and(|other| other + own <= CHUNK_LEN_MERGED);
        if own == 0 {
            self.chunks.remove(chunk);
            self.rebuild_sums();
        } else if fits(len_of(chunk + 1)) {
            let behind = self.chunks.remove(chunk + 1);
            self.chunks[chunk].extend(behind);
            self.rebuild_sums();
        } else {
            self.add_to_sums(chunk, -(gone as i64));
        }
    }

    /// The chunk of a rank, and the place within it.
    fn locate(&self, rank: usize) -> Option<(usize, usize)> {
        if rank >= self.len {
            return None;
        }
        let (mut chunk, mut left) = (0, rank);
        let mut step = (self.sums.len() + 1).next_power_of_two() / 2;
        while step > 0 {
            if let Some(&sum) = self.sums.get(chunk + step - 1)
                && sum as usize <= left
            {
                chunk += step;
                left -= sum as usize;
            }
            step /= 2;
        }
        Some((chunk, left))
    }

    /// The members from a rank on, upwards.
    pub(super) fn iter_up(&self, rank: usize) -> impl Iterator<Item = &Ranked> {
        let (chunk, offset) = self.locate(rank).unwrap_or((self.chunks.len(), 0));
        let first = self.chunks.get(chunk).map_or(&[][..], |members| &members[offset..]);
        first.iter().chain(self.chunks.iter().skip(chunk + 1).flatten())
    }

    /// The members from a rank on, downwards.
    pub(super) fn iter_down(&self, rank: usize) -> impl Iterator<Item = &Ranked> {
        let found = self.locate(rank);
        let (chunk, first) = match found {
            Some((chunk, offset)) => (chunk, &self.chunks[chunk][..=offset]),
            None => (0, &[][..]),
        };
        first.iter().rev().chain(self.chunks[..chunk].iter().rev().flat_map(|members| members.iter().rev()))
    }

    /// How many members the chunks before one have.
    fn rank_of_chunk(&self, chunk: usize) -> usize {
        let (mut sum, mut node) = (0, chunk);
        while node > 0 {
            sum += self.sums[node - 1] as usize;
            node &= node - 1;
        }
        sum
    }

    fn add_to_sums(&mut self, chunk: usize, count: i64) {
        let mut node = chunk + 1;
        while let Some(sum) = self.sums.get_mut(node - 1) {
            *sum = (i64::from(*sum) + count) as u32;
            node += node & node.wrapping_neg();
        }
    }

    fn rebuild_sums(&mut self) {
        self.sums.clear();
        self.sums.extend(self.chunks.iter().map(|members| members.len() as u32));
        for node in 1..=self.sums.len() {
            let parent = node + (node & node.wrapping_neg());
            if parent <= self.sums.len() {
                self.sums[parent - 1] += self.sums[node - 1];
            }
        }
    }
}
