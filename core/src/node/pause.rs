//! Which requests are held back by a pause, and until when?
//!
//! CLIENT PAUSE is one reason for a pause, a shutdown or a failover that lets replicas catch up another; each ends by itself. While there is any, nothing
//! expires and replicas are not asked to acknowledge: the data and the log stand still. A held request stays in its
//! connection's input and passes all gates again when the pause is over. Replicas of ours are never held back; our master's stream is.

use core::time::Duration;

use crate::command::{Command, Flags, Handler, ServerCommand, find};
use crate::port::{Mono, Now};

use super::Node;
use super::connection::{Connection, Kind};
use super::timers::Timer;

/// What a pause holds back: the wider one comes last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Scope {
    /// Commands that write or may replicate.
    Write,
    /// Every command.
    All,
}

/// What a pause is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PausedFor {
    /// CLIENT PAUSE.
    Command,
    /// Replicas are to catch up before the node ends.
    Shutdown,
    /// A replica is to catch up before it takes over.
    Failover,
}

const REASONS: [PausedFor; 3] = [PausedFor::Command, PausedFor::Shutdown, PausedFor::Failover];

/// One pause.
#[derive(Clone, Copy, Debug)]
struct Pause {
    scope: Scope,
    /// Until it is ended, if none.
    until: Option<Mono>,
}

/// The pauses in force, by what they are for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pauses {
    by_reason: [Option<Pause>; REASONS.len()],
    /// The widest of them.
    scope: Option<Scope>,
}

impl Pauses {
    /// True if there is any.
    #[inline]
    pub(super) fn is_any(&self) -> bool {
        self.scope.is_some()
    }

    /// True if they hold a connection's command back.
    #[inline]
    pub(super) fn hold_back(&self, connection: &Connection, container: &Command, command: &Command) -> bool {
        match self.scope {
            None => false,
            Some(_) if matches!(connection.kind, Kind::Replica(_)) => false,
            Some(Scope::All) => true,
            Some(Scope::Write) => may_change_data(command.flags) || has_changes_queued(connection, container),
        }
    }

    /// True if they hold back a command of our master's stream, of this name.
    #[inline]
    pub(super) fn hold_back_stream(&self, name: &[u8]) -> bool {
        match self.scope {
            None => false,
            Some(Scope::All) => true,
            // A transaction is applied by its EXEC.
            Some(Scope::Write) => find(name).is_some_and(|command| may_change_data(command.flags) || is_exec(command)),
        }
    }

    /// Begins a pause. One for the same reason that is in force is widened and prolonged, never the contrary: as in Redis.
    fn begin(&mut self, reason: PausedFor, scope: Scope, until: Option<Mono>) {
        let slot = &mut self.by_reason[reason as usize];
        *slot = Some(match *slot {
            None => Pause { scope, until },
            Some(old) => {
                Pause { scope: old.scope.max(scope), until: old.until.zip(until).map(|(old, new)| old.max(new)) }
            }
        });
        self.weigh();
    }

    /// Ends those that are over; true if less is held back than before.
    fn end(&mut self, is_over: impl Fn(PausedFor, &Pause) -> bool) -> bool {
        let before = self.scope;
        for reason in REASONS {
            let slot = &mut self.by_reason[reason as usize];
            if slot.as_ref().is_some_and(|pause| is_over(reason, pause)) {
                *slot = None;
            }
        }
        self.weigh();
        self.scope < before
    }

    fn weigh(&mut self) {
        self.scope = self.by_reason.iter().flatten().map(|pause| pause.scope).max();
    }

    /// When the first of them ends by itself.
    pub(super) fn next_end(&self) -> Option<Mono> {
        self.by_reason.iter().flatten().filter_map(|pause| pause.until).min()
    }
}

impl Node {
    /// Begins a pause, or widens it.
    pub(super) fn pause(&mut self, reason: PausedFor, scope: Scope, timeout: Option<Duration>, now: Now) {
        self.pauses.begin(reason, scope, timeout.map(|timeout| now.mono.after(timeout)));
        self.first_expiry_ms = None;
        self.timers.stop(Timer::Expiry);
        self.arm_pause();
    }

    /// Ends a pause.
    pub(super) fn unpause(&mut self, reason: PausedFor, now: Now) {
        if self.pauses.end(|other, _| other == reason) {
            self.let_held_go(now);
        }
        self.arm_pause();
    }

    /// Ends the pauses whose time is over.
    pub(super) fn end_overdue_pauses(&mut self, now: Now) {
        if self.pauses.end(|_, pause| pause.until.is_some_and(|until| until <= now.mono)) {
            self.let_held_go(now);
        }
        self.arm_pause();
    }

    fn arm_pause(&mut self) {
        match self.pauses.next_end() {
            Some(end) => self.timers.set(Timer::Pause, end),
            None => self.timers.stop(Timer::Pause),
        }
    }

    /// Less is held back than before: whoever was tries again, in the order in which they came.
    fn let_held_go(&mut self, now: Now) {
        for conn in core::mem::take(&mut self.blocked.for_unpause) {
            self.release(conn, |_| {});
        }
        if !self.pauses.is_any() {
            self.first_expiry_ms = None;
            self.arm_expiry(now);
            if !self.blocked.for_replicas.is_empty() {
                self.ask_replicas();
            }
        }
    }
}

fn may_change_data(flags: Flags) -> bool {
    flags.has(Flags::WRITE) || flags.has(Flags::MAY_REPLICATE)
}

fn is_exec(command: &Command) -> bool {
    matches!(command.handler, Handler::Server(ServerCommand::Exec))
}

/// True for an EXEC of anything that may change data: it waits as a whole.
fn has_changes_queued(connection: &Connection, container: &Command) -> bool {
    let Some(transaction) = connection.transaction.as_ref().filter(|_| is_exec(container)) else { return false };
    transaction.queue.iter().any(|queued| may_change_data(queued.flags()))
}

#[cfg(test)]
#[path = "pause_tests.rs"]
mod tests;
