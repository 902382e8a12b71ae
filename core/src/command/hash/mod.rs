//! Hashes: setting, reading and removing fields by name.

pub(super) mod alive;
mod expire;
mod field_args;
mod fields;
mod scan;

use alloc::vec::Vec;

use crate::codec::long_double::LongDouble;
use crate::keyspace::{NO_EXPIRY, Place};
use crate::resp::Args;
use crate::value::Hash;
use crate::value::Text;

use crate::command::exec::{Exec, int_arg, stored};
use crate::command::reply_error::{
    HASH_NOT_A_FLOAT, HASH_NOT_AN_INTEGER, INCREMENT_NAN_OR_INFINITY, NAN_OR_INFINITY, NOT_A_FLOAT, OVERFLOW,
    wrong_arity,
};
use crate::command::{Class, Command, CommandError, Group, Keys, Outcome};

use alive::{find_fields, find_fields_to_read};

/// All commands of the family, file by file.
pub(super) const FAMILY: &[&[Command]] = &[COMMANDS, scan::COMMANDS, expire::COMMANDS, fields::COMMANDS];

const COMMANDS: &[Command] =
    &[
        Command::data(Group::Hash, "hset", -4, "write denyoom fast", Keys::ONE, hset).access("RW update").docs(
            "2.0.0",
            "O(1)",
            "Set one or more fields of a hash",
        ),
        Command::data(Group::Hash, "hmset", -4, "write denyoom fast", Keys::ONE, hmset).access("RW update").docs(
            "2.0.0",
            "O(N)",
            "Set one or more fields of a hash, replying OK",
        ),
        Command::data(Group::Hash, "hsetnx", 4, "write denyoom fast", Keys::ONE, hsetnx).access("RW insert").docs(
            "2.0.0",
            "O(1)",
            "Set a field of a hash unless it is there",
        ),
        Command::data(Group::Hash, "hget", 3, "readonly fast", Keys::ONE, hget).access("RO access").docs(
            "2.0.0",
            "O(1)",
            "Get the value of a field of a hash",
        ),
        Command::data(Group::Hash, "hmget", -3, "readonly fast", Keys::ONE, hmget).access("RO access").docs(
            "2.0.0",
            "O(N)",
            "Get the values of several fields of a hash",
        ),
        Command::data(Group::Hash, "hgetall", 2, "readonly", Keys::ONE, hgetall)
            .access("RO access")
            .tips("nondeterministic_output_order")
            .docs("2.0.0", "O(N)", "Get all fields of a hash and their values"),
        Command::data(Group::Hash, "hdel", -3, "write fast", Keys::ONE, hdel).access("RW delete").docs(
            "2.0.0",
            "O(N)",
            "Remove fields of a hash, and the key with the last one",
        ),
        Command::data(Group::Hash, "hlen", 2, "readonly fast", Keys::ONE, hlen).access("RO").docs(
            "2.0.0",
            "O(1)",
            "Count the fields of a hash",
        ),
        Command::data(Group::Hash, "hstrlen", 3, "readonly fast", Keys::ONE, hstrlen).access("RO").docs(
            "3.2.0",
            "O(1)",
            "Get the length of the value of a field of a hash",
        ),
        Command::data(Group::Hash, "hexists", 3, "readonly fast", Keys::ONE, hexists).access("RO").docs(
            "2.0.0",
            "O(1)",
            "Tell whether a hash has a field",
        ),
        Command::data(Group::Hash, "hkeys", 2, "readonly", Keys::ONE, hkeys)
            .access("RO access")
            .tips("nondeterministic_output_order")
            .docs("2.0.0", "O(N)", "Get the names of all fields of a hash"),
        Command::data(Group::Hash, "hvals", 2, "readonly", Keys::ONE, hvals)
            .access("RO access")
            .tips("nondeterministic_output_order")
            .docs("2.0.0", "O(N)", "Get the values of all fields of a hash"),
        Command::data(Group::Hash, "hincrby", 4, "write denyoom fast", Keys::ONE, hincrby)
            .access("RW access update")
            .docs("2.0.0", "O(1)", "Add an integer to a field of a hash"),
        Command::data(Group::Hash, "hincrbyfloat", 4, "write denyoom fast", Keys::ONE, hincrbyfloat)
            .access("RW access update")
            .docs("2.6.0", "O(1)", "Add a floating-point number to a field of a hash"),
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
    let place = find_fields(exec, &args[1], args.iter_from(2).take(1))?;
    if let Some(place) = place
        && exec.typed::<Hash>(place)?.contains_alive(&args[2], exec.dead_before_ms())
    {
        exec.reply.int(0);
        return Ok(());
    }
    set_fields(exec, args, place)?;
    exec.notify(Class::Hash, "hset", &args[1]);
    exec.changed(1);
    exec.reply.int(1);
    Ok(())
}

