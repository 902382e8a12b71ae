use alloc::format;
use alloc::vec;
use alloc::vec::Vec;

use crate::codec::siphash::HashKey;
use crate::rdb::Dialect;
use crate::value::rdb::{push_value, read_value, type_of};
use crate::value::{Limits, Value};

use super::*;

const RULES: BuildRules = BuildRules { limits: Limits::DEFAULT, order: HashKey::new(1, 2), dialect: Dialect::Redis };
const VALKEY: BuildRules = BuildRules { dialect: Dialect::Valkey, ..RULES };

/// Payloads of DUMP of redis-server 8.0.2 and valkey-server 9.1.2, without version and checksum: `a` expires at 4102444800000, `b` 100
/// seconds earlier, `c` never.
const PACKED: &[u8] = b"\x19`Q\xc2,\xbb\x03\x00\x00,,\x00\x00\x00\x09\x00\x81b\x02\x02\x01\xf4`Q\xc2,\xbb\x03\x00\x00\x09\x81a\x02\x01\x01\xf4\x00\xd8\xc3,\xbb\x03\x00\x00\x09\x81c\x02\x03\x01\x00\x01\xff";
const TABLE: &[u8] =
    b"\x18`Q\xc2,\xbb\x03\x00\x00\x03\x01\x01b\xc0\x02\x80\x00\x01\x86\xa1\x01a\xc0\x01\x00\x01c\xc0\x03";
const OF_VALKEY: &[u8] = b"\x16\x03\x01a\xc0\x01\x00\xd8\xc3,\xbb\x03\x00\x00\x01b\xc0\x02`Q\xc2,\xbb\x03\x00\x00\x01c\xc0\x03\xff\xff\xff\xff\xff\xff\xff\xff";
/// As the first, after HPERSIST of both: a first time without a field.
const PERSISTED: &[u8] = b"\x19`Q\xc2,\xbb\x03\x00\x00\x1c\x1c\x00\x00\x00\x09\x00\x81c\x02\x03\x01\x00\x01\x81a\x02\x01\x01\x00\x01\x81b\x02\x02\x01\x00\x01\xff";

const A_MS: i64 = 4_102_444_800_000;
const B_MS: i64 = A_MS - 100_000;

fn read(payload: &[u8], rules: &BuildRules) -> Result<Option<Hash>, ReadError> {
    let mut reader = Reader::new(payload);
    let kind = reader.byte()?;
    let value = match read_value(&mut reader, kind, rules)? {
        Step::Whole(value) => value,
        Step::Begun(mut partial) => loop {
            if let Some(value) = partial.advance(&mut reader, rules)? {
                break Some(value);
            }
        },
    };
    assert_eq!(reader.position(), payload.len());
    Ok(value.map(|value| match value {
        Value::Hash(hash) => hash,
        other => panic!("a {}", other.type_name()),
    }))
}

fn hash_of(payload: &[u8], rules: &BuildRules) -> Hash {
    read(payload, rules).expect("a payload that a server wrote").expect("not an empty one")
}

fn write(hash: &Hash) -> Vec<u8> {
    let value: Value = hash.clone().into();
    let mut out = vec![type_of(&value)];
    push_value(&mut out, &value, true);
    out
}

fn packed(texts: &[&str]) -> Vec<u8> {
    let mut pack = Listpack::new();
    texts.iter().for_each(|text| pack.push_back(text.as_bytes()));
    let mut payload = vec![value_type::HASH_LISTPACK_EX];
    payload.extend_from_slice(&5_i64.to_le_bytes());
    push_string(&mut payload, pack.as_bytes(), false);
    payload
}

#[test]
fn payloads_of_redis_and_valkey_are_read_and_those_of_redis_written_alike() {
    for (payload, rules) in [(PACKED, RULES), (TABLE, RULES), (OF_VALKEY, VALKEY)] {
        let hash = hash_of(payload, &rules);
        assert_eq!((hash.len(), hash.encoding_name()), (3, "listpackex"));
        for (name, value, at_ms) in [("a", 1, Some(A_MS)), ("b", 2, Some(B_MS)), ("c", 3, None)] {
            assert_eq!(hash.get(name.as_bytes()), Some(Text::Int(value)));
            assert_eq!(hash.expiry(name.as_bytes()), at_ms);
        }
        assert_eq!(write(&hash), PACKED);
    }
    let limits = crate::value::limits::HashLimits { listpack_entries_max: 2, ..RULES.limits.hash };
    let small = BuildRules { limits: Limits { hash: limits, ..RULES.limits }, ..RULES };
    let table = hash_of(PACKED, &small);
    assert_eq!(table.encoding_name(), "hashtable");
    let written = write(&table);
    assert_eq!((written[0], written.len()), (value_type::HASH_METADATA, TABLE.len()));
    assert_eq!(write(&hash_of(&written, &RULES)), PACKED);
}

