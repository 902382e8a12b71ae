//! What does an operator do, and when?

use serde::{Deserialize, Serialize};

use super::Setting;
use crate::queue::Micros;

/// An order and when it is given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrderPlan {
    /// When.
    pub at_us: Micros,
    /// What.
    pub order: Order,
}

/// Something an operator does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", deny_unknown_fields)]
pub enum Order {
    /// Lets a node follow another: REPLICAOF host port. Ignored if that would close a circle.
    Follow {
        /// Which node.
        host: u16,
        /// Its new master.
        master: u16,
    },
    /// Makes a node the master and lets the old one, and all that followed it, follow the new one.
    Promote {
        /// Which node.
        host: u16,
    },
    /// As [`Order::Promote`], but the old master is told only later: until then there are two.
    Supplant {
        /// Which node.
        host: u16,
        /// For so long the old master is not told.
        untold_us: Micros,
    },
    /// Lets the master hand its role over to a node, by FAILOVER; what that does not bring about is done as by [`Order::Promote`].
    HandOver {
        /// Which node.
        host: u16,
        /// What becomes of it.
        #[serde(default)]
        how: HandOver,
    },
    /// FLUSHALL on the master. In braces, or a field that it does not have would be taken without a word.
    FlushAll {},
    /// CLIENT PAUSE on a node.
    Hold {
        /// Which node.
        host: u16,
        /// What is held back.
        scope: Held,
        /// For how long, in milliseconds.
        for_ms: u32,
    },
    /// CLIENT KILL TYPE on a node.
    Kill {
        /// Which node.
        host: u16,
        /// Whose connections.
        victims: Victims,
    },
    /// The process is sent SIGTERM: it waits for its replicas, saves if it is to, and ends. Then its supervisor starts it again.
    Shutdown {
        /// Which node.
        host: u16,
        /// From its end until it is started again.
        down_us: Micros,
    },
    /// CONFIG SET on a node. Its next life knows nothing of it.
    Configure {
        /// Which node.
        host: u16,
        /// What is set.
        setting: Setting,
    },
    /// BGREWRITEAOF on a node.
    Rewrite {
        /// Which node.
        host: u16,
    },
    /// A mistake, taken back at once: REPLICAOF somebody else, then what it was.
    Stray {
        /// Which node.
        host: u16,
        /// Whom it is told to follow; in a circle perhaps.
        master: u16,
    },
}

/// How a FAILOVER ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum HandOver {
    /// TIMEOUT: it is given up if the target does not catch up.
    #[default]
    Timely,
    /// TIMEOUT and FORCE: the target takes over with what it has.
    Forced {
        /// It has so long to catch up, in milliseconds.
        timeout_ms: u32,
    },
    /// ABORT: the operator thinks better of it. The old master is to stay one.
    Aborted {
        /// So long after it was begun.
        after_us: Micros,
    },
}

/// What CLIENT PAUSE holds back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Held {
    /// WRITE.
    Writes,
    /// ALL.
    Everything,
}

/// Whom CLIENT KILL TYPE is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Victims {
    /// `replica`.
    Replicas,
    /// `master`.
    Master,
    /// `normal`.
    Clients,
}

impl Order {
    /// The hosts it names.
    pub(super) fn hosts(&self) -> [Option<u16>; 2] {
        self.clone().hosts_mut().map(|host| host.copied())
    }

    /// The same, to be given other numbers.
    pub(crate) fn hosts_mut(&mut self) -> [Option<&mut u16>; 2] {
        match self {
            Order::Follow { host, master } | Order::Stray { host, master } => [Some(host), Some(master)],
            Order::Promote { host }
            | Order::Supplant { host, .. }
            | Order::HandOver { host, .. }
            | Order::Hold { host, .. }
            | Order::Kill { host, .. }
            | Order::Shutdown { host, .. }
            | Order::Rewrite { host }
            | Order::Configure { host, .. } => [Some(host), None],
            Order::FlushAll {} => [None, None],
        }
    }
}
