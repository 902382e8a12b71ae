//! How fast is Afterimage beside the redis-server of this machine?
//!
//! Both run side by side and are driven by turns, with the real `redis-benchmark`, so that whatever else the machine
//! does meets both alike. Reported are medians over the rounds. The figure that other processes disturb least is the
//! processor time that the server spends per command.
//!
//! ```text
//! cargo bench -p afterimage-tests --bench versus-redis -- --quick
//! ```

#![allow(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "measuring time on a real machine is what a bench is for"
)]

mod background;
mod client;
mod command;
mod cores;
mod disk;
mod fan_out;
mod load;
mod load_and_sync;
mod memory;
mod pauses;
mod persistence_throughput;
mod recording;
mod report;
mod save_and_load;
mod save_stalls;
mod server;
mod steady;
mod sync;
mod waits;

use std::fs;
use std::process::{self, ExitCode, Stdio};

use anyhow::Result;
use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};

use crate::command::{COMMANDS, Command};
use crate::cores::Cores;
use crate::report::Report;
use crate::server::Programs;

/// Measures an afterimage-server beside the redis-server of this machine.
#[derive(Debug, Parser)]
#[command(name = "versus-redis")]
struct Options {
    /// Fewer requests, keys and rounds: a first impression
    #[arg(long)]
    quick: bool,
    /// Measure only this, may be given several times: a command (GET, LPUSH, LRANGE_100, ...), sync, load-and-sync, fan-out, memory, pauses,
    /// persistence-throughput, save-and-load, save-stalls or recording
    #[arg(long, value_name = "PART", value_parser = parse_part, ignore_case = true)]
    only: Vec<Part>,
    /// How often each measurement is taken; the median counts [default: 5, with --quick 3]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=99))]
    rounds: Option<u16>,
    /// One JSON object instead of Markdown
    #[arg(long)]
    json: bool,
    /// What `cargo bench` says to every bench
    #[arg(long, hide = true)]
    bench: bool,
}

/// What can be measured alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Command(&'static Command),
    Sync,
    LoadAndSync,
    FanOut,
    Memory,
    Pauses,
    PersistenceThroughput,
    SaveAndLoad,
    SaveStalls,
    Recording,
}

/// Those that are no command, by the names that `--only` knows them by.
const PARTS: [(&str, Part); 9] = [
    ("sync", Part::Sync),
    ("load-and-sync", Part::LoadAndSync),
    ("fan-out", Part::FanOut),
    ("memory", Part::Memory),
    ("pauses", Part::Pauses),
    ("persistence-throughput", Part::PersistenceThroughput),
    ("save-and-load", Part::SaveAndLoad),
    ("save-stalls", Part::SaveStalls),
    ("recording", Part::Recording),
];

fn parse_part(text: &str) -> Result<Part, String> {
    let name_of = |command: &Command| command.name.split(' ').next().unwrap_or_default().to_ascii_lowercase();
    let text = text.to_ascii_lowercase();
    let part = PARTS.iter().find(|(name, _)| *name == text).map(|(_, part)| *part);
    let command = || COMMANDS.iter().find(|command| name_of(command) == text).map(Part::Command);
    part.or_else(command).ok_or_else(|| {
        let commands: Vec<String> = COMMANDS.iter().map(name_of).collect();
        format!("known are {} and the commands {}", PARTS.map(|(name, _)| name).join(", "), commands.join(", "))
    })
}

impl Options {
    fn rounds(&self) -> u16 {
        self.rounds.unwrap_or(if self.quick { 3 } else { 5 })
    }

    fn wants(&self, part: Part) -> bool {
        self.only.is_empty() || self.only.contains(&part)
    }

    fn commands(&self) -> Vec<&'static Command> {
        COMMANDS.iter().filter(|command| self.wants(Part::Command(command))).collect()
    }
}

