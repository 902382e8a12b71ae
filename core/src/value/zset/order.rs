//! An ordered sequence of members that knows ranks: sorted chunks, and a tree of their lengths.
//!
//! A place is found by halving over chunks and then within one; a rank is a sum in a Fenwick tree. An insertion moves at most one chunk,
//! and once in a few hundred insertions the list of chunks.

use alloc::vec::Vec;

use crate::value::footprint::allocated;

/// A chunk that is full is halved before a member is added to it. 4 KiB each.
const CHUNK_LEN_MAX: usize = 256;
/// Two neighbours that have no more than this together become one.
const CHUNK_LEN_JOINED: usize = 96;

/// A member in its place: its score, and where its name is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ranked {
    pub(super) score: f64,
    pub(super) id: u32,
}

/// All members in ascending order. What the order is, the callers say.
#[derive(Clone, Debug, Default)]
pub(super) struct Order {
    /// None of them is empty. The first grows as it is filled; the others have room for all from the start.
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
        let first = self.chunks.first().map_or(0, |chunk| allocated(chunk.capacity() * size_of::<Ranked>()));
        first
            + self.chunks.len().saturating_sub(1) * allocated(CHUNK_LEN_MAX * size_of::<Ranked>())
            + allocated(self.chunks.capacity() * size_of::<Vec<Ranked>>())
            + allocated(self.sums.capacity() * size_of::<u32>())
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
        if self.chunks.is_empty() {
            self.chunks.reserve_exact(1);
            self.chunks.push(Vec::new());
            self.rebuild_sums();
        }
        let mut chunk = self.chunk_where(&mut is_before).min(self.chunks.len() - 1);
        if self.chunks[chunk].len() == CHUNK_LEN_MAX {
            self.halve(chunk);
            chunk = self.chunk_where(&mut is_before).min(self.chunks.len() - 1);
        }
        let members = &mut self.chunks[chunk];
        let at = members.partition_point(is_before);
        members.insert(at, ranked);
        self.len += 1;
        self.add_to_sums(chunk, 1);
    }

    /// Moves half of a chunk into a new one behind it. Of the last chunk only little is moved: members that come in ascending order
    /// leave full chunks behind them.
    fn halve(&mut self, chunk: usize) {
        let is_last = chunk + 1 == self.chunks.len();
        let kept = if is_last { CHUNK_LEN_MAX * 15 / 16 } else { CHUNK_LEN_MAX / 2 };
        let mut behind = Vec::with_capacity(CHUNK_LEN_MAX);
        behind.extend(self.chunks[chunk].drain(kept..));
        self.chunks.insert(chunk + 1, behind);
        self.rebuild_sums();
    }

    /// Removes the members of ranks `start..end`, each of which is shown to `visit`.
    pub(super) fn remove_range(&mut self, start: usize, end: usize, mut visit: impl FnMut(Ranked)) {
        let mut left = end.min(self.len).saturating_sub(start);
        let Some((first, mut offset)) = self.locate(start).filter(|_| left > 0) else { return };
        let (mut chunk, gone) = (first, left);
        while left > 0 {
            let members = &mut self.chunks[chunk];
            let here = (members.len() - offset).min(left);
            members.drain(offset..offset + here).for_each(&mut visit);
            left -= here;
            offset = 0;
            chunk += 1;
        }
        self.len -= gone;
        self.tidy(first, chunk, gone);
    }

    /// Brings chunks and sums up to date after `gone` members went from the chunks `first..end`.
    fn tidy(&mut self, first: usize, end: usize, gone: usize) {
        let is_empty = self.chunks.get(first).is_none_or(Vec::is_empty);
        if end - first == 1 && !is_empty && !self.can_join(first) {
            return self.add_to_sums(first, -(gone as i64));
        }
        let mut index = 0;
        self.chunks.retain(|chunk| {
            index += 1;
            !(first..end).contains(&(index - 1)) || !chunk.is_empty()
        });
        // Of the chunks that were touched, the two ends of the gap are left at most.
        for left in [first + 1, first, first.saturating_sub(1)] {
            if self.can_join(left) {
                let behind = self.chunks.remove(left + 1);
                self.chunks[left].extend(behind);
            }
        }
        self.rebuild_sums();
    }

    /// True if a chunk and the one behind it have so few members that one is enough for them.
    fn can_join(&self, left: usize) -> bool {
        let len_of = |index: usize| self.chunks.get(index).map(Vec::len);
        matches!((len_of(left), len_of(left + 1)), (Some(left), Some(right)) if left + right <= CHUNK_LEN_JOINED)
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

    /// The members from a rank on, in a direction.
    pub(super) fn walk(&self, rank: usize, direction: Direction) -> Walk<'_> {
        let Some((chunk, offset)) = self.locate(rank) else {
            return Walk { current: &[], others: &[], direction };
        };
        let members = &self.chunks[chunk];
        match direction {
            Direction::Up => Walk { current: &members[offset..], others: &self.chunks[chunk + 1..], direction },
            Direction::Down => Walk { current: &members[..=offset], others: &self.chunks[..chunk], direction },
        }
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

/// Which way a sorted set is walked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Towards greater scores.
    Up,
    /// Towards smaller ones.
    Down,
}

/// Members in order. Made by [`Order::walk`].
#[derive(Clone, Debug)]
pub(super) struct Walk<'a> {
    /// What is left of the chunk at hand.
    current: &'a [Ranked],
    /// The chunks that are still to come.
    others: &'a [Vec<Ranked>],
    direction: Direction,
}

impl<'a> Iterator for Walk<'a> {
    type Item = &'a Ranked;

    #[inline]
    fn next(&mut self) -> Option<&'a Ranked> {
        loop {
            let taken = match self.direction {
                Direction::Up => self.current.split_first(),
                Direction::Down => self.current.split_last(),
            };
            if let Some((ranked, rest)) = taken {
                self.current = rest;
                return Some(ranked);
            }
            let (chunk, others) = match self.direction {
                Direction::Up => self.others.split_first()?,
                Direction::Down => self.others.split_last()?,
            };
            (self.current, self.others) = (chunk, others);
        }
    }
}
