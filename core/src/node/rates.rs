//! How much is going on just now? What INFO tells as `instantaneous_…` and `client_recent_max_…`.
//!
//! As in Redis, the mean of 16 samples of 100 ms. No timer takes them: what was counted since the last sample was counted within 100 ms of
//! it, or else an earlier event would have taken the next one, so that all samples between are zero. A node that is idle does nothing.

use core::time::Duration;

use crate::port::{Mono, Now};

use super::Node;

const SAMPLES: usize = 16;
const SAMPLE_EVERY: Duration = Duration::from_millis(100);
const SAMPLES_PER_SECOND: u64 = 10;
/// Seconds for which the largest buffers are remembered, as in Redis.
const BUFFERS_SECONDS: usize = 8;

/// What is counted, and told as a rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Metric {
    Commands,
    Input,
    Output,
    ReplicationInput,
    ReplicationOutput,
}

const METRICS: usize = 5;

/// The last samples.
#[derive(Clone, Debug)]
pub(crate) struct Rates {
    /// When the next sample ends.
    due: Mono,
    counted: [u64; METRICS],
    /// What was counted in each sample.
    samples: [[u64; METRICS]; SAMPLES],
    next: usize,
    buffers: LargestBuffers,
}

/// The largest buffers of clients in each of the last seconds.
#[derive(Clone, Debug, Default)]
struct LargestBuffers {
    /// The second, and bytes of input and of output.
    slots: [(u64, u64, u64); BUFFERS_SECONDS],
}

impl LargestBuffers {
    #[inline]
    fn note(&mut self, second: u64, input: u64, output: u64) {
        let slot = &mut self.slots[second as usize % BUFFERS_SECONDS];
        if slot.0 != second {
            *slot = (second, 0, 0);
        }
        slot.1 = slot.1.max(input);
        slot.2 = slot.2.max(output);
    }

    fn largest(&self, second: u64) -> (u64, u64) {
        let is_recent = |slot: &&(u64, u64, u64)| slot.0 + BUFFERS_SECONDS as u64 > second;
        let recent = self.slots.iter().filter(is_recent);
        recent.fold((0, 0), |largest, slot| (largest.0.max(slot.1), largest.1.max(slot.2)))
    }
}

impl Rates {
    pub(crate) fn new(now: Mono) -> Rates {
        Rates {
            due: now.after(SAMPLE_EVERY),
            counted: [0; METRICS],
            samples: [[0; METRICS]; SAMPLES],
            next: 0,
            buffers: LargestBuffers::default(),
        }
    }

    /// True if a sample has ended.
    #[inline]
    pub(crate) fn is_due(&self, now: Mono) -> bool {
        now >= self.due
    }

    /// Takes the sample that has ended, and those since then in which nothing was counted.
    fn take(&mut self, counted: [u64; METRICS], now: Mono) {
        let each = SAMPLE_EVERY.as_micros() as u64;
        let ended = now.since(self.due).as_micros() as u64 / each + 1;
        let grown = core::array::from_fn(|metric| counted[metric].saturating_sub(self.counted[metric]));
        self.push(grown);
        for _ in 0..(ended - 1).min(SAMPLES as u64) {
            self.push([0; METRICS]);
        }
        self.counted = counted;
        self.due = self.due.after(Duration::from_micros(each.saturating_mul(ended)));
    }

    fn push(&mut self, sample: [u64; METRICS]) {
        self.samples[self.next] = sample;
        self.next = (self.next + 1) % SAMPLES;
    }

    /// How much was counted in a second, lately.
    pub(crate) fn per_second(&self, metric: Metric) -> u64 {
        let sum: u64 = self.samples.iter().map(|sample| sample[metric as usize]).sum();
        sum * SAMPLES_PER_SECOND / SAMPLES as u64
    }

    /// The largest input and the largest output of a client in the last seconds, in bytes.
    pub(crate) fn largest_buffers(&self, now: Mono) -> (u64, u64) {
        self.buffers.largest(second(now))
    }

    /// Takes note of a client's buffers, in bytes.
    #[inline]
    pub(crate) fn note_buffers(&mut self, input: usize, output: usize, now: Mono) {
        if input > 0 || output > 0 {
            self.buffers.note(second(now), input as u64, output as u64);
        }
    }

    /// Forgets what was sampled: all counters begin at zero again.
    pub(crate) fn reset(&mut self) {
        self.counted = [0; METRICS];
        self.samples = [[0; METRICS]; SAMPLES];
    }
}

fn second(now: Mono) -> u64 {
    now.0 / 1_000_000
}

impl Node {
    /// What is looked at ten times a second while anything happens.
    #[cold]
    pub(super) fn take_sample(&mut self, now: Now) {
        let stats = &self.stats;
        let counted = [
            stats.commands,
            stats.bytes_received,
            stats.bytes_sent,
            stats.replication_bytes_received,
            stats.replication_bytes_sent,
        ];
        self.rates.take(counted, now.mono);
        self.note_peak_memory();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(millis: u64) -> Mono {
        Mono(millis * 1000)
    }

    /// Counts `each` commands in each of the samples up to `end_ms`.
    fn steady(rates: &mut Rates, each: u64, end_ms: u64) -> u64 {
        let mut commands = rates.counted[0];
        for at in (100..=end_ms).step_by(100) {
            commands += each;
            rates.take([commands, 0, 0, 0, 0], millis(at));
        }
        commands
    }

    #[test]
    fn a_steady_rate_is_told_as_it_is() {
        let mut rates = Rates::new(millis(0));
        steady(&mut rates, 50, 1600);
        assert_eq!(rates.per_second(Metric::Commands), 500);
        assert_eq!(rates.per_second(Metric::Input), 0);
    }

    #[test]
    fn samples_in_which_nothing_happened_count_as_zero_and_no_sample_is_taken_early() {
        let mut rates = Rates::new(millis(0));
        let commands = steady(&mut rates, 50, 1600);
        assert!(!rates.is_due(millis(1699)) && rates.is_due(millis(1700)));
        // 50 more in the sample that ends at 1700; nothing in the seven up to 2400.
        rates.take([commands + 50, 0, 0, 0, 0], millis(2450));
        assert_eq!(rates.per_second(Metric::Commands), 50 * 9 * 10 / 16);
        assert!(!rates.is_due(millis(2499)) && rates.is_due(millis(2500)));
        rates.take([commands + 50, 0, 0, 0, 0], millis(1_000_000));
        assert_eq!(rates.per_second(Metric::Commands), 0);
    }

    #[test]
    fn large_buffers_are_remembered_for_eight_seconds() {
        let mut rates = Rates::new(millis(0));
        rates.note_buffers(5, 70, millis(1500));
        rates.note_buffers(9, 0, millis(1900));
        rates.note_buffers(2, 2, millis(5000));
        assert_eq!(rates.largest_buffers(millis(8900)), (9, 70));
        assert_eq!(rates.largest_buffers(millis(9000)), (2, 2));
        assert_eq!(rates.largest_buffers(millis(13_000)), (0, 0));
    }
}
