//! How are keys and members hashed for the tables?
//!
//! By SipHash-1-3 under a key that is drawn from the node's seed: a client cannot choose names that
//! fall into one bucket, and a replayed run hashes as it did. (Redis keys its tables in the same
//! way, with SipHash-1-2; no hash ever leaves a server.)

use siphasher::sip::SipHasher13;

/// The secret that a node's hashes depend on.
#[derive(Clone, Copy, Debug)]
pub struct HashKey {
    k0: u64,
    k1: u64,
}

impl HashKey {
    /// A key of two words, which should come from the node's random generator.
    pub const fn new(k0: u64, k1: u64) -> Self {
        Self { k0, k1 }
    }

    /// The 64-bit hash of `bytes`, the same on every platform and in every version.
    #[inline]
    pub fn hash(&self, bytes: &[u8]) -> u64 {
        SipHasher13::new_with_keys(self.k0, self.k1).hash(bytes)
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use core::hash::Hasher;

    #[test]
    fn hashes_are_those_of_the_specification() {
        // The reference key 00 01 .. 0f over the bytes 00, 01, ..
        let key = HashKey::new(0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908);
        let bytes: [u8; 64] = core::array::from_fn(|index| index as u8);
        let golden = [
            (0, 0xabac_0158_050f_c4dc),
            (1, 0xc9f4_9bf3_7d57_ca93),
            (7, 0xd392_7d98_9bb1_1140),
            (8, 0x3690_9511_8d29_9a8e),
            (15, 0xd320_d86d_2a51_9956),
            (16, 0xcc4f_dd1a_7d90_8b66),
            (63, 0x9d19_9062_b7bb_b3a8),
        ];
        for (len, expected) in golden {
            let hash = key.hash(&bytes[..len]);
            assert_eq!(hash, expected, "{len}: {hash:#018x}");
        }
    }

    #[test]
    fn the_standard_library_agrees_under_the_zero_key() {
        let bytes: [u8; 64] = core::array::from_fn(|index| (index * 37) as u8);
        for len in 0..bytes.len() {
            let mut reference = std::hash::DefaultHasher::new();
            reference.write(&bytes[..len]);
            assert_eq!(HashKey::new(0, 0).hash(&bytes[..len]), reference.finish(), "{len}");
        }
    }
}
