//! What can be learned about the way a value is kept?

use crate::keyspace::{Place, usage};
use crate::resp::Args;
use crate::value::{StringValue, Value};

use super::find_unseen;
use crate::command::exec::Exec;
use crate::command::reply_error::{LFU_NOT_SELECTED, LFU_SELECTED};
use crate::command::{Command, CommandError, Group, Keys, Outcome, reply_help};

/// Redis shares one object for each of the integers below this, and tells [`SHARED_REFERENCES`] as their count.
const SHARED_INTEGERS: i64 = 10_000;
/// The reference count of an object that is never freed.
const SHARED_REFERENCES: i64 = i32::MAX as i64;

pub(super) const COMMANDS: &[Command] = &[Command::container(Group::Generic, "object", -2, SUBCOMMANDS).docs(
    "2.2.3",
    "Depends on subcommand.",
    "A container for commands that look at how a value is kept",
)];

const SUBCOMMANDS: &[Command] = &[
    Command::data(Group::Generic, "encoding", 3, "readonly", Keys::SECOND, encoding)
        .access("RO")
        .tips("nondeterministic_output")
        .docs("2.2.3", "O(1)", "Tells how a value is kept in memory"),
    Command::data(Group::Generic, "freq", 3, "readonly", Keys::SECOND, frequency)
        .access("RO")
        .tips("nondeterministic_output")
        .docs("4.0.0", "O(1)", "Tells how often a key is used, on a logarithmic scale"),
    Command::data(Group::Generic, "help", 2, "loading stale", Keys::None, help).docs(
        "6.2.0",
        "O(1)",
        "Describes the subcommands",
    ),
    Command::data(Group::Generic, "idletime", 3, "readonly", Keys::SECOND, idle_time)
        .access("RO")
        .tips("nondeterministic_output")
        .docs("2.2.3", "O(1)", "Tells how long a key has not been used"),
    Command::data(Group::Generic, "refcount", 3, "readonly", Keys::SECOND, refcount)
        .access("RO")
        .tips("nondeterministic_output")
        .docs("2.2.3", "O(1)", "Tells how many hold on to a value"),
];

/// Replies by what `tell` makes of the key's place, or with null if there is no such key.
fn about(
    exec: &mut Exec<'_>,
    args: Args<'_>,
    tell: impl FnOnce(&mut Exec<'_>, Place) -> Result<(), CommandError>,
) -> Outcome {
    match find_unseen(exec, &args[2]) {
        Some(place) => tell(exec, place),
        None => {
            exec.reply.null();
            Ok(())
        }
    }
}

fn encoding(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    about(exec, args, |exec, place| {
        let name = exec.value(place).encoding_name();
        exec.reply.bulk(name.as_bytes());
        Ok(())
    })
}

fn frequency(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    about(exec, args, |exec, place| {
        let Some(rules) = exec.frequency_rules() else { return Err(LFU_NOT_SELECTED) };
        let frequency = usage::frequency(exec.keyspace.entry(place).usage, exec.now.wall, rules);
        exec.reply.int(i64::from(frequency));
        Ok(())
    })
}

fn idle_time(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    about(exec, args, |exec, place| {
        if exec.frequency_rules().is_some() {
            return Err(LFU_SELECTED);
        }
        let idle_secs = usage::seconds(exec.now.wall).wrapping_sub(exec.keyspace.entry(place).usage);
        exec.reply.int(i64::from(idle_secs));
        Ok(())
    })
}

fn refcount(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    about(exec, args, |exec, place| {
        let references = reference_count(exec.value(place));
        exec.reply.int(references);
        Ok(())
    })
}

/// How many hold on to a value, as Redis would tell it.
#[must_use]
pub fn reference_count(value: &Value) -> i64 {
    match value {
        Value::String(StringValue::Int(0..SHARED_INTEGERS)) => SHARED_REFERENCES,
        _ => 1,
    }
}

fn help(exec: &mut Exec<'_>, _args: Args<'_>) -> Outcome {
    reply_help(&mut exec.reply, "object");
    Ok(())
}

#[cfg(test)]
#[path = "object_tests.rs"]
mod tests;
