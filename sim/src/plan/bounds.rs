//! Which values of a plan make sense?
//!
//! What a run adds up, divides by, or waits for has bounds, so that nothing wraps, and no property is broken by a world that cannot be played. They lie far beyond what seeds draw. When a
//! fault or an order comes is free: what would come after the quiet point does not.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::ops::RangeInclusive;

use super::{Chunking, ClientPlan, DiskPlan, Fault, HandOver, HostPlan, NetworkPlan, Order, Pace, Plan, QUIET_AT_MAX};
use crate::queue::{MILLISECOND, Micros, SECOND};

/// What takes a path or a disk longer stands still for the whole run.
const LATENCY_MAX: Micros = 3600 * SECOND;
/// A run is over long before.
const SPAN_MAX: Micros = 24 * 3600 * SECOND;
/// With less the time in which a world must converge is not what it takes.
const BYTES_PER_SECOND_MIN: u64 = 100;
/// A command and its answer fit.
const BUFFER_BYTES_MIN: u32 = 64;
const DIAL_TIMEOUTS: RangeInclusive<Micros> = MILLISECOND..=3600 * SECOND;
/// Ten years: the clock is off, and shows a time all the same.
const CLOCK_OFFSET_MAX_US: i64 = 10 * 365 * 24 * 3600 * SECOND as i64;
/// At a million a clock that is slow would stand still.
const CLOCK_DRIFT_MAX_PPM: i32 = 500_000;
/// Faults, and orders: so many have a number.
const PLANNED_MAX: usize = 10_000;
const PIPELINE_MAX: u32 = 10_000;
const KEYS_MAX: u32 = 1_000_000;
/// Of one value.
const VALUE_BYTES_MAX: u32 = 1 << 20;

/// Looks for the first value that makes none.
///
/// # Errors
///
/// Names its field and what it may be.
pub(super) fn check(plan: &Plan) -> Result<(), String> {
    within("quiet_at_us", plan.quiet_at_us, 0..=QUIET_AT_MAX)?;
    check_network(&plan.network)?;
    check_disk(&plan.disk)?;
    within("work.units", plan.work.units, 1..=u32::MAX)?;
    within("work.interval_us", plan.work.interval_us, 1..=LATENCY_MAX)?;
    for (index, host) in plan.hosts.iter().enumerate() {
        check_clock(index, host)?;
    }
    check_followers(&plan.hosts)?;
    for (index, client) in plan.clients.iter().enumerate() {
        check_client(&format!("clients[{index}]"), client)?;
    }
    within("the number of faults", plan.faults.len(), 0..=PLANNED_MAX)?;
    for (index, planned) in plan.faults.iter().enumerate() {
        check_fault(&format!("faults[{index}].fault"), &planned.fault)?;
    }
    within("the number of orders", plan.orders.len(), 0..=PLANNED_MAX)?;
    for (index, planned) in plan.orders.iter().enumerate() {
        check_order(&format!("orders[{index}].order"), &planned.order)?;
    }
    if let Some(controller) = plan.controller {
        within("controller.down_after_us", controller.down_after_us, 0..=SPAN_MAX)?;
        within("controller.delay_us", controller.delay_us, 0..=SPAN_MAX)?;
    }
    let mut outside = BTreeSet::new();
    match plan.outside.iter().find(|broken| !outside.insert(broken.host)) {
        Some(twice) => Err(format!("outside: host {} is named twice", twice.host)),
        None => Ok(()),
    }
}

fn within<T: PartialOrd + Display>(field: &str, value: T, range: RangeInclusive<T>) -> Result<(), String> {
    if range.contains(&value) {
        Ok(())
    } else {
        Err(format!("{field} is {value}, and must be from {} to {}", range.start(), range.end()))
    }
}

fn check_pace(field: &str, pace: &Pace) -> Result<(), String> {
    within(&format!("{field}.latency_us"), pace.latency_us, 0..=LATENCY_MAX)?;
    within(&format!("{field}.jitter_us"), pace.jitter_us, 0..=LATENCY_MAX)?;
    within(&format!("{field}.bytes_per_second"), pace.bytes_per_second, BYTES_PER_SECOND_MIN..=u64::MAX)
}

fn check_network(network: &NetworkPlan) -> Result<(), String> {
    check_pace("network.pace", &network.pace)?;
    match network.chunking {
        Chunking::Whole => {}
        Chunking::Packets { bytes } => within("network.chunking.packets.bytes", bytes, 1..=u32::MAX)?,
        Chunking::Ragged { bytes_max } => within("network.chunking.ragged.bytes_max", bytes_max, 1..=u32::MAX)?,
    }
    within("network.buffer_bytes", network.buffer_bytes, BUFFER_BYTES_MIN..=u32::MAX)?;
    within("network.dial_timeout_us", network.dial_timeout_us, DIAL_TIMEOUTS)
}

