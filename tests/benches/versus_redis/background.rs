//! How is a server watched while it writes all its data to its disk?

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde::Serialize;

use crate::client::Client;
use crate::server::{Server, System};

/// What is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) enum Work {
    Save,
    Rewrite,
}

/// What it took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Done {
    /// From the command until INFO tells of nothing under way.
    pub(crate) seconds: f64,
    /// Memory at its peak, with what a forked child had copied, less what was taken before.
    pub(crate) extra_mb: f64,
}

impl Work {
    /// The command that asks for it.
    pub(crate) fn command(self) -> &'static str {
        match self {
            Work::Save => "BGSAVE",
            Work::Rewrite => "BGREWRITEAOF",
        }
    }

    /// Has it done and waits until it is.
    pub(crate) fn perform(self, server: &Server) -> Result<Done> {
        const POLL_INTERVAL: Duration = Duration::from_millis(5);
        const TIMEOUT: Duration = Duration::from_secs(300);
        let mut client = server.client()?;
        let before = server.resident_bytes()?;
        let mut peak = before;
        let begin = Instant::now();
        client.call(self.command())?;
        while self.is_under_way(&mut client)? {
            if begin.elapsed() > TIMEOUT {
                bail!("{} is not done after {} seconds", self.command(), TIMEOUT.as_secs());
            }
            peak = peak.max(server.resident_bytes()?);
            thread::sleep(POLL_INTERVAL);
        }
        let seconds = begin.elapsed().as_secs_f64();
        let (status, copied) = match self {
            Work::Save => ("rdb_last_bgsave_status", "rdb_last_cow_size"),
            Work::Rewrite => ("aof_last_bgrewrite_status", "aof_last_cow_size"),
        };
        let status = client.info("persistence", status)?;
        ensure!(status == "ok", "{} ended with {status}", self.command());
        let copied: u64 = match server.system {
            System::Afterimage => 0,
            _ => client.info("persistence", copied)?.parse().context("the memory that was copied")?,
        };
        Ok(Done { seconds, extra_mb: (peak - before + copied) as f64 / 1e6 })
    }

    fn is_under_way(self, client: &mut Client) -> Result<bool> {
        let fields: &[&str] = match self {
            Work::Save => &["rdb_bgsave_in_progress"],
            Work::Rewrite => &["aof_rewrite_in_progress", "aof_rewrite_scheduled"],
        };
        for field in fields {
            if client.info("persistence", field)? != "0" {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
