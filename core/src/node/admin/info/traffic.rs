//! The rows of INFO that count: Stats, Commandstats, Errorstats, Latencystats, Keyspace.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::command::numbered_rows;
use crate::persistence::Loader;
use crate::replication::Reason;

use super::super::super::gates::full_name;
use super::super::super::pubsub::Topic;
use super::super::super::rates::Metric;
use super::super::super::stats::CommandStat;
use super::Row::{Field, Fields};
use super::{Row, Text, View, some, zero};

pub(super) const STATS: &[Row] = &[
    Field("total_connections_received", |view| some(view.node.stats.connections)),
    Field("total_commands_processed", |view| some(view.node.stats.commands)),
    Field("instantaneous_ops_per_sec", |view| some(view.node.rates.per_second(Metric::Commands))),
    Field("total_net_input_bytes", |view| some(view.node.stats.bytes_received)),
    Field("total_net_output_bytes", |view| some(view.node.stats.bytes_sent)),
    Field("total_net_repl_input_bytes", |view| some(view.node.stats.replication_bytes_received)),
    Field("total_net_repl_output_bytes", |view| some(view.node.stats.replication_bytes_sent)),
    Field("instantaneous_input_kbps", |view| kbps(view, Metric::Input)),
    Field("instantaneous_output_kbps", |view| kbps(view, Metric::Output)),
    Field("instantaneous_input_repl_kbps", |view| kbps(view, Metric::ReplicationInput)),
    Field("instantaneous_output_repl_kbps", |view| kbps(view, Metric::ReplicationOutput)),
    Field("rejected_connections", |view| some(view.node.stats.rejected_connections)),
    Field("sync_full", |view| some(view.node.stats.sync_full)),
    Field("sync_partial_ok", |view| some(view.node.stats.sync_partial_ok)),
    Field("sync_partial_err", |view| some(view.node.stats.sync_partial_err)),
    Field("sync_full_reasons", |view| {
        let counts = &view.node.stats.sync_full_reasons;
        let count = |reason: &Reason| counts.get(reason).copied().unwrap_or(0);
        let told: Vec<String> =
            Reason::ALL.iter().map(|reason| format!("{}={}", reason.name(), count(reason))).collect();
        some(told.join(","))
    }),
    Field("sync_left_behind", |view| some(view.node.stats.sync_left_behind)),
    Field("expired_subkeys", |view| some(view.node.stats.expired.fields)),
    Field("expired_keys", |view| some(view.node.stats.expired.keys)),
    Field("expired_stale_perc", |view| {
        some(format!("{:.2}", view.node.keyspace.stale_percent(view.now.wall.millis())))
    }),
    Field("expired_time_cap_reached_count", |view| some(view.node.stats.expiry_rounds_cut)),
    Field("expire_cycle_cpu_milliseconds", |view| some(view.node.stats.expiry_nanoseconds / 1_000_000)),
    Field("evicted_keys", |view| some(view.node.memory.evicted_keys)),
    Field("evicted_clients", |view| some(view.node.memory.evicted_clients)),
    Field("total_eviction_exceeded_time", |view| some(view.node.exceeded(view.now.mono).1.as_millis())),
    Field("current_eviction_exceeded_time", |view| some(view.node.exceeded(view.now.mono).0.as_millis())),
    Field("keyspace_hits", |view| some(view.node.stats.hits.hits)),
    Field("keyspace_misses", |view| some(view.node.stats.hits.misses)),
    Field("pubsub_channels", |view| some(view.node.topics.names(Topic::Channel).len())),
    Field("pubsub_patterns", |view| some(view.node.topics.names(Topic::Pattern).len())),
    Field("pubsubshard_channels", |view| some(view.node.topics.names(Topic::Shard).len())),
    Field("latest_fork_usec", zero),
    Field("total_forks", zero),
    Field("migrate_cached_sockets", zero),
    Field("slave_expires_tracked_keys", |view| some(view.node.keyspace.own_expiries())),
    Field("active_defrag_hits", zero),
    Field("active_defrag_misses", zero),
    Field("active_defrag_key_hits", zero),
    Field("active_defrag_key_misses", zero),
    Field("total_active_defrag_time", zero),
    Field("current_active_defrag_time", zero),
    Field("tracking_total_keys", |view| some(view.node.tracking.keys())),
    Field("tracking_total_items", |view| some(view.node.tracking.items())),
    Field("tracking_total_prefixes", |view| some(view.node.tracking.prefixes())),
    Field("unexpected_error_replies", |view| some(view.node.stats.unexpected_error_replies)),
    Field("total_error_replies", |view| some(view.node.stats.error_replies)),
    Field("dump_payload_sanitizations", zero),
    Field("total_reads_processed", |view| some(view.node.stats.reads)),
    Field("total_writes_processed", |view| some(view.node.stats.writes)),
    Field("io_threaded_reads_processed", zero),
    Field("io_threaded_writes_processed", zero),
    // The buffer of small replies follows what is written into it, not the peaks of the last seconds.
    Field("reply_buffer_shrinks", zero),
    Field("reply_buffer_expands", zero),
];

