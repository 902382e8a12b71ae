//! Hashes: fields and values, as a listpack while small and a table when large.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::codec::listpack::{Entry as Packed, Listpack};
use crate::codec::siphash::HashKey;
use crate::table::Table;

use super::{Blob, Value};

/// When a hash leaves its compact encoding.
#[derive(Clone, Copy, Debug)]
pub struct HashLimits {
    /// Most fields of a compact hash (`hash-max-listpack-entries`).
    pub listpack_entries_max: usize,
    /// Longest field or value of a compact hash in bytes (`hash-max-listpack-value`).
    pub listpack_value_bytes_max: usize,
}

/// A field and its value in a large hash.
#[derive(Clone, Debug)]
pub struct Field {
    /// The field's name.
    pub name: Blob,
    /// Its value.
    pub value: Blob,
}

/// A hash.
#[derive(Clone)]
pub enum Hash {
    /// Names and values by turns, in the order in which they came.
    Packed(Listpack),
    /// Fields in hash order.
    Table {
        /// The fields.
        fields: Table<Field>,
        /// The key of the order.
        key: HashKey,
    },
}

/// A name or a value, borrowed from a hash.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Text<'a> {
    /// Bytes.
    Bytes(&'a [u8]),
    /// The digits of an integer.
    Int(i64),
}

impl<'a> From<Packed<'a>> for Text<'a> {
    fn from(entry: Packed<'a>) -> Text<'a> {
        match entry {
            Packed::Int(value) => Text::Int(value),
            Packed::Str(bytes) => Text::Bytes(bytes),
        }
    }
}

impl<'a> Text<'a> {
    /// Hands the bytes to `use_bytes`, digits spelled out.
    pub fn with_bytes<R>(&self, use_bytes: impl FnOnce(&[u8]) -> R) -> R {
        match self {
            Text::Bytes(bytes) => use_bytes(bytes),
            Text::Int(value) => use_bytes(itoa::Buffer::new().format(*value).as_bytes()),
        }
    }
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
    /// How many fields.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Hash::Packed(pack) => pack.len() / 2,
            Hash::Table { fields, .. } => fields.len(),
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
            Hash::Packed(_) => "listpack",
            Hash::Table { .. } => "hashtable",
        }
    }

    /// Allocations to free.
    #[must_use]
    pub fn free_effort(&self) -> usize {
        match self {
            Hash::Packed(_) => 1,
            Hash::Table { fields, .. } => fields.len(),
        }
    }

    /// The value of a field.
    #[must_use]
    pub fn get(&self, name: &[u8]) -> Option<Text<'_>> {
        match self {
            Hash::Packed(pack) => {
                let value = pack.next(pack.find(pack.first()?, name, 1)?)?;
                Some(pack.get(value).into())
            }
            Hash::Table { fields, key } => {
                let field = fields.find(key.hash(name), |field| field.name.as_slice() == name)?;
                Some(Text::Bytes(&field.value))
            }
        }
    }

    /// Sets a field; true if it is new.
    pub fn set(&mut self, name: &[u8], value: &[u8], limits: &HashLimits, key: HashKey) -> bool {
        if let Hash::Packed(pack) = self {
            let longest = name.len().max(value.len());
            let fits = longest <= limits.listpack_value_bytes_max && pack.would_fit(name.len() + value.len());
            if fits {
                let found = pack.first().and_then(|first| pack.find(first, name, 1));
                if let Some(value_at) = found.and_then(|at| pack.next(at)) {
                    pack.replace(value_at, value);
                    return false;
                }
                if pack.len() / 2 < limits.listpack_entries_max {
                    pack.push_back(name);
                    pack.push_back(value);
                    return true;
                }
            }
        }
        let (fields, key) = self.make_table(key);
        let hash = key.hash(name);
        if let Some(field) = fields.find_mut(hash, |field| field.name.as_slice() == name) {
            field.value = Blob::new(value);
            return false;
        }
        let field = Field { name: Blob::new(name), value: Blob::new(value) };
        fields.insert_new(hash, field, |field| key.hash(&field.name));
        true
    }

    /// Removes a field; true if it was there.
    pub fn remove(&mut self, name: &[u8]) -> bool {
        match self {
            Hash::Packed(pack) => {
                let Some(at) = pack.first().and_then(|first| pack.find(first, name, 1)) else { return false };
                pack.remove_from(at, 2);
                true
            }
            Hash::Table { fields, key } => {
                let key = *key;
                let hash = key.hash(name);
                let removed = fields.remove(
                    hash,
                    |field| field.name.as_slice() == name,
                    |field| key.hash(&field.name),
                );
                removed.is_some()
            }
        }
    }

    /// Hands every field and its value to `visit`.
    pub fn for_each(&self, mut visit: impl FnMut(Text<'_>, Text<'_>)) {
        match self {
            Hash::Packed(pack) => {
                let mut entries = pack.iter();
                while let (Some(name), Some(value)) = (entries.next(), entries.next()) {
                    visit(name.into(), value.into());
                }
            }
            Hash::Table { fields, .. } => {
                for field in fields {
                    visit(Text::Bytes(&field.name), Text::Bytes(&field.value));
                }
            }
        }
    }

    /// Turns it into a table, if it is not one yet.
    pub fn make_table(&mut self, key: HashKey) -> (&mut Table<Field>, HashKey) {
        if let Hash::Packed(pack) = self {
            let mut fields = Table::new();
            let mut entries = pack.iter();
            while let (Some(name), Some(value)) = (entries.next(), entries.next()) {
                let field = Field { name: blob(name), value: blob(value) };
                fields.insert_new(key.hash(&field.name), field, |field: &Field| key.hash(&field.name));
            }
            *self = Hash::Table { fields, key };
        }
        match self {
            Hash::Table { fields, key } => (fields, *key),
            Hash::Packed(_) => unreachable!("it was just made so"),
        }
    }
}

fn blob(entry: Packed<'_>) -> Blob {
    let mut text = Vec::new();
    match entry {
        Packed::Str(bytes) => return Blob::new(bytes),
        Packed::Int(value) => crate::codec::number::push_i64(&mut text, value),
    }
    Blob::new(&text)
}

impl From<Hash> for Value {
    fn from(hash: Hash) -> Value {
        Value::Hash(Box::new(hash))
    }
}
