//! Which stories are told step by step?
//!
//! A scenario is a world in which a script, not a seed, decides what goes wrong, and of which a short record of what
//! matters is kept. It runs on the same network, disks and checks as any other run.

mod wipe;

pub use wipe::wipe;

use crate::journal::{Clock, Line, Topic, host_name};
use crate::operator::Task;
use crate::plan::{Chunking, DiskPlan, HostPlan, NetworkPlan, PLAN_VERSION, Pace, Plan, Setting, Storage, WorkPlan};
use crate::queue::{MILLISECOND, Micros, Occurrence, SECOND};
use crate::world::World;

/// A world under a script.
struct Stage {
    world: World,
    lines: Vec<String>,
}

impl Stage {
    /// Hosts on a quiet, fast network; nothing goes wrong by itself.
    fn new(seed: u64, hosts: Vec<HostPlan>, settings: Vec<Setting>) -> Stage {
        let mut world = World::new(Plan {
            version: PLAN_VERSION,
            seed,
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
            clients: Vec::new(),
            faults: Vec::new(),
            orders: Vec::new(),
            quiet_at_us: 3600 * SECOND,
        });
        world.keep_journal();
        world.begin();
        Stage { world, lines: Vec::new() }
    }

    /// Lets the world go on until a time, and keeps the lines of it that `keep` wants.
    fn run_until(&mut self, at: Micros, keep: impl Fn(&Line) -> bool) {
        while self.world.queue.next_at().is_some_and(|next| next <= at) && self.world.step() {}
        self.world.now = self.world.now.max(at);
        let lines = self.world.take_journal();
        self.lines.extend(lines.iter().filter(|line| keep(line)).map(ToString::to_string));
    }

    /// Sends commands, written as one would type them, to a node from the operator's seat.
    fn write(&mut self, host: u16, commands: &[&str]) {
        let texts = commands.iter().map(|line| line.split(' ').map(|word| word.as_bytes().to_vec()).collect());
        self.world.operator.tasks.extend(texts.map(|words| Task::Say { host, words }));
        self.world.queue.push(self.world.now, Occurrence::Operator);
    }

    /// Adds a line of the teller's.
    fn tell(&mut self, text: &str) {
        self.lines.push(format!("t={}  -- {text}", Clock(self.world.now())));
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

/// A host that follows another.
fn host(follows: Option<u16>, storage: Storage) -> HostPlan {
    HostPlan { follows, storage, clock_offset_us: 0, settings: Vec::new() }
}

/// What a reader of a story wants to see of a journal.
fn is_told(line: &Line) -> bool {
    matches!(line.topic, Topic::Sync | Topic::Life | Topic::World | Topic::Fault | Topic::Operator)
}
