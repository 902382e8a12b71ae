//! May a node serve what a client reads?
//!
//! A node that loads its data set has only a part of it. A replica that is not in step with its master has what is old, half of it perhaps, and must not show it
//! with `replica-serve-stale-data no`. And nobody shows a key whose time has come by its own clock, be it that the removal is still on its way from
//! the master.

use afterimage_core::node::LinkState;

use super::{Breach, Property};

/// A client has read a single key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Read {
    /// It is there, and its time had come.
    pub(crate) is_past: bool,
    /// The client was told of it.
    pub(crate) is_found: bool,
    /// Where the link to the node's master stood then.
    pub(crate) link: LinkState,
    /// The node was loading a data set then.
    pub(crate) is_loading: bool,
}

/// Judges what a client was told.
///
/// # Errors
///
/// Tells why it should have been told something else.
pub(crate) fn judge_read(read: Read, serves_stale: bool) -> Result<(), Breach> {
    let Read { is_past, is_found, link, is_loading } = read;
    let why = if is_past && is_found {
        "a client was shown a key whose time had come by the clock of this node, which may not remove it and must not show it".to_string()
    } else if is_loading {
        "a client was served while a data set is being loaded, of which only a part is there".to_string()
    } else if !serves_stale && !matches!(link, LinkState::None | LinkState::Online) {
        format!(
            "a client was served though replica-serve-stale-data is no and the link to its master is {link:?}: the reply should have been MASTERDOWN"
        )
    } else {
        return Ok(());
    };
    Err(Breach::new(Property::ReadsHold, why))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_over_stale_or_half_there_must_not_be_shown() {
        let in_step = Read { is_past: false, is_found: true, link: LinkState::Online, is_loading: false };
        let is_broken = |read, serves_stale| {
            judge_read(read, serves_stale).is_err_and(|breach| breach.property == Property::ReadsHold)
        };
        assert!(!is_broken(in_step, false));
        assert!(is_broken(Read { is_past: true, ..in_step }, true));
        assert!(!is_broken(Read { is_past: true, is_found: false, ..in_step }, true), "it was hidden");
        let alone = Read { link: LinkState::Connecting, ..in_step };
        assert!(is_broken(alone, false) && is_broken(Read { is_found: false, ..alone }, false));
        assert!(!is_broken(alone, true), "stale data may be served");
        assert!(!is_broken(Read { link: LinkState::None, ..in_step }, false), "a master is nobody's");
        assert!(is_broken(Read { is_loading: true, ..in_step }, true));
    }
}
