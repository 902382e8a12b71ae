//! SLOWLOG: the commands that were slow.

use crate::codec::number::parse_i64;
use crate::command::{Outcome, find, reply_error as reply};
use crate::port::ConnId;
use crate::resp::Args;

use super::super::Node;

/// Entries that are told if none say how many.
const TOLD_UNASKED: usize = 10;

impl Node {
    pub(super) fn slowlog(&mut self, conn: ConnId, args: Args<'_>) -> Outcome {
        match args[1].to_ascii_lowercase().as_slice() {
            b"get" => return self.slowlog_get(conn, args),
            b"len" => {
                let len = self.timing.slowlog.len();
                if let Some(connection) = self.connection(conn) {
                    connection.reply().count(len);
                }
            }
            b"reset" => {
                self.timing.slowlog.clear();
                if let Some(connection) = self.connection(conn) {
                    connection.reply().ok();
                }
            }
            _ => return find(b"slowlog").map_or(Ok(()), |container| self.help(conn, container)),
        }
        Ok(())
    }

    fn slowlog_get(&mut self, conn: ConnId, args: Args<'_>) -> Outcome {
        let count = match (args.get(2), args.len()) {
            (None, _) => TOLD_UNASKED,
            (Some(word), 3) => match parse_i64(word) {
                Some(-1) => usize::MAX,
                Some(count) => usize::try_from(count).map_err(|_| reply::SLOWLOG_COUNT)?,
                None => return Err(reply::SLOWLOG_COUNT),
            },
            _ => return Err(reply::wrong_subcommand("slowlog", &args[1])),
        };
        let Some(connection) = self.connections.get_mut(conn) else { return Ok(()) };
        let mut reply = connection.reply();
        reply.array(count.min(self.timing.slowlog.len()));
        for entry in self.timing.slowlog.iter().take(count) {
            reply.array(6);
            reply.int(entry.id as i64);
            reply.int(entry.seconds);
            reply.int(entry.microseconds as i64);
            reply.array(entry.args.len());
            entry.args.iter().for_each(|arg| reply.bulk(arg));
            reply.bulk(entry.address.as_bytes());
            reply.bulk(entry.name.as_bytes());
        }
        Ok(())
    }
}
