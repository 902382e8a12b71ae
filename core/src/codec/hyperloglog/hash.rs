//! Which register does an element fall to, and with which rank?
//!
//! By MurmurHash2 in its 64-bit form "A", whose author is Austin Appleby, under the seed that Redis has always used.

use super::{INDEX_BITS, RANK_MAX, REGISTERS};

const SEED: u64 = 0xadc8_3b19;
const MULTIPLIER: u64 = 0xc6a4_a793_5bd1_e995;
const SHIFT: u32 = 47;

/// The register, and the rank: how many bits behind those that name the register end with the first that is set.
pub(super) fn place_of(element: &[u8]) -> (usize, u8) {
    let hash = murmur(element);
    let index = hash as usize & (REGISTERS - 1);
    let rest = hash >> INDEX_BITS | 1 << (RANK_MAX - 1);
    (index, rest.trailing_zeros() as u8 + 1)
}

fn murmur(bytes: &[u8]) -> u64 {
    let (words, tail) = bytes.as_chunks::<8>();
    let mut hash = SEED ^ (bytes.len() as u64).wrapping_mul(MULTIPLIER);
    for word in words {
        let word = scramble(u64::from_le_bytes(*word).wrapping_mul(MULTIPLIER)).wrapping_mul(MULTIPLIER);
        hash = (hash ^ word).wrapping_mul(MULTIPLIER);
    }
    if !tail.is_empty() {
        let word = tail.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte));
        hash = (hash ^ word).wrapping_mul(MULTIPLIER);
    }
    scramble(scramble(hash).wrapping_mul(MULTIPLIER))
}

fn scramble(word: u64) -> u64 {
    word ^ word >> SHIFT
}
