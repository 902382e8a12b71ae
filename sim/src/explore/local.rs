//! What can become of one host?
//!
//! A host here is a node, its disk and its clock, and a function of what has reached it so far: bytes, connections, orders, timers, crashes. Its name is a hash of all that decides what it does
//! next, so each step of one host is worked out once, however many states of the world it is a part of and in whatever order it came there. Background work and disk operations are done at once, within the step that
//! asks for them; time goes on only when a timer is due.

use afterimage_core::Node;
use afterimage_core::museum::Defect;
use afterimage_core::node::{Boundary, Deed, Probe, Role};
use afterimage_core::port::{
    Action, CloseCause, ConnId, DialFailure, Effects, Event, Lane, Level, ListenFailure, Mono, Note, Now, Wall,
};
use afterimage_core::replication::ReplicationId;

use super::index::{Name, name_of};
use super::terms::Terms;
use crate::check::{Breach, LogBounds, Property, Wanted, since_ready};
use crate::disk::Disk;
use crate::host::{Configs, PORT, address, config_text, environment, peer, site_at};
use crate::plan::{DiskPlan, HostPlan, Setting, Storage};
use crate::queue::{Micros, SECOND};

/// What clocks show when the world begins, and wall clocks besides.
const BEGINNING_US: u64 = SECOND;
const EPOCH_US: u64 = 1_704_067_200_000_000;
/// Units of background work that are done at once.
const UNITS: u32 = 1000;
/// Rounds of work, disk and timers after which a node counts as one that never comes to rest.
const ROUNDS_MAX: usize = 10_000;
/// The first of the ports from which hosts dial.
const EPHEMERAL_PORT: u16 = 32_768;
/// Whoever is no host.
const OUTSIDE: u16 = 9;

/// What a crash leaves on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Left {
    /// The process is killed: all that was written.
    Kept,
    /// Power is lost: what was synced.
    Synced,
    /// The host is gone, another one takes its place: nothing.
    Empty,
}

/// What reaches a host.
#[derive(Clone, Debug, Hash)]
pub(super) enum Input {
    /// It is switched on and follows whoever it is to follow.
    Start { follows: Option<u8> },
    /// It is no more.
    Crash { left: Left },
    /// Another host has dialled, from that use of a slot.
    Accept { from: u8, slot: u32 },
    /// A dial has been answered.
    Dialled { conn: ConnId, to: Option<u8> },
    /// Bytes, by their name.
    Received { conn: ConnId, bytes: Name },
    /// A connection is gone.
    Closed { conn: ConnId, is_reset: bool },
    /// The clock goes on to the next timer.
    Timer,
    /// A client's next write.
    Write,
    /// The client waits until a replica has it.
    Wait,
    /// The operator: follow another host, or nobody.
    Follow { master: Option<u8> },
    /// The operator: save a snapshot.
    Save,
}

/// What comes out of a host, in order.
#[derive(Clone, Debug)]
pub(super) enum Out {
    /// The connection for an [`Input::Accept`].
    Accepted(ConnId),
    /// It has sent these.
    Bytes(ConnId, Vec<u8>),
    /// It has closed that.
    Close(ConnId),
    /// It dials.
    Dial(ConnId, Option<u8>),
}

/// What there is to be seen of a host after a step of it.
#[derive(Clone, Debug)]
pub(super) struct Sight {
    pub(super) life: u32,
    pub(super) probe: Probe,
    pub(super) boundaries: Vec<Boundary>,
    pub(super) deeds: Vec<Deed>,
    /// What it was before.
    pub(super) history_before: ReplicationId,
    pub(super) keys_before: u64,
    pub(super) is_ready: bool,
    /// It has begun a life, and found an empty disk.
    pub(super) starts: bool,
    pub(super) is_blank: bool,
    /// The client's connection was closed.
    pub(super) has_lost_client: bool,
    pub(super) role_for: Micros,
    pub(super) wanted: Wanted,
    /// Something has changed that a check looks at.
    pub(super) is_news: bool,
}

/// One step of one host.
#[derive(Clone, Debug)]
pub(super) struct Turn {
    /// Where it leads.
    pub(super) to: Name,
    pub(super) out: Vec<Out>,
    /// What is to be seen, if it is up.
    pub(super) sight: Option<Sight>,
    /// What it did that nobody else need be asked about.
    pub(super) breach: Option<Breach>,
    /// Its log.
    pub(super) log: Vec<String>,
}

