//! The rows of INFO that are about the process: Server, Clients, Persistence, CPU, Cluster.

use alloc::format;
use alloc::string::String;
use core::time::Duration;

use crate::persistence::Loader;
use crate::port::ProcessorTimes;

use super::super::super::load::LoadProgress;
use super::super::super::timers::Timer;
use super::super::server::REDIS_VERSION;
use super::Row::Field;
use super::{Row, View, percentage, some, zero};

/// The bits that Redis keeps of the clock of last use.
const LRU_CLOCK_MASK: u64 = (1 << 24) - 1;

pub(super) const SERVER: &[Row] = &[
    Field("redis_version", |_| some(REDIS_VERSION)),
    // It is built from released sources, as a Redis whose sources are not under version control.
    Field("redis_git_sha1", |_| some("00000000")),
    Field("redis_git_dirty", zero),
    Field("redis_build_id", zero),
    Field("server_name", |_| some("afterimage")),
    Field("afterimage_version", |_| some(env!("CARGO_PKG_VERSION"))),
    Field("redis_mode", |_| some("standalone")),
    Field("os", |view| some(&view.node.environment.os)),
    Field("arch_bits", |_| some(64)),
    Field("monotonic_clock", |view| some(view.node.environment.monotonic_clock)),
    Field("multiplexing_api", |view| some(view.node.environment.multiplexing_api)),
    // One thread has everything, and no C compiler has made it.
    Field("atomicvar_api", |_| some("none")),
    Field("gcc_version", |_| some("0.0.0")),
    Field("process_id", |view| some(view.node.environment.process_id)),
    Field("process_supervised", |_| some("no")),
    Field("run_id", |view| some(view.node.run_id)),
    Field("tcp_port", |view| some(view.node.config.port)),
    Field("server_time_usec", |view| some(view.now.wall.0)),
    Field("uptime_in_seconds", |view| some(uptime(view).as_secs())),
    Field("uptime_in_days", |view| some(uptime(view).as_secs() / (24 * 3600))),
    Field("hz", |view| some(view.node.config.hz)),
    Field("configured_hz", |view| some(view.node.config.hz)),
    Field("lru_clock", |view| some((view.now.wall.0 / 1_000_000) & LRU_CLOCK_MASK)),
    Field("executable", |view| some(&view.node.environment.executable)),
    Field("config_file", |view| some(&view.node.environment.config_file)),
    Field("io_threads_active", zero),
    Field("shutdown_in_milliseconds", |view| {
        let due = view.node.timers.due(Timer::Shutdown)?;
        some(due.since(view.now.mono).as_millis())
    }),
];

pub(super) const CLIENTS: &[Row] = &[
    Field("connected_clients", |view| {
        let listed = view.node.listed_connections();
        some(listed.iter().filter(|connection| connection.replica().is_none()).count())
    }),
    Field("cluster_connections", zero),
    Field("maxclients", |view| some(view.node.config.maxclients)),
    Field("client_recent_max_input_buffer", |view| some(view.node.rates.largest_buffers(view.now.mono).0)),
    Field("client_recent_max_output_buffer", |view| some(view.node.rates.largest_buffers(view.now.mono).1)),
    Field("blocked_clients", |view| some(view.node.blocked.len())),
    Field("tracking_clients", |view| some(view.node.tracking.clients())),
    Field("clients_in_timeout_table", |view| some(view.node.blocked.with_deadline())),
];

