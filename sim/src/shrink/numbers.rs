//! How small can numbers be, and how round?

use super::search::Search;
use crate::plan::script::{length, long_word};
use crate::plan::{Fault, HandOver, Order, Plan};
use crate::queue::{MILLISECOND, SECOND};

/// What a number is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A time of the world, in microseconds.
    Time,
    /// A duration in microseconds.
    Span,
    /// Anything else.
    Count,
}

/// A number is not lowered further once the room left is a part of it as small as this.
const FINE: u64 = 4;
/// To what times are rounded, coarsest first.
const ROUND: [u64; 4] = [SECOND, 100 * MILLISECOND, 10 * MILLISECOND, MILLISECOND];
/// Numbers beyond these are left as they are: there would be no end to it.
const NUMBERS_MAX: usize = 200;

pub(super) fn lower(search: &mut Search<'_>) {
    search.pass = "times";
    close_gaps(search);
    while search.change(|plan| each(plan, &mut |number, _, kind| *number /= if kind == Kind::Time { 2 } else { 1 })) {}
    search.pass = "numbers";
    for index in 0..numbers(&search.plan).len().min(NUMBERS_MAX) {
        lower_one(search, index);
    }
    search.pass = "round times";
    for index in 0..numbers(&search.plan).len().min(NUMBERS_MAX) {
        round(search, index);
    }
    sort(search);
    leave_room(search);
}

/// The quiet point comes a while after the failure: a plan in which both are at one moment would pass with the slightest change of the engine.
fn leave_room(search: &mut Search<'_>) {
    if !search.is_of_the_end() {
        let second = search.violation.at_us / SECOND;
        search.change(|plan| plan.quiet_at_us = (second + 2) * SECOND);
    }
}

/// What happens comes in order of time.
fn sort(search: &mut Search<'_>) {
    search.change(|plan| {
        plan.faults.sort_by_key(|planned| planned.at_us);
        plan.orders.sort_by_key(|planned| planned.at_us);
    });
}

/// Takes out time in which nothing is planned.
fn close_gaps(search: &mut Search<'_>) {
    let times = |plan: &Plan| {
        let mut times: Vec<u64> =
            numbers(plan).into_iter().filter(|(_, _, kind)| *kind == Kind::Time).map(|(number, ..)| number).collect();
        times.push(0);
        times.sort_unstable();
        times.dedup();
        times
    };
    let mut index = 1;
    while let Some([before, after]) =
        times(&search.plan).get(index - 1..=index).and_then(|pair| <[u64; 2]>::try_from(pair).ok())
    {
        let gap = after - before;
        let close = |search: &mut Search<'_>, by: u64| {
            by > 0
                && search.change(|plan| {
                    each(plan, &mut |number, _, kind| {
                        *number -= if kind == Kind::Time && *number >= after { by } else { 0 }
                    })
                })
        };
        let _ = close(search, gap.saturating_sub(MILLISECOND)) || close(search, gap / 2) || close(search, gap / 4);
        index += 1;
    }
}

