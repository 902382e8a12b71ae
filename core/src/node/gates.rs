//! Which requests are refused before they are carried out, and with which words?
//!
//! The order is that of Redis 7.0: whoever breaks two rules is told of the first. That the command is known and has the right number of
//! arguments; DEBUG; the password; MULTI; memory; the disk; replicas in touch; read-only replicas; listeners; a lost master; loading; monitors.

use alloc::string::{String, ToString};

use crate::command::reply_error as reply;
use crate::command::{Command, CommandError, Flags, Handler, ServerCommand, row_number, subcommand};
use crate::marks::Mark;
use crate::museum::Defect;
use crate::port::{ConnId, Effects, Level, Now};
use crate::resp::Args;

use super::Node;
use super::audit::Deed;
use super::connection::Connection;
use super::memory::Room;
use super::pubsub::gate_listener;
use super::transaction::Queued;

impl Node {
    /// Looks after two who have no business with commands: a browser that was tricked into speaking to us, and a replica's link. True if the
    /// request is not to be carried out.
    pub(super) fn is_out_of_place(&mut self, conn: ConnId, args: Args<'_>, now: Now, effects: &mut Effects) -> bool {
        let name = &args[0];
        if name.eq_ignore_ascii_case(b"POST") || name.eq_ignore_ascii_case(b"HOST:") {
            effects.say(Level::Warning, || alloc::format!(
                "Possible SECURITY ATTACK detected. It looks like somebody is sending POST or Host: commands to Redis. \
                 Connection {conn} aborted."
            ));
            self.close(conn, now, effects);
            return true;
        }
        self.connections.get(conn).is_some_and(|connection| connection.replica().is_some())
            && self.is_nothing_for_replica(conn, args, now, effects)
    }

    /// A reply to a replica would be taken for a part of the stream: whoever asks for one is hung up on. As in Redis, what a replica has already
    /// is not given again, and takes no reply.
    ///
    /// Differs: a Redis carries out what is not about data before it hangs up (CLIENT PAUSE, say), and does not hang up for what has no reply, such as
    /// CLIENT REPLY OFF.
    fn is_nothing_for_replica(&mut self, conn: ConnId, args: Args<'_>, now: Now, effects: &mut Effects) -> bool {
        use ServerCommand::{Monitor, Psync, ReplConf, Sync};
        let row = self.renamed.find(&args[0]).and_then(|(_, container)| resolve(container, args).ok());
        match row.map(|row| row.handler) {
            Some(Handler::Server(ReplConf)) => false,
            Some(Handler::Server(Psync | Sync | Monitor)) => true,
            _ => {
                let name = self.shown_name(args);
                self.hang_up_on_replica(conn, &name, now, effects);
                true
            }
        }
    }

    /// The name of a request's row, as the log tells it: `get`, or `client|list`.
    fn shown_name(&self, args: Args<'_>) -> String {
        let row = self.renamed.find(&args[0]).and_then(|(_, container)| match args.get(1) {
            Some(name) if !container.subcommands.is_empty() => Some((container, subcommand(container, name)?)),
            _ => Some((container, container)),
        });
        row.map_or("<unknown>".to_string(), |(container, command)| full_name(container, command))
    }

