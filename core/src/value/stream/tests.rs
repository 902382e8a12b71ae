use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::*;
use crate::codec::listpack::Listpack;
use crate::codec::random::Random;
use crate::value::Limits;

fn id(number: u64) -> StreamId {
    StreamId::new(number / 3, number % 3)
}

fn text_of(entry: &Entry<'_>) -> Vec<String> {
    entry.texts().map(|text| text.with_bytes(|bytes| String::from_utf8_lossy(bytes).into_owned())).collect()
}

fn random_fields(random: &mut Random) -> Vec<String> {
    let field = |random: &mut Random| match random.below(4) {
        0 => format!("{}", random.below(70_000)),
        1 => "x".repeat(random.below(100) as usize),
        _ => format!("f{}", random.below(3)),
    };
    let names: &[&[&str]] = &[&["a"], &["a", "b"], &["b"], &["a", "b", "c"]];
    let names = names[random.below(4) as usize];
    names.iter().flat_map(|name| [String::from(*name), field(random)]).collect()
}

type Model = BTreeMap<StreamId, Vec<String>>;

/// One random change of a stream and of its model.
fn change(stream: &mut Stream, model: &mut Model, next: &mut u64, random: &mut Random, limits: &StreamLimits) {
    let any = id(random.below(*next + 2));
    match random.below(8) {
        0..4 => {
            *next += 1 + random.below(3);
            let fields = random_fields(random);
            stream.push(id(*next), fields.iter().map(String::as_bytes), limits);
            model.insert(id(*next), fields);
        }
        4 | 5 => {
            let ids = [any, id(random.below(*next + 2)), any];
            let before = model.len();
            model.retain(|id, _| !ids.contains(id));
            assert_eq!(stream.delete(&ids), before - model.len());
        }
        6 => {
            let len_max = random.below(model.len() as u64 + 3);
            let is_approximate = random.chance(1, 2);
            let trim = Trim { bound: Bound::Len(len_max), is_approximate, entries_max: None };
            let gone = stream.trim(&trim);
            for _ in 0..gone {
                model.pop_first();
            }
            assert!(is_approximate && model.len() as u64 >= len_max || model.len() as u64 <= len_max);
        }
        _ => {
            let trim = Trim { bound: Bound::Id(any), is_approximate: false, entries_max: None };
            let expects_work = model.keys().any(|id| *id < any);
            assert!(stream.would_trim(&trim) || !expects_work);
            stream.trim(&trim);
            model.retain(|id, _| *id >= any);
        }
    }
}

fn check(stream: &Stream, model: &Model, random: &mut Random, next: u64) {
    assert_eq!(stream.len(), model.len());
    assert_eq!(stream.tally().first_id, model.keys().next().copied().unwrap_or_default());
    let (from, to) = (id(random.below(next + 2)), id(random.below(next + 2)));
    let expected: Vec<(StreamId, Vec<String>)> =
        model.iter().filter(|(id, _)| (from..=to).contains(id)).map(|(id, fields)| (*id, fields.clone())).collect();
    let told = |order| stream.entries(from, to, order).map(|entry| (entry.id, text_of(&entry)));
    assert_eq!(told(Order::Ascending).collect::<Vec<_>>(), expected);
    assert_eq!(told(Order::Descending).collect::<Vec<_>>(), expected.into_iter().rev().collect::<Vec<_>>());
    let held: usize = stream.nodes.values().map(Node::memory_bytes).sum();
    assert_eq!(stream.node_bytes, held);
    for (master, node) in stream.nodes() {
        let pack = Listpack::from_bytes(node.as_bytes().to_vec()).expect("a listpack");
        Node::from_listpack(pack, *master).expect("a node that can be read again");
    }
}

#[test]
fn a_stream_behaves_like_a_sorted_map() {
    for (seed, node_entries_max, node_bytes_max) in [(1, 3, 4096), (2, 100, 200), (3, 0, 0), (4, 1, 4096)] {
        let limits = StreamLimits { node_bytes_max, node_entries_max };
        let mut random = Random::new(seed, 0);
        let (mut stream, mut model, mut next) = (Stream::default(), Model::new(), 0);
        for _ in 0..1500 {
            change(&mut stream, &mut model, &mut next, &mut random, &limits);
            check(&stream, &model, &mut random, next);
        }
    }
}

#[test]
fn nodes_are_full_by_bytes_and_by_entries() {
    let nodes_of = |node_bytes_max, node_entries_max, value: &str| {
        let limits = StreamLimits { node_bytes_max, node_entries_max };
        let mut stream = Stream::default();
        for number in 1..=10 {
            stream.push(id(number), [b"f".as_slice(), value.as_bytes()].into_iter(), &limits);
        }
        stream.node_count()
    };
    assert_eq!(nodes_of(4096, 100, "v"), 1);
    assert_eq!(nodes_of(4096, 3, "v"), 4);
    assert_eq!(nodes_of(0, 0, "v"), 1);
    assert_eq!(nodes_of(4096, 100, &"v".repeat(4000)), 10);
}

