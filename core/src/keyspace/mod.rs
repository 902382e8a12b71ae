//! The keyspace: numbered databases of keys, their expiry, and the hooks that every change passes.
//!
//! Each change goes through [`Keyspace::edit`], [`Keyspace::insert`] or [`Keyspace::remove`], and there meets, in one place, whoever must
//! know of it: running snapshots, which first take the old value, and observers (WATCH, the audit), which learn the key.

mod database;
mod databases;
mod doomed;
mod libraries;
mod own_expiry;
mod search;
mod shown;
mod snapshot;
#[cfg(test)]
mod tests;
pub mod usage;

use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::codec::siphash::HashKey;
use crate::table::Slot;
use crate::value::{Blob, Value};

pub use database::{Entry, ExpiredBy, NO_EXPIRY};
pub use libraries::{Libraries, LibraryError, library_name};
pub(crate) use shown::digest_entry;
pub use snapshot::{SnapshotForm, SnapshotId, SnapshotRules, UsageNote};

use database::Database;
use databases::Databases;
use doomed::Doomed;
use snapshot::Snapshot;

/// Dropping a value with more parts than this is left to background work, as in Redis's lazy freeing.
const FREE_AT_ONCE_MAX: usize = 64;

/// For so many changes memory is kept from one unit to the next.
const TOUCHES_KEPT_MAX: usize = 64;

/// Where a key is, until the next insertion or removal.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    database: u32,
    hash: u64,
    slot: Slot,
}

/// What an observer is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Touch {
    /// This key of this database changed, came or went.
    Key(u32, Blob),
    /// The whole database was emptied.
    Emptied(u32),
    /// The whole database was replaced by another.
    Replaced(u32),
    /// Two databases changed places.
    Swapped(u32, u32),
}

/// All databases of a node.
#[derive(Clone)]
pub struct Keyspace {
    /// Libraries of functions, which belong to no database.
    pub libraries: Libraries,
    key: HashKey,
    databases: Databases,
    /// Counts snapshots; an entry's stamp tells in which epoch it was last written.
    epoch: u32,
    snapshots: Vec<Snapshot>,
    doomed: Vec<Doomed>,
    /// What was freed a little at a time: keys of databases, and single values.
    freed_objects: u64,
    is_observed: bool,
    touches: Vec<Touch>,
    /// Who removes the keys whose expiry is set now.
    expired_by: ExpiredBy,
    /// The entry that was last handed out to be changed.
    edited: Option<Edited>,
}

/// What was counted of an entry before it was handed out to be changed.
#[derive(Clone, Copy)]
struct Edited {
    place: Place,
    content_bytes: usize,
    first_field_expiry_ms: Option<i64>,
}

impl Keyspace {
    /// Empty databases, `databases` of them, in an order keyed by `key`.
    #[must_use]
    pub fn new(databases: u32, key: HashKey) -> Keyspace {
        Keyspace {
            libraries: Libraries::default(),
            key,
            databases: Databases::new(databases),
            epoch: 0,
            snapshots: Vec::new(),
            doomed: Vec::new(),
            freed_objects: 0,
            is_observed: false,
            touches: Vec::new(),
            expired_by: ExpiredBy::Master,
            edited: None,
        }
    }

    /// Empty databases of the same number and order.
    #[must_use]
    pub fn empty_twin(&self) -> Keyspace {
        Keyspace::new(self.database_count(), self.key)
    }

    /// The key of the order of tables.
    #[inline]
    #[must_use]
    pub fn order(&self) -> HashKey {
        self.key
    }

    /// How many databases there are.
    #[must_use]
    pub fn database_count(&self) -> u32 {
        self.databases.count()
    }

    /// Keys in a database, logically expired ones included.
    #[must_use]
    pub fn len(&self, database: u32) -> usize {
        self.database(database).entries.len()
    }

    /// For how many keys a database has room in its table.
    #[must_use]
    pub fn capacity(&self, database: u32) -> usize {
        self.database(database).entries.capacity()
    }

    /// Keys in all databases.
    #[must_use]
    pub fn total_len(&self) -> usize {
        self.databases.iter().map(|database| database.entries.len()).sum()
    }

    /// Keys in all databases that have no expiry.
    #[must_use]
    pub fn lasting_len(&self) -> usize {
        self.databases.iter().map(|database| database.entries.len() - database.volatile().0).sum()
    }

    /// Behind when nothing is left that has not expired; none if something lasts, or if there is nothing.
    #[must_use]
    pub fn spent_from_ms(&self) -> Option<i64> {
        if self.lasting_len() > 0 || !self.libraries.is_empty() {
            return None;
        }
        self.databases.iter().filter_map(Database::last_expiry_ms).max()
    }

