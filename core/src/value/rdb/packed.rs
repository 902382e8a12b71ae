//! The compact encodings of older versions, brought into today's.

use crate::codec::corrupt::Corrupt;
use crate::codec::listpack::{LISTPACK_BYTES_MAX, Listpack};
use crate::codec::ziplist;
use crate::rdb::Fault;
use crate::value::Text;

/// The elements of a ziplist as a listpack.
pub(super) fn pack_ziplist(bytes: &[u8]) -> Result<Listpack, Fault> {
    // An element takes less than twice its bytes in a ziplist, so that the listpack keeps within its own limit.
    if bytes.len() > LISTPACK_BYTES_MAX / 2 {
        return Err(Fault::Value(Corrupt::new(0, "a ziplist larger than any that was ever written")));
    }
    let mut pack = Listpack::new();
    for entry in ziplist::entries(bytes).map_err(Fault::Value)? {
        Text::from(entry).with_bytes(|text| pack.push_back(text));
    }
    Ok(pack)
}
