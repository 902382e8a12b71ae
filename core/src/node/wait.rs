//! WAIT and WAITAOF: clients that want to know on how many nodes what they wrote is safe.

use core::time::Duration;

use crate::codec::number::parse_i64;
use crate::command::reply_error as reply;
use crate::command::{CommandError, Outcome};
use crate::marks::Mark;
use crate::museum::Defect;
use crate::port::{ConnId, Now};
use crate::replication::ClientMark;
use crate::resp::{Args, Reply};

use super::Node;
use super::audit::Deed;
use super::blocked::WaitsFor;
use super::replica::ReplicaSide;

/// What a client takes for safe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Proof {
    /// WAIT: a replica has it in memory.
    Acknowledged,
    /// WAITAOF: it is on disks, of replicas and, if wanted, on ours.
    Persisted {
        /// Ours counts, too.
        locally: bool,
    },
}

/// What a client in WAIT or WAITAOF waits for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AwaitedReplicas {
    /// Behind what it wrote.
    mark: ClientMark,
    /// How many replicas must have it.
    replicas: i64,
    proof: Proof,
}

/// Where what a client wrote is safe by now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Safe {
    proof: Proof,
    /// On our own disk.
    is_local: bool,
    /// On so many replicas.
    replicas: usize,
}

impl Safe {
    /// The answer: WAIT tells of replicas alone.
    pub(super) fn tell(self, reply: &mut Reply<'_>) {
        if let Proof::Persisted { .. } = self.proof {
            reply.array(2);
            reply.int(i64::from(self.is_local));
        }
        reply.count(self.replicas);
    }

    /// One for WAIT, or one for WAITAOF.
    pub(super) fn pick(self, acknowledged: Mark, persisted: Mark) -> Mark {
        match self.proof {
            Proof::Acknowledged => acknowledged,
            Proof::Persisted { .. } => persisted,
        }
    }

    /// The same, for checkers.
    fn deed(self, conn: ConnId) -> Deed {
        let Safe { is_local, replicas, .. } = self;
        match self.proof {
            Proof::Acknowledged => Deed::Waited { conn, replicas },
            Proof::Persisted { .. } => Deed::WaitedForDisks { conn, is_local, replicas },
        }
    }
}

impl AwaitedReplicas {
    fn is_answered_by(&self, safe: &Safe) -> bool {
        let is_local_enough = safe.is_local || self.proof != Proof::Persisted { locally: true };
        is_local_enough && i64::try_from(safe.replicas).unwrap_or(i64::MAX) >= self.replicas
    }

    fn is_safe_on(&self, side: &ReplicaSide) -> bool {
        let offset = match self.proof {
            Proof::Acknowledged => Some(side.acked),
            Proof::Persisted { .. } => side.persisted,
        };
        side.is_online() && offset.is_some_and(|offset| offset >= self.mark.offset)
    }
}

impl Node {
    /// WAIT: how many replicas have acknowledged what this client wrote, now or as soon as enough of them have.
    ///
    /// Differs: a Redis compares offsets alone, and once this node has been a replica and its data were replaced, it counts replicas that have
    /// never seen the write. Here a write that is no longer in the data is on no replica: the answer is 0, at once.
    pub(super) fn wait(&mut self, conn: ConnId, args: Args<'_>, now: Now) -> Outcome {
        if self.follow.is_some() {
            return Err(reply::WAIT_ON_REPLICA);
        }
        let replicas = parse_i64(&args[1]).ok_or(reply::NOT_AN_INTEGER)?;
        let timeout = parse_timeout(&args[2])?;
        self.wait_for_proof(conn, Proof::Acknowledged, replicas, timeout, now);
        Ok(())
    }

