//! Does synchronising come to an end?
//!
//! A fault, an order, a promotion may cost each replica a synchronisation, and those below it one more each. Beyond that it has a few attempts, and then one in some seconds: whoever
//! begins anew without end, or asks again at once for what has just come to nothing, is found.

use afterimage_core::node::LinkState;

use super::{Breach, Property};
use crate::queue::{Micros, SECOND};

/// Attempts that a replica has at once after a disturbance.
const ATTEMPTS: u64 = 8;
/// The time after which it has one more.
const ONE_MORE_AFTER: Micros = 5 * SECOND;

#[derive(Clone, Copy, Debug, Default)]
struct Replica {
    link: Option<LinkState>,
    attempts: u64,
}

/// Counts the synchronisations of each host since the last disturbance.
#[derive(Debug)]
pub(crate) struct Storms {
    replicas: Vec<Replica>,
    calm_since: Micros,
}

impl Storms {
    /// For so many hosts.
    pub(crate) fn new(hosts: usize) -> Storms {
        Storms { replicas: vec![Replica::default(); hosts], calm_since: 0 }
    }

    /// Something happens that may cost everybody a synchronisation.
    pub(crate) fn disturbed(&mut self, now: Micros) {
        self.calm_since = now;
        self.replicas.iter_mut().for_each(|replica| replica.attempts = 0);
    }

    /// Looks at a host's link after an event.
    ///
    /// # Errors
    ///
    /// Tells how often it has begun anew.
    pub(crate) fn observe(&mut self, host: u16, link: LinkState, now: Micros) -> Result<(), Breach> {
        let replica = &mut self.replicas[usize::from(host)];
        let before = replica.link.replace(link);
        let is_attempt = match link {
            LinkState::Transfer => before != Some(link),
            // The stream goes on where it was.
            LinkState::Online => before == Some(LinkState::Handshake),
            LinkState::None | LinkState::Connecting | LinkState::Handshake => false,
        };
        if !is_attempt {
            return Ok(());
        }
        replica.attempts += 1;
        let calm = now - self.calm_since;
        if replica.attempts <= ATTEMPTS + calm / ONE_MORE_AFTER {
            return Ok(());
        }
        Err(Breach::new(
            Property::ResyncsEnd,
            format!(
                "it has begun {} synchronisations in the {} ms since the last fault or order",
                replica.attempts,
                calm / 1000
            ),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn synchronise(check: &mut Storms, now: Micros) -> Result<(), Breach> {
        check.observe(0, LinkState::Connecting, now)?;
        check.observe(0, LinkState::Handshake, now)?;
        check.observe(0, LinkState::Transfer, now)?;
        check.observe(0, LinkState::Transfer, now)
    }

    #[test]
    fn who_begins_anew_again_and_again_is_found_and_who_does_so_slowly_is_not() {
        let mut check = Storms::new(1);
        for _ in 0..ATTEMPTS {
            assert_eq!(synchronise(&mut check, 0), Ok(()));
        }
        assert!(synchronise(&mut check, 0).is_err());
        check.disturbed(SECOND);
        for attempt in 0..100 {
            assert_eq!(synchronise(&mut check, SECOND + attempt * ONE_MORE_AFTER), Ok(()));
        }
    }

    #[test]
    fn a_stream_that_goes_on_again_and_again_is_found() {
        let mut check = Storms::new(1);
        let mut resume = || {
            check.observe(0, LinkState::Handshake, 0)?;
            check.observe(0, LinkState::Online, 0)
        };
        assert!((0..ATTEMPTS).all(|_| resume().is_ok()));
        assert!(resume().is_err());
    }
}