    /// Keys with an expiry, and the mean of their expiry times in milliseconds since the epoch.
    #[must_use]
    pub fn volatile(&self, database: u32) -> (usize, i64) {
        self.database(database).volatile()
    }

    /// Finds a key. Expiry is not looked at.
    #[inline]
    #[must_use]
    pub fn locate(&self, database: u32, key: &[u8]) -> Option<Place> {
        let hash = self.key.hash(key);
        let slot = self.database(database).entries.locate(hash, |entry| entry.key.as_slice() == key)?;
        Some(Place { database, hash, slot })
    }

    /// The entry at a place that was found since the last insertion or removal.
    #[inline]
    #[must_use]
    pub fn entry(&self, place: Place) -> &Entry {
        self.database(place.database).entries.get(place.slot).expect("the place is not older than the last change")
    }

    /// Notes an entry's use, in the bits of [`usage`].
    #[inline]
    pub fn mark_used(&mut self, place: Place, usage: u32) {
        let database = self.databases.get_mut(place.database);
        if let Some(entry) = database.entries.get_mut(place.slot) {
            entry.usage = usage;
        }
    }

    /// The entry's value, about to be changed.
    #[inline]
    pub fn edit(&mut self, place: Place) -> &mut Value {
        self.before_change(place);
        self.recode(place)
    }

    /// The entry's value, about to get another encoding: what it says must stay the same, for nobody is told.
    #[inline]
    pub fn recode(&mut self, place: Place) -> &mut Value {
        self.count_edited();
        let database = self.databases.get_mut(place.database);
        let entry = database.entries.get_mut(place.slot).expect("the place is not older than the last change");
        let (content_bytes, first_field_expiry_ms) = (entry.content_bytes(), entry.value.first_field_expiry_ms());
        self.edited = Some(Edited { place, content_bytes, first_field_expiry_ms });
        &mut entry.value
    }

    /// Counts the memory of what was handed out to be changed, and notes when its first field expires. Places stay what they are until then:
    /// everything that moves entries begins with this.
    #[inline]
    fn count_edited(&mut self) {
        if let Some(Edited { place, content_bytes, first_field_expiry_ms }) = self.edited.take() {
            let entry = self.entry(place);
            let (bytes_after, expiry_after_ms) = (entry.content_bytes(), entry.value.first_field_expiry_ms());
            let database = self.databases.get_mut(place.database);
            database.content_bytes = database.content_bytes + bytes_after - content_bytes;
            database.set_field_expiry(place.hash, first_field_expiry_ms, expiry_after_ms);
        }
    }

