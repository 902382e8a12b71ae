//! Which readers of one snapshot are too slow for the others?
//!
//! A snapshot is made as it is read, and what its slowest reader has not taken is kept in memory. That is bounded by a window: who is a whole window
//! behind sets the pace of all. The rule is that this costs the others no more than a known time. Whoever could take more is through after no more than
//!
//! > twice the time that it would take without the slow ones, and [`GRACE`]
//!
//! and a second for each slow one, since that is how often one looks. How long it would take is measured: the first reader that has to wait for another
//! one shows how fast it is, by what it took until then. As soon as the snapshot is later than the rule allows and the first reader waits, those that
//! are a window behind are left behind: their connections are closed, and they are sent another snapshot without the others.
//!
//! So it is progress over the whole time that counts. One that stops now and then and keeps up half of the pace goes on with the others; and one
//! that is alone, or among its like, is served as slowly as it takes, since nobody waits for it.

use core::time::Duration;

use crate::port::Mono;

/// What slow readers may cost in any case. A replica that stops for so long may be writing to its disk, or have lost a packet three times over;
/// that is no reason to begin anew.
pub(super) const GRACE: Duration = Duration::from_secs(3);

/// How fast a snapshot goes that several readers share.
#[derive(Clone, Debug)]
pub(super) struct Pace {
    begun_at: Mono,
    /// How fast its first reader is by itself; none as long as it never had to wait.
    own: Option<Speed>,
}

/// So many bytes in so long a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Speed {
    bytes: u64,
    time: Duration,
}

impl Speed {
    fn time_for(self, bytes: u64) -> Duration {
        let time_us = self.time.as_micros() * u128::from(bytes) / u128::from(self.bytes.max(1));
        Duration::from_micros(u64::try_from(time_us).unwrap_or(u64::MAX))
    }
}

impl Pace {
    pub(super) fn new(now: Mono) -> Pace {
        Pace { begun_at: now, own: None }
    }

    pub(super) fn begun_at(&self) -> Mono {
        self.begun_at
    }

    /// True once a reader had to wait for another one.
    pub(super) fn is_known(&self) -> bool {
        self.own.is_some()
    }

    /// For the first time a reader has taken all that was made, and waits for one that is a window behind.
    ///
    /// Some of that may lie in buffers of the network, so that the reader looks faster than it is. To one that is close to half as fast this matters
    /// little, since the first one is several windows ahead in all before it waits.
    pub(super) fn first_waits(&mut self, made_bytes: u64, now: Mono) {
        self.own.get_or_insert(Speed { bytes: made_bytes, time: now.since(self.begun_at) });
    }

    /// When a reader that has taken so much would have taken it without the slow ones, counted from the beginning.
    pub(super) fn time_alone(&self, taken_bytes: u64) -> Option<Duration> {
        self.own.map(|own| own.time_for(taken_bytes))
    }

    /// True if a reader that has taken so much has been held up for longer than the rule allows.
    fn is_overdue(&self, taken_bytes: u64, now: Mono) -> bool {
        let due = |alone: Duration| alone.saturating_mul(2).saturating_add(GRACE);
        self.time_alone(taken_bytes).is_some_and(|alone| now.since(self.begun_at) > due(alone))
    }

