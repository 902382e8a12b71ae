//! The line by which CLIENT LIST and CLIENT INFO describe a connection: one row per field, in the order of Redis 7.0, then those of 7.2.

use alloc::format;
use alloc::string::{String, ToString};
use core::net::SocketAddr;

use crate::port::{Now, Peer};
use crate::resp::Proto;

use super::super::Node;
use super::super::connection::{Closing, Connection, Kind};
use super::super::pubsub::Topic;
use super::super::tracking::Mode;
use super::client_tracking::redirect_of;

/// What a field is computed from.
struct View<'a> {
    node: &'a Node,
    connection: &'a Connection,
    now: Now,
}

/// A field's name, and its value.
type Field = (&'static str, fn(&View<'_>) -> String);

const FIELDS: &[Field] = &[
    ("id", |view| view.connection.client_id.to_string()),
    ("addr", |view| view.connection.address()),
    ("laddr", |view| view.connection.local_address()),
    // -1 where there is no socket, as in Redis.
    ("fd", |view| {
        let descriptor = view.connection.peer.and_then(|peer| peer.descriptor);
        descriptor.map_or_else(|| "-1".to_string(), |descriptor| descriptor.to_string())
    }),
    ("name", |view| view.connection.name.clone()),
    ("age", |view| view.now.mono.since(view.connection.created_at).as_secs().to_string()),
    ("idle", |view| view.now.mono.since(view.connection.last_input_at).as_secs().to_string()),
    ("flags", flags),
    ("db", |view| view.connection.database.to_string()),
    ("sub", |view| view.connection.count_listened(Topic::Channel).to_string()),
    ("psub", |view| view.connection.count_listened(Topic::Pattern).to_string()),
    ("ssub", |view| view.connection.count_listened(Topic::Shard).to_string()),
    ("multi", |view| {
        let queue = view.connection.transaction.as_ref().map(|transaction| &transaction.queue);
        queue.map_or_else(|| "-1".to_string(), |queue| queue.len().to_string())
    }),
    ("qbuf", |view| view.connection.input.len().to_string()),
    ("qbuf-free", |view| (view.connection.input.capacity() - view.connection.input.len()).to_string()),
    // Arguments are read where they were received.
    ("argv-mem", zero),
    ("multi-mem", |view| queue_bytes(view).to_string()),
    // The reply buffer is what small replies are copied into; what it cannot hold is the list, of which the next two fields tell.
    ("rbs", |view| view.connection.output.buffer().0.to_string()),
    ("rbp", |view| view.connection.output.buffer().1.to_string()),
    ("obl", |view| view.connection.output.buffer().2.to_string()),
    ("oll", |view| listed_pieces(view).to_string()),
    ("omem", |view| output_bytes(view).to_string()),
    ("tot-mem", |view| {
        let of_log = output_bytes(view) - view.connection.output.list().1 as u64;
        (view.connection.memory_bytes() + of_log).to_string()
    }),
    ("events", |view| if view.connection.is_announced { "rw" } else { "r" }.to_string()),
    ("cmd", |view| match view.connection.last_command {
        None => "NULL".to_string(),
        Some((container, command)) if core::ptr::eq(container, command) => command.name.to_string(),
        Some((container, command)) => format!("{}|{}", container.name, command.name),
    }),
    ("user", |view| match view.connection.kind {
        Kind::Master => "(superuser)".to_string(),
        _ => "default".to_string(),
    }),
    ("redir", |view| redirect_of(view.connection.tracking.as_deref()).to_string()),
    ("resp", |view| if view.connection.proto == Proto::Resp3 { "3" } else { "2" }.to_string()),
    ("lib-name", |view| view.connection.library_name.clone()),
    ("lib-ver", |view| view.connection.library_version.clone()),
];

/// Pieces of output that are counted; a longer queue is shown as this long.
const CHUNKS_COUNTED_MAX: usize = 64;

fn zero(_: &View<'_>) -> String {
    "0".to_string()
}

fn flags(view: &View<'_>) -> String {
    let connection = view.connection;
    let tracking = connection.tracking.as_ref();
    let table = [
        (matches!(connection.kind, Kind::Replica(_)), 'S'),
        (connection.is_monitor, 'O'),
        (matches!(connection.kind, Kind::Master), 'M'),
        (connection.is_listener(), 'P'),
        (connection.transaction.is_some(), 'x'),
        (connection.is_blocked(), 'b'),
        (tracking.is_some(), 't'),
        (tracking.is_some_and(|tracking| tracking.is_broken), 'R'),
        (tracking.is_some_and(|tracking| tracking.mode == Mode::Broadcast), 'B'),
        (view.node.watches.is_broken(connection.id), 'd'),
        (connection.closing == Closing::AfterReplies, 'c'),
        (connection.peer.is_some_and(|peer| peer.is_unix_socket()), 'U'),
        (connection.is_spared, 'e'),
    ];
    let flags: String = table.into_iter().filter(|(is_set, _)| *is_set).map(|(_, flag)| flag).collect();
    if flags.is_empty() { "N".to_string() } else { flags }
}

fn queue_bytes(view: &View<'_>) -> usize {
    let queue = view.connection.transaction.as_ref().map(|transaction| &transaction.queue);
    queue.map_or(0, |queue| queue.iter().map(|queued| queued.memory_bytes()).sum())
}

/// Pieces of output beside the reply buffer. Of a replica also those of the log.
fn listed_pieces(view: &View<'_>) -> usize {
    let output = &view.connection.output;
    let is_buffer_used = output.buffer().2 > 0;
    view.node.gather(view.connection.id, &mut [&[][..]; CHUNKS_COUNTED_MAX]).saturating_sub(usize::from(is_buffer_used))
}

/// Bytes that wait to be sent beside those in the reply buffer. Of a replica also those of the log, of which it holds no copy.
fn output_bytes(view: &View<'_>) -> u64 {
    let from = view.connection.replica().and_then(|side| side.needs_log_from());
    let of_log = from.map_or(0, |from| view.node.history.offset().saturating_sub(from));
    view.connection.output.list().1 as u64 + of_log
}

impl Node {
    /// The line of one connection, its end included.
    pub(in super::super) fn client_line(&self, connection: &Connection, now: Now) -> String {
        let view = View { node: self, connection, now };
        let mut line = String::new();
        for (name, value) in FIELDS {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(name);
            line.push('=');
            line.push_str(&value(&view));
        }
        line.push('\n');
        line
    }
}

impl Connection {
    /// `ip:port` of the other end, or `path:0`, as CLIENT KILL names it.
    pub(in super::super) fn address(&self) -> String {
        self.shown(|peer| peer.remote)
    }

    /// `ip:port` of our end.
    pub(super) fn local_address(&self) -> String {
        self.shown(|peer| peer.local)
    }

    /// The two ends of a Unix socket have one name.
    fn shown(&self, end: fn(Peer) -> SocketAddr) -> String {
        match (&self.unix_path, self.peer) {
            (Some(path), _) => format!("{path}:0"),
            (None, Some(peer)) => end(peer).to_string(),
            (None, None) => String::new(),
        }
    }
}
