//! A full synchronisation by two connections, seen from the replica: the data set comes by one, and meanwhile the stream by the other.
//!
//! The main connection is told `+DUALCHANNELSYNC`. A second one is dialled, and tells where its data set ends; from there on the main one
//! asks for the stream, which is held until the data set is complete. If either is lost before, both are given up, and nothing is kept of
//! them: what we have stays as it is, and the master is dialled anew.
//!
//! Source: the behaviour of Valkey 8 and 9. Differs: a Valkey asks its master for nothing while it loads and says nothing to it; here it gets
//! an empty line each second by the main connection, so that neither side takes the other for gone.

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use core::time::Duration;

use crate::config::Endpoint;
use crate::marks::Mark;
use crate::port::{Action, ConnId, DialFailure, Effects, Level, Mono, Now, Peer};
use crate::replication::{AfterSnapshotLine, Handshake, Next, SnapshotEnd, SnapshotTalk};

use super::Node;
use super::connection::Kind;
use super::follow::{Follow, Link, Setback};
use super::held::Held;
use super::incoming::{Incoming, Taken};
use super::incoming_file::Arrived;
use super::line::Line;

/// The connection by which the data set comes.
#[derive(Clone, Debug)]
enum SnapshotChannel {
    /// It is being dialled.
    Dialling { conn: ConnId },
    /// The dialogue goes on.
    Talking { conn: ConnId, talk: Box<SnapshotTalk>, line: Line },
    /// The data set is coming.
    Receiving { conn: ConnId, end: SnapshotEnd, incoming: Box<Incoming> },
    /// It is there.
    Complete { end: SnapshotEnd, incoming: Box<Incoming> },
}

impl SnapshotChannel {
    fn conn(&self) -> Option<ConnId> {
        match self {
            SnapshotChannel::Dialling { conn }
            | SnapshotChannel::Talking { conn, .. }
            | SnapshotChannel::Receiving { conn, .. } => Some(*conn),
            SnapshotChannel::Complete { .. } => None,
        }
    }
}

/// The connection by which the stream comes.
#[derive(Clone, Debug)]
enum MainChannel {
    /// Where the stream is to be followed from is not known yet.
    Waiting,
    /// The dialogue goes on.
    Talking { talk: Box<Handshake>, line: Line },
    /// The stream is coming.
    Streaming,
}

/// A synchronisation by two connections.
#[derive(Clone, Debug)]
pub(crate) struct DualSync {
    pub(super) main_conn: ConnId,
    main: MainChannel,
    snapshot: SnapshotChannel,
    /// When the data set's connection last gave a sign.
    pub(super) snapshot_io_at: Mono,
    held: Held,
}

impl DualSync {
    /// The connection by which the data set comes, while it does.
    pub(super) fn snapshot_conn(&self) -> Option<ConnId> {
        self.snapshot.conn()
    }

    /// The data set, once it is known where it ends.
    pub(crate) fn incoming(&self) -> Option<&Incoming> {
        match &self.snapshot {
            SnapshotChannel::Receiving { incoming, .. } | SnapshotChannel::Complete { incoming, .. } => Some(incoming),
            SnapshotChannel::Dialling { .. } | SnapshotChannel::Talking { .. } => None,
        }
    }

    /// The stream that waits for it.
    pub(crate) fn held(&self) -> &Held {
        &self.held
    }

    fn is_through(&self) -> bool {
        matches!((&self.main, &self.snapshot), (MainChannel::Streaming, SnapshotChannel::Complete { .. }))
    }

    /// How much it costs the master to begin anew.
    fn setback(&self) -> Setback {
        if self.incoming().is_some_and(Incoming::has_begun) { Setback::Data } else { Setback::Link }
    }
}

impl Node {
    /// `+DUALCHANNELSYNC`: dials the second connection.
    pub(super) fn begin_dual_sync(&mut self, main_conn: ConnId, now: Now, effects: &mut Effects) {
        let conn = self.connections.open(None, Kind::Master, now).id;
        let Some(follow) = &mut self.follow else { return };
        let Endpoint { host, port } = follow.endpoint.clone();
        let snapshot = SnapshotChannel::Dialling { conn };
        let (main, held) = (MainChannel::Waiting, Held::default());
        follow.link = Link::Dual(Box::new(DualSync { main_conn, main, snapshot, snapshot_io_at: now.mono, held }));
        effects.say(Level::Notice, || "Full resync from master by a second connection".to_string());
        effects.push(Action::Dial { conn, host, port });
    }

