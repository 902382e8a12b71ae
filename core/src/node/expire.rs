//! Who removes keys, and fields of hashes, whose time has come when nobody asks for them?
//!
//! A master does, and its replicas wait for the removal to be sent. Of the expiries that clients of a replica have set (`replica-read-only no`) no
//! master knows: such keys the replica removes itself, and tells nobody. Whoever sets an expiry last, master or client, is the one who removes
//! the key.
//!
//! Differs: a Redis remembers such keys by their names. So it removes them also if the master has set their expiry since, though the master may keep
//! them longer; it leaves those in databases above the 63rd, those that the master renames, and those of databases that are swapped; and it goes on
//! during a pause, when data are to stand still.

use crate::command::Class;
use crate::keyspace::Place;
use crate::port::Now;
use crate::value::{Blob, Hash, ValueType};

use super::Node;
use super::timers::Timer;

/// Keys and fields that one round of expiry removes, in a millisecond or two: the next round comes after whatever waits meanwhile.
const EXPIRED_PER_ROUND_MAX: usize = 2000;
/// Between rounds that found some, in microseconds: those that expire one after the other go together, as with Redis's `hz`.
const EXPIRY_ROUND_US: u64 = 10_000;
/// Between rounds that left some behind: more keys may go in a second than can be set with an expiry.
const OVERDUE_ROUND_US: u64 = 1_000;

impl Node {
    /// Removes keys and fields whose time has come: of a replica, those that are its own.
    pub(super) fn expire_due_keys(&mut self, now: Now) {
        self.first_expiry_ms = None;
        if self.pauses.is_any() || !self.is_active_expiry_on || self.is_loading() {
            return;
        }
        let begun = (self.environment.stopwatch)();
        let is_cut = self.expire_a_round(now.wall.millis());
        self.stats.expiry_nanoseconds += (self.environment.stopwatch)().wrapping_sub(begun);
        // There are more, after whatever else waits: the timer is armed for the first of them.
        self.stats.expiry_rounds_cut += u64::from(is_cut);
    }

    /// Removes some of the keys and fields whose time has come. True if there may be more.
    fn expire_a_round(&mut self, now_ms: i64) -> bool {
        let mut left = EXPIRED_PER_ROUND_MAX;
        let is_master = self.follow.is_none();
        while left > 0 {
            let expired =
                if is_master { self.keyspace.find_expired(now_ms) } else { self.keyspace.find_own_expired(now_ms) };
            if let Some(place) = expired {
                self.expire(place);
                left -= 1;
            } else if let Some(place) = self.keyspace.find_with_expired_field(now_ms).filter(|_| is_master) {
                left -= self.expire_fields(place, now_ms, left);
            } else {
                return false;
            }
        }
        true
    }

    /// Removes one expired key and feeds its removal, alone.
    fn expire(&mut self, place: Place) {
        let database = self.keyspace.database_of(place);
        let key: Blob = self.keyspace.entry(place).key.clone();
        self.begin_unit();
        self.feed.expired(database, &key, self.config.lazyfree_lazy_expire);
        self.feed.nothing();
        self.keyspace.remove(place);
        self.feed.changed(1);
        self.notices.push(Class::Expired, "expired", database, &key);
        self.stats.expired.keys += 1;
        self.end_unit(None);
        self.publish_notices();
    }

    /// Removes up to `count_max` expired fields of a hash, and feeds the removal of each, alone; with the last field, the key goes. Returns how
    /// many went, or 1, for it looked.
    fn expire_fields(&mut self, place: Place, now_ms: i64, count_max: usize) -> usize {
        let database = self.keyspace.database_of(place);
        let key: Blob = self.keyspace.entry(place).key.clone();
        let (mut removed, mut is_empty) = (0, false);
        while removed < count_max && !is_empty {
            let dead = Hash::of(&self.keyspace.entry(place).value).and_then(|hash| hash.find_dead(now_ms));
            let Some(name) = dead.cloned() else { break };
            let Some(hash) = Hash::of_mut(self.keyspace.edit(place)) else { break };
            hash.remove(&name);
            is_empty = hash.is_empty();
            removed += 1;
            self.begin_unit();
            self.feed.field_expired(database, &key, &name);
            self.feed.nothing();
            self.feed.changed(1);
            if is_empty {
                self.keyspace.remove(place);
            }
            self.end_unit(None);
        }
        self.stats.expired.fields += removed as u64;
        self.notices.push(Class::Hash, "hexpired", database, &key);
        if is_empty {
            self.notices.push(Class::Generic, "del", database, &key);
        }
        self.publish_notices();
        removed.max(1)
    }

    /// Sets the expiry timer to the first key or field that is due.
    pub(super) fn arm_expiry(&mut self, now: Now) {
        let first = match self.follow {
            None => self.keyspace.next_expiry_ms().into_iter().chain(self.keyspace.next_field_expiry_ms()).min(),
            Some(_) => self.keyspace.next_own_expiry_ms(),
        };
        if first == self.first_expiry_ms {
            return;
        }
        self.first_expiry_ms = first;
        match first {
            Some(expires_ms) if self.is_active_expiry_on && !self.pauses.is_any() => {
                let left_us = match u64::try_from(expires_ms.saturating_sub(now.wall.millis())) {
                    // A key is alive in the very millisecond of its expiry.
                    Ok(left_ms) => left_ms.saturating_add(1).saturating_mul(1000).max(EXPIRY_ROUND_US),
                    Err(_) => OVERDUE_ROUND_US,
                };
                self.timers.set(Timer::Expiry, now.mono.after(core::time::Duration::from_micros(left_us)));
            }
            _ => self.timers.stop(Timer::Expiry),
        }
    }
}

#[cfg(test)]
#[path = "expire_tests.rs"]
mod tests;
