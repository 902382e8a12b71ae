//! Requests as bytes: what a master writes into its stream and a replica says to its master.

use alloc::vec::Vec;

use crate::codec::number::push_u64;

/// Appends `$<length>\r\n<bytes>\r\n`.
pub fn push_bulk(out: &mut Vec<u8>, bytes: &[u8]) {
    out.push(b'$');
    push_u64(out, bytes.len() as u64);
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(bytes);
    out.extend_from_slice(b"\r\n");
}

/// Appends `*<length>\r\n`: so many bulk strings follow, which are a request.
pub fn push_array(out: &mut Vec<u8>, len: usize) {
    out.push(b'*');
    push_u64(out, len as u64);
    out.extend_from_slice(b"\r\n");
}

/// Appends a request as an array of bulk strings.
pub fn push_command<'a>(out: &mut Vec<u8>, args: impl ExactSizeIterator<Item = &'a [u8]>) {
    push_array(out, args.len());
    for arg in args {
        push_bulk(out, arg);
    }
}

/// Appends a SELECT.
pub fn push_select(out: &mut Vec<u8>, database: u32) {
    let mut digits = itoa::Buffer::new();
    push_command(out, [b"SELECT".as_slice(), digits.format(database).as_bytes()].into_iter());
}
