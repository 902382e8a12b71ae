//! What a table promises: the model, the scans, the order, and that no set of hashes does harm.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::cell::Cell;

use proptest::prelude::*;

use super::range::DEPTH_MAX;
use super::*;

/// An entry whose hash is at the same time what tells it from others of equal hash, together with
/// `id`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    hash: u64,
    id: u64,
}

fn hash_of(entry: &Entry) -> u64 {
    entry.hash
}

/// Spreads numbers evenly over all hashes.
fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn insert(table: &mut Table<Entry>, entry: Entry) {
    *table.insert_new(entry.hash, entry, hash_of) = entry;
}

fn insert_numbered(table: &mut Table<Entry>, id: u64) {
    insert(table, Entry { hash: mix(id), id });
}

fn remove(table: &mut Table<Entry>, entry: Entry) -> Option<Entry> {
    table.remove(entry.hash, |found| *found == entry, hash_of)
}

fn remove_numbered(table: &mut Table<Entry>, id: u64) {
    assert!(remove(table, Entry { hash: mix(id), id }).is_some());
}

fn filled(ids: impl IntoIterator<Item = u64>) -> Table<Entry> {
    let mut table = Table::new();
    ids.into_iter().for_each(|id| insert_numbered(&mut table, id));
    table
}

fn all_ids(table: &Table<Entry>) -> Vec<u64> {
    table.iter().map(|entry| entry.id).collect()
}

/// The ranges of all segments in order, each with its entries sorted.
fn layout(table: &Table<Entry>) -> Vec<(HashRange, Vec<Entry>)> {
    let mut layout = Vec::new();
    let mut position = 0;
    while let Some(segment) = table.segment_at(position) {
        let mut entries = segment.entries().copied().collect::<Vec<_>>();
        entries.sort();
        layout.push((segment.range(), entries));
        position = segment.range().next_start();
        if position == 0 {
            break;
        }
    }
    layout
}

/// Everything that must hold between two changes.
fn check(table: &Table<Entry>) {
    let layout = layout(table);
    assert_eq!(layout.len(), table.segments.len(), "every segment is found once");
    let mut position = 0;
    for (range, entries) in &layout {
        assert_eq!(range.start, position, "ranges follow one another");
        assert!(entries.iter().all(|entry| range.contains(entry.hash)));
        position = range.next_start();
        let (first, last) = (range.start, range.next_start().wrapping_sub(1));
        assert_eq!(table.directory.segment_at(first), table.directory.segment_at(last));
    }
    assert_eq!(position, 0, "ranges cover all of hash space");
    for pair in layout.windows(2) {
        let is_sparse = pair[0].1.len() + pair[1].1.len() <= JOIN_UP_TO;
        assert!(!is_sparse || pair[0].0.buddy() != Some(pair[1].0), "sparse buddies are joined");
    }
    let entries: usize = layout.iter().map(|(_, entries)| entries.len()).sum();
    assert_eq!(entries, table.len());
    let capacity: usize = table.segments.iter().map(Segment::capacity).sum();
    assert_eq!(capacity, table.capacity);
    table.directory.check(layout.iter().map(|(range, _)| range.depth));
}

#[derive(Clone, Debug)]
enum Step {
    Insert(Entry),
    Remove(Entry),
    RemoveAnyAt(u64),
    Scan,
}

/// Hashes of all kinds: spread evenly, agreeing in a long prefix, agreeing in all but the tag,
/// wholly equal.
fn arbitrary_hash() -> impl Strategy<Value = u64> {
    prop_oneof![
        6 => any::<u64>(),
        3 => (0u64..256).prop_map(|low| 0xabcd_ef00_0000_0000 | low << 16),
        2 => (0u64..512).prop_map(|low| u64::MAX - low),
        1 => Just(0),
        1 => Just(1 << 63),
    ]
}

fn arbitrary_entry() -> impl Strategy<Value = Entry> {
    (arbitrary_hash(), 0u64..64).prop_map(|(hash, id)| Entry { hash, id })
}

fn arbitrary_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => arbitrary_entry().prop_map(Step::Insert),
        1 => arbitrary_entry().prop_map(Step::Remove),
        2 => any::<u64>().prop_map(Step::RemoveAnyAt),
        1 => Just(Step::Scan),
    ]
}

/// A scan that goes on while the table changes, and what it must still visit and has visited.
#[derive(Default)]
struct RunningScan {
    cursor: u64,
    visited: Vec<Entry>,
    present_throughout: Vec<Entry>,
}

