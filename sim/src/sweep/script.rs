//! What happens in a run of the sweep.

use afterimage_core::Config;
use afterimage_core::codec::random::Random;
use afterimage_core::config::{AppendFsync, Endpoint, SavePoint};

/// How a node keeps its data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keeping {
    /// By snapshots. What was saved is promised.
    Snapshots,
    /// In an append-only file that is synced before each reply. What was answered is promised.
    Always,
    /// In one that is synced once a second. What WAITAOF has told to be on the disk is promised.
    Everysec,
    /// As [`Always`](Keeping::Always), in a replica that clients write into.
    ReplicaAlways,
    /// As [`Everysec`](Keeping::Everysec), in such a replica. What it tells its master to be on its disk is promised.
    ReplicaEverysec,
}

impl Keeping {
    pub(super) const ALL: [Keeping; 5] =
        [Keeping::Snapshots, Keeping::Always, Keeping::Everysec, Keeping::ReplicaAlways, Keeping::ReplicaEverysec];

    /// True if it follows a master.
    pub(super) fn follows(self) -> bool {
        matches!(self, Keeping::ReplicaAlways | Keeping::ReplicaEverysec)
    }

    /// True if the answer to a command is a promise. One that tells nothing of the data need not wait for what a master has written.
    pub(super) fn is_promise(self, line: &str) -> bool {
        let tells_nothing = ["SELECT", "BGREWRITEAOF", "REPLICAOF"].iter().any(|start| line.starts_with(start));
        match self {
            Keeping::Always | Keeping::ReplicaAlways => !tells_nothing,
            Keeping::Everysec => line.starts_with("WAITAOF"),
            Keeping::Snapshots | Keeping::ReplicaEverysec => false,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Keeping::Snapshots => "snapshots",
            Keeping::Always => "append-only file, synced before each reply",
            Keeping::Everysec => "append-only file, synced once a second",
            Keeping::ReplicaAlways => "append-only file of a replica, synced before each reply",
            Keeping::ReplicaEverysec => "append-only file of a replica, synced once a second",
        }
    }

    pub(super) fn config(self) -> Config {
        // A snapshot passes through all databases, also those that are empty.
        let common = Config { repl_diskless_sync_delay: 0, save: Vec::new(), databases: 4, ..Config::default() };
        match self {
            Keeping::Snapshots => Config { save: vec![SavePoint { seconds: 1, changes: 1 }], ..common },
            Keeping::Always => Config { appendonly: true, appendfsync: AppendFsync::Always, ..common },
            Keeping::Everysec => Config { appendonly: true, ..common },
            Keeping::ReplicaAlways => {
                Config { appendonly: true, appendfsync: AppendFsync::Always, ..following(common) }
            }
            Keeping::ReplicaEverysec => Config { appendonly: true, aof_use_rdb_preamble: false, ..following(common) },
        }
    }

    /// What makes the file anew.
    fn renewal(self) -> &'static str {
        match self {
            Keeping::Snapshots => "BGSAVE",
            _ => "BGREWRITEAOF",
        }
    }
}

/// In a replica that clients may write into.
pub(super) fn following(config: Config) -> Config {
    let replicaof = Some(Endpoint { host: "10.0.0.9".to_owned(), port: 6379 });
    Config { replicaof, replica_read_only: false, ..config }
}

/// What happens in a run.
pub(super) enum Step {
    /// A client sends one command.
    Command(String),
    /// Another client sends one.
    ByAnother(String),
    /// A client sends a transaction.
    Transaction(Vec<String>),
    /// The master writes into a database: a transaction if there are several commands.
    FromMaster(u32, Vec<String>),
    /// The link to the master is gone.
    MasterGone,
    /// The master answers again: it goes on under another name, or has other data.
    MasterBack { with_other_data: bool },
    /// Time passes.
    Pass(u64),
    /// The disk carries out so much of what it was asked for.
    Disk(usize),
}

/// All that the disk was asked for.
const ALL: Step = Step::Disk(usize::MAX);

/// A disk that keeps pace: the file is made anew within a second in which something was written and not synced yet.
fn renewal_at_once(keeping: Keeping, write: fn(String) -> Step) -> [Step; 8] {
    let [first, second] = ["SET s0 synced", "SET s0 unsynced"].map(|line| write(line.to_owned()));
    let renewal = Step::Command(keeping.renewal().to_owned());
    [ALL, Step::Pass(1100), first, ALL, second, ALL, renewal, ALL]
}

/// Writes of several kinds, between the steps of snapshots and rewrites that begin by themselves and on demand.
pub(super) fn script(keeping: Keeping, seed: u64) -> Vec<Step> {
    if keeping.follows() { script_of_replica(keeping, seed) } else { script_of_master(keeping, seed) }
}

