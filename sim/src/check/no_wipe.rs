//! Does a replica with the guard on keep what its master has lost?
//!
//! A full synchronisation replaces all that a replica has. The tree of histories tells what that takes from it: nothing, but for what the stream has removed, if the place of the new data has gone through the place of
//! the old; else what was written between them, or all. The rule of the guard, applied here to places of the tree and to the data themselves, lets pass only what goes on from where the replica
//! is, but for what has changed nothing, or seems to: another name with data at an offset not below, unless the master says itself that it left before; and no fewer keys at offset 0 (or 1), which
//! is where a master that has read its append-only file begins. All else must be kept out or kept in an archive, as `replica-wipe-guard` says, unless the operator has named a master, or
//! accepted what it has, since the replica was last in step.

use afterimage_core::config::{GuardPolicies, GuardPolicy};
use afterimage_core::replication::{Position, ReplicationId};

use super::{Breach, Histories, Place, Property};

/// What a replica had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Had {
    place: Place,
    offset: u64,
    keys: u64,
    /// All of them had expired by its own clock. That may be wrong, so an archive is due, but nobody is kept waiting for it.
    is_spent: bool,
    /// What its history went on from, as far as it knew.
    second: Option<(ReplicationId, u64)>,
}

/// A host, as far as this check knows it.
#[derive(Clone, Copy, Debug, Default)]
struct Guarded {
    /// The stream of its master has come since that was named.
    is_armed: bool,
    /// What its history goes on from, as far as it knows.
    second: Option<(ReplicationId, u64)>,
    /// What it has dropped, and the history of nothing in which it stands until other data have taken its place.
    dropped: Option<(Had, ReplicationId)>,
}

/// What a replica had before an event.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Before {
    /// Where it stood, if it had data.
    pub(crate) place: Option<Place>,
    /// Its keys.
    pub(crate) keys: u64,
    /// All of them had expired by its own clock.
    pub(crate) is_spent: bool,
}

/// The data of a replica are replaced.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Replaced {
    /// What it had before.
    pub(crate) before: Before,
    /// Where it stands now.
    pub(crate) position: Position,
    /// Nobody has stood there before: it has dropped what it had, and what takes its place is still to be loaded.
    pub(crate) is_nowhere: bool,
    /// What it has now is nothing.
    pub(crate) is_empty: bool,
    /// Its keys now, if it has applied nothing of the stream since.
    pub(crate) keys: Option<u64>,
    /// The history that the master's own goes on from, and the first offset at which they may differ, as the master tells it.
    pub(crate) goes_on_from: Option<(ReplicationId, u64)>,
    /// `replica-wipe-guard`.
    pub(crate) policies: GuardPolicies,
}

/// Data sets that were emptied by a synchronisation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Emptied {
    pub(crate) keys: u64,
    /// Nobody had named the master, or accepted what it has, since the replica was in step with it, and neither a stream nor time has removed what is gone.
    pub(crate) is_unasked: bool,
}

/// Who is guarded against whom.
#[derive(Debug)]
pub(crate) struct NoWipe {
    hosts: Vec<Guarded>,
}

impl NoWipe {
    /// For so many hosts.
    pub(crate) fn new(hosts: usize) -> NoWipe {
        NoWipe { hosts: vec![Guarded::default(); hosts] }
    }

    /// A host begins a new life; `is_armed` if it has written down whose stream it had, and follows that master.
    pub(crate) fn started(&mut self, host: u16, is_armed: bool) {
        self.hosts[usize::from(host)] = Guarded { is_armed, ..Guarded::default() };
    }

    /// A master was named to a host, or it became one.
    pub(crate) fn named(&mut self, host: u16) {
        self.hosts[usize::from(host)].is_armed = false;
    }

    /// What the history of a host goes on from, as far as it knows after an event.
    pub(crate) fn knows(&mut self, host: u16, second: Option<(ReplicationId, u64)>) {
        self.hosts[usize::from(host)].second = second;
    }

    /// A host is in step with its master.
    pub(crate) fn in_step(&mut self, host: u16) {
        self.hosts[usize::from(host)].is_armed = true;
    }

