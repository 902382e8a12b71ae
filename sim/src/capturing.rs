//! What does `replay-capture` do?

use std::io::{self, Write};

use afterimage_sim::captured::{Alteration, Capture, judge, retell, sweep};

use crate::cli::CaptureArguments;
use crate::to_json;

/// Gives a capture to the checks. True if no property was broken; a sweep breaks what it can, and that is no failure.
///
/// # Errors
///
/// If it cannot be read, or the output cannot be written.
pub(crate) fn replay(arguments: &CaptureArguments, out: &mut impl Write) -> io::Result<bool> {
    let CaptureArguments { file, log, flip, sweep: every, bits, json } = arguments;
    let about = |error: &dyn std::fmt::Display| format!("{}: {error}", file.display());
    let text = std::fs::read_to_string(file).map_err(|error| io::Error::new(error.kind(), about(&error)))?;
    let invalid = |why: String| io::Error::new(io::ErrorKind::InvalidData, about(&why));
    let mut capture: Capture = text.parse().map_err(invalid)?;
    if capture.is_empty() {
        return Err(invalid("it is a capture in which nothing was said".into()));
    }
    if let Some(every) = every {
        let sweep = sweep(&capture, (0..capture.len()).step_by(*every as usize), *bits);
        if *json {
            writeln!(out, "{}", to_json(&sweep))?
        } else {
            write!(out, "{sweep}")?
        }
        return Ok(true);
    }
    if let Some(at) = *flip {
        let Some(kind) = capture.kinds().get(at).copied() else {
            return Err(invalid(format!("there is no byte {at}, but {} of them", capture.len())));
        };
        capture = capture.altered(Alteration { at, bits: *bits });
        if !json {
            writeln!(out, "altered: byte {at}, a part of: {}", kind.name())?;
        }
    }
    let judged = if *log { retell(&capture) } else { judge(&capture) };
    for line in &judged.lines {
        if *json { writeln!(out, "{}", to_json(line))? } else { writeln!(out, "{line}")? }
    }
    if *json {
        writeln!(out, "{}", to_json(&judged))?;
    } else {
        writeln!(out, "{}: {}", capture.server, capture.session)?;
        write!(out, "{judged}")?;
    }
    Ok(judged.violation.is_none())
}
