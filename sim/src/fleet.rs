//! How are many seeds run, and what is said of them?
//!
//! Worlds share nothing, so seeds are spread over threads; the results stand in the order of the seeds, whatever thread
//! finished first.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::ops::Range;
use std::time::Duration;

use afterimage_sim::{Outcome, Plan, Totals, run_plan};
use indicatif::{ParallelProgressIterator, ProgressBar, ProgressStyle};
use rayon::prelude::*;
use serde::Serialize;

/// Failing seeds told in words; all are counted, and all stand in the JSON form.
const TOLD_MAX: usize = 10;

/// What came of many seeds.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Summary {
    first_seed: u64,
    /// Mistakes that all nodes made on purpose.
    defects: Vec<String>,
    seeds: u64,
    failed: u64,
    totals: Totals,
    messages: u64,
    events: u64,
    simulated_seconds: u64,
    compared: u64,
    full_synchronisations: u64,
    partial_synchronisations: u64,
    cpu_milliseconds: u64,
    /// How often each signature was seen.
    signatures: BTreeMap<String, u64>,
    failures: Vec<Outcome>,
}

/// Runs seeds on `jobs` threads, with nodes that make these mistakes.
///
/// # Errors
///
/// If the threads cannot be started.
pub(crate) fn run(seeds: Range<u64>, jobs: Option<usize>, defects: &[String]) -> io::Result<Summary> {
    let threads = rayon::ThreadPoolBuilder::new().num_threads(jobs.unwrap_or(0)).build().map_err(io::Error::other)?;
    let count = seeds.end - seeds.start;
    let bar = ProgressBar::new(count).with_style(
        ProgressStyle::with_template("{bar:40} {pos}/{len} seeds, {per_sec}, {eta} left")
            .unwrap_or_else(|_| ProgressStyle::default_bar()),
    );
    let cpu = cpu_time::ProcessTime::now();
    let folded = threads.install(|| {
        seeds
            .clone()
            .into_par_iter()
            .progress_with(bar.clone())
            .fold(Summary::default, |mut summary, seed| {
                summary.take(run_plan(Plan { defects: defects.to_vec(), ..Plan::draw(seed) }));
                summary
            })
            .reduce(Summary::default, Summary::join)
    });
    bar.finish_and_clear();
    let mut summary = folded;
    summary.first_seed = seeds.start;
    summary.defects = defects.to_vec();
    summary.cpu_milliseconds = u64::try_from(cpu.elapsed().as_millis()).unwrap_or(u64::MAX);
    summary.failures.sort_by_key(|outcome| outcome.seed);
    Ok(summary)
}

impl Summary {
    /// True if no seed broke a property.
    pub(crate) fn passed(&self) -> bool {
        self.failed == 0
    }

    pub(crate) fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("a summary has only strings, numbers and lists")
    }

    fn take(&mut self, outcome: Outcome) {
        self.seeds += 1;
        self.totals.add(&outcome.totals);
        self.messages += outcome.totals.messages();
        self.events += outcome.events;
        self.simulated_seconds += outcome.simulated_us / 1_000_000;
        self.compared += outcome.compared;
        self.full_synchronisations += outcome.resyncs.full;
        self.partial_synchronisations += outcome.resyncs.partial;
        if let Some(first) = outcome.violations.first() {
            self.failed += 1;
            *self.signatures.entry(first.signature()).or_insert(0) += 1;
            self.failures.push(outcome);
        }
    }

    fn join(mut self, other: Summary) -> Summary {
        self.seeds += other.seeds;
        self.failed += other.failed;
        self.totals.add(&other.totals);
        self.messages += other.messages;
        self.events += other.events;
        self.simulated_seconds += other.simulated_seconds;
        self.compared += other.compared;
        self.full_synchronisations += other.full_synchronisations;
        self.partial_synchronisations += other.partial_synchronisations;
        for (signature, count) in other.signatures {
            *self.signatures.entry(signature).or_insert(0) += count;
        }
        self.failures.extend(other.failures);
        self
    }

    fn per_cpu_second(&self, count: u64) -> u64 {
        count.saturating_mul(1000) / self.cpu_milliseconds.max(1)
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for outcome in self.failures.iter().take(TOLD_MAX) {
            let defects = self.defects.iter().map(|defect| format!(" --defect {defect}"));
            writeln!(f, "{outcome}\n  replay: cargo sim replay {}{}\n", outcome.seed, defects.collect::<String>())?;
        }
        if self.failures.len() > TOLD_MAX {
            writeln!(f, "... and {} more failing seeds", self.failures.len() - TOLD_MAX)?;
        }
        for (signature, count) in &self.signatures {
            writeln!(f, "{count:>8}  {signature}")?;
        }
        let last = self.first_seed + self.seeds;
        writeln!(f, "seeds {}..{last}: {} failed", self.first_seed, self.failed)?;
        writeln!(
            f,
            "  {} messages delivered, {} events, {} simulated seconds in {:?} of CPU time",
            self.messages,
            self.events,
            self.simulated_seconds,
            Duration::from_millis(self.cpu_milliseconds)
        )?;
        writeln!(
            f,
            "  per CPU second: {} messages, {} events, {} simulated seconds, {} seeds",
            self.per_cpu_second(self.messages),
            self.per_cpu_second(self.events),
            self.per_cpu_second(self.simulated_seconds),
            self.per_cpu_second(self.seeds)
        )?;
        writeln!(
            f,
            "  {} faults, {} crashes, {} orders, {} takeovers, {} full and {} partial synchronisations",
            self.totals.faults,
            self.totals.crashes,
            self.totals.orders,
            self.totals.takeovers,
            self.full_synchronisations,
            self.partial_synchronisations
        )?;
        writeln!(
            f,
            "  compared: {} command boundaries, {} answers of WAIT and {} of WAITAOF, {} writes that wanted good replicas, {} returns with promises to keep",
            self.compared, self.totals.waits, self.totals.disk_waits, self.totals.gated_writes, self.totals.promises
        )
    }
}