#[test]
fn an_approximate_trim_takes_whole_nodes_within_its_limit() {
    let limits = StreamLimits { node_bytes_max: 4096, node_entries_max: 4 };
    let mut stream = Stream::default();
    for number in 1..=20 {
        stream.push(id(number), [b"f".as_slice(), b"v"].into_iter(), &limits);
    }
    let trim = |len_max, entries_max| Trim { bound: Bound::Len(len_max), is_approximate: true, entries_max };
    assert_eq!(stream.trim(&trim(17, None)), 0);
    assert_eq!(stream.trim(&trim(5, Some(7))), 4);
    assert_eq!(stream.trim(&trim(5, None)), 8);
    assert_eq!(stream.len(), 8);
    assert_eq!(stream.tally().first_id, id(13));
}

/// Every pending entry of a consumer is the group's, and the other way round.
fn check_group(group: &Group) {
    let owned: usize = group.consumers().map(|consumer| consumer.pending().len()).sum();
    assert_eq!(owned, group.pending().len());
    for (entry, pending) in group.pending() {
        assert!(group.consumer(pending.consumer).pending().contains(entry));
    }
}

#[test]
fn what_is_pending_is_one_truth_for_group_and_consumers() {
    let mut random = Random::new(5, 0);
    let mut group = Group::default();
    for _ in 0..5000 {
        let name = format!("consumer {} {}", random.below(6), "x".repeat(random.below(2) as usize * 30));
        let entry = id(random.below(40));
        match (random.below(6), group.find(name.as_bytes())) {
            (0, found) => assert_eq!(group.add_consumer(name.as_bytes(), 1).is_none(), found.is_some()),
            (1, Some(consumer)) if random.chance(1, 5) => {
                let owned = group.consumer(consumer).pending().len();
                assert_eq!(group.remove_consumer(consumer), owned);
                assert_eq!(group.find(name.as_bytes()), None);
            }
            (2, _) => {
                let was_pending = group.pending().contains_key(&entry);
                assert_eq!(group.remove_pending(entry).is_some(), was_pending);
            }
            (_, Some(consumer)) => {
                group.set_pending(entry, Pending { consumer, delivered_ms: 1, deliveries: 1 });
                assert_eq!(group.pending()[&entry].consumer, consumer);
            }
            (_, None) => {}
        }
        check_group(&group);
    }
    let names: usize = group.consumers().map(|consumer| 2 * consumer.name.heap_bytes()).sum();
    assert!(group.memory_bytes() > names);
}

#[test]
fn a_stream_that_was_given_up_is_freed_to_the_last_part() {
    let limits = StreamLimits { node_bytes_max: 4096, node_entries_max: 1 };
    let mut stream = Stream::default();
    let mut group = Group::default();
    let consumer = group.add_consumer(b"one", 0).expect("the first");
    for number in 1..=50 {
        stream.push(id(number), [b"f".as_slice(), b"v"].into_iter(), &limits);
        group.set_pending(id(number), Pending { consumer, delivered_ms: 0, deliveries: 1 });
    }
    stream.add_group(b"g", group);
    assert_eq!(stream.free_effort(), 101);
    let mut remnant = stream.dismantle().expect("a large one");
    let mut steps = 0;
    while !remnant.is_empty() {
        assert!(remnant.free_some(10) > 0);
        steps += 1;
    }
    assert!(steps >= 10, "{steps}");
    assert!(Stream::default().dismantle().is_none());
}

#[test]
fn what_was_deleted_may_be_greater_than_what_came_after_the_stream_was_set_back() {
    let limits = Limits::DEFAULT.stream;
    let id = |ms| StreamId { ms, seq: 0 };
    let mut stream = Stream::default();
    for ms in [15, 38] {
        stream.push(id(ms), [b"f".as_slice(), b"v"].into_iter(), &limits);
    }
    assert_eq!(stream.delete(&[id(38)]), 1);
    stream.restore_tally(Tally { last_id: id(15), ..*stream.tally() });
    stream.push(id(17), [b"f".as_slice(), b"v"].into_iter(), &limits);
    let found = |from, to, order| stream.entries(id(from), id(to), order).map(|entry| entry.id.ms).collect::<Vec<_>>();
    assert_eq!(found(0, 20, Order::Ascending), [15, 17]);
    assert_eq!(found(16, 20, Order::Descending), [17]);
    let mut copy = Stream::default();
    for (master, node) in stream.nodes() {
        let pack = Listpack::from_bytes(node.as_bytes().to_vec()).expect("a listpack");
        copy.push_node(*master, pack).expect("a node as it may be");
    }
    assert!(copy.push_node(id(17), Listpack::new()).is_err() && copy.last().is_some_and(|last| last.id == id(17)));
}
