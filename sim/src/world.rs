//! How does a run go?
//!
//! A world takes a plan and carries out one occurrence after another until it has converged after its quiet point, or a
//! property is broken. It owns all state: two worlds in one process share nothing, and the same plan gives the same
//! fingerprint everywhere.

use std::collections::BTreeMap;
use std::ops::{Range, RangeInclusive};

use afterimage_core::museum::Defects;
use afterimage_core::port::{Action, Effects};

use crate::check::{
    Acknowledgements, Backlogs, Breach, Departures, Endings, Gate, Histories, KeepsData, Ledger, NoWipe, Pacing,
    Promises, Property, Quarantines, Resyncs, Storms, Violation, Waits,
};
use crate::client::Client;
use crate::controller::Controller;
use crate::disk::{Disk, DiskTrouble};
use crate::fingerprint::Fingerprint;
use crate::host::{Configs, Host};
use crate::journal::{Line, Topic, host_name};
use crate::marks::Reached;
use crate::museum;
use crate::network::{Network, Side, Site};
use crate::operator::Operator;
use crate::plan::{Fault, Plan, Step};
use crate::prints::{Collector, Print, Recorded};
use crate::queue::{Micros, Occurrence, Queue};
use crate::quiet::Quiet;
use crate::report::{Outcome, Totals};
use crate::streams::{Concern, stream};
use crate::viewer::{Camera, Film};

/// Events after which a run is given up; a planned one has some hundred thousand at most.
const EVENTS_MAX: u64 = 50_000_000;

/// The checks that keep state.
pub(crate) struct Checks {
    pub(crate) histories: Histories,
    pub(crate) pacing: Pacing,
    pub(crate) resyncs: Resyncs,
    pub(crate) backlogs: Backlogs,
    pub(crate) waits: Waits,
    pub(crate) gate: Gate,
    pub(crate) acknowledgements: Acknowledgements,
    pub(crate) promises: Promises,
    pub(crate) ledger: Ledger,
    pub(crate) departures: Departures,
    pub(crate) endings: Endings,
    pub(crate) keeps_data: KeepsData,
    pub(crate) no_wipe: NoWipe,
    pub(crate) quarantines: Quarantines,
    pub(crate) storms: Storms,
}

/// A world of nodes.
pub struct World {
    pub(crate) plan: Plan,
    /// Mistakes that its nodes make on purpose.
    pub(crate) defects: Defects,
    pub(crate) now: Micros,
    pub(crate) queue: Queue,
    pub(crate) hosts: Vec<Host>,
    pub(crate) configs: Configs,
    pub(crate) network: Network,
    pub(crate) clients: Vec<Client>,
    pub(crate) operator: Operator,
    pub(crate) controller: Option<Controller>,
    pub(crate) checks: Checks,
    pub(crate) print: Fingerprint,
    pub(crate) totals: Totals,
    pub(crate) journal: Option<Vec<Line>>,
    /// Gathers what a page is to show, if one was asked for.
    pub(crate) camera: Option<Box<Camera>>,
    /// Actions of the node being handled, and those being carried out. Reused.
    pub(crate) effects: Effects,
    pub(crate) actions: Vec<Action>,
    /// Faults that have begun and not ended.
    pub(crate) active: Vec<bool>,
    /// The most that one node held for output at a time, in bytes.
    pub(crate) held_bytes_max: u64,
    /// What nodes have come to whose lives are over.
    pub(crate) reached: Reached,
    /// How often, since faults have ended, a host was seen that has to be told what to do about its master or its replicas, or that will find out.
    pub(crate) quarantines_seen: BTreeMap<(u16, bool), usize>,
    /// What happens once faults have ended.
    pub(crate) quiet: Option<Quiet>,
    /// The rolling hash at some events, if it is kept.
    prints: Option<Collector>,
    /// Events of which the journal tells, one by one.
    told_events: Range<u64>,
    last_event: Option<Occurrence>,
    events: u64,
    violations: Vec<Violation>,
    pub(crate) finished: bool,
}

