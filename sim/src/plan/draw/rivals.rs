//! Two masters at a time, and one of them again alone.
//!
//! In some seeds the operator supplants the master that hosts began with: everybody but that one is told of a new master, and only later it is told itself.
//! Until then clients write to either. Before, writes may be held back at the old one, as in an orderly switch; afterwards it may be made the master again.
//! One client writes to the new master. Another stays with the old one, writes little, and asks again and again who has it.

use afterimage_core::codec::random::Random;

use crate::plan::{ClientPlan, Held, Order, OrderPlan, Plan, Setting, Target};
use crate::queue::{MILLISECOND, Micros, SECOND};

/// The host that is supplanted.
const OLD: u16 = 0;
/// From one step of its witness to the next.
const ASKS_EVERY: Micros = 150 * MILLISECOND;
/// Commands of the new master's client in a second.
const WRITES_PER_SECOND: u64 = 100;

/// Adds it to a plan, if the seed has it.
pub(super) fn add(random: &mut Random, plan: &mut Plan) {
    if !random.chance(1, 4) {
        return;
    }
    let new = 1 + random.below(plan.hosts.len() as u64 - 1) as u16;
    let at_us = random.range(2 * SECOND..=plan.quiet_at_us / 2);
    let untold_us = random.range(300..=4_000) * MILLISECOND;
    let is_orderly = random.chance(1, 2);
    let is_taken_back = random.chance(2, 3);
    let back_after_us = untold_us + random.range(1_000..=4_000) * MILLISECOND;
    let held_ms = random.range(1_200..=3_000) as u32;
    let ttl = random.chance(1, 2);
    let mut order = |at_us: Micros, order: Order| plan.orders.push(OrderPlan { at_us, order });
    if is_orderly {
        order(at_us - 600 * MILLISECOND, Order::Hold { host: OLD, scope: Held::Writes, for_ms: held_ms });
    }
    order(at_us, Order::Supplant { host: new, untold_us });
    if is_taken_back {
        order(at_us + back_after_us, Order::Promote { host: OLD });
    }
    plan.orders.sort_by_key(|planned| planned.at_us);
    if ttl {
        plan.settings.push(Setting::new("repl-backlog-ttl", 1));
    }
    let seconds = plan.quiet_at_us / SECOND;
    let keys = plan.clients.first().map_or(5, |client| client.keys);
    let mut client = |host: u16| ClientPlan {
        target: Target::Host { host },
        pipeline: 1,
        start_us: random.below(SECOND),
        keys,
        big_bytes_max: 20_000,
        ..ClientPlan::SILENT
    };
    let witness = ClientPlan {
        commands: (plan.quiet_at_us / ASKS_EVERY) as u32,
        think_us: ASKS_EVERY,
        asks_of_ten: 9,
        ..client(OLD)
    };
    let writer = ClientPlan {
        commands: (seconds * WRITES_PER_SECOND) as u32,
        think_us: 3 * SECOND / WRITES_PER_SECOND,
        pipeline: 4,
        ..client(new)
    };
    plan.clients.extend([witness, writer]);
}
