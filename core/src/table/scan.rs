//! How are all the entries visited, drawn from and given up?

use super::Table;
use super::arena::Arena;
use super::segment::{SPLIT_ABOVE, Segment};

/// Draws that [`Table::random`] makes before it is content with a less even one. A draw fails for
/// each entry that a segment could hold and does not: about every third in a table that grew, seven
/// of eight in one that was emptied almost to the point of joining.
const RANDOM_DRAWS_MAX: usize = 64;

/// A position in hash space as the number that a client of SCAN is given. Small tables have small
/// numbers, and 0 stands for both the start and the end, as in Redis.
pub fn encode_cursor(position: u64) -> u64 {
    position.reverse_bits()
}

/// The position in hash space behind a client's number. Any number is a position.
pub fn decode_cursor(cursor: u64) -> u64 {
    cursor.reverse_bits()
}

impl<T> Table<T> {
    /// Visits every entry whose hash is at `cursor` or above it in the segment that covers
    /// `cursor`; returns where that segment ends, or 0 if it was the last one.
    ///
    /// So every entry with `cursor <= hash < returned` is visited exactly once. A whole scan, from
    /// 0 until 0 is returned, visits an entry that stays in the table throughout exactly once,
    /// whatever else is inserted and removed between the calls; and one that comes or goes at most
    /// once for each time that it is inserted. `hash_of` is called only if the segment has been
    /// joined since the scan entered it, or the cursor was made up.
    pub fn scan(&self, cursor: u64, hash_of: impl Fn(&T) -> u64, mut visit: impl FnMut(&T)) -> u64 {
        let Some(segment) = self.segment_at(cursor) else {
            return 0;
        };
        let range = segment.range();
        for entry in segment.entries() {
            if cursor == range.start || hash_of(entry) >= cursor {
                visit(entry);
            }
        }
        range.next_start()
    }

    /// All entries, in the order of the hash ranges.
    pub fn iter(&self) -> Iter<'_, T> {
        Iter { table: self, position: Some(0), segment: None, index: 0 }
    }

    /// An entry drawn at random, each with the same chance; `None` if there are none.
    ///
    /// `next` supplies random words: two for each of at most 64 draws. What is drawn is a pure
    /// function of those words and of the changes that made the table.
    pub fn random(&self, mut next: impl FnMut() -> u64) -> Option<&T> {
        let segments = self.segments.len() as u64;
        for _ in 0..RANDOM_DRAWS_MAX {
            let segment = self.segments.get(scale(next(), segments) as u32)?;
            // Overlong segments, which evenly spread hashes do not have, get less than their share.
            let places = segment.len().max(SPLIT_ABOVE);
            if let Some(entry) = segment.get(scale(next(), places as u64) as usize) {
                return Some(entry);
            }
        }
        let first = scale(next(), segments);
        let numbers = (first..segments).chain(0..first);
        numbers.filter_map(|number| self.segments.get(number as u32)?.get(0)).next()
    }

    /// Gives up the table, to be dropped a piece at a time.
    pub fn dismantle(self) -> Remains<T> {
        Remains { segments: self.segments, len: self.len }
    }
}

/// A number below `limit`, evenly from a random word, for limits far below 2^64.
fn scale(word: u64, limit: u64) -> u64 {
    ((u128::from(word) * u128::from(limit)) >> 64) as u64
}

/// The entries of a [`Table`] in the order of the hash ranges. Made by [`Table::iter`].
pub struct Iter<'a, T> {
    table: &'a Table<T>,
    /// Where the next segment begins.
    position: Option<u64>,
    /// The current segment, and which of its entries comes next.
    segment: Option<&'a Segment<T>>,
    index: usize,
}

impl<'a, T> Iterator for Iter<'a, T> {
    type Item = &'a T;

    fn next(&mut self) -> Option<&'a T> {
        loop {
            if let Some(entry) = self.segment.and_then(|segment| segment.get(self.index)) {
                self.index += 1;
                return Some(entry);
            }
            let segment = self.table.segment_at(self.position?)?;
            let next_start = segment.range().next_start();
            self.position = (next_start != 0).then_some(next_start);
            (self.segment, self.index) = (Some(segment), 0);
        }
    }
}

impl<'a, T> IntoIterator for &'a Table<T> {
    type Item = &'a T;
    type IntoIter = Iter<'a, T>;

    fn into_iter(self) -> Iter<'a, T> {
        self.iter()
    }
}

/// What is left of a [`Table`] that was given up. Dropping it drops the rest at once.
pub struct Remains<T> {
    segments: Arena<T>,
    len: usize,
}

impl<T> Remains<T> {
    /// Entries still to be dropped.
    pub fn len(&self) -> usize {
        self.len
    }

    /// True if all were dropped.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Takes out the entries of one segment, of which there may be none; `None` once all are taken.
    pub fn take_segment(&mut self) -> Option<impl Iterator<Item = T> + use<T>> {
        let segment = self.segments.pop()?;
        self.len -= segment.len();
        Some(segment.into_entries())
    }

    /// Drops segments until at least `entries_min` entries are gone or none are left; returns how
    /// many went.
    pub fn drop_some(&mut self, entries_min: usize) -> usize {
        let before = self.len;
        while before - self.len < entries_min && self.take_segment().is_some() {}
        before - self.len
    }
}
