//! Our replicas: what they are answered, and how they are looked after.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use crate::codec::number::parse_i64;
use crate::command::CommandError;
use crate::command::reply_error as reply;
use crate::keyspace::usage::FrequencyRules;
use crate::keyspace::{SnapshotRules, UsageNote};
use crate::marks::Mark;
use crate::museum::Defect;
use crate::persistence::{Head, push_header};
use crate::port::{Action, ConnId, Effects, Level, Now};
use crate::replication::{ANCESTRY, Log, Position, Reason, ReplicationId, Request, Standing, Verdict, decide};
use crate::resp::Args;

use super::Node;
use super::connection::{Connection, Kind};
use super::follow::Link;
use super::replica::{Phase, ReplicaSide};
use super::timers::Timer;

impl Node {
    /// SYNC and PSYNC.
    pub(super) fn psync(
        &mut self,
        conn: ConnId,
        args: Args<'_>,
        now: Now,
        effects: &mut Effects,
    ) -> Result<(), CommandError> {
        let Some(connection) = self.connections.get(conn) else { return Ok(()) };
        // A monitor is answered nothing either, as in Redis.
        if connection.is_monitor {
            return Ok(());
        }
        if args.len() > 3 && args[3].eq_ignore_ascii_case(b"FAILOVER") {
            self.take_over(conn, &args[1], now, effects)?;
        }
        if self.failover.is_some() {
            self.mark(Mark::RefusedDuringFailover);
            return Err(reply::SYNC_WHILE_FAILING_OVER);
        }
        self.refuse_in_protected_restart(now)?;
        if let Some(follow) = &self.follow
            && !matches!(follow.link, Link::Online { .. })
            && !self.is_held_off()
        {
            self.mark(Mark::RefusedWithoutMasterLink);
            return Err(reply::NO_MASTER_LINK);
        }
        let Some(connection) = self.connections.get(conn) else { return Ok(()) };
        if !connection.output.is_empty() {
            return Err(reply::SYNC_PENDING_OUTPUT);
        }
        if connection.intro.wants_no_keys && !connection.intro.knows_eof {
            return Err(reply::FILTER_NEEDS_EOF);
        }
        let is_old = args.len() == 1;
        let first_byte = if is_old { Some(-1) } else { parse_i64(&args[2]) };
        let remark = if first_byte.is_some() { "" } else { " but with a wrong offset" };
        effects.say(Level::Notice, || format!("Replica {} asks for synchronization{remark}", self.replica_name(conn)));
        let request =
            Request { history: ReplicationId::parse(&args[1]), first_byte: first_byte.ok_or(reply::NOT_AN_INTEGER)? };
        if self.history.log.is_none() {
            self.create_log();
        }
        let verdict = match self.own_snapshot_meets(conn, &request) {
            Some(from) => Verdict::Continue { from },
            None => decide(&request, &self.standing()),
        };
        self.audit_answer(conn, is_old, request, verdict);
        self.mark_answer(request, verdict);
        if matches!(verdict, Verdict::Full(_)) && !is_old && &args[1] != b"?" {
            self.stats.sync_partial_err += 1;
        }
        if let Verdict::Full(reason) = verdict
            && self.can_offer_snapshot_channel(conn, is_old)
        {
            self.offer_snapshot_channel(conn, reason, effects);
            return Ok(());
        }
        self.become_replica(conn, is_old, now);
        if self.config.repl_disable_tcp_nodelay {
            effects.push(Action::CollectOutput(conn));
        }
        self.warn_of_own_master(conn, effects);
        match verdict {
            Verdict::Continue { from } => self.continue_stream(conn, from, now, effects),
            Verdict::Full(reason) => self.begin_full_sync(conn, reason, now, effects),
        }
        self.after_requests(conn, now, effects);
        Ok(())
    }

