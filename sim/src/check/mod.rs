//! What must hold, and how is a breach told?
//!
//! A property per file, and those of the tree of histories in one; what is said to clients is looked at where they hear it. Each is looked at after every event that can touch it, in constant time. A breach is a
//! [`Violation`]: a property, who broke it, when, and an explanation that a person can act on.

mod acks;
mod bounds;
mod claims;
mod continuation;
mod convergence;
mod departures;
mod endings;
mod evictions;
mod gate;
mod hand_over;
mod histories;
mod holding;
mod keeps_data;
mod ledger;
mod no_wipe;
mod pacing;
mod promises;
mod quarantines;
mod reads;
mod refusals;
mod resumption;
mod resync;
mod storms;
mod waits;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::queue::Micros;

pub(crate) use acks::judge_ack;
pub(crate) use bounds::LogBounds;
pub(crate) use continuation::Asked;
pub(crate) use convergence::{Standing, convergence_bound, find_straggler, round_trip, slowness};
pub(crate) use departures::Departures;
pub(crate) use endings::{Ended, Endings};
pub(crate) use evictions::judge_eviction;
pub(crate) use gate::{Demand, Gate, SECOND_COUNTED};
pub(crate) use hand_over::judge_hand_over;
pub(crate) use histories::{Branch, Histories, Observation, since_ready};
pub(crate) use holding::Place;
pub(crate) use keeps_data::{KeepsData, Stand};
pub(crate) use ledger::{Cause, Ledger};
pub use ledger::{Fates, Losses};
pub(crate) use no_wipe::{Before, NoWipe, Replaced};
pub(crate) use pacing::Pacing;
pub(crate) use promises::Promises;
pub(crate) use quarantines::Quarantines;
pub(crate) use reads::{Read, judge_read};
pub(crate) use refusals::{Acknowledgements, DiskHealth, Refused, SYNCS_TO_NAME, judge_refusal};
pub(crate) use resumption::{Backlogs, Wanted};
pub(crate) use resync::Resyncs;
pub use resync::Totals as ResyncTotals;
pub(crate) use storms::Storms;
pub(crate) use waits::Waits;

/// What must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Property {
    /// A replication id and an offset determine the data.
    SameData,
    /// Between the same two offsets of one history lie the same bytes.
    SameStream,
    /// A replica stands only at offsets at which its master stood: it applies whole commands and whole MULTI blocks.
    WholeCommands,
    /// Only the node that began a history adds to it, and nobody else is ahead of it.
    OneWriter,
    /// Within a history the offset of a node goes back only when a full synchronisation replaces its data.
    OffsetForward,
    /// A replication id is begun once, by one incarnation of one node.
    FreshId,
    /// Who is told to go on has what the node that says so had at that place.
    SoundContinuation,
    /// Nobody is sent everything who could have gone on.
    ResumesIfPossible,
    /// A connection delivers what was written to it (the simulator's own duty).
    LinkIntact,
    /// Once faults have ended all nodes reach one position with one data set in bounded time.
    Converges,
    /// A reply is well-formed and fits its command.
    FittingReply,
    /// A replica refuses writes, and a master does not call itself a replica.
    ReplicaRefusesWrites,
    /// A client that is told of k replicas by WAIT can rely on k replicas having its last write.
    WaitHolds,
    /// Whoever waits is told when it is over, or when what it waits for is there.
    WaitsEnd,
    /// A client is refused only by a node that is in the state that it names.
    RefusesWithCause,
    /// A write is accepted only while as many replicas as the configuration wants are close enough behind.
    GateHolds,
    /// A master that hands its role over by FAILOVER hands over all that it has.
    HandsOverAll,
    /// A node comes back with what it had promised to keep.
    KeepsPromises,
    /// A master that ends in good order leaves behind no replica without a write.
    EndsInStep,
    /// What is read may be served, and is not over.
    ReadsHold,
    /// A replica acknowledges nothing that it has not applied.
    AcksHold,
    /// Two nodes understand each other.
    PeersUnderstood,
    /// A replica gives up its data only for others that are there as a whole.
    KeepsData,
    /// A replica with the guard on loses nothing that no stream has removed, but by a synchronisation that the rule lets pass.
    NoWipe,
    /// A replica holds its master off only if that lacks something that it has, or may.
    QuarantinesWithCause,
    /// The log holds no more than the backlog and the slowest replica that the limits allow.
    WithinBounds,
    /// A replica that nothing disturbs has synchronised soon, and does not begin again and again.
    ResyncsEnd,
    /// A key gives way only for want of memory.
    EvictsWithCause,
    /// A master ends the link of a replica only if the world has given cause.
    EndsWithCause,
    /// A node's timers let time pass.
    TimePasses,
    /// A node does not end on its own.
    KeepsRunning,
}