    /// True if a reader that has taken `taken_bytes` is to be left behind by the first one, which has taken all `made_bytes` that are made.
    pub(super) fn leaves_behind(&self, taken_bytes: u64, made_bytes: u64, window_bytes: u64, now: Mono) -> bool {
        made_bytes.saturating_sub(taken_bytes) >= window_bytes && self.is_overdue(made_bytes, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;
    const WINDOW: u64 = 16 * MIB;

    /// A snapshot that readers of these speeds, in bytes per second, share: when the first one is left without the other, if it is, and when it is
    /// through, in milliseconds.
    fn play(fast: u64, slow: impl Fn(u64) -> u64, size: u64) -> (Option<u64>, u64) {
        let mut pace = Pace::new(Mono(0));
        let (mut taken, mut left_at_ms) = ([0u64; 2], None);
        for ms in 1.. {
            let now = Mono(ms * 1000);
            let made = |taken: [u64; 2]| if left_at_ms.is_some() { size } else { size.min(taken[1] + WINDOW) };
            taken[1] = size.min(taken[1] + slow(ms) / 1000).min(made(taken));
            let made = made(taken);
            taken[0] = (taken[0] + fast / 1000).min(made);
            if taken[0] == size {
                return (left_at_ms, ms);
            }
            if taken[0] == made {
                pace.first_waits(made, now);
            }
            let looks = ms % 1000 == 0;
            if looks && taken[0] == made && left_at_ms.is_none() && pace.leaves_behind(taken[1], made, WINDOW, now) {
                left_at_ms = Some(ms);
            }
        }
        unreachable!("it goes on")
    }

    #[test]
    fn a_good_reader_needs_no_more_than_twice_its_own_time_and_the_grace_beside_any_other() {
        for fast in [2 * MIB, 10 * MIB, 100 * MIB, 1000 * MIB] {
            for size in [MIB, 20 * MIB, 100 * MIB, 1000 * MIB] {
                let alone_ms = size * 1000 / fast;
                for slow in [0, 16_000, 100_000, 800_000, fast / 10, fast / 3, fast / 2, fast * 9 / 10, fast] {
                    let (_, took_ms) = play(fast, |_| slow, size);
                    // The grace, a second until the next look, and the steps of this test.
                    let bound_ms = 2 * alone_ms + 4000 + 10;
                    assert!(took_ms <= bound_ms, "{fast} beside {slow}, {size} bytes: {took_ms} ms, {alone_ms} alone");
                }
            }
        }
    }

    #[test]
    fn who_keeps_up_half_of_the_pace_stays_whether_steadily_or_by_fits_and_starts() {
        let fast = 50 * MIB;
        for slow in [fast * 55 / 100, fast * 8 / 10, fast] {
            assert_eq!(play(fast, |_| slow, 2000 * MIB).0, None, "{slow}");
        }
        let by_fits = |ms: u64| if ms % 4000 < 2500 { fast } else { 0 };
        assert_eq!(play(fast, by_fits, 2000 * MIB).0, None);
        let stops_once = |ms: u64| if (10_000..15_000).contains(&ms) { 0 } else { fast };
        assert_eq!(play(fast, stops_once, 2000 * MIB).0, None);
    }

    #[test]
    fn who_does_not_is_left_after_the_grace() {
        let fast = 50 * MIB;
        for slow in [0, 16_000, 800_000, 5 * MIB] {
            let (left_at_ms, _) = play(fast, |_| slow, 1000 * MIB);
            assert!(left_at_ms.is_some_and(|at| (3000..=5000).contains(&at)), "{slow}: {left_at_ms:?}");
        }
        let stops_for_good = |ms: u64| if ms < 10_000 { fast } else { 0 };
        let (left_at_ms, _) = play(fast, stops_for_good, 2000 * MIB);
        // Twice the time of what was taken by then, 10 s and a little.
        assert!(left_at_ms.is_some_and(|at| (23_000..=26_000).contains(&at)), "{left_at_ms:?}");
    }

    #[test]
    fn nobody_is_left_by_one_that_never_had_to_wait() {
        let pace = Pace::new(Mono(0));
        assert!(!pace.leaves_behind(0, 1000 * MIB, WINDOW, Mono(u64::MAX)));
    }

    #[test]
    fn no_number_is_too_large() {
        let mut pace = Pace::new(Mono(0));
        pace.first_waits(u64::MAX, Mono(u64::MAX));
        assert_eq!(pace.time_alone(u64::MAX), Some(Duration::from_micros(u64::MAX)));
        assert!(!pace.leaves_behind(0, u64::MAX, WINDOW, Mono(u64::MAX)));
    }
}
