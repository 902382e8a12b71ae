//! How do clients and the operator act in the world?
//!
//! Both hold ends of links like any node, over the same network. What they say and expect is theirs
//! ([`client`](crate::client), [`operator`](crate::operator)); here is when, and over which link.

use afterimage_core::config::AppendFsync;
use afterimage_core::port::{Event, Signal};

use crate::check::{Breach, Cause, Property, round_trip};
use crate::client::{Client, RECONNECT};
use crate::journal::Topic;
use crate::network::{End, LinkId, Side};
use crate::operator::{self, Task};
use crate::plan::{Order, Target};
use crate::queue::{MILLISECOND, Micros, Occurrence, SECOND};
use crate::reply::{Reply, read_reply};
use crate::workload::command;
use crate::world::World;

/// How long clients wait for the last replies once the workload has ended, between looks.
const DRAIN_EVERY: Micros = 50 * MILLISECOND;

impl World {
    /// A client's next step.
    pub(crate) fn on_client(&mut self, index: u16, epoch: u32) {
        let (now, quiet) = (self.now, self.is_quiet());
        let client = &mut self.clients[usize::from(index)];
        if client.epoch != epoch {
            return;
        }
        let Some(link) = client.link else {
            if !quiet && !client.is_done() {
                self.client_dials(index);
            }
            return;
        };
        if client.is_out_of_patience(now) || client.is_done() || quiet && !client.connected {
            self.side_closes(link, Side::Dialler);
            self.client_lost(index);
            return;
        }
        if !client.connected {
            return;
        }
        if quiet {
            if client.lets_go() {
                self.pump_client(index);
            }
            if self.clients[usize::from(index)].awaits_nothing() {
                self.side_closes(link, Side::Dialler);
                self.client_lost(index);
            } else {
                self.queue.push(now + DRAIN_EVERY, Occurrence::Client { client: index, epoch });
            }
            return;
        }
        let next = client.burst(now).min(now + crate::client::PATIENCE);
        self.queue.push(next, Occurrence::Client { client: index, epoch });
        self.pump_client(index);
    }

    /// A client says what a story has it say, over the connection that it has.
    pub(crate) fn client_says(&mut self, index: u16, line: &str) {
        self.clients[usize::from(index)].say(line, self.now);
        self.pump_client(index);
    }

    /// Lets every client finish.
    pub(crate) fn wind_down_clients(&mut self) {
        for (index, client) in (0..).zip(&self.clients) {
            if client.link.is_some() {
                self.queue.push(self.now + DRAIN_EVERY, Occurrence::Client { client: index, epoch: client.epoch });
            }
        }
    }

    fn client_dials(&mut self, index: u16) {
        let host = match self.clients[usize::from(index)].plan.target {
            Target::Master => self.operator.master(),
            Target::Host { host } => host,
        };
        let link = self.dial(self.client_site(index), host, End::Client { client: index });
        self.clients[usize::from(index)].begin(host, link, self.now);
        self.checks.waits.connected(index);
        self.checks.promises.connected(index);
        self.checks.ledger.connected(index);
    }

    /// A client's dial has ended.
    pub(crate) fn client_dialled(&mut self, index: u16, success: bool) {
        if !success {
            return self.client_lost(index);
        }
        let client = &mut self.clients[usize::from(index)];
        client.connected = true;
        let epoch = client.epoch;
        self.queue.push(self.now, Occurrence::Client { client: index, epoch });
    }

    /// Replies reached a client.
    pub(crate) fn client_received(&mut self, index: u16) {
        if self.clients[usize::from(index)].awaits_nothing() {
            self.client_is_answered(index);
        }
        let quiet = self.is_quiet();
        let client = &mut self.clients[usize::from(index)];
        if let Some(link) = client.link.filter(|_| client.is_misplaced) {
            self.side_closes(link, Side::Dialler);
            self.client_lost(index);
            return;
        }
        if client.goes_on_when_answered() && !quiet {
            client.burst(self.now);
            self.pump_client(index);
        }
    }

    /// A client's connection is gone.
    pub(crate) fn client_lost(&mut self, index: u16) {
        let client = &mut self.clients[usize::from(index)];
        client.forget();
        if !client.is_done() {
            let epoch = client.epoch;
            self.queue.push(self.now + RECONNECT, Occurrence::Client { client: index, epoch });
        }
    }

    /// Moves what a client has written into its link.
    pub(crate) fn pump_client(&mut self, index: u16) {
        let Client { out, link, connected, .. } = &mut self.clients[usize::from(index)];
        let Some(id) = link.filter(|_| *connected) else {
            return;
        };
        let taken = write_some(self.network.get(id), out);
        self.sent_off(id, Side::Dialler, taken);
    }

