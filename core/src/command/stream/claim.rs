//! Streams: taking over what is pending for another consumer.

use alloc::vec::Vec;

use crate::codec::number::parse_i64;
use crate::command::exec::{Exec, is_word};
use crate::command::reply_error::{
    SYNTAX, XAUTOCLAIM_COUNT, XAUTOCLAIM_MIN_IDLE, XCLAIM_IDLE, XCLAIM_MIN_IDLE, XCLAIM_RETRYCOUNT, XCLAIM_TIME,
    no_key_or_group, unrecognized_xclaim_option,
};
use crate::command::{Command, CommandError, Group, Keys, Outcome};
use crate::keyspace::Place;
use crate::resp::Args;
use crate::value::StreamId;
use crate::value::stream::{ConsumerId, Pending, Spelled};

use super::{
    GroupPlace, feed_pending, feed_progress, id_arg, meet_consumer, reply_entry, reply_id, start_arg, stream,
    stream_mut,
};

pub(super) const COMMANDS: &[Command] = &[
    Command::data(Group::Stream, "xclaim", -6, "write fast", Keys::ONE, xclaim)
        .access("RW update")
        .tips("nondeterministic_output")
        .docs("5.0.0", "O(log N)", "Take over entries that are pending for another consumer"),
    Command::data(Group::Stream, "xautoclaim", -6, "write fast", Keys::ONE, xautoclaim)
        .access("RW delete")
        .tips("nondeterministic_output")
        .docs("6.2.0", "O(1)", "Take over entries that have been pending for long, whoever they are"),
];

/// How XAUTOCLAIM is limited unless COUNT says otherwise.
const COUNT_BY_DEFAULT: u64 = 100;
/// XAUTOCLAIM looks at so many entries for each that it may take.
const LOOKS_PER_ENTRY: u64 = 10;
/// What COUNT may be at most.
const COUNT_MAX: i64 = i64::MAX / 16;

/// How entries change when they are claimed.
#[derive(Default)]
struct Rules {
    /// Only what was delivered that long ago.
    min_idle_ms: i64,
    /// When they count as delivered, if not now.
    delivered_ms: Option<i64>,
    /// How often they count as delivered.
    deliveries: Option<u64>,
    /// They need not be pending.
    is_forced: bool,
    /// Only ids are told, and it does not count as a delivery.
    only_ids: bool,
    last_id: StreamId,
}

/// Who takes over from whom.
struct Claim<'a> {
    place: Place,
    at: GroupPlace<'a>,
    /// The consumer's name.
    name: &'a [u8],
    consumer: Option<ConsumerId>,
    rules: Rules,
}

/// What became of an entry.
#[derive(PartialEq, Eq)]
enum Claimed {
    Yes,
    No,
    /// It was not in the stream any more, and is not pending any more.
    Gone,
}

fn xclaim(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let (place, at) = find_group(exec, args)?;
    let now_ms = exec.now_ms();
    let min_idle_ms = min_idle_arg(&args[4]).ok_or(XCLAIM_MIN_IDLE)?;
    let spelled = |arg: &[u8]| Spelled::parse(arg).and_then(|id| id.or_seq(0));
    let ids: Vec<StreamId> = args.iter_from(5).map_while(spelled).collect();
    let rules = Rules { min_idle_ms, ..parse_options(args, 5 + ids.len(), now_ms)? };

    let last_id = stream(exec.keyspace, place)?.group(at.name).map_or(StreamId::MAX, |group| group.last_id);
    let mut is_ahead = rules.last_id > last_id;
    if is_ahead && let Some(group) = stream_mut(exec.keyspace, place)?.group_mut(at.name) {
        group.last_id = rules.last_id;
    }
    exec.feed.nothing();
    let mut claim = Claim { place, at, name: &args[3], consumer: None, rules };
    let mut claimed = Vec::new();
    for (id, text) in ids.into_iter().zip(args.iter_from(5)) {
        let outcome = claim.take(exec, id, text)?;
        // What is fed for an entry tells the last id as well.
        is_ahead &= outcome == Claimed::No;
        if outcome == Claimed::Yes {
            claimed.push(id);
        }
    }
    if let Some(group) = stream(exec.keyspace, place)?.group(at.name)
        && is_ahead
    {
        feed_progress(exec.feed, &at, group);
        exec.feed.changed(1);
    }
    reply_claimed(exec, place, &claimed, claim.rules.only_ids)
}

