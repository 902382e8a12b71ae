use alloc::collections::VecDeque;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::*;
use crate::codec::random::Random;

fn text(text: Text<'_>) -> String {
    text.with_bytes(|bytes| String::from_utf8(bytes.to_vec()).expect("the tests write text"))
}

fn contents(list: &List, end: End, skip: usize) -> Vec<String> {
    list.iter_from(end, skip).map(text).collect()
}

fn random_value(random: &mut Random) -> String {
    match random.below(6) {
        0 => random.below(8).to_string(),
        1 => "x".repeat(random.below(3000) as usize),
        _ => format!("value {}", random.below(10)),
    }
}

/// One random change of a list and of its model.
fn change(list: &mut List, model: &mut VecDeque<String>, random: &mut Random, limits: ListLimits) {
    let value = random_value(random);
    let place = random.below(model.len() as u64 + 1) as usize;
    let end = if random.chance(1, 2) { End::Head } else { End::Tail };
    match random.below(10) {
        0..4 => {
            list.push(end, value.as_bytes(), limits);
            if end == End::Head { model.push_front(value) } else { model.push_back(value) }
        }
        4 => {
            let expected = if end == End::Head { model.pop_front() } else { model.pop_back() };
            assert_eq!(list.pop(end, text), expected);
        }
        5 if place < model.len() => {
            list.set(place, value.as_bytes(), limits);
            model[place] = value;
        }
        6 => {
            let pivot = random_value(random);
            let found = model.iter().position(|held| *held == pivot);
            let side = if end == End::Head { Side::Before } else { Side::After };
            assert_eq!(list.insert_beside(pivot.as_bytes(), side, value.as_bytes(), limits), found.is_some());
            if let Some(found) = found {
                model.insert(found + usize::from(side == Side::After), value);
            }
        }
        7 => {
            let count_max = random.range(1..=3) as usize;
            let mut expected = 0;
            while expected < count_max {
                let found = match end {
                    End::Head => model.iter().position(|held| *held == value),
                    End::Tail => model.iter().rposition(|held| *held == value),
                };
                let Some(found) = found else { break };
                model.remove(found);
                expected += 1;
            }
            assert_eq!(list.remove(value.as_bytes(), end, count_max), expected);
        }
        8 => {
            let count = random.below(20) as usize;
            list.remove_range(place, count);
            let behind = (place + count).min(model.len());
            model.drain(place.min(behind)..behind);
        }
        _ => {
            let expected: Vec<String> = match end {
                End::Head => model.iter().skip(place).cloned().collect(),
                End::Tail => model.iter().rev().skip(place).cloned().collect(),
            };
            assert_eq!(contents(list, end, place), expected);
        }
    }
}

#[test]
fn a_list_does_what_a_queue_of_strings_does_whatever_its_nodes() {
    for (seed, fill) in [-2, -1, 1, 2, 3, 128, -5, 7].into_iter().enumerate() {
        let limits = ListLimits { fill };
        let (mut list, mut model, mut random) = (List::default(), VecDeque::new(), Random::new(seed as u64, 0));
        for _ in 0..3000 {
            change(&mut list, &mut model, &mut random, limits);
            assert_eq!(list.len(), model.len());
            let place = random.below(model.len() as u64 + 1) as usize;
            assert_eq!(list.get(place as i64).map(text), model.get(place).cloned());
            if let List::Chain(chain) = &list {
                let bytes: usize = chain.nodes().iter().map(Node::memory_bytes).sum();
                let rest = chain.memory_bytes() - bytes;
                assert!(rest < 64 + chain.nodes().capacity() * 32 + 64, "{rest}");
                assert!(chain.nodes().iter().all(|node| node.len() > 0), "no node is empty");
            }
        }
    }
}

#[test]
fn nodes_end_where_redis_ends_them() {
    // 8192 bytes: 7 of the listpack and 103 of each entry, the last with an estimate of 108.
    let mut list = List::default();
    for _ in 0..100 {
        list.push(End::Tail, "x".repeat(100).as_bytes(), ListLimits { fill: -2 });
    }
    let mut lens = Vec::new();
    list.for_each_node(|node| {
        if let NodeRef::Packed(pack) = node {
            lens.push(pack.len());
        }
    });
    assert_eq!(lens, [79, 21]);
    let counted: List = {
        let mut list = List::default();
        (0..10).for_each(|_| list.push(End::Tail, b"a", ListLimits { fill: 4 }));
        list
    };
    assert_eq!(counted.node_count(), 3);
}