impl World {
    /// The world of a plan, before its first event. Plans from outside are to be [checked](Plan::check) first.
    #[must_use]
    pub fn new(plan: Plan) -> World {
        let seed = plan.seed;
        let count = plan.hosts.len();
        let hosts = (0..).zip(&plan.hosts).map(|(index, host)| {
            let disk = Disk::new(plan.disk, stream(seed, Concern::Disk, 1 + index));
            Host::new(host.clone(), disk, stream(seed, Concern::Entropy, index))
        });
        let clients = (0..).zip(&plan.clients);
        let mut effects = Effects::new();
        effects.set_terse(true);
        World {
            // A plan that asks for others was refused when it was checked.
            defects: museum::defects(&plan.defects).unwrap_or_default(),
            now: 0,
            queue: Queue::new(stream(seed, Concern::Ties, 0)),
            hosts: hosts.collect(),
            configs: Configs::default(),
            network: Network::new(plan.network, stream(seed, Concern::Network, 1)),
            clients: clients
                .map(|(n, client)| Client::new(client.clone(), stream(seed, Concern::Workload, n)))
                .collect(),
            operator: Operator::new(plan.hosts.iter().map(|host| host.follows).collect()),
            controller: plan.controller.map(|controller| Controller::new(controller, count)),
            checks: Checks {
                histories: Histories::new(count),
                pacing: Pacing::new(count),
                resyncs: Resyncs::new(count),
                backlogs: Backlogs::new(count),
                waits: Waits::new(plan.clients.len()),
                gate: Gate::new(count),
                acknowledgements: Acknowledgements::new(count),
                promises: Promises::new(count, plan.clients.len()),
                ledger: Ledger::new(plan.clients.len()),
                departures: Departures::new(count),
                endings: Endings::new(count),
                keeps_data: KeepsData::new(count),
                no_wipe: NoWipe::new(count),
                quarantines: Quarantines::new(count),
                storms: Storms::new(count),
            },
            print: Fingerprint::default(),
            totals: Totals::default(),
            journal: None,
            camera: None,
            effects,
            actions: Vec::new(),
            active: vec![false; plan.faults.len()],
            held_bytes_max: 0,
            reached: Reached::default(),
            quarantines_seen: BTreeMap::new(),
            quiet: None,
            prints: None,
            told_events: 0..0,
            last_event: None,
            events: 0,
            violations: Vec::new(),
            finished: false,
            plan,
        }
    }

    /// Keeps a journal from now on.
    pub fn keep_journal(&mut self) {
        self.journal.get_or_insert_default();
        self.effects.set_terse(false);
    }

    /// Lets the journal tell of each of these events, with the rolling hash after it.
    pub fn tell_events(&mut self, events: Range<u64>) {
        self.told_events = events;
    }

    /// Keeps the rolling hash at some events from now on.
    pub(crate) fn keep_prints(&mut self) {
        self.prints.get_or_insert_default();
    }

    /// The hashes of the run.
    pub(crate) fn take_prints(&mut self) -> Recorded {
        self.prints.take().unwrap_or_default().finish(self.print.value(), self.events)
    }

    /// Gathers from now on what is to be seen of a window of time. Before the world [begins](World::begin).
    pub(crate) fn place_camera(&mut self, window: RangeInclusive<Micros>) {
        self.camera = Some(Box::new(Camera::new(window)));
        self.effects.set_terse(false);
    }

    /// What there was to be seen.
    ///
    /// # Errors
    ///
    /// If there was nothing, or too much for a page.
    pub(crate) fn take_film(&mut self) -> Result<Film, String> {
        let camera = self.camera.take().ok_or("no camera was there")?;
        Film::of(self, *camera)
    }

