//! Who waits for which key, in which order, and which keys were filled meanwhile?

use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;

use crate::keyspace::Touch;
use crate::port::ConnId;
use crate::value::Blob;

/// A key of a database.
pub(super) type Place = (u32, Blob);

/// A connection in a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Waiter {
    pub(super) conn: ConnId,
    /// The type that its command is about.
    pub(super) type_name: &'static str,
    /// It must also know when there is no such value any more.
    pub(super) wakes_on_removal: bool,
}

impl Waiter {
    /// True if a key that holds this now is its business.
    pub(super) fn wants(&self, type_name: Option<&str>) -> bool {
        self.wakes_on_removal || type_name == Some(self.type_name)
    }
}

/// All who wait for one key.
#[derive(Clone, Debug, Default)]
struct Line {
    /// By the order in which they came.
    waiters: BTreeMap<u64, Waiter>,
    /// How many there are of each kind, so that a value that is nobody's business costs one look.
    kinds: Vec<(Waiter, usize)>,
    /// The key stands in [`Lines::filled`].
    is_filled: bool,
}

impl Line {
    fn count_in(&mut self, waiter: Waiter) {
        match self.kinds.iter_mut().find(|(kind, _)| is_same_kind(kind, &waiter)) {
            Some((_, count)) => *count += 1,
            None => self.kinds.push((waiter, 1)),
        }
    }

    fn count_out(&mut self, waiter: Waiter) {
        let Some(index) = self.kinds.iter().position(|(kind, _)| is_same_kind(kind, &waiter)) else { return };
        self.kinds[index].1 -= 1;
        if self.kinds[index].1 == 0 {
            self.kinds.remove(index);
        }
    }
}

fn is_same_kind(one: &Waiter, other: &Waiter) -> bool {
    one.type_name == other.type_name && one.wakes_on_removal == other.wakes_on_removal
}

/// The lines of all keys that somebody waits for.
#[derive(Clone, Debug, Default)]
pub(super) struct Lines {
    by_key: BTreeMap<Place, Line>,
    /// Keys that have changed and were not looked at since, in the order in which they did.
    filled: VecDeque<Place>,
    last_ticket: u64,
}

