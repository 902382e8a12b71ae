//! What do all runs of all cells say?

use serde::{Deserialize, Serialize};

use super::cell::{Cell, Guard};
use super::judging::Outcome;
use super::statistics::{Mean, Quantiles, Share};
use crate::plan::Setting;
use crate::queue::Micros;

/// All that a study has found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// What it was asked for, in words that ask for it again.
    pub command: String,
    /// Runs in each cell: the seeds from this on.
    pub first_seed: u64,
    /// So many.
    pub runs: u32,
    /// Directives of a configuration file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub given: Vec<Setting>,
    /// What that configuration risks, in sentences.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub risks: Vec<String>,
    /// The cells, in the order of the grid.
    pub cells: Vec<CellReport>,
    /// Each other policy of the guard against `allow`, over all cells that differ by it alone.
    pub against_allow: Vec<PolicyReport>,
}

/// What a cell's runs say.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CellReport {
    /// Its name.
    pub name: String,
    /// Its values.
    #[serde(flatten)]
    pub cell: Cell,
    /// Runs in which a write was acknowledged before the crash. Whatever is said below of losses, and of who can write again, is said of these alone.
    pub at_risk: u32,
    /// No node has any of the endangered keys. None if there are none in any run, likewise below.
    pub total_loss: Option<Share>,
    /// Some of them no node has.
    pub partial_loss: Option<Share>,
    /// The node that serves as master has none of them.
    pub master_empty: Option<Share>,
    /// Acknowledged writes were lost to clients, and all of them are still at some node, or in an archive.
    pub recoverable: Option<Share>,
    /// Acknowledged writes that the node that serves as master has not.
    pub lost_writes: Option<Mean>,
    /// Those that no node has and no archive.
    pub unrecoverable: Option<Mean>,
    /// Of two replicas, those that have none of the endangered keys any more.
    pub wiped_replicas: Option<Mean>,
    /// Seconds from the crash to the next acknowledged write; all that were watched if there was none. None where nobody writes.
    pub without_writes_s: Option<Mean>,
    /// The same, since a machine takes longer than a process and means tell little of that.
    pub without_writes_quantiles_s: Option<Quantiles>,
    /// There was none.
    pub never_resumed: Option<Share>,
    /// What those runs have in common.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stuck: Option<Stuck>,
    /// A replica was promoted.
    pub taken_over: Share,
    /// A replica holds its master off in the end.
    pub held_off: Share,
    /// A replica did so without need.
    pub falsely_held_off: Share,
    /// A property of the simulator was broken.
    pub broken: Share,
    /// A run to look at.
    pub example: Example,
    /// Against the same cell with `allow`, seed by seed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub against_allow: Option<Against>,
}

/// What is so in each run in which nobody could write again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stuck {
    /// At least so many replicas hold their master off in the end.
    pub held_off: u32,
    /// The master is empty.
    pub is_master_empty: bool,
}

impl Stuck {
    fn of<'a>(outcomes: impl Iterator<Item = &'a Outcome>) -> Option<Stuck> {
        let stuck = outcomes.filter(|outcome| outcome.is_never_resumed);
        let each = stuck.map(|outcome| Stuck { held_off: outcome.held_off, is_master_empty: outcome.is_master_empty });
        each.reduce(|one, other| Stuck {
            held_off: one.held_off.min(other.held_off),
            is_master_empty: one.is_master_empty && other.is_master_empty,
        })
    }
}

/// A run to look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Example {
    /// Its seed.
    #[serde(with = "crate::wide")]
    pub seed: u64,
    /// What came of it.
    pub what: Kind,
}

/// What came of a run, in a word. The worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A property was broken.
    Broken,
    /// No node has anything.
    TotalLoss,
    /// No node has everything.
    PartialLoss,
    /// A replica holds its master off without need.
    FalselyHeldOff,
    /// The master has nothing.
    MasterEmpty,
    /// The master lacks acknowledged writes.
    LostWrites,
    /// Nothing was lost.
    NoLoss,
    /// Nothing could be.
    NothingAtRisk,
}

