//! Listpacks of a real server, a model for all edits, and broken bytes.

use super::*;
use alloc::format;
use alloc::string::String;
use alloc::vec;
use proptest::prelude::*;

/// A listpack as `DUMP` of Redis 7.0.15 carried it, and what it held.
struct Golden {
    hex: &'static str,
    elements: &'static [&'static str],
}

const INTEGERS: Golden = Golden {
    hex: "850000001a0000010c010d017f01c08002dfff02df8002df7f02cfff02f1001003d00002f1ffef03f1ff\
          7f03f200800004f1008003f2ff7fff04f2ffff7f04f30000800005f200008004f3ffff7fff05f3ffffff\
          7f05f4000000800000000009f30000008005f4ffffff7fffffffff09f4ffffffffffffff7f09f4000000\
          000000008009ff",
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
    hex: "4800000008008001822d300382303103822b310393393232333337323033363835343737353830381494\
          2d393232333337323033363835343737353830391583332e3004816102ff",
    elements: &["", "-0", "01", "+1", "9223372036854775808", "-9223372036854775809", "3.0", "a"],
};

const HASH: Golden = Golden {
    hex: "3e0000000a00846e616d65058361646104836167650424018573636f726506852d31372e350684796561\
          7205c7170282696403f400e40b540200000009ff",
    elements: &["name", "ada", "age", "36", "score", "-17.5", "year", "1815", "id", "10000000000"],
};

const HASH_AFTER_EDITS: Golden = Golden {
    hex: "350000000800846e616d6505886c6f76656c616365098573636f726506852d31372e3506847965617205\
          df470282696403817802ff",
    elements: &["name", "lovelace", "score", "-17.5", "year", "-185", "id", "x"],
};

const SORTED_SET: Golden = Golden {
    hex: "2d000000080085746872656506dffd02836f6e650401018374776f0483322e3504846c6173740583696e\
          6604ff",
    elements: &["three", "-3", "one", "1", "two", "2.5", "last", "inf"],
};

const LIST_AFTER_EDITS: Golden = Golden {
    hex: "570000000500816102e04043434343434343434343434343434343434343434343434343434343434343\
          43434343434343434343434343434343434343434343434343434343434343434342f1581b0381640281\
          6502ff",
    elements: &["a", "CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCC", "7000", "d", "e"],
};

const STRING_HEADS: Golden = Golden {
    hex: "110100000300bf7878787878787878787878787878787878787878787878787878787878787878787878\
          7878787878787878787878787878787878787878787878787878787840e0407979797979797979797979\
          797979797979797979797979797979797979797979797979797979797979797979797979797979797979\
          797979797979797979797942e0827a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a\
          7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a\
          7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a\
          7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a7a0184ff",
    elements: &[
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy",
        "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz",
    ],
};

const ALL: [&Golden; 7] =
    [&INTEGERS, &NEARLY_INTEGERS, &HASH, &HASH_AFTER_EDITS, &SORTED_SET, &LIST_AFTER_EDITS, &STRING_HEADS];

impl Golden {
    fn bytes(&self) -> Vec<u8> {
        let digits: Vec<u8> = self.hex.chars().map(|digit| digit.to_digit(16).unwrap() as u8).collect();
        digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
    }

    fn listpack(&self) -> Listpack {
        Listpack::from_bytes(self.bytes()).unwrap()
    }
}

fn text(entry: Entry<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    entry.push_to(&mut out);
    assert_eq!(out.len(), entry.len());
    assert!(entry.eq_bytes(&out));
    out
}

fn texts(listpack: &Listpack) -> Vec<Vec<u8>> {
    listpack.iter().map(text).collect()
}

fn built<T: AsRef<[u8]>>(elements: &[T]) -> Listpack {
    let mut listpack = Listpack::new();
    for element in elements {
        listpack.push_back(element.as_ref());
    }
    listpack
}

fn place(listpack: &Listpack, index: usize) -> Pos {
    listpack.seek(index as i64).unwrap()
}

#[test]
fn listpacks_of_redis_read_as_what_was_put_in() {
    for golden in ALL {
        let listpack = golden.listpack();
        let elements: Vec<&[u8]> = golden.elements.iter().map(|e| e.as_bytes()).collect();
        assert_eq!(texts(&listpack), elements);
        assert_eq!(listpack.len(), elements.len());
    }
}

