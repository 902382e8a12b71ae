//! Strings as numbers: how do INCR and its kin count?
//!
//! A count keeps its expiry: the value is changed where it lies.

use alloc::vec::Vec;

use crate::codec::long_double::LongDouble;
use crate::keyspace::NO_EXPIRY;
use crate::museum::Defect;
use crate::resp::Args;
use crate::value::StringValue;

use crate::command::exec::{Exec, int_arg};
use crate::command::reply_error::{DECREMENT_OVERFLOW, NAN_OR_INFINITY, NOT_A_FLOAT, NOT_AN_INTEGER, OVERFLOW};
use crate::command::{Class, Command, Group, Keys, Outcome};

pub(super) const COMMANDS: &[Command] = &[
    Command::data(Group::String, "incr", 2, "write denyoom fast", Keys::ONE, incr).access("RW access update").docs(
        "1.0.0",
        "O(1)",
        "Add one to an integer",
    ),
    Command::data(Group::String, "decr", 2, "write denyoom fast", Keys::ONE, decr).access("RW access update").docs(
        "1.0.0",
        "O(1)",
        "Subtract one from an integer",
    ),
    Command::data(Group::String, "incrby", 3, "write denyoom fast", Keys::ONE, incr_by)
        .access("RW access update")
        .docs("1.0.0", "O(1)", "Add a number to an integer"),
    Command::data(Group::String, "decrby", 3, "write denyoom fast", Keys::ONE, decr_by)
        .access("RW access update")
        .docs("1.0.0", "O(1)", "Subtract a number from an integer"),
    Command::data(Group::String, "incrbyfloat", 3, "write denyoom fast", Keys::ONE, incr_by_float)
        .access("RW access update")
        .docs("2.6.0", "O(1)", "Add a number with a fraction to another"),
];

fn incr(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    add(exec, &args[1], 1)
}

fn decr(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    add(exec, &args[1], -1)
}

fn incr_by(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let increment = int_arg(&args[2])?;
    add(exec, &args[1], increment)
}

fn decr_by(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let decrement = int_arg(&args[2])?;
    add(exec, &args[1], decrement.checked_neg().ok_or(DECREMENT_OVERFLOW)?)
}

/// Adds to the integer at `key`; a missing one counts as 0.
fn add(exec: &mut Exec<'_>, key: &[u8], increment: i64) -> Outcome {
    let place = exec.find(key);
    let before = match place {
        Some(place) => exec.string(place)?.to_i64().ok_or(NOT_AN_INTEGER)?,
        None => 0,
    };
    let sum = before.checked_add(increment).ok_or(OVERFLOW)?;
    match place {
        Some(place) => *exec.string_mut(place)? = StringValue::Int(sum),
        None => exec.insert(key, StringValue::Int(sum), NO_EXPIRY),
    }
    exec.notify(Class::String, "incrby", key);
    exec.changed(1);
    exec.reply.int(sum);
    Ok(())
}

fn incr_by_float(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let key = &args[1];
    let place = exec.find(key);
    let before = match place {
        Some(place) => LongDouble::parse(&exec.string(place)?.text()),
        None => LongDouble::parse(b"0"),
    };
    let before = before.ok_or(NOT_A_FLOAT)?;
    let increment = LongDouble::parse(&args[2]).ok_or(NOT_A_FLOAT)?;
    let sum = before + increment;
    if !sum.is_finite() {
        return Err(NAN_OR_INFINITY);
    }
    let mut text = Vec::with_capacity(32);
    sum.push_human(&mut text);
    // Even a whole sum is kept as text, as in Redis: OBJECT ENCODING shows it.
    let value = StringValue::from_text(&text);
    match place {
        Some(place) => *exec.string_mut(place)? = value,
        None => exec.insert(key, value, NO_EXPIRY),
    }
    exec.notify(Class::String, "incrbyfloat", key);
    exec.changed(1);
    // The result is fed, so that replicas need not round as we do.
    match exec.feed.has(Defect::RewriteDropsTtl) {
        true => exec.feed.instead(exec.database, [b"SET", key, &text]),
        false => exec.feed.instead(exec.database, [b"SET", key, &text, b"KEEPTTL"]),
    }
    exec.reply.bulk(&text);
    Ok(())
}

#[cfg(test)]
#[path = "number_tests.rs"]
mod tests;
