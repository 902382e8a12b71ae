//! One database: its entries, and indexes of those that expire and of those whose fields do.

use alloc::collections::BTreeSet;

use crate::codec::random::Random;
use crate::codec::siphash::HashKey;
use crate::table::{Slot, Table};
use crate::value::{Blob, StringValue, Value};

/// The expiry of a key that has none.
pub const NO_EXPIRY: i64 = i64::MAX;

/// A key and all that belongs to it: one cache line.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The key.
    pub key: Blob,
    /// What it holds.
    pub value: Value,
    /// When it expires: milliseconds since the epoch, or [`NO_EXPIRY`].
    pub expires_ms: i64,
    /// The snapshot epoch of the last write.
    pub(super) stamp: u32,
    /// How recently or how often it is used. See [`usage`](super::usage).
    pub usage: u32,
}

const _: () = assert!(size_of::<Entry>() == 64, "an entry must fill one cache line");

/// No key.
impl Default for Entry {
    fn default() -> Entry {
        let value = Value::String(StringValue::Int(0));
        Entry { key: Blob::default(), value, expires_ms: NO_EXPIRY, stamp: 0, usage: 0 }
    }
}

/// The entries of a database.
pub(super) type Entries = Table<Entry>;

/// Expiry times and the hashes of the keys they belong to.
pub(super) type Expiries = BTreeSet<(i64, u64)>;

/// Who removes a key when the time has come that is set for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ExpiredBy {
    /// A master: this node, or the one that it follows.
    #[default]
    Master,
    /// This node, though it is a replica: a client of its own has set the time, and nobody else knows of it.
    Replica,
}

/// The entries of a database, and who of them expires when.
///
/// The index is exact and ordered, so that expiry needs no sampling: an idle node sleeps until the first key is due.
/// It names a key by its hash. Two keys whose 64-bit hashes and expiry times both agree share one place in it; then the second one goes when it is
/// next looked at.
#[derive(Clone)]
pub(super) struct Database {
    pub(super) entries: Entries,
    expiries: Expiries,
    /// Those among them of which our master knows nothing: see [`ExpiredBy::Replica`].
    own_expiries: Expiries,
    /// When the first field of each hash expires, and the hash's key.
    field_expiries: Expiries,
    /// Sum of all expiry times, for their mean.
    expiry_sum_ms: i128,
    /// Memory of keys and values beside the entries, in bytes.
    pub(super) content_bytes: usize,
}

impl Entry {
    /// Memory of the key and the value beside the entry itself, in bytes.
    #[inline]
    #[must_use]
    pub fn content_bytes(&self) -> usize {
        self.key.heap_bytes() + self.value.memory_bytes()
    }
}

impl Default for Database {
    fn default() -> Database {
        Database::new()
    }
}

/// What one expiry takes in the index, in bytes: 16, in nodes of a tree that are two thirds full.
const EXPIRY_BYTES: usize = 24;

impl Database {
    /// An empty one, without memory of its own.
    pub(super) const fn new() -> Database {
        Database {
            entries: Entries::new(),
            expiries: Expiries::new(),
            own_expiries: Expiries::new(),
            field_expiries: Expiries::new(),
            expiry_sum_ms: 0,
            content_bytes: 0,
        }
    }

    pub(super) fn into_parts(self) -> (Entries, [Expiries; 3]) {
        (self.entries, [self.expiries, self.own_expiries, self.field_expiries])
    }

    /// Expiries of all kinds that the indexes hold, in bytes.
    fn index_bytes(&self) -> usize {
        (self.expiries.len() + self.own_expiries.len() + self.field_expiries.len()) * EXPIRY_BYTES
    }

    /// Memory of everything in it, in bytes.
    pub(super) fn memory_bytes(&self) -> usize {
        self.entries.memory_usage() + self.index_bytes() + self.content_bytes
    }

    /// Memory of what is there beside the data, in bytes: the entries' table, and the index of expiries.
    pub(super) fn overhead_bytes(&self) -> (usize, usize) {
        (self.entries.memory_usage() - self.entries.len() * size_of::<Entry>(), self.index_bytes())
    }

    pub(super) fn volatile(&self) -> (usize, i64) {
        let count = self.expiries.len();
        let mean = if count == 0 { 0 } else { self.expiry_sum_ms / count as i128 };
        (count, i64::try_from(mean).unwrap_or(i64::MAX))
    }

