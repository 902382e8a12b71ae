//! Does the data set that a master offers take more from a replica than its master ever removed?
//!
//! A master that is started again without its data mints a new history and is empty, or goes back to an old snapshot; a replica that synchronises fully with it
//! destroys the last copy of what was lost. On the wire nothing says so. But before anything is dropped the replica knows the position of the
//! data set and how many keys it has, and of itself what it has and how far it had come with this very master. [`classify`] compares the two; what is done about each
//! [`Class`] is a policy ([`GuardPolicies`]).
//!
//! A history whose name is still the same proves that nothing was restarted: whatever is missing was removed by its stream. A new name proves
//! nothing, since masters get new ones by promotions and by every restart.

use super::position::Position;

/// What a replica has, and has had by the stream of the master that offers it another data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// Where it stands.
    pub position: Position,
    /// Its keys, in all databases.
    pub keys: u64,
}

/// What its master offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Where the data set stands; none if the master does not tell (SYNC of old).
    pub position: Option<Position>,
    /// Its keys, in all databases.
    pub keys: u64,
}

/// What accepting an offer would mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Nothing speaks against it.
    Harmless,
    /// There is nothing in it, and no stream has removed what we have.
    Empty,
    /// It has far fewer keys than we have, and lies behind us.
    Shrunk {
        /// Keys that it has fewer.
        keys: u64,
    },
    /// It lies behind us: what was written since is gone.
    RolledBack {
        /// Of the stream that we have and it has not.
        bytes: u64,
    },
}

/// Compares what a replica has with what its master offers. `shrunk_percent`: below so many of our keys in a hundred an offer counts as shrunk.
#[must_use]
pub fn classify(evidence: &Evidence, offer: &Offer, shrunk_percent: u32) -> Class {
    if evidence.keys == 0 {
        return Class::Harmless;
    }
    let is_same_history = offer.position.is_some_and(|position| position.history == evidence.position.history);
    let missing_bytes = offer.position.map_or(0, |position| evidence.position.offset.saturating_sub(position.offset));
    if is_same_history && missing_bytes == 0 {
        // It has gone on from where we are. If it is empty now, its stream has emptied it.
        return Class::Harmless;
    }
    if offer.keys == 0 {
        return Class::Empty;
    }
    // Of one who does not tell its position it is not known that it has gone on.
    let is_behind = offer.position.is_none() || missing_bytes > 0;
    if !is_behind {
        return Class::Harmless;
    }
    if u128::from(offer.keys) * 100 < u128::from(evidence.keys) * u128::from(shrunk_percent) {
        return Class::Shrunk { keys: evidence.keys - offer.keys };
    }
    match offer.position {
        // A master that reads its append-only file begins a history at 0 with everything in it, and so does any before 7.0 with a snapshot.
        Some(Position { offset: 0, .. }) if !is_same_history => Class::Harmless,
        Some(_) => Class::RolledBack { bytes: missing_bytes },
        None => Class::Harmless,
    }
}

#[cfg(test)]
mod tests {
    use super::super::ReplicationId;
    use super::*;

    const OURS: u8 = b'a';
    const OTHER: u8 = b'b';

    fn at(history: u8, offset: u64) -> Position {
        Position { history: ReplicationId::new([history; 40]), offset }
    }

    fn class(own_keys: u64, offered: Option<Position>, offered_keys: u64) -> Class {
        let evidence = Evidence { position: at(OURS, 1000), keys: own_keys };
        classify(&evidence, &Offer { position: offered, keys: offered_keys }, 10)
    }

    #[test]
    fn what_a_history_of_the_same_name_has_lost_its_stream_has_removed() {
        for keys in [0, 1, 100] {
            assert_eq!(class(100, Some(at(OURS, 1000)), keys), Class::Harmless);
            assert_eq!(class(100, Some(at(OURS, 1500)), keys), Class::Harmless, "FLUSHALL while we were away");
        }
    }

    #[test]
    fn a_history_that_has_gone_back_is_never_trusted() {
        assert_eq!(class(100, Some(at(OURS, 999)), 100), Class::RolledBack { bytes: 1 });
        assert_eq!(class(100, Some(at(OURS, 0)), 100), Class::RolledBack { bytes: 1000 });
        assert_eq!(class(100, Some(at(OURS, 999)), 0), Class::Empty);
    }

    #[test]
    fn an_empty_data_set_of_another_history_is_a_wipe_wherever_it_stands() {
        for offset in [0, 999, 1000, 1 << 40] {
            assert_eq!(class(100, Some(at(OTHER, offset)), 0), Class::Empty);
        }
        assert_eq!(class(100, None, 0), Class::Empty);
    }

    #[test]
    fn who_has_nothing_has_nothing_to_lose() {
        assert_eq!(class(0, Some(at(OTHER, 0)), 0), Class::Harmless);
        assert_eq!(class(0, Some(at(OURS, 1)), 5), Class::Harmless);
    }

    #[test]
    fn a_promoted_master_that_has_gone_on_is_trusted() {
        assert_eq!(class(100, Some(at(OTHER, 1000)), 3), Class::Harmless);
        assert_eq!(class(100, Some(at(OTHER, 4000)), 100), Class::Harmless);
    }

    #[test]
    fn an_older_snapshot_tells_how_much_of_the_stream_is_missing() {
        assert_eq!(class(100, Some(at(OTHER, 900)), 97), Class::RolledBack { bytes: 100 });
        assert_eq!(class(100, Some(at(OTHER, 1)), 10), Class::RolledBack { bytes: 999 });
    }

    #[test]
    fn a_few_keys_of_many_are_shrunk_at_whatever_offset_behind_us() {
        assert_eq!(class(100, Some(at(OTHER, 900)), 9), Class::Shrunk { keys: 91 });
        assert_eq!(class(100, Some(at(OTHER, 0)), 9), Class::Shrunk { keys: 91 });
        assert_eq!(class(100, None, 9), Class::Shrunk { keys: 91 });
        assert_eq!(class(u64::MAX, Some(at(OTHER, 0)), 1), Class::Shrunk { keys: u64::MAX - 1 });
    }

    #[test]
    fn a_master_that_has_read_its_data_and_counts_from_0_is_trusted() {
        assert_eq!(class(100, Some(at(OTHER, 0)), 100), Class::Harmless);
        assert_eq!(class(100, Some(at(OTHER, 0)), 10), Class::Harmless);
        assert_eq!(class(100, None, 10), Class::Harmless);
    }
}
