//! What a node counts, for INFO.

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use crate::command::{Expired, Hits, ROW_COUNT};
use crate::replication::Reason;

use super::timing::Histogram;

/// Counters of one command.
#[derive(Clone, Debug, Default)]
pub(crate) struct CommandStat {
    pub(crate) calls: u64,
    pub(crate) nanoseconds: u64,
    /// Refused before execution.
    pub(crate) rejected: u64,
    /// Executed, with an error.
    pub(crate) failed: u64,
    /// How long they took.
    pub(crate) histogram: Histogram,
}

/// Counters of a node.
#[derive(Clone, Debug)]
pub(crate) struct Stats {
    pub(crate) connections: u64,
    pub(crate) rejected_connections: u64,
    pub(crate) commands: u64,
    /// How often bytes were received, and how often some were sent.
    pub(crate) reads: u64,
    pub(crate) writes: u64,
    pub(crate) bytes_received: u64,
    pub(crate) bytes_sent: u64,
    pub(crate) replication_bytes_received: u64,
    /// Sent to replicas; counted in `bytes_sent`, too.
    pub(crate) replication_bytes_sent: u64,
    pub(crate) expired: Expired,
    /// What rounds of expiry took, and how many of them left some keys behind.
    pub(crate) expiry_nanoseconds: u64,
    pub(crate) expiry_rounds_cut: u64,
    pub(crate) hits: Hits,
    pub(crate) sync_full: u64,
    /// Full synchronisations, by why everything had to be sent.
    pub(crate) sync_full_reasons: BTreeMap<Reason, u64>,
    /// Replicas that were too slow for others who are sent snapshots.
    pub(crate) sync_left_behind: u64,
    pub(crate) sync_partial_ok: u64,
    pub(crate) sync_partial_err: u64,
    pub(crate) error_replies: u64,
    /// Replicas that were in touch when last looked.
    pub(crate) good_replicas: usize,
    pub(crate) unexpected_error_replies: u64,
    /// By the first word of the reply.
    pub(crate) errors: BTreeMap<String, u64>,
    /// By the number of the command's row.
    pub(crate) by_command: Vec<CommandStat>,
}

/// Kinds of errors that are counted one by one; more would let a client grow the table.
const ERROR_KINDS_MAX: usize = 128;

impl Default for Stats {
    fn default() -> Stats {
        Stats {
            connections: 0,
            rejected_connections: 0,
            commands: 0,
            reads: 0,
            writes: 0,
            bytes_received: 0,
            bytes_sent: 0,
            replication_bytes_received: 0,
            replication_bytes_sent: 0,
            expired: Expired::default(),
            expiry_nanoseconds: 0,
            expiry_rounds_cut: 0,
            hits: Hits::default(),
            sync_full: 0,
            sync_full_reasons: BTreeMap::new(),
            sync_left_behind: 0,
            sync_partial_ok: 0,
            sync_partial_err: 0,
            error_replies: 0,
            good_replicas: 0,
            unexpected_error_replies: 0,
            errors: BTreeMap::new(),
            by_command: vec![CommandStat::default(); ROW_COUNT],
        }
    }
}

impl Stats {
    /// Counts an error reply by its first word.
    pub(crate) fn count_error(&mut self, code: &str) {
        self.error_replies += 1;
        if let Some(count) = self.errors.get_mut(code) {
            *count += 1;
        } else if self.errors.len() < ERROR_KINDS_MAX {
            self.errors.insert(code.to_string(), 1);
        }
    }

    /// The counters of a command, by the number of its row.
    #[inline]
    pub(crate) fn command(&mut self, number: u16) -> Option<&mut CommandStat> {
        self.by_command.get_mut(usize::from(number))
    }
}
