//! What does a host's disk keep?
//!
//! Files whose contents are lasting up to a synced length, and directories whose changes are lasting up to the last time
//! they were synced. Operations go into two lanes, as the port allows; those of one lane are carried out one after another and take time, and may
//! overtake those of the other. A crash of the process keeps everything that was carried out; what a loss of power leaves, [`loss`] tells.

mod loss;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Range;

use afterimage_core::codec::random::Random;
use afterimage_core::port::{DiskFailure, DiskOp, DiskOutcome, FileName, Lane, Ticket, split_name};
use bytes::Bytes;

use crate::plan::DiskPlan;
use crate::queue::Micros;

/// What is wrong with a disk for a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DiskTrouble {
    /// Appends fail for lack of space.
    Full,
    /// One in four operations that write fails.
    Errors,
    /// Everything takes ten times as long.
    Slow,
    /// No sync is over before the trouble is.
    Stuck,
}

/// How much longer everything takes on a slow disk.
pub(crate) const SLOWNESS: Micros = 10;

/// A file's contents, named by the directory.
#[derive(Clone, Debug, Default)]
struct Body {
    bytes: Vec<u8>,
    synced: usize,
    /// What is not on the disk, whatever was synced.
    unwritten: Vec<Range<usize>>,
    /// From here on it was written again, so that the next sync brings it there after all.
    again_from: Option<usize>,
}

impl Body {
    /// From here on nothing counts as unwritten any more.
    fn is_written_from(&mut self, at: usize) {
        self.unwritten.retain_mut(|range| {
            range.end = range.end.min(at);
            range.start < range.end
        });
    }
}

/// Names a body. Never reused on one disk.
type BodyId = u64;

/// A change of the directory that a loss of power may undo.
#[derive(Clone, Debug)]
enum NameChange {
    Set(FileName, BodyId),
    Moved(FileName, FileName, BodyId),
    Removed(FileName),
    /// A directory.
    Made(FileName),
}

impl NameChange {
    /// The directory that must be synced to make it last.
    fn directory(&self) -> &str {
        match self {
            NameChange::Set(name, _) | NameChange::Moved(_, name, _) | NameChange::Removed(name) => directory_of(name),
            NameChange::Made(_) => "",
        }
    }
}

fn directory_of(name: &str) -> &str {
    split_name(name).0
}

/// The disk of one host. It outlives the node's incarnations.
#[derive(Clone, Debug)]
pub(crate) struct Disk {
    plan: DiskPlan,
    bodies: BTreeMap<BodyId, Body>,
    names: BTreeMap<FileName, BodyId>,
    lasting: BTreeMap<FileName, BodyId>,
    directories: BTreeSet<FileName>,
    lasting_directories: BTreeSet<FileName>,
    changes: Vec<NameChange>,
    next_body: BodyId,
    /// Operations carried out that may have changed something.
    changes_made: u64,
    /// By [`Lane`].
    lanes: [VecDeque<(Ticket, DiskOp)>; 2],
    /// What is wrong with it now.
    pub(crate) trouble: Option<DiskTrouble>,
    /// No sync is over before this.
    pub(crate) stuck_until: Micros,
    random: Random,
}

impl Disk {
    /// An empty disk.
    pub(crate) fn new(plan: DiskPlan, random: Random) -> Disk {
        Disk {
            plan,
            bodies: BTreeMap::new(),
            names: BTreeMap::new(),
            lasting: BTreeMap::new(),
            directories: BTreeSet::new(),
            lasting_directories: BTreeSet::new(),
            changes: Vec::new(),
            next_body: 0,
            changes_made: 0,
            lanes: Default::default(),
            trouble: None,
            stuck_until: 0,
            random,
        }
    }

    /// Takes in an operation. Returns its lane, and how long that will be busy with it, if it was idle.
    pub(crate) fn submit(&mut self, ticket: Ticket, op: DiskOp) -> Option<(Lane, Micros)> {
        let lane = op.lane();
        let queue = &mut self.lanes[lane as usize];
        queue.push_back((ticket, op));
        let was_idle = queue.len() == 1;
        self.cost(lane).filter(|_| was_idle).map(|cost| (lane, cost))
    }

    /// Carries out the oldest operation of a lane. Ask [`cost`](Disk::cost) for the next one then.
    pub(crate) fn complete(&mut self, lane: Lane) -> Option<(Ticket, DiskOutcome)> {
        let (ticket, op) = self.lanes[lane as usize].pop_front()?;
        let failure = self.failure(&op);
        Some((ticket, self.conclude(op, failure)))
    }

