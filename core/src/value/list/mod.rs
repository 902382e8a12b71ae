//! Lists: elements in the order in which they were put, as one listpack while short and a chain of them when long.
//!
//! Where a node ends is Redis 7.0's decision (`list-max-listpack-size`), so that a list takes the same nodes in memory, in RDB and in
//! `DUMP` there and here.

mod chain;
#[cfg(test)]
mod tests;

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;

use crate::codec::listpack::{LISTPACK_BYTES_MAX, Listpack, Pos};

use super::footprint::allocated;
use super::limits::ListLimits;
use super::{Remnant, Text};

use chain::Chain;

/// Bytes that an entry is taken to need beside its own when a node's size is estimated.
const ENTRY_OVERHEAD_BYTES: usize = 8;
/// A node whose size is limited by its count is still no larger than this.
const COUNTED_NODE_BYTES_MAX: usize = 8192;
/// Sizes of nodes by `list-max-listpack-size` -1 to -5.
const NODE_BYTES_MAX: [usize; 5] = [4096, 8192, 16384, 32768, 65536];

/// One of the two ends of a list, and the direction that begins there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The left one, where index 0 is.
    Head,
    /// The right one, where index -1 is.
    Tail,
}

/// Which side of an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// To its left.
    Before,
    /// To its right.
    After,
}

/// A list.
#[derive(Clone, Debug)]
pub enum List {
    /// All elements in one node.
    Packed(Listpack),
    /// Several nodes.
    Chain(Box<Chain>),
}

/// A node of a long list.
#[derive(Clone, Debug)]
pub(crate) enum Node {
    /// Elements.
    Packed(Listpack),
    /// One element that is too large for any listpack.
    Plain(Box<[u8]>),
}

impl Node {
    /// A node of one element.
    fn of(value: &[u8]) -> Node {
        if value.len() > LISTPACK_BYTES_MAX - 64 {
            return Node::Plain(value.into());
        }
        let mut pack = Listpack::new();
        pack.push_back(value);
        Node::Packed(pack)
    }

    fn len(&self) -> usize {
        match self {
            Node::Packed(pack) => pack.len(),
            Node::Plain(_) => 1,
        }
    }

    /// Memory held, in bytes.
    fn memory_bytes(&self) -> usize {
        match self {
            Node::Packed(pack) => allocated(pack.byte_len()),
            Node::Plain(value) => allocated(value.len()),
        }
    }

    /// True if an element of `bytes` may join.
    fn has_room(&self, bytes: usize, limits: ListLimits) -> bool {
        match self {
            Node::Packed(pack) => has_room(pack, bytes, limits),
            Node::Plain(_) => false,
        }
    }

    /// The elements from one end on.
    fn iter_from(&self, end: End) -> NodeIter<'_> {
        match self {
            Node::Packed(pack) => {
                NodeIter::Packed { pack, next: if end == End::Head { pack.first() } else { pack.last() }, end }
            }
            Node::Plain(value) => NodeIter::Plain(Some(value)),
        }
    }
}

/// Goes through the elements of a node.
enum NodeIter<'a> {
    Packed { pack: &'a Listpack, next: Option<Pos>, end: End },
    Plain(Option<&'a [u8]>),
}

impl<'a> Iterator for NodeIter<'a> {
    type Item = Text<'a>;

    fn next(&mut self) -> Option<Text<'a>> {
        match self {
            NodeIter::Packed { pack, next, end } => {
                let pos = (*next)?;
                *next = if *end == End::Head { pack.next(pos) } else { pack.prev(pos) };
                Some(pack.get(pos).into())
            }
            NodeIter::Plain(value) => value.take().map(Text::Bytes),
        }
    }
}

/// True if an element of `bytes` may join a node. Source: the rule of Redis 7.0's quicklist.
fn has_room(pack: &Listpack, bytes: usize, limits: ListLimits) -> bool {
    let estimated = pack.byte_len().saturating_add(bytes).saturating_add(ENTRY_OVERHEAD_BYTES);
    if limits.fill < 0 {
        let class = (limits.fill.unsigned_abs() as usize - 1).min(NODE_BYTES_MAX.len() - 1);
        return estimated <= NODE_BYTES_MAX[class];
    }
    estimated <= COUNTED_NODE_BYTES_MAX && pack.len() < limits.fill as usize
}

