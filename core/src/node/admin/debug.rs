//! DEBUG: what tests need, refused unless `enable-debug-command` allows it.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use crate::codec::double;
use crate::codec::number::{parse_i64, push_u64};
use crate::command::reply_error as reply;
use crate::command::{CommandError, Outcome};
use crate::keyspace::{NO_EXPIRY, SnapshotRules};
use crate::persistence::{Head, Loaded, Loader, push_header};
use crate::port::{Action, ConnId, Effects, Level, Note, Now};
use crate::resp::{Args, push_command};
use crate::value::StringValue;
use crate::value::rdb::push_value;

use super::super::Node;
use super::digest::Digest;

/// Bytes of a snapshot that RELOAD holds at once.
const RELOAD_BYTES: usize = 1 << 20;
/// OBJECT shows the clock of last use in as many bits as Redis keeps of it.
const LRU_CLOCK_MASK: u32 = (1 << 24) - 1;

/// What a subcommand is called with; its words are in `args[2..]`.
struct Call<'a> {
    conn: ConnId,
    args: Args<'a>,
    now: Now,
    effects: &'a mut Effects,
}

/// One subcommand.
struct Row {
    name: &'static str,
    /// The fewest and the most arguments, DEBUG and the name included.
    arity: (usize, usize),
    summary: &'static str,
    handler: fn(&mut Node, Call<'_>) -> Outcome,
}

const fn row(
    name: &'static str,
    arity: (usize, usize),
    summary: &'static str,
    handler: fn(&mut Node, Call<'_>) -> Outcome,
) -> Row {
    Row { name, arity, summary, handler }
}

const ROWS: &[Row] = &[
    row(
        "change-repl-id",
        (2, 2),
        "Begin a history with a new name and no memory of another",
        Node::debug_change_repl_id,
    ),
    row("digest", (2, 2), "Tell the digest of all data", Node::debug_digest),
    row("digest-value", (3, usize::MAX), "Tell the digest of each key's value", Node::debug_digest_value),
    row("error", (3, 3), "Answer with an error of these words", |_, call| {
        Err(CommandError::with(String::from_utf8_lossy(&call.args[2]).into_owned()))
    }),
    row("help", (2, 2), "Tell the subcommands", |node, call| {
        node.help_of(call.conn, "debug", ROWS.iter().map(|row| (row.name, row.summary)))
    }),
    row("log", (3, 3), "Write a line to the log", Node::debug_log),
    row("object", (3, 3), "Tell about a key's value", Node::debug_object),
    row(
        "populate",
        (3, 5),
        "Add keys: how many, the prefix of their names, the bytes of a value",
        Node::debug_populate,
    ),
    row("reload", (2, 2), "Write all data to a snapshot and load it again", Node::debug_reload),
    row("replicate", (3, usize::MAX), "Put a command into the stream as it is", Node::debug_replicate),
    row("set-active-expire", (3, 3), "Remove expired keys by themselves (1) or only when met (0)", Node::debug_expiry),
    row("sleep", (3, 3), "Stop the whole node for this many seconds", Node::debug_sleep),
];

impl Node {
    pub(super) fn debug(&mut self, conn: ConnId, args: Args<'_>, now: Now, effects: &mut Effects) -> Outcome {
        let found = ROWS.iter().find(|row| args[1].eq_ignore_ascii_case(row.name.as_bytes()));
        let row = found.filter(|row| (row.arity.0..=row.arity.1).contains(&args.len()));
        let row = row.ok_or_else(|| reply::unknown_debug_subcommand(&args[1]))?;
        (row.handler)(self, Call { conn, args, now, effects })
    }

    fn answer_ok(&mut self, conn: ConnId) -> Outcome {
        if let Some(connection) = self.connection(conn) {
            connection.reply().ok();
        }
        Ok(())
    }

    fn debug_change_repl_id(&mut self, call: Call<'_>) -> Outcome {
        self.history.id = self.new_replication_id();
        self.history.second = None;
        self.audit_boundary();
        let text = format!("Changing replication IDs after receiving change-repl-id: {}", self.history.id);
        call.effects.note(Note::Text { level: Level::Notice, text });
        self.answer_ok(call.conn)
    }

    fn debug_digest(&mut self, call: Call<'_>) -> Outcome {
        let digest = Digest::of_keyspace(&self.keyspace);
        if let Some(connection) = self.connection(call.conn) {
            connection.reply().simple(&format!("{digest}"));
        }
        Ok(())
    }

    fn debug_digest_value(&mut self, call: Call<'_>) -> Outcome {
        let Some(connection) = self.connections.get_mut(call.conn) else { return Ok(()) };
        let database = connection.database;
        let mut reply = connection.reply();
        reply.array(call.args.len() - 2);
        for key in call.args.iter_from(2) {
            let place = self.keyspace.locate(database, key);
            let digest = place.map_or_else(Digest::default, |place| Digest::of_value(self.keyspace.entry(place)));
            reply.simple(&format!("{digest}"));
        }
        Ok(())
    }

    fn debug_log(&mut self, call: Call<'_>) -> Outcome {
        let text = format!("DEBUG LOG: {}", String::from_utf8_lossy(&call.args[2]));
        call.effects.note(Note::Text { level: Level::Warning, text });
        self.answer_ok(call.conn)
    }

    /// OBJECT: in Redis's form. There is no address to tell, and values are not shared.
    fn debug_object(&mut self, call: Call<'_>) -> Outcome {
        let Some(connection) = self.connections.get_mut(call.conn) else { return Ok(()) };
        let place = self.keyspace.locate(connection.database, &call.args[2]).ok_or(reply::NO_SUCH_KEY)?;
        let entry = self.keyspace.entry(place);
        let mut serialized = Vec::new();
        push_value(&mut serialized, &entry.value, self.config.rdbcompression);
        let clock = (call.now.wall.0 / 1_000_000) as u32;
        let idle = clock.wrapping_sub(entry.usage) & LRU_CLOCK_MASK;
        let text = format!(
            "Value at:0x0 refcount:1 encoding:{} serializedlength:{} lru:{} lru_seconds_idle:{idle}",
            entry.value.encoding_name(),
            serialized.len(),
            entry.usage & LRU_CLOCK_MASK,
        );
        connection.reply().simple(&text);
        Ok(())
    }

    /// POPULATE count [prefix] [size]: not fed to replicas, and no change that a save point counts.
    fn debug_populate(&mut self, call: Call<'_>) -> Outcome {
        let positive = |index: usize| {
            let number = call.args.get(index).map_or(Some(0), parse_i64);
            number.and_then(|number| u64::try_from(number).ok()).ok_or(reply::MUST_BE_POSITIVE)
        };
        let (count, size) = (positive(2)?, positive(4)?);
        if size > self.config.proto_max_bulk_len {
            return Err(reply::STRING_TOO_LONG);
        }
        let prefix = call.args.get(3).unwrap_or(b"key");
        let database = self.connection(call.conn).map_or(0, |connection| connection.database);
        let clock = (call.now.wall.0 / 1_000_000) as u32;
        self.feed.begin(false);
        let (mut key, mut value) = (Vec::new(), Vec::new());
        for number in 0..count {
            key.clear();
            key.extend_from_slice(prefix);
            key.push(b':');
            push_u64(&mut key, number);
            if self.keyspace.locate(database, &key).is_some() {
                continue;
            }
            value.clear();
            value.extend_from_slice(b"value:");
            push_u64(&mut value, number);
            if size > 0 {
                value.resize(size as usize, 0);
            }
            self.keyspace.insert(database, &key, StringValue::from_text(&value).into(), NO_EXPIRY, clock);
        }
        self.end_unit(None);
        self.answer_ok(call.conn)
    }

    /// RELOAD: in memory, piece by piece. Nothing but the data is replaced: the position stays.
    fn debug_reload(&mut self, call: Call<'_>) -> Outcome {
        let loaded = self.serialise_and_load(call.now).map_err(|why| {
            call.effects.note(Note::Text { level: Level::Warning, text: why });
            reply::DEBUG_RELOAD_FAILED
        })?;
        self.keyspace.adopt(loaded.keyspace);
        self.audit_data_replaced();
        if self.keyspace.has_touches() {
            self.on_touches();
        }
        self.first_expiry_ms = None;
        self.answer_ok(call.conn)
    }

    fn serialise_and_load(&mut self, now: Now) -> Result<Loaded, String> {
        let mut header = Vec::new();
        push_header(
            &mut header,
            &Head {
                position: self.history.position(),
                stream_database: 0,
                wall_seconds: now.wall.seconds(),
                used_memory: 0,
                has_field_expiries: self.keyspace.has_field_expiries(),
            },
        );
        // Expired keys are kept: their removal must be fed, as ever.
        let rules = self.load_rules(None, now);
        let mut loader = Loader::new(self.keyspace.empty_twin(), rules);
        let how = SnapshotRules { compress: false, checksum: true, ..self.snapshot_rules(now) };
        let snapshot = self.keyspace.begin_snapshot(header, how);
        let mut outcome = Ok(());
        loop {
            self.keyspace.advance_snapshot(snapshot, usize::MAX, RELOAD_BYTES);
            let (bytes, is_last) = self.keyspace.take_snapshot_output(snapshot);
            outcome = outcome.and_then(|()| loader.feed(&bytes).map(|_| ()));
            if is_last || outcome.is_err() {
                break;
            }
        }
        self.keyspace.end_snapshot(snapshot);
        outcome.and_then(|()| loader.finish()).map_err(|error| format!("DEBUG RELOAD failed: {error}"))
    }

    /// REPLICATE: a replica has no stream of its own to put it into.
    fn debug_replicate(&mut self, call: Call<'_>) -> Outcome {
        let mut bytes = Vec::new();
        push_command(&mut bytes, call.args.iter_from(2));
        if self.follow.is_none()
            && let Some(log) = &mut self.history.log
        {
            log.append(&bytes);
            self.log_has_grown = true;
            self.audit_boundary();
        }
        self.answer_ok(call.conn)
    }

    fn debug_expiry(&mut self, call: Call<'_>) -> Outcome {
        self.is_active_expiry_on = parse_i64(&call.args[2]).unwrap_or(0) != 0;
        // The timer is looked at anew when this event ends.
        self.first_expiry_ms = None;
        self.answer_ok(call.conn)
    }

    fn debug_sleep(&mut self, call: Call<'_>) -> Outcome {
        let seconds = double::parse(&call.args[2]).unwrap_or(0.0);
        // What is negative, infinite or too long to tell is no time at all.
        let time = Duration::try_from_secs_f64(seconds).unwrap_or_default();
        self.timing.slept_nanoseconds = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        call.effects.push(Action::Sleep(time));
        self.answer_ok(call.conn)
    }
}

#[cfg(test)]
#[path = "debug_tests.rs"]
mod tests;
