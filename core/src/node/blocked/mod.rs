//! Which connections wait, for what, and how does a wait end?
//!
//! A connection that waits keeps its further requests in its input. Whatever it waits for, it is parked by [`Node::park`] and let go by
//! [`Node::release`], and goes on with its input at the end of the event: what released it is complete by then, and so are the
//! requests that were sent in one go with it.

mod left;
mod lines;
mod serve;
#[cfg(test)]
mod tests;

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::vec::Vec;
use core::time::Duration;

use crate::command::{Block, Command, find_numbered, row_number};
use crate::keyspace::Touch;
use crate::marks::Mark;
use crate::museum::Defect;
use crate::port::{ConnId, Effects, Mono, Now};
use crate::resp::{Args, Reply};

use super::Node;
use super::connection::{Connection, Kind};
use super::timers::Timer;
use super::transaction::Queued;
use super::wait::AwaitedReplicas;

pub(super) use left::AuditedWaits;
pub use left::LeftWaiting;
use lines::{Lines, Waiter};

/// What a connection waits for.
#[derive(Clone, Debug)]
pub(crate) enum WaitsFor {
    /// One of its keys is to be filled: BLPOP and its kin.
    Key(Box<AwaitedKey>),
    /// Replicas are to acknowledge what it wrote, or to have it on their disks: WAIT, WAITAOF.
    Replicas(AwaitedReplicas),
    /// The snapshot that it asked for is to be on the disk: SAVE.
    Snapshot,
    /// The node is to end: SHUTDOWN.
    Shutdown,
    /// The host is to do something: CONFIG SET of where the node listens and where its files lie, CONFIG REWRITE.
    Host,
    /// A pause is to end. The request that is held back is the first of its input.
    Unpause,
}

/// A command that waits for data.
#[derive(Clone, Debug)]
pub(crate) struct AwaitedKey {
    /// What is carried out when a key is filled.
    request: Queued,
    block: Block,
    database: u32,
    /// Its place in the lines of its keys.
    ticket: u64,
}

/// A wait, and when it is over in any case.
#[derive(Clone, Debug)]
pub(crate) struct Wait {
    pub(crate) what: WaitsFor,
    until: Option<Mono>,
}

/// Why a wait ends before what it is for has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unblock {
    /// As if its time were over.
    Timeout,
    /// With an error.
    Error,
}

/// All connections that wait.
#[derive(Clone, Debug, Default)]
pub(crate) struct Blocked {
    /// By the number that CLIENT ID tells.
    by_client: BTreeMap<u64, ConnId>,
    deadlines: BTreeSet<(Mono, u64, ConnId)>,
    lines: Lines,
    /// In WAIT or WAITAOF, in the order in which they came.
    pub(super) for_replicas: Vec<ConnId>,
    /// Held back by a pause, in the order in which they came.
    pub(super) for_unpause: Vec<ConnId>,
    /// They wait no more, and have not gone on yet.
    released: VecDeque<ConnId>,
}

impl Blocked {
    /// How many wait.
    pub(crate) fn len(&self) -> usize {
        self.by_client.len()
    }

    /// How many of them wait for a time that was told.
    pub(crate) fn with_deadline(&self) -> usize {
        self.deadlines.len()
    }

    /// True if anyone waits for a key.
    pub(super) fn is_key_awaited(&self) -> bool {
        !self.lines.is_empty()
    }

    /// True if something is left to be done for those who waited.
    #[inline]
    pub(super) fn has_business(&self) -> bool {
        !self.released.is_empty() || self.lines.is_any_filled()
    }

    /// Takes note of a change: it may be what somebody waits for.
    pub(super) fn on_touch(&mut self, touch: &Touch) {
        self.lines.on_touch(touch);
    }

    /// [`Defect::ServedAndTimedOut`]: when the wait of a connection is over.
    #[cold]
    fn deadline_of(&self, conn: ConnId) -> Option<(Mono, u64, ConnId)> {
        self.deadlines.iter().find(|(_, _, waiting)| *waiting == conn).copied()
    }

    fn enter(&mut self, conn: ConnId, client_id: u64, wait: &Wait) {
        self.by_client.insert(client_id, conn);
        if let Some(until) = wait.until {
            self.deadlines.insert((until, client_id, conn));
        }
        match &wait.what {
            WaitsFor::Key(awaited) => {
                let (type_name, wakes_on_removal) = (awaited.block.type_name, awaited.block.wakes_on_removal);
                let waiter = Waiter { conn, type_name, wakes_on_removal };
                self.lines.enter(awaited.database, &awaited.block.keys, awaited.ticket, waiter);
            }
            WaitsFor::Replicas(_) => self.for_replicas.push(conn),
            WaitsFor::Unpause => self.for_unpause.push(conn),
            WaitsFor::Snapshot | WaitsFor::Shutdown | WaitsFor::Host => {}
        }
    }