#[test]
fn a_hash_whose_times_are_all_gone_is_written_as_redis_7_0_does() {
    let hash = hash_of(PERSISTED, &RULES);
    assert_eq!((hash.len(), hash.first_expiry_ms()), (3, None));
    assert_eq!(write(&hash)[0], value_type::HASH_LISTPACK);
    let mut large = hash_of(TABLE, &RULES);
    large.make_table(RULES.order);
    assert!(large.persist(b"a") && large.persist(b"b"));
    assert_eq!(write(&large)[0], value_type::HASH);
}

#[test]
fn forms_of_before_the_release_and_of_the_other_maker_are_refused() {
    for kind in [22, 23] {
        assert_eq!(read(&[kind, 0], &RULES).err(), Some(ReadError::Fault(Fault::PreReleaseHash)));
    }
    assert_eq!(read(&[23, 0], &VALKEY).err(), Some(ReadError::Fault(Fault::PreReleaseHash)));
}

#[test]
fn what_breaks_the_format_is_refused() {
    assert!(read(&packed(&["a", "1", "10", "b", "2", "10", "c", "3", "0"]), &RULES).is_ok());
    let cases: [(&[&str], Fault); 5] = [
        (&["a", "1", "10", "a", "2", "20"], Fault::DuplicateField),
        (&["a", "1", "10", "b", "2", "9"], Fault::FieldExpiry),
        (&["a", "1", "0", "b", "2", "9"], Fault::FieldExpiry),
        (&["a", "1", "-1"], Fault::FieldExpiry),
        (&["a", "1", "soon"], Fault::FieldExpiry),
    ];
    for (texts, fault) in cases {
        assert_eq!(read(&packed(texts), &RULES).err(), Some(ReadError::Fault(fault)), "{texts:?}");
    }
    assert!(matches!(read(&packed(&["a", "1"]), &RULES), Err(ReadError::Fault(Fault::Value(_)))));
    assert!(read(&packed(&[]), &RULES).expect("an empty one is no fault").is_none());
    let times: [(&[u8], &BuildRules); 4] = [
        // The first time is negative; the sum is too large; a time is negative; a name comes twice.
        (b"\x18\xff\xff\xff\xff\xff\xff\xff\xff\x01\x00\x01a\x011", &RULES),
        (b"\x18\x01\x00\x00\x00\x00\x00\x00\x00\x01\x81\xff\xff\xff\xff\xff\xff\xff\xff\x01a\x011", &RULES),
        (b"\x16\x01\x01a\x011\xfe\xff\xff\xff\xff\xff\xff\xff", &VALKEY),
        (b"\x16\x02\x01a\x011\x05\x00\x00\x00\x00\x00\x00\x00\x01a\x011\x05\x00\x00\x00\x00\x00\x00\x00", &VALKEY),
    ];
    for (payload, rules) in times {
        assert!(matches!(read(payload, rules), Err(ReadError::Fault(_))), "{payload:?}");
    }
}

#[test]
fn no_cut_and_no_damage_to_one_byte_panics() {
    for (payload, rules) in [(PACKED, RULES), (TABLE, RULES), (OF_VALKEY, VALKEY)] {
        for cut in 1..payload.len() {
            assert!(matches!(read(&payload[..cut], &rules), Err(ReadError::Incomplete(_))), "{cut}");
        }
        for at in 1..payload.len() {
            for byte in 0..=255 {
                let mut damaged = payload.to_vec();
                damaged[at] = byte;
                let mut reader = Reader::new(&damaged[1..]);
                let Ok(step) = read_value(&mut reader, damaged[0], &rules) else { continue };
                let value = match step {
                    Step::Whole(value) => value,
                    Step::Begun(mut partial) => loop {
                        match partial.advance(&mut reader, &rules) {
                            Ok(None) => {}
                            Ok(value) => break value,
                            Err(_) => break None,
                        }
                    },
                };
                if let Some(Value::Hash(hash)) = value {
                    assert_eq!(hash_of(&write(&hash), &RULES).len(), hash.len());
                }
            }
        }
    }
}

#[test]
fn a_large_hash_keeps_its_times() {
    let mut hash = Hash::default();
    for index in 0..2000_i64 {
        let name = format!("f{index}");
        hash.set(name.as_bytes(), b"v", &RULES.limits.hash, RULES.order);
        if index % 3 > 0 {
            hash.set_expiry(name.as_bytes(), A_MS + index * 1000, RULES.order);
        }
    }
    let again = hash_of(&write(&hash), &RULES);
    assert_eq!((again.len(), again.encoding_name()), (2000, "hashtable"));
    for index in 0..2000_i64 {
        let name = format!("f{index}");
        assert_eq!(again.expiry(name.as_bytes()), (index % 3 > 0).then_some(A_MS + index * 1000));
    }
}
