//! What is the smallest plan that fails in the same way?
//!
//! Parts of a failing plan are left out, numbers lowered and forms made plainer, one after another; each time the plan is run, and what still breaks the same
//! property by a node of the same role is kept. A run costs no more than the failing one, since it is given up soon after the time at which
//! that failed. A plan with defects must also pass without them, so that what is found is the defect and not a plan that asks for too much.
//!
//! Clients are first given scripts of what they had said, so that commands can be left out one by one.

mod commands;
mod forms;
mod hosts;
mod lists;
mod numbers;
mod search;
#[cfg(test)]
mod tests;

use std::fmt;
use std::ops::ControlFlow;

use serde::Serialize;

use crate::check::Violation;
use crate::plan::Plan;
use crate::queue::Micros;

use search::Search;

/// Rounds of all passes; each goes over what the one before has left, and most plans are at their smallest after three.
const ROUNDS_MAX: u32 = 8;

/// How much there is in a plan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Size {
    /// Faults, and hosts that stay broken for ever.
    pub faults: usize,
    /// Orders.
    pub orders: usize,
    /// Hosts.
    pub hosts: usize,
    /// Clients.
    pub clients: usize,
    /// Commands that clients say; of a plan that is not shrunk yet, those that were said before it failed.
    pub commands: usize,
    /// Configuration directives.
    pub settings: usize,
    /// When faults and workload end at the latest.
    pub quiet_at_us: Micros,
}

/// How far a search is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What is being made smaller.
    pub pass: &'static str,
    /// Plans that were run.
    pub tries: u64,
    /// The smallest plan so far.
    pub size: Size,
}

/// What came of a search.
#[derive(Clone, Debug)]
pub struct Shrunk {
    /// The smallest plan that was found.
    pub plan: Plan,
    /// How it fails.
    pub violation: Violation,
    /// How much there was.
    pub before: Size,
    /// How much is left.
    pub after: Size,
    /// Plans that were run.
    pub tries: u64,
    /// True if nothing more can be taken away in the ways known here; false if the search was ended before.
    pub is_smallest: bool,
}

/// Why there is nothing to make smaller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The plan makes no sense.
    Unsound(String),
    /// It breaks no property.
    Passes,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Unsound(why) => f.write_str(why),
            Refusal::Passes => f.write_str(
                "the plan breaks no property, so there is nothing to shrink; name the defect with --defect if it was found with one",
            ),
        }
    }
}

impl std::error::Error for Refusal {}

/// Makes a failing plan smaller. `watch` is told of each try, and now and then while one is run, and may end the search. What it cannot end is the run of the plan itself, with its
/// defects and without them.
///
/// # Errors
///
/// Says why there is nothing to make smaller.
pub fn shrink(plan: &Plan, watch: &mut dyn FnMut(Progress) -> ControlFlow<()>) -> Result<Shrunk, Refusal> {
    let (mut search, said) = Search::begin(plan, watch)?;
    let before = Size { commands: said.iter().flatten().map(|step| step.say.len()).sum(), ..search.size() };
    let mut is_smallest = false;
    for _ in 0..ROUNDS_MAX {
        if search.is_over() {
            break;
        }
        let parts = search.size().parts();
        commands::give_scripts(&mut search);
        // What makes a run short comes first.
        commands::stand_in(&mut search);
        forms::make_network_plain(&mut search);
        lists::leave_out(&mut search);
        hosts::leave_out(&mut search);
        commands::leave_out(&mut search);
        forms::make_plain(&mut search);
        numbers::lower(&mut search);
        // Numbers can nearly always be lowered a little more.
        is_smallest = search.size().parts() == parts && !search.is_over();
        if is_smallest {
            break;
        }
    }
    let after = search.size();
    Ok(Shrunk { plan: search.plan, violation: search.violation, before, after, tries: search.tries, is_smallest })
}

impl Size {
    /// All but the time.
    fn parts(self) -> Size {
        Size { quiet_at_us: 0, ..self }
    }

    /// Of a plan; of a client without a script all commands that it would send.
    #[must_use]
    pub fn of(plan: &Plan) -> Size {
        let commands = plan.clients.iter().map(|client| match &client.script {
            Some(script) => script.iter().map(|step| step.say.len()).sum(),
            None if client.pipeline == 0 => 0,
            None => client.commands as usize,
        });
        Size {
            faults: plan.faults.len() + plan.outside.len(),
            orders: plan.orders.len(),
            hosts: plan.hosts.len(),
            clients: plan.clients.len(),
            commands: commands.sum(),
            settings: plan.settings.len() + plan.hosts.iter().map(|host| host.settings.len()).sum::<usize>(),
            quiet_at_us: plan.quiet_at_us,
        }
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Size { faults, orders, hosts, clients, commands, settings, quiet_at_us } = self;
        let quiet = crate::journal::Clock(*quiet_at_us);
        write!(
            f,
            "{faults} faults, {orders} orders, {hosts} hosts, {clients} clients, {commands} commands, {settings} settings, quiet at {quiet}"
        )
    }
}
