//! What is shown of a keyspace?
//!
//! Equal data show the same, whatever way they came: a digest of all databases, without the layout of tables and without what waits to be freed.

use core::fmt;
use core::hash::Hasher as _;

use siphasher::sip::SipHasher13;

use super::Keyspace;
use crate::value::digest::{Digest, mix_value};

/// A sum of hashes.
#[derive(Default)]
struct Sum(u64);

fn hash(seed: u64, part: &[u8]) -> u64 {
    let mut hasher = SipHasher13::new_with_keys(seed, part.len() as u64);
    hasher.write(part);
    hasher.finish()
}

impl Digest for Sum {
    fn mix(&mut self, part: &[u8]) {
        self.0 = hash(self.0, part);
    }

    fn add(&mut self, part: &Sum) {
        self.0 = self.0.wrapping_add(part.0);
    }

    fn add_part(&mut self, part: &[u8]) {
        self.0 = self.0.wrapping_add(hash(0, part));
    }
}

impl fmt::Debug for Keyspace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut all = Sum::default();
        for database in 0..self.database_count() {
            for entry in self.iter(database) {
                let mut one = Sum::default();
                one.mix(&database.to_be_bytes());
                one.mix(&entry.key);
                one.mix(&entry.expires_ms.to_be_bytes());
                mix_value(&mut one, &entry.value);
                all.add(&one);
            }
        }
        write!(f, "Keyspace({} keys, {:#018x})", self.total_len(), all.0)
    }
}
