//! The dialogue by which a replica comes to its master's stream, seen from the replica.
//!
//! PING, AUTH, REPLCONF and PSYNC, one line of answer to each. REPLCONFs are sent together, PSYNC only when all of them
//! are answered: a master refuses it behind replies that it has not sent yet.
//!
//! Source: Redis 7.0 replication handshake.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use crate::codec::number::push_u64;
use crate::resp::push_command;

use super::ancestry::{ANCESTRY, Inquiry, NoAnswer};
use super::dual_channel::SnapshotEnd;
use super::position::{Position, ReplicationId, parse_offset};

/// What a replica says of itself.
#[derive(Clone, Debug, Default)]
pub struct Introduction {
    /// User and password, if the master wants them (`masteruser`, `masterauth`).
    pub auth: Option<(Option<String>, String)>,
    /// The port it listens on, or announces.
    pub port: u16,
    /// The address it announces, if another than it has.
    pub ip: Option<String>,
    /// What it has already; none to ask for everything.
    pub resume: Option<Position>,
    /// It is a replica of ours, and is to take over (`PSYNC <id> <offset> FAILOVER`).
    pub asks_to_take_over: bool,
    /// It can take a data set by a second connection.
    pub knows_dual_channel: bool,
    /// It asks whom the master follows, and which history its own goes on from, before it asks for anything else.
    pub asks_whom_it_follows: bool,
}

impl Introduction {
    /// AUTH, if the master wants it.
    pub(super) fn login(&self) -> Option<Vec<u8>> {
        let (user, password) = self.auth.as_ref()?;
        let mut bytes = Vec::new();
        let words = [Some("AUTH"), user.as_deref(), Some(password)];
        let words: Vec<&[u8]> = words.iter().flatten().map(|word| word.as_bytes()).collect();
        push_command(&mut bytes, words.into_iter());
        Some(bytes)
    }
}

/// The Valkey whose types of values are read. A Valkey master that is not told has no way to send a hash with fields that expire over a
/// socket; a Redis does not know the option, which does no harm.
pub(super) const VALKEY_VERSION_READ: &[u8] = b"9.0.0";

/// The answer of a master that has no link to its own.
const NO_MASTER_LINK: &str = "-NOMASTERLINK";

/// A step of the dialogue: what is being waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Ping,
    Auth,
    /// This many answers to REPLCONF are missing.
    Conf {
        missing: u32,
    },
    /// Whom the master follows is being told.
    Above,
    Psync,
    /// The data set that comes by another connection was named: the answer is missing.
    Tie,
    /// So it is with the stream that follows that data set.
    Follow,
}

/// What the master answered to PSYNC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SyncAnswer {
    /// Everything follows, as of this position.
    Full(Position),
    /// Everything follows, and the master does not tell its position (SYNC of old).
    FullUnnamed,
    /// Everything follows by a second connection, which we are to open.
    DualChannel,
    /// The stream goes on where we are; the history may have a new name.
    Continue(Option<ReplicationId>),
}

/// What comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Send these bytes (possibly none) and wait for a line.
    Send(Vec<u8>),
    /// The dialogue is over; before anything else send these bytes.
    Done(SyncAnswer, Vec<u8>),
}

/// Why the dialogue failed; the link is closed and dialled again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HandshakeError {
    /// An error to PING that is not about passwords.
    Ping(String),
    /// The password was refused.
    Auth(String),
    /// The master cannot serve us now; what we have stays good.
    NotNow(String),
    /// It was asked to take over, and will not.
    NotTakenOver(String),
    /// An answer that makes no sense.
    Nonsense(String),
}

impl HandshakeError {
    /// True if the master has no link to a master of its own.
    #[must_use]
    pub fn is_no_master_link(&self) -> bool {
        matches!(self, HandshakeError::NotNow(line) if line.starts_with(NO_MASTER_LINK))
    }
}

impl fmt::Display for HandshakeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HandshakeError::Ping(line) => write!(f, "Error reply to PING from master: '{line}'"),
            HandshakeError::Auth(line) => write!(f, "Unable to AUTH to MASTER: {line}"),
            HandshakeError::NotNow(line) => {
                write!(f, "Master is currently unable to PSYNC but should be in the future: {line}")
            }
            HandshakeError::NotTakenOver(line) => write!(f, "Failover target does not take over: {line}"),
            HandshakeError::Nonsense(line) => write!(f, "Unexpected reply from master: '{line}'"),
        }
    }
}

