//! Snapshots that go to a replica by a connection of their own, while the stream goes to it by its main one.
//!
//! A replica that needs everything, and knows how, is told `+DUALCHANNELSYNC` by its main connection. It opens a second one, on which its
//! snapshot is preceded by a line that tells where the stream follows and a number. By that number it ties its main connection to the
//! snapshot, and asks there by PSYNC for the stream from that place on: it keeps it on its own side until it has the snapshot, and its
//! acknowledgement tells that it has. So what is written meanwhile waits in the memory of the replica, not in ours.
//!
//! The log keeps what follows the snapshot until the main connection has come, even if the other has ended by then: a replica that has all of
//! its snapshot hangs up there. If one of the two ends before the snapshot is through, so does the other.
//!
//! Source: the behaviour of Valkey 8 and 9.

use alloc::format;
use alloc::string::ToString;
use core::time::Duration;

use crate::command::CommandError;
use crate::marks::Mark;
use crate::port::{ConnId, Effects, Level, Mono, Now};
use crate::replication::{Log, Position, Reason, Request};

use super::Node;
use super::connection::Connection;
use super::replica::{OwnSnapshot, Phase};

/// How many snapshots may wait for their replicas' main connections when their own are gone.
const KEPT_MAX: usize = 16;

/// A snapshot that was sent, and whose connection is gone.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    /// The number of that connection.
    client_id: u64,
    /// The offset from which the stream follows: the log is kept from there on.
    pub(super) then: u64,
    since: Mono,
}

impl Node {
    /// True if a replica that needs everything may be told to open a connection for it.
    pub(super) fn can_offer_snapshot_channel(&self, conn: ConnId, is_old: bool) -> bool {
        let config = &self.config;
        let is_enabled = config.dual_channel_replication_enabled && config.repl_diskless_sync;
        let is_able = self.connections.get(conn).is_some_and(|connection| {
            let intro = &connection.intro;
            intro.knows_dual_channel && !intro.is_snapshot_channel && !intro.wants_rdb_only && !intro.wants_no_keys
        });
        is_enabled && is_able && !is_old
    }

    /// Answers PSYNC: everything follows by another connection. Until it comes back by that, this one is a client as any other.
    pub(super) fn offer_snapshot_channel(&mut self, conn: ConnId, reason: Reason, effects: &mut Effects) {
        *self.stats.sync_full_reasons.entry(reason).or_default() += 1;
        let who = self.replica_name(conn);
        effects.say(Level::Notice, || {
            format!("Full resync requested by replica {who} ({reason}): it is to open a connection for it")
        });
        if let Some(connection) = self.connections.get_mut(conn) {
            connection.intro.own_snapshot = None;
            connection.reply().simple("DUALCHANNELSYNC");
        }
    }

    /// The line that precedes a snapshot with a connection of its own: where the stream follows, of which database it is, and a number.
    pub(super) fn announce_snapshot_end(&mut self, conn: ConnId, position: Position) {
        let database = self.history.log.as_ref().and_then(Log::database).unwrap_or(0);
        let Some(connection) = self.connections.get_mut(conn).filter(|c| c.intro.is_for_snapshot()) else { return };
        let Position { history, offset } = position;
        let line = format!("$ENDOFF:{offset} {history} {database} {}\r\n", connection.client_id);
        connection.reply().raw(line.as_bytes());
    }

    /// `REPLCONF set-rdb-client-id`: the snapshot that goes by that connection is for this replica.
    pub(super) fn tie_to_snapshot(&mut self, conn: ConnId, client_id: i64) -> Result<(), CommandError> {
        let is_it = |number: u64| i64::try_from(number) == Ok(client_id);
        let snapshot = self
            .replica_sides()
            .map(|(connection, _)| connection)
            .find(|connection| connection.intro.is_for_snapshot() && is_it(connection.client_id));
        let kept = self.kept_snapshots.iter().find(|kept| is_it(kept.client_id));
        let found = match (snapshot, kept) {
            (Some(connection), _) => Some(OwnSnapshot::OnItsWay(connection.id)),
            (None, kept) => kept.map(|kept| OwnSnapshot::Kept(kept.client_id)),
        };
        let free = found.filter(|snapshot| self.find_main(*snapshot).is_none());
        let unknown = || CommandError::with(format!("ERR Unrecognized RDB client id {client_id}"));
        let snapshot = free.ok_or_else(unknown)?;
        if let Some(connection) = self.connections.get_mut(conn) {
            connection.intro.own_snapshot = Some(snapshot);
        }
        Ok(())
    }

    /// Snapshots with a connection of their own, on their way or sent, whose replicas have not asked for the stream yet: the log is kept behind each.
    pub(crate) fn snapshots_without_main(&self) -> usize {
        let is_alone = |connection: &Connection| {
            let side = connection.replica().filter(|side| !side.has_main_channel);
            connection.intro.is_for_snapshot() && side.is_some_and(|side| side.needs_log_from().is_some())
        };
        self.replica_sides().filter(|(connection, _)| is_alone(connection)).count() + self.kept_snapshots.len()
    }

