//! The node: the one state machine that ties protocol, keyspace, persistence and replication together.
//!
//! This file is the front door: what enters is handed to the part that it concerns. Each part is a file of its own:
//!
//! | what | where |
//! | --- | --- |
//! | connections, requests, gates, calls, transactions | `connection`, `dispatch`, `gates`, `transaction` |
//! | the one place where writes enter the log | `propagate` |
//! | who listens: to messages and keyspace events, to all commands | `pubsub`, `monitor` |
//! | who keeps copies of what was read | `tracking` |
//! | who waits: for data, for replicas, for the end of a pause | `blocked`, `wait`, `pause` |
//! | our replicas, their snapshots | `primary`, `replconf`, `replica`, `transfer`, `file_transfer`, `snapshot_channel` |
//! | which of them are sent one when, and what they may cost us and each other | `admission`, `replica_limits`, `pace`, `left_behind` |
//! | our master: the link, the data set, the stream | `follow`, `from_master`, `dual_sync`, `incoming`, `held`, `apply` |
//! | the switch of roles with one of our replicas | `failover` |
//! | files | `storage`, `load`, `save`, `aof` |
//! | how long commands take, and which were slow; how much is going on | `timing`, `rates` |
//! | beginning and end, what is done once a second, timers | `lifecycle`, `cron`, `timers` |
//! | commands that see the whole node | `admin` |
//! | what checkers see | `audit` |

mod admin;
mod admission;
#[cfg(test)]
mod admission_tests;
mod aof;
mod apply;
mod archives;
mod audit;
#[cfg(test)]
mod bench;
mod blocked;
mod circle;
mod connection;
mod cron;
#[cfg(test)]
mod disk_failure_tests;
mod dispatch;
mod dual_sync;
#[cfg(test)]
mod dual_sync_tests;
mod evidence;
#[cfg(test)]
mod evidence_tests;
mod expire;
mod failover;
mod file_transfer;
mod follow;
mod from_master;
mod gates;
mod guard;
#[cfg(test)]
mod guard_tests;
#[cfg(test)]
mod guard_whims_tests;
mod held;
mod incoming;
mod incoming_file;
#[cfg(test)]
mod incoming_file_tests;
mod left_behind;
mod lifecycle;
mod line;
mod load;
#[cfg(test)]
mod log_tests;
mod memory;
mod monitor;
#[cfg(test)]
mod own_expiry_tests;
mod pace;
mod pause;
#[cfg(test)]
mod pitfalls;
mod primary;
mod propagate;
mod protected_restart;
mod pubsub;
mod rates;
mod replconf;
mod replica;
mod replica_limits;
mod save;
#[cfg(test)]
mod slow_reader_tests;
mod snapshot_channel;
#[cfg(test)]
mod snapshot_channel_tests;
mod stats;
mod storage;
mod timers;
mod timing;
mod tracking;
mod transaction;
mod transfer;
mod wait;
#[cfg(test)]
mod wait_tests;

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use crate::codec::random::Random;
use crate::command::{Feed, Notices, Renamed};
use crate::config::{Config, EnableDebug};
use crate::keyspace::Keyspace;
use crate::marks::{Mark, Marks};
use crate::museum::Defect;
use crate::port::{Action, ConnId, Effects, Event, Mono, Now, Peer};
use crate::replication::{History, ReplicationId};
use crate::resp::RequestParser;

pub use crate::port::Environment;
pub use audit::{
    Boundary, Deed, HeldOff, LinkState, Probe, Refusal, RefusingState, Role, STREAM_HASH_BASE, stream_hash,
};
pub use blocked::LeftWaiting;

use admin::{AclLog, HostedSet, Rewrites};
use admission::Admission;
use audit::Audit;
use blocked::Blocked;
use connection::{Closing, Connection, Connections, Kind};
use failover::Failover;
use file_transfer::SyncFiles;
use follow::Follow;
use guard::Guard;
use incoming_file::IncomingFiles;
use memory::MemoryGauge;
use pause::Pauses;
use pubsub::Topics;
use rates::Rates;
use replica::Phase;
use stats::Stats;
use storage::Storage;
use timers::{Timer, Timers};
use timing::Timing;
use tracking::TrackingTable;
use transaction::Watches;
use transfer::Transfers;

