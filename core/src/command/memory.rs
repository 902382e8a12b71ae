//! MEMORY: the rows of its subcommands, and what one key takes.

use crate::keyspace::Entry;
use crate::resp::Args;
use crate::value::footprint::allocated;

use super::exec::{Exec, int_arg, is_word};
use super::reply_error::SYNTAX;
use super::{Command, Group, Keys, Outcome, ServerCommand};

/// All commands of the family.
pub(super) const FAMILY: &[&[Command]] = &[COMMANDS];

const COMMANDS: &[Command] = &[Command::container(Group::Server, "memory", -2, SUBCOMMANDS).docs(
    "4.0.0",
    "Depends on subcommand.",
    "Tell what takes how much memory",
)];

const SUBCOMMANDS: &[Command] = &[
    Command::server(Group::Server, "doctor", 2, "", ServerCommand::Memory)
        .tips("nondeterministic_output request_policy:all_shards response_policy:special")
        .docs("4.0.0", "O(1)", "Tell what stands out"),
    Command::server(Group::Server, "help", 2, "loading stale", ServerCommand::Memory).docs(
        "4.0.0",
        "O(1)",
        "Describe the subcommands",
    ),
    Command::server(Group::Server, "malloc-stats", 2, "", ServerCommand::Memory)
        .tips("nondeterministic_output request_policy:all_shards response_policy:special")
        .docs("4.0.0", "O(1)", "Tell what the allocator tells"),
    Command::server(Group::Server, "purge", 2, "", ServerCommand::Memory)
        .tips("request_policy:all_shards response_policy:all_succeeded")
        .docs("4.0.0", "O(1)", "Ask the allocator to give memory back"),
    Command::server(Group::Server, "stats", 2, "", ServerCommand::Memory)
        .tips("nondeterministic_output request_policy:all_shards response_policy:special")
        .docs("4.0.0", "O(1)", "Tell where memory is"),
    Command::data(Group::Server, "usage", -3, "readonly", Keys::SECOND, usage).access("RO").docs(
        "4.0.0",
        "O(1)",
        "Tell what a key takes: key [SAMPLES count]",
    ),
];

/// A key's entry with its name and its value. SAMPLES makes no difference: every value knows its size.
fn usage(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let mut options = args.iter_from(3);
    while let Some(option) = options.next() {
        let Some(count) = options.next().filter(|_| is_word(option, "SAMPLES")) else { return Err(SYNTAX) };
        if int_arg(count)? < 0 {
            return Err(SYNTAX);
        }
    }
    match exec.peek(&args[2]) {
        Some(place) => {
            let bytes = allocated(size_of::<Entry>()) + exec.keyspace.entry(place).content_bytes();
            exec.reply.count(bytes);
        }
        None => exec.reply.null(),
    }
    Ok(())
}
