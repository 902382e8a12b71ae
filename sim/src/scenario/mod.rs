//! Which stories are told step by step?
//!
//! A scenario is a world in which a script, not a seed, decides what goes wrong, and of which a short record of what
//! matters is kept. It runs on the same network, disks and checks as any other run.

mod guard;
mod min_replicas;
mod wait;
mod wipe;

use crate::check::Violation;
use crate::journal::{Clock, Line, Topic, host_name};
use crate::museum;
use crate::operator::Task;
use crate::plan::{
    Chunking, ClientPlan, DiskPlan, HostPlan, NetworkPlan, PLAN_VERSION, Pace, Plan, Setting, Storage, Target, WorkPlan,
};
use crate::queue::{MILLISECOND, Micros, Occurrence, SECOND};
use crate::viewer::Film;
use crate::world::World;

/// The stories that can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scenario {
    /// A master without persistence wipes its replicas.
    Wipe,
    /// WAIT is asked for a write that was lost with its data.
    Wait,
    /// A replica goes on acknowledging and applies nothing.
    MinReplicas,
    /// A master comes back empty, and its replicas keep what they have.
    GuardEmpty,
    /// The same, and somebody wants it so.
    GuardAccepted,
    /// A master comes back with next to nothing.
    GuardShrunk,
    /// A master comes back from an older snapshot.
    GuardRollback,
    /// A master has a new name and all that a replica has.
    GuardPromoted,
    /// A master has a new name and was emptied by its stream.
    GuardFlushed,
    /// A master comes back empty while its replicas are restarted.
    GuardEvidence,
    /// A master knows that it has lost its data.
    GuardProtected,
}

/// A story that was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Story {
    /// One line for each event that matters. The same every time.
    pub text: String,
    /// The property that was broken, if one was; the story ends there.
    pub violation: Option<Violation>,
    /// All that happened, to be looked at.
    pub film: Film,
}

impl Scenario {
    /// Plays the story, on nodes that make these mistakes.
    ///
    /// # Errors
    ///
    /// Says which mistake is unknown to this build.
    pub fn tell(self, defects: &[String]) -> Result<Story, String> {
        museum::defects(defects)?;
        let defects = defects.to_vec();
        let mut stage = match self {
            Scenario::Wipe => wipe::play(defects),
            Scenario::Wait => wait::play(defects),
            Scenario::MinReplicas => min_replicas::play(defects),
            Scenario::GuardEmpty => guard::empty(defects),
            Scenario::GuardAccepted => guard::accepted(defects),
            Scenario::GuardShrunk => guard::shrunk(defects),
            Scenario::GuardRollback => guard::rollback(defects),
            Scenario::GuardPromoted => guard::promoted(defects),
            Scenario::GuardFlushed => guard::flushed(defects),
            Scenario::GuardEvidence => guard::evidence(defects),
            Scenario::GuardProtected => guard::protected(defects),
        };
        let violation = stage.world.outcome().violations.pop();
        if violation.is_none() {
            stage.tell("all properties held");
        }
        let film = stage.world.take_film()?;
        Ok(Story { text: stage.lines.join("\n") + "\n", violation, film })
    }
}

/// A world under a script.
struct Stage {
    world: World,
    lines: Vec<String>,
}

impl Stage {
    /// Hosts on a quiet, fast network, and clients; nothing goes wrong by itself.
    fn new(hosts: Vec<HostPlan>, clients: Vec<ClientPlan>, settings: Vec<Setting>, defects: Vec<String>) -> Stage {
        let mut world = World::new(Plan {
            version: PLAN_VERSION,
            seed: 1,
            hosts,
            settings,
            network: NetworkPlan {
                pace: Pace { latency_us: MILLISECOND, jitter_us: 0, bytes_per_second: 100_000_000 },
                chunking: Chunking::Whole,
                buffer_bytes: 256 * 1024,
                dial_timeout_us: 20 * SECOND,
            },
            disk: DiskPlan::default(),
            work: WorkPlan { units: 64, interval_us: MILLISECOND },
            clients,
            faults: Vec::new(),
            orders: Vec::new(),
            controller: None,
            quiet_at_us: 3600 * SECOND,
            outside: Vec::new(),
            defects,
        });
        world.keep_journal();
        world.place_camera(0..=Micros::MAX);
        world.begin();
        Stage { world, lines: Vec::new() }
    }

    /// Lets the world go on until a time, and keeps the lines of it that `keep` wants.
    fn run_until(&mut self, at: Micros, keep: impl Fn(&Line) -> bool) {
        while self.world.queue.next_at().is_some_and(|next| next <= at) && self.world.step() {}
        if !self.is_over() {
            self.world.now = self.world.now.max(at);
        }
        let lines = self.world.take_journal();
        self.lines.extend(lines.iter().filter(|line| keep(line)).map(ToString::to_string));
    }

    /// Sends commands, written as one would type them, to a node from the operator's seat.
    fn write(&mut self, host: u16, commands: &[&str]) {
        commands.iter().for_each(|line| self.world.operator.say(host, line));
        self.world.queue.push(self.world.now, Occurrence::Operator);
    }

    /// True once a property was broken: there is nothing more to tell.
    fn is_over(&self) -> bool {
        self.world.is_finished()
    }

    /// Lets the client say a command over its connection.
    fn say(&mut self, command: &str) {
        self.world.client_says(0, command);
    }

    /// Has a node follow another, or nobody.
    fn point(&mut self, host: u16, master: Option<u16>) {
        self.world.operator.follows[usize::from(host)] = master;
        self.world.operator.tasks.push_back(Task::Settle { host });
        self.world.queue.push(self.world.now, Occurrence::Operator);
    }

    /// Adds a line of the teller's.
    fn tell(&mut self, text: &str) {
        if self.is_over() {
            return;
        }
        self.lines.push(format!("t={}  -- {text}", Clock(self.world.now())));
        self.world.film_story(text);
    }

    /// Adds a line for each node: its role, its position and its keys.
    fn tell_nodes(&mut self) {
        for index in 0..self.world.hosts.len() as u16 {
            let text = match &self.world.hosts[usize::from(index)].node {
                None => "down".into(),
                Some(node) => {
                    let probe = node.probe();
                    let (id, offset) = (probe.position.history, probe.position.offset);
                    format!("{:?}, {:?}, {id:?}:{offset}, {} keys", probe.role, probe.link, probe.keys)
                }
            };
            self.tell(&format!("{}: {text}", host_name(index)));
        }
    }
}

/// A client that keeps a connection with the first host, and says over it what it is told.
const SPEAKER: ClientPlan = ClientPlan {
    target: Target::Host { host: 0 },
    commands: u32::MAX,
    think_us: SECOND,
    pipeline: 0,
    start_us: 0,
    ..ClientPlan::SILENT
};

/// A host that follows another.
fn host(follows: Option<u16>, storage: Storage) -> HostPlan {
    HostPlan::plain(follows, storage)
}

/// What a reader of a story wants to see of a journal.
fn is_told(line: &Line) -> bool {
    matches!(line.topic, Topic::Sync | Topic::Life | Topic::World | Topic::Fault | Topic::Operator)
}

/// The same, and what the client says and hears.
fn is_told_or_said(line: &Line) -> bool {
    is_told(line) || line.topic == Topic::Bytes && (line.text.starts_with("c1 ") || line.text.contains("-> c1 "))
}
