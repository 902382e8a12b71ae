//! Sets: members without an order, as an intset while they are few integers and a table otherwise.

#[cfg(test)]
mod tests;

use alloc::boxed::Box;

use crate::codec::intset::Intset;
use crate::codec::number::parse_i64;
use crate::codec::random::Random;
use crate::codec::siphash::HashKey;
use crate::table::Table;

use super::footprint::allocated;
use super::limits::SetLimits;
use super::{Blob, Remnant, Text};

/// A set.
#[derive(Clone)]
pub enum Set {
    /// Integers in ascending order.
    Ints(Intset),
    /// Members in hash order.
    Table(Box<Members>),
}

/// The members of a large set.
#[derive(Clone)]
pub struct Members {
    /// In the order of their hashes.
    pub table: Table<Blob>,
    /// The key of the order.
    pub key: HashKey,
    /// Memory of members that are not kept in place.
    text_bytes: usize,
}

impl core::fmt::Debug for Set {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Set({}, {} members)", self.encoding_name(), self.len())
    }
}

impl Default for Set {
    fn default() -> Set {
        Set::Ints(Intset::default())
    }
}

/// The integer that a member is, if it is spelled as integers are.
fn integer(member: &[u8]) -> Option<i64> {
    if member.len() <= 20 { parse_i64(member) } else { None }
}

impl Set {
    /// A set of the integers of an intset, which becomes a table if there are too many.
    #[must_use]
    pub fn from_ints(ints: Intset, limits: SetLimits, key: HashKey) -> Set {
        let mut set = Set::Ints(ints);
        if set.len() > limits.intset_entries_max {
            set.make_table(key);
        }
        set
    }

    /// How many members.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Set::Ints(ints) => ints.len(),
            Set::Table(members) => members.table.len(),
        }
    }

    /// True if there are none: the key must go.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The encoding's name in OBJECT ENCODING.
    #[must_use]
    pub fn encoding_name(&self) -> &'static str {
        match self {
            Set::Ints(_) => "intset",
            Set::Table(_) => "hashtable",
        }
    }

    /// How many parts must be freed one by one if it is dropped.
    #[must_use]
    pub fn free_effort(&self) -> usize {
        match self {
            Set::Ints(_) => 1,
            Set::Table(members) => members.table.len(),
        }
    }

    /// Gives it up, to be freed a little at a time.
    #[must_use]
    pub fn dismantle(self) -> Option<Box<dyn Remnant>> {
        match self {
            Set::Ints(_) => None,
            Set::Table(members) => Some(Box::new(members.table.dismantle())),
        }
    }

    /// Bytes of memory behind it.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        match self {
            Set::Ints(ints) => allocated(ints.as_bytes().len()),
            Set::Table(members) => allocated(size_of::<Members>()) + members.table.memory_usage() + members.text_bytes,
        }
    }

    /// True if a member is in it.
    #[must_use]
    pub fn contains(&self, member: &[u8]) -> bool {
        match self {
            Set::Ints(ints) => integer(member).is_some_and(|value| ints.contains(value)),
            Set::Table(members) => members.contains(member),
        }
    }

    /// True if a member, borrowed from another set, is in it.
    #[must_use]
    pub fn contains_text(&self, member: Text<'_>) -> bool {
        match (self, member) {
            (Set::Ints(ints), Text::Int(value)) => ints.contains(value),
            (set, member) => member.with_bytes(|bytes| set.contains(bytes)),
        }
    }

    /// Adds a member; true if it is new.
    pub fn add(&mut self, member: &[u8], limits: SetLimits, key: HashKey) -> bool {
        if let Set::Ints(ints) = self {
            if let Some(value) = integer(member) {
                let is_new = ints.insert(value);
                if is_new && ints.len() > limits.intset_entries_max {
                    self.make_table(key);
                }
                return is_new;
            }
            self.make_table(key);
        }
        match self {
            Set::Table(members) => members.add(member),
            Set::Ints(_) => unreachable!("it was just made a table"),
        }
    }

    /// Removes a member; true if it was there.
    pub fn remove(&mut self, member: &[u8]) -> bool {
        match self {
            Set::Ints(ints) => integer(member).is_some_and(|value| ints.remove(value)),
            Set::Table(members) => members.remove(member),
        }
    }

    /// A member drawn at random; none if there are none.
    #[must_use]
    pub fn random(&self, random: &mut Random) -> Option<Text<'_>> {
        match self {
            Set::Ints(ints) if ints.is_empty() => None,
            Set::Ints(ints) => ints.get(random.below(ints.len() as u64) as usize).map(Text::Int),
            Set::Table(members) => members.table.random(|| random.next_u64()).map(|member| Text::Bytes(member)),
        }
    }

    /// All members, integers in ascending order.
    pub fn iter(&self) -> Iter<'_> {
        match self {
            Set::Ints(ints) => Iter::Ints(ints, 0),
            Set::Table(members) => Iter::Table(members.table.iter()),
        }
    }

    /// Hands every member to `visit`.
    pub fn for_each<'a>(&'a self, visit: impl FnMut(Text<'a>)) {
        self.iter().for_each(visit);
    }

    /// Turns it into a table, if it is not one yet.
    pub fn make_table(&mut self, key: HashKey) {
        if let Set::Ints(ints) = self {
            let mut members = Members { table: Table::new(), key, text_bytes: 0 };
            for value in ints.iter() {
                members.add(itoa::Buffer::new().format(value).as_bytes());
            }
            *self = Set::Table(Box::new(members));
        }
    }
}

/// The members of a set. Made by [`Set::iter`].
pub enum Iter<'a> {
    /// Those of an intset, from an index on.
    Ints(&'a Intset, usize),
    /// Those of a table.
    Table(crate::table::Iter<'a, Blob>),
}

impl<'a> Iterator for Iter<'a> {
    type Item = Text<'a>;

    fn next(&mut self) -> Option<Text<'a>> {
        match self {
            Iter::Ints(ints, index) => {
                let value = ints.get(*index)?;
                *index += 1;
                Some(Text::Int(value))
            }
            Iter::Table(members) => members.next().map(|member| Text::Bytes(member)),
        }
    }
}

impl Members {
    fn contains(&self, member: &[u8]) -> bool {
        self.table.locate(self.key.hash(member), |own| own.as_slice() == member).is_some()
    }

    fn add(&mut self, member: &[u8]) -> bool {
        if self.contains(member) {
            return false;
        }
        let key = self.key;
        let member = Blob::new(member);
        self.text_bytes += member.heap_bytes();
        self.table.insert_new(key.hash(&member), member, |own| key.hash(own));
        true
    }

    fn remove(&mut self, member: &[u8]) -> bool {
        let key = self.key;
        let removed = self.table.remove(key.hash(member), |own| own.as_slice() == member, |own| key.hash(own));
        self.text_bytes -= removed.as_ref().map_or(0, Blob::heap_bytes);
        removed.is_some()
    }
}
