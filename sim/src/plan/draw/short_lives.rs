//! Lives that end soon after files were named, and the next one by a loss of power.
//!
//! What a life finds on its disk the one before may not have secured: if the process was killed between naming files and syncing their names, the next one finds the names, and
//! only the next loss of power tells whether it has relied on them. In some seeds hosts with append-only files go through that, when they have just begun or are made to rewrite.

use afterimage_core::codec::random::Random;

use crate::plan::{Crash, Fault, FaultPlan, Order, OrderPlan, Plan, Storage};
use crate::queue::{MILLISECOND, Micros, SECOND};

/// Syncs within which a node that begins gives its files names and secures these, and a little for what is written meanwhile.
const SYNCS: u64 = 8;
const REST: Micros = 20 * MILLISECOND;
/// So many of these, and as many other operations at most, are over when the names are given.
const SYNCS_BEFORE: u64 = 6;
const OPERATIONS_BEFORE: u64 = 12;

/// Adds some to a plan, if the seed has them.
pub(super) fn add(random: &mut Random, plan: &mut Plan) {
    let appends = |(_, host): &(u16, &crate::plan::HostPlan)| matches!(host.storage, Storage::Appended { .. });
    let appending: Vec<u16> = (0..).zip(&plan.hosts).filter(appends).map(|(host, _)| host).collect();
    if !random.chance(1, 3) {
        return;
    }
    for _ in 0..random.range(1..=3) {
        let (is_first, any) = (random.chance(1, 2), random.pick(&appending).copied());
        // Most is promised by the first of them, which is the master as a rule.
        let Some(host) = appending.first().copied().filter(|_| is_first).or(any) else { return };
        let begun_at = if random.chance(2, 3) { 0 } else { random.below(plan.quiet_at_us) };
        if begun_at > 0 {
            plan.orders.push(OrderPlan { at_us: begun_at, order: Order::Rewrite { host } });
        }
        let within = SYNCS * plan.disk.sync_us + REST;
        let aimed = SYNCS_BEFORE * plan.disk.sync_us
            + random.below(plan.disk.sync_us + OPERATIONS_BEFORE * plan.disk.latency_us);
        let is_aimed = random.chance(1, 2) && begun_at == 0;
        let killed_at = if is_aimed { aimed } else { begun_at + random.below(within) };
        let down_us = random.exponential(200 * MILLISECOND) + 1;
        let lost_at = killed_at + down_us + random.below(within + 2 * SECOND);
        let crash = |at_us: Micros, how: Crash, down_us: Micros| FaultPlan {
            at_us,
            fault: Fault::Crash { host, how, down_us },
        };
        let again_us = random.exponential(SECOND) + 1;
        let crashes = [crash(killed_at, Crash::Process, down_us), crash(lost_at, Crash::Power, again_us)];
        plan.faults.extend(crashes.into_iter().filter(|planned| planned.at_us < plan.quiet_at_us));
    }
    plan.faults.sort_by_key(|planned| planned.at_us);
    plan.orders.sort_by_key(|planned| planned.at_us);
}
