//! Does a node come back with all that it had promised to keep?
//!
//! With `appendfsync always` a client that has been answered is promised that what it wrote outlives the node, if that was a master with an
//! append-only file of these data all the while; so is, whatever the policy, one that WAITAOF has told that the node, or each of the replicas that have
//! it, has it on its disk. A node that comes back from its append-only file must stand where it has the last that it has promised, unless its data were
//! replaced by other ones before.
//!
//! With `appendfsync everysec` a node promises to come back with all that it had a while before it ended: the second until the next sync, and the syncs
//! that may be under way.
//!
//! A node without an append-only file promises by the end of each snapshot to come back with what is in it, if that tells of its place in a history.
//!
//! When a client has been answered is known for certain at the moments at which no reply to it is missing.

use std::collections::VecDeque;

use super::holding::Place;
use super::{Breach, Property};
use crate::queue::{MILLISECOND, Micros};

/// Where a node stands is noted no more often.
const NOTED_EVERY: Micros = 100 * MILLISECOND;
/// Notes that are kept.
const NOTES_MAX: usize = 4096;

/// What a client wrote last, and to whom.
#[derive(Clone, Copy, Debug)]
struct Written {
    host: u16,
    /// The host's, at that time.
    spell: u64,
    place: Place,
}

#[derive(Clone, Debug, Default)]
struct Host {
    /// An answer of its is a promise.
    is_promising: bool,
    /// Grows whenever it is none, so that what was written and not answered is not promised any more.
    spell: u64,
    promised: Option<Place>,
    /// What is in its last snapshot.
    saved: Option<Place>,
    /// Where it stood, and when, while all of that was to be synced within a second.
    stood: VecDeque<(Micros, Place)>,
}

/// What hosts have promised to keep.
#[derive(Debug)]
pub(crate) struct Promises {
    hosts: Vec<Host>,
    written: Vec<Option<Written>>,
    /// Times at which a node came back and had promised something.
    pub(crate) compared: u64,
}

impl Promises {
    /// For so many hosts and clients.
    pub(crate) fn new(hosts: usize, clients: usize) -> Promises {
        Promises { hosts: vec![Host::default(); hosts], written: vec![None; clients], compared: 0 }
    }

    /// Whether a host promises anything by its answers now. A life begins without.
    pub(crate) fn set_promising(&mut self, host: u16, is_promising: bool) {
        let host = &mut self.hosts[usize::from(host)];
        host.is_promising = is_promising;
        host.spell += u64::from(!is_promising);
    }

    /// A client has another connection.
    pub(crate) fn connected(&mut self, client: u16) {
        self.written[usize::from(client)] = None;
    }

    /// A client has written at a host.
    pub(crate) fn wrote(&mut self, client: u16, host: u16, place: Place) {
        let Host { is_promising, spell, .. } = &self.hosts[usize::from(host)];
        self.written[usize::from(client)] = is_promising.then_some(Written { host, spell: *spell, place });
    }

    /// No reply to a client is missing: what it wrote is promised. Returns by whom, and what.
    pub(crate) fn answered(&mut self, client: u16) -> Option<(u16, Place)> {
        let Written { host, spell, place } = self.written[usize::from(client)].take()?;
        (self.hosts[usize::from(host)].spell == spell).then_some((host, place))
    }

    /// True if it is time to note where a host stands.
    pub(crate) fn wants_note(&self, host: u16, now: Micros) -> bool {
        self.hosts[usize::from(host)].stood.back().is_none_or(|(at, _)| *at + NOTED_EVERY <= now)
    }

    /// A host stands here, and syncs that within a second.
    pub(crate) fn stands(&mut self, host: u16, now: Micros, place: Place) {
        let stood = &mut self.hosts[usize::from(host)].stood;
        stood.push_back((now, place));
        if stood.len() > NOTES_MAX {
            stood.pop_front();
        }
    }

    /// Of what a host had up to now nothing is promised.
    pub(crate) fn forget_where_it_stood(&mut self, host: u16) {
        self.hosts[usize::from(host)].stood.clear();
    }

    /// A host has ended. Where it stood that long ago, if it syncs within a second.
    pub(crate) fn stood_at(&mut self, host: u16, at: Micros) -> Option<Place> {
        let stood = std::mem::take(&mut self.hosts[usize::from(host)].stood);
        stood.iter().rev().find(|(noted, _)| *noted <= at).map(|(_, place)| *place)
    }

    /// What a host has promised to keep.
    pub(crate) fn promised(&self, host: u16) -> Option<Place> {
        self.hosts[usize::from(host)].promised
    }

    /// It has promised this, and all before it; or nothing any more.
    pub(crate) fn promise(&mut self, host: u16, place: Option<Place>) {
        self.hosts[usize::from(host)].promised = place;
    }

    /// A host has a snapshot of this on its disk; or one of which nobody knows what is in it.
    pub(crate) fn saved(&mut self, host: u16, place: Option<Place>) {
        self.hosts[usize::from(host)].saved = place;
    }

    /// A host has come back, and not from an append-only file; `has` tells what it has.
    ///
    /// # Errors
    ///
    /// Tells that it has lost what it had saved.
    pub(crate) fn came_back_from_snapshot(&mut self, host: u16, has: impl FnOnce(Place) -> bool) -> Result<(), Breach> {
        let Some(place) = self.hosts[usize::from(host)].saved.take() else { return Ok(()) };
        self.compared += 1;
        if has(place) {
            return Ok(());
        }
        let explanation = format!(
            "it told that a snapshot was on the disk (begun at offset {} of history {}), and has come back with an earlier one",
            place.offset, place.history
        );
        Err(Breach::new(Property::KeepsPromises, explanation))
    }

    /// A host has come back from its append-only file; `has` tells what it has.
    ///
    /// # Errors
    ///
    /// Tells that it has lost what it had promised to keep.
    pub(crate) fn came_back(&mut self, host: u16, has: impl FnOnce(Place) -> bool) -> Result<(), Breach> {
        let Some(place) = self.promised(host) else { return Ok(()) };
        self.compared += 1;
        if has(place) {
            return Ok(());
        }
        let explanation = format!(
            "it came back without what it had promised to keep (up to offset {} of history {})",
            place.offset, place.history
        );
        Err(Breach::new(Property::KeepsPromises, explanation))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: Place = Place { history: 1, offset: 70 };

    #[test]
    fn a_promise_that_is_gone_after_a_restart_is_a_breach() {
        let mut promises = Promises::new(2, 1);
        promises.set_promising(1, true);
        promises.wrote(0, 1, PLACE);
        assert_eq!(promises.came_back(1, |_| false), Ok(()), "it was not answered");
        assert_eq!(promises.answered(0), Some((1, PLACE)));
        promises.promise(1, Some(PLACE));
        assert_eq!(promises.came_back(1, |place| place == PLACE), Ok(()));
        assert_eq!(promises.came_back(0, |_| false), Ok(()), "the other one has promised nothing");
        let breach = promises.came_back(1, |_| false).expect_err("it is gone");
        assert_eq!(breach.property, Property::KeepsPromises);
    }

    #[test]
    fn an_answer_of_a_time_without_promises_is_none() {
        let mut promises = Promises::new(1, 1);
        promises.wrote(0, 0, PLACE);
        assert_eq!(promises.answered(0), None);
        promises.set_promising(0, true);
        promises.wrote(0, 0, PLACE);
        promises.set_promising(0, false);
        promises.set_promising(0, true);
        assert_eq!(promises.answered(0), None);
        promises.wrote(0, 0, PLACE);
        promises.connected(0);
        assert_eq!(promises.answered(0), None);
    }
}