    /// Takes the lines written since the last call.
    pub fn take_journal(&mut self) -> Vec<Line> {
        self.journal.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Keeps what clients say from now on.
    pub(crate) fn record_clients(&mut self) {
        self.clients.iter_mut().for_each(Client::keep_record);
    }

    /// What each client has said, as a script.
    pub(crate) fn take_records(&mut self) -> Vec<Vec<Step>> {
        self.clients.iter_mut().map(Client::take_record).collect()
    }

    /// Runs to the end.
    #[must_use]
    pub fn run(mut self) -> Outcome {
        self.begin();
        while self.step() {}
        self.outcome()
    }

    /// Starts the nodes and schedules what is planned. Once, before the first [`step`](World::step).
    pub fn begin(&mut self) {
        for index in 0..self.hosts.len() as u16 {
            let host = &mut self.hosts[usize::from(index)];
            match host.plan.start_us {
                0 => self.start_node(index),
                at => {
                    host.restart_at = Some(at);
                    self.queue.push(at, Occurrence::Restart { host: index });
                }
            }
        }
        for (index, fault) in (0..).zip(&self.plan.faults) {
            self.queue.push(fault.at_us, Occurrence::FaultBegins { fault: index });
        }
        for (index, order) in (0..).zip(&self.plan.orders) {
            self.queue.push(order.at_us, Occurrence::Order { order: index });
        }
        for (index, client) in (0..).zip(&self.plan.clients) {
            self.queue.push(client.start_us, Occurrence::Client { client: index, epoch: 0 });
        }
        if self.controller.is_some() {
            self.queue.push(0, Occurrence::Controller);
        }
        self.queue.push(self.plan.quiet_at(), Occurrence::Quiet);
    }

    /// Carries out the next occurrence. Returns false once the run is over.
    pub fn step(&mut self) -> bool {
        if self.finished {
            return false;
        }
        let Some((at, what)) = self.queue.pop() else {
            return false;
        };
        if self.quiet.as_ref().is_some_and(|quiet| at > quiet.deadline) {
            self.did_not_converge();
            return false;
        }
        self.now = at;
        self.events += 1;
        if let Err(breach) = self.checks.pacing.event(at) {
            self.breach(None, breach);
        }
        if self.events > EVENTS_MAX {
            self.breach(None, Breach::new(Property::TimePasses, format!("the run has more than {EVENTS_MAX} events")));
        }
        self.print.word(at);
        self.print.word(tag(what));
        self.last_event = Some(what);
        self.film_event(what);
        self.carry_out(what);
        if let Some(prints) = &mut self.prints {
            prints.take(self.events, self.print.value());
        }
        if self.told_events.contains(&self.events) {
            self.note(Topic::Event, |world| format!("{} {}", world.last_event(), Print(world.print.value())));
        }
        !self.finished
    }

    /// The last event, as programmers name it.
    pub(crate) fn last_event(&self) -> String {
        let what = self.last_event.map_or_else(|| "the beginning".into(), |what| format!("{what:?}"));
        format!("event {}: {what}", self.events)
    }

    fn film_event(&mut self, what: Occurrence) {
        if self.camera.is_none() {
            return;
        }
        let site = self.site_of(what);
        if let Some(camera) = &mut self.camera {
            camera.event(self.now, kind(what), site);
        }
    }

    /// Somebody who tells a story says what comes next, and may do it.
    pub(crate) fn film_story(&mut self, text: &str) {
        if let Some(camera) = &mut self.camera {
            camera.event(self.now, "story", None);
            camera.note(Topic::World, text);
        }
    }

    /// Where an occurrence happens, if it is about one site.
    fn site_of(&self, what: Occurrence) -> Option<Site> {
        let end_of = |link, side: Side| self.network.find(link).map(|link| link.sites[side as usize]);
        match what {
            Occurrence::Deliver { link, from } => end_of(link, from.other()),
            Occurrence::Room { link, side } | Occurrence::ResetTold { link, side } => end_of(link, side),
            Occurrence::Knock { link } | Occurrence::Accept { link } => end_of(link, Side::Acceptor),
            Occurrence::Answer { link } | Occurrence::DialTimeout { link } => end_of(link, Side::Dialler),
            Occurrence::Timers { host, .. }
            | Occurrence::Work { host, .. }
            | Occurrence::DiskDone { host, .. }
            | Occurrence::Restart { host } => Some(host),
            Occurrence::Client { client, .. } => Some(self.client_site(client)),
            Occurrence::Operator | Occurrence::Order { .. } => Some(self.operator_site()),
            Occurrence::Controller => Some(self.controller_site()),
            Occurrence::FaultBegins { fault } | Occurrence::FaultEnds { fault } => {
                self.plan.faults[usize::from(fault)].fault.hosts()[0]
            }
            Occurrence::Quiet | Occurrence::Look => None,
        }
    }

    fn carry_out(&mut self, what: Occurrence) {
        if is_disturbance(what) {
            self.checks.storms.disturbed(self.now);
        }
        if matches!(what, Occurrence::Operator) {
            self.checks.endings.ordered(self.now);
        }
        match what {
            Occurrence::Deliver { link, from } => self.on_deliver(link, from),
            Occurrence::Room { link, side } => self.on_room(link, side),
            Occurrence::Knock { link } => self.on_knock(link),
            Occurrence::Accept { link } => self.on_accept(link),
            Occurrence::Answer { link } => self.on_answer(link),
            Occurrence::DialTimeout { link } => self.on_dial_timeout(link),
            Occurrence::ResetTold { link, side } => self.on_reset_told(link, side),
            Occurrence::Timers { host, at } => self.on_timers(host, at),
            Occurrence::Work { host, incarnation } => self.on_work(host, incarnation),
            Occurrence::DiskDone { host, incarnation, lane } => self.on_disk_done(host, incarnation, lane),
            Occurrence::Restart { host } => self.on_restart(host),
            Occurrence::Client { client, epoch } => self.on_client(client, epoch),
            Occurrence::Operator => self.on_operator(),
            Occurrence::Controller => self.on_controller(),
            Occurrence::FaultBegins { fault } => self.on_fault_begins(fault),
            Occurrence::FaultEnds { fault } => self.on_fault_ends(fault),
            Occurrence::Order { order } => self.on_order(order),
            Occurrence::Quiet => self.on_quiet(),
            Occurrence::Look => self.on_look(),
        }
    }

    /// True once the run is over.
    pub(crate) fn is_finished(&self) -> bool {
        self.finished
    }

    /// True once faults and workload have ended.
    pub(crate) fn is_quiet(&self) -> bool {
        self.quiet.is_some()
    }

    /// Records a breach and ends the run.
    pub(crate) fn breach(&mut self, host: Option<u16>, breach: Breach) {
        let role = host.map_or("world", |host| match self.hosts[usize::from(host)].role {
            afterimage_core::node::Role::Master => "master",
            afterimage_core::node::Role::Replica => "replica",
        });
        let node = host.map(host_name).unwrap_or_default();
        self.finished = true;
        if let Some(camera) = &mut self.camera {
            camera.failed();
        }
        self.note(Topic::World, |_| {
            format!("VIOLATION of {} by {role} {node}: {}", breach.property.name(), breach.explanation)
        });
        let Breach { property, explanation } = breach;
        let role = role.into();
        self.violations.push(Violation { property, role, node, at_us: self.now, event: self.events, explanation });
    }

    /// Writes a line, if a journal is kept or a camera is there.
    pub(crate) fn note(&mut self, topic: Topic, text: impl FnOnce(&World) -> String) {
        if self.journal.is_none() && self.camera.is_none() {
            return;
        }
        let text = text(self);
        if let Some(camera) = &mut self.camera {
            camera.note(topic, &text);
        }
        if let Some(journal) = &mut self.journal {
            journal.push(Line { at_us: self.now, topic, text });
        }
    }

    /// What came of it so far.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        let mut marks = self.reached;
        self.hosts.iter().filter_map(|host| host.node.as_ref()).for_each(|node| marks.add(node));
        Outcome {
            seed: self.plan.seed,
            fingerprint: self.print.value(),
            events: self.events,
            simulated_us: self.now,
            converged_after_us: self.quiet.as_ref().and_then(|quiet| quiet.converged_after),
            totals: Totals {
                promises: self.checks.promises.compared,
                quarantines: self.checks.quarantines.begun,
                ..self.totals
            },
            resyncs: self.checks.resyncs.totals,
            compared: self.checks.histories.compared,
            marks,
            violations: self.violations.clone(),
        }
    }

