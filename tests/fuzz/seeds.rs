//! Writes what the fuzzer begins with: golden files, their values, and requests and directives of every kind.

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::Path;

use afterimage_core::config::directives;
use afterimage_core::rdb::Reader;
use afterimage_tests::{Draw, encode, golden_files, grammar, payloads};

fn keep(target: &str, bytes: &[u8]) {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    fs::create_dir_all(&dir).expect("a directory can be made");
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    fs::write(dir.join(format!("seed-{:016x}", hasher.finish())), bytes).expect("a seed can be written");
}

fn main() {
    for (_, file) in golden_files() {
        keep("rdb", &file);
        for payload in payloads(&file) {
            keep("restore", &payload);
            // Of those that are one string, the encoding in it is what the readers of compact encodings read.
            let Ok(packed) = Reader::new(&payload[1..]).string() else { continue };
            for choice in 0..5 {
                keep("codec", &[&[choice], &packed[..]].concat());
            }
        }
    }
    let mut draw = Draw::new(1);
    for family in grammar::FAMILIES {
        (0..family.templates.len()).for_each(|_| keep("resp", &encode(&family.request(&mut draw))));
    }
    let defaults =
        directives().map(|row| format!("{} {}\n", row.names().next().unwrap_or_default(), row.default_value()));
    let text: String = defaults.collect();
    keep("config", text.as_bytes());
    text.lines().for_each(|line| keep("config", line.as_bytes()));
}
