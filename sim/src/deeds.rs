//! What have clients done at a node, or been told by it, and may they rely on it?
//!
//! A node records the deeds of its clients beside its command boundaries. Each is judged at the instant at which it happens, against what
//! the node's replicas have by then.

use afterimage_core::node::{Deed, Probe, Role};
use afterimage_core::port::ConnId;
use afterimage_core::replication::Position;

use crate::check::{Breach, Demand, LOOKS_EVERY, Place};
use crate::network::{End, Side};
use crate::queue::{Micros, SECOND};
use crate::world::World;

impl World {
    /// Judges what happened at a node in its last event.
    pub(crate) fn judge_deeds(&mut self, index: u16, probe: &Probe, deeds: &[Deed]) {
        for deed in deeds {
            let outcome = match *deed {
                Deed::Wrote { conn, position, is_write } => self.judge_write(index, probe, conn, position, is_write),
                Deed::Waited { conn, replicas } => self.judge_wait(index, conn, replicas),
            };
            if let Err(breach) = outcome {
                return self.breach(Some(index), breach);
            }
        }
    }

    fn judge_write(
        &mut self,
        index: u16,
        probe: &Probe,
        conn: ConnId,
        position: Position,
        is_write: bool,
    ) -> Result<(), Breach> {
        if let Some(client) = self.client_of(index, conn) {
            // Without a log the offset stands still, and tells nothing.
            let place = probe.backlog.and_then(|_| self.checks.histories.locate(position));
            self.checks.waits.wrote(client, place);
        }
        let is_gated = is_write && probe.role == Role::Master && !self.has_just_stood_still(index);
        let Some(demand) = self.demand_of(index).filter(|_| is_gated) else { return Ok(()) };
        self.totals.gated_writes += 1;
        self.checks.gate.accepted(index, demand, self.now, |place| self.holders(index, place))
    }

    fn judge_wait(&mut self, index: u16, conn: ConnId, replicas: usize) -> Result<(), Breach> {
        let Some(client) = self.client_of(index, conn) else { return Ok(()) };
        self.clients[usize::from(client)].is_told_of(replicas);
        let Some(place) = self.checks.waits.written(client) else { return Ok(()) };
        self.totals.waits += 1;
        self.checks.waits.told(client, replicas, self.holders(index, place))
    }

    /// Notes where a node stands, for what its replicas will have to have later.
    pub(crate) fn trace(&mut self, index: u16, is_replaced: bool) {
        let Some(demand) = self.demand_of(index) else { return };
        if is_replaced {
            self.checks.gate.forget(index);
        }
        if let Some(place) = self.checks.histories.place_of(index) {
            self.checks.gate.moved(index, place, demand, self.now);
        }
    }

    /// What a node's configuration demands before a write.
    fn demand_of(&self, index: u16) -> Option<Demand> {
        let config = self.hosts[usize::from(index)].node.as_ref()?.config();
        let (replicas, lag) =
            (config.min_replicas_to_write as usize, Micros::from(config.min_replicas_max_lag) * SECOND);
        (replicas > 0 && lag > 0).then_some(Demand { replicas, lag })
    }

    /// A host that stood still may have looked at its replicas before that, and have met writes first when it went on.
    fn has_just_stood_still(&self, index: u16) -> bool {
        self.hosts[usize::from(index)].paused_until + LOOKS_EVERY > self.now
    }

    /// The client at the other end of a connection.
    fn client_of(&mut self, index: u16, conn: ConnId) -> Option<u16> {
        let link = self.hosts[usize::from(index)].attachment(conn)?.link;
        match self.network.get(link)?.ends[Side::Dialler as usize] {
            End::Client { client } if self.clients[usize::from(client)].link == Some(link) => Some(client),
            _ => None,
        }
    }

    /// Connections of replicas that have what lies at a place; or had it, if they have left and their master may not know.
    fn holders(&self, master: u16, place: Place) -> usize {
        let histories = &self.checks.histories;
        let attachments = self.hosts[usize::from(master)].attachments.iter().flatten();
        let accepted = attachments.filter(|attachment| attachment.side == Side::Acceptor);
        let links = accepted.filter_map(|attachment| self.network.find(attachment.link));
        links
            .filter(|link| {
                let from = link.sites[Side::Dialler as usize];
                let is_there = matches!(link.ends[Side::Dialler as usize], End::Node { .. });
                usize::from(from) < self.hosts.len()
                    && (histories.has(from, place) || !is_there && histories.had_since(from, place, link.opened))
            })
            .count()
    }
}
