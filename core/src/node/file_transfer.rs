//! Snapshots for replicas by way of a file: for those that must be told a length first, and all with `repl-diskless-sync no`.
//!
//! Each has a file of its own, which goes when its last receiver is through. Since the file keeps all of the snapshot and the log all that
//! came after it, a replica that comes late joins one that is under way as long as the log reaches back to its beginning.
//!
//! Differs: in Redis that file is the one of SAVE, and one of them at a time; here neither waits for the other, and what a replica is being
//! sent is never replaced under it.

use alloc::format;
use alloc::string::ToString;
use alloc::vec::Vec;

use crate::command::reply_error as reply;
use crate::keyspace::SnapshotId;
use crate::marks::Mark;
use crate::museum::Defect;
use crate::port::{ConnId, DiskFailure, DiskOp, DiskOutcome, Effects, FileName, Level, Mono, Now};
use crate::replication::Position;

use super::Node;
use super::replica::Phase;
use super::storage::{APPEND_BYTES, APPENDS_MAX, Errand, InProgress};

/// Bytes of a file that one replica is sent at a time. A hundred that are sent one at once must not take much; a read takes little time beside it.
const PIECE_BYTES: u32 = 64 * 1024;

/// Names a snapshot in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileId(u32);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Being made.
    Writing,
    /// Made, and not yet all in the file.
    Flushing,
    /// Ready to be read.
    Complete,
}

/// A snapshot in a file.
#[derive(Clone, Debug)]
struct SyncFile {
    id: FileId,
    name: FileName,
    position: Position,
    snapshot: SnapshotId,
    stage: Stage,
    begun_at: Mono,
    /// Operations under way: its creation, appends.
    steps: u32,
    /// Bytes in all.
    size: u64,
}

/// All snapshots in files for replicas.
#[derive(Clone, Debug, Default)]
pub(crate) struct SyncFiles {
    files: Vec<SyncFile>,
    next_id: u32,
}

impl SyncFiles {
    fn find(&mut self, id: FileId) -> Option<&mut SyncFile> {
        self.files.iter_mut().find(|file| file.id == id)
    }

    /// How many were begun in this life.
    pub(super) fn begun(&self) -> u32 {
        self.next_id
    }

    /// The snapshot that a file holds.
    pub(super) fn snapshot(&self, id: FileId) -> Option<SnapshotId> {
        self.files.iter().find(|file| file.id == id).map(|file| file.snapshot)
    }

    /// One that is not all in its file yet.
    pub(super) fn in_progress(&self) -> Option<InProgress> {
        let file = self.files.iter().find(|file| file.stage != Stage::Complete)?;
        Some(InProgress { snapshot: Some(file.snapshot), begun_at: file.begun_at })
    }
}

impl Node {
    /// Gives replicas a snapshot in a file: one that is there if it will do, or a new one.
    pub(super) fn send_by_file(&mut self, receivers: &[ConnId], now: Now, effects: &mut Effects) {
        let file = match self.file_to_join() {
            Some(file) => {
                self.mark_joined(file);
                file
            }
            None => self.begin_file(now, effects),
        };
        for &conn in receivers {
            let Some((id, position)) = self.sync_files.find(file).map(|file| (file.id, file.position)) else { return };
            let told = if self.has(Defect::FullresyncOffsetTooLate) { self.history.position() } else { position };
            self.announce_full_sync(conn, told);
            let joins_late = self.has(Defect::AttachWithoutBufferCopy);
            let then = if joins_late { self.history.offset() } else { position.offset };
            self.set_phase(conn, Phase::AwaitingFile { file: id, then });
            self.after_requests(conn, now, effects);
            if self.sync_files.find(id).is_some_and(|file| file.stage == Stage::Complete) {
                self.send_file(conn, id, now, effects);
            }
        }
    }

    fn mark_joined(&mut self, file: FileId) {
        match self.sync_files.find(file).map(|file| file.stage) {
            Some(Stage::Complete) => self.mark(Mark::SnapshotJoinedComplete),
            _ => self.mark(Mark::SnapshotJoined),
        }
    }

