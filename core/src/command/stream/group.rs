//! XGROUP: making, moving and removing groups and their consumers.

use alloc::boxed::Box;

use crate::command::exec::{Exec, int_arg, is_word};
use crate::command::reply_error::{BUSY_GROUP, ENTRIES_READ_NEGATIVE, XGROUP_WITHOUT_KEY, no_group, wrong_subcommand};
use crate::command::{Class, Command, CommandError, Group, Keys, Outcome, reply_help};
use crate::keyspace::{NO_EXPIRY, Place};
use crate::resp::Args;
use crate::value::stream::Group as ConsumerGroup;
use crate::value::{Stream, StreamId};

use super::{id_arg, stream, stream_mut};

pub(super) const COMMANDS: &[Command] = &[Command::container(Group::Stream, "xgroup", -2, SUBCOMMANDS).docs(
    "5.0.0",
    "Depends on subcommand.",
    "A container for commands about the groups that read a stream",
)];

const SUBCOMMANDS: &[Command] =
    &[
        Command::data(Group::Stream, "create", -5, "write denyoom", Keys::SECOND, create).access("RW insert").docs(
            "5.0.0",
            "O(1)",
            "Makes a group that begins behind an id, or behind the last entry",
        ),
        Command::data(Group::Stream, "createconsumer", 5, "write denyoom", Keys::SECOND, create_consumer)
            .access("RW insert")
            .docs("6.2.0", "O(1)", "Makes a consumer of a group"),
        Command::data(Group::Stream, "delconsumer", 5, "write", Keys::SECOND, delete_consumer)
            .access("RW delete")
            .docs("5.0.0", "O(1)", "Removes a consumer of a group with all that is pending for it"),
        Command::data(Group::Stream, "destroy", 4, "write", Keys::SECOND, destroy).access("RW delete").docs(
            "5.0.0",
            "O(N)",
            "Removes a group",
        ),
        Command::data(Group::Stream, "help", 2, "loading stale", Keys::None, help).docs(
            "5.0.0",
            "O(1)",
            "Describes the subcommands",
        ),
        Command::data(Group::Stream, "setid", -5, "write", Keys::SECOND, set_id).access("RW update").docs(
            "5.0.0",
            "O(1)",
            "Sets what a group has read last",
        ),
    ];

/// What follows the id.
#[derive(Default)]
struct Options {
    makes_stream: bool,
    entries_read: Option<i64>,
}

/// Reads `[MKSTREAM] [ENTRIESREAD n]`, the first for CREATE alone.
fn parse_options(args: Args<'_>, is_create: bool) -> Result<Options, CommandError> {
    let mut options = Options::default();
    let mut at = 5;
    while at < args.len() {
        if is_create && is_word(&args[at], "MKSTREAM") {
            options.makes_stream = true;
            at += 1;
            continue;
        }
        let value = args.get(at + 1).filter(|_| is_word(&args[at], "ENTRIESREAD"));
        let entries_read = int_arg(value.ok_or_else(|| wrong_subcommand("xgroup", &args[1]))?)?;
        if entries_read < -1 {
            return Err(ENTRIES_READ_NEGATIVE);
        }
        options.entries_read = (entries_read >= 0).then_some(entries_read);
        at += 2;
    }
    Ok(options)
}

/// Where the stream is, if it is there.
fn find_stream(exec: &mut Exec<'_>, args: Args<'_>) -> Result<Option<Place>, CommandError> {
    let place = exec.find(&args[2]);
    place.map(|place| stream(exec.keyspace, place).map(|_| place)).transpose()
}

/// Where the stream with the group is.
fn find_group(exec: &mut Exec<'_>, args: Args<'_>) -> Result<Place, CommandError> {
    let place = find_stream(exec, args)?.ok_or(XGROUP_WITHOUT_KEY)?;
    let group = stream(exec.keyspace, place)?.group(&args[3]);
    group.map(|_| place).ok_or_else(|| no_group(&args[2], &args[3]))
}

/// An id, or `$` for the last one.
fn position_arg(exec: &Exec<'_>, arg: &[u8], place: Option<Place>) -> Result<StreamId, CommandError> {
    match (arg, place) {
        (b"$", Some(place)) => Ok(stream(exec.keyspace, place)?.tally().last_id),
        (b"$", None) => Ok(StreamId::MIN),
        _ => id_arg(arg),
    }
}

fn create(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let options = parse_options(args, true)?;
    let place = find_stream(exec, args)?;
    if place.is_none() && !options.makes_stream {
        return Err(XGROUP_WITHOUT_KEY);
    }
    let last_id = position_arg(exec, &args[4], place)?;
    let group = ConsumerGroup::new(last_id, options.entries_read);
    match place {
        None => {
            let mut stream = Box::new(Stream::default());
            stream.add_group(&args[3], group);
            exec.insert(&args[2], stream, NO_EXPIRY);
        }
        Some(place) if stream(exec.keyspace, place)?.group(&args[3]).is_some() => return Err(BUSY_GROUP),
        Some(place) => {
            stream_mut(exec.keyspace, place)?.add_group(&args[3], group);
        }
    }
    exec.notify(Class::Stream, "xgroup-create", &args[2]);
    exec.changed(1);
    exec.reply.ok();
    Ok(())
}

fn set_id(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let options = parse_options(args, false)?;
    let place = find_group(exec, args)?;
    let last_id = position_arg(exec, &args[4], Some(place))?;
    if let Some(group) = stream_mut(exec.keyspace, place)?.group_mut(&args[3]) {
        group.last_id = last_id;
        group.entries_read = options.entries_read;
    }
    exec.notify(Class::Stream, "xgroup-setid", &args[2]);
    exec.changed(1);
    exec.reply.ok();
    Ok(())
}

fn destroy(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let place = find_stream(exec, args)?.ok_or(XGROUP_WITHOUT_KEY)?;
    let is_there = stream(exec.keyspace, place)?.group(&args[3]).is_some();
    if is_there {
        stream_mut(exec.keyspace, place)?.remove_group(&args[3]);
        exec.notify(Class::Stream, "xgroup-destroy", &args[2]);
        exec.changed(1);
    }
    exec.reply.int(i64::from(is_there));
    Ok(())
}

fn create_consumer(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let place = find_group(exec, args)?;
    let is_new = stream(exec.keyspace, place)?.group(&args[3]).is_some_and(|group| group.find(&args[4]).is_none());
    if is_new {
        let now_ms = exec.now_ms();
        if let Some(group) = stream_mut(exec.keyspace, place)?.group_mut(&args[3]) {
            group.add_consumer(&args[4], now_ms);
        }
        exec.notify(Class::Stream, "xgroup-createconsumer", &args[2]);
        exec.changed(1);
    }
    exec.reply.int(i64::from(is_new));
    Ok(())
}

fn delete_consumer(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let place = find_group(exec, args)?;
    let consumer = stream(exec.keyspace, place)?.group(&args[3]).and_then(|group| group.find(&args[4]));
    let Some(consumer) = consumer else {
        exec.reply.int(0);
        return Ok(());
    };
    let group = stream_mut(exec.keyspace, place)?.group_mut(&args[3]);
    let pending = group.map_or(0, |group| group.remove_consumer(consumer));
    exec.notify(Class::Stream, "xgroup-delconsumer", &args[2]);
    exec.changed(1);
    exec.reply.count(pending);
    Ok(())
}

fn help(exec: &mut Exec<'_>, _args: Args<'_>) -> Outcome {
    reply_help(&mut exec.reply, "xgroup");
    Ok(())
}
