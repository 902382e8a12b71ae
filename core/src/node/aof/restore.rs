//! The append-only file read back at start: the manifest, then each part in its order.
//!
//! Nothing is served meanwhile, and what is wrong ends the start: the files stay as they are. The one repair is that of the last part, which a crash may
//! have left unfinished; what is cut off there was never promised to anybody.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use bytes::Bytes;

use crate::marks::Mark;
use crate::museum::Defect;
use crate::persistence::aof::{Manifest, Part, manifest_name, number_of};
use crate::persistence::{Loader, Progress};
use crate::port::{DiskFailure, DiskOp, DiskOutcome, Effects, FileName, Level, Now};
use crate::replication::Position;

use super::super::Node;
use super::super::load::{LoadProgress, note_remarks};
use super::super::storage::READ_BYTES;
use super::part_end::{Refusal, wrong_length};
use super::replay::Replay;
use super::stream::{Insert, Stream};
use super::{Aof, AofErrand, Standing, in_directory, note};

/// What can be done about a file that cannot be loaded.
pub(super) const CURE_BACKUP: &str =
    "Restore it from a backup, or start as an empty replica of a node that has the data.";
const CURE_MANIFEST: &str =
    "Correct it, or restore it from a backup: without it none of the files that it names is loaded.";
pub(super) const CURE_FORMAT: &str = "redis-check-aof tells more, and can cut off what is wrong (--fix).";

/// What is being read.
#[derive(Clone, Debug)]
pub(in crate::node) struct Restore {
    begun_at: Now,
    step: Step,
    /// The files that are there, and their sizes.
    listed: Vec<(FileName, u64)>,
    pub(super) manifest: Manifest,
    /// The base is a file of before Redis 7.0, which stays where it is until all of it was read.
    takes_over: bool,
    /// Bytes of the parts that were read.
    older_bytes: u64,
    /// Where the data are, if the files tell, and the database that the stream was about.
    pub(super) position: Option<Position>,
    pub(super) database: u32,
}

#[derive(Clone, Debug)]
enum Step {
    /// What did the life before know? (See [`crate::node::evidence`].)
    Evidence,
    /// Which files are there?
    Listing,
    /// The manifest, as far as it was read.
    Manifest(Vec<u8>),
    /// There is no manifest: is there a file from before Redis 7.0?
    OldFile,
    /// The files get their names for good, and such a file becomes the base of a manifest.
    Naming(VecDeque<DiskOp>),
    /// A part.
    Part(PartInProgress),
    /// What is unfinished is cut off the last part, and what of it may not be on the disk is written again.
    Mending { ops: VecDeque<DiskOp>, file: FileName, len: u64, is_base: bool },
}

#[derive(Clone, Debug)]
struct PartInProgress {
    /// Its number among those that are loaded.
    index: usize,
    file: FileName,
    begun_at: Now,
    read: u64,
    contents: Contents,
}

#[derive(Clone, Debug)]
pub(super) enum Contents {
    /// Nothing was read yet.
    Unknown,
    Snapshot(Box<Loader>),
    /// Commands, behind so many bytes of a snapshot.
    Commands {
        replay: Box<Replay>,
        preamble_bytes: u64,
    },
}

impl Node {
    /// Begins to read what was kept over a restart: first of all, what the life before knew.
    pub(in crate::node) fn restore_at_start(&mut self, now: Now, effects: &mut Effects) {
        self.storage.restore = Some(Box::new(Restore {
            begun_at: now,
            step: Step::Evidence,
            listed: Vec::new(),
            manifest: Manifest::default(),
            takes_over: false,
            older_bytes: 0,
            position: None,
            database: 0,
        }));
        let op = self.read_of_evidence();
        self.aof_disk(AofErrand::Restore, op, effects);
    }

    /// Which files are there?
    fn list_files(&mut self, mut restore: Box<Restore>, effects: &mut Effects) {
        restore.step = Step::Listing;
        self.storage.restore = Some(restore);
        let directory = self.config.appenddirname.clone();
        self.aof_disk(AofErrand::Restore, DiskOp::List { directory }, effects);
    }

