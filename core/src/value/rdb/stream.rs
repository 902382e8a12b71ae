//! Streams in the RDB format.

use alloc::vec::Vec;

use crate::rdb::{Fault, ReadError, Reader, value_type};
use crate::value::{Stream, Value};

use super::{BuildRules, Step};

pub(super) fn type_of(_value: &Stream) -> u8 {
    value_type::STREAM_2
}

pub(super) fn push(_out: &mut Vec<u8>, _value: &Stream, _compress: bool) {}

/// A value of which some elements are missing.
#[derive(Clone, Debug)]
pub struct Partial(());

pub(super) fn read(_reader: &mut Reader<'_>, value_type: u8, _rules: &BuildRules) -> Result<Step, ReadError> {
    Err(Fault::ValueType(value_type).into())
}

impl Partial {
    pub(super) fn advance(
        &mut self,
        _reader: &mut Reader<'_>,
        _rules: &BuildRules,
    ) -> Result<Option<Value>, ReadError> {
        Ok(None)
    }
}
