//! How are strings compressed inside an RDB file?
//!
//! LZF: a stream of items, each led by a control byte. Below 32 it announces a literal run of that
//! many bytes plus one. Otherwise its upper three bits are a match length minus two (seven of them:
//! another byte is added) and its lower five bits, with the byte that ends the item, the distance
//! back minus one. So a match has 3 to 264 bytes and reaches back at most 8192.

use alloc::boxed::Box;
use alloc::vec::Vec;

const LITERAL_BYTES_MAX: usize = 32;
const MATCH_BYTES_MIN: usize = 3;
const MATCH_BYTES_MAX: usize = 264;
const DISTANCE_MAX: usize = 8192;

/// A compressed string must be this much shorter than the original, as in Redis; less does not pay
/// for its header.
const SAVED_BYTES_MIN: usize = 4;

/// No item yields more than this many bytes for each byte it takes: a 264-byte match is written in
/// three.
const EXPANSION_MAX: usize = 88;

/// Appends the compressed form of `input` to `out`, if that saves at least four bytes.
///
/// Otherwise `out` is as it was and the result is `false`: the caller stores the string as it is.
pub fn compress(input: &[u8], out: &mut Vec<u8>) -> bool {
    // Positions are kept in 32 bits. Longer strings exist only where the operator raised
    // proto-max-bulk-len.
    if input.len() <= SAVED_BYTES_MIN || input.len() > i32::MAX as usize {
        return false;
    }
    let mark = out.len();
    // About as many slots as positions, and never more than the window could use.
    let fits = match input.len() {
        ..=256 => compress_with(input, out, &mut Recent { slots: [0; 256] }),
        257..=4096 => compress_with(input, out, &mut *Box::new(Recent { slots: [0; 2048] })),
        _ => compress_with(input, out, &mut *Box::new(Recent { slots: [0; 8192] })),
    };
    if !fits {
        out.truncate(mark);
    }
    fits
}

/// Appends the compressed form; false if it does not save enough, of which a part was appended then.
fn compress_with<const SLOTS: usize>(input: &[u8], out: &mut Vec<u8>, recent: &mut Recent<SLOTS>) -> bool {
    let limit = out.len() + input.len() - SAVED_BYTES_MIN;
    let mut literal_start = 0;
    while let Some((at, earlier)) = recent.next_match(input, literal_start) {
        let length = common_prefix(input, earlier, at);
        push_literals(out, &input[literal_start..at]);
        push_match(out, at - earlier - 1, length);
        literal_start = at + length;
        if out.len() > limit {
            return false;
        }
        // Remembering the match's last two positions lets the next one begin across its end.
        for inside in [literal_start - 2, literal_start - 1] {
            recent.remember(input, inside);
        }
    }
    // Literals that cannot fit any more are not copied only to be dropped again.
    let rest = &input[literal_start..];
    let fits = out.len() + rest.len() + rest.len().div_ceil(LITERAL_BYTES_MAX) <= limit;
    if fits {
        push_literals(out, rest);
    }
    fits
}

/// The string that `input` was compressed from, which must be `expected_len` bytes long.
///
/// `None` if `input` is corrupt, or gives more or fewer bytes. `expected_len` need not be trusted:
/// memory grows only with what has really been decompressed, and never beyond it.
pub fn decompress(input: &[u8], expected_len: usize) -> Option<Vec<u8>> {
    if expected_len > input.len().saturating_mul(EXPANSION_MAX) {
        return None;
    }
    let mut out = Vec::new();
    let mut rest = input;
    while !rest.is_empty() {
        match take_item(&mut rest)? {
            Item::Literals(literals) => {
                make_room(&mut out, literals.len(), expected_len)?;
                out.extend_from_slice(literals);
            }
            Item::Match { distance, length } => {
                let start = out.len().checked_sub(distance)?;
                make_room(&mut out, length, expected_len)?;
                repeat_from(&mut out, start, length);
            }
        }
    }
    (out.len() == expected_len).then_some(out)
}

/// True if `input` [decompresses](decompress) to `expected_len` bytes.
pub fn is_sound(input: &[u8], expected_len: usize) -> bool {
    let mut len = 0;
    let mut rest = input;
    while !rest.is_empty() {
        len += match take_item(&mut rest) {
            Some(Item::Literals(literals)) => literals.len(),
            Some(Item::Match { distance, length }) if distance <= len => length,
            _ => return false,
        };
    }
    len == expected_len
}

