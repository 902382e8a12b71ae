use alloc::format;
use alloc::vec;

use crate::codec::listpack::Listpack;
use crate::rdb::{Dialect, push_length};
use crate::value::{Blob, Hash, Text};

use super::*;

const RULES: BuildRules = BuildRules { limits: Limits::DEFAULT, order: HashKey::new(1, 2), dialect: Dialect::Redis };

/// Payloads of DUMP of redis-server 7.0.15 and 6.2.14, without version and checksum.
const MIXED_70: &[u8] = b"\x10@\\\\\x00\x00\x00\x12\x00\x84name\x05\x83Ada\x04\x84born\x05\xc7\x17\x02\x84tiny\x05\xdf\xfd\x02\x83big\x04\xf4\xff\xff\xff\xff\xff\xff\xff\x7f\x09\x83neg\x04\xf2\x90\xee\xfe\x04\x80\x01\x81 \x02d\x01\xc0\xc8\x02\x84zero\x05\x83007\x04\x83mid\x04\xf2\xff\xff\x7f\x04\xff";
const MIXED_62: &[u8] = b"\x0d@cc\x00\x00\x00]\x00\x00\x00\x12\x00\x00\x04name\x06\x03Ada\x05\x04born\x06\xc0\x17\x07\x04\x04tiny\x06\xfe\xfd\x03\x03big\x05\xe0\xff\xff\xff\xff\xff\xff\xff\x7f\x0a\x03neg\x05\xf0\x90\xee\xfe\x05\x00\x02\x01 \x03\xfed\x03\xc0\xc8\x00\x04\x04zero\x06\x03007\x05\x03mid\x05\xf0\xff\xff\x7f\xff";
const SIMILAR_70: &[u8] = b"\x10\xc3@U@\xb5\x19\xb5\x00\x00\x00\x0c\x00\x88field:00\x09\x91value of `\x12\x03 00\x12\xc0\x1c\x001\xe0\x09\x1c\x001\xe0\x00\x1c\x002\xe0\x09\x1c\x002\xe0\x00\x1c\x003\xe0\x09\x1c\x003\xe0\x00\x1c\x004\xe0\x09\x1c\x004\xe0\x00\x1c\x005\xe0\x09\x1c\x025\x12\xff";
const SIMILAR_62: &[u8] = b"\x0d\xc3@Y@\xb9\x04\xb9\x00\x00\x00\xa5 \x03\x16\x0c\x00\x00\x08field:00\x0a\x11value of `\x12\x03 00\x13\xc0\x1c\x001\xe0\x09\x1c\x001\xe0\x00\x1c\x002\xe0\x09\x1c\x002\xe0\x00\x1c\x003\xe0\x09\x1c\x003\xe0\x00\x1c\x004\xe0\x09\x1c\x004\xe0\x00\x1c\x005\xe0\x09\x1c\x015\xff";
const TABLE: &[u8] = b"\x04\x02\x01b\x00\x01a\xc3\x0d@\xc8\x05long l\xe0\xb7\x04\x01g ";
const STRING_INT: &[u8] = b"\x00\xc190";
const STRING_DIGITS: &[u8] = b"\x00\x0a9999999999";
const STRING_LZF: &[u8] = b"\x00\xc3\x0a@\xc8\x02aba\xe0\xba\x01\x01ab";
const STRING_EMPTY: &[u8] = b"\x00\x00";
/// A zipmap by its layout in Redis 2.4: two pairs, one unused byte behind the first value.
const ZIPMAP: &[u8] = b"\x09\x10\x02\x01a\x02\x0112\x00\x03foo\x01\x00b\xff";

const GOLDEN: [&[u8]; 10] =
    [MIXED_70, MIXED_62, SIMILAR_70, SIMILAR_62, TABLE, STRING_INT, STRING_DIGITS, STRING_LZF, STRING_EMPTY, ZIPMAP];

