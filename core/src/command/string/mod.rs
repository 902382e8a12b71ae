//! Strings as a whole: how are GET, SET and their kin carried out?
//!
//! GET and the SET of three words are the hot path: the one allocates nothing, the other nothing but what it stores.

mod lcs;
mod msetex;
mod number;
mod range;

use alloc::vec::Vec;

use crate::keyspace::{NO_EXPIRY, Place};
use crate::resp::Args;
use crate::value::{StringValue, Value};

use crate::command::exec::{Exec, ExpiryRule, is_word};
use crate::command::reply_error::{WRONG_TYPE, wrong_arity};
use crate::command::time_form::TimeForm;
use crate::command::{Class, Command, CommandError, Group, Keys, Outcome};

mod options;

use options::{Condition, Dialect, Lifetime, Options, deadline_ms};

/// All commands of the family, file by file.
pub(super) const FAMILY: &[&[Command]] = &[COMMANDS, msetex::COMMANDS, number::COMMANDS, range::COMMANDS];

const COMMANDS: &[Command] =
    &[
        Command::data(Group::String, "get", 2, "readonly fast", Keys::ONE, get).access("RO access").docs(
            "1.0.0",
            "O(1)",
            "Read a string",
        ),
        Command::data(Group::String, "set", -3, "write denyoom", Keys::ONE, set)
            .access("RW access update variable_flags: reads only with `GET`")
            .docs("1.0.0", "O(1)", "Store a string under a key, whatever was there before"),
        Command::data(Group::String, "setnx", 3, "write denyoom fast", Keys::ONE, setnx).access("OW insert").docs(
            "1.0.0",
            "O(1)",
            "Store a string unless the key exists",
        ),
        Command::data(Group::String, "setex", 4, "write denyoom", Keys::ONE, setex).access("OW update").docs(
            "2.0.0",
            "O(1)",
            "Store a string for a number of seconds",
        ),
        Command::data(Group::String, "psetex", 4, "write denyoom", Keys::ONE, psetex).access("OW update").docs(
            "2.6.0",
            "O(1)",
            "Store a string for a number of milliseconds",
        ),
        Command::data(Group::String, "getset", 3, "write denyoom fast", Keys::ONE, getset)
            .access("RW access update")
            .docs("1.0.0", "O(1)", "Store a string and return the one it replaces"),
        Command::data(Group::String, "getdel", 2, "write fast", Keys::ONE, getdel).access("RW access delete").docs(
            "6.2.0",
            "O(1)",
            "Read a string and remove its key",
        ),
        Command::data(Group::String, "delifeq", 3, "write fast", Keys::ONE, delifeq).access("RM delete").docs(
            "9.0.0",
            "O(1)",
            "Remove a key if it holds this string; a command of Valkey",
        ),
        Command::data(Group::String, "getex", -2, "write fast", Keys::ONE, getex)
            .access("RW access update: may change the expiry")
            .docs("6.2.0", "O(1)", "Read a string and change when it expires"),
        Command::data(Group::String, "mget", -2, "readonly fast", Keys::ALL, mget)
            .access("RO access")
            .tips("request_policy:multi_shard")
            .docs("1.0.0", "O(N)", "Read several strings"),
        Command::data(Group::String, "mset", -3, "write denyoom", Keys::PAIRS, mset)
            .access("OW update")
            .tips("request_policy:multi_shard response_policy:all_succeeded")
            .docs("1.0.1", "O(N)", "Store several strings at once"),
        Command::data(Group::String, "msetnx", -3, "write denyoom", Keys::PAIRS, msetnx)
            .access("OW insert")
            .tips("request_policy:multi_shard response_policy:agg_min")
            .docs("1.0.1", "O(N)", "Store several strings at once, unless one of the keys exists"),
    ];

fn get(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    reply_string(exec, &args[1])?;
    Ok(())
}

fn set(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    if args.len() > 3 {
        return set_with_options(exec, args);
    }
    let place = exec.find(&args[1]);
    store(exec, place, &args[1], &args[2], NO_EXPIRY);
    exec.changed(1);
    exec.reply.ok();
    Ok(())
}

