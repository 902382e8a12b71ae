//! A snapshot without fork: a cursor through the keyspace that yields the data of one instant, as RDB bytes or as commands.
//!
//! The cursor walks databases in order and each one in hash order, so "has it passed this key" is a comparison. A write
//! to a key that it has not passed first hands it the old value; the entry is then stamped with the current epoch, and a
//! stamped entry is skipped when the cursor comes by. Keys added meanwhile are born stamped. A database that is emptied or replaced
//! meanwhile is kept for the snapshot as it was; one that changes places with another is followed to where it goes.
//!
//! So keys come in no order that a reader could rely on, and those of one database between those of another: whenever it changes, the bytes
//! name the database anew.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::hint;

use bytes::Bytes;

use crate::codec::crc64;
use crate::codec::siphash::HashKey;
use crate::port::Wall;
use crate::rdb::{opcode, push_length, push_string};
use crate::resp::push_select;
use crate::value::commands;
use crate::value::rdb::{push_value, type_of};

use super::Keyspace;
use super::database::{Entries, Entry, NO_EXPIRY};
use super::doomed::Doomed;
use super::usage::{self, FrequencyRules};

/// Names a running snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnapshotId(pub(super) u32);

/// As what a snapshot is written.
#[derive(Clone, Copy, Debug)]
pub enum SnapshotForm {
    /// An RDB file, to its end and its checksum.
    Rdb(SnapshotRules),
    /// Commands that make the data when they are carried out in order, from no data at all and with nothing expiring meanwhile. Nothing
    /// tells their end.
    Commands,
}

impl From<SnapshotRules> for SnapshotForm {
    fn from(rules: SnapshotRules) -> SnapshotForm {
        SnapshotForm::Rdb(rules)
    }
}

/// How an RDB file is written.
#[derive(Clone, Copy, Debug)]
pub struct SnapshotRules {
    /// Compress long strings (`rdbcompression`).
    pub compress: bool,
    /// Write a checksum rather than zero (`rdbchecksum`).
    pub checksum: bool,
    /// What is told of the use of keys.
    pub usage: UsageNote,
}

/// What is told of the use of each key, so that who loads the file goes on choosing well what gives way.
#[derive(Clone, Copy, Debug)]
pub enum UsageNote {
    /// Nothing: the policy looks at neither.
    None,
    /// How long it was not used, at this time.
    IdleTime(Wall),
    /// How often it was used, as of this time.
    Frequency(Wall, FrequencyRules),
}

impl UsageNote {
    fn push(self, out: &mut Vec<u8>, bits: u32) {
        match self {
            UsageNote::None => {}
            UsageNote::IdleTime(wall) => {
                // Used since then: not idle.
                let idle_seconds = i32::try_from(usage::seconds(wall).wrapping_sub(bits)).unwrap_or(0);
                out.push(opcode::IDLE);
                push_length(out, idle_seconds as u64);
            }
            UsageNote::Frequency(wall, rules) => {
                out.push(opcode::FREQ);
                out.push(usage::frequency(bits, wall, rules) as u8);
            }
        }
    }
}

/// Which database of a snapshot stands at which place of the keyspace, as far as they differ.
#[derive(Clone, Default)]
struct Moves {
    database_by_place: BTreeMap<u32, u32>,
    place_by_database: BTreeMap<u32, u32>,
}

impl Moves {
    #[inline]
    fn database_at(&self, place: u32) -> u32 {
        self.database_by_place.get(&place).copied().unwrap_or(place)
    }

    #[inline]
    fn place_of(&self, database: u32) -> u32 {
        self.place_by_database.get(&database).copied().unwrap_or(database)
    }

    fn swap(&mut self, one: u32, other: u32) {
        let databases = (self.database_at(one), self.database_at(other));
        for (place, database) in [(one, databases.1), (other, databases.0)] {
            self.database_by_place.insert(place, database);
            self.place_by_database.insert(database, place);
        }
    }
}

#[derive(Clone)]
pub(super) struct Snapshot {
    id: SnapshotId,
    form: SnapshotForm,
    /// The database that the cursor is in, and its place in hash space there.
    database: u32,
    position: u64,
    moves: Moves,
    /// Databases that were replaced before the cursor was through with them.
    detached: BTreeMap<u32, Arc<Entries>>,
    /// The database that the bytes are about.
    stream_database: Option<u32>,
    output: Vec<u8>,
    crc: u64,
    is_finished: bool,
    keys_written: usize,
    keys_total: usize,
}

