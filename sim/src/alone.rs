//! A node with its disk, alone.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use afterimage_core::codec::random::Random;
use afterimage_core::museum::Defects;
use afterimage_core::node::Probe;
use afterimage_core::port::{
    Action, CloseCause, ConnId, DialFailure, DiskFailure, DiskOp, Effects, Event, ExitCode, Lane, Mono, Note, Now,
    Peer, Wall,
};
use afterimage_core::replication::Position;
use afterimage_core::{Config, Environment, Node};

use crate::disk::Disk;

/// Rounds of background work and disk operations after which a node counts as one that never comes to rest.
const ROUNDS_MAX: usize = 100_000;
/// Units of background work that are done at once.
const UNITS: u32 = 1000;

/// The data at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct State {
    pub(crate) digest: u64,
    pub(crate) position: Position,
}

/// In which order the two lanes of a disk come to do what they were asked for.
#[derive(Clone, Debug)]
pub(crate) enum Interleaving {
    /// As they were asked.
    AsAsked,
    /// One of them whenever it has something to do.
    First(Lane),
    /// Whichever is drawn.
    Drawn(Box<Random>),
}

impl Interleaving {
    /// Those that a run is tried with. `seed` draws.
    pub(crate) fn several(seed: u64) -> [Interleaving; 5] {
        let drawn = |stream| Interleaving::Drawn(Box::new(Random::new(seed, stream)));
        [
            Interleaving::AsAsked,
            Interleaving::First(Lane::Outer),
            Interleaving::First(Lane::Inner),
            drawn(20),
            drawn(21),
        ]
    }

    /// The lane whose turn it is; none if both have nothing to do.
    fn next(&mut self, disk: &Disk) -> Option<Lane> {
        let [outer, inner] = Lane::BOTH.map(|lane| disk.next(lane).map(|(ticket, _)| ticket));
        let (Some(outer), Some(inner)) = (outer, inner) else {
            return outer.map(|_| Lane::Outer).or(inner.map(|_| Lane::Inner));
        };
        Some(match self {
            Interleaving::AsAsked if outer < inner => Lane::Outer,
            Interleaving::AsAsked => Lane::Inner,
            Interleaving::First(lane) => *lane,
            Interleaving::Drawn(random) => Lane::BOTH[random.below(2) as usize],
        })
    }
}

fn peer(port: u16) -> Peer {
    let at = |port| SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port);
    Peer { remote: at(port), local: at(6379), descriptor: None }
}

/// A node with its disk, alone.
pub(crate) struct Host {
    pub(crate) node: Node,
    pub(crate) disk: Disk,
    pub(crate) lanes: Interleaving,
    pub(crate) is_ready: bool,
    pub(crate) ended: Option<ExitCode>,
    /// What it has said in its log.
    pub(crate) log: Vec<String>,
    /// The states that it was in, one after another, as long as it was ready.
    pub(crate) states: Vec<State>,
    /// The client whose replies are counted, and how many it has had.
    pub(crate) client: Option<ConnId>,
    pub(crate) received: Vec<u8>,
    /// The replica that is sent the stream, and what it was sent.
    pub(crate) replica: Option<ConnId>,
    pub(crate) sent_to_replica: Vec<u8>,
    /// Dials to a master that nobody has answered, the link that one has, and what came over it.
    dialled: Vec<ConnId>,
    master: Option<ConnId>,
    pub(crate) told_master: Vec<u8>,
    /// Grows whenever nothing that is written is promised.
    pub(crate) spell: u64,
    /// The operation, counted from the first, that fails, and how.
    pub(crate) failing: Option<(usize, DiskFailure)>,
    pub(crate) operations: usize,
    /// What it was that failed.
    pub(crate) failed: String,
    /// Nothing is done in the background but handing bytes to the disk, unless it is asked for: so a snapshot takes as long as what comes between.
    pub(crate) is_unhurried: bool,
    now: Now,
    effects: Effects,
}

