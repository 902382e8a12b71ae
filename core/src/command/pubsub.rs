//! The rows of commands about messages and about seeing what others do; the node carries them out.

use super::{Command, Group, Keys, ServerCommand};

/// All commands of the family.
pub(super) const FAMILY: &[&[Command]] = &[COMMANDS];

const COMMANDS: &[Command] = &[
    Command::server(Group::PubSub, "subscribe", -2, "pubsub noscript loading stale", ServerCommand::Subscribe).docs(
        "2.0.0",
        "O(N)",
        "Listen to channels",
    ),
    Command::server(Group::PubSub, "unsubscribe", -1, "pubsub noscript loading stale", ServerCommand::Unsubscribe)
        .docs("2.0.0", "O(N)", "Listen no more to channels, to any if none is named"),
    Command::server(Group::PubSub, "psubscribe", -2, "pubsub noscript loading stale", ServerCommand::Psubscribe).docs(
        "2.0.0",
        "O(N)",
        "Listen to channels whose names match patterns",
    ),
    Command::server(Group::PubSub, "punsubscribe", -1, "pubsub noscript loading stale", ServerCommand::Punsubscribe)
        .docs("2.0.0", "O(N+M)", "Listen no more to patterns, to any if none is named"),
    Command::server(Group::PubSub, "ssubscribe", -2, "pubsub noscript loading stale", ServerCommand::Ssubscribe)
        .access("not_key")
        .keys(Keys::ALL)
        .docs("7.0.0", "O(N)", "Listen to shard channels"),
    Command::server(Group::PubSub, "sunsubscribe", -1, "pubsub noscript loading stale", ServerCommand::Sunsubscribe)
        .access("not_key")
        .keys(Keys::ALL)
        .docs("7.0.0", "O(N)", "Listen no more to shard channels, to any if none is named"),
    Command::server(Group::PubSub, "publish", 3, "pubsub loading stale fast may_replicate", ServerCommand::Publish)
        .docs("2.0.0", "O(N+M)", "Send a message to a channel"),
    Command::server(Group::PubSub, "spublish", 3, "pubsub loading stale fast may_replicate", ServerCommand::Spublish)
        .access("not_key")
        .keys(Keys::ONE)
        .docs("7.0.0", "O(N)", "Send a message to a shard channel"),
    Command::server(Group::Server, "monitor", 1, "admin noscript loading stale", ServerCommand::Monitor).docs(
        "1.0.0",
        "",
        "See every command that is carried out",
    ),
    Command::container(Group::PubSub, "pubsub", -2, SUBCOMMANDS).docs(
        "2.8.0",
        "Depends on subcommand.",
        "Tell who listens to what",
    ),
];

const SUBCOMMANDS: &[Command] = &[
    Command::server(Group::PubSub, "channels", -2, "pubsub loading stale", ServerCommand::Pubsub).docs(
        "2.8.0",
        "O(N)",
        "List channels that somebody listens to: all, or those that match a pattern",
    ),
    Command::server(Group::PubSub, "help", 2, "loading stale", ServerCommand::Pubsub).in_categories("").docs(
        "6.2.0",
        "O(1)",
        "Tell the subcommands",
    ),
    Command::server(Group::PubSub, "numpat", 2, "pubsub loading stale", ServerCommand::Pubsub).docs(
        "2.8.0",
        "O(1)",
        "Count the patterns that somebody listens to",
    ),
    Command::server(Group::PubSub, "numsub", -2, "pubsub loading stale", ServerCommand::Pubsub).docs(
        "2.8.0",
        "O(N)",
        "Count the listeners of channels",
    ),
    Command::server(Group::PubSub, "shardchannels", -2, "pubsub loading stale", ServerCommand::Pubsub).docs(
        "7.0.0",
        "O(N)",
        "List shard channels that somebody listens to: all, or those that match a pattern",
    ),
    Command::server(Group::PubSub, "shardnumsub", -2, "pubsub loading stale", ServerCommand::Pubsub).docs(
        "7.0.0",
        "O(N)",
        "Count the listeners of shard channels",
    ),
];