fn check_disk(disk: &DiskPlan) -> Result<(), String> {
    within("disk.latency_us", disk.latency_us, 0..=LATENCY_MAX)?;
    within("disk.sync_us", disk.sync_us, 0..=LATENCY_MAX)?;
    within("disk.bytes_per_second", disk.bytes_per_second, BYTES_PER_SECOND_MIN..=u64::MAX)
}

fn check_clock(index: usize, host: &HostPlan) -> Result<(), String> {
    let (offset, drift) = (CLOCK_OFFSET_MAX_US, CLOCK_DRIFT_MAX_PPM);
    within(&format!("hosts[{index}].clock_offset_us"), host.clock_offset_us, -offset..=offset)?;
    within(&format!("hosts[{index}].clock_drift_ppm"), host.clock_drift_ppm, -drift..=drift)
}

/// Nobody follows itself, by whatever way. All hosts that are named exist.
fn check_followers(hosts: &[HostPlan]) -> Result<(), String> {
    let follows = |host: usize| hosts[host].follows.map(usize::from);
    // A way to a master is shorter than there are hosts; who is on a circle comes back to itself by then.
    let is_on_circle = |host: &usize| {
        std::iter::successors(follows(*host), |next| follows(*next)).take(hosts.len()).any(|next| next == *host)
    };
    match (0..hosts.len()).find(is_on_circle) {
        Some(host) => Err(format!("hosts[{host}].follows: it follows itself")),
        None => Ok(()),
    }
}

fn check_client(field: &str, client: &ClientPlan) -> Result<(), String> {
    let ClientPlan { think_us, pipeline, keys, big_bytes_max, asks_of_ten, pops_of_ten, .. } = *client;
    let ClientPlan { disks_of_ten, reads_of_ten, lingers_us, gives_up_after_us, sets, .. } = *client;
    for (name, span) in [("think_us", think_us), ("lingers_us", lingers_us), ("gives_up_after_us", gives_up_after_us)] {
        within(&format!("{field}.{name}"), span, 0..=SPAN_MAX)?;
    }
    let of_ten = [
        ("asks_of_ten", asks_of_ten),
        ("pops_of_ten", pops_of_ten),
        ("disks_of_ten", disks_of_ten),
        ("reads_of_ten", reads_of_ten),
    ];
    for (name, count) in of_ten {
        within(&format!("{field}.{name}"), count, 0..=10)?;
    }
    within(&format!("{field}.pipeline"), pipeline, 0..=PIPELINE_MAX)?;
    within(&format!("{field}.keys"), keys, 0..=KEYS_MAX)?;
    within(&format!("{field}.big_bytes_max"), big_bytes_max, 0..=VALUE_BYTES_MAX)?;
    if let Some(sets) = sets {
        within(&format!("{field}.sets.value_bytes"), sets.value_bytes, 0..=VALUE_BYTES_MAX)?;
        within(&format!("{field}.sets.window"), sets.window, 1..=PIPELINE_MAX)?;
    }
    Ok(())
}

fn check_fault(field: &str, fault: &Fault) -> Result<(), String> {
    if let [Some(one), Some(other)] = fault.hosts()
        && one == other
    {
        return Err(format!("{field}: nothing is between host {one} and itself"));
    }
    within(&format!("{field}.for_us"), fault.lasts_us(), 0..=SPAN_MAX)?;
    match fault {
        Fault::Crash { down_us, .. } | Fault::Rot { down_us, .. } => {
            within(&format!("{field}.down_us"), *down_us, 0..=SPAN_MAX)
        }
        Fault::Slow { pace, .. } => check_pace(&format!("{field}.pace"), pace),
        Fault::ClockJump { by_ms, .. } => {
            let most = CLOCK_OFFSET_MAX_US / 1000;
            within(&format!("{field}.by_ms"), *by_ms, -most..=most)
        }
        _ => Ok(()),
    }
}

