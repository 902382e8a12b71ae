//! MULTI, EXEC, DISCARD and WATCH.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::ops::Range;

use super::Node;
use super::dispatch::Call;
use super::gates::resolve;
use crate::command::reply_error as reply;
use crate::command::{Command, CommandError, Flags, Handler, ServerCommand};
use crate::keyspace::{Keyspace, Touch};
use crate::port::ConnId;
use crate::port::{Effects, Now};
use crate::resp::Args;
use crate::value::Blob;
use alloc::boxed::Box;

/// A command waiting for EXEC.
#[derive(Clone, Debug)]
pub(crate) struct Queued {
    /// Of the row that counts for it.
    pub(crate) number: u16,
    pub(crate) command: &'static Command,
    spans: Vec<Range<u32>>,
    bytes: Vec<u8>,
}

impl Queued {
    pub(crate) fn new(number: u16, command: &'static Command, args: Args<'_>) -> Queued {
        let mut bytes = Vec::with_capacity(args.iter().map(<[u8]>::len).sum());
        let mut spans = Vec::with_capacity(args.len());
        for arg in args.iter() {
            let start = bytes.len() as u32;
            bytes.extend_from_slice(arg);
            spans.push(start..bytes.len() as u32);
        }
        Queued { number, command, spans, bytes }
    }

    /// A request of these words.
    pub(crate) fn from_words(number: u16, command: &'static Command, words: &[Vec<u8>]) -> Queued {
        let bytes = words.concat();
        let mut end = 0;
        let spans = words.iter().map(|word| {
            let start = end;
            end += word.len() as u32;
            start..end
        });
        Queued { number, command, spans: spans.collect(), bytes }
    }

    /// The flags of its row, or of its subcommand's.
    pub(crate) fn flags(&self) -> Flags {
        resolve(self.command, self.args()).map_or(self.command.flags, |command| command.flags)
    }

    pub(crate) fn args(&self) -> Args<'_> {
        Args::new(&self.bytes, &self.spans)
    }

    /// Memory held, in bytes.
    pub(crate) fn memory_bytes(&self) -> usize {
        size_of::<Queued>() + self.bytes.capacity() + self.spans.capacity() * size_of::<Range<u32>>()
    }
}

/// A connection between MULTI and EXEC.
#[derive(Clone, Debug, Default)]
pub(crate) struct Transaction {
    pub(crate) queue: Vec<Queued>,
    /// A command was refused: EXEC will be, too.
    pub(crate) is_broken: bool,
}

/// A connection that watches a key.
#[derive(Clone, Copy, Debug)]
struct Watcher {
    conn: ConnId,
    /// The key was there when the watch began, and its time had not come.
    has_existed: bool,
    /// It was there though its time had come: that it goes changes nothing.
    was_expired: bool,
}

/// What is to be found of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum KeyState {
    Missing,
    Alive,
    /// Its time has come, and nobody has removed it yet.
    Expired,
}

fn key_state(keyspace: &Keyspace, database: u32, key: &[u8], now: Now) -> KeyState {
    match keyspace.locate(database, key).map(|place| keyspace.entry(place).expires_ms) {
        None => KeyState::Missing,
        Some(expires_ms) if expires_ms < now.wall.millis() => KeyState::Expired,
        Some(_) => KeyState::Alive,
    }
}

/// Who watches which key.
#[derive(Clone, Debug, Default)]
pub(crate) struct Watches {
    by_key: BTreeMap<(u32, Blob), Vec<Watcher>>,
    by_conn: BTreeMap<ConnId, Vec<(u32, Blob)>>,
    /// Connections of which a watched key has changed.
    broken: BTreeSet<ConnId>,
}

