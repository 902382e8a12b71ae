//! Which hosts have what was written at a place of a history?
//!
//! A host that stands at a position has all that the histories behind it had up to where each was left. Where a host stood before its data
//! were replaced, or before its life ended, is remembered: its master may not know yet that it has left.

use afterimage_core::replication::{Position, ReplicationId};

use super::histories::{Histories, History, Incarnation};
use super::{Breach, Property};

/// A place in the tree of histories.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Place {
    pub(super) history: usize,
    pub(super) offset: u64,
}

impl Place {
    /// Before all others.
    pub(super) const FIRST: Place = Place { history: 0, offset: 0 };
}

/// Where a host stood when it lost its data.
#[derive(Clone, Copy, Debug, Hash)]
pub(super) struct Station {
    place: Place,
    /// Links that had been dialled in the whole world by then.
    dials: u64,
}

impl Histories {
    /// The place of a position, if its history was seen.
    pub(crate) fn locate(&self, position: Position) -> Option<Place> {
        let history = self.find(&position.history)?;
        Some(Place { history, offset: position.offset })
    }

    /// The name of the history of a place.
    pub(crate) fn name_of(&self, place: Place) -> ReplicationId {
        self.all[place.history].id
    }

    /// Where a host stands, if it has data.
    pub(crate) fn place_of(&self, host: u16) -> Option<Place> {
        let cursor = self.cursors[usize::from(host)];
        cursor.valid.then_some(Place { history: cursor.named, offset: cursor.offset })
    }

    /// What there was to be had at the place where a host stands.
    pub(super) fn digest_of(&self, host: u16) -> Option<u64> {
        let cursor = self.cursors[usize::from(host)];
        self.mark_under(cursor).filter(|_| cursor.valid).map(|mark| mark.digest)
    }

    /// A host says where it stands, and what its data are. Where it was seen last they are those that it had then.
    ///
    /// # Errors
    ///
    /// Tells that they have changed since, by no command of the stream.
    pub(crate) fn judge_rest(&self, host: u16, position: Position, digest: u64) -> Result<(), Breach> {
        let is_here = |place: &Place| self.name_of(*place) == position.history && place.offset == position.offset;
        match self.place_of(host).filter(is_here).and_then(|_| self.digest_of(host)) {
            Some(before) if before != digest => {
                let explanation = format!("it stands at {position:?} as before, and its data have changed");
                Err(Breach::new(Property::SameData, explanation))
            }
            _ => Ok(()),
        }
    }

    /// True if a host has what was written at a place.
    pub(crate) fn has(&self, host: u16, place: Place) -> bool {
        self.place_of(host).is_some_and(|at| self.covers(at, place))
    }

    /// True if a host that does not have it any more had it when so many links had been dialled, or later.
    pub(crate) fn had_since(&self, host: u16, place: Place, dials: u64) -> bool {
        let stations = self.stations[usize::from(host)].iter();
        stations.rev().take_while(|station| station.dials >= dials).any(|station| self.covers(station.place, place))
    }

    /// A host's life is over: what it stood for is known no more.
    pub(crate) fn end_life(&mut self, host: u16, dials: u64) {
        self.leave(host, dials);
        self.cursors[usize::from(host)].valid = false;
    }

    /// A host leaves where it stands, for data that may be other ones.
    pub(super) fn leave(&mut self, host: u16, dials: u64) {
        if let Some(place) = self.place_of(host) {
            self.stations[usize::from(host)].push(Station { place, dials });
        }
    }

    /// A node names another history than `before`. As a master that `keeps_data` it wrote nothing in that event: only its log has begun or
    /// ended, or it was promoted, perhaps without a log.
    pub(crate) fn change(&mut self, before: ReplicationId, now: Position, owner: Incarnation, keeps_data: bool) {
        self.begin(now.history, owner);
        if keeps_data {
            self.rename(Position { history: before, ..now }, now.history, owner);
        }
    }

    /// A master gives its history another name and keeps its data: the new one goes on where the old one was.
    fn rename(&mut self, old: Position, new: ReplicationId, owner: Incarnation) {
        let (Some(before), Some(after)) = (self.locate(old), self.find(&new)) else { return };
        let history = &mut self.all[after];
        if history.owner == owner && history.marks.is_empty() && before.history < after {
            history.goes_on_from = Some((before.history, before.offset));
        }
    }

    /// How far two places have come together, if they have: the last place that lies behind both.
    fn meeting(&self, one: Place, other: Place) -> Option<Place> {
        let mut line = Some(one);
        while let Some(at) = line {
            let mut across = Some(other);
            while let Some(place) = across {
                if place.history == at.history {
                    return Some(Place { history: at.history, offset: at.offset.min(place.offset) });
                }
                across = self.before(place);
            }
            line = self.before(at);
        }
        None
    }

    /// Where the history of a place has left the one that it goes on from, which is older, or that place itself if it comes before that.
    fn before(&self, place: Place) -> Option<Place> {
        let History { parent, goes_on_from, .. } = &self.all[place.history];
        let (history, fork) = parent.or(*goes_on_from)?;
        Some(Place { history, offset: place.offset.min(fork) })
    }

