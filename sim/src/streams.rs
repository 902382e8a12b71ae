//! From which stream does a choice come?
//!
//! Every concern draws from a stream of its own, and within it every item from its own: another fault in a plan, or one
//! fewer, moves no other choice of the run.

use afterimage_core::codec::random::Random;

/// A concern that draws.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Concern {
    /// How many hosts, and who follows whom.
    Topology = 1,
    /// Configuration of nodes.
    Configuration = 2,
    /// Latencies and the cutting of streams into pieces.
    Network = 3,
    /// What a crash leaves on disk.
    Disk = 4,
    /// What clients do.
    Workload = 5,
    /// Which faults, and when.
    Faults = 6,
    /// Seeds of incarnations.
    Entropy = 7,
    /// The order of what happens at one time.
    Ties = 8,
    /// What the operator does.
    Orders = 9,
    /// Drawing the clients of a plan.
    Clients = 10,
}

/// The stream of one item of a concern.
pub(crate) fn stream(seed: u64, concern: Concern, item: u32) -> Random {
    Random::new(seed, u64::from(concern as u32) << 32 | u64::from(item))
}
