//! A bench for tests of the whole node: a clock that the test moves, a disk in memory, and requests as words.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, SocketAddr};
use core::time::Duration;

use crate::config::{Config, EnableDebug};
use crate::port::{
    Action, CloseCause, ConnId, DialFailure, DiskFailure, DiskOp, DiskOutcome, Effects, Event, ListenFailure, Mono,
    Now, Peer, Ticket, Wall, split_name,
};

use super::{Environment, Node};

/// Files by name.
pub(crate) type Disk = BTreeMap<String, Vec<u8>>;

/// A node, what it asked for, and one client of it.
pub(crate) struct Bench {
    pub(crate) node: Node,
    pub(crate) now: Now,
    /// The client that [`Bench::run`] speaks for.
    pub(crate) client: ConnId,
    /// Connections that the node has closed.
    pub(crate) closed: Vec<ConnId>,
    /// Connections that the node does not want to read from.
    pub(crate) paused: Vec<ConnId>,
    /// Dials that nobody has answered.
    pub(crate) dialled: Vec<ConnId>,
    /// How often the node has given memory back.
    pub(crate) released: u32,
    /// The host agrees to no directory and to no port.
    pub(crate) refuses_host: bool,
    /// The configuration file, or why it can be neither read nor written.
    pub(crate) config_file: Result<String, DiskFailure>,
    /// The node has asked for the end of its process.
    pub(crate) has_exited: bool,
    /// What the node slept.
    pub(crate) slept: Duration,
    /// Peers that take nothing of what they are sent.
    pub(crate) deaf: Vec<ConnId>,
    /// What the node has said in its log.
    pub(crate) notes: Vec<String>,
    /// The files, by name.
    pub(crate) disk: Disk,
    /// Why nothing can be added to a file, if nothing can.
    pub(crate) append_failure: Option<DiskFailure>,
    /// Why no file can be synced, if none can.
    pub(crate) sync_failure: Option<DiskFailure>,
    /// Files that the node has had written again, and from where on.
    pub(crate) written_again: Vec<(String, u64)>,
    /// The host has no time for the node's background work.
    pub(crate) is_busy: bool,
    /// Connections whose output the network may collect.
    pub(crate) collected: Vec<ConnId>,
    /// What the disk has been asked for and does not do until [`Bench::release_disk`]; none if it does everything at once.
    held_ops: Option<VecDeque<(Ticket, DiskOp)>>,
    effects: Effects,
    received: BTreeMap<ConnId, Vec<u8>>,
    next_port: u16,
}

impl Bench {
    /// A node with the default configuration that allows DEBUG.
    pub(crate) fn new() -> Bench {
        Bench::with(Config { enable_debug_command: EnableDebug::Yes, ..Config::default() })
    }

    /// A node with this configuration, on an empty disk.
    pub(crate) fn with(config: Config) -> Bench {
        let now = Now { mono: Mono(1_000_000), wall: Wall(1_700_000_000_000_000) };
        Bench::start(config, 1, Disk::new(), now)
    }

    /// A node with this configuration and seed, which has loaded what is on this disk.
    pub(crate) fn start(config: Config, seed: u64, disk: Disk, now: Now) -> Bench {
        let environment = Environment {
            process_id: 4711,
            os: String::from("Linux 6.1.0 x86_64"),
            executable: String::from("/usr/bin/afterimage-server"),
            resident_memory: || 10 << 20,
            ..Environment::default()
        };
        let mut effects = Effects::new();
        let node = Node::start(config, environment, seed, now, &mut effects);
        let mut bench = Bench {
            node,
            now,
            client: ConnId { slot: 0, generation: 0 },
            closed: Vec::new(),
            paused: Vec::new(),
            dialled: Vec::new(),
            released: 0,
            refuses_host: false,
            config_file: Ok(String::new()),
            has_exited: false,
            slept: Duration::ZERO,
            deaf: Vec::new(),
            notes: Vec::new(),
            disk,
            append_failure: None,
            sync_failure: None,
            written_again: Vec::new(),
            is_busy: false,
            collected: Vec::new(),
            held_ops: None,
            effects,
            received: BTreeMap::new(),
            next_port: 50000,
        };
        bench.carry();
        bench.client = bench.connect();
        bench
    }

    /// A new client from a loopback address: ports count from 50000 on.
    pub(crate) fn connect(&mut self) -> ConnId {
        let peer = self.next_peer();
        let conn = self.node.accept(peer, self.now, &mut self.effects);
        self.carry();
        conn
    }

    /// Answers the node's oldest dial.
    pub(crate) fn answer_dial(&mut self, is_answered: bool) -> ConnId {
        let conn = self.dialled.remove(0);
        let outcome = if is_answered { Ok(self.next_peer()) } else { Err(DialFailure::Refused) };
        self.event(Event::Dialled { conn, outcome });
        conn
    }

