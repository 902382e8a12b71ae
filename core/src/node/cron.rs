//! What is looked after once a second, while there is anything to look after.

use alloc::vec::Vec;
use core::time::Duration;

use crate::port::{ConnId, Effects, Now};

use super::Node;
use super::connection::Connection;
use super::timers::Timer;

impl Node {
    /// The clock that looks after everything once a second runs while there is something to look after.
    pub(super) fn arm_cron(&mut self, now: Now) {
        if self.timers.is_set(Timer::Cron) {
            return;
        }
        let may_save = self.storage.dirty > 0 || self.storage.has_last_snapshot_failed();
        let has_save_ahead = !self.config.save.is_empty() && may_save;
        let is_needed = !self.replicas.is_empty()
            || !self.kept_snapshots.is_empty()
            || self.follow.is_some()
            || has_save_ahead
            || self.guard.missed.is_some()
            || self.has_evidence_to_write()
            || (self.config.timeout > 0 && self.connections.len() > 0);
        if is_needed {
            self.timers.set(Timer::Cron, now.mono.after(Duration::from_secs(1)));
        }
    }

    pub(super) fn on_cron(&mut self, now: Now, effects: &mut Effects) {
        if self.is_cron_paused {
            return;
        }
        self.look_after_replicas(now, effects);
        self.look_after_kept_snapshots(now);
        self.look_after_master(now, effects);
        self.end_protection_in_time(now, effects);
        self.write_evidence(now, effects);
        self.check_save_points(now, effects);
        self.close_idle_clients(now, effects);
        self.limit_outputs(now, effects);
        self.count_good_replicas(now);
    }

    fn close_idle_clients(&mut self, now: Now, effects: &mut Effects) {
        let timeout = Duration::from_secs(u64::from(self.config.timeout));
        if timeout.is_zero() {
            return;
        }
        let is_idle = |connection: &&Connection| {
            matches!(connection.kind, super::connection::Kind::Client)
                && !connection.is_blocked()
                && !connection.is_listener()
                && !connection.is_monitor
                && !connection.intro.knows_dual_channel
                && now.mono.since(connection.last_input_at) > timeout
        };
        let idle: Vec<ConnId> = self.connections.iter().filter(is_idle).map(|connection| connection.id).collect();
        for conn in idle {
            self.close(conn, now, effects);
        }
    }
}
