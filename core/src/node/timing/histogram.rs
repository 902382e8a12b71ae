//! How are the times of a command distributed?
//!
//! A logarithmic-linear histogram: times below 64 ns are counted one by one, and each power of two above in 32 equal parts, so that what is told is
//! at most 3 % too long. It holds as many counters as its longest time needs: some 200 for microseconds, 828 at most.

use alloc::vec::Vec;

/// Longer times count as this one, as in Redis: a second.
const NANOSECONDS_MAX: u64 = 1_000_000_000;
/// Parts of a power of two, as a power of two.
const PARTS_LOG: u32 = 5;
const PARTS: usize = 1 << PARTS_LOG;
/// The first power of two at which counts are told.
const FIRST_LEVEL: u64 = 1024;

/// Times of one command in nanoseconds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Histogram {
    counts: Vec<u64>,
    total: u64,
}

impl Histogram {
    /// Counts a time, `calls` times.
    pub(crate) fn record(&mut self, nanoseconds: u64, calls: u64) {
        let index = index_of(nanoseconds);
        if index >= self.counts.len() {
            self.counts.resize(index + 1, 0);
        }
        self.counts[index] += calls;
        self.total += calls;
    }

    /// How many times were counted.
    pub(crate) fn total(&self) -> u64 {
        self.total
    }

    /// The time that so many of a hundred do not exceed: the longest that is counted as one with it, or for none of a hundred the shortest.
    pub(crate) fn percentile(&self, percentile: f64) -> u64 {
        let wanted = (percentile.clamp(0.0, 100.0) / 100.0 * self.total as f64 + 0.5) as u64;
        let mut seen = 0;
        let index = self.counts.iter().position(|count| {
            seen += count;
            seen >= wanted.max(1)
        });
        let index = index.unwrap_or(0);
        if percentile <= 0.0 { shortest_of(index) } else { longest_of(index) }
    }

    /// How many calls took no longer than each power of two from 1024 ns on, in microseconds; only those where calls are added.
    pub(crate) fn levels(&self) -> Vec<(u64, u64)> {
        let (mut levels, mut told, mut level) = (Vec::new(), 0, FIRST_LEVEL);
        while told < self.total {
            let end = self.counts.len().min(index_of(level) + 1);
            let seen: u64 = self.counts[..end].iter().sum();
            if seen > told {
                // What Redis tells: the longest time that its own histogram counts as one with the level.
                levels.push(((level + level / 128 - 1) / 1000, seen));
                told = seen;
            }
            level *= 2;
        }
        levels
    }
}

fn index_of(nanoseconds: u64) -> usize {
    let nanoseconds = nanoseconds.min(NANOSECONDS_MAX);
    let shift = nanoseconds.max(1).ilog2().saturating_sub(PARTS_LOG);
    shift as usize * PARTS + (nanoseconds >> shift) as usize
}

/// The power of two by which the times of a counter are divided, and what they are then.
fn parts_of(index: usize) -> (u32, u64) {
    let shift = (index / PARTS).saturating_sub(1);
    (shift as u32, (index - shift * PARTS) as u64)
}

fn shortest_of(index: usize) -> u64 {
    let (shift, part) = parts_of(index);
    part << shift
}

fn longest_of(index: usize) -> u64 {
    let (shift, part) = parts_of(index);
    ((part + 1) << shift) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_time_lies_within_its_counter_and_no_counter_is_wider_than_3_percent() {
        let mut last = None;
        for time in (0..5000).chain((5000..NANOSECONDS_MAX).step_by(99_991)).chain([NANOSECONDS_MAX]) {
            let index = index_of(time);
            assert!(shortest_of(index) <= time && time <= longest_of(index), "{time}");
            assert!(longest_of(index) - shortest_of(index) <= time / 32, "{time}");
            assert!(last <= Some(index), "{time}");
            last = Some(index);
        }
        assert_eq!((last, index_of(u64::MAX)), (Some(827), 827));
    }

    #[test]
    fn percentiles_are_the_times_that_so_many_do_not_exceed() {
        let mut histogram = Histogram::default();
        assert_eq!(histogram.percentile(50.0), 0);
        histogram.record(10, 98);
        histogram.record(1_000, 1);
        histogram.record(3_000_000_000, 1);
        let told = [0.0, 50.0, 98.0, 99.0, 99.9, 100.0].map(|percentile| histogram.percentile(percentile));
        assert_eq!(told, [10, 10, 10, 1007, longest_of(827), longest_of(827)]);
    }

    #[test]
    fn levels_are_those_of_redis_and_end_with_all_calls() {
        let mut histogram = Histogram::default();
        assert!(histogram.levels().is_empty());
        histogram.record(3, 2);
        histogram.record(2000, 1);
        histogram.record(33_000, 4);
        histogram.record(50_000_000, 1);
        histogram.record(u64::MAX, 1);
        assert_eq!(histogram.levels(), [(1, 2), (2, 3), (33, 7), (67633, 8), (1_082_130, 9)]);
    }
}
