//! Lengths and strings, written.

use alloc::vec::Vec;

use crate::codec::lzf;
use crate::codec::number::parse_i64;

use super::string_encoding;

/// Strings up to this size are not worth compressing, as in Redis.
const COMPRESS_BYTES_MIN: usize = 21;

/// Appends a length.
pub fn push_length(out: &mut Vec<u8>, length: u64) {
    match length {
        0..0x40 => out.push(length as u8),
        0x40..0x4000 => out.extend_from_slice(&(0x4000 | length as u16).to_be_bytes()),
        0x4000..=0xffff_ffff => {
            out.push(0x80);
            out.extend_from_slice(&(length as u32).to_be_bytes());
        }
        _ => {
            out.push(0x81);
            out.extend_from_slice(&length.to_be_bytes());
        }
    }
}

/// Appends a string: as an integer if it is a short one, compressed if that is wanted and pays, plain otherwise.
pub fn push_string(out: &mut Vec<u8>, bytes: &[u8], compress: bool) {
    // The longest integer with an encoding of its own has 11 characters.
    if bytes.len() <= 11
        && let Some(value) = parse_i64(bytes)
        && push_small_int(out, value)
    {
        return;
    }
    if compress && bytes.len() >= COMPRESS_BYTES_MIN {
        let mut packed = Vec::new();
        if lzf::compress(bytes, &mut packed) {
            out.push(0xc0 | string_encoding::LZF);
            push_length(out, packed.len() as u64);
            push_length(out, bytes.len() as u64);
            out.extend_from_slice(&packed);
            return;
        }
    }
    push_length(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Appends a string that holds an integer's digits.
pub fn push_string_int(out: &mut Vec<u8>, value: i64) {
    if push_small_int(out, value) {
        return;
    }
    let mut digits = itoa::Buffer::new();
    let digits = digits.format(value).as_bytes();
    push_length(out, digits.len() as u64);
    out.extend_from_slice(digits);
}

fn push_small_int(out: &mut Vec<u8>, value: i64) -> bool {
    if let Ok(value) = i8::try_from(value) {
        out.push(0xc0 | string_encoding::INT8);
        out.extend_from_slice(&value.to_le_bytes());
    } else if let Ok(value) = i16::try_from(value) {
        out.push(0xc0 | string_encoding::INT16);
        out.extend_from_slice(&value.to_le_bytes());
    } else if let Ok(value) = i32::try_from(value) {
        out.push(0xc0 | string_encoding::INT32);
        out.extend_from_slice(&value.to_le_bytes());
    } else {
        return false;
    }
    true
}
