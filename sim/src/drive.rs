//! How does a node live in the world?
//!
//! The driver's side of the border: events go in, actions come out and are carried out in order, output is gathered into
//! links as far as they have room, timers and background work are scheduled when the node has need of them. After every
//! event the checks look at what the node recorded.

use afterimage_core::Node;
use afterimage_core::museum::Defect;
use afterimage_core::node::{Boundary, Deed, LinkState, Probe, Role};
use afterimage_core::persistence::{ArchiveName, EvidenceRecord};
use afterimage_core::port::{
    Action, ConnId, DialFailure, DiskFailure, DiskOutcome, Event, ExitCode, Lane, Level, ListenFailure, Note, Now,
};
use afterimage_core::replication::ReplicationId;

use crate::check::{Before, Breach, Cause, Ended, LogBounds, Observation, Property, Replaced, Stand, since_ready};
use crate::client::KnownRole;
use crate::host::{Attachment, Host, PORT, address, config_text, environment, site_at};
use crate::journal::{Topic, host_name};
use crate::network::{End, Side};
use crate::plan::Storage;
use crate::queue::{Micros, Occurrence};
use crate::world::World;

/// A limit of output that no run comes near to.
const LIMIT_NEVER_MET: u64 = 64 << 20;
/// Slices gathered at once.
const SLICES: usize = 16;

impl World {
    /// Starts a host's next life.
    pub(crate) fn start_node(&mut self, index: u16) {
        let follows = self.operator.follows[usize::from(index)];
        let host = &mut self.hosts[usize::from(index)];
        host.restart_at = None;
        host.incarnation += 1;
        host.attachments.clear();
        host.timer_at = Micros::MAX;
        host.work_scheduled = false;
        host.ready = false;
        host.is_judged = false;
        host.before_ready.clear();
        if host.plan.storage == Storage::Ephemeral {
            host.disk.wipe();
        }
        let blank = host.disk.is_blank();
        let text = config_text(&host.plan, &self.plan.settings, follows);
        let config = match self.configs.read(&text) {
            Ok(config) => config,
            Err(why) => {
                self.breach(Some(index), Breach::new(Property::KeepsRunning, format!("its configuration: {why}")));
                return;
            }
        };
        let reuses_seed = self.defects.contain(Defect::SeedReused);
        let (seed, now) = (host.next_seed(reuses_seed), host.now(self.now));
        let mut node = Node::start(config, environment(self.defects), seed, now, &mut self.effects);
        node.enable_audit();
        let probe = node.probe();
        host.role = probe.role;
        host.role_since = self.now;
        host.keys = probe.keys;
        host.spent_from_ms = probe.spent_from_ms;
        host.node = Some(Box::new(node));
        let life = host.incarnation;
        self.checks.resyncs.started(index);
        self.checks.keeps_data.started(index);
        let is_armed = self.has_evidence_of(index, follows);
        self.checks.no_wipe.started(index, is_armed);
        self.checks.storms.disturbed(self.now);
        self.checks.backlogs.started(index);
        self.checks.departures.started(index);
        self.checks.promises.set_promising(index, false);
        if self.hosts[usize::from(index)].is_rotten {
            // What it cannot read it need not keep.
            self.checks.promises.promise(index, None);
        }
        if blank && self.checks.histories.knows(&probe.position.history) {
            let explanation = format!("it started on an empty disk with the known id {:?}", probe.position.history);
            self.breach(Some(index), Breach::new(Property::FreshId, explanation));
        }
        self.checks.histories.begin(probe.position.history, (index, life));
        self.hosts[usize::from(index)].history = probe.position.history;
        self.note(Topic::Life, |_| {
            let doing =
                follows.map_or_else(|| "as a master".into(), |master| format!("following {}", host_name(master)));
            let disk = if blank { "an empty disk" } else { "what its disk kept" };
            format!("{} starts life {life} {doing}, on {disk}", host_name(index))
        });
        self.settle(index);
    }

