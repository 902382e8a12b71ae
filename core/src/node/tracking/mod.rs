//! How do clients that keep copies learn that what they have read has changed?
//!
//! A client that tracks is remembered with each key that it reads, and told once when the key changes; or it hears of all changes under
//! prefixes, together when the event ends. Nothing is done while nobody tracks.

mod table;
#[cfg(test)]
mod tests;

use alloc::vec::Vec;

use crate::command::{Command, Flags, Handler, ServerCommand};
use crate::keyspace::Touch;
use crate::port::ConnId;
use crate::resp::{Args, Proto, Reply};
use crate::value::Blob;

use super::Node;
use super::connection::Connection;

pub(crate) use table::TrackingTable;

/// What a client wants to hear of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Whatever it reads.
    Reads,
    /// What it reads by a command before which it says so.
    OptIn,
    /// What it reads, except by commands before which it says so.
    OptOut,
    /// Whatever has one of its prefixes.
    Broadcast,
}

/// How a client tracks.
#[derive(Clone, Debug)]
pub(crate) struct Tracking {
    pub(crate) mode: Mode,
    /// Who is told in its place, by the number that CLIENT ID tells.
    pub(crate) redirect: Option<(u64, ConnId)>,
    /// Whoever was to be told in its place is gone.
    pub(crate) is_broken: bool,
    /// It is not told of its own changes.
    pub(crate) spares_own: bool,
    /// CLIENT CACHING was said about the next command.
    pub(crate) is_caching_said: bool,
}

impl Tracking {
    fn remembers(&self) -> bool {
        match self.mode {
            Mode::Reads => true,
            Mode::OptIn => self.is_caching_said,
            Mode::OptOut => !self.is_caching_said,
            Mode::Broadcast => false,
        }
    }
}

impl Connection {
    /// A command has ended: what CLIENT CACHING said was about it, unless it was CLIENT itself or a transaction goes on.
    #[inline]
    pub(super) fn end_caching(&mut self, container: &Command) {
        let is_client = || matches!(container.handler, Handler::Server(ServerCommand::Client));
        if let Some(tracking) = &mut self.tracking
            && self.transaction.is_none()
            && !is_client()
        {
            tracking.is_caching_said = false;
        }
    }
}

impl Node {
    /// A client tracks from now on, or in another way.
    pub(super) fn track(&mut self, conn: ConnId, tracking: Tracking, prefixes: &[&[u8]]) {
        let Some(connection) = self.connections.get_mut(conn) else { return };
        if tracking.mode == Mode::Broadcast {
            let all: &[&[u8]] = &[b""];
            let prefixes = if prefixes.is_empty() { all } else { prefixes };
            prefixes.iter().for_each(|prefix| self.tracking.listen(prefix, conn));
        }
        if connection.tracking.replace(tracking.into()).is_none() {
            self.tracking.clients += 1;
        }
        self.observe_if_needed();
    }

    /// A client tracks no more. What it has read is forgotten when it changes.
    pub(super) fn stop_tracking(&mut self, conn: ConnId) {
        if let Some(connection) = self.connections.get_mut(conn)
            && connection.tracking.take().is_some()
        {
            self.forget_tracker(conn);
        }
    }

    /// A client that has tracked is gone.
    pub(super) fn forget_tracker(&mut self, conn: ConnId) {
        self.tracking.clients -= 1;
        self.tracking.stop_listening(conn);
        if !self.tracking.is_active() {
            self.tracking.clear();
        }
        self.observe_if_needed();
    }

    /// Remembers what a client has read by a command.
    #[inline]
    pub(super) fn remember_reads(&mut self, conn: ConnId, command: &Command, args: Args<'_>) {
        if self.tracking.is_active() && command.flags.has(Flags::READONLY) {
            self.remember_keys(conn, command, args);
        }
    }

    #[cold]
    fn remember_keys(&mut self, conn: ConnId, command: &Command, args: Args<'_>) {
        let tracking = self.connections.get(conn).and_then(|connection| connection.tracking.as_ref());
        if !tracking.is_some_and(|tracking| tracking.remembers()) {
            return;
        }
        for key in command.keys_in(args) {
            self.tracking.remember(&args[key.index], conn);
        }
        let keys_max = self.config.tracking_table_max_keys;
        while keys_max > 0
            && self.tracking.keys() as u64 > keys_max
            && let Some(key) = self.tracking.pick_victim()
        {
            for reader in self.tracking.forget(&key) {
                self.send_invalidation(reader, Some(&[&key]));
            }
        }
    }

