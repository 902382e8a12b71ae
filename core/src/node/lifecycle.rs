//! The beginning and the end of a node, and of connections that come from outside.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::net::IpAddr;
use core::time::Duration;

use crate::codec::random::Random;
use crate::codec::siphash::HashKey;
use crate::command::reply_error as reply;
use crate::config::{Config, EVERY_ADDRESS};
use crate::keyspace::Keyspace;
use crate::marks::Mark;
use crate::museum::Defect;
use crate::port::{Action, ConnId, Effects, ExitCode, Level, Note, Now, Peer, Signal};
use crate::replication::{History, Position, ReplicationId};
use crate::resp::RequestParser;

use super::aof::Reach;
use super::audit::Deed;
use super::connection::{Connection, Connections, Kind};
use super::follow::Follow;
use super::pause::{PausedFor, Scope};
use super::timers::{Timer, Timers};
use super::{Environment, Node};

/// A shutdown under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shutdown {
    /// Write a snapshot first.
    pub(crate) saves: bool,
    /// End even if that fails.
    pub(crate) is_forced: bool,
    /// Replicas had their chance.
    pub(crate) is_past_waiting: bool,
    /// The append-only file is being completed, up to here. What comes after that are heartbeats.
    pub(super) flushes_up_to: Option<Reach>,
}

impl Node {
    /// Starts an incarnation: asks for the files it must load, dials its master if it has one.
    ///
    /// `seed` is the only source of entropy; it must differ between incarnations, or replication ids would repeat.
    #[must_use]
    pub fn start(config: Config, environment: Environment, seed: u64, now: Now, effects: &mut Effects) -> Node {
        let defects = environment.defects;
        let mut random = Random::new(seed, 0);
        let order = HashKey::new(random.next_u64(), random.next_u64());
        let run_id = ReplicationId::new(random.hex40());
        let id = ReplicationId::new(random.hex40());
        let mut node = Node {
            keyspace: Keyspace::new(config.databases, order),
            renamed: crate::command::Renamed::new(&config.renamed_commands),
            config,
            environment,
            random,
            connections: Connections::default(),
            history: History::new(Position { history: id, offset: 0 }),
            replicas: Vec::new(),
            transfers: super::Transfers::default(),
            sync_files: super::SyncFiles::default(),
            incoming_files: super::IncomingFiles::default(),
            guard: super::Guard::default(),
            kept_snapshots: Vec::new(),
            admission: super::Admission::default(),
            follow: None,
            held_bytes_peak: 0,
            owed_synced_offset: None,
            failover: None,
            storage: super::Storage::default(),
            timers: Timers::default(),
            stats: super::Stats::default(),
            rates: super::Rates::new(now.mono),
            memory: super::MemoryGauge::default(),
            watches: super::Watches::default(),
            blocked: super::Blocked::default(),
            topics: super::Topics::default(),
            monitors: Vec::new(),
            tracking: super::TrackingTable::default(),
            pauses: super::Pauses::default(),
            feed: crate::command::Feed::of(defects),
            notices: crate::command::Notices::default(),
            parser: RequestParser::default(),
            timing: super::Timing::default(),
            hosted_sets: alloc::collections::VecDeque::new(),
            rewrites: super::Rewrites::default(),
            acl_log: super::AclLog::default(),
            marks: super::Marks::default(),
            audit: None,
            run_id,
            started_at: now,
            is_active_expiry_on: true,
            is_cron_paused: false,
            shutdown: None,
            log_has_grown: false,
            is_executing: false,
            first_expiry_ms: None,
        };
        node.follow_event_classes();
        #[cfg(feature = "museum")]
        node.tell_defects(effects);
        for (name, why) in node.config.without_effect() {
            effects.say(Level::Notice, || format!("'{name}' is accepted, without effect here: {why}"));
        }
        // A replica is one while it loads, too; it dials when it is ready.
        node.follow = node.config.replicaof.clone().map(|endpoint| Follow::new(endpoint, false, now));
        node.storage.last_save_seconds = now.wall.seconds();
        node.storage.last_save_at = now.mono;
        node.restore_at_start(now, effects);
        node.settle(now, effects);
        node
    }

    #[cfg(feature = "museum")]
    fn tell_defects(&self, effects: &mut Effects) {
        for defect in self.environment.defects.iter() {
            effects.say(Level::Warning, || format!("This node makes a mistake on purpose: {}", defect.name()));
        }
    }

    /// The data are there: from now on everything is served. `may_resume` if it is known which place of which history they are at.
    pub(super) fn is_ready(&mut self, may_resume: bool, now: Now, effects: &mut Effects) {
        effects.note(Note::Ready);
        if self.config.appendonly && !self.has_aof() {
            self.begin_aof_at_start(now, effects);
        }
        if let Some(endpoint) = self.config.replicaof.clone() {
            let caution = self.caution_at_start(&endpoint, may_resume, effects);
            self.follow_with(endpoint, may_resume, caution, now, effects);
        } else {
            self.arm_backlog_ttl(now);
        }
        self.look_for_missing(now, effects);
    }