/// The dialogue.
#[derive(Clone, Debug)]
pub struct Handshake {
    introduction: Introduction,
    step: Step,
    inquiry: Inquiry,
    /// What was told of whom the master follows, until it is taken.
    answered: Option<Inquiry>,
    /// The master has said that it may be asked whom it follows at any time.
    knows_questions: bool,
}

impl Handshake {
    /// Begins: the dialogue, and the first bytes to send.
    #[must_use]
    pub fn begin(introduction: Introduction) -> (Handshake, Vec<u8>) {
        let mut bytes = Vec::new();
        push_command(&mut bytes, [b"PING".as_slice()].into_iter());
        (Handshake::at(Step::Ping, introduction), bytes)
    }

    fn at(step: Step, introduction: Introduction) -> Handshake {
        Handshake { introduction, step, inquiry: Inquiry::default(), answered: None, knows_questions: false }
    }

    /// Asks for the stream that follows a data set on its way by another connection.
    #[must_use]
    pub fn follow_snapshot(end: &SnapshotEnd) -> (Handshake, Vec<u8>) {
        let introduction = Introduction { resume: Some(end.position), ..Introduction::default() };
        let client_id = end.client_id.to_string();
        let mut bytes = Vec::new();
        push_command(&mut bytes, [b"REPLCONF".as_slice(), b"set-rdb-client-id", client_id.as_bytes()].into_iter());
        (Handshake::at(Step::Tie, introduction), bytes)
    }

    /// True if the master is one of ours, who passes on a [`super::ancestry::Question`].
    #[must_use]
    pub fn knows_questions(&self) -> bool {
        self.knows_questions
    }

    /// Whom the master follows, once, if that was asked and told.
    pub fn take_answer(&mut self) -> Option<Inquiry> {
        self.answered.take()
    }

    /// Takes the next line of the master, without its line end. Empty lines are keepalives.
    pub fn on_line(&mut self, line: &[u8]) -> Result<Next, HandshakeError> {
        let text = || String::from_utf8_lossy(&line[..line.len().min(200)]).into_owned();
        match (self.step, line.first()) {
            (Step::Above, _) => Ok(Next::Send(self.on_line_about_above(line))),
            (_, None) => Ok(Next::Send(Vec::new())),
            (Step::Ping, Some(b'+')) => Ok(Next::Send(self.after_ping())),
            (Step::Ping, Some(b'-')) if can_serve_all_the_same(line) => Ok(Next::Send(self.after_ping())),
            // It waits for us, its master, and serves nothing stale; we would wait for it for ever.
            (Step::Ping, _) if self.introduction.asks_to_take_over && has_lost_its_master(line) => {
                Err(HandshakeError::NotTakenOver(text()))
            }
            (Step::Ping, _) => Err(HandshakeError::Ping(text())),
            (Step::Auth, Some(b'+')) => Ok(Next::Send(self.introduce())),
            (Step::Auth, _) => Err(HandshakeError::Auth(text())),
            // An old master may not know an option; it serves us all the same.
            (Step::Conf { missing }, Some(b'+' | b'-')) => {
                self.step = Step::Conf { missing: missing.saturating_sub(1) };
                Ok(Next::Send(if missing <= 1 { self.after_introduction() } else { Vec::new() }))
            }
            (Step::Tie, Some(b'+')) => {
                let bytes = self.ask();
                self.step = Step::Follow;
                Ok(Next::Send(bytes))
            }
            // The data set fits to the stream of its own history alone, from its own end on.
            (Step::Follow, Some(b'+')) => match self.on_sync_answer(line) {
                Some(Next::Done(SyncAnswer::Continue(id), bytes)) if id.is_none_or(|id| self.is_known(id)) => {
                    Ok(Next::Done(SyncAnswer::Continue(id), bytes))
                }
                _ => Err(self.nonsense(text())),
            },
            (Step::Tie | Step::Follow, Some(b'-')) => Err(HandshakeError::NotNow(text())),
            (Step::Psync, Some(b'+')) => self.on_sync_answer(line).ok_or_else(|| self.nonsense(text())),
            (Step::Psync, Some(b'-')) if self.introduction.asks_to_take_over => Err(self.nonsense(text())),
            (Step::Psync, Some(b'-')) if is_transient(line) => Err(HandshakeError::NotNow(text())),
            (Step::Psync, Some(b'-')) => Ok(Next::Done(SyncAnswer::FullUnnamed, b"SYNC\r\n".to_vec())),
            _ => Err(self.nonsense(text())),
        }
    }

    /// An answer that is none: from one who was asked to take over, it is a refusal.
    fn nonsense(&self, text: String) -> HandshakeError {
        match self.step {
            Step::Psync if self.introduction.asks_to_take_over => HandshakeError::NotTakenOver(text),
            _ => HandshakeError::Nonsense(text),
        }
    }

