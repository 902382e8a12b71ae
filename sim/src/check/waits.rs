//! Is it true what WAIT tells?
//!
//! A client that is told k by WAIT may rely on k replicas having carried out its own last write: not on k replicas with a larger number. Where
//! that write lies in the tree of histories is noted when it is made, and looked up when WAIT is answered.

use super::holding::Place;
use super::{Breach, Property};

/// The last write of each client over its present connection.
#[derive(Clone, Debug, Hash)]
pub(crate) struct Waits {
    written: Vec<Option<Place>>,
}

impl Waits {
    /// For so many clients.
    pub(crate) fn new(clients: usize) -> Waits {
        Waits { written: vec![None; clients] }
    }

    /// A client has another connection, and has written nothing over it.
    pub(crate) fn connected(&mut self, client: u16) {
        self.written[usize::from(client)] = None;
    }

    /// A client has written; where is not known if the node's offset stands still.
    pub(crate) fn wrote(&mut self, client: u16, place: Option<Place>) {
        self.written[usize::from(client)] = place;
    }

    /// Where the last write of a client lies, if that is known.
    pub(crate) fn written(&self, client: u16) -> Option<Place> {
        self.written[usize::from(client)]
    }

    /// WAIT has told a client of so many replicas. `holders` have its last write, or had it as far as can be known.
    ///
    /// # Errors
    ///
    /// Tells that there are fewer.
    pub(crate) fn told(&self, client: u16, replicas: usize, holders: usize) -> Result<(), Breach> {
        let Some(place) = self.written(client) else { return Ok(()) };
        if replicas <= holders {
            return Ok(());
        }
        let explanation = format!(
            "it told client c{} that {replicas} replicas have its last write (up to offset {} of a history), and {holders} of them have",
            client + 1,
            place.offset
        );
        Err(Breach::new(Property::WaitHolds, explanation))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_replicas_than_have_the_write_are_a_breach() {
        let mut waits = Waits::new(2);
        let place = Place { history: 3, offset: 7 };
        waits.wrote(1, Some(place));
        assert_eq!(waits.told(1, 1, 1), Ok(()));
        let breach = waits.told(1, 2, 1).expect_err("one replica is not two");
        assert_eq!(breach.property, Property::WaitHolds);
        assert_eq!(waits.told(0, 9, 0), Ok(()), "who has written nothing is promised nothing");
        waits.connected(1);
        assert_eq!(waits.told(1, 9, 0), Ok(()));
    }
}
