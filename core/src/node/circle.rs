//! Does a replica that hears nothing, or is refused for want of a master, follow others in a circle?
//!
//! From its next dialogue on it asks its master whom that follows, until it gets a stream again: see [`Circle`].

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::config::Endpoint;
use crate::port::{ConnId, Effects, Level, Note};
use crate::replication::{Ancestor, Circle, Inquiry, Oneself};

use super::Node;
use super::follow::Follow;

/// What is known of the masters above us, since ours gave reason to ask.
#[derive(Clone, Debug, Default)]
pub(crate) struct Suspicion {
    /// The nearest first.
    pub(crate) path: Vec<Ancestor>,
    /// What it amounts to.
    pub(crate) circle: Option<Circle>,
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
        if let Some(circle) = &circle {
            effects.note(Note::Text { level: Level::Warning, text: circle.to_string() });
        }
        if let Some(follow) = &mut self.follow {
            follow.suspicion = Some(Suspicion { path, circle });
        }
    }

    /// A replica has come that may be the very node that we follow.
    pub(super) fn warn_of_own_master(&self, conn: ConnId, effects: &mut Effects) {
        let Some(Follow { endpoint: Endpoint { host, port }, .. }) = &self.follow else { return };
        let who = self.replica_name(conn);
        if who == format!("{host}:{port}") {
            let text = format!(
                "Replica {who} is also the master of this node: neither has another one. Make one of them a master by REPLICAOF NO ONE"
            );
            effects.note(Note::Text { level: Level::Warning, text });
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
