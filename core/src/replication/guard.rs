//! Does the data set that a master offers take more from a replica than its master ever removed?
//!
//! A master that is started again without its data mints a new history and is empty, or goes back to an old snapshot; a replica that synchronises fully with it
//! destroys the last copy of what was lost. On the wire nothing says so. But before anything is dropped the replica knows the position of the
//! data set and how many keys it has, and of itself what it has and how far it had come with this very master. [`classify`] compares the two; what is done about each
//! [`Class`] is a policy ([`GuardPolicies`](crate::config::GuardPolicies)).
//!
//! A history whose name is still the same, or that says of itself that it goes on from where we are, proves that nothing was restarted: whatever is missing was
//! removed by its stream. One that says that it left ours before our place proves the contrary, however far it has come since. A new name alone proves nothing, since
//! masters get new ones by promotions and by every restart. A master that was empty yesterday has keys again today, and one day its offset is beyond ours; so a history
//! that was once found to lack what we have is a [`Suspect`], and stays what it was found to be.

use super::ancestry::Lineage;
use super::position::{Position, ReplicationId};

/// What a replica has, and has had by the stream of the master that offers it another data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// Where it stands.
    pub position: Position,
    /// What its history goes on from, as far as that is known.
    pub lineage: Option<Lineage>,
    /// The offset behind the last command of the stream that has changed anything. What came since are PINGs and the like, and nobody misses them.
    pub changed_at: u64,
    /// Its keys, in all databases.
    pub keys: u64,
    /// Those among them that do not expire: the others may be gone by their own time.
    pub lasting_keys: u64,
    /// Its libraries of functions.
    pub libraries: u64,
    /// A history of this master that was found to lack what we have.
    pub suspect: Option<Suspect>,
}

impl Evidence {
    /// The suspect, if this is of its history, or says that it goes on from that.
    #[must_use]
    pub fn suspect_behind(&self, offer: &Offer) -> Option<Suspect> {
        self.suspect.filter(|Suspect { history, .. }| {
            offer.position.is_some_and(|at| at.history == *history)
                || offer.lineage.is_some_and(|told| told.before == *history)
        })
    }

    fn is_bare(&self) -> bool {
        self.keys == 0 && self.libraries == 0
    }

    /// How much of our stream is in an offer, by the names that both have told; none if they have no name in common.
    fn shared_with(&self, offer: &Offer) -> Option<Shared> {
        let Position { history, offset } = self.position;
        if let Some(at) = offer.position.filter(|at| at.history == history) {
            return Some(Shared { bytes: at.offset.min(offset), is_all: true });
        }
        let told = offer.lineage?;
        let theirs = told.first_other.saturating_sub(1);
        if told.before == history {
            return Some(Shared { bytes: theirs.min(offset), is_all: told.is_exact });
        }
        // We have left that one, too, where we say or later.
        let own = self.lineage.filter(|own| own.before == told.before)?;
        let ours = own.first_other.saturating_sub(1).min(offset);
        Some(Shared { bytes: theirs.min(ours), is_all: told.is_exact && (theirs <= ours || own.is_exact) })
    }
}

/// Bytes of our stream that are in an offer for certain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Shared {
    bytes: u64,
    /// No more than these are.
    is_all: bool,
}

/// What its master offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Where the data set stands; none if the master does not tell (SYNC of old).
    pub position: Option<Position>,
    /// What its history goes on from, if the master has told.
    pub lineage: Option<Lineage>,
    /// Its keys, in all databases.
    pub keys: u64,
    /// Those among them that do not expire.
    pub lasting_keys: u64,
    /// Its libraries of functions.
    pub libraries: u64,
}

impl Offer {
    /// True if there is no more and no less in another one, as far as a reader of the log would tell them apart.
    #[must_use]
    pub fn is_as_good_as(&self, other: &Offer) -> bool {
        let history = |offer: &Offer| offer.position.map(|position| position.history);
        (self.keys, self.libraries, history(self)) == (other.keys, other.libraries, history(other))
    }
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
        /// Keys that it has fewer, of those that do not expire.
        keys: u64,
    },
    /// It lies behind us: what was written since is gone.
    RolledBack {
        /// Of the stream that we have and it has not.
        bytes: u64,
    },
}

