//! Our master: the link to it, the dialogue, the data set, and the stream that is applied.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;

use crate::config::Endpoint;
use crate::persistence::Loaded;
use crate::port::{Action, ConnId, DialFailure, Effects, Level, Mono, Note, Now, Peer};
use crate::replication::{Handshake, Introduction, Next, Position, ReplicationId, SyncAnswer};
use crate::resp::push_command;

use super::Node;
use super::circle::Suspicion;
use super::connection::Kind;
use super::dual_sync::DualSync;
use super::held::Held;
use super::incoming::{Incoming, Taken};
use super::incoming_file::Arrived;
use super::line::Line;
use super::timers::{Timer, back_off};

/// The first wait before a dial is repeated; each failure doubles it.
const REDIAL_FIRST: Duration = Duration::from_millis(100);
/// The longest wait before a dial is repeated.
const REDIAL_MAX: Duration = Duration::from_secs(1);
/// The longest wait after data sets that were refused: each try costs the master a snapshot.
const RESYNC_MAX: Duration = Duration::from_secs(10);

/// What went wrong with a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Setback {
    /// It could not be made, or broke.
    Link,
    /// The data set that came by it cannot be used.
    Data,
}

/// The link to our master: each state with what belongs to it.
#[derive(Clone)]
pub(crate) enum Link {
    /// It will be dialled.
    Waiting,
    /// It is being dialled.
    Dialling { conn: ConnId, since: Mono },
    /// The dialogue goes on.
    Talking { conn: ConnId, talk: Box<Handshake>, line: Line },
    /// A data set is coming.
    Receiving { conn: ConnId, incoming: Box<Incoming> },
    /// A data set is coming by a second connection, and the stream by this one.
    Dual(Box<DualSync>),
    /// The data set has come as a whole, in a file, and is not ours yet.
    Replacing {
        conn: ConnId,
        /// What came behind it.
        held: Held,
        /// How much of that may wait here rather than with the master.
        held_bytes_max: u64,
    },
    /// The stream is being applied.
    Online {
        conn: ConnId,
        /// What came before the data set was complete, and what came since, as long as something of it waits.
        held: Held,
        /// A transaction of which EXEC has not come: its bytes.
        block: Vec<u8>,
    },
}

/// What a replica keeps of its master.
#[derive(Clone)]
pub(crate) struct Follow {
    pub(crate) endpoint: Endpoint,
    pub(crate) link: Link,
    /// What we hold is a prefix of a history: it may be asked to be continued.
    pub(crate) may_resume: bool,
    /// Dials in a row that came to nothing.
    failures: u32,
    /// The master of this link, or of the last one, may be asked whom it follows.
    pub(super) master_knows_questions: bool,
    /// Our master was silent, or refused us for want of a master of its own, or we know of a circle.
    pub(crate) suspicion: Option<Suspicion>,
    /// What last went wrong with the link, while it is down.
    pub(crate) last_error: Option<String>,
    /// When the link was last up, or when it was begun.
    pub(crate) down_since: Mono,
    pub(crate) last_io_at: Mono,
}

impl Follow {
    /// The connection, if there is one.
    pub(crate) fn conn(&self) -> Option<ConnId> {
        match &self.link {
            Link::Waiting => None,
            Link::Dialling { conn, .. }
            | Link::Talking { conn, .. }
            | Link::Receiving { conn, .. }
            | Link::Replacing { conn, .. }
            | Link::Online { conn, .. } => Some(*conn),
            Link::Dual(sync) => Some(sync.main_conn),
        }
    }

    /// The second connection, if there is one.
    fn second_conn(&self) -> Option<ConnId> {
        match &self.link {
            Link::Dual(sync) => sync.snapshot_conn(),
            _ => None,
        }
    }

    /// The stream that waits to be applied, if any does.
    pub(crate) fn held(&self) -> Option<&Held> {
        match &self.link {
            Link::Dual(sync) => Some(sync.held()),
            Link::Replacing { held, .. } | Link::Online { held, .. } => Some(held),
            _ => None,
        }
    }

    /// Memory that it takes, in bytes.
    pub(crate) fn held_bytes(&self) -> u64 {
        self.held().map_or(0, Held::memory_bytes)
    }

