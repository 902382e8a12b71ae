//! Does INFO tell of an append-only file what Redis tells, and is it true?

use afterimage_tests::{Options, Release, Server, wait_until};

use super::{files, keeping, named_files, rewrite, wait_until_rewritten, write};

fn names(server: &Server) -> Vec<String> {
    let text = server.line("info persistence").text();
    text.lines().filter_map(|line| line.split_once(':')).map(|(name, _)| name.to_owned()).collect()
}

/// Fields that say what is the case, and not how much.
fn states(server: &Server) -> Vec<(String, String)> {
    let told = server.info("persistence");
    [
        "aof_enabled",
        "aof_rewrite_in_progress",
        "aof_rewrite_scheduled",
        "aof_last_bgrewrite_status",
        "aof_last_write_status",
        "aof_pending_bio_fsync",
        "aof_delayed_fsync",
        "aof_pending_rewrite",
        "aof_buffer_length",
        "aof_rewrites",
    ]
    .iter()
    .filter_map(|name| Some(((*name).to_owned(), told.get(*name)?.clone())))
    .collect()
}

#[test]
fn info_has_the_fields_of_redis_with_and_without_an_append_only_file() {
    let Some(real) = Options::real(Release::Redis7) else { return };
    let servers = [Options::ours(), real].map(|options| keeping(options).start());
    let compare = |what: &str| {
        let told = servers.each_ref().map(names);
        assert!(told[0].len() > 15, "{what}: {told:?}");
        assert_eq!(told[0], told[1], "{what}");
        let settled = || servers.iter().all(|server| server.count("persistence", "aof_pending_bio_fsync") == 0);
        wait_until("nothing to be under way", settled);
        assert_eq!(states(&servers[0]), states(&servers[1]), "{what}");
    };
    servers.iter().for_each(|server| wait_until_rewritten(server));
    compare("at the start");
    servers.iter().for_each(|server| write(server, 1, 300));
    compare("after writes");
    servers.iter().for_each(rewrite);
    compare("after a rewrite");
    for value in ["no", "yes"] {
        for server in &servers {
            assert!(server.line(&format!("config set appendonly {value}")).is_ok());
            wait_until_rewritten(server);
        }
        compare(value);
    }
    let [ours, real] = servers;
    let [ours, real] = [ours, real].map(|server| super::end(server).start());
    assert_eq!(names(&ours), names(&real), "loaded again");
    assert_eq!(states(&ours), states(&real), "loaded again");
}

#[test]
fn the_sizes_that_are_told_are_those_of_the_files() {
    let server = keeping(Options::ours()).start();
    let is_true = || {
        let files = files(server.options());
        let named = named_files(&files);
        let bytes: usize = named.iter().filter_map(|name| files.get(name)).map(Vec::len).sum();
        server.count("persistence", "aof_current_size") == bytes as u64
    };
    wait_until("the size of an empty one", is_true);
    write(&server, 1, 1_000);
    wait_until("the size after writes", is_true);
    rewrite(&server);
    wait_until("the size after a rewrite", is_true);
    let rewritten = server.count("persistence", "aof_current_size");
    assert!(rewritten.abs_diff(server.count("persistence", "aof_base_size")) < 200);
    write(&server, 2, 1_000);
    wait_until("the size of a base and an increment", is_true);
    assert!(server.count("persistence", "aof_current_size") > server.count("persistence", "aof_base_size"));
    let options = super::end(server);
    let server = options.start();
    let files = super::files(server.options());
    let bytes: usize = named_files(&files).iter().map(|name| files[name].len()).sum();
    wait_until("the sizes of what was loaded", || {
        server.count("persistence", "aof_base_size").abs_diff(bytes as u64) < 200
    });
}

#[test]
fn a_file_that_has_grown_is_rewritten_without_being_asked() {
    for options in [Some(Options::ours()), Options::real(Release::Redis7)].into_iter().flatten() {
        let options = options.with("appendonly", "yes").with("auto-aof-rewrite-min-size", "64kb");
        let server = options.with("auto-aof-rewrite-percentage", "100").start();
        wait_until_rewritten(&server);
        let rewrites = server.count("persistence", "aof_rewrites");
        let value = "v".repeat(1_000);
        let mut client = server.client();
        wait_until("a rewrite", || {
            for _ in 0..50 {
                assert!(client.call(&["set", "k", &value]).is_ok());
            }
            server.count("persistence", "aof_rewrites") > rewrites
        });
        wait_until_rewritten(&server);
        assert_eq!(server.line("get k").text(), value);
    }
}
