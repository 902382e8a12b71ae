//! When was a place in the stream written?
//!
//! Offsets are noted with the time at which they were reached, in steps of a tenth of a second. The older half of the notes is thinned out
//! whenever there are too many, so that the recent past is known finely, the distant past coarsely, and memory is bounded.

use alloc::collections::VecDeque;
use core::time::Duration;

use crate::port::Mono;

/// The time between two notes.
const STEP: Duration = Duration::from_millis(100);
/// Notes that are kept: 16 KiB. Some 50 seconds in full, some hours in all.
const NOTES_MAX: usize = 1024;

/// An index of a stream's offsets by time.
#[derive(Clone, Debug, Default)]
pub struct Timeline {
    /// The byte behind `.0` and those that follow were written at `.1` or later, and before the next note's time.
    notes: VecDeque<(u64, Mono)>,
    /// The end of the stream when it was last looked at.
    end: u64,
}

impl Timeline {
    /// Notes that the stream has grown to `end`.
    #[inline]
    pub fn note(&mut self, end: u64, now: Mono) {
        if self.notes.back().is_none_or(|&(_, at)| now.since(at) >= STEP) {
            let from = if self.notes.is_empty() { 0 } else { self.end };
            self.notes.push_back((from, now));
            if self.notes.len() > NOTES_MAX {
                self.thin_out();
            }
        }
        self.end = end;
    }

    /// How long ago the byte behind `offset` was written, a tenth of a second too much at most for what is recent; zero if it has not been
    /// written.
    #[must_use]
    pub fn age_of(&self, offset: u64, now: Mono) -> Duration {
        if offset >= self.end {
            return Duration::ZERO;
        }
        let after = self.notes.partition_point(|&(from, _)| from <= offset);
        let note = self.notes.get(after.saturating_sub(1));
        note.map_or(Duration::ZERO, |&(_, at)| now.since(at))
    }

    /// Drops every other note of the older half. What they told of counts as older than it is.
    fn thin_out(&mut self) {
        let half = self.notes.len() / 2;
        let mut index = 0;
        self.notes.retain(|_| {
            index += 1;
            index > half || index % 2 == 1
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Mono {
        Mono(ms * 1000)
    }

    #[test]
    fn the_age_of_a_byte_is_told_to_a_tenth_of_a_second() {
        let mut timeline = Timeline::default();
        assert_eq!(timeline.age_of(0, at(5)), Duration::ZERO, "nothing was written");
        timeline.note(10, at(1000));
        timeline.note(20, at(1050));
        timeline.note(30, at(2000));
        let cases = [(0, 3000), (9, 3000), (10, 3000), (19, 3000), (20, 2000), (29, 2000), (30, 0), (99, 0)];
        for (offset, age_ms) in cases {
            assert_eq!(timeline.age_of(offset, at(4000)), Duration::from_millis(age_ms), "{offset}");
        }
    }

    #[test]
    fn memory_is_bounded_and_the_recent_past_stays_fine() {
        let mut timeline = Timeline::default();
        let seconds = 3 * 24 * 3600;
        for tenth in 1..=seconds * 10 {
            timeline.note(tenth, at(tenth * 100));
        }
        assert!(timeline.notes.len() <= NOTES_MAX);
        let now = at(seconds * 1000);
        for back_tenths in [1, 10, 100, 400] {
            let age = timeline.age_of(seconds * 10 - back_tenths, now);
            let exact = Duration::from_millis((back_tenths - 1) * 100);
            assert!(age >= exact && age <= exact + STEP, "{back_tenths}: {age:?}");
        }
        for back_tenths in [10_000, 1_000_000] {
            let age = timeline.age_of(seconds * 10 - back_tenths, now);
            assert!(age >= Duration::from_millis((back_tenths - 1) * 100), "never too young");
        }
    }
}