    /// A snapshot that is under way and from whose beginning the stream can still be sent.
    pub(super) fn file_to_join(&self) -> Option<FileId> {
        let log = self.history.log.as_ref()?;
        let is_of_use = |file: &&SyncFile| file.position.history == self.history.id && log.holds(file.position.offset);
        self.sync_files.files.iter().rev().find(is_of_use).map(|file| file.id)
    }

    fn begin_file(&mut self, now: Now, effects: &mut Effects) -> FileId {
        self.mark(Mark::SnapshotToFile);
        if !self.sync_files.files.is_empty() {
            self.mark(Mark::SnapshotNotJoined);
        }
        let position = self.begin_stream_for_replicas();
        let (header, rules) = self.snapshot_header(position, now);
        self.sync_files.next_id = self.sync_files.next_id.wrapping_add(1);
        let id = FileId(self.sync_files.next_id);
        let name = format!("temp-sync-{}-{}.rdb", self.environment.process_id, id.0);
        let snapshot = self.keyspace.begin_snapshot(header, rules);
        self.disk(Errand::SyncFileStep(id), DiskOp::Create { file: name.clone() }, effects);
        effects.say(Level::Notice, || "Starting BGSAVE for SYNC with target: disk".to_string());
        self.storage.last_try_at = Some(now.mono);
        let stage = Stage::Writing;
        let file = SyncFile { id, name, position, snapshot, stage, begun_at: now.mono, steps: 1, size: 0 };
        self.sync_files.files.push(file);
        id
    }

    /// True if some file could be written on now, or is to be removed.
    pub(super) fn files_can_advance(&self) -> bool {
        self.sync_files.files.iter().any(|file| {
            let is_writable = file.stage == Stage::Writing && file.steps < APPENDS_MAX;
            is_writable || !self.has_receivers(file.id)
        })
    }

    fn has_receivers(&self, id: FileId) -> bool {
        self.replica_sides().any(|(_, side)| side.phase.file() == Some(id))
    }

    /// Makes about `units` keys more of every file, and removes those that nobody receives any more.
    pub(super) fn work_on_files(&mut self, units: usize, now: Now, effects: &mut Effects) {
        let ids: Vec<FileId> = self.sync_files.files.iter().map(|file| file.id).collect();
        for id in ids {
            if !self.has_receivers(id) {
                self.remove_file(id, effects);
                self.schedule_transfer(now, effects);
                continue;
            }
            let Some(file) = self.sync_files.find(id) else { continue };
            if file.stage != Stage::Writing || file.steps >= APPENDS_MAX {
                continue;
            }
            let piece = self.keyspace.next_snapshot_piece(file.snapshot, units, APPEND_BYTES);
            let Some((bytes, is_last)) = piece else { continue };
            file.size += bytes.len() as u64;
            file.steps += 1;
            let name = file.name.clone();
            if is_last {
                file.stage = Stage::Flushing;
            }
            self.disk(Errand::SyncFileStep(id), DiskOp::Append { file: name, bytes }, effects);
        }
    }

    fn remove_file(&mut self, id: FileId, effects: &mut Effects) {
        let Some(index) = self.sync_files.files.iter().position(|file| file.id == id) else { return };
        let file = self.sync_files.files.swap_remove(index);
        self.keyspace.end_snapshot(file.snapshot);
        self.disk(Errand::Nothing, DiskOp::Remove { file: file.name }, effects);
    }

    /// The file was created, or a part was appended.
    pub(super) fn on_file_step(&mut self, id: FileId, outcome: DiskOutcome, now: Now, effects: &mut Effects) {
        if let DiskOutcome::Failed(failure) = outcome {
            return self.file_failed(id, &failure, now, effects);
        }
        let Some(file) = self.sync_files.find(id) else { return };
        file.steps = file.steps.saturating_sub(1);
        if file.stage == Stage::Flushing && file.steps == 0 {
            file.stage = Stage::Complete;
            let took = now.mono.since(file.begun_at);
            self.storage.sync_file_ended(true, took);
            self.admission.disk_is_well();
            for conn in self.receivers(id) {
                self.send_file(conn, id, now, effects);
            }
        }
    }

