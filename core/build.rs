//! Which sources is this engine built from? A recording tells it, so that one knows whether it is the same engine that runs it again.

use std::fs;
use std::path::Path;

/// FNV-1a: it need not resist anybody.
fn extend(hash: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(hash, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

fn hash_of(path: &Path, hash: u64) -> u64 {
    if path.is_dir() {
        let entries = fs::read_dir(path).expect("the sources can be read");
        let mut paths: Vec<_> = entries.map(|entry| entry.expect("the sources can be read").path()).collect();
        paths.sort();
        return paths.iter().fold(hash, |hash, path| hash_of(path, hash));
    }
    let name = path.to_string_lossy().replace('\\', "/");
    extend(extend(hash, name.as_bytes()), &fs::read(path).expect("the sources can be read"))
}

fn main() {
    println!("cargo::rerun-if-changed=src");
    let hash = hash_of(Path::new("src"), 0xcbf2_9ce4_8422_2325);
    println!("cargo::rustc-env=AFTERIMAGE_SOURCES={hash:016x}");
}
