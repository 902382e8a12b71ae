//! What does one TCP connection do to the bytes in it?
//!
//! It keeps their order, delays them, cuts them into pieces and joins pieces, and stops taking more when its buffers are
//! full. It never leaves a hole: what does not arrive in order never arrives, because the connection has ended. Every
//! piece carries the hash of its bytes from writer to reader; a mismatch is a defect of the simulator.

use std::collections::VecDeque;

use afterimage_core::codec::random::Random;

use super::{Cut, End, Side, Site};
use crate::fingerprint::{fold, hash_bytes};
use crate::plan::{Chunking, Pace};
use crate::queue::Micros;

/// How the end of a connection shows at one side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// In order: all bytes came first.
    Eof,
    /// By a reset: bytes under way are lost.
    Reset,
    /// In order, and only this way: what is under way the other way still arrives before its end does.
    HalfClose,
}

/// The life of a link.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The slot is unused.
    #[default]
    Free,
    /// A dial is under way.
    Dialling,
    /// Accepted; the dialler does not know yet.
    Accepted,
    /// Both know.
    Open,
    /// Refused; the dialler does not know yet.
    Refused,
}

/// A connection, or a dial that may become one.
#[derive(Debug, Default)]
pub(crate) struct Link {
    /// Grows each time the slot is reused.
    pub(crate) generation: u32,
    /// Counts all links of this slot's network in the order of dialling, for "the youngest".
    pub(crate) opened: u64,
    /// Where it stands.
    pub(crate) stage: Stage,
    /// Dialler and acceptor.
    pub(crate) sites: [Site; 2],
    /// Who holds the ends.
    pub(crate) ends: [End; 2],
    /// What each side writes.
    pub(crate) pipes: [Pipe; 2],
    /// It was reset from outside: both sides are told, whatever is wrong with the path.
    pub(crate) is_broken: bool,
}

impl Link {
    pub(super) fn open(
        &mut self,
        sites: [Site; 2],
        end: End,
        capacity: usize,
        pace: [Pace; 2],
        held: [u16; 2],
        cuts: [Option<Cut>; 2],
    ) {
        self.stage = Stage::Dialling;
        self.sites = sites;
        self.ends = [end, End::Opening];
        self.is_broken = false;
        for side in Side::BOTH {
            let at = side as usize;
            self.pipes[at].open(capacity, pace[at], held[at], cuts[at]);
        }
    }

    /// Nothing gets through any more: what is under way is lost, and so is what is written by who has not heard of it yet.
    pub(crate) fn break_off(&mut self) {
        self.is_broken = true;
        for pipe in &mut self.pipes {
            pipe.discard();
            (pipe.capacity, pipe.fin, pipe.cut) = (0, None, None);
        }
    }

    pub(super) fn close(&mut self) {
        self.stage = Stage::Free;
        self.generation = self.generation.wrapping_add(1);
    }
}

/// A piece of a stream on its way.
#[derive(Clone, Copy, Debug)]
struct Segment {
    arrives: Micros,
    len: usize,
    hash: u64,
}

/// One direction of a connection.
#[derive(Debug, Default)]
pub(crate) struct Pipe {
    /// Written and not yet read; what was read lies before `head`.
    bytes: Vec<u8>,
    head: usize,
    segments: VecDeque<Segment>,
    /// Bytes that fit in: the sender's buffer and the receiver's together.
    capacity: usize,
    departs: Micros,
    arrives: Micros,
    /// How fast it goes.
    pub(crate) pace: Pace,
    /// How many faults hold it up.
    pub(crate) held: u16,
    /// A delivery is scheduled.
    pub(crate) scheduled: bool,
    /// The reader asked for a pause.
    pub(crate) paused: bool,
    /// The writer has more than fits and waits to be told.
    pub(crate) writer_waits: bool,
    /// The writer has closed; the end arrives at this time.
    pub(crate) fin: Option<Micros>,
    /// A cut that waits for its byte.
    pub(crate) cut: Option<Cut>,
    /// Rolling hash of all pieces written.
    pub(crate) written_hash: u64,
    /// Rolling hash of all pieces read.
    pub(crate) read_hash: u64,
    /// Bytes written since the connection began.
    pub(crate) written: u64,
    /// Bytes read since the connection began.
    pub(crate) read: u64,
}

/// What a reader may have now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Due {
    /// So many bytes from the front of the pipe.
    pub(crate) len: usize,
    /// The hash of their pieces; the pieces themselves are checked.
    pub(crate) hash: u64,
    /// False if a piece is not what was written.
    pub(crate) intact: bool,
}

/// Memory of a pipe that is kept when its connection ends.
const KEPT_BYTES_MAX: usize = 64 * 1024;
/// The read part of a pipe is given back once it is this long and longer than the rest.
const COMPACT_BYTES_MIN: usize = 32 * 1024;
/// A write is cut into at most this many pieces; then they grow.
const PIECES_MAX: usize = 24;
/// The largest piece, if nothing smaller is asked for.
const PIECE_BYTES_MAX: usize = 64 * 1024;