/// A host.
#[derive(Clone)]
pub(super) struct Local {
    host: u8,
    node: Option<Box<Node>>,
    disk: Disk,
    life: u32,
    clock: Micros,
    /// The connections of the client and of the operator.
    client: Option<ConnId>,
    operator: Option<ConnId>,
    /// Writes so far, of all lives.
    writes: u32,
    is_waiting: bool,
    is_ready: bool,
    before_ready: Vec<Boundary>,
    role: Role,
    role_since: Micros,
    history: ReplicationId,
    keys: u64,
    /// Connections from which it does not read now.
    paused: Vec<ConnId>,
    probe: Option<Probe>,
}

impl Local {
    /// A host that was never up.
    pub(super) fn new(host: u8) -> Local {
        Local {
            host,
            node: None,
            disk: Disk::new(DiskPlan::default(), afterimage_core::codec::random::Random::new(1, u64::from(host))),
            life: 0,
            clock: BEGINNING_US,
            client: None,
            operator: None,
            writes: 0,
            is_waiting: false,
            is_ready: false,
            before_ready: Vec::new(),
            role: Role::Master,
            role_since: 0,
            history: ReplicationId::NONE,
            keys: 0,
            paused: Vec::new(),
            probe: None,
        }
    }

    /// What it is by all that can ever make a difference. Names are the same where inputs came in another order that made none.
    pub(super) fn name(&self) -> Name {
        let Local { host, node, disk, life, clock, client, operator, writes, .. } = self;
        let Local { is_waiting, is_ready, before_ready, role, role_since, history, keys, paused, probe: _, .. } = self;
        let imprint = node.as_ref().map(|node| node.imprint());
        let beside = format!("{disk:?}{before_ready:?}{role:?}");
        let known = (client, operator, writes, is_waiting, is_ready, role_since, history, keys, paused);
        name_of(&(host, imprint, life, clock, beside, known))
    }

    /// Its state, if it is up.
    pub(super) fn probe(&self) -> Option<&Probe> {
        self.probe.as_ref()
    }

    /// It is up, a master, and serves.
    pub(super) fn takes_writes(&self) -> bool {
        self.is_ready
            && !self.is_waiting
            && self.probe.is_some_and(|probe| probe.role == Role::Master && !probe.loading)
    }

    /// It is up and takes orders.
    pub(super) fn is_serving(&self) -> bool {
        self.is_ready && self.node.is_some()
    }

    pub(super) fn reads_from(&self, conn: ConnId) -> bool {
        !self.paused.contains(&conn)
    }

    /// How long it is until its next timer, if it has one.
    pub(super) fn timer_in(&self) -> Option<Micros> {
        let deadline = self.node.as_ref()?.deadline()?;
        Some(deadline.0.saturating_sub(self.clock))
    }

    pub(super) fn clock(&self) -> Micros {
        self.clock
    }

    /// What becomes of it by one input, of which `bytes` are the bytes.
    pub(super) fn take(&self, input: &Input, bytes: &[u8], terms: &Terms) -> (Local, Turn) {
        let mut step =
            Step { local: self.clone(), effects: Effects::new(), out: Vec::new(), log: Vec::new(), breach: None };
        let (history_before, keys_before) = (self.history, self.keys);
        step.carry_out(input, bytes, terms);
        step.rest();
        let is_blank = self.disk.is_blank();
        let Step { mut local, out, log, breach, .. } = step;
        let starts = matches!(input, Input::Start { .. });
        let sight = local.look(history_before, keys_before, starts, is_blank);
        let before = self.probe.as_ref();
        let bounds = local.node.as_ref().zip(sight.as_ref());
        let bounds = bounds
            .and_then(|(node, sight)| LogBounds::of(node.config(), &sight.probe)?.judge(sight.probe.log_bytes).err());
        let has_lost_client = self.client.is_some() && local.client != self.client;
        let sight = sight.map(|sight| Sight {
            is_news: has_lost_client || sight.is_news_after(before),
            has_lost_client,
            ..sight
        });
        let to = local.name();
        (local, Turn { to, out, sight, breach: breach.or(bounds), log })
    }

    fn now(&self) -> Now {
        Now { mono: Mono(self.clock), wall: Wall(EPOCH_US + self.clock) }
    }

    /// What there is to be seen.
    fn look(&mut self, history_before: ReplicationId, keys_before: u64, starts: bool, is_blank: bool) -> Option<Sight> {
        let Some(node) = &mut self.node else {
            self.probe = None;
            return None;
        };
        let probe = node.probe();
        let boundaries = since_ready(&mut self.before_ready, node.take_boundaries(), self.is_ready);
        let deeds = node.take_deeds();
        if probe.role != self.role || starts {
            self.role = probe.role;
            self.role_since = self.clock;
        }
        self.history = probe.position.history;
        self.keys = probe.keys;
        self.probe = Some(probe);
        Some(Sight {
            life: self.life,
            probe,
            boundaries,
            deeds,
            history_before: if starts { probe.position.history } else { history_before },
            keys_before: if starts { probe.keys } else { keys_before },
            is_ready: self.is_ready,
            starts,
            is_blank,
            has_lost_client: false,
            role_for: self.clock - self.role_since,
            wanted: Wanted::of(node.config()),
            is_news: true,
        })
    }
}

