//! Who listens to what? Channels, patterns and shard channels by name, each with its listeners in the order in which they came.

use alloc::collections::BTreeMap;

use crate::port::ConnId;
use crate::value::Blob;

/// What can be listened to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Topic {
    /// A channel, by its name.
    Channel,
    /// Channels, by a pattern.
    Pattern,
    /// A shard channel, by its name.
    Shard,
}

/// Number of topics.
const TOPICS: usize = 3;

/// Those who listen to one name, by a number that grows from each to the next.
type Line = BTreeMap<u64, ConnId>;

/// All that is listened to, and by whom.
#[derive(Clone, Debug, Default)]
pub(crate) struct Topics {
    by_name: [BTreeMap<Blob, Line>; TOPICS],
    next_ticket: u64,
}

/// What one connection listens to: each name with the connection's number in its line.
#[derive(Clone, Debug, Default)]
pub(crate) struct Listener {
    own: [BTreeMap<Blob, u64>; TOPICS],
}

impl Listener {
    /// How many names of a topic.
    pub(crate) fn len(&self, topic: Topic) -> usize {
        self.own[topic as usize].len()
    }

    /// True if there is nothing left that it listens to.
    pub(super) fn is_idle(&self) -> bool {
        self.own.iter().all(BTreeMap::is_empty)
    }

    /// A name of a topic that it listens to: the first in order.
    pub(super) fn first(&self, topic: Topic) -> Option<&Blob> {
        self.own[topic as usize].keys().next()
    }

    /// What is told with each change: how many names the connection listens to. Shard channels are counted by themselves.
    pub(super) fn count_beside(&self, topic: Topic) -> usize {
        match topic {
            Topic::Shard => self.len(Topic::Shard),
            Topic::Channel | Topic::Pattern => self.len(Topic::Channel) + self.len(Topic::Pattern),
        }
    }

    /// Memory beside the connection's own, in bytes.
    pub(crate) fn memory_bytes(&self) -> usize {
        let names = self.own.iter().flatten().map(|(name, _)| size_of::<(Blob, u64)>() + name.heap_bytes());
        size_of::<Listener>() + names.sum::<usize>()
    }
}

impl Topics {
    /// Adds a connection to the end of a name's line, unless it stands there.
    pub(super) fn enter(&mut self, topic: Topic, name: &[u8], conn: ConnId, listener: &mut Listener) {
        let own = &mut listener.own[topic as usize];
        if own.contains_key(name) {
            return;
        }
        let (name, ticket) = (Blob::new(name), self.next_ticket);
        self.next_ticket += 1;
        own.insert(name.clone(), ticket);
        self.by_name[topic as usize].entry(name).or_default().insert(ticket, conn);
    }

    /// Takes a connection out of a name's line.
    pub(super) fn leave(&mut self, topic: Topic, name: &[u8], listener: &mut Listener) {
        let Some(ticket) = listener.own[topic as usize].remove(name) else { return };
        let by_name = &mut self.by_name[topic as usize];
        if let Some(line) = by_name.get_mut(name) {
            line.remove(&ticket);
            if line.is_empty() {
                by_name.remove(name);
            }
        }
    }

    /// Takes a connection out of all lines.
    pub(super) fn leave_all(&mut self, mut listener: Listener) {
        for topic in [Topic::Channel, Topic::Pattern, Topic::Shard] {
            while let Some(name) = listener.first(topic).cloned() {
                self.leave(topic, &name, &mut listener);
            }
        }
    }

    /// Who listens to a name, in the order in which they came.
    pub(crate) fn listeners(&self, topic: Topic, name: &[u8]) -> impl ExactSizeIterator<Item = ConnId> {
        self.by_name[topic as usize].get(name).unwrap_or(const { &Line::new() }).values().copied()
    }

    /// All names of a topic that somebody listens to, in order.
    pub(crate) fn names(&self, topic: Topic) -> impl ExactSizeIterator<Item = &[u8]> {
        self.by_name[topic as usize].keys().map(Blob::as_slice)
    }
}
