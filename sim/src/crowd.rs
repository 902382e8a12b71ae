//! What does a master with very many replicas cost?
//!
//! All replicas are switched on at once, synchronise, and stay in step while a client writes. Then every link between the master and its
//! replicas breaks at the same moment, for two seconds in which the client writes on. What must hold is what holds in any world; and the
//! memory that the master holds for output must be that of a master with one replica.

use std::fmt;

use afterimage_core::node::{LinkState, Probe};
use serde::Serialize;

use crate::journal::Clock;
use crate::plan::{
    Chunking, ClientPlan, DiskPlan, Fault, FaultPlan, Heal, HostPlan, NetworkPlan, PLAN_VERSION, Pace, Plan, Storage,
    Target, Way, WorkPlan,
};
use crate::queue::{MILLISECOND, Micros, Occurrence, SECOND};
use crate::report::Outcome;
use crate::world::World;

/// The master has its data by then.
const SWITCHED_ON_AT: Micros = 2 * SECOND;
/// Every link breaks. All replicas are to be in step long before.
const FLAP_AT: Micros = 30 * SECOND;
const FLAP_FOR: Micros = 2 * SECOND;
const QUIET_AT: Micros = 45 * SECOND;
/// Keys that the master holds at first: enough for the delay before a snapshot that is to be shared.
const KEYS: u32 = 3000;
/// What a master may hold for one replica more: the lines of its handshake.
const HELD_PER_REPLICA: u64 = 256;

/// What came of it.
#[derive(Clone, Debug, Serialize)]
pub struct Crowd {
    /// How many.
    pub replicas: u16,
    /// From when they were switched on until all were in step.
    pub synchronised_us: Option<Micros>,
    /// Snapshots that were made for that.
    pub snapshots: u64,
    /// From the end of the flap until all were in step again.
    pub recovered_us: Option<Micros>,
    /// Snapshots that were made for that.
    pub snapshots_after: u64,
    /// The most that the master ever held for output: queues, log and snapshots, in bytes.
    pub held_bytes: u64,
    /// The log at the end, in bytes.
    pub log_bytes: u64,
    /// The run.
    pub outcome: Outcome,
}

/// A crowd, and one replica alone to compare it with.
#[derive(Clone, Debug, Serialize)]
pub struct Comparison {
    /// All of them.
    pub crowd: Crowd,
    /// The same world with one replica.
    pub one: Crowd,
}

impl Comparison {
    /// Runs both.
    #[must_use]
    pub fn of(replicas: u16) -> Comparison {
        Comparison { crowd: run(replicas), one: run(1) }
    }

    /// What is wrong, if anything is.
    #[must_use]
    pub fn complaint(&self) -> Option<String> {
        let Comparison { crowd, one } = self;
        if let Some(violation) = crowd.outcome.violations.first() {
            return Some(violation.to_string());
        }
        if crowd.synchronised_us.is_none() || crowd.recovered_us.is_none() {
            return Some("some replicas were not in step in time".into());
        }
        let allowed = one.held_bytes + HELD_PER_REPLICA * u64::from(crowd.replicas);
        let (held, alone) = (crowd.held_bytes, one.held_bytes);
        (held > allowed).then(|| format!("the master held {held} bytes for output, and {alone} with one replica"))
    }
}

/// Runs a world with so many replicas.
fn run(replicas: u16) -> Crowd {
    let mut world = World::new(plan(replicas));
    world.begin();
    for first in (0..KEYS).step_by(1000) {
        let words = (first..first + 1000).map(|key| format!(" crowd:{key} {}", "v".repeat(100)));
        world.operator.say(0, &words.fold("MSET".to_string(), |line, word| line + &word));
    }
    world.queue.push(0, Occurrence::Operator);
    let synchronised_us = in_step_after(&mut world, SWITCHED_ON_AT, FLAP_AT);
    run_until(&mut world, FLAP_AT);
    let snapshots = probe(&world, 0).map_or(0, |probe| probe.snapshots);
    let recovered_us = in_step_after(&mut world, FLAP_AT + FLAP_FOR, QUIET_AT);
    while world.step() {}
    let master = probe(&world, 0);
    Crowd {
        replicas,
        synchronised_us,
        snapshots,
        recovered_us,
        snapshots_after: master.map_or(0, |master| master.snapshots) - snapshots,
        held_bytes: world.held_bytes_max,
        log_bytes: master.map_or(0, |master| master.log_bytes),
        outcome: world.outcome(),
    }
}

