//! A long list: its nodes, and where in them an element is.

use alloc::collections::VecDeque;

use crate::codec::listpack::Listpack;
use crate::value::Text;
use crate::value::footprint::allocated;
use crate::value::limits::ListLimits;

use super::{End, Iter, Node, NodeIter};

/// Nodes in order. None of them is empty.
#[derive(Clone, Debug, Default)]
pub struct Chain {
    nodes: VecDeque<Node>,
    len: usize,
    /// Memory of all nodes' elements, in bytes.
    bytes: usize,
}

impl Chain {
    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn nodes(&self) -> &VecDeque<Node> {
        &self.nodes
    }

    pub(super) fn into_nodes(self) -> VecDeque<Node> {
        self.nodes
    }

    pub(super) fn memory_bytes(&self) -> usize {
        allocated(size_of::<Chain>()) + allocated(self.nodes.capacity() * size_of::<Node>()) + self.bytes
    }

    pub(super) fn push_node(&mut self, end: End, node: Node) {
        self.len += node.len();
        self.bytes += node.memory_bytes();
        match end {
            End::Head => self.nodes.push_front(node),
            End::Tail => self.nodes.push_back(node),
        }
    }

    /// Adds a node before the node at `index`.
    fn insert_node(&mut self, index: usize, node: Node) {
        self.len += node.len();
        self.bytes += node.memory_bytes();
        self.nodes.insert(index, node);
    }

    fn remove_node(&mut self, index: usize) {
        if let Some(node) = self.nodes.remove(index) {
            self.len -= node.len();
            self.bytes -= node.memory_bytes();
        }
    }

    /// Changes the listpack of a node, and removes the node if nothing is left in it. A plain node is left as it is.
    fn edit<R>(&mut self, index: usize, change: impl FnOnce(&mut Listpack) -> R) -> Option<R> {
        let node = self.nodes.get_mut(index)?;
        let bytes_before = node.memory_bytes();
        let Node::Packed(pack) = node else { return None };
        let len_before = pack.len();
        let done = change(pack);
        self.len = self.len + pack.len() - len_before;
        let is_empty = pack.is_empty();
        self.bytes = self.bytes + node.memory_bytes() - bytes_before;
        if is_empty {
            self.remove_node(index);
        }
        Some(done)
    }

    fn end_index(&self, end: End) -> Option<usize> {
        match end {
            End::Head => (!self.nodes.is_empty()).then_some(0),
            End::Tail => self.nodes.len().checked_sub(1),
        }
    }

    pub(super) fn push(&mut self, end: End, value: &[u8], limits: ListLimits) {
        let joins = |index: &usize| self.nodes[*index].has_room(value.len(), limits);
        match self.end_index(end).filter(joins) {
            Some(index) => {
                self.edit(index, |pack| match end {
                    End::Head => pack.push_front(value),
                    End::Tail => pack.push_back(value),
                });
            }
            None => self.push_node(end, Node::of(value)),
        }
    }

    pub(super) fn pop<R>(&mut self, end: End, visit: impl FnOnce(Text<'_>) -> R) -> Option<R> {
        let index = self.end_index(end)?;
        if let Node::Plain(value) = &self.nodes[index] {
            let seen = visit(Text::Bytes(value));
            self.remove_node(index);
            return Some(seen);
        }
        self.edit(index, |pack| {
            let pos = if end == End::Head { pack.first() } else { pack.last() }?;
            let seen = visit(pack.get(pos).into());
            pack.remove(pos);
            Some(seen)
        })?
    }

    /// The node of a place, and the place within it. The nodes are counted from the nearer end.
    fn locate(&self, place: usize) -> Option<(usize, usize)> {
        if place >= self.len {
            return None;
        }
        if place < self.len / 2 {
            let mut left = place;
            for (index, node) in self.nodes.iter().enumerate() {
                let len = node.len();
                if left < len {
                    return Some((index, left));
                }
                left -= len;
            }
            return None;
        }
        let mut behind = self.len - place;
        for (index, node) in self.nodes.iter().enumerate().rev() {
            let len = node.len();
            if behind <= len {
                return Some((index, len - behind));
            }
            behind -= len;
        }
        None
    }

    pub(super) fn get(&self, place: usize) -> Option<Text<'_>> {
        let (index, offset) = self.locate(place)?;
        match &self.nodes[index] {
            Node::Packed(pack) => Some(pack.get(pack.seek(offset as i64)?).into()),
            Node::Plain(value) => Some(Text::Bytes(value)),
        }
    }

