//! Streams: what their commands have in common, which is how ids are given and how entries are told.

mod append;
mod claim;
mod group;
mod info;
mod options;
mod pending;
mod range;
#[cfg(test)]
mod rdb_tests;
mod read;
#[cfg(test)]
mod tests;

use alloc::boxed::Box;

use crate::command::exec::{Exec, stored};
use crate::command::reply_error::{
    INVALID_INTERVAL_END, INVALID_INTERVAL_START, INVALID_STREAM_ID, WRONG_TYPE, no_key_or_group,
};
use crate::command::{Class, Command, CommandError, Feed};
use crate::keyspace::{Keyspace, Place};
use crate::resp::Reply;
use crate::value::stream::{ConsumerId, Entry, Group, Pending, Spelled};
use crate::value::{Stream, StreamId, ValueType};

pub(crate) use read::streams_have_come;

/// All commands of the family, file by file.
pub(super) const FAMILY: &[&[Command]] = &[
    append::COMMANDS,
    range::COMMANDS,
    read::COMMANDS,
    pending::COMMANDS,
    claim::COMMANDS,
    group::COMMANDS,
    info::COMMANDS,
];

/// The stream at a place.
fn stream(keyspace: &Keyspace, place: Place) -> Result<&Stream, CommandError> {
    stored::<Box<Stream>>(keyspace, place).map(|stream| &**stream)
}

/// The stream at a place, about to be changed, borrowed from the keyspace alone.
fn stream_mut(keyspace: &mut Keyspace, place: Place) -> Result<&mut Stream, CommandError> {
    stream(keyspace, place)?;
    Box::<Stream>::of_mut(keyspace.edit(place)).map(|stream| &mut **stream).ok_or(WRONG_TYPE)
}

/// An argument that is an id; without a number it is the first of its millisecond.
fn id_arg(arg: &[u8]) -> Result<StreamId, CommandError> {
    id_with(arg, 0)
}

fn id_with(arg: &[u8], missing_seq: u64) -> Result<StreamId, CommandError> {
    Spelled::parse(arg).and_then(|id| id.or_seq(missing_seq)).ok_or(INVALID_STREAM_ID)
}

/// The first id of an interval: `5-1`, `(5-1`, `-`.
fn start_arg(arg: &[u8]) -> Result<StreamId, CommandError> {
    match arg {
        [b'(', _, ..] => id_with(&arg[1..], 0)?.next().ok_or(INVALID_INTERVAL_START),
        _ => interval_arg(arg, 0),
    }
}

/// The last id of an interval; without a number it is the last of its millisecond.
fn end_arg(arg: &[u8]) -> Result<StreamId, CommandError> {
    match arg {
        [b'(', _, ..] => id_with(&arg[1..], u64::MAX)?.previous().ok_or(INVALID_INTERVAL_END),
        _ => interval_arg(arg, u64::MAX),
    }
}

fn interval_arg(arg: &[u8], missing_seq: u64) -> Result<StreamId, CommandError> {
    match arg {
        b"-" => Ok(StreamId::MIN),
        b"+" => Ok(StreamId::MAX),
        _ => id_with(arg, missing_seq),
    }
}

/// Tells an id.
fn reply_id(reply: &mut Reply<'_>, id: StreamId) {
    reply.bulk(&id.text());
}

/// Tells an entry: its id, and its names and values by turns.
fn reply_entry(reply: &mut Reply<'_>, entry: &Entry<'_>) {
    reply.array(2);
    reply_id(reply, entry.id);
    reply.array(2 * entry.len);
    for text in entry.texts() {
        text.reply_to(reply);
    }
}

/// Where a group is: its database, its key and its name.
#[derive(Clone, Copy)]
struct GroupPlace<'a> {
    database: u32,
    key: &'a [u8],
    name: &'a [u8],
}

/// Tells replicas what is pending, or was until now, as a claim that makes it so there. The id is given as text.
fn feed_pending(feed: &mut Feed, at: &GroupPlace<'_>, group: &Group, id: &[u8], pending: &Pending) {
    let (mut time, mut deliveries) = (itoa::Buffer::new(), itoa::Buffer::new());
    let consumer = &group.consumer(pending.consumer).name;
    let words: [&[u8]; 14] = [
        b"XCLAIM",
        at.key,
        at.name,
        consumer,
        b"0",
        id,
        b"TIME",
        time.format(pending.delivered_ms).as_bytes(),
        b"RETRYCOUNT",
        deliveries.format(pending.deliveries.cast_signed()).as_bytes(),
        b"FORCE",
        b"JUSTID",
        b"LASTID",
        &group.last_id.text(),
    ];
    feed.instead(at.database, words);
}

/// Tells replicas how far a group has come.
fn feed_progress(feed: &mut Feed, at: &GroupPlace<'_>, group: &Group) {
    let mut read = itoa::Buffer::new();
    let read = read.format(group.entries_read.unwrap_or(-1)).as_bytes();
    feed.instead(at.database, [b"XGROUP", b"SETID", at.key, at.name, &group.last_id.text(), b"ENTRIESREAD", read]);
}

/// The consumer of a group, who is heard of now; true if for the first time. The group must be there.
fn meet_consumer(
    exec: &mut Exec<'_>,
    place: Place,
    at: &GroupPlace<'_>,
    name: &[u8],
) -> Result<(ConsumerId, bool), CommandError> {
    let now_ms = exec.now_ms();
    let missing = || no_key_or_group(at.key, at.name, "");
    let group = stream_mut(exec.keyspace, place)?.group_mut(at.name).ok_or_else(missing)?;
    if let Some(consumer) = group.find(name) {
        group.see(consumer, now_ms);
        return Ok((consumer, false));
    }
    let consumer = group.add_consumer(name, now_ms).ok_or_else(missing)?;
    exec.notify(Class::Stream, "xgroup-createconsumer", at.key);
    exec.changed(1);
    Ok((consumer, true))
}
