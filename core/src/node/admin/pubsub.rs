//! PUBSUB: who listens to what?

use alloc::vec::Vec;

use crate::codec::glob;
use crate::command::{Outcome, find, reply_error as reply};
use crate::port::ConnId;
use crate::resp::Args;

use super::super::Node;
use super::super::pubsub::Topic;

impl Node {
    pub(super) fn pubsub_command(&mut self, conn: ConnId, args: Args<'_>) -> Outcome {
        match args[1].to_ascii_lowercase().as_slice() {
            b"channels" => self.list_channels(conn, Topic::Channel, args),
            b"shardchannels" => self.list_channels(conn, Topic::Shard, args),
            b"numsub" => self.count_listeners(conn, Topic::Channel, args),
            b"shardnumsub" => self.count_listeners(conn, Topic::Shard, args),
            b"numpat" => {
                let count = self.topics.names(Topic::Pattern).len();
                if let Some(connection) = self.connection(conn) {
                    connection.reply().count(count);
                }
                Ok(())
            }
            _ => find(b"pubsub").map_or(Ok(()), |container| self.help(conn, container)),
        }
    }

    fn list_channels(&mut self, conn: ConnId, topic: Topic, args: Args<'_>) -> Outcome {
        if args.len() > 3 {
            return Err(reply::wrong_subcommand("pubsub", &args[1]));
        }
        let is_wanted = |name: &&[u8]| args.get(2).is_none_or(|pattern| glob::matches(pattern, name));
        let names: Vec<&[u8]> = self.topics.names(topic).filter(is_wanted).collect();
        let Some(connection) = self.connections.get_mut(conn) else { return Ok(()) };
        let mut reply = connection.reply();
        reply.array(names.len());
        names.into_iter().for_each(|name| reply.bulk(name));
        Ok(())
    }

    fn count_listeners(&mut self, conn: ConnId, topic: Topic, args: Args<'_>) -> Outcome {
        let Some(connection) = self.connections.get_mut(conn) else { return Ok(()) };
        let mut reply = connection.reply();
        reply.array((args.len() - 2) * 2);
        for name in args.iter_from(2) {
            reply.bulk(name);
            reply.count(self.topics.listeners(topic, name).len());
        }
        Ok(())
    }
}
