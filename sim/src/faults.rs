//! How do faults begin and end?
//!
//! Each fault of the plan changes the network, a host or a disk, and most are taken back after their time. At the quiet
//! point everything that is still wrong is healed at once.

use crate::check::Cause;
use crate::disk::DiskTrouble;
use crate::journal::{Clock, Topic, host_name};
use crate::network::{Cut, End, Link, LinkId, Side, Site, Stage};
use crate::plan::{Crash, Fault, Heal, Way, Which};
use crate::queue::{MILLISECOND, Micros, Occurrence};
use crate::world::World;

impl World {
    /// A planned fault begins.
    pub(crate) fn on_fault_begins(&mut self, index: u16) {
        if self.is_quiet() {
            return;
        }
        let fault = self.plan.faults[usize::from(index)].fault.clone();
        self.totals.faults += 1;
        self.checks.endings.fault_begins(&fault, self.now);
        self.note(Topic::Fault, |_| format!("fault: {}", fault.in_words()));
        let lasts = fault.lasts_us();
        if lasts > 0 {
            self.active[usize::from(index)] = true;
            self.queue.push(self.now + lasts, Occurrence::FaultEnds { fault: index });
        }
        match fault {
            Fault::Crash { host, how, down_us } => self.stop_node(host, how, down_us),
            Fault::Rot { host, down_us, at } => {
                self.stop_node(host, Crash::Process, down_us);
                let rotten = &mut self.hosts[usize::from(host)];
                rotten.is_rotten = rotten.disk.rot(at);
            }
            Fault::Pause { host, for_us } => {
                self.checks.promises.forget_where_it_stood(host);
                let host = &mut self.hosts[usize::from(host)];
                // What waits for the end of a pause is not woken earlier, so a pause never lasts past the quiet point.
                host.paused_until = host.paused_until.max((self.now + for_us).min(self.plan.quiet_at()));
            }
            Fault::Stall { a, b, way, .. } | Fault::BlackHole { a, b, way, .. } => {
                self.each_way(a, b, way, |world, from, to| world.network.hold(from, to));
            }
            Fault::Isolate { host, .. } => self.each_path_of(host, |world, from, to| world.network.hold(from, to)),
            Fault::Reset { a, b } => {
                if let Some(link) = self.network.youngest_between(a, b) {
                    self.reset_link(link);
                }
            }
            Fault::Cut { from, to, after_bytes, ending, which } => {
                let cut = Cut { left: after_bytes.max(1), ending };
                match which {
                    Which::Next => self.network.arm(from, to, cut),
                    Which::Current => self.arm_current(from, to, cut),
                }
            }
            Fault::Slow { a, b, pace, .. } => {
                self.each_way(a, b, Way::Both, |world, from, to| world.network.set_slow(from, to, Some(pace)));
            }
            Fault::ClockJump { host, by_ms } => self.hosts[usize::from(host)].set_clock(by_ms),
            Fault::Disk { host, trouble, for_us } => {
                let disk = &mut self.hosts[usize::from(host)].disk;
                disk.trouble = Some(trouble);
                if trouble == DiskTrouble::Stuck {
                    // As a pause, it ends with the world's faults at the latest.
                    disk.stuck_until = disk.stuck_until.max((self.now + for_us).min(self.plan.quiet_at()));
                }
            }
        }
    }

    /// A fault that lasts is over.
    pub(crate) fn on_fault_ends(&mut self, index: u16) {
        if !std::mem::take(&mut self.active[usize::from(index)]) {
            return;
        }
        let fault = self.plan.faults[usize::from(index)].fault.clone();
        self.note(Topic::Fault, |_| format!("over: {}", fault.in_words()));
        match fault {
            Fault::Stall { a, b, way, .. } => self.each_way(a, b, way, |world, from, to| world.release(from, to)),
            Fault::BlackHole { a, b, way, heal, .. } => {
                self.each_way(a, b, way, |world, from, to| world.release(from, to));
                if heal == Heal::Reset {
                    self.reset_where(|link_sites| link_sites == [a, b] || link_sites == [b, a]);
                }
            }
            Fault::Isolate { host, heal, .. } => {
                self.each_path_of(host, |world, from, to| world.release(from, to));
                if heal == Heal::Reset {
                    self.reset_where(|link_sites| link_sites.contains(&host));
                }
            }
            Fault::Slow { a, b, .. } => {
                self.each_way(a, b, Way::Both, |world, from, to| world.network.set_slow(from, to, None));
            }
            Fault::Disk { host, .. } => self.hosts[usize::from(host)].disk.trouble = None,
            Fault::Crash { .. }
            | Fault::Rot { .. }
            | Fault::Pause { .. }
            | Fault::Reset { .. }
            | Fault::Cut { .. }
            | Fault::ClockJump { .. } => {}
        }
    }

    /// Everything that is wrong ends now.
    pub(crate) fn heal(&mut self) {
        for index in 0..self.active.len() {
            if self.active[index]
                && matches!(self.plan.faults[index].fault, Fault::BlackHole { .. } | Fault::Isolate { .. })
            {
                self.on_fault_ends(index as u16);
            }
        }
        self.active.fill(false);
        self.network.heal(self.now);
        self.wake_where(|_| true);
        for host in 0..self.hosts.len() as u16 {
            let at = &mut self.hosts[usize::from(host)];
            at.disk.trouble = None;
            if at.node.is_none() {
                at.restart_at = Some(self.now);
                self.on_restart(host);
            }
        }
    }

