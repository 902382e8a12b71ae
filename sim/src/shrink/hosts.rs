//! Which hosts can be left out, when all others get new numbers?

use super::search::Search;
use crate::plan::{Plan, Target};

/// What becomes of faults, orders and clients that name the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mentions {
    /// They go with it.
    Go,
    /// They are about its master, or about whoever takes its place.
    Move,
}

pub(super) fn leave_out(search: &mut Search<'_>) {
    search.pass = "hosts";
    let mut host = search.plan.hosts.len();
    while host > 0 {
        host -= 1;
        for mentions in [Mentions::Go, Mentions::Move] {
            let without = without(&search.plan, host as u16, mentions);
            if without.is_some_and(|candidate| search.attempt_by_any_seed(&candidate)) {
                break;
            }
        }
    }
}

/// The plan without a host. Who followed it follows its master; if it had none, the first of them takes its place.
pub(super) fn without(plan: &Plan, gone: u16, mentions: Mentions) -> Option<Plan> {
    let followers = (0..).zip(&plan.hosts).filter(|(_, host)| host.follows == Some(gone)).map(|(index, _)| index);
    let heir = followers.min();
    let master = plan.hosts[usize::from(gone)].follows;
    let instead = master.or(heir)?;
    let number = |host: u16| if host > gone { host - 1 } else { host };
    let mut rest = plan.clone();
    for (index, host) in (0..).zip(&mut rest.hosts) {
        host.follows = match host.follows {
            Some(followed) if followed == gone && master.is_none() && Some(index) == heir => None,
            Some(followed) if followed == gone => Some(number(instead)),
            other => other.map(number),
        };
    }
    rest.hosts.remove(usize::from(gone));
    // False if it named the host and has to go.
    let renumber = |named: [Option<&mut u16>; 2]| {
        let mut left = Vec::new();
        for host in named.into_iter().flatten() {
            if *host == gone && mentions == Mentions::Go {
                return false;
            }
            *host = number(if *host == gone { instead } else { *host });
            left.push(*host);
        }
        // Nothing is between a host and itself.
        left.len() < 2 || left[0] != left[1]
    };
    rest.faults.retain_mut(|planned| renumber(planned.fault.hosts_mut()));
    rest.orders.retain_mut(|planned| renumber(planned.order.hosts_mut()));
    rest.outside.retain_mut(|outside| outside.host != gone && renumber([Some(&mut outside.host), None]));
    rest.clients.retain_mut(|client| match &mut client.target {
        Target::Master => true,
        Target::Host { host } => renumber([Some(host), None]),
    });
    Some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Fault, FaultPlan, Order, OrderPlan};

    fn plan(follows: &[Option<u16>]) -> Plan {
        let mut plan = Plan::draw(1);
        let host = plan.hosts[0].clone();
        plan.hosts =
            follows.iter().map(|follows| crate::plan::HostPlan { follows: *follows, ..host.clone() }).collect();
        plan.clients.truncate(1);
        plan.clients[0].target = Target::Host { host: 2 };
        plan.orders = vec![OrderPlan { at_us: 0, order: Order::Promote { host: 2 } }];
        plan.faults = vec![FaultPlan { at_us: 0, fault: Fault::Reset { a: 1, b: 2 } }];
        plan
    }

    fn follows(plan: &Plan) -> Vec<Option<u16>> {
        plan.hosts.iter().map(|host| host.follows).collect()
    }

    #[test]
    fn who_followed_a_host_that_goes_follows_its_master_and_what_names_hosts_is_renumbered() {
        let rest = without(&plan(&[None, Some(0), Some(1)]), 1, Mentions::Go).expect("others are left");
        assert_eq!(follows(&rest), [None, Some(0)]);
        assert_eq!(rest.clients[0].target, Target::Host { host: 1 });
        assert_eq!(rest.orders[0].order, Order::Promote { host: 1 });
        assert!(rest.faults.is_empty(), "the path that was reset is gone");
        let moved = without(&plan(&[None, Some(0), Some(1)]), 1, Mentions::Move).expect("others are left");
        assert_eq!(moved.faults[0].fault, Fault::Reset { a: 0, b: 1 });
    }

    #[test]
    fn the_first_follower_takes_the_place_of_a_master_that_goes() {
        let rest = without(&plan(&[None, Some(0), Some(0), Some(1)]), 0, Mentions::Go).expect("others are left");
        assert_eq!(follows(&rest), [None, Some(0), Some(0)]);
    }

    #[test]
    fn the_last_host_stays() {
        let mut plan = plan(&[None, Some(0), Some(1)]);
        plan.hosts.truncate(1);
        assert_eq!(without(&plan, 0, Mentions::Go), None);
    }
}
