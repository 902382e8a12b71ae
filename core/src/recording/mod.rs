//! How is all that enters a node written down, so that the same core does the same again?
//!
//! A node is a function of the calls that its driver makes: [`Node::start`](crate::Node::start), `accept`, `handle`, `work`, `sent`, each with its time, and
//! of what the functions of its [`Environment`](crate::Environment) answer meanwhile. An [`Encoder`] writes these down as they happen; [`Calls`]
//! reads them back. What came out of each call, actions and sent bytes, is not written but mixed into a [`Digest`], of which 16 bits stand
//! behind each call and all 64 at the head of each chunk: who makes the calls again and mixes likewise finds the first one that differs.
//!
//! A recording is a row of *segments*, which are files; a segment is a head and a row of *frames*, each with its length and checksum, so that an end that was torn off
//! or a bit that has turned is found, and what lies before it is good. A frame holds a *chunk* of calls, or tells that, and why, the
//! recording ends. Each chunk can be read without those before it; only the first one of a recording begins with the start of the node, so that a
//! recording that has lost its first segment can be read and not be run.
//!
//! The shape, integers little-endian, and `v` for a varint of seven bits a byte, least first:
//!
//! | part | bytes |
//! | --- | --- |
//! | segment | `AFTIMREC`, format (4), length (4), head (see [`Head`]), CRC-64 of all that |
//! | frame | `AIFR`, kind, packing, two zeros, stored length (4), length (4), number of its first call (8), CRC-64 of all that and the contents, contents |
//! | chunk | both clocks and the stopwatch as they stood before (`v`), the digest before (8), calls |
//! | call | kind, change of the monotonic clock and what the wall clock changed beyond it (signed `v`), contents; answers; 64, 16 bits of the digest after it |
//!
//! A format that is changed gets another number: see [`FORMAT`].

mod calls;
mod digest;
mod encoder;
mod event;
mod frame;
mod head;
mod start;
#[cfg(test)]
mod tests;
mod varint;

pub use calls::{Answer, Call, Calls, Input};
pub use digest::Digest;
pub use encoder::{Chunk, Encoder};
pub use frame::{Damage, Ending, FRAME_HEAD_BYTES, Frame, FrameKind, Frames, Packing, Why, frame_head};
pub use head::Head;
pub use start::{Source, Start};
pub use varint::Malformed;

/// The number of the format that this build writes, and the only one that it reads.
pub const FORMAT: u32 = 1;

/// The version of this build and a hash of the engine's sources: the same words mean that the same calls have the same outcome.
pub const BUILD: &str = concat!(env!("CARGO_PKG_VERSION"), "+", env!("AFTERIMAGE_SOURCES"));
