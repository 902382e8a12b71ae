//! Hashes: fields and values, as a listpack while small and a table when large.
//!
//! When one becomes the other is Redis 7.0's decision, so that `OBJECT ENCODING` and the type byte in RDB and `DUMP` agree:
//! a name or value over the limit converts before it is added, a field over the number allowed right after. Nothing
//! converts back.
//!
//! Differs: few fields with long names or values stay in a listpack, in half of the memory of a small table; to whoever asks,
//! they are a table, as in Redis.
//!
//! A hash some of whose fields expire keeps the same two forms in a box, beside the times: what concerns those is in [`expiring`]. Here a
//! field is there until it is removed, its time come or not.

mod expiries;
pub mod expiring;
mod table;
#[cfg(test)]
mod tests;

use alloc::boxed::Box;

use crate::codec::listpack::{Listpack, Pos};
use crate::codec::siphash::HashKey;

use super::footprint::allocated;
use super::limits::HashLimits;
use super::{Remnant, Text};

pub use expiring::Expiring;
pub use table::{Field, Fields};

/// As many fields are kept in a listpack though Redis would have a table.
const FEW_MAX: usize = 16;
/// The longest such listpack, in bytes.
const FEW_BYTES_MAX: usize = 1024;

/// A hash.
#[derive(Clone)]
pub enum Hash {
    /// Names and values by turns, in the order in which they came.
    Packed(Listpack),
    /// What hangs off a box.
    Large(Box<Large>),
}

/// A hash that is more than a listpack, or should be.
#[derive(Clone)]
pub enum Large {
    /// Names and values by turns, which are a table to whoever asks.
    Few(Listpack),
    /// Fields in hash order.
    Table(Fields),
    /// Fields of which some expire, or once did.
    Expiring(Box<Expiring>),
}

const _: () =
    assert!(size_of::<Large>() == size_of::<Fields>(), "a hash without expiries must not pay for those of others");