impl Host {
    pub(crate) fn start(config: Config, defects: Defects, seed: u64, disk: Disk) -> Host {
        let now = Now { mono: Mono(1_000_000), wall: Wall(1_720_000_000_000_000) };
        let environment = Environment { process_id: 1, defects, ..Environment::default() };
        let mut effects = Effects::new();
        let mut node = Node::start(config, environment, seed, now, &mut effects);
        node.enable_audit();
        Host {
            node,
            disk,
            lanes: Interleaving::AsAsked,
            is_ready: false,
            ended: None,
            log: Vec::new(),
            states: Vec::new(),
            client: None,
            received: Vec::new(),
            replica: None,
            sent_to_replica: Vec::new(),
            is_unhurried: false,
            dialled: Vec::new(),
            master: None,
            told_master: Vec::new(),
            spell: 0,
            failing: None,
            operations: 0,
            failed: String::new(),
            now,
            effects,
        }
    }

    pub(crate) fn accept(&mut self) -> ConnId {
        let conn = self.node.accept(peer(50_000), self.now, &mut self.effects);
        self.carry_out();
        conn
    }

    pub(crate) fn send(&mut self, conn: ConnId, text: &str) {
        self.handle(Event::Received { conn, bytes: text.as_bytes() });
    }

    /// A dial to the master is answered, up to the PSYNC: what that asks for. Or it is refused.
    pub(crate) fn shake_hands_with_master(&mut self, is_up: bool) -> Option<(String, u64)> {
        let conn = self.dialled.pop()?;
        if !is_up {
            self.handle(Event::Dialled { conn, outcome: Err(DialFailure::Refused) });
            return None;
        }
        self.master = Some(conn);
        self.told_master.clear();
        self.handle(Event::Dialled { conn, outcome: Ok(peer(6379)) });
        for line in ["+PONG", "+OK", "+OK", "+OK"] {
            self.hear_from_master(format!("{line}\r\n").as_bytes());
        }
        if self.told_master.ends_with(b"INFO\r\n") {
            self.hear_from_master(b"-ERR unknown command\r\n");
        }
        let said = String::from_utf8_lossy(&std::mem::take(&mut self.told_master)).into_owned();
        let mut words = said.split("\r\n").skip_while(|word| *word != "PSYNC").skip(2).step_by(2);
        let (id, offset) = (words.next()?, words.next()?);
        Some((id.to_owned(), offset.parse().unwrap_or(0)))
    }

    /// True if there is a link to the master.
    pub(crate) fn has_master(&self) -> bool {
        self.master.is_some()
    }

    /// Bytes come from the master, if there is a link to it.
    pub(crate) fn hear_from_master(&mut self, bytes: &[u8]) {
        if let Some(conn) = self.master {
            self.handle(Event::Received { conn, bytes });
        }
    }

    /// The link to the master ends.
    pub(crate) fn hang_up_master(&mut self) {
        if let Some(conn) = self.master.take() {
            self.handle(Event::Closed { conn, cause: CloseCause::Eof });
        }
    }

    /// What is answered now is promised, if it ever is.
    pub(crate) fn is_promising(&self) -> bool {
        self.node.probe().synced_offset.is_some() || !self.node.config().appendonly
    }

    pub(crate) fn state(&self) -> State {
        let Probe { digest, position, .. } = self.node.probe();
        State { digest, position }
    }

    pub(crate) fn pass(&mut self, ms: u64) {
        let end = Mono(self.now.mono.0 + ms * 1000);
        while let Some(due) = self.node.deadline().filter(|due| *due <= end) {
            let passed = due.0.saturating_sub(self.now.mono.0);
            self.now = Now { mono: Mono(self.now.mono.0 + passed), wall: Wall(self.now.wall.0 + passed) };
            self.handle(Event::Timers);
        }
        let passed = end.0.saturating_sub(self.now.mono.0);
        self.now = Now { mono: end, wall: Wall(self.now.wall.0 + passed) };
    }

    /// Time passes, in which the disk does all that it is asked for.
    pub(crate) fn pass_with_disk(&mut self, ms: u64) {
        for _ in 0..ms / 100 {
            self.pass(100);
            self.rest();
        }
    }

