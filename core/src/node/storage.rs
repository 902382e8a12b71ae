//! Files: the data set read at start, snapshots written while everything goes on, files sent to replicas.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::time::Duration;

use crate::config::Config;
use crate::keyspace::SnapshotId;
use crate::persistence::aof::Manifest;
use crate::port::{Action, ConnId, DiskOp, DiskOutcome, Effects, FileName, Mono, Now, Ticket};
use crate::replication::Position;

use super::Node;
use super::aof::{Aof, AofErrand, AofStats, Restore};
use super::file_transfer::FileId;
use super::incoming_file::IncomingId;
use super::load::Loading;

/// Bytes asked for in one read.
pub(super) const READ_BYTES: u32 = 256 * 1024;
/// Appends to one file that may be under way: more would fill memory if the disk is slower than the snapshot.
pub(super) const APPENDS_MAX: u32 = 4;
/// Bytes of one append.
pub(super) const APPEND_BYTES: usize = 256 * 1024;
/// Bytes of a snapshot or base after which it is synced on its way (`rdb-save-incremental-fsync`, `aof-rewrite-incremental-fsync`), as in Redis: one
/// sync of all of it would hold up everything behind it.
pub(super) const SYNC_BYTES: u64 = 4 << 20;

/// Why a snapshot is being written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To keep.
    Keep,
    /// To keep, and then end the process.
    KeepAndExit,
    /// To have what another data set is to replace.
    Archive,
}

/// Where writing a snapshot stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum SaveStage {
    /// `pending` appends and syncs are with the disk.
    Writing {
        snapshot: SnapshotId,
        pending: u32,
    },
    /// All of it is made, and some still with the disk.
    Flushing {
        pending: u32,
    },
    Syncing,
    Renaming,
    SyncingDirectory,
}

/// A snapshot on its way to a file.
#[derive(Clone, Debug)]
pub(super) struct Save {
    pub(super) purpose: Purpose,
    /// Where the node stood when it was begun.
    pub(super) position: Position,
    pub(super) stage: SaveStage,
    pub(super) temporary: FileName,
    /// The name that it gets when it is there.
    pub(super) file: FileName,
    pub(super) size: u64,
    /// Since the last sync on its way.
    pub(super) unsynced_bytes: u64,
    pub(super) dirty_before: u64,
    pub(super) begun_at: Mono,
    /// SAVE clients that wait for its end.
    pub(super) waiting: Vec<ConnId>,
}

/// What a disk operation is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Errand {
    Load,
    LoadSize,
    SavePiece,
    SaveStep,
    ReplicaRead(ConnId),
    Directory,
    ReadConfig,
    ReplaceConfig,
    SyncFileStep(FileId),
    IncomingStep(IncomingId),
    KeepIncoming,
    ListArchives,
    EvidenceStep,
    Aof(AofErrand),
    /// Nobody waits for it.
    Nothing,
}

/// The state of everything on disk.
#[derive(Clone, Debug, Default)]
pub(crate) struct Storage {
    pub(super) next_ticket: u64,
    pub(super) errands: BTreeMap<Ticket, Errand>,
    /// What was kept over a restart cannot be used.
    pub(super) cannot_start: bool,
    /// The first number that no file of a lost manifest has.
    pub(super) aof_number: i64,
    /// The append-only file that is being read at start.
    pub(super) restore: Option<Box<Restore>>,
    pub(crate) loading: Option<Box<Loading>>,
    pub(super) save: Option<Box<Save>>,
    /// A save was asked for while one was running.
    pub(super) is_save_scheduled: bool,
    /// Changes since the last save.
    pub(crate) dirty: u64,
    pub(crate) last_save_seconds: i64,
    pub(super) last_save_at: Mono,
    pub(super) last_try_at: Option<Mono>,
    has_last_save_failed: bool,
    /// The last snapshot for replicas in a file could not be written.
    has_last_sync_file_failed: bool,
    /// How long the last snapshot took, whomever it was for.
    pub(crate) last_snapshot_took: Option<Duration>,
    pub(crate) saves: u64,
    pub(crate) keys_loaded: u64,
    pub(crate) keys_expired_at_load: u64,
    pub(super) aof: Option<Box<Aof>>,
    /// What there is of append-only files while none is written.
    pub(super) aof_manifest: Manifest,
    pub(crate) aof_stats: AofStats,
}