/// Reads the options of XCLAIM, which follow the ids.
fn parse_options(args: Args<'_>, from: usize, now_ms: i64) -> Result<Rules, CommandError> {
    let mut rules = Rules::default();
    let mut delivered_ms = None;
    let mut words = args.iter_from(from);
    while let Some(option) = words.next() {
        if is_word(option, "FORCE") {
            rules.is_forced = true;
            continue;
        } else if is_word(option, "JUSTID") {
            rules.only_ids = true;
            continue;
        }
        let unrecognized = || unrecognized_xclaim_option(option);
        let known = ["IDLE", "TIME", "RETRYCOUNT", "LASTID"].iter().any(|word| is_word(option, word));
        let value = words.next().filter(|_| known).ok_or_else(unrecognized)?;
        if is_word(option, "IDLE") {
            delivered_ms = Some(now_ms.wrapping_sub(parse_i64(value).ok_or(XCLAIM_IDLE)?));
        } else if is_word(option, "TIME") {
            delivered_ms = Some(parse_i64(value).ok_or(XCLAIM_TIME)?);
        } else if is_word(option, "RETRYCOUNT") {
            rules.deliveries = u64::try_from(parse_i64(value).ok_or(XCLAIM_RETRYCOUNT)?).ok();
        } else {
            rules.last_id = id_arg(value)?;
        }
    }
    // A time that cannot be true is none.
    rules.delivered_ms = delivered_ms.filter(|ms| (0..=now_ms).contains(ms));
    Ok(rules)
}

fn xautoclaim(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let min_idle_ms = min_idle_arg(&args[4]).ok_or(XAUTOCLAIM_MIN_IDLE)?;
    let mut from = Some(start_arg(&args[5])?);
    let mut rules = Rules { min_idle_ms, ..Rules::default() };
    let mut count = COUNT_BY_DEFAULT;
    let mut words = args.iter_from(6);
    while let Some(option) = words.next() {
        if is_word(option, "JUSTID") {
            rules.only_ids = true;
            continue;
        }
        let value = words.next().filter(|_| is_word(option, "COUNT")).ok_or(SYNTAX)?;
        let value = parse_i64(value).filter(|count| (1..=COUNT_MAX).contains(count));
        count = value.ok_or(XAUTOCLAIM_COUNT)?.cast_unsigned();
    }
    let (place, at) = find_group(exec, args)?;
    exec.feed.nothing();

    let mut claim = Claim { place, at, name: &args[3], consumer: None, rules };
    let (mut claimed, mut gone) = (Vec::new(), Vec::new());
    let mut looks = count.saturating_mul(LOOKS_PER_ENTRY);
    while looks > 0 && count > 0 {
        let Some(id) = next_pending(exec, place, &at, from)? else { break };
        let outcome = claim.take(exec, id, &id.text())?;
        match outcome {
            Claimed::Yes => claimed.push(id),
            Claimed::Gone => gone.push(id),
            Claimed::No => {}
        }
        count -= u64::from(outcome != Claimed::No);
        looks -= 1;
        from = id.next();
    }
    let next = next_pending(exec, place, &at, from)?.unwrap_or_default();
    exec.reply.array(3);
    reply_id(&mut exec.reply, next);
    reply_claimed(exec, place, &claimed, claim.rules.only_ids)?;
    exec.reply.array(gone.len());
    for id in gone {
        reply_id(&mut exec.reply, id);
    }
    Ok(())
}

