//! Is nobody sent everything who could have gone on?
//!
//! A full synchronisation is needless if what the asker has is the beginning of what the answerer has, the answerer knows the name that the
//! asker's history goes by (its own, or the one that it went by before), and its backlog holds all that is missing; whatever was asked for. And a
//! master must not make it needful: for `repl-backlog-ttl` since its promotion it keeps its backlog for those who are on their way.
//!
//! Open on purpose: who asks for a snapshot alone, who speaks SYNC of old, and nodes without a log, of whose place nothing is known. A replica that was
//! told a new name of its history knows only that the old one is the same up to where it stood then, not up to where the two parted.

use afterimage_core::Config;
use afterimage_core::node::{Probe, Role};
use afterimage_core::replication::{Reason, ReplicationId};

use super::continuation::Asked;
use super::{Breach, Histories, Property};
use crate::journal::host_name;
use crate::queue::{Micros, SECOND};

impl Asked {
    /// The asker was told that everything follows. `held` is what the answerer's backlog reached from and to.
    ///
    /// # Errors
    ///
    /// Tells that it could have gone on.
    pub(crate) fn was_refused(
        &self,
        histories: &Histories,
        answerer: &Probe,
        held: Option<(u64, u64)>,
        reason: Reason,
    ) -> Result<(), Breach> {
        let (history, offset) = (self.position.history, self.position.offset);
        let goes_by_second = |(second, first_other): (ReplicationId, u64)| {
            history == second && (answerer.role == Role::Master || offset < first_other)
        };
        let is_known = history == answerer.position.history || answerer.second.is_some_and(goes_by_second);
        let is_held = held.is_some_and(|(oldest, end)| (oldest..=end).contains(&offset));
        let could_go_on = is_known && is_held && self.is_on_the_way(histories) && self.has_data_of_its_place(histories);
        if !could_go_on {
            return Ok(());
        }
        let explanation = format!(
            "it sends everything to {} ({reason}), whose data are those of offset {offset} of history {history:?}: this one went \
             through there, knows the name, and its backlog holds all from there on",
            host_name(self.asker)
        );
        Err(Breach::new(Property::ResumesIfPossible, explanation))
    }
}

/// What the configuration wants of a backlog.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    /// `repl-backlog-size`.
    pub(crate) bytes: u64,
    /// `repl-backlog-ttl`.
    pub(crate) ttl_seconds: u64,
}

impl Wanted {
    pub(crate) fn of(config: &Config) -> Wanted {
        Wanted { bytes: config.repl_backlog_size, ttl_seconds: config.repl_backlog_ttl }
    }
}

/// The first byte of each backlog at the last look.
#[derive(Clone, Debug, Hash)]
pub(crate) struct Backlogs {
    had: Vec<Option<u64>>,
}

impl Backlogs {
    /// For so many hosts.
    pub(crate) fn new(hosts: usize) -> Backlogs {
        Backlogs { had: vec![None; hosts] }
    }

    /// A host begins a new life.
    pub(crate) fn started(&mut self, host: u16) {
        self.had[usize::from(host)] = None;
    }

