//! Is what a node finds after a crash what it had promised to keep, wherever the crash comes?
//!
//! A node is run once, while clients write, snapshots and rewrites are made and its disk takes one operation after another. It is crashed behind each of
//! these operations, by a loss of power that leaves any of the things that it can leave, and by one of the process alone. The node that starts on what is
//! left must come up, its data must be those of some moment of the run, no earlier than the last write that was promised to last, and the place in a
//! history that it claims must be the one at which the data were like that.
//!
//! Then the run is made once more for each of the operations, which fails this time: the node must recover by itself, and keep what it has promised.
//!
//! The disk has two lanes that may overtake each other. All this is done for several orders in which they come to their operations.

mod host;
mod master;
mod rot;
mod script;

use std::collections::VecDeque;
use std::fmt;

use afterimage_core::Config;
use afterimage_core::codec::random::Random;
use afterimage_core::config::Endpoint;
use afterimage_core::node::Probe;
use afterimage_core::port::{ConnId, DiskFailure, ExitCode};
use serde::Serialize;

use crate::disk::Disk;
use crate::plan::DiskPlan;
use crate::reply::{Reply, read_reply};

use host::{Host, Interleaving, State};
use master::Master;
use script::{Keeping, Step, script};

/// So many faults are told; the others are counted.
const FAULTS_TOLD_MAX: usize = 20;
/// Times that a node is given to recover, of six seconds each.
const RECOVERY_ROUNDS_MAX: usize = 20;
/// Seeds of the incarnation that is crashed, and of those after it.
const SEED: u64 = 1;
const SEED_AFTER: u64 = 2;

/// What came of all runs.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Sweep {
    /// One for each way to keep data.
    pub parts: Vec<Part>,
}

/// What came of the runs of nodes that keep their data in one way.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Part {
    /// How the data are kept.
    pub keeping: &'static str,
    /// Commands that were carried out.
    pub commands: usize,
    /// Times at which something was promised to last.
    pub promises: usize,
    /// Disk operations, behind each of which there was a crash.
    pub operations: usize,
    /// What was left after a crash, and started on.
    pub cases: usize,
    /// Cases in which what was left was another state than the last.
    pub older: usize,
    /// Cases in which a place in a history was claimed.
    pub claims: usize,
    /// Bits that were flipped in files at rest: it started with the right data nevertheless.
    pub harmless: usize,
    /// Likewise: it refused to start, and told where the file is damaged.
    pub refused: usize,
    /// Runs in which an operation failed.
    pub failures: usize,
    /// Cases and runs in which something was not as it must be.
    pub failed: usize,
    /// The first of these.
    pub faults: Vec<String>,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Part { keeping, commands, promises, operations, cases, older, claims, failures, failed, faults, .. } = self;
        writeln!(f, "{keeping}:")?;
        writeln!(f, "  {commands} commands, {promises} promises that they last, {operations} disk operations")?;
        writeln!(f, "  {cases} crashes: {older} left an older state than the last, {claims} a place in a history")?;
        writeln!(f, "  {failures} operations that failed")?;
        let (harmless, refused) = (self.harmless, self.refused);
        writeln!(f, "  {} bits flipped: {refused} starts refused, {harmless} with the right data", harmless + refused)?;
        writeln!(f, "  {failed} of these left what must not be")?;
        faults.iter().try_for_each(|fault| writeln!(f, "    {fault}"))
    }
}

impl fmt::Display for Sweep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.parts.iter().try_for_each(|part| part.fmt(f))
    }
}

impl Sweep {
    /// True if nothing was as it must not be.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.parts.iter().all(|part| part.failed == 0)
    }
}

/// Runs nodes that keep their data in each way, and crashes them everywhere. `seed` draws what clients write.
#[must_use]
pub fn sweep(seed: u64) -> Sweep {
    sweep_orders(seed, &Interleaving::several(seed))
}

fn sweep_orders(seed: u64, orders: &[Interleaving]) -> Sweep {
    Sweep { parts: Keeping::ALL.into_iter().map(|keeping| sweep_one(keeping, seed, orders)).collect() }
}

fn sweep_one(keeping: Keeping, seed: u64, orders: &[Interleaving]) -> Part {
    let mut part = Part { keeping: keeping.name(), ..Part::default() };
    for (index, lanes) in orders.iter().enumerate() {
        let faults_before = part.faults.len();
        sweep_order(keeping, seed, lanes, &mut part);
        for fault in &mut part.faults[faults_before..] {
            fault.insert_str(0, &format!("order {} of the lanes, ", index + 1));
        }
    }
    part
}

/// The runs in which the lanes of the disk come to their operations in one order.
fn sweep_order(keeping: Keeping, seed: u64, lanes: &Interleaving, part: &mut Part) {
    let run = Run::through(keeping, seed, lanes, None);
    part.commands += run.commands;
    part.promises += run.promises;
    part.operations += run.crashes.len();
    run.crash_everywhere(part);
    run.rot_everywhere(part);
    for index in 0..run.host.operations {
        for failure in [DiskFailure::NoSpace, DiskFailure::Other("Input/output error".to_owned())] {
            part.failures += 1;
            let told = failure.to_string();
            let run = Run::through(keeping, seed, lanes, Some((index, failure)));
            let told = format!("operation {}, {}, fails ({told})", index + 1, run.host.failed);
            if let Err(why) = run.recovers() {
                part.note_fault(format!("{told}: {why}"));
            }
        }
    }
}

