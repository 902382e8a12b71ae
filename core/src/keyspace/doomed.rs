//! What was dropped and is being freed a little at a time.

use crate::table::{Remains, Table};
use crate::value::hash::Field;
use crate::value::{Hash, Value};

use super::database::{Entries, Entry};

/// Something large on its way out.
pub(super) enum Doomed {
    Entries(Remains<Entry>),
    Fields(Remains<Field>),
}

impl Clone for Doomed {
    /// What is on its way out is nobody's data: a copy of a node has none of it.
    fn clone(&self) -> Doomed {
        Doomed::Entries(Table::new().dismantle())
    }
}

impl Doomed {
    pub(super) fn entries(entries: Entries) -> Doomed {
        Doomed::Entries(entries.dismantle())
    }

    pub(super) fn value(value: Value) -> Doomed {
        Doomed::Fields(match value {
            Value::Hash(hash) => match *hash {
                Hash::Table { fields, .. } => fields.dismantle(),
                Hash::Packed(_) => Table::new().dismantle(),
            },
            Value::String(_) => Table::new().dismantle(),
        })
    }

    pub(super) fn is_empty(&self) -> bool {
        match self {
            Doomed::Entries(rest) => rest.is_empty(),
            Doomed::Fields(rest) => rest.is_empty(),
        }
    }

    pub(super) fn free_some(&mut self, entries_min: usize) -> usize {
        match self {
            Doomed::Entries(rest) => rest.drop_some(entries_min),
            Doomed::Fields(rest) => rest.drop_some(entries_min),
        }
    }
}
