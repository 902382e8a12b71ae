//! Does anybody wait who should have been told by now?
//!
//! Asked by checkers, of a node whose audit is on. When each wait is to be over is remembered apart, as it was when the wait began, and what is waited for is looked at
//! itself: neither is asked of the lists by which waits are ended.

use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use crate::command::{Flags, streams_have_come};
use crate::port::{ConnId, Mono, Now};
use crate::value::{Blob, Value};

use super::super::Node;
use super::super::connection::{Connection, Kind};
use super::{AwaitedKey, Wait, WaitsFor};

/// The events of one moment come one by one, and the timers' may be the last.
const GRACE: Duration = Duration::from_millis(1);

/// Why somebody should not wait any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeftWaiting {
    /// The time that a client gave is over.
    TooLong,
    /// One of the keys holds what a client waits for.
    KeyIsThere,
    /// As many replicas and disks as a client wants have what it wrote.
    IsSafe,
    /// No pause holds back what a connection wants any more.
    NothingIsHeldBack,
    /// The time of a pause is over.
    PauseIsOver,
    /// The time of a failover is over.
    FailoverIsOver,
    /// The target of a failover has everything.
    TargetIsInStep,
}

impl fmt::Display for LeftWaiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            LeftWaiting::TooLong => "a client waits longer than it wanted to",
            LeftWaiting::KeyIsThere => "a client waits for a key that holds what it waits for",
            LeftWaiting::IsSafe => "a client waits for replicas or disks that have what it wrote",
            LeftWaiting::NothingIsHeldBack => "a request is held back, and there is no pause that holds it",
            LeftWaiting::PauseIsOver => "a pause lasts longer than it was to",
            LeftWaiting::FailoverIsOver => "a failover lasts longer than it was to",
            LeftWaiting::TargetIsInStep => "a failover waits for a target that has everything",
        })
    }
}

/// Who waits, and until when at most.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct AuditedWaits(Vec<(ConnId, Option<Mono>)>);

impl AuditedWaits {
    pub(super) fn begin(&mut self, conn: ConnId, until: Option<Mono>) {
        self.0.push((conn, until));
    }

    pub(super) fn end(&mut self, conn: ConnId) {
        self.0.retain(|(waiting, _)| *waiting != conn);
    }
}

impl Node {
    /// True if anybody waits, or anything is held back: then [`Node::left_waiting`] is worth asking.
    pub(in super::super) fn has_waiting(&self) -> bool {
        let has_waits = self.audit.as_ref().is_some_and(|audit| !audit.waits.0.is_empty());
        has_waits || self.pauses.is_any() || self.failover.is_some()
    }

    /// Why somebody waits who should have been told by the end of the last event; none while the audit is off.
    #[must_use]
    pub fn left_waiting(&self, now: Now) -> Option<LeftWaiting> {
        let is_over = |until: Mono| until.after(GRACE) <= now.mono;
        for (conn, until) in &self.audit.as_ref()?.waits.0 {
            let Some(connection) = self.connections.get(*conn) else { continue };
            let Some(wait) = &connection.wait else { continue };
            if until.is_some_and(is_over) {
                return Some(LeftWaiting::TooLong);
            }
            if let Some(why) = self.has_come(connection, wait, now) {
                return Some(why);
            }
        }
        if self.pauses.next_end().is_some_and(is_over) {
            return Some(LeftWaiting::PauseIsOver);
        }
        if self.failover.as_ref()?.until().is_some_and(is_over) {
            return Some(LeftWaiting::FailoverIsOver);
        }
        self.could_hand_over(now).then_some(LeftWaiting::TargetIsInStep)
    }

    /// Whether what is waited for is there.
    fn has_come(&self, connection: &Connection, wait: &Wait, now: Now) -> Option<LeftWaiting> {
        let (has_come, why) = match &wait.what {
            WaitsFor::Key(awaited) => (self.has_key_come(awaited, now), LeftWaiting::KeyIsThere),
            WaitsFor::Replicas(awaited) => (self.is_safe(awaited), LeftWaiting::IsSafe),
            WaitsFor::Unpause => (!self.would_be_held(connection), LeftWaiting::NothingIsHeldBack),
            WaitsFor::Snapshot | WaitsFor::Shutdown | WaitsFor::Host => return None,
        };
        has_come.then_some(why)
    }

    /// Nothing is taken from a key while the data stand still, or are another's.
    fn has_key_come(&self, awaited: &AwaitedKey, now: Now) -> bool {
        let takes = awaited.request.command.flags.has(Flags::WRITE);
        if self.pauses.is_any() || self.is_loading() || takes && self.follow.is_some() {
            return false;
        }
        let type_name = awaited.block.type_name;
        if type_name == "stream" {
            // One that is there need not hold anything new.
            return streams_have_come(awaited.request.args(), |key| {
                match self.value_at(&(awaited.database, Blob::new(key)), now) {
                    Some(Value::Stream(stream)) => Some(stream),
                    _ => None,
                }
            });
        }
        awaited.block.keys.iter().any(|key| self.type_at(&(awaited.database, key.clone()), now) == Some(type_name))
    }

    /// True if the pauses of now hold back what a connection waits with. What the stream of a master brings is not looked into.
    fn would_be_held(&self, connection: &Connection) -> bool {
        match connection.last_command.filter(|_| !matches!(connection.kind, Kind::Master)) {
            Some((container, command)) => self.pauses.hold_back(connection, container, command),
            None => self.pauses.is_any(),
        }
    }
}