    /// Looks at a host whose data are replaced, and tells if there is nothing in their place. `has_archive` tells if there is an archive of the data at an offset.
    ///
    /// # Errors
    ///
    /// Tells what it has lost, and to what.
    pub(crate) fn observe(
        &mut self,
        host: u16,
        replaced: Replaced,
        histories: &Histories,
        has_archive: impl FnOnce(u64) -> bool,
    ) -> Result<Option<Emptied>, Breach> {
        let guarded = &mut self.hosts[usize::from(host)];
        let Before { place, keys, is_spent } = replaced.before;
        let had = place.filter(|_| keys > 0);
        let had = had.map(|place| Had { place, offset: place.offset, keys, is_spent, second: guarded.second });
        let had = guarded.dropped.map(|(had, _)| had).or(had);
        let history = replaced.position.history;
        if replaced.is_nowhere || guarded.dropped.is_some_and(|(_, nowhere)| nowhere == history) {
            guarded.dropped = had.map(|had| (had, history));
            return Ok(None);
        }
        guarded.dropped = None;
        let (Some(had), Some(place)) = (had, histories.locate(replaced.position)) else { return Ok(None) };
        let is_covered = histories.covers_changes(place, had.place);
        let is_unasked = guarded.is_armed && !is_covered && !had.is_spent;
        let emptied = Emptied { keys: had.keys, is_unasked };
        let emptied = Some(emptied).filter(|_| replaced.is_empty);
        let is_harmless = is_covered || seems_to_go_on(had, place, &replaced, histories);
        if !guarded.is_armed || is_harmless {
            return Ok(emptied);
        }
        let GuardPolicies { empty, shrunk, rollback } = replaced.policies;
        let policies = if replaced.is_empty { [empty; 2] } else { [shrunk, rollback] };
        let is_allowed = policies.contains(&GuardPolicy::Allow);
        let may_be_archived = policies.contains(&GuardPolicy::Archive) || had.is_spent;
        if is_allowed || may_be_archived && has_archive(had.offset) {
            return Ok(emptied);
        }
        let offset = replaced.position.offset;
        Err(Breach::new(
            Property::NoWipe,
            format!(
                "it had {} keys at offset {}, and has taken {} at {history:?}:{offset} in their place, which has not gone through there; nobody has told it to, and \
                 nothing of it is in an archive",
                had.keys,
                had.offset,
                if replaced.is_empty { "an empty data set" } else { "another data set" }
            ),
        ))
    }
}

