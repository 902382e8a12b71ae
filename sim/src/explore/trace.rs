//! What happens on one way through a world?
//!
//! A trace names the steps of a way, one after another. It is gone once more, with a journal; whoever has nothing under way at its end is let come to rest.

use super::engine::{Broken, Engine, Tables};
use super::search::Found;
use super::state::{Act, State};
use super::terms::{Budget, HOSTS, Terms};
use crate::check::Violation;
use crate::journal::{Line, Topic, host_name};

/// Chooses the next step in a state, until there is none; or says why it cannot.
pub(super) type Choice<'c> = dyn FnMut(&Engine<'_>, &State) -> Result<Option<Act>, String> + 'c;

/// A way that was gone.
#[derive(Debug, Default)]
pub(super) struct Walked {
    words: Vec<String>,
    journal: Vec<Line>,
    broken: Option<Broken>,
}

/// Goes a way once more. `next` chooses each step, until it has none.
pub(super) fn walk(terms: &Terms, next: &mut Choice<'_>) -> Result<Walked, String> {
    let known = Tables::default();
    let mut engine = Engine::new(terms, &known);
    let mut walked = Walked::default();
    let first = engine.first_state();
    engine.journal = Some(Vec::new());
    let way = first.and_then(|first| engine.walk(first, next, &mut walked.words));
    walked.journal = engine.journal.take().unwrap_or_default();
    match way {
        Ok(result) => result?,
        Err(broken) => walked.broken = Some(broken),
    }
    Ok(walked)
}

impl Engine<'_> {
    fn walk(
        &mut self,
        mut state: State,
        next: &mut Choice<'_>,
        words: &mut Vec<String>,
    ) -> Result<Result<(), String>, Broken> {
        // Whoever chooses keeps the budget.
        let spare = Budget {
            writes: u8::MAX,
            cuts: u8::MAX,
            crashes: u8::MAX,
            promotions: u8::MAX,
            pieces: u8::MAX,
            saves: u8::MAX,
            waits: u8::MAX,
            timers: u8::MAX,
        };
        loop {
            (state.left, state.timers) = (spare, [u8::MAX; HOSTS]);
            match next(self, &state) {
                Err(why) => return Ok(Err(why)),
                Ok(None) => break,
                Ok(Some(act)) => {
                    words.push(act.word(&state));
                    self.note_act(&state, act);
                    state = self.step(&state, act)?;
                }
            }
        }
        if self.is_quiet(&state) {
            self.settle(&state)?;
        }
        Ok(Ok(()))
    }

    /// Tells of a step, if a journal is kept.
    pub(super) fn note_act(&mut self, state: &State, act: Act) {
        let host = match act {
            Act::Deliver { link, from, .. } => state.links[usize::from(link)].sites[1 - usize::from(from)],
            Act::Cut { link } => state.links[usize::from(link)].sites[0],
            Act::Write { host } | Act::Wait { host } | Act::Save { host } | Act::Timer { host } => host,
            Act::Crash { host, .. } | Act::Start { host } | Act::Promote { host } | Act::Point { host } => host,
        };
        self.tell(state, host, Topic::Event, || act.word(state));
    }
}

impl Walked {
    /// What was broken, if anything was, and what happened.
    pub(super) fn into_found(mut self) -> Result<Found, Vec<Line>> {
        let Some(Broken { host, breach }) = self.broken else { return Err(self.journal) };
        let at_us = self.journal.last().map_or(0, |line| line.at_us);
        let node = host.map_or_else(|| "the world".into(), |host| host_name(u16::from(host)));
        let (name, why) = (breach.property.name(), &breach.explanation);
        self.journal.push(Line { at_us, topic: Topic::World, text: format!("VIOLATION of {name} by {node}: {why}") });
        let violation = Violation {
            property: breach.property,
            role: "world".into(),
            node,
            at_us,
            event: self.words.len() as u64,
            explanation: breach.explanation,
        };
        Ok(Found { violation, trace: self.words.join(","), journal: self.journal })
    }
}

/// Goes the way that a trace tells. Budgets do not matter.
///
/// # Errors
///
/// Says which step is none, and what there would be.
pub fn retrace(terms: &Terms, trace: &str) -> Result<Result<Found, Vec<Line>>, String> {
    let mut words = trace.split(',').map(str::trim).filter(|word| !word.is_empty());
    let mut choose = |engine: &Engine<'_>, state: &State| {
        let Some(word) = words.next() else { return Ok(None) };
        let acts = engine.acts(state);
        acts.iter().copied().find(|act| act.word(state) == word).map(Some).ok_or_else(|| {
            let there: Vec<String> = acts.iter().map(|act| act.word(state)).collect();
            format!("there is no step `{word}` here; there are {}", there.join(", "))
        })
    };
    let terms = Terms { budget: Budget { promotions: 0, ..terms.budget }, ..terms.clone() };
    walk(&terms, &mut choose).map(Walked::into_found)
}