    /// The disk does the next thing that it was asked for; false if there is none.
    pub(crate) fn move_disk(&mut self) -> bool {
        let Some(lane) = self.lanes.next(&self.disk) else { return false };
        let failing = self.failing.as_ref().filter(|(index, _)| *index == self.operations);
        let failure = failing.map(|(_, failure)| failure.clone());
        if failure.is_some() {
            self.failed = self.disk.next(lane).map(|(_, op)| name_of(op)).unwrap_or_default();
        }
        let Some((ticket, outcome)) = self.disk.complete_or_fail(lane, failure) else { return false };
        self.operations += 1;
        self.handle(Event::Disk { ticket, outcome });
        true
    }

    /// Until the disk has nothing left to do.
    pub(crate) fn rest(&mut self) {
        self.carry_out();
        for _ in 0..ROUNDS_MAX {
            if self.ended.is_some() || !(self.move_disk() || self.work_on()) {
                return;
            }
        }
        unreachable!("the node does not come to rest");
    }

    /// The least bit of the background work; false if there is none.
    pub(crate) fn work_on(&mut self) -> bool {
        let has_work = self.node.has_work();
        if has_work {
            self.node.work(1, self.now, &mut self.effects);
            self.note();
            self.carry_out();
        }
        has_work
    }

    fn handle(&mut self, event: Event<'_>) {
        self.node.handle(event, self.now, &mut self.effects);
        self.note();
        self.carry_out();
    }

    fn note(&mut self) {
        let state = self.state();
        self.spell += u64::from(!self.is_promising());
        if self.is_ready && self.states.last() != Some(&state) {
            self.states.push(state);
        }
    }

    /// Does what it asks for, but what the disk is to do.
    pub(crate) fn carry_out(&mut self) {
        let mut may_work = true;
        for _ in 0..ROUNDS_MAX {
            let actions: Vec<Action> = self.effects.drain().collect();
            for action in actions {
                self.carry_out_one(action);
            }
            if self.node.has_work() && may_work {
                may_work = !self.is_unhurried;
                self.node.work(if self.is_unhurried { 0 } else { UNITS }, self.now, &mut self.effects);
                self.note();
            } else if self.effects.is_empty() {
                return;
            }
        }
        unreachable!("the node does not come to rest");
    }

    fn carry_out_one(&mut self, action: Action) {
        match action {
            Action::OutputReady(conn) => self.take(conn),
            Action::Disk { ticket, op } => drop(self.disk.submit(ticket, op)),
            Action::Note(Note::Ready) => {
                self.is_ready = true;
                self.note();
            }
            Action::Note(note) => self.log.push(note.to_string()),
            Action::Exit(code) => self.ended = Some(code),
            Action::Listen { .. } => {
                self.node.handle(Event::Listening { outcome: Ok(()) }, self.now, &mut self.effects);
            }
            Action::Dial { conn, .. } => self.dialled.push(conn),
            Action::Close(conn) => {
                self.master.take_if(|master| *master == conn);
                self.dialled.retain(|dialled| *dialled != conn);
            }
            Action::PauseReading(_)
            | Action::ResumeReading(_)
            | Action::CollectOutput(_)
            | Action::Sleep(_)
            | Action::ReleaseMemory => {}
        }
    }

    fn take(&mut self, conn: ConnId) {
        loop {
            let mut slices = [&[][..]; 8];
            let filled = self.node.gather(conn, &mut slices);
            let bytes = slices[..filled].concat();
            if self.client == Some(conn) {
                self.received.extend_from_slice(&bytes);
            } else if self.master == Some(conn) {
                self.told_master.extend_from_slice(&bytes);
            } else if self.replica == Some(conn) {
                self.sent_to_replica.extend_from_slice(&bytes);
            }
            self.node.sent(conn, bytes.len(), self.now, &mut self.effects);
            if bytes.is_empty() {
                return;
            }
        }
    }
}

/// An operation, without what is written.
fn name_of(op: &DiskOp) -> String {
    match op {
        DiskOp::Append { file, bytes } => format!("Append {{ file: {file:?}, {} bytes }}", bytes.len()),
        op => format!("{op:?}"),
    }
}
