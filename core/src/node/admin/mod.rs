//! The commands that see the whole node, a file for each family. Here is only the way from a command to its handler.

mod acl;
mod acl_log;
mod client;
mod client_line;
mod client_tracking;
mod client_wait;
mod command;
mod config;
mod config_file;
mod config_host;
mod connection;
mod debug;
mod digest;
mod help;
mod info;
mod latency;
mod memory;
mod pubsub;
mod replication;
mod server;
mod slowlog;
mod wipeguard;

use crate::command::{Outcome, ServerCommand};
use crate::port::{ConnId, Effects, Now};
use crate::resp::Args;

use super::Node;
use super::pubsub::Topic;

pub(super) use acl_log::AclLog;
pub(super) use config_file::Rewrites;
pub(super) use config_host::HostedSet;

impl Node {
    /// Carries out an administrative command.
    pub(super) fn administer(
        &mut self,
        conn: ConnId,
        command: ServerCommand,
        args: Args<'_>,
        now: Now,
        effects: &mut Effects,
    ) -> Outcome {
        match command {
            ServerCommand::Acl => self.acl(conn, args, now),
            ServerCommand::Ping => self.ping(conn, args),
            ServerCommand::Echo => self.echo(conn, args),
            ServerCommand::Quit => self.quit(conn, now, effects),
            ServerCommand::Auth => self.auth(conn, args, now),
            ServerCommand::Hello => self.hello(conn, args, now),
            ServerCommand::Reset => self.reset(conn),
            ServerCommand::Select => self.select(conn, args),
            ServerCommand::Client => self.client(conn, args, now, effects),
            ServerCommand::Command => self.command(conn, args),
            ServerCommand::Config => self.config_command(conn, args, now, effects),
            ServerCommand::Info => self.info(conn, args, now),
            ServerCommand::Time => self.time(conn, now),
            ServerCommand::Role => self.role(conn),
            ServerCommand::Debug => self.debug(conn, args, now, effects),
            ServerCommand::Shutdown => self.shutdown_command(conn, args, now, effects),
            ServerCommand::Multi => self.multi(conn),
            ServerCommand::Exec => self.exec(conn, now, effects),
            ServerCommand::Discard => self.discard(conn),
            ServerCommand::Watch => self.watch(conn, args, now),
            ServerCommand::Unwatch => self.unwatch(conn),
            ServerCommand::Save => self.save(conn, now, effects),
            ServerCommand::Bgsave => self.bgsave_command(conn, args, now, effects),
            ServerCommand::BgRewriteAof => self.bgrewriteaof_command(conn, now, effects),
            ServerCommand::LastSave => self.last_save(conn),
            ServerCommand::ReplicaOf => self.replicaof(conn, args, now, effects),
            ServerCommand::Failover => self.failover_command(conn, args, now, effects),
            ServerCommand::WipeGuard => self.wipeguard(conn, args, now, effects),
            ServerCommand::ReplConf => self.replconf(conn, args, now, effects),
            ServerCommand::Psync | ServerCommand::Sync => self.psync(conn, args, now, effects),
            ServerCommand::Wait => self.wait(conn, args, now),
            ServerCommand::WaitAof => self.wait_aof(conn, args, now),
            ServerCommand::Memory => self.memory_command(conn, args, effects),
            ServerCommand::Lolwut => self.lolwut(conn, args),
            ServerCommand::Subscribe => self.subscribe(conn, Topic::Channel, args),
            ServerCommand::Unsubscribe => self.unsubscribe(conn, Topic::Channel, args),
            ServerCommand::Psubscribe => self.subscribe(conn, Topic::Pattern, args),
            ServerCommand::Punsubscribe => self.unsubscribe(conn, Topic::Pattern, args),
            ServerCommand::Ssubscribe => self.subscribe(conn, Topic::Shard, args),
            ServerCommand::Sunsubscribe => self.unsubscribe(conn, Topic::Shard, args),
            ServerCommand::Publish => self.publish(conn, Topic::Channel, args),
            ServerCommand::Spublish => self.publish(conn, Topic::Shard, args),
            ServerCommand::Monitor => self.monitor(conn),
            ServerCommand::Pubsub => self.pubsub_command(conn, args),
            ServerCommand::Slowlog => self.slowlog(conn, args),
            ServerCommand::Latency => self.latency(conn, args, now),
        }
    }
}
