//! Does the keyspace agree with a plain map, and a snapshot with a copy of that map?

mod commands;

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::codec::random::Random;

use super::*;
use crate::codec::crc64;
use crate::rdb::{Dialect, Reader, opcode, push_string};
use crate::value::Limits;
use crate::value::limits::HashLimits;
use crate::value::rdb::{BuildRules, Step, read_value};
use crate::value::{Hash, StringValue};

const ORDER: HashKey = HashKey::new(11, 22);
const LIMITS: HashLimits = HashLimits { listpack_entries_max: 8, listpack_value_bytes_max: 64 };
const DATABASES: u32 = 4;
const HEADER: &[u8] = b"REDIS0010";
const RULES: SnapshotRules = SnapshotRules { compress: true, checksum: true, usage: UsageNote::None };
const BUFFERED_MAX: usize = 1 << 20;

/// What a key holds, in a form that can be compared.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Plain {
    Text(String),
    /// Values, each with its time.
    Fields(BTreeMap<String, (String, Option<i64>)>),
}

impl Plain {
    fn value(&self) -> Value {
        match self {
            Plain::Text(text) => StringValue::new(text.as_bytes()).into(),
            Plain::Fields(fields) => {
                let mut hash = Hash::default();
                for (name, (value, at_ms)) in fields {
                    hash.set(name.as_bytes(), value.as_bytes(), &LIMITS, ORDER);
                    at_ms.map(|at_ms| hash.set_expiry(name.as_bytes(), at_ms, ORDER));
                }
                hash.into()
            }
        }
    }

    fn of(value: &Value) -> Plain {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("the tests write text");
        match value {
            Value::String(string) => Plain::Text(text(&string.text())),
            Value::Hash(hash) => {
                let mut fields = BTreeMap::new();
                hash.for_each(|name, value| {
                    let value = (value.with_bytes(text), name.with_bytes(|name| hash.expiry(name)));
                    assert!(fields.insert(name.with_bytes(text), value).is_none(), "a field twice");
                });
                Plain::Fields(fields)
            }
            other => panic!("the tests make no {}", other.type_name()),
        }
    }

    fn first_field_expiry_ms(&self) -> Option<i64> {
        match self {
            Plain::Text(_) => None,
            Plain::Fields(fields) => fields.values().filter_map(|(_, at_ms)| *at_ms).min(),
        }
    }
}

/// All data: database and key to value and expiry.
type Model = BTreeMap<(u32, String), (Plain, i64)>;

fn random_plain(random: &mut Random) -> Plain {
    match random.below(4) {
        0 => Plain::Text(random.next_u64().to_string()),
        1 => Plain::Text("text ".repeat(random.below(40) as usize)),
        kind => {
            let count = if kind == 2 { random.range(1..=8) } else { random.range(1..=100) };
            let expires = random.chance(1, 3);
            let field = |number| {
                let at_ms = (expires && number % 3 == 0).then(|| random.range(1..=1000) as i64);
                (format!("f{number}"), (format!("v{}", number * 7), at_ms))
            };
            Plain::Fields((0..count).map(field).collect())
        }
    }
}

fn random_expiry(random: &mut Random) -> i64 {
    if random.chance(1, 2) { NO_EXPIRY } else { random.below(1000) as i64 }
}

/// A snapshot under way, and what it must turn out to hold.
struct Running {
    id: SnapshotId,
    form: SnapshotForm,
    expected: Model,
    bytes: Vec<u8>,
}

struct World {
    keyspace: Keyspace,
    model: Model,
    random: Random,
    running: Vec<Running>,
    finished: usize,
}

impl World {
    fn new(seed: u64) -> World {
        let mut world = World {
            keyspace: Keyspace::new(DATABASES, ORDER),
            model: Model::new(),
            random: Random::new(seed, 0),
            running: Vec::new(),
            finished: 0,
        };
        for _ in 0..300 {
            world.put();
        }
        world
    }

    /// The last database stays empty unless data are adopted into it, or another takes its place.
    fn random_key(&mut self) -> (u32, String) {
        let database = self.random.below(u64::from(DATABASES) - 1) as u32;
        (database, format!("key:{}", self.random.below(200)))
    }

