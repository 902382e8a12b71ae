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
//! `replica-wipe-guard-timeout`. It does not end by what clients write into an empty master, nor by a Sentinel that names the same master in another spelling.
//!
//! Differs: who has no link to its own master refuses its replicas (NOMASTERLINK); in quarantine it lets them in, since what it has is the best that there is.
//!
//! Differs: Redis and Valkey have no such thing. A replica follows a master that was restarted without its data into emptiness.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use core::time::Duration;

use crate::config::{Endpoint, GuardPolicies, GuardPolicy};
use crate::marks::Mark;
use crate::museum::Defect;
use crate::persistence::Loaded;
use crate::port::{Effects, Level, Mono, Now};
use crate::replication::{Class, Evidence, Lineage, Offer, Position, ReplicationId, Suspect, classify};

use super::Node;
use super::archives::Archives;
use super::evidence::EvidenceFile;
use super::follow::{Follow, Setback};
use super::protected_restart::Missed;

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

/// Who has named a master.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NamedBy {
    /// Somebody who knows what it does.
    Somebody,
    /// A Sentinel. It decides who is master, and not what of a master's data is to be taken: it corrects the spelling of an address by REPLICAOF, too, three minutes after it has
    /// found another one (`fix-slave-config`).
    Sentinel,
}

/// What is known of the master that is followed, and what was held against it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Caution {
    /// Its data or its stream have come to us since it was named.
    pub(crate) is_armed: bool,
    /// Where that was and what its history went on from, if what we have does not tell.
    pub(super) place: Option<(Position, Option<Lineage>)>,
    /// A history of it that was found to lack what we have.
    pub(super) suspect: Option<Suspect>,
    /// What its history goes on from, as it has told before it offered what it offers.
    pub(super) lineage: Option<Lineage>,
    /// The history in which it was then, if it is a relay.
    pub(super) asked_in: Option<ReplicationId>,
    /// The offset behind the last command of its stream that has changed anything, if any came.
    pub(super) changed_at: Option<u64>,
    pub(crate) quarantine: Option<Quarantine>,
    /// Quarantine has lasted long enough: what is offered next is taken, behind an archive.
    pub(super) is_over: bool,
    /// It was named while another one was held off, perhaps by a Sentinel that has promoted who was emptied: what it offers is taken, behind an archive.
    pub(super) named_in_quarantine: Option<NamedBy>,
}

/// The guard of a node, whomever it follows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Guard {
    /// Times that a quarantine began.
    pub(crate) quarantines: u64,
    /// What we had before other data took its place.
    pub(crate) archives: Archives,
    /// What we tell our next life, and were told by the last one.
    pub(super) evidence: EvidenceFile,
    /// What the life before had for replicas of ours, and we have not found.
    pub(super) missed: Option<Missed>,
}

