//! How are the figures presented: Markdown for the README, JSON for programs?

mod persistence;

use std::fmt::Write;

use serde::Serialize;
use serde_json::{Value, json};

use crate::fan_out;
use crate::load::{self, Row, Sample};
use crate::load_and_sync;
use crate::memory;
use crate::pauses;
use crate::persistence_throughput;
use crate::recording;
use crate::save_and_load;
use crate::save_stalls;
use crate::steady;
use crate::sync::{self, Times};

/// All that was measured, and under which circumstances.
#[derive(Default, Serialize)]
pub(crate) struct Report {
    /// The version that we are compared with.
    pub(crate) redis: String,
    pub(crate) load_average: String,
    pub(crate) cores: String,
    pub(crate) rounds: u16,
    pub(crate) loads: Vec<Row>,
    pub(crate) syncs: Option<Times>,
    /// Keys that each master of `load_and_sync` has.
    pub(crate) load_and_sync_keys: u64,
    pub(crate) load_and_sync: Vec<load_and_sync::Row>,
    /// What each master of `fan_out` is told.
    pub(crate) fan_out_writes: String,
    pub(crate) fan_out: Vec<fan_out::Row>,
    /// Keys of each kind in `memory`.
    pub(crate) memory_keys: u64,
    pub(crate) memory: Vec<memory::Row>,
    /// Members or keys that each work in `pauses` is about.
    pub(crate) pauses_size: u64,
    pub(crate) pauses: Vec<pauses::Row>,
    /// Where the data of what follows lay.
    pub(crate) disk: String,
    pub(crate) persistence_throughput: Vec<persistence_throughput::Row>,
    /// Keys of each server of `save_and_load`.
    pub(crate) save_and_load_keys: u64,
    pub(crate) save_and_load: Vec<save_and_load::Row>,
    /// Keys of each server of `save_stalls`.
    pub(crate) save_stalls_keys: u64,
    pub(crate) save_stalls: Vec<save_stalls::Row>,
    pub(crate) recording: Vec<recording::Row>,
}

impl Report {
    pub(crate) fn to_json(&self) -> Value {
        json!({
            "clients": load::CLIENTS,
            "key_space": load::KEY_SPACE,
            "value_bytes": load::VALUE_BYTES,
            "measured": self,
        })
    }

    pub(crate) fn to_markdown(&self) -> String {
        let mut text = format!(
            "Afterimage {} beside redis-server {}: without persistence unless it is told of, on the loopback interface, driven by turns; \
             each figure the median of {} rounds. {}; load average at the start {}.\n",
            env!("CARGO_PKG_VERSION"),
            self.redis,
            self.rounds,
            capitalised(&self.cores),
            self.load_average,
        );
        if !self.loads.is_empty() {
            self.push_loads(&mut text);
        }
        if let Some(times) = &self.syncs {
            push_syncs(&mut text, times);
        }
        if !self.load_and_sync.is_empty() {
            self.push_load_and_sync(&mut text);
        }
        if !self.fan_out.is_empty() {
            self.push_fan_out(&mut text);
        }
        if !self.memory.is_empty() {
            self.push_memory(&mut text);
        }
        if !self.pauses.is_empty() {
            self.push_pauses(&mut text);
        }
        if !self.disk.is_empty() {
            self.push_persistence(&mut text);
        }
        text
    }

    fn push_loads(&self, text: &mut String) {
        *text += &format!(
            "\nredis-benchmark with {} clients, {} keys at random, values of {} bytes. Each cell: Afterimage / Redis / \
             ratio. Processor time is that of the server, user and kernel, all threads.\n\n\
             | load | requests per second | p50, ms | p99, ms | processor µs per command |\n\
             |---|---:|---:|---:|---:|\n",
            load::CLIENTS,
            load::KEY_SPACE,
            load::VALUE_BYTES,
        );
        for row in &self.loads {
            let cell = |digits: usize, of: fn(&Sample) -> f64| cell(of(&row.ours), of(&row.redis), digits);
            let cells = [
                cell(0, |sample| sample.requests_per_s),
                cell(2, |sample| sample.p50_ms),
                cell(2, |sample| sample.p99_ms),
                cell(2, |sample| sample.cpu_us),
            ];
            text.push_str(&format!("| {} | {} |\n", row.load, cells.join(" | ")));
        }
    }
}

