//! What does our master send, and whose is it? The dialogue, then a data set or none, then the stream.

use alloc::format;
use alloc::string::ToString;
use alloc::vec::Vec;

use crate::marks::Mark;
use crate::museum::Defect;
use crate::persistence::Loaded;
use crate::port::{ConnId, Effects, Level, Now};
use crate::replication::{HandshakeError, Inquiry, Next, Position, ReplicationId, SyncAnswer};

use super::Node;
use super::follow::{Follow, Link};
use super::guard::Judgement;
use super::held::Held;
use super::incoming::{Incoming, IncomingError, Taken};
use super::incoming_file::Arrived;

impl Node {
    /// Bytes from our master, in whatever state the link is.
    pub(super) fn on_master_bytes(&mut self, conn: ConnId, bytes: &[u8], now: Now, effects: &mut Effects) {
        self.stats.replication_bytes_received += bytes.len() as u64;
        self.take_in_master_bytes(conn, bytes, now, effects);
        let Some(held) = self.follow.as_ref().and_then(Follow::held) else { return };
        self.held_bytes_peak = self.held_bytes_peak.max(held.len());
        if held.is_paused() {
            self.mark(Mark::HeldStreamFull);
        }
    }

    fn take_in_master_bytes(&mut self, conn: ConnId, bytes: &[u8], now: Now, effects: &mut Effects) {
        let mut used = 0;
        while used < bytes.len() {
            let rest = &bytes[used..];
            let Some(follow) = &mut self.follow else { return };
            if matches!(follow.link, Link::Dual(_)) {
                follow.last_io_at = now.mono;
                return self.on_dual_bytes(conn, rest, now, effects);
            }
            if follow.conn() != Some(conn) {
                return;
            }
            follow.last_io_at = now.mono;
            used += match &mut follow.link {
                Link::Talking { .. } => self.on_line_bytes(conn, rest, now, effects),
                Link::Receiving { .. } => self.on_data_set_bytes(conn, rest, now, effects),
                Link::Replacing { held, held_bytes_max, .. } => {
                    held.push(conn, rest, *held_bytes_max, effects);
                    rest.len()
                }
                Link::Online { .. } => return self.on_stream_bytes(conn, rest, now, effects),
                Link::Waiting | Link::Dialling { .. } | Link::Dual(_) => return,
            };
        }
    }

    /// Collects one line of the dialogue and acts on it; returns how many bytes it took.
    fn on_line_bytes(&mut self, conn: ConnId, bytes: &[u8], now: Now, effects: &mut Effects) -> usize {
        let Some(Follow { link: Link::Talking { talk, line, .. }, .. }) = &mut self.follow else { return bytes.len() };
        let (used, line) = match line.take_in(bytes) {
            (used, None) => return used,
            (used, Some(Ok(line))) => (used, line),
            (used, Some(Err(why))) => {
                self.drop_master_link(conn, why, now, effects);
                return used;
            }
        };
        let outcome = talk.on_line(&line);
        let (knows_questions, answer) = (talk.knows_questions(), talk.take_answer());
        if let Some(follow) = &mut self.follow {
            follow.master_knows_questions = knows_questions;
        }
        if let Some(answer) = answer {
            self.on_inquiry_answered(conn, answer, effects);
        }
        match outcome {
            Ok(Next::Send(bytes)) => self.say(conn, &bytes, effects),
            Ok(Next::Done(answer, bytes)) => {
                self.say(conn, &bytes, effects);
                self.on_sync_answer(conn, answer, now, effects);
            }
            Err(error) => {
                if matches!(error, HandshakeError::NotNow(_)) {
                    self.mark(Mark::MasterNotNow);
                    if self.has(Defect::TransientErrorIsFullResync) {
                        self.forget_place();
                    }
                }
                self.suspect_circle(error.is_no_master_link());
                self.drop_master_link(conn, error.to_string(), now, effects);
                self.on_dialogue_failed(&error, now, effects);
            }
        }
        used
    }

    /// Our master has told whom it follows, and what its history goes on from.
    fn on_inquiry_answered(&mut self, conn: ConnId, answer: Inquiry, effects: &mut Effects) {
        let Some(follow) = &mut self.follow else { return };
        follow.caution.lineage = answer.lineage();
        follow.caution.asked_in = answer.history_of_replica();
        if follow.suspicion.is_some() {
            self.look_for_circle(conn, answer, effects);
        }
    }

