//! Sorted sets: members in the order of their scores, as a listpack while small and a slab with two indices when large.
//!
//! Whatever the encoding, a range by score or by name is first turned into a range of ranks by [`Zset::partition_point`]; all that
//! reads or removes ranges works on ranks.

mod large;
mod order;
#[cfg(test)]
mod tests;

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::cmp::Ordering;

use crate::codec::double;
use crate::codec::listpack::{Entry, Listpack, Pos};
use crate::codec::random::Random;
use crate::codec::siphash::HashKey;

use super::footprint::allocated;
use super::limits::ZsetLimits;
use super::{Remnant, Text};

pub use large::Large;

/// A sorted set.
#[derive(Clone)]
pub enum Zset {
    /// Members and scores by turns, in ascending order.
    Packed(Listpack),
    /// Members by name and by score.
    Large(Box<Large>),
}

/// What became of a member that was set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Set {
    /// It is new.
    Added,
    /// It has another score now.
    Changed,
    /// It had that score already.
    Same,
}

impl core::fmt::Debug for Zset {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Zset({}, {} members)", self.encoding_name(), self.len())
    }
}

impl Default for Zset {
    fn default() -> Zset {
        Zset::Packed(Listpack::new())
    }
}

/// The score that an element of a listpack spells.
fn score_of(entry: Entry<'_>) -> f64 {
    match entry {
        Entry::Int(value) => value as f64,
        Entry::Str(text) => double::parse(text).unwrap_or(0.0),
    }
}

/// The digits of a score, as they stand in a listpack.
fn digits_of(score: f64) -> Vec<u8> {
    let mut digits = Vec::with_capacity(24);
    double::push_17g(&mut digits, score);
    digits
}

fn compare_names(left: Text<'_>, right: &[u8]) -> Ordering {
    left.with_bytes(|left| left.cmp(right))
}