impl Snapshot {
    pub(super) fn new(id: SnapshotId, header: Vec<u8>, form: SnapshotForm, keys_total: usize) -> Snapshot {
        Snapshot {
            id,
            form,
            database: 0,
            position: 0,
            moves: Moves::default(),
            detached: BTreeMap::new(),
            stream_database: None,
            output: header,
            crc: 0,
            is_finished: false,
            keys_written: 0,
            keys_total,
        }
    }

    pub(super) fn id(&self) -> SnapshotId {
        self.id
    }

    /// Where the database that the cursor is in stands now.
    pub(super) fn database(&self) -> u32 {
        self.moves.place_of(self.database)
    }

    pub(super) fn is_finished(&self) -> bool {
        self.is_finished
    }

    pub(super) fn buffered(&self) -> usize {
        self.output.len()
    }

    pub(super) fn progress(&self) -> (usize, usize) {
        (self.keys_written, self.keys_total)
    }

    /// True if entries of the database at a place may still have to be written from where they are now.
    pub(super) fn still_needs(&self, place: u32) -> bool {
        let database = self.moves.database_at(place);
        !self.is_finished && database >= self.database && !self.detached.contains_key(&database)
    }

    /// Keeps the entries of the database at a place, which is about to be replaced, if they are needed.
    pub(super) fn detach(&mut self, place: u32, entries: &Arc<Entries>) {
        if self.still_needs(place) {
            self.detached.insert(self.moves.database_at(place), Arc::clone(entries));
        }
    }

    /// Two databases change places.
    pub(super) fn swap(&mut self, one: u32, other: u32) {
        self.moves.swap(one, other);
    }

    pub(super) fn into_detached(self) -> impl Iterator<Item = Arc<Entries>> {
        self.detached.into_values()
    }

    /// Takes the value of an entry that is about to change, if it is not past it.
    pub(super) fn before_change(&mut self, place: u32, hash: u64, entry: &Entry) {
        let database = self.moves.database_at(place);
        let is_passed = database < self.database || (database == self.database && hash < self.position);
        let is_ours = entry.stamp < self.id.0 && !self.detached.contains_key(&database);
        if is_ours && !is_passed && !self.is_finished {
            self.write(database, entry);
        }
    }

    /// Writes the entries of one more stretch of hash space; `live` is the cursor's database as it is now. Returns how
    /// many entries it looked at.
    pub(super) fn advance(&mut self, live: Option<&Entries>, order: HashKey) -> usize {
        let Some(live) = live else {
            self.finish();
            return 1;
        };
        let detached = self.detached.get(&self.database).cloned();
        let entries = detached.as_deref().unwrap_or(live);
        if self.position == 0 && !entries.is_empty() && matches!(self.form, SnapshotForm::Rdb(_)) {
            self.select(self.database);
            self.output.push(opcode::RESIZEDB);
            push_length(&mut self.output, entries.len() as u64);
            // How many of them expire: a hint for a loader's table, which it can do without.
            push_length(&mut self.output, 0);
        }
        let (database, mut seen) = (self.database, 0);
        let hash_of = |entry: &Entry| order.hash(&entry.key);
        let mut fetched = 0;
        entries.scan(self.position, hash_of, |entry| fetched ^= entry.value.fetch());
        hint::black_box(fetched);
        self.position = entries.scan(self.position, hash_of, |entry| {
            seen += 1;
            if entry.stamp < self.id.0 {
                self.write(database, entry);
            }
        });
        if self.position == 0 {
            self.database += 1;
        }
        seen
    }

    pub(super) fn take_output(&mut self) -> Vec<u8> {
        let output = core::mem::take(&mut self.output);
        if let SnapshotForm::Rdb(rules) = self.form
            && rules.checksum
            && !self.is_finished
        {
            self.crc = crc64::update(self.crc, &output);
        }
        output
    }

    fn write(&mut self, database: u32, entry: &Entry) {
        self.select(database);
        match self.form {
            SnapshotForm::Rdb(rules) => self.write_rdb(entry, rules),
            SnapshotForm::Commands => {
                commands::push_value(&mut self.output, &entry.key, &entry.value);
                if entry.expires_ms != NO_EXPIRY {
                    commands::push_expiry(&mut self.output, &entry.key, entry.expires_ms);
                }
            }
        }
        self.keys_written += 1;
    }

    fn write_rdb(&mut self, entry: &Entry, rules: SnapshotRules) {
        let out = &mut self.output;
        if entry.expires_ms != NO_EXPIRY {
            out.push(opcode::EXPIRETIME_MS);
            out.extend_from_slice(&entry.expires_ms.to_le_bytes());
        }
        rules.usage.push(out, entry.usage);
        out.push(type_of(&entry.value));
        push_string(out, &entry.key, rules.compress);
        push_value(out, &entry.value, rules.compress);
    }

