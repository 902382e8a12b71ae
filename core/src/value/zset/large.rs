//! A large sorted set: members by name and by score, each kept once.

use alloc::vec::Vec;
use core::cmp::Ordering;

use crate::codec::siphash::HashKey;
use crate::table::Table;
use crate::value::footprint::allocated;
use crate::value::{Blob, Remnant, Text};

use super::Set;
use super::order::{Direction, Order, Ranked, Walk};

/// Members are kept in blocks of this many, so that none is moved when there are more.
const BLOCK_LEN: usize = 512;

#[derive(Clone, Debug)]
struct Member {
    name: Blob,
    score: f64,
}

/// Members in the order in which they came; places of those that went are used again.
#[derive(Clone, Debug, Default)]
struct Slab {
    blocks: Vec<Vec<Member>>,
    free: Vec<u32>,
}

impl Slab {
    fn get(&self, id: u32) -> Option<&Member> {
        self.blocks.get(id as usize / BLOCK_LEN)?.get(id as usize % BLOCK_LEN)
    }

    fn get_mut(&mut self, id: u32) -> Option<&mut Member> {
        self.blocks.get_mut(id as usize / BLOCK_LEN)?.get_mut(id as usize % BLOCK_LEN)
    }

    fn name(&self, id: u32) -> &[u8] {
        self.get(id).map_or(&[], |member| member.name.as_slice())
    }

    fn add(&mut self, member: Member) -> u32 {
        if let Some(id) = self.free.pop() {
            if let Some(place) = self.get_mut(id) {
                *place = member;
            }
            return id;
        }
        if self.blocks.last().is_none_or(|block| block.len() == BLOCK_LEN) {
            // The first block grows as it is filled; the others will be full.
            if self.blocks.is_empty() {
                self.blocks.reserve_exact(1);
                self.blocks.push(Vec::new());
            } else {
                self.blocks.push(Vec::with_capacity(BLOCK_LEN));
            }
        }
        let block = self.blocks.len() - 1;
        let members = &mut self.blocks[block];
        members.push(member);
        (block * BLOCK_LEN + members.len() - 1) as u32
    }

    fn remove(&mut self, id: u32) -> Option<Blob> {
        let member = self.get_mut(id)?;
        let name = core::mem::replace(&mut member.name, Blob::new(b""));
        self.free.push(id);
        Some(name)
    }

    fn memory_bytes(&self) -> usize {
        let last = self.blocks.last().map_or(0, |block| allocated(block.capacity() * size_of::<Member>()));
        let others = self.blocks.len().saturating_sub(1) * allocated(BLOCK_LEN * size_of::<Member>());
        others
            + last
            + allocated(self.blocks.capacity() * size_of::<Vec<Member>>())
            + allocated(self.free.capacity() * size_of::<u32>())
    }
}

/// The members of a large sorted set.
#[derive(Clone)]
pub struct Large {
    slab: Slab,
    index: Table<u32>,
    key: HashKey,
    order: Order,
    /// Memory of names that are not kept in place.
    text_bytes: usize,
}

/// Compares a member in its place with a name and a score.
fn compare(slab: &Slab, ranked: &Ranked, name: &[u8], score: f64) -> Ordering {
    ranked.score.partial_cmp(&score).unwrap_or(Ordering::Equal).then_with(|| slab.name(ranked.id).cmp(name))
}

