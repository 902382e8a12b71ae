//! `scenario` and `wipe`: which story.

use afterimage_sim::scenario::Scenario;
use clap::ValueEnum;

/// The stories by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Told {
    /// A master without persistence crashes and empties its replicas
    Wipe,
    /// WAIT is asked for a write that was lost with its data (defect: wait_across_histories)
    Wait,
    /// A replica goes on acknowledging and applies nothing (defect: good_replica_is_heartbeat)
    MinReplicas,
    /// A master comes back empty, and its replicas keep what they have
    GuardEmpty,
    /// The same, and somebody wants it so
    GuardAccepted,
    /// A master comes back with next to nothing
    GuardShrunk,
    /// A master comes back from an older snapshot
    GuardRollback,
    /// A master has a new name and all that a replica has
    GuardPromoted,
    /// A master has a new name and was emptied by its stream
    GuardFlushed,
    /// A master comes back empty while its replicas are restarted
    GuardEvidence,
    /// A master knows that it has lost its data
    GuardProtected,
}

impl Told {
    /// As it is written on the command line.
    pub(crate) fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }
}

impl From<Told> for Scenario {
    fn from(told: Told) -> Scenario {
        match told {
            Told::Wipe => Scenario::Wipe,
            Told::Wait => Scenario::Wait,
            Told::MinReplicas => Scenario::MinReplicas,
            Told::GuardEmpty => Scenario::GuardEmpty,
            Told::GuardAccepted => Scenario::GuardAccepted,
            Told::GuardShrunk => Scenario::GuardShrunk,
            Told::GuardRollback => Scenario::GuardRollback,
            Told::GuardPromoted => Scenario::GuardPromoted,
            Told::GuardFlushed => Scenario::GuardFlushed,
            Told::GuardEvidence => Scenario::GuardEvidence,
            Told::GuardProtected => Scenario::GuardProtected,
        }
    }
}
