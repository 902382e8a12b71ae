//! RDB bytes to a keyspace, fed in pieces of any size.
//!
//! The data is built beside whatever is being served; nothing is given out before the last byte has come and the
//! checksum holds.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use crate::codec::crc64;
use crate::keyspace::{Keyspace, NO_EXPIRY, library_name, usage};
use crate::port::{Level, Wall};
use crate::rdb::{
    Dialect, Fault, ReadError, Reader, VERSION_READ_MAX, VERSION_VALKEY, module_name, opcode, value_type,
};
use crate::value::Value;
use crate::value::rdb::{BuildRules, Partial, Step, read_value};

use super::facts::Facts;

/// Bytes of the signature: `REDIS0010`, `VALKEY080`.
const SIGNATURE_BYTES: usize = 9;
/// From this version on a checksum follows the end.
const CHECKSUM_SINCE: u32 = 5;
/// An expiry in milliseconds that stands for none.
const NO_EXPIRY_MS: i64 = -1;
/// So many keys without elements, and keys that come twice, are named, as in Redis; the others are counted.
const KEYS_NAMED: u64 = 10;
/// So many facts that ask to be logged are; a file is not to fill a log.
const FACTS_LOGGED_MAX: usize = 100;

/// How a file is read.
#[derive(Clone, Copy, Debug)]
pub struct LoadRules {
    /// How values are built.
    pub build: BuildRules,
    /// Keys whose time came before this (milliseconds since the epoch) are dropped: what a master does at start. None on
    /// a replica, which waits for its master's word.
    pub drop_expired_before_ms: Option<i64>,
    /// Compare the checksum (`rdbchecksum`).
    pub verify_checksum: bool,
    /// Now: keys of which the file does not tell when they were used count as used now.
    pub wall: Wall,
    /// What is kept of a key's use is how often it was used.
    pub counts_frequency: bool,
}

/// What is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadError {
    /// Bytes read before the faulty item.
    pub position: u64,
    /// The key that the item is, or belongs to.
    pub key: Option<Vec<u8>>,
    /// What is wrong with it.
    pub fault: Fault,
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (at byte {}", self.fault, self.position)?;
        match &self.key {
            Some(key) => write!(f, ", key '{}')", key.escape_ascii()),
            None => f.write_str(")"),
        }
    }
}

/// What is worth a line in the log although nothing is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remark {
    /// A fact whose name begins with `%`, which asks for that.
    Fact(Vec<u8>, Vec<u8>),
    /// A key that holds nothing was skipped.
    EmptyKey(Vec<u8>),
    /// The file has no checksum.
    NoChecksum,
    /// A key came twice in one database.
    DuplicateKey(Vec<u8>, u32),
}

impl Remark {
    /// The line's level.
    #[must_use]
    pub fn level(&self) -> Level {
        match self {
            Remark::Fact(..) => Level::Notice,
            Remark::EmptyKey(_) | Remark::NoChecksum | Remark::DuplicateKey(..) => Level::Warning,
        }
    }
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = String::from_utf8_lossy;
        match self {
            Remark::Fact(name, value) => write!(f, "RDB '{}': {}", text(name), text(value)),
            Remark::EmptyKey(key) => write!(f, "rdbLoadObject skipping empty key: {}", text(key)),
            Remark::DuplicateKey(key, database) => {
                write!(f, "RDB has duplicated key '{}' in DB {database}: the last one counts", text(key))
            }
            Remark::NoChecksum => f.write_str("RDB file was saved with checksum disabled: no check performed."),
        }
    }
}

/// What becomes of what is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Use {
    Keep,
    /// A key that comes again counts as it came last: there is nothing left that a refusal could save.
    KeepLast,
    /// Each value is built, which is what proves it sound, and dropped.
    Check,
}

/// After each piece so many parts of values that were only checked are freed: far more than a piece can bring.
const CHECKED_PARTS_FREED: usize = 64 * 1024;

/// How far loading has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// More bytes are needed.
    More,
    /// It is complete; this many bytes of the last piece lie behind its end.
    Complete {
        /// Bytes that were not needed.
        unread: usize,
    },
}

/// A data set that was read to its end.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The data.
    pub keyspace: Keyspace,
    /// What the file says of it.
    pub facts: Facts,
    /// Keys that were dropped because their time had come: database and key.
    pub expired: Vec<(u32, Vec<u8>)>,
    /// Keys that were read and kept.
    pub keys: u64,
    /// Those among them that do not expire.
    pub lasting_keys: u64,
    /// Keys that were skipped because they hold nothing.
    pub empty_keys: u64,
}

#[derive(Clone, Debug)]
enum State {
    Signature,
    Items,
    Value(ValueInProgress),
    Complete,
}