/// How the fields are kept.
#[derive(Clone, Copy)]
pub enum Form<'a> {
    /// Names and values by turns.
    Packed(&'a Listpack),
    /// The same, which are a table to whoever asks.
    Few(&'a Listpack),
    /// In hash order.
    Table(&'a Fields),
}

impl core::fmt::Debug for Hash {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Hash({}, {} fields)", self.encoding_name(), self.len())
    }
}

impl Default for Hash {
    fn default() -> Hash {
        Hash::Packed(Listpack::new())
    }
}

impl Hash {
    /// Gives it up, to be freed a little at a time.
    #[must_use]
    pub fn dismantle(self) -> Option<Box<dyn Remnant>> {
        match self {
            Hash::Packed(_) => None,
            Hash::Large(large) => match *large {
                Large::Few(_) => None,
                Large::Table(fields) => Some(Box::new(fields.table.dismantle())),
                Large::Expiring(expiring) => Some(expiring.dismantle()),
            },
        }
    }

    /// A hash of the pairs in a listpack: names, none of them twice, and values by turns. Only their number decides
    /// whether it becomes a table, as when Redis loads one.
    #[must_use]
    pub fn from_pairs(pack: Listpack, limits: &HashLimits, key: HashKey) -> Hash {
        let mut hash = Hash::Packed(pack);
        if hash.len() > limits.listpack_entries_max {
            hash.unpack(key);
        }
        hash
    }

    /// How its fields are kept.
    #[inline]
    #[must_use]
    pub fn form(&self) -> Form<'_> {
        match self {
            Hash::Packed(pack) => Form::Packed(pack),
            Hash::Large(large) => match &**large {
                Large::Few(pack) => Form::Few(pack),
                Large::Table(fields) => Form::Table(fields),
                Large::Expiring(expiring) => expiring.fields.form(),
            },
        }
    }

    /// The hash without what is known of its fields' times.
    fn plain_mut(&mut self) -> &mut Hash {
        if !self.is_expiring() {
            return self;
        }
        if let Hash::Large(large) = self
            && let Large::Expiring(expiring) = &mut **large
        {
            return &mut expiring.fields;
        }
        unreachable!("only a hash in a box has times")
    }

    /// How many fields.
    #[must_use]
    pub fn len(&self) -> usize {
        match self.form() {
            Form::Packed(pack) | Form::Few(pack) => pack.len() / 2,
            Form::Table(fields) => fields.table.len(),
        }
    }

    /// True if there are none: the key must go.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match self.form() {
            Form::Packed(pack) | Form::Few(pack) => pack.is_empty(),
            Form::Table(fields) => fields.table.is_empty(),
        }
    }

    /// The encoding's name in OBJECT ENCODING.
    #[must_use]
    pub fn encoding_name(&self) -> &'static str {
        match (self.form(), self.is_expiring()) {
            (Form::Packed(_), false) => "listpack",
            (Form::Packed(_), true) => "listpackex",
            (Form::Few(_) | Form::Table(_), _) => "hashtable",
        }
    }

    /// Allocations to free.
    #[must_use]
    pub fn free_effort(&self) -> usize {
        match self {
            Hash::Packed(_) => 1,
            Hash::Large(large) => match &**large {
                Large::Few(_) => 1,
                Large::Table(fields) => fields.table.len(),
                Large::Expiring(expiring) => expiring.free_effort(),
            },
        }
    }

    /// Bytes of memory behind it.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        match self {
            Hash::Packed(pack) => allocated(pack.byte_len()),
            Hash::Large(large) => {
                allocated(size_of::<Large>())
                    + match &**large {
                        Large::Few(pack) => allocated(pack.byte_len()),
                        Large::Table(fields) => fields.memory_bytes(),
                        Large::Expiring(expiring) => expiring.memory_bytes(),
                    }
            }
        }
    }

    /// The value of a field.
    #[must_use]
    pub fn get(&self, name: &[u8]) -> Option<Text<'_>> {
        match self.form() {
            Form::Packed(pack) | Form::Few(pack) => {
                let value = pack.next(find_name(pack, name)?)?;
                Some(pack.get(value).into())
            }
            Form::Table(fields) => fields.get(name).map(Text::Bytes),
        }
    }

    /// True if the field is there.
    #[must_use]
    pub fn contains(&self, name: &[u8]) -> bool {
        match self.form() {
            Form::Packed(pack) | Form::Few(pack) => find_name(pack, name).is_some(),
            Form::Table(fields) => fields.get(name).is_some(),
        }
    }

    /// Lets it be a table if one of `texts`, the names and values about to be set, is too long for a listpack, or all
    /// together are too much. A command that sets several fields asks once for all of them, before the first.
    pub fn make_room<'a>(&mut self, texts: impl Iterator<Item = &'a [u8]>, limits: &HashLimits, key: HashKey) {
        let Form::Packed(pack) = self.form() else { return };
        let mut total: usize = 0;
        for text in texts {
            total = total.saturating_add(text.len());
            if text.len() > limits.listpack_value_bytes_max || !pack.would_fit(total) {
                self.unpack(key);
                return;
            }
        }
    }

    /// Sets a field, which does not expire from then on; true if it is new.
    pub fn set(&mut self, name: &[u8], value: &[u8], limits: &HashLimits, key: HashKey) -> bool {
        let is_new = self.set_value(name, value, limits, key);
        if !is_new {
            self.persist(name);
        }
        is_new
    }

    /// Sets a field, which expires when it did; true if it is new.
    pub fn set_value(&mut self, name: &[u8], value: &[u8], limits: &HashLimits, key: HashKey) -> bool {
        self.make_room([name, value].into_iter(), limits, key);
        let hash = self.plain_mut();
        match hash {
            Hash::Packed(pack) => {
                let is_new = set_packed(pack, name, value);
                if pack.len() / 2 > limits.listpack_entries_max {
                    hash.unpack(key);
                }
                return is_new;
            }
            Hash::Large(large) => {
                if let Large::Few(pack) = &mut **large
                    && pack.byte_len() + name.len() + value.len() <= FEW_BYTES_MAX
                {
                    let is_new = set_packed(pack, name, value);
                    if pack.len() / 2 > FEW_MAX {
                        hash.make_table(key);
                    }
                    return is_new;
                }
            }
        }
        hash.make_table(key).set(name, value)
    }

    /// Removes a field; true if it was there.
    pub fn remove(&mut self, name: &[u8]) -> bool {
        self.persist(name);
        match self.plain_mut() {
            Hash::Packed(pack) => remove_packed(pack, name),
            Hash::Large(large) => match &mut **large {
                Large::Few(pack) => remove_packed(pack, name),
                Large::Table(fields) => fields.remove(name),
                Large::Expiring(_) => unreachable!("its fields are kept in a form of their own"),
            },
        }
    }

    /// Hands every field and its value to `visit`.
    pub fn for_each<'a>(&'a self, mut visit: impl FnMut(Text<'a>, Text<'a>)) {
        match self.form() {
            Form::Packed(pack) | Form::Few(pack) => pairs(pack).for_each(|(name, value)| visit(name, value)),
            Form::Table(fields) => {
                for field in &fields.table {
                    visit(Text::Bytes(&field.name), Text::Bytes(&field.value));
                }
            }
        }
    }

    /// Lets it be a table, if it is not one yet: a real one if it does not have few fields.
    pub fn unpack(&mut self, key: HashKey) {
        let Hash::Packed(pack) = self.plain_mut() else { return };
        if pack.len() / 2 > FEW_MAX || pack.byte_len() > FEW_BYTES_MAX {
            self.make_table(key);
        } else {
            let pack = core::mem::take(pack);
            *self.plain_mut() = Hash::Large(Box::new(Large::Few(pack)));
        }
    }

    /// Turns it into a real table, if it is not one yet.
    pub fn make_table(&mut self, key: HashKey) -> &mut Fields {
        let hash = self.plain_mut();
        if let Form::Packed(pack) | Form::Few(pack) = hash.form() {
            let mut fields = Fields::new(key);
            pairs(pack).for_each(|(name, value)| {
                name.with_bytes(|name| value.with_bytes(|value| fields.set(name, value)));
            });
            *hash = Hash::Large(Box::new(Large::Table(fields)));
        }
        if let Hash::Large(large) = hash
            && let Large::Table(fields) = &mut **large
        {
            return fields;
        }
        unreachable!("it was just made so")
    }
}

/// The names and values of a listpack that is a hash.
pub(crate) fn pairs(pack: &Listpack) -> impl Iterator<Item = (Text<'_>, Text<'_>)> {
    let mut entries = pack.iter();
    core::iter::from_fn(move || Some((entries.next()?.into(), entries.next()?.into())))
}

fn find_name(pack: &Listpack, name: &[u8]) -> Option<Pos> {
    pack.find(pack.first()?, name, 1)
}

/// Removes a field of a listpack; true if it was there.
fn remove_packed(pack: &mut Listpack, name: &[u8]) -> bool {
    let found = find_name(pack, name);
    if let Some(at) = found {
        pack.remove_from(at, 2);
    }
    found.is_some()
}

/// Sets a field of a listpack whatever the limits; true if it is new.
fn set_packed(pack: &mut Listpack, name: &[u8], value: &[u8]) -> bool {
    if let Some(value_at) = find_name(pack, name).and_then(|at| pack.next(at)) {
        pack.replace(value_at, value);
        return false;
    }
    pack.push_back(name);
    pack.push_back(value);
    true
}
