//! What does it cost to write down all that enters a node (`--record`)?

use std::fmt;

use anyhow::Result;
use indicatif::ProgressBar;
use serde::Serialize;

use crate::command::Request;
use crate::cores::Cores;
use crate::disk;
use crate::load::{KEY_SPACE, Sample, generate, measure_one};
use crate::server::{Programs, Server, System};

/// A command, and how many of it each client sends at once.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Load {
    pub(crate) test: &'static str,
    pub(crate) pipeline: u32,
}

const LOADS: [Load; 6] = [
    Load { test: "get", pipeline: 1 },
    Load { test: "set", pipeline: 1 },
    Load { test: "get", pipeline: 16 },
    Load { test: "set", pipeline: 16 },
    Load { test: "get", pipeline: 64 },
    Load { test: "set", pipeline: 64 },
];

impl Load {
    /// As many as keep a server busy for some seconds.
    fn requests(self, is_quick: bool) -> u64 {
        let requests = if self.pipeline == 1 { 300_000 } else { 4_000_000 };
        if is_quick { requests / 4 } else { requests }
    }
}

impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, pipeline {}", self.test.to_uppercase(), self.pipeline)
    }
}

/// What one kind of load came to, in the median of the rounds.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) load: Load,
    /// Whether all threads of the server share a processor. If they do not, programs run wherever the system puts them.
    pub(crate) is_pinned: bool,
    pub(crate) plain: Sample,
    pub(crate) recorded: Sample,
}

/// How many runs [`measure`] makes.
pub(crate) fn steps(rounds: u16) -> u64 {
    // Pinned and not, recorded and not.
    LOADS.len() as u64 * 4 * u64::from(rounds)
}

/// Measures each kind of load with a server that records and with one that does not, by turns.
pub(crate) fn measure(
    programs: &Programs,
    cores: &Cores,
    rounds: u16,
    is_quick: bool,
    progress: &ProgressBar,
) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for (is_pinned, cores) in [(true, cores), (false, &Cores::unpinned())] {
        let (plain, recorded) = (start(programs, cores, false)?, start(programs, cores, true)?);
        for load in LOADS {
            let mut samples = (Vec::new(), Vec::new());
            for round in 0..rounds {
                progress.set_message(format!("recording: {load}"));
                let mut runs = [(&plain, &mut samples.0), (&recorded, &mut samples.1)];
                if round % 2 == 1 {
                    runs.reverse();
                }
                for (server, samples) in runs {
                    let request = Request::Test(load.test);
                    samples.push(measure_one(server, cores, &request, load.pipeline, load.requests(is_quick))?);
                    progress.inc(1);
                }
            }
            rows.push(Row { load, is_pinned, plain: Sample::median(&samples.0), recorded: Sample::median(&samples.1) });
        }
    }
    Ok(rows)
}

/// A server that has all keys.
fn start(programs: &Programs, cores: &Cores, is_recorded: bool) -> Result<Server> {
    let directory = disk::directory()?;
    let file = directory.path().join("recording").display().to_string();
    let option = ("record", file.as_str());
    let directives = if is_recorded { &[option][..] } else { &[] };
    let server = Server::start_in(programs, System::Afterimage, cores, &directory, directives)?;
    generate(&server, cores, &Request::Test("set"), 64, KEY_SPACE * 10, KEY_SPACE)?;
    Ok(server)
}
