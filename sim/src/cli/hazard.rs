//! `hazard`: which grid, how often, and how it is told.

use std::path::PathBuf;

use afterimage_sim::hazard::{Cell, Only, Preset};
use clap::{Args, ValueEnum};

use super::values::{threads, written};

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
    #[arg(long, value_name = "N", value_parser = threads())]
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
    #[arg(long, value_name = "FILE", value_parser = written())]
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