    /// Which answer it was, and how near to another one.
    fn mark_answer(&mut self, request: Request, verdict: Verdict) {
        let Standing { history, second, held } = self.history.standing();
        match verdict {
            Verdict::Continue { from } => {
                match second.filter(|_| request.history != Some(history)) {
                    None => self.mark(Mark::ContinuedByFirstId),
                    Some((_, fork)) if from + 1 == fork => self.mark(Mark::ContinuedAtSecondIdLimit),
                    Some(_) => self.mark(Mark::ContinuedBySecondId),
                }
                if held.is_some_and(|(oldest, end)| from == oldest && from < end) {
                    self.mark(Mark::ContinuedAtBacklogBegin);
                }
                if held.is_some_and(|(_, end)| from == end) {
                    self.mark(Mark::ContinuedAtEnd);
                }
            }
            Verdict::Full(Reason::PastTheFork) => self.mark(Mark::RefusedPastSecondIdLimit),
            Verdict::Full(Reason::OtherHistory) => self.mark(Mark::RefusedOtherHistory),
            Verdict::Full(Reason::TooOld) => self.mark(Mark::RefusedBeforeBacklog),
            Verdict::Full(Reason::FromTheFuture) => self.mark(Mark::RefusedFromFuture),
            // Who asks has a log by now.
            Verdict::Full(Reason::Asked | Reason::NoBacklog) => {}
        }
    }

    /// What [`decide`] needs to know.
    fn standing(&self) -> Standing {
        let mut standing = self.history.standing();
        if let Some((_, fork)) = &mut standing.second {
            *fork = if self.has(Defect::Replid2Unbounded) { u64::MAX } else { *fork };
            *fork -= u64::from(self.has(Defect::Replid2OneShort));
        }
        if let Some((oldest, end)) = &mut standing.held {
            *oldest += u64::from(self.has(Defect::BacklogOneShort));
            *end = if self.has(Defect::PsyncFromFuture) { u64::MAX } else { *end };
        }
        standing
    }

    /// The stream goes on from an offset.
    fn continue_stream(&mut self, conn: ConnId, from: u64, now: Now, effects: &mut Effects) {
        self.stats.sync_partial_ok += 1;
        let id = self.history.id;
        let Some(connection) = self.connections.get_mut(conn) else { return };
        if connection.intro.knows_psync2 {
            let remark = remark_for(connection);
            connection.reply().simple(&format!("CONTINUE {id}{remark}"));
        } else {
            connection.reply().simple("CONTINUE");
        }
        let phase = match connection.intro.own_snapshot {
            Some(_) => Phase::Buffering { sent: from },
            None => Phase::Online { sent: from },
        };
        self.set_phase(conn, phase);
        self.main_channel_is_there(conn, now, effects);
        self.release_waits();
        let missing = self.history.offset().saturating_sub(from);
        effects.say(Level::Notice, || format!(
            "Partial resynchronization request from {} accepted. Sending {missing} bytes of backlog starting from offset {}.",
            self.replica_name(conn),
            from + 1
        ));
    }

    /// Everything must be sent.
    fn begin_full_sync(&mut self, conn: ConnId, reason: Reason, now: Now, effects: &mut Effects) {
        self.stats.sync_full += 1;
        // That of a snapshot with a connection of its own was counted when it was offered.
        if !self.connections.get(conn).is_some_and(|connection| connection.intro.is_for_snapshot()) {
            *self.stats.sync_full_reasons.entry(reason).or_default() += 1;
        }
        effects
            .say(Level::Notice, || format!("Full resync requested by replica {} ({reason})", self.replica_name(conn)));
        self.set_phase(conn, Phase::Waiting);
        self.schedule_transfer(now, effects);
    }

    fn become_replica(&mut self, conn: ConnId, is_mute: bool, now: Now) {
        let Some(connection) = self.connections.get_mut(conn) else { return };
        let side = ReplicaSide {
            phase: Phase::Waiting,
            is_mute,
            acked: 0,
            persisted: None,
            has_main_channel: false,
            has_acked: false,
            heard_at: now.mono,
            over_soft_limit_since: None,
        };
        connection.kind = Kind::Replica(alloc::boxed::Box::new(side));
        self.replicas.push(conn);
        self.timers.stop(Timer::BacklogTtl);
        if !self.timers.is_set(Timer::ReplicaPing) {
            self.arm_replica_ping(now);
        }
    }

