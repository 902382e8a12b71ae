//! When did commands take long, and how long?

use alloc::collections::{BTreeMap, VecDeque};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

/// Samples of one event that are kept, as in Redis.
const SAMPLES_MAX: usize = 160;
/// Samples in one line of a graph.
const GRAPH_COLUMNS: usize = 80;
/// Lines of a graph, and what is drawn in the lower, middle and upper third of one.
const GRAPH_ROWS: usize = 4;
const GRAPH_STROKES: [char; 3] = ['_', 'o', '#'];

/// A second with a spike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spike {
    /// Since the epoch.
    pub(crate) seconds: i64,
    /// The longest time in that second.
    pub(crate) milliseconds: u64,
}

/// The spikes of one event, the oldest first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Series {
    spikes: VecDeque<Spike>,
    /// The longest time since the series began.
    pub(crate) max_ms: u64,
}

/// The spikes of all events (`command`, `fast-command`).
#[derive(Clone, Debug, Default)]
pub(crate) struct Spikes {
    by_event: BTreeMap<&'static str, Series>,
}

impl Spikes {
    pub(super) fn add(&mut self, event: &'static str, spike: Spike) {
        self.by_event.entry(event).or_default().add(spike);
    }

    pub(crate) fn series(&self, event: &[u8]) -> Option<&Series> {
        self.by_event.iter().find(|(name, _)| name.as_bytes() == event).map(|(_, series)| series)
    }

    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = (&'static str, &Series)> {
        self.by_event.iter().map(|(name, series)| (*name, series))
    }

    /// Forgets the events that are named, or all; returns how many there were.
    pub(crate) fn reset<'a>(&mut self, mut events: impl ExactSizeIterator<Item = &'a [u8]>) -> usize {
        let before = self.by_event.len();
        if events.len() == 0 {
            self.by_event.clear();
        } else {
            events.by_ref().for_each(|event| self.by_event.retain(|name, _| name.as_bytes() != event));
        }
        before - self.by_event.len()
    }
}

impl Series {
    fn add(&mut self, spike: Spike) {
        self.max_ms = self.max_ms.max(spike.milliseconds);
        match self.spikes.back_mut() {
            Some(last) if last.seconds == spike.seconds => {
                last.milliseconds = last.milliseconds.max(spike.milliseconds)
            }
            _ => self.spikes.push_back(spike),
        }
        if self.spikes.len() > SAMPLES_MAX {
            self.spikes.pop_front();
        }
    }

    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = &Spike> {
        self.spikes.iter()
    }

    pub(crate) fn last(&self) -> Option<&Spike> {
        self.spikes.back()
    }

    fn lowest(&self) -> u64 {
        self.spikes.iter().map(|spike| spike.milliseconds).min().unwrap_or(0)
    }

    fn highest(&self) -> u64 {
        self.spikes.iter().map(|spike| spike.milliseconds).max().unwrap_or(0)
    }

    /// One line for people.
    pub(crate) fn describe(&self) -> String {
        let count = self.spikes.len().max(1) as u64;
        let times = || self.spikes.iter().map(|spike| spike.milliseconds);
        let average = times().sum::<u64>() / count;
        let deviation = times().map(|time| time.abs_diff(average)).sum::<u64>() / count;
        format!(
            "{count} latency spikes (average {average}ms, mean deviation {deviation}ms). Worst all time event {}ms.",
            self.max_ms
        )
    }

    /// A picture in letters: a column for each spike, and below it how long ago it was.
    pub(crate) fn graph(&self, event: &str, now_seconds: i64) -> String {
        let (low, high) = (self.lowest(), self.highest());
        let mut text = format!("{event} - high {high} ms, low {low} ms (all time high {} ms)\n", self.max_ms);
        text.extend(core::iter::repeat_n('-', GRAPH_COLUMNS));
        text.push('\n');
        let spikes: Vec<&Spike> = self.spikes.iter().collect();
        for (index, spikes) in spikes.chunks(GRAPH_COLUMNS).enumerate() {
            if index > 0 {
                text.push('\n');
            }
            draw(&mut text, spikes, low, (high - low).max(1), now_seconds);
        }
        text
    }
}

fn draw(text: &mut String, spikes: &[&Spike], low: u64, span: u64, now_seconds: i64) {
    let steps = (GRAPH_ROWS * GRAPH_STROKES.len()) as u64;
    let mut push_row = |letter: &dyn Fn(&Spike) -> char| {
        text.extend(spikes.iter().map(|spike| letter(spike)));
        text.push('\n');
    };
    for row in (0..GRAPH_ROWS).rev() {
        push_row(&|spike| {
            let step = ((spike.milliseconds - low).saturating_mul(steps) / span).min(steps - 1) as usize;
            match step.checked_sub(row * GRAPH_STROKES.len()) {
                None => ' ',
                Some(height) => GRAPH_STROKES.get(height).copied().unwrap_or('|'),
            }
        });
    }
    push_row(&|_| ' ');
    let age = |spike: &Spike| age_of(now_seconds - spike.seconds);
    let longest = spikes.iter().map(|spike| age(spike).len()).max().unwrap_or(0);
    for at in 0..longest {
        push_row(&|spike| age(spike).as_bytes().get(at).map_or(' ', |&letter| char::from(letter)));
    }
}

/// `7s`, `3m`.
fn age_of(seconds: i64) -> String {
    match seconds.max(0) {
        seconds @ 0..60 => format!("{seconds}s"),
        seconds @ 60..3600 => format!("{}m", seconds / 60),
        seconds @ 3600..86400 => format!("{}h", seconds / 3600),
        seconds => format!("{}d", seconds / 86400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spikes(list: &[(i64, u64)]) -> Spikes {
        let mut spikes = Spikes::default();
        for (seconds, milliseconds) in list {
            spikes.add("command", Spike { seconds: *seconds, milliseconds: *milliseconds });
        }
        spikes
    }

    #[test]
    fn a_second_counts_once_with_its_longest_time_and_old_ones_are_forgotten() {
        let mut all = spikes(&[(1, 5), (1, 9), (1, 7), (2, 3)]);
        let series = all.series(b"command").expect("it was added");
        let seen: Vec<_> = series.iter().map(|spike| (spike.seconds, spike.milliseconds)).collect();
        assert_eq!((seen, series.max_ms), (alloc::vec![(1, 9), (2, 3)], 9));
        for seconds in 3..200 {
            all.add("command", Spike { seconds, milliseconds: 1 });
        }
        let series = all.series(b"command").expect("it was added");
        assert_eq!((series.iter().len(), series.max_ms), (160, 9));
        assert_eq!(all.reset([b"other".as_slice()].into_iter()), 0);
        assert_eq!(all.reset([].into_iter()), 1);
    }

    #[test]
    fn the_graph_is_that_of_redis() {
        let all = spikes(&[(97, 6), (98, 50), (100, 20)]);
        let graph = all.series(b"command").expect("it was added").graph("command", 100);
        let lines: Vec<&str> = graph.lines().collect();
        assert_eq!(lines[0], "command - high 50 ms, low 6 ms (all time high 50 ms)");
        assert_eq!(lines[2..], [" # ", " | ", " |_", "_||", "   ", "320", "sss"]);
    }
}