impl Default for List {
    fn default() -> List {
        List::Packed(Listpack::new())
    }
}

impl List {
    /// How many elements.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            List::Packed(pack) => pack.len(),
            List::Chain(chain) => chain.len(),
        }
    }

    /// True if there are none: the key must go.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match self {
            List::Packed(pack) => pack.is_empty(),
            List::Chain(chain) => chain.len() == 0,
        }
    }

    /// The encoding's name in OBJECT ENCODING.
    #[must_use]
    pub fn encoding_name(&self) -> &'static str {
        "quicklist"
    }

    /// How many parts must be freed one by one if it is dropped.
    #[must_use]
    pub fn free_effort(&self) -> usize {
        match self {
            List::Packed(_) => 1,
            List::Chain(chain) => chain.nodes().len(),
        }
    }

    /// Gives it up, to be freed a little at a time.
    #[must_use]
    pub fn dismantle(self) -> Option<Box<dyn Remnant>> {
        match self {
            List::Packed(_) => None,
            List::Chain(chain) => Some(Box::new(chain.into_nodes())),
        }
    }

    /// Bytes of memory behind it.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        match self {
            List::Packed(pack) => allocated(pack.byte_len()),
            List::Chain(chain) => chain.memory_bytes(),
        }
    }

    /// Adds an element at an end.
    pub fn push(&mut self, end: End, value: &[u8], limits: ListLimits) {
        match self {
            List::Packed(pack) if pack.is_empty() || has_room(pack, value.len(), limits) => {
                match Node::of(value) {
                    // The first element, of whatever size, is a node of its own.
                    Node::Plain(value) => self.push_node(End::Tail, Node::Plain(value)),
                    Node::Packed(_) if end == End::Head => pack.push_front(value),
                    Node::Packed(_) => pack.push_back(value),
                }
            }
            List::Packed(_) => self.push_node(end, Node::of(value)),
            List::Chain(chain) => chain.push(end, value, limits),
        }
    }

    /// Adds a whole node at an end. An empty one is left out.
    pub(crate) fn push_node(&mut self, end: End, node: Node) {
        match node {
            Node::Packed(pack) if pack.is_empty() => {}
            Node::Packed(pack) if self.is_empty() => *self = List::Packed(pack),
            node => self.make_chain().push_node(end, node),
        }
    }

    fn make_chain(&mut self) -> &mut Chain {
        if let List::Packed(pack) = self {
            let pack = core::mem::take(pack);
            let mut chain = Chain::default();
            if !pack.is_empty() {
                chain.push_node(End::Tail, Node::Packed(pack));
            }
            *self = List::Chain(Box::new(chain));
        }
        match self {
            List::Chain(chain) => chain,
            List::Packed(_) => unreachable!("it was just made so"),
        }
    }

    /// Removes the element at an end, which is shown to `visit` before.
    pub fn pop<R>(&mut self, end: End, visit: impl FnOnce(Text<'_>) -> R) -> Option<R> {
        match self {
            List::Packed(pack) => {
                let pos = if end == End::Head { pack.first() } else { pack.last() }?;
                let seen = visit(pack.get(pos).into());
                pack.remove(pos);
                Some(seen)
            }
            List::Chain(chain) => chain.pop(end, visit),
        }
    }

    /// An index as people give it, negative from the end, as a place from the head on; nothing if there is none.
    #[must_use]
    pub fn place_of(&self, index: i64) -> Option<usize> {
        let len = i64::try_from(self.len()).ok()?;
        let index = if index < 0 { index.checked_add(len)? } else { index };
        usize::try_from(index).ok().filter(|_| index < len)
    }

    /// The element at an index, negative from the end.
    #[must_use]
    pub fn get(&self, index: i64) -> Option<Text<'_>> {
        let place = self.place_of(index)?;
        match self {
            List::Packed(pack) => Some(pack.get(pack.seek(place as i64)?).into()),
            List::Chain(chain) => chain.get(place),
        }
    }

    /// Replaces the element at a place, which must be there.
    pub fn set(&mut self, place: usize, value: &[u8], limits: ListLimits) {
        match self {
            List::Packed(pack) if pack.would_fit(value.len() + 64) => {
                if let Some(pos) = pack.seek(place as i64) {
                    pack.replace(pos, value);
                }
            }
            _ => self.make_chain().set(place, value, limits),
        }
    }

    /// Inserts an element beside the first one that equals `pivot`; false if none does.
    pub fn insert_beside(&mut self, pivot: &[u8], side: Side, value: &[u8], limits: ListLimits) -> bool {
        match self {
            List::Packed(pack) if has_room(pack, value.len(), limits) => {
                let Some(pos) = pack.first().and_then(|first| pack.find(first, pivot, 0)) else { return false };
                match side {
                    Side::Before => pack.insert_before(pos, value),
                    Side::After => pack.insert_after(pos, value),
                };
                true
            }
            _ => {
                let place = self.iter_from(End::Head, 0).position(|text| text.equals(pivot));
                if let Some(place) = place {
                    self.make_chain().insert(place + usize::from(side == Side::After), value, limits);
                }
                place.is_some()
            }
        }
    }

    /// Removes elements that equal `value`, `count_max` of them at most, beginning at an end; returns how many went.
    pub fn remove(&mut self, value: &[u8], end: End, count_max: usize) -> usize {
        match self {
            List::Packed(pack) => chain::remove_packed(pack, value, end, count_max),
            List::Chain(chain) => chain.remove(value, end, count_max),
        }
    }

    /// Removes `count` elements from a place on, as far as there are as many.
    pub fn remove_range(&mut self, place: usize, count: usize) {
        match self {
            List::Packed(pack) => pack.remove_range(place as i64, count),
            List::Chain(chain) => chain.remove_range(place, count),
        }
    }

    /// The elements from one end to the other, without the first `skip` of them.
    pub fn iter_from(&self, end: End, skip: usize) -> Iter<'_> {
        match self {
            List::Packed(pack) => {
                let skip = i64::try_from(skip).unwrap_or(i64::MAX);
                let next = pack.seek(if end == End::Head { skip } else { -1 - skip });
                Iter { rest: None, current: Some(NodeIter::Packed { pack, next, end }), end }
            }
            List::Chain(chain) => chain.iter_from(end, skip),
        }
    }

    /// Hands every element to `visit`, from left to right.
    pub fn for_each<'a>(&'a self, visit: impl FnMut(Text<'a>)) {
        self.iter_from(End::Head, 0).for_each(visit);
    }

    /// The nodes, from left to right.
    pub(crate) fn for_each_node(&self, mut visit: impl FnMut(NodeRef<'_>)) {
        match self {
            List::Packed(pack) => visit(NodeRef::Packed(pack)),
            List::Chain(chain) => chain.nodes().iter().for_each(|node| {
                visit(match node {
                    Node::Packed(pack) => NodeRef::Packed(pack),
                    Node::Plain(value) => NodeRef::Plain(value),
                });
            }),
        }
    }

    /// How many nodes.
    pub(crate) fn node_count(&self) -> usize {
        self.free_effort()
    }
}

