//! Hashes: setting, reading and removing fields by name.

use alloc::vec::Vec;

use crate::codec::long_double::LongDouble;
use crate::keyspace::{Keyspace, NO_EXPIRY, Place};
use crate::resp::Args;
use crate::value::hash::Text;
use crate::value::{Hash, Value};

use super::exec::{Exec, int_arg};
use super::reply_error::{
    HASH_NOT_A_FLOAT, HASH_NOT_AN_INTEGER, INCREMENT_NAN_OR_INFINITY, NAN_OR_INFINITY, NOT_A_FLOAT, OVERFLOW,
    WRONG_TYPE, wrong_arity,
};
use super::{Command, CommandError, Flags, Group, Handler, Keys, Outcome};

pub(super) const COMMANDS: &[Command] = &[
    Command {
        name: "hset",
        arity: -4,
        flags: Flags::WRITE.and(Flags::DENYOOM).and(Flags::FAST),
        keys: Keys::ONE,
        group: Group::Hash,
        since: "2.0.0",
        summary: "Set one or more fields of a hash",
        complexity: "O(1) for each field/value pair added, so O(N) to add N field/value pairs when the command is called with multiple field/value pairs.",
        handler: Handler::Data(hset),
        subcommands: &[],
    },
    Command {
        name: "hmset",
        arity: -4,
        flags: Flags::WRITE.and(Flags::DENYOOM).and(Flags::FAST),
        keys: Keys::ONE,
        group: Group::Hash,
        since: "2.0.0",
        summary: "Set one or more fields of a hash, replying OK",
        complexity: "O(N) where N is the number of fields being set.",
        handler: Handler::Data(hmset),
        subcommands: &[],
    },
    Command {
        name: "hsetnx",
        arity: 4,
        flags: Flags::WRITE.and(Flags::DENYOOM).and(Flags::FAST),
        keys: Keys::ONE,
        group: Group::Hash,
        since: "2.0.0",
        summary: "Set a field of a hash unless it is there",
        complexity: "O(1)",
        handler: Handler::Data(hsetnx),
        subcommands: &[],
    },
    Command {
        name: "hget",
        arity: 3,
        flags: Flags::READONLY.and(Flags::FAST),
        keys: Keys::ONE,
        group: Group::Hash,
        since: "2.0.0",
        summary: "Get the value of a field of a hash",
        complexity: "O(1)",
        handler: Handler::Data(hget),
        subcommands: &[],
    },
    Command {
        name: "hmget",
        arity: -3,
        flags: Flags::READONLY.and(Flags::FAST),
        keys: Keys::ONE,
        group: Group::Hash,
        since: "2.0.0",
        summary: "Get the values of several fields of a hash",
        complexity: "O(N) where N is the number of fields being requested.",
        handler: Handler::Data(hmget),
        subcommands: &[],
    },
    Command {
        name: "hgetall",
        arity: 2,
        flags: Flags::READONLY,
        keys: Keys::ONE,
        group: Group::Hash,
        since: "2.0.0",
        summary: "Get all fields of a hash and their values",
        complexity: "O(N) where N is the size of the hash.",
        handler: Handler::Data(hgetall),
        subcommands: &[],
    },
    Command {
        name: "hdel",
        arity: -3,
        flags: Flags::WRITE.and(Flags::FAST),
        keys: Keys::ONE,
        group: Group::Hash,
        since: "2.0.0",
        summary: "Remove fields of a hash, and the key with the last one",
        complexity: "O(N) where N is the number of fields to be removed.",
        handler: Handler::Data(hdel),
        subcommands: &[],
    },
    Command {
        name: "hlen",
        arity: 2,
        flags: Flags::READONLY.and(Flags::FAST),
        keys: Keys::ONE,
        group: Group::Hash,
        since: "2.0.0",
        summary: "Count the fields of a hash",
        complexity: "O(1)",
        handler: Handler::Data(hlen),
        subcommands: &[],
    },
    Command {
        name: "hstrlen",
        arity: 3,
        flags: Flags::READONLY.and(Flags::FAST),
        keys: Keys::ONE,
        group: Group::Hash,
        since: "3.2.0",
        summary: "Get the length of the value of a field of a hash",
        complexity: "O(1)",
        handler: Handler::Data(hstrlen),
        subcommands: &[],
    },
    Command {
        name: "hexists",
        arity: 3,
        flags: Flags::READONLY.and(Flags::FAST),
        keys: Keys::ONE,
        group: Group::Hash,
        since: "2.0.0",
        summary: "Tell whether a hash has a field",
        complexity: "O(1)",
        handler: Handler::Data(hexists),
        subcommands: &[],
    },
    Command {
        name: "hkeys",
        arity: 2,
        flags: Flags::READONLY,
        keys: Keys::ONE,
        group: Group::Hash,
        since: "2.0.0",
        summary: "Get the names of all fields of a hash",
        complexity: "O(N) where N is the size of the hash.",
        handler: Handler::Data(hkeys),
        subcommands: &[],
    },
    Command {
        name: "hvals",
        arity: 2,
        flags: Flags::READONLY,
        keys: Keys::ONE,
        group: Group::Hash,
        since: "2.0.0",
        summary: "Get the values of all fields of a hash",
        complexity: "O(N) where N is the size of the hash.",
        handler: Handler::Data(hvals),
        subcommands: &[],
    },
    Command {
        name: "hincrby",
        arity: 4,
        flags: Flags::WRITE.and(Flags::DENYOOM).and(Flags::FAST),
        keys: Keys::ONE,
        group: Group::Hash,
        since: "2.0.0",
        summary: "Add an integer to a field of a hash",
        complexity: "O(1)",
        handler: Handler::Data(hincrby),
        subcommands: &[],
    },
    Command {
        name: "hincrbyfloat",
        arity: 4,
        flags: Flags::WRITE.and(Flags::DENYOOM).and(Flags::FAST),
        keys: Keys::ONE,
        group: Group::Hash,
        since: "2.6.0",
        summary: "Add a floating-point number to a field of a hash",
        complexity: "O(1)",
        handler: Handler::Data(hincrbyfloat),
        subcommands: &[],
    },
];