impl Kind {
    /// Of a run.
    #[must_use]
    pub fn of(outcome: &Outcome) -> Kind {
        match outcome {
            Outcome { broken: Some(_), .. } => Kind::Broken,
            Outcome { is_total: true, .. } => Kind::TotalLoss,
            Outcome { is_partial: true, .. } => Kind::PartialLoss,
            Outcome { falsely_held_off: 1.., .. } => Kind::FalselyHeldOff,
            Outcome { is_master_empty: true, .. } => Kind::MasterEmpty,
            Outcome { lost_writes: 1.., .. } => Kind::LostWrites,
            Outcome { endangered: 0, .. } => Kind::NothingAtRisk,
            _ => Kind::NoLoss,
        }
    }

    /// For people.
    #[must_use]
    pub fn in_words(self) -> &'static str {
        match self {
            Kind::Broken => "a property is broken",
            Kind::TotalLoss => "total loss",
            Kind::PartialLoss => "partial loss",
            Kind::FalselyHeldOff => "held off without need",
            Kind::MasterEmpty => "master empty, data at a replica",
            Kind::LostWrites => "writes lost to clients",
            Kind::NoLoss => "no loss",
            Kind::NothingAtRisk => "no write was acknowledged before the crash: nothing to lose",
        }
    }
}

/// Differences between two cells over the same seeds: this one less the other.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Against {
    /// Of the share of total losses.
    pub total_loss: Option<Mean>,
    /// Of lost writes.
    pub lost_writes: Option<Mean>,
    /// Of writes that nobody has any more.
    pub unrecoverable: Option<Mean>,
    /// Of seconds without writes, where somebody writes.
    pub without_writes_s: Option<Mean>,
}

/// A policy against `allow`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PolicyReport {
    /// Which.
    pub guard: Guard,
    /// Pairs of runs.
    pub pairs: u32,
    /// Their differences.
    #[serde(flatten)]
    pub against: Against,
}

impl Against {
    fn of<'a>(pairs: impl Iterator<Item = (&'a Outcome, &'a Outcome)> + Clone) -> Against {
        let mean = |value: &dyn Fn(&Outcome) -> f64| {
            Mean::of(&pairs.clone().map(|(one, other)| value(one) - value(other)).collect::<Vec<_>>())
        };
        let written = pairs
            .clone()
            .filter_map(|(one, other)| Some(seconds(one.without_writes_us?) - seconds(other.without_writes_us?)));
        Against {
            total_loss: mean(&|outcome| f64::from(u8::from(outcome.is_total))),
            lost_writes: mean(&|outcome| f64::from(outcome.lost_writes)),
            unrecoverable: mean(&|outcome| f64::from(outcome.unrecoverable)),
            without_writes_s: Mean::of(&written.collect::<Vec<_>>()),
        }
    }
}

/// The runs of two cells, seed by seed, that both have something to lose.
fn pairs<'a>(
    one: &'a [Outcome],
    other: &'a [Outcome],
) -> impl Iterator<Item = (&'a Outcome, &'a Outcome)> + Clone + use<'a> {
    one.iter().zip(other).filter(|(one, other)| one.is_at_risk() && other.is_at_risk())
}

fn seconds(micros: Micros) -> f64 {
    micros as f64 / 1e6
}