    /// Takes in a connection that a driver accepted. It may be told an error and closed at once (`maxclients`,
    /// `protected-mode`), by the same actions as ever.
    pub fn accept(&mut self, peer: Peer, now: Now, effects: &mut Effects) -> ConnId {
        let is_full = self.connections.len() >= self.config.maxclients as usize;
        let connection = self.connections.open(Some(peer), Kind::Client, now);
        let conn = connection.id;
        if peer.is_unix_socket() {
            connection.unix_path = self.config.unixsocket.as_deref().map(Into::into);
        }
        if is_full {
            self.stats.rejected_connections += 1;
            self.refuse_connection(conn, reply::MAX_CLIENTS.text(), now, effects);
            return conn;
        }
        let is_open = self.config.requirepass.is_none() && self.config.bind == EVERY_ADDRESS;
        if self.config.protected_mode && is_open && !is_local(peer) {
            self.stats.rejected_connections += 1;
            self.refuse_connection(conn, PROTECTED_MODE, now, effects);
            return conn;
        }
        self.stats.connections += 1;
        self.arm_cron(now);
        conn
    }

    pub(super) fn on_signal(&mut self, signal: Signal, now: Now, effects: &mut Effects) {
        let name = match signal {
            Signal::Terminate => "SIGTERM",
            Signal::Interrupt => "SIGINT",
        };
        effects.say(Level::Warning, || format!("Received {name} scheduling shutdown..."));
        let options = match signal {
            Signal::Terminate => self.config.shutdown_on_sigterm,
            Signal::Interrupt => self.config.shutdown_on_sigint,
        };
        let saves = options.save || (!options.nosave && !self.config.save.is_empty());
        let shutdown = Shutdown { saves, is_forced: options.force, is_past_waiting: options.now, flushes_up_to: None };
        self.begin_shutdown(shutdown, now, effects);
    }

    /// Ends the node: when its replicas have caught up, or had their time, and after a last snapshot if one is wanted.
    pub(super) fn begin_shutdown(&mut self, shutdown: Shutdown, now: Now, effects: &mut Effects) {
        if self.shutdown.is_some() {
            return;
        }
        self.shutdown = Some(shutdown);
        effects.say(Level::Warning, || "User requested shutdown...".to_string());
        let timeout = Duration::from_secs(u64::from(self.config.shutdown_timeout));
        let is_waited_for = self.has_lagging_replicas() && !self.has(Defect::ShutdownForgetsReplicas);
        if shutdown.is_past_waiting || timeout.is_zero() || !is_waited_for {
            self.finish_shutdown(now, effects);
            return;
        }
        if self.follow.is_none() {
            self.ask_replicas();
        }
        effects.say(Level::Notice, || "Waiting for replicas before shutting down.".to_string());
        self.mark(Mark::ShutdownWaits);
        self.pause(PausedFor::Shutdown, Scope::Write, None, now);
        self.timers.set(Timer::Shutdown, now.mono.after(timeout));
    }

    fn has_lagging_replicas(&self) -> bool {
        let end = self.history.offset();
        self.replica_sides().any(|(_, side)| side.is_online() && !side.is_mute && side.acked < end)
    }

    /// A replica has acknowledged, or gone: perhaps it was the last one that a shutdown waited for.
    pub(super) fn continue_shutdown(&mut self, now: Now) {
        let is_waiting = self.shutdown.is_some_and(|shutdown| !shutdown.is_past_waiting);
        if is_waiting && !self.has_lagging_replicas() {
            self.mark(Mark::ShutdownInStep);
            // What this very event has left to do is done first: replicas go, one after another, when a new master is taken up, too.
            self.timers.set(Timer::Shutdown, now.mono);
        }
    }

    pub(super) fn finish_shutdown(&mut self, now: Now, effects: &mut Effects) {
        let Some(shutdown) = &mut self.shutdown else { return };
        if shutdown.flushes_up_to.is_some() {
            return;
        }
        let had_to_wait = !core::mem::replace(&mut shutdown.is_past_waiting, true);
        let saves = shutdown.saves;
        if had_to_wait && self.has_lagging_replicas() {
            self.mark(Mark::ShutdownTimedOut);
        }
        self.audit_deed(|_| Deed::StopsWaiting);
        self.timers.stop(Timer::Shutdown);
        self.tell_of_replicas_at_shutdown(now, effects);
        if self.is_loading() || (!saves && !self.has_aof()) {
            return self.exit(effects);
        }
        // What is written now is what comes back: nothing changes beside it any more, and no other data set takes its place.
        self.pause(PausedFor::Shutdown, Scope::Write, None, now);
        self.unfollow_link(now, effects);
        if let Some(reach) = self.aof_reach() {
            effects.say(Level::Notice, || "Calling fsync() on the AOF file.".to_string());
            if let Some(shutdown) = &mut self.shutdown {
                shutdown.flushes_up_to = Some(reach);
            }
            self.feed_aof(now, effects);
        } else {
            self.save_before_exit(now, effects);
        }
    }

