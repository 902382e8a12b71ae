//! A new base: a snapshot of the data, written beside everything else, and an increment that goes on from the very place at which it was begun.
//!
//! As in Redis 7.0, the increment comes first: the old one is completed and synced, the new one is named in the manifest behind it, and only then does
//! the stream go there, so that at each moment the files that are named hold everything in order. When the base is there, it takes the place of all
//! that was before that increment.
//!
//! If the files hold other data, or none, the new increment does not go on from them: it is named together with the base, and until then a restart
//! finds what it would have found before.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use bytes::Bytes;

use crate::command::CommandError;
use crate::command::reply_error as reply;
use crate::keyspace::{SnapshotForm, SnapshotId};
use crate::marks::Mark;
use crate::museum::Defect;
use crate::persistence::aof::{BaseForm, Manifest, Mark as FileMark, Part, Seal};
use crate::port::{DiskFailure, DiskOp, DiskOutcome, Effects, FileName, Level, Mono, Now};
use crate::replication::{Log, Position};
use crate::resp::push_select;

use super::super::Node;
use super::super::storage::{APPEND_BYTES, APPENDS_MAX, Errand, SYNC_BYTES};
use super::super::timers::{Timer, back_off};
use super::stream::{Reach, Stream};
use super::{Aof, AofErrand, Goal, INTERVAL, Standing, in_directory, note, temporary_base};

/// The longest wait before a rewrite that has failed is tried again.
const RETRY_MAX: Duration = Duration::from_secs(3600);
/// The same while writes are refused for want of it: as long as after a snapshot that failed, since the disk may be well again.
const RETRY_MAX_WHILE_REFUSING: Duration = Duration::from_secs(5);

/// An increment that is to follow the one that is written.
#[derive(Clone, Debug)]
pub(super) struct Opening {
    /// Where it begins.
    pub(super) at: Reach,
    pub(super) part: Part,
    /// Not opened yet.
    pub(super) stream: Stream,
    /// What it tells of the place at which it begins, and of the database that its commands are about.
    place: Position,
    database: Option<u32>,
    /// The last attempt has failed: no other before this.
    not_before: Option<Mono>,
}

/// A rewrite under way.
#[derive(Clone, Debug)]
pub(super) struct Rewrite {
    pub(super) begun_at: Mono,
    base: Part,
    /// It is commands, which have no checksum of their own.
    seals: bool,
    /// The number of the increment that goes on from the base.
    increment: i64,
    /// Being read from, until all of it was handed to the disk.
    snapshot: Option<SnapshotId>,
    temporary: FileName,
    /// Operations on the base that are not done.
    pending: u32,
    bytes: u64,
    unsynced_bytes: u64,
    /// INFO tells of it, as of all but the one that a start without files begins with.
    pub(super) is_counted: bool,
}

impl Node {
    /// True while a base is being written.
    pub(in crate::node) fn is_rewriting_aof(&self) -> bool {
        self.storage.aof.as_ref().is_some_and(|aof| aof.rewrite.is_some())
    }

