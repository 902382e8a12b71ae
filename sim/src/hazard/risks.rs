//! What does a configuration risk?
//!
//! A user's own `redis.conf` is read by the engine's parser. What it says of persistence becomes a value of that factor, what it says of replication goes to all nodes. What the study finds is
//! then said in sentences, with the directive that helps.

use afterimage_core::Config;
use afterimage_core::config::{AppendFsync, GuardPolicies, directives};

use super::cell::{Cell, Detector, Guard, Load, Persistence, Shape};
use super::grid::Grid;
use super::staging::WRITES_PER_SECOND;
use super::study::{CellReport, Report};
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
    pub remarks: Vec<String>,
    /// Good replicas that a write wants.
    min_replicas: u32,
}

impl Given {
    /// Reads a configuration file; `include` gives the texts of those that it includes.
    ///
    /// # Errors
    ///
    /// Says which line is wrong, as the server would.
    pub fn read(
        name: &str,
        text: &[u8],
        include: &mut dyn FnMut(&str) -> Result<String, String>,
    ) -> Result<Given, String> {
        let config = Config::load(Some((name, text)), &[], include).map_err(|error| error.to_string())?;
        let is_taken = |name: &str| TAKEN.iter().any(|start| name.starts_with(start));
        let taken = directives().filter(|directive| directive.names().next().is_some_and(is_taken));
        let taken = taken.map(|directive| (directive, directive.value(&config)));
        let set = taken.filter(|(directive, value)| *value != directive.default_value());
        let settings =
            set.filter_map(|(directive, value)| Some(Setting::new(directive.names().next()?, value))).collect();
        let mut remarks = Vec::new();
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

    /// What a study of it has found, in sentences.
    #[must_use]
    pub fn risks(&self, report: &Report) -> Vec<String> {
        let mut risks = self.remarks.clone();
        let own = |guard| {
            report
                .cells
                .iter()
                .filter(move |cell| cell.cell.persistence == self.persistence && cell.cell.guard == guard)
        };
        let worst = |guard| own(guard).max_by(|one, other| one.total_loss.share.total_cmp(&other.total_loss.share));
        if let Some(cell) = worst(Guard::Allow) {
            risks.push(without_guard(cell));
        }
        if let (Some(cell), Some(allowed)) = (worst(Guard::Given), worst(Guard::Allow)) {
            risks.push(with_guard(cell, allowed));
        }
        let most_lost = own(Guard::Allow)
            .filter(|cell| cell.total_loss.count == 0)
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
            sum / f64::from(count.max(1))
        };
        let (allowed, guarded) = (gone(Guard::Allow), gone(Guard::Given));
        if guarded < allowed {
            risks.push(format!(
                "Of what is lost to clients {} writes on average are in no archive and at no other node with that guard, and {} without it.",
                amount(guarded),
                amount(allowed)
            ));
        }
        let never = report
            .cells
            .iter()
            .filter(|cell| cell.cell.persistence == self.persistence)
            .max_by_key(|cell| cell.never_resumed.count);
        if let Some(cell) = never.filter(|cell| cell.never_resumed.count > 0) {
            let why = if self.min_replicas > 0 {
                ": min-replicas-to-write wants replicas, and they hold the empty master off"
            } else {
                ""
            };
            risks.push(format!(
                "In {} of {} runs of {} nobody can write again until somebody decides{why}.",
                cell.never_resumed.count, report.runs, cell.name
            ));
        }
        risks.extend(self.what_helps(report));
        risks
    }

    /// Which directives would have lost less.
    fn what_helps(&self, report: &Report) -> Vec<String> {
        let sums = |persistence: Persistence| {
            let cells = report
                .cells
                .iter()
                .filter(|cell| cell.cell.persistence == persistence && cell.cell.guard == Guard::Allow);
            cells.fold((0.0, 0.0, 0_u32), |(total, writes, count), cell| {
                (total + cell.total_loss.share, writes + lost(cell), count + 1)
            })
        };
        let mut kept: Vec<Persistence> = report.cells.iter().map(|cell| cell.cell.persistence).collect();
        kept.dedup();
        let others = kept.into_iter().filter(|persistence| *persistence != self.persistence);
        let (own_total, own_lost, count) = sums(self.persistence);
        let told = others.filter_map(|persistence| {
            let Persistence::Aof { fsync } = persistence else { return None };
            let (total, writes, _) = sums(persistence);
            let n = f64::from(count.max(1));
            let name = fsync.name();
            let totals = match total < own_total {
                true => format!("total loss in {:.0} % instead of {:.0} %, and ", total / n * 100.0, own_total / n * 100.0),
                false => String::new(),
            };
            (writes < own_lost || total < own_total).then(|| {
                format!(
                    "`appendonly yes` with `appendfsync {name}` helps without any guard: {totals}acknowledged writes lost on average {} instead of {}, over all these supervisors and detectors.",
                    amount(writes / n),
                    amount(own_lost / n)
                )
            })
        });
        told.collect()
    }
}

const SENTINEL: Detector = Detector::Watches { patience_us: 30 * SECOND, delay_us: SECOND };

/// A mean number of things.
fn amount(mean: f64) -> String {
    if mean > 0.0 && mean < 1.0 { "less than one".into() } else { format!("{mean:.0}") }
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
    if cell.total_loss.count == 0 {
        return "Without a guard, as with Redis and Valkey, no run has lost everything.".into();
    }
    format!(
        "Without a guard, as with Redis and Valkey, everything is lost on every node in {:.0} % of the runs [{:.0}..{:.0}] of the worst case: {}.",
        cell.total_loss.share * 100.0,
        cell.total_loss.low * 100.0,
        cell.total_loss.high * 100.0,
        in_words(&cell.cell)
    )
}

fn with_guard(cell: &CellReport, allowed: &CellReport) -> String {
    if cell.total_loss.count > 0 {
        return format!(
            "With replica-wipe-guard as it is given that is so in {:.0} %: {}.",
            cell.total_loss.share * 100.0,
            in_words(&cell.cell)
        );
    }
    if allowed.total_loss.count == 0 {
        return "With replica-wipe-guard as it is given none has, either.".into();
    }
    "With replica-wipe-guard as it is given that never happens: replicas keep what they have and hold the master off, or archive it, until somebody decides.".into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(text: &str) -> Result<Given, String> {
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
    fn what_the_server_would_refuse_is_refused_with_its_line() {
        let told = given("save \"\"\nappendfsync sometimes\n").expect_err("no such policy");
        assert!(told.contains("line 2") && told.contains("appendfsync"), "{told}");
    }
}
