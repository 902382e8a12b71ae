//! What does `hazard` do?

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use afterimage_sim::Setting;
use afterimage_sim::hazard::{
    Cell, Given, Grid, Guard, Kind, LEGEND, Only, Outcome, Preset, Report, Shape, Shown, play,
};
use afterimage_sim::viewer::Films;
use indicatif::{ProgressBar, ProgressStyle};
use rayon::prelude::*;

use crate::cli::HazardArguments;
use crate::{filming, nonsense};

/// Files that a configuration includes, in all.
const INCLUDE_BYTES_MAX: u64 = 16 << 20;

/// Runs a study, or a part of one, and tells what came of it. True if no property was broken.
///
/// # Errors
///
/// If a file cannot be read or written, or what is asked for makes no sense.
pub(crate) fn run(arguments: &HazardArguments, out: &mut impl Write) -> io::Result<bool> {
    let planned = planned(arguments)?;
    let mut asked_for = planned.iter().map(|(cell, _)| cell).chain(&arguments.example);
    let wants_given =
        asked_for.any(|cell| cell.guard == Guard::Given) || arguments.only.iter().any(Only::is_of_given_guard);
    if wants_given && arguments.config.is_none() {
        return Err(nonsense("the guard is `given` only by a configuration: --config FILE".into()));
    }
    let given = arguments.config.as_deref().map(read_config).transpose()?;
    let settings = given.as_ref().map(|given| given.settings.clone()).unwrap_or_default();
    if let Some((cell, seed)) = planned {
        tell_remarks(given.as_ref(), &[cell.shape])?;
        writeln!(out, "{}", Shown::of(&cell, seed, &settings).plan.to_json())?;
        return Ok(true);
    }
    if let Some(cell) = &arguments.example {
        tell_remarks(given.as_ref(), &[cell.shape])?;
        return show_example(cell, arguments, &settings, out);
    }
    let mut grid = given.as_ref().map_or_else(|| Preset::from(arguments.preset).grid(), Given::grid);
    grid.narrow(&arguments.only).map_err(nonsense)?;
    let cpu = cpu_time::ProcessTime::now();
    let results = play_all(&grid, arguments)?;
    let mut report = Report::of(command(arguments), &grid.given, 0, &results);
    if let Some(given) = &given {
        report.risks = given.risks(&report);
    }
    if let Some(path) = &arguments.html {
        write_page(&report, &config_option(arguments), path)?;
    }
    if arguments.json {
        writeln!(out, "{}", serde_json::to_string_pretty(&report).map_err(io::Error::other)?)?;
    } else if arguments.markdown {
        tell_remarks(given.as_ref(), &grid.shape)?;
        write!(out, "{}", report.to_markdown())?;
    } else {
        write!(out, "{report}")?;
        writeln!(out, "{:.1} s of CPU time", cpu.elapsed().as_secs_f64())?;
    }
    Ok(report.passed())
}

/// The cell and the seed whose plan is asked for.
fn planned(arguments: &HazardArguments) -> io::Result<Option<(Cell, u64)>> {
    let [cell, seed] = arguments.plan_of.as_slice() else { return Ok(None) };
    let cell: Cell = cell.parse().map_err(nonsense)?;
    let seed = seed.parse().map_err(|error| nonsense(format!("`{seed}` is no seed: {error}")))?;
    Ok(Some((cell, seed)))
}

/// Where what is written has no place for it, how a configuration was read is told beside it.
fn tell_remarks(given: Option<&Given>, shapes: &[Shape]) -> io::Result<()> {
    let remarks = given.map(|given| given.remarks(shapes)).unwrap_or_default();
    remarks.iter().try_for_each(|remark| writeln!(io::stderr(), "- {remark}"))
}

/// Writes a page about a study, with an example of each cell.
fn write_page(report: &Report, config: &str, path: &Path) -> io::Result<()> {
    let shown = report.cells.par_iter().map(|cell| {
        let seed = cell.example.seed;
        (cell, Shown::of(&cell.cell, seed, &report.given).film().film)
    });
    let shown: Vec<_> = shown.collect();
    let mut films = Films::default();
    let count = shown.len();
    for (cell, film) in shown {
        let (name, seed) = (&cell.name, cell.example.seed);
        let command = format!("cargo sim hazard{config} --example {name} --seed {seed}");
        films.add(
            name,
            film.map_err(nonsense)?,
            &format!("{name}, seed {seed}: {}", cell.example.what.in_words()),
            &command,
        );
    }
    let told = films.count();
    let page = films.page("What a crash of the master costs", report, &LEGEND);
    fs::write(path, &page).map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))?;
    let kilobytes = page.len().div_ceil(1000);
    writeln!(io::stderr(), "{}: {count} cells with {told} examples in {kilobytes} kB", path.display())
}