impl Watches {
    /// True if nobody watches anything.
    pub(crate) fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }

    /// True if something that a connection watches has changed.
    pub(crate) fn is_broken(&self, conn: ConnId) -> bool {
        self.broken.contains(&conn)
    }

    fn watch(&mut self, conn: ConnId, database: u32, key: &[u8], state: KeyState) {
        let place = (database, Blob::new(key));
        let watched = self.by_conn.entry(conn).or_default();
        if !watched.contains(&place) {
            watched.push(place.clone());
            let has_existed = state == KeyState::Alive;
            let was_expired = state == KeyState::Expired;
            self.by_key.entry(place).or_default().push(Watcher { conn, has_existed, was_expired });
        }
    }

    /// True if the time of a key that a connection watches has come meanwhile.
    fn has_expired(&self, conn: ConnId, keyspace: &Keyspace, now: Now) -> bool {
        let watched = self.by_conn.get(&conn).into_iter().flatten();
        watched.filter(|(database, key)| key_state(keyspace, *database, key, now) == KeyState::Expired).any(|place| {
            let watchers = self.by_key.get(place).into_iter().flatten();
            watchers.filter(|watcher| watcher.conn == conn).any(|watcher| !watcher.was_expired)
        })
    }

    /// Forgets what a connection watches; true if none of it had changed.
    pub(crate) fn unwatch(&mut self, conn: ConnId) -> bool {
        for place in self.by_conn.remove(&conn).unwrap_or_default() {
            if let Some(watchers) = self.by_key.get_mut(&place) {
                watchers.retain(|watcher| watcher.conn != conn);
                if watchers.is_empty() {
                    self.by_key.remove(&place);
                }
            }
        }
        !self.broken.remove(&conn)
    }

    /// Takes note of a change, after which `keyspace` is as it is.
    pub(crate) fn on_touch(&mut self, touch: &Touch, keyspace: &Keyspace) {
        match touch {
            Touch::Key(database, key) => {
                let Some(watchers) = self.by_key.get_mut(&(*database, key.clone())) else { return };
                let has_gone = keyspace.locate(*database, key).is_none();
                for watcher in watchers {
                    if watcher.was_expired && has_gone {
                        watcher.was_expired = false;
                    } else {
                        self.broken.insert(watcher.conn);
                    }
                }
            }
            // A key that was not there is as it was.
            Touch::Emptied(database) => self.on_database(*database, |_, watcher| watcher.has_existed),
            Touch::Replaced(database) => self.on_database(*database, |_, _| true),
            // A key that is in neither of them is as it was.
            Touch::Swapped(one, other) => {
                let is_there = |key: &[u8]| [one, other].iter().any(|index| keyspace.locate(**index, key).is_some());
                for database in [one, other] {
                    self.on_database(*database, |key, watcher| watcher.has_existed || is_there(key));
                }
            }
        }
    }

    fn on_database(&mut self, database: u32, is_broken: impl Fn(&[u8], &Watcher) -> bool) {
        let watched = self.by_key.range((database, Blob::new(b""))..).take_while(|((index, _), _)| *index == database);
        for ((_, key), watchers) in watched {
            let broken = watchers.iter().filter(|watcher| is_broken(key, watcher));
            self.broken.extend(broken.map(|watcher| watcher.conn));
        }
    }
}

impl Node {
    /// MULTI.
    pub(super) fn multi(&mut self, conn: ConnId) -> Result<(), CommandError> {
        let Some(connection) = self.connections.get_mut(conn) else { return Ok(()) };
        if connection.transaction.is_some() {
            return Err(reply::NESTED_MULTI);
        }
        connection.transaction = Some(Box::<Transaction>::default());
        connection.reply().ok();
        Ok(())
    }

    /// DISCARD.
    pub(super) fn discard(&mut self, conn: ConnId) -> Result<(), CommandError> {
        let Some(connection) = self.connections.get_mut(conn) else { return Ok(()) };
        connection.transaction.take().ok_or(reply::DISCARD_WITHOUT_MULTI)?;
        connection.reply().ok();
        self.watches.unwatch(conn);
        self.observe_if_needed();
        Ok(())
    }

    /// WATCH.
    pub(super) fn watch(&mut self, conn: ConnId, args: Args<'_>, now: Now) -> Result<(), CommandError> {
        let Some(connection) = self.connections.get_mut(conn) else { return Ok(()) };
        if connection.transaction.is_some() {
            return Err(reply::WATCH_IN_MULTI);
        }
        connection.reply().ok();
        let database = connection.database;
        for key in args.iter_from(1) {
            let state = key_state(&self.keyspace, database, key, now);
            self.watches.watch(conn, database, key, state);
        }
        self.observe_if_needed();
        Ok(())
    }

    /// UNWATCH.
    pub(super) fn unwatch(&mut self, conn: ConnId) -> Result<(), CommandError> {
        self.watches.unwatch(conn);
        self.observe_if_needed();
        if let Some(connection) = self.connections.get_mut(conn) {
            connection.reply().ok();
        }
        Ok(())
    }

