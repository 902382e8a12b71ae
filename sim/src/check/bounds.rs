//! Does the log stay within its bounds?
//!
//! It is the backlog, and the output of every replica. So it may hold `repl-backlog-size`, or as much as a replica may lag by `client-output-buffer-limit`, or two of the largest writes,
//! or what the append-only file has not got yet, or what follows a snapshot whose replica has not asked for the stream yet, whichever is more, and what is left over of blocks.
//! Nothing else pins it.

use afterimage_core::config::Config;
use afterimage_core::node::Probe;

use super::{Breach, Property};

/// The first and the last block are not used up, and one waits to be used again.
const SLACK_BYTES: u64 = 3 * 32 * 1024;

/// What a log may hold.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LogBounds {
    /// The backlog.
    backlog: u64,
    /// What a replica may lag.
    lag: u64,
    /// The largest write.
    largest: u64,
    /// What the append-only file, or a kept snapshot, has yet to get.
    awaited: u64,
}

impl LogBounds {
    /// Those of a node, if it has any.
    pub(crate) fn of(config: &Config, probe: &Probe) -> Option<LogBounds> {
        let lag = config.client_output_buffer_limit.replica.hard_bytes;
        let Probe { log_piece_bytes_max: largest, log_awaited_bytes: awaited, .. } = *probe;
        (lag > 0).then_some(LogBounds { backlog: config.repl_backlog_size, lag, largest, awaited })
    }

    /// Judges what a log holds.
    ///
    /// # Errors
    ///
    /// Tells what it holds and what it may.
    pub(crate) fn judge(self, held: u64) -> Result<(), Breach> {
        let LogBounds { backlog, lag, largest, awaited } = self;
        let bound = lag.max(backlog).max(2 * largest).max(awaited) + SLACK_BYTES;
        if held <= bound {
            return Ok(());
        }
        let explanation = format!(
            "its log holds {held} bytes and may hold {bound}: its backlog is of {backlog} bytes, a replica may lag by {lag}, the largest write was of {largest}, {awaited} are not in the append-only file yet, or behind a kept snapshot"
        );
        Err(Breach::new(Property::WithinBounds, explanation))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_that_holds_more_than_anybody_may_need_is_found() {
        for bounds in [
            LogBounds { backlog: 1 << 20, lag: 1000, largest: 0, awaited: 0 },
            LogBounds { backlog: 1000, lag: 1 << 20, largest: 0, awaited: 0 },
            LogBounds { backlog: 1000, lag: 1000, largest: 1 << 19, awaited: 0 },
            LogBounds { backlog: 1000, lag: 1000, largest: 0, awaited: 1 << 20 },
        ] {
            assert_eq!(bounds.judge((1 << 20) + SLACK_BYTES), Ok(()));
            assert!(bounds.judge((1 << 20) + SLACK_BYTES + 1).is_err());
        }
    }
}