/// A payload read as a whole, and the bytes that it took.
fn read(payload: &[u8], rules: &BuildRules) -> Result<(Option<Value>, usize), ReadError> {
    let mut reader = Reader::new(payload);
    let kind = reader.byte()?;
    let mut partial = match read_value(&mut reader, kind, rules)? {
        Step::Whole(value) => return Ok((value, reader.position())),
        Step::Begun(partial) => partial,
    };
    loop {
        if let Some(value) = partial.advance(&mut reader, rules)? {
            return Ok((Some(value), reader.position()));
        }
    }
}

fn value_of(payload: &[u8]) -> Value {
    let (value, taken) = read(payload, &RULES).expect("a payload that Redis wrote");
    assert_eq!(taken, payload.len());
    value.expect("not an empty one")
}

fn hash_of(payload: &[u8]) -> Hash {
    match value_of(payload) {
        Value::Hash(hash) => hash,
        other => panic!("a {}", other.type_name()),
    }
}

fn write(value: &Value, compress: bool) -> Vec<u8> {
    let mut out = vec![type_of(value)];
    push_value(&mut out, value, compress);
    out
}

/// A value as text, so that two can be compared whatever their encoding and order.
fn contents(value: &Value) -> Vec<(Blob, Blob)> {
    let mut pairs = Vec::new();
    match value {
        Value::String(string) => pairs.push((Blob::new(b""), Blob::new(&string.text()))),
        Value::Hash(hash) => hash.for_each(|name, value| {
            pairs.push((name.with_bytes(Blob::new), value.with_bytes(Blob::new)));
        }),
        Value::List(list) => list.for_each(|element| {
            // A list has an order, which sorting must not lose.
            pairs.push((Blob::new(format!("{:08}", pairs.len()).as_bytes()), element.with_bytes(Blob::new)));
        }),
        Value::Set(set) => set.for_each(|member| pairs.push((member.with_bytes(Blob::new), Blob::new(b"")))),
        Value::Zset(zset) => zset.for_each(|member, score| {
            pairs.push((member.with_bytes(Blob::new), Blob::new(format!("{score}").as_bytes())));
        }),
        other => panic!("a {}", other.type_name()),
    }
    pairs.sort();
    pairs
}

fn hash_with(fields: usize, value: &str) -> Hash {
    let mut hash = Hash::default();
    for index in 0..fields {
        let name = format!("f{index}");
        hash.set(name.as_bytes(), value.as_bytes(), &RULES.limits.hash, RULES.order);
    }
    hash
}

#[test]
fn payloads_of_redis_are_read_and_those_of_7_0_written_alike() {
    let mixed: &[(&str, &str)] = &[
        ("name", "Ada"),
        ("born", "1815"),
        ("tiny", "-3"),
        ("big", "9223372036854775807"),
        ("neg", "-70000"),
        ("", " "),
        ("100", "200"),
        ("zero", "007"),
        ("mid", "8388607"),
    ];
    for payload in [MIXED_70, MIXED_62] {
        let hash = hash_of(payload);
        assert_eq!((hash.len(), hash.encoding_name()), (mixed.len(), "listpack"));
        for (name, value) in mixed {
            let found = hash.get(name.as_bytes()).expect(name);
            found.with_bytes(|found| assert_eq!(found, value.as_bytes()));
        }
        assert_eq!(write(&hash.into(), true), MIXED_70);
    }
    for payload in [SIMILAR_70, SIMILAR_62] {
        let hash = hash_of(payload);
        assert_eq!((hash.len(), hash.encoding_name()), (6, "listpack"));
        assert_eq!(hash.get(b"field:05"), Some(Text::Bytes(b"value of field 05")));
        let written = write(&hash.clone().into(), true);
        assert_eq!(contents(&value_of(&written)), contents(&hash.into()));
    }
    let table = hash_of(TABLE);
    assert_eq!((table.len(), table.encoding_name()), (2, "hashtable"));
    assert_eq!(table.get(b"a"), Some(Text::Bytes("long ".repeat(40).as_bytes())));
    assert_eq!(table.get(b"b"), Some(Text::Bytes(b"")));
}

