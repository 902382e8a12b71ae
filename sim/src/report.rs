//! What came of a run, in numbers and in words?

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::check::{Fates, ResyncTotals as Resyncs, Violation};
use crate::journal::Clock;
use crate::marks::Reached;
use crate::queue::Micros;

/// Sums over a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Pieces of streams handed to a node, a client or the operator. Several protocol messages may share one, and a big
    /// one fills many.
    pub deliveries: u64,
    /// Bytes in them.
    pub delivered_bytes: u64,
    /// Replies read and checked by clients; each answers one command that a node received.
    pub replies: u64,
    /// Commands of the replication stream carried out by replicas; a MULTI block counts as one.
    pub stream_commands: u64,
    /// Faults that began.
    pub faults: u64,
    /// Nodes that ended.
    pub crashes: u64,
    /// Orders given to the operator.
    pub orders: u64,
    /// Replicas promoted by the controller.
    pub takeovers: u64,
    /// Answers of WAIT to clients of which the last write is known; each was compared with what replicas have.
    pub waits: u64,
    /// Answers of WAITAOF, likewise.
    pub disk_waits: u64,
    /// Times at which a node came back that had promised to keep something.
    pub promises: u64,
    /// Times that a replica began to hold its master off.
    #[serde(default)]
    pub quarantines: u64,
    /// Times that the operator let a replica take what its master has all the same, or a master that has lost its data be empty.
    #[serde(default)]
    pub accepted: u64,
    /// Writes accepted by masters that want good replicas; each was compared likewise.
    pub gated_writes: u64,
    /// What became of the writes that were acknowledged, in runs that ended well.
    #[serde(default)]
    pub fates: Fates,
}

impl Totals {
    /// Protocol messages delivered over links and understood at the other end: a client's command and its reply are two,
    /// a command that a replica carries out is one. Handshakes, acknowledgements, snapshots and whatever a fault
    /// cut off are not counted.
    #[must_use]
    pub fn messages(&self) -> u64 {
        2 * self.replies + self.stream_commands
    }

    /// Adds another run's sums.
    pub fn add(&mut self, other: &Totals) {
        self.deliveries += other.deliveries;
        self.delivered_bytes += other.delivered_bytes;
        self.replies += other.replies;
        self.stream_commands += other.stream_commands;
        self.faults += other.faults;
        self.crashes += other.crashes;
        self.orders += other.orders;
        self.takeovers += other.takeovers;
        self.waits += other.waits;
        self.disk_waits += other.disk_waits;
        self.promises += other.promises;
        self.quarantines += other.quarantines;
        self.accepted += other.accepted;
        self.gated_writes += other.gated_writes;
        self.fates.add(&other.fates);
    }
}

/// What came of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// The seed of its plan.
    #[serde(with = "crate::wide")]
    pub seed: u64,
    /// The rolling hash of all its events: two runs that did the same have the same.
    #[serde(with = "crate::wide::hexadecimal")]
    pub fingerprint: u64,
    /// Occurrences carried out.
    pub events: u64,
    /// Simulated time at the end.
    pub simulated_us: Micros,
    /// Time from the quiet point to convergence; `None` if it did not come to that.
    pub converged_after_us: Option<Micros>,
    /// Sums.
    pub totals: Totals,
    /// Synchronisations.
    pub resyncs: Resyncs,
    /// Command boundaries compared with one recorded by another node.
    pub compared: u64,
    /// What of the engine its nodes have come to; nothing in a build without the feature `marks`.
    #[serde(default, skip_serializing_if = "Reached::is_empty")]
    pub marks: Reached,
    /// Broken properties; a run ends at the first.
    pub violations: Vec<Violation>,
}

impl Outcome {
    /// True if no property was broken.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.violations.is_empty()
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Outcome { seed, totals, resyncs, .. } = self;
        writeln!(
            f,
            "seed {seed}: {} events in {}, {} messages, {} faults, {} crashes, {} full and {} partial synchronisations",
            self.events,
            Clock(self.simulated_us),
            totals.messages(),
            totals.faults,
            totals.crashes,
            resyncs.full,
            resyncs.partial
        )?;
        for violation in &self.violations {
            writeln!(f, "{violation}")?;
        }
        let verdict = if self.passed() { "all properties held" } else { "FAILED" };
        write!(f, "fingerprint {:016x}: {verdict}", self.fingerprint)
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Violation { node, role, explanation, .. } = self;
        let who = if node.is_empty() { "the world".to_string() } else { format!("{role} {node}") };
        write!(f, "{} at t={}, event {}: {who}: {explanation}", self.signature(), Clock(self.at_us), self.event)
    }
}