    /// As [`complete`](Disk::complete), but whether the operation fails is said. Half of an append is done then; what was not synced when a sync failed never
    /// comes to the disk, though the next sync says so.
    pub(crate) fn complete_or_fail(
        &mut self,
        lane: Lane,
        failure: Option<DiskFailure>,
    ) -> Option<(Ticket, DiskOutcome)> {
        let (ticket, op) = self.lanes[lane as usize].pop_front()?;
        Some((ticket, self.conclude(op, failure)))
    }

    fn conclude(&mut self, op: DiskOp, failure: Option<DiskFailure>) -> DiskOutcome {
        let Some(failure) = failure else { return self.carry_out(op) };
        match op {
            DiskOp::Append { file, bytes } => {
                let half = bytes.slice(..bytes.len() / 2);
                self.carry_out(DiskOp::Append { file, bytes: half });
            }
            DiskOp::Sync { file } => {
                self.with_body(&file, |body| {
                    body.unwritten.push(body.synced..body.bytes.len());
                    DiskOutcome::Done
                });
            }
            _ => {}
        }
        DiskOutcome::Failed(failure)
    }

    /// The oldest operation of a lane.
    pub(crate) fn next(&self, lane: Lane) -> Option<(Ticket, &DiskOp)> {
        self.lanes[lane as usize].front().map(|(ticket, op)| (*ticket, op))
    }

    /// How long the oldest operation of a lane takes.
    pub(crate) fn cost(&self, lane: Lane) -> Option<Micros> {
        let (_, op) = self.next(lane)?;
        let slowness = if self.trouble == Some(DiskTrouble::Slow) { SLOWNESS } else { 1 };
        Some(self.cost_of(op) * slowness)
    }

    fn cost_of(&self, op: &DiskOp) -> Micros {
        let moved = |len: u64| self.plan.latency_us + len.saturating_mul(1_000_000) / self.plan.bytes_per_second.max(1);
        match op {
            DiskOp::Append { bytes, .. } => moved(bytes.len() as u64),
            DiskOp::Read { len, .. } => moved(u64::from(*len)),
            DiskOp::Sync { .. } | DiskOp::SyncDirectory { .. } => self.plan.sync_us,
            DiskOp::Create { .. } | DiskOp::Rename { .. } | DiskOp::Remove { .. } | DiskOp::List { .. } => {
                self.plan.latency_us
            }
            DiskOp::CreateDirectory { .. } | DiskOp::Truncate { .. } | DiskOp::WriteAgain { .. } => {
                self.plan.latency_us
            }
            DiskOp::EnterDirectory { .. } | DiskOp::ReadConfig | DiskOp::ReplaceConfig { .. } => self.plan.latency_us,
        }
    }

    /// Until when the oldest operation of a lane is held up, if it is.
    pub(crate) fn held_up(&self, lane: Lane, now: Micros) -> Option<Micros> {
        let (_, op) = self.next(lane)?;
        let is_sync = matches!(op, DiskOp::Sync { .. } | DiskOp::SyncDirectory { .. });
        (is_sync && self.stuck_until > now).then_some(self.stuck_until)
    }

    /// The process ended: what it asked for and was not carried out is lost.
    pub(crate) fn abandon(&mut self) {
        self.lanes.iter_mut().for_each(VecDeque::clear);
    }

    /// How many operations were carried out that may have changed something.
    pub(crate) fn changes_made(&self) -> u64 {
        self.changes_made
    }

    fn make_last(&mut self, change: NameChange) {
        match change {
            NameChange::Set(name, body) => drop(self.lasting.insert(name, body)),
            NameChange::Moved(from, to, body) => {
                // With the new name the old one is gone, whether it was lasting by itself or not.
                self.lasting.remove(&from);
                self.changes
                    .retain(|change| !matches!(change, NameChange::Set(name, id) if *name == from && *id == body));
                self.lasting.insert(to, body);
            }
            NameChange::Removed(name) => drop(self.lasting.remove(&name)),
            NameChange::Made(directory) => drop(self.lasting_directories.insert(directory)),
        }
    }

    /// Makes the names in one directory last.
    fn sync_names(&mut self, directory: &str) {
        let (due, others) =
            std::mem::take(&mut self.changes).into_iter().partition(|change| change.directory() == directory);
        self.changes = others;
        let due: Vec<NameChange> = due;
        for change in due {
            self.make_last(change);
        }
        if self.changes.is_empty() {
            self.forget_unnamed();
        }
    }