    /// Ends a replica's link, on which the reply to a command would be no part of the stream.
    pub(super) fn hang_up_on_replica(&mut self, conn: ConnId, command: &str, now: Now, effects: &mut Effects) {
        let Some(connection) = self.connections.get(conn) else { return };
        let who = self.client_line(connection, now);
        effects.say(Level::Warning, || {
            alloc::format!("Replica generated a reply to command '{command}', disconnecting it: {}", who.trim_end())
        });
        self.audit_deed(|_| Deed::Misunderstood { so: "it has hung up on a replica for what that had sent" });
        self.close(conn, now, effects);
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
        now: Now,
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
        let lacks = |wanted: Flags| match self.has(Defect::ExecPassesGates) {
            true => !flags.has(wanted),
            false => lacks(connection, container, command, wanted),
        };
        // A queue may grow without end: while there is no room nothing is added to it.
        let is_queued = connection.transaction.is_some() && !ends_transaction(container);
        if room == Room::None && (is_queued || does(Flags::DENYOOM)) {
            return Err(reply::OUT_OF_MEMORY);
        }
        // PING tells, too, so that whoever watches finds out.
        if self.storage.refuses_writes(&self.config) && (does(Flags::WRITE) || container.name == "ping") {
            return Err(reply::MISCONF);
        }
        if does(Flags::WRITE) || container.name == "ping" {
            self.gate_aof()?;
        }
        if does(Flags::WRITE) && !(self.has(Defect::GroupReadIsNoWrite) && command.name == "xreadgroup") {
            self.gate_write(now)?;
        }
        gate_listener(connection, container, command)?;
        if let Some(follow) = &self.follow
            && lacks(Flags::STALE)
            && !self.config.replica_serve_stale_data
            && !follow.has_stream()
        {
            return Err(reply::MASTER_DOWN);
        }
        if self.is_loading() && lacks(Flags::LOADING) && !self.is_taken_for_built_beside() {
            return Err(reply::LOADING);
        }
        if connection.is_monitor && [Flags::WRITE, Flags::READONLY, Flags::MAY_REPLICATE].into_iter().any(does) {
            return Err(reply::MONITOR_TOUCHES_DATA);
        }
        Ok(())
    }

    /// Of those who keep writes from being lost, or reads from being stale.
    pub(super) fn mark_refusal(&mut self, error: &CommandError) {
        match error.code() {
            "NOREPLICAS" => self.mark(Mark::RefusedNoReplicas),
            "MISCONF" => self.mark(Mark::RefusedMisconf),
            _ => {}
        }
    }

    /// [`Defect::LoadingServesReads`]: a data set of our master is being loaded, wherever it is.
    fn is_taken_for_built_beside(&self) -> bool {
        self.has(Defect::LoadingServesReads) && self.is_replacing_data()
    }

    /// True if a request has to pass the gates for writes.
    pub(super) fn writes(&self, conn: ConnId, container: &Command, command: &Command) -> bool {
        self.connections.get(conn).is_some_and(|connection| does(connection, container, command, Flags::WRITE))
    }

    fn gate_write(&self, now: Now) -> Result<(), CommandError> {
        if self.follow.is_none() && !self.has_enough_good_replicas(now) {
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
    command.flags.has(wanted) || carried_out(connection, container).any(|queued| queued.flags().has(wanted))
}

/// True if a request is not allowed what a flag allows. Nor is EXEC if any of its commands is not.
fn lacks(connection: &Connection, container: &Command, command: &Command, wanted: Flags) -> bool {
    !command.flags.has(wanted) || carried_out(connection, container).any(|queued| !queued.flags().has(wanted))
}

/// What EXEC carries out; of other requests nothing.
fn carried_out<'a>(connection: &'a Connection, container: &Command) -> impl Iterator<Item = &'a Queued> {
    let is_exec = matches!(container.handler, Handler::Server(ServerCommand::Exec));
    connection.transaction.as_ref().filter(|_| is_exec).into_iter().flat_map(|transaction| &transaction.queue)
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
    use crate::port::ConnId;

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

    #[test]
    fn an_exec_of_what_may_not_be_read_any_more_is_refused_and_one_of_what_may_is_not() {
        let mut bench = Bench::new();
        bench.run("SET k v");
        bench.run("CONFIG SET replica-serve-stale-data no");
        let [reader, other] = [(); 2].map(|()| bench.connect());
        assert_eq!(bench.run_on(reader, "MULTI\r\nSELECT 1\r\nGET k"), "+OK +QUEUED +QUEUED ");
        assert_eq!(bench.run_on(other, "MULTI\r\nSELECT 1"), "+OK +QUEUED ");
        bench.run("REPLICAOF 127.0.0.1 7000");
        let down = "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.";
        let refused = format!("-EXECABORT Transaction discarded because of: {down} ");
        assert_eq!(bench.run_on(reader, "EXEC"), refused);
        assert_eq!(bench.run_on(reader, "EXEC"), "-ERR EXEC without MULTI ");
        assert_eq!(bench.run_on(other, "EXEC"), "*1 +OK ");
    }

