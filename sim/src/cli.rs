//! What can be asked of the simulator on the command line?

use std::ops::Range;
use std::path::PathBuf;
use std::str::FromStr;

use afterimage_sim::explore::{Budget, Shape, Terms};
use afterimage_sim::hazard::{Cell, Only, Preset};
use afterimage_sim::scenario::Scenario;
use afterimage_sim::{Changes, Only as OnlyFaults, Setting};
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::campaign::Shard;

/// Runs worlds of Afterimage nodes under faults, on simulated networks, disks and clocks.
///
/// A seed draws a plan, the plan decides the run: the same seed gives the same events, on every machine.
///
/// Exit status: 0 if all properties held, 1 if one was broken, 2 for a request that makes no sense.
#[derive(Debug, Parser)]
#[command(name = "afterimage-sim", version)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run many seeds and report which properties were broken
    Run(RunArguments),
    /// Put the shards of a campaign together, as `run --out` has left them, and report on the whole
    ///
    /// Exit status 1 if a property was broken in a way that is not known, if seeds are missing, or if a seed has two results that differ.
    Merge {
        /// Directories of one campaign
        #[arg(value_name = "DIR", required = true)]
        dirs: Vec<PathBuf>,
        /// Signatures of failures that are known
        #[arg(long, value_name = "FILE")]
        known: Option<PathBuf>,
        /// All decisions of the engine that are marked, each with the number of seeds that have come to it and the first of them
        #[arg(long, conflicts_with = "json")]
        marks: bool,
        /// One JSON object instead of words
        #[arg(long)]
        json: bool,
    },
    /// Compare two files of `run --prints`: two builds, or two machines, must do the same
    ///
    /// Exit status 1 if they do not, or if the files have not the same seeds.
    Compare {
        /// One file
        #[arg(value_name = "FILE")]
        one: PathBuf,
        /// The other
        #[arg(value_name = "FILE")]
        other: PathBuf,
    },
    /// Run one seed, or a plan from a file, and print what happens
    Replay {
        /// A seed, or the path of a plan as `plan` prints it
        #[arg(value_name = "SEED | FILE")]
        source: Source,
        /// Leave out what happens before, in simulated seconds
        #[arg(long, value_name = "SECONDS")]
        from: Option<Seconds>,
        /// Leave out what happens after, in simulated seconds
        #[arg(long, value_name = "SECONDS")]
        to: Option<Seconds>,
        /// Tell of nothing but these events, one by one, each with the fingerprint so far
        #[arg(long, value_name = "A..B", conflicts_with_all = ["from", "to"])]
        events: Option<Seeds>,
        #[command(flatten)]
        changed: Changed,
        /// Write all that happens to a page for a browser instead, one file that needs no other
        #[arg(long, value_name = "FILE", conflicts_with_all = ["events", "json"])]
        html: Option<PathBuf>,
        /// One JSON object per line instead of words
        #[arg(long)]
        json: bool,
    },
    /// Run again what a real server did, as `afterimage-server --record` has written it down
    ///
    /// Exit status 1 if a call does something else than it did then, the first one is told, or if its beginning is gone, so that it cannot be run.
    ReplayRecording(RecordingArguments),
    /// Give the checks what real servers said to each other, as `tests/captures` keeps it
    ///
    /// Exit status 1 if a property was broken.
    ReplayCapture(CaptureArguments),
    /// Make a failing plan smaller, as long as it fails in the same way, and print what is left of it
    ///
    /// Leaves out faults, orders, clients, commands, hosts and settings, lowers numbers, and makes the rest plainer, while the same property is broken
    /// by a node of the same role. `replay` runs what comes out.
    Shrink {
        /// A seed, or the path of a plan
        #[arg(value_name = "SEED | FILE")]
        source: Source,
        #[command(flatten)]
        changed: Changed,
        /// Where to write the plan, instead of the standard output
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// CPU time after which the smallest plan so far has to do
        #[arg(long, value_name = "SECONDS", default_value = "60")]
        cpu: Seconds,
        /// The summary as one JSON object, with the plan in it if that is not written to a file
        #[arg(long)]
        json: bool,
    },
    /// Print the plan of a seed as JSON
    Plan {
        /// The seed
        seed: u64,
        #[command(flatten)]
        changed: Changed,
    },
    /// Tell how a master without persistence wipes its replicas: `scenario wipe`
    Wipe {
        /// Write all that happens to a page for a browser, too
        #[arg(long, value_name = "FILE")]
        html: Option<PathBuf>,
    },
    /// Tell a story step by step
    Scenario {
        /// Which one
        scenario: Told,
        /// A mistake that all nodes make on purpose; may be given several times
        #[arg(long = "defect", value_name = "NAME")]
        defects: Vec<String>,
        /// Write all that happens to a page for a browser, too
        #[arg(long, value_name = "FILE")]
        html: Option<PathBuf>,
    },
    /// Run one master with very many replicas: all synchronise at once, stay in step, and come back after all links broke at once
    ///
    /// Exit status 1 if a property was broken, if not all are in step in time, or if the master's memory for output grows with their number.
    Crowd {
        /// How many
        #[arg(long, value_name = "N", default_value = "1000", value_parser = clap::value_parser!(u16).range(1..=9000))]
        replicas: u16,
        /// One JSON object instead of words
        #[arg(long)]
        json: bool,
    },
    /// Study how often a crash of the master costs the data, over a grid of circumstances, and what helps
    ///
    /// Runs each cell of the grid with the same seeds, so that the same accidents happen in all of them. SIMULATION.md tells what is played, what each number means, and what the study does not show.
    ///
    /// Exit status 1 if a property was broken in a run.
    Hazard(HazardArguments),
    /// Crash a node behind each operation of its disk, with everything that a loss of power can leave, and start it again on that
    ///
    /// Nodes that keep their data in snapshots, and in append-only files. Then each operation fails once, and the node must recover.
    ///
    /// Exit status 1 if a promised write is gone, if the data are those of no moment before, or if a place in a history is claimed that they are not at.
    Sweep {
        /// What clients write is drawn from this
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// A mistake that all nodes make on purpose; may be given several times
        #[arg(long = "defect", value_name = "NAME")]
        defects: Vec<String>,
        /// One JSON object instead of words
        #[arg(long)]
        json: bool,
    },
    /// Explore all that can happen in a small world: a master and two replicas, few writes, cuts, crashes and promotions, in each order with what is under way
    ///
    /// Exit status 1 if a property was broken; then the shortest way there is told.
    Explore(ExploreArguments),
    /// List the mistakes that this build can make on purpose
    Defects,
    /// List the decisions of the engine that this build marks, or tell what one stands for
    Marks {
        /// Which one
        mark: Option<String>,
    },
    /// Hunt each mistake by seeds until a check barks, and print which checks find which, and how soon
    ///
    /// Exit status 1 if a hunt ends in vain.
    Museum(MuseumArguments),
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// What is to be other than the seed has drawn, or than the plan says.
#[derive(Debug, Args)]
pub(crate) struct Changed {
    /// A mistake that all nodes make on purpose; may be given several times
    #[arg(long = "defect", value_name = "NAME")]
    pub(crate) defects: Vec<String>,
    /// Leave out all other trouble, and all orders
    #[arg(long, value_name = "TROUBLE")]
    only: Option<OnlyTrouble>,
    /// A directive of all nodes, in place of what is drawn; may be given several times
    #[arg(long = "set", value_name = "'DIRECTIVE VALUE'", value_parser = setting)]
    settings: Vec<Setting>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum OnlyTrouble {
    /// Nodes crash and are started again, with the guard as it is by default
    Crashes,
}

fn setting(text: &str) -> Result<Setting, String> {
    let parts = text.split_once([' ', '=']);
    let (name, value) = parts.ok_or_else(|| format!("`{text}` has no value: `replica-wipe-guard allow` has one"))?;
    Ok(Setting::new(name, value.trim()))
}

impl Changed {
    pub(crate) fn changes(&self) -> Changes {
        let only = self.only.map(|OnlyTrouble::Crashes| OnlyFaults::Crashes);
        Changes { defects: self.defects.clone(), only, settings: self.settings.clone() }
    }
}

/// What `run` is told.
#[derive(Debug, Args)]
pub(crate) struct RunArguments {
    /// From A up to, without, B; or the first N
    #[arg(long, value_name = "A..B | N", default_value = "1000")]
    pub(crate) seeds: Seeds,
    /// Threads; as many as there are processors by default
    #[arg(long, value_name = "N")]
    pub(crate) jobs: Option<usize>,
    #[command(flatten)]
    pub(crate) changed: Changed,
    /// A directory that keeps each result at once; a second run with the same one does only what is missing
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Only part I, counted from 0, of K
    #[arg(long, value_name = "I/K")]
    pub(crate) shard: Option<Shard>,
    /// Begin no seed after so long
    #[arg(long, value_name = "SECONDS")]
    pub(crate) time_limit: Option<Seconds>,
    /// Signatures of failures that are known, one a line: they are counted, and do not make the run fail
    #[arg(long, value_name = "FILE")]
    pub(crate) known: Option<PathBuf>,
    /// Run each seed twice; one that does not do the same both times fails, and it is told at which event
    #[arg(long)]
    pub(crate) check_determinism: bool,
    /// Write fingerprints for `compare`, one line for each seed
    #[arg(long, value_name = "FILE")]
    pub(crate) prints: Option<PathBuf>,
    /// All decisions of the engine that are marked, each with the number of seeds that have come to it and the first of them
    #[arg(long, conflicts_with = "json")]
    pub(crate) marks: bool,
    /// One JSON object instead of words
    #[arg(long)]
    pub(crate) json: bool,
}

/// What `explore` is told.
#[derive(Debug, Args)]
pub(crate) struct ExploreArguments {
    /// A replica follows a replica, instead of both the master
    #[arg(long)]
    pub(crate) chain: bool,
    /// Writes of clients in all
    #[arg(long, value_name = "N", default_value_t = Budget::DEFAULT.writes)]
    pub(crate) writes: u8,
    /// Connections that end
    #[arg(long, value_name = "N", default_value_t = Budget::DEFAULT.cuts)]
    pub(crate) cuts: u8,
    /// Hosts that crash and are started again
    #[arg(long, value_name = "N", default_value_t = Budget::DEFAULT.crashes)]
    pub(crate) crashes: u8,
    /// Replicas that are promoted
    #[arg(long, value_name = "N", default_value_t = Budget::DEFAULT.promotions)]
    pub(crate) promotions: u8,
    /// Deliveries that carry only a part of what is under way
    #[arg(long, value_name = "N", default_value_t = Budget::DEFAULT.pieces)]
    pub(crate) pieces: u8,
    /// Snapshots that are saved to the disk of a host
    #[arg(long, value_name = "N", default_value_t = Budget::DEFAULT.saves)]
    pub(crate) saves: u8,
    /// WAITs for a replica
    #[arg(long, value_name = "N", default_value_t = Budget::DEFAULT.waits)]
    pub(crate) waits: u8,
    /// Timers of each host that are due
    #[arg(long, value_name = "N", default_value_t = Budget::DEFAULT.timers)]
    pub(crate) timers: u8,
    /// Steps at most
    #[arg(long, value_name = "N", default_value_t = u32::MAX, hide_default_value = true)]
    pub(crate) depth: u32,
    /// States at most
    #[arg(long, value_name = "N", default_value_t = 1 << 31, hide_default_value = true)]
    pub(crate) states: u64,
    /// Memory at most, roughly
    #[arg(long, value_name = "MB", default_value_t = 4096)]
    pub(crate) memory: u64,
    /// Threads; as many as there are processors by default
    #[arg(long, value_name = "N")]
    pub(crate) jobs: Option<usize>,
    /// Go only this way, as it was told of a violation: steps, separated by commas
    #[arg(long, value_name = "STEPS")]
    pub(crate) trace: Option<String>,
    /// A mistake that all nodes make on purpose; may be given several times
    #[arg(long = "defect", value_name = "NAME")]
    pub(crate) defects: Vec<String>,
    /// One JSON object instead of words
    #[arg(long)]
    pub(crate) json: bool,
}

impl ExploreArguments {
    /// The world that is meant, and its bounds.
    pub(crate) fn terms(&self) -> Terms {
        let ExploreArguments { writes, cuts, crashes, promotions, pieces, saves, waits, timers, .. } = *self;
        let budget = Budget { writes, cuts, crashes, promotions, pieces, saves, waits, timers };
        Terms {
            depth_max: self.depth,
            states_max: self.states,
            bytes_max: self.memory << 20,
            defects: self.defects.clone(),
            ..Terms::new(if self.chain { Shape::Chain } else { Shape::Star }, budget)
        }
    }
}

/// What `hazard` is told.
#[derive(Debug, Args)]
pub(crate) struct HazardArguments {
    /// What people run
    #[arg(long, value_name = "NAME", default_value = "main")]
    pub(crate) preset: PresetName,
    /// Runs in each cell
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(2..=1_000_000))]
    pub(crate) runs: u32,
    /// Threads; as many as there are processors by default
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) jobs: Option<u16>,
    /// Of a factor only this value; may be given several times. Factors: persistence, supervisor, detector, guard, shape, load
    #[arg(long, value_name = "FACTOR=VALUE")]
    pub(crate) only: Vec<Only>,
    /// Take persistence and the directives of replication from this redis.conf, vary the rest, and say what that configuration risks
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Tell what happens in a run of this cell, the worst that is found
    #[arg(long, value_name = "CELL", conflicts_with_all = ["preset", "only", "json"])]
    pub(crate) example: Option<Cell>,
    /// Of the example: this seed, instead of the worst
    #[arg(long, value_name = "N", requires = "example", conflicts_with = "runs")]
    pub(crate) seed: Option<u64>,
    /// Print the plan of a seed in a cell, for `replay`
    #[arg(long, value_names = ["CELL", "SEED"], num_args = 2, conflicts_with_all = ["preset", "only", "json", "html", "example", "markdown"])]
    pub(crate) plan_of: Vec<String>,
    /// Write the study, or the example, to a page for a browser, too
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
    /// The table as it stands in SIMULATION.md
    #[arg(long, conflicts_with_all = ["json", "example"])]
    pub(crate) markdown: bool,
    /// One JSON object instead of words
    #[arg(long)]
    pub(crate) json: bool,
}