    fn is_known(&self, id: ReplicationId) -> bool {
        self.introduction.resume.is_some_and(|position| position.history == id)
    }

    fn after_ping(&mut self) -> Vec<u8> {
        let Some(bytes) = self.introduction.login() else { return self.introduce() };
        self.step = Step::Auth;
        bytes
    }

    fn introduce(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let port = self.introduction.port.to_string();
        let mut missing = 3;
        push_command(&mut bytes, [b"REPLCONF".as_slice(), b"listening-port", port.as_bytes()].into_iter());
        if let Some(ip) = &self.introduction.ip {
            missing += 1;
            push_command(&mut bytes, [b"REPLCONF".as_slice(), b"ip-address", ip.as_bytes()].into_iter());
        }
        let mut words = [b"REPLCONF".as_slice(), b"capa", b"eof", b"capa", b"psync2"].to_vec();
        words.extend([b"capa", ANCESTRY.as_bytes()]);
        if self.introduction.knows_dual_channel {
            words.extend([b"capa".as_slice(), b"dual-channel"]);
        }
        push_command(&mut bytes, words.into_iter());
        push_command(&mut bytes, [b"REPLCONF".as_slice(), b"version", VALKEY_VERSION_READ].into_iter());
        self.step = Step::Conf { missing };
        bytes
    }

    fn after_introduction(&mut self) -> Vec<u8> {
        if !self.introduction.asks_whom_it_follows {
            return self.ask();
        }
        self.step = Step::Above;
        Inquiry::REQUEST.to_vec()
    }

    /// A part of the answer. Who does not answer may serve us all the same.
    fn on_line_about_above(&mut self, line: &[u8]) -> Vec<u8> {
        match self.inquiry.on_line(line) {
            Ok(false) => return Vec::new(),
            Ok(true) => self.answered = Some(core::mem::take(&mut self.inquiry)),
            Err(NoAnswer) => {}
        }
        self.ask()
    }

    fn ask(&mut self) -> Vec<u8> {
        self.step = Step::Psync;
        let mut bytes = Vec::new();
        let mut first_byte = Vec::new();
        match &self.introduction.resume {
            None => push_command(&mut bytes, [b"PSYNC".as_slice(), b"?", b"-1"].into_iter()),
            Some(position) => {
                push_u64(&mut first_byte, position.offset.saturating_add(1));
                let id = position.history.as_bytes().as_slice();
                let words = [b"PSYNC".as_slice(), id, &first_byte, b"FAILOVER"];
                let count = if self.introduction.asks_to_take_over { 4 } else { 3 };
                push_command(&mut bytes, words.into_iter().take(count));
            }
        }
        bytes
    }

    fn on_sync_answer(&mut self, line: &[u8]) -> Option<Next> {
        let mut words = line.split(|&b| b == b' ').filter(|word| !word.is_empty());
        let answer = match words.next()? {
            b"+FULLRESYNC" => {
                let history = ReplicationId::parse(words.next()?)?;
                let offset = parse_offset(words.next()?)?;
                SyncAnswer::Full(Position { history, offset })
            }
            b"+DUALCHANNELSYNC" if self.introduction.knows_dual_channel => SyncAnswer::DualChannel,
            b"+CONTINUE" => match words.next() {
                None => SyncAnswer::Continue(None),
                Some(id) => SyncAnswer::Continue(Some(ReplicationId::parse(id)?)),
            },
            _ => return None,
        };
        // To be told to go on without having said from where would be to go on from nowhere.
        if matches!(answer, SyncAnswer::Continue(_)) && self.introduction.resume.is_none() {
            return None;
        }
        self.knows_questions = words.any(|word| word == ANCESTRY.as_bytes());
        Some(Next::Done(answer, Vec::new()))
    }
}

/// What is wrong with it is about who we are, or about its disk.
///
/// Differs: a Redis gives up where its master says that it cannot save, just when another copy of the data is wanted most.
fn can_serve_all_the_same(line: &[u8]) -> bool {
    let answers = [b"-NOAUTH".as_slice(), b"-NOPERM", b"-ERR operation not permitted", b"-MISCONF"];
    answers.iter().any(|start| line.starts_with(start))
}

/// Whoever has lost its own master cannot serve us now.
///
/// Differs: a Redis takes `-MASTERDOWN`, which it answers with `replica-serve-stale-data no`, for the answer of one that does not know PSYNC. It falls
/// back to SYNC, and is in no history that could be continued until that link breaks.
fn is_transient(line: &[u8]) -> bool {
    has_lost_its_master(line) || line.starts_with(NO_MASTER_LINK.as_bytes()) || line.starts_with(b"-LOADING")
}