fn hset(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let added = set_pairs(exec, args, "hset")?;
    exec.reply.count(added);
    Ok(())
}

fn hmset(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    set_pairs(exec, args, "hmset")?;
    exec.reply.ok();
    Ok(())
}

fn hsetnx(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let place = exec.find(&args[1]);
    if let Some(place) = place
        && exec.hash(place)?.contains(&args[2])
    {
        exec.reply.int(0);
        return Ok(());
    }
    set_fields(exec, args, place)?;
    exec.changed(1);
    exec.reply.int(1);
    Ok(())
}

fn hget(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let Some(place) = exec.find_to_read(&args[1]) else {
        exec.reply.null();
        return Ok(());
    };
    match stored_hash(exec.keyspace, place)?.get(&args[2]) {
        Some(value) => value.reply_to(&mut exec.reply),
        None => exec.reply.null(),
    }
    Ok(())
}

fn hmget(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let hash = match exec.find_to_read(&args[1]) {
        Some(place) => Some(stored_hash(exec.keyspace, place)?),
        None => None,
    };
    let names = args.iter_from(2);
    exec.reply.array(names.len());
    for name in names {
        match hash.and_then(|hash| hash.get(name)) {
            Some(value) => value.reply_to(&mut exec.reply),
            None => exec.reply.null(),
        }
    }
    Ok(())
}

fn hgetall(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let Some(place) = exec.find_to_read(&args[1]) else {
        exec.reply.map(0);
        return Ok(());
    };
    let hash = stored_hash(exec.keyspace, place)?;
    let reply = &mut exec.reply;
    reply.map(hash.len());
    hash.for_each(|name, value| {
        name.reply_to(reply);
        value.reply_to(reply);
    });
    Ok(())
}

fn hdel(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let Some(place) = exec.find(&args[1]) else {
        exec.reply.int(0);
        return Ok(());
    };
    let hash = exec.hash(place)?;
    // Only a removal is a change: whoever watches the key is not told of less.
    let is_there = |name: &[u8]| hash.contains(name);
    let Some(first) = args.iter_from(2).position(is_there) else {
        exec.reply.int(0);
        return Ok(());
    };
    let hash = exec.hash_mut(place)?;
    let removed = args.iter_from(2 + first).filter(|name| hash.remove(name)).count();
    let is_empty = hash.is_empty();
    if is_empty {
        exec.keyspace.remove(place);
    }
    exec.changed(removed as u64);
    exec.reply.count(removed);
    Ok(())
}

fn hlen(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let len = match exec.find_to_read(&args[1]) {
        Some(place) => exec.hash(place)?.len(),
        None => 0,
    };
    exec.reply.count(len);
    Ok(())
}

fn hstrlen(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let len = match exec.find_to_read(&args[1]) {
        Some(place) => exec.hash(place)?.get(&args[2]).map_or(0, |value| value.len()),
        None => 0,
    };
    exec.reply.count(len);
    Ok(())
}

fn hexists(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let is_there = match exec.find_to_read(&args[1]) {
        Some(place) => exec.hash(place)?.contains(&args[2]),
        None => false,
    };
    exec.reply.int(i64::from(is_there));
    Ok(())
}

fn hkeys(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    list(exec, args, |name, _| name)
}

fn hvals(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    list(exec, args, |_, value| value)
}

