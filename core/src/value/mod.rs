//! What a key holds: the types of Redis and their encodings.

mod blob;
pub mod hash;
pub mod rdb;
mod string;

use alloc::boxed::Box;

pub use blob::Blob;
pub use hash::Hash;
pub use string::StringValue;

/// A value of any type. 24 bytes, so that an entry of the keyspace fills one cache line.
#[derive(Clone, Debug)]
pub enum Value {
    /// A string, in one of its encodings.
    String(StringValue),
    /// A hash.
    Hash(Box<Hash>),
}

impl Value {
    /// The type's name, as TYPE tells it.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match self {
            Value::String(_) => "string",
            Value::Hash(_) => "hash",
        }
    }

    /// The encoding's name, as OBJECT ENCODING tells it.
    #[must_use]
    pub fn encoding_name(&self) -> &'static str {
        match self {
            Value::String(string) => string.encoding_name(),
            Value::Hash(hash) => hash.encoding_name(),
        }
    }

    /// How many elements must be freed one by one if the value is dropped.
    #[must_use]
    pub fn free_effort(&self) -> usize {
        match self {
            Value::String(_) => 1,
            Value::Hash(hash) => hash.free_effort(),
        }
    }
}

const _: () = assert!(size_of::<Value>() == 24, "a value must leave an entry of the keyspace at 64 bytes");
