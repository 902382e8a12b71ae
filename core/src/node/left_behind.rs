//! Which replicas were too slow for others before, and when is each sent a snapshot again?
//!
//! Such a one is sent a snapshot by itself or together with others of its kind, so that it does not hold up the good ones once more.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;

use crate::codec::random::Random;
use crate::port::Mono;

use super::timers::back_off;

/// The first wait of one that was left behind; each further time doubles it.
const WAIT_FIRST: Duration = Duration::from_secs(1);
/// The longest of these waits: alone it harms nobody.
const WAIT_MAX: Duration = Duration::from_secs(60);
/// For how long a replica is remembered. Networks are mended; if this one was not, that costs others one grace an hour.
const REMEMBERED_FOR: Duration = Duration::from_secs(3600);
/// How many are remembered: the latest. More than that are hardly behind the same master for good reasons.
const REMEMBERED_MAX: usize = 64;

/// A replica that was left behind.
#[derive(Clone, Debug)]
struct Slow {
    /// What it is called in logs: where it listens, which stays the same when it connects again.
    name: String,
    /// How often since it last came through.
    times: u32,
    left_at: Mono,
    not_before: Mono,
}

/// Those that were left behind, in the order in which they were.
#[derive(Clone, Debug, Default)]
pub(super) struct LeftBehind {
    replicas: Vec<Slow>,
}

impl LeftBehind {
    /// One was left behind: tells how long it is to wait.
    pub(super) fn add(&mut self, name: &str, now: Mono, random: &mut Random) -> Duration {
        let times = self.find(name, now).map_or(0, |slow| slow.times);
        let wait = back_off(times, WAIT_FIRST, WAIT_MAX, random);
        self.replicas.retain(|slow| slow.name != name);
        if self.replicas.len() >= REMEMBERED_MAX {
            self.replicas.remove(0);
        }
        let times = times.saturating_add(1);
        self.replicas.push(Slow { name: name.to_string(), times, left_at: now, not_before: now.after(wait) });
        wait
    }

    /// True if there is nobody to ask about: then the name, which is put together for the question, is not needed.
    pub(super) fn is_empty(&self) -> bool {
        self.replicas.is_empty()
    }

    /// True if it was left behind not long ago.
    pub(super) fn contains(&self, name: &str, now: Mono) -> bool {
        self.find(name, now).is_some()
    }

    /// Before when it is sent nothing.
    pub(super) fn not_before(&self, name: &str, now: Mono) -> Option<Mono> {
        self.find(name, now).map(|slow| slow.not_before)
    }

    /// It has a snapshot: the next one need not wait, but is apart from others all the same.
    pub(super) fn came_through(&mut self, name: &str) {
        if let Some(slow) = self.replicas.iter_mut().find(|slow| slow.name == name) {
            slow.times = 0;
        }
    }

    fn find(&self, name: &str, now: Mono) -> Option<&Slow> {
        self.replicas.iter().find(|slow| slow.name == name && now.since(slow.left_at) < REMEMBERED_FOR)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[test]
    fn waits_grow_until_it_comes_through_and_it_is_remembered_for_a_while() {
        let (mut left, mut random) = (LeftBehind::default(), Random::new(1, 0));
        let mut now = Mono(0);
        for longest_s in [1, 2, 4, 8, 16, 32, 60, 60] {
            let wait = left.add("a:1", now, &mut random);
            assert!((longest_s * 500..=longest_s * 1000).contains(&wait.as_millis()), "{wait:?}");
            assert_eq!(left.not_before("a:1", now), Some(now.after(wait)));
            now = now.after(wait);
        }
        assert!(!left.contains("a:2", now));
        left.came_through("a:1");
        assert!(left.contains("a:1", now), "it is as slow as it was");
        assert!(left.add("a:1", now, &mut random) <= WAIT_FIRST);
        assert!(!left.contains("a:1", now.after(REMEMBERED_FOR)));
    }

    #[test]
    fn no_more_are_remembered_than_the_latest() {
        let (mut left, mut random) = (LeftBehind::default(), Random::new(1, 0));
        for index in 0..10 * REMEMBERED_MAX {
            left.add(&format!("a:{index}"), Mono(0), &mut random);
        }
        assert_eq!(left.replicas.len(), REMEMBERED_MAX);
        assert!(left.contains("a:639", Mono(0)) && !left.contains("a:0", Mono(0)));
    }
}
