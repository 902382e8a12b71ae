//! Do files of every real server load in ours, and ours in those that read our version, with nothing changed?

use afterimage_tests::{Options, Release};

use super::contents::{
    assert_same, awkward_scores, digest_without_awkward, encodings, expected_encodings, groups, libraries,
    stream_counters,
};
use super::damage::assert_passes_redis_check_rdb;
use super::shapes::{AWKWARD, fill, shapes_of};

/// How a real server is told to write.
#[derive(Clone, Copy)]
enum Writing {
    Compressed,
    Plain,
}

impl Writing {
    fn directive(self) -> &'static str {
        match self {
            Writing::Compressed => "yes",
            Writing::Plain => "no",
        }
    }
}

/// A real server is filled and saves. Ours loads that, and so does a Redis 7.0 if it reads the version: all three hold the same.
fn ours_loads_from(release: Release, writing: Writing) {
    let Some(real) = Options::real(release) else { return };
    let real = real.with("rdbcompression", writing.directive()).start();
    fill(&real, Some(release));
    assert!(real.line("save").is_ok());
    let ours = Options::ours().in_dir_of(real.options()).start();

    let all = || shapes_of(Some(release)).chain(AWKWARD);
    let expected = expected_encodings(all());
    assert_same("encodings", &encodings(&ours, all()), &expected);
    assert_same("scores", &awkward_scores(&ours), &awkward_scores(&real));
    if release >= Release::Redis50 {
        assert_same("groups", &groups(&ours, all()), &groups(&real, all()));
    }
    if release >= Release::Redis7 {
        assert_same("libraries", &libraries(&ours), &libraries(&real));
    }
    if release <= Release::Redis7
        && let Some(measure) = Options::real(Release::Redis7)
    {
        let measure = measure.in_dir_of(real.options()).start();
        assert_same("encodings in Redis 7.0", &encodings(&measure, all()), &expected);
        assert_same("streams", &stream_counters(&ours, all()), &stream_counters(&measure, all()));
        assert_eq!(ours.digest(), measure.digest());
    }
    assert_eq!(digest_without_awkward(&ours), digest_without_awkward(&real));
}

/// Ours is filled and saves; the real server loads that and holds the same.
fn ours_loads_in(release: Release, writing: Writing) {
    let Some(real) = Options::real(release) else { return };
    let ours = Options::ours().with("rdbcompression", writing.directive()).start();
    fill(&ours, None);
    assert!(ours.line("save").is_ok());
    assert_passes_redis_check_rdb(&ours.options().rdb());
    let real = real.in_dir_of(ours.options()).start();
    let all = || shapes_of(None).chain(AWKWARD);
    if release == Release::Redis7 {
        assert_same("encodings", &encodings(&real, all()), &expected_encodings(all()));
        assert_same("streams", &stream_counters(&real, all()), &stream_counters(&ours, all()));
    }
    assert_same("groups", &groups(&real, all()), &groups(&ours, all()));
    assert_same("libraries", &libraries(&real), &libraries(&ours));
    assert_same("scores", &awkward_scores(&real), &awkward_scores(&ours));
    assert_eq!(digest_without_awkward(&real), digest_without_awkward(&ours));
}

macro_rules! claims {
    ($($claim:ident: $proof:expr;)*) => {
        $(
            #[test]
            fn $claim() {
                $proof;
            }
        )*
    };
}

claims! {
    a_compressed_file_of_redis_3_0_loads_in_ours: ours_loads_from(Release::Redis30, Writing::Compressed);
    a_plain_file_of_redis_3_0_loads_in_ours: ours_loads_from(Release::Redis30, Writing::Plain);
    a_compressed_file_of_redis_3_2_loads_in_ours: ours_loads_from(Release::Redis32, Writing::Compressed);
    a_plain_file_of_redis_3_2_loads_in_ours: ours_loads_from(Release::Redis32, Writing::Plain);
    a_compressed_file_of_redis_5_0_loads_in_ours: ours_loads_from(Release::Redis50, Writing::Compressed);
    a_plain_file_of_redis_5_0_loads_in_ours: ours_loads_from(Release::Redis50, Writing::Plain);
    a_compressed_file_of_redis_6_2_loads_in_ours: ours_loads_from(Release::Redis62, Writing::Compressed);
    a_plain_file_of_redis_6_2_loads_in_ours: ours_loads_from(Release::Redis62, Writing::Plain);
    a_compressed_file_of_redis_7_0_loads_in_ours: ours_loads_from(Release::Redis7, Writing::Compressed);
    a_plain_file_of_redis_7_0_loads_in_ours: ours_loads_from(Release::Redis7, Writing::Plain);
    a_compressed_file_of_redis_8_0_loads_in_ours: ours_loads_from(Release::Redis8, Writing::Compressed);
    a_plain_file_of_redis_8_0_loads_in_ours: ours_loads_from(Release::Redis8, Writing::Plain);
    a_compressed_file_of_valkey_8_loads_in_ours: ours_loads_from(Release::Valkey8, Writing::Compressed);
    a_plain_file_of_valkey_8_loads_in_ours: ours_loads_from(Release::Valkey8, Writing::Plain);
    a_compressed_file_of_valkey_9_loads_in_ours: ours_loads_from(Release::Valkey9, Writing::Compressed);
    a_plain_file_of_valkey_9_loads_in_ours: ours_loads_from(Release::Valkey9, Writing::Plain);
    our_compressed_file_loads_in_redis_7_0: ours_loads_in(Release::Redis7, Writing::Compressed);
    our_plain_file_loads_in_redis_7_0: ours_loads_in(Release::Redis7, Writing::Plain);
    our_compressed_file_loads_in_redis_8_0: ours_loads_in(Release::Redis8, Writing::Compressed);
    our_compressed_file_loads_in_valkey_8: ours_loads_in(Release::Valkey8, Writing::Compressed);
    our_compressed_file_loads_in_valkey_9: ours_loads_in(Release::Valkey9, Writing::Compressed);
}
