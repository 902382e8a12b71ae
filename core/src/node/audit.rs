//! What a node shows to checkers: where it stands and a digest of what it holds.

use crate::replication::{Position, ReplicationId};

/// A command boundary: after this much of this history the data had this digest.
///
/// One is recorded each time the offset moves (a whole command or a whole MULTI block was appended to the log or
/// applied from the master), and one whenever the data or the history is replaced (full synchronisation, promotion,
/// loading).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Boundary {
    /// The history and offset.
    pub position: Position,
    /// An order-independent digest of all databases: key, type, value and absolute expiry.
    pub digest: u64,
    /// A digest of the bytes of the stream appended to the log since the previous boundary; zero where the boundary
    /// was not made by stream bytes.
    pub stream: u64,
}

/// The role of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It follows nobody.
    Master,
    /// It follows a master.
    Replica,
}

/// Where the link of a replica to its master stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkState {
    /// The node is a master.
    None,
    /// Waiting to dial, or dialling.
    Connecting,
    /// Talking, before the answer to PSYNC.
    Handshake,
    /// Receiving or loading a snapshot.
    Transfer,
    /// In step with the stream.
    Online,
}

/// A node's state, as checkers see it.
#[derive(Clone, Copy, Debug)]
pub struct Probe {
    /// Its role.
    pub role: Role,
    /// Its link to its master.
    pub link: LinkState,
    /// Its history and how much of it has been applied.
    pub position: Position,
    /// The history it followed before, if any, and the first offset at which the two may differ
    /// (`second_repl_offset`).
    pub second: Option<(ReplicationId, u64)>,
    /// Offsets still in the backlog: first byte and length; `None` if there is no backlog. The first byte is counted
    /// from 1, as in INFO.
    pub backlog: Option<(u64, u64)>,
    /// Keys in all databases, logically expired ones included.
    pub keys: u64,
    /// The digest of the data (zero unless audit is on).
    pub digest: u64,
    /// Replicas that are online.
    pub replicas_online: u32,
    /// Full synchronisations served, as INFO's `sync_full`.
    pub sync_full: u64,
    /// Partial resynchronisations served, as INFO's `sync_partial_ok`.
    pub sync_partial_ok: u64,
    /// Bytes in all output queues, shared log and snapshot buffers not included.
    pub output_bytes: u64,
    /// Bytes held by the shared log.
    pub log_bytes: u64,
    /// True while a data set is being loaded, from disk or from a master.
    pub loading: bool,
}
