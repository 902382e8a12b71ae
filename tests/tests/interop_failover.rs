//! Do our node and a real server hand the master's role to each other so that nothing is lost and nothing is sent twice?

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use afterimage_tests::{Draw, Options, Release, Reply, Server, Workload, wait_until};

/// Ours and a real server, the second the replica of the first, with the same data.
fn start_linked(release: Release) -> Option<(Server, Server)> {
    let (ours, real) = (Options::ours().start(), Options::real(release)?.start());
    let mut workload = Workload::new(40);
    ours.client().pipeline(&workload.take(2_000));
    real.follow(ours.port());
    real.wait_until_equal_to(&ours);
    Some((ours, real))
}

fn field(server: &Server, name: &str) -> String {
    server.info("replication").get(name).cloned().unwrap_or_default()
}

/// Adds to a counter, in pipelines, until it is told that this is no master any more. Returns how often it was told that it has added.
fn count_up(master: &Server, is_over: &AtomicBool) -> i64 {
    let mut client = master.client();
    let batch: Vec<_> = (0..50).map(|_| Draw::new(0).fill("incr counted")).collect();
    let mut added = 0;
    while !is_over.load(Ordering::Relaxed) {
        let replies = client.pipeline(&batch);
        added += replies.iter().filter(|reply| matches!(reply, Reply::Integer(_))).count() as i64;
        if replies.iter().any(|reply| matches!(reply, Reply::Error(_))) {
            break;
        }
    }
    added
}

/// The role goes from one to the other while a client writes: whoever was told that a write is done finds it done.
fn hand_over(old: &Server, new: &Server, options: &str) {
    let before = (field(old, "master_replid"), old.count("stats", "sync_full"), new.count("stats", "sync_full"));
    assert!(old.line("set counted 0").is_ok());
    let is_over = AtomicBool::new(false);
    let added = thread::scope(|scope| {
        let counting = scope.spawn(|| count_up(old, &is_over));
        wait_until("some writes", || old.line("get counted").text() != "0");
        assert!(old.line(&format!("failover {options}")).is_ok());
        wait_until("the switch of roles", || field(old, "role") == "slave" && old.is_linked());
        is_over.store(true, Ordering::Relaxed);
        counting.join().expect("the counting client does not panic")
    });
    assert_eq!(field(old, "master_failover_state"), "no-failover");
    assert_eq!(field(new, "role"), "master");
    assert_eq!(new.line("get counted").text(), added.to_string());
    assert!(new.line("lpush written-after the-switch").integer() >= 1);
    old.wait_until_equal_to(new);

    let forks = |server: &Server| (field(server, "master_replid2"), server.count("replication", "second_repl_offset"));
    assert_eq!(forks(old), forks(new), "both know where the histories part");
    assert_eq!(forks(new).0, before.0);
    assert_eq!(field(old, "master_replid"), field(new, "master_replid"));
    assert_eq!((old.count("stats", "sync_full"), new.count("stats", "sync_full")), (before.1, before.2));
    assert!(new.count("stats", "sync_partial_ok") >= 1);
}

/// There and back.
fn hand_over_both_ways(release: Release) {
    let Some((ours, real)) = start_linked(release) else { return };
    hand_over(&ours, &real, &format!("to 127.0.0.1 {} timeout 20000", real.port()));
    hand_over(&real, &ours, "");
    hand_over(&ours, &real, "timeout 20000");
    hand_over(&real, &ours, &format!("to 127.0.0.1 {} force timeout 20000", ours.port()));
}

#[test]
fn the_role_goes_to_redis_7_and_back() {
    hand_over_both_ways(Release::Redis7);
}

#[test]
fn the_role_goes_to_redis_8_and_back() {
    hand_over_both_ways(Release::Redis8);
}

#[test]
fn the_role_goes_to_valkey_8_and_back() {
    hand_over_both_ways(Release::Valkey8);
}

#[test]
fn the_role_goes_to_valkey_9_and_back() {
    hand_over_both_ways(Release::Valkey9);
}

/// Makes a replica that is in step lag by a write that it does not apply before it is told to.
fn let_lag(master: &Server, replica: &Server) {
    // A Redis takes note of the end of a full synchronisation later than its replica does.
    wait_until("the replica to be online", || master.line("role").elements().remove(2) != Reply::Array(Vec::new()));
    assert!(replica.line("client pause 100000 write").is_ok());
    assert!(master.line("set lacking 1").is_ok());
}