impl Sight {
    fn is_news_after(&self, before: Option<&Probe>) -> bool {
        let Some(before) = before else { return true };
        let shown = |probe: &Probe| {
            let Probe { role, position, backlog, keys, loading, .. } = *probe;
            (role == Role::Master, position.history, backlog.is_some(), keys, loading)
        };
        self.starts || !self.boundaries.is_empty() || !self.deeds.is_empty() || shown(before) != shown(&self.probe)
    }
}

/// A host in the midst of a step.
struct Step {
    local: Local,
    effects: Effects,
    out: Vec<Out>,
    log: Vec<String>,
    breach: Option<Breach>,
}

impl Step {
    fn carry_out(&mut self, input: &Input, bytes: &[u8], terms: &Terms) {
        let host = u16::from(self.local.host);
        let outside = peer(OUTSIDE, EPHEMERAL_PORT, host, PORT);
        match input {
            Input::Start { follows } => self.start(*follows, terms),
            Input::Crash { left } => self.crash(*left),
            Input::Accept { from, slot } => {
                let remote = peer(u16::from(*from), EPHEMERAL_PORT + *slot as u16, host, PORT);
                if let Some(conn) = self.accept(remote) {
                    self.out.push(Out::Accepted(conn));
                }
            }
            Input::Dialled { conn, to } => {
                let local_port = EPHEMERAL_PORT + conn.slot as u16;
                let outcome = to.map(|to| peer(u16::from(to), PORT, host, local_port)).ok_or(DialFailure::Refused);
                self.handle(Event::Dialled { conn: *conn, outcome });
            }
            Input::Received { conn, .. } => self.handle(Event::Received { conn: *conn, bytes }),
            Input::Closed { conn, is_reset } => {
                self.local.paused.retain(|paused| paused != conn);
                let cause = if *is_reset { CloseCause::Reset } else { CloseCause::Eof };
                self.handle(Event::Closed { conn: *conn, cause });
            }
            Input::Timer => {
                if let Some(deadline) = self.local.node.as_ref().and_then(|node| node.deadline()) {
                    self.local.clock = self.local.clock.max(deadline.0);
                    self.handle(Event::Timers);
                }
            }
            Input::Write => {
                let words = write_of(self.local.host, self.local.writes);
                self.local.writes += 1;
                self.ask(true, outside, &words);
            }
            Input::Wait => {
                self.local.is_waiting = true;
                self.ask(true, outside, "WAIT 1 0\r\n");
            }
            Input::Follow { master } => {
                let words = match master {
                    Some(master) => format!("REPLICAOF {} {PORT}\r\n", address(u16::from(*master), PORT).ip()),
                    None => "REPLICAOF NO ONE\r\n".into(),
                };
                self.ask(false, outside, &words);
            }
            Input::Save => self.ask(false, outside, "SAVE\r\n"),
        }
    }

    /// Somebody outside says something, over the connection that he has or a new one.
    fn ask(&mut self, is_client: bool, outside: afterimage_core::port::Peer, words: &str) {
        let known = if is_client { self.local.client } else { self.local.operator };
        let Some(conn) = known.or_else(|| self.accept(outside)) else { return };
        *(if is_client { &mut self.local.client } else { &mut self.local.operator }) = Some(conn);
        self.handle(Event::Received { conn, bytes: words.as_bytes() });
    }

    fn accept(&mut self, peer: afterimage_core::port::Peer) -> Option<ConnId> {
        let now = self.local.now();
        self.local.node.as_mut().map(|node| node.accept(peer, now, &mut self.effects))
    }

    fn handle(&mut self, event: Event<'_>) {
        let now = self.local.now();
        if let Some(node) = &mut self.local.node {
            node.handle(event, now, &mut self.effects);
        }
    }

    fn start(&mut self, follows: Option<u8>, terms: &Terms) {
        let local = &mut self.local;
        local.life += 1;
        let settings =
            terms.settings().into_iter().map(|(name, value)| Setting { name: name.into(), value: value.into() });
        let plan = HostPlan { settings: settings.collect(), ..HostPlan::plain(None, Storage::Unsaved) };
        let config = match Configs::default().read(&config_text(&plan, &[], follows.map(u16::from))) {
            Ok(config) => config,
            Err(why) => {
                self.breach = Some(Breach::new(Property::KeepsRunning, format!("its configuration: {why}")));
                return;
            }
        };
        let defects = terms.defects();
        let seeded_by = if defects.contain(Defect::SeedReused) { 1 } else { local.life };
        let seed = name_of(&(local.host, seeded_by));
        let now = local.now();
        let mut node = Node::start(config, environment(defects), seed, now, &mut self.effects);
        node.enable_audit();
        local.role_since = local.clock;
        local.node = Some(Box::new(node));
    }

