//! What becomes of the data when an append-only file is switched on and off, rewritten without one, and when a server is asked to end?

use afterimage_tests::{Options, Release, Server, wait_until};

use super::{MANIFEST, end, files, keeping, named_files, put, rewrite, settle, wait_until_rewritten, write};

fn kinds() -> Vec<Options> {
    [Some(Options::ours()), Options::real(Release::Redis7)].into_iter().flatten().collect()
}

/// What a server that is started over these files holds: ours and Redis 7.0 must agree.
#[track_caller]
fn digest_over(options: &Options) -> String {
    let start = |other: Options| {
        let other = keeping(other);
        put(&files(options), &other);
        other.start().digest()
    };
    let digests: Vec<String> = kinds().into_iter().map(start).collect();
    assert!(digests.iter().all(|digest| *digest == digests[0]), "{digests:?}");
    digests[0].clone()
}

fn killed(server: Server) -> Options {
    let options = server.options().clone();
    server.kill();
    options
}

#[test]
fn an_append_only_file_that_is_switched_on_has_all_that_was_there_before() {
    for options in kinds() {
        let server = options.start();
        write(&server, 1, 1_000);
        assert!(!files(server.options()).contains_key(MANIFEST));
        assert!(server.line("config set appendonly yes").is_ok());
        write(&server, 2, 500);
        wait_until_rewritten(&server);
        write(&server, 3, 500);
        settle(&server);
        let digest = server.digest();
        assert_eq!(digest_over(&killed(server)), digest);
    }
}

#[test]
fn what_is_written_after_it_is_switched_off_is_not_in_it() {
    for options in kinds() {
        let server = keeping(options).start();
        wait_until_rewritten(&server);
        write(&server, 1, 1_000);
        let digest = server.digest();
        assert!(server.line("config set appendonly no").is_ok());
        write(&server, 2, 500);
        assert_ne!(server.digest(), digest);
        wait_until("its files to hold what they hold", || digest_over(server.options()) == digest);

        assert!(server.line("config set appendonly yes").is_ok());
        wait_until_rewritten(&server);
        settle(&server);
        let digest = server.digest();
        assert_eq!(digest_over(server.options()), digest, "switched on once more");
        rewrite(&server);
        settle(&server);
        assert_eq!(digest_over(&killed(server)), digest);
    }
}

#[test]
fn a_rewrite_without_an_append_only_file_leaves_one() {
    for options in kinds() {
        let server = options.start();
        write(&server, 1, 1_000);
        let digest = server.digest();
        rewrite(&server);
        write(&server, 2, 100);
        assert_eq!(server.info("persistence")["aof_enabled"], "0");
        let names = named_files(&files(server.options()));
        assert!(names[0].ends_with(".base.rdb"), "{names:?}");
        rewrite(&server);
        assert_ne!(server.digest(), digest);
        let digest = server.digest();
        write(&server, 3, 100);
        assert_eq!(digest_over(&killed(server)), digest);
    }
}

#[test]
fn an_orderly_end_keeps_everything() {
    for policy in ["always", "everysec", "no"] {
        for word in ["", "shutdown", "shutdown nosave", "shutdown save", "shutdown now"] {
            for options in kinds() {
                let server = keeping(options).with("appendfsync", policy).start();
                write(&server, 1, 300);
                let digest = server.digest();
                let options = server.options().clone();
                if word.is_empty() {
                    end(server);
                } else {
                    let mut client = server.client();
                    client.send(format!("{word}\r\n").as_bytes());
                    assert!(client.is_closed_by_server());
                    wait_until("it to end", || afterimage_tests::Client::try_connect(server.port()).is_err());
                }
                assert_eq!(digest_over(&options), digest, "{policy}, {word:?}");
            }
        }
    }
}

#[test]
fn a_rewrite_in_the_midst_of_which_it_ends_loses_nothing() {
    for options in kinds() {
        let server = keeping(options).start();
        assert!(server.line("debug populate 100000 key 100").is_ok());
        rewrite(&server);
        write(&server, 1, 300);
        let digest = server.digest();
        assert!(server.line("bgrewriteaof").text().contains("started"));
        assert_eq!(digest_over(&end(server)), digest);
    }
}
