//! How is a run of many seeds kept in a directory, gone on with, and put together from parts?
//!
//! `terms.json` says what the campaign is; each shard adds a line to a file of its own for each seed that is done. A run that is killed leaves whole lines and at most a
//! part of one, which is cut off when it goes on. What was run on other terms, or by another build, is not mixed with it.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Seek, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use afterimage_sim::{Changes, Print, marks, run_plan};
use serde::{Deserialize, Serialize};

use crate::fleet::Record;
use crate::summary::Summary;

/// Which part of a campaign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shard {
    /// Counted from 0.
    pub(crate) index: u64,
    /// How many there are.
    pub(crate) of: u64,
}

/// What a campaign is. All its shards share it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CampaignTerms {
    /// The first seed.
    #[serde(with = "afterimage_sim::wide")]
    from: u64,
    /// The first that is not run.
    #[serde(with = "afterimage_sim::wide")]
    to: u64,
    /// Into how many shards it is cut.
    shards: u64,
    #[serde(flatten)]
    pub(crate) changes: Changes,
    /// Each seed is run twice.
    twice: bool,
    /// What this build makes of the first seed: results of another one would say nothing about this.
    build: Print,
    /// The list of marks by which its results tell what they have reached; none if they do not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    marks: Option<Print>,
}

/// A campaign's directory, with the file of one shard open.
pub(crate) struct Campaign {
    file: File,
}

/// What a merge has found.
pub(crate) struct Merged {
    pub(crate) summary: Summary,
    /// Seeds without a result, in runs: the first and the last of each.
    pub(crate) missing: Vec<(u64, u64)>,
    /// Seeds that have two results which differ.
    pub(crate) contradictions: Vec<u64>,
}

impl Shard {
    /// All of it.
    pub(crate) const WHOLE: Shard = Shard { index: 0, of: 1 };

    /// Its seeds: every so many-th, so that all shards take the same time.
    pub(crate) fn seeds(self, seeds: Range<u64>) -> impl Iterator<Item = u64> {
        let step = usize::try_from(self.of).unwrap_or(usize::MAX);
        seeds.skip(usize::try_from(self.index).unwrap_or(usize::MAX)).step_by(step)
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Shard, String> {
        let parts = text.split_once('/').and_then(|(index, of)| Some((index.parse().ok()?, of.parse().ok()?)));
        match parts {
            Some((index, of)) if index < of => Ok(Shard { index, of }),
            _ => Err(format!("`{text}` is no shard: 0/4 is the first of four, 3/4 the last")),
        }
    }
}

impl CampaignTerms {
    /// Of a run of these seeds.
    pub(crate) fn new(seeds: &Range<u64>, shard: Shard, changes: &Changes, twice: bool) -> CampaignTerms {
        let first = changes.draw(seeds.start);
        CampaignTerms {
            from: seeds.start,
            to: seeds.end,
            shards: shard.of,
            changes: changes.clone(),
            twice,
            build: Print(run_plan(first).fingerprint),
            marks: marks::list(),
        }
    }

    fn seeds(&self) -> Range<u64> {
        self.from..self.to
    }

    fn in_words(&self) -> String {
        let CampaignTerms { from, to, shards, changes, twice, build, marks } = self;
        let changes = if changes.is_none() { String::new() } else { format!(", with{}", changes.in_options()) };
        let twice = if *twice { ", each twice" } else { "" };
        let marks = marks.map_or_else(|| "no marks".to_string(), |list| format!("the marks {list}"));
        format!(
            "seeds {from}..{to} in {shards} shards{changes}{twice}, seed {from} with the fingerprint {build}, {marks}"
        )
    }

    fn read(dir: &Path) -> io::Result<CampaignTerms> {
        let path = dir.join(TERMS);
        let text = fs::read(&path).map_err(|error| at(&path, error))?;
        serde_json::from_slice(&text).map_err(|error| at(&path, error.into()))
    }

    /// Writes them into a directory that has none; if it has, they must be these.
    fn claim(&self, dir: &Path, shard: Shard) -> io::Result<()> {
        let (path, draft) = (dir.join(TERMS), dir.join(format!("{TERMS}.{}", shard.index)));
        if !path.exists() {
            let text = serde_json::to_vec_pretty(self).map_err(io::Error::other)?;
            fs::write(&draft, text).map_err(|error| at(&draft, error))?;
            // Other shards may do the same at this moment: the name appears once, with all that is in it.
            let linked = fs::hard_link(&draft, &path);
            let is_there = matches!(&linked, Err(error) if error.kind() == io::ErrorKind::AlreadyExists);
            if linked.is_err() && !is_there {
                fs::rename(&draft, &path).map_err(|error| at(&path, error))?;
            }
            let _ = fs::remove_file(&draft);
        }
        let found = CampaignTerms::read(dir)?;
        if found == *self {
            return Ok(());
        }
        let why = format!(
            "{} holds another campaign: {}; this is {}. Give another directory with --out, or ask for the same again",
            dir.display(),
            found.in_words(),
            self.in_words()
        );
        Err(io::Error::new(io::ErrorKind::InvalidInput, why))
    }
}

const TERMS: &str = "terms.json";

impl Campaign {
    /// Opens a directory, or makes it, and reads what this shard has done there.
    ///
    /// # Errors
    ///
    /// If the directory holds another campaign, somebody is at work on this shard, or it cannot be read or written.
    pub(crate) fn open(
        dir: &Path,
        terms: &CampaignTerms,
        shard: Shard,
        each: &mut dyn FnMut(Record),
    ) -> io::Result<Campaign> {
        fs::create_dir_all(dir).map_err(|error| at(dir, error))?;
        terms.claim(dir, shard)?;
        let path = dir.join(format!("shard-{}.jsonl", shard.index));
        let mut file = OpenOptions::new().create(true).truncate(false).read(true).write(true).open(&path);
        let file = file.as_mut().map_err(|error| at(&path, io::Error::new(error.kind(), error.to_string())))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let why = format!("{}: another process is at work on this shard", path.display());
                return Err(io::Error::new(io::ErrorKind::WouldBlock, why));
            }
            Err(TryLockError::Error(error)) => return Err(at(&path, error)),
        }
        let whole_bytes = read_records(&path, &terms.seeds(), each)?;
        let mut file = file.try_clone()?;
        file.set_len(whole_bytes)?;
        file.seek(io::SeekFrom::End(0))?;
        Ok(Campaign { file })
    }

    /// Adds a result.
    pub(crate) fn keep(&mut self, record: &Record) -> io::Result<()> {
        let mut line = serde_json::to_vec(record).map_err(io::Error::other)?;
        line.push(b'\n');
        self.file.write_all(&line)
    }
}

