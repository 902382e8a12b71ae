//! How are databases kept of which most are never used?
//!
//! Memory is taken up to the last one that was ever written to. Those behind it are empty, and cost nothing to make, to look through or to drop: so does a
//! keyspace in which nothing is.

use alloc::vec::Vec;

use super::database::Database;

/// What there is of a database that was never written to.
static EMPTY: Database = Database::new();

/// So many databases, by their number.
#[derive(Clone)]
pub(super) struct Databases {
    count: u32,
    used: Vec<Database>,
}

impl Databases {
    /// Empty ones.
    pub(super) fn new(count: u32) -> Databases {
        Databases { count, used: Vec::new() }
    }

    /// How many there are.
    pub(super) fn count(&self) -> u32 {
        self.count
    }

    /// The one of this number, if there are as many.
    #[inline]
    pub(super) fn get(&self, index: u32) -> Option<&Database> {
        self.used.get(index as usize).or((index < self.count).then_some(&EMPTY))
    }

    /// The one of this number, which is there, to be changed.
    #[inline]
    pub(super) fn get_mut(&mut self, index: u32) -> &mut Database {
        let index = index as usize;
        if index >= self.used.len() {
            debug_assert!(index < self.count as usize, "whoever names a database has counted them");
            self.used.resize_with(index + 1, Database::new);
        }
        &mut self.used[index]
    }

    /// Those that may hold something, from the first one on.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Database> {
        self.used.iter()
    }

    /// The same, to be changed.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Database> {
        self.used.iter_mut()
    }

    /// Puts another one in the place of the one of this number, which is there, and gives that back.
    pub(super) fn replace(&mut self, index: u32, database: Database) -> Database {
        if database.memory_bytes() == 0 && index as usize >= self.used.len() {
            return database;
        }
        core::mem::replace(self.get_mut(index), database)
    }

    /// Lets two that are there change places.
    pub(super) fn swap(&mut self, one: u32, other: u32) {
        self.get_mut(one.max(other));
        self.used.swap(one as usize, other as usize);
    }

    /// Takes the one of this number out: an empty one is left in its place.
    pub(super) fn take(&mut self, index: u32) -> Database {
        self.used.get_mut(index as usize).map(core::mem::take).unwrap_or_default()
    }
}
