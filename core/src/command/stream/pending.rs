//! Streams: what is pending for a group, and what is not any more.

use alloc::vec::Vec;

use crate::command::exec::{Exec, int_arg, is_word};
use crate::command::reply_error::{SYNTAX, no_key_or_group};
use crate::command::{Command, CommandError, Group, Keys, Outcome};
use crate::resp::{Args, Reply};
use crate::value::StreamId;
use crate::value::stream::{Group as ConsumerGroup, Pending};

use super::{end_arg, id_arg, reply_id, start_arg, stream, stream_mut};

pub(super) const COMMANDS: &[Command] = &[
    Command::data(Group::Stream, "xack", -4, "write fast", Keys::ONE, xack).access("RW update").docs(
        "5.0.0",
        "O(1)",
        "Acknowledge entries, which are not pending for their group any more",
    ),
    Command::data(Group::Stream, "xpending", -3, "readonly", Keys::ONE, xpending)
        .access("RO access")
        .tips("nondeterministic_output")
        .docs("5.0.0", "O(N)", "Tell what is pending for a group"),
];

fn xack(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let Some(place) = exec.find_to_read(&args[1]) else {
        exec.reply.int(0);
        return Ok(());
    };
    let Some(group) = stream(exec.keyspace, place)?.group(&args[2]) else {
        exec.reply.int(0);
        return Ok(());
    };
    let ids: Vec<StreamId> = args.iter_from(3).map(id_arg).collect::<Result<_, _>>()?;
    let mut acknowledged = 0;
    if ids.iter().any(|id| group.pending().contains_key(id))
        && let Some(group) = stream_mut(exec.keyspace, place)?.group_mut(&args[2])
    {
        acknowledged = ids.into_iter().filter(|id| group.remove_pending(*id).is_some()).count();
        exec.changed(acknowledged as u64);
    }
    exec.reply.count(acknowledged);
    Ok(())
}

/// What of a group's pending entries is asked for.
struct Wanted<'a> {
    from: StreamId,
    to: StreamId,
    count: usize,
    min_idle_ms: i64,
    consumer: Option<&'a [u8]>,
}

fn xpending(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let wanted = parse_wanted(args)?;
    let (key, name) = (&args[1], &args[2]);
    let missing = || no_key_or_group(key, name, "");
    let place = exec.find_to_read(key).ok_or_else(missing)?;
    let now_ms = exec.now_ms();
    let group = stream(exec.keyspace, place)?.group(name).ok_or_else(missing)?;
    match wanted {
        None => reply_summary(&mut exec.reply, group),
        Some(wanted) => reply_wanted(&mut exec.reply, group, &wanted, now_ms),
    }
    Ok(())
}

/// Reads `[[IDLE ms] start end count [consumer]]`.
fn parse_wanted(args: Args<'_>) -> Result<Option<Wanted<'_>>, CommandError> {
    let mut at = 3;
    let mut min_idle_ms = 0;
    match args.len() {
        3 => return Ok(None),
        6..=9 => {}
        _ => return Err(SYNTAX),
    }
    if is_word(&args[at], "IDLE") {
        min_idle_ms = int_arg(&args[at + 1])?;
        at += 2;
        if args.len() < at + 3 {
            return Err(SYNTAX);
        }
    }
    let count = int_arg(&args[at + 2])?.max(0) as usize;
    let from = start_arg(&args[at])?;
    let to = end_arg(&args[at + 1])?;
    Ok(Some(Wanted { from, to, count, min_idle_ms, consumer: args.get(at + 3) }))
}

fn reply_summary(reply: &mut Reply<'_>, group: &ConsumerGroup) {
    let pending = group.pending();
    reply.array(4);
    reply.count(pending.len());
    let (Some((first, _)), Some((last, _))) = (pending.first_key_value(), pending.last_key_value()) else {
        reply.null();
        reply.null();
        reply.null_array();
        return;
    };
    reply_id(reply, *first);
    reply_id(reply, *last);
    let busy = || group.consumers().filter(|consumer| !consumer.pending().is_empty());
    reply.array(busy().count());
    for consumer in busy() {
        reply.array(2);
        reply.bulk(&consumer.name);
        reply.bulk_int(consumer.pending().len() as i64);
    }
}

fn reply_wanted(reply: &mut Reply<'_>, group: &ConsumerGroup, wanted: &Wanted<'_>, now_ms: i64) {
    let idle_ms = |pending: &Pending| now_ms.saturating_sub(pending.delivered_ms);
    let is_idle =
        |(_, pending): &(&StreamId, &Pending)| wanted.min_idle_ms == 0 || idle_ms(pending) >= wanted.min_idle_ms;
    let range = wanted.from..=wanted.to.max(wanted.from);
    let found: Vec<(&StreamId, &Pending)> = match wanted.consumer {
        _ if wanted.from > wanted.to => Vec::new(),
        None => group.pending().range(range).filter(is_idle).take(wanted.count).collect(),
        Some(name) => {
            let own = group.find(name).map(|id| group.consumer(id).pending().range(range));
            let known = own.into_iter().flatten().filter_map(|id| Some((id, group.pending().get(id)?)));
            known.filter(is_idle).take(wanted.count).collect()
        }
    };
    reply.array(found.len());
    for (id, pending) in found {
        reply.array(4);
        reply_id(reply, *id);
        reply.bulk(&group.consumer(pending.consumer).name);
        reply.int(idle_ms(pending).max(0));
        reply.int(pending.deliveries.cast_signed());
    }
}
