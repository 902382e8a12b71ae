//! Does a master end the link of a replica only with cause?
//!
//! Who is sent a data set, and takes it, may rely on getting all of it, and then the stream. What may end that is a fault of the path or of one of the two hosts, not long ago; an order; a limit that the
//! configuration sets; or that the master's own data have changed. What happens to another replica is no cause, nor is it that loading takes long: a replica that nothing is wrong with is never silent.

use std::collections::BTreeMap;

use super::{Breach, Property};
use crate::plan::Fault;
use crate::queue::{Micros, SECOND};

/// For so long a fault that is over may still be the cause: who has fallen behind others is given up some time later.
const AFTERMATH: Micros = 15 * SECOND;
/// The same where a replica was silent for too long: then it was in trouble until just now.
const SILENCE_AFTERMATH: Micros = 4 * SECOND;
/// For so long an order may be the cause: a node whose disk is slow carries it out late.
const ORDER: Micros = 10 * SECOND;

/// Knows what may be the cause of an ending.
#[derive(Debug)]
pub(crate) struct Endings {
    /// Until when each host is, or was, in trouble.
    hosts: Vec<Micros>,
    /// The same for each path, its lower end first.
    paths: BTreeMap<(u16, u16), Micros>,
    ordered_at: Micros,
    /// Links of other hosts that were ended in the present event of a host.
    ended: Vec<Ended>,
}

/// A link that its acceptor has ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ended {
    /// Whose it was.
    pub(crate) dialler: u16,
    /// It is still there.
    pub(crate) is_there: bool,
    /// How many links had been dialled in the whole world when this one was.
    pub(crate) opened: u64,
    /// A data set or a stream went by it, and there must be a cause.
    pub(crate) wants_cause: bool,
}

impl Endings {
    /// For so many hosts.
    pub(crate) fn new(hosts: usize) -> Endings {
        Endings { hosts: vec![0; hosts], paths: BTreeMap::new(), ordered_at: 0, ended: Vec::new() }
    }

    /// A fault begins.
    pub(crate) fn fault_begins(&mut self, fault: &Fault, now: Micros) {
        let lasts = match *fault {
            Fault::Crash { down_us, .. } => down_us,
            _ => fault.lasts_us(),
        };
        let until = now.saturating_add(lasts);
        let place = match fault.hosts() {
            [Some(a), Some(b)] => self.paths.entry((a.min(b), a.max(b))).or_default(),
            // What the clock on the wall says is no reason.
            _ if matches!(fault, Fault::ClockJump { .. }) => return,
            [Some(host), None] => &mut self.hosts[usize::from(host)],
            _ => return,
        };
        *place = (*place).max(until);
    }

    /// A host is broken for ever.
    pub(crate) fn broken(&mut self, host: u16) {
        self.hosts[usize::from(host)] = Micros::MAX;
    }

    /// Something is said by the operator.
    pub(crate) fn ordered(&mut self, now: Micros) {
        self.ordered_at = now;
    }

    /// A host has ended the link of another one.
    pub(crate) fn ended(&mut self, link: Ended) {
        self.ended.push(link);
    }

    /// Links that were ended in the present event: until then they stood.
    pub(crate) fn ended_now(&self) -> impl Iterator<Item = Ended> {
        self.ended.iter().copied()
    }

    /// The actions of a node's next event are carried out.
    pub(crate) fn event_begins(&mut self) {
        self.ended.clear();
    }

    /// Judges what a host has ended in the event that is over, for a reason of its own (`has_moved`: its data or their history are others now), or for somebody's silence.
    ///
    /// # Errors
    ///
    /// Tells whose link was ended without cause.
    pub(crate) fn judge(
        &mut self,
        master: u16,
        has_moved: bool,
        is_for_silence: bool,
        now: Micros,
    ) -> Result<(), Breach> {
        let aftermath = if is_for_silence { SILENCE_AFTERMATH } else { AFTERMATH };
        let judged = self.ended.iter().filter(|link| link.wants_cause);
        for replica in judged.map(|link| link.dialler) {
            let path = self.paths.get(&(master.min(replica), master.max(replica))).copied().unwrap_or(0);
            let troubled_until = path.max(self.hosts[usize::from(master)]).max(self.hosts[usize::from(replica)]);
            let is_troubled = troubled_until > 0 && now <= troubled_until.saturating_add(aftermath);
            let is_ordered = self.ordered_at > 0 && now <= self.ordered_at + ORDER;
            if has_moved || is_troubled || is_ordered {
                continue;
            }
            let who = crate::journal::host_name(replica);
            let why = if is_for_silence { ", because it did not hear from it" } else { "" };
            return Err(Breach::new(
                Property::EndsWithCause,
                format!(
                    "it has ended the link by which {who} gets its data{why}, though nothing was wrong with {who}, with itself or between them for {} s, and nobody had asked for it",
                    aftermath / SECOND
                ),
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENDED: Ended = Ended { dialler: 1, is_there: true, opened: 0, wants_cause: true };

    fn judged(check: &mut Endings, has_moved: bool, now: Micros) -> bool {
        check.event_begins();
        check.ended(ENDED);
        check.judge(0, has_moved, false, now).is_ok()
    }

    #[test]
    fn what_happens_to_another_is_no_cause() {
        let mut check = Endings::new(3);
        check.fault_begins(&Fault::Pause { host: 2, for_us: SECOND }, SECOND);
        check.fault_begins(&Fault::Reset { a: 2, b: 0 }, SECOND);
        assert!(!judged(&mut check, false, 2 * SECOND));
        assert!(judged(&mut check, true, 2 * SECOND), "it has other data now");
    }

    #[test]
    fn a_fault_of_the_path_or_of_an_end_is_a_cause_for_a_while_and_an_order_is() {
        let faults = [
            Fault::Pause { host: 1, for_us: SECOND },
            Fault::Stall { a: 1, b: 0, way: crate::plan::Way::Both, for_us: SECOND },
        ];
        for fault in faults {
            let mut check = Endings::new(3);
            check.fault_begins(&fault, SECOND);
            assert!(judged(&mut check, false, 2 * SECOND + AFTERMATH));
            assert!(!judged(&mut check, false, 2 * SECOND + AFTERMATH + 1));
            check.ended(ENDED);
            assert!(check.judge(0, false, true, 2 * SECOND + AFTERMATH).is_err(), "it cannot have been silent since");
            check.ordered(30 * SECOND);
            assert!(judged(&mut check, false, 30 * SECOND));
        }
    }
}
