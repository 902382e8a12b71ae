//! Do our node and a real server replicate from each other, whatever happens to the line between them?

use std::thread;

use afterimage_tests::{Client, Options, Proxy, Release, Server, Workload, wait_until};

/// Which of the two nodes is ours.
#[derive(Clone, Copy)]
enum Ours {
    Master,
    Replica,
}

/// How the snapshot travels: framed by a mark at its end, or by a length, from a file.
#[derive(Clone, Copy)]
enum Framing {
    Socket,
    File,
}

impl Framing {
    fn directive(self) -> &'static str {
        match self {
            Framing::Socket => "yes",
            Framing::File => "no",
        }
    }
}

/// A master and a replica, not linked yet.
fn start_pair(release: Release, ours: Ours, master_directives: &[(&str, &str)]) -> Option<(Server, Server)> {
    let real = Options::real(release)?;
    let (mut master, replica) = match ours {
        Ours::Master => (Options::ours(), real),
        Ours::Replica => (real, Options::ours()),
    };
    for (directive, value) in master_directives {
        master = master.with(directive, value);
    }
    Some((master.start(), replica.start()))
}

/// Writes `count` commands of a seed, in pipelines. Some fail on purpose (wrong type, no such key); most do not.
fn write(master: &Server, seed: u64, count: usize) {
    write_out(master, Workload::new(seed), count);
}

/// Writes the first `count` commands of a workload.
pub(super) fn write_out(master: &Server, mut workload: Workload, count: usize) {
    const BATCH: usize = 200;
    let mut client = master.client();
    // A wait that is over is noticed at the next tick.
    assert!(client.line("config set hz 500").is_ok());
    let mut errors = 0;
    for _ in 0..count.div_ceil(BATCH) {
        let replies = client.pipeline(&workload.take(BATCH));
        errors += replies.iter().filter(|reply| matches!(reply, afterimage_tests::Reply::Error(_))).count();
    }
    assert!(errors < count / 4, "{errors} of {count} commands failed");
}

/// Full synchronisation while two clients write, then the stream: in the end both are equal.
fn synchronise_under_load(release: Release, ours: Ours, framing: Framing, count: usize) {
    let directives = [("repl-diskless-sync", framing.directive()), ("repl-backlog-size", "64mb")];
    let Some((master, replica)) = start_pair(release, ours, &directives) else { return };
    write(&master, 1, count / 10);
    thread::scope(|scope| {
        scope.spawn(|| write(&master, 2, count / 2));
        scope.spawn(|| write(&master, 3, count / 2));
        replica.follow(master.port());
    });
    replica.wait_until_equal_to(&master);
    assert_eq!(master.count("stats", "sync_full"), 1);
    write(&master, 4, count / 10);
    replica.wait_until_equal_to(&master);
}

/// The line is cut in the midst of the stream, again and again, then the replica is killed by its master: no second snapshot.
fn cut_the_line(release: Release, ours: Ours) {
    const CUTS: usize = 3;
    let Some((master, replica)) = start_pair(release, ours, &[("repl-backlog-size", "64mb")]) else { return };
    let proxy = Proxy::to(master.port());
    write(&master, 10, 1_000);
    replica.follow(proxy.port());
    replica.wait_until_equal_to(&master);
    let resyncs = || master.count("stats", "sync_partial_ok");
    for round in 0..CUTS {
        let before = resyncs();
        proxy.cut_after(10_001 + 777 * round);
        let workload = Workload::new(11 + round as u64);
        let forgets_its_place = matches!((release, ours), (Release::Redis8, Ours::Master));
        write_out(&master, if forgets_its_place { workload.without_flushes() } else { workload }, 2_000);
        wait_until("the cut", || !proxy.is_about_to_cut());
        wait_until("a partial resync", || resyncs() > before);
    }
    let before = resyncs();
    assert_eq!(master.line("client kill type replica").integer(), 1);
    wait_until("a partial resync", || resyncs() > before);
    replica.wait_until_equal_to(&master);
    assert_eq!(master.count("stats", "sync_full"), 1);
}

/// More is written while the replica is held off than the backlog keeps.
fn outrun_the_backlog(release: Release, ours: Ours) {
    let Some((master, replica)) = start_pair(release, ours, &[("repl-backlog-size", "16kb")]) else { return };
    let proxy = Proxy::to(master.port());
    replica.follow(proxy.port());
    replica.wait_until_equal_to(&master);
    proxy.hold();
    let value = "x".repeat(1_000);
    let mut client = master.client();
    for key in 0..1_000 {
        assert!(client.call(&["set", &format!("key:{key}"), &value]).is_ok());
    }
    proxy.release();
    replica.wait_until_equal_to(&master);
    assert_eq!(master.count("stats", "sync_full"), 2);
    assert_eq!(master.count("stats", "sync_partial_ok"), 0);
}