    fn put(&mut self) {
        let key = self.random_key();
        let (plain, expires_ms) = (random_plain(&mut self.random), random_expiry(&mut self.random));
        self.keyspace.put(key.0, key.1.as_bytes(), plain.value(), expires_ms, 0);
        self.model.insert(key, (plain, expires_ms));
    }

    fn remove(&mut self) {
        let key = self.random_key();
        let found = self.keyspace.locate(key.0, key.1.as_bytes());
        assert_eq!(found.is_some(), self.model.remove(&key).is_some());
        if let Some(place) = found {
            self.keyspace.remove(place);
        }
    }

    fn edit(&mut self) {
        let key = self.random_key();
        let Some(place) = self.keyspace.locate(key.0, key.1.as_bytes()) else {
            return;
        };
        let (plain, _) = self.model.get_mut(&key).expect("the keyspace has it");
        match (self.keyspace.edit(place), plain) {
            (Value::String(string), Plain::Text(text)) => {
                string.make_mut().push(b'+');
                text.push('+');
            }
            (Value::Hash(hash), Plain::Fields(fields)) => {
                hash.set(b"added", b"later", &LIMITS, ORDER);
                fields.insert("added".into(), ("later".into(), None));
                let at_ms = fields.len() as i64;
                for (name, at_ms) in [("f3", None), ("f5", Some(at_ms))] {
                    let Some(field) = fields.get_mut(name) else { continue };
                    field.1 = at_ms;
                    match at_ms {
                        Some(at_ms) => hash.set_expiry(name.as_bytes(), at_ms, ORDER),
                        None => hash.persist(name.as_bytes()),
                    };
                }
            }
            other => panic!("types differ: {other:?}"),
        }
    }

    fn expire(&mut self) {
        let key = self.random_key();
        let Some(place) = self.keyspace.locate(key.0, key.1.as_bytes()) else {
            return;
        };
        let expires_ms = random_expiry(&mut self.random);
        self.keyspace.set_expiry(place, expires_ms);
        self.model.get_mut(&key).expect("the keyspace has it").1 = expires_ms;
    }

    fn expire_first(&mut self) {
        let first_ms = self.model.values().map(|(_, expires_ms)| *expires_ms).min();
        let first_ms = first_ms.filter(|expires_ms| *expires_ms != NO_EXPIRY);
        let Some(first_ms) = first_ms else { return };
        assert!(self.keyspace.find_expired(first_ms).is_none(), "it lives through that millisecond");
        let place = self.keyspace.find_expired(first_ms + 1).expect("one is due");
        let key = self.keyspace.entry(place).key.to_vec();
        let key = (place.database, String::from_utf8(key).expect("the tests write text"));
        assert_eq!(self.model.remove(&key).expect("a key of the model").1, first_ms);
        self.keyspace.remove(place);
    }

    /// Removes the field that expires first, of the hash that the index names.
    fn expire_first_field(&mut self) {
        let Some(first_ms) = self.model.values().filter_map(|(plain, _)| plain.first_field_expiry_ms()).min() else {
            return;
        };
        assert!(self.keyspace.find_with_expired_field(first_ms).is_none(), "it lives through that millisecond");
        let place = self.keyspace.find_with_expired_field(first_ms + 1).expect("one is due");
        let key = self.keyspace.entry(place).key.to_vec();
        let key = (place.database, String::from_utf8(key).expect("the tests write text"));
        let Value::Hash(hash) = self.keyspace.edit(place) else { panic!("only hashes have fields") };
        let name = hash.find_dead(first_ms + 1).expect("its time has come").clone();
        assert!(hash.remove(&name));
        let is_empty = hash.is_empty();
        let Some((Plain::Fields(fields), _)) = self.model.get_mut(&key) else { panic!("a hash of the model") };
        let name = String::from_utf8(name.to_vec()).expect("the tests write text");
        assert_eq!(fields.remove(&name).expect("a field of the model").1, Some(first_ms));
        if is_empty {
            self.keyspace.remove(place);
            self.model.remove(&key);
        }
    }

    fn flush(&mut self) {
        let database = self.random.below(u64::from(DATABASES)) as u32;
        self.keyspace.flush(database);
        self.model.retain(|key, _| key.0 != database);
    }

