//! What does a ziplist of Redis 6.2 or older hold?
//!
//! Ziplists come in with old RDB files and `DUMP` payloads and are never
//! written. Layout: total bytes and offset of the last entry as 32-bit, number
//! of entries as 16-bit little-endian (65535 meaning "count them"), entries,
//! `FF`. An entry begins with the size of the one before it: one byte, or `FE`
//! and 32 bits, which may be used for small sizes too. Then:
//!
//! | first byte  | meaning                                           |
//! |-------------|---------------------------------------------------|
//! | `00xxxxxx`  | string of up to 63 bytes                          |
//! | `01xxxxxx`  | string of up to 16383 bytes, length high first    |
//! | `10______`  | string, 32-bit big-endian length                  |
//! | `FE`, `C0`  | 8, 16-bit signed little-endian integer            |
//! | `F0`, `D0`  | 24, 32-bit signed little-endian integer           |
//! | `E0`        | 64-bit signed little-endian integer               |
//! | `F1` … `FD` | integer 0 to 12                                   |

use core::iter::FusedIterator;

use super::corrupt::Corrupt;
use super::listpack::{Entry, int_le};

/// Total bytes, offset of the last entry (32-bit), number of entries (16-bit).
const HEADER_LEN: usize = 10;
const END: u8 = 0xFF;
/// The entry count of a ziplist with too many entries for its header.
const COUNT_UNKNOWN: u16 = u16::MAX;
/// The first byte of a previous-entry size that takes 32 bits.
const PREV_LEN_WIDE: u8 = 0xFE;

/// Checks a whole ziplist, in O(n), then iterates over its entries.
pub fn entries(bytes: &[u8]) -> Result<Entries<'_>, Corrupt> {
    if bytes.len() < HEADER_LEN + 1 {
        return Err(Corrupt::new(bytes.len(), "ziplist shorter than its frame"));
    }
    if u32::try_from(bytes.len()) != Ok(u32_le(bytes, 0)) {
        return Err(Corrupt::new(0, "ziplist length differs from its header"));
    }
    let (body, end_mark) = bytes.split_at(bytes.len() - 1);
    if end_mark != [END] {
        let reason = "ziplist does not end with its end mark";
        return Err(Corrupt::new(body.len(), reason));
    }
    let (mut at, mut last, mut prev_len) = (HEADER_LEN, HEADER_LEN, 0);
    let mut count = 0_usize;
    while at < body.len() {
        let item = read_item(body, at)?;
        if item.prev_len != prev_len {
            return Err(Corrupt::new(at, "ziplist previous-entry size is wrong"));
        }
        (last, prev_len) = (at, item.len);
        at += item.len;
        count += 1;
    }
    if usize::try_from(u32_le(bytes, 4)) != Ok(last) {
        return Err(Corrupt::new(4, "ziplist tail is not its last entry"));
    }
    let claimed = u16::from_le_bytes([bytes[8], bytes[9]]);
    if claimed != COUNT_UNKNOWN && usize::from(claimed) != count {
        return Err(Corrupt::new(8, "ziplist count differs from its entries"));
    }
    Ok(Entries { body, at: HEADER_LEN, remaining: count })
}

/// The entries of a ziplist that has been checked.
#[derive(Clone, Debug)]
pub struct Entries<'a> {
    /// The ziplist without its end mark.
    body: &'a [u8],
    at: usize,
    remaining: usize,
}

impl<'a> Iterator for Entries<'a> {
    type Item = Entry<'a>;

    fn next(&mut self) -> Option<Entry<'a>> {
        self.remaining = self.remaining.checked_sub(1)?;
        let item = read_item(self.body, self.at).expect("a ziplist is checked before iteration");
        self.at += item.len;
        Some(item.entry)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.remaining, Some(self.remaining))
    }
}

impl ExactSizeIterator for Entries<'_> {}
impl FusedIterator for Entries<'_> {}

/// One entry as it is stored.
struct Item<'a> {
    /// What it says of the size of the entry before it.
    prev_len: usize,
    entry: Entry<'a>,
    /// Size of the whole, in bytes.
    len: usize,
}

fn read_item(body: &[u8], at: usize) -> Result<Item<'_>, Corrupt> {
    let cut_off = Corrupt::new(at, "ziplist entry reaches past the end");
    let rest = &body[at..];
    let (prev_len, prev_size) = match *rest.first().ok_or(cut_off)? {
        END => return Err(Corrupt::new(at, "ziplist end mark before its end")),
        PREV_LEN_WIDE => {
            let wide = rest.get(1..5).ok_or(cut_off)?;
            let prev_len = usize::try_from(u32_le(wide, 0)).map_err(|_| cut_off)?;
            (prev_len, 5)
        }
        byte => (usize::from(byte), 1),
    };
    let rest = &rest[prev_size..];
    let head = *rest.first().ok_or(cut_off)?;
    let (head_len, string_len) = match head {
        0x00..=0x3F => (1, usize::from(head)),
        0x40..=0x7F => {
            let low = *rest.get(1).ok_or(cut_off)?;
            (2, usize::from(head & 0x3F) << 8 | usize::from(low))
        }
        // Redis ignores the low six bits here.
        0x80..=0xBF => {
            let wide = rest.get(1..5).ok_or(cut_off)?;
            let len = u32::from_be_bytes([wide[0], wide[1], wide[2], wide[3]]);
            (5, usize::try_from(len).map_err(|_| cut_off)?)
        }
        _ => {
            let (value, len) = read_int(rest, at)?;
            return Ok(Item { prev_len, entry: Entry::Int(value), len: prev_size + len });
        }
    };
    let string = rest[head_len..].get(..string_len).ok_or(cut_off)?;
    Ok(Item { prev_len, entry: Entry::Str(string), len: prev_size + head_len + string_len })
}

/// The integer whose encoding byte is the first of `rest`, and its size with
/// that byte. `at` is for the error.
fn read_int(rest: &[u8], at: usize) -> Result<(i64, usize), Corrupt> {
    let width = match rest[0] {
        head @ 0xF1..=0xFD => return Ok((i64::from(head - 0xF1), 1)),
        0xFE => 1,
        0xC0 => 2,
        0xF0 => 3,
        0xD0 => 4,
        0xE0 => 8,
        _ => return Err(Corrupt::new(at, "ziplist entry of an unknown encoding")),
    };
    match rest.get(1..1 + width) {
        Some(bytes) => Ok((int_le(bytes), 1 + width)),
        None => Err(Corrupt::new(at, "ziplist entry reaches past the end")),
    }
}

fn u32_le(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

#[cfg(test)]
#[path = "ziplist_tests.rs"]
mod tests;
