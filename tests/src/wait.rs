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

/// Polls until `condition` holds.
///
/// # Panics
/// With what `explain` says if it does not hold within [`PATIENCE`].
#[track_caller]
pub fn wait_until_or_explain(mut condition: impl FnMut() -> bool, explain: impl FnOnce() -> String) {
    poll(|| condition().then_some(()), explain);
}

/// Polls until `attempt` has a result.
///
/// # Panics
/// With `what` if it has none within [`PATIENCE`].
#[track_caller]
pub fn wait_for<T>(what: &str, attempt: impl FnMut() -> Option<T>) -> T {
    poll(attempt, || format!("still waiting after {PATIENCE:?}: {what}"))
}

#[track_caller]
fn poll<T>(mut attempt: impl FnMut() -> Option<T>, explain: impl FnOnce() -> String) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(result) = attempt() {
            return result;
        }
        if Instant::now() >= deadline {
            panic!("{}", explain());
        }
        thread::sleep(PAUSE);
    }
}
