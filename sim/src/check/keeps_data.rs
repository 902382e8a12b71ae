//! Does a replica keep what it has until others are there?
//!
//! A data set from its master takes the place of a replica's own, and by way of a file there is a time at which it has neither. That time must be one of loading: the whole of the file is there then, and nobody
//! is served. Who has dropped its data and is not loading relies on something that may never come.

use afterimage_core::replication::ReplicationId;

use super::{Breach, Property};

/// What a host has come to by one event.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stand {
    /// Keys before.
    pub(crate) keys_before: u64,
    /// Keys now.
    pub(crate) keys: u64,
    /// Its data were replaced, by others or by none.
    pub(crate) is_replaced: bool,
    /// The history in which it stands.
    pub(crate) history: ReplicationId,
    /// It is a replica, and nobody has stood in that history before: its data are nobody's.
    pub(crate) is_nowhere: bool,
    /// It says that it is loading.
    pub(crate) is_loading: bool,
}

/// Who has dropped what.
#[derive(Clone, Debug, Hash)]
pub(crate) struct KeepsData {
    /// The keys that each host has dropped, and the history of nothing in which it stands until it has others.
    dropped: Vec<Option<(u64, ReplicationId)>>,
}

impl KeepsData {
    /// For so many hosts.
    pub(crate) fn new(hosts: usize) -> KeepsData {
        KeepsData { dropped: vec![None; hosts] }
    }

    /// A host begins a new life.
    pub(crate) fn started(&mut self, host: u16) {
        self.dropped[usize::from(host)] = None;
    }

    /// Looks at a host after an event.
    ///
    /// # Errors
    ///
    /// Tells that it has dropped its data and is not loading others.
    pub(crate) fn observe(&mut self, host: u16, stand: Stand) -> Result<(), Breach> {
        let dropped = &mut self.dropped[usize::from(host)];
        if stand.is_nowhere && stand.is_replaced && stand.keys_before > 0 && stand.keys == 0 {
            *dropped = Some((stand.keys_before, stand.history));
        }
        *dropped = dropped.filter(|(_, history)| *history == stand.history);
        match *dropped {
            Some((keys, _)) if !stand.is_loading => Err(Breach::new(
                Property::KeepsData,
                format!(
                    "it has dropped {keys} keys and has none now, and is not loading any: what was to take their place is not there as a whole"
                ),
            )),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stand(history: u8, keys: u64) -> Stand {
        let history = ReplicationId::new([history; 40]);
        Stand { keys_before: 5, keys, is_replaced: true, history, is_nowhere: false, is_loading: true }
    }

    #[test]
    fn dropped_data_must_be_followed_by_others_and_loading_must_last_until_they_are_there() {
        let mut check = KeepsData::new(1);
        let dropped = Stand { is_nowhere: true, ..stand(b'b', 0) };
        let later = Stand { is_replaced: false, is_nowhere: false, keys_before: 0, ..dropped };
        let replaced = Stand { is_loading: false, ..stand(b'a', 7) };
        for stand in [replaced, dropped, later, replaced] {
            assert_eq!(check.observe(0, stand), Ok(()));
        }
        assert_eq!(check.observe(0, dropped), Ok(()));
        assert!(check.observe(0, Stand { is_loading: false, ..later }).is_err(), "it loads no more");
        check.started(0);
        assert!(check.observe(0, Stand { is_loading: false, ..dropped }).is_err(), "it never loaded");
    }

    #[test]
    fn an_empty_data_set_of_the_master_is_one() {
        let mut check = KeepsData::new(1);
        assert_eq!(check.observe(0, Stand { is_loading: false, ..stand(b'a', 0) }), Ok(()));
    }
}
