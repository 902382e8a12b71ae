//! The loads, as our own simulator has them: frames of 64 bytes, 5 ms each way.

use std::time::Duration;

pub const FRAME_BYTES: usize = 64;
pub const LATENCY: Duration = Duration::from_millis(5);
pub const CLIENTS: u16 = 4;
/// Frames that the writer of a stream has under way, unacknowledged.
pub const WINDOW: u64 = 128;
/// Readers of a stream acknowledge each so-many-th frame.
pub const ACK_EVERY: u64 = 16;

/// Runs a load three times and prints its frames per CPU second, the median.
pub fn measure(simulator: &str, load: &str, run: impl Fn() -> u64) {
    let mut rates: Vec<u64> = (0..3)
        .map(|_| {
            let begun = cpu_time::ProcessTime::now();
            let frames = run();
            (frames as f64 / begun.elapsed().as_secs_f64()) as u64
        })
        .collect();
    rates.sort_unstable();
    println!("{simulator} {load} {}", rates[1]);
}
