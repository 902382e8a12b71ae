//! How is a plan made smaller on the command line?

use std::fs;
use std::io::{self, Write};
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

use afterimage_sim::shrink::{Progress, Shrunk, Size};
use afterimage_sim::{KeptPlan, Plan, Violation};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

/// The result for programs.
#[derive(Serialize)]
struct Summary<'a> {
    #[serde(with = "afterimage_sim::wide")]
    seed: u64,
    signature: String,
    before: Size,
    after: Size,
    tries: u64,
    is_smallest: bool,
    cpu_milliseconds: u128,
    violation: &'a Violation,
    #[serde(skip_serializing_if = "Option::is_none")]
    plan: Option<&'a Plan>,
}

/// Shrinks a plan for so many microseconds of CPU time at most, and writes what is left.
///
/// # Errors
///
/// If there is nothing to shrink, or nowhere to write to.
pub(crate) fn shrink(
    plan: &Plan,
    path: Option<&Path>,
    cpu_us: u64,
    json: bool,
    out: &mut impl Write,
) -> io::Result<()> {
    let bar = ProgressBar::new_spinner().with_style(
        ProgressStyle::with_template("{spinner} {elapsed} {msg}").unwrap_or_else(|_| ProgressStyle::default_spinner()),
    );
    let cpu = cpu_time::ProcessTime::now();
    let mut watch = |progress: Progress| {
        let Progress { pass, tries, size } = progress;
        bar.tick();
        bar.set_message(format!("{tries} tries, {pass}: {size}"));
        match cpu.elapsed() > Duration::from_micros(cpu_us) {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    };
    let shrunk = afterimage_sim::shrink::shrink(plan, &mut watch)
        .map_err(|refusal| io::Error::new(io::ErrorKind::InvalidInput, refusal))?;
    bar.finish_and_clear();
    let text = KeptPlan::of(shrunk.plan.clone()).to_json();
    if let Some(path) = path {
        fs::write(path, &text).map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))?;
    }
    let Shrunk { violation, before, after, tries, is_smallest, .. } = &shrunk;
    let took = cpu.elapsed();
    if json {
        let summary = Summary {
            seed: plan.seed,
            signature: violation.signature(),
            before: *before,
            after: *after,
            tries: *tries,
            is_smallest: *is_smallest,
            cpu_milliseconds: took.as_millis(),
            violation,
            plan: path.is_none().then_some(&shrunk.plan),
        };
        return writeln!(out, "{}", serde_json::to_string(&summary).map_err(io::Error::other)?);
    }
    let mut told = io::stderr().lock();
    writeln!(told, "{violation}")?;
    writeln!(told, "  it was: {before}")?;
    writeln!(told, "  now:    {after}")?;
    let end = if *is_smallest { "nothing more goes" } else { "the time is over, more may go" };
    writeln!(told, "  {tries} plans tried in {:.1} s of CPU time; {end}", took.as_secs_f64())?;
    match path {
        Some(path) => writeln!(told, "  replay: cargo sim replay {}", path.display()),
        None => out.write_all(text.as_bytes()),
    }
}
