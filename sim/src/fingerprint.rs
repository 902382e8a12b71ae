//! Did two runs do the same?
//!
//! A rolling 64-bit hash over every occurrence a world carries out. It reads bytes as little-endian words, uses fixed
//! constants and knows nothing of addresses or widths, so that a run has one fingerprint on every machine and in every
//! build. It guards against mistakes, not against an adversary.

/// An odd constant with well-spread bits: 2^64 divided by the golden ratio.
const MIX: u64 = 0x9e37_79b9_7f4a_7c15;

/// A rolling hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint(u64);

impl Default for Fingerprint {
    fn default() -> Fingerprint {
        Fingerprint(MIX)
    }
}

impl Fingerprint {
    /// Folds one number in.
    #[inline]
    pub fn word(&mut self, word: u64) {
        self.0 = fold(self.0, word);
    }

    /// The hash so far.
    #[must_use]
    pub fn value(&self) -> u64 {
        self.0
    }
}

/// Folds one number into a hash: a multiplication spreads low bits upwards, the shift brings them down again.
#[inline]
pub(crate) fn fold(hash: u64, word: u64) -> u64 {
    let mixed = (hash ^ word).wrapping_mul(MIX);
    mixed ^ (mixed >> 29)
}

/// A hash of bytes: eight at a time, then what is left with its length.
#[must_use]
pub fn hash_bytes(bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<8>();
    let mut hash = MIX;
    for word in words {
        hash = fold(hash, u64::from_le_bytes(*word));
    }
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    hash = fold(hash, u64::from_le_bytes(last));
    fold(hash, bytes.len() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_pinned() {
        assert_eq!(hash_bytes(b""), 0x688c_7862_67a8_0152, "{:#x}", hash_bytes(b""));
        assert_eq!(hash_bytes(b"PSYNC ? -1\r\n"), 0x775b_0b05_2997_4a3c, "{:#x}", hash_bytes(b"PSYNC ? -1\r\n"));
    }

    #[test]
    fn a_trailing_zero_byte_is_seen() {
        assert_ne!(hash_bytes(b"a"), hash_bytes(b"a\0"));
    }
}
