//! How are the fields of a large hash kept?

use crate::codec::siphash::HashKey;
use crate::table::Table;
use crate::value::Blob;

/// A field and its value in a large hash.
#[derive(Clone, Debug, Default)]
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

impl Fields {
    /// None yet.
    pub(super) fn new(key: HashKey) -> Fields {
        Fields { table: Table::new(), key, text_bytes: 0 }
    }

    /// Bytes of memory behind them.
    pub(super) fn memory_bytes(&self) -> usize {
        self.table.memory_usage() + self.text_bytes
    }

    /// The value of a field.
    pub(super) fn get(&self, name: &[u8]) -> Option<&[u8]> {
        let field = self.table.find(self.key.hash(name), |field| field.name.as_slice() == name)?;
        Some(&field.value)
    }

    /// Sets a field; true if it is new.
    pub fn set(&mut self, name: &[u8], value: &[u8]) -> bool {
        let key = self.key;
        let hash = key.hash(name);
        if let Some(field) = self.table.find_mut(hash, |field| field.name.as_slice() == name) {
            let before = field.text_bytes();
            field.value = Blob::new(value);
            self.text_bytes = self.text_bytes + field.text_bytes() - before;
            return false;
        }
        let field = Field { name: Blob::new(name), value: Blob::new(value) };
        self.text_bytes += field.text_bytes();
        self.table.insert_new(hash, field, |field| key.hash(&field.name));
        true
    }

    /// Removes a field; true if it was there.
    pub(super) fn remove(&mut self, name: &[u8]) -> bool {
        let key = self.key;
        let is_it = |field: &Field| field.name.as_slice() == name;
        let removed = self.table.remove(key.hash(name), is_it, |field| key.hash(&field.name));
        self.text_bytes -= removed.as_ref().map_or(0, Field::text_bytes);
        removed.is_some()
    }
}
