//! Lists: from one to another, and from the first of several.

use core::ops::Range;

use crate::codec::number::parse_i64;
use crate::command::exec::{Exec, is_word};
use crate::command::reply_error::{COUNT_NOT_POSITIVE, KEY_COUNT_NOT_POSITIVE, SYNTAX};
use crate::command::{Class, Command, CommandError, Group, Keys, Outcome};
use crate::keyspace::{NO_EXPIRY, Place};
use crate::resp::Args;
use crate::value::list::End;
use crate::value::{Blob, List, Value};

use super::{pop_event, pop_many, push_event};

pub(super) const COMMANDS: &[Command] =
    &[
        Command::data(Group::List, "lmove", 5, "write denyoom", Keys::TWO, lmove)
            .access("RW access delete; RW insert")
            .docs("6.2.0", "O(1)", "Move an element from an end of one list to an end of another"),
        Command::data(Group::List, "rpoplpush", 3, "write denyoom", Keys::TWO, rpoplpush)
            .access("RW access delete; RW insert")
            .docs("1.2.0", "O(1)", "Move an element from the right end of one list to the left end of another"),
        Command::data(Group::List, "lmpop", -4, "write", Keys::Numbered { at: 1 }, lmpop)
            .access("RW access delete")
            .docs("7.0.0", "O(N+M)", "Take elements from the first list that has any"),
    ];

/// LEFT or RIGHT.
pub(super) fn end_arg(arg: &[u8]) -> Result<End, CommandError> {
    match arg {
        word if is_word(word, "LEFT") => Ok(End::Head),
        word if is_word(word, "RIGHT") => Ok(End::Tail),
        _ => Err(SYNTAX),
    }
}

fn lmove(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let route = Route { source: &args[1], from: end_arg(&args[3])?, target: &args[2], to: end_arg(&args[4])? };
    move_or_null(exec, &route)
}

fn rpoplpush(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    move_or_null(exec, &Route { source: &args[1], from: End::Tail, target: &args[2], to: End::Head })
}

fn move_or_null(exec: &mut Exec<'_>, route: &Route<'_>) -> Outcome {
    match exec.find(route.source) {
        Some(place) => move_one(exec, place, route),
        None => {
            exec.reply.null();
            Ok(())
        }
    }
}

/// From which end of which list to which end of which.
pub(super) struct Route<'a> {
    pub(super) source: &'a [u8],
    pub(super) from: End,
    pub(super) target: &'a [u8],
    pub(super) to: End,
}

/// Moves one element and replies with it. `place` is the source's.
pub(super) fn move_one(exec: &mut Exec<'_>, place: Place, route: &Route<'_>) -> Outcome {
    exec.typed::<List>(place)?;
    let limits = exec.limits().list;
    if let Some(target) = exec.find(route.target) {
        exec.typed::<List>(target)?;
    }
    // Looking for the target may have removed it, its time having come: places are looked up again.
    let Some(place) = exec.peek(route.source) else { return Ok(()) };
    let popped = exec.typed_mut::<List>(place)?.pop(route.from, |text| text.with_bytes(Blob::new));
    let Some(value) = popped else { return Ok(()) };
    match exec.peek(route.target) {
        Some(target) => exec.typed_mut::<List>(target)?.push(route.to, &value, limits),
        None => {
            let mut list = List::default();
            list.push(route.to, &value, limits);
            exec.insert(route.target, list, NO_EXPIRY);
        }
    }
    exec.notify(Class::List, push_event(route.to), route.target);
    exec.notify(Class::List, pop_event(route.from), route.source);
    if let Some(place) = exec.peek(route.source)
        && exec.typed::<List>(place)?.is_empty()
    {
        exec.remove_emptied(place, route.source);
    }
    exec.changed(1);
    exec.reply.bulk(&value);
    Ok(())
}

/// What LMPOP and BLMPOP ask for.
pub(super) struct Several {
    /// The keys' indices.
    pub(super) keys: Range<usize>,
    pub(super) end: End,
    count: usize,
}

/// Reads `numkeys key [key ...] LEFT|RIGHT [COUNT count]`, which begins at `at`.
pub(super) fn parse_several(args: Args<'_>, at: usize) -> Result<Several, CommandError> {
    let positive = |arg: &[u8]| parse_i64(arg).and_then(|number| usize::try_from(number).ok()).filter(|&n| n > 0);
    let numkeys = positive(&args[at]).ok_or(KEY_COUNT_NOT_POSITIVE)?;
    let end_at = at.saturating_add(1).saturating_add(numkeys);
    let end = end_arg(args.get(end_at).ok_or(SYNTAX)?)?;
    let mut count = None;
    let mut options = args.iter_from(end_at + 1);
    while let Some(option) = options.next() {
        let value = options.next().filter(|_| count.is_none() && is_word(option, "COUNT")).ok_or(SYNTAX)?;
        count = Some(positive(value).ok_or(COUNT_NOT_POSITIVE)?);
    }
    Ok(Several { keys: at + 1..end_at, end, count: count.unwrap_or(1) })
}

fn lmpop(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let several = parse_several(args, 1)?;
    if !pop_first_of(exec, args, &several)? {
        exec.reply.null_array();
    }
    Ok(())
}

/// Takes from the first list that has any; false if none has.
pub(super) fn pop_first_of(exec: &mut Exec<'_>, args: Args<'_>, several: &Several) -> Result<bool, CommandError> {
    for index in several.keys.clone() {
        let key = &args[index];
        if !exec.counts(key) {
            continue;
        }
        let Some(place) = exec.find(key) else { continue };
        exec.typed::<List>(place)?;
        exec.reply.array(2);
        exec.reply.bulk(key);
        let taken = pop_many(exec, place, key, several.end, several.count);
        let mut digits = itoa::Buffer::new();
        let verb: &[u8] = if several.end == End::Head { b"LPOP" } else { b"RPOP" };
        exec.feed.instead(exec.database, [verb, key, digits.format(taken).as_bytes()]);
        return Ok(true);
    }
    Ok(false)
}

/// The first key that holds a list, with its place.
pub(super) fn find_first(
    exec: &mut Exec<'_>,
    args: Args<'_>,
    keys: Range<usize>,
) -> Result<Option<(usize, Place)>, CommandError> {
    for index in keys {
        if !exec.counts(&args[index]) {
            continue;
        }
        if let Some(place) = exec.find(&args[index]) {
            let Value::List(_) = exec.value(place) else { return Err(crate::command::reply_error::WRONG_TYPE) };
            return Ok(Some((index, place)));
        }
    }
    Ok(None)
}