fn hget(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let Some(place) = find_fields_to_read(exec, &args[1], args.iter_from(2))? else {
        exec.reply.null();
        return Ok(());
    };
    let before_ms = exec.dead_before_ms();
    match stored::<Hash>(exec.keyspace, place)?.get_alive(&args[2], before_ms) {
        Some(value) => value.reply_to(&mut exec.reply),
        None => exec.reply.null(),
    }
    Ok(())
}

fn hmget(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let names = args.iter_from(2);
    let (place, before_ms) = (find_fields_to_read(exec, &args[1], names.clone())?, exec.dead_before_ms());
    let hash = match place {
        Some(place) => Some(stored::<Hash>(exec.keyspace, place)?),
        None => None,
    };
    exec.reply.array(names.len());
    for name in names {
        match hash.and_then(|hash| hash.get_alive(name, before_ms)) {
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
    let before_ms = exec.dead_before_ms();
    let hash = stored::<Hash>(exec.keyspace, place)?;
    let reply = &mut exec.reply;
    reply.map(hash.len_alive(before_ms));
    hash.for_each_alive(before_ms, |name, value| {
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
    let hash = exec.typed::<Hash>(place)?;
    // Only a removal is a change: whoever watches the key is not told of less.
    let is_there = |name: &[u8]| hash.contains(name);
    let Some(first) = args.iter_from(2).position(is_there) else {
        exec.reply.int(0);
        return Ok(());
    };
    let hash = exec.typed_mut::<Hash>(place)?;
    let removed = args.iter_from(2 + first).filter(|name| hash.remove(name)).count();
    let is_empty = hash.is_empty();
    exec.notify(Class::Hash, "hdel", &args[1]);
    if is_empty {
        exec.remove_emptied(place, &args[1]);
    }
    exec.changed(removed as u64);
    exec.reply.count(removed);
    Ok(())
}

fn hlen(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let len = match exec.find_to_read(&args[1]) {
        Some(place) => exec.typed::<Hash>(place)?.len(),
        None => 0,
    };
    exec.reply.count(len);
    Ok(())
}

fn hstrlen(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let before_ms = exec.dead_before_ms();
    let len = match find_fields_to_read(exec, &args[1], args.iter_from(2))? {
        Some(place) => exec.typed::<Hash>(place)?.get_alive(&args[2], before_ms).map_or(0, |value| value.len()),
        None => 0,
    };
    exec.reply.count(len);
    Ok(())
}

fn hexists(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let before_ms = exec.dead_before_ms();
    let is_there = match find_fields_to_read(exec, &args[1], args.iter_from(2))? {
        Some(place) => exec.typed::<Hash>(place)?.contains_alive(&args[2], before_ms),
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
    let place = find_fields(exec, &args[1], args.iter_from(2).take(1))?;
    let before = match field_at(exec, place, &args[2])? {
        Some(value) => value.to_i64().ok_or(HASH_NOT_AN_INTEGER)?,
        None => 0,
    };
    let after = before.checked_add(increment).ok_or(OVERFLOW)?;
    let mut digits = itoa::Buffer::new();
    set_number(exec, &args[1], place, [&args[2], digits.format(after).as_bytes()])?;
    exec.notify(Class::Hash, "hincrby", &args[1]);
    exec.changed(1);
    exec.reply.int(after);
    Ok(())
}

/// Fed as the HSET of its result: a replica must not calculate with floating-point numbers of its own.
///
/// Differs: a field that expires goes on to do so on replicas, too; those of Redis 8.0 lose its time by the HSET.
fn hincrbyfloat(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let increment = LongDouble::parse(&args[3]).ok_or(NOT_A_FLOAT)?;
    if !increment.is_finite() {
        return Err(INCREMENT_NAN_OR_INFINITY);
    }
    let place = find_fields(exec, &args[1], args.iter_from(2).take(1))?;
    let sum = match field_at(exec, place, &args[2])? {
        Some(value) => value.with_bytes(LongDouble::parse).ok_or(HASH_NOT_A_FLOAT)? + increment,
        None => increment,
    };
    if !sum.is_finite() {
        return Err(NAN_OR_INFINITY);
    }
    let mut text = Vec::new();
    sum.push_human(&mut text);
    let expires_ms = set_number(exec, &args[1], place, [&args[2], &text])?;
    exec.notify(Class::Hash, "hincrbyfloat", &args[1]);
    exec.changed(1);
    let effect: [&[u8]; 4] = [b"HSET", &args[1], &args[2], &text];
    exec.feed.instead(exec.database, effect);
    if let Some(expires_ms) = expires_ms {
        let mut digits = itoa::Buffer::new();
        let digits = digits.format(expires_ms).as_bytes();
        exec.feed.instead(exec.database, [b"HPEXPIREAT", &args[1], digits, b"FIELDS", b"1", &args[2]]);
    }
    exec.reply.bulk(&text);
    Ok(())
}

/// Sets the pairs from argument 2 on; returns how many fields are new. Each pair counts as a change, even if it is one already.
fn set_pairs(exec: &mut Exec<'_>, args: Args<'_>, name: &str) -> Result<usize, CommandError> {
    if !args.len().is_multiple_of(2) {
        return Err(wrong_arity(name));
    }
    let place = exec.find(&args[1]);
    let added = set_fields(exec, args, place)?;
    exec.notify(Class::Hash, "hset", &args[1]);
    exec.changed((args.len() as u64 - 2) / 2);
    Ok(added)
}

/// Sets the pairs from argument 2 on in the hash at `place`, or in a new one; returns how many fields are new.
fn set_fields(exec: &mut Exec<'_>, args: Args<'_>, place: Option<Place>) -> Result<usize, CommandError> {
    set_texts(exec, &args[1], place, args.iter_from(2))
}

/// Sets a field, which expires when it did: that time, if it has one.
fn set_number(
    exec: &mut Exec<'_>,
    key: &[u8],
    place: Option<Place>,
    pair: [&[u8]; 2],
) -> Result<Option<i64>, CommandError> {
    let Some(place) = place else {
        set_texts(exec, key, None, pair.into_iter())?;
        return Ok(None);
    };
    let (limits, order) = (exec.limits().hash, exec.keyspace.order());
    let hash = exec.typed_mut::<Hash>(place)?;
    hash.set_value(pair[0], pair[1], &limits, order);
    Ok(hash.expiry(pair[0]))
}

fn set_texts<'a>(
    exec: &mut Exec<'_>,
    key: &[u8],
    place: Option<Place>,
    texts: impl Iterator<Item = &'a [u8]> + Clone,
) -> Result<usize, CommandError> {
    let (limits, order) = (exec.limits().hash, exec.keyspace.order());
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
        return Ok(set_all(exec.typed_mut::<Hash>(place)?));
    }
    let mut hash = Hash::default();
    let added = set_all(&mut hash);
    exec.insert(key, hash, NO_EXPIRY);
    Ok(added)
}

/// A field of the hash at `place`, if both are there.
fn field_at<'a>(exec: &'a Exec<'_>, place: Option<Place>, name: &[u8]) -> Result<Option<Text<'a>>, CommandError> {
    match place {
        Some(place) => Ok(exec.typed::<Hash>(place)?.get_alive(name, exec.dead_before_ms())),
        None => Ok(None),
    }
}

/// Replies with one text of each field.
fn list(exec: &mut Exec<'_>, args: Args<'_>, choose: impl for<'t> Fn(Text<'t>, Text<'t>) -> Text<'t>) -> Outcome {
    let Some(place) = exec.find_to_read(&args[1]) else {
        exec.reply.array(0);
        return Ok(());
    };
    let before_ms = exec.dead_before_ms();
    let hash = stored::<Hash>(exec.keyspace, place)?;
    let reply = &mut exec.reply;
    reply.array(hash.len_alive(before_ms));
    hash.for_each_alive(before_ms, |name, value| choose(name, value).reply_to(reply));
    Ok(())
}

#[cfg(test)]
mod tests;
