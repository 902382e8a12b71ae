//! How often was a data set sent again?
//!
//! Full synchronisations and partial ones, as the masters counted them. Reported; whether one could have been spared is judged in
//! [`resumption`](super::resumption).

use afterimage_core::node::Probe;
use serde::{Deserialize, Serialize};

/// Sums over a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Full synchronisations served.
    pub full: u64,
    /// Partial resynchronisations served.
    pub partial: u64,
    /// Times that a replica with keys was given an empty data set by a full synchronisation.
    pub wiped: u64,
    /// Those among them that nobody had asked for, by naming its master or accepting what that has.
    #[serde(default)]
    pub wiped_unasked: u64,
}

/// The counters of each host's present life, and the sums.
#[derive(Debug)]
pub(crate) struct Resyncs {
    last: Vec<(u64, u64)>,
    /// Sums over all lives.
    pub(crate) totals: Totals,
}

impl Resyncs {
    /// For so many hosts.
    pub(crate) fn new(hosts: usize) -> Resyncs {
        Resyncs { last: vec![(0, 0); hosts], totals: Totals::default() }
    }

    /// A host begins a new life, with counters at zero.
    pub(crate) fn started(&mut self, host: u16) {
        self.last[usize::from(host)] = (0, 0);
    }

    /// Looks at a host's counters.
    pub(crate) fn observe(&mut self, host: u16, probe: &Probe) {
        let last = &mut self.last[usize::from(host)];
        // CONFIG RESETSTAT could set them back; then nothing is added.
        self.totals.full += probe.sync_full.saturating_sub(last.0);
        self.totals.partial += probe.sync_partial_ok.saturating_sub(last.1);
        *last = (probe.sync_full, probe.sync_partial_ok);
    }
}