    fn swap(&mut self) {
        let [one, other] = [0, 1].map(|_| self.random.below(u64::from(DATABASES)) as u32);
        self.keyspace.swap(one, other);
        let moved = |index: u32| match index {
            index if index == one => other,
            index if index == other => one,
            index => index,
        };
        let held = core::mem::take(&mut self.model);
        self.model = held.into_iter().map(|((index, key), value)| ((moved(index), key), value)).collect();
    }

    /// Adopts a data set on which snapshots of its own have left their stamps.
    fn adopt(&mut self) {
        let mut other = self.keyspace.empty_twin();
        self.model.clear();
        for number in 0..self.random.below(200) {
            if number % 50 == 0 {
                let id = other.begin_snapshot(Vec::new(), RULES);
                other.end_snapshot(id);
            }
            let database = self.random.below(u64::from(DATABASES)) as u32;
            let (key, plain) = (format!("key:{number}"), random_plain(&mut self.random));
            other.put(database, key.as_bytes(), plain.value(), NO_EXPIRY, 0);
            self.model.insert((database, key), (plain, NO_EXPIRY));
        }
        self.keyspace.adopt(other);
    }

    fn begin_snapshot(&mut self) {
        if self.running.len() < 2 {
            let form = if self.random.chance(1, 2) { RULES.into() } else { SnapshotForm::Commands };
            let id = self.keyspace.begin_snapshot(HEADER.to_vec(), form);
            self.running.push(Running { id, form, expected: self.model.clone(), bytes: Vec::new() });
        }
    }

    fn advance_snapshot(&mut self, units: usize) {
        let index = self.random.below(2) as usize;
        let Some(running) = self.running.get_mut(index) else {
            return;
        };
        self.keyspace.advance_snapshot(running.id, units, BUFFERED_MAX);
        let (bytes, is_last) = self.keyspace.take_snapshot_output(running.id);
        running.bytes.extend(bytes);
        if is_last {
            let done = self.running.swap_remove(index);
            let (written, total) = self.keyspace.snapshot_progress(done.id);
            assert_eq!((written, total), (done.expected.len(), done.expected.len()));
            self.keyspace.end_snapshot(done.id);
            assert_eq!(decode(done.form, &done.bytes), done.expected);
            self.finished += 1;
        }
    }

    fn step(&mut self) {
        match self.random.below(1000) {
            0..300 => self.put(),
            300..450 => self.remove(),
            450..600 => self.edit(),
            600..700 => self.expire(),
            700..730 => self.expire_first(),
            730..750 => self.expire_first_field(),
            750..755 => self.flush(),
            755..757 => self.adopt(),
            757..762 => self.swap(),
            762..800 => self.begin_snapshot(),
            800..850 => self.keyspace.free_some(20),
            _ => self.advance_snapshot(10),
        }
    }

    /// Data, sizes and the expiry index are those of the model.
    fn check(&self) {
        let mut found = Model::new();
        for database in 0..DATABASES {
            for entry in self.keyspace.iter(database) {
                let key = String::from_utf8(entry.key.to_vec()).expect("the tests write text");
                found.insert((database, key), (Plain::of(&entry.value), entry.expires_ms));
            }
            let here = self.model.iter().filter(|(key, _)| key.0 == database);
            assert_eq!(self.keyspace.len(database), here.clone().count());
            let with_expiries = here.clone().filter(|(_, (plain, _))| plain.first_field_expiry_ms().is_some()).count();
            assert_eq!(self.keyspace.with_field_expiries(database), with_expiries);
            let times: Vec<i64> = here.map(|(_, held)| held.1).filter(|expires_ms| *expires_ms != NO_EXPIRY).collect();
            let mean = times.iter().sum::<i64>().checked_div(times.len() as i64).unwrap_or(0);
            assert_eq!(self.keyspace.volatile(database), (times.len(), mean));
        }
        assert_eq!(found, self.model);
        let databases = 0..DATABASES;
        let contents: usize =
            databases.clone().flat_map(|index| self.keyspace.iter(index)).map(Entry::content_bytes).sum();
        let tables: usize = databases.map(|index| self.keyspace.database(index).memory_bytes()).sum();
        let counted: usize = self.keyspace.databases.iter().map(|database| database.content_bytes).sum();
        assert_eq!(self.keyspace.memory_bytes() + counted, tables + contents);
        let first_ms = self.model.values().map(|(_, expires_ms)| *expires_ms).min();
        let first_ms = first_ms.filter(|expires_ms| *expires_ms != NO_EXPIRY);
        assert_eq!(self.keyspace.next_expiry_ms(), first_ms);
        let first_ms = self.model.values().filter_map(|(plain, _)| plain.first_field_expiry_ms()).min();
        assert_eq!(self.keyspace.clone().next_field_expiry_ms(), first_ms);
    }
}

