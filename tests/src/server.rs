//! How is a server started, watched and ended?

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::Write;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::thread;

use tempfile::TempDir;

use crate::binary::our_binary;
use crate::client::Client;
use crate::release::{Release, find_clock_library};
use crate::reply::Reply;
use crate::wait::{wait_for, wait_until, wait_until_or_explain};

/// What a server is started with.
#[derive(Clone, Debug)]
pub struct Options {
    binary: PathBuf,
    /// Shared by the servers that follow one another over the same files.
    dir: Arc<TempDir>,
    arguments: Vec<String>,
    environment: Vec<(&'static str, OsString)>,
    /// It is started with a configuration file.
    has_file: bool,
    /// No file may grow beyond that.
    file_limit_kib: Option<u64>,
    /// Where it is to listen; anywhere if nowhere.
    port: Option<u16>,
}

impl Options {
    /// Our own server, without snapshots, with DEBUG allowed.
    #[must_use]
    pub fn ours() -> Options {
        Options::new(our_binary().to_owned()).with("enable-debug-command", "yes")
    }

    /// True for our own server.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        self.binary == our_binary()
    }

    /// A real server, without snapshots, with DEBUG allowed; `None` if it is not there and may be missing.
    #[must_use]
    pub fn real(release: Release) -> Option<Options> {
        let options = Options::new(release.find_or_skip()?);
        Some(if release.guards_debug() { options.with("enable-debug-command", "yes") } else { options })
    }

    fn new(binary: PathBuf) -> Options {
        let dir = Arc::new(tempfile::tempdir().expect("a temporary directory can be made"));
        let options = Options {
            binary,
            dir,
            arguments: Vec::new(),
            environment: Vec::new(),
            has_file: false,
            file_limit_kib: None,
            port: None,
        };
        options.with("bind", "127.0.0.1").with("save", "").with("repl-diskless-sync-delay", "0")
    }

    /// Adds a directive. Values with several words are given as several arguments, as on a shell.
    #[must_use]
    pub fn with(mut self, directive: &str, value: &str) -> Options {
        self.arguments.push(format!("--{directive}"));
        if value.is_empty() {
            self.arguments.push(String::new());
        }
        self.arguments.extend(value.split_whitespace().map(str::to_owned));
        self
    }

    /// Its wall clock is so far from ours; `None` if that cannot be done here and may be missing.
    ///
    /// Real servers that allocate by jemalloc do not start under the library that does it.
    #[must_use]
    pub fn with_clock(mut self, ahead_s: i64) -> Option<Options> {
        let library = find_clock_library()?;
        let offset = format!("{ahead_s:+}s");
        self.environment.extend([
            ("LD_PRELOAD", library.into_os_string()),
            ("FAKETIME", offset.into()),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".into()),
            ("NO_FAKE_STAT", "1".into()),
        ]);
        Some(self)
    }

    /// Starts it with a configuration file in its directory. What was added by [`Options::with`] overrules it.
    ///
    /// # Panics
    /// If it cannot be written.
    #[must_use]
    pub fn with_file(mut self, text: &[u8]) -> Options {
        fs::write(self.config_file(), text).expect("a file can be written");
        self.has_file = true;
        self
    }

    /// It listens where another one did that has ended.
    #[must_use]
    pub fn on_port(mut self, port: u16) -> Options {
        self.port = Some(port);
        self
    }

    /// No file that it writes may grow beyond that: to it, the disk is full then. [`Server::limit_files_to`] makes room.
    #[must_use]
    pub fn with_file_limit(mut self, kib: u64) -> Options {
        self.file_limit_kib = Some(kib);
        self
    }

    /// Where its configuration file lies, if it has one.
    #[must_use]
    pub fn config_file(&self) -> PathBuf {
        self.dir().join("redis.conf")
    }

    /// Uses the directory, and so the files, of another server.
    #[must_use]
    pub fn in_dir_of(mut self, other: &Options) -> Options {
        self.dir = Arc::clone(&other.dir);
        self
    }

