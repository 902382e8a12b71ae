//! Sorted sets: the ends are taken, at once or when there are any.

use core::ops::Range;

use crate::codec::number::parse_i64;
use crate::command::block::timeout_arg;
use crate::command::exec::{Exec, is_word};
use crate::command::reply_error::{COUNT_NOT_POSITIVE, KEY_COUNT_NOT_POSITIVE, MUST_BE_POSITIVE, SYNTAX};
use crate::command::{Block, Command, CommandError, Group, Keys, Null, Outcome};
use crate::keyspace::Place;
use crate::resp::{Args, Proto};
use crate::value::{Blob, Value, Zset};

use super::after_removal;

pub(super) const COMMANDS: &[Command] = &[
    Command::data(Group::SortedSet, "zpopmin", -2, "write fast", Keys::ONE, zpopmin).access("RW access delete").docs(
        "5.0.0",
        "O(log(N)*M)",
        "Take the members with the smallest scores",
    ),
    Command::data(Group::SortedSet, "zpopmax", -2, "write fast", Keys::ONE, zpopmax).access("RW access delete").docs(
        "5.0.0",
        "O(log(N)*M)",
        "Take the members with the greatest scores",
    ),
    Command::data(Group::SortedSet, "zmpop", -4, "write", Keys::Numbered { at: 1 }, zmpop)
        .access("RW access delete")
        .docs("7.0.0", "O(K) + O(M*log(N))", "Take members from the first sorted set that has any"),
    Command::data(Group::SortedSet, "bzpopmin", -3, "write noscript blocking fast", Keys::ALL_BUT_LAST, bzpopmin)
        .access("RW access delete")
        .docs("5.0.0", "O(log(N))", "Take the member with the smallest score, or wait for one"),
    Command::data(Group::SortedSet, "bzpopmax", -3, "write noscript blocking fast", Keys::ALL_BUT_LAST, bzpopmax)
        .access("RW access delete")
        .docs("5.0.0", "O(log(N))", "Take the member with the greatest score, or wait for one"),
    Command::data(Group::SortedSet, "bzmpop", -5, "write blocking", Keys::Numbered { at: 2 }, bzmpop)
        .access("RW access delete")
        .docs("7.0.0", "O(K) + O(M*log(N))", "Take members from the first sorted set that has any, or wait for some"),
];

/// Which end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Extreme {
    Min,
    Max,
}

impl Extreme {
    fn event(self) -> &'static str {
        match self {
            Extreme::Min => "zpopmin",
            Extreme::Max => "zpopmax",
        }
    }

    fn verb(self) -> &'static [u8] {
        match self {
            Extreme::Min => b"ZPOPMIN",
            Extreme::Max => b"ZPOPMAX",
        }
    }
}

/// How members and scores are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// One after the other, without a header.
    Bare,
    /// An array of them by turns.
    Flat,
    /// An array of pairs.
    Pairs,
}

/// Takes up to `count` members and replies with them; returns how many there were.
fn take(exec: &mut Exec<'_>, place: Place, key: &[u8], extreme: Extreme, count: usize, shape: Shape) -> usize {
    let reply = &mut exec.reply;
    let Value::Zset(zset) = exec.keyspace.edit(place) else { return 0 };
    let taken = count.min(zset.len());
    match shape {
        Shape::Bare => {}
        Shape::Flat => reply.array(taken * 2),
        Shape::Pairs => reply.array(taken),
    }
    let (members, ranks) = match extreme {
        Extreme::Min => (zset.iter_up(0), 0..taken),
        Extreme::Max => (zset.iter_down(zset.len().saturating_sub(1)), zset.len() - taken..zset.len()),
    };
    for (member, score) in members.take(taken) {
        if shape == Shape::Pairs {
            reply.array(2);
        }
        member.reply_to(reply);
        reply.double(score);
    }
    zset.remove_range(ranks.start, ranks.end);
    after_removal(exec, place, key, extreme.event(), taken);
    taken
}

fn zpopmin(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    pop(exec, args, Extreme::Min)
}

fn zpopmax(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    pop(exec, args, Extreme::Max)
}

