//! Which requests are refused before they are carried out, and with which words?
//!
//! The order is that of Redis 7.0: whoever breaks two rules is told of the first. That the command is known and has the right number of
//! arguments; DEBUG; the password; MULTI; memory; the disk; replicas in touch; read-only replicas; listeners; a lost master; loading; monitors.

use alloc::string::{String, ToString};

use crate::command::reply_error as reply;
use crate::command::{Command, CommandError, Flags, Handler, ServerCommand, row_number, subcommand};
use crate::port::{ConnId, Effects, Level, Note, Now};
use crate::resp::Args;

use super::Node;
use super::connection::{Connection, Kind};
use super::memory::Room;
use super::pubsub::gate_listener;

impl Node {
    /// Hangs up on two who have no business with commands: a browser that was tricked into speaking to us, and a replica's
    /// link, where a reply would be taken for a part of the stream.
    pub(super) fn is_out_of_place(&mut self, conn: ConnId, args: Args<'_>, now: Now, effects: &mut Effects) -> bool {
        let name = &args[0];
        let is_http = name.eq_ignore_ascii_case(b"POST") || name.eq_ignore_ascii_case(b"HOST:");
        let is_replica =
            self.connections.get(conn).is_some_and(|connection| matches!(connection.kind, Kind::Replica(_)));
        let speaks_replication =
            ["REPLCONF", "PSYNC", "SYNC"].iter().any(|known| name.eq_ignore_ascii_case(known.as_bytes()));
        let text = if is_http {
            alloc::format!(
                "Possible SECURITY ATTACK detected. It looks like somebody is sending POST or Host: commands to Redis. \
                 Connection {conn} aborted."
            )
        } else if is_replica && !speaks_replication {
            let shown: alloc::string::String = name.iter().take(40).map(|&byte| char::from(byte)).collect();
            let who = self.replica_name(conn);
            alloc::format!("Replica generated a reply to command '{}', disconnecting it: {who}", shown.escape_default())
        } else {
            return false;
        };
        effects.note(Note::Text { level: Level::Warning, text });
        self.close(conn, now, effects);
        true
    }

    /// Refuses a command before execution.
    pub(super) fn reject(&mut self, conn: ConnId, number: Option<u16>, error: &CommandError) {
        self.stats.count_error(error.code());
        if let Some(stat) = number.and_then(|number| self.stats.command(number)) {
            stat.rejected += 1;
        }
        let Some(connection) = self.connections.get_mut(conn) else { return };
        if let Some(transaction) = &mut connection.transaction {
            transaction.is_broken = true;
        }
        connection.reply().error(error.text());
        connection.command_ended();
    }

    /// EXEC met a gate that its commands may not pass any more: the transaction ends.
    fn abort_transaction(&mut self, conn: ConnId, number: Option<u16>, error: &CommandError) {
        if let Some(connection) = self.connections.get_mut(conn) {
            connection.transaction = None;
        }
        self.watches.unwatch(conn);
        self.observe_if_needed();
        self.reject(conn, number, &reply::transaction_aborted(error));
    }

    /// Refuses a command before it is executed. A refused EXEC ends its transaction.
    pub(super) fn refuse(&mut self, conn: ConnId, container: &Command, number: Option<u16>, error: &CommandError) {
        match container.handler {
            Handler::Server(ServerCommand::Exec) => self.abort_transaction(conn, number, error),
            _ => self.reject(conn, number, error),
        }
    }

    pub(super) fn needs_password(&self, connection: &Connection) -> bool {
        !connection.is_authenticated && self.config.requirepass.is_some()
    }

    /// The gates before execution, in Redis's order.
    pub(super) fn gate(
        &self,
        conn: ConnId,
        container: &'static Command,
        command: &'static Command,
        room: Room,
    ) -> Result<(), CommandError> {
        let Some(connection) = self.connections.get(conn) else { return Ok(()) };
        let flags = command.flags;
        if flags.has(Flags::PROTECTED) {
            let is_allowed = self.config.enable_debug_command.allows(connection.is_local());
            if !is_allowed {
                return Err(reply::DEBUG_NOT_ALLOWED);
            }
        }
        if !flags.has(Flags::NO_AUTH) && self.needs_password(connection) {
            return Err(reply::NO_AUTH);
        }
        if connection.transaction.is_some() && flags.has(Flags::NO_MULTI) {
            return Err(reply::NOT_IN_MULTI);
        }
        let does = |wanted: Flags| does(connection, container, command, wanted);
        // A queue may grow without end: while there is no room nothing is added to it.
        let is_queued = connection.transaction.is_some() && !ends_transaction(container);
        if room == Room::None && (is_queued || does(Flags::DENYOOM)) {
            return Err(reply::OUT_OF_MEMORY);
        }
        // PING tells, too, so that whoever watches finds out.
        if self.storage.refuses_writes(&self.config) && (does(Flags::WRITE) || container.name == "ping") {
            return Err(reply::MISCONF);
        }
        if does(Flags::WRITE) {
            self.gate_write()?;
        }
        gate_listener(connection, container, command)?;
        if let Some(follow) = &self.follow
            && !flags.has(Flags::STALE)
            && !self.config.replica_serve_stale_data
            && !follow.has_stream()
        {
            return Err(reply::MASTER_DOWN);
        }
        if self.is_loading() && !flags.has(Flags::LOADING) {
            return Err(reply::LOADING);
        }
        if connection.is_monitor && [Flags::WRITE, Flags::READONLY, Flags::MAY_REPLICATE].into_iter().any(does) {
            return Err(reply::MONITOR_TOUCHES_DATA);
        }
        Ok(())
    }

