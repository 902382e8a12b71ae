//! What does a configuration risk?
//!
//! A user's own `redis.conf` is read by the engine's parser. What it says of persistence becomes a value of that factor, what it says of replication goes to all nodes. What the study finds is
//! then said in sentences, with the directive that helps.

use afterimage_core::Config;
use afterimage_core::config::{AppendFsync, GuardPolicies, directives};

use super::cell::{Cell, Detector, Guard, Load, Persistence, Shape};
use super::grid::Grid;
use super::reading;
use super::staging::{MIN_REPLICAS, WRITES_PER_SECOND};
use super::statistics::Share;
use super::study::{CellReport, Report, Stuck};
use crate::plan::{Fsync, Setting};
use crate::queue::{MILLISECOND, SECOND};

/// Directives that are taken over, by how their names begin.
const TAKEN: [&str; 4] = ["replica-wipe-guard", "repl-", "min-replicas-", "master-protected-restart"];
/// The longest interval between snapshots that is played.
const SAVE_SECONDS_MAX: u64 = 600;

/// What a configuration file says to a study.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// What it keeps.
    pub persistence: Persistence,
    /// What goes to all nodes.
    pub settings: Vec<Setting>,
    /// What has to be said of how it was read.
    remarks: Vec<String>,
    /// Good replicas that a write wants.
    min_replicas: u32,
}

impl Given {
    /// Reads a configuration file; `include` gives the texts of those that it includes. What the server does not support has no bearing on a study, and is passed over.
    ///
    /// # Errors
    ///
    /// Says which line is wrong, as the server would, and what to do about it.
    pub fn read(
        name: &str,
        text: &[u8],
        include: &mut dyn FnMut(&str) -> Result<String, String>,
    ) -> Result<Given, String> {
        let (config, mut remarks) = reading::read(name, text, include)?;
        let is_taken = |name: &str| TAKEN.iter().any(|start| name.starts_with(start));
        let taken = directives().filter(|directive| directive.names().next().is_some_and(is_taken));
        let taken = taken.map(|directive| (directive, directive.value(&config)));
        let set = taken.filter(|(directive, value)| *value != directive.default_value());
        let settings =
            set.filter_map(|(directive, value)| Some(Setting::new(directive.names().next()?, value))).collect();
        let persistence = persistence(&config, &mut remarks);
        if config.replica_wipe_guard == GuardPolicies::DEFAULT {
            remarks.push("It does not set replica-wipe-guard: where it is `given` here, that is as it is by default. A Redis or Valkey has none, which is `allow`.".into());
        }
        Ok(Given { persistence, settings, remarks, min_replicas: config.min_replicas_to_write })
    }

    /// The cells of a study of it: as it is, and with an append-only file; how soon the master is back, without and with a Sentinel, without and with the guard.
    #[must_use]
    pub fn grid(&self) -> Grid {
        let mut persistence = vec![self.persistence];
        let better = [Fsync::Everysec, Fsync::Always].map(|fsync| Persistence::Aof { fsync });
        persistence.extend(better.into_iter().filter(|better| *better != self.persistence));
        Grid {
            persistence,
            supervisor_us: vec![100 * MILLISECOND, 10 * SECOND, 60 * SECOND],
            detector: vec![Detector::None, SENTINEL],
            guard: vec![Guard::Allow, Guard::Given],
            shape: vec![Shape::Star],
            load: vec![Load::Writing],
            given: self.settings.clone(),
        }
    }

    /// What has to be said of how the file was read, and of how it is played in such worlds.
    #[must_use]
    pub fn remarks(&self, shapes: &[Shape]) -> Vec<String> {
        let mut remarks = self.remarks.clone();
        let wanted = self.min_replicas;
        let fewer = Shape::ALL.iter().filter(|shape| shapes.contains(shape) && shape.replicas_of_master() < wanted);
        let played: Vec<String> = fewer.map(|shape| format!("{} in a {shape}", shape.replicas_of_master())).collect();
        if !played.is_empty() {
            remarks.push(format!(
                "`{MIN_REPLICAS} {wanted}` is played as {}, where no more replicas follow the master: else nobody could ever write.",
                played.join(" and ")
            ));
        }
        remarks
    }