pub(super) const COMMANDSTATS: &[Row] = &[Fields(|view, text| {
    for (name, stat) in stats_by_name(view) {
        if stat.calls == 0 && stat.rejected == 0 && stat.failed == 0 {
            continue;
        }
        let usec = stat.nanoseconds / 1000;
        let usec_per_call = if stat.calls == 0 { 0.0 } else { usec as f64 / stat.calls as f64 };
        let value = format!(
            "calls={},usec={usec},usec_per_call={usec_per_call:.2},rejected_calls={},failed_calls={}",
            stat.calls, stat.rejected, stat.failed
        );
        text.line(&format!("cmdstat_{name}"), &value);
    }
})];

pub(super) const LATENCYSTATS: &[Row] = &[Fields(|view, text| {
    if !view.node.config.latency_tracking {
        return;
    }
    let percentiles = &view.node.config.latency_tracking_info_percentiles;
    for (name, stat) in stats_by_name(view).filter(|(_, stat)| stat.histogram.total() > 0) {
        let told = percentiles.iter().filter_map(|percentile| {
            let nanoseconds = stat.histogram.percentile(percentile.parse().ok()?);
            Some(format!("p{percentile}={}.{:03}", nanoseconds / 1000, nanoseconds % 1000))
        });
        text.line(&format!("latency_percentiles_usec_{name}"), &told.collect::<Vec<_>>().join(","));
    }
})];

fn kbps(view: &View<'_>, metric: Metric) -> Option<String> {
    some(format!("{:.2}", view.node.rates.per_second(metric) as f64 / 1024.0))
}

/// The counters of each row that has been called or refused, with its name.
fn stats_by_name<'a>(view: &'a View<'_>) -> impl Iterator<Item = (String, &'a CommandStat)> {
    numbered_rows().filter_map(|(number, row, container)| {
        let stat = view.node.stats.by_command.get(usize::from(number))?;
        Some((full_name(container.unwrap_or(row), row), stat))
    })
}

pub(super) const ERRORSTATS: &[Row] = &[Fields(|view, text| {
    for (code, count) in &view.node.stats.errors {
        text.line(&format!("errorstat_{code}"), &format!("count={count}"));
    }
})];

pub(super) const KEYSPACE: &[Row] = &[Fields(keyspace)];

fn keyspace(view: &View<'_>, text: &mut Text) {
    // What takes the place of ours is told as it grows, as in Redis.
    let keyspace = view.node.loaded_in_place().map_or(&view.node.keyspace, Loader::keyspace);
    for database in 0..keyspace.database_count() {
        let keys = keyspace.len(database);
        if keys == 0 {
            continue;
        }
        let (expires, mean_expiry_ms) = keyspace.volatile(database);
        let left_ms = mean_expiry_ms.saturating_sub(view.now.wall.millis()).max(0);
        let avg_ttl = if expires == 0 { 0 } else { left_ms };
        let mut facts = format!("keys={keys},expires={expires},avg_ttl={avg_ttl}");
        // Redis 8.0's fact, where there is something to tell that a Redis 7.0 does not know.
        let with_field_expiries = keyspace.with_field_expiries(database);
        if with_field_expiries > 0 {
            facts += &format!(",subexpiry={with_field_expiries}");
        }
        text.line(&format!("db{database}"), &facts);
    }
}
