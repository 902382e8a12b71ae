//! What a handler of data sees: the keyspace, the time, the random generator, the reply and the feed. Nothing else.

use crate::codec::number::parse_i64;
use crate::codec::random::Random;
use crate::config::Config;
use crate::keyspace::usage::{self, FrequencyRules};
use crate::keyspace::{Keyspace, NO_EXPIRY, Place};
use crate::marks::Mark;
use crate::museum::Defect;
use crate::port::Now;
use crate::resp::Reply;
use crate::value::hash::expiring::NEVER_DEAD;
use crate::value::{Limits, StringValue, Value, ValueType};

use super::block::{Block, Null, Service};
use super::error::CommandError;
use super::feed::Feed;
use super::notice::{Class, Notices};
use super::reply_error::{NOT_AN_INTEGER, WRONG_TYPE};

/// What is done about a key whose time has come, when a command meets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExpiryRule {
    /// It is removed, and the removal is fed: a master.
    Remove,
    /// It is treated as missing but kept: a client of a replica. The master will send its removal.
    Hide,
    /// It is alive: the master's own commands on a replica, and `DEBUG`.
    Ignore,
}

/// The longest string that a master may make us build, whatever our own `proto-max-bulk-len` says: what one request could carry.
const MASTER_STRING_BYTES_MAX: u64 = u32::MAX as u64;

/// The surroundings of one data command.
pub struct Exec<'a> {
    /// All databases.
    pub keyspace: &'a mut Keyspace,
    /// The selected one.
    pub database: u32,
    /// The time, the same throughout a command and throughout a transaction.
    pub now: Now,
    /// The node's random generator.
    pub random: &'a mut Random,
    /// The reply.
    pub reply: Reply<'a>,
    /// What replicas are told.
    pub feed: &'a mut Feed,
    /// The configuration.
    pub config: &'a Config,
    /// What is done about expired keys.
    pub expiry: ExpiryRule,
    /// What subscribers to keyspace events are told.
    pub notices: &'a mut Notices,
    /// Why the command is carried out.
    pub service: Service<'a>,
    /// What it waits for, if it does.
    pub block: &'a mut Option<Block>,
    /// What was removed because its time had come, for INFO.
    pub expired: &'a mut Expired,
    /// Look-ups that found something and nothing, for INFO.
    pub hits: &'a mut Hits,
}

/// Counters of what was removed because its time had come.
#[derive(Clone, Copy, Debug, Default)]
pub struct Expired {
    /// Keys.
    pub keys: u64,
    /// Fields of hashes.
    pub fields: u64,
}

/// Counters of look-ups.
#[derive(Clone, Copy, Debug, Default)]
pub struct Hits {
    /// The key was there.
    pub hits: u64,
    /// It was not.
    pub misses: u64,
}

