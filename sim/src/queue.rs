//! What happens next?
//!
//! A heap of timed occurrences. Its order is total: by time, then by a tie-break drawn from the seed, so that what
//! happens in one microsecond is tried in different orders by different seeds, then by the order of scheduling.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use afterimage_core::codec::random::Random;
use afterimage_core::port::Lane;

use crate::network::{LinkId, Side};

/// Simulated time in microseconds since the world began.
pub type Micros = u64;

/// One microsecond is the grain of time; this many are a second.
pub const SECOND: Micros = 1_000_000;

/// One millisecond.
pub const MILLISECOND: Micros = 1_000;

/// Something that is going to happen. Small and without references: it names what it is about, and whoever carries it
/// out looks whether that still exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Occurrence {
    /// Bytes, or the end, of what `from` wrote may have reached the other side.
    Deliver {
        /// Which connection.
        link: LinkId,
        /// Whose bytes.
        from: Side,
    },
    /// A writer that found its buffer full may go on.
    Room {
        /// Which connection.
        link: LinkId,
        /// The writer.
        side: Side,
    },
    /// A request to connect reaches its target.
    Knock {
        /// Which connection.
        link: LinkId,
    },
    /// A node that stood still learns of a connection that was accepted meanwhile.
    Accept {
        /// Which connection.
        link: LinkId,
    },
    /// The answer to it reaches the dialler.
    Answer {
        /// Which connection.
        link: LinkId,
    },
    /// A dial that nobody answered is given up.
    DialTimeout {
        /// Which connection.
        link: LinkId,
    },
    /// A reset reaches one side.
    ResetTold {
        /// Which connection.
        link: LinkId,
        /// The side that learns of it.
        side: Side,
    },
    /// A node's deadline.
    Timers {
        /// Which host.
        host: u16,
        /// The time asked for, to tell it from one that was asked for before.
        at: Micros,
    },
    /// A node's turn to do background work.
    Work {
        /// Which host.
        host: u16,
        /// In which life.
        incarnation: u32,
    },
    /// The disk finishes the oldest operation of a lane.
    DiskDone {
        /// Which host.
        host: u16,
        /// In which life.
        incarnation: u32,
        /// Which lane.
        lane: Lane,
    },
    /// The supervisor starts a node that is down.
    Restart {
        /// Which host.
        host: u16,
    },
    /// A client's next step.
    Client {
        /// Which client.
        client: u16,
        /// Its connection's number, to tell a step from one of an earlier connection.
        epoch: u32,
    },
    /// The operator's next step.
    Operator,
    /// The controller's next look.
    Controller,
    /// A fault of the plan begins.
    FaultBegins {
        /// Its index.
        fault: u16,
    },
    /// A fault of the plan ends.
    FaultEnds {
        /// Its index.
        fault: u16,
    },
    /// An order of the plan is given to the operator.
    Order {
        /// Its index.
        order: u16,
    },
    /// Faults and workload end; the world heals.
    Quiet,
    /// Has the world converged?
    Look,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    at: Micros,
    /// The tie-break above the sequence number, in one word.
    order: u64,
    what: Occurrence,
}

impl Entry {
    fn key(&self) -> (Micros, u64) {
        (self.at, self.order)
    }
}

// Reversed: the standard heap gives the greatest first.
impl Ord for Entry {
    fn cmp(&self, other: &Entry) -> Ordering {
        other.key().cmp(&self.key())
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Entry) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Entry) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Entry {}

/// The heap.
#[derive(Debug)]
pub(crate) struct Queue {
    heap: BinaryHeap<Entry>,
    ties: Random,
    sequence: u64,
}

/// Bits of an entry's order that count up; the others are drawn. A run has far fewer occurrences than 2^40.
const SEQUENCE_BITS: u32 = 40;

impl Queue {
    /// An empty heap whose ties are broken by `ties`.
    pub(crate) fn new(ties: Random) -> Queue {
        Queue { heap: BinaryHeap::with_capacity(256), ties, sequence: 0 }
    }

    /// Schedules `what` for the time `at`.
    pub(crate) fn push(&mut self, at: Micros, what: Occurrence) {
        self.sequence += 1;
        let order = (self.ties.next_u64() << SEQUENCE_BITS) | self.sequence;
        self.heap.push(Entry { at, order, what });
    }

    /// Takes the next occurrence and its time.
    pub(crate) fn pop(&mut self) -> Option<(Micros, Occurrence)> {
        self.heap.pop().map(|entry| (entry.at, entry.what))
    }

    /// The time of the next occurrence.
    pub(crate) fn next_at(&self) -> Option<Micros> {
        self.heap.peek().map(|entry| entry.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_comes_before_ties_and_every_seed_breaks_them_alike_each_time() {
        let order = |seed| {
            let mut queue = Queue::new(Random::new(seed, 0));
            for host in 0..8 {
                queue.push(5, Occurrence::Restart { host });
            }
            queue.push(1, Occurrence::Quiet);
            let mut seen = Vec::new();
            while let Some((_, what)) = queue.pop() {
                seen.push(what);
            }
            seen
        };
        assert_eq!(order(1)[0], Occurrence::Quiet);
        assert_eq!(order(1), order(1));
        assert_ne!(order(1), order(2));
    }
}
