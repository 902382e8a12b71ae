//! How long does a client wait that asks once a millisecond, whether or not it was answered before?
//!
//! A virtual machine is stopped by its host now and then, for 10 ms and more, and whoever was waiting waits on: what the servers did is told by the
//! waits in which no processor was stolen, and which did not begin late because of one that was.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde::Serialize;

use crate::median;
use crate::server::Server;

/// Between two questions.
pub(crate) const INTERVAL: Duration = Duration::from_millis(1);

/// What was seen in a stretch of time, in milliseconds.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Waits {
    /// All but one in a thousand.
    pub(crate) p999_ms: f64,
    pub(crate) max_ms: f64,
    /// The same of the waits that the host did not lengthen.
    pub(crate) undisturbed_p999_ms: f64,
    pub(crate) undisturbed_max_ms: f64,
    /// Of all waits.
    pub(crate) disturbed_share: f64,
}

impl Waits {
    /// Of each figure by itself.
    pub(crate) fn median(rounds: impl Iterator<Item = Waits> + Clone) -> Waits {
        let of = |field: fn(Waits) -> f64| median(rounds.clone().map(field));
        Waits {
            p999_ms: of(|waits| waits.p999_ms),
            max_ms: of(|waits| waits.max_ms),
            undisturbed_p999_ms: of(|waits| waits.undisturbed_p999_ms),
            undisturbed_max_ms: of(|waits| waits.undisturbed_max_ms),
            disturbed_share: of(|waits| waits.disturbed_share),
        }
    }

    /// Two cells of a table: all waits, and those that the host did not lengthen.
    pub(crate) fn cells(self) -> String {
        let Waits { p999_ms, max_ms, undisturbed_p999_ms, undisturbed_max_ms, .. } = self;
        format!("{p999_ms:.1} / {max_ms:.1} | {undisturbed_p999_ms:.1} / {undisturbed_max_ms:.1}")
    }
}

struct Wait {
    ms: f64,
    is_disturbed: bool,
}

/// Writes a key of its own once in an interval until it is over: how long it waited before `is_busy` and since. Who is kept waiting asks late: that
/// counts from when he wanted to.
pub(crate) fn watch(server: &Server, is_busy: &AtomicBool, is_over: &AtomicBool) -> Result<(Waits, Waits)> {
    let mut client = server.client()?;
    let (mut quiet, mut busy) = (Vec::new(), Vec::new());
    let (begin, mut asked) = (Instant::now(), 0);
    let mut stolen = stolen_ticks();
    let mut was_disturbed = false;
    while !is_over.load(Ordering::Relaxed) {
        let due = begin + INTERVAL * asked;
        // Whoever is in time again has nothing left of what went before.
        was_disturbed &= due < Instant::now();
        sleep_until(due);
        client.call("SET watched value")?;
        let ms = due.elapsed().as_secs_f64() * 1e3;
        let before = std::mem::replace(&mut stolen, stolen_ticks());
        was_disturbed |= stolen > before;
        let wait = Wait { ms, is_disturbed: was_disturbed };
        if is_busy.load(Ordering::Relaxed) { &mut busy } else { &mut quiet }.push(wait);
        asked += 1;
    }
    ensure!(!quiet.is_empty() && !busy.is_empty(), "nothing was watched");
    Ok((summary(&quiet), summary(&busy)))
}

fn summary(waits: &[Wait]) -> Waits {
    let all: Vec<f64> = waits.iter().map(|wait| wait.ms).collect();
    let undisturbed: Vec<f64> = waits.iter().filter(|wait| !wait.is_disturbed).map(|wait| wait.ms).collect();
    Waits {
        p999_ms: quantile(&all, 0.999),
        max_ms: quantile(&all, 1.0),
        undisturbed_p999_ms: quantile(&undisturbed, 0.999),
        undisturbed_max_ms: quantile(&undisturbed, 1.0),
        disturbed_share: 1.0 - undisturbed.len() as f64 / all.len() as f64,
    }
}

/// What the host took of all processors, in hundredths of a second; zero where nobody counts it.
fn stolen_ticks() -> u64 {
    const FIELD: usize = 8;
    let text = fs::read_to_string("/proc/stat").unwrap_or_default();
    text.lines().next().and_then(|line| line.split_whitespace().nth(FIELD)?.parse().ok()).unwrap_or(0)
}

pub(crate) fn sleep_until(due: Instant) {
    if let Some(left) = due.checked_duration_since(Instant::now()) {
        thread::sleep(left);
    }
}

fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let index = ((sorted.len() as f64 * share).ceil() as usize).clamp(1, sorted.len().max(1)) - 1;
    sorted.get(index).copied().unwrap_or(0.0)
}
