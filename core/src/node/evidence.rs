//! What does a node tell its next life, and what did the last one tell it?
//!
//! Whoever comes back on a disk may find less there than there was, or find all of it while its master has lost everything. So a node whose data outlive a restart
//! writes down whose stream it had, how many keys and how many replicas ([`EvidenceRecord`]): at once when one of these comes or goes, and else once a minute,
//! since the numbers are only told and the place in the history is in the data. What is found at start is read before anything else, so that the
//! guard is armed before the master is dialled, and a master knows whether it has lost something before it lets a replica in.
//!
//! A file that cannot be written costs its owner a line in the log, and its next life the guard. One that is torn, damaged or not ours is passed over with a line.

use alloc::collections::VecDeque;
use alloc::format;
use alloc::string::String;
use core::time::Duration;

use bytes::Bytes;

use crate::config::{Endpoint, GuardPolicies};
use crate::marks::Mark;
use crate::persistence::{EVIDENCE_BYTES_MAX, EvidenceRecord};
use crate::port::{DiskFailure, DiskOp, DiskOutcome, Effects, FileName, Level, Mono, Now};
use crate::replication::{Lineage, Position, ReplicationId, Suspect};

use super::Node;
use super::follow::Follow;
use super::guard::{Caution, NamedBy};
use super::storage::Errand;

/// The time after which numbers that have changed are written down.
const REFRESHED_EVERY: Duration = Duration::from_secs(60);

/// The file and what it says.
#[derive(Clone, Debug, Default)]
pub(crate) struct EvidenceFile {
    /// What it says, or will when it is written.
    told: Option<EvidenceRecord>,
    /// What it said before, as long as it does not say that for certain.
    told_before: Option<EvidenceRecord>,
    /// When it was written, or could not be.
    tried_at: Option<Mono>,
    /// What is still to be done until it is, the present operation not included; none if nothing is under way.
    left: Option<VecDeque<DiskOp>>,
    /// The last attempt came to nothing.
    has_failed: bool,
    /// There is something new to tell, which does not wait for the next second.
    pub(super) has_news: bool,
    /// A snapshot of our master's was left for the next start, though nothing else is kept.
    pub(super) is_snapshot_left: bool,
}

/// What of a record is worth a write at once.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Kind<'a> {
    in_step_with: Option<&'a Endpoint>,
    is_suspicious: bool,
    has_replicas: bool,
    before: Option<ReplicationId>,
}

/// What kind of evidence it is; none if nothing could be lost.
fn kind(record: &EvidenceRecord) -> Option<Kind<'_>> {
    let kind = Kind {
        in_step_with: record.in_step_with.as_ref(),
        is_suspicious: record.suspect.is_some(),
        has_replicas: record.replicas > 0,
        before: record.lineage.map(|lineage| lineage.before),
    };
    (record.keys > 0 && (kind.in_step_with.is_some() || kind.has_replicas)).then_some(kind)
}

impl Node {
    fn evidence_name(&self) -> FileName {
        [&self.config.dbfilename, ".evidence"].concat()
    }

    /// What to ask the disk for at start.
    pub(super) fn read_of_evidence(&self) -> DiskOp {
        DiskOp::Read { file: self.evidence_name(), offset: 0, len: EVIDENCE_BYTES_MAX }
    }

    /// The first thing that is known of the life before.
    pub(super) fn on_evidence_read(&mut self, outcome: DiskOutcome, effects: &mut Effects) {
        let why = match outcome {
            DiskOutcome::Bytes(bytes) => match EvidenceRecord::parse(&bytes) {
                Ok(record) => {
                    self.guard.evidence.told = Some(record);
                    return;
                }
                Err(error) => {
                    self.mark(Mark::EvidenceDamaged);
                    format!("{error}")
                }
            },
            DiskOutcome::Failed(DiskFailure::NotFound) => return,
            DiskOutcome::Failed(failure) => format!("{failure}"),
            _ => return,
        };
        effects.say(Level::Warning, || {
            format!(
                "'{}' is passed over: {why}. What was known of the life before is not known now",
                self.evidence_name()
            )
        });
    }

    /// What the life before tells of a master that is followed from the start; `is_placed` if our data tell where they stand by themselves.
    pub(super) fn caution_at_start(&mut self, endpoint: &Endpoint, is_placed: bool, effects: &mut Effects) -> Caution {
        let Endpoint { host, port } = endpoint;
        let told = self.guard.evidence.told.as_ref();
        let in_step_with = told.and_then(|record| record.in_step_with.as_ref());
        let is_concerned = self.keyspace.total_len() > 0 && self.config.replica_wipe_guard != GuardPolicies::ALLOW;
        let Some(record) = told.filter(|_| in_step_with.is_some_and(|other| other.is_same_place(endpoint))) else {
            let why = match in_step_with {
                Some(other) => format!("the master of the life before was {}:{}", other.host, other.port),
                None => format!("'{}' does not tell that we were in step with a master before", self.evidence_name()),
            };
            if is_concerned {
                effects.say(Level::Warning, || format!(
                    "The wipe guard is not armed against {host}:{port}: {why}. What it offers first is taken, whatever we have. To look at it before: REPLICAOF NO ONE"
                ));
            }
            return Caution::default();
        };
        let place = Some((record.position, record.lineage)).filter(|_| !is_placed);
        if let Some(lineage) = record.lineage {
            self.history.came_from(lineage);
        }
        let suspect = record
            .suspect
            .filter(|suspect| !is_placed || suspect.still_lacks(record.position, self.history.position()));
        let caution = Caution { is_armed: true, place, suspect, ..Caution::default() };
        if is_concerned {
            let (Position { history, offset }, keys) = (record.position, record.keys);
            effects.say(Level::Notice, || format!(
                "In the life before we had {keys} keys and were in step with {host}:{port} at {history}:{offset}: the guard is armed"
            ));
            self.mark(Mark::EvidenceArms);
        }
        caution
    }

