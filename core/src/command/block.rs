//! Commands that wait for data: BLPOP and its kin, XREAD BLOCK.
//!
//! A handler that finds nothing says what it waits for. The node parks the connection, and carries the command out again, for one key
//! alone, when that key has been filled: the handler then finds what it needs, or says again that it waits.

use alloc::vec::Vec;

use crate::codec::double;
use crate::value::Blob;

use super::error::CommandError;
use super::reply_error::{TIMEOUT_NEGATIVE, TIMEOUT_NOT_A_FLOAT, TIMEOUT_OUT_OF_RANGE};

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

/// How long a command may wait, given in seconds; in milliseconds, or none for ever.
pub(super) fn timeout_arg(arg: &[u8]) -> Result<Option<u64>, CommandError> {
    /// What a time may be at most, so that none added to now is past the end of time.
    const TIMEOUT_MS_MAX: f64 = (i64::MAX - (1 << 42)) as f64;
    let seconds = double::parse(arg).filter(|seconds| !seconds.is_nan()).ok_or(TIMEOUT_NOT_A_FLOAT)?;
    let ms = seconds * 1000.0;
    // Redis converts what does not fit into the smallest number, which is negative.
    if ms < 0.0 || ms >= i64::MAX as f64 {
        return Err(TIMEOUT_NEGATIVE);
    }
    if ms > TIMEOUT_MS_MAX {
        return Err(TIMEOUT_OUT_OF_RANGE);
    }
    let whole = ms as u64;
    let rounded_up = whole + u64::from(ms > whole as f64);
    Ok((rounded_up > 0).then_some(rounded_up))
}