#[test]
fn strings_of_redis_are_read_in_their_encodings_and_written_alike() {
    let long = "ab".repeat(100);
    let cases = [
        (STRING_INT, "12345", "int"),
        (STRING_DIGITS, "9999999999", "int"),
        (STRING_LZF, long.as_str(), "raw"),
        (STRING_EMPTY, "", "embstr"),
    ];
    for (payload, text, encoding) in cases {
        let value = value_of(payload);
        assert_eq!(value.encoding_name(), encoding);
        assert_eq!(contents(&value)[0].1.as_slice(), text.as_bytes());
        let written = write(&value, true);
        assert_eq!(contents(&value_of(&written)), contents(&value));
        if text.len() < 21 {
            assert_eq!(written, payload);
        }
    }
}

#[test]
fn a_zipmap_of_redis_2_4_becomes_a_listpack() {
    let hash = hash_of(ZIPMAP);
    assert_eq!(hash.encoding_name(), "listpack");
    assert_eq!(hash.get(b"a"), Some(Text::Int(12)));
    assert_eq!(hash.get(b"foo"), Some(Text::Bytes(b"b")));
    assert_eq!(hash.len(), 2);
}

#[test]
fn every_value_survives_the_round_trip() {
    let strings: [&[u8]; 6] = [b"", b"-1", b"9223372036854775807", b"007", &[0, 255, 13, 10], &[b'x'; 70_000]];
    let mut values: Vec<Value> = strings.iter().map(|text| StringValue::new(text).into()).collect();
    for (fields, value) in [(1, ""), (512, "12"), (513, "12"), (3, "y".repeat(65).as_str()), (2000, "z")] {
        values.push(hash_with(fields, value).into());
    }
    for value in &values {
        for compress in [false, true] {
            let written = write(value, compress);
            let read = value_of(&written);
            assert_eq!(contents(&read), contents(value));
            assert_eq!(read.encoding_name(), value.encoding_name());
        }
    }
}

#[test]
fn a_value_that_comes_one_byte_at_a_time_is_read_without_losing_its_state() {
    let large = write(&hash_with(600, &"long ".repeat(20)).into(), true);
    for payload in GOLDEN.into_iter().chain([large.as_slice()]) {
        let expected = contents(&value_of(payload));
        let (mut consumed, mut partial) = (1, None::<Partial>);
        let mut result = None;
        for end in 1..=payload.len() {
            while result.is_none() {
                let mut reader = Reader::new(&payload[consumed..end]);
                let outcome = match &mut partial {
                    None => match read_value(&mut reader, payload[0], &RULES) {
                        Ok(Step::Whole(value)) => Ok(value),
                        Ok(Step::Begun(begun)) => {
                            partial = Some(begun);
                            Ok(None)
                        }
                        Err(error) => Err(error),
                    },
                    Some(partial) => {
                        let before = format!("{partial:?}");
                        let outcome = partial.advance(&mut reader, &RULES);
                        assert!(outcome.is_ok() || format!("{partial:?}") == before);
                        outcome
                    }
                };
                match outcome {
                    Ok(value) => {
                        consumed += reader.position();
                        result = value;
                    }
                    Err(ReadError::Incomplete(needed)) => {
                        assert!(needed > end - consumed, "what is there already is not asked for");
                        break;
                    }
                    Err(ReadError::Fault(fault)) => panic!("{fault}"),
                }
            }
            assert_eq!(result.is_some(), end == payload.len());
        }
        assert_eq!(consumed, payload.len());
        assert_eq!(contents(&result.expect("it was complete")), expected);
    }
}

