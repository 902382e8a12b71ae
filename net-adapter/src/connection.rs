//! Which sockets does a node have, and what is one of them waiting for?

use std::io::{self, IoSlice};
use std::os::fd::AsRawFd;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use afterimage_core::port::ConnId;
use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio::task::AbortHandle;

/// A socket of either kind.
pub(crate) enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl From<TcpStream> for Stream {
    fn from(stream: TcpStream) -> Stream {
        Stream::Tcp(stream)
    }
}

impl From<UnixStream> for Stream {
    fn from(stream: UnixStream) -> Stream {
        Stream::Unix(stream)
    }
}

/// Does the same with a socket of either kind.
macro_rules! either {
    ($stream:expr, $name:ident => $act:expr) => {
        match $stream {
            Stream::Tcp($name) => $act,
            Stream::Unix($name) => $act,
        }
    };
}

/// An established connection.
pub(crate) struct Connection {
    stream: Stream,
    /// The waker of the connection's task, known from its first turn on.
    waker: Option<Waker>,
    /// The node does not want to read for now.
    pub(crate) is_paused: bool,
    /// The kernel's send buffer was full; the task waits until it is not.
    pub(crate) is_blocked: bool,
    /// Output waits for the flusher; the connection is on its list.
    pub(crate) is_listed: bool,
}

impl Connection {
    pub(crate) fn new(stream: Stream) -> Connection {
        Connection { stream, waker: None, is_paused: false, is_blocked: false, is_listed: false }
    }

    /// Keeps the waker of the task that a turn is made for. A task's waker is the same for all its life.
    pub(crate) fn remember(&mut self, waker: &Waker) {
        if self.waker.is_none() {
            self.waker = Some(waker.clone());
        }
    }

    /// Lets the kernel hold small pieces back until larger ones come together. A socket that cannot do that goes on as it did.
    pub(crate) fn collect_output(&self) {
        if let Stream::Tcp(stream) = &self.stream {
            let _ = stream.set_nodelay(false);
        }
    }

    /// Gives the connection's task a turn.
    pub(crate) fn wake(&self) {
        if let Some(waker) = &self.waker {
            waker.wake_by_ref();
        }
    }

    /// Reads what is there into `buffer`; zero bytes mean that the peer has closed. Unlike `try_read`, this takes
    /// a short read for the end of what is there, which spares a system call per request.
    pub(crate) fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut buffer = ReadBuf::new(buffer);
        let read = either!(&mut self.stream, stream => Pin::new(stream).poll_read(cx, &mut buffer));
        read.map_ok(|()| buffer.filled().len())
    }

    /// Ready once the kernel takes bytes again.
    pub(crate) fn poll_unblocked(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        // An error shows itself in the write that follows.
        let ready = either!(&self.stream, stream => stream.poll_write_ready(cx)).map(|_| ());
        self.is_blocked = ready.is_pending();
        ready
    }

    /// After a write that would have blocked: arranges for a turn when the kernel takes bytes again. Ready if it
    /// does so already.
    pub(crate) fn poll_blocked(&mut self) -> Poll<()> {
        match self.waker.clone() {
            Some(waker) => self.poll_unblocked(&mut Context::from_waker(&waker)),
            None => {
                // The task has not had its first turn, in which it will see the mark.
                self.is_blocked = true;
                Poll::Pending
            }
        }
    }

    /// Writes what the kernel takes at once of `slices`, at least one of them.
    pub(crate) fn try_write(&self, slices: &[&[u8]]) -> io::Result<usize> {
        match slices {
            // A plain write is cheaper than one that gathers.
            [only] => either!(&self.stream, stream => stream.try_write(only)),
            _ => {
                let mut gathered = [IoSlice::new(&[]); SLICES_MAX];
                let count = slices.len().min(SLICES_MAX);
                for (to, from) in gathered.iter_mut().zip(slices) {
                    *to = IoSlice::new(from);
                }
                either!(&self.stream, stream => stream.try_write_vectored(&gathered[..count]))
            }
        }
    }
}

/// The number that the operating system knows a socket by.
pub(crate) fn descriptor(stream: &impl AsRawFd) -> Option<u32> {
    u32::try_from(stream.as_raw_fd()).ok()
}

/// How many slices one write gathers. Replies are few and coalesced; a replica's stream comes in blocks of many
/// kilobytes, so that this many fill any send buffer.
pub(crate) const SLICES_MAX: usize = 32;

/// What a connection id stands for.
enum Socket {
    Dialling,
    Open(Connection),
}

struct Slot {
    id: ConnId,
    socket: Socket,
    task: AbortHandle,
}

/// The sockets of one node, indexed by the slots of their ids.
#[derive(Default)]
pub(crate) struct Connections {
    slots: Vec<Option<Slot>>,
}

impl Connections {
    /// Enters an established connection, whose task is `task`.
    pub(crate) fn insert(&mut self, id: ConnId, stream: Stream, task: AbortHandle) {
        self.place(id, Socket::Open(Connection::new(stream)), task);
    }

    /// Enters a dial under way, made by `task`.
    pub(crate) fn insert_dial(&mut self, id: ConnId, task: AbortHandle) {
        self.place(id, Socket::Dialling, task);
    }

    /// Turns a dial into a connection. `None`, and the stream is dropped, if the dial was called off.
    pub(crate) fn establish(&mut self, id: ConnId, stream: Stream) -> Option<()> {
        let slot = self.slots.get_mut(id.slot as usize)?.as_mut().filter(|slot| slot.id == id)?;
        slot.socket = Socket::Open(Connection::new(stream));
        Some(())
    }

    /// The connection, if it is still there and established.
    pub(crate) fn get(&mut self, id: ConnId) -> Option<&mut Connection> {
        match self.slots.get_mut(id.slot as usize)? {
            Some(Slot { id: found, socket: Socket::Open(connection), .. }) if *found == id => Some(connection),
            _ => None,
        }
    }

    /// Drops the socket and ends its task. False if there is no such connection.
    pub(crate) fn remove(&mut self, id: ConnId) -> bool {
        let slot = self.slots.get_mut(id.slot as usize).and_then(|slot| slot.take_if(|slot| slot.id == id));
        if let Some(slot) = &slot {
            slot.task.abort();
        }
        slot.is_some()
    }

    /// All that there are, in the order of their slots.
    pub(crate) fn ids(&self) -> Vec<ConnId> {
        self.slots.iter().flatten().map(|slot| slot.id).collect()
    }

    fn place(&mut self, id: ConnId, socket: Socket, task: AbortHandle) {
        let index = id.slot as usize;
        if self.slots.len() <= index {
            self.slots.resize_with(index + 1, || None);
        }
        self.slots[index] = Some(Slot { id, socket, task });
    }
}
