//! What does a client notice, and what does the master's memory, while a replica is given everything?
//!
//! A master of about 2 GB is written to at a steady rate; a fresh replica of the same kind follows it. Two things are watched until the replica has
//! caught up: how long a client waits that asks once a millisecond, whether or not it was answered before, and how much more memory the master takes.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use indicatif::ProgressBar;
use serde::Serialize;

use crate::cores::{Cores, Job};
use crate::median;
use crate::server::{Programs, Server, System};
use crate::steady::{self, VALUE_BYTES};
use crate::waits::Waits;

const SYNC_TIMEOUT: Duration = Duration::from_secs(300);

/// What was seen of one system, the median of the rounds.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) system: &'static str,
    /// From REPLICAOF until the replica has applied what the master has written.
    pub(crate) sync_s: f64,
    /// How long the watched client waited.
    pub(crate) waits: Waits,
    /// The same before the replica came.
    pub(crate) quiet_waits: Waits,
    /// Memory of the master at its peak, with what a forked child had copied, less what it took before.
    pub(crate) extra_mb: f64,
    /// Of the writes that were to be made.
    pub(crate) writes_share: f64,
}

/// How many systems are measured how often.
pub(crate) fn steps(programs: &Programs, rounds: u16) -> u64 {
    programs.systems().len() as u64 * u64::from(rounds)
}

/// How many keys the master has: with values of a hundred bytes they take about 2 GB of a Redis.
pub(crate) fn keys(is_quick: bool) -> u64 {
    if is_quick { 1_000_000 } else { 12_500_000 }
}

/// Measures each system by turns. Nothing is pinned: Redis forks, and its child needs a processor of its own.
pub(crate) fn measure(programs: &Programs, rounds: u16, is_quick: bool, progress: &ProgressBar) -> Result<Vec<Row>> {
    let systems = programs.systems();
    let mut seen: Vec<Vec<Row>> = vec![Vec::new(); systems.len()];
    for _ in 0..rounds {
        for (system, rows) in systems.iter().zip(&mut seen) {
            progress.set_message(format!("full synchronisation of {} under writes", system.name()));
            rows.push(synchronise(programs, *system, keys(is_quick)).context(system.name())?);
            progress.inc(1);
        }
    }
    Ok(seen.iter().filter_map(|rows| median_row(rows)).collect())
}

fn median_row(rows: &[Row]) -> Option<Row> {
    let of = |field: fn(&Row) -> f64| median(rows.iter().map(field));
    Some(Row {
        system: rows.first()?.system,
        sync_s: of(|row| row.sync_s),
        waits: Waits::median(rows.iter().map(|row| row.waits)),
        quiet_waits: Waits::median(rows.iter().map(|row| row.quiet_waits)),
        extra_mb: of(|row| row.extra_mb),
        writes_share: of(|row| row.writes_share),
    })
}

fn synchronise(programs: &Programs, system: System, keys: u64) -> Result<Row> {
    let cores = Cores::unpinned();
    let master = Server::start(programs, system, &cores, Job::Server)?;
    master.client()?.call(&format!("DEBUG POPULATE {keys} key {VALUE_BYTES}"))?;
    let replica = Server::start(programs, system, &cores, Job::Replica)?;
    let seen = steady::watch_during(&master, keys, || follow(&master, &replica))?;
    let (sync_s, peaks) = seen.done;
    let copied_bytes: f64 = match system {
        System::Afterimage => 0.0,
        _ => master.client()?.info("persistence", "rdb_last_cow_size")?.parse()?,
    };
    Ok(Row {
        system: system.name(),
        sync_s,
        waits: seen.waits,
        quiet_waits: seen.quiet_waits,
        extra_mb: (peaks.master_bytes - peaks.master_before_bytes + copied_bytes) / 1e6,
        writes_share: seen.writes_share,
    })
}

/// Memory in bytes.
struct Peaks {
    master_before_bytes: f64,
    master_bytes: f64,
}

/// Lets the replica follow the master until it has applied what the master had written when it was asked.
fn follow(master: &Server, replica: &Server) -> Result<(f64, Peaks)> {
    const POLL_INTERVAL: Duration = Duration::from_millis(20);
    let (mut asks_master, mut asks_replica) = (master.client()?, replica.client()?);
    let before = master.resident_bytes()? as f64;
    let mut peaks = Peaks { master_before_bytes: before, master_bytes: before };
    let begin = Instant::now();
    asks_replica.call(&format!("REPLICAOF 127.0.0.1 {}", master.port))?;
    while begin.elapsed() < SYNC_TIMEOUT {
        peaks.master_bytes = peaks.master_bytes.max(master.resident_bytes()? as f64);
        let written: u64 = asks_master.info("replication", "master_repl_offset")?.parse()?;
        if asks_replica.info("replication", "master_link_status")? == "up" {
            let applied: u64 = asks_replica.info("replication", "slave_repl_offset")?.parse()?;
            if applied >= written {
                return Ok((begin.elapsed().as_secs_f64(), peaks));
            }
        }
        thread::sleep(POLL_INTERVAL);
    }
    bail!("the replica has not caught up after {} seconds", SYNC_TIMEOUT.as_secs())
}
