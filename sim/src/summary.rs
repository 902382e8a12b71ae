//! What is said of many seeds?

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use afterimage_sim::marks::Coverage;
use afterimage_sim::{Changes, Fates, Losses, Totals};
use serde::Serialize;

use crate::fleet::Record;
use crate::known::Known;

/// Failing seeds told in words; all are counted, and those that are kept stand in the JSON form.
const TOLD_MAX: usize = 10;
/// Failing seeds that are kept of each signature: of millions that fail alike the first are enough.
const KEPT_MAX: usize = 1000;
/// Ranges of missing seeds that are told.
const GAPS_MAX: usize = 20;

/// What came of many seeds.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Summary {
    #[serde(with = "afterimage_sim::wide")]
    first_seed: u64,
    /// The first seed that was not to be run.
    #[serde(with = "afterimage_sim::wide")]
    end_seed: u64,
    /// What was other than seeds draw.
    #[serde(flatten)]
    changes: Changes,
    seeds: u64,
    failed: u64,
    totals: Totals,
    messages: u64,
    events: u64,
    simulated_seconds: u64,
    compared: u64,
    full_synchronisations: u64,
    partial_synchronisations: u64,
    /// Times that a replica with keys was given nothing in their place, and those among them that nobody had asked for.
    wiped: u64,
    wiped_unasked: u64,
    pub(crate) cpu_milliseconds: u64,
    #[serde(skip_serializing_if = "Coverage::is_untold")]
    pub(crate) marks: Coverage,
    /// How often each signature was seen.
    signatures: BTreeMap<String, u64>,
    /// Those among them that are known, and do not count as failures.
    known: BTreeMap<String, u64>,
    /// Known ones that were not seen.
    known_and_not_seen: Vec<String>,
    /// Seeds that were to be run and were not: first and last of each run of them.
    missing: Vec<Gap>,
    /// How many these are.
    not_run: u64,
    failures: Vec<Record>,
}

/// A run of seeds: the first and the last.
#[derive(Debug, Serialize)]
struct Gap(#[serde(with = "afterimage_sim::wide")] u64, #[serde(with = "afterimage_sim::wide")] u64);

impl Summary {
    /// Of seeds that are still to be run.
    pub(crate) fn of(seeds: std::ops::Range<u64>, changes: &Changes) -> Summary {
        Summary { first_seed: seeds.start, end_seed: seeds.end, changes: changes.clone(), ..Summary::default() }
    }

    /// Adds a seed.
    pub(crate) fn take(&mut self, record: Record) {
        let outcome = &record.outcome;
        self.seeds += 1;
        self.totals.add(&outcome.totals);
        self.messages += outcome.totals.messages();
        self.events += outcome.events;
        self.simulated_seconds += outcome.simulated_us / 1_000_000;
        self.compared += outcome.compared;
        self.marks.add(outcome.seed, outcome.marks);
        self.full_synchronisations += outcome.resyncs.full;
        self.partial_synchronisations += outcome.resyncs.partial;
        self.wiped += outcome.resyncs.wiped;
        self.wiped_unasked += outcome.resyncs.wiped_unasked;
        let Some(signature) = record.signature.clone() else { return };
        self.failed += 1;
        let seen = self.signatures.entry(signature).or_insert(0);
        *seen += 1;
        if *seen <= KEPT_MAX as u64 {
            self.failures.push(record);
        }
    }

    /// Tells what is known, and puts everything in order: the last thing to be done.
    pub(crate) fn finish(&mut self, known: &Known, missing: Vec<(u64, u64)>) {
        self.failures.sort_by_key(|record| (is_known(known, record), record.outcome.seed));
        let seen = self.signatures.iter().filter(|(signature, _)| known.has(signature));
        self.known = seen.map(|(signature, count)| (signature.clone(), *count)).collect();
        let not_seen = known.that_are_not_among(|signature| self.signatures.contains_key(signature));
        self.known_and_not_seen = not_seen.map(str::to_string).collect();
        self.not_run = missing.iter().map(|(first, last)| last - first + 1).sum();
        self.missing = missing.into_iter().map(|(first, last)| Gap(first, last)).collect();
    }

    /// True if no seed broke a property in a way that is not known.
    pub(crate) fn passed(&self) -> bool {
        self.failed == self.known.values().sum::<u64>()
    }

    /// True if all seeds were run that were to be run.
    pub(crate) fn is_complete(&self) -> bool {
        self.missing.is_empty()
    }

    pub(crate) fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("a summary has only strings, numbers and lists")
    }

    /// Signatures and how often each was seen, for a line of progress.
    pub(crate) fn failures_in_short(&self) -> String {
        self.signatures.iter().map(|(signature, count)| format!(", {count} {signature}")).collect()
    }

    fn per_cpu_second(&self, count: u64) -> u64 {
        count.saturating_mul(1000) / self.cpu_milliseconds.max(1)
    }

    fn tell_failures(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for record in self.failures.iter().take(TOLD_MAX) {
            let outcome = &record.outcome;
            let changes = self.changes.in_options();
            writeln!(f, "{outcome}")?;
            if let Some(divergence) = &record.divergence {
                writeln!(f, "{divergence}")?;
            }
            writeln!(f, "  replay: cargo sim replay {}{changes}", outcome.seed)?;
            writeln!(f, "  shrink: cargo sim shrink {}{changes}\n", outcome.seed)?;
        }
        if self.failed > TOLD_MAX as u64 {
            writeln!(f, "... and {} more failing seeds", self.failed - TOLD_MAX as u64)?;
        }
        for (signature, count) in &self.signatures {
            let known = if self.known.contains_key(signature) { "  (known)" } else { "" };
            writeln!(f, "{count:>8}  {signature}{known}")?;
        }
        for signature in &self.known_and_not_seen {
            writeln!(f, "{:>8}  {signature}  (known, and not seen: is it still there?)", 0)?;
        }
        Ok(())
    }

    fn tell_missing(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_complete() {
            return Ok(());
        }
        let runs = self.missing.iter().take(GAPS_MAX).map(|Gap(first, last)| match first == last {
            true => format!(" {first}"),
            false => format!(" {first}..{}", last + 1),
        });
        let more = if self.missing.len() > GAPS_MAX { " and others" } else { "" };
        writeln!(f, "  {} seeds were not run:{}{more}", self.not_run, runs.collect::<String>())
    }
}

