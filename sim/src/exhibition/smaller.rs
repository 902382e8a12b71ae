//! How small is the plan that is left of a defect's first find, and at what cost?

use std::ops::ControlFlow;
use std::time::Duration;

use afterimage_sim::museum::{Find, Hunt};
use afterimage_sim::shrink::{Shrunk, Size, shrink};
use serde::Serialize;

use super::median;

/// What is left of a find.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Smaller {
    /// The seed that it was.
    pub(crate) seed: u64,
    pub(crate) before: Size,
    pub(crate) after: Size,
    tries: u64,
    /// False if the time was over before.
    is_smallest: bool,
    pub(crate) cpu: Duration,
    /// The plan, and how it fails.
    #[serde(skip)]
    pub(crate) shrunk: Option<Shrunk>,
}

impl Smaller {
    /// Shrinks the plan that a hunt has found, for so much CPU time at most; `None` if it has found none.
    pub(crate) fn of(hunt: &Hunt, find: &Find, cpu_max: Duration) -> Option<Smaller> {
        find.violation.as_ref()?;
        let begun = cpu_time::ThreadTime::now();
        let mut watch = |_| if begun.elapsed() > cpu_max { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
        let shrunk = shrink(&hunt.plan(find.seed), &mut watch).ok()?;
        let Shrunk { before, after, tries, is_smallest, .. } = shrunk;
        let (seed, cpu) = (find.seed, begun.elapsed());
        Some(Smaller { seed, before, after, tries, is_smallest, cpu, shrunk: Some(shrunk) })
    }

    /// Titles of the columns of [`cells`](Smaller::cells).
    pub(crate) const TITLES: &str = " faults | orders | commands | nodes | CPU s to shrink |";
    /// How many these are.
    pub(crate) const COLUMNS: usize = 5;

    /// What is left, as cells of a table.
    pub(crate) fn cells(&self) -> String {
        let Size { faults, orders, commands, hosts, .. } = self.after;
        let unfinished = if self.is_smallest { "" } else { ", unfinished" };
        format!(" {faults} | {orders} | {commands} | {hosts} | {:.2}{unfinished} |", self.cpu.as_secs_f64())
    }
}

/// In words: the median and the most of each number.
pub(crate) fn sums(all: &[&Smaller]) -> String {
    let of = |number: fn(&Smaller) -> usize| {
        let numbers = || all.iter().map(|smaller| number(smaller));
        format!("{} (at most {})", median(numbers()), numbers().max().unwrap_or(0))
    };
    let cpu = || all.iter().map(|smaller| smaller.cpu);
    format!(
        "Left of the first find of each of {} defects, in the median: {} faults, {} orders, {} commands, {} nodes, after {:.2} s of CPU time (at most {:.2}).",
        all.len(),
        of(|smaller| smaller.after.faults),
        of(|smaller| smaller.after.orders),
        of(|smaller| smaller.after.commands),
        of(|smaller| smaller.after.hosts),
        median(cpu()).as_secs_f64(),
        cpu().max().unwrap_or_default().as_secs_f64(),
    )
}