    /// Gives a node an event and carries out what follows from it.
    pub(crate) fn tell(&mut self, index: u16, event: Event<'_>) {
        let host = &mut self.hosts[usize::from(index)];
        let now = host.now(self.now);
        if let Some(node) = &mut host.node {
            node.handle(event, now, &mut self.effects);
            self.settle(index);
        }
    }

    /// Carries out a node's actions, looks at it, and schedules what it needs.
    pub(crate) fn settle(&mut self, index: u16) {
        self.checks.endings.event_begins();
        while !self.effects.is_empty() {
            let mut actions = std::mem::take(&mut self.actions);
            actions.extend(self.effects.drain());
            for action in actions.drain(..) {
                self.act(index, action);
            }
            self.actions = actions;
        }
        self.look_at(index);
        self.schedule(index);
    }

    fn act(&mut self, index: u16, action: Action) {
        match action {
            Action::OutputReady(conn) => self.pump_node(index, conn),
            Action::Dial { conn, host, port } => self.node_dials(index, conn, &host, port),
            Action::Close(conn) => {
                if let Some(attachment) = self.hosts[usize::from(index)].detach(conn) {
                    self.note_ending(index, attachment);
                    self.side_closes(attachment.link, attachment.side);
                }
            }
            Action::PauseReading(conn) => self.set_reading(index, conn, true),
            Action::ResumeReading(conn) => self.set_reading(index, conn, false),
            // How this network cuts output into pieces is the plan's choice.
            Action::CollectOutput(_) => {}
            Action::Disk { ticket, op } => {
                let host = &mut self.hosts[usize::from(index)];
                if let Some((lane, cost)) = host.disk.submit(ticket, op) {
                    let incarnation = host.incarnation;
                    self.queue.push(self.now + cost, Occurrence::DiskDone { host: index, incarnation, lane });
                }
            }
            // No operator of this world moves a node to another port.
            Action::Listen { .. } => self.tell(index, Event::Listening { outcome: Err(ListenFailure) }),
            Action::Note(note) => {
                let host = &mut self.hosts[usize::from(index)];
                host.ready |= note == Note::Ready;
                host.is_rotten &= note != Note::Ready;
                if note.level() > Level::Verbose {
                    self.note(Topic::Node, |_| format!("{}: {note}", host_name(index)));
                }
            }
            Action::Sleep(time) => {
                let micros = u64::try_from(time.as_micros()).unwrap_or(Micros::MAX);
                self.checks.promises.forget_where_it_stood(index);
                let host = &mut self.hosts[usize::from(index)];
                host.paused_until = host.paused_until.max(self.now.saturating_add(micros));
            }
            // What is free here is free for all hosts.
            Action::ReleaseMemory => {}
            Action::Exit(code) => {
                // Its last deeds count, too.
                self.look_at(index);
                self.node_exits(index, code);
            }
        }
    }

    /// A node closes a connection: notes it if another one has dialled it.
    fn note_ending(&mut self, index: u16, attachment: Attachment) {
        let Some(link) = self.network.get(attachment.link).filter(|_| attachment.side == Side::Acceptor) else {
            return;
        };
        let (dialler, opened) = (link.sites[Side::Dialler as usize], link.opened);
        let is_there = matches!(link.ends[Side::Dialler as usize], End::Node { .. });
        let (master, replica) = (&self.hosts[usize::from(index)], self.hosts.get(usize::from(dialler)));
        let Some(replica) = replica else { return };
        let wants_cause = match (&master.node, replica.node.as_ref().filter(|_| is_there)) {
            (Some(node), Some(replica)) => {
                let limit = node.config().client_output_buffer_limit.replica.hard_bytes;
                let gets_data = matches!(replica.probe().link, LinkState::Transfer | LinkState::Online);
                gets_data
                    && !(1..LIMIT_NEVER_MET).contains(&limit)
                    && !replica.config().dual_channel_replication_enabled
                    && master.asked_to_end.is_none()
            }
            _ => false,
        };
        self.checks.endings.ended(Ended { dialler, is_there, opened, wants_cause });
    }

