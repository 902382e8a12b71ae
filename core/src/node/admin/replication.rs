//! REPLICAOF and ROLE.

use alloc::format;
use alloc::string::{String, ToString};

use crate::codec::number::parse_i64;
use crate::command::reply_error as reply;
use crate::command::{CommandError, Outcome};
use crate::config::Endpoint;
use crate::port::{ConnId, Effects, Level, Now};
use crate::resp::Args;

use super::super::Node;
use super::super::connection::Kind;
use super::super::guard::NamedBy;
use super::super::primary::replica_ip;

impl Node {
    pub(super) fn replicaof(&mut self, conn: ConnId, args: Args<'_>, now: Now, effects: &mut Effects) -> Outcome {
        if self.connection(conn).is_some_and(|connection| matches!(connection.kind, Kind::Replica(_))) {
            return Err(reply::NOT_FROM_REPLICA);
        }
        if self.failover.is_some() {
            return Err(reply::REPLICAOF_WHILE_FAILING_OVER);
        }
        if args[1].eq_ignore_ascii_case(b"NO") && args[2].eq_ignore_ascii_case(b"ONE") {
            if self.follow.is_some() {
                self.promote(now, effects);
                self.note_promotion("user request", conn, now, effects);
            }
            return self.answer_replicaof(conn, "OK");
        }
        let port = parse_i64(&args[2]).and_then(|port| u16::try_from(port).ok()).ok_or(reply::INVALID_MASTER_PORT)?;
        let host = core::str::from_utf8(&args[1])
            .map_err(|_| CommandError::new("ERR Invalid master host: a name or an address is expected"))?;
        let is_same = self
            .follow
            .as_ref()
            .is_some_and(|follow| follow.endpoint.port == port && follow.endpoint.host.eq_ignore_ascii_case(host));
        let is_sentinel = self.connection(conn).is_some_and(|connection| connection.is_sentinel());
        let named_by = if is_sentinel { NamedBy::Sentinel } else { NamedBy::Somebody };
        // Whoever names a master again that was held off wants what it has.
        let is_held_off = self.follow.as_ref().is_some_and(|follow| follow.caution.quarantine.is_some());
        if is_same && !(is_held_off && named_by == NamedBy::Somebody) {
            return self.answer_replicaof(conn, "OK Already connected to specified master");
        }
        self.spare_archive()?;
        effects.say(Level::Notice, || format!("REPLICAOF {host}:{port} enabled"));
        // What we hold is the end of some history: its master may know it.
        let may_resume = self.follow.as_ref().is_none_or(|follow| follow.may_resume);
        self.follow(Endpoint { host: host.to_string(), port }, may_resume, named_by, now, effects);
        self.answer_replicaof(conn, "OK")
    }

    fn answer_replicaof(&mut self, conn: ConnId, text: &str) -> Outcome {
        if let Some(connection) = self.connection(conn) {
            connection.reply().simple(text);
        }
        Ok(())
    }

    pub(super) fn role(&mut self, conn: ConnId) -> Outcome {
        let offset = i64::try_from(self.history.offset()).unwrap_or(i64::MAX);
        if let Some(follow) = &self.follow {
            let (host, port) = (follow.endpoint.host.clone(), i64::from(follow.endpoint.port));
            let state = follow.state_name();
            let offset = if follow.has_stream() { offset } else { -1 };
            let Some(connection) = self.connections.get_mut(conn) else { return Ok(()) };
            let mut reply = connection.reply();
            reply.array(5);
            reply.bulk(b"slave");
            reply.bulk(host.as_bytes());
            reply.int(port);
            reply.bulk(state.as_bytes());
            reply.int(offset);
            return Ok(());
        }
        let online = self.replica_sides().filter(|(_, side)| side.is_online());
        let online = online.map(|(connection, side)| (replica_ip(connection), connection.intro.port, side.acked));
        let online: alloc::vec::Vec<(String, u16, u64)> = online.collect();
        let Some(connection) = self.connections.get_mut(conn) else { return Ok(()) };
        let mut reply = connection.reply();
        reply.array(3);
        reply.bulk(b"master");
        reply.int(offset);
        reply.array(online.len());
        for (ip, port, acked) in online {
            reply.array(3);
            reply.bulk(ip.as_bytes());
            reply.bulk(port.to_string().as_bytes());
            reply.bulk(acked.to_string().as_bytes());
        }
        Ok(())
    }
}
