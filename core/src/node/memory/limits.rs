//! Which clients take too much memory, and are closed for it?

use alloc::format;
use alloc::vec::Vec;
use core::time::Duration;

use crate::port::{ConnId, Effects, Level, Now};

use super::super::Node;
use super::super::connection::{Connection, Kind};
use super::super::timers::Timer;

impl Node {
    /// Closes a client whose unsent replies exceed `client-output-buffer-limit`: at once above the hard limit, or when they
    /// have been above the soft one for too long.
    #[inline]
    pub(crate) fn limit_output(&mut self, conn: ConnId, now: Now, effects: &mut Effects) {
        let Some(connection) = self.connections.get_mut(conn) else { return };
        if matches!(connection.kind, Kind::Replica(_)) {
            return;
        }
        let limits = &self.config.client_output_buffer_limit;
        let limit = if connection.is_listener() { limits.pubsub } else { limits.normal };
        let bytes = connection.output.len() as u64;
        let is_over = |bound: u64| bound > 0 && bytes > bound;
        connection.over_soft_limit_since = match connection.over_soft_limit_since {
            _ if !is_over(limit.soft_bytes) => None,
            since => since.or(Some(now.mono)),
        };
        let soft_time = Duration::from_secs(u64::from(limit.soft_seconds));
        if connection.over_soft_limit_since.is_some() {
            self.timers.set_no_later(Timer::Cron, now.mono.after(Duration::from_secs(1)));
        }
        let Some(connection) = self.connections.get(conn) else { return };
        let is_too_long_over = connection.over_soft_limit_since.is_some_and(|at| now.mono.since(at) > soft_time);
        if is_over(limit.hard_bytes) || is_too_long_over {
            effects.say(Level::Warning, || format!("Client {conn} closed for exceeding client-output-buffer-limit"));
            self.close(conn, now, effects);
        }
    }

    /// Looks at all clients' soft limits, once a second.
    pub(crate) fn limit_outputs(&mut self, now: Now, effects: &mut Effects) {
        let is_over = |connection: &&Connection| connection.over_soft_limit_since.is_some();
        let over: Vec<ConnId> = self.connections.iter().filter(is_over).map(|connection| connection.id).collect();
        for conn in over {
            self.limit_output(conn, now, effects);
        }
    }

    /// Closes the largest clients while all together take more than `maxmemory-clients`.
    pub(crate) fn limit_clients(&mut self, now: Now, effects: &mut Effects) {
        let limit = self.config.maxmemory_clients.bytes(self.config.maxmemory);
        if limit == 0 {
            return;
        }
        let counted = |connection: &&Connection| matches!(connection.kind, Kind::Client);
        let mut total: u64 = self.connections.iter().filter(counted).map(Connection::memory_bytes).sum();
        if total <= limit {
            return;
        }
        let clients = self.connections.iter().filter(counted);
        let mut largest: Vec<(u64, ConnId)> = clients
            .filter(|connection| !connection.is_spared)
            .map(|connection| (connection.memory_bytes(), connection.id))
            .collect();
        largest.sort_unstable();
        while let Some((bytes, conn)) = largest.pop().filter(|_| total > limit) {
            effects.say(Level::Notice, || format!("Evicting client: {conn}, {bytes} bytes"));
            self.close(conn, now, effects);
            self.memory.evicted_clients += 1;
            total -= bytes;
        }
    }
}
