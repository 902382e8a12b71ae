//! Bitmaps: what do several have in common, together or apart?

use alloc::vec::Vec;

use crate::command::exec::{Exec, is_word, stored};
use crate::command::reply_error::{NOT_OF_SEVERAL, SYNTAX};
use crate::command::{Class, Command, CommandError, Group, Keys, Outcome};
use crate::keyspace::NO_EXPIRY;
use crate::resp::Args;
use crate::value::StringValue;

pub(super) const COMMANDS: &[Command] =
    &[Command::data(Group::Bitmap, "bitop", -4, "write denyoom", Keys::FROM_SECOND, bitop)
        .access("OW update; RO access")
        .docs("2.6.0", "O(N)", "Keep the AND, OR or XOR of several strings, or the NOT of one")];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Operation {
    And,
    Or,
    Xor,
    Not,
}

impl Operation {
    fn parse(word: &[u8]) -> Result<Operation, CommandError> {
        let table = [("AND", Operation::And), ("OR", Operation::Or), ("XOR", Operation::Xor), ("NOT", Operation::Not)];
        table.into_iter().find(|(name, _)| is_word(word, name)).map(|(_, operation)| operation).ok_or(SYNTAX)
    }

    /// Combines `result` with a string that is no longer. Behind its end there are zeros.
    fn take_in(self, result: &mut [u8], other: &[u8]) {
        // Loops as plain as these are compiled to the widest words that there are.
        match self {
            Operation::And => {
                let (common, rest) = result.split_at_mut(other.len().min(result.len()));
                common.iter_mut().zip(other).for_each(|(byte, other)| *byte &= other);
                rest.fill(0);
            }
            Operation::Or => result.iter_mut().zip(other).for_each(|(byte, other)| *byte |= other),
            Operation::Xor => result.iter_mut().zip(other).for_each(|(byte, other)| *byte ^= other),
            Operation::Not => {}
        }
    }
}

fn bitop(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let operation = Operation::parse(&args[1])?;
    if operation == Operation::Not && args.len() != 4 {
        return Err(NOT_OF_SEVERAL);
    }
    let (key, result) = (&args[2], combine(exec, args, operation)?);
    let len = result.len();
    if len > 0 {
        exec.put(key, StringValue::raw(result), NO_EXPIRY);
        exec.notify(Class::String, "set", key);
        exec.changed(1);
    } else if let Some(place) = exec.find(key) {
        exec.remove_emptied(place, key);
        exec.changed(1);
    }
    exec.reply.count(len);
    Ok(())
}

/// What an operation makes of the strings that the request names: as long as the longest of them.
fn combine(exec: &mut Exec<'_>, args: Args<'_>, operation: Operation) -> Result<Vec<u8>, CommandError> {
    let mut longest = 0;
    for key in args.iter_from(3) {
        if let Some(place) = exec.find_to_read(key) {
            longest = longest.max(exec.string(place)?.len());
        }
    }
    // A look-up may have removed a key whose time had come: places are taken only now.
    let places: Vec<_> = args.iter_from(3).map(|key| exec.peek(key)).collect();
    let mut result = Vec::with_capacity(longest);
    for (index, place) in places.into_iter().enumerate() {
        let text = match place {
            Some(place) => stored::<StringValue>(exec.keyspace, place)?.text(),
            None => Default::default(),
        };
        if index == 0 {
            result.extend_from_slice(&text);
            result.resize(longest, 0);
        } else {
            operation.take_in(&mut result, &text);
        }
    }
    if operation == Operation::Not {
        result.iter_mut().for_each(|byte| *byte = !*byte);
    }
    Ok(result)
}
