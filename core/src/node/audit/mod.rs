//! What a node shows to checkers: where it stands and a digest of what it holds.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::codec::content_hash::content_hash;
use crate::command::CommandError;
use crate::config::Endpoint;
use crate::keyspace::{Keyspace, Touch, digest_entry};
use crate::port::ConnId;
use crate::replication::{Offer, Position, ReplicationId, Request, Verdict};

use super::Node;
use super::blocked::AuditedWaits;
use super::follow::Link;

mod hash;
mod imprint;
mod reads;

pub use hash::{STREAM_HASH_BASE, stream_hash};

/// A command boundary: after this much of this history the data had this digest.
///
/// One is recorded each time the offset moves (a whole command or a whole MULTI block was appended to the log or
/// applied from the master), and one whenever the data or the history is replaced (full synchronisation, promotion,
/// loading).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Boundary {
    /// The history and offset.
    pub position: Position,
    /// An order-independent digest of all databases: key, type, value and absolute expiry.
    pub digest: u64,
    /// The bytes of the stream since the previous boundary, as a polynomial hash: see [`stream_hash`]. Zero where the boundary
    /// was not made by bytes of the stream.
    pub stream: u64,
    /// The role that the node had then: it may have another at the end of the same event.
    pub role: Role,
}

/// What a client or another node has done here or was told, to which a checker can hold the node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// A command of a client has changed data.
    Wrote {
        /// The client's connection.
        conn: ConnId,
        /// Where the node stood right behind it.
        position: Position,
        /// It had to pass the gates for writes. False for one that only reads, and by that removed an expired key.
        is_write: bool,
    },
    /// A node has asked by PSYNC to be continued from where it is, and is told the stream from there on or everything.
    Answered {
        /// Its connection.
        conn: ConnId,
        /// What it asked for.
        request: Request,
        /// The offsets from and up to which our log could continue a stream.
        held: Option<(u64, u64)>,
        /// What it is told.
        verdict: Verdict,
    },
    /// FAILOVER lets a replica take over that has everything.
    HandsOver {
        /// Where it listens.
        target: Endpoint,
    },
    /// WAIT was answered.
    Waited {
        /// The client's connection.
        conn: ConnId,
        /// So many replicas have what the client wrote.
        replicas: usize,
    },
    /// A master was named to the node, another one or the same, or it was made one: from now on it is to have what it is offered.
    MasterNamed,
    /// Our master was told how far we are.
    Acknowledged {
        /// The offset that it was told.
        told: u64,
        /// Where the node stood.
        position: Position,
    },
    /// The link of a replica was ended, because it was silent.
    TimedOut,
    /// What a peer has said could not be understood, or not carried out.
    Misunderstood {
        /// What came of it.
        so: &'static str,
    },
    /// The node is to end, and has waited long enough for its replicas, or not at all.
    StopsWaiting,
    /// A snapshot is on the disk, to be loaded at the next start.
    Saved {
        /// Where the node stood when it was begun.
        position: Position,
    },
    /// A client has read a single key.
    Read {
        /// It is there, and its time had come before.
        is_past: bool,
        /// The client was told of something that is there.
        is_found: bool,
        /// Where the link to the node's master stood then.
        link: LinkState,
        /// A data set was being loaded then.
        is_loading: bool,
    },
    /// A key has given way for want of memory.
    Evicted {
        /// The role that the node had then: it may have another at the end of the same event.
        role: Role,
        /// What the data and the buffers of clients took before, in bytes, without what waits for replicas.
        held_bytes: u64,
    },
    /// A command of a client was refused before it was carried out, for the state that the node is in.
    Refused {
        /// Why.
        cause: Refusal,
        /// What the node was in then.
        state: RefusingState,
    },
    /// WAITAOF was answered.
    WaitedForDisks {
        /// The client's connection.
        conn: ConnId,
        /// What the client wrote is on our own disk.
        is_local: bool,
        /// So many replicas have it on theirs.
        replicas: usize,
    },
}

/// The state of a node that refuses something, which may be another one at the end of the same event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefusingState {
    /// Its role.
    pub role: Role,
    /// Where the link to its master stands.
    pub link: LinkState,
    /// That leads back to it, by way of replicas alone.
    pub is_in_circle: bool,
    /// What the data and the buffers of clients take, in bytes, without what waits for replicas.
    pub held_bytes: u64,
}

