//! Sets: members without an order, as an intset while they are few integers, and as [`Texts`] otherwise.

#[cfg(test)]
mod tests;
mod texts;

use alloc::boxed::Box;

use crate::codec::intset::Intset;
use crate::codec::number::parse_i64;
use crate::codec::random::Random;
use crate::codec::siphash::HashKey;

use super::footprint::allocated;
use super::limits::SetLimits;
use super::{Remnant, Text};

pub use texts::{Members, Texts};

/// A set.
#[derive(Clone)]
pub enum Set {
    /// Integers in ascending order.
    Ints(Intset),
    /// Members of any kind.
    Texts(Box<Texts>),
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
            set.make_texts(key).make_many(key);
        }
        set
    }

    /// How many members.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Set::Ints(ints) => ints.len(),
            Set::Texts(texts) => texts.len(),
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
            Set::Texts(_) => "hashtable",
        }
    }

    /// How many parts must be freed one by one if it is dropped.
    #[must_use]
    pub fn free_effort(&self) -> usize {
        match self {
            Set::Ints(_) => 1,
            Set::Texts(texts) => texts.free_effort(),
        }
    }

    /// Gives it up, to be freed a little at a time.
    #[must_use]
    pub fn dismantle(self) -> Option<Box<dyn Remnant>> {
        match self {
            Set::Ints(_) => None,
            Set::Texts(texts) => texts.dismantle(),
        }
    }

    /// Bytes of memory behind it.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        match self {
            Set::Ints(ints) => allocated(ints.as_bytes().len()),
            Set::Texts(texts) => allocated(size_of::<Texts>()) + texts.memory_bytes(),
        }
    }

    /// True if a member is in it.
    #[must_use]
    pub fn contains(&self, member: &[u8]) -> bool {
        match self {
            Set::Ints(ints) => integer(member).is_some_and(|value| ints.contains(value)),
            Set::Texts(texts) => texts.contains(member),
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
        if let Set::Ints(ints) = self
            && let Some(value) = integer(member)
        {
            let is_new = ints.insert(value);
            if is_new && ints.len() > limits.intset_entries_max {
                self.make_texts(key);
            }
            return is_new;
        }
        self.make_texts(key).add(member, key)
    }

    /// Removes a member; true if it was there.
    pub fn remove(&mut self, member: &[u8]) -> bool {
        match self {
            Set::Ints(ints) => integer(member).is_some_and(|value| ints.remove(value)),
            Set::Texts(texts) => texts.remove(member),
        }
    }

    /// A member drawn at random; none if there are none.
    #[must_use]
    pub fn random(&self, random: &mut Random) -> Option<Text<'_>> {
        match self {
            Set::Ints(ints) if ints.is_empty() => None,
            Set::Ints(ints) => ints.get(random.below(ints.len() as u64) as usize).map(Text::Int),
            Set::Texts(texts) => texts.random(random),
        }
    }

    /// All members, integers in ascending order.
    pub fn iter(&self) -> Iter<'_> {
        match self {
            Set::Ints(ints) => Iter::Ints(ints, 0),
            Set::Texts(texts) => Iter::Texts(texts.iter()),
        }
    }

    /// Hands every member to `visit`.
    pub fn for_each<'a>(&'a self, visit: impl FnMut(Text<'a>)) {
        self.iter().for_each(visit);
    }

    /// Lets it hold members of any kind, if it does not yet.
    pub fn make_texts(&mut self, key: HashKey) -> &mut Texts {
        if let Set::Ints(ints) = self {
            let mut texts = Texts::with_room_for(ints.len(), key);
            for value in ints.iter() {
                texts.add(itoa::Buffer::new().format(value).as_bytes(), key);
            }
            *self = Set::Texts(Box::new(texts));
        }
        match self {
            Set::Texts(texts) => texts,
            Set::Ints(_) => unreachable!("it was just made so"),
        }
    }
}

/// The members of a set. Made by [`Set::iter`].
pub enum Iter<'a> {
    /// Those of an intset, from an index on.
    Ints(&'a Intset, usize),
    /// Those of any kind.
    Texts(texts::Iter<'a>),
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
            Iter::Texts(texts) => texts.next(),
        }
    }
}