    pub(super) fn last_expiry_ms(&self) -> Option<i64> {
        self.expiries.last().map(|(expires_ms, _)| *expires_ms)
    }

    /// Changes when an entry expires. If that stays what it was, so does who removes it.
    pub(super) fn set_expiry(&mut self, hash: u64, slot: Slot, expires_ms: i64, expired_by: ExpiredBy) {
        let Some(entry) = self.entries.get_mut(slot) else {
            return;
        };
        if entry.expires_ms == expires_ms {
            return;
        }
        if entry.expires_ms != NO_EXPIRY && self.expiries.remove(&(entry.expires_ms, hash)) {
            self.expiry_sum_ms -= i128::from(entry.expires_ms);
            self.own_expiries.remove(&(entry.expires_ms, hash));
        }
        if expires_ms != NO_EXPIRY && self.expiries.insert((expires_ms, hash)) {
            self.expiry_sum_ms += i128::from(expires_ms);
        }
        if expires_ms != NO_EXPIRY && expired_by == ExpiredBy::Replica {
            self.own_expiries.insert((expires_ms, hash));
        }
        entry.expires_ms = expires_ms;
    }

    /// How many keys this node removes though it is a replica.
    pub(super) fn own_expiries(&self) -> usize {
        self.own_expiries.len()
    }

    pub(super) fn is_expiry_own(&self, hash: u64, expires_ms: i64) -> bool {
        self.own_expiries.contains(&(expires_ms, hash))
    }

    pub(super) fn take_own_expiries(&mut self) -> Expiries {
        core::mem::take(&mut self.own_expiries)
    }

    pub(super) fn first_own_expiry_ms(&self) -> Option<i64> {
        self.own_expiries.first().map(|(expires_ms, _)| *expires_ms)
    }

    pub(super) fn find_first_own_expiring(&self, order: HashKey) -> Option<(u64, Slot)> {
        self.locate_expiry(*self.own_expiries.first()?, order)
    }

    /// The keys that have expired by `now_ms`.
    pub(super) fn expired_by(&self, now_ms: i64) -> impl Iterator<Item = &(i64, u64)> {
        self.expiries.range(..(now_ms, 0))
    }

    pub(super) fn first_expiry_ms(&self) -> Option<i64> {
        self.expiries.first().map(|(expires_ms, _)| *expires_ms)
    }

    pub(super) fn random_volatile(&self, order: HashKey, random: &mut Random) -> Option<(u64, Slot)> {
        let (first, last) = (self.expiries.first()?.0, self.expiries.last()?.0);
        let span = last.abs_diff(first).saturating_add(1);
        let from = (first.saturating_add_unsigned(random.below(span)), random.next_u64());
        self.locate_expiry(*self.expiries.range(from..).next().or_else(|| self.expiries.first())?, order)
    }

    pub(super) fn find_first_expiring(&self, order: HashKey) -> Option<(u64, Slot)> {
        self.locate_expiry(*self.expiries.first()?, order)
    }

    /// Notes that the first field of an entry's value expires at another time than before.
    #[inline]
    pub(super) fn set_field_expiry(&mut self, hash: u64, before_ms: Option<i64>, after_ms: Option<i64>) {
        if before_ms == after_ms {
            return;
        }
        if let Some(before_ms) = before_ms {
            self.field_expiries.remove(&(before_ms, hash));
        }
        if let Some(after_ms) = after_ms {
            self.field_expiries.insert((after_ms, hash));
        }
    }

    pub(super) fn first_field_expiry_ms(&self) -> Option<i64> {
        self.field_expiries.first().map(|(expires_ms, _)| *expires_ms)
    }

    pub(super) fn with_field_expiries(&self) -> usize {
        self.field_expiries.len()
    }

    pub(super) fn find_first_field_expiring(&self, order: HashKey) -> Option<(u64, Slot)> {
        let (expires_ms, hash) = *self.field_expiries.first()?;
        let is_it =
            |entry: &Entry| entry.value.first_field_expiry_ms() == Some(expires_ms) && order.hash(&entry.key) == hash;
        Some((hash, self.entries.locate(hash, is_it)?))
    }

    fn locate_expiry(&self, (expires_ms, hash): (i64, u64), order: HashKey) -> Option<(u64, Slot)> {
        let is_it = |entry: &Entry| entry.expires_ms == expires_ms && order.hash(&entry.key) == hash;
        Some((hash, self.entries.locate(hash, is_it)?))
    }
}
