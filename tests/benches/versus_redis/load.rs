//! How many requests do the servers bear, how quickly are they answered, and what does each cost?

use std::fmt;
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use indicatif::ProgressBar;
use serde::Serialize;

use crate::command::{Breadth, Command, Given, Request};
use crate::cores::{Cores, Job};
use crate::median;
use crate::server::{Programs, Server, System};

/// Clients of redis-benchmark.
pub(crate) const CLIENTS: u32 = 50;
/// Keys that it draws from.
pub(crate) const KEY_SPACE: u64 = 100_000;
/// Bytes of a value: more than either server keeps beside the key.
pub(crate) const VALUE_BYTES: u32 = 100;

const PIPELINES: [u32; 3] = [1, 16, 64];
/// Replicas attached to each server, of its own kind.
const REPLICA_COUNTS: [u32; 2] = [0, 2];

/// One kind of load.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Load {
    pub(crate) command: &'static Command,
    pub(crate) pipeline: u32,
    pub(crate) replicas: u32,
}

impl Load {
    /// The loads of a command, as broadly as it is measured.
    fn all(command: &'static Command) -> impl Iterator<Item = Load> {
        let is_measured = |load: &Load| match command.breadth {
            Breadth::Full => true,
            Breadth::One => load.pipeline == 16 && load.replicas == 0,
        };
        let every = REPLICA_COUNTS
            .into_iter()
            .flat_map(move |replicas| PIPELINES.map(|pipeline| Load { command, pipeline, replicas }));
        every.filter(is_measured)
    }

    /// As many as keep a server busy for some seconds: its processor time is told in steps of 10 ms.
    fn requests(self, is_quick: bool) -> u64 {
        let requests = match self.pipeline {
            1 => self.command.kilo_requests * 100,
            2..=16 => self.command.kilo_requests * 1000,
            _ => self.command.kilo_requests * 2000,
        };
        if is_quick { requests / 4 } else { requests }
    }
}

impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Load { command, pipeline, replicas } = self;
        write!(f, "{}, pipeline {pipeline}, {replicas} replicas", command.name)
    }
}

/// What one run has shown.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Sample {
    pub(crate) requests_per_s: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    /// Processor time of the server per command, in microseconds.
    pub(crate) cpu_us: f64,
}

impl Sample {
    /// Of each figure by itself.
    pub(crate) fn median(samples: &[Sample]) -> Sample {
        let of = |field: fn(&Sample) -> f64| median(samples.iter().map(field));
        Sample {
            requests_per_s: of(|sample| sample.requests_per_s),
            p50_ms: of(|sample| sample.p50_ms),
            p99_ms: of(|sample| sample.p99_ms),
            cpu_us: of(|sample| sample.cpu_us),
        }
    }
}

/// A kind of load and what it came to, in the median of the rounds.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) load: Load,
    pub(crate) ours: Sample,
    pub(crate) redis: Sample,
}

/// A server and its replicas.
struct Group {
    master: Server,
    /// Held for as long as the master is measured.
    _replicas: Vec<Server>,
    replica_count: u32,
}

