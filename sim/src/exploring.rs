//! What does `explore` do?

use std::io::{self, Write};

use afterimage_sim::explore::{End, Explored, Found, Progress, Shape, explore, retrace};
use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::ExploreArguments;

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// All was looked at, and nothing was broken.
    Sound,
    /// A property was broken.
    Broken,
    /// Nothing was broken, but not all was looked at.
    Open,
}

/// Explores a world, and tells what came of it.
///
/// # Errors
///
/// If the threads cannot be started, or the output cannot be written.
pub(crate) fn run(arguments: &ExploreArguments, out: &mut impl Write) -> io::Result<Verdict> {
    let terms = arguments.terms();
    if let Some(trace) = &arguments.trace {
        let way = retrace(&terms, trace).map_err(|why| io::Error::new(io::ErrorKind::InvalidInput, why))?;
        let journal = way.as_ref().map_or_else(|journal| journal, |found| &found.journal);
        if arguments.json {
            journal.iter().try_for_each(|line| writeln!(out, "{}", crate::to_json(line)))?;
        } else {
            journal.iter().try_for_each(|line| writeln!(out, "{line}"))?;
        }
        // One way was to be gone, and was.
        return Ok(if way.is_err() { Verdict::Sound } else { Verdict::Broken });
    }
    let jobs = arguments.jobs.map_or(0, usize::from);
    let threads = rayon::ThreadPoolBuilder::new().num_threads(jobs).build().map_err(io::Error::other)?;
    let bar = ProgressBar::new_spinner().with_style(
        ProgressStyle::with_template("{spinner} {elapsed} {msg}").unwrap_or_else(|_| ProgressStyle::default_spinner()),
    );
    let cpu = cpu_time::ProcessTime::now();
    let mut tell = |progress: Progress| {
        let Progress { depth, states, frontier } = progress;
        let rate = states as f64 / bar.elapsed().as_secs_f64().max(0.001);
        bar.set_message(format!("depth {depth}: {states} states, {rate:.0} a second, {frontier} to expand"));
        bar.tick();
    };
    let explored = threads.install(|| explore(&terms, &mut tell));
    bar.finish_and_clear();
    let cpu_ms = u64::try_from(cpu.elapsed().as_millis()).unwrap_or(u64::MAX);
    if arguments.json {
        writeln!(out, "{}", crate::to_json(&explored))?;
    } else {
        show(&explored, cpu_ms, out)?;
    }
    Ok(match explored.end {
        End::Closed => Verdict::Sound,
        End::Broken => Verdict::Broken,
        End::DepthBound | End::StatesBound | End::MemoryBound => Verdict::Open,
    })
}

fn show(explored: &Explored, cpu_ms: u64, out: &mut impl Write) -> io::Result<()> {
    let Explored { end, states, transitions, depth, quiet, host_states, found, .. } = explored;
    if let Some(Found { violation, trace, journal }) = found {
        journal.iter().try_for_each(|line| writeln!(out, "{line}"))?;
        writeln!(
            out,
            "the shortest way there, of {} steps, once more: cargo sim explore{} --trace {trace}",
            violation.event,
            told_again(explored)
        )?;
    }
    let what = match end {
        End::Closed => "closed: there is no other state",
        End::Broken => "a property was broken",
        End::DepthBound => "not closed: deeper states were left",
        End::StatesBound => "not closed: there are more states than allowed",
        End::MemoryBound => "not closed: there is no more room than allowed",
    };
    let rate = (*states * 1000).checked_div(cpu_ms).unwrap_or(0);
    writeln!(out, "{what}")?;
    writeln!(out, "  {states} states, {transitions} steps between them, to a depth of {depth}")?;
    writeln!(
        out,
        "  {quiet} states with nothing under way, all of which come to rest; {host_states} states of single hosts"
    )?;
    writeln!(out, "  {cpu_ms} ms of CPU time, {rate} states per CPU second")
}

/// What else there is to be said for the same world.
fn told_again(explored: &Explored) -> String {
    let shape = if explored.terms.shape == Shape::Chain { " --chain" } else { "" };
    let defects = explored.terms.defects.iter().map(|name| format!(" --defect {name}"));
    defects.fold(shape.to_owned(), |told, defect| told + &defect)
}