    pub(super) fn set_phase(&mut self, conn: ConnId, phase: Phase) {
        if let Some(side) = self.connections.get_mut(conn).and_then(Connection::replica_mut) {
            side.phase = phase;
        }
    }

    /// The backlog begins with the first replica or with the append-only file, and a new history with it: what was written before cannot be
    /// continued.
    pub(super) fn create_log(&mut self) {
        self.mark(Mark::BacklogBegun);
        let id = self.new_replication_id();
        self.history.begin_log(id, self.config.repl_backlog_size);
        self.audit_boundary();
    }

    /// Where the stream stands for a snapshot that begins now; what follows it begins with a SELECT.
    pub(super) fn begin_stream_for_replicas(&mut self) -> Position {
        if self.follow.is_none()
            && !self.has(Defect::SelectNotReemitted)
            && let Some(log) = &mut self.history.log
        {
            if log.database().is_some() {
                self.marks.set(Mark::SelectRepeated);
            }
            log.set_database(None);
        }
        self.history.position()
    }

    /// The first line of the answer to a full PSYNC. SYNC of old has none.
    pub(super) fn announce_full_sync(&mut self, conn: ConnId, position: Position) {
        let Some(connection) = self.connections.get_mut(conn) else { return };
        let is_mute = connection.replica().is_some_and(|side| side.is_mute);
        if !is_mute {
            let remark = remark_for(connection);
            connection.reply().simple(&format!("FULLRESYNC {} {}{remark}", position.history, position.offset));
        }
    }

    /// The head of a snapshot's bytes, and how it is written.
    pub(super) fn snapshot_header(&self, position: Position, now: Now) -> (Vec<u8>, SnapshotRules) {
        self.head_of(position, false, now)
    }

    /// The same for the base of an append-only file, of the data as they are.
    pub(super) fn base_header(&self, now: Now) -> (Vec<u8>, SnapshotRules) {
        self.head_of(self.history.position(), true, now)
    }

    fn head_of(&self, position: Position, is_aof_base: bool, now: Now) -> (Vec<u8>, SnapshotRules) {
        let mut header = Vec::new();
        let log = self.history.log.as_ref().filter(|_| !self.has(Defect::SelectNotReemitted));
        let head = Head {
            position,
            stream_database: log.and_then(Log::database).unwrap_or(0),
            wall_seconds: now.wall.seconds(),
            used_memory: self.used_memory(),
            has_field_expiries: self.keyspace.has_field_expiries(),
            is_aof_base,
        };
        push_header(&mut header, &head);
        (header, self.snapshot_rules(now))
    }

    pub(super) fn snapshot_rules(&self, now: Now) -> SnapshotRules {
        let config = &self.config;
        let policy = config.maxmemory_policy;
        let usage = if policy.counts_frequency() {
            let rules = FrequencyRules { log_factor: config.lfu_log_factor, decay_minutes: config.lfu_decay_time };
            UsageNote::Frequency(now.wall, rules)
        } else if policy.counts_idleness() {
            UsageNote::IdleTime(now.wall)
        } else {
            UsageNote::None
        };
        SnapshotRules { compress: config.rdbcompression, checksum: config.rdbchecksum, usage }
    }

    /// From now on a replica is sent the stream.
    pub(super) fn go_online(&mut self, conn: ConnId, now: Now, effects: &mut Effects) {
        let Some(connection) = self.connections.get_mut(conn) else { return };
        let Some(side) = connection.replica_mut() else { return };
        let Some(then) = side.needs_log_from() else { return };
        side.phase = Phase::Online { sent: then };
        side.heard_at = now.mono;
        self.note_admitted(conn);
        // Whoever has written nothing is content with any that is there.
        self.release_waits();
        if let Some(connection) = self.connections.get_mut(conn) {
            connection.intro.own_snapshot = None;
        }
        if self.replica_has_output(conn) {
            self.announce(conn, effects);
        }
        effects.say(Level::Notice, || format!("Synchronization with replica {} succeeded", self.replica_name(conn)));
    }

    /// `ip:port`, as a replica is called in logs.
    pub(super) fn replica_name(&self, conn: ConnId) -> String {
        let Some(connection) = self.connections.get(conn) else { return String::new() };
        let port = connection.intro.port;
        format!("{}:{port}", replica_ip(connection))
    }

