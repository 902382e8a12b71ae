//! WAIT: clients that want to know how many replicas have what they wrote.

use core::time::Duration;

use crate::codec::number::parse_i64;
use crate::command::CommandError;
use crate::command::reply_error as reply;
use crate::port::{ConnId, Effects, Now};
use crate::replication::ReplicationId;
use crate::resp::Args;

use super::Node;
use super::timers::Timer;

/// A client that asked to wait for replicas.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Waiting {
    pub(crate) conn: ConnId,
    pub(crate) offset: u64,
    pub(crate) history: ReplicationId,
    pub(crate) replicas: i64,
    pub(crate) until: Option<crate::port::Mono>,
}

impl Node {
    /// WAIT: how many replicas have acknowledged what this client wrote, now or as soon as enough of them have.
    pub(super) fn wait(&mut self, conn: ConnId, args: Args<'_>, now: Now) -> Result<(), CommandError> {
        if self.follow.is_some() {
            return Err(reply::WAIT_ON_REPLICA);
        }
        let replicas = parse_i64(&args[1]).ok_or(reply::NOT_AN_INTEGER)?;
        let timeout_ms = parse_i64(&args[2]).ok_or(reply::TIMEOUT_NOT_AN_INTEGER)?;
        let timeout_ms = u64::try_from(timeout_ms).map_err(|_| reply::TIMEOUT_NEGATIVE)?;
        let history = self.history.id;
        let Some(connection) = self.connections.get_mut(conn) else { return Ok(()) };
        let offset = connection.written_offset;
        let acked = self.count_acked(offset);
        if i64::try_from(acked).unwrap_or(i64::MAX) >= replicas || self.is_executing {
            if let Some(connection) = self.connections.get_mut(conn) {
                connection.reply().count(acked);
            }
            return Ok(());
        }
        let until = (timeout_ms > 0).then(|| now.mono.after(Duration::from_millis(timeout_ms)));
        if let Some(connection) = self.connections.get_mut(conn) {
            connection.is_blocked = true;
        }
        self.stats.waiting.push(Waiting { conn, offset, history, replicas, until });
        if let Some(until) = until {
            self.timers.set_no_later(Timer::Wait, until);
        }
        if let Some(log) = &mut self.history.log {
            log.append_command([b"REPLCONF".as_slice(), b"GETACK", b"*"]);
            self.log_has_grown = true;
        }
        self.audit_boundary();
        Ok(())
    }

    fn count_acked(&self, offset: u64) -> usize {
        let sides = self.replicas.iter().filter_map(|&conn| self.connections.get(conn)?.replica());
        sides.filter(|side| side.is_online() && side.acked >= offset).count()
    }

    /// Answers the WAITs that are satisfied, or have waited long enough.
    pub(super) fn release_waits(&mut self, now: Now, effects: &mut Effects) {
        let mut index = 0;
        while let Some(&waiting) = self.stats.waiting.get(index) {
            // What was written in a history that ended is acknowledged by nobody.
            let is_ours = waiting.history == self.history.id;
            let acked = if is_ours { self.count_acked(waiting.offset) } else { 0 };
            let is_satisfied = i64::try_from(acked).unwrap_or(i64::MAX) >= waiting.replicas;
            let is_over = waiting.until.is_some_and(|until| until <= now.mono);
            if !is_satisfied && !is_over && self.connections.get(waiting.conn).is_some() {
                index += 1;
                continue;
            }
            self.stats.waiting.remove(index);
            if let Some(connection) = self.connections.get_mut(waiting.conn) {
                connection.is_blocked = false;
                connection.reply().count(acked);
            }
            self.process_input(waiting.conn, now, effects);
            self.after_requests(waiting.conn, now, effects);
        }
        if let Some(next) = self.stats.waiting.iter().filter_map(|waiting| waiting.until).min() {
            self.timers.set(Timer::Wait, next);
        }
    }
}
