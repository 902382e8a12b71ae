//! How is a whole database listed, sampled, counted and emptied?

use alloc::vec::Vec;

use crate::codec::glob;
use crate::codec::number::{parse_i64, push_u64};
use crate::keyspace::Entry;
use crate::resp::Args;
use crate::value::Blob;

use crate::command::exec::{Exec, ExpiryRule, is_word};
use crate::command::reply_error::{DB_INDEX_OUT_OF_RANGE, INVALID_FIRST_DB, INVALID_SECOND_DB, SYNTAX};
use crate::command::scan_options::{ScanOptions, Scanned, parse_cursor, parse_options};
use crate::command::{Command, Group, Keys, Outcome};

/// Steps of SCAN per wished-for key: so many empty ones are taken before the client is given what there is, as in Redis.
const STEPS_PER_KEY_MAX: usize = 10;

/// Draws of RANDOMKEY that hit a key which is only hidden, after which one of those is told: as in Redis when all keys of
/// a replica have expired. Differs: Redis goes on without a bound as long as one key has no expiry.
const HIDDEN_DRAWS_MAX: u32 = 100;

pub(super) const COMMANDS: &[Command] = &[
    Command::data(Group::Generic, "keys", 2, "readonly", Keys::None, keys)
        .in_categories("keyspace dangerous")
        .tips("request_policy:all_shards nondeterministic_output_order")
        .docs("1.0.0", "O(N)", "Lists the keys that match a pattern"),
    Command::data(Group::Generic, "scan", -2, "readonly", Keys::None, scan)
        .tips("nondeterministic_output request_policy:special")
        .docs("2.8.0", "O(1)", "Lists keys a few at a time"),
    Command::data(Group::Generic, "randomkey", 1, "readonly", Keys::None, random_key)
        .tips("request_policy:all_shards nondeterministic_output")
        .docs("1.0.0", "O(1)", "Tells some key of the database"),
    Command::data(Group::Server, "dbsize", 1, "readonly fast", Keys::None, dbsize)
        .in_categories("keyspace")
        .tips("request_policy:all_shards response_policy:agg_sum")
        .docs("1.0.0", "O(1)", "Counts the keys of the database"),
    Command::data(Group::Server, "flushdb", -1, "write", Keys::None, flush_db)
        .in_categories("keyspace dangerous")
        .tips("request_policy:all_shards response_policy:all_succeeded")
        .docs("1.0.0", "O(N)", "Empties the database"),
    Command::data(Group::Server, "flushall", -1, "write", Keys::None, flush_all)
        .in_categories("keyspace dangerous")
        .tips("request_policy:all_shards response_policy:all_succeeded")
        .docs("1.0.0", "O(N)", "Empties all databases"),
    Command::data(Group::Server, "swapdb", 3, "write fast", Keys::None, swap_db)
        .in_categories("keyspace dangerous")
        .docs("4.0.0", "O(N)", "Lets two databases change places"),
];

/// True if an entry's time has come and the command must not show it.
fn is_due(entry: &Entry, rule: ExpiryRule, now_ms: i64) -> bool {
    rule != ExpiryRule::Ignore && entry.expires_ms < now_ms
}

fn keys(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let (pattern, rule, now_ms) = (&args[1], exec.expiry, exec.now_ms());
    let wants_all = pattern == b"*";
    let entries = exec.keyspace.iter(exec.database);
    let shown: Vec<&[u8]> = entries
        .filter(|entry| wants_all || glob::matches(pattern, &entry.key))
        .filter(|entry| !is_due(entry, rule, now_ms))
        .map(|entry| entry.key.as_slice())
        .collect();
    exec.reply.array(shown.len());
    for key in shown {
        exec.reply.bulk(key);
    }
    Ok(())
}

fn scan(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let cursor = parse_cursor(&args[1])?;
    let options = parse_options(args, 2, Scanned::Keys)?;
    let step = scan_step(exec, cursor, &options);
    if exec.expiry == ExpiryRule::Remove {
        for key in &step.due {
            exec.find(key);
        }
    }
    let mut digits = Vec::new();
    push_u64(&mut digits, step.next_cursor);
    exec.reply.array(2);
    exec.reply.bulk(&digits);
    exec.reply.array(step.shown.len());
    for key in &step.shown {
        exec.reply.bulk(key);
    }
    Ok(())
}

