//! Which faults, orders, clients and settings can be left out?

use super::search::{LATER, Search};
use crate::plan::{FaultPlan, OrderPlan, Plan, Setting};

/// The smallest part of `items` that still fails, found by leaving out ever smaller runs of them: half, a quarter, one by one.
pub(super) fn minimise<T: Clone>(items: Vec<T>, fails: &mut impl FnMut(&[T]) -> bool) -> Vec<T> {
    minimise_by_runs(items, 1, fails)
}

/// The same with runs of no fewer than `run_min` items.
pub(super) fn minimise_by_runs<T: Clone>(
    mut items: Vec<T>,
    run_min: usize,
    fails: &mut impl FnMut(&[T]) -> bool,
) -> Vec<T> {
    let mut run = items.len();
    while run >= run_min.max(1) {
        let mut at = 0;
        while at < items.len() {
            let end = (at + run).min(items.len());
            let rest = [&items[..at], &items[end..]].concat();
            if fails(&rest) {
                items = rest;
            } else {
                at = end;
            }
        }
        run /= 2;
    }
    items
}

/// Leaves out what a list of the plan can do without. `put` makes a plan with such a list.
pub(super) fn thin<T: Clone>(search: &mut Search<'_>, items: Vec<T>, put: impl Fn(&mut Plan, &[T])) {
    if items.is_empty() {
        return;
    }
    minimise(items, &mut |rest| search.change(|plan| put(plan, rest)));
}

/// A fault or an order: what happens to the world.
#[derive(Clone)]
enum Happening {
    Fault(FaultPlan),
    Order(OrderPlan),
}

pub(super) fn leave_out(search: &mut Search<'_>) {
    search.pass = "faults and orders";
    leave_out_what_comes_too_late(search);
    let faults = search.plan.faults.iter().cloned().map(Happening::Fault);
    let happenings: Vec<Happening> = faults.chain(search.plan.orders.iter().cloned().map(Happening::Order)).collect();
    thin(search, happenings, |plan, rest| {
        plan.faults.clear();
        plan.orders.clear();
        for happening in rest {
            match happening {
                Happening::Fault(fault) => plan.faults.push(fault.clone()),
                Happening::Order(order) => plan.orders.push(order.clone()),
            }
        }
    });
    thin(search, search.plan.outside.clone(), |plan, rest| plan.outside = rest.to_vec());
    search.change(|plan| plan.controller = None);
    search.pass = "clients";
    thin(search, search.plan.clients.clone(), |plan, rest| plan.clients = rest.to_vec());
    search.pass = "settings";
    thin(search, search.plan.settings.clone(), |plan, rest| plan.settings = rest.to_vec());
    let of_hosts = (0..)
        .zip(&search.plan.hosts)
        .flat_map(|(host, planned)| planned.settings.iter().map(move |one| (host, one.clone())));
    thin(search, of_hosts.collect(), |plan, rest: &[(usize, Setting)]| {
        plan.hosts.iter_mut().for_each(|host| host.settings.clear());
        rest.iter().for_each(|(host, setting)| plan.hosts[*host].settings.push(setting.clone()));
    });
}

/// What would happen after the failure has no part in it. The quiet point stays a little behind it, so that a smaller plan may fail a little later; it is moved up
/// to the failure at last, with the other numbers.
fn leave_out_what_comes_too_late(search: &mut Search<'_>) {
    if search.is_of_the_end() {
        return;
    }
    let at = search.violation.at_us;
    search.change(|plan| {
        plan.faults.retain(|fault| fault.at_us <= at);
        plan.orders.retain(|order| order.at_us <= at);
        plan.quiet_at_us = at + LATER;
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_needed_is_left() {
        let mut tries = 0;
        let needed = [3, 77, 78];
        let left = minimise((0..100).collect(), &mut |rest: &[u32]| {
            tries += 1;
            needed.iter().all(|one| rest.contains(one))
        });
        assert_eq!(left, needed);
        assert!(tries < 100, "{tries}");
        assert_eq!(minimise_by_runs((0..16).collect(), 4, &mut |rest: &[u32]| rest.contains(&5)), [4, 5, 6, 7]);
        assert_eq!(minimise(vec![1, 2, 3], &mut |_: &[i32]| true), Vec::<i32>::new());
        assert_eq!(minimise(vec![1, 2, 3], &mut |_: &[i32]| false), [1, 2, 3]);
    }
}
