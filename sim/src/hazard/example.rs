//! What happens in one run of a cell?

use super::cell::Cell;
use super::draws::Draws;
use super::staging::{Moments, plan};
use crate::journal::{Clock, Line, Topic};
use crate::plan::{Plan, Setting};
use crate::queue::{Micros, SECOND};
use crate::replay;
use crate::viewer::{Filmed, film};

/// So much before the crash the story begins, and so much after the master's return it ends.
const BEFORE: Micros = SECOND;
const AFTER: Micros = 12 * SECOND;

/// What a node's log says of the guard.
const WORDS: [&str; 5] =
    ["The master offers", "Nothing is dropped", "What we had is in", "is accepted", "protection of this restart"];

/// A run that is looked at.
#[derive(Clone, Debug)]
pub struct Shown {
    /// Its plan.
    pub plan: Plan,
    /// When the master crashes, in microseconds.
    pub crash_at: Micros,
    /// When it starts again.
    pub restart_at: Micros,
    /// When its outcome is judged.
    pub judged_at: Micros,
}

impl Shown {
    /// Of a cell and a seed; `given` as in [`plan`].
    #[must_use]
    pub fn of(cell: &Cell, seed: u64, given: &[Setting]) -> Shown {
        let draws = Draws::of(seed);
        let Moments { crash_at, restart_at, judged_at, .. } = Moments::of(cell, &draws);
        Shown { plan: plan(cell, &draws, given), crash_at, restart_at, judged_at }
    }

    /// What matters in it, line by line.
    #[must_use]
    pub fn story(&self) -> String {
        let (_, lines) = replay(self.plan.clone());
        let is_told = |line: &&Line| {
            let is_in_time = (self.crash_at.saturating_sub(BEFORE)..self.judged_at).contains(&line.at_us);
            let matters = match line.topic {
                Topic::Sync | Topic::Life | Topic::World | Topic::Fault | Topic::Operator => true,
                _ => WORDS.iter().any(|words| line.text.contains(words)),
            };
            is_in_time && matters
        };
        let mut text: String = lines.iter().filter(is_told).map(|line| format!("{line}\n")).collect();
        text += &format!("t={}  here it is judged\n", Clock(self.judged_at));
        text
    }

    /// What there is to see from the crash to a while after the return of the master, or after the takeover.
    #[must_use]
    pub fn film(&self) -> Filmed {
        let to = self.restart_at + AFTER;
        film(self.plan.clone(), self.crash_at.saturating_sub(BEFORE)..=to)
    }
}