    /// Answers the node's dial as its master would, up to its `PSYNC`: the connection, and what it asks for.
    pub(crate) fn play_master(&mut self) -> (ConnId, String) {
        let (link, said) = self.talk_to_psync();
        let words: Vec<&str> = said.split("\r\n").skip_while(|word| *word != "PSYNC").collect();
        let asked = alloc::format!("{} {}", words.get(2).unwrap_or(&""), words.get(4).unwrap_or(&""));
        (link, asked)
    }

    /// Answers the node's dial, and what it says of itself.
    pub(crate) fn greet(&mut self) -> ConnId {
        let link = self.answer_dial(true);
        for line in ["+PONG\r\n", "+OK\r\n", "+OK\r\n", "+OK\r\n"] {
            self.send(link, line.as_bytes());
        }
        link
    }

    /// The same, and all that the node has said.
    pub(crate) fn talk_to_psync(&mut self) -> (ConnId, String) {
        let link = self.greet();
        let mut said = String::from_utf8(self.take_received(link)).expect("ASCII");
        // Whom the master follows it does not tell.
        if said.ends_with("INFO\r\n") {
            self.send(link, b"-ERR unknown command\r\n");
            said.push_str(&String::from_utf8(self.take_received(link)).expect("ASCII"));
        }
        (link, said)
    }

    /// Runs a request of the first client; see [`Bench::run_on`].
    pub(crate) fn run(&mut self, line: &str) -> String {
        self.run_on(self.client, line)
    }

    /// Sends a line (an inline request: quotes and escapes allowed) and returns what came back, with `\r\n` shown as a
    /// blank, so that cases read easily: `$3 abc `.
    pub(crate) fn run_on(&mut self, conn: ConnId, line: &str) -> String {
        let mut bytes = line.as_bytes().to_vec();
        bytes.extend_from_slice(b"\r\n");
        self.send(conn, &bytes);
        String::from_utf8_lossy(&self.take_received(conn)).replace("\r\n", " ")
    }

    /// Sends bytes.
    pub(crate) fn send(&mut self, conn: ConnId, bytes: &[u8]) {
        self.event(Event::Received { conn, bytes });
    }

    /// What the node has sent on a connection since the last call.
    pub(crate) fn take_received(&mut self, conn: ConnId) -> Vec<u8> {
        self.received.remove(&conn).unwrap_or_default()
    }

    /// The peer of a connection goes away.
    pub(crate) fn hang_up(&mut self, conn: ConnId) {
        self.event(Event::Closed { conn, cause: CloseCause::Eof });
    }

    /// The disk does nothing until [`Bench::release_disk`].
    pub(crate) fn hold_disk(&mut self) {
        self.held_ops = Some(VecDeque::new());
    }

    /// The disk does what it was asked for.
    pub(crate) fn release_disk(&mut self) {
        // What it is asked for meanwhile comes behind what it was asked for before.
        while self.release_disk_op() {}
        self.held_ops = None;
    }

    /// What the disk was asked for and has not done.
    pub(crate) fn held_ops(&self) -> impl Iterator<Item = &DiskOp> {
        self.held_ops.iter().flatten().map(|(_, op)| op)
    }

    /// The disk does the first thing that it was asked for; false if there is none.
    pub(crate) fn release_disk_op(&mut self) -> bool {
        let Some((ticket, op)) = self.held_ops.as_mut().and_then(VecDeque::pop_front) else { return false };
        let outcome = self.operate(op);
        self.event(Event::Disk { ticket, outcome });
        true
    }

    /// Lets time pass in steps to each timer.
    pub(crate) fn pass(&mut self, time: Duration) {
        let end = self.now.mono.after(time);
        while let Some(due) = self.node.deadline().filter(|due| *due <= end) {
            self.move_clock_to(due.max(self.now.mono));
            self.event(Event::Timers);
        }
        self.move_clock_to(end);
    }

    fn move_clock_to(&mut self, mono: Mono) {
        let passed = mono.0 - self.now.mono.0;
        self.now = Now { mono, wall: Wall(self.now.wall.0 + passed) };
    }

