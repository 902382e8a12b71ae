//! Does the world come to rest?
//!
//! Once faults have ended and clients are silent, every node must follow whom the operator said, be online, and stand
//! with its master at one offset of one history with one data set, and have no work left. The time allowed is computed from the plan: what
//! timeouts and retries may take, and what it takes to send the data down the longest chain.

use afterimage_core::node::{LinkState, Probe, Role};
use afterimage_core::replication::Position;

use crate::disk::{DiskTrouble, SLOWNESS};
use crate::plan::{Fault, FaultPlan, Order, Plan};
use crate::queue::{MILLISECOND, Micros, SECOND};

/// A host as this check sees it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Standing {
    /// It is broken for ever: nothing is asked of it.
    pub(crate) is_outside: bool,
    /// Whom it must follow.
    pub(crate) master: Option<u16>,
    /// Its state; `None` if it is down.
    pub(crate) probe: Option<Probe>,
    /// It has background work to do.
    pub(crate) has_work: bool,
    /// It lets its replicas have the stream only as far as its own disk has it.
    pub(crate) is_synced_first: bool,
}

impl Standing {
    /// The position up to which its replicas may have the stream.
    fn shown(&self) -> Option<Position> {
        let probe = self.probe?;
        let synced = probe.synced_offset.filter(|_| self.is_synced_first);
        let offset = synced.map_or(probe.position.offset, |synced| synced.min(probe.position.offset));
        Some(Position { offset, ..probe.position })
    }
}

/// Names the first host that has not converged, and why; `None` if all have.
pub(crate) fn find_straggler(standings: &[Standing]) -> Option<(u16, String)> {
    let mut in_core = (0..).zip(standings).filter(|(_, standing)| !standing.is_outside);
    in_core.clone().find_map(|(host, _)| Some((host, why_not(standings, usize::from(host))?))).or_else(|| {
        let (host, _) = in_core.find(|(_, standing)| standing.has_work)?;
        Some((host, "it still has work to do".into()))
    })
}

fn why_not(standings: &[Standing], host: usize) -> Option<String> {
    let Some(probe) = standings[host].probe else {
        return Some("it is down".into());
    };
    if probe.loading {
        return Some("it is loading".into());
    }
    if probe.is_stopping {
        return Some("it is about to end".into());
    }
    let Some(master) = standings[host].master else {
        return (probe.role != Role::Master).then(|| "it is a replica and should be a master".into());
    };
    if probe.role != Role::Replica {
        return Some("it is a master and should be a replica".into());
    }
    if probe.link != LinkState::Online {
        return Some(format!("its link to its master is {:?}", probe.link));
    }
    let above = standings[usize::from(master)].probe?;
    let shown = standings[usize::from(master)].shown()?;
    // Where a sync takes longer than it is from one PING to the next, nobody ever has all of them.
    if probe.position != shown {
        return Some(format!(
            "it stands at {:?}:{} and its master at {:?}:{}, of which it shows what is up to {}",
            probe.position.history, probe.position.offset, above.position.history, above.position.offset, shown.offset
        ));
    }
    (probe.digest != above.digest).then(|| {
        format!(
            "its data ({} keys, {:#018x}) is not its master's ({} keys, {:#018x})",
            probe.keys, probe.digest, above.keys, above.digest
        )
    })
}

/// How long a node waits for its replicas before it ends: the default of `shutdown-timeout`.
const SHUTDOWN_MAX: Micros = 10 * SECOND;

/// The time from one end of the network to the other and back.
pub(crate) fn round_trip(plan: &Plan) -> Micros {
    let pace = plan.network.pace;
    2 * (pace.latency_us + pace.jitter_us) + 1
}

/// How many times longer an operation may take than the plan's disks take when they are well.
pub(crate) fn slowness(plan: &Plan) -> u64 {
    let is_slow = |planned: &FaultPlan| matches!(planned.fault, Fault::Disk { trouble: DiskTrouble::Slow, .. });
    if plan.faults.iter().any(is_slow) { SLOWNESS } else { 1 }
}

/// How long convergence may take after the world has healed, with `data_bytes` to be sent and `keys` keys, not counting what the operator still has
/// to say.
pub(crate) fn convergence_bound(plan: &Plan, data_bytes: u64, keys: u64) -> Micros {
    let ordered = |name: &str| {
        let settings = plan.orders.iter().filter_map(|planned| match &planned.order {
            Order::Configure { setting, .. } if setting.name == name => setting.value.parse::<u64>().ok(),
            _ => None,
        });
        settings.max().unwrap_or(0)
    };
    let seconds = |name: &str, default: u64| {
        let set = plan.settings.iter().rev().find(|setting| setting.name == name);
        let planned = set.and_then(|setting| setting.value.parse::<u64>().ok()).unwrap_or(default);
        planned.max(ordered(name)).saturating_mul(SECOND)
    };
    // What was held back may have been so just before the end; who was told to end waits for its replicas first, and who was told to hand its role over
    // for the one that is to have it.
    let holds = plan.orders.iter().map(|planned| match planned.order {
        Order::Hold { for_ms, .. } => Micros::from(for_ms) * MILLISECOND,
        Order::Shutdown { .. } => SHUTDOWN_MAX,
        Order::HandOver { how, .. } => how.rest(),
        _ => 0,
    });
    let held = holds.max().unwrap_or(0);
    let depth = plan.hosts.len() as u64;
    let timeout = seconds("repl-timeout", 60);
    let delay = seconds("repl-diskless-sync-delay", 5);
    let pace = plan.network.pace;
    // A round trip carries at most what the buffers hold.
    let round_trip = round_trip(plan);
    let windows = data_bytes / u64::from(plan.network.buffer_bytes.max(1)) + 1;
    let wire = data_bytes.saturating_mul(SECOND) / pace.bytes_per_second.max(1) + windows * round_trip;
    // What a slow disk was asked for before it was well again takes it as long as then.
    let slowness = slowness(plan);
    let disk = data_bytes.saturating_mul((2 + slowness) * SECOND) / plan.disk.bytes_per_second.max(1)
        + 20 * (plan.disk.sync_us + plan.disk.latency_us)
        + data_bytes / 4096 * plan.disk.latency_us * 2;
    let turns = (keys / u64::from(plan.work.units.max(1)) + 10) * plan.work.interval_us * 4;
    let retry = 4 * SECOND;
    let level = wire * 2 + disk + turns + delay + retry + 20 * round_trip;
    // Half-open connections are found by their timeout on both sides, once before and once after a full synchronisation
    // of the level above has cut the levels below it.
    // A controller may have to find out anew whom it can reach.
    let control = plan.controller.map_or(0, |_| plan.network.dial_timeout_us + 10 * SECOND);
    held + control + 3 * timeout + plan.network.dial_timeout_us + depth.saturating_mul(level) + 10 * SECOND
}
