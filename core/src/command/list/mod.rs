//! Lists: both ends.

mod blocking;
mod edit;
mod moving;
mod read;
#[cfg(test)]
mod tests;

use crate::codec::number::parse_i64;
use crate::keyspace::{NO_EXPIRY, Place};
use crate::resp::Args;
use crate::value::List;
use crate::value::list::End;

use crate::command::exec::Exec;
use crate::command::reply_error::MUST_BE_POSITIVE;
use crate::command::{Class, Command, CommandError, Group, Keys, Outcome};

/// All commands of the family, file by file.
pub(super) const FAMILY: &[&[Command]] =
    &[COMMANDS, read::COMMANDS, edit::COMMANDS, moving::COMMANDS, blocking::COMMANDS];

const COMMANDS: &[Command] = &[
    Command::data(Group::List, "lpush", -3, "write denyoom fast", Keys::ONE, lpush).access("RW insert").docs(
        "1.0.0",
        "O(1)",
        "Add elements at the left end of a list",
    ),
    Command::data(Group::List, "rpush", -3, "write denyoom fast", Keys::ONE, rpush).access("RW insert").docs(
        "1.0.0",
        "O(1)",
        "Add elements at the right end of a list",
    ),
    Command::data(Group::List, "lpushx", -3, "write denyoom fast", Keys::ONE, lpushx).access("RW insert").docs(
        "2.2.0",
        "O(1)",
        "Add elements at the left end of a list that is there",
    ),
    Command::data(Group::List, "rpushx", -3, "write denyoom fast", Keys::ONE, rpushx).access("RW insert").docs(
        "2.2.0",
        "O(1)",
        "Add elements at the right end of a list that is there",
    ),
    Command::data(Group::List, "lpop", -2, "write fast", Keys::ONE, lpop).access("RW access delete").docs(
        "1.0.0",
        "O(N)",
        "Take elements from the left end of a list",
    ),
    Command::data(Group::List, "rpop", -2, "write fast", Keys::ONE, rpop).access("RW access delete").docs(
        "1.0.0",
        "O(N)",
        "Take elements from the right end of a list",
    ),
];

fn lpush(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    push(exec, args, End::Head, Missing::Made)
}

fn rpush(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    push(exec, args, End::Tail, Missing::Made)
}

fn lpushx(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    push(exec, args, End::Head, Missing::LeftAlone)
}

fn rpushx(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    push(exec, args, End::Tail, Missing::LeftAlone)
}

/// What becomes of a list that is not there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Missing {
    Made,
    LeftAlone,
}

fn push(exec: &mut Exec<'_>, args: Args<'_>, end: End, missing: Missing) -> Outcome {
    let (key, values, limits) = (&args[1], args.iter_from(2), exec.limits().list);
    let len = match exec.find(key) {
        Some(place) => {
            let list = exec.typed_mut::<List>(place)?;
            values.clone().for_each(|value| list.push(end, value, limits));
            list.len()
        }
        None if missing == Missing::LeftAlone => {
            exec.reply.int(0);
            return Ok(());
        }
        None => {
            let mut list = List::default();
            values.clone().for_each(|value| list.push(end, value, limits));
            let len = list.len();
            exec.insert(key, list, NO_EXPIRY);
            len
        }
    };
    exec.changed(values.len() as u64);
    exec.notify(Class::List, push_event(end), key);
    exec.reply.count(len);
    Ok(())
}

fn push_event(end: End) -> &'static str {
    match end {
        End::Head => "lpush",
        End::Tail => "rpush",
    }
}

fn pop_event(end: End) -> &'static str {
    match end {
        End::Head => "lpop",
        End::Tail => "rpop",
    }
}

fn lpop(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    pop(exec, args, End::Head, "lpop")
}

fn rpop(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    pop(exec, args, End::Tail, "rpop")
}

fn pop(exec: &mut Exec<'_>, args: Args<'_>, end: End, name: &str) -> Outcome {
    if args.len() > 3 {
        return Err(crate::command::reply_error::wrong_arity(name));
    }
    let count = match args.get(2) {
        None => None,
        Some(count) => Some(positive(count)?),
    };
    let Some(place) = exec.find(&args[1]) else {
        match count {
            None => exec.reply.null(),
            Some(_) => exec.reply.null_array(),
        }
        return Ok(());
    };
    exec.typed::<List>(place)?;
    match count {
        None => pop_one(exec, place, &args[1], end),
        Some(0) => exec.reply.array(0),
        Some(count) => {
            pop_many(exec, place, &args[1], end, count);
        }
    }
    Ok(())
}

/// A count that must not be negative.
fn positive(arg: &[u8]) -> Result<usize, CommandError> {
    parse_i64(arg).and_then(|count| usize::try_from(count).ok()).ok_or(MUST_BE_POSITIVE)
}

/// Takes one element from a list and replies with it.
fn pop_one(exec: &mut Exec<'_>, place: Place, key: &[u8], end: End) {
    // The reply is not part of the keyspace: it can be written while the element is still in its place.
    let reply = &mut exec.reply;
    if let crate::value::Value::List(list) = exec.keyspace.edit(place) {
        list.pop(end, |text| text.reply_to(reply));
    }
    after_pop(exec, place, key, end, 1);
}

/// Takes up to `count` elements from a list and replies with an array of them; returns how many there were.
fn pop_many(exec: &mut Exec<'_>, place: Place, key: &[u8], end: End, count: usize) -> usize {
    let reply = &mut exec.reply;
    let mut taken = 0;
    if let crate::value::Value::List(list) = exec.keyspace.edit(place) {
        taken = count.min(list.len());
        reply.array(taken);
        for _ in 0..taken {
            list.pop(end, |text| text.reply_to(reply));
        }
    }
    after_pop(exec, place, key, end, taken);
    taken
}

fn after_pop(exec: &mut Exec<'_>, place: Place, key: &[u8], end: End, taken: usize) {
    exec.notify(Class::List, pop_event(end), key);
    if exec.typed::<List>(place).is_ok_and(List::is_empty) {
        exec.remove_emptied(place, key);
    }
    exec.changed(taken as u64);
}
