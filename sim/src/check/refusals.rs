//! Is a client refused only by a node that has a reason to?
//!
//! A node refuses while it loads, while its link is down and it must not show what is old, while it cannot save, while too few replicas are good, while memory is short, and what writes while
//! it is a replica. Whether it is so is asked of what the world has done to it, not of what it thinks of itself: of the disk whether it has failed since the last snapshot, of replicas whether their
//! acknowledgements have arrived. A node that goes on refusing when the cause is over harms nobody's data, and is down all the same.
//!
//! Open on purpose: a node with an append-only file tries to write it once a second, and may refuse for some seconds more than its disk is ill; and replicas whose last acknowledgement is
//! under way, or older than `min-replicas-max-lag`, are asked for nothing.

use afterimage_core::Config;
use afterimage_core::node::{LinkState, Refusal, RefusingState, Role};

use super::holding::Place;
use super::{Breach, Property};
use crate::queue::{Micros, SECOND};

/// A node that writes an append-only file finds out within so long that its disk is well again, not counting syncs.
const FOUND_WELL_WITHIN: Micros = 30 * SECOND;
/// Syncs, one after the other, until a file that takes the place of another is named.
pub(crate) const SYNCS_TO_NAME: u64 = 12;

/// What a failure of the disk has spoilt is met with within so long.
const FAILURE_FELT_WITHIN: Micros = 10 * SECOND;

/// What was wrong with the disk of a node, and when.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct DiskHealth {
    /// When an operation failed last.
    pub(crate) failed_at: Option<Micros>,
    /// When a snapshot was last written.
    pub(crate) saved_at: Option<Micros>,
    /// One failed in the life before: what that has left need not be whole.
    pub(crate) failed_before: bool,
}

impl DiskHealth {
    /// In the life after this one.
    pub(crate) fn in_next_life(self) -> DiskHealth {
        DiskHealth { failed_before: self.failed_at.is_some(), ..DiskHealth::default() }
    }

    /// A node may end because of its disk.
    pub(crate) fn may_end_a_node(self) -> bool {
        self.failed_at.is_some() || self.failed_before
    }

    /// It has failed a moment ago: what was being written may not be there.
    pub(crate) fn has_just_failed(self, now: Micros) -> bool {
        self.failed_at.is_some_and(|failed_at| now - failed_at <= FAILURE_FELT_WITHIN)
    }
}

/// A refusal, and what the world knows about the node at that moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Refused {
    pub(crate) cause: Refusal,
    pub(crate) state: RefusingState,
    /// It has not got through its start yet, or its master's data are coming, or have come.
    pub(crate) may_load: bool,
    pub(crate) disk: DiskHealth,
    /// What a sync of its disk takes at most.
    pub(crate) sync_max: Micros,
    /// Replicas that are good for certain; asked for only where it matters.
    pub(crate) good_replicas: usize,
    pub(crate) now: Micros,
}

