//! The RDB format: its numbers, and the reading and writing of lengths and strings.
//!
//! Every opcode and every value type stands here once and is used by the reader and the writer alike.
//! Source: Redis 7.0, RDB version 10; the reader takes versions 1 to 12, and 80 of Valkey.
//!
//! Differs: what holds a hash with fields that expire is written as version 12, in the forms of Redis 8.0, which has such fields; a Redis
//! 7.0 or a Valkey refuses that whole, instead of losing the times in silence. Everything else is version 10.

mod module;
mod payload;
mod read;
mod write;

pub use module::module_name;
pub use payload::{open_payload, seal_payload};
pub use read::{Fault, Length, ReadError, Reader};
pub use write::{push_length, push_string, push_string_int};

/// The version of what holds hashes with fields that expire: Redis 8.0's.
const VERSION_FIELD_EXPIRIES: u32 = 12;
/// The version of everything else: the newest that every server from Redis 7.0 and Valkey 7.2 on reads.
const VERSION_COMMON: u32 = 10;
/// The newest version of Redis that is read.
pub const VERSION_READ_MAX: u32 = 12;
/// Valkey counts its own versions from here on.
pub const VERSION_VALKEY: u32 = 80;

/// The version that is written, of data of which fields of hashes expire or not.
#[must_use]
pub fn version_written(has_field_expiries: bool) -> u32 {
    if has_field_expiries { VERSION_FIELD_EXPIRIES } else { VERSION_COMMON }
}

/// Whose numbers are read: above 21, the two makers gave the same ones to different types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Redis's.
    Redis,
    /// Valkey's, from its version 9 on.
    Valkey,
}

impl Dialect {
    /// That of a version.
    #[must_use]
    pub fn of_version(version: u32) -> Dialect {
        if version >= VERSION_VALKEY { Dialect::Valkey } else { Dialect::Redis }
    }
}

/// Operations of the container, by their byte.
pub mod opcode {
    /// Slot sizes of a cluster node: three lengths.
    pub const SLOT_INFO: u8 = 244;
    /// The code of a function library: a string.
    pub const FUNCTION2: u8 = 245;
    /// A function as candidates for the release of 7.0 wrote it: name, engine, whether a description follows, that, and the code.
    pub const FUNCTION_PRE_RELEASE: u8 = 246;
    /// Data of a module outside of keys.
    pub const MODULE_AUX: u8 = 247;
    /// The next key's idle time: a length.
    pub const IDLE: u8 = 248;
    /// The next key's access frequency: a byte.
    pub const FREQ: u8 = 249;
    /// A fact about the file: two strings.
    pub const AUX: u8 = 250;
    /// Sizes of the database that follows: two lengths.
    pub const RESIZEDB: u8 = 251;
    /// The next key's expiry in milliseconds: 8 bytes, little-endian.
    pub const EXPIRETIME_MS: u8 = 252;
    /// The next key's expiry in seconds: 4 bytes, little-endian.
    pub const EXPIRETIME: u8 = 253;
    /// The database that follows: a length.
    pub const SELECTDB: u8 = 254;
    /// The end: 8 bytes of checksum follow.
    pub const EOF: u8 = 255;
}

/// Types of values, by their byte.
pub mod value_type {
    /// A string.
    pub const STRING: u8 = 0;
    /// A list: a length, then elements.
    pub const LIST: u8 = 1;
    /// A set: a length, then members.
    pub const SET: u8 = 2;
    /// A sorted set: a length, then members and their scores in decimal digits (Redis before 4.0).
    pub const ZSET: u8 = 3;
    /// A hash: a length, then names and values by turns.
    pub const HASH: u8 = 4;
    /// A sorted set: a length, then members and their scores of 8 bytes, little-endian.
    pub const ZSET_2: u8 = 5;
    /// A module's value as it was before release: refused.
    pub const MODULE_PRE_RELEASE: u8 = 6;
    /// A module's value: refused.
    pub const MODULE: u8 = 7;
    /// A hash as a zipmap in a string (Redis before 2.6).
    pub const HASH_ZIPMAP: u8 = 9;
    /// A list as a ziplist in a string (Redis before 3.2).
    pub const LIST_ZIPLIST: u8 = 10;
    /// A set of integers as an intset in a string.
    pub const SET_INTSET: u8 = 11;
    /// A sorted set as a ziplist in a string (Redis before 7.0).
    pub const ZSET_ZIPLIST: u8 = 12;
    /// A hash as a ziplist in a string (Redis before 7.0).
    pub const HASH_ZIPLIST: u8 = 13;
    /// A list: a length, then ziplists in strings (Redis 3.2 to 6.2).
    pub const LIST_QUICKLIST: u8 = 14;
    /// A stream (Redis 5 and 6).
    pub const STREAM: u8 = 15;
    /// A hash as a listpack in a string.
    pub const HASH_LISTPACK: u8 = 16;
    /// A sorted set as a listpack in a string.
    pub const ZSET_LISTPACK: u8 = 17;
    /// A list: a length, then nodes: what it is (1 one element, 2 a listpack), and a string.
    pub const LIST_QUICKLIST_2: u8 = 18;
    /// A stream with its first id, its greatest deleted one, and counts of what was added and read (Redis 7.0).
    pub const STREAM_2: u8 = 19;
    /// A set as a listpack in a string (Redis 7.2).
    pub const SET_LISTPACK: u8 = 20;
    /// A stream with the active times of consumers (Redis 7.2).
    pub const STREAM_3: u8 = 21;
    /// In Redis, a hash with fields that expire as it was before release: refused, as no released version writes it. In Valkey, a hash with
    /// such fields: a length, then names, values, and times of 8 bytes, little-endian, -1 for never.
    pub const HASH_METADATA_PRE_RELEASE_OR_HASH_2: u8 = 22;
    /// The same in a listpack: refused.
    pub const HASH_LISTPACK_EX_PRE_RELEASE: u8 = 23;
    /// A hash with fields that expire: the first time in 8 bytes, little-endian, a length, then for each field its time, a name and a value.
    /// Times are lengths: 0 for never, or one more than the milliseconds after the first (Redis 7.4).
    pub const HASH_METADATA: u8 = 24;
    /// The same as a listpack in a string, behind the first time: names, values and times in order of time, 0 for never, which comes last
    /// (Redis 7.4).
    pub const HASH_LISTPACK_EX: u8 = 25;
}

/// How strings are encoded after the two bits `11`.
pub(crate) mod string_encoding {
    /// A signed byte.
    pub(crate) const INT8: u8 = 0;
    /// Two bytes, little-endian.
    pub(crate) const INT16: u8 = 1;
    /// Four bytes, little-endian.
    pub(crate) const INT32: u8 = 2;
    /// LZF: compressed length, length, data.
    pub(crate) const LZF: u8 = 3;
}
