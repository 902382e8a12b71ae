//! How do a few real nodes talk in a test? Over wires that carry at once, in small pieces, until the test says otherwise.
//!
//! Not a simulator: nothing is drawn, nothing takes time but what the test lets pass. Wherever two nodes, or one node twice,
//! stand at the same place of the same history they must hold the same data: that is checked after every step.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use crate::config::{Config, EnableDebug};
use crate::port::{ConnId, Now};
use crate::replication::{Position, ReplicationId};

use super::super::bench::{Bench, Disk};

/// The port of the first host; those of the others follow.
const FIRST_PORT: u16 = 7000;
/// Bytes that are carried at once: hardly a command arrives as a whole.
const PIECE_BYTES: usize = 7;

/// A connection between two hosts.
struct Wire {
    ends: [(usize, ConnId); 2],
    /// What the end has said and the other has not heard.
    queues: [Vec<u8>; 2],
}

/// What may still pass in one direction.
#[derive(Clone, Copy)]
enum Limit {
    /// Nothing; it waits.
    Held,
    /// So many bytes; then the connection is cut.
    CutAfter(usize),
}

/// Nodes, and the wires between them.
pub(super) struct Fleet {
    pub(super) hosts: Vec<Bench>,
    wires: Vec<Wire>,
    apart: BTreeSet<(usize, usize)>,
    limits: BTreeMap<(usize, usize), Limit>,
    /// The data at each place of each history.
    known: BTreeMap<(ReplicationId, u64), u64>,
    seed: u64,
}

impl Fleet {
    /// Masters that know nothing of each other.
    pub(super) fn of(count: usize) -> Fleet {
        Fleet::with(count, |_| {})
    }

    /// Masters that know nothing of each other, all configured like this.
    pub(super) fn with(count: usize, configure: impl Fn(&mut Config)) -> Fleet {
        let now = Bench::new().now;
        let mut fleet = Fleet {
            hosts: Vec::new(),
            wires: Vec::new(),
            apart: BTreeSet::new(),
            limits: BTreeMap::new(),
            known: BTreeMap::new(),
            seed: 0,
        };
        for index in 0..count {
            let port = FIRST_PORT + index as u16;
            let mut config =
                Config { enable_debug_command: EnableDebug::Yes, port, save: Vec::new(), ..Config::default() };
            configure(&mut config);
            let bench = fleet.start(config, Disk::new(), now);
            fleet.hosts.push(bench);
        }
        fleet
    }

    fn start(&mut self, config: Config, disk: Disk, now: Now) -> Bench {
        // Another seed for each life: a name must never be given twice.
        self.seed += 1;
        let mut bench = Bench::start(config, self.seed, disk, now);
        bench.node.enable_audit();
        bench
    }

    /// Runs a request of a host's client, and everything that follows from it.
    pub(super) fn run(&mut self, host: usize, line: &str) -> String {
        let reply = self.hosts[host].run(line);
        self.settle();
        reply
    }

    /// Runs requests of a host's client that must all be accepted.
    pub(super) fn write(&mut self, host: usize, lines: &[&str]) {
        for line in lines {
            let reply = self.run(host, line);
            assert!(!reply.starts_with('-'), "{line}: {reply}");
        }
    }

    /// Makes a host follow another, and gives it time to come into step.
    pub(super) fn follow(&mut self, host: usize, master: usize) {
        let reply = self.run(host, &format!("REPLICAOF 127.0.0.1 {}", port_of(master)));
        assert_eq!(reply, "+OK ");
        self.pass(Duration::from_secs(2));
    }

    /// A line of hosts, each following the one before it.
    pub(super) fn chain(&mut self) {
        for host in 1..self.hosts.len() {
            self.follow(host, host - 1);
        }
    }

    /// Makes a host a master.
    pub(super) fn promote(&mut self, host: usize) {
        assert_eq!(self.run(host, "REPLICAOF NO ONE"), "+OK ");
    }

    /// Two hosts do not reach each other any more.
    pub(super) fn part(&mut self, one: usize, other: usize) {
        self.apart.insert(pair(one, other));
        self.limits.retain(|(from, to), _| pair(*from, *to) != pair(one, other));
        self.cut(one, other);
    }

    /// Two hosts could reach each other again.
    pub(super) fn reconcile(&mut self, one: usize, other: usize) {
        self.apart.remove(&pair(one, other));
    }

    /// Two hosts reach each other again, and have time to find out.
    pub(super) fn join(&mut self, one: usize, other: usize) {
        self.reconcile(one, other);
        self.pass(Duration::from_secs(2));
    }

    /// Cuts what connects two hosts; they may dial again.
    pub(super) fn cut(&mut self, one: usize, other: usize) {
        let index = self.wires.iter().position(|wire| pair(wire.ends[0].0, wire.ends[1].0) == pair(one, other));
        if let Some(index) = index {
            self.end_wire(index);
            self.settle();
        }
    }

    /// What one host says to another waits until [`Fleet::release`].
    pub(super) fn hold(&mut self, from: usize, to: usize) {
        self.limits.insert((from, to), Limit::Held);
    }

    /// What was held arrives.
    pub(super) fn release(&mut self, from: usize, to: usize) {
        self.limits.remove(&(from, to));
        self.settle();
    }

    /// The connection is cut as soon as so many more bytes have passed.
    pub(super) fn cut_after(&mut self, from: usize, to: usize, bytes: usize) {
        self.limits.insert((from, to), Limit::CutAfter(bytes));
        self.settle();
    }

