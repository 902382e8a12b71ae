//! How do connections begin, carry and end?
//!
//! The life of a link between the two who hold its ends, as TCP has it: a knock, an answer, bytes while there is room, an
//! end in order or by a reset. Bytes that reach somebody who has left are answered by a reset. A host that stands still has an operating system that
//! does not: it accepts, and the node learns of it later. One without power answers nothing.

use afterimage_core::museum::Defect;
use afterimage_core::port::{CloseCause, DialFailure, Event};

use crate::check::{Breach, Property};
use crate::client::PATIENCE;
use crate::host::{PORT, peer};
use crate::journal::{Topic, gist, host_name};
use crate::network::{Cut, End, Ending, LinkId, Side, Site, Stage};
use crate::queue::{Micros, Occurrence};
use crate::world::World;

/// The first of the ports from which dials are made.
const EPHEMERAL_PORT: u16 = 32_768;
/// [`Defect::ChecksumNotVerified`]: one in so many deliveries has a bit that has flipped.
const FLIPS_EVERY: u64 = 50;

impl World {
    /// Begins a dial.
    pub(crate) fn dial(&mut self, from: Site, to: Site, end: End) -> LinkId {
        let link = self.network.dial(from, to, end);
        let flight = self.network.flight(from, to);
        self.queue.push(self.now + flight, Occurrence::Knock { link });
        // A client's library does not wait as long as its operating system would.
        let patience = if matches!(end, End::Client { .. }) { PATIENCE } else { Micros::MAX };
        let timeout = self.plan.network.dial_timeout_us.min(patience);
        self.queue.push(self.now + timeout, Occurrence::DialTimeout { link });
        self.note(Topic::Link, |world| format!("{} dials {}", world.site_name(from), world.site_name(to)));
        link
    }

    /// A dial reaches its target.
    pub(crate) fn on_knock(&mut self, id: LinkId) {
        let Some(link) = self.network.get(id) else {
            return;
        };
        let [from, to] = link.sites;
        if link.stage != Stage::Dialling || self.network.is_held(from, to) || self.network.is_held(to, from) {
            return;
        }
        let host = &self.hosts[usize::from(to)];
        if host.is_without_power {
            // Whoever dials asks again now and then, and is answered once there is power.
            return;
        }
        let link = self.network.get(id).expect("it was found above");
        if host.node.is_some() {
            link.stage = Stage::Accepted;
            self.on_accept(id);
        } else {
            link.stage = Stage::Refused;
            link.ends[1] = End::Gone;
        }
        let flight = self.network.flight(to, from);
        self.queue.push(self.now + flight, Occurrence::Answer { link: id });
    }

    /// A node learns of a connection that its operating system has accepted.
    pub(crate) fn on_accept(&mut self, id: LinkId) {
        let Some(link) = self.network.get(id).filter(|link| link.ends[1] == End::Opening) else {
            return;
        };
        let [from, to] = link.sites;
        if let Some(until) = self.hosts[usize::from(to)].is_paused(self.now) {
            self.queue.push(until, Occurrence::Accept { link: id });
            return;
        }
        let remote_port = EPHEMERAL_PORT + (id.slot % 16_384) as u16;
        let (now, node) = self.hosts[usize::from(to)].parts(self.now);
        let Some(node) = node else { return };
        let conn = node.accept(peer(from, remote_port, to, PORT), now, &mut self.effects);
        link.ends[1] = End::Node { host: to, conn };
        self.hosts[usize::from(to)].attach(conn, id, Side::Acceptor);
        self.settle(to);
        self.schedule_delivery(id, Side::Dialler);
    }

    /// The answer to a dial reaches the dialler.
    pub(crate) fn on_answer(&mut self, id: LinkId) {
        let Some(link) = self.network.get(id) else {
            return;
        };
        let outcome = match link.stage {
            Stage::Accepted => Ok(()),
            Stage::Refused => Err(DialFailure::Refused),
            Stage::Free | Stage::Dialling | Stage::Open => return,
        };
        if let End::Node { host, .. } = link.ends[0]
            && let Some(until) = self.hosts[usize::from(host)].is_paused(self.now)
        {
            self.queue.push(until, Occurrence::Answer { link: id });
            return;
        }
        link.stage = Stage::Open;
        self.answer(id, outcome);
        self.schedule_delivery(id, Side::Acceptor);
    }

