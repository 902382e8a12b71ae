//! DEBUG: what tests need, refused unless `enable-debug-command` allows it.

mod inside;
mod protocol;

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use crate::codec::double;
use crate::codec::number::{parse_i64, push_u64};
use crate::command::reply_error as reply;
use crate::command::{CommandError, Outcome, reply_help};
use crate::keyspace::{NO_EXPIRY, SnapshotRules};
use crate::persistence::{Head, Loaded, Loader, push_header};
use crate::port::{Action, ConnId, Effects, Level, Now};
use crate::resp::{Args, push_command};
use crate::value::StringValue;

use super::super::Node;
use super::digest::Digest;

/// Bytes of a snapshot that RELOAD holds at once.
const RELOAD_BYTES: usize = 1 << 20;

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
    handler: fn(&mut Node, Call<'_>) -> Outcome,
}

const fn row(name: &'static str, arity: (usize, usize), handler: fn(&mut Node, Call<'_>) -> Outcome) -> Row {
    Row { name, arity, handler }
}

/// What is told of them stands with the HELP of all containers.
const ROWS: &[Row] = &[
    row("aof-flush-sleep", (3, 3), |_, _| Err(reply::NO_AOF)),
    row("assert", ANY, |_, _| Err(reply::DOES_NO_HARM)),
    row("change-repl-id", (2, 2), Node::debug_change_repl_id),
    row("client-eviction", (2, 2), Node::debug_client_eviction),
    row("clusterlink", (5, 5), |_, call| match call.args[2].eq_ignore_ascii_case(b"kill") {
        true => Err(reply::ONLY_IN_CLUSTERS),
        false => Err(reply::wrong_subcommand("debug", &call.args[1])),
    }),
    row("crash-and-recover", ANY, |_, _| Err(reply::DOES_NO_HARM)),
    row("digest", (2, 2), Node::debug_digest),
    row("digest-value", (2, usize::MAX), Node::debug_digest_value),
    row("error", (3, 3), |_, call| Err(CommandError::with(String::from_utf8_lossy(&call.args[2]).into_owned()))),
    row("help", (2, 2), |node, call| {
        if let Some(connection) = node.connection(call.conn) {
            reply_help(&mut connection.reply(), "debug");
        }
        Ok(())
    }),
    row("htstats", (3, 3), Node::debug_table_of_database),
    row("htstats-key", (3, 3), Node::debug_table_of_key),
    row("leak", (3, 3), |_, _| Err(reply::DOES_NO_HARM)),
    row("listpack", (3, 3), Node::debug_listpack),
    row("loadaof", (2, 2), |_, _| Err(reply::NO_AOF)),
    row("log", (3, 3), Node::debug_log),
    row("object", (3, 3), Node::debug_object),
    row("oom", ANY, |_, _| Err(reply::DOES_NO_HARM)),
    row("panic", ANY, |_, _| Err(reply::DOES_NO_HARM)),
    row("pause-cron", (3, 3), Node::debug_pause_cron),
    row("populate", (3, 5), Node::debug_populate),
    row("protocol", (3, 3), Node::debug_protocol),
    row("quicklist", (3, 4), Node::debug_quicklist),
    row("quicklist-packed-threshold", (3, 3), |node, call| match parse_i64(&call.args[2]) {
        Some(0) => node.answer_ok(call.conn),
        _ => Err(reply::PACKED_THRESHOLD_IS_FIXED),
    }),
    row("reload", (2, usize::MAX), Node::debug_reload),
    row("replicate", (3, usize::MAX), Node::debug_replicate),
    row("replybuffer", (4, 4), Node::debug_replybuffer),
    row("restart", ANY, |_, _| Err(reply::DOES_NO_HARM)),
    row("sdslen", (3, 3), Node::debug_string_length),
    row("segfault", ANY, |_, _| Err(reply::DOES_NO_HARM)),
    row("set-active-expire", (3, 3), Node::debug_expiry),
    // No script is run, so that none is denied anything.
    row("set-disable-deny-scripts", (3, 3), |node, call| node.answer_ok(call.conn)),
    row("sleep", (3, 3), Node::debug_sleep),
    row("structsize", (2, 2), Node::debug_sizes),
];

