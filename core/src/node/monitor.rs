//! What do those see who have asked for MONITOR? Every command that is carried out, after it was.
//!
//! Shown are the commands of all clients and, on a replica, those of the master's stream; not those for administrators, and no password.

use alloc::vec::Vec;

use bytes::Bytes;

use crate::codec::number::push_u64;
use crate::command::{Command, Flags, Handler, Outcome, ServerCommand, find, reply_error as reply};
use crate::config::directives;
use crate::port::{ConnId, Now};
use crate::resp::Args;

use super::Node;
use super::gates::resolve;

/// What is shown for a password, and for the name that stands before it.
pub(super) const REDACTED: &[u8] = b"(redacted)";

impl Node {
    /// MONITOR.
    pub(super) fn monitor(&mut self, conn: ConnId) -> Outcome {
        if self.is_executing {
            return Err(reply::MONITOR_IN_EXEC);
        }
        // One who sees everything already is not answered, as in Redis.
        if !self.monitors.contains(&conn)
            && let Some(connection) = self.connections.get_mut(conn)
        {
            connection.is_monitor = true;
            connection.reply().ok();
            self.monitors.push(conn);
        }
        Ok(())
    }

    /// A connection sees nothing any more.
    pub(super) fn stop_monitoring(&mut self, conn: ConnId) {
        self.monitors.retain(|monitor| *monitor != conn);
        if let Some(connection) = self.connections.get_mut(conn) {
            connection.is_monitor = false;
        }
    }

    /// Shows a command that a connection has sent and that was carried out. It is shown with the database that is selected then.
    #[inline]
    pub(super) fn show_to_monitors(&mut self, conn: ConnId, command: &Command, args: Args<'_>, now: Now) {
        if !self.monitors.is_empty()
            && let Some(connection) = self.connections.get(conn)
        {
            let database = connection.database;
            self.show(conn, database, command, args, now);
        }
    }

    /// Shows a command of our master's stream, with the database that the stream has selected.
    #[inline]
    pub(super) fn show_applied(&mut self, args: Args<'_>, now: Now) {
        if !self.monitors.is_empty()
            && let Some(conn) = self.follow.as_ref().and_then(|follow| follow.conn())
            && let Some(command) = find(&args[0]).and_then(|container| resolve(container, args).ok())
        {
            let database = self.history.log.as_ref().and_then(|log| log.database()).unwrap_or(0);
            self.show(conn, database, command, args, now);
        }
    }

    #[cold]
    fn show(&mut self, conn: ConnId, database: u32, command: &Command, args: Args<'_>, now: Now) {
        if command.flags.has(Flags::ADMIN) || command.flags.has(Flags::SKIP_MONITOR) {
            return;
        }
        let address = self.connections.get(conn).map(|connection| match &connection.unix_path {
            Some(path) => alloc::format!("unix:{path}"),
            None => connection.address(),
        });
        let address = address.unwrap_or_default();
        let mut line = Vec::with_capacity(64 + args.iter().map(|arg| arg.len() + 3).sum::<usize>());
        push_head(&mut line, now.wall.0, database, address.as_bytes());
        let secrets = Secrets::of(command, args);
        for (index, arg) in args.iter().enumerate() {
            line.push(b' ');
            push_quoted(&mut line, if secrets.has(index) { REDACTED } else { arg });
        }
        line.extend_from_slice(b"\r\n");
        let line = Bytes::from(line);
        for &monitor in &self.monitors {
            self.connections.tell(monitor, |output, _| output.extend_shared(&line));
        }
    }
}

/// `+1339518083.107412 [0 127.0.0.1:60866]`
fn push_head(line: &mut Vec<u8>, micros: u64, database: u32, address: &[u8]) {
    line.push(b'+');
    push_u64(line, micros / 1_000_000);
    line.push(b'.');
    let fraction = micros % 1_000_000;
    // Six digits: those that are missing in front are zeros.
    line.extend((1..6).take_while(|power| fraction < 10_u64.pow(6 - power)).map(|_| b'0'));
    push_u64(line, fraction);
    line.extend_from_slice(b" [");
    push_u64(line, u64::from(database));
    line.push(b' ');
    line.extend_from_slice(address);
    line.push(b']');
}

