//! What a replica may cost us: how far it may lag, how long it may be silent, whom it may hold up.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use crate::marks::Mark;
use crate::museum::Defect;
use crate::port::{ConnId, Effects, Level, Now};
use crate::replication::Log;

use super::Node;
use super::admission::{Outrun, Room};
use super::audit::Deed;
use super::connection::{Closing, Connection, Kind};
use super::replica::{Phase, ReplicaSide};

/// A replica that takes nothing of its snapshot for so long, and is not heard of either, loses it if there is no room for others.
const STALL: Duration = Duration::from_secs(10);

impl Node {
    /// Tells the driver of replicas that the log has more for them, and ends those that lag too far behind it.
    pub(super) fn announce_log(&mut self, now: Now, effects: &mut Effects) {
        let (end, told_end) = (self.history.offset(), self.stream_end());
        let lag_bytes_max = self.replica_lag_bytes_max();
        let mut is_any_too_slow = false;
        for &conn in &self.replicas {
            let Some(connection) = self.connections.get_mut(conn) else { continue };
            let Some(side) = connection.replica() else { continue };
            let lag = side.needs_log_from().map_or(0, |from| end.saturating_sub(from));
            is_any_too_slow |= lag + self.transfers.held_for(side.phase, &self.keyspace) > lag_bytes_max;
            if side.phase.stream_sent().is_some_and(|sent| sent < told_end) {
                connection.announce(effects);
            }
        }
        if is_any_too_slow {
            self.end_slow_replicas(lag_bytes_max, now, effects);
        }
    }

    /// Ends those that lag further than they may now. A limit that is lowered frees what they held at once.
    pub(super) fn end_replicas_over_limit(&mut self, now: Now, effects: &mut Effects) {
        self.end_slow_replicas(self.replica_lag_bytes_max(), now, effects);
    }

    /// The hard limit on what a replica may lag behind.
    ///
    /// A limit below the backlog's size would end links that can be resumed at no cost. Differs: nor does one value that is larger than the limit
    /// end all links, over and over; a replica may always lag by two of the largest writes.
    pub(super) fn replica_lag_bytes_max(&self) -> u64 {
        match self.config.client_output_buffer_limit.replica.hard_bytes {
            0 => u64::MAX,
            hard_bytes if self.has(Defect::OutputLimitLoop) => hard_bytes,
            hard_bytes => {
                let largest = self.history.log.as_ref().map_or(0, Log::largest_append);
                hard_bytes.max(self.config.repl_backlog_size).max(largest.saturating_mul(2))
            }
        }
    }

    /// Bytes that are kept for a replica alone since others write: of the stream, and of its snapshot.
    pub(super) fn bytes_held_for(&self, side: &ReplicaSide) -> u64 {
        let lag = side.needs_log_from().map_or(0, |from| self.history.offset().saturating_sub(from));
        lag + self.transfers.held_for(side.phase, &self.keyspace)
    }

    fn end_slow_replicas(&mut self, lag_bytes_max: u64, now: Now, effects: &mut Effects) {
        for conn in self.replicas.clone() {
            let Some(side) = self.connections.get(conn).and_then(Connection::replica) else { continue };
            let (lag_bytes, phase) = (self.bytes_held_for(side), side.phase);
            if lag_bytes > lag_bytes_max {
                if !phase.is_synchronising() {
                    self.mark(Mark::OutputLimitHard);
                }
                self.end_slow_replica(conn, phase, lag_bytes, lag_bytes_max, now, effects);
            }
        }
    }

    fn end_slow_replica(
        &mut self,
        conn: ConnId,
        phase: Phase,
        lag_bytes: u64,
        limit_bytes: u64,
        now: Now,
        effects: &mut Effects,
    ) {
        if self.has(Defect::DeadReplicaPinsBacklog) {
            return self.close_replica_later(conn);
        }
        let replica = self.replica_name(conn);
        if phase.is_synchronising() {
            let outrun = Outrun { replica, lag_bytes, limit_bytes, progress: self.sync_progress(phase) };
            self.full_sync_was_outrun(&outrun, now, effects);
        } else {
            effects.say(Level::Warning, || format!(
                "Replica {replica} lags {lag_bytes} bytes, more than client-output-buffer-limit allows ({limit_bytes}): closing it"
            ));
        }
        self.close(conn, now, effects);
    }

    /// [`Defect::DeadReplicaPinsBacklog`]: it is closed when its replies are sent, and will be sent no more.
    fn close_replica_later(&mut self, conn: ConnId) {
        if let Some(connection) = self.connections.get_mut(conn) {
            connection.closing = Closing::AfterReplies;
        }
    }

