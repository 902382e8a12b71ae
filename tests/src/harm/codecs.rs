//! Do the readers of compact encodings refuse bytes, or else walk through them in both directions?

use afterimage_core::codec::intset::Intset;
use afterimage_core::codec::listpack::Listpack;
use afterimage_core::codec::{self};

use super::Fate;

/// A listpack: forward and backward walks agree, each element is found where it is, and edits keep it sound.
///
/// # Panics
/// If it did harm.
pub fn listpack(bytes: &[u8]) -> Fate {
    let Ok(mut pack) = Listpack::from_bytes(bytes.to_vec()) else { return Fate::Refused };
    let forward: Vec<String> = pack.iter().map(|entry| format!("{entry:?}")).collect();
    let mut backward: Vec<String> = pack.iter().rev().map(|entry| format!("{entry:?}")).collect();
    backward.reverse();
    assert_eq!(forward, backward);
    assert_eq!(pack.len(), forward.len());
    for index in [0, 1, forward.len() / 2, forward.len().saturating_sub(1)] {
        let found = pack.seek(index as i64).map(|at| format!("{:?}", pack.get(at)));
        assert_eq!(found.as_ref(), forward.get(index));
        let found = pack.seek(-(index as i64) - 1).map(|at| format!("{:?}", pack.get(at)));
        assert_eq!(found.as_ref(), forward.len().checked_sub(index + 1).map(|index| &forward[index]));
    }
    pack.push_back(b"tail");
    while let Some(at) = pack.first() {
        pack.replace(at, b"another");
        let at = pack.first().expect("it was replaced, not removed");
        pack.remove(at);
        // A few of many show as much as all.
        if pack.len() > 64 {
            break;
        }
    }
    assert!(Listpack::from_bytes(pack.into_bytes()).is_ok());
    Fate::Taken
}

/// A ziplist.
///
/// # Panics
/// If it did harm.
pub fn ziplist(bytes: &[u8]) -> Fate {
    let Ok(entries) = codec::ziplist::entries(bytes) else { return Fate::Refused };
    assert_eq!(entries.len(), entries.count());
    Fate::Taken
}

/// A zipmap.
///
/// # Panics
/// If it did harm.
pub fn zipmap(bytes: &[u8]) -> Fate {
    let Ok(pairs) = codec::zipmap::pairs(bytes) else { return Fate::Refused };
    assert_eq!(pairs.len(), pairs.count());
    Fate::Taken
}

/// An intset: in order, each member found, and sound after an insertion and a removal.
///
/// # Panics
/// If it did harm.
pub fn intset(bytes: &[u8]) -> Fate {
    let Ok(mut set) = Intset::from_bytes(bytes.to_vec()) else { return Fate::Refused };
    assert!(set.iter().zip(set.iter().skip(1)).all(|(left, right)| left < right));
    assert!(set.iter().all(|member| set.contains(member)));
    let is_new = !set.contains(i64::MIN);
    assert_eq!(set.insert(i64::MIN), is_new);
    assert!(set.remove(i64::MIN));
    assert!(Intset::from_bytes(set.as_bytes().to_vec()).is_ok());
    Fate::Taken
}

/// Compressed bytes behind the length that they are said to have (two bytes, little-endian); and anything survives being compressed.
///
/// # Panics
/// If it did harm.
pub fn lzf(bytes: &[u8]) -> Fate {
    let mut packed = Vec::new();
    if codec::lzf::compress(bytes, &mut packed) {
        assert_eq!(codec::lzf::decompress(&packed, bytes.len()).as_deref(), Some(bytes));
    }
    let Some((stated, rest)) = bytes.split_first_chunk::<2>() else { return Fate::Refused };
    let stated = usize::from(u16::from_le_bytes(*stated));
    match codec::lzf::decompress(rest, stated) {
        Some(unpacked) => {
            assert_eq!(unpacked.len(), stated);
            Fate::Taken
        }
        None => Fate::Refused,
    }
}
