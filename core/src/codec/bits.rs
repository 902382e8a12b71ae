//! How are the bits of a byte string counted, searched, read and written?
//!
//! Bit 0 is the highest bit of the first byte, as in Redis. Behind the end there are zeros.

use core::ops::Range;

/// How many bits are set.
#[must_use]
pub fn count(bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<8>();
    let in_words: u64 = words.iter().map(|word| u64::from(u64::from_ne_bytes(*word).count_ones())).sum();
    in_words + rest.iter().map(|byte| u64::from(byte.count_ones())).sum::<u64>()
}

/// How many bits of `range`, which lies within `bytes`, are set.
#[must_use]
pub fn count_in(bytes: &[u8], range: Range<u64>) -> u64 {
    if range.is_empty() {
        return 0;
    }
    let (first, last) = (byte_of(range.start), byte_of(range.end - 1));
    let Some(whole) = bytes.get(first..=last) else { return 0 };
    let before = whole.first().map_or(0, |byte| (byte & !from_bit(range.start)).count_ones());
    let behind = whole.last().map_or(0, |byte| (byte & from_bit(range.end - 1) & !bit(range.end - 1)).count_ones());
    count(whole) - u64::from(before + behind)
}

/// The first bit of `range`, which lies within `bytes`, that is set, or that is not.
#[must_use]
pub fn find(bytes: &[u8], range: Range<u64>, is_set: bool) -> Option<u64> {
    if range.is_empty() {
        return None;
    }
    // From here on, what is looked for are ones.
    let flip = if is_set { 0 } else { 0xff };
    let first = byte_of(range.start);
    let (head, rest) = bytes.get(first..=byte_of(range.end - 1))?.split_first()?;
    let head = (head ^ flip) & from_bit(range.start);
    let (at, byte) = if head != 0 {
        (first, head)
    } else {
        let skipped = skip(rest, flip);
        (first + 1 + skipped, rest.get(skipped)? ^ flip)
    };
    let found = at as u64 * 8 + u64::from(byte.leading_zeros());
    (found < range.end).then_some(found)
}

/// How many bytes in front are equal to `byte`.
fn skip(bytes: &[u8], byte: u8) -> usize {
    let (words, rest) = bytes.as_chunks::<8>();
    let is_other = |word: &[u8; 8]| *word != [byte; 8];
    let (start, rest) = match words.iter().position(is_other) {
        Some(word) => (word * 8, &words[word][..]),
        None => (words.len() * 8, rest),
    };
    start + rest.iter().take_while(|own| **own == byte).count()
}

/// The `width` bits (1 to 64) from `offset` on, as an unsigned number.
#[must_use]
pub fn field(bytes: &[u8], offset: u64, width: u32) -> u64 {
    let window = window(bytes, byte_of(offset));
    (window << (offset % 8) >> (128 - width)) as u64
}

/// Overwrites the `width` bits (1 to 64) from `offset` on, which lie within `bytes`, by the lowest of `value`.
pub fn set_field(bytes: &mut [u8], offset: u64, width: u32, value: u64) {
    let start = byte_of(offset);
    let shift = 128 - width - (offset % 8) as u32;
    let mask = u128::from(u64::MAX >> (64 - width)) << shift;
    let window = (window(bytes, start) & !mask) | ((u128::from(value) << shift) & mask);
    let end = byte_of(offset + u64::from(width) - 1);
    if let Some(part) = bytes.get_mut(start..=end) {
        part.iter_mut().zip(window.to_be_bytes()).for_each(|(byte, new)| *byte = new);
    }
}

/// Sixteen bytes from `start` on: a field of 64 bits may touch nine.
fn window(bytes: &[u8], start: usize) -> u128 {
    let mut window = [0; 16];
    let there = bytes.get(start..).unwrap_or_default();
    window.iter_mut().zip(there).for_each(|(to, from)| *to = *from);
    u128::from_be_bytes(window)
}

/// The byte that a bit is in.
#[inline]
#[must_use]
pub fn byte_of(offset: u64) -> usize {
    usize::try_from(offset / 8).unwrap_or(usize::MAX)
}

/// A bit, within its byte.
#[inline]
#[must_use]
pub fn bit(offset: u64) -> u8 {
    0x80 >> (offset % 8)
}

/// A bit and those behind it, within its byte.
fn from_bit(offset: u64) -> u8 {
    0xff >> (offset % 8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;
    use proptest::prelude::*;

    fn is_set(bytes: &[u8], offset: u64) -> bool {
        bytes.get(byte_of(offset)).is_some_and(|byte| byte & bit(offset) != 0)
    }

    #[test]
    fn a_field_may_touch_nine_bytes() {
        let mut bytes = [0; 10];
        set_field(&mut bytes, 7, 64, u64::MAX);
        assert_eq!(bytes, [1, 255, 255, 255, 255, 255, 255, 255, 254, 0]);
        assert_eq!(field(&bytes, 7, 64), u64::MAX);
        assert_eq!(field(&bytes, 6, 2), 1);
        assert_eq!(field(&bytes, 70, 64), 1 << 63);
        assert_eq!(field(&bytes, 1_000, 64), 0);
    }

    proptest! {
        #[test]
        fn ranges_are_counted_and_searched_bit_by_bit(
            bytes in proptest::collection::vec(prop_oneof![Just(0_u8), Just(255), any::<u8>()], 1..60),
            a: u64,
            b: u64,
            wanted: bool,
        ) {
            let bits = bytes.len() as u64 * 8 + 1;
            let range = (a % bits).min(b % bits)..(a % bits).max(b % bits);
            let ones = range.clone().filter(|offset| is_set(&bytes, *offset)).count() as u64;
            prop_assert_eq!(count_in(&bytes, range.clone()), ones);
            let first = range.clone().find(|offset| is_set(&bytes, *offset) == wanted);
            prop_assert_eq!(find(&bytes, range, wanted), first);
        }

        #[test]
        fn a_field_is_written_where_it_is_read_and_nowhere_else(
            bytes in proptest::collection::vec(any::<u8>(), 20),
            offset in 0_u64..96,
            width in 1_u32..=64,
            value: u64,
        ) {
            let mut written: Vec<u8> = bytes.clone();
            set_field(&mut written, offset, width, value);
            prop_assert_eq!(field(&written, offset, width), value & (u64::MAX >> (64 - width)));
            let field = offset..offset + u64::from(width);
            for bit in (0..160).filter(|bit| !field.contains(bit)) {
                prop_assert_eq!(is_set(&written, bit), is_set(&bytes, bit));
            }
        }
    }
}