    fn on_files_listed(&mut self, mut restore: Box<Restore>, outcome: DiskOutcome, effects: &mut Effects) {
        if let DiskOutcome::Listed(files) = outcome {
            restore.listed = files;
        }
        restore.step = Step::Manifest(Vec::new());
        self.storage.restore = Some(restore);
        let file = in_directory(&self.config, &manifest_name(&self.config.appendfilename));
        self.read_on_restoring(file, 0, effects);
    }

    /// There is no manifest. What files a lost one may have named stay as they are.
    fn keep_nameless_parts(&mut self, restore: &Restore, effects: &mut Effects) {
        let number_of = |(name, _): &(FileName, u64)| number_of(name, &self.config.appendfilename);
        let Some(last) = restore.listed.iter().filter_map(number_of).max() else { return };
        self.storage.aof_number = last.saturating_add(1);
        let text = format!(
            "There are parts of an append-only file in '{}', but no manifest that names them: they are not loaded, and stay as they are.",
            self.config.appenddirname
        );
        note(effects, Level::Warning, text);
    }

    /// How far the files have been read.
    pub(in crate::node) fn restore_progress(&self) -> Option<LoadProgress> {
        let restore = self.storage.restore.as_ref()?;
        let loaded_bytes = restore.older_bytes
            + match &restore.step {
                Step::Part(part) => part.read,
                _ => 0,
            };
        let is_loaded = |name: &str| restore.manifest.loaded().any(|part| part.name == name);
        let total_bytes = restore.listed.iter().filter(|(name, _)| is_loaded(name)).map(|(_, bytes)| bytes).sum();
        Some(LoadProgress { begun_at: restore.begun_at, total_bytes, used_memory: 0, loaded_bytes })
    }

    fn read_on_restoring(&mut self, file: FileName, offset: u64, effects: &mut Effects) {
        self.aof_disk(AofErrand::Restore, DiskOp::Read { file, offset, len: READ_BYTES }, effects);
    }

    pub(super) fn on_restore_step(&mut self, outcome: DiskOutcome, now: Now, effects: &mut Effects) {
        let Some(mut restore) = self.storage.restore.take() else { return };
        let step = core::mem::replace(&mut restore.step, Step::OldFile);
        match step {
            Step::Evidence => {
                self.on_evidence_read(outcome, effects);
                self.list_files(restore, effects);
            }
            Step::Listing => self.on_files_listed(restore, outcome, effects),
            Step::Manifest(text) => self.on_manifest_read(restore, text, outcome, now, effects),
            Step::OldFile => self.on_old_file_looked_for(restore, &outcome, now, effects),
            Step::Naming(ops) => self.on_named(restore, ops, outcome, now, effects),
            Step::Part(part) => self.on_part_read(restore, part, outcome, now, effects),
            Step::Mending { ops, file, len, is_base } => match outcome {
                DiskOutcome::Failed(failure) => self.cannot_start(&file, &failure.to_string(), CURE_BACKUP, effects),
                _ => self.mend_last_part(restore, ops, (file, len, is_base), now, effects),
            },
        }
    }

    fn on_manifest_read(
        &mut self,
        mut restore: Box<Restore>,
        mut text: Vec<u8>,
        outcome: DiskOutcome,
        now: Now,
        effects: &mut Effects,
    ) {
        let file = in_directory(&self.config, &manifest_name(&self.config.appendfilename));
        match outcome {
            DiskOutcome::Bytes(bytes) if !bytes.is_empty() => {
                text.extend_from_slice(&bytes);
                let offset = text.len() as u64;
                restore.step = Step::Manifest(text);
                self.storage.restore = Some(restore);
                self.read_on_restoring(file, offset, effects);
            }
            DiskOutcome::Failed(DiskFailure::NotFound) => {
                self.keep_nameless_parts(&restore, effects);
                if !self.config.appendonly {
                    return self.load_at_start(now, effects);
                }
                self.storage.restore = Some(restore);
                let file = self.config.appendfilename.clone();
                self.aof_disk(AofErrand::Restore, DiskOp::Read { file, offset: 0, len: 1 }, effects);
            }
            DiskOutcome::Failed(failure) => self.cannot_start(&file, &failure.to_string(), CURE_BACKUP, effects),
            _ => match Manifest::parse(&text) {
                Err(error) => self.cannot_start(&file, &error.to_string(), CURE_MANIFEST, effects),
                Ok(manifest) if self.config.appendonly => {
                    restore.manifest = manifest;
                    self.secure_names(restore, now, effects);
                }
                Ok(manifest) => {
                    self.storage.aof_manifest = manifest;
                    self.load_at_start(now, effects);
                }
            },
        }
    }

