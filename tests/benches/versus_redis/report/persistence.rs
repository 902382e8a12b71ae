//! How is that presented which was measured on a disk?

use std::fmt::Write;

use super::Report;
use crate::load::{self, Sample};
use crate::persistence_throughput::Row;
use crate::save_and_load::{self, Stored};
use crate::steady;

/// What the others are compared with.
const BASELINE: &str = "Redis";

impl Report {
    pub(super) fn push_persistence(&self, text: &mut String) {
        let _ =
            writeln!(text, "\nData on {}. Append-only files are written anew only where that is measured.", self.disk);
        if !self.persistence_throughput.is_empty() {
            self.push_throughput(text);
        }
        if !self.save_and_load.is_empty() {
            self.push_save_and_load(text);
        }
        if !self.save_stalls.is_empty() {
            self.push_save_stalls(text);
        }
        if !self.recording.is_empty() {
            self.push_recording(text);
        }
    }

    fn push_throughput(&self, text: &mut String) {
        *text += &format!(
            "\nSET with `appendonly yes`, redis-benchmark with {} clients, {} keys at random, values of {} bytes; one server after the other. Bold is the \
             ratio to {BASELINE}. Processor time is that of the server, user and kernel, all threads.\n\n\
             | appendfsync | system | requests per second | p50, ms | p99, ms | processor µs per request |\n\
             |---|---|---:|---:|---:|---:|\n",
            load::CLIENTS,
            load::KEY_SPACE,
            load::VALUE_BYTES,
        );
        for row in &self.persistence_throughput {
            let is_baseline = |other: &&Row| other.system == BASELINE && other.load == row.load;
            let baseline = self.persistence_throughput.iter().find(is_baseline);
            let cell = |digits: usize, of: fn(&Sample) -> f64| {
                with_ratio(of(&row.sample), baseline.map(|row| of(&row.sample)), digits)
            };
            let cells = [
                cell(0, |sample| sample.requests_per_s),
                cell(2, |sample| sample.p50_ms),
                cell(2, |sample| sample.p99_ms),
                cell(2, |sample| sample.cpu_us),
            ];
            let _ = writeln!(text, "| {} | {} | {} |", row.load, row.system, cells.join(" | "));
        }
    }

    fn push_recording(&self, text: &mut String) {
        *text += &format!(
            "\nOur server with `--record FILE` and without, by turns, redis-benchmark with {} clients, {} keys at random, values of {} bytes, no append-only \
             file. Each cell: recorded / not recorded / ratio. Processor time is that of the server, all threads.\n\n\
             | load | programs | requests per second | p50, ms | p99, ms | processor µs per command |\n|---|---|---:|---:|---:|---:|\n",
            load::CLIENTS,
            load::KEY_SPACE,
            load::VALUE_BYTES,
        );
        for row in &self.recording {
            let cell = |digits: usize, of: fn(&Sample) -> f64| super::cell(of(&row.recorded), of(&row.plain), digits);
            let cells = [
                cell(0, |sample| sample.requests_per_s),
                cell(2, |sample| sample.p50_ms),
                cell(2, |sample| sample.p99_ms),
                cell(2, |sample| sample.cpu_us),
            ];
            let programs = if row.is_pinned { "one processor each" } else { "not pinned" };
            let _ = writeln!(text, "| {} | {programs} | {} |", row.load, cells.join(" | "));
        }
    }

    fn push_save_and_load(&self, text: &mut String) {
        *text += &format!(
            "\n{} keys: 8 in 10 are strings of 100 bytes, the rest hashes of 3 fields and lists of 3. Seconds from the command until INFO tells that it is \
             done, and from the start of a process until it answers with all keys, out of the system's cache. Memory: at its peak beyond what was taken \
             before, with what a forked child has copied. Bold is the ratio to {BASELINE}; programs not pinned.\n\n\
             | stored as | system | written in seconds | extra MB | file, MB | restart, seconds |\n\
             |---|---|---:|---:|---:|---:|\n",
            self.save_and_load_keys,
        );
        let baseline = self.save_and_load.iter().find(|row| row.system == BASELINE);
        /// Finds what one system stored in one way.
        type Find = fn(&save_and_load::Row) -> Stored;
        let kinds: [(&str, Find); 3] = [
            ("snapshot (BGSAVE)", |row| row.snapshot),
            ("append-only file, one command for each key", |row| row.log),
            ("append-only file after BGREWRITEAOF", |row| row.rewritten),
        ];
        for (kind, stored) in kinds {
            let baseline = baseline.map(stored);
            for row in &self.save_and_load {
                let seen = stored(row);
                let cell =
                    |digits: usize, of: fn(&Stored) -> f64| with_ratio(of(&seen), baseline.as_ref().map(of), digits);
                let cells = [
                    cell(2, |stored| stored.write_s),
                    cell(0, |stored| stored.extra_mb),
                    cell(1, |stored| stored.file_mb),
                    cell(2, |stored| stored.restart_s),
                ];
                let _ = writeln!(text, "| {kind} | {} | {} |", row.system, cells.join(" | "));
            }
        }
    }

    fn push_save_stalls(&self, text: &mut String) {
        *text += &format!(
            "\nStoring {} keys with values of {} bytes while {} keys a second are overwritten, with `appendonly yes` and `appendfsync everysec`. A client \
             asks once a millisecond; its wait counts from when it was due to ask. Undisturbed are the waits that the machine's host did not lengthen by \
             taking a processor away. Memory as above; programs not pinned.\n\n\
             | work | system | seconds | wait p99.9 / longest, ms | undisturbed | before the work | undisturbed | disturbed waits | extra MB | writes made |\n\
             |---|---|---:|---:|---:|---:|---:|---:|---:|---:|\n",
            self.save_stalls_keys,
            steady::VALUE_BYTES,
            steady::WRITES_PER_S,
        );
        for row in &self.save_stalls {
            let _ = writeln!(
                text,
                "| {} | {} | {:.1} | {} | {:.1} % | {:.0} | {:.0} % |",
                row.work,
                row.system,
                row.seconds,
                [row.waits, row.quiet_waits].map(|waits| waits.cells()).join(" | "),
                row.waits.disturbed_share * 100.0,
                row.extra_mb,
                row.writes_share * 100.0
            );
        }
    }
}

/// A figure, and what it is beside that of the baseline, where there is one and it is not zero. What took nothing was not done.
fn with_ratio(figure: f64, baseline: Option<f64>, digits: usize) -> String {
    match baseline.filter(|baseline| *baseline > 0.0) {
        Some(baseline) => format!("{figure:.digits$} **{:.2}**", figure / baseline),
        None if figure == 0.0 => "–".to_owned(),
        None => format!("{figure:.digits$}"),
    }
}
