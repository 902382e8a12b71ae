//! Who is sent a snapshot, and when: full synchronisations are let in together, few at a time, and more slowly after some that came to
//! nothing.
//!
//! Differs: a Redis whose disk is full tries again as often as its replicas ask, and real ones ask at once, over and over. Here they are let
//! wait, each time for longer.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use crate::codec::random::Random;
use crate::marks::Mark;
use crate::museum::Defect;
use crate::port::{ConnId, Effects, Level, Mono, Now};

use super::Node;
use super::left_behind::LeftBehind;
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
/// How long somebody waits for room among these. Longer than that a snapshot takes only if its readers are slow, and then it takes little of us.
const PATIENCE: Duration = Duration::from_secs(10);
/// Snapshots that are sent at the same time if some of them do not end: each keeps the old values of what is written, and a part of itself.
const TRANSFERS_IN_ALL_MAX: usize = 8;
/// The first wait after a full synchronisation that came to nothing; each further one doubles it.
const BACK_OFF_FIRST: Duration = Duration::from_secs(1);
/// The longest wait after one that the log outran: the next one will be outrun, too, unless somebody writes less or allows more.
const BACK_OFF_MAX: Duration = Duration::from_secs(60);
/// The longest wait after a file that could not be written. Room may come back at any time, and writes may be refused until it was seen that it has; each try
/// costs no more than the part of a snapshot that still fits.
const FILE_BACK_OFF_MAX: Duration = Duration::from_secs(10);

/// What is remembered of full synchronisations that came to nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Admission {
    /// Those that the log outran.
    outrun: Restraint,
    /// Those whose file could not be written: who can be sent a snapshot without one does not wait for the disk.
    files: Restraint,
    /// Replicas that were too slow for others.
    left_behind: LeftBehind,
    /// Since when somebody waits for room.
    no_room_since: Option<Mono>,
}

impl Admission {
    /// A file was written.
    pub(super) fn disk_is_well(&mut self) {
        self.files = Restraint::default();
    }
}

/// Failures of one kind, and what they teach.
#[derive(Clone, Debug, Default)]
struct Restraint {
    /// So many in a row.
    failures: u32,
    /// Before this time nothing is begun that could fail in the same way.
    not_before: Option<Mono>,
}

impl Restraint {
    /// One more: tells how long to wait.
    fn failed(&mut self, wait_max: Duration, now: Now, random: &mut Random) -> Duration {
        let wait = back_off(self.failures, BACK_OFF_FIRST, wait_max, random);
        self.failures = self.failures.saturating_add(1);
        self.not_before = Some(now.mono.after(wait));
        wait
    }
}

impl Node {
    /// A replica has come through.
    pub(super) fn note_admitted(&mut self, conn: ConnId) {
        self.admission.outrun = Restraint::default();
        if !self.admission.left_behind.is_empty() {
            let name = self.replica_name(conn);
            self.admission.left_behind.came_through(&name);
        }
    }

    /// Begins a snapshot for whoever waits: at once, or when the diskless delay is over, or the wait after a failure.
    pub(super) fn schedule_transfer(&mut self, now: Now, effects: &mut Effects) {
        let ready = self.ready_replicas(now).len();
        if ready == 0 {
            return;
        }
        let delay = Duration::from_secs(u64::from(self.config.repl_diskless_sync_delay));
        let max = self.config.repl_diskless_sync_max_replicas as usize;
        let is_diskless = self.config.repl_diskless_sync;
        let is_small = self.keyspace.total_len() <= SMALL_KEYS_MAX && delay == DELAY_BY_DEFAULT;
        if !is_diskless || is_small || delay.is_zero() || (max > 0 && ready >= max) {
            self.start_transfers(now, effects);
        } else {
            self.mark(Mark::SnapshotDelayed);
            self.timers.set_no_later(Timer::SnapshotStart, now.mono.after(delay));
        }
    }

    /// Those who wait for a snapshot and may be sent one now. For the others the timer is set.
    fn ready_replicas(&mut self, now: Now) -> Vec<ConnId> {
        let waiting = self.replica_sides().filter(|(_, side)| side.phase == Phase::Waiting);
        let waiting: Vec<ConnId> = waiting.map(|(connection, _)| connection.id).collect();
        let mut ready = Vec::new();
        for conn in waiting {
            match self.held_back_until(conn, now) {
                Some(until) => {
                    self.mark(Mark::SnapshotHeldBack);
                    self.timers.set_no_later(Timer::SnapshotStart, until);
                }
                None => ready.push(conn),
            }
        }
        ready
    }

    /// Until when a replica is sent no snapshot because of what went wrong before; none if it may be sent one.
    fn held_back_until(&self, conn: ConnId, now: Now) -> Option<Mono> {
        if self.has(Defect::ResyncHammer) {
            return None;
        }
        let own = match self.way_of_snapshot(conn, now) {
            Way::File if self.file_to_join().is_none() => self.admission.files.not_before,
            Way::Socket(Company::Slow) => self.admission.left_behind.not_before(&self.replica_name(conn), now.mono),
            Way::File | Way::Socket(_) => None,
        };
        self.admission.outrun.not_before.max(own).filter(|until| *until > now.mono)
    }

