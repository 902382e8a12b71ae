//! Streams: an append-only log of entries, and the groups of consumers that read it.
//!
//! Entries are kept in nodes, which are listpacks in the very form in which Redis keeps and sends them; where a node ends is Redis 7.0's
//! decision (`stream-node-max-bytes`, `stream-node-max-entries`). An entry that is deleted is only marked until its whole node goes.

mod group;
mod id;
mod node;
mod radix;
mod range;
mod tally;
#[cfg(test)]
mod tests;
mod trim;

use alloc::boxed::Box;
use alloc::collections::BTreeMap;

use crate::codec::corrupt::Corrupt;
use crate::codec::listpack::{LISTPACK_BYTES_MAX, Listpack, Pos};

use super::footprint::allocated;
use super::limits::StreamLimits;
use super::{Blob, Remnant, Text};

use group::tree_bytes;
pub(crate) use node::Node;

pub use group::{Consumer, ConsumerId, Group, Pending};
pub use id::{Spelled, StreamId};
pub use node::Entry;
pub use range::{Entries, Order};
pub use tally::Tally;
pub use trim::{Bound, Trim};

/// Most bytes of names and values in one entry.
pub const ENTRY_BYTES_MAX: usize = LISTPACK_BYTES_MAX;

/// A stream.
#[derive(Clone, Default)]
pub struct Stream {
    /// By their own id, which is that of their first entry.
    nodes: BTreeMap<StreamId, Node>,
    tally: Tally,
    groups: BTreeMap<Blob, Group>,
    /// Memory of the nodes.
    node_bytes: usize,
}

impl core::fmt::Debug for Stream {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Stream({} entries, {} groups)", self.tally.len, self.groups.len())
    }
}

impl Stream {
    /// How many entries.
    #[must_use]
    pub fn len(&self) -> usize {
        usize::try_from(self.tally.len).unwrap_or(usize::MAX)
    }

