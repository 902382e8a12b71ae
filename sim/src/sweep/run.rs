//! One run of the node, and what it has promised on the way.

use std::collections::VecDeque;

use afterimage_core::codec::random::Random;
use afterimage_core::port::{ConnId, DiskFailure};
use afterimage_core::replication::Position;

use crate::alone::{Host, Interleaving, State};
use crate::disk::Disk;
use crate::plan::DiskPlan;
use crate::reply::{Reply, read_reply};

use super::master::Master;
use super::script::{Keeping, Step, script};
use super::{Course, SEED};

/// A disk as a crash finds it, and the first and the last state that may be found on it, in the order of the states of the run.
pub(super) struct Crash {
    pub(super) disk: Disk,
    pub(super) promised: usize,
    pub(super) last: usize,
}

/// A run of the node.
pub(super) struct Run {
    pub(super) course: Course,
    pub(super) host: Host,
    client: ConnId,
    another: ConnId,
    /// The offset from which the replica was sent the stream, if there is one.
    sent_from: Option<u64>,
    /// The state that the snapshot holds that is being made; the one of the last that was promised to last.
    saving: usize,
    promised: usize,
    pub(super) promises: usize,
    pub(super) commands: usize,
    /// Lines of the node's log that were looked at.
    log_read: usize,
    /// The states behind commands that were not answered yet, of which the answer is a promise, if it comes in the same spell.
    pub(super) unanswered: VecDeque<Option<(usize, u64)>>,
    pub(super) master: Master,
    /// The last reply was no error.
    pub(super) is_last_well: bool,
    pub(super) crashes: Vec<Crash>,
}

impl Run {
    /// A whole run. An operation of its disk, counted from the first, may fail.
    pub(super) fn through(course: Course, lanes: &Interleaving, failing: Option<(usize, DiskFailure)>) -> Run {
        let Course { keeping, seed, defects, .. } = course;
        let disk = Disk::new(DiskPlan::default(), Random::new(SEED, 0));
        let mut host = Host::start(keeping.config(), defects, SEED, disk);
        host.lanes = lanes.clone();
        host.failing = failing;
        host.pass_with_disk(100);
        let client = host.accept();
        host.client = Some(client);
        let another = host.accept();
        if keeping == Keeping::Snapshots {
            // A replica asks for the stream, so that there is a history with places in it.
            let replica = host.accept();
            host.send(replica, "REPLCONF capa eof capa psync2\r\n");
            host.send(replica, "PSYNC ? -1\r\n");
            host.rest();
        }
        let sent_from = if keeping == Keeping::Always { attach_replica(&mut host) } else { None };
        host.is_unhurried = true;
        let mut run = Run {
            course,
            host,
            client,
            another,
            sent_from,
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
                self.command(line, self.course.keeping.is_promise(line));
            }
            Step::ByAnother(line) => self.host.send(self.another, &format!("{line}\r\n")),
            Step::Transaction(lines) => {
                self.command("MULTI", false);
                for line in lines {
                    self.command(line, false);
                }
                self.command("EXEC", self.course.keeping.is_promise("EXEC"));
            }
            Step::FromMaster(database, lines) => self.master.write(*database, lines, &mut self.host),
            Step::MasterGone => self.master.go(&mut self.host),
            Step::MasterBack { with_other_data } => self.master.come_back(*with_other_data),
            Step::Pass(ms) => self.host.pass(*ms),
            Step::Disk(operations) => {
                for _ in 0..*operations {
                    let has_moved = self.host.move_disk();
                    if !(has_moved || (*operations == usize::MAX && self.host.work_on())) {
                        break;
                    }
                    self.note();
                    if !has_moved {
                        continue;
                    }
                    let (promised, last) = (self.promised, self.last());
                    self.crashes.push(Crash { disk: self.host.disk.clone(), promised, last });
                }
            }
        }
        if !matches!(step, Step::Disk(_)) {
            self.host.work_on();
        }
        self.master.tend(&mut self.host);
        self.note();
    }

    pub(super) fn command(&mut self, line: &str, promises: bool) {
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
    pub(super) fn note(&mut self) {
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
        self.note_sent_to_replica();
    }

    /// What a replica was sent of a stream that is synced before each reply is promised: it must not have what its master has lost.
    fn note_sent_to_replica(&mut self) {
        let Some(from) = self.sent_from else { return };
        let sent = from + self.host.sent_to_replica.len() as u64;
        let states = &self.host.states[self.promised.min(self.host.states.len())..];
        let news = states.iter().take_while(|state| state.position.offset <= sent).count().saturating_sub(1);
        if news > 0 {
            self.promised += news;
            self.promises += 1;
        }
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
}

/// A replica that has what is there goes on from here; the offset, unless that is refused.
fn attach_replica(host: &mut Host) -> Option<u64> {
    let Position { history, offset } = host.state().position;
    let replica = host.accept();
    host.replica = Some(replica);
    host.send(replica, "REPLCONF capa eof capa psync2\r\n");
    host.send(replica, &format!("PSYNC {history} {}\r\n", offset + 1));
    let said = std::mem::take(&mut host.sent_to_replica);
    said.starts_with(b"+OK\r\n+CONTINUE").then_some(offset)
}
