//! How does a master hand its role over to one of its replicas so that nothing is lost?
//!
//! FAILOVER holds back whoever writes until a replica has acknowledged all there is. The master then follows that replica, and asks it by `PSYNC
//! <id> <offset> FAILOVER` to take over: it promotes itself, and the stream goes on under a new name. Nobody is asked to acknowledge meanwhile,
//! as in Redis: GETACK would move the offset, and is answered by the offset before it. Replicas acknowledge once a second of their own accord.
//!
//! Differs: a Redis takes a link that breaks before the target has answered for a refusal and is a master again, beside a target that may have
//! taken over; here the target is asked again, and if it says that it is a master by then, it is asked to continue our history. Nor is a target
//! followed that would send everything although it had acknowledged all there is: it has lost it since, and would take it from us.

use alloc::format;
use alloc::string::{String, ToString};
use core::time::Duration;

use crate::codec::number::parse_i64;
use crate::command::reply_error as reply;
use crate::command::{CommandError, Outcome};
use crate::config::Endpoint;
use crate::marks::Mark;
use crate::museum::Defect;
use crate::port::{ConnId, Effects, Level, Mono, Now};
use crate::replication::{HandshakeError, ReplicationId, SyncAnswer, has_lost_its_master};
use crate::resp::Args;

use super::Node;
use super::audit::Deed;
use super::guard::NamedBy;
use super::pause::{PausedFor, Scope};
use super::primary::replica_ip;
use super::timers::Timer;

/// What a target is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ask {
    /// To become a master, and to continue our history.
    TakeOver,
    /// To continue our history: it says that it is a master already.
    Continue,
}

/// A failover under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failover {
    /// Writes are held back until the target has acknowledged everything.
    WaitingForSync {
        /// Who is to take over; whichever replica is the first in step, if none.
        target: Option<Endpoint>,
        /// When that has taken too long.
        until: Option<Mono>,
        /// It goes on then with what the target has; otherwise it is given up.
        is_forced: bool,
    },
    /// The target is dialled, again and again, and asked to take over.
    InProgress {
        /// Who is to take over.
        target: Endpoint,
        /// The target may lack something, and is followed all the same.
        may_lose_data: bool,
        ask: Ask,
    },
}

/// What is to be done about a failover.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Wait,
    /// The target has everything.
    HandOver(Endpoint),
    /// The target had its time, and takes over with what it has.
    HandOverByForce(Endpoint),
    GiveUp,
}

impl Failover {
    /// The state's name in INFO.
    pub(crate) fn state_name(&self) -> &'static str {
        match self {
            Failover::WaitingForSync { .. } => "waiting-for-sync",
            Failover::InProgress { .. } => "failover-in-progress",
        }
    }

    /// When it is given up, or forced.
    pub(super) fn until(&self) -> Option<Mono> {
        match self {
            Failover::WaitingForSync { until, .. } => *until,
            Failover::InProgress { .. } => None,
        }
    }

    fn target(&self) -> Option<&Endpoint> {
        match self {
            Failover::WaitingForSync { target, .. } => target.as_ref(),
            Failover::InProgress { target, .. } => Some(target),
        }
    }

    /// Decides, given the replicas that have acknowledged everything.
    fn next_step(&self, mut in_step: impl Iterator<Item = Endpoint>, now: Mono) -> Step {
        let Failover::WaitingForSync { target, until, is_forced } = self else { return Step::Wait };
        let is_overdue = until.is_some_and(|until| until <= now);
        match target {
            Some(target) if is_overdue && *is_forced => Step::HandOverByForce(target.clone()),
            _ if is_overdue => Step::GiveUp,
            None => in_step.next().map_or(Step::Wait, Step::HandOver),
            Some(target) => in_step.find(|endpoint| endpoint == target).map_or(Step::Wait, Step::HandOver),
        }
    }
}

/// The options of FAILOVER, unless it is ABORT.
#[derive(Default)]
struct Options<'a> {
    target: Option<(&'a [u8], i64)>,
    is_forced: bool,
    timeout_ms: Option<u64>,
}

impl<'a> Options<'a> {
    fn parse(args: Args<'a>) -> Result<Options<'a>, CommandError> {
        let mut options = Options::default();
        let mut at = 1;
        while at < args.len() {
            let left = args.len() - at;
            match args[at].to_ascii_lowercase().as_slice() {
                b"timeout" if left > 1 && options.timeout_ms.is_none() => {
                    let timeout_ms = parse_i64(args.get(at + 1).unwrap_or_default()).ok_or(reply::NOT_AN_INTEGER)?;
                    let timeout_ms = u64::try_from(timeout_ms).ok().filter(|timeout_ms| *timeout_ms > 0);
                    options.timeout_ms = Some(timeout_ms.ok_or(reply::FAILOVER_TIMEOUT)?);
                    at += 2;
                }
                b"to" if left > 2 && options.target.is_none() => {
                    let port = parse_i64(args.get(at + 2).unwrap_or_default()).ok_or(reply::NOT_AN_INTEGER)?;
                    options.target = Some((args.get(at + 1).unwrap_or_default(), port));
                    at += 3;
                }
                b"force" if !options.is_forced => {
                    options.is_forced = true;
                    at += 1;
                }
                _ => return Err(reply::SYNTAX),
            }
        }
        Ok(options)
    }
}

impl Node {
    /// FAILOVER.
    pub(super) fn failover_command(
        &mut self,
        conn: ConnId,
        args: Args<'_>,
        now: Now,
        effects: &mut Effects,
    ) -> Outcome {
        if args.len() == 2 && args[1].eq_ignore_ascii_case(b"ABORT") {
            match self.failover {
                None => return Err(reply::NO_FAILOVER),
                Some(Failover::WaitingForSync { .. }) => self.mark(Mark::FailoverAborted),
                Some(Failover::InProgress { .. }) => self.mark(Mark::FailoverAbortedInProgress),
            }
            self.abort_failover("Failover manually aborted", now, effects);
        } else {
            self.begin_failover(&Options::parse(args)?, now, effects)?;
        }
        if let Some(connection) = self.connection(conn) {
            connection.reply().ok();
        }
        Ok(())
    }