#[test]
fn the_same_elements_give_the_bytes_of_redis() {
    for golden in ALL {
        assert_eq!(built(golden.elements).as_bytes(), golden.bytes());
        let mut reversed = Listpack::new();
        for element in golden.elements.iter().rev() {
            reversed.push_front(element.as_bytes());
        }
        assert_eq!(reversed.into_bytes(), golden.bytes());
    }
}

#[test]
fn the_same_edits_give_the_bytes_of_redis() {
    let mut list = built(&["b", "c", "d", "e"]);
    list.push_front(b"a");
    list.replace(place(&list, 2), "C".repeat(64).as_bytes());
    let d = list.find(list.first().unwrap(), b"d", 0).unwrap();
    list.insert_before(d, b"7000");
    list.insert_after(list.last().unwrap(), b"z");
    list.remove(place(&list, 1));
    list.remove_range(-1, 1);
    assert_eq!(list.as_bytes(), LIST_AFTER_EDITS.bytes());

    let mut hash = HASH.listpack();
    let age = hash.find(hash.first().unwrap(), b"age", 1).unwrap();
    hash.remove_from(age, 2);
    for (field, value) in [("name", "lovelace"), ("year", "-185"), ("id", "x")] {
        let field = hash.find(hash.first().unwrap(), field.as_bytes(), 1);
        let value_pos = hash.next(field.unwrap()).unwrap();
        hash.replace(value_pos, value.as_bytes());
    }
    assert_eq!(hash.as_bytes(), HASH_AFTER_EDITS.bytes());
}

#[test]
fn a_new_listpack_is_empty_and_valid() {
    let empty = Listpack::new();
    assert_eq!(empty.as_bytes(), [7, 0, 0, 0, 0, 0, 0xFF]);
    assert_eq!(Listpack::from_bytes(empty.as_bytes().to_vec()), Ok(empty.clone()));
    assert!(empty.is_empty());
    assert_eq!((empty.first(), empty.last(), empty.seek(0)), (None, None, None));
    assert_eq!(empty.iter().next_back(), None);
}

#[test]
fn entries_need_not_be_in_their_smallest_encoding() {
    let bytes = [
        &[27, 0, 0, 0, 3, 0][..],
        &[0xE0, 1, b'5', 3],
        &[0xF0, 1, 0, 0, 0, b'a', 6],
        &[0xF4, 5, 0, 0, 0, 0, 0, 0, 0, 9],
    ];
    let mut bytes = bytes.concat();
    bytes.push(END);
    bytes[0] = bytes.len() as u8;
    let listpack = Listpack::from_bytes(bytes).unwrap();
    assert_eq!(texts(&listpack), [b"5", b"a", b"5"]);
    assert_eq!(listpack.find(place(&listpack, 1), b"5", 0), listpack.last());
}

#[test]
fn find_with_a_skip_compares_fields_and_not_values() {
    let hash = built(&["a", "b", "b", "a", "7", "8"]);
    let first = hash.first().unwrap();
    assert_eq!(hash.find(first, b"b", 0), hash.seek(1));
    assert_eq!(hash.find(first, b"b", 1), hash.seek(2));
    assert_eq!(hash.find(first, b"7", 1), hash.seek(4));
    assert_eq!(hash.find(first, b"8", 1), None);
    assert_eq!(hash.find(first, b"07", 1), None);
    assert_eq!(hash.find(first, b"b", usize::MAX), None);
}

#[test]
fn seek_reaches_every_element_from_both_ends_and_nothing_outside() {
    let list = built(&["0", "1", "2", "3", "4"]);
    for index in 0..5 {
        assert_eq!(list.get(list.seek(index).unwrap()), Entry::Int(index));
        assert_eq!(list.get(list.seek(index - 5).unwrap()), Entry::Int(index));
    }
    for outside in [5, -6, i64::MAX, i64::MIN] {
        assert_eq!(list.seek(outside), None);
    }
}