/// Any number of arguments.
const ANY: (usize, usize) = (2, usize::MAX);

impl Node {
    pub(super) fn debug(&mut self, conn: ConnId, args: Args<'_>, now: Now, effects: &mut Effects) -> Outcome {
        let found = ROWS.iter().find(|row| args[1].eq_ignore_ascii_case(row.name.as_bytes()));
        let row = found.filter(|row| (row.arity.0..=row.arity.1).contains(&args.len()));
        let row = row.ok_or_else(|| reply::wrong_subcommand("debug", &args[1]))?;
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
        self.note_place();
        self.audit_boundary();
        call.effects.say(Level::Notice, || {
            format!("Changing replication IDs after receiving change-repl-id: {}", self.history.id)
        });
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
        call.effects.say(Level::Warning, || format!("DEBUG LOG: {}", String::from_utf8_lossy(&call.args[2])));
        self.answer_ok(call.conn)
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

    /// CLIENT-EVICTION. Clients are not kept in classes by the memory they take: the greatest is looked for when one must go.
    fn debug_client_eviction(&mut self, _call: Call<'_>) -> Outcome {
        match self.config.maxmemory_clients.bytes(self.config.maxmemory) {
            0 => Err(reply::CLIENT_EVICTION_OFF),
            _ => Err(reply::NO_CLIENT_CLASSES),
        }
    }

    fn debug_pause_cron(&mut self, call: Call<'_>) -> Outcome {
        self.is_cron_paused = parse_i64(&call.args[2]).unwrap_or(0) != 0;
        self.answer_ok(call.conn)
    }

    /// REPLYBUFFER: queues of output have no peak that would be remembered, so that there is nothing to set.
    fn debug_replybuffer(&mut self, call: Call<'_>) -> Outcome {
        let is = |index: usize, word: &[u8]| call.args[index].eq_ignore_ascii_case(word);
        match () {
            () if is(2, b"RESIZING") => {}
            () if is(2, b"PEAK-RESET-TIME") && (is(3, b"NEVER") || is(3, b"RESET")) => {}
            () if is(2, b"PEAK-RESET-TIME") => drop(parse_i64(&call.args[3]).ok_or(reply::NOT_AN_INTEGER)?),
            () => return Err(reply::wrong_subcommand("debug", &call.args[1])),
        }
        self.answer_ok(call.conn)
    }

    /// RELOAD: in memory, piece by piece. Nothing but the data is replaced: the position stays.
    ///
    /// What has just been saved is merged into itself with MERGE, and changes nothing. Differs: with NOFLUSH alone Redis ends itself over the first
    /// key that it finds twice; and a file that is there is loaded at start alone, so that NOSAVE is refused.
    fn debug_reload(&mut self, call: Call<'_>) -> Outcome {
        let has = |word: &[u8]| call.args.iter_from(2).any(|option| option.eq_ignore_ascii_case(word));
        let known: [&[u8]; 3] = [b"MERGE", b"NOFLUSH", b"NOSAVE"];
        let is_known = |option: &[u8]| known.iter().any(|known| option.eq_ignore_ascii_case(known));
        if !call.args.iter_from(2).all(is_known) {
            return Err(reply::RELOAD_OPTIONS);
        }
        if has(b"NOSAVE") || (has(b"NOFLUSH") && !has(b"MERGE")) {
            return Err(reply::RELOAD_REFUSED);
        }
        let loaded = self.serialise_and_load(call.now).map_err(|why| {
            call.effects.say(Level::Warning, || why);
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
                is_aof_base: false,
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
