//! A data set on its way from our master: the preamble, the bytes, the end.
//!
//! With `repl-diskless-load swapdb`, or `on-empty-db` on a node without data, the data are built beside those that are served, as they come. Else the
//! bytes go on to a file ([`super::incoming_file`]), and are only checked on their way. In either case nothing is dropped before the last byte has
//! come and the checksum holds.
//!
//! Differs: a Redis goes on serving with `swapdb` only if the master's history is the one it was in, and else answers LOADING; here it always does.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::codec::number::parse_u64;
use crate::persistence::{LoadError, Loaded, Loader, Progress};
use crate::port::{DiskFailure, Effects, Level, Now};
use crate::replication::Position;

use super::load::{LoadProgress, note_remarks};
use super::storage::APPEND_BYTES;

/// Bytes of a mark that ends a data set of unknown length.
const MARK_BYTES: usize = 40;
/// Longest preamble line.
const LINE_BYTES_MAX: usize = 1024;

/// Why a data set was refused; what we have stays as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum IncomingError {
    /// The preamble is no preamble.
    Preamble(String),
    /// The master gave up.
    Refused(String),
    /// The data are wrong.
    Data(LoadError),
    /// The data ended before the length that was told, or went on after it.
    Length,
    /// Something else than the mark came after the data.
    Mark,
    /// The file for the data cannot be written.
    Disk(DiskFailure),
}

impl fmt::Display for IncomingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            IncomingError::Preamble(line) => {
                write!(f, "Bad protocol from MASTER, the first byte is not '$' (we received '{line}')")
            }
            IncomingError::Refused(line) => write!(f, "MASTER aborted replication with an error: {line}"),
            IncomingError::Data(error) => write!(
                f,
                "Failed trying to load the MASTER synchronization DB: Internal error in RDB reading offset {} -> {error}",
                error.position
            ),
            IncomingError::Length => f.write_str("The MASTER synchronization DB has another length than was announced"),
            IncomingError::Mark => f.write_str("Replication stream EOF marker is broken"),
            IncomingError::Disk(failure) => write!(
                f,
                "Write error writing to the DB dump file needed for MASTER <-> REPLICA synchronization: {failure}"
            ),
        }
    }
}

#[derive(Clone, Debug)]
enum Stage {
    /// `$<length>` or `$EOF:<mark>` must come; keepalives may come before it.
    Preamble { line: Vec<u8> },
    /// The data, this many bytes of them still to come.
    Counted { left: u64 },
    /// The data, until they end by themselves and the mark follows.
    Marked { mark: [u8; MARK_BYTES] },
    /// The data are complete; this much of the mark is still to come.
    Mark { mark: [u8; MARK_BYTES], seen: usize },
    /// All was received.
    Complete,
}

/// What became of bytes.
pub(super) struct Taken {
    /// How many of them belong to the data set.
    pub(super) count: usize,
    /// What is to be added to the file now.
    pub(super) for_file: Option<Vec<u8>>,
    /// There is no more to come.
    pub(super) is_complete: bool,
}

/// A data set that is being received.
#[derive(Clone, Debug)]
pub(crate) struct Incoming {
    /// The position of the data, if the master told it.
    pub(super) position: Option<Position>,
    stage: Stage,
    loader: Box<Loader>,
    /// What is to go to the file, if there is one.
    for_file: Option<Vec<u8>>,
    /// Bytes announced, for INFO; zero if unknown.
    pub(super) total_bytes: u64,
    /// When the preamble was read, once it was.
    begun_at: Option<Now>,
    /// The data end with a mark, and the master waits for an acknowledgement.
    pub(super) has_mark: bool,
    /// [`Defect::EofMarkSplit`](crate::museum::Defect): the mark must be the end of a read.
    mark_ends_read: bool,
}

