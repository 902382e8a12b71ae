//! Snapshots written to files while everything goes on.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;

use crate::command::CommandError;
use crate::command::reply_error as reply;
use crate::marks::Mark;
use crate::museum::Defect;
use crate::port::{ConnId, DiskFailure, DiskOp, DiskOutcome, Effects, FileName, Level, Now};

use super::Node;
use super::audit::Deed;
use super::blocked::WaitsFor;
use super::storage::{APPEND_BYTES, APPENDS_MAX, Errand, Purpose, SYNC_BYTES, Save, SaveStage};

/// After a failed automatic save the next one is tried no sooner, as in Redis.
const RETRY_AFTER: Duration = Duration::from_secs(5);

impl Node {
    /// BGSAVE.
    pub(super) fn bgsave(
        &mut self,
        may_schedule: bool,
        now: Now,
        effects: &mut Effects,
    ) -> Result<&'static str, CommandError> {
        if self.storage.save.is_some() {
            if !may_schedule {
                return Err(reply::SAVE_IN_PROGRESS);
            }
            self.storage.is_save_scheduled = true;
            return Ok("Background saving scheduled");
        }
        self.begin_save(Purpose::Keep, now, effects);
        Ok("Background saving started")
    }

    /// SAVE: answered when the file is there. Nobody else waits.
    pub(super) fn save(&mut self, conn: ConnId, now: Now, effects: &mut Effects) -> Result<(), CommandError> {
        if self.storage.save.is_some() {
            return Err(reply::SAVE_IN_PROGRESS);
        }
        self.begin_save(Purpose::Keep, now, effects);
        if let Some(save) = &mut self.storage.save {
            save.waiting.push(conn);
            self.park(conn, WaitsFor::Snapshot, None, now);
        }
        Ok(())
    }

    /// Writes a last snapshot and ends.
    pub(super) fn save_and_exit(&mut self, now: Now, effects: &mut Effects) {
        match &mut self.storage.save {
            Some(save) if save.purpose == Purpose::Keep && self.storage.dirty == 0 => {
                save.purpose = Purpose::KeepAndExit
            }
            Some(save) => {
                let is_archive = save.purpose == Purpose::Archive;
                self.abandon_save(effects);
                if is_archive {
                    self.archive_failed(&"the server is to end", now, effects);
                }
                self.begin_save(Purpose::KeepAndExit, now, effects);
            }
            None => self.begin_save(Purpose::KeepAndExit, now, effects),
        }
    }

    /// Writes what we have to a file of its own. A snapshot that is being written is given up: it would be of what is to go.
    pub(super) fn begin_archive(&mut self, file: FileName, now: Now, effects: &mut Effects) {
        self.abandon_save(effects);
        self.begin_save_to(file, Purpose::Archive, now, effects);
    }

    /// True while what we have is being written to the archive.
    pub(crate) fn is_archiving(&self) -> bool {
        self.storage.save.as_ref().is_some_and(|save| save.purpose == Purpose::Archive)
    }

    fn begin_save(&mut self, purpose: Purpose, now: Now, effects: &mut Effects) {
        self.begin_save_to(self.config.dbfilename.clone(), purpose, now, effects);
    }

    fn begin_save_to(&mut self, file: FileName, purpose: Purpose, now: Now, effects: &mut Effects) {
        let position = self.history.position();
        let (header, rules) = self.snapshot_header(position, now);
        let snapshot = self.keyspace.begin_snapshot(header, rules);
        let temporary = format!("temp-{}.rdb", self.environment.process_id);
        self.disk(Errand::SaveStep, DiskOp::Create { file: temporary.clone() }, effects);
        self.storage.last_try_at = Some(now.mono);
        self.storage.save = Some(Box::new(Save {
            purpose,
            position,
            stage: SaveStage::Writing { snapshot, pending: 0 },
            temporary,
            file,
            size: 0,
            unsynced_bytes: 0,
            dirty_before: self.storage.dirty,
            begun_at: now.mono,
            waiting: Vec::new(),
        }));
        effects.say(Level::Notice, || "Background saving started".to_string());
    }

    pub(super) fn save_can_advance(&self) -> bool {
        self.storage.save.as_ref().is_some_and(|save| match save.stage {
            SaveStage::Writing { pending, .. } => pending < APPENDS_MAX,
            _ => false,
        })
    }

    pub(super) fn work_on_save(&mut self, units: usize, effects: &mut Effects) {
        if !self.save_can_advance() {
            return;
        }
        let Some(save) = &mut self.storage.save else { return };
        let SaveStage::Writing { snapshot, pending } = save.stage else { return };
        let Some((bytes, is_last)) = self.keyspace.next_snapshot_piece(snapshot, units, APPEND_BYTES) else { return };
        save.size += bytes.len() as u64;
        save.unsynced_bytes += bytes.len() as u64;
        let syncs = save.unsynced_bytes >= SYNC_BYTES && self.config.rdb_save_incremental_fsync && !is_last;
        if syncs {
            save.unsynced_bytes = 0;
        }
        let pending = pending + 1 + u32::from(syncs);
        save.stage = if is_last { SaveStage::Flushing { pending } } else { SaveStage::Writing { snapshot, pending } };
        let file = save.temporary.clone();
        self.disk(Errand::SavePiece, DiskOp::Append { file: file.clone(), bytes }, effects);
        if syncs {
            self.disk(Errand::SavePiece, DiskOp::Sync { file }, effects);
        }
    }

    pub(super) fn on_piece_done(&mut self, outcome: DiskOutcome, now: Now, effects: &mut Effects) {
        if let DiskOutcome::Failed(failure) = outcome {
            return self.save_failed(&failure, now, effects);
        }
        let is_synced_never = self.has(Defect::SnapshotNotSynced);
        let Some(save) = &mut self.storage.save else { return };
        match &mut save.stage {
            SaveStage::Writing { pending, .. } => *pending = pending.saturating_sub(1),
            SaveStage::Flushing { pending } => {
                *pending = pending.saturating_sub(1);
                if *pending == 0 {
                    save.stage = SaveStage::Syncing;
                    if is_synced_never {
                        return self.on_save_step(DiskOutcome::Done, now, effects);
                    }
                    let file = save.temporary.clone();
                    self.disk(Errand::SaveStep, DiskOp::Sync { file }, effects);
                }
            }
            _ => {}
        }
    }

    pub(super) fn on_save_step(&mut self, outcome: DiskOutcome, now: Now, effects: &mut Effects) {
        if let DiskOutcome::Failed(failure) = outcome {
            return self.save_failed(&failure, now, effects);
        }
        let Some(save) = &mut self.storage.save else { return };
        match save.stage {
            // The file was created.
            SaveStage::Writing { .. } | SaveStage::Flushing { .. } => {}
            SaveStage::Syncing => {
                save.stage = SaveStage::Renaming;
                let (from, to) = (save.temporary.clone(), save.file.clone());
                self.disk(Errand::SaveStep, DiskOp::Rename { from, to }, effects);
            }
            SaveStage::Renaming => {
                save.stage = SaveStage::SyncingDirectory;
                if self.has(Defect::RenameWithoutDirectorySync) {
                    return self.save_succeeded(now, effects);
                }
                self.disk(Errand::SaveStep, DiskOp::SyncDirectory { directory: String::new() }, effects);
            }
            SaveStage::SyncingDirectory => self.save_succeeded(now, effects),
        }
    }

    fn save_succeeded(&mut self, now: Now, effects: &mut Effects) {
        let Some(save) = self.storage.save.take() else { return };
        if save.purpose == Purpose::Archive {
            return self.archive_is_written(save.file, now, effects);
        }
        self.storage.dirty = self.storage.dirty.saturating_sub(save.dirty_before);
        self.storage.last_save_seconds = now.wall.seconds();
        self.storage.last_save_at = now.mono;
        self.storage.saves += 1;
        self.storage.save_ended(true, now.mono.since(save.begun_at));
        self.admission.disk_is_well();
        let millis = now.mono.since(save.begun_at).as_millis();
        effects.say(Level::Notice, || format!("DB saved on disk ({} bytes in {millis} ms)", save.size));
        self.answer_savers(&save.waiting, None);
        self.audit_deed(|_| Deed::Saved { position: save.position });
        match save.purpose {
            Purpose::Keep | Purpose::Archive => {}
            Purpose::KeepAndExit => return self.exit(effects),
        }
        self.after_save(now, effects);
    }

    fn save_failed(&mut self, failure: &DiskFailure, now: Now, effects: &mut Effects) {
        let Some(save) = self.storage.save.take() else { return };
        if let SaveStage::Writing { snapshot, .. } = save.stage {
            self.keyspace.end_snapshot(snapshot);
        }
        self.mark(Mark::SaveFailed);
        if save.purpose == Purpose::Archive {
            self.disk(Errand::Nothing, DiskOp::Remove { file: save.temporary }, effects);
            return self.archive_failed(failure, now, effects);
        }
        self.storage.save_ended(false, now.mono.since(save.begun_at));
        effects.say(Level::Warning, || format!("Write error saving DB on disk: {failure}"));
        self.disk(Errand::Nothing, DiskOp::Remove { file: save.temporary.clone() }, effects);
        self.answer_savers(&save.waiting, Some("ERR"));
        match save.purpose {
            Purpose::Keep | Purpose::Archive => {}
            Purpose::KeepAndExit => self.shutdown_save_failed(now, effects),
        }
        self.after_save(now, effects);
    }

    fn answer_savers(&mut self, waiting: &[ConnId], error: Option<&str>) {
        for &conn in waiting {
            self.release(conn, |reply| match error {
                None => reply.ok(),
                Some(error) => reply.error(error),
            });
        }
    }

    /// What waited for the disk to be free.
    fn after_save(&mut self, now: Now, effects: &mut Effects) {
        if core::mem::take(&mut self.storage.is_save_scheduled) && self.storage.save.is_none() {
            self.begin_save(Purpose::Keep, now, effects);
        }
    }

    /// Gives up a snapshot to keep, if one is being written: who waits for it is told that it failed.
    pub(super) fn abandon_save(&mut self, effects: &mut Effects) {
        let Some(save) = self.storage.save.take() else { return };
        if let SaveStage::Writing { snapshot, .. } = save.stage {
            self.keyspace.end_snapshot(snapshot);
        }
        self.storage.errands.retain(|_, errand| !matches!(errand, Errand::SavePiece | Errand::SaveStep));
        self.disk(Errand::Nothing, DiskOp::Remove { file: save.temporary.clone() }, effects);
        self.answer_savers(&save.waiting, Some("ERR"));
        if self.has(Defect::CancelledSaveIsFailure) {
            self.storage.save_ended(false, Duration::ZERO);
        }
    }

    /// Once a second: a save point may have been reached.
    ///
    /// Differs: while writes are refused because of a snapshot that failed, one is tried again even if no save point is reached. In Redis they stay
    /// refused until somebody asks for a snapshot, since there are no changes any more that could lead to one; nor can a replica ask for one, whose
    /// PING is refused, too.
    pub(super) fn check_save_points(&mut self, now: Now, effects: &mut Effects) {
        if self.storage.save.is_some() || self.is_loading() {
            return;
        }
        let has_failed = self.storage.has_last_snapshot_failed();
        let may_try = !has_failed || self.storage.last_try_at.is_none_or(|tried| now.mono.since(tried) > RETRY_AFTER);
        if !may_try {
            return;
        }
        let (dirty, since) = (self.storage.dirty, now.mono.since(self.storage.last_save_at));
        let is_reached = |point: &&crate::config::SavePoint| {
            dirty >= u64::from(point.changes) && since > Duration::from_secs(u64::from(point.seconds))
        };
        let text = match self.config.save.iter().find(is_reached) {
            Some(point) => format!("{} changes in {} seconds. Saving...", point.changes, point.seconds),
            None if self.storage.refuses_writes(&self.config) => {
                "Writes are refused since the last snapshot could not be written. Saving...".to_string()
            }
            None => return,
        };
        effects.say(Level::Notice, || text);
        self.begin_save(Purpose::Keep, now, effects);
    }
}
