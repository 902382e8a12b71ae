//! Which form can be a plainer one?

use super::search::Search;
use crate::network::Ending;
use crate::plan::{
    Chunking, Crash, DiskPlan, Fault, Fsync, HandOver, Heal, Held, Order, Pace, Plan, Storage, Target, Way, Which,
    WorkPlan,
};
use crate::queue::MILLISECOND;

/// A network without anything to be seen of it.
const PLAIN_PACE: Pace = Pace { latency_us: MILLISECOND, jitter_us: 0, bytes_per_second: 100_000_000 };
const PLAIN_BUFFER: u32 = 256 * 1024;
const PLAIN_WORK: WorkPlan = WorkPlan { units: 64, interval_us: MILLISECOND };
/// Plainest first.
const STORAGES: [Storage; 4] =
    [Storage::Ephemeral, Storage::Unsaved, Storage::Saved, Storage::Appended { fsync: Fsync::Always }];

pub(super) fn make_plain(search: &mut Search<'_>) {
    search.pass = "plainer forms";
    search.change(|plan| plan.disk = DiskPlan::default());
    search.change(|plan| plan.work = PLAIN_WORK);
    for host in 0..search.plan.hosts.len() {
        search.change(|plan| plan.hosts[host].clock_offset_us = 0);
        search.change(|plan| plan.hosts[host].clock_drift_ppm = 0);
        let plainer = STORAGES.into_iter().take_while(|storage| *storage != search.plan.hosts[host].storage);
        plainer.collect::<Vec<_>>().into_iter().any(|storage| search.change(|plan| plan.hosts[host].storage = storage));
        // A chain is harder to follow than a star.
        search.change(|plan| plan.hosts[host].follows = plan.hosts[host].follows.and(Some(0)));
    }
    for client in 0..search.plan.clients.len() {
        search.change(|plan| plan.clients[client].target = Target::Master);
    }
    for fault in 0..search.plan.faults.len() {
        let plainer = plainer_faults(&search.plan.faults[fault].fault);
        plainer.into_iter().any(|plain| search.change(|plan| plan.faults[fault].fault = plain));
    }
    for order in 0..search.plan.orders.len() {
        let plainer = plainer_orders(&search.plan.orders[order].order);
        plainer.into_iter().any(|plain| search.change(|plan| plan.orders[order].order = plain));
    }
    let is_drawn = search.plan.clients.iter().any(|client| client.script.is_none());
    if !is_drawn && search.plan.seed != 1 {
        search.change(|plan| plan.seed = 1);
    }
}

/// What it can be made into, one thing after another.
pub(super) fn make_network_plain(search: &mut Search<'_>) {
    let mut all = search.plan.clone();
    all.network.chunking = Chunking::Whole;
    all.network.pace = PLAIN_PACE;
    all.network.buffer_bytes = PLAIN_BUFFER;
    if all == search.plan || search.attempt_by_any_seed(&all) {
        return;
    }
    let changes: [fn(&mut Plan); 5] = [
        |plan| plan.network.chunking = Chunking::Whole,
        |plan| plan.network.pace = PLAIN_PACE,
        |plan| plan.network.pace.jitter_us = 0,
        |plan| plan.network.pace.bytes_per_second = PLAIN_PACE.bytes_per_second,
        |plan| plan.network.buffer_bytes = PLAIN_BUFFER,
    ];
    for change in changes {
        search.change(change);
    }
}

/// Forms of a fault that are easier to think about, plainest first.
fn plainer_faults(fault: &Fault) -> Vec<Fault> {
    match *fault {
        Fault::Crash { host, how: Crash::Power, down_us } => vec![Fault::Crash { host, how: Crash::Process, down_us }],
        Fault::Isolate { host, for_us, .. } => {
            let others = [Fault::Pause { host, for_us }, Fault::Isolate { host, for_us, heal: Heal::Resume }];
            others.into_iter().filter(|plain| plain != fault).collect()
        }
        Fault::BlackHole { a, b, way, for_us, heal } => {
            let others = [
                Fault::Reset { a, b },
                Fault::Stall { a, b, way: Way::Both, for_us },
                Fault::BlackHole { a, b, way: Way::Both, for_us, heal: Heal::Resume },
                Fault::BlackHole { a, b, way: Way::Both, for_us, heal },
                Fault::BlackHole { a, b, way, for_us, heal: Heal::Resume },
            ];
            others.into_iter().filter(|plain| plain != fault).collect()
        }
        Fault::Stall { a, b, way, for_us } if way != Way::Both => {
            vec![Fault::Reset { a, b }, Fault::Stall { a, b, way: Way::Both, for_us }]
        }
        Fault::Stall { a, b, .. } => vec![Fault::Reset { a, b }],
        Fault::Cut { from, to, ending, which, .. } => {
            let mut others = vec![Fault::Reset { a: from, b: to }];
            if (ending, which) != (Ending::Eof, Which::Current) {
                others.push(Fault::Cut { from, to, after_bytes: 1, ending: Ending::Eof, which: Which::Current });
            }
            others
        }
        Fault::Slow { a, b, for_us, .. } => vec![Fault::Stall { a, b, way: Way::Both, for_us }],
        Fault::Rot { host, down_us, .. } => vec![Fault::Crash { host, how: Crash::Process, down_us }],
        Fault::ClockJump { host, by_ms } if by_ms.abs() > 1 => vec![Fault::ClockJump { host, by_ms: by_ms / 10 }],
        Fault::Crash { .. }
        | Fault::Pause { .. }
        | Fault::Reset { .. }
        | Fault::ClockJump { .. }
        | Fault::Disk { .. } => Vec::new(),
    }
}

/// The same of an order.
fn plainer_orders(order: &Order) -> Vec<Order> {
    match *order {
        Order::HandOver { host, how: HandOver::Timely } => vec![Order::Promote { host }],
        Order::HandOver { host, .. } => vec![Order::Promote { host }, Order::HandOver { host, how: HandOver::Timely }],
        Order::Supplant { host, .. } => vec![Order::Promote { host }],
        Order::Stray { host, master } => vec![Order::Follow { host, master }],
        Order::Hold { host, scope: Held::Everything, for_ms } => {
            vec![Order::Hold { host, scope: Held::Writes, for_ms }]
        }
        _ => Vec::new(),
    }
}