    /// The files, and what they hold.
    pub(crate) fn contents(&self) -> Vec<(&str, &[u8])> {
        self.names.iter().map(|(name, body)| (name.as_str(), self.bodies[body].bytes.as_slice())).collect()
    }

    /// Removes every file.
    pub(crate) fn wipe(&mut self) {
        self.lanes.iter_mut().for_each(VecDeque::clear);
        self.names.clear();
        self.lasting.clear();
        self.directories.clear();
        self.lasting_directories.clear();
        self.changes.clear();
        self.bodies.clear();
    }

    /// True if there is no file.
    pub(crate) fn is_blank(&self) -> bool {
        self.names.is_empty()
    }

    fn carry_out(&mut self, op: DiskOp) -> DiskOutcome {
        self.changes_made += u64::from(!matches!(op, DiskOp::Read { .. } | DiskOp::List { .. }));
        match op {
            DiskOp::Create { file } => {
                self.next_body += 1;
                self.bodies.insert(self.next_body, Body::default());
                self.names.insert(file.clone(), self.next_body);
                self.changes.push(NameChange::Set(file, self.next_body));
                DiskOutcome::Done
            }
            DiskOp::Append { file, bytes } => self.with_body(&file, |body| {
                body.bytes.extend_from_slice(&bytes);
                DiskOutcome::Done
            }),
            DiskOp::Sync { file } => self.with_body(&file, |body| {
                body.synced = body.bytes.len();
                if let Some(from) = body.again_from.take() {
                    body.is_written_from(from);
                }
                DiskOutcome::Done
            }),
            DiskOp::Rename { from, to } => match self.names.remove(&from) {
                Some(body) => {
                    self.names.insert(to.clone(), body);
                    self.changes.push(NameChange::Moved(from, to, body));
                    DiskOutcome::Done
                }
                None => DiskOutcome::Failed(DiskFailure::NotFound),
            },
            DiskOp::SyncDirectory { directory } => {
                self.sync_names(&directory);
                DiskOutcome::Done
            }
            DiskOp::CreateDirectory { directory } => {
                if self.directories.insert(directory.clone()) {
                    self.changes.push(NameChange::Made(directory));
                }
                DiskOutcome::Done
            }
            DiskOp::Truncate { file, len } => self.with_body(&file, |body| {
                body.bytes.truncate(usize::try_from(len).unwrap_or(usize::MAX));
                body.synced = body.synced.min(body.bytes.len());
                // What comes there instead is written anew.
                body.is_written_from(body.bytes.len());
                DiskOutcome::Done
            }),
            DiskOp::WriteAgain { file, from } => self.with_body(&file, |body| {
                let from = usize::try_from(from).unwrap_or(usize::MAX);
                body.again_from = Some(body.again_from.map_or(from, |before| before.min(from)));
                DiskOutcome::Done
            }),
            DiskOp::Remove { file } => match self.names.remove(&file) {
                Some(_) => {
                    self.changes.push(NameChange::Removed(file));
                    DiskOutcome::Done
                }
                None => DiskOutcome::Failed(DiskFailure::NotFound),
            },
            DiskOp::Read { file, offset, len } => self.with_body(&file, |body| {
                let start = usize::try_from(offset).unwrap_or(usize::MAX).min(body.bytes.len());
                let end = start.saturating_add(len as usize).min(body.bytes.len());
                DiskOutcome::Bytes(Bytes::copy_from_slice(&body.bytes[start..end]))
            }),
            // It cannot be left, and the supervisor keeps the configuration.
            DiskOp::EnterDirectory { .. } | DiskOp::ReadConfig | DiskOp::ReplaceConfig { .. } => {
                DiskOutcome::Failed(DiskFailure::NotFound)
            }
            DiskOp::List { directory } => DiskOutcome::Listed(
                self.names
                    .iter()
                    .filter(|(name, _)| directory_of(name) == directory)
                    .map(|(name, body)| (split_name(name).1.to_owned(), self.bodies[body].bytes.len() as u64))
                    .collect(),
            ),
        }
    }

    fn failure(&mut self, op: &DiskOp) -> Option<DiskFailure> {
        let writes = matches!(
            op,
            DiskOp::Create { .. }
                | DiskOp::Append { .. }
                | DiskOp::Sync { .. }
                | DiskOp::Rename { .. }
                | DiskOp::SyncDirectory { .. }
                | DiskOp::CreateDirectory { .. }
                | DiskOp::Truncate { .. }
                | DiskOp::WriteAgain { .. }
        );
        match self.trouble? {
            DiskTrouble::Full => matches!(op, DiskOp::Append { .. }).then_some(DiskFailure::NoSpace),
            DiskTrouble::Slow | DiskTrouble::Stuck => None,
            DiskTrouble::Errors => {
                (writes && self.random.chance(1, 4)).then(|| DiskFailure::Other("Input/output error".into()))
            }
        }
    }