    /// A master that is to be dialled.
    pub(super) fn new(endpoint: Endpoint, may_resume: bool, now: Now) -> Follow {
        Follow {
            endpoint,
            link: Link::Waiting,
            may_resume,
            failures: 0,
            last_error: None,
            master_knows_questions: false,
            suspicion: None,
            down_since: now.mono,
            last_io_at: now.mono,
        }
    }

    /// True if the stream is being applied.
    pub(crate) fn is_online(&self) -> bool {
        matches!(self.link, Link::Online { .. })
    }

    /// True if there is a stream to be applied: a link that is up in a circle of replicas carries none.
    pub(crate) fn has_stream(&self) -> bool {
        self.is_online() && self.circle().is_none()
    }

    /// For how long there has been no stream, if there is none.
    pub(crate) fn down_for(&self, now: Now) -> Option<Duration> {
        let since = if self.is_online() { self.last_io_at } else { self.down_since };
        (!self.has_stream()).then(|| now.mono.since(since))
    }

    /// The state's name in ROLE.
    pub(crate) fn state_name(&self) -> &'static str {
        match self.link {
            Link::Online { .. } if !self.has_stream() => "connect",
            Link::Waiting => "connect",
            Link::Dialling { .. } => "connecting",
            Link::Talking { .. } => "handshake",
            Link::Receiving { .. } | Link::Replacing { .. } | Link::Dual(_) => "sync",
            Link::Online { .. } => "connected",
        }
    }
}

impl Node {
    /// REPLICAOF host port: follows a master, from where we stand if it knows our history.
    pub(super) fn follow(&mut self, endpoint: Endpoint, may_resume: bool, now: Now, effects: &mut Effects) {
        self.unfollow_link(now, effects);
        self.follow = Some(Follow::new(endpoint.clone(), may_resume, now));
        self.config.replicaof = Some(endpoint);
        self.first_expiry_ms = None;
        self.timers.stop(Timer::Expiry);
        self.timers.stop(Timer::BacklogTtl);
        self.end_waits_at_role_change(now, effects);
        self.dial_master(now, effects);
    }

    /// REPLICAOF NO ONE: a new history begins where this one stands.
    pub(super) fn promote(&mut self, now: Now, effects: &mut Effects) {
        if self.follow.is_none() {
            return;
        }
        self.unfollow_link(now, effects);
        self.follow = None;
        self.keyspace.forget_own_expiries();
        self.config.replicaof = None;
        let id = self.new_replication_id();
        self.history.fork(id);
        if let Some(log) = &mut self.history.log {
            log.set_database(None);
        }
        self.audit_boundary();
        // Replicas of ours must learn the new name.
        self.drop_replicas(now, effects);
        self.arm_backlog_ttl(now);
        self.first_expiry_ms = None;
    }

    /// Gives up the link to the master, and what came over it and is not ours yet.
    pub(super) fn unfollow_link(&mut self, now: Now, effects: &mut Effects) {
        self.abandon_incoming(effects);
        if let Some(follow) = &mut self.follow {
            let conns = [follow.conn(), follow.second_conn()];
            follow.link = Link::Waiting;
            for conn in conns.into_iter().flatten() {
                self.close(conn, now, effects);
            }
        }
        self.timers.stop(Timer::Redial);
    }

    /// Dials the master.
    pub(super) fn dial_master(&mut self, now: Now, effects: &mut Effects) {
        let wants_none = self.is_replacing_data() || self.is_ending();
        let Some(follow) = &mut self.follow else { return };
        if !matches!(follow.link, Link::Waiting) || wants_none {
            return;
        }
        let connection = self.connections.open(None, Kind::Master, now);
        let conn = connection.id;
        follow.link = Link::Dialling { conn, since: now.mono };
        let Endpoint { host, port } = follow.endpoint.clone();
        let text = format!("Connecting to MASTER {host}:{port}");
        effects.note(Note::Text { level: Level::Notice, text });
        effects.push(Action::Dial { conn, host, port });
    }

