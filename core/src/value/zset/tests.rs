use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::*;

const KEY: HashKey = HashKey::new(5, 6);

fn text(text: Text<'_>) -> String {
    text.with_bytes(|bytes| String::from_utf8(bytes.to_vec()).expect("the tests write text"))
}

fn sorted(model: &BTreeMap<String, f64>) -> Vec<(String, f64)> {
    let mut all: Vec<(String, f64)> = model.iter().map(|(name, score)| (name.clone(), *score)).collect();
    all.sort_by(|left, right| left.1.partial_cmp(&right.1).expect("numbers").then(left.0.cmp(&right.0)));
    all
}

fn check(zset: &Zset, model: &BTreeMap<String, f64>, random: &mut Random) {
    let expected = sorted(model);
    let rank = random.below(expected.len() as u64 + 1) as usize;
    let up: Vec<_> = zset.iter_up(rank).map(|(member, score)| (text(member), score)).collect();
    assert_eq!(up, expected[rank..]);
    let down: Vec<_> = zset.iter_down(rank).map(|(member, score)| (text(member), score)).collect();
    let expected_down: Vec<_> = expected.iter().take(rank + 1).rev().cloned().collect();
    let expected_down = if rank < expected.len() { expected_down } else { Vec::new() };
    assert_eq!(down, expected_down);
    let bound = random.below(20) as f64;
    assert_eq!(
        zset.partition_point(|_, score| score < bound),
        expected.iter().filter(|(_, score)| *score < bound).count()
    );
}

#[test]
fn a_sorted_set_does_what_a_sorted_list_does_in_both_encodings() {
    for (seed, entries_max, names, steps) in [(1, 1000, 30, 3000), (2, 4, 30, 3000), (3, 0, 3000, 12000)] {
        let limits = ZsetLimits { listpack_entries_max: entries_max, listpack_value_bytes_max: 64 };
        let (mut zset, mut model, mut random) = (Zset::default(), BTreeMap::new(), Random::new(seed, 0));
        for step in 0..steps {
            let name = match random.below(3) {
                0 => random.below(names).to_string(),
                _ => format!("member {}", random.below(names)),
            };
            let score = random.below(40) as f64 / 2.0;
            match random.below(20) {
                0..14 => {
                    let expected = match model.insert(name.clone(), score) {
                        None => Set::Added,
                        Some(before) if before == score => Set::Same,
                        Some(_) => Set::Changed,
                    };
                    assert_eq!(zset.set(name.as_bytes(), score, limits, KEY), expected);
                }
                14..18 => assert_eq!(zset.remove(name.as_bytes()), model.remove(&name).is_some()),
                _ if steps < 5000 || step % 50 == 0 => {
                    let start = random.below(model.len() as u64 + 1) as usize;
                    let end = start + random.below(5) as usize;
                    zset.remove_range(start, end);
                    for (name, _) in sorted(&model).into_iter().take(end).skip(start) {
                        model.remove(&name);
                    }
                }
                _ => {}
            }
            assert_eq!(zset.len(), model.len());
            assert_eq!(zset.score(name.as_bytes()), model.get(&name).copied());
            if steps < 5000 || step % 500 == 0 {
                let rank = sorted(&model).iter().position(|(own, _)| *own == name);
                assert_eq!(zset.rank(name.as_bytes()), rank);
                check(&zset, &model, &mut random);
            }
        }
    }
}

#[test]
fn scores_are_packed_in_the_digits_of_redis() {
    let limits = ZsetLimits { listpack_entries_max: 128, listpack_value_bytes_max: 64 };
    let mut zset = Zset::default();
    for (member, score) in [("a", 1.0), ("b", 0.1), ("c", f64::INFINITY), ("d", -0.0)] {
        zset.set(member.as_bytes(), score, limits, KEY);
    }
    let Zset::Packed(pack) = &zset else { panic!("it is small") };
    let all: Vec<String> = pack.iter().map(|entry| text(entry.into())).collect();
    assert_eq!(all, ["d", "-0", "b", "0.10000000000000001", "a", "1", "c", "inf"]);
}