fn is_known(known: &Known, record: &Record) -> bool {
    record.signature.as_ref().is_some_and(|signature| known.has(signature))
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.tell_failures(f)?;
        let known: u64 = self.known.values().sum();
        let of_them = if known > 0 { format!(", {known} of them as known") } else { String::new() };
        writeln!(f, "seeds {}..{}: {} failed{of_them}", self.first_seed, self.end_seed, self.failed)?;
        self.tell_missing(f)?;
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
            "  {} data sets emptied by a full synchronisation, {} of them unasked; {} quarantines, {} times the operator accepted what there is",
            self.wiped, self.wiped_unasked, self.totals.quarantines, self.totals.accepted
        )?;
        writeln!(
            f,
            "  compared: {} command boundaries, {} answers of WAIT and {} of WAITAOF, {} writes that wanted good replicas, {} returns with promises to keep",
            self.compared, self.totals.waits, self.totals.disk_waits, self.totals.gated_writes, self.totals.promises
        )?;
        let Fates { acknowledged, survived, resurrected, .. } = self.totals.fates;
        let Fates { lost_to_takeover, lost_to_restart, lost_at_deposed, lost_otherwise, lost_in_spite_of_wait, .. } =
            self.totals.fates;
        writeln!(
            f,
            "  {acknowledged} acknowledged writes: {survived} survived ({resurrected} after a master without them), {lost_to_takeover} lost to takeovers, \
             {lost_to_restart} to restarts, {lost_at_deposed} made at deposed masters, {lost_otherwise} otherwise; {lost_in_spite_of_wait} of the lost in spite of WAIT"
        )?;
        let Losses { kill, power, exit, order, hand_over, failover, breakdown, nothing } = self.totals.fates.losses;
        writeln!(
            f,
            "  the lost are put down to: {kill} kills, {power} losses of power, {exit} exits, {order} orders of the operator, {hand_over} FAILOVERs, \
             {failover} decisions of the controller, {breakdown} masters gone for ever, {nothing} nothing"
        )?;
        if self.marks.is_untold() { Ok(()) } else { writeln!(f, "  {}", self.marks) }
    }
}
