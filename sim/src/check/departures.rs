//! Does a master that is told to end wait until its replicas have what it was told?
//!
//! SIGTERM has a master hold writes back until its replicas have acknowledged everything, for `shutdown-timeout` at most. So when it waits no more before that time is
//! over, each replica that is in step has the last write of a client, or has had it.
//!
//! Open on purpose: a replica of which the master does not know yet that it is in step is not waited for, so nothing is said of masters that have one.

use super::histories::Histories;
use super::holding::Place;
use super::{Breach, Property};
use crate::journal::host_name;
use crate::queue::{Micros, SECOND};

/// The default of `shutdown-timeout`, which no plan sets.
const SHUTDOWN_TIMEOUT: Micros = 10 * SECOND;

/// The last write of a client at each host, and since when it is to end.
#[derive(Debug)]
pub(crate) struct Departures {
    hosts: Vec<(Option<Place>, Option<Micros>)>,
}

impl Departures {
    /// For so many hosts.
    pub(crate) fn new(hosts: usize) -> Departures {
        Departures { hosts: vec![(None, None); hosts] }
    }

    /// A host begins a new life.
    pub(crate) fn started(&mut self, host: u16) {
        self.hosts[usize::from(host)] = (None, None);
    }

    /// A client has written at a host.
    pub(crate) fn wrote(&mut self, host: u16, place: Place) {
        self.hosts[usize::from(host)].0 = Some(place);
    }

    /// A host is told to end.
    pub(crate) fn asked(&mut self, host: u16, now: Micros) {
        self.hosts[usize::from(host)].1.get_or_insert(now);
    }

    /// A master that is to end waits no more (a write that it has lost itself meanwhile, as the replica of another master, is nobody's to have): `in_step` are the replicas that are, each with the number of dials when its link was dialled.
    ///
    /// # Errors
    ///
    /// Tells which of them lacks something.
    pub(crate) fn judge(
        &self,
        master: u16,
        in_step: &[(u16, u64)],
        now: Micros,
        histories: &Histories,
    ) -> Result<(), Breach> {
        let (Some(last), Some(asked)) = self.hosts[usize::from(master)] else { return Ok(()) };
        if now >= asked + SHUTDOWN_TIMEOUT || !histories.has(master, last) {
            return Ok(());
        }
        let lacks = |(replica, dials): &&(u16, u64)| {
            !histories.has(*replica, last) && !histories.had_since(*replica, last, *dials)
        };
        let Some((replica, _)) = in_step.iter().find(lacks) else { return Ok(()) };
        let explanation = format!(
            "it was told to end {} ms ago and waits no more, though its replica {} is in step and lacks the last write (up to offset {} of the history): \
             it had {} s to wait for it",
            (now - asked) / 1000,
            host_name(*replica),
            last.offset,
            SHUTDOWN_TIMEOUT / SECOND
        );
        Err(Breach::new(Property::EndsInStep, explanation))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::continuation::tests::forked;

    #[test]
    fn a_master_that_leaves_a_replica_without_a_write_must_have_waited() {
        let tree = forked();
        let last = tree.0.place_of(0).expect("it is in the tree");
        let mut departures = Departures::new(4);
        departures.wrote(0, last);
        let ended = |departures: &Departures, now| departures.judge(0, &[(2, 0)], now, &tree.0);
        assert_eq!(ended(&departures, 0), Ok(()), "nobody has asked it to end");
        departures.asked(0, SECOND);
        let breach = ended(&departures, 2 * SECOND).expect_err("host 2 lacks the end");
        assert_eq!(breach.property, Property::EndsInStep);
        assert_eq!(ended(&departures, 11 * SECOND), Ok(()), "it has waited");
        assert_eq!(departures.judge(0, &[(0, 0)], 2 * SECOND, &tree.0), Ok(()));
        let mut moved = forked();
        moved.0.end_life(0, 0);
        assert_eq!(departures.judge(0, &[(2, 0)], 2 * SECOND, &moved.0), Ok(()), "it has lost the write itself");
        departures.started(0);
        assert_eq!(ended(&departures, 2 * SECOND), Ok(()));
    }
}
