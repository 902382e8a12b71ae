//! MEMORY: what takes how much.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::command::reply_error as reply;
use crate::command::{Outcome, find};
use crate::port::{Action, ConnId, Effects};
use crate::resp::{Args, Reply};

use super::super::Node;
use super::super::memory::Report;

/// Below this much memory in use there is nothing to diagnose, in bytes.
const DIAGNOSED_BYTES_MIN: u64 = 5 << 20;
/// What fragmentation must amount to before it is worth a word, in bytes.
const FRAGMENTATION_BYTES_MIN: i64 = 10 << 20;
/// What a client, and a replica, may take on average before it is worth a word, in bytes.
const CLIENT_BYTES_MAX: u64 = 200 << 10;
const REPLICA_BYTES_MAX: u64 = 10 << 20;

/// A number of MEMORY STATS.
enum Figure {
    Count(u64),
    Signed(i64),
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
            Figure::Signed(number) => reply.int(*number),
            Figure::Share(share) => reply.double(*share),
            Figure::Tables { main, expires } => {
                reply.map(3);
                for (name, bytes) in [("main", *main), ("expires", *expires), ("slot-to-keys", 0)] {
                    reply.bulk(format!("overhead.hashtable.{name}").as_bytes());
                    reply.count(bytes);
                }
            }
        }
    }
}

/// What stands out, in words: the rules of Redis 7.0, and whether the limit is exceeded.
fn diagnose(report: &Report, clients: u64, replicas: u64, limit: Option<u64>) -> Vec<String> {
    let Report { parts, total, peak, resident, .. } = *report;
    if total < DIAGNOSED_BYTES_MIN {
        return Vec::from(["There is too little data here to tell anything.".into()]);
    }
    let mut findings = Vec::new();
    if peak > total.saturating_mul(3) / 2 {
        findings.push(format!(
            "Peak: once {peak} bytes were used, now {total}. What was freed may still be held by the allocator; MEMORY PURGE makes it give \
             back what it can."
        ));
    }
    let (ratio, bytes) = report.fragmentation();
    if ratio > 1.4 && bytes > FRAGMENTATION_BYTES_MIN {
        findings.push(format!(
            "Fragmentation: the process holds {resident} bytes for {total} in use; MEMORY PURGE, or a restart, or a full synchronisation to a \
             fresh replica and a failover, gives them back."
        ));
    }
    if replicas > 0 && (parts.replicas + parts.transfers) / replicas > REPLICA_BYTES_MAX {
        findings.push("Replicas: they take more than 10 MB each; see their lag in INFO replication.".into());
    }
    if clients > 0 && parts.clients / clients > CLIENT_BYTES_MAX {
        findings.push(format!(
            "Clients: {} bytes for {clients} connections. Look for large 'omem' and 'qbuf' in CLIENT LIST; \
             client-output-buffer-limit and maxmemory-clients set bounds.",
            parts.clients
        ));
    }
    if limit.is_some_and(|limit| total - parts.log - parts.transfers - parts.replicas > limit) {
        findings.push("Limit: more than 'maxmemory' is used; see evicted_keys and maxmemory-policy.".into());
    }
    if findings.is_empty() {
        findings.push("Nothing stands out.".into());
    }
    findings
}

impl Node {
    pub(super) fn memory_command(&mut self, conn: ConnId, args: Args<'_>, effects: &mut Effects) -> Outcome {
        match args[1].to_ascii_lowercase().as_slice() {
            b"doctor" => self.memory_doctor(conn),
            b"stats" => self.memory_stats(conn),
            b"purge" => {
                effects.push(Action::ReleaseMemory);
                if let Some(connection) = self.connection(conn) {
                    connection.reply().ok();
                }
                Ok(())
            }
            b"malloc-stats" => {
                let report = (self.environment.allocator_report)();
                let Some(connection) = self.connection(conn) else { return Ok(()) };
                match report.as_str() {
                    "" => connection.reply().bulk(b"Stats not supported for the current allocator"),
                    report => connection.reply().verbatim(report.as_bytes()),
                }
                Ok(())
            }
            _ => find(b"memory").map_or(Err(reply::SYNTAX), |container| self.help(conn, container)),
        }
    }