    /// A dial that was never answered ends.
    pub(crate) fn on_dial_timeout(&mut self, id: LinkId) {
        let Some(link) = self.network.get(id) else {
            return;
        };
        if link.stage != Stage::Dialling || link.ends[0] == End::Gone {
            return;
        }
        if let End::Node { host, .. } = link.ends[0]
            && let Some(until) = self.hosts[usize::from(host)].is_paused(self.now)
        {
            self.queue.push(until, Occurrence::DialTimeout { link: id });
            return;
        }
        link.ends[1] = End::Gone;
        self.answer(id, Err(DialFailure::Unreachable));
    }

    fn answer(&mut self, id: LinkId, outcome: Result<(), DialFailure>) {
        let Some(link) = self.network.get(id) else {
            return;
        };
        let (end, [from, to]) = (link.ends[0], link.sites);
        if outcome.is_err() {
            link.ends[0] = End::Gone;
        }
        self.note(Topic::Link, |world| {
            let result = outcome.as_ref().map_or_else(ToString::to_string, |()| "connected".into());
            format!("{} -> {}: {result}", world.site_name(from), world.site_name(to))
        });
        self.print.word(u64::from(outcome.is_ok()));
        match end {
            End::Node { host, conn } => {
                if outcome.is_err() {
                    self.hosts[usize::from(host)].detach(conn);
                }
                let local_port = EPHEMERAL_PORT + (id.slot % 16_384) as u16;
                let outcome = outcome.map(|()| peer(to, PORT, from, local_port));
                self.tell(host, Event::Dialled { conn, outcome });
            }
            End::Client { client } => self.client_dialled(client, outcome.is_ok()),
            End::Operator => self.operator_dialled(outcome.is_ok()),
            End::Controller { host } => self.controller_dialled(host, outcome.is_ok()),
            End::Opening | End::Gone | End::Lost { .. } => {}
        }
        self.network.free_if_left(id);
    }

    /// Sends off what a side has written.
    pub(crate) fn sent_off(&mut self, id: LinkId, side: Side, count: usize) {
        if count > 0 {
            self.film_sent(id, side, count);
            self.network.commit(id, side, count, self.now);
            self.schedule_delivery(id, side);
        }
    }

    /// Schedules the next delivery of what a side wrote, unless one is scheduled or nothing can be delivered.
    pub(crate) fn schedule_delivery(&mut self, id: LinkId, from: Side) {
        let now = self.now;
        let Some(link) = self.network.get(id) else {
            return;
        };
        let pipe = &mut link.pipes[from as usize];
        if pipe.scheduled || pipe.held > 0 || pipe.paused {
            return;
        }
        if let Some(at) = pipe.next_at() {
            pipe.scheduled = true;
            self.queue.push(at.max(now), Occurrence::Deliver { link: id, from });
        }
    }

    /// Bytes, or an end, reach the side opposite to `from`.
    pub(crate) fn on_deliver(&mut self, id: LinkId, from: Side) {
        let now = self.now;
        let Some(link) = self.network.get(id) else {
            return;
        };
        let end = link.ends[from.other() as usize];
        let pipe = &mut link.pipes[from as usize];
        pipe.scheduled = false;
        if pipe.held > 0 || pipe.paused {
            return;
        }
        match end {
            End::Opening => return,
            End::Gone => return self.refuse_bytes(id, from),
            End::Lost { host } => {
                if self.hosts[usize::from(host)].node.is_some() {
                    self.refuse_bytes(id, from);
                }
                return;
            }
            End::Node { host, .. } => {
                if let Some(until) = self.hosts[usize::from(host)].is_paused(now) {
                    pipe.scheduled = true;
                    self.queue.push(until, Occurrence::Deliver { link: id, from });
                    return;
                }
            }
            End::Client { .. } | End::Operator | End::Controller { .. } => {}
        }
        if from == Side::Acceptor && link.stage != Stage::Open {
            // The answer is still under way; it schedules this again.
            return;
        }
        let pipe = &mut link.pipes[from as usize];
        if self.defects.contain(Defect::ChecksumNotVerified) && self.totals.deliveries % FLIPS_EVERY == FLIPS_EVERY - 1
        {
            pipe.flip_a_bit();
        }
        let due = pipe.due(now);
        if due.len > 0 {
            self.carry(id, from, end, due);
        }
        self.after_delivery(id, from);
    }

