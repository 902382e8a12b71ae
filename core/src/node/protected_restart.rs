//! Does a master that has lost its data keep its replicas from losing theirs?
//!
//! By what it wrote down in its last life ([`super::evidence`]) a master knows that it had data and replicas. If it comes back with nothing, because its files are gone or its first
//! snapshot was still to come, it lets nobody synchronise with it for `master-protected-restart` seconds: replicas of any make are told to come later, keep what they have, and
//! one of them can be promoted meanwhile. That ends in time, by `WIPEGUARD ACCEPT`, and by REPLICAOF. Clients are served all the while, as an
//! empty master serves them.
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

impl Node {
    /// The data that were kept are there: perhaps there should be some.
    pub(super) fn protect_restart(&mut self, now: Now, effects: &mut Effects) {
        let seconds = self.config.master_protected_restart;
        let Some((keys, replicas)) = self.had_before().filter(|_| self.keyspace.total_len() == 0 && seconds > 0) else {
            return;
        };
        self.mark(Mark::RestartProtected);
        self.guard.protected_until = Some(now.mono.after(Duration::from_secs(u64::from(seconds))));
        effects.say(Level::Warning, || format!(
            "In the life before this master had {keys} keys and {replicas} replicas, and now it has nothing. \
             No replica may synchronise with it for {seconds} seconds ('master-protected-restart'), so that one that has the data can be \
             promoted. If it is to be empty: WIPEGUARD ACCEPT"
        ));
    }

    /// Until when no replica is let in, if none is.
    pub(crate) fn protected_until(&self, now: Mono) -> Option<Mono> {
        self.guard.protected_until.filter(|until| self.follow.is_none() && now < *until)
    }

    /// What a replica is told that comes meanwhile.
    pub(super) fn refuse_in_protected_restart(&self, now: Now) -> Result<(), CommandError> {
        self.protected_until(now.mono).map_or(Ok(()), |_| Err(reply::PROTECTED_RESTART))
    }

    /// Somebody has said that the master is to be empty.
    pub(super) fn accept_restart(&mut self, now: Now, effects: &mut Effects) -> bool {
        let was_protected = self.protected_until(now.mono).is_some();
        self.guard.protected_until = None;
        if was_protected {
            effects.say(Level::Warning, || {
                "The protection of this restart has ended by WIPEGUARD ACCEPT: replicas may synchronise".to_string()
            });
        }
        was_protected
    }

    /// Once a second: the time may be over.
    pub(super) fn end_protection_in_time(&mut self, now: Now, effects: &mut Effects) {
        let Some(until) = self.guard.protected_until else { return };
        if self.follow.is_some() {
            self.guard.protected_until = None;
        } else if now.mono >= until {
            self.guard.protected_until = None;
            effects.say(Level::Warning, || {
                "The protection of this restart has ended in time: replicas may synchronise".to_string()
            });
        }
    }
}
