//! Who takes over when the master does not answer?
//!
//! A failover controller, as a Sentinel is one: it keeps a connection with each node, asks each by INFO once a second, and once the master has not
//! answered for long enough it lets some time go by and then promotes the replica with the greatest offset in the master's history. From
//! then on it tells each node concerned whom to follow, whenever that answers and does not do so; the old master when it is back. Its
//! decisions are wishes like the operator's: they take the place of the latest.

use crate::check::{Breach, Cause, Property};
use crate::host::site_at;
use crate::journal::{Topic, host_name};
use crate::network::{End, LinkId, Side};
use crate::plan::ControllerPlan;
use crate::queue::{Micros, Occurrence, SECOND};
use crate::reply::{Reply, read_reply};
use crate::workload::command;
use crate::world::World;

/// From one look at all nodes to the next.
const LOOKS_EVERY: Micros = SECOND;
/// A connection on which nothing comes back for so long is given up.
const PATIENCE: Micros = 3 * SECOND;

/// What a node told of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Report {
    /// Whom it follows; a master nobody.
    follows: Option<u16>,
    history: String,
    offset: u64,
}

/// One node, seen from the controller.
#[derive(Debug, Default)]
struct Watch {
    link: Option<LinkId>,
    is_connected: bool,
    input: Vec<u8>,
    out: Vec<u8>,
    /// When it was asked or told something that it has not answered.
    asked_at: Option<Micros>,
    heard_at: Micros,
    report: Option<Report>,
    /// It has to be told whom to follow, unless it does so already.
    is_to_settle: bool,
}

/// The controller.
#[derive(Debug)]
pub(crate) struct Controller {
    plan: ControllerPlan,
    watches: Vec<Watch>,
    /// When the master that does not answer is replaced.
    due: Option<Micros>,
}

impl Controller {
    /// A controller of so many nodes, all of which have just been heard.
    pub(crate) fn new(plan: ControllerPlan, hosts: usize) -> Controller {
        Controller { plan, watches: (0..hosts).map(|_| Watch::default()).collect(), due: None }
    }

    /// True if nobody is left to be told anything.
    pub(crate) fn is_idle(&self) -> bool {
        self.watches.iter().all(|watch| !watch.is_to_settle)
    }

    /// Those who will never answer are told nothing any more.
    pub(crate) fn give_up(&mut self, is_lost: impl Fn(u16) -> bool) {
        for (host, watch) in (0..).zip(&mut self.watches) {
            watch.is_to_settle &= !is_lost(host);
        }
    }

    /// Bytes from a node.
    pub(crate) fn takes(&mut self, host: u16, bytes: &[u8]) {
        self.watches[usize::from(host)].input.extend_from_slice(bytes);
    }

    /// Whether a master has to be replaced, and by whom.
    fn decide(&mut self, master: u16, now: Micros) -> Option<u16> {
        let old = &self.watches[usize::from(master)];
        if now.saturating_sub(old.heard_at) <= self.plan.down_after_us {
            self.due = None;
            return None;
        }
        let due = *self.due.get_or_insert(now + self.plan.delay_us);
        let history = &old.report.as_ref()?.history;
        let candidates = (0..).zip(&self.watches).filter_map(|(host, watch)| {
            let report = watch.report.as_ref()?;
            let is_fit = host != master
                && report.follows.is_some()
                && report.history == *history
                && now.saturating_sub(watch.heard_at) <= self.plan.down_after_us;
            is_fit.then_some((report.offset, std::cmp::Reverse(host)))
        });
        let (_, std::cmp::Reverse(best)) = candidates.max()?;
        (due <= now).then(|| {
            self.due = None;
            best
        })
    }
}

impl Report {
    /// Reads INFO's section on replication.
    fn read(text: &[u8]) -> Option<Report> {
        let text = std::str::from_utf8(text).ok()?;
        let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        let follows = match field("role")? {
            "master" => None,
            _ => Some(site_at(field("master_host")?)?),
        };
        Some(Report {
            follows,
            history: field("master_replid")?.to_string(),
            offset: field("master_repl_offset")?.parse().ok()?,
        })
    }
}

impl World {
    /// The controller looks at everybody.
    pub(crate) fn on_controller(&mut self) {
        let Some(controller) = &self.controller else { return };
        if self.is_quiet() && controller.is_idle() {
            return;
        }
        self.queue.push(self.now + LOOKS_EVERY, Occurrence::Controller);
        for host in 0..self.hosts.len() as u16 {
            self.controller_asks(host);
        }
        let (quiet, now, master) = (self.is_quiet(), self.now, self.operator.master());
        let Some(controller) = self.controller.as_mut().filter(|_| !quiet) else { return };
        let Some(chosen) = controller.decide(master, now) else { return };
        self.note(Topic::Operator, |_| {
            format!("the controller: {} does not answer, {} takes over", host_name(master), host_name(chosen))
        });
        self.totals.takeovers += 1;
        self.checks.ledger.happened(Cause::FailedOver, self.now);
        for host in self.operator.wish_for_master(chosen) {
            if let Some(controller) = &mut self.controller {
                controller.watches[usize::from(host)].is_to_settle = true;
            }
            self.controller_settles(host);
        }
    }

    /// Asks a node how it is; or dials it, or gives up a connection on which nothing comes back.
    fn controller_asks(&mut self, host: u16) {
        let now = self.now;
        let Some(watch) = self.watch_of(host) else { return };
        match (watch.link, watch.asked_at) {
            (None, _) => {
                let link = self.dial(self.controller_site(), host, End::Controller { host });
                let Some(watch) = self.watch_of(host) else { return };
                *watch = Watch {
                    link: Some(link),
                    asked_at: Some(now),
                    heard_at: watch.heard_at,
                    report: watch.report.take(),
                    is_to_settle: watch.is_to_settle,
                    ..Watch::default()
                };
            }
            (Some(link), Some(asked_at)) if now.saturating_sub(asked_at) > PATIENCE => {
                self.operator.has_given_up = true;
                self.side_closes(link, Side::Dialler);
                self.controller_lost(host);
            }
            (Some(_), None) => self.controller_says(host, &[b"INFO", b"replication"]),
            (Some(_), Some(_)) => {}
        }
    }

