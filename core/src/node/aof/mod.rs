//! The append-only file of a node: what is written becomes part of it, in the order of the stream.
//!
//! It is one more reader of the replication log, as replicas are; so there is a log as long as there is a file, and the bytes are those of the stream,
//! so that the file always knows at which place of which history its data are.
//!
//! | what | where |
//! | --- | --- |
//! | what is written to one increment, and how far it has come | `stream` |
//! | appending, syncing, what is done about a disk that fails | `feed` |
//! | what clients write into a replica | `own` |
//! | what must not leave before the disk has it | `promise` |
//! | a new base, and the increment that goes on from it | `rewrite` |
//! | read back at start | `replay`, `restore` |
//! | what INFO tells | `told` |

mod feed;
mod own;
mod part_end;
mod promise;
mod replay;
mod restore;
mod rewrite;
mod stream;
#[cfg(test)]
mod tests;
mod told;

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;

use bytes::Bytes;

use crate::config::Config;
use crate::marks::Mark;
use crate::museum::Defect;
use crate::persistence::aof::{Manifest, Part, manifest_name};
use crate::port::{ConnId, DiskFailure, DiskOp, DiskOutcome, Effects, FileName, Level, Mono, Now};
use crate::replication::{Position, ReplicationId};

use super::Node;
use super::storage::Errand;
use super::timers::Timer;

pub(super) use restore::Restore;
use rewrite::{Opening, Rewrite};
pub(super) use stream::Reach;
use stream::{Insert, Stream};
pub(crate) use told::AofStats;

/// With `appendfsync everysec`, and between attempts after a failure.
const INTERVAL: Duration = Duration::from_secs(1);

/// What a disk operation of the append-only file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AofErrand {
    /// A batch is appended.
    Append,
    /// The increment is synced.
    Sync,
    /// What was written in part is cut off.
    Repair,
    /// A piece of a base.
    Base,
    /// A step of a chain.
    Chain,
    /// Part of what is read at start, or what is put right before it can be.
    Restore,
}

/// What a chain of operations, of which each waits for the one before, leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Goal {
    /// The next increment is there.
    Opened,
    /// The new base is there and named.
    Rewritten,
    /// What is not needed any more is gone.
    Cleaned,
}

/// Operations of which each waits for the one before. The first of them is under way.
#[derive(Clone, Debug)]
struct Chain {
    goal: Goal,
    ops: VecDeque<DiskOp>,
}

/// What the files that the manifest names hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// These data, up to what the stream has come to.
    Current,
    /// What was durable before syncing failed, or before there was an append-only file: a base of these data is on its way, and what was promised is
    /// kept until it is there.
    Until(Reach),
    /// Other data, or none: a base of these is on its way. Nothing is promised yet.
    Other,
}

/// The append-only file.
#[derive(Clone, Debug)]
pub(crate) struct Aof {
    /// As it is on the disk, as far as that is known; what failed attempts may have left is named as not needed.
    manifest: Manifest,
    /// Numbers are never used twice: a manifest that could not be written for certain may be there nevertheless.
    next_base: i64,
    next_increment: i64,
    standing: Standing,
    /// What was put in beside the stream so far.
    inserted: u64,
    /// The increment that is written; none until the first is there.
    stream: Option<Stream>,
    /// That increment, if the manifest does not name it yet.
    unnamed: Option<Part>,
    /// The increment that is to follow.
    opening: Option<Opening>,
    rewrite: Option<Rewrite>,
    is_rewrite_scheduled: bool,
    /// There is no append-only file to be kept, but the rewrite was asked for.
    ends_when_rewritten: bool,
    chain: Option<Chain>,
    /// Why it cannot be written, while it cannot.
    failure: Option<DiskFailure>,
    last_sync_at: Mono,
    /// A sync was due and had to wait for the one before.
    is_sync_delayed: bool,
    /// Connections with replies that wait for the file to come to where this number says, in order.
    holding: VecDeque<(u64, ConnId)>,
    /// Bytes of all that would be loaded, after the last rewrite or at start.
    base_bytes: u64,
    /// Bytes of the parts before the increment that is written.
    older_bytes: u64,
}

impl Aof {
    /// The parts that come get numbers from `number` on, or above those that there are.
    fn new(manifest: Manifest, number: i64, standing: Standing, now: Now) -> Aof {
        Aof {
            next_base: manifest.next_base_sequence().max(number),
            next_increment: manifest.next_increment_sequence().max(number),
            manifest,
            standing,
            inserted: 0,
            stream: None,
            unnamed: None,
            opening: None,
            rewrite: None,
            is_rewrite_scheduled: false,
            ends_when_rewritten: false,
            chain: None,
            failure: None,
            last_sync_at: now.mono,
            is_sync_delayed: false,
            holding: VecDeque::new(),
            base_bytes: 0,
            older_bytes: 0,
        }
    }

