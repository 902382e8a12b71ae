//! What does a plan say, for somebody who reads it?
//!
//! A few lines: who is there, how they are configured, and then what is planned, in order of time.

use super::{Chunking, Fault, HandOver, Held, HostPlan, Order, Plan, Setting, Step, Storage, Target, Victims, Way};
use crate::journal::{Clock, host_name};
use crate::queue::Micros;

/// A client's commands are told one by one up to so many.
const COMMANDS_TOLD_MAX: usize = 40;

impl Plan {
    /// The plan in words, one line for each thing that it says.
    #[must_use]
    pub fn in_words(&self) -> String {
        let mut lines: Vec<String> = (0..).zip(&self.hosts).map(|(index, host)| host_in_words(index, host)).collect();
        if !self.settings.is_empty() {
            lines.push(format!("all are configured by {}", settings_in_words(&self.settings)));
        }
        lines.push(self.network_in_words());
        if let Some(controller) = self.controller {
            let (down, delay) = (Clock(controller.down_after_us), Clock(controller.delay_us));
            lines.push(format!("a controller replaces a master that is silent for {down}, after {delay} more"));
        }
        lines.extend(self.events_in_words().into_iter().map(|(at, text)| format!("t={}  {text}", Clock(at))));
        lines.push(format!("t={}  faults and workload end at the latest", Clock(self.quiet_at())));
        let broken = self.outside.iter();
        lines.extend(
            broken.map(|outside| {
                format!("from then on for ever: {} {}", host_name(outside.host), outside.how.in_words())
            }),
        );
        lines.join("\n")
    }

    fn network_in_words(&self) -> String {
        let pace = self.network.pace;
        let pieces = match self.network.chunking {
            Chunking::Whole => "as they were written".to_string(),
            Chunking::Packets { bytes } => format!("in packets of {bytes}"),
            Chunking::Ragged { bytes_max } => format!("in ragged pieces of up to {bytes_max}"),
        };
        let jitter =
            if pace.jitter_us == 0 { String::new() } else { format!(" and up to {} more", Clock(pace.jitter_us)) };
        format!("bytes take {}{jitter}, {} in a second, {pieces}", Clock(pace.latency_us), pace.bytes_per_second)
    }

    /// What happens when: client's commands, faults and orders.
    fn events_in_words(&self) -> Vec<(Micros, String)> {
        let mut events = Vec::new();
        for (index, client) in self.clients.iter().enumerate() {
            let name = format!("c{}", index + 1);
            let to = match client.target {
                Target::Master => "the master".to_string(),
                Target::Host { host } => host_name(host),
            };
            match &client.script {
                None => events
                    .push((client.start_us, format!("{name} begins to send {} commands to {to}", client.commands))),
                Some(script) => {
                    let times = times_of(script);
                    let told = times.iter().zip(script).take(COMMANDS_TOLD_MAX);
                    events.extend(told.map(|(at, step)| (*at, format!("{name} to {to}: {}", step.say.join("; ")))));
                    let untold = script.len().saturating_sub(COMMANDS_TOLD_MAX);
                    if let Some(at) = times.last().filter(|_| untold > 0) {
                        events.push((*at, format!("by now {untold} more by {name}")));
                    }
                }
            }
        }
        let hosts = (0..).zip(&self.hosts).filter(|(_, host)| host.start_us > 0);
        events.extend(hosts.map(|(index, host)| (host.start_us, format!("{} is switched on", host_name(index)))));
        events
            .extend(self.faults.iter().map(|planned| (planned.at_us, format!("fault: {}", planned.fault.in_words()))));
        events
            .extend(self.orders.iter().map(|planned| (planned.at_us, format!("order: {}", planned.order.in_words()))));
        events.sort_by_key(|(at, _)| *at);
        events
    }
}

/// When each step of a script is said: not before the one that stands before it.
fn times_of(script: &[Step]) -> Vec<Micros> {
    let later = |last: &mut Micros, step: &Step| {
        *last = step.at_us.max(*last);
        Some(*last)
    };
    script.iter().scan(0, later).collect()
}

fn host_in_words(index: u16, host: &HostPlan) -> String {
    let role = host.follows.map_or_else(|| "a master".into(), |master| format!("a replica of {}", host_name(master)));
    let storage = match host.storage {
        Storage::Saved => "saves snapshots".to_string(),
        Storage::Unsaved => "saves nothing".to_string(),
        Storage::Ephemeral => "starts on an empty disk each time".to_string(),
        Storage::Appended { fsync } => format!("keeps an append-only file, appendfsync {}", fsync.name()),
    };
    let mut line = format!("{} is {role} and {storage}", host_name(index));
    if !host.settings.is_empty() {
        line += &format!(", with {}", settings_in_words(&host.settings));
    }
    if host.clock_offset_us != 0 {
        line += &format!("; its clock is {} ms off", host.clock_offset_us / 1000);
    }
    if host.clock_drift_ppm != 0 {
        line += &format!("; its clock gains {} millionths", host.clock_drift_ppm);
    }
    line
}

fn settings_in_words(settings: &[Setting]) -> String {
    let each: Vec<String> = settings.iter().map(|setting| format!("{} {}", setting.name, setting.value)).collect();
    each.join(", ")
}

