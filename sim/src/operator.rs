//! How are orders carried out?
//!
//! The operator knows which node should follow which, connects to one node after another through the network, and tells
//! each. What fails is tried again, since all of it may be said twice. A node that is started again is given the operator's
//! latest wish by its supervisor, as a rewritten configuration file would.

use std::collections::VecDeque;

use crate::host::{PORT, address};
use crate::journal::host_name;
use crate::network::LinkId;
use crate::plan::{HandOver, Held, Order, Victims};
use crate::queue::{MILLISECOND, Micros, SECOND};

/// Something to be told to a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Task {
    /// Tell a node whom to follow.
    Settle {
        /// Which node.
        host: u16,
    },
    /// Tell the master to hand its role over.
    HandOver {
        /// The master.
        from: u16,
        /// Who follows it, and is to take over.
        to: u16,
        /// What becomes of it.
        how: HandOver,
    },
    /// Tell the old master that it stays one.
    CallOff {
        /// The old master.
        from: u16,
    },
    /// Tell a replica to take what its master has, or a master that it may be empty.
    Accept {
        /// Which node.
        host: u16,
    },
    /// Tell the master to forget everything.
    FlushAll,
    /// Say a command.
    Say {
        /// To which node.
        host: u16,
        /// Its words.
        words: Vec<Vec<u8>>,
    },
}

impl Task {
    /// The node that it is told to; none if it is told to the master, whichever that is.
    pub(crate) fn host(&self) -> Option<u16> {
        match *self {
            Task::Settle { host } | Task::Accept { host } | Task::Say { host, .. } => Some(host),
            Task::HandOver { from, .. } | Task::CallOff { from } => Some(from),
            Task::FlushAll => None,
        }
    }

    /// True for BGREWRITEAOF.
    pub(crate) fn is_rewrite(&self) -> bool {
        matches!(self, Task::Say { words, .. } if words.first().is_some_and(|word| word == b"BGREWRITEAOF"))
    }
}

impl std::fmt::Display for Task {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Task::Settle { host } => write!(f, "{} told whom to follow", host_name(*host)),
            Task::HandOver { from, to, .. } => {
                write!(f, "{} told to hand over to {}", host_name(*from), host_name(*to))
            }
            Task::CallOff { from } => write!(f, "{} told to stay the master", host_name(*from)),
            Task::Accept { host } => write!(f, "{} told to accept what there is", host_name(*host)),
            Task::FlushAll => f.write_str("FLUSHALL"),
            Task::Say { host, words } => {
                let first = words.first().map(|word| word.escape_ascii().to_string()).unwrap_or_default();
                write!(f, "{first} with {} arguments on {}", words.len().saturating_sub(1), host_name(*host))
            }
        }
    }
}

/// Time before something that failed is tried again.
pub(crate) const RETRY: Micros = 500 * MILLISECOND;
/// Time that a master has for handing its role over.
pub(crate) const HAND_OVER_MAX: Micros = 3 * SECOND;
/// Time after which an answer is not waited for any longer.
pub(crate) const PATIENCE: Micros = 5 * SECOND;

impl HandOver {
    /// The words that follow the target's address.
    pub(crate) fn words(self) -> Vec<String> {
        let timeout = |timeout_ms: u64| vec!["TIMEOUT".to_string(), timeout_ms.to_string()];
        match self {
            HandOver::Timely => timeout(HAND_OVER_MAX / MILLISECOND),
            HandOver::Forced { timeout_ms } => {
                let mut words = timeout(u64::from(timeout_ms.max(1)));
                words.push("FORCE".to_string());
                words
            }
            HandOver::Aborted { .. } => Vec::new(),
        }
    }

    /// Time from its beginning to the operator's next step.
    pub(crate) fn rest(self) -> Micros {
        match self {
            HandOver::Timely => RETRY + HAND_OVER_MAX,
            HandOver::Forced { timeout_ms } => RETRY + HAND_OVER_MAX + Micros::from(timeout_ms) * MILLISECOND,
            HandOver::Aborted { after_us } => after_us,
        }
    }
}

