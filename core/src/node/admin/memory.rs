//! MEMORY: what takes how much.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::command::reply_error as reply;
use crate::command::{Outcome, find};
use crate::port::{ConnId, Now};
use crate::resp::{Args, Reply};

use super::super::Node;

/// Below this much data there is nothing to diagnose, in bytes.
const DIAGNOSED_BYTES_MIN: u64 = 5 << 20;

/// A number of MEMORY STATS.
enum Figure {
    Count(u64),
    Share(f64),
    /// What the tables of a database take, in bytes.
    Tables {
        main: usize,
        expires: usize,
    },
}

fn reply_figures(reply: &mut Reply<'_>, figures: &[(String, Figure)]) {
    reply.map(figures.len());
    for (name, figure) in figures {
        reply.bulk(name.as_bytes());
        match figure {
            Figure::Count(count) => reply.int(i64::try_from(*count).unwrap_or(i64::MAX)),
            Figure::Share(share) => reply.double(*share),
            Figure::Tables { main, expires } => {
                reply.map(2);
                reply.bulk(b"overhead.hashtable.main");
                reply.count(*main);
                reply.bulk(b"overhead.hashtable.expires");
                reply.count(*expires);
            }
        }
    }
}

impl Node {
    pub(super) fn memory_command(&mut self, conn: ConnId, args: Args<'_>, now: Now) -> Outcome {
        match args[1].to_ascii_lowercase().as_slice() {
            b"doctor" => self.memory_doctor(conn, now),
            b"stats" => self.memory_stats(conn),
            // The allocator gives memory back by itself, and tells nothing.
            b"purge" => {
                if let Some(connection) = self.connection(conn) {
                    connection.reply().ok();
                }
                Ok(())
            }
            b"malloc-stats" => {
                if let Some(connection) = self.connection(conn) {
                    connection.reply().bulk(b"Stats not supported for the current allocator");
                }
                Ok(())
            }
            _ => find(b"memory").map_or(Err(reply::SYNTAX), |container| self.help(conn, container)),
        }
    }

    fn memory_stats(&mut self, conn: ConnId) -> Outcome {
        use Figure::{Count, Share};
        self.note_peak_memory();
        let parts = self.memory_breakdown();
        let (total, peak) = (parts.total(), self.memory.peak_bytes);
        let used: Vec<u32> =
            (0..self.keyspace.database_count()).filter(|&database| self.keyspace.len(database) > 0).collect();
        let tables: usize =
            used.iter().map(|&database| self.keyspace.overhead_bytes(database)).map(|(a, b)| a + b).sum();
        let keys = self.keyspace.total_len() as u64;
        let overhead = total - parts.data + tables as u64;
        let dataset = total.saturating_sub(overhead);
        let resident = (self.environment.resident_memory)();
        let share = |part: u64, whole: u64| if whole == 0 { 0.0 } else { part as f64 * 100.0 / whole as f64 };
        let ratio = |part: u64, whole: u64| if whole == 0 { 0.0 } else { part as f64 / whole as f64 };
        let head = [
            ("peak.allocated", Count(peak)),
            ("total.allocated", Count(total)),
            ("startup.allocated", Count(parts.base)),
            ("replication.backlog", Count(parts.log)),
            ("clients.slaves", Count(parts.replicas + parts.transfers)),
            ("clients.normal", Count(parts.clients)),
            ("cluster.links", Count(0)),
            ("aof.buffer", Count(0)),
            ("lua.caches", Count(0)),
            ("functions.caches", Count(self.keyspace.libraries.memory_bytes() as u64)),
        ];
        let tail = [
            ("overhead.total", Count(overhead)),
            ("keys.count", Count(keys)),
            ("keys.bytes-per-key", Count(total.saturating_sub(parts.base).checked_div(keys).unwrap_or(0))),
            ("dataset.bytes", Count(dataset)),
            ("dataset.percentage", Share(share(dataset, total.saturating_sub(parts.base)).min(100.0))),
            ("peak.percentage", Share(share(total, peak))),
            ("allocator.allocated", Count(total)),
            ("allocator.resident", Count(resident)),
            ("fragmentation", Share(ratio(resident, total))),
            ("fragmentation.bytes", Count(resident.saturating_sub(total))),
        ];
        let databases: Vec<(String, Figure)> = used
            .into_iter()
            .map(|database| {
                let (main, expires) = self.keyspace.overhead_bytes(database);
                (format!("db.{database}"), Figure::Tables { main, expires })
            })
            .collect();
        let head = head.into_iter().map(|(name, figure)| (name.into(), figure));
        let tail = tail.into_iter().map(|(name, figure)| (name.into(), figure));
        let figures: Vec<(String, Figure)> = head.chain(databases).chain(tail).collect();
        if let Some(connection) = self.connection(conn) {
            reply_figures(&mut connection.reply(), &figures);
        }
        Ok(())
    }

