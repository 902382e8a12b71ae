//! Does WAITAOF tell what replicas of another maker have on their disks?

use afterimage_tests::{Options, Release, wait_until};

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
