//! Are the golden files what real servers write, and do they load here?
//!
//! `AFTERIMAGE_WRITE_GOLDEN=1` writes them anew by the servers that are there.

use std::env;
use std::fs;

use afterimage_tests::{Inside, Options, Release, golden_dir, golden_files};

use super::shapes::{SMALL, fill_with};

/// Every release, as its files are named.
const RELEASES: [(Release, &str); 8] = [
    (Release::Redis30, "redis-3.0"),
    (Release::Redis32, "redis-3.2"),
    (Release::Redis50, "redis-5.0"),
    (Release::Redis62, "redis-6.2"),
    (Release::Redis7, "redis-7.0"),
    (Release::Redis8, "redis-8.0"),
    (Release::Valkey8, "valkey-8"),
    (Release::Valkey9, "valkey-9"),
];

/// Directives that make small collections fall into parts.
const PARTS: [(Release, &str); 2] = [
    (Release::Redis32, "config set list-max-ziplist-size 3"),
    (Release::Redis50, "config set stream-node-max-entries 3"),
];

fn write(release: Release, name: &str, compression: &str) {
    let Some(real) = Options::real(release) else { return };
    let real = real.with("rdbcompression", compression).start();
    for (since, line) in PARTS {
        assert!(release < since || real.line(line).is_ok());
    }
    if release == Release::Redis7 {
        assert!(real.line("debug quicklist-packed-threshold 60b").is_ok());
    }
    fill_with(&real, Some(release), SMALL);
    assert!(real.line("save").is_ok());
    fs::create_dir_all(golden_dir()).expect("the directory can be made");
    fs::copy(real.options().rdb(), golden_dir().join(name)).expect("the file can be written");
}

#[test]
fn golden_files_of_every_release_are_there_and_load() {
    for (release, name) in RELEASES {
        let mut digests = Vec::new();
        for (kind, compression) in [("plain", "no"), ("lzf", "yes")] {
            let name = format!("{name}-{kind}.rdb");
            if env::var_os("AFTERIMAGE_WRITE_GOLDEN").is_some() {
                write(release, &name, compression);
            }
            let (_, file) = golden_files().into_iter().find(|(found, _)| *found == name).expect("a golden file");
            let mut node = Inside::over(&file);
            assert_eq!(node.exit(), None, "{name}: {:?}", node.log().last());
            digests.push(node.line("debug digest").text());
        }
        assert_eq!(digests[0], digests[1], "{name}: compression changes nothing");
    }
}
