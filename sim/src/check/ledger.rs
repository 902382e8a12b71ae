//! What became of each write that a client was told of?
//!
//! A report and no property: replication is asynchronous, so acknowledged writes are lost, and whatever loses one without a cause breaks a sharper property
//! earlier. Each acknowledged write is entered with the place at which it
//! lies, and so is each reign: that a node began to be the master, with the data that it had by then. When all is over, a write that the last master has
//! has survived. One that it has not was lost to the first reign that began without it: to a takeover, or to a restart; or it was made at a node that had been
//! deposed before and did not know. One that is there although a reign between began without it has been resurrected. Each loss is put down to what
//! brought that reign about, or had deposed the node: the last that happened before, and can have.

use serde::Serialize;

use super::holding::Place;
use crate::queue::Micros;

/// What became of acknowledged writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct Fates {
    /// They were all acknowledged.
    pub acknowledged: u64,
    /// The last master has them.
    pub survived: u64,
    /// Of those: a master between had them not.
    pub resurrected: u64,
    /// A node took over that did not have them.
    pub lost_to_takeover: u64,
    /// The master came back without them.
    pub lost_to_restart: u64,
    /// They were made at a node that had been deposed, and did not know.
    pub lost_at_deposed: u64,
    /// None of these: no master has begun without them.
    #[serde(default)]
    pub lost_otherwise: u64,
    /// Of those that were lost: their client had been told by WAIT of a replica that has them.
    pub lost_in_spite_of_wait: u64,
    /// The same losses, by what they are put down to.
    #[serde(default)]
    pub losses: Losses,
}

/// What losses are put down to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct Losses {
    /// A process was killed.
    pub kill: u64,
    /// A machine lost power.
    pub power: u64,
    /// A node ended in good order, or as it had to.
    pub exit: u64,
    /// The operator told a node whom to follow.
    pub order: u64,
    /// The operator let the master hand over, as far as that went.
    pub hand_over: u64,
    /// The controller did, since it heard nothing of the master.
    pub failover: u64,
    /// A master is gone for ever.
    pub breakdown: u64,
    /// Nothing that is known.
    pub nothing: u64,
}

impl Losses {
    fn add(&mut self, other: &Losses) {
        self.kill += other.kill;
        self.power += other.power;
        self.exit += other.exit;
        self.order += other.order;
        self.hand_over += other.hand_over;
        self.failover += other.failover;
        self.breakdown += other.breakdown;
        self.nothing += other.nothing;
    }

    fn of(&mut self, cause: Option<Cause>) -> &mut u64 {
        match cause {
            Some(Cause::Killed { .. }) => &mut self.kill,
            Some(Cause::PowerLost { .. }) => &mut self.power,
            Some(Cause::Exited { .. }) => &mut self.exit,
            Some(Cause::Ordered) => &mut self.order,
            Some(Cause::HandedOver) => &mut self.hand_over,
            Some(Cause::FailedOver) => &mut self.failover,
            Some(Cause::BrokenDown) => &mut self.breakdown,
            None => &mut self.nothing,
        }
    }
}

/// What brings a reign about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    Killed { host: u16 },
    PowerLost { host: u16 },
    Exited { host: u16 },
    Ordered,
    HandedOver,
    FailedOver,
    BrokenDown,
}

impl Cause {
    /// Whose life it ended; none if it made somebody else the master.
    fn victim(self) -> Option<u16> {
        match self {
            Cause::Killed { host } | Cause::PowerLost { host } | Cause::Exited { host } => Some(host),
            Cause::Ordered | Cause::HandedOver | Cause::FailedOver | Cause::BrokenDown => None,
        }
    }
}

impl Fates {
    /// Adds those of another run.
    pub fn add(&mut self, other: &Fates) {
        self.acknowledged += other.acknowledged;
        self.survived += other.survived;
        self.resurrected += other.resurrected;
        self.lost_to_takeover += other.lost_to_takeover;
        self.lost_to_restart += other.lost_to_restart;
        self.lost_at_deposed += other.lost_at_deposed;
        self.lost_otherwise += other.lost_otherwise;
        self.lost_in_spite_of_wait += other.lost_in_spite_of_wait;
        self.losses.add(&other.losses);
    }

