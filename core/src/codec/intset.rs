//! Intsets: sorted integers of one width in one block of bytes, as Redis keeps and sends them.
//!
//! A header of 8 bytes (the width in bytes of each integer and their number, little-endian), then the integers, little-endian, in
//! ascending order. The width is that of the widest one that was ever in it.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::corrupt::Corrupt;

const HEADER_LEN: usize = 8;

/// A set of integers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intset {
    /// Of the exact size: an intset is 16 bytes and one allocation.
    bytes: Box<[u8]>,
}

impl Default for Intset {
    fn default() -> Intset {
        Intset { bytes: Box::new([2, 0, 0, 0, 0, 0, 0, 0]) }
    }
}

/// The width that an integer needs, in bytes.
fn width_of(value: i64) -> usize {
    match value {
        -0x8000..=0x7fff => 2,
        -0x8000_0000..=0x7fff_ffff => 4,
        _ => 8,
    }
}

impl Intset {
    /// Takes bytes from outside after checking every one of them, in O(n).
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Intset, Corrupt> {
        let header = bytes.first_chunk::<HEADER_LEN>().ok_or(Corrupt::new(0, "an intset without a header"))?;
        let width = u32::from_le_bytes([header[0], header[1], header[2], header[3]]);
        let count = u32::from_le_bytes([header[4], header[5], header[6], header[7]]);
        if !matches!(width, 2 | 4 | 8) {
            return Err(Corrupt::new(0, "an intset of integers of an unknown width"));
        }
        let stated = u64::from(width) * u64::from(count) + HEADER_LEN as u64;
        if stated != bytes.len() as u64 {
            return Err(Corrupt::new(4, "an intset whose count does not fit its size"));
        }
        let set = Intset { bytes: bytes.into_boxed_slice() };
        let is_ascending = set.iter().zip(set.iter().skip(1)).all(|(left, right)| left < right);
        if is_ascending { Ok(set) } else { Err(Corrupt::new(HEADER_LEN, "an intset out of order")) }
    }

    /// The intset as it is stored and sent.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn width(&self) -> usize {
        usize::from(self.bytes[0])
    }

    /// How many integers.
    #[must_use]
    pub fn len(&self) -> usize {
        (self.bytes.len() - HEADER_LEN) / self.width()
    }

    /// True if there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.len() == HEADER_LEN
    }

    /// The integer at an index in ascending order.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<i64> {
        let width = self.width();
        let start = index.checked_mul(width)?.checked_add(HEADER_LEN)?;
        let bytes = self.bytes.get(start..start + width)?;
        Some(match *bytes {
            [a, b] => i64::from(i16::from_le_bytes([a, b])),
            [a, b, c, d] => i64::from(i32::from_le_bytes([a, b, c, d])),
            _ => i64::from_le_bytes(bytes.try_into().ok()?),
        })
    }

    /// All integers in ascending order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = i64> + '_ {
        (0..self.len()).map(|index| self.get(index).unwrap_or_default())
    }

    /// The index of an integer, or the one at which it would stand.
    fn search(&self, value: i64) -> Result<usize, usize> {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low + (high - low) / 2;
            match self.get(middle).unwrap_or_default().cmp(&value) {
                core::cmp::Ordering::Less => low = middle + 1,
                core::cmp::Ordering::Equal => return Ok(middle),
                core::cmp::Ordering::Greater => high = middle,
            }
        }
        Err(low)
    }

    /// True if the integer is in it.
    #[must_use]
    pub fn contains(&self, value: i64) -> bool {
        width_of(value) <= self.width() && self.search(value).is_ok()
    }

    /// Adds an integer; true if it is new.
    pub fn insert(&mut self, value: i64) -> bool {
        let Err(index) = self.search(value) else { return false };
        if width_of(value) > self.width() {
            self.widen(width_of(value));
        }
        let width = self.width();
        let at = HEADER_LEN + index * width;
        let mut bytes = core::mem::take(&mut self.bytes).into_vec();
        let len = bytes.len();
        bytes.reserve_exact(width);
        bytes.resize(len + width, 0);
        bytes.copy_within(at..len, at + width);
        bytes[at..at + width].copy_from_slice(&value.to_le_bytes()[..width]);
        self.keep(bytes);
        true
    }

    /// Removes an integer; true if it was there.
    pub fn remove(&mut self, value: i64) -> bool {
        let Ok(index) = self.search(value) else { return false };
        let width = self.width();
        let at = HEADER_LEN + index * width;
        let mut bytes = core::mem::take(&mut self.bytes).into_vec();
        bytes.drain(at..at + width);
        self.keep(bytes);
        true
    }

    fn widen(&mut self, width: usize) {
        let mut bytes = Vec::with_capacity(HEADER_LEN + (self.len() + 1) * width);
        bytes.extend_from_slice(&[width as u8, 0, 0, 0, 0, 0, 0, 0]);
        for value in self.iter() {
            bytes.extend_from_slice(&value.to_le_bytes()[..width]);
        }
        self.keep(bytes);
    }

    fn keep(&mut self, mut bytes: Vec<u8>) {
        let count = ((bytes.len() - HEADER_LEN) / usize::from(bytes[0])) as u32;
        bytes[4..HEADER_LEN].copy_from_slice(&count.to_le_bytes());
        self.bytes = bytes.into_boxed_slice();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeSet;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_intset_does_what_an_ordered_set_does(
            steps in prop::collection::vec((any::<bool>(), prop_oneof![-40_i64..40, any::<i32>().prop_map(i64::from), any::<i64>()]), 0..200)
        ) {
            let (mut set, mut model) = (Intset::default(), BTreeSet::new());
            for (adds, value) in steps {
                if adds {
                    prop_assert_eq!(set.insert(value), model.insert(value));
                } else {
                    prop_assert_eq!(set.remove(value), model.remove(&value));
                }
                prop_assert_eq!(set.contains(value), model.contains(&value));
                prop_assert!(set.iter().eq(model.iter().copied()));
            }
            let again = Intset::from_bytes(set.as_bytes().to_vec());
            prop_assert_eq!(again, Ok(set));
        }

        #[test]
        fn bytes_from_outside_are_refused_or_sound(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            if let Ok(set) = Intset::from_bytes(bytes) {
                prop_assert!(set.iter().count() == set.len());
            }
        }
    }

    #[test]
    fn an_intset_of_redis_reads_as_what_it_held() {
        // DUMP of Redis 7.0 of the set 1, 2, 300.
        let set = Intset::from_bytes(b"\x02\0\0\0\x03\0\0\0\x01\0\x02\0\x2c\x01".to_vec()).expect("it is sound");
        assert!(set.iter().eq([1, 2, 300]));
        for broken in [
            b"\x03\0\0\0\x01\0\0\0\x01\0\0".as_slice(),
            b"\x02\0\0\0\x02\0\0\0\x01\0",
            b"\x02\0\0\0\x02\0\0\0\x02\0\x01\0",
            b"\x02\0\0\0\x02\0\0\0\x01\0\x01\0",
            b"\x02\0",
        ] {
            assert!(Intset::from_bytes(broken.to_vec()).is_err(), "{broken:?}");
        }
    }
}
