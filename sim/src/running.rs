//! What does `run` do, and `merge` and `compare` after it?

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use afterimage_sim::Recorded;
use serde::{Deserialize, Serialize};

use crate::campaign::{Campaign, CampaignTerms, Shard, gaps, merge as merge_shards};
use crate::cli::RunArguments;
use crate::fleet::{self, Record, Terms};
use crate::known::Known;
use crate::summary::Summary;

/// How a summary is told.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Form {
    /// One JSON object.
    Json,
    /// A paragraph.
    Words,
    /// A paragraph and the table of marks.
    WordsAndMarks,
}

impl Form {
    pub(crate) fn of(json: bool, marks: bool) -> Form {
        match (json, marks) {
            (true, _) => Form::Json,
            (false, false) => Form::Words,
            (false, true) => Form::WordsAndMarks,
        }
    }
}

/// One line of a file of hashes.
#[derive(Debug, Serialize, Deserialize)]
struct PrintLine {
    #[serde(with = "afterimage_sim::wide")]
    seed: u64,
    recorded: Recorded,
}

/// Differing seeds of which it is told where they part.
const TOLD_MAX: usize = 10;

/// Runs seeds, in a directory if one is given.
///
/// # Errors
///
/// If a file cannot be read or written, or the directory holds something else.
pub(crate) fn run(arguments: &RunArguments, out: &mut impl Write) -> io::Result<bool> {
    let RunArguments { seeds, jobs, changed, out: dir, shard, time_limit, known, check_determinism, prints, .. } =
        arguments;
    let (seeds, shard) = (seeds.0.clone(), shard.unwrap_or(Shard::WHOLE));
    let changes = changed.changes();
    let known = Known::read(known.as_deref())?;
    let mut summary = Summary::of(seeds.clone(), &changes);
    let mut done = BTreeSet::new();
    let mut campaign = match dir {
        None => None,
        Some(dir) => Some(Campaign::open(
            dir,
            &CampaignTerms::new(&seeds, shard, &changes, *check_determinism),
            shard,
            &mut |record| {
                if done.insert(record.outcome.seed) {
                    summary.cpu_milliseconds += record.cpu_us / 1000;
                    summary.take(record);
                }
            },
        )?),
    };
    let mut print_file = match prints {
        None => None,
        Some(path) => Some(BufWriter::new(File::create(path).map_err(|error| at(path, &error))?)),
    };
    let left: Vec<u64> = shard.seeds(seeds.clone()).filter(|seed| !done.contains(seed)).collect();
    let terms = Terms {
        changes,
        twice: *check_determinism,
        with_prints: prints.is_some(),
        jobs: *jobs,
        time_limit: time_limit.map(|limit| Duration::from_micros(limit.0)),
    };
    if shard.seeds(seeds.clone()).next().is_none() {
        let Shard { index, of } = shard;
        writeln!(io::stderr(), "Shard {index}/{of} has none of the seeds {}..{}.", seeds.start, seeds.end)?;
    }
    let mut keep = |record: &Record| {
        done.insert(record.outcome.seed);
        if let (Some(file), Some(recorded)) = (&mut print_file, &record.recorded) {
            let line = PrintLine { seed: record.outcome.seed, recorded: recorded.clone() };
            writeln!(file, "{}", serde_json::to_string(&line).map_err(io::Error::other)?)?;
        }
        campaign.as_mut().map_or(Ok(()), |campaign| campaign.keep(record))
    };
    fleet::run(&left, &terms, &mut keep, &mut summary)?;
    if let Some(mut file) = print_file {
        file.flush()?;
    }
    // Of the other shards nothing is known here.
    let missing = if shard.of == 1 { gaps(seeds, done.into_iter()) } else { runs_of(shard, seeds, &done) };
    summary.finish(&known, missing);
    tell(&summary, Form::of(arguments.json, arguments.marks), out)?;
    Ok(summary.passed())
}