impl RunningScan {
    fn step(&mut self, table: &Table<Entry>) {
        if self.cursor == 0 {
            self.present_throughout = table.iter().copied().collect();
            self.visited.clear();
        }
        let begin = self.cursor;
        let mut visited = Vec::new();
        self.cursor = table.scan(begin, hash_of, |entry| visited.push(*entry));
        let end = self.cursor.wrapping_sub(1);
        let mut expected: Vec<Entry> = table.iter().copied().collect();
        expected.retain(|entry| (begin..=end).contains(&entry.hash));
        expected.sort();
        visited.sort();
        assert_eq!(visited, expected, "a scan visits exactly what lies between two positions");
        self.visited.extend(visited);
        if self.cursor == 0 {
            for entry in &self.present_throughout {
                let times = self.visited.iter().filter(|visited| *visited == entry).count();
                assert_eq!(times, 1, "what stayed throughout is visited once: {entry:?}");
            }
        }
    }

    fn on_removed(&mut self, removed: Entry) {
        self.present_throughout.retain(|entry| *entry != removed);
    }
}

fn run_against_model(steps: Vec<Step>) {
    let mut table = Table::new();
    let mut model: BTreeMap<Entry, ()> = BTreeMap::new();
    let mut scan = RunningScan::default();
    for step in steps {
        let removed = match step {
            Step::Insert(entry) => {
                let slot = table.locate(entry.hash, |found| *found == entry);
                assert_eq!(slot.is_some(), model.contains_key(&entry));
                if slot.is_none() {
                    insert(&mut table, entry);
                    model.insert(entry, ());
                }
                None
            }
            Step::Remove(entry) => Some(entry),
            Step::RemoveAnyAt(hash) => model.range(Entry { hash, id: 0 }..).next().map(|(entry, ())| *entry),
            Step::Scan => {
                scan.step(&table);
                None
            }
        };
        if let Some(entry) = removed {
            assert_eq!(remove(&mut table, entry).is_some(), model.remove(&entry).is_some());
            scan.on_removed(entry);
        }
        check(&table);
    }
    let mut entries: Vec<Entry> = table.iter().copied().collect();
    entries.sort();
    assert!(entries.iter().eq(model.keys()));
    for entry in entries {
        assert_eq!(table.find(entry.hash, |found| *found == entry), Some(&entry));
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 64,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_table_behaves_like_an_ordered_map_and_scans_lose_nothing(
        steps in prop::collection::vec(arbitrary_step(), 1..600)
    ) {
        run_against_model(steps);
    }

    #[test]
    fn the_layout_follows_from_the_hashes_not_from_the_order_of_insertion(
        ids in prop::collection::hash_set(any::<u64>(), 1..3000)
    ) {
        let mut ids: Vec<u64> = ids.into_iter().collect();
        let first = layout(&filled(ids.iter().copied()));
        ids.sort();
        prop_assert_eq!(&first, &layout(&filled(ids.iter().copied())));
        ids.reverse();
        prop_assert_eq!(&first, &layout(&filled(ids)));
    }

    #[test]
    fn any_number_is_a_safe_cursor(cursor in any::<u64>(), entries in 0u64..2000) {
        prop_assert_eq!(decode_cursor(encode_cursor(cursor)), cursor);
        let table = filled(0..entries);
        let begin = decode_cursor(cursor);
        let next = table.scan(begin, hash_of, |entry| assert!(entry.hash >= begin));
        prop_assert!(next == 0 || next > begin);
    }
}

#[test]
fn an_empty_table_has_no_memory_and_nothing_in_it() {
    let mut table: Table<Entry> = Table::new();
    assert_eq!(table.memory_usage(), 0);
    assert_eq!(table.scan(u64::MAX, hash_of, |_| unreachable!()), 0);
    assert_eq!(table.random(|| 7), None);
    assert_eq!(remove(&mut table, Entry { hash: 1, id: 1 }), None);
    insert_numbered(&mut table, 1);
    assert!(table.memory_usage() > 0);
    remove_numbered(&mut table, 1);
    assert_eq!(table.memory_usage(), 0);
}

#[test]
fn a_scan_meets_every_lasting_entry_once_while_the_table_grows_and_shrinks() {
    let hashed_again = Cell::new(0);
    for seed in 0..6u64 {
        let mut table = filled(0..100);
        let mut others: Vec<u64> = (1_000_000..1_000_000 + seed * 4000).collect();
        others.iter().for_each(|id| insert_numbered(&mut table, *id));
        let (mut cursor, mut seen, mut calls) = (0, BTreeMap::new(), 0u64);
        let counted_hash_of = |entry: &Entry| {
            hashed_again.set(hashed_again.get() + 1);
            entry.hash
        };
        loop {
            let visit = |entry: &Entry| *seen.entry(entry.id).or_insert(0) += 1;
            cursor = table.scan(cursor, counted_hash_of, visit);
            calls += 1;
            if cursor == 0 {
                break;
            }
            for number in 0..200 {
                if !(calls / 100 + seed).is_multiple_of(2) {
                    let Some(id) = others.pop() else { break };
                    remove_numbered(&mut table, id);
                } else if others.len() < 20_000 {
                    let id = 2_000_000 + calls * 1000 + number;
                    insert_numbered(&mut table, id);
                    others.push(id);
                }
            }
        }
        check(&table);
        assert!((0..100).all(|id| seen.get(&id) == Some(&1)));
        assert!(seen.values().all(|times| *times == 1));
    }
    assert!(hashed_again.get() > 0, "some scan went on in a segment joined behind its back");
}

#[test]
fn client_cursors_of_small_tables_are_small() {
    let table = filled(0..1000);
    let mut cursor = 0;
    loop {
        cursor = encode_cursor(table.scan(decode_cursor(cursor), hash_of, |_| ()));
        assert!(cursor < 1 << table.directory.depth());
        if cursor == 0 {
            break;
        }
    }
}

#[test]
fn equal_hashes_neither_loop_nor_swell_the_directory() {
    for hash in [0, u64::MAX, 1 << 63, 0x0123_4567_89ab_cdef] {
        let mut table = Table::new();
        (0..5000).for_each(|id| insert(&mut table, Entry { hash, id }));
        check(&table);
        assert!(table.memory_usage() < 5000 * 64);
        assert_eq!(table.scan(hash, hash_of, |_| ()) > hash, hash < 0xfff0_0000_0000_0000);
        for id in (0..5000).rev().step_by(2).chain((0..5000).step_by(2)) {
            assert!(remove(&mut table, Entry { hash, id }).is_some());
        }
        assert_eq!(table.memory_usage(), 0);
    }
}

#[test]
fn hashes_that_differ_only_in_their_last_bits_are_kept_in_a_small_directory() {
    let mut table = Table::new();
    (0..20_000).for_each(|id| insert(&mut table, Entry { hash: id, id }));
    check(&table);
    assert!(table.directory.depth() <= 14 && table.directory.depth() <= DEPTH_MAX);
    assert_eq!(all_ids(&table).len(), 20_000);
    (0..20_000).for_each(|id| assert!(remove(&mut table, Entry { hash: id, id }).is_some()));
    assert_eq!(table.memory_usage(), 0);
}

#[test]
fn the_directory_halves_and_memory_returns_when_entries_go() {
    let mut table = filled(0..300_000);
    let (depth_full, memory_full) = (table.directory.depth(), table.memory_usage());
    (1000..300_000).for_each(|id| remove_numbered(&mut table, id));
    check(&table);
    assert!(table.directory.depth() + 5 <= depth_full);
    assert!(table.memory_usage() * 100 < memory_full);
    assert!((0..1000).all(|id| table.find(mix(id), |entry| entry.id == id).is_some()));
}

#[test]
fn a_large_directory_is_resized_a_piece_at_a_time() {
    let mut table = Table::new();
    let mut changes_resizing = 0;
    for id in 0..400_000 {
        insert_numbered(&mut table, id);
        if table.directory.is_resizing() {
            changes_resizing += 1;
            // The rare change in the middle of a resize is what this test is after.
            check(&table);
        }
    }
    assert!(changes_resizing > 2);
    let longest = layout(&table).iter().map(|(_, entries)| entries.len()).max();
    assert!(longest <= Some(SPLIT_ABOVE + 8), "few are put off: {longest:?}");
    let mut halvings = 0;
    for id in 0..400_000 {
        remove_numbered(&mut table, id);
        if table.directory.is_resizing() {
            halvings += 1;
            check(&table);
        }
    }
    assert!(halvings > 2);
}

#[test]
fn a_split_in_the_middle_of_a_halving_keeps_the_directory_whole() {
    // The uniform entries leave room at the top for a cluster, one short of a split down to the
    // last bit of the directory.
    let mut uniform = (0..300_000).filter(|id| mix(*id) >> 52 < 0xfff);
    let mut table = filled(uniform.clone());
    let cluster = |id| Entry { hash: u64::MAX - id, id };
    (0..SPLIT_ABOVE as u64).for_each(|id| insert(&mut table, cluster(id)));
    while !table.directory.is_resizing() {
        remove_numbered(&mut table, uniform.next().expect("the directory halves before the end"));
    }
    let depth = table.directory.depth();
    insert(&mut table, cluster(SPLIT_ABOVE as u64));
    check(&table);
    assert!(layout(&table).iter().any(|(range, _)| range.depth == depth));
    uniform.by_ref().take(100).for_each(|id| remove_numbered(&mut table, id));
    check(&table);
    uniform.for_each(|id| remove_numbered(&mut table, id));
    check(&table);
    assert_eq!(table.len(), SPLIT_ABOVE + 1);
}

#[test]
fn an_insertion_and_a_removal_at_any_limit_do_not_split_and_join_to_and_fro() {
    let shape = |table: &Table<Entry>| (table.segments.len(), table.directory.depth());
    let mut table = Table::new();
    for id in 0..5000 {
        insert_numbered(&mut table, id);
        let before = shape(&table);
        remove_numbered(&mut table, id);
        assert!(shape(&table) == before || table.is_empty());
        insert_numbered(&mut table, id);
        assert_eq!(shape(&table), before);
    }
    for id in 0..4999 {
        remove_numbered(&mut table, id);
        let before = shape(&table);
        insert_numbered(&mut table, id);
        assert_eq!(shape(&table), before);
        remove_numbered(&mut table, id);
        assert_eq!(shape(&table), before);
    }
}

#[test]
fn the_same_changes_give_the_same_walk_and_the_same_draws() {
    let build = || {
        let mut table = filled(0..20_000);
        (0..15_000).for_each(|id| remove_numbered(&mut table, id * 7 % 20_000));
        table
    };
    let (one, other) = (build(), build());
    assert_eq!(all_ids(&one), all_ids(&other));
    assert_eq!(all_ids(&one), all_ids(&one.clone()));
    for word in 0..100 {
        assert_eq!(one.random(|| mix(word)), other.random(|| mix(word)));
    }
}

#[test]
fn a_walk_is_in_the_order_of_the_ranges() {
    let table = filled(0..3000);
    let depth = table.directory.depth();
    let ranges = layout(&table);
    let order: Vec<usize> = table
        .iter()
        .map(|entry| ranges.iter().position(|(range, _)| range.contains(entry.hash)))
        .map(|index| index.expect("ranges cover all of hash space"))
        .collect();
    assert!(order.is_sorted() && depth > 0);
    assert_eq!(order.len(), 3000);
}

#[test]
fn random_draws_are_even_and_bounded() {
    let table = filled(0..500);
    let (mut word, mut words) = (0, 0u64);
    let mut times = [0u32; 500];
    for _ in 0..500_000 {
        let entry = table.random(|| {
            words += 1;
            word += 1;
            mix(word)
        });
        times[entry.expect("the table is not empty").id as usize] += 1;
    }
    // Each is expected 1000 times; six standard deviations to either side.
    assert!(times.iter().all(|times| (800..1200).contains(times)));
    assert!(words < 500_000 * 6);
    assert!(table.random(|| u64::MAX).is_some(), "a source that always misses finds an end");
}

#[test]
fn a_slot_out_of_date_is_harmless() {
    let mut table = filled(0..100);
    let slot = table.locate(mix(5), |entry| entry.id == 5).expect("5 was inserted");
    assert_eq!(table.get(slot).map(|entry| entry.id), Some(5));
    assert_eq!(table.remove_at(slot, hash_of).map(|entry| entry.id), Some(5));
    (0..100).filter(|id| *id != 5).for_each(|id| remove_numbered(&mut table, id));
    assert_eq!(table.get(slot), None);
    assert_eq!(table.get_mut(slot), None);
    assert_eq!(table.remove_at(slot, hash_of), None);
}

#[test]
fn a_table_is_given_up_in_bounded_pieces() {
    let mut remains = filled(0..10_000).dismantle();
    let mut left = remains.len();
    assert_eq!(left, 10_000);
    while !remains.is_empty() {
        let dropped = remains.drop_some(100);
        assert!(dropped <= 100 + SPLIT_ABOVE && (dropped >= 100 || remains.is_empty()));
        left -= dropped;
        assert_eq!(left, remains.len());
    }
    assert!(remains.drop_some(1) == 0 && left == 0);
}