    /// A life before this one may have ended when it had named its files and not yet synced their names: what this one promises would go with them.
    fn secure_names(&mut self, restore: Box<Restore>, now: Now, effects: &mut Effects) {
        if self.has(Defect::NamesNotSecured) {
            return self.begin_part(restore, 0, now, effects);
        }
        let directories = [self.config.appenddirname.clone(), String::new()];
        let ops = directories.map(|directory| DiskOp::SyncDirectory { directory });
        self.name_on(restore, ops.into(), effects);
    }

    /// There is no append-only file in parts. One of old is taken over; if there is none either, the data come from a snapshot.
    ///
    /// Differs: a Redis that is told to use an append-only file and has none starts empty, even if there is a snapshot.
    fn on_old_file_looked_for(
        &mut self,
        mut restore: Box<Restore>,
        outcome: &DiskOutcome,
        now: Now,
        effects: &mut Effects,
    ) {
        let name = self.config.appendfilename.clone();
        match outcome {
            DiskOutcome::Bytes(_) => {}
            DiskOutcome::Failed(DiskFailure::NotFound) => return self.load_at_start(now, effects),
            DiskOutcome::Failed(failure) => {
                return self.cannot_start(&name, &failure.to_string(), CURE_BACKUP, effects);
            }
            _ => return,
        }
        restore.manifest.base = Some(Part { name, sequence: 1 });
        restore.takes_over = true;
        self.begin_part(restore, 0, now, effects);
    }

    /// All of a file of old, of so many bytes, was read: it becomes the base of a manifest.
    fn make_old_file_the_base(&mut self, mut restore: Box<Restore>, len: u64, effects: &mut Effects) {
        restore.manifest.base_bytes = Some(len);
        let directory = self.config.appenddirname.clone();
        let mut ops =
            VecDeque::from([DiskOp::CreateDirectory { directory }, DiskOp::SyncDirectory { directory: String::new() }]);
        ops.extend(self.write_manifest(&restore.manifest));
        ops.extend(self.move_old_file());
        self.name_on(restore, ops, effects);
    }

    /// The file of old goes to the others.
    fn move_old_file(&self) -> [DiskOp; 3] {
        let name = self.config.appendfilename.clone();
        let to = in_directory(&self.config, &name);
        [
            DiskOp::Rename { from: name, to },
            DiskOp::SyncDirectory { directory: self.config.appenddirname.clone() },
            DiskOp::SyncDirectory { directory: String::new() },
        ]
    }

    fn name_on(&mut self, mut restore: Box<Restore>, mut ops: VecDeque<DiskOp>, effects: &mut Effects) {
        if let Some(op) = ops.pop_front() {
            restore.step = Step::Naming(ops);
            self.storage.restore = Some(restore);
            self.aof_disk(AofErrand::Restore, op, effects);
        }
    }

    fn on_named(
        &mut self,
        restore: Box<Restore>,
        ops: VecDeque<DiskOp>,
        outcome: DiskOutcome,
        now: Now,
        effects: &mut Effects,
    ) {
        match outcome {
            DiskOutcome::Failed(failure) => {
                let name = self.config.appendfilename.clone();
                let what =
                    if restore.takes_over { "it cannot be taken over" } else { "its directory cannot be synced" };
                self.cannot_start(&name, &format!("{what}: {failure}"), "", effects);
            }
            _ if ops.is_empty() && restore.takes_over => {
                let name = &self.config.appendfilename;
                note(effects, Level::Notice, format!("The AOF file {name} of before Redis 7.0 was taken over."));
                self.restored(*restore, None, now, effects);
            }
            _ if ops.is_empty() => self.begin_part(restore, 0, now, effects),
            _ => self.name_on(restore, ops, effects),
        }
    }

