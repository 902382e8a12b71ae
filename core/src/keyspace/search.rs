//! How keys are found otherwise than by their name: one after another, at random, or because their time has come.

use crate::codec::random::Random;
use crate::table::{decode_cursor, encode_cursor};

use super::database::{Database, Entry};
use super::{Edited, Keyspace, Place};

impl Keyspace {
    /// Visits the keys of one step of a SCAN; returns the client's next cursor, 0 at the end.
    pub fn scan(&self, database: u32, cursor: u64, visit: impl FnMut(&Entry)) -> u64 {
        let order = self.key;
        let entries = &self.database(database).entries;
        encode_cursor(entries.scan(decode_cursor(cursor), |entry| order.hash(&entry.key), visit))
    }

    /// All entries of a database, in hash order.
    pub fn iter(&self, database: u32) -> impl Iterator<Item = &Entry> {
        self.database(database).entries.iter()
    }

    /// An entry drawn at random.
    pub fn random_entry(&self, database: u32, random: &mut Random) -> Option<&Entry> {
        self.database(database).entries.random(|| random.next_u64())
    }

    /// A place drawn at random.
    #[must_use]
    pub fn random_place(&self, database: u32, random: &mut Random) -> Option<Place> {
        let key = &self.random_entry(database, random)?.key;
        self.locate(database, key)
    }

    /// A place of a key with an expiry, drawn at random: by a time between the first and the last expiry, so that keys far from others
    /// in time are drawn more often.
    #[must_use]
    pub fn random_volatile_place(&self, database: u32, random: &mut Random) -> Option<Place> {
        let (hash, slot) = self.database(database).random_volatile(self.key, random)?;
        Some(Place { database, hash, slot })
    }

    /// When the first key expires: absolute milliseconds.
    #[must_use]
    pub fn next_expiry_ms(&self) -> Option<i64> {
        self.databases.iter().filter_map(Database::first_expiry_ms).min()
    }

    /// A key that has expired by `now_ms`, with its database: the one that expired first.
    #[must_use]
    pub fn find_expired(&self, now_ms: i64) -> Option<Place> {
        let index = self.find_first_due(now_ms, Database::first_expiry_ms)?;
        let (hash, slot) = self.database(index).find_first_expiring(self.key)?;
        Some(Place { database: index, hash, slot })
    }

    /// When the first field of a hash expires: absolute milliseconds.
    #[must_use]
    pub fn next_field_expiry_ms(&mut self) -> Option<i64> {
        self.count_edited();
        self.databases.iter().filter_map(Database::first_field_expiry_ms).min()
    }

    /// A hash a field of which has expired by `now_ms`: the one whose field expired first.
    #[must_use]
    pub fn find_with_expired_field(&mut self, now_ms: i64) -> Option<Place> {
        self.count_edited();
        let index = self.find_first_due(now_ms, Database::first_field_expiry_ms)?;
        let (hash, slot) = self.database(index).find_first_field_expiring(self.key)?;
        Some(Place { database: index, hash, slot })
    }

    /// The database in which something was due first, by `now_ms`; what is due tells `first_ms`.
    pub(super) fn find_first_due(&self, now_ms: i64, first_ms: impl Fn(&Database) -> Option<i64>) -> Option<u32> {
        let databases = (0..).zip(self.databases.iter());
        let due = databases.filter_map(|(index, database)| Some((index, first_ms(database)?)));
        due.filter(|(_, due_ms)| *due_ms < now_ms).min_by_key(|(_, due_ms)| *due_ms).map(|(index, _)| index)
    }

    /// Hashes of a database of which fields expire.
    #[must_use]
    pub fn with_field_expiries(&self, database: u32) -> usize {
        let counted = self.database(database).with_field_expiries();
        match self.edited {
            Some(Edited { place, first_field_expiry_ms, .. }) if place.database == database => {
                let after = self.entry(place).value.first_field_expiry_ms().is_some();
                counted + usize::from(after) - usize::from(first_field_expiry_ms.is_some())
            }
            _ => counted,
        }
    }

    /// True if fields of any hash expire.
    #[must_use]
    pub fn has_field_expiries(&self) -> bool {
        (0..self.database_count()).any(|database| self.with_field_expiries(database) > 0)
    }
}
