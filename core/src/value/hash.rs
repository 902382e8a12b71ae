//! Hashes: fields and values, as a listpack while small and a table when large.
//!
//! When one becomes the other is Redis 7.0's decision, so that `OBJECT ENCODING` and the type byte in RDB and `DUMP` agree:
//! a name or value over the limit converts before it is added, a field over the number allowed right after. Nothing
//! converts back.

use alloc::boxed::Box;

use crate::codec::listpack::{Listpack, Pos};
use crate::codec::siphash::HashKey;
use crate::table::Table;

use super::footprint::allocated;
use super::limits::HashLimits;
use super::{Blob, Remnant, Text};

/// A field and its value in a large hash.
#[derive(Clone, Debug)]
pub struct Field {
    /// The field's name.
    pub name: Blob,
    /// Its value.
    pub value: Blob,
}

impl Field {
    /// Memory that is not in place, in bytes.
    fn text_bytes(&self) -> usize {
        self.name.heap_bytes() + self.value.heap_bytes()
    }
}

/// A hash.
#[derive(Clone)]
pub enum Hash {
    /// Names and values by turns, in the order in which they came.
    Packed(Listpack),
    /// Fields in hash order.
    Table(Box<Fields>),
}

/// The fields of a large hash.
#[derive(Clone)]
pub struct Fields {
    /// In the order of their names' hashes.
    pub table: Table<Field>,
    /// The key of the order.
    pub key: HashKey,
    /// Memory of names and values that are not kept in place.
    text_bytes: usize,
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
            Hash::Table(fields) => Some(Box::new(fields.table.dismantle())),
        }
    }

    /// A hash of the pairs in a listpack: names, none of them twice, and values by turns. Only their number decides
    /// whether it becomes a table, as when Redis loads one.
    #[must_use]
    pub fn from_pairs(pack: Listpack, limits: &HashLimits, key: HashKey) -> Hash {
        let mut hash = Hash::Packed(pack);
        if hash.len() > limits.listpack_entries_max {
            hash.make_table(key);
        }
        hash
    }

    /// How many fields.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Hash::Packed(pack) => pack.len() / 2,
            Hash::Table(fields) => fields.table.len(),
        }
    }

    /// True if there are none: the key must go.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match self {
            Hash::Packed(pack) => pack.is_empty(),
            Hash::Table(fields) => fields.table.is_empty(),
        }
    }

    /// The encoding's name in OBJECT ENCODING.
    #[must_use]
    pub fn encoding_name(&self) -> &'static str {
        match self {
            Hash::Packed(_) => "listpack",
            Hash::Table(_) => "hashtable",
        }
    }

    /// Allocations to free.
    #[must_use]
    pub fn free_effort(&self) -> usize {
        match self {
            Hash::Packed(_) => 1,
            Hash::Table(fields) => fields.table.len(),
        }
    }

    /// Bytes of memory behind it.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        match self {
            Hash::Packed(pack) => allocated(pack.byte_len()),
            Hash::Table(fields) => allocated(size_of::<Fields>()) + fields.table.memory_usage() + fields.text_bytes,
        }
    }

    /// The value of a field.
    #[must_use]
    pub fn get(&self, name: &[u8]) -> Option<Text<'_>> {
        match self {
            Hash::Packed(pack) => {
                let value = pack.next(find_name(pack, name)?)?;
                Some(pack.get(value).into())
            }
            Hash::Table(fields) => {
                let field = fields.table.find(fields.key.hash(name), |field| field.name.as_slice() == name)?;
                Some(Text::Bytes(&field.value))
            }
        }
    }

    /// True if the field is there.
    #[must_use]
    pub fn contains(&self, name: &[u8]) -> bool {
        match self {
            Hash::Packed(pack) => find_name(pack, name).is_some(),
            Hash::Table(fields) => {
                fields.table.locate(fields.key.hash(name), |field| field.name.as_slice() == name).is_some()
            }
        }
    }

    /// Turns it into a table if one of `texts`, the names and values about to be set, is too long for a listpack, or all
    /// together are too much. A command that sets several fields asks once for all of them, before the first.
    pub fn make_room<'a>(&mut self, texts: impl Iterator<Item = &'a [u8]>, limits: &HashLimits, key: HashKey) {
        let Hash::Packed(pack) = self else { return };
        let mut total: usize = 0;
        for text in texts {
            total = total.saturating_add(text.len());
            if text.len() > limits.listpack_value_bytes_max || !pack.would_fit(total) {
                self.make_table(key);
                return;
            }
        }
    }

    /// Sets a field; true if it is new.
    pub fn set(&mut self, name: &[u8], value: &[u8], limits: &HashLimits, key: HashKey) -> bool {
        self.make_room([name, value].into_iter(), limits, key);
        match self {
            Hash::Packed(pack) => {
                let is_new = set_packed(pack, name, value);
                if pack.len() / 2 > limits.listpack_entries_max {
                    self.make_table(key);
                }
                is_new
            }
            Hash::Table(fields) => set_in_table(fields, name, value),
        }
    }

    /// Removes a field; true if it was there.
    pub fn remove(&mut self, name: &[u8]) -> bool {
        match self {
            Hash::Packed(pack) => {
                let found = find_name(pack, name);
                if let Some(at) = found {
                    pack.remove_from(at, 2);
                }
                found.is_some()
            }
            Hash::Table(fields) => {
                let key = fields.key;
                let is_it = |field: &Field| field.name.as_slice() == name;
                let removed = fields.table.remove(key.hash(name), is_it, |field| key.hash(&field.name));
                fields.text_bytes -= removed.as_ref().map_or(0, Field::text_bytes);
                removed.is_some()
            }
        }
    }

    /// Hands every field and its value to `visit`.
    pub fn for_each<'a>(&'a self, mut visit: impl FnMut(Text<'a>, Text<'a>)) {
        match self {
            Hash::Packed(pack) => pairs(pack).for_each(|(name, value)| visit(name, value)),
            Hash::Table(fields) => {
                for field in &fields.table {
                    visit(Text::Bytes(&field.name), Text::Bytes(&field.value));
                }
            }
        }
    }

    /// Turns it into a table, if it is not one yet.
    pub fn make_table(&mut self, key: HashKey) -> &mut Fields {
        if let Hash::Packed(pack) = self {
            let (mut table, mut text_bytes) = (Table::new(), 0);
            for (name, value) in pairs(pack) {
                let (name, value) = (name.with_bytes(Blob::new), value.with_bytes(Blob::new));
                let hash = key.hash(&name);
                let field = Field { name, value };
                text_bytes += field.text_bytes();
                table.insert_new(hash, field, |field: &Field| key.hash(&field.name));
            }
            *self = Hash::Table(Box::new(Fields { table, key, text_bytes }));
        }
        match self {
            Hash::Table(fields) => fields,
            Hash::Packed(_) => unreachable!("it was just made so"),
        }
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

/// Sets a field of a table; true if it is new.
fn set_in_table(fields: &mut Fields, name: &[u8], value: &[u8]) -> bool {
    let key = fields.key;
    let hash = key.hash(name);
    if let Some(field) = fields.table.find_mut(hash, |field| field.name.as_slice() == name) {
        let before = field.text_bytes();
        field.value = Blob::new(value);
        fields.text_bytes = fields.text_bytes + field.text_bytes() - before;
        return false;
    }
    let field = Field { name: Blob::new(name), value: Blob::new(value) };
    fields.text_bytes += field.text_bytes();
    fields.table.insert_new(hash, field, |field| key.hash(&field.name));
    true
}

#[cfg(test)]
#[path = "hash_tests.rs"]
mod tests;