/// Why a node refuses what a client asks for, whatever that is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// `LOADING`: a data set is being loaded.
    Loading,
    /// `MASTERDOWN`: it must not show what it has, and has no link to its master.
    MasterDown,
    /// `MISCONF`: it cannot write its snapshots, or its append-only file.
    Misconf,
    /// `NOREPLICAS`: too few replicas are good.
    NoReplicas,
    /// `OOM`: memory is short.
    OutOfMemory,
    /// `READONLY`: it is a replica.
    ReadOnly,
}

impl Refusal {
    /// Why a command was refused, by the code of its error; none if that is about the command itself, or its client.
    fn of(code: &str) -> Option<Refusal> {
        Some(match code {
            "LOADING" => Refusal::Loading,
            "MASTERDOWN" => Refusal::MasterDown,
            "MISCONF" => Refusal::Misconf,
            "NOREPLICAS" => Refusal::NoReplicas,
            "OOM" => Refusal::OutOfMemory,
            "READONLY" => Refusal::ReadOnly,
            _ => return None,
        })
    }
}

/// The role of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It follows nobody.
    Master,
    /// It follows a master.
    Replica,
}

/// Where the link of a replica to its master stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkState {
    /// The node is a master.
    None,
    /// Waiting to dial, or dialling.
    Connecting,
    /// Talking, before the answer to PSYNC.
    Handshake,
    /// Receiving or loading a snapshot.
    Transfer,
    /// In step with the stream.
    Online,
}

/// What a node in quarantine has refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeldOff {
    /// Where it stood, if the master told.
    pub position: Option<Position>,
    /// Its keys.
    pub keys: u64,
    /// The master is not asked again.
    pub is_final: bool,
}

/// A node's state, as checkers see it.
#[derive(Clone, Copy, Debug)]
pub struct Probe {
    /// Its role.
    pub role: Role,
    /// Its link to its master.
    pub link: LinkState,
    /// Its history and how much of it has been applied.
    pub position: Position,
    /// The history it followed before, if any, and the first offset at which the two may differ
    /// (`second_repl_offset`).
    pub second: Option<(ReplicationId, u64)>,
    /// The two differ there for certain (`second_repl_offset_exact` of a replica).
    pub is_second_exact: bool,
    /// Offsets still in the backlog: first byte and length; `None` if there is no backlog. The first byte is counted
    /// from 1, as in INFO.
    pub backlog: Option<(u64, u64)>,
    /// Keys in all databases, logically expired ones included.
    pub keys: u64,
    /// Behind when all of them have expired, if they do.
    pub spent_from_ms: Option<i64>,
    /// The digest of the data (zero unless audit is on).
    pub digest: u64,
    /// Replicas that are online.
    pub replicas_online: u32,
    /// Full synchronisations served, as INFO's `sync_full`.
    pub sync_full: u64,
    /// Partial resynchronisations served, as INFO's `sync_partial_ok`.
    pub sync_partial_ok: u64,
    /// Bytes in all output queues, shared log and snapshot buffers not included.
    pub output_bytes: u64,
    /// Bytes held by snapshots on their way to replicas.
    pub snapshot_bytes: u64,
    /// Snapshots for replicas that were begun.
    pub snapshots: u64,
    /// Bytes held by the shared log.
    pub log_bytes: u64,
    /// Bytes of the largest piece that was ever added to it at once.
    pub log_piece_bytes_max: u64,
    /// Bytes at its end that the append-only file has not got yet, or a snapshot whose replica has not asked for the stream yet goes on with.
    pub log_awaited_bytes: u64,
    /// Somebody waits for something, or is held back.
    pub has_waiting: bool,
    /// True while a data set is being loaded, from disk or from a master.
    pub loading: bool,
    /// It has been told to end, and waits for its replicas or its disk first.
    pub is_stopping: bool,
    /// Its master is held off, since what that has offered lacks what the node has: what it was, if it told its position.
    pub held_off: Option<HeldOff>,
    /// It has come back without its data, and lets no replica synchronise yet.
    pub is_protected: bool,
    /// How much of the history is in an append-only file and synced; `None` if nothing is promised to be.
    pub synced_offset: Option<u64>,
}

