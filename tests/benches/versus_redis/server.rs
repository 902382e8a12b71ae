//! How are the servers started, watched and ended?

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use afterimage_tests::Release;
use anyhow::{Context, Result, bail, ensure};
use tempfile::TempDir;

use crate::client::Client;
use crate::cores::{Cores, Job};

/// How long a server may take to answer for the first time, with gigabytes to load.
const START_TIMEOUT: Duration = Duration::from_secs(300);
/// Makes a server keep an append-only file, and leaves it alone until it is asked to write it anew.
pub(crate) const WITH_AOF: [(&str, &str); 2] = [("appendonly", "yes"), ("auto-aof-rewrite-percentage", "0")];

/// Who is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum System {
    Afterimage,
    Redis,
    /// Valkey 9, where `AFTERIMAGE_PEERS` has it.
    Valkey,
}

impl System {
    pub(crate) const BOTH: [System; 2] = [System::Afterimage, System::Redis];
    pub(crate) const ALL: [System; 3] = [System::Afterimage, System::Redis, System::Valkey];

    pub(crate) fn name(self) -> &'static str {
        match self {
            System::Afterimage => "Afterimage",
            System::Redis => "Redis",
            System::Valkey => "Valkey 9",
        }
    }
}

/// The programs.
pub(crate) struct Programs {
    afterimage: PathBuf,
    valkey: Option<PathBuf>,
}

impl Programs {
    /// Builds ours as it is released, with the cargo that built this bench.
    pub(crate) fn prepare() -> Result<Programs> {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--release", "--package", "afterimage-server"]);
        cargo.args(["--message-format", "json-render-diagnostics"]);
        let built = cargo.current_dir(env!("CARGO_MANIFEST_DIR")).stderr(Stdio::inherit()).output()?;
        ensure!(built.status.success(), "afterimage-server does not build");
        let messages = String::from_utf8_lossy(&built.stdout);
        let mut messages = messages.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
        let path = messages.find_map(|message| message["executable"].as_str().map(PathBuf::from));
        let afterimage = path.context("cargo does not say where it put afterimage-server")?;
        Ok(Programs { afterimage, valkey: Release::Valkey9.find_or_skip() })
    }

    /// As `redis-server --version` tells it.
    pub(crate) fn redis_version(&self) -> Result<String> {
        let output = Command::new("redis-server").arg("--version").output()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let version = text.split_whitespace().find_map(|word| word.strip_prefix("v="));
        Ok(version.unwrap_or("of unknown version").to_owned())
    }

    /// The systems that can be measured.
    pub(crate) fn systems(&self) -> Vec<System> {
        let has = |system: &System| *system != System::Valkey || self.valkey.is_some();
        System::ALL.into_iter().filter(has).collect()
    }

    fn path(&self, system: System) -> &Path {
        match system {
            System::Afterimage => &self.afterimage,
            System::Redis => Path::new("redis-server"),
            System::Valkey => self.valkey.as_deref().unwrap_or(Path::new("valkey-server")),
        }
    }
}

/// A running server, which ends with this value.
pub(crate) struct Server {
    child: Child,
    pub(crate) system: System,
    pub(crate) port: u16,
    directory: Arc<TempDir>,
}

impl Server {
    /// Starts a server without persistence on a free port of the loopback interface, and waits until it answers.
    pub(crate) fn start(programs: &Programs, system: System, cores: &Cores, job: Job) -> Result<Server> {
        let command = cores.command(programs.path(system), job);
        Server::spawn(system, command, Arc::new(tempfile::tempdir()?), &[])
    }

    /// Starts a server to be measured over the files in `directory`, with more directives, and waits until it has loaded what is there.
    pub(crate) fn start_in(
        programs: &Programs,
        system: System,
        cores: &Cores,
        directory: &Arc<TempDir>,
        directives: &[(&str, &str)],
    ) -> Result<Server> {
        let command = cores.command(programs.path(system), Job::Server);
        Server::spawn(system, command, Arc::clone(directory), directives)
    }