    /// Tells of changes those who have read what has changed.
    pub(super) fn invalidate(&mut self, touches: &[Touch]) {
        let mut is_flushed = false;
        for touch in touches {
            match touch {
                Touch::Key(_, key) => self.invalidate_key(key),
                // Emptying several databases is one flush.
                // As in Redis, which knows keys by their names alone.
                Touch::Swapped(..) => {}
                Touch::Emptied(_) | Touch::Replaced(_) if is_flushed => {}
                Touch::Emptied(_) | Touch::Replaced(_) => {
                    is_flushed = true;
                    self.invalidate_all();
                }
            }
        }
    }

    fn invalidate_key(&mut self, key: &Blob) {
        self.tracking.note_change(key);
        for reader in self.tracking.forget(key) {
            let tracking = self.connections.get(reader).and_then(|connection| connection.tracking.as_ref());
            let is_told = tracking.is_some_and(|tracking| {
                let is_own = tracking.spares_own && self.tracking.author == Some(reader);
                tracking.mode != Mode::Broadcast && !is_own
            });
            if is_told {
                self.send_invalidation(reader, Some(&[key]));
            }
        }
    }

    fn invalidate_all(&mut self) {
        self.tracking.clear();
        let trackers = self.connections.iter().filter(|connection| connection.tracking.is_some());
        let trackers: Vec<ConnId> = trackers.map(|connection| connection.id).collect();
        for tracker in trackers {
            self.send_invalidation(tracker, None);
        }
    }

    /// Tells those who listen to prefixes what has changed during the event.
    #[cold]
    pub(super) fn broadcast_changes(&mut self) {
        self.tracking.has_news = false;
        let mut news = Vec::new();
        for prefix in self.tracking.prefixes.values_mut().filter(|prefix| !prefix.changed.is_empty()) {
            news.push((prefix.listeners.clone(), core::mem::take(&mut prefix.changed)));
        }
        for (listeners, changed) in news {
            for listener in listeners {
                let tracking = self.connections.get(listener).and_then(|connection| connection.tracking.as_ref());
                let spares_own = tracking.is_some_and(|tracking| tracking.spares_own);
                let keys = changed.iter().filter(|(_, author)| !spares_own || **author != Some(listener));
                let keys: Vec<&[u8]> = keys.map(|(key, _)| key.as_slice()).collect();
                if !keys.is_empty() {
                    self.send_invalidation(listener, Some(&keys));
                }
            }
        }
    }

    /// Tells a client that keys are not what they were; without keys, that none is.
    fn send_invalidation(&mut self, tracker: ConnId, keys: Option<&[&[u8]]>) {
        let Some(connection) = self.connections.get_mut(tracker) else { return };
        let Some(tracking) = &mut connection.tracking else { return };
        let redirect = tracking.redirect;
        let target = redirect.map_or(tracker, |(_, target)| target);
        let Some(receiver) = self.connections.get(target) else {
            return self.tell_of_broken_redirect(tracker);
        };
        let (is_resp3, is_listener) = (receiver.proto == Proto::Resp3, receiver.is_listener());
        if !is_resp3 && (redirect.is_none() || !is_listener) {
            return;
        }
        self.connections.tell(target, |output, proto| {
            let mut reply = Reply::new(output, proto);
            if is_resp3 {
                reply.push(2);
                reply.bulk(b"invalidate");
            } else {
                reply.push(3);
                reply.bulk(b"message");
                reply.bulk(b"__redis__:invalidate");
            }
            match keys {
                None => reply.null(),
                Some(keys) => {
                    reply.array(keys.len());
                    keys.iter().for_each(|key| reply.bulk(key));
                }
            }
        });
    }

    fn tell_of_broken_redirect(&mut self, tracker: ConnId) {
        let Some(connection) = self.connections.get_mut(tracker) else { return };
        let Some(tracking) = &mut connection.tracking else { return };
        tracking.is_broken = true;
        let client_id = tracking.redirect.map_or(0, |(client_id, _)| client_id);
        if connection.proto == Proto::Resp3 {
            self.connections.tell(tracker, |output, proto| {
                let mut reply = Reply::new(output, proto);
                reply.push(2);
                reply.bulk(b"tracking-redir-broken");
                reply.int(i64::try_from(client_id).unwrap_or(i64::MAX));
            });
        }
    }
}