    /// EXEC: the whole queue is one unit of execution.
    pub(super) fn exec(&mut self, conn: ConnId, now: Now, effects: &mut Effects) -> Result<(), CommandError> {
        let Some(connection) = self.connections.get_mut(conn) else { return Ok(()) };
        let transaction = connection.transaction.take().ok_or(reply::EXEC_WITHOUT_MULTI)?;
        let has_expired = self.watches.has_expired(conn, &self.keyspace, now);
        let is_untouched = self.watches.unwatch(conn) && !has_expired;
        self.observe_if_needed();
        if transaction.is_broken {
            return Err(reply::EXEC_ABORT);
        }
        let Some(connection) = self.connections.get_mut(conn) else { return Ok(()) };
        if !is_untouched {
            connection.reply().null_array();
            return Ok(());
        }
        connection.reply().array(transaction.queue.len());
        self.is_executing = true;
        self.begin_unit();
        for queued in &transaction.queue {
            let call = Call { args: queued.args(), canonical: None };
            let Ok(command) = resolve(queued.command, call.args) else { continue };
            match command.handler {
                Handler::Data(_) => {
                    let read = self.audit_before_read(conn, command, call.args, now);
                    self.call_data(conn, queued.number, command, call, now);
                    self.audit_read(read);
                }
                Handler::Server(server) => {
                    // A change of role ends a history: what was done before belongs to the one that ends there.
                    let ends_unit = matches!(server, ServerCommand::ReplicaOf | ServerCommand::Debug);
                    if ends_unit {
                        self.end_unit(None);
                    }
                    self.call_server(conn, queued.number, command, call.args, now, effects);
                    if ends_unit {
                        self.begin_unit();
                    }
                }
                Handler::Container => {}
            }
            self.show_to_monitors(conn, command, call.args, now);
            self.remember_reads(conn, command, call.args);
        }
        self.is_executing = false;
        self.end_unit(None);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::bench::Bench;

    #[test]
    fn a_transaction_is_queued_and_executed_as_one() {
        let mut bench = Bench::new();
        assert_eq!(bench.run("MULTI"), "+OK ");
        assert_eq!(bench.run("SET k 1"), "+QUEUED ");
        assert_eq!(bench.run("INCR k"), "+QUEUED ");
        assert_eq!(bench.run("GET k"), "+QUEUED ");
        assert_eq!(bench.run("EXEC"), "*3 +OK :2 $1 2 ");
        assert_eq!(bench.run("EXEC"), "-ERR EXEC without MULTI ");
    }

    #[test]
    fn an_error_while_queueing_refuses_the_whole() {
        let mut bench = Bench::new();
        bench.run("MULTI");
        assert_eq!(bench.run("NOSUCH"), "-ERR unknown command 'NOSUCH', with args beginning with:  ");
        assert_eq!(bench.run("SET k 1"), "+QUEUED ");
        assert_eq!(bench.run("EXEC"), "-EXECABORT Transaction discarded because of previous errors. ");
        assert_eq!(bench.run("EXISTS k"), ":0 ");
    }

    #[test]
    fn a_watched_key_that_changes_refuses_the_transaction() {
        let mut bench = Bench::new();
        let other = bench.connect();
        bench.run("SET k 1");
        bench.run("WATCH k");
        bench.run_on(other, "SET k 2");
        bench.run("MULTI");
        bench.run("SET k 3");
        assert_eq!(bench.run("EXEC"), "*-1 ");
        assert_eq!(bench.run("GET k"), "$1 2 ");

        // What was watched is forgotten with the transaction.
        bench.run("MULTI");
        bench.run("SET k 4");
        assert_eq!(bench.run("EXEC"), "*1 +OK ");
    }

    #[test]
    fn a_watched_key_whose_time_comes_refuses_the_transaction_and_one_whose_time_had_come_does_not() {
        use core::time::Duration;
        let mut bench = Bench::new();
        bench.run("DEBUG SET-ACTIVE-EXPIRE 0");
        bench.run("SET k 1 PX 20");
        bench.run("WATCH k");
        bench.run("MULTI");
        bench.run("SET k mine");
        bench.pass(Duration::from_millis(60));
        assert_eq!(bench.run("EXEC"), "*-1 ");
        // Still there, and dead: that it goes changes nothing; that it comes back does.
        for (between, told) in [("GET k", "*1 +PONG "), ("FLUSHALL", "*1 +PONG "), ("SET k 2", "*-1 ")] {
            bench.run("SET k 1 PX 5");
            bench.pass(Duration::from_millis(20));
            bench.run("WATCH k");
            bench.run(between);
            bench.run("MULTI");
            bench.run("PING");
            assert_eq!(bench.run("EXEC"), told, "{between}");
        }
    }

    #[test]
    fn databases_that_change_places_break_the_watch_of_a_key_that_is_in_either() {
        for (setup, answer) in [
            ("PING", "*1 +PONG "),
            ("SET other 1", "*1 +PONG "),
            ("SET k 1", "*-1 "),
            ("MULTI\nSELECT 1\nSET k 1\nEXEC", "*-1 "),
            ("MULTI\nSELECT 2\nSET k 1\nEXEC", "*1 +PONG "),
        ] {
            let mut bench = Bench::new();
            let other = bench.connect();
            for line in setup.split('\n') {
                bench.run_on(other, line);
            }
            bench.run("WATCH k");
            bench.run_on(other, "SWAPDB 0 1");
            bench.run("MULTI");
            bench.run("PING");
            assert_eq!(bench.run("EXEC"), answer, "{setup}");
        }
    }

    #[test]
    fn a_data_set_that_is_loaded_anew_refuses_the_transactions_of_those_who_watched_it() {
        let mut bench = Bench::new();
        for line in ["SET k 1", "WATCH k", "DEBUG RELOAD", "MULTI", "PING"] {
            bench.run(line);
        }
        assert_eq!(bench.run("EXEC"), "*-1 ");
    }

    #[test]
    fn unwatch_and_discard_forget_what_is_watched() {
        for forget in ["UNWATCH", "MULTI\nDISCARD"] {
            let mut bench = Bench::new();
            let other = bench.connect();
            bench.run("WATCH k");
            for line in forget.split('\n') {
                bench.run(line);
            }
            bench.run_on(other, "SET k 2");
            bench.run("MULTI");
            bench.run("SET k 3");
            assert_eq!(bench.run("EXEC"), "*1 +OK ", "{forget}");
        }
    }
}
