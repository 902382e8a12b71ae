//! Ziplists of a real server, hand-made ones, and broken bytes.

use super::*;
use alloc::vec::Vec;
use proptest::prelude::*;

/// A ziplist as `DUMP` of Redis 6.2.14 carried it, and what it held.
struct Golden {
    hex: &'static str,
    elements: &'static [&'static str],
}

const INTEGERS: Golden = Golden {
    hex: "8f000000840000001a0000f102fd02fe0d03fe7f03c0800004feff03fe8003c07fff04c0ff0f04c00010\
          04c000f004c0ffef04c0ff7f04f000800005c0008004f0ff7fff05f0ffff7f05d00000800006f0000080\
          05d0ffff7fff06d0ffffff7f06e000000080000000000ad00000008006e0ffffff7fffffffff0ae0ffff\
          ffffffffff7f0ae00000000000000080ff",
    elements: &[
        "0",
        "12",
        "13",
        "127",
        "128",
        "-1",
        "-128",
        "-129",
        "4095",
        "4096",
        "-4096",
        "-4097",
        "32767",
        "32768",
        "-32768",
        "-32769",
        "8388607",
        "8388608",
        "-8388608",
        "-8388609",
        "2147483647",
        "2147483648",
        "-2147483648",
        "-2147483649",
        "9223372036854775807",
        "-9223372036854775808",
    ],
};

const NEARLY_INTEGERS: Golden = Golden {
    hex: "4c000000480000000800000002022d300402303104022b31041339323233333732303336383534373735\
          38303815142d393232333337323033363835343737353830391603332e30050161ff",
    elements: &["", "-0", "01", "+1", "9223372036854775808", "-9223372036854775809", "3.0", "a"],
};

const HASH: Golden = Golden {
    hex: "44000000390000000a0000046e616d650603616461050361676505fe24030573636f726507052d31372e\
          3507047965617206c017070402696404e000e40b5402000000ff",
    elements: &["name", "ada", "age", "36", "score", "-17.5", "year", "1815", "id", "10000000000"],
};

const HASH_AFTER_EDITS: Golden = Golden {
    hex: "3a00000036000000080000046e616d6506086c6f76656c6163650a0573636f726507052d31372e350704\
          7965617206c047ff04026964040178ff",
    elements: &["name", "lovelace", "score", "-17.5", "year", "-185", "id", "x"],
};

const SORTED_SET: Golden = Golden {
    hex: "310000002b00000008000005746872656507fefd03036f6e6505f2020374776f0503322e3505046c6173\
          740603696e66ff",
    elements: &["three", "-3", "one", "1", "two", "2.5", "last", "inf"],
};

const LIST_AFTER_EDITS: Golden = Golden {
    hex: "5b0000005700000005000001610340404343434343434343434343434343434343434343434343434343\
          434343434343434343434343434343434343434343434343434343434343434343434343434343c0581b\
          040164030165ff",
    elements: &["a", "CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCC", "7000", "d", "e"],
};

const STRING_HEADS: Golden = Golden {
    hex: "140100008e0000000300003f787878787878787878787878787878787878787878787878787878787878\
          787878787878787878787878787878787878787878787878787878787878787878414040797979797979\
          797979797979797979797979797979797979797979797979797979797979797979797979797979797979\
          797979797979797979797979797979794340827a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a\
          7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a\
          7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a\
          7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7aff",
    elements: &[
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy",
        "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz",
    ],
};

const WIDE_PREVIOUS_SIZE: Golden = Golden {
    hex: "18010000110100000400000573686f727407f20240fb7676767676767676767676767676767676767676\
          767676767676767676767676767676767676767676767676767676767676767676767676767676767676\
          767676767676767676767676767676767676767676767676767676767676767676767676767676767676\
          767676767676767676767676767676767676767676767676767676767676767676767676767676767676\
          767676767676767676767676767676767676767676767676767676767676767676767676767676767676\
          767676767676767676767676767676767676767676767676767676767676767676767676767676767676\
          767676767676767676767676767676767676767676fefe000000f3ff",
    elements: &[
        "short",
        "1",
        "vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv",
        "2",
    ],
};

const ALL: [&Golden; 8] = [
    &INTEGERS,
    &NEARLY_INTEGERS,
    &HASH,
    &HASH_AFTER_EDITS,
    &SORTED_SET,
    &LIST_AFTER_EDITS,
    &STRING_HEADS,
    &WIDE_PREVIOUS_SIZE,
];

impl Golden {
    fn bytes(&self) -> Vec<u8> {
        let digits: Vec<u8> = self.hex.chars().map(|digit| digit.to_digit(16).unwrap() as u8).collect();
        digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
    }
}

fn texts(bytes: &[u8]) -> Result<Vec<Vec<u8>>, Corrupt> {
    let entries = entries(bytes)?;
    let claimed = entries.len();
    let texts: Vec<Vec<u8>> = entries
        .map(|entry| {
            let mut text = Vec::new();
            entry.push_to(&mut text);
            text
        })
        .collect();
    assert_eq!(texts.len(), claimed);
    Ok(texts)
}