    /// Where its files lie.
    #[must_use]
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// A Redis is its own tool for append-only files, under another name: lets that mend the files that are named in the manifest.
    ///
    /// # Panics
    /// If it cannot be run, or cannot mend them.
    pub fn mend_aof(&self) {
        let mut tool = self
            .program()
            .arg0("redis-check-aof")
            .arg("--fix")
            .arg(self.dir().join("appendonlydir/appendonly.aof.manifest"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it can be run");
        // It has not asked if there is nothing to mend.
        let _ = tool.stdin.take().expect("it is piped").write_all(b"y\n");
        let output = tool.wait_with_output().expect("it ends");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    }

    /// Where its snapshot lies.
    #[must_use]
    pub fn rdb(&self) -> PathBuf {
        self.dir().join("dump.rdb")
    }

    /// Starts it and waits until it answers PING without an error, with all its data loaded.
    ///
    /// # Panics
    /// If it ends instead.
    #[must_use]
    #[track_caller]
    pub fn start(self) -> Server {
        self.try_start().unwrap_or_else(|| panic!("{} does not start:\n{}", self.binary.display(), self.log()))
    }

    /// The same; `None` if it ends instead.
    #[must_use]
    #[track_caller]
    pub fn try_start(&self) -> Option<Server> {
        // A free port may be taken by somebody else before the server has it.
        const ATTEMPTS: usize = 3;
        for _ in 0..ATTEMPTS {
            let mut server = self.spawn();
            let is_up = wait_for("the server to start", || server.look_for_start());
            if is_up {
                return Some(server);
            }
        }
        None
    }

    /// Starts it although it should not run, and waits for its end.
    #[must_use]
    #[track_caller]
    pub fn run_to_exit(self) -> Exit {
        // A free port may be taken by somebody else before the server has it: that is not the end that is meant.
        const ATTEMPTS: usize = 3;
        for _ in 1..ATTEMPTS {
            let exit = self.run_once_to_exit();
            if !exit.log.contains("Address already in use") {
                return exit;
            }
        }
        self.run_once_to_exit()
    }

    #[track_caller]
    fn run_once_to_exit(&self) -> Exit {
        let mut server = self.spawn();
        let status = server.wait_for_exit();
        Exit { status, log: server.options.log() }
    }

    /// Starts it and waits for nothing.
    ///
    /// # Panics
    /// If there is no such program.
    #[must_use]
    pub fn spawn(&self) -> Server {
        let port = self.port.unwrap_or_else(free_port);
        let log = File::create(self.log_path()).expect("a log file can be made");
        let also_log = log.try_clone().expect("a file handle can be doubled");
        let file = self.has_file.then(|| self.config_file());
        let child = self
            .program()
            .args(file)
            .args(["--port", &port.to_string(), "--dir"])
            .arg(self.dir())
            .args(&self.arguments)
            .envs(self.environment.iter().cloned())
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(also_log)
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", self.binary.display()));
        Server { child, port, options: self.clone() }
    }

    /// The program, or a shell that becomes it once the limit is set.
    fn program(&self) -> Command {
        let Some(kib) = self.file_limit_kib else { return Command::new(&self.binary) };
        let mut shell = Command::new("sh");
        // The unit is a block of 512 bytes.
        let blocks = 2 * kib;
        let script = format!("ulimit -S -f {blocks}; exec \"$0\" \"$@\"");
        shell.args(["-c", &script]).arg(&self.binary);
        shell
    }

    fn log_path(&self) -> PathBuf {
        self.dir().join("log")
    }

    /// What was logged so far by the server that was started last in its directory.
    #[must_use]
    pub fn log(&self) -> String {
        let bytes = fs::read(self.log_path()).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// How a server ended that was not meant to run.
#[derive(Debug)]
pub struct Exit {
    /// Its exit status.
    pub status: ExitStatus,
    /// All that it said.
    pub log: String,
}

/// A running server. It is killed when it goes out of scope; if that is by a panic, the end of its log is shown.
#[derive(Debug)]
pub struct Server {
    child: Child,
    port: u16,
    options: Options,
}

impl Server {
    /// Where it listens.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What it was started with: to start another over the same files.
    #[must_use]
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// A new connection to it.
    #[must_use]
    #[track_caller]
    pub fn client(&self) -> Client {
        Client::try_connect(self.port).expect("the server accepts connections")
    }

    /// A command of words without spaces, on a connection of its own.
    #[track_caller]
    pub fn line(&self, line: &str) -> Reply {
        self.client().line(line)
    }

    /// The fields of `INFO section`.
    #[must_use]
    #[track_caller]
    pub fn info(&self, section: &str) -> BTreeMap<String, String> {
        let text = self.client().call(&["info", section]).text();
        let fields = text.lines().filter_map(|line| line.split_once(':'));
        fields.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    /// One number of `INFO section`; 0 if it is missing, as it is while it does not apply.
    #[must_use]
    #[track_caller]
    pub fn count(&self, section: &str, field: &str) -> u64 {
        self.info(section).get(field).and_then(|value| value.parse().ok()).unwrap_or(0)
    }

    /// `DEBUG DIGEST`: a sum over all keys, values, expiries and databases.
    #[must_use]
    #[track_caller]
    pub fn digest(&self) -> String {
        self.line("debug digest").text()
    }

    /// Makes it a replica of what listens on `port`.
    #[track_caller]
    pub fn follow(&self, port: u16) {
        let reply = self.line(&format!("replicaof 127.0.0.1 {port}"));
        assert!(reply.text().starts_with("OK"), "{reply:?}");
    }

    /// Makes it a master.
    #[track_caller]
    pub fn promote(&self) {
        let reply = self.line("replicaof no one");
        assert!(reply.is_ok(), "{reply:?}");
    }

    /// The name of the history that it writes or follows.
    #[must_use]
    #[track_caller]
    pub fn history(&self) -> String {
        self.info("replication")["master_replid"].clone()
    }

    /// From now on this master adds nothing to its stream by itself, no ping and no expiry: what its replica has
    /// applied stays all that there is, so that the replica can take over without a byte of the master's being lost.
    #[track_caller]
    pub fn quieten(&self) {
        for line in ["debug set-active-expire 0", "config set repl-ping-replica-period 3600"] {
            let reply = self.line(line);
            assert!(reply.is_ok(), "{line}: {reply:?}");
        }
    }

    /// Whether it is a replica whose link is up.
    #[must_use]
    #[track_caller]
    pub fn is_linked(&self) -> bool {
        self.info("replication").get("master_link_status").is_some_and(|status| status == "up")
    }

    /// Its place in the history that it writes or follows.
    #[must_use]
    #[track_caller]
    pub fn offset(&self) -> u64 {
        self.count("replication", "master_repl_offset")
    }

    /// Waits until the link of this replica is up and both have applied the same bytes to the same data.
    #[track_caller]
    pub fn wait_until_equal_to(&self, master: &Server) {
        wait_until("the link to be up", || self.is_linked());
        wait_until("the offsets to meet", || self.offset() == master.offset());
        self.wait_until_same_data_as(master);
        wait_until("the offsets to stay together", || self.offset() == master.offset());
    }

    /// Waits until both hold the same: what has expired goes here and there when each finds it.
    #[track_caller]
    pub fn wait_until_same_data_as(&self, other: &Server) {
        let is_equal = || self.digest() == other.digest();
        wait_until_or_explain(is_equal, || format!("the data differ:\n{}", self.difference_from(other)));
    }

    /// The first keys that are not the same here and there, a line for each: what is here, and what is there.
    #[must_use]
    pub fn difference_from(&self, other: &Server) -> String {
        const SHOWN_MAX: usize = 5;
        const DATABASES: usize = 16;
        let mut sides = [self.client(), other.client()];
        let mut lines = Vec::new();
        for database in 0..DATABASES {
            let mut keys = BTreeSet::new();
            for side in &mut sides {
                assert!(side.line(&format!("select {database}")).is_ok());
                keys.extend(side.line("keys *").elements().into_iter().map(|key| match key {
                    Reply::Bulk(bytes) => bytes,
                    other => panic!("a key is {other:?}"),
                }));
            }
            for key in keys {
                let about = |side: &mut Client, words: &[&[u8]]| side.call(&[words, &[&key]].concat());
                let digests = sides.each_mut().map(|side| about(side, &[b"debug", b"digest-value"]));
                if digests[0] != digests[1] {
                    let shown = sides.each_mut().map(|side| {
                        let (kind, expires) = (about(side, &[b"type"]), about(side, &[b"pexpiretime"]));
                        let dump = match about(side, &[b"dump"]) {
                            Reply::Bulk(bytes) => bytes.escape_ascii().to_string(),
                            reply => format!("{reply:?}"),
                        };
                        format!("{kind:?} {expires:?} {dump}")
                    });
                    lines.push(format!("{database} {}: {} | {}", key.escape_ascii(), shown[0], shown[1]));
                }
            }
        }
        lines.truncate(SHOWN_MAX);
        lines.join("\n")
    }

    /// The memory that it occupies, in bytes.
    ///
    /// # Panics
    /// If the process has gone.
    #[must_use]
    #[track_caller]
    pub fn resident_bytes(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("the process lives");
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("it occupies memory");
        let kib: u64 = line.split_whitespace().nth(1).and_then(|word| word.parse().ok()).expect("VmRSS is a number");
        kib * 1024
    }

    /// Files may grow up to there from now on; see [`Options::with_file_limit`].
    ///
    /// # Panics
    /// If there is no program that does it.
    #[track_caller]
    pub fn limit_files_to(&self, kib: u64) {
        let arguments = [format!("--pid={}", self.child.id()), format!("--fsize={}:", kib * 1024)];
        let status = Command::new("prlimit").args(arguments).status().expect("prlimit of util-linux is there");
        assert!(status.success(), "prlimit: {status}");
    }

    /// Asks it to end, as a service manager does, and waits for it.
    #[track_caller]
    pub fn terminate(mut self) -> ExitStatus {
        let signal = Command::new("sh").args(["-c", &format!("kill -TERM {}", self.child.id())]).status();
        assert!(signal.expect("a shell can be run").success());
        self.wait_for_exit()
    }

    /// Kills it as `kill -9` does, and what it has forked: that would go on writing files for a server which is not there any more.
    ///
    /// # Panics
    /// If it does not end.
    #[track_caller]
    pub fn kill(mut self) {
        let pid = self.child.id();
        let forked = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
        self.child.kill().expect("a running process can be killed");
        self.wait_for_exit();
        for forked in forked.split_whitespace() {
            // It may have ended by itself.
            let _ = Command::new("sh").args(["-c", &format!("kill -KILL {forked} 2>/dev/null")]).status();
            let executable = format!("/proc/{forked}/exe");
            wait_until("what it has forked to end", || fs::read_link(&executable).is_err());
        }
    }

    fn wait_for_exit(&mut self) -> ExitStatus {
        wait_for("the server to exit", || self.child.try_wait().expect("a child can be waited for"))
    }

    /// `Some(true)` once it serves, `Some(false)` once it has ended.
    fn look_for_start(&mut self) -> Option<bool> {
        if self.child.try_wait().expect("a child can be waited for").is_some() {
            return Some(false);
        }
        let mut client = Client::try_connect(self.port).ok()?;
        client.try_send(b"*1\r\n$4\r\nping\r\n").ok()?;
        matches!(client.try_read(), Ok(Reply::Simple(_))).then_some(true)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A process that has ended already is what is wanted here.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            const LINES: usize = 30;
            let log = self.options.log();
            let lines: Vec<&str> = log.lines().collect();
            let tail = lines[lines.len().saturating_sub(LINES)..].join("\n");
            eprintln!("--- {} on port {}:\n{tail}", self.options.binary.display(), self.port);
        }
    }
}

/// A port that nobody listens on at the moment.
///
/// # Panics
/// If there is none.
#[must_use]
pub fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
    listener.local_addr().expect("a listener has an address").port()
}
