//! Which keys does a replica expire by itself? Those whose expiry a client of its own has set, since no master knows of it.

use super::database::{Database, ExpiredBy};
use super::doomed::Doomed;
use super::{Keyspace, Place};

impl Keyspace {
    /// From now on, whose expiry is set is removed by this one.
    #[inline]
    pub fn set_expired_by(&mut self, expired_by: ExpiredBy) {
        self.expired_by = expired_by;
    }

    /// How many keys this node removes though it is a replica.
    #[must_use]
    pub fn own_expiries(&self) -> usize {
        self.databases.iter().map(Database::own_expiries).sum()
    }

    /// The node is a master now: all expiries are its own, and none needs to be told from the others.
    pub fn forget_own_expiries(&mut self) {
        let own = self.databases.iter_mut().map(Database::take_own_expiries);
        self.doomed.extend(own.filter(|index| !index.is_empty()).map(Doomed::Expiries));
    }

    /// When the first of the keys expires that this node removes though it is a replica: absolute milliseconds.
    #[must_use]
    pub fn next_own_expiry_ms(&self) -> Option<i64> {
        self.databases.iter().filter_map(Database::first_own_expiry_ms).min()
    }

    /// The same of [`Keyspace::find_expired`], of those keys alone.
    #[must_use]
    pub fn find_own_expired(&self, now_ms: i64) -> Option<Place> {
        let index = self.find_first_due(now_ms, Database::first_own_expiry_ms)?;
        let (hash, slot) = self.database(index).find_first_own_expiring(self.key)?;
        Some(Place { database: index, hash, slot })
    }
}
