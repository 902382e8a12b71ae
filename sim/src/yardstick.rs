//! Which worlds is the simulator measured by?
//!
//! Plain loads without faults, of the kind that other simulators are measured by, so that rates can be compared: the engine and all checks included.
//! Every path takes 5 ms each way, and nothing is cut into pieces.

use crate::plan::{
    Chunking, ClientPlan, DiskPlan, HostPlan, NetworkPlan, PLAN_VERSION, Pace, Plan, Sets, Storage, Target, WorkPlan,
};
use crate::queue::{MILLISECOND, Micros, SECOND};

/// Bytes of a value: with its command some 64 bytes go over the wire.
const VALUE_BYTES: u32 = 24;
/// Commands that a client has under way to fill its master's stream.
const WINDOW: u32 = 128;

/// One node, and clients that each send the next command when the one before is answered.
#[must_use]
pub fn ping_pong(clients: u16, seconds: u64) -> Plan {
    plan(vec![host(None)], (0..clients).map(|_| writer(1, u32::MAX)).collect(), seconds * SECOND)
}

/// A master whose one client keeps it busy, its replicas, and nodes that have nothing to do with them nor anything to do at all.
#[must_use]
pub fn stream(replicas: u16, idle: u16, seconds: u64) -> Plan {
    let hosts = [None].into_iter().chain((0..replicas).map(|_| Some(0))).chain((0..idle).map(|_| None));
    plan(hosts.map(host).collect(), vec![writer(WINDOW, u32::MAX)], seconds * SECOND)
}

/// A master and its replicas, in step and without anything to do.
#[must_use]
pub fn rest(replicas: u16, seconds: u64) -> Plan {
    plan([None].into_iter().chain((0..replicas).map(|_| Some(0))).map(host).collect(), Vec::new(), seconds * SECOND)
}

/// A short life of a master and eight replicas: they synchronise, and then carry out 32 commands: some 320 messages are delivered.
#[must_use]
pub fn short(seed: u64) -> Plan {
    let hosts = [None].into_iter().chain((0..8).map(|_| Some(0)));
    let late = ClientPlan { start_us: SECOND / 2, ..writer(8, 32) };
    Plan { seed, ..plan(hosts.map(host).collect(), vec![late], SECOND) }
}

fn host(follows: Option<u16>) -> HostPlan {
    HostPlan::plain(follows, Storage::Unsaved)
}

fn writer(window: u32, commands: u32) -> ClientPlan {
    ClientPlan {
        target: Target::Host { host: 0 },
        commands,
        think_us: SECOND,
        pipeline: 1,
        start_us: 0,
        keys: 1000,
        sets: Some(Sets { value_bytes: VALUE_BYTES, window }),
        ..ClientPlan::SILENT
    }
}

fn plan(hosts: Vec<HostPlan>, clients: Vec<ClientPlan>, quiet_at_us: Micros) -> Plan {
    Plan {
        version: PLAN_VERSION,
        seed: 1,
        hosts,
        settings: vec![crate::plan::Setting::new("repl-diskless-sync-delay", 0)],
        network: NetworkPlan {
            pace: Pace { latency_us: 5 * MILLISECOND, jitter_us: 0, bytes_per_second: 1_000_000_000 },
            chunking: Chunking::Whole,
            buffer_bytes: 1024 * 1024,
            dial_timeout_us: 20 * SECOND,
        },
        disk: DiskPlan::default(),
        work: WorkPlan { units: 512, interval_us: 200 },
        clients,
        faults: Vec::new(),
        orders: Vec::new(),
        controller: None,
        quiet_at_us,
        outside: Vec::new(),
        defects: Vec::new(),
    }
}