/// Reads the results in a file, all of them of these seeds. Returns the length of the whole lines.
fn read_records(path: &Path, seeds: &Range<u64>, each: &mut dyn FnMut(Record)) -> io::Result<u64> {
    let mut reader = BufReader::new(File::open(path).map_err(|error| at(path, error))?);
    let (mut line, mut whole_bytes) = (Vec::new(), 0);
    for number in 1_u64.. {
        line.clear();
        reader.read_until(b'\n', &mut line)?;
        if line.last() != Some(&b'\n') {
            break;
        }
        let wrong = |why: String| at(path, io::Error::new(io::ErrorKind::InvalidData, why));
        let record: Record = serde_json::from_slice(&line).map_err(|error| {
            wrong(format!("line {number} is no result ({error}); without that line its seed is run again"))
        })?;
        let seed = record.outcome.seed;
        if !seeds.contains(&seed) {
            let Range { start, end } = seeds;
            return Err(wrong(format!(
                "line {number} is of seed {seed}, and the campaign has the seeds {start}..{end}"
            )));
        }
        each(record);
        whole_bytes += line.len() as u64;
    }
    Ok(whole_bytes)
}

/// Puts the shards of one campaign together, from one directory or several.
///
/// # Errors
///
/// If a directory cannot be read, or they hold different campaigns.
pub(crate) fn merge(dirs: &[PathBuf]) -> io::Result<Merged> {
    let mut terms: Option<CampaignTerms> = None;
    for dir in dirs {
        let found = CampaignTerms::read(dir)?;
        if let Some(first) = terms.as_ref().filter(|first| **first != found) {
            let (one, other) = (first.in_words(), found.in_words());
            let why = format!("{} and {} hold different campaigns: {one}; {other}", dirs[0].display(), dir.display());
            return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
        }
        terms = Some(found);
    }
    let terms = terms.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "no directory is given"))?;
    if let (Some(theirs), Some(ours)) = (terms.marks, marks::list())
        && theirs != ours
    {
        let why = format!(
            "the campaign was run with the marks {theirs}, and this build knows the marks {ours}: merge it by the build that ran it"
        );
        return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
    }
    let seeds = terms.seeds();
    let mut summary = Summary::of(seeds.clone(), &terms.changes);
    let (mut done, mut contradictions) = (BTreeMap::new(), Vec::new());
    for path in shard_files(dirs)? {
        read_records(&path, &seeds, &mut |record| {
            let seed = record.outcome.seed;
            match done.insert(seed, record.outcome.fingerprint) {
                None => {
                    summary.cpu_milliseconds += record.cpu_us / 1000;
                    summary.take(record);
                }
                Some(before) if before != record.outcome.fingerprint => contradictions.push(seed),
                Some(_) => {}
            }
        })?;
    }
    let missing = gaps(seeds, done.keys().copied());
    Ok(Merged { summary, missing, contradictions })
}

fn shard_files(dirs: &[PathBuf]) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for dir in dirs {
        for entry in fs::read_dir(dir).map_err(|error| at(dir, error))? {
            files.push(entry?.path());
        }
    }
    files.retain(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
    files.sort();
    Ok(files)
}

/// What is missing in a range: the first and the last of each run of numbers. `found` is in order.
pub(crate) fn gaps(range: Range<u64>, found: impl Iterator<Item = u64>) -> Vec<(u64, u64)> {
    let mut gaps = Vec::new();
    let mut next = range.start;
    for number in found.filter(|number| range.contains(number)) {
        if number > next {
            gaps.push((next, number - 1));
        }
        next = number + 1;
    }
    if next < range.end {
        gaps.push((next, range.end - 1));
    }
    gaps
}

fn at(path: &Path, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shards_of_a_range_have_each_seed_once() {
        let mut all: Vec<u64> = (0..3).flat_map(|index| Shard { index, of: 3 }.seeds(5..16)).collect();
        all.sort_unstable();
        assert_eq!(all, (5..16).collect::<Vec<_>>());
        assert_eq!(Shard { index: 3, of: 4 }.seeds(0..2).count(), 0);
    }

    #[test]
    fn a_shard_is_read_as_documented() {
        assert_eq!("0/4".parse(), Ok(Shard { index: 0, of: 4 }));
        for wrong in ["4/4", "1", "a/b", "-1/2", "0/0", ""] {
            assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_missing_is_named_in_runs() {
        assert_eq!(gaps(0..10, [1, 2, 5, 9].into_iter()), [(0, 0), (3, 4), (6, 8)]);
        assert_eq!(gaps(3..5, [3, 4].into_iter()), []);
        assert_eq!(gaps(3..5, std::iter::empty()), [(3, 4)]);
    }
}
