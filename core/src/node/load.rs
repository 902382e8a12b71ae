//! The data set read from its file at start.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::marks::Mark;
use crate::museum::Defect;
use crate::persistence::{LoadRules, Loaded, Loader, Progress, Remark};
use crate::port::{DiskFailure, DiskOp, DiskOutcome, Effects, FileName, Level, Now};
use crate::rdb::Dialect;
use crate::replication::Position;
use crate::value::Limits;
use crate::value::rdb::BuildRules;

use super::Node;
use super::storage::{Errand, READ_BYTES};

/// What is done with a file once it is loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Loads {
    /// It is what was kept over a restart.
    AtStart,
    /// It is what our master has sent.
    FromMaster,
}

/// A file that is being loaded, a piece at a time.
#[derive(Clone, Debug)]
pub(crate) struct Loading {
    loader: Box<Loader>,
    file: FileName,
    /// Bytes read so far.
    read: u64,
    /// Bytes in all, if that is known.
    total: Option<u64>,
    begun_at: Now,
    loads: Loads,
}

/// How far the data have come that are being loaded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LoadProgress {
    pub(crate) begun_at: Now,
    /// Bytes in all; zero if that is not known.
    pub(crate) total_bytes: u64,
    /// The memory that the data took where they were written; zero as long as that was not told.
    pub(crate) used_memory: u64,
    /// Bytes understood so far.
    pub(crate) loaded_bytes: u64,
}

impl LoadProgress {
    /// How far `loader` has come with so many bytes.
    pub(super) fn of(loader: &Loader, total_bytes: u64, begun_at: Now) -> LoadProgress {
        let used_memory = loader.facts().used_memory.unwrap_or(0);
        LoadProgress { begun_at, total_bytes, used_memory, loaded_bytes: loader.consumed() }
    }

    /// What part of what whole was loaded. Where the bytes are not counted beforehand, the whole is estimated by the memory that the data took,
    /// as in Redis, and is never reached before the end.
    pub(crate) fn share(&self) -> (u64, u64) {
        let is_nearly_all = |whole: u64| u128::from(self.loaded_bytes) * 10_000 > u128::from(whole) * 9_999;
        match (self.total_bytes, self.used_memory) {
            (0, 0) => (0, 0),
            (0, memory) if is_nearly_all(memory) => (9_999, 10_000),
            (0, memory) => (self.loaded_bytes, memory),
            (total, _) => (self.loaded_bytes, total),
        }
    }

    /// How much longer it will take if it goes on as it went, in seconds; 1 as long as nothing can be told, as in Redis.
    pub(crate) fn eta_seconds(&self, now: Now) -> u64 {
        let left = match (self.total_bytes, self.used_memory) {
            (0, 0) => 1,
            (0, memory) => memory.saturating_sub(self.loaded_bytes).max(1),
            (total, _) => total.saturating_sub(self.loaded_bytes),
        };
        match now.mono.since(self.begun_at.mono).as_secs() {
            0 => 1,
            elapsed => elapsed.saturating_mul(left) / self.loaded_bytes.saturating_add(1),
        }
    }
}

/// What can be done about a snapshot that cannot be loaded.
const CURE: &str = "Move the file away to start without it.";

impl Node {
    pub(crate) fn is_loading(&self) -> bool {
        let storage = &self.storage;
        storage.loading.is_some() || storage.restore.is_some() || storage.cannot_start || self.is_emptying()
    }

    /// The data set that is being loaded in place of ours.
    pub(crate) fn loaded_in_place(&self) -> Option<&Loader> {
        self.storage.loading.as_ref().map(|loading| &*loading.loader)
    }

    /// The data set that is being loaded, in place of ours or beside it.
    pub(crate) fn loader(&self) -> Option<&Loader> {
        self.loaded_in_place().or_else(|| Some(self.building()?.loader()))
    }

    /// How far a data set has come that is loaded in place of ours, or built beside it.
    pub(crate) fn load_progress(&self) -> Option<LoadProgress> {
        let loading = self.storage.loading.as_ref();
        let in_place =
            loading.map(|loading| LoadProgress::of(&loading.loader, loading.total.unwrap_or(0), loading.begun_at));
        in_place
            .or_else(|| self.restore_progress())
            .or_else(|| self.emptying_progress())
            .or_else(|| self.building()?.progress())
    }

