//! What do expiries become where the clocks of master and replica disagree?

use afterimage_tests::{Release, Reply, Server, wait_until};

use super::{Kind, Ours, for_each_release, start_family_with, wait_until_one, write};

/// How far our clock is from that of the real server.
const SKEW_S: i64 = 10;

/// Where the replica's clock is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Clock {
    Ahead,
    Behind,
}

/// Keys that have expired by one of the two clocks, a value of each by its own command.
const BETWEEN: [&str; 4] = ["set string value", "rpush list value", "hset hash field value", "sadd set value"];

/// How many keys there are with the one that lasts.
const KEYS: i64 = BETWEEN.len() as i64 + 1;

/// A master that expires nothing unless it is looked at, and its replica, of which ours has a clock of its own.
fn start_pair(release: Release, ours: Ours, clock: Clock) -> Option<[Server; 2]> {
    let ours_is_ahead = (clock == Clock::Ahead) == (ours == Ours::Replica);
    let seconds = if ours_is_ahead { SKEW_S } else { -SKEW_S };
    let servers = start_family_with(ours.kinds(release).map(|kind| {
        let options = kind.options();
        (kind, if kind == Kind::Ours { options.and_then(|options| options.with_clock(seconds)) } else { options })
    }))?;
    let ahead_us = now_us(&servers[1]) - now_us(&servers[0]);
    let expected_us = if clock == Clock::Ahead { SKEW_S } else { -SKEW_S } * 1_000_000;
    assert!((ahead_us - expected_us).abs() < 2_000_000, "the replica is {ahead_us} µs ahead");
    Some(servers)
}

/// What the server takes the time to be.
fn now_us(server: &Server) -> i64 {
    let words = server.line("time").elements();
    let [seconds, microseconds] = [0, 1].map(|word| words[word].text().parse::<i64>().expect("a number"));
    seconds * 1_000_000 + microseconds
}

/// Waits until so much time has passed for a server.
fn let_pass_ms(server: &Server, ms: i64) {
    let start_us = now_us(server);
    wait_until("time to pass", || now_us(server) > start_us + ms * 1_000);
}

/// Writes keys that, by the one clock that is ahead, have expired, and one that lasts.
fn write_between(master: &Server, clock: Clock) {
    let ttl_ms = if clock == Clock::Ahead { SKEW_S * 800 } else { 1 };
    assert!(master.line("debug set-active-expire 0").is_ok());
    assert!(master.line("set lasting value px 1000000").is_ok());
    for line in BETWEEN {
        master.line(line);
        let key = line.split(' ').nth(1).expect("a command has a key");
        assert_eq!(master.line(&format!("pexpire {key} {ttl_ms}")).integer(), 1);
    }
    if clock == Clock::Behind {
        let_pass_ms(master, 2 * ttl_ms);
    }
}

/// How a replica takes the keys in between.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Seen {
    Expired,
    Alive,
}

/// The replica tells what its own clock says, and keeps what the master keeps.
fn looks_by_its_own_clock(replica: &Server, seen: Seen) {
    let alive = if seen == Seen::Expired { 0 } else { 1 };
    assert_eq!(replica.line("dbsize").integer(), KEYS);
    assert_eq!(replica.line("exists string list hash set").integer(), alive * (KEYS - 1));
    let value = if seen == Seen::Expired { Reply::Nil } else { Reply::Bulk(b"value".to_vec()) };
    assert_eq!(replica.line("get string"), value);
    assert_eq!(replica.line("llen list").integer(), alive);
    assert_eq!(replica.line("hlen hash").integer(), alive);
    assert_eq!(replica.line("scard set").integer(), alive);
    assert_eq!(replica.line("pttl string").integer() == -2, seen == Seen::Expired);
    assert_eq!(replica.line("get lasting").text(), "value");
    assert_eq!(replica.line("dbsize").integer(), KEYS);
}

/// A replica never expires a key of its master's, whatever its clock says: it waits for the master's DEL.
fn waits_for_the_master(release: Release, ours: Ours, clock: Clock) {
    /// Many rounds of what looks for expired keys, at the rate that is set.
    const ROUNDS_MS: i64 = 100;
    let Some([master, replica]) = start_pair(release, ours, clock) else { return };
    let [master_kind, kind] = ours.kinds(release);
    let (by_time, by_duration) = match clock {
        Clock::Ahead => (Seen::Expired, Seen::Alive),
        Clock::Behind => (Seen::Alive, Seen::Expired),
    };
    // Redis 6.2 passes on how long a key has to live; all after it, and ours, until when.
    let by_stream = if master_kind == Kind::Real(Release::Redis62) { by_duration } else { by_time };
    assert!(replica.line("config set hz 500").is_ok());
    write_between(&master, clock);
    wait_until_one(&[&master, &replica]);
    looks_by_its_own_clock(&replica, by_stream);
    let_pass_ms(&replica, ROUNDS_MS);
    looks_by_its_own_clock(&replica, by_stream);
    assert_eq!(replica.count("stats", "expired_keys"), 0);

    if kind.reads_snapshots_of(master_kind) {
        // Of no history that its master knows: it takes a snapshot with those keys.
        replica.promote();
        assert!(replica.line("set own value").is_ok());
        replica.follow(master.port());
        wait_until_one(&[&master, &replica]);
        looks_by_its_own_clock(&replica, by_time);
    }

    for line in BETWEEN {
        master.line(&format!("pexpire {} 1", line.split(' ').nth(1).expect("a command has a key")));
    }
    let_pass_ms(&master, 2);
    assert_eq!(master.line("get string"), Reply::Nil);
    assert!(master.line("debug set-active-expire 1").is_ok());
    wait_until("the master to expire them", || master.line("dbsize").integer() == 1);
    wait_until_one(&[&master, &replica]);
    assert_eq!(replica.line("dbsize").integer(), 1);
    write(&master, 95);
    wait_until_one(&[&master, &replica]);
}

for_each_release! { {
    ours_ahead_waits_for_it: |release| waits_for_the_master(release, Ours::Replica, Clock::Ahead);
    ours_behind_waits_for_it: |release| waits_for_the_master(release, Ours::Replica, Clock::Behind);
    it_ahead_waits_for_ours: |release| waits_for_the_master(release, Ours::Master, Clock::Ahead);
    it_behind_waits_for_ours: |release| waits_for_the_master(release, Ours::Master, Clock::Behind);
} }
