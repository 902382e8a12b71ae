use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::{String, ToString};

use proptest::prelude::*;

use super::*;

const KEY: HashKey = HashKey::new(3, 4);
const LIMITS: SetLimits = SetLimits { intset_entries_max: 8 };

fn members(set: &Set) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    set.for_each(|member| {
        let text = member.with_bytes(|bytes| String::from_utf8(bytes.to_vec()).expect("the tests write text"));
        assert!(all.insert(text), "no member twice");
    });
    all
}

proptest! {
    #[test]
    fn a_set_does_what_a_set_of_strings_does(
        steps in prop::collection::vec((any::<bool>(), prop_oneof!["[0-9]{1,2}", "-?[0-9]{1,20}", "[a-z]{0,80}"]), 0..200)
    ) {
        let (mut set, mut model) = (Set::default(), BTreeSet::new());
        for (adds, member) in steps {
            if adds {
                prop_assert_eq!(set.add(member.as_bytes(), LIMITS, KEY), model.insert(member.clone()));
            } else {
                prop_assert_eq!(set.remove(member.as_bytes()), model.remove(&member));
            }
            prop_assert_eq!(set.len(), model.len());
            prop_assert_eq!(set.contains(member.as_bytes()), model.contains(&member));
        }
        prop_assert_eq!(members(&set), model);
    }
}

#[test]
fn encodings_change_where_those_of_redis_do() {
    let mut set = Set::default();
    for value in 0..8 {
        set.add(value.to_string().as_bytes(), LIMITS, KEY);
    }
    assert_eq!(set.encoding_name(), "intset");
    set.add(b"8", LIMITS, KEY);
    assert_eq!(set.encoding_name(), "hashtable");
    let mut set = Set::default();
    set.add(b"007", LIMITS, KEY);
    assert_eq!((set.encoding_name(), set.len()), ("hashtable", 1));
    assert!(!set.contains(b"7"));
}

#[test]
fn few_and_short_members_are_packed_and_nobody_is_told() {
    let packed = |set: &Set| matches!(set, Set::Texts(texts) if matches!(**texts, Texts::Few(_)));
    let mut set = Set::default();
    for value in 0..31 {
        set.add(format!("m{value}").as_bytes(), LIMITS, KEY);
    }
    set.add(b"12345", LIMITS, KEY);
    assert!(packed(&set) && set.encoding_name() == "hashtable" && set.contains(b"12345"));
    let mut longer = set.clone();
    longer.remove(b"m0");
    longer.add(&[b'x'; 800], LIMITS, KEY);
    assert!(packed(&longer));
    longer.remove(b"m1");
    longer.add(&[b'y'; 800], LIMITS, KEY);
    assert!(!packed(&longer) && longer.len() == 32 && longer.contains(b"m30"));
    set.add(b"m31", LIMITS, KEY);
    assert!(!packed(&set) && set.len() == 33 && set.contains(b"m31"));
    assert_eq!(set.iter().count(), 33);
}
