//! What a key holds: the types of Redis and their encodings.
//!
//! A collection that is compact is one allocation; one that is large hangs off a box. Each type is a file or a folder of its own here, and
//! has another in [`rdb`]; [`commands`] spells all of them out. What they share is the [`Text`] of an element, the [`Limits`] of compact
//! encodings, and the traits below.

mod blob;
pub mod commands;
pub mod digest;
pub mod footprint;
pub mod hash;
pub mod limits;
pub mod list;
pub mod rdb;
pub mod set;
pub mod stream;
mod string;
mod text;
pub mod zset;

use alloc::boxed::Box;

use crate::table::Remains;

pub use blob::Blob;
pub use hash::Hash;
pub use limits::Limits;
pub use list::List;
pub use set::Set;
pub use stream::{Stream, StreamId};
pub use string::StringValue;
pub use text::Text;
pub use zset::Zset;

/// A value of any type. 24 bytes, so that an entry of the keyspace fills one cache line.
#[derive(Clone, Debug)]
pub enum Value {
    /// A string, in one of its encodings.
    String(StringValue),
    /// A hash.
    Hash(Hash),
    /// A list.
    List(List),
    /// A set.
    Set(Set),
    /// A sorted set.
    Zset(Zset),
    /// A stream.
    Stream(Box<Stream>),
}

const _: () = assert!(size_of::<Value>() == 24, "a value must leave an entry of the keyspace at 64 bytes");

/// A type of value: how code that asks for one type gets it out of a [`Value`].
pub trait ValueType: Into<Value> {
    /// The value, if it is of this type.
    fn of(value: &Value) -> Option<&Self>;
    /// The value, if it is of this type.
    fn of_mut(value: &mut Value) -> Option<&mut Self>;
}

macro_rules! value_types {
    ($($name:ident($type:ty) = $word:literal;)*) => {
        $(
            impl ValueType for $type {
                #[inline]
                fn of(value: &Value) -> Option<&Self> {
                    if let Value::$name(value) = value { Some(value) } else { None }
                }

                #[inline]
                fn of_mut(value: &mut Value) -> Option<&mut Self> {
                    if let Value::$name(value) = value { Some(value) } else { None }
                }
            }

            impl From<$type> for Value {
                #[inline]
                fn from(value: $type) -> Value {
                    Value::$name(value)
                }
            }
        )*

        impl Value {
            /// The type's name, as TYPE tells it.
            #[must_use]
            pub fn type_name(&self) -> &'static str {
                match self {
                    $(Value::$name(_) => $word,)*
                }
            }

            /// The encoding's name, as OBJECT ENCODING tells it.
            #[must_use]
            pub fn encoding_name(&self) -> &'static str {
                match self {
                    $(Value::$name(value) => value.encoding_name(),)*
                }
            }
        }
    };
}

value_types! {
    String(StringValue) = "string";
    Hash(Hash) = "hash";
    List(List) = "list";
    Set(Set) = "set";
    Zset(Zset) = "zset";
    Stream(Box<Stream>) = "stream";
}

impl Value {
    /// True for a collection without elements, which no key may hold. A file may tell of one; it is skipped.
    #[must_use]
    pub fn is_empty_collection(&self) -> bool {
        match self {
            Value::String(_) | Value::Stream(_) => false,
            Value::Hash(hash) => hash.is_empty(),
            Value::List(list) => list.is_empty(),
            Value::Set(set) => set.is_empty(),
            Value::Zset(zset) => zset.is_empty(),
        }
    }

    /// Bytes of memory behind the 24 of the value itself. O(1).
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        match self {
            Value::String(string) => string.memory_bytes(),
            Value::Hash(hash) => hash.memory_bytes(),
            Value::List(list) => list.memory_bytes(),
            Value::Set(set) => set.memory_bytes(),
            Value::Zset(zset) => zset.memory_bytes(),
            Value::Stream(stream) => stream.memory_bytes(),
        }
    }

    /// A byte that depends on both ends of the memory behind the value, if that is one allocation. Who asks this of many values before he reads the
    /// first of them has them fetched side by side: each lies somewhere else, and a fetch takes longer than all that is done with a short value.
    #[inline]
    #[must_use]
    pub fn fetch(&self) -> u8 {
        let bytes = match self {
            Value::String(string) => string.as_slice().unwrap_or_default(),
            Value::Hash(Hash::Packed(pack)) | Value::List(List::Packed(pack)) | Value::Zset(Zset::Packed(pack)) => {
                pack.as_bytes()
            }
            Value::Set(Set::Ints(ints)) => ints.as_bytes(),
            _ => &[],
        };
        bytes.first().zip(bytes.last()).map_or(0, |(first, last)| first ^ last)
    }

    /// How many parts must be freed one by one if the value is dropped.
    #[must_use]
    pub fn free_effort(&self) -> usize {
        match self {
            Value::String(_) => 1,
            Value::Hash(hash) => hash.free_effort(),
            Value::List(list) => list.free_effort(),
            Value::Set(set) => set.free_effort(),
            Value::Zset(zset) => zset.free_effort(),
            Value::Stream(stream) => stream.free_effort(),
        }
    }

    /// When the first of its fields expires, if it is a hash of which some do: milliseconds since the epoch.
    #[inline]
    #[must_use]
    pub fn first_field_expiry_ms(&self) -> Option<i64> {
        match self {
            Value::Hash(hash) => hash.first_expiry_ms(),
            _ => None,
        }
    }

    /// Gives it up, to be freed a little at a time; nothing if it was small enough to be freed at once.
    #[must_use]
    pub fn dismantle(self) -> Option<Box<dyn Remnant>> {
        match self {
            Value::String(_) => None,
            Value::Hash(hash) => hash.dismantle(),
            Value::List(list) => list.dismantle(),
            Value::Set(set) => set.dismantle(),
            Value::Zset(zset) => zset.dismantle(),
            Value::Stream(stream) => stream.dismantle(),
        }
    }
}

/// What is left of a large value that was given up.
pub trait Remnant: Send + Sync {
    /// True if nothing is left.
    fn is_empty(&self) -> bool;

    /// Frees at least `units` parts, if there are as many, and returns how many went.
    fn free_some(&mut self, units: usize) -> usize;
}

impl<T: Send + Sync> Remnant for Remains<T> {
    fn is_empty(&self) -> bool {
        Remains::is_empty(self)
    }

    fn free_some(&mut self, units: usize) -> usize {
        self.drop_some(units)
    }
}
