//! Nodes are started on what is left of disks, and what they find is remembered: most crashes leave what another one has left before.

use std::collections::{BTreeMap, BTreeSet};

use afterimage_core::Config;
use afterimage_core::node::Probe;
use afterimage_core::port::FileName;

use crate::alone::{Host, State};
use crate::disk::Disk;
use crate::fingerprint::hash_bytes;

use super::script::following;
use super::{Course, SEED_AFTER};

/// What a node can find on a disk: its files, each with its length and a hash of what it holds.
type Contents = Vec<(FileName, usize, u64)>;

/// What a node has found.
#[derive(Clone, Debug)]
pub(super) struct Found {
    /// The data of a master.
    pub(super) digest: u64,
    /// Those of a replica, and the place that it would ask its master to go on from; or why it does not start.
    pub(super) claimed: Result<State, String>,
}

/// What was found on all disks so far.
pub(super) struct Restarts {
    course: Course,
    found: BTreeMap<Contents, Result<Found, String>>,
    /// The data that were found on those that nobody has asked more of.
    data: BTreeMap<Contents, Result<u64, String>>,
    /// Those on which a second life was begun.
    lived_on: BTreeSet<Contents>,
}

impl Restarts {
    pub(super) fn new(course: Course) -> Restarts {
        Restarts { course, found: BTreeMap::new(), data: BTreeMap::new(), lived_on: BTreeSet::new() }
    }

    /// How many disks there were.
    pub(super) fn len(&self) -> usize {
        self.found.len()
    }

    /// What a node finds on a disk with nothing under way; or why it does not start.
    pub(super) fn on(&mut self, disk: &Disk) -> Result<Found, String> {
        let course = self.course;
        self.found.entry(contents(disk)).or_insert_with(|| course.find_on(disk)).clone()
    }

    /// The data that a node finds there.
    pub(super) fn data_on(&mut self, disk: &Disk) -> Result<u64, String> {
        let (course, contents) = (self.course, contents(disk));
        if let Some(found) = self.found.get(&contents) {
            return found.as_ref().map(|found| found.digest).map_err(String::clone);
        }
        self.data.entry(contents).or_insert_with(|| course.data_on(disk)).clone()
    }

    /// True if no second life was begun on such a disk before.
    pub(super) fn is_first_life_on(&mut self, disk: &Disk) -> bool {
        self.lived_on.insert(contents(disk))
    }
}

fn contents(disk: &Disk) -> Contents {
    let files = disk.contents().into_iter();
    files.map(|(name, bytes)| (name.to_owned(), bytes.len(), hash_bytes(bytes))).collect()
}

impl Course {
    fn find_on(self, disk: &Disk) -> Result<Found, String> {
        Ok(Found { digest: self.data_on(disk)?, claimed: self.claim_on(disk) })
    }

    fn data_on(self, disk: &Disk) -> Result<u64, String> {
        self.restart(self.keeping.config(), disk).map(|probe| probe.digest)
    }

    /// The data of a replica whose master is not there, and the place that it would ask that one to go on from; or why it does not start.
    pub(super) fn claim_on(self, disk: &Disk) -> Result<State, String> {
        let Probe { digest, position, .. } = self.restart(following(self.keeping.config()), disk)?;
        Ok(State { digest, position })
    }

    fn restart(self, config: Config, disk: &Disk) -> Result<Probe, String> {
        let mut host = Host::start(config, self.defects, SEED_AFTER, disk.clone());
        host.rest();
        match (&host.ended, host.is_ready) {
            (None, true) => Ok(host.node.probe()),
            _ => Err(format!("it does not start: {}", host.log.join(" | "))),
        }
    }
}
