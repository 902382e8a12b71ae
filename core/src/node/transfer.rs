//! Snapshots on their way to replicas, made as they are sent.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;

use crate::keyspace::{Keyspace, SnapshotId};
use crate::marks::Mark;
use crate::museum::{Defect, Leftover};
use crate::port::{ConnId, Effects, Level, Now};
use crate::rdb::opcode;
use crate::replication::Run;

use super::Node;
use super::connection::Kind;
use super::pace::Pace;
use super::replica::{Phase, ReplicaSide, TransferId};
use super::storage::InProgress;

/// Bytes that a snapshot may be ahead of its only receiver: a slow replica slows its snapshot rather than fill memory.
const WINDOW_BYTES: u64 = 1 << 20;
/// Bytes that a snapshot may be ahead of the slowest of several receivers. More than what a network takes in before anybody has read it (Linux: up to 4 MB
/// at this end and 6 MB at the other), so that one can tell how fast they are; and a smaller snapshot is through with the good ones whatever the others do.
const SHARED_WINDOW_BYTES: u64 = 16 << 20;
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

/// How far a replica's snapshot has come.
#[derive(Clone, Copy, Debug)]
pub(super) struct SyncProgress {
    /// What is counted.
    pub(super) unit: &'static str,
    /// So many were sent: at least one, and not all.
    pub(super) done: u64,
    /// So many there are.
    pub(super) total: u64,
}

impl SyncProgress {
    fn new(unit: &'static str, done: u64, total: u64) -> Option<SyncProgress> {
        (0 < done && done < total).then_some(SyncProgress { unit, done, total })
    }
}

/// One snapshot that is being sent to one or more replicas.
#[derive(Clone, Debug)]
struct Transfer {
    id: TransferId,
    /// None if it was complete from the start.
    snapshot: Option<SnapshotId>,
    mark: [u8; MARK_BYTES],
    bytes: Run,
    /// The most that one turn has made: a value is made at once, however large it is.
    turn_bytes_max: u64,
    is_complete: bool,
    pace: Pace,
    /// [`Defect::OneDropAbortsAll`]: so many receivers there were, and so many failures were counted.
    counted: Leftover<(usize, usize)>,
}

impl Transfer {
    /// Counts those who have left, once more; true if as many have failed as there ever were.
    fn has_lost_all(&mut self, receivers: usize) -> bool {
        let (before, failures) = self.counted.take();
        let begun_for = before.max(receivers);
        let failures = failures + (begun_for - receivers);
        self.counted.replace((begun_for, failures));
        failures >= begun_for
    }
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
        self.running
            .first()
            .map(|transfer| InProgress { snapshot: transfer.snapshot, begun_at: transfer.pace.begun_at() })
    }

    /// How many were begun in this life.
    pub(super) fn begun(&self) -> u32 {
        self.next_id
    }

    /// How many are running.
    pub(super) fn count(&self) -> usize {
        self.running.len()
    }

    /// Bytes of a transfer that are made and that a receiver in this phase has not taken, beyond what would wait for it without any write: what is
    /// written over is made early, as it was.
    pub(super) fn held_for(&self, phase: Phase, keyspace: &Keyspace) -> u64 {
        let Phase::Streaming { transfer, sent, .. } = phase else { return 0 };
        let Some(transfer) = self.find(transfer) else { return 0 };
        let buffered = transfer.snapshot.map_or(0, |snapshot| keyspace.snapshot_buffered(snapshot)) as u64;
        let made = transfer.bytes.end().saturating_sub(sent) + buffered;
        made.saturating_sub(WINDOW_BYTES + transfer.turn_bytes_max)
    }
}