    fn node_exits(&mut self, index: u16, code: ExitCode) {
        self.note(Topic::Life, |_| format!("{} exits: {code:?}", host_name(index)));
        // A node that cannot read what a disk fault left, or that loses its disk, may give up; its supervisor tries again.
        let asked = self.hosts[usize::from(index)].asked_to_end.filter(|_| code == ExitCode::Orderly);
        let is_rotten = std::mem::take(&mut self.hosts[usize::from(index)].is_rotten);
        if asked.is_none() && !is_rotten && !self.hosts[usize::from(index)].health.may_end_a_node() {
            let explanation = format!("it ended on its own: {code:?}");
            self.breach(Some(index), Breach::new(Property::KeepsRunning, explanation));
        }
        self.stop_node(index, crate::plan::Crash::Process, asked.unwrap_or(crate::queue::SECOND));
        self.checks.ledger.happened(Cause::Exited { host: index }, self.now);
        if is_rotten {
            // Somebody looks into it, and puts in another disk.
            self.hosts[usize::from(index)].disk.wipe();
        }
    }

    fn node_dials(&mut self, index: u16, conn: ConnId, name: &str, port: u16) {
        let target = site_at(name).filter(|site| usize::from(*site) < self.hosts.len() && port == PORT);
        let Some(target) = target else {
            let failure = if site_at(name).is_some() { DialFailure::Refused } else { DialFailure::UnknownHost };
            let host = &mut self.hosts[usize::from(index)];
            let now = host.now(self.now);
            if let Some(node) = &mut host.node {
                node.handle(Event::Dialled { conn, outcome: Err(failure) }, now, &mut self.effects);
            }
            return;
        };
        let link = self.dial(index, target, End::Node { host: index, conn });
        self.hosts[usize::from(index)].attach(conn, link, Side::Dialler);
    }

    fn set_reading(&mut self, index: u16, conn: ConnId, paused: bool) {
        let Some(attachment) = self.hosts[usize::from(index)].attachment(conn) else {
            return;
        };
        let from = attachment.side.other();
        if let Some(link) = self.network.get(attachment.link) {
            link.pipes[from as usize].paused = paused;
            self.schedule_delivery(attachment.link, from);
        }
    }

    /// Moves a node's output into a link, as far as there is room.
    pub(crate) fn pump_node(&mut self, index: u16, conn: ConnId) {
        let World { hosts, network, effects, now, .. } = self;
        let host = &mut hosts[usize::from(index)];
        let Some(attachment) = host.attachment(conn) else {
            return;
        };
        let time = host.now(*now);
        let (Some(node), Some(link)) = (&mut host.node, network.get(attachment.link)) else {
            return;
        };
        let pipe = &mut link.pipes[attachment.side as usize];
        let mut total = 0;
        loop {
            let mut slices: [&[u8]; SLICES] = [&[]; SLICES];
            let count = node.gather(conn, &mut slices).min(SLICES);
            if count == 0 {
                // Announced, and yet there is nothing: the node learns that its queue was seen empty.
                if total == 0 {
                    node.sent(conn, 0, time, effects);
                }
                break;
            }
            if pipe.room() == 0 {
                pipe.writer_waits = true;
                break;
            }
            let taken = slices[..count].iter().map(|slice| pipe.extend(slice)).sum();
            total += taken;
            node.sent(conn, taken, time, effects);
            if taken == 0 {
                break;
            }
        }
        self.sent_off(attachment.link, attachment.side, total);
    }