impl Report {
    fn push_pauses(&self, text: &mut String) {
        *text += &format!(
            "\nThe longest wait for a reply to PING, in milliseconds, while another client asks for something about {} members or keys; \
             programs not pinned.\n\n| meanwhile | Afterimage / Redis / ratio |\n|---|---:|\n",
            self.pauses_size
        );
        for row in &self.pauses {
            let _ = writeln!(text, "| {} | {} |", row.work, cell(row.ours_ms, row.redis_ms, 1));
        }
    }

    fn push_load_and_sync(&self, text: &mut String) {
        *text += &format!(
            "\nA full synchronisation of {} keys with values of {} bytes while {} keys a second are overwritten, until the replica has applied all of \
             it. A client asks once a millisecond; its wait counts from when it was due to ask. Undisturbed \
             are the waits that the machine's host did not lengthen by taking a processor away. Memory: the master's at its peak beyond what it took \
             before, with what a forked child has copied. Programs not pinned.\n\n\
             | system | seconds | wait p99.9 / longest, ms | undisturbed | before the replica came | undisturbed | disturbed waits | master's extra MB | writes made |\n\
             |---|---:|---:|---:|---:|---:|---:|---:|---:|\n",
            self.load_and_sync_keys,
            steady::VALUE_BYTES,
            steady::WRITES_PER_S,
        );
        for row in &self.load_and_sync {
            let _ = writeln!(
                text,
                "| {} | {:.1} | {} | {:.1} % | {:.0} | {:.0} % |",
                row.system,
                row.sync_s,
                [row.waits, row.quiet_waits].map(|waits| waits.cells()).join(" | "),
                row.waits.disturbed_share * 100.0,
                row.extra_mb,
                row.writes_share * 100.0
            );
        }
    }

    fn push_fan_out(&self, text: &mut String) {
        *text += &format!(
            "\nMasters with many replicas, which read and do nothing else: {}. Seconds until the last replica has the last write. Memory beyond what the \
             master took before they came.\n\n| replicas | processor µs per write | seconds | extra MB |\n|---:|---:|---:|---:|\n",
            self.fan_out_writes
        );
        for fan_out::Row { replicas, ours, redis } in &self.fan_out {
            let cells = [
                cell(ours.cpu_us, redis.cpu_us, 2),
                cell(ours.seconds, redis.seconds, 2),
                cell(ours.extra_mb, redis.extra_mb, 1),
            ];
            let _ = writeln!(text, "| {replicas} | {} |", cells.join(" | "));
        }
    }

    fn push_memory(&self, text: &mut String) {
        *text += &format!(
            "\nResident memory of {} keys of each kind, in bytes per key.\n\n| kind | Afterimage / Redis / ratio |\n|---|---:|\n",
            self.memory_keys
        );
        for row in &self.memory {
            let _ = writeln!(text, "| {} | {} |", row.kind, cell(row.ours_bytes_per_key, row.redis_bytes_per_key, 0));
        }
    }
}

fn push_syncs(text: &mut String, times: &Times) {
    *text += &format!(
        "\nFull synchronisation of {} keys with values of {} bytes, from REPLICAOF until the link is up and all keys are \
         there; default configuration but for `repl-diskless-sync-delay 0`; programs not pinned.\n\n\
         | from | to | seconds | ratio to Redis alone |\n|---|---|---:|---:|\n",
        times.keys,
        sync::VALUE_BYTES,
    );
    for (from, to, time_s) in [
        ("Afterimage", "Afterimage", times.ours_to_ours_s),
        ("Redis", "Redis", times.redis_to_redis_s),
        ("Afterimage", "Redis", times.ours_to_redis_s),
        ("Redis", "Afterimage", times.redis_to_ours_s),
    ] {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "| {from} | {to} | {time_s:.2} | {:.2} |", time_s / times.redis_to_redis_s);
    }
}

fn cell(ours: f64, redis: f64, digits: usize) -> String {
    format!("{ours:.digits$} / {redis:.digits$} / **{:.2}**", ours / redis)
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