    fn begin_part(&mut self, mut restore: Box<Restore>, index: usize, now: Now, effects: &mut Effects) {
        let Some(part) = restore.manifest.loaded().nth(index) else {
            return self.restored(*restore, None, now, effects);
        };
        let file = if restore.takes_over { part.name.clone() } else { in_directory(&self.config, &part.name) };
        let contents = Contents::Unknown;
        restore.step = Step::Part(PartInProgress { index, file: file.clone(), begun_at: now, read: 0, contents });
        self.storage.restore = Some(restore);
        self.read_on_restoring(file, 0, effects);
    }

    fn on_part_read(
        &mut self,
        mut restore: Box<Restore>,
        mut part: PartInProgress,
        outcome: DiskOutcome,
        now: Now,
        effects: &mut Effects,
    ) {
        match outcome {
            DiskOutcome::Bytes(bytes) if !bytes.is_empty() => {
                part.read += bytes.len() as u64;
                match self.read_part(&mut restore, &mut part, &bytes, now, effects) {
                    Ok(()) => {
                        let (file, offset) = (part.file.clone(), part.read);
                        restore.step = Step::Part(part);
                        self.storage.restore = Some(restore);
                        self.read_on_restoring(file, offset, effects);
                    }
                    Err(why) => self.cannot_start(&part.file, &why, CURE_FORMAT, effects),
                }
            }
            DiskOutcome::Failed(DiskFailure::NotFound) if self.is_half_taken_over(&restore, &part) => {
                let ops = VecDeque::from(self.move_old_file());
                self.name_on(restore, ops, effects);
            }
            DiskOutcome::Failed(failure) => self.cannot_start(&part.file, &failure.to_string(), CURE_BACKUP, effects),
            _ => self.end_part(restore, part, now, effects),
        }
    }

    /// True if the manifest names a file of old that has not been moved yet.
    fn is_half_taken_over(&self, restore: &Restore, part: &PartInProgress) -> bool {
        let is_of_old = restore.manifest.base.as_ref().is_some_and(|base| base.name == self.config.appendfilename);
        part.index == 0 && is_of_old && restore.manifest.increments.is_empty()
    }

    /// The next bytes of a part. A snapshot at its beginning is the data set; commands may follow it.
    fn read_part(
        &mut self,
        restore: &mut Restore,
        part: &mut PartInProgress,
        bytes: &Bytes,
        now: Now,
        effects: &mut Effects,
    ) -> Result<(), String> {
        if matches!(part.contents, Contents::Unknown) {
            let is_snapshot = bytes.starts_with(b"REDIS") || bytes.starts_with(b"VALKEY");
            part.contents = if is_snapshot {
                let (room, rules) = (self.keyspace.empty_twin(), self.load_rules(None, now));
                Contents::Snapshot(Box::new(Loader::new(room, rules)))
            } else {
                self.commands(0)
            };
        }
        let mut rest = &bytes[..];
        if let Contents::Snapshot(loader) = &mut part.contents {
            let progress = loader.feed(rest);
            note_remarks(loader.take_remarks(), effects);
            let Progress::Complete { unread } = progress.map_err(|error| error.to_string())? else { return Ok(()) };
            let preamble_bytes = part.read - unread as u64;
            let next = self.commands(preamble_bytes);
            if let Contents::Snapshot(loader) = core::mem::replace(&mut part.contents, next) {
                self.adopt_base(restore, *loader)?;
            }
            rest = &rest[rest.len() - unread..];
        }
        match &mut part.contents {
            Contents::Commands { replay, .. } => self.replay(replay, rest, now, effects),
            _ => Ok(()),
        }
    }

    fn commands(&self, preamble_bytes: u64) -> Contents {
        let verifies_sums = self.config.rdbchecksum && !self.has(Defect::SealNotChecked);
        Contents::Commands { replay: Box::new(Replay::new(verifies_sums, preamble_bytes)), preamble_bytes }
    }

    fn adopt_base(&mut self, restore: &mut Restore, loader: Loader) -> Result<(), String> {
        let loaded = loader.finish().map_err(|error| error.to_string())?;
        self.keyspace.adopt(loaded.keyspace);
        restore.position = loaded.facts.position.filter(|position| position.offset > 0);
        restore.database = loaded.facts.stream_database.unwrap_or(0);
        Ok(())
    }