    fn select(&mut self, database: u32) {
        if self.stream_database == Some(database) {
            return;
        }
        self.stream_database = Some(database);
        match self.form {
            SnapshotForm::Rdb(_) => {
                self.output.push(opcode::SELECTDB);
                push_length(&mut self.output, u64::from(database));
            }
            SnapshotForm::Commands => push_select(&mut self.output, database),
        }
    }

    fn finish(&mut self) {
        if let SnapshotForm::Rdb(rules) = self.form {
            self.output.push(opcode::EOF);
            let crc = if rules.checksum { crc64::update(self.crc, &self.output) } else { 0 };
            self.output.extend_from_slice(&crc.to_le_bytes());
        }
        self.is_finished = true;
    }
}

impl Keyspace {
    /// Begins a snapshot of this instant. `header` is the file's beginning, up to the first library or database.
    pub fn begin_snapshot(&mut self, mut header: Vec<u8>, form: impl Into<SnapshotForm>) -> SnapshotId {
        let form = form.into();
        match form {
            SnapshotForm::Rdb(rules) => self.libraries.push_to(&mut header, rules.compress),
            SnapshotForm::Commands => self.libraries.push_commands_to(&mut header),
        }
        self.epoch += 1;
        let id = SnapshotId(self.epoch);
        self.snapshots.push(Snapshot::new(id, header, form, self.total_len()));
        id
    }

    /// Forgets a snapshot.
    pub fn end_snapshot(&mut self, id: SnapshotId) {
        let found = self.snapshots.iter().position(|snapshot| snapshot.id() == id);
        let Some(index) = found else { return };
        let snapshot = self.snapshots.swap_remove(index);
        for table in snapshot.into_detached() {
            if let Ok(table) = Arc::try_unwrap(table) {
                self.doomed.push(Doomed::entries(table));
            }
        }
    }

    /// Advances a snapshot by about `units` keys, unless as many as `buffered_max` bytes wait to be taken already.
    pub fn advance_snapshot(&mut self, id: SnapshotId, units: usize, buffered_max: usize) {
        let order = self.key;
        let Some(snapshot) = self.snapshots.iter_mut().find(|snapshot| snapshot.id() == id) else { return };
        let mut left = units;
        while left > 0 && !snapshot.is_finished() && snapshot.buffered() < buffered_max {
            let live = self.databases.get(snapshot.database()).map(|database| &database.entries);
            left = left.saturating_sub(snapshot.advance(live, order).max(1));
        }
    }

    /// Takes the bytes that a snapshot has produced; the flag is true with the last of them.
    pub fn take_snapshot_output(&mut self, id: SnapshotId) -> (Vec<u8>, bool) {
        match self.snapshots.iter_mut().find(|snapshot| snapshot.id() == id) {
            Some(snapshot) => (snapshot.take_output(), snapshot.is_finished()),
            None => (Vec::new(), true),
        }
    }

    /// Advances a snapshot by about `units` keys. Its bytes are given in pieces of about `piece_bytes`: none as long as there are fewer. The flag is
    /// true with the last piece, and the snapshot has ended then.
    pub fn next_snapshot_piece(&mut self, id: SnapshotId, units: usize, piece_bytes: usize) -> Option<(Bytes, bool)> {
        self.advance_snapshot(id, units, piece_bytes);
        let is_whole = |snapshot: &Snapshot| snapshot.is_finished() || snapshot.buffered() >= piece_bytes;
        if !self.snapshots.iter().find(|snapshot| snapshot.id() == id).is_none_or(is_whole) {
            return None;
        }
        let (bytes, is_last) = self.take_snapshot_output(id);
        if is_last {
            self.end_snapshot(id);
        }
        Some((Bytes::from(bytes), is_last))
    }

    /// Bytes that a snapshot has produced and that wait to be taken.
    #[must_use]
    pub fn snapshot_buffered(&self, id: SnapshotId) -> usize {
        let found = self.snapshots.iter().find(|snapshot| snapshot.id() == id);
        found.map_or(0, Snapshot::buffered)
    }

    /// Keys written and keys in all when it began, for INFO.
    #[must_use]
    pub fn snapshot_progress(&self, id: SnapshotId) -> (usize, usize) {
        let found = self.snapshots.iter().find(|snapshot| snapshot.id() == id);
        found.map_or((0, 0), Snapshot::progress)
    }
}
