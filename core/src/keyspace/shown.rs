//! What is shown of a keyspace?
//!
//! Equal data show the same, whatever way they came: a digest of all databases, without the layout of tables and without what waits to be freed.

use core::fmt;

use crate::codec::content_hash::{SPREAD, content_hash, fold};
use crate::value::digest::{Digest, mix_value};

use super::{Entry, Keyspace};

/// The digest of a value in the making.
#[derive(Default)]
struct Content(u64);

impl Content {
    fn value(&self) -> u64 {
        self.0
    }
}

impl Digest for Content {
    fn mix(&mut self, part: &[u8]) {
        self.0 = fold(self.0 ^ content_hash(part), SPREAD[0]);
    }

    fn add_part(&mut self, part: &[u8]) {
        self.0 = self.0.wrapping_add(content_hash(part));
    }

    fn add(&mut self, part: &Content) {
        self.0 = self.0.wrapping_add(fold(part.0 ^ SPREAD[1], SPREAD[2]));
    }
}

/// The digest of one key: its database, name, type, contents and expiry.
pub(crate) fn digest_entry(database: u32, entry: &Entry) -> u64 {
    let mut content = Content::default();
    mix_value(&mut content, &entry.value);
    let parts = [u64::from(database), content_hash(&entry.key), content.value(), entry.expires_ms as u64];
    content_hash(parts.map(u64::to_le_bytes).as_flattened())
}

impl fmt::Debug for Keyspace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let databases = 0..self.database_count();
        let entries =
            databases.flat_map(|database| self.iter(database).map(move |entry| digest_entry(database, entry)));
        write!(f, "Keyspace({} keys, {:#018x})", self.total_len(), entries.fold(0, u64::wrapping_add))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_mixed_parts_counts_and_that_of_added_ones_does_not() {
        let digest = |mixed: &[&[u8]], added: &[&[u8]]| {
            let mut content = Content::default();
            mixed.iter().for_each(|part| content.mix(part));
            added.iter().for_each(|part| content.add_part(part));
            content.value()
        };
        assert_ne!(digest(&[b"a", b"b"], &[]), digest(&[b"b", b"a"], &[]));
        assert_eq!(digest(&[], &[b"a", b"b"]), digest(&[], &[b"b", b"a"]));
        assert_ne!(digest(&[b"ab", b""], &[]), digest(&[b"a", b"b"], &[]));
    }
}
