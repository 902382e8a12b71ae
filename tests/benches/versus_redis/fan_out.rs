//! What do many replicas cost a master?
//!
//! The replicas are sockets of this bench that read what they are sent and forget it, so that what is measured is the master alone.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use indicatif::ProgressBar;
use serde::Serialize;

use crate::command::Request;
use crate::cores::{Cores, Job};
use crate::load::{KEY_SPACE, VALUE_BYTES, generate};
use crate::median;
use crate::server::{Programs, Server, System};

/// How many replicas there are by turns.
pub(crate) const REPLICA_COUNTS: [usize; 3] = [1, 10, 100];
const PIPELINE: u32 = 16;
const TIMEOUT: Duration = Duration::from_secs(120);

/// What one number of replicas cost, the median of the rounds.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) replicas: usize,
    pub(crate) ours: Cost,
    pub(crate) redis: Cost,
}

/// What was seen of one master.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Cost {
    /// Processor time of the master per write, in microseconds.
    pub(crate) cpu_us: f64,
    /// From the first write until the last replica has the last one.
    pub(crate) seconds: f64,
    /// Memory of the master beyond what it took before its replicas came, at its peak.
    pub(crate) extra_mb: f64,
}

/// How many runs [`measure`] makes.
pub(crate) fn steps(rounds: u16) -> u64 {
    (REPLICA_COUNTS.len() * System::BOTH.len()) as u64 * u64::from(rounds)
}

/// How many writes there are in each run.
pub(crate) fn writes(is_quick: bool) -> u64 {
    if is_quick { 50_000 } else { 200_000 }
}

/// Writes to masters with more and more replicas, by turns.
pub(crate) fn measure(
    programs: &Programs,
    cores: &Cores,
    rounds: u16,
    is_quick: bool,
    progress: &ProgressBar,
) -> Result<Vec<Row>> {
    let run = |system: System, replicas| {
        progress.set_message(format!("{} with {replicas} replicas", system.name()));
        let cost = feed(programs, cores, system, replicas, writes(is_quick)).context(system.name());
        progress.inc(1);
        cost
    };
    REPLICA_COUNTS
        .into_iter()
        .map(|replicas| {
            let mut costs = [Vec::new(), Vec::new()];
            for _ in 0..rounds {
                for (system, costs) in System::BOTH.into_iter().zip(&mut costs) {
                    costs.push(run(system, replicas)?);
                }
            }
            let [ours, redis] = costs.map(|costs| median_cost(&costs));
            Ok(Row { replicas, ours, redis })
        })
        .collect()
}

fn median_cost(costs: &[Cost]) -> Cost {
    let of = |field: fn(&Cost) -> f64| median(costs.iter().map(field));
    Cost { cpu_us: of(|cost| cost.cpu_us), seconds: of(|cost| cost.seconds), extra_mb: of(|cost| cost.extra_mb) }
}

fn feed(programs: &Programs, cores: &Cores, system: System, count: usize, writes: u64) -> Result<Cost> {
    let master = Server::start(programs, system, cores, Job::Server)?;
    generate(&master, cores, &Request::Test("set"), 64, KEY_SPACE, KEY_SPACE)?;
    let before_bytes = master.resident_bytes()?;
    let replicas = Replicas::attach(&master, count)?;
    let is_over = AtomicBool::new(false);
    let outcome = thread::scope(|scope| {
        let reading = scope.spawn(|| replicas.read_until(&is_over));
        let outcome = write(&master, cores, &replicas, writes, before_bytes);
        is_over.store(true, Ordering::Relaxed);
        reading.join().ok().context("the replicas")??;
        outcome
    })?;
    Ok(outcome)
}

fn write(master: &Server, cores: &Cores, replicas: &Replicas, writes: u64, before_bytes: u64) -> Result<Cost> {
    let mut client = master.client()?;
    // All of them are through with their data set before anything is measured.
    barrier(&mut client, replicas, "attached")?;
    let (begin, begin_cpu_s) = (Instant::now(), master.cpu_s()?);
    generate(master, cores, &Request::Test("set"), PIPELINE, writes, KEY_SPACE)?;
    barrier(&mut client, replicas, "written")?;
    let extra_bytes = master.resident_bytes()?.saturating_sub(before_bytes);
    Ok(Cost {
        cpu_us: (master.cpu_s()? - begin_cpu_s) * 1e6 / writes as f64,
        seconds: begin.elapsed().as_secs_f64(),
        extra_mb: extra_bytes as f64 / 1e6,
    })
}

/// Waits until all replicas have what was written so far.
fn barrier(client: &mut crate::client::Client, replicas: &Replicas, name: &str) -> Result<()> {
    let value = format!("barrier-{name}-on-all-replicas");
    client.call(&format!("SET barrier {value}"))?;
    let begin = Instant::now();
    while !replicas.all_end_with(value.as_bytes()) {
        ensure!(begin.elapsed() < TIMEOUT, "a replica has not got everything after {} seconds", TIMEOUT.as_secs());
        thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}

/// A socket that has asked for everything, and the end of what it was sent.
struct Replica {
    stream: TcpStream,
    tail: Vec<u8>,
}

struct Replicas(Mutex<Vec<Replica>>);

impl Replicas {
    /// Lets `count` replicas ask for everything at once.
    fn attach(master: &Server, count: usize) -> Result<Replicas> {
        let attach = |_| {
            let mut stream = TcpStream::connect(("127.0.0.1", master.port))?;
            // The SYNC of old: nothing has to be acknowledged.
            stream.write_all(b"SYNC\r\n")?;
            stream.set_nonblocking(true)?;
            anyhow::Ok(Replica { stream, tail: Vec::new() })
        };
        Ok(Replicas(Mutex::new((0..count).map(attach).collect::<Result<_>>()?)))
    }

    fn read_until(&self, is_over: &AtomicBool) -> Result<()> {
        let mut buffer = vec![0; 256 * 1024];
        while !is_over.load(Ordering::Relaxed) {
            let mut has_read = false;
            for replica in self.0.lock().ok().context("the replicas")?.iter_mut() {
                has_read |= replica.read(&mut buffer)?;
            }
            if !has_read {
                thread::sleep(Duration::from_micros(200));
            }
        }
        Ok(())
    }

    fn all_end_with(&self, value: &[u8]) -> bool {
        let holds = |replica: &Replica| replica.tail.windows(value.len()).any(|window| window == value);
        self.0.lock().is_ok_and(|replicas| replicas.iter().all(holds))
    }
}

impl Replica {
    /// Reads once; true if there was something.
    fn read(&mut self, buffer: &mut [u8]) -> Result<bool> {
        /// Longer than the write that is looked for, and a PING behind it.
        const TAIL_BYTES: usize = 256;
        let count = match self.stream.read(buffer) {
            Ok(0) => bail!("a replica was dropped"),
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
            Err(error) => return Err(error.into()),
        };
        self.tail.extend_from_slice(&buffer[count.saturating_sub(TAIL_BYTES)..count]);
        self.tail.drain(..self.tail.len().saturating_sub(TAIL_BYTES));
        Ok(true)
    }
}

/// As the report names what was written.
pub(crate) fn describe(is_quick: bool) -> String {
    format!("{} times SET, pipeline {PIPELINE}, {VALUE_BYTES} bytes", writes(is_quick))
}
