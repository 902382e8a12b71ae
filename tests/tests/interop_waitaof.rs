//! Does WAITAOF tell what is on the disks of servers of two makers, and on their own?

use afterimage_tests::{Options, Release, Server, wait_until};

#[test]
fn a_replica_with_an_append_only_file_tells_what_it_has_on_its_disk() {
    let releases = [Release::Redis8, Release::Valkey8, Release::Valkey9];
    for release in releases {
        let Some(real) = Options::real(release) else { continue };
        let master = Options::ours().start();
        let replica = real.with("appendonly", "yes").start();
        replica.follow(master.port());
        replica.wait_until_equal_to(&master);
        wait_until("the first file", || replica.count("persistence", "aof_rewrite_in_progress") == 0);
        let mut client = master.client();
        assert!(client.line("set k v").is_ok());
        let answer = client.line("waitaof 0 1 2000").elements();
        assert_eq!([answer[0].integer(), answer[1].integer()], [0, 1], "{release:?}");
        let progress = master.info("replication")["replica0"].clone();
        let persisted = progress.split(',').find_map(|part| part.strip_prefix("persisted_offset="));
        assert!(persisted.is_some_and(|offset| offset.parse::<u64>().is_ok()), "{release:?}: {progress}");
        let answer = client.line("waitaof 0 2 50").elements();
        assert_eq!(answer[0].integer(), 0, "{release:?}");
        assert!(answer[1].integer() <= 1, "{release:?}: there is but one");
    }
}

#[test]
fn a_replica_without_one_is_on_no_disk() {
    let Some(real) = Options::real(Release::Redis8) else { return };
    let (master, replica) = (Options::ours().start(), real.start());
    replica.follow(master.port());
    replica.wait_until_equal_to(&master);
    let mut client = master.client();
    assert!(client.line("set k v").is_ok());
    let answer = client.line("waitaof 0 1 300").elements();
    assert_eq!([answer[0].integer(), answer[1].integer()], [0, 0]);
    assert_eq!(client.line("wait 1 2000").integer(), 1);
}

/// A master and a replica, both with an append-only file.
fn pair_with_files(master: Options, replica: Options) -> [Server; 2] {
    let [master, replica] = [master, replica].map(|options| options.with("appendonly", "yes").start());
    replica.follow(master.port());
    replica.wait_until_equal_to(&master);
    for server in [&master, &replica] {
        wait_until("the first file", || server.count("persistence", "aof_rewrite_in_progress") == 0);
    }
    [master, replica]
}

#[track_caller]
fn assert_both_have_it(master: &Server, what: &str) {
    let mut client = master.client();
    for number in 0..5 {
        assert!(client.line(&format!("set key {number}")).is_ok());
        let answer = client.line("waitaof 1 1 5000").elements();
        assert_eq!([answer[0].integer(), answer[1].integer()], [1, 1], "{what}");
    }
}

#[test]
fn both_sides_have_what_is_on_both_disks() {
    for release in [Release::Redis8, Release::Valkey8, Release::Valkey9] {
        for policy in ["everysec", "always"] {
            let Some(real) = Options::real(release) else { continue };
            let options = [Options::ours(), real].map(|options| options.with("appendfsync", policy));
            let [ours, real] = options.clone();
            let [master, _replica] = pair_with_files(ours, real);
            assert_both_have_it(&master, &format!("{release:?} as the replica, {policy}"));
            let [ours, real] = options.map(|options| options.in_dir_of(&Options::ours()));
            let [master, replica] = pair_with_files(real, ours);
            assert_both_have_it(&master, &format!("{release:?} as the master, {policy}"));
            // It has none any more: what it has on its disk is told no further.
            assert!(replica.line("config set appendonly no").is_ok());
            let mut client = master.client();
            assert!(client.line("set key last").is_ok());
            let answer = client.line("waitaof 1 1 1500").elements();
            assert_eq!([answer[0].integer(), answer[1].integer()], [1, 0], "{release:?}, {policy}");
        }
    }
}

#[test]
fn waitaof_answers_as_redis_does_where_there_is_nothing_to_wait_for() {
    let Some(real) = Options::real(Release::Redis8) else { return };
    let ours = Options::ours().start();
    let real = real.start();
    let ask = |server: &Server, line: &str| server.line(line);
    for line in
        ["waitaof 1 0 0", "waitaof 0 0 0", "waitaof 2 0 0", "waitaof 0 1 100", "waitaof -1 0 0", "waitaof 0 0 -1"]
    {
        assert_eq!(ask(&ours, line), ask(&real, line), "without a file: {line}");
    }
    for server in [&ours, &real] {
        assert!(server.line("config set appendonly yes").is_ok());
        wait_until("the first file", || server.count("persistence", "aof_rewrite_in_progress") == 0);
    }
    for line in ["waitaof 1 0 5000", "waitaof 0 0 0", "waitaof 2 0 100", "waitaof 1 1 100"] {
        assert_eq!(ask(&ours, line), ask(&real, line), "with a file: {line}");
    }
    let Some(master) = Options::real(Release::Redis8) else { return };
    let master = master.start();
    for server in [&ours, &real] {
        server.follow(master.port());
    }
    assert_eq!(ask(&ours, "waitaof 1 0 100"), ask(&real, "waitaof 1 0 100"), "on a replica");
}