fn lower_one(search: &mut Search<'_>, index: usize) {
    let Some((mut high, simplest, _)) = numbers(&search.plan).get(index).copied() else { return };
    if high <= simplest || set(search, index, simplest) {
        return;
    }
    // Too low, as far as one knows.
    let mut low = simplest;
    while high - low > 1 && high - low > high / FINE {
        let middle = low + (high - low) / 2;
        if set(search, index, middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
}

fn round(search: &mut Search<'_>, index: usize) {
    let Some((number, _, kind)) = numbers(&search.plan).get(index).copied() else { return };
    if kind == Kind::Count {
        return;
    }
    for unit in ROUND {
        let down = number / unit * unit;
        if down == number {
            return;
        }
        if down > 0 && set(search, index, down) || set(search, index, down + unit) {
            return;
        }
    }
}

fn set(search: &mut Search<'_>, index: usize, value: u64) -> bool {
    let mut at = 0;
    search.change(|plan| {
        each(plan, &mut |number, _, _| {
            if at == index {
                *number = value;
            }
            at += 1;
        });
    })
}

fn numbers(plan: &Plan) -> Vec<(u64, u64, Kind)> {
    let mut all = Vec::new();
    each(&mut plan.clone(), &mut |number, simplest, kind| all.push((*number, simplest, kind)));
    all
}

type Visit<'a> = &'a mut dyn FnMut(&mut u64, u64, Kind);

/// Visits the numbers of a plan, with the simplest value of each.
fn each(plan: &mut Plan, visit: Visit<'_>) {
    for host in &mut plan.hosts {
        visit(&mut host.start_us, 0, Kind::Time);
    }
    for planned in &mut plan.faults {
        visit(&mut planned.at_us, 0, Kind::Time);
        each_of_fault(&mut planned.fault, visit);
    }
    for planned in &mut plan.orders {
        visit(&mut planned.at_us, 0, Kind::Time);
        each_of_order(&mut planned.order, visit);
    }
    for client in &mut plan.clients {
        visit(&mut client.start_us, 0, Kind::Time);
        visit(&mut client.lingers_us, 0, Kind::Span);
        match &mut client.script {
            Some(script) => {
                for step in script {
                    visit(&mut step.at_us, 0, Kind::Time);
                    step.say.iter_mut().for_each(|line| each_of_line(line, visit));
                }
            }
            None => {
                narrow(&mut client.commands, visit);
                narrow(&mut client.pipeline, visit);
            }
        }
    }
    if let Some(controller) = &mut plan.controller {
        visit(&mut controller.down_after_us, SECOND, Kind::Span);
        visit(&mut controller.delay_us, 0, Kind::Span);
    }
    visit(&mut plan.quiet_at_us, 0, Kind::Time);
}

fn each_of_fault(fault: &mut Fault, visit: Visit<'_>) {
    match fault {
        Fault::Cut { after_bytes, .. } => visit(after_bytes, 1, Kind::Count),
        Fault::Reset { .. } | Fault::ClockJump { .. } => {}
        Fault::Crash { down_us: span, .. }
        | Fault::Rot { down_us: span, .. }
        | Fault::Pause { for_us: span, .. }
        | Fault::Stall { for_us: span, .. }
        | Fault::BlackHole { for_us: span, .. }
        | Fault::Isolate { for_us: span, .. }
        | Fault::Slow { for_us: span, .. }
        | Fault::Disk { for_us: span, .. } => visit(span, MILLISECOND, Kind::Span),
    }
}

fn each_of_order(order: &mut Order, visit: Visit<'_>) {
    match order {
        Order::Shutdown { down_us: span, .. }
        | Order::Supplant { untold_us: span, .. }
        | Order::HandOver { how: HandOver::Aborted { after_us: span }, .. } => {
            visit(span, MILLISECOND, Kind::Span);
        }
        Order::Hold { for_ms: count, .. } | Order::HandOver { how: HandOver::Forced { timeout_ms: count }, .. } => {
            narrow(count, visit);
        }
        _ => {}
    }
}

/// Long words may be shorter.
fn each_of_line(line: &mut String, visit: Visit<'_>) {
    if !line.contains('<') {
        return;
    }
    let words = line.split(' ').map(|word| {
        let Some(before) = length(word) else { return word.to_string() };
        let mut bytes = before as u64;
        visit(&mut bytes, 1, Kind::Count);
        long_word(bytes as usize)
    });
    *line = words.collect::<Vec<_>>().join(" ");
}

fn narrow(field: &mut u32, visit: Visit<'_>) {
    let mut wide = u64::from(*field);
    visit(&mut wide, 1, Kind::Count);
    *field = u32::try_from(wide).unwrap_or(*field);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_visit_that_changes_nothing_leaves_the_plan_as_it_was() {
        for seed in 0..50 {
            let plan = Plan::draw(seed);
            let mut visited = plan.clone();
            each(&mut visited, &mut |_, _, _| {});
            assert_eq!(visited, plan);
        }
        let mut line = "SET s:0 <500>".to_string();
        each_of_line(&mut line, &mut |number, _, _| *number /= 2);
        assert_eq!(line, "SET s:0 <250>");
    }
}
