//! Streams in the RDB format.
//!
//! First the nodes, then what the stream knows of all that was ever added, then the groups: of each what is pending for it, and then its
//! consumers, each with the ids of its own part of that.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::codec::listpack::Listpack;
use crate::rdb::{Fault, ReadError, Reader, push_length, push_string, value_type};
use crate::value::stream::{ConsumerId, Group, Pending, Tally};
use crate::value::{Stream, StreamId, Value};

use super::{BuildRules, Step};

/// A group's count of entries read, when nobody knows it.
const UNKNOWN: u64 = u64::MAX;

pub(super) fn type_of(_stream: &Stream) -> u8 {
    value_type::STREAM_2
}

pub(super) fn push(out: &mut Vec<u8>, stream: &Stream, compress: bool) {
    push_length(out, stream.node_count() as u64);
    for (master, node) in stream.nodes() {
        push_string(out, &master.to_bytes(), compress);
        push_string(out, node.as_bytes(), compress);
    }
    let tally = stream.tally();
    push_length(out, tally.len);
    for id in [tally.last_id, tally.first_id, tally.max_deleted_id] {
        push_id(out, id);
    }
    push_length(out, tally.entries_added);
    push_length(out, stream.groups().len() as u64);
    for (name, group) in stream.groups() {
        push_string(out, name, compress);
        push_group(out, group, compress);
    }
}

fn push_group(out: &mut Vec<u8>, group: &Group, compress: bool) {
    push_id(out, group.last_id);
    push_length(out, group.entries_read.map_or(UNKNOWN, i64::cast_unsigned));
    push_length(out, group.pending().len() as u64);
    for (id, pending) in group.pending() {
        out.extend_from_slice(&id.to_bytes());
        out.extend_from_slice(&pending.delivered_ms.to_le_bytes());
        push_length(out, pending.deliveries);
    }
    push_length(out, group.consumers().len() as u64);
    for consumer in group.consumers() {
        push_string(out, &consumer.name, compress);
        out.extend_from_slice(&consumer.seen_ms.to_le_bytes());
        push_length(out, consumer.pending().len() as u64);
        for id in consumer.pending() {
            out.extend_from_slice(&id.to_bytes());
        }
    }
}

fn push_id(out: &mut Vec<u8>, id: StreamId) {
    push_length(out, id.ms);
    push_length(out, id.seq);
}

/// A stream of which some is missing.
#[derive(Clone, Debug)]
pub struct Partial {
    stream: Stream,
    value_type: u8,
    stage: Stage,
}

/// What comes next, and how many of it.
#[derive(Clone, Debug)]
enum Stage {
    /// What was ever added comes behind them.
    Nodes(u64),
    Groups(u64),
    /// Of a group, what is pending for it.
    Pending(PartialGroup, u64),
    Consumers(PartialGroup, u64),
    /// The ids of a consumer, when there are so many consumers behind it.
    Ids(PartialGroup, u64, ConsumerId, u64),
    /// Nothing.
    Whole,
}

/// A group of which some is missing.
#[derive(Clone, Debug, Default)]
struct PartialGroup {
    name: Vec<u8>,
    group: Group,
    /// What is pending for a consumer that was not read yet: when it was delivered last, and how often.
    unowned: BTreeMap<StreamId, (i64, u64)>,
    /// Groups behind it.
    groups_missing: u64,
}

pub(super) fn read(reader: &mut Reader<'_>, value_type: u8, _rules: &BuildRules) -> Result<Step, ReadError> {
    let stage = Stage::Nodes(reader.length()?);
    let partial = Partial { stream: Stream::default(), value_type, stage };
    Ok(Step::Begun(super::Partial::Stream(partial.into())))
}

impl Partial {
    pub(super) fn advance(&mut self, reader: &mut Reader<'_>, _rules: &BuildRules) -> Result<Option<Value>, ReadError> {
        match &mut self.stage {
            Stage::Nodes(0) => self.read_tally(reader)?,
            Stage::Nodes(missing) => {
                let master = read_bytes(&reader.string()?)?;
                let pack = Listpack::from_bytes(reader.string()?.into_owned()).map_err(Fault::Value)?;
                self.stream.push_node(master, pack).map_err(Fault::Value)?;
                *missing -= 1;
            }
            Stage::Groups(missing) => {
                let (part, pending) = read_group(reader, *missing, self.value_type, self.stream.tally())?;
                self.stage = Stage::Pending(part, pending);
            }
            Stage::Pending(part, 0) => {
                let consumers = reader.length()?;
                self.stage = Stage::Consumers(core::mem::take(part), consumers);
            }
            Stage::Pending(part, missing) => {
                part.read_pending(reader)?;
                *missing -= 1;
            }
            Stage::Consumers(part, missing) => {
                let (consumer, ids) = part.read_consumer(reader, self.value_type)?;
                self.stage = Stage::Ids(core::mem::take(part), *missing - 1, consumer, ids);
            }
            Stage::Ids(part, _, consumer, missing) => {
                part.read_id(reader, *consumer)?;
                *missing -= 1;
            }
            Stage::Whole => {}
        }
        self.settle()?;
        let is_whole = matches!(self.stage, Stage::Whole);
        Ok(is_whole.then(|| Box::new(core::mem::take(&mut self.stream)).into()))
    }

