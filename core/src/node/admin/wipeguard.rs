//! WIPEGUARD: what is held against our master, or against ourselves as one, and what is done about it.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::command::{CommandError, Outcome, find, reply_error as reply};
use crate::marks::Mark;
use crate::port::{ConnId, Effects, Level, Now};
use crate::replication::ReplicationId;
use crate::resp::Args;

use super::super::Node;
use super::super::connection::Kind;
use super::super::guard::NamedBy;

impl Node {
    pub(super) fn wipeguard(&mut self, conn: ConnId, args: Args<'_>, now: Now, effects: &mut Effects) -> Outcome {
        match args[1].to_ascii_lowercase().as_slice() {
            b"accept" => self.wipeguard_accept(conn, args, now, effects),
            b"status" => self.wipeguard_status(conn, now),
            _ => find(b"wipeguard").map_or(Ok(()), |container| self.help(conn, container)),
        }
    }

    /// Follows the master anew, as if it had just been named.
    fn wipeguard_accept(&mut self, conn: ConnId, args: Args<'_>, now: Now, effects: &mut Effects) -> Outcome {
        if self.connection(conn).is_some_and(|connection| matches!(connection.kind, Kind::Replica(_))) {
            return Err(reply::NOT_FROM_REPLICA);
        }
        if args.len() > 3 {
            return Err(CommandError::new("ERR wrong number of arguments for 'wipeguard|accept' command"));
        }
        if self.accept_restart(now, effects) {
            if let Some(connection) = self.connection(conn) {
                connection.reply().ok();
            }
            return Ok(());
        }
        let held_off = self.follow.as_ref().and_then(|follow| Some((follow, follow.caution.quarantine.as_ref()?)));
        let Some((follow, quarantine)) = held_off else {
            return Err(CommandError::new(
                "ERR Nothing is held off: no data set of our master, and no replica of ours",
            ));
        };
        let offered = quarantine.offer.position.map(|position| position.history);
        if args.len() > 2 {
            let id = ReplicationId::parse(&args[2])
                .ok_or(CommandError::new("ERR Invalid replication id: 40 hexadecimal digits are expected"))?;
            if offered != Some(id) {
                return Err(CommandError::new("ERR That is not the history that our master has offered last"));
            }
        }
        let (endpoint, may_resume) = (follow.endpoint.clone(), follow.may_resume);
        effects.say(Level::Warning, || format!("What {}:{} has is accepted", endpoint.host, endpoint.port));
        self.mark(Mark::QuarantineAccepted);
        self.follow(endpoint, may_resume, NamedBy::Somebody, now, effects);
        if let Some(connection) = self.connection(conn) {
            connection.reply().ok();
        }
        Ok(())
    }

    fn wipeguard_status(&mut self, conn: ConnId, now: Now) -> Outcome {
        let mut told: Vec<(&str, String)> = Vec::new();
        if let Some(follow) = &self.follow {
            told.push(("state", self.guard_state(follow).into()));
            if let Some(quarantine) = &follow.caution.quarantine {
                told.push(("reason", quarantine.why.clone()));
                told.push(("seconds", format!("{}", now.mono.since(quarantine.since).as_secs())));
                told.push(("offered-keys", format!("{}", quarantine.offer.keys)));
                if let Some(position) = quarantine.offer.position {
                    told.push(("offered-replid", format!("{}", position.history)));
                    told.push(("offered-offset", format!("{}", position.offset)));
                }
            }
        } else {
            told.push(("state", "master".into()));
        }
        if let Some(until) = self.protected_until(now.mono) {
            told.push(("protected-restart-seconds", format!("{}", until.since(now.mono).as_secs())));
        }
        told.push(("keys", format!("{}", self.keyspace.total_len())));
        told.push(("quarantines", format!("{}", self.guard.quarantines)));
        told.push(("archives", format!("{}", self.guard.archives.written)));
        told.push(("last-archive-status", if self.guard.archives.has_failed { "err" } else { "ok" }.into()));
        if let Some(file) = &self.guard.archives.last {
            told.push(("last-archive", file.clone()));
        }
        let Some(connection) = self.connection(conn) else { return Ok(()) };
        let mut reply = connection.reply();
        reply.map(told.len());
        for (name, value) in told {
            reply.bulk(name.as_bytes());
            reply.bulk(value.as_bytes());
        }
        Ok(())
    }
}