/// What a snapshot holds. No key may come twice.
fn decode(form: SnapshotForm, bytes: &[u8]) -> Model {
    match form {
        SnapshotForm::Rdb(_) => decode_rdb(bytes),
        SnapshotForm::Commands => commands::decode(bytes),
    }
}

/// What RDB bytes hold. The checksum must be right.
fn decode_rdb(bytes: &[u8]) -> Model {
    let (body, checksum) = bytes.split_at(bytes.len() - 8);
    assert_eq!(checksum, crc64::update(0, body).to_le_bytes(), "the checksum");
    let body = body.strip_prefix(HEADER).expect("the header comes first");
    let rules =
        BuildRules { limits: Limits { hash: LIMITS, ..Limits::DEFAULT }, order: ORDER, dialect: Dialect::Redis };
    let (mut reader, mut model) = (Reader::new(body), Model::new());
    let (mut database, mut expires_ms) = (0, NO_EXPIRY);
    loop {
        match reader.byte().expect("an opcode") {
            opcode::SELECTDB => database = reader.length().expect("a database") as u32,
            opcode::RESIZEDB => {
                reader.length().expect("a size");
                reader.length().expect("another size");
            }
            opcode::EXPIRETIME_MS => expires_ms = reader.u64_le().expect("a time") as i64,
            opcode::EOF => break,
            value_type => {
                let key = reader.string().expect("a key").into_owned();
                let value = match read_value(&mut reader, value_type, &rules).expect("a value") {
                    Step::Whole(value) => value.expect("no empty collection is written"),
                    Step::Begun(mut partial) => loop {
                        if let Some(value) = partial.advance(&mut reader, &rules).expect("a field") {
                            break value;
                        }
                    },
                };
                let key = (database, String::from_utf8(key).expect("the tests write text"));
                let held = (Plain::of(&value), core::mem::replace(&mut expires_ms, NO_EXPIRY));
                assert!(model.insert(key.clone(), held).is_none(), "{key:?} twice");
            }
        }
    }
    assert_eq!(reader.position(), body.len(), "nothing follows the end");
    model
}

#[test]
fn two_overlapping_snapshots_hold_the_instant_they_began_at_whatever_is_written_meanwhile() {
    let mut finished = 0;
    for seed in 0..12 {
        let mut world = World::new(seed);
        for step in 0..3000 {
            world.step();
            if step % 500 == 0 {
                world.check();
            }
        }
        world.check();
        finished += world.finished;
    }
    assert!(finished > 120, "only {finished} snapshots came to their end");
}

#[test]
fn a_snapshot_of_nothing_is_a_header_and_an_end_if_its_form_has_one() {
    let mut keyspace = Keyspace::new(DATABASES, ORDER);
    let id = keyspace.begin_snapshot(HEADER.to_vec(), SnapshotForm::Commands);
    keyspace.advance_snapshot(id, 100, BUFFERED_MAX);
    assert_eq!(keyspace.take_snapshot_output(id), (HEADER.to_vec(), true));
    for checksum in [false, true] {
        let mut keyspace = Keyspace::new(DATABASES, ORDER);
        let id = keyspace.begin_snapshot(HEADER.to_vec(), SnapshotRules { checksum, ..RULES });
        keyspace.advance_snapshot(id, 100, BUFFERED_MAX);
        let (bytes, is_last) = keyspace.take_snapshot_output(id);
        assert!(is_last);
        let body = [HEADER, &[opcode::EOF]].concat();
        let crc = if checksum { crc64::update(0, &body) } else { 0 };
        assert_eq!(bytes, [&body[..], &crc.to_le_bytes()].concat());
    }
}

