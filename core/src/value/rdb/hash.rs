//! Hashes in the RDB format. Those of which fields expire are in [`expiring_hash`].

use alloc::borrow::Cow;
use alloc::vec::Vec;

use crate::codec::corrupt::Corrupt;
use crate::codec::listpack::Listpack;
use crate::codec::siphash::HashKey;
use crate::codec::zipmap;
use crate::rdb::{Fault, ReadError, Reader, push_length, push_string, value_type};
use crate::value::hash::{Form, pairs};
use crate::value::{Hash, Text, Value};

use super::packed::pack_ziplist;
use super::{BuildRules, Step, expiring_hash};

pub(super) fn type_of(hash: &Hash) -> u8 {
    match (hash.form(), hash.first_expiry_ms()) {
        (Form::Packed(_), None) => value_type::HASH_LISTPACK,
        (Form::Few(_) | Form::Table(_), None) => value_type::HASH,
        (Form::Packed(_), Some(_)) => value_type::HASH_LISTPACK_EX,
        (Form::Few(_) | Form::Table(_), Some(_)) => value_type::HASH_METADATA,
    }
}

pub(super) fn push(out: &mut Vec<u8>, hash: &Hash, compress: bool) {
    if let Some(first_ms) = hash.first_expiry_ms() {
        return expiring_hash::push(out, hash, first_ms, compress);
    }
    match hash.form() {
        Form::Packed(pack) => push_string(out, pack.as_bytes(), compress),
        Form::Few(_) | Form::Table(_) => {
            push_length(out, hash.len() as u64);
            hash.for_each(|name, value| {
                name.with_bytes(|name| push_string(out, name, compress));
                value.with_bytes(|value| push_string(out, value, compress));
            });
        }
    }
}

/// A hash of which some fields are missing.
#[derive(Clone, Debug)]
pub struct Partial {
    hash: Hash,
    missing: u64,
}

pub(super) fn read(reader: &mut Reader<'_>, value_type: u8, rules: &BuildRules) -> Result<Step, ReadError> {
    if value_type != value_type::HASH {
        let hash = read_packed_hash(reader.string()?, value_type, rules)?;
        return Ok(Step::Whole((!hash.is_empty()).then(|| hash.into())));
    }
    let missing = reader.length()?;
    if missing == 0 {
        return Ok(Step::Whole(None));
    }
    let mut hash = Hash::default();
    if missing > rules.limits.hash.listpack_entries_max as u64 {
        hash.make_table(rules.order);
    }
    Ok(Step::Begun(super::Partial::Hash(Partial { hash, missing })))
}

impl Partial {
    pub(super) fn advance(&mut self, reader: &mut Reader<'_>, rules: &BuildRules) -> Result<Option<Value>, ReadError> {
        let name = reader.string()?;
        let value = reader.string()?;
        if !self.hash.set(&name, &value, &rules.limits.hash, rules.order) {
            return Err(Fault::DuplicateField.into());
        }
        self.missing -= 1;
        Ok((self.missing == 0).then(|| core::mem::take(&mut self.hash).into()))
    }
}

fn read_packed_hash(bytes: Cow<'_, [u8]>, value_type: u8, rules: &BuildRules) -> Result<Hash, Fault> {
    match value_type {
        value_type::HASH_ZIPMAP => read_zipmap(&bytes, rules),
        value_type::HASH_ZIPLIST => {
            let pack = pack_ziplist(&bytes)?;
            check_pairs(&pack, rules.order)?;
            Ok(Hash::from_pairs(pack, &rules.limits.hash, rules.order))
        }
        _ => {
            let pack = Listpack::from_bytes(bytes.into_owned()).map_err(Fault::Value)?;
            check_pairs(&pack, rules.order)?;
            Ok(Hash::from_pairs(pack, &rules.limits.hash, rules.order))
        }
    }
}

/// Both limits count for a zipmap, as in Redis, not only the number of fields.
fn read_zipmap(bytes: &[u8], rules: &BuildRules) -> Result<Hash, Fault> {
    let mut hash = Hash::default();
    for (name, value) in zipmap::pairs(bytes).map_err(Fault::Value)? {
        if !hash.set(name, value, &rules.limits.hash, rules.order) {
            return Err(Fault::DuplicateField);
        }
    }
    Ok(hash)
}

/// A listpack must hold pairs, and no name twice, to be a hash.
fn check_pairs(pack: &Listpack, order: HashKey) -> Result<(), Fault> {
    if !pack.len().is_multiple_of(2) {
        return Err(Fault::Value(Corrupt::new(0, "a hash with a field and no value")));
    }
    check_names(pairs(pack).map(|(name, _)| name), order)
}

/// No name may be there twice.
pub(super) fn check_names<'a>(names: impl Iterator<Item = Text<'a>>, order: HashKey) -> Result<(), Fault> {
    // By hash, so that names are neither copied nor compared each with each.
    let mut names: Vec<(u64, Text<'_>)> = names.map(|name| (name.with_bytes(|name| order.hash(name)), name)).collect();
    names.sort_unstable_by_key(|(hash, _)| *hash);
    if names.windows(2).any(|two| two[0] == two[1]) {
        return Err(Fault::DuplicateField);
    }
    Ok(())
}