#[test]
fn a_count_beyond_the_header_stays_unknown_and_is_counted() {
    let mut list = Listpack::new();
    for index in 0..65_534 {
        list.push_back(if index % 2 == 0 { b"a" } else { b"1" });
    }
    assert_eq!(header_count(list.as_bytes()), 65_534);
    list.push_back(b"x");
    assert_eq!(header_count(list.as_bytes()), COUNT_UNKNOWN);
    assert_eq!(list.len(), 65_535);
    list.push_back(b"y");
    assert_eq!(list.len(), 65_536);
    assert_eq!(list.get(list.seek(-2).unwrap()), Entry::Str(b"x"));
    assert_eq!(list.seek(65_536), None);
    assert_eq!(list.seek(-65_537), None);
    assert_eq!(list.seek(i64::MAX), None);
    assert_eq!(list.seek(i64::MIN), None);
    list.remove_range(-10, usize::MAX);
    assert_eq!(list.len(), 65_526);
    assert_eq!(header_count(list.as_bytes()), COUNT_UNKNOWN);
    assert_eq!(validate::validate(list.as_bytes()), Ok(()));
}

#[test]
fn a_replacement_of_equal_size_moves_nothing() {
    let mut list = built(&["a", "bb", "c"]);
    let before = list.as_bytes().as_ptr();
    let middle = place(&list, 1);
    list.replace(middle, b"BB");
    assert_eq!(list.as_bytes().as_ptr(), before);
    assert_eq!(texts(&list), [&b"a"[..], b"BB", b"c"]);
    list.replace(middle, &[b'x'; 5000]);
    list.replace(middle, b"42");
    assert_eq!(list, built(&["a", "42", "c"]));
}

#[test]
fn would_fit_stops_at_one_gibibyte() {
    let list = Listpack::new();
    assert!(list.would_fit(LISTPACK_BYTES_MAX - 7));
    assert!(!list.would_fit(LISTPACK_BYTES_MAX - 6));
    assert!(!list.would_fit(usize::MAX));
}

#[test]
fn broken_bytes_never_panic_and_no_truncation_is_accepted() {
    for golden in ALL {
        let bytes = golden.bytes();
        for len in 0..bytes.len() {
            assert!(Listpack::from_bytes(bytes[..len].to_vec()).is_err());
        }
        for at in 0..bytes.len() {
            for mask in 1..=255 {
                let mut broken = bytes.clone();
                broken[at] ^= mask;
                if let Ok(listpack) = Listpack::from_bytes(broken) {
                    exercise(listpack);
                }
            }
        }
    }
}

/// Walks and edits whatever was accepted.
fn exercise(mut listpack: Listpack) {
    let forward = texts(&listpack);
    let mut backward: Vec<_> = listpack.iter().rev().map(text).collect();
    backward.reverse();
    assert_eq!(forward, backward);
    assert_eq!(listpack.len(), forward.len());
    if let Some(first) = listpack.first() {
        listpack.find(first, b"absent", 1);
        listpack.replace(first, b"replaced");
        listpack.remove_range(1, 2);
    }
    listpack.push_back(b"one more");
    assert_eq!(validate::validate(listpack.as_bytes()), Ok(()));
}

/// Values around every boundary of the encodings.
fn value() -> impl Strategy<Value = Vec<u8>> {
    let int = prop_oneof![
        -200_i64..200,
        -5000_i64..5000,
        -40_000_i64..40_000,
        any::<i32>().prop_map(i64::from),
        any::<i64>(),
    ];
    prop_oneof![
        6 => "[a-c0-9-]{0,4}".prop_map(String::into_bytes),
        6 => int.prop_map(|int| format!("{int}").into_bytes()),
        2 => prop::collection::vec(any::<u8>(), 0..150),
        1 => (prop_oneof![4090_usize..4100, 16_370_usize..16_390])
            .prop_map(|len| vec![b'x'; len]),
    ]
}

#[derive(Clone, Debug)]
enum Edit {
    PushBack(Vec<u8>),
    PushFront(Vec<u8>),
    InsertBefore(prop::sample::Index, Vec<u8>),
    InsertAfter(prop::sample::Index, Vec<u8>),
    Replace(prop::sample::Index, Vec<u8>),
    Remove(prop::sample::Index),
    RemoveRange(i64, usize),
}

fn edit() -> impl Strategy<Value = Edit> {
    let index = any::<prop::sample::Index>;
    prop_oneof![
        2 => value().prop_map(Edit::PushBack),
        2 => value().prop_map(Edit::PushFront),
        2 => (index(), value()).prop_map(|(at, value)| Edit::InsertBefore(at, value)),
        2 => (index(), value()).prop_map(|(at, value)| Edit::InsertAfter(at, value)),
        2 => (index(), value()).prop_map(|(at, value)| Edit::Replace(at, value)),
        2 => index().prop_map(Edit::Remove),
        1 => (-8_i64..8, 0_usize..4).prop_map(|(at, count)| Edit::RemoveRange(at, count)),
    ]
}

