//! The node: the one state machine that ties protocol, keyspace, persistence and replication together.

mod audit;

use crate::config::Config;
use crate::port::{ConnId, Effects, Event, Mono, Now, Peer};

pub use audit::{Boundary, LinkState, Probe, Role};

/// What a node is told about the process it runs in. Used for INFO and statistics alone: no decision depends on it.
#[derive(Clone, Debug)]
pub struct Environment {
    /// The process id.
    pub process_id: u32,
    /// The operating system, as INFO prints it (`Linux 6.1.0 x86_64`).
    pub os: alloc::string::String,
    /// The path of the binary.
    pub executable: alloc::string::String,
    /// The path of the configuration file; empty if there is none.
    pub config_file: alloc::string::String,
    /// A stopwatch in nanoseconds for commandstats and SLOWLOG. The simulator hands in one that returns zero.
    pub stopwatch: fn() -> u64,
    /// Resident memory of the process in bytes; zero if unknown.
    pub resident_memory: fn() -> u64,
}

/// A node. See [`crate`] for the way in.
pub struct Node {
    _config: Config,
}

impl Node {
    /// Starts an incarnation: asks for the files it must load, dials its master if it has one.
    ///
    /// `seed` is the only source of entropy; it must differ between incarnations, or replication ids would repeat.
    pub fn start(config: Config, environment: Environment, seed: u64, now: Now, effects: &mut Effects) -> Node {
        let _ = (environment, seed, now, effects);
        Node { _config: config }
    }

    /// Takes in a connection that a driver accepted. It may be told an error and closed at once (`maxclients`,
    /// `protected-mode`), by the same actions as ever.
    pub fn accept(&mut self, peer: Peer, now: Now, effects: &mut Effects) -> ConnId {
        let _ = (peer, now, effects);
        ConnId { slot: 0, generation: 0 }
    }

    /// Handles one event. Total: it never fails, and never panics on any input.
    pub fn handle(&mut self, event: Event<'_>, now: Now, effects: &mut Effects) {
        let _ = (event, now, effects);
    }

    /// Does up to `units` of background work (snapshot slices, loading, freeing, expiry). A unit is about one key.
    pub fn work(&mut self, units: u32, now: Now, effects: &mut Effects) {
        let _ = (units, now, effects);
    }

    /// True if [`Node::work`] would do something now. A driver calls it again and again between other events until
    /// this turns false.
    #[must_use]
    pub fn has_work(&self) -> bool {
        false
    }

    /// When [`Event::Timers`] is due next. Ask again after every call.
    #[must_use]
    pub fn deadline(&self) -> Option<Mono> {
        None
    }

    /// Fills `slices` with what is to be sent on a connection, oldest first, and returns how many were filled: zero
    /// means nothing. The slices borrow the node's queues; report what was taken by [`Node::sent`].
    pub fn gather<'a>(&'a self, conn: ConnId, slices: &mut [&'a [u8]]) -> usize {
        let _ = (conn, slices);
        0
    }

    /// Tells that the first `count` bytes of what [`Node::gather`] showed were taken by the network.
    pub fn sent(&mut self, conn: ConnId, count: usize, now: Now, effects: &mut Effects) {
        let _ = (conn, count, now, effects);
    }

    /// Switches on the recording of [`Boundary`]s, for checkers. Costs a hash of each changed value.
    pub fn enable_audit(&mut self) {}

    /// Takes the boundaries recorded since the last call, oldest first.
    pub fn take_boundaries(&mut self) -> alloc::vec::Vec<Boundary> {
        alloc::vec::Vec::new()
    }

    /// The state that checkers look at, without changing it. Cheap: constant time.
    #[must_use]
    pub fn probe(&self) -> Probe {
        unimplemented!("stub")
    }

    /// The configuration in force.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self._config
    }
}