#[test]
fn a_snapshot_waits_while_its_bytes_are_not_taken_except_for_old_values() {
    let mut keyspace = Keyspace::new(1, ORDER);
    for number in 0..1000 {
        let key = format!("key:{number}");
        keyspace.put(0, key.as_bytes(), StringValue::new(b"old").into(), NO_EXPIRY, 0);
    }
    let id = keyspace.begin_snapshot(Vec::new(), RULES);
    keyspace.advance_snapshot(id, usize::MAX, 100);
    let (written, total) = keyspace.snapshot_progress(id);
    assert!(written > 0 && written <= 32, "one segment was enough for 100 bytes: {written}");
    assert_eq!(total, 1000);
    keyspace.advance_snapshot(id, usize::MAX, 100);
    assert_eq!(keyspace.snapshot_progress(id).0, written);
    for number in 0..1000 {
        let key = format!("key:{number}");
        keyspace.put(0, key.as_bytes(), StringValue::new(b"new").into(), NO_EXPIRY, 0);
    }
    assert_eq!(keyspace.snapshot_progress(id).0, 1000);
    let (bytes, _) = keyspace.take_snapshot_output(id);
    let mut new = Vec::new();
    push_string(&mut new, b"new", false);
    assert!(!bytes.windows(new.len()).any(|window| window == new));
}

/// Each swap meets the snapshot elsewhere: before it has begun with either database, in the first of them, between them, after both.
#[test]
fn a_snapshot_follows_databases_that_change_places() {
    const PER_DATABASE: usize = 160;
    const WRITTEN_FIRST: [usize; 4] = [0, 40, PER_DATABASE + 40, 2 * PER_DATABASE + 40];
    let forms = [RULES.into(), SnapshotForm::Commands];
    for (form, written_first) in forms.into_iter().flat_map(|form| WRITTEN_FIRST.map(|written| (form, written))) {
        for then in ["edit", "flush", "swap back", "swap on"] {
            let mut keyspace = Keyspace::new(3, ORDER);
            let mut expected = Model::new();
            for number in 0..3 * PER_DATABASE {
                let (database, text) = ((number % 3) as u32, format!("{number}"));
                keyspace.put(database, text.as_bytes(), StringValue::new(b"old").into(), NO_EXPIRY, 0);
                expected.insert((database, text), (Plain::Text("old".into()), NO_EXPIRY));
            }
            let id = keyspace.begin_snapshot(HEADER.to_vec(), form);
            while keyspace.snapshot_progress(id).0 < written_first {
                keyspace.advance_snapshot(id, 1, BUFFERED_MAX);
            }
            keyspace.swap(0, 1);
            match then {
                "flush" => keyspace.flush(0),
                "swap back" => keyspace.swap(1, 0),
                "swap on" => keyspace.swap(2, 1),
                _ => {}
            }
            for number in 0..3 * PER_DATABASE {
                let text = format!("{number}");
                for database in 0..3 {
                    keyspace.put(database, text.as_bytes(), StringValue::new(b"new").into(), 7, 0);
                }
            }
            keyspace.advance_snapshot(id, usize::MAX, usize::MAX);
            let (bytes, is_last) = keyspace.take_snapshot_output(id);
            assert!(is_last);
            assert!(decode(form, &bytes) == expected, "{form:?}, {written_first} keys written before, then {then}");
        }
    }
}

#[test]
fn databases_that_change_places_keep_their_expiries_and_their_memory() {
    let mut keyspace = Keyspace::new(2, ORDER);
    keyspace.put(0, b"a", StringValue::new(b"a long enough value").into(), 5, 0);
    keyspace.put(1, b"b", StringValue::new(b"v").into(), NO_EXPIRY, 0);
    let place = keyspace.locate(0, b"a").expect("it was put");
    if let Value::String(string) = keyspace.edit(place) {
        string.make_mut().extend([b'x'; 1000]);
    }
    let before = keyspace.memory_bytes();
    keyspace.observe(true);
    keyspace.swap(0, 1);
    keyspace.swap(1, 1);
    assert_eq!(keyspace.take_touches(), [Touch::Swapped(0, 1)]);
    assert_eq!(keyspace.memory_bytes(), before);
    assert_eq!((keyspace.volatile(0), keyspace.volatile(1)), ((0, 0), (1, 5)));
    let expired = keyspace.find_expired(6).expect("it has expired");
    assert_eq!(keyspace.database_of(expired), 1);
}