enum Item<'a> {
    Literals(&'a [u8]),
    Match { distance: usize, length: usize },
}

/// The next item; `None` if it is cut short.
#[inline]
fn take_item<'a>(rest: &mut &'a [u8]) -> Option<Item<'a>> {
    let (control, after) = rest.split_first()?;
    let control = usize::from(*control);
    if control < LITERAL_BYTES_MAX {
        let (literals, after) = after.split_at_checked(control + 1)?;
        *rest = after;
        return Some(Item::Literals(literals));
    }
    let (length, after) = match (control >> 5, after) {
        (7, [more, after @ ..]) => (usize::from(*more) + 9, after),
        (7, []) => return None,
        (short, after) => (short + 2, after),
    };
    let (low, after) = after.split_first()?;
    *rest = after;
    Some(Item::Match { distance: ((control & 0x1f) << 8 | usize::from(*low)) + 1, length })
}

/// The last position at which each three-byte sequence was seen; a sequence may push out another with the same hash.
///
/// What was never seen has position 0: since a candidate is compared anyway, that needs no test of its own.
struct Recent<const SLOTS: usize> {
    slots: [u32; SLOTS],
}

impl<const SLOTS: usize> Recent<SLOTS> {
    /// The first position from `from` on that begins a match, and where its bytes were seen before. What lies between is remembered.
    #[inline]
    fn next_match(&mut self, input: &[u8], from: usize) -> Option<(usize, usize)> {
        for (offset, sequence) in input[from..].windows(MATCH_BYTES_MIN).enumerate() {
            let at = from + offset;
            let sequence = number(sequence);
            let earlier = core::mem::replace(&mut self.slots[Self::slot(sequence)], at as u32) as usize;
            let is_seen = input.get(earlier..earlier + MATCH_BYTES_MIN).is_some_and(|there| number(there) == sequence);
            if is_seen && earlier < at && at - earlier <= DISTANCE_MAX {
                return Some((at, earlier));
            }
        }
        None
    }

    fn remember(&mut self, input: &[u8], at: usize) {
        if let Some(sequence) = input.get(at..at + MATCH_BYTES_MIN) {
            self.slots[Self::slot(number(sequence))] = at as u32;
        }
    }

    #[inline]
    fn slot(sequence: u32) -> usize {
        (sequence.wrapping_mul(0x9e37_79b1) >> (u32::BITS - SLOTS.ilog2())) as usize
    }
}

/// Three bytes, such that all of them count for the upper bits of a product.
#[inline]
fn number(sequence: &[u8]) -> u32 {
    let [a, b, c] = *sequence else { return 0 };
    u32::from_le_bytes([0, a, b, c])
}

fn common_prefix(input: &[u8], earlier: usize, at: usize) -> usize {
    let here = &input[at..input.len().min(at + MATCH_BYTES_MAX)];
    let there = &input[earlier..];
    here.iter().zip(there).take_while(|(left, right)| left == right).count()
}

fn push_literals(out: &mut Vec<u8>, literals: &[u8]) {
    for run in literals.chunks(LITERAL_BYTES_MAX) {
        out.push(run.len() as u8 - 1);
        out.extend_from_slice(run);
    }
}

/// `offset` is the distance minus one, as the format stores it.
fn push_match(out: &mut Vec<u8>, offset: usize, length: usize) {
    let high = (offset >> 8) as u8;
    match length - 2 {
        short @ ..7 => out.push((short as u8) << 5 | high),
        long => out.extend_from_slice(&[7 << 5 | high, (long - 7) as u8]),
    }
    out.push(offset as u8);
}

/// Makes room for `more` bytes, doubling as a vector does but never beyond `len_max`; `None` if
/// they would not fit under it.
fn make_room(out: &mut Vec<u8>, more: usize, len_max: usize) -> Option<()> {
    let len = out.len() + more;
    if len > len_max {
        return None;
    }
    if len > out.capacity() {
        let capacity = len.max(out.capacity() * 2).max(256).min(len_max);
        out.reserve_exact(capacity - out.len());
    }
    Some(())
}