    /// Tells a node whom to follow, if it does not and has nothing else to answer.
    fn controller_settles(&mut self, host: u16) {
        let wanted = self.operator.follows[usize::from(host)];
        let Some(watch) = self.watch_of(host) else { return };
        if !watch.is_to_settle || !watch.is_connected || watch.asked_at.is_some() {
            return;
        }
        if watch.report.as_ref().is_some_and(|report| report.follows == wanted) {
            watch.is_to_settle = false;
            return;
        }
        let words = World::words_to_follow(wanted);
        self.controller_says(host, &words.each_ref().map(String::as_bytes));
    }

    fn controller_says(&mut self, host: u16, words: &[&[u8]]) {
        let now = self.now;
        let Some(watch) = self.watch_of(host) else { return };
        watch.asked_at = Some(now);
        command(&mut watch.out, words);
        self.pump_controller(host);
    }

    /// Moves what the controller has written into its link with a node.
    pub(crate) fn pump_controller(&mut self, host: u16) {
        let World { controller, network, .. } = self;
        let Some(watch) = controller.as_mut().map(|controller| &mut controller.watches[usize::from(host)]) else {
            return;
        };
        let Some(id) = watch.link.filter(|_| watch.is_connected) else { return };
        let taken = crate::actors::write_some(network.get(id), &mut watch.out);
        self.sent_off(id, Side::Dialler, taken);
    }

    /// A dial of the controller has ended.
    pub(crate) fn controller_dialled(&mut self, host: u16, success: bool) {
        if !success {
            return self.controller_lost(host);
        }
        if let Some(watch) = self.watch_of(host) {
            watch.is_connected = true;
        }
        self.controller_says(host, &[b"INFO", b"replication"]);
    }

    /// A connection of the controller is gone; it dials anew at its next look.
    pub(crate) fn controller_lost(&mut self, host: u16) {
        if let Some(watch) = self.watch_of(host) {
            watch.link = None;
            watch.is_connected = false;
        }
    }

    /// An answer, or a part of one, reached the controller.
    pub(crate) fn controller_received(&mut self, host: u16) {
        let now = self.now;
        let Some(watch) = self.watch_of(host) else { return };
        let (used, report) = match read_reply(&watch.input) {
            Ok(None) => return,
            Ok(Some((Reply::Bulk(Some(text)), used))) => (used, Report::read(text)),
            Ok(Some((Reply::Status(_), used))) => (used, None),
            Ok(Some((Reply::Error(text), used))) if crate::actors::excusable(text) => (used, None),
            Ok(Some((other, _))) => {
                let explanation = format!("it answered the controller by {other}");
                return self.breach(Some(host), Breach::new(Property::FittingReply, explanation));
            }
            Err(why) => {
                let explanation = format!("it sent the controller {why}");
                return self.breach(Some(host), Breach::new(Property::FittingReply, explanation));
            }
        };
        watch.input.drain(..used);
        watch.asked_at = None;
        watch.heard_at = now;
        if report.is_some() {
            watch.report = report;
            self.controller_settles(host);
        }
    }

    fn watch_of(&mut self, host: u16) -> Option<&mut Watch> {
        Some(&mut self.controller.as_mut()?.watches[usize::from(host)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn controller(reports: &[(Option<u16>, &str, u64)]) -> Controller {
        let plan = ControllerPlan { down_after_us: 3 * SECOND, delay_us: SECOND };
        let mut controller = Controller::new(plan, reports.len());
        for (watch, (follows, history, offset)) in controller.watches.iter_mut().zip(reports) {
            watch.report = Some(Report { follows: *follows, history: (*history).into(), offset: *offset });
        }
        controller
    }

    #[test]
    fn the_replica_that_has_most_of_the_masters_history_takes_over_after_the_delay() {
        let mut controller =
            controller(&[(None, "a", 50), (Some(0), "a", 40), (Some(0), "a", 45), (Some(0), "b", 900)]);
        let hear = |controller: &mut Controller, now| {
            controller.watches[1..].iter_mut().for_each(|watch| watch.heard_at = now);
        };
        for (second, chosen) in [(3, None), (4, None), (5, Some(2))] {
            hear(&mut controller, second * SECOND);
            assert_eq!(controller.decide(0, second * SECOND), chosen, "{second}");
        }
        controller.watches[0].heard_at = 6 * SECOND;
        assert_eq!(controller.decide(0, 6 * SECOND), None);
        assert_eq!(controller.due, None, "a master that is heard again keeps its role");
    }

    #[test]
    fn nobody_takes_over_whom_the_controller_does_not_hear_either() {
        let mut controller = controller(&[(None, "a", 50), (Some(0), "a", 40)]);
        assert_eq!(controller.decide(0, 10 * SECOND), None);
        assert_eq!(controller.decide(0, 20 * SECOND), None);
    }

    #[test]
    fn a_report_is_read_from_info() {
        let text =
            b"# Replication\r\nrole:slave\r\nmaster_host:10.1.0.3\r\nmaster_replid:abc\r\nmaster_repl_offset:77\r\n";
        let report = Report { follows: Some(2), history: "abc".into(), offset: 77 };
        assert_eq!(Report::read(text), Some(report));
        assert_eq!(Report::read(b"role:slave\r\n"), None);
    }
}
