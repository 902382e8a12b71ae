//! A master without persistence is killed and comes back at once, empty: what is left on a Redis that follows it, and on our server?
//!
//! Each stage is played so many times as `AFTERIMAGE_WIPE_ROUNDS` says.

use afterimage_tests::{Options, Release, Sentinel, Server, wait_until};

const KEYS: u64 = 500;
const ROUNDS_BY_DEFAULT: usize = 1;

fn rounds() -> usize {
    let wanted = std::env::var("AFTERIMAGE_WIPE_ROUNDS").ok();
    wanted.map_or(ROUNDS_BY_DEFAULT, |text| text.parse().expect("AFTERIMAGE_WIPE_ROUNDS is a number"))
}

fn keys(server: &Server) -> u64 {
    u64::try_from(server.line("dbsize").integer()).expect("a size is not negative")
}

fn guard(server: &Server) -> String {
    server.info("replication").get("wipe_guard_state").cloned().unwrap_or_default()
}

/// A master with data, a replica of the same make, and ours.
fn start(release: Release) -> Option<[Server; 3]> {
    let (a, b) = (Options::real(release)?.start(), Options::real(release)?.start());
    let c = Options::ours().start();
    for replica in [&b, &c] {
        replica.follow(a.port());
        replica.wait_until_equal_to(&a);
    }
    // Behind their synchronisation, so that it counts in offsets.
    let mut client = a.client();
    for key in 0..KEYS {
        client.call(&["set", &format!("key:{key}"), &format!("value {key}")]);
    }
    for replica in [&b, &c] {
        replica.wait_until_equal_to(&a);
    }
    Some([a, b, c])
}

/// The master is killed and started again where it was, as a supervisor does that does not ask.
fn restart_empty(a: Server, release: Release) -> Server {
    let port = a.port();
    a.kill();
    let a = Options::real(release).expect("it was there before").on_port(port).start();
    assert_eq!(keys(&a), 0);
    a
}

/// The replica of the same make has lost everything; ours keeps everything, however often it is offered nothing.
fn one_is_emptied_and_the_other_is_not(a: &Server, b: &Server, c: &Server, digest: &str) {
    wait_until("the real replica to be emptied", || keys(b) == 0);
    wait_until("the guard to refuse", || guard(c) == "quarantine");
    wait_until("some more offers", || a.count("stats", "sync_full") >= 4);
    assert_eq!((keys(c), c.digest().as_str(), guard(c).as_str()), (KEYS, digest, "quarantine"));
    let about = c.info("replication");
    assert_eq!(about["master_link_status"], "down");
    assert!(about["wipe_guard_reason"].contains("we have 500 keys"), "{about:?}");
    assert_eq!(c.client().line("get key:7").text(), "value 7");
}

fn survive(release: Release) {
    for _ in 0..rounds() {
        let Some([a, b, c]) = start(release) else { return };
        let digest = c.digest();
        let a = restart_empty(a, release);
        one_is_emptied_and_the_other_is_not(&a, &b, &c, &digest);
        c.promote();
        assert_eq!(c.digest(), digest);
        // A Redis 6.2 does not read our snapshots.
        let readers = if release < Release::Redis7 { Vec::new() } else { vec![&a, &b] };
        for lost in readers {
            lost.follow(c.port());
            lost.wait_until_equal_to(&c);
            assert_eq!((keys(lost), lost.digest()), (KEYS, digest.clone()));
        }
    }
}

#[test]
fn a_redis_6_2_that_lost_its_data_takes_them_from_its_own_replica_and_not_from_ours() {
    survive(Release::Redis62);
}

#[test]
fn a_redis_7_0_that_lost_its_data_takes_them_from_its_own_replica_and_not_from_ours() {
    survive(Release::Redis7);
}

#[test]
fn a_redis_8_0_that_lost_its_data_takes_them_from_its_own_replica_and_not_from_ours() {
    survive(Release::Redis8);
}

#[test]
fn a_valkey_9_that_lost_its_data_takes_them_from_its_own_replica_and_not_from_ours() {
    survive(Release::Valkey9);
}

#[test]
fn what_a_master_has_is_taken_once_somebody_says_so() {
    let Some([a, b, c]) = start(Release::Redis7) else { return };
    let a = restart_empty(a, Release::Redis7);
    wait_until("the guard to refuse", || guard(&c) == "quarantine");
    assert!(a.line("set key:0 new").is_ok());
    assert!(c.line("wipeguard accept").is_ok());
    for replica in [&b, &c] {
        replica.wait_until_equal_to(&a);
        assert_eq!(keys(replica), 1);
    }
    assert_eq!(guard(&c), "armed");
}

/// A Sentinel sees nothing wrong with a master that was away for less than its patience; once that is gone for good it has our replica to promote, which has the data and
/// the greatest offset.
#[test]
fn a_sentinel_that_saw_nothing_promotes_the_replica_that_kept_the_data_when_the_master_is_gone() {
    for _ in 0..rounds() {
        let Some([a, b, c]) = start(Release::Redis7) else { return };
        let Some(sentinel) = Sentinel::watch(a.port(), 3000) else { return };
        wait_until("the Sentinel to know both replicas", || sentinel.replicas() == 2);
        let (port, digest) = (a.port(), c.digest());
        let a = restart_empty(a, Release::Redis7);
        one_is_emptied_and_the_other_is_not(&a, &b, &c, &digest);
        assert_eq!(sentinel.master(), port, "{}", sentinel.log());
        a.kill();
        wait_until("the Sentinel to promote", || sentinel.master() != port);
        // Until then it ends the connections of whoever is told of a new master.
        wait_until("the Sentinel to be done", || sentinel.log().contains("+switch-master"));
        assert_eq!(sentinel.master(), c.port(), "{}", sentinel.log());
        b.wait_until_equal_to(&c);
        assert_eq!((keys(&b), b.digest()), (KEYS, digest));
    }
}

/// The second half of the guard, on the side of a master of ours: a Redis that follows it is told to come later, and keeps what it has.
#[test]
fn a_master_of_ours_that_lost_its_data_holds_a_real_replica_off_until_somebody_decides() {
    // A Redis 6.2 does not read our snapshots.
    for release in [Release::Redis7, Release::Redis8, Release::Valkey9] {
        // The first snapshot is still to come when it is killed.
        let a = Options::ours().with("save", "3600 1").start();
        let Some(b) = Options::real(release).map(Options::start) else { return };
        for key in 0..KEYS {
            assert!(a.client().call(&["set", &format!("key:{key}"), "value"]).is_ok());
        }
        b.follow(a.port());
        b.wait_until_equal_to(&a);
        let evidence = a.options().dir().join("dump.rdb.evidence");
        wait_until("the evidence", || evidence.exists());
        let (port, options) = (a.port(), a.options().clone());
        a.kill();
        let a = options.on_port(port).start();
        assert_eq!(keys(&a), 0);
        wait_until("the replica to be refused twice", || {
            b.options().log().matches("-LOADING This master").count() >= 2
        });
        assert_eq!((keys(&b), a.count("stats", "sync_full")), (KEYS, 0), "{release:?}");
        assert!(a.line("wipeguard accept").is_ok());
        b.wait_until_equal_to(&a);
        assert_eq!(keys(&b), 0);
    }
}
