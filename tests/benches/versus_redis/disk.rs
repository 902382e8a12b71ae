//! On which disk do the servers keep their data, and how quickly does it store a line for good?

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use crate::median;

/// Cargo's own directory for what benches write: on the disk where the code is built, while the system's may be mere memory.
const PARENT: &str = env!("CARGO_TARGET_TMPDIR");

/// A directory on it for the files of a server.
pub(crate) fn directory() -> Result<Arc<TempDir>> {
    fs::create_dir_all(PARENT)?;
    Ok(Arc::new(tempfile::tempdir_in(PARENT)?))
}

/// Which disk it is. An error if it is none.
pub(crate) fn describe() -> Result<String> {
    let directory = directory()?;
    let mounts = fs::read_to_string("/proc/mounts").context("what is mounted where")?;
    let (device, kind) = find_mount(&mounts, directory.path()).context("a directory that is mounted nowhere")?;
    ensure!(!["tmpfs", "ramfs"].contains(&kind), "{PARENT} lies in memory ({kind}): there is no disk to be measured");
    let sync_ms = sync_ms(directory.path())?;
    Ok(format!("{device} ({kind}), where a line of 100 bytes and fdatasync take {sync_ms:.2} ms"))
}

/// The device and the kind of file system that hold `path`.
fn find_mount<'a>(mounts: &'a str, path: &Path) -> Option<(&'a str, &'a str)> {
    let mounts = mounts.lines().filter_map(|line| {
        let mut words = line.split(' ');
        Some((words.next()?, Path::new(words.next()?), words.next()?))
    });
    // Of two on the same place, the later one hides the other.
    let holding = mounts.filter(|(_, place, _)| path.starts_with(place));
    holding.max_by_key(|(_, place, _)| place.components().count()).map(|(device, _, kind)| (device, kind))
}

/// The median time in which a line at the end of a file is stored for good.
fn sync_ms(directory: &Path) -> Result<f64> {
    const LINES: usize = 200;
    let mut file = File::create(directory.join("lines"))?;
    let mut times_ms = Vec::new();
    for _ in 0..LINES {
        let begin = Instant::now();
        file.write_all(&[b'x'; 100])?;
        file.sync_data()?;
        times_ms.push(begin.elapsed().as_secs_f64() * 1e3);
    }
    Ok(median(times_ms.into_iter()))
}
