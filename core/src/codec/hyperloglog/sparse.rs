//! Registers as runs of equal ones.
//!
//! | opcode | registers |
//! | --- | --- |
//! | `00llllll` | `l` + 1 of rank 0 |
//! | `01llllll llllllll` | `l` + 1 of rank 0 |
//! | `1rrrrrll` | `l` + 1 of rank `r` + 1 |

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

use super::{Corrupt, REGISTERS};

/// The highest rank that a run can have.
pub(super) const RANK_MAX: u8 = 32;
/// The longest run of zeros in one byte.
const SHORT_ZEROS_MAX: usize = 64;
/// The longest run of another rank.
const VALUES_MAX: usize = 4;
/// The most opcodes that are looked at after a change, to join equal neighbours: the one before, three in place of one, the one behind.
const JOINED_MAX: usize = 5;

/// One opcode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Opcode {
    /// Rank 0, one byte.
    Zeros(usize),
    /// Rank 0, two bytes.
    ManyZeros(usize),
    /// Another rank.
    Values { rank: u8, len: usize },
}

impl Opcode {
    fn read(bytes: &[u8], at: usize) -> Option<Opcode> {
        let byte = *bytes.get(at)?;
        Some(match byte >> 6 {
            0 => Opcode::Zeros(usize::from(byte & 0x3f) + 1),
            1 => {
                let low = bytes.get(at + 1).copied().unwrap_or(0);
                Opcode::ManyZeros(usize::from(u16::from_be_bytes([byte & 0x3f, low])) + 1)
            }
            _ => Opcode::Values { rank: (byte >> 2 & 0x1f) + 1, len: usize::from(byte & 3) + 1 },
        })
    }

    fn byte_len(self) -> usize {
        if matches!(self, Opcode::ManyZeros(_)) { 2 } else { 1 }
    }

    /// Rank and number of the registers.
    fn run(self) -> (u8, usize) {
        match self {
            Opcode::Zeros(len) | Opcode::ManyZeros(len) => (0, len),
            Opcode::Values { rank, len } => (rank, len),
        }
    }
}

/// Appends a run of zeros, at most as many as there are registers.
pub(super) fn push_zeros(out: &mut Vec<u8>, len: usize) {
    match len {
        0 => {}
        1..=SHORT_ZEROS_MAX => out.push(len as u8 - 1),
        _ => out.extend_from_slice(&((len as u16 - 1) | 0x4000).to_be_bytes()),
    }
}

/// Appends a run of another rank, at most four.
fn push_values(out: &mut Vec<u8>, rank: u8, len: usize) {
    if len > 0 {
        out.push(0x80 | (rank - 1) << 2 | (len as u8 - 1));
    }
}

/// Appends a run of any rank.
fn push_run(out: &mut Vec<u8>, rank: u8, len: usize) {
    if rank == 0 { push_zeros(out, len) } else { push_values(out, rank, len) }
}

/// Equal registers next to each other.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    pub(super) first: usize,
    pub(super) len: usize,
    pub(super) rank: u8,
}

/// Hands all runs to `visit`. None of them goes past the last register; that they end with it is known when all were seen.
pub(super) fn for_each_run(bytes: &[u8], mut visit: impl FnMut(Run)) -> Result<(), Corrupt> {
    let (mut at, mut first) = (0, 0);
    while let Some(opcode) = Opcode::read(bytes, at) {
        let (rank, len) = opcode.run();
        if first + len > REGISTERS {
            return Err(Corrupt);
        }
        visit(Run { first, len, rank });
        at += opcode.byte_len();
        first += len;
    }
    if first == REGISTERS { Ok(()) } else { Err(Corrupt) }
}

/// The opcode that holds a register.
struct Found {
    opcode: Opcode,
    /// Where it is.
    bytes: Range<usize>,
    /// Where the one before it begins; where it begins itself if it is the first.
    before: usize,
    /// Its first register.
    first: usize,
}

/// Finds the opcode that holds a register, from byte `start` on.
fn find(bytes: &[u8], start: usize, index: usize) -> Result<Found, Corrupt> {
    let (mut before, mut at, mut first) = (start, start, 0);
    while let Some(opcode) = Opcode::read(bytes, at) {
        let (_, len) = opcode.run();
        if index < first + len {
            let end = (at + opcode.byte_len()).min(bytes.len());
            return Ok(Found { opcode, bytes: at..end, before, first });
        }
        before = at;
        at += opcode.byte_len();
        first += len;
    }
    Err(Corrupt)
}

/// A register.
pub(super) fn rank(bytes: &[u8], index: usize) -> Result<u8, Corrupt> {
    find(bytes, 0, index).map(|found| found.opcode.run().0)
}

/// What came of raising a register.
pub(super) enum Raised {
    /// It is as high already.
    No,
    Yes,
    /// Runs cannot have that rank, or there would be too many bytes of them.
    DoesNotFit,
}

/// Raises a register of the opcodes that begin at byte `start`, unless the whole would then be longer than `bytes_max`.
pub(super) fn raise(
    bytes: &mut Vec<u8>,
    start: usize,
    index: usize,
    to: u8,
    bytes_max: usize,
) -> Result<Raised, Corrupt> {
    if to > RANK_MAX {
        return Ok(Raised::DoesNotFit);
    }
    let found = find(bytes, start, index)?;
    let (rank, len) = found.opcode.run();
    if rank >= to {
        return Ok(Raised::No);
    }
    let mut parts = Vec::with_capacity(5);
    push_run(&mut parts, rank, index - found.first);
    push_values(&mut parts, to, 1);
    push_run(&mut parts, rank, found.first + len - 1 - index);
    let byte_len = found.opcode.byte_len();
    if parts.len() > byte_len && bytes.len() + parts.len() - byte_len > bytes_max {
        return Ok(Raised::DoesNotFit);
    }
    // The second byte of an opcode may be missing. Redis takes the zero behind the string for it, and then makes the string a byte too
    // short; replicas must do the same.
    let is_cut = found.bytes.len() < byte_len;
    bytes.splice(found.bytes, parts);
    if is_cut {
        bytes.pop();
    }
    join_equal(bytes, found.before);
    Ok(Raised::Yes)
}

/// Joins runs of the same rank next to each other, from byte `at` on.
fn join_equal(bytes: &mut Vec<u8>, mut at: usize) {
    for _ in 0..JOINED_MAX {
        match (Opcode::read(bytes, at), Opcode::read(bytes, at + 1)) {
            (Some(Opcode::Values { rank, len }), Some(Opcode::Values { rank: next, len: more }))
                if rank == next && len + more <= VALUES_MAX =>
            {
                bytes.remove(at);
                bytes[at] += len as u8;
            }
            (Some(opcode), _) => at += opcode.byte_len(),
            (None, _) => return,
        }
    }
}

/// The opcodes as PFDEBUG DECODE tells them.
pub(super) fn text(bytes: &[u8]) -> String {
    let (mut text, mut at) = (String::new(), 0);
    while let Some(opcode) = Opcode::read(bytes, at) {
        if at > 0 {
            text.push(' ');
        }
        text.push_str(&match opcode {
            Opcode::Zeros(len) => format!("z:{len}"),
            Opcode::ManyZeros(len) => format!("Z:{len}"),
            Opcode::Values { rank, len } => format!("v:{rank},{len}"),
        });
        at += opcode.byte_len();
    }
    text
}
