//! What is written while something else goes on?

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use anyhow::Result;

use crate::server::Server;
use crate::waits::{INTERVAL, sleep_until};

/// Bytes of each value.
pub(crate) const VALUE_BYTES: u64 = 100;
/// Writes in a second, all of the same size, to keys at random.
pub(crate) const WRITES_PER_S: u64 = 20_000;

/// Writes at a steady rate to keys as DEBUG POPULATE makes them, whatever the answers take: the share of what was to be written.
pub(crate) fn write(server: &Server, keys: u64, is_over: &AtomicBool) -> Result<f64> {
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
