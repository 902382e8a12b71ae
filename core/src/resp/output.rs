//! The queue of bytes that wait to be sent on one connection.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use bytes::Bytes;

/// A tail longer than this is closed, so that a long queue is never moved to grow.
const CHUNK_BYTES_MAX: usize = 64 * 1024;
/// An empty tail keeps this much memory for the next reply: pipelines of 64 small replies fit.
const TAIL_BYTES_KEPT: usize = 16 * 1024;
/// Payloads from this size on are queued by reference. Below it a copy is cheaper than a reference count, a queue
/// entry and a slice more in the system call: both cost about the same between 8 and 32 KiB.
pub(super) const SHARE_BYTES_MIN: usize = 16 * 1024;

#[derive(Clone, Debug)]
enum Chunk {
    Owned(Vec<u8>),
    Shared(Bytes),
}

impl Chunk {
    fn as_slice(&self) -> &[u8] {
        match self {
            Chunk::Owned(bytes) => bytes,
            Chunk::Shared(bytes) => bytes,
        }
    }
}

/// Bytes waiting to be sent, oldest first: closed chunks, then a tail that small replies are copied into.
#[derive(Clone, Debug, Default)]
pub struct Output {
    chunks: VecDeque<Chunk>,
    tail: Vec<u8>,
    /// Bytes of the oldest chunk (or of the tail, if there is no chunk) that were sent already.
    sent: usize,
    /// Bytes in closed chunks, sent ones included.
    chunk_bytes: usize,
    /// The most bytes that the tail held when some were sent.
    tail_peak: usize,
    /// All bytes that were ever sent.
    sent_total: u64,
    /// What was queued, counted as `sent_total` counts, when [`Output::hold`] or [`Output::pass_unheld`] was last called.
    looked_at: u64,
    /// What must not be sent yet.
    holds: VecDeque<Hold>,
}

/// Bytes that must not be sent yet.
#[derive(Clone, Copy, Debug)]
struct Hold {
    /// Where they begin, counted as `sent_total` counts.
    from: u64,
    /// What has to be reached before.
    until: u64,
}

/// A place in an [`Output`] to roll back to.
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    chunks: usize,
    tail: usize,
}

impl Output {
    /// Bytes that are still to be sent.
    #[must_use]
    pub fn len(&self) -> usize {
        self.chunk_bytes + self.tail.len() - self.sent
    }

