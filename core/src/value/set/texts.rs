//! Members of any kind: few and short ones in a listpack, others in a table.
//!
//! Differs: Redis 7.0 has no listpacks of members (7.2 has). To whoever asks, this is a hash table as there: `OBJECT ENCODING`, RDB and `DUMP`
//! say so. A few members take less than half of the memory of a small table.

use alloc::boxed::Box;

use crate::codec::listpack::{self, Listpack, Pos};
use crate::codec::random::Random;
use crate::codec::siphash::HashKey;
use crate::table::{self, Table};
use crate::value::footprint::allocated;
use crate::value::{Blob, Remnant, Text};

/// As many members are kept in a listpack: comparing with each of them takes about as long as finding one in a table that is not in the
/// cache.
const FEW_MAX: usize = 32;
/// The longest listpack of members, in bytes.
const FEW_BYTES_MAX: usize = 1024;

/// Members that are not all integers, or too many for an intset.
#[derive(Clone)]
pub enum Texts {
    /// In the order in which they came.
    Few(Listpack),
    /// In hash order.
    Many(Members),
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

impl Texts {
    /// None yet, but that many are to be added.
    pub(super) fn with_room_for(count: usize, key: HashKey) -> Texts {
        match count {
            0..=FEW_MAX => Texts::Few(Listpack::new()),
            _ => Texts::Many(Members::new(key)),
        }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Texts::Few(pack) => pack.len(),
            Texts::Many(members) => members.table.len(),
        }
    }

    pub(super) fn free_effort(&self) -> usize {
        match self {
            Texts::Few(_) => 1,
            Texts::Many(members) => members.table.len(),
        }
    }

    pub(super) fn dismantle(self) -> Option<Box<dyn Remnant>> {
        match self {
            Texts::Few(_) => None,
            Texts::Many(members) => Some(Box::new(members.table.dismantle())),
        }
    }

    /// Bytes of memory behind it.
    pub(super) fn memory_bytes(&self) -> usize {
        match self {
            Texts::Few(pack) => allocated(pack.byte_len()),
            Texts::Many(members) => members.table.memory_usage() + members.text_bytes,
        }
    }

    pub(super) fn contains(&self, member: &[u8]) -> bool {
        match self {
            Texts::Few(pack) => find(pack, member).is_some(),
            Texts::Many(members) => members.contains(member),
        }
    }

    /// Adds a member; true if it is new.
    pub(super) fn add(&mut self, member: &[u8], key: HashKey) -> bool {
        if let Texts::Few(pack) = self {
            if find(pack, member).is_some() {
                return false;
            }
            if pack.len() < FEW_MAX && pack.byte_len() + member.len() <= FEW_BYTES_MAX {
                pack.push_back(member);
                return true;
            }
        }
        self.make_many(key).add(member)
    }

    pub(super) fn remove(&mut self, member: &[u8]) -> bool {
        match self {
            Texts::Few(pack) => {
                let found = find(pack, member);
                if let Some(at) = found {
                    pack.remove_from(at, 1);
                }
                found.is_some()
            }
            Texts::Many(members) => members.remove(member),
        }
    }

    pub(super) fn random(&self, random: &mut Random) -> Option<Text<'_>> {
        match self {
            Texts::Few(pack) if pack.is_empty() => None,
            Texts::Few(pack) => pack.iter().nth(random.below(pack.len() as u64) as usize).map(Text::from),
            Texts::Many(members) => members.table.random(|| random.next_u64()).map(|member| Text::Bytes(member)),
        }
    }

    pub(super) fn iter(&self) -> Iter<'_> {
        match self {
            Texts::Few(pack) => Iter::Few(pack.iter()),
            Texts::Many(members) => Iter::Many(members.table.iter()),
        }
    }

    /// Turns it into a table, if it is not one yet.
    pub fn make_many(&mut self, key: HashKey) -> &mut Members {
        if let Texts::Few(pack) = self {
            let mut members = Members::new(key);
            for member in pack.iter() {
                Text::from(member).with_bytes(|member| members.add(member));
            }
            *self = Texts::Many(members);
        }
        match self {
            Texts::Many(members) => members,
            Texts::Few(_) => unreachable!("it was just made so"),
        }
    }
}

fn find(pack: &Listpack, member: &[u8]) -> Option<Pos> {
    pack.find(pack.first()?, member, 0)
}

impl Members {
    fn new(key: HashKey) -> Members {
        Members { table: Table::new(), key, text_bytes: 0 }
    }

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

/// The members, in the order of their encoding.
pub enum Iter<'a> {
    /// Those of a listpack.
    Few(listpack::Iter<'a>),
    /// Those of a table.
    Many(table::Iter<'a, Blob>),
}

impl<'a> Iterator for Iter<'a> {
    type Item = Text<'a>;

    fn next(&mut self) -> Option<Text<'a>> {
        match self {
            Iter::Few(members) => members.next().map(Text::from),
            Iter::Many(members) => members.next().map(|member| Text::Bytes(member)),
        }
    }
}
