//! How are bytes damaged so that the damage reaches the readers within?

use crate::workload::Draw;

/// Lengths that lie.
const LIES: [u64; 8] = [0, 1, 0x3fff, 0xffff_ffff, 1 << 32, (1 << 63) - 1, 1 << 63, u64::MAX];

/// A source of damage.
#[derive(Clone, Debug)]
pub struct Damage(Draw);

impl Damage {
    /// The damage of `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Damage {
        Damage(Draw::new(seed))
    }

    /// A number below `limit`, which is not 0.
    pub fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.0.below(limit as u64)).expect("below a length")
    }

    /// Damages bytes in one to three ways; `other` is what pieces are taken from.
    #[must_use]
    pub fn inflict(&mut self, bytes: &[u8], other: &[u8]) -> Vec<u8> {
        let mut broken = bytes.to_vec();
        for _ in 0..=self.below(3) {
            self.inflict_one(&mut broken, other);
        }
        broken
    }

    fn inflict_one(&mut self, bytes: &mut Vec<u8>, other: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let at = self.below(bytes.len());
        match self.below(11) {
            0 | 1 => bytes[at] ^= 1 << self.below(8),
            2 => bytes[at] = self.below(256) as u8,
            3 => bytes[at] = bytes[at].wrapping_add(1),
            4 => bytes[at] = bytes[at].wrapping_sub(1),
            5 => {
                let lie = self.0.pick(&LIES).to_le_bytes();
                let count = *self.0.pick(&[1, 2, 4, 8]);
                let end = bytes.len().min(at + count);
                bytes[at..end].copy_from_slice(&lie[..end - at]);
            }
            // A length in the container's own spelling.
            6 => {
                let lie = *self.0.pick(&LIES);
                let spelled = match lie {
                    0..0x40 => vec![lie as u8],
                    0x40..=0xffff_ffff => [&[0x80], (lie as u32).to_be_bytes().as_slice()].concat(),
                    _ => [&[0x81], lie.to_be_bytes().as_slice()].concat(),
                };
                bytes.splice(at..=at, spelled);
            }
            7 => {
                let end = bytes.len().min(at + 1 + self.below(8));
                bytes.drain(at..end);
            }
            8 => {
                let end = bytes.len().min(at + 1 + self.below(40));
                let copy = bytes[at..end].to_vec();
                bytes.splice(at..at, copy);
            }
            9 if !other.is_empty() => {
                let from = self.below(other.len());
                let end = other.len().min(from + 1 + self.below(60));
                let over = bytes.len().min(at + self.below(60));
                bytes.splice(at..over, other[from..end].iter().copied());
            }
            _ => bytes.truncate(at),
        }
    }

    /// Damages a file behind its signature and before its checksum, which is made to say that there is none; now and then the end is made
    /// anew.
    #[must_use]
    pub fn inflict_on_file(&mut self, file: &[u8], other: &[u8]) -> Vec<u8> {
        const SIGNATURE_BYTES: usize = 9;
        const CHECKSUM_BYTES: usize = 8;
        let (signature, rest) = file.split_at(SIGNATURE_BYTES);
        let inner = &rest[..rest.len() - CHECKSUM_BYTES];
        let mut broken = [signature, &self.inflict(inner, other)].concat();
        if self.below(4) == 0 {
            broken.push(0xff);
        }
        broken.extend_from_slice(&[0; CHECKSUM_BYTES]);
        broken
    }
}
