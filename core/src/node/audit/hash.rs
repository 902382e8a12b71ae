//! Which hashes do checkers compare?
//!
//! They guard against mistakes, not against an adversary, and are made after each command: so they read eight bytes at a time.

/// Extends a hash of a sequence by more of its bytes: `hash * BASE + byte + 1` modulo 2^64, byte by byte.
///
/// So the hash of a whole follows from those of its parts: `whole = first * BASE^len(second) + second`. It guards against mistakes, not against an
/// adversary.
#[must_use]
pub fn stream_hash(hash: u64, bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<8>();
    let hash = words.iter().fold(hash, |hash, word| {
        // Eight steps at once, of which none waits for the one before.
        let terms = word.iter().zip(POWERS).map(|(byte, power)| power.wrapping_mul(u64::from(*byte) + 1));
        terms.fold(hash.wrapping_mul(POWERS[0].wrapping_mul(STREAM_HASH_BASE)), u64::wrapping_add)
    });
    let extend = |hash: u64, byte: &u8| hash.wrapping_mul(STREAM_HASH_BASE).wrapping_add(u64::from(*byte) + 1);
    rest.iter().fold(hash, extend)
}

/// The base of [`stream_hash`]: of the greatest order that there is modulo 2^64.
pub const STREAM_HASH_BASE: u64 = 0x9e37_79b9_7f4a_7c15;

/// The powers of the base, from the seventh down.
const POWERS: [u64; 8] = {
    let mut powers = [1; 8];
    let mut at = 7;
    while at > 0 {
        powers[at - 1] = STREAM_HASH_BASE.wrapping_mul(powers[at]);
        at -= 1;
    }
    powers
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_of_parts_make_that_of_the_whole() {
        let text = b"*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$5\r\nvalue\r\n";
        let whole = stream_hash(0, text);
        let slow = |hash: u64, byte: &u8| hash.wrapping_mul(STREAM_HASH_BASE).wrapping_add(u64::from(*byte) + 1);
        assert_eq!(whole, text.iter().fold(0, slow));
        for cut in 0..=text.len() {
            let (first, second) = text.split_at(cut);
            assert_eq!(stream_hash(stream_hash(0, first), second), whole, "{cut}");
        }
    }
}