    fn begin_failover(&mut self, options: &Options<'_>, now: Now, effects: &mut Effects) -> Outcome {
        if self.failover.is_some() {
            return Err(reply::FAILOVER_IN_PROGRESS);
        }
        if self.follow.is_some() {
            return Err(reply::FAILOVER_ON_REPLICA);
        }
        if self.replicas.is_empty() {
            return Err(reply::FAILOVER_WITHOUT_REPLICAS);
        }
        if options.is_forced && (options.timeout_ms.is_none() || options.target.is_none()) {
            return Err(reply::FAILOVER_FORCE);
        }
        let target = match options.target {
            Some((host, port)) => Some(self.find_target(host, port)?),
            None => None,
        };
        let until = options.timeout_ms.map(|timeout_ms| now.mono.after(Duration::from_millis(timeout_ms)));
        note(format!("FAILOVER requested to {}.", name_of(target.as_ref())), effects);
        self.failover = Some(Failover::WaitingForSync { target, until, is_forced: options.is_forced });
        self.pause(PausedFor::Failover, Scope::Write, None, now);
        // What this very event has left to do is done first: the rest of a transaction, above all.
        self.timers.set(Timer::Failover, now.mono);
        Ok(())
    }

    fn find_target(&self, host: &[u8], port: i64) -> Result<Endpoint, CommandError> {
        let mut replicas = self.replica_sides();
        let is_it = |ip: &str, own: u16| ip.as_bytes() == host && i64::from(own) == port;
        let found = replicas.find(|(connection, _)| is_it(&replica_ip(connection), connection.intro.port));
        let (found, side) = found.ok_or(reply::FAILOVER_TARGET_UNKNOWN)?;
        if side.state_name() != "online" {
            return Err(reply::FAILOVER_TARGET_OFFLINE);
        }
        Ok(Endpoint { host: replica_ip(found), port: found.intro.port })
    }

    /// Replicas that can be dialled and have acknowledged everything, in the order in which they came.
    fn replicas_in_step(&self) -> impl Iterator<Item = Endpoint> {
        let end = self.history.offset();
        self.replica_sides().filter_map(move |(connection, side)| {
            let port = connection.intro.port;
            // One that has been sent all our data has acknowledged the place at which they stand only when it has loaded them.
            let has_everything = side.has_acked && side.acked == end || self.has(Defect::FailoverDiscardsTail);
            let is_in_step = side.is_online() && !side.is_mute && has_everything && port != 0;
            is_in_step.then(|| Endpoint { host: replica_ip(connection), port })
        })
    }

    /// True if the target is in step, and nothing is going to be done about it.
    pub(super) fn could_hand_over(&self, now: Now) -> bool {
        let is_due = self.timers.due(Timer::Failover).is_some_and(|due| due <= now.mono);
        let step = self.failover.as_ref().map(|failover| failover.next_step(self.replicas_in_step(), now.mono));
        !is_due && matches!(step, Some(Step::HandOver(_)))
    }

    /// A replica has acknowledged, or time has passed: perhaps the target is in step now, or had its time.
    pub(super) fn continue_failover(&mut self, now: Now, effects: &mut Effects) {
        let Some(failover) = &self.failover else { return };
        let step = failover.next_step(self.replicas_in_step(), now.mono);
        if let Step::HandOver(target) = &step {
            self.audit_deed(|_| Deed::HandsOver { target: target.clone() });
        }
        let Some(failover) = &self.failover else { return };
        match step {
            Step::Wait => {
                if let Failover::WaitingForSync { until: Some(until), .. } = failover {
                    self.timers.set(Timer::Failover, *until);
                }
            }
            Step::HandOver(target) => {
                self.mark(Mark::FailoverInStep);
                note(format!("Failover target {} is synced, failing over.", name_of(Some(&target))), effects);
                self.hand_over(target, self.has(Defect::FailoverDiscardsTail), now, effects);
            }
            Step::HandOverByForce(target) => {
                self.mark(Mark::FailoverForced);
                note(format!("FAILOVER to {} time out exceeded, failing over.", name_of(Some(&target))), effects);
                self.hand_over(target, true, now, effects);
            }
            Step::GiveUp => {
                self.mark(Mark::FailoverTimedOut);
                self.abort_failover("Replica never caught up before timeout", now, effects);
            }
        }
    }