    /// How a replica is sent its snapshot: it must be able to find the mark that ends one of unknown length.
    fn way_of_snapshot(&self, conn: ConnId, now: Now) -> Way {
        let Some(intro) = self.connections.get(conn).map(|connection| &connection.intro) else { return Way::File };
        let goes_without_file = self.config.repl_diskless_sync || intro.wants_no_keys || intro.is_for_snapshot();
        if !intro.knows_eof || !goes_without_file {
            Way::File
        } else if intro.wants_no_keys {
            Way::Socket(Company::WithoutKeys)
        } else if !self.admission.left_behind.is_empty()
            && self.admission.left_behind.contains(&self.replica_name(conn), now.mono)
        {
            Way::Socket(Company::Slow)
        } else {
            Way::Socket(Company::Ordinary)
        }
    }

    /// Begins the snapshots that replicas wait for: one for each company of those that can be told its end by a mark, one in a file for the others.
    pub(super) fn start_transfers(&mut self, now: Now, effects: &mut Effects) {
        self.timers.stop(Timer::SnapshotStart);
        let ready = self.ready_replicas(now);
        let mut is_room_missing = false;
        for company in [Company::Ordinary, Company::Slow, Company::WithoutKeys] {
            let goes_so = |conn: &ConnId| self.way_of_snapshot(*conn, now) == Way::Socket(company);
            let receivers: Vec<ConnId> = ready.iter().copied().filter(goes_so).collect();
            if receivers.is_empty() {
                continue;
            }
            if !self.has_room_for(company, now) {
                self.mark(Mark::SnapshotWithoutRoom);
                is_room_missing = true;
                continue;
            }
            let count = receivers.len();
            effects.say(Level::Notice, || {
                format!("Starting BGSAVE for SYNC with target: replicas sockets ({count} of them)")
            });
            // The process is our own: there is no child.
            effects.say(Level::Notice, || {
                format!("Background RDB transfer started by pid {}", self.environment.process_id)
            });
            self.begin_transfer(&receivers, company.contents(), now, effects);
        }
        self.note_room(is_room_missing, now);
        let is_filed = |conn: &ConnId| self.way_of_snapshot(*conn, now) == Way::File;
        let filed: Vec<ConnId> = ready.iter().copied().filter(is_filed).collect();
        if !filed.is_empty() {
            self.send_by_file(&filed, now, effects);
        }
    }

    /// The slow ones leave room for the others even when they have waited.
    fn has_room_for(&self, company: Company, now: Now) -> bool {
        if self.has(Defect::DisklessHungReceiver) {
            return self.transfers.count() == 0;
        }
        let has_waited = self.admission.no_room_since.is_some_and(|since| now.mono.since(since) >= PATIENCE);
        let max = match company {
            Company::WithoutKeys => return true,
            Company::Ordinary if has_waited => TRANSFERS_IN_ALL_MAX,
            Company::Slow if has_waited => TRANSFERS_IN_ALL_MAX - TRANSFERS_MAX,
            Company::Ordinary | Company::Slow => TRANSFERS_MAX,
        };
        self.transfers.count() < max || self.has(Defect::ResyncHammer)
    }

    /// Somebody waits for room, or nobody does.
    fn note_room(&mut self, is_missing: bool, now: Now) {
        if !is_missing {
            self.admission.no_room_since = None;
            return;
        }
        let since = *self.admission.no_room_since.get_or_insert(now.mono);
        let until = since.after(PATIENCE);
        if until > now.mono {
            self.timers.set_no_later(Timer::SnapshotStart, until);
        }
    }

    /// Whether somebody waits for room. Those who did may have gone.
    pub(super) fn look_for_room(&mut self) -> Room {
        let is_awaited = self.replica_sides().any(|(_, side)| side.phase == Phase::Waiting);
        self.admission.no_room_since = self.admission.no_room_since.filter(|_| is_awaited);
        match self.admission.no_room_since {
            None => Room::Enough,
            Some(_) if self.transfers.count() < TRANSFERS_IN_ALL_MAX => Room::Short,
            Some(_) => Room::UsedUp,
        }
    }

    /// A replica was too slow for others: tells how long it waits.
    pub(super) fn remember_slow(&mut self, name: &str, now: Now) -> Duration {
        self.admission.left_behind.add(name, now.mono, &mut self.random)
    }

    /// A file for replicas could not be written: tells how long to wait before the next one.
    pub(super) fn restrain_files(&mut self, now: Now) -> Duration {
        self.admission.files.failed(FILE_BACK_OFF_MAX, now, &mut self.random)
    }

    /// The log has outrun a full synchronisation: the next one begins later, and the log tells what would help.
    pub(super) fn full_sync_was_outrun(&mut self, outrun: &Outrun, now: Now, effects: &mut Effects) {
        self.mark(Mark::SnapshotOutrun);
        let wait = self.admission.outrun.failed(BACK_OFF_MAX, now, &mut self.random);
        effects.say(Level::Warning, || format!("{outrun}. The next one begins in {} ms", wait.as_millis()));
    }
}

/// Whether snapshots have room beside one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Room {
    /// Nobody waits for it.
    Enough,
    /// Somebody waits, and will be let in soon.
    Short,
    /// Somebody waits until one of them ends.
    UsedUp,
}

/// How a snapshot goes to a replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// As it is made, with others of this kind.
    Socket(Company),
    /// From a file.
    File,
}

/// Who shares a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Company {
    Ordinary,
    /// Those that were too slow for others before.
    Slow,
    /// Those that want no keys.
    WithoutKeys,
}

impl Company {
    fn contents(self) -> Contents {
        match self {
            Company::Ordinary | Company::Slow => Contents::Everything,
            Company::WithoutKeys => Contents::NoKeys,
        }
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
