//! Which checks find which defects, how soon, and what does a defect look like?
//!
//! The matrix of the museum: each defect is hunted from several first seeds, so that one lucky seed does not pass for a good check.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io;
use std::time::Duration;

use afterimage_core::museum::Defect;
use afterimage_sim::museum::{Find, Hunt};
use indicatif::{ParallelProgressIterator, ProgressBar, ProgressStyle};
use rayon::prelude::*;
use serde::Serialize;

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
        let finds: Vec<Find> = pool.map_err(io::Error::other)?.install(run);
        bar.finish_and_clear();
        let mut finds = finds.into_iter();
        let of_one = |defect: &Defect| Exhibit::new(*defect, finds.by_ref().take(terms.starts as usize).collect());
        let exhibits = defects.iter().map(of_one).collect();
        Ok(Exhibition { starts: terms.starts, seeds_max: terms.seeds_max, exhibits })
    }

    /// True if each hunt has found its defect.
    pub(crate) fn is_complete(&self) -> bool {
        self.exhibits.iter().all(|exhibit| exhibit.found == exhibit.finds.len())
    }
}

impl Exhibit {
    fn new(defect: Defect, finds: Vec<Find>) -> Exhibit {
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
        writeln!(f, "| defect | found | seeds, median | longest | CPU s, median |{titles}")?;
        writeln!(f, "| --- | ---: | ---: | ---: | ---: |{}", " ---: |".repeat(properties.len()))?;
        for exhibit in &self.exhibits {
            let Exhibit { name, found, seeds_median, seeds_max, cpu_median, by, finds } = exhibit;
            let seconds = cpu_median.as_secs_f64();
            write!(f, "| `{name}` | {found}/{} | {seeds_median} | {seeds_max} | {seconds:.2} |", finds.len())?;
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
        )
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
