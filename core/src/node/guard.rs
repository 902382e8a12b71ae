//! How does a replica keep its data when its master has lost them?
//!
//! What a master offers in a full synchronisation is looked at when all of it has come and before anything of ours is dropped
//! ([`classify`]). Where it would take more from us than a stream ever removed, `replica-wipe-guard` says what is done: it is taken all the same; what we have is
//! written to a file first; or it is not taken. In the latter case we are in *quarantine*: our data stay and are served, our position is the
//! one we had and told, replicas of ours stay where they are, and the master is asked again, later and later. Nobody is promoted by it.
//!
//! The guard is *armed* once the data or the stream of the master that was named have come to us, and until another one, or the same one anew, is named by REPLICAOF: who
//! says so knows what it does. A restart does not disarm it where data outlive that ([`super::evidence`]). Quarantine ends by REPLICAOF, by `WIPEGUARD ACCEPT`, by a master
//! that continues our history or says that its own goes on from it, by one that offers something harmless under a third name, and after
//! `replica-wipe-guard-timeout`. It does not end by what clients write into an empty master.
//!
//! Differs: who has no link to its own master refuses its replicas (NOMASTERLINK); in quarantine it lets them in, since what it has is the best that there is.
//!
//! Differs: Redis and Valkey have no such thing. A replica follows a master that was restarted without its data into emptiness.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use core::fmt;
use core::time::Duration;

use crate::codec::number::parse_u64;
use crate::config::{Endpoint, GuardPolicy};
use crate::marks::Mark;
use crate::museum::Defect;
use crate::persistence::Loaded;
use crate::port::{DiskOp, DiskOutcome, Effects, FileName, Level, Mono, Now};
use crate::replication::{Class, Evidence, Offer, Position, ReplicationId, Suspect, classify};

use super::Node;
use super::evidence::EvidenceFile;
use super::follow::{Follow, Setback};
use super::incoming_file::Arrived;
use super::storage::Errand;

/// Archives are those files of our directory whose names begin and end so; between is when they were written, in seconds since 1970, and the offset.
const ARCHIVE_PREFIX: &str = "pre-resync-";
const ARCHIVE_SUFFIX: &str = ".rdb";

/// The longest wait in quarantine: a master that is empty has next to nothing to send, and one that has come to its senses is not to wait long.
const ASK_EMPTY_MAX: Duration = Duration::from_secs(15);
/// So it is if there was something to send: each time costs the master a snapshot.
const ASK_FULL_MAX: Duration = Duration::from_secs(120);

/// What is held against our present master.
#[derive(Clone, Debug)]
pub(crate) struct Quarantine {
    /// What the log and INFO say of it.
    pub(crate) why: String,
    /// What it offered last.
    pub(crate) offer: Offer,
    pub(crate) since: Mono,
    /// Its master is not asked again.
    pub(crate) is_final: bool,
}

/// What is known of the master that is followed, and what was held against it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Caution {
    /// Its data or its stream have come to us since it was named.
    pub(crate) is_armed: bool,
    /// Where that was, if what we have does not tell.
    pub(super) place: Option<Position>,
    /// A history of it that was found to lack what we have.
    pub(super) suspect: Option<Suspect>,
    /// The history that its own goes on from, as it has told before it offered what it offers, and the first offset at which the two may differ.
    pub(super) goes_on_from: Option<(ReplicationId, u64)>,
    pub(crate) quarantine: Option<Quarantine>,
    /// Quarantine has lasted long enough: what is offered next is taken, behind an archive.
    pub(super) is_over: bool,
    /// It was named while another one was held off, perhaps by a Sentinel that has promoted who was emptied: what it offers is taken, behind an archive.
    pub(super) is_named_in_quarantine: bool,
}

/// The guard of a node, whomever it follows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Guard {
    /// A data set in memory that waits until ours is in the archive.
    waiting: Option<Box<Waiting>>,
    /// Times that a quarantine began.
    pub(crate) quarantines: u64,
    /// Archives written.
    pub(crate) archives: u64,
    /// The last one.
    pub(crate) last_archive: Option<FileName>,
    /// What we tell our next life, and were told by the last one.
    pub(super) evidence: EvidenceFile,
    /// We are a master that came back without what it had: until then nobody may synchronise with us.
    pub(super) protected_until: Option<Mono>,
}

