//! Sorted sets in the RDB format.

use alloc::vec::Vec;

use crate::codec::corrupt::Corrupt;
use crate::codec::double;
use crate::codec::listpack::Listpack;
use crate::rdb::{Fault, ReadError, Reader, push_length, push_string, value_type};
use crate::value::zset::Set;
use crate::value::{Value, Zset};

use super::packed::pack_ziplist;
use super::{BuildRules, Step};

pub(super) fn type_of(zset: &Zset) -> u8 {
    match zset {
        Zset::Packed(_) => value_type::ZSET_LISTPACK,
        Zset::Large(_) => value_type::ZSET_2,
    }
}

/// As in Redis, a large one from its greatest member down: a reader of a skip list is fastest that way.
pub(super) fn push(out: &mut Vec<u8>, zset: &Zset, compress: bool) {
    if let Zset::Packed(pack) = zset {
        return push_string(out, pack.as_bytes(), compress);
    }
    push_length(out, zset.len() as u64);
    for (member, score) in zset.iter_down(zset.len().saturating_sub(1)) {
        member.with_bytes(|member| push_string(out, member, compress));
        out.extend_from_slice(&score.to_le_bytes());
    }
}

/// A sorted set of which some members are missing.
#[derive(Clone, Debug)]
pub struct Partial {
    zset: Zset,
    value_type: u8,
    missing: u64,
}

pub(super) fn read(reader: &mut Reader<'_>, value_type: u8, rules: &BuildRules) -> Result<Step, ReadError> {
    let pack = match value_type {
        value_type::ZSET_ZIPLIST => pack_ziplist(&reader.string()?)?,
        value_type::ZSET_LISTPACK => Listpack::from_bytes(reader.string()?.into_owned()).map_err(Fault::Value)?,
        _ => {
            let missing = reader.length()?;
            if missing == 0 {
                return Ok(Step::Whole(None));
            }
            return Ok(Step::Begun(super::Partial::Zset(Partial {
                zset: Zset::large(rules.order),
                value_type,
                missing,
            })));
        }
    };
    let broken = Fault::Value(Corrupt::new(0, "a sorted set with a member twice, or a score that is no number"));
    let zset = Zset::from_pairs(pack, rules.limits.zset, rules.order).ok_or(broken)?;
    Ok(Step::Whole((!zset.is_empty()).then(|| zset.into())))
}

impl Partial {
    pub(super) fn advance(&mut self, reader: &mut Reader<'_>, rules: &BuildRules) -> Result<Option<Value>, ReadError> {
        let member = reader.string()?;
        let score = match self.value_type {
            value_type::ZSET => read_digits(reader)?,
            _ => f64::from_bits(reader.u64_le()?),
        };
        if score.is_nan() {
            return Err(Fault::NotANumber.into());
        }
        if self.zset.set(&member, score, rules.limits.zset, rules.order) != Set::Added {
            return Err(Fault::DuplicateScoredMember.into());
        }
        self.missing -= 1;
        let is_whole = self.missing == 0;
        Ok(is_whole.then(|| core::mem::take(&mut self.zset).compacted(rules.limits.zset, rules.order).into()))
    }
}

/// A score in decimal digits behind their number; three numbers stand for what has no digits.
fn read_digits(reader: &mut Reader<'_>) -> Result<f64, ReadError> {
    match reader.byte()? {
        253 => Err(Fault::NotANumber.into()),
        254 => Ok(f64::INFINITY),
        255 => Ok(f64::NEG_INFINITY),
        len => double::parse(reader.take(u64::from(len))?).ok_or(Fault::NotANumber.into()),
    }
}
