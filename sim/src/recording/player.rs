//! Does the same core do the same again?

use std::fmt;

use afterimage_core::Node;
use afterimage_core::port::{Action, ConnId, Effects, Event, Now, Peer};
use afterimage_core::recording::{Call, Digest, Input};

use super::environment::{environment, prepare, were_asked_for};

/// Makes the calls of a recording again.
#[derive(Default)]
pub struct Player {
    node: Option<Node>,
    digest: Digest,
    effects: Effects,
    now: Now,
}

/// What a call came to.
#[derive(Debug)]
pub struct Effect<'a> {
    /// What an accepted connection became.
    pub conn: Option<ConnId>,
    /// What the node asked its driver for.
    pub actions: &'a [Action],
}

/// The first call that did not do what it had done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Divergence {
    /// Its number.
    pub call: u64,
    /// How one can tell.
    pub reason: Reason,
}

/// How one can tell that a call did something else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// What came out of it is not the same.
    Outcome,
    /// One of the calls before it, as the whole digest tells.
    Earlier,
    /// It asked for something else of its process.
    Answers,
    /// It had less to send than was sent.
    Output,
    /// The recording does not begin with a start, or has another one.
    Start,
    /// This build does not take the configuration.
    Config(String),
}

impl fmt::Display for Divergence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "call {}: ", self.call)?;
        match &self.reason {
            Reason::Outcome => f.write_str("other actions, other sent bytes or another deadline than recorded"),
            Reason::Earlier => f.write_str("something before it came out otherwise than recorded"),
            Reason::Answers => f.write_str("the node asked for other figures of its process than recorded"),
            Reason::Output => f.write_str("the node has less to send than was sent"),
            Reason::Start => f.write_str("the node does not start here, or is there already"),
            Reason::Config(why) => write!(f, "the configuration is refused: {why}"),
        }
    }
}

impl Player {
    /// Makes one call again, and compares.
    ///
    /// # Errors
    ///
    /// If it did something else. What it did can be looked at all the same.
    pub fn play(&mut self, call: &Call<'_>) -> (Effect<'_>, Result<(), Divergence>) {
        self.effects.drain();
        self.now = call.now;
        prepare(&call.answers);
        let made = self.make(call);
        let conn = made.as_ref().ok().copied().flatten();
        let verdict = made.map(|_| ()).and_then(|()| self.compare(call));
        let verdict = verdict.map_err(|reason| Divergence { call: call.number, reason });
        (Effect { conn, actions: self.effects.actions() }, verdict)
    }

    /// Compares with the whole digest that stands before a chunk.
    ///
    /// # Errors
    ///
    /// If it is another.
    pub fn check_chunk(&self, first_call: u64, digest: Digest) -> Result<(), Divergence> {
        let is_same = self.digest == digest;
        if is_same { Ok(()) } else { Err(Divergence { call: first_call, reason: Reason::Earlier }) }
    }

    /// The node as it is now.
    #[must_use]
    pub fn node(&self) -> Option<&Node> {
        self.node.as_ref()
    }

    /// What the node answers to a command, as RESP. It is a copy that is asked, so that nothing comes of it: it wants no password, and refuses no DEBUG.
    #[must_use]
    pub fn ask(&self, line: &str) -> Vec<u8> {
        let Some(mut node) = self.node.clone() else { return Vec::new() };
        let mut effects = Effects::new();
        let conn = node.accept(Peer::UNIX_SOCKET, self.now, &mut effects);
        if let Some(password) = node.config().requirepass.clone() {
            let length = format!("*2\r\n$4\r\nAUTH\r\n${}\r\n", password.as_bytes().len());
            self.request(&mut node, conn, &[length.as_bytes(), password.as_bytes(), b"\r\n"].concat());
        }
        // Whatever else is asked hears of the setting as it is.
        if line.split_whitespace().next().is_some_and(|name| name.eq_ignore_ascii_case("debug")) {
            node.allow_debug();
        }
        self.request(&mut node, conn, format!("{line}\r\n").as_bytes())
    }

    /// What a node answers at once.
    fn request(&self, node: &mut Node, conn: ConnId, bytes: &[u8]) -> Vec<u8> {
        let mut effects = Effects::new();
        let mut replies = Vec::new();
        node.handle(Event::Received { conn, bytes }, self.now, &mut effects);
        loop {
            let mut slices = [&[][..]; 16];
            let filled = node.gather(conn, &mut slices);
            let more = slices[..filled].concat();
            if more.is_empty() {
                return replies;
            }
            node.sent(conn, more.len(), self.now, &mut effects);
            replies.extend(more);
        }
    }

    fn make(&mut self, call: &Call<'_>) -> Result<Option<ConnId>, Reason> {
        let (now, effects) = (call.now, &mut self.effects);
        if let Input::Start(start) = &call.input {
            if self.node.is_some() {
                return Err(Reason::Start);
            }
            let config = start.config().map_err(|error| Reason::Config(error.to_string()))?;
            self.node = Some(Node::start(config, environment(&start.source), start.seed, now, effects));
            return Ok(None);
        }
        let node = self.node.as_mut().ok_or(Reason::Start)?;
        match &call.input {
            Input::Start(_) => {}
            Input::Accept(peer) => {
                let conn = node.accept(*peer, now, effects);
                self.digest.mix_conn(conn);
                return Ok(Some(conn));
            }
            Input::Event(event) => node.handle(event.clone(), now, effects),
            Input::Work { units } => node.work(*units, now, effects),
            Input::Sent { conn, count } => {
                if !self.digest.mix_sent(node, *conn, *count) {
                    return Err(Reason::Output);
                }
                node.sent(*conn, *count, now, effects);
            }
        }
        Ok(None)
    }

    fn compare(&mut self, call: &Call<'_>) -> Result<(), Reason> {
        let Some(node) = &self.node else { return Err(Reason::Start) };
        self.digest.mix_outcome(self.effects.actions(), node.deadline());
        match call.check {
            // The recording ends within this call.
            None => Ok(()),
            Some(_) if !were_asked_for() => Err(Reason::Answers),
            Some(check) if check != self.digest.check() => Err(Reason::Outcome),
            Some(_) => Ok(()),
        }
    }
}
