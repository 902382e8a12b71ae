//! Our master: whom we follow, and where the link to it stands.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;

use crate::config::Endpoint;
use crate::marks::Mark;
use crate::museum::{Defect, Leftover};
use crate::port::{Action, ConnId, DialFailure, Effects, Level, Mono, Note, Now, Peer};
use crate::replication::{Handshake, Introduction};
use crate::resp::push_command;

use super::Node;
use super::audit::Deed;
use super::circle::Suspicion;
use super::connection::{Connection, Kind};
use super::dual_sync::DualSync;
use super::failover::Failover;
use super::guard::{Caution, NamedBy};
use super::held::Held;
use super::incoming::Incoming;
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
    /// The data set that came by it is not to replace ours; another one is asked for later and later, up to so long.
    Quarantine(Duration),
    /// So it is, and no other is asked for.
    Final,
}

/// The link to our master: each state with what belongs to it.
#[derive(Clone, Debug)]
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
#[derive(Clone, Debug)]
pub(crate) struct Follow {
    pub(crate) endpoint: Endpoint,
    pub(crate) link: Link,
    /// What we hold is a prefix of a history: it may be asked to be continued.
    pub(crate) may_resume: bool,
    /// Dials in a row that came to nothing.
    pub(super) failures: u32,
    /// The master of this link, or of the last one, may be asked whom it follows.
    pub(super) master_knows_questions: bool,
    /// Our master was silent, or refused us for want of a master of its own, or we know of a circle.
    pub(crate) suspicion: Option<Suspicion>,
    /// What is known of it, and held against it.
    pub(crate) caution: Caution,
    /// What last went wrong with the link, while it is down.
    pub(crate) last_error: Option<String>,
    /// When the link was last up, or when it was begun.
    pub(crate) down_since: Mono,
    pub(crate) last_io_at: Mono,
    /// [`Defect::PausedReplicaAdvances`]: the command that is held back was counted.
    pub(super) counted_before: Leftover<bool>,
    /// [`Defect::CachedMasterHalfParse`]: of the last link, half a transaction and half a command.
    pub(super) half_read: Leftover<(Vec<u8>, Vec<u8>)>,
}

impl Follow {
    /// At which level the log tells of the dialogue: one that is had again and again with a master that is held off is no news.
    pub(super) fn dialogue_level(&self) -> Level {
        if self.caution.quarantine.is_some() { Level::Verbose } else { Level::Notice }
    }

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
            caution: Caution::default(),
            down_since: now.mono,
            last_io_at: now.mono,
            counted_before: Leftover::default(),
            half_read: Leftover::default(),
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
    pub(super) fn follow(
        &mut self,
        endpoint: Endpoint,
        may_resume: bool,
        named_by: NamedBy,
        now: Now,
        effects: &mut Effects,
    ) {
        self.audit_deed(|_| Deed::MasterNamed);
        self.guard.missed = None;
        let caution = self.caution_of_another(&endpoint, named_by);
        self.follow_with(endpoint, may_resume, caution, now, effects);
    }

    /// The same, with what is known of that master.
    pub(super) fn follow_with(
        &mut self,
        endpoint: Endpoint,
        may_resume: bool,
        caution: Caution,
        now: Now,
        effects: &mut Effects,
    ) {
        self.unfollow_link(now, effects);
        #[cfg(feature = "museum")]
        if self.has(Defect::MeaningfulOffset) && self.follow.is_none() && !self.has_aof() {
            self.history.take_back_pings();
        }
        self.follow = Some(Follow { caution, ..Follow::new(endpoint.clone(), may_resume, now) });
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
        self.mark_promotion();
        self.audit_deed(|_| Deed::MasterNamed);
        self.guard.missed = None;
        self.unfollow_link(now, effects);
        self.follow = None;
        self.keyspace.forget_own_expiries();
        self.config.replicaof = None;
        let id = self.new_replication_id();
        if !self.has(Defect::PromotionKeepsReplid) {
            self.fork_history(id);
        }
        if let Some(log) = &mut self.history.log {
            log.set_database(None);
        }
        self.audit_boundary();
        #[cfg(feature = "museum")]
        if self.has(Defect::PingsTakenBackLate) && !self.has_aof() {
            self.history.take_back_pings();
            self.audit_boundary();
        }
        // Replicas of ours must learn the new name.
        self.drop_replicas(now, effects);
        self.arm_backlog_ttl(if self.has(Defect::PromotedLosesBacklog) { self.started_at } else { now });
        self.first_expiry_ms = None;
    }