    /// Memory held, in bytes. What is queued by reference counts, too.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        self.chunk_bytes + self.tail.capacity() + self.chunks.capacity() * size_of::<Chunk>()
    }

    /// What waits beside the buffer of small replies: how many pieces, and their bytes.
    #[must_use]
    pub fn list(&self) -> (usize, usize) {
        (self.chunks.len(), self.chunk_bytes)
    }

    /// The buffer of small replies: its size, the most that it has held, and what it holds, in bytes.
    #[must_use]
    pub fn buffer(&self) -> (usize, usize, usize) {
        let used = if self.chunks.is_empty() { self.tail.len() - self.sent } else { self.tail.len() };
        (self.tail.capacity(), self.tail_peak.max(self.tail.len()), used)
    }

    /// True if everything was sent.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The buffer that small replies are appended to.
    #[inline]
    pub fn tail(&mut self) -> &mut Vec<u8> {
        if self.tail.len() >= CHUNK_BYTES_MAX {
            self.close_tail();
        }
        &mut self.tail
    }

    /// Queues bytes by reference.
    pub fn push_shared(&mut self, bytes: Bytes) {
        self.close_tail();
        self.chunk_bytes += bytes.len();
        self.chunks.push_back(Chunk::Shared(bytes));
    }

    /// Queues bytes, by reference if they are many.
    pub fn extend_shared(&mut self, bytes: &Bytes) {
        if bytes.len() < SHARE_BYTES_MIN {
            self.tail().extend_from_slice(bytes);
        } else {
            self.push_shared(bytes.clone());
        }
    }

    /// Where the queue ends now.
    #[must_use]
    pub fn mark(&self) -> Mark {
        Mark { chunks: self.chunks.len(), tail: self.tail.len() }
    }

    /// Forgets what was queued since `mark`, which must have been taken since the last send.
    pub fn roll_back(&mut self, mark: Mark) {
        while self.chunks.len() > mark.chunks {
            let Some(chunk) = self.chunks.pop_back() else { break };
            self.chunk_bytes -= chunk.as_slice().len();
            // The chunk that held the mark was the tail when it was taken: it is the tail again.
            if let Chunk::Owned(bytes) = chunk {
                self.tail = bytes;
            } else {
                self.tail.clear();
            }
        }
        self.tail.truncate(mark.tail);
    }

    /// What was queued since the last call, and all that will be behind it, is not sent before [`Output::release`] is told of `until` or more. True if
    /// that is news: there was something, and it waits for more than what was there before.
    pub fn hold(&mut self, until: u64) -> bool {
        let (from, end) = (self.looked_at.max(self.sent_total), self.sent_total + self.len() as u64);
        self.looked_at = end;
        if from == end || self.holds.back().is_some_and(|last| last.until >= until) {
            return false;
        }
        self.holds.push_back(Hold { from, until });
        true
    }

    /// What was queued since the last call waits for nothing but what is queued before it.
    #[inline]
    pub fn pass_unheld(&mut self) {
        self.looked_at = self.sent_total + self.len() as u64;
    }

    /// So much was reached. True if there is something that may be sent.
    pub fn release(&mut self, reached: u64) -> bool {
        while self.holds.pop_front_if(|hold| hold.until <= reached).is_some() {}
        self.sendable() > 0
    }

    /// Bytes that may be sent now.
    #[inline]
    #[must_use]
    pub fn sendable(&self) -> usize {
        match self.holds.front() {
            None => self.len(),
            Some(hold) => usize::try_from(hold.from.saturating_sub(self.sent_total)).unwrap_or(usize::MAX),
        }
    }

    /// Fills `slices` with what is to be sent, oldest first; returns how many were filled.
    pub fn gather<'a>(&'a self, slices: &mut [&'a [u8]]) -> usize {
        let mut filled = 0;
        let mut skip = self.sent;
        let mut left = self.sendable();
        let tail = core::iter::once(self.tail.as_slice());
        for bytes in self.chunks.iter().map(Chunk::as_slice).chain(tail) {
            let rest = bytes.get(skip..).unwrap_or_default();
            skip = 0;
            if rest.is_empty() {
                continue;
            }
            if left == 0 {
                break;
            }
            let Some(slot) = slices.get_mut(filled) else { break };
            *slot = &rest[..rest.len().min(left)];
            left -= slot.len();
            filled += 1;
        }
        filled
    }

    /// Drops the first `count` bytes; returns how many of them were not ours (the queue was shorter).
    pub fn advance(&mut self, count: usize) -> usize {
        let taken = count.min(self.len());
        self.tail_peak = self.tail_peak.max(self.tail.len());
        self.sent += taken;
        self.sent_total += taken as u64;
        while let Some(front) = self.chunks.front() {
            let front_bytes = front.as_slice().len();
            if self.sent < front_bytes {
                return count - taken;
            }
            self.sent -= front_bytes;
            self.chunk_bytes -= front_bytes;
            self.chunks.pop_front();
        }
        if self.sent == self.tail.len() {
            self.sent = 0;
            self.tail.clear();
            self.tail.shrink_to(TAIL_BYTES_KEPT);
        }
        count - taken
    }

    /// Drops everything.
    pub fn clear(&mut self) {
        *self = Output::default();
    }

    fn close_tail(&mut self) {
        if !self.tail.is_empty() {
            self.chunk_bytes += self.tail.len();
            self.chunks.push_back(Chunk::Owned(core::mem::take(&mut self.tail)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drain(output: &mut Output, step: usize) -> Vec<u8> {
        let mut all = Vec::new();
        loop {
            let mut slices = [&[][..]; 2];
            let filled = output.gather(&mut slices);
            let joined: Vec<u8> = slices[..filled].concat();
            if joined.is_empty() {
                return all;
            }
            let taken = step.min(joined.len());
            all.extend_from_slice(&joined[..taken]);
            assert_eq!(output.advance(taken), 0);
        }
    }

    #[test]
    fn bytes_leave_in_order_whatever_the_step() {
        for step in [1, 2, 3, 7, 1000] {
            let mut output = Output::default();
            output.tail().extend_from_slice(b"one");
            output.push_shared(Bytes::from_static(b"two"));
            output.push_shared(Bytes::from_static(b"three"));
            output.tail().extend_from_slice(b"four");
            assert_eq!(output.len(), 15);
            assert_eq!(drain(&mut output, step), b"onetwothreefour");
            assert!(output.is_empty());
        }
    }

    #[test]
    fn what_is_held_is_sent_when_what_it_waits_for_was_reached() {
        for step in [1, 3, 1000] {
            let mut output = Output::default();
            output.tail().extend_from_slice(b"free");
            output.pass_unheld();
            assert!(!output.hold(5), "there is nothing new");
            output.tail().extend_from_slice(b"+OK");
            assert!(output.hold(5));
            output.push_shared(Bytes::from_static(b"shared"));
            assert!(!output.hold(5), "it waits for the same");
            output.tail().extend_from_slice(b"+PONG");
            assert!(output.hold(9));
            output.tail().extend_from_slice(b"pushed");
            assert_eq!(output.sendable(), 4);
            assert_eq!(drain(&mut output, step), b"free");
            assert!(!output.release(4));
            assert!(output.release(5));
            assert_eq!(drain(&mut output, step), b"+OKshared");
            assert!(output.release(9));
            assert_eq!(drain(&mut output, step), b"+PONGpushed");
            assert!(output.is_empty() && !output.release(100));
        }
    }

    #[test]
    fn rolling_back_over_a_shared_chunk_restores_the_queue() {
        let mut output = Output::default();
        output.tail().extend_from_slice(b"kept");
        let mark = output.mark();
        output.tail().extend_from_slice(b"half");
        output.push_shared(Bytes::from_static(b"shared"));
        output.push_shared(Bytes::from_static(b"again"));
        output.tail().extend_from_slice(b"tail");
        output.roll_back(mark);
        assert_eq!(output.len(), 4);
        assert_eq!(drain(&mut output, 100), b"kept");
    }

    #[test]
    fn advancing_past_the_end_tells_what_was_not_ours() {
        let mut output = Output::default();
        output.tail().extend_from_slice(b"abc");
        assert_eq!(output.advance(5), 2);
        assert!(output.is_empty());
    }
}
