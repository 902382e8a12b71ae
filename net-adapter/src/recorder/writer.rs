//! Who packs what was recorded and writes it, while the node goes on?

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, channel, sync_channel};
use std::thread::{self, JoinHandle};

use afterimage_core::port::Now;
use afterimage_core::recording::{Chunk, Ending, FrameKind, Head, Packing, frame_head};

use super::segments::Segments;
use super::{CHUNK_BYTES, Order};

/// How many chunks may wait for the disk: some 16 MB, a third of a second of the most that a node takes in, and many seconds of what most do.
pub(super) const CHUNKS_MAX: usize = 64;

/// The reactor's end of the thread.
pub(super) struct Writer {
    /// `None` once there is no more to come.
    parts: Option<SyncSender<Part>>,
    /// Buffers that can be used again.
    empties: Receiver<Vec<u8>>,
    is_overrun: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

enum Part {
    Chunk(Chunk),
    /// The recording ends, for this reason.
    End(Ending),
}

impl Writer {
    pub(super) fn start(order: &Order, port: u16, now: Now) -> io::Result<Writer> {
        let (mut writer, work) = Writer::prepare(order, port, now)?;
        writer.thread = Some(thread::Builder::new().name("recorder".into()).spawn(work)?);
        Ok(writer)
    }

    /// The reactor's end, and what its thread has to do.
    pub(super) fn prepare(
        order: &Order,
        port: u16,
        now: Now,
    ) -> io::Result<(Writer, impl FnOnce() + Send + 'static + use<>)> {
        let recording = getrandom::u64().map_err(|error| io::Error::other(error.to_string()))?;
        let segments = Segments::open(&order.file, Head::first(recording, order.limit, port, now))?;
        let (parts, inbox) = sync_channel(CHUNKS_MAX);
        let (give_back, empties) = channel();
        let is_overrun = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&is_overrun);
        let work = move || {
            // What went wrong is told by the reactor, which finds nobody here any more.
            let _ = Thread { segments, packed: Vec::new(), calls: 0 }.serve(&inbox, &give_back, &seen);
        };
        Ok((Writer { parts: Some(parts), empties, is_overrun, thread: None }, work))
    }

    /// True while there is use in handing over more.
    #[inline]
    pub(super) fn is_open(&self) -> bool {
        self.parts.is_some()
    }

    /// A buffer to write into.
    pub(super) fn take_empty(&self) -> Vec<u8> {
        // A call may go beyond the end of a chunk: as a rule there is room for it.
        self.empties.try_recv().unwrap_or_else(|_| Vec::with_capacity(CHUNK_BYTES + CHUNK_BYTES / 2))
    }

    /// Hands over a chunk. If that fails no more is taken; what has been handed over before is written.
    pub(super) fn send(&mut self, chunk: Chunk) -> Result<(), Ending> {
        let Some(parts) = &self.parts else { return Ok(()) };
        let ending = match parts.try_send(Part::Chunk(chunk)) {
            Ok(()) => return Ok(()),
            Err(TrySendError::Full(_)) => {
                self.is_overrun.store(true, Ordering::Release);
                Ending::Overrun
            }
            Err(TrySendError::Disconnected(_)) => Ending::WriteFailed,
        };
        self.parts = None;
        Err(ending)
    }

    /// Hands over the last chunk, if it is still taken, and waits until all is written.
    pub(super) fn finish(&mut self, chunk: Chunk, ending: Option<Ending>) {
        if let Some(parts) = self.parts.take() {
            // If nobody is there any more, the end stands in the file, or cannot be written.
            let _ = parts.send(Part::Chunk(chunk));
            if let Some(ending) = ending {
                let _ = parts.send(Part::End(ending));
            }
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Thread {
    segments: Segments,
    packed: Vec<u8>,
    /// How many calls are in the file: where a recording ends that lost the rest.
    calls: u64,
}

impl Thread {
    fn serve(
        &mut self,
        inbox: &Receiver<Part>,
        give_back: &std::sync::mpsc::Sender<Vec<u8>>,
        is_overrun: &AtomicBool,
    ) -> io::Result<()> {
        while let Ok(part) = inbox.recv() {
            let written = match part {
                Part::Chunk(chunk) if chunk.bytes.is_empty() => Ok(()),
                Part::Chunk(chunk) => {
                    let written = self.write(&chunk);
                    // Nobody may want it any more.
                    let _ = give_back.send(chunk.bytes);
                    written
                }
                Part::End(ending) => return self.write_end(ending),
            };
            if let Err(error) = written {
                // The rest may be lost, but what is there can be read. On a full disk there may be room for so little.
                let _ = self.write_end(Ending::WriteFailed);
                return Err(error);
            }
        }
        if is_overrun.load(Ordering::Acquire) { self.write_end(Ending::Overrun) } else { Ok(()) }
    }

    fn write(&mut self, chunk: &Chunk) -> io::Result<()> {
        let Ok(len) = u32::try_from(chunk.bytes.len()) else {
            return Err(io::Error::other("a call is too long for a recording"));
        };
        self.packed.resize(lz4_flex::block::get_maximum_output_size(chunk.bytes.len()), 0);
        let (packing, stored) = match lz4_flex::block::compress_into(&chunk.bytes, &mut self.packed) {
            Ok(packed) if packed < chunk.bytes.len() => (Packing::Lz4, &self.packed[..packed]),
            _ => (Packing::Plain, &chunk.bytes[..]),
        };
        let head = frame_head(FrameKind::Calls, packing, chunk.first_call, len, stored);
        self.segments.append(&head, stored)?;
        self.calls = chunk.next_call;
        Ok(())
    }

    fn write_end(&mut self, ending: Ending) -> io::Result<()> {
        self.segments.append(&frame_head(FrameKind::End(ending), Packing::Plain, self.calls, 0, &[]), &[])
    }
}