    fn on_sync_answer(&mut self, conn: ConnId, answer: SyncAnswer, now: Now, effects: &mut Effects) {
        if !self.accept_answer_of_target(&answer, now, effects) {
            return;
        }
        if self.has(Defect::PsyncStateDroppedEarly) && !matches!(answer, SyncAnswer::Continue(_)) {
            self.forget_place();
        }
        let position = match answer {
            SyncAnswer::Continue(id) => return self.go_on(conn, id, now, effects),
            SyncAnswer::DualChannel => return self.begin_dual_sync(conn, now, effects),
            SyncAnswer::Full(position) => {
                let level = self.follow.as_ref().map_or(Level::Notice, Follow::dialogue_level);
                effects.say(level, || format!("Full resync from master: {}:{}", position.history, position.offset));
                Some(position)
            }
            SyncAnswer::FullUnnamed => None,
        };
        let incoming = self.expect_data_set(position, now, effects);
        if let Some(follow) = &mut self.follow {
            follow.link = Link::Receiving { conn, incoming };
        }
    }

    /// What we hold cannot be continued: everything is asked for the next time.
    pub(super) fn forget_place(&mut self) {
        if let Some(follow) = &mut self.follow {
            follow.may_resume = false;
        }
    }

    /// `+CONTINUE`: the stream goes on where we are; the history may have a new name.
    fn go_on(&mut self, conn: ConnId, id: Option<ReplicationId>, now: Now, effects: &mut Effects) {
        effects.say(Level::Notice, || "Successful partial resynchronization with master.".to_string());
        if let Some(id) = id.filter(|id| *id != self.history.id) {
            self.mark(Mark::WentOnUnderNewName);
            self.rename_history(id);
            self.learn_lineage();
            if !self.has(Defect::SubreplicaMissesNewReplid) {
                self.drop_replicas(now, effects);
            }
            effects.say(Level::Notice, || format!("Master replication ID changed to {id}"));
        }
        if self.history.log.is_none() {
            self.history.begin_log_here(self.config.repl_backlog_size);
        }
        if self.has(Defect::SelectLostOnPsync)
            && let Some(log) = &mut self.history.log
        {
            log.set_database(Some(0));
        }
        self.audit_boundary();
        if let Some(follow) = &mut self.follow {
            follow.may_resume = true;
        }
        self.link_is_up(conn, Held::default(), now);
        if self.has(Defect::CachedMasterHalfParse) {
            self.go_on_with_half_read(conn);
        }
        if self.has(Defect::NoAckAfterResume)
            && let Some(connection) = self.connections.get_mut(conn)
        {
            connection.is_announced = true;
        }
        self.acknowledge(effects);
    }

    /// Takes in a part of the data set; returns how many bytes it took.
    fn on_data_set_bytes(&mut self, conn: ConnId, bytes: &[u8], now: Now, effects: &mut Effects) -> usize {
        let (counts_newlines, swaps_early) = (self.has(Defect::NewlineCounted), self.has(Defect::SwapOnBadEof));
        let drops_early = self.has(Defect::FlushBeforeValid);
        let Some(Follow { link: Link::Receiving { incoming, .. }, .. }) = &mut self.follow else { return bytes.len() };
        if counts_newlines {
            incoming.count_newlines(bytes);
        }
        let had_begun = incoming.has_begun();
        let Taken { count, for_file, is_complete } = match incoming.take_in(bytes, now, effects) {
            Ok(taken) => taken,
            Err(error) => {
                if matches!(error, IncomingError::Data(_)) {
                    self.mark(Mark::DataSetDamaged);
                }
                self.refuse_data_set(error.to_string(), now, effects);
                return bytes.len();
            }
        };
        if incoming.is_within_mark() {
            self.marks.set(Mark::EofMarkSplit);
        }
        let is_first = incoming.has_begun() && !had_begun;
        let early = if swaps_early { incoming.data_before_mark() } else { None };
        if let Some(piece) = for_file {
            self.write_incoming(conn, piece, effects);
        }
        if is_complete {
            self.on_data_set(conn, now, effects);
        } else if drops_early && is_first {
            self.drop_what_we_have(now, effects);
        } else if let Some(loaded) = early {
            self.keyspace.adopt(loaded.keyspace);
            self.audit_data_replaced();
        }
        count
    }