#[test]
fn what_was_flushed_during_a_snapshot_is_freed_after_it() {
    let mut keyspace = Keyspace::new(1, ORDER);
    keyspace.put(0, b"k", StringValue::new(b"v").into(), NO_EXPIRY, 0);
    let ids = [0, 1].map(|_| keyspace.begin_snapshot(Vec::new(), RULES));
    keyspace.flush(0);
    assert!(!keyspace.has_doomed(), "both snapshots need it");
    keyspace.end_snapshot(ids[0]);
    assert!(!keyspace.has_doomed(), "one snapshot needs it");
    keyspace.end_snapshot(ids[1]);
    assert!(keyspace.has_doomed());
    keyspace.free_some(1);
    assert!(!keyspace.has_doomed());
}

#[test]
fn a_flushed_database_with_large_values_and_expiries_is_freed_in_bounded_steps() {
    const KEYS: usize = 500;
    const FIELDS: usize = 1000;
    const UNITS: usize = 256;
    let mut keyspace = Keyspace::new(1, ORDER);
    for number in 0..KEYS {
        let field = |field| (format!("f{field}"), ("v".to_string(), (field % 2 == 0).then_some(5)));
        let count = if number % 10 == 0 { FIELDS } else { 2 };
        let value = Plain::Fields((0..count).map(field).collect()).value();
        keyspace.put(0, format!("key:{number}").as_bytes(), value, number as i64, 0);
    }
    keyspace.flush(0);
    assert_eq!((keyspace.total_len(), keyspace.next_expiry_ms(), keyspace.next_field_expiry_ms()), (0, None, None));
    let mut steps = 0;
    while keyspace.has_doomed() {
        keyspace.free_some(UNITS);
        steps += 1;
    }
    // A step may exceed its units by what one segment holds: 32 entries, each of an effort up to 64.
    // Half of the fields expire.
    let parts = KEYS * 3 + KEYS / 10 * FIELDS * 2;
    assert!(steps >= parts / (UNITS + 32), "{steps} steps for {parts} parts");
    assert!(steps <= 2 * parts / UNITS, "{steps} steps for {parts} parts");
}

#[test]
fn a_large_value_that_is_replaced_or_removed_is_freed_later() {
    let mut keyspace = Keyspace::new(1, ORDER);
    let field = |field| (format!("f{field}"), ("v".to_string(), (field % 2 == 0).then_some(5)));
    let large = Plain::Fields((0..1000).map(field).collect());
    for is_replaced in [true, false] {
        keyspace.put(0, b"k", large.value(), NO_EXPIRY, 0);
        if is_replaced {
            keyspace.put(0, b"k", StringValue::new(b"v").into(), NO_EXPIRY, 0);
        } else {
            let place = keyspace.locate(0, b"k").expect("it was put");
            keyspace.remove(place);
        }
        for _ in 0..3 {
            assert!(keyspace.has_doomed());
            keyspace.free_some(200);
        }
        keyspace.free_some(2000);
        assert!(!keyspace.has_doomed());
    }
}

#[test]
fn observers_learn_every_change_once_and_in_order() {
    let mut keyspace = Keyspace::new(2, ORDER);
    keyspace.put(0, b"before", StringValue::new(b"v").into(), NO_EXPIRY, 0);
    assert!(!keyspace.has_touches());
    keyspace.observe(true);
    keyspace.put(1, b"a", StringValue::new(b"v").into(), 5, 0);
    keyspace.put(1, b"a", StringValue::new(b"w").into(), 6, 0);
    let place = keyspace.locate(1, b"a").expect("it was put");
    keyspace.mark_used(place, 9);
    keyspace.set_expiry(place, 7);
    keyspace.remove(place);
    keyspace.flush(0);
    let a = || Touch::Key(1, Blob::new(b"a"));
    assert_eq!(keyspace.take_touches(), [a(), a(), a(), a(), Touch::Emptied(0)]);
    keyspace.observe(false);
    keyspace.flush(1);
    assert!(!keyspace.has_touches());
}
