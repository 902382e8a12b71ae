//! Does a replica that hears nothing, or is refused for want of a master, follow others in a circle?
//!
//! While its link is up and silent it sends a question up the line, once a second: if that comes back, the line is a circle, and it is one as
//! long as questions come back. After a link that was given up or refused it asks its master by INFO, from its next dialogue on, until it gets a
//! stream again. See [`crate::replication::Question`].
//!
//! A link in a circle carries nothing. So as long as the circle is known it is not called up, neither by INFO and ROLE nor by
//! `replica-serve-stale-data no`. It is kept all the same: when one of the circle is made a master, the stream can flow by it at once.
//! Replicas are still let in, since they would find no better master by being refused, and the circle could not be told from one that is gone.
//!
//! Differs: to a Redis such a link is up, until it is given up for its silence.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use core::time::Duration;

use crate::config::Endpoint;
use crate::marks::Mark;
use crate::port::{ConnId, Effects, Level, Mono, Now};
use crate::replication::{ANCESTRY, Ancestor, Circle, Fate, Inquiry, Oneself, Question};
use crate::resp::push_command;

use super::Node;
use super::connection::Kind;
use super::follow::{Follow, Link};

/// A master that has said nothing for so long is asked whom it follows: two of the seconds in which a busy one says something.
const SILENCE: Duration = Duration::from_secs(2);
/// A circle from which no question has come back for so long is not one any more: two in a row may be late or lost.
const CIRCLE_KEPT: Duration = Duration::from_secs(3);
/// A question that would wait behind so many bytes is dropped: another will come, and nobody can fill our memory with them.
const WAITING_BYTES_MAX: usize = 64 * 1024;

/// What is known of the masters above us, since ours gave reason to ask.
#[derive(Clone, Debug, Default)]
pub(crate) struct Suspicion {
    /// The nearest first.
    pub(crate) path: Vec<Ancestor>,
    /// What it amounts to.
    pub(crate) circle: Option<Circle>,
    /// When a question of ours last came back, if any has.
    came_back_at: Option<Mono>,
}

impl Follow {
    /// The circle that we are in, or hang on, as far as we know.
    pub(crate) fn circle(&self) -> Option<&Circle> {
        self.suspicion.as_ref()?.circle.as_ref()
    }

    /// Since when nothing has shown that the link still carries anything.
    pub(super) fn quiet_since(&self) -> Mono {
        let came_back_at = self.suspicion.as_ref().and_then(|suspicion| suspicion.came_back_at);
        self.last_io_at.max(came_back_at.unwrap_or(self.last_io_at))
    }

    /// The link by which a question goes up, if the master takes one.
    fn way_up(&self) -> Option<ConnId> {
        match self.link {
            Link::Online { conn, .. } if self.master_knows_questions => Some(conn),
            _ => None,
        }
    }

    /// The link could not be made, or broke that questions went up by: what they have shown is of the past. What a master has told by the dialogue that
    /// ended with its refusal is not.
    pub(super) fn line_is_cut(&mut self) {
        if let Some(suspicion) = &mut self.suspicion {
            *suspicion = Suspicion::default();
        }
    }

    /// What was found out by questions is forgotten when they do not come back any more.
    fn forget_circle(&mut self, now: Now) {
        let Some(suspicion) = &mut self.suspicion else { return };
        if suspicion.came_back_at.is_some_and(|at| now.mono.since(at) > CIRCLE_KEPT) {
            suspicion.path.clear();
            suspicion.circle = None;
        }
    }
}

impl Node {
    /// Our master has given reason to ask whom it follows, if so.
    pub(super) fn suspect_circle(&mut self, has_reason: bool) {
        if let Some(follow) = self.follow.as_mut().filter(|follow| has_reason && follow.suspicion.is_none()) {
            follow.suspicion = Some(Suspicion::default());
        }
    }

    /// Our master has told whom it follows.
    pub(super) fn look_for_circle(&mut self, conn: ConnId, answer: Inquiry, effects: &mut Effects) {
        let Some(follow) = &self.follow else { return };
        let path = answer.path_from(&follow.endpoint.host, follow.endpoint.port);
        let circle = self.find_circle(conn, &path);
        if let Some(circle) = circle.as_ref().filter(|circle| follow.circle() != Some(circle)) {
            self.marks.set(Mark::CircleByInquiry);
            effects.say(Level::Warning, || circle.to_string());
        }
        if let Some(follow) = &mut self.follow {
            follow.suspicion = Some(Suspicion { path, circle, came_back_at: None });
        }
    }

