//! Does a replica hold its master off only for want of what it has itself?
//!
//! The place of the data set that was refused must not have gone through the place of the replica. Two things a replica cannot know: that an empty data set under another name is the
//! end of a history that it was in, and was emptied there; and that one with fewer keys, under a third name, is, after it has refused another of the same master. What goes on from a history that was refused with cause is refused with it, whatever was written since. Whether quarantine ends when its cause has gone is seen at the quiet point, where the operator waits for it.

use std::collections::BTreeSet;

use afterimage_core::node::HeldOff;
use afterimage_core::replication::ReplicationId;

use super::holding::Place;
use super::{Breach, Histories, Property};

/// Who holds off whom.
#[derive(Debug)]
pub(crate) struct Quarantines {
    /// What each host has refused, as long as it does.
    refused: Vec<Option<HeldOff>>,
    /// Histories that a host has refused with cause: under these names it is offered only more of the same.
    known: BTreeSet<(u16, ReplicationId)>,
    /// Where they stood then: so is it by whatever has gone through there.
    places: BTreeSet<(u16, Place)>,
    /// Times that a quarantine began.
    pub(crate) begun: u64,
}

impl Quarantines {
    /// For so many hosts.
    pub(crate) fn new(hosts: usize) -> Quarantines {
        Quarantines { refused: vec![None; hosts], known: BTreeSet::new(), places: BTreeSet::new(), begun: 0 }
    }

    /// Looks at what a host with so many keys holds off, behind an event.
    ///
    /// # Errors
    ///
    /// Tells that it would lose nothing.
    pub(crate) fn observe(
        &mut self,
        host: u16,
        held_off: Option<HeldOff>,
        keys: u64,
        histories: &Histories,
    ) -> Result<(), Breach> {
        let before = std::mem::replace(&mut self.refused[usize::from(host)], held_off);
        let Some(refused) = held_off.filter(|held_off| before != Some(*held_off)) else { return Ok(()) };
        self.begun += u64::from(before.is_none());
        let Some(position) = refused.position.filter(|position| !self.known.contains(&(host, position.history))) else {
            return Ok(());
        };
        let (Some(ours), Some(theirs)) = (histories.place_of(host), histories.locate(position)) else { return Ok(()) };
        let is_named = histories.name_of(ours) == position.history;
        let is_unknowable = !is_named && (refused.keys == 0 || before.is_some() && refused.keys < keys);
        let goes_on = || {
            self.places
                .range((host, Place::FIRST)..)
                .take_while(|(of, _)| *of == host)
                .any(|(_, place)| histories.covers(theirs, *place))
        };
        if histories.covers(theirs, ours) && !is_unknowable && !goes_on() {
            return Err(Breach::new(
                Property::QuarantinesWithCause,
                format!(
                    "it is at offset {}, and has refused {} keys at {:?}:{}, which has gone through there: it would have lost nothing",
                    ours.offset, refused.keys, position.history, position.offset
                ),
            ));
        }
        self.known.insert((host, position.history));
        self.places.insert((host, theirs));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::histories::tests::{NEW, OLD, Tree};
    use afterimage_core::replication::Position;

    /// Host 0 wrote up to 30, host 1 was promoted at 20 and wrote on; host 2 has 20.
    fn tree() -> Tree {
        let mut tree = Tree::new();
        for (offset, digest) in [(10, 7), (20, 8), (30, 9)] {
            tree.see(0, OLD, offset, digest);
        }
        for host in [1, 2] {
            for (offset, digest) in [(10, 7), (20, 8)] {
                tree.see(host, OLD, offset, digest);
            }
        }
        tree.see_as(1, NEW, 20, 8, Some((OLD, 21)));
        tree.see_as(1, NEW, 40, 5, Some((OLD, 21)));
        tree
    }

    fn refused(history: u8, offset: u64, keys: u64) -> Option<HeldOff> {
        let position = Some(Position { history: ReplicationId::new([history; 40]), offset });
        Some(HeldOff { position, keys, is_final: false })
    }

    #[test]
    fn who_would_lose_nothing_has_no_cause_unless_it_cannot_know() {
        let tree = tree();
        for (host, history, offset, keys, is_broken) in [
            (2, NEW, 40, 5, true),
            (2, NEW, 40, 0, false),
            (2, OLD, 30, 0, true),
            (0, NEW, 40, 5, false),
            (0, OLD, 20, 5, false),
        ] {
            let mut check = Quarantines::new(3);
            let seen = check.observe(host, refused(history, offset, keys), 7, &tree.0);
            assert_eq!(seen.is_err(), is_broken, "{host} {offset} {keys}");
        }
    }

    #[test]
    fn a_history_that_was_refused_with_cause_is_so_again_with_more_in_it() {
        let (tree, mut check) = (tree(), Quarantines::new(3));
        assert_eq!(check.observe(2, refused(NEW, 40, 0), 7, &tree.0), Ok(()));
        assert_eq!(check.observe(2, refused(NEW, 40, 5), 7, &tree.0), Ok(()));
        assert_eq!(check.begun, 1);
    }

    #[test]
    fn what_goes_on_from_a_history_that_was_refused_with_cause_is_refused_with_it() {
        for (is_refused_before, is_broken) in [(true, false), (false, true)] {
            let (mut tree, mut check) = (tree(), Quarantines::new(3));
            tree.see_as(1, b't', 40, 5, Some((NEW, 41)));
            tree.see_as(1, b't', 50, 6, Some((NEW, 41)));
            if is_refused_before {
                assert_eq!(check.observe(2, refused(NEW, 40, 0), 7, &tree.0), Ok(()), "it is empty");
            }
            assert_eq!(check.observe(2, refused(b't', 50, 7), 7, &tree.0).is_err(), is_broken);
        }
    }

    #[test]
    fn a_third_name_with_fewer_keys_is_not_believed_after_a_refusal_and_one_with_as_many_is() {
        for (keys, is_broken) in [(5, false), (7, true)] {
            let (tree, mut check) = (tree(), Quarantines::new(3));
            assert_eq!(check.observe(2, refused(b's', 50, 0), 7, &tree.0), Ok(()));
            assert_eq!(check.observe(2, refused(NEW, 40, keys), 7, &tree.0).is_err(), is_broken, "{keys}");
        }
    }
}
