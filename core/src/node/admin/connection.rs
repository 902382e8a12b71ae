//! PING, ECHO, QUIT, AUTH, HELLO, RESET, SELECT.

use alloc::string::String;

use crate::codec::number::parse_i64;
use crate::command::reply_error as reply;
use crate::command::{CommandError, Outcome};
use crate::port::{ConnId, Effects, Now};
use crate::resp::{Args, Proto};

use super::super::Node;

impl Node {
    pub(super) fn ping(&mut self, conn: ConnId, args: Args<'_>) -> Outcome {
        if args.len() > 2 {
            return Err(reply::wrong_arity("ping"));
        }
        let Some(connection) = self.connection(conn) else { return Ok(()) };
        if connection.is_listener() && connection.proto == Proto::Resp2 {
            let mut reply = connection.reply();
            reply.array(2);
            reply.bulk(b"pong");
            reply.bulk(args.get(1).unwrap_or_default());
            return Ok(());
        }
        match args.get(1) {
            Some(text) => connection.reply().bulk(text),
            None => connection.reply().raw(b"+PONG\r\n"),
        }
        Ok(())
    }

    pub(super) fn echo(&mut self, conn: ConnId, args: Args<'_>) -> Outcome {
        let Some(connection) = self.connection(conn) else { return Ok(()) };
        connection.reply().bulk(&args[1]);
        Ok(())
    }

    pub(super) fn quit(&mut self, conn: ConnId, now: Now, effects: &mut Effects) -> Outcome {
        if let Some(connection) = self.connection(conn) {
            connection.reply().ok();
        }
        self.close_after_replies(conn, now, effects);
        Ok(())
    }

    pub(super) fn auth(&mut self, conn: ConnId, args: Args<'_>, now: Now) -> Outcome {
        if args.len() > 3 {
            return Err(reply::SYNTAX);
        }
        if args.len() == 2 && self.config.requirepass.is_none() {
            return Err(reply::AUTH_WITHOUT_PASSWORD);
        }
        let user: &[u8] = if args.len() == 3 { &args[1] } else { b"default" };
        self.log_in(conn, &String::from_utf8_lossy(&args[0]), user, &args[args.len() - 1], now)?;
        if let Some(connection) = self.connection(conn) {
            connection.reply().ok();
        }
        Ok(())
    }

    fn log_in(&mut self, conn: ConnId, command: &str, user: &[u8], password: &[u8], now: Now) -> Outcome {
        let is_right = match &self.config.requirepass {
            Some(known) => is_equal_in_constant_time(known.as_bytes(), password),
            // Without a password the default user takes any.
            None => true,
        };
        if user != b"default" || !is_right {
            self.log_refused_login(conn, command, user, now);
            return Err(reply::WRONG_PASS);
        }
        if let Some(connection) = self.connection(conn) {
            connection.is_authenticated = true;
        }
        Ok(())
    }

    pub(super) fn hello(&mut self, conn: ConnId, args: Args<'_>, now: Now) -> Outcome {
        let proto = match args.get(1) {
            None => None,
            Some(version) => match parse_i64(version).ok_or(reply::PROTO_NOT_AN_INTEGER)? {
                2 => Some(Proto::Resp2),
                3 => Some(Proto::Resp3),
                _ => return Err(reply::NO_PROTO),
            },
        };
        let name = self.hello_options(conn, args, now)?;
        let Some(connection) = self.connection(conn) else { return Ok(()) };
        if !connection.is_authenticated && self.config.requirepass.is_some() {
            return Err(CommandError::new(
                "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time",
            ));
        }
        let role = if self.follow.is_some() { "replica" } else { "master" };
        let Some(connection) = self.connection(conn) else { return Ok(()) };
        if let Some(name) = name {
            connection.name = name;
        }
        if let Some(proto) = proto {
            connection.proto = proto;
        }
        let (version, id) = (if connection.proto == Proto::Resp3 { 3 } else { 2 }, connection.client_id);
        let mut reply = connection.reply();
        reply.map(7);
        reply.bulk(b"server");
        reply.bulk(b"redis");
        reply.bulk(b"version");
        reply.bulk(super::server::REDIS_VERSION.as_bytes());
        reply.bulk(b"proto");
        reply.int(version);
        reply.bulk(b"id");
        reply.int(i64::try_from(id).unwrap_or(i64::MAX));
        reply.bulk(b"mode");
        reply.bulk(b"standalone");
        reply.bulk(b"role");
        reply.bulk(role.as_bytes());
        reply.bulk(b"modules");
        reply.array(0);
        Ok(())
    }

    /// Carries out AUTH; returns the name of SETNAME.
    fn hello_options(&mut self, conn: ConnId, args: Args<'_>, now: Now) -> Result<Option<String>, CommandError> {
        let (mut name, mut at) = (None, 2);
        while let Some(option) = args.get(at) {
            if option.eq_ignore_ascii_case(b"AUTH") && args.len() > at + 2 {
                self.log_in(conn, &String::from_utf8_lossy(&args[0]), &args[at + 1], &args[at + 2], now)?;
                at += 3;
            } else if option.eq_ignore_ascii_case(b"SETNAME") && args.len() > at + 1 {
                name = Some(super::client::checked_name(&args[at + 1])?);
                at += 2;
            } else {
                let shown = String::from_utf8_lossy(option);
                return Err(CommandError::with(alloc::format!("ERR Syntax error in HELLO option '{shown}'")));
            }
        }
        Ok(name)
    }

    pub(super) fn reset(&mut self, conn: ConnId) -> Outcome {
        self.watches.unwatch(conn);
        self.stop_listening(conn);
        self.stop_monitoring(conn);
        self.stop_tracking(conn);
        self.observe_if_needed();
        let Some(connection) = self.connection(conn) else { return Ok(()) };
        connection.transaction = None;
        connection.proto = Proto::Resp2;
        connection.database = 0;
        connection.is_authenticated = false;
        connection.is_muted = false;
        connection.skips_reply = false;
        connection.skips_next_reply = false;
        connection.name = String::new();
        connection.reply().raw(b"+RESET\r\n");
        Ok(())
    }

    pub(super) fn select(&mut self, conn: ConnId, args: Args<'_>) -> Outcome {
        let index = parse_i64(&args[1]).ok_or(reply::NOT_AN_INTEGER)?;
        let index = u32::try_from(index).ok().filter(|&index| index < self.keyspace.database_count());
        let index = index.ok_or(reply::DB_INDEX_OUT_OF_RANGE)?;
        let Some(connection) = self.connection(conn) else { return Ok(()) };
        connection.database = index;
        connection.reply().ok();
        Ok(())
    }
}

/// Compares without telling by its duration where two texts differ.
fn is_equal_in_constant_time(known: &[u8], told: &[u8]) -> bool {
    let mut difference = known.len() ^ told.len();
    for (index, byte) in told.iter().enumerate() {
        difference |= usize::from(byte ^ known.get(index % known.len().max(1)).copied().unwrap_or(0));
    }
    difference == 0
}
