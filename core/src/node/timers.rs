//! The timers of a node: one table, one deadline. Who needs time adds a row.

use core::time::Duration;

use crate::codec::random::Random;
use crate::port::Mono;

/// What a timer is for. Late and repeated calls do no harm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Timer {
    /// Once a second while there is something to look after: replicas, a link to a master, idle clients, save points.
    Cron,
    /// The next key, or field of a hash, expires.
    Expiry,
    /// The diskless delay is over.
    SnapshotStart,
    /// Dial the master.
    Redial,
    /// PING the replicas.
    ReplicaPing,
    /// Free the backlog that nobody has used.
    BacklogTtl,
    /// Replicas had their time to catch up with a shutdown.
    Shutdown,
    /// A connection has waited long enough.
    Wait,
    /// A pause is over.
    Pause,
    /// A failover begins, or has waited long enough for its target.
    Failover,
    /// The append-only file is to be synced, or another attempt at it is due.
    Aof,
}

const TIMERS: [Timer; 11] = [
    Timer::Cron,
    Timer::Expiry,
    Timer::SnapshotStart,
    Timer::Redial,
    Timer::ReplicaPing,
    Timer::BacklogTtl,
    Timer::Shutdown,
    Timer::Wait,
    Timer::Pause,
    Timer::Failover,
    Timer::Aof,
];

/// How long to wait after so many failures in a row: twice as long after each, up to `wait_max`, and drawn from the upper half of that, so that
/// many who failed together do not come back as one.
pub(crate) fn back_off(failures: u32, first: Duration, wait_max: Duration, random: &mut Random) -> Duration {
    let wait = first.saturating_mul(1 << failures.min(10)).min(wait_max);
    let wait_us = u64::try_from(wait.as_micros()).unwrap_or(u64::MAX);
    Duration::from_micros(wait_us / 2 + random.below(wait_us / 2 + 1))
}

/// When each timer is due.
#[derive(Clone, Debug, Default)]
pub(crate) struct Timers {
    due: [Option<Mono>; TIMERS.len()],
}

impl Timers {
    /// Sets a timer, whether it was set or not.
    pub(crate) fn set(&mut self, timer: Timer, due: Mono) {
        self.due[timer as usize] = Some(due);
    }

    /// Sets a timer unless it is set for an earlier time already.
    pub(crate) fn set_no_later(&mut self, timer: Timer, due: Mono) {
        let slot = &mut self.due[timer as usize];
        *slot = Some(slot.map_or(due, |set| set.min(due)));
    }

    /// Stops a timer.
    pub(crate) fn stop(&mut self, timer: Timer) {
        self.due[timer as usize] = None;
    }

    /// True if a timer is set.
    pub(crate) fn is_set(&self, timer: Timer) -> bool {
        self.due[timer as usize].is_some()
    }

    /// When a timer is due, if it is set.
    pub(crate) fn due(&self, timer: Timer) -> Option<Mono> {
        self.due[timer as usize]
    }

    /// The earliest time that is set.
    pub(crate) fn deadline(&self) -> Option<Mono> {
        self.due.iter().flatten().min().copied()
    }

    /// Takes one timer that is due by `now`.
    pub(crate) fn take_due(&mut self, now: Mono) -> Option<Timer> {
        let timer = TIMERS.into_iter().find(|&timer| self.due[timer as usize].is_some_and(|due| due <= now))?;
        self.stop(timer);
        Some(timer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_due_timer_is_taken_once() {
        let mut timers = Timers::default();
        assert_eq!(timers.deadline(), None);
        timers.set(Timer::Redial, Mono(5));
        timers.set_no_later(Timer::Redial, Mono(9));
        timers.set(Timer::Cron, Mono(7));
        assert_eq!(timers.deadline(), Some(Mono(5)));
        assert_eq!(timers.take_due(Mono(4)), None);
        assert_eq!(timers.take_due(Mono(8)), Some(Timer::Cron));
        assert_eq!(timers.take_due(Mono(8)), Some(Timer::Redial));
        assert_eq!(timers.take_due(Mono(8)), None);
        assert_eq!(timers.deadline(), None);
    }

    #[test]
    fn every_timer_stands_at_its_own_place() {
        for (index, timer) in TIMERS.into_iter().enumerate() {
            assert_eq!(timer as usize, index);
        }
    }
}
