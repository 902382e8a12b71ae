//! How is a run told?

use std::io::{self, Write};
use std::ops::Range;

use afterimage_sim::{KeptPlan, Outcome, Parting, Recorded, Replayed, Topic, replay_closely};
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
    let KeptPlan { plan, recorded: expected, .. } = kept;
    let Replayed { outcome, lines, recorded } = replay_closely(plan, events.clone().unwrap_or_default());
    let is_told = |line: &&afterimage_sim::Line| match &events {
        Some(_) => line.topic == Topic::Event,
        None => (within.0..=within.1).contains(&line.at_us),
    };
    for line in lines.iter().filter(is_told) {
        if json { writeln!(out, "{}", to_json(line))? } else { writeln!(out, "{line}")? }
    }
    let parting = expected.as_ref().and_then(|expected| expected.parting(&recorded));
    if json {
        writeln!(out, "{}", to_json(&Told { outcome: &outcome, parting }))?;
        return Ok(outcome.passed());
    }
    if let (Some(expected), Some(parting)) = (&expected, parting) {
        tell_parting(expected, &recorded, parting, source, out)?;
    }
    writeln!(out, "{outcome}")?;
    Ok(outcome.passed())
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
