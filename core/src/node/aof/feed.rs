//! From the log to the disk: batches are appended, and synced as `appendfsync` says.
//!
//! What could not be appended is cut off again and tried once more every second, and writes are refused meanwhile. A sync that failed is another
//! matter: nobody knows what of the file is on the disk, so all data are written anew, to other files.

use alloc::format;

use crate::config::AppendFsync;
use crate::marks::Mark;
use crate::museum::Defect;
use crate::port::{DiskFailure, DiskOp, DiskOutcome, Effects, Level, Now};

use super::super::Node;
use super::super::timers::Timer;
use super::stream::Stream;
use super::{Aof, AofErrand, INTERVAL, Standing, note};

/// If so many bytes of the log are held for a disk that does not take them, they are given up: all data are written anew once the disk is well again.
/// As much as that would be a new base for most data sets anyway.
const HELD_BYTES_MAX: u64 = 1 << 30;

impl Node {
    /// The log has grown, by whole units.
    #[inline]
    pub(in crate::node) fn note_unit_end(&mut self, now: Now, effects: &mut Effects) {
        let end = self.history.offset();
        let Some(aof) = &mut self.storage.aof else { return };
        if let Some(stream) = aof.last_stream_mut()
            && stream.unit_ended(end)
        {
            self.bound_held_log(end, now, effects);
        }
    }

    /// True if there is something to be written and the disk is free for it. That is background work, so that everything that happened in a turn of the
    /// driver becomes one batch, and one sync.
    #[inline]
    pub(in crate::node) fn aof_can_be_fed(&self) -> bool {
        let (Some(aof), Some(reach)) = (&self.storage.aof, self.aof_reach()) else { return false };
        let end = aof.stream_goes_to(reach.offset);
        aof.stream.as_ref().is_some_and(|stream| stream.has_next_batch(end))
    }

    /// What the stream has grown by becomes a batch, if the disk is free for one; what was appended is synced when it is time.
    pub(in crate::node) fn feed_aof(&mut self, now: Now, effects: &mut Effects) {
        let Some(reach) = self.aof_reach() else { return };
        let (Some(aof), Some(log)) = (&mut self.storage.aof, &self.history.log) else { return };
        if aof.stream.as_ref().is_some_and(Stream::is_appending) {
            return;
        }
        let stamp = self.config.aof_timestamp_enabled.then(|| now.wall.seconds());
        let end = aof.stream_goes_to(reach.offset);
        if let Some(stream) = &mut aof.stream
            && let Some(bytes) = stream.next_batch(log, end, stamp)
        {
            let file = stream.file.clone();
            self.aof_disk(AofErrand::Append, DiskOp::Append { file, bytes }, effects);
            // What the file has is not kept for it.
            self.trim_log();
        }
        self.open_next_increment(now, effects);
        self.sync_aof_if_due(now, effects);
        self.finish_base(effects);
        self.begin_scheduled_rewrite(now, effects);
    }

    /// The log must not grow for ever because a disk does not take it.
    #[cold]
    fn bound_held_log(&mut self, end: u64, now: Now, effects: &mut Effects) {
        let from = self.aof_needs_log_from().unwrap_or(end);
        if end.saturating_sub(from) <= HELD_BYTES_MAX {
            return;
        }
        let failure = self.storage.aof.as_ref().and_then(|aof| aof.failure.clone());
        let failure = failure.unwrap_or_else(|| DiskFailure::Other("the disk does not keep up".into()));
        let text = format!(
            "The AOF file is {} MB behind ({failure}). All data are written anew once the disk is well again.",
            (end - from) >> 20
        );
        note(effects, Level::Warning, text);
        self.renew_aof(failure, now, effects);
    }

    pub(super) fn on_batch_appended(&mut self, outcome: DiskOutcome, now: Now, effects: &mut Effects) {
        let Some(aof) = &mut self.storage.aof else { return };
        let Some(stream) = &mut aof.stream else { return };
        match outcome {
            DiskOutcome::Failed(failure) => {
                note(effects, Level::Warning, format!("Error writing to the AOF file: {failure}"));
                stream.batch_failed();
                aof.failure = Some(failure);
                self.timers.set_no_later(Timer::Aof, now.mono.after(INTERVAL));
            }
            _ => {
                stream.batch_appended();
                aof.is_well_again(effects);
                self.release_held(effects);
                self.check_growth(now, effects);
                self.feed_aof(now, effects);
            }
        }
    }

    /// After a failure: what was written in part is cut off.
    fn repair_aof(&mut self, now: Now, effects: &mut Effects) {
        if self.has(Defect::PartialAppendLeft) {
            return self.on_aof_repaired(DiskOutcome::Done, now, effects);
        }
        let Some(stream) = self.storage.aof.as_ref().and_then(|aof| aof.stream.as_ref()) else { return };
        let op = DiskOp::Truncate { file: stream.file.clone(), len: stream.len() };
        self.aof_disk(AofErrand::Repair, op, effects);
    }

    pub(super) fn on_aof_repaired(&mut self, outcome: DiskOutcome, now: Now, effects: &mut Effects) {
        let Some(aof) = &mut self.storage.aof else { return };
        if let DiskOutcome::Failed(failure) = outcome {
            aof.failure = Some(failure);
            return self.timers.set_no_later(Timer::Aof, now.mono.after(INTERVAL));
        }
        let Some(stream) = &mut aof.stream else { return };
        let Some(bytes) = stream.batch_again() else { return };
        self.marks.set(Mark::AofAppendedAgain);
        let file = stream.file.clone();
        self.aof_disk(AofErrand::Append, DiskOp::Append { file, bytes }, effects);
    }

