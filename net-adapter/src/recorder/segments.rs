//! In which files does a recording lie, and which of them go when there are too many?
//!
//! The newest segment has the name that was asked for; the ones before it have `.1`, `.2` and so on behind it, the higher, the older. When a segment is full, or
//! the process starts again, each moves up by one. What goes beyond the limit is removed, the oldest first, recordings of former starts included. A file that
//! is no recording is never touched.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use afterimage_core::recording::Head;

use crate::clock;

/// A segment's share of the limit.
const SEGMENTS: u64 = 8;
/// Less is not worth a file.
const SEGMENT_BYTES_MIN: u64 = 256 * 1024;
/// More takes long to read.
const SEGMENT_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Nobody but the owner may see what is written: it holds all data, and passwords.
const MODE: u32 = 0o600;

pub(super) struct Segments {
    path: PathBuf,
    /// Of the current segment.
    head: Head,
    file: File,
    written: u64,
    /// The sizes of the older segments: that of `.1` first.
    older: VecDeque<u64>,
}

impl Segments {
    /// Begins a recording. Fails if there is a file that is none, or to which another process records.
    pub(super) fn open(path: &Path, head: Head) -> io::Result<Segments> {
        let mut older = VecDeque::new();
        // What was the newest one so far becomes one of those with a number.
        let mut newest = None;
        if let Some(len) = look_at(path)? {
            newest = Some(len);
            lock(&File::open(path)?)?;
        }
        while let Some(len) = look_at(&numbered(path, older.len() + 1))? {
            older.push_back(len);
        }
        move_up(path, older.len(), newest.is_some())?;
        if let Some(len) = newest {
            older.push_front(len);
        }
        let (file, written) = begin(path, &head)?;
        let mut segments = Segments { path: path.to_owned(), head, file, written, older };
        segments.prune()?;
        Ok(segments)
    }

    /// Adds a frame, in a new segment if the current one is full. After a failure the file is as it was.
    pub(super) fn append(&mut self, head: &[u8], stored: &[u8]) -> io::Result<()> {
        let len = (head.len() + stored.len()) as u64;
        if self.written + len > self.segment_bytes() {
            self.turn_over()?;
        }
        let mut whole = self.file.write_all(head);
        if whole.is_ok() {
            whole = self.file.write_all(stored);
        }
        if whole.is_err() {
            // If that fails as well, the reader cuts it off.
            let _ = self.file.set_len(self.written);
            return whole;
        }
        self.written += len;
        Ok(())
    }

    fn segment_bytes(&self) -> u64 {
        (self.head.limit / SEGMENTS).clamp(SEGMENT_BYTES_MIN, SEGMENT_BYTES_MAX)
    }

    fn turn_over(&mut self) -> io::Result<()> {
        move_up(&self.path, self.older.len(), true)?;
        self.older.push_front(self.written);
        self.head.segment += 1;
        self.head.bytes_before += self.written;
        self.head.begun = clock::now();
        (self.file, self.written) = begin(&self.path, &self.head)?;
        self.prune()
    }

    /// Removes the oldest segments until a full one fits beside the rest.
    fn prune(&mut self) -> io::Result<()> {
        while self.older.iter().sum::<u64>() + self.segment_bytes() > self.head.limit {
            if self.older.is_empty() {
                break;
            }
            fs::remove_file(numbered(&self.path, self.older.len()))?;
            self.older.pop_back();
        }
        Ok(())
    }
}

fn begin(path: &Path, head: &Head) -> io::Result<(File, u64)> {
    let mut file = OpenOptions::new().append(true).create_new(true).mode(MODE).open(path)?;
    lock(&file)?;
    let head = head.encode();
    file.write_all(&head)?;
    Ok((file, head.len() as u64))
}

/// As long as the file is open, no other process records to it.
fn lock(file: &File) -> io::Result<()> {
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => {
            Err(io::Error::new(ErrorKind::ResourceBusy, "another process is recording to this file"))
        }
        // Some file systems have no locks.
        Err(TryLockError::Error(_)) => Ok(()),
    }
}

/// Gives all older segments, and the newest if it is there, the next higher number.
fn move_up(path: &Path, older: usize, has_newest: bool) -> io::Result<()> {
    if !has_newest {
        return Ok(());
    }
    for number in (1..=older).rev() {
        fs::rename(numbered(path, number), numbered(path, number + 1))?;
    }
    fs::rename(path, numbered(path, 1))
}

/// The size of a segment; `None` if there is no file.
fn look_at(path: &Path) -> io::Result<Option<u64>> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let metadata = file.metadata()?;
    let mut begin = [0; 8];
    // An empty file is what a crash right after its creation leaves.
    let is_ours = metadata.is_file()
        && (metadata.len() == 0 || (file.read_exact(&mut begin).is_ok() && Head::is_segment(&begin)));
    if is_ours {
        return Ok(Some(metadata.len()));
    }
    let text = format!("{} is there already, and is no recording", path.display());
    Err(io::Error::new(ErrorKind::AlreadyExists, text))
}

fn numbered(path: &Path, number: usize) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(format!(".{number}"));
    name.into()
}