/// A node, borrowed.
pub(crate) enum NodeRef<'a> {
    Packed(&'a Listpack),
    Plain(&'a [u8]),
}

/// Goes through a list from one end. Made by [`List::iter_from`].
pub struct Iter<'a> {
    /// The nodes that come after the current one.
    rest: Option<alloc::collections::vec_deque::Iter<'a, Node>>,
    current: Option<NodeIter<'a>>,
    end: End,
}

impl<'a> Iterator for Iter<'a> {
    type Item = Text<'a>;

    fn next(&mut self) -> Option<Text<'a>> {
        loop {
            if let Some(text) = self.current.as_mut()?.next() {
                return Some(text);
            }
            let rest = self.rest.as_mut()?;
            let node = if self.end == End::Head { rest.next() } else { rest.next_back() };
            self.current = Some(node?.iter_from(self.end));
        }
    }
}

impl Remnant for VecDeque<Node> {
    fn is_empty(&self) -> bool {
        VecDeque::is_empty(self)
    }

    fn free_some(&mut self, units: usize) -> usize {
        let freed = units.min(self.len());
        self.drain(..freed).for_each(drop);
        freed
    }
}

/// The elements as they are written, for tests and for small lists.
impl FromIterator<Vec<u8>> for List {
    fn from_iter<I: IntoIterator<Item = Vec<u8>>>(values: I) -> List {
        let mut list = List::default();
        for value in values {
            list.push(End::Tail, &value, ListLimits { fill: -2 });
        }
        list
    }
}
