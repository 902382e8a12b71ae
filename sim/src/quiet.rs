//! What happens once faults and workload have ended?
//!
//! The second phase of a run. A core of nodes is healed; those outside it stay broken for ever, each in its way, since a dead replica or one that has
//! stopped reading must not keep the others from anything. The operator settles who follows whom within the core. The core must converge in a time that is
//! computed from the plan; then a last write shows that it still makes progress.

use afterimage_core::config::AppendFsync;
use afterimage_core::node::Probe;

use crate::check::{Breach, Cause, Property, Standing, convergence_bound, find_straggler, round_trip};
use crate::controller::Controller;
use crate::host::Host;
use crate::journal::{Topic, host_name};
use crate::operator::Task;
use crate::plan::{Broken, Crash, Order};
use crate::queue::{MILLISECOND, Micros, Occurrence, SECOND};
use crate::world::World;

/// Time between two looks whether the world has converged.
const LOOK_EVERY: Micros = 100 * MILLISECOND;
/// Within so long a replica asks a master again that it holds off.
const ASKED_AGAIN_WITHIN: Micros = 120 * SECOND;
/// What is written last: that it reaches everybody shows progress.
const LAST_WRITE: &str = "SET the:last write";

/// The second phase.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Quiet {
    since: Micros,
    /// When the present step must be over.
    pub(crate) deadline: Micros,
    /// What one step may take.
    bound: Micros,
    pub(crate) converged_after: Option<Micros>,
}

impl World {
    /// When faults and workload ended, if they have.
    pub(crate) fn quiet_since(&self) -> Option<Micros> {
        self.quiet.as_ref().map(|quiet| quiet.since)
    }

    /// Faults and workload end.
    pub(crate) fn on_quiet(&mut self) {
        self.quiet = Some(Quiet { since: self.now, deadline: Micros::MAX, bound: 0, converged_after: None });
        self.note(Topic::World, |_| "quiet: faults and workload end, the world heals".into());
        self.heal();
        self.leave_broken();
        self.operator.catch_up(Micros::MAX);
        // The operator thinks anew: an answer that was on its way is to nothing that is said now.
        self.operator_hangs_up();
        let has_hand_overs = self.plan.orders.iter().any(|planned| matches!(planned.order, Order::HandOver { .. }));
        if has_hand_overs && !self.plan.outside.is_empty() {
            self.call_off_hand_overs();
        }
        self.settle_core();
        // What was said to a node that stood still is heard when it goes on, whatever it has been told since over other connections; and a role that is
        // being handed over comes to rest where it goes, which may not be where it is wanted any more.
        if has_hand_overs || self.operator.has_given_up {
            let well = self.hosts_in_core();
            self.operator.tasks.extend(well.into_iter().map(|host| Task::Settle { host }));
        }
        self.queue.push(self.now, Occurrence::Operator);
        self.wind_down_clients();
        let probes = self.hosts.iter().filter_map(|host| host.node.as_ref()).map(|node| node.probe());
        let keys = probes.map(|probe| probe.keys).max().unwrap_or(0);
        // What clients can have stored bounds the data, whatever of it is left.
        let data_bytes = 64 * keys + self.totals.delivered_bytes;
        let bound = convergence_bound(&self.plan, data_bytes, keys);
        let duty = self.operator.duty(round_trip(&self.plan));
        let since = self.now;
        self.quiet = Some(Quiet { since, deadline: since + bound + duty, bound, converged_after: None });
        self.queue.push(self.now + LOOK_EVERY, Occurrence::Look);
    }

