//! An operation of the disk fails: does the node recover by itself, and keep what it promises from then on?

use afterimage_core::port::{DiskFailure, ExitCode};

use crate::alone::Interleaving;

use super::Part;
use super::restart::Restarts;
use super::run::Run;
use super::script::Keeping;

/// Times that a node is given to recover, of six seconds each.
const RECOVERY_ROUNDS_MAX: usize = 20;

impl Run {
    /// Makes the run once more for each operation of its disk and each way in which that can fail.
    pub(super) fn fail_everywhere(&self, lanes: &Interleaving, restarts: &mut Restarts, part: &mut Part) {
        for index in 0..self.host.operations {
            for failure in [DiskFailure::NoSpace, DiskFailure::Other("Input/output error".to_owned())] {
                if self.course.is_over(part) {
                    return;
                }
                part.failures += 1;
                let told = failure.to_string();
                let run = Run::through(self.course, lanes, Some((index, failure)));
                let told = format!("operation {}, {}, fails ({told})", index + 1, run.host.failed);
                if let Err(why) = run.recovers(restarts) {
                    part.note_fault(format!("{told}: {why}"));
                }
            }
        }
    }

    /// After an operation has failed: with time, all is well again, and what is written is promised and kept.
    fn recovers(mut self, restarts: &mut Restarts) -> Result<(), String> {
        for _ in 0..RECOVERY_ROUNDS_MAX {
            if let Some(code) = self.host.ended {
                // What could not be read at start ends it; nothing was harmed.
                let is_refusal = !self.host.is_ready && code == ExitCode::Failed;
                return if is_refusal { Ok(()) } else { Err(format!("it has ended: {}", self.host.log.join(" | "))) };
            }
            self.host.pass_with_disk(6_000);
            self.master.tend(&mut self.host);
            self.note();
            self.command(if self.course.keeping.follows() { "REPLICAOF NO ONE" } else { "PING" }, false);
            self.host.pass_with_disk(100);
            self.note();
            if self.unanswered.is_empty() && self.is_last_well {
                return self.keeps_what_comes(restarts);
            }
        }
        Err(format!("it does not recover: {}", self.host.log.join(" | ")))
    }

    /// What is written now is kept, though all is lost that was not synced.
    fn keeps_what_comes(mut self, restarts: &mut Restarts) -> Result<(), String> {
        let proof = if self.course.keeping == Keeping::Snapshots { "SAVE" } else { "WAITAOF 1 0 0" };
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
        let found = restarts.on(&disk)?.digest;
        if Some(found) == last { Ok(()) } else { Err("what was written after it had recovered is gone".to_owned()) }
    }
}