    /// Once a second while the link is up: asks whom we follow in the end, if nothing is heard. Who has no replica that could pass the question on
    /// is in no circle, and does not ask.
    pub(super) fn ask_whom_we_follow(&mut self, now: Now, effects: &mut Effects) {
        let Some(follow) = &mut self.follow else { return };
        follow.forget_circle(now);
        let is_silent = now.mono.since(follow.last_io_at) >= SILENCE;
        let Some(conn) = follow.way_up().filter(|_| is_silent) else { return };
        let question = Question::new(&self.run_id.to_string(), &follow.endpoint.host, follow.endpoint.port);
        let may_come_back = self.replica_sides().any(|(connection, _)| connection.intro.knows_ancestry);
        if may_come_back {
            self.send_question(conn, &question, effects);
        }
    }

    /// True if whoever is at the other end is a replica that asks such questions.
    pub(super) fn may_ask(&self, conn: ConnId) -> bool {
        let is_replica = |connection: &&super::connection::Connection| matches!(connection.kind, Kind::Replica(_));
        self.connections.get(conn).filter(is_replica).is_some_and(|connection| connection.intro.knows_ancestry)
    }

    /// A replica asks whom we follow in the end: that is not answered, but passed on. If it is our own question, we are in a circle.
    pub(super) fn on_question(&mut self, text: &[u8], now: Now, effects: &mut Effects) {
        let Some(follow) = &self.follow else { return };
        let Some(conn) = follow.way_up() else { return };
        let Some(question) = Question::parse(text) else { return };
        match question.come_to(&self.run_id.to_string(), &follow.endpoint.host, follow.endpoint.port) {
            Fate::GoesOn(question) => self.send_question(conn, &question, effects),
            Fate::IsBack(path) => self.on_question_back(conn, path, now, effects),
            Fate::Ends => {}
        }
    }

    fn send_question(&mut self, conn: ConnId, question: &Question, effects: &mut Effects) {
        if self.connections.get(conn).is_none_or(|connection| connection.output.len() > WAITING_BYTES_MAX) {
            return;
        }
        let text = question.to_string();
        let mut bytes = Vec::new();
        push_command(&mut bytes, [b"REPLCONF".as_slice(), ANCESTRY.as_bytes(), text.as_bytes()].into_iter());
        self.say(conn, &bytes, effects);
    }

    fn on_question_back(&mut self, conn: ConnId, path: Vec<Ancestor>, now: Now, effects: &mut Effects) {
        let circle = self.find_circle(conn, &path);
        let Some(follow) = &mut self.follow else { return };
        if now.mono.since(follow.last_io_at) < SILENCE {
            // What has come since we asked has come from a master.
            return;
        }
        if let Some(circle) = circle.as_ref().filter(|circle| follow.circle() != Some(circle)) {
            self.marks.set(Mark::CircleByQuestion);
            effects.say(Level::Warning, || circle.to_string());
        }
        follow.suspicion = Some(Suspicion { path, circle, came_back_at: Some(now.mono) });
    }

    /// A replica has come that may be the very node that we follow.
    pub(super) fn warn_of_own_master(&self, conn: ConnId, effects: &mut Effects) {
        let Some(Follow { endpoint: Endpoint { host, port }, .. }) = &self.follow else { return };
        let who = self.replica_name(conn);
        if who == format!("{host}:{port}") {
            effects.say(Level::Warning, || format!(
                "Replica {who} is also the master of this node: neither has another one. Make one of them a master by REPLICAOF NO ONE"
            ));
        }
    }

    fn find_circle(&self, conn: ConnId, path: &[Ancestor]) -> Option<Circle> {
        let local = self.connections.get(conn).and_then(|connection| connection.peer).map(|peer| peer.local.ip());
        let mut hosts: Vec<String> = self.config.replica_announce_ip.iter().cloned().collect();
        hosts.extend(local.map(|ip| ip.to_string()));
        if local.is_some_and(|ip| ip.is_loopback()) {
            hosts.push("localhost".to_string());
        }
        let ports = [self.config.port, self.config.replica_announce_port];
        let run_id = self.run_id.to_string();
        Circle::find(path, &Oneself { run_id: &run_id, hosts: &hosts, ports: &ports })
    }
}