impl Part {
    fn note_fault(&mut self, fault: String) {
        self.failed += 1;
        if self.faults.len() < FAULTS_TOLD_MAX {
            self.faults.push(fault);
        }
    }
}

/// A disk as a crash finds it, and the first and the last state that may be found on it, in the order of the states of the run.
struct Crash {
    disk: Disk,
    promised: usize,
    last: usize,
}

/// A run of the node.
struct Run {
    keeping: Keeping,
    host: Host,
    client: ConnId,
    /// The state that the snapshot holds that is being made; the one of the last that was promised to last.
    saving: usize,
    promised: usize,
    promises: usize,
    commands: usize,
    /// Lines of the node's log that were looked at.
    log_read: usize,
    /// The states behind commands that were not answered yet, of which the answer is a promise, if it comes in the same spell.
    unanswered: VecDeque<Option<(usize, u64)>>,
    master: Master,
    /// The last reply was no error.
    is_last_well: bool,
    crashes: Vec<Crash>,
}

impl Run {
    /// A whole run. An operation of its disk, counted from the first, may fail.
    fn through(keeping: Keeping, seed: u64, lanes: &Interleaving, failing: Option<(usize, DiskFailure)>) -> Run {
        let disk = Disk::new(DiskPlan::default(), Random::new(SEED, 0));
        let mut host = Host::start(keeping.config(), SEED, disk);
        host.lanes = lanes.clone();
        host.failing = failing;
        host.pass_with_disk(100);
        let client = host.accept();
        host.client = Some(client);
        if keeping == Keeping::Snapshots {
            // A replica asks for the stream, so that there is a history with places in it.
            let replica = host.accept();
            host.send(replica, "REPLCONF capa eof capa psync2\r\n");
            host.send(replica, "PSYNC ? -1\r\n");
            host.rest();
        }
        let mut run = Run {
            keeping,
            host,
            client,
            saving: 0,
            promised: 0,
            promises: 0,
            commands: 0,
            unanswered: VecDeque::new(),
            log_read: 0,
            master: Master::new(),
            is_last_well: true,
            crashes: Vec::new(),
        };
        run.note();
        for step in script(keeping, seed) {
            run.step(&step);
        }
        run
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Command(line) => {
                self.command(line, self.keeping.is_promise(line));
            }
            Step::Transaction(lines) => {
                self.command("MULTI", false);
                for line in lines {
                    self.command(line, false);
                }
                self.command("EXEC", self.keeping.is_promise("EXEC"));
            }
            Step::FromMaster(database, lines) => self.master.write(*database, lines, &mut self.host),
            Step::MasterGone => self.master.go(&mut self.host),
            Step::MasterBack { with_other_data } => self.master.come_back(*with_other_data),
            Step::Pass(ms) => self.host.pass(*ms),
            Step::Disk(operations) => {
                for _ in 0..*operations {
                    if !self.host.move_disk() {
                        break;
                    }
                    self.note();
                    let (promised, last) = (self.promised, self.last());
                    self.crashes.push(Crash { disk: self.host.disk.clone(), promised, last });
                }
            }
        }
        self.master.tend(&mut self.host);
        self.note();
    }

    fn command(&mut self, line: &str, promises: bool) {
        self.commands += 1;
        // It may be carried out and answered at once: what it promises is known afterwards.
        self.host.send(self.client, &format!("{line}\r\n"));
        let promised = (self.last(), self.host.spell);
        self.unanswered.push_back((promises && self.host.is_promising()).then_some(promised));
        self.note();
    }

    fn last(&self) -> usize {
        self.host.states.len().saturating_sub(1)
    }

    /// Remembers what the node has said of its snapshots, and what it has answered.
    fn note(&mut self) {
        for line in &self.host.log[self.log_read..] {
            if line == "Background saving started" {
                self.saving = self.host.states.len().saturating_sub(1);
            } else if line.starts_with("DB saved on disk") {
                self.promised = self.saving;
                self.promises += 1;
            }
        }
        self.log_read = self.host.log.len();
        while let Ok(Some((reply, len))) = read_reply(&self.host.received) {
            self.is_last_well = !matches!(reply, Reply::Error(_));
            self.host.received.drain(..len);
            if let Some(Some((state, spell))) = self.unanswered.pop_front()
                && self.is_last_well
                && spell == self.host.spell
            {
                self.promised = self.promised.max(state);
                self.promises += 1;
            }
        }
        self.note_told_master();
    }

    /// What a replica tells its master to be on its disk is promised.
    fn note_told_master(&mut self) {
        let told = String::from_utf8_lossy(&self.host.told_master);
        let words: Vec<&str> = told.split("\r\n").collect();
        let offsets = words.windows(3).filter(|words| words[0] == "FACK").filter_map(|words| words[2].parse().ok());
        let Some(offset) = offsets.max() else { return };
        self.host.told_master.clear();
        // Offsets grow through the whole run: that is the first state at which it had come so far.
        let reached = |state: &State| state.position.offset >= offset;
        let since = self.promised;
        if let Some(state) = self.host.states[since.min(self.host.states.len())..].iter().position(reached) {
            self.promised = since + state;
            self.promises += 1;
        }
    }

    fn crash_everywhere(&self, part: &mut Part) {
        for (index, crash) in self.crashes.iter().enumerate() {
            let mut process_alone = crash.disk.clone();
            process_alone.abandon();
            let after_power_loss = crash.disk.losses().into_iter().map(|loss| {
                let mut disk = crash.disk.clone();
                disk.lose(&loss);
                (disk, format!("{loss:?}"))
            });
            for (disk, loss) in after_power_loss.chain([(process_alone, "the process alone".to_owned())]) {
                part.cases += 1;
                if let Err(why) = self.start_on(&disk, crash, part) {
                    part.note_fault(format!("after operation {}, {loss}: {why}", index + 1));
                }
            }
        }
    }

    /// Starts a node on what a crash has left, as a master and as a replica, which claims the place that it finds.
    fn start_on(&self, disk: &Disk, crash: &Crash, part: &mut Part) -> Result<(), String> {
        let states = &self.host.states;
        let found = restart(self.keeping.config(), disk)?.digest;
        let allowed = &states[crash.promised..=crash.last];
        let Some(behind) = allowed.iter().rev().position(|state| state.digest == found) else {
            let is_known = states.iter().any(|state| state.digest == found);
            return Err(if is_known { "a promised write is gone" } else { "the data were never like that" }.to_owned());
        };
        part.older += usize::from(behind > 0);
        let replicaof = Some(Endpoint { host: "10.0.0.9".to_owned(), port: 6379 });
        let replica = restart(Config { replicaof, ..self.keeping.config() }, disk)?;
        if !states.iter().any(|state| state.position.history == replica.position.history) {
            return Ok(());
        }
        part.claims += 1;
        let claimed = State { digest: replica.digest, position: replica.position };
        if states.contains(&claimed) {
            Ok(())
        } else {
            Err(format!("it claims {:?}, where the data were others", replica.position))
        }
    }

    /// After an operation has failed: with time, all is well again, and what is written is promised and kept.
    fn recovers(mut self) -> Result<(), String> {
        for _ in 0..RECOVERY_ROUNDS_MAX {
            if let Some(code) = self.host.ended {
                // What could not be read at start ends it; nothing was harmed.
                let is_refusal = !self.host.is_ready && code == ExitCode::Failed;
                return if is_refusal { Ok(()) } else { Err(format!("it has ended: {}", self.host.log.join(" | "))) };
            }
            self.host.pass_with_disk(6_000);
            self.master.tend(&mut self.host);
            self.note();
            self.command(if self.keeping.follows() { "REPLICAOF NO ONE" } else { "PING" }, false);
            self.host.pass_with_disk(100);
            self.note();
            if self.unanswered.is_empty() && self.is_last_well {
                return self.keeps_what_comes();
            }
        }
        Err(format!("it does not recover: {}", self.host.log.join(" | ")))
    }

    /// What is written now is kept, though all is lost that was not synced.
    fn keeps_what_comes(mut self) -> Result<(), String> {
        let proof = if self.keeping == Keeping::Snapshots { "SAVE" } else { "WAITAOF 1 0 0" };
        for line in ["SET last 1", proof] {
            self.command(line, false);
            self.host.pass_with_disk(2_000);
            self.note();
        }
        if !self.unanswered.is_empty() || !self.is_last_well {
            return Err("what is written is not promised".to_owned());
        }
        let last = self.host.states.last().map(|state| state.digest);
        let mut disk = self.host.disk.clone();
        disk.lose_all_unsynced();
        let found = restart(self.keeping.config(), &disk)?.digest;
        if Some(found) == last { Ok(()) } else { Err("what was written after it had recovered is gone".to_owned()) }
    }
}

fn restart(config: Config, disk: &Disk) -> Result<Probe, String> {
    let mut host = Host::start(config, SEED_AFTER, disk.clone());
    host.rest();
    match (&host.ended, host.is_ready) {
        (None, true) => Ok(host.node.probe()),
        _ => Err(format!("it does not start: {}", host.log.join(" | "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_promised_is_found_after_every_crash_and_no_place_is_claimed_that_the_data_are_not_at() {
        // The command tries all orders of the lanes.
        let sweep = sweep_orders(1, &Interleaving::several(1)[3..4]);
        assert!(sweep.passed(), "{sweep}");
        for part in &sweep.parts {
            assert!(part.promises > 3 && part.cases > 1000 && part.failures > 50, "it shows something: {part}");
            assert!(part.older > 100 && part.claims > 100, "it shows something: {part}");
        }
    }
}
