//! How many writes does the append-only file let through, and what does it cost to keep one?

use std::fmt;

use anyhow::{Context, Result};
use indicatif::ProgressBar;
use serde::Serialize;

use crate::command::Request;
use crate::cores::Cores;
use crate::disk;
use crate::load::{KEY_SPACE, Sample, generate, measure_one};
use crate::server::{Programs, Server, System, WITH_AOF};

/// A policy, and how many requests each client sends at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Load {
    pub(crate) appendfsync: &'static str,
    pub(crate) pipeline: u32,
}

const LOADS: [Load; 4] = [
    Load { appendfsync: "everysec", pipeline: 1 },
    Load { appendfsync: "everysec", pipeline: 16 },
    Load { appendfsync: "always", pipeline: 1 },
    Load { appendfsync: "always", pipeline: 16 },
];

impl Load {
    /// As many as keep a server busy for some seconds.
    fn requests(self, is_quick: bool) -> u64 {
        let requests = if self.pipeline == 1 { 200_000 } else { 2_000_000 };
        if is_quick { requests / 4 } else { requests }
    }
}

impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, pipeline {}", self.appendfsync, self.pipeline)
    }
}

/// What one kind of load came to with one system, in the median of the rounds.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) load: Load,
    pub(crate) system: &'static str,
    pub(crate) sample: Sample,
}

/// How many runs [`measure`] makes.
pub(crate) fn steps(systems: &[System], rounds: u16) -> u64 {
    (LOADS.len() * systems.len()) as u64 * u64::from(rounds)
}

/// Measures each kind of load with `systems`, one server after the other, and the other way round in every second round.
pub(crate) fn measure(
    programs: &Programs,
    cores: &Cores,
    systems: &[System],
    rounds: u16,
    is_quick: bool,
    progress: &ProgressBar,
) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for load in LOADS {
        let mut samples = vec![Vec::new(); systems.len()];
        for round in 0..rounds {
            let mut order: Vec<usize> = (0..systems.len()).collect();
            if round % 2 == 1 {
                order.reverse();
            }
            for index in order {
                let system = systems[index];
                progress.set_message(format!("{}: SET with appendfsync {load}", system.name()));
                let sample = run(programs, cores, system, load, load.requests(is_quick));
                samples[index].push(sample.with_context(|| format!("{} with {load}", system.name()))?);
                progress.inc(1);
            }
        }
        rows.extend(systems.iter().zip(samples).map(|(system, samples)| Row {
            load,
            system: system.name(),
            sample: Sample::median(&samples),
        }));
    }
    Ok(rows)
}

/// Puts one load on a fresh server that has all its keys already.
fn run(programs: &Programs, cores: &Cores, system: System, load: Load, requests: u64) -> Result<Sample> {
    let directives = [&WITH_AOF[..], &[("appendfsync", load.appendfsync)]].concat();
    let server = Server::start_in(programs, system, cores, &disk::directory()?, &directives)?;
    let set = Request::Test("set");
    generate(&server, cores, &set, 64, KEY_SPACE, KEY_SPACE)?;
    measure_one(&server, cores, &set, load.pipeline, requests)
}
