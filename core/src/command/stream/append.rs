//! Streams: adding entries, taking them away, and setting what comes next.

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::command::exec::{Exec, int_arg, is_word};
use crate::command::reply_error::{
    ELEMENTS_TOO_LARGE, ENTRIES_ADDED_NEGATIVE, NO_SUCH_KEY, STREAM_EXHAUSTED, SYNTAX, XADD_ID_TOO_SMALL, XADD_ID_ZERO,
    XSETID_BELOW_GIVEN_DELETED, XSETID_BELOW_LENGTH, XSETID_BELOW_TOP, wrong_arity,
};
use crate::command::{Class, Command, CommandError, Group, Keys, Outcome};
use crate::keyspace::{NO_EXPIRY, Place};
use crate::resp::Args;
use crate::value::stream::{ENTRY_BYTES_MAX, Spelled};
use crate::value::{Stream, StreamId};

use super::options::{Options, Verb, exact_bound, exact_words, parse};
use super::{id_arg, reply_id, stream, stream_mut};

pub(super) const COMMANDS: &[Command] = &[
    Command::data(Group::Stream, "xadd", -5, "write denyoom fast", Keys::ONE, xadd)
        .access("RW update: may trim what is there")
        .tips("nondeterministic_output")
        .docs("5.0.0", "O(1)", "Add an entry to a stream, and cut off old ones if asked to"),
    Command::data(Group::Stream, "xtrim", -4, "write", Keys::ONE, xtrim)
        .access("RW delete")
        .tips("nondeterministic_output")
        .docs("5.0.0", "O(N)", "Cut old entries off a stream"),
    Command::data(Group::Stream, "xdel", -3, "write fast", Keys::ONE, xdel).access("RW delete").docs(
        "5.0.0",
        "O(1)",
        "Delete entries of a stream by their ids",
    ),
    Command::data(Group::Stream, "xsetid", -3, "write denyoom fast", Keys::ONE, xsetid).access("RW update").docs(
        "5.0.0",
        "O(1)",
        "Set the last id of a stream",
    ),
];

fn xadd(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let options = parse(exec, args, Verb::Add)?;
    let texts_at = options.id_at + 1;
    let text_count = args.len().saturating_sub(texts_at);
    if text_count < 2 || !text_count.is_multiple_of(2) {
        return Err(wrong_arity("xadd"));
    }
    // Checked before the stream is made.
    if options.id.and_then(|id| id.or_seq(0)) == Some(StreamId::MIN) {
        return Err(XADD_ID_ZERO);
    }
    let place = exec.find(&args[1]);
    if place.is_none() && options.no_make {
        exec.reply.null();
        return Ok(());
    }
    let last_id = match place {
        Some(place) => stream(exec.keyspace, place)?.tally().last_id,
        None => StreamId::MIN,
    };
    let id = next_id(exec, last_id, options.id)?;
    if args.iter_from(texts_at).map(<[u8]>::len).sum::<usize>() > ENTRY_BYTES_MAX {
        return Err(ELEMENTS_TOO_LARGE);
    }
    add(exec, args, &options, place, id)?;
    reply_id(&mut exec.reply, id);
    Ok(())
}

/// The id of a new entry.
fn next_id(exec: &Exec<'_>, last_id: StreamId, given: Option<Spelled>) -> Result<StreamId, CommandError> {
    let next = last_id.next().ok_or(STREAM_EXHAUSTED)?;
    let id = match given {
        None => next.max(StreamId::new(exec.now_ms().cast_unsigned(), 0)),
        Some(Spelled::AnySeq(ms)) if ms == last_id.ms => {
            if next.ms == ms {
                next
            } else {
                return Err(XADD_ID_TOO_SMALL);
            }
        }
        Some(Spelled::AnySeq(ms) | Spelled::Millis(ms)) => StreamId::new(ms, 0),
        Some(Spelled::Whole(id)) => id,
    };
    if id > last_id { Ok(id) } else { Err(XADD_ID_TOO_SMALL) }
}