    /// `WAITAOF numlocal numreplicas timeout`: whether what this client wrote is on our own disk, and on the disks of how many replicas.
    ///
    /// Differs: as for WAIT, a write that is no longer in the data is on no disk.
    pub(super) fn wait_aof(&mut self, conn: ConnId, args: Args<'_>, now: Now) -> Outcome {
        let locally = match parse_i64(&args[1]).ok_or(reply::NOT_AN_INTEGER)? {
            0 => false,
            1 => true,
            _ => return Err(reply::NEITHER_0_NOR_1),
        };
        let replicas = parse_i64(&args[2]).filter(|count| *count >= 0).ok_or(reply::MUST_BE_POSITIVE)?;
        let timeout = parse_timeout(&args[3])?;
        if self.follow.is_some() {
            return Err(reply::WAITAOF_ON_REPLICA);
        }
        if locally && !self.config.appendonly {
            return Err(reply::WAITAOF_WITHOUT_AOF);
        }
        self.wait_for_proof(conn, Proof::Persisted { locally }, replicas, timeout, now);
        Ok(())
    }

    fn wait_for_proof(&mut self, conn: ConnId, proof: Proof, replicas: i64, timeout: Option<Duration>, now: Now) {
        let Some(connection) = self.connections.get(conn) else { return };
        let awaited = AwaitedReplicas { mark: connection.mark, replicas, proof };
        let safe = self.where_safe(&awaited);
        let is_over = awaited.is_answered_by(&safe) || !self.may_have(awaited.mark);
        if !self.may_have(awaited.mark) {
            self.mark(Mark::WaitForLostWrite);
        }
        if is_over || self.is_executing {
            if awaited.is_answered_by(&safe) && proof == Proof::Acknowledged {
                self.mark(Mark::WaitAtOnce);
            }
            if let Some(connection) = self.connections.get_mut(conn) {
                safe.tell(&mut connection.reply());
            }
            self.audit_deed(|_| safe.deed(conn));
            return;
        }
        self.park(conn, WaitsFor::Replicas(awaited), timeout, now);
        if !self.pauses.is_any() {
            self.ask_replicas();
        }
    }

    /// Asks the replicas to acknowledge what they have.
    pub(super) fn ask_replicas(&mut self) {
        if let Some(log) = &mut self.history.log {
            log.append_command([b"REPLCONF".as_slice(), b"GETACK", b"*"]);
            self.log_has_grown = true;
        }
        self.audit_boundary();
    }

    /// Where what a client waits for is safe.
    pub(super) fn where_safe(&self, awaited: &AwaitedReplicas) -> Safe {
        let is_there = self.may_have(awaited.mark);
        let is_local = is_there && self.synced_offset().is_some_and(|offset| offset >= awaited.mark.offset);
        let replicas = self.replica_sides().filter(|(_, side)| is_there && awaited.is_safe_on(side)).count();
        Safe { proof: awaited.proof, is_local, replicas }
    }

    /// True if what a client waits for has come.
    pub(super) fn is_safe(&self, awaited: &AwaitedReplicas) -> bool {
        awaited.is_answered_by(&self.where_safe(awaited))
    }

    /// False if what a client wrote is not here any more, so that nobody can have it from here.
    fn may_have(&self, mark: ClientMark) -> bool {
        self.has(Defect::WaitAcrossHistories) || self.history.contains(mark)
    }

    /// Ends a wait with what is known by now.
    pub(super) fn release_wait(&mut self, conn: ConnId, safe: Safe) {
        self.release(conn, |reply| safe.tell(reply));
        self.audit_deed(|_| safe.deed(conn));
    }

    /// Answers those whose wait is over.
    pub(super) fn release_waits(&mut self) {
        let mut index = 0;
        while let Some(&conn) = self.blocked.for_replicas.get(index) {
            let wait = self.connections.get(conn).and_then(|connection| connection.wait.as_ref());
            let Some(WaitsFor::Replicas(awaited)) = wait.map(|wait| &wait.what) else { return };
            let safe = self.where_safe(awaited);
            if awaited.is_answered_by(&safe) {
                self.mark(safe.pick(Mark::WaitLater, Mark::WaitAofLater));
                self.release_wait(conn, safe);
            } else {
                index += 1;
            }
        }
    }
}

fn parse_timeout(text: &[u8]) -> Result<Option<Duration>, CommandError> {
    let timeout_ms = parse_i64(text).ok_or(reply::TIMEOUT_NOT_AN_INTEGER)?;
    let timeout_ms = u64::try_from(timeout_ms).map_err(|_| reply::TIMEOUT_NEGATIVE)?;
    Ok((timeout_ms > 0).then(|| Duration::from_millis(timeout_ms)))
}
