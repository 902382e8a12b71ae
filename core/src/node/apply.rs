//! The stream of our master, applied: whole commands and whole transactions move the offset and feed our own log.

use alloc::format;
use alloc::string::{String, ToString};

use crate::command::{Exec, ExpiryRule, Handler, Outcome, ServerCommand, Service, row_number};
use crate::config::PropagationError;
use crate::keyspace::ExpiredBy;
use crate::marks::Mark;
use crate::museum::Defect;
use crate::port::{ConnId, Effects, Level, Now};
use crate::resp::{Args, Output, Parsed, Proto, Reply, RequestLimits, RequestParser};

use super::Node;
use super::audit::Deed;
use super::blocked::WaitsFor;
use super::dispatch::DataHandler;
use super::follow::{Follow, Link};
use super::gates::resolve;
use super::pubsub::Topic;

impl Node {
    /// Bytes of the stream: they are applied, or wait behind others.
    pub(super) fn on_stream_bytes(&mut self, conn: ConnId, bytes: &[u8], now: Now, effects: &mut Effects) {
        let bytes_max = self.held_bytes_max();
        if let Some(Follow { link: Link::Online { held, .. }, .. }) = &mut self.follow
            && !held.is_empty()
            && !bytes.is_empty()
        {
            return held.push(conn, bytes, bytes_max, effects);
        }
        self.apply_stream_bytes(conn, bytes, now, effects);
    }

    /// Bytes of the stream whose turn it is.
    pub(super) fn apply_stream_bytes(&mut self, conn: ConnId, bytes: &[u8], now: Now, effects: &mut Effects) {
        self.apply_whole_commands(conn, bytes, now, effects);
        if self.has(Defect::ProxyOnRead) {
            self.feed_log(bytes);
        }
    }

    /// Whole commands are applied, the rest waits.
    fn apply_whole_commands(&mut self, conn: ConnId, bytes: &[u8], now: Now, effects: &mut Effects) {
        let Some(connection) = self.connections.get_mut(conn) else { return };
        if connection.is_blocked() {
            connection.input.extend_from_slice(bytes);
            if connection.input.len() as u64 > self.config.client_query_buffer_limit {
                let why = "The master's stream was held back for too long: its link is given up.".to_string();
                self.drop_master_link(conn, why, now, effects);
            }
            return;
        }
        if connection.input.is_empty() {
            let mut parser = core::mem::take(&mut self.parser);
            let used = self.apply_all(conn, &mut parser, bytes, now, effects);
            self.keep_tail(conn, &mut parser, &bytes[used..]);
            self.parser = parser;
            return;
        }
        connection.input.extend_from_slice(bytes);
        let (input, mut parser) = connection.take_input();
        let used = self.apply_all(conn, &mut parser, &input, now, effects);
        self.keep_input(conn, parser, input, used);
    }

    fn apply_all(
        &mut self,
        conn: ConnId,
        parser: &mut RequestParser,
        bytes: &[u8],
        now: Now,
        effects: &mut Effects,
    ) -> usize {
        let mut used = 0;
        while used < bytes.len() {
            // A keepalive between commands is no part of the stream.
            if bytes[used] == b'\n' {
                used += 1;
                continue;
            }
            let rest = &bytes[used..];
            if rest[0] != b'*' {
                self.stream_is_broken(conn, "Master using the inline protocol. Desync?", now, effects);
                return bytes.len();
            }
            match parser.advance(rest, &RequestLimits::FROM_MASTER) {
                Parsed::Complete(len) if self.pauses.hold_back_stream(&parser.args(rest)[0]) => {
                    if self.has(Defect::PausedReplicaAdvances) {
                        self.advance_before_applying(parser.args(rest), &rest[..len]);
                    }
                    parser.reset();
                    self.mark(Mark::StreamHeld);
                    self.park(conn, WaitsFor::Unpause, None, now);
                    break;
                }
                Parsed::Complete(len) => {
                    let is_counted = self.follow.as_mut().is_some_and(|follow| follow.counted_before.take());
                    self.apply(parser.args(rest), if is_counted { &[] } else { &rest[..len] }, now, effects);
                    self.serve_filled(now);
                    parser.reset();
                    used += len;
                    let is_ours = self.follow.as_ref().is_some_and(|follow| follow.conn() == Some(conn));
                    if !is_ours {
                        return bytes.len();
                    }
                }
                Parsed::Incomplete => break,
                Parsed::Broken(error) => {
                    self.stream_is_broken(conn, &error.to_string(), now, effects);
                    return bytes.len();
                }
            }
        }
        used
    }

    /// What came was not the stream: nothing of it can be trusted, nor continued.
    fn stream_is_broken(&mut self, conn: ConnId, why: &str, now: Now, effects: &mut Effects) {
        self.forget_place();
        self.audit_deed(|_| Deed::Misunderstood { so: "it has ended the link to its master, whose stream is none" });
        self.drop_master_link(conn, format!("Protocol error from MASTER: {why}"), now, effects);
    }