    /// What a study of it has found, in sentences.
    #[must_use]
    pub fn risks(&self, report: &Report) -> Vec<String> {
        let shapes: Vec<Shape> = report.cells.iter().map(|cell| cell.cell.shape).collect();
        let mut risks = self.remarks(&shapes);
        let telling = telling(report, self.persistence);
        if telling.is_empty() {
            let own = report.cells.iter().filter(|cell| cell.cell.persistence == self.persistence);
            if own.count() > 0 {
                risks.push("In no run was a write acknowledged before the crash: what this configuration risks, the study does not tell.".into());
            }
            return risks;
        }
        let own = |guard| telling.iter().copied().filter(move |cell| cell.cell.guard == guard);
        let worst = |guard| own(guard).max_by(|one, other| total(one).share.total_cmp(&total(other).share));
        if let Some(cell) = worst(Guard::Allow) {
            risks.push(without_guard(cell));
        }
        if let (Some(cell), Some(allowed)) = (worst(Guard::Given), worst(Guard::Allow)) {
            risks.push(with_guard(cell, allowed));
        }
        let most_lost = own(Guard::Allow)
            .filter(|cell| total(cell).count == 0)
            .max_by(|one, other| lost(one).total_cmp(&lost(other)));
        if let Some(cell) = most_lost.filter(|cell| lost(cell) > 0.0) {
            risks.push(format!(
                "Where not all is lost, most is in {}: {:.0} acknowledged writes on average, at {WRITES_PER_SECOND} a second.",
                in_words(&cell.cell),
                lost(cell)
            ));
        }
        let gone = |guard| {
            let cells = own(guard).filter_map(|cell| cell.unrecoverable.map(|mean| mean.mean));
            let (sum, count) = cells.fold((0.0, 0_u32), |(sum, count), mean| (sum + mean, count + 1));
            (count > 0).then(|| sum / f64::from(count))
        };
        if let (Some(allowed), Some(guarded)) = (gone(Guard::Allow), gone(Guard::Given))
            && guarded < allowed
        {
            risks.push(format!(
                "Of what is lost to clients {} writes on average are in no archive and at no other node with that guard, and {} without it.",
                amount(guarded),
                amount(allowed)
            ));
        }
        risks.extend(telling.iter().max_by_key(|cell| never(cell)).and_then(|cell| self.nobody_writes(cell)));
        risks.extend(self.what_helps(report));
        risks
    }

    /// Where nobody can write again, and why, if all those runs show it.
    fn nobody_writes(&self, cell: &CellReport) -> Option<String> {
        let Stuck { held_off, is_master_empty } = cell.stuck?;
        let of_master = cell.cell.shape.replicas_of_master();
        let are_missed = of_master.saturating_sub(held_off) < self.min_replicas.min(of_master);
        let end = match (held_off, is_master_empty) {
            (0, _) => "as long as they were watched".into(),
            (_, true) if are_missed => {
                format!("until somebody decides: {MIN_REPLICAS} wants replicas, and they hold the empty master off")
            }
            (_, false) if are_missed => {
                format!("until somebody decides: {MIN_REPLICAS} wants replicas, and they hold the master off")
            }
            _ => "until somebody decides".to_owned(),
        };
        Some(format!("In {} of {} runs of {} nobody can write again {end}.", never(cell), cell.at_risk, cell.name))
    }

    /// Which directives would have lost less.
    fn what_helps(&self, report: &Report) -> Vec<String> {
        let means = |persistence: Persistence| {
            let cells = telling(report, persistence).into_iter().filter(|cell| cell.cell.guard == Guard::Allow);
            let (totals, writes, count) = cells.fold((0.0, 0.0, 0_u32), |(totals, writes, count), cell| {
                (totals + total(cell).share, writes + lost(cell), count + 1)
            });
            (count > 0).then(|| (totals / f64::from(count), writes / f64::from(count)))
        };
        let mut kept: Vec<Persistence> = report.cells.iter().map(|cell| cell.cell.persistence).collect();
        kept.dedup();
        let others = kept.into_iter().filter(|persistence| *persistence != self.persistence);
        let Some((own_total, own_lost)) = means(self.persistence) else { return Vec::new() };
        let told = others.filter_map(|persistence| {
            let Persistence::Aof { fsync } = persistence else { return None };
            let (total, writes) = means(persistence)?;
            let name = fsync.name();
            let totals = match total < own_total {
                true => format!("total loss in {:.0} % instead of {:.0} %, and ", total * 100.0, own_total * 100.0),
                false => String::new(),
            };
            (writes < own_lost || total < own_total).then(|| {
                format!(
                    "`appendonly yes` with `appendfsync {name}` helps without any guard: {totals}acknowledged writes lost on average {} instead of {}, over all these supervisors and detectors.",
                    amount(writes),
                    amount(own_lost)
                )
            })
        });
        told.collect()
    }
}

