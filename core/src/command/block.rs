//! Commands that wait for data: BLPOP and its kin, XREAD BLOCK.
//!
//! A handler that finds nothing says what it waits for. The node parks the connection, and carries the command out again, for one key
//! alone, when that key has been filled: the handler then finds what it needs, or says again that it waits.

use alloc::vec::Vec;

use crate::value::Blob;

/// What a command waits for.
#[derive(Clone, Debug)]
pub struct Block {
    /// The keys, any of which will do.
    pub keys: Vec<Blob>,
    /// The type that a key must hold, as TYPE tells it. A key of another type wakes nobody.
    pub type_name: &'static str,
    /// How long it waits, in milliseconds; for ever if none.
    pub timeout_ms: Option<u64>,
    /// The reply where the command may not wait: in a transaction. The end of a wait that was in vain is the null of a missing
    /// array, whatever the command.
    pub null: Null,
    /// The request as it is to be carried out when a key is filled, if that differs from what was sent (XREAD with `$`).
    pub request: Option<Vec<Vec<u8>>>,
    /// It is carried out again also when a key is removed or changes its type (XREADGROUP).
    pub wakes_on_removal: bool,
}

/// Which of the two nulls of RESP2 it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Null {
    /// Of a missing string.
    Bulk,
    /// Of a missing array.
    Array,
}

/// Why a command is carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service<'a> {
    /// It was sent just now, by a connection that may wait.
    Asked,
    /// It was sent just now, and must not wait: in a transaction, from a master.
    AskedAtOnce,
    /// It has waited, and this key was filled. No other of its keys counts.
    Filled(&'a [u8]),
}