/// What is recorded for checkers while the audit is on.
#[derive(Clone, Default)]
pub(super) struct Audit {
    /// The digest of each key of a database by the hash of its name, so that a change costs one key only.
    databases: BTreeMap<u32, BTreeMap<u64, u64>>,
    digest: u64,
    boundaries: Vec<Boundary>,
    deeds: Vec<Deed>,
    pub(super) waits: AuditedWaits,
    /// Where the last boundary was.
    last: Option<Position>,
}

impl Audit {
    /// Brings the digest up to date with what a unit of execution changed.
    fn take_in(&mut self, keyspace: &Keyspace, touches: &[Touch]) {
        for touch in touches {
            match touch {
                Touch::Key(database, key) => self.take_in_key(keyspace, *database, key),
                Touch::Emptied(database) | Touch::Replaced(database) => self.take_in_database(keyspace, *database),
                Touch::Swapped(one, other) => {
                    self.take_in_database(keyspace, *one);
                    self.take_in_database(keyspace, *other);
                }
            }
        }
    }

    fn take_in_key(&mut self, keyspace: &Keyspace, database: u32, key: &[u8]) {
        let new = keyspace.locate(database, key).map(|found| digest_entry(database, keyspace.entry(found)));
        self.replace(database, content_hash(key), new);
    }

    fn replace(&mut self, database: u32, name: u64, new: Option<u64>) {
        let keys = self.databases.entry(database).or_default();
        let old = match new {
            Some(new) => keys.insert(name, new),
            None => keys.remove(&name),
        };
        // A sum of scrambled hashes: independent of order, and each part can be taken out again.
        self.digest = self.digest.wrapping_sub(old.unwrap_or(0)).wrapping_add(new.unwrap_or(0));
    }

    fn take_in_database(&mut self, keyspace: &Keyspace, database: u32) {
        let gone = self.databases.remove(&database).unwrap_or_default();
        self.digest = gone.values().fold(self.digest, |digest, old| digest.wrapping_sub(*old));
        for entry in keyspace.iter(database) {
            self.replace(database, content_hash(&entry.key), Some(digest_entry(database, entry)));
        }
    }
}

impl Node {
    /// Switches on the recording of [`Boundary`]s, for checkers. Costs a hash of each changed value.
    pub fn enable_audit(&mut self) {
        self.audit = Some(Audit::default());
        self.observe_if_needed();
        self.audit_data_replaced();
    }

    /// Takes the boundaries recorded since the last call, oldest first.
    pub fn take_boundaries(&mut self) -> Vec<Boundary> {
        self.audit.as_mut().map(|audit| core::mem::take(&mut audit.boundaries)).unwrap_or_default()
    }

    /// Takes the deeds recorded since the last call, oldest first.
    pub fn take_deeds(&mut self) -> Vec<Deed> {
        self.audit.as_mut().map(|audit| core::mem::take(&mut audit.deeds)).unwrap_or_default()
    }

    /// Records a deed, of which the node's present position may be a part.
    #[inline]
    pub(super) fn audit_deed(&mut self, deed: impl FnOnce(Position) -> Deed) {
        if let Some(audit) = &mut self.audit {
            audit.deeds.push(deed(self.history.position()));
        }
    }

    /// Records that a command was refused, if that is for the state of the node.
    pub(super) fn audit_refusal(&mut self, error: &CommandError) {
        if self.audit.is_none() {
            return;
        }
        let Some(cause) = Refusal::of(error.code()) else { return };
        let state = RefusingState {
            role: self.present_role(),
            link: self.link_state(),
            is_in_circle: self.follow.as_ref().is_some_and(|follow| follow.circle().is_some()),
            held_bytes: self.bytes_for_eviction(),
        };
        self.audit_deed(|_| Deed::Refused { cause, state });
    }

    /// Records the answer to a PSYNC: to who asks for data that it could have gone on with, not for a snapshot alone or the stream behind one.
    pub(super) fn audit_answer(&mut self, conn: ConnId, is_old: bool, request: Request, verdict: Verdict) {
        let held = self.history.standing().held;
        let intro = self.connections.get(conn).map(|connection| &connection.intro);
        let could_go_on = intro.is_some_and(|intro| !intro.wants_rdb_only && intro.own_snapshot.is_none());
        if could_go_on && !is_old {
            self.audit_deed(|_| Deed::Answered { conn, request, held, verdict });
        }
    }

