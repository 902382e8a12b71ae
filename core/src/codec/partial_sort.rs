//! How does Redis sort when only the first few are asked for?
//!
//! By the quicksort of Bentley and McIlroy ("Engineering a sort function", 1993), which leaves out the parts that nobody will see. It is
//! not stable, so the order of equals follows from each of its steps; therefore they are all here.

use alloc::vec::Vec;
use core::cmp::Ordering;

/// Shorter parts are sorted by insertion.
const INSERTION_LEN: usize = 7;
/// Longer parts take the middle of three middles as their pivot.
const NINTHER_LEN: usize = 40;

/// Brings the first `wanted` of the sorted order to the front, in that order.
pub fn sort_first<T>(items: &mut [T], wanted: usize, mut compare: impl FnMut(&T, &T) -> Ordering) {
    let mut parts = Vec::new();
    parts.push(0..items.len());
    while let Some(part) = parts.pop() {
        if part.start >= wanted {
            continue;
        }
        let start = part.start;
        let part = &mut items[part];
        if part.len() < INSERTION_LEN {
            sort_by_insertion(part, &mut compare);
            continue;
        }
        let len = part.len();
        let (smaller, greater) = partition(part, &mut compare);
        for (from, to) in [(0, smaller), (len - greater, len)] {
            if to - from > 1 {
                parts.push(start + from..start + to);
            }
        }
    }
}

fn sort_by_insertion<T>(items: &mut [T], compare: &mut impl FnMut(&T, &T) -> Ordering) {
    for next in 1..items.len() {
        let mut at = next;
        while at > 0 && compare(&items[at - 1], &items[at]) == Ordering::Greater {
            items.swap(at - 1, at);
            at -= 1;
        }
    }
}

/// Parts by a pivot: how many are smaller, and stand in front, and how many are greater, and stand at the end.
fn partition<T>(items: &mut [T], compare: &mut impl FnMut(&T, &T) -> Ordering) -> (usize, usize) {
    let len = items.len();
    let pivot = pivot(items, compare);
    items.swap(0, pivot);
    // Equals are gathered at both ends, in `..equal_left` and `equal_right..`; between them, smaller ones are left of `left`, and
    // greater ones right of `right`. Ends on the right are one further than in the paper, so that none is negative.
    let (mut equal_left, mut left) = (1, 1);
    let (mut right, mut equal_right) = (len, len);
    loop {
        while left < right {
            match compare(&items[left], &items[0]) {
                Ordering::Greater => break,
                Ordering::Equal => {
                    items.swap(equal_left, left);
                    equal_left += 1;
                }
                Ordering::Less => {}
            }
            left += 1;
        }
        while left < right {
            match compare(&items[right - 1], &items[0]) {
                Ordering::Less => break,
                Ordering::Equal => {
                    items.swap(right - 1, equal_right - 1);
                    equal_right -= 1;
                }
                Ordering::Greater => {}
            }
            right -= 1;
        }
        if left >= right {
            break;
        }
        items.swap(left, right - 1);
        left += 1;
        right -= 1;
    }
    let (smaller, greater) = (left - equal_left, equal_right - right);
    swap_spans(items, 0, left, equal_left.min(smaller));
    swap_spans(items, left, len, greater.min(len - equal_right));
    (smaller, greater)
}

/// Exchanges the `count` items from `start` on with those in front of `end`.
fn swap_spans<T>(items: &mut [T], start: usize, end: usize, count: usize) {
    for index in 0..count {
        items.swap(start + index, end - count + index);
    }
}

fn pivot<T>(items: &[T], compare: &mut impl FnMut(&T, &T) -> Ordering) -> usize {
    let (mut low, mut middle, mut high) = (0, items.len() / 2, items.len() - 1);
    if items.len() == INSERTION_LEN {
        return middle;
    }
    let mut median = |a: usize, b: usize, c: usize| {
        let is_less = compare(&items[a], &items[b]) == Ordering::Less;
        let beyond = if is_less { Ordering::Less } else { Ordering::Greater };
        if compare(&items[b], &items[c]) == beyond {
            b
        } else if (compare(&items[a], &items[c]) == Ordering::Less) == is_less {
            c
        } else {
            a
        }
    };
    if items.len() > NINTHER_LEN {
        let step = items.len() / 8;
        low = median(low, low + step, low + 2 * step);
        middle = median(middle - step, middle, middle + step);
        high = median(high - 2 * step, high - step, high);
    }
    median(low, middle, high)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_first_are_those_of_a_full_sort(
            keys in proptest::collection::vec(0_u8..30, 0..200),
            wanted in 0_usize..220,
        ) {
            let mut items: Vec<(u8, usize)> = keys.iter().copied().zip(0..).collect();
            sort_first(&mut items, wanted, |left, right| left.0.cmp(&right.0));
            let mut sorted = keys;
            sorted.sort_unstable();
            let front = wanted.min(sorted.len());
            let found: Vec<u8> = items.iter().take(front).map(|(key, _)| *key).collect();
            prop_assert_eq!(&found, &sorted[..front]);
            let mut numbers: Vec<usize> = items.iter().map(|(_, number)| *number).collect();
            numbers.sort_unstable();
            prop_assert!(numbers.into_iter().eq(0..sorted.len()), "none is lost");
        }
    }
}
