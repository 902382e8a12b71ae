//! Hashes of which fields expire, in the RDB format: written as Redis 8.0 does, read as it and Valkey 9 do.
//!
//! A field whose time has come is kept when it is read, as by those servers: a master removes it soon after, and feeds that.

use alloc::vec::Vec;

use crate::codec::corrupt::Corrupt;
use crate::codec::listpack::Listpack;
use crate::codec::number::push_i64;
use crate::rdb::{Fault, ReadError, Reader, push_length, push_string, value_type};
use crate::value::hash::{Form, pairs};
use crate::value::{Hash, Text, Value};

use super::hash::check_names;
use super::{BuildRules, Step};

/// What stands for the time of a field that has none, in a listpack.
const NEVER: i64 = 0;

/// Appends a hash whose first field expires at `first_ms`.
pub(super) fn push(out: &mut Vec<u8>, hash: &Hash, first_ms: i64, compress: bool) {
    out.extend_from_slice(&first_ms.to_le_bytes());
    match hash.form() {
        Form::Packed(pack) => push_string(out, pack_triples(hash, pack).as_bytes(), compress),
        Form::Few(_) | Form::Table(_) => {
            push_length(out, hash.len() as u64);
            hash.for_each(|name, value| {
                let at_ms = name.with_bytes(|name| hash.expiry(name));
                let after_first = at_ms.map(|at_ms| at_ms.abs_diff(first_ms).saturating_add(1));
                push_length(out, after_first.unwrap_or(0));
                name.with_bytes(|name| push_string(out, name, compress));
                value.with_bytes(|value| push_string(out, value, compress));
            });
        }
    }
}

/// Names, values and times by turns, those that expire first before the others.
fn pack_triples(hash: &Hash, pack: &Listpack) -> Listpack {
    let time_of = |name: Text<'_>| name.with_bytes(|name| hash.expiry(name));
    let mut triples: Vec<_> = pairs(pack).map(|(name, value)| (time_of(name), name, value)).collect();
    triples.sort_by_key(|(at_ms, _, _)| (at_ms.is_none(), *at_ms));
    let mut packed = Listpack::new();
    let mut digits = Vec::new();
    for (at_ms, name, value) in triples {
        name.with_bytes(|name| packed.push_back(name));
        value.with_bytes(|value| packed.push_back(value));
        digits.clear();
        push_i64(&mut digits, at_ms.unwrap_or(NEVER));
        packed.push_back(&digits);
    }
    packed
}

/// Where a field's time stands, and how it is told.
#[derive(Clone, Copy, Debug)]
enum Times {
    /// Before it, counted from the first one.
    After(i64),
    /// Behind it, as it is.
    Absolute,
}

/// A hash of which some fields are missing.
#[derive(Clone, Debug)]
pub struct Partial {
    hash: Hash,
    times: Times,
    missing: u64,
}

pub(super) fn read(reader: &mut Reader<'_>, value_type: u8, rules: &BuildRules) -> Result<Step, ReadError> {
    let times = match value_type {
        value_type::HASH_METADATA => Times::After(first_time(reader)?),
        value_type::HASH_LISTPACK_EX => {
            first_time(reader)?;
            let pack = Listpack::from_bytes(reader.string()?.into_owned()).map_err(Fault::Value)?;
            let hash = read_triples(&pack, rules)?;
            return Ok(Step::Whole((!hash.is_empty()).then(|| hash.into())));
        }
        _ => Times::Absolute,
    };
    let missing = reader.length()?;
    if missing == 0 {
        return Ok(Step::Whole(None));
    }
    let mut hash = Hash::default();
    if missing > rules.limits.hash.listpack_entries_max as u64 {
        hash.make_table(rules.order);
    }
    Ok(Step::Begun(super::Partial::ExpiringHash(Partial { hash, times, missing })))
}

/// The first time, which may be that of a field that has lost its own since: only its range is looked at.
fn first_time(reader: &mut Reader<'_>) -> Result<i64, ReadError> {
    Ok(i64::try_from(reader.u64_le()?).map_err(|_| Fault::FieldExpiry)?)
}

impl Partial {
    pub(super) fn advance(&mut self, reader: &mut Reader<'_>, rules: &BuildRules) -> Result<Option<Value>, ReadError> {
        let (name, value, at_ms);
        match self.times {
            Times::After(first_ms) => {
                at_ms = match reader.length()? {
                    0 => None,
                    after => Some(first_ms.checked_add_unsigned(after - 1).ok_or(Fault::FieldExpiry)?),
                };
                (name, value) = (reader.string()?, reader.string()?);
            }
            Times::Absolute => {
                (name, value) = (reader.string()?, reader.string()?);
                at_ms = match reader.u64_le()? {
                    u64::MAX => None,
                    at_ms => Some(i64::try_from(at_ms).map_err(|_| Fault::FieldExpiry)?),
                };
            }
        }
        if !self.hash.set(&name, &value, &rules.limits.hash, rules.order) {
            return Err(Fault::DuplicateField.into());
        }
        if let Some(at_ms) = at_ms {
            self.hash.set_expiry(&name, at_ms, rules.order);
        }
        self.missing -= 1;
        Ok((self.missing == 0).then(|| core::mem::take(&mut self.hash).into()))
    }
}

/// The hash that is in a listpack of names, values and times.
fn read_triples(triples: &Listpack, rules: &BuildRules) -> Result<Hash, Fault> {
    if !triples.len().is_multiple_of(3) {
        return Err(Fault::Value(Corrupt::new(0, "a hash with a field and no value or time")));
    }
    let mut entries = triples.iter().map(Text::from);
    let triple = move || Some((entries.next()?, entries.next()?, entries.next()?));
    let triples: Vec<_> = core::iter::from_fn(triple).collect();
    check_names(triples.iter().map(|(name, _, _)| *name), rules.order)?;
    let mut hash = hash_of(&triples, rules);
    let mut latest_ms = NEVER;
    for (name, _, time) in triples {
        let at_ms = time.to_i64().filter(|at_ms| *at_ms >= 0).ok_or(Fault::FieldExpiry)?;
        if at_ms == NEVER {
            latest_ms = i64::MAX;
        } else if at_ms < latest_ms {
            return Err(Fault::FieldExpiry);
        } else {
            latest_ms = at_ms;
            name.with_bytes(|name| hash.set_expiry(name, at_ms, rules.order));
        }
    }
    Ok(hash)
}

/// Only the number of fields decides whether it is a table, as when Redis loads one.
fn hash_of(triples: &[(Text<'_>, Text<'_>, Text<'_>)], rules: &BuildRules) -> Hash {
    if triples.len() > rules.limits.hash.listpack_entries_max {
        let mut hash = Hash::default();
        let fields = hash.make_table(rules.order);
        for (name, value, _) in triples {
            name.with_bytes(|name| value.with_bytes(|value| fields.set(name, value)));
        }
        return hash;
    }
    let mut pack = Listpack::new();
    for text in triples.iter().flat_map(|(name, value, _)| [name, value]) {
        text.with_bytes(|text| pack.push_back(text));
    }
    Hash::Packed(pack)
}

#[cfg(test)]
#[path = "expiring_hash_tests.rs"]
mod tests;