    /// How much is on the disk and would be loaded; none if these data would not.
    fn durable(&self) -> Option<Reach> {
        match self.standing {
            Standing::Current => {
                let loaded = self.opening.as_ref().map(|opening| opening.at);
                self.stream.as_ref().map(Stream::synced).or(loaded)
            }
            Standing::Until(reach) => Some(reach),
            Standing::Other => None,
        }
    }

    /// The stream that comes last: what happens now belongs to it.
    fn last_stream_mut(&mut self) -> Option<&mut Stream> {
        self.opening.as_mut().map(|opening| &mut opening.stream).or(self.stream.as_mut())
    }

    /// How far everything has come, the log's end being `end`.
    #[inline]
    fn reach(&self, end: u64) -> Reach {
        Reach { offset: end, inserted: self.inserted }
    }

    fn insert(&mut self, offset: u64, insert: Insert) {
        self.inserted += insert.weight();
        if let Some(stream) = self.last_stream_mut() {
            stream.insert(offset, insert);
        }
    }

    /// The offset up to which the increment that is written goes on, if the file is to come to `end`.
    #[inline]
    fn stream_goes_to(&self, end: u64) -> u64 {
        self.opening.as_ref().map_or(end, |opening| opening.at.offset.min(end))
    }

    /// The offset from which the log is needed.
    fn needs_log_from(&self) -> Option<u64> {
        let opening = self.opening.as_ref().map(|opening| &opening.stream);
        self.stream.iter().chain(opening).map(Stream::needs_log_from).min()
    }

    /// The offset up to which the stream is in the file.
    fn appended_offset(&self) -> Option<u64> {
        let opening = self.opening.as_ref().map(|opening| opening.at);
        self.stream.as_ref().map(Stream::appended).or(opening).map(|reach| reach.offset)
    }

    /// What is being written is not continued. Whether the manifest names it is not known.
    fn drop_streams(&mut self) {
        self.stream = None;
        self.chain = None;
        let opening = self.opening.take().map(|opening| opening.part);
        self.manifest.history.extend(self.unnamed.take().into_iter().chain(opening));
    }

    /// The manifest may name the increment that is to follow: it is being put into its place, or that is done.
    fn may_be_named(&self) -> bool {
        let names = |op: &DiskOp| matches!(op, DiskOp::Rename { .. });
        let is_past_naming = |chain: &Chain| chain.goal == Goal::Opened && !chain.ops.iter().skip(1).any(names);
        self.standing == Standing::Current && self.chain.as_ref().is_some_and(is_past_naming)
    }

    /// The next increment, which has a number of its own.
    fn number_increment(&mut self, appendfilename: &str) -> Part {
        let part = Part::increment(appendfilename, self.next_increment);
        self.next_increment += 1;
        part
    }

    /// The stream that a load would end with: the increment that is to follow as soon as the manifest may name it, with what happened since that was planned.
    fn take_last_loaded(&mut self) -> Option<Stream> {
        let may_be_named = self.may_be_named();
        let Some(opening) = self.opening.take() else { return self.stream.take() };
        if may_be_named {
            return Some(opening.into_stream());
        }
        self.stream.take().map(|stream| stream.with_inserts_of(opening.stream))
    }

    /// Bytes of all files that would be loaded.
    fn bytes(&self) -> u64 {
        self.older_bytes + self.stream.as_ref().map_or(0, Stream::len)
    }
}

impl Node {
    /// Begins an append-only file with the data that are here (CONFIG SET appendonly yes). Nothing is promised before all of them are written.
    pub(in crate::node) fn begin_aof(&mut self, now: Now, effects: &mut Effects) {
        if let Some(aof) = &mut self.storage.aof {
            // One is being written already, because BGREWRITEAOF has asked for it: it is kept now.
            aof.ends_when_rewritten = false;
            return;
        }
        if self.history.log.is_none() {
            // What has been written since there is no log has moved no offset, and a snapshot may have been taken meanwhile.
            self.create_log();
        }
        self.begin_aof_with(Standing::Other, now, effects);
    }

    /// The same at start, if there was none. What is written from here on is promised.
    pub(in crate::node) fn begin_aof_at_start(&mut self, now: Now, effects: &mut Effects) {
        if self.history.log.is_none() {
            self.history.begin_log_here(self.config.repl_backlog_size);
            self.audit_boundary();
        }
        let durable = Reach { offset: self.history.offset(), inserted: 0 };
        self.begin_aof_with(Standing::Until(durable), now, effects);
        if let Some(rewrite) = self.storage.aof.as_mut().and_then(|aof| aof.rewrite.as_mut()) {
            rewrite.is_counted = false;
        }
    }

