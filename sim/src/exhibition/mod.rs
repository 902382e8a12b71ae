//! Which checks find which defects, how soon, and what does a defect look like?
//!
//! The matrix of the museum: each defect is hunted from several first seeds, so that one lucky seed does not pass for a good check.

mod smaller;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io;
use std::time::Duration;

use afterimage_core::museum::Defect;
use afterimage_sim::museum::{Find, Hunt};
use afterimage_sim::{Line, replay};
use indicatif::{ParallelProgressIterator, ProgressBar, ProgressStyle};
use rayon::prelude::*;
use serde::Serialize;

use smaller::Smaller;

/// Seeds from one hunt's first to the next one's: more than a hunt ever runs.
const STRIDE: u64 = 1_000_000;

/// How the exhibits are hunted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    /// Hunts for each defect.
    pub(crate) starts: u64,
    /// Seeds of each hunt.
    pub(crate) seeds_max: u64,
    pub(crate) jobs: Option<usize>,
    /// CPU time for making each first find smaller, if that is wanted.
    pub(crate) shrink: Option<Duration>,
}

/// One defect and what its hunts have found.
#[derive(Debug, Serialize)]
pub(crate) struct Exhibit {
    name: &'static str,
    /// Hunts that ended with a find.
    found: usize,
    /// In the median of all hunts; of those without a find, what was run in vain.
    seeds_median: u64,
    cpu_median: Duration,
    /// The longest hunt.
    seeds_max: u64,
    /// How often each property was the one that was broken.
    by: BTreeMap<&'static str, usize>,
    finds: Vec<Find>,
    /// What is left of the first find.
    #[serde(skip_serializing_if = "Option::is_none")]
    smaller: Option<Smaller>,
}

/// All that was hunted.
#[derive(Debug, Serialize)]
pub(crate) struct Exhibition {
    starts: u64,
    seeds_max: u64,
    exhibits: Vec<Exhibit>,
}

impl Exhibition {
    /// Hunts these defects.
    ///
    /// # Errors
    ///
    /// If the threads cannot be started.
    pub(crate) fn of(defects: &[Defect], terms: Terms) -> io::Result<Exhibition> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(terms.jobs.unwrap_or(0)).build();
        let hunts: Vec<Hunt> = defects
            .iter()
            .flat_map(|defect| (0..terms.starts).map(move |start| (*defect, start)))
            .map(|(defect, start)| Hunt { defect, first_seed: start * STRIDE, seeds_max: terms.seeds_max })
            .collect();
        let bar = ProgressBar::new(hunts.len() as u64).with_style(
            ProgressStyle::with_template("{bar:40} {pos}/{len} hunts, {elapsed}")
                .unwrap_or_else(|_| ProgressStyle::default_bar()),
        );
        let run = || hunts.par_iter().progress_with(bar.clone()).map(Hunt::run).collect();
        let pool = pool.map_err(io::Error::other)?;
        let finds: Vec<Find> = pool.install(run);
        bar.finish_and_clear();
        let starts = terms.starts as usize;
        let groups: Vec<_> = hunts.chunks(starts).zip(finds.chunks(starts)).collect();
        let shrink = |(hunts, finds): &(&[Hunt], &[Find])| {
            let first = hunts.iter().zip(*finds).find(|(_, find)| find.violation.is_some());
            first.and_then(|(hunt, find)| Smaller::of(hunt, find, terms.shrink?))
        };
        let smaller: Vec<_> = pool.install(|| groups.par_iter().map(shrink).collect());
        let exhibits = defects.iter().zip(groups).zip(smaller);
        let exhibits =
            exhibits.map(|((defect, (_, finds)), smaller)| Exhibit::new(*defect, finds.to_vec(), smaller)).collect();
        Ok(Exhibition { starts: terms.starts, seeds_max: terms.seeds_max, exhibits })
    }

    /// What the only exhibit looks like: the plan that is left of its first find, and what happens in it.
    pub(crate) fn story(&self) -> Option<String> {
        let [Exhibit { smaller: Some(Smaller { seed, before, after, shrunk: Some(shrunk), .. }), .. }] =
            self.exhibits.as_slice()
        else {
            return None;
        };
        let (_, lines) = replay(shrunk.plan.clone());
        let lines: String = lines.iter().filter(|line| is_told(line)).map(|line| format!("{line}\n")).collect();
        Some(format!(
            "Found by seed {seed}: {before}\nLeft of it: {after}\n\n{}\n\n{lines}\n{}\n",
            shrunk.plan.in_words(),
            shrunk.violation
        ))
    }

    /// True if each hunt has found its defect.
    pub(crate) fn is_complete(&self) -> bool {
        self.exhibits.iter().all(|exhibit| exhibit.found == exhibit.finds.len())
    }
}

