//! Which cells does a study have?
//!
//! All combinations of the values of each factor. What people run has a name ([`Preset`]); each can be narrowed by [`Only`].

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::cell::{Cell, Detector, FACTORS, Guard, Load, Persistence, Shape, Span};
use crate::plan::{Fsync, Setting};
use crate::queue::{MILLISECOND, Micros, SECOND};

/// The values of each factor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grid {
    /// What nodes keep.
    pub persistence: Vec<Persistence>,
    /// How long the supervisor takes.
    pub supervisor_us: Vec<Micros>,
    /// Who promotes a replica.
    pub detector: Vec<Detector>,
    /// What replicas do.
    pub guard: Vec<Guard>,
    /// Who follows whom.
    pub shape: Vec<Shape>,
    /// What clients do.
    pub load: Vec<Load>,
    /// Directives of a configuration file, for all nodes.
    pub given: Vec<Setting>,
}

/// What people run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Preset {
    /// What SIMULATION.md shows: what is kept, how soon the master is back, with and without a Sentinel as it is by default, without and with the guard.
    Main,
    /// Nothing but a supervisor on the machine. systemd starts a service again after `RestartSec`, 100 ms by default (systemd.service(5)); nobody promotes anybody.
    BareSupervisor,
    /// Sentinels as they are by default: `sentinel down-after-milliseconds` 30000 (sentinel.conf of Redis 7). An election takes some second. The master is back before that, or after it.
    SentinelDefaults,
    /// The same, made quick: 5 s, as many set it, and a supervisor that takes about as long. The race is open.
    SentinelQuick,
    /// A Kubernetes StatefulSet without a volume: a container that ends is started again at once at first, which takes about a second, and then after back-offs of 10 s, 20 s and 40 s
    /// (Kubernetes, Pod Lifecycle, "Container restart policy"); its data are gone each time. Nobody promotes anybody, or an operator within 20 s does.
    KubernetesStatefulset,
    /// What each policy of the guard does.
    Policies,
    /// All of it.
    Full,
}

/// The 30 s of a Sentinel, and a second for its election.
const SENTINEL: Detector = Detector::Watches { patience_us: 30 * SECOND, delay_us: SECOND };
const QUICK: Detector = Detector::Watches { patience_us: 5 * SECOND, delay_us: SECOND };
const OPERATOR: Detector = Detector::Watches { patience_us: 20 * SECOND, delay_us: SECOND };
const SYSTEMD: Micros = 100 * MILLISECOND;

const KEPT: [Persistence; 4] = [
    Persistence::Off,
    Persistence::Rdb { seconds: 60 },
    Persistence::Aof { fsync: Fsync::Everysec },
    Persistence::Aof { fsync: Fsync::Always },
];
const POLICIES: [Guard; 5] = [Guard::Allow, Guard::Default, Guard::Archive, Guard::Quarantine, Guard::Refuse];

impl Preset {
    /// Its cells.
    #[must_use]
    pub fn grid(self) -> Grid {
        let main = Grid {
            persistence: KEPT.into(),
            supervisor_us: vec![SYSTEMD, 60 * SECOND],
            detector: vec![Detector::None, SENTINEL],
            guard: vec![Guard::Allow, Guard::Default],
            shape: vec![Shape::Star],
            load: vec![Load::Writing],
            given: Vec::new(),
        };
        let both = || vec![Load::Idle, Load::Writing];
        match self {
            Preset::Main => main,
            Preset::BareSupervisor => {
                Grid { supervisor_us: vec![SYSTEMD], detector: vec![Detector::None], load: both(), ..main }
            }
            Preset::SentinelDefaults => Grid {
                detector: vec![SENTINEL],
                supervisor_us: vec![SYSTEMD, 10 * SECOND, 30 * SECOND, 60 * SECOND],
                ..main
            },
            Preset::SentinelQuick => Grid {
                detector: vec![QUICK],
                supervisor_us: [4, 5, 6, 7, 8, 10].map(|seconds| seconds * SECOND).into(),
                persistence: vec![Persistence::Off],
                ..main
            },
            Preset::KubernetesStatefulset => Grid {
                persistence: vec![Persistence::NoVolume],
                supervisor_us: [1, 10, 20, 40].map(|seconds| seconds * SECOND).into(),
                detector: vec![Detector::None, OPERATOR],
                load: both(),
                ..main
            },
            Preset::Policies => Grid {
                supervisor_us: vec![SYSTEMD],
                detector: vec![Detector::None],
                guard: POLICIES.into(),
                shape: Shape::ALL.into(),
                load: both(),
                ..main
            },
            Preset::Full => Grid {
                supervisor_us: vec![SYSTEMD, SECOND, 10 * SECOND, 60 * SECOND],
                detector: vec![Detector::None, QUICK, SENTINEL],
                guard: POLICIES.into(),
                shape: Shape::ALL.into(),
                load: both(),
                ..main
            },
        }
    }
}

