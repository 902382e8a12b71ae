//! XINFO: what can be learned about a stream, its groups and their consumers.

use alloc::vec::Vec;

use crate::command::exec::{Exec, int_arg, is_word};
use crate::command::reply_error::{NO_SUCH_KEY, no_group, wrong_subcommand};
use crate::command::{Command, CommandError, Group, Keys, Outcome, reply_help};
use crate::resp::{Args, Reply};
use crate::value::stream::{Entry, Group as ConsumerGroup, Order};
use crate::value::{Stream, StreamId};

use super::{reply_entry, reply_id, stream};

pub(super) const COMMANDS: &[Command] = &[Command::container(Group::Stream, "xinfo", -2, SUBCOMMANDS).docs(
    "5.0.0",
    "Depends on subcommand.",
    "A container for commands that look at streams",
)];

const SUBCOMMANDS: &[Command] = &[
    Command::data(Group::Stream, "consumers", 4, "readonly", Keys::SECOND, consumers)
        .access("RO access")
        .tips("nondeterministic_output")
        .docs("5.0.0", "O(1)", "Lists the consumers of a group"),
    Command::data(Group::Stream, "groups", 3, "readonly", Keys::SECOND, groups).access("RO access").docs(
        "5.0.0",
        "O(1)",
        "Lists the groups of a stream",
    ),
    Command::data(Group::Stream, "help", 2, "loading stale", Keys::None, help).docs(
        "5.0.0",
        "O(1)",
        "Describes the subcommands",
    ),
    Command::data(Group::Stream, "stream", -3, "readonly", Keys::SECOND, about).access("RO access").docs(
        "5.0.0",
        "O(1)",
        "Tells about a stream, in brief or in full",
    ),
];

/// How many entries of each kind are told in full, unless COUNT says otherwise.
const COUNT_BY_DEFAULT: usize = 10;

fn about(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let place = exec.find_to_read(&args[2]).ok_or(NO_SUCH_KEY)?;
    let stream = stream(exec.keyspace, place)?;
    match parse_full(args)? {
        None => {
            exec.reply.map(10);
            reply_numbers(&mut exec.reply, stream);
            reply_brief(&mut exec.reply, stream);
        }
        Some(count) => {
            exec.reply.map(9);
            reply_numbers(&mut exec.reply, stream);
            reply_full(&mut exec.reply, stream, count);
        }
    }
    Ok(())
}

/// Reads `[FULL [COUNT n]]`: how many entries are told in full, if any.
fn parse_full(args: Args<'_>) -> Result<Option<usize>, CommandError> {
    let wrong = || wrong_subcommand("xinfo", &args[1]);
    let is_full = args.get(3).is_some_and(|word| is_word(word, "FULL"));
    match args.len() {
        3 => Ok(None),
        4 if is_full => Ok(Some(COUNT_BY_DEFAULT)),
        6 if is_full && is_word(&args[4], "COUNT") => Ok(Some(match int_arg(&args[5])? {
            ..0 => COUNT_BY_DEFAULT,
            0 => usize::MAX,
            count => count as usize,
        })),
        _ => Err(wrong()),
    }
}

/// What is told in either case.
fn reply_numbers(reply: &mut Reply<'_>, stream: &Stream) {
    let tally = stream.tally();
    reply.bulk(b"length");
    reply.count(stream.len());
    reply.bulk(b"radix-tree-keys");
    reply.count(stream.node_count());
    reply.bulk(b"radix-tree-nodes");
    reply.count(stream.radix_node_count());
    reply.bulk(b"last-generated-id");
    reply_id(reply, tally.last_id);
    reply.bulk(b"max-deleted-entry-id");
    reply_id(reply, tally.max_deleted_id);
    reply.bulk(b"entries-added");
    reply.int(tally.entries_added.cast_signed());
    reply.bulk(b"recorded-first-entry-id");
    reply_id(reply, tally.first_id);
}

fn reply_brief(reply: &mut Reply<'_>, stream: &Stream) {
    reply.bulk(b"groups");
    reply.count(stream.groups().len());
    for (word, entry) in [(b"first-entry".as_slice(), stream.first()), (b"last-entry", stream.last())] {
        reply.bulk(word);
        match entry {
            Some(entry) => reply_entry(reply, &entry),
            None => reply.null(),
        }
    }
}

