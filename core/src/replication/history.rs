//! The history that a node is in: its name, its log, when it was written, and what became of those before it.

use super::ancestry::Lineage;
use super::decide::Standing;
use super::log::Log;
use super::position::{Position, ReplicationId};
use super::timeline::Timeline;

/// The history that a node is in, and its log.
#[derive(Clone, Debug)]
pub struct History {
    /// Its name.
    pub id: ReplicationId,
    /// The history before this one, and the first byte, counted from 1, at which the two may differ.
    pub second: Option<(ReplicationId, u64)>,
    /// The two do differ there: known to who began this one, and to whom he has told it. Who came late to its name knows only how far he had come himself.
    is_second_exact: bool,
    /// The stream, since the first replica asked for it.
    pub log: Option<Log>,
    /// When what is in the log was written.
    pub timeline: Timeline,
    /// The offset while there is no log.
    offset_without_log: u64,
    /// Counts the data sets that took the place of another.
    data_set: u32,
}

/// How far a client has come: behind what it wrote and saw, in the data set in which that was.
///
/// The offset alone would prove nothing: once the data were replaced by another node's, the write may be gone while the offset is passed.
/// The name of the history would prove too little: a promotion renames it and keeps every write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClientMark {
    data_set: u32,
    /// The length of the stream then.
    pub offset: u64,
    /// The client has written something, in that data set.
    has_written: bool,
}

impl History {
    /// A history that stands at `position` and has no log.
    #[must_use]
    pub fn new(position: Position) -> History {
        let Position { history: id, offset } = position;
        History {
            id,
            second: None,
            is_second_exact: false,
            log: None,
            timeline: Timeline::default(),
            offset_without_log: offset,
            data_set: 0,
        }
    }

