//! The data set read from its file at start.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::ToString;
use alloc::vec::Vec;

use crate::persistence::{LoadRules, Loaded, Loader, Progress, Remark};
use crate::port::{Action, DiskFailure, DiskOp, DiskOutcome, Effects, ExitCode, Level, Note, Now};
use crate::rdb::Dialect;
use crate::replication::Position;
use crate::value::Limits;
use crate::value::rdb::BuildRules;

use super::Node;
use super::storage::{Errand, READ_BYTES};

impl Node {
    pub(crate) fn is_loading(&self) -> bool {
        self.storage.loading.is_some()
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

    pub(super) fn on_load_read(&mut self, outcome: DiskOutcome, now: Now, effects: &mut Effects) {
        let Some((loader, read)) = &mut self.storage.loading else { return };
        match outcome {
            DiskOutcome::Bytes(bytes) if !bytes.is_empty() => {
                *read += bytes.len() as u64;
                let offset = *read;
                let progress = loader.feed(&bytes);
                note_remarks(loader.take_remarks(), effects);
                match progress {
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
        let mut text =
            format!("Done loading RDB, keys loaded: {}, keys expired: {}", loaded.keys, loaded.expired.len());
        let mut level = Level::Notice;
        if loaded.empty_keys > 0 {
            text += &format!(", empty keys skipped: {}", loaded.empty_keys);
            level = Level::Warning;
        }
        text.push('.');
        effects.note(Note::Text { level, text });
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
        self.history.replace(position, self.config.repl_backlog_size);
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
}

/// Puts into the log what was met while loading.
pub(super) fn note_remarks(remarks: Vec<Remark>, effects: &mut Effects) {
    for remark in remarks {
        effects.note(Note::Text { level: remark.level(), text: remark.to_string() });
    }
}
