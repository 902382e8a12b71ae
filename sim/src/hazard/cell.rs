//! Which circumstances are compared?
//!
//! A cell is one value of each factor. It is plain data, and its name, the values with slashes between them, can be typed:
//! `off/0.1s/none/allow/star/writing`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::plan::Fsync;
use crate::queue::{Micros, SECOND};

/// What a node keeps on its disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Persistence {
    /// Nothing: `save ""`, `appendonly no`. The disk itself stays.
    Off,
    /// Nothing, and each start finds a new disk: a pod without a volume.
    NoVolume,
    /// Snapshots, so many seconds from one to the next: `save N 1`. The crash comes at any time between two.
    Rdb {
        /// The interval.
        seconds: u32,
    },
    /// An append-only file.
    Aof {
        /// `appendfsync`.
        fsync: Fsync,
    },
}

/// Who replaces a master that does not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Detector {
    /// Nobody.
    None,
    /// A controller, as a Sentinel is one.
    Watches {
        /// A node that is silent for longer is down (`down-after-milliseconds`).
        patience_us: Micros,
        /// From then until a replica is promoted: a quorum, an election.
        delay_us: Micros,
    },
}

/// What replicas do when their master offers less than they have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Guard {
    /// They take it, as those of Redis and Valkey do. The master has no protected restart either.
    Allow,
    /// `replica-wipe-guard archive`: they write what they have to a file before.
    Archive,
    /// `replica-wipe-guard quarantine`: they keep what they have, and ask again.
    Quarantine,
    /// `replica-wipe-guard refuse`: they keep what they have, and do not ask again.
    Refuse,
    /// As it is unless somebody sets it: empty and shrunk data sets are held off, older ones taken behind an archive; `master-protected-restart 60`.
    Default,
    /// As a configuration file says.
    Given,
}

/// Who follows whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Shape {
    /// Two replicas follow the master.
    Star,
    /// One follows the master, and the other that one.
    Chain,
}

/// What clients do when the master crashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Load {
    /// Nothing: they have written a minute before.
    Idle,
    /// They write, all the time.
    Writing,
}

/// One value of each factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Cell {
    /// What all nodes keep.
    pub persistence: Persistence,
    /// From the crash of the master's process until its supervisor has started it again.
    #[serde(serialize_with = "write_time", deserialize_with = "read_time")]
    pub supervisor_us: Micros,
    /// Who promotes a replica.
    pub detector: Detector,
    /// What replicas do.
    pub guard: Guard,
    /// Who follows whom.
    pub shape: Shape,
    /// What clients do.
    pub load: Load,
}

fn write_time<S: serde::Serializer>(time: &Micros, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&Span(*time))
}

fn read_time<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Micros, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse::<Span>().map(|span| span.0).map_err(serde::de::Error::custom)
}

/// The factors, in the order in which they stand in a cell's name.
pub const FACTORS: [&str; 6] = ["persistence", "supervisor", "detector", "guard", "shape", "load"];

/// A time of at most an hour, as it stands in a name: `0.1s`, `10s`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(pub Micros);

/// The longest time in a name.
const SPAN_MAX: Micros = 3600 * SECOND;
/// The longest interval between snapshots: a run must play all of it.
const SAVE_SECONDS_MAX: u32 = 600;

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fraction = format!("{:06}", self.0 % SECOND);
        let fraction = fraction.trim_end_matches('0');
        let point = if fraction.is_empty() { "" } else { "." };
        write!(f, "{}{point}{fraction}s", self.0 / SECOND)
    }
}

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Span, String> {
        let wrong = || format!("`{text}` is no time: 0.1s is one, 10s another, and an hour the longest");
        let number = text.strip_suffix('s').ok_or_else(wrong)?;
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let are_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !are_digits(whole) || !are_digits(fraction) || fraction.len() > 6 {
            return Err(wrong());
        }
        let micros = format!("{whole}{fraction:0<6}").parse().ok().filter(|micros| *micros <= SPAN_MAX);
        micros.map(Span).ok_or_else(wrong)
    }
}

impl fmt::Display for Persistence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Persistence::Off => f.write_str("off"),
            Persistence::NoVolume => f.write_str("no-volume"),
            Persistence::Rdb { seconds } => write!(f, "rdb-{seconds}"),
            Persistence::Aof { fsync } => write!(f, "aof-{}", fsync.name()),
        }
    }
}

impl FromStr for Persistence {
    type Err = String;

    fn from_str(text: &str) -> Result<Persistence, String> {
        let fsync = |fsync| Ok(Persistence::Aof { fsync });
        match text {
            "off" => return Ok(Persistence::Off),
            "no-volume" => return Ok(Persistence::NoVolume),
            "aof-always" => return fsync(Fsync::Always),
            "aof-everysec" => return fsync(Fsync::Everysec),
            "aof-no" => return fsync(Fsync::No),
            _ => {}
        }
        let seconds = text.strip_prefix("rdb-").and_then(|seconds| seconds.parse().ok());
        match seconds.filter(|seconds| (1..=SAVE_SECONDS_MAX).contains(seconds)) {
            Some(seconds) => Ok(Persistence::Rdb { seconds }),
            None => Err(format!(
                "`{text}` is no persistence: off, no-volume, rdb-60 (any interval up to {SAVE_SECONDS_MAX} seconds), aof-always, aof-everysec and aof-no are"
            )),
        }
    }
}