    pub(super) fn load_rules(&self, drop_expired_before_ms: Option<i64>, now: Now) -> LoadRules {
        LoadRules {
            build: BuildRules {
                limits: Limits::of(&self.config),
                order: self.keyspace.order(),
                dialect: Dialect::Redis,
            },
            drop_expired_before_ms,
            verify_checksum: self.config.rdbchecksum,
            wall: now.wall,
            counts_frequency: self.config.maxmemory_policy.counts_frequency(),
        }
    }

    /// Begins to read the snapshot that was kept over a restart.
    pub(super) fn load_at_start(&mut self, now: Now, effects: &mut Effects) {
        let is_master = self.config.replicaof.is_none();
        let drop_expired_before_ms = is_master.then_some(now.wall.millis());
        let file = self.config.dbfilename.clone();
        self.begin_loading(Loads::AtStart, file, None, drop_expired_before_ms, now, effects);
        // Only INFO waits for the file's size.
        self.disk(Errand::LoadSize, DiskOp::List { directory: String::new() }, effects);
    }

    /// Begins to read the data set that our master has sent.
    pub(super) fn load_from_master(&mut self, file: FileName, size: u64, now: Now, effects: &mut Effects) {
        let drop_expired_before_ms = self.expired_in_data_of_master(now);
        self.begin_loading(Loads::FromMaster, file, Some(size), drop_expired_before_ms, now, effects);
    }

    /// What expires in a data set of our master is for him to say.
    pub(super) fn expired_in_data_of_master(&self, now: Now) -> Option<i64> {
        self.has(Defect::SnapshotLoadExpires).then(|| now.wall.millis())
    }

    fn begin_loading(
        &mut self,
        loads: Loads,
        file: FileName,
        total: Option<u64>,
        drop_expired_before_ms: Option<i64>,
        now: Now,
        effects: &mut Effects,
    ) {
        let (room, rules) = (self.keyspace.empty_twin(), self.load_rules(drop_expired_before_ms, now));
        let loader = Box::new(match loads {
            Loads::AtStart => Loader::new(room, rules),
            Loads::FromMaster => Loader::of_checked(room, rules),
        });
        self.storage.loading = Some(Box::new(Loading { loader, file, read: 0, total, begun_at: now, loads }));
        self.read_on_loading(effects);
    }

    fn read_on_loading(&mut self, effects: &mut Effects) {
        let Some(loading) = &self.storage.loading else { return };
        let (file, offset) = (loading.file.clone(), loading.read);
        self.disk(Errand::Load, DiskOp::Read { file, offset, len: READ_BYTES }, effects);
    }

    pub(super) fn on_load_size(&mut self, outcome: DiskOutcome) {
        let Some(loading) = self.storage.loading.as_mut().filter(|loading| loading.loads == Loads::AtStart) else {
            return;
        };
        let DiskOutcome::Listed(files) = outcome else { return };
        loading.total = files.into_iter().find(|(name, _)| *name == loading.file).map(|(_, bytes)| bytes);
    }

    pub(super) fn on_load_read(&mut self, outcome: DiskOutcome, now: Now, effects: &mut Effects) {
        let Some(loading) = &mut self.storage.loading else { return };
        match outcome {
            DiskOutcome::Bytes(bytes) if !bytes.is_empty() => {
                loading.read += bytes.len() as u64;
                let progress = loading.loader.feed(&bytes);
                note_remarks(loading.loader.take_remarks(), effects);
                match progress {
                    Ok(Progress::More) => self.read_on_loading(effects),
                    Ok(Progress::Complete { .. }) => self.end_loading(now, effects),
                    Err(error) => self.loading_failed(&error.to_string(), now, effects),
                }
            }
            DiskOutcome::Failed(DiskFailure::NotFound) if loading.loads == Loads::AtStart => {
                self.storage.loading = None;
                self.is_ready(false, now, effects);
            }
            DiskOutcome::Failed(failure) => self.loading_failed(&failure.to_string(), now, effects),
            _ => self.end_loading(now, effects),
        }
    }

    fn end_loading(&mut self, now: Now, effects: &mut Effects) {
        let Some(loading) = self.storage.loading.take() else { return };
        let Loading { loader, file, loads, .. } = *loading;
        match (loader.finish(), loads) {
            (Ok(loaded), Loads::AtStart) => self.adopt_file(loaded, now, effects),
            (Ok(loaded), Loads::FromMaster) => self.on_incoming_loaded(loaded, now, effects),
            (Err(error), Loads::AtStart) => self.cannot_start(&file, &error.to_string(), CURE, effects),
            (Err(error), Loads::FromMaster) => self.incoming_not_loaded(&error.to_string(), now, effects),
        }
    }

