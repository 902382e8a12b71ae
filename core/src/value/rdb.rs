//! Values in the RDB format, written in the forms of a Redis 7.0 and read in those of Redis 2.4 to 8.0.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use crate::codec::corrupt::Corrupt;
use crate::codec::listpack::{LISTPACK_BYTES_MAX, Listpack};
use crate::codec::siphash::HashKey;
use crate::codec::{ziplist, zipmap};
use crate::rdb::{Fault, ReadError, Reader, push_length, push_string, push_string_int, value_type};

use super::hash::{HashLimits, Text, pairs};
use super::{Hash, StringValue, Value};

/// The type byte under which a value is written.
#[must_use]
pub fn type_of(value: &Value) -> u8 {
    match value {
        Value::String(_) => value_type::STRING,
        Value::Hash(hash) => match &**hash {
            Hash::Packed(_) => value_type::HASH_LISTPACK,
            Hash::Table { .. } => value_type::HASH,
        },
    }
}

/// Appends a value without its type byte. `compress` as `rdbcompression`.
pub fn push_value(out: &mut Vec<u8>, value: &Value, compress: bool) {
    match value {
        Value::String(StringValue::Int(value)) => push_string_int(out, *value),
        Value::String(string) => push_string(out, string.as_slice().unwrap_or_default(), compress),
        Value::Hash(hash) => match &**hash {
            Hash::Packed(pack) => push_string(out, pack.as_bytes(), compress),
            Hash::Table { fields, .. } => {
                push_length(out, fields.len() as u64);
                for field in fields {
                    push_string(out, &field.name, compress);
                    push_string(out, &field.value, compress);
                }
            }
        },
    }
}

/// What a reader needs to know to build values.
#[derive(Clone, Copy, Debug)]
pub struct BuildRules {
    /// When a hash leaves its compact encoding.
    pub hash: HashLimits,
    /// The key of large collections' order.
    pub order: HashKey,
}

/// A value of which some was read: large collections are taken element by element, so that no more than one element
/// must be in memory twice.
#[derive(Clone, Debug)]
pub enum Partial {
    /// A hash of which this many fields are missing.
    Hash {
        /// What was read.
        hash: Hash,
        /// Fields still to come.
        missing: u64,
    },
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
    let whole = |value: Value| Ok(Step::Whole(Some(value)));
    match value_type {
        value_type::STRING => whole(StringValue::new(&reader.string()?).into()),
        value_type::HASH => {
            let missing = reader.length()?;
            if missing == 0 {
                return Ok(Step::Whole(None));
            }
            let mut hash = Hash::default();
            if missing > rules.hash.listpack_entries_max as u64 {
                hash.make_table(rules.order);
            }
            Ok(Step::Begun(Partial::Hash { hash, missing }))
        }
        value_type::HASH_ZIPMAP | value_type::HASH_ZIPLIST | value_type::HASH_LISTPACK => {
            let hash = read_packed_hash(reader.string()?, value_type, rules)?;
            Ok(Step::Whole((!hash.is_empty()).then(|| hash.into())))
        }
        // Modules, before and since Redis 4.0.
        6 | 7 => Err(Fault::Module.into()),
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
            Partial::Hash { hash, missing } => {
                let name = reader.string()?;
                let value = reader.string()?;
                if !hash.set(&name, &value, &rules.hash, rules.order) {
                    return Err(Fault::DuplicateField.into());
                }
                *missing -= 1;
                Ok((*missing == 0).then(|| core::mem::take(hash).into()))
            }
        }
    }
}

fn read_packed_hash(bytes: Cow<'_, [u8]>, value_type: u8, rules: &BuildRules) -> Result<Hash, Fault> {
    match value_type {
        value_type::HASH_ZIPMAP => read_zipmap(&bytes, rules),
        value_type::HASH_ZIPLIST => {
            let pack = pack_ziplist(&bytes)?;
            check_pairs(&pack, rules.order)?;
            Ok(Hash::from_pairs(pack, &rules.hash, rules.order))
        }
        _ => {
            let pack = Listpack::from_bytes(bytes.into_owned()).map_err(Fault::Value)?;
            check_pairs(&pack, rules.order)?;
            Ok(Hash::from_pairs(pack, &rules.hash, rules.order))
        }
    }
}

/// Both limits count for a zipmap, as in Redis, not only the number of fields.
fn read_zipmap(bytes: &[u8], rules: &BuildRules) -> Result<Hash, Fault> {
    let mut hash = Hash::default();
    for (name, value) in zipmap::pairs(bytes).map_err(Fault::Value)? {
        if !hash.set(name, value, &rules.hash, rules.order) {
            return Err(Fault::DuplicateField);
        }
    }
    Ok(hash)
}

fn pack_ziplist(bytes: &[u8]) -> Result<Listpack, Fault> {
    // An element takes less than twice its bytes in a ziplist, so that the listpack keeps within its own limit.
    if bytes.len() > LISTPACK_BYTES_MAX / 2 {
        return Err(Fault::Value(Corrupt::new(0, "a ziplist larger than any that was ever written")));
    }
    let mut pack = Listpack::new();
    for entry in ziplist::entries(bytes).map_err(Fault::Value)? {
        Text::from(entry).with_bytes(|text| pack.push_back(text));
    }
    Ok(pack)
}

/// A listpack must hold pairs, and no name twice, to be a hash.
fn check_pairs(pack: &Listpack, order: HashKey) -> Result<(), Fault> {
    if !pack.len().is_multiple_of(2) {
        return Err(Fault::Value(Corrupt::new(0, "a hash with a field and no value")));
    }
    // By hash, so that names are neither copied nor compared each with each.
    let mut names: Vec<(u64, Text<'_>)> =
        pairs(pack).map(|(name, _)| (name.with_bytes(|name| order.hash(name)), name)).collect();
    names.sort_unstable_by_key(|(hash, _)| *hash);
    if names.windows(2).any(|two| two[0] == two[1]) {
        return Err(Fault::DuplicateField);
    }
    Ok(())
}

#[cfg(test)]
#[path = "rdb_tests.rs"]
mod tests;
