//! Is what a node finds after a crash what it had promised to keep, wherever the crash comes?
//!
//! A node is run once, while clients write, snapshots are made and its disk takes one operation after another. It is crashed behind each of these
//! operations, by a loss of power that leaves any of the things that it can leave, and by one of the process alone. The node that starts on what is
//! left must come up, its data must be those of some moment of the run, no earlier than the last write that was promised to last, and the place in a
//! history that it claims must be the one at which the data were like that.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use afterimage_core::codec::random::Random;
use afterimage_core::config::{Endpoint, SavePoint};
use afterimage_core::node::Probe;
use afterimage_core::port::{Action, ConnId, Effects, Event, Mono, Note, Now, Peer, Wall};
use afterimage_core::replication::Position;
use afterimage_core::{Config, Environment, Node};
use serde::Serialize;

use crate::disk::Disk;
use crate::plan::DiskPlan;

/// Rounds of background work and disk operations after which a node counts as one that never comes to rest.
const ROUNDS_MAX: usize = 100_000;
/// So many faults are told; the others are counted.
const FAULTS_TOLD_MAX: usize = 20;
/// Seeds of the incarnation that is crashed, and of those after it.
const SEED: u64 = 1;
const SEED_AFTER: u64 = 2;

/// What came of it.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Sweep {
    /// Commands that were carried out.
    pub commands: usize,
    /// Snapshots that were promised to last.
    pub promises: usize,
    /// Disk operations, behind each of which there was a crash.
    pub operations: usize,
    /// What was left after a crash, and started on.
    pub cases: usize,
    /// Cases in which what was left was another state than the last.
    pub older: usize,
    /// Cases in which a place in a history was claimed.
    pub claims: usize,
    /// Cases in which something was not as it must be.
    pub failed: usize,
    /// The first of these.
    pub faults: Vec<String>,
}

impl fmt::Display for Sweep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Sweep { commands, promises, operations, cases, older, claims, failed, faults } = self;
        writeln!(f, "{commands} commands, {promises} promises that they last, {operations} disk operations")?;
        writeln!(f, "{cases} crashes: {older} left an older state than the last, {claims} a place in a history")?;
        writeln!(f, "{failed} of them left what must not be")?;
        faults.iter().try_for_each(|fault| writeln!(f, "  {fault}"))
    }
}

/// Runs the node, and crashes it everywhere.
#[must_use]
pub fn sweep() -> Sweep {
    let mut run = Run::begin();
    for step in script() {
        run.step(&step);
    }
    run.crash_everywhere()
}

/// What happens in a run.
enum Step {
    /// A client sends a command.
    Command(String),
    /// Time passes.
    Pass(u64),
    /// The disk carries out so much of what it was asked for.
    Disk(usize),
}

/// Writes of several kinds between the steps of snapshots that begin by themselves and on demand.
fn script() -> Vec<Step> {
    let mut random = Random::new(SEED, 7);
    let mut steps = Vec::new();
    for round in 0..12 {
        for index in 0..4 {
            let (key, number) = (random.below(6), random.below(1000));
            steps.push(Step::Command(match random.below(6) {
                0 => format!("SET s{key} {number}"),
                1 => format!("RPUSH l{key} {number} {round}"),
                2 => format!("HSET h{key} f{index} {number}"),
                3 => format!("SADD m{key} {number}"),
                4 => format!("DEL s{key} l{key}"),
                _ => format!("SETEX e{key} 1000000 {number}"),
            }));
            steps.push(Step::Disk(random.below(3) as usize));
        }
        match random.below(4) {
            0 => steps.push(Step::Command("BGSAVE".to_owned())),
            1 => steps.push(Step::Command("FLUSHALL".to_owned())),
            _ => steps.push(Step::Pass(2100)),
        }
        steps.push(Step::Disk(random.below(8) as usize));
    }
    steps.push(Step::Command("SAVE".to_owned()));
    steps.push(Step::Disk(usize::MAX));
    steps
}

/// The data at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct State {
    digest: u64,
    position: Position,
}

/// A disk as a crash finds it, and the first state that may be found on it.
struct Crash {
    disk: Disk,
    /// In the order of the states of the run.
    promised: usize,
    last: usize,
}

/// A run of the node.
struct Run {
    host: Host,
    client: ConnId,
    states: Vec<State>,
    /// The state that the snapshot holds that is being made; the one of the last that was promised to last.
    saving: usize,
    promised: usize,
    promises: usize,
    commands: usize,
    crashes: Vec<Crash>,
}

