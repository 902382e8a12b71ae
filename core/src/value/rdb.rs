//! Values in the RDB format, written in the forms of a Redis 7.0 and read in those of Redis 2.4 to 8.0.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use crate::codec::listpack::{Entry as Packed, Listpack};
use crate::codec::siphash::HashKey;
use crate::codec::{ziplist, zipmap};
use crate::rdb::{Fault, ReadError, Reader, push_length, push_string, push_string_int, value_type};

use super::hash::{HashLimits, Text};
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
pub fn read_value(reader: &mut Reader<'_>, value_type: u8, rules: &BuildRules) -> Result<Step, ReadError> {
    let whole = |value: Value| Ok(Step::Whole(Some(value)));
    match value_type {
        value_type::STRING => whole(StringValue::new(&reader.string()?).into()),
        value_type::HASH => {
            let missing = reader.length()?;
            if missing == 0 {
                return Ok(Step::Whole(None));
            }
            Ok(Step::Begun(Partial::Hash { hash: Hash::default(), missing }))
        }
        value_type::HASH_ZIPMAP | value_type::HASH_ZIPLIST | value_type::HASH_LISTPACK => {
            let bytes = reader.string()?;
            let hash = read_packed_hash(bytes, value_type, rules)?;
            Ok(Step::Whole((!hash.is_empty()).then(|| hash.into())))
        }
        6 | 7 => Err(Fault::Module.into()),
        other => Err(Fault::ValueType(other).into()),
    }
}

impl Partial {
    /// Reads one element more; the value, once it is whole.
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
    if value_type == value_type::HASH_LISTPACK {
        let pack = Listpack::from_bytes(bytes.into_owned()).map_err(Fault::Value)?;
        check_pairs(&pack, rules.order)?;
        let fits = pack.len() / 2 <= rules.hash.listpack_entries_max
            && pack.iter().all(|entry| entry.len() <= rules.hash.listpack_value_bytes_max);
        let mut hash = Hash::Packed(pack);
        if !fits {
            hash.make_table(rules.order);
        }
        return Ok(hash);
    }
    let mut hash = Hash::default();
    let mut add = |name: Text<'_>, value: Text<'_>| {
        let is_new = name.with_bytes(|name| value.with_bytes(|value| hash.set(name, value, &rules.hash, rules.order)));
        if is_new { Ok(()) } else { Err(Fault::DuplicateField) }
    };
    if value_type == value_type::HASH_ZIPMAP {
        for (name, value) in zipmap::pairs(&bytes).map_err(Fault::Value)? {
            add(Text::Bytes(name), Text::Bytes(value))?;
        }
        return Ok(hash);
    }
    let mut entries = ziplist::entries(&bytes).map_err(Fault::Value)?;
    while let Some(name) = entries.next() {
        let value = entries.next().ok_or(Fault::Value(odd_count()))?;
        add(name.into(), value.into())?;
    }
    Ok(hash)
}

/// A listpack must hold pairs, and no name twice, to be a hash.
fn check_pairs(pack: &Listpack, order: HashKey) -> Result<(), Fault> {
    if pack.len() % 2 != 0 {
        return Err(Fault::Value(odd_count()));
    }
    let hash_of = |entry: Packed<'_>| Text::from(entry).with_bytes(|bytes| order.hash(bytes));
    let mut names: Vec<u64> = pack.iter().step_by(2).map(hash_of).collect();
    names.sort_unstable();
    if names.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(Fault::DuplicateField);
    }
    Ok(())
}

fn odd_count() -> crate::codec::corrupt::Corrupt {
    crate::codec::corrupt::Corrupt::new(0, "a hash with a field and no value")
}
