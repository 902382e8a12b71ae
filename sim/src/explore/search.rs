//! In which order are states looked at?
//!
//! Breadth first: all that can be reached by one step more than what was reached before. So the first breach that is found is one at the least depth, and when there is nothing
//! new the space is closed. A state is kept until it was expanded; of all that were ever seen are kept the name, the state before and the step from there.

use rayon::prelude::*;
use serde::Serialize;

use super::engine::{Broken, Engine, Tables};
use super::index::{Index, Name, name_of};
use super::local::{Input, Local};
use super::oracle::Oracle;
use super::state::{Act, State};
use super::terms::{HOSTS, Terms};
use super::trace::walk;
use crate::check::Violation;
use crate::journal::Line;

/// States that are expanded before what was found is put together. Whatever the number of threads, the same is found first.
const BATCH: usize = 1 << 13;
/// Bytes of a host in the tables, measured, with what is beside it.
const HOST_BYTES: u64 = 40 << 10;
/// Bytes of what the checks know, likewise.
const ORACLE_BYTES: u64 = 2 << 10;

/// Why a search ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// There is no state that was not looked at.
    Closed,
    /// A property was broken.
    Broken,
    /// States deeper than the bound were left.
    DepthBound,
    /// There were more states than the bound.
    StatesBound,
    /// They took more memory than the bound.
    MemoryBound,
}

/// What came of a search.
#[derive(Clone, Debug, Serialize)]
pub struct Explored {
    /// What was explored.
    pub terms: Terms,
    /// Why it ended.
    pub end: End,
    /// Different states.
    pub states: u64,
    /// Steps between them.
    pub transitions: u64,
    /// Steps to the deepest one.
    pub depth: u32,
    /// States in which nothing was under way, and from which the world has come to rest.
    pub quiet: u64,
    /// States of single hosts.
    pub host_states: u64,
    /// What was broken, if anything was.
    pub found: Option<Found>,
}

/// A breach and the way there.
#[derive(Clone, Debug, Serialize)]
pub struct Found {
    /// What was broken.
    pub violation: Violation,
    /// The steps, as words, separated by commas: what `--trace` reads.
    pub trace: String,
    /// What happened, step by step.
    pub journal: Vec<Line>,
}

/// How far a search has come.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Steps from the beginning.
    pub depth: u32,
    /// States so far.
    pub states: u64,
    /// States of this depth that are still to be expanded.
    pub frontier: u64,
}

/// Where a breach was found.
struct Lead {
    from: u32,
    /// The step that breaks something; none if it is the way to rest.
    act: Option<Act>,
}

/// What became of a part of a batch.
struct Expansion {
    fresh: Tables,
    next: Vec<(u32, Act, Name, State)>,
    transitions: u64,
    quiet: u64,
    lead: Option<Lead>,
}

/// Everything seen so far.
struct Search<'a> {
    terms: &'a Terms,
    tables: Tables,
    seen: Index<()>,
    /// The state before, and the step from there. The first state comes from itself.
    ways: Vec<(u32, Act)>,
    explored: Explored,
}

/// Explores a world. `progress` is told now and then.
#[must_use]
pub fn explore(terms: &Terms, progress: &mut dyn FnMut(Progress)) -> Explored {
    let known = Tables::default();
    let mut engine = Engine::new(terms, &known);
    let first = engine.first_state();
    let tables = engine.fresh;
    let explored = Explored {
        terms: terms.clone(),
        end: End::Closed,
        states: 0,
        transitions: 0,
        depth: 0,
        quiet: 0,
        host_states: 0,
        found: None,
    };
    let mut search = Search { terms, tables, seen: Index::default(), ways: Vec::new(), explored };
    match first {
        Ok(state) => search.run(state, progress),
        Err(_) => search.follow(&Lead { from: 0, act: None }),
    }
    search.explored.host_states = search.tables.hosts.len() as u64;
    search.explored
}

impl Engine<'_> {
    /// All are up and in step, and one write has been made.
    pub(super) fn first_state(&mut self) -> Result<State, Broken> {
        let mut hosts = [0; HOSTS];
        for (host, name) in (0..).zip(&mut hosts) {
            let local = Local::new(host);
            *name = local.name();
            self.keep_host(*name, local);
        }
        let oracle = self.keep_oracle(Oracle::new());
        let budget = self.terms.budget;
        let told = std::array::from_fn(|host| self.terms.follows(host as u8, 0));
        let before =
            State { hosts, links: Vec::new(), oracle, master: 0, told, left: budget, timers: [budget.timers; HOSTS] };
        let up = self.settle(&before)?;
        let written = self.run(up, [(0, Input::Write)].into())?;
        let settled = self.settle(&written)?;
        Ok(State { left: budget, timers: [budget.timers; HOSTS], ..settled })
    }
}