/// What a replica hears from its master, what clients write into it meanwhile, and how it becomes a master.
fn script_of_replica(keeping: Keeping, seed: u64) -> Vec<Step> {
    let mut random = Random::new(seed, 8);
    let mut steps = vec![Step::Pass(1100), ALL, Step::Pass(1100), ALL];
    for round in 0..14 {
        for _ in 0..3 {
            let (key, number, database) = (random.below(6), random.below(1000), random.below(3) as u32);
            steps.push(match random.below(8) {
                0 | 1 => Step::FromMaster(database, vec![format!("SET s{key} {number}")]),
                2 => Step::FromMaster(database, vec![format!("RPUSH l{key} {number} {round}")]),
                3 => Step::FromMaster(
                    database,
                    vec![format!("INCR n{key}"), format!("SADD m{key} {number}"), format!("INCR n{key}")],
                ),
                4 => Step::FromMaster(database, vec!["PING".to_owned()]),
                5 => Step::Command(format!("SELECT {}", number % 3)),
                6 => Step::Command(format!("SET own{key} {number}")),
                _ => Step::Transaction(vec![format!("INCR own{key}"), format!("RPUSH o{key} {number}")]),
            });
            steps.push(Step::Disk(random.below(3) as usize));
        }
        match round {
            3 | 8 => steps.push(Step::MasterGone),
            4 => steps.push(Step::MasterBack { with_other_data: false }),
            9 => steps.push(Step::MasterBack { with_other_data: true }),
            6 => steps.extend(renewal_at_once(keeping, |line| Step::FromMaster(0, vec![line]))),
            2 | 10 => steps.push(Step::Command("BGREWRITEAOF".to_owned())),
            11 => {
                // All that is here is promised before it goes on by itself.
                steps.push(ALL);
                steps.push(Step::Command("REPLICAOF NO ONE".to_owned()));
            }
            _ => {}
        }
        if round < 11 {
            steps.push(Step::FromMaster(0, vec!["REPLCONF GETACK *".to_owned()]));
        }
        steps.push(Step::Pass(random.range(500..=1500)));
        steps.push(Step::Disk(random.below(8) as usize));
    }
    steps.extend([ALL, Step::Pass(1100), ALL]);
    steps
}

fn script_of_master(keeping: Keeping, seed: u64) -> Vec<Step> {
    let mut random = Random::new(seed, 7);
    let mut steps = Vec::new();
    for round in 0..12 {
        for index in 0..4 {
            let (key, number) = (random.below(6), random.below(1000));
            steps.push(match random.below(8) {
                0 => Step::Command(format!("SET s{key} {number}")),
                1 => Step::Command(format!("RPUSH l{key} {number} {round}")),
                2 => Step::Command(format!("HSET h{key} f{index} {number}")),
                3 => Step::Command(format!("SADD m{key} {number}")),
                4 => Step::Command(format!("DEL s{key} l{key}")),
                5 => Step::Command(format!("SELECT {}", number % 3)),
                6 => Step::Transaction(vec![
                    format!("INCR n{key}"),
                    format!("SADD m{key} {number}"),
                    format!("INCR n{key}"),
                ]),
                _ => Step::Command(format!("SETEX e{key} 1000000 {number}")),
            });
            steps.push(Step::Disk(random.below(3) as usize));
        }
        match random.below(6) {
            0 => steps.push(Step::Command(keeping.renewal().to_owned())),
            1 => steps.push(Step::Command("FLUSHALL".to_owned())),
            _ if keeping == Keeping::Everysec => {
                steps.push(Step::Command("WAITAOF 1 0 0".to_owned()));
                steps.push(Step::ByAnother(format!("SET other {round}")));
                steps.push(Step::Disk(random.below(3) as usize));
                steps.push(Step::Pass(1100));
                steps.push(Step::Disk(random.below(6) as usize));
                steps.push(Step::Pass(1100));
            }
            _ => steps.push(Step::Pass(2100)),
        }
        if matches!(round, 2 | 6) {
            steps.extend(renewal_at_once(keeping, Step::Command));
        }
        steps.push(Step::Disk(random.below(8) as usize));
    }
    match keeping {
        Keeping::Snapshots => steps.push(Step::Command("SAVE".to_owned())),
        Keeping::Everysec => {
            steps.push(Step::Command("WAITAOF 1 0 0".to_owned()));
            steps.extend([ALL, Step::Pass(1100), ALL, Step::Pass(1100)]);
        }
        // A second after the last sync the file tells that all of it is synced.
        _ => steps.extend([ALL, Step::Pass(1100)]),
    }
    steps.push(ALL);
    steps
}
