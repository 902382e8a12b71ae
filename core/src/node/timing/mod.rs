//! How long do commands take, and what is remembered of it?
//!
//! Each call is counted in commandstats and in the histogram of its command, a slow one is logged, and a very slow one is a spike. Times come from
//! the driver's stopwatch and are statistics alone.

mod histogram;
mod slowlog;
mod spikes;
#[cfg(test)]
mod tests;

use crate::command::{Command, Flags};
use crate::port::{ConnId, Now};
use crate::resp::Args;

use super::Node;
use super::monitor::{REDACTED, Secrets};

pub(crate) use histogram::Histogram;
pub(crate) use slowlog::{SlowCommand, Slowlog};
pub(crate) use spikes::{Series, Spikes};

use slowlog::cut_args;
use spikes::Spike;

/// Whoever asks for commands slower than less than this wants to see each time: no calls are timed together then. In microseconds.
const TIMED_TOGETHER_FROM_US: i64 = 1000;

/// Calls in a row of one command that cannot take long.
#[derive(Clone, Copy, Debug)]
struct Row {
    number: u16,
    command: &'static Command,
    begun: u64,
    calls: u64,
}

/// What is being timed, and what is remembered of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Timing {
    row: Option<Row>,
    /// How long the driver was asked to stand still by the command that is being carried out (DEBUG SLEEP).
    pub(crate) slept_nanoseconds: u64,
    pub(crate) slowlog: Slowlog,
    pub(crate) spikes: Spikes,
}

/// A command that is carried out: its row and number, and when it began if it is timed alone.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timed {
    number: u16,
    command: &'static Command,
    begun: Option<u64>,
}

impl Node {
    /// Starts the stopwatch for a command. Calls in a row of one that cannot take long are timed together: reading the clock takes 25 to 65 ns, a
    /// good part of a GET.
    #[inline]
    pub(super) fn begin_timing(&mut self, number: u16, command: &'static Command, args: Args<'_>, now: Now) -> Timed {
        let is_together =
            is_brief(command, args) && !(0..TIMED_TOGETHER_FROM_US).contains(&self.config.slowlog_log_slower_than);
        if is_together && let Some(row) = self.timing.row.as_mut().filter(|row| row.number == number) {
            row.calls += 1;
            return Timed { number, command, begun: None };
        }
        self.end_row(now);
        let begun = (self.environment.stopwatch)();
        if is_together {
            self.timing.row = Some(Row { number, command, begun, calls: 1 });
        }
        Timed { number, command, begun: (!is_together).then_some(begun) }
    }

    /// Starts the stopwatch for a command that has waited and is carried out now.
    pub(super) fn begin_timing_alone(&self, number: u16, command: &'static Command) -> Timed {
        Timed { number, command, begun: Some((self.environment.stopwatch)()) }
    }

    /// A command has ended, or has begun to wait.
    #[inline]
    pub(super) fn end_timing(&mut self, conn: ConnId, timed: Timed, args: Args<'_>, now: Now) {
        if let Some(begun) = timed.begun {
            self.end_timing_alone(conn, timed, begun, args, now);
        }
    }

    fn end_timing_alone(&mut self, conn: ConnId, timed: Timed, begun: u64, args: Args<'_>, now: Now) {
        // What a transaction has carried out.
        self.end_row(now);
        let Timed { number, command, .. } = timed;
        let slept = core::mem::take(&mut self.timing.slept_nanoseconds);
        let nanoseconds = (self.environment.stopwatch)().wrapping_sub(begun).saturating_add(slept);
        if self.connections.get(conn).is_some_and(|connection| connection.is_blocked()) {
            // It is logged when it has waited.
            if let Some(stat) = self.stats.command(number) {
                stat.nanoseconds += nanoseconds;
            }
            return;
        }
        self.note_time(number, command, nanoseconds, 1, now);
        self.log_if_slow(conn, command, args, nanoseconds, now);
    }

    /// The calls that are timed together have ended.
    #[inline]
    pub(super) fn end_row(&mut self, now: Now) {
        if let Some(row) = self.timing.row.take() {
            let nanoseconds = (self.environment.stopwatch)().wrapping_sub(row.begun);
            self.note_time(row.number, row.command, nanoseconds, row.calls, now);
        }
    }

    fn note_time(&mut self, number: u16, command: &Command, nanoseconds: u64, calls: u64, now: Now) {
        let each = nanoseconds / calls.max(1);
        let keeps_histogram = self.config.latency_tracking;
        if let Some(stat) = self.stats.command(number) {
            stat.nanoseconds += nanoseconds;
            if keeps_histogram {
                stat.histogram.record(each, calls);
            }
        }
        let threshold_ms = self.config.latency_monitor_threshold;
        let milliseconds = each / 1_000_000;
        if threshold_ms > 0 && milliseconds >= threshold_ms {
            let event = if command.flags.has(Flags::FAST) { "fast-command" } else { "command" };
            self.timing.spikes.add(event, Spike { seconds: now.wall.seconds(), milliseconds });
        }
    }

    fn log_if_slow(&mut self, conn: ConnId, command: &Command, args: Args<'_>, nanoseconds: u64, now: Now) {
        let microseconds = nanoseconds / 1000;
        let is_slow = u64::try_from(self.config.slowlog_log_slower_than).is_ok_and(|limit| microseconds >= limit);
        if !is_slow || command.flags.has(Flags::SKIP_SLOWLOG) {
            return;
        }
        let Some(connection) = self.connections.get(conn) else { return };
        let secrets = Secrets::of(command, args);
        let shown = args.iter().enumerate().map(|(index, arg)| if secrets.has(index) { REDACTED } else { arg });
        let entry = SlowCommand {
            id: 0,
            seconds: now.wall.seconds(),
            microseconds,
            args: cut_args(shown),
            address: connection.address(),
            name: connection.name.clone(),
        };
        self.timing.slowlog.push(entry, self.config.slowlog_max_len);
    }
}

/// True for a command that cannot take long: of constant or logarithmic time, and with no more arguments than it needs.
#[inline]
fn is_brief(command: &Command, args: Args<'_>) -> bool {
    let is_constant = || command.flags.has(Flags::WRITE) && command.complexity == "O(1)";
    args.len() == command.arity.unsigned_abs() as usize && (command.flags.has(Flags::FAST) || is_constant())
}
