//! Short byte strings without an allocation: keys, field names, field values.

use alloc::boxed::Box;
use core::borrow::Borrow;
use core::fmt;
use core::ops::Deref;

use super::footprint::allocated;

/// The longest byte string that is kept in place.
const INLINE_BYTES_MAX: usize = 22;

/// An immutable byte string of 24 bytes: in place up to 22 bytes, one allocation of the exact size above.
#[derive(Clone)]
pub struct Blob(Repr);

#[derive(Clone)]
enum Repr {
    Inline { len: u8, bytes: [u8; INLINE_BYTES_MAX] },
    Heap(Box<[u8]>),
}

impl Blob {
    /// Copies `bytes`.
    #[inline]
    #[must_use]
    pub fn new(bytes: &[u8]) -> Blob {
        if bytes.len() > INLINE_BYTES_MAX {
            return Blob(Repr::Heap(bytes.into()));
        }
        let mut inline = [0; INLINE_BYTES_MAX];
        inline[..bytes.len()].copy_from_slice(bytes);
        Blob(Repr::Inline { len: bytes.len() as u8, bytes: inline })
    }

    /// The bytes.
    #[inline]
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        match &self.0 {
            Repr::Inline { len, bytes } => bytes.get(..usize::from(*len)).unwrap_or_default(),
            Repr::Heap(bytes) => bytes,
        }
    }

    /// Bytes allocated beside the 24.
    #[inline]
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        match &self.0 {
            Repr::Inline { .. } => 0,
            Repr::Heap(bytes) => allocated(bytes.len()),
        }
    }
}

impl Default for Blob {
    fn default() -> Blob {
        Blob::new(b"")
    }
}

impl Deref for Blob {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.as_slice()
    }
}

/// Equal and ordered as its bytes are.
impl Borrow<[u8]> for Blob {
    fn borrow(&self) -> &[u8] {
        self.as_slice()
    }
}

impl From<&[u8]> for Blob {
    fn from(bytes: &[u8]) -> Blob {
        Blob::new(bytes)
    }
}

impl fmt::Debug for Blob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.as_slice().escape_ascii())
    }
}

impl PartialEq for Blob {
    fn eq(&self, other: &Blob) -> bool {
        self.as_slice() == other.as_slice()
    }
}

impl Eq for Blob {}

impl PartialOrd for Blob {
    fn partial_cmp(&self, other: &Blob) -> Option<core::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Blob {
    fn cmp(&self, other: &Blob) -> core::cmp::Ordering {
        self.as_slice().cmp(other.as_slice())
    }
}

const _: () = assert!(size_of::<Blob>() == 24);