    /// Lets the checks see what an event did to a node.
    fn look_at(&mut self, index: u16) {
        let host = &mut self.hosts[usize::from(index)];
        let Some(node) = &mut host.node else { return };
        let probe = node.probe();
        if let Some(camera) = &mut self.camera {
            camera.sample(index, &probe, host.ready);
        }
        let boundaries = since_ready(&mut host.before_ready, node.take_boundaries(), host.ready);
        let deeds = node.take_deeds();
        let is_master = probe.role == Role::Master;
        let is_nowhere = !is_master && !self.checks.histories.knows(&probe.position.history);
        let has_moved = probe.role != host.role || probe.position.history != host.history;
        let keeps_data = is_master && host.ready;
        if probe.role != host.role {
            host.role = probe.role;
            host.role_since = self.now;
        }
        if probe.position.history != host.history {
            let before = std::mem::replace(&mut host.history, probe.position.history);
            self.checks.histories.change(before, probe.position, (index, host.incarnation), keeps_data);
        }
        let before = self.checks.histories.place_of(index);
        let mut broken = None;
        for boundary in &boundaries {
            self.print.word(boundary.position.offset);
            self.print.word(boundary.digest);
            self.totals.stream_commands += u64::from(boundary.stream != 0 && boundary.role == Role::Replica);
            let second = probe.second;
            let dials = self.network.dialled;
            let seen = Observation { host: index, incarnation: host.incarnation, boundary, second, dials };
            if let Err(breach) = self.checks.histories.observe(seen) {
                broken = Some(breach);
                break;
            }
        }
        let replaced = boundaries.iter().any(|boundary| boundary.stream == 0 && boundary.role == Role::Replica);
        let was_spent = self.hosts[usize::from(index)].is_spent(self.now);
        let keys_before = self.watch(index, &probe);
        let before = Before { place: before, keys: keys_before, is_spent: was_spent };
        let is_for_silence = deeds.iter().any(|deed| matches!(deed, Deed::TimedOut));
        if let Err(breach) = self.checks.endings.judge(index, has_moved || replaced, is_for_silence, self.now) {
            return self.breach(Some(index), breach);
        }
        if let Some(breach) = broken {
            return self.breach(Some(index), breach);
        }
        // Without a log its place stands still while its data change.
        let counts = self.hosts[usize::from(index)].ready && !probe.loading && probe.backlog.is_some();
        if counts && let Err(breach) = self.checks.histories.judge_rest(index, probe.position, probe.digest) {
            return self.breach(Some(index), breach);
        }
        if let Err(breach) = self.judge_state(index, &probe, is_nowhere, keys_before, replaced) {
            return self.breach(Some(index), breach);
        }
        let host = &mut self.hosts[usize::from(index)];
        host.takes_over = match probe.link {
            LinkState::Transfer => true,
            // What has come as a whole is loaded, whatever has become of the link since.
            LinkState::Connecting => host.takes_over,
            LinkState::None | LinkState::Handshake | LinkState::Online => false,
        };
        if probe.link != LinkState::Online {
            self.checks.acknowledgements.forget(index);
        }
        let taken = boundaries.iter().rfind(|boundary| boundary.stream == 0 && boundary.role == Role::Replica);
        if let Err(breach) = self.judge_guard(index, &probe, is_nowhere, before, taken, &deeds) {
            return self.breach(Some(index), breach);
        }
        if !boundaries.is_empty() {
            self.trace(index, replaced);
        }
        if probe.has_waiting
            && let Err(breach) = self.judge_waiting(index)
        {
            return self.breach(Some(index), breach);
        }
        if let Err(breach) = self.judge_backlog(index, &probe, replaced) {
            return self.breach(Some(index), breach);
        }
        self.note_reign(index, &probe);
        if let Err(breach) = self.judge_promises(index, &probe, replaced) {
            return self.breach(Some(index), breach);
        }
        self.judge_deeds(index, &probe, &deeds);
    }

    /// Counts synchronisations. Returns the keys of before.
    fn watch(&mut self, index: u16, probe: &Probe) -> u64 {
        self.checks.resyncs.observe(index, probe);
        let held_bytes = probe.output_bytes + probe.log_bytes + probe.snapshot_bytes;
        self.held_bytes_max = self.held_bytes_max.max(held_bytes);
        let host = &mut self.hosts[usize::from(index)];
        host.spent_from_ms = probe.spent_from_ms;
        std::mem::replace(&mut host.keys, probe.keys)
    }

