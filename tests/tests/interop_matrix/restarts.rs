//! Who finds its place again after a restart with a snapshot?

use afterimage_tests::{Options, Proxy, Release, Server};

use super::{Kind, Ours, for_each_release, partial_resyncs, snapshots_sent, start_family_with, wait_until_one, write};

/// It saves when it ends. The files lie in a directory of their own.
fn with_snapshot(kind: Kind) -> (Kind, Option<Options>) {
    (kind, kind.options().map(|options| options.with("save", "3600 1").with("dbfilename", "kept.rdb")))
}

/// A master and its replica, which both save when they end.
fn start_pair(release: Release, ours: Ours) -> Option<[Server; 2]> {
    start_family_with(ours.kinds(release).map(with_snapshot))
}

/// Ends it as a service manager does. What it should be started with again.
fn end(server: Server) -> Options {
    let options = server.options().clone();
    assert!(server.terminate().success(), "{}", options.log());
    assert!(options.dir().join("kept.rdb").is_file());
    options
}

/// A replica that was away while its master went on continues from its own snapshot.
fn restarts_as_replica(release: Release, ours: Ours) {
    let Some([master, replica]) = start_pair(release, ours) else { return };
    write(&master, 70);
    wait_until_one(&[&master, &replica]);
    let before = (snapshots_sent(&[&master]), partial_resyncs(&master));
    let options = end(replica);
    write(&master, 71);
    let replica = options.with("replicaof", &format!("127.0.0.1 {}", master.port())).start();
    wait_until_one(&[&master, &replica]);
    write(&master, 72);
    wait_until_one(&[&master, &replica]);
    assert_eq!((snapshots_sent(&[&master]), partial_resyncs(&master)), (before.0, before.1 + 1));
}

/// A master comes back under the same address with a key in its snapshot that has expired. From 7.0 on it remembers the history that it wrote, so that
/// its replica continues.
fn restarts_as_master(release: Release, ours: Ours) {
    let Some([master, replica]) = start_pair(release, ours) else { return };
    let line = Proxy::to(master.port());
    replica.follow(line.port());
    write(&master, 73);
    master.quieten();
    assert!(master.line("set gone-meanwhile 1 px 1").is_ok());
    wait_until_one(&[&master, &replica]);
    let old_history = master.history();
    line.shut();
    let master = end(master).start();
    line.turn_to(master.port());
    line.release();
    write(&master, 74);
    wait_until_one(&[&master, &replica]);
    assert_ne!(master.history(), old_history);
    let remembers = ours == Ours::Master || release >= Release::Redis7;
    let expected = if remembers { (0, 1) } else { (1, 0) };
    assert_eq!((snapshots_sent(&[&master]), partial_resyncs(&master)), expected);
}

for_each_release! { {
    it_restarts_as_the_replica_of_ours: |release| restarts_as_replica(release, Ours::Master);
    ours_restarts_as_its_replica: |release| restarts_as_replica(release, Ours::Replica);
    it_restarts_as_the_master_of_ours: |release| restarts_as_master(release, Ours::Replica);
    ours_restarts_as_its_master: |release| restarts_as_master(release, Ours::Master);
} }
