//! Values in the RDB format, written in the forms of a Redis 7.0 (hashes with fields that expire, of 8.0) and read in those of Redis 2.4 to
//! 8.0 and Valkey 9.
//!
//! Differs: whatever is read is checked to its last byte, whether it comes from a file, from a master or from a client, and whatever
//! `sanitize-dump-payload` says: nothing that walks through a value later can meet damage. Redis checks so deeply only where that directive
//! asks for it, and otherwise trusts what lies within a listpack. Measured on 200,000 hashes of 32 fields each (177 MB): 1.0 s of processor
//! time here, 1.0 s in a Redis 7.0 that checks, 0.6 s in one that does not.
//!
//! A file for each type; each has the same four: its type byte, how it is written, how reading it begins, and how it
//! goes on for a large one.

mod expiring_hash;
mod hash;
mod list;
mod packed;
mod set;
mod stream;
mod zset;

use alloc::boxed::Box;
use alloc::vec::Vec;

use crate::codec::siphash::HashKey;
use crate::rdb::{Dialect, Fault, ReadError, Reader, module_name, push_string, push_string_int, value_type};

use super::{Limits, StringValue, Value};

/// The type byte under which a value is written.
#[must_use]
pub fn type_of(value: &Value) -> u8 {
    match value {
        Value::String(_) => value_type::STRING,
        Value::Hash(value) => hash::type_of(value),
        Value::List(value) => list::type_of(value),
        Value::Set(value) => set::type_of(value),
        Value::Zset(value) => zset::type_of(value),
        Value::Stream(value) => stream::type_of(value),
    }
}

/// Appends a value without its type byte. `compress` as `rdbcompression`.
pub fn push_value(out: &mut Vec<u8>, value: &Value, compress: bool) {
    match value {
        Value::String(StringValue::Int(value)) => push_string_int(out, *value),
        Value::String(string) => push_string(out, string.as_slice().unwrap_or_default(), compress),
        Value::Hash(value) => hash::push(out, value, compress),
        Value::List(value) => list::push(out, value, compress),
        Value::Set(value) => set::push(out, value, compress),
        Value::Zset(value) => zset::push(out, value, compress),
        Value::Stream(value) => stream::push(out, value, compress),
    }
}

/// What a reader needs to know to build values.
#[derive(Clone, Copy, Debug)]
pub struct BuildRules {
    /// When collections leave their compact encodings.
    pub limits: Limits,
    /// The key of large collections' order.
    pub order: HashKey,
    /// Whose types are read.
    pub dialect: Dialect,
}

/// A value of which some was read: large collections are taken element by element, so that no more than one element
/// must be in memory twice.
#[derive(Clone, Debug)]
pub enum Partial {
    /// A hash.
    Hash(hash::Partial),
    /// A hash of which fields expire.
    ExpiringHash(expiring_hash::Partial),
    /// A list.
    List(list::Partial),
    /// A set.
    Set(set::Partial),
    /// A sorted set.
    Zset(zset::Partial),
    /// A stream.
    Stream(Box<stream::Partial>),
}

/// The next step in reading a value.
#[derive(Debug)]
pub enum Step {
    /// The whole value. Nothing if it is an empty collection, which is skipped.
    Whole(Option<Value>),
    /// The beginning of a large one: continue with [`Partial::advance`].
    Begun(Partial),
}

/// Reads a value of type `value_type`, or the beginning of a large one.
///
/// After [`ReadError::Incomplete`] the same is asked again, of a reader at the same place with more bytes.
pub fn read_value(reader: &mut Reader<'_>, value_type: u8, rules: &BuildRules) -> Result<Step, ReadError> {
    use value_type::*;
    match value_type {
        STRING => Ok(Step::Whole(Some(StringValue::from(reader.string()?).into()))),
        HASH | HASH_ZIPMAP | HASH_ZIPLIST | HASH_LISTPACK => hash::read(reader, value_type, rules),
        HASH_METADATA | HASH_LISTPACK_EX => expiring_hash::read(reader, value_type, rules),
        HASH_METADATA_PRE_RELEASE_OR_HASH_2 if rules.dialect == Dialect::Valkey => {
            expiring_hash::read(reader, value_type, rules)
        }
        HASH_METADATA_PRE_RELEASE_OR_HASH_2 | HASH_LISTPACK_EX_PRE_RELEASE => Err(Fault::PreReleaseHash.into()),
        LIST | LIST_ZIPLIST | LIST_QUICKLIST | LIST_QUICKLIST_2 => list::read(reader, value_type, rules),
        SET | SET_INTSET | SET_LISTPACK => set::read(reader, value_type, rules),
        ZSET | ZSET_2 | ZSET_ZIPLIST | ZSET_LISTPACK => zset::read(reader, value_type, rules),
        STREAM | STREAM_2 | STREAM_3 => stream::read(reader, value_type, rules),
        MODULE_PRE_RELEASE | MODULE => Err(Fault::Module(module_name(reader.length()?)).into()),
        other => Err(Fault::ValueType(other).into()),
    }
}

impl Partial {
    /// Reads one element more; the value, once it is whole. After that it must not be asked again.
    ///
    /// [`ReadError::Incomplete`] leaves it as it was: the same is asked again, of a reader at the same place with more
    /// bytes.
    pub fn advance(&mut self, reader: &mut Reader<'_>, rules: &BuildRules) -> Result<Option<Value>, ReadError> {
        match self {
            Partial::Hash(partial) => partial.advance(reader, rules),
            Partial::ExpiringHash(partial) => partial.advance(reader, rules),
            Partial::List(partial) => partial.advance(reader, rules),
            Partial::Set(partial) => partial.advance(reader, rules),
            Partial::Zset(partial) => partial.advance(reader, rules),
            Partial::Stream(partial) => partial.advance(reader, rules),
        }
    }
}

#[cfg(test)]
mod tests;
