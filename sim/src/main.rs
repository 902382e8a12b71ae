//! The command line of the simulator.
#![forbid(unsafe_code)]

mod campaign;
mod capturing;
mod cli;
#[cfg(feature = "museum")]
mod exhibition;
mod exploring;
mod filming;
mod fleet;
mod known;
mod recounting;
mod replaying;
mod running;
mod shrinking;
mod studying;
mod summary;

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
#[cfg(feature = "museum")]
use std::time::Duration;

use afterimage_sim::crowd::Comparison;
use afterimage_sim::marks;
use afterimage_sim::museum;
use afterimage_sim::scenario::Scenario;
use afterimage_sim::{Clock, KeptPlan, Plan};
use clap::{CommandFactory, Parser};

use cli::{Arguments, Changed, Command, MuseumArguments, Seconds, Source, Told};
use exploring::Verdict;
use running::Form;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A property was broken.
const BROKEN: u8 = 1;
/// Nothing was broken, but not all was looked at that was to be.
const OPEN: u8 = 3;
/// The request made no sense; clap uses the same status.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let mut out = io::stdout().lock();
    match carry_out(&arguments.command, &mut out) {
        Ok(code) => code,
        // Whoever read us has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "afterimage-sim: {error}");
            ExitCode::from(USAGE)
        }
    }
}