    /// The offset from which the log is needed by others than replicas: the append-only file, and snapshots whose replicas have not asked for the stream yet.
    pub(super) fn awaited_from(&self) -> Option<u64> {
        self.kept_snapshots.iter().map(|kept| kept.then).chain(self.aof_needs_log_from()).min()
    }

    pub(super) fn trim_log(&mut self) {
        let (replicas, connections) = (&self.replicas, &self.connections);
        let awaited = self.awaited_from();
        let counts_afterwards = self.has(Defect::BacklogTrimsTooMuch);
        if let Some(log) = &mut self.history.log {
            let mut slowest = None;
            let has_forgotten = log.trim(|| {
                let sides = replicas.iter().filter_map(|&conn| connections.get(conn)?.replica());
                slowest = sides.filter_map(ReplicaSide::needs_log_from).chain(awaited).min();
                slowest
            });
            if has_forgotten {
                self.marks.set(Mark::BacklogWrapped);
            }
            if slowest.is_some_and(|slowest| slowest < log.oldest()) {
                self.marks.set(Mark::BacklogPinned);
            }
            if has_forgotten && counts_afterwards {
                log.refuse_before(log.end());
            }
        }
    }

    pub(super) fn on_replica_gone(&mut self, connection: &Connection, now: Now, effects: &mut Effects) {
        self.replicas.retain(|&conn| conn != connection.id);
        self.count_good_replicas(now);
        self.trim_log();
        match connection.replica().map(|side| side.phase) {
            Some(Phase::Streaming { transfer, .. }) if self.is_received(transfer) => {
                self.mark(Mark::SnapshotGoesOnForOthers);
            }
            Some(Phase::AwaitingAck { .. }) => self.mark(Mark::ReplicaLostWhileLoading),
            _ => {}
        }
        effects.say(Level::Notice, || {
            format!("Connection with replica {}:{} lost.", replica_ip(connection), connection.intro.port)
        });
        if self.replicas.is_empty() {
            self.timers.stop(Timer::ReplicaPing);
            self.arm_backlog_ttl(now);
        }
        self.continue_shutdown(now);
    }

    /// A master without replicas keeps its backlog for so long from now on.
    pub(super) fn arm_backlog_ttl(&mut self, now: Now) {
        let ttl = self.config.repl_backlog_ttl;
        if ttl > 0 && !self.has_aof() && self.follow.is_none() && self.replicas.is_empty() && self.history.log.is_some()
        {
            self.timers.set(Timer::BacklogTtl, now.mono.after(Duration::from_secs(ttl)));
        }
    }

    /// Nobody has asked for the backlog in a long time: it goes, and with it the history's name, since from here on the
    /// offset no longer tells what was written.
    pub(super) fn free_backlog(&mut self, effects: &mut Effects) {
        if self.has_aof() || !self.replicas.is_empty() || self.follow.is_some() || self.history.log.is_none() {
            return;
        }
        self.mark(Mark::BacklogFreed);
        let id = match self.has(Defect::BacklogFreedKeepsReplid) {
            true => self.history.id,
            false => self.new_replication_id(),
        };
        self.history.end_log(id);
        self.audit_boundary();
        let ttl = self.config.repl_backlog_ttl;
        effects.say(Level::Notice, || {
            format!("Replication backlog freed after {ttl} seconds without connected replicas.")
        });
    }

    /// Drops all replicas, so that they come back and learn where we are now.
    pub(super) fn drop_replicas(&mut self, now: Now, effects: &mut Effects) {
        for conn in core::mem::take(&mut self.replicas) {
            self.close(conn, now, effects);
        }
        self.kept_snapshots.clear();
    }

    /// Another data set takes the place of ours: whoever has ours cannot go on with us.
    pub(super) fn drop_replicas_of_old_data(&mut self, now: Now, effects: &mut Effects) {
        if !self.has(Defect::ChainedPsyncAfterFullresync) {
            self.drop_replicas(now, effects);
        }
    }

