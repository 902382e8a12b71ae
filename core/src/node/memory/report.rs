//! How does memory divide, as INFO, MEMORY STATS and MEMORY DOCTOR tell it?
//!
//! The allocator is not asked how much of what it holds is free: as in a Redis whose allocator does not tell either, all that the process holds
//! counts as active and resident, and the difference to what is used as fragmentation.

use super::super::Node;
use super::Breakdown;

/// Everything in bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Report {
    pub(crate) parts: Breakdown,
    pub(crate) total: u64,
    pub(crate) peak: u64,
    /// Code of functions.
    pub(crate) functions: u64,
    /// What is not data: tables and code of functions among it.
    pub(crate) overhead: u64,
    pub(crate) dataset: u64,
    /// What the operating system holds for the process.
    pub(crate) resident: u64,
}

impl Report {
    /// The data's share of what was taken since the start, in percent.
    pub(crate) fn dataset_percent(&self) -> f64 {
        percent(self.dataset, self.total.saturating_sub(self.parts.base)).min(100.0)
    }

    /// How near everything is to its peak, in percent.
    pub(crate) fn peak_percent(&self) -> f64 {
        percent(self.total, self.peak)
    }

    /// What is held for each byte in use, and how much more it is. Unknown is as much as is used.
    pub(crate) fn fragmentation(&self) -> (f64, i64) {
        let ratio = if self.total == 0 { 0.0 } else { self.resident as f64 / self.total as f64 };
        (ratio, self.resident.cast_signed().wrapping_sub(self.total.cast_signed()))
    }
}

fn percent(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 * 100.0 / whole as f64 }
}

impl Node {
    /// Where memory is now; a peak is noted.
    pub(crate) fn memory_report(&mut self) -> Report {
        self.note_peak_memory();
        let parts = self.memory_breakdown();
        let databases = 0..self.keyspace.database_count();
        let tables: usize = databases
            .map(|database| self.keyspace.overhead_bytes(database))
            .map(|(main, expires)| main + expires)
            .sum();
        let functions = self.keyspace.libraries.memory_bytes() as u64;
        let total = parts.total();
        let overhead = total.saturating_sub(parts.data) + tables as u64 + functions;
        Report {
            parts,
            total,
            peak: self.peak_memory(),
            functions,
            overhead,
            dataset: total.saturating_sub(overhead),
            resident: (self.environment.resident_memory)(),
        }
    }
}