/// A history that was found to lack what we have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Suspect {
    /// Its name.
    pub history: ReplicationId,
    /// What was offered of it then.
    pub class: Class,
}

impl Suspect {
    /// True if it lacks what somebody has who was at `then` when it was found, and is at `now`: whoever went back himself may have lost just that.
    #[must_use]
    pub fn still_lacks(&self, then: Position, now: Position) -> bool {
        let Class::RolledBack { bytes } = self.class else { return true };
        now.history != then.history || now.offset > then.offset.saturating_sub(bytes)
    }
}

/// Compares what a replica has with what its master offers. `shrunk_percent`: below so many of our lasting keys in a hundred an offer counts as shrunk.
#[must_use]
pub fn classify(evidence: &Evidence, offer: &Offer, shrunk_percent: u32) -> Class {
    let shared = evidence.shared_with(offer);
    // If all that has changed our data is in it and it is empty now, its stream has emptied it.
    if evidence.is_bare() || shared.is_some_and(|shared| shared.bytes >= evidence.changed_at) {
        return Class::Harmless;
    }
    if let Some(suspect) = evidence.suspect_behind(offer) {
        return suspect.class;
    }
    if offer.keys == 0 && (evidence.keys > 0 || offer.libraries == 0) {
        return Class::Empty;
    }
    let ours = evidence.position.offset;
    // Of one who does not tell its position it is not known that it has gone on.
    let left_at = shared.filter(|shared| shared.is_all).map(|shared| shared.bytes);
    let stands_at = left_at.or(offer.position.map(|position| position.offset));
    let missing_bytes = stands_at.map(|offset| ours.saturating_sub(offset));
    let has_fewer = offer.keys < evidence.keys || offer.libraries < evidence.libraries;
    // A master that has lost its data once is not believed to have gone on from them because it has written much since, under whatever name.
    if missing_bytes == Some(0) && !(has_fewer && evidence.suspect.is_some()) {
        return Class::Harmless;
    }
    if u128::from(offer.lasting_keys) * 100 < u128::from(evidence.lasting_keys) * u128::from(shrunk_percent) {
        return Class::Shrunk { keys: evidence.lasting_keys - offer.lasting_keys };
    }
    match (offer.position, missing_bytes) {
        // A master that reads its append-only file begins a history at 0 with everything in it, and so does any before 7.0 with a snapshot (before 4.0 at 1). One
        // that was empty counts from there, too, whatever clients have written into it before its first replica came.
        (Some(Position { offset: 0 | 1, .. }), _) if left_at.is_none() && !has_fewer => Class::Harmless,
        (_, Some(bytes)) => Class::RolledBack { bytes },
        (_, None) => Class::Harmless,
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
        classify(&evidence(own_keys), &offer(offered, offered_keys), 10)
    }

    fn evidence(keys: u64) -> Evidence {
        let position = at(OURS, 1000);
        Evidence { position, lineage: None, changed_at: 1000, keys, lasting_keys: keys, libraries: 0, suspect: None }
    }

    fn offer(position: Option<Position>, keys: u64) -> Offer {
        Offer { position, lineage: None, keys, lasting_keys: keys, libraries: 0 }
    }

    fn forked(history: u8, first_other: u64, at: Position, keys: u64) -> Offer {
        let before = ReplicationId::new([history; 40]);
        let lineage = Some(Lineage { history: at.history, before, first_other, is_exact: true });
        Offer { lineage, ..offer(Some(at), keys) }
    }

    /// The same of a relay.
    fn passed_on(offer: Offer) -> Offer {
        Offer { lineage: offer.lineage.map(|told| Lineage { is_exact: false, ..told }), ..offer }
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
        assert_eq!(class(100, Some(at(OTHER, 2)), 10), Class::RolledBack { bytes: 998 });
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
        assert_eq!(class(100, Some(at(OTHER, 0)), 110), Class::Harmless);
        assert_eq!(class(100, None, 10), Class::Harmless);
    }

    #[test]
    fn one_that_counts_from_0_and_has_less_is_not_trusted_even_if_no_key_is_a_lasting_one() {
        assert_eq!(class(100, Some(at(OTHER, 0)), 99), Class::RolledBack { bytes: 1000 });
        let ours = Evidence { lasting_keys: 0, ..evidence(500) };
        assert_eq!(classify(&ours, &offer(Some(at(OTHER, 0)), 1), 10), Class::RolledBack { bytes: 1000 });
    }

    #[test]
    fn keys_that_expire_by_themselves_do_not_make_an_offer_shrunk() {
        let ours = Evidence { lasting_keys: 10, ..evidence(1000) };
        assert_eq!(classify(&ours, &offer(Some(at(OTHER, 900)), 10), 10), Class::RolledBack { bytes: 100 });
        let expiring = Offer { lasting_keys: 0, ..offer(Some(at(OTHER, 900)), 1000) };
        assert_eq!(classify(&ours, &expiring, 10), Class::Shrunk { keys: 10 });
        assert_eq!(classify(&Evidence { lasting_keys: 0, ..ours }, &expiring, 10), Class::RolledBack { bytes: 100 });
    }

    #[test]
    fn a_history_that_goes_on_from_ours_may_be_empty_if_it_left_ours_behind_our_place() {
        let told = |history: u8, first_other: u64| {
            classify(&evidence(100), &forked(history, first_other, at(OTHER, 2000), 0), 10)
        };
        assert_eq!(told(OURS, 1001), Class::Harmless, "promoted where we are, and flushed");
        assert_eq!(told(OURS, 1000), Class::Empty, "promoted before it had our last byte");
        assert_eq!(told(OTHER, 5000), Class::Empty);
    }

    #[test]
    fn what_was_found_wanting_stays_so_however_it_grows() {
        let class = |suspect: Class, history: u8, offset: u64| {
            let suspect = Some(Suspect { history: ReplicationId::new([OTHER; 40]), class: suspect });
            classify(&Evidence { suspect, ..evidence(100) }, &offer(Some(at(history, offset)), 100), 10)
        };
        for found in [Class::Empty, Class::Shrunk { keys: 7 }, Class::RolledBack { bytes: 7 }] {
            assert_eq!(class(found, OTHER, 5000), found);
            assert_eq!(class(found, OURS, 5000), Class::Harmless, "it has come back");
            assert_eq!(class(found, b'c', 5000), Class::Harmless, "a third one is looked at by itself");
        }
    }

    #[test]
    fn a_new_name_does_not_clear_who_was_found_wanting() {
        let found = Class::Empty;
        let suspect = Some(Suspect { history: ReplicationId::new([OTHER; 40]), class: found });
        let ours = Evidence { suspect, ..evidence(100) };
        let third = |keys: u64| offer(Some(at(b'c', 5000)), keys);
        let says_so = forked(OTHER, 4000, at(b'c', 5000), 100);
        assert_eq!(classify(&ours, &says_so, 10), found, "it says itself that it goes on from there");
        assert_eq!(classify(&ours, &third(20), 10), Class::RolledBack { bytes: 0 });
        assert_eq!(classify(&ours, &third(9), 10), Class::Shrunk { keys: 91 });
        assert_eq!(classify(&evidence(100), &third(20), 10), Class::Harmless, "of others it is believed");
    }

    #[test]
    fn a_history_that_left_ours_before_our_place_has_lost_the_rest_however_far_it_has_come() {
        for offset in [900, 1000, 90_000] {
            let class = |keys: u64| classify(&evidence(100), &forked(OURS, 901, at(OTHER, offset), keys), 10);
            assert_eq!(class(500), Class::RolledBack { bytes: 100 }, "{offset}");
            assert_eq!(class(9), Class::Shrunk { keys: 91 }, "{offset}");
            assert_eq!(class(0), Class::Empty, "{offset}");
        }
        assert_eq!(
            classify(&evidence(100), &forked(OURS, 1, at(OTHER, 0), 100), 10),
            Class::RolledBack { bytes: 1000 },
            "it says itself that it has nothing of ours"
        );
    }

    #[test]
    fn a_relay_that_came_late_to_a_new_name_knows_only_what_is_there_for_certain() {
        let told = |first_other: u64, offset: u64, keys: u64| {
            classify(&evidence(100), &passed_on(forked(OURS, first_other, at(OTHER, offset), keys)), 10)
        };
        assert_eq!(told(1001, 2000, 0), Class::Harmless, "it had all that we have");
        assert_eq!(told(901, 2000, 100), Class::Harmless, "it was behind when its master was promoted");
        assert_eq!(told(901, 950, 100), Class::RolledBack { bytes: 50 });
        assert_eq!(told(901, 2000, 0), Class::Empty);
    }

    #[test]
    fn our_own_history_of_before_tells_as_much() {
        const BEFORE: u8 = b'9';
        let came_from = |first_other: u64, is_exact: bool| {
            let (history, before) = (ReplicationId::new([OURS; 40]), ReplicationId::new([BEFORE; 40]));
            Evidence { lineage: Some(Lineage { history, before, first_other, is_exact }), ..evidence(100) }
        };
        let ours = |first_other: u64| came_from(first_other, false);
        let offered = |first_other: u64| forked(BEFORE, first_other, at(OTHER, 5000), 100);
        assert_eq!(classify(&ours(701), &offered(651), 10), Class::RolledBack { bytes: 350 });
        assert_eq!(classify(&ours(701), &offered(801), 10), Class::Harmless, "we may have come late to our name");
        assert_eq!(classify(&came_from(701, true), &offered(801), 10), Class::RolledBack { bytes: 300 }, "we have not");
        assert_eq!(
            classify(&ours(701), &offered(701), 10),
            Class::RolledBack { bytes: 300 },
            "twice from one snapshot"
        );
        assert_eq!(classify(&ours(1001), &offered(1001), 10), Class::Harmless, "both are where we were promoted");
        assert_eq!(classify(&ours(1001), &forked(b'8', 1, at(OTHER, 5000), 100), 10), Class::Harmless, "a stranger");
    }

    #[test]
    fn pings_are_not_missed() {
        let ours = Evidence { changed_at: 900, ..evidence(100) };
        assert_eq!(classify(&ours, &forked(OURS, 901, at(OTHER, 900), 100), 10), Class::Harmless);
        assert_eq!(classify(&ours, &offer(Some(at(OURS, 950)), 100), 10), Class::Harmless);
        assert_eq!(classify(&ours, &forked(OURS, 900, at(OTHER, 899), 100), 10), Class::RolledBack { bytes: 101 });
        let unproven = offer(Some(at(OTHER, 950)), 100);
        assert_eq!(classify(&ours, &unproven, 10), Class::RolledBack { bytes: 50 }, "a number alone proves nothing");
    }

    #[test]
    fn whoever_has_lost_himself_what_another_lacks_holds_nothing_against_him() {
        let suspect = |class| Suspect { history: ReplicationId::new([OTHER; 40]), class };
        let rolled_back = suspect(Class::RolledBack { bytes: 100 });
        for (now, still_lacks) in [(1000, true), (901, true), (900, false), (0, false)] {
            assert_eq!(rolled_back.still_lacks(at(OURS, 1000), at(OURS, now)), still_lacks, "{now}");
        }
        assert!(rolled_back.still_lacks(at(OURS, 1000), at(b'c', 900)), "of another history it is not known");
        assert!(suspect(Class::Empty).still_lacks(at(OURS, 1000), at(OURS, 0)));
    }

    #[test]
    fn functions_are_data() {
        let ours = Evidence { libraries: 1, ..evidence(0) };
        assert_eq!(classify(&ours, &offer(Some(at(OTHER, 0)), 0), 10), Class::Empty);
        let loaded_anew = Offer { libraries: 1, ..offer(Some(at(OTHER, 0)), 0) };
        assert_eq!(classify(&ours, &loaded_anew, 10), Class::Harmless);
        assert_eq!(classify(&evidence(100), &loaded_anew, 10), Class::Empty, "an application loads them again at once");
    }

    #[test]
    fn a_redis_of_before_4_0_begins_at_1() {
        assert_eq!(class(100, Some(at(OTHER, 1)), 100), Class::Harmless);
        assert_eq!(class(100, Some(at(OTHER, 1)), 99), Class::RolledBack { bytes: 999 });
    }
}
