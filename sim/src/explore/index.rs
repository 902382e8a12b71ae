//! How is something found again by what it is?
//!
//! Everything here goes by the hash of its contents, 64 bits of SipHash: states, nodes, bytes under way. Of ten million names two are the same with a probability of three
//! in a million; then a state passes for another one and is not looked at.

use std::hash::{Hash, Hasher};

use siphasher::sip::SipHasher13;

/// A name made of contents. Never zero.
pub(super) type Name = u64;

/// The name of a value.
pub(super) fn name_of(value: &(impl Hash + ?Sized)) -> Name {
    let mut hasher = SipHasher13::new_with_keys(0x6166_7465, 0x7269_6d61);
    value.hash(&mut hasher);
    hasher.finish().max(1)
}

/// A table by name, with open addressing: names are hashes already.
#[derive(Clone, Debug)]
pub(super) struct Index<V> {
    /// A power of two; a name of zero is a free slot.
    slots: Vec<(Name, Option<V>)>,
    len: usize,
}

/// Slots at first.
const SLOTS_MIN: usize = 16;

impl<V> Default for Index<V> {
    fn default() -> Index<V> {
        Index { slots: Vec::new(), len: 0 }
    }
}

impl<V> Index<V> {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Where a name is, or where it would be.
    fn slot_of(&self, name: Name) -> usize {
        let mask = self.slots.len() - 1;
        let mut at = name as usize & mask;
        while self.slots[at].0 != 0 && self.slots[at].0 != name {
            at = (at + 1) & mask;
        }
        at
    }

    pub(super) fn get(&self, name: Name) -> Option<&V> {
        if self.slots.is_empty() {
            return None;
        }
        self.slots[self.slot_of(name)].1.as_ref()
    }

    /// Adds what is not there yet. False if the name was taken.
    pub(super) fn insert(&mut self, name: Name, value: V) -> bool {
        if (self.len + 1) * 4 > self.slots.len() * 3 {
            self.grow();
        }
        let at = self.slot_of(name);
        let is_new = self.slots[at].0 == 0;
        if is_new {
            self.slots[at] = (name, Some(value));
            self.len += 1;
        }
        is_new
    }

    fn grow(&mut self) {
        let len = (self.slots.len() * 2).max(SLOTS_MIN);
        let free = std::iter::repeat_with(|| (0, None)).take(len).collect();
        for (name, value) in std::mem::replace(&mut self.slots, free) {
            if name != 0 {
                let at = self.slot_of(name);
                self.slots[at] = (name, value);
            }
        }
    }

    /// Adds what is not there yet of another one.
    pub(super) fn extend(&mut self, other: Index<V>) {
        for (name, value) in other.slots {
            if let Some(value) = value {
                self.insert(name, value);
            }
        }
    }

    /// Bytes of the table itself.
    pub(super) fn bytes(&self) -> usize {
        self.slots.len() * size_of::<(Name, Option<V>)>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_in_is_found_and_nothing_else() {
        let mut index = Index::default();
        assert_eq!(index.get(7), None);
        for number in 1..=1000_u64 {
            assert!(index.insert(name_of(&number), number));
        }
        assert!(!index.insert(name_of(&5_u64), 6), "it is there");
        assert_eq!((index.len(), index.get(name_of(&5_u64))), (1000, Some(&5)));
        assert_eq!(index.get(name_of(&1001_u64)), None);
        let mut other = Index::default();
        other.insert(name_of(&5_u64), 6);
        other.insert(name_of(&2000_u64), 2000);
        index.extend(other);
        assert_eq!(
            (index.len(), index.get(name_of(&5_u64)), index.get(name_of(&2000_u64))),
            (1001, Some(&5), Some(&2000))
        );
    }
}