#[derive(Clone, Debug)]
struct Waiting {
    loaded: Loaded,
    arrived: Arrived,
}

/// What is done with a data set that has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Judgement {
    /// It takes the place of ours.
    Take,
    /// So it does once ours is in the archive.
    ArchiveFirst,
    /// It does not.
    Leave,
}

impl Node {
    /// What is to become of a data set that our master offers. If it is to be left, that is done.
    pub(super) fn judge(
        &mut self,
        position: Option<Position>,
        loaded: &Loaded,
        now: Now,
        effects: &mut Effects,
    ) -> Judgement {
        let evidence = self.evidence();
        let Some(follow) = self.follow.as_ref().filter(|follow| follow.caution.is_armed) else {
            return Judgement::Take;
        };
        let Caution { goes_on_from, is_over, is_named_in_quarantine, .. } = follow.caution;
        let offer = Offer { position, goes_on_from, keys: loaded.keys, lasting_keys: loaded.lasting_keys };
        let class = classify(&evidence, &offer, self.config.replica_wipe_guard_shrunk_percent);
        let is_renamed = position.is_some_and(|position| position.history != evidence.position.history);
        let class = if is_renamed && self.has(Defect::GuardStopsAtNewName) { Class::Empty } else { class };
        let policies = self.config.replica_wipe_guard;
        let is_known = evidence.suspect_behind(&offer).is_some();
        let (policy, mark) = match class {
            Class::Harmless => return Judgement::Take,
            Class::Empty => (policies.empty, Mark::GuardFoundEmpty),
            Class::Shrunk { .. } => (policies.shrunk, Mark::GuardFoundShrunk),
            Class::RolledBack { .. } => (policies.rollback, Mark::GuardFoundRollback),
        };
        self.mark(if is_known { Mark::GuardFoundSuspect } else { mark });
        let text = describe(class, offer, evidence);
        let is_decided = is_over || is_named_in_quarantine;
        let policy = if is_decided && policy != GuardPolicy::Allow { GuardPolicy::Archive } else { policy };
        match policy {
            GuardPolicy::Allow => {
                effects.say(Level::Warning, || {
                    format!("{text} It takes the place of what we have, as 'replica-wipe-guard' says.")
                });
                Judgement::Take
            }
            GuardPolicy::Archive => {
                effects.say(Level::Warning, || format!("{text} What we have is written to a file before."));
                Judgement::ArchiveFirst
            }
            GuardPolicy::Quarantine | GuardPolicy::Refuse => {
                let is_final = policy == GuardPolicy::Refuse;
                self.suspect(position, class);
                self.hold_off(Quarantine { why: text, offer, since: now.mono, is_final }, now, effects);
                Judgement::Leave
            }
        }
    }

    fn evidence(&self) -> Evidence {
        let caution = self.follow.as_ref().map(|follow| &follow.caution);
        // The defect is to look only when it is gone.
        let is_late = self.has(Defect::GuardJudgesLate);
        let counted = |keys: usize| if is_late { 0 } else { keys as u64 };
        Evidence {
            position: caution.and_then(|caution| caution.place).unwrap_or_else(|| self.history.position()),
            keys: counted(self.keyspace.total_len()),
            lasting_keys: counted(self.keyspace.lasting_len()),
            suspect: caution.and_then(|caution| caution.suspect),
        }
    }

    /// Remembers a history that lacks what we have. One that bears the name of ours is only behind.
    fn suspect(&mut self, position: Option<Position>, class: Class) {
        let ours = self.evidence().position.history;
        let Some(history) = position.map(|position| position.history).filter(|history| *history != ours) else {
            return;
        };
        if let Some(follow) = &mut self.follow {
            follow.caution.suspect = Some(Suspect { history, class });
        }
    }

