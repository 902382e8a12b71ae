//! What is the most memory that was ever used?
//!
//! Ten times a second everything is summed up; that finds what lasts. What one command allocates and the next one frees is found by looking
//! at the database after each command: only when it has grown beyond what would be a new peak, everything is summed up again.

use alloc::vec::Vec;

use super::super::Node;

/// A peak between two samples is known to within this much, so that a data set that only grows is not summed up with every command, in bytes.
const PEAK_PRECISION: u64 = 64 << 10;

/// The most that was used, and from where on there is more.
#[derive(Clone, Debug, Default)]
pub(crate) struct Peak {
    /// In bytes.
    bytes: u64,
    /// What a database would have to take for a new peak, in bytes.
    limits: Vec<u64>,
}

impl Node {
    /// The most memory that was ever used, in bytes.
    pub(crate) fn peak_memory(&self) -> u64 {
        self.memory.peak.bytes
    }

    /// Takes note of the most that was used.
    pub(crate) fn note_peak_memory(&mut self) {
        let used = self.used_memory();
        self.memory.peak.bytes = self.memory.peak.bytes.max(used);
        let room = self.memory.peak.bytes - used + PEAK_PRECISION;
        self.memory.peak.limits.clear();
        let databases = 0..self.keyspace.database_count();
        let limits = databases.map(|database| self.keyspace.database_bytes(database) as u64 + room);
        self.memory.peak.limits.extend(limits);
    }

    /// A command may have made a database grow.
    #[inline]
    pub(crate) fn watch_peak(&mut self, database: u32) {
        let limit = self.memory.peak.limits.get(database as usize).copied().unwrap_or(0);
        if self.keyspace.database_bytes(database) as u64 > limit {
            self.note_peak_memory();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::bench::Bench;
    use alloc::format;

    #[test]
    fn what_is_gone_at_the_end_of_the_pipeline_was_a_peak() {
        let mut bench = Bench::new();
        let large = "x".repeat(1 << 20);
        let request = format!("*3\r\n$3\r\nSET\r\n$1\r\na\r\n${}\r\n{large}\r\nDEL a\r\n", large.len());
        bench.send(bench.client, request.as_bytes());
        assert_eq!(bench.take_received(bench.client), b"+OK\r\n:1\r\n");
        assert!(bench.node.used_memory() < 2 << 20);
        assert!(bench.node.peak_memory() > 1 << 20);
    }

    #[test]
    fn a_data_set_that_grows_and_shrinks_has_the_peak_of_its_largest_size() {
        let mut bench = Bench::new();
        let value = "x".repeat(1000);
        for round in 0..3 {
            for key in 0..1000 {
                bench.run(&format!("SET key:{key} {value}"));
            }
            let (used, peak) = (bench.node.used_memory(), bench.node.peak_memory());
            assert!(peak + super::PEAK_PRECISION >= used, "{round}: {peak} for {used}");
            assert!(peak < used + (1 << 20), "{round}: {peak} for {used}");
            bench.run("FLUSHALL");
        }
    }
}
