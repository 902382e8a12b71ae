//! What was dropped and is being freed a little at a time.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::table::{Remains, Table};
use crate::value::{Remnant, Value};

use super::FREE_AT_ONCE_MAX;
use super::database::{Entries, Entry, Expiries};

/// Something large on its way out.
pub(super) enum Doomed {
    Entries(Remains<Entry>),
    Expiries(Expiries),
    Value(Box<dyn Remnant>),
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

    pub(super) fn value(value: Value) -> Option<Doomed> {
        value.dismantle().map(Doomed::Value)
    }

    /// Keys and values that it counts for.
    pub(super) fn objects(&self) -> usize {
        match self {
            Doomed::Entries(rest) => rest.len(),
            Doomed::Expiries(_) => 0,
            Doomed::Value(rest) => usize::from(!rest.is_empty()),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        match self {
            Doomed::Entries(rest) => rest.is_empty(),
            Doomed::Expiries(rest) => rest.is_empty(),
            Doomed::Value(rest) => rest.is_empty(),
        }
    }

    /// Frees at least `units` parts, if there are as many, and returns how many went. Large values met on the way are
    /// added to `others` instead.
    pub(super) fn free_some(&mut self, units: usize, others: &mut Vec<Doomed>) -> usize {
        match self {
            Doomed::Entries(rest) => free_entries(rest, units, others),
            Doomed::Expiries(rest) => (0..units).map_while(|_| rest.pop_first()).count(),
            Doomed::Value(rest) => rest.free_some(units),
        }
    }
}

fn free_entries(rest: &mut Remains<Entry>, units: usize, others: &mut Vec<Doomed>) -> usize {
    let mut freed = 0;
    while freed < units {
        let Some(entries) = rest.take_segment() else {
            break;
        };
        for entry in entries {
            let effort = entry.value.free_effort();
            if effort > FREE_AT_ONCE_MAX {
                others.extend(Doomed::value(entry.value));
            }
            freed += effort.clamp(1, FREE_AT_ONCE_MAX);
        }
    }
    freed
}
