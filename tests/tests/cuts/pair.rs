//! How do a master and a replica of it talk, byte by byte, inside the test?
//!
//! Both are real nodes; time stands unless the test lets it pass; a clone is another world from there on.

use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use afterimage_core::config::{DisklessLoad, Endpoint};
use afterimage_core::port::{Action, CloseCause, ConnId, Effects, Event, Level, Mono, Now, Peer, Wall};
use afterimage_core::{Config, Environment, Node};
use afterimage_tests::{Disk, operate};

/// Where the master is among the hosts, and in every pair of things that both have.
pub(super) const MASTER: usize = 0;
/// Where the replica is.
pub(super) const REPLICA: usize = 1;

/// A node and what it has asked for.
#[derive(Clone)]
pub(super) struct Host {
    pub(super) node: Node,
    disk: Disk,
    said: BTreeMap<ConnId, Vec<u8>>,
    closed: Vec<ConnId>,
    dialled: VecDeque<ConnId>,
    /// Warnings in its log.
    pub(super) warnings: Vec<String>,
}

/// A connection of the replica with its master.
#[derive(Clone)]
pub(super) struct Link {
    ends: [ConnId; 2],
    /// By who said it: what the other has not heard yet.
    queues: [Vec<u8>; 2],
    /// Which ends still believe in it.
    is_up: [bool; 2],
    /// Nothing gets through any more.
    is_dark: bool,
    /// By who said it: all that the other has heard.
    pub(super) heard: [Vec<u8>; 2],
}

/// A master, its replica, and all links between them so far.
#[derive(Clone)]
pub(super) struct Pair {
    pub(super) hosts: [Host; 2],
    pub(super) links: Vec<Link>,
    now: Now,
    client: ConnId,
}

impl Host {
    fn start(config: Config, seed: u64, now: Now) -> Host {
        let environment = Environment { process_id: 1, ..Environment::default() };
        let mut effects = Effects::new();
        let node = Node::start(config, environment, seed, now, &mut effects);
        let mut host = Host {
            node,
            disk: Disk::new(),
            said: BTreeMap::new(),
            closed: Vec::new(),
            dialled: VecDeque::new(),
            warnings: Vec::new(),
        };
        host.carry(now, &mut effects);
        host.node.enable_audit();
        host
    }

    fn event(&mut self, event: Event<'_>, now: Now) {
        let mut effects = Effects::new();
        self.node.handle(event, now, &mut effects);
        self.carry(now, &mut effects);
    }

    /// Does what the node asks for until it asks for nothing.
    fn carry(&mut self, now: Now, effects: &mut Effects) {
        loop {
            let actions: Vec<Action> = effects.drain().collect();
            if actions.is_empty() && !self.node.has_work() {
                return;
            }
            for action in actions {
                match action {
                    Action::OutputReady(conn) => self.drain(conn, now, effects),
                    Action::Dial { conn, .. } => self.dialled.push_back(conn),
                    Action::Close(conn) => self.closed.push(conn),
                    Action::Note(note) if note.level() == Level::Warning => self.warnings.push(note.to_string()),
                    Action::Disk { ticket, op } => {
                        let outcome = operate(&mut self.disk, op);
                        self.node.handle(Event::Disk { ticket, outcome }, now, effects);
                    }
                    // Nothing of this is asked for here, or nothing comes of it.
                    Action::Note(_)
                    | Action::PauseReading(_)
                    | Action::ResumeReading(_)
                    | Action::CollectOutput(_)
                    | Action::Sleep(_)
                    | Action::Listen { .. }
                    | Action::ReleaseMemory
                    | Action::Exit(_) => {}
                }
            }
            if self.node.has_work() {
                self.node.work(1000, now, effects);
            }
        }
    }

    fn drain(&mut self, conn: ConnId, now: Now, effects: &mut Effects) {
        loop {
            let mut slices = [&[][..]; 8];
            let filled = self.node.gather(conn, &mut slices);
            let bytes = slices[..filled].concat();
            if bytes.is_empty() {
                return;
            }
            self.said.entry(conn).or_default().extend_from_slice(&bytes);
            self.node.sent(conn, bytes.len(), now, effects);
        }
    }
}

impl Pair {
    /// A master and another one that will be its replica, each with these requests of its own behind it. Data sets come to it in this way.
    pub(super) fn start(before: [&str; 2], load: DisklessLoad) -> Pair {
        let now = Now { mono: Mono(1_000_000), wall: Wall(1_720_000_000_000_000) };
        let config = || Config {
            save: Vec::new(),
            databases: 4,
            repl_diskless_load: load,
            // Short enough that silence is told from a pause soon.
            repl_timeout: 2,
            repl_ping_replica_period: 1,
            ..Config::default()
        };
        let mut hosts = [1, 2].map(|seed| Host::start(config(), seed, now));
        let mut clients = [ConnId { slot: 0, generation: 0 }; 2];
        for (index, host) in hosts.iter_mut().enumerate() {
            let mut effects = Effects::new();
            clients[index] = host.node.accept(peer(), now, &mut effects);
            host.carry(now, &mut effects);
            host.event(Event::Received { conn: clients[index], bytes: before[index].as_bytes() }, now);
            let replies = host.said.remove(&clients[index]).unwrap_or_default();
            assert_no_error(&replies);
        }
        let mut pair = Pair { hosts, links: Vec::new(), now, client: clients[MASTER] };
        let Endpoint { host, port } = Endpoint { host: "127.0.0.1".to_owned(), port: 6379 };
        let order = format!("REPLICAOF {host} {port}\r\n");
        pair.hosts[REPLICA].event(Event::Received { conn: clients[REPLICA], bytes: order.as_bytes() }, now);
        pair
    }