    fn end_part(&mut self, mut restore: Box<Restore>, part: PartInProgress, now: Now, effects: &mut Effects) {
        let PartInProgress { index, file, read, begun_at, contents, .. } = part;
        let is_last = index + 1 == restore.manifest.loaded().count();
        let is_base = restore.manifest.base.is_some() && index == 0;
        let end = self.judge_end(&mut restore, contents, &file, is_last, now, effects).and_then(|end| {
            let why = restore.manifest.base_bytes.and_then(|bytes| wrong_length(is_base, read, bytes));
            why.map_or(Ok(end), |why| Err(Refusal { why, cure: CURE_BACKUP }))
        });
        let end = match end {
            Ok(end) => end,
            Err(Refusal { why, cure }) => return self.cannot_start(&file, &why, cure, effects),
        };
        let seconds = seconds_since(begun_at, now);
        let kind = if is_base { "base" } else { "incr" };
        note(effects, Level::Notice, format!("DB loaded from {kind} file {file}: {seconds} seconds"));
        if is_last {
            let ops = self.mending_of(&file, &end, is_base);
            return self.mend_last_part(restore, ops, (file, end.good_bytes, is_base), now, effects);
        }
        restore.older_bytes += end.good_bytes;
        self.begin_part(restore, index + 1, now, effects);
    }

    /// Goes on with what is to be done to the last part (its file, the length of what is good of it, whether it is the base).
    fn mend_last_part(
        &mut self,
        mut restore: Box<Restore>,
        mut ops: VecDeque<DiskOp>,
        (file, len, is_base): (FileName, u64, bool),
        now: Now,
        effects: &mut Effects,
    ) {
        let Some(op) = ops.pop_front() else {
            return self.last_part_read(*restore, file, len, is_base, now, effects);
        };
        restore.step = Step::Mending { ops, file, len, is_base };
        self.storage.restore = Some(restore);
        self.aof_disk(AofErrand::Restore, op, effects);
    }

    fn last_part_read(
        &mut self,
        mut restore: Restore,
        file: FileName,
        len: u64,
        is_base: bool,
        now: Now,
        effects: &mut Effects,
    ) {
        restore.older_bytes += if is_base { len } else { 0 };
        if restore.takes_over {
            return self.make_old_file_the_base(Box::new(restore), len, effects);
        }
        let last = (!is_base).then_some((file, len));
        self.restored(restore, last, now, effects);
    }

    /// All is read: the data are ours, and the file goes on.
    fn restored(&mut self, restore: Restore, last: Option<(FileName, u64)>, now: Now, effects: &mut Effects) {
        let Restore { manifest, position, database, older_bytes, begun_at, .. } = restore;
        if let Some(position) = position {
            self.mark(Mark::AofPositionTaken);
            self.resume_history(position, database, &[]);
        }
        if self.history.log.is_none() {
            self.history.begin_log_here(self.config.repl_backlog_size);
        }
        let mut aof = Aof::new(manifest, 1, Standing::Current, now);
        let reach = aof.reach(self.history.offset());
        aof.older_bytes = older_bytes;
        if let Some((file, len)) = last {
            aof.stream = Some(Stream::new(file, len, reach));
            aof.insert(reach.offset, Insert::Place(self.history.id));
        }
        aof.base_bytes = aof.bytes();
        let is_without_increment = aof.stream.is_none();
        self.storage.aof = Some(Box::new(aof));
        if is_without_increment {
            self.begin_increment(now, effects);
        }
        let _ = self.keyspace.take_touches();
        self.storage.dirty = 0;
        self.storage.keys_loaded =
            (0..self.keyspace.database_count()).map(|database| self.keyspace.len(database) as u64).sum();
        let seconds = seconds_since(begun_at, now);
        note(effects, Level::Notice, format!("DB loaded from append only file: {seconds} seconds"));
        self.audit_data_replaced();
        self.clean_up(effects);
        self.is_ready(position.is_some(), now, effects);
    }
}

/// As Redis tells it.
fn seconds_since(begun_at: Now, now: Now) -> String {
    let time = now.mono.since(begun_at.mono);
    format!("{}.{:03}", time.as_secs(), time.subsec_millis())
}
