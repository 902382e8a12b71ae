//! Files: the data set read at start, snapshots written while everything goes on, files sent to replicas.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::ToString;
use alloc::vec::Vec;
use core::time::Duration;

use bytes::Bytes;

use crate::command::CommandError;
use crate::command::reply_error as reply;
use crate::config::Config;
use crate::keyspace::SnapshotId;
use crate::persistence::{LoadRules, Loaded, Loader, Progress};
use crate::port::{
    Action, ConnId, DiskFailure, DiskOp, DiskOutcome, Effects, ExitCode, FileName, Level, Mono, Note, Now, Ticket,
};
use crate::replication::Position;
use crate::value::hash::HashLimits;
use crate::value::rdb::BuildRules;

use super::Node;
use super::connection::Connection;
use super::replica::Phase;
use super::timers::Timer;

/// Bytes asked for in one read.
const READ_BYTES: u32 = 256 * 1024;
/// Appends that may be under way: more would fill memory if the disk is slower than the snapshot.
const APPENDS_MAX: u32 = 4;
/// Bytes of one append.
const APPEND_BYTES: usize = 256 * 1024;
/// After a failed automatic save the next one is tried no sooner, as in Redis.
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// Why a snapshot is being written.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Purpose {
    /// To keep.
    Keep,
    /// To keep, and then end the process.
    KeepAndExit,
    /// To send to replicas that cannot be told its end by a mark.
    Replicas(Vec<ConnId>),
}

/// Where writing a snapshot stands.
#[derive(Clone, Debug, PartialEq, Eq)]
enum SaveStage {
    Writing { snapshot: SnapshotId, appends: u32 },
    Flushing { appends: u32 },
    Syncing,
    Renaming,
    SyncingDirectory,
}

/// A snapshot on its way to a file.
#[derive(Clone, Debug)]
struct Save {
    purpose: Purpose,
    stage: SaveStage,
    temporary: FileName,
    size: u64,
    dirty_before: u64,
    begun_at: Mono,
    /// SAVE clients that wait for its end.
    waiting: Vec<ConnId>,
}

/// What a disk operation is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Errand {
    Load,
    SaveAppend,
    SaveStep,
    ReplicaRead(ConnId),
    /// Nobody waits for it.
    Nothing,
}

/// The state of everything on disk.
#[derive(Clone, Default)]
pub(crate) struct Storage {
    next_ticket: u64,
    errands: BTreeMap<Ticket, Errand>,
    loading: Option<(Box<Loader>, u64)>,
    save: Option<Box<Save>>,
    /// A save was asked for while one was running.
    is_save_scheduled: bool,
    /// Changes since the last save.
    pub(crate) dirty: u64,
    pub(crate) last_save_seconds: i64,
    last_save_at: Mono,
    last_try_at: Option<Mono>,
    pub(crate) has_last_save_failed: bool,
    pub(crate) saves: u64,
    pub(crate) keys_loaded: u64,
    pub(crate) keys_expired_at_load: u64,
}

impl Storage {
    /// True if writes must be refused because snapshots cannot be written.
    pub(super) fn refuses_writes(&self, config: &Config) -> bool {
        self.has_last_save_failed && config.stop_writes_on_bgsave_error && !config.save.is_empty()
    }

    /// True while a snapshot to keep is being written.
    pub(crate) fn is_saving(&self) -> bool {
        self.save.is_some()
    }

    /// The snapshot that is being written, if one still is, and how long ago its file was begun.
    pub(crate) fn save_progress(&self, now: Mono) -> Option<(Option<SnapshotId>, Duration)> {
        let save = self.save.as_ref()?;
        let snapshot = match save.stage {
            SaveStage::Writing { snapshot, .. } => Some(snapshot),
            _ => None,
        };
        Some((snapshot, now.since(save.begun_at)))
    }

    /// Bytes read of the file that is being loaded.
    pub(crate) fn loaded_bytes(&self) -> u64 {
        self.loading.as_ref().map_or(0, |(loader, _)| loader.consumed())
    }
}

impl Node {
    fn disk(&mut self, errand: Errand, op: DiskOp, effects: &mut Effects) {
        self.storage.next_ticket += 1;
        let ticket = Ticket(self.storage.next_ticket);
        self.storage.errands.insert(ticket, errand);
        effects.push(Action::Disk { ticket, op });
    }

