//! Bitmaps: how many bits are set, and where is the first?

use core::ops::Range;

use crate::codec::bits;
use crate::command::exec::{Exec, int_arg, is_word};
use crate::command::reply_error::{BIT_ARGUMENT, SYNTAX};
use crate::command::{Command, CommandError, Group, Keys, Outcome};
use crate::resp::Args;

pub(super) const COMMANDS: &[Command] = &[
    Command::data(Group::Bitmap, "bitcount", -2, "readonly", Keys::ONE, bitcount).access("RO access").docs(
        "2.6.0",
        "O(N)",
        "Count the bits that are set in a string, or from one BYTE or BIT to another",
    ),
    Command::data(Group::Bitmap, "bitpos", -3, "readonly", Keys::ONE, bitpos).access("RO access").docs(
        "2.8.7",
        "O(N)",
        "Find the first bit that is set or clear in a string, or from one BYTE or BIT to another",
    ),
];

/// What the ends of a range count.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unit {
    Byte,
    Bit,
}

impl Unit {
    fn parse(word: &[u8]) -> Result<Unit, CommandError> {
        if is_word(word, "BIT") {
            Ok(Unit::Bit)
        } else if is_word(word, "BYTE") {
            Ok(Unit::Byte)
        } else {
            Err(SYNTAX)
        }
    }

    fn bits(self) -> u64 {
        match self {
            Unit::Byte => 8,
            Unit::Bit => 1,
        }
    }
}

/// The bits from `first` to `last`, both included and counted from the end if negative, of a string of `len` bytes.
fn range(first: i64, last: i64, unit: Unit, len: usize) -> Range<u64> {
    let units = len as u64 * 8 / unit.bits();
    let from_start = |at: i64| if at < 0 { units.saturating_sub(at.unsigned_abs()) } else { at.unsigned_abs() };
    let end = from_start(last).saturating_add(1).min(units);
    let start = from_start(first).min(end);
    start * unit.bits()..end * unit.bits()
}

fn bitcount(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    // Redis looks at the arguments only if there is something to count.
    let Some(place) = exec.find_to_read(&args[1]) else {
        exec.reply.int(0);
        return Ok(());
    };
    let text = exec.string(place)?.text();
    let ones = match args.len() {
        2 => bits::count(&text),
        4 | 5 => {
            let (first, last) = (int_arg(&args[2])?, int_arg(&args[3])?);
            if first < 0 && last < 0 && first > last {
                0
            } else {
                let unit = if args.len() == 5 { Unit::parse(&args[4])? } else { Unit::Byte };
                bits::count_in(&text, range(first, last, unit, text.len()))
            }
        }
        _ => return Err(SYNTAX),
    };
    exec.reply.int(ones as i64);
    Ok(())
}

fn bitpos(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let is_set = match int_arg(&args[2])? {
        0 => false,
        1 => true,
        _ => return Err(BIT_ARGUMENT),
    };
    let Some(place) = exec.find_to_read(&args[1]) else {
        // Zeros without end.
        exec.reply.int(if is_set { -1 } else { 0 });
        return Ok(());
    };
    let text = exec.string(place)?.text();
    if args.len() > 6 {
        return Err(SYNTAX);
    }
    let first = if args.len() > 3 { int_arg(&args[3])? } else { 0 };
    let unit = if args.len() > 5 { Unit::parse(&args[5])? } else { Unit::Byte };
    let last = if args.len() > 4 { Some(int_arg(&args[4])?) } else { None };
    let range = range(first, last.unwrap_or(-1), unit, text.len());
    let found = match bits::find(&text, range.clone(), is_set) {
        // Only if nobody said where it ends is the string followed by zeros.
        None if !is_set && last.is_none() && !range.is_empty() => Some(range.end),
        found => found,
    };
    exec.reply.int(found.map_or(-1, |at| at as i64));
    Ok(())
}
