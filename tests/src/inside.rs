//! A node inside the test's own process: a clock that stands, a disk in memory, one client.
//!
//! What a real server does in milliseconds takes microseconds here, and a panic is the test's own.

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use afterimage_core::config::EnableDebug;
use afterimage_core::port::{Action, ConnId, DiskOp, Effects, Event, ExitCode, Mono, Now, Peer, Ticket, Wall};
use afterimage_core::{Config, Environment, Node};

use crate::client::encode;
use crate::disk::{Disk, operate};
use crate::reply::Reply;

/// Rounds of events and background work before a node counts as one that never comes to rest.
const ROUNDS_MAX: usize = 100_000;

/// A node and what it has to do with.
#[derive(Clone)]
pub struct Inside {
    node: Node,
    now: Now,
    disk: Disk,
    /// What the disk was asked for and does not do yet; none if it does everything at once.
    held: Option<VecDeque<(Ticket, DiskOp)>>,
    client: ConnId,
    received: Vec<u8>,
    log: Vec<String>,
    dialled: VecDeque<ConnId>,
    /// What the node has said to others than its client.
    said: Vec<u8>,
    exit: Option<ExitCode>,
    is_closed: bool,
}

impl Inside {
    /// Starts a node that may be debugged over these files, and lets it load.
    #[must_use]
    pub fn start(disk: Disk) -> Inside {
        Inside::with(Config { enable_debug_command: EnableDebug::Yes, save: Vec::new(), ..Config::default() }, disk)
    }

    /// Starts a node over a snapshot.
    #[must_use]
    pub fn over(snapshot: &[u8]) -> Inside {
        Inside::start(Disk::from([("dump.rdb".to_owned(), snapshot.to_vec())]))
    }

    /// Starts a node with this configuration over these files, and lets it load.
    #[must_use]
    pub fn with(config: Config, disk: Disk) -> Inside {
        Inside::begin(config, disk, None)
    }

    /// Starts a node with this configuration over a disk that does nothing until it is told to, by [`Inside::move_disk`].
    #[must_use]
    pub fn over_held_disk(config: Config, disk: Disk) -> Inside {
        Inside::begin(config, disk, Some(VecDeque::new()))
    }

    fn begin(config: Config, disk: Disk, held: Option<VecDeque<(Ticket, DiskOp)>>) -> Inside {
        // In 2024: what expires far ahead does not.
        let now = Now { mono: Mono(1_000_000), wall: Wall(1_720_000_000_000_000) };
        let environment = Environment { process_id: 1, ..Environment::default() };
        let mut effects = Effects::new();
        let node = Node::start(config, environment, 1, now, &mut effects);
        let client = ConnId { slot: 0, generation: 0 };
        let mut inside = Inside {
            node,
            now,
            disk,
            held,
            client,
            received: Vec::new(),
            log: Vec::new(),
            dialled: VecDeque::new(),
            said: Vec::new(),
            exit: None,
            is_closed: false,
        };
        inside.carry(&mut effects);
        inside.connect();
        inside
    }

    /// A disk that was held does the first thing that it was asked for; false if there is none.
    pub fn move_disk(&mut self) -> bool {
        let Some((ticket, op)) = self.held.as_mut().and_then(VecDeque::pop_front) else { return false };
        let mut effects = Effects::new();
        let outcome = operate(&mut self.disk, op);
        self.node.handle(Event::Disk { ticket, outcome }, self.now, &mut effects);
        self.carry(&mut effects);
        true
    }

    /// What a disk that is held was asked for and does next.
    #[must_use]
    pub fn next_disk_op(&self) -> Option<&DiskOp> {
        self.held.as_ref()?.front().map(|(_, op)| op)
    }

    /// How it ended, if it has.
    #[must_use]
    pub fn exit(&self) -> Option<ExitCode> {
        self.exit
    }

    /// What it has logged.
    #[must_use]
    pub fn log(&self) -> &[String] {
        &self.log
    }

    /// A file.
    #[must_use]
    pub fn file(&self, name: &str) -> Option<&[u8]> {
        self.disk.get(name).map(Vec::as_slice)
    }

    /// Sends a command and reads its reply.
    ///
    /// # Panics
    /// If there is none.
    pub fn call<A: AsRef<[u8]>>(&mut self, arguments: &[A]) -> Reply {
        self.send(&encode(arguments));
        let reply = self.take_reply();
        reply.unwrap_or_else(|| panic!("no reply to {}", arguments[0].as_ref().escape_ascii()))
    }

