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

mod client;
mod command;
mod cores;
mod fan_out;
mod load;
mod load_and_sync;
mod memory;
mod pauses;
mod report;
mod server;
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
    /// Measure only this, may be given several times: a command (GET, LPUSH, LRANGE_100, ...), sync, load-and-sync, fan-out, memory or pauses
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
}

fn parse_part(text: &str) -> Result<Part, String> {
    let name_of = |command: &Command| command.name.split(' ').next().unwrap_or_default().to_ascii_lowercase();
    match text.to_ascii_lowercase().as_str() {
        "sync" => Ok(Part::Sync),
        "load-and-sync" => Ok(Part::LoadAndSync),
        "fan-out" => Ok(Part::FanOut),
        "memory" => Ok(Part::Memory),
        "pauses" => Ok(Part::Pauses),
        name => COMMANDS.iter().find(|command| name_of(command) == name).map(Part::Command).ok_or_else(|| {
            let names: Vec<String> = COMMANDS.iter().map(name_of).collect();
            format!("known are sync, load-and-sync, fan-out, memory, pauses and the commands {}", names.join(", "))
        }),
    }
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
    let wants_sync = options.wants(Part::Sync);
    let wants_load_and_sync = options.wants(Part::LoadAndSync);
    let (wants_memory, wants_pauses) = (options.wants(Part::Memory), options.wants(Part::Pauses));
    let steps = load::steps(&commands, rounds)
        + if wants_sync { sync::steps(rounds) } else { 0 }
        + if wants_load_and_sync { load_and_sync::steps(&programs, rounds) } else { 0 }
        + if options.wants(Part::FanOut) { fan_out::steps(rounds) } else { 0 }
        + if wants_memory { memory::steps() } else { 0 }
        + if wants_pauses { pauses::steps(rounds) } else { 0 };
    let progress = ProgressBar::new(steps).with_style(
        ProgressStyle::with_template("{bar:30} {pos}/{len} {elapsed_precise} {wide_msg}")
            .unwrap_or_else(|_| ProgressStyle::default_bar()),
    );
    if !commands.is_empty() {
        report.loads = load::measure(&programs, &cores, &commands, rounds, options.quick, &progress)?;
    }
    if wants_sync {
        report.syncs = Some(sync::measure(&programs, rounds, options.quick, &progress)?);
    }
    if wants_load_and_sync {
        report.load_and_sync_keys = load_and_sync::keys(options.quick);
        report.load_and_sync = load_and_sync::measure(&programs, rounds, options.quick, &progress)?;
    }
    if options.wants(Part::FanOut) {
        report.fan_out_writes = fan_out::describe(options.quick);
        report.fan_out = fan_out::measure(&programs, &cores, rounds, options.quick, &progress)?;
    }
    if wants_memory {
        report.memory_keys = memory::keys(options.quick);
        report.memory = memory::measure(&programs, options.quick, &progress)?;
    }
    if wants_pauses {
        report.pauses_size = pauses::size(options.quick);
        report.pauses = pauses::measure(&programs, rounds, options.quick, &progress)?;
    }
    progress.finish_and_clear();
    Ok(report)
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
