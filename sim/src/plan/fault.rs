//! What goes wrong, and when?

use serde::{Deserialize, Serialize};

use super::Pace;
use crate::disk::DiskTrouble;
use crate::network::Ending;
use crate::queue::Micros;

/// A fault and when it begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultPlan {
    /// When it begins.
    pub at_us: Micros,
    /// What happens.
    pub fault: Fault,
}

/// Something that goes wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", deny_unknown_fields)]
pub enum Fault {
    /// A node ends without a word, and is started again by its supervisor.
    Crash {
        /// Which host.
        host: u16,
        /// How.
        how: Crash,
        /// Until it is started again.
        down_us: Micros,
    },
    /// A host stands still: nothing is read, written, answered or timed.
    Pause {
        /// Which host.
        host: u16,
        /// For how long.
        for_us: Micros,
    },
    /// Bytes between two hosts stop, and go on later.
    Stall {
        /// One host.
        a: u16,
        /// The other.
        b: u16,
        /// Which bytes.
        way: Way,
        /// For how long.
        for_us: Micros,
    },
    /// The path between two hosts swallows everything; neither side is told.
    BlackHole {
        /// One host.
        a: u16,
        /// The other.
        b: u16,
        /// Which bytes.
        way: Way,
        /// For how long.
        for_us: Micros,
        /// What becomes of connections that stood.
        heal: Heal,
    },
    /// A host is cut off from all others, clients and operator included.
    Isolate {
        /// Which host.
        host: u16,
        /// For how long.
        for_us: Micros,
        /// What becomes of connections that stood.
        heal: Heal,
    },
    /// The youngest connection between two hosts is reset.
    Reset {
        /// One host.
        a: u16,
        /// The other.
        b: u16,
    },
    /// A connection between two hosts ends once so many more bytes have arrived.
    Cut {
        /// The host whose bytes are counted.
        from: u16,
        /// The one that receives them.
        to: u16,
        /// Bytes that still arrive.
        after_bytes: u64,
        /// How the receiver learns of it.
        ending: Ending,
        /// Which connection.
        which: Which,
    },
    /// A path is slow.
    Slow {
        /// One host.
        a: u16,
        /// The other.
        b: u16,
        /// For how long.
        for_us: Micros,
        /// How slow.
        pace: Pace,
    },
    /// A node ends, and before it is started again a bit of its append-only file has flipped. If it refuses to start on that, it is given an empty disk.
    Rot {
        /// Which host.
        host: u16,
        /// Until it is started again.
        down_us: Micros,
        /// Which bit, among all that there are.
        #[serde(with = "crate::wide")]
        at: u64,
    },
    /// A host's wall clock is set: from then on it is off by so much more. Clocks that time is counted with do not notice.
    ClockJump {
        /// Which host.
        host: u16,
        /// By how much; less than zero if it is set back.
        by_ms: i64,
    },
    /// A disk fails operations.
    Disk {
        /// Which host.
        host: u16,
        /// For how long.
        for_us: Micros,
        /// What fails.
        trouble: DiskTrouble,
    },
}

/// How a node ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Crash {
    /// The process is killed: the operating system resets its connections and keeps its files.
    Process,
    /// The machine loses power: peers are told nothing, and what was not synced may be lost.
    Power,
}

/// One direction of a path or both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// Both.
    Both,
    /// From `a` to `b`.
    Forward,
    /// From `b` to `a`.
    Backward,
}

/// What becomes of connections that stood when a path was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Heal {
    /// They go on where they were.
    Resume,
    /// They are reset.
    Reset,
}

/// A host that is broken for ever once the others are well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outside {
    /// Which.
    pub host: u16,
    /// In which way.
    pub how: Broken,
}

/// What is left of a host that is broken for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Broken {
    /// It has lost power.
    Gone,
    /// It stands still: its connections are there, and nothing is read from them.
    Frozen,
    /// Whatever it is sent, or sends, is swallowed.
    CutOff,
}

impl Broken {
    pub(crate) fn in_words(self) -> &'static str {
        match self {
            Broken::Gone => "has lost power",
            Broken::Frozen => "stands still",
            Broken::CutOff => "is cut off from all",
        }
    }
}

/// Which connection a cut hits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Which {
    /// The youngest that stands, if one does.
    Current,
    /// The next that is made.
    Next,
}

impl Fault {
    /// The hosts it names.
    #[must_use]
    pub fn hosts(&self) -> [Option<u16>; 2] {
        self.clone().hosts_mut().map(|host| host.copied())
    }

    /// The same, to be given other numbers.
    pub(crate) fn hosts_mut(&mut self) -> [Option<&mut u16>; 2] {
        match self {
            Fault::Crash { host, .. }
            | Fault::Pause { host, .. }
            | Fault::Isolate { host, .. }
            | Fault::Rot { host, .. }
            | Fault::ClockJump { host, .. }
            | Fault::Disk { host, .. } => [Some(host), None],
            Fault::Stall { a, b, .. }
            | Fault::BlackHole { a, b, .. }
            | Fault::Reset { a, b }
            | Fault::Slow { a, b, .. } => [Some(a), Some(b)],
            Fault::Cut { from, to, .. } => [Some(from), Some(to)],
        }
    }

    /// How long it lasts; zero if it is over at once.
    #[must_use]
    pub fn lasts_us(&self) -> Micros {
        match *self {
            Fault::Crash { .. }
            | Fault::Rot { .. }
            | Fault::Reset { .. }
            | Fault::Cut { .. }
            | Fault::ClockJump { .. } => 0,
            Fault::Pause { for_us, .. }
            | Fault::Stall { for_us, .. }
            | Fault::BlackHole { for_us, .. }
            | Fault::Isolate { for_us, .. }
            | Fault::Slow { for_us, .. }
            | Fault::Disk { for_us, .. } => for_us,
        }
    }
}
