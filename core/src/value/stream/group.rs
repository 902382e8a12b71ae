//! Who reads a stream together, and what was delivered to whom?
//!
//! What is pending is kept once, by the group, and says whose it is; a consumer only knows the ids of its own. Both change together, and
//! nowhere else.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use crate::value::Blob;
use crate::value::footprint::allocated;

use super::StreamId;

/// A consumer of a group, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConsumerId(u32);

/// An entry that was delivered and not acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pending {
    /// Whose it is.
    pub consumer: ConsumerId,
    /// When it was delivered last, in milliseconds since the epoch.
    pub delivered_ms: i64,
    /// How often it was delivered.
    pub deliveries: u64,
}

/// A consumer.
#[derive(Clone, Debug)]
pub struct Consumer {
    /// Its name.
    pub name: Blob,
    /// When it was heard of last, in milliseconds since the epoch.
    pub seen_ms: i64,
    pending: BTreeSet<StreamId>,
}

impl Consumer {
    /// The ids of what is pending, oldest first.
    #[must_use]
    pub fn pending(&self) -> &BTreeSet<StreamId> {
        &self.pending
    }
}

/// A group of consumers.
#[derive(Clone, Debug, Default)]
pub struct Group {
    /// What was delivered last.
    pub last_id: StreamId,
    /// How many entries of the stream it has read, if that is known.
    pub entries_read: Option<i64>,
    pending: BTreeMap<StreamId, Pending>,
    consumers: Vec<Option<Consumer>>,
    by_name: BTreeMap<Blob, ConsumerId>,
    /// Numbers that no consumer has any more.
    free: Vec<ConsumerId>,
    /// Memory of the consumers' names that are not kept in place, each of which is kept twice.
    name_bytes: usize,
}

impl Group {
    /// A group that has come to an id.
    #[must_use]
    pub fn new(last_id: StreamId, entries_read: Option<i64>) -> Group {
        Group { last_id, entries_read, ..Group::default() }
    }

    /// What is pending, by id.
    #[must_use]
    pub fn pending(&self) -> &BTreeMap<StreamId, Pending> {
        &self.pending
    }

    /// The consumers in the order of their names.
    pub fn consumers(&self) -> impl ExactSizeIterator<Item = &Consumer> {
        self.by_name.values().map(|id| self.consumer(*id))
    }

    /// The number of a consumer.
    #[must_use]
    pub fn find(&self, name: &[u8]) -> Option<ConsumerId> {
        self.by_name.get(&Blob::new(name)).copied()
    }

    /// A consumer by its number.
    #[must_use]
    pub fn consumer(&self, id: ConsumerId) -> &Consumer {
        self.consumers[id.0 as usize].as_ref().expect("only consumers that exist have a number")
    }

    fn consumer_mut(&mut self, id: ConsumerId) -> &mut Consumer {
        self.consumers[id.0 as usize].as_mut().expect("only consumers that exist have a number")
    }

    /// A consumer was heard of.
    pub fn see(&mut self, id: ConsumerId, now_ms: i64) {
        self.consumer_mut(id).seen_ms = now_ms;
    }

    /// Adds a consumer, unless there is one of that name.
    pub fn add_consumer(&mut self, name: &[u8], seen_ms: i64) -> Option<ConsumerId> {
        if self.find(name).is_some() {
            return None;
        }
        let name = Blob::new(name);
        self.name_bytes += 2 * name.heap_bytes();
        let consumer = Consumer { name: name.clone(), seen_ms, pending: BTreeSet::new() };
        let id = match self.free.pop() {
            Some(id) => {
                self.consumers[id.0 as usize] = Some(consumer);
                id
            }
            None => {
                self.consumers.push(Some(consumer));
                ConsumerId(u32::try_from(self.consumers.len() - 1).expect("memory ends before four billion consumers"))
            }
        };
        self.by_name.insert(name, id);
        Some(id)
    }

    /// Removes a consumer with all that is pending for it; how much that was.
    pub fn remove_consumer(&mut self, id: ConsumerId) -> usize {
        let Some(consumer) = self.consumers[id.0 as usize].take() else { return 0 };
        self.by_name.remove(&consumer.name);
        self.free.push(id);
        self.name_bytes -= 2 * consumer.name.heap_bytes();
        for entry in &consumer.pending {
            self.pending.remove(entry);
        }
        consumer.pending.len()
    }

    /// An entry is pending from now on, or in another way than before.
    pub fn set_pending(&mut self, id: StreamId, pending: Pending) {
        let before = self.pending.insert(id, pending);
        if before.map(|before| before.consumer) == Some(pending.consumer) {
            return;
        }
        if let Some(before) = before {
            self.consumer_mut(before.consumer).pending.remove(&id);
        }
        self.consumer_mut(pending.consumer).pending.insert(id);
    }

    /// An entry is not pending any more; what was known of it.
    pub fn remove_pending(&mut self, id: StreamId) -> Option<Pending> {
        let pending = self.pending.remove(&id)?;
        self.consumer_mut(pending.consumer).pending.remove(&id);
        Some(pending)
    }

    /// Frees some of a group that was given up, of which nothing else is asked any more; how many parts went.
    pub(super) fn free_some(&mut self, units: usize) -> usize {
        let mut freed = 0;
        while freed < units && self.pending.pop_first().is_some() {
            freed += 1;
        }
        while freed < units
            && let Some(slot) = self.consumers.last_mut()
        {
            match slot.as_mut().and_then(|consumer| consumer.pending.pop_first()) {
                Some(_) => {}
                None => drop(self.consumers.pop()),
            }
            freed += 1;
        }
        freed
    }

    /// Memory held beside its own place, in bytes.
    pub(super) fn memory_bytes(&self) -> usize {
        let slots = allocated(self.consumers.len() * size_of::<Option<Consumer>>());
        let names = tree_bytes(self.by_name.len(), size_of::<(Blob, ConsumerId)>());
        let pending = tree_bytes(self.pending.len(), size_of::<(StreamId, Pending)>());
        let own = tree_bytes(self.pending.len(), size_of::<StreamId>());
        slots + names + pending + own + self.name_bytes
    }
}

/// Memory of a B-tree, whose nodes hold eleven elements and are two thirds full when they were not filled in order.
pub(super) fn tree_bytes(len: usize, element_bytes: usize) -> usize {
    len.div_ceil(7) * allocated(11 * element_bytes + 16)
}
