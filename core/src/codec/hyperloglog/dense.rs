//! Registers of six bits each, from the lowest bit of the first byte on.

use super::REGISTERS;

const BITS: usize = 6;
const MASK: u16 = (1 << BITS) - 1;

/// All registers.
pub(super) const BYTES: usize = REGISTERS * BITS / 8;

/// A register.
pub(super) fn rank(registers: &[u8], index: usize) -> u8 {
    let (at, shift) = position(index);
    (window(registers, at) >> shift & MASK) as u8
}

/// Raises a register; false if it is as high already.
pub(super) fn raise(registers: &mut [u8], index: usize, to: u8) -> bool {
    if rank(registers, index) >= to {
        return false;
    }
    let (at, shift) = position(index);
    let window = window(registers, at) & !(MASK << shift) | (u16::from(to) & MASK) << shift;
    for (byte, new) in registers.iter_mut().skip(at).zip(window.to_le_bytes()) {
        *byte = new;
    }
    true
}

/// All registers in order. Three bytes hold four.
pub(super) fn ranks(registers: &[u8]) -> impl Iterator<Item = u8> + '_ {
    registers.as_chunks::<3>().0.iter().flat_map(|[low, middle, high]| {
        let four = u32::from_le_bytes([*low, *middle, *high, 0]);
        [0, 6, 12, 18].map(|shift| (four >> shift) as u8 & MASK as u8)
    })
}

/// The byte in which a register begins, and the bit in it.
fn position(index: usize) -> (usize, usize) {
    (index * BITS / 8, index * BITS % 8)
}

/// Two bytes: the last register ends with the last byte.
fn window(registers: &[u8], at: usize) -> u16 {
    let byte = |at: usize| registers.get(at).copied().unwrap_or(0);
    u16::from_le_bytes([byte(at), byte(at + 1)])
}
