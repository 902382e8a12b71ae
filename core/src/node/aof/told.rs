//! What INFO tells of append-only files.

use core::time::Duration;

use crate::port::{Mono, Now};

use super::super::Node;
use super::Aof;
use super::stream::Stream;

/// What is told whether there is an append-only file or not.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct AofStats {
    pub(crate) rewrites: u64,
    /// Rewrites that failed since the last one that did not.
    pub(crate) failures: u32,
    pub(crate) last_rewrite_took: Option<Duration>,
    /// The last rewrite has failed: no automatic one before this.
    pub(super) not_before: Option<Mono>,
    /// Syncs that were due while the one before was still under way.
    pub(crate) delayed_syncs: u64,
}

impl AofStats {
    pub(super) fn succeeded(&mut self, took: Duration) {
        self.rewrites += 1;
        self.failures = 0;
        self.not_before = None;
        self.ended(took);
    }

    /// One more has failed; returns how many had before.
    pub(super) fn failed(&mut self) -> u32 {
        self.failures = self.failures.saturating_add(1);
        self.failures - 1
    }

    /// Until when no rewrite is to begin by itself, if that is still to come.
    pub(super) fn wait_until(&self, now: Now) -> Option<Mono> {
        self.not_before.filter(|not_before| now.mono < *not_before)
    }

    pub(super) fn ended(&mut self, took: Duration) {
        self.last_rewrite_took = Some(took);
    }
}

/// What is told of the append-only file that there is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AofTold {
    pub(crate) is_rewrite_scheduled: bool,
    pub(crate) rewrite_begun_at: Option<Mono>,
    pub(crate) can_be_written: bool,
    pub(crate) bytes: u64,
    pub(crate) base_bytes: u64,
    /// Bytes of the stream that are not in the file.
    pub(crate) buffered_bytes: u64,
    pub(crate) is_syncing: bool,
}

impl Node {
    /// What INFO tells of the append-only file, if there is one.
    pub(crate) fn aof_told(&self) -> Option<AofTold> {
        let aof: &Aof = self.storage.aof.as_ref()?;
        let end = self.history.offset();
        Some(AofTold {
            is_rewrite_scheduled: aof.is_rewrite_scheduled,
            rewrite_begun_at: aof.rewrite.as_ref().map(|rewrite| rewrite.begun_at),
            can_be_written: aof.failure.is_none(),
            bytes: aof.bytes(),
            base_bytes: aof.base_bytes,
            buffered_bytes: aof.appended_offset().map_or(0, |from| end.saturating_sub(from)),
            is_syncing: aof.stream.as_ref().is_some_and(Stream::is_syncing),
        })
    }
}