    /// Tells the audit what a unit changed.
    pub(super) fn audit_touches(&mut self, touches: &[Touch]) {
        if let Some(audit) = &mut self.audit {
            audit.take_in(&self.keyspace, touches);
        }
    }

    /// Records that the node stands at a boundary, if it has a log: without one its offset stands still, and nobody can be told of the position.
    pub(super) fn audit_boundary(&mut self) {
        let (position, role) = (self.history.position(), self.present_role());
        let Some(audit) = &mut self.audit else { return };
        let last = audit.last.replace(position).filter(|last| position.reaches(last));
        let Some(log) = &self.history.log else { return };
        let mut stream = 0;
        if let Some(last) = last {
            let mut at = last.offset;
            let mut slices = [&[][..]; 8];
            while at < position.offset {
                let filled = log.gather(at, &mut slices);
                if filled == 0 {
                    break;
                }
                for slice in &slices[..filled] {
                    stream = stream_hash(stream, slice);
                    at += slice.len() as u64;
                }
            }
        }
        audit.boundaries.push(Boundary { position, digest: audit.digest, stream, role });
    }

    pub(super) fn present_role(&self) -> Role {
        if self.follow.is_some() { Role::Replica } else { Role::Master }
    }

    /// Records that all data were replaced.
    pub(super) fn audit_data_replaced(&mut self) {
        let touches = self.keyspace.take_touches();
        self.tell_of_touches(&touches);
        let databases = self.keyspace.database_count();
        if let Some(audit) = &mut self.audit {
            for database in 0..databases {
                audit.take_in_database(&self.keyspace, database);
            }
        }
        self.audit_boundary();
    }

    fn link_state(&self) -> LinkState {
        match self.follow.as_ref().map(|follow| &follow.link) {
            None => LinkState::None,
            Some(Link::Waiting | Link::Dialling { .. }) => LinkState::Connecting,
            Some(Link::Talking { .. }) => LinkState::Handshake,
            Some(Link::Receiving { .. } | Link::Replacing { .. } | Link::Dual(_)) => LinkState::Transfer,
            Some(Link::Online { .. }) => LinkState::Online,
        }
    }

    /// As [`Node::probe`], with the data digested as they are now: what has changed them behind the audit's back is seen.
    #[must_use]
    pub fn probe_anew(&self) -> Probe {
        let mut copy = self.clone();
        copy.enable_audit();
        copy.probe()
    }

    /// The state that checkers look at, without changing it.
    #[must_use]
    pub fn probe(&self) -> Probe {
        let link = self.link_state();
        let sides = self.replica_sides().map(|(_, side)| side);
        let log = self.history.log.as_ref();
        Probe {
            role: self.present_role(),
            link,
            position: self.history.position(),
            second: self.history.second,
            is_second_exact: self.history.lineage().is_some_and(|lineage| lineage.is_exact),
            backlog: log.map(|log| (log.oldest() + 1, log.end() - log.oldest())),
            keys: self.keyspace.total_len() as u64,
            spent_from_ms: self.keyspace.spent_from_ms(),
            digest: self.audit.as_ref().map_or(0, |audit| audit.digest),
            replicas_online: sides.filter(|side| side.is_online()).count() as u32,
            sync_full: self.stats.sync_full,
            sync_partial_ok: self.stats.sync_partial_ok,
            output_bytes: self.output_bytes(),
            snapshot_bytes: self.transfers.memory_bytes(),
            snapshots: u64::from(self.transfers.begun()) + u64::from(self.sync_files.begun()),
            log_bytes: log.map_or(0, |log| log.memory_bytes()),
            log_piece_bytes_max: log.map_or(0, |log| log.largest_append()),
            log_awaited_bytes: self.awaited_from().map_or(0, |from| self.history.offset().saturating_sub(from)),
            has_waiting: self.has_waiting(),
            loading: self.is_loading(),
            held_off: self.follow.as_ref().and_then(|follow| follow.caution.quarantine.as_ref()).map(|quarantine| {
                let Offer { position, keys, .. } = quarantine.offer;
                HeldOff { position, keys, is_final: quarantine.is_final }
            }),
            is_stopping: self.shutdown.is_some(),
            is_protected: self.guard.missed.is_some_and(|missed| missed.is_held_against_replicas()),
            synced_offset: self.synced_offset(),
        }
    }
}