/// A node. See [`crate`] for the way in.
#[derive(Clone)]
pub struct Node {
    pub(crate) config: Config,
    pub(crate) environment: Environment,
    pub(crate) random: Random,
    pub(crate) keyspace: Keyspace,
    pub(crate) connections: Connections,
    pub(crate) history: History,
    /// The connections of kind [`Kind::Replica`], in the order in which they came.
    pub(crate) replicas: Vec<ConnId>,
    pub(crate) transfers: Transfers,
    pub(crate) sync_files: SyncFiles,
    pub(crate) incoming_files: IncomingFiles,
    /// Stands before a data set that would take from us what its master has lost.
    pub(crate) guard: Guard,
    /// Snapshots that were sent by connections that are gone, for replicas that have not come for the stream yet.
    kept_snapshots: Vec<snapshot_channel::Kept>,
    admission: Admission,
    /// The master that is followed, if any.
    pub(crate) follow: Option<Follow>,
    /// The most bytes of any master's stream that have waited to be applied.
    held_bytes_peak: u64,
    /// The offset at which our master last asked what we have, if that was not on our disk then.
    owed_synced_offset: Option<u64>,
    /// The switch of roles that is under way, if any.
    pub(crate) failover: Option<Failover>,
    pub(crate) storage: Storage,
    pub(crate) timers: Timers,
    pub(crate) stats: Stats,
    pub(crate) rates: Rates,
    pub(crate) memory: MemoryGauge,
    pub(crate) watches: Watches,
    pub(crate) blocked: Blocked,
    pub(crate) topics: Topics,
    pub(crate) tracking: TrackingTable,
    /// Those who have asked for MONITOR, in the order in which they have.
    pub(crate) monitors: Vec<ConnId>,
    pauses: Pauses,
    feed: Feed,
    /// What subscribers to keyspace events are to be told.
    pub(crate) notices: Notices,
    parser: RequestParser,
    pub(crate) timing: Timing,
    renamed: Renamed,
    hosted_sets: VecDeque<HostedSet>,
    rewrites: Rewrites,
    acl_log: AclLog,
    marks: Marks,
    audit: Option<Audit>,
    pub(crate) run_id: ReplicationId,
    pub(crate) started_at: Now,
    /// When the last replica left, for `repl-backlog-ttl`.
    pub(crate) is_active_expiry_on: bool,
    /// Nothing is looked after by the second (DEBUG PAUSE-CRON).
    is_cron_paused: bool,
    /// The end of the process was asked for.
    pub(crate) shutdown: Option<lifecycle::Shutdown>,
    log_has_grown: bool,
    /// The commands of a transaction are being executed: nothing may wait.
    is_executing: bool,
    first_expiry_ms: Option<i64>,
}

impl Node {
    /// Handles one event. Total: it never fails, and never panics on any input.
    pub fn handle(&mut self, event: Event<'_>, now: Now, effects: &mut Effects) {
        if self.rates.is_due(now.mono) {
            self.take_sample(now);
        }
        match event {
            Event::Received { conn, bytes } => self.on_received(conn, bytes, now, effects),
            Event::Closed { conn, .. } => self.on_closed(conn, now, effects),
            Event::Dialled { conn, outcome } => self.on_dialled(conn, outcome, now, effects),
            Event::Timers => self.on_timers(now, effects),
            Event::Disk { ticket, outcome } => self.on_disk(ticket, outcome, now, effects),
            Event::Listening { outcome } => self.on_listening(outcome, now, effects),
            Event::Signal(signal) => self.on_signal(signal, now, effects),
        }
        self.settle(now, effects);
    }

    /// Does up to `units` of background work (snapshot slices, loading, freeing, expiry). A unit is about one key.
    pub fn work(&mut self, units: u32, now: Now, effects: &mut Effects) {
        self.keyspace.free_some(units as usize);
        self.load_incoming_once_emptied(now, effects);
        self.work_on_eviction(now);
        self.work_on_transfers(units as usize, now, effects);
        self.work_on_files(units as usize, now, effects);
        self.work_on_save(units as usize, effects);
        self.work_on_rewrite(units as usize, effects);
        self.feed_aof(now, effects);
        self.work_on_held(now, effects);
        self.settle(now, effects);
    }

