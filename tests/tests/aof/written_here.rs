//! Do our append-only files load in real servers, which write on, and does that load in ours again?

use std::thread;

use afterimage_tests::{Options, Release, Server, wait_until};

use super::{
    Writing, assert_passes_redis_check_aof, end, files, keeping, last_increment, named_files, put, rewrite,
    settled_files, wait_until_same_fields, write,
};
use crate::field_expiry;
use crate::interop_matrix::for_each_release;

/// Ours writes, the real server writes on, and ours goes on from that.
fn they_write_on_by_turns(release: Release, writing: Writing) {
    if Options::real(release).is_none() {
        return;
    }
    let ours = writing.of(Options::ours()).start();
    write(&ours, 1, 2_000);
    thread::scope(|scope| {
        scope.spawn(|| write(&ours, 2, 3_000));
        scope.spawn(|| rewrite(&ours));
    });
    write(&ours, 3, 500);
    let mut digest = ours.digest();
    let mut options = end(ours);
    assert_passes_redis_check_aof(&options);
    for round in 0..2 {
        let real = writing.of(Options::real(release).expect("it was there")).in_dir_of(&options).start();
        assert_eq!(real.digest(), digest, "round {round}: ours in the real one");
        write(&real, 4 + round, 500);
        if round == 1 {
            rewrite(&real);
            write(&real, 8, 500);
        }
        digest = real.digest();
        options = end(real);
        let ours = writing.of(Options::ours()).in_dir_of(&options).start();
        assert_eq!(ours.digest(), digest, "round {round}: theirs in ours");
        write(&ours, 6 + round, 500);
        if round == 1 {
            rewrite(&ours);
            write(&ours, 9, 500);
        }
        digest = ours.digest();
        options = end(ours);
        assert_passes_redis_check_aof(&options);
    }
    let real = writing.of(Options::real(release).expect("it was there")).in_dir_of(&options).start();
    assert_eq!(real.digest(), digest);
}

/// A time that has passed when it is loaded takes a field with it there, even if a later command of the file made it last.
fn passes_soon(command: &[Vec<u8>]) -> bool {
    command[0] == b"hpexpire" || command.iter().any(|word| word == b"px")
}

/// Fields of hashes that expire, as commands and as a base, where the release has them.
fn fields_that_expire_load_there(release: Release, writing: Writing) {
    if Options::real(release).is_none() {
        return;
    }
    let ours = writing.of(Options::ours()).start();
    field_expiry::write(&ours, 1, 2_000, passes_soon);
    let real = writing.of(Options::real(release).expect("it was there"));
    put(&settled_files(&ours), &real);
    let real = real.start();
    wait_until_same_fields(&real, &ours);
    drop(real);
    rewrite(&ours);
    field_expiry::write(&ours, 2, 500, passes_soon);
    let real = writing.of(Options::real(release).expect("it was there"));
    put(&settled_files(&ours), &real);
    let real = real.start();
    wait_until_same_fields(&real, &ours);
}

/// A replica's file: the stream of a master, with all that is in it beside writes.
fn the_file_of_our_replica_loads_there(release: Release) {
    let Some(real) = Options::real(release) else { return };
    let master = Options::ours().with("repl-ping-replica-period", "1").start();
    let replica = keeping(Options::ours()).start();
    replica.follow(master.port());
    replica.wait_until_equal_to(&master);
    write(&master, 1, 2_000);
    let mut client = master.client();
    assert!(client.line("publish channel message").integer() >= 0);
    assert_eq!(client.line("wait 1 5000").integer(), 1);
    let offset = master.offset();
    wait_until("a ping", || master.offset() > offset);
    replica.wait_until_equal_to(&master);
    let digest = master.digest();
    let options = end(replica);
    assert_passes_redis_check_aof(&options);
    assert_eq!(keeping(real).in_dir_of(&options).start().digest(), digest);
}

/// The digest of what a real server makes of a copy of our files.
fn digest_in(server: &Server, release: Release) -> Option<String> {
    let real = keeping(Options::real(release)?);
    put(&settled_files(server), &real);
    Some(real.start().digest())
}

#[test]
fn redis_check_aof_finds_nothing_wrong_while_ours_goes_on_writing() {
    let ours = keeping(Options::ours()).with("appendfsync", "always").start();
    thread::scope(|scope| {
        let writing = scope.spawn(|| write(&ours, 1, 10_000));
        let mut looks = 0;
        while !writing.is_finished() {
            let copy = Options::ours();
            let mut taken = files(ours.options());
            // Files that came or went meanwhile make no copy of one moment.
            let named = named_files(&taken);
            if named.is_empty() || !named.iter().all(|name| taken.contains_key(name)) {
                continue;
            }
            // What is being appended is there in part, as after a crash.
            let bytes = taken.get_mut(&last_increment(&taken)).expect("it is named");
            bytes.truncate(whole_commands(bytes));
            put(&taken, &copy);
            assert_passes_redis_check_aof(&copy);
            looks += 1;
            if looks == 3 {
                rewrite(&ours);
            }
        }
        assert!(looks > 3, "{looks}");
    });
    if let Some(digest) = digest_in(&ours, Release::Redis7) {
        assert_eq!(digest, ours.digest());
    }
}

/// How many bytes the whole commands and transactions at the front are.
fn whole_commands(bytes: &[u8]) -> usize {
    let mut checker = afterimage_core::persistence::aof::Checker::new(true);
    checker.feed(bytes);
    usize::try_from(checker.good_bytes()).expect("small")
}

for_each_release! { since_7_0 {
    it_and_ours_write_on_by_turns: |release| they_write_on_by_turns(release, Writing::Preamble);
    it_and_ours_write_on_by_turns_in_commands_alone: |release| they_write_on_by_turns(release, Writing::Commands);
    it_and_ours_write_on_by_turns_with_timestamps: |release| they_write_on_by_turns(release, Writing::Timestamps);
    it_loads_the_file_of_our_replica: the_file_of_our_replica_loads_there;
} }

#[test]
fn fields_that_expire_load_in_redis_8() {
    fields_that_expire_load_there(Release::Redis8, Writing::Preamble);
}

#[test]
fn fields_that_expire_load_in_redis_8_as_commands() {
    fields_that_expire_load_there(Release::Redis8, Writing::Commands);
}

/// A snapshot with such fields is one of Redis 8.0's version, which a Valkey refuses.
#[test]
fn fields_that_expire_load_in_valkey_9_as_commands() {
    fields_that_expire_load_there(Release::Valkey9, Writing::Commands);
}
