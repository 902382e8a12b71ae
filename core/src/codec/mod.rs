//! What do the bytes mean that Redis, its files and its commands are made of, taken one value at a
//! time?
//!
//! The lowest floor of the crate: pure functions between bytes and values, which know nothing of
//! keys, commands or connections. Each reader takes untrusted bytes: it refuses what is malformed,
//! and allocates nothing on the word of a length field.

pub mod bits;
pub(crate) mod content_hash;
pub mod corrupt;
pub mod crc64;
pub mod double;
mod float_text;

pub mod geohash;
pub mod glob;
pub mod hyperloglog;
pub mod intset;
pub mod listpack;
pub mod long_double;
pub mod lzf;
pub mod number;
pub mod partial_sort;
pub(crate) mod quoting;
pub mod random;
pub mod siphash;
pub mod ziplist;
pub mod zipmap;