    /// Sends a command of words without spaces and reads its reply.
    pub fn line(&mut self, line: &str) -> Reply {
        self.call(&line.split_whitespace().collect::<Vec<_>>())
    }

    /// Sends bytes as they are; a client whose connection was closed comes anew first.
    pub fn send(&mut self, bytes: &[u8]) {
        if std::mem::take(&mut self.is_closed) {
            self.connect();
        }
        let (conn, mut effects) = (self.client, Effects::new());
        self.node.handle(Event::Received { conn, bytes }, self.now, &mut effects);
        self.carry(&mut effects);
    }

    /// The next reply, if one has come.
    pub fn take_reply(&mut self) -> Option<Reply> {
        let (reply, length) = Reply::read(&self.received)?;
        self.received.drain(..length);
        Some(reply)
    }

    /// Whether its client was sent away.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// Takes the client's connection away and gives it another.
    pub fn reconnect(&mut self) {
        if !std::mem::take(&mut self.is_closed) {
            let (conn, mut effects) = (self.client, Effects::new());
            let cause = afterimage_core::port::CloseCause::Eof;
            self.node.handle(Event::Closed { conn, cause }, self.now, &mut effects);
            self.carry(&mut effects);
        }
        self.connect();
    }

    fn connect(&mut self) {
        let at = |port| SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port);
        let mut effects = Effects::new();
        self.received.clear();
        self.client =
            self.node.accept(Peer { remote: at(50_000), local: at(6379), descriptor: None }, self.now, &mut effects);
        self.carry(&mut effects);
    }

    /// Answers the node's oldest dial: the connection that has its end here, if there was a dial.
    pub fn answer_dial(&mut self) -> Option<ConnId> {
        let conn = self.dialled.pop_front()?;
        let at = |port| SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port);
        let (outcome, mut effects) =
            (Ok(Peer { remote: at(7000), local: at(40_000), descriptor: None }), Effects::new());
        self.node.handle(Event::Dialled { conn, outcome }, self.now, &mut effects);
        self.carry(&mut effects);
        Some(conn)
    }

    /// What the node has said on connections that it has dialled, since the last call.
    pub fn take_said(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.said)
    }

    /// Bytes come on a connection that the node has dialled.
    pub fn send_on(&mut self, conn: ConnId, bytes: &[u8]) {
        let mut effects = Effects::new();
        self.node.handle(Event::Received { conn, bytes }, self.now, &mut effects);
        self.carry(&mut effects);
    }

    /// Does what the node asks for until it asks for nothing.
    fn carry(&mut self, effects: &mut Effects) {
        for _ in 0..ROUNDS_MAX {
            let actions: Vec<Action> = effects.drain().collect();
            if actions.is_empty() && !self.node.has_work() {
                return;
            }
            for action in actions {
                self.carry_out(action, effects);
            }
            if self.node.has_work() {
                self.node.work(1000, self.now, effects);
            }
        }
        panic!("the node does not come to rest");
    }

    fn carry_out(&mut self, action: Action, effects: &mut Effects) {
        match action {
            Action::OutputReady(conn) => self.drain(conn, effects),
            Action::Dial { conn, .. } => self.dialled.push_back(conn),
            Action::Close(conn) => self.is_closed |= conn == self.client,
            Action::Note(note) => self.log.push(note.to_string()),
            Action::Exit(code) => self.exit = Some(code),
            Action::Disk { ticket, op } if self.held.is_some() => {
                self.held.get_or_insert_default().push_back((ticket, op));
            }
            Action::Disk { ticket, op } => {
                let outcome = operate(&mut self.disk, op);
                self.node.handle(Event::Disk { ticket, outcome }, self.now, effects);
            }
            Action::Listen { .. } => {
                let event = Event::Listening { outcome: Ok(()) };
                self.node.handle(event, self.now, effects);
            }
            Action::PauseReading(_)
            | Action::ResumeReading(_)
            | Action::CollectOutput(_)
            | Action::Sleep(_)
            | Action::ReleaseMemory => {}
        }
    }

    fn drain(&mut self, conn: ConnId, effects: &mut Effects) {
        loop {
            let mut slices = [&[][..]; 8];
            let filled = self.node.gather(conn, &mut slices);
            let bytes = slices[..filled].concat();
            if bytes.is_empty() {
                return;
            }
            if conn == self.client {
                self.received.extend_from_slice(&bytes);
            } else {
                self.said.extend_from_slice(&bytes);
            }
            self.node.sent(conn, bytes.len(), self.now, effects);
        }
    }
}