    fn begin_aof_with(&mut self, standing: Standing, now: Now, effects: &mut Effects) {
        self.timers.stop(Timer::BacklogTtl);
        let manifest = core::mem::take(&mut self.storage.aof_manifest);
        self.storage.aof = Some(Box::new(Aof::new(manifest, self.storage.aof_number, standing, now)));
        self.begin_base(now, effects);
    }

    /// Ends the append-only file (CONFIG SET appendonly no): what there is of it is completed, as far as the disk pleases.
    pub(in crate::node) fn end_aof(&mut self, now: Now, effects: &mut Effects) {
        self.abandon_rewrite(now, effects);
        let Some(mut aof) = self.storage.aof.take() else { return };
        self.forget_aof_errands();
        if let (Some(stream), Some(log), None) = (&mut aof.take_last_loaded(), &self.history.log, &aof.failure) {
            let mut ops = Vec::new();
            // What was handed over before comes first.
            stream.batch_appended();
            while let Some(bytes) = stream.next_batch(log, log.end(), None) {
                self.marks.set(Mark::AofCompleted);
                ops.push(DiskOp::Append { file: stream.file.clone(), bytes });
                stream.batch_appended();
            }
            ops.push(DiskOp::Sync { file: stream.file.clone() });
            for op in ops {
                self.disk(Errand::Nothing, op, effects);
            }
        }
        self.timers.stop(Timer::Aof);
        self.storage.aof_manifest = aof.manifest;
        self.release_all_held(aof.holding, effects);
        self.arm_backlog_ttl(now);
        // What waited for the file.
        self.trim_log();
    }

    /// The history has another name from here on.
    pub(in crate::node) fn fork_history(&mut self, id: ReplicationId) {
        self.history.fork(id);
        self.note_place();
    }

    /// The same, by its writer, who may have been ahead of us.
    pub(in crate::node) fn rename_history(&mut self, id: ReplicationId) {
        self.history.rename(id);
        self.note_place();
    }

    /// The file is to tell which history the data are in from here on.
    pub(in crate::node) fn note_place(&mut self) {
        let Position { history, offset } = self.history.position();
        if let Some(aof) = &mut self.storage.aof {
            aof.insert(offset, Insert::Place(history));
        }
    }

    /// Another data set is about to take the place of ours: what is in the files stays there, and nothing is added to it.
    pub(in crate::node) fn detach_aof(&mut self, now: Now, effects: &mut Effects) {
        if self.storage.aof.is_none() {
            return;
        }
        self.let_go_of_files(now, effects);
        let Some(aof) = &mut self.storage.aof else { return };
        aof.standing = Standing::Other;
        let holding = core::mem::take(&mut aof.holding);
        self.release_all_held(holding, effects);
        self.timers.set_no_later(Timer::Aof, now.mono.after(INTERVAL));
    }

    /// Nothing that is being written is continued, and nobody waits for the disk operations that are under way.
    fn let_go_of_files(&mut self, now: Now, effects: &mut Effects) {
        self.abandon_rewrite(now, effects);
        self.forget_aof_errands();
        if let Some(aof) = &mut self.storage.aof {
            aof.drop_streams();
        }
    }

    /// The data set has taken the place of ours: all of it is written.
    pub(in crate::node) fn attach_aof(&mut self, now: Now, effects: &mut Effects) {
        if self.storage.aof.is_some() {
            self.begin_base(now, effects);
        }
    }

    /// The offset from which the file needs the log.
    pub(in crate::node) fn aof_needs_log_from(&self) -> Option<u64> {
        self.storage.aof.as_ref().and_then(|aof| aof.needs_log_from())
    }

    /// True if there is an append-only file, so that the log must stay.
    pub(in crate::node) fn has_aof(&self) -> bool {
        self.storage.aof.is_some()
    }

    /// How far the file has to come to hold all that has happened: while the node ends, all that had happened before that.
    #[inline]
    pub(in crate::node) fn aof_reach(&self) -> Option<Reach> {
        let now = self.storage.aof.as_ref()?.reach(self.history.offset());
        Some(self.shutdown.and_then(|shutdown| shutdown.flushes_up_to).unwrap_or(now))
    }

    fn aof_disk(&mut self, errand: AofErrand, op: DiskOp, effects: &mut Effects) {
        self.disk(Errand::Aof(errand), op, effects);
    }