fn carry_out(command: &Command, out: &mut impl Write) -> io::Result<ExitCode> {
    match command {
        Command::Run(arguments) => {
            check_changes(&arguments.changed)?;
            Ok(verdict(running::run(arguments, out)?))
        }
        Command::Merge { dirs, known, marks, json } => {
            Ok(verdict(running::merge(dirs, known.as_deref(), Form::of(*json, *marks), out)?))
        }
        Command::Compare { one, other } => Ok(verdict(running::compare(one, other, out)?)),
        Command::Replay { source, from, to, events, changed, html, json } => {
            let kept = kept_of(source, changed)?;
            let within = within(*from, *to)?;
            if let Some(path) = html {
                let wanted = filming::Wanted { within, defects: &changed.defects, path };
                return Ok(verdict(filming::replay(kept, source, &wanted, out)?));
            }
            let events = events.as_ref().map(|events| events.0.clone());
            let watched = replaying::Watched { within, events, json: *json };
            Ok(verdict(replaying::replay(kept, source, watched, out)?))
        }
        Command::ReplayRecording(arguments) => Ok(verdict(recounting::replay(arguments, out)?)),
        Command::ReplayCapture(arguments) => Ok(verdict(capturing::replay(arguments, out)?)),
        Command::Shrink { source, changed, out: path, cpu, json } => {
            let plan = kept_of(source, changed)?.plan;
            shrinking::shrink(&plan, path.as_deref(), cpu.0, *json, out)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Plan { seed, changed } => {
            check_changes(changed)?;
            writeln!(out, "{}", changed.changes().draw(*seed).to_json())?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Wipe { html } => tell(Told::Wipe, &[], html.as_deref(), out),
        Command::Scenario { scenario, defects, html } => tell(*scenario, defects, html.as_deref(), out),
        Command::Crowd { replicas, json } => {
            let cpu = cpu_time::ProcessTime::now();
            let comparison = Comparison::of(*replicas);
            let millis = cpu.elapsed().as_millis();
            if *json {
                writeln!(out, "{}", to_json(&comparison))?;
            } else {
                write!(out, "{comparison}")?;
                writeln!(out, "  {millis} ms of CPU time")?;
            }
            Ok(verdict(comparison.complaint().is_none()))
        }
        Command::Hazard(arguments) => Ok(verdict(studying::run(arguments, out)?)),
        Command::Sweep { seed, defects, json } => {
            let sweep = afterimage_sim::sweep::sweep(*seed, defects).map_err(nonsense)?;
            if *json {
                writeln!(out, "{}", to_json(&sweep))?;
            } else {
                write!(out, "{sweep}")?;
            }
            Ok(verdict(sweep.passed()))
        }
        Command::Explore(arguments) => {
            check_defects(&arguments.defects)?;
            Ok(match exploring::run(arguments, out)? {
                Verdict::Sound => ExitCode::SUCCESS,
                Verdict::Broken => ExitCode::from(BROKEN),
                Verdict::Open => ExitCode::from(OPEN),
            })
        }
        Command::Defects => {
            museum::names().into_iter().try_for_each(|name| writeln!(out, "{name}"))?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Marks { mark: None } => {
            marks::names().into_iter().try_for_each(|name| writeln!(out, "{name}"))?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Marks { mark: Some(name) } => {
            let unknown = || nonsense(format!("this build knows no mark {name}"));
            tell_card(marks::describe(name).ok_or_else(unknown)?, out)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Museum(arguments) => {
            check_defects(arguments.defect.as_slice())?;
            visit(arguments, out)
        }
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Arguments::command(), "afterimage-sim", &mut script);
            out.write_all(&script)?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// From when to when, in microseconds.
fn within(from: Option<Seconds>, to: Option<Seconds>) -> io::Result<(u64, u64)> {
    let (from, to) = (from.map_or(0, |from| from.0), to.map_or(u64::MAX, |to| to.0));
    if from > to {
        return Err(nonsense(format!("there is no time from {} to {}", Clock(from), Clock(to))));
    }
    Ok((from, to))
}

/// Shows the museum, or one exhibit.
#[cfg(feature = "museum")]
fn visit(arguments: &MuseumArguments, out: &mut impl Write) -> io::Result<ExitCode> {
    let MuseumArguments { defect, starts, seeds_max, shrink, cpu, jobs, json } = arguments;
    let wanted = afterimage_core::museum::Defect::ALL.iter().copied();
    let wanted: Vec<_> = wanted.filter(|known| defect.as_deref().is_none_or(|name| name == known.name())).collect();
    let shrink = (*shrink || defect.is_some()).then_some(Duration::from_micros(cpu.0));
    let terms = exhibition::Terms { starts: *starts, seeds_max: *seeds_max, jobs: jobs.map(usize::from), shrink };
    let exhibition = exhibition::Exhibition::of(&wanted, terms)?;
    if *json {
        writeln!(out, "{}", to_json(&exhibition))?;
    } else {
        for shown in wanted.iter().filter(|_| defect.is_some()) {
            tell_card(shown.card(), out)?;
            writeln!(out)?;
        }
        write!(out, "{exhibition}")?;
        if let Some(story) = exhibition.story() {
            write!(out, "\n{story}")?;
        }
    }
    Ok(verdict(exhibition.is_complete()))
}

#[cfg(not(feature = "museum"))]
fn visit(_: &MuseumArguments, _: &mut impl Write) -> io::Result<ExitCode> {
    Err(nonsense("this build makes no mistakes on purpose: build it with --features museum".into()))
}

/// Documentation, without the blank that each of its lines begins with in the code.
fn tell_card(card: &str, out: &mut impl Write) -> io::Result<()> {
    card.lines().try_for_each(|line| writeln!(out, "{}", line.strip_prefix(' ').unwrap_or(line)))
}

fn tell(told: Told, defects: &[String], html: Option<&Path>, out: &mut impl Write) -> io::Result<ExitCode> {
    let story = Scenario::from(told).tell(defects).map_err(nonsense)?;
    write!(out, "{}", story.text)?;
    let is_sound = story.violation.is_none();
    if let Some(path) = html {
        filming::show_story(story.film, told, defects, path, out)?;
    }
    Ok(verdict(is_sound))
}

fn check_defects(names: &[String]) -> io::Result<()> {
    museum::check(names).map_err(nonsense)
}

fn check_changes(changed: &Changed) -> io::Result<()> {
    check_defects(&changed.defects)?;
    changed.changes().check_settings().map_err(nonsense)
}

fn nonsense(why: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, why)
}

/// The plan that is meant, with what is to be other in it.
fn kept_of(source: &Source, changed: &Changed) -> io::Result<KeptPlan> {
    check_changes(changed)?;
    let changes = changed.changes();
    let mut kept = match source {
        Source::Seed(seed) => Ok(KeptPlan::untold(Plan::draw(*seed))),
        Source::File(path) => {
            let text = std::fs::read_to_string(path)
                .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))?;
            let kept = KeptPlan::from_json(&text).and_then(|kept| kept.plan.check_settings().map(|()| kept));
            kept.map_err(|why| io::Error::new(io::ErrorKind::InvalidData, format!("{}: {why}", path.display())))
        }
    }?;
    if !changes.is_none() {
        // What was recorded was so without them.
        (kept.recorded, kept.breaks) = (None, None);
        changes.apply(&mut kept.plan);
    }
    Ok(kept)
}

fn verdict(passed: bool) -> ExitCode {
    if passed { ExitCode::SUCCESS } else { ExitCode::from(BROKEN) }
}

fn to_json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("outcomes and lines have only strings, numbers and lists")
}
