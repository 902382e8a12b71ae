//! How does a string count different elements without keeping them?
//!
//! The HyperLogLog of Redis 7.0, byte for byte: a header, then 16384 registers, each the highest rank of an element that fell to it. Few
//! elements leave runs of equal registers, kept as `sparse` opcodes; more make the string `dense`, six bits a register.
//!
//! | bytes | what they are |
//! | --- | --- |
//! | 0..4 | `HYLL` |
//! | 4 | 0 dense, 1 sparse |
//! | 5..8 | unused |
//! | 8..16 | the last count, least significant byte first; its highest bit says that it is out of date |
//! | 16.. | the registers |

mod dense;
mod estimate;
mod hash;
mod sparse;

use alloc::string::String;
use alloc::vec::Vec;

use sparse::Raised;

/// How many registers.
pub const REGISTERS: usize = 1 << INDEX_BITS;
/// How many bits of a hash choose the register.
const INDEX_BITS: u32 = 14;
/// The highest rank of an element: of the bits of a hash that are left, at least one behind them counts as set.
const RANK_MAX: usize = 64 - INDEX_BITS as usize + 1;

const MAGIC: &[u8; 4] = b"HYLL";
const HEADER_BYTES: usize = 16;
const ENCODING_AT: usize = 4;
const COUNT_AT: usize = 8;
/// In the last byte of the count: it is out of date.
const STALE: u8 = 0x80;

/// The registers make no sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Corrupt;

/// How registers are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Six bits each.
    Dense,
    /// Runs of equal ones.
    Sparse,
}

impl Encoding {
    /// The name in PFDEBUG ENCODING.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Encoding::Dense => "dense",
            Encoding::Sparse => "sparse",
        }
    }
}

/// Registers one by one: what a union is made in.
#[derive(Clone, Debug)]
pub struct Registers(Vec<u8>);

impl Default for Registers {
    fn default() -> Registers {
        Registers(alloc::vec![0; REGISTERS])
    }
}

impl Registers {
    /// Raises each to the one of a HyperLogLog, if that is higher.
    pub fn take_in(&mut self, bytes: &[u8]) -> Result<(), Corrupt> {
        let registers = registers_of(bytes);
        match encoding(bytes).ok_or(Corrupt)? {
            Encoding::Dense => {
                self.0.iter_mut().zip(dense::ranks(registers)).for_each(|(own, rank)| *own = rank.max(*own));
                Ok(())
            }
            Encoding::Sparse => sparse::for_each_run(registers, |run| {
                if run.rank > 0
                    && let Some(own) = self.0.get_mut(run.first..run.first + run.len)
                {
                    own.iter_mut().for_each(|own| *own = run.rank.max(*own));
                }
            }),
        }
    }

    /// About how many different elements there were.
    #[must_use]
    pub fn count(&self) -> u64 {
        let mut histogram = [0; 64];
        self.0.iter().for_each(|rank| histogram[usize::from(*rank & 63)] += 1);
        estimate::count(&histogram)
    }

    /// All of them.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = u8> + '_ {
        self.0.iter().copied()
    }
}

/// One that has seen nothing.
#[must_use]
pub fn empty() -> Vec<u8> {
    let mut bytes = alloc::vec![0; HEADER_BYTES];
    bytes[..MAGIC.len()].copy_from_slice(MAGIC);
    bytes[ENCODING_AT] = 1;
    sparse::push_zeros(&mut bytes, REGISTERS);
    bytes
}

/// The encoding, if the string looks like a HyperLogLog. Sparse registers may be corrupt nonetheless.
#[must_use]
pub fn encoding(bytes: &[u8]) -> Option<Encoding> {
    let (header, registers) = bytes.split_at_checked(HEADER_BYTES)?;
    match (header.starts_with(MAGIC), header[ENCODING_AT]) {
        (true, 0) if registers.len() == dense::BYTES => Some(Encoding::Dense),
        (true, 1) => Some(Encoding::Sparse),
        _ => None,
    }
}

fn registers_of(bytes: &[u8]) -> &[u8] {
    bytes.get(HEADER_BYTES..).unwrap_or_default()
}

