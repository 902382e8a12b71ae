//! Do append-only files of real servers load in ours, with all that they know to write?

use std::collections::BTreeMap;
use std::thread;

use afterimage_tests::{Options, Release, Server, Workload};

use super::{
    Writing, end, files, keeping, put, rewrite, settled_files, wait_until_rewritten, wait_until_same_fields, write,
};
use crate::field_expiry::{self, contents, loses_times};
use crate::interop::write_out;
use crate::interop_matrix::for_each_release;

/// A BGREWRITEAOF while two clients write.
fn rewrite_in_the_midst_of_writes(server: &Server) {
    thread::scope(|scope| {
        for seed in [2, 3] {
            scope.spawn(move || write(server, seed, 3_000));
        }
        scope.spawn(|| rewrite(server));
    });
}

fn loads_in_ours(release: Release, writing: Writing) {
    let Some(real) = Options::real(release) else { return };
    let real = writing.of(real).start();
    write(&real, 1, 3_000);
    assert_ours_loads(&settled_files(&real), &real, "increments alone");
    rewrite_in_the_midst_of_writes(&real);
    assert_ours_loads(&settled_files(&real), &real, "a new base and what came since");
    if release >= Release::Redis8 && release != Release::Valkey8 {
        field_expiry::write(&real, 4, 2_000, loses_times);
        assert_ours_loads_fields(&real, "fields that expire, as commands");
        rewrite(&real);
        assert_ours_loads_fields(&real, "fields that expire, in a base");
        assert!(real.line("flushall").is_ok());
    }
    write(&real, 5, 500);
    let options = end(real);
    let found = files(&options);
    assert_ours_loads(&found, &options.start(), "what an orderly end has left");
}

/// Files that were taken while the server went on.
#[track_caller]
fn assert_ours_loads(files: &BTreeMap<String, Vec<u8>>, real: &Server, what: &str) {
    let ours = keeping(Options::ours());
    put(files, &ours);
    let ours = ours.start();
    eprintln!("{what}");
    ours.wait_until_same_data_as(real);
}

/// Not compared with what a Redis 8.0 makes of its own file: when it loads a time that has passed meanwhile, the field goes at once, even if a later
/// command of the file made it last.
#[track_caller]
fn assert_ours_loads_fields(real: &Server, what: &str) {
    let ours = keeping(Options::ours());
    put(&settled_files(real), &ours);
    eprintln!("{what}");
    wait_until_same_fields(&ours.start(), real);
    assert!(contents(real).len() > 100);
}

fn keys_that_expire_are_gone_in_ours(release: Release) {
    let Some(real) = Options::real(release) else { return };
    let real = keeping(real).start();
    write_out(&real, Workload::new(6), 2_000);
    wait_until_rewritten(&real);
    let options = real.options().clone();
    real.kill();
    let ours = keeping(Options::ours());
    put(&files(&options), &ours);
    let (real, ours) = (options.start(), ours.start());
    ours.wait_until_same_data_as(&real);
}

for_each_release! { since_7_0 {
    its_files_load_in_ours: |release| loads_in_ours(release, Writing::Preamble);
    its_files_of_commands_alone_load_in_ours: |release| loads_in_ours(release, Writing::Commands);
    its_files_with_timestamps_load_in_ours: |release| loads_in_ours(release, Writing::Timestamps);
    keys_that_have_expired_meanwhile_are_gone_in_ours: keys_that_expire_are_gone_in_ours;
} }