    fn receivers(&self, id: FileId) -> Vec<ConnId> {
        let receivers = self.replica_sides().filter(|(_, side)| side.phase.file() == Some(id));
        receivers.map(|(connection, _)| connection.id).collect()
    }

    fn file_failed(&mut self, id: FileId, failure: &DiskFailure, now: Now, effects: &mut Effects) {
        // The last word of several steps that failed together.
        let Some(begun_at) = self.sync_files.find(id).map(|file| file.begun_at) else { return };
        self.mark(Mark::SnapshotFileFailed);
        self.storage.sync_file_ended(false, now.mono.since(begun_at));
        let wait = self.restrain_files(now).as_millis();
        effects.say(Level::Warning, || format!(
            "Write error saving DB on disk for replicas: {failure}. The next one is begun no sooner than in {wait} ms. It goes to the directory that 'dir' names; 'repl-diskless-sync yes' does without a file"
        ));
        for conn in self.receivers(id) {
            self.refuse_connection(conn, reply::SYNC_SNAPSHOT_FAILED.text(), now, effects);
        }
        self.remove_file(id, effects);
    }

    fn send_file(&mut self, conn: ConnId, id: FileId, now: Now, effects: &mut Effects) {
        let Some(size) = self.sync_files.find(id).map(|file| file.size) else { return };
        let Some(connection) = self.connections.get_mut(conn) else { return };
        let Some(side) = connection.replica_mut() else { return };
        let Phase::AwaitingFile { file, then } = side.phase else { return };
        side.phase = Phase::SendingFile { file, read: 0, size, then };
        side.heard_at = now.mono;
        let mut digits = itoa::Buffer::new();
        let tail = connection.output.tail();
        tail.push(b'$');
        tail.extend_from_slice(digits.format(size).as_bytes());
        tail.extend_from_slice(b"\r\n");
        connection.announce(effects);
        self.read_for_replica(conn, file, 0, effects);
    }

    fn read_for_replica(&mut self, conn: ConnId, id: FileId, offset: u64, effects: &mut Effects) {
        let Some(file) = self.sync_files.find(id).map(|file| file.name.clone()) else { return };
        self.disk(Errand::ReplicaRead(conn), DiskOp::Read { file, offset, len: PIECE_BYTES }, effects);
    }

    /// A replica took bytes: once its queue is empty the next piece is read, or it is through.
    pub(super) fn read_on_for_replica(&mut self, conn: ConnId, now: Now, effects: &mut Effects) {
        let is_being_read = self.storage.errands.values().any(|errand| *errand == Errand::ReplicaRead(conn));
        let Some(connection) = self.connections.get_mut(conn) else { return };
        let is_drained = connection.output.is_empty();
        let wants_rdb_only = connection.intro.wants_rdb_only;
        let Some(side) = connection.replica_mut() else { return };
        let Phase::SendingFile { file, read, size, .. } = side.phase else { return };
        if !is_drained || is_being_read {
            return;
        }
        if read < size {
            self.read_for_replica(conn, file, read, effects);
        } else if wants_rdb_only {
            self.close(conn, now, effects);
        } else {
            self.go_online(conn, now, effects);
        }
    }

    pub(super) fn on_replica_read(&mut self, conn: ConnId, outcome: DiskOutcome, now: Now, effects: &mut Effects) {
        let Some(connection) = self.connections.get_mut(conn) else { return };
        let Some(Phase::SendingFile { read, size, .. }) = connection.replica_mut().map(|side| &mut side.phase) else {
            return;
        };
        match outcome {
            DiskOutcome::Bytes(bytes) if !bytes.is_empty() && *read + bytes.len() as u64 <= *size => {
                *read += bytes.len() as u64;
                connection.output.push_shared(bytes);
                connection.announce(effects);
            }
            _ => {
                effects.say(Level::Warning, || {
                    format!("The file for replica {} cannot be read any more", self.replica_name(conn))
                });
                self.close(conn, now, effects);
            }
        }
    }
}