    pub(super) fn on_master_dialled(
        &mut self,
        conn: ConnId,
        outcome: Result<Peer, DialFailure>,
        now: Now,
        effects: &mut Effects,
    ) {
        if self.on_snapshot_dialled(conn, &outcome, now, effects) {
            return;
        }
        let is_expected = self.follow.as_ref().is_some_and(|follow| follow.conn() == Some(conn));
        match outcome {
            Err(failure) => {
                self.connections.close(conn);
                if is_expected {
                    self.remember_link_error(failure.to_string());
                    effects.note(Note::MasterDialFailed { failure });
                    self.link_failed(Setback::Link, now, effects);
                }
            }
            Ok(_) if !is_expected => self.close(conn, now, effects),
            Ok(peer) => {
                effects.note(Note::Text { level: Level::Notice, text: "MASTER <-> REPLICA sync started".to_string() });
                let introduction = self.introduction();
                let (talk, first) = Handshake::begin(introduction);
                let Some(follow) = &mut self.follow else { return };
                follow.last_io_at = now.mono;
                follow.link = Link::Talking { conn, talk: Box::new(talk), line: Line::default() };
                if let Some(connection) = self.connections.get_mut(conn) {
                    connection.peer = Some(peer);
                }
                self.say(conn, &first, effects);
            }
        }
    }

    pub(super) fn introduction(&self) -> Introduction {
        let config = &self.config;
        let password = config.masterauth.as_ref().map(|password| password.as_str().to_string());
        let announced = config.replica_announce_port;
        Introduction {
            auth: password.map(|password| (config.masteruser.clone(), password)),
            port: if announced == 0 { config.port } else { announced },
            ip: config.replica_announce_ip.clone(),
            resume: self.follow.as_ref().filter(|follow| follow.may_resume).map(|_| self.history.position()),
            asks_to_take_over: self.asks_to_take_over(),
            asks_whom_it_follows: self.follow.as_ref().is_some_and(|follow| follow.suspicion.is_some()),
            knows_dual_channel: config.dual_channel_replication_enabled,
        }
    }

    pub(super) fn say(&mut self, conn: ConnId, bytes: &[u8], effects: &mut Effects) {
        if let Some(connection) = self.connections.get_mut(conn)
            && !bytes.is_empty()
        {
            connection.output.tail().extend_from_slice(bytes);
            connection.announce(effects);
        }
    }

    /// The link is down: dial again, at once after a link that stood, later and later after dials that failed.
    fn link_failed(&mut self, setback: Setback, now: Now, effects: &mut Effects) {
        self.abandon_partial_incoming(effects);
        let Some(follow) = &mut self.follow else { return };
        if follow.is_online() {
            // At once: the less is written meanwhile, the likelier the backlog still has it.
            follow.down_since = now.mono;
            follow.failures = 0;
            follow.link = Link::Waiting;
            self.timers.set(Timer::Redial, now.mono);
            return;
        }
        follow.link = Link::Waiting;
        let wait_max = match setback {
            Setback::Link => REDIAL_MAX,
            Setback::Data => RESYNC_MAX,
        };
        // Many replicas that lose one master must not come back as one.
        let wait = back_off(follow.failures, REDIAL_FIRST, wait_max, &mut self.random);
        follow.failures = follow.failures.saturating_add(1);
        self.timers.set(Timer::Redial, now.mono.after(wait));
    }

    pub(super) fn on_master_gone(&mut self, conn: ConnId, now: Now, effects: &mut Effects) {
        let is_ours = |follow: &&Follow| [follow.conn(), follow.second_conn()].contains(&Some(conn));
        let Some(follow) = self.follow.as_ref().filter(is_ours) else { return };
        if matches!(follow.link, Link::Dual(_)) {
            return self.on_dual_channel_gone(conn, now, effects);
        }
        // A snapshot that breaks off costs the master another: ask for that later and later.
        let setback = match &follow.link {
            Link::Receiving { incoming, .. } if incoming.has_begun() => Setback::Data,
            _ => Setback::Link,
        };
        let text = "Connection with master lost.".to_string();
        if follow.last_error.is_none() {
            self.remember_link_error(text.clone());
        }
        effects.note(Note::Text { level: Level::Notice, text });
        self.link_failed(setback, now, effects);
    }

    fn remember_link_error(&mut self, text: String) {
        if let Some(follow) = &mut self.follow {
            follow.last_error = Some(text);
        }
    }

    /// Gives up the link, for a reason, and dials again.
    pub(super) fn drop_master_link(&mut self, conn: ConnId, why: String, now: Now, effects: &mut Effects) {
        self.remember_link_error(why.clone());
        effects.note(Note::Text { level: Level::Warning, text: why });
        self.close(conn, now, effects);
    }