    /// Occurrences carried out so far.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.events
    }

    /// The present time of the world.
    #[must_use]
    pub fn now(&self) -> Micros {
        self.now
    }

    /// The site of a client.
    pub(crate) fn client_site(&self, client: u16) -> Site {
        self.hosts.len() as u16 + client
    }

    /// The site of the operator.
    pub(crate) fn operator_site(&self) -> Site {
        (self.hosts.len() + self.clients.len()) as u16
    }

    /// The site of the controller, the last of all.
    pub(crate) fn controller_site(&self) -> Site {
        self.operator_site() + 1
    }
}

impl Plan {
    /// True if the disk of a host may fail operations in this run.
    pub(crate) fn has_disk_faults(&self, host: u16) -> bool {
        let fails = |fault: &Fault| match *fault {
            Fault::Disk { host: at, trouble: DiskTrouble::Full | DiskTrouble::Errors, .. } => at == host,
            _ => false,
        };
        self.faults.iter().any(|planned| fails(&planned.fault))
    }
}

/// True if replicas may have to synchronise anew because of it.
fn is_disturbance(what: Occurrence) -> bool {
    use Occurrence::{FaultBegins, FaultEnds, Operator, Order, Quiet, Restart};
    matches!(what, FaultBegins { .. } | FaultEnds { .. } | Operator | Order { .. } | Quiet | Restart { .. })
}