/// Judges a refusal.
///
/// # Errors
///
/// Tells why the node had no reason.
pub(crate) fn judge_refusal(refused: Refused, config: &Config) -> Result<(), Breach> {
    let Refused { cause, state, may_load, disk, sync_max, good_replicas, now } = refused;
    let RefusingState { role, link, is_in_circle, held_bytes } = state;
    let why = match cause {
        Refusal::Loading if may_load => return Ok(()),
        Refusal::Loading => format!("LOADING, and its link to its master is {link:?}: nothing is to be loaded"),
        Refusal::MasterDown
            if !config.replica_serve_stale_data
                && role == Role::Replica
                && (is_in_circle || link != LinkState::Online) =>
        {
            return Ok(());
        }
        Refusal::MasterDown => format!("MASTERDOWN, and its link to its master is {link:?}"),
        Refusal::Misconf if may_be_unable_to_save(disk, sync_max, config, now) => return Ok(()),
        Refusal::Misconf => match disk.failed_at {
            None => "MISCONF, and its disk has never failed".into(),
            Some(failed_at) => format!(
                "MISCONF, {} s after its disk failed last, and has written a snapshot since, or depends on none",
                (now - failed_at) / SECOND
            ),
        },
        Refusal::NoReplicas if role == Role::Master && good_replicas < config.min_replicas_to_write as usize => {
            return Ok(());
        }
        Refusal::NoReplicas => format!(
            "NOREPLICAS, as {role:?}, while {good_replicas} replicas have acknowledged within min-replicas-max-lag what is older than that, and {} are wanted",
            config.min_replicas_to_write
        ),
        Refusal::OutOfMemory if config.maxmemory > 0 && held_bytes > config.maxmemory => return Ok(()),
        Refusal::OutOfMemory => {
            format!(
                "OOM, while its data and its clients took {held_bytes} bytes, and maxmemory is {}",
                config.maxmemory
            )
        }
        Refusal::ReadOnly if role == Role::Replica && config.replica_read_only => return Ok(()),
        Refusal::ReadOnly => "READONLY, and is no replica".into(),
    };
    Err(Breach::new(Property::RefusesWithCause, format!("it has refused a client with {why}")))
}

fn may_be_unable_to_save(disk: DiskHealth, sync_max: Micros, config: &Config, now: Micros) -> bool {
    let Some(failed_at) = disk.failed_at else { return false };
    let has_not_saved = disk.saved_at.is_none_or(|saved_at| saved_at < failed_at);
    let stops_for_snapshots = config.stop_writes_on_bgsave_error && !config.save.is_empty();
    let found_well_within = FOUND_WELL_WITHIN + SYNCS_TO_NAME * sync_max;
    has_not_saved && stops_for_snapshots || config.appendonly && now - failed_at <= found_well_within
}

/// What a replica has told its master last.
#[derive(Clone, Copy, Debug)]
struct Told {
    at: Micros,
    place: Place,
}

/// What replicas have told their masters, by host.
#[derive(Debug)]
pub(crate) struct Acknowledgements {
    told: Vec<Option<Told>>,
}

impl Acknowledgements {
    /// For so many hosts.
    pub(crate) fn new(hosts: usize) -> Acknowledgements {
        Acknowledgements { told: vec![None; hosts] }
    }

    /// A host has told its master how far it is.
    pub(crate) fn told(&mut self, host: u16, place: Place, now: Micros) {
        self.told[usize::from(host)] = Some(Told { at: now, place });
    }

    /// A host is not in step with a master any more.
    pub(crate) fn forget(&mut self, host: u16) {
        self.told[usize::from(host)] = None;
    }