    /// Ends a node's life.
    pub(crate) fn stop_node(&mut self, index: u16, how: Crash, down_us: Micros) {
        let quiet = self.is_quiet();
        if self.hosts[usize::from(index)].node.is_some() {
            self.promise_what_has_aged(index);
        }
        let host = &mut self.hosts[usize::from(index)];
        let Some(node) = host.node.take() else { return };
        self.reached.add(&node);
        host.paused_until = 0;
        host.is_without_power = how == Crash::Power;
        let is_asked = host.asked_to_end.take().is_some();
        (host.keys, host.takes_over) = (0, false);
        // What the next life refuses, it refuses for what fails then.
        host.health = host.health.in_next_life();
        let attachments: Vec<_> = std::mem::take(&mut host.attachments).into_iter().flatten().collect();
        let lost = match how {
            Crash::Process => {
                host.disk.abandon();
                0
            }
            Crash::Power => host.disk.lose_power(),
        };
        self.totals.crashes += 1;
        self.checks.histories.end_life(index, self.network.dialled);
        self.checks.gate.forget(index);
        self.checks.acknowledgements.forget(index);
        let cause = match how {
            Crash::Process => Cause::Killed { host: index },
            Crash::Power => Cause::PowerLost { host: index },
        };
        self.checks.ledger.happened(cause, self.now);
        if let Some(camera) = &mut self.camera {
            camera.life_ends(index);
        }
        // After the quiet point everybody is back at once, but who has ended by itself.
        let down_us = if quiet && is_asked { MILLISECOND } else { down_us };
        let at = self.now + down_us.max(1);
        host.restart_at = Some(at);
        self.queue.push(at, Occurrence::Restart { host: index });
        self.note(Topic::Life, |_| {
            let way = match how {
                Crash::Process => "is killed".to_string(),
                Crash::Power => format!("loses power, and {lost} bytes on disk with it"),
            };
            format!("{} {way}; it starts again at t={}", host_name(index), Clock(at))
        });
        // Those that its operating system has accepted, and the node has not learnt of, are among its connections.
        let is_unseen =
            |link: &Link| link.sites[1] == index && link.stage != Stage::Dialling && link.ends[1] == End::Opening;
        let unseen = self.links_where(is_unseen).into_iter().map(|id| (id, Side::Acceptor));
        for (id, side) in attachments.into_iter().map(|attachment| (attachment.link, attachment.side)).chain(unseen) {
            match how {
                Crash::Process => self.side_closes(id, side),
                Crash::Power => {
                    if let Some(link) = self.network.get(id) {
                        link.ends[side as usize] = End::Lost { host: index };
                    }
                }
            }
        }
    }

    /// The supervisor starts a node that is down.
    pub(crate) fn on_restart(&mut self, index: u16) {
        let host = &self.hosts[usize::from(index)];
        if host.node.is_some() || host.restart_at.is_none_or(|at| at > self.now) {
            return;
        }
        self.start_node(index);
        if std::mem::take(&mut self.hosts[usize::from(index)].is_without_power) {
            // Dials that nobody has answered so far reach it.
            self.wake_where(|link| link.sites[1] == index && link.stage == Stage::Dialling);
        }
        // Peers that wrote meanwhile learn now that nobody knows their connections any more.
        let lost: Vec<(LinkId, Side)> = self
            .network
            .all()
            .flat_map(|(id, link)| Side::BOTH.map(|side| (id, side, link.ends[side as usize])))
            .filter(|(_, _, end)| *end == End::Lost { host: index })
            .map(|(id, side, _)| (id, side))
            .collect();
        for (id, side) in lost {
            self.forget_own_dial(id, side);
            self.schedule_delivery(id, side.other());
        }
    }

    /// A dial that its host made before it lost power leads nowhere.
    fn forget_own_dial(&mut self, id: LinkId, side: Side) {
        let Some(link) = self.network.get(id) else {
            return;
        };
        if link.stage == Stage::Dialling && side == Side::Dialler {
            link.ends = [End::Gone; 2];
            self.network.free_if_left(id);
        }
    }

    fn arm_current(&mut self, from: Site, to: Site, cut: Cut) {
        let Some(id) = self.network.youngest_between(from, to) else {
            return;
        };
        let Some(link) = self.network.get(id) else {
            return;
        };
        let writer = if link.sites[0] == from { Side::Dialler } else { Side::Acceptor };
        link.pipes[writer as usize].cut = Some(cut);
    }

    fn release(&mut self, from: Site, to: Site) {
        self.network.release(from, to);
        if self.network.is_held(from, to) {
            return;
        }
        self.wake_where(|link| link.sites == [from, to] || link.sites == [to, from]);
    }

    /// Lets links that were held up go on.
    fn wake_where(&mut self, chosen: impl Fn(&Link) -> bool) {
        for id in self.links_where(chosen) {
            if self.network.find(id).is_some_and(|link| link.stage == Stage::Dialling) {
                self.queue.push(self.now + 1, Occurrence::Knock { link: id });
            }
            for side in Side::BOTH {
                self.schedule_delivery(id, side);
            }
        }
    }

    fn reset_where(&mut self, chosen: impl Fn([Site; 2]) -> bool) {
        for id in self.links_where(|link| chosen(link.sites)) {
            self.reset_link(id);
        }
    }

    fn links_where(&self, chosen: impl Fn(&Link) -> bool) -> Vec<LinkId> {
        self.network.all().filter(|(_, link)| chosen(link)).map(|(id, _)| id).collect()
    }

    fn each_way(&mut self, a: Site, b: Site, way: Way, act: impl Fn(&mut World, Site, Site)) {
        if way != Way::Backward {
            act(self, a, b);
        }
        if way != Way::Forward {
            act(self, b, a);
        }
    }

    pub(crate) fn each_path_of(&mut self, host: u16, act: impl Fn(&mut World, Site, Site)) {
        for other in (0..=self.controller_site()).filter(|other| *other != host) {
            act(self, host, other);
            act(self, other, host);
        }
    }
}
