//! Does everybody follow a promoted replica from where he is, be the old master demoted or dead?

use afterimage_tests::Server;

use super::{Kind, for_each_release, partial_resyncs, snapshots_sent, start_family, wait_until_one, write};

/// The first hands over to the second and becomes its replica; then the second dies, and the third takes over. Everybody is re-pointed each
/// time, and nobody needs a snapshot.
fn follows_whoever_leads(kinds: [Kind; 3]) {
    let Some([first, second, third]) = start_family(kinds) else { return };
    write(&first, 60);
    make_ready_to_hand_over(&first, &[&second, &third]);
    take_over(&second, &[&first, &third]);
    write(&second, 61);
    make_ready_to_hand_over(&second, &[&first, &third]);
    drop(second);
    take_over(&third, &[&first]);
    write(&third, 62);
    wait_until_one(&[&third, &first]);
}

/// What the master has written, its replicas have: nothing of it is lost with the master.
fn make_ready_to_hand_over(master: &Server, replicas: &[&Server]) {
    master.quieten();
    wait_until_one(&[&[master], replicas].concat());
}

/// A replica becomes the master of the others, which go on from where they are.
fn take_over(promoted: &Server, others: &[&Server]) {
    let old_history = promoted.history();
    let before = (snapshots_sent(&[promoted]), partial_resyncs(promoted));
    promoted.promote();
    assert!(promoted.line("set written-after promotion").is_ok());
    for other in others {
        other.follow(promoted.port());
    }
    wait_until_one(&[&[promoted], others].concat());
    assert_ne!(promoted.history(), old_history);
    let resyncs = others.len() as u64;
    assert_eq!((snapshots_sent(&[promoted]), partial_resyncs(promoted)), (before.0, before.1 + resyncs));
    for server in others {
        assert_eq!(server.info("replication")["master_replid2"], old_history);
    }
}

for_each_release! { {
    it_takes_over_from_ours_and_then_ours: |release| {
        follows_whoever_leads([Kind::Ours, Kind::Real(release), Kind::Ours]);
    };
    ours_takes_over_from_it_and_then_it: |release| {
        follows_whoever_leads([Kind::Real(release), Kind::Ours, Kind::Real(release)]);
    };
    ours_takes_over_from_ours_and_then_it: |release| {
        follows_whoever_leads([Kind::Ours, Kind::Ours, Kind::Real(release)]);
    };
    it_takes_over_from_it_and_then_ours: |release| {
        follows_whoever_leads([Kind::Real(release), Kind::Real(release), Kind::Ours]);
    };
} }