#[test]
fn only_the_number_of_fields_makes_a_compact_hash_that_is_read_a_table() {
    let pack_of = |fields: usize, value: &str| {
        let mut pack = Listpack::new();
        for index in 0..fields {
            pack.push_back(format!("f{index}").as_bytes());
            pack.push_back(value.as_bytes());
        }
        let mut payload = vec![value_type::HASH_LISTPACK];
        push_string(&mut payload, pack.as_bytes(), true);
        payload
    };
    let long = "v".repeat(200);
    for (fields, value, encoding) in [(512, "v", "listpack"), (513, "v", "hashtable"), (3, long.as_str(), "listpack")] {
        let hash = hash_of(&pack_of(fields, value));
        assert_eq!((hash.len(), hash.encoding_name()), (fields, encoding));
    }
}

#[test]
fn a_hash_read_field_by_field_is_compact_only_within_both_limits() {
    let payload_of = |fields: u64, value: &str| {
        let mut payload = vec![value_type::HASH];
        push_length(&mut payload, fields);
        for index in 0..fields {
            push_string(&mut payload, format!("f{index}").as_bytes(), true);
            push_string(&mut payload, value.as_bytes(), true);
        }
        payload
    };
    let (fits, long) = ("v".repeat(64), "v".repeat(65));
    let cases = [(512, fits.as_str(), "listpack"), (513, "v", "hashtable"), (2, long.as_str(), "hashtable")];
    for (fields, value, encoding) in cases {
        let hash = hash_of(&payload_of(fields, value));
        assert_eq!((hash.len() as u64, hash.encoding_name()), (fields, encoding));
    }
}

#[test]
fn empty_collections_are_no_values() {
    let mut empty_listpack = vec![value_type::HASH_LISTPACK];
    push_string(&mut empty_listpack, Listpack::new().as_bytes(), false);
    let cases: [&[u8]; 4] =
        [b"\x04\x00", &empty_listpack, b"\x0d\x0b\x0b\x00\x00\x00\x0a\x00\x00\x00\x00\x00\xff", b"\x09\x02\x00\xff"];
    for payload in cases {
        let (value, taken) = read(payload, &RULES).expect("an empty one is no fault");
        assert!(value.is_none());
        assert_eq!(taken, payload.len());
    }
}

#[test]
fn values_that_break_their_format_are_refused() {
    let packed = |texts: &[&str]| {
        let mut pack = Listpack::new();
        texts.iter().for_each(|text| pack.push_back(text.as_bytes()));
        let mut payload = vec![value_type::HASH_LISTPACK];
        push_string(&mut payload, pack.as_bytes(), false);
        payload
    };
    // The same name once as an integer and once as bytes.
    let two_spellings = b"\x10\x10\x10\x00\x00\x00\x04\x00\x01\x01\x01\x01\x811\x02\x01\x01\xff".to_vec();
    let duplicates = [
        two_spellings.to_vec(),
        packed(&["a", "1", "b", "2", "a", "3"]),
        packed(&["7", "1", "7", "2"]),
        b"\x04\x02\x01a\x011\x01a\x012".to_vec(),
        b"\x09\x0c\x02\x01a\x01\x001\x01a\x01\x002\xff".to_vec(),
    ];
    for payload in &duplicates {
        let fault = read(payload, &RULES).expect_err("a name twice");
        assert_eq!(fault, ReadError::Fault(Fault::DuplicateField), "{payload:?}");
    }
    assert!(matches!(read(&two_spellings, &RULES), Err(ReadError::Fault(_))));
    assert!(matches!(read(&packed(&["a", "1", "b"]), &RULES), Err(ReadError::Fault(Fault::Value(_)))));
    let module = || Fault::Module("AAAAAAAAA".into());
    for (kind, fault) in [(6, module()), (7, module()), (8, Fault::ValueType(8)), (255, Fault::ValueType(255))] {
        assert_eq!(read(&[kind, 0], &RULES).expect_err("no such type"), fault.into());
    }
}

#[test]
fn a_hash_that_claims_2_to_the_64_fields_takes_no_memory() {
    let mut payload = vec![value_type::HASH];
    push_length(&mut payload, u64::MAX);
    push_string(&mut payload, b"name", false);
    assert!(matches!(read(&payload, &RULES), Err(ReadError::Incomplete(_))));
}