    /// What a host has told since a moment, without having been out of step in between.
    pub(crate) fn since(&self, host: u16, moment: Micros) -> Option<Place> {
        self.told[usize::from(host)].filter(|told| told.at >= moment).map(|told| told.place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFUSED: Refused = Refused {
        cause: Refusal::Loading,
        state: RefusingState { role: Role::Master, link: LinkState::None, is_in_circle: false, held_bytes: 0 },
        may_load: false,
        disk: DiskHealth { failed_at: None, saved_at: None, failed_before: false },
        sync_max: 0,
        good_replicas: 0,
        now: 100 * SECOND,
    };

    #[test]
    fn whoever_refuses_has_a_reason() {
        let config = Config {
            replica_serve_stale_data: false,
            min_replicas_to_write: 2,
            maxmemory: 1000,
            replica_read_only: true,
            ..Config::default()
        };
        let replica = RefusingState { role: Role::Replica, link: LinkState::Connecting, ..REFUSED.state };
        let as_replica = |cause| Refused { cause, state: replica, ..REFUSED };
        let in_step = RefusingState { link: LinkState::Online, ..replica };
        let holding = |held_bytes| RefusingState { held_bytes, ..REFUSED.state };
        let disk = |failed_at: Option<u64>, saved_at: Option<u64>| DiskHealth {
            failed_at: failed_at.map(|at| at * SECOND),
            saved_at: saved_at.map(|at| at * SECOND),
            ..DiskHealth::default()
        };
        let misconf = Refused { cause: Refusal::Misconf, ..REFUSED };
        let cases = [
            (Refused { may_load: true, ..REFUSED }, true),
            (REFUSED, false),
            (as_replica(Refusal::MasterDown), true),
            (Refused { state: in_step, ..as_replica(Refusal::MasterDown) }, false),
            (
                Refused { state: RefusingState { is_in_circle: true, ..in_step }, ..as_replica(Refusal::MasterDown) },
                true,
            ),
            (Refused { cause: Refusal::MasterDown, ..REFUSED }, false),
            (misconf, false),
            (Refused { disk: disk(Some(50), None), ..misconf }, true),
            (Refused { disk: disk(Some(50), Some(40)), ..misconf }, true),
            (Refused { disk: disk(Some(50), Some(60)), ..misconf }, false),
            (Refused { cause: Refusal::NoReplicas, good_replicas: 1, ..REFUSED }, true),
            (Refused { cause: Refusal::NoReplicas, good_replicas: 2, ..REFUSED }, false),
            (as_replica(Refusal::NoReplicas), false),
            (Refused { cause: Refusal::OutOfMemory, state: holding(1001), ..REFUSED }, true),
            (Refused { cause: Refusal::OutOfMemory, state: holding(1000), ..REFUSED }, false),
            (as_replica(Refusal::ReadOnly), true),
            (Refused { cause: Refusal::ReadOnly, ..REFUSED }, false),
        ];
        for (refused, has_reason) in cases {
            assert_eq!(judge_refusal(refused, &config).is_ok(), has_reason, "{refused:?}");
        }
    }

    #[test]
    fn who_writes_a_file_may_find_out_a_little_later_that_its_disk_is_well() {
        let config = Config { appendonly: true, ..Config::default() };
        for (failed_at, may) in [(80, true), (60, false)] {
            let disk = DiskHealth {
                failed_at: Some(failed_at * SECOND),
                saved_at: Some(90 * SECOND),
                ..DiskHealth::default()
            };
            let refused = Refused { cause: Refusal::Misconf, disk, ..REFUSED };
            assert_eq!(judge_refusal(refused, &config).is_ok(), may, "{failed_at}");
        }
    }

    #[test]
    fn who_depends_on_no_snapshot_and_no_file_has_nothing_to_refuse_for() {
        let disk = DiskHealth { failed_at: Some(99 * SECOND), ..DiskHealth::default() };
        let refused = Refused { cause: Refusal::Misconf, disk, ..REFUSED };
        let goes_on = Config { stop_writes_on_bgsave_error: false, ..Config::default() };
        let saves_never = Config { save: Vec::new(), ..Config::default() };
        for (config, may) in [(Config::default(), true), (goes_on, false), (saves_never, false)] {
            assert_eq!(judge_refusal(refused, &config).is_ok(), may);
        }
    }

    #[test]
    fn what_was_told_too_long_ago_or_before_a_break_counts_for_nothing() {
        let mut acknowledgements = Acknowledgements::new(1);
        let place = Place { history: 0, offset: 7 };
        acknowledgements.told(0, place, 10);
        assert_eq!([acknowledgements.since(0, 10), acknowledgements.since(0, 11)], [Some(place), None]);
        acknowledgements.forget(0);
        assert_eq!(acknowledgements.since(0, 0), None);
    }

    #[test]
    fn a_disk_excuses_a_node_in_the_life_in_which_it_fails_and_in_the_next() {
        let failed = DiskHealth { failed_at: Some(5 * SECOND), ..DiskHealth::default() };
        assert!(failed.may_end_a_node() && failed.has_just_failed(15 * SECOND) && !failed.has_just_failed(16 * SECOND));
        let next = failed.in_next_life();
        assert!(next.may_end_a_node() && !next.has_just_failed(6 * SECOND));
        assert!(!next.in_next_life().may_end_a_node());
    }
}