    fn with_body(&mut self, file: &str, act: impl FnOnce(&mut Body) -> DiskOutcome) -> DiskOutcome {
        match self.names.get(file).and_then(|body| self.bodies.get_mut(body)) {
            Some(body) => act(body),
            None => DiskOutcome::Failed(DiskFailure::NotFound),
        }
    }

    /// Frees bodies that no name can lead to any more. Only right when no name change is pending.
    fn forget_unnamed(&mut self) {
        let Disk { bodies, names, .. } = self;
        bodies.retain(|id, _| names.values().any(|named| named == id));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(disk: &mut Disk, ops: &[DiskOp]) -> Vec<DiskOutcome> {
        let mut outcomes = Vec::new();
        for (n, op) in (0..).zip(ops) {
            disk.submit(Ticket(n), op.clone());
            outcomes.extend(Lane::BOTH.into_iter().filter_map(|lane| disk.complete(lane)).map(|(_, outcome)| outcome));
        }
        outcomes
    }

    fn write(name: &str, text: &'static str) -> [DiskOp; 2] {
        let bytes = Bytes::from_static(text.as_bytes());
        [DiskOp::Create { file: name.into() }, DiskOp::Append { file: name.into(), bytes }]
    }

    fn read(disk: &mut Disk, name: &str) -> DiskOutcome {
        run(disk, &[DiskOp::Read { file: name.into(), offset: 0, len: 100 }]).remove(0)
    }

    fn sync_directory(name: &str) -> DiskOp {
        DiskOp::SyncDirectory { directory: name.into() }
    }

    fn sync(name: &str) -> DiskOp {
        DiskOp::Sync { file: name.into() }
    }

    #[test]
    fn a_rename_without_a_directory_sync_leaves_the_old_file_or_the_new_one() {
        let mut seen = [0; 2];
        for seed in 0..64 {
            let mut disk = Disk::new(DiskPlan::default(), Random::new(seed, 0));
            run(&mut disk, &write("dump", "old"));
            run(&mut disk, &[sync("dump"), sync_directory("")]);
            run(&mut disk, &write("temp", "new"));
            run(&mut disk, &[sync("temp"), DiskOp::Rename { from: "temp".into(), to: "dump".into() }]);
            disk.lose_power();
            match read(&mut disk, "dump") {
                DiskOutcome::Bytes(bytes) if bytes == "old" => seen[0] += 1,
                DiskOutcome::Bytes(bytes) if bytes == "new" => seen[1] += 1,
                other => panic!("{other:?}"),
            }
        }
        assert!(seen.iter().all(|count| *count > 0), "{seen:?}");
    }

    #[test]
    fn what_was_synced_survives_and_the_rest_is_cut_somewhere() {
        let mut lengths = std::collections::BTreeSet::new();
        for seed in 0..64 {
            let mut disk = Disk::new(DiskPlan::default(), Random::new(seed, 0));
            run(&mut disk, &write("log", "abc"));
            run(&mut disk, &[sync("log"), sync_directory("")]);
            run(&mut disk, &[DiskOp::Append { file: "log".into(), bytes: Bytes::from_static(b"de") }]);
            disk.lose_power();
            let DiskOutcome::Bytes(bytes) = read(&mut disk, "log") else { panic!("the file is gone") };
            assert!(bytes.starts_with(b"abc"));
            lengths.insert(bytes.len());
        }
        assert_eq!(lengths.into_iter().collect::<Vec<_>>(), [3, 4, 5]);
    }

    #[test]
    fn a_process_that_ends_loses_only_what_was_not_carried_out() {
        let mut disk = Disk::new(DiskPlan::default(), Random::new(1, 0));
        run(&mut disk, &write("dump", "kept"));
        disk.submit(Ticket(9), DiskOp::Remove { file: "dump".into() });
        disk.abandon();
        assert_eq!(read(&mut disk, "dump"), DiskOutcome::Bytes(Bytes::from_static(b"kept")));
    }

    #[test]
    fn neither_lane_waits_for_the_other() {
        let mut disk = Disk::new(DiskPlan::default(), Random::new(1, 0));
        let ops = [&write("dump", "a")[..], &write("logs/1", "b"), &[sync("dump"), sync("logs/1")]].concat();
        for (n, op) in (0..).zip(ops) {
            disk.submit(Ticket(n), op);
        }
        let mut tickets = |lane| std::iter::from_fn(|| disk.complete(lane)).map(|(ticket, _)| ticket.0).collect();
        let inner: Vec<u64> = tickets(Lane::Inner);
        let outer: Vec<u64> = tickets(Lane::Outer);
        assert_eq!((inner, outer), (vec![2, 3, 5], vec![0, 1, 4]));
    }

    #[test]
    fn a_file_lasts_only_with_its_directory() {
        let make = |directory: &str| DiskOp::CreateDirectory { directory: directory.into() };
        for (synced, lasts) in [(&["", "logs"][..], true), (&["logs"], false), (&[""], false)] {
            let seen: BTreeSet<bool> = (0..64)
                .map(|seed| {
                    let mut disk = Disk::new(DiskPlan::default(), Random::new(seed, 0));
                    run(&mut disk, &[make("logs")]);
                    run(&mut disk, &write("logs/1", "kept"));
                    run(&mut disk, &[sync("logs/1")]);
                    run(&mut disk, &synced.iter().map(|name| sync_directory(name)).collect::<Vec<_>>());
                    disk.lose_power();
                    matches!(read(&mut disk, "logs/1"), DiskOutcome::Bytes(bytes) if bytes == "kept")
                })
                .collect();
            assert_eq!(seen, if lasts { BTreeSet::from([true]) } else { BTreeSet::from([false, true]) }, "{synced:?}");
        }
    }

    #[test]
    fn of_what_fails_half_is_appended_and_what_was_not_synced_is_nowhere() {
        let mut disk = Disk::new(DiskPlan::default(), Random::new(1, 0));
        run(&mut disk, &write("log", "abcd"));
        run(&mut disk, &[sync("log"), sync_directory("")]);
        disk.trouble = Some(DiskTrouble::Full);
        let append = DiskOp::Append { file: "log".into(), bytes: Bytes::from_static(b"efgh") };
        let failed = run(&mut disk, &[append]);
        assert_eq!(failed, [DiskOutcome::Failed(DiskFailure::NoSpace)]);
        assert_eq!(read(&mut disk, "log"), DiskOutcome::Bytes(Bytes::from_static(b"abcdef")));
        disk.trouble = None;
        disk.submit(Ticket(9), sync("log"));
        disk.complete_or_fail(sync("log").lane(), Some(DiskFailure::Other("broken".into())));
        run(&mut disk, &[sync("log")]);
        assert_eq!(read(&mut disk, "log"), DiskOutcome::Bytes(Bytes::from_static(b"abcdef")));
        let mut mended = disk.clone();
        disk.lose_power();
        assert_eq!(read(&mut disk, "log"), DiskOutcome::Bytes(Bytes::from_static(b"abcd\0\0")));
        run(&mut mended, &[DiskOp::WriteAgain { file: "log".into(), from: 5 }, sync("log")]);
        mended.lose_power();
        assert_eq!(read(&mut mended, "log"), DiskOutcome::Bytes(Bytes::from_static(b"abcd\0f")));
    }

    #[test]
    fn rot_flips_one_bit_of_an_append_only_file_and_of_no_other() {
        let mut disk = Disk::new(DiskPlan::default(), Random::new(1, 0));
        run(&mut disk, &write("dump", "abcd"));
        assert!(!disk.rot(77), "there is none");
        run(&mut disk, &[DiskOp::CreateDirectory { directory: "logs".into() }]);
        run(&mut disk, &write("logs/1", "abcd"));
        for at in (0..1 << 20).step_by(4099) {
            let mut rotten = disk.clone();
            assert!(rotten.rot(at));
            assert_eq!(read(&mut rotten, "dump"), DiskOutcome::Bytes(Bytes::from_static(b"abcd")));
            let DiskOutcome::Bytes(bytes) = read(&mut rotten, "logs/1") else { panic!("it is there") };
            let flipped: u32 = bytes.iter().zip(b"abcd").map(|(one, other)| (one ^ other).count_ones()).sum();
            assert_eq!(flipped, 1);
        }
    }

    #[test]
    fn what_was_cut_off_stays_cut_off() {
        let mut disk = Disk::new(DiskPlan::default(), Random::new(1, 0));
        run(&mut disk, &write("log", "abcdef"));
        run(&mut disk, &[sync("log"), sync_directory(""), DiskOp::Truncate { file: "log".into(), len: 2 }]);
        disk.lose_power();
        assert_eq!(read(&mut disk, "log"), DiskOutcome::Bytes(Bytes::from_static(b"ab")));
    }
}