    /// One command of the stream.
    fn apply(&mut self, args: Args<'_>, raw: &[u8], now: Now, effects: &mut Effects) {
        let changes = self.storage.dirty;
        self.apply_or_collect(args, raw, now, effects);
        if self.storage.dirty != changes {
            self.guard_sees_change();
        }
    }

    /// The offset moves, and relays are fed, by whole commands and whole transactions.
    fn apply_or_collect(&mut self, args: Args<'_>, raw: &[u8], now: Now, effects: &mut Effects) {
        let Some(Follow { link: Link::Online { block, .. }, suspicion, .. }) = &mut self.follow else { return };
        // Whoever writes commands has a master, or is one.
        *suspicion = None;
        let is_exec = args[0].eq_ignore_ascii_case(b"EXEC");
        if !block.is_empty() {
            block.extend_from_slice(raw);
            if is_exec {
                let block = core::mem::take(block);
                self.apply_block(&block, now, effects);
                self.show_applied(args, now);
                self.append_applied(&block);
            }
            return;
        }
        if args[0].eq_ignore_ascii_case(b"MULTI") {
            block.extend_from_slice(raw);
            return self.show_applied(args, now);
        }
        if args[0].eq_ignore_ascii_case(b"REPLCONF") {
            // The offset that is told is the one before this very request.
            if args[1].eq_ignore_ascii_case(b"GETACK") {
                self.answer_getack(effects);
            }
            self.append_applied(raw);
            return;
        }
        self.apply_one(args, now, effects);
        self.append_applied(raw);
    }

    /// A whole transaction, MULTI and EXEC included.
    fn apply_block(&mut self, block: &[u8], now: Now, effects: &mut Effects) {
        let mut parser = RequestParser::default();
        let mut used = 0;
        while let Parsed::Complete(len) = parser.advance(&block[used..], &RequestLimits::FROM_MASTER) {
            let args = parser.args(&block[used..]);
            if !args[0].eq_ignore_ascii_case(b"MULTI") && !args[0].eq_ignore_ascii_case(b"EXEC") {
                self.apply_one(args, now, effects);
            }
            parser.reset();
            used += len;
        }
    }

    fn apply_one(&mut self, args: Args<'_>, now: Now, effects: &mut Effects) {
        let Some((number, container)) = self.renamed.find(&args[0]) else {
            let name = String::from_utf8_lossy(&args[0]).into_owned();
            return self.note_apply_failure(&name, "ERR unknown command", effects);
        };
        let database = self.history.log.as_ref().and_then(|log| log.database()).unwrap_or(0);
        let error = match (container.handler, resolve(container, args)) {
            (_, Err(error)) => Some(error),
            (Handler::Server(ServerCommand::Select), Ok(_)) => {
                let index = crate::codec::number::parse_u64(&args[1]).and_then(|index| u32::try_from(index).ok());
                match index.filter(|&index| index < self.keyspace.database_count()) {
                    Some(index) => {
                        if let Some(log) = &mut self.history.log {
                            log.set_database(Some(index));
                        }
                        None
                    }
                    None => Some(crate::command::reply_error::DB_INDEX_OUT_OF_RANGE),
                }
            }
            (Handler::Server(ServerCommand::Publish), Ok(_)) => {
                self.deliver(Topic::Channel, &args[1], &args[2]);
                None
            }
            (Handler::Server(ServerCommand::Spublish), Ok(_)) => {
                self.deliver(Topic::Shard, &args[1], &args[2]);
                None
            }
            (Handler::Server(_), Ok(_)) => None,
            (_, Ok(command)) => {
                let Handler::Data(handler) = command.handler else { return };
                let outcome = self.apply_data(handler, args, database, now);
                self.publish_notices();
                outcome.err()
            }
        };
        self.show_applied(args, now);
        self.stats.commands += 1;
        let number = resolve(container, args).map_or(number, |command| row_number(number, container, command));
        if let Some(stat) = self.stats.command(number) {
            stat.calls += 1;
            stat.failed += u64::from(error.is_some());
        }
        if let Some(error) = error {
            self.note_apply_failure(container.name, error.text(), effects);
        }
    }

    /// Carries out what somebody else has carried out before: it goes into no log, nobody is told what came of it, and no key expires on its account.
    pub(super) fn apply_data(&mut self, handler: DataHandler, args: Args<'_>, database: u32, now: Now) -> Outcome {
        self.feed.begin(false);
        self.keyspace.set_expired_by(ExpiredBy::Master);
        let expires_alone = self.has(Defect::ReplicaExpiresAlone) && self.follow.is_some();
        let expiry = if expires_alone { ExpiryRule::Remove } else { ExpiryRule::Ignore };
        let mut unheard = Output::default();
        let is_heard = self.has(Defect::ReplicaRepliesToMaster);
        let reply = if is_heard { Reply::new(&mut unheard, Proto::Resp2) } else { Reply::muted() };
        let mut exec = Exec {
            keyspace: &mut self.keyspace,
            database,
            now,
            random: &mut self.random,
            reply,
            feed: &mut self.feed,
            config: &self.config,
            expiry,
            notices: &mut self.notices,
            service: Service::AskedAtOnce,
            block: &mut None,
            expired: &mut self.stats.expired,
            hits: &mut self.stats.hits,
        };
        let outcome = handler(&mut exec, args);
        self.feed.end_command();
        self.storage.dirty += self.feed.changes();
        if is_heard {
            self.leak_reply(&unheard);
        }
        outcome
    }

