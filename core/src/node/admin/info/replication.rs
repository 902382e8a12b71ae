//! The rows of INFO replication, in the order and under the names that Sentinel and every other tool reads.

use alloc::format;
use alloc::string::{String, ToString};

use crate::replication::{ReplicationId, format_path};

use super::super::super::connection::Connection;
use super::super::super::failover::Failover;
use super::super::super::follow::{Follow, Link};
use super::super::super::guard::Quarantine;
use super::super::super::held::Held;
use super::super::super::primary::replica_ip;
use super::super::super::replica::{Phase, ReplicaSide};
use super::Row::{Field, Fields};
use super::{Row, Text, View, percentage, some};

pub(super) const REPLICATION: &[Row] = &[
    Field("role", |view| some(if view.node.follow.is_some() { "slave" } else { "master" })),
    Field("master_host", |view| some(&follow(view)?.endpoint.host)),
    Field("master_port", |view| some(follow(view)?.endpoint.port)),
    Field("master_link_status", |view| some(if follow(view)?.has_stream() { "up" } else { "down" })),
    Field("master_last_io_seconds_ago", |view| match follow(view)? {
        up if up.has_stream() => some(view.now.mono.since(up.last_io_at).as_secs()),
        _ => some(-1),
    }),
    Field("master_sync_in_progress", |view| follow(view).and_then(|_| some(u8::from(transfer(view).is_some())))),
    Field("slave_read_repl_offset", |view| some(view.node.history.offset() + unapplied_bytes(view, follow(view)?))),
    Field("slave_repl_offset", |view| follow(view).and_then(|_| some(view.node.history.offset()))),
    // Valkey's names, for those who have asked for two connections. Here the stream waits like this behind any full synchronisation.
    Field("replicas_repl_buffer_size", |view| some(follow_by_two(view)?.held().map_or(0, Held::len))),
    Field("replicas_repl_buffer_peak", |view| follow_by_two(view).and_then(|_| some(view.node.held_bytes_peak))),
    Field("master_sync_total_bytes", |view| some(transfer(view)?.total)),
    Field("master_sync_read_bytes", |view| some(transfer(view)?.read)),
    Field("master_sync_left_bytes", |view| transfer(view).and_then(|transfer| some(transfer.total - transfer.read))),
    Field("master_sync_perc", |view| {
        let Transfer { total, read } = transfer(view)?;
        some(percentage(u64::try_from(read).ok()?, u64::try_from(total).unwrap_or(0)))
    }),
    Field("master_sync_last_io_seconds_ago", |view| {
        transfer(view)?;
        some(view.now.mono.since(follow(view)?.last_io_at).as_secs())
    }),
    Field("master_link_down_since_seconds", |view| some(follow(view)?.down_for(view.now)?.as_secs())),
    Field("master_link_error", |view| {
        let follow = follow(view)?;
        let circle = follow.circle().map(ToString::to_string);
        let error = circle.or_else(|| follow.last_error.clone().filter(|_| !follow.is_online()))?;
        // A line of its own: what a peer said is told without its line ends.
        some(error.replace(['\r', '\n'], " "))
    }),
    Field("master_path", |view| {
        let path = &follow(view)?.suspicion.as_ref()?.path;
        (!path.is_empty()).then(|| format_path(path))
    }),
    Field("wipe_guard_state", |view| some(view.node.guard_state(follow(view)?))),
    Field("wipe_guard_reason", |view| some(&quarantine(view)?.why)),
    Field("wipe_guard_quarantine_seconds", |view| some(view.now.mono.since(quarantine(view)?.since).as_secs())),
    Field("wipe_guard_quarantines", |view| follow(view).and_then(|_| some(view.node.guard.quarantines))),
    Field("wipe_guard_archives", |view| follow(view).and_then(|_| some(view.node.guard.archives.written))),
    Field("wipe_guard_last_archive", |view| some(view.node.guard.archives.last.as_ref()?)),
    Field("wipe_guard_last_archive_status", |view| {
        follow(view).and_then(|_| some(if view.node.guard.archives.has_failed { "err" } else { "ok" }))
    }),
    Field("wipe_guard_protected_restart_seconds", |view| {
        some(view.node.protected_until(view.now.mono)?.since(view.now.mono).as_secs())
    }),
    Field("slave_priority", |view| follow(view).and_then(|_| some(view.node.config.replica_priority))),
    Field("slave_read_only", |view| follow(view).and_then(|_| some(u8::from(view.node.config.replica_read_only)))),
    Field("replica_announced", |view| follow(view).and_then(|_| some(u8::from(view.node.config.replica_announced)))),
    Field("connected_slaves", |view| some(listed(view).count())),
    Field("min_slaves_good_slaves", |view| {
        let config = &view.node.config;
        let is_asked_for = config.min_replicas_to_write > 0 && config.min_replicas_max_lag > 0;
        is_asked_for.then_some(view.node.stats.good_replicas).and_then(some)
    }),
    Fields(replicas),
    Fields(replicas_progress),
    // As in Valkey, where there may be any.
    Field("replicas_waiting_psync", |view| {
        let is_told = view.node.config.dual_channel_replication_enabled;
        is_told.then(|| view.node.snapshots_without_main()).and_then(some)
    }),
    Field("master_failover_state", |view| {
        some(view.node.failover.as_ref().map_or("no-failover", Failover::state_name))
    }),
    Field("master_replid", |view| some(view.node.history.id)),
    Field("master_replid2", |view| some(view.node.history.second.map_or(ReplicationId::NONE, |(id, _)| id))),
    Field("master_repl_offset", |view| some(view.node.history.offset())),
    Field("second_repl_offset", |view| match view.node.history.second {
        Some((_, first_byte)) => some(first_byte),
        None => some(-1),
    }),
    Field("second_repl_offset_exact", |view| {
        follow(view).and(view.node.history.lineage()).and_then(|lineage| some(u8::from(lineage.is_exact)))
    }),
    Field("repl_backlog_active", |view| some(u8::from(view.node.history.log.is_some()))),
    Field("repl_backlog_size", |view| some(view.node.config.repl_backlog_size)),
    // Counted from 1, as everything in INFO and PSYNC.
    Field("repl_backlog_first_byte_offset", |view| {
        some(view.node.history.log.as_ref().map_or(0, |log| log.oldest() + 1))
    }),
    Field("repl_backlog_histlen", |view| {
        some(view.node.history.log.as_ref().map_or(0, |log| log.end() - log.oldest()))
    }),
];