    /// Those outside the core will never be well again.
    fn leave_broken(&mut self) {
        for index in 0..self.plan.outside.len() {
            let outside = self.plan.outside[index];
            let host = outside.host;
            self.hosts[usize::from(host)].is_outside = true;
            self.checks.endings.broken(host);
            self.checks.ledger.happened(Cause::BrokenDown, self.now);
            self.note(Topic::Fault, |_| format!("for ever: {} {}", host_name(host), outside.how.in_words()));
            match outside.how {
                Broken::Gone => {
                    self.stop_node(host, Crash::Power, 0);
                    self.hosts[usize::from(host)].restart_at = None;
                }
                Broken::Frozen => self.hosts[usize::from(host)].paused_until = Micros::MAX,
                Broken::CutOff => self.each_path_of(host, |world, from, to| world.network.hold(from, to)),
            }
        }
    }

    /// A role that is being handed over may be so to somebody who will never be well again: all stay what they are, until they are told.
    fn call_off_hand_overs(&mut self) {
        self.operator.tasks.retain(|task| !matches!(task, Task::HandOver { .. }));
        (0..self.hosts.len() as u16).for_each(|from| self.operator.tasks.push_front(Task::CallOff { from }));
    }

    /// The hosts that are well, or will be.
    fn hosts_in_core(&self) -> Vec<u16> {
        (0..).zip(&self.hosts).filter(|(_, host)| !host.is_outside).map(|(index, _)| index).collect()
    }

    /// Whoever follows somebody outside the core follows its master, which may have to be made one.
    fn settle_core(&mut self) {
        if self.plan.outside.is_empty() {
            return;
        }
        let is_outside = |world: &World, host: u16| world.hosts[usize::from(host)].is_outside;
        if let Some(controller) = &mut self.controller {
            controller.give_up(|host| self.hosts[usize::from(host)].is_outside);
        }
        if is_outside(self, self.operator.master())
            && let Some(leader) = self.hosts_in_core().first().copied()
        {
            self.operator.order(&Order::Promote { host: leader }, self.now);
        }
        let master = self.operator.master();
        for host in self.hosts_in_core() {
            let above = self.operator.follows[usize::from(host)];
            if above.is_some_and(|above| is_outside(self, above)) {
                self.operator.follows[usize::from(host)] = Some(master);
                self.operator.tasks.push_back(Task::Settle { host });
            }
        }
        // Nothing is said to those who cannot hear it.
        let hosts = &self.hosts;
        self.operator.tasks.retain(|task| task.host().is_none_or(|host| !hosts[usize::from(host)].is_outside));
        self.queue.push(self.now, Occurrence::Operator);
    }

    pub(crate) fn on_look(&mut self) {
        let Some(quiet) = self.quiet else { return };
        let has_come_to_rest = self.clients.iter().all(|client| client.link.is_none())
            && self.operator.tasks.is_empty()
            && self.controller.as_ref().is_none_or(Controller::is_idle)
            && find_straggler(&self.standings()).is_none();
        if !has_come_to_rest {
            self.look_after_quarantines();
            self.queue.push(self.now + LOOK_EVERY, Occurrence::Look);
            return;
        }
        let took = self.now - quiet.since;
        if quiet.converged_after.is_some() {
            self.finished = true;
            self.close_ledger();
            self.note(Topic::World, |_| {
                format!("the last write is everywhere {} ms after the quiet point", took / MILLISECOND)
            });
            return;
        }
        self.note(Topic::World, |_| format!("converged {} ms after the quiet point", took / MILLISECOND));
        self.count_anew();
        self.operator.say(self.operator.master(), LAST_WRITE);
        let deadline = self.now + quiet.bound + self.operator.duty(round_trip(&self.plan));
        self.quiet = Some(Quiet { converged_after: Some(took), deadline, ..quiet });
        self.queue.push(self.now, Occurrence::Operator);
        self.queue.push(self.now + LOOK_EVERY, Occurrence::Look);
    }

    /// The digests that nodes have kept up to date with each change are those of all that they hold.
    fn count_anew(&mut self) {
        for index in self.hosts_in_core() {
            let Some(node) = &self.hosts[usize::from(index)].node else { continue };
            if node.probe_anew().digest != node.probe().digest {
                let explanation = "its data have changed by what no command has told".to_owned();
                return self.breach(Some(index), Breach::new(Property::SameData, explanation));
            }
        }
    }

