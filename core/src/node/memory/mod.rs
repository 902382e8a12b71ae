//! How much memory does the node use, and what does it do about it?
//!
//! What is used is calculated from what is kept (see [`footprint`](crate::value::footprint)), never asked of the system: eviction, which
//! follows from it, must be the same wherever the same inputs come in.

mod evict;
mod limits;
mod peak;
mod report;

use core::time::Duration;

use crate::museum::Defect;
use crate::port::{Mono, Now};

use super::Node;
use super::connection::{Connection, Kind};
use super::follow::Follow;

pub(crate) use evict::{Candidates, Room};
pub(crate) use report::Report;

/// What a node without data, connections or log takes, in bytes: code's own tables and statistics.
const BASE_BYTES: u64 = 512 << 10;
/// How long the sum of all connections' buffers is taken for true while every command asks for it.
const BUFFERS_SUMMED_EVERY: Duration = Duration::from_millis(100);

/// What is known of memory between two looks.
#[derive(Clone, Debug, Default)]
pub(crate) struct MemoryGauge {
    peak: peak::Peak,
    /// What connections' buffers took when they were last summed up, and when that was.
    buffers: Option<(Mono, u64)>,
    pub(crate) candidates: Candidates,
    /// One command's share of keys was not enough: more must give way in the background.
    is_evicting: bool,
    /// Since when there is too much, and for how long there was before.
    exceeded_since: Option<Mono>,
    exceeded: Duration,
    pub(crate) evicted_keys: u64,
    /// Clients that were closed because all together took too much.
    pub(crate) evicted_clients: u64,
}

/// Where memory is, in bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Breakdown {
    pub(crate) base: u64,
    pub(crate) data: u64,
    pub(crate) log: u64,
    pub(crate) transfers: u64,
    pub(crate) clients: u64,
    pub(crate) replicas: u64,
}

impl Breakdown {
    pub(crate) fn total(&self) -> u64 {
        self.base + self.data + self.log + self.transfers + self.clients + self.replicas
    }
}

impl Connection {
    /// Memory that the connection holds, in bytes.
    pub(crate) fn memory_bytes(&self) -> u64 {
        let queued = self.transaction.as_ref().map_or(0, |transaction| {
            transaction.queue.iter().map(super::transaction::Queued::memory_bytes).sum::<usize>()
        });
        let listened = self.listener.as_ref().map_or(0, |listener| listener.memory_bytes());
        (size_of::<Connection>() + self.input.capacity() + self.output.memory_bytes() + queued + listened) as u64
    }
}

impl Node {
    /// For how long memory has been over its limit, and for how long it ever was.
    pub(crate) fn exceeded(&self, now: Mono) -> (Duration, Duration) {
        let current = self.memory.exceeded_since.map_or(Duration::ZERO, |since| now.since(since));
        (current, self.memory.exceeded + current)
    }

    /// Memory in use now, in bytes.
    pub(crate) fn used_memory(&self) -> u64 {
        self.memory_breakdown().total()
    }

    /// Where it is.
    pub(crate) fn memory_breakdown(&self) -> Breakdown {
        let (mut clients, mut replicas) = (0, 0);
        for connection in self.connections.iter() {
            match connection.kind {
                Kind::Replica(_) => replicas += connection.memory_bytes(),
                Kind::Client | Kind::Master => clients += connection.memory_bytes(),
            }
        }
        clients += self.follow.as_ref().map_or(0, Follow::held_bytes);
        Breakdown {
            base: BASE_BYTES,
            data: (self.keyspace.memory_bytes() + self.loader().map_or(0, |loader| loader.keyspace().memory_bytes()))
                as u64,
            log: self.history.log.as_ref().map_or(0, |log| log.memory_bytes()),
            transfers: self.transfers.memory_bytes(),
            clients,
            replicas,
        }
    }

    /// Memory that counts for `maxmemory`, in bytes: not what is on its way to replicas, which eviction would only add to.
    /// Connections are summed up from time to time.
    pub(super) fn memory_for_eviction(&mut self, now: Now) -> u64 {
        let is_fresh = |at: Mono| now.mono.since(at) < BUFFERS_SUMMED_EVERY;
        let buffers = match self.memory.buffers {
            Some((at, bytes)) if is_fresh(at) => bytes,
            _ => {
                let bytes = self.memory_breakdown().clients;
                self.memory.buffers = Some((now.mono, bytes));
                bytes
            }
        };
        let for_replicas = if self.has(Defect::EvictFeedbackLoop) { self.bytes_held_for_replicas() } else { 0 };
        BASE_BYTES + self.keyspace.memory_bytes() as u64 + buffers + for_replicas
    }

    /// [`Defect::EvictFeedbackLoop`]: what waits for replicas, as if each had a queue of its own.
    fn bytes_held_for_replicas(&self) -> u64 {
        self.replica_sides().map(|(_, side)| self.bytes_held_for(side)).sum()
    }
}