/// Delivered lines of keepalives say nothing.
fn is_told(line: &Line) -> bool {
    !line.text.ends_with("(newline)")
}

impl Exhibit {
    fn new(defect: Defect, finds: Vec<Find>, smaller: Option<Smaller>) -> Exhibit {
        let mut by = BTreeMap::new();
        for violation in finds.iter().filter_map(|find| find.violation.as_ref()) {
            *by.entry(violation.property.name()).or_insert(0) += 1;
        }
        Exhibit {
            name: defect.name(),
            found: by.values().sum(),
            seeds_median: median(finds.iter().map(|find| find.seeds)),
            cpu_median: median(finds.iter().map(|find| find.cpu)),
            seeds_max: finds.iter().map(|find| find.seeds).max().unwrap_or(0),
            by,
            finds,
            smaller,
        }
    }
}

/// The middle one, or the lower of two.
fn median<T: Ord + Default>(values: impl Iterator<Item = T>) -> T {
    let mut values: Vec<T> = values.collect();
    values.sort();
    let middle = values.len().saturating_sub(1) / 2;
    values.into_iter().nth(middle).unwrap_or_default()
}

impl fmt::Display for Exhibition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let properties: BTreeSet<&str> = self.exhibits.iter().flat_map(|exhibit| exhibit.by.keys().copied()).collect();
        let titles: String = properties.iter().map(|name| format!(" {name} |")).collect();
        let smaller: Vec<&Smaller> = self.exhibits.iter().filter_map(|exhibit| exhibit.smaller.as_ref()).collect();
        let (sizes, columns) = if smaller.is_empty() { ("", 0) } else { (Smaller::TITLES, Smaller::COLUMNS) };
        writeln!(f, "| defect | found | seeds, median | longest | CPU s, median |{sizes}{titles}")?;
        writeln!(f, "| --- | ---: | ---: | ---: | ---: |{}", " ---: |".repeat(columns + properties.len()))?;
        for exhibit in &self.exhibits {
            let Exhibit { name, found, seeds_median, seeds_max, cpu_median, by, finds, smaller } = exhibit;
            let seconds = cpu_median.as_secs_f64();
            write!(f, "| `{name}` | {found}/{} | {seeds_median} | {seeds_max} | {seconds:.2} |", finds.len())?;
            match smaller {
                Some(smaller) => write!(f, "{}", smaller.cells())?,
                None => write!(f, "{}", " |".repeat(columns))?,
            }
            for property in &properties {
                match by.get(property) {
                    Some(times) => write!(f, " {times} |")?,
                    None => write!(f, " |")?,
                }
            }
            writeln!(f)?;
        }
        writeln!(
            f,
            "\nEach defect was hunted from {} first seeds, by at most {} seeds; in each column how often that property was broken first.",
            self.starts, self.seeds_max
        )?;
        if smaller.is_empty() { Ok(()) } else { writeln!(f, "{}", smaller::sums(&smaller)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_a_value_that_was_there() {
        assert_eq!(median([5_u64, 1, 9].into_iter()), 5);
        assert_eq!(median([4_u64, 1, 9, 7].into_iter()), 4);
        assert_eq!(median(std::iter::empty::<u64>()), 0);
    }
}
