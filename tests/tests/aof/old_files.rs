//! Are the append-only files of before Redis 7.0, one file each, taken over?

use std::collections::BTreeMap;
use std::fs;

use afterimage_tests::{Options, Release, Server, Workload};

use super::{DIRECTORY, MANIFEST, assert_passes_redis_check_aof, end, files, keeping, put, rewrite};

const FILE: &str = "appendonly.aof";

/// A server of old, with an append-only file that was rewritten once. What it does not know fails.
fn filled(release: Release, has_preamble: Option<bool>) -> Option<Server> {
    let mut options = keeping(Options::real(release)?);
    if let Some(has_preamble) = has_preamble {
        options = options.with("aof-use-rdb-preamble", if has_preamble { "yes" } else { "no" });
    }
    let server = options.start();
    let mut workload = Workload::lasting(1);
    server.client().pipeline(&workload.take(2_000));
    rewrite(&server);
    server.client().pipeline(&workload.take(1_000));
    Some(server)
}

fn start_over(options: Options, files: &BTreeMap<String, Vec<u8>>) -> Server {
    let options = keeping(options);
    put(files, &options);
    options.start()
}

/// What real servers make of these files: Redis 7.0, and the release that wrote them. Before 5.0 some HyperLogLogs are dense that are sparse later.
fn digests_over(release: Release, files: &BTreeMap<String, Vec<u8>>) -> Vec<String> {
    let releases = [Some(Release::Redis7), Some(release).filter(|release| *release >= Release::Redis50)];
    let options = releases.into_iter().flatten().filter_map(Options::real);
    options.map(|options| start_over(options, files).digest()).collect()
}

fn is_taken_over(release: Release, has_preamble: Option<bool>) {
    let Some(old) = filled(release, has_preamble) else { return };
    let old = end(old);
    let text = fs::read(old.dir().join(FILE)).expect("it has a file");
    assert_eq!(text.starts_with(b"REDIS"), has_preamble == Some(true));

    let expected = digests_over(release, &files(&old));
    let ours = keeping(Options::ours()).in_dir_of(&old).start();
    assert!(expected.iter().all(|digest| *digest == ours.digest()), "{expected:?}");
    let taken = files(&old);
    assert_eq!(taken[&format!("{DIRECTORY}/{FILE}")], text, "it was moved");
    assert!(!taken.contains_key(FILE));
    assert!(ours.line("set k v").is_ok());
    let digest = ours.digest();
    let options = end(ours);
    assert_passes_redis_check_aof(&options);
    for real in [Release::Redis7, Release::Redis8] {
        if let Some(real) = Options::real(real) {
            assert_eq!(keeping(real).in_dir_of(&options).start().digest(), digest);
        }
    }
    let ours = keeping(Options::ours()).in_dir_of(&options).start();
    assert_eq!(ours.digest(), digest);
    rewrite(&ours);
    assert_eq!(ours.digest(), digest);
    assert!(!files(&options).contains_key(&format!("{DIRECTORY}/{FILE}")));
}

/// Cut anywhere, it holds for us what it holds for Redis 7.0, and for the server that wrote it.
fn is_taken_over_with_a_torn_end(release: Release, has_preamble: Option<bool>) {
    let Some(old) = filled(release, has_preamble) else { return };
    let old = end(old);
    let whole = files(&old);
    for cut in [1, 2, 7, 40, 333, 5_000] {
        let mut torn = whole.clone();
        let text = torn.get_mut(FILE).expect("it has a file");
        text.truncate(text.len() - cut);
        let ours = start_over(Options::ours(), &torn);
        let expected = digests_over(release, &torn);
        assert!(expected.iter().all(|digest| *digest == ours.digest()), "without the last {cut} bytes: {expected:?}");
        assert!(files(ours.options()).contains_key(MANIFEST));
    }
}

macro_rules! claims {
    ($($module:ident $release:ident $has_preamble:expr;)*) => {
        $(mod $module {
            use super::*;

            #[test]
            fn is_taken_over() {
                super::is_taken_over(Release::$release, $has_preamble);
            }

            #[test]
            fn is_taken_over_with_a_torn_end() {
                super::is_taken_over_with_a_torn_end(Release::$release, $has_preamble);
            }
        })*
    };
}

claims! {
    a_file_of_redis_3_0 Redis30 None;
    a_file_of_redis_3_2 Redis32 None;
    a_file_of_redis_5_0 Redis50 Some(false);
    a_file_of_redis_5_0_with_a_preamble Redis50 Some(true);
    a_file_of_redis_6_2 Redis62 Some(false);
    a_file_of_redis_6_2_with_a_preamble Redis62 Some(true);
}

#[test]
fn a_torn_file_that_may_not_be_cut_is_refused_and_stays_as_it_is() {
    let Some(old) = filled(Release::Redis62, Some(false)) else { return };
    let old = end(old);
    let mut torn = files(&old);
    torn.get_mut(FILE).expect("it has a file").pop();
    let ours = keeping(Options::ours()).with("aof-load-truncated", "no");
    put(&torn, &ours);
    let exit = ours.clone().run_to_exit();
    assert_eq!(exit.status.code(), Some(1), "{}", exit.log);
    assert!(exit.log.contains(FILE) && exit.log.contains("aof-load-truncated"), "{}", exit.log);
    let left = files(&ours);
    assert!(left.values().any(|bytes| *bytes == torn[FILE]), "{:?}", left.keys());
}
