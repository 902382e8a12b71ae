use std::ops::ControlFlow;

use super::*;
use crate::plan::{Order, OrderPlan, Setting};
use crate::queue::SECOND;

fn to_the_end(plan: &Plan) -> Result<Shrunk, Refusal> {
    shrink(plan, &mut |_| ControlFlow::Continue(()))
}

/// A plan in which the operator sets a directive that does not exist: the answer is no fitting one.
fn with_a_senseless_order(seed: u64) -> Plan {
    let mut plan = Plan::draw(seed);
    let order = Order::Configure { host: 0, setting: Setting::new("no-such-directive", 1) };
    // Before anything else can have made a replica of the master.
    plan.orders.insert(0, OrderPlan { at_us: SECOND / 100, order });
    plan
}

#[test]
fn what_has_no_part_in_a_failure_is_left_out() {
    for seed in 0..3 {
        let plan = with_a_senseless_order(seed);
        let shrunk = to_the_end(&plan).expect("it fails");
        let Size { faults, orders, hosts, commands, settings, .. } = shrunk.after;
        assert_eq!((faults, orders, hosts, commands, settings), (0, 1, 1, 0, 0), "{:#?}", shrunk.plan);
        assert!(shrunk.is_smallest);
        let again = crate::run_plan(shrunk.plan.clone());
        assert_eq!(again.violations.first(), Some(&shrunk.violation), "the plan that is left fails as it is told");
    }
}

#[test]
fn a_plan_that_fails_in_another_way_when_a_part_is_left_out_keeps_that_part() {
    let mut plan = with_a_senseless_order(4);
    // A host that is switched on later, with a file that it cannot read: without the order that is how the plan fails.
    plan.hosts[1].start_us = 9 * SECOND;
    plan.hosts[1].settings.push(Setting::new("no-such-directive", 1));
    let shrunk = to_the_end(&plan).expect("it fails");
    assert_eq!(shrunk.violation.signature(), "fitting-reply/master");
    assert_eq!(shrunk.plan.orders.len(), 1);
}

#[test]
fn a_plan_that_breaks_nothing_is_refused() {
    assert_eq!(to_the_end(&Plan::draw(1)).map(|_| ()), Err(Refusal::Passes));
    assert!(Refusal::Passes.to_string().contains("--defect"));
    let unsound = Plan { version: 0, ..Plan::draw(1) };
    assert!(matches!(to_the_end(&unsound), Err(Refusal::Unsound(_))));
}

#[test]
fn whoever_watches_can_end_the_search_and_gets_what_was_reached() {
    let plan = with_a_senseless_order(5);
    let watch =
        |progress: Progress| if progress.tries < 10 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) };
    let shrunk = shrink(&plan, &mut { watch }).expect("it fails");
    assert_eq!((shrunk.tries, shrunk.is_smallest), (10, false));
    assert_eq!(shrunk.violation.signature(), "fitting-reply/master");
}

#[test]
fn who_has_had_enough_from_the_beginning_gets_the_plan_as_it_is_and_nothing_more_is_run() {
    let plan = with_a_senseless_order(5);
    let mut asked = 0;
    let shrunk = shrink(&plan, &mut |_| {
        asked += 1;
        ControlFlow::Break(())
    });
    let shrunk = shrunk.expect("it fails");
    assert_eq!((shrunk.tries, asked, shrunk.plan, shrunk.is_smallest), (1, 1, plan, false));
}

#[test]
fn what_a_script_says_is_recorded_with_the_time_at_which_it_was_said() {
    let mut plan = with_a_senseless_order(6);
    plan.clients.truncate(1);
    // More at once than may be under way: the last ones have to wait for answers.
    let step = |_| crate::plan::Step { at_us: 0, say: vec!["PING".into()] };
    plan.orders.clear();
    plan.faults.clear();
    plan.clients[0].script = Some((0..100).map(step).collect());
    let mut world = crate::world::World::new(plan);
    world.record_clients();
    world.begin();
    while world.step() {}
    let said = world.take_records().remove(0);
    assert_eq!(said.len(), 100);
    assert!(said[0].at_us > 0 && said[99].at_us > said[0].at_us, "{:?} {:?}", said[0], said[99]);
}

/// What the defect needs is a snapshot that ends at a certain place of a packet, so many keys were needed, or one that is not packed.
#[cfg(feature = "museum")]
#[test]
fn one_long_write_of_another_size_stands_for_many_keys_of_a_snapshot() {
    let plan = Plan { defects: vec!["swap_on_bad_eof".into()], ..Plan::draw(501) };
    let shrunk = to_the_end(&plan).expect("it fails");
    assert!(shrunk.after.commands <= 2, "{:#?}", shrunk.plan);
    assert_eq!(shrunk.violation.signature(), "same-data/replica");
}
