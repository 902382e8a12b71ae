//! Streams: reading what is new, alone or as a consumer of a group, and waiting for it.
//!
//! Differs: Redis 7.0 answers a reader that waits with an empty list if what was added is gone again before it is served; here the wait
//! goes on. It also serves a waiting consumer only after the next XADD when XGROUP SETID has sent its group back; here at once.

mod deliver;

use alloc::vec::Vec;

use crate::command::exec::{Exec, int_arg, is_word};
use crate::command::reply_error::{
    GROUP_IN_XREAD, LAST_ID_IN_XREADGROUP, NEW_ID_IN_XREAD, NOACK_IN_XREAD, SYNTAX, TIMEOUT_NEGATIVE,
    TIMEOUT_NOT_AN_INTEGER, UNBALANCED_STREAMS, UNBLOCKED_BY_DESTROY, UNBLOCKED_BY_REMOVAL, XREADGROUP_WITHOUT_GROUP,
    no_key_or_group,
};
use crate::command::{Block, Command, CommandError, Group, Keys, Null, Outcome, Service};
use crate::keyspace::Place;
use crate::resp::{Args, Proto, Reply};
use crate::value::stream::{Entry, Order};
use crate::value::{Blob, Stream, StreamId};

use super::{GroupPlace, id_arg, reply_entry, stream};

use deliver::{Delivery, deliver_history, deliver_new};

pub(super) const COMMANDS: &[Command] = &[
    Command::data(Group::Stream, "xread", -4, "readonly blocking", Keys::Streams { from: 1 }, xread)
        .access("RO access")
        .docs("5.0.0", "O(N)", "Get the entries of streams behind given ids, or wait for some"),
    Command::data(Group::Stream, "xreadgroup", -7, "write blocking", Keys::Streams { from: 4 }, xreadgroup)
        .access("RO access")
        .docs("5.0.0", "O(N)", "Get entries of streams as a consumer of a group, or wait for some"),
];

/// A request to read.
#[derive(Default)]
struct Request<'a> {
    /// How long it may wait, if it may; for ever if there is no time.
    block_ms: Option<Option<u64>>,
    /// How many entries of each stream at most.
    count: usize,
    no_ack: bool,
    group: Option<(&'a [u8], &'a [u8])>,
    /// Where the first key stands.
    keys_at: usize,
    key_count: usize,
}

impl<'a> Request<'a> {
    /// The keys with what is told of where to begin.
    fn streams(&self, args: Args<'a>) -> impl Iterator<Item = (&'a [u8], &'a [u8])> + use<'a> {
        args.iter_from(self.keys_at).zip(args.iter_from(self.keys_at + self.key_count))
    }
}

/// Reads the options, up to the ids.
fn parse<'a>(args: Args<'a>, is_group: bool) -> Result<Request<'a>, CommandError> {
    let mut request = Request { count: usize::MAX, ..Request::default() };
    let mut at = 1;
    while at < args.len() {
        let (arg, more) = (&args[at], args.len() - at - 1);
        if more > 0 && is_word(arg, "BLOCK") {
            request.block_ms = Some(block_arg(&args[at + 1])?);
            at += 2;
        } else if more > 0 && is_word(arg, "COUNT") {
            let count = int_arg(&args[at + 1])?;
            request.count = if count > 0 { count as usize } else { usize::MAX };
            at += 2;
        } else if more > 0 && is_word(arg, "STREAMS") {
            if !more.is_multiple_of(2) {
                return Err(UNBALANCED_STREAMS);
            }
            (request.keys_at, request.key_count) = (at + 1, more / 2);
            break;
        } else if more >= 2 && is_word(arg, "GROUP") {
            if !is_group {
                return Err(GROUP_IN_XREAD);
            }
            request.group = args.get(at + 1).zip(args.get(at + 2));
            at += 3;
        } else if is_word(arg, "NOACK") {
            if !is_group {
                return Err(NOACK_IN_XREAD);
            }
            request.no_ack = true;
            at += 1;
        } else {
            return Err(SYNTAX);
        }
    }
    if request.key_count == 0 { Err(SYNTAX) } else { Ok(request) }
}

/// How long to wait, in milliseconds; zero is for ever.
fn block_arg(arg: &[u8]) -> Result<Option<u64>, CommandError> {
    let ms = int_arg(arg).map_err(|_| TIMEOUT_NOT_AN_INTEGER)?;
    let ms = u64::try_from(ms).map_err(|_| TIMEOUT_NEGATIVE)?;
    Ok((ms > 0).then_some(ms))
}

fn xread(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let request = parse(args, false)?;
    let mut starts = Vec::with_capacity(request.key_count);
    for (key, id) in request.streams(args) {
        let stream = match exec.find_to_read(key) {
            Some(place) if exec.counts(key) => Some(stream(exec.keyspace, place)?),
            _ => None,
        };
        starts.push(match id {
            b"$" => stream.map_or(StreamId::MIN, |stream| stream.tally().last_id),
            b">" => return Err(NEW_ID_IN_XREAD),
            id => id_arg(id)?,
        });
    }
    let mut ready: Vec<(&[u8], Place, StreamId)> = Vec::new();
    for ((key, _), after) in request.streams(args).zip(&starts) {
        if let Some(place) = exec.find_to_read(key)
            && exec.counts(key)
            && has_entries_after(stream(exec.keyspace, place)?, *after)
        {
            ready.push((key, place, *after));
        }
    }
    if ready.is_empty() {
        wait(exec, args, &request, Some(&starts));
        return Ok(());
    }
    begin_reply(&mut exec.reply, ready.len());
    for (key, place, after) in ready {
        let entries = entries_after(stream(exec.keyspace, place)?, after, request.count);
        begin_stream(&mut exec.reply, key);
        reply_entries(&mut exec.reply, &entries);
    }
    Ok(())
}