    /// The file's data are ours. Its position is a place in a history that others may know.
    fn adopt_file(&mut self, loaded: Loaded, now: Now, effects: &mut Effects) {
        let mut text =
            format!("Done loading RDB, keys loaded: {}, keys expired: {}", loaded.keys, loaded.expired.len());
        let mut level = Level::Notice;
        if loaded.empty_keys > 0 {
            text += &format!(", empty keys skipped: {}", loaded.empty_keys);
            level = Level::Warning;
        }
        text.push('.');
        effects.say(level, || text);
        self.storage.keys_loaded = loaded.keys;
        self.storage.keys_expired_at_load = loaded.expired.len() as u64;
        if !loaded.expired.is_empty() {
            self.mark(Mark::StartDroppedExpired);
        }
        self.keyspace.adopt(loaded.keyspace);
        // Before the first replica came nothing was counted: a master has no history to go on with.
        let has_history = |position: &Position| position.offset > 0 || self.config.replicaof.is_some();
        if let Some(position) = loaded.facts.position.filter(has_history) {
            let stream_database = loaded.facts.stream_database.unwrap_or(0);
            self.resume_history(position, stream_database, &loaded.expired);
        }
        self.audit_data_replaced();
        let may_resume = self.history.log.is_some();
        self.is_ready(may_resume, now, effects);
    }

    /// Takes up a history at the position of a file. A replica may go on with it; a master begins one of its own there,
    /// since what it had written after the file was made may live on elsewhere under the old name.
    pub(super) fn resume_history(&mut self, position: Position, stream_database: u32, expired: &[(u32, Vec<u8>)]) {
        let own = self.history.id;
        self.history.replace(position, self.config.repl_backlog_size);
        if self.config.replicaof.is_some() {
            self.mark(Mark::StartResumed);
            if let Some(log) = &mut self.history.log {
                log.set_database(Some(stream_database));
            }
            return;
        }
        self.mark(Mark::StartForked);
        if !self.has(Defect::RestartKeepsReplid) {
            self.history.fork(own);
        }
        if let Some(log) = &mut self.history.log {
            for (database, key) in expired {
                log.select(*database);
                log.append_command([b"DEL".as_slice(), key]);
            }
        }
    }

    /// What was kept cannot be used: the process ends because of a file, and nothing is served until it has. `cure` says in a sentence what can be done.
    pub(super) fn cannot_start(&mut self, file: &str, why: &str, cure: &str, effects: &mut Effects) {
        let text = format!("Fatal error loading the DB '{file}': {why}. {cure} Exiting.");
        self.exit_failed(text, effects);
        self.storage.cannot_start = true;
    }

    fn loading_failed(&mut self, why: &str, now: Now, effects: &mut Effects) {
        let Some(loading) = self.storage.loading.take() else { return };
        match loading.loads {
            Loads::AtStart => self.cannot_start(&loading.file, why, CURE, effects),
            Loads::FromMaster => self.incoming_not_loaded(why, now, effects),
        }
    }
}

/// Puts into the log what was met while loading.
pub(super) fn note_remarks(remarks: Vec<Remark>, effects: &mut Effects) {
    for remark in remarks {
        effects.say(remark.level(), || remark.to_string());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::{Mono, Wall};

    #[test]
    fn what_is_loaded_is_told_as_a_share_of_the_bytes_or_of_the_memory_that_they_took() {
        let at = |seconds: u64| Now { mono: Mono(seconds * 1_000_000), wall: Wall(seconds * 1_000_000) };
        for (total_bytes, used_memory, loaded_bytes, seconds, share, eta) in [
            (1000, 5000, 250, 0, (250, 1000), 1),
            (1000, 5000, 250, 100, (250, 1000), 298),
            (1000, 0, 1000, 100, (1000, 1000), 0),
            (1000, 0, 0, 3, (0, 1000), 3000),
            (0, 1000, 250, 100, (250, 1000), 298),
            (0, 1000, 5000, 100, (9_999, 10_000), 0),
            (0, 0, 250, 0, (0, 0), 1),
            (0, 0, 9, 100, (0, 0), 10),
            (u64::MAX, 0, u64::MAX, 1 << 40, (u64::MAX, u64::MAX), 0),
            (u64::MAX, 0, 0, 1 << 40, (0, u64::MAX), u64::MAX),
        ] {
            let progress = LoadProgress { begun_at: at(0), total_bytes, used_memory, loaded_bytes };
            assert_eq!((progress.share(), progress.eta_seconds(at(seconds))), (share, eta), "{progress:?} {seconds}");
        }
    }
}
