//! How many nodes would the radix tree have in which Redis keeps these ids?
//!
//! XINFO tells it. The tree is over keys of 16 bytes: a leaf for each, a branch wherever keys part, and one node for each run of bytes that
//! lies between them.

use alloc::vec::Vec;

use super::StreamId;

const KEY_BYTES: usize = 16;

/// The number of nodes for ids in ascending order. O(n).
#[must_use]
pub(super) fn node_count<'a>(ids: impl Iterator<Item = &'a StreamId>) -> usize {
    let keys: Vec<[u8; KEY_BYTES]> = ids.map(|id| id.to_bytes()).collect();
    // The root is there even if nothing else is.
    if keys.is_empty() { 1 } else { count_below(&keys, 0) }
}

/// Nodes of the part of the tree that holds these keys, which have `depth` bytes in common. Goes no deeper than a key is long.
fn count_below(keys: &[[u8; KEY_BYTES]], depth: usize) -> usize {
    let [first, .., last] = keys else { return usize::from(depth < KEY_BYTES) + keys.len() };
    let parts_at = first.iter().zip(last).take_while(|(first, last)| first == last).count();
    if parts_at == KEY_BYTES {
        return usize::from(depth < KEY_BYTES) + 1;
    }
    let children = keys.chunk_by(|one, other| one[parts_at] == other[parts_at]);
    usize::from(depth < parts_at) + 1 + children.map(|child| count_below(child, parts_at + 1)).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nodes(ids: &[(u64, u64)]) -> usize {
        let ids: Vec<StreamId> = ids.iter().map(|(ms, seq)| StreamId::new(*ms, *seq)).collect();
        node_count(ids.iter())
    }

    /// Told by XINFO of redis-server 7.0.15 with `stream-node-max-entries 1`.
    #[test]
    fn trees_have_as_many_nodes_as_those_of_redis() {
        let cases: &[(&[(u64, u64)], usize)] = &[
            (&[], 1),
            (&[(1, 1)], 2),
            (&[(1, 1), (1, 2), (1, 3)], 5),
            (&[(1, 1), (2, 1), (3, 1)], 8),
            (&[(1, 1), (256, 1), (65536, 7), (65536, 8)], 11),
            (&[(1, 1), (1, 256), (1, 257), (300, 1)], 11),
        ];
        for (ids, expected) in cases {
            assert_eq!(nodes(ids), *expected, "{ids:?}");
        }
    }
}
