//! How does a listpack change?
//!
//! Every edit is one replacement of a span of bytes by at most one new entry,
//! followed by the header. The bytes are those that Redis 7.0 would hold after
//! the same edits. No edit enforces the safety limit: a caller that adds bytes
//! from outside asks [`Listpack::would_fit`] first.

use super::entry::{Encoded, Entry, entry_len};
use super::{COUNT_UNKNOWN, END, HEADER_LEN, Listpack, Pos, header_count};

impl Listpack {
    /// Appends an element.
    pub fn push_back(&mut self, value: &[u8]) {
        self.insert(self.end(), value);
    }

    /// Appends several elements in one change of size.
    pub fn push_back_all<'a>(&mut self, elements: impl Iterator<Item = Entry<'a>> + Clone) {
        let added_len = elements.clone().map(|element| Encoded::of(element).len()).sum();
        let mut at = self.end();
        self.resize_span(at, 0, added_len);
        let mut added = 0;
        for entry in elements.map(Encoded::of) {
            entry.write_to(&mut self.bytes[at..at + entry.len()]);
            at += entry.len();
            added += 1;
        }
        self.update_count(|known| (known + added).min(usize::from(COUNT_UNKNOWN)));
    }

    /// Puts an element before all others.
    pub fn push_front(&mut self, value: &[u8]) {
        self.insert(HEADER_LEN, value);
    }

    /// Inserts before `pos`; returns the place of the new element.
    pub fn insert_before(&mut self, pos: Pos, value: &[u8]) -> Pos {
        self.insert(pos.0, value)
    }

    /// Inserts after `pos`; returns the place of the new element.
    pub fn insert_after(&mut self, pos: Pos, value: &[u8]) -> Pos {
        self.insert(pos.0 + entry_len(&self.bytes, pos.0), value)
    }

    /// Replaces the element at `pos`, which stays its place. Nothing moves if
    /// the new entry is as large as the old one.
    pub fn replace(&mut self, pos: Pos, value: &[u8]) {
        let entry = Encoded::new(value);
        let old_len = entry_len(&self.bytes, pos.0);
        self.resize_span(pos.0, old_len, entry.len());
        entry.write_to(&mut self.bytes[pos.0..pos.0 + entry.len()]);
    }

    /// Removes the element at `pos`; returns the place of the one after it.
    pub fn remove(&mut self, pos: Pos) -> Option<Pos> {
        self.remove_from(pos, 1)
    }

    /// Removes up to `count` elements from `pos` on; returns the place of the
    /// one after them. Two at once is a hash field with its value.
    pub fn remove_from(&mut self, pos: Pos, count: usize) -> Option<Pos> {
        let mut tail = pos.0;
        let mut removed = 0;
        while removed < count && tail < self.end() {
            tail += entry_len(&self.bytes, tail);
            removed += 1;
        }
        self.resize_span(pos.0, tail - pos.0, 0);
        self.update_count(|known| known - removed);
        self.at(pos.0)
    }

    /// Removes up to `count` elements from `index` on (negative from the end);
    /// nothing if `index` is outside.
    pub fn remove_range(&mut self, index: i64, count: usize) {
        if let Some(pos) = self.seek(index) {
            self.remove_from(pos, count);
        }
    }

    fn insert(&mut self, at: usize, value: &[u8]) -> Pos {
        let entry = Encoded::new(value);
        self.resize_span(at, 0, entry.len());
        entry.write_to(&mut self.bytes[at..at + entry.len()]);
        self.update_count(|known| known + 1);
        Pos(at)
    }

    /// Makes the `old_len` bytes at `at` a gap of `new_len`, keeping what is
    /// behind, and writes the new total into the header.
    fn resize_span(&mut self, at: usize, old_len: usize, new_len: usize) {
        if old_len == new_len {
            return;
        }
        let old_total = self.bytes.len();
        let new_total = old_total - old_len + new_len;
        let header = u32::try_from(new_total).expect("callers ask would_fit before they add");
        let mut bytes = core::mem::take(&mut self.bytes).into_vec();
        if new_total > old_total {
            bytes.reserve_exact(new_total - old_total);
            bytes.resize(new_total, END);
        }
        bytes.copy_within(at + old_len..old_total, at + new_len);
        bytes.truncate(new_total);
        bytes[..4].copy_from_slice(&header.to_le_bytes());
        self.bytes = bytes.into_boxed_slice();
    }

    /// Changes a count that the header knows; as in Redis, one that has
    /// reached 65535 stays unknown even when elements go.
    fn update_count(&mut self, change: impl FnOnce(usize) -> usize) {
        let known = header_count(&self.bytes);
        if known != COUNT_UNKNOWN {
            let count =
                u16::try_from(change(usize::from(known))).expect("one step from below 65535 stays within 16 bits");
            self.bytes[4..HEADER_LEN].copy_from_slice(&count.to_le_bytes());
        }
    }
}