fn plan(replicas: u16) -> Plan {
    let host = |follows: Option<u16>| HostPlan {
        start_us: if follows.is_some() { SWITCHED_ON_AT } else { 0 },
        ..HostPlan::plain(follows, Storage::Unsaved)
    };
    let flap = |replica| FaultPlan {
        at_us: FLAP_AT,
        fault: Fault::BlackHole { a: 0, b: replica, way: Way::Both, for_us: FLAP_FOR, heal: Heal::Reset },
    };
    let writer = ClientPlan {
        target: Target::Master,
        commands: u32::MAX,
        think_us: 50 * MILLISECOND,
        pipeline: 4,
        start_us: SECOND,
        keys: 200,
        multi_one_in: 20,
        expire_one_in: 10,
        ..ClientPlan::SILENT
    };
    Plan {
        version: PLAN_VERSION,
        seed: 1,
        hosts: std::iter::once(host(None)).chain((0..replicas).map(|_| host(Some(0)))).collect(),
        settings: Vec::new(),
        network: NetworkPlan {
            pace: Pace { latency_us: 200, jitter_us: 50, bytes_per_second: 100_000_000 },
            chunking: Chunking::Packets { bytes: 1448 },
            buffer_bytes: 256 * 1024,
            dial_timeout_us: 20 * SECOND,
        },
        disk: DiskPlan::default(),
        work: WorkPlan { units: 64, interval_us: 200 },
        clients: vec![writer],
        faults: (1..=replicas).map(flap).collect(),
        orders: Vec::new(),
        controller: None,
        quiet_at_us: QUIET_AT,
        outside: Vec::new(),
        defects: Vec::new(),
    }
}

fn run_until(world: &mut World, at: Micros) {
    while world.queue.next_at().is_some_and(|next| next <= at) && world.step() {}
}

/// Lets time go on from `from` until each replica has synchronised once more, follows the stream, and has what the master had at `from`; how long
/// that took. None if it was not before `limit`.
fn in_step_after(world: &mut World, from: Micros, limit: Micros) -> Option<Micros> {
    run_until(world, from);
    let synchronised = |world: &World| world.checks.resyncs.totals.full + world.checks.resyncs.totals.partial;
    let wanted = synchronised(world) + world.hosts.len() as u64 - 1;
    let had = probe(world, 0)?.position.offset;
    let mut at = from;
    while at < limit {
        at += 10 * MILLISECOND;
        run_until(world, at);
        let mut replicas = (1..world.hosts.len()).map(|host| probe(world, host));
        let is_in_step = |replica: Probe| replica.link == LinkState::Online && replica.position.offset >= had;
        if synchronised(world) >= wanted && replicas.all(|replica| replica.is_some_and(is_in_step)) {
            return Some(at - from);
        }
    }
    None
}

fn probe(world: &World, host: usize) -> Option<Probe> {
    world.hosts[host].node.as_ref().map(|node| node.probe())
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Comparison { crowd, one } = self;
        let after = |time: Option<Micros>| time.map_or_else(|| "never".into(), |time| Clock(time).to_string());
        let (full, partial) = (crowd.outcome.resyncs.full, crowd.outcome.resyncs.partial);
        writeln!(f, "{} replicas, {} full and {partial} partial synchronisations", crowd.replicas, full)?;
        writeln!(f, "  switched on: in step after {}, {} snapshots", after(crowd.synchronised_us), crowd.snapshots)?;
        writeln!(
            f,
            "  all links broken for {}: in step again after {}, {} snapshots",
            Clock(FLAP_FOR),
            after(crowd.recovered_us),
            crowd.snapshots_after
        )?;
        writeln!(f, "  writes ended: one position and one data set after {}", after(crowd.outcome.converged_after_us))?;
        writeln!(
            f,
            "  held by the master for output: {} bytes at most, {} with one replica; its log at the end: {} and {}",
            crowd.held_bytes, one.held_bytes, crowd.log_bytes, one.log_bytes
        )?;
        let (events, messages) = (crowd.outcome.events, crowd.outcome.totals.messages());
        writeln!(f, "  {events} events, {messages} messages in {}", Clock(crowd.outcome.simulated_us))?;
        let verdict = self.complaint().map_or_else(|| "all in step".into(), |why| format!("FAILED: {why}"));
        writeln!(f, "{verdict}")
    }
}
