//! Which commands make a stream?
//!
//! Its entries with their own ids; its groups, their consumers and what is pending for them; and at last what it knows of all that was ever
//! added.
//!
//! Differs: what is pending may long have been deleted from the stream, and no command makes that pending which is not there. Redis lets
//! go of it in its rewrite, and of consumers who have nothing else. Here such an entry is added in its place, claimed, and taken away again.
//!
//! Differs: a stream whose last id was set back behind one that was deleted gets its last id by a second XSETID. Redis writes one, which it
//! refuses itself when it reads it.

use alloc::vec::Vec;

use crate::resp::{push_array, push_bulk, push_command};
use crate::value::stream::{Group, Order, Pending, Tally};
use crate::value::{Stream, StreamId};

use super::{ELEMENTS_MAX, push_int, push_text};

/// What an entry holds that does not stay.
const STAND_IN: [&[u8]; 2] = [b"x", b"y"];
/// How far a group has read, when nobody knows it.
const UNKNOWN: i64 = -1;

pub(super) fn push(out: &mut Vec<u8>, key: &[u8], stream: &Stream) {
    let stand_ins = push_entries(out, key, stream);
    for (name, group) in stream.groups() {
        push_group(out, key, name, group);
    }
    push_removal(out, key, stream, &stand_ins);
    push_tally(out, key, stream.tally());
}

/// Adds all entries, and those that are pending and gone; the ids of these.
fn push_entries(out: &mut Vec<u8>, key: &[u8], stream: &Stream) -> Vec<StreamId> {
    let mut pending = pending_ids(stream).into_iter().peekable();
    let (mut stand_ins, mut has_entries) = (Vec::new(), false);
    for entry in stream.entries(StreamId::MIN, StreamId::MAX, Order::Ascending) {
        // No command makes such an entry, and only a file that was tampered with holds one.
        if entry.id == StreamId::MIN || entry.len == 0 {
            continue;
        }
        while let Some(id) = pending.next_if(|id| *id < entry.id) {
            push_stand_in(out, key, id);
            stand_ins.push(id);
        }
        pending.next_if_eq(&entry.id);
        push_array(out, 3 + 2 * entry.len);
        push_bulk(out, b"XADD");
        push_bulk(out, key);
        push_bulk(out, &entry.id.text());
        entry.texts().for_each(|text| push_text(out, text));
        has_entries = true;
    }
    for id in pending {
        push_stand_in(out, key, id);
        stand_ins.push(id);
    }
    if !has_entries && stand_ins.is_empty() {
        push_empty(out, key);
    }
    stand_ins
}

/// The ids of all that is pending for anybody, in order.
fn pending_ids(stream: &Stream) -> Vec<StreamId> {
    let groups = stream.groups().values();
    let mut ids: Vec<StreamId> = groups.flat_map(|group| group.pending().keys().copied()).collect();
    ids.sort_unstable();
    ids.dedup();
    // Nothing can be added there.
    ids.retain(|id| *id != StreamId::MIN);
    ids
}

fn push_stand_in(out: &mut Vec<u8>, key: &[u8], id: StreamId) {
    let [name, value] = STAND_IN;
    push_command(out, [b"XADD", key, &id.text(), name, value].into_iter());
}

/// A stream without entries: one that is cut down to nothing as soon as it has one.
fn push_empty(out: &mut Vec<u8>, key: &[u8]) {
    let [name, value] = STAND_IN;
    push_command(out, [b"XADD", key, b"MAXLEN", b"0", b"0-1", name, value].into_iter());
}

/// Takes the entries away that were only added to be claimed. Those ahead of all others are cut off, as they once were: then they do not
/// count as deleted on their own.
fn push_removal(out: &mut Vec<u8>, key: &[u8], stream: &Stream, stand_ins: &[StreamId]) {
    let Some(first) = stand_ins.first() else { return };
    let Some(first_kept) = stream.first().map(|entry| entry.id) else {
        return push_command(out, [b"XTRIM", key, b"MAXLEN", b"0"].into_iter());
    };
    if *first < first_kept {
        push_command(out, [b"XTRIM", key, b"MINID", &first_kept.text()].into_iter());
    }
    let behind = stand_ins.partition_point(|id| *id < first_kept);
    for ids in stand_ins[behind..].chunks(ELEMENTS_MAX) {
        push_array(out, 2 + ids.len());
        push_bulk(out, b"XDEL");
        push_bulk(out, key);
        ids.iter().for_each(|id| push_bulk(out, &id.text()));
    }
}

fn push_group(out: &mut Vec<u8>, key: &[u8], name: &[u8], group: &Group) {
    push_array(out, 7);
    for word in [b"XGROUP", b"CREATE".as_slice(), key, name, &group.last_id.text(), b"ENTRIESREAD"] {
        push_bulk(out, word);
    }
    push_int(out, group.entries_read.unwrap_or(UNKNOWN).max(UNKNOWN));
    for consumer in group.consumers() {
        if consumer.pending().is_empty() {
            push_command(out, [b"XGROUP", b"CREATECONSUMER".as_slice(), key, name, &consumer.name].into_iter());
        }
        for id in consumer.pending() {
            let Some(pending) = group.pending().get(id) else { continue };
            push_claim(out, [key, name, &consumer.name], *id, pending);
        }
    }
}

/// Makes an entry pending for a consumer of a group of a key.
fn push_claim(out: &mut Vec<u8>, whose: [&[u8]; 3], id: StreamId, pending: &Pending) {
    push_array(out, 12);
    push_bulk(out, b"XCLAIM");
    whose.into_iter().for_each(|name| push_bulk(out, name));
    push_bulk(out, b"0");
    push_bulk(out, &id.text());
    push_bulk(out, b"TIME");
    push_int(out, pending.delivered_ms);
    push_bulk(out, b"RETRYCOUNT");
    push_int(out, i64::try_from(pending.deliveries).unwrap_or(i64::MAX));
    push_bulk(out, b"JUSTID");
    push_bulk(out, b"FORCE");
}

/// Tells what was ever added: last of all, since entries that are taken away change it.
fn push_tally(out: &mut Vec<u8>, key: &[u8], tally: &Tally) {
    // More would be refused, as would fewer than there are; only a file that was tampered with tells so.
    let added = tally.entries_added.max(tally.len).min(i64::MAX.cast_unsigned());
    let mut digits = itoa::Buffer::new();
    let added = digits.format(added).as_bytes();
    let (last, max_deleted) = (tally.last_id.text(), tally.max_deleted_id.text());
    let is_set_back = tally.max_deleted_id > tally.last_id;
    let reached: &[u8] = if is_set_back { &max_deleted } else { &last };
    let words = [b"XSETID", key, reached, b"ENTRIESADDED", added, b"MAXDELETEDID", &max_deleted];
    push_command(out, words.into_iter());
    if is_set_back {
        push_command(out, [b"XSETID", key, &last].into_iter());
    }
}