#[derive(Clone, Debug)]
struct ValueInProgress {
    key: Vec<u8>,
    facts: KeyFacts,
    partial: Partial,
}

/// What stands before a key.
#[derive(Clone, Copy, Debug)]
struct KeyFacts {
    expires_ms: i64,
    /// What is known of its use.
    usage: Option<u32>,
}

impl Default for KeyFacts {
    fn default() -> KeyFacts {
        KeyFacts { expires_ms: NO_EXPIRY, usage: None }
    }
}

/// Builds a keyspace from RDB bytes.
#[derive(Clone, Debug)]
pub struct Loader {
    rules: LoadRules,
    purpose: Use,
    keyspace: Keyspace,
    state: State,
    version: u32,
    database: u32,
    /// What the file has told of the next key.
    next: KeyFacts,
    facts: Facts,
    expired: Vec<(u32, Vec<u8>)>,
    keys: u64,
    lasting_keys: u64,
    empty_keys: u64,
    duplicate_keys: u64,
    /// What the log is to tell.
    remarks: Vec<Remark>,
    facts_logged: usize,
    /// Bytes of an item that is not complete yet.
    tail: Vec<u8>,
    /// The tail is not worth a look before it has this many bytes.
    needed: usize,
    crc: u64,
    consumed: u64,
}

impl Loader {
    /// Fills `keyspace`, which is empty.
    #[must_use]
    pub fn new(keyspace: Keyspace, rules: LoadRules) -> Loader {
        Loader {
            rules,
            purpose: Use::Keep,
            keyspace,
            state: State::Signature,
            version: 0,
            database: 0,
            next: KeyFacts::default(),
            facts: Facts::default(),
            expired: Vec::new(),
            keys: 0,
            lasting_keys: 0,
            empty_keys: 0,
            duplicate_keys: 0,
            remarks: Vec::new(),
            facts_logged: 0,
            tail: Vec::new(),
            needed: 0,
            crc: 0,
            consumed: 0,
        }
    }

    /// Fills `keyspace` with what a [`Loader::checker`] has found sound.
    #[must_use]
    pub fn of_checked(keyspace: Keyspace, rules: LoadRules) -> Loader {
        Loader { purpose: Use::KeepLast, ..Loader::new(keyspace, rules) }
    }

    /// Checks everything that [`Loader::new`] would, key by key, and keeps nothing but what the file says of itself. That no key comes
    /// twice it cannot tell.
    #[must_use]
    pub fn checker(keyspace: Keyspace, rules: LoadRules) -> Loader {
        Loader { purpose: Use::Check, ..Loader::new(keyspace, rules) }
    }

    /// Bytes understood so far.
    #[must_use]
    pub fn consumed(&self) -> u64 {
        self.consumed
    }

    /// The data read so far; none of them if they are only checked.
    #[must_use]
    pub fn keyspace(&self) -> &Keyspace {
        &self.keyspace
    }

    /// What the file has told of itself so far.
    #[must_use]
    pub fn facts(&self) -> Facts {
        self.facts
    }

    /// Keys read so far.
    #[must_use]
    pub fn keys(&self) -> u64 {
        self.keys
    }

    /// What was met since the last call and is worth a line in the log.
    pub fn take_remarks(&mut self) -> Vec<Remark> {
        core::mem::take(&mut self.remarks)
    }