    fn spawn(
        system: System,
        mut command: Command,
        directory: Arc<TempDir>,
        directives: &[(&str, &str)],
    ) -> Result<Server> {
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let log = File::create(directory.path().join("log"))?;
        command.args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""]);
        command.arg("--dir").arg(directory.path());
        command.args(["--repl-diskless-sync-delay", "0", "--enable-debug-command", "yes"]);
        for (name, value) in directives {
            command.args([format!("--{name}"), (*value).to_owned()]);
        }
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let child = command.spawn().with_context(|| format!("starting the server of {}", system.name()))?;
        let mut server = Server { child, system, port, directory };
        server.wait_until_ready().with_context(|| format!("the server of {}", system.name()))?;
        Ok(server)
    }

    pub(crate) fn client(&self) -> Result<Client> {
        Client::connect(self.port)
    }

    /// Makes it a replica and waits until it has caught up with `master`, in whatever kind of synchronisation.
    /// Returns how long that took.
    pub(crate) fn follow(&self, master: &Server) -> Result<Duration> {
        /// Short beside what is measured, and few enough questions not to burden the replica.
        const POLL_INTERVAL: Duration = Duration::from_millis(5);
        const TIMEOUT: Duration = Duration::from_secs(300);
        let expected = master.client()?.key_count()?;
        let mut client = self.client()?;
        let begin = Instant::now();
        client.call(&format!("REPLICAOF 127.0.0.1 {}", master.port))?;
        while begin.elapsed() < TIMEOUT {
            // While it loads, it has no other answer than that.
            let is_up = client.info("replication", "master_link_status").is_ok_and(|status| status == "up");
            if is_up && client.key_count().is_ok_and(|count| count == expected) {
                return Ok(begin.elapsed());
            }
            thread::sleep(POLL_INTERVAL);
        }
        bail!("no replica after {} seconds", TIMEOUT.as_secs())
    }

    /// The memory that it occupies, in bytes.
    pub(crate) fn resident_bytes(&self) -> Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS of the server")?;
        let kib: u64 = line.trim().trim_end_matches(" kB").parse()?;
        Ok(kib * 1024)
    }

    /// Processor time used so far by all of its threads, in user and kernel mode, in seconds. In steps of the kernel's
    /// clock tick, mostly 10 ms.
    pub(crate) fn cpu_s(&self) -> Result<f64> {
        let text = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // The name before the last parenthesis may hold blanks. The fields after it are counted from 3 in proc(5).
        let (_, fields) = text.rsplit_once(')').context("no stat of the server")?;
        let fields: Vec<&str> = fields.split_whitespace().collect();
        let [Some(user), Some(system)] = [14, 15].map(|field| fields.get(field - 3)) else {
            bail!("the server's stat is too short")
        };
        let ticks = user.parse::<u64>()? + system.parse::<u64>()?;
        Ok(ticks as f64 / rustix::param::clock_ticks_per_second() as f64)
    }

    /// Ends it in order, with nothing that it has accepted left in its own memory.
    pub(crate) fn shut_down(mut self) -> Result<()> {
        // Who ends does not answer.
        let _ = self.client()?.call("SHUTDOWN NOSAVE");
        let status = self.child.wait()?;
        ensure!(status.success(), "ended with {status}");
        Ok(())
    }

    fn wait_until_ready(&mut self) -> Result<()> {
        /// Short beside what loading takes, and few enough questions not to burden it.
        const POLL_INTERVAL: Duration = Duration::from_millis(5);
        let begin = Instant::now();
        while begin.elapsed() < START_TIMEOUT {
            if let Some(status) = self.child.try_wait()? {
                let log = fs::read_to_string(self.directory.path().join("log")).unwrap_or_default();
                bail!("ended at once, with {status}:\n{log}");
            }
            if self.client().and_then(|mut client| client.call("PING")).is_ok() {
                return Ok(());
            }
            thread::sleep(POLL_INTERVAL);
        }
        bail!("does not answer on port {}", self.port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // What it stores goes with its directory. It may also have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
