//! Snapshots on their way to replicas, made as they are sent.

use alloc::format;
use alloc::string::ToString;
use alloc::vec::Vec;

use crate::keyspace::{Keyspace, SnapshotId};
use crate::port::{ConnId, Effects, Level, Mono, Note, Now};
use crate::rdb::opcode;
use crate::replication::Run;

use super::Node;
use super::connection::Kind;
use super::replica::{Phase, TransferId};
use super::storage::InProgress;

/// Bytes that a snapshot may be ahead of its slowest receiver: a slow replica slows its snapshot rather than fill memory.
const WINDOW_BYTES: u64 = 1 << 20;
/// Bytes of a mark that ends a snapshot of unknown length.
const MARK_BYTES: usize = 40;

/// What a snapshot for replicas holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Contents {
    /// All keys.
    Everything,
    /// None: the replica asked for functions alone, or for nothing, by `rdb-filter-only`.
    NoKeys,
}

/// One snapshot that is being sent to one or more replicas.
#[derive(Clone, Debug)]
struct Transfer {
    id: TransferId,
    /// None if it was complete from the start.
    snapshot: Option<SnapshotId>,
    mark: [u8; MARK_BYTES],
    bytes: Run,
    is_complete: bool,
    begun_at: Mono,
}

/// All snapshots that are being sent.
#[derive(Clone, Debug, Default)]
pub(crate) struct Transfers {
    running: Vec<Transfer>,
    next_id: u32,
}

impl Transfers {
    /// The bytes of a transfer from `sent` on.
    pub(super) fn gather<'a>(&'a self, id: TransferId, sent: u64, slices: &mut [&'a [u8]]) -> usize {
        self.find(id).map_or(0, |transfer| transfer.bytes.gather(sent, slices))
    }

    fn find(&self, id: TransferId) -> Option<&Transfer> {
        self.running.iter().find(|transfer| transfer.id == id)
    }

    fn has_bytes(&self, id: TransferId, sent: u64) -> bool {
        self.find(id).is_some_and(|transfer| sent < transfer.bytes.end())
    }

    fn is_through(&self, id: TransferId, sent: u64) -> bool {
        self.find(id).is_none_or(|transfer| transfer.is_complete && sent >= transfer.bytes.end())
    }

    /// Memory held, in bytes.
    pub(crate) fn memory_bytes(&self) -> u64 {
        self.running.iter().map(|transfer| transfer.bytes.memory_bytes()).sum()
    }

    /// The oldest one that is running.
    pub(super) fn in_progress(&self) -> Option<InProgress> {
        self.running.first().map(|transfer| InProgress { snapshot: transfer.snapshot, begun_at: transfer.begun_at })
    }

    /// How many were begun in this life.
    pub(super) fn begun(&self) -> u32 {
        self.next_id
    }

    /// How many are running.
    pub(super) fn count(&self) -> usize {
        self.running.len()
    }

    /// Bytes of a transfer that are made and that a receiver in this phase has not taken.
    pub(super) fn held_for(&self, phase: Phase, keyspace: &Keyspace) -> u64 {
        let Phase::Streaming { transfer, sent, .. } = phase else { return 0 };
        let Some(transfer) = self.find(transfer) else { return 0 };
        let buffered = transfer.snapshot.map_or(0, |snapshot| keyspace.snapshot_buffered(snapshot));
        transfer.bytes.end().saturating_sub(sent) + buffered as u64
    }
}

impl Node {
    /// Begins one snapshot for all `receivers`, as of the log's end.
    pub(super) fn begin_transfer(&mut self, receivers: &[ConnId], contents: Contents, now: Now, effects: &mut Effects) {
        let position = self.begin_stream_for_replicas();
        let mark = self.random.hex40();
        let (header, rules) = self.snapshot_header(position, now);
        self.transfers.next_id = self.transfers.next_id.wrapping_add(1);
        let id = TransferId(self.transfers.next_id);
        let mut transfer = Transfer { id, snapshot: None, mark, bytes: Run::default(), is_complete: false, begun_at: now.mono };
        match contents {
            Contents::Everything => transfer.snapshot = Some(self.keyspace.begin_snapshot(header, rules)),
            Contents::NoKeys => {
                let mut header = header;
                self.keyspace.libraries.push_to(&mut header, rules.compress);
                transfer.bytes.append(&header);
                // A checksum of zero says that there is none.
                transfer.bytes.append(&[opcode::EOF, 0, 0, 0, 0, 0, 0, 0, 0]);
                transfer.bytes.append(&mark);
                transfer.is_complete = true;
            }
        }
        self.transfers.running.push(transfer);
        for &conn in receivers {
            self.announce_snapshot_end(conn, position);
            self.announce_full_sync(conn, position);
            let Some(connection) = self.connections.get_mut(conn) else { continue };
            connection.reply().raw(b"$EOF:");
            connection.reply().raw(&mark);
            connection.reply().raw(b"\r\n");
            connection.announce(effects);
            if let Some(side) = connection.replica_mut() {
                side.heard_at = now.mono;
                side.phase = Phase::Streaming { transfer: id, sent: 0, then: position.offset };
            }
        }
    }

    /// Keys written, and keys in all, of the snapshot that a replica is being sent.
    pub(super) fn transfer_progress(&self, phase: Phase) -> (u64, u64) {
        let snapshot = match phase {
            Phase::Streaming { transfer, .. } => self.transfers.find(transfer).and_then(|transfer| transfer.snapshot),
            _ => phase.file().and_then(|file| self.sync_files.snapshot(file)),
        };
        let (written, total) = snapshot.map_or((1, 1), |snapshot| self.keyspace.snapshot_progress(snapshot));
        (written as u64, total as u64)
    }