    /// Hands bytes to who holds the end.
    fn carry(&mut self, id: LinkId, from: Side, end: End, due: crate::network::Due) {
        self.print.word(due.hash);
        self.totals.deliveries += 1;
        self.totals.delivered_bytes += due.len as u64;
        self.journal_bytes(id, from, due.len);
        self.film_delivered(id, from, due.len);
        let World { network, hosts, clients, controller, effects, now, .. } = self;
        let Some(link) = network.get(id) else { return };
        let bytes = link.pipes[from as usize].front(due.len);
        let mut outcome = Ok(());
        match end {
            End::Node { host, conn } => {
                let host = &mut hosts[usize::from(host)];
                let time = host.now(*now);
                if let Some(node) = &mut host.node {
                    node.handle(Event::Received { conn, bytes }, time, effects);
                }
            }
            End::Client { client } => {
                let client = &mut clients[usize::from(client)];
                let known = hosts[usize::from(client.host)].known_role();
                let before = client.replies;
                outcome = client.received(bytes, *now, known);
                self.totals.replies += client.replies - before;
            }
            End::Operator => self.operator.input.extend_from_slice(bytes),
            End::Controller { host } => {
                if let Some(controller) = controller {
                    controller.takes(host, bytes);
                }
            }
            End::Opening | End::Gone | End::Lost { .. } => {}
        }
        let cut_here = link.pipes[from as usize].consume(due);
        let link_host = link.sites[1];
        if !due.intact {
            let explanation = format!("{} bytes of link {id:?} are not what was written", due.len);
            self.breach(None, Breach::new(Property::LinkIntact, explanation));
        }
        if let Err(breach) = outcome {
            self.breach(Some(link_host), breach);
        }
        match end {
            End::Node { host, .. } => self.settle(host),
            End::Operator => self.operator_received(),
            End::Controller { host } => self.controller_received(host),
            End::Client { client } => self.client_received(client),
            End::Opening | End::Gone | End::Lost { .. } => {}
        }
        if cut_here {
            self.cut(id, from);
        }
    }

    /// Wakes a writer that waits, schedules the next delivery, or tells of the end.
    fn after_delivery(&mut self, id: LinkId, from: Side) {
        let Some(link) = self.network.get(id) else {
            return;
        };
        let [dialler, acceptor] = link.sites;
        let pipe = &mut link.pipes[from as usize];
        let waits = std::mem::take(&mut pipe.writer_waits);
        let ended = pipe.is_empty() && pipe.fin.is_some_and(|at| at <= self.now);
        if ended && pipe.written_hash != pipe.read_hash && pipe.written == pipe.read {
            self.breach(
                None,
                Breach::new(Property::LinkIntact, format!("link {id:?} delivered other bytes than were written")),
            );
        }
        if ended {
            self.side_hears(id, from.other(), CloseCause::Eof);
            return;
        }
        if waits {
            let (to, back) = if from == Side::Dialler { (dialler, acceptor) } else { (acceptor, dialler) };
            let flight = self.network.flight(back, to);
            self.queue.push(self.now + flight, Occurrence::Room { link: id, side: from });
        }
        self.schedule_delivery(id, from);
    }

    /// A writer may go on.
    pub(crate) fn on_room(&mut self, id: LinkId, side: Side) {
        let Some(link) = self.network.get(id) else {
            return;
        };
        match link.ends[side as usize] {
            End::Node { host, conn } => {
                if let Some(until) = self.hosts[usize::from(host)].is_paused(self.now) {
                    self.queue.push(until, Occurrence::Room { link: id, side });
                    return;
                }
                self.pump_node(host, conn);
                self.settle(host);
            }
            End::Client { client } => self.pump_client(client),
            End::Controller { host } => self.pump_controller(host),
            End::Operator | End::Opening | End::Gone | End::Lost { .. } => {}
        }
    }

