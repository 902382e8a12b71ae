use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use proptest::prelude::*;

use super::*;

const LIMITS: HashLimits = HashLimits { listpack_entries_max: 512, listpack_value_bytes_max: 64 };
const ORDER: HashKey = HashKey::new(1, 2);

fn set(hash: &mut Hash, name: &str, value: &str) -> bool {
    hash.set(name.as_bytes(), value.as_bytes(), &LIMITS, ORDER)
}

fn hash_with(fields: usize) -> Hash {
    let mut hash = Hash::default();
    for index in 0..fields {
        assert!(set(&mut hash, &format!("f{index}"), "v"));
    }
    hash
}

#[test]
fn the_513th_field_makes_a_table_and_none_removed_brings_the_listpack_back() {
    let mut hash = hash_with(512);
    assert_eq!(hash.encoding_name(), "listpack");
    assert!(!set(&mut hash, "f7", "w"));
    assert_eq!(hash.encoding_name(), "listpack");
    assert!(set(&mut hash, "one more", "v"));
    assert_eq!((hash.len(), hash.encoding_name()), (513, "hashtable"));
    for index in 0..512 {
        assert!(hash.remove(format!("f{index}").as_bytes()));
    }
    assert_eq!((hash.len(), hash.encoding_name()), (1, "hashtable"));
    assert!(hash.remove(b"one more"));
    assert!(hash.is_empty());
}

#[test]
fn a_name_or_value_of_65_bytes_makes_a_table() {
    let (fits, long) = ("x".repeat(64), "x".repeat(65));
    let mut hash = Hash::default();
    set(&mut hash, &fits, &fits);
    assert_eq!(hash.encoding_name(), "listpack");
    for (name, value) in [("f", long.as_str()), (long.as_str(), "v"), (fits.as_str(), long.as_str())] {
        let mut hash = hash.clone();
        set(&mut hash, name, value);
        assert_eq!(hash.encoding_name(), "hashtable");
        assert!(hash.contains(fits.as_bytes()));
        assert!(hash.contains(name.as_bytes()));
    }
}

#[test]
fn all_texts_of_a_command_are_looked_at_before_the_first_is_set() {
    let long = "x".repeat(65);
    let mut hash = hash_with(1);
    hash.make_room([b"a".as_slice(), b"1", b"b", long.as_bytes()].into_iter(), &LIMITS, ORDER);
    assert_eq!((hash.len(), hash.encoding_name()), (1, "hashtable"));
}

#[test]
fn a_listpack_over_a_limit_that_was_lowered_becomes_a_table_at_the_next_set() {
    let mut hash = hash_with(3);
    let lower = HashLimits { listpack_entries_max: 2, ..LIMITS };
    assert!(!hash.set(b"f0", b"w", &lower, ORDER));
    assert_eq!((hash.len(), hash.encoding_name()), (3, "hashtable"));
    assert_eq!(hash.get(b"f0"), Some(Text::Bytes(b"w")));
}

#[test]
fn a_limit_of_no_fields_makes_a_table_of_the_first() {
    let none = HashLimits { listpack_entries_max: 0, ..LIMITS };
    let mut hash = Hash::default();
    assert!(hash.set(b"a", b"1", &none, ORDER));
    assert_eq!((hash.len(), hash.encoding_name()), (1, "hashtable"));
}

#[test]
fn a_value_that_equals_a_name_is_not_taken_for_it() {
    let mut hash = Hash::default();
    set(&mut hash, "a", "b");
    assert!(!hash.contains(b"b"));
    assert!(!hash.remove(b"b"));
    assert!(set(&mut hash, "b", "a"));
    assert!(hash.remove(b"a"));
    assert_eq!(hash.get(b"b"), Some(Text::Bytes(b"a")));
    assert_eq!(hash.len(), 1);
}

#[test]
fn integers_keep_their_exact_spelling() {
    let texts = ["0", "-0", "00", "+1", "-1", "127", "128", "9223372036854775808", "-9223372036854775808", " 1", ""];
    for mut hash in [Hash::default(), hash_with(513)] {
        for text in texts {
            assert!(set(&mut hash, text, text));
        }
        for text in texts {
            let value = hash.get(text.as_bytes()).expect(text);
            assert_eq!(value, Text::Bytes(text.as_bytes()));
            assert_eq!(value.len(), text.len());
            assert_eq!(value.is_empty(), text.is_empty());
            assert_eq!(value.to_i64(), text.parse().ok().filter(|int: &i64| format!("{int}") == text));
            let mut bytes = Vec::new();
            value.push_to(&mut bytes);
            assert_eq!(bytes, text.as_bytes());
        }
    }
}

proptest! {
    #[test]
    fn a_hash_does_what_a_map_does(
        steps in prop::collection::vec((0u8..4, "[0-9a]{1,2}", "[0-9b]{0,70}"), 0..120),
        entries_max in 0usize..20,
    ) {
        let limits = HashLimits { listpack_entries_max: entries_max, ..LIMITS };
        let mut hash = Hash::default();
        let mut model: BTreeMap<String, String> = BTreeMap::new();
        for (kind, name, value) in steps {
            if kind == 0 {
                prop_assert_eq!(hash.remove(name.as_bytes()), model.remove(&name).is_some());
            } else {
                let is_new = hash.set(name.as_bytes(), value.as_bytes(), &limits, ORDER);
                prop_assert_eq!(is_new, model.insert(name.clone(), value).is_none());
            }
            prop_assert_eq!(hash.len(), model.len());
            prop_assert_eq!(hash.is_empty(), model.is_empty());
            prop_assert_eq!(hash.contains(name.as_bytes()), model.contains_key(&name));
        }
        let mut met = BTreeMap::new();
        hash.for_each(|name, value| {
            let text = |text: Text<'_>| text.with_bytes(|bytes| String::from_utf8_lossy(bytes).into_owned());
            met.insert(text(name), text(value));
        });
        prop_assert_eq!(&met, &model);
        for (name, value) in &model {
            prop_assert_eq!(hash.get(name.as_bytes()), Some(Text::Bytes(value.as_bytes())));
        }
    }
}