#[test]
fn a_replica_that_lags_too_long_leaves_the_master_what_it_was() {
    let Some((ours, real)) = start_linked(Release::Redis7) else { return };
    for (master, replica) in [(&ours, &real), (&real, &ours)] {
        if field(master, "role") == "slave" {
            hand_over(replica, master, "");
        }
        let id = field(master, "master_replid");
        let_lag(master, replica);
        assert!(master.line("failover timeout 1500").is_ok());
        // It is held back until the failover is given up.
        assert!(master.line("set lacking 2").is_ok());
        assert_eq!((field(master, "role").as_str(), field(master, "master_replid")), ("master", id));
        assert!(replica.line("client unpause").is_ok());
        replica.wait_until_equal_to(master);
    }
    assert_eq!(ours.count("stats", "sync_full") + real.count("stats", "sync_full"), 1);
}

#[test]
fn by_force_a_replica_that_lags_takes_over_with_what_it_has() {
    let Some((ours, real)) = start_linked(Release::Redis7) else { return };
    for (master, replica) in [(&ours, &real), (&real, &ours)] {
        let_lag(master, replica);
        let before = replica.count("stats", "sync_full");
        let forced = format!("failover to 127.0.0.1 {} force timeout 500", replica.port());
        assert_eq!(master.line(&forced), Reply::Simple("OK".to_owned()));
        wait_until("the switch of roles", || field(master, "role") == "slave" && field(replica, "role") == "master");
        assert!(replica.line("client unpause").is_ok());
        master.wait_until_equal_to(replica);
        assert_eq!(master.line("exists lacking").integer(), 0);
        assert_eq!(replica.count("stats", "sync_full"), before + 1);
    }
}

/// What is wrong wherever it is said.
const WRONG: &[&str] = &[
    "failover abort",
    "failover abort abort",
    "failover abort timeout 1",
    "failover timeout",
    "failover timeout x",
    "failover timeout 0",
    "failover timeout -1",
    "failover timeout 0 nonsense",
    "failover timeout 1 timeout 2",
    "failover to 127.0.0.1",
    "failover to 127.0.0.1 x",
    "failover to 127.0.0.1 -1",
    "failover to 127.0.0.1 1 to 127.0.0.1 2",
    "failover to 127.0.0.1 1",
    "failover to 127.0.0.1 1 force",
    "failover to localhost PORT",
    "failover to 127.0.0.1 99999999999",
    "failover force",
    "failover force force",
    "failover timeout 5 force",
    "failover to 127.0.0.1 PORT force",
    "failover nonsense",
    "psync 0123456789012345678901234567890123456789 1 failover",
    "command info failover",
];

/// A failover that waits for its target, and what is refused meanwhile.
const DURING_A_WAIT: &[&str] = &[
    "failover to 127.0.0.1 PORT timeout 60000",
    "failover",
    "failover timeout 0",
    "failover abort nonsense",
    "replicaof no one",
    "replicaof 127.0.0.1 x",
    "psync ? -1",
    "psync ? -1 failover",
    "failover abort",
    "failover abort",
    "set lacking 2",
];

#[test]
fn what_cannot_be_handed_over_is_refused_as_by_redis() {
    let Some(real) = Options::real(Release::Redis7) else { return };
    let Some(other_real) = Options::real(Release::Redis7) else { return };
    let pairs = [(Options::ours(), Options::ours()), (real, other_real)];
    let pairs = pairs.map(|(master, replica)| (master.start(), replica.start()));
    let say = |line: &str, choose: fn(&(Server, Server)) -> &Server| {
        let replies = pairs.each_ref().map(|pair| choose(pair).line(&line.replace("PORT", &pair.1.port().to_string())));
        assert_eq!(replies[0], replies[1], "{line}");
    };
    say("failover", |(master, _)| master);
    for (master, replica) in &pairs {
        replica.follow(master.port());
        replica.wait_until_equal_to(master);
        let_lag(master, replica);
    }
    for line in WRONG {
        say(line, |(master, _)| master);
        say(line, |(_, replica)| replica);
    }
    for line in DURING_A_WAIT {
        say(line, |(master, _)| master);
    }
}
