//! Which checksum closes an RDB file or a `DUMP` payload?
//!
//! CRC-64 with the Jones polynomial, bits reflected, starting at zero and with no final inversion.
//! Sixteen table look-ups advance the checksum by sixteen bytes at a time, since a full
//! synchronisation runs every byte of the data through it.

/// The Jones polynomial, as it is written most significant bit first.
const POLYNOMIAL: u64 = 0xad93_d235_94c9_35a9;

/// `TABLES[n][b]` is the effect of byte `b` followed by `n` zero bytes.
static TABLES: [[u64; 256]; 16] = tables();

/// The checksum of what `crc` already covers, followed by `bytes`.
///
/// Start from 0. Feeding the data in pieces gives the same result as feeding it at once.
pub fn update(crc: u64, bytes: &[u8]) -> u64 {
    let mut crc = crc;
    let (blocks, tail) = bytes.as_chunks::<16>();
    for block in blocks {
        // The checksum so far covers the first eight bytes of the block; the last eight enter as
        // they are.
        let mut mixed = *block;
        for (byte, old) in mixed.iter_mut().zip(crc.to_le_bytes()) {
            *byte ^= old;
        }
        crc = 0;
        for (byte, table) in mixed.iter().zip(TABLES.iter().rev()) {
            crc ^= table[usize::from(*byte)];
        }
    }
    for byte in tail {
        crc = TABLES[0][usize::from(crc as u8 ^ byte)] ^ (crc >> 8);
    }
    crc
}

const fn tables() -> [[u64; 256]; 16] {
    let reflected = POLYNOMIAL.reverse_bits();
    let mut tables = [[0; 256]; 16];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = byte as u64;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ reflected } else { crc >> 1 };
            bit += 1;
        }
        tables[0][byte] = crc;
        byte += 1;
    }
    let mut zeros = 1;
    while zeros < 16 {
        let mut byte = 0;
        while byte < 256 {
            let before = tables[zeros - 1][byte];
            tables[zeros][byte] = tables[0][(before & 0xff) as usize] ^ (before >> 8);
            byte += 1;
        }
        zeros += 1;
    }
    tables
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    fn bit_by_bit(crc: u64, bytes: &[u8]) -> u64 {
        bytes.iter().fold(crc, |crc, byte| {
            (0..8).fold(crc ^ u64::from(*byte), |crc, _| {
                let carry = (crc & 1).wrapping_neg();
                (crc >> 1) ^ (POLYNOMIAL.reverse_bits() & carry)
            })
        })
    }

    #[test]
    fn checksums_are_those_of_redis() {
        let cases: &[(&[u8], u64)] = &[
            (b"", 0),
            // The check value of the polynomial, as its catalogue entry has it.
            (b"123456789", 0xe9c6_d914_c4b8_d9ca),
            // From DUMP replies of redis-server 7.0, whose last eight bytes are the checksum of
            // those before.
            (b"\x00\x01x\x0a\x00", 0xd048_e8bd_5f86_8022),
            (b"\x00\xc3\x16\x40\x54\x0ehello, world; h\xe0\x3a\x0d\x01; \x0a\x00", 0xfc99_ca11_5062_c052),
        ];
        for (bytes, expected) in cases {
            assert_eq!(update(0, bytes), *expected, "{:?}", bytes.escape_ascii());
        }
    }

    proptest! {
        #[test]
        fn table_and_bitwise_checksums_agree(start: u64, bytes: Vec<u8>) {
            prop_assert_eq!(update(start, &bytes), bit_by_bit(start, &bytes));
        }

        #[test]
        fn pieces_give_the_checksum_of_the_whole(bytes: Vec<u8>, cut: prop::sample::Index) {
            let (head, tail) = bytes.split_at(cut.index(bytes.len() + 1));
            prop_assert_eq!(update(update(0, head), tail), update(0, &bytes));
        }
    }
}
