//! The rows of the subcommands of CLIENT, CONFIG and COMMAND.

use super::{Command, Flags, Group, Handler, Keys, ServerCommand};

/// What may be asked at any time, but not by a script.
const ANY_TIME: Flags = Flags::NOSCRIPT.and(Flags::LOADING).and(Flags::STALE);
/// As [`ANY_TIME`], for administrators.
const BY_ADMIN: Flags = Flags::ADMIN.and(ANY_TIME);

/// What the subcommands of CLIENT have in common.
const OF_CLIENT: Command = Command {
    name: "",
    arity: 2,
    flags: ANY_TIME,
    keys: Keys::None,
    group: Group::Connection,
    since: "2.4.0",
    summary: "",
    complexity: "O(1)",
    handler: Handler::Server(ServerCommand::Client),
    subcommands: &[],
};

const EACH_CONNECTION: &str = "O(N) where N is the number of client connections";

pub(super) const CLIENT: &[Command] = &[
    Command { name: "id", since: "5.0.0", summary: "Tell the connection's number", ..OF_CLIENT },
    Command { name: "getname", since: "2.6.9", summary: "Tell the connection's name", ..OF_CLIENT },
    Command { name: "setname", arity: 3, since: "2.6.9", summary: "Name the connection", ..OF_CLIENT },
    Command {
        name: "list",
        arity: -2,
        flags: BY_ADMIN.and(Flags::NONDETERMINISTIC),
        summary: "List connections: all, those of a TYPE, or those with an ID",
        complexity: EACH_CONNECTION,
        ..OF_CLIENT
    },
    Command {
        name: "info",
        flags: ANY_TIME.and(Flags::NONDETERMINISTIC),
        since: "6.2.0",
        summary: "Tell about the connection",
        ..OF_CLIENT
    },
    Command {
        name: "kill",
        arity: -3,
        flags: BY_ADMIN,
        summary: "Close connections, by address or by ID, ADDR, LADDR, TYPE, USER and SKIPME",
        complexity: EACH_CONNECTION,
        ..OF_CLIENT
    },
    Command {
        name: "reply",
        arity: 3,
        since: "3.2.0",
        summary: "Switch replies ON or OFF, or SKIP the next one",
        ..OF_CLIENT
    },
    Command {
        name: "no-evict",
        arity: 3,
        flags: BY_ADMIN,
        since: "7.0.0",
        summary: "Protect the connection from eviction: ON or OFF",
        ..OF_CLIENT
    },
    Command {
        name: "setinfo",
        arity: 4,
        since: "7.2.0",
        summary: "Tell the client library's LIB-NAME or LIB-VER",
        ..OF_CLIENT
    },
    Command { name: "getredir", since: "6.0.0", summary: "Tell where invalidations go", ..OF_CLIENT },
    Command {
        name: "help",
        flags: Flags::LOADING.and(Flags::STALE),
        since: "5.0.0",
        summary: "Tell the subcommands",
        ..OF_CLIENT
    },
];

/// What the subcommands of CONFIG have in common.
const OF_CONFIG: Command = Command {
    name: "",
    arity: 2,
    flags: BY_ADMIN,
    keys: Keys::None,
    group: Group::Server,
    since: "2.0.0",
    summary: "",
    complexity: "O(1)",
    handler: Handler::Server(ServerCommand::Config),
    subcommands: &[],
};

const EACH_DIRECTIVE: &str = "O(N) when N is the number of configuration parameters provided";

pub(super) const CONFIG: &[Command] = &[
    Command {
        name: "get",
        arity: -3,
        summary: "Tell the values of directives, by name or pattern",
        complexity: EACH_DIRECTIVE,
        ..OF_CONFIG
    },
    Command {
        name: "set",
        arity: -4,
        summary: "Give directives new values, all of them or none",
        complexity: EACH_DIRECTIVE,
        ..OF_CONFIG
    },
    Command { name: "rewrite", since: "2.8.0", summary: "Bring the configuration file up to date", ..OF_CONFIG },
    Command { name: "resetstat", summary: "Set the counters of INFO to zero", ..OF_CONFIG },
    Command {
        name: "help",
        flags: Flags::LOADING.and(Flags::STALE),
        since: "5.0.0",
        summary: "Tell the subcommands",
        ..OF_CONFIG
    },
];

/// What the subcommands of COMMAND have in common.
const OF_COMMAND: Command = Command {
    name: "",
    arity: -2,
    flags: Flags::LOADING.and(Flags::STALE),
    keys: Keys::None,
    group: Group::Server,
    since: "2.8.13",
    summary: "",
    complexity: "O(1)",
    handler: Handler::Server(ServerCommand::Command),
    subcommands: &[],
};

const EACH_COMMAND: &str = "O(N) where N is the number of commands to look up";

pub(super) const COMMAND: &[Command] = &[
    Command { name: "count", arity: 2, summary: "Count the commands", ..OF_COMMAND },
    Command {
        name: "docs",
        since: "7.0.0",
        summary: "Tell what commands do, in words",
        complexity: EACH_COMMAND,
        ..OF_COMMAND
    },
    Command { name: "info", summary: "Tell arity, flags and keys of commands", complexity: EACH_COMMAND, ..OF_COMMAND },
    Command {
        name: "getkeys",
        arity: -4,
        summary: "Tell the keys of a request",
        complexity: "O(N) where N is the number of arguments to the command",
        ..OF_COMMAND
    },
    Command {
        name: "list",
        since: "7.0.0",
        summary: "List names: all, or FILTERBY MODULE, ACLCAT or PATTERN",
        complexity: "O(N) where N is the total number of Redis commands",
        ..OF_COMMAND
    },
    Command { name: "help", arity: 2, since: "5.0.0", summary: "Tell the subcommands", ..OF_COMMAND },
];
