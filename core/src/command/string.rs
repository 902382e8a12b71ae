//! Strings as a whole: GET, SET and their kin.

use crate::keyspace::NO_EXPIRY;
use crate::resp::Args;
use crate::value::StringValue;

use super::exec::Exec;
use super::{Command, Flags, Group, Handler, Keys, Outcome};

pub(super) const COMMANDS: &[Command] = &[
    Command {
        name: "get",
        arity: 2,
        flags: Flags::READONLY.and(Flags::FAST),
        keys: Keys::ONE,
        group: Group::String,
        since: "1.0.0",
        summary: "Get the value of a key",
        complexity: "O(1)",
        handler: Handler::Data(get),
        subcommands: &[],
    },
    Command {
        name: "set",
        arity: -3,
        flags: Flags::WRITE.and(Flags::DENYOOM),
        keys: Keys::ONE,
        group: Group::String,
        since: "1.0.0",
        summary: "Set the string value of a key",
        complexity: "O(1)",
        handler: Handler::Data(set),
        subcommands: &[],
    },
];

fn get(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let Some(place) = exec.find_to_read(&args[1]) else {
        exec.reply.null();
        return Ok(());
    };
    match exec.keyspace.entry(place).value {
        crate::value::Value::String(ref string) => string.reply_to(&mut exec.reply),
        _ => return Err(super::reply_error::WRONG_TYPE),
    }
    Ok(())
}

fn set(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    exec.put(&args[1], StringValue::new(&args[2]), NO_EXPIRY);
    exec.changed(1);
    exec.reply.ok();
    Ok(())
}