/// A ziplist of these raw entries whose last one is at `tail`.
fn framed(raw_entries: &[&[u8]], tail: u32) -> Vec<u8> {
    let body = raw_entries.concat();
    let mut bytes = Vec::new();
    bytes.extend((body.len() as u32 + 11).to_le_bytes());
    bytes.extend(tail.to_le_bytes());
    bytes.extend((raw_entries.len() as u16).to_le_bytes());
    bytes.extend(body);
    bytes.push(END);
    bytes
}

fn reason(bytes: &[u8]) -> (usize, &'static str) {
    let corrupt = entries(bytes).expect_err("these bytes are broken");
    (corrupt.offset, corrupt.reason)
}

#[test]
fn ziplists_of_redis_read_as_what_was_put_in() {
    for golden in ALL {
        let elements: Vec<&[u8]> = golden.elements.iter().map(|e| e.as_bytes()).collect();
        assert_eq!(texts(&golden.bytes()).unwrap(), elements);
    }
}

#[test]
fn integers_are_read_as_integers() {
    let bytes = INTEGERS.bytes();
    assert!(entries(&bytes).unwrap().all(|e| matches!(e, Entry::Int(_))));
    let bytes = NEARLY_INTEGERS.bytes();
    assert!(entries(&bytes).unwrap().all(|e| matches!(e, Entry::Str(_))));
}

#[test]
fn an_empty_ziplist_has_its_tail_at_its_end_mark() {
    assert_eq!(texts(&framed(&[], 10)), Ok(Vec::new()));
    assert_eq!(reason(&framed(&[], 11)), (4, "ziplist tail is not its last entry"));
}

#[test]
fn a_string_of_32_bit_length_is_read_whatever_its_low_bits() {
    let long = [b'x'; 20_000];
    for head in [0x80, 0x8F, 0xBF] {
        let entry = [&[0, head, 0, 0, 0x4E, 0x20][..], &long].concat();
        assert_eq!(texts(&framed(&[&entry], 10)).unwrap(), [long]);
    }
}

#[test]
fn a_wide_previous_size_may_hold_a_small_one() {
    let bytes = framed(&[b"\xFE\0\0\0\0\x01a", b"\xFE\x07\0\0\0\xF2"], 17);
    assert_eq!(texts(&bytes).unwrap(), [b"a", b"1"]);
}

#[test]
fn an_unknown_count_is_taken_with_any_number_of_entries() {
    let mut bytes = framed(&[b"\0\x01a", b"\x03\xF2"], 13);
    bytes[8..10].copy_from_slice(&[0xFF, 0xFF]);
    assert_eq!(entries(&bytes).unwrap().len(), 2);
}

#[test]
fn each_broken_rule_is_named_where_it_breaks() {
    let good = framed(&[b"\0\x01a", b"\x03\xF2"], 13);
    let with = |at: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[at] = byte;
        reason(&bytes)
    };
    assert_eq!(reason(b""), (0, "ziplist shorter than its frame"));
    assert_eq!(with(0, 99), (0, "ziplist length differs from its header"));
    assert_eq!(with(15, 0), (15, "ziplist does not end with its end mark"));
    assert_eq!(with(4, 10), (4, "ziplist tail is not its last entry"));
    assert_eq!(with(8, 3), (8, "ziplist count differs from its entries"));
    assert_eq!(with(10, 1), (10, "ziplist previous-entry size is wrong"));
    assert_eq!(with(13, 2), (13, "ziplist previous-entry size is wrong"));
    assert_eq!(with(10, 0xFF), (10, "ziplist end mark before its end"));
    assert_eq!(with(14, 0xFF), (13, "ziplist entry of an unknown encoding"));
    assert_eq!(with(14, 0xC1), (13, "ziplist entry of an unknown encoding"));
    assert_eq!(with(14, 0xC0), (13, "ziplist entry reaches past the end"));
    assert_eq!(with(14, 0x01), (13, "ziplist entry reaches past the end"));
    assert_eq!(with(14, 0x40), (13, "ziplist entry reaches past the end"));
    assert_eq!(with(13, 0xFE), (13, "ziplist entry reaches past the end"));
    let huge = framed(&[b"\0\x80\xFF\xFF\xFF\xFFa"], 10);
    assert_eq!(reason(&huge), (10, "ziplist entry reaches past the end"));
}

#[test]
fn broken_bytes_never_panic_and_no_truncation_is_accepted() {
    for golden in ALL {
        let bytes = golden.bytes();
        for len in 0..bytes.len() {
            assert!(entries(&bytes[..len]).is_err());
        }
        for at in 0..bytes.len() {
            for mask in 1..=255 {
                let mut broken = bytes.clone();
                broken[at] ^= mask;
                // What is still accepted is read to its end in there.
                let _ = texts(&broken);
            }
        }
    }
}

proptest! {
    #[test]
    fn arbitrary_entry_bytes_in_a_valid_frame_never_panic(
        body in prop::collection::vec(any::<u8>(), 0..64),
        tail in 10_u32..80,
    ) {
        let mut bytes = framed(&[&body], tail);
        bytes[8..10].copy_from_slice(&[0xFF, 0xFF]);
        let _ = texts(&bytes);
    }
}
