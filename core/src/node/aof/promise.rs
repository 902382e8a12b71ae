//! What must not leave before the disk has it.
//!
//! With `appendfsync always` a reply leaves when all that was written before it is synced: a promise to the one who wrote, and a truth to the one who
//! reads. Nor does the stream for replicas run ahead of the disk, so that after a crash none of them has what its master has lost.
//!
//! While the file cannot be written, nothing new is promised, since writes are refused: then who reads is answered, as far as he did not ask before.
//!
//! With the other policies replies are held back only while the disk is far behind: who waits for them writes no more. (A Redis stands still.)

use alloc::collections::VecDeque;

use crate::command::CommandError;
use crate::command::reply_error as reply;
use crate::config::AppendFsync;
use crate::marks::Mark;
use crate::museum::Defect;
use crate::port::{ConnId, DiskFailure, Effects, Now};

use super::super::Node;
use super::super::connection::{Connection, Kind};
use super::stream::Stream;
use super::{Aof, Standing};

/// Bytes by which the file may be behind before replies wait for it.
const BEHIND_BYTES_MAX: u64 = 32 << 20;

impl Aof {
    /// Up to where the file has to come for what happened by then to be told.
    fn is_told_up_to(&self, policy: AppendFsync) -> u64 {
        match (policy, self.standing) {
            (_, Standing::Other) => u64::MAX,
            (AppendFsync::Always, _) => self.durable().map_or(u64::MAX, super::Reach::total),
            _ => {
                let appended = self.stream.as_ref().map(Stream::appended);
                appended.map_or(u64::MAX, |appended| appended.total().saturating_add(BEHIND_BYTES_MAX))
            }
        }
    }
}

impl Node {
    /// Replies of this connection that tell of the data wait until what happened by now is on the disk, if it is not there.
    #[inline]
    pub(in crate::node) fn hold_replies(&mut self, conn: ConnId) {
        let Some(told) = self.told_up_to() else { return };
        let Some(aof) = &mut self.storage.aof else { return };
        let reach = aof.reach(self.history.offset()).total();
        let Some(connection) = self.connections.get_mut(conn).filter(|c| matches!(c.kind, Kind::Client)) else {
            return;
        };
        let has_seen_data = core::mem::take(&mut connection.has_seen_data);
        let may_promise = aof.failure.is_none();
        if !has_seen_data || !may_promise || reach <= told {
            connection.output.pass_unheld();
        } else if connection.output.hold(reach) {
            self.marks.set(Mark::AofReplyHeld);
            aof.holding.push_back((reach, conn));
        }
    }

    /// Up to where the file has come for what happened by then to be told, if there is one.
    #[inline]
    fn told_up_to(&self) -> Option<u64> {
        let aof = self.storage.aof.as_ref()?;
        if self.has(Defect::ReplyBeforeSync) && aof.standing != Standing::Other {
            return aof.stream.as_ref().map(|stream| stream.appended().total());
        }
        Some(aof.is_told_up_to(self.config.appendfsync))
    }

    /// What waited for the disk and has it goes out.
    pub(super) fn release_held(&mut self, effects: &mut Effects) {
        let Some(told) = self.told_up_to() else { return };
        let Some(aof) = &mut self.storage.aof else { return };
        while let Some((_, conn)) = aof.holding.pop_front_if(|(reach, _)| *reach <= told) {
            if let Some(connection) = self.connections.get_mut(conn) {
                connection.release_held(told, effects);
            }
        }
    }

    /// Nothing is promised any more.
    pub(super) fn release_all_held(&mut self, holding: VecDeque<(u64, ConnId)>, effects: &mut Effects) {
        for (_, conn) in holding {
            if let Some(connection) = self.connections.get_mut(conn) {
                connection.release_held(u64::MAX, effects);
            }
        }
    }

    /// The policy is another from now on.
    pub(in crate::node) fn on_appendfsync_changed(&mut self, now: Now, effects: &mut Effects) {
        self.release_held(effects);
        self.tell_of_synced(now, effects);
        self.feed_aof(now, effects);
    }

    /// The offset up to which replicas may be sent the stream.
    #[inline]
    pub(in crate::node) fn stream_end(&self) -> u64 {
        let end = self.history.offset();
        match &self.storage.aof {
            Some(aof) if self.config.appendfsync == AppendFsync::Always && !self.has(Defect::ReplicasBeforeSync) => {
                aof.durable().map_or(end, |durable| durable.offset.min(end))
            }
            _ => end,
        }
    }

    /// How much of the history is on our own disk; none if nothing tells.
    pub(in crate::node) fn synced_offset(&self) -> Option<u64> {
        let aof = self.storage.aof.as_ref()?;
        if self.has(Defect::WaitAofCountsAppended) {
            return aof.appended_offset();
        }
        aof.durable().map(|durable| durable.offset)
    }

    /// More is on the disk: those who wait for that are told, and replicas may have it.
    pub(super) fn tell_of_synced(&mut self, now: Now, effects: &mut Effects) {
        if self.config.appendfsync == AppendFsync::Always {
            self.announce_log(now, effects);
        }
        self.release_waits();
        self.acknowledge_if_owed(effects);
    }

    /// True once all that happened is on the disk, or why it is not and will not be soon.
    pub(in crate::node) fn is_aof_complete(&self) -> Result<bool, DiskFailure> {
        let (Some(aof), Some(reach)) = (&self.storage.aof, self.aof_reach()) else { return Ok(true) };
        let is_durable = aof.standing == Standing::Current && aof.durable().is_some_and(|durable| durable >= reach);
        match &aof.failure {
            _ if is_durable => Ok(!aof.has_something_to_tell()),
            Some(failure) => Err(failure.clone()),
            None => Ok(false),
        }
    }

    /// Writes are refused while the file cannot be written.
    pub(in crate::node) fn gate_aof(&self) -> Result<(), CommandError> {
        // One that is written once, since BGREWRITEAOF was said, is promised to nobody.
        let promised = self.storage.aof.as_ref().filter(|_| self.config.appendonly);
        match promised.and_then(|aof| aof.failure.as_ref()) {
            Some(failure) => Err(reply::aof_misconf(failure)),
            None => Ok(()),
        }
    }
}

impl Connection {
    /// What waited for the disk to come to here goes out.
    fn release_held(&mut self, told: u64, effects: &mut Effects) {
        if self.output.release(told) {
            self.announce(effects);
        }
    }
}
