//! Who may go on with whom: the names of histories, and the places up to which they are shared.

use core::time::Duration;

use crate::replication::Position;

use super::{Fleet, ask};

/// Pitfall 3.
#[test]
fn a_master_started_from_its_file_does_not_write_on_in_the_history_of_before() {
    let mut fleet = Fleet::of(3);
    fleet.follow(1, 0);
    fleet.follow(2, 0);
    fleet.write(0, &["SET k v", "RPUSH list a b"]);
    fleet.part(0, 2);
    fleet.write(0, &["SAVE", "INCR counter", "RPUSH list c"]);
    fleet.part(0, 1);
    let (ahead, level) = (fleet.position(1), fleet.position(2));
    assert!(ahead.offset > level.offset);

    fleet.restart(0, None);
    fleet.write(0, &["RPUSH list x", "RPUSH list y", "INCRBY counter 1000", "SET other 1"]);
    assert!(fleet.position(0).offset > ahead.offset, "what the replica asks for is held, and is something else");
    assert_ne!(fleet.position(0).history, ahead.history);
    fleet.join(0, 2);
    assert_eq!(fleet.synced(0), (0, 1), "who stands where the file was made goes on");
    fleet.join(0, 1);
    assert_eq!(fleet.synced(0), (1, 1), "who has what was written after it does not");
    fleet.assert_in_step(&[0, 1, 2]);
}

/// Pitfall 4.
#[test]
fn a_promoted_node_is_continued_up_to_its_fork_and_by_no_byte_more() {
    let mut fleet = Fleet::of(3);
    fleet.follow(1, 0);
    fleet.follow(2, 0);
    fleet.write(0, &["RPUSH list a", "RPUSH list b"]);
    let fork = fleet.position(1);
    fleet.hold(0, 1);
    fleet.write(0, &["RPUSH list lost"]);
    fleet.part(0, 1);
    fleet.promote(1);
    fleet.write(1, &["RPUSH list 1", "RPUSH list 2", "RPUSH list 3", "RPUSH list 4"]);

    let at = |offset| Position { offset, ..fork };
    assert!(fleet.position(1).offset > fork.offset + 2);
    let cases = [(fork.offset - 1, "+CONTINUE"), (fork.offset, "+CONTINUE"), (fork.offset + 1, "+FULLRESYNC")];
    for (offset, answer) in cases {
        assert_eq!(
            ask(&mut fleet.hosts[1], at(offset)),
            answer,
            "{} after the fork",
            offset as i64 - fork.offset as i64
        );
    }
    let before = fleet.synced(1);
    fleet.follow(2, 1);
    assert_eq!(fleet.synced(1), (before.0 + 1, before.1), "the one that was ahead starts over");
    fleet.assert_in_step(&[1, 2]);
}

/// Pitfall 5.
#[test]
fn two_masters_do_not_write_under_one_name() {
    for bytes_more in [0, 50] {
        let mut fleet = Fleet::of(3);
        fleet.follow(1, 0);
        fleet.follow(2, 1);
        fleet.write(0, &["RPUSH list a"]);
        let shared = fleet.position(0);
        fleet.part(0, 1);
        fleet.promote(1);
        fleet.write(0, &["RPUSH list 0"]);
        fleet.write(1, &["RPUSH list 1", &alloc::format!("SET k {}", "x".repeat(bytes_more + 1))]);
        assert_eq!(fleet.position(0).history, shared.history);
        assert_ne!(fleet.position(1).history, shared.history);
        fleet.reconcile(0, 1);
        fleet.follow(0, 1);
        assert_eq!(fleet.synced(1).0, 2, "each has something that the other has not");
        fleet.assert_in_step(&[1, 0, 2]);
    }
}

/// Pitfall 6.
#[test]
fn a_node_that_gave_up_its_backlog_is_in_that_history_no_more() {
    let mut fleet = Fleet::with(2, |config| config.repl_backlog_ttl = 10);
    fleet.follow(1, 0);
    fleet.write(0, &["RPUSH list a"]);
    let shared = fleet.position(0);
    fleet.part(0, 1);
    fleet.pass(Duration::from_secs(12));
    assert!(fleet.hosts[0].node.history.log.is_none(), "nobody has asked for it for longer than repl-backlog-ttl");
    fleet.write(0, &["RPUSH list unseen"]);
    assert_eq!(fleet.position(0).offset, shared.offset, "the offset no longer tells what was written");
    fleet.promote(1);
    fleet.write(1, &["RPUSH list b"]);
    fleet.reconcile(0, 1);
    fleet.follow(0, 1);
    assert_eq!(fleet.synced(1), (1, 0));
    fleet.assert_in_step(&[0, 1]);
}

/// Pitfall 7.
#[test]
fn a_relay_with_another_masters_data_does_not_continue_what_it_relayed_before() {
    let mut fleet = Fleet::of(4);
    fleet.follow(1, 0);
    fleet.follow(2, 1);
    fleet.write(0, &["SET of first", "RPUSH list a"]);
    fleet.write(3, &["SET of other", "RPUSH list x"]);
    fleet.part(1, 2);
    fleet.follow(1, 3);
    for _ in 0..20 {
        fleet.write(3, &["RPUSH list y"]);
    }
    assert!(fleet.position(1).offset > fleet.position(2).offset, "a bare offset would be held");
    fleet.join(1, 2);
    assert_eq!(fleet.synced(1), (2, 0), "its replica was away while the data were replaced");
    fleet.assert_in_step(&[3, 1, 2]);

    fleet.follow(1, 0);
    fleet.write(0, &["RPUSH list b"]);
    assert_eq!(fleet.synced(1), (3, 0), "its replica was there while the data were replaced");
    fleet.assert_in_step(&[0, 1, 2]);
}

/// Pitfall 8.
#[test]
fn a_relay_whose_history_is_renamed_tells_its_replicas() {
    let mut fleet = Fleet::of(4);
    fleet.follow(1, 0);
    fleet.follow(2, 1);
    fleet.follow(3, 0);
    fleet.write(0, &["RPUSH list a"]);
    for host in [1, 3] {
        fleet.part(0, host);
    }
    fleet.promote(3);
    fleet.follow(1, 3);
    assert_eq!(fleet.synced(3), (0, 1));
    fleet.assert_in_step(&[3, 1, 2]);
    fleet.write(3, &["RPUSH list b"]);
    fleet.assert_in_step(&[3, 1, 2]);
    fleet.cut(1, 2);
    fleet.pass(Duration::from_secs(2));
    fleet.assert_in_step(&[3, 1, 2]);
    assert_eq!(fleet.synced(1), (1, 2), "to learn a name costs no data set");
}

/// Pitfall 9.
#[test]
fn nobody_goes_on_from_beyond_the_end() {
    let mut fleet = Fleet::of(2);
    fleet.follow(1, 0);
    fleet.write(0, &["RPUSH list a"]);
    for host in 0..2 {
        let end = fleet.position(host);
        for (ahead, answer) in
            [(0, "+CONTINUE"), (1, "+FULLRESYNC"), (1 << 20, "+FULLRESYNC"), (1 << 62, "+FULLRESYNC")]
        {
            let position = Position { offset: end.offset + ahead, ..end };
            assert_eq!(ask(&mut fleet.hosts[host], position), answer, "host {host}, {ahead} bytes ahead");
        }
    }
}
