//! How does a real Sentinel watch over servers?

use std::fs;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::client::Client;
use crate::release::Release;
use crate::reply::Reply;
use crate::server::free_port;
use crate::wait::wait_for;

/// The name by which it knows the master.
const NAME: &str = "watched";

/// A Sentinel of the system's Redis. It is killed when it goes out of scope.
#[derive(Debug)]
pub struct Sentinel {
    child: Child,
    port: u16,
    dir: TempDir,
}

impl Sentinel {
    /// Watches the master on a port, alone; it calls it down after so many milliseconds of silence. `None` if there is no Redis and it may be missing.
    ///
    /// # Panics
    /// If it does not start.
    #[must_use]
    #[track_caller]
    pub fn watch(master: u16, down_after_ms: u32) -> Option<Sentinel> {
        let binary = Release::Redis7.find_or_skip()?;
        let dir = tempfile::tempdir().expect("a temporary directory can be made");
        let port = free_port();
        let file = dir.path().join("sentinel.conf");
        let text = format!(
            "port {port}\nbind 127.0.0.1\ndir {}\nlogfile log\nsentinel monitor {NAME} 127.0.0.1 {master} 1\n\
             sentinel down-after-milliseconds {NAME} {down_after_ms}\nsentinel failover-timeout {NAME} 10000\n",
            dir.path().display()
        );
        fs::write(&file, text).expect("a file can be written");
        let child = Command::new(binary)
            .arg(&file)
            .arg("--sentinel")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("it can be run");
        let sentinel = Sentinel { child, port, dir };
        wait_for("the Sentinel to start", || Client::try_connect(port).ok());
        Some(sentinel)
    }

    fn ask(&self, line: &str) -> Reply {
        Client::try_connect(self.port).expect("the Sentinel accepts connections").line(line)
    }

    /// The port of the master, as it sees it.
    #[must_use]
    #[track_caller]
    pub fn master(&self) -> u16 {
        let words = self.ask(&format!("sentinel get-master-addr-by-name {NAME}")).elements();
        words.get(1).and_then(|port| port.clone().text().parse().ok()).expect("it knows the master")
    }

    /// How many replicas it has found.
    #[must_use]
    #[track_caller]
    pub fn replicas(&self) -> usize {
        self.ask(&format!("sentinel replicas {NAME}")).elements().len()
    }

    /// What it has logged.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.dir.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Sentinel {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