    /// The whole data set has come.
    fn on_data_set(&mut self, conn: ConnId, now: Now, effects: &mut Effects) {
        let Some(follow) = &mut self.follow else { return };
        // What comes behind the data waits with the master, but for what is on its way.
        let next = Link::Replacing { conn, held: Held::default(), held_bytes_max: 0 };
        let Link::Receiving { incoming, .. } = core::mem::replace(&mut follow.link, next) else { return };
        let arrived = Arrived { position: incoming.position, has_mark: incoming.has_mark, database: None };
        self.on_data_set_arrived(*incoming, arrived, now, effects);
    }

    /// A data set has come, to memory or to a file.
    pub(super) fn on_data_set_arrived(
        &mut self,
        incoming: Incoming,
        arrived: Arrived,
        now: Now,
        effects: &mut Effects,
    ) {
        let is_for_file = incoming.is_for_file();
        let loaded = match incoming.finish() {
            Ok(loaded) => loaded,
            Err(error) => return self.refuse_data_set(error.to_string(), now, effects),
        };
        let judgement = self.judge(arrived.position, &loaded, now, effects);
        match (judgement, is_for_file) {
            (Judgement::Leave, _) => {}
            (Judgement::Take, true) => self.incoming_is_whole(arrived, now, effects),
            (Judgement::Take, false) => self.swap_in(loaded, arrived, now, effects),
            (Judgement::ArchiveFirst(held), true) => {
                self.archive_first(held, None, now, effects);
                self.incoming_is_whole(arrived, now, effects);
            }
            (Judgement::ArchiveFirst(held), false) => {
                self.archive_first(held, Some((loaded, arrived)), now, effects);
            }
        }
    }

    /// A data set that was built beside ours takes its place.
    pub(super) fn swap_in(&mut self, loaded: Loaded, arrived: Arrived, now: Now, effects: &mut Effects) {
        self.mark(Mark::DataSetSwapped);
        self.take_over_data_set(loaded, arrived, now, effects);
    }

    /// A data set that is sound takes the place of ours, and with it its history.
    pub(super) fn take_over_data_set(&mut self, loaded: Loaded, arrived: Arrived, now: Now, effects: &mut Effects) {
        let Arrived { position, has_mark, database } = arrived;
        // A master of old does not tell its position: what follows cannot be continued elsewhere.
        let may_resume = position.is_some();
        let position = position.unwrap_or_else(|| Position { history: self.new_replication_id(), offset: 0 });
        let keys = loaded.keys;
        self.storage.keys_loaded = keys;
        self.storage.keys_expired_at_load = 0;
        self.drop_replicas_of_old_data(now, effects);
        self.detach_aof(now, effects);
        self.keyspace.adopt(loaded.keyspace);
        self.replace_history(position);
        self.learn_lineage();
        let stream_database = loaded.facts.stream_database.or(database).unwrap_or(0);
        if stream_database > 0 {
            self.mark(Mark::StreamInOtherDatabase);
        }
        if let Some(log) = &mut self.history.log {
            log.set_database(Some(stream_database));
        }
        self.storage.dirty = 0;
        self.audit_data_replaced();
        self.attach_aof(now, effects);
        effects.say(Level::Notice, || format!("MASTER <-> REPLICA sync: Finished with success ({keys} keys)"));
        self.guard_sees_change();
        self.guard_is_armed();
        self.protect_from_missing(now, effects);
        let Some(follow) = &mut self.follow else { return };
        follow.may_resume = may_resume;
        // The link may have gone while a file was being loaded; what was loaded can be continued all the same.
        let Some((conn, held)) = follow.link.take_replacing() else { return };
        self.link_is_up(conn, held, now);
        if has_mark || may_resume {
            self.acknowledge(effects);
        }
    }

    /// [`Defect::CachedMasterHalfParse`]: what comes now is read behind what the last link has left.
    fn go_on_with_half_read(&mut self, conn: ConnId) {
        let Some(Follow { link: Link::Online { block, .. }, half_read, .. }) = &mut self.follow else { return };
        let (transaction, input) = half_read.take();
        *block = transaction;
        if let Some(connection) = self.connections.get_mut(conn) {
            connection.input = input;
        }
    }

    /// The stream goes on, behind what was held of it.
    pub(super) fn link_is_up(&mut self, conn: ConnId, held: Held, now: Now) {
        if let Some(follow) = &mut self.follow {
            follow.link = Link::Online { conn, held, block: Vec::new() };
            follow.failures = 0;
            follow.counted_before.take();
            follow.last_error = None;
            follow.last_io_at = now.mono;
        }
        if let Some(connection) = self.connections.get_mut(conn) {
            connection.input = Vec::new();
            connection.parser = None;
        }
        self.guard_is_armed();
    }
}
