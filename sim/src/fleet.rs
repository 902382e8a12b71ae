//! How are many seeds run?
//!
//! Worlds share nothing, so seeds are spread over threads. Each result is handed on at once; sums do not depend on which thread finished first.

use std::io;
use std::sync::Mutex;
use std::time::Duration;

use afterimage_sim::{Changes, Divergence, Outcome, Recorded, run_plan, run_recorded, run_twice};
use indicatif::{ProgressBar, ProgressStyle};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::summary::Summary;

/// What is asked of each seed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Terms {
    /// What is other than they draw.
    pub(crate) changes: Changes,
    /// Each is run twice and must do the same.
    pub(crate) twice: bool,
    /// Rolling hashes are kept.
    pub(crate) with_prints: bool,
    /// Threads; no more are started than there are seeds.
    pub(crate) jobs: Option<u16>,
    /// No seed is begun after so long.
    pub(crate) time_limit: Option<Duration>,
}

/// What came of one seed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    #[serde(flatten)]
    pub(crate) outcome: Outcome,
    /// Of its failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) signature: Option<String>,
    /// CPU time in microseconds.
    pub(crate) cpu_us: u64,
    /// Where it did not do the same twice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) divergence: Option<Box<Divergence>>,
    /// Its hashes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) recorded: Option<Recorded>,
}

/// The signature of a seed that did not do the same twice.
const TWO_FINGERPRINTS: &str = "deterministic/world";

/// Runs seeds, and gives each result to `keep` as soon as it is there. Adds them all to `summary`.
///
/// # Errors
///
/// If the threads cannot be started, or a result cannot be kept; then no further seed is begun.
pub(crate) fn run(
    seeds: &[u64],
    terms: &Terms,
    keep: &mut (dyn FnMut(&Record) -> io::Result<()> + Send),
    summary: &mut Summary,
) -> io::Result<()> {
    let jobs = terms.jobs.map_or(0, |jobs| usize::from(jobs).min(seeds.len().max(1)));
    let threads = rayon::ThreadPoolBuilder::new().num_threads(jobs).build().map_err(io::Error::other)?;
    let bar = ProgressBar::new(seeds.len() as u64).with_style(
        ProgressStyle::with_template("{bar:40} {pos}/{len} seeds, {per_sec}, {eta} left{msg}")
            .unwrap_or_else(|_| ProgressStyle::default_bar()),
    );
    let cpu = cpu_time::ProcessTime::now();
    let shared = Mutex::new((keep, &mut *summary));
    let outcome = threads.install(|| {
        seeds.par_iter().try_for_each(|seed| {
            if terms.time_limit.is_some_and(|limit| bar.elapsed() >= limit) {
                return Ok(());
            }
            let record = Record::of(*seed, terms);
            bar.inc(1);
            let mut shared = shared.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            (shared.0)(&record)?;
            let failed = record.signature.is_some();
            shared.1.take(record);
            if failed {
                bar.set_message(shared.1.failures_in_short());
            }
            Ok(())
        })
    });
    bar.finish_and_clear();
    summary.cpu_milliseconds += u64::try_from(cpu.elapsed().as_millis()).unwrap_or(u64::MAX);
    outcome
}

impl Record {
    fn of(seed: u64, terms: &Terms) -> Record {
        let begun = cpu_time::ThreadTime::now();
        let plan = terms.changes.draw(seed);
        let divergence = if terms.twice { run_twice(&plan).err() } else { None };
        let (outcome, recorded) = if terms.with_prints {
            let (outcome, recorded) = run_recorded(plan);
            (outcome, Some(recorded))
        } else {
            (run_plan(plan), None)
        };
        let broken = outcome.violations.first().map(afterimage_sim::Violation::signature);
        Record {
            signature: divergence.as_ref().map(|_| TWO_FINGERPRINTS.to_string()).or(broken),
            cpu_us: u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX),
            outcome,
            divergence,
            recorded,
        }
    }
}
