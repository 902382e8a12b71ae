//! Which real servers are on this machine?

use std::env;
use std::fs;
use std::path::PathBuf;

use crate::binary::workspace;

/// A server of another maker, by its release. In the order in which they came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Release {
    /// Redis 3.0, which writes RDB version 6: lists are ziplists, scores are digits.
    Redis30,
    /// Redis 3.2, the first with quicklists.
    Redis32,
    /// Redis 5.0, the first with streams.
    Redis50,
    /// Redis 6.2, the last before multi-part AOF and the shared replication buffer.
    Redis62,
    /// Redis as the system has it (7.0 in Debian 12): the measure of everything.
    Redis7,
    /// Redis 8.0, which writes RDB version 12.
    Redis8,
    /// Valkey 8, which writes RDB version 11.
    Valkey8,
    /// Valkey 9, whose files bear a magic of their own.
    Valkey9,
}

impl Release {
    /// The binary, or a line on standard error that says why the test does not run.
    ///
    /// # Panics
    /// Where absence is a failure: in CI (`CI=true`), for the system's own Redis always, for a peer if `AFTERIMAGE_PEERS` is set.
    #[must_use]
    pub fn find_or_skip(self) -> Option<PathBuf> {
        match self {
            Release::Redis7 => find_tool("redis-server"),
            peer => find_peer(peer.launcher()),
        }
    }

    /// The client of this release, or a line on standard error that it is missing.
    ///
    /// # Panics
    /// As [`Release::find_or_skip`].
    #[must_use]
    pub fn find_cli(self) -> Option<PathBuf> {
        match self {
            Release::Redis7 => find_tool("redis-cli"),
            peer => find_peer(&peer.launcher().replace('-', "-cli-")),
        }
    }

    /// Whether DEBUG must be allowed by a directive, as it must since 7.0.
    #[must_use]
    pub fn guards_debug(self) -> bool {
        self >= Release::Redis7
    }

    fn launcher(self) -> &'static str {
        match self {
            Release::Redis30 => "redis-3.0",
            Release::Redis32 => "redis-3.2",
            Release::Redis50 => "redis-5.0",
            Release::Redis62 => "redis-6.2",
            Release::Redis7 => "redis-server",
            Release::Redis8 => "redis-8",
            Release::Valkey8 => "valkey-8",
            Release::Valkey9 => "valkey-9",
        }
    }
}

/// A program of the package redis-server or redis-tools, by its name, or a line on standard error that it is missing.
///
/// # Panics
/// In CI, where it must be there.
#[must_use]
pub fn find_tool(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&path).map(|dir| dir.join(name)).find(|file| file.is_file());
    if found.is_none() {
        assert!(!is_ci(), "{name} is not installed, and CI=true");
        eprintln!("skipped: {name} is not installed");
    }
    found
}

/// The library of the package libfaketime that shifts a program's wall clock, or a line on standard error that it is missing.
///
/// # Panics
/// In CI, where it must be there.
pub(crate) fn find_clock_library() -> Option<PathBuf> {
    let folders = fs::read_dir("/usr/lib").into_iter().flatten().flatten();
    let found = folders.map(|folder| folder.path().join("faketime/libfaketimeMT.so.1")).find(|file| file.is_file());
    if found.is_none() {
        assert!(!is_ci(), "libfaketime is not installed, and CI=true");
        eprintln!("skipped: libfaketime is not installed");
    }
    found
}

fn find_peer(launcher: &str) -> Option<PathBuf> {
    let named = env::var_os("AFTERIMAGE_PEERS").map(PathBuf::from);
    let is_demanded = is_ci() && named.is_some();
    let dir = named.unwrap_or_else(|| workspace().join("peers"));
    let file = dir.join(launcher);
    if file.is_file() {
        return Some(file);
    }
    // What the script could not bring to this machine it has said, and CI has shown.
    let is_known_to_miss =
        fs::read_to_string(dir.join("missing")).is_ok_and(|names| names.lines().any(|name| name == launcher));
    assert!(!is_demanded || is_known_to_miss, "{} is missing, and CI=true with AFTERIMAGE_PEERS set", file.display());
    eprintln!("skipped: {} is not there (tests/peers.sh fetches it)", file.display());
    None
}

fn is_ci() -> bool {
    env::var_os("CI").is_some_and(|value| value == "true")
}