impl Lines {
    /// True if nobody waits.
    pub(super) fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }

    /// True if a key is to be looked at.
    #[inline]
    pub(super) fn is_any_filled(&self) -> bool {
        !self.filled.is_empty()
    }

    /// A place at the end of every line.
    pub(super) fn next_ticket(&mut self) -> u64 {
        self.last_ticket += 1;
        self.last_ticket
    }

    /// Somebody waits for any of these keys.
    pub(super) fn enter(&mut self, database: u32, keys: &[Blob], ticket: u64, waiter: Waiter) {
        for key in keys {
            let line = self.by_key.entry((database, key.clone())).or_default();
            // A key that is named twice is waited for once.
            if line.waiters.insert(ticket, waiter).is_none() {
                line.count_in(waiter);
            }
        }
    }

    /// Somebody waits no more.
    pub(super) fn leave(&mut self, database: u32, keys: &[Blob], ticket: u64) {
        for key in keys {
            let place = (database, key.clone());
            let Some(line) = self.by_key.get_mut(&place) else { continue };
            if let Some(waiter) = line.waiters.remove(&ticket) {
                line.count_out(waiter);
            }
            if line.waiters.is_empty() {
                self.by_key.remove(&place);
            }
        }
    }

    /// Takes note of a change.
    pub(super) fn on_touch(&mut self, touch: &Touch) {
        match touch {
            Touch::Key(database, key) => {
                let place = (*database, key.clone());
                if let Some(line) = self.by_key.get_mut(&place)
                    && !core::mem::replace(&mut line.is_filled, true)
                {
                    self.filled.push_back(place);
                }
            }
            Touch::Emptied(database) | Touch::Replaced(database) => self.on_database(*database),
            Touch::Swapped(one, other) => {
                self.on_database(*one);
                self.on_database(*other);
            }
        }
    }

    fn on_database(&mut self, database: u32) {
        let lines = self.by_key.range_mut((database, Blob::new(b""))..);
        for (place, line) in lines.take_while(|((index, _), _)| *index == database) {
            if !core::mem::replace(&mut line.is_filled, true) {
                self.filled.push_back(place.clone());
            }
        }
    }

    /// The next key to be looked at. From now on it may be filled again.
    pub(super) fn take_filled(&mut self) -> Option<Place> {
        let place = self.filled.pop_front()?;
        if let Some(line) = self.by_key.get_mut(&place) {
            line.is_filled = false;
        }
        Some(place)
    }

    /// True if it is anybody's business that a key holds this now.
    pub(super) fn want(&self, place: &Place, type_name: Option<&str>) -> bool {
        self.by_key.get(place).is_some_and(|line| line.kinds.iter().any(|(kind, _)| kind.wants(type_name)))
    }

    /// The first in a key's line whose ticket is `from` or a later one.
    pub(super) fn next_in_line(&self, place: &Place, from: u64) -> Option<(u64, Waiter)> {
        let (ticket, waiter) = self.by_key.get(place)?.waiters.range(from..).next()?;
        Some((*ticket, *waiter))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: Waiter = Waiter { conn: ConnId { slot: 1, generation: 0 }, type_name: "list", wakes_on_removal: false };
    const GROUP: Waiter =
        Waiter { conn: ConnId { slot: 2, generation: 0 }, type_name: "stream", wakes_on_removal: true };

    fn key(name: &str) -> Blob {
        Blob::new(name.as_bytes())
    }

    fn touch(name: &str) -> Touch {
        Touch::Key(0, key(name))
    }

    #[test]
    fn keys_are_looked_at_in_the_order_in_which_they_were_filled_and_once() {
        let mut lines = Lines::default();
        lines.enter(0, &[key("a"), key("b"), key("a")], 1, LIST);
        for name in ["b", "c", "a", "b"] {
            lines.on_touch(&touch(name));
        }
        assert_eq!(lines.take_filled(), Some((0, key("b"))));
        lines.on_touch(&touch("b"));
        assert_eq!(lines.take_filled(), Some((0, key("a"))));
        assert_eq!(lines.take_filled(), Some((0, key("b"))), "filled again while it was looked at");
        assert_eq!(lines.take_filled(), None);
    }

    #[test]
    fn nothing_is_left_of_those_who_have_left() {
        let mut lines = Lines::default();
        lines.enter(0, &[key("a"), key("b"), key("a")], 1, LIST);
        lines.enter(0, &[key("a")], 2, GROUP);
        lines.leave(0, &[key("a"), key("b"), key("a")], 1);
        assert!(!lines.want(&(0, key("b")), Some("list")));
        assert_eq!(lines.next_in_line(&(0, key("a")), 0), Some((2, GROUP)));
        lines.leave(0, &[key("a")], 2);
        assert!(lines.is_empty());
    }

    #[test]
    fn a_value_is_the_business_of_those_who_want_its_type_or_its_end() {
        let mut lines = Lines::default();
        let place = (0, key("a"));
        lines.enter(0, &[key("a")], 1, LIST);
        assert!(lines.want(&place, Some("list")));
        assert!(!lines.want(&place, Some("string")) && !lines.want(&place, None));
        lines.enter(0, &[key("a")], 2, GROUP);
        assert!(lines.want(&place, Some("string")) && lines.want(&place, None));
    }

    #[test]
    fn an_emptied_database_concerns_its_own_lines_alone() {
        let mut lines = Lines::default();
        for (database, ticket) in [(0, 1), (1, 2), (2, 3)] {
            lines.enter(database, &[key("a")], ticket, LIST);
        }
        lines.on_touch(&Touch::Replaced(1));
        assert_eq!(lines.take_filled(), Some((1, key("a"))));
        assert_eq!(lines.take_filled(), None);
    }
}
