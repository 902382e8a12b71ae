//! How long does everybody wait while one client asks for something big?

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use indicatif::ProgressBar;
use serde::Serialize;

use crate::client::Client;
use crate::cores::{Cores, Job};
use crate::median;
use crate::server::{Programs, Server, System};

/// Between two questions of the client that measures how long it waits.
const PROBE_INTERVAL: Duration = Duration::from_micros(500);
/// What is freed in the background goes on being freed after the reply.
const AFTERMATH: Duration = Duration::from_millis(300);
/// Members per request, and requests per write.
const BATCH: u64 = 500;

/// What one client does meanwhile.
#[derive(Clone, Copy)]
enum Work {
    /// Deletes a collection; how it is filled: the words before the members, and a member.
    Delete(&'static str, &'static str),
    /// Adds keys.
    Insert,
    /// Walks through all keys.
    Scan,
    /// Empties the keyspace.
    Flush,
}

const WORKS: &[(&str, Work)] = &[
    ("DEL of a set", Work::Delete("SADD big", "member:#")),
    ("DEL of a hash", Work::Delete("HSET big", "field:# value:#")),
    ("DEL of a sorted set", Work::Delete("ZADD big", "# member:#")),
    ("DEL of a list", Work::Delete("RPUSH big", "element:#")),
    ("as many new keys", Work::Insert),
    ("SCAN COUNT 1000 of them all", Work::Scan),
    ("FLUSHALL ASYNC of them all", Work::Flush),
];

/// How long the longest wait was, in the median of the rounds.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) work: &'static str,
    pub(crate) ours_ms: f64,
    pub(crate) redis_ms: f64,
}

/// How many works are done in all.
pub(crate) fn steps(rounds: u16) -> u64 {
    (WORKS.len() * System::BOTH.len()) as u64 * u64::from(rounds)
}

/// How many members or keys each work is about.
pub(crate) fn size(is_quick: bool) -> u64 {
    if is_quick { 200_000 } else { 1_000_000 }
}

/// Does each work beside a client that does nothing but PING.
pub(crate) fn measure(programs: &Programs, rounds: u16, is_quick: bool, progress: &ProgressBar) -> Result<Vec<Row>> {
    let mut waits_ms = vec![[Vec::new(), Vec::new()]; WORKS.len()];
    for _ in 0..rounds {
        for (side, system) in System::BOTH.into_iter().enumerate() {
            let server = Server::start(programs, system, &Cores::unpinned(), Job::Server)?;
            for ((name, work), waits_ms) in WORKS.iter().zip(&mut waits_ms) {
                progress.set_message(format!("pauses of {}: {name}", system.name()));
                waits_ms[side].push(longest_wait(&server, *work, size(is_quick))?.as_secs_f64() * 1e3);
                progress.inc(1);
            }
        }
    }
    let row = |((work, _), [ours, redis]): (&(&'static str, Work), [Vec<f64>; 2])| Row {
        work,
        ours_ms: median(ours.into_iter()),
        redis_ms: median(redis.into_iter()),
    };
    Ok(WORKS.iter().zip(waits_ms).map(row).collect())
}

fn longest_wait(server: &Server, work: Work, size: u64) -> Result<Duration> {
    let mut client = server.client()?;
    if let Work::Delete(words, member) = work {
        fill(&mut client, size, |numbers| {
            let members = numbers.map(|number| member.replace('#', &number.to_string()));
            vec![format!("{words} {}", members.collect::<Vec<_>>().join(" "))]
        })?;
    }
    let is_done = AtomicBool::new(false);
    let mut probe = server.client()?;
    thread::scope(|scope| {
        let probing = scope.spawn(|| {
            let mut longest = Duration::ZERO;
            while !is_done.load(Ordering::Relaxed) {
                let asked = Instant::now();
                probe.call("PING")?;
                longest = longest.max(asked.elapsed());
                thread::sleep(PROBE_INTERVAL);
            }
            anyhow::Ok(longest)
        });
        let outcome = perform(&mut client, work, size);
        thread::sleep(AFTERMATH);
        is_done.store(true, Ordering::Relaxed);
        outcome?;
        probing.join().ok().context("the probe")?
    })
}

fn perform(client: &mut Client, work: Work, size: u64) -> Result<()> {
    match work {
        Work::Delete(..) => client.call("DEL big").map(drop),
        Work::Insert => fill(client, size, |numbers| numbers.map(|number| format!("SET key:{number} value")).collect()),
        Work::Scan => {
            let mut cursor = "0".to_owned();
            loop {
                cursor = client.call_for_first(&format!("SCAN {cursor} COUNT 1000"))?;
                if cursor == "0" {
                    return Ok(());
                }
            }
        }
        Work::Flush => client.call("FLUSHALL ASYNC").map(drop),
    }
}

/// Sends what `requests` makes of the numbers below `size`, in batches.
fn fill(client: &mut Client, size: u64, requests: impl Fn(std::ops::Range<u64>) -> Vec<String>) -> Result<()> {
    (0..size)
        .step_by(BATCH as usize)
        .try_for_each(|first| client.call_all(requests(first..(first + BATCH).min(size)).into_iter()))
}
