//! The rows of the subcommands of CLIENT, CONFIG, COMMAND, SLOWLOG, LATENCY and WIPEGUARD.

use super::{Command, Group, ServerCommand};

pub(super) const CLIENT: &[Command] = &[
    Command::server(Group::Connection, "id", 2, "noscript loading stale", ServerCommand::Client).docs(
        "5.0.0",
        "O(1)",
        "Tell the connection's number",
    ),
    Command::server(Group::Connection, "getname", 2, "noscript loading stale", ServerCommand::Client).docs(
        "2.6.9",
        "O(1)",
        "Tell the connection's name",
    ),
    Command::server(Group::Connection, "setname", 3, "noscript loading stale", ServerCommand::Client).docs(
        "2.6.9",
        "O(1)",
        "Name the connection",
    ),
    Command::server(Group::Connection, "list", -2, "admin noscript loading stale", ServerCommand::Client)
        .tips("nondeterministic_output")
        .docs("2.4.0", "O(N)", "List connections: all, those of a TYPE, or those with an ID"),
    Command::server(Group::Connection, "info", 2, "noscript loading stale", ServerCommand::Client)
        .tips("nondeterministic_output")
        .docs("6.2.0", "O(1)", "Tell about the connection"),
    Command::server(Group::Connection, "kill", -3, "admin noscript loading stale", ServerCommand::Client).docs(
        "2.4.0",
        "O(N)",
        "Close connections, by address or by ID, ADDR, LADDR, TYPE, USER and SKIPME",
    ),
    Command::server(Group::Connection, "pause", -3, "admin noscript loading stale", ServerCommand::Client).docs(
        "2.9.50",
        "O(1)",
        "Hold requests back for a time: ALL, or those that WRITE",
    ),
    Command::server(Group::Connection, "unpause", 2, "admin noscript loading stale", ServerCommand::Client).docs(
        "6.2.0",
        "O(N)",
        "Let the requests go that a pause holds back",
    ),
    Command::server(Group::Connection, "unblock", -3, "admin noscript loading stale", ServerCommand::Client).docs(
        "5.0.0",
        "O(log N)",
        "End a connection's wait as if by TIMEOUT, or by an ERROR",
    ),
    Command::server(Group::Connection, "reply", 3, "noscript loading stale", ServerCommand::Client).docs(
        "3.2.0",
        "O(1)",
        "Switch replies ON or OFF, or SKIP the next one",
    ),
    Command::server(Group::Connection, "no-evict", 3, "admin noscript loading stale", ServerCommand::Client).docs(
        "7.0.0",
        "O(1)",
        "Protect the connection from eviction: ON or OFF",
    ),
    Command::server(Group::Connection, "setinfo", 4, "noscript loading stale", ServerCommand::Client).docs(
        "7.2.0",
        "O(1)",
        "Tell the client library's LIB-NAME or LIB-VER",
    ),
    Command::server(Group::Connection, "tracking", -3, "noscript loading stale", ServerCommand::Client).docs(
        "6.0.0",
        "O(1)",
        "Tell of changes to what was read: ON or OFF, with REDIRECT, BCAST, PREFIX, OPTIN, OPTOUT and NOLOOP",
    ),
    Command::server(Group::Connection, "caching", 3, "noscript loading stale", ServerCommand::Client).docs(
        "6.0.0",
        "O(1)",
        "Track what the next command reads: YES with OPTIN, NO with OPTOUT",
    ),
    Command::server(Group::Connection, "trackinginfo", 2, "noscript loading stale", ServerCommand::Client).docs(
        "6.2.0",
        "O(1)",
        "Tell how the connection tracks",
    ),
    Command::server(Group::Connection, "getredir", 2, "noscript loading stale", ServerCommand::Client).docs(
        "6.0.0",
        "O(1)",
        "Tell where invalidations go",
    ),
    Command::server(Group::Connection, "help", 2, "loading stale", ServerCommand::Client).docs(
        "5.0.0",
        "O(1)",
        "Tell the subcommands",
    ),
];

pub(super) const CONFIG: &[Command] = &[
    Command::server(Group::Server, "get", -3, "admin noscript loading stale", ServerCommand::Config).docs(
        "2.0.0",
        "O(N)",
        "Tell the values of directives, by name or pattern",
    ),
    Command::server(Group::Server, "set", -4, "admin noscript loading stale", ServerCommand::Config)
        .tips("request_policy:all_nodes response_policy:all_succeeded")
        .docs("2.0.0", "O(N)", "Give directives new values, all of them or none"),
    Command::server(Group::Server, "rewrite", 2, "admin noscript loading stale", ServerCommand::Config).docs(
        "2.8.0",
        "O(1)",
        "Bring the configuration file up to date",
    ),
    Command::server(Group::Server, "resetstat", 2, "admin noscript loading stale", ServerCommand::Config).docs(
        "2.0.0",
        "O(1)",
        "Set the counters of INFO to zero",
    ),
    Command::server(Group::Server, "help", 2, "loading stale", ServerCommand::Config).docs(
        "5.0.0",
        "O(1)",
        "Tell the subcommands",
    ),
];