    /// True if `at` lacks nothing of what was written up to `place` but what has changed no data.
    pub(crate) fn covers_changes(&self, at: Place, place: Place) -> bool {
        let digest_at = |place: Place| {
            let marks = &self.all[self.resolve(place.history, place.offset)].marks;
            let found = marks.binary_search_by_key(&place.offset, |mark| mark.offset()).ok()?;
            Some(marks[found].digest)
        };
        let is_unchanged = || {
            let shared = self.meeting(at, place).and_then(digest_at);
            shared.is_some() && shared == digest_at(place)
        };
        self.covers(at, place) || is_unchanged()
    }

    /// True if whoever stands at `at` has what was written at `place`.
    pub(crate) fn covers(&self, at: Place, place: Place) -> bool {
        // Written under a name that a branch goes by, it may lie in the stem.
        let resolved = self.resolve(place.history, place.offset);
        let mut line = Some(at);
        while let Some(at) = line {
            if at.history == place.history || at.history == resolved {
                return place.offset <= at.offset;
            }
            line = self.before(at);
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::histories::tests::{NEW, OLD, Tree};

    fn place(tree: &Tree, history: u8, offset: u64) -> Place {
        let position = Position { history: ReplicationId::new([history; 40]), offset };
        tree.0.locate(position).expect("it was seen")
    }

    /// A master wrote up to 30; a replica that had 20 of it was promoted, and wrote on.
    fn forked() -> Tree {
        let mut tree = Tree::new();
        for (offset, digest) in [(10, 7), (20, 8), (30, 9)] {
            tree.see(0, OLD, offset, digest);
        }
        for (offset, digest) in [(10, 7), (20, 8)] {
            tree.see(1, OLD, offset, digest);
        }
        tree.see_as(1, NEW, 20, 8, Some((OLD, 21)));
        tree.see_as(1, NEW, 40, 5, Some((OLD, 21)));
        tree
    }

    #[test]
    fn data_that_change_where_a_host_stands_are_found_and_only_there() {
        let tree = forked();
        let judge = |history: u8, offset: u64, digest: u64| {
            let position = Position { history: ReplicationId::new([history; 40]), offset };
            tree.0.judge_rest(1, position, digest).map_err(|breach| breach.property)
        };
        assert_eq!(judge(NEW, 40, 5), Ok(()));
        assert_eq!(judge(NEW, 40, 6), Err(Property::SameData));
        assert_eq!((judge(NEW, 41, 6), judge(OLD, 40, 6)), (Ok(()), Ok(())), "it has moved");
    }

    #[test]
    fn a_promoted_replica_has_what_came_before_the_fork_and_nothing_of_the_other_branch() {
        let tree = forked();
        let cases =
            [(OLD, 20, true), (OLD, 30, false), (OLD, 21, false), (NEW, 20, true), (NEW, 40, true), (NEW, 41, false)];
        for (history, offset, is_there) in cases {
            assert_eq!(tree.0.has(1, place(&tree, history, offset)), is_there, "{history} {offset}");
        }
        assert!(tree.0.has(0, place(&tree, NEW, 20)), "the old master has what both share");
        assert!(!tree.0.has(0, place(&tree, NEW, 30)), "its offset is beyond, in another history");
        assert!(!tree.0.has(2, place(&tree, OLD, 10)), "nobody has seen that host");
    }

    #[test]
    fn what_changed_nothing_is_not_missed() {
        let mut tree = forked();
        tree.see(0, OLD, 44, 9);
        for (stem, offset, is_covered) in [(30, 44, true), (20, 44, false), (44, 44, true)] {
            let (at, had) = (place(&tree, OLD, stem), place(&tree, OLD, offset));
            assert_eq!(tree.0.covers_changes(at, had), is_covered, "{stem} {offset}");
        }
        let (branch, had) = (place(&tree, NEW, 40), place(&tree, OLD, 44));
        assert!(!tree.0.covers_changes(branch, had), "it lacks the write at 30");
    }

    #[test]
    fn what_a_host_had_is_remembered_for_those_who_knew_it_then() {
        let mut tree = forked();
        let write = place(&tree, OLD, 30);
        tree.0.end_life(0, 5);
        assert!(!tree.0.has(0, write));
        assert!(tree.0.had_since(0, write, 5), "a link that was dialled before it left may not know");
        assert!(!tree.0.had_since(0, write, 6), "one that was dialled afterwards does");
    }

    #[test]
    fn a_history_under_another_name_goes_on_where_the_old_one_was() {
        let mut tree = Tree::new();
        tree.see(0, OLD, 10, 7);
        let id = ReplicationId::new([NEW; 40]);
        tree.0.begin(id, (0, 1));
        tree.0.rename(Position { history: ReplicationId::new([OLD; 40]), offset: 10 }, id, (0, 1));
        tree.see_as(0, NEW, 10, 7, None);
        tree.see(1, NEW, 10, 7);
        assert!(tree.0.has(1, place(&tree, OLD, 10)));
        assert!(!tree.0.has(1, place(&tree, OLD, 11)));
    }
}
