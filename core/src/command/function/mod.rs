//! FUNCTION and FCALL: libraries are kept and passed on, and none is run.

use alloc::format;
use alloc::vec::Vec;

use crate::codec::glob;
use crate::keyspace::{LibraryError, library_name};
use crate::rdb::{Reader, opcode, open_payload, seal_payload};
use crate::resp::Args;

use crate::command::exec::{Exec, is_word};
use crate::command::reply_error::{
    FUNCTION_NOT_FOUND, INVALID_PAYLOAD, LIBRARY_NOT_FOUND, NO_LIBRARY_PATTERN, NO_SCRIPT_RUNS, NOT_A_FUNCTION,
    RESTORE_POLICY, UNKNOWN_FLUSH_MODE, unknown_argument, unknown_option_given,
};
use crate::command::{Command, CommandError, Group, Keys, Outcome, reply_help};

/// All commands of the family, file by file.
pub(super) const FAMILY: &[&[Command]] = &[COMMANDS];

const COMMANDS: &[Command] = &[
    Command::container(Group::Scripting, "function", -2, SUBCOMMANDS).docs(
        "7.0.0",
        "Depends on subcommand.",
        "Look after libraries of functions",
    ),
    Command::data(
        Group::Scripting,
        "fcall",
        -3,
        "noscript stale skip_monitor no_mandatory_keys",
        Keys::Numbered { at: 2 },
        |_, _| Err(FUNCTION_NOT_FOUND),
    )
    .access("RW access update: a function may do anything")
    .docs(
        "7.0.0",
        "Depends on the function",
        "Run a function; there is no interpreter here, so that none is ever found",
    ),
    Command::data(
        Group::Scripting,
        "fcall_ro",
        -3,
        "readonly noscript stale skip_monitor no_mandatory_keys",
        Keys::Numbered { at: 2 },
        |_, _| Err(FUNCTION_NOT_FOUND),
    )
    .access("RO access: a function may read anything")
    .docs("7.0.0", "Depends on the function", "Run a function that changes nothing"),
];

const SUBCOMMANDS: &[Command] = &[
    Command::data(Group::Scripting, "load", -3, "write denyoom noscript", Keys::None, load)
        .tips("request_policy:all_shards response_policy:all_succeeded")
        .docs("7.0.0", "O(1)", "Keep a library: [REPLACE] code"),
    Command::data(Group::Scripting, "delete", 3, "write noscript", Keys::None, delete)
        .tips("request_policy:all_shards response_policy:all_succeeded")
        .docs("7.0.0", "O(1)", "Forget a library"),
    Command::data(Group::Scripting, "flush", -2, "write noscript", Keys::None, flush)
        .tips("request_policy:all_shards response_policy:all_succeeded")
        .docs("7.0.0", "O(N)", "Forget all libraries"),
    Command::data(Group::Scripting, "list", -2, "noscript", Keys::None, list)
        .tips("nondeterministic_output_order")
        .docs("7.0.0", "O(N)", "Tell the libraries: [LIBRARYNAME pattern] [WITHCODE]"),
    Command::data(Group::Scripting, "dump", 2, "noscript", Keys::None, dump).docs(
        "7.0.0",
        "O(N)",
        "Tell all libraries as bytes for RESTORE",
    ),
    Command::data(Group::Scripting, "restore", -3, "write denyoom noscript", Keys::None, restore)
        .tips("request_policy:all_shards response_policy:all_succeeded")
        .docs("7.0.0", "O(N)", "Take in what DUMP told: payload [FLUSH|APPEND|REPLACE]"),
    Command::data(Group::Scripting, "stats", 2, "noscript allow_busy", Keys::None, stats)
        .tips("nondeterministic_output request_policy:all_shards response_policy:special")
        .docs("7.0.0", "O(1)", "Tell what runs, and how many libraries there are"),
    Command::data(Group::Scripting, "kill", 2, "noscript allow_busy", Keys::None, |_, _| Err(NO_SCRIPT_RUNS))
        .tips("request_policy:all_shards response_policy:one_succeeded")
        .docs("7.0.0", "O(1)", "End the function that runs"),
    Command::data(Group::Scripting, "help", 2, "loading stale", Keys::None, help).docs(
        "7.0.0",
        "O(1)",
        "Describe the subcommands",
    ),
];

