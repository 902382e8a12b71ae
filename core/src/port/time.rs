//! The two clocks of a node, as types that cannot be mixed up.

use core::time::Duration;

/// Monotonic time in microseconds since an arbitrary origin. Timeouts are measured with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mono(pub u64);

/// Wall-clock time in microseconds since the Unix epoch. Expiry of keys is decided by it. It may jump.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Wall(pub u64);

/// The time at which an event is handled, on both clocks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// For timeouts.
    pub mono: Mono,
    /// For expiry and for what people read.
    pub wall: Wall,
}

impl Mono {
    /// This instant plus `delay`, saturating.
    #[must_use]
    pub fn after(self, delay: Duration) -> Mono {
        Mono(self.0.saturating_add(micros(delay)))
    }

    /// How long ago `earlier` was; zero if it lies ahead.
    #[must_use]
    pub fn since(self, earlier: Mono) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }
}

impl Wall {
    /// Milliseconds since the epoch, the unit of key expiry.
    #[must_use]
    pub fn millis(self) -> i64 {
        i64::try_from(self.0 / 1000).unwrap_or(i64::MAX)
    }

    /// Whole seconds since the epoch.
    #[must_use]
    pub fn seconds(self) -> i64 {
        i64::try_from(self.0 / 1_000_000).unwrap_or(i64::MAX)
    }
}

fn micros(delay: Duration) -> u64 {
    u64::try_from(delay.as_micros()).unwrap_or(u64::MAX)
}