    fn memory_stats(&mut self, conn: ConnId) -> Outcome {
        use Figure::{Count, Share, Signed};
        let report = self.memory_report();
        let Report { parts, total, .. } = report;
        let keys = self.keyspace.total_len() as u64;
        let (ratio, bytes) = report.fragmentation();
        let head = [
            ("peak.allocated", Count(report.peak)),
            ("total.allocated", Count(total)),
            ("startup.allocated", Count(parts.base)),
            ("replication.backlog", Count(parts.log)),
            ("clients.slaves", Count(parts.replicas + parts.transfers)),
            ("clients.normal", Count(parts.clients)),
            ("cluster.links", Count(0)),
            ("aof.buffer", Count(self.aof_told().map_or(0, |aof| aof.buffered_bytes))),
            ("lua.caches", Count(0)),
            ("functions.caches", Count(report.functions)),
        ];
        let tail = [
            ("overhead.total", Count(report.overhead)),
            ("keys.count", Count(keys)),
            ("keys.bytes-per-key", Count(total.saturating_sub(parts.base).checked_div(keys).unwrap_or(0))),
            ("dataset.bytes", Count(report.dataset)),
            ("dataset.percentage", Share(report.dataset_percent())),
            ("peak.percentage", Share(report.peak_percent())),
            ("allocator.allocated", Count(total)),
            ("allocator.active", Count(report.resident)),
            ("allocator.resident", Count(report.resident)),
            ("allocator-fragmentation.ratio", Share(ratio)),
            ("allocator-fragmentation.bytes", Signed(bytes)),
            ("allocator-rss.ratio", Share(1.0)),
            ("allocator-rss.bytes", Signed(0)),
            ("rss-overhead.ratio", Share(1.0)),
            ("rss-overhead.bytes", Signed(0)),
            ("fragmentation", Share(ratio)),
            ("fragmentation.bytes", Signed(bytes)),
        ];
        let used = (0..self.keyspace.database_count()).filter(|&database| self.keyspace.len(database) > 0);
        let databases = used.map(|database| {
            let (main, expires) = self.keyspace.overhead_bytes(database);
            (format!("db.{database}"), Figure::Tables { main, expires })
        });
        let head = head.into_iter().map(|(name, figure)| (name.into(), figure));
        let tail = tail.into_iter().map(|(name, figure)| (name.into(), figure));
        let figures: Vec<(String, Figure)> = head.chain(databases).chain(tail).collect();
        if let Some(connection) = self.connection(conn) {
            reply_figures(&mut connection.reply(), &figures);
        }
        Ok(())
    }

    fn memory_doctor(&mut self, conn: ConnId) -> Outcome {
        let report = self.memory_report();
        let replicas = self.replicas.len() as u64;
        let clients = (self.connections.len() as u64).saturating_sub(replicas);
        let limit = Some(self.config.maxmemory).filter(|&limit| limit > 0);
        let findings = diagnose(&report, clients, replicas, limit);
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
        assert!(stats.starts_with("*54 $14 peak.allocated :"), "{stats}");
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

    #[test]
    fn the_doctor_has_the_rules_of_redis() {
        use super::super::super::memory::{Breakdown, Report};
        let healthy = {
            let parts =
                Breakdown { base: 1 << 20, data: 99 << 20, log: 0, transfers: 0, clients: 1 << 10, replicas: 0 };
            let total = parts.total();
            let overhead = 1 << 20;
            Report { parts, total, peak: total, functions: 0, overhead, dataset: total - overhead, resident: total }
        };
        let total = healthy.total;
        let parts = healthy.parts;
        for (word, report, limit) in [
            ("Nothing stands out", healthy, None),
            ("too little", Report { total: (5 << 20) - 1, ..healthy }, None),
            ("Peak", Report { peak: total / 2 * 3 + 2, ..healthy }, None),
            ("Nothing", Report { peak: total / 2 * 3, ..healthy }, None),
            ("Fragmentation", Report { resident: total / 2 * 3, ..healthy }, None),
            ("Clients", Report { parts: Breakdown { clients: 500 << 10, ..parts }, ..healthy }, None),
            ("Replicas", Report { parts: Breakdown { replicas: 11 << 20, ..parts }, ..healthy }, None),
            ("Limit", healthy, Some(50 << 20)),
        ] {
            let findings = super::diagnose(&report, 2, 1, limit);
            assert!(findings.len() == 1 && findings[0].contains(word), "{word}: {findings:?}");
        }
    }

    #[test]
    fn purging_is_asked_of_the_driver() {
        let mut bench = Bench::new();
        assert_eq!(bench.run("MEMORY PURGE"), "+OK ");
        assert_eq!(bench.released, 1);
    }

    #[test]
    fn a_smaller_limit_for_clients_closes_the_largest_at_once() {
        let mut bench = Bench::new();
        let other = bench.connect();
        bench.send(other, format!("*1\r\n$3000000\r\n{}", "x".repeat(2 << 20)).as_bytes());
        assert_eq!(bench.run("CONFIG SET maxmemory-clients 1mb"), "+OK ");
        assert_eq!(bench.closed, [other]);
    }

    #[test]
    fn a_smaller_limit_makes_keys_give_way_without_another_command() {
        let mut bench = Bench::with(Config { maxmemory_policy: MaxmemoryPolicy::AllkeysRandom, ..Config::default() });
        assert_eq!(fill(&mut bench, 3000, ""), 3000);
        assert_eq!(bench.run("CONFIG SET maxmemory 2mb"), "+OK ");
        let left = bench.node.keyspace.total_len();
        assert!((1000..1600).contains(&left), "{left}");
        assert!(bench.node.used_memory() <= 2 << 20);
    }
}
