//! How does a data set from our master reach us by way of a file?
//!
//! As in Redis, by default and wherever we have data and `repl-diskless-load` is not `swapdb`: what comes is written to a file; when all of it is
//! there, what we have is dropped, and the file is loaded a piece at a time, while clients are told LOADING and the master hears newlines. That
//! takes the memory of one data set rather than of two. The file then becomes the one that a restart reads, or goes (`rdb-del-sync-files`). The
//! master is not read while the disk is behind. While its data are loaded, what it writes waits with it, or here if it sends that by a connection
//! of its own.
//!
//! Differs: a Redis drops what it has before it has looked at the file. Here everything was decoded and its checksum compared when it came
//! ([`Loader::checker`]), so that what cannot be loaded costs nothing but the time.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use bytes::Bytes;

use crate::config::DisklessLoad;
use crate::marks::Mark;
use crate::museum::Defect;
use crate::persistence::{Loaded, Loader};
use crate::port::{Action, ConnId, DiskOp, DiskOutcome, Effects, FileName, Level, Now};
use crate::replication::Position;

use super::Node;
use super::follow::Link;
use super::held::Held;
use super::incoming::{Incoming, IncomingError};
use super::load::LoadProgress;
use super::storage::{APPENDS_MAX, Errand};
use super::timers::Timer;

/// Names a file for a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct IncomingId(u32);

/// A data set that has come as a whole.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrived {
    /// Its position, if the master told it.
    pub(super) position: Option<Position>,
    /// The master waits for an acknowledgement before it sends more.
    pub(super) has_mark: bool,
    /// The database that its stream is about, if the master told it beside the data.
    pub(super) database: Option<u32>,
}

#[derive(Clone, Copy, Debug)]
enum Stage {
    /// The master is sending.
    Receiving,
    /// Everything has come; the file takes it in.
    Flushing(Arrived),
    /// The file is made lasting.
    Syncing(Arrived),
    /// What we had was dropped, and is being freed.
    Emptying { arrived: Arrived, since: Now },
    /// The file is being loaded.
    Loading(Arrived),
}

/// A file with a data set from our master, until that is ours.
#[derive(Clone, Debug)]
struct IncomingFile {
    id: IncomingId,
    name: FileName,
    stage: Stage,
    /// Operations under way: its creation, appends, its sync.
    steps: u32,
    size: u64,
    /// The connection by which it comes, while that is not being read.
    paused: Option<ConnId>,
}

/// The file that is on its way, if there is one.
#[derive(Clone, Debug, Default)]
pub(crate) struct IncomingFiles {
    current: Option<Box<IncomingFile>>,
    next_id: u32,
}

impl Node {
    /// Gets ready for a data set: in memory or by way of a file, as `repl-diskless-load` says.
    pub(super) fn expect_data_set(
        &mut self,
        position: Option<Position>,
        now: Now,
        effects: &mut Effects,
    ) -> Box<Incoming> {
        let (room, rules) = (self.keyspace.empty_twin(), self.load_rules(self.expired_in_data_of_master(now), now));
        let mark_ends_read = self.has(Defect::EofMarkSplit);
        let builds_beside = match self.config.repl_diskless_load {
            DisklessLoad::Disabled => false,
            DisklessLoad::OnEmptyDb => self.keyspace.total_len() == 0,
            DisklessLoad::Swapdb => true,
        };
        if builds_beside {
            let incoming = Incoming::building(position, Loader::new(room, rules));
            return Box::new(incoming.with_mark_at_end_of_read(mark_ends_read));
        }
        self.mark(Mark::DataSetToFile);
        self.incoming_files.next_id = self.incoming_files.next_id.wrapping_add(1);
        let id = IncomingId(self.incoming_files.next_id);
        let name = format!("temp-{}.{}.rdb", now.wall.seconds(), self.environment.process_id);
        self.disk(Errand::IncomingStep(id), DiskOp::Create { file: name.clone() }, effects);
        let (stage, size) = (Stage::Receiving, 0);
        let file = IncomingFile { id, name, stage, steps: 1, size, paused: None };
        self.incoming_files.current = Some(Box::new(file));
        let incoming = Incoming::checking(position, Loader::checker(room, rules));
        Box::new(incoming.with_mark_at_end_of_read(mark_ends_read))
    }

    /// Passes on to the file what has come by the link.
    pub(super) fn write_incoming(&mut self, conn: ConnId, bytes: Vec<u8>, effects: &mut Effects) {
        let Some(file) = &mut self.incoming_files.current else { return };
        file.size += bytes.len() as u64;
        file.steps += 1;
        if file.steps > APPENDS_MAX && file.paused.is_none() {
            file.paused = Some(conn);
            effects.push(Action::PauseReading(conn));
        }
        let (errand, name) = (Errand::IncomingStep(file.id), file.name.clone());
        self.disk(errand, DiskOp::Append { file: name, bytes: Bytes::from(bytes) }, effects);
    }

