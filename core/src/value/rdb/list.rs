//! Lists in the RDB format.

use alloc::vec::Vec;

use crate::codec::listpack::Listpack;
use crate::rdb::{Fault, ReadError, Reader, push_length, push_string, value_type};
use crate::value::list::{End, Node, NodeRef};
use crate::value::{List, Value};

use super::packed::pack_ziplist;
use super::{BuildRules, Step};

/// What a node is, before its bytes.
const PLAIN: u64 = 1;
const PACKED: u64 = 2;

pub(super) fn type_of(_list: &List) -> u8 {
    value_type::LIST_QUICKLIST_2
}

pub(super) fn push(out: &mut Vec<u8>, list: &List, compress: bool) {
    push_length(out, list.node_count() as u64);
    list.for_each_node(|node| match node {
        NodeRef::Packed(pack) => {
            push_length(out, PACKED);
            push_string(out, pack.as_bytes(), compress);
        }
        NodeRef::Plain(value) => {
            push_length(out, PLAIN);
            push_string(out, value, compress);
        }
    });
}

/// A list of which some elements or nodes are missing.
#[derive(Clone, Debug)]
pub struct Partial {
    list: List,
    value_type: u8,
    missing: u64,
}

pub(super) fn read(reader: &mut Reader<'_>, value_type: u8, _rules: &BuildRules) -> Result<Step, ReadError> {
    let mut list = List::default();
    if value_type == value_type::LIST_ZIPLIST {
        list.push_node(End::Tail, Node::Packed(pack_ziplist(&reader.string()?)?));
        return Ok(Step::Whole((!list.is_empty()).then(|| list.into())));
    }
    match reader.length()? {
        0 => Ok(Step::Whole(None)),
        missing => Ok(Step::Begun(super::Partial::List(Partial { list, value_type, missing }))),
    }
}

impl Partial {
    pub(super) fn advance(&mut self, reader: &mut Reader<'_>, rules: &BuildRules) -> Result<Option<Value>, ReadError> {
        match self.value_type {
            value_type::LIST => self.list.push(End::Tail, &reader.string()?, rules.limits.list),
            value_type::LIST_QUICKLIST => {
                self.list.push_node(End::Tail, Node::Packed(pack_ziplist(&reader.string()?)?));
            }
            _ => {
                let node = match (reader.length()?, reader.string()?) {
                    (PLAIN, value) => Node::Plain(value.into_owned().into_boxed_slice()),
                    (PACKED, bytes) => Node::Packed(Listpack::from_bytes(bytes.into_owned()).map_err(Fault::Value)?),
                    (other, _) => return Err(Fault::ListNode(other).into()),
                };
                self.list.push_node(End::Tail, node);
            }
        }
        self.missing -= 1;
        Ok((self.missing == 0).then(|| core::mem::take(&mut self.list).into()))
    }
}
