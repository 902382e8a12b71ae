//! How much of a stream has a group not read yet?
//!
//! Entries have no ordinal numbers. What was ever added is counted, and so a group's progress can be told as long as nothing was deleted
//! from among what it has yet to read.
//!
//! Source: the counters of Redis 7.0.

use super::StreamId;

/// What a stream knows of all that was ever added to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Entries that are there.
    pub len: u64,
    /// The greatest id that was ever given.
    pub last_id: StreamId,
    /// The first entry; `0-0` if there is none.
    pub first_id: StreamId,
    /// The greatest id of an entry that was deleted on its own.
    pub max_deleted_id: StreamId,
    /// Entries that were ever added.
    pub entries_added: u64,
}

impl Tally {
    /// True if an entry from `id` on may have been deleted on its own, and from among those that are there.
    #[must_use]
    pub fn has_deletions_from(&self, id: StreamId) -> bool {
        self.len > 0 && self.max_deleted_id >= self.first_id.max(id)
    }

    /// How many entries were added up to `id`, if that can be told.
    #[must_use]
    pub fn entries_up_to(&self, id: StreamId) -> Option<i64> {
        let added = self.entries_added.cast_signed();
        if added == 0 {
            return Some(0);
        }
        if id == self.last_id || (self.len == 0 && id < self.last_id) {
            return Some(added);
        }
        // Only around the first entry can it be told, and only if nothing is missing behind it.
        let is_whole = self.max_deleted_id == StreamId::MIN || self.max_deleted_id < self.first_id;
        if id > self.last_id || id > self.first_id || !is_whole {
            return None;
        }
        let trimmed = added.wrapping_sub(self.len.cast_signed());
        Some(trimmed + i64::from(id == self.first_id))
    }

    /// How many entries are ahead of a group that has come to `last_id` with `entries_read`, if that can be told.
    #[must_use]
    pub fn lag(&self, last_id: StreamId, entries_read: Option<i64>) -> Option<i64> {
        let added = self.entries_added.cast_signed();
        if added == 0 {
            return Some(0);
        }
        let read = entries_read.filter(|_| !self.has_deletions_from(last_id)).or_else(|| self.entries_up_to(last_id));
        read.map(|read| added.wrapping_sub(read))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(len: u64, first: u64, last: u64, max_deleted: u64, entries_added: u64) -> Tally {
        let id = |ms| StreamId::new(ms, 0);
        Tally { len, first_id: id(first), last_id: id(last), max_deleted_id: id(max_deleted), entries_added }
    }

    /// Each as redis-server 7.0.15 tells it by XINFO GROUPS.
    #[test]
    fn a_lag_is_told_only_if_nothing_is_missing_ahead() {
        let cases = [
            (tally(0, 0, 0, 0, 0), 5, None, Some(0)),
            (tally(3, 1, 3, 0, 3), 0, None, Some(3)),
            (tally(3, 1, 3, 0, 3), 1, None, Some(2)),
            (tally(3, 1, 3, 0, 3), 2, None, None),
            (tally(3, 1, 3, 0, 3), 2, Some(2), Some(1)),
            (tally(3, 1, 3, 0, 3), 9, None, None),
            // 2 was deleted on its own.
            (tally(2, 1, 3, 2, 3), 1, Some(1), None),
            (tally(2, 1, 3, 2, 3), 3, Some(3), Some(0)),
            // 1 was: it is before all that is there.
            (tally(2, 2, 3, 1, 3), 0, None, Some(2)),
            (tally(2, 2, 3, 1, 3), 0, Some(0), Some(3)),
            // Everything was.
            (tally(0, 0, 3, 3, 3), 1, None, Some(0)),
        ];
        for (tally, last, read, lag) in cases {
            assert_eq!(tally.lag(StreamId::new(last, 0), read), lag, "{tally:?} {last} {read:?}");
        }
    }
}