    /// True if a request has to pass the gates for writes.
    pub(super) fn writes(&self, conn: ConnId, container: &Command, command: &Command) -> bool {
        self.connections.get(conn).is_some_and(|connection| does(connection, container, command, Flags::WRITE))
    }

    fn gate_write(&self) -> Result<(), CommandError> {
        if self.follow.is_none() && !self.has_enough_good_replicas() {
            return Err(reply::NO_REPLICAS);
        }
        if self.follow.is_some() && self.config.replica_read_only {
            return Err(reply::READONLY);
        }
        Ok(())
    }
}

/// True if a request does what a flag says. EXEC does what any of its commands does.
fn does(connection: &Connection, container: &Command, command: &Command, wanted: Flags) -> bool {
    let is_exec = matches!(container.handler, Handler::Server(ServerCommand::Exec));
    let queue = connection.transaction.as_ref().filter(|_| is_exec).map(|transaction| &transaction.queue);
    command.flags.has(wanted) || queue.is_some_and(|queue| queue.iter().any(|queued| queued.flags().has(wanted)))
}

/// True for the commands that get a client out of its transaction.
pub(super) fn ends_transaction(command: &Command) -> bool {
    use ServerCommand::{Discard, Exec, Quit, Reset};
    matches!(command.handler, Handler::Server(Exec | Discard | Quit | Reset))
}

/// The row that counts for a request: a container's subcommand, if it is one; and its arity is checked.
pub(super) fn resolve(container: &'static Command, args: Args<'_>) -> Result<&'static Command, CommandError> {
    let has_subcommands = !container.subcommands.is_empty();
    if !has_subcommands || args.len() < 2 {
        return if container.accepts(args.len()) { Ok(container) } else { Err(reply::wrong_arity(container.name)) };
    }
    let Some(command) = subcommand(container, &args[1]) else {
        return Err(reply::unknown_subcommand(container.name, &args[1]));
    };
    if !command.accepts(args.len()) {
        return Err(reply::wrong_arity(&alloc::format!("{}|{}", container.name, command.name)));
    }
    Ok(command)
}

/// The number of the row for which a request that cannot be resolved is counted: of a wrong length, the one that it names; none for a subcommand
/// that is none.
pub(super) fn number_of_refused(number: u16, container: &'static Command, args: Args<'_>) -> Option<u16> {
    match args.get(1) {
        Some(name) if !container.subcommands.is_empty() => {
            subcommand(container, name).map(|command| row_number(number, container, command))
        }
        _ => Some(number),
    }
}

/// The name of a request's row as errors tell it: `get`, or `client|list`.
pub(super) fn full_name(container: &Command, command: &Command) -> String {
    match core::ptr::eq(container, command) {
        true => command.name.to_string(),
        false => alloc::format!("{}|{}", container.name, command.name),
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::super::bench::Bench;

    #[test]
    fn an_exec_that_is_refused_ends_its_transaction() {
        let mut bench = Bench::new();
        let aborted = "-EXECABORT Transaction discarded because of: ";
        assert_eq!(bench.run("MULTI\r\nSET a 1"), "+OK +QUEUED ");
        assert_eq!(bench.run("EXEC x"), format!("{aborted}wrong number of arguments for 'exec' command "));
        assert_eq!(bench.run("GET a\r\nEXEC"), "$-1 -ERR EXEC without MULTI ");
        bench.run("SUBSCRIBE channel");
        assert!(bench.run("EXEC").starts_with(&format!("{aborted}Can't execute 'exec'")), "a general code is not told");
    }

    #[test]
    fn nothing_is_queued_while_there_is_no_room() {
        let mut bench = Bench::new();
        bench.run("CONFIG SET maxmemory 1");
        let refused = "-OOM command not allowed when used memory > 'maxmemory'. ";
        assert_eq!(bench.run("MULTI\r\nGET a"), format!("+OK {refused}"));
        assert_eq!(bench.run("EXEC"), "-EXECABORT Transaction discarded because of previous errors. ");
        assert_eq!(bench.run("GET a"), "$-1 ", "outside a transaction reading takes no room");
        bench.run("MULTI");
        assert_eq!(bench.run("DISCARD"), "+OK ");
    }
}
