//! WAIT: clients that want to know how many replicas have what they wrote.

use core::time::Duration;

use crate::codec::number::parse_i64;
use crate::command::CommandError;
use crate::command::reply_error as reply;
use crate::museum::Defect;
use crate::port::{ConnId, Now};
use crate::replication::ClientMark;
use crate::resp::Args;

use super::Node;
use super::audit::Deed;
use super::blocked::WaitsFor;

/// What a client in WAIT waits for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AwaitedReplicas {
    /// Behind what it wrote.
    mark: ClientMark,
    /// How many replicas must have it.
    replicas: i64,
}

impl Node {
    /// WAIT: how many replicas have acknowledged what this client wrote, now or as soon as enough of them have.
    ///
    /// Differs: a Redis compares offsets alone, and once this node has been a replica and its data were replaced, it counts replicas that have
    /// never seen the write. Here a write that is no longer in the data is on no replica: the answer is 0, at once.
    pub(super) fn wait(&mut self, conn: ConnId, args: Args<'_>, now: Now) -> Result<(), CommandError> {
        if self.follow.is_some() {
            return Err(reply::WAIT_ON_REPLICA);
        }
        let replicas = parse_i64(&args[1]).ok_or(reply::NOT_AN_INTEGER)?;
        let timeout_ms = parse_i64(&args[2]).ok_or(reply::TIMEOUT_NOT_AN_INTEGER)?;
        let timeout_ms = u64::try_from(timeout_ms).map_err(|_| reply::TIMEOUT_NEGATIVE)?;
        let Some(connection) = self.connections.get(conn) else { return Ok(()) };
        let awaited = AwaitedReplicas { mark: connection.mark, replicas };
        let acked = self.count_acked(&awaited);
        let is_answered = i64::try_from(acked).unwrap_or(i64::MAX) >= replicas || !self.may_have(awaited.mark);
        if is_answered || self.is_executing {
            if let Some(connection) = self.connections.get_mut(conn) {
                connection.reply().count(acked);
            }
            self.audit_deed(|_| Deed::Waited { conn, replicas: acked });
            return Ok(());
        }
        let timeout = (timeout_ms > 0).then(|| Duration::from_millis(timeout_ms));
        self.park(conn, WaitsFor::Replicas(awaited), timeout, now);
        if !self.pauses.is_any() {
            self.ask_replicas();
        }
        Ok(())
    }

    /// Asks the replicas to acknowledge what they have.
    pub(super) fn ask_replicas(&mut self) {
        if let Some(log) = &mut self.history.log {
            log.append_command([b"REPLCONF".as_slice(), b"GETACK", b"*"]);
            self.log_has_grown = true;
        }
        self.audit_boundary();
    }

    /// How many replicas have what a client waits for.
    pub(super) fn count_acked(&self, awaited: &AwaitedReplicas) -> usize {
        if !self.may_have(awaited.mark) {
            return 0;
        }
        self.replica_sides().filter(|(_, side)| side.is_online() && side.acked >= awaited.mark.offset).count()
    }

    /// False if what a client wrote is not here any more, so that nobody can have it from here.
    fn may_have(&self, mark: ClientMark) -> bool {
        self.has(Defect::WaitAcrossHistories) || self.history.contains(mark)
    }

    /// Ends a WAIT with what is known by now.
    pub(super) fn release_wait(&mut self, conn: ConnId, acked: usize) {
        self.release(conn, |reply| reply.count(acked));
        self.audit_deed(|_| Deed::Waited { conn, replicas: acked });
    }

    /// Answers the WAITs that are satisfied.
    pub(super) fn release_waits(&mut self) {
        let mut index = 0;
        while let Some(&conn) = self.blocked.for_replicas.get(index) {
            let wait = self.connections.get(conn).and_then(|connection| connection.wait.as_ref());
            let Some(WaitsFor::Replicas(awaited)) = wait.map(|wait| &wait.what) else { return };
            let acked = self.count_acked(awaited);
            if i64::try_from(acked).unwrap_or(i64::MAX) >= awaited.replicas {
                self.release_wait(conn, acked);
            } else {
                index += 1;
            }
        }
    }
}
