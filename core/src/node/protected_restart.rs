//! Does a node that has lost its data keep its replicas from losing theirs?
//!
//! By what it wrote down in its last life ([`super::evidence`]) a node knows that it had data and replicas. If it comes back with nothing or next to nothing, because its
//! files are gone or its first snapshot was still to come, it lets nobody synchronise with it for `master-protected-restart` seconds: replicas of any make are told to
//! come later, keep what they have, and one of them can be promoted meanwhile. That ends in time, by `WIPEGUARD ACCEPT`, and by REPLICAOF. Clients are served all the
//! while, as an empty master serves them. A relay asks its own master first: only if that has nothing for it either, there is something to be decided.
//!
//! The default is a minute: twice what a Sentinel waits by default before it calls a master down, and as long as replicas wait for a master that is
//! silent (`repl-timeout`). Whoever decides by machine has decided by then, and a false alarm costs no more than such a silence does.
//!
//! Differs: Redis and Valkey have no such thing; it was asked for in Redis issue 2087.

use alloc::format;
use alloc::string::ToString;
use core::time::Duration;

use crate::command::CommandError;
use crate::command::reply_error as reply;
use crate::marks::Mark;
use crate::port::{Effects, Level, Mono, Now};

use super::Node;

/// What the life before had, and this one has not found.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Missed {
    /// Its keys.
    keys: u64,
    /// Its replicas.
    replicas: u64,
    /// Until when replicas are held off; none as long as a master of our own may bring it.
    until: Option<Mono>,
}

impl Missed {
    /// True if replicas are held off on its account.
    pub(super) fn is_held_against_replicas(&self) -> bool {
        self.until.is_some()
    }
}

impl Node {
    /// What our files have is there: perhaps there should be more.
    pub(super) fn look_for_missing(&mut self, now: Now, effects: &mut Effects) {
        if self.config.master_protected_restart == 0 {
            return;
        }
        let had = self.had_before().map(|(keys, replicas)| Missed { keys, replicas, until: None });
        self.guard.missed = had.filter(|had| self.lacks(had));
        if self.follow.is_none() {
            self.protect_from_missing(now, effects);
        }
    }

    /// True if next to nothing is left of what was.
    fn lacks(&self, had: &Missed) -> bool {
        let (left, percent) = (self.keyspace.total_len() as u64, self.config.replica_wipe_guard_shrunk_percent);
        left == 0 || u128::from(left) * 100 < u128::from(had.keys) * u128::from(percent)
    }

    /// Nobody else will bring what is missing, or our master has brought something.
    pub(super) fn protect_from_missing(&mut self, now: Now, effects: &mut Effects) {
        let Some(missed) = self.guard.missed.filter(|missed| missed.until.is_none()) else { return };
        if !self.lacks(&missed) {
            self.guard.missed = None;
            return;
        }
        let seconds = self.config.master_protected_restart;
        let until = Some(now.mono.after(Duration::from_secs(u64::from(seconds))));
        self.guard.missed = Some(Missed { until, ..missed });
        self.mark(Mark::RestartProtected);
        let Missed { keys, replicas, .. } = missed;
        let left = self.keyspace.total_len();
        effects.say(Level::Warning, || format!(
            "In the life before this node had {keys} keys and {replicas} replicas, and now it has {left} keys. \
             No replica may synchronise with it for {seconds} seconds ('master-protected-restart'), so that one that has the data can be \
             promoted. If that is all there is to be: WIPEGUARD ACCEPT"
        ));
    }

    /// Until when no replica is let in, if none is.
    pub(crate) fn protected_until(&self, now: Mono) -> Option<Mono> {
        self.guard.missed?.until.filter(|until| now < *until)
    }

    /// What a replica is told that comes meanwhile.
    pub(super) fn refuse_in_protected_restart(&self, now: Now) -> Result<(), CommandError> {
        self.protected_until(now.mono).map_or(Ok(()), |_| Err(reply::PROTECTED_RESTART))
    }

    /// Somebody has said that there is to be no more.
    pub(super) fn accept_restart(&mut self, now: Now, effects: &mut Effects) -> bool {
        if self.protected_until(now.mono).is_none() {
            return false;
        }
        self.guard.missed = None;
        effects.say(Level::Warning, || {
            "The protection of this restart has ended by WIPEGUARD ACCEPT: replicas may synchronise".to_string()
        });
        true
    }

    /// Once a second: the time may be over.
    pub(super) fn end_protection_in_time(&mut self, now: Now, effects: &mut Effects) {
        let is_over = self.guard.missed.and_then(|missed| missed.until).is_some_and(|until| now.mono >= until);
        if is_over {
            self.guard.missed = None;
            effects.say(Level::Warning, || {
                "The protection of this restart has ended in time: replicas may synchronise".to_string()
            });
        }
    }
}
