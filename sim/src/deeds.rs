//! What have clients done at a node, or been told by it, and may they rely on it?
//!
//! A node records the deeds of its clients beside its command boundaries. Each is judged at the instant at which it happens, against what
//! the node's replicas have by then.

use std::collections::BTreeSet;

use afterimage_core::config::AppendFsync;
use afterimage_core::node::{Deed, LinkState, Probe, Refusal, RefusingState, Role};
use afterimage_core::port::ConnId;
use afterimage_core::replication::{Position, Request, Verdict};

use crate::check::{
    Asked, Breach, Demand, Place, Property, Read, Refused, SECOND_COUNTED, SYNCS_TO_NAME, Wanted, judge_ack,
    judge_eviction, judge_hand_over, judge_read, judge_refusal, slowness,
};
use crate::disk::DiskTrouble;
use crate::host::site_at;
use crate::network::{End, Link, Side};
use crate::plan::{Fault, FaultPlan};
use crate::queue::{MILLISECOND, Micros, SECOND};
use crate::world::{Checks, World};

impl World {
    /// Judges what happened at a node in its last event.
    pub(crate) fn judge_deeds(&mut self, index: u16, probe: &Probe, deeds: &[Deed]) {
        for deed in deeds {
            let outcome = match *deed {
                Deed::Answered { conn, request, held, verdict } => {
                    self.judge_answer(index, probe, conn, request, held, verdict)
                }
                Deed::Wrote { conn, position, is_write } => self.judge_write(index, probe, conn, position, is_write),
                Deed::Acknowledged { told, position } => {
                    self.note_acknowledgement(index, probe, Position { offset: told, ..position });
                    judge_ack(told, position)
                }
                Deed::Refused { cause, ref state } => self.judge_refusal(index, cause, state),
                Deed::Misunderstood { so } => Err(Breach::new(
                    Property::PeersUnderstood,
                    format!("{so}, though links deliver what was written to them"),
                )),
                Deed::TimedOut | Deed::MasterNamed => Ok(()),
                Deed::Saved { position } => {
                    // Of data that have been replaced meanwhile nothing is expected: the next snapshot need not hold any of them.
                    let histories = &self.checks.histories;
                    let stands = probe.backlog.and_then(|_| histories.locate(probe.position));
                    let place = stands.zip(histories.locate(position));
                    let place =
                        place.filter(|(stands, place)| histories.covers(*stands, *place)).map(|(_, place)| place);
                    self.checks.promises.saved(index, place);
                    self.hosts[usize::from(index)].health.saved_at = Some(self.now);
                    Ok(())
                }
                Deed::StopsWaiting => self.judge_departure(index, probe),
                Deed::Read { is_past, is_found, link, is_loading } => {
                    let config = self.hosts[usize::from(index)].node.as_ref().map(|node| node.config());
                    let serves_stale = config.is_none_or(|config| config.replica_serve_stale_data);
                    judge_read(Read { is_past, is_found, link, is_loading }, serves_stale)
                }
                Deed::Evicted { role, held_bytes } => {
                    let config = self.hosts[usize::from(index)].node.as_ref().map(|node| node.config());
                    config.map_or(Ok(()), |config| judge_eviction(role, held_bytes, config))
                }
                Deed::HandsOver { ref target } => self.judge_hand_over(index, &target.host),
                Deed::Waited { conn, replicas } => self.judge_wait(index, conn, replicas),
                Deed::WaitedForDisks { conn, is_local, replicas } => {
                    self.judge_wait_for_disks(index, conn, is_local, replicas)
                }
            };
            if let Err(breach) = outcome {
                return self.breach(Some(index), breach);
            }
        }
    }

    /// A node that asked to be continued is told the stream or everything.
    fn judge_answer(
        &mut self,
        index: u16,
        probe: &Probe,
        conn: ConnId,
        request: Request,
        held: Option<(u64, u64)>,
        verdict: Verdict,
    ) -> Result<(), Breach> {
        let Some(asker) = self.node_of(index, conn) else { return Ok(()) };
        let Some(theirs) = self.hosts[usize::from(asker)].node.as_ref().map(|node| node.probe()) else { return Ok(()) };
        let histories = &self.checks.histories;
        let asked = Asked { asker, position: theirs.position, digest: theirs.digest, request, answerer: index };
        match verdict {
            Verdict::Continue { .. } => asked.was_continued(histories),
            // Without a log its offset stands still, and tells nothing.
            Verdict::Full(_) if theirs.backlog.is_none() => Ok(()),
            Verdict::Full(reason) => asked.was_refused(histories, probe, held, reason),
        }
    }