impl Run {
    fn begin() -> Run {
        let disk = Disk::new(DiskPlan::default(), Random::new(SEED, 0));
        let mut host = Host::start(config(), SEED, disk);
        host.rest();
        let client = host.accept();
        // A replica asks for the stream, so that there is a history with places in it.
        let replica = host.accept();
        host.send(replica, "REPLCONF capa eof capa psync2\r\n");
        host.send(replica, "PSYNC ? -1\r\n");
        host.rest();
        let state = host.state();
        Run { host, client, states: vec![state], saving: 0, promised: 0, promises: 0, commands: 0, crashes: Vec::new() }
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Command(line) => {
                self.commands += 1;
                let client = self.client;
                self.host.send(client, &format!("{line}\r\n"));
            }
            Step::Pass(ms) => self.host.pass(*ms),
            Step::Disk(operations) => {
                for _ in 0..*operations {
                    if !self.host.move_disk() {
                        break;
                    }
                    self.note();
                    let (promised, last) = (self.promised, self.states.len() - 1);
                    self.crashes.push(Crash { disk: self.host.disk.clone(), promised, last });
                }
            }
        }
        self.note();
    }

    /// Remembers the state, and what the node has said of its snapshots.
    fn note(&mut self) {
        let state = self.host.state();
        if self.states.last() != Some(&state) {
            self.states.push(state);
        }
        for line in std::mem::take(&mut self.host.log) {
            if line == "Background saving started" {
                self.saving = self.states.len() - 1;
            } else if line.starts_with("DB saved on disk") {
                self.promised = self.saving;
                self.promises += 1;
            }
        }
    }

    fn crash_everywhere(self) -> Sweep {
        let mut sweep = Sweep {
            commands: self.commands,
            promises: self.promises,
            operations: self.crashes.len(),
            ..Sweep::default()
        };
        for (index, crash) in self.crashes.iter().enumerate() {
            let mut process_alone = crash.disk.clone();
            process_alone.abandon();
            let after_power_loss = crash.disk.losses().into_iter().map(|loss| {
                let mut disk = crash.disk.clone();
                disk.lose(&loss);
                (disk, format!("{loss:?}"))
            });
            for (disk, loss) in after_power_loss.chain([(process_alone, "the process alone".to_owned())]) {
                sweep.cases += 1;
                if let Err(why) = self.start_on(&disk, crash, &mut sweep) {
                    sweep.failed += 1;
                    if sweep.faults.len() < FAULTS_TOLD_MAX {
                        sweep.faults.push(format!("after operation {}, {loss}: {why}", index + 1));
                    }
                }
            }
        }
        sweep
    }

    /// Starts a node on what a crash has left, as a master and as a replica, which claims the place that it finds.
    fn start_on(&self, disk: &Disk, crash: &Crash, sweep: &mut Sweep) -> Result<(), String> {
        let found = restart(config(), disk)?.digest;
        let allowed = &self.states[crash.promised..=crash.last];
        let Some(behind) = allowed.iter().rev().position(|state| state.digest == found) else {
            let is_known = self.states.iter().any(|state| state.digest == found);
            return Err(if is_known { "a promised write is gone" } else { "the data were never like that" }.to_owned());
        };
        sweep.older += usize::from(behind > 0);
        let replicaof = Some(Endpoint { host: "10.0.0.9".to_owned(), port: 6379 });
        let replica = restart(Config { replicaof, ..config() }, disk)?;
        if !self.states.iter().any(|state| state.position.history == replica.position.history) {
            return Ok(());
        }
        sweep.claims += 1;
        let claimed = State { digest: replica.digest, position: replica.position };
        if self.states.contains(&claimed) {
            Ok(())
        } else {
            Err(format!("it claims {:?}, where the data were others", replica.position))
        }
    }
}

fn config() -> Config {
    Config { save: vec![SavePoint { seconds: 1, changes: 1 }], repl_diskless_sync_delay: 0, ..Config::default() }
}

fn restart(config: Config, disk: &Disk) -> Result<Probe, String> {
    let mut host = Host::start(config, SEED_AFTER, disk.clone());
    host.rest();
    match (&host.ended, host.is_ready) {
        (None, true) => Ok(host.node.probe()),
        _ => Err(format!("it does not start: {}", host.log.join(" | "))),
    }
}

