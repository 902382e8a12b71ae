//! How long do a snapshot and a rewrite of the append-only file take, how large are they, and how soon is a server back with them?

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use indicatif::ProgressBar;
use serde::Serialize;
use tempfile::TempDir;

use crate::background::Work;
use crate::cores::Cores;
use crate::disk;
use crate::median;
use crate::server::{Programs, Server, System, WITH_AOF};

/// The request that makes a key: most are strings of 100 bytes, which no packing makes shorter.
fn request(number: u64) -> String {
    match number % 10 {
        3 => format!("HSET key:{number:07} name alpha age 33 id {number:07}"),
        7 => format!("RPUSH key:{number:07} alpha beta {number:07}"),
        _ => format!("SET key:{number:07} {}", text(number)),
    }
}

/// A hundred letters that look drawn by lot, the same for the same number.
fn text(number: u64) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let letter = |index: u64| {
        // Knuth's multiplier for a linear congruence; the upper bits are the good ones.
        let mixed = (number * 100 + index).wrapping_mul(6_364_136_223_846_793_005);
        char::from(LETTERS[((mixed ^ (mixed >> 29)).wrapping_mul(6_364_136_223_846_793_005) >> 58) as usize])
    };
    (0..100).map(letter).collect()
}

/// Requests per write: the replies to them fit into any buffer.
const BATCH: u64 = 1_000;

/// What was seen of one system, the median of the rounds.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) system: &'static str,
    pub(crate) snapshot: Stored,
    /// What is left of the append-only file when all keys were set one by one: no work but the writing of them.
    pub(crate) log: Stored,
    /// The same file, written anew.
    pub(crate) rewritten: Stored,
}

/// A file with all the data.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Stored {
    /// How long it took to write it; zero for what was written as it came.
    pub(crate) write_s: f64,
    /// Memory that this took, beyond what was taken before.
    pub(crate) extra_mb: f64,
    pub(crate) file_mb: f64,
    /// From the start of the process until it answers, with all keys.
    pub(crate) restart_s: f64,
}

impl Stored {
    fn median(seen: &[Stored]) -> Option<Stored> {
        seen.first()?;
        let of = |field: fn(&Stored) -> f64| median(seen.iter().map(field));
        Some(Stored {
            write_s: of(|stored| stored.write_s),
            extra_mb: of(|stored| stored.extra_mb),
            file_mb: of(|stored| stored.file_mb),
            restart_s: of(|stored| stored.restart_s),
        })
    }
}

/// How many systems are measured how often.
pub(crate) fn steps(programs: &Programs, rounds: u16) -> u64 {
    programs.systems().len() as u64 * u64::from(rounds)
}

/// How many keys there are.
pub(crate) fn keys(is_quick: bool) -> u64 {
    if is_quick { 200_000 } else { 2_000_000 }
}

/// Measures each system by turns, the other way round in every second round.
/// Nothing is pinned: Redis forks, and its child needs a processor of its own.
pub(crate) fn measure(programs: &Programs, rounds: u16, is_quick: bool, progress: &ProgressBar) -> Result<Vec<Row>> {
    let systems = programs.systems();
    let mut seen: Vec<[Vec<Stored>; 3]> = vec![[const { Vec::new() }; 3]; systems.len()];
    for round in 0..rounds {
        let mut turns: Vec<_> = systems.iter().zip(&mut seen).collect();
        if round % 2 == 1 {
            turns.reverse();
        }
        for (system, seen) in turns {
            progress.set_message(format!("saving and loading of {}", system.name()));
            let files = Files { programs, system: *system, keys: keys(is_quick), directory: disk::directory()? };
            let stored = files.store().context(system.name())?;
            seen.iter_mut().zip(stored).for_each(|(seen, stored)| seen.push(stored));
            progress.inc(1);
        }
    }
    let row = |(system, [snapshots, logs, rewritten]): (&System, &[Vec<Stored>; 3])| {
        let [snapshot, log, rewritten] = [snapshots, logs, rewritten].map(|seen| Stored::median(seen));
        Some(Row { system: system.name(), snapshot: snapshot?, log: log?, rewritten: rewritten? })
    };
    Ok(systems.iter().zip(&seen).filter_map(row).collect())
}

/// The files of the servers that follow one another in a directory.
struct Files<'a> {
    programs: &'a Programs,
    system: System,
    keys: u64,
    directory: Arc<TempDir>,
}

impl Files<'_> {
    /// A server with all keys.
    fn filled(&self, directives: &[(&str, &str)]) -> Result<Server> {
        let server = Server::start_in(self.programs, self.system, &Cores::unpinned(), &self.directory, directives)?;
        let mut client = server.client()?;
        for first in (0..self.keys).step_by(BATCH as usize) {
            let numbers = first..(first + BATCH).min(self.keys);
            client.call_all(numbers.map(request))?;
        }
        Ok(server)
    }

    /// All that one server leaves: a snapshot, its append-only file, and that file written anew.
    fn store(&self) -> Result<[Stored; 3]> {
        let server = self.filled(&WITH_AOF)?;
        let mut snapshot = self.snapshot(&server)?;
        server.shut_down()?;
        let (server, log) = self.log()?;
        let rewritten = self.rewritten(server)?;
        snapshot.restart_s = self.restarted(&[])?.1;
        Ok([snapshot, log, rewritten])
    }

    /// A snapshot of a server. It is not loaded here.
    fn snapshot(&self, server: &Server) -> Result<Stored> {
        write_back()?;
        let done = Work::Save.perform(server)?;
        let file_mb = fs::metadata(self.directory.path().join("dump.rdb"))?.len() as f64 / 1e6;
        Ok(Stored { write_s: done.seconds, extra_mb: done.extra_mb, file_mb, restart_s: 0.0 })
    }

    /// The append-only file that was left, and a server that has loaded it.
    fn log(&self) -> Result<(Server, Stored)> {
        let file_mb = self.aof_mb()?;
        let (server, restart_s) = self.restarted(&WITH_AOF)?;
        Ok((server, Stored { write_s: 0.0, extra_mb: 0.0, file_mb, restart_s }))
    }

    /// The append-only file of a server, written anew.
    fn rewritten(&self, server: Server) -> Result<Stored> {
        write_back()?;
        let done = Work::Rewrite.perform(&server)?;
        server.shut_down()?;
        let (server, loaded) = self.log()?;
        server.shut_down()?;
        Ok(Stored { write_s: done.seconds, extra_mb: done.extra_mb, ..loaded })
    }

    /// A server that has loaded what is there, and how long that took.
    fn restarted(&self, directives: &[(&str, &str)]) -> Result<(Server, f64)> {
        let begin = Instant::now();
        let server = Server::start_in(self.programs, self.system, &Cores::unpinned(), &self.directory, directives)?;
        let restart_s = begin.elapsed().as_secs_f64();
        let found = server.client()?.key_count()?;
        ensure!(found == self.keys, "{found} of {} keys are back", self.keys);
        Ok((server, restart_s))
    }

    fn aof_mb(&self) -> Result<f64> {
        fn sum(directory: &Path) -> Result<u64> {
            fs::read_dir(directory)?.try_fold(0, |sum, entry| Ok(sum + entry?.metadata()?.len()))
        }
        Ok(sum(&self.directory.path().join("appendonlydir"))? as f64 / 1e6)
    }
}

/// Lets the system write what was written before, so that it does not get in the way of what is measured.
fn write_back() -> Result<()> {
    ensure!(Command::new("sync").status()?.success(), "what was written is not on the disk");
    Ok(())
}