    /// A data set that cannot be used: what we have stays, and the master is asked again later and later.
    pub(super) fn refuse_data_set(&mut self, why: String, now: Now, effects: &mut Effects) {
        self.give_up_link(why, Setback::Data, now, effects);
    }

    /// Gives up the link with all its connections, for a reason, and dials again.
    pub(super) fn give_up_link(&mut self, why: String, setback: Setback, now: Now, effects: &mut Effects) {
        effects.note(Note::Text { level: Level::Warning, text: why.clone() });
        let Some(follow) = &mut self.follow else { return };
        let conns = [follow.conn(), follow.second_conn()];
        follow.last_error = Some(why);
        follow.link = Link::Waiting;
        for conn in conns.into_iter().flatten() {
            self.close(conn, now, effects);
        }
        self.link_failed(setback, now, effects);
    }

    /// Bytes from our master, in whatever state the link is.
    pub(super) fn on_master_bytes(&mut self, conn: ConnId, bytes: &[u8], now: Now, effects: &mut Effects) {
        self.stats.replication_bytes_received += bytes.len() as u64;
        self.take_in_master_bytes(conn, bytes, now, effects);
        let held = self.follow.as_ref().and_then(Follow::held).map_or(0, Held::len);
        self.held_bytes_peak = self.held_bytes_peak.max(held);
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
            self.look_for_circle(conn, answer, effects);
        }
        match outcome {
            Ok(Next::Send(bytes)) => self.say(conn, &bytes, effects),
            Ok(Next::Done(answer, bytes)) => {
                self.say(conn, &bytes, effects);
                self.on_sync_answer(conn, answer, now, effects);
            }
            Err(error) => {
                self.suspect_circle(error.is_no_master_link());
                self.drop_master_link(conn, error.to_string(), now, effects);
                self.on_dialogue_failed(&error, now, effects);
            }
        }
        used
    }

    fn on_sync_answer(&mut self, conn: ConnId, answer: SyncAnswer, now: Now, effects: &mut Effects) {
        if !self.accept_answer_of_target(&answer, now, effects) {
            return;
        }
        let position = match answer {
            SyncAnswer::Continue(id) => return self.go_on(conn, id, now, effects),
            SyncAnswer::DualChannel => return self.begin_dual_sync(conn, now, effects),
            SyncAnswer::Full(position) => {
                let text = format!("Full resync from master: {}:{}", position.history, position.offset);
                effects.note(Note::Text { level: Level::Notice, text });
                Some(position)
            }
            SyncAnswer::FullUnnamed => None,
        };
        let incoming = self.expect_data_set(position, now, effects);
        if let Some(follow) = &mut self.follow {
            follow.link = Link::Receiving { conn, incoming };
        }
    }

    /// `+CONTINUE`: the stream goes on where we are; the history may have a new name.
    fn go_on(&mut self, conn: ConnId, id: Option<ReplicationId>, now: Now, effects: &mut Effects) {
        let text = "Successful partial resynchronization with master.".to_string();
        effects.note(Note::Text { level: Level::Notice, text });
        if let Some(id) = id.filter(|id| *id != self.history.id) {
            self.history.fork(id);
            self.drop_replicas(now, effects);
            let text = format!("Master replication ID changed to {id}");
            effects.note(Note::Text { level: Level::Notice, text });
        }
        if self.history.log.is_none() {
            self.history.begin_log_here(self.config.repl_backlog_size);
        }
        self.audit_boundary();
        if let Some(follow) = &mut self.follow {
            follow.may_resume = true;
        }
        self.link_is_up(conn, Held::default(), now);
        self.acknowledge(effects);
    }

    /// Takes in a part of the data set; returns how many bytes it took.
    fn on_data_set_bytes(&mut self, conn: ConnId, bytes: &[u8], now: Now, effects: &mut Effects) -> usize {
        let Some(Follow { link: Link::Receiving { incoming, .. }, .. }) = &mut self.follow else { return bytes.len() };
        let Taken { count, for_file, is_complete } = match incoming.take_in(bytes, now, effects) {
            Ok(taken) => taken,
            Err(error) => {
                self.refuse_data_set(error.to_string(), now, effects);
                return bytes.len();
            }
        };
        if let Some(piece) = for_file {
            self.write_incoming(conn, piece, effects);
        }
        if is_complete {
            self.on_data_set(conn, now, effects);
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
        match incoming.finish() {
            Ok(_) if is_for_file => self.incoming_is_whole(arrived, now, effects),
            Ok(loaded) => self.take_over_data_set(loaded, arrived, now, effects),
            Err(error) => self.refuse_data_set(error.to_string(), now, effects),
        }
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
        self.drop_replicas(now, effects);
        self.keyspace.adopt(loaded.keyspace);
        self.history.replace(position, self.config.repl_backlog_size);
        if let Some(log) = &mut self.history.log {
            log.set_database(Some(loaded.facts.stream_database.or(database).unwrap_or(0)));
        }
        self.storage.dirty = 0;
        self.audit_data_replaced();
        let text = format!("MASTER <-> REPLICA sync: Finished with success ({keys} keys)");
        effects.note(Note::Text { level: Level::Notice, text });
        let Some(follow) = &mut self.follow else { return };
        follow.may_resume = may_resume;
        // The link may have gone while a file was being loaded; what was loaded can be continued all the same.
        let Some((conn, held)) = follow.link.take_replacing() else { return };
        self.link_is_up(conn, held, now);
        if has_mark || may_resume {
            self.acknowledge(effects);
        }
    }

    /// The stream goes on, behind what was held of it.
    pub(super) fn link_is_up(&mut self, conn: ConnId, held: Held, now: Now) {
        if let Some(follow) = &mut self.follow {
            follow.link = Link::Online { conn, held, block: Vec::new() };
            follow.failures = 0;
            follow.last_error = None;
            follow.last_io_at = now.mono;
        }
        if let Some(connection) = self.connections.get_mut(conn) {
            connection.input = Vec::new();
            connection.parser = None;
        }
    }

    /// Tells the master how far we are.
    pub(super) fn acknowledge(&mut self, effects: &mut Effects) {
        let Some(Follow { link: Link::Online { conn, .. }, .. }) = &self.follow else { return };
        let conn = *conn;
        let mut digits = itoa::Buffer::new();
        let offset = digits.format(self.history.offset());
        let mut bytes = Vec::with_capacity(64);
        push_command(&mut bytes, [b"REPLCONF".as_slice(), b"ACK", offset.as_bytes()].into_iter());
        self.say(conn, &bytes, effects);
    }

    /// Once a second: an acknowledgement, and an end to a link that is silent.
    pub(super) fn look_after_master(&mut self, now: Now, effects: &mut Effects) {
        let timeout = Duration::from_secs(u64::from(self.config.repl_timeout));
        let Some(follow) = &mut self.follow else { return };
        let Some(conn) = follow.conn() else { return };
        if matches!(follow.link, Link::Dual(_)) {
            return self.look_after_dual_sync(timeout, now, effects);
        }
        let (since, text) = match &follow.link {
            // Nothing is read from it.
            Link::Online { held, .. } if held.is_paused() => (now.mono, ""),
            Link::Dialling { since, .. } => (*since, "Timeout connecting to the MASTER..."),
            Link::Talking { .. } => (follow.last_io_at, "Timeout connecting to the MASTER..."),
            Link::Receiving { .. } => (
                follow.last_io_at,
                "Timeout receiving bulk data from MASTER... If the problem persists try to set the 'repl-timeout' parameter in redis.conf to a larger value.",
            ),
            // It is we who do not read.
            Link::Replacing { .. } => (now.mono, ""),
            // In a circle there is nothing to be heard, and to dial anew would change nothing.
            _ => (follow.quiet_since(), "MASTER timeout: no data nor PING received..."),
        };
        if now.mono.since(since) > timeout {
            self.suspect_circle(self.follow.as_ref().is_some_and(Follow::is_online));
            return self.drop_master_link(conn, text.to_string(), now, effects);
        }
        match &follow.link {
            Link::Online { .. } => {
                self.acknowledge(effects);
                self.ask_whom_we_follow(now, effects);
            }
            Link::Receiving { incoming, .. } if incoming.has_begun() => self.say(conn, b"\n", effects),
            Link::Replacing { .. } => self.say(conn, b"\n", effects),
            _ => {}
        }
    }
}
