//! The dialogue by which a replica comes to a data set on a second connection, seen from the replica.
//!
//! AUTH, REPLCONF and SYNC, and then a line that tells where the stream follows; the data set comes right behind it. There is no PING, and
//! nothing is sent once SYNC was: the master closes the connection when all is sent, and what it had not read yet would break it off.
//!
//! Source: the behaviour of Valkey 8 and 9.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::codec::number::{parse_i64, parse_u64};
use crate::resp::push_command;

use super::handshake::{HandshakeError, Introduction, VALKEY_VERSION_READ};
use super::position::{Position, ReplicationId, parse_offset};

/// What a data set that comes by a connection of its own ends with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnapshotEnd {
    /// The position at which the stream follows.
    pub position: Position,
    /// The database that the stream is about there, if it is about one. A Valkey 8 says 0 whatever it is; the data set tells it as well.
    pub database: Option<u32>,
    /// The number by which the connection is known to the master.
    pub client_id: u64,
}

impl SnapshotEnd {
    /// Reads `$ENDOFF:<offset> <replication id> <database> <client id>`.
    #[must_use]
    pub fn parse(line: &[u8]) -> Option<SnapshotEnd> {
        let mut words = line.strip_prefix(b"$ENDOFF:")?.split(|&byte| byte == b' ');
        let offset = parse_offset(words.next()?)?;
        let history = ReplicationId::parse(words.next()?)?;
        let database = u32::try_from(parse_i64(words.next()?)?).ok();
        let client_id = parse_u64(words.next()?)?;
        let position = Position { history, offset };
        words.next().is_none().then_some(SnapshotEnd { position, database, client_id })
    }
}

/// A step of the dialogue: what is being waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Auth,
    Conf,
    Sync,
}

/// What comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AfterSnapshotLine {
    /// Send these bytes (possibly none) and wait for a line.
    Send(Vec<u8>),
    /// The dialogue is over, the data set follows.
    Done(SnapshotEnd),
}

/// The dialogue.
#[derive(Clone, Debug)]
pub struct SnapshotTalk {
    introduction: Introduction,
    step: Step,
}

impl SnapshotTalk {
    /// Begins: the dialogue, and the first bytes to send.
    #[must_use]
    pub fn begin(introduction: Introduction) -> (SnapshotTalk, Vec<u8>) {
        let login = introduction.login();
        let mut talk = SnapshotTalk { introduction, step: Step::Auth };
        let bytes = login.unwrap_or_else(|| talk.introduce());
        (talk, bytes)
    }

    /// Takes the next line of the master, without its line end. Empty lines are keepalives.
    pub fn on_line(&mut self, line: &[u8]) -> Result<AfterSnapshotLine, HandshakeError> {
        let text = || String::from_utf8_lossy(&line[..line.len().min(200)]).into_owned();
        match (self.step, line.first()) {
            (_, None) => Ok(AfterSnapshotLine::Send(Vec::new())),
            (Step::Auth, Some(b'+')) => Ok(AfterSnapshotLine::Send(self.introduce())),
            (Step::Auth, _) => Err(HandshakeError::Auth(text())),
            (Step::Conf, Some(b'+')) => {
                self.step = Step::Sync;
                Ok(AfterSnapshotLine::Send(b"SYNC\r\n".to_vec()))
            }
            (Step::Sync, Some(b'$')) => {
                let end = SnapshotEnd::parse(line).ok_or_else(|| HandshakeError::Nonsense(text()))?;
                Ok(AfterSnapshotLine::Done(end))
            }
            (_, Some(b'-')) => Err(HandshakeError::NotNow(text())),
            _ => Err(HandshakeError::Nonsense(text())),
        }
    }

    fn introduce(&mut self) -> Vec<u8> {
        self.step = Step::Conf;
        let port = self.introduction.port.to_string();
        let mut words = [b"REPLCONF".as_slice(), b"capa", b"eof", b"rdb-only", b"1", b"rdb-channel", b"1"].to_vec();
        words.extend([b"listening-port".as_slice(), port.as_bytes()]);
        if let Some(ip) = &self.introduction.ip {
            words.extend([b"ip-address".as_slice(), ip.as_bytes()]);
        }
        words.extend([b"version".as_slice(), VALKEY_VERSION_READ]);
        let mut bytes = Vec::new();
        push_command(&mut bytes, words.into_iter());
        bytes
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;

    fn text(bytes: &[u8]) -> String {
        String::from_utf8_lossy(bytes).replace("\r\n", " ")
    }

    #[test]
    fn the_dialogue_is_that_of_a_valkey() {
        let auth = Some((Some("user".to_string()), "secret".to_string()));
        let introduction =
            Introduction { auth, port: 6380, ip: Some("10.0.0.1".to_string()), ..Introduction::default() };
        let (mut talk, first) = SnapshotTalk::begin(introduction.clone());
        assert_eq!(text(&first), "*3 $4 AUTH $4 user $6 secret ");
        let said = "*13 $8 REPLCONF $4 capa $3 eof $8 rdb-only $1 1 $11 rdb-channel $1 1 $14 listening-port $4 6380 \
                    $10 ip-address $8 10.0.0.1 $7 version $5 9.0.0 ";
        let Ok(AfterSnapshotLine::Send(bytes)) = talk.on_line(b"+OK") else { panic!("it goes on") };
        assert_eq!(text(&bytes), said);
        assert_eq!(talk.on_line(b""), Ok(AfterSnapshotLine::Send(Vec::new())), "a keepalive");
        assert_eq!(talk.on_line(b"+OK"), Ok(AfterSnapshotLine::Send(b"SYNC\r\n".to_vec())));
        let history = ReplicationId::new([b'a'; 40]);
        let end = SnapshotEnd { position: Position { history, offset: 107 }, database: Some(5), client_id: 9 };
        assert_eq!(talk.on_line(format!("$ENDOFF:107 {history} 5 9").as_bytes()), Ok(AfterSnapshotLine::Done(end)));
        let (_, first) = SnapshotTalk::begin(Introduction { auth: None, ..introduction });
        assert_eq!(text(&first), said);
    }

    #[test]
    fn a_line_that_is_wrong_in_any_part_is_refused() {
        let id = "a".repeat(40);
        let none = SnapshotEnd::parse(format!("$ENDOFF:0 {id} -1 7").as_bytes()).expect("a line of Valkey 9");
        assert_eq!((none.database, none.client_id, none.position.offset), (None, 7, 0));
        for line in [
            format!("$ENDOFF:x {id} 0 7"),
            format!("$ENDOFF:-1 {id} 0 7"),
            format!("$ENDOFF:0 {} 0 7", &id[1..]),
            format!("$ENDOFF:0 {id} x 7"),
            format!("$ENDOFF:0 {id} 0 -7"),
            format!("$ENDOFF:0 {id} 0"),
            format!("$ENDOFF:0 {id} 0 7 8"),
            format!("$ENDOFF: 0 {id} 0 7"),
            format!("$EOF:{id}"),
            "$18".to_string(),
        ] {
            assert_eq!(SnapshotEnd::parse(line.as_bytes()), None, "{line}");
        }
        for (steps, line) in [(0, "+OK"), (1, "$ENDOFF:0"), (1, ":1"), (1, "-ERR no"), (0, "-ERR no")] {
            let (mut talk, _) = SnapshotTalk::begin(Introduction::default());
            (0..steps).for_each(|_| drop(talk.on_line(b"+OK")));
            assert_eq!(talk.on_line(line.as_bytes()).is_err(), line != "+OK", "{line}");
        }
    }
}
