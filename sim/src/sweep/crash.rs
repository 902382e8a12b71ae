//! A node is started on what a crash has left: are the data those that must be there, and are they where it says?

use crate::alone::State;
use crate::disk::Disk;
use crate::plan::Crash as How;

use super::Part;
use super::restart::Restarts;
use super::run::{Crash, Run};

/// How many lives are crashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lives {
    /// That of the run.
    #[cfg(all(test, feature = "museum"))]
    One,
    /// And each that begins on what a crash of it has left.
    Two,
}

impl Run {
    /// Crashes behind each operation of the disk.
    pub(super) fn crash_everywhere(&self, lives: Lives, restarts: &mut Restarts, part: &mut Part) {
        for (index, crash) in self.crashes.iter().enumerate() {
            let mut process_alone = crash.disk.clone();
            process_alone.abandon();
            let after_power_loss = crash.disk.losses().into_iter().map(|loss| {
                let mut disk = crash.disk.clone();
                disk.lose(&loss);
                (disk, format!("{loss:?}"))
            });
            let after_power_loss = after_power_loss.map(|(disk, loss)| (How::Power, disk, loss));
            let of_process = (How::Process, process_alone, "the process alone".to_owned());
            for (how, disk, loss) in after_power_loss.chain([of_process]) {
                if self.course.is_over(part) {
                    return;
                }
                part.cases += 1;
                let outcome = self.start_on(&disk, crash, restarts, part);
                let second = |()| match lives {
                    #[cfg(all(test, feature = "museum"))]
                    Lives::One => Ok(()),
                    Lives::Two => self.live_again(&disk, how, crash, restarts, part),
                };
                if let Err(why) = outcome.and_then(second) {
                    part.note_fault(format!("after operation {}, {loss}: {why}", index + 1));
                }
            }
        }
    }

    /// Starts a node on what a crash has left, as a master and as a replica, which claims the place that it finds.
    fn start_on(&self, disk: &Disk, crash: &Crash, restarts: &mut Restarts, part: &mut Part) -> Result<(), String> {
        let states = &self.host.states;
        let found = restarts.on(disk)?;
        let allowed = &states[crash.promised..=crash.last];
        let Some(behind) = allowed.iter().rev().position(|state| state.digest == found.digest) else {
            let is_known = states.iter().any(|state| state.digest == found.digest);
            return Err(if is_known { "a promised write is gone" } else { "the data were never like that" }.to_owned());
        };
        part.older += usize::from(behind > 0);
        part.claims += usize::from(self.is_claim_true(&found.claimed?)?);
        Ok(())
    }

    /// True if the place that a replica claims is one of a history that there was; it must be one at which the data were like that.
    pub(super) fn is_claim_true(&self, claimed: &State) -> Result<bool, String> {
        let states = &self.host.states;
        if !states.iter().any(|state| state.position.history == claimed.position.history) {
            return Ok(false);
        }
        if states.contains(claimed) {
            Ok(true)
        } else {
            Err(format!("it claims {:?}, where the data were others", claimed.position))
        }
    }
}