/// The cells with that persistence of which at least one run has something to lose.
fn telling(report: &Report, persistence: Persistence) -> Vec<&CellReport> {
    report.cells.iter().filter(|cell| cell.cell.persistence == persistence && cell.at_risk > 0).collect()
}

const SENTINEL: Detector = Detector::Watches { patience_us: 30 * SECOND, delay_us: SECOND };

/// A mean number of things.
fn amount(mean: f64) -> String {
    if mean > 0.0 && mean < 1.0 { "less than one".into() } else { format!("{mean:.0}") }
}

/// Of a cell that tells of losses.
fn total(cell: &CellReport) -> Share {
    cell.total_loss.unwrap_or_else(|| Share::of(0, 0))
}

fn never(cell: &CellReport) -> u32 {
    cell.never_resumed.map_or(0, |never| never.count)
}

fn lost(cell: &CellReport) -> f64 {
    cell.lost_writes.map_or(0.0, |lost| lost.mean)
}

fn persistence(config: &Config, remarks: &mut Vec<String>) -> Persistence {
    if config.appendonly {
        let fsync = match config.appendfsync {
            AppendFsync::Always => Fsync::Always,
            AppendFsync::Everysec => Fsync::Everysec,
            AppendFsync::No => Fsync::No,
        };
        return Persistence::Aof { fsync };
    }
    let fires_after = config.save.iter().map(|point| {
        let changes = u64::from(point.changes).div_ceil(WRITES_PER_SECOND);
        (u64::from(point.seconds).max(changes), point)
    });
    let Some((seconds, point)) = fires_after.min_by_key(|(seconds, _)| *seconds) else { return Persistence::Off };
    let (after, changes) = (point.seconds, point.changes);
    remarks.push(format!(
        "With {WRITES_PER_SECOND} writes in a second, which the study makes, `save {after} {changes}` is the first of its rules to be met: every {seconds} s."
    ));
    if seconds > SAVE_SECONDS_MAX {
        remarks.push(format!("That is played as {SAVE_SECONDS_MAX} s: more is lost than the study tells."));
    }
    Persistence::Rdb { seconds: seconds.clamp(1, SAVE_SECONDS_MAX) as u32 }
}

/// A cell, as one speaks of it.
fn in_words(cell: &Cell) -> String {
    let back = format!("a master that is back after {}", super::Span(cell.supervisor_us));
    match cell.detector {
        Detector::None => format!("{back}, where nobody promotes a replica"),
        Detector::Watches { patience_us, .. } => {
            format!("{back}, where a replica is promoted after {}", super::Span(patience_us))
        }
    }
}

fn without_guard(cell: &CellReport) -> String {
    let Share { count, share, low, high } = total(cell);
    if count == 0 {
        return "Without a guard, as with Redis and Valkey, no run has lost everything.".into();
    }
    format!(
        "Without a guard, as with Redis and Valkey, everything is lost on every node in {:.0} % of the runs [{:.0}..{:.0}] of the worst case: {}.",
        share * 100.0,
        low * 100.0,
        high * 100.0,
        in_words(&cell.cell)
    )
}

