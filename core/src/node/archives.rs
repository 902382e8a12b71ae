//! Where does what a replica has go before another data set takes its place?
//!
//! To a file of its own beside the snapshot ([`ArchiveName`]), a snapshot like any other. What is to take its place waits meanwhile, in memory or in its file. If the
//! archive cannot be written, what we have stays, and the master is held off until it can ([`super::guard`]). The newest archives are kept, of this node's name alone.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use crate::command::CommandError;
use crate::marks::Mark;
use crate::persistence::{ArchiveName, Loaded};
use crate::port::{DiskOp, DiskOutcome, Effects, FileName, Level, Now};

use super::Node;
use super::guard::Quarantine;
use super::incoming_file::Arrived;
use super::storage::Errand;
use super::timers::Timer;

/// What waits for an archive, and what was written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Archives {
    /// Why what we have is written, and what is held against our master if it cannot be.
    held: Option<Box<Quarantine>>,
    /// A data set in memory that waits until ours is in the archive.
    waiting: Option<Box<(Loaded, Arrived)>>,
    /// Archives written.
    pub(crate) written: u64,
    /// The last one.
    pub(crate) last: Option<FileName>,
    /// The last attempt came to nothing.
    pub(crate) has_failed: bool,
}

impl Node {
    /// Has what we have written to a file, for this reason; a data set that is in memory waits here meanwhile, and one in a file there.
    pub(super) fn archive_first(
        &mut self,
        held: Box<Quarantine>,
        waiting: Option<(Loaded, Arrived)>,
        now: Now,
        effects: &mut Effects,
    ) {
        self.guard.archives.held = Some(held);
        self.guard.archives.waiting = waiting.map(Box::new);
        let seconds = u64::try_from(now.wall.seconds()).unwrap_or(0);
        let file =
            ArchiveName { dbfilename: &self.config.dbfilename, seconds, offset: self.history.offset() }.to_string();
        self.begin_archive(file, now, effects);
    }

    /// What we have is in the archive: now it can be replaced.
    pub(super) fn archive_is_written(&mut self, file: FileName, now: Now, effects: &mut Effects) {
        effects.say(Level::Warning, || format!(
            "What we had is in '{file}', as a snapshot. To have it back: start another server on it in this directory, without the configuration file of this one: afterimage-server --port 6390 --dbfilename {file}"
        ));
        self.mark(Mark::ArchiveWritten);
        let archives = &mut self.guard.archives;
        archives.held = None;
        archives.written += 1;
        archives.last = Some(file);
        archives.has_failed = false;
        let waiting = archives.waiting.take();
        self.disk(Errand::ListArchives, DiskOp::List { directory: String::new() }, effects);
        if let Some(waiting) = waiting {
            let (loaded, arrived) = *waiting;
            self.swap_in(loaded, arrived, now, effects);
            if self.follow.as_ref().is_some_and(|follow| follow.conn().is_none()) {
                self.timers.set(Timer::Redial, now.mono);
            }
        } else {
            self.advance_incoming(now, effects);
        }
    }

    /// What we have could not be written to a file: it stays, and the master is held off.
    pub(super) fn archive_failed(&mut self, why: &dyn fmt::Display, now: Now, effects: &mut Effects) {
        self.mark(Mark::ArchiveFailed);
        self.guard.archives.has_failed = true;
        let held = self.guard.archives.held.take();
        self.abandon_incoming(effects);
        if let Some(held) = held {
            let why =
                format!("{} What we have cannot be written to a file, so that it is not replaced: {why}.", held.why);
            self.hold_off(Quarantine { why, ..*held }, now, effects);
        }
    }

    /// True while a data set in memory waits for the archive.
    pub(super) fn has_waiting_data_set(&self) -> bool {
        self.guard.archives.waiting.is_some()
    }

    /// Gives up what waits for the archive, and that.
    pub(super) fn abandon_waiting(&mut self, effects: &mut Effects) {
        self.guard.archives.waiting = None;
        self.guard.archives.held = None;
        if self.is_archiving() {
            self.abandon_save(effects);
        }
    }

    /// Removes the oldest of our archives, so that as many are left as may be. Never the one that was written last, whatever the clock said then.
    pub(super) fn on_archives_listed(&mut self, outcome: DiskOutcome, effects: &mut Effects) {
        let DiskOutcome::Listed(files) = outcome else { return };
        let bytes_max = match self.config.replica_wipe_guard_archive_bytes {
            0 => u64::MAX,
            bytes => bytes,
        };
        let written_at = |name: &str| {
            ArchiveName::parse(name)
                .filter(|archive| archive.dbfilename == self.config.dbfilename)
                .map(|archive| archive.seconds)
        };
        let last = self.guard.archives.last.as_ref();
        let mut archives: Vec<(bool, u64, FileName, u64)> = files
            .into_iter()
            .filter_map(|(name, size)| Some((Some(&name) == last, written_at(&name)?, name, size)))
            .collect();
        archives.sort_by(|one, other| other.cmp(one));
        let mut bytes = 0_u64;
        for (place, (_, _, file, size)) in archives.into_iter().enumerate() {
            bytes = bytes.saturating_add(size);
            let is_one_too_many = place >= self.config.replica_wipe_guard_archives as usize || bytes > bytes_max;
            if place > 0 && is_one_too_many {
                self.disk(Errand::Nothing, DiskOp::Remove { file }, effects);
            }
        }
    }

    /// Refuses a master to a server whose snapshot is an archive: what that master sends would take its place.
    pub(super) fn spare_archive(&self) -> Result<(), CommandError> {
        match ArchiveName::parse(&self.config.dbfilename) {
            None => Ok(()),
            Some(_) => Err(CommandError::new(
                "ERR 'dbfilename' names an archive, and what a master sends would take its place. Restart the server under another 'dbfilename' first, or copy the file",
            )),
        }
    }
}