    /// True if there are none. The key stays all the same.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tally.len == 0
    }

    /// The encoding's name in OBJECT ENCODING.
    #[must_use]
    pub fn encoding_name(&self) -> &'static str {
        "stream"
    }

    /// What it knows of all that was ever added.
    #[must_use]
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// How many nodes.
    #[must_use]
    pub fn node_count(&self) -> usize {
        self.nodes.len()
    }

    /// How many nodes the radix tree would have in which Redis keeps them. O(nodes).
    #[must_use]
    pub fn radix_node_count(&self) -> usize {
        radix::node_count(self.nodes.keys())
    }

    /// The nodes with their own ids.
    pub(crate) fn nodes(&self) -> impl ExactSizeIterator<Item = (&StreamId, &Node)> {
        self.nodes.iter()
    }

    /// Adds an entry behind all others, whose names and values come by turns. The id must be greater than the last one, and the texts no
    /// longer than [`ENTRY_BYTES_MAX`].
    pub fn push<'a>(
        &mut self,
        id: StreamId,
        texts: impl ExactSizeIterator<Item = &'a [u8]> + Clone,
        limits: &StreamLimits,
    ) {
        let fields = texts.len() / 2;
        let text_bytes = texts.clone().map(<[u8]>::len).sum();
        match self.nodes.last_entry() {
            Some(mut last) if last.get().has_room(text_bytes, limits) => {
                let master = *last.key();
                let node = last.get_mut();
                self.node_bytes -= node.memory_bytes();
                node.push(master, id, texts, fields);
                self.node_bytes += node.memory_bytes();
            }
            _ => {
                let node = Node::of(texts, fields);
                self.node_bytes += node.memory_bytes();
                self.nodes.insert(id, node);
            }
        }
        let tally = &mut self.tally;
        tally.len += 1;
        tally.entries_added = tally.entries_added.wrapping_add(1);
        tally.last_id = id;
        if tally.len == 1 {
            tally.first_id = id;
        }
    }

    /// Deletes entries; how many of them were there.
    pub fn delete(&mut self, ids: &[StreamId]) -> usize {
        let mut deleted = 0;
        let first_id = self.tally.first_id;
        let mut is_first_gone = false;
        for &id in ids {
            let Some(entry) = self.entry(id) else { continue };
            let (master, at) = (entry.master, entry.at);
            self.delete_at(master, at);
            is_first_gone |= id == first_id;
            self.tally.max_deleted_id = self.tally.max_deleted_id.max(id);
            deleted += 1;
        }
        if is_first_gone || self.is_empty() {
            self.find_first_id();
        }
        deleted
    }

    fn delete_at(&mut self, master: StreamId, at: Pos) {
        let Some(node) = self.nodes.get_mut(&master) else { return };
        self.tally.len -= 1;
        self.node_bytes -= node.memory_bytes();
        if node.counts().0 == 1 {
            self.nodes.remove(&master);
            return;
        }
        node.mark_deleted(&[at]);
        self.node_bytes += node.memory_bytes();
    }

    fn pop_first_node(&mut self) {
        if let Some((_, node)) = self.nodes.pop_first() {
            self.node_bytes -= node.memory_bytes();
        }
    }

    fn mark_deleted_in_first_node(&mut self, entries: &[Pos]) {
        if let Some(mut first) = self.nodes.first_entry() {
            let node = first.get_mut();
            self.node_bytes -= node.memory_bytes();
            node.mark_deleted(entries);
            self.node_bytes += node.memory_bytes();
        }
    }

    fn find_first_id(&mut self) {
        self.tally.first_id = self.first().map_or(StreamId::MIN, |first| first.id);
    }

    /// Sets what is told of all that was ever added, the entries that are there aside (XSETID).
    pub fn set_history(&mut self, last_id: StreamId, entries_added: Option<u64>, max_deleted_id: Option<StreamId>) {
        let tally = &mut self.tally;
        tally.last_id = last_id;
        tally.entries_added = entries_added.unwrap_or(tally.entries_added);
        tally.max_deleted_id = max_deleted_id.unwrap_or(tally.max_deleted_id);
    }

    /// The groups, in the order of their names.
    #[must_use]
    pub fn groups(&self) -> &BTreeMap<Blob, Group> {
        &self.groups
    }

    /// A group.
    #[must_use]
    pub fn group(&self, name: &[u8]) -> Option<&Group> {
        self.groups.get(&Blob::new(name))
    }

    /// A group, to be changed.
    pub fn group_mut(&mut self, name: &[u8]) -> Option<&mut Group> {
        self.groups.get_mut(&Blob::new(name))
    }

    /// Adds a group; false if there is one of that name.
    pub fn add_group(&mut self, name: &[u8], group: Group) -> bool {
        let name = Blob::new(name);
        let is_new = !self.groups.contains_key(&name);
        if is_new {
            self.groups.insert(name, group);
        }
        is_new
    }

    /// Removes a group; false if there is none of that name.
    pub fn remove_group(&mut self, name: &[u8]) -> bool {
        self.groups.remove(&Blob::new(name)).is_some()
    }

    /// An entry is delivered to all of a group's consumers that ask for new ones: the group comes to it.
    pub fn advance_group(&mut self, name: &[u8], id: StreamId) {
        let tally = self.tally;
        let Some(group) = self.group_mut(name) else { return };
        if id <= group.last_id {
            return;
        }
        match &mut group.entries_read {
            Some(read) if !tally.has_deletions_from(id) => *read = read.wrapping_add(1),
            read if tally.entries_added > 0 => *read = tally.entries_up_to(id),
            _ => {}
        }
        group.last_id = id;
    }

    /// Adds a node that was read from outside, behind all others; its entries count as added already.
    pub(crate) fn push_node(&mut self, master: StreamId, pack: Listpack) -> Result<(), Corrupt> {
        let is_before_node = self.nodes.last_key_value().is_some_and(|(last, _)| master <= *last);
        if is_before_node || self.last().is_some_and(|last| master <= last.id) {
            return Err(Corrupt::new(0, "a stream with nodes out of order"));
        }
        let node = Node::from_listpack(pack, master)?;
        self.tally.len += node.counts().0;
        self.node_bytes += node.memory_bytes();
        self.nodes.insert(master, node);
        Ok(())
    }

    /// Sets the whole of what was read from outside about all that was ever added; the number of entries stays what it is.
    pub(crate) fn restore_tally(&mut self, tally: Tally) {
        self.tally = Tally { len: self.tally.len, ..tally };
    }

    /// Bytes of memory behind it. O(groups).
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        let nodes = self.node_bytes + tree_bytes(self.nodes.len(), size_of::<(StreamId, Node)>());
        let places = tree_bytes(self.groups.len(), size_of::<(Blob, Group)>());
        let groups: usize = self.groups.iter().map(|(name, group)| name.heap_bytes() + group.memory_bytes()).sum();
        allocated(size_of::<Stream>()) + nodes + places + groups
    }

    /// How many parts must be freed one by one if it is dropped.
    #[must_use]
    pub fn free_effort(&self) -> usize {
        self.nodes.len() + self.groups.values().map(|group| 1 + group.pending().len()).sum::<usize>()
    }

    /// Gives it up, to be freed a little at a time.
    #[must_use]
    pub fn dismantle(self) -> Option<Box<dyn Remnant>> {
        let Stream { nodes, groups, .. } = self;
        if nodes.len() <= 1 && groups.is_empty() {
            return None;
        }
        Some(Box::new(Leftover { nodes, groups }))
    }

    /// Hands every entry to `visit`: its id, and its field names and values by turns.
    pub fn for_each_entry<'a>(&'a self, mut visit: impl FnMut(StreamId, &mut dyn Iterator<Item = Text<'a>>)) {
        for entry in self.entries(StreamId::MIN, StreamId::MAX, Order::Ascending) {
            visit(entry.id, &mut entry.texts());
        }
    }
}

/// What is left of a stream that was given up.
struct Leftover {
    nodes: BTreeMap<StreamId, Node>,
    groups: BTreeMap<Blob, Group>,
}

impl Remnant for Leftover {
    fn is_empty(&self) -> bool {
        self.nodes.is_empty() && self.groups.is_empty()
    }

    fn free_some(&mut self, units: usize) -> usize {
        let mut freed = 0;
        while freed < units {
            if self.nodes.pop_first().is_some() {
                freed += 1;
                continue;
            }
            let Some(mut group) = self.groups.first_entry() else { break };
            match group.get_mut().free_some(units - freed) {
                0 => {
                    group.remove();
                    freed += 1;
                }
                some => freed += some,
            }
        }
        freed
    }
}
