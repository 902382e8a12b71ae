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
    // As ZSCAN of a redis-server 7.0 shows them, which repeats what stands in the listpack.
    let cases = [
        (-0.0, "0"),
        (0.1, "0.10000000000000001"),
        (1e15, "1000000000000000"),
        (4e18, "4000000000000000000"),
        (4_611_686_018_427_387_904.0, "4611686018427387904"),
        (-4_611_686_018_427_387_904.0, "-4611686018427387904"),
        (4_611_686_018_427_388_928.0, "4.6116860184273889e+18"),
        (5e18, "5e+18"),
        (f64::INFINITY, "inf"),
    ];
    for (score, digits) in cases {
        let mut zset = Zset::default();
        zset.set(b"m", score, limits, KEY);
        let Zset::Packed(pack) = &zset else { panic!("it is small") };
        let all: Vec<String> = pack.iter().map(|entry| text(entry.into())).collect();
        assert_eq!(all, ["m", digits]);
    }
}

fn pack(texts: &[&str]) -> Listpack {
    let mut pack = Listpack::new();
    texts.iter().for_each(|text| pack.push_back(text.as_bytes()));
    pack
}

#[test]
fn pairs_from_outside_are_kept_as_they_are_sorted_or_refused() {
    let limits = ZsetLimits { listpack_entries_max: 3, listpack_value_bytes_max: 2 };
    let built = |texts: &[&str]| Zset::from_pairs(pack(texts), limits, KEY);
    let kept: &[&[&str]] = &[&["longer than two", "-0"], &["a", "1", "b", "1", "0", "1.50"], &[]];
    for texts in kept {
        let Some(Zset::Packed(own)) = built(texts) else { panic!("{texts:?}") };
        assert_eq!(own, pack(texts));
    }
    let Some(Zset::Packed(own)) = built(&["b", "1", "a", "1", "c", "0"]) else { panic!("it is small") };
    assert_eq!(own, pack(&["c", "0", "a", "1", "b", "1"]));
    let large = built(&["a", "1", "b", "2", "c", "3", "d", "4"]).expect("they are pairs");
    assert_eq!((large.encoding_name(), large.len()), ("skiplist", 4));
    let refused: &[&[&str]] =
        &[&["a"], &["a", "1", "b"], &["a", "x"], &["a", "nan"], &["a", ""], &["a", "1", "a", "2"]];
    for texts in refused {
        assert!(built(texts).is_none(), "{texts:?}");
    }
}

/// A large sorted set of the members 0..`count`, each with its number as score, added in the order that `pick` gives.
fn numbered(count: u64, pick: impl Fn(u64) -> u64) -> Zset {
    let limits = ZsetLimits { listpack_entries_max: 0, listpack_value_bytes_max: 64 };
    let mut zset = Zset::default();
    for number in (0..count).map(pick) {
        assert_eq!(zset.set(number.to_string().as_bytes(), number as f64, limits, KEY), Set::Added);
    }
    zset
}

#[test]
fn ranges_of_many_chunks_go_as_one_and_ranks_stay_right() {
    for (start, end) in [(0, 5000), (0, 4999), (1, 5000), (100, 4900), (0, 1), (700, 701), (255, 513), (4000, 9000)] {
        for pick in [|number| number, |number| 4999 - number, |number| number * 7 % 5000] as [fn(u64) -> u64; 3] {
            let mut zset = numbered(5000, pick);
            zset.remove_range(start, end);
            let left: Vec<u64> = (0..5000).filter(|number| !(start..end).contains(&(*number as usize))).collect();
            let scores: Vec<u64> = zset.iter_up(0).map(|(_, score)| score as u64).collect();
            assert_eq!(scores, left, "{start}..{end}");
            for (rank, number) in left.iter().enumerate().step_by(37) {
                assert_eq!(zset.rank(number.to_string().as_bytes()), Some(rank));
                assert_eq!(zset.partition_point(|_, score| score < *number as f64), rank);
                assert_eq!(zset.iter_up(rank).next().map(|(_, score)| score as u64), Some(*number));
                assert_eq!(zset.iter_down(rank).nth(1).map(|(_, score)| score as u64), left[..rank].last().copied());
            }
        }
    }
}

#[test]
fn a_large_sorted_set_knows_its_memory_and_gives_it_back_in_pieces() {
    let mut zset = numbered(5000, |number| number);
    let full = zset.memory_bytes();
    // A member's name and score, its place in the order, and its entry in the index.
    assert!((5000 * (32 + 16 + 4)..5000 * 80).contains(&full), "{full}");
    zset.remove_range(0, 4990);
    assert!(zset.memory_bytes() < full);
    let long = "x".repeat(1000);
    let before = zset.memory_bytes();
    let limits = ZsetLimits { listpack_entries_max: 0, listpack_value_bytes_max: 64 };
    zset.set(long.as_bytes(), 1.0, limits, KEY);
    // Its text, and a block of the index.
    assert_eq!(zset.memory_bytes() - before, 1024 + 16);
    assert!(zset.remove(long.as_bytes()));
    assert_eq!(zset.memory_bytes(), before);

    let mut remnant = numbered(5000, |number| number).dismantle().expect("it is large");
    assert_eq!(remnant.free_some(600), 1024 - 120);
    while !remnant.is_empty() {
        assert!(remnant.free_some(1) > 0);
    }
}

#[test]
fn a_negative_zero_outlives_only_where_no_listpack_was() {
    let limits = ZsetLimits { listpack_entries_max: 2, listpack_value_bytes_max: 4 };
    let is_kept = |zset: &Zset| zset.score(b"a").map(f64::is_sign_negative);
    let cases: &[(&[&str], bool)] =
        &[(&["a"], false), (&["a", "b"], false), (&["a", "b", "c"], true), (&["a", "longer"], true)];
    for (names, kept) in cases {
        let members: Vec<(Text<'_>, f64)> = names.iter().map(|name| (Text::Bytes(name.as_bytes()), -0.0)).collect();
        assert_eq!(is_kept(&Zset::of_members(&members, limits, KEY)), Some(*kept), "{names:?}");

        let (mut grown, mut large) = (Zset::default(), Zset::large(KEY));
        for name in *names {
            grown.set(name.as_bytes(), -0.0, limits, KEY);
            large.set(name.as_bytes(), -0.0, limits, KEY);
        }
        assert_eq!(is_kept(&grown), Some(false), "{names:?}");
        assert_eq!(is_kept(&large.compacted(limits, KEY)), Some(*kept), "{names:?}");
    }
}
