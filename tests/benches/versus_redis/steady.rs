//! What does a client notice, and how much is written, while a server under steady writes has something else to do?

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::server::Server;
use crate::waits::{INTERVAL, Waits, sleep_until, watch};

/// Before the work: what the machine itself, and an append-only file, do to a client.
const WARM_UP: Duration = Duration::from_secs(3);

/// Bytes of each value.
pub(crate) const VALUE_BYTES: u64 = 100;
/// Writes in a second, all of the same size, to keys at random.
pub(crate) const WRITES_PER_S: u64 = 20_000;

/// What was seen during a work.
pub(crate) struct Seen<T> {
    /// What the work itself tells.
    pub(crate) done: T,
    /// How long the watched client waited.
    pub(crate) waits: Waits,
    /// The same before.
    pub(crate) quiet_waits: Waits,
    /// Of the writes that were to be made.
    pub(crate) writes_share: f64,
}

/// Watches a client of a server that is written to while some work is done.
pub(crate) fn watch_during<T>(server: &Server, keys: u64, work: impl FnOnce() -> Result<T>) -> Result<Seen<T>> {
    let (is_busy, is_over) = (AtomicBool::new(false), AtomicBool::new(false));
    thread::scope(|scope| {
        let writing = scope.spawn(|| write(server, keys, &is_over));
        let watching = scope.spawn(|| watch(server, &is_busy, &is_over));
        thread::sleep(WARM_UP);
        is_busy.store(true, Ordering::Relaxed);
        let outcome = work();
        is_over.store(true, Ordering::Relaxed);
        let (wrote, watched) = (writing.join(), watching.join());
        let done = outcome?;
        let writes_share = wrote.ok().context("the writers")??;
        let (quiet_waits, waits) = watched.ok().context("the client")??;
        Ok(Seen { done, waits, quiet_waits, writes_share })
    })
}

/// Writes at a steady rate to keys as DEBUG POPULATE makes them, whatever the answers take: the share of what was to be written.
fn write(server: &Server, keys: u64, is_over: &AtomicBool) -> Result<f64> {
    const BATCH: u64 = WRITES_PER_S * INTERVAL.as_micros() as u64 / 1_000_000;
    let mut client = server.client()?;
    let value = "v".repeat(VALUE_BYTES as usize);
    let (begin, mut batches) = (Instant::now(), 0);
    // A walk that meets all keys, in an order that nobody can foresee by neighbourhood.
    let mut place = 0_u64;
    while !is_over.load(Ordering::Relaxed) {
        sleep_until(begin + INTERVAL * batches);
        let requests = (0..BATCH).map(|_| {
            place = (place + 7_368_787) % keys;
            format!("SET key:{place} {value}")
        });
        client.call_all(requests)?;
        batches += 1;
    }
    Ok(f64::from(batches) * INTERVAL.as_secs_f64() / begin.elapsed().as_secs_f64())
}
