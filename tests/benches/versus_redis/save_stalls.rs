//! How long does a client wait while a server under writes stores all its data?

use anyhow::{Context, Result};
use indicatif::ProgressBar;
use serde::Serialize;

use crate::background::Work;
use crate::cores::Cores;
use crate::disk;
use crate::median;
use crate::server::{Programs, Server, System, WITH_AOF};
use crate::steady::{self, Seen, VALUE_BYTES};
use crate::waits::Waits;

/// What was seen of one system during one work, the median of the rounds.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) system: &'static str,
    pub(crate) work: &'static str,
    pub(crate) seconds: f64,
    /// How long the watched client waited.
    pub(crate) waits: Waits,
    /// The same before.
    pub(crate) quiet_waits: Waits,
    pub(crate) extra_mb: f64,
    /// Of the writes that were to be made.
    pub(crate) writes_share: f64,
}

/// How many systems are measured how often.
pub(crate) fn steps(programs: &Programs, rounds: u16) -> u64 {
    programs.systems().len() as u64 * u64::from(rounds)
}

/// How many keys there are: with values of a hundred bytes they take about 2 GB of a Redis, or a tenth of that.
pub(crate) fn keys(is_quick: bool) -> u64 {
    if is_quick { 1_250_000 } else { 12_500_000 }
}

/// Measures each system by turns, the other way round in every second round.
/// Nothing is pinned: Redis forks, and its child needs a processor of its own.
pub(crate) fn measure(programs: &Programs, rounds: u16, is_quick: bool, progress: &ProgressBar) -> Result<Vec<Row>> {
    let systems = programs.systems();
    let mut seen: Vec<Vec<Vec<Row>>> = vec![Vec::new(); systems.len()];
    for round in 0..rounds {
        let mut turns: Vec<_> = systems.iter().zip(&mut seen).collect();
        if round % 2 == 1 {
            turns.reverse();
        }
        for (system, seen) in turns {
            progress.set_message(format!("{} stores its data under writes", system.name()));
            seen.push(stall(programs, *system, keys(is_quick)).context(system.name())?);
            progress.inc(1);
        }
    }
    let rows = seen.iter().flat_map(|rounds| {
        let works = rounds.first().map_or(0, Vec::len);
        (0..works).filter_map(|work| median_row(rounds.iter().filter_map(|rows| rows.get(work))))
    });
    Ok(rows.collect())
}

fn median_row<'a>(rows: impl Iterator<Item = &'a Row> + Clone) -> Option<Row> {
    let of = |field: fn(&Row) -> f64| median(rows.clone().map(field));
    let Row { system, work, .. } = rows.clone().next()?.clone();
    Some(Row {
        system,
        work,
        seconds: of(|row| row.seconds),
        waits: Waits::median(rows.clone().map(|row| row.waits)),
        quiet_waits: Waits::median(rows.clone().map(|row| row.quiet_waits)),
        extra_mb: of(|row| row.extra_mb),
        writes_share: of(|row| row.writes_share),
    })
}

/// Watches one server during one work after the other.
fn stall(programs: &Programs, system: System, keys: u64) -> Result<Vec<Row>> {
    let server = Server::start_in(programs, system, &Cores::unpinned(), &disk::directory()?, &WITH_AOF)?;
    server.client()?.call(&format!("DEBUG POPULATE {keys} key {VALUE_BYTES}"))?;
    let works = [Work::Save, Work::Rewrite];
    works.into_iter().map(|work| watch_during(work, &server, keys).context(work.command())).collect()
}

fn watch_during(work: Work, server: &Server, keys: u64) -> Result<Row> {
    let Seen { done, waits, quiet_waits, writes_share } = steady::watch_during(server, keys, || work.perform(server))?;
    Ok(Row {
        system: server.system.name(),
        work: work.command(),
        seconds: done.seconds,
        waits,
        quiet_waits,
        extra_mb: done.extra_mb,
        writes_share,
    })
}
