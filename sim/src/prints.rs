//! From which event on do two runs differ?
//!
//! The rolling hash of a run at some of its events. Two runs with the same value at an event have done the same up to there; so a few dozen values, kept beside
//! a plan, tell a later build where it parts from the one that wrote them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// From this many values on every second one is dropped.
const VALUES_MAX: usize = 64;
/// From one event with a value to the next, at first.
const EVERY: u64 = 16;

/// What a run did, by its hashes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recorded {
    /// At its end.
    pub fingerprint: Print,
    /// Events in all.
    pub events: u64,
    /// From one event with a value to the next: the first value is that after so many events.
    pub every: u64,
    /// The values.
    pub prints: Prints,
}

/// One value of a rolling hash. In text it has sixteen hexadecimal digits, as many programs read numbers of JSON with too few bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Print(pub u64);

/// Values in order, in text with spaces between them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Prints(pub Vec<Print>);

/// Collects values while a world runs: few for each run, however long it is.
#[derive(Clone, Debug)]
pub(crate) struct Collector {
    every: u64,
    values: Vec<Print>,
}

/// Where two runs part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Parting {
    /// Up to this event they did the same; zero if it is not known of any.
    pub same_up_to: u64,
    /// At this one they no longer did.
    pub differ_by: u64,
}

impl Recorded {
    /// Where another run parts from this one; `None` if it did the same to the end.
    #[must_use]
    pub fn parting(&self, other: &Recorded) -> Option<Parting> {
        if self.fingerprint == other.fingerprint && self.events == other.events {
            return None;
        }
        let last = self.events.max(other.events);
        let mut same_up_to = 0;
        let every = self.every.max(other.every).max(1);
        for event in (1..).map(|step| step * every).take_while(|event| *event <= last) {
            match (self.at(event), other.at(event)) {
                (Some(one), Some(two)) if one == two => same_up_to = event,
                _ => return Some(Parting { same_up_to, differ_by: event }),
            }
        }
        Some(Parting { same_up_to, differ_by: last })
    }

    /// The value after an event, if it was kept.
    fn at(&self, event: u64) -> Option<Print> {
        let step = event.checked_div(self.every).filter(|step| step * self.every == event)?;
        self.prints.0.get(usize::try_from(step.checked_sub(1)?).ok()?).copied()
    }
}

impl Default for Collector {
    fn default() -> Collector {
        Collector { every: EVERY, values: Vec::new() }
    }
}

impl Collector {
    /// An event is over.
    pub(crate) fn take(&mut self, event: u64, value: u64) {
        if !event.is_multiple_of(self.every) {
            return;
        }
        self.values.push(Print(value));
        if self.values.len() >= VALUES_MAX {
            self.every *= 2;
            self.values = self.values.iter().skip(1).step_by(2).copied().collect();
        }
    }

    /// The run is over.
    pub(crate) fn finish(self, fingerprint: u64, events: u64) -> Recorded {
        Recorded { fingerprint: Print(fingerprint), events, every: self.every, prints: Prints(self.values) }
    }
}

impl fmt::Display for Print {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl FromStr for Print {
    type Err = String;

    fn from_str(text: &str) -> Result<Print, String> {
        let value = u64::from_str_radix(text, 16).ok().filter(|_| text.len() == 16);
        value.map(Print).ok_or_else(|| format!("`{text}` is not a fingerprint of sixteen hexadecimal digits"))
    }
}

impl TryFrom<String> for Print {
    type Error = String;

    fn try_from(text: String) -> Result<Print, String> {
        text.parse()
    }
}

impl From<Print> for String {
    fn from(print: Print) -> String {
        print.to_string()
    }
}

impl TryFrom<String> for Prints {
    type Error = String;

    fn try_from(text: String) -> Result<Prints, String> {
        text.split_whitespace().map(str::parse).collect::<Result<_, _>>().map(Prints)
    }
}

impl From<Prints> for String {
    fn from(prints: Prints) -> String {
        prints.0.iter().map(Print::to_string).collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A run of so many events that does something else from event `other_from` on.
    fn run(events: u64, other_from: u64) -> Recorded {
        let value = |event| if event >= other_from { event + 1_000_000 } else { event };
        let mut collector = Collector::default();
        (1..=events).for_each(|event| collector.take(event, value(event)));
        collector.finish(value(events), events)
    }

    #[test]
    fn the_place_where_runs_part_is_told_to_the_nearest_value() {
        assert_eq!(run(1000, u64::MAX).parting(&run(1000, u64::MAX)), None);
        for (events, other_from) in [(1000, 1), (1000, 500), (1000, 1000), (90_000, 4321), (90_000, 90_000)] {
            let parting = run(events, u64::MAX).parting(&run(events, other_from)).expect("they part");
            assert!(
                parting.same_up_to < other_from && other_from <= parting.differ_by,
                "{events} {other_from}: {parting:?}"
            );
            let window = parting.differ_by - parting.same_up_to;
            assert!(window <= EVERY.max(events / 16), "{events} {other_from}: {parting:?}");
        }
    }

    #[test]
    fn a_run_that_ends_earlier_or_is_much_longer_parts_at_its_end_at_the_latest() {
        let parting = run(1000, u64::MAX).parting(&run(600, u64::MAX)).expect("they part");
        assert!(parting.same_up_to <= 600 && parting.differ_by > 600 - EVERY, "{parting:?}");
        let parting = run(1000, 900).parting(&run(100_000, u64::MAX)).expect("they part");
        assert!(parting.same_up_to < 900, "{parting:?}");
    }

    #[test]
    fn few_values_are_kept_of_a_long_run_and_they_come_back_from_text() {
        let recorded = run(1_000_000, u64::MAX);
        assert!(recorded.prints.0.len() < VALUES_MAX && recorded.prints.0.len() >= VALUES_MAX / 2 - 1);
        assert_eq!(recorded.at(recorded.every), Some(Print(recorded.every)));
        let text = serde_json::to_string(&recorded).expect("it is text and numbers");
        assert_eq!(serde_json::from_str::<Recorded>(&text).expect("it reads its own text"), recorded);
        assert!("12".parse::<Print>().is_err());
    }
}