/// Seeds of a shard that were not run, each by itself: its seeds do not follow each other.
fn runs_of(shard: Shard, seeds: std::ops::Range<u64>, done: &BTreeSet<u64>) -> Vec<(u64, u64)> {
    shard.seeds(seeds).filter(|seed| !done.contains(seed)).map(|seed| (seed, seed)).collect()
}

/// Puts the shards of a campaign together.
///
/// # Errors
///
/// If they are not of one campaign, or cannot be read.
pub(crate) fn merge(dirs: &[PathBuf], known: Option<&Path>, form: Form, out: &mut impl Write) -> io::Result<bool> {
    let known = Known::read(known)?;
    let mut merged = merge_shards(dirs)?;
    merged.summary.finish(&known, merged.missing);
    tell(&merged.summary, form, out)?;
    for seed in &merged.contradictions {
        writeln!(
            io::stderr(),
            "seed {seed} has two results with different fingerprints: the machines or builds that ran it do not do the same"
        )?;
    }
    Ok(merged.summary.passed() && merged.summary.is_complete() && merged.contradictions.is_empty())
}

fn tell(summary: &Summary, form: Form, out: &mut impl Write) -> io::Result<()> {
    match form {
        Form::Json => writeln!(out, "{}", summary.to_json()),
        Form::Words => write!(out, "{summary}"),
        Form::WordsAndMarks => write!(out, "{summary}\n{}", summary.marks.table()),
    }
}

/// Compares two files of hashes, as `run --prints` writes them.
///
/// # Errors
///
/// If one cannot be read.
pub(crate) fn compare(one: &Path, other: &Path, out: &mut impl Write) -> io::Result<bool> {
    let (first, second) = (read_prints(one)?, read_prints(other)?);
    let both: Vec<u64> = first.keys().copied().filter(|seed| second.contains_key(seed)).collect();
    let partings = both.iter().filter_map(|seed| Some((seed, first[seed].parting(&second[seed])?)));
    let partings: Vec<_> = partings.collect();
    for (seed, parting) in partings.iter().take(TOLD_MAX) {
        let (from, to) = (parting.same_up_to + 1, parting.differ_by + 1);
        writeln!(
            out,
            "seed {seed}: the same up to event {}, no longer at event {}",
            parting.same_up_to, parting.differ_by
        )?;
        writeln!(out, "  what happens there, by each build: cargo sim replay {seed} --events {from}..{to}")?;
    }
    if partings.len() > TOLD_MAX {
        writeln!(out, "... and {} more", partings.len() - TOLD_MAX)?;
    }
    if first.is_empty() && second.is_empty() {
        let why = format!("{} and {} have no seeds: there is nothing to compare", one.display(), other.display());
        return Err(io::Error::new(io::ErrorKind::InvalidData, why));
    }
    let alone = [(one, &first), (other, &second)].map(|(path, prints)| (path, prints.len() - both.len()));
    for (path, count) in alone.into_iter().filter(|(_, count)| *count > 0) {
        writeln!(out, "{count} seeds are only in {}", path.display())?;
    }
    writeln!(out, "{} seeds compared: {} differ", both.len(), partings.len())?;
    Ok(partings.is_empty() && alone.iter().all(|(_, count)| *count == 0))
}

fn read_prints(path: &Path) -> io::Result<BTreeMap<u64, Recorded>> {
    let file = BufReader::new(File::open(path).map_err(|error| at(path, &error))?);
    let mut prints = BTreeMap::new();
    for (number, line) in (1..).zip(file.lines()) {
        let line: PrintLine = serde_json::from_str(&line?).map_err(|error| {
            let why = format!("{}: line {number} is none of `run --prints`: {error}", path.display());
            io::Error::new(io::ErrorKind::InvalidData, why)
        })?;
        prints.insert(line.seed, line.recorded);
    }
    Ok(prints)
}

fn at(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}