/// Plays all seeds in all cells.
fn play_all(grid: &Grid, arguments: &HazardArguments) -> io::Result<Vec<(Cell, Vec<Outcome>)>> {
    let cells = grid.cells();
    let runs = u64::from(arguments.runs);
    let jobs = arguments.jobs.map_or(0, usize::from);
    let threads = rayon::ThreadPoolBuilder::new().num_threads(jobs).build().map_err(io::Error::other)?;
    let bar = ProgressBar::new(cells.len() as u64 * runs).with_style(
        ProgressStyle::with_template("{bar:40} {pos}/{len} runs, {per_sec}, {eta} left")
            .unwrap_or_else(|_| ProgressStyle::default_bar()),
    );
    let pairs: Vec<(Cell, u64)> = cells.iter().flat_map(|cell| (0..runs).map(|seed| (*cell, seed))).collect();
    // In the order of the pairs, whichever thread was first.
    let outcomes: Vec<Outcome> = threads.install(|| {
        let played = pairs.par_iter().map(|(cell, seed)| {
            let outcome = play(cell, *seed, &grid.given);
            bar.inc(1);
            outcome
        });
        played.collect()
    });
    bar.finish_and_clear();
    let mut outcomes = outcomes.into_iter();
    Ok(cells.into_iter().map(|cell| (cell, outcomes.by_ref().take(runs as usize).collect())).collect())
}

/// The run of a cell that is worst, and what happens in it.
fn show_example(cell: &Cell, arguments: &HazardArguments, given: &[Setting], out: &mut impl Write) -> io::Result<bool> {
    let grid = Grid {
        persistence: vec![cell.persistence],
        supervisor_us: vec![cell.supervisor_us],
        detector: vec![cell.detector],
        guard: vec![cell.guard],
        shape: vec![cell.shape],
        load: vec![cell.load],
        given: given.to_vec(),
    };
    let outcomes = match arguments.seed {
        Some(seed) => vec![play(cell, seed, given)],
        None => play_all(&grid, arguments)?.into_iter().flat_map(|(_, outcomes)| outcomes).collect(),
    };
    let worst = outcomes.iter().min_by_key(|outcome| (Kind::of(outcome), outcome.seed));
    let Some(outcome) = worst else { return Ok(true) };
    let shown = Shown::of(cell, outcome.seed, given);
    write!(out, "{}", shown.story())?;
    writeln!(out, "{}", serde_json::to_string(outcome).map_err(io::Error::other)?)?;
    writeln!(out, "{cell}, seed {}: {}", outcome.seed, Kind::of(outcome).in_words())?;
    let (seed, config) = (outcome.seed, config_option(arguments));
    let again = format!("cargo sim hazard{config} --plan-of {cell} {seed} > plan.json; cargo sim replay plan.json");
    writeln!(out, "all of it: {again}")?;
    if let Some(path) = &arguments.html {
        let film = shown.film().film.map_err(nonsense)?;
        filming::show(film, &format!("{cell}, seed {}", outcome.seed), &again, path, out)?;
    }
    Ok(outcome.broken.is_none())
}

/// What asks for the same again.
fn command(arguments: &HazardArguments) -> String {
    let HazardArguments { preset, runs, only, config, .. } = arguments;
    let what = match config {
        Some(_) => config_option(arguments),
        None => format!(" --preset {}", preset.name()),
    };
    let only: String = only.iter().map(|only| format!(" --only {only}")).collect();
    format!("cargo sim hazard{what}{only} --runs {runs}")
}

fn config_option(arguments: &HazardArguments) -> String {
    arguments.config.as_ref().map_or_else(String::new, |path| format!(" --config {}", path.display()))
}

fn read_config(path: &Path) -> io::Result<Given> {
    let at = |path: &Path, error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
    let text = fs::read(path).map_err(|error| at(path, error))?;
    let mut include = |name: &str| {
        let file = path.parent().unwrap_or(Path::new("")).join(name);
        let bytes = fs::metadata(&file).map_or(0, |metadata| metadata.len());
        if bytes > INCLUDE_BYTES_MAX {
            return Err(format!("{name} is larger than a configuration"));
        }
        fs::read_to_string(&file).map_err(|error| error.to_string())
    };
    Given::read(&path.display().to_string(), &text, &mut include).map_err(nonsense)
}