    /// A master lets one of its replicas take over.
    fn judge_hand_over(&self, index: u16, name: &str) -> Result<(), Breach> {
        let Some(target) = site_at(name).filter(|target| usize::from(*target) < self.hosts.len()) else {
            return Ok(());
        };
        let from_target = self.accepted_links(index).filter(|link| link.sites == [target, index]);
        let Some(opened) = from_target.map(|link| link.opened).min() else { return Ok(()) };
        judge_hand_over(&self.checks.histories, index, target, opened)
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
            if is_write {
                self.clients[usize::from(client)].wrote_at = self.now;
            }
            // What a command that only reads changes by the way (an expired key goes, PFCOUNT keeps its count) promises nothing.
            if let Some(place) = place.filter(|_| is_write) {
                self.checks.promises.wrote(client, index, place);
                self.checks.ledger.wrote(client, index, place, self.now);
                self.checks.departures.wrote(index, place);
            }
        }
        let is_gated = is_write && probe.role == Role::Master && !self.has_just_stood_still(index);
        let Some(demand) = self.demand_of(index).filter(|_| is_gated) else { return Ok(()) };
        self.totals.gated_writes += 1;
        self.checks.gate.accepted(index, demand, self.now, |place| self.holders(index, place))
    }

    /// Nobody waits at a node who should have been told by now. Who has just stood still has to look around first.
    pub(crate) fn judge_waiting(&self, index: u16) -> Result<(), Breach> {
        let host = &self.hosts[usize::from(index)];
        let Some(node) = host.node.as_ref().filter(|_| !self.has_just_stood_still(index)) else { return Ok(()) };
        let left = node.left_waiting(host.now(self.now));
        left.map_or(Ok(()), |left| Err(Breach::new(Property::WaitsEnd, left.to_string())))
    }

    fn note_acknowledgement(&mut self, index: u16, probe: &Probe, told: Position) {
        if let Some(place) = self.checks.histories.locate(told).filter(|_| probe.link == LinkState::Online) {
            self.checks.acknowledgements.told(index, place, self.now);
        }
    }

    fn judge_refusal(&self, index: u16, cause: Refusal, state: &RefusingState) -> Result<(), Breach> {
        let host = &self.hosts[usize::from(index)];
        let Some(node) = &host.node else { return Ok(()) };
        let good_replicas = if cause == Refusal::NoReplicas { self.good_for_certain(index) } else { 0 };
        let refused = Refused {
            cause,
            state: *state,
            may_load: !host.ready || host.takes_over,
            disk: host.health,
            sync_max: slowness(&self.plan) * self.plan.disk.sync_us,
            good_replicas,
            now: self.now,
        };
        judge_refusal(refused, node.config())
    }

    /// Replicas of which a master must know that they have all but the latest: what they have told it lately has arrived.
    fn good_for_certain(&self, master: u16) -> usize {
        let Some(demand) = self.demand_of(master).filter(|_| !self.has_just_stood_still(master)) else { return 0 };
        let since = self.now.saturating_sub(demand.lag);
        let Some((_, older)) = self.checks.gate.stood_at(master, since) else { return 0 };
        let Checks { acknowledgements, histories, .. } = &self.checks;
        let is_good = |link: &&Link| {
            let replica = link.sites[Side::Dialler as usize];
            let is_there = matches!(link.ends[Side::Dialler as usize], End::Node { .. });
            let node = self.hosts.get(usize::from(replica)).and_then(|host| host.node.as_ref());
            let has_arrived = link.pipes[Side::Dialler as usize].is_empty()
                && node.is_some_and(|node| node.probe().output_bytes == 0);
            let told = (is_there && has_arrived).then(|| acknowledgements.since(replica, since)).flatten();
            told.is_some_and(|told| histories.covers(told, older))
        };
        let good: BTreeSet<u16> =
            self.accepted_links(master).filter(is_good).map(|link| link.sites[Side::Dialler as usize]).collect();
        good.len()
    }

    fn judge_wait(&mut self, index: u16, conn: ConnId, replicas: usize) -> Result<(), Breach> {
        let Some(client) = self.client_of(index, conn) else { return Ok(()) };
        self.clients[usize::from(client)].is_told_of(replicas, self.hosts[usize::from(index)].known_role());
        let Some(place) = self.checks.waits.written(client) else { return Ok(()) };
        self.totals.waits += 1;
        if replicas > 0 {
            self.checks.ledger.waited(client);
        }
        self.checks.waits.told(client, replicas, self.holders(index, place))
    }

    fn judge_wait_for_disks(
        &mut self,
        index: u16,
        conn: ConnId,
        is_local: bool,
        replicas: usize,
    ) -> Result<(), Breach> {
        let Some(client) = self.client_of(index, conn) else { return Ok(()) };
        let known = self.hosts[usize::from(index)].known_role();
        self.clients[usize::from(client)].is_told_of_disks(is_local, replicas, known);
        let Some(place) = self.checks.waits.written(client) else { return Ok(()) };
        self.totals.disk_waits += 1;
        let holders = self.holders(index, place);
        self.checks.waits.told(client, replicas, holders)?;
        if is_local {
            self.promise(index, place);
        }
        // Of more holders nobody knows which were meant.
        if replicas == holders {
            for holder in self.present_holders(index, place) {
                self.promise(holder, place);
            }
        }
        Ok(())
    }

    /// No reply to a client is missing.
    pub(crate) fn client_is_answered(&mut self, client: u16) {
        self.checks.ledger.answered(client);
        if let Some((host, place)) = self.checks.promises.answered(client) {
            self.promise(host, place);
        }
    }

    /// A host has come to its end: what it had a while ago has been synced, unless it stood still in between.
    pub(crate) fn promise_what_has_aged(&mut self, index: u16) {
        const UNTIL_SYNC: Micros = 1200 * MILLISECOND;
        const APPENDS: u64 = 20;
        const BYTES: u64 = 1 << 20;
        let is_stuck = |planned: &FaultPlan| match planned.fault {
            Fault::Disk { host, trouble: DiskTrouble::Stuck, for_us } if host == index => for_us,
            _ => 0,
        };
        let stuck: Micros = self.plan.faults.iter().map(is_stuck).sum();
        let disk = &self.plan.disk;
        let appends = APPENDS * disk.latency_us + BYTES * SECOND / disk.bytes_per_second.max(1);
        let age = UNTIL_SYNC + stuck + slowness(&self.plan) * (SYNCS_TO_NAME * disk.sync_us + appends);
        if let Some(place) = self.checks.promises.stood_at(index, self.now.saturating_sub(age)) {
            self.promise(index, place);
        }
    }

    /// A host has promised to keep what lies at a place.
    fn promise(&mut self, index: u16, place: Place) {
        let before = self.checks.promises.promised(index);
        if before.is_none_or(|before| !self.checks.histories.covers(before, place)) {
            self.checks.promises.promise(index, Some(place));
        }
    }

    /// Looks whether a node has given up its backlog too early.
    pub(crate) fn judge_backlog(&mut self, index: u16, probe: &Probe, is_replaced: bool) -> Result<(), Breach> {
        let host = &self.hosts[usize::from(index)];
        let Some(config) = host.node.as_ref().map(|node| node.config()) else { return Ok(()) };
        let wanted = Wanted::of(config);
        self.checks.backlogs.look(index, probe, self.now - host.role_since, wanted, is_replaced)
    }

    /// Looks at what a node promises by its answers now, and whether it has come back with what it had promised.
    pub(crate) fn judge_promises(&mut self, index: u16, probe: &Probe, is_replaced: bool) -> Result<(), Breach> {
        let host = &mut self.hosts[usize::from(index)];
        let Some(config) = host.node.as_ref().map(|node| node.config()) else { return Ok(()) };
        let (is_kept, is_synced_first) = (config.appendonly, config.appendfsync == AppendFsync::Always);
        let is_promising = is_kept && is_synced_first && probe.synced_offset.is_some();
        let syncs_in_time = is_kept && config.appendfsync == AppendFsync::Everysec && !config.no_appendfsync_on_rewrite;
        let ages = syncs_in_time && probe.synced_offset.is_some() && host.ready && host.health.failed_at.is_none();
        self.checks.promises.set_promising(index, is_promising);
        if !ages || is_replaced {
            self.checks.promises.forget_where_it_stood(index);
        } else if self.checks.promises.wants_note(index, self.now)
            && let Some(place) = self.checks.histories.locate(probe.position)
        {
            self.checks.promises.stands(index, self.now, place);
        }
        if !host.ready {
            return Ok(());
        }
        let has_come_back = !std::mem::replace(&mut host.is_judged, true);
        let histories = &self.checks.histories;
        let is_gone = self.checks.promises.promised(index).is_some_and(|place| !histories.has(index, place));
        let backed_by = probe.second.filter(|_| probe.role == Role::Master);
        let position = backed_by.map_or(probe.position, |(history, first_other)| Position {
            history,
            offset: first_other.saturating_sub(1),
        });
        let stands = histories.locate(position).filter(|_| backed_by.is_some() || probe.backlog.is_some());
        if probe.link == LinkState::Transfer || is_replaced {
            self.checks.promises.saved(index, None);
        }
        match has_come_back {
            true if is_kept => return self.checks.promises.came_back(index, |place| histories.has(index, place)),
            // It has not read the file.
            true => {
                self.checks.promises.promise(index, None);
                return self.checks.promises.came_back_from_snapshot(index, |place| {
                    stands.is_none_or(|stands| histories.covers(stands, place))
                });
            }
            // Other data have taken the place of those that were promised.
            false if is_replaced && is_gone => self.checks.promises.promise(index, None),
            false => {}
        }
        Ok(())
    }

    /// A node that is to end waits for its replicas no more.
    fn judge_departure(&self, index: u16, probe: &Probe) -> Result<(), Breach> {
        if probe.role != Role::Master {
            return Ok(());
        }
        let is_in_step = |replica: u16| {
            let node = self.hosts.get(usize::from(replica)).and_then(|host| host.node.as_ref());
            node.is_some_and(|node| node.probe().link == LinkState::Online)
        };
        let links = self.accepted_links(index).filter_map(|link| match link.ends[Side::Dialler as usize] {
            End::Node { host, .. } if is_in_step(host) => Some((host, link.opened)),
            _ => None,
        });
        let in_step: Vec<(u16, u64)> = links.collect();
        // It waits only for those of which it knows.
        if probe.replicas_online as usize != in_step.len() {
            return Ok(());
        }
        self.checks.departures.judge(index, &in_step, self.now, &self.checks.histories)
    }

    /// Enters that a node is the master, with what it has.
    pub(crate) fn note_reign(&mut self, index: u16, probe: &Probe) {
        let host = &self.hosts[usize::from(index)];
        if probe.role != Role::Master || !host.ready || self.operator.master() != index {
            return;
        }
        if let Some(place) = self.checks.histories.place_of(index) {
            self.checks.ledger.reigns(index, host.incarnation, place, self.now);
        }
    }

    /// What became of all writes that were acknowledged, now that everybody has what the master has.
    pub(crate) fn close_ledger(&mut self) {
        let master = self.operator.master();
        let histories = &self.checks.histories;
        // Without a log nobody can tell where it stands.
        let Some(last) = histories.place_of(master) else { return };
        self.totals.fates = self.checks.ledger.close(last, |at, place| histories.covers(at, place));
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

    /// A host that stood still may meet writes first when it goes on, at the time of before.
    fn has_just_stood_still(&self, index: u16) -> bool {
        self.hosts[usize::from(index)].paused_until.saturating_add(SECOND_COUNTED) > self.now
    }

    /// The client at the other end of a connection.
    fn client_of(&mut self, index: u16, conn: ConnId) -> Option<u16> {
        let link = self.hosts[usize::from(index)].attachment(conn)?.link;
        match self.network.get(link)?.ends[Side::Dialler as usize] {
            End::Client { client } if self.clients[usize::from(client)].link == Some(link) => Some(client),
            _ => None,
        }
    }

    /// The node at the other end of a connection that it has dialled.
    fn node_of(&self, index: u16, conn: ConnId) -> Option<u16> {
        let link = self.hosts[usize::from(index)].attachment(conn)?.link;
        match self.network.find(link)?.ends[Side::Dialler as usize] {
            End::Node { host, .. } => Some(host),
            _ => None,
        }
    }

    /// The connections that others have made to a host.
    fn accepted_links(&self, host: u16) -> impl Iterator<Item = &Link> {
        let attachments = self.hosts[usize::from(host)].attachments.iter().flatten();
        let accepted = attachments.filter(|attachment| attachment.side == Side::Acceptor);
        accepted.filter_map(|attachment| self.network.find(attachment.link))
    }

    /// Replicas that have what lies at a place; none if one is connected twice.
    fn present_holders(&self, master: u16, place: Place) -> Vec<u16> {
        let there =
            self.accepted_links(master).filter(|link| matches!(link.ends[Side::Dialler as usize], End::Node { .. }));
        let mut holders: Vec<u16> = there.map(|link| link.sites[Side::Dialler as usize]).collect();
        holders.retain(|from| usize::from(*from) < self.hosts.len() && self.checks.histories.has(*from, place));
        holders
    }

    /// Connections of replicas that have what lies at a place; or had it, if they have left and their master may not know.
    fn holders(&self, master: u16, place: Place) -> usize {
        let histories = &self.checks.histories;
        // Whose link was ended in the same event was there until then.
        let has = |from: u16, is_there: bool, opened: u64| {
            usize::from(from) < self.hosts.len()
                && (histories.has(from, place) || !is_there && histories.had_since(from, place, opened))
        };
        let ended = self.checks.endings.ended_now().filter(|link| has(link.dialler, link.is_there, link.opened));
        let standing = self.accepted_links(master).filter(|link| {
            let is_there = matches!(link.ends[Side::Dialler as usize], End::Node { .. });
            has(link.sites[Side::Dialler as usize], is_there, link.opened)
        });
        standing.count() + ended.count()
    }
}
