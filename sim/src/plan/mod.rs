//! What is a run?
//!
//! A plan: hosts and their settings, the network, the clients, the faults and the operator's orders, each with its time.
//! A seed makes one ([`Plan::draw`]), but the plan is what runs. It is plain data: it can be printed, edited, kept with a
//! bug report and run again after the code that drew it has changed.

mod bounds;
mod changes;
mod draw;
mod fault;
mod order;
pub mod script;
mod settings;
mod words;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::queue::{MILLISECOND, Micros, SECOND};

pub use changes::{Changes, Only};
pub use fault::{Broken, Crash, Fault, FaultPlan, Heal, Outside, Way, Which};
pub use order::{HandOver, Held, Order, OrderPlan, Victims};
pub use script::Step;

/// The form of plan that this build reads and writes.
pub const PLAN_VERSION: u32 = 1;

/// Everything that decides a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// [`PLAN_VERSION`] of the build that wrote it.
    pub version: u32,
    /// Feeds the streams drawn from during the run: jitter, ties, commands, entropy.
    #[serde(with = "crate::wide")]
    pub seed: u64,
    /// The hosts, numbered from 0; the first is the master at the start.
    pub hosts: Vec<HostPlan>,
    /// Configuration directives of all nodes.
    pub settings: Vec<Setting>,
    /// The network between all sites.
    pub network: NetworkPlan,
    /// The disks.
    pub disk: DiskPlan,
    /// How fast nodes do background work.
    pub work: WorkPlan,
    /// The clients.
    pub clients: Vec<ClientPlan>,
    /// What goes wrong, in order of time.
    pub faults: Vec<FaultPlan>,
    /// What the operator is told to do, in order of time.
    pub orders: Vec<OrderPlan>,
    /// Who promotes a replica when the master does not answer, if anybody does.
    #[serde(default)]
    pub controller: Option<ControllerPlan>,
    /// When faults and workload end at the latest, and the world heals.
    pub quiet_at_us: Micros,
    /// Hosts that do not: those that are healed must get on without them.
    #[serde(default)]
    pub outside: Vec<Outside>,
    /// Mistakes that all nodes make on purpose, by name. Only a simulator that was built with the feature `museum` knows any.
    #[serde(default)]
    pub defects: Vec<String>,
}

/// One directive of a configuration file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// Its name.
    pub name: String,
    /// Its value, as in a file.
    pub value: String,
}

impl Setting {
    /// A directive.
    #[must_use]
    pub fn new(name: &str, value: impl ToString) -> Setting {
        Setting { name: name.into(), value: value.to_string() }
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.value)
    }
}

/// One host.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HostPlan {
    /// Whom it follows at the start.
    pub follows: Option<u16>,
    /// What is left of its data after a crash.
    pub storage: Storage,
    /// What its wall clock shows more than the world's, in microseconds.
    pub clock_offset_us: i64,
    /// How much faster than the world's it goes, in millionths; below zero if it is slower.
    #[serde(default)]
    pub clock_drift_ppm: i32,
    /// When it is switched on.
    #[serde(default)]
    pub start_us: Micros,
    /// Directives of this node alone; they come after the common ones.
    pub settings: Vec<Setting>,
}

impl HostPlan {
    /// A host whose clock is right, switched on at the start, without directives of its own.
    #[must_use]
    pub fn plain(follows: Option<u16>, storage: Storage) -> HostPlan {
        HostPlan { follows, storage, clock_offset_us: 0, clock_drift_ppm: 0, start_us: 0, settings: Vec::new() }
    }
}

/// What a node that is started again finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Storage {
    /// It saves snapshots, and finds the last one on its disk.
    Saved,
    /// It saves none; its disk keeps what it holds.
    Unsaved,
    /// It saves none, and starts on an empty disk (a container without a volume).
    Ephemeral,
    /// It keeps an append-only file.
    Appended {
        /// When that is synced.
        fsync: Fsync,
    },
}

/// When an append-only file is synced: `appendfsync`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fsync {
    /// Before each reply.
    Always,
    /// Once a second.
    Everysec,
    /// When the operating system pleases.
    No,
}

impl Fsync {
    /// As in a configuration file.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Fsync::Always => "always",
            Fsync::Everysec => "everysec",
            Fsync::No => "no",
        }
    }
}

/// How fast and how regular a path is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pace {
    /// Time from one end to the other.
    pub latency_us: Micros,
    /// Drawn anew for each piece, from zero up to this, and added.
    pub jitter_us: Micros,
    /// Bytes that leave in a second.
    pub bytes_per_second: u64,
}

/// Into what pieces a stream falls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Chunking {
    /// As it was written.
    Whole,
    /// Packets of at most this size.
    Packets {
        /// The size.
        bytes: u32,
    },
    /// Pieces of any size from one byte to this many, each at a time of its own.
    Ragged {
        /// The largest size.
        bytes_max: u32,
    },
}

