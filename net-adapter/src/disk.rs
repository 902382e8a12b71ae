//! Who carries out disk operations? Two threads per node, each of them one lane: what is about files in a directory within the node's own goes
//! into one, everything else into the other. An append-only file so never waits until a large snapshot has reached the disk.
//!
//! A lane keeps the order in which it was asked. Between the lanes there is none, and none is needed: the node waits for the answer before it
//! asks for what depends on it, as when it moves a finished file from its own directory into another. Each lane keeps files open under their
//! names; a file that changes lanes by its name is therefore moved by one and forgotten by both. A directory that is entered is entered by both
//! at the same place among the operations.
//!
//! The reactor never waits for a disk: it hands operations over by channels, and their outcomes come back by another.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};

use afterimage_core::port::{DiskFailure, DiskOp, DiskOutcome, FileName, Lane, Ticket};
use bytes::Bytes;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// What is read at once of a file that is written again.
const PIECE_BYTES: usize = 256 * 1024;

/// How many files a lane keeps open for appending. A node appends to a log and a snapshot or two at a time.
const OPEN_FILES_MAX: usize = 8;

/// An answer on its way back to the node.
pub(crate) type Answer = (Ticket, DiskOutcome);

/// The reactor's end of both lanes. Dropping it waits until all that was asked for is done.
pub(crate) struct Disk {
    /// For files in the node's own directory, and all that is about no file.
    outer: Worker,
    /// For files in directories within it.
    inner: Worker,
}

/// The reactor's end of the thread of one lane.
struct Worker {
    /// `None` only while it is dropped: that is what ends the thread.
    orders: Option<mpsc::Sender<Order>>,
    thread: Option<JoinHandle<()>>,
}

/// What a lane is told.
enum Order {
    /// To carry out an operation, with room for what it reads.
    Operate(Ticket, DiskOp, Vec<u8>),
    /// To enter a directory, and to tell the other lane.
    Enter(Ticket, DiskOp, mpsc::Sender<PathBuf>),
    /// To wait until the other lane has entered a directory, and to follow it.
    Follow(mpsc::Receiver<PathBuf>),
    /// To let go of a file: the other lane gives its name to another, or it another name.
    Forget(FileName),
}

impl Disk {
    /// Starts the threads for the files in `directory`, and the configuration file. The number of answers under way is bounded by the number of
    /// operations, which is the node's to bound.
    pub(crate) fn start(directory: &str, config_file: &str) -> io::Result<(Disk, UnboundedReceiver<Answer>)> {
        let (outbox, answers) = unbounded_channel();
        let files = || Files::new(PathBuf::from(directory), PathBuf::from(config_file));
        let outer = Worker::start("disk", files(), outbox.clone())?;
        let inner = Worker::start("disk-inner", files(), outbox)?;
        Ok((Disk { outer, inner }, answers))
    }

    /// Asks for an operation.
    pub(crate) fn submit(&self, ticket: Ticket, op: DiskOp) {
        if let DiskOp::EnterDirectory { .. } = op {
            let (tell, told) = mpsc::channel();
            self.outer.send(Order::Enter(ticket, op, tell));
            return self.inner.send(Order::Follow(told));
        }
        if let DiskOp::Rename { from, to } = &op
            && Lane::of_file(from) != Lane::of_file(to)
        {
            let outer = if Lane::of_file(from) == Lane::Outer { from } else { to };
            self.outer.send(Order::Forget(outer.clone()));
        }
        // What is read is freed by the reactor's thread. An allocator that keeps memory by threads has it back at once only if it comes from there.
        let room = match &op {
            DiskOp::Read { len, .. } => Vec::with_capacity(*len as usize),
            _ => Vec::new(),
        };
        let worker = match op.lane() {
            Lane::Outer => &self.outer,
            Lane::Inner => &self.inner,
        };
        worker.send(Order::Operate(ticket, op, room));
    }
}

impl Worker {
    fn start(name: &str, files: Files, outbox: UnboundedSender<Answer>) -> io::Result<Worker> {
        let (orders, inbox) = mpsc::channel();
        let thread = thread::Builder::new().name(name.into()).spawn(move || serve(files, &inbox, &outbox))?;
        Ok(Worker { orders: Some(orders), thread: Some(thread) })
    }

    fn send(&self, order: Order) {
        // The thread ends only after this sender, so that a failure means that it died of a bug of ours.
        let orders = self.orders.as_ref().expect("it is there until the drop");
        orders.send(order).expect("the disk thread outlives its handle");
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        drop(self.orders.take());
        if let Some(thread) = self.thread.take() {
            // Its panic, should there be one, has been told already.
            let _ = thread.join();
        }
    }
}