    /// What stands out, in words.
    fn memory_doctor(&mut self, conn: ConnId, now: Now) -> Outcome {
        self.note_peak_memory();
        let parts = self.memory_breakdown();
        let (total, peak) = (parts.total(), self.memory.peak_bytes);
        let clients = self.connections.len().max(1) as u64;
        let resident = (self.environment.resident_memory)();
        let mut findings: Vec<String> = Vec::new();
        if parts.data < DIAGNOSED_BYTES_MIN {
            findings.push("There is too little data here to tell anything.".into());
        } else {
            if peak > total / 2 * 3 {
                findings.push(format!(
                    "Peak: once {peak} bytes were used, now {total}. What was freed may still be held by the allocator."
                ));
            }
            if resident > total / 5 * 7 && resident - total > 10 << 20 {
                findings.push(format!(
                    "Fragmentation: the process holds {resident} bytes for {total} in use; a restart, or a full synchronisation to \
                     a fresh replica and a failover, gives them back."
                ));
            }
            if parts.clients / clients > 200 << 10 {
                findings.push(format!(
                    "Clients: {} bytes for {clients} connections. Look for large 'omem' and 'qbuf' in CLIENT LIST; \
                     client-output-buffer-limit and maxmemory-clients set bounds.",
                    parts.clients
                ));
            }
            if self.replicas.iter().any(|_| parts.replicas / self.replicas.len() as u64 > 10 << 20) {
                findings.push("Replicas: they take more than 10 MB each; see their lag in INFO replication.".into());
            }
            if self.config.maxmemory > 0 && self.memory_for_eviction(now) > self.config.maxmemory {
                findings.push("Limit: more than 'maxmemory' is used; see evicted_keys and maxmemory-policy.".into());
            }
            if findings.is_empty() {
                findings.push("Nothing stands out.".into());
            }
        }
        if let Some(connection) = self.connection(conn) {
            connection.reply().verbatim(findings.join("\n").as_bytes());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::bench::Bench;
    use crate::config::{Config, MaxmemoryPolicy};
    use alloc::format;

    fn with_policy(policy: MaxmemoryPolicy) -> Bench {
        Bench::with(Config { maxmemory: 2 << 20, maxmemory_policy: policy, ..Config::default() })
    }

    fn fill(bench: &mut Bench, keys: u32, options: &str) -> usize {
        let value = "v".repeat(1000);
        (0..keys).filter(|key| bench.run(&format!("SET key:{key} {value}{options}")) == "+OK ").count()
    }

    #[test]
    fn memory_is_counted_as_it_comes_and_goes() {
        let mut bench = Bench::new();
        let before = bench.node.used_memory();
        fill(&mut bench, 1000, "");
        let filled = bench.node.used_memory() - before;
        assert!((1_000_000..1_300_000).contains(&filled), "{filled}");
        assert_eq!(bench.run("MEMORY USAGE key:1"), ":1088 ");
        assert_eq!(bench.run("MEMORY USAGE nokey"), "$-1 ");
        assert_eq!(bench.run("MEMORY USAGE key:1 SAMPLES -1"), "-ERR syntax error ");
        bench.run("APPEND key:1 x");
        bench.run("HSET h f v");
        bench.run("DEL h");
        bench.run("FLUSHALL");
        let left = bench.node.used_memory() - before;
        assert!(left < 2000, "{left}");
        let stats = bench.run("MEMORY STATS");
        assert!(stats.starts_with("*40 $14 peak.allocated :"), "{stats}");
        assert!(bench.run("MEMORY DOCTOR").contains("too little data"));
    }

    #[test]
    fn without_eviction_commands_that_need_memory_fail_when_there_is_none() {
        let mut bench = with_policy(MaxmemoryPolicy::Noeviction);
        let kept = fill(&mut bench, 3000, "");
        assert!((1200..1600).contains(&kept), "{kept}");
        assert_eq!(bench.run("SET k v"), "-OOM command not allowed when used memory > 'maxmemory'. ");
        assert_eq!(bench.run("EXISTS key:0"), ":1 ");
        bench.run("MULTI");
        assert_eq!(bench.run("SET k v"), "-OOM command not allowed when used memory > 'maxmemory'. ");
        assert_eq!(bench.run("EXEC"), "-EXECABORT Transaction discarded because of previous errors. ");
        assert_eq!(bench.run("DEL key:0 key:1"), ":2 ");
        assert_eq!(bench.run("SET k v"), "+OK ");
    }

    #[test]
    fn keys_give_way_by_policy() {
        use MaxmemoryPolicy::{
            AllkeysLfu, AllkeysLru, AllkeysRandom, VolatileLfu, VolatileLru, VolatileRandom, VolatileTtl,
        };
        for policy in [AllkeysLfu, AllkeysLru, AllkeysRandom] {
            let mut bench = with_policy(policy);
            assert_eq!(fill(&mut bench, 3000, ""), 3000, "{policy:?}");
            // A command makes room before it takes some.
            assert!(bench.node.used_memory() <= (2 << 20) + 4096, "{policy:?}");
            assert!(bench.node.memory.evicted_keys > 1000, "{policy:?}");
        }
        for policy in [VolatileLfu, VolatileLru, VolatileRandom, VolatileTtl] {
            let mut bench = with_policy(policy);
            let lasting = fill(&mut bench, 500, "");
            assert_eq!(lasting, 500);
            bench.run("FLUSHDB");
            for key in 0..500 {
                bench.run(&format!("SET lasting:{key} {}", "v".repeat(1000)));
            }
            assert_eq!(fill(&mut bench, 3000, " EX 1000"), 3000, "{policy:?}");
            assert_eq!(bench.run("EXISTS lasting:0 lasting:499"), ":2 ", "{policy:?}");
        }
    }

    #[test]
    fn the_least_recently_used_go_first() {
        let mut bench = with_policy(MaxmemoryPolicy::AllkeysLru);
        fill(&mut bench, 1000, "");
        for second in 0..10 {
            bench.now.wall.0 += 1_000_000;
            for key in 0..100 {
                bench.run(&format!("GET key:{}", second * 10 + key % 10));
            }
        }
        let value = "v".repeat(1000);
        for key in 0..600 {
            bench.run(&format!("SET new:{key} {value}"));
        }
        let used = (0..100).filter(|key| bench.run(&format!("EXISTS key:{key}")) == ":1 ").count();
        assert!(used > 90, "{used} of 100 that were read are there");
    }
}
