//! HyperLogLog: a look inside.

use crate::codec::hyperloglog::{self, Encoding, REGISTERS, Registers};
use crate::command::exec::{Exec, is_word};
use crate::command::reply_error::{HYPERLOGLOG_NOT_SPARSE, PFDEBUG_NO_KEY, unknown_pfdebug_subcommand};
use crate::command::{Command, Group, Keys, Outcome};
use crate::keyspace::Place;
use crate::resp::Args;

use super::at;

pub(super) const COMMANDS: &[Command] = &[
    Command::data(Group::HyperLogLog, "pfdebug", 3, "write denyoom admin", Keys::SECOND, pfdebug)
        .access("RW access")
        .docs("2.8.9", "N/A", "Look into a HyperLogLog: GETREG, DECODE, ENCODING, TODENSE"),
    Command::data(Group::HyperLogLog, "pfselftest", 1, "admin", Keys::None, pfselftest).docs(
        "2.8.9",
        "N/A",
        "Say that HyperLogLogs work",
    ),
];

fn pfdebug(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let word = &args[1];
    let place = exec.find(&args[2]).ok_or(PFDEBUG_NO_KEY)?;
    let (bytes, encoding) = at(exec, place)?;
    if is_word(word, "GETREG") {
        make_dense(exec, place, encoding)?;
        let mut registers = Registers::default();
        registers.take_in(at(exec, place)?.0)?;
        exec.reply.array(REGISTERS);
        registers.iter().for_each(|rank| exec.reply.int(rank.into()));
    } else if is_word(word, "DECODE") {
        if encoding != Encoding::Sparse {
            return Err(HYPERLOGLOG_NOT_SPARSE);
        }
        let text = hyperloglog::opcodes(bytes);
        exec.reply.bulk(text.as_bytes());
    } else if is_word(word, "ENCODING") {
        exec.reply.simple(encoding.name());
    } else if is_word(word, "TODENSE") {
        make_dense(exec, place, encoding)?;
        exec.reply.int(i64::from(encoding == Encoding::Sparse));
    } else {
        return Err(unknown_pfdebug_subcommand(word));
    }
    exec.make_raw(place);
    Ok(())
}

/// Makes the one at a place dense: replicas are told, if it was not.
fn make_dense(exec: &mut Exec<'_>, place: Place, encoding: Encoding) -> Outcome {
    if encoding == Encoding::Sparse {
        let mut bytes = at(exec, place)?.0.to_vec();
        hyperloglog::make_dense(&mut bytes)?;
        *exec.string_mut(place)?.make_mut() = bytes;
        exec.changed(1);
    }
    Ok(())
}

fn pfselftest(exec: &mut Exec<'_>, _: Args<'_>) -> Outcome {
    exec.reply.ok();
    Ok(())
}
