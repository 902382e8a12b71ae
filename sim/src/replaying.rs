//! How is a run told?

use std::io::{self, Write};
use std::ops::Range;

use afterimage_sim::{Clock, KeptPlan, Outcome, Parting, Recorded, Replayed, Topic, Violation, replay_closely};
use serde::Serialize;

use crate::cli::Source;
use crate::to_json;

/// What of a run is told.
#[derive(Debug)]
pub(crate) struct Watched {
    /// From when to when, in microseconds.
    pub(crate) within: (u64, u64),
    /// These events, and nothing else.
    pub(crate) events: Option<Range<u64>>,
    pub(crate) json: bool,
}

/// The last line for programs.
#[derive(Serialize)]
struct Told<'a> {
    #[serde(flatten)]
    outcome: &'a Outcome,
    /// What the plan was kept for, if that is not what it breaks now.
    #[serde(skip_serializing_if = "Option::is_none")]
    once_broke: Option<&'a str>,
    /// Where it parts from the run that was recorded with the plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    parting: Option<Parting>,
}

/// Runs a plan and tells what happens. True if no property was broken.
///
/// # Errors
///
/// If nobody reads what is told.
pub(crate) fn replay(kept: KeptPlan, source: &Source, watched: Watched, out: &mut impl Write) -> io::Result<bool> {
    let Watched { within, events, json } = watched;
    let KeptPlan { plan, recorded: expected, breaks } = kept;
    let Replayed { outcome, lines, recorded } = replay_closely(plan, events.clone().unwrap_or_default());
    let is_told = |line: &&afterimage_sim::Line| match &events {
        Some(_) => line.topic == Topic::Event,
        None => (within.0..=within.1).contains(&line.at_us),
    };
    let mut is_empty = true;
    for line in lines.iter().filter(is_told) {
        is_empty = false;
        if json { writeln!(out, "{}", to_json(line))? } else { writeln!(out, "{line}")? }
    }
    if is_empty {
        let (last, end) = (outcome.events, Clock(outcome.simulated_us));
        writeln!(io::stderr(), "Nothing happens in that range: the run ends with event {last} at t={end}.")?;
    }
    let once_broke = once_broke(breaks.as_deref(), &outcome);
    let parting = expected.as_ref().and_then(|expected| expected.parting(&recorded));
    if json {
        writeln!(out, "{}", to_json(&Told { outcome: &outcome, once_broke, parting }))?;
        return Ok(outcome.passed());
    }
    if let (Some(expected), Some(parting)) = (&expected, parting) {
        tell_parting(expected, &recorded, parting, source, out)?;
    }
    tell_once_broke(once_broke, &outcome, out)?;
    writeln!(out, "{outcome}")?;
    Ok(outcome.passed())
}

/// The signature that the plan was kept for, unless this run has it.
pub(crate) fn once_broke<'a>(kept_for: Option<&'a str>, outcome: &Outcome) -> Option<&'a str> {
    let signature = outcome.violations.first().map(Violation::signature);
    kept_for.filter(|kept_for| signature.as_deref() != Some(kept_for))
}

/// A plan that does not break what it was kept for must not pass for mended without a word.
pub(crate) fn tell_once_broke(once_broke: Option<&str>, outcome: &Outcome, out: &mut impl Write) -> io::Result<()> {
    let Some(once) = once_broke else { return Ok(()) };
    let now = outcome.violations.first().map_or_else(|| "nothing".to_string(), Violation::signature);
    writeln!(out, "The plan was kept for breaking {once}, and breaks {now} now.")
}

/// What is run is not what was recorded: then it must not pass for it.
pub(crate) fn tell_parting(
    expected: &Recorded,
    found: &Recorded,
    parting: Parting,
    source: &Source,
    out: &mut impl Write,
) -> io::Result<()> {
    let Parting { same_up_to, differ_by } = parting;
    writeln!(out, "This build does not do what the build did that wrote the plan.")?;
    writeln!(out, "  the same up to event {same_up_to}, no longer at event {differ_by}")?;
    writeln!(
        out,
        "  it ended after event {} with {} there, and does after {} with {} here",
        expected.events, expected.fingerprint, found.events, found.fingerprint
    )?;
    if let Source::File(path) = source {
        writeln!(
            out,
            "  what happens there: cargo sim replay {} --events {}..{}",
            path.display(),
            same_up_to + 1,
            differ_by + 1
        )?;
    }
    Ok(())
}