    /// True if others wait for a receiver that was sent so little: fellow receivers, or those that are not let in yet.
    pub(super) fn holds_others_up(&self, id: TransferId, sent: u64) -> bool {
        self.sent_to_receivers(id).any(|other| other > sent) || self.is_snapshot_awaited()
    }

    /// What each receiver of a transfer was sent, in bytes.
    fn sent_to_receivers(&self, id: TransferId) -> impl Iterator<Item = u64> {
        self.replica_sides().filter_map(move |(_, side)| match side.phase {
            Phase::Streaming { transfer, sent, .. } if transfer == id => Some(sent),
            _ => None,
        })
    }

    /// The least that any receiver of a transfer was sent; none if nobody receives it any more.
    fn slowest_receiver(&self, id: TransferId) -> Option<u64> {
        self.sent_to_receivers(id).min()
    }

    /// True if some transfer could go on now.
    pub(super) fn transfers_can_advance(&self) -> bool {
        self.transfers.running.iter().any(|transfer| match self.slowest_receiver(transfer.id) {
            Some(sent) => !transfer.is_complete && transfer.bytes.end() - sent < WINDOW_BYTES,
            None => true,
        })
    }

    /// Makes about `units` keys more of every transfer that its receivers can take.
    pub(super) fn work_on_transfers(&mut self, units: usize, now: Now, effects: &mut Effects) {
        let mut index = 0;
        while let Some(transfer) = self.transfers.running.get(index) {
            let (id, snapshot) = (transfer.id, transfer.snapshot);
            let Some(sent) = self.slowest_receiver(id) else {
                if !transfer.is_complete {
                    let text = "Diskless rdb transfer, last replica dropped, killing fork child.".to_string();
                    effects.note(Note::Text { level: Level::Warning, text });
                }
                if let Some(snapshot) = snapshot {
                    self.keyspace.end_snapshot(snapshot);
                }
                let begun_at = self.transfers.running.remove(index).begun_at;
                self.storage.last_snapshot_took = Some(now.mono.since(begun_at));
                // Those who wait for room are let in.
                self.schedule_transfer(now, effects);
                continue;
            };
            let transfer = &mut self.transfers.running[index];
            transfer.bytes.forget_before(sent);
            let ahead = transfer.bytes.end() - sent;
            if let Some(snapshot) = snapshot
                && !transfer.is_complete
                && ahead < WINDOW_BYTES
            {
                self.keyspace.advance_snapshot(snapshot, units, (WINDOW_BYTES - ahead) as usize);
                let (bytes, is_last) = self.keyspace.take_snapshot_output(snapshot);
                transfer.bytes.append(&bytes);
                if is_last {
                    transfer.bytes.append(&transfer.mark);
                    transfer.is_complete = true;
                    self.keyspace.end_snapshot(snapshot);
                    let receivers = self.sent_to_receivers(id).count();
                    // The words of Redis, which tools look for; there is no pipe, and no child at its other end.
                    let text = format!("Diskless rdb transfer, done reading from pipe, {receivers} replicas still up.");
                    effects.note(Note::Text { level: Level::Notice, text });
                }
                self.announce_transfer(id, effects);
            }
            index += 1;
        }
    }

    fn announce_transfer(&mut self, id: TransferId, effects: &mut Effects) {
        for &conn in &self.replicas {
            let Some(connection) = self.connections.get_mut(conn) else { continue };
            let Some(Phase::Streaming { transfer, sent, .. }) = connection.replica().map(|side| side.phase) else {
                continue;
            };
            if transfer == id && self.transfers.has_bytes(id, sent) {
                connection.announce(effects);
            }
        }
    }

    /// A replica was sent `count` bytes beside its own queue.
    pub(super) fn replica_took(&mut self, conn: ConnId, count: u64, now: Now, effects: &mut Effects) {
        let Some(connection) = self.connections.get_mut(conn) else { return };
        let wants_rdb_only = connection.intro.wants_rdb_only;
        let is_for_snapshot = connection.intro.is_for_snapshot();
        let Kind::Replica(side) = &mut connection.kind else { return };
        match &mut side.phase {
            Phase::Streaming { transfer, sent, then } => {
                *sent += count;
                side.heard_at = now.mono;
                if self.transfers.is_through(*transfer, *sent) {
                    let then = *then;
                    side.phase =
                        if is_for_snapshot { Phase::AwaitingMain { then } } else { Phase::AwaitingAck { then } };
                    if is_for_snapshot {
                        self.snapshot_is_sent(conn, now, effects);
                    } else if wants_rdb_only {
                        self.close(conn, now, effects);
                    } else if side.is_mute {
                        self.go_online(conn, now, effects);
                    }
                }
            }
            Phase::Buffering { sent } | Phase::Online { sent } => *sent += count,
            Phase::SendingFile { .. } => {
                side.heard_at = now.mono;
                self.read_on_for_replica(conn, now, effects);
            }
            _ => {}
        }
    }

    /// True if a replica could be sent something now.
    pub(super) fn replica_has_output(&self, conn: ConnId) -> bool {
        let Some(connection) = self.connections.get(conn) else { return false };
        let Some(side) = connection.replica() else { return false };
        match side.phase {
            Phase::Streaming { transfer, sent, .. } => self.transfers.has_bytes(transfer, sent),
            phase => phase.stream_sent().is_some_and(|sent| sent < self.history.offset()),
        }
    }
}