    /// Once a second: keepalives for those that wait, an end for those that are silent, lag too far or hold others up.
    pub(super) fn look_after_replicas(&mut self, now: Now, effects: &mut Effects) {
        let timeout = Duration::from_secs(u64::from(self.config.repl_timeout));
        let end = self.history.offset();
        let limit = self.config.client_output_buffer_limit.replica;
        let hangs_for_ever = self.has(Defect::DisklessHungReceiver);
        let mut too_long_over = Vec::new();
        let mut silent = Vec::new();
        for &conn in &self.replicas {
            let Some(connection) = self.connections.get_mut(conn) else { continue };
            let last_sign_at = connection.last_input_at;
            let is_for_snapshot = connection.intro.is_for_snapshot();
            let Kind::Replica(side) = &mut connection.kind else { continue };
            let last_sign_at = side.heard_at.max(last_sign_at);
            let lag = side.needs_log_from().map_or(0, |from| end.saturating_sub(from));
            let is_over_soft = limit.soft_bytes > 0 && lag > limit.soft_bytes;
            side.over_soft_limit_since =
                if is_over_soft { side.over_soft_limit_since.or(Some(now.mono)) } else { None };
            let soft_time = Duration::from_secs(u64::from(limit.soft_seconds));
            let is_too_long_over = side.over_soft_limit_since.is_some_and(|since| now.mono.since(since) >= soft_time);
            if is_over_soft && is_too_long_over {
                too_long_over.push((conn, side.phase, lag));
                continue;
            }
            match side.phase {
                Phase::Waiting | Phase::AwaitingFile { .. } => {
                    connection.output.tail().push(b'\n');
                    connection.announce(effects);
                }
                // It may load what it has for as long as it takes, and need not say anything meanwhile: Valkeys do not.
                Phase::Buffering { .. } => {}
                Phase::Streaming { .. } if hangs_for_ever => {}
                _ if side.is_mute && !is_for_snapshot => {}
                _ if now.mono.since(last_sign_at) > timeout => silent.push(conn),
                _ => {}
            }
        }
        for (conn, phase, lag) in too_long_over {
            self.mark(Mark::OutputLimitSoft);
            self.end_slow_replica(conn, phase, lag, limit.soft_bytes, now, effects);
        }
        for conn in silent {
            self.audit_deed(|_| Deed::TimedOut);
            let is_online =
                self.connections.get(conn).and_then(Connection::replica).is_some_and(ReplicaSide::is_online);
            self.mark(if is_online { Mark::ReplicaSilent } else { Mark::ReplicaSilentInSync });
            let what = if is_online { "streaming sync" } else { "full sync" };
            effects.say(Level::Warning, || {
                format!("Disconnecting timedout replica ({what}): {}", self.replica_name(conn))
            });
            self.close(conn, now, effects);
        }
        if !hangs_for_ever {
            self.leave_slow_replicas_behind(now, effects);
        }
    }

    /// Ends replicas that are too slow for others who share their snapshot, or who wait for room that they take.
    ///
    /// Differs: in Redis one replica that does not read stops the snapshot for all until `repl-timeout`, and one that reads slowly has all others go at its pace.
    fn leave_slow_replicas_behind(&mut self, now: Now, effects: &mut Effects) {
        for (conn, why) in self.find_too_slow(now) {
            self.leave_behind(conn, &why, now, effects);
        }
        let room = self.look_for_room();
        if room == Room::Enough {
            return;
        }
        for (conn, why) in self.find_stalled(now) {
            self.leave_behind(conn, &why, now, effects);
        }
        if room == Room::UsedUp {
            for (conn, why) in self.find_slowest(STALL, now) {
                self.leave_behind(conn, &why, now, effects);
            }
        }
    }

    /// Those who have taken nothing of their snapshot for a while.
    fn find_stalled(&self, now: Now) -> Vec<(ConnId, String)> {
        let mut found = Vec::new();
        for (connection, side) in self.replica_sides() {
            let silence = now.mono.since(side.heard_at.max(connection.last_input_at));
            if matches!(side.phase, Phase::Streaming { .. }) && silence > STALL {
                let seconds = silence.as_secs();
                let why = format!("has taken nothing of its snapshot for {seconds} seconds while others wait for room");
                found.push((connection.id, why));
            }
        }
        found
    }

    fn leave_behind(&mut self, conn: ConnId, why: &str, now: Now, effects: &mut Effects) {
        let replica = self.replica_name(conn);
        self.stats.sync_left_behind += 1;
        self.mark(Mark::ReplicaLeftBehind);
        // One that does not tell where it listens cannot be told from others when it comes again.
        let is_known = self.connections.get(conn).is_some_and(|connection| connection.intro.port != 0);
        let mut text = format!("Replica {replica} {why}: closing it");
        if is_known {
            let wait_ms = self.remember_slow(&replica, now).as_millis();
            text += &format!(". It is sent another one apart from the others, no sooner than in {wait_ms} ms");
        }
        effects.say(Level::Warning, || text);
        self.close(conn, now, effects);
    }
}