    fn next_peer(&mut self) -> Peer {
        let port = self.next_port;
        self.next_port += 1;
        let at = |port| SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port);
        Peer { remote: at(port), local: at(6379), descriptor: Some(8) }
    }

    fn event(&mut self, event: Event<'_>) {
        self.node.handle(event, self.now, &mut self.effects);
        self.carry();
    }

    /// Does what the node asks for until it asks for nothing.
    fn carry(&mut self) {
        loop {
            let actions: Vec<Action> = self.effects.drain().collect();
            if actions.is_empty() && (self.is_busy || !self.node.has_work()) {
                return;
            }
            for action in actions {
                self.carry_out(action);
            }
            if self.node.has_work() && !self.is_busy {
                self.node.work(1000, self.now, &mut self.effects);
            }
        }
    }

    fn carry_out(&mut self, action: Action) {
        match action {
            Action::OutputReady(conn) => self.drain(conn),
            Action::Dial { conn, .. } => self.dialled.push(conn),
            Action::Close(conn) => self.closed.push(conn),
            Action::Sleep(time) => self.slept += time,
            Action::ReleaseMemory => self.released += 1,
            Action::Disk { ticket, op } => match &mut self.held_ops {
                Some(held) => held.push_back((ticket, op)),
                None => {
                    let outcome = self.operate(op);
                    self.node.handle(Event::Disk { ticket, outcome }, self.now, &mut self.effects);
                }
            },
            Action::Listen { .. } => {
                let outcome = if self.refuses_host { Err(ListenFailure) } else { Ok(()) };
                self.node.handle(Event::Listening { outcome }, self.now, &mut self.effects);
            }
            Action::Note(note) => self.notes.push(note.to_string()),
            Action::PauseReading(conn) => self.paused.push(conn),
            Action::ResumeReading(conn) => self.paused.retain(|paused| *paused != conn),
            Action::CollectOutput(conn) => self.collected.push(conn),
            Action::Exit(_) => self.has_exited = true,
        }
    }

    fn operate(&mut self, op: DiskOp) -> DiskOutcome {
        match op {
            DiskOp::Create { file } => drop(self.disk.insert(file, Vec::new())),
            DiskOp::Append { file, bytes } => match &self.append_failure {
                Some(failure) => return DiskOutcome::Failed(failure.clone()),
                None => self.disk.entry(file).or_default().extend_from_slice(&bytes),
            },
            DiskOp::Rename { from, to } => {
                let contents = self.disk.remove(&from).unwrap_or_default();
                self.disk.insert(to, contents);
            }
            DiskOp::Remove { file } => drop(self.disk.remove(&file)),
            DiskOp::WriteAgain { file, from } => self.written_again.push((file, from)),
            DiskOp::Truncate { file, len } => self.disk.entry(file).or_default().truncate(len as usize),
            DiskOp::Read { file, offset, len } => {
                let Some(contents) = self.disk.get(&file) else { return DiskOutcome::Failed(DiskFailure::NotFound) };
                let from = contents.len().min(offset as usize);
                let to = contents.len().min(from + len as usize);
                return DiskOutcome::Bytes(contents[from..to].to_vec().into());
            }
            DiskOp::List { directory } => {
                let files = self.disk.iter().filter_map(|(name, contents)| {
                    let (within, name) = split_name(name);
                    (within == directory).then(|| (name.into(), contents.len() as u64))
                });
                return DiskOutcome::Listed(files.collect());
            }
            DiskOp::EnterDirectory { .. } if self.refuses_host => return DiskOutcome::Failed(DiskFailure::NotFound),
            DiskOp::EnterDirectory { path } => return DiskOutcome::Entered(alloc::format!("/{path}")),
            DiskOp::ReadConfig => {
                return match &self.config_file {
                    Ok(text) => DiskOutcome::Bytes(text.clone().into()),
                    Err(failure) => DiskOutcome::Failed(failure.clone()),
                };
            }
            DiskOp::ReplaceConfig { text } => self.config_file = Ok(String::from_utf8_lossy(&text).into_owned()),
            DiskOp::Sync { .. } | DiskOp::SyncDirectory { .. } => {
                if let Some(failure) = &self.sync_failure {
                    return DiskOutcome::Failed(failure.clone());
                }
            }
            DiskOp::CreateDirectory { .. } => {}
        }
        DiskOutcome::Done
    }

    /// A peer that took nothing reads again.
    pub(crate) fn hear(&mut self, conn: ConnId) {
        self.deaf.retain(|deaf| *deaf != conn);
        self.drain(conn);
        self.carry();
    }

    /// A peer that is deaf takes so many bytes nevertheless, if there are as many: how many it took.
    pub(crate) fn take(&mut self, conn: ConnId, bytes_max: usize) -> usize {
        let mut taken = 0;
        while taken < bytes_max {
            let mut slices = [&[][..]; 8];
            let filled = self.node.gather(conn, &mut slices);
            let there: usize = slices[..filled].iter().map(|slice| slice.len()).sum();
            let count = there.min(bytes_max - taken);
            if count == 0 {
                break;
            }
            self.node.sent(conn, count, self.now, &mut self.effects);
            self.carry();
            taken += count;
        }
        taken
    }

    fn drain(&mut self, conn: ConnId) {
        if self.deaf.contains(&conn) {
            return;
        }
        loop {
            let mut slices = [&[][..]; 8];
            let filled = self.node.gather(conn, &mut slices);
            let bytes = slices[..filled].concat();
            if bytes.is_empty() {
                return self.node.sent(conn, 0, self.now, &mut self.effects);
            }
            self.received.entry(conn).or_default().extend_from_slice(&bytes);
            self.node.sent(conn, bytes.len(), self.now, &mut self.effects);
        }
    }
}