/// Appends `length` bytes from `start` on. They may overlap with what is being appended, which
/// repeats a pattern.
fn repeat_from(out: &mut Vec<u8>, start: usize, length: usize) {
    if let [byte] = out[start..] {
        return out.resize(out.len() + length, byte);
    }
    let mut left = length;
    while left > 0 {
        // Each round at least doubles what there is to copy from.
        let piece = left.min(out.len() - start);
        out.extend_from_within(start..start + piece);
        left -= piece;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn round_trip(input: &[u8]) -> Option<usize> {
        let mut out = b"kept".to_vec();
        if !compress(input, &mut out) {
            assert_eq!(out, b"kept");
            return None;
        }
        let compressed = out.strip_prefix(b"kept").expect("compress only appends");
        assert!(compressed.len() + SAVED_BYTES_MIN <= input.len());
        assert_eq!(decompress(compressed, input.len()).as_deref(), Some(input));
        assert!(is_sound(compressed, input.len()));
        Some(compressed.len())
    }

    #[test]
    fn strings_that_save_less_than_four_bytes_are_left_alone() {
        let cases: &[&[u8]] = &[b"", b"a", b"aaaa", b"aaaaaaa", b"abcdefghijklmnopqrstuvwxyz0123456789"];
        for case in cases {
            assert_eq!(round_trip(case), None, "{case:?}");
        }
    }

    #[test]
    fn repetitive_strings_shrink_to_a_few_bytes() {
        assert_eq!(round_trip(&[b'a'; 20]), Some(5));
        assert_eq!(round_trip(&b"hello world ".repeat(10)), Some(16));
        let zeros = round_trip(&[0; 100_000]).expect("zeros compress");
        assert!(zeros < 1200, "{zeros}");
    }

    #[test]
    fn matches_reach_back_as_far_as_the_format_can_and_no_further() {
        for (gap, found) in [(DISTANCE_MAX - 300, true), (DISTANCE_MAX + 300, false)] {
            let mut mixer = 1u32;
            let mut noise = |count: usize| -> Vec<u8> {
                core::iter::repeat_with(|| {
                    mixer = mixer.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (mixer >> 24) as u8
                })
                .take(count)
                .collect()
            };
            let head = noise(200);
            let input = [head.as_slice(), &noise(gap - 200), &head, &head[..100]].concat();
            // The last hundred bytes pay for the literal runs' headers only if the two hundred
            // before them were matched.
            assert_eq!(round_trip(&input).is_some(), found, "{gap}");
        }
    }

    #[test]
    fn a_stream_written_by_redis_is_read() {
        // From DUMP replies of redis-server 7.0.
        let cases: &[(&[u8], &[u8])] = &[
            (b"\x01aa\xe0\x1d\x00\x01bc\x80\x01\x01bc", b"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaabcbcbcbcbc"),
            (b"\x0ehello, world; h\xe0\x3a\x0d\x01; ", &b"hello, world; ".repeat(6)),
        ];
        for (compressed, expected) in cases {
            let found = decompress(compressed, expected.len());
            assert_eq!(found.as_deref(), Some(*expected));
        }
    }

    #[test]
    fn corrupt_streams_are_refused() {
        let cases: &[(&[u8], usize, &str)] = &[
            (b"\x02ab", 3, "literal run cut short"),
            (b"\x00a\xe0", 10, "long match without its length"),
            (b"\x00a\xe0\x00", 10, "long match without its distance"),
            (b"\x00a\x20", 4, "short match without its distance"),
            (b"\x00a\x20\x01", 4, "distance before the beginning"),
            (b"\x00a\x20\x00", 3, "more than expected"),
            (b"\x00a\x20\x00", 5, "less than expected"),
            (b"\x00a", usize::MAX, "a length no such input can give"),
            (b"", 1, "nothing"),
        ];
        for (input, expected_len, what) in cases {
            assert_eq!(decompress(input, *expected_len), None, "{what}");
            assert!(!is_sound(input, *expected_len), "{what}");
        }
        assert_eq!(decompress(b"", 0), Some(Vec::new()));
        assert_eq!(decompress(b"\x00a\x20\x00", 4), Some(b"aaaa".to_vec()));
    }

    proptest! {
        #[test]
        fn what_was_compressed_comes_back(
            input in prop::collection::vec(prop_oneof![Just(b'a'), Just(b'b'), any::<u8>()], 0..3000),
        ) {
            round_trip(&input);
        }

        #[test]
        fn any_bytes_are_refused_or_give_the_expected_length(input: Vec<u8>, expected_len in 0usize..2000) {
            let out = decompress(&input, expected_len);
            prop_assert_eq!(is_sound(&input, expected_len), out.is_some());
            if let Some(out) = out {
                prop_assert_eq!(out.len(), expected_len);
                prop_assert!(out.capacity() <= expected_len);
            }
        }
    }
}