/// True for what cannot be told from a history that goes on, by who has only its name and its offset.
fn seems_to_go_on(had: Had, place: Place, replaced: &Replaced, histories: &Histories) -> bool {
    let is_from_log = place.offset <= 1 && replaced.keys.is_none_or(|keys| keys >= had.keys);
    let has_left = |(before, first_other): (ReplicationId, u64)| {
        let is_ours = before == histories.name_of(had.place);
        let is_before_ours = had.second.is_some_and(|(second, ours)| second == before && first_other <= ours);
        (is_ours || is_before_ours) && first_other <= had.offset
    };
    let is_another = place.history != had.place.history && !replaced.goes_on_from.is_some_and(has_left);
    is_another && !replaced.is_empty && (place.offset >= had.offset || is_from_log)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::histories::tests::{NEW, OLD, Tree};

    /// A master was at 30 of its history; another history begins at 0 and is at 50 by now.
    fn tree() -> Tree {
        let mut tree = Tree::new();
        for (offset, digest) in [(10, 7), (20, 8), (30, 9)] {
            tree.see(0, OLD, offset, digest);
        }
        for (offset, digest) in [(0, 0), (25, 1), (50, 2)] {
            tree.see(1, NEW, offset, digest);
        }
        tree
    }

    fn position(history: u8, offset: u64) -> Position {
        Position { history: ReplicationId::new([history; 40]), offset }
    }

    fn replaced(tree: &Tree, at: Position, is_empty: bool, policy: GuardPolicy) -> Replaced {
        let before = Before { place: tree.0.locate(position(OLD, 30)), keys: 5, is_spent: false };
        let policies = GuardPolicies::all(policy);
        let keys = Some(if is_empty { 0 } else { 5 });
        let goes_on_from = None;
        Replaced { before, position: at, is_nowhere: false, is_empty, keys, goes_on_from, policies }
    }

    fn is_broken(at: Position, is_empty: bool, policy: GuardPolicy, has_archive: bool) -> bool {
        let (tree, mut check) = (tree(), NoWipe::new(1));
        check.in_step(0);
        check.observe(0, replaced(&tree, at, is_empty, policy), &tree.0, |offset| has_archive && offset == 30).is_err()
    }

    #[test]
    fn what_has_gone_through_our_place_may_be_anything_and_an_empty_stranger_must_not_be_taken() {
        use GuardPolicy::{Allow, Archive, Quarantine, Refuse};
        for policy in [Allow, Archive, Quarantine, Refuse] {
            assert!(!is_broken(position(OLD, 30), true, policy, false), "flushed by its stream");
            assert!(!is_broken(position(NEW, 50), false, policy, false), "it seems to go on");
            assert!(!is_broken(position(NEW, 0), false, policy, false), "read from a log, perhaps");
            for (offset, is_empty) in [(0, true), (50, true), (25, false)] {
                assert_eq!(is_broken(position(NEW, offset), is_empty, policy, false), policy != Allow, "{offset}");
                let is_kept_out = matches!(policy, Quarantine | Refuse);
                assert_eq!(is_broken(position(NEW, offset), is_empty, policy, true), is_kept_out, "{offset}");
            }
            assert_eq!(
                is_broken(position(OLD, 20), false, policy, false),
                policy != Allow,
                "its own history, gone back"
            );
        }
    }

    #[test]
    fn what_has_expired_to_the_last_key_may_go_behind_an_archive() {
        let (tree, mut check) = (tree(), NoWipe::new(1));
        check.in_step(0);
        let wiped = replaced(&tree, position(NEW, 0), true, GuardPolicy::Quarantine);
        let spent = Replaced { before: Before { is_spent: true, ..wiped.before }, ..wiped };
        assert!(check.observe(0, wiped, &tree.0, |_| true).is_err());
        assert!(check.observe(0, spent, &tree.0, |_| false).is_err());
        assert!(check.observe(0, spent, &tree.0, |_| true).is_ok());
    }

    #[test]
    fn who_has_fewer_keys_at_the_beginning_of_a_history_has_not_read_them_from_a_log() {
        let (tree, mut check) = (tree(), NoWipe::new(1));
        check.in_step(0);
        let taken = replaced(&tree, position(NEW, 0), false, GuardPolicy::Archive);
        assert!(check.observe(0, Replaced { keys: Some(4), ..taken }, &tree.0, |_| false).is_err());
        assert_eq!(check.observe(0, taken, &tree.0, |_| false), Ok(None));
    }

    #[test]
    fn who_says_to_have_left_before_has_lost_the_rest_however_far_it_has_come() {
        let (tree, mut check) = (tree(), NoWipe::new(1));
        check.in_step(0);
        let taken = replaced(&tree, position(NEW, 50), false, GuardPolicy::Archive);
        let left_at =
            |first_other| Replaced { goes_on_from: Some((ReplicationId::new([OLD; 40]), first_other)), ..taken };
        assert_eq!(check.observe(0, left_at(31), &tree.0, |_| false), Ok(None));
        assert!(check.observe(0, left_at(30), &tree.0, |_| false).is_err());
        assert_eq!(check.observe(0, left_at(30), &tree.0, |offset| offset == 30), Ok(None));
        let from_before = |first_other| {
            let goes_on_from = Some((ReplicationId::new([b'9'; 40]), first_other));
            Replaced { goes_on_from, ..taken }
        };
        assert_eq!(check.observe(0, from_before(21), &tree.0, |_| false), Ok(None), "a stranger");
        check.knows(0, Some((ReplicationId::new([b'9'; 40]), 21)));
        assert!(check.observe(0, from_before(21), &tree.0, |_| false).is_err(), "both have left there");
        assert_eq!(check.observe(0, from_before(22), &tree.0, |_| false), Ok(None), "it may have come late");
    }

    #[test]
    fn who_was_told_to_take_it_or_never_was_in_step_may_lose_everything() {
        let (tree, mut check) = (tree(), NoWipe::new(1));
        let wiped = replaced(&tree, position(NEW, 0), true, GuardPolicy::Quarantine);
        let emptied = Some(Emptied { keys: 5, is_unasked: false });
        assert_eq!(check.observe(0, wiped, &tree.0, |_| false), Ok(emptied));
        check.in_step(0);
        check.named(0);
        assert_eq!(check.observe(0, wiped, &tree.0, |_| false), Ok(emptied));
        check.started(0, true);
        assert!(check.observe(0, wiped, &tree.0, |_| false).is_err());
    }

    #[test]
    fn what_was_dropped_first_is_remembered_until_others_are_loaded() {
        let (tree, mut check) = (tree(), NoWipe::new(1));
        check.in_step(0);
        let wiped = replaced(&tree, position(NEW, 0), true, GuardPolicy::Quarantine);
        let nothing = Before { place: None, keys: 0, is_spent: false };
        let nowhere = Replaced { is_nowhere: true, position: position(b'n', 0), ..wiped };
        let again = Replaced { is_nowhere: false, before: nothing, ..nowhere };
        for dropped in [nowhere, again] {
            assert_eq!(check.observe(0, dropped, &tree.0, |_| false), Ok(None));
        }
        let loaded = Replaced { before: nothing, ..wiped };
        assert!(check.observe(0, loaded, &tree.0, |_| false).is_err());
    }
}