/// The first pending entry from an id on.
fn next_pending(
    exec: &Exec<'_>,
    place: Place,
    at: &GroupPlace<'_>,
    from: Option<StreamId>,
) -> Result<Option<StreamId>, CommandError> {
    let group = stream(exec.keyspace, place)?.group(at.name);
    Ok(group.zip(from).and_then(|(group, from)| group.pending().range(from..).next()).map(|(id, _)| *id))
}

/// The group that the first arguments name.
fn find_group<'a>(exec: &mut Exec<'_>, args: Args<'a>) -> Result<(Place, GroupPlace<'a>), CommandError> {
    let (key, name) = (args.get(1).unwrap_or_default(), args.get(2).unwrap_or_default());
    let at = GroupPlace { database: exec.database, key, name };
    let missing = || no_key_or_group(at.key, at.name, "");
    let place = exec.find_to_read(at.key).ok_or_else(missing)?;
    stream(exec.keyspace, place)?.group(at.name).ok_or_else(missing)?;
    Ok((place, at))
}

fn min_idle_arg(arg: &[u8]) -> Option<i64> {
    parse_i64(arg).map(|ms| ms.max(0))
}

impl Claim<'_> {
    /// Takes one entry over, if it may be claimed, and tells replicas, spelling its id as `text` does.
    fn take(&mut self, exec: &mut Exec<'_>, id: StreamId, text: &[u8]) -> Result<Claimed, CommandError> {
        let before = stream(exec.keyspace, self.place)?;
        let pending = before.group(self.at.name).and_then(|group| group.pending().get(&id));
        if before.entry(id).is_none() {
            return if pending.is_some() { self.forget(exec, id, text) } else { Ok(Claimed::No) };
        }
        let rules = &self.rules;
        let is_too_fresh = |pending: &Pending| {
            rules.min_idle_ms > 0 && exec.now_ms().saturating_sub(pending.delivered_ms) < rules.min_idle_ms
        };
        let deliveries = match pending {
            Some(pending) if is_too_fresh(pending) => return Ok(Claimed::No),
            Some(pending) => pending.deliveries,
            None if rules.is_forced => 1,
            None => return Ok(Claimed::No),
        };
        let deliveries = rules.deliveries.unwrap_or(deliveries.wrapping_add(u64::from(!rules.only_ids)));
        let delivered_ms = rules.delivered_ms.unwrap_or(exec.now_ms());
        let pending = Pending { consumer: self.meet(exec)?, delivered_ms, deliveries };
        if let Some(group) = stream_mut(exec.keyspace, self.place)?.group_mut(self.at.name) {
            group.set_pending(id, pending);
            feed_pending(exec.feed, &self.at, group, text, &pending);
            exec.feed.changed(1);
        }
        Ok(Claimed::Yes)
    }

    /// An entry that is not in the stream any more is not pending any more. Replicas find out by a claim as well.
    fn forget(&self, exec: &mut Exec<'_>, id: StreamId, text: &[u8]) -> Result<Claimed, CommandError> {
        if let Some(group) = stream_mut(exec.keyspace, self.place)?.group_mut(self.at.name)
            && let Some(pending) = group.remove_pending(id)
        {
            feed_pending(exec.feed, &self.at, group, text, &pending);
            exec.feed.changed(1);
        }
        Ok(Claimed::Gone)
    }

    /// The consumer, who is heard of only when there is something to take over.
    fn meet(&mut self, exec: &mut Exec<'_>) -> Result<ConsumerId, CommandError> {
        if let Some(consumer) = self.consumer {
            return Ok(consumer);
        }
        let (consumer, _) = meet_consumer(exec, self.place, &self.at, self.name)?;
        self.consumer = Some(consumer);
        Ok(consumer)
    }
}

fn reply_claimed(exec: &mut Exec<'_>, place: Place, ids: &[StreamId], only_ids: bool) -> Outcome {
    let stream = stream(exec.keyspace, place)?;
    exec.reply.array(ids.len());
    for &id in ids {
        match stream.entry(id) {
            Some(entry) if !only_ids => reply_entry(&mut exec.reply, &entry),
            _ => reply_id(&mut exec.reply, id),
        }
    }
    Ok(())
}
