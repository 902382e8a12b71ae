//! From received bytes to executed commands: parsing, the call. Between them stand the [gates](super::gates).

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::command::reply_error as reply;
use crate::command::{Block, Command, Exec, ExpiryRule, Handler, Outcome, ServerCommand, Service, row_number};
use crate::keyspace::ExpiredBy;
use crate::marks::Mark;
use crate::museum::Defect;
use crate::port::{ConnId, Effects, Level, Now};
use crate::resp::{Args, Parsed, RequestLimits, RequestParser};

use super::Node;
use super::audit::Deed;
use super::blocked::WaitsFor;
use super::connection::{Closing, Connection, Kind};
use super::gates::{ends_transaction, full_name, number_of_refused, resolve};
use super::transaction::Queued;

/// A request: its arguments, and its bytes if they may be passed on as they are.
#[derive(Clone, Copy)]
pub(crate) struct Call<'a> {
    pub(crate) args: Args<'a>,
    pub(crate) canonical: Option<&'a [u8]>,
}

/// What carries out a command on data.
pub(super) type DataHandler = fn(&mut Exec<'_>, Args<'_>) -> Outcome;

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    /// It was carried out, queued or refused, or it waits for data.
    Done,
    /// It is to be looked at again when a pause is over.
    HeldBack,
}

impl Node {
    /// Bytes from anyone: clients, replicas of ours, our master.
    pub(super) fn on_received(&mut self, conn: ConnId, bytes: &[u8], now: Now, effects: &mut Effects) {
        let Some(connection) = self.connections.get_mut(conn) else { return };
        connection.last_input_at = now.mono;
        self.stats.reads += 1;
        connection.bytes_received += bytes.len() as u64;
        self.stats.bytes_received += bytes.len() as u64;
        if matches!(connection.kind, Kind::Master) {
            self.on_master_bytes(conn, bytes, now, effects);
            return;
        }
        if connection.closing != Closing::No {
            return;
        }
        if connection.is_blocked() {
            connection.input.extend_from_slice(bytes);
            if connection.input.len() as u64 > self.config.client_query_buffer_limit {
                self.close_for_long_input(conn, now, effects);
            }
            return;
        }
        if connection.input.is_empty() {
            let mut parser = core::mem::take(&mut self.parser);
            let used = self.process(conn, &mut parser, bytes, now, effects);
            self.keep_tail(conn, &mut parser, &bytes[used..]);
            self.parser = parser;
        } else {
            connection.input.extend_from_slice(bytes);
            self.process_input(conn, now, effects);
        }
        self.after_requests(conn, now, effects);
    }

    /// Goes on with requests that waited in a connection's own buffer.
    pub(crate) fn process_input(&mut self, conn: ConnId, now: Now, effects: &mut Effects) {
        let Some(connection) = self.connections.get_mut(conn) else { return };
        let (input, mut parser) = connection.take_input();
        let used = self.process(conn, &mut parser, &input, now, effects);
        self.keep_input(conn, parser, input, used);
    }

    /// Tells the driver of the replies.
    pub(crate) fn after_requests(&mut self, conn: ConnId, now: Now, effects: &mut Effects) {
        self.end_row(now);
        self.hold_replies(conn);
        if let Some(connection) = self.connections.get_mut(conn)
            && !connection.output.is_empty()
        {
            self.rates.note_buffers(connection.input.capacity(), connection.output.list().1, now.mono);
            if connection.output.sendable() > 0 {
                connection.announce(effects);
            }
            self.limit_output(conn, now, effects);
        }
    }

    /// Keeps what is left of a connection's own buffer after `used` bytes of it were understood.
    pub(super) fn keep_input(&mut self, conn: ConnId, mut parser: RequestParser, input: Vec<u8>, used: usize) {
        if used > 0 {
            return self.keep_tail(conn, &mut parser, &input[used..]);
        }
        if let Some(connection) = self.connections.get_mut(conn).filter(|c| c.closing == Closing::No) {
            connection.input = input;
            connection.parser = Some(Box::new(parser));
        }
    }

    /// Keeps the tail of what was received in the connection's own buffer, and how far it was understood.
    pub(super) fn keep_tail(&mut self, conn: ConnId, parser: &mut RequestParser, tail: &[u8]) {
        match self.connections.get_mut(conn) {
            Some(connection) if !tail.is_empty() && connection.closing == Closing::No => {
                connection.input.extend_from_slice(tail);
                connection.parser = Some(Box::new(core::mem::take(parser)));
            }
            _ => parser.reset(),
        }
    }