    /// A replica that waits for its snapshot, or that follows the stream.
    fn replica(bench: &mut Bench, is_online: bool) -> ConnId {
        let delay = if is_online { 0 } else { 3600 };
        bench.run(&format!("CONFIG SET repl-diskless-sync-delay {delay}"));
        let replica = bench.connect();
        bench.run_on(replica, "REPLCONF listening-port 7001 capa eof capa psync2");
        bench.send(replica, b"PSYNC ? -1\r\n");
        if is_online {
            bench.send(replica, b"REPLCONF ACK 0\r\n");
        }
        bench.take_received(replica);
        replica
    }

    #[test]
    fn a_replica_that_asks_for_a_reply_is_hung_up_on_and_the_log_tells_by_which_command() {
        let too_many = "*99999999999\r\n";
        // The request, and the name in the log.
        let cases = [
            ("PING", "ping"),
            ("ping a b c", "ping"),
            ("SET k v", "set"),
            ("CLIENT LIST", "client|list"),
            ("CLIENT", "client"),
            ("CLIENT NOSUCH", "<unknown>"),
            ("XINFO HELP", "xinfo|help"),
            ("NOSUCH", "<unknown>"),
            ("MULTI", "multi"),
            ("CLIENT REPLY OFF", "client|reply"),
            ("MONITOR x", "monitor"),
            ("PSYNC", "psync"),
            ("SYNC x", "sync"),
            ("REPLCONF", "replconf"),
            ("REPLCONF capa eof", "replconf"),
            ("REPLCONF capa nonsense", "replconf"),
            ("REPLCONF listening-port 1", "replconf"),
            ("REPLCONF nosuch 1", "replconf"),
            ("REPLCONF ack", "replconf"),
            (too_many, "psync"),
        ];
        for (request, name) in cases {
            for is_online in [true, false] {
                let mut bench = Bench::new();
                let replica = replica(&mut bench, is_online);
                let told = if is_online && request == too_many { "replconf" } else { name };
                assert_eq!(bench.run_on(replica, request), "", "{request}");
                assert_eq!(bench.closed, [replica], "{request}");
                let start =
                    format!("Replica generated a reply to command '{told}', disconnecting it: id=2 addr=127.0.0.1:");
                assert!(bench.notes.iter().any(|note| note.starts_with(&start)), "{request}: {:?}", bench.notes);
                assert_eq!(bench.run("EXISTS k"), ":0 ", "it was not carried out");
            }
        }
    }

    #[test]
    fn what_has_no_reply_is_nothing_to_hang_up_on_a_replica_for() {
        let requests = ["MONITOR", "PSYNC ? -1", "SYNC", "REPLCONF ACK 5", "REPLCONF ACK x", "REPLCONF GETACK *"];
        for is_online in [true, false] {
            let mut bench = Bench::new();
            let replica = replica(&mut bench, is_online);
            for request in requests {
                assert_eq!(bench.run_on(replica, request), "", "{request}");
            }
            assert!(bench.closed.is_empty());
            bench.run("SET k v");
            let stream = alloc::string::String::from_utf8(bench.take_received(replica)).expect("ASCII");
            let is_fed = stream.ends_with("$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n");
            assert_eq!(is_fed, is_online, "and it sees no more than the stream: {stream}");
        }
    }

    #[test]
    fn a_monitor_does_not_become_a_replica() {
        let mut bench = Bench::new();
        bench.run("MONITOR");
        assert_eq!(bench.run("PSYNC ? -1"), "");
        assert!(bench.node.replicas.is_empty());
    }
}
