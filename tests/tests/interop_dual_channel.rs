//! Does a full synchronisation by two connections work between our node and a Valkey, in either role, whatever happens to the line?

use std::thread;

use afterimage_tests::{Options, Proxy, Release, Server, Workload, wait_until};

/// Who is the master, and who the replica; `None` is ours.
type Pairing = (Option<Release>, Option<Release>);

const PAIRINGS: [Pairing; 5] = [
    (None, None),
    (None, Some(Release::Valkey8)),
    (Some(Release::Valkey8), None),
    (None, Some(Release::Valkey9)),
    (Some(Release::Valkey9), None),
];

fn options(release: Option<Release>) -> Option<Options> {
    let options = match release {
        None => Options::ours(),
        Some(release) => Options::real(release)?,
    };
    Some(options.with("dual-channel-replication-enabled", "yes"))
}

/// A master with so many keys that a snapshot takes a while, and a replica, not linked yet.
fn start_pair((master, replica): Pairing, directives: &[(&str, &str)]) -> Option<(Server, Server)> {
    let (mut master_options, replica) = (options(master)?, options(replica)?);
    for (directive, value) in directives {
        master_options = master_options.with(directive, value);
    }
    let (started, replica) = (master_options.start(), replica.start());
    assert!(started.line("debug populate 20000 filler 100").is_ok());
    if master.is_some() {
        // It makes snapshots in another process, which is over before a write has come.
        assert!(started.line("config set rdb-key-save-delay 20").is_ok());
    }
    Some((started, replica))
}

/// Writes `count` commands of a seed into two databases by turns.
fn write(master: &Server, seed: u64, count: usize) {
    const BATCH: usize = 50;
    let (mut client, mut workload) = (master.client(), Workload::new(seed));
    for round in 0..count.div_ceil(BATCH) {
        assert!(client.line(&format!("select {}", round % 2 * 5)).is_ok());
        client.pipeline(&workload.take(BATCH));
    }
}

fn assert_went_by_two_connections(master: &Server, syncs: u64) {
    assert_eq!(master.count("stats", "sync_full"), syncs);
    // The main connection asks for what follows the snapshot.
    assert!(master.count("stats", "sync_partial_ok") >= 1, "{}", master.options().log());
}

#[test]
fn both_are_equal_after_a_synchronisation_under_writes_to_two_databases() {
    for pairing in PAIRINGS {
        let Some((master, replica)) = start_pair(pairing, &[("repl-backlog-size", "64mb")]) else { continue };
        write(&master, 1, 1_000);
        thread::scope(|scope| {
            scope.spawn(|| write(&master, 2, 10_000));
            scope.spawn(|| write(&master, 3, 10_000));
            replica.follow(master.port());
        });
        replica.wait_until_equal_to(&master);
        assert_eq!(replica.offset(), master.offset(), "{pairing:?}");
        assert_went_by_two_connections(&master, 1);
        write(&master, 4, 1_000);
        replica.wait_until_equal_to(&master);
        assert!(master.line("client kill type replica").integer() >= 1);
        write(&master, 5, 1_000);
        replica.wait_until_equal_to(&master);
        assert_eq!(master.count("stats", "sync_full"), 1, "{pairing:?}: a link that was up is resumed");
    }
}

#[test]
fn what_is_written_meanwhile_may_be_more_than_the_backlog_holds() {
    for pairing in PAIRINGS {
        let Some((master, replica)) = start_pair(pairing, &[("repl-backlog-size", "16kb")]) else { continue };
        let value = "x".repeat(1_000);
        thread::scope(|scope| {
            scope.spawn(|| {
                let mut client = master.client();
                for key in 0..3_000 {
                    assert!(client.call(&["set", &format!("key:{}", key % 100), &value]).is_ok());
                }
            });
            replica.follow(master.port());
        });
        replica.wait_until_equal_to(&master);
        assert_went_by_two_connections(&master, 1);
    }
}

#[test]
fn a_synchronisation_that_is_cut_begins_anew_and_succeeds() {
    for pairing in PAIRINGS {
        for bytes in [40, 2_000, 300_000] {
            let Some((master, replica)) = start_pair(pairing, &[("repl-backlog-size", "64mb")]) else { continue };
            assert!(replica.line("set only-here 1").is_ok());
            let proxy = Proxy::to(master.port());
            proxy.cut_after(bytes);
            assert!(replica.line(&format!("replicaof 127.0.0.1 {}", proxy.port())).is_ok());
            wait_until("the cut", || !proxy.is_about_to_cut());
            write(&master, 11, 1_000);
            wait_until("the link", || replica.is_linked());
            replica.wait_until_equal_to(&master);
        }
    }
}

#[test]
fn a_sub_replica_goes_on_in_the_database_of_the_stream() {
    for (relay, last) in
        [(None, Some(Release::Valkey9)), (Some(Release::Valkey9), None), (None, Some(Release::Valkey8))]
    {
        let (Some(first), Some(relay), Some(last)) = (options(None), options(relay), options(last)) else { continue };
        let (first, relay, last) = (first.start(), relay.start(), last.start());
        relay.follow(first.port());
        let mut client = first.client();
        assert!(client.line("select 5").is_ok() && client.line("set a 1").is_ok());
        relay.wait_until_equal_to(&first);
        last.follow(relay.port());
        last.wait_until_equal_to(&relay);
        // No SELECT precedes it: it is in force already.
        assert!(client.line("set a 2").is_ok());
        relay.wait_until_equal_to(&first);
        last.wait_until_equal_to(&first);
        let mut client = last.client();
        assert!(client.line("select 5").is_ok());
        assert_eq!(client.line("get a").text(), "2");
    }
}

#[test]
fn info_tells_the_type_of_a_replica_only_where_it_may_have_two_connections() {
    let (master, replica) = (options(None).expect("ours is there").start(), Options::ours().start());
    replica.follow(master.port());
    replica.wait_until_equal_to(&master);
    assert!(master.info("replication")["slave0"].ends_with(",type=replica"));
    assert!(master.line("config set dual-channel-replication-enabled no").is_ok());
    assert!(!master.info("replication")["slave0"].contains("type="));
    assert_eq!(master.line("config get dual-channel-replication-enabled").elements()[1].text(), "no");
}