    fn hand_over(&mut self, target: Endpoint, may_lose_data: bool, now: Now, effects: &mut Effects) {
        self.timers.stop(Timer::Failover);
        self.failover = Some(Failover::InProgress { target: target.clone(), may_lose_data, ask: Ask::TakeOver });
        self.follow(target, true, NamedBy::Somebody, now, effects);
    }

    /// True if whom we dial is to be asked to take over.
    pub(super) fn asks_to_take_over(&self) -> bool {
        matches!(self.failover, Some(Failover::InProgress { ask: Ask::TakeOver, .. }))
    }

    /// What the target has answered. False if that ends the failover, and with it the link.
    pub(super) fn accept_answer_of_target(&mut self, answer: &SyncAnswer, now: Now, effects: &mut Effects) -> bool {
        let Some(Failover::InProgress { may_lose_data, .. }) = self.failover else { return true };
        let is_accepted = match answer {
            // Under our own name a replica would continue it, of ours perhaps.
            SyncAnswer::Continue(id) => id.is_some_and(|id| id != self.history.id),
            SyncAnswer::Full(_) | SyncAnswer::FullUnnamed | SyncAnswer::DualChannel => may_lose_data,
        };
        match is_accepted {
            true => self.end_failover(now),
            false => self.target_refused(now, effects),
        }
        is_accepted
    }

    /// The dialogue with a master came to nothing, and the link is closed: perhaps it was the target, and will not take over.
    pub(super) fn on_dialogue_failed(&mut self, error: &HandshakeError, now: Now, effects: &mut Effects) {
        let Some(Failover::InProgress { ask, .. }) = &mut self.failover else { return };
        match error {
            HandshakeError::NotTakenOver(line) if line.strip_prefix('-') == Some(reply::TAKE_OVER_BY_MASTER.text()) => {
                *ask = Ask::Continue;
                self.mark(Mark::FailoverTargetIsMaster);
            }
            HandshakeError::NotTakenOver(_) | HandshakeError::NotNow(_) => self.target_refused(now, effects),
            // It was a master, and follows somebody now whom it has lost: us, perhaps, who would wait for it for ever.
            HandshakeError::Ping(line) if *ask == Ask::Continue && has_lost_its_master(line.as_bytes()) => {
                self.target_refused(now, effects);
            }
            // Another try may do better.
            HandshakeError::Ping(_) | HandshakeError::Auth(_) | HandshakeError::Nonsense(_) => {}
        }
    }

    fn target_refused(&mut self, now: Now, effects: &mut Effects) {
        self.mark(Mark::FailoverRefused);
        self.abort_failover("Failover target rejected psync request", now, effects);
    }

    /// Ends a failover in vain: the node is a master, or is one again.
    fn abort_failover(&mut self, why: &str, now: Now, effects: &mut Effects) {
        let Some(failover) = &self.failover else { return };
        note(format!("FAILOVER to {} aborted: {why}", name_of(failover.target())), effects);
        if matches!(failover, Failover::InProgress { .. }) {
            self.promote(now, effects);
        }
        self.end_failover(now);
    }

    /// Whoever was held back goes on: under a new master to be told that this is a replica.
    fn end_failover(&mut self, now: Now) {
        self.failover = None;
        self.timers.stop(Timer::Failover);
        self.unpause(PausedFor::Failover, now);
    }

    /// `PSYNC <id> <offset> FAILOVER`: our master wants to follow us.
    pub(super) fn take_over(&mut self, conn: ConnId, id: &[u8], now: Now, effects: &mut Effects) -> Outcome {
        let shown = String::from_utf8_lossy(&id[..id.len().min(40)]).into_owned();
        effects.say(Level::Warning, || format!("Failover request received for replid {}.", shown.escape_default()));
        if self.follow.is_none() {
            return Err(reply::TAKE_OVER_BY_MASTER);
        }
        if ReplicationId::parse(id) != Some(self.history.id) {
            return Err(reply::TAKE_OVER_OF_OTHER);
        }
        self.mark(Mark::TookOver);
        self.promote(now, effects);
        self.note_promotion("failover request", conn, now, effects);
        Ok(())
    }

    /// Tells that the node is a master now, and who wanted it.
    pub(super) fn note_promotion(&mut self, asked_by: &str, conn: ConnId, now: Now, effects: &mut Effects) {
        let line = self.connections.get(conn).map_or_else(String::new, |connection| self.client_line(connection, now));
        note(format!("MASTER MODE enabled ({asked_by} from '{}')", line.trim_end()), effects);
    }
}

/// A target, as logs name it.
fn name_of(target: Option<&Endpoint>) -> String {
    target.map_or_else(|| "any replica".to_string(), |Endpoint { host, port }| format!("{host}:{port}"))
}

fn note(text: String, effects: &mut Effects) {
    effects.say(Level::Notice, || text);
}

#[cfg(test)]
#[path = "failover_tests.rs"]
mod tests;