fn apply(edit: &Edit, listpack: &mut Listpack, model: &mut Vec<Vec<u8>>) {
    match edit {
        Edit::PushBack(value) => {
            listpack.push_back(value);
            model.push(value.clone());
        }
        Edit::PushFront(value) => {
            listpack.push_front(value);
            model.insert(0, value.clone());
        }
        Edit::RemoveRange(at, count) => {
            listpack.remove_range(*at, *count);
            let start = if *at < 0 { *at + model.len() as i64 } else { *at };
            if (0..model.len() as i64).contains(&start) {
                let start = start as usize;
                model.drain(start..(start + count).min(model.len()));
            }
        }
        _ if model.is_empty() => {}
        Edit::InsertBefore(at, value) => {
            let index = at.index(model.len());
            let new = listpack.insert_before(place(listpack, index), value);
            model.insert(index, value.clone());
            assert_eq!(new, place(listpack, index));
        }
        Edit::InsertAfter(at, value) => {
            let index = at.index(model.len());
            let new = listpack.insert_after(place(listpack, index), value);
            model.insert(index + 1, value.clone());
            assert_eq!(new, place(listpack, index + 1));
        }
        Edit::Replace(at, value) => {
            let index = at.index(model.len());
            listpack.replace(place(listpack, index), value);
            model[index] = value.clone();
        }
        Edit::Remove(at) => {
            let index = at.index(model.len());
            let next = listpack.remove(place(listpack, index));
            model.remove(index);
            assert_eq!(next, listpack.seek(index as i64));
        }
    }
}

proptest! {
    #[test]
    fn edits_do_what_they_do_to_a_list_of_strings(
        edits in prop::collection::vec(edit(), 0..40),
    ) {
        let mut listpack = Listpack::new();
        let mut model = Vec::new();
        for edit in &edits {
            apply(edit, &mut listpack, &mut model);
            prop_assert_eq!(texts(&listpack), &model[..]);
            prop_assert_eq!(listpack.len(), model.len());
            prop_assert_eq!(validate::validate(listpack.as_bytes()), Ok(()));
        }
        // Edits leave no trace: only the elements decide the bytes.
        prop_assert_eq!(&listpack, &built(&model));
        let backward: Vec<_> = listpack.iter().rev().map(text).collect();
        prop_assert_eq!(backward, model.iter().rev().cloned().collect::<Vec<_>>());
    }

    #[test]
    fn find_agrees_with_a_linear_search(
        model in prop::collection::vec("[a-c0-3]{0,2}", 1..20),
        needle in "[a-c0-3]{0,2}",
        start in any::<prop::sample::Index>(),
        skip in 0_usize..3,
    ) {
        let listpack = built(&model);
        let start = start.index(model.len());
        let expected = (start..model.len()).step_by(skip + 1).find(|at| model[*at] == needle);
        let found = listpack.find(place(&listpack, start), needle.as_bytes(), skip);
        prop_assert_eq!(found, expected.map(|at| place(&listpack, at)));
    }

    #[test]
    fn both_ends_of_an_iterator_meet(
        model in prop::collection::vec(value(), 0..20),
        from_front in prop::collection::vec(any::<bool>(), 20),
    ) {
        let listpack = built(&model);
        let mut iter = listpack.iter();
        let (mut front, mut back) = (Vec::new(), Vec::new());
        for from_front in from_front {
            if from_front {
                front.extend(iter.next().map(text));
            } else {
                back.extend(iter.next_back().map(text));
            }
        }
        prop_assert_eq!((iter.next(), iter.next_back()), (None, None));
        front.extend(back.into_iter().rev());
        prop_assert_eq!(front, model);
    }

    #[test]
    fn arbitrary_entry_bytes_in_a_valid_frame_never_panic(
        body in prop::collection::vec(any::<u8>(), 0..64),
    ) {
        let mut bytes = vec![body.len() as u8 + 7, 0, 0, 0, 0xFF, 0xFF];
        bytes.extend(body);
        bytes.push(END);
        if let Ok(listpack) = Listpack::from_bytes(bytes) {
            exercise(listpack);
        }
    }
}
