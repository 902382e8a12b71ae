//! Does a candidate fail in the same way?

use std::ops::ControlFlow;

use super::{Progress, Refusal, Size};
use crate::check::{Property, Violation};
use crate::plan::{Plan, Step};
use crate::queue::{Micros, SECOND};
use crate::world::World;

/// A candidate may fail so much later than what it was made from.
pub(super) const LATER: Micros = 2 * SECOND;
/// Other seeds that are tried where leaving a part out moves choices that have nothing to do with it.
const OTHER_SEEDS: [u64; 3] = [1, 2, 3];

/// Whoever watches is asked after so many events of a run, too.
const ASKED_EVERY: u64 = 1 << 13;

/// When a run is given up.
#[derive(Clone, Copy, Debug)]
struct Limit {
    at_us: Micros,
    events: u64,
}

/// The smallest plan so far, and what is asked of smaller ones.
pub(super) struct Search<'a> {
    pub(super) plan: Plan,
    /// How it fails.
    pub(super) violation: Violation,
    /// Plans that were run.
    pub(super) tries: u64,
    /// What is being made smaller.
    pub(super) pass: &'static str,
    limit: Limit,
    /// A candidate must pass without its defects.
    must_pass_without_defects: bool,
    is_over: bool,
    watch: &'a mut dyn FnMut(Progress) -> ControlFlow<()>,
}

impl<'a> Search<'a> {
    /// A search for what is smaller than a plan that fails, and what each client has said when that does.
    pub(super) fn begin(
        plan: &Plan,
        watch: &'a mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<(Search<'a>, Vec<Vec<Step>>), Refusal> {
        plan.check().map_err(Refusal::Unsound)?;
        let mut world = run_with_records(plan);
        let violation = world.outcome().violations.into_iter().next().ok_or(Refusal::Passes)?;
        let without = Plan { defects: Vec::new(), ..plan.clone() };
        let mut search = Search {
            plan: plan.clone(),
            tries: 1,
            pass: "begin",
            limit: limit(&violation),
            must_pass_without_defects: !plan.defects.is_empty() && crate::run_plan(without).passed(),
            is_over: false,
            violation,
            watch,
        };
        search.ask();
        Ok((search, world.take_records()))
    }

    /// The size of the plan.
    pub(super) fn size(&self) -> Size {
        Size::of(&self.plan)
    }

    /// What each client has said when the plan fails.
    pub(super) fn what_is_said(&self) -> Vec<Vec<Step>> {
        run_with_records(&self.plan).take_records()
    }

    /// True once whoever watches has had enough.
    pub(super) fn is_over(&self) -> bool {
        self.is_over
    }

    /// True if the failure is one that is seen only after the quiet point.
    pub(super) fn is_of_the_end(&self) -> bool {
        self.violation.property == Property::Converges
    }

    /// Runs a candidate; takes it in place of the plan if it fails in the same way.
    pub(super) fn attempt(&mut self, candidate: Plan) -> bool {
        if self.is_over || candidate == self.plan || candidate.check().is_err() {
            return false;
        }
        self.tries += 1;
        let failure = self.failure_of(&candidate);
        let failure = failure.filter(|_| self.is_clean_without_defects(&candidate));
        let is_taken = failure.is_some();
        if let Some(violation) = failure {
            self.limit = limit(&violation);
            self.violation = violation;
            self.plan = candidate;
        }
        self.ask();
        is_taken
    }

    /// Asks whoever watches whether to go on.
    fn ask(&mut self) {
        let progress = Progress { pass: self.pass, tries: self.tries, size: self.size() };
        self.is_over |= (self.watch)(progress).is_break();
    }

    /// The same with other seeds, too: what was left out may have moved choices that have nothing to do with it.
    pub(super) fn attempt_by_any_seed(&mut self, candidate: &Plan) -> bool {
        let seeds = std::iter::once(candidate.seed).chain(OTHER_SEEDS);
        seeds.into_iter().any(|seed| self.attempt(Plan { seed, ..candidate.clone() }))
    }

    /// Changes a copy of the plan and attempts it.
    pub(super) fn change(&mut self, change: impl FnOnce(&mut Plan)) -> bool {
        let mut candidate = self.plan.clone();
        change(&mut candidate);
        self.attempt(candidate)
    }

    fn failure_of(&mut self, candidate: &Plan) -> Option<Violation> {
        let mut world = World::new(candidate.clone());
        world.begin();
        // After the quiet point the check itself says how long it may take.
        let at_us = if self.is_of_the_end() { Micros::MAX } else { self.limit.at_us };
        let events = self.limit.events;
        self.run(&mut world, |world| world.now() <= at_us && world.events() <= events)?;
        let violation = world.outcome().violations.into_iter().next()?;
        (violation.signature() == self.violation.signature()).then_some(violation)
    }

    fn is_clean_without_defects(&mut self, candidate: &Plan) -> bool {
        if !self.must_pass_without_defects {
            return true;
        }
        let mut world = World::new(Plan { defects: Vec::new(), ..candidate.clone() });
        world.begin();
        self.run(&mut world, |_| true).is_some() && world.outcome().passed()
    }

    /// Runs a world to its end, or as long as it is to go on; `None` if whoever watches has had enough before.
    fn run(&mut self, world: &mut World, goes_on: impl Fn(&World) -> bool) -> Option<()> {
        while goes_on(world) && world.step() {
            if world.events().is_multiple_of(ASKED_EVERY) {
                self.ask();
                if self.is_over {
                    return None;
                }
            }
        }
        Some(())
    }
}

fn run_with_records(plan: &Plan) -> World {
    let mut world = World::new(plan.clone());
    world.record_clients();
    world.begin();
    while world.step() {}
    world
}

fn limit(violation: &Violation) -> Limit {
    Limit { at_us: violation.at_us + LATER, events: 2 * violation.event + 10_000 }
}