/// What one SCAN came by.
struct ScanStep {
    /// Keys for the client.
    shown: Vec<Blob>,
    /// Keys that match but whose time has come.
    due: Vec<Blob>,
    next_cursor: u64,
}

fn scan_step(exec: &Exec<'_>, cursor: u64, options: &ScanOptions<'_>) -> ScanStep {
    let (rule, now_ms) = (exec.expiry, exec.now_ms());
    let mut step = ScanStep { shown: Vec::new(), due: Vec::new(), next_cursor: cursor };
    let mut seen = 0;
    for _ in 0..options.count.saturating_mul(STEPS_PER_KEY_MAX) {
        step.next_cursor = exec.keyspace.scan(exec.database, step.next_cursor, |entry| {
            seen += 1;
            if options.pattern.is_some_and(|pattern| !glob::matches(pattern, &entry.key)) {
                return;
            }
            if is_due(entry, rule, now_ms) {
                step.due.push(entry.key.clone());
            } else if options.type_name.is_none_or(|name| is_type(entry, name)) {
                step.shown.push(entry.key.clone());
            }
        });
        if step.next_cursor == 0 || seen >= options.count {
            break;
        }
    }
    step
}

fn is_type(entry: &Entry, name: &[u8]) -> bool {
    name.eq_ignore_ascii_case(entry.value.type_name().as_bytes())
}

fn random_key(exec: &mut Exec<'_>, _args: Args<'_>) -> Outcome {
    let (rule, now_ms) = (exec.expiry, exec.now_ms());
    let mut hidden_draws = 0;
    // Each turn removes a key, or is counted, or is the last.
    loop {
        let Some(entry) = exec.keyspace.random_entry(exec.database, exec.random) else {
            exec.reply.null();
            return Ok(());
        };
        if !is_due(entry, rule, now_ms) || hidden_draws == HIDDEN_DRAWS_MAX {
            exec.reply.bulk(&entry.key);
            return Ok(());
        }
        if rule == ExpiryRule::Remove {
            let key = entry.key.clone();
            exec.find(&key);
        } else {
            hidden_draws += 1;
        }
    }
}

fn dbsize(exec: &mut Exec<'_>, _args: Args<'_>) -> Outcome {
    let count = exec.keyspace.len(exec.database);
    exec.reply.count(count);
    Ok(())
}

fn flush_db(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    check_flush_mode(args)?;
    let count = exec.keyspace.len(exec.database);
    exec.keyspace.flush(exec.database);
    end_flush(exec, count);
    Ok(())
}

fn flush_all(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    check_flush_mode(args)?;
    let count = exec.keyspace.total_len();
    for database in 0..exec.keyspace.database_count() {
        exec.keyspace.flush(database);
    }
    end_flush(exec, count);
    Ok(())
}

fn swap_db(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let index = |arg: &[u8]| parse_i64(arg).and_then(|number| i32::try_from(number).ok());
    let one = index(&args[1]).ok_or(INVALID_FIRST_DB)?;
    let other = index(&args[2]).ok_or(INVALID_SECOND_DB)?;
    let known = |index: i32| u32::try_from(index).ok().filter(|index| *index < exec.keyspace.database_count());
    let (one, other) = known(one).zip(known(other)).ok_or(DB_INDEX_OUT_OF_RANGE)?;
    exec.keyspace.swap(one, other);
    // A database that is swapped with itself counts, too, as in Redis.
    exec.changed(1);
    exec.reply.ok();
    Ok(())
}

/// At most one of ASYNC and SYNC. Both mean the same here: memory is always given back in the background.
fn check_flush_mode(args: Args<'_>) -> Outcome {
    match args.get(1) {
        None => Ok(()),
        Some(mode) if args.len() == 2 && (is_word(mode, "ASYNC") || is_word(mode, "SYNC")) => Ok(()),
        Some(_) => Err(SYNTAX),
    }
}

/// Replicas are told even if nothing was there: they may have something that should not be.
fn end_flush(exec: &mut Exec<'_>, count: usize) {
    exec.changed(count as u64);
    exec.feed.always();
    exec.reply.ok();
}

#[cfg(test)]
#[path = "database_tests.rs"]
mod tests;
