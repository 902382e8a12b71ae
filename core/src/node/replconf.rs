//! REPLCONF: what a replica tells of itself before it asks for the stream, and how far it has come with it.

use alloc::format;
use alloc::string::String;

use crate::codec::number::{parse_i64, parse_u64};
use crate::codec::quoting::split_arguments;
use crate::command::reply_error as reply;
use crate::command::{CommandError, Outcome};
use crate::port::{ConnId, Effects, Now};
use crate::replication::ANCESTRY;
use crate::resp::Args;

use super::Node;
use super::replica::{OwnSnapshot, Phase, ReplicaIntro};

/// Bytes of an option or a value that an error repeats.
const SHOWN_BYTES_MAX: usize = 128;

/// What a REPLCONF without an error is answered.
enum Answer {
    Ok,
    None,
}

impl Node {
    /// REPLCONF. It is answered before PSYNC; who says anything behind it but how far it has come is hung up on.
    pub(super) fn replconf(&mut self, conn: ConnId, args: Args<'_>, now: Now, effects: &mut Effects) -> Outcome {
        let outcome = self.take_in_options(conn, args, now, effects);
        let Some(connection) = self.connections.get_mut(conn) else { return Ok(()) };
        match outcome {
            Ok(Answer::None) => Ok(()),
            _ if connection.replica().is_some() => {
                self.hang_up_on_replica(conn, "replconf", now, effects);
                Ok(())
            }
            Ok(Answer::Ok) => {
                connection.reply().ok();
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// By pairs of an option and its value. What was said before a pair that is wrong stays said, as in Redis.
    fn take_in_options(
        &mut self,
        conn: ConnId,
        args: Args<'_>,
        now: Now,
        effects: &mut Effects,
    ) -> Result<Answer, CommandError> {
        if args.len().is_multiple_of(2) {
            return Err(reply::SYNTAX);
        }
        for index in (1..args.len()).step_by(2) {
            let (option, value) = (&args[index], &args[index + 1]);
            match option.to_ascii_lowercase().as_slice() {
                b"ack" => {
                    let is_persisted_told = args.get(index + 2).is_some_and(|next| next.eq_ignore_ascii_case(b"fack"));
                    let persisted = args.get(index + 3).filter(|_| is_persisted_told);
                    self.on_ack(conn, value, persisted, now, effects);
                    return Ok(Answer::None);
                }
                // For replicas' masters; a server does not answer it.
                b"getack" => return Ok(Answer::None),
                // Between our own nodes; to anybody else it is an option that there is not.
                option if option == ANCESTRY.as_bytes() && self.may_ask(conn) => {
                    self.on_question(value, now, effects);
                    return Ok(Answer::None);
                }
                b"set-rdb-client-id" => {
                    let client_id = parse_i64(value).ok_or(reply::NOT_AN_INTEGER)?;
                    self.tie_to_snapshot(conn, client_id)?;
                }
                option => {
                    let Some(connection) = self.connections.get_mut(conn) else { return Ok(Answer::None) };
                    connection.intro.take_in(option, value)?;
                }
            }
        }
        Ok(Answer::Ok)
    }

    /// `REPLCONF ACK <offset>`, or since Redis 7.2 `ACK <offset> FACK <offset on its disk>`: never answered.
    ///
    /// Differs: a Redis keeps what a replica tells before it has the data set, and counts it as soon as it has.
    fn on_ack(&mut self, conn: ConnId, offset: &[u8], persisted: Option<&[u8]>, now: Now, effects: &mut Effects) {
        let end = self.history.offset();
        let Some(connection) = self.connections.get_mut(conn) else { return };
        let is_snapshot_sent = connection.intro.own_snapshot == Some(OwnSnapshot::Sent);
        let Some(side) = connection.replica_mut() else { return };
        let Some(offset) = parse_u64(offset) else { return };
        side.heard_at = now.mono;
        let has_data = match side.phase {
            Phase::AwaitingAck { .. } | Phase::Online { .. } => true,
            Phase::Buffering { .. } => is_snapshot_sent,
            _ => false,
        };
        if !has_data {
            // The offset can only be one in another history.
            return;
        }
        // Nobody has more of our history than we have.
        side.acked = side.acked.max(offset.min(end));
        if let Some(persisted) = persisted.and_then(parse_u64) {
            side.persisted = side.persisted.max(Some(persisted.min(end)));
        }
        let is_first = !core::mem::replace(&mut side.has_acked, true);
        if !side.is_online() {
            self.go_online(conn, now, effects);
        }
        if is_first {
            self.count_good_replicas(now);
        }
        self.release_waits();
        self.continue_shutdown(now);
        self.continue_failover(now, effects);
    }
}

impl ReplicaIntro {
    /// Takes in one option.
    fn take_in(&mut self, option: &[u8], value: &[u8]) -> Result<(), CommandError> {
        match option {
            b"listening-port" => {
                let port = parse_i64(value).ok_or(reply::NOT_AN_INTEGER)?;
                // A number that is no port is taken, as in Redis: nobody can dial it.
                self.port = u16::try_from(port).unwrap_or(0);
            }
            b"ip-address" if value.len() < 256 => self.ip = Some(String::from_utf8_lossy(value).into_owned()),
            b"ip-address" => {
                let len = value.len();
                let text = format!("ERR REPLCONF ip-address provided by replica instance is too long: {len} bytes");
                return Err(CommandError::with(text));
            }
            b"capa" => match value.to_ascii_lowercase().as_slice() {
                b"eof" => self.knows_eof = true,
                b"psync2" => self.knows_psync2 = true,
                b"dual-channel" => self.knows_dual_channel = true,
                word if word == ANCESTRY.as_bytes() => self.knows_ancestry = true,
                _ => {}
            },
            b"rdb-channel" => self.is_snapshot_channel = parse_flag(value)?,
            b"rdb-only" => self.wants_rdb_only = parse_flag(value)?,
            b"rdb-filter-only" => self.wants_no_keys = parse_filter(value)?,
            // Valkey tells its version; nothing depends on it.
            b"version" if is_version(value) => {}
            b"version" => return Err(CommandError::with(format!("ERR Unrecognized version format: {}", shown(value)))),
            _ => return Err(CommandError::with(format!("ERR Unrecognized REPLCONF option: {}", shown(option)))),
        }
        Ok(())
    }
}

fn parse_flag(value: &[u8]) -> Result<bool, CommandError> {
    match parse_i64(value) {
        Some(0) => Ok(false),
        Some(1) => Ok(true),
        Some(_) => Err(reply::NEITHER_0_NOR_1),
        None => Err(reply::NOT_AN_INTEGER),
    }
}

/// The words of a filter: functions alone, or nothing; no keys in either case.
fn parse_filter(value: &[u8]) -> Result<bool, CommandError> {
    let words = split_arguments(value).map_err(|_| reply::FILTER_MISSING)?;
    match words.iter().find(|word| !word.eq_ignore_ascii_case(b"functions")) {
        Some(word) => Err(CommandError::with(format!("ERR Unsupported rdb-filter-only option: {}", shown(word)))),
        None => Ok(true),
    }
}

/// True for three numbers of a byte each with dots between.
fn is_version(text: &[u8]) -> bool {
    let mut numbers = text.split(|&byte| byte == b'.');
    numbers.clone().count() == 3 && numbers.all(|number| parse_u64(number).is_some_and(|number| number < 256))
}

fn shown(text: &[u8]) -> String {
    String::from_utf8_lossy(&text[..text.len().min(SHOWN_BYTES_MAX)]).into_owned()
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::super::bench::Bench;

    #[test]
    fn every_option_is_answered_as_by_the_server_that_has_it() {
        let mut bench = Bench::new();
        let too_long = format!("ip-address {}", "x".repeat(256));
        let refused = "-ERR REPLCONF ip-address provided by replica instance is too long: 256 bytes ";
        let cases = [
            ("", "+OK "),
            ("listening-port", "-ERR syntax error "),
            ("a b c", "-ERR syntax error "),
            ("listening-port 1", "+OK "),
            ("listening-port 70000", "+OK "),
            ("listening-port -1", "+OK "),
            ("listening-port x", "-ERR value is not an integer or out of range "),
            ("listening-port 1 nope 2", "-ERR Unrecognized REPLCONF option: nope "),
            ("ip-address ''", "+OK "),
            (too_long.as_str(), refused),
            ("capa eof CAPA nonsense", "+OK "),
            ("rdb-only 1", "+OK "),
            ("rdb-only 2", "-ERR value is out of range, value must between 0 and 1 "),
            ("rdb-only x", "-ERR value is not an integer or out of range "),
            ("rdb-only 0", "+OK "),
            ("rdb-filter-only ''", "+OK "),
            ("rdb-filter-only functions", "+OK "),
            ("rdb-filter-only '\"functions\" FUNCTIONS'", "+OK "),
            ("rdb-filter-only 'functions x y'", "-ERR Unsupported rdb-filter-only option: x "),
            ("rdb-filter-only '\"'", "-ERR Missing rdb-filter-only values "),
            ("version 8.0.1", "+OK "),
            ("version 255.255.255", "+OK "),
            ("version 8.0", "-ERR Unrecognized version format: 8.0 "),
            ("version 8.0.1.2", "-ERR Unrecognized version format: 8.0.1.2 "),
            ("version 8.0.x", "-ERR Unrecognized version format: 8.0.x "),
            ("version 8.256.1", "-ERR Unrecognized version format: 8.256.1 "),
            ("capa dual-channel", "+OK "),
            ("capa ancestry", "+OK "),
            ("ancestry me,@127.0.0.1:6379", "-ERR Unrecognized REPLCONF option: ancestry "),
            ("rdb-channel 0", "+OK "),
            ("rdb-channel 2", "-ERR value is out of range, value must between 0 and 1 "),
            ("rdb-channel x", "-ERR value is not an integer or out of range "),
            ("set-rdb-client-id x", "-ERR value is not an integer or out of range "),
            ("set-rdb-client-id -1", "-ERR Unrecognized RDB client id -1 "),
            ("set-rdb-client-id 1", "-ERR Unrecognized RDB client id 1 "),
            ("fack 6", "-ERR Unrecognized REPLCONF option: fack "),
            ("ack 5", ""),
            ("ack x fack y", ""),
            ("ack 5 fack", "-ERR syntax error "),
            ("ack 5 nope 6", ""),
            ("getack *", ""),
            ("rdb-only 0 getack *", ""),
        ];
        for (options, expected) in cases {
            assert_eq!(bench.run(&format!("REPLCONF {options}")), expected, "{options}");
        }
    }
}
