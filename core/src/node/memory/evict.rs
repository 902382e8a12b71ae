//! Which keys give way when memory runs out?
//!
//! As in Redis by sampling: some keys are drawn, the best of them are kept beside the best of earlier draws, and the very best goes. A
//! removal is fed to replicas as a command of its own.

use alloc::format;
use alloc::vec::Vec;
use core::time::Duration;

use crate::command::Class;
use crate::config::MaxmemoryPolicy;
use crate::keyspace::usage::{self, FrequencyRules};
use crate::keyspace::{Entry, NO_EXPIRY, Place};
use crate::museum::Defect;
use crate::port::{Effects, Level, Now};
use crate::value::Blob;

use super::super::Node;
use super::super::audit::Deed;
use super::BASE_BYTES;

/// Candidates that are kept from draw to draw.
const CANDIDATES_MAX: usize = 16;
/// Keys that one command makes give way at most; what is still too much goes in the background.
const EVICTED_AT_ONCE_MAX: usize = 64;

/// Whether there is memory for a command that needs some.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Room {
    /// There is, or there will be soon.
    Enough,
    /// There is none, and nothing can give way.
    None,
}

/// A key that may give way.
#[derive(Clone, Debug)]
struct Candidate {
    /// The higher, the sooner it goes.
    score: u64,
    database: u32,
    key: Blob,
}

/// The best candidates so far, the very best last.
#[derive(Clone, Debug, Default)]
pub(crate) struct Candidates(Vec<Candidate>);

impl Candidates {
    fn offer(&mut self, candidate: Candidate) {
        let is_same = |known: &Candidate| known.database == candidate.database && known.key == candidate.key;
        if self.0.iter().any(is_same) {
            return;
        }
        let at = self.0.partition_point(|known| known.score < candidate.score);
        if self.0.len() < CANDIDATES_MAX {
            self.0.insert(at, candidate);
        } else if at > 0 {
            self.0.insert(at, candidate);
            self.0.remove(0);
        }
    }
}

impl Node {
    /// Sees to it that memory is below `maxmemory`, if it is limited.
    pub(crate) fn make_room(&mut self, now: Now) -> Room {
        if self.config.maxmemory == 0 || self.leaves_room_to_master() {
            return Room::Enough;
        }
        // A pause lets the data stand still, and whoever needs memory passes this gate again when it is over. What is being loaded is not all there yet, and what went of it would
        // be told to nobody.
        if self.pauses.is_any() || self.is_loading() {
            return Room::Enough;
        }
        for _ in 0..EVICTED_AT_ONCE_MAX {
            if self.memory_for_eviction(now) <= self.config.maxmemory {
                self.memory.exceeded +=
                    self.memory.exceeded_since.take().map_or(Duration::ZERO, |at| now.mono.since(at));
                return Room::Enough;
            }
            self.memory.exceeded_since.get_or_insert(now.mono);
            let Some(place) = self.find_victim(now) else { return Room::None };
            self.evict(place);
        }
        self.memory.is_evicting = true;
        Room::Enough
    }

    /// `maxmemory` has a new value: what is too much gives way as soon as the command has ended.
    pub(crate) fn on_memory_limit_changed(&mut self, effects: &mut Effects) {
        let (limit, used) = (self.config.maxmemory, self.used_memory());
        self.memory.is_evicting = true;
        if limit > 0 && limit < used {
            effects.say(Level::Warning, || format!(
                "WARNING: the new maxmemory value set via CONFIG SET ({limit}) is smaller than the current memory usage ({used}). This will \
                 result in key eviction and/or the inability to accept new write commands depending on the maxmemory-policy."
            ));
        }
    }

    /// What a master has sent takes memory, too: a replica that does not ignore `maxmemory` evicts after it, for itself alone.
    pub(crate) fn bound_replicated_data(&mut self) {
        if self.follow.is_some() && self.config.maxmemory > 0 && !self.leaves_room_to_master() {
            self.memory.is_evicting = true;
        }
    }

    /// True of a replica that lets no key give way but those that its master removes.
    fn leaves_room_to_master(&self) -> bool {
        self.follow.is_some() && self.config.replica_ignore_maxmemory && !self.has(Defect::ReplicaEvictsAlone)
    }

