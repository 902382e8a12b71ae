//! MODULE: there are no modules here.

use crate::resp::Args;

use super::exec::Exec;
use super::reply_error::MODULE_NOT_ALLOWED;
use super::{Command, Group, Keys, Outcome, reply_help};

/// All commands of the family, file by file.
pub(super) const FAMILY: &[&[Command]] = &[COMMANDS];

const COMMANDS: &[Command] = &[Command::container(Group::Server, "module", -2, SUBCOMMANDS).docs(
    "4.0.0",
    "Depends on subcommand.",
    "Look after modules; there are none",
)];

const SUBCOMMANDS: &[Command] = &[
    Command::data(Group::Server, "help", 2, "loading stale", Keys::None, help).docs(
        "5.0.0",
        "O(1)",
        "Tell the subcommands",
    ),
    Command::data(Group::Server, "list", 2, "admin noscript", Keys::None, list)
        .tips("nondeterministic_output_order")
        .docs("4.0.0", "O(1)", "List the modules that are loaded: none"),
    Command::data(Group::Server, "load", -3, "admin noscript no_async_loading", Keys::None, refuse).docs(
        "4.0.0",
        "O(1)",
        "Load a module, which is never allowed",
    ),
    Command::data(Group::Server, "loadex", -3, "admin noscript no_async_loading", Keys::None, refuse).docs(
        "7.0.0",
        "O(1)",
        "Load a module with its configuration, which is never allowed",
    ),
    Command::data(Group::Server, "unload", 3, "admin noscript no_async_loading", Keys::None, refuse).docs(
        "4.0.0",
        "O(1)",
        "Unload a module, which is never allowed",
    ),
];

fn list(exec: &mut Exec<'_>, _args: Args<'_>) -> Outcome {
    exec.reply.array(0);
    Ok(())
}

fn refuse(_exec: &mut Exec<'_>, _args: Args<'_>) -> Outcome {
    Err(MODULE_NOT_ALLOWED)
}

fn help(exec: &mut Exec<'_>, _args: Args<'_>) -> Outcome {
    reply_help(&mut exec.reply, "module");
    Ok(())
}
