//! How recently and how often is a key used? What an entry keeps of it in 32 bits.
//!
//! Under a policy that looks at frequency the bits are those of Redis: minutes of the wall clock in 16, and a counter that grows by
//! chance and ever more rarely in 8. Under all others they are seconds of the wall clock, wrapping.

use crate::codec::random::Random;
use crate::port::Wall;

/// The counter of a new key: high enough not to give way before it was used.
const COUNTER_INITIAL: u32 = 5;
const COUNTER_MAX: u32 = 255;

/// How frequencies are counted.
#[derive(Clone, Copy, Debug)]
pub struct FrequencyRules {
    /// How rarely the counter grows (`lfu-log-factor`).
    pub log_factor: u32,
    /// Minutes after which it falls by one (`lfu-decay-time`); 0 for never.
    pub decay_minutes: u32,
}

/// Seconds of the wall clock, wrapping.
#[inline]
#[must_use]
pub fn seconds(wall: Wall) -> u32 {
    (wall.0 / 1_000_000) as u32
}

/// The bits of a new key under a policy that looks at frequency.
#[must_use]
pub fn first_use(wall: Wall) -> u32 {
    with_counter(wall, COUNTER_INITIAL)
}

/// The bits that say that a key was used as often as `counter` tells, until now.
#[must_use]
pub fn with_counter(wall: Wall, counter: u32) -> u32 {
    minutes(wall) << 8 | counter.min(COUNTER_MAX)
}

/// How often a key is used, from 0 to 255, by its bits.
#[must_use]
pub fn frequency(bits: u32, wall: Wall, rules: FrequencyRules) -> u32 {
    let unused_minutes = minutes(wall).wrapping_sub(bits >> 8) & 0xffff;
    let periods = unused_minutes.checked_div(rules.decay_minutes).unwrap_or(0);
    (bits & COUNTER_MAX).saturating_sub(periods)
}

/// The bits after one use more.
#[must_use]
pub fn after_use(bits: u32, wall: Wall, rules: FrequencyRules, random: &mut Random) -> u32 {
    let counter = frequency(bits, wall, rules);
    // The chance to grow is one in `(counter - initial) * factor + 1`.
    let odds = u64::from(counter.saturating_sub(COUNTER_INITIAL)) * u64::from(rules.log_factor) + 1;
    let grows = counter < COUNTER_MAX && random.below(odds) == 0;
    with_counter(wall, counter + u32::from(grows))
}

fn minutes(wall: Wall) -> u32 {
    (wall.0 / 60_000_000) as u32 & 0xffff
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: FrequencyRules = FrequencyRules { log_factor: 10, decay_minutes: 1 };

    fn at(minutes: u64) -> Wall {
        Wall(minutes * 60_000_000)
    }

    #[test]
    fn a_key_that_is_used_a_million_times_reaches_the_top_and_one_that_is_not_falls_by_the_minute() {
        let mut random = Random::new(1, 0);
        let mut bits = first_use(at(70_000));
        assert_eq!(frequency(bits, at(70_000), RULES), 5);
        for _ in 0..1000 {
            bits = after_use(bits, at(70_000), RULES, &mut random);
        }
        let used = frequency(bits, at(70_000), RULES);
        assert!((12..30).contains(&used), "{used}");
        for _ in 0..1_000_000 {
            bits = after_use(bits, at(70_000), RULES, &mut random);
        }
        assert_eq!(frequency(bits, at(70_000), RULES), 255);
        assert_eq!(frequency(bits, at(70_100), RULES), 155);
        assert_eq!(frequency(bits, at(70_100), FrequencyRules { decay_minutes: 0, ..RULES }), 255);
    }
}
