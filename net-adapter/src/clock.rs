//! What time is it? The only place that reads the clocks of the operating system, or waits for them.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "the engine is handed its time, and this is where the adapter takes it from"
)]

use std::sync::LazyLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use afterimage_core::port::{Mono, Now, Wall};

/// Where monotonic time begins: the first look at the clock.
static ORIGIN: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Both clocks, now.
pub(crate) fn now() -> Now {
    Now { mono: Mono(micros(ORIGIN.elapsed())), wall: wall() }
}

/// The wall clock alone. A clock set before 1970 reads as 1970.
pub(crate) fn wall() -> Wall {
    Wall(SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, micros))
}

/// Nanoseconds since the start, for statistics.
pub(crate) fn stopwatch() -> u64 {
    u64::try_from(ORIGIN.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

/// The runtime's name for a moment of monotonic time. A moment beyond what the runtime can name never comes; ten
/// years stand for it.
pub(crate) fn instant(at: Mono) -> tokio::time::Instant {
    const FOR_EVER: Duration = Duration::from_secs(10 * 365 * 24 * 3600);
    let delay = Duration::from_micros(at.0).min(FOR_EVER);
    tokio::time::Instant::from_std(*ORIGIN + delay)
}

/// Stops the thread, and with it every node in the process.
pub(crate) fn stop_the_world(duration: Duration) {
    std::thread::sleep(duration);
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