    /// Judges what a node is and holds after an event.
    fn judge_state(
        &mut self,
        index: u16,
        probe: &Probe,
        is_nowhere: bool,
        keys_before: u64,
        is_replaced: bool,
    ) -> Result<(), Breach> {
        let host = &self.hosts[usize::from(index)];
        let checks = &mut self.checks;
        checks.storms.observe(index, probe.link, self.now)?;
        if let Some(node) = &host.node {
            LogBounds::of(node.config(), probe).map_or(Ok(()), |bounds| bounds.judge(probe.log_bytes))?;
        }
        // A disk that fails may lose what was to take the place of others.
        if host.health.has_just_failed(self.now) {
            return Ok(());
        }
        let stand = Stand {
            keys_before,
            keys: probe.keys,
            is_replaced,
            history: probe.position.history,
            is_nowhere,
            is_loading: probe.loading,
        };
        checks.keeps_data.observe(index, stand)
    }

    /// Judges what a replica takes from its master, and what it does not.
    fn judge_guard(
        &mut self,
        index: u16,
        probe: &Probe,
        is_nowhere: bool,
        before: Before,
        taken: Option<&Boundary>,
        deeds: &[Deed],
    ) -> Result<(), Breach> {
        let host = &self.hosts[usize::from(index)];
        let (Some(node), histories) = (&host.node, &self.checks.histories) else { return Ok(()) };
        if let Some(boundary) = taken {
            let replaced = Replaced {
                before,
                position: boundary.position,
                is_nowhere,
                is_empty: boundary.digest == 0,
                keys: Some(probe.keys).filter(|_| boundary.position == probe.position),
                goes_on_from: self.told_by_master_of(index, boundary.position.history),
                policies: node.config().replica_wipe_guard,
            };
            let has_archive = |offset: u64| {
                let is_archive = |name: &str| ArchiveName::parse(name).is_some_and(|archive| archive.offset == offset);
                host.disk.contents().iter().any(|(name, _)| is_archive(name))
            };
            if let Some(emptied) = self.checks.no_wipe.observe(index, replaced, histories, has_archive)? {
                self.checks.resyncs.totals.wiped += 1;
                self.checks.resyncs.totals.wiped_unasked += u64::from(emptied.is_unasked);
                let keys = emptied.keys;
                self.note(Topic::World, |_| format!("{} had {keys} keys and has none now", host_name(index)));
            }
        }
        self.checks.no_wipe.knows(index, probe.second);
        let histories = &self.checks.histories;
        self.checks.quarantines.observe(index, probe.held_off, probe.keys, histories)?;
        if deeds.contains(&Deed::MasterNamed) {
            self.checks.no_wipe.named(index);
        }
        if probe.link == LinkState::Online {
            self.checks.no_wipe.in_step(index);
        }
        Ok(())
    }

    /// What the history of a replica's master goes on from, as that tells it, if it is this one.
    fn told_by_master_of(&self, index: u16, history: ReplicationId) -> Option<(ReplicationId, u64)> {
        let endpoint = self.hosts[usize::from(index)].node.as_ref()?.config().replicaof.as_ref()?;
        let master = self.hosts[usize::from(site_at(&endpoint.host)?)].node.as_ref()?.probe();
        let is_exact = master.role == Role::Master || master.is_second_exact;
        master.second.filter(|_| is_exact && master.position.history == history)
    }

    /// True if what the life before has written down arms the guard against the master that is followed now.
    fn has_evidence_of(&self, index: u16, follows: Option<u16>) -> bool {
        let disk = &self.hosts[usize::from(index)].disk;
        let found = disk.contents().into_iter().find(|(name, _)| *name == "dump.rdb.evidence");
        let record = found.and_then(|(_, bytes)| EvidenceRecord::parse(bytes).ok());
        let master = record.and_then(|record| record.in_step_with);
        // A disk that fails may fail just when that is read.
        !self.plan.has_disk_faults(index)
            && follows.is_some()
            && master.and_then(|master| site_at(&master.host)) == follows
    }