    fn crash(&mut self, left: Left) {
        let mut disk = self.local.disk.clone();
        match left {
            Left::Kept => disk.abandon(),
            Left::Synced => disk.lose_all_unsynced(),
            Left::Empty => disk.wipe(),
        }
        let Local { host, life, clock, writes, .. } = self.local;
        self.local = Local { disk, life, clock, writes, ..Local::new(host) };
    }

    /// Carries out what the node asks for until it asks for nothing more.
    fn rest(&mut self) {
        for _ in 0..ROUNDS_MAX {
            let actions: Vec<Action> = self.effects.drain().collect();
            let is_idle = actions.is_empty();
            for action in actions {
                self.act(action);
            }
            let moved = self.move_disk();
            let now = self.local.now();
            let Some(node) = &mut self.local.node else { return };
            if node.has_work() {
                node.work(UNITS, now, &mut self.effects);
            } else if node.deadline().is_some_and(|deadline| deadline <= now.mono) {
                node.handle(Event::Timers, now, &mut self.effects);
            } else if is_idle && !moved && self.effects.is_empty() {
                return;
            }
        }
        let explanation = format!("it does not come to rest within {ROUNDS_MAX} rounds of work, disk and timers");
        self.breach = Some(Breach::new(Property::TimePasses, explanation));
    }

    /// The disk does what it was asked for.
    fn move_disk(&mut self) -> bool {
        let done = Lane::BOTH.into_iter().find_map(|lane| self.local.disk.complete(lane));
        let Some((ticket, outcome)) = done else { return false };
        self.handle(Event::Disk { ticket, outcome });
        true
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::OutputReady(conn) => self.gather(conn),
            Action::Dial { conn, host, port } => {
                let to = site_at(&host).filter(|_| port == PORT).and_then(|site| u8::try_from(site).ok());
                self.out.push(Out::Dial(conn, to));
            }
            Action::Close(conn) => {
                self.local.paused.retain(|paused| *paused != conn);
                if self.local.client == Some(conn) {
                    (self.local.client, self.local.is_waiting) = (None, false);
                }
                self.local.operator.take_if(|operator| *operator == conn);
                self.out.push(Out::Close(conn));
            }
            Action::PauseReading(conn) => self.local.paused.push(conn),
            Action::ResumeReading(conn) => self.local.paused.retain(|paused| *paused != conn),
            Action::Disk { ticket, op } => drop(self.local.disk.submit(ticket, op)),
            Action::Listen { .. } => self.handle(Event::Listening { outcome: Err(ListenFailure) }),
            Action::Note(note) => {
                self.local.is_ready |= note == Note::Ready;
                if note.level() > Level::Verbose {
                    self.log.push(note.to_string());
                }
            }
            Action::CollectOutput(_) | Action::Sleep(_) | Action::ReleaseMemory => {}
            Action::Exit(code) => {
                let explanation = format!("it ended on its own: {code:?}");
                self.breach = Some(Breach::new(Property::KeepsRunning, explanation));
            }
        }
    }

    fn gather(&mut self, conn: ConnId) {
        let now = self.local.now();
        let Some(node) = &mut self.local.node else { return };
        let mut all = Vec::new();
        loop {
            let mut slices = [&[][..]; 16];
            let filled = node.gather(conn, &mut slices).min(slices.len());
            let bytes = slices[..filled].concat();
            node.sent(conn, bytes.len(), now, &mut self.effects);
            if bytes.is_empty() {
                break;
            }
            all.extend(bytes);
        }
        if self.local.client == Some(conn) {
            self.local.is_waiting &= all.is_empty();
        } else if self.local.operator != Some(conn) && !all.is_empty() {
            self.out.push(Out::Bytes(conn, all));
        }
    }
}

/// A host's n-th write: what differs by host and number, cannot be done twice without being seen, and is in a database that the stream has to name.
fn write_of(host: u8, number: u32) -> String {
    let value = format!("{}{number}", char::from(b'a' + host));
    match number % 3 {
        0 | 1 => format!("SELECT 1\r\nRPUSH l {value}\r\n"),
        _ => format!("SELECT 1\r\nMULTI\r\nRPUSH l {value}\r\nINCR n\r\nEXEC\r\n"),
    }
}