impl Incoming {
    /// Data that are built as they come.
    pub(super) fn building(position: Option<Position>, loader: Loader) -> Incoming {
        let stage = Stage::Preamble { line: Vec::new() };
        let loader = Box::new(loader);
        Incoming {
            position,
            stage,
            loader,
            for_file: None,
            total_bytes: 0,
            begun_at: None,
            has_mark: false,
            mark_ends_read: false,
        }
    }

    /// Data that are checked as they come, and go on to a file.
    pub(super) fn checking(position: Option<Position>, checker: Loader) -> Incoming {
        Incoming { for_file: Some(Vec::new()), ..Incoming::building(position, checker) }
    }

    /// The same, with a mark that is only found at the end of a read if so.
    pub(super) fn with_mark_at_end_of_read(self, mark_ends_read: bool) -> Incoming {
        Incoming { mark_ends_read, ..self }
    }

    /// [`Defect::NewlineCounted`](crate::museum::Defect): the newlines before the preamble become a part of the stream.
    pub(super) fn count_newlines(&mut self, bytes: &[u8]) {
        let Stage::Preamble { line } = &self.stage else { return };
        let newlines = bytes.iter().take_while(|byte| **byte == b'\n').count();
        if let Some(position) = self.position.as_mut().filter(|_| line.is_empty()) {
            position.offset += newlines as u64;
        }
    }

    /// [`Defect::SwapOnBadEof`](crate::museum::Defect): data that were built and whose mark is still to come.
    pub(super) fn data_before_mark(&self) -> Option<Loaded> {
        let is_built = matches!(self.stage, Stage::Mark { .. }) && !self.is_for_file();
        is_built.then(|| self.loader.clone().finish().ok()).flatten()
    }

    /// True if the bytes go on to a file.
    pub(super) fn is_for_file(&self) -> bool {
        self.for_file.is_some()
    }

    /// What is to be added to the file, once it is `bytes_min` long.
    fn take_for_file(&mut self, bytes_min: usize) -> Option<Vec<u8>> {
        let waiting = self.for_file.as_mut().filter(|waiting| waiting.len() >= bytes_min)?;
        Some(core::mem::take(waiting))
    }

    /// Bytes of the data received and understood.
    pub(super) fn read_bytes(&self) -> u64 {
        self.loader.consumed()
    }

    /// What reads it.
    pub(super) fn loader(&self) -> &Loader {
        &self.loader
    }

    /// How far building it has come.
    pub(super) fn progress(&self) -> Option<LoadProgress> {
        Some(LoadProgress::of(&self.loader, self.total_bytes, self.begun_at?))
    }

    /// True once the preamble was read.
    pub(super) fn has_begun(&self) -> bool {
        !matches!(self.stage, Stage::Preamble { .. })
    }

    /// True if a part of the mark has come, and the rest has not.
    pub(super) fn is_within_mark(&self) -> bool {
        matches!(self.stage, Stage::Mark { seen: 1.., .. })
    }

    /// What the log says when the preamble was read.
    fn announcement(&self) -> String {
        let to = if self.is_for_file() { "disk" } else { "parser" };
        match self.has_mark {
            true => format!("MASTER <-> REPLICA sync: receiving streamed RDB from master with EOF to {to}"),
            false => {
                let bytes = self.total_bytes;
                format!("MASTER <-> REPLICA sync: receiving {bytes} bytes from master to {to}")
            }
        }
    }

    /// Takes in bytes, and tells of them in the log.
    pub(super) fn take_in(&mut self, bytes: &[u8], now: Now, effects: &mut Effects) -> Result<Taken, IncomingError> {
        let had_begun = self.has_begun();
        let outcome = self.feed(bytes);
        if self.has_begun() && !had_begun {
            self.begun_at = Some(now);
            effects.say(Level::Notice, || self.announcement());
        }
        note_remarks(self.loader.take_remarks(), effects);
        let (count, is_complete) = outcome?;
        let for_file = self.take_for_file(if is_complete { 1 } else { APPEND_BYTES });
        Ok(Taken { count, for_file, is_complete })
    }

