//! Which processor runs what, so that neither server nor load generator moves about?

use std::ffi::OsStr;
use std::fmt;
use std::process::Command;

use rustix::thread::{CpuSet, sched_getaffinity};

/// The processors in use; none if programs cannot be pinned.
pub(crate) struct Cores {
    allowed: Vec<usize>,
}

/// What a program is for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Job {
    /// The server that is measured.
    Server,
    /// redis-benchmark.
    Generator,
    /// Replicas of the server that is measured.
    Replica,
}

impl Cores {
    /// Chooses from the processors that this process may use. With a single one there is nothing to choose.
    pub(crate) fn choose(has_taskset: bool) -> Cores {
        let allowed = sched_getaffinity(None).map_or_else(
            |_| Vec::new(),
            |set| (0..CpuSet::MAX_CPU).filter(|&cpu| set.is_set(cpu)).take(4).collect::<Vec<_>>(),
        );
        Cores { allowed: if has_taskset && allowed.len() > 1 { allowed } else { Vec::new() } }
    }

    /// Programs run wherever the system puts them.
    pub(crate) fn unpinned() -> Cores {
        Cores { allowed: Vec::new() }
    }

    /// A command that runs `program` where its job belongs. A replica that shares processors with its master, which it would not elsewhere, gets what
    /// that leaves of them.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>, job: Job) -> Command {
        let Some(list) = self.list(job) else {
            let Job::Replica = job else { return Command::new(program) };
            let mut command = Command::new("nice");
            command.arg(program);
            return command;
        };
        let mut command = Command::new("taskset");
        command.args(["-c", &list]).arg(program);
        command
    }

    fn list(&self, job: Job) -> Option<String> {
        let (first, second) = (self.allowed.first()?, self.allowed.get(1)?);
        Some(match (job, &self.allowed[2..]) {
            (Job::Server, _) => first.to_string(),
            // On two processors the replicas take time from the generator, not from the server.
            (Job::Generator, _) | (Job::Replica, []) => second.to_string(),
            (Job::Replica, rest) => rest.iter().map(usize::to_string).collect::<Vec<_>>().join(","),
        })
    }
}

impl fmt::Display for Cores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.list(Job::Server), self.list(Job::Generator), self.list(Job::Replica)) {
            (Some(server), Some(generator), Some(replica)) => {
                write!(f, "server on processor {server}, redis-benchmark on {generator}, replicas on {replica}")
            }
            _ => write!(f, "programs not pinned to processors"),
        }
    }
}