    /// Memory of all data, in bytes.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        let edited =
            self.edited.map_or(0, |edited| self.entry(edited.place).content_bytes().wrapping_sub(edited.content_bytes));
        let counted: usize = self.databases.iter().map(Database::memory_bytes).sum();
        counted.wrapping_add(edited) + self.libraries.memory_bytes()
    }

    /// Memory of a database, in bytes.
    #[inline]
    #[must_use]
    pub fn database_bytes(&self, database: u32) -> usize {
        let edited = match self.edited {
            Some(edited) if edited.place.database == database => {
                self.entry(edited.place).content_bytes().wrapping_sub(edited.content_bytes)
            }
            _ => 0,
        };
        self.database(database).memory_bytes().wrapping_add(edited)
    }

    /// Memory of a database's tables beside its data, in bytes: of entries, and of expiries.
    #[must_use]
    pub fn overhead_bytes(&self, database: u32) -> (usize, usize) {
        self.database(database).overhead_bytes()
    }

    /// Sets a key to a value, whether it exists or not. `expires_ms` is absolute, or [`NO_EXPIRY`].
    pub fn put(&mut self, database: u32, key: &[u8], value: Value, expires_ms: i64, usage: u32) {
        match self.locate(database, key) {
            Some(place) => self.replace(place, value, expires_ms, usage),
            None => self.insert(database, key, value, expires_ms, usage),
        }
    }

    /// Replaces a string by one that takes exactly as much memory, in place, and its expiry. False, and nothing is
    /// done, if it takes more or less.
    ///
    /// Most values are overwritten by others of their own length. Doing that in place spares an allocation, and the miss
    /// in the cache that freeing the old value costs.
    #[inline]
    pub fn overwrite(&mut self, place: Place, bytes: &[u8], expires_ms: i64, usage: u32) -> bool {
        let Value::String(string) = &self.entry(place).value else { return false };
        if !string.fits_exactly(bytes) {
            return false;
        }
        if let Value::String(string) = self.edit(place) {
            string.overwrite(bytes);
        }
        self.mark_used(place, usage);
        self.note_expiry(place, expires_ms);
        true
    }

    /// Replaces a value and its expiry.
    pub fn replace(&mut self, place: Place, value: Value, expires_ms: i64, usage: u32) {
        let old = core::mem::replace(self.edit(place), value);
        self.discard(old);
        self.mark_used(place, usage);
        self.note_expiry(place, expires_ms);
    }

    /// Adds a key that does not exist.
    pub fn insert(&mut self, database: u32, key: &[u8], value: Value, expires_ms: i64, usage: u32) {
        if self.is_observed {
            self.touches.push(Touch::Key(database, Blob::new(key)));
        }
        self.count_edited();
        let (order, stamp) = (self.key, self.epoch);
        let hash = order.hash(key);
        let entry = Entry { key: Blob::new(key), value, expires_ms: NO_EXPIRY, stamp, usage };
        let target = self.databases.get_mut(database);
        target.content_bytes += entry.content_bytes();
        target.set_field_expiry(hash, None, entry.value.first_field_expiry_ms());
        target.entries.insert_new(hash, entry, |entry| order.hash(&entry.key));
        if expires_ms != NO_EXPIRY {
            let slot = target.entries.locate(hash, |entry| entry.key.as_slice() == key);
            target.set_expiry(hash, slot.expect("it was just inserted"), expires_ms, self.expired_by);
        }
    }

    /// Changes a key's expiry: absolute milliseconds, or [`NO_EXPIRY`].
    pub fn set_expiry(&mut self, place: Place, expires_ms: i64) {
        self.before_change(place);
        self.note_expiry(place, expires_ms);
    }

    fn note_expiry(&mut self, place: Place, expires_ms: i64) {
        self.databases.get_mut(place.database).set_expiry(place.hash, place.slot, expires_ms, self.expired_by);
    }

    /// Moves the value at a place to another name, or database, and its expiry, which stays this node's own if it was. A key of that name is replaced.
    pub fn rename(&mut self, place: Place, database: u32, key: &[u8], usage: u32) {
        let is_own = self.database(place.database).is_expiry_own(place.hash, self.entry(place).expires_ms);
        let (value, expires_ms) = self.take(place);
        let expired_by = self.expired_by;
        if is_own {
            self.expired_by = ExpiredBy::Replica;
        }
        self.put(database, key, value, expires_ms, usage);
        self.expired_by = expired_by;
    }

    /// Removes a key and returns its value and expiry.
    pub fn take(&mut self, place: Place) -> (Value, i64) {
        self.before_change(place);
        self.count_edited();
        let order = self.key;
        let database = self.databases.get_mut(place.database);
        let expires_ms = database.entries.get(place.slot).map_or(NO_EXPIRY, |entry| entry.expires_ms);
        database.set_expiry(place.hash, place.slot, NO_EXPIRY, ExpiredBy::Master);
        let removed = database.entries.remove_at(place.slot, |entry| order.hash(&entry.key));
        let removed = removed.expect("the place is not older than the last change");
        database.content_bytes -= removed.content_bytes();
        database.set_field_expiry(place.hash, removed.value.first_field_expiry_ms(), None);
        (removed.value, expires_ms)
    }

    /// Removes a key.
    pub fn remove(&mut self, place: Place) {
        let (value, _) = self.take(place);
        self.discard(value);
    }

    /// Empties a database; its keys are freed in the background.
    pub fn flush(&mut self, database: u32) {
        self.swap_in(database, Database::default());
    }

    /// Lets two databases change places, whatever is in them. Nothing is done for one that is not there.
    pub fn swap(&mut self, one: u32, other: u32) {
        let count = self.database_count();
        if one == other || one >= count || other >= count {
            return;
        }
        self.count_edited();
        if self.is_observed {
            self.touches.push(Touch::Swapped(one, other));
        }
        self.databases.swap(one, other);
        for snapshot in &mut self.snapshots {
            snapshot.swap(one, other);
        }
    }

    /// Replaces everything by the contents of `other`, which has as many databases in the same order.
    pub fn adopt(&mut self, mut other: Keyspace) {
        other.count_edited();
        // Stamps that the other's snapshots left must not look newer than the next snapshot of this one.
        self.epoch = self.epoch.max(other.epoch);
        self.doomed.extend(other.doomed);
        self.libraries = core::mem::take(&mut other.libraries);
        for index in 0..self.database_count() {
            self.swap_in(index, other.databases.take(index));
        }
    }

    fn swap_in(&mut self, index: u32, database: Database) {
        self.count_edited();
        if self.is_observed {
            self.touches.push(if database.entries.is_empty() { Touch::Emptied(index) } else { Touch::Replaced(index) });
        }
        let old = self.databases.replace(index, database);
        if old.entries.is_empty() && self.snapshots.is_empty() {
            return;
        }
        let (mut old, indexes) = old.into_parts();
        if self.snapshots.iter().any(|snapshot| snapshot.still_needs(index)) {
            let shared = Arc::new(core::mem::take(&mut old));
            for snapshot in &mut self.snapshots {
                snapshot.detach(index, &shared);
            }
        }
        if !old.is_empty() {
            self.doomed.push(Doomed::entries(old));
        }
        self.doomed.extend(indexes.into_iter().filter(|index| !index.is_empty()).map(Doomed::Expiries));
    }

    /// The database a place lies in.
    #[must_use]
    pub fn database_of(&self, place: Place) -> u32 {
        place.database
    }

    /// Starts or stops telling of changes by [`Keyspace::take_touches`].
    pub fn observe(&mut self, is_observed: bool) {
        self.is_observed = is_observed;
        if !is_observed {
            self.touches.clear();
        }
    }

    /// True if changes are recorded that nobody has taken yet.
    #[inline]
    #[must_use]
    pub fn has_touches(&self) -> bool {
        !self.touches.is_empty()
    }

    /// The changes since the last call, in order.
    pub fn take_touches(&mut self) -> Vec<Touch> {
        core::mem::take(&mut self.touches)
    }

    /// Takes back the memory of the changes that [`Keyspace::take_touches`] gave, for the next ones: most commands touch a key or two.
    pub fn reuse_touches(&mut self, mut touches: Vec<Touch>) {
        if self.touches.is_empty() && touches.capacity() <= TOUCHES_KEPT_MAX {
            touches.clear();
            self.touches = touches;
        }
    }

    /// Drops a value, a large one in the background.
    pub fn discard(&mut self, value: Value) {
        if value.free_effort() > FREE_AT_ONCE_MAX {
            self.doomed.extend(Doomed::value(value));
        }
    }

    /// Keys and values that wait to be freed, and those that were.
    #[must_use]
    pub fn freeing(&self) -> (usize, u64) {
        (self.doomed.iter().map(Doomed::objects).sum(), self.freed_objects)
    }

    /// Counts what is freed from zero again.
    pub fn forget_freed(&mut self) {
        self.freed_objects = 0;
    }

    /// Of the keys that expire, how many percent have expired by `now_ms` and are still there. Of many, as if there were no more than could be
    /// counted at once.
    #[must_use]
    pub fn stale_percent(&self, now_ms: i64) -> f64 {
        const COUNTED_MAX: usize = 10_000;
        let count = |counted: fn(&Database, i64) -> usize| -> usize {
            self.databases.iter().map(|database| counted(database, now_ms)).sum()
        };
        let expiring = count(|database, _| database.volatile().0);
        let stale = count(|database, now_ms| database.expired_by(now_ms).take(COUNTED_MAX).count());
        if expiring == 0 { 0.0 } else { stale as f64 * 100.0 / expiring as f64 }
    }

    /// True if something waits to be freed.
    #[must_use]
    pub fn has_doomed(&self) -> bool {
        !self.doomed.is_empty()
    }

    /// Frees about `units` entries or fields of what was dropped.
    pub fn free_some(&mut self, units: usize) {
        let mut left = units;
        while left > 0 {
            let Some(mut last) = self.doomed.pop() else { return };
            // Large values among the entries come on top, to be freed next.
            let place = self.doomed.len();
            let objects = last.objects();
            let freed = last.free_some(left, &mut self.doomed);
            let left_over = last.objects() + (self.doomed.len() - place);
            self.freed_objects += objects.saturating_sub(left_over) as u64;
            left = left.saturating_sub(freed.max(1));
            if !last.is_empty() {
                self.doomed.insert(place, last);
            }
        }
    }

    #[inline]
    fn database(&self, index: u32) -> &Database {
        self.databases.get(index).expect("whoever names a database has counted them")
    }

    /// Everything that must know of a change before it happens.
    #[inline]
    fn before_change(&mut self, place: Place) {
        if self.is_observed {
            let key = self.entry(place).key.clone();
            self.touches.push(Touch::Key(place.database, key));
        }
        if !self.snapshots.is_empty() {
            self.preserve(place);
        }
    }

    /// Hands the old value to every running snapshot that has not passed it.
    fn preserve(&mut self, place: Place) {
        let database = self.databases.get_mut(place.database);
        let Some(entry) = database.entries.get_mut(place.slot) else { return };
        for snapshot in &mut self.snapshots {
            snapshot.before_change(place.database, place.hash, entry);
        }
        entry.stamp = self.epoch;
    }
}