    /// The holder of an end has left: what it wrote still arrives, then the end; a reset if it left something unread.
    pub(crate) fn side_closes(&mut self, id: LinkId, side: Side) {
        let now = self.now;
        let Some(link) = self.network.get(id) else {
            return;
        };
        link.ends[side as usize] = End::Gone;
        if link.stage == Stage::Dialling {
            link.ends[1] = End::Gone;
            self.network.free_if_left(id);
            return;
        }
        let [dialler, acceptor] = link.sites;
        let unread = link.pipes[side.other() as usize].next_at().is_some_and(|at| at <= now)
            && !link.pipes[side.other() as usize].is_empty();
        let (from, to) = if side == Side::Dialler { (dialler, acceptor) } else { (acceptor, dialler) };
        self.note(Topic::Link, |world| {
            format!("{} closes its connection with {}", world.site_name(from), world.site_name(to))
        });
        if unread {
            return self.reset_from(id, side);
        }
        let flight = self.network.flight(from, to);
        let link = self.network.get(id).expect("it was found above");
        link.pipes[side.other() as usize].discard();
        link.pipes[side as usize].finish(now, flight);
        self.schedule_delivery(id, side);
        self.network.free_if_left(id);
    }

    /// Lets the side opposite to `side` learn of a reset when it gets there.
    fn reset_from(&mut self, id: LinkId, side: Side) {
        let Some(link) = self.network.get(id) else {
            return;
        };
        let (from, to) = (link.sites[side as usize], link.sites[side.other() as usize]);
        let flight = self.network.flight(from, to);
        self.queue.push(self.now + flight, Occurrence::ResetTold { link: id, side: side.other() });
    }

    /// Bytes reached somebody who is not there any more.
    fn refuse_bytes(&mut self, id: LinkId, from: Side) {
        let Some(link) = self.network.get(id) else {
            return;
        };
        link.pipes[from as usize].discard();
        link.ends[from.other() as usize] = End::Gone;
        if link.ends[from as usize] == End::Gone {
            self.network.free_if_left(id);
        } else {
            self.reset_from(id, from.other());
        }
    }

    /// A reset reaches a side, unless the way there is lost.
    pub(crate) fn on_reset_told(&mut self, id: LinkId, side: Side) {
        let Some(link) = self.network.get(id) else {
            return;
        };
        let (to, from) = (link.sites[side as usize], link.sites[side.other() as usize]);
        if self.network.is_held(from, to) && !self.network.find(id).is_some_and(|link| link.is_broken) {
            // Lost on the way. Whatever the side sends next is answered by another one.
            return;
        }
        if let Some(link) = self.network.get(id) {
            link.pipes.iter_mut().for_each(|pipe| pipe.discard());
        }
        self.side_hears(id, side, CloseCause::Reset);
    }

    /// Tells the holder of an end that the connection is gone.
    pub(crate) fn side_hears(&mut self, id: LinkId, side: Side, cause: CloseCause) {
        let Some(link) = self.network.get(id) else {
            return;
        };
        let end = link.ends[side as usize];
        if let End::Node { host, .. } = end
            && let Some(until) = self.hosts[usize::from(host)].is_paused(self.now)
        {
            let pipe = &mut link.pipes[side.other() as usize];
            if cause == CloseCause::Eof {
                pipe.scheduled = true;
                self.queue.push(until, Occurrence::Deliver { link: id, from: side.other() });
            } else {
                self.queue.push(until, Occurrence::ResetTold { link: id, side });
            }
            return;
        }
        link.ends[side as usize] = End::Gone;
        let other = link.ends[side.other() as usize];
        let [dialler, acceptor] = link.sites;
        // Who hangs up waits no more, and may have waited for too long.
        if let End::Node { host, .. } = end
            && let Err(breach) = self.judge_waiting(host)
        {
            return self.breach(Some(host), breach);
        }
        if matches!(end, End::Gone | End::Opening | End::Lost { .. }) {
            self.network.free_if_left(id);
            return;
        }
        self.print.word(cause as u64);
        self.note(Topic::Link, |world| {
            let (me, them) = if side == Side::Dialler { (dialler, acceptor) } else { (acceptor, dialler) };
            format!("{}: connection with {} ended ({cause:?})", world.site_name(me), world.site_name(them))
        });
        if other != End::Gone {
            // What it would still send meets nobody.
            self.schedule_delivery(id, side.other());
        }
        match end {
            End::Node { host, conn } => {
                self.hosts[usize::from(host)].detach(conn);
                self.tell(host, Event::Closed { conn, cause });
            }
            End::Client { client } => self.client_lost(client),
            End::Operator => self.operator_lost(),
            End::Controller { host } => self.controller_lost(host),
            End::Gone | End::Opening | End::Lost { .. } => {}
        }
        self.network.free_if_left(id);
    }