fn with_guard(cell: &CellReport, allowed: &CellReport) -> String {
    if total(cell).count > 0 {
        return format!(
            "With replica-wipe-guard as it is given that is so in {:.0} %: {}.",
            total(cell).share * 100.0,
            in_words(&cell.cell)
        );
    }
    if total(allowed).count == 0 {
        return "With replica-wipe-guard as it is given none has, either.".into();
    }
    "With replica-wipe-guard as it is given that never happens: replicas keep what they have and hold the master off, or archive it, until somebody decides.".into()
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::Outcome;
    use super::*;

    pub(in super::super) fn given(text: &str) -> Result<Given, String> {
        Given::read("redis.conf", text.as_bytes(), &mut |name| Err(format!("there is no file {name}")))
    }

    #[test]
    fn what_a_configuration_keeps_becomes_a_value_of_the_factor() {
        for (text, expected) in [
            ("save \"\"\nappendonly no\n", "off"),
            ("save \"\"\nappendonly yes\n", "aof-everysec"),
            ("appendonly yes\nappendfsync always\n", "aof-always"),
            ("appendonly yes\nappendfsync no\n", "aof-no"),
            ("save 900 1\nsave 30 200\n", "rdb-30"),
            ("save 10 6000\n", "rdb-600"),
            ("", "rdb-300"),
        ] {
            assert_eq!(given(text).map(|given| given.persistence.to_string()), Ok(expected.to_string()), "{text}");
        }
    }

    #[test]
    fn directives_of_replication_go_to_all_nodes_and_others_do_not() {
        let given = given(
            "port 7000\nmaxmemory 1gb\nrepl-backlog-size 5mb\nmin-slaves-to-write 1\nreplica-wipe-guard refuse\nrepl-timeout 60\n",
        );
        let set = |name: &str, value: &str| Setting::new(name, value);
        let expected = [
            set("repl-backlog-size", "5242880"),
            set("min-replicas-to-write", "1"),
            set("replica-wipe-guard", "empty refuse shrunk refuse rollback refuse"),
        ];
        let settings = given.expect("it can be read").settings;
        assert!(expected.iter().all(|setting| settings.contains(setting)), "{settings:?}");
        assert_eq!(settings.len(), expected.len(), "what is as it is by default is not said: {settings:?}");
    }

    #[test]
    fn more_good_replicas_than_there_are_are_not_wanted_and_the_report_says_so() {
        let given = given("save \"\"\nmin-replicas-to-write 3\n").expect("it can be read");
        for (name, played) in [("off/10s/none/allow/star/writing", "2"), ("off/10s/none/given/chain/idle", "1")] {
            let cell: Cell = name.parse().expect("it is a cell");
            let shown = super::super::Shown::of(&cell, 1, &given.settings);
            assert!(shown.plan.settings.contains(&Setting::new("min-replicas-to-write", played)), "{name}");
            let outcome = super::super::play(&cell, 1, &given.settings);
            assert!(outcome.endangered >= super::super::DATA_KEYS && outcome.broken.is_none(), "{outcome:?}");
        }
        let told = |shapes: &[Shape]| given.remarks(shapes).pop().expect("it is told");
        assert!(told(&[Shape::Star]).starts_with("`min-replicas-to-write 3` is played as 2 in a star, where"));
        assert!(told(&[Shape::Chain, Shape::Star]).contains("as 2 in a star and 1 in a chain, where"));
    }

    /// A study of two cells, with and without guard, with such outcomes.
    fn studied(given: &Given, guarded: &[Outcome]) -> String {
        let cell = |guard| Cell { guard, ..given.grid().cells()[0] };
        let results = [(cell(Guard::Allow), guarded.to_vec()), (cell(Guard::Given), guarded.to_vec())];
        given.risks(&Report::of("hazard".into(), &given.settings, 0, &results)).join("\n")
    }

    #[test]
    fn of_runs_in_which_nobody_could_ever_write_nothing_is_said_but_that() {
        let given = given("save \"\"\nmin-replicas-to-write 1\n").expect("it can be read");
        let never = Outcome { is_never_resumed: true, ..Outcome::default() };
        let told = studied(&given, &[never.clone(), never.clone(), never]);
        assert!(told.ends_with("In no run was a write acknowledged before the crash: what this configuration risks, the study does not tell."), "{told}");
        for word in ["no run has lost", "none has, either", "nobody can write again"] {
            assert!(!told.contains(word), "{told}");
        }
    }

    #[test]
    fn why_nobody_can_write_again_is_said_only_where_it_is_known() {
        let stuck = |held_off, is_master_empty| {
            let outcome =
                Outcome { endangered: 10, is_never_resumed: true, held_off, is_master_empty, ..Outcome::default() };
            vec![outcome.clone(), outcome]
        };
        let wants_none = given("save \"\"\n").expect("it can be read");
        let wants_one = given("save \"\"\nmin-replicas-to-write 1\n").expect("it can be read");
        let wants_many = given("save \"\"\nmin-replicas-to-write 7\n").expect("it can be read");
        for (given, outcomes, end) in [
            (
                &wants_one,
                stuck(2, true),
                "until somebody decides: min-replicas-to-write wants replicas, and they hold the empty master off.",
            ),
            (
                &wants_one,
                stuck(2, false),
                "until somebody decides: min-replicas-to-write wants replicas, and they hold the master off.",
            ),
            (&wants_one, stuck(1, true), "until somebody decides."),
            (&wants_many, stuck(1, true), "and they hold the empty master off."),
            (&wants_one, stuck(0, true), "as long as they were watched."),
            (&wants_none, stuck(2, true), "until somebody decides."),
        ] {
            let told = studied(given, &outcomes);
            let line = told.lines().find(|line| line.contains("nobody can write again"));
            assert!(
                line.is_some_and(|line| line.ends_with(&format!("nobody can write again {end}"))
                    || end.starts_with("and") && line.ends_with(end)),
                "{told}"
            );
        }
    }
}