    /// In the midst of what it is promoted.
    fn mark_promotion(&mut self) {
        if self.is_replacing_data() {
            self.mark(Mark::PromotedWhileLoading);
        }
        match self.follow.as_ref().map(|follow| &follow.link) {
            Some(Link::Online { block, .. }) if !block.is_empty() => self.mark(Mark::PromotedInTransaction),
            Some(Link::Receiving { .. } | Link::Dual(_)) => self.mark(Mark::PromotedInSync),
            _ => {}
        }
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
        let wants_none = self.is_replacing_data() || self.is_ending() || self.is_asking_over();
        let forgets = self.has(Defect::GuardForgetsAtRedial);
        let Some(follow) = &mut self.follow else { return };
        if !matches!(follow.link, Link::Waiting) || wants_none {
            return;
        }
        follow.caution.lineage = None;
        follow.caution.asked_in = None;
        if forgets {
            follow.caution = Caution::default();
        }
        if follow.failures > 0 && matches!(self.failover, Some(Failover::InProgress { .. })) {
            self.marks.set(Mark::FailoverAskedAgain);
        }
        let connection = self.connections.open(None, Kind::Master, now);
        let conn = connection.id;
        follow.link = Link::Dialling { conn, since: now.mono };
        let Endpoint { host, port } = follow.endpoint.clone();
        let level = follow.dialogue_level();
        effects.say(level, || format!("Connecting to MASTER {host}:{port}"));
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
                    self.follow.iter_mut().for_each(Follow::line_is_cut);
                    self.remember_link_error(failure.to_string());
                    effects.note(Note::MasterDialFailed { failure });
                    self.link_failed(Setback::Link, now, effects);
                }
            }
            Ok(_) if !is_expected => self.close(conn, now, effects),
            Ok(peer) => {
                let level = self.follow.as_ref().map_or(Level::Notice, Follow::dialogue_level);
                effects.say(level, || "MASTER <-> REPLICA sync started".to_string());
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
            asks_whom_it_follows: self
                .follow
                .as_ref()
                .is_some_and(|follow| follow.suspicion.is_some() || self.asks_for_lineage(&follow.caution)),
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
            Setback::Quarantine(wait_max) => wait_max,
            Setback::Final => return self.timers.stop(Timer::Redial),
        };
        if follow.failures > 0 {
            self.marks.set(if setback == Setback::Data { Mark::ResyncBackedOff } else { Mark::RedialBackedOff });
        }
        // Many replicas that lose one master must not come back as one.
        let mut wait = back_off(follow.failures, REDIAL_FIRST, wait_max, &mut self.random);
        follow.failures = follow.failures.saturating_add(1);
        if self.has(Defect::ResyncHammer) {
            wait = REDIAL_MAX;
        }
        self.timers.set(Timer::Redial, now.mono.after(wait));
    }

    pub(super) fn on_master_gone(&mut self, connection: Connection, now: Now, effects: &mut Effects) {
        let conn = connection.id;
        let is_ours = |follow: &&Follow| [follow.conn(), follow.second_conn()].contains(&Some(conn));
        let keeps_half = self.has(Defect::CachedMasterHalfParse);
        if self.follow.as_ref().filter(is_ours).is_none() {
            return;
        }
        self.mark_end_of_link(&connection);
        let Some(follow) = &mut self.follow else { return };
        if let Link::Online { block, .. } = &mut follow.link
            && keeps_half
        {
            follow.half_read.replace((core::mem::take(block), connection.input));
        }
        if matches!(follow.link, Link::Dual(_)) {
            return self.on_dual_channel_gone(conn, now, effects);
        }
        if follow.is_online() {
            follow.line_is_cut();
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
        effects.say(Level::Notice, || text);
        self.link_failed(setback, now, effects);
    }

    /// In the midst of what a link has ended.
    fn mark_end_of_link(&mut self, connection: &Connection) {
        match self.follow.as_ref().map(|follow| &follow.link) {
            Some(Link::Online { .. }) if connection.is_blocked() => self.mark(Mark::LinkEndedWhileHeld),
            Some(Link::Online { block, .. }) => {
                let is_in_block = !block.is_empty();
                if !connection.input.is_empty() {
                    self.mark(Mark::LinkEndedInCommand);
                }
                if is_in_block {
                    self.mark(Mark::LinkEndedInTransaction);
                }
            }
            Some(Link::Receiving { incoming, .. }) if incoming.has_begun() && !incoming.is_for_file() => {
                self.mark(Mark::DataSetThrownAway);
            }
            Some(Link::Replacing { .. }) => self.mark(Mark::LinkEndedWhileLoading),
            _ => {}
        }
    }

    fn remember_link_error(&mut self, text: String) {
        if let Some(follow) = &mut self.follow {
            follow.last_error = Some(text);
        }
    }

    /// Gives up the link, for a reason, and dials again.
    pub(super) fn drop_master_link(&mut self, conn: ConnId, why: String, now: Now, effects: &mut Effects) {
        self.remember_link_error(why.clone());
        effects.say(Level::Warning, || why);
        self.close(conn, now, effects);
    }

    /// A data set that cannot be used: what we have stays, and the master is asked again later and later.
    pub(super) fn refuse_data_set(&mut self, why: String, now: Now, effects: &mut Effects) {
        self.give_up_link(why, Level::Warning, Setback::Data, now, effects);
    }

    /// Gives up the link with all its connections, for a reason, and dials again.
    pub(super) fn give_up_link(
        &mut self,
        why: String,
        level: Level,
        setback: Setback,
        now: Now,
        effects: &mut Effects,
    ) {
        effects.say(level, || why.clone());
        let Some(follow) = &mut self.follow else { return };
        let conns = [follow.conn(), follow.second_conn()];
        follow.last_error = Some(why);
        follow.link = Link::Waiting;
        for conn in conns.into_iter().flatten() {
            self.close(conn, now, effects);
        }
        self.link_failed(setback, now, effects);
    }

    /// Tells the master how far we are.
    pub(super) fn acknowledge(&mut self, effects: &mut Effects) {
        let Some(Follow { link: Link::Online { conn, .. }, .. }) = &self.follow else { return };
        let conn = *conn;
        let mut digits = itoa::Buffer::new();
        let offset = self.history.offset() + if self.has(Defect::AckOnRead) { self.unapplied_bytes(conn) } else { 0 };
        self.audit_deed(|position| Deed::Acknowledged { told: offset, position });
        let mut bytes = Vec::with_capacity(64);
        let mut words = [b"REPLCONF".as_slice(), b"ACK", digits.format(offset).as_bytes(), b"FACK", b""];
        let synced = self.synced_offset();
        let mut synced_digits = itoa::Buffer::new();
        let count = match synced {
            Some(synced) => {
                words[4] = synced_digits.format(synced).as_bytes();
                5
            }
            None => 3,
        };
        push_command(&mut bytes, words[..count].iter().copied());
        self.say(conn, &bytes, effects);
    }

    /// [`Defect::AckOnRead`]: bytes of the stream that were read and are not applied.
    fn unapplied_bytes(&self, conn: ConnId) -> u64 {
        let Some(Follow { link: Link::Online { block, held, .. }, .. }) = &self.follow else { return 0 };
        let input = self.connections.get(conn).map_or(0, |connection| connection.input.len());
        (block.len() + input) as u64 + held.len()
    }

    /// Our master has asked what we have. It may be waiting to hear that this is on our disk, too.
    pub(super) fn answer_getack(&mut self, effects: &mut Effects) {
        self.acknowledge(effects);
        let offset = self.history.offset();
        self.owed_synced_offset = self.synced_offset().filter(|synced| *synced < offset).map(|_| offset);
    }

    /// More is on our disk: perhaps what our master is waiting to hear of.
    pub(super) fn acknowledge_if_owed(&mut self, effects: &mut Effects) {
        if self.owed_synced_offset.is_some_and(|owed| self.synced_offset().is_some_and(|synced| synced >= owed)) {
            self.owed_synced_offset = None;
            self.acknowledge(effects);
        }
    }

    /// Once a second: an acknowledgement, and an end to a link that is silent.
    pub(super) fn look_after_master(&mut self, now: Now, effects: &mut Effects) {
        let timeout = Duration::from_secs(u64::from(self.config.repl_timeout));
        let is_silent = self.has(Defect::SilentWhileLoading);
        self.end_quarantine_in_time(now, effects);
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
            match follow.link {
                Link::Online { .. } => self.marks.set(Mark::MasterSilent),
                Link::Receiving { .. } => self.marks.set(Mark::DataSetStalled),
                _ => {}
            }
            self.suspect_circle(self.follow.as_ref().is_some_and(Follow::is_online));
            return self.drop_master_link(conn, text.to_string(), now, effects);
        }
        match &follow.link {
            Link::Online { .. } => {
                self.acknowledge(effects);
                self.ask_whom_we_follow(now, effects);
            }
            Link::Receiving { incoming, .. } if incoming.has_begun() => self.say(conn, b"\n", effects),
            Link::Replacing { .. } if !is_silent => self.say(conn, b"\n", effects),
            _ => {}
        }
    }
}