    /// A person looks at who holds off whom. Where a replica will find out by itself that it can follow again, it is let; else somebody has to decide, and here that is for the
    /// master, as it is where a master has come back without its data.
    fn look_after_quarantines(&mut self) {
        for host in self.hosts_in_core() {
            let Some(probe) = self.hosts[usize::from(host)].node.as_ref().map(|node| node.probe()) else { continue };
            let is_told = self.operator.tasks.contains(&Task::Accept { host });
            if is_told || probe.held_off.is_none() && !probe.is_protected {
                continue;
            }
            let will_find_out = self.will_find_out(self.operator.follows[usize::from(host)], &probe);
            let times = self.quarantines_seen.entry((host, will_find_out)).or_insert(0);
            *times += 1;
            // Each step down a chain may cost each host one more; who is held off again and again for no reason never converges.
            if !will_find_out {
                self.totals.accepted += 1;
                self.operator.tasks.push_back(Task::Accept { host });
                self.queue.push(self.now, Occurrence::Operator);
            }
            let is_early = *times <= if will_find_out { 1 } else { self.hosts.len() };
            let patience = if will_find_out { ASKED_AGAIN_WITHIN } else { 0 };
            let duty = self.operator.duty(round_trip(&self.plan));
            if let Some(quiet) = self.quiet.as_mut().filter(|_| is_early) {
                quiet.deadline = quiet.deadline.max(self.now + quiet.bound + duty + patience);
            }
        }
    }

    /// True if a replica that holds its master off will follow it when it asks again, as INFO shows: the master is in the same history and not behind, or says that its own goes on from there, or
    /// it has no fewer keys under a third name, at an offset that is not behind.
    fn will_find_out(&self, master: Option<u16>, replica: &Probe) -> bool {
        let Some(held_off) = replica.held_off.filter(|held_off| !held_off.is_final) else { return false };
        let Some(node) = master.and_then(|master| self.hosts[usize::from(master)].node.as_ref()) else { return false };
        let (master, ours) = (node.probe(), replica.position);
        let is_not_behind = master.position.offset >= ours.offset;
        let is_same = master.position.history == ours.history && is_not_behind;
        let goes_on = master.second.is_some_and(|(history, other)| history == ours.history && ours.offset < other);
        let is_third = held_off.position.is_some_and(|refused| refused.history != master.position.history)
            && held_off.position.is_some_and(|refused| refused.history != ours.history);
        is_same || goes_on || is_third && is_not_behind && master.keys > 0 && master.keys >= replica.keys
    }

    fn standings(&self) -> Vec<Standing> {
        let standing = |(index, host): (usize, &Host)| Standing {
            is_outside: host.is_outside,
            master: self.operator.follows[index],
            probe: host.node.as_ref().map(|node| node.probe()),
            has_work: host.work_scheduled,
            is_synced_first: host.node.as_ref().is_some_and(|node| node.config().appendfsync == AppendFsync::Always),
        };
        self.hosts.iter().enumerate().map(standing).collect()
    }

    pub(crate) fn did_not_converge(&mut self) {
        let Some(quiet) = self.quiet else { return };
        let since = quiet.converged_after.map_or("faults ended", |_| "the last write was to be made");
        let took = quiet.deadline - quiet.since - quiet.converged_after.unwrap_or(0);
        let (host, why) = match find_straggler(&self.standings()) {
            Some((host, why)) => (Some(host), why),
            None => (None, "what the operator or the controller has to say is not all said".into()),
        };
        let explanation = format!("{} ms after {since}, {why}", took / MILLISECOND);
        self.now = quiet.deadline;
        self.breach(host, Breach::new(Property::Converges, explanation));
    }
}