/// How many runs [`measure`] makes.
pub(crate) fn steps(commands: &[&'static Command], rounds: u16) -> u64 {
    let loads: usize = commands.iter().map(|command| Load::all(command).count()).sum();
    (loads * System::BOTH.len()) as u64 * u64::from(rounds)
}

/// Measures all kinds of load with `commands`.
pub(crate) fn measure(
    programs: &Programs,
    cores: &Cores,
    commands: &[&'static Command],
    rounds: u16,
    is_quick: bool,
    progress: &ProgressBar,
) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for replicas in REPLICA_COUNTS {
        let loads = commands.iter().flat_map(|command| Load::all(command)).filter(|load| load.replicas == replicas);
        let mut loads = loads.peekable();
        if loads.peek().is_none() {
            continue;
        }
        let ours = Group::start(programs, System::Afterimage, cores, replicas)?;
        let redis = Group::start(programs, System::Redis, cores, replicas)?;
        for load in loads {
            let requests = load.requests(is_quick);
            let mut samples = (Vec::new(), Vec::new());
            for _ in 0..rounds {
                progress.set_message(format!("Afterimage: {load}"));
                samples.0.push(ours.run(cores, load, requests)?);
                progress.inc(1);
                progress.set_message(format!("Redis: {load}"));
                samples.1.push(redis.run(cores, load, requests)?);
                progress.inc(1);
            }
            rows.push(Row { load, ours: Sample::median(&samples.0), redis: Sample::median(&samples.1) });
        }
    }
    Ok(rows)
}

impl Group {
    /// Starts a server and its replicas.
    fn start(programs: &Programs, system: System, cores: &Cores, replica_count: u32) -> Result<Group> {
        let master = Server::start(programs, system, cores, Job::Server)?;
        let mut replicas = Vec::new();
        for _ in 0..replica_count {
            let replica = Server::start(programs, system, cores, Job::Replica)?;
            replica.follow(&master).with_context(|| format!("a replica of {}", system.name()))?;
            replicas.push(replica);
        }
        Ok(Group { master, _replicas: replicas, replica_count })
    }

    /// Puts one load on the server, and waits until its replicas rest before the other server has its turn.
    fn run(&self, cores: &Cores, load: Load, requests: u64) -> Result<Sample> {
        self.prepare(cores, &load.command.given)?;
        let sample = measure_one(&self.master, cores, &load.command.request, load.pipeline, requests)?;
        self.settle()?;
        Ok(sample)
    }

    /// Lets the server have what the load needs, and nothing else.
    fn prepare(&self, cores: &Cores, given: &Given) -> Result<()> {
        /// Draws at random leave so few keys out that it makes no difference.
        const DRAWS_PER_KEY: u64 = 10;
        let fill = |test, requests, range| generate(&self.master, cores, &Request::Test(test), 64, requests, range);
        let mut client = self.master.client()?;
        match given {
            Given::Keys if client.key_count()? >= KEY_SPACE * 99 / 100 => return Ok(()),
            Given::Keys => {
                client.call("FLUSHALL")?;
                fill("set", KEY_SPACE * DRAWS_PER_KEY, KEY_SPACE)?;
                let found = client.key_count()?;
                ensure!(found > KEY_SPACE * 99 / 100 && found <= KEY_SPACE, "{found} keys after filling");
            }
            Given::Nothing => drop(client.call("FLUSHALL SYNC")?),
            Given::After(test, requests) => {
                client.call("FLUSHALL SYNC")?;
                fill(test, *requests, *requests)?;
            }
            Given::List => {
                client.call("FLUSHALL SYNC")?;
                fill("lpush", 600, 600)?;
            }
        }
        self.settle()
    }

    fn settle(&self) -> Result<()> {
        if self.replica_count > 0 {
            let mut client = self.master.client()?;
            client.call("SET versus-redis:barrier reached")?;
            let reached = client.call(&format!("WAIT {} 30000", self.replica_count))?;
            ensure!(reached == self.replica_count.to_string(), "only {reached} replicas are in touch");
            client.call("DEL versus-redis:barrier")?;
        }
        Ok(())
    }
}

/// Runs redis-benchmark against a server, and tells what that costs the server.
pub(crate) fn measure_one(
    server: &Server,
    cores: &Cores,
    request: &Request,
    pipeline: u32,
    requests: u64,
) -> Result<Sample> {
    let begin_s = server.cpu_s()?;
    let sample = generate(server, cores, request, pipeline, requests, KEY_SPACE)?;
    Ok(Sample { cpu_us: (server.cpu_s()? - begin_s) * 1e6 / requests as f64, ..sample })
}

/// Runs redis-benchmark against a server. Processor time is not filled in.
pub(crate) fn generate(
    server: &Server,
    cores: &Cores,
    request: &Request,
    pipeline: u32,
    requests: u64,
    range: u64,
) -> Result<Sample> {
    let mut command = cores.command("redis-benchmark", Job::Generator);
    for (option, value) in [
        ("-p", u64::from(server.port)),
        ("-c", CLIENTS.into()),
        ("-P", pipeline.into()),
        ("-n", requests),
        ("-r", range),
        ("-d", VALUE_BYTES.into()),
    ] {
        command.args([option, &value.to_string()]);
    }
    command.args(["-h", "127.0.0.1", "--csv"]);
    match request {
        Request::Test(test) => command.args(["-t", test]),
        Request::Words(words) => command.args(*words),
    };
    let output = command.stdin(Stdio::null()).output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    parse_csv(&text).with_context(|| {
        let errors = String::from_utf8_lossy(&output.stderr);
        format!("redis-benchmark ended with {} and said: {text}{errors}", output.status)
    })
}

/// Finds the columns by the names in the first line, since they differ from version to version.
fn parse_csv(text: &str) -> Result<Sample> {
    let cells = |line: &str| line.split(',').map(|cell| cell.trim_matches('"').to_owned()).collect::<Vec<_>>();
    let mut lines = text.lines().map(cells);
    let names = lines.find(|cells| cells.first().is_some_and(|cell| cell == "test")).context("there is no header")?;
    let row = lines.next().context("there is no result")?;
    let column = |name: &str| -> Result<f64> {
        let index = names.iter().position(|found| found == name);
        let cell = index.and_then(|index| row.get(index)).with_context(|| format!("there is no column {name}"))?;
        Ok(cell.parse()?)
    };
    Ok(Sample {
        requests_per_s: column("rps")?,
        p50_ms: column("p50_latency_ms")?,
        p99_ms: column("p99_latency_ms")?,
        cpu_us: 0.0,
    })
}
