//! What happens in a run of the sweep.

use afterimage_core::Config;
use afterimage_core::codec::random::Random;
use afterimage_core::config::{AppendFsync, SavePoint};

/// How a node keeps its data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keeping {
    /// By snapshots. What was saved is promised.
    Snapshots,
    /// In an append-only file that is synced before each reply. What was answered is promised.
    Always,
    /// In one that is synced once a second. What WAITAOF has told to be on the disk is promised.
    Everysec,
}

impl Keeping {
    pub(super) const ALL: [Keeping; 3] = [Keeping::Snapshots, Keeping::Always, Keeping::Everysec];

    pub(super) fn name(self) -> &'static str {
        match self {
            Keeping::Snapshots => "snapshots",
            Keeping::Always => "append-only file, synced before each reply",
            Keeping::Everysec => "append-only file, synced once a second",
        }
    }

    pub(super) fn config(self) -> Config {
        let common = Config { repl_diskless_sync_delay: 0, save: Vec::new(), ..Config::default() };
        match self {
            Keeping::Snapshots => Config { save: vec![SavePoint { seconds: 1, changes: 1 }], ..common },
            Keeping::Always => Config { appendonly: true, appendfsync: AppendFsync::Always, ..common },
            Keeping::Everysec => Config { appendonly: true, ..common },
        }
    }

    /// What makes the file anew.
    fn renewal(self) -> &'static str {
        match self {
            Keeping::Snapshots => "BGSAVE",
            Keeping::Always | Keeping::Everysec => "BGREWRITEAOF",
        }
    }
}

/// What happens in a run.
pub(super) enum Step {
    /// A client sends one command.
    Command(String),
    /// A client sends a transaction.
    Transaction(Vec<String>),
    /// Time passes.
    Pass(u64),
    /// The disk carries out so much of what it was asked for.
    Disk(usize),
}

/// Writes of several kinds, between the steps of snapshots and rewrites that begin by themselves and on demand.
pub(super) fn script(keeping: Keeping, seed: u64) -> Vec<Step> {
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
            2 | 3 if keeping == Keeping::Everysec => {
                steps.push(Step::Command("WAITAOF 1 0 0".to_owned()));
                steps.push(Step::Pass(1100));
                steps.push(Step::Disk(random.below(6) as usize));
                steps.push(Step::Pass(1100));
            }
            _ => steps.push(Step::Pass(2100)),
        }
        steps.push(Step::Disk(random.below(8) as usize));
    }
    match keeping {
        Keeping::Snapshots => steps.push(Step::Command("SAVE".to_owned())),
        Keeping::Always => {}
        Keeping::Everysec => {
            steps.push(Step::Command("WAITAOF 1 0 0".to_owned()));
            steps.push(Step::Disk(usize::MAX));
            steps.push(Step::Pass(1100));
        }
    }
    steps.push(Step::Disk(usize::MAX));
    steps
}