#[test]
fn no_damage_to_one_byte_makes_reading_or_writing_panic() {
    for payload in GOLDEN {
        for at in 0..payload.len() {
            for byte in 0..=255 {
                let mut damaged = payload.to_vec();
                damaged[at] = byte;
                if let Ok((Some(value), _)) = read(&damaged, &RULES) {
                    let written = write(&value, true);
                    assert_eq!(contents(&value_of(&written)), contents(&value));
                }
            }
        }
        for cut in 1..payload.len() {
            let cut_short = read(&payload[..cut], &RULES);
            assert!(matches!(cut_short, Err(ReadError::Incomplete(_))), "{cut}");
        }
    }
}

/// Values of every type and encoding.
fn samples() -> Vec<Value> {
    use crate::value::list::End;
    use crate::value::{List, Set, Zset};
    let (limits, order) = (RULES.limits, RULES.order);
    let mut samples = Vec::new();
    for count in [1, 3, 600] {
        let (mut list, mut ints, mut names, mut zset) =
            (List::default(), Set::default(), Set::default(), Zset::default());
        for number in 0..count {
            let text = format!("{} of {count}", "element ".repeat(number % 7));
            list.push(End::Tail, text.as_bytes(), limits.list);
            ints.add(format!("{}", number as i64 * 70_000 - 5).as_bytes(), limits.set, order);
            names.add(format!("{number} {text}").as_bytes(), limits.set, order);
            zset.set(format!("m{number}").as_bytes(), number as f64 / 3.0 - 10.0, limits.zset, order);
        }
        samples.extend([list.into(), ints.into(), names.into(), zset.into()]);
        samples.push(hash_with(count, "value").into());
    }
    samples
}

#[test]
fn every_type_and_encoding_comes_back_as_it_went() {
    for value in samples() {
        for compress in [false, true] {
            let payload = write(&value, compress);
            let again = value_of(&payload);
            assert_eq!(contents(&again), contents(&value), "{value:?}");
            assert_eq!(again.encoding_name(), value.encoding_name(), "{value:?}");
        }
    }
}

#[test]
fn no_cut_and_no_flipped_byte_of_any_type_panics() {
    for value in samples() {
        let payload = write(&value, false);
        let step = payload.len() / 150 + 1;
        for at in (0..payload.len()).step_by(step) {
            let _ = read(&payload[..at], &RULES);
            for flip in [0x01, 0x80, 0xff] {
                let mut broken = payload.clone();
                broken[at] ^= flip;
                if let Ok((Some(value), _)) = read(&broken, &RULES) {
                    // What is taken for sound can be used.
                    contents(&value);
                    write(&value, true);
                }
            }
        }
    }
}

#[test]
fn old_encodings_of_lists_and_sorted_sets_are_read() {
    // A list of 3.0 as plain elements, and a sorted set with its scores in digits.
    let list = value_of(b"\x01\x02\x01a\x02bc");
    assert_eq!(
        contents(&list).into_iter().map(|(_, element)| element).collect::<Vec<_>>(),
        [Blob::new(b"a"), Blob::new(b"bc")]
    );
    let zset = value_of(b"\x03\x03\x01a\x031.5\x01b\xfe\x01c\xff");
    assert_eq!(
        contents(&zset),
        [
            (Blob::new(b"a"), Blob::new(b"1.5")),
            (Blob::new(b"b"), Blob::new(b"inf")),
            (Blob::new(b"c"), Blob::new(b"-inf"))
        ]
    );
    for broken in [b"\x03\x01\x01a\xfd".as_slice(), b"\x03\x02\x01a\x011\x01a\x011", b"\x12\x01\x03\x01a"] {
        assert!(matches!(read(broken, &RULES), Err(ReadError::Fault(_))), "{broken:?}");
    }
}