    /// Stays with what we have.
    fn hold_off(&mut self, held: Quarantine, now: Now, effects: &mut Effects) {
        const CURE: &str = "Nothing is dropped, and what we have is served on. To take what the master has: WIPEGUARD ACCEPT, or REPLICAOF once more. \
                            To make this node the master: REPLICAOF NO ONE.";
        let Some(follow) = &mut self.follow else { return };
        let is_first = follow.caution.quarantine.is_none();
        let since = follow.caution.quarantine.as_ref().map_or(held.since, |before| before.since);
        let setback = match held.offer.keys {
            _ if held.is_final => Setback::Final,
            0 => Setback::Quarantine(ASK_EMPTY_MAX),
            _ => Setback::Quarantine(ASK_FULL_MAX),
        };
        let why = held.why.clone();
        follow.caution.quarantine = Some(Quarantine { since, ..held });
        self.give_up_link(why, setback, now, effects);
        if is_first {
            self.guard.quarantines += 1;
            effects.say(Level::Warning, || CURE.to_string());
        }
    }

    /// True if the master is held off, and what we have is all there: our replicas are served as if we had a master.
    pub(super) fn is_held_off(&self) -> bool {
        let is_in_quarantine = self.follow.as_ref().is_some_and(|follow| follow.caution.quarantine.is_some());
        is_in_quarantine && self.history.log.is_some() && !self.is_replacing_data() && !self.is_loading()
    }

    /// True if the master is not to be asked any more.
    pub(super) fn is_asking_over(&self) -> bool {
        let quarantine = self.follow.as_ref().and_then(|follow| follow.caution.quarantine.as_ref());
        quarantine.is_some_and(|quarantine| quarantine.is_final || self.has(Defect::QuarantineForEver))
    }

    /// What is known of a master that takes the place of the one before.
    pub(super) fn caution_of_another(&self, endpoint: &Endpoint) -> Caution {
        let before = self.follow.as_ref().filter(|follow| follow.endpoint != *endpoint);
        match before.map(|follow| &follow.caution) {
            Some(Caution { quarantine: Some(_), suspect, .. }) => {
                Caution { is_armed: true, suspect: *suspect, is_named_in_quarantine: true, ..Caution::default() }
            }
            _ => Caution::default(),
        }
    }

    /// The stream of our master comes to us, or its data are ours: from now on we know what it had.
    pub(super) fn guard_is_armed(&mut self) {
        let Some(follow) = &mut self.follow else { return };
        let before = core::mem::replace(&mut follow.caution, Caution { is_armed: true, ..Caution::default() });
        self.guard.evidence.has_news |= !before.is_armed;
        if before.quarantine.is_some_and(|quarantine| !quarantine.is_final && !before.is_over) {
            self.mark(Mark::QuarantineLeft);
        }
    }

    /// Once a second: quarantine may have lasted long enough.
    pub(super) fn end_quarantine_in_time(&mut self, now: Now, effects: &mut Effects) {
        let timeout = Duration::from_secs(u64::from(self.config.replica_wipe_guard_timeout));
        let Some(follow) = self.follow.as_mut().filter(|_| !timeout.is_zero()) else { return };
        let Caution { quarantine: Some(quarantine), is_over, .. } = &mut follow.caution else { return };
        if *is_over || now.mono.since(quarantine.since) < timeout {
            return;
        }
        *is_over = true;
        quarantine.is_final = false;
        let text = "Quarantine has lasted for 'replica-wipe-guard-timeout': what the master offers next is taken, and what we have goes to an archive.";
        effects.say(Level::Warning, || text.to_string());
        self.dial_master(now, effects);
    }

    /// Has what we have written to a file; a data set that is in memory waits here meanwhile, and one in a file there.
    pub(super) fn archive_first(&mut self, waiting: Option<(Loaded, Arrived)>, now: Now, effects: &mut Effects) {
        self.guard.waiting = waiting.map(|(loaded, arrived)| Box::new(Waiting { loaded, arrived }));
        let offset = self.history.offset();
        let file = format!("{ARCHIVE_PREFIX}{}-{offset}{ARCHIVE_SUFFIX}", now.wall.seconds());
        self.begin_archive(file, now, effects);
    }

    /// What we have is in the archive: now it can be replaced.
    pub(super) fn archive_is_written(&mut self, file: FileName, now: Now, effects: &mut Effects) {
        effects.say(Level::Warning, || format!(
            "What we had is in '{file}', as a snapshot. To have it back: start another server on it in this directory, without the configuration file of this one: afterimage-server --port 6390 --dbfilename {file}"
        ));
        self.mark(Mark::ArchiveWritten);
        self.guard.archives += 1;
        self.guard.last_archive = Some(file);
        self.disk(Errand::ListArchives, DiskOp::List { directory: String::new() }, effects);
        if let Some(waiting) = self.guard.waiting.take() {
            let Waiting { loaded, arrived } = *waiting;
            self.swap_in(loaded, arrived, now, effects);
            if self.follow.as_ref().is_some_and(|follow| follow.conn().is_none()) {
                self.timers.set(super::timers::Timer::Redial, now.mono);
            }
        } else {
            self.advance_incoming(now, effects);
        }
    }