/// The presets by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PresetName {
    /// What is kept, how soon the master is back, with and without a Sentinel as it is by default, without and with the guard: 32 cells
    Main,
    /// A supervisor on the machine, as systemd is by default (0.1 s), and nobody who promotes: 16 cells
    BareSupervisor,
    /// Sentinels as they are by default (30 s), and a master that is back before that or after it: 32 cells
    SentinelDefaults,
    /// Sentinels with 5 s, no persistence, and a master that is back at about that time: 12 cells
    SentinelQuick,
    /// A StatefulSet without a volume: container restarts and their back-offs, without and with an operator that promotes within 20 s: 32 cells
    KubernetesStatefulset,
    /// Each policy of the guard, star and chain, idle and writing: 80 cells
    Policies,
    /// All: 960 cells
    Full,
}

impl PresetName {
    /// As it is written on the command line.
    pub(crate) fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }
}

impl From<PresetName> for Preset {
    fn from(name: PresetName) -> Preset {
        match name {
            PresetName::Main => Preset::Main,
            PresetName::BareSupervisor => Preset::BareSupervisor,
            PresetName::SentinelDefaults => Preset::SentinelDefaults,
            PresetName::SentinelQuick => Preset::SentinelQuick,
            PresetName::KubernetesStatefulset => Preset::KubernetesStatefulset,
            PresetName::Policies => Preset::Policies,
            PresetName::Full => Preset::Full,
        }
    }
}