fn serve(mut files: Files, inbox: &mpsc::Receiver<Order>, outbox: &UnboundedSender<Answer>) {
    while let Ok(order) = inbox.recv() {
        let (ticket, outcome) = match order {
            Order::Operate(ticket, op, room) => (ticket, files.carry_out(op, room)),
            Order::Enter(ticket, op, tell) => {
                let outcome = files.carry_out(op, Vec::new());
                if let DiskOutcome::Entered(name) = &outcome {
                    // The other lane is there unless it died of a bug of ours.
                    let _ = tell.send(PathBuf::from(name));
                }
                (ticket, outcome)
            }
            Order::Follow(told) => {
                // Nothing is told if the other lane has stayed where it was.
                if let Ok(directory) = told.recv() {
                    files.go_to(directory);
                }
                continue;
            }
            Order::Forget(name) => {
                files.forget(&name);
                continue;
            }
        };
        // Nobody listens any more once the node has ended; what it asked for is done nevertheless.
        let _ = outbox.send((ticket, outcome));
    }
}

/// The files of one directory, some of them open.
struct Files {
    directory: PathBuf,
    /// Absolute; empty if there is none.
    config_file: PathBuf,
    /// Open for appending.
    appending: BTreeMap<FileName, File>,
    /// The file that was read last: files are read from end to end.
    reading: Option<(FileName, File)>,
}

impl Files {
    fn new(directory: PathBuf, config_file: PathBuf) -> Files {
        Files { directory, config_file, appending: BTreeMap::new(), reading: None }
    }

    /// Carries out an operation; what is read goes into `room`, which is empty.
    fn carry_out(&mut self, op: DiskOp, room: Vec<u8>) -> DiskOutcome {
        let result = match op {
            DiskOp::Create { file } => self.create(file),
            DiskOp::Append { file, bytes } => self.append(file, &bytes),
            DiskOp::Sync { file } => self.sync(file),
            DiskOp::Rename { from, to } => self.rename(&from, to),
            DiskOp::SyncDirectory { directory } => self.sync_directory(&directory),
            DiskOp::CreateDirectory { directory } => self.create_directory(&directory),
            DiskOp::Truncate { file, len } => self.truncate(&file, len),
            DiskOp::WriteAgain { file, from } => self.write_again(&file, from),
            DiskOp::Remove { file } => self.remove(&file),
            DiskOp::Read { file, offset, len } => self.read(file, offset, len, room),
            DiskOp::List { directory } => self.list(&directory),
            DiskOp::EnterDirectory { path } => self.enter(&path),
            DiskOp::ReadConfig => fs::read(&self.config_file).map(|bytes| DiskOutcome::Bytes(bytes.into())),
            DiskOp::ReplaceConfig { text } => replace(&self.config_file, &text).map(|()| DiskOutcome::Done),
        };
        result.unwrap_or_else(|error| DiskOutcome::Failed(failure(&error)))
    }

    fn create(&mut self, name: FileName) -> io::Result<DiskOutcome> {
        let path = self.path(&name)?;
        self.forget(&name);
        let file = OpenOptions::new().create(true).write(true).truncate(true).open(path)?;
        // Reopened below in append mode: the two modes cannot be asked for together with truncation.
        drop(file);
        self.appender(name)?;
        Ok(DiskOutcome::Done)
    }

    fn append(&mut self, name: FileName, bytes: &Bytes) -> io::Result<DiskOutcome> {
        self.appender(name)?.write_all(bytes)?;
        Ok(DiskOutcome::Done)
    }

    fn sync(&mut self, name: FileName) -> io::Result<DiskOutcome> {
        self.appender(name)?.sync_data()?;
        Ok(DiskOutcome::Done)
    }

    fn rename(&mut self, from: &str, to: FileName) -> io::Result<DiskOutcome> {
        fs::rename(self.path(from)?, self.path(&to)?)?;
        let moved = self.appending.remove(from);
        self.forget(from);
        self.forget(&to);
        if let Some(file) = moved {
            self.appending.insert(to, file);
        }
        Ok(DiskOutcome::Done)
    }

    fn sync_directory(&self, name: &str) -> io::Result<DiskOutcome> {
        File::open(self.directory_path(name)?)?.sync_all()?;
        Ok(DiskOutcome::Done)
    }

    fn directory_path(&self, name: &str) -> io::Result<PathBuf> {
        if name.is_empty() { Ok(self.directory.clone()) } else { self.path(name) }
    }

    fn create_directory(&self, name: &str) -> io::Result<DiskOutcome> {
        let path = self.path(name)?;
        match fs::create_dir(&path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists && path.is_dir() => {}
            outcome => outcome?,
        }
        Ok(DiskOutcome::Done)
    }

    fn truncate(&self, name: &str, len: u64) -> io::Result<DiskOutcome> {
        let file = OpenOptions::new().write(true).open(self.path(name)?)?;
        if file.metadata()?.len() > len {
            file.set_len(len)?;
        }
        Ok(DiskOutcome::Done)
    }

    fn write_again(&self, name: &str, from: u64) -> io::Result<DiskOutcome> {
        let file = OpenOptions::new().read(true).write(true).open(self.path(name)?)?;
        let mut piece = vec![0; PIECE_BYTES];
        let mut at = from;
        loop {
            let len = file.read_at(&mut piece, at)?;
            if len == 0 {
                return Ok(DiskOutcome::Done);
            }
            file.write_all_at(&piece[..len], at)?;
            at += len as u64;
        }
    }