    /// What we have could not be written to a file: it stays, and the master is asked again later.
    pub(super) fn archive_failed(&mut self, why: &dyn fmt::Display, now: Now, effects: &mut Effects) {
        self.mark(Mark::ArchiveFailed);
        self.guard.waiting = None;
        let text = format!("What we have could not be written to an archive, so that it is not replaced: {why}");
        self.incoming_failed(text, now, effects);
    }

    /// True while a data set in memory waits for the archive.
    pub(super) fn has_waiting_data_set(&self) -> bool {
        self.guard.waiting.is_some()
    }

    /// Gives up what waits for the archive, and that.
    pub(super) fn abandon_waiting(&mut self, effects: &mut Effects) {
        self.guard.waiting = None;
        if self.is_archiving() {
            self.abandon_save(effects);
        }
    }

    /// Removes the oldest archives, so that as many are left as may be.
    pub(super) fn on_archives_listed(&mut self, outcome: DiskOutcome, effects: &mut Effects) {
        let DiskOutcome::Listed(files) = outcome else { return };
        let is_archive = |name: &str| written_at(name).is_some() && name.ends_with(ARCHIVE_SUFFIX);
        let bytes_max = match self.config.replica_wipe_guard_archive_bytes {
            0 => u64::MAX,
            bytes => bytes,
        };
        let mut archives: alloc::vec::Vec<(FileName, u64)> =
            files.into_iter().filter(|(name, _)| is_archive(name)).collect();
        archives.sort_by(|(one, _), (other, _)| (written_at(other), other).cmp(&(written_at(one), one)));
        let mut bytes = 0_u64;
        for (place, (file, size)) in archives.into_iter().enumerate() {
            bytes = bytes.saturating_add(size);
            let is_one_too_many = place >= self.config.replica_wipe_guard_archives as usize || bytes > bytes_max;
            if place > 0 && is_one_too_many {
                self.disk(Errand::Nothing, DiskOp::Remove { file }, effects);
            }
        }
    }

    /// The guard's state, as INFO tells it.
    pub(crate) fn guard_state(&self, follow: &Follow) -> &'static str {
        match &follow.caution {
            _ if self.is_archiving() => "archiving",
            Caution { quarantine: Some(Quarantine { is_final: true, .. }), .. } => "refused",
            Caution { quarantine: Some(_), .. } => "quarantine",
            Caution { is_armed: true, .. } => "armed",
            Caution { .. } => "disarmed",
        }
    }
}

/// When an archive was written, in seconds, by its name.
fn written_at(archive: &str) -> Option<u64> {
    parse_u64(archive.strip_prefix(ARCHIVE_PREFIX)?.split('-').next()?.as_bytes())
}

/// What the log says of an offer.
fn describe(class: Class, offer: Offer, evidence: Evidence) -> String {
    let place = match offer.position {
        Some(position) => format!(" at {}:{}", position.history, position.offset),
        None => String::new(),
    };
    let ours = format!("we have {} keys at {}:{}", evidence.keys, evidence.position.history, evidence.position.offset);
    if evidence.suspect_behind(&offer).is_some() {
        return format!(
            "The master offers {} keys{place}, in the history that we have refused before, and {ours}.",
            offer.keys
        );
    }
    match class {
        Class::Harmless => format!("The master offers {} keys{place}; {ours}.", offer.keys),
        Class::Empty => {
            format!(
                "The master offers an empty data set{place}, and {ours}: it seems to have been restarted without its data."
            )
        }
        Class::Shrunk { .. } => {
            format!("The master offers {} keys{place}, and {ours}: it seems to have lost most of its data.", offer.keys)
        }
        Class::RolledBack { bytes } => format!(
            "The master offers {} keys{place}, and {ours}: it has lost {bytes} bytes of its stream.",
            offer.keys
        ),
    }
}