fn refused(error: LibraryError<'_>) -> CommandError {
    CommandError::with(format!("ERR {error}"))
}

fn already_there(name: &[u8]) -> CommandError {
    CommandError::with(format!("ERR Library '{}' already exists", name.escape_ascii()))
}

fn load(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let options = 2..args.len() - 1;
    let unknown = options.clone().find(|&index| !is_word(&args[index], "REPLACE"));
    if let Some(index) = unknown {
        return Err(unknown_option_given(&args[index]));
    }
    let code = &args[args.len() - 1];
    let name = library_name(code).map_err(refused)?;
    if options.is_empty() && exec.keyspace.libraries.contains(name) {
        return Err(already_there(name));
    }
    exec.keyspace.libraries.put(name, code);
    exec.changed(1);
    exec.reply.bulk(name);
    Ok(())
}

fn delete(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    if !exec.keyspace.libraries.remove(&args[2]) {
        return Err(LIBRARY_NOT_FOUND);
    }
    exec.changed(1);
    exec.reply.ok();
    Ok(())
}

fn flush(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let is_mode = |mode: &[u8]| is_word(mode, "SYNC") || is_word(mode, "ASYNC");
    if args.len() > 3 || !args.get(2).is_none_or(is_mode) {
        return Err(UNKNOWN_FLUSH_MODE);
    }
    exec.keyspace.libraries.clear();
    exec.changed(1);
    exec.reply.ok();
    Ok(())
}

fn list(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let (mut pattern, mut with_code, mut index) = (None, false, 2);
    while index < args.len() {
        if !with_code && is_word(&args[index], "WITHCODE") {
            with_code = true;
        } else if pattern.is_none() && is_word(&args[index], "LIBRARYNAME") {
            index += 1;
            pattern = Some(args.get(index).ok_or(NO_LIBRARY_PATTERN)?);
        } else {
            return Err(unknown_argument(&args[index]));
        }
        index += 1;
    }
    let is_wanted = |name: &[u8]| pattern.is_none_or(|pattern| glob::matches_ignoring_case(pattern, name));
    let libraries: Vec<_> = exec.keyspace.libraries.iter().filter(|(name, _)| is_wanted(name)).collect();
    let reply = &mut exec.reply;
    reply.array(libraries.len());
    for (name, code) in libraries {
        reply.map(if with_code { 4 } else { 3 });
        reply.bulk(b"library_name");
        reply.bulk(name);
        reply.bulk(b"engine");
        reply.bulk(b"LUA");
        reply.bulk(b"functions");
        reply.array(0);
        if with_code {
            reply.bulk(b"library_code");
            reply.bulk(code);
        }
    }
    Ok(())
}

fn dump(exec: &mut Exec<'_>, _args: Args<'_>) -> Outcome {
    let mut payload = Vec::new();
    exec.keyspace.libraries.push_to(&mut payload, exec.config.rdbcompression);
    seal_payload(&mut payload, false);
    exec.reply.bulk(&payload);
    Ok(())
}

/// What RESTORE does with libraries that are there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Policy {
    Append,
    Replace,
    Flush,
}

