//! When does which field of a hash expire?

use alloc::collections::BTreeSet;

use crate::codec::siphash::HashKey;
use crate::table::{Remains, Table};
use crate::value::Blob;

/// What one time takes in the index, in bytes: 16, in nodes of a tree that are two thirds full.
const INDEXED_BYTES: usize = 24;

/// A field's time.
#[derive(Clone, Debug, Default)]
pub(super) struct Expiry {
    name: Blob,
    /// Milliseconds since the epoch.
    at_ms: i64,
}

/// The times of a hash's fields, by name and in order.
///
/// The index names a field by its hash. Fields whose 64-bit hashes and times both agree share one place in it.
#[derive(Clone)]
pub(super) struct Expiries {
    by_name: Table<Expiry>,
    by_time: BTreeSet<(i64, u64)>,
    key: HashKey,
    /// Memory of names that are not kept in place.
    text_bytes: usize,
}

impl Expiries {
    pub(super) fn new(key: HashKey) -> Expiries {
        Expiries { by_name: Table::new(), by_time: BTreeSet::new(), key, text_bytes: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.by_name.len()
    }

    pub(super) fn memory_bytes(&self) -> usize {
        self.by_name.memory_usage() + self.by_time.len() * INDEXED_BYTES + self.text_bytes
    }

    pub(super) fn into_parts(self) -> (Remains<Expiry>, BTreeSet<(i64, u64)>) {
        (self.by_name.dismantle(), self.by_time)
    }

    /// When a field expires.
    pub(super) fn get(&self, name: &[u8]) -> Option<i64> {
        if self.by_name.is_empty() {
            return None;
        }
        Some(self.by_name.find(self.key.hash(name), |expiry| expiry.name.as_slice() == name)?.at_ms)
    }

    /// Sets a field's time, whether it had one or not.
    pub(super) fn set(&mut self, name: &[u8], at_ms: i64) {
        self.remove(name);
        let key = self.key;
        let (hash, name) = (key.hash(name), Blob::new(name));
        self.text_bytes += name.heap_bytes();
        self.by_time.insert((at_ms, hash));
        self.by_name.insert_new(hash, Expiry { name, at_ms }, |expiry| key.hash(&expiry.name));
    }

    /// Forgets a field's time; true if it had one.
    pub(super) fn remove(&mut self, name: &[u8]) -> bool {
        if self.by_name.is_empty() {
            return false;
        }
        let key = self.key;
        let hash = key.hash(name);
        let is_it = |expiry: &Expiry| expiry.name.as_slice() == name;
        let Some(removed) = self.by_name.remove(hash, is_it, |expiry| key.hash(&expiry.name)) else { return false };
        self.text_bytes -= removed.name.heap_bytes();
        if self.find_at(removed.at_ms, hash).is_none() {
            self.by_time.remove(&(removed.at_ms, hash));
        }
        true
    }

    /// The first time of all.
    pub(super) fn first_ms(&self) -> Option<i64> {
        self.by_time.first().map(|(at_ms, _)| *at_ms)
    }

    /// Some field of those that expire first, if that is before `before_ms`.
    pub(super) fn find_first_before(&self, before_ms: i64) -> Option<&Blob> {
        let (at_ms, hash) = *self.by_time.first()?;
        if at_ms >= before_ms { None } else { self.find_at(at_ms, hash) }
    }

    fn find_at(&self, at_ms: i64, hash: u64) -> Option<&Blob> {
        let is_it = |expiry: &Expiry| expiry.at_ms == at_ms && self.key.hash(&expiry.name) == hash;
        self.by_name.find(hash, is_it).map(|expiry| &expiry.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_found_by_name_and_in_order_and_forgotten_in_both() {
        let mut expiries = Expiries::new(HashKey::new(1, 2));
        for (name, at_ms) in [("a", 30), ("b", 10), ("c", 20), ("a", 5), ("a", 40)] {
            expiries.set(name.as_bytes(), at_ms);
        }
        assert_eq!((expiries.len(), expiries.by_time.len()), (3, 3));
        assert_eq!((expiries.get(b"a"), expiries.get(b"z"), expiries.first_ms()), (Some(40), None, Some(10)));
        assert_eq!(expiries.find_first_before(10), None, "it lives through its millisecond");
        assert_eq!(expiries.find_first_before(11).map(Blob::as_slice), Some(b"b".as_slice()));
        assert!(expiries.remove(b"b") && !expiries.remove(b"b"));
        assert_eq!(expiries.first_ms(), Some(20));
        assert!(expiries.remove(b"c") && expiries.remove(b"a"));
        assert_eq!((expiries.first_ms(), expiries.len(), expiries.text_bytes), (None, 0, 0));
    }
}