    /// Those that are gone.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.lost_to_takeover + self.lost_to_restart + self.lost_at_deposed + self.lost_otherwise
    }
}

/// Who is the master, and since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reign {
    pub(crate) host: u16,
    pub(crate) life: u32,
    /// What it had when it began.
    pub(crate) place: Place,
    pub(crate) since: Micros,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    place: Place,
    host: u16,
    at: Micros,
    is_waited_for: bool,
}

/// The writes of one client: first those that were acknowledged, then those that may still be.
#[derive(Clone, Debug, Default)]
struct Account {
    entries: Vec<Entry>,
    acknowledged: usize,
    /// Entries before this were made over earlier connections, or are waited for already.
    waited_for: usize,
}

/// All writes and all reigns of a run.
#[derive(Debug)]
pub(crate) struct Ledger {
    accounts: Vec<Account>,
    reigns: Vec<Reign>,
    /// In the order of time.
    causes: Vec<(Micros, Cause)>,
}

impl Ledger {
    /// For so many clients.
    pub(crate) fn new(clients: usize) -> Ledger {
        Ledger { accounts: vec![Account::default(); clients], reigns: Vec::new(), causes: Vec::new() }
    }

    /// A client has another connection: what was not acknowledged never will be.
    pub(crate) fn connected(&mut self, client: u16) {
        let account = &mut self.accounts[usize::from(client)];
        account.entries.truncate(account.acknowledged);
        account.waited_for = account.acknowledged;
    }

    /// A client has written at a host.
    pub(crate) fn wrote(&mut self, client: u16, host: u16, place: Place, at: Micros) {
        self.accounts[usize::from(client)].entries.push(Entry { place, host, at, is_waited_for: false });
    }

    /// A client is told by WAIT that a replica has what it wrote over its connection.
    pub(crate) fn waited(&mut self, client: u16) {
        let Account { entries, waited_for, .. } = &mut self.accounts[usize::from(client)];
        entries[*waited_for..].iter_mut().for_each(|entry| entry.is_waited_for = true);
        *waited_for = entries.len();
    }

    /// No reply to a client is missing.
    pub(crate) fn answered(&mut self, client: u16) {
        let account = &mut self.accounts[usize::from(client)];
        account.acknowledged = account.entries.len();
    }

    /// A master stands at a place: another reign, if it is another node or life, or another history.
    pub(crate) fn reigns(&mut self, host: u16, life: u32, place: Place, since: Micros) {
        let goes_on = |last: &Reign| (last.host, last.life, last.place.history) == (host, life, place.history);
        if !self.reigns.last().is_some_and(goes_on) {
            self.reigns.push(Reign { host, life, place, since });
        }
    }

    /// Something has happened that a reign may come of.
    pub(crate) fn happened(&mut self, cause: Cause, now: Micros) {
        self.causes.push((now, cause));
    }

    /// The last by a moment that fits.
    fn last_cause(&self, by: Micros, fits: impl Fn(&Cause) -> bool) -> Option<Cause> {
        let by = self.causes.partition_point(|(at, _)| *at <= by);
        self.causes[..by].iter().map(|(_, cause)| *cause).rfind(fits)
    }