    pub(super) fn on_disk(&mut self, ticket: Ticket, outcome: DiskOutcome, now: Now, effects: &mut Effects) {
        match self.storage.errands.remove(&ticket) {
            Some(Errand::Load) => self.on_load_read(outcome, now, effects),
            Some(Errand::SaveAppend) => self.on_append_done(outcome, now, effects),
            Some(Errand::SaveStep) => self.on_save_step(outcome, now, effects),
            Some(Errand::ReplicaRead(conn)) => self.on_replica_read(conn, outcome, now, effects),
            Some(Errand::Nothing) | None => {}
        }
    }

    // Loading at start.

    pub(crate) fn is_loading(&self) -> bool {
        self.storage.loading.is_some()
    }

    pub(super) fn load_rules(&self, drop_expired_before_ms: Option<i64>, now: Now) -> LoadRules {
        let hash = HashLimits {
            listpack_entries_max: self.config.hash_max_listpack_entries as usize,
            listpack_value_bytes_max: self.config.hash_max_listpack_value as usize,
        };
        LoadRules {
            build: BuildRules { hash, order: self.keyspace.order() },
            drop_expired_before_ms,
            verify_checksum: self.config.rdbchecksum,
            clock: (now.wall.0 / 1_000_000) as u32,
        }
    }

    /// Begins to read the data set.
    pub(super) fn begin_loading(&mut self, now: Now, effects: &mut Effects) {
        self.storage.last_save_seconds = now.wall.seconds();
        self.storage.last_save_at = now.mono;
        let is_master = self.config.replicaof.is_none();
        let rules = self.load_rules(is_master.then_some(now.wall.millis()), now);
        let loader = Loader::new(self.keyspace.empty_twin(), rules);
        self.storage.loading = Some((Box::new(loader), 0));
        self.read_on_loading(0, effects);
    }

    fn read_on_loading(&mut self, offset: u64, effects: &mut Effects) {
        let file = self.config.dbfilename.clone();
        self.disk(Errand::Load, DiskOp::Read { file, offset, len: READ_BYTES }, effects);
    }

    fn on_load_read(&mut self, outcome: DiskOutcome, now: Now, effects: &mut Effects) {
        let Some((loader, read)) = &mut self.storage.loading else { return };
        match outcome {
            DiskOutcome::Bytes(bytes) if !bytes.is_empty() => {
                *read += bytes.len() as u64;
                let offset = *read;
                match loader.feed(&bytes) {
                    Ok(Progress::More) => self.read_on_loading(offset, effects),
                    Ok(Progress::Complete { .. }) => self.end_loading(now, effects),
                    Err(error) => self.loading_failed(&error.to_string(), effects),
                }
            }
            DiskOutcome::Failed(DiskFailure::NotFound) => {
                self.storage.loading = None;
                self.is_ready(now, effects);
            }
            DiskOutcome::Failed(failure) => self.loading_failed(&failure.to_string(), effects),
            _ => self.end_loading(now, effects),
        }
    }

    fn end_loading(&mut self, now: Now, effects: &mut Effects) {
        let Some((loader, _)) = self.storage.loading.take() else { return };
        match loader.finish() {
            Ok(loaded) => self.adopt_file(loaded, now, effects),
            Err(error) => self.loading_failed(&error.to_string(), effects),
        }
    }

    /// The file's data are ours. Its position is a place in a history that others may know.
    fn adopt_file(&mut self, loaded: Loaded, now: Now, effects: &mut Effects) {
        let text = format!("Done loading RDB, keys loaded: {}, keys expired: {}.", loaded.keys, loaded.expired.len());
        effects.note(Note::Text { level: Level::Notice, text });
        self.storage.keys_loaded = loaded.keys;
        self.storage.keys_expired_at_load = loaded.expired.len() as u64;
        self.keyspace.adopt(loaded.keyspace);
        if let Some(position) = loaded.facts.position {
            let stream_database = loaded.facts.stream_database.unwrap_or(0);
            self.resume_history(position, stream_database, &loaded.expired);
        }
        self.audit_data_replaced();
        self.is_ready(now, effects);
    }

    /// Takes up a history at the position of a file. A replica may go on with it; a master begins one of its own there,
    /// since what it had written after the file was made may live on elsewhere under the old name.
    fn resume_history(&mut self, position: Position, stream_database: u32, expired: &[(u32, Vec<u8>)]) {
        if position.offset == 0 {
            return;
        }
        let own = self.history.id;
        self.history.restart_at(position, self.config.repl_backlog_size);
        if self.config.replicaof.is_some() {
            if let Some(log) = &mut self.history.log {
                log.set_database(Some(stream_database));
            }
            return;
        }
        self.history.fork(own);
        if let Some(log) = &mut self.history.log {
            for (database, key) in expired {
                log.select(*database);
                log.append_command([b"DEL".as_slice(), key]);
            }
        }
    }

