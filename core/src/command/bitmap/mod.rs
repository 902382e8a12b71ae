//! Bitmaps: strings as arrays of bits.

mod combine;
mod count;
mod field;
#[cfg(test)]
mod tests;

use alloc::vec::Vec;

use crate::codec::bits;
use crate::codec::number::parse_i64;
use crate::command::exec::Exec;
use crate::command::reply_error::{BIT_OFFSET, NOT_A_BIT, STRING_TOO_LONG};
use crate::command::{Class, Command, CommandError, Group, Keys, Outcome};
use crate::keyspace::{NO_EXPIRY, Place};
use crate::museum::Defect;
use crate::resp::Args;
use crate::value::StringValue;

/// All commands of the family, file by file.
pub(super) const FAMILY: &[&[Command]] = &[COMMANDS, count::COMMANDS, combine::COMMANDS, field::COMMANDS];

const COMMANDS: &[Command] = &[
    Command::data(Group::Bitmap, "setbit", 4, "write denyoom", Keys::ONE, setbit).access("RW access update").docs(
        "2.2.0",
        "O(1)",
        "Set or clear a bit of a string, which grows as needed",
    ),
    Command::data(Group::Bitmap, "getbit", 3, "readonly fast", Keys::ONE, getbit).access("RO access").docs(
        "2.2.0",
        "O(1)",
        "Tell whether a bit of a string is set",
    ),
];

fn setbit(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let key = &args[1];
    let offset = offset_arg(exec, &args[2])?;
    let bit = parse_i64(&args[3]).filter(|bit| matches!(bit, 0 | 1)).ok_or(NOT_A_BIT)? as u64;
    let target = Target::find(exec, key)?;
    let before = match target.place {
        Some(place) => bits::field(&exec.string(place)?.text(), offset, 1),
        None => 0,
    };
    if bit != before || target.must_grow(offset) {
        target.write(exec, key, offset, |bytes| bits::set_field(bytes, offset, 1, bit))?;
        exec.notify(Class::String, "setbit", key);
        exec.changed(u64::from(bit != before || !exec.feed.has(Defect::NoopLooksClean)));
    } else if let Some(place) = target.place {
        exec.make_raw(place);
    }
    exec.reply.int(before as i64);
    Ok(())
}

fn getbit(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let offset = offset_arg(exec, &args[2])?;
    let bit = match exec.find_to_read(&args[1]) {
        Some(place) => bits::field(&exec.string(place)?.text(), offset, 1),
        None => 0,
    };
    exec.reply.int(bit as i64);
    Ok(())
}

/// An argument that must be the offset of a bit.
fn offset_arg(exec: &Exec<'_>, arg: &[u8]) -> Result<u64, CommandError> {
    check_offset(exec, parse_i64(arg).ok_or(BIT_OFFSET)?)
}

/// The offset of a bit, unless strings may not be so long.
fn check_offset(exec: &Exec<'_>, offset: i64) -> Result<u64, CommandError> {
    let offset = u64::try_from(offset).map_err(|_| BIT_OFFSET)?;
    if offset / 8 < exec.string_bytes_max() { Ok(offset) } else { Err(BIT_OFFSET) }
}

/// A string that may be written into, or that is to be.
#[derive(Clone, Copy)]
struct Target {
    place: Option<Place>,
    len: usize,
}

impl Target {
    fn find(exec: &mut Exec<'_>, key: &[u8]) -> Result<Target, CommandError> {
        let place = exec.find(key);
        let len = match place {
            Some(place) => exec.string(place)?.len(),
            None => 0,
        };
        Ok(Target { place, len })
    }

    /// True if it has no such bit yet.
    fn must_grow(self, last_bit: u64) -> bool {
        bits::byte_of(last_bit) >= self.len
    }

    /// Writes into it, once it has a bit of that offset. Zeros come before what is new.
    fn write(
        self,
        exec: &mut Exec<'_>,
        key: &[u8],
        last_bit: u64,
        write: impl FnOnce(&mut [u8]),
    ) -> Result<(), CommandError> {
        let len = self.len.max(bits::byte_of(last_bit).saturating_add(1));
        match self.place {
            Some(place) => {
                let bytes = exec.string_mut(place)?.make_mut();
                grow(bytes, len)?;
                write(bytes);
            }
            None => {
                let mut bytes = Vec::new();
                grow(&mut bytes, len)?;
                write(&mut bytes);
                exec.insert(key, StringValue::raw(bytes), NO_EXPIRY);
            }
        }
        Ok(())
    }
}

fn grow(bytes: &mut Vec<u8>, len: usize) -> Result<(), CommandError> {
    let missing = len.saturating_sub(bytes.len());
    bytes.try_reserve(missing).map_err(|_| STRING_TOO_LONG)?;
    bytes.resize(len, 0);
    Ok(())
}
