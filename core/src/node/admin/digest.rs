//! The digest of DEBUG DIGEST: what two data sets have in common if they are equal, whatever the order of their tables.
//!
//! Bit for bit that of Redis 7.0, so that a node and a real Redis can be compared: SHA-1 of parts whose order counts is
//! chained ([`mix`](digest::Digest::mix)), of parts whose order does not is combined by exclusive or ([`add`](digest::Digest::add)).

use core::fmt;

use sha1_smol::Sha1;

use crate::keyspace::{Entry, Keyspace, NO_EXPIRY};
use crate::value::digest::{self, Digest as _};

/// 160 bits; all zero for an empty data set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Digest([u8; 20]);

impl Digest {
    /// Of all databases.
    pub(super) fn of_keyspace(keyspace: &Keyspace) -> Digest {
        let mut total = Digest::default();
        for database in (0..keyspace.database_count()).filter(|&database| keyspace.len(database) > 0) {
            total.mix(&database.to_be_bytes());
            for entry in keyspace.iter(database) {
                let mut digest = Digest::default();
                digest.mix(&entry.key);
                digest.mix_value(entry);
                total.add(&digest);
            }
        }
        total
    }

    /// Of a value with its type and expiry, without its key.
    pub(super) fn of_value(entry: &Entry) -> Digest {
        let mut digest = Digest::default();
        digest.mix_value(entry);
        digest
    }

    fn mix_value(&mut self, entry: &Entry) {
        digest::mix_value(self, &entry.value);
        if entry.expires_ms != NO_EXPIRY {
            self.add_part(b"!!expire!!");
        }
    }
}

impl digest::Digest for Digest {
    fn mix(&mut self, part: &[u8]) {
        self.add_part(part);
        self.0 = Sha1::from(self.0).digest().bytes();
    }

    fn add_part(&mut self, part: &[u8]) {
        let hash = Sha1::from(part).digest().bytes();
        self.0.iter_mut().zip(hash).for_each(|(own, other)| *own ^= other);
    }

    fn add(&mut self, part: &Digest) {
        self.add_part(&part.0);
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
