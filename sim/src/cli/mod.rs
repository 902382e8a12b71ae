//! What can be asked of the simulator on the command line?

mod explore;
mod hazard;
mod recording;
mod stories;
mod values;

use std::path::PathBuf;

use afterimage_sim::{Changes, Only as OnlyFaults, Setting};
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::campaign::Shard;

pub(crate) use explore::ExploreArguments;
pub(crate) use hazard::HazardArguments;
pub(crate) use recording::{CaptureArguments, Place, RecordingArguments};
pub(crate) use stories::Told;
pub(crate) use values::{Seconds, Seeds, Source};
use values::{threads, written};

/// Runs worlds of Afterimage nodes under faults, on simulated networks, disks and clocks.
///
/// A seed draws a plan, the plan decides the run: the same seed gives the same events, on every machine.
///
/// Exit status: 0 if all properties held, 1 if one was broken, 2 for a request that makes no sense, 3 if `explore` did not come to an end.
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
        #[arg(long, value_name = "FILE", value_parser = written(), conflicts_with_all = ["events", "json"])]
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
        #[arg(long, value_name = "FILE", value_parser = written())]
        out: Option<PathBuf>,
        /// CPU time after which the smallest plan so far has to do. However short it is, the plan is run as it is, with its defects and without them, and what is left of it once more
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
        #[arg(long, value_name = "FILE", value_parser = written())]
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
        #[arg(long, value_name = "FILE", value_parser = written())]
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
    /// Exit status 1 if a property was broken; then the shortest way there is told. Exit status 3 if none was, and there are states that were not looked at, since the search came
    /// to a bound: `--depth`, `--states` or `--memory`.
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
    /// Threads, 1024 at most; as many as there are processors by default
    #[arg(long, value_name = "N", value_parser = threads())]
    pub(crate) jobs: Option<u16>,
    #[command(flatten)]
    pub(crate) changed: Changed,
    /// A directory that keeps each result at once; a second run with the same one does only what is missing
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Only part I, counted from 0, of K
    #[arg(long, value_name = "I/K")]
    pub(crate) shard: Option<Shard>,
    /// Begin no seed after so long. Seeds that are left do not make the run fail; the report names them, and counts them as `not_run` in its JSON form
    #[arg(long, value_name = "SECONDS")]
    pub(crate) time_limit: Option<Seconds>,
    /// Signatures of failures that are known, one a line: they are counted, and do not make the run fail
    #[arg(long, value_name = "FILE")]
    pub(crate) known: Option<PathBuf>,
    /// Run each seed twice; one that does not do the same both times fails, and it is told at which event
    #[arg(long)]
    pub(crate) check_determinism: bool,
    /// Write fingerprints for `compare`, one line for each seed
    #[arg(long, value_name = "FILE", value_parser = written())]
    pub(crate) prints: Option<PathBuf>,
    /// All decisions of the engine that are marked, each with the number of seeds that have come to it and the first of them
    #[arg(long, conflicts_with = "json")]
    pub(crate) marks: bool,
    /// One JSON object instead of words
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
    #[arg(long, value_name = "N", value_parser = threads())]
    pub(crate) jobs: Option<u16>,
    /// One JSON object instead of words
    #[arg(long)]
    pub(crate) json: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }
}