/// What `replay-recording` is told.
#[derive(Debug, Args)]
pub(crate) struct RecordingArguments {
    /// The recording, or one of its older parts; the other parts are found beside it
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Tell what happens, one line each: connections, bytes, files, the node's own log
    #[arg(long)]
    pub(crate) log: bool,
    /// Tell of every call, and what was said
    #[arg(short, long, requires = "log")]
    pub(crate) verbose: bool,
    /// Tell from this call on, or from so many seconds (`12.5s`)
    #[arg(long, value_name = "CALL | SECONDSs")]
    pub(crate) from: Option<Place>,
    /// Stop behind this call, or after so many seconds (`12.5s`)
    #[arg(long, value_name = "CALL | SECONDSs")]
    pub(crate) until: Option<Place>,
    /// Ask the node for something where it stops, as `INFO replication`; may be given several times
    #[arg(long, value_name = "COMMAND")]
    pub(crate) ask: Vec<String>,
    /// One JSON object per line instead of words
    #[arg(long)]
    pub(crate) json: bool,
}

/// A call of a recording, or a time since its beginning in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Call(u64),
    Time(u64),
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Place, String> {
        if text.ends_with('s') || text.contains('.') {
            return text.parse().map(|Seconds(micros)| Place::Time(micros));
        }
        text.parse()
            .map(Place::Call)
            .map_err(|error| format!("`{text}` is neither a call nor a time (`12.5s`): {error}"))
    }
}

