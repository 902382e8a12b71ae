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
use crate::codec::number::push_i64;
use crate::codec::random::Random;
use crate::codec::siphash::HashKey;

use super::footprint::allocated;
use super::limits::ZsetLimits;
use super::{Remnant, Text};

pub use large::Large;
pub use order::Direction;

/// The most that a pair takes in a listpack beside its member: two frames, and the digits of a score.
const PAIR_FRAME_BYTES_MAX: usize = 64;

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

/// The digits of a score, as they stand in a listpack. Integers, a negative zero among them, lose what only a float has.
fn digits_of(score: f64) -> Vec<u8> {
    /// Half of what 64 bits hold: beyond, Redis does not try whether a score is an integer.
    const INTEGER_MAX: f64 = (1_i64 << 62) as f64;
    let mut digits = Vec::with_capacity(24);
    if score.abs() <= INTEGER_MAX && score as i64 as f64 == score {
        push_i64(&mut digits, score as i64);
    } else {
        double::push_17g(&mut digits, score);
    }
    digits
}

fn compare_names(left: Text<'_>, right: &[u8]) -> Ordering {
    left.with_bytes(|left| left.cmp(right))
}

impl Zset {
    /// An empty one that is large from the start. A negative zero is kept as such only where no listpack was.
    #[must_use]
    pub fn large(key: HashKey) -> Zset {
        Zset::Large(Box::new(Large::new(key)))
    }

    /// An empty one for `len` members, of which nothing is known but their number.
    #[must_use]
    pub fn for_len(len: usize, limits: ZsetLimits, key: HashKey) -> Zset {
        if len > limits.listpack_entries_max { Zset::large(key) } else { Zset::default() }
    }