    /// Requests of the master's client, all at once.
    pub(super) fn request(&mut self, lines: &str) {
        self.hosts[MASTER].event(Event::Received { conn: self.client, bytes: lines.as_bytes() }, self.now);
    }

    /// What the master has replied to its client since the last call.
    pub(super) fn take_replies(&mut self) -> Vec<u8> {
        self.hosts[MASTER].said.remove(&self.client).unwrap_or_default()
    }

    /// Moves the clock to the next timer, but not beyond `end`, and lets what is due happen; true once `end` is there.
    pub(super) fn tick(&mut self, end: Mono) -> bool {
        let due = self.hosts.iter().filter_map(|host| host.node.deadline()).min();
        let next = due.unwrap_or(end).max(self.now.mono).min(end);
        let passed = next.since(self.now.mono).as_micros() as u64;
        self.now = Now { mono: next, wall: Wall(self.now.wall.0 + passed) };
        for host in &mut self.hosts {
            if host.node.deadline().is_some_and(|due| due <= next) {
                host.event(Event::Timers, self.now);
            }
        }
        next == end
    }

    /// The time after some milliseconds.
    pub(super) fn after_ms(&self, milliseconds: u64) -> Mono {
        self.now.mono.after(Duration::from_millis(milliseconds))
    }

    /// Lets time pass, and everything arrive at once.
    pub(super) fn pass_ms(&mut self, milliseconds: u64) {
        let end = self.after_ms(milliseconds);
        loop {
            let is_over = self.tick(end);
            while let Some((link, from)) = self.next_delivery() {
                self.deliver(link, from, usize::MAX);
            }
            if is_over {
                return;
            }
        }
    }

    /// What can be delivered next: the link, and who has said it. Dials are answered, and ends are told.
    pub(super) fn next_delivery(&mut self) -> Option<(usize, usize)> {
        while let Some(conn) = self.hosts[REPLICA].dialled.pop_front() {
            self.hosts[REPLICA].event(Event::Dialled { conn, outcome: Ok(peer()) }, self.now);
            let mut effects = Effects::new();
            let accepted = self.hosts[MASTER].node.accept(peer(), self.now, &mut effects);
            self.hosts[MASTER].carry(self.now, &mut effects);
            let ends = [accepted, conn];
            let link =
                Link { ends, queues: Default::default(), is_up: [true; 2], is_dark: false, heard: Default::default() };
            self.links.push(link);
        }
        for index in 0..self.links.len() {
            self.collect(index);
        }
        let is_waiting =
            |link: &Link, from: usize| !link.is_dark && link.is_up[1 - from] && !link.queues[from].is_empty();
        (0..self.links.len()).find_map(|index| {
            [MASTER, REPLICA].into_iter().find(|from| is_waiting(&self.links[index], *from)).map(|from| (index, from))
        })
    }

    /// Takes in what both ends of a link have said, and whether they have closed it.
    fn collect(&mut self, index: usize) {
        let link = &mut self.links[index];
        for side in [MASTER, REPLICA] {
            let host = &mut self.hosts[side];
            if let Some(said) = host.said.remove(&link.ends[side]) {
                link.queues[side].extend_from_slice(&said);
            }
            if let Some(place) = host.closed.iter().position(|conn| *conn == link.ends[side]) {
                host.closed.remove(place);
                link.is_up[side] = false;
                if link.is_up[1 - side] && !link.is_dark {
                    link.is_up[1 - side] = false;
                    let conn = link.ends[1 - side];
                    self.hosts[1 - side].event(Event::Closed { conn, cause: CloseCause::Eof }, self.now);
                }
            }
        }
    }

    /// Delivers up to `count` bytes of what `from` has said on a link.
    pub(super) fn deliver(&mut self, index: usize, from: usize, count: usize) {
        let link = &mut self.links[index];
        let count = count.min(link.queues[from].len());
        let bytes: Vec<u8> = link.queues[from].drain(..count).collect();
        link.heard[from].extend_from_slice(&bytes);
        let conn = link.ends[1 - from];
        self.hosts[1 - from].event(Event::Received { conn, bytes: &bytes }, self.now);
    }

    /// From now on nothing gets through on a link.
    pub(super) fn darken(&mut self, index: usize) {
        self.links[index].is_dark = true;
    }

    /// Tells one end of a link that it is gone.
    pub(super) fn end(&mut self, index: usize, side: usize, cause: CloseCause) {
        self.collect(index);
        let link = &mut self.links[index];
        link.is_dark = true;
        if std::mem::take(&mut link.is_up[side]) {
            let conn = link.ends[side];
            self.hosts[side].event(Event::Closed { conn, cause }, self.now);
        }
    }
}

/// Checks that nobody was refused anything.
pub(super) fn assert_no_error(replies: &[u8]) {
    let is_error = |line: &[u8]| line.starts_with(b"-") && line.get(1).is_some_and(u8::is_ascii_uppercase);
    assert!(!replies.split(|byte| *byte == b'\n').any(is_error), "{}", replies.escape_ascii());
}

fn peer() -> Peer {
    let at = |port| SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port);
    Peer { remote: at(50_000), local: at(6379), descriptor: None }
}