/// A node with its disk, alone.
struct Host {
    node: Node,
    now: Now,
    disk: Disk,
    effects: Effects,
    log: Vec<String>,
    is_ready: bool,
    ended: Option<afterimage_core::port::ExitCode>,
}

impl Host {
    fn start(config: Config, seed: u64, disk: Disk) -> Host {
        let now = Now { mono: Mono(1_000_000), wall: Wall(1_720_000_000_000_000) };
        let environment = Environment { process_id: 1, ..Environment::default() };
        let mut effects = Effects::new();
        let mut node = Node::start(config, environment, seed, now, &mut effects);
        node.enable_audit();
        Host { node, now, disk, effects, log: Vec::new(), is_ready: false, ended: None }
    }

    fn accept(&mut self) -> ConnId {
        let at = |port| SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port);
        let peer = Peer { remote: at(50_000), local: at(6379), descriptor: None };
        let conn = self.node.accept(peer, self.now, &mut self.effects);
        self.carry_out();
        conn
    }

    fn send(&mut self, conn: ConnId, text: &str) {
        self.node.handle(Event::Received { conn, bytes: text.as_bytes() }, self.now, &mut self.effects);
        self.carry_out();
    }

    fn state(&self) -> State {
        let Probe { digest, position, .. } = self.node.probe();
        State { digest, position }
    }

    fn pass(&mut self, ms: u64) {
        let end = Mono(self.now.mono.0 + ms * 1000);
        while let Some(due) = self.node.deadline().filter(|due| *due <= end) {
            let passed = due.0.saturating_sub(self.now.mono.0);
            self.now = Now { mono: Mono(self.now.mono.0 + passed), wall: Wall(self.now.wall.0 + passed) };
            self.node.handle(Event::Timers, self.now, &mut self.effects);
            self.carry_out();
        }
        let passed = end.0.saturating_sub(self.now.mono.0);
        self.now = Now { mono: end, wall: Wall(self.now.wall.0 + passed) };
    }

    /// The disk does the next thing that it was asked for; false if there is none.
    fn move_disk(&mut self) -> bool {
        let Some((ticket, outcome)) = self.disk.complete() else { return false };
        self.node.handle(Event::Disk { ticket, outcome }, self.now, &mut self.effects);
        self.carry_out();
        true
    }

    /// Until nothing is left to do.
    fn rest(&mut self) {
        self.carry_out();
        for _ in 0..ROUNDS_MAX {
            if self.ended.is_some() || !self.move_disk() {
                return;
            }
        }
        unreachable!("the node does not come to rest");
    }

    fn carry_out(&mut self) {
        for _ in 0..ROUNDS_MAX {
            let actions: Vec<Action> = self.effects.drain().collect();
            for action in actions {
                self.carry_out_one(action);
            }
            if self.node.has_work() {
                self.node.work(1000, self.now, &mut self.effects);
            } else if self.effects.is_empty() {
                return;
            }
        }
        unreachable!("the node does not come to rest");
    }

    fn carry_out_one(&mut self, action: Action) {
        match action {
            Action::OutputReady(conn) => self.swallow(conn),
            Action::Disk { ticket, op } => drop(self.disk.submit(ticket, op)),
            Action::Note(Note::Ready) => self.is_ready = true,
            Action::Note(note) => self.log.push(note.to_string()),
            Action::Exit(code) => self.ended = Some(code),
            Action::Listen { .. } => {
                self.node.handle(Event::Listening { outcome: Ok(()) }, self.now, &mut self.effects);
            }
            Action::Dial { .. }
            | Action::Close(_)
            | Action::PauseReading(_)
            | Action::ResumeReading(_)
            | Action::CollectOutput(_)
            | Action::Sleep(_)
            | Action::ReleaseMemory => {}
        }
    }

    fn swallow(&mut self, conn: ConnId) {
        loop {
            let mut slices = [&[][..]; 8];
            let filled = self.node.gather(conn, &mut slices);
            let count: usize = slices[..filled].iter().map(|slice| slice.len()).sum();
            if count == 0 {
                return;
            }
            self.node.sent(conn, count, self.now, &mut self.effects);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_promised_is_found_after_every_crash_and_no_place_is_claimed_that_the_data_are_not_at() {
        let sweep = sweep();
        assert_eq!(sweep.failed, 0, "{sweep}");
        assert!(sweep.promises > 5 && sweep.cases > 1000, "it shows something: {sweep}");
        assert!(sweep.older > 100 && sweep.claims > 100, "it shows something: {sweep}");
    }
}
