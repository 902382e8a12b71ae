//! A replica of ours, as we see it.

use alloc::string::String;

use crate::port::{ConnId, Mono};

use super::file_transfer::FileId;

/// What a replica told of itself by REPLCONF.
#[derive(Clone, Debug, Default)]
pub(crate) struct ReplicaIntro {
    /// The port it listens on; 0 if it did not tell.
    pub(crate) port: u16,
    /// The address it wants to be known by.
    pub(crate) ip: Option<String>,
    /// It understands snapshots that end with a mark.
    pub(crate) knows_eof: bool,
    /// It understands a new history's name in `+CONTINUE`.
    pub(crate) knows_psync2: bool,
    /// It may ask whom we follow.
    pub(crate) knows_ancestry: bool,
    /// It wants a snapshot and nothing after it.
    pub(crate) wants_rdb_only: bool,
    /// It wants no keys, only functions (`rdb-filter-only`).
    pub(crate) wants_no_keys: bool,
    /// It can take a snapshot by a connection of its own.
    pub(crate) knows_dual_channel: bool,
    /// It is such a connection: by another one its replica will ask for the stream.
    pub(crate) is_snapshot_channel: bool,
    /// Where the snapshot is that this replica gets by another connection.
    pub(crate) own_snapshot: Option<OwnSnapshot>,
}

impl ReplicaIntro {
    /// True for a connection that is only there for a snapshot, of which the stream goes elsewhere.
    pub(crate) fn is_for_snapshot(&self) -> bool {
        self.is_snapshot_channel && self.knows_eof
    }
}

/// A snapshot that goes to a replica by a connection of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OwnSnapshot {
    /// By this one.
    OnItsWay(ConnId),
    /// It was sent by the connection of this number, which is gone since. The log is kept behind it.
    Kept(u64),
    /// All of it was sent, and the stream follows.
    Sent,
}

/// Names a snapshot on its way to replicas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TransferId(pub(crate) u32);

/// Where a replica stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// A snapshot must begin for it.
    Waiting,
    /// It is sent a snapshot as that is made.
    Streaming {
        /// Which one.
        transfer: TransferId,
        /// Bytes of it that were sent.
        sent: u64,
        /// The offset from which the stream follows.
        then: u64,
    },
    /// The snapshot that it will get is being written to a file.
    AwaitingFile {
        /// Which file.
        file: FileId,
        /// The offset from which the stream follows.
        then: u64,
    },
    /// It is sent a file.
    SendingFile {
        /// Which file.
        file: FileId,
        /// Bytes that were read.
        read: u64,
        /// Bytes in all.
        size: u64,
        /// The offset from which the stream follows.
        then: u64,
    },
    /// It was sent a snapshot with a mark, and must tell that it found the mark before anything follows.
    AwaitingAck {
        /// The offset from which the stream follows.
        then: u64,
    },
    /// A connection by which a snapshot was sent. It keeps the log until its replica asks for the stream by another one.
    AwaitingMain {
        /// The offset from which the stream follows.
        then: u64,
    },
    /// It is sent the stream, and keeps it until it has its snapshot, which comes by another connection.
    Buffering {
        /// The offset up to which it was sent.
        sent: u64,
    },
    /// It follows the stream.
    Online {
        /// The offset up to which it was sent.
        sent: u64,
    },
}

impl Phase {
    /// The file that it gets its snapshot from.
    pub(crate) fn file(&self) -> Option<FileId> {
        match self {
            Phase::AwaitingFile { file, .. } | Phase::SendingFile { file, .. } => Some(*file),
            _ => None,
        }
    }

    /// The offset up to which it was sent the stream, if it is.
    pub(crate) fn stream_sent(&self) -> Option<u64> {
        match self {
            Phase::Buffering { sent } | Phase::Online { sent } => Some(*sent),
            _ => None,
        }
    }

    /// The stream that it is sent, now or behind its snapshot, begins here.
    pub(crate) fn follow_from(&mut self, offset: u64) {
        match self {
            Phase::Waiting => {}
            Phase::Streaming { then, .. }
            | Phase::AwaitingFile { then, .. }
            | Phase::SendingFile { then, .. }
            | Phase::AwaitingAck { then }
            | Phase::AwaitingMain { then } => *then = offset,
            Phase::Buffering { sent } | Phase::Online { sent } => *sent = offset,
        }
    }

    /// True while it is sent a snapshot.
    pub(crate) fn is_synchronising(&self) -> bool {
        !matches!(self, Phase::Waiting | Phase::Online { .. })
    }
}

/// A replica of ours.
#[derive(Clone, Debug)]
pub(crate) struct ReplicaSide {
    pub(crate) phase: Phase,
    /// It speaks SYNC of old and never acknowledges.
    pub(crate) is_mute: bool,
    /// The offset it has acknowledged.
    pub(crate) acked: u64,
    /// The offset that it has on its disk, if it has told (Redis since 7.2, with an append-only file).
    pub(crate) persisted: Option<u64>,
    /// The stream goes to its replica by another connection.
    pub(crate) has_main_channel: bool,
    /// It has acknowledged something since it has our data.
    pub(crate) has_acked: bool,
    /// When it last acknowledged anything, or took bytes of its snapshot.
    pub(crate) heard_at: Mono,
    /// When it first lagged more than the soft limit of its output.
    pub(crate) over_soft_limit_since: Option<Mono>,
}

impl ReplicaSide {
    /// The state's name in INFO.
    pub(crate) fn state_name(&self) -> &'static str {
        match self.phase {
            Phase::Waiting | Phase::AwaitingFile { .. } => "wait_bgsave",
            Phase::Streaming { .. } | Phase::SendingFile { .. } | Phase::AwaitingMain { .. } => "send_bulk",
            Phase::Buffering { .. } => "bg_transfer",
            Phase::AwaitingAck { .. } | Phase::Online { .. } => "online",
        }
    }

    /// The offset from which it needs the log.
    pub(crate) fn needs_log_from(&self) -> Option<u64> {
        match self.phase {
            Phase::Waiting => None,
            _ if self.has_main_channel => None,
            Phase::Streaming { then, .. }
            | Phase::AwaitingFile { then, .. }
            | Phase::SendingFile { then, .. }
            | Phase::AwaitingAck { then }
            | Phase::AwaitingMain { then } => Some(then),
            Phase::Buffering { sent } | Phase::Online { sent } => Some(sent),
        }
    }

    /// True if it follows the stream.
    pub(crate) fn is_online(&self) -> bool {
        matches!(self.phase, Phase::Online { .. })
    }
}