/// What an occurrence is, in a word.
fn kind(what: Occurrence) -> &'static str {
    match what {
        Occurrence::Deliver { .. } => "deliver",
        Occurrence::Room { .. } => "room",
        Occurrence::Knock { .. } => "knock",
        Occurrence::Accept { .. } => "accept",
        Occurrence::Answer { .. } => "answer",
        Occurrence::DialTimeout { .. } => "dial timeout",
        Occurrence::ResetTold { .. } => "reset",
        Occurrence::Timers { .. } => "timers",
        Occurrence::Work { .. } => "work",
        Occurrence::DiskDone { .. } => "disk",
        Occurrence::Restart { .. } => "restart",
        Occurrence::Client { .. } => "client",
        Occurrence::Operator => "operator",
        Occurrence::FaultBegins { .. } => "fault",
        Occurrence::FaultEnds { .. } => "fault over",
        Occurrence::Order { .. } => "order",
        Occurrence::Quiet => "quiet",
        Occurrence::Look => "look",
        Occurrence::Controller => "controller",
    }
}

/// What an occurrence is and whom it is about, in one number.
fn tag(what: Occurrence) -> u64 {
    let (kind, about) = match what {
        Occurrence::Deliver { link, from } => (1, u64::from(link.slot) << 1 | from as u64),
        Occurrence::Room { link, side } => (2, u64::from(link.slot) << 1 | side as u64),
        Occurrence::Knock { link } => (3, u64::from(link.slot)),
        Occurrence::Answer { link } => (4, u64::from(link.slot)),
        Occurrence::DialTimeout { link } => (5, u64::from(link.slot)),
        Occurrence::ResetTold { link, side } => (6, u64::from(link.slot) << 1 | side as u64),
        Occurrence::Timers { host, .. } => (7, u64::from(host)),
        Occurrence::Work { host, .. } => (8, u64::from(host)),
        Occurrence::DiskDone { host, lane, .. } => (9, u64::from(host) << 1 | lane as u64),
        Occurrence::Restart { host } => (10, u64::from(host)),
        Occurrence::Client { client, .. } => (11, u64::from(client)),
        Occurrence::Operator => (12, 0),
        Occurrence::FaultBegins { fault } => (13, u64::from(fault)),
        Occurrence::FaultEnds { fault } => (14, u64::from(fault)),
        Occurrence::Order { order } => (15, u64::from(order)),
        Occurrence::Quiet => (16, 0),
        Occurrence::Look => (17, 0),
        Occurrence::Accept { link } => (19, u64::from(link.slot)),
        Occurrence::Controller => (18, 0),
    };
    kind << 40 | about
}