    /// Goes on with a shutdown once the append-only file is complete.
    ///
    /// Differs: if it cannot be completed, the node does not end, unless it was told to (SHUTDOWN FORCE). A Redis says so in its log and ends.
    #[inline]
    pub(super) fn continue_flush(&mut self, now: Now, effects: &mut Effects) {
        let Some(shutdown) = self.shutdown.filter(|shutdown| shutdown.flushes_up_to.is_some()) else { return };
        let is_done = match self.is_aof_complete() {
            Ok(is_complete) => is_complete,
            Err(_) if shutdown.is_forced => true,
            Err(why) => {
                effects.say(Level::Warning, || format!("Error writing the AOF file: {why}"));
                return self.shutdown_save_failed(now, effects);
            }
        };
        if !is_done {
            return;
        }
        if let Some(shutdown) = &mut self.shutdown {
            shutdown.flushes_up_to = None;
        }
        if shutdown.saves { self.save_before_exit(now, effects) } else { self.exit(effects) }
    }

    fn save_before_exit(&mut self, now: Now, effects: &mut Effects) {
        effects.say(Level::Notice, || "Saving the final RDB snapshot before exiting.".to_string());
        self.save_and_exit(now, effects);
    }

    /// Which replicas would lack something if they were all that is left.
    fn tell_of_replicas_at_shutdown(&self, now: Now, effects: &mut Effects) {
        let end = self.history.offset();
        let mut in_sync = 0;
        for (connection, side) in self.replica_sides() {
            if side.acked >= end {
                in_sync += 1;
                continue;
            }
            effects.say(Level::Warning, || {
                format!(
                    "Lagging replica {} reported offset {} behind master, lag={}, state={}.",
                    self.replica_name(connection.id),
                    end - side.acked,
                    now.mono.since(side.heard_at).as_secs(),
                    side.state_name()
                )
            });
        }
        if !self.replicas.is_empty() {
            effects.say(Level::Notice, || {
                format!("{in_sync} of {} replicas are in sync when shutting down.", self.replicas.len())
            });
        }
    }

    pub(super) fn shutdown_save_failed(&mut self, now: Now, effects: &mut Effects) {
        let Some(shutdown) = self.shutdown.take() else { return };
        if shutdown.is_forced {
            return self.exit(effects);
        }
        self.mark(Mark::ShutdownGivenUp);
        for text in [
            "Error trying to save the DB, can't exit.",
            "Errors trying to shut down the server. Check the logs for more information.",
        ] {
            effects.say(Level::Warning, || text.to_string());
        }
        self.give_up_shutdown(now);
        self.dial_master(now, effects);
    }

    /// True once nothing more is waited for but the last snapshot.
    pub(super) fn is_ending(&self) -> bool {
        self.shutdown.is_some_and(|shutdown| shutdown.is_past_waiting)
    }

    /// The node goes on: those who asked for its end are told, and writes go on, too.
    pub(super) fn give_up_shutdown(&mut self, now: Now) {
        self.timers.stop(Timer::Shutdown);
        self.end_waits_for_shutdown(reply::SHUTDOWN_FAILED.text());
        self.unpause(PausedFor::Shutdown, now);
    }

    /// The process cannot go on: it ends with a failure, for a reason.
    pub(super) fn exit_failed(&self, why: String, effects: &mut Effects) {
        effects.say(Level::Warning, || why);
        effects.push(Action::Exit(ExitCode::Failed));
    }

    pub(super) fn exit(&mut self, effects: &mut Effects) {
        effects.say(Level::Warning, || "Afterimage is now ready to exit, bye bye...".to_string());
        effects.push(Action::Exit(ExitCode::Orderly));
    }
}

impl Connection {
    /// True if the peer is on this machine.
    pub(crate) fn is_local(&self) -> bool {
        self.peer.is_some_and(is_local)
    }
}

fn is_local(peer: Peer) -> bool {
    peer.is_unix_socket() || is_loopback(peer.remote.ip())
}

fn is_loopback(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_loopback(),
        IpAddr::V6(ip) => ip.is_loopback() || ip.to_ipv4_mapped().is_some_and(|ip| ip.is_loopback()),
    }
}

/// What a stranger is told. Source of the rule: Redis's `protected-mode`.
const PROTECTED_MODE: &str = "DENIED Redis is running in protected mode because protected mode is enabled and no password is set for the default user. In this mode connections are only accepted from the loopback interface. To connect from elsewhere, set a password ('requirepass'), name the addresses to listen on ('bind'), or switch the protection off ('protected-mode no').";

#[cfg(test)]
mod tests {
    use super::super::audit::{LinkState, Role};
    use super::*;
    use crate::config::Endpoint;

    #[test]
    fn a_replica_is_one_from_its_start() {
        let replicaof = Some(Endpoint { host: "10.0.0.1".to_string(), port: 6379 });
        let config = Config { replicaof, ..Config::default() };
        let mut effects = Effects::new();
        let node = Node::start(config, Environment::default(), 1, Now::default(), &mut effects);
        let probe = node.probe();
        assert_eq!((node.is_loading(), probe.role, probe.link), (true, Role::Replica, LinkState::Connecting));
        let dials = effects.drain().filter(|action| matches!(action, Action::Dial { .. })).count();
        assert_eq!(dials, 0, "it has to know first what it has");
    }
}