fn check_order(field: &str, order: &Order) -> Result<(), String> {
    let (name, span) = match order {
        Order::Supplant { untold_us, .. } => ("untold_us", *untold_us),
        Order::Shutdown { down_us, .. } => ("down_us", *down_us),
        Order::HandOver { how: HandOver::Aborted { after_us }, .. } => ("how.aborted.after_us", *after_us),
        _ => return Ok(()),
    };
    within(&format!("{field}.{name}"), span, 0..=SPAN_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hazard::{Draws, Preset, plan as staged};
    use crate::plan::{Broken, FaultPlan, OrderPlan, Outside, Sets, Way};

    #[test]
    fn what_seeds_and_studies_make_is_within_the_bounds() {
        for seed in 0..2000 {
            assert_eq!(Plan::draw(seed).check(), Ok(()), "{seed}");
        }
        for cell in Preset::Full.grid().cells() {
            for seed in 0..5 {
                assert_eq!(staged(&cell, &Draws::of(seed), &[]).check(), Ok(()), "{cell}");
            }
        }
    }

    /// A plan in which each field that is refused below stands.
    fn plan() -> Plan {
        let mut plan = Plan::draw(1);
        let pace = Pace { latency_us: 1, jitter_us: 1, bytes_per_second: 1000 };
        let fault = |fault| FaultPlan { at_us: u64::MAX, fault };
        plan.faults = vec![
            fault(Fault::Slow { a: 0, b: 1, for_us: 1, pace }),
            fault(Fault::Stall { a: 0, b: 1, way: Way::Both, for_us: 1 }),
            fault(Fault::ClockJump { host: 0, by_ms: 1 }),
        ];
        plan.orders = vec![OrderPlan { at_us: u64::MAX, order: Order::Shutdown { host: 0, down_us: 1 } }];
        plan.outside = vec![Outside { host: 1, how: Broken::Gone }];
        plan.clients[0].sets = Some(Sets { value_bytes: 1, window: 1 });
        plan
    }

    #[test]
    fn what_would_wrap_or_cannot_be_played_is_refused_with_its_field_and_range() {
        type Change = fn(&mut Plan);
        let cases: [(Change, &str); 24] = [
            (
                |plan| plan.quiet_at_us = 5400 * SECOND + 1,
                "quiet_at_us is 5400000001, and must be from 0 to 5400000000",
            ),
            (|plan| plan.network.pace.jitter_us = u64::MAX, "network.pace.jitter_us is"),
            (|plan| plan.network.pace.latency_us = 3600 * SECOND + 1, "network.pace.latency_us is"),
            (|plan| plan.network.pace.bytes_per_second = 1, "network.pace.bytes_per_second is 1, and must be from 100"),
            (|plan| plan.network.buffer_bytes = 63, "network.buffer_bytes is 63, and must be from 64"),
            (
                |plan| plan.network.dial_timeout_us = 0,
                "network.dial_timeout_us is 0, and must be from 1000 to 3600000000",
            ),
            (|plan| plan.network.chunking = Chunking::Packets { bytes: 0 }, "network.chunking.packets.bytes is 0"),
            (|plan| plan.disk.bytes_per_second = 0, "disk.bytes_per_second is 0"),
            (|plan| plan.disk.sync_us = u64::MAX, "disk.sync_us is"),
            (|plan| plan.work.units = 0, "work.units is 0, and must be from 1"),
            (|plan| plan.work.interval_us = 0, "work.interval_us is 0, and must be from 1"),
            (|plan| plan.hosts[0].clock_offset_us = i64::MIN, "hosts[0].clock_offset_us is"),
            (|plan| plan.hosts[1].clock_drift_ppm = -1_000_000, "hosts[1].clock_drift_ppm is"),
            (|plan| plan.hosts[1].follows = Some(1), "hosts[1].follows: it follows itself"),
            (|plan| plan.hosts[0].follows = Some(1), "hosts[0].follows: it follows itself"),
            (|plan| plan.clients[0].pipeline = 10_001, "clients[0].pipeline is 10001, and must be from 0 to 10000"),
            (|plan| plan.clients[1].pops_of_ten = 11, "clients[1].pops_of_ten is 11, and must be from 0 to 10"),
            (|plan| plan.clients[0].keys = u32::MAX, "clients[0].keys is"),
            (|plan| plan.clients[0].sets = Some(Sets { value_bytes: 1, window: 0 }), "clients[0].sets.window is 0"),
            (
                |plan| plan.faults[0].fault = Fault::Reset { a: 1, b: 1 },
                "faults[0].fault: nothing is between host 1 and itself",
            ),
            (
                |plan| plan.faults[1].fault = Fault::Pause { host: 0, for_us: u64::MAX },
                "faults[1].fault.for_us is 18446744073709551615, and must be from 0 to 86400000000",
            ),
            (|plan| plan.faults[2].fault = Fault::ClockJump { host: 0, by_ms: i64::MAX }, "faults[2].fault.by_ms is"),
            (
                |plan| plan.orders[0].order = Order::Shutdown { host: 0, down_us: u64::MAX },
                "orders[0].order.down_us is",
            ),
            (|plan| plan.outside.push(plan.outside[0]), "outside: host 1 is named twice"),
        ];
        assert_eq!(plan().check(), Ok(()));
        for (change, why) in cases {
            let mut changed = plan();
            change(&mut changed);
            let told = changed.check().expect_err(why);
            assert!(told.starts_with(why), "{told}: {why}");
        }
    }
}
