//! CLUSTER and its kin: there are no clusters here, and each of them says so.

use crate::resp::Args;

use super::exec::Exec;
use super::reply_error::CLUSTER_DISABLED;
use super::{Command, Group, Keys, Outcome};

/// All commands of the family, file by file.
pub(super) const FAMILY: &[&[Command]] = &[COMMANDS];

const COMMANDS: &[Command] = &[
    Command::container(Group::Cluster, "cluster", -2, SUBCOMMANDS).docs(
        "3.0.0",
        "Depends on subcommand.",
        "Look after a cluster; there is none",
    ),
    refused("asking", 1, "fast", "3.0.0").in_categories("connection"),
    refused("readonly", 1, "loading stale fast", "3.0.0").in_categories("connection"),
    refused("readwrite", 1, "loading stale fast", "3.0.0").in_categories("connection"),
];

const SUBCOMMANDS: &[Command] = &[
    refused("addslots", -3, "admin stale no_async_loading", "3.0.0"),
    refused("addslotsrange", -4, "admin stale no_async_loading", "7.0.0"),
    refused("bumpepoch", 2, "admin stale no_async_loading", "3.0.0").tips("nondeterministic_output"),
    refused("count-failure-reports", 3, "admin stale", "3.0.0").tips("nondeterministic_output"),
    refused("countkeysinslot", 3, "stale", "3.0.0"),
    refused("delslots", -3, "admin stale no_async_loading", "3.0.0"),
    refused("delslotsrange", -4, "admin stale no_async_loading", "7.0.0"),
    refused("failover", -2, "admin stale no_async_loading", "3.0.0"),
    refused("flushslots", 2, "admin stale no_async_loading", "3.0.0"),
    refused("forget", 3, "admin stale no_async_loading", "3.0.0"),
    refused("getkeysinslot", 4, "stale", "3.0.0").tips("nondeterministic_output"),
    refused("help", 2, "loading stale", "5.0.0"),
    refused("info", 2, "stale", "3.0.0").tips("nondeterministic_output"),
    refused("keyslot", 3, "stale", "3.0.0"),
    refused("links", 2, "stale", "7.0.0").tips("nondeterministic_output"),
    refused("meet", -4, "admin stale no_async_loading", "3.0.0"),
    refused("myid", 2, "stale", "3.0.0"),
    refused("nodes", 2, "stale", "3.0.0").tips("nondeterministic_output"),
    refused("replicas", 3, "admin stale", "5.0.0").tips("nondeterministic_output"),
    refused("replicate", 3, "admin stale no_async_loading", "3.0.0"),
    refused("reset", -2, "admin noscript stale", "3.0.0"),
    refused("saveconfig", 2, "admin stale no_async_loading", "3.0.0"),
    refused("set-config-epoch", 3, "admin stale no_async_loading", "3.0.0"),
    refused("setslot", -4, "admin stale no_async_loading", "3.0.0"),
    refused("shards", 2, "stale", "7.0.0").tips("nondeterministic_output"),
    refused("slaves", 3, "admin stale", "3.0.0").tips("nondeterministic_output"),
    refused("slots", 2, "stale", "3.0.0").tips("nondeterministic_output"),
];

/// A command of clusters.
const fn refused(name: &'static str, arity: i32, flags: &str, since: &'static str) -> Command {
    Command::data(Group::Cluster, name, arity, flags, Keys::None, refuse).docs(
        since,
        "O(1)",
        "A command of clusters; there is none",
    )
}

fn refuse(_exec: &mut Exec<'_>, _args: Args<'_>) -> Outcome {
    Err(CLUSTER_DISABLED)
}