    /// All is over: `covers` tells whether who stands at one place has what was written at another, `last` is where the master stands.
    pub(crate) fn close(&self, last: Place, covers: impl Fn(Place, Place) -> bool) -> Fates {
        let mut fates = Fates::default();
        for entry in self.accounts.iter().flat_map(|account| &account.entries[..account.acknowledged]) {
            fates.acknowledged += 1;
            let at = self.reigns.partition_point(|reign| reign.since <= entry.at);
            let later = &self.reigns[at..];
            let without = later.iter().position(|reign| !covers(reign.place, entry.place));
            if covers(last, entry.place) {
                fates.survived += 1;
                fates.resurrected += u64::from(without.is_some());
                continue;
            }
            fates.lost_in_spite_of_wait += u64::from(entry.is_waited_for);
            let before = at.checked_sub(1).map(|before| self.reigns[before]);
            let cause = match (before, without.map(|index| later[index])) {
                (Some(before), _) if before.host != entry.host => {
                    fates.lost_at_deposed += 1;
                    self.last_cause(entry.at, |cause| cause.victim().is_none())
                }
                (Some(before), Some(reign)) if before.host == reign.host && before.life != reign.life => {
                    fates.lost_to_restart += 1;
                    self.last_cause(reign.since, |cause| cause.victim() == Some(reign.host))
                }
                (_, Some(reign)) => {
                    fates.lost_to_takeover += 1;
                    self.last_cause(reign.since, |cause| cause.victim().is_none())
                }
                (_, None) => {
                    fates.lost_otherwise += 1;
                    None
                }
            };
            *fates.losses.of(cause) += 1;
        }
        fates
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(history: usize, offset: u64) -> Place {
        Place { history, offset }
    }

    /// Each history goes on from the one before at offset 50.
    fn covers(at: Place, asked: Place) -> bool {
        if at.history == asked.history {
            asked.offset <= at.offset
        } else {
            asked.history < at.history && asked.offset <= 50
        }
    }

    fn ledger(writes: &[(u16, Place, Micros)]) -> Ledger {
        let mut ledger = Ledger::new(1);
        ledger.reigns(0, 1, place(0, 0), 0);
        for (host, place, at) in writes {
            ledger.wrote(0, *host, *place, *at);
        }
        ledger
    }

    #[test]
    fn what_was_not_acknowledged_is_nobodys_loss() {
        let mut ledger = ledger(&[(0, place(0, 10), 1)]);
        ledger.answered(0);
        ledger.wrote(0, 0, place(0, 90), 2);
        ledger.connected(0);
        ledger.reigns(1, 1, place(1, 50), 3);
        let fates = ledger.close(place(1, 60), covers);
        assert_eq!(fates, Fates { acknowledged: 1, survived: 1, ..Fates::default() });
    }

    #[test]
    fn a_loss_is_put_down_to_the_first_reign_that_began_without_it() {
        let mut ledger = ledger(&[(0, place(0, 90), 1)]);
        ledger.waited(0);
        ledger.answered(0);
        ledger.happened(Cause::FailedOver, 5);
        ledger.reigns(1, 1, place(1, 50), 5);
        ledger.wrote(0, 0, place(0, 95), 6);
        ledger.wrote(0, 1, place(1, 70), 6);
        ledger.answered(0);
        ledger.happened(Cause::PowerLost { host: 1 }, 7);
        ledger.happened(Cause::Killed { host: 0 }, 8);
        ledger.reigns(1, 2, place(2, 50), 9);
        let losses = Losses { failover: 2, power: 1, ..Losses::default() };
        let lost = Fates { lost_to_takeover: 1, lost_at_deposed: 1, lost_to_restart: 1, losses, ..Fates::default() };
        assert_eq!(ledger.close(place(2, 60), covers), Fates { acknowledged: 3, lost_in_spite_of_wait: 1, ..lost });
    }

    #[test]
    fn a_write_that_comes_back_has_been_resurrected() {
        let mut ledger = ledger(&[(0, place(0, 90), 1)]);
        ledger.answered(0);
        ledger.reigns(1, 1, place(1, 50), 5);
        ledger.reigns(0, 1, place(0, 90), 9);
        let fates = ledger.close(place(0, 95), covers);
        assert_eq!(fates, Fates { acknowledged: 1, survived: 1, resurrected: 1, ..Fates::default() });
    }

    #[test]
    fn a_loss_without_a_cause_is_told_apart() {
        let mut ledger = ledger(&[(0, place(0, 90), 1)]);
        ledger.answered(0);
        let fates = ledger.close(place(0, 80), covers);
        assert_eq!(
            fates,
            Fates {
                acknowledged: 1,
                lost_otherwise: 1,
                losses: Losses { nothing: 1, ..Losses::default() },
                ..Fates::default()
            },
            "nobody took over"
        );
    }
}
