//! Names of histories and places in them.

use core::fmt;

use crate::codec::number::parse_u64;

/// The name of one history: 40 lower-case hexadecimal digits, `replid` in Redis's INFO.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReplicationId([u8; 40]);

impl ReplicationId {
    /// The id that means "none": 40 zeros, as INFO prints an absent second id.
    pub const NONE: ReplicationId = ReplicationId([b'0'; 40]);

    /// Wraps digits drawn by [`Random::hex40`](crate::codec::random::Random::hex40).
    #[must_use]
    pub fn new(digits: [u8; 40]) -> ReplicationId {
        ReplicationId(digits)
    }

    /// Reads an id off the wire: exactly 40 hexadecimal digits, of either case.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<ReplicationId> {
        let digits: [u8; 40] = text.try_into().ok()?;
        digits.iter().all(u8::is_ascii_hexdigit).then(|| ReplicationId(digits.map(|d| d.to_ascii_lowercase())))
    }

    /// The digits.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 40] {
        &self.0
    }

    /// The digits as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(&self.0).expect("hexadecimal digits are ASCII")
    }
}

impl fmt::Display for ReplicationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for ReplicationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.as_str()[..8])
    }
}

/// Reads an offset that a peer tells: as in Redis, none is greater than an `i64` can hold, so that no stream is long enough to go past what a `u64` can.
#[must_use]
pub fn parse_offset(text: &[u8]) -> Option<u64> {
    parse_u64(text).filter(|offset| i64::try_from(*offset).is_ok())
}

/// A place in a history: everything up to `offset` bytes of its stream has been applied.
///
/// Only positions of one history can be compared; a bare offset says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Which history.
    pub history: ReplicationId,
    /// How many bytes of its stream.
    pub offset: u64,
}

impl Position {
    /// True if both lie in one history and this one is not behind `other`.
    #[must_use]
    pub fn reaches(&self, other: &Position) -> bool {
        self.history == other.history && self.offset >= other.offset
    }
}