/// The operator.
#[derive(Debug)]
pub(crate) struct Operator {
    /// Whom each host should follow.
    pub(crate) follows: Vec<Option<u16>>,
    /// What is still to be told, the present task first.
    pub(crate) tasks: VecDeque<Task>,
    /// The connection for the present task.
    pub(crate) link: Option<LinkId>,
    /// When that was dialled.
    pub(crate) since: Micros,
    /// Who was supplanted and is still to be told, and when.
    pub(crate) untold: Vec<(Micros, u16)>,
    /// It, or the controller, has given up waiting for an answer: what was said may still be heard, and late.
    pub(crate) has_given_up: bool,
    /// It does nothing new before this time.
    pub(crate) idle_until: Micros,
    /// Written and not yet taken by the network.
    pub(crate) out: Vec<u8>,
    /// What came back so far.
    pub(crate) input: Vec<u8>,
}

impl Operator {
    /// An operator who wants what stands.
    pub(crate) fn new(follows: Vec<Option<u16>>) -> Operator {
        Operator {
            follows,
            tasks: VecDeque::new(),
            link: None,
            since: 0,
            untold: Vec::new(),
            has_given_up: false,
            idle_until: 0,
            out: Vec::new(),
            input: Vec::new(),
        }
    }

    /// The master, by the operator's latest wish.
    pub(crate) fn master(&self) -> u16 {
        self.follows.iter().position(Option::is_none).map_or(0, |host| host as u16)
    }

    /// The host that the present task is about.
    pub(crate) fn target(&self) -> Option<u16> {
        Some(self.tasks.front()?.host().unwrap_or_else(|| self.master()))
    }

    /// Takes an order in. Orders that would leave no master, or close a circle, are ignored.
    pub(crate) fn order(&mut self, order: &Order, now: Micros) {
        match *order {
            Order::Follow { host, master } => {
                let is_master = self.follows[usize::from(host)].is_none();
                if is_master || self.leads_to(master, host) {
                    return;
                }
                self.follows[usize::from(host)] = Some(master);
                self.tasks.push_back(Task::Settle { host });
            }
            Order::Promote { host } => self.promote(host),
            Order::Supplant { host, untold_us } => {
                let old = self.master();
                self.promote(host);
                // What is being said already goes on: the connection is one with its host.
                let mut is_being_said = self.link.is_some();
                self.tasks.retain(|task| std::mem::take(&mut is_being_said) || *task != Task::Settle { host: old });
                self.untold.push((now + untold_us, old));
            }
            Order::HandOver { host, how } => self.hand_over(host, how),
            Order::FlushAll {} => self.tasks.push_back(Task::FlushAll),
            Order::Hold { host, scope, for_ms } => {
                let scope = match scope {
                    Held::Writes => "WRITE",
                    Held::Everything => "ALL",
                };
                self.say(host, &format!("CLIENT PAUSE {for_ms} {scope}"));
            }
            Order::Kill { host, victims } => {
                let victims = match victims {
                    Victims::Replicas => "replica",
                    Victims::Master => "master",
                    Victims::Clients => "normal",
                };
                self.say(host, &format!("CLIENT KILL TYPE {victims}"));
            }
            Order::Configure { host, ref setting } => {
                self.say(host, &format!("CONFIG SET {} {}", setting.name, setting.value));
            }
            Order::Rewrite { host } => self.say(host, "BGREWRITEAOF"),
            Order::Stray { host, master } => {
                let address = address(master, PORT);
                self.say(host, &format!("REPLICAOF {} {}", address.ip(), address.port()));
                self.tasks.push_back(Task::Settle { host });
            }
            // The world carries it out: a signal needs no connection.
            Order::Shutdown { .. } => {}
        }
    }

    /// Those who were supplanted are told whom to follow, once it is time.
    pub(crate) fn catch_up(&mut self, now: Micros) {
        let due = self.untold.extract_if(.., |(at, _)| *at <= now);
        self.tasks.extend(due.map(|(_, host)| Task::Settle { host }));
    }

    /// Puts a command, as one would type it, behind what is still to be told.
    pub(crate) fn say(&mut self, host: u16, line: &str) {
        let words = line.split(' ').map(|word| word.as_bytes().to_vec()).collect();
        self.tasks.push_back(Task::Say { host, words });
    }

    /// How long it may take to say what is still to be said, to nodes that answer, with so long a round trip.
    pub(crate) fn duty(&self, round_trip: Micros) -> Micros {
        let each = |task: &Task| match task {
            Task::HandOver { how, .. } => HAND_OVER_MAX.max(how.rest()),
            _ => 0,
        };
        self.tasks.iter().map(|task| each(task) + 2 * RETRY + 4 * round_trip).sum()
    }

