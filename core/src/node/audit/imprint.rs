//! When are two nodes the same?
//!
//! An imprint is a hash of everything on which it depends what a node does next. Exhaustive search takes two states for one if their imprints are the same, so nothing may be left out that ever decides anything: what is
//! left out is named here, field by field, and a new field of the node does not compile before it is one or the other.

use core::fmt::{self, Write as _};
use core::hash::Hasher as _;

use siphasher::sip::SipHasher13;

use super::Node;

/// Hashes what is written to it.
struct Imprint(SipHasher13);

impl fmt::Write for Imprint {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.write(text.as_bytes());
        Ok(())
    }
}

impl Node {
    /// A hash of all that decides what this node does next. Data are a part of it by their digest, so the audit must be on, and nothing must be under way in the keyspace: no
    /// snapshot, no garbage. Settings are taken to be those of its start, but for whom it follows: nodes that CONFIG SET was told something are not to be compared.
    #[must_use]
    pub fn imprint(&self) -> u64 {
        let Node {
            config,
            environment: _,
            random,
            keyspace,
            connections,
            history,
            replicas,
            transfers,
            sync_files,
            incoming_files,
            guard,
            kept_snapshots,
            admission,
            follow,
            held_bytes_peak: _,
            owed_synced_offset,
            failover,
            storage,
            timers,
            // Of what is only counted this one is asked for by the gate for writes.
            stats,
            rates: _,
            memory,
            watches,
            blocked,
            topics,
            tracking,
            monitors,
            pauses,
            feed,
            notices,
            // Tells where in a request it is, and is asked nothing between requests.
            parser: _,
            timing: _,
            // Fixed at start.
            renamed: _,
            hosted_sets,
            rewrites,
            acl_log: _,
            // Never asked.
            marks: _,
            audit,
            run_id: _,
            started_at: _,
            is_active_expiry_on,
            is_cron_paused,
            shutdown,
            log_has_grown,
            is_executing,
            first_expiry_ms,
        } = self;
        let mut imprint = Imprint(SipHasher13::new());
        // Where in its stream the generator is shows in what it would draw next.
        let mut next = random.clone();
        let drawn = [next.next_u64(), next.next_u64()];
        let audit = audit.as_ref().map(|audit| (audit.digest, audit.last));
        let data = (audit, keyspace.total_len(), &config.replicaof);
        let told =
            write!(imprint, "{drawn:?}{data:?}{history:?}{follow:?}{connections:?}{replicas:?}{timers:?}{storage:?}")
                .and_then(|()| {
                    write!(
                        imprint,
                        "{transfers:?}{sync_files:?}{incoming_files:?}{guard:?}{kept_snapshots:?}{admission:?}"
                    )
                })
                .and_then(|()| {
                    write!(imprint, "{owed_synced_offset:?}{failover:?}{memory:?}{watches:?}{blocked:?}{topics:?}")
                })
                .and_then(|()| {
                    write!(imprint, "{tracking:?}{monitors:?}{pauses:?}{feed:?}{notices:?}{hosted_sets:?}{rewrites:?}")
                })
                .and_then(|()| {
                    write!(imprint, "{is_active_expiry_on}{is_cron_paused}{shutdown:?}{log_has_grown}{is_executing}")
                })
                .and_then(|()| write!(imprint, "{first_expiry_ms:?}{}", stats.good_replicas));
        debug_assert!(told.is_ok(), "a hash takes all that is written");
        imprint.0.finish()
    }
}

#[cfg(test)]
mod tests {
    use crate::node::bench::Bench;

    fn imprint(said: &[(usize, &str)]) -> u64 {
        let mut bench = Bench::new();
        bench.node.enable_audit();
        let conns = [bench.connect(), bench.connect()];
        for (conn, line) in said {
            bench.run_on(conns[*conn], line);
        }
        bench.node.imprint()
    }

    #[test]
    fn the_order_of_what_has_nothing_to_do_with_each_other_leaves_no_mark() {
        let one = imprint(&[(0, "CLIENT SETNAME a"), (1, "SELECT 1")]);
        assert_eq!(one, imprint(&[(1, "SELECT 1"), (0, "CLIENT SETNAME a")]));
    }

    #[test]
    fn whatever_is_another_state_is_another_imprint() {
        let half = |bytes: &[u8]| {
            let mut bench = Bench::new();
            bench.node.enable_audit();
            let conn = bench.connect();
            bench.send(conn, bytes);
            bench.node.imprint()
        };
        let states = [
            imprint(&[]),
            imprint(&[(0, "SELECT 1")]),
            imprint(&[(1, "SELECT 1")]),
            imprint(&[(0, "SET k v")]),
            imprint(&[(0, "SET k w")]),
            imprint(&[(0, "MULTI")]),
            imprint(&[(0, "REPLICAOF 127.0.0.1 7000")]),
            imprint(&[(0, "REPLICAOF 127.0.0.1 7001")]),
            imprint(&[(0, "BLPOP l 0")]),
            half(b"*1\r\n"),
            half(b"*1\r\n$4\r\nPI"),
        ];
        for (index, state) in states.iter().enumerate() {
            assert!(!states[..index].contains(state), "state {index} looks like one before");
        }
    }
}