    pub(super) fn set(&mut self, place: usize, value: &[u8], limits: ListLimits) {
        let Some((index, offset)) = self.locate(place) else { return };
        let fits = matches!(&self.nodes[index], Node::Packed(pack) if pack.would_fit(value.len() + 64));
        if fits {
            self.edit(index, |pack| {
                if let Some(pos) = pack.seek(offset as i64) {
                    pack.replace(pos, value);
                }
            });
        } else {
            self.insert(place, value, limits);
            self.remove_range(place + 1, 1);
        }
    }

    /// Inserts an element so that it stands at `place` then: into a node that has room, or between two, or by parting one.
    pub(super) fn insert(&mut self, place: usize, value: &[u8], limits: ListLimits) {
        let Some((index, offset)) = self.locate(place) else { return self.push(End::Tail, value, limits) };
        if self.nodes[index].has_room(value.len(), limits) {
            self.edit(index, |pack| {
                if let Some(pos) = pack.seek(offset as i64) {
                    pack.insert_before(pos, value);
                }
            });
        } else if offset > 0 {
            self.part(index, offset);
            self.insert_node(index + 1, Node::of(value));
        } else if index > 0 && self.nodes[index - 1].has_room(value.len(), limits) {
            self.edit(index - 1, |pack| pack.push_back(value));
        } else {
            self.insert_node(index, Node::of(value));
        }
    }

    /// Parts a node: what is at `offset` and behind becomes a node of its own.
    fn part(&mut self, index: usize, offset: usize) {
        let Some(Node::Packed(pack)) = self.nodes.get(index) else { return };
        let mut behind = pack.clone();
        behind.remove_range(0, offset);
        self.edit(index, |pack| pack.remove_range(offset as i64, usize::MAX));
        self.insert_node(index + 1, Node::Packed(behind));
    }

    pub(super) fn remove(&mut self, value: &[u8], end: End, count_max: usize) -> usize {
        let mut removed = 0;
        let mut left = self.nodes.len();
        // From the tail, nodes that vanish do not move those that are still to come.
        while left > 0 && removed < count_max {
            let index = if end == End::Head { self.nodes.len() - left } else { left - 1 };
            left -= 1;
            removed += match &self.nodes[index] {
                Node::Plain(own) if **own == *value => {
                    self.remove_node(index);
                    1
                }
                Node::Plain(_) => 0,
                Node::Packed(_) => {
                    self.edit(index, |pack| remove_packed(pack, value, end, count_max - removed)).unwrap_or(0)
                }
            };
        }
        removed
    }

    pub(super) fn remove_range(&mut self, place: usize, count: usize) {
        let mut left = count.min(self.len.saturating_sub(place));
        while left > 0 {
            let Some((index, offset)) = self.locate(place) else { return };
            let here = (self.nodes[index].len() - offset).min(left);
            if here == self.nodes[index].len() {
                self.remove_node(index);
            } else {
                self.edit(index, |pack| pack.remove_range(offset as i64, here));
            }
            left -= here;
        }
    }

    pub(super) fn iter_from(&self, end: End, skip: usize) -> Iter<'_> {
        let place = if end == End::Head { Some(skip) } else { self.len.checked_sub(skip + 1) };
        let Some((index, offset)) = place.and_then(|place| self.locate(place)) else {
            return Iter { rest: None, current: None, end };
        };
        let rest = if end == End::Head { self.nodes.range(index + 1..) } else { self.nodes.range(..index) };
        let current = match &self.nodes[index] {
            Node::Packed(pack) => NodeIter::Packed { pack, next: pack.seek(offset as i64), end },
            Node::Plain(value) => NodeIter::Plain(Some(value)),
        };
        Iter { rest: Some(rest), current: Some(current), end }
    }
}

/// Removes elements of a listpack that equal `value`, `count_max` of them at most, beginning at an end; returns how many went.
pub(super) fn remove_packed(pack: &mut Listpack, value: &[u8], end: End, count_max: usize) -> usize {
    let mut removed = 0;
    let mut next = if end == End::Head { pack.first() } else { pack.last() };
    while let Some(pos) = next.filter(|_| removed < count_max) {
        let is_it = pack.get(pos).eq_bytes(value);
        removed += usize::from(is_it);
        next = match (end, is_it) {
            (End::Head, true) => pack.remove(pos),
            (End::Head, false) => pack.next(pos),
            (End::Tail, true) => {
                let before = pack.prev(pos);
                pack.remove(pos);
                before
            }
            (End::Tail, false) => pack.prev(pos),
        };
    }
    removed
}