fn hincrby(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let increment = int_arg(&args[3])?;
    let place = exec.find(&args[1]);
    let before = match field_at(exec, place, &args[2])? {
        Some(value) => value.to_i64().ok_or(HASH_NOT_AN_INTEGER)?,
        None => 0,
    };
    let after = before.checked_add(increment).ok_or(OVERFLOW)?;
    let mut digits = itoa::Buffer::new();
    set_field(exec, &args[1], place, [&args[2], digits.format(after).as_bytes()])?;
    exec.changed(1);
    exec.reply.int(after);
    Ok(())
}

/// Fed as the HSET of its result: a replica must not calculate with floating-point numbers of its own.
fn hincrbyfloat(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let increment = LongDouble::parse(&args[3]).ok_or(NOT_A_FLOAT)?;
    if !increment.is_finite() {
        return Err(INCREMENT_NAN_OR_INFINITY);
    }
    let place = exec.find(&args[1]);
    let sum = match field_at(exec, place, &args[2])? {
        Some(value) => value.with_bytes(LongDouble::parse).ok_or(HASH_NOT_A_FLOAT)? + increment,
        None => increment,
    };
    if !sum.is_finite() {
        return Err(NAN_OR_INFINITY);
    }
    let mut text = Vec::new();
    sum.push_human(&mut text);
    set_field(exec, &args[1], place, [&args[2], &text])?;
    exec.changed(1);
    let effect: [&[u8]; 4] = [b"HSET", &args[1], &args[2], &text];
    exec.feed.instead(exec.database, effect);
    exec.reply.bulk(&text);
    Ok(())
}

/// The hash at a place, borrowed from the keyspace alone, so that the reply can be written meanwhile.
pub(super) fn stored_hash(keyspace: &Keyspace, place: Place) -> Result<&Hash, CommandError> {
    match &keyspace.entry(place).value {
        Value::Hash(hash) => Ok(hash),
        _ => Err(WRONG_TYPE),
    }
}

/// Sets the pairs from argument 2 on; returns how many fields are new. Each pair counts as a change, even if it is one already.
fn set_pairs(exec: &mut Exec<'_>, args: Args<'_>, name: &str) -> Result<usize, CommandError> {
    if !args.len().is_multiple_of(2) {
        return Err(wrong_arity(name));
    }
    let place = exec.find(&args[1]);
    let added = set_fields(exec, args, place)?;
    exec.changed((args.len() as u64 - 2) / 2);
    Ok(added)
}

/// Sets the pairs from argument 2 on in the hash at `place`, or in a new one; returns how many fields are new.
fn set_fields(exec: &mut Exec<'_>, args: Args<'_>, place: Option<Place>) -> Result<usize, CommandError> {
    set_texts(exec, &args[1], place, args.iter_from(2))
}

fn set_field(exec: &mut Exec<'_>, key: &[u8], place: Option<Place>, pair: [&[u8]; 2]) -> Result<usize, CommandError> {
    set_texts(exec, key, place, pair.into_iter())
}

fn set_texts<'a>(
    exec: &mut Exec<'_>,
    key: &[u8],
    place: Option<Place>,
    texts: impl Iterator<Item = &'a [u8]> + Clone,
) -> Result<usize, CommandError> {
    let (limits, order) = (exec.hash_limits(), exec.keyspace.order());
    let set_all = |hash: &mut Hash| {
        hash.make_room(texts.clone(), &limits, order);
        let mut texts = texts;
        let mut added = 0;
        while let (Some(name), Some(value)) = (texts.next(), texts.next()) {
            added += usize::from(hash.set(name, value, &limits, order));
        }
        added
    };
    if let Some(place) = place {
        return Ok(set_all(exec.hash_mut(place)?));
    }
    let mut hash = Hash::default();
    let added = set_all(&mut hash);
    exec.insert(key, hash, NO_EXPIRY);
    Ok(added)
}

/// A field of the hash at `place`, if both are there.
fn field_at<'a>(exec: &'a Exec<'_>, place: Option<Place>, name: &[u8]) -> Result<Option<Text<'a>>, CommandError> {
    match place {
        Some(place) => Ok(exec.hash(place)?.get(name)),
        None => Ok(None),
    }
}

/// Replies with one text of each field.
fn list(exec: &mut Exec<'_>, args: Args<'_>, choose: impl for<'t> Fn(Text<'t>, Text<'t>) -> Text<'t>) -> Outcome {
    let Some(place) = exec.find_to_read(&args[1]) else {
        exec.reply.array(0);
        return Ok(());
    };
    let hash = stored_hash(exec.keyspace, place)?;
    let reply = &mut exec.reply;
    reply.array(hash.len());
    hash.for_each(|name, value| choose(name, value).reply_to(reply));
    Ok(())
}

#[cfg(test)]
#[path = "hash_tests.rs"]
mod tests;
