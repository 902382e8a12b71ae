//! What does an operator order, and who else promotes replicas?

use afterimage_core::codec::random::Random;

use super::hosts::draw_fsync;
use super::{duration, host, one_of, pair};
use crate::plan::{ControllerPlan, HandOver, Held, Order, OrderPlan, Setting, Victims};
use crate::queue::{MILLISECOND, Micros, SECOND};

pub(super) fn draw_orders(random: &mut Random, hosts: u64, quiet_at_us: Micros) -> Vec<OrderPlan> {
    type Family = fn(&mut Random, u64) -> Order;
    /// An order of one of the first families is drawn as often as one of all the others.
    const ROLES: [Family; 4] = [draw_follow, draw_follow, draw_promote, draw_hand_over];
    const OTHERS: [Family; 6] =
        [draw_hold, draw_kill, draw_shutdown, draw_configure, draw_stray, |_, _| Order::FlushAll {}];
    let count = one_of(random, &[0, 0, 1, 3, 6, 10]);
    let on: Vec<Family> = OTHERS.into_iter().filter(|_| random.chance(1, 3)).collect();
    let mut orders: Vec<OrderPlan> = (0..count)
        .map(|_| {
            let families = if on.is_empty() || random.chance(1, 2) { &ROLES } else { on.as_slice() };
            OrderPlan { at_us: random.below(quiet_at_us), order: one_of(random, families)(random, hosts) }
        })
        .collect();
    orders.sort_by_key(|planned| planned.at_us);
    orders
}

/// What is done about append-only files while nodes run.
pub(super) fn draw_disk_orders(random: &mut Random, hosts: u64, quiet_at_us: Micros) -> Vec<OrderPlan> {
    let count = one_of(random, &[0, 1, 3, 6]);
    let draw_one = |random: &mut Random| {
        let host = host(random, hosts);
        let setting = match random.below(5) {
            0 | 1 => return Order::Rewrite { host },
            2 | 3 => Setting::new("appendonly", one_of(random, &["yes", "yes", "no"])),
            _ => Setting::new("appendfsync", draw_fsync(random).name()),
        };
        Order::Configure { host, setting }
    };
    (0..count).map(|_| OrderPlan { at_us: random.below(quiet_at_us), order: draw_one(random) }).collect()
}

/// In some seeds a controller promotes replicas.
pub(super) fn draw_controller(random: &mut Random) -> Option<ControllerPlan> {
    random.chance(1, 3).then(|| ControllerPlan {
        // It looks once a second.
        down_after_us: one_of(random, &[1_200 * MILLISECOND, 1_200 * MILLISECOND, 3 * SECOND]),
        delay_us: random.below(2 * SECOND),
    })
}

fn draw_follow(random: &mut Random, hosts: u64) -> Order {
    let (host, master) = pair(random, hosts);
    Order::Follow { host, master }
}

fn draw_promote(random: &mut Random, hosts: u64) -> Order {
    Order::Promote { host: host(random, hosts) }
}

fn draw_hand_over(random: &mut Random, hosts: u64) -> Order {
    let how = match random.below(4) {
        0 | 1 => HandOver::Timely,
        2 => HandOver::Forced { timeout_ms: one_of(random, &[1, 100, 2000]) },
        _ => HandOver::Aborted { after_us: random.exponential(300 * MILLISECOND) },
    };
    Order::HandOver { host: random.below(hosts) as u16, how }
}

fn draw_hold(random: &mut Random, hosts: u64) -> Order {
    let scope = one_of(random, &[Held::Writes, Held::Everything]);
    Order::Hold { host: host(random, hosts), scope, for_ms: one_of(random, &[100, 2_000, 8_000]) }
}

fn draw_kill(random: &mut Random, hosts: u64) -> Order {
    let victims = one_of(random, &[Victims::Replicas, Victims::Replicas, Victims::Master, Victims::Clients]);
    Order::Kill { host: host(random, hosts), victims }
}

fn draw_shutdown(random: &mut Random, hosts: u64) -> Order {
    Order::Shutdown { host: host(random, hosts), down_us: duration(random) }
}

fn draw_configure(random: &mut Random, hosts: u64) -> Order {
    // No timeout is shorter than two of the longest times between two pings.
    let setting = match random.below(3) {
        0 => Setting::new("repl-backlog-size", one_of(random, &["16kb", "64kb", "1mb"])),
        1 => Setting::new("repl-timeout", one_of(random, &[12, 20, 60])),
        _ => Setting::new("repl-diskless-sync", one_of(random, &["yes", "no"])),
    };
    Order::Configure { host: host(random, hosts), setting }
}

fn draw_stray(random: &mut Random, hosts: u64) -> Order {
    let (host, master) = pair(random, hosts);
    Order::Stray { host, master }
}
