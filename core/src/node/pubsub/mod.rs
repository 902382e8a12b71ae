//! How does a message reach those who listen?
//!
//! It is written into their queues at once, in the order in which they came: those of the channel first, then those of each pattern that
//! matches. Drivers are told of it when the event ends. A message costs what its listeners cost, however many channels there are; only
//! patterns are tried one by one.

mod events;
#[cfg(test)]
mod tests;
mod topics;

use crate::codec::glob;
use crate::command::{Command, Handler, Outcome, ServerCommand, reply_error as reply};
use crate::port::ConnId;
use crate::resp::{Args, Proto, Push, Reply};

use super::Node;
use super::connection::{Connection, Connections};
use super::gates::full_name;

pub(crate) use topics::{Listener, Topic, Topics};

impl Topic {
    /// The first word of what a listener is told: of a subscription, of its end, and of a message.
    fn words(self) -> [&'static [u8]; 3] {
        match self {
            Topic::Channel => [b"subscribe", b"unsubscribe", b"message"],
            Topic::Pattern => [b"psubscribe", b"punsubscribe", b"pmessage"],
            Topic::Shard => [b"ssubscribe", b"sunsubscribe", b"smessage"],
        }
    }
}

impl Connection {
    /// True if it listens to anything. In RESP2 it may then do little else.
    #[inline]
    pub(crate) fn is_listener(&self) -> bool {
        self.listener.is_some()
    }

    /// How many names of a topic it listens to.
    pub(crate) fn count_listened(&self, topic: Topic) -> usize {
        self.listener.as_ref().map_or(0, |listener| listener.len(topic))
    }

    /// Where pushes go: CLIENT REPLY does not silence them.
    pub(super) fn push_reply(&mut self) -> Reply<'_> {
        Reply::new(&mut self.output, self.proto)
    }

    /// Tells it of a change in what it listens to; `name` is missing if there was nothing to leave.
    fn tell_change(&mut self, word: &[u8], name: Option<&[u8]>, topic: Topic) {
        let count = self.listener.as_ref().map_or(0, |listener| listener.count_beside(topic));
        let mut reply = self.push_reply();
        reply.push(3);
        reply.bulk(word);
        match name {
            Some(name) => reply.bulk(name),
            None => reply.null(),
        }
        reply.count(count);
    }
}

impl Node {
    /// SUBSCRIBE, PSUBSCRIBE and SSUBSCRIBE.
    pub(super) fn subscribe(&mut self, conn: ConnId, topic: Topic, args: Args<'_>) -> Outcome {
        // Redis lets the older two into transactions for the sake of old clients.
        if self.is_executing && topic == Topic::Shard {
            return Err(reply::SSUBSCRIBE_IN_EXEC);
        }
        let Some(connection) = self.connections.get_mut(conn) else { return Ok(()) };
        let [word, ..] = topic.words();
        for name in args.iter_from(1) {
            let listener = connection.listener.get_or_insert_default();
            self.topics.enter(topic, name, conn, listener);
            connection.tell_change(word, Some(name), topic);
        }
        Ok(())
    }

    /// UNSUBSCRIBE, PUNSUBSCRIBE and SUNSUBSCRIBE.
    pub(super) fn unsubscribe(&mut self, conn: ConnId, topic: Topic, args: Args<'_>) -> Outcome {
        let Some(connection) = self.connections.get_mut(conn) else { return Ok(()) };
        let [_, word, _] = topic.words();
        if args.len() > 1 {
            for name in args.iter_from(1) {
                leave(&mut self.topics, connection, topic, name);
                connection.tell_change(word, Some(name), topic);
            }
            return Ok(());
        }
        if connection.count_listened(topic) == 0 {
            connection.tell_change(word, None, topic);
        }
        while let Some(name) = connection.listener.as_ref().and_then(|listener| listener.first(topic)).cloned() {
            leave(&mut self.topics, connection, topic, &name);
            connection.tell_change(word, Some(&name), topic);
        }
        Ok(())
    }

    /// PUBLISH and SPUBLISH: replicas pass the message on to their own listeners.
    pub(super) fn publish(&mut self, conn: ConnId, topic: Topic, args: Args<'_>) -> Outcome {
        let receivers = self.deliver(topic, &args[1], &args[2]);
        let Some(connection) = self.connections.get_mut(conn) else { return Ok(()) };
        connection.reply().count(receivers);
        let database = connection.database;
        // What is published on a replica stays there: its stream is its master's.
        if self.follow.is_some() {
            return Ok(());
        }
        if self.is_executing {
            self.feed.push_verbatim(database, args.iter());
        } else {
            self.begin_unit();
            self.feed.push_verbatim(database, args.iter());
            self.end_unit(None);
        }
        Ok(())
    }

    /// Sends a message to all who listen to its channel, or to a pattern that matches; returns how many times.
    pub(super) fn deliver(&mut self, topic: Topic, channel: &[u8], message: &[u8]) -> usize {
        let [_, _, word] = topic.words();
        let line = self.topics.listeners(topic, channel);
        let mut receivers = line.len();
        if receivers > 0 {
            send_to_all(&mut self.connections, line, &Push::new(&[word, channel, message]));
        }
        if topic == Topic::Channel {
            let [_, _, word] = Topic::Pattern.words();
            for pattern in self.topics.names(Topic::Pattern).filter(|pattern| glob::matches(pattern, channel)) {
                let line = self.topics.listeners(Topic::Pattern, pattern);
                receivers += line.len();
                send_to_all(&mut self.connections, line, &Push::new(&[word, pattern, channel, message]));
            }
        }
        receivers
    }

    /// A connection listens to nothing any more.
    pub(super) fn stop_listening(&mut self, conn: ConnId) {
        if let Some(listener) = self.connections.get_mut(conn).and_then(|connection| connection.listener.take()) {
            self.topics.leave_all(*listener);
        }
    }

    /// A connection that is gone listened to this.
    pub(super) fn forget_listener(&mut self, connection: &mut Connection) {
        if let Some(listener) = connection.listener.take() {
            self.topics.leave_all(*listener);
        }
    }
}

/// Who listens in RESP2 may do little else: messages and replies could not be told apart.
#[inline]
pub(super) fn gate_listener(connection: &Connection, container: &Command, command: &Command) -> Outcome {
    match connection.is_listener() && connection.proto == Proto::Resp2 && !suits_listeners(command) {
        true => Err(reply::not_for_listeners(&full_name(container, command))),
        false => Ok(()),
    }
}

/// True for the commands that a listener may send in RESP2.
fn suits_listeners(command: &Command) -> bool {
    use ServerCommand::{
        Ping, Psubscribe, Punsubscribe, Quit, Reset, Ssubscribe, Subscribe, Sunsubscribe, Unsubscribe,
    };
    let Handler::Server(server) = command.handler else { return false };
    matches!(
        server,
        Ping | Quit | Reset | Subscribe | Psubscribe | Ssubscribe | Unsubscribe | Punsubscribe | Sunsubscribe
    )
}

fn send_to_all(connections: &mut Connections, line: impl Iterator<Item = ConnId>, push: &Push) {
    for conn in line {
        connections.tell(conn, |output, proto| push.write_to(output, proto));
    }
}

/// Takes a connection out of one line; who listens to nothing is no listener.
fn leave(topics: &mut Topics, connection: &mut Connection, topic: Topic, name: &[u8]) {
    if let Some(listener) = &mut connection.listener {
        topics.leave(topic, name, listener);
        if listener.is_idle() {
            connection.listener = None;
        }
    }
}