fn set_with_options(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let (key, value) = (&args[1], &args[2]);
    let options = Options::parse(args.tail(3), Dialect::Set)?;
    let deadline_ms = options.deadline_ms(exec, "set")?;
    if options.returns_old {
        reply_string(exec, key)?;
    }
    let place = exec.find(key);
    let is_refused = match options.condition {
        Condition::None => false,
        Condition::Missing => place.is_some(),
        Condition::Exists => place.is_none(),
        Condition::Equals(bytes) => !is_string(exec, place, bytes)?,
    };
    if is_refused {
        if !options.returns_old {
            exec.reply.null();
        }
        return Ok(());
    }
    let expires_ms = match (deadline_ms, options.lifetime, place) {
        (Some(deadline_ms), ..) => deadline_ms,
        (None, Lifetime::Kept, Some(place)) => exec.expires_ms(place),
        _ => NO_EXPIRY,
    };
    store(exec, place, key, value, expires_ms);
    exec.changed(1);
    if deadline_ms.is_some() {
        exec.notify(Class::Generic, "expire", key);
        feed_set_until(exec, key, value, expires_ms);
    } else if options.returns_old {
        feed_without_get(exec, args);
    }
    if !options.returns_old {
        exec.reply.ok();
    }
    Ok(())
}

fn setnx(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    if exec.find(&args[1]).is_some() {
        exec.reply.int(0);
        return Ok(());
    }
    store(exec, None, &args[1], &args[2], NO_EXPIRY);
    exec.changed(1);
    exec.reply.int(1);
    Ok(())
}

fn setex(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    set_for(exec, args, TimeForm::EX, "setex")
}

fn psetex(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    set_for(exec, args, TimeForm::PX, "psetex")
}

/// SETEX and PSETEX: key, lifetime, value.
fn set_for(exec: &mut Exec<'_>, args: Args<'_>, form: TimeForm, command: &str) -> Outcome {
    let (key, value) = (&args[1], &args[3]);
    let expires_ms = deadline_ms(form, &args[2], exec.now_ms(), command)?;
    let place = exec.find(key);
    store(exec, place, key, value, expires_ms);
    exec.notify(Class::Generic, "expire", key);
    exec.changed(1);
    feed_set_until(exec, key, value, expires_ms);
    exec.reply.ok();
    Ok(())
}

fn getset(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let (key, value) = (&args[1], &args[2]);
    let place = reply_string(exec, key)?;
    store(exec, place, key, value, NO_EXPIRY);
    exec.changed(1);
    exec.feed.instead(exec.database, [b"SET", key, value]);
    Ok(())
}

fn getdel(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    if let Some(place) = reply_string(exec, &args[1])? {
        exec.keyspace.remove(place);
        exec.notify(Class::Generic, "del", &args[1]);
        exec.changed(1);
        exec.feed.instead(exec.database, [b"DEL", &args[1]]);
    }
    Ok(())
}

fn delifeq(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let key = &args[1];
    let found = exec.find(key);
    let is_equal = is_string(exec, found, &args[2])?;
    exec.reply.int(i64::from(is_equal));
    if let Some(place) = found.filter(|_| is_equal) {
        exec.keyspace.remove(place);
        exec.notify(Class::Generic, "del", key);
        exec.changed(1);
        // Whoever does not know this command knows that one.
        exec.feed.instead(exec.database, [b"DEL", key]);
    }
    Ok(())
}

fn getex(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let key = &args[1];
    let options = Options::parse(args.tail(2), Dialect::GetEx)?;
    // The time is looked at only if there is a string to apply it to, as in Redis.
    let Some(place) = reply_string(exec, key)? else {
        return Ok(());
    };
    if let Some(deadline_ms) = options.deadline_ms(exec, "getex")? {
        exec.changed(1);
        let is_past = options.lifetime.is_absolute() && deadline_ms <= exec.now_ms();
        // Only a master may say that a key's time is over.
        if is_past && exec.expiry == ExpiryRule::Remove {
            exec.keyspace.remove(place);
            let verb: &[u8] = if exec.config.lazyfree_lazy_expire { b"UNLINK" } else { b"DEL" };
            exec.feed.instead(exec.database, [verb, key]);
            exec.notify(Class::Generic, "del", key);
        } else {
            exec.keyspace.set_expiry(place, deadline_ms);
            let mut digits = itoa::Buffer::new();
            exec.feed.instead(exec.database, [b"PEXPIREAT", key, digits.format(deadline_ms).as_bytes()]);
            exec.notify(Class::Generic, "expire", key);
        }
    } else if options.lifetime == Lifetime::Endless && exec.expires_ms(place) != NO_EXPIRY {
        exec.keyspace.set_expiry(place, NO_EXPIRY);
        exec.changed(1);
        exec.feed.instead(exec.database, [b"PERSIST", key]);
        exec.notify(Class::Generic, "persist", key);
    }
    Ok(())
}

