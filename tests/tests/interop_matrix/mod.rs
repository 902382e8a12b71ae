//! What do servers of different makers do to one another, with ours in every role?
//!
//! Each file is one question; its claims are tests for each release, and for each role of ours where there are two.

mod chains;
mod circles;
mod clocks;
mod cuts;
mod failovers;
mod old_replica;
mod own_expiries;
mod restarts;
mod tools;
mod transfers;

use afterimage_tests::{Options, Release, Server, Workload};

use crate::interop::write_out;

/// Whose server it is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Ours,
    Real(Release),
}

impl Kind {
    /// What it is started with: of its own accord it adds nothing to its stream but what expires, and it sends its snapshot by a file. Over a
    /// socket a real master most likely misses the first word of a replica that has all of it, and the next comes a second later.
    fn options(self) -> Option<Options> {
        let options = match self {
            Kind::Ours => Options::ours(),
            Kind::Real(release) => Options::real(release)?,
        };
        let quiet = options.with("repl-ping-replica-period", "3600").with("repl-diskless-sync", "no");
        Some(quiet.with("repl-backlog-size", "8mb"))
    }

    /// Whether it can load a snapshot of that maker. Redis 6.2 reads RDB up to version 9; we write 10, as Redis 7.0 does.
    fn reads_snapshots_of(self, master: Kind) -> bool {
        let six = Kind::Real(Release::Redis62);
        self != six || master == six
    }
}

/// Which of the two nodes is ours.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ours {
    Master,
    Replica,
}

impl Ours {
    /// The kinds of the master and of the replica.
    fn kinds(self, release: Release) -> [Kind; 2] {
        match self {
            Ours::Master => [Kind::Ours, Kind::Real(release)],
            Ours::Replica => [Kind::Real(release), Kind::Ours],
        }
    }
}

/// Starts servers of these kinds; `None` if one is not on this machine. See [`unite`].
fn start_family<const N: usize>(kinds: [Kind; N]) -> Option<[Server; N]> {
    start_family_with(kinds.map(|kind| (kind, kind.options())))
}

/// As [`start_family`], each with what it is started with.
fn start_family_with<const N: usize>(members: [(Kind, Option<Options>); N]) -> Option<[Server; N]> {
    if members.iter().any(|(_, options)| options.is_none()) {
        return None;
    }
    let kinds = members.each_ref().map(|(kind, _)| *kind);
    let servers = members.map(|(_, options)| options.expect("it was looked at").start());
    unite(kinds, &servers);
    Some(servers)
}

/// Makes the first, which is empty, the master of all the others. Who cannot load its snapshots is its master first, and follows it by a partial
/// resync.
fn unite<const N: usize>(kinds: [Kind; N], servers: &[Server; N]) {
    let master = &servers[0];
    let members = || kinds.iter().zip(servers).skip(1);
    for (_, member) in members().filter(|(kind, _)| !kind.reads_snapshots_of(kinds[0])) {
        master.follow(member.port());
        master.wait_until_equal_to(member);
        master.promote();
    }
    for (_, member) in members() {
        member.follow(master.port());
        member.wait_until_equal_to(master);
    }
}

/// A few hundred writes over all types. None is a FLUSHDB, so that Redis 8.0 knows its place whenever its link is lost.
fn write(master: &Server, seed: u64) {
    const COMMANDS: usize = 400;
    write_out(master, Workload::new(seed).without_flushes(), COMMANDS);
}

/// Waits until all have the data, the place and the history of the first.
#[track_caller]
fn wait_until_one(servers: &[&Server]) {
    let (master, replicas) = servers.split_first().expect("there is a master");
    for replica in replicas {
        replica.wait_until_equal_to(master);
        assert_eq!(replica.history(), master.history());
    }
}

/// How many snapshots they have sent.
fn snapshots_sent(servers: &[&Server]) -> u64 {
    servers.iter().map(|server| server.count("stats", "sync_full")).sum()
}

/// How many replicas it has let continue.
fn partial_resyncs(server: &Server) -> u64 {
    server.count("stats", "sync_partial_ok")
}

/// For each release a module with the claims as tests, each given as its name and the function that proves it of a release.
macro_rules! for_each_release {
    ($claims:tt) => {
        $crate::interop_matrix::for_each_release! { redis_6_2 Redis62 $claims }
        $crate::interop_matrix::for_each_release! { since_7_0 $claims }
    };
    // Those that read the version of RDB that we write.
    (since_7_0 $claims:tt) => {
        $crate::interop_matrix::for_each_release! { redis_7 Redis7 $claims }
        $crate::interop_matrix::for_each_release! { redis_8 Redis8 $claims }
        $crate::interop_matrix::for_each_release! { valkey_8 Valkey8 $claims }
        $crate::interop_matrix::for_each_release! { valkey_9 Valkey9 $claims }
    };
    ($module:ident $release:ident { $($claim:ident: $proof:expr;)* }) => {
        mod $module {
            use super::*;

            $(
                #[test]
                fn $claim() {
                    let prove = $proof;
                    prove(afterimage_tests::Release::$release);
                }
            )*
        }
    };
}
pub(crate) use for_each_release;
