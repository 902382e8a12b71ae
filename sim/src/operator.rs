//! How are orders carried out?
//!
//! The operator knows which node should follow which, connects to one node after another through the network, and tells
//! each. What fails is tried again, since all of it may be said twice. A node that is started again is given the operator's
//! latest wish by its supervisor, as a rewritten configuration file would.

use std::collections::VecDeque;

use crate::journal::host_name;
use crate::network::LinkId;
use crate::plan::Order;
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
    },
    /// Tell the master to forget everything.
    FlushAll,
    /// Say a command of a scenario.
    Say {
        /// To which node.
        host: u16,
        /// Its words.
        words: Vec<Vec<u8>>,
    },
}

impl std::fmt::Display for Task {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Task::Settle { host } => write!(f, "{} told whom to follow", host_name(*host)),
            Task::HandOver { from, to } => write!(f, "{} told to hand over to {}", host_name(*from), host_name(*to)),
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
        Some(match *self.tasks.front()? {
            Task::Settle { host } | Task::Say { host, .. } | Task::HandOver { from: host, .. } => host,
            Task::FlushAll => self.master(),
        })
    }

    /// Takes an order in. Orders that would leave no master, or close a circle, are ignored.
    pub(crate) fn order(&mut self, order: &Order) {
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
            Order::HandOver { host } => {
                let from = self.master();
                if self.follows[usize::from(host)] == Some(from) {
                    self.tasks.push_back(Task::HandOver { from, to: host });
                }
                self.promote(host);
            }
            Order::FlushAll => self.tasks.push_back(Task::FlushAll),
        }
    }

    fn promote(&mut self, host: u16) {
        let old = self.master();
        if old == host {
            return;
        }
        self.follows[usize::from(host)] = None;
        self.tasks.push_back(Task::Settle { host });
        for (other, follows) in self.follows.iter_mut().enumerate() {
            if *follows == Some(old) || other == usize::from(old) {
                *follows = Some(host);
                self.tasks.push_back(Task::Settle { host: other as u16 });
            }
        }
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
        operator.order(&Order::Follow { host: 1, master: 2 });
        operator.order(&Order::Follow { host: 0, master: 2 });
        assert_eq!(operator.follows, [None, Some(0), Some(1)]);
        operator.order(&Order::Promote { host: 2 });
        assert_eq!(operator.follows, [Some(2), Some(2), None]);
        assert_eq!(operator.master(), 2);
    }

    #[test]
    fn a_role_is_handed_over_only_to_one_who_follows_the_master_itself() {
        let mut operator = Operator::new(vec![None, Some(0), Some(1)]);
        operator.order(&Order::HandOver { host: 2 });
        assert_eq!(operator.follows, [Some(2), Some(2), None]);
        assert!(!operator.tasks.iter().any(|task| matches!(task, Task::HandOver { .. })));
        operator.order(&Order::HandOver { host: 0 });
        assert_eq!(operator.follows, [None, Some(0), Some(0)]);
        assert!(operator.tasks.contains(&Task::HandOver { from: 2, to: 0 }));
    }
}