    /// Takes in the next bytes.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<Progress, LoadError> {
        if self.tail.is_empty() {
            let used = self.read(bytes)?;
            return Ok(self.after_read(&bytes[used..]));
        }
        self.tail.extend_from_slice(bytes);
        if self.tail.len() < self.needed {
            return Ok(Progress::More);
        }
        let tail = core::mem::take(&mut self.tail);
        let used = self.read(&tail)?;
        Ok(self.after_read(&tail[used..]))
    }

    /// Says that no more bytes will come: the data, if it is complete.
    pub fn finish(self) -> Result<Loaded, LoadError> {
        if !matches!(self.state, State::Complete) {
            let key = self.key_at(&self.tail);
            return Err(LoadError { position: self.consumed, key, fault: Fault::Truncated });
        }
        let Loader { keyspace, facts, expired, keys, lasting_keys, empty_keys, .. } = self;
        Ok(Loaded { keyspace, facts, expired, keys, lasting_keys, empty_keys })
    }

    fn after_read(&mut self, rest: &[u8]) -> Progress {
        if self.purpose == Use::Check {
            self.keyspace.free_some(CHECKED_PARTS_FREED);
        }
        if matches!(self.state, State::Complete) {
            return Progress::Complete { unread: rest.len() };
        }
        self.tail = rest.to_vec();
        Progress::More
    }

    /// Reads as many whole items as there are; returns how many bytes they took.
    fn read(&mut self, bytes: &[u8]) -> Result<usize, LoadError> {
        let mut used = 0;
        while used < bytes.len() && !matches!(self.state, State::Complete) {
            let mut reader = Reader::new(&bytes[used..]);
            match self.read_item(&mut reader) {
                Ok(()) => {
                    let taken = reader.position();
                    self.consumed += taken as u64;
                    used += taken;
                }
                Err(ReadError::Incomplete(needed)) => {
                    self.needed = needed;
                    break;
                }
                Err(ReadError::Fault(fault)) => {
                    let key = self.key_at(&bytes[used..]);
                    return Err(LoadError { position: self.consumed, key, fault });
                }
            }
        }
        Ok(used)
    }

    /// The key of the item that begins with these bytes, if it has one that can be read.
    fn key_at(&self, item: &[u8]) -> Option<Vec<u8>> {
        match &self.state {
            State::Value(value) => Some(value.key.clone()),
            State::Items if *item.first()? < opcode::SLOT_INFO => {
                Reader::new(item.get(1..)?).string().ok().map(|key| key.into_owned())
            }
            _ => None,
        }
    }

    /// Reads one item. Nothing may change unless the whole item was there; the checksum goes over what was read.
    fn read_item(&mut self, reader: &mut Reader<'_>) -> Result<(), ReadError> {
        let mut whole = reader.clone();
        let is_last = match &mut self.state {
            State::Signature => {
                self.version = read_signature(reader)?;
                self.rules.build.dialect = Dialect::of_version(self.version);
                self.state = State::Items;
                false
            }
            State::Items => self.read_opcode(reader)?,
            State::Value(value) => {
                if let Some(done) = value.partial.advance(reader, &self.rules.build)? {
                    let key = core::mem::take(&mut value.key);
                    let facts = value.facts;
                    self.state = State::Items;
                    self.add(&key, done, facts)?;
                }
                false
            }
            State::Complete => false,
        };
        if !is_last {
            let item = whole.take(reader.position() as u64)?;
            self.crc = crc64::update(self.crc, item);
        }
        Ok(())
    }

    /// Reads an opcode with its operands, or a key with its value; true after the end.
    fn read_opcode(&mut self, reader: &mut Reader<'_>) -> Result<bool, ReadError> {
        match reader.byte()? {
            opcode::EOF => {
                self.read_end(reader)?;
                return Ok(true);
            }
            opcode::SELECTDB => {
                let index = reader.length()?;
                let known = u32::try_from(index).ok().filter(|&index| index < self.keyspace.database_count());
                self.database = known.ok_or(Fault::Database { index, databases: self.keyspace.database_count() })?;
            }
            opcode::RESIZEDB => {
                reader.length()?;
                reader.length()?;
            }
            opcode::EXPIRETIME_MS => {
                let expires_ms = reader.u64_le()?.cast_signed();
                self.next.expires_ms = if expires_ms == NO_EXPIRY_MS { NO_EXPIRY } else { expires_ms };
            }
            opcode::EXPIRETIME => self.next.expires_ms = i64::from(reader.u32_le()? as i32).saturating_mul(1000),
            opcode::AUX => {
                let (name, value) = (reader.string()?, reader.string()?);
                self.facts.take_in(&name, &value);
                if name.starts_with(b"%") && self.facts_logged < FACTS_LOGGED_MAX {
                    self.facts_logged += 1;
                    self.remarks.push(Remark::Fact(name.into_owned(), value.into_owned()));
                }
            }
            opcode::FREQ => {
                let counter = reader.byte()?;
                if self.rules.counts_frequency {
                    self.next.usage = Some(usage::with_counter(self.rules.wall, u32::from(counter)));
                }
            }
            opcode::IDLE => {
                let idle_seconds = reader.length()?;
                if !self.rules.counts_frequency {
                    let idle_seconds = u32::try_from(idle_seconds).unwrap_or(u32::MAX);
                    self.next.usage = Some(usage::seconds(self.rules.wall).wrapping_sub(idle_seconds));
                }
            }
            opcode::SLOT_INFO => {
                for _ in 0..3 {
                    reader.length()?;
                }
            }
            opcode::FUNCTION2 => {
                let code = reader.string()?;
                self.add_library(&code)?;
            }
            opcode::FUNCTION_PRE_RELEASE => {
                let (name, engine) = (reader.string()?, reader.string()?);
                if reader.length()? != 0 {
                    reader.string()?;
                }
                // The head that libraries have now tells what stood beside the code then.
                let code = [b"#!", &engine[..], b" name=", &name[..], b"\n", &reader.string()?[..]].concat();
                self.add_library(&code)?;
            }
            // It can be passed over, but a server without the module would lose it: as in Redis, that is not to happen by itself.
            opcode::MODULE_AUX => return Err(Fault::ModuleAux(module_name(reader.length()?)).into()),
            value_type => self.read_key(reader, value_type)?,
        }
        Ok(false)
    }

    fn add_library(&mut self, code: &[u8]) -> Result<(), Fault> {
        let name = library_name(code).map_err(|error| Fault::Library(error.to_string()))?;
        if self.keyspace.libraries.contains(name) {
            return Err(Fault::Library(format!("Library '{}' already exists", name.escape_ascii())));
        }
        self.keyspace.libraries.put(name, code);
        Ok(())
    }

    fn read_key(&mut self, reader: &mut Reader<'_>, value_type: u8) -> Result<(), ReadError> {
        let key = reader.string()?;
        if self.purpose == Use::Check && value_type == value_type::STRING {
            reader.pass_string()?;
            let facts = core::mem::take(&mut self.next);
            self.count(facts);
            return Ok(());
        }
        let step = read_value(reader, value_type, &self.rules.build)?;
        let facts = core::mem::take(&mut self.next);
        match step {
            Step::Whole(Some(value)) => self.add(&key, value, facts)?,
            Step::Whole(None) => self.skip_empty(&key),
            Step::Begun(partial) => {
                self.state = State::Value(ValueInProgress { key: key.into_owned(), facts, partial });
            }
        }
        Ok(())
    }

    fn add(&mut self, key: &[u8], value: Value, facts: KeyFacts) -> Result<(), Fault> {
        if value.is_empty_collection() {
            self.skip_empty(key);
            return Ok(());
        }
        if self.purpose == Use::Check {
            self.keyspace.discard(value);
            self.count(facts);
            return Ok(());
        }
        if self.rules.drop_expired_before_ms.is_some_and(|now_ms| facts.expires_ms < now_ms) {
            self.expired.push((self.database, key.to_vec()));
            self.keyspace.discard(value);
            return Ok(());
        }
        if let Some(place) = self.keyspace.locate(self.database, key) {
            if self.purpose == Use::Keep {
                return Err(Fault::DuplicateKey(key.to_vec(), self.database));
            }
            let was_lasting = self.keyspace.entry(place).expires_ms == NO_EXPIRY;
            self.keyspace.remove(place);
            self.keys -= 1;
            self.lasting_keys -= u64::from(was_lasting);
            if self.duplicate_keys < KEYS_NAMED {
                self.remarks.push(Remark::DuplicateKey(key.to_vec(), self.database));
            }
            self.duplicate_keys += 1;
        }
        let usage = facts.usage.unwrap_or_else(|| match self.rules.counts_frequency {
            true => usage::first_use(self.rules.wall),
            false => usage::seconds(self.rules.wall),
        });
        self.keyspace.insert(self.database, key, value, facts.expires_ms, usage);
        self.count(facts);
        Ok(())
    }

    fn count(&mut self, facts: KeyFacts) {
        self.keys += 1;
        self.lasting_keys += u64::from(facts.expires_ms == NO_EXPIRY);
    }

    /// Versions of Redis with a certain defect wrote collections without elements; such a key is none.
    fn skip_empty(&mut self, key: &[u8]) {
        if self.empty_keys < KEYS_NAMED {
            self.remarks.push(Remark::EmptyKey(key.to_vec()));
        }
        self.empty_keys += 1;
    }

    fn read_end(&mut self, reader: &mut Reader<'_>) -> Result<(), ReadError> {
        if self.version >= CHECKSUM_SINCE {
            let stated = reader.u64_le()?;
            let computed = crc64::update(self.crc, &[opcode::EOF]);
            if stated != 0 && stated != computed && self.rules.verify_checksum {
                return Err(Fault::Checksum { stated, computed }.into());
            }
            if stated == 0 && self.rules.verify_checksum {
                self.remarks.push(Remark::NoChecksum);
            }
        }
        self.state = State::Complete;
        Ok(())
    }
}

/// Reads `REDIS0010` or `VALKEY080`: the version.
fn read_signature(reader: &mut Reader<'_>) -> Result<u32, ReadError> {
    let signature = reader.take(SIGNATURE_BYTES as u64)?;
    let digits = signature.strip_prefix(b"REDIS").or_else(|| signature.strip_prefix(b"VALKEY"));
    let digits = digits.filter(|digits| digits.iter().all(u8::is_ascii_digit)).ok_or(Fault::WrongSignature)?;
    let version = digits.iter().fold(0, |number, digit| number * 10 + u32::from(digit - b'0'));
    let is_known = match signature.first() {
        Some(b'V') => version == VERSION_VALKEY,
        _ => (1..=VERSION_READ_MAX).contains(&version),
    };
    if is_known { Ok(version) } else { Err(Fault::Version(version).into()) }
}