impl Pipe {
    fn open(&mut self, capacity: usize, pace: Pace, held: u16, cut: Option<Cut>) {
        let mut bytes = std::mem::take(&mut self.bytes);
        let mut segments = std::mem::take(&mut self.segments);
        bytes.clear();
        bytes.shrink_to(KEPT_BYTES_MAX);
        segments.clear();
        *self = Pipe { bytes, segments, capacity, pace, held, cut, ..Pipe::default() };
    }

    /// Bytes under way.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len() - self.head
    }

    /// True if nothing is under way.
    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes that may be written now.
    pub(crate) fn room(&self) -> usize {
        self.capacity.saturating_sub(self.len())
    }

    /// Adds as much of `bytes` as fits, and tells how much that was. [`commit`](super::Network::commit) sends it off.
    pub(crate) fn extend(&mut self, bytes: &[u8]) -> usize {
        let count = bytes.len().min(self.room());
        self.bytes.extend_from_slice(&bytes[..count]);
        count
    }

    /// Sends off the last `count` bytes added, and tells when the oldest piece under way arrives.
    pub(super) fn commit(&mut self, count: usize, now: Micros, chunking: Chunking, random: &mut Random) -> Micros {
        let mut rest = self.bytes.len() - count;
        self.departs = self.departs.max(now);
        let piece_min = count / PIECES_MAX;
        while rest < self.bytes.len() {
            let left = self.bytes.len() - rest;
            let wanted = match chunking {
                Chunking::Whole => PIECE_BYTES_MAX,
                Chunking::Packets { bytes } => (bytes as usize).max(1),
                Chunking::Ragged { bytes_max } => 1 + random.below(u64::from(bytes_max.max(1))) as usize,
            };
            let len = wanted.max(piece_min).min(left);
            let end = rest + len;
            let hash = hash_bytes(&self.bytes[rest..end]);
            self.departs += (len as u64).saturating_mul(1_000_000) / self.pace.bytes_per_second.max(1);
            let jitter = random.below(self.pace.jitter_us + 1);
            self.arrives = self.arrives.max(self.departs + self.pace.latency_us + jitter);
            if matches!(chunking, Chunking::Ragged { .. }) {
                self.arrives += 1;
            }
            self.segments.push_back(Segment { arrives: self.arrives, len, hash });
            self.written_hash = fold(self.written_hash, hash);
            rest = end;
        }
        self.written += count as u64;
        self.next_at().unwrap_or(self.arrives)
    }

    /// The path has its own pace again: what is under way goes on at that, and no later than it would have arrived.
    pub(super) fn hasten(&mut self, pace: Pace, now: Micros) {
        self.pace = pace;
        (self.departs, self.arrives) = (now, now);
        for segment in &mut self.segments {
            self.departs += (segment.len as u64).saturating_mul(1_000_000) / pace.bytes_per_second.max(1);
            segment.arrives = segment.arrives.min(self.departs + pace.latency_us).max(self.arrives);
            self.arrives = segment.arrives;
        }
        self.fin = self.fin.map(|fin| fin.min(self.departs + pace.latency_us).max(self.arrives));
        // What is scheduled already comes, too, and finds nothing.
        self.scheduled = false;
    }

    /// When the oldest piece, or the end, arrives.
    pub(crate) fn next_at(&self) -> Option<Micros> {
        self.segments.front().map(|segment| segment.arrives).or(self.fin)
    }

    /// Marks the end of the stream behind what is under way.
    pub(crate) fn finish(&mut self, now: Micros, flight: Micros) {
        self.fin = Some(self.arrives.max(now + flight));
    }

    /// What has arrived by now, at most to the byte at which the stream is to be cut.
    pub(crate) fn due(&mut self, now: Micros) -> Due {
        let mut due = Due { len: 0, hash: self.read_hash, intact: true };
        let limit = self.cut.map_or(usize::MAX, |cut| usize::try_from(cut.left).unwrap_or(usize::MAX));
        while let Some(segment) = self.segments.front().copied().filter(|segment| segment.arrives <= now) {
            let start = self.head + due.len;
            let end = start + segment.len;
            due.intact &= end <= self.bytes.len() && hash_bytes(&self.bytes[start..end]) == segment.hash;
            self.segments.pop_front();
            due.hash = fold(due.hash, segment.hash);
            due.len += segment.len;
            if due.len >= limit {
                due.len = limit;
                break;
            }
        }
        due
    }

    /// [`Defect::ChecksumNotVerified`](afterimage_core::museum::Defect): what is read next is not what was written.
    pub(crate) fn flip_a_bit(&mut self) {
        if let Some(byte) = self.bytes.get_mut(self.head) {
            *byte ^= 1;
        }
    }

    /// The first bytes of the pipe.
    pub(crate) fn front(&self, len: usize) -> &[u8] {
        &self.bytes[self.head..self.head + len]
    }

    /// The last bytes that were added.
    pub(crate) fn back(&self, len: usize) -> &[u8] {
        &self.bytes[self.bytes.len() - len..]
    }

    /// Takes out what was read. Returns true if the stream is to be cut here.
    pub(crate) fn consume(&mut self, due: Due) -> bool {
        self.head += due.len;
        self.read += due.len as u64;
        self.read_hash = due.hash;
        if self.head == self.bytes.len() {
            self.bytes.clear();
            self.head = 0;
        } else if self.head >= COMPACT_BYTES_MIN && self.head > self.len() {
            self.bytes.drain(..self.head);
            self.head = 0;
        }
        match &mut self.cut {
            Some(cut) => {
                cut.left = cut.left.saturating_sub(due.len as u64);
                cut.left == 0
            }
            None => false,
        }
    }

    /// Drops everything under way.
    pub(crate) fn discard(&mut self) {
        self.bytes.clear();
        self.head = 0;
        self.segments.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Pace;

    fn pipe(capacity: usize, chunking: Chunking, cut: Option<Cut>) -> impl FnMut(&[u8]) -> (Vec<u8>, bool) {
        let mut pipe = Pipe::default();
        pipe.open(capacity, Pace { latency_us: 10, jitter_us: 5, bytes_per_second: 1_000_000 }, 0, cut);
        let mut random = Random::new(1, 1);
        move |bytes| {
            let count = pipe.extend(bytes);
            pipe.commit(count, 0, chunking, &mut random);
            let mut read = Vec::new();
            while let Some(at) = pipe.next_at() {
                let due = pipe.due(at);
                assert!(due.intact);
                read.extend_from_slice(pipe.front(due.len));
                if pipe.consume(due) {
                    return (read, true);
                }
            }
            assert_eq!(pipe.read_hash, pipe.written_hash);
            (read, false)
        }
    }

    #[test]
    fn what_is_under_way_on_a_path_that_is_healed_does_not_crawl_on() {
        let pace = Pace { latency_us: 10, jitter_us: 0, bytes_per_second: 1_000_000 };
        let crawling = || {
            let mut pipe = Pipe::default();
            pipe.open(1 << 20, Pace { bytes_per_second: 1000, ..pace }, 0, None);
            let count = pipe.extend(&[b'x'; 100_000]);
            pipe.commit(count, 0, Chunking::Packets { bytes: 1000 }, &mut Random::new(1, 1));
            pipe
        };
        let at_50_s = 50_000_000;
        let half = crawling().due(at_50_s).len;
        assert!((40_000..60_000).contains(&half), "{half} bytes");
        let mut healed = crawling();
        let arrived = healed.due(at_50_s);
        healed.consume(arrived);
        healed.hasten(pace, at_50_s);
        let left = 100_000 - half;
        assert_eq!(healed.due(at_50_s + left as u64 + 10).len, left, "at the path's own pace");
    }

    #[test]
    fn whatever_the_pieces_the_stream_is_the_same() {
        let text: Vec<u8> = (0..5000u32).map(|n| (n % 251) as u8).collect();
        for chunking in [Chunking::Whole, Chunking::Packets { bytes: 100 }, Chunking::Ragged { bytes_max: 7 }] {
            assert_eq!(pipe(10_000, chunking, None)(&text), (text.clone(), false));
        }
    }

    #[test]
    fn a_link_that_was_reset_delivers_neither_what_was_under_way_nor_what_is_written_later() {
        let mut link = Link::default();
        link.open([0, 1], End::Operator, 100, [Pace::default(); 2], [0; 2], [None; 2]);
        for pipe in &mut link.pipes {
            pipe.extend(b"before");
            pipe.commit(6, 0, Chunking::Whole, &mut Random::new(1, 1));
        }
        link.break_off();
        for pipe in &mut link.pipes {
            assert_eq!((pipe.extend(b"after"), pipe.next_at()), (0, None));
        }
    }

    #[test]
    fn a_full_buffer_takes_no_more() {
        assert_eq!(pipe(3, Chunking::Whole, None)(b"abcdef").0, b"abc");
    }

    #[test]
    fn a_cut_comes_after_its_byte_whatever_the_pieces() {
        for chunking in [Chunking::Whole, Chunking::Ragged { bytes_max: 3 }] {
            for left in 1..6 {
                let cut = Cut { left, ending: Ending::Reset };
                let (read, ended) = pipe(100, chunking, Some(cut))(b"abcdef");
                assert_eq!((read.as_slice(), ended), (&b"abcdef"[..left as usize], true));
            }
        }
    }
}