/// Adds the entry, cuts off what is to go, and tells everybody.
fn add(exec: &mut Exec<'_>, args: Args<'_>, options: &Options, place: Option<Place>, id: StreamId) -> Outcome {
    let limits = exec.limits().stream;
    let mut fresh = Box::new(Stream::default());
    let stream = match place {
        Some(place) => stream_mut(exec.keyspace, place)?,
        None => &mut *fresh,
    };
    stream.push(id, args.iter_from(options.id_at + 1), &limits);
    let trimmed = options.trim.map_or(0, |trim| stream.trim(&trim));
    let is_rewritten = options.trim.is_some_and(|trim| trim.is_approximate);
    let bound = options.trim.filter(|_| is_rewritten).map(|trim| exact_bound(stream, &trim)).unwrap_or_default();
    if place.is_none() {
        exec.insert(&args[1], fresh, NO_EXPIRY);
    }
    exec.notify(Class::Stream, "xadd", &args[1]);
    if trimmed > 0 {
        exec.notify(Class::Stream, "xtrim", &args[1]);
    }
    exec.changed(1);
    let is_id_found = !matches!(options.id, Some(Spelled::Whole(_) | Spelled::Millis(_)));
    if is_rewritten || is_id_found {
        let text = id.text();
        let mut words = exact_words(args, options, &bound);
        if is_id_found {
            words[options.id_at] = &text;
        }
        exec.feed.instead_words(exec.database, &words);
    }
    Ok(())
}

fn xtrim(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let options = parse(exec, args, Verb::Trim)?;
    let mut trimmed = 0;
    if let Some(place) = exec.find(&args[1])
        && let Some(trim) = options.trim
        && stream(exec.keyspace, place)?.would_trim(&trim)
    {
        let stream = stream_mut(exec.keyspace, place)?;
        trimmed = stream.trim(&trim);
        if trimmed > 0 && trim.is_approximate {
            let bound = exact_bound(stream, &trim);
            exec.feed.instead_words(exec.database, &exact_words(args, &options, &bound));
        }
    }
    if trimmed > 0 {
        exec.notify(Class::Stream, "xtrim", &args[1]);
        exec.changed(trimmed);
    }
    exec.reply.int(trimmed.cast_signed());
    Ok(())
}

fn xdel(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let Some(place) = exec.find(&args[1]) else {
        exec.reply.int(0);
        return Ok(());
    };
    let before = stream(exec.keyspace, place)?;
    let ids: Vec<StreamId> = args.iter_from(2).map(id_arg).collect::<Result<_, _>>()?;
    let mut deleted = 0;
    // Only a removal is a change: whoever watches the key is not told of less.
    if ids.iter().any(|id| before.entry(*id).is_some()) {
        deleted = stream_mut(exec.keyspace, place)?.delete(&ids);
        exec.notify(Class::Stream, "xdel", &args[1]);
        exec.changed(deleted as u64);
    }
    exec.reply.count(deleted);
    Ok(())
}

fn xsetid(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let id = id_arg(&args[2])?;
    let (mut entries_added, mut max_deleted_id) = (None, None);
    let mut at = 3;
    while at < args.len() {
        let (option, value) = (&args[at], args.get(at + 1).ok_or(SYNTAX)?);
        if is_word(option, "ENTRIESADDED") {
            entries_added = Some(u64::try_from(int_arg(value)?).map_err(|_| ENTRIES_ADDED_NEGATIVE)?);
        } else if is_word(option, "MAXDELETEDID") {
            let max_deleted = id_arg(value)?;
            if id < max_deleted {
                return Err(XSETID_BELOW_GIVEN_DELETED);
            }
            // 0-0 is as good as not given.
            max_deleted_id = Some(max_deleted).filter(|id| *id != StreamId::MIN);
        } else {
            return Err(SYNTAX);
        }
        at += 2;
    }
    let place = exec.find(&args[1]).ok_or(NO_SUCH_KEY)?;
    let before = stream(exec.keyspace, place)?;
    if before.last().is_some_and(|last| id < last.id) {
        return Err(XSETID_BELOW_TOP);
    }
    if !before.is_empty() && entries_added.is_some_and(|added| added < before.tally().len) {
        return Err(XSETID_BELOW_LENGTH);
    }
    stream_mut(exec.keyspace, place)?.set_history(id, entries_added, max_deleted_id);
    exec.notify(Class::Stream, "xsetid", &args[1]);
    exec.changed(1);
    exec.reply.ok();
    Ok(())
}
