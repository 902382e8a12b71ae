//! What happens when entries are delivered to a consumer?

use alloc::vec::Vec;

use crate::command::exec::Exec;
use crate::command::{CommandError, Outcome};
use crate::keyspace::Place;
use crate::value::StreamId;
use crate::value::stream::{ConsumerId, Pending};

use super::super::{GroupPlace, feed_pending, feed_progress, reply_entry, reply_id, stream, stream_mut};
use super::{entries_after, reply_entries};

/// Who reads from where.
pub(super) struct Delivery<'a> {
    /// Where the stream is.
    pub place: Place,
    pub group: GroupPlace<'a>,
    /// The consumer's name.
    pub consumer: &'a [u8],
    /// Entries at most.
    pub count: usize,
    /// What is delivered counts as acknowledged, and is not pending.
    pub is_acknowledged: bool,
}

/// Delivers what the group has not read yet.
pub(super) fn deliver_new(exec: &mut Exec<'_>, delivery: &Delivery<'_>) -> Outcome {
    let now_ms = exec.now_ms();
    let at = &delivery.group;
    let consumer = meet_consumer(exec, delivery)?;
    let before = stream(exec.keyspace, delivery.place)?;
    let last_id = before.group(at.name).map_or(StreamId::MAX, |group| group.last_id);
    let entries = entries_after(before, last_id, delivery.count);
    reply_entries(&mut exec.reply, &entries);
    let ids: Vec<StreamId> = entries.iter().map(|entry| entry.id).collect();

    let stream = stream_mut(exec.keyspace, delivery.place)?;
    for &id in &ids {
        stream.advance_group(at.name, id);
        let Some(group) = stream.group_mut(at.name).filter(|_| !delivery.is_acknowledged) else { continue };
        let pending = Pending { consumer, delivered_ms: now_ms, deliveries: 1 };
        group.set_pending(id, pending);
        feed_pending(exec.feed, at, group, &id.text(), &pending);
    }
    if let Some(group) = stream.group(at.name)
        && delivery.is_acknowledged
        && !ids.is_empty()
    {
        feed_progress(exec.feed, at, group);
    }
    exec.changed(ids.len() as u64);
    Ok(())
}

/// Delivers once more what is pending for the consumer behind an id. Replicas do not hear of it.
pub(super) fn deliver_history(exec: &mut Exec<'_>, delivery: &Delivery<'_>, after: StreamId) -> Outcome {
    let now_ms = exec.now_ms();
    let name = delivery.group.name;
    let consumer = meet_consumer(exec, delivery)?;
    let before = stream(exec.keyspace, delivery.place)?;
    let own = before.group(name).map(|group| group.consumer(consumer).pending());
    let range = own.zip(after.next()).map(|(own, from)| own.range(from..));
    let ids: Vec<StreamId> = range.into_iter().flatten().take(delivery.count).copied().collect();
    let mut found = Vec::with_capacity(ids.len());
    exec.reply.array(ids.len());
    for &id in &ids {
        match before.entry(id) {
            Some(entry) => {
                reply_entry(&mut exec.reply, &entry);
                found.push(id);
            }
            None => {
                exec.reply.array(2);
                reply_id(&mut exec.reply, id);
                exec.reply.null_array();
            }
        }
    }
    if let Some(group) = stream_mut(exec.keyspace, delivery.place)?.group_mut(name) {
        for id in found {
            let Some(pending) = group.pending().get(&id).copied() else { continue };
            let deliveries = pending.deliveries.wrapping_add(1);
            group.set_pending(id, Pending { delivered_ms: now_ms, deliveries, ..pending });
        }
    }
    Ok(())
}

/// The consumer, who is heard of now, perhaps for the first time.
fn meet_consumer(exec: &mut Exec<'_>, delivery: &Delivery<'_>) -> Result<ConsumerId, CommandError> {
    let at = &delivery.group;
    let (consumer, is_new) = super::super::meet_consumer(exec, delivery.place, at, delivery.consumer)?;
    // Of one that has something pending, replicas learn by that.
    if is_new && delivery.is_acknowledged {
        exec.feed.instead(at.database, [b"XGROUP", b"CREATECONSUMER", at.key, at.name, delivery.consumer]);
    }
    Ok(consumer)
}