/// The network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkPlan {
    /// Of each path, in each direction.
    pub pace: Pace,
    /// Of each stream.
    pub chunking: Chunking,
    /// What one direction of a connection holds: the sender's and the receiver's buffer together.
    pub buffer_bytes: u32,
    /// When a dial that nobody answers fails.
    pub dial_timeout_us: Micros,
}

/// The speed of disks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DiskPlan {
    /// Of every operation.
    pub latency_us: Micros,
    /// Of a sync, instead.
    pub sync_us: Micros,
    /// For reads and appends, in addition.
    pub bytes_per_second: u64,
}

impl Default for DiskPlan {
    fn default() -> DiskPlan {
        DiskPlan { latency_us: 50, sync_us: 2 * MILLISECOND, bytes_per_second: 200_000_000 }
    }
}

/// A node's share of the processor for background work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkPlan {
    /// Units done in one turn.
    pub units: u32,
    /// Time from one turn to the next.
    pub interval_us: Micros,
}

/// One client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientPlan {
    /// To whom it connects.
    pub target: Target,
    /// Commands it sends in all.
    pub commands: u32,
    /// The mean time between bursts.
    pub think_us: Micros,
    /// The most commands in one burst; zero if it says nothing of its own accord.
    pub pipeline: u32,
    /// When it sends its first.
    pub start_us: Micros,
    /// Keys of each type that it uses.
    pub keys: u32,
    /// One value in so many is big; none if zero.
    pub big_one_in: u32,
    /// The size of the biggest.
    pub big_bytes_max: u32,
    /// One step in so many is a MULTI block; none if zero.
    pub multi_one_in: u32,
    /// One key in so many gets an expiry; none if zero.
    pub expire_one_in: u32,
    /// After one step in so many it asks by WAIT how many replicas have what it wrote; after none if zero.
    #[serde(default)]
    pub wait_one_in: u32,
    /// Of ten steps so many are nothing but that question: it goes on asking for what it wrote long ago.
    #[serde(default)]
    pub asks_of_ten: u32,
    /// Of ten steps so many are a pop that waits, and behind it that question.
    #[serde(default)]
    pub pops_of_ten: u32,
    /// Of ten questions so many ask by WAITAOF who has it on a disk.
    #[serde(default)]
    pub disks_of_ten: u32,
    /// Of ten commands so many only read.
    #[serde(default, skip_serializing_if = "is_none")]
    pub reads_of_ten: u32,
    /// It says EXEC so much later than what that is to carry out.
    #[serde(default, skip_serializing_if = "is_no_time")]
    pub lingers_us: Micros,
    /// It does what an application does: what its script has for a time that is longer ago than this it does not say any more, and if it is told that it may not write at a replica it
    /// looks for the master anew. None of it if zero.
    #[serde(default, skip_serializing_if = "is_no_time")]
    pub gives_up_after_us: Micros,
    /// If it does nothing but write strings, and as fast as it is answered.
    #[serde(default)]
    pub sets: Option<Sets>,
    /// What it says instead of what it would draw.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub script: Option<Vec<Step>>,
}

fn is_none(number: &u32) -> bool {
    *number == 0
}

fn is_no_time(time: &Micros) -> bool {
    *time == 0
}

/// A client that is made to measure with: each answer is followed by the next SET.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sets {
    /// The size of each value.
    pub value_bytes: u32,
    /// Commands under way at a time.
    pub window: u32,
}

impl ClientPlan {
    /// A client that says nothing.
    pub(crate) const SILENT: ClientPlan = ClientPlan {
        target: Target::Master,
        commands: 0,
        think_us: 0,
        pipeline: 0,
        start_us: 0,
        keys: 0,
        big_one_in: 0,
        big_bytes_max: 0,
        multi_one_in: 0,
        expire_one_in: 0,
        wait_one_in: 0,
        asks_of_ten: 0,
        pops_of_ten: 0,
        disks_of_ten: 0,
        reads_of_ten: 0,
        lingers_us: 0,
        gives_up_after_us: 0,
        sets: None,
        script: None,
    };
}

/// Where a client connects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Target {
    /// The master, whoever that is by the operator's last order.
    Master,
    /// One host, whatever its role.
    Host {
        /// Which.
        host: u16,
    },
}

/// A failover controller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ControllerPlan {
    /// A node that has not answered for so long is down.
    pub down_after_us: Micros,
    /// Time until a master that is down is replaced.
    pub delay_us: Micros,
}

impl Plan {
    /// The plan of a seed.
    #[must_use]
    pub fn draw(seed: u64) -> Plan {
        draw::draw(seed)
    }

