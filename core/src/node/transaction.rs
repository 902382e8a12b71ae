//! MULTI, EXEC, DISCARD and WATCH.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::ops::Range;

use crate::command::Command;
use crate::keyspace::Touch;
use crate::port::ConnId;
use crate::resp::Args;
use crate::value::Blob;

/// A command waiting for EXEC.
#[derive(Clone, Debug)]
pub(crate) struct Queued {
    pub(crate) number: u16,
    pub(crate) command: &'static Command,
    spans: Vec<Range<u32>>,
    bytes: Vec<u8>,
}

impl Queued {
    pub(crate) fn new(number: u16, command: &'static Command, args: Args<'_>) -> Queued {
        let mut bytes = Vec::with_capacity(args.iter().map(<[u8]>::len).sum());
        let mut spans = Vec::with_capacity(args.len());
        for arg in args.iter() {
            let start = bytes.len() as u32;
            bytes.extend_from_slice(arg);
            spans.push(start..bytes.len() as u32);
        }
        Queued { number, command, spans, bytes }
    }

    pub(crate) fn args(&self) -> Args<'_> {
        Args::new(&self.bytes, &self.spans)
    }

    /// Memory held, in bytes.
    pub(crate) fn memory_bytes(&self) -> usize {
        size_of::<Queued>() + self.bytes.capacity() + self.spans.capacity() * size_of::<Range<u32>>()
    }
}

/// A connection between MULTI and EXEC.
#[derive(Clone, Debug, Default)]
pub(crate) struct Transaction {
    pub(crate) queue: Vec<Queued>,
    /// A command was refused: EXEC will be, too.
    pub(crate) is_broken: bool,
}

/// Who watches which key.
#[derive(Clone, Debug, Default)]
pub(crate) struct Watches {
    by_key: BTreeMap<(u32, Blob), Vec<ConnId>>,
    /// Connections of which a watched key has changed; and of which keys had expired when they were watched.
    broken: Vec<ConnId>,
}

impl Watches {
    /// True if nobody watches anything.
    pub(crate) fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }

    /// True if something that a connection watches has changed.
    pub(crate) fn is_broken(&self, conn: ConnId) -> bool {
        self.broken.contains(&conn)
    }

    pub(crate) fn watch(&mut self, conn: ConnId, database: u32, key: &[u8]) {
        let watchers = self.by_key.entry((database, Blob::new(key))).or_default();
        if !watchers.contains(&conn) {
            watchers.push(conn);
        }
    }

    /// Forgets what a connection watches; true if none of it had changed.
    pub(crate) fn unwatch(&mut self, conn: ConnId) -> bool {
        if self.by_key.is_empty() && self.broken.is_empty() {
            return true;
        }
        self.by_key.retain(|_, watchers| {
            watchers.retain(|watcher| *watcher != conn);
            !watchers.is_empty()
        });
        let before = self.broken.len();
        self.broken.retain(|watcher| *watcher != conn);
        self.broken.len() == before
    }

    /// Takes note of a change.
    pub(crate) fn on_touch(&mut self, touch: &Touch) {
        match touch {
            Touch::Key(database, key) => {
                if let Some(watchers) = self.by_key.get(&(*database, key.clone())) {
                    self.broken.extend_from_slice(watchers);
                }
            }
            Touch::Database(database) => {
                let watched = self.by_key.iter().filter(|((index, _), _)| index == database);
                self.broken.extend(watched.flat_map(|(_, watchers)| watchers.iter().copied()));
            }
        }
    }
}