/// What `replay-capture` is told.
#[derive(Debug, Args)]
pub(crate) struct CaptureArguments {
    /// The capture
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Tell what happens, line by line
    #[arg(long)]
    pub(crate) log: bool,
    /// Alter this byte, counted from 0 over all that was said
    #[arg(long, value_name = "N", conflicts_with = "sweep")]
    pub(crate) flip: Option<usize>,
    /// Alter one byte of so many, each once, and print which check has found how many of them
    #[arg(long, value_name = "N", conflicts_with = "log", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) sweep: Option<u32>,
    /// The bits that flip in an altered byte
    #[arg(long, value_name = "BITS", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..))]
    pub(crate) bits: u8,
    /// One JSON object (per line, with --log) instead of words
    #[arg(long)]
    pub(crate) json: bool,
}

/// What `museum` is asked for.
#[derive(Debug, clap::Args)]
pub(crate) struct MuseumArguments {
    /// One defect: tell what is known of it, hunt it, and tell what happens in the smallest plan that shows it
    pub(crate) defect: Option<String>,
    /// Hunts for each defect, each from another first seed
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=1000))]
    pub(crate) starts: u64,
    /// Seeds after which a hunt is given up
    #[arg(long, value_name = "N", default_value_t = 20_000, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    pub(crate) seeds_max: u64,
    /// Make the first find of each as small as it gets, and print how small that is; of one defect that is always done, and its story told
    #[arg(long)]
    pub(crate) shrink: bool,
    /// CPU time after which the smallest plan so far has to do, for each defect
    #[arg(long, value_name = "SECONDS", default_value = "10")]
    pub(crate) cpu: Seconds,
    /// Threads; as many as there are processors by default
    #[arg(long, value_name = "N")]
    pub(crate) jobs: Option<usize>,
    /// One JSON object instead of words
    #[arg(long)]
    pub(crate) json: bool,
}