    /// The last byte of a sound data set has come: from here on it replaces ours even if the link goes.
    pub(super) fn incoming_is_whole(&mut self, arrived: Arrived, now: Now, effects: &mut Effects) {
        let Some(file) = &mut self.incoming_files.current else { return };
        file.stage = Stage::Flushing(arrived);
        self.read_master_again(now, effects);
        self.advance_incoming(now, effects);
    }

    /// The file was created, took in a part, or is lasting.
    pub(super) fn on_incoming_step(&mut self, id: IncomingId, outcome: DiskOutcome, now: Now, effects: &mut Effects) {
        let Some(file) = self.incoming_files.current.as_mut().filter(|file| file.id == id) else { return };
        if let DiskOutcome::Failed(failure) = outcome {
            self.mark(Mark::IncomingDiskFailed);
            return self.incoming_failed(IncomingError::Disk(failure).to_string(), now, effects);
        }
        file.steps = file.steps.saturating_sub(1);
        if file.steps < APPENDS_MAX {
            self.read_master_again(now, effects);
        }
        self.advance_incoming(now, effects);
    }

    pub(super) fn advance_incoming(&mut self, now: Now, effects: &mut Effects) {
        let is_archiving = self.is_archiving();
        let Some(file) = self.incoming_files.current.as_mut().filter(|file| file.steps == 0) else { return };
        match file.stage {
            Stage::Flushing(arrived) => {
                file.stage = Stage::Syncing(arrived);
                file.steps = 1;
                let (errand, op) = (Errand::IncomingStep(file.id), DiskOp::Sync { file: file.name.clone() });
                self.disk(errand, op, effects);
            }
            // What we have is being written to the archive, which tells when it is there.
            Stage::Syncing(_) if is_archiving => {}
            Stage::Syncing(arrived) => self.drop_old_data(arrived, now, effects),
            Stage::Receiving | Stage::Emptying { .. } | Stage::Loading(_) => {}
        }
    }

    /// Drops what we have, and with it our place in the history that it was in.
    fn drop_old_data(&mut self, arrived: Arrived, now: Now, effects: &mut Effects) {
        if self.storage.is_saving() {
            let text = "Replica is about to load the RDB file received from the master, but there is a snapshot being written. It is given up, since it would replace newer data";
            effects.say(Level::Notice, || text.to_string());
            self.mark(Mark::SaveGivenUp);
            self.abandon_save(effects);
        }
        self.say_notice("MASTER <-> REPLICA sync: Flushing old data", effects);
        if let Some(file) = &mut self.incoming_files.current {
            file.stage = Stage::Emptying { arrived, since: now };
        }
        self.drop_what_we_have(now, effects);
        self.load_incoming_once_emptied(now, effects);
        if self.is_emptying() {
            self.mark(Mark::EmptiedFirst);
        }
    }

    /// Nothing is left of our data, nor of our place in their history.
    pub(super) fn drop_what_we_have(&mut self, now: Now, effects: &mut Effects) {
        self.drop_replicas_of_old_data(now, effects);
        self.detach_aof(now, effects);
        let nothing = self.keyspace.empty_twin();
        self.keyspace.adopt(nothing);
        let history = self.new_replication_id();
        self.replace_history(Position { history, offset: 0 });
        self.forget_place();
        self.audit_data_replaced();
    }

    /// True between the end of what we had and the beginning of the file.
    pub(super) fn is_emptying(&self) -> bool {
        self.emptying_progress().is_some()
    }

    /// How far loading has come meanwhile.
    pub(super) fn emptying_progress(&self) -> Option<LoadProgress> {
        let file = self.incoming_files.current.as_ref()?;
        let Stage::Emptying { since, .. } = file.stage else { return None };
        Some(LoadProgress { begun_at: since, total_bytes: file.size, used_memory: 0, loaded_bytes: 0 })
    }

    /// The size of a data set that is whole and not ours yet.
    pub(crate) fn replacing_bytes(&self) -> Option<u64> {
        self.incoming_files.current.as_ref().filter(|_| self.is_replacing_data()).map(|file| file.size)
    }

    /// True if a data set is whole and will be ours: no other is asked for.
    pub(super) fn is_replacing_data(&self) -> bool {
        let is_whole = |file: &IncomingFile| !matches!(file.stage, Stage::Receiving);
        self.has_waiting_data_set() || self.incoming_files.current.as_ref().is_some_and(|file| is_whole(file))
    }

    /// True while a data set is being built beside what is served.
    pub(crate) fn builds_beside(&self) -> bool {
        self.building().is_some()
    }