/// Ours, the real one, ours: the relay passes on exactly what it applied.
fn chain(release: Release) {
    let Some(real) = Options::real(release) else { return };
    let (first, relay, last) = (Options::ours().start(), real.start(), Options::ours().start());
    relay.follow(first.port());
    last.follow(relay.port());
    write(&first, 20, 5_000);
    relay.wait_until_equal_to(&first);
    last.wait_until_equal_to(&relay);
    write(&first, 21, 5_000);
    relay.wait_until_equal_to(&first);
    last.wait_until_equal_to(&first);
    let history = |server: &Server| server.info("replication")["master_replid"].clone();
    assert_eq!(history(&last), history(&first));
}

/// The relay of a chain is promoted and takes over; the old master comes back as its replica, without a snapshot.
fn swap_roles(release: Release, ours: Ours) {
    let Some((master, replica)) = start_pair(release, ours, &[]) else { return };
    write(&master, 30, 2_000);
    replica.follow(master.port());
    master.quieten();
    replica.wait_until_equal_to(&master);
    let mut client = replica.client();
    assert!(client.line("replicaof no one").is_ok());
    assert!(client.line("set written-after promotion").is_ok());
    master.follow(replica.port());
    master.wait_until_equal_to(&replica);
    assert_eq!(replica.count("stats", "sync_full"), 0);
    assert_eq!(replica.count("stats", "sync_partial_ok"), 1);
    assert_eq!(Client::line(&mut master.client(), "get written-after").text(), "promotion");
}

/// What is written into a writable replica, and what a reader makes it keep, is its own: no byte of it enters the history that it follows.
#[test]
fn what_clients_make_of_a_replica_stays_there() {
    let [master, relay, last] = [(); 3].map(|()| Options::ours().start());
    relay.follow(master.port());
    last.follow(relay.port());
    assert!(master.line("set a 1").is_ok());
    assert_eq!(master.line("pfadd counted 1 2 3").integer(), 1);
    last.wait_until_equal_to(&master);
    assert_eq!(relay.line("pfcount counted").integer(), 3);
    relay.wait_until_equal_to(&master);
    assert!(relay.line("config set replica-read-only no").is_ok());
    assert!(relay.line("set b 2").is_ok());
    let mut client = relay.client();
    client.pipeline(&["multi", "incr c", "lpush l 1", "exec"].map(|line| afterimage_tests::Draw::new(0).fill(line)));
    assert!(master.line("set a 2").is_ok());
    last.wait_until_equal_to(&master);
    assert_eq!((relay.offset(), relay.line("get c").text().as_str()), (master.offset(), "1"));
}

/// A claim per test, each given as its name and what proves it.
macro_rules! claims {
    ($module:ident { $($claim:ident: $proof:expr;)* }) => {
        mod $module {
            use super::*;

            $(
                #[test]
                fn $claim() {
                    $proof;
                }
            )*
        }
    };
}

/// What every release can do as the master of ours.
macro_rules! master_claims {
    ($module:ident: $release:expr, $count:expr) => {
        claims! { $module {
            ours_equals_it_after_a_synchronisation_over_a_socket_under_load:
                synchronise_under_load($release, Ours::Replica, Framing::Socket, $count);
            ours_equals_it_after_a_synchronisation_from_a_file_under_load:
                synchronise_under_load($release, Ours::Replica, Framing::File, 10_000);
            a_cut_line_heals_by_partial_resyncs: cut_the_line($release, Ours::Replica);
            a_gap_beyond_its_backlog_heals_by_a_full_resync: outrun_the_backlog($release, Ours::Replica);
            ours_takes_over_and_it_follows_by_a_partial_resync: swap_roles($release, Ours::Replica);
        } }
    };
}

/// What a release can do as the replica of ours, if it reads the version of RDB that we write.
macro_rules! replica_claims {
    ($module:ident: $release:expr, $count:expr) => {
        claims! { $module {
            it_equals_ours_after_a_synchronisation_over_a_socket_under_load:
                synchronise_under_load($release, Ours::Master, Framing::Socket, $count);
            it_equals_ours_after_a_synchronisation_from_a_file_under_load:
                synchronise_under_load($release, Ours::Master, Framing::File, 10_000);
            a_cut_line_heals_by_partial_resyncs: cut_the_line($release, Ours::Master);
            a_gap_beyond_our_backlog_heals_by_a_full_resync: outrun_the_backlog($release, Ours::Master);
            it_relays_between_two_of_ours: chain($release);
            it_takes_over_and_ours_follows_by_a_partial_resync: swap_roles($release, Ours::Master);
        } }
    };
}

master_claims! { redis_7_as_master: Release::Redis7, 100_000 }
replica_claims! { redis_7_as_replica: Release::Redis7, 100_000 }
// Redis 6.2 reads RDB up to version 9; we write 10, as Redis 7.0 does, so that neither can be its master.
master_claims! { redis_6_2_as_master: Release::Redis62, 20_000 }
master_claims! { redis_8_as_master: Release::Redis8, 20_000 }
replica_claims! { redis_8_as_replica: Release::Redis8, 20_000 }
master_claims! { valkey_8_as_master: Release::Valkey8, 20_000 }
replica_claims! { valkey_8_as_replica: Release::Valkey8, 20_000 }
master_claims! { valkey_9_as_master: Release::Valkey9, 20_000 }
replica_claims! { valkey_9_as_replica: Release::Valkey9, 20_000 }