fn restore(exec: &mut Exec<'_>, args: Args<'_>) -> Outcome {
    let policy = match args.get(3) {
        None => Policy::Append,
        Some(word) if is_word(word, "APPEND") => Policy::Append,
        Some(word) if is_word(word, "REPLACE") => Policy::Replace,
        Some(word) if is_word(word, "FLUSH") => Policy::Flush,
        Some(_) => return Err(RESTORE_POLICY),
    };
    let (payload, _) = open_payload(&args[2]).ok_or(INVALID_PAYLOAD)?;
    let mut reader = Reader::new(payload);
    let mut codes = Vec::new();
    while reader.position() < payload.len() {
        match (reader.byte(), reader.string()) {
            (Ok(opcode::FUNCTION2), Ok(code)) => codes.push(code.into_owned()),
            _ => return Err(NOT_A_FUNCTION),
        }
    }
    let names = codes.iter().map(|code| library_name(code).map_err(refused)).collect::<Result<Vec<_>, _>>()?;
    if policy == Policy::Append
        && let Some(name) = names.iter().find(|name| exec.keyspace.libraries.contains(name))
    {
        return Err(CommandError::with(format!("ERR Library {} already exists", name.escape_ascii())));
    }
    if policy == Policy::Flush {
        exec.keyspace.libraries.clear();
    }
    for (name, code) in names.into_iter().zip(&codes) {
        exec.keyspace.libraries.put(name, code);
    }
    exec.changed(1);
    exec.reply.ok();
    Ok(())
}

fn stats(exec: &mut Exec<'_>, _args: Args<'_>) -> Outcome {
    let count = exec.keyspace.libraries.len();
    let reply = &mut exec.reply;
    reply.map(2);
    reply.bulk(b"running_script");
    reply.null();
    reply.bulk(b"engines");
    reply.map(1);
    reply.bulk(b"LUA");
    reply.map(2);
    reply.bulk(b"libraries_count");
    reply.count(count);
    reply.bulk(b"functions_count");
    reply.int(0);
    Ok(())
}

fn help(exec: &mut Exec<'_>, _args: Args<'_>) -> Outcome {
    reply_help(&mut exec.reply, "function");
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::command::bench::{Bench, check};

    #[test]
    fn libraries_are_kept_told_and_forgotten_in_redis_words() {
        let mut bench = Bench::new();
        check(
            &mut bench,
            &[
                ("FUNCTION LOAD \"#!lua name=a\\ncode\"", "$1 a ", &["FUNCTION LOAD #!lua name=a\ncode"]),
                ("FUNCTION LOAD \"#!lua name=a\\ncode\"", "-ERR Library 'a' already exists ", &[]),
                (
                    "FUNCTION LOAD REPLACE \"#!lua name=a\\nmore\"",
                    "$1 a ",
                    &["FUNCTION LOAD REPLACE #!lua name=a\nmore"],
                ),
                ("FUNCTION LOAD FOO bar", "-ERR Unknown option given: FOO ", &[]),
                ("FUNCTION LOAD abc", "-ERR Missing library metadata ", &[]),
                ("FUNCTION LIST", "*1 *6 $12 library_name $1 a $6 engine $3 LUA $9 functions *0 ", &[]),
                ("FUNCTION LIST LIBRARYNAME", "-ERR library name argument was not given ", &[]),
                ("FUNCTION LIST LIBRARYNAME b*", "*0 ", &[]),
                ("FUNCTION LIST foo", "-ERR Unknown argument foo ", &[]),
                ("FCALL f 0", "-ERR Function not found ", &[]),
                ("FUNCTION KILL", "-NOTBUSY No scripts in execution right now. ", &[]),
                ("FUNCTION FLUSH x", "-ERR FUNCTION FLUSH only supports SYNC|ASYNC option ", &[]),
                ("FUNCTION DELETE b", "-ERR Library not found ", &[]),
                ("FUNCTION DELETE a", "+OK ", &["FUNCTION DELETE a"]),
                ("FUNCTION FLUSH", "+OK ", &["FUNCTION FLUSH"]),
                ("FUNCTION RESTORE xxx", "-ERR DUMP payload version or checksum are wrong ", &[]),
            ],
        );
    }
}