    fn dual_sync(&mut self) -> Option<&mut DualSync> {
        match &mut self.follow.as_mut()?.link {
            Link::Dual(sync) => Some(sync),
            _ => None,
        }
    }

    /// The second connection was dialled. False if this is not about it.
    pub(super) fn on_snapshot_dialled(
        &mut self,
        conn: ConnId,
        outcome: &Result<Peer, DialFailure>,
        now: Now,
        effects: &mut Effects,
    ) -> bool {
        let is_it = self.dual_sync().is_some_and(|sync| sync.snapshot_conn() == Some(conn));
        if !is_it {
            return false;
        }
        match outcome {
            Err(failure) => {
                self.connections.close(conn);
                self.end_dual_sync(failure.to_string(), now, effects);
            }
            Ok(peer) => {
                let (talk, first) = SnapshotTalk::begin(self.introduction());
                if let Some(connection) = self.connections.get_mut(conn) {
                    connection.peer = Some(*peer);
                }
                if let Some(sync) = self.dual_sync() {
                    sync.snapshot_io_at = now.mono;
                    sync.snapshot = SnapshotChannel::Talking { conn, talk: Box::new(talk), line: Line::default() };
                }
                self.say(conn, &first, effects);
            }
        }
        true
    }

    /// Bytes by either connection.
    pub(super) fn on_dual_bytes(&mut self, conn: ConnId, bytes: &[u8], now: Now, effects: &mut Effects) {
        let mut used = 0;
        while used < bytes.len() {
            let rest = &bytes[used..];
            let Some(sync) = self.dual_sync() else { return };
            used += if sync.main_conn == conn {
                self.on_main_bytes(rest, now, effects)
            } else if sync.snapshot_conn() == Some(conn) {
                sync.snapshot_io_at = now.mono;
                self.on_snapshot_bytes(rest, now, effects)
            } else {
                return;
            };
        }
        self.finish_dual_sync(now, effects);
    }

    /// Bytes by the main connection; returns how many it took.
    fn on_main_bytes(&mut self, bytes: &[u8], now: Now, effects: &mut Effects) -> usize {
        let bytes_max = self.held_bytes_max();
        let Some(sync) = self.dual_sync() else { return bytes.len() };
        let conn = sync.main_conn;
        match &mut sync.main {
            MainChannel::Waiting if bytes.iter().all(|byte| matches!(byte, b'\r' | b'\n')) => bytes.len(),
            MainChannel::Waiting => {
                self.end_dual_sync("Master sent what it was not asked for".to_string(), now, effects);
                bytes.len()
            }
            MainChannel::Talking { talk, line } => {
                let (used, line) = line.take_in(bytes);
                match line.map(|line| line.and_then(|line| talk.on_line(&line).map_err(|error| error.to_string()))) {
                    None => {}
                    Some(Ok(Next::Send(bytes))) => self.say(conn, &bytes, effects),
                    Some(Ok(Next::Done(..))) => {
                        let knows_questions = talk.knows_questions();
                        sync.main = MainChannel::Streaming;
                        if let Some(follow) = &mut self.follow {
                            follow.master_knows_questions = knows_questions;
                        }
                    }
                    Some(Err(why)) => self.end_dual_sync(why, now, effects),
                }
                used
            }
            MainChannel::Streaming => {
                sync.held.push(conn, bytes, bytes_max, effects);
                bytes.len()
            }
        }
    }

    /// Bytes by the data set's connection; returns how many it took.
    fn on_snapshot_bytes(&mut self, bytes: &[u8], now: Now, effects: &mut Effects) -> usize {
        let Some(sync) = self.dual_sync() else { return bytes.len() };
        match &mut sync.snapshot {
            SnapshotChannel::Talking { conn, talk, line } => {
                let conn = *conn;
                let (used, line) = line.take_in(bytes);
                match line.map(|line| line.and_then(|line| talk.on_line(&line).map_err(|error| error.to_string()))) {
                    None => {}
                    Some(Ok(AfterSnapshotLine::Send(bytes))) => self.say(conn, &bytes, effects),
                    Some(Ok(AfterSnapshotLine::Done(end))) => self.on_snapshot_end_told(conn, end, now, effects),
                    Some(Err(why)) => self.end_dual_sync(why, now, effects),
                }
                used
            }
            SnapshotChannel::Receiving { conn, incoming, .. } => {
                let conn = *conn;
                match incoming.take_in(bytes, now, effects) {
                    Ok(Taken { count, for_file, is_complete }) => {
                        if let Some(piece) = for_file {
                            self.write_incoming(conn, piece, effects);
                        }
                        if is_complete {
                            self.on_snapshot_complete(conn, now, effects);
                        }
                        count
                    }
                    Err(error) => {
                        self.end_dual_sync(error.to_string(), now, effects);
                        bytes.len()
                    }
                }
            }
            SnapshotChannel::Dialling { .. } | SnapshotChannel::Complete { .. } => bytes.len(),
        }
    }