    /// True if [`Node::work`] would do something now. A driver calls it again and again between other events until
    /// this turns false.
    #[must_use]
    pub fn has_work(&self) -> bool {
        self.keyspace.has_doomed()
            || self.is_emptying()
            || self.can_evict()
            || self.transfers_can_advance()
            || self.files_can_advance()
            || self.save_can_advance()
            || self.rewrite_can_advance()
            || self.aof_can_be_fed()
            || self.held_can_advance()
    }

    /// When [`Event::Timers`] is due next. Ask again after every call.
    #[must_use]
    pub fn deadline(&self) -> Option<Mono> {
        let deadline = self.timers.deadline();
        if self.has(Defect::TimerRoundsDown) {
            return deadline.map(|deadline| Mono(deadline.0 - deadline.0 % 1000));
        }
        deadline
    }

    /// Fills `slices` with what is to be sent on a connection, oldest first, and returns how many were filled: zero
    /// means nothing. The slices borrow the node's queues; report what was taken by [`Node::sent`].
    #[must_use]
    pub fn gather<'a>(&'a self, conn: ConnId, slices: &mut [&'a [u8]]) -> usize {
        let Some(connection) = self.connections.get(conn) else { return 0 };
        let filled = connection.output.gather(slices);
        let Some(side) = connection.replica() else { return filled };
        let Some(rest) = slices.get_mut(filled..) else { return filled };
        filled
            + match side.phase {
                Phase::Streaming { transfer, sent, .. } => self.transfers.gather(transfer, sent, rest),
                phase => match (phase.stream_sent(), &self.history.log) {
                    (Some(sent), Some(log)) => log.gather_up_to(sent, self.stream_end(), rest),
                    _ => 0,
                },
            }
    }

    /// Tells that the first `count` bytes of what [`Node::gather`] showed were taken by the network.
    pub fn sent(&mut self, conn: ConnId, count: usize, now: Now, effects: &mut Effects) {
        let Some(connection) = self.connections.get_mut(conn) else { return };
        self.stats.bytes_sent += count as u64;
        self.stats.writes += 1;
        let rest = connection.output.advance(count);
        let is_replica = matches!(connection.kind, Kind::Replica(_));
        if is_replica {
            self.stats.replication_bytes_sent += count as u64;
            self.replica_took(conn, rest as u64, now, effects);
        }
        let Some(connection) = self.connections.get_mut(conn) else { return };
        if connection.output.is_empty() {
            if connection.closing == Closing::AfterReplies {
                self.close(conn, now, effects);
            } else if !is_replica || !self.replica_has_output(conn) {
                self.unannounce(conn);
            }
        } else if connection.output.sendable() == 0 {
            connection.is_announced = false;
        }
    }

    /// The configuration in force.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Lets everybody use DEBUG from now on, for copies of a node that are asked and thrown away.
    pub fn allow_debug(&mut self) {
        self.config.enable_debug_command = EnableDebug::Yes;
    }

    /// Tells the driver that a connection has output. To be called only if it has: the driver tells of an empty queue by
    /// sending what was in it.
    pub(crate) fn announce(&mut self, conn: ConnId, effects: &mut Effects) {
        if let Some(connection) = self.connections.get_mut(conn) {
            connection.announce(effects);
        }
    }

    /// Tells the driver of those who were sent what they had not asked for just now, and closes those who have too much of it.
    #[cold]
    fn announce_told(&mut self, now: Now, effects: &mut Effects) {
        for conn in self.connections.take_told() {
            if let Some(connection) = self.connections.get_mut(conn) {
                connection.is_told = false;
                connection.announce(effects);
                self.limit_output(conn, now, effects);
            }
        }
    }

    fn unannounce(&mut self, conn: ConnId) {
        if let Some(connection) = self.connections.get_mut(conn) {
            connection.is_announced = false;
        }
    }