fn follow<'a>(view: &View<'a>) -> Option<&'a Follow> {
    view.node.follow.as_ref()
}

/// What is held against the master, if anything is.
fn quarantine<'a>(view: &View<'a>) -> Option<&'a Quarantine> {
    follow(view)?.caution.quarantine.as_ref()
}

/// The master, for a node that asks for two connections.
fn follow_by_two<'a>(view: &View<'a>) -> Option<&'a Follow> {
    follow(view).filter(|_| view.node.config.dual_channel_replication_enabled)
}

/// How much of a data set has come.
#[derive(Clone, Copy)]
struct Transfer {
    /// As in Redis: -1 before the master has told how it will send, 0 if the end is marked rather than counted.
    total: i128,
    read: i128,
}

/// The data set that is on its way, from the answer to PSYNC on until it is ours.
///
/// Differs: a Redis never tells how long a data set is whose end is marked; here that is told once all of it has come.
fn transfer(view: &View<'_>) -> Option<Transfer> {
    let follow = follow(view)?;
    if let Some(bytes) = view.node.replacing_bytes() {
        return Some(Transfer { total: i128::from(bytes), read: i128::from(bytes) });
    }
    let incoming = match &follow.link {
        Link::Receiving { incoming, .. } => Some(&**incoming),
        Link::Dual(sync) => sync.incoming(),
        _ => return None,
    };
    let begun = incoming.filter(|incoming| incoming.has_begun());
    let begun = begun.map(|incoming| (i128::from(incoming.total_bytes), i128::from(incoming.read_bytes())));
    let (total, read) = begun.unwrap_or((-1, 0));
    Some(Transfer { total, read })
}

/// Bytes of the stream that were read but belong to a command or transaction that is not whole yet.
fn unapplied_bytes(view: &View<'_>, follow: &Follow) -> u64 {
    let Link::Online { conn, held, block } = &follow.link else { return 0 };
    let input = view.node.connections.get(*conn).map_or(0, |connection| connection.input.len());
    (input + block.len()) as u64 + held.len()
}

/// Our replicas.
///
/// Differs: a Valkey lists a connection by which a snapshot goes to a replica as if it were another one, of the same address: whoever watches over
/// it by INFO would take it for a replica that is gone when the snapshot is through. A Redis 8 lists the replica once, as here.
fn listed<'a>(view: &View<'a>) -> impl Iterator<Item = (&'a Connection, &'a ReplicaSide)> {
    view.node.replica_sides().filter(|(connection, _)| !connection.intro.is_for_snapshot())
}

/// `slave0:ip=..,port=..,state=..,offset=..,lag=..`: one line for each replica, in the order in which they came. `,type=..` as in Valkey, where
/// what it tells of may be.
fn replicas(view: &View<'_>, text: &mut Text) {
    for (index, (connection, side)) in listed(view).enumerate() {
        let state = side.state_name();
        let lag = if state == "online" { view.now.mono.since(side.heard_at).as_secs() } else { 0 };
        let mut value: String = format!(
            "ip={},port={},state={state},offset={},lag={lag}",
            replica_ip(connection),
            connection.intro.port,
            side.acked
        );
        if view.node.config.dual_channel_replication_enabled {
            let is_buffering = matches!(side.phase, Phase::Buffering { .. });
            value += if is_buffering { ",type=main-channel" } else { ",type=replica" };
        }
        text.line(&format!("slave{index}"), &value);
    }
}

/// `replica0:sent_offset=..,acked_offset=..,lag_bytes=..,lag_ms=..`: how far each is, and how old the oldest byte that it has not acknowledged;
/// `,persisted_offset=..` if it tells what it has on its disk.
fn replicas_progress(view: &View<'_>, text: &mut Text) {
    let end = view.node.history.offset();
    for (index, (_, side)) in listed(view).enumerate() {
        let sent = side.needs_log_from().unwrap_or(0);
        let lag_ms = view.node.lag_of(side, view.now).as_millis();
        let mut value: String = format!(
            "sent_offset={sent},acked_offset={},lag_bytes={},lag_ms={lag_ms}",
            side.acked,
            end.saturating_sub(side.acked)
        );
        if let Some(persisted) = side.persisted {
            value += &format!(",persisted_offset={persisted}");
        }
        text.line(&format!("replica{index}"), &value);
    }
}
