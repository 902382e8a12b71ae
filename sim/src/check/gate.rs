//! Is a write accepted only while enough replicas are close behind?
//!
//! With `min-replicas-to-write` n and `min-replicas-max-lag` L a replica counts as long as it lacks nothing that is older than L, in whole seconds.
//! So whenever a master accepts a write, n replicas have all that was in its stream L and a second ago. It is remembered, for each host, where it stood
//! when; what was before its data were replaced, or before its life began, is asked of nobody.

use std::collections::VecDeque;

use super::holding::Place;
use super::{Breach, Property};
use crate::queue::{MILLISECOND, Micros, SECOND};

/// Masters count in whole seconds: what is a second younger counts as old as that.
pub(crate) const SECOND_COUNTED: Micros = SECOND;
/// An event or two may lie between what a master has counted and the write that it lets in.
const SLACK: Micros = MILLISECOND;

/// What a master's configuration demands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Demand {
    /// So many replicas.
    pub(crate) replicas: usize,
    /// May lack what is younger than this.
    pub(crate) lag: Micros,
}

/// Where each host stood when.
#[derive(Debug)]
pub(crate) struct Gate {
    trails: Vec<VecDeque<(Micros, Place)>>,
}

impl Gate {
    /// For so many hosts.
    pub(crate) fn new(hosts: usize) -> Gate {
        Gate { trails: vec![VecDeque::new(); hosts] }
    }

    /// A host's data are replaced, or it begins a new life, or nothing is demanded of it.
    pub(crate) fn forget(&mut self, host: u16) {
        self.trails[usize::from(host)].clear();
    }

    /// A host of which something is demanded has got to a place.
    pub(crate) fn moved(&mut self, host: u16, place: Place, demand: Demand, now: Micros) {
        let trail = &mut self.trails[usize::from(host)];
        let until = now.saturating_sub(reach(demand));
        while trail.get(1).is_some_and(|(at, _)| *at <= until) {
            trail.pop_front();
        }
        trail.push_back((now, place));
    }

    /// Where a host stood at a moment, and since when, if that is remembered.
    pub(crate) fn stood_at(&self, host: u16, moment: Micros) -> Option<(Micros, Place)> {
        self.trails[usize::from(host)].iter().take_while(|(at, _)| *at <= moment).last().copied()
    }

    /// A master has accepted a write. `holders` counts the replicas that have, or had as far as can be known, what lies at a place.
    ///
    /// # Errors
    ///
    /// Tells that too few replicas were close enough behind.
    pub(crate) fn accepted(
        &self,
        host: u16,
        demand: Demand,
        now: Micros,
        holders: impl FnOnce(Place) -> usize,
    ) -> Result<(), Breach> {
        let until = now.saturating_sub(reach(demand));
        let Some((at, place)) = self.stood_at(host, until) else { return Ok(()) };
        let holders = holders(place);
        if holders >= demand.replicas {
            return Ok(());
        }
        let explanation = format!(
            "it accepted a write while {holders} replicas had what was written {} ms before, and {} must lag {} ms at most",
            (now - at) / MILLISECOND,
            demand.replicas,
            demand.lag / MILLISECOND
        );
        Err(Breach::new(Property::GateHolds, explanation))
    }
}

/// How far back a write asks.
fn reach(demand: Demand) -> Micros {
    demand.lag + SECOND_COUNTED + SLACK
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEMAND: Demand = Demand { replicas: 1, lag: 2 * SECOND };

    fn at(offset: u64) -> Place {
        Place { history: 0, offset }
    }

    #[test]
    fn replicas_must_have_what_is_older_than_the_lag_and_a_look() {
        let mut gate = Gate::new(1);
        for second in 1..=10 {
            gate.moved(0, at(second), DEMAND, second * SECOND);
        }
        let reached = |held: u64| move |asked: Place| usize::from(asked.offset <= held);
        let now = 10 * SECOND + SECOND / 2;
        assert_eq!(
            gate.accepted(0, DEMAND, now, reached(7)),
            Ok(()),
            "what was written in the last three seconds is not asked for"
        );
        let breach = gate.accepted(0, DEMAND, now, reached(6)).expect_err("this was");
        assert_eq!(breach.property, Property::GateHolds);
        gate.forget(0);
        assert_eq!(gate.accepted(0, DEMAND, now, reached(0)), Ok(()));
    }

    #[test]
    fn only_what_may_be_asked_for_is_remembered() {
        let mut gate = Gate::new(1);
        for second in 0..1000 {
            gate.moved(0, at(second), DEMAND, second * SECOND);
        }
        assert!(gate.trails[0].len() <= 5, "{}", gate.trails[0].len());
    }
}