    /// Ends a host at once and starts it again on what its disk holds, following another host or nobody.
    pub(super) fn restart(&mut self, host: usize, master: Option<usize>) {
        while let Some(index) = self.wires.iter().position(|wire| wire.ends.iter().any(|end| end.0 == host)) {
            self.end_wire(index);
        }
        let mut config = self.hosts[host].node.config.clone();
        config.replicaof =
            master.map(|master| crate::config::Endpoint { host: "127.0.0.1".into(), port: port_of(master) });
        let (disk, now) = (core::mem::take(&mut self.hosts[host].disk), self.hosts[host].now);
        self.hosts[host] = self.start(config, disk, now);
        self.settle();
        self.pass(Duration::from_secs(2));
    }

    /// Lets time pass on all hosts at once.
    pub(super) fn pass(&mut self, time: Duration) {
        let end = self.hosts[0].now.mono.after(time);
        loop {
            let now = self.hosts[0].now.mono;
            let due = self.hosts.iter().filter_map(|bench| bench.node.deadline()).min();
            let next = due.unwrap_or(end).max(now).min(end);
            for bench in &mut self.hosts {
                bench.pass(next.since(now));
            }
            self.settle();
            if next == end {
                return;
            }
        }
    }

    /// Carries dials, bytes and ends until nothing moves.
    pub(super) fn settle(&mut self) {
        loop {
            let mut has_moved = false;
            for host in 0..self.hosts.len() {
                has_moved |= self.answer_dials(host);
            }
            for index in (0..self.wires.len()).rev() {
                has_moved |= self.carry(index);
            }
            self.observe();
            if !has_moved {
                return;
            }
        }
    }

    /// Where a host stands.
    pub(super) fn position(&self, host: usize) -> Position {
        self.hosts[host].node.history.position()
    }

    /// Full and partial synchronisations that a host has served in this life.
    pub(super) fn synced(&self, host: usize) -> (u64, u64) {
        let probe = self.hosts[host].node.probe();
        (probe.sync_full, probe.sync_partial_ok)
    }

    /// Checks that hosts hold the same data at the same place of the same history.
    pub(super) fn assert_in_step(&self, hosts: &[usize]) {
        let stand = |host: usize| (self.position(host), self.hosts[host].node.probe().digest);
        for &host in &hosts[1..] {
            assert_eq!(stand(host), stand(hosts[0]), "host {host} is not in step with host {}", hosts[0]);
        }
    }

    fn answer_dials(&mut self, host: usize) -> bool {
        let has_dials = !self.hosts[host].dialled.is_empty();
        while !self.hosts[host].dialled.is_empty() {
            let target = self.hosts[host].node.config.replicaof.as_ref().map(|endpoint| endpoint.port);
            let target = target.and_then(|port| port.checked_sub(FIRST_PORT)).map(usize::from);
            let target = target.filter(|target| {
                *target < self.hosts.len() && !self.apart.contains(&pair(host, *target)) && *target != host
            });
            let conn = self.hosts[host].answer_dial(target.is_some());
            if let Some(target) = target {
                let accepted = self.hosts[target].connect();
                self.wires.push(Wire { ends: [(host, conn), (target, accepted)], queues: [Vec::new(), Vec::new()] });
            }
        }
        has_dials
    }

    /// Carries what may pass on a wire, and its end; true if anything did.
    fn carry(&mut self, index: usize) -> bool {
        let mut has_moved = false;
        for side in 0..2 {
            let ((from, conn), (to, heard_on)) = (self.wires[index].ends[side], self.wires[index].ends[1 - side]);
            let said = self.hosts[from].take_received(conn);
            let mut queue = core::mem::take(&mut self.wires[index].queues[side]);
            queue.extend_from_slice(&said);
            let (count, is_cut) = match self.limits.get(&(from, to)) {
                None => (queue.len(), false),
                Some(Limit::Held) => (0, false),
                Some(Limit::CutAfter(left)) => (queue.len().min(*left), queue.len() >= *left),
            };
            for piece in queue[..count].chunks(PIECE_BYTES) {
                if !self.hosts[to].closed.contains(&heard_on) {
                    self.hosts[to].send(heard_on, piece);
                }
            }
            has_moved |= count > 0;
            if let Some(Limit::CutAfter(left)) = self.limits.get_mut(&(from, to)) {
                *left -= count;
            }
            self.wires[index].queues[side] = queue.split_off(count);
            if is_cut {
                self.limits.remove(&(from, to));
                self.end_wire(index);
                return true;
            }
        }
        let is_over = self.wires[index].ends.iter().any(|(host, conn)| self.hosts[*host].closed.contains(conn));
        if is_over {
            self.end_wire(index);
        }
        has_moved || is_over
    }

    /// Takes a wire away; each end that did not close it is told.
    fn end_wire(&mut self, index: usize) {
        let wire = self.wires.remove(index);
        for (host, conn) in wire.ends {
            self.hosts[host].take_received(conn);
            if !self.hosts[host].closed.contains(&conn) {
                self.hosts[host].hang_up(conn);
            }
        }
    }

    /// One place of one history has one data set, whoever holds it.
    fn observe(&mut self) {
        for (host, bench) in self.hosts.iter_mut().enumerate() {
            let boundaries = bench.node.take_boundaries();
            if bench.node.history.log.is_none() {
                // Without a log its offset stands still, and nobody is told of the position.
                continue;
            }
            for boundary in boundaries {
                let Position { history, offset } = boundary.position;
                let known = *self.known.entry((history, offset)).or_insert(boundary.digest);
                assert_eq!(known, boundary.digest, "host {host} holds other data at {history}:{offset} than another");
            }
        }
    }
}

/// The port on which a host listens.
pub(super) fn port_of(host: usize) -> u16 {
    FIRST_PORT + host as u16
}

fn pair(one: usize, other: usize) -> (usize, usize) {
    (one.min(other), one.max(other))
}