fn main() -> ExitCode {
    let options = Options::parse();
    for program in ["redis-server", "redis-benchmark"] {
        if !is_installed(program) {
            println!(
                "Nothing was measured: there is no `{program}` on the path (Debian has it in redis-server and redis-tools)."
            );
            return ExitCode::SUCCESS;
        }
    }
    match measure(&options) {
        Ok(report) if options.json => println!("{:#}", report.to_json()),
        Ok(report) => print!("{}", report.to_markdown()),
        Err(error) => {
            eprintln!("versus-redis: {error:#}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn measure(options: &Options) -> Result<Report> {
    eprintln!("Building afterimage-server for release (the first time takes minutes) ...");
    let programs = Programs::prepare()?;
    // Building is load, too: what counts is the load that is there when measuring begins.
    let load_average = load_average();
    eprintln!("Load average: {load_average}. Anything above 0.5 or so blurs the figures.");
    let cores = Cores::choose(is_installed("taskset"));
    let (commands, rounds) = (options.commands(), options.rounds());
    let mut report = Report {
        redis: programs.redis_version()?,
        load_average,
        cores: cores.to_string(),
        rounds,
        ..Report::default()
    };
    let progress = ProgressBar::new(steps(options, &programs)).with_style(
        ProgressStyle::with_template("{bar:30} {pos}/{len} {elapsed_precise} {wide_msg}")
            .unwrap_or_else(|_| ProgressStyle::default_bar()),
    );
    if !commands.is_empty() {
        report.loads = load::measure(&programs, &cores, &commands, rounds, options.quick, &progress)?;
    }
    if options.wants(Part::Sync) {
        report.syncs = Some(sync::measure(&programs, rounds, options.quick, &progress)?);
    }
    if options.wants(Part::LoadAndSync) {
        report.load_and_sync_keys = load_and_sync::keys(options.quick);
        report.load_and_sync = load_and_sync::measure(&programs, rounds, options.quick, &progress)?;
    }
    if options.wants(Part::FanOut) {
        report.fan_out_writes = fan_out::describe(options.quick);
        report.fan_out = fan_out::measure(&programs, &cores, rounds, options.quick, &progress)?;
    }
    if options.wants(Part::Memory) {
        report.memory_keys = memory::keys(options.quick);
        report.memory = memory::measure(&programs, options.quick, &progress)?;
    }
    if options.wants(Part::Pauses) {
        report.pauses_size = pauses::size(options.quick);
        report.pauses = pauses::measure(&programs, rounds, options.quick, &progress)?;
    }
    if PERSISTENCE.into_iter().any(|part| options.wants(part)) {
        measure_persistence(options, &programs, &cores, &progress, &mut report)?;
    }
    progress.finish_and_clear();
    Ok(report)
}

/// What is measured on a disk.
const PERSISTENCE: [Part; 4] = [Part::PersistenceThroughput, Part::SaveAndLoad, Part::SaveStalls, Part::Recording];

fn measure_persistence(
    options: &Options,
    programs: &Programs,
    cores: &Cores,
    progress: &ProgressBar,
    report: &mut Report,
) -> Result<()> {
    let rounds = options.rounds();
    report.disk = disk::describe()?;
    if options.wants(Part::PersistenceThroughput) {
        report.persistence_throughput =
            persistence_throughput::measure(programs, cores, &programs.systems(), rounds, options.quick, progress)?;
    }
    if options.wants(Part::SaveAndLoad) {
        report.save_and_load_keys = save_and_load::keys(options.quick);
        report.save_and_load = save_and_load::measure(programs, rounds, options.quick, progress)?;
    }
    if options.wants(Part::SaveStalls) {
        report.save_stalls_keys = save_stalls::keys(options.quick);
        report.save_stalls = save_stalls::measure(programs, rounds, options.quick, progress)?;
    }
    if options.wants(Part::Recording) {
        report.recording = recording::measure(programs, cores, rounds, options.quick, progress)?;
    }
    Ok(())
}

/// How far the progress goes.
fn steps(options: &Options, programs: &Programs) -> u64 {
    let rounds = options.rounds();
    let of_part = |part| match part {
        // Those that are wanted are counted together.
        Part::Command(_) => 0,
        Part::Sync => sync::steps(rounds),
        Part::LoadAndSync => load_and_sync::steps(programs, rounds),
        Part::FanOut => fan_out::steps(rounds),
        Part::Memory => memory::steps(),
        Part::Pauses => pauses::steps(rounds),
        Part::PersistenceThroughput => persistence_throughput::steps(&programs.systems(), rounds),
        Part::SaveAndLoad => save_and_load::steps(programs, rounds),
        Part::SaveStalls => save_stalls::steps(programs, rounds),
        Part::Recording => recording::steps(rounds),
    };
    let parts = PARTS.into_iter().map(|(_, part)| part).filter(|part| options.wants(*part));
    load::steps(&options.commands(), rounds) + parts.map(of_part).sum::<u64>()
}

fn is_installed(program: &str) -> bool {
    let mut command = process::Command::new(program);
    command.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok()
}

/// The load of the last one, five and fifteen minutes.
fn load_average() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace().take(3).collect::<Vec<_>>().join(" ")
}

/// The value in the middle; of two, the lower one. Zero if there are none.
fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len().saturating_sub(1) / 2).copied().unwrap_or(0.0)
}
