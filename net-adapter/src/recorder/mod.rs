//! Who writes down all that enters a node?
//!
//! [`Recorded`] stands between the reactor and the node: each call is written into a buffer of this thread before it is made, and what came out of it
//! is mixed in after. Whatever the node's environment answers meanwhile goes into the same buffer. A full buffer goes to a thread that packs and writes it
//! (`writer`); every tenth of a second so does one that is not full, so that no more than that is lost if the process is killed. A panic
//! loses nothing: a hook hands over what there is, the call that panics included.
//!
//! If the disk does not keep up, the recording ends, and says so in itself and in the log: nobody waits for it, and it does not grow in memory.

mod node;
mod segments;
#[cfg(test)]
mod tests;
mod writer;

use std::cell::RefCell;
use std::io;
use std::panic;
use std::path::PathBuf;
use std::time::Duration;

use afterimage_core::port::{Environment, ProcessorTimes};
use afterimage_core::recording::{Encoder, Ending};

pub(crate) use node::Recorded;
use writer::Writer;

use crate::{allocator, clock, process};

/// A buffer is handed over once it is so long: long enough to be packed well, short enough to stay in the processor's cache.
const CHUNK_BYTES: usize = 256 * 1024;

/// How often what is there is handed over all the same.
pub(crate) const HAND_OVER_INTERVAL: Duration = Duration::from_millis(100);

/// What is to be recorded, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Order {
    /// The newest segment; older ones have a number behind its name.
    pub(crate) file: PathBuf,
    /// Of all segments together, in bytes.
    pub(crate) limit: u64,
}

impl Order {
    /// The same for one of several nodes of a process.
    pub(crate) fn of_node(&self, port: u16) -> Order {
        let mut file = self.file.clone().into_os_string();
        file.push(format!("-{port}"));
        Order { file: file.into(), limit: self.limit }
    }
}

/// A recording of a node of this thread.
struct Recording {
    encoder: Encoder,
    writer: Writer,
    /// Why it ended before its node, until that was told.
    trouble: Option<Ending>,
}

/// The recordings of this thread.
struct Desk {
    recordings: Vec<Recording>,
    /// Of the node that is being called.
    current: Option<usize>,
}

thread_local! {
    static DESK: RefCell<Desk> = const { RefCell::new(Desk { recordings: Vec::new(), current: None }) };
}

/// Names a recording of this thread.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Recorder(usize);

impl Recorder {
    /// Begins a recording. The thread that writes it is there, and the file is.
    pub(crate) fn start(order: &Order, port: u16) -> io::Result<Recorder> {
        Ok(Recorder::with(Writer::start(order, port, clock::now())?))
    }

    fn with(writer: Writer) -> Recorder {
        DESK.with_borrow_mut(|desk| {
            desk.recordings.push(Recording { encoder: Encoder::default(), writer, trouble: None });
            Recorder(desk.recordings.len() - 1)
        })
    }

    /// Writes the beginning of a call.
    #[inline]
    fn begin(self, write: impl FnOnce(&mut Encoder)) {
        DESK.with_borrow_mut(|desk| {
            let recording = &mut desk.recordings[self.0];
            if recording.writer.is_open() {
                write(&mut recording.encoder);
                desk.current = Some(self.0);
            }
        });
    }

    /// Writes the end of a call.
    #[inline]
    fn end(self, write: impl FnOnce(&mut Encoder)) {
        DESK.with_borrow_mut(|desk| {
            let recording = &mut desk.recordings[self.0];
            if recording.writer.is_open() {
                write(&mut recording.encoder);
                desk.current = None;
                if recording.encoder.len() >= CHUNK_BYTES {
                    recording.hand_over();
                }
            }
        });
    }

    /// Hands over what there is. Tells once if the recording has ended before its time, and why.
    fn tend(self) -> Option<Ending> {
        DESK.with_borrow_mut(|desk| {
            let recording = &mut desk.recordings[self.0];
            recording.hand_over();
            recording.trouble.take()
        })
    }

    /// Ends the recording with its node, and waits until all of it is in the file.
    fn finish(self) {
        DESK.with_borrow_mut(|desk| desk.recordings[self.0].finish(Some(Ending::Exit)));
    }
}

impl Recording {
    fn hand_over(&mut self) {
        if self.encoder.is_empty() || !self.writer.is_open() {
            return;
        }
        let chunk = self.encoder.take(self.writer.take_empty());
        self.trouble = self.writer.send(chunk).err();
    }

    fn finish(&mut self, ending: Option<Ending>) {
        let chunk = self.encoder.take(Vec::new());
        self.writer.finish(chunk, ending);
    }
}

/// Hands over all that this thread has written, and waits until it is in the files: the process is about to end without an orderly end of its nodes.
pub(crate) fn rescue() {
    // What panics may be the recorder itself, or a thread in its last moments: then there is nothing to be saved.
    let _ = DESK.try_with(|desk| {
        if let Ok(mut desk) = desk.try_borrow_mut() {
            desk.recordings.iter_mut().for_each(|recording| recording.finish(None));
        }
    });
}

/// Makes a panic lose nothing of what was recorded.
pub(crate) fn rescue_on_panic() {
    let tell = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        tell(info);
        rescue();
    }));
}

/// The same environment, of which each answer is written down.
fn noted(environment: Environment) -> Environment {
    Environment {
        stopwatch: || note(clock::stopwatch(), |encoder, now| encoder.note_stopwatch(*now)),
        resident_memory: || note(process::resident_memory(), |encoder, bytes| encoder.note_resident_memory(*bytes)),
        processor_time: || -> ProcessorTimes { note(process::processor_time(), Encoder::note_processor_time) },
        allocator_report: || note(allocator::report(), Encoder::note_allocator_report),
        ..environment
    }
}

#[inline]
fn note<T>(answer: T, write: impl FnOnce(&mut Encoder, &T)) -> T {
    DESK.with_borrow_mut(|desk| {
        if let Some(current) = desk.current {
            write(&mut desk.recordings[current].encoder, &answer);
        }
    });
    answer
}