    /// Executes the requests in `bytes`; returns how many bytes they took.
    fn process(
        &mut self,
        conn: ConnId,
        parser: &mut RequestParser,
        bytes: &[u8],
        now: Now,
        effects: &mut Effects,
    ) -> usize {
        let mut used = 0;
        while used < bytes.len() {
            let Some(connection) = self.connections.get(conn) else { return bytes.len() };
            if connection.closing != Closing::No {
                return bytes.len();
            }
            if connection.is_blocked() {
                break;
            }
            let limits = self.request_limits(connection);
            let rest = &bytes[used..];
            match parser.advance(rest, &limits) {
                Parsed::Complete(len) => {
                    let args = parser.args(rest);
                    let mut progress = Progress::Done;
                    if !args.is_empty() {
                        let canonical = if parser.is_canonical() { rest.get(..len) } else { None };
                        progress = self.execute(conn, Call { args, canonical }, now, effects);
                    }
                    parser.reset();
                    if progress == Progress::HeldBack {
                        break;
                    }
                    used += len;
                    if self.has(Defect::NewlineEatsStar) && rest.starts_with(b"\n*") {
                        used += 1;
                    }
                }
                Parsed::Incomplete => {
                    if rest.len() as u64 > self.config.client_query_buffer_limit {
                        self.close_for_long_input(conn, now, effects);
                    }
                    break;
                }
                Parsed::Broken(error) => {
                    match connection.replica() {
                        Some(_) => {
                            let name = last_name(connection);
                            self.hang_up_on_replica(conn, &name, now, effects);
                        }
                        None => self.refuse_connection(conn, &alloc::format!("ERR {error}"), now, effects),
                    }
                    return bytes.len();
                }
            }
        }
        used
    }

    fn close_for_long_input(&mut self, conn: ConnId, now: Now, effects: &mut Effects) {
        effects.say(Level::Warning, || alloc::format!("Closing client {conn} that reached max query buffer length"));
        self.close(conn, now, effects);
    }

    fn request_limits(&self, connection: &Connection) -> RequestLimits {
        if self.needs_password(connection) {
            return RequestLimits::UNAUTHENTICATED;
        }
        RequestLimits { bulk_bytes_max: self.config.proto_max_bulk_len, args_max: u64::MAX }
    }

    /// Tells an error and hangs up.
    pub(crate) fn refuse_connection(&mut self, conn: ConnId, error: &str, now: Now, effects: &mut Effects) {
        if let Some(connection) = self.connections.get_mut(conn) {
            connection.reply().error(error);
            self.close_after_replies(conn, now, effects);
        }
    }

    fn execute(&mut self, conn: ConnId, call: Call<'_>, now: Now, effects: &mut Effects) -> Progress {
        let args = call.args;
        if self.is_out_of_place(conn, args, now, effects) {
            return Progress::Done;
        }
        let Some((number, container)) = self.renamed.find(&args[0]) else {
            self.reject(conn, None, &reply::unknown_command(&args[0], args.iter_from(1)));
            return Progress::Done;
        };
        let command = match resolve(container, args) {
            Ok(command) => command,
            Err(error) => {
                self.refuse(conn, container, number_of_refused(number, container, args), &error);
                return Progress::Done;
            }
        };
        let number = row_number(number, container, command);
        if let Some(connection) = self.connections.get_mut(conn) {
            connection.last_command = Some((container, command));
        }
        let room = self.make_room(now);
        if let Err(error) = self.gate(conn, container, command, room, now) {
            self.mark_refusal(&error);
            self.audit_refusal(&error);
            self.refuse(conn, container, Some(number), &error);
            return Progress::Done;
        }
        let Some(connection) = self.connections.get_mut(conn) else { return Progress::Done };
        if self.pauses.hold_back(connection, container, command) {
            self.mark(Mark::RequestHeld);
            self.park(conn, WaitsFor::Unpause, None, now);
            return Progress::HeldBack;
        }
        if let Some(transaction) = &mut connection.transaction
            && !controls_transaction(container)
        {
            transaction.queue.push(Queued::new(number, container, args));
            connection.reply().raw(b"+QUEUED\r\n");
            connection.command_ended();
            return Progress::Done;
        }
        self.tracking.author = Some(conn);
        let dirty_before = self.storage.dirty;
        let is_write = self.audit.is_some() && self.writes(conn, container, command);
        match command.handler {
            Handler::Data(_) => {
                let read = self.audit_before_read(conn, command, args, now);
                self.begin_unit();
                self.call_data(conn, number, command, call, now);
                self.end_unit(call.canonical);
                self.audit_read(read);
            }
            Handler::Server(_) => self.call_server(conn, number, command, args, now, effects),
            Handler::Container => {}
        }
        self.show_to_monitors(conn, command, args, now);
        self.remember_reads(conn, command, args);
        if let Some(connection) = self.connections.get_mut(conn) {
            self.history.advance(&mut connection.mark, self.storage.dirty > dirty_before);
            connection.end_caching(container);
            if !connection.is_blocked() {
                connection.command_ended();
            }
        }
        if self.storage.dirty > dirty_before {
            self.audit_deed(|position| Deed::Wrote { conn, position, is_write });
        }
        self.serve_filled(now);
        self.tracking.author = None;
        Progress::Done
    }

