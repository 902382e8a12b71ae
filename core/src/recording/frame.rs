//! Where does a chunk begin and end in a segment, and is it as it was written?

use core::fmt;

use crate::codec::crc64;

const SIGNATURE: &[u8; 4] = b"AIFR";
/// What the checksum covers of the head.
const COVERED_BYTES: usize = 24;

/// Bytes before the contents of a frame.
pub const FRAME_HEAD_BYTES: usize = 32;

/// What a frame holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameKind {
    /// A chunk of calls: see [`Calls`](super::Calls).
    Calls,
    /// The recording ends here, on purpose.
    End(Ending),
}

/// Why a recording ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The node has ended.
    Exit,
    /// More came than the disk has taken in: what follows is lost.
    Overrun,
    /// The file could not be written: what follows is lost.
    WriteFailed,
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Ending::Exit => "the node has ended",
            Ending::Overrun => "more came than the disk took, so that what follows was not recorded",
            Ending::WriteFailed => "the recording could not be written, so that what follows was not recorded",
        })
    }
}

/// How the contents are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// They stand there as they are.
    Plain,
    /// As one LZ4 block, of which the length is known.
    Lz4,
}

/// A frame of which the checksum holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// What it holds.
    pub kind: FrameKind,
    /// How it is packed.
    pub packing: Packing,
    /// The number of the first call, or of the one that would have been next.
    pub first_call: u64,
    /// Of the contents when they are unpacked, in bytes.
    pub len: usize,
    /// The contents as they stand there.
    pub stored: &'a [u8],
    /// Where it begins in the segment.
    pub offset: u64,
}

/// What stands before `stored`, which is `len` bytes when it is unpacked.
#[must_use]
pub fn frame_head(
    kind: FrameKind,
    packing: Packing,
    first_call: u64,
    len: u32,
    stored: &[u8],
) -> [u8; FRAME_HEAD_BYTES] {
    let kind = match kind {
        FrameKind::Calls => 1,
        FrameKind::End(Ending::Exit) => 2,
        FrameKind::End(Ending::Overrun) => 3,
        FrameKind::End(Ending::WriteFailed) => 4,
    };
    let packing = match packing {
        Packing::Plain => 0,
        Packing::Lz4 => 1,
    };
    let mut head = [0; FRAME_HEAD_BYTES];
    let parts: [&[u8]; 5] = [
        SIGNATURE,
        &[kind, packing, 0, 0],
        &(stored.len() as u32).to_le_bytes(),
        &len.to_le_bytes(),
        &first_call.to_le_bytes(),
    ];
    let covered = parts.iter().copied().flatten();
    head.iter_mut().zip(covered).for_each(|(to, from)| *to = *from);
    let checksum = crc64::update(crc64::update(0, &head[..COVERED_BYTES]), stored);
    head[COVERED_BYTES..].copy_from_slice(&checksum.to_le_bytes());
    head
}

/// Where, and why, a segment cannot be read further. What lies before is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Damage {
    /// Bytes from the beginning of the segment.
    pub offset: u64,
    /// What is wrong there.
    pub why: Why,
}

/// What is wrong with a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// The file ends within it.
    Torn,
    /// The checksum does not hold.
    Checksum,
    /// It does not begin as it should.
    NoFrame,
    /// It holds what this format does not have.
    Malformed,
    /// This is no recording.
    NoRecording,
    /// It has a format that this build does not know.
    OtherFormat(u32),
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.why {
            Why::Torn => f.write_str("the file ends in the midst of a part")?,
            Why::Checksum => f.write_str("the checksum does not hold")?,
            Why::NoFrame => f.write_str("no part begins here")?,
            Why::Malformed => f.write_str("this format has no such contents")?,
            Why::NoRecording => f.write_str("this is no recording")?,
            Why::OtherFormat(number) => {
                write!(f, "the recording has format {number}, and this build reads {}", super::FORMAT)?
            }
        }
        write!(f, " (byte {})", self.offset)
    }
}

/// The frames of a segment, in order. Damage is told of once, and is the end.
#[derive(Clone, Debug)]
pub struct Frames<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Frames<'a> {
    /// Of the whole bytes of a segment of which the head takes so many.
    #[must_use]
    pub fn new(bytes: &'a [u8], head_bytes: usize) -> Frames<'a> {
        Frames { bytes, at: head_bytes }
    }

    fn read(&mut self) -> Result<Frame<'a>, Why> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let Some((head, rest)) = rest.split_first_chunk::<FRAME_HEAD_BYTES>() else {
            let begins = SIGNATURE.iter().zip(rest).all(|(expected, found)| expected == found);
            return Err(if begins { Why::Torn } else { Why::NoFrame });
        };
        let Some((kind, packing, stored_len, len, first_call)) = take_apart(head) else { return Err(Why::NoFrame) };
        let stored = rest.get(..stored_len).ok_or(Why::Torn)?;
        let checksum = crc64::update(crc64::update(0, &head[..COVERED_BYTES]), stored);
        if checksum.to_le_bytes() != head[COVERED_BYTES..] {
            return Err(Why::Checksum);
        }
        let packing = match packing {
            0 if len == stored_len => Packing::Plain,
            1 => Packing::Lz4,
            _ => return Err(Why::Malformed),
        };
        let kind = match kind {
            1 => FrameKind::Calls,
            2 => FrameKind::End(Ending::Exit),
            3 => FrameKind::End(Ending::Overrun),
            4 => FrameKind::End(Ending::WriteFailed),
            _ => return Err(Why::Malformed),
        };
        let offset = self.at as u64;
        self.at = self.at.saturating_add(FRAME_HEAD_BYTES).saturating_add(stored_len);
        Ok(Frame { kind, packing, first_call, len, stored, offset })
    }
}

/// Kind, packing, stored length, length and first call; `None` if it does not begin as a head does.
fn take_apart(head: &[u8; FRAME_HEAD_BYTES]) -> Option<(u8, u8, usize, usize, u64)> {
    let (signature, rest) = head.split_first_chunk::<4>()?;
    let ([kind, packing, _, _], rest) = rest.split_first_chunk::<4>()?;
    let (stored_len, rest) = rest.split_first_chunk::<4>()?;
    let (len, rest) = rest.split_first_chunk::<4>()?;
    let (first_call, _) = rest.split_first_chunk::<8>()?;
    let number = |bytes: &[u8; 4]| u32::from_le_bytes(*bytes) as usize;
    (signature == SIGNATURE).then_some((
        *kind,
        *packing,
        number(stored_len),
        number(len),
        u64::from_le_bytes(*first_call),
    ))
}

impl<'a> Iterator for Frames<'a> {
    type Item = Result<Frame<'a>, Damage>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.at >= self.bytes.len() {
            return None;
        }
        let read = self.read();
        let offset = self.at as u64;
        if read.is_err() {
            self.at = self.bytes.len();
        }
        Some(read.map_err(|why| Damage { offset, why }))
    }
}
