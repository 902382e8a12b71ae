//! The replication log: one shared run of the stream's bytes, which is the backlog and every replica's output at once.

use alloc::vec::Vec;

use crate::resp::{push_command, push_select};

use super::run::{BLOCK_BYTES, Run};

/// The stream of one node. Offsets count the bytes of the history before a place, as `master_repl_offset` does.
#[derive(Clone, Debug)]
pub struct Log {
    run: Run,
    /// Bytes kept for replicas that come back (`repl-backlog-size`).
    backlog_bytes: u64,
    /// The first offset that may be asked for. Blocks may hold a little more.
    oldest: u64,
    /// The database that the stream is about, or none: the next command begins with a SELECT.
    database: Option<u32>,
    scratch: Vec<u8>,
    /// The largest piece that was added.
    largest_append: u64,
}

impl Log {
    /// An empty log of a history that is `offset` bytes long.
    #[must_use]
    pub fn new(offset: u64, backlog_bytes: u64) -> Log {
        Log {
            run: Run::starting_at(offset),
            backlog_bytes,
            oldest: offset,
            database: None,
            scratch: Vec::new(),
            largest_append: 0,
        }
    }

    /// The length of the history in bytes: the master's offset.
    #[inline]
    #[must_use]
    pub fn end(&self) -> u64 {
        self.run.end()
    }

    /// The oldest offset from which the stream can be continued.
    #[must_use]
    pub fn oldest(&self) -> u64 {
        self.oldest
    }

    /// Memory held, in bytes.
    #[must_use]
    pub fn memory_bytes(&self) -> u64 {
        self.run.memory_bytes()
    }

    /// The database that the stream is about.
    #[must_use]
    pub fn database(&self) -> Option<u32> {
        self.database
    }

    /// Sets what the stream is about, on a replica that follows another's SELECTs, or makes the next command begin with a
    /// SELECT (`None`).
    pub fn set_database(&mut self, database: Option<u32>) {
        self.database = database;
    }

    /// Changes how much is kept.
    pub fn set_backlog_bytes(&mut self, backlog_bytes: u64) {
        self.backlog_bytes = backlog_bytes;
    }

    /// Adds bytes of the stream as they are.
    #[inline]
    pub fn append(&mut self, bytes: &[u8]) {
        self.largest_append = self.largest_append.max(bytes.len() as u64);
        self.run.append(bytes);
    }

    /// Bytes of the largest piece that was ever added at once: as a rule, of one command.
    #[must_use]
    pub fn largest_append(&self) -> u64 {
        self.largest_append
    }

    /// True if the bytes from `offset` on are still there, be it for a slow reader alone.
    #[must_use]
    pub fn holds(&self, offset: u64) -> bool {
        (self.run.start()..=self.end()).contains(&offset)
    }

    /// Makes the stream be about `database`, by a SELECT if it is not.
    #[inline]
    pub fn select(&mut self, database: u32) {
        if self.database == Some(database) {
            return;
        }
        self.database = Some(database);
        self.append_built(|bytes| push_select(bytes, database));
    }

    /// Adds a command.
    pub fn append_command<const N: usize>(&mut self, args: [&[u8]; N]) {
        self.append_built(|bytes| push_command(bytes, args.into_iter()));
    }

    fn append_built(&mut self, build: impl FnOnce(&mut Vec<u8>)) {
        let mut bytes = core::mem::take(&mut self.scratch);
        bytes.clear();
        build(&mut bytes);
        self.run.append(&bytes);
        self.scratch = bytes;
    }

    /// Nobody may ask for what lies before an offset any more.
    pub fn refuse_before(&mut self, offset: u64) {
        self.oldest = self.oldest.max(offset);
    }

    /// Forgets what neither the backlog nor a reader at `slowest` needs. Cheap while there is nothing to forget. True if it was time for a block to
    /// go.
    pub fn trim(&mut self, slowest: impl FnOnce() -> Option<u64>) -> bool {
        let backlog_start = self.end().saturating_sub(self.backlog_bytes);
        self.refuse_before(backlog_start);
        let is_time = self.run.start() + (BLOCK_BYTES as u64) <= backlog_start;
        if is_time {
            let keep_from = slowest().map_or(backlog_start, |slowest| slowest.min(backlog_start));
            self.run.forget_before(keep_from);
        }
        is_time
    }

    /// Takes back the PINGs at its end, as far as the backlog reaches.
    #[cfg(feature = "museum")]
    pub(super) fn take_back_pings(&mut self) {
        const PING: &[u8] = b"*1\r\n$4\r\nping\r\n";
        while let Some(before) = self.end().checked_sub(PING.len() as u64).filter(|before| *before >= self.oldest) {
            let mut slices = [&[][..]; 2];
            let count = self.gather(before, &mut slices);
            if slices[..count].concat() != PING {
                return;
            }
            self.run.take_back(before);
        }
    }

    /// True if the bytes from `offset` on are held or yet to come.
    #[must_use]
    pub fn can_continue_from(&self, offset: u64) -> bool {
        (self.oldest..=self.end()).contains(&offset)
    }

    /// Fills `slices` with the stream from `offset` on.
    pub fn gather<'a>(&'a self, offset: u64, slices: &mut [&'a [u8]]) -> usize {
        self.run.gather(offset, slices)
    }

    /// As [`Log::gather`], but nothing from `end` on.
    pub fn gather_up_to<'a>(&'a self, offset: u64, end: u64, slices: &mut [&'a [u8]]) -> usize {
        let count = self.run.gather(offset, slices);
        if end >= self.end() {
            return count;
        }
        let mut left = usize::try_from(end.saturating_sub(offset)).unwrap_or(usize::MAX);
        let mut filled = 0;
        for slice in &mut slices[..count] {
            *slice = &slice[..slice.len().min(left)];
            left -= slice.len();
            filled += usize::from(!slice.is_empty());
        }
        filled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_select_comes_only_when_the_database_changes() {
        let mut log = Log::new(0, 1 << 20);
        log.select(0);
        assert_eq!(log.end(), 23);
        log.select(0);
        assert_eq!(log.end(), 23);
        log.select(3);
        assert_eq!(log.end(), 46);
        log.set_database(None);
        log.select(3);
        assert_eq!(log.end(), 69);
    }

    #[test]
    fn the_backlog_keeps_its_size_and_the_slowest_reader_pins_more() {
        let mut log = Log::new(1000, BLOCK_BYTES as u64);
        log.append(&[1; BLOCK_BYTES * 4]);
        log.trim(|| Some(1000));
        assert_eq!(log.gather(1000, &mut [&[][..]; 8]), 4, "the reader's bytes are held");
        assert_eq!(log.oldest(), log.end() - BLOCK_BYTES as u64, "but nobody else may ask for them");
        log.trim(|| None);
        assert_eq!(log.gather(1000, &mut [&[][..]; 8]), 0);
        assert!(log.can_continue_from(log.end()));
        assert!(log.can_continue_from(log.oldest()));
        assert!(!log.can_continue_from(log.oldest() - 1));
        assert!(!log.can_continue_from(log.end() + 1));
    }
}