    /// A planned order is given.
    pub(crate) fn on_order(&mut self, index: u16) {
        if self.is_quiet() {
            return;
        }
        let order = self.plan.orders[usize::from(index)].order.clone();
        self.note(Topic::Operator, |_| format!("order: {order:?}"));
        self.totals.orders += 1;
        let cause = match order {
            Order::Promote { .. } | Order::Supplant { .. } | Order::Follow { .. } | Order::Stray { .. } => {
                Some(Cause::Ordered)
            }
            Order::HandOver { .. } => Some(Cause::HandedOver),
            _ => None,
        };
        cause.into_iter().for_each(|cause| self.checks.ledger.happened(cause, self.now));
        if let Order::Shutdown { host, down_us } = order {
            return self.ask_to_end(index, host, down_us);
        }
        self.operator.order(&order, self.now);
        if let Order::Supplant { untold_us, .. } = order {
            self.queue.push(self.now + untold_us, Occurrence::Operator);
        }
        self.queue.push(self.now, Occurrence::Operator);
    }

    /// A node is sent SIGTERM.
    fn ask_to_end(&mut self, order: u16, index: u16, down_us: Micros) {
        let host = &mut self.hosts[usize::from(index)];
        if let Some(until) = host.is_paused(self.now) {
            self.queue.push(until, Occurrence::Order { order });
        } else if host.node.is_some() {
            host.asked_to_end = Some(down_us);
            self.checks.departures.asked(index, self.now);
            self.tell(index, Event::Signal(Signal::Terminate));
        }
    }

    /// The operator's next step.
    pub(crate) fn on_operator(&mut self) {
        let now = self.now;
        self.operator.catch_up(now);
        if self.operator.link.is_some() {
            if now >= self.operator.since + operator::PATIENCE {
                self.operator_hangs_up();
            }
            return;
        }
        if now < self.operator.idle_until {
            // What came while there was nothing to do would wait for ever otherwise.
            self.queue.push(self.operator.idle_until, Occurrence::Operator);
            return;
        }
        let Some(target) = self.operator.target() else {
            return;
        };
        let link = self.dial(self.operator_site(), target, End::Operator);
        self.operator.link = Some(link);
        self.operator.since = now;
        self.operator.out.clear();
        self.operator.input.clear();
        self.queue.push(now + operator::PATIENCE, Occurrence::Operator);
    }

    /// The operator's dial has ended.
    pub(crate) fn operator_dialled(&mut self, success: bool) {
        let (Some(link), Some(task), true) = (self.operator.link, self.operator.tasks.front().cloned(), success) else {
            return self.operator_lost();
        };
        let out = &mut self.operator.out;
        match task {
            Task::HandOver { to, how, .. } => {
                let (ip, port) = World::address_words(to);
                let rest = how.words();
                let words = ["FAILOVER", "TO", &ip, &port].into_iter().chain(rest.iter().map(String::as_str));
                command(out, &words.map(str::as_bytes).collect::<Vec<_>>());
            }
            Task::CallOff { .. } => command(out, &[b"FAILOVER", b"ABORT"]),
            Task::FlushAll => command(out, &[b"FLUSHALL"]),
            Task::Accept { .. } => command(out, &[b"WIPEGUARD", b"ACCEPT"]),
            Task::Say { words, .. } => command(out, &words.iter().map(Vec::as_slice).collect::<Vec<_>>()),
            Task::Settle { host } => {
                let words = World::words_to_follow(self.operator.follows[usize::from(host)]);
                command(out, &words.each_ref().map(String::as_bytes));
            }
        }
        // A command of some forty bytes fits into any link.
        let taken = write_some(self.network.get(link), &mut self.operator.out);
        self.sent_off(link, Side::Dialler, taken);
    }

    /// The operator waits for no answer any more.
    pub(crate) fn operator_hangs_up(&mut self) {
        if let Some(link) = self.operator.link {
            self.operator.has_given_up = true;
            self.side_closes(link, Side::Dialler);
            self.operator_lost();
        }
    }

    /// The operator's connection is gone, and with it the answer.
    pub(crate) fn operator_lost(&mut self) {
        self.operator_rests(operator::RETRY);
    }