    /// True if memory is over its limit and something can be done about it in the background.
    pub(crate) fn can_evict(&self) -> bool {
        self.memory.is_evicting
    }

    /// Goes on where commands have left off.
    pub(crate) fn work_on_eviction(&mut self, now: Now) {
        if self.memory.is_evicting {
            self.memory.is_evicting = false;
            self.make_room(now);
        }
    }

    /// Records that a key gives way, and what for. What clients' buffers take is what it was taken for.
    fn audit_eviction(&mut self) {
        let (role, held_bytes) = (self.present_role(), self.bytes_for_eviction());
        self.audit_deed(|_| Deed::Evicted { role, held_bytes });
    }

    /// What the data and the buffers of clients take, in bytes, without what waits for replicas.
    pub(crate) fn bytes_for_eviction(&self) -> u64 {
        let buffers = self.memory.buffers.map_or(0, |(_, bytes)| bytes);
        BASE_BYTES + self.keyspace.memory_bytes() as u64 + buffers
    }

    fn find_victim(&mut self, now: Now) -> Option<Place> {
        match self.config.maxmemory_policy {
            MaxmemoryPolicy::Noeviction => None,
            MaxmemoryPolicy::AllkeysRandom | MaxmemoryPolicy::VolatileRandom => self.draw_any(),
            MaxmemoryPolicy::VolatileTtl
            | MaxmemoryPolicy::VolatileLru
            | MaxmemoryPolicy::VolatileLfu
            | MaxmemoryPolicy::AllkeysLru
            | MaxmemoryPolicy::AllkeysLfu => self.draw_best(now),
        }
    }

    /// Databases by turns, so that none is favoured.
    fn draw_any(&mut self) -> Option<Place> {
        let count = self.keyspace.database_count();
        let first = self.random.below(u64::from(count)) as u32;
        (0..count).find_map(|step| self.draw((first + step) % count))
    }

    fn draw(&mut self, database: u32) -> Option<Place> {
        match self.config.maxmemory_policy.spares_lasting_keys() {
            true => self.keyspace.random_volatile_place(database, &mut self.random),
            false => self.keyspace.random_place(database, &mut self.random),
        }
    }

    fn draw_best(&mut self, now: Now) -> Option<Place> {
        let policy = self.config.maxmemory_policy;
        for database in 0..self.keyspace.database_count() {
            for _ in 0..self.config.maxmemory_samples {
                let Some(place) = self.draw(database) else { break };
                let entry = self.keyspace.entry(place);
                let candidate = Candidate { score: self.score(entry, now), database, key: entry.key.clone() };
                self.memory.candidates.offer(candidate);
            }
        }
        while let Some(best) = self.memory.candidates.0.pop() {
            let Some(place) = self.keyspace.locate(best.database, &best.key) else { continue };
            if !policy.spares_lasting_keys() || self.keyspace.entry(place).expires_ms != NO_EXPIRY {
                return Some(place);
            }
        }
        None
    }

    fn score(&self, entry: &Entry, now: Now) -> u64 {
        match self.config.maxmemory_policy {
            MaxmemoryPolicy::VolatileTtl => u64::MAX - entry.expires_ms.max(0) as u64,
            policy if policy.counts_frequency() => {
                let (log_factor, decay_minutes) = (self.config.lfu_log_factor, self.config.lfu_decay_time);
                let rules = FrequencyRules { log_factor, decay_minutes };
                u64::from(255 - usage::frequency(entry.usage, now.wall, rules))
            }
            _ => u64::from(usage::seconds(now.wall).wrapping_sub(entry.usage)),
        }
    }

    fn evict(&mut self, place: Place) {
        self.audit_eviction();
        let database = self.keyspace.database_of(place);
        let key: Blob = self.keyspace.entry(place).key.clone();
        self.begin_unit();
        self.feed.expired(database, &key, self.config.lazyfree_lazy_eviction);
        self.feed.nothing();
        self.keyspace.remove(place);
        self.notices.push(Class::Evicted, "evicted", database, &key);
        self.feed.changed(1);
        self.memory.evicted_keys += 1;
        self.end_unit(None);
        self.publish_notices();
    }
}
