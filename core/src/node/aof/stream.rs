//! What is written to one increment, and how far it has come.
//!
//! A stream follows the replication log by a cursor, as a replica does. What lies between the cursor and the log's end becomes batches, each of them
//! whole units under seals. One batch is under way at a time: while the disk is busy, the next one grows.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use bytes::Bytes;

use crate::persistence::aof::{Mark, Seal};
use crate::port::FileName;
use crate::replication::{Log, Position, ReplicationId};

/// Bytes of the stream in one batch. A unit that is longer is a batch of its own.
const BATCH_BYTES_MAX: u64 = 1 << 20;
/// A unit's end is remembered if so many bytes lie between it and the one that was remembered before. What lies between two of them has a seal of its
/// own: a few bytes that are lost of a file's end cost no more than that, beside what was lost.
const CUT_BYTES: u64 = 4096;
/// Slices of the log that are copied at once.
const SLICES: usize = 16;

/// How far something has come: an offset of the history, and how much was put in beside the stream before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::node) struct Reach {
    pub(super) offset: u64,
    pub(super) inserted: u64,
}

impl Reach {
    /// A number that grows with either.
    pub(super) fn total(self) -> u64 {
        self.offset.saturating_add(self.inserted)
    }
}

/// What is to stand in the file at an offset, beside the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Insert {
    /// Where the data are: from here on the history has this name.
    Place(ReplicationId),
    /// Commands of our own that belong to no history: what a client wrote into a replica.
    Own(Vec<u8>),
}

impl Insert {
    /// What it adds to a [`Reach`].
    pub(super) fn weight(&self) -> u64 {
        match self {
            Insert::Place(_) => 1,
            Insert::Own(commands) => commands.len() as u64,
        }
    }
}

/// Bytes that were handed to the disk.
#[derive(Clone, Debug)]
struct Batch {
    /// Kept, so that they can be handed over once more.
    bytes: Bytes,
    reach: Reach,
    /// It tells what is synced, and nothing else.
    is_telling: bool,
    /// It could not be written; a part of it may be there.
    has_failed: bool,
}

/// The stream on its way to one increment.
#[derive(Clone, Debug)]
pub(super) struct Stream {
    pub(super) file: FileName,
    /// Its bytes that were appended whole.
    len: u64,
    /// Where what was appended last ends that is more than told what is synced.
    filled_len: u64,
    /// Its bytes that are synced, and what of that the file tells.
    synced_len: u64,
    told_len: u64,
    /// What is to stand beside the stream.
    inserts: VecDeque<(u64, Insert)>,
    /// Ends of units.
    cuts: VecDeque<u64>,
    /// What was handed to the disk; is whole in the file; is synced.
    handed: Reach,
    appended: Reach,
    synced: Reach,
    batch: Option<Batch>,
    syncing: Option<(Reach, u64)>,
}

impl Stream {
    /// A stream that begins at `reach` and goes on behind `len` bytes of a file, of which nobody knows whether they are synced.
    pub(super) fn new(file: FileName, len: u64, reach: Reach) -> Stream {
        Stream {
            file,
            len,
            filled_len: len,
            synced_len: 0,
            told_len: 0,
            inserts: VecDeque::new(),
            cuts: VecDeque::new(),
            handed: reach,
            appended: reach,
            synced: Reach::default(),
            batch: None,
            syncing: None,
        }
    }

    /// The file was created, with so many bytes that are synced.
    pub(super) fn opened(&mut self, len: u64) {
        self.len = len;
        self.filled_len = len;
        self.synced_len = len;
        self.synced = self.appended;
    }

    /// Something is to stand at `offset`, which is the end of all that came before.
    pub(super) fn insert(&mut self, offset: u64, insert: Insert) {
        self.inserts.push_back((offset, insert));
    }

    /// It goes on where another one was to begin, of which nothing has been written.
    pub(super) fn with_inserts_of(mut self, next: Stream) -> Stream {
        self.inserts.extend(next.inserts);
        self
    }

    /// A unit has ended here. True if that is remembered.
    #[inline]
    pub(super) fn unit_ended(&mut self, offset: u64) -> bool {
        let last = self.cuts.back().copied().unwrap_or(self.handed.offset);
        let is_far = offset.saturating_sub(last) >= CUT_BYTES;
        if is_far {
            self.cuts.push_back(offset);
        }
        is_far
    }

    /// True if there is something to be written up to `end`, and nothing is being written.
    #[inline]
    pub(super) fn has_next_batch(&self, end: u64) -> bool {
        self.batch.is_none() && (self.handed.offset < end || self.inserts.front().is_some_and(|(at, _)| *at <= end))
    }

    pub(super) fn appended(&self) -> Reach {
        self.appended
    }

    pub(super) fn synced(&self) -> Reach {
        self.synced
    }

    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// The offset from which the log is needed.
    pub(super) fn needs_log_from(&self) -> u64 {
        self.handed.offset
    }

    #[inline]
    pub(super) fn is_appending(&self) -> bool {
        self.batch.is_some()
    }

    #[inline]
    pub(super) fn is_syncing(&self) -> bool {
        self.syncing.is_some()
    }

    /// True if there is something in the file to sync.
    #[inline]
    pub(super) fn needs_sync(&self) -> bool {
        self.filled_len > self.synced_len
    }

    /// True if all of the file is synced.
    pub(super) fn is_synced(&self) -> bool {
        self.synced_len == self.len
    }