impl Zset {
    /// How many members.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Zset::Packed(pack) => pack.len() / 2,
            Zset::Large(large) => large.len(),
        }
    }

    /// True if there are none: the key must go.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match self {
            Zset::Packed(pack) => pack.is_empty(),
            Zset::Large(large) => large.len() == 0,
        }
    }

    /// The encoding's name in OBJECT ENCODING.
    #[must_use]
    pub fn encoding_name(&self) -> &'static str {
        match self {
            Zset::Packed(_) => "listpack",
            Zset::Large(_) => "skiplist",
        }
    }

    /// How many parts must be freed one by one if it is dropped.
    #[must_use]
    pub fn free_effort(&self) -> usize {
        match self {
            Zset::Packed(_) => 1,
            Zset::Large(large) => large.len(),
        }
    }

    /// Gives it up, to be freed a little at a time.
    #[must_use]
    pub fn dismantle(self) -> Option<Box<dyn Remnant>> {
        match self {
            Zset::Packed(_) => None,
            Zset::Large(large) => Some(large),
        }
    }

    /// Bytes of memory behind it.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        match self {
            Zset::Packed(pack) => allocated(pack.byte_len()),
            Zset::Large(large) => large.memory_bytes(),
        }
    }

    /// A member's score.
    #[must_use]
    pub fn score(&self, member: &[u8]) -> Option<f64> {
        match self {
            Zset::Packed(pack) => {
                let at = find_packed(pack, member)?;
                Some(score_of(pack.get(pack.next(at)?)))
            }
            Zset::Large(large) => large.score(member),
        }
    }

    /// How many members come before one.
    #[must_use]
    pub fn rank(&self, member: &[u8]) -> Option<usize> {
        match self {
            Zset::Packed(_) => self.iter_up(0).position(|(own, _)| own.equals(member)),
            Zset::Large(large) => large.rank(member),
        }
    }

    /// Gives a member a score, whether it is there or not. The score must be a number.
    pub fn set(&mut self, member: &[u8], score: f64, limits: ZsetLimits, key: HashKey) -> Set {
        let before = self.score(member);
        match before {
            Some(before) if before == score => return Set::Same,
            Some(_) => self.set_score(member, score),
            None => self.insert_new(member, score, limits, key),
        }
        if before.is_some() { Set::Changed } else { Set::Added }
    }

    fn set_score(&mut self, member: &[u8], score: f64) {
        match self {
            Zset::Packed(pack) => {
                if let Some(at) = find_packed(pack, member) {
                    pack.remove_from(at, 2);
                }
                insert_packed(pack, member, score);
            }
            Zset::Large(large) => large.set_score(member, score),
        }
    }

    fn insert_new(&mut self, member: &[u8], score: f64, limits: ZsetLimits, key: HashKey) {
        if let Zset::Packed(pack) = self {
            let fits = pack.len() / 2 < limits.listpack_entries_max
                && member.len() <= limits.listpack_value_bytes_max
                && pack.would_fit(member.len() + 64);
            if fits {
                return insert_packed(pack, member, score);
            }
        }
        self.make_large(key).insert_new(member, score);
    }

    /// Removes a member; true if it was there.
    pub fn remove(&mut self, member: &[u8]) -> bool {
        match self {
            Zset::Packed(pack) => {
                let found = find_packed(pack, member);
                if let Some(at) = found {
                    pack.remove_from(at, 2);
                }
                found.is_some()
            }
            Zset::Large(large) => large.remove(member),
        }
    }

    /// Removes the members of ranks `start..end`.
    pub fn remove_range(&mut self, start: usize, end: usize) {
        match self {
            Zset::Packed(pack) => pack.remove_range(start as i64 * 2, end.saturating_sub(start) * 2),
            Zset::Large(large) => large.remove_range(start, end),
        }
    }

    /// How many members come first for which `is_before` holds; it must hold for none behind one for which it does not.
    #[must_use]
    pub fn partition_point(&self, mut is_before: impl FnMut(Text<'_>, f64) -> bool) -> usize {
        match self {
            Zset::Packed(_) => self.iter_up(0).take_while(|(member, score)| is_before(*member, *score)).count(),
            Zset::Large(large) => large.partition_point(is_before),
        }
    }

    /// Members and scores from a rank on, upwards.
    pub fn iter_up(&self, rank: usize) -> Box<dyn Iterator<Item = (Text<'_>, f64)> + '_> {
        match self {
            Zset::Packed(pack) => {
                let mut next = pack.seek(rank as i64 * 2);
                Box::new(core::iter::from_fn(move || {
                    let (pair, score_at) = pair_at(pack, next?)?;
                    next = pack.next(score_at);
                    Some(pair)
                }))
            }
            Zset::Large(large) => Box::new(large.iter_up(rank)),
        }
    }

    /// Members and scores from a rank on, downwards.
    pub fn iter_down(&self, rank: usize) -> Box<dyn Iterator<Item = (Text<'_>, f64)> + '_> {
        match self {
            Zset::Packed(pack) => {
                let mut next = pack.seek(rank as i64 * 2);
                Box::new(core::iter::from_fn(move || {
                    let at = next?;
                    let (pair, _) = pair_at(pack, at)?;
                    next = pack.prev(at).and_then(|score_at| pack.prev(score_at));
                    Some(pair)
                }))
            }
            Zset::Large(large) => Box::new(large.iter_down(rank)),
        }
    }

    /// Hands every member and its score to `visit`, in ascending order.
    pub fn for_each<'a>(&'a self, mut visit: impl FnMut(Text<'a>, f64)) {
        self.iter_up(0).for_each(|(member, score)| visit(member, score));
    }

    /// A member drawn at random, with its score; none if there are none.
    #[must_use]
    pub fn random(&self, random: &mut Random) -> Option<(Text<'_>, f64)> {
        match self {
            Zset::Packed(pack) if pack.is_empty() => None,
            Zset::Packed(_) => self.iter_up(random.below(self.len() as u64) as usize).next(),
            Zset::Large(large) => {
                let (name, score) = large.member(*large.index().0.random(|| random.next_u64())?);
                Some((Text::Bytes(name), score))
            }
        }
    }

    fn make_large(&mut self, key: HashKey) -> &mut Large {
        if let Zset::Packed(_) = self {
            let mut large = Box::new(Large::new(key));
            self.for_each(|member, score| member.with_bytes(|member| large.insert_new(member, score)));
            *self = Zset::Large(large);
        }
        match self {
            Zset::Large(large) => large,
            Zset::Packed(_) => unreachable!("it was just made so"),
        }
    }

    /// A sorted set of the pairs of a listpack, in whatever order they stand there; nothing if they are no pairs of different
    /// members and numbers.
    #[must_use]
    pub fn from_pairs(pack: &Listpack, limits: ZsetLimits, key: HashKey) -> Option<Zset> {
        let mut zset = Zset::default();
        let mut entries = pack.iter();
        while let Some(member) = entries.next() {
            let score = match entries.next()? {
                Entry::Int(value) => value as f64,
                Entry::Str(text) => double::parse(text).filter(|score| !score.is_nan())?,
            };
            let set = Text::from(member).with_bytes(|member| zset.set(member, score, limits, key));
            if set != Set::Added {
                return None;
            }
        }
        Some(zset)
    }
}

fn find_packed(pack: &Listpack, member: &[u8]) -> Option<Pos> {
    pack.find(pack.first()?, member, 1)
}

/// The member and score at a place, and the score's own place.
fn pair_at(pack: &Listpack, at: Pos) -> Option<((Text<'_>, f64), Pos)> {
    let score_at = pack.next(at)?;
    Some(((pack.get(at).into(), score_of(pack.get(score_at))), score_at))
}

/// Adds a member that is not there, in its place.
fn insert_packed(pack: &mut Listpack, member: &[u8], score: f64) {
    let mut next = pack.first();
    while let Some(at) = next {
        let Some(((own, own_score), score_at)) = pair_at(pack, at) else { break };
        let comes_after = own_score > score || (own_score == score && compare_names(own, member) == Ordering::Greater);
        if comes_after {
            let member_at = pack.insert_before(at, member);
            pack.insert_after(member_at, &digits_of(score));
            return;
        }
        next = pack.next(score_at);
    }
    pack.push_back(member);
    pack.push_back(&digits_of(score));
}
