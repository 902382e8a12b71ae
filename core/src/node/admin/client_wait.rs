//! CLIENT PAUSE, UNPAUSE and UNBLOCK: clients that are made to wait, or to wait no more.

use core::time::Duration;

use crate::codec::number::parse_i64;
use crate::command::Outcome;
use crate::command::reply_error as reply;
use crate::port::{ConnId, Now};
use crate::resp::Args;

use super::super::Node;
use super::super::blocked::Unblock;
use super::super::pause::{PausedFor, Scope};

impl Node {
    pub(super) fn client_pause(&mut self, conn: ConnId, args: Args<'_>, now: Now) -> Outcome {
        let scope = match args.get(3) {
            _ if args.len() > 4 => return Err(reply::wrong_subcommand("client", &args[1])),
            None => Scope::All,
            Some(word) if word.eq_ignore_ascii_case(b"WRITE") => Scope::Write,
            Some(word) if word.eq_ignore_ascii_case(b"ALL") => Scope::All,
            Some(_) => return Err(reply::PAUSE_MODE_UNKNOWN),
        };
        let timeout_ms = parse_i64(&args[2]).ok_or(reply::TIMEOUT_NOT_AN_INTEGER)?;
        let timeout_ms = u64::try_from(timeout_ms).map_err(|_| reply::TIMEOUT_NEGATIVE)?;
        // A pause that would end after the end of time is none, as in Redis.
        if now.wall.millis().checked_add_unsigned(timeout_ms).is_some() {
            self.pause(PausedFor::Command, scope, Some(Duration::from_millis(timeout_ms)), now);
        }
        if let Some(connection) = self.connection(conn) {
            connection.reply().ok();
        }
        Ok(())
    }

    pub(super) fn client_unpause(&mut self, conn: ConnId, now: Now) -> Outcome {
        self.unpause(PausedFor::Command, now);
        if let Some(connection) = self.connection(conn) {
            connection.reply().ok();
        }
        Ok(())
    }

    /// UNBLOCK. Differs: of a client that a pause holds back, or that waits for a snapshot or the end of the node, the answer is
    /// 0; Redis 7.0 ends with an assertion.
    pub(super) fn client_unblock(&mut self, conn: ConnId, args: Args<'_>) -> Outcome {
        let how = match args.get(3) {
            _ if args.len() > 4 => return Err(reply::wrong_subcommand("client", &args[1])),
            None => Unblock::Timeout,
            Some(word) if word.eq_ignore_ascii_case(b"TIMEOUT") => Unblock::Timeout,
            Some(word) if word.eq_ignore_ascii_case(b"ERROR") => Unblock::Error,
            Some(_) => return Err(reply::UNBLOCK_REASON_UNKNOWN),
        };
        let client_id = parse_i64(&args[2]).ok_or(reply::NOT_AN_INTEGER)?;
        let is_unblocked = u64::try_from(client_id).is_ok_and(|client_id| self.unblock(client_id, how));
        if let Some(connection) = self.connection(conn) {
            connection.reply().int(i64::from(is_unblocked));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::bench::Bench;

    #[test]
    fn errors_have_the_words_of_redis() {
        let mut bench = Bench::new();
        for (line, answer) in [
            ("CLIENT PAUSE", "-ERR wrong number of arguments for 'client|pause' command "),
            ("CLIENT PAUSE x", "-ERR timeout is not an integer or out of range "),
            ("CLIENT PAUSE -1", "-ERR timeout is negative "),
            ("CLIENT PAUSE x foo", "-ERR CLIENT PAUSE mode must be WRITE or ALL "),
            (
                "CLIENT PAUSE 10 WRITE x",
                "-ERR unknown subcommand or wrong number of arguments for 'PAUSE'. Try CLIENT HELP. ",
            ),
            ("CLIENT UNPAUSE x", "-ERR wrong number of arguments for 'client|unpause' command "),
            ("CLIENT UNPAUSE", "+OK "),
            ("CLIENT UNBLOCK", "-ERR wrong number of arguments for 'client|unblock' command "),
            ("CLIENT UNBLOCK x", "-ERR value is not an integer or out of range "),
            ("CLIENT UNBLOCK x foo", "-ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR "),
            (
                "CLIENT UNBLOCK 3 ERROR x",
                "-ERR unknown subcommand or wrong number of arguments for 'UNBLOCK'. Try CLIENT HELP. ",
            ),
            ("CLIENT UNBLOCK 99", ":0 "),
            ("CLIENT UNBLOCK 1", ":0 "),
            ("CLIENT UNBLOCK -1 error", ":0 "),
        ] {
            assert_eq!(bench.run(line), answer, "{line}");
        }
    }
}
