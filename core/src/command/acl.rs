//! ACL: there is one user, and the categories of commands. What is told of the user needs the node: see `admin::acl`.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::resp::Args;

use super::exec::Exec;
use super::reply_error::{unknown_category, wrong_subcommand};
use super::{CATEGORIES, Command, Group, Keys, Outcome, ServerCommand, numbered_rows, reply_help};

/// The one user there is.
const DEFAULT_USER: &[u8] = b"default";

/// All commands of the family, file by file.
pub(super) const FAMILY: &[&[Command]] = &[COMMANDS];

const COMMANDS: &[Command] = &[Command::container(Group::Server, "acl", -2, SUBCOMMANDS).docs(
    "6.0.0",
    "Depends on subcommand.",
    "Look at users and categories of commands",
)];

const SUBCOMMANDS: &[Command] = &[
    Command::data(Group::Server, "cat", -2, "noscript loading stale", Keys::None, cat).docs(
        "6.0.0",
        "O(1)",
        "List the categories of commands, or the commands of a category",
    ),
    Command::server(Group::Server, "deluser", -3, "admin noscript loading stale", ServerCommand::Acl).docs(
        "6.0.0",
        "O(1) amortized time considering the typical user.",
        "Delete users; the default one stays",
    ),
    Command::server(Group::Server, "dryrun", -4, "admin noscript loading stale", ServerCommand::Acl).docs(
        "7.0.0",
        "O(1).",
        "Tell whether a user may run a command",
    ),
    Command::server(Group::Server, "genpass", -2, "noscript loading stale", ServerCommand::Acl).docs(
        "6.0.0",
        "O(1)",
        "Make a password of 256 random bits, or of so many",
    ),
    Command::server(Group::Server, "getuser", 3, "admin noscript loading stale", ServerCommand::Acl).docs(
        "6.0.0",
        "O(N). Where N is the number of password, command and pattern rules that the user has.",
        "Tell about a user",
    ),
    Command::server(Group::Server, "list", 2, "admin noscript loading stale", ServerCommand::Acl).docs(
        "6.0.0",
        "O(N). Where N is the number of configured users.",
        "List the users as a file describes them",
    ),
    Command::server(Group::Server, "load", 2, "admin noscript loading stale", ServerCommand::Acl).docs(
        "6.0.0",
        "O(N). Where N is the number of configured users.",
        "Read the users from the ACL file",
    ),
    Command::server(Group::Server, "log", -2, "admin noscript loading stale", ServerCommand::Acl).docs(
        "6.0.0",
        "O(N) with N being the number of entries shown.",
        "Tell who was refused: ten, or so many; or RESET",
    ),
    Command::server(Group::Server, "save", 2, "admin noscript loading stale", ServerCommand::Acl).docs(
        "6.0.0",
        "O(N). Where N is the number of configured users.",
        "Write the users to the ACL file",
    ),
    Command::server(Group::Server, "setuser", -3, "admin noscript loading stale", ServerCommand::Acl).docs(
        "6.0.0",
        "O(N). Where N is the number of rules provided.",
        "Make or change a user",
    ),
    Command::data(Group::Server, "help", 2, "loading stale", Keys::None, help).docs(
        "6.0.0",
        "O(1)",
        "Tell the subcommands",
    ),
    Command::data(Group::Server, "users", 2, "admin noscript loading stale", Keys::None, users).docs(
        "6.0.0",
        "O(N)",
        "List the users",
    ),
    Command::data(Group::Server, "whoami", 2, "noscript loading stale", Keys::None, whoami).docs(
        "6.0.0",
        "O(1)",
        "Tell the user of the connection",
    ),
];

fn cat(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    if args.len() > 3 {
        return Err(wrong_subcommand("acl", &args[1]));
    }
    let Some(name) = args.get(2) else {
        exec.reply.array(CATEGORIES.len());
        CATEGORIES.iter().for_each(|category| exec.reply.bulk(&category.as_bytes()[1..]));
        return Ok(());
    };
    let is_asked = |category: &&str| category.as_bytes()[1..].eq_ignore_ascii_case(name);
    let category = CATEGORIES.iter().find(|category| is_asked(category)).ok_or_else(|| unknown_category(name))?;
    let rows = numbered_rows().filter(|(_, row, _)| row.categories().any(|own| own == *category));
    let names: Vec<String> = rows
        .map(|(_, row, container)| match container {
            Some(container) => format!("{}|{}", container.name, row.name),
            None => row.name.to_string(),
        })
        .collect();
    exec.reply.array(names.len());
    names.iter().for_each(|name| exec.reply.bulk(name.as_bytes()));
    Ok(())
}

fn users(exec: &mut Exec<'_>, _args: Args<'_>) -> Outcome {
    exec.reply.array(1);
    exec.reply.bulk(DEFAULT_USER);
    Ok(())
}

fn whoami(exec: &mut Exec<'_>, _args: Args<'_>) -> Outcome {
    exec.reply.bulk(DEFAULT_USER);
    Ok(())
}

fn help(exec: &mut Exec<'_>, _args: Args<'_>) -> Outcome {
    reply_help(&mut exec.reply, "acl");
    Ok(())
}
