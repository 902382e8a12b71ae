//! By which hash are contents compared that are long, and hashed often?
//!
//! It guards against mistakes, not against an adversary, and reads eight bytes at a time.

/// Odd numbers with well-spread bits: from the fractional parts of the square roots of 2, 3 and 5.
pub(crate) const SPREAD: [u64; 3] = [0x6a09_e667_f3bc_c909, 0xbb67_ae85_84ca_a73b, 0x3c6e_f372_fe94_f82b];

/// A hash of bytes and their number.
pub(crate) fn content_hash(bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<8>();
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    let begin = SPREAD[0] ^ bytes.len() as u64;
    let hash = words.iter().fold(begin, |hash, word| fold(hash ^ u64::from_le_bytes(*word), SPREAD[1]));
    fold(hash ^ u64::from_le_bytes(last), SPREAD[2])
}

/// The two halves of a product, of which each bit depends on all lower ones, one over the other.
pub(crate) fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    product as u64 ^ (product >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_byte_and_the_length_count() {
        let text = [b'x'; 40];
        let hash = content_hash(&text);
        for at in 0..text.len() {
            let mut other = text;
            other[at] ^= 1;
            assert_ne!(content_hash(&other), hash, "{at}");
            assert_ne!(content_hash(&text[..at]), hash, "{at}");
        }
        assert_ne!(content_hash(b"a"), content_hash(b"a\0"));
    }
}