    /// BGREWRITEAOF.
    ///
    /// Differs: there is nothing that a rewrite would have to wait for, so that it is never only scheduled because a snapshot is being written.
    pub(in crate::node) fn bgrewriteaof(
        &mut self,
        now: Now,
        effects: &mut Effects,
    ) -> Result<&'static str, CommandError> {
        if self.is_rewriting_aof() {
            return Err(reply::REWRITE_IN_PROGRESS);
        }
        match &mut self.storage.aof {
            None => {
                self.begin_aof(now, effects);
                if let Some(aof) = &mut self.storage.aof {
                    aof.ends_when_rewritten = true;
                }
            }
            Some(aof) => {
                aof.is_rewrite_scheduled = true;
                self.begin_scheduled_rewrite(now, effects);
                self.feed_aof(now, effects);
            }
        }
        Ok("Background append only file rewriting started")
    }

    /// The file has grown: perhaps by so much that it is to be rewritten.
    pub(super) fn check_growth(&mut self, now: Now, effects: &mut Effects) {
        let percentage = u64::from(self.config.auto_aof_rewrite_percentage);
        let is_too_early = self.storage.aof_stats.wait_until(now).is_some();
        let Some(aof) = &mut self.storage.aof else { return };
        let bytes = aof.bytes();
        if percentage == 0 || bytes <= self.config.auto_aof_rewrite_min_size || aof.rewrite.is_some() || is_too_early {
            return;
        }
        let base = aof.base_bytes.max(1);
        let growth = bytes.saturating_sub(base).saturating_mul(100) / base;
        if growth >= percentage && !aof.is_rewrite_scheduled {
            aof.is_rewrite_scheduled = true;
            self.marks.set(Mark::AofGrown);
            note(effects, Level::Notice, format!("Starting automatic rewriting of AOF on {growth}% growth"));
        }
    }

    pub(super) fn begin_scheduled_rewrite(&mut self, now: Now, effects: &mut Effects) {
        let Some(aof) = &self.storage.aof else { return };
        let is_free = aof.rewrite.is_none() && aof.opening.is_none() && aof.chain.is_none();
        if aof.is_rewrite_scheduled && is_free {
            self.begin_base(now, effects);
        }
    }

    /// Begins a base of the data that are here, and the increment behind it.
    pub(super) fn begin_base(&mut self, now: Now, effects: &mut Effects) {
        if self.is_loading() {
            return self.timers.set_no_later(Timer::Aof, now.mono.after(INTERVAL));
        }
        let Some(end) = self.storage.aof.as_ref().map(|aof| aof.reach(self.history.offset())) else { return };
        let (form, snapshot) = if self.config.aof_use_rdb_preamble {
            self.mark(Mark::AofBaseRdb);
            let (header, rules) = self.base_header(now);
            (BaseForm::Rdb, self.keyspace.begin_snapshot(header, rules))
        } else {
            self.mark(Mark::AofBaseCommands);
            (BaseForm::Commands, self.keyspace.begin_snapshot(Vec::new(), SnapshotForm::Commands))
        };
        let temporary = temporary_base(self.environment.process_id);
        let opening = self.plan_opening(end);
        let Some(aof) = &mut self.storage.aof else { return };
        let base = Part::base(&self.config.appendfilename, aof.next_base, form);
        aof.next_base += 1;
        aof.is_rewrite_scheduled = false;
        aof.rewrite = Some(Rewrite {
            begun_at: now.mono,
            base,
            seals: form == BaseForm::Commands,
            increment: opening.part.sequence,
            snapshot: Some(snapshot),
            temporary: temporary.clone(),
            pending: 1,
            bytes: 0,
            unsynced_bytes: 0,
            is_counted: true,
        });
        aof.opening = Some(opening);
        self.aof_disk(AofErrand::Base, DiskOp::Create { file: temporary }, effects);
        note(effects, Level::Notice, "Background append only file rewriting started");
        self.feed_aof(now, effects);
    }

    /// An increment that goes on from `end`, where everything is now.
    fn plan_opening(&mut self, end: Reach) -> Opening {
        let database = self.history.log.as_ref().and_then(Log::database);
        let place = Position { history: self.history.id, offset: end.offset };
        let appendfilename = &self.config.appendfilename;
        let part = match &mut self.storage.aof {
            Some(aof) => aof.number_increment(appendfilename),
            None => Part::increment(appendfilename, 1),
        };
        let stream = Stream::new(in_directory(&self.config, &part.name), 0, end);
        Opening { at: end, part, stream, place, database, not_before: None }
    }

    /// Goes on in a new increment from here, which the files that are there lead up to.
    pub(super) fn begin_increment(&mut self, now: Now, effects: &mut Effects) {
        let Some(end) = self.storage.aof.as_ref().map(|aof| aof.reach(self.history.offset())) else { return };
        let opening = self.plan_opening(end);
        if let Some(aof) = &mut self.storage.aof {
            aof.opening = Some(opening);
        }
        self.feed_aof(now, effects);
    }

    /// Once all that belongs to the old increment is in it, the new one is opened, and named if it goes on from the old one.
    pub(super) fn open_next_increment(&mut self, now: Now, effects: &mut Effects) {
        if self.has(Defect::PositionBeyondData) {
            self.place_opening_at_end();
        }
        let Some(aof) = &self.storage.aof else { return };
        let Some(opening) = &aof.opening else { return };
        let is_drained = aof.stream.as_ref().is_none_or(|stream| stream.is_drained(opening.at));
        if aof.chain.is_some() || !is_drained {
            return;
        }
        if let Some(not_before) = opening.not_before.filter(|not_before| now.mono < *not_before) {
            return self.timers.set_no_later(Timer::Aof, not_before);
        }
        let directory = self.config.appenddirname.clone();
        let mut ops = alloc::vec![
            DiskOp::CreateDirectory { directory: directory.clone() },
            DiskOp::SyncDirectory { directory: String::new() },
        ];
        // What others go on from must be whole.
        let must_sync = !self.has(Defect::OldIncrementNotSynced);
        if let Some(old) = aof.stream.as_ref().filter(|stream| !stream.is_synced() && must_sync) {
            ops.push(DiskOp::Sync { file: old.file.clone() });
        }
        let file = opening.stream.file.clone();
        let bytes = opening.head();
        ops.push(DiskOp::Create { file: file.clone() });
        ops.push(DiskOp::Append { file: file.clone(), bytes });
        ops.push(DiskOp::Sync { file });
        if aof.standing == Standing::Current {
            let mut next = aof.manifest.clone();
            next.increments.push(opening.part.clone());
            ops.extend(self.write_manifest(&next));
        }
        self.begin_chain(Goal::Opened, ops, effects);
    }

    /// The increment that is to follow tells a place that its data are not at. A mistake, which nobody makes but on purpose.
    fn place_opening_at_end(&mut self) {
        let offset = self.history.offset();
        if let Some(aof) = self.storage.aof.as_mut().filter(|aof| aof.chain.is_none())
            && let Some(opening) = &mut aof.opening
        {
            opening.place.offset = offset;
        }
    }

    pub(super) fn on_opened(&mut self, now: Now, effects: &mut Effects) {
        let Some(aof) = &mut self.storage.aof else { return };
        let Some(opening) = aof.opening.take() else { return };
        let part = opening.part.clone();
        let stream = opening.into_stream();
        if aof.standing == Standing::Current {
            self.marks.set(Mark::AofIncrementNamed);
            aof.manifest.increments.push(part);
            aof.older_bytes = aof.bytes();
        } else {
            aof.unnamed = Some(part);
        }
        aof.stream = Some(stream);
        aof.is_well_again(effects);
        // A sync of the old increment that is under way tells nothing of the new one; what it was about is synced, since the new one goes on from there.
        self.storage.errands.retain(|_, errand| *errand != Errand::Aof(AofErrand::Sync));
        self.release_held(effects);
        self.tell_of_synced(now, effects);
    }

    /// The manifest may name the new increment, so there is no way but forward. If it may, that file stays as it is, and the next attempt makes another:
    /// it is not whole while it is made.
    pub(super) fn opening_failed(&mut self, failure: DiskFailure, may_be_named: bool, now: Now, effects: &mut Effects) {
        let Some(aof) = &mut self.storage.aof else { return };
        let another = may_be_named.then(|| aof.number_increment(&self.config.appendfilename));
        let Some(opening) = &mut aof.opening else { return };
        if let Some(part) = another {
            opening.stream.file = in_directory(&self.config, &part.name);
            aof.manifest.history.push(core::mem::replace(&mut opening.part, part));
        }
        let not_before = now.mono.after(INTERVAL);
        opening.not_before = Some(not_before);
        note(effects, Level::Warning, format!("Can't open the append-only file {}: {failure}", opening.part.name));
        aof.failure = Some(failure);
        self.timers.set_no_later(Timer::Aof, not_before);
    }

    pub(in crate::node) fn rewrite_can_advance(&self) -> bool {
        let rewrite = self.storage.aof.as_ref().and_then(|aof| aof.rewrite.as_ref());
        rewrite.is_some_and(|rewrite| rewrite.snapshot.is_some() && rewrite.pending < APPENDS_MAX)
    }

    /// Makes about `units` keys more of the base.
    pub(in crate::node) fn work_on_rewrite(&mut self, units: usize, effects: &mut Effects) {
        if !self.rewrite_can_advance() {
            return;
        }
        let Some(rewrite) = self.storage.aof.as_mut().and_then(|aof| aof.rewrite.as_mut()) else { return };
        let Some(snapshot) = rewrite.snapshot else { return };
        let Some((bytes, is_last)) = self.keyspace.next_snapshot_piece(snapshot, units, APPEND_BYTES) else { return };
        let bytes = if rewrite.seals { Bytes::from(Seal::wrap(&bytes, 0)) } else { bytes };
        rewrite.bytes += bytes.len() as u64;
        rewrite.unsynced_bytes += bytes.len() as u64;
        rewrite.pending += 1;
        let file = rewrite.temporary.clone();
        let syncs = rewrite.unsynced_bytes >= SYNC_BYTES && self.config.aof_rewrite_incremental_fsync;
        if syncs {
            rewrite.unsynced_bytes = 0;
            rewrite.pending += 1;
        }
        if is_last {
            rewrite.snapshot = None;
        }
        self.aof_disk(AofErrand::Base, DiskOp::Append { file: file.clone(), bytes }, effects);
        if syncs {
            self.aof_disk(AofErrand::Base, DiskOp::Sync { file }, effects);
        }
    }

    pub(super) fn on_base_step(&mut self, outcome: DiskOutcome, now: Now, effects: &mut Effects) {
        let Some(rewrite) = self.storage.aof.as_mut().and_then(|aof| aof.rewrite.as_mut()) else { return };
        if let DiskOutcome::Failed(failure) = outcome {
            return self.rewrite_failed(&failure, now, effects);
        }
        rewrite.pending -= 1;
        self.finish_base(effects);
    }

    /// The base is handed over and the increment is there: both are named, and what they replace is not any more.
    pub(super) fn finish_base(&mut self, effects: &mut Effects) {
        let Some(aof) = &self.storage.aof else { return };
        let Some(rewrite) = &aof.rewrite else { return };
        let is_ready = aof.opening.is_none() && rewrite.snapshot.is_none() && rewrite.pending == 0;
        if !is_ready || aof.chain.is_some() {
            return;
        }
        let next = aof.manifest_after(rewrite);
        let (from, to) = (rewrite.temporary.clone(), in_directory(&self.config, &rewrite.base.name));
        let mut ops = alloc::vec![
            DiskOp::Sync { file: from.clone() },
            DiskOp::Rename { from, to },
            DiskOp::SyncDirectory { directory: self.config.appenddirname.clone() },
        ];
        if self.has(Defect::HistoryRemovedFirst) {
            ops.extend(next.history.iter().map(|part| DiskOp::Remove { file: in_directory(&self.config, &part.name) }));
        }
        ops.extend(self.write_manifest(&next));
        self.begin_chain(Goal::Rewritten, ops, effects);
    }

    pub(super) fn on_rewritten(&mut self, now: Now, effects: &mut Effects) {
        let Some(aof) = &mut self.storage.aof else { return };
        let Some(rewrite) = aof.rewrite.take() else { return };
        self.marks.set(Mark::AofRewritten);
        aof.manifest = aof.manifest_after(&rewrite);
        aof.unnamed = None;
        aof.older_bytes = rewrite.bytes;
        aof.base_bytes = aof.bytes();
        aof.standing = Standing::Current;
        aof.is_well_again(effects);
        let is_done_with = aof.ends_when_rewritten;
        let took = now.mono.since(rewrite.begun_at);
        if rewrite.is_counted {
            self.storage.aof_stats.succeeded(took);
        }
        let text = format!(
            "Background AOF rewrite finished successfully ({} bytes in {} ms)",
            rewrite.bytes,
            took.as_millis()
        );
        note(effects, Level::Notice, text);
        self.clean_up(effects);
        self.release_held(effects);
        self.tell_of_synced(now, effects);
        if is_done_with {
            self.end_aof(now, effects);
        }
    }

    /// Removes what is not needed any more.
    pub(super) fn clean_up(&mut self, effects: &mut Effects) {
        let Some(aof) = &self.storage.aof else { return };
        if aof.manifest.history.is_empty() || self.config.aof_disable_auto_gc {
            return;
        }
        let files = aof.manifest.history.iter().map(|part| in_directory(&self.config, &part.name));
        let mut ops: Vec<DiskOp> = files.map(|file| DiskOp::Remove { file }).collect();
        let mut next = aof.manifest.clone();
        next.history.clear();
        ops.extend(self.write_manifest(&next));
        self.begin_chain(Goal::Cleaned, ops, effects);
    }

    /// The new base is given up, and tried again later. The old files go on, with the new increment behind them if it is named.
    pub(super) fn rewrite_failed(&mut self, failure: &DiskFailure, now: Now, effects: &mut Effects) {
        note(effects, Level::Warning, format!("Background AOF rewrite terminated with an error: {failure}"));
        self.mark(Mark::AofRewriteFailed);
        self.abandon_rewrite(now, effects);
        let Some(aof) = &mut self.storage.aof else { return };
        if matches!(aof.standing, Standing::Until(_)) {
            aof.failure = Some(failure.clone());
        }
        let is_current = aof.standing == Standing::Current;
        // An increment that cannot be appended to is tried again by itself, whatever becomes of the base.
        let refuses_for_it = !is_current && self.config.appendonly && aof.failure.is_some();
        let wait_max = if refuses_for_it { RETRY_MAX_WHILE_REFUSING } else { RETRY_MAX };
        let stats = &mut self.storage.aof_stats;
        let wait = back_off(stats.failed(), INTERVAL, wait_max, &mut self.random);
        stats.not_before = Some(now.mono.after(wait));
        if is_current {
            return;
        }
        // These data are nowhere yet: there is nothing to go on from.
        self.let_go_of_files(now, effects);
        self.timers.set_no_later(Timer::Aof, now.mono.after(wait));
    }

    /// Gives up a base that is being written.
    pub(super) fn abandon_rewrite(&mut self, now: Now, effects: &mut Effects) {
        let Some(aof) = &mut self.storage.aof else { return };
        let Some(rewrite) = aof.rewrite.take() else { return };
        let is_being_named = aof.chain.take_if(|chain| chain.goal == Goal::Rewritten).is_some();
        // The manifest may name it nevertheless.
        aof.manifest.history.push(rewrite.base);
        self.storage.aof_stats.ended(now.mono.since(rewrite.begun_at));
        self.storage.errands.retain(|_, errand| match errand {
            Errand::Aof(AofErrand::Base) => false,
            Errand::Aof(AofErrand::Chain) => !is_being_named,
            _ => true,
        });
        if let Some(snapshot) = rewrite.snapshot {
            self.keyspace.end_snapshot(snapshot);
        }
        self.disk(Errand::Nothing, DiskOp::Remove { file: rewrite.temporary }, effects);
    }
}

impl Opening {
    /// The stream behind what it begins with.
    pub(super) fn into_stream(self) -> Stream {
        let head_bytes = self.head().len() as u64;
        let mut stream = self.stream;
        stream.opened(head_bytes);
        stream
    }

    /// What it begins with. It is synced before the file is named, so that what is torn later can be told from a file that is not ours.
    fn head(&self) -> Bytes {
        let mut body = Vec::new();
        if let Some(database) = self.database {
            let mut command = Vec::new();
            push_select(&mut command, database);
            FileMark::Own(command.len() as u64).push(&mut body);
            body.extend_from_slice(&command);
        }
        FileMark::Position(self.place).push(&mut body);
        Bytes::from(Seal::wrap(&body, 0))
    }
}

impl Aof {
    /// What the manifest says once the new base is there.
    fn manifest_after(&self, rewrite: &Rewrite) -> Manifest {
        let mut next = self.manifest.after_rewrite(rewrite.base.clone(), rewrite.bytes, rewrite.increment);
        next.increments.extend(self.unnamed.clone());
        next
    }
}