    fn leave(&mut self, conn: ConnId, client_id: u64, wait: &Wait) {
        self.by_client.remove(&client_id);
        if let Some(until) = wait.until {
            self.deadlines.remove(&(until, client_id, conn));
        }
        match &wait.what {
            WaitsFor::Key(awaited) => self.lines.leave(awaited.database, &awaited.block.keys, awaited.ticket),
            WaitsFor::Replicas(_) => self.for_replicas.retain(|waiting| *waiting != conn),
            WaitsFor::Unpause => self.for_unpause.retain(|waiting| *waiting != conn),
            WaitsFor::Snapshot | WaitsFor::Shutdown | WaitsFor::Host => {}
        }
    }
}

impl Node {
    /// A connection waits from now on.
    pub(super) fn park(&mut self, conn: ConnId, what: WaitsFor, timeout: Option<Duration>, now: Now) {
        let Some(connection) = self.connections.get_mut(conn) else { return };
        let until = timeout.map(|timeout| now.mono.after(timeout));
        let wait = Wait { what, until };
        self.blocked.enter(conn, connection.client_id, &wait);
        connection.wait = Some(Box::new(wait));
        if let Some(audit) = &mut self.audit {
            audit.waits.begin(conn, until);
        }
        match until {
            Some(until) if self.has(Defect::WaitTimerMovesBack) => self.timers.set(Timer::Wait, until),
            Some(until) => self.timers.set_no_later(Timer::Wait, until),
            None => {}
        }
    }

    /// A data command waits.
    #[cold]
    pub(super) fn park_for_key(
        &mut self,
        conn: ConnId,
        number: u16,
        command: &'static Command,
        args: Args<'_>,
        block: Block,
        now: Now,
    ) {
        let Some(database) = self.connections.get(conn).map(|connection| connection.database) else { return };
        let request = match &block.request {
            Some(words) => Queued::from_words(number, command, words),
            None => Queued::new(number, command, args),
        };
        let timeout = block.timeout_ms.map(Duration::from_millis);
        let ticket = self.blocked.lines.next_ticket();
        let awaited = AwaitedKey { request, block, database, ticket };
        self.park(conn, WaitsFor::Key(Box::new(awaited)), timeout, now);
        self.observe_if_needed();
    }

