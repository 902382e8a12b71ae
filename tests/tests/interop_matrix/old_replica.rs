//! What comes of a replica that cannot read our snapshots?

use afterimage_tests::{Release, wait_until};

use super::{Kind, snapshots_sent, start_family, wait_until_one, write};

/// Redis 6.2 reads RDB up to version 9, and we write 10, as Redis 7.0 does.
#[test]
fn redis_6_2_refuses_our_snapshot_and_nobody_else_is_harmed() {
    let Some(options) = Kind::Real(Release::Redis62).options() else { return };
    let Some([ours, other]) = start_family([Kind::Ours, Kind::Ours]) else { return };
    let old = options.start();
    assert!(old.line("set own-data kept").is_ok());
    old.follow(ours.port());
    let sent = snapshots_sent(&[&ours]);
    write(&ours, 80);
    wait_until("a second attempt", || snapshots_sent(&[&ours]) >= sent + 2);
    let log = old.options().log();
    for line in ["Can't handle RDB format version 10", "Failed trying to load the MASTER synchronization DB"] {
        assert!(log.contains(line), "{line:?} is missing in:\n{log}");
    }
    assert!(!old.is_linked());
    assert!(old.line("ping").text() == "PONG");
    write(&ours, 81);
    wait_until_one(&[&ours, &other]);

    // The other way round it serves.
    old.promote();
    write(&old, 82);
    ours.follow(old.port());
    wait_until_one(&[&old, &ours, &other]);
}
