//! HyperLogLog: how many different elements there were, about.

mod debug;
#[cfg(test)]
mod tests;

use alloc::vec::Vec;

use crate::codec::hyperloglog::{self, Corrupt, Encoding, Registers};
use crate::command::exec::Exec;
use crate::command::reply_error::{CORRUPT_HYPERLOGLOG, NOT_A_HYPERLOGLOG};
use crate::command::{Class, Command, CommandError, ExpiryRule, Group, Keys, Outcome};
use crate::keyspace::{NO_EXPIRY, Place};
use crate::resp::Args;
use crate::value::StringValue;

/// All commands of the family, file by file.
pub(super) const FAMILY: &[&[Command]] = &[COMMANDS, debug::COMMANDS];

const COMMANDS: &[Command] = &[
    Command::data(Group::HyperLogLog, "pfadd", -2, "write denyoom fast", Keys::ONE, pfadd).access("RW insert").docs(
        "2.8.9",
        "O(1)",
        "Let a HyperLogLog see elements",
    ),
    Command::data(Group::HyperLogLog, "pfcount", -2, "readonly may_replicate", Keys::ALL, pfcount)
        .access("RW access: may keep the count that it found, and tell replicas")
        .docs("2.8.9", "O(N)", "Tell about how many different elements a HyperLogLog, or several together, have seen"),
    Command::data(Group::HyperLogLog, "pfmerge", -2, "write denyoom", Keys::ALL, pfmerge)
        .access("RW access insert; RO access")
        .docs("2.8.9", "O(N)", "Let a HyperLogLog see what others have seen"),
];

impl From<Corrupt> for CommandError {
    fn from(_: Corrupt) -> CommandError {
        CORRUPT_HYPERLOGLOG
    }
}

/// The HyperLogLog at a place, and its encoding.
fn at<'a>(exec: &'a Exec<'_>, place: Place) -> Result<(&'a [u8], Encoding), CommandError> {
    // An integer has no bytes of its own, and is none.
    let bytes = exec.string(place)?.as_slice().ok_or(NOT_A_HYPERLOGLOG)?;
    let encoding = hyperloglog::encoding(bytes).ok_or(NOT_A_HYPERLOGLOG)?;
    Ok((bytes, encoding))
}

fn sparse_bytes_max(exec: &Exec<'_>) -> usize {
    usize::try_from(exec.config.hll_sparse_max_bytes).unwrap_or(usize::MAX)
}

fn pfadd(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let (key, bytes_max) = (&args[1], sparse_bytes_max(exec));
    let Some(place) = exec.find(key) else {
        let mut bytes = hyperloglog::empty();
        let raised = add_all(&mut bytes, args.iter_from(2), bytes_max)?;
        hyperloglog::forget(&mut bytes);
        exec.insert(key, StringValue::raw(bytes), NO_EXPIRY);
        return after_adding(exec, key, 1 + raised);
    };
    let (bytes, encoding) = at(exec, place)?;
    let mut first = 2;
    while first < args.len() && !hyperloglog::is_new(bytes, &args[first])? {
        first += 1;
    }
    let elements = args.iter_from(first);
    let raised = match encoding {
        _ if elements.len() == 0 => {
            exec.make_raw(place);
            0
        }
        Encoding::Dense => add_all(exec.string_mut(place)?.make_mut(), elements, bytes_max)?,
        Encoding::Sparse => {
            // Differs: when opcodes behind the first change turn out to be corrupt, nothing has changed. Redis keeps what it has done so far,
            // and does not tell its replicas.
            let mut bytes = bytes.to_vec();
            let raised = add_all(&mut bytes, elements, bytes_max)?;
            *exec.string_mut(place)? = StringValue::raw(bytes);
            raised
        }
    };
    after_adding(exec, key, raised)
}

/// Adds elements: how often a register was raised.
fn add_all<'a>(
    bytes: &mut Vec<u8>,
    elements: impl Iterator<Item = &'a [u8]>,
    sparse_bytes_max: usize,
) -> Result<u64, Corrupt> {
    let mut raised = 0;
    for element in elements {
        raised += u64::from(hyperloglog::add(bytes, element, sparse_bytes_max)?);
    }
    if raised > 0 {
        hyperloglog::forget(bytes);
    }
    Ok(raised)
}

fn after_adding(exec: &mut Exec<'_>, key: &[u8], changes: u64) -> Outcome {
    if changes > 0 {
        exec.notify(Class::String, "pfadd", key);
        exec.changed(changes);
    }
    exec.reply.int(i64::from(changes > 0));
    Ok(())
}

fn pfcount(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    if args.len() > 2 {
        let (union, _) = union(exec, args)?;
        exec.reply.int(union.count() as i64);
        return Ok(());
    }
    let Some(place) = exec.find_to_read(&args[1]) else {
        exec.reply.int(0);
        return Ok(());
    };
    let (bytes, _) = at(exec, place)?;
    let count = match hyperloglog::remembered(bytes) {
        Some(count) => {
            exec.make_raw(place);
            count
        }
        None => {
            let count = hyperloglog::count(bytes)?;
            // A reader that writes: replicas are told, so that their strings stay the same.
            // Differs: a replica that is asked by a client calculates anew each time; its data are its master's.
            if exec.expiry != ExpiryRule::Hide {
                hyperloglog::remember(exec.string_mut(place)?.make_mut(), count);
                exec.changed(1);
            }
            count
        }
    };
    exec.reply.int(count as i64);
    Ok(())
}

/// The union of all that the request names, and the encoding that it needs.
fn union(exec: &mut Exec<'_>, args: Args<'_>) -> Result<(Registers, Encoding), CommandError> {
    let (mut union, mut needed) = (Registers::default(), Encoding::Sparse);
    for key in args.iter_from(1) {
        let Some(place) = exec.find_to_read(key) else { continue };
        let (bytes, encoding) = at(exec, place)?;
        union.take_in(bytes)?;
        if encoding == Encoding::Dense {
            needed = Encoding::Dense;
        }
    }
    Ok((union, needed))
}

fn pfmerge(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let (key, bytes_max) = (&args[1], sparse_bytes_max(exec));
    let (union, needed) = union(exec, args)?;
    let place = exec.find(key);
    let mut bytes = match place {
        Some(place) => at(exec, place)?.0.to_vec(),
        None => hyperloglog::empty(),
    };
    if needed == Encoding::Dense {
        hyperloglog::make_dense(&mut bytes)?;
    }
    hyperloglog::raise_all(&mut bytes, &union, bytes_max)?;
    hyperloglog::forget(&mut bytes);
    match place {
        Some(place) => *exec.string_mut(place)? = StringValue::raw(bytes),
        None => exec.insert(key, StringValue::raw(bytes), NO_EXPIRY),
    }
    exec.notify(Class::String, "pfadd", key);
    exec.changed(1);
    exec.reply.ok();
    Ok(())
}
