//! One connection, and the table of all of them.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use crate::command::Command;
use crate::port::{Action, ConnId, Effects, Mono, Now, Peer};
use crate::replication::ClientMark;
use crate::resp::{Output, Proto, Reply, RequestParser};

use super::blocked::Wait;
use super::pubsub::Listener;
use super::replica::{ReplicaIntro, ReplicaSide};
use super::tracking::Tracking;
use super::transaction::Transaction;

/// What a connection is for.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    /// A client.
    Client,
    /// A replica of ours that has asked for the stream.
    Replica(Box<ReplicaSide>),
    /// Our own link to a master.
    Master,
}

/// When a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Closing {
    /// Not by us.
    No,
    /// When what is queued was sent.
    AfterReplies,
}

/// A connection.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    pub(crate) id: ConnId,
    /// The number that CLIENT ID tells: never reused.
    pub(crate) client_id: u64,
    /// Its ends; none while it is being dialled.
    pub(crate) peer: Option<Peer>,
    /// The path of the Unix socket that it came by.
    pub(crate) unix_path: Option<Box<str>>,
    pub(crate) created_at: Mono,
    pub(crate) last_input_at: Mono,
    /// The incomplete tail of what was received.
    pub(crate) input: Vec<u8>,
    /// How far the request in `input` was understood.
    pub(crate) parser: Option<Box<RequestParser>>,
    pub(crate) output: Output,
    /// The driver was told that there is output and has not seen the queue empty since.
    pub(crate) is_announced: bool,
    pub(crate) closing: Closing,
    pub(crate) kind: Kind,
    pub(crate) proto: Proto,
    pub(crate) database: u32,
    pub(crate) is_authenticated: bool,
    /// Replies are swallowed (CLIENT REPLY OFF).
    pub(crate) is_muted: bool,
    /// The next command's reply is swallowed (CLIENT REPLY SKIP).
    pub(crate) skips_next_reply: bool,
    /// The running command's reply is swallowed.
    pub(crate) skips_reply: bool,
    /// What it waits for: its further requests stay in `input` meanwhile.
    pub(crate) wait: Option<Box<Wait>>,
    /// It has asked for MONITOR.
    pub(crate) is_monitor: bool,
    /// How it is told of changes to what it has read, if it is.
    pub(crate) tracking: Option<Box<Tracking>>,
    /// What it listens to, if anything.
    pub(crate) listener: Option<Box<Listener>>,
    /// It was sent what it had not asked for just now; see [`Connections::tell`].
    pub(crate) is_told: bool,
    pub(crate) name: String,
    pub(crate) library_name: String,
    pub(crate) library_version: String,
    pub(crate) transaction: Option<Box<Transaction>>,
    /// What REPLCONF told before PSYNC.
    pub(crate) intro: ReplicaIntro,
    /// The last command's row, and the one of its subcommand (the same if it has none).
    pub(crate) last_command: Option<(&'static Command, &'static Command)>,
    /// A reply in its queue tells of the data, and may have to wait for the disk.
    pub(crate) has_seen_data: bool,
    /// How far it had come after its last command, for WAIT.
    pub(crate) mark: ClientMark,
    pub(crate) bytes_received: u64,
    /// It is not closed for the memory that all clients take (CLIENT NO-EVICT).
    pub(crate) is_spared: bool,
    /// When its unsent replies first exceeded the soft limit.
    pub(crate) over_soft_limit_since: Option<Mono>,
}

impl Connection {
    /// Where replies go.
    #[inline]
    pub(crate) fn reply(&mut self) -> Reply<'_> {
        if self.is_muted || self.skips_reply {
            return Reply::muted();
        }
        Reply::new(&mut self.output, self.proto)
    }

    /// True if it calls itself what the connections of a Sentinel by which it gives orders do.
    pub(crate) fn is_sentinel(&self) -> bool {
        self.name.starts_with("sentinel-") && self.name.ends_with("-cmd")
    }

    /// True if it waits.
    #[inline]
    pub(crate) fn is_blocked(&self) -> bool {
        self.wait.is_some()
    }

    /// A command has ended: what CLIENT REPLY SKIP asked for begins, or is over.
    #[inline]
    pub(crate) fn command_ended(&mut self) {
        self.skips_reply = core::mem::take(&mut self.skips_next_reply);
    }

    /// Takes what was received and not understood yet, and how far it was.
    pub(crate) fn take_input(&mut self) -> (Vec<u8>, RequestParser) {
        let parser = self.parser.take().map_or_else(RequestParser::default, |parser| *parser);
        (core::mem::take(&mut self.input), parser)
    }

    /// Tells the driver of output, once until it was drained.
    #[inline]
    pub(crate) fn announce(&mut self, effects: &mut Effects) {
        if !self.is_announced {
            self.is_announced = true;
            effects.push(Action::OutputReady(self.id));
        }
    }

    /// The replica that it is.
    pub(crate) fn replica(&self) -> Option<&ReplicaSide> {
        match &self.kind {
            Kind::Replica(side) => Some(side),
            _ => None,
        }
    }

    /// The replica that it is.
    pub(crate) fn replica_mut(&mut self) -> Option<&mut ReplicaSide> {
        match &mut self.kind {
            Kind::Replica(side) => Some(side),
            _ => None,
        }
    }
}