impl Node {
    /// Begins one snapshot for all `receivers`, as of the log's end.
    pub(super) fn begin_transfer(&mut self, receivers: &[ConnId], contents: Contents, now: Now, effects: &mut Effects) {
        self.mark(Mark::SnapshotToSockets);
        if receivers.len() > 1 {
            self.mark(Mark::SnapshotShared);
        }
        let position = self.begin_stream_for_replicas();
        let mark = self.random.hex40();
        let (header, rules) = self.snapshot_header(position, now);
        self.transfers.next_id = self.transfers.next_id.wrapping_add(1);
        let id = TransferId(self.transfers.next_id);
        let (bytes, pace) = (Run::default(), Pace::new(now.mono));
        let counted = Leftover::default();
        let mut transfer =
            Transfer { id, snapshot: None, mark, bytes, turn_bytes_max: 0, is_complete: false, pace, counted };
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

    /// How much of its snapshot a replica was sent, or has been made ready for it; unknown if that is all of it.
    pub(super) fn sync_progress(&self, phase: Phase) -> Option<SyncProgress> {
        let snapshot = match phase {
            Phase::Streaming { transfer, .. } => self.transfers.find(transfer).and_then(|transfer| transfer.snapshot),
            Phase::AwaitingFile { file, .. } => self.sync_files.snapshot(file),
            Phase::SendingFile { read, size, .. } => return SyncProgress::new("byte", read, size),
            _ => None,
        };
        let (written, total) = self.keyspace.snapshot_progress(snapshot?);
        SyncProgress::new("key", written as u64, total as u64)
    }

    /// What each receiver of a transfer was sent, in bytes.
    fn sent_to_receivers(&self, id: TransferId) -> impl Iterator<Item = u64> {
        self.replica_sides().filter_map(move |(_, side)| match side.phase {
            Phase::Streaming { transfer, sent, .. } if transfer == id => Some(sent),
            _ => None,
        })
    }

    /// True if anybody is being sent a transfer.
    pub(super) fn is_received(&self, id: TransferId) -> bool {
        self.sent_to_receivers(id).next().is_some()
    }

    /// The least that any receiver of a transfer was sent; none if nobody receives it any more.
    fn slowest_receiver(&self, id: TransferId) -> Option<u64> {
        self.sent_to_receivers(id).min()
    }

    /// How far a transfer may be ahead of its slowest receiver. For several of them it's more, though not so much that the limit on what
    /// may wait for a replica would come before it.
    fn window_bytes(&self, id: TransferId) -> u64 {
        match self.sent_to_receivers(id).nth(1) {
            Some(_) => (self.replica_lag_bytes_max() / 4).clamp(WINDOW_BYTES, SHARED_WINDOW_BYTES),
            None => WINDOW_BYTES,
        }
    }

    /// True if some transfer could go on now.
    pub(super) fn transfers_can_advance(&self) -> bool {
        self.transfers.running.iter().any(|transfer| match self.slowest_receiver(transfer.id) {
            Some(sent) => !transfer.is_complete && transfer.bytes.end() - sent < self.window_bytes(transfer.id),
            None => true,
        })
    }

    /// A receiver has taken all that is made of a transfer: does it wait for another one?
    fn note_wait(&mut self, id: TransferId, now: Now) {
        let Some(transfer) = self.transfers.find(id) else { return };
        if transfer.is_complete || transfer.pace.is_known() {
            return;
        }
        let (made_bytes, window_bytes) = (transfer.bytes.end(), self.window_bytes(id));
        let is_full = self.slowest_receiver(id).is_some_and(|sent| made_bytes - sent >= window_bytes);
        if let Some(transfer) = self.transfers.running.iter_mut().find(|transfer| transfer.id == id)
            && is_full
        {
            transfer.pace.first_waits(made_bytes, now.mono);
        }
    }

    /// The receivers that are too slow for others who share their snapshot, each with what is to be told of it.
    pub(super) fn find_too_slow(&self, now: Now) -> Vec<(ConnId, String)> {
        let mut found = Vec::new();
        for transfer in self.transfers.running.iter().filter(|transfer| !transfer.is_complete) {
            let made_bytes = transfer.bytes.end();
            let somebody_waits = self.sent_to_receivers(transfer.id).any(|sent| sent == made_bytes);
            if !somebody_waits || !transfer.pace.is_known() {
                continue;
            }
            let (window_bytes, pace) = (self.window_bytes(transfer.id), &transfer.pace);
            let took_ms = now.mono.since(pace.begun_at()).as_millis();
            let alone_ms = pace.time_alone(made_bytes).unwrap_or_default().as_millis();
            for (connection, side) in self.replica_sides() {
                let Phase::Streaming { transfer: id, sent, .. } = side.phase else { continue };
                if id == transfer.id && pace.leaves_behind(sent, made_bytes, window_bytes, now.mono) {
                    let why = format!(
                        "has taken {sent} bytes of its snapshot in {took_ms} ms, and holds up others that have taken {made_bytes} and would have in {alone_ms} ms"
                    );
                    found.push((connection.id, why));
                }
            }
        }
        found
    }

    /// The receivers of the slowest snapshot, if it goes at less than half of the pace of another one and has been under way for so long; with what is
    /// to be told of them.
    pub(super) fn find_slowest(&self, min_age: Duration, now: Now) -> Vec<(ConnId, String)> {
        let speed = |transfer: &Transfer| {
            let taken = self.sent_to_receivers(transfer.id).max().unwrap_or(0);
            let time_ms = now.mono.since(transfer.pace.begun_at()).as_millis().max(1);
            (u128::from(taken) * 1000 / time_ms, transfer.id)
        };
        let is_old = |transfer: &&Transfer| now.mono.since(transfer.pace.begun_at()) >= min_age;
        let speeds = || self.transfers.running.iter().filter(is_old).map(speed);
        let slowest = speeds().min_by_key(|(speed, _)| *speed);
        let fastest = speeds().max_by_key(|(speed, _)| *speed);
        let (Some((slow, id)), Some((fast, _))) = (slowest, fastest) else { return Vec::new() };
        if slow * 2 >= fast {
            return Vec::new();
        }
        let why = format!(
            "takes its snapshot at {slow} bytes per second while others wait for room and another one goes at {fast}"
        );
        let is_its = |side: &ReplicaSide| matches!(side.phase, Phase::Streaming { transfer, .. } if transfer == id);
        let receivers = self.replica_sides().filter(|(_, side)| is_its(side));
        receivers.map(|(connection, _)| (connection.id, why.clone())).collect()
    }

    /// Makes about `units` keys more of every transfer that its receivers can take.
    pub(super) fn work_on_transfers(&mut self, units: usize, now: Now, effects: &mut Effects) {
        let mut index = 0;
        while let Some(transfer) = self.transfers.running.get(index) {
            let (id, snapshot) = (transfer.id, transfer.snapshot);
            let window_bytes = self.window_bytes(id);
            let Some(sent) = self.slowest_receiver(id) else {
                if !transfer.is_complete {
                    self.marks.set(Mark::SnapshotWithoutReceivers);
                    effects.say(Level::Warning, || {
                        "Diskless rdb transfer, last replica dropped, killing fork child.".to_string()
                    });
                }
                if let Some(snapshot) = snapshot {
                    self.keyspace.end_snapshot(snapshot);
                }
                let begun_at = self.transfers.running.remove(index).pace.begun_at();
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
                && ahead < window_bytes
            {
                let before = self.keyspace.snapshot_buffered(snapshot);
                self.keyspace.advance_snapshot(snapshot, units, (window_bytes - ahead) as usize);
                let made = self.keyspace.snapshot_buffered(snapshot).saturating_sub(before) as u64;
                transfer.turn_bytes_max = transfer.turn_bytes_max.max(made);
                let (bytes, is_last) = self.keyspace.take_snapshot_output(snapshot);
                transfer.bytes.append(&bytes);
                if is_last {
                    transfer.bytes.append(&transfer.mark);
                    transfer.is_complete = true;
                    self.keyspace.end_snapshot(snapshot);
                    let receivers = self.sent_to_receivers(id).count();
                    // The words of Redis, which tools look for; there is no pipe, and no child at its other end.
                    effects.say(Level::Notice, || {
                        format!("Diskless rdb transfer, done reading from pipe, {receivers} replicas still up.")
                    });
                }
                self.announce_transfer(id, effects);
            }
            index += 1;
        }
    }

    /// [`Defect::OneDropAbortsAll`]: a receiver has taken a piece of this transfer, of which that makes the failures as many as the receivers.
    fn transfer_that_has_lost_all(&mut self, conn: ConnId) -> Option<TransferId> {
        let Phase::Streaming { transfer: id, .. } = self.connections.get(conn)?.replica()?.phase else { return None };
        let receivers = self.sent_to_receivers(id).count();
        let transfer = self.transfers.running.iter_mut().find(|transfer| transfer.id == id)?;
        transfer.has_lost_all(receivers).then_some(id)
    }

    fn drop_receivers(&mut self, id: TransferId, now: Now, effects: &mut Effects) {
        let is_its = |side: &ReplicaSide| matches!(side.phase, Phase::Streaming { transfer, .. } if transfer == id);
        let receivers = self.replica_sides().filter(|(_, side)| is_its(side)).map(|(connection, _)| connection.id);
        for conn in receivers.collect::<Vec<ConnId>>() {
            self.close(conn, now, effects);
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
        if self.has(Defect::OneDropAbortsAll)
            && let Some(transfer) = self.transfer_that_has_lost_all(conn)
        {
            return self.drop_receivers(transfer, now, effects);
        }
        let Some(connection) = self.connections.get_mut(conn) else { return };
        let wants_rdb_only = connection.intro.wants_rdb_only;
        let is_for_snapshot = connection.intro.is_for_snapshot();
        let Kind::Replica(side) = &mut connection.kind else { return };
        match &mut side.phase {
            Phase::Streaming { transfer, sent, then } => {
                *sent += count;
                side.heard_at = now.mono;
                let (id, sent) = (*transfer, *sent);
                if self.transfers.is_through(id, sent) {
                    let then = *then;
                    side.phase =
                        if is_for_snapshot { Phase::AwaitingMain { then } } else { Phase::AwaitingAck { then } };
                    if is_for_snapshot {
                        self.snapshot_is_sent(conn, now, effects);
                    } else if wants_rdb_only {
                        self.close(conn, now, effects);
                    } else if side.is_mute || self.has(Defect::EofMarkSplit) {
                        self.go_online(conn, now, effects);
                    }
                } else if !self.transfers.has_bytes(id, sent) {
                    self.note_wait(id, now);
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
            phase => phase.stream_sent().is_some_and(|sent| sent < self.stream_end()),
        }
    }
}