    /// Ends a connection by a reset that both sides learn of, however late: nothing gets through it from now on.
    pub(crate) fn reset_link(&mut self, id: LinkId) {
        let Some(link) = self.network.get(id) else {
            return;
        };
        if link.stage == Stage::Dialling {
            return;
        }
        link.break_off();
        for side in Side::BOTH {
            self.queue.push(self.now + 1, Occurrence::ResetTold { link: id, side });
        }
    }

    /// Ends a stream at the byte reached: its reader sees `ending`, its writer a reset, or what the reader had still said and then the end.
    fn cut(&mut self, id: LinkId, from: Side) {
        let Some(link) = self.network.get(id) else {
            return;
        };
        let Some(Cut { ending, .. }) = link.pipes[from as usize].cut.take() else {
            return;
        };
        let (writer, reader) = (link.sites[from as usize], link.sites[from.other() as usize]);
        match ending {
            Ending::HalfClose => link.pipes[from as usize].discard(),
            Ending::Eof | Ending::Reset => link.pipes.iter_mut().for_each(|pipe| pipe.discard()),
        }
        self.note(Topic::Fault, |world| {
            format!("cut: {} -> {} ends here ({ending:?})", world.site_name(writer), world.site_name(reader))
        });
        let cause = match ending {
            Ending::Eof | Ending::HalfClose => CloseCause::Eof,
            Ending::Reset => CloseCause::Reset,
        };
        self.side_hears(id, from.other(), cause);
        if ending != Ending::HalfClose {
            return self.reset_from(id, from.other());
        }
        let flight = self.network.flight(reader, writer);
        if let Some(link) = self.network.get(id) {
            link.pipes[from.other() as usize].finish(self.now, flight);
            self.schedule_delivery(id, from.other());
        }
    }

    fn journal_bytes(&mut self, id: LinkId, from: Side, len: usize) {
        if self.journal.is_none() {
            return;
        }
        let Some(link) = self.network.get(id) else {
            return;
        };
        let (writer, reader) = (link.sites[from as usize], link.sites[from.other() as usize]);
        let bytes = link.pipes[from as usize].front(len);
        let gist = gist(bytes);
        let sync =
            [&b"+FULLRESYNC"[..], b"+CONTINUE", b"*3\r\n$5\r\nPSYNC"].iter().any(|start| bytes.starts_with(start));
        let topic = if sync { Topic::Sync } else { Topic::Bytes };
        self.note(topic, |world| {
            format!("{} -> {}  {len} bytes  {gist}", world.site_name(writer), world.site_name(reader))
        });
    }

    fn film_sent(&mut self, id: LinkId, side: Side, count: usize) {
        let (Some(camera), Some(link)) = (&mut self.camera, self.network.find(id)) else { return };
        camera.sent(id, side, link.sites, link.opened, link.pipes[side as usize].back(count));
    }

    fn film_delivered(&mut self, id: LinkId, from: Side, len: usize) {
        let (Some(camera), Some(link)) = (&mut self.camera, self.network.find(id)) else { return };
        camera.delivered(id, from, link.sites[from as usize], link.pipes[from as usize].front(len));
    }

    /// The name of a site.
    pub(crate) fn site_name(&self, site: Site) -> String {
        let (hosts, clients) = (self.hosts.len(), self.clients.len());
        match usize::from(site) {
            at if at < hosts => host_name(site),
            at if at < hosts + clients => format!("c{}", at - hosts + 1),
            _ if site == self.controller_site() => "controller".into(),
            _ => "operator".into(),
        }
    }
}
