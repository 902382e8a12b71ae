//! Does a life rely on what the one before it has not secured?
//!
//! On each disk that a crash leaves a node is started, and a client writes. Until it is told that this will last, power is lost behind each operation that changes something on the
//! disk: each number of the last changes of names is kept, with files whole, halved and empty (what a torn file does is seen in the first life). The third life must have what the
//! client was told to last; and if it was told nothing yet, the data of the life before, with the write or without, or a state that the first life could leave.

use std::ops::ControlFlow;

use afterimage_core::Config;

use crate::disk::Disk;
use crate::plan::Crash as How;
use crate::reply::{Reply, read_reply};

use super::restart::Restarts;
use super::run::{Crash, Run};
use super::script::Keeping;
use super::{Part, SEED_SECOND};
use crate::alone::Host;

/// Times that the second life is given to promise something, of a tenth of a second each.
const ROUNDS_MAX: usize = 50;

/// What may be found in the third life.
struct Allowed {
    /// What the first life may leave, and what the second has begun with.
    before: Vec<u64>,
    /// With the write of the second life.
    with_write: Option<u64>,
    /// The client was told that it lasts.
    is_promised: bool,
}

impl Allowed {
    /// Looks at what was found.
    fn judge(&self, found: u64) -> Result<(), &'static str> {
        let is_as_before = self.before.contains(&found);
        if self.with_write == Some(found) || is_as_before && !self.is_promised {
            Ok(())
        } else if is_as_before {
            Err("what the life before has promised is gone")
        } else {
            Err("the data were never like that")
        }
    }
}

impl Run {
    /// Begins a second life on what a crash has left, and crashes that. After a loss of power all that is there lasts, so a life is like any other that finds the same.
    pub(super) fn live_again(
        &self,
        disk: &Disk,
        how: How,
        crash: &Crash,
        restarts: &mut Restarts,
        part: &mut Part,
    ) -> Result<(), String> {
        if how == How::Power && !restarts.is_first_life_on(disk) {
            return Ok(());
        }
        part.second_lives += 1;
        let found = restarts.data_on(disk)?;
        let mut before: Vec<u64> = match how {
            How::Power => Vec::new(),
            How::Process => self.host.states[crash.promised..=crash.last].iter().map(|state| state.digest).collect(),
        };
        before.push(found);
        let config = Config { replicaof: None, ..self.course.keeping.config() };
        let host = Host::start(config, self.course.defects, SEED_SECOND, disk.clone());
        let allowed = Allowed { before, with_write: None, is_promised: false };
        Second { host, allowed, lines: promised_lines(self.course.keeping), restarts, part }.live()
    }
}

/// What a client says to be told at last that what it wrote lasts.
fn promised_lines(keeping: Keeping) -> &'static [&'static str] {
    match keeping {
        Keeping::Snapshots => &["SET second 1", "SAVE"],
        Keeping::Always | Keeping::ReplicaAlways => &["SET second 1"],
        Keeping::Everysec | Keeping::ReplicaEverysec => &["SET second 1", "WAITAOF 1 0 0"],
    }
}

/// The second life.
struct Second<'a> {
    host: Host,
    allowed: Allowed,
    lines: &'static [&'static str],
    restarts: &'a mut Restarts,
    part: &'a mut Part,
}

impl Second<'_> {
    fn live(mut self) -> Result<(), String> {
        self.host.carry_out();
        for _ in 0..ROUNDS_MAX {
            if self.go_on()?.is_break() {
                return Ok(());
            }
            if self.host.ended.is_some() {
                return Err(self.told("it ends"));
            }
            if self.host.is_ready && self.host.client.is_none() {
                self.write();
            } else {
                self.host.pass(100);
            }
        }
        Err(self.told("what is written is not promised"))
    }

    fn told(&self, what: &str) -> String {
        format!("in the second life {what}: {}", self.host.log.join(" | "))
    }

    fn write(&mut self) {
        let client = self.host.accept();
        self.host.client = Some(client);
        for line in self.lines {
            self.host.send(client, &format!("{line}\r\n"));
            // The first of them is the write, carried out at once and answered when it may be.
            self.allowed.with_write.get_or_insert(self.host.state().digest);
        }
    }

    /// All that the disk is asked for, and a crash behind each of it; over once the client was told.
    fn go_on(&mut self) -> Result<ControlFlow<()>, String> {
        loop {
            let before = self.host.disk.changes_made();
            let has_moved = self.host.move_disk() || self.host.work_on();
            let is_told = self.is_told()?;
            if is_told || self.host.disk.changes_made() != before {
                self.allowed.is_promised = is_told;
                self.crash()?;
            }
            if is_told {
                return Ok(ControlFlow::Break(()));
            }
            if !has_moved {
                return Ok(ControlFlow::Continue(()));
            }
        }
    }

    /// True once everything was answered.
    fn is_told(&self) -> Result<bool, String> {
        let (mut rest, mut answers) = (self.host.received.as_slice(), 0);
        while let Ok(Some((reply, len))) = read_reply(rest) {
            if matches!(reply, Reply::Error(_)) {
                return Err(self.told(&format!("the client is answered {reply}")));
            }
            rest = &rest[len..];
            answers += 1;
        }
        Ok(answers == self.lines.len())
    }

    /// Loses power in each way, and looks at what is left.
    fn crash(&mut self) -> Result<(), String> {
        let mut losses = self.host.disk.coarse_losses();
        losses.dedup();
        for loss in losses {
            let mut disk = self.host.disk.clone();
            disk.lose(&loss);
            self.part.second_crashes += 1;
            let found = self.restarts.data_on(&disk);
            if let Err(why) = found.and_then(|found| self.allowed.judge(found).map_err(str::to_owned)) {
                let promised =
                    if self.allowed.is_promised { "after its promise" } else { "before it has promised anything" };
                let changes = self.host.disk.changes_made();
                return Err(format!(
                    "the second life loses power {promised}, {changes} changes after the first has begun, {loss:?}: in the third, {why}"
                ));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_third_life_may_have_what_was_before_until_something_was_promised() {
        let mut allowed = Allowed { before: vec![1, 2], with_write: Some(3), is_promised: false };
        assert!([1, 2, 3].into_iter().all(|found| allowed.judge(found).is_ok()));
        assert!(allowed.judge(4).is_err());
        allowed.is_promised = true;
        assert_eq!([1, 2, 3].map(|found| allowed.judge(found).is_ok()), [false, false, true]);
    }
}