    /// The plan as JSON, for people and files.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("a plan has only strings, numbers and lists")
    }

    /// Reads a plan.
    ///
    /// # Errors
    ///
    /// Says what is wrong with the text: its form, its version, a host that it names and does not have, or a value that makes no sense.
    pub fn from_json(text: &str) -> Result<Plan, String> {
        let plan: Plan = serde_json::from_str(text).map_err(|error| error.to_string())?;
        plan.check()?;
        Ok(plan)
    }

    /// Looks for what would make no sense to run.
    ///
    /// # Errors
    ///
    /// Says what that is.
    pub fn check(&self) -> Result<(), String> {
        let hosts = self.hosts.len();
        if self.version != PLAN_VERSION {
            return Err(format!("plan version {} is not {PLAN_VERSION}", self.version));
        }
        if hosts == 0 || hosts > HOSTS_MAX || self.clients.len() > CLIENTS_MAX {
            return Err(format!("a world has 1 to {HOSTS_MAX} hosts and at most {CLIENTS_MAX} clients"));
        }
        crate::museum::defects(&self.defects)?;
        let known = |host: u16| {
            if usize::from(host) < hosts { Ok(()) } else { Err(format!("there is no host {host}")) }
        };
        self.hosts.iter().filter_map(|host| host.follows).try_for_each(known)?;
        self.outside.iter().map(|outside| outside.host).try_for_each(known)?;
        if (0..hosts).all(|host| self.outside.iter().any(|outside| usize::from(outside.host) == host)) {
            return Err("there must be a host that is not broken for ever".into());
        }
        for client in &self.clients {
            if let Target::Host { host } = client.target {
                known(host)?;
            }
            client.script.iter().flatten().try_for_each(Step::check)?;
        }
        self.faults.iter().flat_map(|planned| planned.fault.hosts()).flatten().try_for_each(known)?;
        self.orders.iter().flat_map(|planned| planned.order.hosts()).flatten().try_for_each(known)?;
        bounds::check(self)
    }

    /// When faults and workload end at the latest; a plan that nobody has checked cannot ask for more than a checked one.
    #[must_use]
    pub fn quiet_at(&self) -> Micros {
        self.quiet_at_us.min(QUIET_AT_MAX)
    }
}

/// The longest run that a plan may ask for: an hour and a half, and then what it takes to converge.
pub const QUIET_AT_MAX: Micros = 5400 * SECOND;
/// Addresses are drawn from one /16 network.
pub const HOSTS_MAX: usize = 10_000;
/// So that sites fit in their number.
pub const CLIENTS_MAX: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_survives_its_own_text() {
        for seed in 0..50 {
            let plan = Plan::draw(seed);
            assert_eq!(Plan::from_json(&plan.to_json()), Ok(plan));
        }
    }

    #[test]
    fn a_field_that_nothing_has_is_refused_by_its_name_wherever_it_stands() {
        let mut plan = Plan::draw(1);
        plan.hosts[0].storage = Storage::Appended { fsync: Fsync::Always };
        plan.hosts[0].settings = vec![Setting::new("hz", 10)];
        plan.clients[0].script = Some(vec![Step { at_us: 0, say: vec!["PING".into()] }]);
        plan.clients[0].sets = Some(Sets { value_bytes: 1, window: 1 });
        plan.clients[0].target = Target::Host { host: 0 };
        plan.faults = vec![
            FaultPlan { at_us: 0, fault: Fault::Reset { a: 0, b: 1 } },
            FaultPlan { at_us: 0, fault: Fault::Slow { a: 0, b: 1, for_us: 1, pace: plan.network.pace } },
        ];
        plan.orders = vec![
            OrderPlan { at_us: 0, order: Order::FlushAll {} },
            OrderPlan { at_us: 0, order: Order::HandOver { host: 0, how: HandOver::Forced { timeout_ms: 1 } } },
        ];
        plan.outside = vec![Outside { host: 0, how: Broken::Gone }];
        plan.controller = Some(ControllerPlan { down_after_us: 1, delay_us: 1 });
        let text = plan.to_json();
        assert_eq!(Plan::from_json(&text), Ok(plan));
        for (brace, _) in text.match_indices('{') {
            let at = brace + 1;
            let wrong = format!("{}\"wibble\": 2,{}", &text[..at], &text[at..]);
            let told = Plan::from_json(&wrong).expect_err(&wrong);
            // One of several things is chosen by a word: two words at that place are refused without a name.
            let is_named = told.contains("`wibble`") || told.contains("map with a single key");
            assert!(is_named && told.contains(" line "), "{told}: {wrong}");
        }
    }

    #[test]
    fn a_plan_that_names_a_missing_host_is_refused() {
        let mut plan = Plan::draw(1);
        plan.hosts.truncate(2);
        plan.faults = vec![FaultPlan { at_us: 0, fault: Fault::Reset { a: 0, b: 2 } }];
        assert!(plan.check().is_err());
    }
}