impl Fault {
    /// What happens.
    pub(crate) fn in_words(&self) -> String {
        let path = |a: u16, b: u16, way: Way| {
            let arrow = match way {
                Way::Both => "<->",
                Way::Forward => "->",
                Way::Backward => "<-",
            };
            format!("{} {arrow} {}", host_name(a), host_name(b))
        };
        match *self {
            Fault::Crash { host, how, .. } => format!("crash of {} ({how:?})", host_name(host)),
            Fault::Rot { host, .. } => {
                format!("{} is killed, and a bit of its append-only file flips while it is down", host_name(host))
            }
            Fault::ClockJump { host, by_ms } => format!("the clock of {} is set by {by_ms} ms", host_name(host)),
            Fault::Pause { host, for_us } => format!("{} stands still for {}", host_name(host), Clock(for_us)),
            Fault::Stall { a, b, way, for_us } => format!("stall {} for {}", path(a, b, way), Clock(for_us)),
            Fault::BlackHole { a, b, way, for_us, heal } => {
                format!("black hole {} for {}, then {heal:?}", path(a, b, way), Clock(for_us))
            }
            Fault::Isolate { host, for_us, heal } => {
                format!("{} is cut off from all for {}, then {heal:?}", host_name(host), Clock(for_us))
            }
            Fault::Reset { a, b } => format!("reset {}", path(a, b, Way::Both)),
            Fault::Cut { from, to, after_bytes, ending, which } => format!(
                "cut of the {which:?} connection {} after {after_bytes} bytes ({ending:?})",
                path(from, to, Way::Forward)
            ),
            Fault::Slow { a, b, for_us, pace } => {
                format!("slow {} for {}: {} bytes/s", path(a, b, Way::Both), Clock(for_us), pace.bytes_per_second)
            }
            Fault::Disk { host, for_us, trouble } => {
                format!("disk of {}: {trouble:?} for {}", host_name(host), Clock(for_us))
            }
        }
    }
}

impl Order {
    /// What is to be done.
    fn in_words(&self) -> String {
        match self {
            Order::Follow { host, master } => format!("{} is to follow {}", host_name(*host), host_name(*master)),
            Order::Promote { host } => format!("{} is to be the master, and all are told", host_name(*host)),
            Order::Supplant { host, untold_us } => format!(
                "{} is to be the master, of which the old one is told only {} later",
                host_name(*host),
                Clock(*untold_us)
            ),
            Order::HandOver { host, how } => {
                let how = match how {
                    HandOver::Timely => String::new(),
                    HandOver::Forced { timeout_ms } => {
                        format!(", at the latest after {timeout_ms} ms with what it has")
                    }
                    HandOver::Aborted { after_us } => format!(", which is called off {} later", Clock(*after_us)),
                };
                format!("the master is to hand over to {}{how}", host_name(*host))
            }
            Order::FlushAll {} => "the master is to forget everything".into(),
            Order::Hold { host, scope, for_ms } => {
                let what = match scope {
                    Held::Writes => "writes",
                    Held::Everything => "everything",
                };
                format!("{} is to hold back {what} for {for_ms} ms", host_name(*host))
            }
            Order::Kill { host, victims } => {
                let whose = match victims {
                    Victims::Replicas => "its replicas",
                    Victims::Master => "its master",
                    Victims::Clients => "its clients",
                };
                format!("{} is to hang up on {whose}", host_name(*host))
            }
            Order::Shutdown { host, down_us } => {
                format!("{} is to end in good order, and starts again {} later", host_name(*host), Clock(*down_us))
            }
            Order::Configure { host, setting } => {
                format!("{} is to have {} {}", host_name(*host), setting.name, setting.value)
            }
            Order::Rewrite { host } => format!("{} is to write its append-only file anew", host_name(*host)),
            Order::Stray { host, master } => {
                format!(
                    "{} is to follow {}, by mistake, and at once whom it did before",
                    host_name(*host),
                    host_name(*master)
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{FaultPlan, OrderPlan};

    #[test]
    fn a_plan_in_words_names_all_that_it_plans_in_order_of_time() {
        let mut plan = Plan::draw(3);
        plan.clients.clear();
        plan.faults = vec![FaultPlan { at_us: 2_000_000, fault: Fault::Reset { a: 0, b: 1 } }];
        plan.orders = vec![OrderPlan { at_us: 1_000_000, order: Order::Promote { host: 1 } }];
        let words = plan.in_words();
        let at = |text: &str| words.find(text).unwrap_or_else(|| panic!("no {text:?} in:\n{words}"));
        assert!(at("A is a master") < at("B is a replica of A"));
        assert!(at("t=1.000000s  order: B is to be the master") < at("t=2.000000s  fault: reset A <-> B"));
        assert_eq!(words.lines().filter(|line| line.starts_with("t=")).count(), 3);
    }

    #[test]
    fn a_step_of_a_script_whose_time_is_over_is_told_behind_the_one_before_it_at_the_time_at_which_it_is_said() {
        let mut plan = Plan::draw(3);
        let step = |at_us, line: &str| Step { at_us, say: vec![line.into()] };
        plan.clients.truncate(1);
        plan.clients[0].script =
            Some(vec![step(2_000_000, "INCR a"), step(1_000_000, "INCR b"), step(3_000_000, "INCR c")]);
        plan.clients[0].target = Target::Master;
        (plan.faults, plan.orders) = (Vec::new(), Vec::new());
        let words = plan.in_words();
        let said: Vec<&str> = words.lines().filter(|line| line.contains("INCR")).collect();
        assert_eq!(
            said,
            [
                "t=2.000000s  c1 to the master: INCR a",
                "t=2.000000s  c1 to the master: INCR b",
                "t=3.000000s  c1 to the master: INCR c"
            ]
        );
    }
}