/// Nothing is ever forked here, so nothing is copied on write.
pub(super) const PERSISTENCE: &[Row] = &[
    Field("loading", |view| some(u8::from(view.node.is_loading()))),
    Field("async_loading", |view| some(u8::from(view.node.builds_beside()))),
    Field("current_cow_peak", zero),
    Field("current_cow_size", zero),
    Field("current_cow_size_age", zero),
    Field("current_fork_perc", |_| some("0.00")),
    Field("current_save_keys_processed", |view| some(save_progress(view).0)),
    Field("current_save_keys_total", |view| some(save_progress(view).1)),
    Field("rdb_changes_since_last_save", |view| some(view.node.storage.dirty)),
    // As in Redis, a snapshot for replicas counts, too.
    Field("rdb_bgsave_in_progress", |view| some(u8::from(view.node.snapshot_in_progress().is_some()))),
    Field("rdb_last_save_time", |view| some(view.node.storage.last_save_seconds)),
    Field("rdb_last_bgsave_status", |view| {
        some(if view.node.storage.has_last_snapshot_failed() { "err" } else { "ok" })
    }),
    Field("rdb_last_bgsave_time_sec", |view| match view.node.storage.last_snapshot_took {
        Some(time) => some(time.as_secs()),
        None => some(-1),
    }),
    Field("rdb_current_bgsave_time_sec", |view| match view.node.snapshot_in_progress() {
        Some(progress) => some(view.now.mono.since(progress.begun_at).as_secs()),
        None => some(-1),
    }),
    Field("rdb_saves", |view| some(view.node.storage.saves)),
    Field("rdb_last_cow_size", zero),
    Field("rdb_last_load_keys_expired", |view| some(view.node.storage.keys_expired_at_load)),
    Field("rdb_last_load_keys_loaded", |view| {
        some(view.node.loader().map_or(view.node.storage.keys_loaded, Loader::keys))
    }),
    Field("aof_enabled", |view| some(u8::from(view.node.config.appendonly))),
    Field("aof_rewrite_in_progress", |view| some(u8::from(view.node.is_rewriting_aof()))),
    Field("aof_rewrite_scheduled", |view| {
        some(u8::from(view.node.aof_told().is_some_and(|aof| aof.is_rewrite_scheduled)))
    }),
    Field("aof_last_rewrite_time_sec", |view| match view.node.storage.aof_stats.last_rewrite_took {
        Some(time) => some(time.as_secs()),
        None => some(-1),
    }),
    Field("aof_current_rewrite_time_sec", |view| match view.node.aof_told().and_then(|aof| aof.rewrite_begun_at) {
        Some(begun_at) => some(view.now.mono.since(begun_at).as_secs()),
        None => some(-1),
    }),
    Field("aof_last_bgrewrite_status", |view| ok_or_err(view.node.storage.aof_stats.failures == 0)),
    Field("aof_rewrites", |view| some(view.node.storage.aof_stats.rewrites)),
    Field("aof_rewrites_consecutive_failures", |view| some(view.node.storage.aof_stats.failures)),
    Field("aof_last_write_status", |view| ok_or_err(view.node.aof_told().is_none_or(|aof| aof.can_be_written))),
    Field("aof_last_cow_size", zero),
    Field("module_fork_in_progress", zero),
    Field("module_fork_last_cow_size", zero),
    Field("aof_current_size", |view| some(view.node.aof_told()?.bytes)),
    Field("aof_base_size", |view| some(view.node.aof_told()?.base_bytes)),
    Field("aof_pending_rewrite", |view| view.node.aof_told().and_then(|_| some(0))),
    Field("aof_buffer_length", |view| some(view.node.aof_told()?.buffered_bytes)),
    Field("aof_pending_bio_fsync", |view| some(u8::from(view.node.aof_told()?.is_syncing))),
    Field("aof_delayed_fsync", |view| {
        view.node.aof_told().and_then(|_| some(view.node.storage.aof_stats.delayed_syncs))
    }),
    Field("loading_start_time", |view| some(loading(view)?.begun_at.wall.seconds())),
    Field("loading_total_bytes", |view| some(loading(view)?.total_bytes)),
    Field("loading_rdb_used_mem", |view| some(loading(view)?.used_memory)),
    Field("loading_loaded_bytes", |view| some(loading(view)?.loaded_bytes)),
    Field("loading_loaded_perc", |view| {
        let (part, whole) = loading(view)?.share();
        some(percentage(part, whole))
    }),
    Field("loading_eta_seconds", |view| some(loading(view)?.eta_seconds(view.now))),
];

fn ok_or_err(is_well: bool) -> Option<String> {
    some(if is_well { "ok" } else { "err" })
}

fn loading(view: &View<'_>) -> Option<LoadProgress> {
    view.node.load_progress()
}

pub(super) const CPU: &[Row] = &[
    Field("used_cpu_sys", |view| some(seconds(processor_time(view).process.system))),
    Field("used_cpu_user", |view| some(seconds(processor_time(view).process.user))),
    Field("used_cpu_sys_children", |view| some(seconds(processor_time(view).children.system))),
    Field("used_cpu_user_children", |view| some(seconds(processor_time(view).children.user))),
    Field("used_cpu_sys_main_thread", |view| some(seconds(processor_time(view).thread.system))),
    Field("used_cpu_user_main_thread", |view| some(seconds(processor_time(view).thread.user))),
];

pub(super) const CLUSTER: &[Row] = &[Field("cluster_enabled", zero)];

fn processor_time(view: &View<'_>) -> ProcessorTimes {
    (view.node.environment.processor_time)()
}

fn seconds(time: Duration) -> String {
    format!("{}.{:06}", time.as_secs(), time.subsec_micros())
}

fn uptime(view: &View<'_>) -> Duration {
    view.now.mono.since(view.node.started_at.mono)
}

/// Keys written and keys in all of the snapshot that is being made.
fn save_progress(view: &View<'_>) -> (usize, usize) {
    let snapshot = view.node.snapshot_in_progress().and_then(|progress| progress.snapshot);
    snapshot.map_or((0, 0), |snapshot| view.node.keyspace.snapshot_progress(snapshot))
}