impl Property {
    /// All of them.
    pub const ALL: [Property; 31] = [
        Property::SameData,
        Property::SameStream,
        Property::WholeCommands,
        Property::OneWriter,
        Property::OffsetForward,
        Property::FreshId,
        Property::SoundContinuation,
        Property::ResumesIfPossible,
        Property::LinkIntact,
        Property::Converges,
        Property::FittingReply,
        Property::ReplicaRefusesWrites,
        Property::WaitHolds,
        Property::WaitsEnd,
        Property::RefusesWithCause,
        Property::GateHolds,
        Property::HandsOverAll,
        Property::KeepsPromises,
        Property::EndsInStep,
        Property::ReadsHold,
        Property::AcksHold,
        Property::PeersUnderstood,
        Property::KeepsData,
        Property::NoWipe,
        Property::QuarantinesWithCause,
        Property::WithinBounds,
        Property::ResyncsEnd,
        Property::EvictsWithCause,
        Property::EndsWithCause,
        Property::TimePasses,
        Property::KeepsRunning,
    ];

    /// The name that stands in signatures and reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Property::SameData => "same-data",
            Property::SameStream => "same-stream",
            Property::WholeCommands => "whole-commands",
            Property::OneWriter => "one-writer",
            Property::OffsetForward => "offset-forward",
            Property::FreshId => "fresh-id",
            Property::SoundContinuation => "sound-continuation",
            Property::ResumesIfPossible => "resumes-if-possible",
            Property::LinkIntact => "link-intact",
            Property::Converges => "converges",
            Property::FittingReply => "fitting-reply",
            Property::ReplicaRefusesWrites => "replica-refuses-writes",
            Property::WaitHolds => "wait-holds",
            Property::WaitsEnd => "waits-end",
            Property::RefusesWithCause => "refuses-with-cause",
            Property::GateHolds => "gate-holds",
            Property::HandsOverAll => "hands-over-all",
            Property::KeepsPromises => "keeps-promises",
            Property::EndsInStep => "ends-in-step",
            Property::ReadsHold => "reads-hold",
            Property::AcksHold => "acks-hold",
            Property::PeersUnderstood => "peers-understood",
            Property::KeepsData => "keeps-data",
            Property::NoWipe => "no-wipe",
            Property::QuarantinesWithCause => "quarantines-with-cause",
            Property::WithinBounds => "within-bounds",
            Property::ResyncsEnd => "resyncs-end",
            Property::EvictsWithCause => "evicts-with-cause",
            Property::EndsWithCause => "ends-with-cause",
            Property::TimePasses => "time-passes",
            Property::KeepsRunning => "keeps-running",
        }
    }
}

/// A breach of a property, as a check finds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Breach {
    /// What was broken.
    pub(crate) property: Property,
    /// What was seen and what should have been.
    pub(crate) explanation: String,
}

impl Breach {
    /// A breach.
    pub(crate) fn new(property: Property, explanation: String) -> Breach {
        Breach { property, explanation }
    }
}

/// A breach with its place in the run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// What was broken.
    pub property: Property,
    /// The role of the node concerned: `master`, `replica`, or `world` if it is no single node's.
    pub role: Cow<'static, str>,
    /// The node concerned, by name; empty if there is none.
    pub node: String,
    /// When, in microseconds of simulated time.
    pub at_us: Micros,
    /// At which event of the run, counted from 1.
    pub event: u64,
    /// What was seen and what should have been.
    pub explanation: String,
}

impl Violation {
    /// What two runs must share to be called the same failure: the property and the role.
    #[must_use]
    pub fn signature(&self) -> String {
        format!("{}/{}", self.property.name(), self.role)
    }
}