impl Search<'_> {
    fn run(&mut self, first: State, progress: &mut dyn FnMut(Progress)) {
        self.seen.insert(name_of(&first), ());
        self.ways.push((0, Act::Start { host: 0 }));
        let mut frontier = vec![(0, first)];
        while !frontier.is_empty() {
            if self.explored.depth >= self.terms.depth_max {
                self.explored.end = End::DepthBound;
                break;
            }
            let mut next = Vec::new();
            for (batch, rest) in frontier.chunks(BATCH).zip((0..).step_by(BATCH)) {
                let frontier_left = (frontier.len() - rest) as u64;
                progress(Progress {
                    depth: self.explored.depth,
                    states: self.ways.len() as u64,
                    frontier: frontier_left,
                });
                if let Some(lead) = self.expand(batch, &mut next) {
                    self.explored.states = self.ways.len() as u64;
                    self.follow(&lead);
                    return;
                }
                if let Some(end) = self.bound(next.len() + frontier.len()) {
                    (self.explored.end, self.explored.states) = (end, self.ways.len() as u64);
                    return;
                }
            }
            self.explored.depth += u32::from(!next.is_empty());
            frontier = next;
        }
        self.explored.states = self.ways.len() as u64;
    }

    fn bound(&self, states_kept: usize) -> Option<End> {
        let tables = &self.tables;
        let state_bytes = size_of::<State>() + 6 * size_of::<super::state::Link>();
        let bytes = tables.hosts.len() as u64 * HOST_BYTES
            + tables.oracles.len() as u64 * ORACLE_BYTES
            + (tables.turns.len() * 1024 + tables.looks.bytes() + self.seen.bytes() + self.ways.len() * 8) as u64
            + (states_kept * state_bytes) as u64;
        match () {
            () if self.ways.len() as u64 >= self.terms.states_max => Some(End::StatesBound),
            () if bytes >= self.terms.bytes_max => Some(End::MemoryBound),
            () => None,
        }
    }

    /// Expands some states, each thread as many.
    fn expand(&mut self, batch: &[(u32, State)], next: &mut Vec<(u32, State)>) -> Option<Lead> {
        let size = batch.len().div_ceil(rayon::current_num_threads());
        let expansions: Vec<Expansion> = batch.par_chunks(size).map(|part| self.expand_part(part)).collect();
        for Expansion { fresh, next: found, transitions, quiet, lead } in expansions {
            self.tables.merge(fresh);
            self.explored.transitions += transitions;
            self.explored.quiet += quiet;
            for (from, act, name, state) in found {
                if self.seen.insert(name, ()) {
                    next.push((self.ways.len() as u32, state));
                    self.ways.push((from, act));
                }
            }
            if lead.is_some() {
                return lead;
            }
        }
        None
    }

    fn expand_part(&self, part: &[(u32, State)]) -> Expansion {
        let mut engine = Engine::new(self.terms, &self.tables);
        let mut new = Index::default();
        let mut expansion =
            Expansion { fresh: Tables::default(), next: Vec::new(), transitions: 0, quiet: 0, lead: None };
        for (number, state) in part {
            expansion.lead = self.expand_one(&mut engine, *number, state, &mut new, &mut expansion);
            if expansion.lead.is_some() {
                break;
            }
        }
        expansion.fresh = engine.fresh;
        expansion
    }

    fn expand_one(
        &self,
        engine: &mut Engine<'_>,
        number: u32,
        state: &State,
        new: &mut Index<()>,
        expansion: &mut Expansion,
    ) -> Option<Lead> {
        for act in engine.acts(state) {
            expansion.transitions += 1;
            match engine.step(state, act) {
                Err(_) => return Some(Lead { from: number, act: Some(act) }),
                Ok(after) => {
                    let name = name_of(&after);
                    if self.seen.get(name).is_none() && new.insert(name, ()) {
                        expansion.next.push((number, act, name, after));
                    }
                }
            }
        }
        if engine.is_quiet(state) {
            expansion.quiet += 1;
            if engine.settle(state).is_err() {
                return Some(Lead { from: number, act: None });
            }
        }
        None
    }

    /// Goes the way to a breach once more, and keeps a journal of it.
    fn follow(&mut self, lead: &Lead) {
        let mut acts: Vec<Act> = lead.act.into_iter().collect();
        let mut at = lead.from;
        while at != 0 {
            let (before, act) = self.ways[at as usize];
            acts.push(act);
            at = before;
        }
        let walked = walk(self.terms, &mut |_, _| Ok(acts.pop()));
        self.explored.end = End::Broken;
        self.explored.found = walked.ok().and_then(|walked| walked.into_found().ok());
    }
}
