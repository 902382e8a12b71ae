//! What does a host's disk keep?
//!
//! Files whose contents are lasting up to a synced length, and directories whose changes are lasting up to the last time
//! they were synced. Operations go into two lanes, as the port allows; those of one lane are carried out one after another and take time, and may
//! overtake those of the other. A crash of the process keeps everything that was carried out; a loss of power cuts each file somewhere in what was not synced, or leaves a block of it that was never written, and undoes
//! some of the last changes of names.

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

/// What a device writes at once, in bytes.
const BLOCK_BYTES: usize = 512;

/// Places at which a block that was not written may begin, in bytes from one to the next: some in each line of an append-only file.
const HOLE_STEP: usize = 32;

/// What a loss of power leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Loss {
    /// So many of the last changes of names are kept.
    names_kept: usize,
    /// Of bodies that had something to lose.
    fates: Vec<(BodyId, Fate)>,
}

/// What is left of what was not synced of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// The first bytes.
    Cut(usize),
    /// All but a block, which begins here, counted from the synced length, and was not written.
    Hole(usize),
}

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

    /// Power was lost: what was not synced may be gone. Returns how many bytes went.
    pub(crate) fn lose_power(&mut self) -> u64 {
        let names_kept = self.random.below(self.changes.len() as u64 + 1) as usize;
        let mut fates = Vec::new();
        for (id, unsynced) in self.unsynced() {
            let kept = self.random.below(unsynced as u64 + 1) as usize;
            let is_hole = self.random.chance(1, 4);
            fates.push((id, if is_hole { Fate::Hole(kept / BLOCK_BYTES * BLOCK_BYTES) } else { Fate::Cut(kept) }));
        }
        self.lose(&Loss { names_kept, fates })
    }

    /// Bodies with something to lose, and how many bytes that are.
    fn unsynced(&self) -> Vec<(BodyId, usize)> {
        let unsynced = self.bodies.iter().map(|(id, body)| (*id, body.bytes.len() - body.synced));
        unsynced.filter(|(_, unsynced)| *unsynced > 0).collect()
    }

    /// Everything that a loss of power could leave now, as far as it can make a difference: what [`coarse_losses`](Disk::coarse_losses) tells; and with all
    /// changes of names, each file cut at every byte and with a block unwritten that begins here or there.
    pub(crate) fn losses(&self) -> Vec<Loss> {
        let mut losses = self.coarse_losses();
        let unsynced = self.unsynced();
        for (index, (_, bytes)) in unsynced.iter().enumerate() {
            let cuts = (0..*bytes).map(Fate::Cut);
            for fate in cuts.chain((0..*bytes).step_by(HOLE_STEP).map(Fate::Hole)) {
                let mut fates = all_by(&unsynced, Fate::Cut);
                fates[index].1 = fate;
                losses.push(Loss { names_kept: self.changes.len(), fates });
            }
        }
        losses
    }

    /// Each number of changes of names, with files whole, halved and empty.
    pub(crate) fn coarse_losses(&self) -> Vec<Loss> {
        const FATES: [fn(usize) -> Fate; 3] = [Fate::Cut, |unsynced| Fate::Cut(unsynced / 2), |_| Fate::Cut(0)];
        let unsynced = self.unsynced();
        let numbers = 0..=self.changes.len();
        let each = |names_kept| FATES.map(|fate| Loss { names_kept, fates: all_by(&unsynced, fate) });
        numbers.flat_map(each).collect()
    }

    /// How many operations were carried out that may have changed something.
    pub(crate) fn changes_made(&self) -> u64 {
        self.changes_made
    }

    /// Loses all that may be lost.
    pub(crate) fn lose_all_unsynced(&mut self) {
        let fates = self.unsynced().into_iter().map(|(id, _)| (id, Fate::Cut(0))).collect();
        self.lose(&Loss { names_kept: 0, fates });
    }

    /// Loses what is to be lost. Returns how many bytes went.
    pub(crate) fn lose(&mut self, loss: &Loss) -> u64 {
        self.lanes.iter_mut().for_each(VecDeque::clear);
        self.changes.truncate(loss.names_kept);
        for change in std::mem::take(&mut self.changes) {
            self.make_last(change);
        }
        self.directories = self.lasting_directories.clone();
        let Disk { lasting, directories, .. } = self;
        lasting.retain(|name, _| directory_of(name).is_empty() || directories.contains(directory_of(name)));
        self.names = self.lasting.clone();
        let mut lost = 0;
        for (id, fate) in &loss.fates {
            let Some(body) = self.bodies.get_mut(id) else { continue };
            let before = body.bytes.len();
            match fate {
                Fate::Cut(kept) => body.bytes.truncate(body.synced + kept),
                Fate::Hole(start) => {
                    let start = (body.synced + start).min(before);
                    let end = (start + BLOCK_BYTES).min(before);
                    body.bytes[start..end].fill(0);
                    lost += (end - start) as u64;
                }
            }
            lost += (before - body.bytes.len()) as u64;
        }
        for body in self.bodies.values_mut() {
            for range in std::mem::take(&mut body.unwritten) {
                let end = range.end.min(body.bytes.len());
                body.bytes[range.start.min(end)..end].fill(0);
            }
            body.synced = body.bytes.len();
        }
        self.forget_unnamed();
        lost
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

    /// A bit of a file has rotted.
    pub(crate) fn flip(&mut self, file: &str, at: usize, bit: u8) {
        self.with_body(file, |body| {
            body.bytes[at] ^= 1 << (bit & 7);
            DiskOutcome::Done
        });
    }

    /// A bit of an append-only file has rotted. False if there is none.
    pub(crate) fn rot(&mut self, at: u64) -> bool {
        let files = self.names.iter().filter(|(name, body)| {
            !directory_of(name).is_empty() && self.bodies.get(body).is_some_and(|body| !body.bytes.is_empty())
        });
        let files: Vec<FileName> = files.map(|(name, _)| name.clone()).collect();
        let Some(file) = files.get((at % files.len().max(1) as u64) as usize) else { return false };
        let len = self.names.get(file).and_then(|body| self.bodies.get(body)).map_or(0, |body| body.bytes.len());
        self.flip(file, (at >> 16) as usize % len.max(1), (at >> 8) as u8);
        true
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

/// One fate for all bodies that have something to lose.
fn all_by(unsynced: &[(BodyId, usize)], fate: impl Fn(usize) -> Fate) -> Vec<(BodyId, Fate)> {
    unsynced.iter().map(|(id, unsynced)| (*id, fate(*unsynced))).collect()
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
