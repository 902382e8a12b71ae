//! Is a place that somebody says it stands at one at which one can stand?
//!
//! For those who cannot be looked into: a server that tells its history and its offset must tell a command boundary of a history that was begun, no further than whoever writes it has come.

use afterimage_core::replication::Position;

use super::holding::Place;
use super::{Breach, Histories, Property};

impl Histories {
    /// Where a position lies, under the name that its history had there.
    pub(crate) fn canonical(&self, position: Position) -> Option<Place> {
        let Place { history, offset } = self.locate(position)?;
        Some(Place { history: self.resolve(history, offset), offset })
    }

    /// True if a position lies behind all that is known of its history.
    pub(crate) fn is_unheard(&self, position: Position) -> bool {
        let marks = self.canonical(position).map(|place| &self.all[place.history].marks);
        marks.and_then(|marks| marks.last()).is_some_and(|tip| tip.offset() < position.offset)
    }

    /// True if a position lies before all that is known of its history.
    pub(crate) fn is_before_all(&self, position: Position) -> bool {
        let marks = self.canonical(position).map(|place| &self.all[place.history].marks);
        marks.is_some_and(|marks| marks.first().is_none_or(|first| first.offset() > position.offset))
    }

    /// Judges a place that is named.
    ///
    /// # Errors
    ///
    /// Tells why nobody can stand there.
    pub(crate) fn judge_claim(&self, position: Position) -> Result<(), Breach> {
        let Position { history: id, offset } = position;
        let Some(place) = self.canonical(position) else {
            let explanation = format!("it says that it stands in history {id:?}, which nobody has begun");
            return Err(Breach::new(Property::FreshId, explanation));
        };
        let marks = &self.all[place.history].marks;
        let Err(after) = marks.binary_search_by_key(&offset, |mark| mark.offset()) else { return Ok(()) };
        let near = |at: Option<usize>| at.and_then(|at| marks.get(at)).map(|mark| mark.offset());
        let (before, after) = (near(after.checked_sub(1)), near(Some(after)));
        let (property, why) = match (before, after) {
            (Some(before), Some(after)) => {
                (Property::WholeCommands, format!("between the command boundaries {before} and {after}"))
            }
            (Some(tip), None) => (Property::OneWriter, format!("whose writer has reached only {tip}")),
            (None, first) => {
                (Property::WholeCommands, format!("before the first boundary that anybody has seen ({first:?})"))
            }
        };
        Err(Breach::new(property, format!("it says that it stands at offset {offset} of history {id:?}, {why}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::histories::tests::{NEW, OLD, Tree};
    use afterimage_core::replication::ReplicationId;

    #[test]
    fn only_a_boundary_of_a_known_history_can_be_stood_at_on_either_side_of_a_fork() {
        let mut tree = Tree::new();
        for (offset, digest) in [(10, 7), (20, 8), (30, 9)] {
            tree.see(0, OLD, offset, digest);
        }
        tree.see(1, OLD, 20, 8);
        tree.see_as(1, NEW, 20, 8, Some((OLD, 21)));
        tree.see_as(1, NEW, 40, 5, Some((OLD, 21)));
        let position = |letter, offset| Position { history: ReplicationId::new([letter; 40]), offset };
        let broken = |letter, offset| tree.0.judge_claim(position(letter, offset)).err().map(|breach| breach.property);
        for (letter, offset) in [(OLD, 10), (OLD, 30), (NEW, 10), (NEW, 20), (NEW, 40)] {
            assert_eq!(broken(letter, offset), None, "{letter} {offset}");
        }
        let between = Some(Property::WholeCommands);
        assert_eq!([broken(OLD, 9), broken(OLD, 15), broken(NEW, 15)], [between; 3]);
        assert_eq!([broken(OLD, 31), broken(NEW, 41)], [Some(Property::OneWriter); 2]);
        assert_eq!(broken(b'c', 10), Some(Property::FreshId));
        assert!(tree.0.is_unheard(position(NEW, 41)) && !tree.0.is_unheard(position(NEW, 40)));
        assert!(tree.0.is_before_all(position(OLD, 9)) && !tree.0.is_before_all(position(OLD, 10)));
    }
}