    /// Schedules a node's timers and background work.
    fn schedule(&mut self, index: u16) {
        let host = &mut self.hosts[usize::from(index)];
        let Some(node) = &host.node else { return };
        if let Some(deadline) = node.deadline() {
            let at = deadline.0.max(self.now);
            if at < host.timer_at {
                host.timer_at = at;
                self.queue.push(at, Occurrence::Timers { host: index, at });
            }
        }
        if !host.work_scheduled && node.has_work() {
            host.work_scheduled = true;
            let incarnation = host.incarnation;
            self.queue.push(self.now + self.plan.work.interval_us, Occurrence::Work { host: index, incarnation });
        }
    }

    /// A node's deadline may have come.
    pub(crate) fn on_timers(&mut self, index: u16, at: Micros) {
        let host = &mut self.hosts[usize::from(index)];
        if host.timer_at != at || host.node.is_none() {
            return;
        }
        if let Some(until) = host.is_paused(self.now) {
            self.queue.push(until, Occurrence::Timers { host: index, at });
            return;
        }
        host.timer_at = Micros::MAX;
        // A deadline that moved away since it was scheduled costs nothing but this look.
        let due = host.node.as_ref().and_then(|node| node.deadline()).is_some_and(|deadline| deadline.0 <= self.now);
        if !due {
            self.schedule(index);
            return;
        }
        if let Err(breach) = self.checks.pacing.timer(index) {
            self.breach(Some(index), breach);
            return;
        }
        self.tell(index, Event::Timers);
    }

    /// A node's turn to work.
    pub(crate) fn on_work(&mut self, index: u16, incarnation: u32) {
        let units = self.plan.work.units;
        let host = &mut self.hosts[usize::from(index)];
        if host.incarnation != incarnation {
            return;
        }
        if let Some(until) = host.is_paused(self.now) {
            self.queue.push(until, Occurrence::Work { host: index, incarnation });
            return;
        }
        host.work_scheduled = false;
        let now = host.now(self.now);
        if let Some(node) = &mut host.node {
            node.work(units, now, &mut self.effects);
            self.settle(index);
        }
    }

    /// A lane of the disk finishes an operation.
    pub(crate) fn on_disk_done(&mut self, index: u16, incarnation: u32, lane: Lane) {
        let host = &mut self.hosts[usize::from(index)];
        if host.incarnation != incarnation || host.node.is_none() {
            return;
        }
        if let Some(until) = host.is_paused(self.now) {
            self.queue.push(until, Occurrence::DiskDone { host: index, incarnation, lane });
            return;
        }
        if let Some(until) = host.disk.held_up(lane, self.now) {
            self.queue.push(until, Occurrence::DiskDone { host: index, incarnation, lane });
            return;
        }
        let Some((ticket, outcome)) = host.disk.complete(lane) else {
            return;
        };
        // That a file is not there is no failure of the disk.
        if matches!(&outcome, DiskOutcome::Failed(failure) if *failure != DiskFailure::NotFound) {
            host.health.failed_at = Some(self.now);
        }
        if let Some(cost) = host.disk.cost(lane) {
            self.queue.push(self.now + cost, Occurrence::DiskDone { host: index, incarnation, lane });
        }
        self.tell(index, Event::Disk { ticket, outcome });
    }

    /// The address by which others reach a host, as words of a command.
    pub(crate) fn address_words(host: u16) -> (String, String) {
        (address(host, PORT).ip().to_string(), PORT.to_string())
    }

    /// How a node is told to follow another, or nobody.
    pub(crate) fn words_to_follow(master: Option<u16>) -> [String; 3] {
        let (host, port) = master.map_or_else(|| ("NO".into(), "ONE".into()), World::address_words);
        ["REPLICAOF".into(), host, port]
    }
}

impl Host {
    /// Until when it stands still, if it does.
    pub(crate) fn is_paused(&self, now: Micros) -> Option<Micros> {
        (self.paused_until > now).then_some(self.paused_until)
    }

    /// Its role and since when, if it is up.
    pub(crate) fn known_role(&self) -> Option<KnownRole> {
        self.node.is_some().then_some(KnownRole { role: self.role, since: self.role_since })
    }

    /// The clocks and the node, borrowed apart.
    pub(crate) fn parts(&mut self, now: Micros) -> (Now, Option<&mut Node>) {
        (self.now(now), self.node.as_deref_mut())
    }
}