    fn hand_over(&mut self, to: u16, how: HandOver) {
        let from = self.master();
        let can_be_asked = self.follows[usize::from(to)] == Some(from);
        if can_be_asked {
            self.tasks.push_back(Task::HandOver { from, to, how });
        }
        match how {
            HandOver::Aborted { .. } if can_be_asked => {
                self.tasks.push_back(Task::CallOff { from });
                // It may have been too late: then there are two masters.
                self.tasks.extend([from, to].map(|host| Task::Settle { host }));
            }
            HandOver::Aborted { .. } => {}
            HandOver::Timely | HandOver::Forced { .. } => self.promote(to),
        }
    }

    fn promote(&mut self, host: u16) {
        let concerned = self.wish_for_master(host);
        self.tasks.extend(concerned.into_iter().map(|host| Task::Settle { host }));
    }

    /// A host is to be the master, and the old one and all that followed it are to follow it: those who are to be told so, it before all.
    pub(crate) fn wish_for_master(&mut self, host: u16) -> Vec<u16> {
        let old = self.master();
        if old == host {
            return Vec::new();
        }
        let mut concerned = vec![host];
        self.follows[usize::from(host)] = None;
        for (other, follows) in self.follows.iter_mut().enumerate() {
            if *follows == Some(old) || other == usize::from(old) {
                *follows = Some(host);
                concerned.push(other as u16);
            }
        }
        concerned
    }

    /// True if `from` is, or follows directly or not, `to`.
    fn leads_to(&self, from: u16, to: u16) -> bool {
        let mut at = Some(from);
        while let Some(host) = at {
            if host == to {
                return true;
            }
            at = self.follows[usize::from(host)];
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_never_close_a_circle_nor_leave_no_master() {
        let mut operator = Operator::new(vec![None, Some(0), Some(1)]);
        operator.order(&Order::Follow { host: 1, master: 2 }, 0);
        operator.order(&Order::Follow { host: 0, master: 2 }, 0);
        assert_eq!(operator.follows, [None, Some(0), Some(1)]);
        operator.order(&Order::Promote { host: 2 }, 0);
        assert_eq!(operator.follows, [Some(2), Some(2), None]);
        assert_eq!(operator.master(), 2);
    }

    #[test]
    fn who_is_supplanted_is_told_when_it_is_time_and_all_others_at_once() {
        let mut operator = Operator::new(vec![None, Some(0), Some(0)]);
        operator.order(&Order::Supplant { host: 2, untold_us: 5 }, 10);
        assert_eq!(operator.follows, [Some(2), Some(2), None]);
        let settled = |operator: &Operator, host| operator.tasks.contains(&Task::Settle { host });
        operator.catch_up(14);
        assert_eq!([0, 1, 2].map(|host| settled(&operator, host)), [false, true, true]);
        operator.catch_up(15);
        assert!(settled(&operator, 0) && operator.untold.is_empty());
    }

    #[test]
    fn a_role_is_handed_over_only_to_one_who_follows_the_master_itself() {
        let mut operator = Operator::new(vec![None, Some(0), Some(1)]);
        operator.order(&Order::HandOver { host: 2, how: HandOver::Timely }, 0);
        assert_eq!(operator.follows, [Some(2), Some(2), None]);
        assert!(!operator.tasks.iter().any(|task| matches!(task, Task::HandOver { .. })));
        operator.order(&Order::HandOver { host: 0, how: HandOver::Timely }, 0);
        assert_eq!(operator.follows, [None, Some(0), Some(0)]);
        assert!(operator.tasks.contains(&Task::HandOver { from: 2, to: 0, how: HandOver::Timely }));
    }

    #[test]
    fn a_role_that_is_to_be_handed_over_and_is_not_stays_where_it_was() {
        let mut operator = Operator::new(vec![None, Some(0), Some(0)]);
        operator.order(&Order::HandOver { host: 1, how: HandOver::Aborted { after_us: 5 } }, 0);
        assert_eq!(operator.follows, [None, Some(0), Some(0)]);
        let called_off = operator.tasks.iter().position(|task| *task == Task::CallOff { from: 0 });
        let settled = operator.tasks.iter().position(|task| *task == Task::Settle { host: 1 });
        assert!(called_off.is_some() && called_off < settled, "{:?}", operator.tasks);
    }
}