    /// The data set that is being built beside the one that is served.
    pub(super) fn building(&self) -> Option<&Incoming> {
        let incoming = match self.follow.as_ref().map(|follow| &follow.link) {
            Some(Link::Receiving { incoming, .. }) => Some(&**incoming),
            Some(Link::Dual(sync)) => sync.incoming(),
            _ => None,
        };
        incoming.filter(|incoming| incoming.has_begun() && !incoming.is_for_file())
    }

    /// Loads the file, at once with `replica-lazy-flush`, else when what we had is freed.
    pub(super) fn load_incoming_once_emptied(&mut self, now: Now, effects: &mut Effects) {
        let may_begin = self.config.replica_lazy_flush || !self.keyspace.has_doomed();
        let Some(file) = self.incoming_files.current.as_mut().filter(|_| may_begin) else { return };
        let Stage::Emptying { arrived, .. } = file.stage else { return };
        file.stage = Stage::Loading(arrived);
        let (name, size) = (file.name.clone(), file.size);
        self.say_notice("MASTER <-> REPLICA sync: Loading DB in memory", effects);
        self.load_from_master(name, size, now, effects);
    }

    /// The file was read: its data are ours, and the file is what a restart will find.
    pub(super) fn on_incoming_loaded(&mut self, loaded: Loaded, now: Now, effects: &mut Effects) {
        let Some(file) = self.incoming_files.current.take() else { return };
        let Stage::Loading(arrived) = file.stage else { return };
        let is_unwanted = self.config.rdb_del_sync_files && self.config.save.is_empty();
        if is_unwanted {
            self.disk(Errand::Nothing, DiskOp::Remove { file: file.name }, effects);
        } else {
            self.guard.evidence.is_snapshot_left = true;
            let to = self.config.dbfilename.clone();
            self.disk(Errand::KeepIncoming, DiskOp::Rename { from: file.name, to }, effects);
        }
        self.take_over_data_set(loaded, arrived, now, effects);
        // Its link may have broken meanwhile.
        if self.follow.as_ref().is_some_and(|follow| follow.conn().is_none()) {
            self.timers.set(Timer::Redial, now.mono);
        }
    }

    pub(super) fn on_incoming_kept(&mut self, outcome: DiskOutcome, effects: &mut Effects) {
        match outcome {
            DiskOutcome::Failed(failure) => {
                effects.say(Level::Warning, || {
                    format!("Failed trying to rename the temp DB into {}: {failure}", self.config.dbfilename)
                });
            }
            _ => self.disk(Errand::Nothing, DiskOp::SyncDirectory { directory: String::new() }, effects),
        }
    }

    /// The file could not be read although it was sound when it came: there is nothing to serve, and nothing to continue.
    pub(super) fn incoming_not_loaded(&mut self, why: &str, now: Now, effects: &mut Effects) {
        let text = format!("Failed trying to load the MASTER synchronization DB from disk: {why}");
        self.incoming_failed(text, now, effects);
    }

    /// A data set that came to nothing on our side: the master is asked again later and later.
    pub(super) fn incoming_failed(&mut self, why: String, now: Now, effects: &mut Effects) {
        self.abandon_incoming(effects);
        self.refuse_data_set(why, now, effects);
    }

    /// Gives up the file, unless it is all that we have.
    pub(super) fn abandon_incoming(&mut self, effects: &mut Effects) {
        self.abandon_waiting(effects);
        if let Some(file) = self.incoming_files.current.take() {
            self.disk(Errand::Nothing, DiskOp::Remove { file: file.name }, effects);
        }
    }

    /// The link has gone: a file that is not whole is of no use.
    pub(super) fn abandon_partial_incoming(&mut self, effects: &mut Effects) {
        if !self.is_replacing_data() {
            self.abandon_incoming(effects);
        }
    }

    /// The disk is not behind any more: what was not read meanwhile is.
    fn read_master_again(&mut self, now: Now, effects: &mut Effects) {
        let Some(conn) = self.incoming_files.current.as_mut().and_then(|file| file.paused.take()) else { return };
        if let Some(follow) = &mut self.follow {
            follow.last_io_at = now.mono;
            if let Link::Dual(sync) = &mut follow.link {
                sync.snapshot_io_at = now.mono;
            }
        }
        if self.connections.get(conn).is_some() {
            effects.push(Action::ResumeReading(conn));
        }
    }

    fn say_notice(&self, text: &str, effects: &mut Effects) {
        effects.say(Level::Notice, || text.to_string());
    }
}

impl Link {
    /// The connection of a link whose data set is whole and not ours yet, with what came behind it.
    pub(super) fn take_replacing(&mut self) -> Option<(ConnId, Held)> {
        match self {
            Link::Replacing { conn, held, .. } => Some((*conn, core::mem::take(held))),
            _ => None,
        }
    }
}
