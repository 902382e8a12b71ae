//! How does a run get onto a page?

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use afterimage_sim::viewer::{Film, Filmed, film};
use afterimage_sim::{Clock, KeptPlan};

use crate::cli::{Source, Told};
use crate::{nonsense, replaying};

/// What is wanted of a page about a plan.
#[derive(Debug)]
pub(crate) struct Wanted<'a> {
    /// From when to when, in microseconds.
    pub(crate) within: (u64, u64),
    /// Mistakes beside those of the plan's file.
    pub(crate) defects: &'a [String],
    /// Where it is written.
    pub(crate) path: &'a Path,
}

/// Runs a plan, and writes a page about it. True if no property was broken.
///
/// # Errors
///
/// If the file cannot be written, if what happens is not for a page, or if nobody reads what is told.
pub(crate) fn replay(kept: KeptPlan, source: &Source, wanted: &Wanted<'_>, out: &mut impl Write) -> io::Result<bool> {
    let KeptPlan { plan, recorded: expected, breaks } = kept;
    let (from, to) = wanted.within;
    let (name, argument) = match source {
        Source::Seed(seed) => (format!("Seed {seed}"), seed.to_string()),
        Source::File(file) => {
            (file.file_stem().unwrap_or_default().to_string_lossy().into_owned(), file.display().to_string())
        }
    };
    let mut command = command(&format!("replay {argument}"), wanted.defects);
    for (word, micros) in [("from", from), ("to", to)] {
        if !matches!(micros, 0 | u64::MAX) {
            command += &format!(" --{word} {}", Clock(micros));
        }
    }
    let Filmed { outcome, recorded, film } = film(plan, from..=to);
    if let Some(expected) = expected
        && let Some(parting) = expected.parting(&recorded)
    {
        replaying::tell_parting(&expected, &recorded, parting, source, out)?;
    }
    show(film.map_err(nonsense)?, &name, &command, wanted.path, out)?;
    replaying::tell_once_broke(replaying::once_broke(breaks.as_deref(), &outcome), &outcome, out)?;
    writeln!(out, "{outcome}")?;
    Ok(outcome.passed())
}

/// Writes a page about a story.
///
/// # Errors
///
/// If the file cannot be written, or nobody reads what is told.
pub(crate) fn show_story(
    film: Film,
    told: Told,
    defects: &[String],
    path: &Path,
    out: &mut impl Write,
) -> io::Result<()> {
    let name = told.name();
    let command = command(&format!("scenario {name}"), defects);
    show(film, &format!("Scenario {name}"), &command, path, out)
}

/// What shows the same run again.
fn command(what: &str, defects: &[String]) -> String {
    defects.iter().fold(format!("cargo sim {what}"), |command, defect| format!("{command} --defect {defect}"))
}

/// Writes a page.
///
/// # Errors
///
/// If the file cannot be written, or nobody reads what is told.
pub(crate) fn show(film: Film, name: &str, command: &str, path: &Path, out: &mut impl Write) -> io::Result<()> {
    let events = film.events();
    let page = film.page(name, command);
    fs::write(path, &page).map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))?;
    writeln!(out, "{}: {events} events in {} kB", path.display(), page.len().div_ceil(1000))
}