/// The stories by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Told {
    /// A master without persistence crashes and empties its replicas
    Wipe,
    /// WAIT is asked for a write that was lost with its data (defect: wait_across_histories)
    Wait,
    /// A replica goes on acknowledging and applies nothing (defect: good_replica_is_heartbeat)
    MinReplicas,
    /// A master comes back empty, and its replicas keep what they have
    GuardEmpty,
    /// The same, and somebody wants it so
    GuardAccepted,
    /// A master comes back with next to nothing
    GuardShrunk,
    /// A master comes back from an older snapshot
    GuardRollback,
    /// A master has a new name and all that a replica has
    GuardPromoted,
    /// A master has a new name and was emptied by its stream
    GuardFlushed,
    /// A master comes back empty while its replicas are restarted
    GuardEvidence,
    /// A master knows that it has lost its data
    GuardProtected,
}

impl Told {
    /// As it is written on the command line.
    pub(crate) fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }
}

impl From<Told> for Scenario {
    fn from(told: Told) -> Scenario {
        match told {
            Told::Wipe => Scenario::Wipe,
            Told::Wait => Scenario::Wait,
            Told::MinReplicas => Scenario::MinReplicas,
            Told::GuardEmpty => Scenario::GuardEmpty,
            Told::GuardAccepted => Scenario::GuardAccepted,
            Told::GuardShrunk => Scenario::GuardShrunk,
            Told::GuardRollback => Scenario::GuardRollback,
            Told::GuardPromoted => Scenario::GuardPromoted,
            Told::GuardFlushed => Scenario::GuardFlushed,
            Told::GuardEvidence => Scenario::GuardEvidence,
            Told::GuardProtected => Scenario::GuardProtected,
        }
    }
}