fn pop(exec: &mut Exec<'_>, args: Args<'_>, extreme: Extreme) -> Outcome {
    if args.len() > 3 {
        return Err(SYNTAX);
    }
    let count = match args.get(2) {
        None => None,
        Some(count) => {
            let count = parse_i64(count).and_then(|count| usize::try_from(count).ok());
            Some(count.ok_or(MUST_BE_POSITIVE)?)
        }
    };
    let Some(place) = exec.find(&args[1]) else {
        exec.reply.array(0);
        return Ok(());
    };
    exec.typed::<Zset>(place)?;
    if count == Some(0) {
        exec.reply.array(0);
        return Ok(());
    }
    // A count makes pairs of them in RESP3, even if it is one.
    let is_nested = count.is_some() && exec.reply.proto() == Proto::Resp3;
    let shape = if is_nested { Shape::Pairs } else { Shape::Flat };
    take(exec, place, &args[1], extreme, count.unwrap_or(1), shape);
    Ok(())
}

/// The first key that holds a sorted set, with its place.
fn find_first(exec: &mut Exec<'_>, args: Args<'_>, keys: Range<usize>) -> Result<Option<(usize, Place)>, CommandError> {
    for index in keys {
        if exec.counts(&args[index])
            && let Some(place) = exec.find(&args[index])
        {
            exec.typed::<Zset>(place)?;
            return Ok(Some((index, place)));
        }
    }
    Ok(None)
}

fn wait(exec: &mut Exec<'_>, args: Args<'_>, keys: Range<usize>, timeout_ms: Option<u64>) {
    exec.wait(Block {
        keys: keys.map(|index| Blob::new(&args[index])).collect(),
        type_name: "zset",
        timeout_ms,
        null: Null::Array,
        request: None,
        wakes_on_removal: false,
    });
}

fn bzpopmin(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    pop_or_wait(exec, args, Extreme::Min)
}

fn bzpopmax(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    pop_or_wait(exec, args, Extreme::Max)
}

fn pop_or_wait(exec: &mut Exec<'_>, args: Args<'_>, extreme: Extreme) -> Outcome {
    let keys = 1..args.len() - 1;
    let timeout_ms = timeout_arg(&args[keys.end])?;
    let Some((index, place)) = find_first(exec, args, keys.clone())? else {
        wait(exec, args, keys, timeout_ms);
        return Ok(());
    };
    let key = &args[index];
    exec.reply.array(3);
    exec.reply.bulk(key);
    take(exec, place, key, extreme, 1, Shape::Bare);
    exec.feed.instead(exec.database, [extreme.verb(), key]);
    Ok(())
}

/// What ZMPOP and BZMPOP ask for.
struct Several {
    keys: Range<usize>,
    extreme: Extreme,
    count: usize,
}

/// Reads `numkeys key [key ...] MIN|MAX [COUNT count]`, which begins at `at`.
fn parse_several(args: Args<'_>, at: usize) -> Result<Several, CommandError> {
    let positive = |arg: &[u8]| parse_i64(arg).and_then(|number| usize::try_from(number).ok()).filter(|&n| n > 0);
    let numkeys = positive(&args[at]).ok_or(KEY_COUNT_NOT_POSITIVE)?;
    let end_at = at.saturating_add(1).saturating_add(numkeys);
    let extreme = match args.get(end_at) {
        Some(word) if is_word(word, "MIN") => Extreme::Min,
        Some(word) if is_word(word, "MAX") => Extreme::Max,
        _ => return Err(SYNTAX),
    };
    let mut count = None;
    let mut options = args.iter_from(end_at + 1);
    while let Some(option) = options.next() {
        let value = options.next().filter(|_| count.is_none() && is_word(option, "COUNT")).ok_or(SYNTAX)?;
        count = Some(positive(value).ok_or(COUNT_NOT_POSITIVE)?);
    }
    Ok(Several { keys: at + 1..end_at, extreme, count: count.unwrap_or(1) })
}

/// Takes from the first sorted set that has any; false if none has.
fn pop_several(exec: &mut Exec<'_>, args: Args<'_>, several: &Several) -> Result<bool, CommandError> {
    let Some((index, place)) = find_first(exec, args, several.keys.clone())? else { return Ok(false) };
    let key = &args[index];
    exec.reply.array(2);
    exec.reply.bulk(key);
    let taken = take(exec, place, key, several.extreme, several.count, Shape::Pairs);
    let mut digits = itoa::Buffer::new();
    exec.feed.instead(exec.database, [several.extreme.verb(), key, digits.format(taken).as_bytes()]);
    Ok(true)
}

fn zmpop(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let several = parse_several(args, 1)?;
    if !pop_several(exec, args, &several)? {
        exec.reply.null_array();
    }
    Ok(())
}

fn bzmpop(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let several = parse_several(args, 2)?;
    let timeout_ms = timeout_arg(&args[1])?;
    if !pop_several(exec, args, &several)? {
        wait(exec, args, several.keys, timeout_ms);
    }
    Ok(())
}
