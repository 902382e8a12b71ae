//! Sets in the RDB format.

use alloc::vec::Vec;

use crate::codec::corrupt::Corrupt;
use crate::codec::intset::Intset;
use crate::codec::listpack::Listpack;
use crate::rdb::{Fault, ReadError, Reader, push_length, push_string, value_type};
use crate::value::{Set, Text, Value};

use super::{BuildRules, Step};

pub(super) fn type_of(set: &Set) -> u8 {
    match set {
        Set::Ints(_) => value_type::SET_INTSET,
        Set::Texts(_) => value_type::SET,
    }
}

pub(super) fn push(out: &mut Vec<u8>, set: &Set, compress: bool) {
    match set {
        Set::Ints(ints) => push_string(out, ints.as_bytes(), compress),
        Set::Texts(_) => {
            push_length(out, set.len() as u64);
            set.for_each(|member| member.with_bytes(|member| push_string(out, member, compress)));
        }
    }
}

/// A set of which some members are missing.
#[derive(Clone, Debug)]
pub struct Partial {
    set: Set,
    missing: u64,
}

pub(super) fn read(reader: &mut Reader<'_>, value_type: u8, rules: &BuildRules) -> Result<Step, ReadError> {
    let (limits, order) = (rules.limits.set, rules.order);
    let set = match value_type {
        value_type::SET_INTSET => {
            let ints = Intset::from_bytes(reader.string()?.into_owned()).map_err(Fault::Value)?;
            // Nobody writes it: to Redis it is damage, unlike other collections without elements.
            if ints.is_empty() {
                return Err(Fault::Value(Corrupt::new(4, "an intset of no integers")).into());
            }
            Set::from_ints(ints, limits, order)
        }
        value_type::SET_LISTPACK => {
            let pack = Listpack::from_bytes(reader.string()?.into_owned()).map_err(Fault::Value)?;
            let mut set = Set::default();
            for member in pack.iter() {
                if !Text::from(member).with_bytes(|member| set.add(member, limits, order)) {
                    return Err(Fault::DuplicateMember.into());
                }
            }
            set
        }
        _ => {
            let missing = reader.length()?;
            if missing == 0 {
                return Ok(Step::Whole(None));
            }
            let mut set = Set::default();
            // As in Redis, many members are a table from the start.
            if missing > limits.intset_entries_max as u64 {
                set.make_texts(order).make_many(order);
            }
            return Ok(Step::Begun(super::Partial::Set(Partial { set, missing })));
        }
    };
    Ok(Step::Whole((!set.is_empty()).then(|| set.into())))
}

impl Partial {
    pub(super) fn advance(&mut self, reader: &mut Reader<'_>, rules: &BuildRules) -> Result<Option<Value>, ReadError> {
        if !self.set.add(&reader.string()?, rules.limits.set, rules.order) {
            return Err(Fault::DuplicateMember.into());
        }
        self.missing -= 1;
        Ok((self.missing == 0).then(|| core::mem::take(&mut self.set).into()))
    }
}