impl CellReport {
    fn of(cell: Cell, outcomes: &[Outcome], allowed: Option<&[Outcome]>) -> CellReport {
        let at_risk: Vec<&Outcome> = outcomes.iter().filter(|outcome| outcome.is_at_risk()).collect();
        let share = |is_so: &dyn Fn(&Outcome) -> bool| {
            let count = outcomes.iter().filter(|outcome| is_so(outcome)).count();
            Share::of(count as u32, outcomes.len() as u32)
        };
        let risk = |is_so: &dyn Fn(&Outcome) -> bool| {
            let count = at_risk.iter().filter(|outcome| is_so(outcome)).count();
            (!at_risk.is_empty()).then(|| Share::of(count as u32, at_risk.len() as u32))
        };
        let mean =
            |value: &dyn Fn(&Outcome) -> f64| Mean::of(&at_risk.iter().map(|run| value(run)).collect::<Vec<_>>());
        let without_writes = at_risk.iter().filter_map(|outcome| outcome.without_writes_us.map(seconds));
        let without_writes: Vec<f64> = without_writes.collect();
        let example = outcomes.iter().map(|outcome| (Kind::of(outcome), outcome.seed)).min();
        let (what, seed) = example.unwrap_or((Kind::NoLoss, 0));
        CellReport {
            name: cell.to_string(),
            cell,
            at_risk: at_risk.len() as u32,
            total_loss: risk(&|outcome| outcome.is_total),
            partial_loss: risk(&|outcome| outcome.is_partial),
            master_empty: risk(&|outcome| outcome.is_master_empty),
            recoverable: risk(&Outcome::is_recoverable),
            lost_writes: mean(&|outcome| f64::from(outcome.lost_writes)),
            unrecoverable: mean(&|outcome| f64::from(outcome.unrecoverable)),
            wiped_replicas: mean(&|outcome| f64::from(outcome.wiped_replicas)),
            without_writes_s: Mean::of(&without_writes),
            without_writes_quantiles_s: Quantiles::of(&without_writes),
            never_resumed: risk(&|outcome| outcome.is_never_resumed),
            stuck: Stuck::of(at_risk.iter().copied()),
            taken_over: share(&|outcome| outcome.has_taken_over),
            held_off: share(&|outcome| outcome.held_off > 0),
            falsely_held_off: share(&|outcome| outcome.falsely_held_off > 0),
            broken: share(&|outcome| outcome.broken.is_some()),
            example: Example { seed, what },
            against_allow: allowed.map(|allowed| Against::of(pairs(outcomes, allowed))),
        }
    }
}

impl Report {
    /// Puts together what came of the runs: for each cell one outcome for each seed, in the same order everywhere.
    #[must_use]
    pub fn of(command: String, given: &[Setting], first_seed: u64, results: &[(Cell, Vec<Outcome>)]) -> Report {
        let allowed = |cell: &Cell| {
            let twin = Cell { guard: Guard::Allow, ..*cell };
            let found = results.iter().find(|(other, _)| cell.guard != Guard::Allow && *other == twin);
            found.map(|(_, outcomes)| outcomes.as_slice())
        };
        let cells = results.iter().map(|(cell, outcomes)| CellReport::of(*cell, outcomes, allowed(cell)));
        let policies = Guard::ALL.iter().filter_map(|guard| {
            let own = results.iter().filter(|(cell, _)| cell.guard == *guard);
            let all = own.filter_map(|(cell, outcomes)| Some(pairs(outcomes, allowed(cell)?))).flatten();
            let count = all.clone().count();
            (count > 0).then(|| PolicyReport { guard: *guard, pairs: count as u32, against: Against::of(all) })
        });
        Report {
            command,
            first_seed,
            runs: results.first().map_or(0, |(_, outcomes)| outcomes.len() as u32),
            given: given.to_vec(),
            risks: Vec::new(),
            cells: cells.collect(),
            against_allow: policies.collect(),
        }
    }