    /// The connection that is tied to a snapshot.
    fn find_main(&self, snapshot: OwnSnapshot) -> Option<ConnId> {
        let is_tied = |connection: &&Connection| connection.intro.own_snapshot == Some(snapshot);
        self.connections.iter().find(is_tied).map(|connection| connection.id)
    }

    /// The connection by which a replica's snapshot is on its way.
    fn snapshot_of(&self, conn: ConnId) -> Option<&Connection> {
        match self.connections.get(conn)?.intro.own_snapshot? {
            OwnSnapshot::OnItsWay(snapshot) => self.connections.get(snapshot),
            OwnSnapshot::Kept(_) | OwnSnapshot::Sent => None,
        }
    }

    /// The offset from which a replica asks for the stream, if that is where its own snapshot ends: the log is kept from there on, whatever
    /// the backlog's size.
    pub(super) fn own_snapshot_meets(&self, conn: ConnId, request: &Request) -> Option<u64> {
        let then = match self.connections.get(conn)?.intro.own_snapshot? {
            OwnSnapshot::Kept(number) => self.kept_snapshots.iter().find(|kept| kept.client_id == number)?.then,
            _ => self.snapshot_of(conn)?.replica()?.needs_log_from()?,
        };
        let is_met =
            request.history == Some(self.history.id) && i64::try_from(then.checked_add(1)?) == Ok(request.first_byte);
        is_met.then_some(then)
    }

    /// A replica is sent the stream: its snapshot need not keep the log for it any more.
    pub(super) fn main_channel_is_there(&mut self, conn: ConnId, now: Now, effects: &mut Effects) {
        if let Some(connection) = self.connections.get_mut(conn)
            && let Some(OwnSnapshot::Kept(number)) = connection.intro.own_snapshot
        {
            connection.intro.own_snapshot = Some(OwnSnapshot::Sent);
            self.kept_snapshots.retain(|kept| kept.client_id != number);
            return;
        }
        let Some(snapshot) = self.snapshot_of(conn).map(|connection| connection.id) else { return };
        let Some(side) = self.connections.get_mut(snapshot).and_then(Connection::replica_mut) else { return };
        side.has_main_channel = true;
        if matches!(side.phase, Phase::AwaitingMain { .. }) {
            self.snapshot_is_sent(snapshot, now, effects);
        }
    }

    /// All of a snapshot was sent. Its connection ends as soon as the other one has taken over.
    pub(super) fn snapshot_is_sent(&mut self, snapshot: ConnId, now: Now, effects: &mut Effects) {
        let side = self.connections.get(snapshot).and_then(Connection::replica);
        if !side.is_some_and(|side| side.has_main_channel) {
            return;
        }
        if let Some(main) =
            self.find_main(OwnSnapshot::OnItsWay(snapshot)).and_then(|main| self.connections.get_mut(main))
        {
            main.intro.own_snapshot = Some(OwnSnapshot::Sent);
        }
        self.close(snapshot, now, effects);
    }

    /// A replica's connection is gone: what is the other one of the two worth without it?
    pub(super) fn forget_other_channel(&mut self, gone: &Connection, now: Now, effects: &mut Effects) {
        if let Some(OwnSnapshot::OnItsWay(snapshot)) = gone.intro.own_snapshot {
            return self.end_other_channel(snapshot, now, effects);
        }
        let main = self.find_main(OwnSnapshot::OnItsWay(gone.id));
        let mut kept = None;
        // A replica that has all of it may hang up before it asks for the stream.
        if let Some(Phase::AwaitingMain { then }) = gone.replica().map(|side| side.phase) {
            self.mark(Mark::SnapshotKept);
            kept = Some(OwnSnapshot::Kept(gone.client_id));
            self.kept_snapshots.push(Kept { client_id: gone.client_id, then, since: now.mono });
            if self.kept_snapshots.len() > KEPT_MAX {
                self.kept_snapshots.remove(0);
            }
        }
        let Some(connection) = main.and_then(|main| self.connections.get_mut(main)) else { return };
        connection.intro.own_snapshot = kept;
        if kept.is_none() {
            let main = connection.id;
            self.end_other_channel(main, now, effects);
        }
    }

    /// Once a second: a snapshot for which nobody comes, or behind which more was written than may wait for a replica, is not kept any longer.
    pub(super) fn look_after_kept_snapshots(&mut self, now: Now) {
        let timeout = Duration::from_secs(u64::from(self.config.repl_timeout));
        let (end, lag_bytes_max) = (self.history.offset(), self.replica_lag_bytes_max());
        let is_kept = |kept: &Kept| now.mono.since(kept.since) <= timeout && end - kept.then.min(end) <= lag_bytes_max;
        let before = self.kept_snapshots.len();
        self.kept_snapshots.retain(is_kept);
        if self.kept_snapshots.len() < before {
            self.trim_log();
        }
    }

    fn end_other_channel(&mut self, conn: ConnId, now: Now, effects: &mut Effects) {
        if self.connections.get(conn).is_some() {
            effects
                .say(Level::Notice, || "A replica has lost one of its two connections: closing the other".to_string());
            self.close(conn, now, effects);
        }
    }
}