    /// One of these members, which are all different. It is large from the start if it ends up so.
    #[must_use]
    pub fn of_members(members: &[(Text<'_>, f64)], limits: ZsetLimits, key: HashKey) -> Zset {
        let fits = members.iter().all(|(member, _)| member.len() <= limits.listpack_value_bytes_max);
        let mut zset = if fits { Zset::for_len(members.len(), limits, key) } else { Zset::large(key) };
        for (member, score) in members {
            member.with_bytes(|member| zset.set(member, *score, limits, key));
        }
        zset
    }

    /// The same in a listpack, if it fits into one.
    #[must_use]
    pub fn compacted(self, limits: ZsetLimits, key: HashKey) -> Zset {
        let fits = |(member, _): (Text<'_>, f64)| member.len() <= limits.listpack_value_bytes_max;
        if self.len() > limits.listpack_entries_max || !self.iter_up(0).all(fits) {
            return self;
        }
        let members: Vec<(Text<'_>, f64)> = self.iter_up(0).collect();
        Zset::of_members(&members, limits, key)
    }

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
        self.change(member, limits, key, |_| Some(score))
    }

    /// Gives a member the score that `decide` says, which is told the one it has. Nothing changes if it says none. What it says must be
    /// a number.
    pub fn change(
        &mut self,
        member: &[u8],
        limits: ZsetLimits,
        key: HashKey,
        decide: impl FnOnce(Option<f64>) -> Option<f64>,
    ) -> Set {
        let pack = match self {
            Zset::Packed(pack) => pack,
            Zset::Large(large) => return large.change(member, decide),
        };
        let found = find_packed(pack, member);
        let before = found.and_then(|at| pair_at(pack, at)).map(|((_, score), _)| score);
        let Some(score) = decide(before).filter(|&score| before != Some(score)) else { return Set::Same };
        if let Some(at) = found {
            pack.remove_from(at, 2);
            insert_packed(pack, member, score);
            return Set::Changed;
        }
        let fits = pack.len() / 2 < limits.listpack_entries_max
            && member.len() <= limits.listpack_value_bytes_max
            && pack.would_fit(member.len() + PAIR_FRAME_BYTES_MAX);
        if fits {
            insert_packed(pack, member, score);
        } else {
            self.make_large(key).change(member, |_| Some(score));
        }
        Set::Added
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
    #[must_use]
    pub fn iter_up(&self, rank: usize) -> Iter<'_> {
        self.iter(rank, Direction::Up)
    }

    /// Members and scores from a rank on, downwards.
    #[must_use]
    pub fn iter_down(&self, rank: usize) -> Iter<'_> {
        self.iter(rank, Direction::Down)
    }

    /// Members and scores from a rank on, in a direction.
    #[must_use]
    pub fn iter(&self, rank: usize, direction: Direction) -> Iter<'_> {
        match self {
            Zset::Packed(pack) => {
                let index = i64::try_from(rank).ok().and_then(|rank| rank.checked_mul(2));
                Iter::Packed { pack, next: index.and_then(|index| pack.seek(index)), direction }
            }
            Zset::Large(large) => Iter::Large(large.iter(rank, direction)),
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

    /// True if it is in its compact encoding.
    #[must_use]
    pub fn is_packed(&self) -> bool {
        matches!(self, Zset::Packed(_))
    }

    /// Turns it into a large one, if it is none yet.
    pub fn make_large(&mut self, key: HashKey) -> &mut Large {
        if let Zset::Packed(_) = self {
            let mut large = Box::new(Large::new(key));
            self.for_each(|member, score| {
                member.with_bytes(|member| large.change(member, |_| Some(score)));
            });
            *self = Zset::Large(large);
        }
        match self {
            Zset::Large(large) => large,
            Zset::Packed(_) => unreachable!("it was just made so"),
        }
    }

    /// A sorted set of the pairs of a listpack; nothing if they are no pairs of different members and numbers. As when Redis loads one,
    /// only their number decides whether it becomes large. Pairs that are out of order are brought into it.
    #[must_use]
    pub fn from_pairs(pack: Listpack, limits: ZsetLimits, key: HashKey) -> Option<Zset> {
        let len = pack.len();
        if !len.is_multiple_of(2) || !are_members_different(&pack, key) {
            return None;
        }
        let mut scores = pack.iter().skip(1).step_by(2);
        if scores.any(|score| matches!(score, Entry::Str(text) if double::parse(text).is_none())) {
            return None;
        }
        let packed = Zset::Packed(pack);
        let is_sorted = packed.iter_up(0).zip(packed.iter_up(0).skip(1)).all(|((left, low), (right, high))| {
            low < high || (low == high && right.with_bytes(|right| compare_names(left, right)) == Ordering::Less)
        });
        if is_sorted && len / 2 <= limits.listpack_entries_max {
            return Some(packed);
        }
        let limits = ZsetLimits { listpack_value_bytes_max: usize::MAX, ..limits };
        let mut zset = Zset::default();
        packed.for_each(|member, score| {
            member.with_bytes(|member| zset.set(member, score, limits, key));
        });
        Some(zset)
    }
}

/// True if no member stands twice in a listpack of pairs.
fn are_members_different(pack: &Listpack, key: HashKey) -> bool {
    // By hash, so that names are neither copied nor compared each with each.
    let members = pack.iter().step_by(2).map(Text::from);
    let mut hashed: Vec<(u64, Text<'_>)> =
        members.map(|member| (member.with_bytes(|member| key.hash(member)), member)).collect();
    hashed.sort_unstable_by_key(|(hash, _)| *hash);
    !hashed.windows(2).any(|two| two[0] == two[1])
}

/// Members and scores in order. Made by [`Zset::iter`].
#[derive(Clone)]
pub enum Iter<'a> {
    /// Those of a listpack.
    Packed {
        /// The listpack.
        pack: &'a Listpack,
        /// Where the next pair begins.
        next: Option<Pos>,
        /// Where the one after it is.
        direction: Direction,
    },
    /// Those of a large sorted set.
    Large(large::Iter<'a>),
}

impl<'a> Iterator for Iter<'a> {
    type Item = (Text<'a>, f64);

    #[inline]
    fn next(&mut self) -> Option<(Text<'a>, f64)> {
        match self {
            Iter::Packed { pack, next, direction } => {
                let at = (*next)?;
                let (pair, score_at) = pair_at(pack, at)?;
                *next = match direction {
                    Direction::Up => pack.next(score_at),
                    Direction::Down => pack.prev(at).and_then(|score_before| pack.prev(score_before)),
                };
                Some(pair)
            }
            Iter::Large(members) => members.next(),
        }
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
