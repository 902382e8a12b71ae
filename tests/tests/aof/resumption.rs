//! Does a replica that was restarted with an append-only file continue where it was?

use std::thread;

use afterimage_tests::{Options, Release, Server, Workload, wait_until};

use super::{files, keeping, last_increment, rewrite, settle, wait_until_rewritten};

#[derive(Clone, Copy, Debug)]
enum End {
    Kill,
    Terminate,
}

impl End {
    fn of(self, server: Server) -> Options {
        let options = server.options().clone();
        match self {
            End::Kill => server.kill(),
            End::Terminate => assert!(server.terminate().success(), "{}", options.log()),
        }
        options
    }
}

fn resyncs(master: &Server) -> (u64, u64) {
    (master.count("stats", "sync_full"), master.count("stats", "sync_partial_ok"))
}

/// Much of it fails at a server of old, which does not know all of it.
fn write(master: &Server, seed: u64, count: usize) {
    let mut client = master.client();
    assert!(client.line("config set hz 500").is_ok());
    let mut workload = Workload::new(seed).without_flushes();
    for _ in 0..count.div_ceil(200) {
        client.pipeline(&workload.take(200));
    }
}

/// Ours follows, is ended again and again, also while its master goes on, and never needs a snapshot.
fn ours_continues(master: Options, end: End, policy: &str) {
    let master = master.with("repl-backlog-size", "64mb").with("repl-diskless-sync", "no").start();
    let mut replica = keeping(Options::ours()).with("appendfsync", policy).start();
    write(&master, 1, 500);
    replica.follow(master.port());
    replica.wait_until_equal_to(&master);
    wait_until_rewritten(&replica);
    write(&master, 2, 500);
    for round in 0..4 {
        if round == 2 {
            rewrite(&replica);
        }
        let (full, partial) = resyncs(&master);
        let options = thread::scope(|scope| {
            let writing = scope.spawn(|| write(&master, 3 + round, 2_000));
            let before = replica.offset();
            wait_until("the stream to come", || replica.offset() > before);
            let options = end.of(replica);
            writing.join().expect("the master takes writes");
            options
        });
        write(&master, 10 + round, 300);
        replica = options.clone().with("replicaof", &format!("127.0.0.1 {}", master.port())).start();
        replica.wait_until_equal_to(&master);
        assert_eq!(resyncs(&master), (full, partial + 1), "round {round}: {}", replica.options().log());
        write(&master, 20 + round, 300);
        replica.wait_until_equal_to(&master);
    }
}

/// Its files may have lost their end, as in a crash of the machine: it goes back as far as they do, and continues from there.
#[test]
fn ours_continues_from_what_is_left_of_its_file() {
    let master = Options::ours().with("repl-backlog-size", "64mb").start();
    let mut replica = keeping(Options::ours()).with("appendfsync", "no").start();
    replica.follow(master.port());
    replica.wait_until_equal_to(&master);
    wait_until_rewritten(&replica);
    for seed in 0..5 {
        write(&master, seed, 500);
        replica.wait_until_equal_to(&master);
        let (full, partial) = resyncs(&master);
        settle(&replica);
        let options = End::Kill.of(replica);
        let mut found = files(&options);
        let name = last_increment(&found);
        let bytes = found.get_mut(&name).expect("it is there");
        let cut = usize::try_from(1 + 997 * seed).expect("small");
        bytes.truncate(bytes.len().saturating_sub(cut).max(200));
        super::put(&found, &options);
        replica = options.with("replicaof", &format!("127.0.0.1 {}", master.port())).start();
        replica.wait_until_equal_to(&master);
        assert_eq!(resyncs(&master), (full, partial + 1), "{cut} bytes less: {}", replica.options().log());
    }
}

/// A master of ours comes back from its file. What its replica has beyond that is gone, and no replica keeps it.
fn a_master_comes_back(replica: Options, policy: &str) {
    let line_options = keeping(Options::ours()).with("appendfsync", policy).with("repl-backlog-size", "64mb");
    let mut master = line_options.start();
    let line = afterimage_tests::Proxy::to(master.port());
    let replica = replica.start();
    replica.follow(line.port());
    for round in 0..4 {
        write(&master, round, 300);
        let options = thread::scope(|scope| {
            let mut client = master.client();
            let writing = scope.spawn(move || {
                let mut number = 0;
                while client.try_send(format!("incr count:{}\r\n", number % 7).as_bytes()).is_ok()
                    && client.try_read().is_ok()
                {
                    number += 1;
                }
                number
            });
            let before = master.offset();
            wait_until("writes", || master.offset() > before + 10_000);
            line.shut();
            let options = End::Kill.of(master);
            assert!(writing.join().expect("it writes") > 0);
            options
        });
        master = options.start();
        line.turn_to(master.port());
        line.release();
        write(&master, 10 + round, 100);
        replica.wait_until_equal_to(&master);
    }
}

#[test]
fn replicas_of_ours_follow_a_master_that_was_killed() {
    a_master_comes_back(Options::ours(), "everysec");
    a_master_comes_back(Options::ours(), "always");
}

#[test]
fn replicas_of_redis_follow_a_master_that_was_killed() {
    for release in [Release::Redis7, Release::Redis8] {
        let Some(real) = Options::real(release) else { continue };
        a_master_comes_back(real, "everysec");
    }
}

#[test]
fn ours_continues_with_a_master_of_ours() {
    for policy in ["everysec", "always"] {
        ours_continues(Options::ours(), End::Kill, policy);
        ours_continues(Options::ours(), End::Terminate, policy);
    }
}

macro_rules! claims {
    ($($claim:ident $release:ident)*) => {
        $(
            #[test]
            fn $claim() {
                for end in [End::Kill, End::Terminate] {
                    let Some(real) = Options::real(Release::$release) else { return };
                    ours_continues(real, end, "everysec");
                }
            }
        )*
    };
}

claims! {
    ours_continues_with_redis_6_2 Redis62
    ours_continues_with_redis_7 Redis7
    ours_continues_with_redis_8 Redis8
    ours_continues_with_valkey_8 Valkey8
    ours_continues_with_valkey_9 Valkey9
}