/// All connections of a node, by slot.
#[derive(Clone, Debug, Default)]
pub(crate) struct Connections {
    slots: Vec<Slot>,
    free: Vec<u32>,
    next_client_id: u64,
    clients: usize,
    told: Vec<ConnId>,
}

#[derive(Clone, Debug)]
struct Slot {
    generation: u32,
    connection: Option<Box<Connection>>,
}

impl Connections {
    /// Opens a connection.
    pub(crate) fn open(&mut self, peer: Option<Peer>, kind: Kind, now: Now) -> &mut Connection {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot { generation: 0, connection: None });
            (self.slots.len() - 1) as u32
        });
        self.next_client_id += 1;
        self.clients += 1;
        let place = &mut self.slots[slot as usize];
        let connection = Connection {
            id: ConnId { slot, generation: place.generation },
            client_id: self.next_client_id,
            peer,
            unix_path: None,
            created_at: now.mono,
            last_input_at: now.mono,
            input: Vec::new(),
            parser: None,
            output: Output::default(),
            is_announced: false,
            closing: Closing::No,
            kind,
            proto: Proto::Resp2,
            database: 0,
            is_authenticated: false,
            is_muted: false,
            skips_next_reply: false,
            skips_reply: false,
            wait: None,
            is_monitor: false,
            tracking: None,
            listener: None,
            is_told: false,
            name: String::new(),
            library_name: String::new(),
            library_version: String::new(),
            transaction: None,
            intro: ReplicaIntro::default(),
            last_command: None,
            has_seen_data: false,
            mark: ClientMark::default(),
            bytes_received: 0,
            is_spared: false,
            over_soft_limit_since: None,
        };
        place.connection.insert(Box::new(connection))
    }

    /// Forgets a connection and returns it.
    pub(crate) fn close(&mut self, id: ConnId) -> Option<Box<Connection>> {
        let slot = self.slots.get_mut(id.slot as usize).filter(|slot| slot.generation == id.generation)?;
        let connection = slot.connection.take()?;
        slot.generation = slot.generation.wrapping_add(1);
        self.free.push(id.slot);
        self.clients -= 1;
        Some(connection)
    }

    #[inline]
    pub(crate) fn get(&self, id: ConnId) -> Option<&Connection> {
        let slot = self.slots.get(id.slot as usize).filter(|slot| slot.generation == id.generation)?;
        slot.connection.as_deref()
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, id: ConnId) -> Option<&mut Connection> {
        let slot = self.slots.get_mut(id.slot as usize).filter(|slot| slot.generation == id.generation)?;
        slot.connection.as_deref_mut()
    }

    /// Queues what a client has not asked for just now. The driver is to be told when the event ends.
    pub(crate) fn tell(&mut self, id: ConnId, write: impl FnOnce(&mut Output, Proto)) {
        let Some(connection) = self.get_mut(id) else { return };
        if connection.closing != Closing::No || !matches!(connection.kind, Kind::Client) {
            return;
        }
        write(&mut connection.output, connection.proto);
        if !core::mem::replace(&mut connection.is_told, true) {
            self.told.push(id);
        }
    }

    /// True if anybody was told something by [`Connections::tell`].
    #[inline]
    pub(crate) fn has_told(&self) -> bool {
        !self.told.is_empty()
    }

    /// Who was told something, in order.
    pub(crate) fn take_told(&mut self) -> Vec<ConnId> {
        core::mem::take(&mut self.told)
    }

    /// All connections, in the order of their slots.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Connection> {
        self.slots.iter().filter_map(|slot| slot.connection.as_deref())
    }

    /// All connections, in the order of their slots.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Connection> {
        self.slots.iter_mut().filter_map(|slot| slot.connection.as_deref_mut())
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.clients
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_of_a_closed_connection_names_nothing_again() {
        let mut connections = Connections::default();
        let first = connections.open(None, Kind::Client, Now::default()).id;
        let second = connections.open(None, Kind::Client, Now::default()).id;
        assert!(connections.close(first).is_some());
        assert!(connections.close(first).is_none());
        let third = connections.open(None, Kind::Client, Now::default()).id;
        assert_eq!(third.slot, first.slot);
        assert!(connections.get(first).is_none());
        assert!(connections.get(second).is_some() && connections.get(third).is_some());
        assert_eq!(connections.len(), 2);
    }
}