    /// The one way in which a wait ends, of a connection that stays: it is answered, and goes on at the end of the event.
    pub(super) fn release(&mut self, conn: ConnId, answer: impl FnOnce(&mut Reply<'_>)) {
        let Some(connection) = self.connections.get_mut(conn) else { return };
        let Some(wait) = connection.wait.take() else { return };
        answer(&mut connection.reply());
        // A request that was held back has not begun: CLIENT REPLY SKIP is still about it.
        if !matches!(wait.what, WaitsFor::Unpause) {
            connection.command_ended();
        }
        self.blocked.leave(conn, connection.client_id, &wait);
        self.blocked.released.push_back(conn);
        self.audit_end_of_wait(conn);
        self.observe_if_needed();
    }

    /// A connection that has waited is gone.
    pub(super) fn forget_wait(&mut self, connection: &Connection) {
        if let Some(wait) = &connection.wait {
            self.blocked.leave(connection.id, connection.client_id, wait);
            self.audit_end_of_wait(connection.id);
            self.observe_if_needed();
        }
    }

    #[inline]
    fn audit_end_of_wait(&mut self, conn: ConnId) {
        if let Some(audit) = &mut self.audit {
            audit.waits.end(conn);
        }
    }

    /// What was filled is served, and those who wait no more go on with their requests.
    pub(super) fn resume_released(&mut self, now: Now, effects: &mut Effects) {
        self.serve_filled(now);
        while let Some(conn) = self.blocked.released.pop_front() {
            match self.connections.get(conn) {
                Some(connection) if connection.input.is_empty() => {}
                Some(connection) if matches!(connection.kind, Kind::Master) => {
                    self.on_stream_bytes(conn, &[], now, effects);
                }
                Some(_) => self.process_input(conn, now, effects),
                None => {}
            }
            self.after_requests(conn, now, effects);
            self.serve_filled(now);
        }
    }

    /// The time of some is over.
    pub(super) fn end_overdue_waits(&mut self, now: Now) {
        while let Some(&(until, _, conn)) = self.blocked.deadlines.first() {
            if until > now.mono {
                self.timers.set(Timer::Wait, until);
                return;
            }
            self.blocked.deadlines.pop_first();
            if !self.answer_in_vain(conn) && self.has(Defect::ServedAndTimedOut) {
                self.answer_once_more(conn);
            }
        }
    }

    /// [`Defect::ServedAndTimedOut`]: of one that does not wait any more, the time is over.
    #[cold]
    fn answer_once_more(&mut self, conn: ConnId) {
        if let Some(connection) = self.connections.get_mut(conn) {
            connection.reply().null_array();
            self.blocked.released.push_back(conn);
        }
    }

    /// Ends a wait with the answer of one that was in vain. False if it is none that has such an answer.
    fn answer_in_vain(&mut self, conn: ConnId) -> bool {
        let wait = self.connections.get(conn).and_then(|connection| connection.wait.as_ref());
        match wait.map(|wait| &wait.what) {
            Some(WaitsFor::Key(_)) => self.release(conn, |reply| reply.null_array()),
            Some(WaitsFor::Replicas(awaited)) => {
                let safe = self.where_safe(awaited);
                self.mark(safe.pick(Mark::WaitTimedOut, Mark::WaitAofTimedOut));
                self.release_wait(conn, safe);
            }
            _ => return false,
        }
        true
    }

    /// CLIENT UNBLOCK: true if there was a wait of that client's to end.
    pub(super) fn unblock(&mut self, client_id: u64, how: Unblock) -> bool {
        const UNBLOCKED: &str = "UNBLOCKED client unblocked via CLIENT UNBLOCK";
        let Some(&conn) = self.blocked.by_client.get(&client_id) else { return false };
        let Some(connection) = self.connections.get(conn) else { return false };
        let number = connection.last_command.and_then(|(container, command)| {
            let (number, _) = find_numbered(container.name.as_bytes())?;
            Some(row_number(number, container, command))
        });
        let is_ended = match (how, connection.wait.as_ref().map(|wait| &wait.what)) {
            (Unblock::Error, Some(WaitsFor::Key(_) | WaitsFor::Replicas(_))) => {
                self.release(conn, |reply| reply.error(UNBLOCKED));
                self.stats.count_error("UNBLOCKED");
                true
            }
            (Unblock::Error, _) => false,
            (Unblock::Timeout, _) => self.answer_in_vain(conn),
        };
        // As in Redis, the command counts as failed in either case.
        if let Some(stat) = number.filter(|_| is_ended).and_then(|number| self.stats.command(number)) {
            stat.failed += 1;
        }
        is_ended
    }

    /// The node follows a master from now on: what its clients wait for is not theirs any more.
    pub(super) fn end_waits_at_role_change(&mut self, now: Now, effects: &mut Effects) {
        const UNBLOCKED: &str =
            "UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)";
        if self.has(Defect::BlockedClientSurvivesDemotion) {
            return;
        }
        let waiting: Vec<ConnId> = self.blocked.by_client.values().copied().collect();
        for conn in waiting {
            let wait = self.connections.get(conn).and_then(|connection| connection.wait.as_ref());
            // A snapshot and the host come in any role, and a pause ends in any role.
            let is_over =
                wait.is_some_and(|wait| !matches!(wait.what, WaitsFor::Snapshot | WaitsFor::Host | WaitsFor::Unpause));
            if is_over {
                match wait.map(|wait| &wait.what) {
                    Some(WaitsFor::Key(_)) => self.marks.set(Mark::BlockedDemoted),
                    Some(WaitsFor::Replicas(_)) => self.marks.set(Mark::WaitDemoted),
                    _ => {}
                }
                self.release(conn, |reply| reply.error(UNBLOCKED));
                self.stats.count_error("UNBLOCKED");
                self.close_after_replies(conn, now, effects);
            }
        }
    }

    /// The node goes on after all: everybody who has asked for its end is told.
    pub(super) fn end_waits_for_shutdown(&mut self, error: &str) {
        let waiting: Vec<ConnId> = self.blocked.by_client.values().copied().collect();
        for conn in waiting {
            let wait = self.connections.get(conn).and_then(|connection| connection.wait.as_ref());
            if wait.is_some_and(|wait| matches!(wait.what, WaitsFor::Shutdown)) {
                self.release(conn, |reply| reply.error(error));
            }
        }
    }
}
