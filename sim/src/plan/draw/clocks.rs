//! Clocks that are set while nodes run: by a little, as who keeps the time of many does, or by far, as a person does who mistakes the zone.

use afterimage_core::codec::random::Random;

use crate::plan::{Fault, FaultPlan, Plan};

/// By how much, in milliseconds, forward or back.
const STEPS_MS: [i64; 4] = [20, 1_000, 30_000, 3_600_000];

/// Adds some to a plan, if the seed has them.
pub(super) fn add(random: &mut Random, plan: &mut Plan) {
    if !random.chance(1, 6) {
        return;
    }
    for _ in 0..random.range(1..=4) {
        let host = random.below(plan.hosts.len() as u64) as u16;
        let step_ms = random.pick(&STEPS_MS).copied().unwrap_or_default();
        let by_ms = if random.chance(1, 2) { step_ms } else { -step_ms };
        plan.faults.push(FaultPlan { at_us: random.below(plan.quiet_at_us), fault: Fault::ClockJump { host, by_ms } });
    }
    plan.faults.sort_by_key(|planned| planned.at_us);
}