    /// Takes in bytes; returns how many of them belong to it, and whether it is complete.
    fn feed(&mut self, bytes: &[u8]) -> Result<(usize, bool), IncomingError> {
        let mut used = 0;
        while used < bytes.len() && !matches!(self.stage, Stage::Complete) {
            used += self.step(&bytes[used..])?;
        }
        Ok((used, matches!(self.stage, Stage::Complete)))
    }

    /// The data.
    pub(super) fn finish(self) -> Result<Loaded, IncomingError> {
        self.loader.finish().map_err(IncomingError::Data)
    }

    fn step(&mut self, bytes: &[u8]) -> Result<usize, IncomingError> {
        match &mut self.stage {
            Stage::Preamble { line } => {
                let end = bytes.iter().position(|&b| b == b'\n');
                line.extend_from_slice(&bytes[..end.unwrap_or(bytes.len())]);
                if line.len() > LINE_BYTES_MAX {
                    return Err(IncomingError::Preamble(String::from_utf8_lossy(&line[..80]).into_owned()));
                }
                let Some(end) = end else { return Ok(bytes.len()) };
                let line = core::mem::take(line);
                self.on_preamble(line.strip_suffix(b"\r").unwrap_or(&line))?;
                Ok(end + 1)
            }
            Stage::Counted { left } => {
                let count = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
                let progress = self.loader.feed(&bytes[..count]).map_err(IncomingError::Data)?;
                *left -= count as u64;
                let left = *left;
                self.pass_on(&bytes[..count]);
                match (progress, left) {
                    (Progress::Complete { unread: 0 }, 0) => self.stage = Stage::Complete,
                    (Progress::Complete { .. }, _) | (Progress::More, 0) => return Err(IncomingError::Length),
                    (Progress::More, _) => {}
                }
                Ok(count)
            }
            Stage::Marked { mark } => {
                let unread = match self.loader.feed(bytes).map_err(IncomingError::Data)? {
                    Progress::More => 0,
                    Progress::Complete { unread } => {
                        self.stage = Stage::Mark { mark: *mark, seen: 0 };
                        unread
                    }
                };
                let count = bytes.len() - unread;
                self.pass_on(&bytes[..count]);
                Ok(count)
            }
            Stage::Mark { mark, seen } => {
                let count = bytes.len().min(MARK_BYTES - *seen);
                let is_mark = mark.get(*seen..*seen + count) == bytes.get(..count);
                if self.mark_ends_read && (!is_mark || bytes.len() > count) {
                    return Ok(bytes.len());
                }
                if !is_mark {
                    return Err(IncomingError::Mark);
                }
                *seen += count;
                if *seen == MARK_BYTES {
                    self.stage = Stage::Complete;
                }
                Ok(count)
            }
            Stage::Complete => Ok(0),
        }
    }

    fn pass_on(&mut self, bytes: &[u8]) {
        if let Some(waiting) = &mut self.for_file {
            waiting.extend_from_slice(bytes);
        }
    }

    fn on_preamble(&mut self, line: &[u8]) -> Result<(), IncomingError> {
        let shown = || String::from_utf8_lossy(&line[..line.len().min(80)]).into_owned();
        let Some(rest) = line.strip_prefix(b"$") else {
            return match line.first() {
                None => Ok(()),
                Some(b'-') => Err(IncomingError::Refused(shown())),
                Some(_) => Err(IncomingError::Preamble(shown())),
            };
        };
        if let Some(mark) = rest.strip_prefix(b"EOF:") {
            let mark = mark.try_into().map_err(|_| IncomingError::Preamble(shown()))?;
            self.stage = Stage::Marked { mark };
            self.has_mark = true;
        } else {
            let left = parse_u64(rest).ok_or_else(|| IncomingError::Preamble(shown()))?;
            self.total_bytes = left;
            self.stage = Stage::Counted { left };
        }
        Ok(())
    }
}