    /// [`Defect::ReplicaRepliesToMaster`]: a reply that is larger than the buffer of small ones goes up the link.
    fn leak_reply(&mut self, reply: &Output) {
        const SMALL_BYTES_MAX: usize = 16 * 1024;
        let master = self.follow.as_ref().and_then(Follow::conn);
        if let Some(connection) = master.and_then(|conn| self.connections.get_mut(conn))
            && reply.len() > SMALL_BYTES_MAX
        {
            let mut slices = [&[][..]; 8];
            let count = reply.gather(&mut slices);
            slices[..count].iter().for_each(|slice| connection.output.tail().extend_from_slice(slice));
        }
    }

    fn note_apply_failure(&mut self, name: &str, error: &str, effects: &mut Effects) {
        self.stats.unexpected_error_replies += 1;
        self.audit_deed(|_| Deed::Misunderstood { so: "it could not carry out a command of its master's stream" });
        effects.say(Level::Warning, || format!(
            "== CRITICAL == This replica is sending an error to its master: '{error}' after processing the command '{name}'"
        ));
        if self.config.propagation_error_behavior != PropagationError::Ignore {
            let text = format!(
                "This replica panicked sending an error to its master after processing the command '{name}', as 'propagation-error-behavior' says"
            );
            self.exit_failed(text, effects);
        }
    }

    /// What was applied becomes part of our own log, byte for byte.
    fn append_applied(&mut self, raw: &[u8]) {
        if !self.has(Defect::ProxyOnRead) {
            self.feed_log(raw);
        }
    }

    /// [`Defect::PausedReplicaAdvances`]: a command that is held back is counted, and passed on.
    fn advance_before_applying(&mut self, args: Args<'_>, raw: &[u8]) {
        let Some(Follow { link: Link::Online { block, .. }, counted_before, .. }) = &mut self.follow else { return };
        if block.is_empty() && !args[0].eq_ignore_ascii_case(b"MULTI") && !counted_before.replace(true) {
            self.feed_log(raw);
        }
    }

    fn feed_log(&mut self, raw: &[u8]) {
        if let Some(log) = &mut self.history.log {
            log.append(raw);
            self.log_has_grown = true;
        }
        if self.keyspace.has_touches() {
            self.on_touches();
        }
        self.audit_boundary();
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use core::time::Duration;

    use super::super::bench::Bench;

    #[test]
    fn what_is_no_command_of_the_stream_ends_the_link_and_is_continued_nowhere() {
        for garbage in
            ["SET z 2\r\n", "-ERR foo\r\n", "\0\u{1}junk\r\n", "\r\n", "*1\r\n+OK\r\n", "*2\r\n$3\r\nGET\r\nz\r\n"]
        {
            let mut bench = Bench::new();
            bench.run("REPLICAOF 127.0.0.1 7000");
            let (link, _) = bench.play_master();
            bench.send(link, format!("+FULLRESYNC {} 7\r\n$18\r\nREDIS0009", "a".repeat(40)).as_bytes());
            bench.send(link, b"\xff\0\0\0\0\0\0\0\0*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n\n");
            let offset = bench.node.history.offset();
            assert_eq!((bench.run("GET a"), offset), ("$1 1 ".into(), 34), "a keepalive is none of it");
            bench.send(link, garbage.as_bytes());
            assert_eq!(bench.closed, [link], "{garbage:?}");
            assert_eq!((bench.run("EXISTS z"), bench.node.history.offset()), (":0 ".into(), offset), "{garbage:?}");
            let is_told = |note: &alloc::string::String| note.starts_with("Protocol error from MASTER: ");
            assert!(bench.notes.iter().any(is_told), "{garbage:?}");
            bench.pass(Duration::from_secs(2));
            let (_, asked) = bench.play_master();
            assert_eq!(asked, "? -1", "{garbage:?}");
        }
    }

    #[test]
    fn a_command_of_the_stream_that_fails_ends_the_process_if_that_is_wanted() {
        for (behaviour, ends) in [("ignore", false), ("panic", true), ("panic-on-replicas", true)] {
            let mut bench = Bench::new();
            bench.run(&format!("CONFIG SET propagation-error-behavior {behaviour}"));
            bench.run("REPLICAOF 127.0.0.1 7000");
            let (link, _) = bench.play_master();
            bench.send(link, format!("+FULLRESYNC {} 7\r\n$18\r\nREDIS0009", "a".repeat(40)).as_bytes());
            bench.send(link, b"\xff\0\0\0\0\0\0\0\0*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\nx\r\n");
            bench.send(link, b"*2\r\n$4\r\nINCR\r\n$1\r\na\r\n");
            assert!(bench.notes.iter().any(|note| note.starts_with("== CRITICAL ==")), "{:?}", bench.notes);
            assert_eq!(bench.has_exited, ends, "{behaviour}");
        }
    }
}