pub(super) const COMMAND: &[Command] = &[
    Command::server(Group::Server, "count", 2, "loading stale", ServerCommand::Command)
        .in_categories("connection")
        .docs("2.8.13", "O(1)", "Count the commands"),
    Command::server(Group::Server, "docs", -2, "loading stale", ServerCommand::Command)
        .in_categories("connection")
        .tips("nondeterministic_output_order")
        .docs("7.0.0", "O(N)", "Tell what commands do, in words"),
    Command::server(Group::Server, "info", -2, "loading stale", ServerCommand::Command)
        .in_categories("connection")
        .tips("nondeterministic_output_order")
        .docs("2.8.13", "O(N)", "Tell arity, flags and keys of commands"),
    Command::server(Group::Server, "getkeys", -4, "loading stale", ServerCommand::Command)
        .in_categories("connection")
        .docs("2.8.13", "O(N)", "Tell the keys of a request"),
    Command::server(Group::Server, "getkeysandflags", -4, "loading stale", ServerCommand::Command)
        .in_categories("connection")
        .docs("7.0.0", "O(N)", "Tell the keys of a request, and what is done with them"),
    Command::server(Group::Server, "list", -2, "loading stale", ServerCommand::Command)
        .in_categories("connection")
        .tips("nondeterministic_output_order")
        .docs("7.0.0", "O(N)", "List names: all, or FILTERBY MODULE, ACLCAT or PATTERN"),
    Command::server(Group::Server, "help", 2, "loading stale", ServerCommand::Command)
        .in_categories("connection")
        .docs("5.0.0", "O(1)", "Tell the subcommands"),
];

pub(super) const SLOWLOG: &[Command] = &[
    Command::server(Group::Server, "get", -2, "admin loading stale", ServerCommand::Slowlog)
        .tips("request_policy:all_nodes nondeterministic_output")
        .docs("2.2.12", "O(N)", "Tell the newest slow commands: ten, or so many, or all with -1"),
    Command::server(Group::Server, "len", 2, "admin loading stale", ServerCommand::Slowlog)
        .tips("request_policy:all_nodes response_policy:agg_sum nondeterministic_output")
        .docs("2.2.12", "O(1)", "Count the slow commands that are kept"),
    Command::server(Group::Server, "reset", 2, "admin loading stale", ServerCommand::Slowlog)
        .tips("request_policy:all_nodes response_policy:all_succeeded")
        .docs("2.2.12", "O(N)", "Forget the slow commands"),
    Command::server(Group::Server, "help", 2, "loading stale", ServerCommand::Slowlog).docs(
        "6.2.0",
        "O(1)",
        "Tell the subcommands",
    ),
];

pub(super) const LATENCY: &[Command] = &[
    Command::server(Group::Server, "doctor", 2, "admin noscript loading stale", ServerCommand::Latency)
        .tips("nondeterministic_output request_policy:all_nodes response_policy:special")
        .docs("2.8.13", "O(1)", "Tell in words what took long"),
    Command::server(Group::Server, "graph", 3, "admin noscript loading stale", ServerCommand::Latency)
        .tips("nondeterministic_output request_policy:all_nodes response_policy:special")
        .docs("2.8.13", "O(1)", "Draw the spikes of an event"),
    Command::server(Group::Server, "histogram", -2, "admin noscript loading stale", ServerCommand::Latency)
        .tips("nondeterministic_output request_policy:all_nodes response_policy:special")
        .docs("7.0.0", "O(N)", "Tell how the times of commands are distributed: of all, or of those that are named"),
    Command::server(Group::Server, "history", 3, "admin noscript loading stale", ServerCommand::Latency)
        .tips("nondeterministic_output request_policy:all_nodes response_policy:special")
        .docs("2.8.13", "O(1)", "Tell the spikes of an event"),
    Command::server(Group::Server, "latest", 2, "admin noscript loading stale", ServerCommand::Latency)
        .tips("nondeterministic_output request_policy:all_nodes response_policy:special")
        .docs("2.8.13", "O(1)", "Tell the last spike of each event"),
    Command::server(Group::Server, "reset", -2, "admin noscript loading stale", ServerCommand::Latency)
        .tips("request_policy:all_nodes response_policy:all_succeeded")
        .docs("2.8.13", "O(1)", "Forget the spikes of all events, or of those that are named"),
    Command::server(Group::Server, "help", 2, "loading stale", ServerCommand::Latency).docs(
        "2.8.13",
        "O(1)",
        "Tell the subcommands",
    ),
];

pub(super) const WIPEGUARD: &[Command] = &[
    Command::server(Group::Server, "accept", -2, "admin noscript stale no_async_loading", ServerCommand::WipeGuard)
        .docs(
            "7.0.0",
            "O(1)",
            "Take what our master has although it was refused; on a node that came back without its data, let replicas in",
        ),
    Command::server(Group::Server, "status", 2, "admin noscript loading stale", ServerCommand::WipeGuard)
        .tips("nondeterministic_output")
        .docs("7.0.0", "O(1)", "Tell what is held against our master"),
    Command::server(Group::Server, "help", 2, "loading stale", ServerCommand::WipeGuard).docs(
        "7.0.0",
        "O(1)",
        "Tell the subcommands",
    ),
];
