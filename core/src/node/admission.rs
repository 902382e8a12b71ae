//! Who is sent a snapshot, and when: full synchronisations are let in together, few at a time, and more slowly after some that came to
//! nothing.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use crate::port::{ConnId, Effects, Level, Mono, Note, Now};

use super::Node;
use super::replica::Phase;
use super::timers::{Timer, back_off};
use super::transfer::{Contents, SyncProgress};

/// A data set of up to this many keys is sent at once, unless the operator has set another delay than the default.
/// Differs: Redis waits for `repl-diskless-sync-delay` even then, since each snapshot costs it a fork; here a small one costs less
/// than a millisecond, and nobody has to wait for the replicas that may come.
const SMALL_KEYS_MAX: usize = 1000;
/// The default of `repl-diskless-sync-delay`.
const DELAY_BY_DEFAULT: Duration = Duration::from_secs(5);
/// Snapshots that are sent at the same time. Every one of them takes its share of the processor and of each write; one that a slow replica
/// takes its time with must not keep the others waiting.
const TRANSFERS_MAX: usize = 3;
/// The first wait after a full synchronisation that the log outran; each further one doubles it.
const BACK_OFF_FIRST: Duration = Duration::from_secs(1);
/// The longest of these waits.
const BACK_OFF_MAX: Duration = Duration::from_secs(60);

/// What is remembered of full synchronisations that came to nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Admission {
    /// So many in a row.
    failures: u32,
    /// Before this time none is begun.
    not_before: Option<Mono>,
}

impl Admission {
    /// A replica has come through.
    pub(super) fn succeeded(&mut self) {
        *self = Admission::default();
    }
}

impl Node {
    /// Begins a snapshot for whoever waits: at once, or when the diskless delay is over, or the wait after a failure.
    pub(super) fn schedule_transfer(&mut self, now: Now, effects: &mut Effects) {
        let waiting = self.waiting_replicas().len();
        if waiting == 0 {
            return;
        }
        if let Some(not_before) = self.admission.not_before.filter(|at| *at > now.mono) {
            self.timers.set(Timer::SnapshotStart, not_before);
            return;
        }
        let delay = Duration::from_secs(u64::from(self.config.repl_diskless_sync_delay));
        let max = self.config.repl_diskless_sync_max_replicas as usize;
        let is_diskless = self.config.repl_diskless_sync;
        let is_small = self.keyspace.total_len() <= SMALL_KEYS_MAX && delay == DELAY_BY_DEFAULT;
        if !is_diskless || is_small || delay.is_zero() || (max > 0 && waiting >= max) {
            self.start_transfers(now, effects);
        } else {
            self.timers.set_no_later(Timer::SnapshotStart, now.mono.after(delay));
        }
    }

    fn waiting_replicas(&self) -> Vec<ConnId> {
        let waiting = self.replica_sides().filter(|(_, side)| side.phase == Phase::Waiting);
        waiting.map(|(connection, _)| connection.id).collect()
    }

    /// True if somebody waits for a snapshot.
    pub(super) fn is_snapshot_awaited(&self) -> bool {
        self.replica_sides().any(|(_, side)| side.phase == Phase::Waiting)
    }