    /// The keys and replicas that the life before had, if it had both.
    pub(super) fn had_before(&self) -> Option<(u64, u64)> {
        let record = self.guard.evidence.told.as_ref()?;
        (record.keys > 0 && record.replicas > 0).then_some((record.keys, record.replicas))
    }

    /// True if the next life will find data, and would do something about what it is told of them.
    fn is_evidence_kept(&self) -> bool {
        let config = &self.config;
        let is_heeded = config.replica_wipe_guard != GuardPolicies::ALLOW || config.master_protected_restart > 0;
        is_heeded && (self.has_aof() || !config.save.is_empty() || self.guard.evidence.is_snapshot_left)
    }

    /// True if what there is will be there after this event, too, and nothing is being written.
    fn is_evidence_settled(&self) -> bool {
        let is_changing = self.is_loading() || self.is_replacing_data();
        // What the life before had is still what there should be.
        let is_missed = self.guard.missed.is_some();
        self.is_evidence_kept() && self.guard.evidence.left.is_none() && !is_changing && !is_missed
    }

    /// Those who are in step, or were the last who were.
    fn replicas_told(&self) -> u64 {
        let online = self.replica_sides().filter(|(_, side)| side.is_online()).count() as u64;
        if online > 0 { online } else { self.guard.evidence.told.as_ref().map_or(0, |told| told.replicas) }
    }

    fn master_in_step(&self) -> Option<&Endpoint> {
        self.follow
            .as_ref()
            .filter(|Follow { caution, .. }| caution.is_armed && caution.named_in_quarantine != Some(NamedBy::Somebody))
            .map(|follow| &follow.endpoint)
    }

    /// Of a master it is in its files.
    fn lineage_told(&self) -> Option<Lineage> {
        self.history.lineage().filter(|_| self.follow.is_some())
    }

    fn suspect_told(&self) -> Option<Suspect> {
        self.follow.as_ref().and_then(|follow| follow.caution.suspect)
    }

    /// True if the file tells something that is not so any more. Asked after every event, so it costs little where there is nothing to tell.
    pub(super) fn has_evidence_to_write(&self) -> bool {
        if !self.is_evidence_settled() {
            return false;
        }
        let (in_step_with, has_replicas) = (self.master_in_step(), self.replicas_told() > 0);
        let told = self.guard.evidence.told.as_ref().and_then(kind);
        if in_step_with.is_none() && !has_replicas || self.keyspace.total_len() == 0 {
            return told.is_some();
        }
        let before = self.lineage_told().map(|lineage| lineage.before);
        told != Some(Kind { in_step_with, is_suspicious: self.suspect_told().is_some(), has_replicas, before })
    }

    /// Once a second: writes down what is to be known after a restart.
    pub(super) fn write_evidence(&mut self, now: Now, effects: &mut Effects) {
        let file = &self.guard.evidence;
        let is_due = file.tried_at.is_none_or(|at| now.mono.since(at) >= REFRESHED_EVERY);
        let is_refreshed = is_due && file.told.is_some() && self.is_evidence_settled();
        // A disk that has failed is not asked every second.
        let is_news = (is_due || !file.has_failed) && self.has_evidence_to_write();
        if !is_refreshed && !is_news {
            return;
        }
        let record = EvidenceRecord {
            in_step_with: self.master_in_step().cloned(),
            suspect: self.suspect_told(),
            position: self.history.position(),
            lineage: self.lineage_told(),
            keys: self.keyspace.total_len() as u64,
            bytes: self.keyspace.memory_bytes() as u64,
            replicas: self.replicas_told(),
        };
        if self.guard.evidence.told.as_ref() == Some(&record) {
            return;
        }
        let (name, temporary) = (self.evidence_name(), format!("temp-{}.evidence", self.environment.process_id));
        let bytes = Bytes::from(record.to_bytes());
        let file = &mut self.guard.evidence;
        file.told_before = file.told.replace(record);
        file.tried_at = Some(now.mono);
        file.left = Some(VecDeque::from([
            DiskOp::Append { file: temporary.clone(), bytes },
            DiskOp::Sync { file: temporary.clone() },
            DiskOp::Rename { from: temporary.clone(), to: name },
            DiskOp::SyncDirectory { directory: String::new() },
        ]));
        self.disk(Errand::EvidenceStep, DiskOp::Create { file: temporary }, effects);
    }

    pub(super) fn on_evidence_step(&mut self, outcome: DiskOutcome, effects: &mut Effects) {
        let name = self.evidence_name();
        let file = &mut self.guard.evidence;
        let Some(left) = &mut file.left else { return };
        if let DiskOutcome::Failed(failure) = outcome {
            file.left = None;
            file.has_failed = true;
            file.told = file.told_before.take();
            effects.say(Level::Warning, || {
                format!("'{name}' cannot be written: {failure}. A restart will not know what there was")
            });
            return;
        }
        match left.pop_front() {
            Some(op) => self.disk(Errand::EvidenceStep, op, effects),
            None => {
                file.left = None;
                file.has_failed = false;
                file.told_before = None;
            }
        }
    }
}
