//! Are these bytes a listpack?
//!
//! Everything the other files rely on is proved here once, when bytes are
//! taken in: after that, walking never leaves the allocation in either
//! direction. One pass, no allocation.

use super::entry::{back_len, body_len, write_back_len};
use super::{COUNT_UNKNOWN, END, HEADER_LEN, header_bytes, header_count};
use crate::codec::corrupt::Corrupt;

/// Checks the whole listpack: header, every entry, back-lengths, end, count.
///
/// Differs: Redis takes a back-length whose groups run into the entry itself
/// if the sum happens to match; here it must be the very bytes Redis writes.
pub(super) fn validate(bytes: &[u8]) -> Result<(), Corrupt> {
    if bytes.len() < HEADER_LEN + 1 {
        return Err(Corrupt::new(bytes.len(), "listpack shorter than its frame"));
    }
    if u32::try_from(bytes.len()) != Ok(header_bytes(bytes)) {
        return Err(Corrupt::new(0, "listpack length differs from its header"));
    }
    let end = bytes.len() - 1;
    if bytes[end] != END {
        return Err(Corrupt::new(end, "listpack does not end with its end mark"));
    }
    let mut at = HEADER_LEN;
    let mut count = 0_usize;
    while at < end {
        at += checked_entry_len(&bytes[..end], at)?;
        count += 1;
    }
    let claimed = header_count(bytes);
    if claimed != COUNT_UNKNOWN && usize::from(claimed) != count {
        return Err(Corrupt::new(4, "listpack count differs from its entries"));
    }
    Ok(())
}

/// Size of the entry at `at`, proved to lie within `bytes` (which exclude the
/// end mark) and to carry its own back-length.
fn checked_entry_len(bytes: &[u8], at: usize) -> Result<usize, Corrupt> {
    let rest = &bytes[at..];
    let Some(body) = body_len(rest) else {
        return Err(Corrupt::new(at, "listpack entry with a broken head"));
    };
    let back_slot = rest.get(body..).and_then(|tail| tail.get(..back_len(body)));
    let Some(back_slot) = back_slot else {
        return Err(Corrupt::new(at, "listpack entry reaches past the end"));
    };
    // Most entries are short, and most bytes that are checked are theirs: one byte is compared as one.
    if let [back] = back_slot {
        return match usize::from(*back) == body {
            true => Ok(body + 1),
            false => Err(Corrupt::new(at + body, "listpack back-length is wrong")),
        };
    }
    let mut expected = [0; 5];
    let expected = &mut expected[..back_slot.len()];
    write_back_len(body, expected);
    if back_slot != expected {
        return Err(Corrupt::new(at + body, "listpack back-length is wrong"));
    }
    Ok(body + back_slot.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(bytes: &[u8]) -> (usize, &'static str) {
        let corrupt = validate(bytes).expect_err("these bytes are broken");
        (corrupt.offset, corrupt.reason)
    }

    #[test]
    fn each_broken_rule_is_named_where_it_breaks() {
        assert_eq!(reason(b""), (0, "listpack shorter than its frame"));
        assert_eq!(reason(&[8, 0, 0, 0, 0, 0, 0xFF]), (0, "listpack length differs from its header"));
        assert_eq!(reason(&[7, 0, 0, 0, 0, 0, 0]), (6, "listpack does not end with its end mark"));
        assert_eq!(reason(&[9, 0, 0, 0, 2, 0, 5, 1, 0xFF]), (4, "listpack count differs from its entries"));
        assert_eq!(reason(&[9, 0, 0, 0, 1, 0, 0xF5, 1, 0xFF]), (6, "listpack entry with a broken head"));
        assert_eq!(reason(&[9, 0, 0, 0, 1, 0, 0xFF, 1, 0xFF]), (6, "listpack entry with a broken head"));
        assert_eq!(reason(&[9, 0, 0, 0, 1, 0, 0x82, b'a', 0xFF]), (6, "listpack entry reaches past the end"));
        assert_eq!(reason(&[9, 0, 0, 0, 1, 0, 5, 2, 0xFF]), (7, "listpack back-length is wrong"));
        assert_eq!(
            reason(&[13, 0, 0, 0, 1, 0, 0xF0, 0xFF, 0xFF, 0xFF, 0xFF, 5, 0xFF]),
            (6, "listpack entry reaches past the end")
        );
    }

    #[test]
    fn an_unknown_count_is_taken_with_any_number_of_entries() {
        assert_eq!(validate(&[9, 0, 0, 0, 0xFF, 0xFF, 5, 1, 0xFF]), Ok(()));
        assert_eq!(validate(&[7, 0, 0, 0, 0xFF, 0xFF, 0xFF]), Ok(()));
    }
}