/// What is done with a data set that has come.
#[derive(Debug)]
pub(super) enum Judgement {
    /// It takes the place of ours.
    Take,
    /// So it does once ours is in the archive; if it cannot be written, this is held against our master.
    ArchiveFirst(Box<Quarantine>),
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
        let Caution { lineage, asked_in, is_over, named_in_quarantine, .. } = follow.caution;
        // It may have got into another one since.
        let lineage = lineage.filter(|told| position.is_some_and(|position| position.history == told.history));
        let lineage = lineage.filter(|_| !self.has(Defect::GuardTrustsOffset));
        let Loaded { keys, lasting_keys, .. } = *loaded;
        let libraries = loaded.keyspace.libraries.len() as u64;
        let offer = Offer { position, lineage, keys, lasting_keys, libraries };
        let class = classify(&evidence, &offer, self.config.replica_wipe_guard_shrunk_percent);
        let is_renamed = position.is_some_and(|position| position.history != evidence.position.history);
        let class = if is_renamed && self.has(Defect::GuardStopsAtNewName) { Class::Empty } else { class };
        let policies = self.config.replica_wipe_guard;
        let is_known = evidence.suspect_behind(&offer).is_some();
        let (policy, mark) = match class {
            Class::Harmless if asked_in.is_some_and(|asked_in| position.is_some_and(|at| at.history != asked_in)) => {
                let text = "The master has got into another history since it was asked where that comes from: it is asked again";
                self.refuse_data_set(text.to_string(), now, effects);
                return Judgement::Leave;
            }
            Class::Harmless => return Judgement::Take,
            Class::Empty => (policies.empty, Mark::GuardFoundEmpty),
            Class::Shrunk { .. } => (policies.shrunk, Mark::GuardFoundShrunk),
            Class::RolledBack { .. } => (policies.rollback, Mark::GuardFoundRollback),
        };
        self.mark(if is_known { Mark::GuardFoundSuspect } else { mark });
        let text = describe(class, offer, evidence);
        let is_refused_itself =
            evidence.suspect.is_some_and(|suspect| position.is_some_and(|at| at.history == suspect.history));
        let is_decided = is_over
            || match named_in_quarantine {
                Some(NamedBy::Somebody) => true,
                Some(NamedBy::Sentinel) => !is_refused_itself,
                None => false,
            };
        // By our clock: that may be wrong, so there is an archive.
        let is_spent = self.keyspace.spent_from_ms().is_some_and(|last_ms| last_ms < now.wall.millis());
        let policy =
            if (is_decided || is_spent) && policy != GuardPolicy::Allow { GuardPolicy::Archive } else { policy };
        match policy {
            GuardPolicy::Allow => {
                effects.say(Level::Warning, || {
                    format!("{text} It takes the place of what we have, as 'replica-wipe-guard' says.")
                });
                Judgement::Take
            }
            GuardPolicy::Archive => {
                effects.say(Level::Warning, || format!("{text} What we have is written to a file before."));
                Judgement::ArchiveFirst(Box::new(Quarantine { why: text, offer, since: now.mono, is_final: false }))
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
        let place = caution.and_then(|caution| caution.place);
        let (position, lineage) = place.unwrap_or_else(|| (self.history.position(), self.history.lineage()));
        Evidence {
            position,
            lineage,
            changed_at: caution.and_then(|caution| caution.changed_at).unwrap_or(position.offset),
            keys: counted(self.keyspace.total_len()),
            lasting_keys: counted(self.keyspace.lasting_len()),
            libraries: counted(self.keyspace.libraries.len()),
            suspect: caution.and_then(|caution| caution.suspect),
        }
    }

    /// Remembers a history that lacks what we have. One that bears the name of ours is only behind, and of one that is not even behind nothing is known but that its
    /// master has deceived us before.
    fn suspect(&mut self, position: Option<Position>, class: Class) {
        if class == (Class::RolledBack { bytes: 0 }) {
            return;
        }
        let ours = self.evidence().position.history;
        let Some(history) = position.map(|position| position.history).filter(|history| *history != ours) else {
            return;
        };
        if let Some(follow) = &mut self.follow {
            follow.caution.suspect = Some(Suspect { history, class });
        }
    }

    /// Stays with what we have.
    pub(super) fn hold_off(&mut self, held: Quarantine, now: Now, effects: &mut Effects) {
        const CURE: &str = "Nothing is dropped, and what we have is served on. To take what the master has: WIPEGUARD ACCEPT, or REPLICAOF once more. \
                            To make this node the master: REPLICAOF NO ONE.";
        let Some(follow) = &mut self.follow else { return };
        let is_first = follow.caution.quarantine.is_none();
        // Who is asked again and again says the same again and again.
        let is_news = follow.caution.quarantine.as_ref().is_none_or(|before| !before.offer.is_as_good_as(&held.offer));
        let since = follow.caution.quarantine.as_ref().map_or(held.since, |before| before.since);
        let setback = match held.offer.keys {
            _ if held.is_final => Setback::Final,
            0 => Setback::Quarantine(ASK_EMPTY_MAX),
            _ => Setback::Quarantine(ASK_FULL_MAX),
        };
        let why = held.why.clone();
        follow.caution.quarantine = Some(Quarantine { since, ..held });
        let level = if is_news { Level::Warning } else { Level::Verbose };
        self.give_up_link(why, level, setback, now, effects);
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
    pub(super) fn caution_of_another(&self, endpoint: &Endpoint, named_by: NamedBy) -> Caution {
        let before = self.follow.as_ref().filter(|follow| follow.endpoint != *endpoint);
        match before.map(|follow| &follow.caution) {
            Some(Caution { quarantine: Some(_), suspect, .. }) => {
                Caution { is_armed: true, suspect: *suspect, named_in_quarantine: Some(named_by), ..Caution::default() }
            }
            _ => Caution::default(),
        }
    }

    /// The stream of our master comes to us, or its data are ours: from now on we know what it had.
    pub(super) fn guard_is_armed(&mut self) {
        let Some(follow) = &mut self.follow else { return };
        let before = core::mem::take(&mut follow.caution);
        let changed_at = Some(before.changed_at.unwrap_or_else(|| self.history.offset()));
        follow.caution = Caution { is_armed: true, changed_at, ..Caution::default() };
        self.guard.evidence.has_news |= !before.is_armed;
        if before.quarantine.is_some_and(|quarantine| !quarantine.is_final && !before.is_over) {
            self.mark(Mark::QuarantineLeft);
        }
    }

    /// The data are another's now, or the stream has changed them up to here.
    pub(super) fn guard_sees_change(&mut self) {
        let offset = self.history.offset();
        if let Some(follow) = &mut self.follow {
            follow.caution.changed_at = Some(offset);
        }
    }

    /// True if a master is asked what its history goes on from before it is asked for the stream: if we have something, or had. Replicas of ours are told that, too, so that
    /// they know our data for what they are.
    pub(super) fn asks_for_lineage(&self, caution: &Caution) -> bool {
        let has_data = self.keyspace.total_len() > 0 || caution.is_armed;
        has_data && self.config.replica_wipe_guard != GuardPolicies::ALLOW || caution.quarantine.is_some()
    }

    /// The data are the master's now: what their history goes on from, that of our data does, too.
    ///
    /// Differs: a Redis forgets its second id in a full synchronisation. Replicas of its own cannot be continued then, and do not know where the history comes from.
    pub(super) fn learn_lineage(&mut self) {
        if let Some(told) = self.follow.as_ref().and_then(|follow| follow.caution.lineage) {
            self.history.came_from(told);
        }
    }

    /// `replica-wipe-guard` was changed: a master that is held off may be followed by what it says now.
    pub(super) fn on_guard_policies_changed(&mut self, now: Now, effects: &mut Effects) {
        let Some(follow) = &mut self.follow else { return };
        let Some(quarantine) = &mut follow.caution.quarantine else { return };
        quarantine.is_final = false;
        follow.failures = 0;
        self.dial_master(now, effects);
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

/// What the log says of an offer.
fn describe(class: Class, offer: Offer, evidence: Evidence) -> String {
    let place = match offer.position {
        Some(position) => format!(" at {}:{}", position.history, position.offset),
        None => String::new(),
    };
    let libraries = match evidence.libraries {
        0 => String::new(),
        1 => " and a library of functions".to_string(),
        count => format!(" and {count} libraries of functions"),
    };
    let Position { history, offset } = evidence.position;
    let counted = |keys: u64| if keys == 1 { "1 key".to_string() } else { format!("{keys} keys") };
    let offered = counted(offer.keys);
    let ours = format!("we have {}{libraries} at {history}:{offset}", counted(evidence.keys));
    if evidence.suspect_behind(&offer).is_some() {
        let found = match class {
            Class::Harmless => "harmless".to_string(),
            Class::Empty => "an empty data set".to_string(),
            Class::Shrunk { keys } => format!("{} less than we had", counted(keys)),
            Class::RolledBack { bytes } => format!("{bytes} bytes less of our stream than we had"),
        };
        return format!("The master offers {offered}{place}. That history was refused before: it had {found}; {ours}.");
    }
    match class {
        Class::Harmless => format!("The master offers {offered}{place}; {ours}."),
        Class::Empty => {
            format!(
                "The master offers an empty data set{place}, and {ours}: it seems to have been restarted without its data."
            )
        }
        Class::Shrunk { .. } => {
            format!("The master offers {offered}{place}, and {ours}: it seems to have lost most of its data.")
        }
        Class::RolledBack { bytes: 0 } => format!(
            "The master offers {offered}{place}, and {ours}: it has fewer, and was refused under another name before."
        ),
        Class::RolledBack { bytes } => {
            format!("The master offers {offered}{place}, and {ours}: it has lost {bytes} bytes of its stream.")
        }
    }
}