    /// Goes on to what comes next, without reading.
    fn settle(&mut self) -> Result<(), Fault> {
        loop {
            match &mut self.stage {
                Stage::Ids(part, consumers, _, 0) => {
                    self.stage = Stage::Consumers(core::mem::take(part), *consumers);
                }
                Stage::Consumers(part, 0) => {
                    let part = core::mem::take(part);
                    if !part.unowned.is_empty() {
                        return Err(Fault::Stream("an entry is pending for no consumer"));
                    }
                    if !self.stream.add_group(&part.name, part.group) {
                        return Err(Fault::Stream("a group twice"));
                    }
                    self.stage = Stage::Groups(part.groups_missing);
                }
                Stage::Groups(0) => self.stage = Stage::Whole,
                _ => return Ok(()),
            }
        }
    }

    fn read_tally(&mut self, reader: &mut Reader<'_>) -> Result<(), ReadError> {
        let len = reader.length()?;
        let last_id = read_id(reader)?;
        let mut tally = Tally { len, last_id, entries_added: self.stream.tally().len, ..Tally::default() };
        if self.value_type == value_type::STREAM {
            // Redis takes the end of all ids for the first of none.
            tally.first_id = self.stream.first().map_or(StreamId::MAX, |first| first.id);
        } else {
            tally.first_id = read_id(reader)?;
            tally.max_deleted_id = read_id(reader)?;
            tally.entries_added = reader.length()?;
        }
        let groups = reader.length()?;
        if self.stream.last().is_some_and(|last| last.id > last_id) {
            return Err(Fault::Stream("an entry behind the last id").into());
        }
        if len > 0 && self.stream.node_count() == 0 {
            return Err(Fault::Stream("entries without a node").into());
        }
        self.stream.restore_tally(tally);
        self.stage = Stage::Groups(groups);
        Ok(())
    }
}

/// The head of a group, and how much is pending for it.
fn read_group(
    reader: &mut Reader<'_>,
    missing: u64,
    value_type: u8,
    tally: &Tally,
) -> Result<(PartialGroup, u64), ReadError> {
    let name = reader.string()?.into_owned();
    let last_id = read_id(reader)?;
    let entries_read = match value_type {
        value_type::STREAM => tally.entries_up_to(last_id),
        _ => Some(reader.length()?).filter(|read| *read != UNKNOWN).map(u64::cast_signed),
    };
    let pending = reader.length()?;
    let group = Group::new(last_id, entries_read);
    Ok((PartialGroup { name, group, unowned: BTreeMap::new(), groups_missing: missing - 1 }, pending))
}

impl PartialGroup {
    fn read_pending(&mut self, reader: &mut Reader<'_>) -> Result<(), ReadError> {
        let id = read_bytes(reader.take(16)?)?;
        let delivered_ms = reader.u64_le()?.cast_signed();
        let deliveries = reader.length()?;
        match self.unowned.insert(id, (delivered_ms, deliveries)) {
            Some(_) => Err(Fault::Stream("an entry pending twice").into()),
            None => Ok(()),
        }
    }

    /// A consumer, and how many ids it has.
    fn read_consumer(&mut self, reader: &mut Reader<'_>, value_type: u8) -> Result<(ConsumerId, u64), ReadError> {
        let name = reader.string()?;
        let seen_ms = reader.u64_le()?.cast_signed();
        if value_type == value_type::STREAM_3 {
            // When it was active last: Redis 7.0 does not keep it.
            reader.u64_le()?;
        }
        let ids = reader.length()?;
        let consumer = self.group.add_consumer(&name, seen_ms);
        Ok((consumer.ok_or(Fault::Stream("a consumer twice"))?, ids))
    }

    fn read_id(&mut self, reader: &mut Reader<'_>, consumer: ConsumerId) -> Result<(), ReadError> {
        let id = read_bytes(reader.take(16)?)?;
        let known = self.unowned.remove(&id).ok_or(Fault::Stream("a consumer's entry that is not the group's"));
        let (delivered_ms, deliveries) = known?;
        self.group.set_pending(id, Pending { consumer, delivered_ms, deliveries });
        Ok(())
    }
}

fn read_id(reader: &mut Reader<'_>) -> Result<StreamId, ReadError> {
    let ms = reader.length()?;
    Ok(StreamId { ms, seq: reader.length()? })
}

fn read_bytes(bytes: &[u8]) -> Result<StreamId, Fault> {
    let bytes = bytes.try_into().map_err(|_| Fault::Stream("an id that is not 16 bytes long"))?;
    Ok(StreamId::from_bytes(bytes))
}

#[cfg(test)]
#[path = "stream_tests.rs"]
mod tests;