    /// True if no run has broken a property of the simulator.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.cells.iter().all(|cell| cell.broken.count == 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(seed: u64, is_total: bool, lost_writes: u32) -> Outcome {
        let unrecoverable = if is_total { lost_writes } else { 0 };
        let without_writes_us = Some(1_500_000);
        Outcome { seed, endangered: 100, is_total, lost_writes, unrecoverable, without_writes_us, ..Outcome::default() }
    }

    #[test]
    fn runs_without_anything_to_lose_make_no_rate_of_loss_nor_do_they_thin_one_out() {
        let cell = |guard: &str| format!("off/1s/none/{guard}/star/writing").parse::<Cell>().expect("it is a cell");
        let untold = |seed| Outcome { seed, without_writes_us: Some(9), is_never_resumed: true, ..Outcome::default() };
        let results = [
            (cell("allow"), vec![outcome(0, true, 10), untold(1), outcome(2, true, 30)]),
            (cell("default"), vec![untold(0), untold(1), outcome(2, false, 0)]),
            (cell("refuse"), vec![untold(0), untold(1), untold(2)]),
        ];
        let report = Report::of("hazard".into(), &[], 0, &results);
        let [some, one, none] = &report.cells[..] else { panic!("three cells") };
        assert_eq!((some.at_risk, some.total_loss), (2, Some(Share::of(2, 2))));
        assert_eq!(some.lost_writes.map(|lost| lost.mean), Some(20.0));
        assert_eq!(
            (some.never_resumed, some.stuck),
            (Some(Share::of(0, 2)), None),
            "again means that one could before"
        );
        assert_eq!((one.at_risk, one.total_loss, one.example.what), (1, Some(Share::of(0, 1)), Kind::NoLoss));
        assert_eq!((none.at_risk, none.total_loss, none.lost_writes, none.without_writes_s), (0, None, None, None));
        assert_eq!(none.example, Example { seed: 0, what: Kind::NothingAtRisk });
        assert_eq!(report.against_allow.iter().map(|policy| policy.pairs).collect::<Vec<_>>(), [1], "one pair tells");
        let told = report.to_string();
        assert!(told.contains("NOTHING AT RISK in 1 of 3 runs of off/1s/none/allow/star/writing"), "{told}");
        assert!(told.contains("NOTHING AT RISK in 3 of 3 runs of off/1s/none/refuse/star/writing"), "{told}");
        let row = told.lines().find(|line| line.starts_with("off/1s/none/refuse")).expect("it has a row");
        let columns: Vec<&str> = row.split_whitespace().skip(1).take(7).collect();
        assert_eq!(columns, ["-"; 7], "{row}");
    }

    #[test]
    fn what_runs_without_writes_have_in_common_is_true_of_each() {
        let stuck = |seed, held_off, is_master_empty| Outcome {
            is_never_resumed: true,
            held_off,
            is_master_empty,
            ..outcome(seed, false, 0)
        };
        let cell = "off/1s/none/default/star/writing".parse().expect("it is a cell");
        let of = |outcomes: &[Outcome]| CellReport::of(cell, outcomes, None).stuck;
        assert_eq!(of(&[stuck(0, 2, true), outcome(1, false, 0)]), Some(Stuck { held_off: 2, is_master_empty: true }));
        assert_eq!(of(&[stuck(0, 2, true), stuck(1, 1, false)]), Some(Stuck { held_off: 1, is_master_empty: false }));
        assert_eq!(of(&[outcome(1, false, 0)]), None);
    }

    #[test]
    fn a_policy_is_compared_with_allow_seed_by_seed() {
        let cell = |guard: &str| format!("off/1s/none/{guard}/star/writing").parse::<Cell>().expect("it is a cell");
        let results = [
            (cell("allow"), vec![outcome(0, true, 10), outcome(1, true, 30)]),
            (cell("default"), vec![outcome(0, false, 8), outcome(1, false, 28)]),
            (cell("refuse"), vec![outcome(0, false, 0), outcome(1, true, 60)]),
        ];
        let report = Report::of("hazard".into(), &[], 0, &results);
        let against = report.cells[1].against_allow.expect("there is one to compare with");
        assert_eq!(against.lost_writes, Some(Mean { mean: -2.0, low: -2.0, high: -2.0 }), "each seed lost two fewer");
        assert_eq!(against.total_loss, Some(Mean { mean: -1.0, low: -1.0, high: -1.0 }));
        assert_eq!(report.cells[0].against_allow, None);
        assert_eq!(report.against_allow.iter().map(|policy| policy.pairs).collect::<Vec<_>>(), [2, 2]);
        assert_eq!(report.cells[0].total_loss, Some(Share::of(2, 2)));
        assert_eq!(report.cells[1].recoverable, Some(Share::of(2, 2)));
        assert_eq!(report.cells[2].example, Example { seed: 1, what: Kind::TotalLoss });
        assert_eq!(report.cells[1].example, Example { seed: 0, what: Kind::LostWrites });
    }
}
