//! The rows of administrative commands; the node carries them out.

use super::container::{CLIENT, COMMAND, CONFIG, LATENCY, SLOWLOG, WIPEGUARD};
use super::{Command, Group, Keys, ServerCommand};

/// All commands of the family.
pub(super) const FAMILY: &[&[Command]] = &[
    COMMANDS,
    #[cfg(test)]
    super::waiting::COMMANDS,
];

const COMMANDS: &[Command] = &[
    Command::server(Group::Connection, "ping", -1, "fast", ServerCommand::Ping)
        .tips("request_policy:all_shards response_policy:all_succeeded")
        .docs("1.0.0", "O(1)", "Answer PONG, or the argument"),
    Command::server(Group::Connection, "echo", 2, "loading stale fast", ServerCommand::Echo).docs(
        "1.0.0",
        "O(1)",
        "Answer the argument",
    ),
    Command::server(
        Group::Connection,
        "quit",
        -1,
        "noscript loading stale fast no_auth allow_busy",
        ServerCommand::Quit,
    )
    .docs("1.0.0", "O(1)", "Close the connection"),
    Command::server(
        Group::Connection,
        "auth",
        -2,
        "noscript loading stale fast no_auth allow_busy",
        ServerCommand::Auth,
    )
    .docs("1.0.0", "O(N)", "Log in"),
    Command::server(
        Group::Connection,
        "hello",
        -1,
        "noscript loading stale fast no_auth allow_busy",
        ServerCommand::Hello,
    )
    .docs("6.0.0", "O(1)", "Choose the protocol version, and log in"),
    Command::server(
        Group::Connection,
        "reset",
        1,
        "noscript loading stale fast no_auth allow_busy",
        ServerCommand::Reset,
    )
    .docs("6.2.0", "O(1)", "Put the connection back to its first state"),
    Command::server(Group::Connection, "select", 2, "loading stale fast", ServerCommand::Select).docs(
        "1.0.0",
        "O(1)",
        "Choose the database",
    ),
    Command::server(Group::Connection, "client", -2, "", ServerCommand::Client)
        .docs("2.4.0", "Depends on subcommand.", "Look after connections")
        .with_subcommands(CLIENT),
    Command::server(Group::Server, "command", -1, "loading stale", ServerCommand::Command)
        .in_categories("connection")
        .tips("nondeterministic_output_order")
        .docs("2.8.13", "O(N)", "Tell about commands")
        .with_subcommands(COMMAND),
    Command::server(Group::Server, "config", -2, "", ServerCommand::Config)
        .docs("2.0.0", "Depends on subcommand.", "Look after the configuration")
        .with_subcommands(CONFIG),
    Command::server(Group::Server, "slowlog", -2, "", ServerCommand::Slowlog)
        .docs("2.2.12", "Depends on subcommand.", "Look at the commands that were slow")
        .with_subcommands(SLOWLOG),
    Command::server(Group::Server, "latency", -2, "", ServerCommand::Latency)
        .docs("2.8.13", "Depends on subcommand.", "Look at how long commands take")
        .with_subcommands(LATENCY),
    Command::server(Group::Server, "info", -1, "loading stale", ServerCommand::Info)
        .in_categories("dangerous")
        .tips("nondeterministic_output request_policy:all_shards response_policy:special")
        .docs("1.0.0", "O(1)", "Tell about the node"),
    Command::server(Group::Server, "time", 1, "loading stale fast", ServerCommand::Time)
        .tips("nondeterministic_output")
        .docs("2.6.0", "O(1)", "Tell the time"),
    Command::server(Group::Server, "role", 1, "noscript loading stale fast", ServerCommand::Role)
        .in_categories("admin dangerous")
        .docs("2.8.12", "O(1)", "Tell the role in replication"),
    Command::server(Group::Server, "debug", -2, "admin noscript loading stale protected", ServerCommand::Debug).docs(
        "1.0.0",
        "Depends on subcommand.",
        "Commands for tests",
    ),
    Command::server(
        Group::Server,
        "shutdown",
        -1,
        "admin noscript loading stale no_multi allow_busy",
        ServerCommand::Shutdown,
    )
    .docs("1.0.0", "O(N)", "Save and end the process"),
    Command::server(Group::Transactions, "multi", 1, "noscript loading stale fast allow_busy", ServerCommand::Multi)
        .docs("1.2.0", "O(1)", "Begin a transaction"),
    Command::server(Group::Transactions, "exec", 1, "noscript loading stale skip_slowlog", ServerCommand::Exec).docs(
        "1.2.0",
        "Depends on commands in the transaction",
        "Execute the transaction",
    ),
    Command::server(
        Group::Transactions,
        "discard",
        1,
        "noscript loading stale fast allow_busy",
        ServerCommand::Discard,
    )
    .docs("2.0.0", "O(N)", "Give up the transaction"),
    Command::server(Group::Transactions, "watch", -2, "noscript loading stale fast allow_busy", ServerCommand::Watch)
        .access("RO")
        .keys(Keys::ALL)
        .docs("2.2.0", "O(1) for every key.", "Execute the next transaction only if these keys stay as they are"),
    Command::server(
        Group::Transactions,
        "unwatch",
        1,
        "noscript loading stale fast allow_busy",
        ServerCommand::Unwatch,
    )
    .docs("2.2.0", "O(1)", "Forget what is watched"),
    Command::server(Group::Server, "save", 1, "admin noscript no_async_loading no_multi", ServerCommand::Save).docs(
        "1.0.0",
        "O(N)",
        "Write a snapshot to disk, and answer when it is there",
    ),
    Command::server(Group::Server, "bgsave", -1, "admin noscript no_async_loading", ServerCommand::Bgsave).docs(
        "1.0.0",
        "O(1)",
        "Write a snapshot to disk in the background",
    ),
    Command::server(Group::Server, "bgrewriteaof", 1, "admin noscript no_async_loading", ServerCommand::BgRewriteAof)
        .docs("1.0.0", "O(1)", "Write the append-only file anew, in as few bytes as hold the data"),
    Command::server(Group::Server, "lastsave", 1, "loading stale fast", ServerCommand::LastSave)
        .in_categories("admin dangerous")
        .tips("nondeterministic_output")
        .docs("1.0.0", "O(1)", "Tell when the last snapshot was written"),
    Command::server(Group::Server, "replicaof", 3, "admin noscript stale no_async_loading", ServerCommand::ReplicaOf)
        .docs("5.0.0", "O(1)", "Follow a master, or become one"),
    Command::server(Group::Server, "slaveof", 3, "admin noscript stale no_async_loading", ServerCommand::ReplicaOf)
        .docs("1.0.0", "O(1)", "Follow a master, or become one"),
    Command::server(Group::Server, "failover", -1, "admin noscript stale", ServerCommand::Failover).docs(
        "6.2.0",
        "O(1)",
        "Let a replica take over, once it has everything",
    ),
    Command::server(Group::Server, "wipeguard", -2, "", ServerCommand::WipeGuard)
        .docs("7.0.0", "Depends on subcommand.", "Look at what is held against our master, or take what it has")
        .with_subcommands(WIPEGUARD),
    Command::server(Group::Server, "replconf", -1, "admin noscript loading stale allow_busy", ServerCommand::ReplConf)
        .docs("3.0.0", "O(1)", "What replicas and masters tell each other"),
    Command::server(Group::Server, "psync", -3, "admin noscript no_async_loading no_multi", ServerCommand::Psync).docs(
        "2.8.0",
        "",
        "Ask for the stream, from a position on",
    ),
    Command::server(Group::Server, "sync", 1, "admin noscript no_async_loading no_multi", ServerCommand::Sync).docs(
        "1.0.0",
        "",
        "Ask for everything and then the stream",
    ),
    Command::server(Group::Generic, "wait", 3, "noscript", ServerCommand::Wait)
        .in_categories("connection")
        .tips("request_policy:all_shards response_policy:agg_min")
        .docs("3.0.0", "O(1)", "Wait until replicas have acknowledged this connection's writes"),
    Command::server(Group::Generic, "waitaof", 4, "blocking", ServerCommand::WaitAof)
        .in_categories("connection")
        .tips("request_policy:all_shards response_policy:agg_min")
        .docs("7.2.0", "O(1)", "Wait until this connection's writes are on disks"),
    Command::server(Group::Server, "lolwut", -1, "readonly fast", ServerCommand::Lolwut).docs(
        "5.0.0",
        "",
        "Show a little art and the version",
    ),
];
