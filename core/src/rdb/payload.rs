//! The footer of what DUMP tells: the version that wrote it, and a checksum.

use alloc::vec::Vec;

use crate::codec::crc64;

use super::{Dialect, version_written};

/// Bytes of the footer: the version in 2, little-endian, and the checksum of all before it in 8.
const FOOTER_BYTES: usize = 10;
/// The newest version whose payloads are taken: what newer servers write is refused by the type byte if it cannot be read.
const VERSION_MAX: u16 = 0x7fff;

/// Appends the footer to a payload, which holds fields that expire or not.
pub fn seal_payload(payload: &mut Vec<u8>, has_field_expiries: bool) {
    payload.extend_from_slice(&(version_written(has_field_expiries) as u16).to_le_bytes());
    let crc = crc64::update(0, payload);
    payload.extend_from_slice(&crc.to_le_bytes());
}

/// A payload without its footer, if that is sound, and whose it is.
#[must_use]
pub fn open_payload(sealed: &[u8]) -> Option<(&[u8], Dialect)> {
    let (payload, footer) = sealed.split_at_checked(sealed.len().checked_sub(FOOTER_BYTES)?)?;
    let (version, stated) = footer.split_first_chunk::<2>()?;
    let stated = u64::from_le_bytes(stated.try_into().ok()?);
    let computed = crc64::update(0, &sealed[..sealed.len() - 8]);
    let version = u16::from_le_bytes(*version);
    let is_sound = version <= VERSION_MAX && stated == computed;
    is_sound.then_some((payload, Dialect::of_version(u32::from(version))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sealed_opens_unless_a_byte_changes() {
        let mut sealed = b"\x00\xc0\x01".to_vec();
        seal_payload(&mut sealed, false);
        assert_eq!(open_payload(&sealed), Some((b"\x00\xc0\x01".as_slice(), Dialect::Redis)));
        for index in 0..sealed.len() {
            let mut broken = sealed.clone();
            broken[index] ^= 1;
            assert_eq!(open_payload(&broken), None, "byte {index}");
        }
        assert_eq!(open_payload(b"too short"), None);
        let mut sealed = alloc::vec![0xff];
        seal_payload(&mut sealed, true);
        assert_eq!(sealed[1..3], [12, 0]);
    }
}