impl Exec<'_> {
    /// Now, in milliseconds since the epoch.
    #[inline]
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        self.now.wall.millis()
    }

    /// Fields of hashes whose time is before this are dead to the command.
    #[inline]
    #[must_use]
    pub fn dead_before_ms(&self) -> i64 {
        match self.expiry {
            ExpiryRule::Remove | ExpiryRule::Hide => self.now_ms(),
            ExpiryRule::Ignore => NEVER_DEAD,
        }
    }

    /// Finds a key that is alive, and leaves no trace of having looked.
    #[inline]
    pub fn peek(&mut self, key: &[u8]) -> Option<Place> {
        let place = self.keyspace.locate(self.database, key)?;
        let expires_ms = self.keyspace.entry(place).expires_ms;
        if self.expiry == ExpiryRule::Ignore && expires_ms < self.now_ms() {
            self.feed.marks.set(Mark::ExpiredMetByStream);
        }
        if expires_ms == NO_EXPIRY || self.expiry == ExpiryRule::Ignore || expires_ms >= self.now_ms() {
            return Some(place);
        }
        if self.expiry == ExpiryRule::Remove {
            self.feed.marks.set(Mark::ExpiredWhenMet);
            if !self.feed.has(Defect::LazyExpireNotPropagated) {
                self.feed.expired(self.database, key, self.config.lazyfree_lazy_expire);
            }
            self.keyspace.remove(place);
            self.expired.keys += 1;
            self.notify(Class::Expired, "expired", key);
        } else if self.feed.has(Defect::ReplicaServesExpired) {
            return Some(place);
        } else {
            self.feed.marks.set(Mark::ExpiredHidden);
        }
        None
    }

    /// Finds a key that is alive, for writing: marked as used, no statistics.
    #[inline]
    pub fn find(&mut self, key: &[u8]) -> Option<Place> {
        let place = self.peek(key)?;
        self.mark_used(place);
        Some(place)
    }

    /// Finds a key that is alive, for reading: counted as hit or miss, and marked as used.
    #[inline]
    pub fn find_to_read(&mut self, key: &[u8]) -> Option<Place> {
        let found = self.find(key);
        match found {
            Some(_) => self.hits.hits += 1,
            None => {
                self.hits.misses += 1;
                self.notify(Class::Missed, "keymiss", key);
            }
        }
        found
    }

    #[inline]
    fn mark_used(&mut self, place: Place) {
        let usage = match self.frequency_rules() {
            None => usage::seconds(self.now.wall),
            Some(rules) => usage::after_use(self.keyspace.entry(place).usage, self.now.wall, rules, self.random),
        };
        self.keyspace.mark_used(place, usage);
    }

    /// How frequencies are counted, if the policy looks at them.
    #[inline]
    #[must_use]
    pub fn frequency_rules(&self) -> Option<FrequencyRules> {
        self.config.maxmemory_policy.counts_frequency().then_some(FrequencyRules {
            log_factor: self.config.lfu_log_factor,
            decay_minutes: self.config.lfu_decay_time,
        })
    }

    /// The value at a place.
    #[inline]
    #[must_use]
    pub fn value(&self, place: Place) -> &Value {
        &self.keyspace.entry(place).value
    }

    /// When the key at a place expires, or [`NO_EXPIRY`].
    #[must_use]
    pub fn expires_ms(&self, place: Place) -> i64 {
        self.keyspace.entry(place).expires_ms
    }

    /// The value at a place, of the type that the command is about.
    #[inline]
    pub fn typed<T: ValueType>(&self, place: Place) -> Result<&T, CommandError> {
        T::of(self.value(place)).ok_or(WRONG_TYPE)
    }

    /// The same, about to be changed.
    #[inline]
    pub fn typed_mut<T: ValueType>(&mut self, place: Place) -> Result<&mut T, CommandError> {
        self.typed::<T>(place)?;
        T::of_mut(self.keyspace.edit(place)).ok_or(WRONG_TYPE)
    }

    /// The string at a place.
    #[inline]
    pub fn string(&self, place: Place) -> Result<&StringValue, CommandError> {
        self.typed(place)
    }

    /// The string at a place, about to be changed.
    pub fn string_mut(&mut self, place: Place) -> Result<&mut StringValue, CommandError> {
        self.typed_mut(place)
    }

    /// Makes the string at a place `raw`, as one that a command has been about to write into is. Its bytes stay as they are: nobody is told.
    pub fn make_raw(&mut self, place: Place) {
        if self.string(place).is_ok_and(|string| string.encoding_name() != "raw")
            && let Value::String(string) = self.keyspace.recode(place)
        {
            string.make_mut();
        }
    }

    /// The longest string that the command may build, in bytes.
    #[must_use]
    pub fn string_bytes_max(&self) -> u64 {
        // What the master has done must be done here too, under its limits instead of ours.
        match self.expiry {
            ExpiryRule::Ignore => self.config.proto_max_bulk_len.max(MASTER_STRING_BYTES_MAX),
            ExpiryRule::Remove | ExpiryRule::Hide => self.config.proto_max_bulk_len,
        }
    }

    /// Sets a key, whether it exists or not, to a value without expiry or with one in absolute milliseconds.
    pub fn put(&mut self, key: &[u8], value: impl Into<Value>, expires_ms: i64) {
        if self.notices.classes.wants(Class::New) && self.keyspace.locate(self.database, key).is_none() {
            self.notify(Class::New, "new", key);
        }
        let usage = self.first_use();
        self.keyspace.put(self.database, key, value.into(), expires_ms, usage);
    }

    /// Sets a key as one that comes into being, though another may have had its name: RENAME and COPY.
    pub fn put_anew(&mut self, key: &[u8], value: impl Into<Value>, expires_ms: i64) {
        self.notify(Class::New, "new", key);
        let usage = self.first_use();
        self.keyspace.put(self.database, key, value.into(), expires_ms, usage);
    }

    /// Replaces the value at a place, and its expiry.
    pub fn replace(&mut self, place: Place, value: impl Into<Value>, expires_ms: i64) {
        let usage = self.first_use();
        self.keyspace.replace(place, value.into(), expires_ms, usage);
    }

    /// Replaces a string by one that fits into its memory, and its expiry. False if it does not fit.
    #[inline]
    pub fn overwrite(&mut self, place: Place, bytes: &[u8], expires_ms: i64) -> bool {
        let usage = self.first_use();
        self.keyspace.overwrite(place, bytes, expires_ms, usage)
    }

    /// Adds a key that [`Exec::find`] did not find.
    pub fn insert(&mut self, key: &[u8], value: impl Into<Value>, expires_ms: i64) {
        // A key that was hidden, its time having come, is still there: it is replaced.
        if self.expiry == ExpiryRule::Hide {
            return self.put(key, value, expires_ms);
        }
        self.notify(Class::New, "new", key);
        let usage = self.first_use();
        self.keyspace.insert(self.database, key, value.into(), expires_ms, usage);
    }

    /// Marks the data as changed `count` times: the command is fed to replicas as it was sent, unless the handler says
    /// otherwise by [`Exec::feed`].
    #[inline]
    pub fn changed(&mut self, count: u64) {
        self.feed.changed(count);
    }

    /// Tells subscribers of an event.
    #[inline]
    pub fn notify(&mut self, class: Class, event: &'static str, key: &[u8]) {
        self.notices.push(class, event, self.database, key);
    }

    /// Removes the key at a place, of which the last element was taken: subscribers are told `del`.
    pub fn remove_emptied(&mut self, place: Place, key: &[u8]) {
        self.keyspace.remove(place);
        self.notify(Class::Generic, "del", key);
    }

    /// False for a key that does not count: the command has waited, and another key was filled.
    #[must_use]
    pub fn counts(&self, key: &[u8]) -> bool {
        match self.service {
            Service::Filled(filled) => filled == key,
            Service::Asked | Service::AskedAtOnce => true,
        }
    }

    /// Waits, if the command may; else the time is over at once.
    pub fn wait(&mut self, block: Block) {
        match (self.service, block.null) {
            (Service::AskedAtOnce, Null::Bulk) => self.reply.null(),
            (Service::AskedAtOnce, Null::Array) => self.reply.null_array(),
            _ => *self.block = Some(block),
        }
    }

    /// When collections leave their compact encodings.
    #[must_use]
    pub fn limits(&self) -> Limits {
        Limits::of(self.config)
    }

    /// What a new entry keeps of its use.
    #[inline]
    #[must_use]
    pub fn first_use(&self) -> u32 {
        match self.config.maxmemory_policy.counts_frequency() {
            true => usage::first_use(self.now.wall),
            false => usage::seconds(self.now.wall),
        }
    }
}

/// An argument that must be an integer.
pub(super) fn int_arg(arg: &[u8]) -> Result<i64, CommandError> {
    parse_i64(arg).ok_or(NOT_AN_INTEGER)
}

/// True if an argument is `word`, which is in upper case, in any case.
#[inline]
pub(super) fn is_word(arg: &[u8], word: &str) -> bool {
    arg.eq_ignore_ascii_case(word.as_bytes())
}

/// The value at a place, borrowed from the keyspace alone, so that the reply can be written meanwhile.
#[inline]
pub(super) fn stored<T: ValueType>(keyspace: &Keyspace, place: Place) -> Result<&T, CommandError> {
    T::of(&keyspace.entry(place).value).ok_or(WRONG_TYPE)
}
