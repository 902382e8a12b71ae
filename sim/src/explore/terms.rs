//! Which world is explored, and how far?

use afterimage_core::museum::Defects;
use serde::Serialize;

use super::local::Left;
use crate::museum;

/// Hosts of a world.
pub(super) const HOSTS: usize = 3;

/// Who follows whom at first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// A master and two replicas.
    Star,
    /// A master, its replica, and a replica of that.
    Chain,
}

/// How often each thing may be done in all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Budget {
    /// Writes of clients.
    pub writes: u8,
    /// Connections that end.
    pub cuts: u8,
    /// Hosts that crash.
    pub crashes: u8,
    /// Replicas that are promoted.
    pub promotions: u8,
    /// Deliveries of a part of what is under way.
    pub pieces: u8,
    /// Snapshots that are saved.
    pub saves: u8,
    /// Questions whether a replica has the last write.
    pub waits: u8,
    /// Timers of each host that are due.
    pub timers: u8,
}

impl Budget {
    /// What the command line explores if it is told nothing else: some 20 s of CPU time.
    pub const DEFAULT: Budget =
        Budget { writes: 1, cuts: 1, crashes: 0, promotions: 1, pieces: 1, saves: 0, waits: 0, timers: 0 };
}

/// What is explored.
#[derive(Clone, Debug, Serialize)]
pub struct Terms {
    /// Who follows whom at first.
    pub shape: Shape,
    /// How often what may be done.
    pub budget: Budget,
    /// Steps at most; what lies deeper is not looked at.
    pub depth_max: u32,
    /// States at most.
    pub states_max: u64,
    /// Bytes that tables and states may take, roughly.
    pub bytes_max: u64,
    /// Mistakes that all hosts make.
    pub defects: Vec<String>,
}

impl Terms {
    /// A world without mistakes.
    #[must_use]
    pub fn new(shape: Shape, budget: Budget) -> Terms {
        Terms { shape, budget, depth_max: u32::MAX, states_max: u64::MAX, bytes_max: 8 << 30, defects: Vec::new() }
    }

    /// Looks for mistakes that this build does not know.
    ///
    /// # Errors
    ///
    /// Says which.
    pub fn check(&self) -> Result<(), String> {
        museum::check(&self.defects)
    }

    pub(super) fn defects(&self) -> Defects {
        museum::defects(&self.defects).unwrap_or_default()
    }

    /// What all hosts are configured with: nothing waits for company, and nothing is larger than it must be.
    pub(super) fn settings(&self) -> [(&'static str, &'static str); 6] {
        [
            // Whoever holds its master off waits for a person, and there is none.
            ("replica-wipe-guard", "allow"),
            ("master-protected-restart", "0"),
            ("repl-diskless-sync-delay", "0"),
            ("repl-backlog-size", "16384"),
            ("databases", "2"),
            ("latency-tracking", "no"),
        ]
    }

    /// Whom a host is to follow if that one is the master.
    pub(super) fn follows(&self, host: u8, master: u8) -> Option<u8> {
        match self.shape {
            _ if host == master => None,
            Shape::Chain if master == 0 && host == 2 => Some(1),
            _ => Some(master),
        }
    }

    /// What a crash may leave. Where two of them are the same they lead to one state.
    pub(super) fn leavings(&self) -> &'static [Left] {
        &[Left::Kept, Left::Synced, Left::Empty]
    }
}