    /// Its length in bytes.
    #[inline]
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.log.as_ref().map_or(self.offset_without_log, Log::end)
    }

    /// Where the node is.
    #[must_use]
    pub fn position(&self) -> Position {
        Position { history: self.id, offset: self.offset() }
    }

    /// What [`decide`](super::decide) needs to know.
    #[must_use]
    pub fn standing(&self) -> Standing {
        let held = self.log.as_ref().map(|log| (log.oldest(), log.end()));
        Standing { history: self.id, second: self.second, held }
    }

    /// Moves the mark of a client whose command is over. A write that was lost with its data stays marked until the client writes again.
    #[inline]
    pub fn advance(&self, mark: &mut ClientMark, writes: bool) {
        let has_written = writes || mark.has_written;
        if writes || self.contains(*mark) {
            *mark = ClientMark { data_set: self.data_set, offset: self.offset(), has_written };
        }
    }

    /// True if what a client wrote is part of the data that are here. False once another data set has taken their place.
    #[must_use]
    pub fn contains(&self, mark: ClientMark) -> bool {
        !mark.has_written || mark.data_set == self.data_set
    }

    /// Begins a log where the history stands, under a new name: what came before it cannot be continued.
    pub fn begin_log(&mut self, id: ReplicationId, backlog_bytes: u64) {
        self.restart_at(Position { history: id, offset: self.offset() }, backlog_bytes);
    }

    /// Begins a log where the history stands, under the name that it has.
    pub fn begin_log_here(&mut self, backlog_bytes: u64) {
        let (second, is_exact) = (self.second, self.is_second_exact);
        self.restart_at(self.position(), backlog_bytes);
        (self.second, self.is_second_exact) = (second, is_exact);
    }

    /// Takes back the PINGs at the end of the log: for a mistake on purpose.
    #[cfg(feature = "museum")]
    pub fn take_back_pings(&mut self) {
        if let Some(log) = &mut self.log {
            log.take_back_pings();
        }
    }

    /// Another node's data have taken the place of what was here, and stand at `position` in its history.
    pub fn replace(&mut self, position: Position, backlog_bytes: u64) {
        self.data_set = self.data_set.wrapping_add(1);
        self.restart_at(position, backlog_bytes);
    }

    /// What it goes on from, as far as that is known.
    #[must_use]
    pub fn lineage(&self) -> Option<Lineage> {
        let (before, first_other) = self.second?;
        Some(Lineage { history: self.id, before, first_other, is_exact: self.is_second_exact })
    }

    /// Somebody else who is in it has told what it goes on from. A place that is not behind us tells nothing of our data.
    pub fn came_from(&mut self, told: Lineage) {
        if told.history == self.id && told.before != self.id && told.first_other <= self.offset() + 1 {
            self.second = Some((told.before, told.first_other));
            self.is_second_exact = told.is_exact;
        }
    }

    /// Begins a new history where this one stands; the old one stays known up to here.
    pub fn fork(&mut self, id: ReplicationId) {
        self.second = Some((self.id, self.offset() + 1));
        self.is_second_exact = true;
        self.id = id;
    }

    /// The history has got another name from its writer, who may have come farther under the old one.
    pub fn rename(&mut self, id: ReplicationId) {
        self.fork(id);
        self.is_second_exact = false;
    }

    /// Gives up the log. Offsets no longer tell what was written from here on, so the history gets another name.
    pub fn end_log(&mut self, id: ReplicationId) {
        self.offset_without_log = self.offset();
        self.log = None;
        self.timeline = Timeline::default();
        self.id = id;
        self.second = None;
    }

    fn restart_at(&mut self, position: Position, backlog_bytes: u64) {
        self.id = position.history;
        self.second = None;
        self.offset_without_log = position.offset;
        self.log = Some(Log::new(position.offset, backlog_bytes));
        self.timeline = Timeline::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(letter: u8) -> ReplicationId {
        ReplicationId::new([letter; 40])
    }

    fn history() -> History {
        let mut history = History::new(Position { history: id(b'a'), offset: 0 });
        history.begin_log(id(b'b'), 1 << 20);
        history.log.as_mut().expect("it was begun").append(b"0123456789");
        history
    }

    fn write(history: &mut History, mark: &mut ClientMark) {
        history.log.as_mut().expect("it was begun").append(b"x");
        history.advance(mark, true);
    }

    #[test]
    fn a_write_stays_where_the_history_is_only_renamed_and_is_gone_with_its_data() {
        let renamings: [fn(&mut History); 4] = [
            |history| history.fork(id(b'c')),
            |history| history.end_log(id(b'c')),
            |history| history.begin_log(id(b'c'), 1),
            |history| history.begin_log_here(1),
        ];
        for rename in renamings {
            let mut history = history();
            let (mut writer, mut reader) = (ClientMark::default(), ClientMark::default());
            write(&mut history, &mut writer);
            rename(&mut history);
            assert_eq!((history.contains(writer), writer.offset, history.offset()), (true, 11, 11));
            history.replace(Position { history: id(b'd'), offset: 5000 }, 1);
            for mark in [&mut writer, &mut reader] {
                history.advance(mark, false);
            }
            assert!(!history.contains(writer), "an old offset proves nothing, and reading brings nothing back");
            assert!(history.contains(reader), "who has written nothing has lost nothing");
            assert_eq!(reader.offset, 5000);
            write(&mut history, &mut writer);
            assert_eq!((history.contains(writer), writer.offset), (true, 5001));
        }
    }

    #[test]
    fn a_new_history_knows_the_old_one_up_to_where_they_part() {
        let mut history = history();
        history.fork(id(b'c'));
        assert_eq!(history.standing().second, Some((id(b'b'), 11)));
        history.begin_log_here(1);
        assert_eq!(
            history.standing(),
            Standing { history: id(b'c'), second: Some((id(b'b'), 11)), held: Some((10, 10)) }
        );
        history.end_log(id(b'd'));
        assert_eq!(history.standing(), Standing { history: id(b'd'), second: None, held: None });
    }
}