    /// What every event ends with: those who wait no more go on, replicas learn that the log has grown, the log
    /// forgets, who was told something is served, the expiry timer is set.
    fn settle(&mut self, now: Now, effects: &mut Effects) {
        self.continue_flush(now, effects);
        if self.blocked.has_business() {
            self.resume_released(now, effects);
        }
        if core::mem::take(&mut self.log_has_grown) {
            self.note_unit_end(now, effects);
            self.history.timeline.note(self.history.offset(), now.mono);
            self.announce_log(now, effects);
            self.trim_log();
            self.bound_replicated_data();
        }
        if self.tracking.has_news {
            self.broadcast_changes();
        }
        if self.connections.has_told() {
            self.announce_told(now, effects);
        }
        if core::mem::take(&mut self.guard.evidence.has_news) {
            self.write_evidence(now, effects);
        }
        self.limit_clients(now, effects);
        self.arm_expiry(now);
        self.arm_cron(now);
    }

    fn on_timers(&mut self, now: Now, effects: &mut Effects) {
        while let Some(timer) = self.timers.take_due(now.mono) {
            match timer {
                Timer::Cron => self.on_cron(now, effects),
                Timer::Expiry => self.expire_due_keys(now),
                Timer::SnapshotStart => self.start_transfers(now, effects),
                Timer::Redial => self.dial_master(now, effects),
                Timer::ReplicaPing => self.ping_replicas(now),
                Timer::BacklogTtl => self.free_backlog(effects),
                Timer::Shutdown => self.finish_shutdown(now, effects),
                Timer::Wait => self.end_overdue_waits(now),
                Timer::Pause => self.end_overdue_pauses(now),
                Timer::Failover => self.continue_failover(now, effects),
                Timer::Aof => self.on_aof_timer(now, effects),
            }
        }
    }

    fn on_dialled(
        &mut self,
        conn: ConnId,
        outcome: Result<Peer, crate::port::DialFailure>,
        now: Now,
        effects: &mut Effects,
    ) {
        if self.connections.get(conn).is_some() {
            self.on_master_dialled(conn, outcome, now, effects);
        }
    }

    /// Forgets a connection that is gone; our own link to a master begins anew.
    fn on_closed(&mut self, conn: ConnId, now: Now, effects: &mut Effects) {
        let Some(mut connection) = self.connections.close(conn) else { return };
        self.watches.unwatch(conn);
        self.forget_listener(&mut connection);
        if connection.tracking.is_some() {
            self.forget_tracker(conn);
        }
        if connection.is_monitor {
            self.stop_monitoring(conn);
        }
        self.forget_wait(&connection);
        if !matches!(connection.kind, Kind::Master) {
            self.forget_other_channel(&connection, now, effects);
        }
        match connection.kind {
            Kind::Client => {}
            Kind::Replica(_) => self.on_replica_gone(&connection, now, effects),
            Kind::Master => self.on_master_gone(*connection, now, effects),
        }
    }

    /// Closes a connection of ours.
    pub(crate) fn close(&mut self, conn: ConnId, now: Now, effects: &mut Effects) {
        if self.connections.get(conn).is_some() {
            effects.push(Action::Close(conn));
            self.on_closed(conn, now, effects);
        }
    }

    /// Closes a connection once it was sent what is queued for it.
    pub(crate) fn close_after_replies(&mut self, conn: ConnId, now: Now, effects: &mut Effects) {
        match self.connections.get_mut(conn) {
            Some(connection) if !connection.output.is_empty() => {
                connection.closing = Closing::AfterReplies;
                connection.input = Vec::new();
                connection.announce(effects);
            }
            Some(_) => self.close(conn, now, effects),
            None => {}
        }
    }

    pub(crate) fn new_replication_id(&mut self) -> ReplicationId {
        ReplicationId::new(self.random.hex40())
    }

    /// Whether it makes this mistake. Never in a build without the feature `museum`.
    #[inline(always)]
    pub(crate) const fn has(&self, defect: Defect) -> bool {
        self.environment.defects.contain(defect)
    }

    /// It has come to a decision. Nothing in a build without the feature `marks`.
    #[inline(always)]
    pub(crate) const fn mark(&mut self, mark: Mark) {
        self.marks.set(mark);
    }

    /// The decisions that it has come to in this life.
    #[cfg(feature = "marks")]
    #[must_use]
    pub const fn marks(&self) -> Marks {
        self.marks.and(self.feed.marks)
    }

    pub(crate) fn connection(&mut self, conn: ConnId) -> Option<&mut Connection> {
        self.connections.get_mut(conn)
    }
}
