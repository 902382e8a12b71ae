//! The one place where writes enter the replication log.

use crate::command::Class;
use crate::keyspace::{Place, Touch};
use crate::port::Now;
use crate::value::Blob;

use super::Node;
use super::dispatch::Call;
use super::timers::Timer;

/// Keys that one round of expiry removes: the next round comes after whatever waits meanwhile.
const EXPIRED_PER_ROUND_MAX: usize = 200;
/// Between rounds that found keys, in microseconds: keys that expire one after the other go together, as with Redis's `hz`.
const EXPIRY_ROUND_US: u64 = 10_000;

impl Node {
    /// Begins a unit of execution. Only a master feeds: what clients write into a replica stays there, and its log carries its master's bytes.
    pub(super) fn begin_unit(&mut self) {
        self.feed.begin(self.history.log.is_some() && self.follow.is_none());
    }

    /// Ends one command of a unit: if it is fed as it was sent, it is added to the feed, unless it is the whole unit and
    /// its own bytes can be copied by [`Node::end_unit`].
    pub(super) fn note_verbatim(&mut self, database: u32, call: Call<'_>) {
        if !self.feed.end_command() {
            return;
        }
        let is_whole_unit = call.canonical.is_some() && self.feed.ops().len() == 0;
        if is_whole_unit {
            self.feed.mark_whole(database);
        } else {
            self.feed.push_verbatim(database, call.args.iter());
        }
    }

    /// Ends a unit of execution: what it fed goes into the log, in MULTI and EXEC if it is more than one command.
    pub(super) fn end_unit(&mut self, canonical: Option<&[u8]>) {
        self.storage.dirty += self.feed.changes();
        if let Some(log) = &mut self.history.log {
            if let Some(database) = self.feed.whole() {
                log.select(database);
                log.append(canonical.unwrap_or_default());
                self.log_has_grown = true;
            } else if self.feed.ops().len() > 0 {
                let is_block = self.feed.ops().len() > 1;
                for (index, (database, bytes)) in self.feed.ops().enumerate() {
                    log.select(database);
                    if is_block && index == 0 {
                        log.append_command([b"MULTI"]);
                    }
                    log.append(bytes);
                }
                if is_block {
                    log.append_command([b"EXEC"]);
                }
                self.log_has_grown = true;
            }
        }
        if self.keyspace.has_touches() {
            self.on_touches();
        }
        if self.audit.is_some() {
            self.audit_boundary();
        }
    }

    /// Tells observers what has changed.
    pub(super) fn on_touches(&mut self) {
        let touches = self.keyspace.take_touches();
        self.tell_of_touches(&touches);
        self.audit_touches(&touches);
    }

    /// Tells those who watch a key, and those who wait for one.
    pub(super) fn tell_of_touches(&mut self, touches: &[Touch]) {
        for touch in touches {
            self.watches.on_touch(touch);
            self.blocked.on_touch(touch);
        }
        if self.tracking.is_active() {
            self.invalidate(touches);
        }
    }

    /// Changes are told to observers only while there are any.
    pub(super) fn observe_if_needed(&mut self) {
        let is_observed = self.audit.is_some()
            || !self.watches.is_empty()
            || self.blocked.is_key_awaited()
            || self.tracking.is_active();
        self.keyspace.observe(is_observed);
    }

    /// Removes keys whose time has come. Only a master does; a replica waits for the removal to be sent.
    pub(super) fn expire_due_keys(&mut self, now: Now) {
        self.first_expiry_ms = None;
        if self.follow.is_some() || self.pauses.is_any() || !self.is_active_expiry_on || self.is_loading() {
            return;
        }
        for _ in 0..EXPIRED_PER_ROUND_MAX {
            let Some(place) = self.keyspace.find_expired(now.wall.millis()) else { return };
            self.expire(place);
        }
        // There are more: after whatever else waits.
        self.timers.set(Timer::Expiry, now.mono.after(core::time::Duration::from_millis(1)));
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
        self.stats.expired_keys += 1;
        self.end_unit(None);
        self.publish_notices();
    }

    /// Sets the expiry timer to the first key that is due.
    pub(super) fn arm_expiry(&mut self, now: Now) {
        let first = self.keyspace.next_expiry_ms();
        if first == self.first_expiry_ms {
            return;
        }
        self.first_expiry_ms = first;
        match first {
            Some(expires_ms) if self.follow.is_none() && self.is_active_expiry_on && !self.pauses.is_any() => {
                let left_ms = u64::try_from(expires_ms.saturating_sub(now.wall.millis())).unwrap_or(0);
                // A key is alive in the very millisecond of its expiry.
                let left_us = left_ms.saturating_add(1).saturating_mul(1000).max(EXPIRY_ROUND_US);
                self.timers.set(Timer::Expiry, now.mono.after(core::time::Duration::from_micros(left_us)));
            }
            _ => self.timers.stop(Timer::Expiry),
        }
    }
}