fn reply_full(reply: &mut Reply<'_>, stream: &Stream, count: usize) {
    let entries = stream.entries(StreamId::MIN, StreamId::MAX, Order::Ascending).take(count);
    let entries: Vec<Entry<'_>> = entries.collect();
    reply.bulk(b"entries");
    reply.array(entries.len());
    for entry in &entries {
        reply_entry(reply, entry);
    }
    reply.bulk(b"groups");
    reply.array(stream.groups().len());
    for (name, group) in stream.groups() {
        reply.map(7);
        reply.bulk(b"name");
        reply.bulk(name);
        reply_progress(reply, stream, group);
        reply_pending(reply, group, count);
        reply_consumers(reply, group, count);
    }
}

/// How far a group has come.
fn reply_progress(reply: &mut Reply<'_>, stream: &Stream, group: &ConsumerGroup) {
    reply.bulk(b"last-delivered-id");
    reply_id(reply, group.last_id);
    reply.bulk(b"entries-read");
    reply_if_known(reply, group.entries_read);
    reply.bulk(b"lag");
    reply_if_known(reply, stream.tally().lag(group.last_id, group.entries_read));
}

fn reply_if_known(reply: &mut Reply<'_>, number: Option<i64>) {
    match number {
        Some(number) => reply.int(number),
        None => reply.null(),
    }
}

fn reply_pending(reply: &mut Reply<'_>, group: &ConsumerGroup, count: usize) {
    let pending = group.pending();
    reply.bulk(b"pel-count");
    reply.count(pending.len());
    reply.bulk(b"pending");
    reply.array(pending.len().min(count));
    for (id, pending) in pending.iter().take(count) {
        reply.array(4);
        reply_id(reply, *id);
        reply.bulk(&group.consumer(pending.consumer).name);
        reply.int(pending.delivered_ms);
        reply.int(pending.deliveries.cast_signed());
    }
}

fn reply_consumers(reply: &mut Reply<'_>, group: &ConsumerGroup, count: usize) {
    reply.bulk(b"consumers");
    reply.array(group.consumers().len());
    for consumer in group.consumers() {
        let own = consumer.pending();
        reply.map(4);
        reply.bulk(b"name");
        reply.bulk(&consumer.name);
        reply.bulk(b"seen-time");
        reply.int(consumer.seen_ms);
        reply.bulk(b"pel-count");
        reply.count(own.len());
        reply.bulk(b"pending");
        reply.array(own.len().min(count));
        for id in own.iter().take(count) {
            let pending = group.pending().get(id);
            reply.array(3);
            reply_id(reply, *id);
            reply.int(pending.map_or(0, |pending| pending.delivered_ms));
            reply.int(pending.map_or(0, |pending| pending.deliveries.cast_signed()));
        }
    }
}

fn groups(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let place = exec.find_to_read(&args[2]).ok_or(NO_SUCH_KEY)?;
    let stream = stream(exec.keyspace, place)?;
    let reply = &mut exec.reply;
    reply.array(stream.groups().len());
    for (name, group) in stream.groups() {
        reply.map(6);
        reply.bulk(b"name");
        reply.bulk(name);
        reply.bulk(b"consumers");
        reply.count(group.consumers().len());
        reply.bulk(b"pending");
        reply.count(group.pending().len());
        reply_progress(reply, stream, group);
    }
    Ok(())
}

fn consumers(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let place = exec.find_to_read(&args[2]).ok_or(NO_SUCH_KEY)?;
    let now_ms = exec.now_ms();
    let group = stream(exec.keyspace, place)?.group(&args[3]);
    let group = group.ok_or_else(|| no_group(&args[2], &args[3]))?;
    let reply = &mut exec.reply;
    reply.array(group.consumers().len());
    for consumer in group.consumers() {
        reply.map(3);
        reply.bulk(b"name");
        reply.bulk(&consumer.name);
        reply.bulk(b"pending");
        reply.count(consumer.pending().len());
        reply.bulk(b"idle");
        reply.int(now_ms.saturating_sub(consumer.seen_ms).max(0));
    }
    Ok(())
}

fn help(exec: &mut Exec<'_>, _args: Args<'_>) -> Outcome {
    reply_help(&mut exec.reply, "xinfo");
    Ok(())
}