    /// All are well who will be, and whom the operator speaks to has, or is to have, as many replicas among them as it wants: it must take writes again. Before that, and with too few replicas
    /// for ever, another try need not do better.
    fn has_gate_to_open(&self) -> bool {
        let Some(target) = self.operator.target().filter(|_| self.quiet_since().is_some()) else { return false };
        let Some(node) = &self.hosts[usize::from(target)].node else { return false };
        let follows = self.hosts.iter().zip(&self.operator.follows).filter(|(host, _)| !host.is_outside);
        let replicas = follows.filter(|(_, above)| **above == Some(target)).count();
        let config = node.config();
        // What is sent once it is synced may wait for two syncs, and be too old by then.
        let is_synced_first = config.appendonly && config.appendfsync == AppendFsync::Always;
        let wait = if is_synced_first { 2 * self.plan.disk.sync_us + round_trip(&self.plan) } else { 0 };
        replicas >= config.min_replicas_to_write as usize && wait < u64::from(config.min_replicas_max_lag) * SECOND
    }

    fn operator_rests(&mut self, for_us: Micros) {
        self.operator.link = None;
        self.operator.idle_until = self.now + for_us;
        if !self.operator.tasks.is_empty() {
            self.queue.push(self.operator.idle_until, Occurrence::Operator);
        }
    }

    /// An answer, or a part of one, reached the operator.
    pub(crate) fn operator_received(&mut self) {
        let mut rest = operator::RETRY;
        // A FLUSHALL met a node that is still to be promoted, perhaps by the very next task: that one must not wait for it.
        let mut lets_others_go_first = self.operator.tasks.front() == Some(&Task::FlushAll);
        let accepted = match read_reply(&self.operator.input) {
            Ok(None) => return,
            Ok(Some((Reply::Status(_), _))) => {
                if let Some(Task::HandOver { how, .. }) = self.operator.tasks.front() {
                    rest = how.rest();
                }
                true
            }
            // How many clients were killed.
            Ok(Some((Reply::Integer(_), _))) if matches!(self.operator.tasks.front(), Some(Task::Say { .. })) => true,
            // One under way is as good, and who cannot now, or has lost its master, need not later: others must not wait for it.
            Ok(Some((Reply::Error(text), _)))
                if self.operator.tasks.front().is_some_and(Task::is_rewrite)
                    && (excusable(text) || text.starts_with(b"ERR Background append only file rewriting already ")) =>
            {
                true
            }
            // What cannot be handed over is told to take over by the next task.
            Ok(Some((Reply::Error(text), _))) if text.starts_with(b"ERR FAILOVER ") => true,
            // It is over, or was never begun.
            Ok(Some((Reply::Error(text), _))) if text.starts_with(b"ERR No failover in progress") => true,
            // It has come to an end by itself.
            Ok(Some((Reply::Error(text), _))) if text.starts_with(b"ERR Nothing is held off") => true,
            Ok(Some((Reply::Error(text), _))) if text.starts_with(b"NOREPLICAS ") => {
                // What is missing may be a replica that waits to be told something.
                lets_others_go_first = self.has_gate_to_open();
                !lets_others_go_first
            }
            // As the configuration wants it: another try would never do better.
            Ok(Some((Reply::Error(text), _))) if text.starts_with(b"OOM ") => true,
            Ok(Some((Reply::Error(text), _))) if excusable(text) => false,
            Ok(Some((other, _))) => {
                let explanation = format!("it answered the operator by {other}");
                return self.breach(self.operator.target(), Breach::new(Property::FittingReply, explanation));
            }
            Err(why) => {
                let explanation = format!("it sent the operator {why}");
                return self.breach(self.operator.target(), Breach::new(Property::FittingReply, explanation));
            }
        };
        let link: Option<LinkId> = self.operator.link;
        if accepted {
            let task = self.operator.tasks.pop_front();
            self.note(Topic::Operator, |_| {
                format!("carried out: {}", task.map_or_else(String::new, |task| task.to_string()))
            });
        }
        if !accepted && lets_others_go_first {
            self.operator.tasks.rotate_left(1);
        }
        if let Some(link) = link {
            self.side_closes(link, Side::Dialler);
        }
        self.operator_rests(rest);
    }
}

/// An error that an operator meets and tries again after. FLUSHALL may find a master that is being replaced, REPLICAOF one that hands its role
/// over.
pub(crate) fn excusable(text: &[u8]) -> bool {
    let starts: [&[u8]; 5] =
        [b"LOADING ", b"MASTERDOWN ", b"READONLY ", b"MISCONF ", b"ERR REPLICAOF not allowed while failing over."];
    starts.iter().any(|start| text.starts_with(start))
}

/// Moves the front of `out` into a link, as far as there is room. Returns how much.
pub(crate) fn write_some(link: Option<&mut crate::network::Link>, out: &mut Vec<u8>) -> usize {
    let Some(link) = link else { return 0 };
    let pipe = &mut link.pipes[Side::Dialler as usize];
    let taken = pipe.extend(out);
    out.drain(..taken);
    pipe.writer_waits = !out.is_empty();
    taken
}