/// True if [`add`] of an element would change a register.
pub fn is_new(bytes: &[u8], element: &[u8]) -> Result<bool, Corrupt> {
    let (index, rank) = hash::place_of(element);
    let registers = registers_of(bytes);
    let own = match encoding(bytes).ok_or(Corrupt)? {
        Encoding::Dense => dense::rank(registers, index),
        // A rank that no run can have makes the string dense without a look at its runs.
        Encoding::Sparse if rank > sparse::RANK_MAX => 0,
        Encoding::Sparse => sparse::rank(registers, index)?,
    };
    Ok(rank > own)
}

/// Takes an element in; true if a register was raised. A sparse string that would be longer than `sparse_bytes_max` becomes dense.
/// When it fails, the string is as it was, or dense.
pub fn add(bytes: &mut Vec<u8>, element: &[u8], sparse_bytes_max: usize) -> Result<bool, Corrupt> {
    let (index, rank) = hash::place_of(element);
    raise(bytes, index, rank, sparse_bytes_max)
}

/// Raises each register to the one of a union, if that is higher.
pub fn raise_all(bytes: &mut Vec<u8>, union: &Registers, sparse_bytes_max: usize) -> Result<(), Corrupt> {
    for (index, rank) in union.iter().enumerate().filter(|(_, rank)| *rank > 0) {
        raise(bytes, index, rank, sparse_bytes_max)?;
    }
    Ok(())
}

fn raise(bytes: &mut Vec<u8>, index: usize, rank: u8, sparse_bytes_max: usize) -> Result<bool, Corrupt> {
    if encoding(bytes).ok_or(Corrupt)? == Encoding::Sparse {
        match sparse::raise(bytes, HEADER_BYTES, index, rank, sparse_bytes_max)? {
            Raised::No => return Ok(false),
            Raised::Yes => return Ok(true),
            Raised::DoesNotFit => make_dense(bytes)?,
        }
    }
    Ok(dense::raise(bytes.get_mut(HEADER_BYTES..).unwrap_or_default(), index, rank))
}

/// Makes it dense, if it is not.
pub fn make_dense(bytes: &mut Vec<u8>) -> Result<(), Corrupt> {
    if encoding(bytes).ok_or(Corrupt)? == Encoding::Dense {
        return Ok(());
    }
    let mut registers = alloc::vec![0; dense::BYTES];
    sparse::for_each_run(registers_of(bytes), |run| {
        if run.rank > 0 {
            (run.first..run.first + run.len).for_each(|index| {
                dense::raise(&mut registers, index, run.rank);
            });
        }
    })?;
    bytes.truncate(HEADER_BYTES);
    bytes.extend_from_slice(&registers);
    bytes[ENCODING_AT] = 0;
    Ok(())
}

/// The count that it remembers, unless that is out of date.
#[must_use]
pub fn remembered(bytes: &[u8]) -> Option<u64> {
    let count = bytes.get(COUNT_AT..)?.first_chunk::<8>()?;
    (count[7] & STALE == 0).then(|| u64::from_le_bytes(*count))
}

/// Remembers a count.
pub fn remember(bytes: &mut [u8], count: u64) {
    if let Some(field) = bytes.get_mut(COUNT_AT..).and_then(|rest| rest.first_chunk_mut::<8>()) {
        *field = count.to_le_bytes();
    }
}

/// Says that the count it remembers is out of date.
pub fn forget(bytes: &mut [u8]) {
    if let Some(last) = bytes.get_mut(COUNT_AT + 7) {
        *last |= STALE;
    }
}

/// About how many different elements it has taken in.
pub fn count(bytes: &[u8]) -> Result<u64, Corrupt> {
    let mut histogram = [0; 64];
    let registers = registers_of(bytes);
    match encoding(bytes).ok_or(Corrupt)? {
        Encoding::Dense => dense::ranks(registers).for_each(|rank| histogram[usize::from(rank)] += 1),
        Encoding::Sparse => sparse::for_each_run(registers, |run| histogram[usize::from(run.rank)] += run.len as u32)?,
    }
    Ok(estimate::count(&histogram))
}

/// The opcodes of sparse registers as text, for PFDEBUG DECODE.
#[must_use]
pub fn opcodes(bytes: &[u8]) -> String {
    sparse::text(registers_of(bytes))
}