/// Adds a text in quotes; what cannot be printed is escaped.
fn push_quoted(line: &mut Vec<u8>, text: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    line.push(b'"');
    for &byte in text {
        match byte {
            b'"' | b'\\' => line.extend([b'\\', byte]),
            b'\n' => line.extend(b"\\n"),
            b'\r' => line.extend(b"\\r"),
            b'\t' => line.extend(b"\\t"),
            0x07 => line.extend(b"\\a"),
            0x08 => line.extend(b"\\b"),
            b' '..=b'~' => line.push(byte),
            _ => line.extend([b'\\', b'x', DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]),
        }
    }
    line.push(b'"');
}

/// Which arguments of a request are not to be seen.
pub(super) enum Secrets {
    None,
    /// All from this one on: AUTH.
    From(usize),
    /// The two after this one: HELLO with AUTH.
    After(usize),
    /// These: the values of passwords in CONFIG SET.
    At(Vec<usize>),
}

impl Secrets {
    pub(super) fn of(command: &Command, args: Args<'_>) -> Secrets {
        match command.handler {
            Handler::Server(ServerCommand::Auth) => Secrets::From(1),
            Handler::Server(ServerCommand::Hello) => {
                let auth = (2..args.len()).find(|&index| args[index].eq_ignore_ascii_case(b"AUTH"));
                auth.map_or(Secrets::None, Secrets::After)
            }
            Handler::Server(ServerCommand::Config) if command.name == "set" => {
                let values = (3..args.len()).step_by(2).filter(|&index| is_sensitive(&args[index - 1]));
                Secrets::At(values.collect())
            }
            _ => Secrets::None,
        }
    }

    pub(super) fn has(&self, index: usize) -> bool {
        match self {
            Secrets::None => false,
            Secrets::From(first) => index >= *first,
            Secrets::After(word) => index == word + 1 || index == word + 2,
            Secrets::At(places) => places.contains(&index),
        }
    }
}

/// True for a directive whose value is kept out of logs.
fn is_sensitive(name: &[u8]) -> bool {
    directives().any(|directive| {
        directive.sensitive && directive.names().any(|known| name.eq_ignore_ascii_case(known.as_bytes()))
    })
}

#[cfg(test)]
mod tests {
    use alloc::string::String;

    use super::super::bench::Bench;

    fn seen(bench: &mut Bench, monitor: crate::port::ConnId) -> String {
        String::from_utf8_lossy(&bench.take_received(monitor)).replace("\r\n", " ")
    }

    #[test]
    fn a_monitor_sees_what_is_carried_out_with_its_time_database_and_sender() {
        let mut bench = Bench::new();
        let monitor = bench.connect();
        assert_eq!(bench.run_on(monitor, "MONITOR"), "+OK ");
        for (line, shown) in [
            ("SET k v", "+1700000000.000000 [0 127.0.0.1:50000] \"SET\" \"k\" \"v\" "),
            (
                "set k \"a\\\"\\\\\\n\\x01\\xff\"",
                "+1700000000.000000 [0 127.0.0.1:50000] \"set\" \"k\" \"a\\\"\\\\\\n\\x01\\xff\" ",
            ),
            ("SELECT 3", "+1700000000.000000 [3 127.0.0.1:50000] \"SELECT\" \"3\" "),
            ("AUTH a b", "+1700000000.000000 [3 127.0.0.1:50000] \"AUTH\" \"(redacted)\" \"(redacted)\" "),
            (
                "HELLO 3 AUTH u p SETNAME n",
                "+1700000000.000000 [3 127.0.0.1:50000] \"HELLO\" \"3\" \"AUTH\" \"(redacted)\" \"(redacted)\" \"SETNAME\" \"n\" ",
            ),
            ("CONFIG GET port", ""),
            ("NOSUCH", ""),
            ("GET", ""),
        ] {
            bench.run(line);
            assert_eq!(seen(&mut bench, monitor), shown, "{line}");
        }
    }