    /// Runs a data command for a client; its effects are in the feed afterwards.
    pub(super) fn call_data(&mut self, conn: ConnId, number: u16, command: &'static Command, call: Call<'_>, now: Now) {
        let Handler::Data(handler) = command.handler else { return };
        let timed = self.begin_timing(number, command, call.args, now);
        let service = if self.is_executing { Service::AskedAtOnce } else { Service::Asked };
        let mut block = None;
        let outcome = self.run_data(conn, handler, call, service, &mut block, now);
        self.stats.commands += 1;
        if let Some(stat) = self.stats.command(number) {
            stat.calls += 1;
            stat.failed += u64::from(outcome.is_err());
        }
        if let Some(block) = block {
            self.park_for_key(conn, number, command, call.args, block, now);
        }
        self.end_timing(conn, timed, call.args, now);
    }

    /// Carries out a data command, and tells a client what came of it.
    #[inline]
    pub(super) fn run_data(
        &mut self,
        conn: ConnId,
        handler: DataHandler,
        call: Call<'_>,
        service: Service<'_>,
        block: &mut Option<Block>,
        now: Now,
    ) -> Outcome {
        let is_expiry_ours = self.follow.is_none() && !self.pauses.is_any();
        let expiry = if is_expiry_ours { ExpiryRule::Remove } else { ExpiryRule::Hide };
        self.keyspace.set_expired_by(if self.follow.is_none() { ExpiredBy::Master } else { ExpiredBy::Replica });
        let Some(connection) = self.connections.get_mut(conn) else { return Ok(()) };
        let database = connection.database;
        connection.has_seen_data = true;
        let mark = connection.output.mark();
        let mut exec = Exec {
            keyspace: &mut self.keyspace,
            database,
            now,
            random: &mut self.random,
            reply: connection.reply(),
            feed: &mut self.feed,
            config: &self.config,
            expiry,
            notices: &mut self.notices,
            service,
            block,
            expired: &mut self.stats.expired,
            hits: &mut self.stats.hits,
        };
        let outcome = handler(&mut exec, call.args);
        if let Err(error) = &outcome {
            connection.output.roll_back(mark);
            connection.reply().error(error.text());
            self.stats.count_error(error.code());
        }
        self.note_verbatim(database, call);
        self.watch_peak(database);
        self.publish_notices();
        outcome
    }

    /// Runs an administrative command.
    pub(super) fn call_server(
        &mut self,
        conn: ConnId,
        number: u16,
        command: &'static Command,
        args: Args<'_>,
        now: Now,
        effects: &mut Effects,
    ) {
        let Handler::Server(server) = command.handler else { return };
        let timed = self.begin_timing(number, command, args, now);
        let Some(connection) = self.connections.get_mut(conn) else { return };
        let mark = connection.output.mark();
        let outcome = self.administer(conn, server, args, now, effects);
        if let Err(error) = &outcome
            && let Some(connection) = self.connections.get_mut(conn)
        {
            connection.output.roll_back(mark);
            connection.reply().error(error.text());
            self.stats.count_error(error.code());
        }
        self.stats.commands += 1;
        if let Some(stat) = self.stats.command(number) {
            stat.calls += 1;
            stat.failed += u64::from(outcome.is_err());
        }
        self.end_timing(conn, timed, args, now);
    }

    /// Bytes in all connections' queues.
    pub(crate) fn output_bytes(&self) -> u64 {
        self.connections.iter().map(|connection| connection.output.len() as u64).sum()
    }
}

/// The name of the last command of a connection, as the log tells it.
fn last_name(connection: &Connection) -> String {
    connection.last_command.map_or("<unknown>".to_string(), |(container, command)| full_name(container, command))
}

/// True for the commands that are carried out inside MULTI rather than queued.
fn controls_transaction(command: &Command) -> bool {
    use ServerCommand::{Multi, Watch};
    ends_transaction(command) || matches!(command.handler, Handler::Server(Multi | Watch))
}