impl Large {
    pub(super) fn new(key: HashKey) -> Large {
        Large { slab: Slab::default(), index: Table::new(), key, order: Order::default(), text_bytes: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.order.len()
    }

    pub(super) fn memory_bytes(&self) -> usize {
        allocated(size_of::<Large>())
            + self.slab.memory_bytes()
            + self.index.memory_usage()
            + self.order.memory_bytes()
            + self.text_bytes
    }

    /// The index of members by hash, for SCAN and random draws; names and scores by [`Large::member`].
    pub(crate) fn index(&self) -> (&Table<u32>, HashKey) {
        (&self.index, self.key)
    }

    /// The name and score behind an entry of the index.
    pub(crate) fn member(&self, id: u32) -> (&[u8], f64) {
        self.slab.get(id).map_or((&[], 0.0), |member| (member.name.as_slice(), member.score))
    }

    fn find(&self, name: &[u8]) -> Option<u32> {
        self.index.find(self.key.hash(name), |id| self.slab.name(*id) == name).copied()
    }

    pub(super) fn score(&self, name: &[u8]) -> Option<f64> {
        self.slab.get(self.find(name)?).map(|member| member.score)
    }

    pub(super) fn rank(&self, name: &[u8]) -> Option<usize> {
        let score = self.score(name)?;
        Some(self.order.partition_point(|ranked| compare(&self.slab, ranked, name, score) == Ordering::Less))
    }

    /// Gives a member the score that `decide` says of the one it has, if it says any.
    pub(super) fn change(&mut self, name: &[u8], decide: impl FnOnce(Option<f64>) -> Option<f64>) -> Set {
        let hash = self.key.hash(name);
        let found = self.index.find(hash, |id| self.slab.name(*id) == name).copied();
        let before = found.and_then(|id| self.slab.get(id)).map(|member| member.score);
        let Some(score) = decide(before) else { return Set::Same };
        match (found, before) {
            (Some(_), Some(before)) if before == score => Set::Same,
            (Some(id), Some(before)) => {
                self.set_score(id, name, before, score);
                Set::Changed
            }
            _ => {
                self.insert_new(name, hash, score);
                Set::Added
            }
        }
    }

    /// Adds a member that is not there.
    fn insert_new(&mut self, name: &[u8], hash: u64, score: f64) {
        let blob = Blob::new(name);
        self.text_bytes += blob.heap_bytes();
        let id = self.slab.add(Member { name: blob, score });
        let (slab, key) = (&self.slab, self.key);
        self.index.insert_new(hash, id, |id| key.hash(slab.name(*id)));
        self.order.insert(Ranked { score, id }, |ranked| compare(slab, ranked, name, score) == Ordering::Less);
    }

    /// Gives a member that is there another score.
    fn set_score(&mut self, id: u32, name: &[u8], before: f64, score: f64) {
        if let Some(member) = self.slab.get_mut(id) {
            member.score = score;
        }
        let slab = &self.slab;
        let rank = self.order.partition_point(|ranked| compare(slab, ranked, name, before) == Ordering::Less);
        self.order.remove_range(rank, rank + 1, |_| {});
        self.order.insert(Ranked { score, id }, |ranked| compare(slab, ranked, name, score) == Ordering::Less);
    }

    pub(super) fn remove(&mut self, name: &[u8]) -> bool {
        match self.rank(name) {
            Some(rank) => {
                self.remove_range(rank, rank + 1);
                true
            }
            None => false,
        }
    }

    pub(super) fn remove_range(&mut self, start: usize, end: usize) {
        let Large { slab, index, key, order, text_bytes } = self;
        order.remove_range(start, end, |ranked| {
            let hash = key.hash(slab.name(ranked.id));
            index.remove(hash, |id| *id == ranked.id, |id| key.hash(slab.name(*id)));
            *text_bytes -= slab.remove(ranked.id).map_or(0, |name| name.heap_bytes());
        });
    }

    pub(super) fn partition_point(&self, mut is_before: impl FnMut(Text<'_>, f64) -> bool) -> usize {
        self.order.partition_point(|ranked| is_before(Text::Bytes(self.slab.name(ranked.id)), ranked.score))
    }

    pub(super) fn iter(&self, rank: usize, direction: Direction) -> Iter<'_> {
        Iter { slab: &self.slab, walk: self.order.walk(rank, direction) }
    }
}

/// Members and scores in order. Made by [`Large::iter`].
#[derive(Clone)]
pub struct Iter<'a> {
    slab: &'a Slab,
    walk: Walk<'a>,
}

impl<'a> Iterator for Iter<'a> {
    type Item = (Text<'a>, f64);

    #[inline]
    fn next(&mut self) -> Option<(Text<'a>, f64)> {
        let ranked = self.walk.next()?;
        Some((Text::Bytes(self.slab.name(ranked.id)), ranked.score))
    }
}

impl Remnant for Large {
    fn is_empty(&self) -> bool {
        self.slab.blocks.is_empty()
    }

    /// Blocks of members go one by one; what leads to them goes with the last.
    fn free_some(&mut self, units: usize) -> usize {
        let mut freed = 0;
        while freed < units
            && let Some(block) = self.slab.blocks.pop()
        {
            freed += block.len();
        }
        freed
    }
}
