//! Who is to be told of a change to which key? What clients have read, by key, and what they want to hear of in any case, by prefix.
//!
//! Keys of all databases are one, as in Redis: a client may be told of a key too often, but never too seldom.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use crate::port::ConnId;
use crate::value::Blob;

/// A prefix that clients want to hear of, and what has changed under it since they last did.
#[derive(Clone, Debug, Default)]
pub(super) struct Prefix {
    pub(super) listeners: BTreeSet<ConnId>,
    /// Each key with the client that was the first to change it.
    pub(super) changed: BTreeMap<Blob, Option<ConnId>>,
}

/// What is tracked.
#[derive(Clone, Debug, Default)]
pub(crate) struct TrackingTable {
    /// How many clients track.
    pub(super) clients: usize,
    /// Who carries a command out just now.
    pub(in super::super) author: Option<ConnId>,
    readers: BTreeMap<Blob, BTreeSet<ConnId>>,
    /// Readers of all keys.
    items: usize,
    /// Where the next key is looked for that gives way to others.
    victim: Blob,
    pub(super) prefixes: BTreeMap<Blob, Prefix>,
    /// Something has changed under a prefix.
    pub(in super::super) has_news: bool,
}

impl TrackingTable {
    /// True if anybody tracks.
    #[inline]
    pub(crate) fn is_active(&self) -> bool {
        self.clients > 0
    }

    /// How many clients track.
    pub(crate) fn clients(&self) -> usize {
        self.clients
    }

    /// Keys that somebody has read.
    pub(crate) fn keys(&self) -> usize {
        self.readers.len()
    }

    /// Readers of all keys, each counted once for each key.
    pub(crate) fn items(&self) -> usize {
        self.items
    }

    /// Prefixes that somebody wants to hear of.
    pub(crate) fn prefixes(&self) -> usize {
        self.prefixes.len()
    }

    /// A client has read a key.
    pub(super) fn remember(&mut self, key: &[u8], conn: ConnId) {
        let is_new = match self.readers.get_mut(key) {
            Some(readers) => readers.insert(conn),
            None => self.readers.insert(Blob::new(key), BTreeSet::from([conn])).is_none(),
        };
        self.items += usize::from(is_new);
    }

    /// Forgets a key and tells who has read it.
    pub(super) fn forget(&mut self, key: &[u8]) -> BTreeSet<ConnId> {
        let readers = self.readers.remove(key).unwrap_or_default();
        self.items -= readers.len();
        readers
    }

    /// A key that gives way: by turns, all over the table.
    pub(super) fn pick_victim(&mut self) -> Option<Blob> {
        let after = self.readers.range(self.victim.clone()..).next();
        let (key, _) = after.or_else(|| self.readers.first_key_value())?;
        self.victim = key.clone();
        Some(key.clone())
    }

    /// Forgets everything that was read.
    pub(super) fn clear(&mut self) {
        self.readers = BTreeMap::new();
        self.items = 0;
    }

    /// A client wants to hear of a prefix.
    pub(super) fn listen(&mut self, prefix: &[u8], conn: ConnId) {
        self.prefixes.entry(Blob::new(prefix)).or_default().listeners.insert(conn);
    }

    /// A client wants to hear of no prefix any more.
    pub(super) fn stop_listening(&mut self, conn: ConnId) {
        self.prefixes.retain(|_, prefix| {
            prefix.listeners.remove(&conn);
            !prefix.listeners.is_empty()
        });
    }

    /// The prefixes that a client wants to hear of, in order.
    pub(crate) fn prefixes_of(&self, conn: ConnId) -> Vec<&[u8]> {
        let own = self.prefixes.iter().filter(|(_, prefix)| prefix.listeners.contains(&conn));
        own.map(|(name, _)| name.as_slice()).collect()
    }

    /// Notes a change for those who listen to a prefix of the key.
    pub(super) fn note_change(&mut self, key: &Blob) {
        let author = self.author;
        for (name, prefix) in &mut self.prefixes {
            if key.starts_with(name) {
                prefix.changed.entry(key.clone()).or_insert(author);
                self.has_news = true;
            }
        }
    }
}