    fn remove(&mut self, name: &str) -> io::Result<DiskOutcome> {
        let path = self.path(name)?;
        self.forget(name);
        fs::remove_file(path)?;
        Ok(DiskOutcome::Done)
    }

    fn read(&mut self, name: FileName, offset: u64, len: u32, mut bytes: Vec<u8>) -> io::Result<DiskOutcome> {
        let file = self.reader(name)?;
        // The buffer is sized by what is there, not by what was asked for.
        let there = file.metadata()?.len().saturating_sub(offset).min(u64::from(len));
        bytes.resize(usize::try_from(there).expect("a u32 fits"), 0);
        let mut filled = 0;
        while filled < bytes.len() {
            match file.read_at(&mut bytes[filled..], offset + filled as u64) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        bytes.truncate(filled);
        Ok(DiskOutcome::Bytes(bytes.into()))
    }

    /// Regular files alone, and only such names as can be named in an operation.
    fn list(&self, directory: &str) -> io::Result<DiskOutcome> {
        let mut files = Vec::new();
        for entry in fs::read_dir(self.directory_path(directory)?)? {
            let entry = entry?;
            // A file may vanish between its name and its size; then it is not there.
            let Ok(metadata) = entry.metadata() else { continue };
            if let (true, Ok(name)) = (metadata.is_file(), entry.file_name().into_string()) {
                files.push((name, metadata.len()));
            }
        }
        files.sort();
        Ok(DiskOutcome::Listed(files))
    }

    /// Goes to another directory, as seen from this one.
    fn enter(&mut self, path: &str) -> io::Result<DiskOutcome> {
        let name = full_name(&self.directory.join(path))?;
        self.go_to(PathBuf::from(&name));
        Ok(DiskOutcome::Entered(name))
    }

    fn go_to(&mut self, directory: PathBuf) {
        *self = Files::new(directory, std::mem::take(&mut self.config_file));
    }

    /// An existing file, open for appending.
    fn appender(&mut self, name: FileName) -> io::Result<&mut File> {
        let path = self.path(&name)?;
        if self.appending.len() >= OPEN_FILES_MAX && !self.appending.contains_key(&name) {
            self.appending.pop_first();
        }
        Ok(match self.appending.entry(name) {
            std::collections::btree_map::Entry::Occupied(open) => open.into_mut(),
            std::collections::btree_map::Entry::Vacant(place) => {
                place.insert(OpenOptions::new().append(true).open(path)?)
            }
        })
    }

    fn reader(&mut self, name: FileName) -> io::Result<&File> {
        if self.reading.as_ref().is_none_or(|(open, _)| *open != name) {
            let file = File::open(self.path(&name)?)?;
            self.reading = Some((name, file));
        }
        Ok(&self.reading.as_ref().expect("it was opened above, or before").1)
    }

    fn forget(&mut self, name: &str) {
        self.appending.remove(name);
        self.reading.take_if(|(open, _)| open == name);
    }

    /// Refuses names that could lead out of the directory: a node names files, in the directory itself or in one that lies in it.
    fn path(&self, name: &str) -> io::Result<PathBuf> {
        let is_plain = |name: &str| Path::new(name).file_name().is_some_and(|last| last == name);
        let (directory, file) = name.split_once('/').unzip();
        if !directory.is_none_or(is_plain) || !is_plain(file.unwrap_or(name)) {
            return Err(io::Error::new(ErrorKind::InvalidInput, format!("'{name}' is not a plain file name")));
        }
        Ok(self.directory.join(name))
    }
}

/// The full name of a directory that can be read.
pub(crate) fn full_name(directory: &Path) -> io::Result<String> {
    let path = fs::canonicalize(directory)?;
    fs::read_dir(&path)?;
    path.into_os_string().into_string().map_err(|_| io::Error::new(ErrorKind::InvalidInput, "its name is not UTF-8"))
}

/// Replaces a file as a whole: whoever reads it, even after a crash, finds the old text or the new one.
fn replace(path: &Path, text: &[u8]) -> io::Result<()> {
    let directory = path.parent().unwrap_or(Path::new("/"));
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(format!(".{}.tmp", std::process::id()));
    let write = || {
        let mut file = OpenOptions::new().create(true).write(true).truncate(true).open(&temporary)?;
        if let Ok(old) = fs::metadata(path) {
            file.set_permissions(old.permissions())?;
        }
        file.write_all(text)?;
        file.sync_all()?;
        fs::rename(&temporary, path)?;
        File::open(directory)?.sync_all()
    };
    write().inspect_err(|_| {
        let _ = fs::remove_file(&temporary);
    })
}

fn failure(error: &io::Error) -> DiskFailure {
    match error.kind() {
        ErrorKind::NotFound => DiskFailure::NotFound,
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => DiskFailure::NoSpace,
        _ => {
            // The words of the C library alone, as Redis tells them.
            let text = error.to_string();
            DiskFailure::Other(text.split(" (os error").next().unwrap_or_default().to_owned())
        }
    }
}

#[cfg(test)]
#[path = "disk_lane_tests.rs"]
mod lane_tests;
#[cfg(test)]
#[path = "disk_tests.rs"]
mod tests;
