//! How are calls written down as they happen?

use alloc::string::String;
use alloc::vec::Vec;
use core::mem;

use super::digest::Digest;
use super::event::{kind, kind_of, put_conn, put_event, put_peer};
use super::start::Start;
use super::varint::{put, put_bytes, put_signed};
use crate::node::Node;
use crate::port::{Action, ConnId, Event, Mono, Now, Peer, ProcessorTime, ProcessorTimes};

/// What may stand between a call and its end.
pub(super) mod mark {
    pub(crate) const STOPWATCH: u8 = 32;
    pub(crate) const RESIDENT_MEMORY: u8 = 33;
    pub(crate) const PROCESSOR_TIME: u8 = 34;
    pub(crate) const ALLOCATOR_REPORT: u8 = 35;
    pub(crate) const END: u8 = 64;
}

/// Calls that belong into one frame.
#[derive(Clone, Debug)]
pub struct Chunk {
    /// The number of the first one.
    pub first_call: u64,
    /// The number of the one that comes behind them.
    pub next_call: u64,
    /// What the frame is to hold.
    pub bytes: Vec<u8>,
}

/// Writes down the calls of one incarnation: each is begun before it is made, and ended after it; what the environment answers comes between.
#[derive(Debug, Default)]
pub struct Encoder {
    out: Vec<u8>,
    /// Of what is in `out`.
    first_call: u64,
    calls: u64,
    last: Now,
    stopwatch: u64,
    digest: Digest,
}

impl Encoder {
    /// Bytes that wait to be taken.
    #[must_use]
    pub fn len(&self) -> usize {
        self.out.len()
    }

    /// True if nothing waits to be taken.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.out.is_empty()
    }

    /// The start of the node: the first call of all.
    pub fn begin_start(&mut self, start: &Start, now: Now) {
        self.begin(kind::START, now);
        start.put(&mut self.out);
    }

    /// A connection that was made to us.
    pub fn begin_accept(&mut self, peer: Peer, now: Now) {
        self.begin(kind::ACCEPT, now);
        put_peer(&mut self.out, peer);
    }

    /// An event.
    #[inline]
    pub fn begin_event(&mut self, event: &Event<'_>, now: Now) {
        self.begin(kind_of(event), now);
        put_event(&mut self.out, event);
    }

    /// Background work.
    pub fn begin_work(&mut self, units: u32, now: Now) {
        self.begin(kind::WORK, now);
        put(&mut self.out, u64::from(units));
    }

    /// The first `count` bytes of what `node` has to send on a connection were taken.
    #[inline]
    pub fn begin_sent(&mut self, node: &Node, conn: ConnId, count: usize, now: Now) {
        self.begin(kind::SENT, now);
        put_conn(&mut self.out, conn);
        put(&mut self.out, count as u64);
        self.digest.mix_sent(node, conn, count);
    }

    /// What the stopwatch says.
    pub fn note_stopwatch(&mut self, nanoseconds: u64) {
        self.out.push(mark::STOPWATCH);
        put_signed(&mut self.out, nanoseconds.wrapping_sub(self.stopwatch) as i64);
        self.stopwatch = nanoseconds;
    }

    /// How much memory the process has.
    pub fn note_resident_memory(&mut self, bytes: u64) {
        self.out.push(mark::RESIDENT_MEMORY);
        put(&mut self.out, bytes);
    }

    /// How much processor time was used.
    pub fn note_processor_time(&mut self, times: &ProcessorTimes) {
        self.out.push(mark::PROCESSOR_TIME);
        for ProcessorTime { system, user } in [times.process, times.children, times.thread] {
            for duration in [system, user] {
                put(&mut self.out, duration.as_secs());
                put(&mut self.out, u64::from(duration.subsec_nanos()));
            }
        }
    }

    /// What the allocator tells of itself.
    pub fn note_allocator_report(&mut self, report: &String) {
        self.out.push(mark::ALLOCATOR_REPORT);
        put_bytes(&mut self.out, report.as_bytes());
    }

    /// The call was made: `actions` are what it has left, and `deadline` is when the node wants to be called next.
    #[inline]
    pub fn end(&mut self, actions: &[Action], deadline: Option<Mono>) {
        self.digest.mix_outcome(actions, deadline);
        self.out.push(mark::END);
        self.out.extend_from_slice(&self.digest.check().to_le_bytes());
        self.calls += 1;
    }

    /// An accepted connection has become `conn`; then as [`Encoder::end`].
    pub fn end_accept(&mut self, conn: ConnId, actions: &[Action], deadline: Option<Mono>) {
        self.digest.mix_conn(conn);
        self.end(actions, deadline);
    }

    /// Takes what was written so far; `empty`, which loses what it holds, is written to from now on.
    ///
    /// A call that was begun and has not ended is taken, too: it was the last one, and what comes behind it is lost.
    #[must_use]
    pub fn take(&mut self, mut empty: Vec<u8>) -> Chunk {
        empty.clear();
        let bytes = mem::replace(&mut self.out, empty);
        Chunk { first_call: self.first_call, next_call: self.calls, bytes }
    }

    #[inline]
    fn begin(&mut self, kind: u8, now: Now) {
        if self.out.is_empty() {
            self.begin_chunk();
        }
        let mono = now.mono.0.wrapping_sub(self.last.mono.0) as i64;
        let wall = now.wall.0.wrapping_sub(self.last.wall.0) as i64;
        self.out.push(kind);
        put_signed(&mut self.out, mono);
        put_signed(&mut self.out, wall.wrapping_sub(mono));
        self.last = now;
    }

    fn begin_chunk(&mut self) {
        self.first_call = self.calls;
        put(&mut self.out, self.last.mono.0);
        put(&mut self.out, self.last.wall.0);
        put(&mut self.out, self.stopwatch);
        self.out.extend_from_slice(&self.digest.0.to_le_bytes());
    }
}