fn has_entries_after(stream: &Stream, id: StreamId) -> bool {
    stream.last().is_some_and(|last| last.id > id)
}

fn entries_after(stream: &Stream, id: StreamId, count: usize) -> Vec<Entry<'_>> {
    let from = id.next().into_iter();
    from.flat_map(|from| stream.entries(from, StreamId::MAX, Order::Ascending)).take(count).collect()
}

/// True if a request that waits would be answered now, by the streams that its keys hold: for checkers.
pub(crate) fn streams_have_come<'a>(args: Args<'a>, find: impl Fn(&'a [u8]) -> Option<&'a Stream>) -> bool {
    let Ok(request) = parse(args, is_word(&args[0], "XREADGROUP")) else { return false };
    request.streams(args).filter_map(|(key, id)| Some((find(key)?, id))).any(|(stream, id)| match request.group {
        Some((name, _)) => stream.group(name).is_none_or(|group| has_entries_after(stream, group.last_id)),
        None => id_arg(id).is_ok_and(|after| has_entries_after(stream, after)),
    })
}

/// The head of a reply about so many streams.
fn begin_reply(reply: &mut Reply<'_>, streams: usize) {
    match reply.proto() {
        Proto::Resp2 => reply.array(streams),
        Proto::Resp3 => reply.map(streams),
    }
}

/// The head of the part about one stream; its entries follow.
fn begin_stream(reply: &mut Reply<'_>, key: &[u8]) {
    if reply.proto() == Proto::Resp2 {
        reply.array(2);
    }
    reply.bulk(key);
}

fn reply_entries(reply: &mut Reply<'_>, entries: &[Entry<'_>]) {
    reply.array(entries.len());
    for entry in entries {
        reply_entry(reply, entry);
    }
}

/// Nothing is there: waits if it may.
fn wait(exec: &mut Exec<'_>, args: Args<'_>, request: &Request<'_>, starts: Option<&[StreamId]>) {
    let Some(timeout_ms) = request.block_ms else {
        exec.reply.null_array();
        return;
    };
    let ids_at = request.keys_at + request.key_count;
    // What `$` meant when it was asked is what counts.
    let resolved = |starts: &[StreamId]| {
        let words = args.iter().take(ids_at).map(<[u8]>::to_vec);
        words.chain(starts.iter().map(|start| start.text().to_vec())).collect()
    };
    exec.wait(Block {
        keys: request.streams(args).map(|(key, _)| Blob::new(key)).collect(),
        type_name: "stream",
        timeout_ms,
        null: Null::Array,
        request: starts.map(resolved),
        wakes_on_removal: request.group.is_some(),
    });
}

/// Where a consumer of a group begins to read.
#[derive(Clone, Copy)]
enum Start {
    /// Behind what its group has read.
    New,
    /// Behind an id, of what is pending for it.
    History(StreamId),
}

fn xreadgroup(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let request = parse(args, true)?;
    let (name, consumer) = request.group.ok_or(XREADGROUP_WITHOUT_GROUP)?;
    let mut starts = Vec::with_capacity(request.key_count);
    for (key, id) in request.streams(args) {
        if exec.counts(key) {
            check_group(exec, key, name)?;
        }
        starts.push(match id {
            b"$" => return Err(LAST_ID_IN_XREADGROUP),
            b">" => Start::New,
            // To Redis the last of all ids is another word for what is new.
            id => match id_arg(id)? {
                StreamId::MAX => Start::New,
                id => Start::History(id),
            },
        });
    }
    let mut ready: Vec<(&[u8], Place, Start)> = Vec::new();
    for ((key, _), start) in request.streams(args).zip(starts) {
        if let Some(place) = exec.find_to_read(key)
            && exec.counts(key)
            && let stream = stream(exec.keyspace, place)?
            && let Some(group) = stream.group(name)
            && (matches!(start, Start::History(_)) || has_entries_after(stream, group.last_id))
        {
            ready.push((key, place, start));
        }
    }
    if ready.is_empty() {
        wait(exec, args, &request, None);
        return Ok(());
    }
    begin_reply(&mut exec.reply, ready.len());
    // Replicas are told what was delivered to whom, and not what was asked.
    exec.feed.nothing();
    for (key, place, start) in ready {
        begin_stream(&mut exec.reply, key);
        let group = GroupPlace { database: exec.database, key, name };
        let delivery = Delivery { place, group, consumer, count: request.count, is_acknowledged: request.no_ack };
        match start {
            Start::New => deliver_new(exec, &delivery)?,
            Start::History(after) => deliver_history(exec, &delivery, after)?,
        }
    }
    Ok(())
}

/// The stream and the group must be there; after a wait their absence has words of its own.
fn check_group(exec: &mut Exec<'_>, key: &[u8], name: &[u8]) -> Result<(), CommandError> {
    let has_waited = matches!(exec.service, Service::Filled(_));
    let place = exec.find_to_read(key);
    if has_waited {
        let stream = place.and_then(|place| stream(exec.keyspace, place).ok()).ok_or(UNBLOCKED_BY_REMOVAL)?;
        return stream.group(name).map(|_| ()).ok_or(UNBLOCKED_BY_DESTROY);
    }
    let missing = || no_key_or_group(key, name, " in XREADGROUP with GROUP option");
    let stream = stream(exec.keyspace, place.ok_or_else(missing)?)?;
    stream.group(name).map(|_| ()).ok_or_else(missing)
}