    /// True if there is something to sync in the file, or on its way there.
    #[inline]
    pub(super) fn will_need_sync(&self) -> bool {
        self.needs_sync() || self.batch.as_ref().is_some_and(|batch| !batch.is_telling)
    }

    /// True if the file does not tell how much of it is synced, and nothing that is to come would.
    pub(super) fn has_news(&self) -> bool {
        self.synced_len > self.told_len && !self.will_need_sync() && !self.is_syncing()
    }

    /// True if all up to `end` is in the file and nothing is under way.
    pub(super) fn is_drained(&self, end: Reach) -> bool {
        self.appended == end && self.batch.is_none() && self.syncing.is_none()
    }

    /// The next batch, up to `end` at most; none if there is nothing to write. With `stamp`, it tells that second of the clock.
    pub(super) fn next_batch(&mut self, log: &Log, end: u64, mut stamp: Option<i64>) -> Option<Bytes> {
        if !self.has_next_batch(end) {
            return None;
        }
        let begin = self.handed.offset;
        let mut sealed = Vec::new();
        while sealed.is_empty() || self.handed.offset < end {
            let next = self.next_cut(end);
            if !sealed.is_empty() && next - begin > BATCH_BYTES_MAX {
                break;
            }
            let body = self.take_body(log, next, stamp.take());
            Seal::push(&body, self.synced_len, &mut sealed);
        }
        Some(self.hand_over(sealed, false))
    }

    /// A batch that tells how much is synced, and nothing else. Damage to what was written last could not be told from what a crash has left, without.
    pub(super) fn tell_synced(&mut self) -> Bytes {
        self.hand_over(Seal::wrap(&[], self.synced_len), true)
    }

    fn hand_over(&mut self, sealed: Vec<u8>, is_telling: bool) -> Bytes {
        self.told_len = self.synced_len;
        let bytes = Bytes::from(sealed);
        self.batch = Some(Batch { bytes: bytes.clone(), reach: self.handed, is_telling, has_failed: false });
        bytes
    }

    /// The next end of a unit that was remembered, `end` at most.
    fn next_cut(&mut self, end: u64) -> u64 {
        while self.cuts.pop_front_if(|cut| *cut <= self.handed.offset).is_some() {}
        self.cuts.front().map_or(end, |cut| end.min(*cut))
    }

    /// What is to be sealed together, up to `end`.
    fn take_body(&mut self, log: &Log, end: u64, stamp: Option<i64>) -> Vec<u8> {
        let mut reach = Reach { offset: end, inserted: self.handed.inserted };
        let mut body = Vec::new();
        if let Some(seconds) = stamp {
            Mark::Time(seconds).push(&mut body);
        }
        let mut from = self.handed.offset;
        while let Some((at, insert)) = self.inserts.pop_front_if(|(at, _)| *at <= reach.offset) {
            copy(log, from, at, &mut body);
            from = at;
            reach.inserted += insert.weight();
            match insert {
                Insert::Place(history) => Mark::Position(Position { history, offset: at }).push(&mut body),
                Insert::Own(commands) => {
                    Mark::Own(commands.len() as u64).push(&mut body);
                    body.extend_from_slice(&commands);
                }
            }
        }
        copy(log, from, reach.offset, &mut body);
        self.handed = reach;
        body
    }

    /// The batch is in the file.
    pub(super) fn batch_appended(&mut self) {
        let Some(batch) = self.batch.take() else { return };
        self.len += batch.bytes.len() as u64;
        self.appended = batch.reach;
        if !batch.is_telling {
            self.filled_len = self.len;
        }
    }

    /// The batch could not be written.
    pub(super) fn batch_failed(&mut self) {
        if let Some(batch) = &mut self.batch {
            batch.has_failed = true;
        }
    }

    /// True if there is a batch that could not be written.
    pub(super) fn has_failed(&self) -> bool {
        self.batch.as_ref().is_some_and(|batch| batch.has_failed)
    }

    /// The batch that could not be written, once more.
    pub(super) fn batch_again(&mut self) -> Option<Bytes> {
        let batch = self.batch.as_mut()?;
        batch.has_failed = false;
        Some(batch.bytes.clone())
    }

    /// What was appended, and what is being appended before it, is being synced.
    pub(super) fn sync_begun(&mut self) {
        self.syncing = Some(match &self.batch {
            Some(batch) => (batch.reach, self.len + batch.bytes.len() as u64),
            None => (self.appended, self.len),
        });
    }

    /// A sync has failed, and is to be made again as if nothing were lost: a mistake, which nobody makes but on purpose.
    pub(super) fn sync_gone_wrong(&mut self) {
        self.syncing = None;
    }

    /// A sync is over. What it was about is on the disk, if it was in the file.
    pub(super) fn sync_ended(&mut self) {
        if let Some((reach, len)) = self.syncing.take()
            && len <= self.len
        {
            self.synced = reach;
            self.synced_len = len;
        }
    }
}

/// Appends the stream from one offset to another.
fn copy(log: &Log, mut from: u64, to: u64, out: &mut Vec<u8>) {
    out.reserve(usize::try_from(to.saturating_sub(from)).unwrap_or(0));
    while from < to {
        let mut slices: [&[u8]; SLICES] = [&[]; SLICES];
        let count = log.gather(from, &mut slices);
        if count == 0 {
            return;
        }
        for slice in &slices[..count] {
            let taken = usize::try_from(to - from).unwrap_or(usize::MAX).min(slice.len());
            out.extend_from_slice(&slice[..taken]);
            from += taken as u64;
        }
    }
}
