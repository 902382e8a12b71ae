//! How much memory do a million small keys of each type take?

use anyhow::{Result, ensure};
use indicatif::ProgressBar;
use serde::Serialize;

use crate::cores::{Cores, Job};
use crate::server::{Programs, Server, System};

/// A kind of key: its name, and the request that makes key number `n`, of which `#` stands for the number.
const KINDS: &[(&str, &str)] = &[
    ("string, an integer", "SET key:# 9#"),
    ("string of 10 bytes", "SET key:# value:#"),
    ("string of 40 bytes", "SET key:# the-value-of-this-key-is-no-integer:#"),
    (
        "string of 100 bytes",
        "SET key:# after-image-after-image-after-image-after-image-after-image-after-image-after-image-after-image-#",
    ),
    ("string with an expiry", "SET key:# value:# EX 100000"),
    ("bitmap of 10 bytes", "SETBIT key:# 77 1"),
    ("HyperLogLog of 3", "PFADD key:# alpha beta #"),
    ("list of 3", "RPUSH key:# alpha beta #"),
    ("set of 3 integers", "SADD key:# 1 2 9#"),
    ("set of 3 strings", "SADD key:# alpha beta m:#"),
    ("hash of 3 fields", "HSET key:# name alpha age 33 id #"),
    (
        "hash of 3 fields, one of 100 bytes",
        "HSET key:# name alpha age 33 text after-image-after-image-after-image-after-image-after-image-after-image-after-image-after-imag",
    ),
    ("sorted set of 3", "ZADD key:# 1 alpha 2 beta 3 m:#"),
    ("stream of 1 entry", "XADD key:# 1-1 field value:#"),
];

/// Requests per write: the replies to them fit into any buffer.
const BATCH: u64 = 1_000;

/// One kind of key, and what a million of them take.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) kind: &'static str,
    pub(crate) ours_bytes_per_key: f64,
    pub(crate) redis_bytes_per_key: f64,
}

/// How many servers [`measure`] fills.
pub(crate) fn steps() -> u64 {
    (KINDS.len() * System::BOTH.len()) as u64
}

/// How many keys there are of each kind.
pub(crate) fn keys(is_quick: bool) -> u64 {
    if is_quick { 100_000 } else { 1_000_000 }
}

/// Fills servers with one kind after the other and asks how much larger that has made their processes.
pub(crate) fn measure(programs: &Programs, is_quick: bool, progress: &ProgressBar) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for (kind, template) in KINDS {
        let mut bytes_per_key = [0.0; 2];
        for (system, bytes_per_key) in System::BOTH.into_iter().zip(&mut bytes_per_key) {
            progress.set_message(format!("memory of {}: {kind}", system.name()));
            *bytes_per_key = fill(programs, system, template, keys(is_quick))?;
            progress.inc(1);
        }
        let [ours_bytes_per_key, redis_bytes_per_key] = bytes_per_key;
        rows.push(Row { kind, ours_bytes_per_key, redis_bytes_per_key });
    }
    Ok(rows)
}

/// Bytes per key by which a server has grown with `keys` of them.
fn fill(programs: &Programs, system: System, template: &str, keys: u64) -> Result<f64> {
    let server = Server::start(programs, system, &Cores::unpinned(), Job::Server)?;
    let mut client = server.client()?;
    client.call("PING")?;
    let before = server.resident_bytes()?;
    for first in (0..keys).step_by(BATCH as usize) {
        let lines = (first..(first + BATCH).min(keys)).map(|number| template.replace('#', &format!("{number:07}")));
        client.call_all(lines)?;
    }
    let found = client.key_count()?;
    ensure!(found == keys, "{} has {found} keys instead of {keys}", system.name());
    Ok((server.resident_bytes()? - before) as f64 / keys as f64)
}