fn mget(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    exec.reply.array(args.len() - 1);
    for key in args.iter_from(1) {
        let place = exec.find_to_read(key);
        match place.map(|place| &exec.keyspace.entry(place).value) {
            Some(Value::String(string)) => string.reply_to(&mut exec.reply),
            _ => exec.reply.null(),
        }
    }
    Ok(())
}

fn mset(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    if args.len().is_multiple_of(2) {
        return Err(wrong_arity("mset"));
    }
    store_pairs(exec, args);
    exec.reply.ok();
    Ok(())
}

fn msetnx(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    if args.len().is_multiple_of(2) {
        return Err(wrong_arity("msetnx"));
    }
    if args.iter_from(1).step_by(2).any(|key| exec.find(key).is_some()) {
        exec.reply.int(0);
        return Ok(());
    }
    store_pairs(exec, args);
    exec.reply.int(1);
    Ok(())
}

fn store_pairs(exec: &mut Exec<'_>, args: Args<'_>) {
    for at in (1..args.len()).step_by(2) {
        let place = exec.find(&args[at]);
        store(exec, place, &args[at], &args[at + 1], NO_EXPIRY);
    }
    exec.changed((args.len() / 2) as u64);
}

/// Stores `value` under `key`, which lies at `place` if it exists.
#[inline]
fn store(exec: &mut Exec<'_>, place: Option<Place>, key: &[u8], value: &[u8], expires_ms: i64) {
    match place {
        Some(place) if exec.overwrite(place, value, expires_ms) => {}
        Some(place) => exec.replace(place, StringValue::new(value), expires_ms),
        None => exec.insert(key, StringValue::new(value), expires_ms),
    }
    exec.notify(Class::String, "set", key);
}

/// True if the key that lies at `place` holds this string. It must hold one, if it is there.
fn is_string(exec: &Exec<'_>, place: Option<Place>, bytes: &[u8]) -> Result<bool, CommandError> {
    match place.map(|place| &exec.keyspace.entry(place).value) {
        Some(Value::String(string)) => Ok(*string.text() == *bytes),
        Some(_) => Err(WRONG_TYPE),
        None => Ok(false),
    }
}

/// Replies with the string at `key`, or with null, and tells where it is.
#[inline]
fn reply_string(exec: &mut Exec<'_>, key: &[u8]) -> Result<Option<Place>, CommandError> {
    let place = exec.find_to_read(key);
    match place.map(|place| &exec.keyspace.entry(place).value) {
        Some(Value::String(string)) => string.reply_to(&mut exec.reply),
        Some(_) => return Err(WRONG_TYPE),
        None => exec.reply.null(),
    }
    Ok(place)
}

/// Feeds a SET with its expiry in the one form that means the same whenever it arrives.
fn feed_set_until(exec: &mut Exec<'_>, key: &[u8], value: &[u8], expires_ms: i64) {
    let mut digits = itoa::Buffer::new();
    let digits = digits.format(expires_ms).as_bytes();
    exec.feed.instead(exec.database, [b"SET", key, value, b"PXAT", digits]);
}

/// Feeds a SET without its GET: nobody reads the reply of a replica.
///
/// Differs: a word that IFEQ compares with stays. Valkey takes it for the option if it is `get`, and its replicas refuse the rest.
fn feed_without_get(exec: &mut Exec<'_>, args: Args<'_>) {
    let mut is_compared = false;
    let options = args.iter_from(3).filter(|word| {
        let is_option = !is_compared;
        is_compared = is_option && is_word(word, "IFEQ");
        !(is_option && is_word(word, "GET"))
    });
    let words: Vec<&[u8]> = args.iter().take(3).chain(options).collect();
    exec.feed.nothing();
    exec.feed.push_verbatim(exec.database, words.into_iter());
}

#[cfg(test)]
mod tests;