impl fmt::Display for Detector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Detector::None => f.write_str("none"),
            Detector::Watches { patience_us, delay_us } => write!(f, "{}+{}", Span(*patience_us), Span(*delay_us)),
        }
    }
}

impl FromStr for Detector {
    type Err = String;

    fn from_str(text: &str) -> Result<Detector, String> {
        if text == "none" {
            return Ok(Detector::None);
        }
        let parts =
            text.split_once('+').and_then(|(patience, delay)| Some((patience.parse().ok()?, delay.parse().ok()?)));
        let (Span(patience_us), Span(delay_us)) =
            parts.filter(|(patience, _): &(Span, Span)| patience.0 > 0).ok_or_else(|| {
                format!("`{text}` is no detector: none is one, and 30s+1s has a patience of 30 s and a delay of 1 s")
            })?;
        Ok(Detector::Watches { patience_us, delay_us })
    }
}

/// Names of values that are words.
macro_rules! words {
    ($name:ident: $what:literal, $($value:ident = $word:literal),+ $(,)?) => {
        impl $name {
            /// All of them.
            pub const ALL: &'static [$name] = &[$($name::$value),+];
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $($name::$value => $word),+ })
            }
        }

        impl FromStr for $name {
            type Err = String;

            fn from_str(text: &str) -> Result<$name, String> {
                let found = $name::ALL.iter().copied().find(|value| value.to_string() == text);
                found.ok_or_else(|| format!("`{text}` is no {}: {} are", $what, [$($word),+].join(", ")))
            }
        }
    };
}

words!(Guard: "guard", Allow = "allow", Archive = "archive", Quarantine = "quarantine", Refuse = "refuse", Default = "default", Given = "given");
words!(Shape: "shape", Star = "star", Chain = "chain");
words!(Load: "load", Idle = "idle", Writing = "writing");

impl Shape {
    /// Replicas that follow the master itself.
    #[must_use]
    pub fn replicas_of_master(self) -> u32 {
        match self {
            Shape::Star => 2,
            Shape::Chain => 1,
        }
    }
}

/// In JSON a value is its name.
macro_rules! by_name {
    ($($name:ident),+) => {$(
        impl From<$name> for String {
            fn from(value: $name) -> String {
                value.to_string()
            }
        }

        impl TryFrom<String> for $name {
            type Error = String;

            fn try_from(text: String) -> Result<$name, String> {
                text.parse()
            }
        }
    )+};
}

by_name!(Persistence, Detector, Guard, Shape, Load);

impl Cell {
    /// The value of each factor, in the order of [`FACTORS`].
    #[must_use]
    pub fn values(&self) -> [String; 6] {
        let Cell { persistence, supervisor_us, detector, guard, shape, load } = self;
        [
            persistence.to_string(),
            Span(*supervisor_us).to_string(),
            detector.to_string(),
            guard.to_string(),
            shape.to_string(),
            load.to_string(),
        ]
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.values().join("/"))
    }
}

impl FromStr for Cell {
    type Err = String;

    fn from_str(text: &str) -> Result<Cell, String> {
        let parts: Vec<&str> = text.split('/').collect();
        let [persistence, supervisor, detector, guard, shape, load] = parts[..] else {
            return Err(format!(
                "`{text}` is no cell: it has one value for each of {}, with slashes between",
                FACTORS.join(", ")
            ));
        };
        Ok(Cell {
            persistence: persistence.parse()?,
            supervisor_us: supervisor.parse::<Span>()?.0,
            detector: detector.parse()?,
            guard: guard.parse()?,
            shape: shape.parse()?,
            load: load.parse()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_has_a_name_that_can_be_typed_and_is_read_back() {
        for name in [
            "off/0.1s/none/allow/star/idle",
            "rdb-60/60s/30s+1.5s/default/chain/writing",
            "aof-everysec/1s/5s+0s/archive/star/writing",
            "no-volume/0s/none/given/star/writing",
        ] {
            let cell: Cell = name.parse().expect("it is a cell");
            assert_eq!(cell.to_string(), name);
            let json = serde_json::to_string(&cell).expect("it is plain data");
            assert_eq!(serde_json::from_str::<Cell>(&json).expect("it is read back"), cell, "{json}");
            assert!(name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/.+-".contains(&byte)), "no shell cares");
        }
    }

    #[test]
    fn what_is_no_cell_is_told_by_its_wrong_value() {
        for (name, why) in [
            ("off/0.1s/none/allow/star", "one value for each"),
            ("on/0.1s/none/allow/star/idle", "`on` is no persistence"),
            ("rdb-0/0.1s/none/allow/star/idle", "`rdb-0` is no persistence"),
            ("off/soon/none/allow/star/idle", "`soon` is no time"),
            ("off/3601s/none/allow/star/idle", "an hour the longest"),
            ("off/1s/30s/allow/star/idle", "`30s` is no detector"),
            ("off/1s/0s+1s/allow/star/idle", "`0s+1s` is no detector"),
            ("off/1s/none/maybe/star/idle", "`maybe` is no guard"),
        ] {
            let told = name.parse::<Cell>().expect_err(name);
            assert!(told.contains(why), "{told}");
        }
    }
}
