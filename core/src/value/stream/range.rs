//! Which entries lie between two ids, in either direction?

use alloc::collections::btree_map;

use crate::codec::listpack::Pos;

use super::node::{Entry, Node, View};
use super::{Stream, StreamId};

/// A direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// From the oldest entry on.
    Ascending,
    /// From the newest entry on.
    Descending,
}

/// The entries between two ids.
#[derive(Clone, Debug)]
pub struct Entries<'a> {
    nodes: btree_map::Range<'a, StreamId, Node>,
    /// The node that is gone through, and where to go on in it.
    view: Option<(View<'a>, Option<Pos>)>,
    from: StreamId,
    to: StreamId,
    order: Order,
}

impl Stream {
    /// The entries from one id to another, both included.
    #[must_use]
    pub fn entries(&self, from: StreamId, to: StreamId, order: Order) -> Entries<'_> {
        // The entry `from` is in the last node that does not begin after it.
        let node = self.nodes.range(..=from).next_back().map_or(from, |(master, _)| *master);
        Entries { nodes: self.nodes.range(node..=to.max(from)), view: None, from, to, order }
    }

    /// The entry with an id, if it is there.
    #[must_use]
    pub fn entry(&self, id: StreamId) -> Option<Entry<'_>> {
        self.entries(id, id, Order::Ascending).next()
    }

    /// The first entry.
    #[must_use]
    pub fn first(&self) -> Option<Entry<'_>> {
        self.entries(StreamId::MIN, StreamId::MAX, Order::Ascending).next()
    }

    /// The last entry.
    #[must_use]
    pub fn last(&self) -> Option<Entry<'_>> {
        self.entries(StreamId::MIN, StreamId::MAX, Order::Descending).next()
    }

    /// The id of the first entry, be it marked as deleted; of a stream without any, the greatest of all.
    #[must_use]
    pub fn first_kept_id(&self) -> StreamId {
        let first = self.nodes.first_key_value();
        let entry = first.and_then(|(master, node)| {
            let view = node.view(*master);
            view.first.map(|at| view.entry(at))
        });
        entry.map_or(StreamId::MAX, |entry| entry.id)
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = Entry<'a>;

    fn next(&mut self) -> Option<Entry<'a>> {
        loop {
            let Some((view, Some(at))) = self.view else {
                self.view = Some(self.next_node()?);
                continue;
            };
            let entry = view.entry(at);
            let next = match self.order {
                Order::Ascending => view.after(&entry),
                Order::Descending => view.before(at),
            };
            self.view = Some((view, next));
            if entry.is_deleted {
                // It may be out of order, and ends nothing.
                continue;
            }
            let (is_early, is_past) = match self.order {
                Order::Ascending => (entry.id < self.from, entry.id > self.to),
                Order::Descending => (entry.id > self.to, entry.id < self.from),
            };
            if is_past {
                self.view = Some((view, Some(at)));
                return None;
            }
            if !is_early {
                return Some(entry);
            }
        }
    }
}

impl<'a> Entries<'a> {
    fn next_node(&mut self) -> Option<(View<'a>, Option<Pos>)> {
        let (master, node) = match self.order {
            Order::Ascending => self.nodes.next()?,
            Order::Descending => self.nodes.next_back()?,
        };
        let view = node.view(*master);
        let next = match self.order {
            Order::Ascending => view.first,
            Order::Descending => view.last(),
        };
        Some((view, next))
    }
}