/// True for the answer of one whose link to its own master is down, with `replica-serve-stale-data no`.
pub(crate) fn has_lost_its_master(line: &[u8]) -> bool {
    line.starts_with(b"-MASTERDOWN")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(digit: u8) -> ReplicationId {
        ReplicationId::new([digit; 40])
    }

    fn text(next: Next) -> String {
        match next {
            Next::Send(bytes) => String::from_utf8(bytes).expect("ASCII").replace("\r\n", " "),
            Next::Done(..) => panic!("done too early"),
        }
    }

    fn at_psync(resume: Option<Position>) -> Handshake {
        let (mut talk, _) = Handshake::begin(Introduction { port: 6380, resume, ..Introduction::default() });
        for line in ["+PONG", "+OK", "+OK", "+OK"] {
            talk.on_line(line.as_bytes()).expect("an ordinary answer");
        }
        talk
    }

    #[test]
    fn the_dialogue_waits_for_every_answer_before_it_asks() {
        let introduction = Introduction {
            auth: Some((None, "secret".to_string())),
            port: 6380,
            ip: Some("10.0.0.1".to_string()),
            resume: Some(Position { history: id(b'a'), offset: 187 }),
            ..Introduction::default()
        };
        let (mut talk, first) = Handshake::begin(introduction);
        assert_eq!(first, b"*1\r\n$4\r\nPING\r\n");
        assert_eq!(text(talk.on_line(b"-NOAUTH Authentication required.").unwrap()), "*2 $4 AUTH $6 secret ");
        let conf = text(talk.on_line(b"+OK").unwrap());
        assert!(
            conf.starts_with("*3 $8 REPLCONF $14 listening-port $4 6380 *3 $8 REPLCONF $10 ip-address $8 10.0.0.1 ")
        );
        assert!(conf.ends_with(
            "*7 $8 REPLCONF $4 capa $3 eof $4 capa $6 psync2 $4 capa $8 ancestry *3 $8 REPLCONF $7 version $5 9.0.0 "
        ));
        assert_eq!(text(talk.on_line(b"+OK").unwrap()), "");
        assert_eq!(text(talk.on_line(b"+OK").unwrap()), "");
        assert_eq!(text(talk.on_line(b"-ERR Unrecognized REPLCONF option: ip-address").unwrap()), "");
        let ask = text(talk.on_line(b"+OK").unwrap());
        assert_eq!(ask, alloc::format!("*3 $5 PSYNC $40 {} $3 188 ", id(b'a')));
        assert_eq!(text(talk.on_line(b"").unwrap()), "", "a keepalive");
    }

    #[test]
    fn a_master_that_wants_a_password_or_cannot_save_is_talked_to_all_the_same() {
        for answer in ["-NOAUTH no", "-NOPERM no", "-ERR operation not permitted", "-MISCONF no", "+PONG"] {
            let (mut talk, _) = Handshake::begin(Introduction { port: 1, ..Introduction::default() });
            assert!(text(talk.on_line(answer.as_bytes()).unwrap()).starts_with("*3 $8 REPLCONF"), "{answer}");
        }
        for answer in ["-LOADING no", "-ERR unknown command", "$4"] {
            let (mut talk, _) = Handshake::begin(Introduction { port: 1, ..Introduction::default() });
            assert!(matches!(talk.on_line(answer.as_bytes()), Err(HandshakeError::Ping(_))), "{answer}");
        }
    }

    #[test]
    fn who_is_asked_whom_it_follows_is_asked_for_the_stream_whatever_it_says() {
        let answer = "$32\r\nrun_id:b\r\n\r\nmaster_path:c@h:3\r\n\r\n";
        for (lines, is_told) in [(answer, true), ("-NOPERM no", false), ("\r\n$0\r\n", true)] {
            let introduction = Introduction { port: 1, asks_whom_it_follows: true, ..Introduction::default() };
            let (mut talk, _) = Handshake::begin(introduction);
            for line in ["+PONG", "+OK", "+OK"] {
                talk.on_line(line.as_bytes()).expect("an ordinary answer");
            }
            assert_eq!(text(talk.on_line(b"+OK").unwrap()), "*1 $4 INFO ");
            let said: Vec<String> =
                lines.split("\r\n").map(|line| text(talk.on_line(line.as_bytes()).unwrap())).collect();
            assert!(said.concat() == "*3 $5 PSYNC $1 ? $2 -1 ", "{said:?}");
            assert_eq!(talk.take_answer().is_some(), is_told);
        }
    }

    #[test]
    fn one_who_is_asked_to_take_over_does_it_or_refuses() {
        let resume = Some(Position { history: id(b'a'), offset: 7 });
        let introduction = Introduction { port: 1, resume, asks_to_take_over: true, ..Introduction::default() };
        let (mut talk, _) = Handshake::begin(introduction);
        let down = "-MASTERDOWN Link with MASTER is down";
        assert_eq!(talk.clone().on_line(down.as_bytes()), Err(HandshakeError::NotTakenOver(down.to_string())));
        assert!(matches!(talk.clone().on_line(b"-LOADING"), Err(HandshakeError::Ping(_))), "it may do so later");
        for line in ["+PONG", "+OK", "+OK"] {
            talk.on_line(line.as_bytes()).expect("an ordinary answer");
        }
        let ask = alloc::format!("*4 $5 PSYNC $40 {} $1 8 $8 FAILOVER ", id(b'a'));
        assert_eq!(text(talk.on_line(b"+OK").unwrap()), ask);
        for line in ["-ERR no", "-LOADING Redis is loading", "-NOMASTERLINK Can't SYNC", "+WHAT", ":1"] {
            let refused = Err(HandshakeError::NotTakenOver(line.to_string()));
            assert_eq!(talk.clone().on_line(line.as_bytes()), refused);
        }
        let line = alloc::format!("+CONTINUE {}", id(b'b'));
        let done = Next::Done(SyncAnswer::Continue(Some(id(b'b'))), Vec::new());
        assert_eq!(talk.on_line(line.as_bytes()), Ok(done));
    }

    #[test]
    fn every_answer_to_psync_has_its_meaning() {
        let known = Some(Position { history: id(b'a'), offset: 7 });
        let done = |answer| Ok(Next::Done(answer, Vec::new()));
        let (b, full) = (id(b'b'), Position { history: id(b'b'), offset: 100 });
        let line = alloc::format!("+FULLRESYNC {b} 100");
        assert_eq!(at_psync(known).on_line(line.as_bytes()), done(SyncAnswer::Full(full)));
        assert_eq!(at_psync(known).on_line(b"+CONTINUE"), done(SyncAnswer::Continue(None)));
        let line = alloc::format!("+CONTINUE {b}");
        assert_eq!(at_psync(known).on_line(line.as_bytes()), done(SyncAnswer::Continue(Some(b))));
        let refused = at_psync(known).on_line(b"-ERR unknown command 'PSYNC'");
        assert_eq!(refused, Ok(Next::Done(SyncAnswer::FullUnnamed, b"SYNC\r\n".to_vec())));
        for line in [
            "-NOMASTERLINK Can't SYNC while not connected with my master",
            "-LOADING Redis is loading",
            "-MASTERDOWN Link",
        ] {
            assert!(matches!(at_psync(known).on_line(line.as_bytes()), Err(HandshakeError::NotNow(_))));
        }
        for line in ["+FULLRESYNC x 1", "+FULLRESYNC", "+WHAT", ":1", "$5", "+CONTINUE x"] {
            assert!(matches!(at_psync(known).on_line(line.as_bytes()), Err(HandshakeError::Nonsense(_))), "{line}");
        }
        assert!(at_psync(None).on_line(b"+CONTINUE").is_err(), "there is nothing to go on from");
        for (offset, is_taken) in [(i64::MAX as u64, true), (i64::MAX as u64 + 1, false), (u64::MAX - 10, false)] {
            let line = alloc::format!("+FULLRESYNC {b} {offset}");
            assert_eq!(at_psync(known).on_line(line.as_bytes()).is_ok(), is_taken, "no stream may outgrow the counter");
        }
    }

    #[test]
    fn only_a_master_of_ours_is_one_to_be_asked_whom_it_follows() {
        let (known, b) = (Some(Position { history: id(b'a'), offset: 7 }), id(b'b'));
        for (line, is_ours) in [
            (alloc::format!("+CONTINUE {b} ancestry"), true),
            (alloc::format!("+FULLRESYNC {b} 100 ancestry"), true),
            (alloc::format!("+CONTINUE {b}"), false),
            (alloc::format!("+FULLRESYNC {b} 100"), false),
        ] {
            let mut talk = at_psync(known);
            assert!(matches!(talk.on_line(line.as_bytes()), Ok(Next::Done(..))), "{line}");
            assert_eq!(talk.knows_questions(), is_ours, "{line}");
        }
    }
}