    /// Begins the snapshots that replicas wait for: one for those that can be told its end by a mark, one in a file for
    /// the others.
    pub(super) fn start_transfers(&mut self, now: Now, effects: &mut Effects) {
        self.timers.stop(Timer::SnapshotStart);
        let is_diskless = self.config.repl_diskless_sync;
        let knows_mark =
            |conn: &ConnId| self.connections.get(*conn).is_some_and(|connection| connection.intro.knows_eof);
        let wants_filter = |conn: &ConnId| self.connections.get(*conn).is_some_and(|c| c.intro.wants_no_keys);
        let is_for_snapshot = |conn: &ConnId| self.connections.get(*conn).is_some_and(|c| c.intro.is_for_snapshot());
        let waiting = self.waiting_replicas();
        let (marked, filed): (Vec<ConnId>, Vec<ConnId>) = waiting
            .into_iter()
            .partition(|conn| knows_mark(conn) && (is_diskless || wants_filter(conn) || is_for_snapshot(conn)));
        let (filtered, whole): (Vec<ConnId>, Vec<ConnId>) = marked.into_iter().partition(wants_filter);
        let has_room = self.transfers.count() < TRANSFERS_MAX;
        for (receivers, contents) in [(whole, Contents::Everything), (filtered, Contents::NoKeys)] {
            let is_let_in = has_room || contents == Contents::NoKeys;
            if !receivers.is_empty() && is_let_in {
                let count = receivers.len();
                let text = format!("Starting BGSAVE for SYNC with target: replicas sockets ({count} of them)");
                effects.note(Note::Text { level: Level::Notice, text });
                // The process is our own: there is no child.
                let text = format!("Background RDB transfer started by pid {}", self.environment.process_id);
                effects.note(Note::Text { level: Level::Notice, text });
                self.begin_transfer(&receivers, contents, now, effects);
            }
        }
        if !filed.is_empty() {
            self.send_by_file(&filed, now, effects);
        }
    }

    /// The log has outrun a full synchronisation: the next one begins later, and the log tells what would help.
    pub(super) fn full_sync_was_outrun(&mut self, outrun: &Outrun, now: Now, effects: &mut Effects) {
        let wait = back_off(self.admission.failures, BACK_OFF_FIRST, BACK_OFF_MAX, &mut self.random);
        self.admission.failures = self.admission.failures.saturating_add(1);
        let not_before = now.mono.after(wait);
        self.admission.not_before = Some(not_before);
        if let Some(due) = self.timers.due(Timer::SnapshotStart) {
            self.timers.set(Timer::SnapshotStart, due.max(not_before));
        }
        let text = format!("{outrun}. The next one begins in {} ms", wait.as_millis());
        effects.note(Note::Text { level: Level::Warning, text });
    }
}

/// A full synchronisation that the log outran.
#[derive(Debug)]
pub(super) struct Outrun {
    /// The replica, as it is called in logs.
    pub(super) replica: String,
    /// Bytes of the stream that waited for it.
    pub(super) lag_bytes: u64,
    /// How many may.
    pub(super) limit_bytes: u64,
    /// How much of its snapshot it was sent; unknown once it has all of it.
    pub(super) progress: Option<SyncProgress>,
}

impl Outrun {
    /// How many bytes will wait for it at the least, if writes go on as they have: until all of its snapshot is sent. While it loads that, there
    /// will be more.
    fn needed_bytes(&self) -> u64 {
        let SyncProgress { done, total, .. } = self.progress.unwrap_or(SyncProgress { unit: "", done: 1, total: 1 });
        let needed = u128::from(self.lag_bytes) * u128::from(total) / u128::from(done.max(1));
        u64::try_from(needed).unwrap_or(u64::MAX)
    }
}

/// What happened, and what would help. How long a replica loads what it was sent nobody knows before it has: what is advised leaves as much again
/// for it, and grows with each attempt that comes to nothing.
impl fmt::Display for Outrun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Outrun { replica, lag_bytes, limit_bytes, progress } = self;
        let needed = self.needed_bytes();
        let advised = needed.saturating_mul(2);
        write!(f, "Replica {replica} was outrun by the stream ")?;
        match progress {
            Some(SyncProgress { unit, done, total }) => write!(f, "at {unit} {done} of {total} of its")?,
            None => write!(f, "before it had loaded its")?,
        }
        write!(
            f,
            " full synchronisation: {lag_bytes} bytes wait for it, more than client-output-buffer-limit allows ({limit_bytes}). "
        )?;
        match progress {
            Some(_) => {
                write!(f, "At this rate of writes it takes a hard limit of {needed} bytes, and more while it loads")?
            }
            None => write!(
                f,
                "It takes a hard limit of more than {needed} bytes; how long it still has to load is not known"
            )?,
        }
        write!(f, ". Try twice as much: CONFIG SET client-output-buffer-limit \"replica {advised} 0 0\"")
    }
}
