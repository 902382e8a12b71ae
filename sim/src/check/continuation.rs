//! Is who is told to go on really at a place from which the stream goes on?
//!
//! A node that is answered `+CONTINUE` carries out whatever comes next, on top of whatever it has. So it must have just what the node that
//! answers had at that place: its own place in the tree of histories must lie on the way on which the other one came to where it stands, the
//! place that it named must be its own, and its data must be those of that place. All of it is looked up at the moment of the answer.

use afterimage_core::replication::{Position, Request};

use super::{Breach, Histories, Place, Property};
use crate::journal::host_name;

/// Who has asked to be continued, and whom.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    /// The host that asks.
    pub(crate) asker: u16,
    /// Where it stands by its own account.
    pub(crate) position: Position,
    /// What it has.
    pub(crate) digest: u64,
    /// What it asked for.
    pub(crate) request: Request,
    /// The host that answers.
    pub(crate) answerer: u16,
}

impl Asked {
    /// True if the place that is asked for is the one at which the asker stands.
    fn is_for_own_place(&self) -> bool {
        let Position { history, offset } = self.position;
        let first_byte = offset.checked_add(1).and_then(|first| i64::try_from(first).ok());
        self.request.history == Some(history) && first_byte == Some(self.request.first_byte)
    }

    /// True if what the asker has is the beginning of what the answerer has.
    pub(super) fn is_on_the_way(&self, histories: &Histories) -> bool {
        let (Some(place), Some(at)) = (histories.locate(self.position), histories.place_of(self.answerer)) else {
            return false;
        };
        histories.covers(at, place)
    }

    /// Where the asker was seen last, if it names another place.
    fn stood_elsewhere(&self, histories: &Histories) -> Option<Place> {
        histories.place_of(self.asker).filter(|place| Some(*place) != histories.locate(self.position))
    }

    /// True if the data that the asker has are known to be those of the place at which it stands.
    pub(super) fn has_data_of_its_place(&self, histories: &Histories) -> bool {
        histories.place_of(self.asker) == histories.locate(self.position)
            && histories.digest_of(self.asker) == Some(self.digest)
    }

    /// The asker was told to go on.
    ///
    /// # Errors
    ///
    /// Tells why what comes next does not fit what it has.
    pub(crate) fn was_continued(&self, histories: &Histories) -> Result<(), Breach> {
        let Asked { asker, position: Position { history, offset }, request, .. } = self;
        let why = if !self.is_for_own_place() {
            format!("the asker stands at offset {offset} of history {history:?}")
        } else if !self.is_on_the_way(histories) {
            let at = histories.place_of(self.answerer).map_or(0, |at| at.offset);
            format!(
                "it has never been at that place: it stands at offset {at}, and parts from that name before it or has not come so far"
            )
        } else if let Some(stood) = self.stood_elsewhere(histories) {
            format!(
                "the asker was last seen to move to offset {}, and has come from there to {offset} by no byte of a stream",
                stood.offset
            )
        } else if !self.has_data_of_its_place(histories) {
            "the data of the asker are other ones than there were at that place: it has written what no offset tells of"
                .into()
        } else {
            return Ok(());
        };
        let named = request.history.map_or_else(|| "?".into(), |history| format!("{history:?}"));
        let explanation = format!(
            "it told {} to go on, which had asked for byte {} of history {named}; but {why}",
            host_name(*asker),
            request.first_byte
        );
        Err(Breach::new(Property::SoundContinuation, explanation))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::check::histories::tests::{NEW, OLD, Tree};
    use afterimage_core::replication::ReplicationId;

    /// A master (host 0) wrote up to 30; a replica (host 1) that had 20 of it was promoted, and wrote on up to 40.
    pub(in super::super) fn forked() -> Tree {
        let mut tree = Tree::new();
        for (offset, digest) in [(10, 7), (20, 8), (30, 9)] {
            tree.see(0, OLD, offset, digest);
        }
        for (host, offset, digest) in [(1, 10, 7), (1, 20, 8), (2, 10, 7), (2, 20, 8)] {
            tree.see(host, OLD, offset, digest);
        }
        tree.see_as(1, NEW, 20, 8, Some((OLD, 21)));
        tree.see_as(1, NEW, 40, 5, Some((OLD, 21)));
        tree
    }

    pub(in super::super) fn asked(asker: u16, history: u8, offset: u64, digest: u64, answerer: u16) -> Asked {
        let history = ReplicationId::new([history; 40]);
        let request = Request { history: Some(history), first_byte: offset as i64 + 1 };
        Asked { asker, position: Position { history, offset }, digest, request, answerer }
    }

    fn broken(asked: Asked) -> Option<Property> {
        asked.was_continued(&forked().0).err().map(|breach| breach.property)
    }

    #[test]
    fn who_has_a_beginning_of_the_answerers_history_may_go_on() {
        assert_eq!(broken(asked(2, OLD, 20, 8, 0)), None);
        assert_eq!(broken(asked(2, OLD, 20, 8, 1)), None, "up to the fork the histories are one");
    }

    #[test]
    fn who_went_past_the_fork_or_has_other_data_or_names_another_place_may_not() {
        let breach = Some(Property::SoundContinuation);
        assert_eq!(broken(asked(0, OLD, 30, 9, 1)), breach);
        assert_eq!(broken(asked(1, NEW, 40, 5, 0)), breach);
        assert_eq!(broken(asked(2, OLD, 20, 4, 0)), breach);
        let mut other_place = asked(2, OLD, 20, 8, 0);
        other_place.request.first_byte = 11;
        assert_eq!(broken(other_place), breach);
    }
}
