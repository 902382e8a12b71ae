//! Replicas that follow one another in a circle: they are told so, and by which names.

use alloc::format;
use alloc::string::String;
use core::time::Duration;

use super::Fleet;
use super::fleet::port_of;

/// Long enough for links on which nothing comes to be given up, and for each node to ask the next some times.
const A_WHILE: Duration = Duration::from_secs(200);

fn error_of(fleet: &mut Fleet, host: usize) -> String {
    let text = fleet.run(host, "INFO replication");
    let (_, rest) = text.split_once("master_link_error:").unwrap_or_default();
    let (error, _) = rest.split_once(" slave_priority:").unwrap_or_default();
    error.split(" master_path:").next().unwrap_or_default().into()
}

#[test]
fn a_circle_of_any_length_is_named_by_each_of_its_nodes() {
    for count in 2..=5 {
        let mut fleet = Fleet::of(count);
        fleet.chain();
        fleet.write(0, &["SET k v"]);
        fleet.run(0, &format!("REPLICAOF 127.0.0.1 {}", port_of(count - 1)));
        fleet.pass(A_WHILE);
        for host in 0..count {
            let names =
                (1..count).map(|step| format!("127.0.0.1:{}, which follows ", port_of((host + count - step) % count)));
            let line: String = names.collect();
            let expected = format!(
                "Cycle of replicas without a master: this node follows {line}this node. Make one of them a master by REPLICAOF NO ONE"
            );
            assert_eq!(error_of(&mut fleet, host), expected, "host {host} of {count}");
        }
        fleet.promote(1);
        fleet.pass(Duration::from_secs(10));
        fleet.write(1, &["SET k other"]);
        fleet.assert_in_step(&[1, 0]);
        let last = fleet.run(count - 1, "INFO replication");
        assert!(!last.contains("master_path") && !last.contains("master_link_error"), "{last}");
    }
}

#[test]
fn a_replica_that_hangs_on_a_circle_is_told_of_it() {
    let mut fleet = Fleet::of(3);
    fleet.chain();
    fleet.run(0, &format!("REPLICAOF 127.0.0.1 {}", port_of(1)));
    let is_told_at_once =
        |fleet: &Fleet| fleet.hosts[1].notes.iter().any(|note| note.contains("is also the master of this node"));
    assert!(is_told_at_once(&fleet));
    fleet.pass(A_WHILE);
    let [zero, one] = [0, 1].map(|host| format!("127.0.0.1:{}", port_of(host)));
    let expected = format!(
        "Cycle of replicas without a master: this node follows {one}, which follows {zero}, which follows {one} again. Make one of them a master by REPLICAOF NO ONE"
    );
    assert_eq!(error_of(&mut fleet, 2), expected);
}

#[test]
fn a_master_whose_own_link_is_down_is_no_circle() {
    let mut fleet = Fleet::of(3);
    fleet.chain();
    fleet.part(0, 1);
    fleet.cut(1, 2);
    fleet.pass(A_WHILE);
    let told = error_of(&mut fleet, 2);
    assert!(told.contains("NOMASTERLINK") && !told.contains("Cycle"), "{told}");
    fleet.join(0, 1);
    fleet.write(0, &["SET k v"]);
    fleet.pass(Duration::from_secs(5));
    fleet.assert_in_step(&[0, 1, 2]);
}
