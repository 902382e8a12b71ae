//! How does a test wait for another process?

use std::thread;
use std::time::{Duration, Instant};

/// How long a condition that must come may take. Only a failure waits this long.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Between two looks: short against what is waited for, long against a look.
const PAUSE: Duration = Duration::from_millis(10);

/// Polls until `condition` holds.
///
/// # Panics
/// With `what` if it does not hold within [`PATIENCE`].
#[track_caller]
pub fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    wait_for(what, || condition().then_some(()));
}

/// Polls until `attempt` has a result.
///
/// # Panics
/// With `what` if it has none within [`PATIENCE`].
#[track_caller]
pub fn wait_for<T>(what: &str, mut attempt: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(result) = attempt() {
            return result;
        }
        assert!(Instant::now() < deadline, "still waiting after {PATIENCE:?}: {what}");
        thread::sleep(PAUSE);
    }
}
