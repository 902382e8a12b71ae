//! What does a client ask of a server, and what is it told?
//!
//! Of what clients say only that is looked at by which a server tells of itself: INFO, DEBUG DIGEST, WAIT, and the orders to follow nobody or another.

use std::collections::VecDeque;

use afterimage_core::replication::{Position, ReplicationId, parse_offset};

use super::words::{Front, front};
use crate::reply::{Reply, read_reply};

/// The lines of INFO that are looked at.
pub(super) const FIELDS: [&str; 6] =
    ["role:", "master_link_status:", "master_replid:", "master_replid2:", "master_repl_offset:", "second_repl_offset:"];

/// What a server tells of itself by INFO.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Info {
    pub(super) is_master: bool,
    /// A replica is in step with its master's stream.
    pub(super) is_linked: bool,
    pub(super) position: Position,
    /// The history that it was in before, and the first byte at which that may differ.
    pub(super) second: Option<(ReplicationId, u64)>,
}

/// What is said.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// A client orders it to follow nobody.
    Promotes,
    /// It does so.
    Promoted,
    /// A client orders it to follow somebody, perhaps another than before.
    Redirects,
    /// The answer to INFO.
    Info(Info),
    /// The answer to DEBUG DIGEST.
    Digest(String),
    /// The answer to WAIT.
    Waited(usize),
    /// What no check looks at.
    Other,
    /// What is no answer to what was asked.
    Unfitting(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Question {
    Info,
    Digest,
    Wait,
    Promotion,
    Other,
}

/// A client's connection.
#[derive(Debug)]
pub(super) struct Conversation {
    /// The client.
    pub(super) client: u16,
    /// Whom it asks.
    pub(super) host: u16,
    /// What the last INFO told, and the digest that came behind it.
    pub(super) last: Option<(Info, Option<String>)>,
    asked: VecDeque<Question>,
    unread: [Vec<u8>; 2],
}

impl Conversation {
    pub(super) fn new(client: u16, host: u16) -> Conversation {
        Conversation { client, host, last: None, asked: VecDeque::new(), unread: [Vec::new(), Vec::new()] }
    }

    /// Bytes of the client's. Each thing that it says is told with its length.
    pub(super) fn asks(&mut self, bytes: &[u8]) -> Vec<(Said, usize)> {
        let unread = &mut self.unread[0];
        unread.extend_from_slice(bytes);
        let (mut said, mut used) = (Vec::new(), 0);
        while let Front::Command(words, len) = front(&unread[used..]) {
            let is =
                |at: usize, name: &str| words.get(at).is_some_and(|word| word.eq_ignore_ascii_case(name.as_bytes()));
            let follows = is(0, "REPLICAOF") || is(0, "SLAVEOF");
            let promotes = follows && is(1, "NO") && is(2, "ONE");
            self.asked.push_back(match () {
                () if is(0, "INFO") => Question::Info,
                () if is(0, "DEBUG") && is(1, "DIGEST") => Question::Digest,
                () if is(0, "WAIT") => Question::Wait,
                () if promotes => Question::Promotion,
                () => Question::Other,
            });
            said.push(match () {
                () if promotes => (Said::Promotes, len),
                () if follows => (Said::Redirects, len),
                () => (Said::Other, len),
            });
            used += len;
        }
        unread.drain(..used);
        said
    }

    /// True if all was answered.
    pub(super) fn is_over(&self) -> bool {
        self.asked.is_empty() && self.unread.iter().all(Vec::is_empty)
    }

    /// Bytes of the server's.
    pub(super) fn hears(&mut self, bytes: &[u8]) -> Vec<(Said, usize)> {
        let unread = &mut self.unread[1];
        unread.extend_from_slice(bytes);
        let (mut said, mut used) = (Vec::new(), 0);
        loop {
            let (reply, len) = match read_reply(&unread[used..]) {
                Ok(Some(whole)) => whole,
                Ok(None) => break,
                Err(why) => {
                    said.push((Said::Unfitting(why), unread.len() - used));
                    used = unread.len();
                    break;
                }
            };
            said.push((understand(self.asked.pop_front(), &reply), len));
            used += len;
        }
        unread.drain(..used);
        said
    }
}

fn understand(question: Option<Question>, reply: &Reply<'_>) -> Said {
    let understood = match (question, reply) {
        (Some(Question::Info), Reply::Bulk(Some(text))) => info(text).map(Said::Info),
        (Some(Question::Digest), Reply::Status(text)) => {
            ReplicationId::parse(text).map(|digest| Said::Digest(digest.to_string()))
        }
        (Some(Question::Wait), Reply::Integer(count)) => usize::try_from(*count).ok().map(Said::Waited),
        (Some(Question::Promotion), Reply::Status(b"OK")) => Some(Said::Promoted),
        (Some(Question::Other), _) => Some(Said::Other),
        _ => None,
    };
    understood.unwrap_or_else(|| match question {
        Some(question) => Said::Unfitting(format!("{reply} is no answer to {question:?}")),
        None => Said::Unfitting(format!("{reply}, though nothing was asked")),
    })
}

fn info(text: &[u8]) -> Option<Info> {
    let field = |name: &str| {
        let line = text
            .split(|byte| *byte == b'\n')
            .find_map(|line| line.strip_prefix(name.as_bytes())?.strip_prefix(b":"))?;
        line.strip_suffix(b"\r")
    };
    let is_master = match field("role")? {
        b"master" => true,
        b"slave" => false,
        _ => return None,
    };
    let is_linked = match (is_master, field("master_link_status")) {
        (true, None) | (false, Some(b"down")) => false,
        (false, Some(b"up")) => true,
        _ => return None,
    };
    let history = ReplicationId::parse(field("master_replid")?)?;
    let position = Position { history, offset: parse_offset(field("master_repl_offset")?)? };
    let second = ReplicationId::parse(field("master_replid2")?)?;
    let second = match field("second_repl_offset")? {
        b"-1" if second == ReplicationId::NONE => None,
        offset => Some((second, parse_offset(offset)?)),
    };
    Some(Info { is_master, is_linked, position, second })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_tells_of_itself_is_understood_and_the_rest_passes() {
        let mut conversation = Conversation::new(0, 1);
        let asked = conversation.asks(
            b"*1\r\n$4\r\ninfo\r\n*2\r\n$3\r\nGET\r\n$1\r\na\r\n*3\r\n$4\r\nWAIT\r\n$1\r\n1\r\n$1\r\n0\r\n*3\r\n$9\r\nREPLICAOF\r\n$2\r\nno\r\n$3\r\none\r\n",
        );
        assert_eq!(asked.iter().filter(|(said, _)| *said == Said::Promotes).count(), 1);
        let id = "a".repeat(40);
        let none = "0".repeat(40);
        let text = format!(
            "role:slave\r\nmaster_link_status:up\r\nmaster_replid:{id}\r\nmaster_replid2:{none}\r\nmaster_repl_offset:12\r\nsecond_repl_offset:-1\r\n"
        );
        let reply = format!("${}\r\n{text}\r\n$-1\r\n:2\r\n+OK\r\n", text.len());
        let told: Vec<Said> = conversation.hears(reply.as_bytes()).into_iter().map(|(said, _)| said).collect();
        let position = Position { history: ReplicationId::new([b'a'; 40]), offset: 12 };
        let info = Info { is_master: false, is_linked: true, position, second: None };
        assert_eq!(told, [Said::Info(info), Said::Other, Said::Waited(2), Said::Promoted]);
    }

    #[test]
    fn an_answer_that_is_none_is_told() {
        let mut conversation = Conversation::new(0, 1);
        conversation.asks(b"*1\r\n$4\r\nINFO\r\n*2\r\n$5\r\nDEBUG\r\n$6\r\nDIGEST\r\n");
        let told = conversation.hears(b"$4\r\nrole\r\n+abc\r\n:1\r\n?\r\n");
        assert!(told.iter().all(|(said, _)| matches!(said, Said::Unfitting(_))), "{told:?}");
        assert_eq!(told.len(), 4);
    }
}
