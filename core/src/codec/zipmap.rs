//! What does a zipmap of Redis 2.x hold?
//!
//! The form of small hashes before Redis 2.6, met only in very old RDB files
//! and never written. Layout: number of pairs (254 meaning "count them"), then
//! for each pair the key's length and bytes, the value's length, a byte that
//! says how many unused bytes follow the value, the value and those bytes; then
//! `FF`. A length is one byte, or from 254 on `FE` and 32 bits little-endian.

use core::iter::FusedIterator;

use super::corrupt::Corrupt;

const END: u8 = 0xFF;
/// As the first byte of all: more pairs than it can count. As the first byte of
/// a length: 32 bits follow.
const BIG: u8 = 0xFE;

/// Checks a whole zipmap, in O(n), then iterates over its (key, value) pairs.
pub fn pairs(bytes: &[u8]) -> Result<Pairs<'_>, Corrupt> {
    if bytes.len() < 2 {
        return Err(Corrupt::new(bytes.len(), "zipmap shorter than its frame"));
    }
    let (body, end_mark) = bytes.split_at(bytes.len() - 1);
    if end_mark != [END] {
        let reason = "zipmap does not end with its end mark";
        return Err(Corrupt::new(body.len(), reason));
    }
    let mut at = 1;
    let mut count = 0_usize;
    while at < body.len() {
        at = read_pair(body, at)?.1;
        count += 1;
    }
    if bytes[0] != BIG && usize::from(bytes[0]) != count {
        return Err(Corrupt::new(0, "zipmap count differs from its pairs"));
    }
    Ok(Pairs { body, at: 1, remaining: count })
}

/// The pairs of a zipmap that has been checked.
#[derive(Clone, Debug)]
pub struct Pairs<'a> {
    /// The zipmap without its end mark.
    body: &'a [u8],
    at: usize,
    remaining: usize,
}

impl<'a> Iterator for Pairs<'a> {
    type Item = (&'a [u8], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        self.remaining = self.remaining.checked_sub(1)?;
        let (pair, next) = read_pair(self.body, self.at).expect("a zipmap is checked before iteration");
        self.at = next;
        Some(pair)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.remaining, Some(self.remaining))
    }
}

impl ExactSizeIterator for Pairs<'_> {}
impl FusedIterator for Pairs<'_> {}

type Pair<'a> = (&'a [u8], &'a [u8]);

/// The pair at `at` and the offset behind it.
fn read_pair(body: &[u8], at: usize) -> Result<(Pair<'_>, usize), Corrupt> {
    let (key_len, at) = read_len(body, at)?;
    let (key, at) = read_bytes(body, at, key_len)?;
    let (value_len, at) = read_len(body, at)?;
    let (unused_len, at) = read_bytes(body, at, 1)?;
    let (value, at) = read_bytes(body, at, value_len)?;
    let (_, at) = read_bytes(body, at, usize::from(unused_len[0]))?;
    Ok(((key, value), at))
}

fn read_len(body: &[u8], at: usize) -> Result<(usize, usize), Corrupt> {
    let (first, next) = read_bytes(body, at, 1)?;
    match first[0] {
        END => Err(Corrupt::new(at, "zipmap end mark before its end")),
        BIG => {
            let (wide, next) = read_bytes(body, next, 4)?;
            let len = u32::from_le_bytes([wide[0], wide[1], wide[2], wide[3]]);
            let len = usize::try_from(len).map_err(|_| Corrupt::new(at, "zipmap pair reaches past the end"))?;
            // Redis refuses the wide form for what fits in one byte.
            if len < usize::from(BIG) {
                return Err(Corrupt::new(at, "zipmap length wider than it needs"));
            }
            Ok((len, next))
        }
        len => Ok((usize::from(len), next)),
    }
}

/// The `len` bytes at `at` (which lies within `body`) and the offset behind.
fn read_bytes(body: &[u8], at: usize, len: usize) -> Result<(&[u8], usize), Corrupt> {
    match body[at..].get(..len) {
        Some(bytes) => Ok((bytes, at + len)),
        None => Err(Corrupt::new(at, "zipmap pair reaches past the end")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    /// Two pairs, the second value with three unused bytes behind it.
    const SMALL: &[u8] = b"\x02\x03foo\x03\x00bar\x05hello\x05\x03world???\xFF";

    fn with_wide_lengths(key: &[u8], value: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::from([1]);
        for (part, unused) in [(key, None), (value, Some(0))] {
            bytes.push(BIG);
            bytes.extend((part.len() as u32).to_le_bytes());
            bytes.extend(unused);
            bytes.extend(part);
        }
        bytes.push(END);
        bytes
    }

    #[test]
    fn pairs_come_out_without_the_unused_bytes() {
        let found: Vec<_> = pairs(SMALL).unwrap().collect();
        let expected: [Pair<'_>; 2] = [(b"foo", b"bar"), (b"hello", b"world")];
        assert_eq!(found, expected);
        assert_eq!(pairs(b"\x00\xFF").unwrap().len(), 0);
    }

    #[test]
    fn lengths_of_five_bytes_are_read() {
        let (key, value) = ([b'k'; 254], [b'v'; 70_000]);
        let bytes = with_wide_lengths(&key, &value);
        let found: Vec<_> = pairs(&bytes).unwrap().collect();
        assert_eq!(found, [(&key[..], &value[..])]);
    }

    #[test]
    fn only_a_count_of_254_is_not_compared() {
        let mut bytes = SMALL.to_vec();
        bytes[0] = 254;
        assert_eq!(pairs(&bytes).unwrap().len(), 2);
        for wrong in [0, 1, 3, 253, 255] {
            bytes[0] = wrong;
            let corrupt = pairs(&bytes).unwrap_err();
            assert_eq!(corrupt, Corrupt::new(0, "zipmap count differs from its pairs"));
        }
    }

    #[test]
    fn a_wide_length_for_a_short_part_is_refused() {
        let bytes = with_wide_lengths(b"key", b"value");
        let corrupt = pairs(&bytes).unwrap_err();
        assert_eq!(corrupt, Corrupt::new(1, "zipmap length wider than it needs"));
    }

    #[test]
    fn a_length_that_overflows_is_refused() {
        let bytes = b"\x01\xFE\xFF\xFF\xFF\xFFk\x01\x00v\xFF";
        assert_eq!(pairs(bytes).unwrap_err().offset, 6);
    }

    #[test]
    fn no_truncation_is_accepted_and_no_flipped_byte_panics() {
        for bytes in [SMALL.to_vec(), with_wide_lengths(&[b'k'; 254], &[b'v'; 254])] {
            for len in 0..bytes.len() {
                assert!(pairs(&bytes[..len]).is_err(), "{len}");
            }
            for at in 0..bytes.len() {
                for mask in 1..=255 {
                    let mut broken = bytes.clone();
                    broken[at] ^= mask;
                    if let Ok(found) = pairs(&broken) {
                        let claimed = found.len();
                        assert_eq!(found.count(), claimed);
                    }
                }
            }
        }
    }
}
