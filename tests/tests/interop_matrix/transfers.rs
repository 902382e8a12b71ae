//! Does a snapshot arrive by whichever way master and replica have agreed on?

use std::thread;

use afterimage_tests::{Release, Server};

use super::{Ours, for_each_release, snapshots_sent, start_family, wait_until_one, write};

/// `repl-diskless-sync` of the master: a file first, or straight into the socket.
const SENDING: [&str; 2] = ["no", "yes"];

/// What the replica has before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Before {
    Nothing,
    OtherData,
}

/// `repl-diskless-load` of the replica, over what matters to it.
const LOADING: [(&str, Before); 4] = [
    ("disabled", Before::OtherData),
    ("on-empty-db", Before::Nothing),
    ("on-empty-db", Before::OtherData),
    ("swapdb", Before::OtherData),
];

/// The replica, with a history of its own, becomes one while the master is written to.
fn transfer(master: &Server, replica: &Server, before: Before) {
    replica.promote();
    assert!(replica.line("flushall").is_ok());
    if before == Before::OtherData {
        write(replica, 90);
    }
    let sent = snapshots_sent(&[master]);
    thread::scope(|scope| {
        scope.spawn(|| write(master, 91 + sent));
        replica.follow(master.port());
    });
    wait_until_one(&[master, replica]);
    assert_eq!(snapshots_sent(&[master]), sent + 1);
}

/// Every way of sending with every way of loading.
fn arrives_by_every_way(release: Release, ours: Ours) {
    let Some([master, replica]) = start_family(ours.kinds(release)) else { return };
    write(&master, 89);
    for sending in SENDING {
        assert!(master.line(&format!("config set repl-diskless-sync {sending}")).is_ok());
        for (loading, before) in LOADING {
            eprintln!("repl-diskless-sync {sending}, repl-diskless-load {loading}, {before:?} before");
            assert!(replica.line(&format!("config set repl-diskless-load {loading}")).is_ok());
            transfer(&master, &replica, before);
        }
    }
}

for_each_release! { {
    ours_takes_its_snapshot_by_every_way: |release| arrives_by_every_way(release, Ours::Replica);
} }

mod of_ours {
    use super::*;

    for_each_release! { since_7_0 {
        it_takes_our_snapshot_by_every_way: |release| arrives_by_every_way(release, Ours::Master);
    } }
}
