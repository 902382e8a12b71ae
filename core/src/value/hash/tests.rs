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

proptest! {
    #[test]
    fn a_hash_whose_fields_expire_does_what_a_map_with_times_does(
        steps in prop::collection::vec((0u8..6, "[0-9a]{1,2}", 1i64..40), 0..120),
        entries_max in 0usize..20,
    ) {
        let limits = HashLimits { listpack_entries_max: entries_max, ..LIMITS };
        let mut hash = Hash::default();
        let mut model: BTreeMap<String, (String, Option<i64>)> = BTreeMap::new();
        for (kind, name, number) in steps {
            let (bytes, value) = (name.as_bytes(), format!("{number}"));
            match kind {
                0 => prop_assert_eq!(hash.remove(bytes), model.remove(&name).is_some()),
                1 => prop_assert_eq!(hash.persist(bytes), model.get_mut(&name).is_some_and(|field| field.1.take().is_some())),
                2 | 3 => {
                    prop_assert_eq!(hash.set_expiry(bytes, number, ORDER), model.contains_key(&name));
                    model.entry(name).and_modify(|field| field.1 = Some(number));
                }
                4 => {
                    hash.set_value(bytes, value.as_bytes(), &limits, ORDER);
                    model.entry(name).and_modify(|field| field.0.clone_from(&value)).or_insert((value, None));
                }
                _ => {
                    prop_assert_eq!(hash.set(bytes, value.as_bytes(), &limits, ORDER), !model.contains_key(&name));
                    model.insert(name, (value, None));
                }
            }
            prop_assert_eq!(hash.first_expiry_ms(), model.values().filter_map(|field| field.1).min());
        }
        let is_dead = |field: &(String, Option<i64>)| field.1.is_some_and(|at_ms| at_ms < 20);
        prop_assert_eq!(hash.len(), model.len());
        prop_assert_eq!(hash.len_alive(20), model.values().filter(|field| !is_dead(field)).count());
        prop_assert_eq!(hash.len_alive(expiring::NEVER_DEAD), model.len());
        for (name, field) in &model {
            prop_assert_eq!(hash.expiry(name.as_bytes()), field.1);
            prop_assert_eq!(hash.get_alive(name.as_bytes(), 20).is_some(), !is_dead(field));
        }
        let found = hash.find_dead(20).map(|name| String::from_utf8_lossy(name).into_owned());
        prop_assert_eq!(found.is_some(), model.values().any(is_dead));
        if let Some(name) = found {
            prop_assert_eq!(model[&name].1, hash.first_expiry_ms());
        }
    }
}

#[test]
fn a_hash_without_expiries_takes_no_more_memory_than_before_there_were_any() {
    let mut hash = hash_with(600);
    let before = hash.memory_bytes();
    assert_eq!(before, allocated(size_of::<Fields>()) + hash.make_table(ORDER).memory_bytes());
    assert!(hash.set_expiry(b"f7", 1, ORDER));
    assert!(hash.memory_bytes() > before);
    assert_eq!(hash.encoding_name(), "hashtable");
    let mut small = hash_with(2);
    assert!(small.set_expiry(b"f1", 1, ORDER) && !small.set_expiry(b"no", 1, ORDER));
    assert_eq!(small.encoding_name(), "listpackex");
}

#[test]
fn a_hash_whose_fields_expire_is_freed_to_the_last_part() {
    let mut hash = hash_with(1000);
    for index in 0..500 {
        hash.set_expiry(format!("f{index}").as_bytes(), index, ORDER);
    }
    assert_eq!(hash.free_effort(), 2000);
    let mut rest = hash.dismantle().expect("it is large");
    let mut steps = 0;
    while !rest.is_empty() {
        assert!(rest.free_some(100) <= 100 + 64);
        steps += 1;
    }
    assert!(steps >= 10, "{steps}");
}

#[test]
fn few_fields_with_long_values_are_packed_and_nobody_is_told() {
    let is_few = |hash: &Hash| matches!(hash.form(), Form::Few(_));
    let mut hash = hash_with(3);
    hash.set(b"long", &[b'x'; 100], &LIMITS, ORDER);
    assert!(is_few(&hash) && hash.encoding_name() == "hashtable" && hash.len() == 4);
    assert!(!hash.set(b"f1", &[b'y'; 200], &LIMITS, ORDER) && is_few(&hash));
    assert!(hash.remove(b"f0") && hash.get(b"long").is_some_and(|value| value.len() == 100));
    let mut longer = hash.clone();
    longer.set(b"too", &[b'z'; 800], &LIMITS, ORDER);
    assert!(!is_few(&longer) && longer.len() == 4 && longer.get(b"f1").is_some_and(|value| value.len() == 200));
    for index in 0..16 {
        hash.set(format!("more{index}").as_bytes(), b"1", &LIMITS, ORDER);
    }
    assert!(!is_few(&hash) && hash.len() == 19 && hash.contains(b"f2") && !hash.contains(b"f0"));
}