    fn sync_aof_if_due(&mut self, now: Now, effects: &mut Effects) {
        let is_held_off =
            self.config.no_appendfsync_on_rewrite && (self.is_rewriting_aof() || self.storage.save.is_some());
        let is_ending = self.is_ending();
        let Some(aof) = &mut self.storage.aof else { return };
        let can_tell = aof.can_tell_synced();
        let Some(stream) = &mut aof.stream else { return };
        if !stream.will_need_sync() {
            // A file at rest tells that all of it is on the disk.
            if is_ending && can_tell {
                self.tell_synced(effects);
            }
            return;
        }
        let due = match self.config.appendfsync {
            _ if is_ending => now.mono,
            AppendFsync::No => return,
            _ if is_held_off => return,
            AppendFsync::Always => now.mono,
            AppendFsync::Everysec if !stream.needs_sync() => return,
            AppendFsync::Everysec => aof.last_sync_at.after(INTERVAL),
        };
        if due > now.mono {
            if !self.has(Defect::TailNotSynced) {
                self.timers.set_no_later(Timer::Aof, due);
            }
            return;
        }
        if stream.is_syncing() {
            if !core::mem::replace(&mut aof.is_sync_delayed, true) {
                self.storage.aof_stats.delayed_syncs += 1;
            }
            return;
        }
        aof.last_sync_at = now.mono;
        aof.is_sync_delayed = false;
        stream.sync_begun();
        let file = stream.file.clone();
        self.aof_disk(AofErrand::Sync, DiskOp::Sync { file }, effects);
    }

    pub(super) fn on_aof_synced(&mut self, outcome: DiskOutcome, now: Now, effects: &mut Effects) {
        let is_believed_next_time = self.has(Defect::FailedSyncIgnored);
        let Some(aof) = &mut self.storage.aof else { return };
        let Some(stream) = &mut aof.stream else { return };
        if matches!(outcome, DiskOutcome::Failed(_)) && is_believed_next_time {
            stream.sync_gone_wrong();
            return self.timers.set_no_later(Timer::Aof, now.mono.after(INTERVAL));
        }
        if let DiskOutcome::Failed(failure) = outcome {
            return self.give_up_after_failed_sync(failure, now, effects);
        }
        stream.sync_ended();
        if stream.has_news() {
            self.timers.set_no_later(Timer::Aof, now.mono.after(INTERVAL));
        }
        self.release_held(effects);
        self.feed_aof(now, effects);
        self.tell_of_synced(now, effects);
    }

    pub(super) fn give_up_after_failed_sync(&mut self, failure: DiskFailure, now: Now, effects: &mut Effects) {
        let text = format!(
            "Fail to fsync the AOF file: {failure}. What of it is on the disk is not known: all data are written anew, to other files."
        );
        note(effects, Level::Warning, text);
        self.mark(Mark::AofSyncFailed);
        self.renew_aof(failure, now, effects);
    }

    /// What is in the files cannot be relied on, or not be continued: all data are written anew. What was promised is kept until they are there.
    pub(super) fn renew_aof(&mut self, failure: DiskFailure, now: Now, effects: &mut Effects) {
        let Some(aof) = &mut self.storage.aof else { return };
        if let Some(durable) = aof.durable() {
            aof.standing = Standing::Until(durable);
        }
        aof.failure = Some(failure);
        self.let_go_of_files(now, effects);
        self.timers.set_no_later(Timer::Aof, now.mono.after(INTERVAL));
    }

    /// Something may be due: a sync, or another attempt.
    pub(in crate::node) fn on_aof_timer(&mut self, now: Now, effects: &mut Effects) {
        let Some(aof) = &self.storage.aof else { return };
        match &aof.stream {
            // The sync that was asked for with it is not over.
            Some(stream) if stream.has_failed() && stream.is_syncing() => {
                self.timers.set(Timer::Aof, now.mono.after(INTERVAL));
            }
            Some(stream) if stream.has_failed() => self.repair_aof(now, effects),
            Some(_) if aof.can_tell_synced() => self.tell_synced(effects),
            None if aof.rewrite.is_none() => match self.storage.aof_stats.wait_until(now) {
                Some(not_before) => self.timers.set_no_later(Timer::Aof, not_before),
                None => self.begin_base(now, effects),
            },
            _ => self.feed_aof(now, effects),
        }
    }

    /// Nothing has been written for a while: the file itself is to tell that all of it is on the disk.
    fn tell_synced(&mut self, effects: &mut Effects) {
        let Some(stream) = self.storage.aof.as_mut().and_then(|aof| aof.stream.as_mut()) else { return };
        let op = DiskOp::Append { file: stream.file.clone(), bytes: stream.tell_synced() };
        self.aof_disk(AofErrand::Append, op, effects);
    }
}

impl Aof {
    /// True if the file may tell that it is synced, and does not yet. Nothing is added to an increment that others are about to go on from.
    fn can_tell_synced(&self) -> bool {
        let stream = self.stream.as_ref().filter(|_| self.opening.is_none());
        stream.is_some_and(|stream| stream.has_news() && !stream.is_appending())
    }

    /// True if the file is about to tell that it is synced. What cannot be told is not waited for.
    pub(super) fn has_something_to_tell(&self) -> bool {
        let stream = self.stream.as_ref().filter(|_| self.opening.is_none());
        stream.is_some_and(|stream| stream.has_news() || (stream.is_appending() && !stream.has_failed()))
    }

    /// The disk has taken something again.
    pub(super) fn is_well_again(&mut self, effects: &mut Effects) {
        if self.failure.is_some() && !matches!(self.standing, Standing::Until(_)) {
            self.failure = None;
            note(effects, Level::Warning, "AOF write error looks solved. The server can write again.");
        }
    }
}
