//! Does who hands his role over by FAILOVER hand over all that he has?
//!
//! Without FORCE a master holds writes back until its target has acknowledged everything, so that none is lost with the change of roles. When it lets the
//! target take over, that must have, in the tree of histories, all that the master has; or have had it, if it has been lost since.

use super::histories::Histories;
use super::{Breach, Property};
use crate::journal::host_name;

/// A master lets another take over, by a link that was dialled when so many had been.
///
/// # Errors
///
/// Tells that the other one lacks something.
pub(crate) fn judge_hand_over(histories: &Histories, master: u16, target: u16, dials: u64) -> Result<(), Breach> {
    let Some(all) = histories.place_of(master) else { return Ok(()) };
    if histories.has(target, all) || histories.had_since(target, all, dials) {
        return Ok(());
    }
    let has = histories.place_of(target).map_or_else(|| "nothing".into(), |place| format!("offset {}", place.offset));
    let explanation = format!(
        "it hands its role over by FAILOVER to {} as to one that has everything; but that stands at {has} of its history, and the \
         master at offset {}",
        host_name(target),
        all.offset
    );
    Err(Breach::new(Property::HandsOverAll, explanation))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::continuation::tests::forked;

    #[test]
    fn a_target_that_lacks_something_is_found() {
        let tree = forked();
        assert_eq!(judge_hand_over(&tree.0, 2, 0, 0), Ok(()), "host 0 has more");
        let breach = judge_hand_over(&tree.0, 0, 2, 0).expect_err("host 2 lacks the end");
        assert_eq!(breach.property, Property::HandsOverAll);
    }

    #[test]
    fn a_target_that_has_lost_it_since_is_not_the_masters_fault() {
        let mut tree = forked();
        tree.0.end_life(2, 7);
        assert!(judge_hand_over(&tree.0, 1, 2, 7).is_err(), "it never had what came after the fork");
        let mut tree = forked();
        tree.0.end_life(0, 7);
        assert_eq!(judge_hand_over(&tree.0, 2, 0, 7), Ok(()));
    }
}