impl Storage {
    /// True if the last snapshot could not be written.
    ///
    /// As in Redis, one in a file for replicas counts, too. Differs: when such a one succeeds it makes up for others of its kind only. It is
    /// neither synced nor renamed, and so does not prove that one to keep could be written.
    pub(crate) fn has_last_snapshot_failed(&self) -> bool {
        self.has_last_save_failed || self.has_last_sync_file_failed
    }

    /// True if writes must be refused because snapshots cannot be written.
    pub(super) fn refuses_writes(&self, config: &Config) -> bool {
        self.has_last_snapshot_failed() && config.stop_writes_on_bgsave_error && !config.save.is_empty()
    }

    /// True while a snapshot to keep is being written.
    pub(crate) fn is_saving(&self) -> bool {
        self.save.is_some()
    }

    /// A snapshot to keep was written, or could not be.
    pub(super) fn save_ended(&mut self, is_written: bool, took: Duration) {
        self.has_last_save_failed = !is_written;
        if is_written {
            self.has_last_sync_file_failed = false;
        }
        self.last_snapshot_took = Some(took);
    }

    /// A snapshot in a file for replicas was written, or could not be.
    pub(super) fn sync_file_ended(&mut self, is_written: bool, took: Duration) {
        self.has_last_sync_file_failed = !is_written;
        self.saves += u64::from(is_written);
        self.last_snapshot_took = Some(took);
    }

    fn save_in_progress(&self) -> Option<InProgress> {
        let save = self.save.as_ref()?;
        let snapshot = match save.stage {
            SaveStage::Writing { snapshot, .. } => Some(snapshot),
            _ => None,
        };
        Some(InProgress { snapshot, begun_at: save.begun_at })
    }
}

/// A snapshot that is being made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct InProgress {
    /// None if all of it is made.
    pub(crate) snapshot: Option<SnapshotId>,
    pub(crate) begun_at: Mono,
}

impl Node {
    /// The snapshot that INFO tells of: one to keep if there is one, or else one for replicas.
    pub(crate) fn snapshot_in_progress(&self) -> Option<InProgress> {
        let save = self.storage.save_in_progress();
        save.or_else(|| self.sync_files.in_progress()).or_else(|| self.transfers.in_progress())
    }

    pub(super) fn disk(&mut self, errand: Errand, op: DiskOp, effects: &mut Effects) {
        self.storage.next_ticket += 1;
        let ticket = Ticket(self.storage.next_ticket);
        self.storage.errands.insert(ticket, errand);
        effects.push(Action::Disk { ticket, op });
    }

    pub(super) fn on_disk(&mut self, ticket: Ticket, outcome: DiskOutcome, now: Now, effects: &mut Effects) {
        match self.storage.errands.remove(&ticket) {
            Some(Errand::Load) => self.on_load_read(outcome, now, effects),
            Some(Errand::LoadSize) => self.on_load_size(outcome),
            Some(Errand::SavePiece) => self.on_piece_done(outcome, now, effects),
            Some(Errand::SaveStep) => self.on_save_step(outcome, now, effects),
            Some(Errand::SyncFileStep(id)) => self.on_file_step(id, outcome, now, effects),
            Some(Errand::IncomingStep(id)) => self.on_incoming_step(id, outcome, now, effects),
            Some(Errand::ListArchives) => self.on_archives_listed(outcome, effects),
            Some(Errand::EvidenceStep) => self.on_evidence_step(outcome, effects),
            Some(Errand::KeepIncoming) => self.on_incoming_kept(outcome, effects),
            Some(Errand::Aof(errand)) => self.on_aof_disk(errand, outcome, now, effects),
            Some(Errand::ReplicaRead(conn)) => self.on_replica_read(conn, outcome, now, effects),
            Some(Errand::Directory) => self.on_directory_entered(outcome, now, effects),
            Some(Errand::ReadConfig) => self.on_config_read(outcome, effects),
            Some(Errand::ReplaceConfig) => self.on_config_replaced(outcome, effects),
            Some(Errand::Nothing) | None => {}
        }
    }
}
