//! What a driver tells a node.

use core::fmt;
use core::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::disk::{DiskOutcome, Ticket};

/// Names one connection of one node for as long as the node lives.
///
/// The slot is small and reused, so a driver may index a table with it; the generation tells an old connection in a
/// slot from its successor, so that a late event about the old one is ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnId {
    /// Index into a table of connections. Reused after a close.
    pub slot: u32,
    /// Grows each time the slot is reused.
    pub generation: u32,
}

impl fmt::Display for ConnId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.slot, self.generation)
    }
}

/// The two ends of an established connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// The other end.
    pub remote: SocketAddr,
    /// Our end.
    pub local: SocketAddr,
    /// The number that the operating system knows the socket by, for CLIENT LIST alone.
    pub descriptor: Option<u32>,
}

impl Peer {
    /// The two ends of a Unix socket, which have no address.
    pub const UNIX_SOCKET: Peer = {
        let nowhere = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);
        Peer { remote: nowhere, local: nowhere, descriptor: None }
    };

    /// True if the connection was made over a Unix socket.
    #[must_use]
    pub fn is_unix_socket(&self) -> bool {
        (self.remote, self.local) == (Peer::UNIX_SOCKET.remote, Peer::UNIX_SOCKET.local)
    }
}

/// Something that happened, told to [`Node::handle`](crate::Node::handle).
#[derive(Clone, Debug)]
pub enum Event<'a> {
    /// A dial asked for by [`Action::Dial`](super::Action::Dial) ended: the connection stands, or it failed.
    /// After a failure the connection id is free again.
    Dialled {
        /// The connection named in the action.
        conn: ConnId,
        /// Its ends, or why there is none.
        outcome: Result<Peer, DialFailure>,
    },
    /// Bytes arrived, in order. Any chunking is allowed, also empty.
    Received {
        /// On this connection.
        conn: ConnId,
        /// The bytes; the node copies what it must keep.
        bytes: &'a [u8],
    },
    /// The connection is gone, not by our own [`Action::Close`](super::Action::Close). The id is free again.
    Closed {
        /// This connection.
        conn: ConnId,
        /// How it ended.
        cause: CloseCause,
    },
    /// [`Node::deadline`](crate::Node::deadline) may have come. Early or repeated calls do no harm.
    Timers,
    /// A disk operation ended.
    Disk {
        /// The ticket of the [`Action::Disk`](super::Action::Disk) that asked for it.
        ticket: Ticket,
        /// Its result.
        outcome: DiskOutcome,
    },
    /// The answer to [`Action::Listen`](super::Action::Listen).
    Listening {
        /// Whether clients are awaited in the new place.
        outcome: Result<(), ListenFailure>,
    },
    /// The operating system, or an operator, asks for something.
    Signal(Signal),
}

/// Nobody can be awaited there; the driver has logged why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListenFailure;

/// How a connection ended on its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseCause {
    /// The peer closed its side in an orderly way.
    Eof,
    /// The connection was reset or failed.
    Reset,
}

/// Why a dial failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DialFailure {
    /// The host name did not resolve.
    UnknownHost,
    /// Nobody listens there.
    Refused,
    /// No answer in time, or no route.
    Unreachable,
}

impl fmt::Display for DialFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            DialFailure::UnknownHost => "Name or service not known",
            DialFailure::Refused => "Connection refused",
            DialFailure::Unreachable => "Connection timed out",
        })
    }
}

/// A request from outside the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// SIGTERM: end in an orderly way.
    Terminate,
    /// SIGINT: likewise.
    Interrupt,
}