    fn forget_aof_errands(&mut self) {
        self.storage.errands.retain(|_, errand| !matches!(errand, Errand::Aof(_)));
    }

    /// A disk operation of the append-only file is done.
    pub(in crate::node) fn on_aof_disk(
        &mut self,
        errand: AofErrand,
        outcome: DiskOutcome,
        now: Now,
        effects: &mut Effects,
    ) {
        match errand {
            AofErrand::Append => self.on_batch_appended(outcome, now, effects),
            AofErrand::Sync => self.on_aof_synced(outcome, now, effects),
            AofErrand::Repair => self.on_aof_repaired(outcome, now, effects),
            AofErrand::Base => self.on_base_step(outcome, now, effects),
            AofErrand::Chain => self.on_chain_step(outcome, now, effects),
            AofErrand::Restore => self.on_restore_step(outcome, now, effects),
        }
        // What waited for this.
        self.trim_log();
    }

    /// Writes a manifest in the place of the one that is there. All names in the directory are lasting before it is there, and afterwards.
    fn write_manifest(&self, manifest: &Manifest) -> Vec<DiskOp> {
        let name = manifest_name(&self.config.appendfilename);
        let temporary = in_directory(&self.config, &format!("temp_{name}"));
        let directory = self.config.appenddirname.clone();
        let mut ops = alloc::vec![
            DiskOp::Create { file: temporary.clone() },
            DiskOp::Append { file: temporary.clone(), bytes: Bytes::from(manifest.sealed_text()) },
        ];
        if !self.has(Defect::ManifestNotSynced) {
            ops.push(DiskOp::Sync { file: temporary.clone() });
        }
        ops.extend([
            DiskOp::SyncDirectory { directory: directory.clone() },
            DiskOp::Rename { from: temporary, to: in_directory(&self.config, &name) },
            DiskOp::SyncDirectory { directory },
        ]);
        ops
    }

    /// Begins a chain, unless one is under way.
    fn begin_chain(&mut self, goal: Goal, ops: Vec<DiskOp>, effects: &mut Effects) {
        let Some(aof) = &mut self.storage.aof else { return };
        if aof.chain.is_some() {
            return;
        }
        let Some(first) = ops.first().cloned() else { return };
        aof.chain = Some(Chain { goal, ops: ops.into() });
        self.aof_disk(AofErrand::Chain, first, effects);
    }

    fn on_chain_step(&mut self, outcome: DiskOutcome, now: Now, effects: &mut Effects) {
        let Some(aof) = &mut self.storage.aof else { return };
        let may_be_named = aof.may_be_named();
        let Some(chain) = &mut aof.chain else { return };
        let goal = chain.goal;
        let failure = match outcome {
            // What is to be removed may have gone before.
            DiskOutcome::Failed(DiskFailure::NotFound) if goal == Goal::Cleaned => None,
            DiskOutcome::Failed(failure) => Some(failure),
            _ => None,
        };
        let done = chain.ops.pop_front();
        if failure.is_none()
            && let Some(op) = chain.ops.front().cloned()
        {
            return self.aof_disk(AofErrand::Chain, op, effects);
        }
        aof.chain = None;
        let is_of_old = |op: &DiskOp| matches!(op, DiskOp::Sync { file } if aof.stream.as_ref().is_some_and(|old| old.file == *file));
        match (goal, failure) {
            (Goal::Opened, None) => self.on_opened(now, effects),
            // What the next increment was to go on from is not whole, and a sync that succeeds later tells nothing of what this one has lost.
            (Goal::Opened, Some(failure)) if done.as_ref().is_some_and(is_of_old) => {
                self.give_up_after_failed_sync(failure, now, effects)
            }
            (Goal::Opened, Some(failure)) => self.opening_failed(failure, may_be_named, now, effects),
            (Goal::Rewritten, None) => self.on_rewritten(now, effects),
            (Goal::Rewritten, Some(failure)) => self.rewrite_failed(&failure, now, effects),
            // What is left over is named in the manifest, and removed another time.
            (Goal::Cleaned, Some(_)) => {}
            (Goal::Cleaned, None) => aof.manifest.history.clear(),
        }
        self.feed_aof(now, effects);
    }
}

/// The name of a file in the directory of append-only files.
fn in_directory(config: &Config, name: &str) -> FileName {
    [&config.appenddirname, "/", name].concat()
}

fn note(effects: &mut Effects, level: Level, text: impl ToString) {
    effects.say(level, || text.to_string());
}

/// The name of a base that is being written, as in Redis.
fn temporary_base(process_id: u32) -> String {
    format!("temp-rewriteaof-bg-{process_id}.aof")
}