    /// Another data set has taken the place of ours, and stands at `position`. Whoever is left of our replicas is sent what follows.
    pub(super) fn replace_history(&mut self, position: Position) {
        self.history.replace(position, self.config.repl_backlog_size);
        for &conn in &self.replicas {
            if let Some(side) = self.connections.get_mut(conn).and_then(Connection::replica_mut) {
                side.phase.follow_from(position.offset);
            }
        }
    }

    fn arm_replica_ping(&mut self, now: Now) {
        let period = u64::from(self.config.repl_ping_replica_period).max(1);
        self.timers.set(Timer::ReplicaPing, now.mono.after(Duration::from_secs(period)));
    }

    /// Puts a PING into the stream. Only the head of a chain does; relays pass on what they get. While a failover waits for its target, the stream
    /// stands still.
    pub(super) fn ping_replicas(&mut self, now: Now) {
        if self.replicas.is_empty() {
            return;
        }
        if (self.follow.is_none() || self.has(Defect::RelayMakesOwnStream))
            && self.failover.is_none()
            && let Some(log) = &mut self.history.log
        {
            log.append_command([b"ping"]);
            self.log_has_grown = true;
            self.audit_boundary();
        }
        self.arm_replica_ping(now);
    }

    /// Our replicas in the order in which they came, each with its connection.
    pub(crate) fn replica_sides(&self) -> impl Iterator<Item = (&Connection, &ReplicaSide)> {
        self.replicas.iter().filter_map(|&conn| {
            let connection = self.connections.get(conn)?;
            Some((connection, connection.replica()?))
        })
    }

    /// For how long the oldest byte that a replica has not acknowledged has been waiting for it.
    pub(crate) fn lag_of(&self, side: &ReplicaSide, now: Now) -> Duration {
        self.history.timeline.age_of(side.acked, now.mono)
    }

    /// Counts the good replicas anew, for INFO: once a second, and whenever one comes or goes.
    pub(super) fn count_good_replicas(&mut self, now: Now) {
        self.stats.good_replicas = self.good_replicas(now).count();
    }

    /// Replicas that are close enough behind, and heard of lately enough, to count for `min-replicas-to-write`. Seconds are whole ones, as in Redis: who acknowledges once a second
    /// is never late for a `min-replicas-max-lag` of 1.
    ///
    /// Differs: to a Redis a replica is good as long as it acknowledges anything, be it the same offset for ever, and from the moment at which the last
    /// byte of its data set has left, which it may never get.
    fn good_replicas(&self, now: Now) -> impl Iterator<Item = &ReplicaSide> {
        let too_late = Duration::from_secs(u64::from(self.config.min_replicas_max_lag) + 1);
        let is_heard = move |side: &ReplicaSide| side.has_acked && now.mono.since(side.heard_at) < too_late;
        let is_close =
            move |side: &ReplicaSide| self.has(Defect::GoodReplicaIsHeartbeat) || self.lag_of(side, now) < too_late;
        let sides = self.replica_sides().map(|(_, side)| side);
        sides.filter(move |side| side.is_online() && is_heard(side) && is_close(side))
    }

    /// Counted when it is asked: a replica that has acknowledged a moment ago is good now.
    pub(super) fn has_enough_good_replicas(&self, now: Now) -> bool {
        let wanted = self.config.min_replicas_to_write as usize;
        if self.has(Defect::GoodReplicasKept) {
            return self.stats.good_replicas >= wanted || self.config.min_replicas_max_lag == 0;
        }
        wanted == 0 || self.config.min_replicas_max_lag == 0 || self.good_replicas(now).take(wanted).count() == wanted
    }
}

/// What an answer to PSYNC says behind the answer to a replica that knows the word: that we know it, too.
fn remark_for(connection: &Connection) -> String {
    if connection.intro.knows_ancestry { [" ", ANCESTRY].concat() } else { String::new() }
}

/// The address that a replica is known by.
pub(super) fn replica_ip(connection: &Connection) -> String {
    match (&connection.intro.ip, connection.peer) {
        (Some(ip), _) => ip.clone(),
        (None, Some(peer)) => format!("{}", peer.remote.ip()),
        (None, None) => String::from("?"),
    }
}