/// A range of seeds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seeds(pub(crate) Range<u64>);

impl FromStr for Seeds {
    type Err = String;

    fn from_str(text: &str) -> Result<Seeds, String> {
        let number = |part: &str| part.parse::<u64>().map_err(|error| format!("`{part}`: {error}"));
        let range = match text.split_once("..") {
            Some((from, to)) => number(from)?..number(to)?,
            None => 0..number(text)?,
        };
        if range.is_empty() { Err("there is no seed in that range".into()) } else { Ok(Seeds(range)) }
    }
}

/// A seed, or a file with a plan.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    Seed(u64),
    File(PathBuf),
}

impl FromStr for Source {
    type Err = String;

    fn from_str(text: &str) -> Result<Source, String> {
        Ok(text.parse().map_or_else(|_| Source::File(text.into()), Source::Seed))
    }
}

/// A simulated time, in microseconds, written in seconds with a fraction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seconds(pub(crate) u64);

impl FromStr for Seconds {
    type Err = String;

    fn from_str(text: &str) -> Result<Seconds, String> {
        let text = text.strip_suffix('s').unwrap_or(text);
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let wrong = || format!("`{text}` is not a time in seconds with at most six digits after the point");
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !digits(whole) || !digits(fraction) || fraction.len() > 6 {
            return Err(wrong());
        }
        let micros = format!("{whole}{fraction:0<6}").parse();
        micros.map(Seconds).map_err(|_| wrong())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn seeds_and_seconds_are_read_as_documented() {
        assert_eq!("3..7".parse(), Ok(Seeds(3..7)));
        assert_eq!("5".parse(), Ok(Seeds(0..5)));
        for wrong in ["7..3", "x", "1..", "0", "-1"] {
            assert!(wrong.parse::<Seeds>().is_err(), "{wrong}");
        }
        assert_eq!("12.5".parse(), Ok(Seconds(12_500_000)));
        assert_eq!("0.000001s".parse(), Ok(Seconds(1)));
        for wrong in ["1.2.3", "1.1234567", "", "-1", "99999999999999999999"] {
            assert!(wrong.parse::<Seconds>().is_err(), "{wrong}");
        }
    }
}