    fn loading_failed(&mut self, why: &str, effects: &mut Effects) {
        self.storage.loading = None;
        let file = &self.config.dbfilename;
        let text =
            format!("Fatal error loading the DB '{file}': {why}. Move the file away to start without it. Exiting.");
        effects.note(Note::Text { level: Level::Warning, text });
        effects.push(Action::Exit(ExitCode::Failed));
    }

    // Saving.

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
        if let (Some(save), Some(connection)) = (&mut self.storage.save, self.connections.get_mut(conn)) {
            save.waiting.push(conn);
            connection.is_blocked = true;
        }
        Ok(())
    }

    /// Writes a last snapshot and ends.
    pub(super) fn save_and_exit(&mut self, now: Now, effects: &mut Effects) {
        match &mut self.storage.save {
            Some(save) if save.purpose == Purpose::Keep && self.storage.dirty == 0 => {
                save.purpose = Purpose::KeepAndExit
            }
            Some(_) => {
                self.abandon_save(effects);
                self.begin_save(Purpose::KeepAndExit, now, effects);
            }
            None => self.begin_save(Purpose::KeepAndExit, now, effects),
        }
    }

    /// Writes a file for replicas that need to be told its length first.
    pub(super) fn begin_file_for_replicas(&mut self, receivers: &[ConnId], now: Now, effects: &mut Effects) {
        if self.storage.save.is_some() {
            // They go on waiting; the end of the one that runs begins theirs.
            return;
        }
        let position = self.begin_stream_for_replicas();
        for &conn in receivers {
            self.announce_full_sync(conn, position);
            self.after_requests(conn, effects);
            self.set_phase(conn, Phase::AwaitingFile { then: position.offset });
        }
        self.begin_save(Purpose::Replicas(receivers.to_vec()), now, effects);
    }

    fn begin_save(&mut self, purpose: Purpose, now: Now, effects: &mut Effects) {
        let position = self.history.position();
        let (header, rules) = self.snapshot_header(position, now);
        let snapshot = self.keyspace.begin_snapshot(header, rules);
        let temporary = format!("temp-{}.rdb", self.environment.process_id);
        self.disk(Errand::SaveStep, DiskOp::Create { file: temporary.clone() }, effects);
        self.storage.last_try_at = Some(now.mono);
        self.storage.save = Some(Box::new(Save {
            purpose,
            stage: SaveStage::Writing { snapshot, appends: 0 },
            temporary,
            size: 0,
            dirty_before: self.storage.dirty,
            begun_at: now.mono,
            waiting: Vec::new(),
        }));
        let text = "Background saving started".to_string();
        effects.note(Note::Text { level: Level::Notice, text });
    }

    pub(super) fn save_can_advance(&self) -> bool {
        self.storage.save.as_ref().is_some_and(|save| match save.stage {
            SaveStage::Writing { appends, .. } => appends < APPENDS_MAX,
            _ => false,
        })
    }

    pub(super) fn work_on_save(&mut self, units: usize, effects: &mut Effects) {
        if !self.save_can_advance() {
            return;
        }
        let Some(save) = &mut self.storage.save else { return };
        let SaveStage::Writing { snapshot, appends } = &mut save.stage else { return };
        let (snapshot, appends) = (*snapshot, *appends);
        self.keyspace.advance_snapshot(snapshot, units, APPEND_BYTES);
        let (bytes, is_last) = self.keyspace.take_snapshot_output(snapshot);
        save.size += bytes.len() as u64;
        save.stage = if is_last {
            SaveStage::Flushing { appends: appends + 1 }
        } else {
            SaveStage::Writing { snapshot, appends: appends + 1 }
        };
        let file = save.temporary.clone();
        if is_last {
            self.keyspace.end_snapshot(snapshot);
        }
        self.disk(Errand::SaveAppend, DiskOp::Append { file, bytes: Bytes::from(bytes) }, effects);
    }

    fn on_append_done(&mut self, outcome: DiskOutcome, now: Now, effects: &mut Effects) {
        if let DiskOutcome::Failed(failure) = outcome {
            return self.save_failed(&failure, now, effects);
        }
        let Some(save) = &mut self.storage.save else { return };
        match &mut save.stage {
            SaveStage::Writing { appends, .. } => *appends = appends.saturating_sub(1),
            SaveStage::Flushing { appends } => {
                *appends = appends.saturating_sub(1);
                if *appends == 0 {
                    save.stage = SaveStage::Syncing;
                    let file = save.temporary.clone();
                    self.disk(Errand::SaveStep, DiskOp::Sync { file }, effects);
                }
            }
            _ => {}
        }
    }

    fn on_save_step(&mut self, outcome: DiskOutcome, now: Now, effects: &mut Effects) {
        if let DiskOutcome::Failed(failure) = outcome {
            return self.save_failed(&failure, now, effects);
        }
        let Some(save) = &mut self.storage.save else { return };
        match save.stage {
            // The file was created.
            SaveStage::Writing { .. } | SaveStage::Flushing { .. } => {}
            SaveStage::Syncing => {
                save.stage = SaveStage::Renaming;
                let (from, to) = (save.temporary.clone(), self.config.dbfilename.clone());
                self.disk(Errand::SaveStep, DiskOp::Rename { from, to }, effects);
            }
            SaveStage::Renaming => {
                save.stage = SaveStage::SyncingDirectory;
                self.disk(Errand::SaveStep, DiskOp::SyncDirectory, effects);
            }
            SaveStage::SyncingDirectory => self.save_succeeded(now, effects),
        }
    }

    fn save_succeeded(&mut self, now: Now, effects: &mut Effects) {
        let Some(save) = self.storage.save.take() else { return };
        self.storage.dirty = self.storage.dirty.saturating_sub(save.dirty_before);
        self.storage.last_save_seconds = now.wall.seconds();
        self.storage.last_save_at = now.mono;
        self.storage.has_last_save_failed = false;
        self.storage.saves += 1;
        let millis = now.mono.since(save.begun_at).as_millis();
        let text = format!("DB saved on disk ({} bytes in {millis} ms)", save.size);
        effects.note(Note::Text { level: Level::Notice, text });
        self.answer_savers(&save.waiting, None, now, effects);
        match save.purpose {
            Purpose::Keep => {}
            Purpose::KeepAndExit => return self.exit(effects),
            Purpose::Replicas(receivers) => self.send_file(&receivers, save.size, now, effects),
        }
        self.after_save(now, effects);
    }

    fn save_failed(&mut self, failure: &DiskFailure, now: Now, effects: &mut Effects) {
        let Some(save) = self.storage.save.take() else { return };
        if let SaveStage::Writing { snapshot, .. } = save.stage {
            self.keyspace.end_snapshot(snapshot);
        }
        self.storage.has_last_save_failed = true;
        let text = format!("Write error saving DB on disk: {failure}");
        effects.note(Note::Text { level: Level::Warning, text });
        self.disk(Errand::Nothing, DiskOp::Remove { file: save.temporary.clone() }, effects);
        self.answer_savers(&save.waiting, Some("ERR"), now, effects);
        match save.purpose {
            Purpose::Keep => {}
            Purpose::KeepAndExit => self.shutdown_save_failed(now, effects),
            Purpose::Replicas(receivers) => {
                for conn in receivers {
                    self.refuse_connection(conn, reply::SYNC_SNAPSHOT_FAILED.text(), now, effects);
                }
            }
        }
        self.after_save(now, effects);
    }

    fn answer_savers(&mut self, waiting: &[ConnId], error: Option<&str>, now: Now, effects: &mut Effects) {
        for &conn in waiting {
            let Some(connection) = self.connections.get_mut(conn) else { continue };
            connection.is_blocked = false;
            match error {
                None => connection.reply().ok(),
                Some(error) => connection.reply().error(error),
            }
            self.process_input(conn, now, effects);
            self.after_requests(conn, effects);
        }
    }

    /// What waited for the disk to be free.
    fn after_save(&mut self, now: Now, effects: &mut Effects) {
        self.start_transfers(now, effects);
        if core::mem::take(&mut self.storage.is_save_scheduled) && self.storage.save.is_none() {
            self.begin_save(Purpose::Keep, now, effects);
        }
    }

    fn abandon_save(&mut self, effects: &mut Effects) {
        let Some(save) = self.storage.save.take() else { return };
        if let SaveStage::Writing { snapshot, .. } = save.stage {
            self.keyspace.end_snapshot(snapshot);
        }
        self.storage.errands.retain(|_, errand| !matches!(errand, Errand::SaveAppend | Errand::SaveStep));
        self.disk(Errand::Nothing, DiskOp::Remove { file: save.temporary.clone() }, effects);
    }

    /// Once a second: a save point may have been reached.
    pub(super) fn check_save_points(&mut self, now: Now, effects: &mut Effects) {
        if self.storage.save.is_some() || self.is_loading() {
            return;
        }
        let (dirty, since) = (self.storage.dirty, now.mono.since(self.storage.last_save_at));
        let is_reached = |point: &crate::config::SavePoint| {
            dirty >= u64::from(point.changes) && since > Duration::from_secs(u64::from(point.seconds))
        };
        let may_retry = !self.storage.has_last_save_failed
            || self.storage.last_try_at.is_none_or(|tried| now.mono.since(tried) > RETRY_AFTER);
        if let Some(point) = self.config.save.iter().find(|point| is_reached(point)).copied()
            && may_retry
        {
            let text = format!("{} changes in {} seconds. Saving...", point.changes, point.seconds);
            effects.note(Note::Text { level: Level::Notice, text });
            self.begin_save(Purpose::Keep, now, effects);
        }
    }

    // Files sent to replicas.

    fn send_file(&mut self, receivers: &[ConnId], size: u64, now: Now, effects: &mut Effects) {
        for &conn in receivers {
            let Some(connection) = self.connections.get_mut(conn) else { continue };
            let Some(side) = connection.replica_mut() else { continue };
            let Phase::AwaitingFile { then } = side.phase else { continue };
            side.phase = Phase::SendingFile { read: 0, size, then };
            side.heard_at = now.mono;
            let mut digits = itoa::Buffer::new();
            let tail = connection.output.tail();
            tail.push(b'$');
            tail.extend_from_slice(digits.format(size).as_bytes());
            tail.extend_from_slice(b"\r\n");
            connection.announce(effects);
            self.read_for_replica(conn, 0, effects);
        }
    }

    fn read_for_replica(&mut self, conn: ConnId, offset: u64, effects: &mut Effects) {
        let file = self.config.dbfilename.clone();
        self.disk(Errand::ReplicaRead(conn), DiskOp::Read { file, offset, len: READ_BYTES }, effects);
    }

    /// A replica took bytes: once its queue is empty the next piece is read, or it is through.
    pub(super) fn read_on_for_replica(&mut self, conn: ConnId, now: Now, effects: &mut Effects) {
        let is_being_read = self.storage.errands.values().any(|errand| *errand == Errand::ReplicaRead(conn));
        let Some(connection) = self.connections.get_mut(conn) else { return };
        let is_drained = connection.output.is_empty();
        let wants_rdb_only = connection.intro.wants_rdb_only;
        let Some(side) = connection.replica_mut() else { return };
        let Phase::SendingFile { read, size, .. } = side.phase else { return };
        if !is_drained || is_being_read {
            return;
        }
        if read < size {
            self.read_for_replica(conn, read, effects);
        } else if wants_rdb_only {
            self.close(conn, now, effects);
        } else {
            self.go_online(conn, now, effects);
        }
    }

    fn on_replica_read(&mut self, conn: ConnId, outcome: DiskOutcome, now: Now, effects: &mut Effects) {
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
                let text = format!("The file for replica {} cannot be read any more", self.replica_name(conn));
                effects.note(Note::Text { level: Level::Warning, text });
                self.close(conn, now, effects);
            }
        }
    }

    /// The clock that looks after everything once a second runs while there is something to look after.
    pub(super) fn arm_cron(&mut self, now: Now) {
        let has_save_point_ahead = !self.config.save.is_empty() && self.storage.dirty > 0;
        let is_needed = !self.replicas.is_empty()
            || self.follow.is_some()
            || has_save_point_ahead
            || (self.config.timeout > 0 && self.connections.len() > 0);
        if is_needed && !self.timers.is_set(Timer::Cron) {
            self.timers.set(Timer::Cron, now.mono.after(Duration::from_secs(1)));
        }
    }

    pub(super) fn on_cron(&mut self, now: Now, effects: &mut Effects) {
        self.look_after_replicas(now, effects);
        self.look_after_master(now, effects);
        self.check_save_points(now, effects);
        self.close_idle_clients(now, effects);
        self.stats.good_replicas = self.good_replicas(now);
    }

    fn close_idle_clients(&mut self, now: Now, effects: &mut Effects) {
        let timeout = Duration::from_secs(u64::from(self.config.timeout));
        if timeout.is_zero() {
            return;
        }
        let is_idle = |connection: &&Connection| {
            matches!(connection.kind, super::connection::Kind::Client)
                && !connection.is_blocked
                && now.mono.since(connection.last_input_at) > timeout
        };
        let idle: Vec<ConnId> = self.connections.iter().filter(is_idle).map(|connection| connection.id).collect();
        for conn in idle {
            self.close(conn, now, effects);
        }
    }
}