    #[test]
    fn the_microseconds_of_a_time_have_six_digits() {
        for (micros, text) in
            [(5, "+0.000005"), (1_000_042, "+1.000042"), (2_100_000, "+2.100000"), (999_999, "+0.999999")]
        {
            let mut line = alloc::vec::Vec::new();
            super::push_head(&mut line, micros, 0, b"a");
            assert_eq!(String::from_utf8_lossy(&line), alloc::format!("{text} [0 a]"));
        }
    }

    #[test]
    fn a_transaction_is_shown_command_by_command_and_its_exec_last() {
        let mut bench = Bench::new();
        let monitor = bench.connect();
        bench.run_on(monitor, "MONITOR");
        for line in ["MULTI", "SET k v", "GET k", "EXEC"] {
            bench.run(line);
        }
        let all = seen(&mut bench, monitor);
        let words: alloc::vec::Vec<&str> =
            all.split("50000] ").skip(1).map(|rest| rest.split(' ').next().unwrap()).collect();
        assert_eq!(words, ["\"MULTI\"", "\"SET\"", "\"GET\"", "\"EXEC\""]);
    }

    #[test]
    fn a_monitor_may_not_touch_data_and_reset_makes_it_a_client_again() {
        let mut bench = Bench::new();
        let monitor = bench.connect();
        assert_eq!(bench.run("MULTI"), "+OK ");
        bench.run("MONITOR");
        assert_eq!(bench.run("EXEC"), "*1 -ERR MONITOR isn't allowed for DENY BLOCKING client ");
        bench.run_on(monitor, "MONITOR");
        assert_eq!(bench.run_on(monitor, "GET k"), "-ERR Replica can't interact with the keyspace ");
        assert!(bench.run("CLIENT LIST").contains(" flags=O "));
        assert!(bench.run_on(monitor, "RESET").ends_with("+RESET "));
        assert_eq!(bench.run_on(monitor, "GET k"), "$-1 ");
        bench.run("GET k");
        assert_eq!(seen(&mut bench, monitor), "");
        assert!(bench.node.monitors.is_empty());
    }

    #[test]
    fn a_monitor_of_a_replica_sees_the_master_s_stream() {
        let mut bench = Bench::new();
        bench.run("REPLICAOF 127.0.0.1 7000");
        let link = bench.answer_dial(true);
        for answer in ["+PONG", "+OK", "+OK", "+OK", "+CONTINUE 0123456789012345678901234567890123456789"] {
            bench.send(link, alloc::format!("{answer}\r\n").as_bytes());
        }
        bench.run("MONITOR");
        bench.send(link, b"*2\r\n$6\r\nSELECT\r\n$1\r\n2\r\n*1\r\n$5\r\nMULTI\r\n*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n*1\r\n$4\r\nEXEC\r\n");
        let client = bench.client;
        let all = seen(&mut bench, client);
        let shown: alloc::vec::Vec<&str> = all.split("+1700000000.000000 [2 127.0.0.1:50001] ").collect();
        assert_eq!(shown, ["", "\"SELECT\" \"2\" ", "\"MULTI\" ", "\"SET\" \"k\" \"v\" ", "\"EXEC\" "], "{all}");
    }

    #[test]
    fn a_monitor_that_leaves_is_forgotten() {
        let mut bench = Bench::new();
        let monitor = bench.connect();
        bench.run_on(monitor, "MONITOR");
        bench.hang_up(monitor);
        assert!(bench.node.monitors.is_empty());
    }
}