    /// It is known where the stream follows: the main connection asks for it.
    fn on_snapshot_end_told(&mut self, conn: ConnId, end: SnapshotEnd, now: Now, effects: &mut Effects) {
        let incoming = self.expect_data_set(Some(end.position), now, effects);
        let (talk, first) = Handshake::follow_snapshot(&end);
        let Some(sync) = self.dual_sync() else { return };
        sync.snapshot = SnapshotChannel::Receiving { conn, end, incoming };
        sync.main = MainChannel::Talking { talk: Box::new(talk), line: Line::default() };
        let main_conn = sync.main_conn;
        self.say(main_conn, &first, effects);
    }

    /// The data set is there: its connection is not needed any more.
    fn on_snapshot_complete(&mut self, conn: ConnId, now: Now, effects: &mut Effects) {
        let Some(sync) = self.dual_sync() else { return };
        let dialling = SnapshotChannel::Dialling { conn };
        if let SnapshotChannel::Receiving { end, incoming, .. } = core::mem::replace(&mut sync.snapshot, dialling) {
            sync.snapshot = SnapshotChannel::Complete { end, incoming };
        }
        self.close(conn, now, effects);
    }

    /// Once the data set is there, and the master has agreed to the stream behind it: it takes the place of ours.
    fn finish_dual_sync(&mut self, now: Now, effects: &mut Effects) {
        if !self.dual_sync().is_some_and(|sync| sync.is_through()) {
            return;
        }
        self.mark(Mark::DualSyncThrough);
        let Some(follow) = &mut self.follow else { return };
        let Link::Dual(sync) = core::mem::replace(&mut follow.link, Link::Waiting) else { return };
        let DualSync { main_conn, snapshot: SnapshotChannel::Complete { end, incoming }, held, .. } = *sync else {
            return;
        };
        let held_bytes_max = self.held_bytes_max();
        if let Some(follow) = &mut self.follow {
            follow.link = Link::Replacing { conn: main_conn, held, held_bytes_max };
        }
        let arrived = Arrived { position: Some(end.position), has_mark: true, database: end.database };
        self.on_data_set_arrived(*incoming, arrived, now, effects);
    }

    /// One of the two connections is gone.
    pub(super) fn on_dual_channel_gone(&mut self, conn: ConnId, now: Now, effects: &mut Effects) {
        let is_main = self.dual_sync().is_some_and(|sync| sync.main_conn == conn);
        let which =
            if is_main { "Connection with master lost." } else { "Connection for the data set of the master lost." };
        self.end_dual_sync(which.to_string(), now, effects);
    }

    /// Gives up both connections, and what came by them.
    fn end_dual_sync(&mut self, why: String, now: Now, effects: &mut Effects) {
        if let Some(setback) = self.dual_sync().map(|sync| sync.setback()) {
            self.mark(Mark::DualSyncGivenUp);
            self.give_up_link(why, Level::Warning, setback, now, effects);
        }
    }

    /// Once a second: a sign of life, and an end to a data set that does not come.
    pub(super) fn look_after_dual_sync(&mut self, timeout: Duration, now: Now, effects: &mut Effects) {
        let Some(Follow { link: Link::Dual(sync), last_io_at, .. }) = &self.follow else { return };
        // While the data set comes, the main connection may have nothing to say.
        let last_sign_at = if sync.snapshot_conn().is_some() { sync.snapshot_io_at } else { *last_io_at };
        if now.mono.since(last_sign_at) > timeout {
            let why = "Timeout receiving bulk data from MASTER by a second connection.";
            return self.end_dual_sync(why.to_string(), now, effects);
        }
        let conn = sync.main_conn;
        self.say(conn, b"\n", effects);
    }
}
