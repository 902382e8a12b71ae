//! What does a segment tell of itself?

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::frame::{Damage, Why};
use super::varint::{Malformed, Reader, put, put_bytes};
use super::{BUILD, FORMAT};
use crate::codec::crc64;
use crate::port::{Now, Wall};

/// What every segment begins with.
const SIGNATURE: &[u8; 8] = b"AFTIMREC";
/// The signature, the format and the length of the rest.
const FIXED_BYTES: usize = 16;
const CHECKSUM_BYTES: usize = 8;

/// The head of a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// What all segments of one recording have in common, and those of no other.
    pub recording: u64,
    /// Which segment of the recording it is, from 0. Only 0 holds the start of the node.
    pub segment: u64,
    /// Bytes of the segments before it.
    pub bytes_before: u64,
    /// Of all segments together, in bytes, when it was begun.
    pub limit: u64,
    /// The build that has written it: see [`BUILD`].
    pub build: String,
    /// Whether that build checks what it assumes (debug assertions).
    pub is_debug: bool,
    /// The node's port.
    pub port: u16,
    /// When the segment was begun.
    pub begun: Now,
}

impl Head {
    /// The head of the first segment of a recording by this build.
    #[must_use]
    pub fn first(recording: u64, limit: u64, port: u16, now: Now) -> Head {
        let is_debug = cfg!(debug_assertions);
        let build = BUILD.to_string();
        Head { recording, segment: 0, bytes_before: 0, limit, build, is_debug, port, begun: now }
    }

    /// True if some bytes begin as a segment of any format does.
    #[must_use]
    pub fn is_segment(bytes: &[u8]) -> bool {
        bytes.starts_with(SIGNATURE)
    }

    /// As it stands at the beginning of a segment.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut body = Vec::new();
        for number in [self.recording, self.segment, self.bytes_before, self.limit] {
            put(&mut body, number);
        }
        put_bytes(&mut body, self.build.as_bytes());
        body.push(u8::from(self.is_debug));
        for number in [u64::from(self.port), self.begun.mono.0, self.begun.wall.0] {
            put(&mut body, number);
        }
        let mut out = SIGNATURE.to_vec();
        out.extend_from_slice(&FORMAT.to_le_bytes());
        out.extend_from_slice(&(body.len() as u32).to_le_bytes());
        out.extend_from_slice(&body);
        let checksum = crc64::update(0, &out);
        out.extend_from_slice(&checksum.to_le_bytes());
        out
    }

    /// Reads the head of a segment, and tells how many bytes it takes.
    ///
    /// # Errors
    ///
    /// If it is none, of another format, or damaged.
    pub fn decode(bytes: &[u8]) -> Result<(Head, usize), Damage> {
        let damage = |why| Damage { offset: 0, why };
        if !Head::is_segment(bytes) {
            let is_torn = SIGNATURE.starts_with(bytes);
            return Err(damage(if is_torn { Why::Torn } else { Why::NoRecording }));
        }
        let mut fixed = Reader::new(bytes.get(SIGNATURE.len()..).unwrap_or_default());
        let (Ok(format), Ok(len)) = (fixed.array(), fixed.array()) else { return Err(damage(Why::Torn)) };
        let format = u32::from_le_bytes(format);
        if format != FORMAT {
            return Err(damage(Why::OtherFormat(format)));
        }
        let end = FIXED_BYTES.saturating_add(u32::from_le_bytes(len) as usize);
        let whole = end.saturating_add(CHECKSUM_BYTES);
        let (Some(covered), Some(checksum)) = (bytes.get(..end), bytes.get(end..whole)) else {
            return Err(damage(Why::Torn));
        };
        if crc64::update(0, covered).to_le_bytes() != checksum {
            return Err(damage(Why::Checksum));
        }
        let mut reader = Reader::new(covered.get(FIXED_BYTES..).unwrap_or_default());
        let head = Head::read(&mut reader).map_err(|Malformed| damage(Why::Malformed))?;
        Ok((head, whole))
    }

    fn read(reader: &mut Reader<'_>) -> Result<Head, Malformed> {
        Ok(Head {
            recording: reader.varint()?,
            segment: reader.varint()?,
            bytes_before: reader.varint()?,
            limit: reader.varint()?,
            build: reader.text()?,
            is_debug: reader.byte()? != 0,
            port: reader.small()?,
            begun: Now { mono: crate::port::Mono(reader.varint()?), wall: Wall(reader.varint()?) },
        })
    }
}