impl Grid {
    /// All combinations, the last factors first.
    #[must_use]
    pub fn cells(&self) -> Vec<Cell> {
        let mut cells = Vec::new();
        for &persistence in &self.persistence {
            for &supervisor_us in &self.supervisor_us {
                for &detector in &self.detector {
                    for &shape in &self.shape {
                        for &load in &self.load {
                            let with = |guard| Cell { persistence, supervisor_us, detector, guard, shape, load };
                            cells.extend(self.guard.iter().copied().map(with));
                        }
                    }
                }
            }
        }
        cells
    }

    /// Keeps of a factor only the values that are named, and has those that it did not have. What is said of a factor twice adds up.
    ///
    /// # Errors
    ///
    /// Says which value is none.
    pub fn narrow(&mut self, only: &[Only]) -> Result<(), String> {
        for factor in FACTORS {
            let values: Vec<&str> =
                only.iter().filter(|only| only.factor == factor).map(|only| only.value.as_str()).collect();
            if values.is_empty() {
                continue;
            }
            match factor {
                "persistence" => self.persistence = all(&values)?,
                "supervisor" => self.supervisor_us = all::<Span>(&values)?.into_iter().map(|span| span.0).collect(),
                "detector" => self.detector = all(&values)?,
                "guard" => self.guard = all(&values)?,
                "shape" => self.shape = all(&values)?,
                _ => self.load = all(&values)?,
            }
        }
        Ok(())
    }
}

/// The values, each once.
fn all<T: FromStr<Err = String> + PartialEq>(values: &[&str]) -> Result<Vec<T>, String> {
    let mut all = Vec::new();
    for value in values {
        let value = value.parse()?;
        if !all.contains(&value) {
            all.push(value);
        }
    }
    Ok(all)
}

/// A value that a factor is to have: `guard=allow`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Only {
    factor: &'static str,
    value: String,
}

impl Only {
    /// Whether it wants the guard of a configuration file, which only a study of one has.
    #[must_use]
    pub fn is_of_given_guard(&self) -> bool {
        self.factor == "guard" && self.value == Guard::Given.to_string()
    }
}

impl std::fmt::Display for Only {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}={}", self.factor, self.value)
    }
}

impl FromStr for Only {
    type Err = String;

    fn from_str(text: &str) -> Result<Only, String> {
        let (name, value) =
            text.split_once('=').ok_or_else(|| format!("`{text}` has no value: guard=allow has one"))?;
        let factor = FACTORS.into_iter().find(|factor| *factor == name);
        let factor = factor.ok_or_else(|| format!("`{name}` is no factor: {} are", FACTORS.join(", ")))?;
        let only = Only { factor, value: value.to_string() };
        // A wrong value is told at once.
        Preset::Main.grid().narrow(std::slice::from_ref(&only))?;
        Ok(only)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grid_has_each_combination_once() {
        let grid = Preset::Full.grid();
        let cells = grid.cells();
        assert_eq!(cells.len(), 4 * 4 * 3 * 5 * 2 * 2);
        let mut names: Vec<String> = cells.iter().map(ToString::to_string).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), cells.len());
    }

    #[test]
    fn what_is_named_stays_and_what_was_not_there_comes() {
        let mut grid = Preset::Main.grid();
        let only = |text: &str| text.parse::<Only>().expect("it is a filter");
        grid.narrow(&[only("guard=archive"), only("guard=allow"), only("supervisor=2.5s")]).expect("all are values");
        assert_eq!((grid.guard, grid.supervisor_us), (vec![Guard::Archive, Guard::Allow], vec![2_500_000]));
        assert_eq!(grid.persistence, KEPT);
    }

    #[test]
    fn a_filter_that_makes_no_sense_is_refused_where_it_is_said() {
        for (text, why) in [
            ("guard", "has no value"),
            ("colour=red", "`colour` is no factor: persistence, supervisor"),
            ("guard=maybe", "`maybe` is no guard"),
            ("persistence=rdb", "`rdb` is no persistence"),
        ] {
            assert!(text.parse::<Only>().is_err_and(|told| told.contains(why)), "{text}");
        }
    }
}