    /// Looks at a host that has had its role for so long and is to keep a backlog like this. `is_replaced` if its data, and with them its history, were just
    /// replaced.
    ///
    /// # Errors
    ///
    /// Tells that the backlog, or a part of it, went too early.
    pub(crate) fn look(
        &mut self,
        host: u16,
        probe: &Probe,
        role_for: Micros,
        wanted: Wanted,
        is_replaced: bool,
    ) -> Result<(), Breach> {
        let Wanted { bytes, ttl_seconds } = wanted;
        let had = std::mem::replace(&mut self.had[usize::from(host)], probe.backlog.map(|(first, _)| first));
        if let (Some(before), Some((first, len))) = (had, probe.backlog)
            && first > before
            && len < bytes
            && !is_replaced
        {
            let explanation = format!(
                "its backlog has forgotten what lies before offset {first} and holds {len} bytes, though repl-backlog-size is {bytes}: \
                 whoever comes back for more is sent everything"
            );
            return Err(Breach::new(Property::ResumesIfPossible, explanation));
        }
        let is_gone = had.is_some() && probe.backlog.is_none() && probe.role == Role::Master;
        if !is_gone || role_for >= ttl_seconds.saturating_mul(SECOND) {
            return Ok(());
        }
        let explanation = format!(
            "it gave up its backlog when it had been a master for {} ms, though repl-backlog-ttl has it keep that for {ttl_seconds} s: \
             nobody who is on his way to it can go on",
            role_for / 1000
        );
        Err(Breach::new(Property::ResumesIfPossible, explanation))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::continuation::tests::{asked, forked};
    use crate::check::histories::tests::{NEW, OLD};
    use afterimage_core::node::LinkState;
    use afterimage_core::replication::Position;

    fn probe(backlog: Option<(u64, u64)>) -> Probe {
        let id = |letter| ReplicationId::new([letter; 40]);
        Probe {
            role: Role::Master,
            link: LinkState::None,
            position: Position { history: id(NEW), offset: 40 },
            second: Some((id(OLD), 21)),
            is_second_exact: true,
            backlog,
            spent_from_ms: None,
            keys: 0,
            digest: 5,
            replicas_online: 0,
            sync_full: 0,
            sync_partial_ok: 0,
            output_bytes: 0,
            snapshot_bytes: 0,
            snapshots: 0,
            log_bytes: 0,
            log_piece_bytes_max: 0,
            log_awaited_bytes: 0,
            has_waiting: false,
            held_off: None,
            is_stopping: false,
            is_protected: false,
            loading: false,
            synced_offset: None,
        }
    }

    #[test]
    fn everything_is_sent_in_vain_to_who_stands_where_the_backlog_reaches() {
        let tree = forked();
        let broken = |asked: Asked, held| {
            asked.was_refused(&tree.0, &probe(Some((11, 30))), held, Reason::Asked).err().map(|breach| breach.property)
        };
        let breach = Some(Property::ResumesIfPossible);
        assert_eq!(broken(asked(2, OLD, 20, 8, 1), Some((10, 40))), breach);
        let mut unsaid = asked(2, OLD, 20, 8, 1);
        unsaid.request.history = None;
        assert_eq!(broken(unsaid, Some((10, 40))), breach, "whatever it asked for");
        assert_eq!(broken(asked(2, OLD, 20, 8, 1), Some((21, 40))), None, "what it lacks is not held");
        assert_eq!(broken(asked(2, OLD, 20, 8, 1), None), None);
        assert_eq!(broken(asked(2, OLD, 20, 3, 1), Some((10, 40))), None, "its data are others");
        assert_eq!(broken(asked(0, OLD, 30, 9, 1), Some((10, 40))), None, "it went past the fork");
        let mut renamed = probe(Some((11, 30)));
        renamed.second = None;
        let asked = asked(2, OLD, 20, 8, 1);
        assert_eq!(
            asked.was_refused(&tree.0, &renamed, Some((10, 40)), Reason::Asked),
            Ok(()),
            "it does not know the name"
        );
    }

    #[test]
    fn a_backlog_that_goes_before_its_time_is_found() {
        let mut backlogs = Backlogs::new(1);
        let (with, without) = (probe(Some((11, 30))), probe(None));
        let wanted = Wanted { bytes: 30, ttl_seconds: 5 };
        assert_eq!(backlogs.look(0, &with, SECOND, wanted, false), Ok(()));
        assert_eq!(backlogs.look(0, &without, 5 * SECOND, wanted, false), Ok(()));
        assert_eq!(backlogs.look(0, &without, SECOND, wanted, false), Ok(()), "it had none before");
        assert_eq!(backlogs.look(0, &with, SECOND, wanted, false), Ok(()));
        assert!(backlogs.look(0, &without, 4 * SECOND, wanted, false).is_err());
    }

    #[test]
    fn a_backlog_that_forgets_more_than_it_must_is_found() {
        let wanted = Wanted { bytes: 30, ttl_seconds: 5 };
        let after = |first, len, is_replaced| {
            let mut backlogs = Backlogs::new(1);
            assert_eq!(backlogs.look(0, &probe(Some((11, 30))), SECOND, wanted, false), Ok(()));
            backlogs.look(0, &probe(Some((first, len))), SECOND, wanted, is_replaced)
        };
        assert_eq!(after(16, 30, false), Ok(()), "it is full");
        assert_eq!(after(11, 35, false), Ok(()), "it may hold more");
        assert_eq!(after(41, 5, true), Ok(()), "it is another one");
        assert!(after(16, 29, false).is_err());
    }
}
